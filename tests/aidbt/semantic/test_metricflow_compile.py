"""Metric queries compiled through MetricFlow, judged by the rows they give on DuckDB."""

from __future__ import annotations

import datetime as dt
import logging
import os
import threading

import pytest

from aidbt.core.errors import UsageError
from aidbt.semantic.definitions import SemanticManifest
from aidbt.semantic.layer.yaml_files import read_yaml
from aidbt.semantic.metricflow.compiler import (
    GroupBy,
    OrderBy,
    OutputColumn,
    compile_query,
    group_by_items,
    validate,
)
from aidbt.semantic.metricflow.engines import DIALECTS, engine_of
from tests.aidbt.semantic.semantic_shop import FORMS, LEGACY, answer, relation_of, run, shop


@pytest.fixture(params=FORMS)
def manifest(request: pytest.FixtureRequest) -> SemanticManifest:
    return shop(request.param)


@pytest.mark.parametrize(
    ("metrics", "group_by", "rows"),
    [
        (["revenue"], [], [(100.0,)]),
        (["revenue"], ["customer__tier"], [("basic", 50.0), ("gold", 50.0)]),
        (["revenue"], ["customer__region__continent"], [("north", 55.0), ("south", 45.0)]),
        (["revenue"], ["metric_time__month"], [("2024-01-01", 55.0), ("2024-02-01", 45.0)]),
        (["buyers"], ["metric_time__fiscal_month"], [("F2024-02", 2.0), ("F2024-03", 1.0)]),
        (["typical_amount"], [], [(25.0,)]),
        (["on_hand"], [], [(6.0,)]),
        (["gift_share"], ["customer__tier"], [("basic", 0.9), ("gold", 0.4)]),
        (["revenue_growth"], ["metric_time__month"], [("2024-01-01", None), ("2024-02-01", -10.0)]),
        (["revenue_so_far"], [], [(100.0,)]),
        (["visits_to_orders"], [], [(3.0,)]),
        (["visits_to_orders"], ["customer__tier"], [("basic", 1.0), ("gold", 2.0)]),
        ([], ["customer__tier"], [("basic",), ("gold",)]),
        ([], ["customer__tier", "region__continent"],
         [("basic", "north"), ("basic", "south"), ("gold", "north")]),
    ],
)  # fmt: skip
def test_a_query_gives_the_rows_that_it_asks_for(manifest, metrics, group_by, rows):
    assert answer(manifest, metrics, group_by=group_by) == rows


def test_measures_of_several_tables_are_each_added_up_before_they_meet(manifest):
    # Order 100 has two lines, and customer 10 two visits: joined first, its 20 would count twice or more.
    assert answer(manifest, ["revenue", "quantity"]) == [(100.0, 8.0)]
    assert answer(manifest, ["revenue", "quantity"], group_by=["order__is_gift"]) == [
        (0.0, 35.0, 4.0),
        (1.0, 65.0, 4.0),
    ]
    assert answer(manifest, ["revenue", "visits"], group_by=["customer__tier"]) == [
        ("basic", 50.0, 2.0),
        ("gold", 50.0, 2.0),
    ]


def test_a_filter_over_the_many_side_keeps_every_row_once(manifest):
    several_pieces = "{{ Metric('quantity', group_by=['order']) }} > 1"

    assert answer(manifest, ["revenue"], where=[several_pieces]) == [(50.0,)]


def test_all_filters_have_to_hold(manifest):
    gifts, basic = "{{ Dimension('order__is_gift') }}", "{{ Dimension('customer__tier') }} = 'basic'"

    assert answer(manifest, ["revenue"], where=[gifts, basic]) == [(45.0,)]


def test_days_without_rows_are_filled_where_the_metric_says_so(manifest):
    assert answer(manifest, ["gift_revenue"], group_by=["metric_time__month"]) == [
        ("2023-12-01", 0.0),
        ("2024-01-01", 20.0),
        ("2024-02-01", 45.0),
    ]


def test_a_time_range_holds_both_its_ends(manifest):
    third, fourth = dt.date(2024, 1, 3), dt.date(2024, 1, 4)

    assert answer(manifest, ["revenue"], time_range=(third, fourth)) == [(35.0,)]
    assert answer(manifest, ["revenue"], time_range=(None, third)) == [(55.0,)]
    assert answer(manifest, ["revenue"], time_range=(dt.datetime(2024, 1, 3), None)) == [(80.0,)]


