"""Questions about metrics: what MetricFlow computes, what is asked of it, and the same without MetricFlow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.errors import AidbtError, MissingExtra, UnknownName, UsageError
from aidbt.semantic.definitions import SemanticManifest
from aidbt.semantic.layer import questions as layer
from aidbt.semantic.layer.items import metric_time
from aidbt.semantic.layer.named import named_metrics
from aidbt.semantic.layer.questions import compile_metrics, compile_named, has_metrics
from aidbt.semantic.layer.yaml_files import read_yaml
from aidbt.semantic.metricflow.compiler import CompiledQuery, compile_query
from aidbt.semantic.planning.errors import CannotPlan
from aidbt.semantic.query import (
    AnyOf,
    Attribute,
    Calculation,
    Clock,
    Compared,
    Comparison,
    Exists,
    Grain,
    InPeriod,
    Matches,
    Measure,
    MetricRef,
    Missing,
    Not,
    OneOf,
    Order,
    Output,
    OutputRef,
    Predicate,
    SemanticQuery,
    Term,
    TimePoint,
    Value,
)
from tests.aidbt.semantic.semantic_shop import LEGACY, relation_of, shop, shop_rows

TIER = Attribute("customers", "tier")
CONTINENT = Attribute("regions", "continent")
IS_GIFT = Attribute("orders", "is_gift")
ORDERED_ON = Attribute("orders", "ordered_on")
CUSTOMER = Attribute("orders", "customer_id")
MONTH = metric_time(grain=Grain.MONTH)
REVENUE = MetricRef("revenue")


def asked(metrics: Sequence[str], *groups: Attribute, **rest: Any) -> SemanticQuery:
    """A question that shows groups as g0, g1, … and metrics by their names."""
    outputs = [Output(group, f"g{number}") for number, group in enumerate(groups)]
    outputs += [Output(MetricRef(name), name) for name in metrics]
    return SemanticQuery(tuple(outputs), group_by=tuple(groups), **rest)


def read_text(text: str) -> SemanticManifest:
    """The manifest of a YAML text, beside the shop's time spine."""
    files = {"models/spine.yml": LEGACY["models/spine.yml"], "models/a.yml": text}
    reading = read_yaml(files, relation_of=relation_of)
    assert reading.findings == ()
    return reading.manifest


def rows_of(compiled: CompiledQuery, connection: duckdb.DuckDBPyConnection | None = None) -> list[Any]:
    """The rows in their order; its columns are those that it names."""
    result = (connection or shop_rows()).execute(compiled.sql)
    assert [column[0] for column in result.description or []] == [item.name for item in compiled.columns]
    return [tuple(map(_plain, row)) for row in result.fetchall()]


def _plain(value: Any) -> Any:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day).date().isoformat()
    return round(float(value), 9)


def answers(query: SemanticQuery, form: str = "legacy") -> list[Any]:
    return rows_of(compile_metrics(query, shop(form)))


# --- metrics, groups, order ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["legacy", "newer"])
def test_a_metric_is_grouped_by_a_column_that_is_a_dimension(form: str) -> None:
    query = asked(["revenue", "orders"], TIER, order_by=(Order(TIER),))

    assert answers(query, form) == [("basic", 50.0, 2.0), ("gold", 50.0, 2.0)]


def test_outputs_are_named_and_ordered_as_asked() -> None:
    query = SemanticQuery(
        (Output(REVENUE, "Umsatz"), Output(MONTH, "order")),
        group_by=(MONTH,),
        order_by=(Order(OutputRef("Umsatz")),),
    )

    assert answers(query) == [(45.0, "2024-02-01"), (55.0, "2024-01-01")]


def test_the_time_that_metrics_are_counted_at_stands_for_each_metric_s_own() -> None:
    by_month = asked(["revenue", "visits"], MONTH, order_by=(Order(MONTH),))

    assert answers(by_month) == [("2024-01-01", 55.0, 3.0), ("2024-02-01", 45.0, 1.0)]


def test_a_column_that_the_metrics_are_counted_at_is_their_time() -> None:
    by_column = asked(["revenue_so_far"], Attribute("orders", "ordered_on", grain=Grain.MONTH))

    assert sorted(answers(by_column)) == sorted(answers(asked(["revenue_so_far"], MONTH)))


