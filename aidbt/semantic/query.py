"""What a person asked of their data, before it is SQL: terms, predicates, and the query made of them.

English, YAML and language models all emit this one form; `planner` makes a sqlglot tree of it. It says
*what* is asked, never how it is joined: a measure is an aggregate over the rows of one table, whatever else
the query groups or filters by, so that a join can never multiply what is added up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Literal, TypeAlias


class Grain(StrEnum):
    """What a time is cut to, from fine to coarse."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


DatePart = Literal["hour", "day", "day_of_week", "day_of_year", "week", "month", "quarter", "year"]
"""A number in a time; `day_of_week` is ISO's: 1 is Monday, 7 is Sunday."""

Function = Literal["count", "count_distinct", "sum", "avg", "min", "max", "median", "stddev"]
Operator = Literal["=", "<>", "<", "<=", ">", ">="]
Arithmetic = Literal["+", "-", "*", "/"]


@dataclass(frozen=True, slots=True)
class Clock:
    """The time a question is asked at, and how weeks are counted.

    Attributes:
        now: without a time zone: the wall clock of the data. None: the warehouse's own clock at the time of
            the query, as a model needs it.
        week_start: 1 is Monday, 7 is Sunday.
    """

    now: dt.datetime | None = None
    week_start: int = 1


@dataclass(frozen=True, slots=True)
class TimePoint:
    """A point in time, absolute or seen from the clock: the start of a period, so many units on or back.

    Attributes:
        at: an absolute time, which the rest moves; None for the clock's.
        cut_to: the grain whose start is meant, e.g. MONTH for the first of the month; None: the time itself.
        shift: how many units later (negative: earlier), applied after the cut.
        unit: the unit of `shift`.

    Example:
        >>> TimePoint(cut_to=Grain.MONTH, shift=-1, unit=Grain.MONTH)  # the start of last month
        TimePoint(at=None, cut_to=<Grain.MONTH: 'month'>, shift=-1, unit=<Grain.MONTH: 'month'>)
    """

    at: dt.datetime | None = None
    cut_to: Grain | None = Grain.DAY
    shift: int = 0
    unit: Grain = Grain.DAY


# --- terms: one value per row, or per group -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attribute:
    """A column, seen from the rows that are asked about.

    Attributes:
        table: the table's name in the graph.
        via: names of relationships that the way to the table has to take, where there is more than one way;
            order does not matter.
        grain: what a time is cut to.
        part: the number in a time that is meant.
    """

    table: str
    column: str
    via: tuple[str, ...] = ()
    grain: Grain | None = None
    part: DatePart | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """A constant: text, number, truth, date or time; None is NULL."""

    value: str | int | float | bool | dt.date | dt.datetime | None


@dataclass(frozen=True, slots=True)
class Calculation:
    """Two terms calculated with; division by zero is NULL, and of whole numbers is no whole number."""

    operator: Arithmetic
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Duration:
    """The time from one term to another, in a unit; negative when `end` is earlier.

    Of months, quarters and years it is how many began; more or less than a whole number of them is told by
    the day: of the 31st of January and the 1st of March it is more than a month, and not as much as two.

    Attributes:
        is_whole: whether only whole numbers count (of 36 hours 1 or 2 days, not 1.5): of weeks the sevens
            of days, of other units how often a new one began.
    """

    start: Term
    end: Term
    unit: Grain
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Length:
    """The number of characters of a text."""

    of: Term


@dataclass(frozen=True, slots=True)
class Case:
    """`then` where `when` holds, else `otherwise`."""

    when: Predicate
    then: Term
    otherwise: Term


@dataclass(frozen=True, slots=True)
class Measure:
    """An aggregate over rows of one table, each of which counts once per group.

    Attributes:
        table: whose rows; "" those of the query's `source`.
        of: what of each row; None counts the rows.
        where: only rows of which this holds.
        at: the time among the table's that decides where the row stands in a group by time; None where the
            group says it.
    """

    function: Function
    table: str
    of: Term | None = None
    where: Predicate | None = None
    at: Attribute | None = None