def test_rows_are_sorted_and_cut(manifest):
    rows = answer(
        manifest,
        ["orders", "revenue"],
        group_by=["customer__tier", GroupBy("metric_time", grain="month")],
        order_by=[
            OrderBy("revenue", descending=True),
            "customer__tier",
            OrderBy(GroupBy("metric_time", "month")),
        ],
        limit=2,
    )

    assert rows == [("gold", "2024-01-01", 2.0, 50.0), ("basic", "2024-02-01", 1.0, 45.0)]
    assert answer(manifest, ["orders"], group_by=["customer__tier"], order_by=["-customer__tier"]) == [
        ("gold", 2.0),
        ("basic", 2.0),
    ]


def test_columns_stand_in_the_order_of_the_query_and_say_what_they_are(manifest):
    compiled = compile_query(
        manifest,
        metrics=["revenue"],
        group_by=[GroupBy("metric_time", date_part="dow"), "customer", "metric_time__week", "order__is_gift"],
    )

    assert compiled.columns == (
        OutputColumn("metric_time__extract_dow", "time", "metric_time", date_part="dow"),
        OutputColumn("customer", "entity", "customer"),
        OutputColumn("metric_time__week", "time", "metric_time", grain="week"),
        OutputColumn("order__is_gift", "dimension", "order__is_gift"),
        OutputColumn("revenue", "metric", "revenue"),
    )
    # 2024-01-01 was a Monday; ISO counts it as the first day of its week.
    assert (1.0, 10.0, "2024-01-01", 1.0, 20.0) in run(compiled)


def test_an_entity_whose_name_is_a_word_of_sql_is_quoted(manifest):
    over_100 = "{{ Entity('order') }} > 100"

    assert answer(manifest, ["revenue"], group_by=["order"], where=[over_100], order_by=["-order"]) == [
        (103.0, 45.0),
        (102.0, 5.0),
        (101.0, 30.0),
    ]
    assert (
        "`order`" in compile_query(manifest, metrics=["revenue"], group_by=["order"], dialect="bigquery").sql
    )


def test_a_saved_query_is_answered_and_narrowed(manifest):
    gifts = "{{ Dimension('order__is_gift') }}"

    assert answer(manifest, saved_query="by_tier") == [("basic", 50.0, 2.0), ("gold", 50.0, 2.0)]
    assert answer(manifest, saved_query="by_tier", where=[gifts], limit=1, order_by=["revenue"]) == [
        ("gold", 20.0, 1.0)
    ]


def test_the_ends_of_an_item_and_its_rows_as_they_are(manifest):
    assert answer(manifest, group_by=["customer__tier"], min_max_only=True) == [("basic", "gold")]
    assert answer(manifest, group_by=["customer__tier"], apply_group_by=False) == [
        ("basic",),
        ("basic",),
        ("gold",),
    ]


def test_both_forms_give_the_same_numbers():
    for metric in ("gift_share", "revenue_2_days", "visits_to_orders", "on_hand"):
        rows = [answer(shop(form), [metric], group_by=["metric_time"]) for form in FORMS]
        assert rows[0] == rows[1] != []


@pytest.mark.parametrize("dialect", sorted(set(DIALECTS) - {"vertica"}))
def test_every_dialect_has_its_sql(dialect):
    import sqlglot

    query = {"metrics": ["gift_share", "revenue_growth"], "group_by": ["metric_time__month", "order"]}
    compiled = compile_query(shop(), **query, dialect=dialect)

    assert sqlglot.parse_one(compiled.sql, dialect=dialect).named_selects == [
        column.name for column in compiled.columns
    ]


def test_an_approximate_percentile_takes_the_form_that_the_dialect_has():
    text = LEGACY["models/semantic.yml"].replace(
        "agg_params: {percentile: 0.5}",
        "agg_params: {percentile: 0.5, use_discrete_percentile: true, use_approximate_percentile: true}",
    )
    manifest = read_yaml({**LEGACY, "models/semantic.yml": text}, relation_of=relation_of).manifest

    duckdb = compile_query(manifest, metrics=["typical_amount"])
    assert run(duckdb) == [(25.0,)]
    assert duckdb.notes == (
        "'typical_amount' is taken as an approximate continuous percentile, not approximate discrete",
    )
    postgres = compile_query(manifest, metrics=["typical_amount"], dialect="postgres")
    assert "PERCENTILE_DISC" in postgres.sql
    assert "exact discrete" in postgres.notes[0]
    assert compile_query(manifest, metrics=["revenue"]).notes == ()


def test_what_metrics_have_in_common_to_group_by(manifest):
    items = {item.name: item for item in group_by_items(manifest, ["revenue", "visits"])}

    assert list(items) == [
        "customer",
        "customer__region",
        "customer__region__continent",
        "customer__signed_up_on",
        "customer__tier",
        "metric_time",
    ]
    assert items["metric_time"].grains == ("day", "week", "month", "quarter", "year", "fiscal_month")
    assert (items["customer__tier"].kind, items["customer__tier"].grains) == ("dimension", ())
    assert items["customer__tier"].semantic_models == ("customers",)
    assert items["customer"].kind == "entity"