def test_a_limit_and_a_condition_on_a_metric_hold_of_the_groups() -> None:
    first = asked(["revenue"], CUSTOMER, order_by=(Order(REVENUE, is_descending=True),), limit=2)
    above = asked(["revenue"], CUSTOMER, having=Comparison(">", OutputRef("revenue"), Value(45)))

    assert answers(first) == [(10.0, 50.0), (12.0, 45.0)]
    assert answers(above) == [(10.0, 50.0)]


def test_a_part_of_a_date_is_grouped_by() -> None:
    weekday = Attribute("orders", "ordered_on", part="day_of_week")

    assert sorted(answers(asked(["revenue"], weekday))) == [(1.0, 20.0), (3.0, 35.0), (6.0, 45.0)]


def test_metrics_are_calculated_with() -> None:
    each = Calculation("/", REVENUE, MetricRef("orders"))
    query = SemanticQuery((Output(TIER, "tier"), Output(each, "each")), group_by=(TIER,))

    assert sorted(answers(query)) == [("basic", 25.0), ("gold", 25.0)]


def test_shares_ranks_changes_and_running_totals_are_over_the_groups() -> None:
    before, change = Compared("previous", REVENUE, along=MONTH), Compared("change", REVENUE, along=MONTH)
    query = SemanticQuery(
        (
            Output(MONTH, "month"),
            Output(Compared("share", REVENUE), "share"),
            Output(Compared("rank", REVENUE), "rank"),
            Output(before, "before"),
            Output(change, "change"),
            Output(Compared("running", REVENUE, along=MONTH), "so_far"),
        ),
        group_by=(MONTH,),
        order_by=(Order(MONTH),),
    )

    assert answers(query) == [
        ("2024-01-01", 0.55, 1.0, None, None, 55.0),
        ("2024-02-01", 0.45, 2.0, 55.0, -10.0, 100.0),
    ]


def test_a_question_is_asked_of_the_answer_to_one_about_metrics() -> None:
    monthly = SemanticQuery((Output(MONTH, "month"), Output(REVENUE, "revenue")), group_by=(MONTH,))
    mean = Measure("avg", "", OutputRef("revenue"))
    months = Measure("count", "", where=Comparison(">", OutputRef("revenue"), Value(50)))
    query = SemanticQuery((Output(mean, "mean"), Output(months, "good_months")), source=monthly)

    assert has_metrics(query)
    assert answers(query) == [(50.0, 1.0)]


def test_the_rows_of_the_answer_about_metrics_are_filtered() -> None:
    monthly = asked(["revenue"], MONTH)
    query = SemanticQuery(
        (Output(OutputRef("g0"), "month"),),
        where=Comparison(">", OutputRef("revenue"), Value(50)),
        source=monthly,
    )

    assert answers(query) == [("2024-01-01",)]


def test_the_best_of_each_group_and_all_that_are_as_good() -> None:
    best = asked(
        ["orders"], TIER, CUSTOMER, order_by=(Order(MetricRef("orders"), is_descending=True),), limit=1
    )

    assert answers(best) == [("gold", 10.0, 2.0)]
    assert sorted(answers(replace(best, limit_within=(TIER,), has_ties=True))) == [
        ("basic", 11.0, 1.0),
        ("basic", 12.0, 1.0),
        ("gold", 10.0, 2.0),
    ]


def test_what_only_orders_or_filters_is_not_shown() -> None:
    query = SemanticQuery(
        (Output(TIER, "tier"), Output(REVENUE, "revenue", is_shown=False)),
        group_by=(TIER, IS_GIFT),
        having=Comparison("<", OutputRef("revenue"), Value(40)),
        order_by=(Order(OutputRef("revenue"), is_descending=True),),
    )

    assert answers(query) == [("gold",), ("gold",), ("basic",)]


# --- filters -------------------------------------------------------------------------------------------

JANUARY_2 = TimePoint(dt.datetime(2024, 1, 2))
NOW = dt.datetime(2024, 2, 20, 12)


