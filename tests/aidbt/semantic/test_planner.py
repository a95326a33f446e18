"""Planned SQL against the evaluation of the same question in plain Python, on DuckDB."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aidbt.core.errors import UsageError
from aidbt.semantic.evaluation.errors import CannotEvaluate
from aidbt.semantic.evaluation.evaluator import evaluate
from aidbt.semantic.graph import Graph, GraphColumn, GraphTable, NoPath, Relationship
from aidbt.semantic.planning.errors import CannotPlan
from aidbt.semantic.planning.planner import plan
from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Calculation,
    Clock,
    Compared,
    Comparison,
    Exists,
    Extreme,
    Grain,
    InPeriod,
    Length,
    Matches,
    Measure,
    Missing,
    Not,
    OneOf,
    Order,
    Output,
    OutputRef,
    SemanticQuery,
    TimePoint,
    Value,
)


def _column(name: str, kind: Any = "number") -> GraphColumn:
    return GraphColumn(name, kind)


SHOP = Graph(
    (
        GraphTable(
            "customers",
            (_column("id"), _column("name", "text"), _column("country", "text"), _column("joined", "date")),
            keys=(("id",),),
        ),
        GraphTable(
            "orders",
            (
                _column("id"),
                _column("customer_id"),
                _column("amount"),
                _column("status", "text"),
                _column("placed_at", "time"),
            ),
            keys=(("id",),),
        ),
        GraphTable("tags", (_column("id"), _column("tag", "text")), keys=(("id",),)),
        GraphTable("order_tags", (_column("order_id"), _column("tag_id")), keys=(("order_id", "tag_id"),)),
    ),
    (
        Relationship("orders.customer_id", "orders", ("customer_id",), "customers", ("id",)),
        Relationship("order_tags.order_id", "order_tags", ("order_id",), "orders", ("id",)),
        Relationship("order_tags.tag_id", "order_tags", ("tag_id",), "tags", ("id",)),
    ),
)
TYPES = {
    "customers": "id integer, name varchar, country varchar, joined date",
    "orders": "id integer, customer_id integer, amount decimal(10, 2), status varchar, placed_at timestamp",
    "tags": "id integer, tag varchar",
    "order_tags": "order_id integer, tag_id integer",
}
CLOCK = Clock(dt.datetime(2025, 6, 15, 12))
COUNTRY = Attribute("customers", "country")
AMOUNT = Attribute("orders", "amount")
PLACED = Attribute("orders", "placed_at")
MONTH = replace(PLACED, grain=Grain.MONTH)
TAG = Attribute("tags", "tag")

Tables = dict[str, list[dict[str, Any]]]


def _answers(query: SemanticQuery, tables: Tables) -> tuple[list[Any], list[Any]]:
    """What DuckDB gives for the planned SQL, and what plain Python gives."""
    connection = duckdb.connect()
    for name, columns in TYPES.items():
        connection.execute(f"create table {name} ({columns})")
        for row in tables[name]:
            marks = ", ".join("?" for _ in row)
            connection.execute(f"insert into {name} values ({marks})", list(row.values()))
    sql = plan(query, SHOP).sql("duckdb", identify=True)
    return _plain(connection.execute(sql).fetchall()), _plain(evaluate(query, SHOP, tables))


def _plain(rows: list[Any]) -> list[Any]:
    def value(found: Any) -> Any:
        if isinstance(found, dt.date) and not isinstance(found, dt.datetime):
            return dt.datetime(found.year, found.month, found.day)
        return round(float(found), 6) if isinstance(found, Decimal | float) else found

    return [tuple(value(each) for each in row) for row in rows]


def _bag(rows: list[Any]) -> list[Any]:
    return sorted(rows, key=repr)


names = st.sampled_from(["ann", "bob", "a%b", "O'Hara", "Ånn", None])
times = st.sampled_from(
    [dt.datetime(2025, 6, 15, 9), dt.datetime(2025, 6, 1), dt.datetime(2025, 5, 31, 23, 59, 59),
     dt.datetime(2025, 5, 16), dt.datetime(2024, 12, 31), None]
)  # fmt: skip


@st.composite
def shops(draw: st.DrawFn) -> Tables:
    customers = [
        {"id": n, "name": draw(names), "country": draw(st.sampled_from(["US", "DE", None])),
         "joined": draw(st.sampled_from([dt.date(2025, 6, 1), dt.date(2024, 1, 5), None]))}
        for n in range(draw(st.integers(0, 4)))
    ]  # fmt: skip
    orders = [
        {"id": n, "customer_id": draw(st.one_of(st.none(), st.integers(0, 5))),
         "amount": draw(st.none() | st.sampled_from([Decimal("1.50"), Decimal("-2.00"), Decimal("7.25")])),
         "status": draw(st.sampled_from(["paid", "open", None])), "placed_at": draw(times)}
        for n in range(draw(st.integers(0, 6)))
    ]  # fmt: skip
    tags = [{"id": n, "tag": tag} for n, tag in enumerate(["x", "y"][: draw(st.integers(0, 2))])]
    pairs = draw(st.sets(st.tuples(st.integers(0, 6), st.integers(0, 2)), max_size=6))
    links = [{"order_id": order, "tag_id": tag} for order, tag in sorted(pairs)]
    return {"customers": customers, "orders": orders, "tags": tags, "order_tags": links}


order_predicates = st.recursive(
    st.sampled_from(
        [
            OneOf(Attribute("orders", "status"), (Value("paid"),)),
            OneOf(Attribute("orders", "status"), (Value("PAID"), Value("open")), ignores_case=True),
            Comparison(">", AMOUNT, Value(0)),
            Missing(Attribute("orders", "amount")),
            OneOf(COUNTRY, (Value("US"),)),
            Matches(Attribute("customers", "name"), "contains", "n"),
            Matches(Attribute("customers", "name"), "contains", "%"),
            InPeriod(PLACED, TimePoint(shift=-30), TimePoint(shift=1)),
            InPeriod(
                PLACED,
                TimePoint(cut_to=Grain.MONTH, shift=-1, unit=Grain.MONTH),
                TimePoint(cut_to=Grain.MONTH),
            ),
            OneOf(TAG, (Value("x"),)),
            Exists("tags", operator="=", count=0),
            Exists("tags", operator=">=", count=2),
            Extreme(Attribute("orders", "amount"), "max"),
            Extreme(Attribute("orders", "amount"), "avg", operator=">"),
            Extreme(Attribute("orders", "amount"), "median", operator="<="),
        ]
    ),
    lambda inner: st.one_of(
        inner.map(Not),
        st.tuples(inner, inner).map(All),
        st.tuples(inner, inner).map(AnyOf),
    ),
    max_leaves=3,
)
order_measures = st.builds(
    Measure,
    st.sampled_from(["sum", "avg", "min", "max", "count_distinct"]),
    st.just("orders"),
    st.just(AMOUNT),
    st.none() | order_predicates,
) | st.builds(Measure, st.just("count"), st.just("orders"), st.none(), st.none() | order_predicates)
group_terms = st.lists(
    st.sampled_from(
        [COUNTRY, MONTH, TAG, Length(TAG), Attribute("orders", "status"), Attribute("customers", "id")]
    ),
    max_size=2,
    unique=True,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(shops(), group_terms, st.lists(order_measures, min_size=1, max_size=3), st.none() | order_predicates)
def test_grouped_measures_are_what_plain_python_says(tables, groups, found, where):
    outputs = [Output(term, f"g{n}") for n, term in enumerate(groups)]
    outputs += [Output(measure, f"m{n}") for n, measure in enumerate(found)]
    query = SemanticQuery(tuple(outputs), group_by=tuple(groups), where=where, clock=CLOCK)

    planned, evaluated = _answers(query, tables)

    assert _bag(planned) == _bag(evaluated)


@pytest.mark.long
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(shops(), order_predicates)
def test_listed_rows_are_what_plain_python_says(tables, where):
    outputs = (Output(Attribute("orders", "id"), "id"), Output(COUNTRY, "country"))
    query = SemanticQuery(outputs, base="orders", where=where, clock=CLOCK)

    planned, evaluated = _answers(query, tables)

    assert _bag(planned) == _bag(evaluated)


@pytest.mark.long
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    shops(),
    st.sampled_from(
        "share average rank dense_rank running moving_average previous change relative_change".split()
    ),
    st.sampled_from([Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR]),
    st.integers(1, 3),
    st.booleans(),
)
def test_groups_beside_each_other_are_what_plain_python_says(tables, kind, grain, steps, by_country):
    total = Measure("sum", "orders", AMOUNT)
    along = replace(PLACED, grain=grain)
    others = (COUNTRY,) if by_country else ()
    compared = Compared(kind, total, along=along, within=others, steps=steps)
    query = SemanticQuery(
        (Output(along, "time"), Output(total, "total"), Output(compared, "beside")),
        group_by=(along, *others),
        where=Not(Missing(PLACED)),
        clock=CLOCK,
    )

    planned, evaluated = _answers(query, tables)

    assert _bag(planned) == _bag(evaluated)


@pytest.mark.long
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(shops(), st.booleans())
def test_customers_without_orders_keep_their_group_when_they_are_the_base(tables, has_condition):
    customer = Attribute("customers", "id")
    paid = OneOf(Attribute("orders", "status"), (Value("paid"),)) if has_condition else None
    counted = Measure("count", "orders", None, paid)
    people = Measure("count", "customers")
    query = SemanticQuery(
        (
            Output(customer, "id"),
            Output(counted, "orders"),
            Output(Calculation("/", counted, people), "each"),
        ),
        base="customers",
        group_by=(customer,),
        clock=CLOCK,
    )

    planned, evaluated = _answers(query, tables)

    assert _bag(planned) == _bag(evaluated)
    assert len(planned) == len(tables["customers"])


def _shop() -> Tables:
    return {
        "customers": [
            {"id": 1, "name": "ann", "country": "US", "joined": dt.date(2025, 1, 1)},
            {"id": 2, "name": "bob", "country": "DE", "joined": dt.date(2025, 5, 20)},
        ],
        "orders": [
            {"id": n, "customer_id": 1 + n % 2, "amount": Decimal(n), "status": "paid",
             "placed_at": dt.datetime(2025, 6, n)}
            for n in range(1, 6)
        ],
        "tags": [{"id": 1, "tag": "x"}, {"id": 2, "tag": "y"}],
        "order_tags": [{"order_id": order, "tag_id": tag} for order, tag in ((1, 1), (1, 2), (2, 1))],
    }  # fmt: skip


def test_an_order_with_two_tags_is_added_once_to_each_tag_and_once_to_the_whole():
    total = Measure("sum", "orders", AMOUNT)
    by_tag = SemanticQuery((Output(TAG, "tag"), Output(total, "total")), group_by=(TAG,))
    tagged = SemanticQuery((Output(total, "total"),), where=OneOf(TAG, (Value("x"), Value("y"))))

    assert _bag(_answers(by_tag, _shop())[0]) == [("x", 3.0), ("y", 1.0)]
    assert _answers(tagged, _shop())[0] == [(3.0,)]


def test_an_order_of_which_one_tag_counts_is_added_once_to_a_group_of_all_its_tags():
    of_x = Measure("sum", "orders", AMOUNT, OneOf(TAG, (Value("x"),)))
    total = Measure("sum", "orders", AMOUNT)
    group = Length(TAG)
    share = SemanticQuery((Output(Calculation("/", of_x, total), "share"),), group_by=(group,))
    tags = Measure("count_distinct", "orders", TAG)
    beside = SemanticQuery((Output(total, "total"), Output(tags, "tags")), group_by=(group,))

    planned, evaluated = _answers(share, _shop() | {"order_tags": [{"order_id": 1, "tag_id": 1},
        {"order_id": 1, "tag_id": 2}, {"order_id": 2, "tag_id": 2}]})  # fmt: skip

    assert planned == evaluated == [(0.333333,)]
    with pytest.raises(NoPath, match=r"a row of orders has many of tags\.tag"):
        plan(beside, SHOP)


def test_distinct_groups_are_in_no_order_that_is_not_shown():
    status, count = Attribute("orders", "status"), Measure("count", "orders")
    query = SemanticQuery(
        (Output(count, "n"),), group_by=(status,), distinct=True, order_by=(Order(OutputRef("n")),)
    )

    assert _answers(query, _shop())[0] == [(5,)]
    for hidden in (status, Measure("sum", "orders", AMOUNT), Compared("rank", count)):
        with pytest.raises(CannotPlan, match="ordered by what is not among their columns"):
            plan(replace(query, order_by=(Order(hidden),)), SHOP)


def test_what_groups_are_compared_by_may_be_asked_for_by_itself_too():
    total = Measure("sum", "orders", AMOUNT)
    query = SemanticQuery(
        (Output(COUNTRY, "country"),),
        group_by=(COUNTRY,),
        having=Comparison(">", total, Value(1)),
        order_by=(Order(Compared("share", total), is_descending=True),),
    )

    planned, evaluated = _answers(query, _shop())

    assert planned == evaluated == [("DE",), ("US",)]


def test_a_comparison_with_other_groups_is_not_compared_again():
    share = Compared("share", Measure("sum", "orders", AMOUNT))
    by_itself = SemanticQuery((Output(Compared("rank", share), "rank"),), group_by=(COUNTRY,))
    by_name = SemanticQuery(
        (Output(share, "share"), Output(Compared("rank", OutputRef("share")), "rank")), group_by=(COUNTRY,)
    )

    for query in (by_itself, by_name):
        with pytest.raises(CannotPlan, match="a comparison with others itself"):
            plan(query, SHOP)


def test_a_constant_neither_orders_nor_groups():
    count = Output(Measure("count", "orders"), "n")
    one = Output(Value(1), "one")
    listed = SemanticQuery((one, Output(AMOUNT, "amount")), base="orders")

    for term in (Value(2), Value(-1), Value("amount"), OutputRef("one")):
        with pytest.raises(CannotPlan, match="ordered by a constant"):
            plan(replace(listed, order_by=(Order(term),)), SHOP)
    with pytest.raises(CannotPlan, match="grouped by a constant"):
        plan(SemanticQuery((one, count), group_by=(Value(1),)), SHOP)


def test_rows_of_an_inner_question_are_ordered_by_what_is_made_of_them():
    inner = SemanticQuery((Output(AMOUNT, "amount"),), base="orders")
    less = Output(Calculation("-", Value(0), OutputRef("amount")), "less")
    query = SemanticQuery((less,), source=inner, order_by=(Order(OutputRef("less")),), limit=2)

    planned, evaluated = _answers(query, _shop())

    assert planned == evaluated == [(-5.0,), (-4.0,)]


def test_an_item_of_the_semantic_layer_needs_a_metric():
    month = Attribute("", "metric_time", grain=Grain.MONTH)
    query = SemanticQuery(
        (Output(month, "month"), Output(Measure("count", "orders"), "n")), group_by=(month,)
    )

    with pytest.raises(CannotPlan, match="'metric_time' is an item of the semantic layer"):
        plan(query, SHOP)


def test_values_of_other_types_are_the_same_to_plain_python_as_to_the_sql():
    of_a_day = OneOf(PLACED, (Value(dt.date(2025, 6, 2)), Value(dt.date(2025, 6, 9))))
    of_an_amount = OneOf(AMOUNT, (Value(1.1), Value(4.0)))
    tables = _shop()
    tables["orders"][0]["amount"] = Decimal("1.10")

    for where, ids in ((of_a_day, [(2,)]), (of_an_amount, [(1,), (4,)])):
        query = SemanticQuery((Output(Attribute("orders", "id"), "id"),), base="orders", where=where)
        planned, evaluated = _answers(query, tables)
        assert _bag(planned) == _bag(evaluated) == ids


@pytest.mark.parametrize(
    "predicate",
    [
        Comparison(">", Attribute("orders", "status"), Value(1)),
        Comparison(">", Calculation("+", PLACED, Value(1)), PLACED),
        Comparison(">", Calculation("-", PLACED, PLACED), Value(0)),
    ],
)
def test_what_every_warehouse_does_otherwise_is_not_evaluated(predicate):
    query = SemanticQuery((Output(AMOUNT, "amount"),), base="orders", where=predicate)

    with pytest.raises(CannotEvaluate):
        evaluate(query, SHOP, _shop())


def test_a_total_is_one_row_and_needs_no_order():
    total = Measure("sum", "orders", AMOUNT)
    several = Comparison(">", Measure("count", "orders"), Value(1))
    query = SemanticQuery(
        (Output(total, "total"),), having=several, order_by=(Order(OutputRef("total"), is_descending=True),)
    )

    assert "ORDER BY" not in plan(query, SHOP).sql()
    assert _answers(query, _shop())[0] == [(15.0,)]


def test_the_first_of_each_group_is_taken_within_the_group():
    order = Attribute("orders", "id")
    total = Measure("sum", "orders", AMOUNT)
    query = SemanticQuery(
        (Output(COUNTRY, "country"), Output(order, "id"), Output(total, "total")),
        group_by=(COUNTRY, order),
        order_by=(Order(total, is_descending=True),),
        limit=1,
        limit_within=(COUNTRY,),
    )

    planned, evaluated = _answers(query, _shop())

    assert planned == evaluated == [("DE", 5, 5.0), ("US", 4, 4.0)]


def test_the_month_before_is_the_calendar_one_and_nothing_where_it_has_no_rows():
    tables = _shop() | {
        "orders": [
            {"id": n, "customer_id": 1, "amount": Decimal(n), "status": "paid",
             "placed_at": dt.datetime(2025, n, 3)}
            for n in (1, 2, 4, 5)
        ]
    }  # fmt: skip
    total = Measure("sum", "orders", AMOUNT)
    change = Compared("change", total, along=MONTH)
    query = SemanticQuery(
        (Output(MONTH, "month"), Output(change, "change")), group_by=(MONTH,), order_by=(Order(MONTH),)
    )

    planned, evaluated = _answers(query, tables)

    assert planned == evaluated
    assert [change for _, change in planned] == [None, 1.0, None, 1.0]


def test_groups_of_an_inner_question_may_be_shown_under_another_name():
    inner = SemanticQuery((Output(COUNTRY, "c"), Output(AMOUNT, "amount")), base="orders")
    total = Measure("sum", "", OutputRef("amount"))
    query = SemanticQuery(
        (Output(OutputRef("c"), "country"), Output(total, "total")), group_by=(OutputRef("c"),), source=inner
    )

    planned, evaluated = _answers(query, _shop())

    assert _bag(planned) == _bag(evaluated) == [("DE", 9.0), ("US", 6.0)]


def test_a_row_that_has_many_of_a_column_cannot_show_it():
    query = SemanticQuery(
        (Output(TAG, "tag"), Output(Attribute("customers", "name"), "name")), base="customers"
    )

    with pytest.raises(NoPath, match=r"a row of customers has many of tags\.tag"):
        plan(query, SHOP)


@pytest.mark.parametrize("function", ["sum", "avg", "count", "median", "stddev"])
def test_what_rows_have_many_of_is_not_added_up_over_them_though_a_group_joined_it(function):
    status = Attribute("orders", "status")
    query = SemanticQuery(
        (Output(status, "status"), Output(Measure(function, "customers", AMOUNT), "amount")),
        group_by=(status,),
    )

    with pytest.raises(NoPath, match=r"a row of customers has many of orders\.amount"):
        plan(query, SHOP)


def test_a_measures_own_time_stands_in_for_one_grouped_time_only():
    year = Attribute("customers", "joined", grain=Grain.YEAR)
    count = Measure("count", "orders", at=PLACED)
    query = SemanticQuery((Output(count, "orders"),), group_by=(MONTH, year))

    with pytest.raises(CannotPlan, match=r"different times, customers\.joined and orders\.placed_at"):
        plan(query, SHOP)


def test_a_far_column_is_not_compared_with_one_of_another_row():
    query = SemanticQuery(
        (Output(Attribute("customers", "id"), "id"),),
        base="customers",
        where=Comparison("<", TAG, Attribute("customers", "name")),
    )

    with pytest.raises(NoPath, match=r"customers has many of tags, so customers\.name is not compared"):
        plan(query, SHOP)


def test_a_time_that_no_calendar_has_is_refused():
    ages_ago = TimePoint(cut_to=Grain.YEAR, shift=-99_999_999, unit=Grain.YEAR)
    query = SemanticQuery(
        (Output(AMOUNT, "amount"),), base="orders", where=InPeriod(PLACED, ages_ago), clock=CLOCK
    )

    with pytest.raises(UsageError, match="out of the calendar"):
        plan(query, SHOP)
    first_week = InPeriod(PLACED, TimePoint(cut_to=Grain.WEEK))
    with pytest.raises(UsageError, match="out of the calendar"):
        plan(replace(query, where=first_week, clock=Clock(dt.datetime(1, 1, 1), week_start=7)), SHOP)


def test_two_ways_between_tables_are_listed_and_none_is_chosen():
    flights = Graph(
        (
            GraphTable("flights", (_column("id"), _column("origin"), _column("dest")), keys=(("id",),)),
            GraphTable("airports", (_column("code", "text"), _column("city", "text")), keys=(("code",),)),
        ),
        (
            Relationship("flights.origin", "flights", ("origin",), "airports", ("code",)),
            Relationship("flights.dest", "flights", ("dest",), "airports", ("code",)),
        ),
    )
    city = Attribute("airports", "city")
    query = SemanticQuery(
        (Output(city, "city"), Output(Measure("count", "flights"), "flights")), group_by=(city,)
    )

    with pytest.raises(NoPath, match=r"flights\.dest > airports; flights\.origin > airports"):
        plan(query, flights)
    by_origin = replace(city, via=("flights.origin",))
    chosen = SemanticQuery(
        (Output(by_origin, "city"), Output(Measure("count", "flights"), "flights")), group_by=(by_origin,)
    )
    assert "origin" in plan(chosen, flights).sql("duckdb")


def test_a_column_that_is_neither_grouped_nor_aggregated_is_refused():
    query = SemanticQuery((Output(COUNTRY, "country"), Output(Measure("count", "orders"), "n")))

    with pytest.raises(CannotPlan, match="neither grouped nor aggregated"):
        plan(query, SHOP)
