"""A query in words: what a person reads, and that different questions never read the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from aidbt.semantic.graph import Graph, GraphTable
from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Calculation,
    Case,
    Clock,
    Compared,
    Comparison,
    Duration,
    Exists,
    Extreme,
    Function,
    Grain,
    InPeriod,
    Length,
    Matches,
    Measure,
    MetricRef,
    Missing,
    Not,
    OneOf,
    Operator,
    Order,
    Output,
    OutputRef,
    SemanticQuery,
    TimePoint,
    Value,
    attributes,
    measures,
)
from aidbt.semantic.query_json.form import ALL_FUNCTIONS, COMPARED
from aidbt.semantic.wording.sentences import describe
from tests.aidbt.semantic.query_strategies import CLOCK, SHOP, queries

ORDERS, CUSTOMERS = "orders", "customers"
AMOUNT, STATUS = Attribute(ORDERS, "amount"), Attribute(ORDERS, "status")
PLACED, SHIPPED = Attribute(ORDERS, "placed_at"), Attribute(ORDERS, "shipped_at")
COUNTRY, NAME = Attribute(CUSTOMERS, "country"), Attribute(CUSTOMERS, "name")
MONTH = replace(PLACED, grain=Grain.MONTH)
OWN_TIME = Attribute("", "metric_time", grain=Grain.MONTH)
COUNT, REVENUE = Measure("count", ORDERS), Measure("sum", ORDERS, AMOUNT)
PAID = OneOf(STATUS, (Value("paid"),))


def asked(*terms: Any, **more: Any) -> SemanticQuery:
    return SemanticQuery(tuple(Output(term, f"c{n}") for n, term in enumerate(terms)), **more)


def at(day: str) -> TimePoint:
    return TimePoint(at=dt.datetime.fromisoformat(day), cut_to=None)


def ago(grain: Grain, number: int) -> TimePoint:
    return TimePoint(cut_to=grain, shift=-number, unit=grain)


WORDS = [
    (
        asked(
            MONTH,
            COUNT,
            REVENUE,
            group_by=(MONTH,),
            where=All((PAID, InPeriod(PLACED, at("2024-01-01"), at("2025-01-01")))),
            order_by=(Order(MONTH),),
        ),
        "The number of orders and the sum of amount of orders per month of placed_at, where status is"
        " 'paid' and placed_at is from 2024-01-01 to 2024-12-31 (inclusive), sorted by"
        " month of placed_at ascending.",
    ),
    (
        asked(COUNTRY, REVENUE, group_by=(COUNTRY,), order_by=(Order(OutputRef("c1"), True),), limit=5),
        "The sum of amount of orders per country of customers, sorted by the sum of amount of orders"
        " descending; only the first 5 rows.",
    ),
    (
        asked(replace(REVENUE, where=PAID), Calculation("/", replace(COUNT, where=PAID), COUNT)),
        "The sum of amount of orders (only those where status is 'paid') and the number of orders (only those"
        " where status is 'paid') divided by the number of orders.",
    ),
    (asked(COUNTRY, base=CUSTOMERS, distinct=True), "For each row of customers, without repeats: country."),
    (
        asked(NAME, Length(NAME), base=CUSTOMERS, where=Not(Exists(ORDERS, where=PAID))),
        "For each row of customers: name and the number of characters of name, where there are no orders"
        " where status is 'paid'.",
    ),
    (
        asked(NAME, COUNT, base=CUSTOMERS, group_by=(NAME,), having=Comparison("<", COUNT, Value(3))),
        "The number of orders per name of customers, also for customers without any, keeping only groups"
        " where the number of orders is less than 3.",
    ),
    (
        asked(
            Measure("avg", ORDERS, Duration(PLACED, SHIPPED, Grain.DAY)),
            where=AnyOf((Missing(AMOUNT), All((Not(PAID), Comparison(">", SHIPPED, PLACED))))),
        ),
        "The average of (the days from placed_at to shipped_at) over orders, where amount is missing or"
        " (status is not 'paid' and shipped_at is after placed_at).",
    ),
    (
        asked(COUNTRY, Compared("share", REVENUE, within=(MONTH,)), group_by=(COUNTRY, MONTH)),
        "The share of the sum of amount of orders in the total within each month of placed_at per country of"
        " customers and month of placed_at (not shown).",
    ),
    (
        asked(MONTH, Compared("relative_change", REVENUE, along=MONTH, steps=12), group_by=(MONTH,)),
        "The relative change of the sum of amount of orders since 12 months before along month of"
        " placed_at per month of placed_at.",
    ),
    (
        asked(
            Measure("max", "", OutputRef("total")),
            source=SemanticQuery((Output(NAME, "who"), Output(REVENUE, "total")), group_by=(NAME,)),
        ),
        "The greatest “total”, from the rows of [the sum of amount of orders as “total” per name of customers"
        " as “who”].",
    ),
    (
        asked(NAME, limit=1, limit_within=(COUNTRY,), has_ties=True, order_by=(Order(NAME),), at_most=2),
        "For each row of customers: name, sorted by name ascending; only the first row in each country, and"
        " those equal to the last; at most 2 rows in all.",
    ),
    (
        asked(
            Measure("count_distinct", ORDERS, replace(COUNTRY, via=("orders.buyer_id",)), at=SHIPPED),
            where=Matches(NAME, "starts", "O'N\x1b[2J"),
        ),
        "The number of different country of customers (by way of orders.buyer_id) over orders (counted at"
        " shipped_at), where name of customers starts with 'O''N\\x1b[2J'.",
    ),
    (
        asked(COUNT, where=Extreme(AMOUNT, "max", PAID)),
        "The number of orders, where amount is the greatest there is among those where status is 'paid'.",
    ),
    (
        asked(MetricRef("revenue"), replace(PLACED, part="day_of_week"), group_by=()),
        "The metric revenue and day of the week of placed_at.",
    ),
    (asked(COUNTRY, group_by=(COUNTRY,)), "Each country of customers that there is."),
    (
        asked(COUNT, where=Extreme(AMOUNT, "avg", operator=">")),
        "The number of orders, where amount is more than the average there is.",
    ),
    (
        asked(MONTH, Compared("moving_average", COUNT, along=MONTH, steps=3), group_by=(MONTH,)),
        "The moving average of the number of orders over 3 months along month of placed_at per month of"
        " placed_at.",
    ),
    (
        asked(OWN_TIME, MetricRef("revenue"), group_by=(OWN_TIME,)),
        "The metric revenue per month of the metrics' own time.",
    ),
    (
        asked(Measure("sum", ORDERS, Case(PAID, AMOUNT, Value(0))), where=Exists(CUSTOMERS, count=2)),
        "The sum of (amount if status is 'paid', else 0) over orders, where there are at least 2 customers.",
    ),
]


@pytest.mark.parametrize(("query", "words"), WORDS, ids=range(len(WORDS)))
def test_a_query_reads_like_this(query: SemanticQuery, words: str):
    assert describe(query, SHOP) == words


PERIODS = {
    "in this month (2025-06-01 to 2025-06-30)": (ago(Grain.MONTH, 0), ago(Grain.MONTH, -1)),
    "in last quarter (2025-01-01 to 2025-03-31)": (ago(Grain.QUARTER, 1), ago(Grain.QUARTER, 0)),
    "yesterday (2025-06-14)": (TimePoint(shift=-1), TimePoint()),
    "in the last 3 months (before this month) (2025-03-01 to 2025-05-31)": (
        ago(Grain.MONTH, 3),
        ago(Grain.MONTH, 0),
    ),
    "from the start of this month through today (2025-06-01 to 2025-06-15)": (
        ago(Grain.MONTH, 0),
        TimePoint(shift=1),
    ),
    "at or after 6 hours before now (2025-06-15 06:00:00)": (
        TimePoint(cut_to=None, shift=-6, unit=Grain.HOUR),
        None,
    ),
    "before 2024-03-01": (None, at("2024-03-01")),
    "on 2024-02-29": (at("2024-02-29"), at("2024-03-01")),
    "at or after the start of yesterday (2025-06-14)": (TimePoint(shift=-1), None),
    "from 2024-03-01 until before 2024-03-01 12:00:00": (at("2024-03-01"), at("2024-03-01T12:00")),
}


@pytest.mark.parametrize("words", PERIODS)
def test_a_period_reads_like_this(words: str):
    start, end = PERIODS[words]
    query = asked(COUNT, where=InPeriod(PLACED, start, end), clock=CLOCK)

    assert describe(query, SHOP) == f"The number of orders, where placed_at is {words}."


def test_a_relative_period_without_a_clock_has_no_days():
    query = asked(COUNT, where=InPeriod(PLACED, ago(Grain.YEAR, 1), ago(Grain.YEAR, 0)))

    assert describe(query, SHOP) == "The number of orders, where placed_at is in last year."


def test_weeks_that_begin_on_sunday_are_said():
    week = replace(PLACED, grain=Grain.WEEK)
    query = asked(week, COUNT, group_by=(week,), clock=Clock(week_start=7))

    assert describe(query, SHOP).endswith("; weeks begin on Sunday.")


# --- different questions never read the same ------------------------------------------------------------

_OTHERS: dict[tuple[type, str], tuple[Any, ...]] = {
    (Measure, "function"): get_args(Function),
    (Comparison, "operator"): get_args(Operator),
    (Calculation, "operator"): ("+", "-", "*", "/"),
    (Exists, "operator"): get_args(Operator),
    (Exists, "count"): tuple(range(10)),
    (Attribute, "grain"): (None, *Grain),
    (Attribute, "part"): (None, "hour", "day", "day_of_week", "week", "month"),
    (Attribute, "via"): ((), ("orders.buyer_id",), ("orders.payer_id",)),
    (Attribute, "column"): ("id", "name", "country", "amount", "status"),
    (Extreme, "function"): ALL_FUNCTIONS,
    (Extreme, "operator"): get_args(Operator),
    (Matches, "how"): ("starts", "ends", "contains", "is"),
    (Matches, "text"): ("a", "A", "a'", "a' or 'b", " "),
    (Matches, "ignores_case"): (True, False),
    (OneOf, "ignores_case"): (True, False),
    (OneOf, "values"): ((Value("a"),), (Value("a"), Value("b")), (Value("a, b"),), (Value("a', 'b"),)),
    (Value, "value"): (1, 2.5, "1", "", "null", None, True, dt.date(2024, 1, 1), dt.datetime(2024, 1, 1)),
    (Duration, "unit"): tuple(Grain),
    (Duration, "is_whole"): (True, False),
    (Compared, "kind"): COMPARED,
    (Compared, "steps"): (1, 2, 3),
    (Order, "is_descending"): (True, False),
    (Case, "otherwise"): (Value(0), Value(None), Attribute("orders", "amount")),
    (SemanticQuery, "limit"): (None, 1, 2, 20),
    (SemanticQuery, "distinct"): (True, False),
    (SemanticQuery, "base"): ("", "customers", "orders"),
    (SemanticQuery, "where"): (None, PAID, Missing(AMOUNT), Not(PAID)),
    (SemanticQuery, "having"): (None, PAID, Missing(AMOUNT)),
    (Measure, "where"): (None, PAID, Missing(AMOUNT)),
    (Measure, "at"): (None, PLACED, SHIPPED),
}


def _changes(node: Any) -> Iterator[tuple[Any, tuple[type, str]]]:
    """Every value in which one thing is another than in this one, with what was changed."""
    if isinstance(node, tuple):
        for n, item in enumerate(node):
            yield from (((*node[:n], other, *node[n + 1 :]), what) for other, what in _changes(item))
    elif is_dataclass(node) and not isinstance(node, type):
        for field in fields(node):
            value = getattr(node, field.name)
            for other in _OTHERS.get((type(node), field.name), ()):
                if (other, type(other)) != (value, type(value)):
                    yield replace(node, **{field.name: other}), (type(node), field.name)
            yield from ((replace(node, **{field.name: inner}), what) for inner, what in _changes(value))


@settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(queries(with_source=False), st.data())
def test_a_query_in_which_one_thing_is_another_reads_otherwise(query: SemanticQuery, data: st.DataObject):
    query = replace(query, outputs=tuple(replace(output, is_shown=True) for output in query.outputs))
    changes = list(_changes(query))
    assume(changes)
    changed, what = data.draw(st.sampled_from(changes))
    assume(not _means_the_same(query, changed))

    assert describe(changed, SHOP) != describe(query, SHOP), what


_LOOKS_BACK = ("previous", "change", "relative_change", "moving_average")


def _means_the_same(one: SemanticQuery, other: SemanticQuery) -> bool:
    return _normal(one) == _normal(other)


def _normal(node: Any) -> Any:
    """A query without what makes no difference to its meaning."""
    if isinstance(node, tuple):
        return tuple(_normal(item) for item in node)
    if isinstance(node, OneOf) and len(node.values) == 1 and not node.ignores_case:
        return _normal(Comparison("=", node.term, node.values[0]))
    if isinstance(node, Not):
        inner = _normal(node.predicate)
        return ("Comparison", "<>", *inner[2:]) if inner[:2] == ("Comparison", "=") else ("Not", inner)
    if isinstance(node, All | AnyOf) and len(node.predicates) == 1:
        return _normal(node.predicates[0])
    if isinstance(node, Measure) and node.of is None:
        return ("rows", node.table, _normal(node.where), _normal(node.at))
    if isinstance(node, SemanticQuery) and node.limit is None and (node.limit_within or node.has_ties):
        return _normal(replace(node, limit_within=(), has_ties=False))
    if isinstance(node, SemanticQuery) and not node.base and not (node.group_by or measures(node)):
        tables = {attribute.table for attribute in attributes(node.outputs)}
        if len(tables) == 1:
            return _normal(replace(node, base=tables.pop()))
    if isinstance(node, Compared) and node.kind not in _LOOKS_BACK and node.steps != 1:
        return _normal(replace(node, steps=1))
    if isinstance(node, Value):
        return (type(node.value).__name__, repr(node.value))
    if is_dataclass(node) and not isinstance(node, type):
        return (type(node).__name__, *(_normal(getattr(node, field.name)) for field in fields(node)))
    return node


def test_tables_of_a_layer_are_called_by_their_rows_where_that_is_clear():
    def noun(*names: str) -> str:
        graph = Graph(tuple(GraphTable(name, ()) for name in names))
        return describe(asked(Measure("count", names[0])), graph)

    assert noun("stg_shop__order_items") == "The number of order_items."
    assert noun("fct_orders", "dim_customers") == "The number of orders."
    assert noun("stg_shop__orders", "fct_orders") == "The number of stg_shop__orders."
    assert noun("fct_orders", "orders") == "The number of fct_orders."
    assert noun("raw") == "The number of raw."


def test_a_query_over_tables_that_the_graph_lacks_is_described_too():
    assert describe(asked(COUNT), Graph(())) == "The number of orders."


ONE_WAY = Graph(SHOP.tables, SHOP.relationships[:1])


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (PAID, "there are any orders where status is 'paid'"),
        (Not(PAID), "there are no orders where status is 'paid'"),
        (Comparison("<>", STATUS, Value("paid")), "there are any orders where status is not 'paid'"),
        (
            All((PAID, Comparison(">", AMOUNT, Value(9)))),
            "there are any orders where (status is 'paid' and amount is more than 9)",
        ),
    ],
)
def test_a_condition_on_rows_of_which_there_are_many_says_that_there_is_one(where: Any, words: str):
    query = asked(NAME, base=CUSTOMERS, where=where)

    assert describe(query, ONE_WAY) == f"For each row of customers: name, where {words}."


def test_a_condition_on_the_rows_that_make_the_groups_is_on_those():
    query = asked(Measure("count", CUSTOMERS), group_by=(STATUS,), where=PAID)

    assert describe(query, ONE_WAY).endswith("where status of orders is 'paid'.")