@pytest.mark.parametrize(
    ("where", "revenue"),
    [
        (OneOf(TIER, (Value("gold"),)), 50.0),
        (OneOf(CONTINENT, (Value("north"),)), 55.0),
        (Comparison("=", IS_GIFT, Value(True)), 65.0),
        (Not(Comparison("=", IS_GIFT, Value(True))), 35.0),
        (Missing(TIER), None),
        (Matches(TIER, "starts", "GO"), 50.0),
        (Matches(TIER, "contains", "{{ x }}'%"), None),
        (OneOf(CUSTOMER, (Value(10), Value(12))), 95.0),
        (AnyOf((OneOf(TIER, (Value("gold"),)), Comparison("=", IS_GIFT, Value(True)))), 95.0),
        (InPeriod(ORDERED_ON, JANUARY_2), 80.0),
        (InPeriod(metric_time(), JANUARY_2, TimePoint(dt.datetime(2024, 2, 1))), 35.0),
        (InPeriod(ORDERED_ON, TimePoint(cut_to=Grain.MONTH)), 45.0),
        (Comparison("=", Attribute("orders", "ordered_on", part="month"), Value(2)), 45.0),
        (InPeriod(Attribute("customers", "signed_up_on"), JANUARY_2), 50.0),
    ],
)
def test_a_condition_on_a_dimension_is_a_filter_of_the_metric(
    where: Predicate, revenue: float | None
) -> None:
    query = asked(["revenue"], where=where, clock=Clock(NOW))

    assert answers(query) == [(revenue,)]


def test_a_period_within_the_grain_of_a_time_is_refused() -> None:
    noon = InPeriod(ORDERED_ON, TimePoint(dt.datetime(2024, 1, 2, 12), cut_to=None))

    with pytest.raises(UsageError, match="kept by the day"):
        answers(asked(["revenue"], where=noon))


# --- refusals ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (asked(["revenu"]), "did you mean 'revenue'"),
        (asked(["visits"], IS_GIFT), "no dimension of the metrics"),
        (asked(["revenue"], Attribute("orders", "amount")), "no dimension of the metrics"),
        (asked(["revenue"], Attribute("customers", "tier", grain=Grain.DAY)), "no time"),
        (asked(["revenue"], Attribute("orders", "ordered_on", grain=Grain.HOUR)), "no grain 'hour'"),
        (asked(["revenue"], Attribute("orders", "ordered_on", part="week")), "week of a time"),
        (asked(["revenue"], metric_time(grain=Grain.WEEK), clock=Clock(week_start=7)), "begin on Monday"),
        (asked(["revenue"], base="customers"), "groups with rows"),
        (SemanticQuery((Output(REVENUE, "r"), Output(TIER, "t"))), "not grouped by"),
        (SemanticQuery((Output(REVENUE, "r"), Output(Measure("count", "orders"), "n"))), "one question"),
        (SemanticQuery((Output(REVENUE, "r"),), group_by=(Value(1),)), "by dimensions"),
        (SemanticQuery((Output(Compared("share", MetricRef("buyers")), "s"),)), "does not add up"),
        (SemanticQuery((Output(Compared("share", MetricRef("gift_share")), "s"),)), "does not add up"),
        (asked(["revenue"], where=Exists("visits")), "groups"),
        (
            SemanticQuery((Output(Attribute("orders", "amount"), "a"),), source=asked(["revenue"])),
            "no columns but theirs",
        ),
    ],
)
def test_what_cannot_be_said_of_metrics_is_refused(query: SemanticQuery, reason: str) -> None:
    with pytest.raises(AidbtError) as refusal:
        answers(query)
    assert reason in str(refusal.value)


def test_a_dimension_that_two_ways_lead_to_is_refused_with_both() -> None:
    text = """
semantic_models:
  - name: orders
    model: ref('orders')
    defaults: {agg_time_dimension: ordered_on}
    entities: [{name: order, type: primary, expr: order_id}, {name: buyer, type: foreign, expr: customer_id},
               {name: payer, type: foreign, expr: region_id}]
    dimensions: [{name: ordered_on, type: time, type_params: {time_granularity: day}}]
    measures: [{name: revenue, agg: sum, expr: amount, create_metric: true}]
  - name: customers
    model: ref('customers')
    entities: [{name: buyer, type: primary, expr: customer_id}, {name: payer, type: unique, expr: region_id}]
    dimensions: [{name: tier, type: categorical}]
"""
    manifest = read_text(text)

    with pytest.raises(UsageError, match="2 ways") as refusal:
        compile_metrics(asked(["revenue"], TIER), manifest)
    assert "buyer__tier, payer__tier" in str(refusal.value)

    through = Attribute("customers", "tier", via=("orders.customer_id",))
    assert "buyer__tier" in compile_metrics(asked(["revenue"], through), manifest).sql


