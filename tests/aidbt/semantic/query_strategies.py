"""Queries over a small shop, for properties that hold of every one of them."""

from __future__ import annotations

import datetime as dt
from typing import Any, get_args

from hypothesis import strategies as st

from aidbt.semantic.graph import Graph, GraphColumn, GraphTable, Kind, Relationship
from aidbt.semantic.query import (
    All,
    AnyOf,
    Arithmetic,
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
)
from aidbt.semantic.query_json.form import ALL_FUNCTIONS, COMPARED


def _table(name: str, columns: dict[str, Kind], **more: Any) -> GraphTable:
    return GraphTable(name, tuple(GraphColumn(column, kind) for column, kind in columns.items()), **more)


SHOP = Graph(
    (
        _table("customers", {"id": "number", "name": "text", "country": "text", "joined": "date"}),
        _table(
            "orders",
            {"id": "number", "amount": "number", "status": "text", "placed_at": "time", "shipped_at": "time"},
            time="placed_at",
        ),
        _table("raw.visits", {"id": "number", "page.url": "text", "at": "time"}),
    ),
    (
        Relationship("orders.buyer_id", "orders", ("buyer_id",), "customers", ("id",)),
        Relationship("orders.payer_id", "orders", ("payer_id",), "customers", ("id",)),
    ),
)
METRICS = ("revenue", "order_count")
CLOCK = Clock(dt.datetime(2025, 6, 15, 12))

COLUMNS = [(table.name, column.name) for table in SHOP.tables for column in table.columns]
times = st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2030, 1, 1)).map(lambda t: t.replace(microsecond=0))
grains = st.sampled_from(list(Grain))
constants = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.dates(),
    times,
)
values = constants.map(Value)
plain_attributes = st.sampled_from(COLUMNS).map(lambda names: Attribute(*names))
attributes = (
    st.builds(
        Attribute,
        table=st.just("customers"),
        column=st.sampled_from(["country", "joined"]),
        via=st.sampled_from([(), ("orders.buyer_id",), ("orders.payer_id",)]),
        grain=st.none() | grains,
        part=st.none() | st.sampled_from(get_args(DatePart)),
    )
    | plain_attributes
)
points = st.builds(
    TimePoint,
    at=st.none() | times,
    cut_to=st.none() | grains,
    shift=st.integers(-400, 400),
    unit=grains,
)
tables = st.sampled_from([table.name for table in SHOP.tables])


def _longer_predicates(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Not, inner),
        st.builds(All, several),
        st.builds(AnyOf, several),
        st.builds(
            Exists,
            tables,
            where=st.none() | inner,
            operator=st.sampled_from(get_args(Operator)),
            count=st.integers(0, 9),
        ),
        st.builds(
            Extreme,
            plain_attributes,
            st.sampled_from(ALL_FUNCTIONS),
            st.none() | inner,
            st.sampled_from(get_args(Operator)),
        ),
    )


def _longer_terms(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.builds(Calculation, st.sampled_from(get_args(Arithmetic)), inner, inner),
        st.builds(Duration, inner, inner, grains, st.booleans()),
        st.builds(Length, inner),
    )


row_terms = st.recursive(attributes | values, _longer_terms, max_leaves=3)
known_values = values.filter(lambda value: value.value is not None)
known_terms = row_terms.filter(lambda term: term != Value(None))
simple_predicates = st.one_of(
    st.builds(Comparison, st.sampled_from(get_args(Operator)), known_terms, known_terms),
    st.builds(OneOf, row_terms, st.lists(known_values, min_size=1, max_size=3).map(tuple), st.booleans()),
    st.builds(
        Matches,
        row_terms,
        st.sampled_from(("starts", "ends", "contains", "is")),
        st.text(max_size=8),
        st.booleans(),
    ),
    st.builds(Missing, row_terms),
    st.builds(InPeriod, attributes, st.none() | points, points),
    st.builds(InPeriod, attributes, points),
)
predicates = st.recursive(simple_predicates, _longer_predicates, max_leaves=4)
measures = st.one_of(
    st.builds(Measure, st.just("count"), tables, where=st.none() | predicates),
    st.builds(
        Measure,
        st.sampled_from(get_args(Function)),
        tables,
        row_terms,
        st.none() | predicates,
        st.none() | attributes,
    ),
)
cases = st.builds(Case, predicates, row_terms, row_terms)
numbers = measures | st.builds(Calculation, st.just("/"), measures, measures)
compared = st.builds(
    Compared,
    st.sampled_from(COMPARED),
    numbers,
    st.none() | attributes,
    st.lists(attributes, max_size=2).map(tuple),
    st.integers(1, 12),
    st.booleans(),
)
terms = st.one_of(attributes, cases, numbers, compared, st.sampled_from(METRICS).map(MetricRef), row_terms)
names = st.text(min_size=1, max_size=8).filter(lambda name: name.strip())
clocks = st.builds(Clock, st.none() | times, st.integers(1, 7))


@st.composite
def queries(draw: st.DrawFn, *, with_source: bool = True) -> SemanticQuery:
    """A query of any shape; whether it can be planned is another matter."""
    found = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    outputs = tuple(Output(draw(terms), name, draw(st.booleans())) for name in found)
    orders = st.builds(Order, st.sampled_from(found).map(OutputRef) | terms, st.booleans())
    source = draw(st.none() | queries(with_source=False)) if with_source else None
    return SemanticQuery(
        outputs,
        base=draw(st.just("") | tables),
        group_by=draw(st.lists(attributes, max_size=2).map(tuple)),
        where=draw(st.none() | predicates),
        having=draw(st.none() | predicates),
        order_by=draw(st.lists(orders, max_size=2).map(tuple)),
        limit=draw(st.none() | st.integers(1, 100)),
        limit_within=draw(st.lists(attributes, max_size=1).map(tuple)),
        at_most=draw(st.none() | st.integers(1, 9)),
        has_ties=draw(st.booleans()),
        distinct=draw(st.booleans()),
        source=source,
        clock=draw(clocks),
    )
