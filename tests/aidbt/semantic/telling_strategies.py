"""Questions of any shape about the shop of `telling_queries`; some of them are refused, none may be wrong."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Calculation,
    Case,
    Compared,
    Comparison,
    Duration,
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
    both,
)
from tests.aidbt.semantic.telling_queries import (
    AMOUNT,
    CLOCK,
    COUNTRY,
    CUSTOMER,
    DATED,
    DUE,
    JOINED,
    MONTH,
    NAME,
    ORDER,
    ORDERS,
    PAID,
    PIECES,
    PLACED,
    SHIPPED,
    STATUS,
    SUNDAYS,
    TAG,
)

MEMBER = Attribute("customers", "is_member")
_IS_PAID = Case(PAID, Value("paid"), Value("else"))
_TIMES = [
    *(replace(PLACED, grain=grain) for grain in (Grain.DAY, Grain.WEEK, Grain.QUARTER, Grain.YEAR)),
    MONTH,
    replace(DUE, grain=Grain.MONTH),
]
_GROUPS = [
    COUNTRY, MONTH, STATUS, CUSTOMER, TAG, _IS_PAID, replace(PLACED, part="quarter"), Length(NAME), MEMBER,
    JOINED, replace(JOINED, grain=Grain.YEAR), Length(TAG),
]  # fmt: skip

predicates = st.recursive(
    st.sampled_from(
        [
            PAID,
            DATED,
            Comparison(">", AMOUNT, Value(1)),
            Comparison("<>", STATUS, Value("open")),
            Comparison(">", Duration(PLACED, SHIPPED, Grain.HOUR), Value(1)),
            Missing(PIECES),
            OneOf(COUNTRY, (Value("DE"),)),
            OneOf(TAG, (Value("x"),)),
            Matches(NAME, "contains", "o"),
            InPeriod(PLACED, TimePoint(shift=-30)),
            InPeriod(DUE, None, TimePoint(cut_to=Grain.MONTH)),
            Exists("tags"),
            Exists("tags", operator="<", count=2),
            Extreme(AMOUNT, "max"),
        ]
    ),
    lambda inner: st.one_of(
        inner.map(Not), st.tuples(inner, inner).map(All), st.tuples(inner, inner).map(AnyOf)
    ),
    max_leaves=3,
)
measures = st.one_of(
    st.builds(
        Measure,
        st.sampled_from(["sum", "avg", "min", "max", "median", "stddev", "count_distinct", "count"]),
        st.just("orders"),
        st.sampled_from([AMOUNT, PIECES, Duration(PLACED, SHIPPED, Grain.DAY)]),
        st.none() | predicates,
        st.sampled_from([None, None, SHIPPED]),
    ),
    st.builds(Measure, st.just("count"), st.just("orders"), st.none(), st.none() | predicates),
    st.sampled_from([Measure("count", "customers"), Measure("avg", "customers", Length(NAME))]),
)
values = st.one_of(
    measures,
    st.builds(Calculation, st.sampled_from("+-*/"), measures, measures),
    st.builds(Compared, st.sampled_from(["share", "rank", "dense_rank", "average"]), measures),
)
row_terms = st.sampled_from(
    [
        AMOUNT, STATUS, COUNTRY, NAME, MONTH, JOINED, MEMBER, replace(DUE, part="month"),
        Duration(PLACED, SHIPPED, Grain.HOUR), Calculation("/", AMOUNT, PIECES),
        Calculation("*", AMOUNT, PIECES), Case(PAID, AMOUNT, Value(0)),
    ]
)  # fmt: skip
havings = st.sampled_from(
    [None, None, Comparison(">", ORDERS, Value(1)), Comparison(">=", OutputRef("v0"), Value(1))]
)


@st.composite
def grouped(draw: st.DrawFn) -> SemanticQuery:
    along = draw(st.none() | st.sampled_from(_TIMES))
    groups = draw(st.lists(st.sampled_from(_GROUPS), max_size=2, unique=True))
    found = draw(st.lists(values, min_size=1, max_size=2))
    where = draw(st.none() | predicates)
    if along is not None:
        groups = [along, *(group for group in groups if group != along)][:2]
        kind = st.sampled_from(["running", "previous", "change", "relative_change", "moving_average"])
        within = st.sampled_from([(), tuple(groups[1:])])
        found += [draw(st.builds(Compared, kind, measures, st.just(along), within, st.integers(1, 3)))]
        where = both(Not(Missing(replace(along, grain=None))), where)
    outputs = [Output(term, f"g{n}") for n, term in enumerate(groups)]
    outputs += [Output(term, f"v{n}") for n, term in enumerate(found)]
    is_ordered = draw(st.booleans())
    order = (Order(OutputRef("v0"), draw(st.booleans())), *map(Order, groups)) if is_ordered else ()
    limit = draw(st.sampled_from([None, 1, 2])) if order else None
    return SemanticQuery(
        tuple(outputs),
        group_by=tuple(groups),
        where=where,
        base=draw(st.sampled_from(["", "", "orders", "customers"])),
        having=draw(havings),
        order_by=order,
        limit=limit,
        limit_within=tuple(groups[:1]) if limit and draw(st.booleans()) else (),
        has_ties=limit is not None and draw(st.booleans()),
        at_most=draw(st.sampled_from([None, 1, 3])) if limit else None,
        clock=draw(st.sampled_from([CLOCK, SUNDAYS])),
    )


@st.composite
def listed(draw: st.DrawFn) -> SemanticQuery:
    is_distinct = draw(st.booleans())
    terms = draw(st.lists(row_terms, min_size=1, max_size=3, unique=True))
    terms = terms if is_distinct else [ORDER, *terms]
    outputs = tuple(Output(term, f"c{n}") for n, term in enumerate(terms))
    orders = tuple(Order(OutputRef(output.name), draw(st.booleans())) for output in reversed(outputs))
    order = orders if draw(st.booleans()) else ()
    limit = draw(st.sampled_from([None, 2])) if order else None
    return SemanticQuery(
        outputs,
        base="orders",
        where=draw(st.none() | predicates),
        distinct=is_distinct,
        order_by=order,
        limit=limit,
        has_ties=limit is not None and not is_distinct and draw(st.booleans()),
        clock=CLOCK,
    )


@st.composite
def of_a_question(draw: st.DrawFn) -> SemanticQuery:
    """A question about the answer to another one."""
    inner = draw(grouped())
    names = [output.name for output in inner.outputs]
    value = OutputRef(names[-1])
    if draw(st.booleans()):
        outputs = tuple(Output(OutputRef(name), name.upper()) for name in names)
        return SemanticQuery(outputs, where=Comparison(">", value, Value(0)), source=inner, clock=CLOCK)
    group = OutputRef(names[0])
    function = draw(st.sampled_from(["sum", "avg", "max", "count", "median"]))
    large = Measure("count", "", None, Comparison(">", value, Value(1)))
    outputs = (Output(group, "a"), Output(Measure(function, "", value), "b"), Output(large, "c"))
    return SemanticQuery(outputs, group_by=(group,), source=inner, clock=CLOCK)


queries = st.one_of(grouped(), listed(), of_a_question())
