"""What compares a group with others as SQL: shares, ranks, running totals, and what was before it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from aidbt.semantic.planning.terms import Terms
from aidbt.semantic.query import Attribute, Compared, Grain, Term
from aidbt.semantic.times import moved

# Units that every dialect counts from one date to another, and how many of them a grain has.
_COUNTED = {
    Grain.SECOND: ("SECOND", 1),
    Grain.MINUTE: ("MINUTE", 1),
    Grain.HOUR: ("HOUR", 1),
    Grain.DAY: ("DAY", 1),
    Grain.WEEK: ("DAY", 7),
    Grain.MONTH: ("MONTH", 1),
    Grain.QUARTER: ("MONTH", 3),
    Grain.YEAR: ("MONTH", 12),
}
_EPOCH = "1970-01-01"
# By rows where no two groups have one time: Redshift knows nothing else, and it is the quicker one.
_UP_TO_HERE = exp.WindowSpec(
    kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW", end_side=None
)


def window_sql(compared: Compared, terms: Terms, groups: Sequence[Term]) -> exp.Expr:
    """A group beside others.

    Args:
        terms: of the groups.
        groups: what makes them. What comes before a group along a time is the same in all others of them.

    Raises:
        ValueError: a kind that follows a time is given none; or what is compared is a comparison already.
    """
    value = terms.term(compared.of)
    if value.find(exp.Window) is not None:
        raise ValueError("what is compared with other groups is a comparison with others itself")
    within = [terms.term(term) for term in compared.within]
    match compared.kind:
        case "share":
            total = exp.Window(this=exp.Sum(this=value.copy()), partition_by=within)
            return _ratio(value, total)
        case "average":
            return exp.Window(this=exp.Avg(this=value), partition_by=within)
        case "rank" | "dense_rank":
            ranked = exp.Rank() if compared.kind == "rank" else exp.DenseRank()
            first = exp.Ordered(this=value, desc=not compared.is_ascending, nulls_first=False)
            return exp.Window(this=ranked, partition_by=within, order=exp.Order(expressions=[first]))
    if compared.along is None:
        raise ValueError(f"a {compared.kind} value needs a time that orders the groups")
    if compared.kind == "running":
        order = exp.Order(expressions=[exp.Ordered(this=terms.term(compared.along))])
        is_single = set(groups) <= {compared.along, *compared.within}
        frame = _UP_TO_HERE.copy() if is_single else None
        return exp.Window(this=exp.Sum(this=value), partition_by=within, order=order, spec=frame)
    others = [terms.term(term) for term in groups if term != compared.along]
    if compared.kind == "moving_average":
        return _moving(compared, value, others, terms)
    before = _previous(compared, value.copy(), others, terms)
    if compared.kind == "previous":
        return before
    # In parentheses, since it may stand in a calculation.
    change = exp.paren(exp.Sub(this=value, expression=before))
    return change if compared.kind == "change" else _ratio(change, before.copy())


def _ratio(value: exp.Expr, whole: exp.Expr) -> exp.Expr:
    divisor = exp.Nullif(this=whole, expression=exp.Literal.number(0))
    return exp.Div(this=exp.cast(value, "double"), expression=divisor)


def _previous(compared: Compared, value: exp.Expr, others: Sequence[exp.Expr], terms: Terms) -> exp.Expr:
    """The value so many units before; of what has no unit, so many groups before."""
    along = compared.along
    assert along is not None
    time = terms.term(along)

    def lagged(of: exp.Expr) -> exp.Expr:
        lag = exp.Lag(this=of, offset=exp.Literal.number(compared.steps))
        order = exp.Order(expressions=[exp.Ordered(this=time.copy())])
        return exp.Window(this=lag, partition_by=[other.copy() for other in others], order=order)

    if not isinstance(along, Attribute) or along.grain is None:
        return lagged(value)
    if compared.steps == 1:
        # What is one unit back is the group before, or there is none. No range of values is needed for it,
        # which Redshift does not know.
        is_next_to = exp.EQ(this=lagged(time.copy()), expression=moved(time, -1, along.grain))
        return exp.Case().when(is_next_to, lagged(value))
    back = exp.Literal.number(compared.steps * _COUNTED[along.grain][1])
    # One row at most is exactly that far back, for the groups of a time are all different.
    return _ranged(exp.Max(this=value), along, others, terms, back, back.copy())


def _moving(compared: Compared, value: exp.Expr, others: Sequence[exp.Expr], terms: Terms) -> exp.Expr:
    """The mean of a group and those within so many units before it, as many as there are."""
    along = compared.along
    if not isinstance(along, Attribute) or along.grain is None:
        raise ValueError("a moving average needs times that are cut to a grain")
    back = exp.Literal.number((compared.steps - 1) * _COUNTED[along.grain][1])
    return _ranged(exp.Avg(this=value), along, others, terms, back, None)


def _ranged(
    function: exp.Expr,
    along: Attribute,
    others: Sequence[exp.Expr],
    terms: Terms,
    start: exp.Expr,
    end: exp.Expr | None,
) -> exp.Expr:
    """A function over the groups between two distances back, the latter None for the group itself."""
    assert along.grain is not None
    unit, _ = _COUNTED[along.grain]
    time = terms.term(along)
    epoch = exp.cast(exp.Literal.string(_EPOCH), "timestamp")
    # Counted in whole units, since ranges of intervals are not known to every warehouse.
    place = exp.DateDiff(this=exp.cast(time.copy(), "timestamp"), expression=epoch, unit=exp.var(unit))
    bounds = {"end": end, "end_side": "PRECEDING"} if end is not None else {"end": "CURRENT ROW"}
    window = exp.Window(
        this=function,
        partition_by=list(others),
        order=exp.Order(expressions=[exp.Ordered(this=place)]),
        spec=exp.WindowSpec(kind="RANGE", start=start, start_side="PRECEDING", **bounds),
    )
    # Groups without a time are each other's equals in such a range.
    return exp.Case().when(exp.Not(this=exp.Is(this=time, expression=exp.null())), window)