def test_every_item_that_is_offered_can_be_asked_for(manifest):
    for item in group_by_items(manifest, ["revenue"]):
        compiled = compile_query(manifest, metrics=["revenue"], group_by=[item.name])
        assert sum(row[-1] for row in run(compiled)) == 100.0
    for item in group_by_items(manifest):
        compile_query(manifest, group_by=[item.name])


def test_validation_finds_nothing_in_the_newer_form_and_names_the_line_of_what_it_finds():
    assert validate(shop("newer")) == ()
    text = LEGACY["models/metrics.yml"].replace("measure: visit_count", "measure: visit_counts")
    broken = read_yaml({**LEGACY, "models/metrics.yml": text}, relation_of=relation_of).manifest

    found = validate(broken)

    errors = [item for item in found if item.severity == "error"]
    assert errors == list(found[: len(errors)])
    assert {"models/metrics.yml:11"} <= {item.where for item in errors}
    assert {item.code for item in found} == {"semantic.invalid"}


def test_nothing_is_written_or_said_on_the_way(manifest, tmp_path, monkeypatch, caplog, capfd):
    monkeypatch.chdir(tmp_path)
    with caplog.at_level(logging.WARNING):
        compile_query(manifest, metrics=["revenue"], group_by=["metric_time"])
        validate(manifest)

    assert (os.listdir(tmp_path), caplog.records, tuple(capfd.readouterr())) == ([], [], ("", ""))


def test_many_threads_get_the_sql_that_one_gets(manifest):
    queries = [
        (metric, grain) for metric in ("revenue", "gift_share", "visits") for grain in ("day", "month")
    ]
    alone = {query: _sql(manifest, query) for query in queries}
    wrong: list[tuple[str, str]] = []

    def work() -> None:
        wrong.extend(query for query in queries * 2 if _sql(manifest, query) != alone[query])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


def _sql(manifest: SemanticManifest, query: tuple[str, str]) -> str:
    metric, grain = query
    return compile_query(manifest, metrics=[metric], group_by=[GroupBy("metric_time", grain)]).sql


def test_a_manifest_that_says_the_same_has_the_same_engine_and_not_many_are_kept():
    again = read_yaml(LEGACY, relation_of=relation_of).manifest
    engine = engine_of(shop(), "duckdb")

    assert engine_of(again, "duckdb") is engine
    for dialect in DIALECTS:
        engine_of(again, dialect)
    assert engine_of(again, "duckdb") is not engine


def test_a_range_of_days_that_would_lose_the_last_one_is_refused():
    by_day = "{name: ordered_on, type: time, type_params: {time_granularity: day}}"
    by_hour = by_day.replace("on,", "on, expr: ordered_on + interval 5 hour,").replace(": day", ": hour")
    text = LEGACY["models/semantic.yml"].replace(by_day, by_hour)
    manifest = read_yaml({**LEGACY, "models/semantic.yml": text}, relation_of=relation_of).manifest
    third = dt.date(2024, 1, 3)

    with pytest.raises(UsageError, match="'revenue' is counted by the hour") as error:
        compile_query(manifest, metrics=["revenue"], time_range=(third, third))

    assert error.value.hint == "filter by {{ TimeDimension('metric_time', 'day') }} instead"
    exact = "{{ TimeDimension('metric_time', 'day') }} = date '2024-01-03'"
    assert answer(manifest, ["revenue"], where=[exact]) == [(35.0,)]
    rows = answer(manifest, ["revenue"], group_by=["metric_time__hour"], time_range=(third, third))
    assert rows == [("2024-01-03 05:00:00", 35.0)]


@pytest.mark.parametrize("form", FORMS)
def test_a_ratio_of_a_metric_to_itself_filters_its_numerator_only(form):
    # MetricFlow alone divides the denominator by itself.
    share = {
        "legacy": """
metrics:
  - name: share
    type: ratio
    type_params:
      numerator: {name: revenue, filter: "{{ Dimension('order__is_gift') }}"}
      denominator: {name: revenue}
""",
        "newer": """
metrics:
  - name: share
    type: ratio
    numerator: {name: revenue, filter: "{{ Dimension('order__is_gift') }}"}
    denominator: revenue
""",
    }
    files = {**FORMS[form], "models/share.yml": share[form]}
    read = read_yaml(files, relation_of=relation_of).manifest

    assert answer(read, ["share"]) == [(0.65,)]
    assert answer(read, ["share", "revenue"], group_by=["customer__tier"]) == [
        ("basic", 0.9, 50.0),
        ("gold", 0.4, 50.0),
    ]