# --- without MetricFlow --------------------------------------------------------------------------------


def natively(query: SemanticQuery, monkeypatch: pytest.MonkeyPatch, dialect: str = "duckdb") -> CompiledQuery:
    """The question compiled as where MetricFlow is not installed."""

    def missing(*args: Any, **kwargs: Any) -> Any:
        raise MissingExtra("the semantic layer", "semantic")

    with monkeypatch.context() as patch:
        patch.setattr(layer, "group_by_items", missing)
        return compile_metrics(query, shop(), dialect=dialect)


YEAR = Attribute("orders", "ordered_on", part="year")
GROUPS = (TIER, CONTINENT, IS_GIFT, CUSTOMER, MONTH, ORDERED_ON, YEAR)
NATIVE = ("revenue", "gift_revenue", "orders", "buyers", "typical_amount", "gift_share", "revenue_so_far")
FILTERS = (
    None,
    OneOf(TIER, (Value("gold"),)),
    Not(OneOf(CONTINENT, (Value("north"),))),
    Comparison("=", IS_GIFT, Value(False)),
    Missing(CONTINENT),
    InPeriod(ORDERED_ON, JANUARY_2, TimePoint(dt.datetime(2024, 2, 1))),
)
ORDER_ROWS = st.lists(
    st.tuples(
        st.sampled_from([10, 11, 12, 99, None]),
        st.sampled_from([dt.date(2024, 1, 1), dt.date(2024, 1, 3), dt.date(2024, 2, 10), None]),
        st.sampled_from([None, 0.0, 5.0, 20.0]),
        st.sampled_from([True, False, None]),
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=20)
@given(
    orders=ORDER_ROWS,
    metrics=st.lists(st.sampled_from(NATIVE), min_size=1, max_size=3, unique=True),
    groups=st.lists(st.sampled_from(GROUPS), max_size=2, unique=True),
    where=st.sampled_from(FILTERS),
)
def test_metrics_are_the_same_with_and_without_metricflow(
    orders: list[Any], metrics: list[str], groups: list[Attribute], where: Predicate | None
) -> None:
    query = asked(metrics, *groups, where=where)
    with shop_rows() as connection:
        connection.execute("delete from shop.orders")
        for number, row in enumerate(orders):
            connection.execute("insert into shop.orders values (?, ?, ?, ?, ?)", [number, *row])
        with pytest.MonkeyPatch.context() as patch:
            try:
                found = rows_of(natively(query, patch), connection)
            except CannotPlan:
                # Only what stands on a time spine may be refused.
                assert {MONTH, ORDERED_ON, YEAR} & set(groups) or isinstance(where, InPeriod)
                assert {"gift_revenue", "gift_share", "revenue_so_far"} & set(metrics)
                return
        expected = rows_of(compile_metrics(query, shop()), connection)

    assert sorted(found, key=str) == sorted(expected, key=str)


NAMED: tuple[dict[str, Any], ...] = (
    {"group_by": ["customer__tier"], "order_by": ["-revenue"]},
    {"metrics": ["revenue", "orders"], "group_by": ["metric_time__month"], "order_by": ["-orders"]},
    {"metrics": ["gift_share"], "group_by": ["customer__region__continent"], "order_by": ["-gift_share"]},
    {"metrics": ["buyers"], "group_by": ["order__ordered_on"], "order_by": ["order__ordered_on"], "limit": 2},
    {"where": ["{{ TimeDimension('metric_time', 'month') }} = '2024-01-01'"]},
    {"where": ["{{ Dimension('customer__tier') }} in ('gold', 'none')"]},
    {"where": ["{{ Entity('customer') }} <> 10 and {{ Dimension('order__is_gift') }}"]},
    {"where": ["{{ Dimension('region__continent', entity_path=['customer']) }} = 'north'"]},
    {"where": ["{{ Dimension('metric_time').grain('day') }} > '2024-01-01'"]},
    {"where": ["{{ Dimension('customer__tier') }} is not null", "1 = 1"]},
    {"where": ["{{ Dimension('customer__tier') }} not like 'g%'"]},
)


@pytest.mark.parametrize("named", NAMED)
def test_names_are_answered_alike_with_and_without_metricflow(
    named: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for = {"metrics": ["revenue"], **named}
    expected = rows_of(compile_named(shop(), **asked_for))
    monkeypatch.setattr(layer, "compile_query", _not_installed)

    assert rows_of(compile_named(shop(), **asked_for)) == expected != []


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ({"saved_query": "by_tier"}, "only metrics are asked for by name"),
        ({"group_by": ["customer__tier"]}, "only metrics are asked for by name"),
        ({"metrics": ["revenue"], "group_by": ["customer__teir"]}, "did you mean 'customer__tier'"),
        ({"metrics": ["revenue"], "group_by": ["metric_time__hour"]}, "no grain 'hour'"),
        ({"metrics": ["revenue"], "where": ["amount > 1"]}, "names a column"),
        ({"metrics": ["revenue"], "where": ["{{ Metric('orders', ['customer']) }} > 1"]}, "asks for more"),
        ({"metrics": ["revenue"], "group_by": ["metric_time__fiscal_month"]}, "fiscal_month"),
        ({"metrics": ["revenue"], "where": ["{{ Dimension('metric_time').grain('alien') }} > 'a'"]}, "own"),
        ({"metrics": ["revenue"], "order_by": ["nothing"]}, "nothing"),
        ({"metrics": ["revenu"]}, "did you mean 'revenue'"),
    ],
)
def test_names_that_need_metricflow_are_refused_without_it(
    named: dict[str, Any], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layer, "compile_query", _not_installed)

    with pytest.raises(AidbtError) as refusal:
        compile_named(shop(), **named)
    assert reason in str(refusal.value)