@dataclass(frozen=True, slots=True)
class MetricRef:
    """A metric of the project's semantic layer, by name."""

    name: str


@dataclass(frozen=True, slots=True)
class OutputRef:
    """An output of the same query, by name: in `having`, `order_by`, `rank`; or of `source`."""

    name: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A measure of a group beside others.

    Attributes:
        kind: "previous" value, "change" since it, "relative_change" (0.1 is 10 % more), "share" of all
            groups, their "average", "running" total, "moving_average", "rank" (1 is the greatest),
            "dense_rank".
        of: what is compared.
        along: the grouped time that orders groups, for what came before, running totals and moving averages.
        within: the grouped terms inside of which it is compared; () is all groups. What came before, and a
            moving average, are always of the same in all groups but the time.
        steps: how many units of the grouped time the previous one is back, and NULL where no group has that
            time; where the time is not cut to a grain, how many groups. How many units a moving average is
            over, its own among them: those that there are.
        is_ascending: whether rank 1 is the least.
    """

    kind: Literal[
        "previous",
        "change",
        "relative_change",
        "share",
        "average",
        "running",
        "moving_average",
        "rank",
        "dense_rank",
    ]
    of: Term
    along: Term | None = None
    within: tuple[Term, ...] = ()
    steps: int = 1
    is_ascending: bool = False


Term: TypeAlias = (
    "Attribute | Value | Calculation | Duration | Length | Case | Measure | MetricRef | OutputRef | Compared"
)


# --- predicates ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two terms compared; False where one is NULL."""

    operator: Operator
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class OneOf:
    """A term is one of several values.

    Attributes:
        ignores_case: compares text whatever its case.
    """

    term: Term
    values: tuple[Value, ...]
    ignores_case: bool = False


@dataclass(frozen=True, slots=True)
class Matches:
    """A text begins with, ends with, contains, or is another one.

    Attributes:
        text: literally; wildcards of SQL mean nothing in it.
    """

    term: Term
    how: Literal["starts", "ends", "contains", "is"]
    text: str
    ignores_case: bool = True


@dataclass(frozen=True, slots=True)
class Missing:
    """A term is NULL."""

    term: Term


@dataclass(frozen=True, slots=True)
class InPeriod:
    """A time is at or after `start` and before `end`; None is without a bound."""

    term: Term
    start: TimePoint | None = None
    end: TimePoint | None = None


@dataclass(frozen=True, slots=True)
class Exists:
    """There are related rows.

    Attributes:
        table: the table whose rows they are.
        via: as of an `Attribute`.
        where: only those of which this holds, seen from `table`.
        operator, count: how many there have to be; by default one at least.
    """

    table: str
    via: tuple[str, ...] = ()
    where: Predicate | None = None
    operator: Operator = ">="
    count: int = 1


@dataclass(frozen=True, slots=True)
class Extreme:
    """A term is the greatest or the least of its table, among rows of which `where` holds; ties all count.

    With another operator it is compared with the greatest, the least, the mean or the median.

    Attributes:
        operator: how the term compares with it: above the average is ">".
    """

    term: Attribute
    function: Literal["min", "max", "avg", "median"]
    where: Predicate | None = None
    operator: Operator = "="


@dataclass(frozen=True, slots=True)
class Not:
    """The predicate does not hold; of a missing value neither it nor its opposite does, as in SQL."""

    predicate: Predicate


