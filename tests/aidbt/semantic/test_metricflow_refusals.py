"""What a metric query is told that cannot be answered."""

from __future__ import annotations

import datetime as dt
import importlib.abc
import sys
from typing import Any

import pytest

from aidbt.core.errors import AidbtError, MissingExtra, UnknownName, UsageError
from aidbt.semantic.layer.yaml_files import read_yaml
from aidbt.semantic.metricflow import engines as metricflow_engines
from aidbt.semantic.metricflow.compiler import GroupBy, compile_query, group_by_items
from aidbt.semantic.metricflow.engines import DialectNotRendered
from aidbt.semantic.metricflow.errors import AmbiguousItem
from tests.aidbt.semantic.semantic_shop import LEGACY, relation_of, shop


def refusal(metrics: list[str] | None = None, **query: Any) -> AidbtError:
    with pytest.raises(AidbtError) as error:
        compile_query(shop(), metrics=["revenue"] if metrics is None else metrics, **query)
    assert "\n" not in error.value.message
    return error.value


@pytest.mark.parametrize(
    ("query", "kind", "said", "hint"),
    [
        ({"metrics": ["revenu"]}, UnknownName, "no metric is called 'revenu'", "did you mean 'revenue'?"),
        ({"group_by": ["customer__teir"]}, UnknownName, "no dimension or entity is called 'customer__teir'",
         "did you mean 'customer__tier'?"),
        ({"group_by": ["tier"]}, UsageError, "'tier' is not asked for by that name",
         "did you mean 'customer__tier'?"),
        ({"group_by": ["metric_time__hour"]}, UsageError, "'metric_time' has no grain 'hour' here",
         "it has day, week, month, quarter, year, fiscal_month"),
        ({"group_by": ["customer__tier__month"]}, UsageError,
         "'customer__tier' is no time, so it has no grain", "ask for customer__tier"),
        ({"group_by": ["metric_time__fiscal_weak"]}, UsageError,
         "'metric_time' has no grain 'fiscal_weak' here",
         "it has day, week, month, quarter, year, fiscal_month"),
        ({"group_by": ["line__product"]}, UsageError,
         "'line__product' cannot be reached from everything", None),
        ({"metrics": ["revenue", "quantity"], "group_by": ["customer__tier"]}, UsageError,
         "'customer__tier' cannot be reached from everything", None),
        ({"metrics": ["revenue_growth"]}, UsageError,
         "'revenue_growth' depends on the time it is asked for, and the query does not group by it",
         "group by metric_time"),
        ({"where": ["{{ Dimension('customer__teir') }} = 'gold'"]}, UnknownName,
         "no dimension or entity is called 'customer__teir'", "did you mean 'customer__tier'?"),
        ({"where": ["{{ Dimension('customer__tier' }} = 'gold'"]}, UsageError, "the filter ", None),
        ({"where": ["{{ open('x') }}"]}, UsageError, "the filter ", None),
        ({"where": ["{{ ''.__class__.__mro__ }} = 1"]}, UsageError, "the filter ", None),
        ({"order_by": ["visits"]}, UsageError, "the rows cannot be sorted by 'visits'", None),
        ({"limit": -1}, UsageError, "the query cannot be answered: The limit -1 is not >= 0.", None),
        ({"metrics": []}, UsageError, "the query asks for nothing", None),
        ({"metrics": [], "saved_query": "by_teir"}, UnknownName, "no saved query is called 'by_teir'",
         "did you mean 'by_tier'?"),
        ({"saved_query": "by_tier"}, UsageError, "a saved query names its metrics", None),
        ({"order_by": ["-"]}, UsageError, "an item without a name is asked for", "as in metric_time"),
        ({"group_by": ["customer tier"]}, UnknownName,
         "no dimension or entity is called 'customer tier'", None),
        ({"group_by": [GroupBy("x') }}")]}, UsageError, "'x') }}' cannot be the name of a dimension", None),
        ({"group_by": [GroupBy("metric_time", date_part="hour")]}, UnknownName,
         "no part of a date is called 'hour'", None),
        ({"time_range": (dt.date(2024, 2, 1), dt.date(2024, 1, 1))}, UsageError,
         "the time range starts at 2024-02-01, after its end 2024-01-01", None),
        ({"time_range": (dt.datetime(2024, 2, 1, tzinfo=dt.UTC), None)}, UsageError, "the time ", None),
        ({"metrics": ["revenue", "revenue"]}, UsageError, "the query cannot be answered: ", None),
    ],
)  # fmt: skip
def test_a_query_that_cannot_be_answered_is_refused_with_a_way_on(query, kind, said, hint):
    error = refusal(**query)

    assert type(error) is kind
    assert error.message.startswith(said)
    assert error.hint == hint if hint else error.hint is None or error.hint