def test_an_item_by_its_name_groups_and_filters() -> None:
    tier = Attribute("", "customer__tier")
    query = asked(["revenue"], tier, where=OneOf(Attribute("", "order__is_gift"), (Value(True),)))

    assert sorted(answers(query)) == [("basic", 45.0), ("gold", 20.0)]
    with pytest.raises(UnknownName, match="customer__teir"):
        answers(asked(["revenue"], Attribute("", "customer__teir")))


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        ("visits_to_orders", "rows of one model"),
        ("on_hand", "over the last of its times"),
        ("revenue_growth", "at another time"),
        ("revenue_2_days", "time spine"),
    ],
)
def test_a_metric_that_needs_metricflow_says_why(
    metric: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CannotPlan, match=reason) as refusal:
        natively(asked([metric]), monkeypatch)
    assert "semantic" in str(refusal.value)


def test_a_dialect_without_a_renderer_is_answered_by_the_planner() -> None:
    query = asked(["revenue"], TIER, where=InPeriod(ORDERED_ON, JANUARY_2))
    compiled = compile_metrics(query, shop(), dialect="spark")

    assert compiled.dialect == "spark"
    assert "LEFT JOIN `shop`.`customers`" in compiled.sql
    with pytest.raises(CannotPlan, match="writes no SQL for 'spark'"):
        compile_metrics(asked(["on_hand"]), shop(), dialect="spark")


