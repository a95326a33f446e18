"""What the phrases of a question mean, before they are a query: rows, columns, and what holds of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from aidbt.core.words import singular_words
from aidbt.semantic.english.words.periods import Period
from aidbt.semantic.query import Attribute, DatePart, Grain, Operator, Predicate, Term

Found: TypeAlias = Iterable[tuple[str, Hashable, float]]
"""What a rule gives: category, meaning and cost of a longer phrase."""
Texts: TypeAlias = tuple[str, ...]
"""Texts that any of is meant."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table.

    Attributes:
        where: as seen from the table.
        time: the column that was named as saying when they happened: "employees hired".
    """

    table: str
    where: Predicate | None = None
    time: Attribute | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns, the rows whose they are when that was said, and what else the same words may mean.

    Attributes:
        alike: what else the words of a single column may mean.
        others: all that the words of several columns may mean.
    """

    terms: tuple[Attribute, ...]
    rows: Rows | None = None
    alike: tuple[Attribute, ...] = ()
    others: tuple[Attribute, ...] = field(default=(), compare=False)

    def namesakes(self, term: Attribute) -> tuple[Attribute, ...]:
        """What else one of several columns may be, by the last word of its name: the city of whom."""
        noun = singular_words(term.column)[-1:]
        return tuple(o for o in self.others if o != term and singular_words(o.column)[-1:] == noun)


@dataclass(frozen=True, slots=True)
class Amount:
    """What is worked out of each row of a table, such as the time between two of its dates."""

    table: str
    term: Term
    rows: Rows | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """A predicate on rows of a table.

    Attributes:
        is_each: of values joined by "and": each of them has to be there, where there are many rows.
        is_other: whether it is said of something else than the rows' own name: "managed by Ada".
        is_own: whether it is said of rows themselves, or of what they refer to, as verbs of time are:
            customers whose salesperson was hired in 2024 are no "customers hired in 2024".
    """

    table: str
    predicate: Predicate
    is_each: bool = False
    is_other: bool = False
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """Being related to rows of another table, so many of them.

    Attributes:
        is_plain: whether nothing is said of their number, so that of rows with one of them it holds.
        is_act: whether a verb of the table itself says so ("ordered"), so that it may lie far away.
        is_all: whether all of them are meant, also those of which there is nothing else: "for all customers".
        by: the table of what was done, where its rows alone relate them: "ordered from 2 categories".
    """

    rows: Rows
    operator: Operator = ">="
    count: int = 1
    is_plain: bool = True
    is_act: bool = False
    is_all: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True)
class Claims:
    """Several claims of the same rows: all of them hold, or any."""

    parts: tuple[Claim, ...]
    is_any: bool = False


@dataclass(frozen=True, slots=True)
class Opposite:
    """A claim that does not hold."""

    of: Claim


@dataclass(frozen=True, slots=True)
class Recurring:
    """Days of the week, ISO's numbers: "on weekends"; or months of the year: "in the month of March"."""

    days: tuple[int, ...]
    part: DatePart = "day_of_week"


Claim: TypeAlias = "Condition | Link | Claims | Opposite | Period | Recurring"
"""What may be said of rows, before it is known of which."""


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison with a number, whose left side comes before it: "more than 5".

    Attributes:
        unit: what the number is in, such as "minutes"; "" where that is not said.
    """

    operator: Operator
    value: int | float
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Against:
    """A comparison with columns, or so many times one: "after the required date", "above twice the cost"."""

    operator: Operator
    columns: Columns
    factor: float = 1


@dataclass(frozen=True, slots=True)
class Scaled:
    """So many times a column: "twice the unit cost"."""

    factor: float
    columns: Columns


@dataclass(frozen=True, slots=True)
class Range:
    """Several comparisons of the same left side: "between 2 and 5", "below 2 or above 5"."""

    parts: tuple[Compare, ...]
    is_any: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time."""

    count: int | float
    unit: Grain


@dataclass(frozen=True, slots=True)
class Role:
    """What one row is to another: the manager of an employee, who is an employee."""

    relationship: str