@dataclass(frozen=True, slots=True)
class All:
    """Every one of them holds; those on a table of which a row has many hold of the same one of these."""

    predicates: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of them holds."""

    predicates: tuple[Predicate, ...]


Predicate: TypeAlias = (
    "Comparison | OneOf | Matches | Missing | InPeriod | Exists | Extreme | Not | All | AnyOf"
)


# --- the query ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Output:
    """A column of the answer.

    Attributes:
        name: unique in its query.
        is_shown: False where it only orders or filters.
    """

    term: Term
    name: str
    is_shown: bool = True


@dataclass(frozen=True, slots=True)
class Order:
    """What an answer is ordered by; missing values come last."""

    term: Term
    is_descending: bool = False


@dataclass(frozen=True, slots=True)
class SemanticQuery:
    """A question. With a measure it has one row per group, else one row per row of `base`.

    A group is there when a row is in it of which `where` holds, and the conditions that all measures of its
    table share: of a ratio of two measures the group in which only the lower one has rows is 0.

    Attributes:
        outputs: the columns of the answer, in order; grouped terms among them.
        base: the table whose rows are listed, or whose rows each make a group, also those without any row of
            a measure; "" where the measures' own rows decide.
        group_by: what makes a group besides; each is shown when it is among the outputs.
        where: of the listed rows, or of the rows of every measure.
        having: of the groups; may refer to outputs and hold measures.
        limit: the number of rows, or of rows in each of `limit_within`.
        limit_within: terms of the groups inside of which `limit` counts; () is the whole answer.
        has_ties: whether rows equal to the last one within the limit are in the answer too.
        at_most: the number of rows of the whole answer, whatever `limit` lets through.
        distinct: whether equal rows are one.
        source: the query whose rows take the place of a table: its outputs are `OutputRef`s here.
        clock: what relative times are seen from.
    """

    outputs: tuple[Output, ...]
    base: str = ""
    group_by: tuple[Term, ...] = ()
    where: Predicate | None = None
    having: Predicate | None = None
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    limit_within: tuple[Term, ...] = ()
    has_ties: bool = False
    at_most: int | None = None
    distinct: bool = False
    source: SemanticQuery | None = None
    clock: Clock = Clock()


def parts(node: Any) -> Iterator[Any]:
    """A term, predicate or query and all that it is made of, outside first; a `source` is not entered.

    Example:
        >>> [type(part).__name__ for part in parts(Missing(Attribute("orders", "paid_at")))]
        ['Missing', 'Attribute']
    """
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple):
            waiting.extend(reversed(part))
        elif (names := _inner_names(part.__class__)) is not None:
            yield part
            waiting.extend(getattr(part, name) for name in names)


@cache
def _inner_names(kind: type) -> tuple[str, ...] | None:
    """What a term, predicate or query is made of, the last first; None for a plain value."""
    if not is_dataclass(kind):
        return None
    return tuple(field.name for field in reversed(fields(kind)) if field.name != "source")


def queries_in(query: SemanticQuery | None) -> Iterator[SemanticQuery]:
    """A query and those whose rows it takes, outside first."""
    while query is not None:
        yield query
        query = query.source


def source_names(query: SemanticQuery) -> set[str]:
    """The names that mean columns of a query's source, which come before the query's own outputs."""
    return {output.name for output in query.source.outputs if output.is_shown} if query.source else set()


def attributes(node: Any) -> list[Attribute]:
    """The columns that a term, predicate or query reads, in order, each once."""
    return list(dict.fromkeys(part for part in parts(node) if isinstance(part, Attribute)))


def measures(node: Any) -> list[Measure]:
    """The measures in a term, predicate or query, in order, each once."""
    return list(dict.fromkeys(part for part in parts(node) if isinstance(part, Measure)))


def conjuncts(*predicates: Predicate | None) -> tuple[Predicate, ...]:
    """The conditions that all have to hold for some to hold: those of an `All`, and of one within it.

    Example:
        >>> paid, sent = Missing(Attribute("orders", "paid_at")), Missing(Attribute("orders", "sent_at"))
        >>> conjuncts(All((paid, sent)), None) == (paid, sent)
        True
    """
    return tuple(
        part
        for predicate in predicates
        if predicate is not None
        for part in (conjuncts(*predicate.predicates) if isinstance(predicate, All) else (predicate,))
    )


def both(*predicates: Predicate | None) -> Predicate | None:
    """All of them in one, flat; None where there is none."""
    flat: list[Predicate] = []
    for predicate in predicates:
        flat += predicate.predicates if isinstance(predicate, All) else [predicate] if predicate else []
    unique = list(dict.fromkeys(flat))
    return All(tuple(unique)) if len(unique) > 1 else unique[0] if unique else None
