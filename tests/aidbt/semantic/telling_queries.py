"""A shop whose rows hold what engines differ in, and a query for every construct of the intermediate form.

Each engine has to give for each of them what plain Python gives.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from aidbt.semantic.graph import Graph, GraphColumn, GraphTable, Kind, Relationship
from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Calculation,
    Case,
    Clock,
    Compared,
    Comparison,
    DatePart,
    Duration,
    Exists,
    Extreme,
    Function,
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
    Predicate,
    SemanticQuery,
    Term,
    TimePoint,
    Value,
)

Tables = dict[str, list[dict[str, Any]]]

COLUMNS: dict[str, dict[str, Kind]] = {
    "customers": {"id": "number", "name": "text", "country": "text", "joined": "date", "is_member": "bool"},
    "orders": {
        "id": "number", "customer_id": "number", "amount": "number", "weight": "number", "pieces": "number",
        "status": "text", "due": "date", "placed_at": "time", "shipped_at": "time",
    },
    "tags": {"id": "number", "tag": "text"},
    "order_tags": {"order_id": "number", "tag_id": "number"},
    "Größe": {"select": "number", "länge in cm": "number", "O'Hara \"x\"": "text"},
}  # fmt: skip
# DuckDB's types, which PostgreSQL and Spark read too but for text.
TYPES: dict[str, dict[str, str]] = {
    "customers": {
        "id": "integer", "name": "varchar(40)", "country": "varchar(40)", "joined": "date",
        "is_member": "boolean",
    },
    "orders": {
        "id": "integer", "customer_id": "integer", "amount": "decimal(10, 2)", "weight": "double precision",
        "pieces": "integer", "status": "varchar(40)", "due": "date", "placed_at": "timestamp",
        "shipped_at": "timestamp",
    },
    "tags": {"id": "integer", "tag": "varchar(40)"},
    "order_tags": {"order_id": "integer", "tag_id": "integer"},
    "Größe": {"select": "integer", "länge in cm": "integer", "O'Hara \"x\"": "varchar(40)"},
}  # fmt: skip
KEYS = {"order_tags": ("order_id", "tag_id"), "Größe": ("select",)}
SHOP = Graph(
    tuple(
        GraphTable(
            name,
            tuple(GraphColumn(column, kind) for column, kind in columns.items()),
            keys=(KEYS.get(name, ("id",)),),
        )
        for name, columns in COLUMNS.items()
    ),
    (
        Relationship("orders.customer_id", "orders", ("customer_id",), "customers", ("id",)),
        Relationship("order_tags.order_id", "order_tags", ("order_id",), "orders", ("id",)),
        Relationship("order_tags.tag_id", "order_tags", ("tag_id",), "tags", ("id",)),
    ),
)


def _time(month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, *, year: int = 2025) -> Any:
    return dt.datetime(year, month, day, hour, minute, second)


def _rows(names: Sequence[str], *rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in rows]


ROWS: Tables = {
    "customers": _rows(
        list(COLUMNS["customers"]),
        (1, "Ann", "US", dt.date(2025, 6, 1), True),
        (2, "bob_50%", "DE", dt.date(2024, 12, 31), False),
        (3, "a\\b", None, None, None),
        (4, "O'Hara!", "DE", dt.date(2025, 6, 15), True),
        (5, "Ånn", "us", dt.date(2025, 3, 31), False),
    ),
    "orders": _rows(
        list(COLUMNS["orders"]),
        (1, 1, Decimal("10.25"), 1.5, 3, "paid", dt.date(2025, 6, 20), _time(6, 15, 9), _time(6, 16, 8, 30)),
        (2, 1, Decimal("7.00"), None, 7, "PAID", dt.date(2025, 6, 1), _time(6, 1), _time(6, 1, 0, 0, 59)),
        (3, 2, Decimal("-2.50"), 0.25, 0, "open", None, _time(5, 31, 23, 59, 59), _time(6, 1, 0, 0, 1)),
        (4, 2, None, 2.0, None, None, dt.date(2025, 5, 16), _time(5, 16, 12), None),
        (5, 4, Decimal("0.10"), 0.5, 1, "open", dt.date(2025, 1, 1), _time(12, 29, 1, year=2024), None),
        (6, None, Decimal("0.20"), 0.5, 2, "paid", dt.date(2025, 6, 8), _time(6, 8, 18), _time(6, 30)),
        (7, 4, Decimal("99.99"), 4.0, 9, "paid", dt.date(2024, 2, 29), _time(2, 29, 4, year=2024), None),
        (8, 5, Decimal("10.25"), 1.0, 4, "paid", dt.date(2025, 6, 9), None, _time(6, 9)),
    ),
    "tags": _rows(["id", "tag"], (1, "x"), (2, "y"), (3, None)),
    "order_tags": _rows(["order_id", "tag_id"], (1, 1), (1, 2), (2, 1), (3, 2), (3, 3), (7, 1)),
    "Größe": _rows(list(COLUMNS["Größe"]), (1, 170, "it's"), (2, None, 'a "b"'), (3, 180, None)),
}

CLOCK = Clock(_time(6, 15, 12))
SUNDAYS = Clock(_time(6, 15, 12), week_start=7)
COUNTRY = Attribute("customers", "country")
NAME = Attribute("customers", "name")
JOINED = Attribute("customers", "joined")
CUSTOMER = Attribute("customers", "id")
ORDER = Attribute("orders", "id")
AMOUNT = Attribute("orders", "amount")
STATUS = Attribute("orders", "status")
DUE = Attribute("orders", "due")
PLACED = Attribute("orders", "placed_at")
SHIPPED = Attribute("orders", "shipped_at")
MONTH = replace(PLACED, grain=Grain.MONTH)
TAG = Attribute("tags", "tag")
PIECES = Attribute("orders", "pieces")
TOTAL = Measure("sum", "orders", AMOUNT)
ORDERS = Measure("count", "orders")
PEOPLE = Measure("count", "customers")
PAID = OneOf(STATUS, (Value("paid"),), ignores_case=True)
DATED = Not(Missing(PLACED))


def _grouped(groups: Sequence[Term], *values: Term, **more: Any) -> SemanticQuery:
    outputs = [Output(term, f"g{n}") for n, term in enumerate(groups)]
    outputs += [Output(term, f"v{n}") for n, term in enumerate(values)]
    return SemanticQuery(tuple(outputs), group_by=tuple(groups), **{"clock": CLOCK, **more})


def _listed(*terms: Term, base: str = "orders", **more: Any) -> SemanticQuery:
    outputs = tuple(Output(term, f"c{n}") for n, term in enumerate(terms))
    return SemanticQuery(outputs, base=base, **{"clock": CLOCK, **more})


def _orders_where(predicate: Predicate) -> SemanticQuery:
    return _listed(ORDER, where=predicate)


def _people_where(predicate: Predicate) -> SemanticQuery:
    return _listed(CUSTOMER, base="customers", where=predicate)


def _aggregated(function: Function, of: Term) -> SemanticQuery:
    return _grouped([STATUS], Measure(function, "orders", of))


def _beside(kind: Any, **more: Any) -> SemanticQuery:
    along = {"along": MONTH} if kind not in ("share", "average", "rank", "dense_rank") else {}
    return _grouped([MONTH], TOTAL, Compared(kind, TOTAL, **along, **more), where=DATED)


def _parts() -> dict[str, SemanticQuery]:
    found = {}
    part: DatePart
    for part in ("hour", "day", "day_of_week", "day_of_year", "week", "month", "quarter", "year"):
        terms = (ORDER, replace(PLACED, part=part), replace(DUE, part=part))
        found[f"part {part}"] = _listed(*terms)
    return found


def _grains() -> dict[str, SemanticQuery]:
    terms = {g: (ORDER, replace(PLACED, grain=g), replace(DUE, grain=g)) for g in Grain}
    found = {f"grain {grain}": _listed(*terms[grain]) for grain in Grain}
    return found | {"grain week from sunday": _listed(*terms[Grain.WEEK], clock=SUNDAYS)}


def _durations() -> dict[str, SemanticQuery]:
    found = {}
    for unit in Grain:
        whole = [
            Duration(start, end, unit, is_whole=True) for start, end in ((PLACED, SHIPPED), (DUE, PLACED))
        ]
        found[f"duration in whole {unit}s"] = _listed(ORDER, *whole)
    for unit in (Grain.SECOND, Grain.HOUR, Grain.DAY):
        found[f"duration in {unit}s"] = _listed(
            ORDER, Duration(PLACED, SHIPPED, unit), Duration(DUE, PLACED, unit)
        )
    return found


def _periods() -> dict[str, SemanticQuery]:
    last_month = (TimePoint(cut_to=Grain.MONTH, shift=-1, unit=Grain.MONTH), TimePoint(cut_to=Grain.MONTH))
    return {
        "last month": _orders_where(InPeriod(PLACED, *last_month)),
        "due last month": _orders_where(InPeriod(DUE, *last_month)),
        "the past 30 days": _orders_where(InPeriod(PLACED, TimePoint(shift=-30), TimePoint(shift=1))),
        "since a time of day": _orders_where(InPeriod(DUE, TimePoint(at=_time(6, 8, 18), cut_to=None))),
        "before this quarter": _orders_where(InPeriod(PLACED, None, TimePoint(cut_to=Grain.QUARTER))),
        "this week from sunday": _listed(
            ORDER, where=InPeriod(PLACED, TimePoint(cut_to=Grain.WEEK)), clock=SUNDAYS
        ),
    }


def _matches() -> dict[str, SemanticQuery]:
    texts = ("50%", "_50", "\\", "'", "!", "nn", "ÅNN")
    found = {f"contains {text}": _people_where(Matches(NAME, "contains", text)) for text in texts}
    return found | {
        "starts with": _people_where(Matches(NAME, "starts", "a", ignores_case=False)),
        "ends with a wildcard": _people_where(Matches(NAME, "ends", "%")),
        "is whatever its case": _people_where(Matches(COUNTRY, "is", "us")),
        "is exactly": _people_where(Matches(COUNTRY, "is", "us", ignores_case=False)),
    }


QUERIES: dict[str, SemanticQuery] = {
    **_parts(),
    **_grains(),
    **_durations(),
    **_periods(),
    **_matches(),
    **{
        f"{function} of a decimal": _aggregated(function, AMOUNT)
        for function in ("count", "count_distinct", "sum", "avg", "min", "max", "median", "stddev")
    },
    "avg and median of whole numbers": _grouped(
        [STATUS], Measure("avg", "orders", PIECES), Measure("median", "orders", PIECES)
    ),
    "median of nothing": _grouped([], Measure("median", "orders", PIECES), where=OneOf(ORDER, (Value(4),))),
    "a condition on far rows, their way said": _people_where(
        OneOf(replace(STATUS, via=("orders.customer_id",)), (Value("paid"),))
    ),
    "different rows with ties": _listed(
        STATUS, distinct=True, order_by=(Order(OutputRef("c0"), True),), limit=2, has_ties=True
    ),
    "different rows within each": _listed(
        STATUS,
        COUNTRY,
        distinct=True,
        order_by=(Order(STATUS, True), Order(COUNTRY)),
        limit=2,
        limit_within=(COUNTRY,),
    ),
    "the first rows of those within each": _listed(
        ORDER,
        COUNTRY,
        order_by=(Order(COUNTRY), Order(ORDER, True)),
        limit=2,
        limit_within=(COUNTRY,),
        at_most=3,
    ),
    "the first rows of ties": _listed(
        ORDER, order_by=(Order(AMOUNT, True), Order(ORDER)), limit=2, has_ties=True, at_most=1
    ),
    "far rows compared with the own one": _people_where(Comparison(">", PLACED, JOINED)),
    "measures with conditions": _grouped(
        [MONTH],
        Measure("sum", "orders", AMOUNT, PAID),
        Measure("count", "orders", None, Exists("tags")),
        Measure("count", "orders", None, Not(PAID)),
    ),
    "a ratio of whole numbers": _grouped(
        [COUNTRY], Calculation("/", Measure("count", "orders", None, PAID), ORDERS)
    ),
    "division by zero": _listed(ORDER, Calculation("/", PIECES, Calculation("-", PIECES, PIECES))),
    "division of whole numbers": _listed(ORDER, Calculation("/", PIECES, Value(2))),
    "arithmetic": _listed(
        ORDER,
        Calculation("*", Calculation("+", AMOUNT, Value(1)), Calculation("-", PIECES, Value(-2))),
        Calculation("/", Value(1), Calculation("*", PIECES, PIECES)),
    ),
    "case": _listed(ORDER, Case(PAID, AMOUNT, Value(0)), Case(Missing(AMOUNT), Value("none"), STATUS)),
    "length": _listed(CUSTOMER, Length(NAME), base="customers"),
    "truth": _people_where(Comparison("=", Attribute("customers", "is_member"), Value(True))),
    "not true": _people_where(Not(OneOf(Attribute("customers", "is_member"), (Value(True),)))),
    "constants": _listed(ORDER, Value("it's \\ %"), Value(None), Value(1.5), Value(dt.date(2025, 1, 1))),
    "one of, whatever the case": _orders_where(
        OneOf(STATUS, (Value("Paid"), Value("OPEN")), ignores_case=True)
    ),
    "not one of": _orders_where(Not(OneOf(STATUS, (Value("paid"), Value("open"))))),
    "a date before a time": _orders_where(Comparison("<", DUE, Value(_time(6, 8, 18)))),
    "a time on a date": _orders_where(Comparison(">=", PLACED, Value(dt.date(2025, 6, 1)))),
    "columns of two tables compared": _orders_where(Comparison(">", PLACED, JOINED)),
    "any of, all of": _orders_where(AnyOf((All((PAID, Comparison(">", AMOUNT, Value(5)))), Missing(STATUS)))),
    "without any": _people_where(Exists("orders", operator="=", count=0)),
    "at least two": _people_where(Exists("orders", operator=">=", count=2)),
    "fewer than two of a far table": _orders_where(
        Exists("tags", where=OneOf(TAG, (Value("x"),)), operator="<", count=1)
    ),
    "exists or not": _orders_where(AnyOf((Exists("tags"), Not(Exists("customers"))))),
    "the greatest": _orders_where(Extreme(AMOUNT, "max")),
    "the least of some": _orders_where(Extreme(AMOUNT, "min", PAID)),
    "above the average": _orders_where(Extreme(AMOUNT, "avg", operator=">")),
    "above the median": _orders_where(Extreme(PIECES, "median", operator=">")),
    "groups of two tables": _grouped([COUNTRY], TOTAL, PEOPLE),
    "groups of three measures": _grouped(
        [COUNTRY], TOTAL, PEOPLE, Measure("avg", "tags", Length(TAG)), where=None
    ),
    "months of two times": _grouped(
        [MONTH], Measure("count", "orders", at=PLACED), Measure("count", "orders", at=SHIPPED)
    ),
    "months of a date and a time": _grouped(
        [replace(DUE, grain=Grain.MONTH)],
        Measure("count", "orders", at=DUE),
        Measure("count", "orders", at=SHIPPED),
    ),
    "numbers of two tables": _grouped(
        [CUSTOMER], ORDERS, Measure("count", "customers", None, Not(Missing(JOINED)))
    ),
    "truths of two tables": _grouped([Attribute("customers", "is_member")], ORDERS, PEOPLE),
    "two measures without groups": _grouped([], TOTAL, PEOPLE),
    "an order once per tag": _grouped([TAG], TOTAL, ORDERS, Measure("avg", "orders", PIECES)),
    "customers without orders": _grouped([CUSTOMER], ORDERS, TOTAL, base="customers"),
    "share": _beside("share"),
    "average of groups": _beside("average"),
    "rank": _beside("rank", is_ascending=True),
    "dense rank": _beside("dense_rank"),
    "running total": _beside("running"),
    "moving average": _beside("moving_average", steps=3),
    "previous": _beside("previous"),
    "change": _beside("change", steps=12),
    "relative change": _beside("relative_change"),
    "twice the change": _grouped(
        [MONTH], Calculation("*", Value(2), Compared("change", TOTAL, along=MONTH)), where=DATED
    ),
    "share within": _grouped(
        [COUNTRY, STATUS], ORDERS, Compared("share", ORDERS, within=(COUNTRY,)), Compared("rank", TOTAL)
    ),
    "running within": _grouped(
        [MONTH, COUNTRY], TOTAL, Compared("running", TOTAL, along=MONTH, within=(COUNTRY,)), where=DATED
    ),
    "having": _grouped([COUNTRY], TOTAL, having=Comparison(">=", ORDERS, Value(2))),
    "having an output": _grouped([STATUS], TOTAL, having=Comparison(">", OutputRef("v0"), Value(5))),
    "having in order": _grouped(
        [MONTH], TOTAL, having=Comparison(">", ORDERS, Value(1)), order_by=(Order(TOTAL, True), Order(MONTH))
    ),
    "having in an order that is not shown": _grouped(
        [STATUS],
        TOTAL,
        having=Comparison(">", ORDERS, Value(1)),
        order_by=(Order(Measure("max", "orders", PIECES), is_descending=True),),
    ),
    "of one tag and of all": _grouped(
        [Length(TAG)],
        Measure("sum", "orders", AMOUNT, OneOf(TAG, (Value("x"),))),
        Measure("count", "orders", STATUS, OneOf(TAG, (Value("y"),))),
        Measure("min", "orders", NAME, OneOf(TAG, (Value("y"),))),
        Measure("count_distinct", "orders", STATUS),
        TOTAL,
    ),
    "nulls last": _listed(ORDER, AMOUNT, order_by=(Order(AMOUNT), Order(ORDER, is_descending=True))),
    "nulls last from the greatest": _listed(ORDER, AMOUNT, order_by=(Order(AMOUNT, True), Order(ORDER))),
    "the first three": _listed(ORDER, order_by=(Order(AMOUNT, is_descending=True), Order(ORDER)), limit=3),
    "the first with ties": _listed(
        ORDER, order_by=(Order(AMOUNT, is_descending=True),), limit=2, has_ties=True
    ),
    "the first of each": _grouped(
        [COUNTRY, ORDER], TOTAL, order_by=(Order(TOTAL, True), Order(ORDER)), limit=1, limit_within=(COUNTRY,)
    ),
    "distinct": _listed(COUNTRY, distinct=True, order_by=(Order(COUNTRY),)),
    "two stages": SemanticQuery(
        (
            Output(Measure("avg", "", OutputRef("v0")), "mean"),
            Output(Measure("median", "", OutputRef("v0")), "middle"),
        ),
        source=_grouped([CUSTOMER], ORDERS),
        clock=CLOCK,
    ),
    "rows of an inner question": SemanticQuery(
        (Output(OutputRef("g0"), "month"), Output(OutputRef("v1"), "before")),
        where=Comparison(">", OutputRef("v0"), Value(1)),
        source=_beside("previous"),
        order_by=(Order(OutputRef("g0"), is_descending=True),),
        clock=CLOCK,
    ),
    "odd names": SemanticQuery(
        (
            Output(Attribute("Größe", 'O\'Hara "x"'), 'wie "groß"?'),
            Output(Measure("max", "Größe", Attribute("Größe", "länge in cm")), "größte länge"),
            Output(Compared("rank", Measure("max", "Größe", Attribute("Größe", "länge in cm"))), "select"),
        ),
        group_by=(Attribute("Größe", 'O\'Hara "x"'),),
        clock=CLOCK,
    ),
    "groups alone": _grouped([COUNTRY, STATUS], base="orders"),
    "groups of a case": _grouped([Case(PAID, Value("yes"), Value("no"))], ORDERS),
    "groups of a part": _grouped([replace(PLACED, part="day_of_week"), replace(DUE, part="quarter")], TOTAL),
    "groups of a length": _grouped([Length(NAME)], PEOPLE),
    "mean and median of durations": _grouped(
        [STATUS],
        Measure("avg", "orders", Duration(PLACED, SHIPPED, Grain.HOUR)),
        Measure("median", "orders", Duration(DUE, PLACED, Grain.DAY, is_whole=True)),
    ),
    "sum of a case": _grouped([COUNTRY], Measure("sum", "orders", Case(PAID, PIECES, Value(0)))),
    "different names": _grouped([], Measure("count_distinct", "customers", COUNTRY)),
    "the first and the last time": _grouped(
        [STATUS], Measure("min", "orders", DUE), Measure("max", "orders", SHIPPED)
    ),
    "longer than": _orders_where(Comparison(">", Duration(PLACED, SHIPPED, Grain.HOUR), Value(10))),
    "one of some dates": _orders_where(OneOf(DUE, (Value(dt.date(2025, 6, 1)), Value(dt.date(2024, 2, 29))))),
    "not in a period": _orders_where(Not(InPeriod(PLACED, TimePoint(cut_to=Grain.YEAR)))),
    "in the month of the latest": _orders_where(Extreme(MONTH, "max")),
    "base with a condition": _grouped(
        [COUNTRY], ORDERS, base="customers", where=Not(Missing(Attribute("customers", "joined")))
    ),
}


def plain(rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Rows whose values compare across engines: dates as times, all numbers as floats."""

    def value(found: Any) -> Any:
        if isinstance(found, dt.datetime):
            return found.replace(tzinfo=None)
        if isinstance(found, dt.date):
            return dt.datetime(found.year, found.month, found.day)
        if isinstance(found, bool) or not isinstance(found, int | float | Decimal):
            return found
        return round(float(found), 6)

    return [tuple(value(each) for each in row) for row in rows]


def bag(rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Rows in an order of their own."""
    return sorted(plain(rows), key=repr)