def test_a_dialect_that_metricflow_cannot_write_is_left_to_another_planner():
    error = refusal(dialect="spark")

    assert isinstance(error, DialectNotRendered)
    assert (error.dialect, error.exit_code) == ("spark", 2)


def test_a_percentile_that_a_dialect_has_not_is_refused():
    error = refusal(["typical_amount"], dialect="trino")

    assert error.message == "trino has no exact continuous percentile, which 'typical_amount' is"


def test_an_item_that_several_ways_lead_to_lists_them():
    customer = "      - {name: customer, type: foreign, expr: customer_id}\n"
    payer = customer.replace("customer,", "payer,")
    text = LEGACY["models/semantic.yml"].replace(customer, customer + payer, 1)
    payers = """
semantic_models:
  - name: payers
    model: ref('customers')
    entities: [{name: payer, type: primary, expr: customer_id}]
    dimensions: [{name: tier, type: categorical}]
"""
    files = {**LEGACY, "models/semantic.yml": text, "models/payers.yml": payers}
    manifest = read_yaml(files, relation_of=relation_of).manifest

    with pytest.raises(AmbiguousItem) as error:
        compile_query(manifest, metrics=["revenue"], group_by=["tier"])

    assert error.value.candidates == ("customer__tier", "payer__tier")
    assert error.value.hint == "say which: customer__tier, payer__tier"
    compile_query(manifest, metrics=["revenue"], group_by=["payer__tier"])


def test_a_name_that_two_semantic_models_share_is_no_ones():
    twin = """
semantic_models:
  - name: more_customers
    model: ref('customers')
    entities: [{name: customer, type: primary, expr: customer_id}]
    dimensions: [{name: tier, type: categorical}]
"""
    manifest = read_yaml({**LEGACY, "models/twin.yml": twin}, relation_of=relation_of).manifest

    with pytest.raises(AmbiguousItem) as error:
        compile_query(manifest, metrics=["revenue"], group_by=["customer__tier"])

    assert error.value.candidates == ("customers", "more_customers")


def test_a_manifest_without_a_time_spine_says_what_is_missing():
    without = {path: text for path, text in LEGACY.items() if path != "models/spine.yml"}
    manifest = read_yaml(without, relation_of=relation_of).manifest

    with pytest.raises(AidbtError) as error:
        compile_query(manifest, metrics=["revenue_so_far"], group_by=["metric_time"])

    assert error.value.message == "the project has no time spine, which this query needs"
    assert "aidbt semantic draft" in (error.value.hint or "")


def test_a_metric_over_a_measure_that_does_not_exist_is_an_error_with_a_hint():
    text = LEGACY["models/metrics.yml"].replace("measure: visit_count", "measure: visit_counts")
    manifest = read_yaml({**LEGACY, "models/metrics.yml": text}, relation_of=relation_of).manifest

    with pytest.raises(AidbtError) as error:
        compile_query(manifest, metrics=["visits"])

    assert error.value.hint


def test_items_of_a_metric_that_does_not_exist():
    with pytest.raises(UnknownName, match="did you mean 'revenue'"):
        group_by_items(shop(), ["revenues"])


class Absent(importlib.abc.MetaPathFinder):
    """An import system in which MetricFlow is not installed."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> None:
        if name.partition(".")[0] in ("metricflow", "metricflow_semantics", "metricflow_semantic_interfaces"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_without_metricflow_the_extra_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("metricflow")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    monkeypatch.setattr(metricflow_engines, "_engines", type(metricflow_engines._engines)())
    monkeypatch.setattr(metricflow_engines, "_lookups", type(metricflow_engines._lookups)())
    metricflow_engines.renderer_of.cache_clear()

    with pytest.raises(MissingExtra, match=r"pip install 'aidbt\[semantic\]'"):
        compile_query(shop(), metrics=["revenue"])