EXPRESSIONS = {
    "case": "sum(case when is_gift then amount else 0 end)",
    "arithmetic": "sum(amount * 2 - 1)",
    "coalesce": "sum(coalesce(amount, 3))",
    "constant": "sum(1)",
    "nested": "max(case when amount between 1 and 20 and not is_gift or amount in (45) then -amount end)",
    "like": "count(case when tier like 'g%' then 1 end)",
    "not like": "count(case when tier not like 'g%' then 1 end)",
    "date": "sum_boolean(ordered_on >= date '2024-01-03')",
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_sql_of_a_measure_is_read_as_it_is_meant(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    agg, _, expr = EXPRESSIONS[name].removesuffix(")").partition("(")
    text = f"""
semantic_models:
  - name: orders
    model: ref('orders')
    defaults: {{agg_time_dimension: ordered_on}}
    entities: [{{name: order, type: primary, expr: order_id}}]
    dimensions: [{{name: ordered_on, type: time, type_params: {{time_granularity: day}}}}]
    measures: [{{name: number, agg: {agg}, expr: "{expr}", create_metric: true}}]
"""
    manifest = read_text(text)
    monkeypatch.setattr(layer, "group_by_items", _not_installed)
    found = compile_metrics(asked(["number"]), manifest)
    with shop_rows() as connection:
        connection.execute("alter table shop.orders add column tier text")
        connection.execute("update shop.orders set tier = case when is_gift then 'gold' end")
        expected = rows_of(compile_query(manifest, metrics=["number"]), connection)
        assert rows_of(found, connection) == expected


def _not_installed(*args: Any, **kwargs: Any) -> Any:
    raise MissingExtra("the semantic layer", "semantic")


@pytest.mark.parametrize(
    "expr", ["hash(amount)", "amount::varchar", "sum(amount) over ()", "((", "a.b.amount"]
)
def test_sql_that_a_plan_cannot_say_is_refused(expr: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"""
semantic_models:
  - name: orders
    model: ref('orders')
    defaults: {{agg_time_dimension: ordered_on}}
    entities: [{{name: order, type: primary, expr: order_id}}]
    dimensions: [{{name: ordered_on, type: time, type_params: {{time_granularity: day}}}}]
    measures: [{{name: number, agg: sum, expr: "{expr}", create_metric: true}}]
"""
    manifest = read_text(text)
    monkeypatch.setattr(layer, "group_by_items", _not_installed)

    with pytest.raises(CannotPlan):
        compile_metrics(asked(["number"]), manifest)


@pytest.mark.parametrize("dialect", ["snowflake", "bigquery", "postgres", "athena", "databricks"])
def test_what_metricflow_wrote_stands_in_the_statement_as_it_wrote_it(dialect: str) -> None:
    by_month = SemanticQuery((Output(Compared("rank", REVENUE), "place"),), group_by=(MONTH,))
    inner = compile_query(shop(), metrics=["revenue"], group_by=["metric_time__month"], dialect=dialect).sql

    assert inner in compile_metrics(by_month, shop(), dialect=dialect).sql


def test_a_dialect_that_only_metricflow_writes_is_refused_beyond_plain_metrics() -> None:
    assert "shop.orders" in compile_named(shop(), metrics=["revenue"], dialect="vertica").sql
    for dialect in ("vertica", "sqlserver", "no such"):
        with pytest.raises(CannotPlan, match=dialect):
            compile_metrics(asked(["revenue"], TIER, limit=1), shop(), dialect=dialect)


# --- names ---------------------------------------------------------------------------------------------


def test_metrics_are_named_with_all_that_they_may_be_called_by() -> None:
    text = """
semantic_models:
  - name: orders
    model: ref('orders')
    defaults: {agg_time_dimension: ordered_on}
    entities: [{name: order, type: primary, expr: order_id}]
    dimensions:
      - {name: ordered_on, type: time, type_params: {time_granularity: day}}
      - {name: is_gift, type: categorical, description: Wrapped., config: {meta: {synonyms: present}}}
    measures: [{name: amount, agg: sum}]
metrics:
  - name: revenue
    label: Revenue
    description: What customers paid.
    type: simple
    type_params: {measure: amount}
    config: {meta: {synonyms: [turnover, sales]}}
"""
    manifest = read_text(text)
    (metric,) = named_metrics(manifest)

    assert (metric.label, metric.description) == ("Revenue", "What customers paid.")
    assert metric.synonyms == ("turnover", "sales")
    assert (metric.models, metric.time, metric.is_additive) == (("orders",), ("orders", "ordered_on"), True)


def test_what_adds_up_is_told_from_what_does_not() -> None:
    found = {metric.name: metric.is_additive for metric in named_metrics(shop())}

    assert [name for name, adds in found.items() if adds] == [
        "revenue", "gift_revenue", "orders", "visits", "quantity",
    ]  # fmt: skip


def test_an_unknown_metric_is_refused_before_anything_is_compiled() -> None:
    with pytest.raises(UnknownName):
        compile_metrics(asked(["nothing"]), shop())


def test_terms_of_any_kind_may_order() -> None:
    term: Term = Calculation("*", REVENUE, Value(-1))

    assert answers(asked(["revenue"], CUSTOMER, order_by=(Order(term),), limit=1)) == [(10.0, 50.0)]
