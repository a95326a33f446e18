"""What phrases that ask for numbers mean: aggregates, groups, the first so many, numbers beside others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

from aidbt.semantic.english.meanings.phrases import Amount, Claim, Columns, Rows
from aidbt.semantic.query import Attribute, DatePart, Function, Grain, Operator, Term

T = TypeVar("T")
Shown: TypeAlias = "Rows | Columns | Amount | Number"
"""What an answer can show."""


@dataclass(frozen=True, slots=True)
class Number:
    """An aggregate, or a calculation with several.

    Attributes:
        table: whose rows it is of.
        is_settled: whether conditions that follow are no longer its own: the part of a percentage is said.
    """

    term: Term
    table: str
    is_settled: bool = False


@dataclass(frozen=True, slots=True)
class Numbers:
    """Several numbers side by side: the lowest and the highest price."""

    items: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Functions:
    """Several aggregates of one thing that follows."""

    items: tuple[Function, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """What makes a group: terms, and times cut to a grain or a part of them, of whatever is measured.

    Attributes:
        rows: those that the terms are of, with conditions on them.
        rivals: for a term what else its words may mean.
        is_per: whether it was said with "per", which makes an average of a number one of all groups.
        is_at_end: whether what there is at the end of each length of time is meant, and not within it.
    """

    terms: tuple[Attribute, ...] = ()
    rows: tuple[Rows, ...] = ()
    grains: tuple[Grain, ...] = ()
    parts: tuple[DatePart, ...] = ()
    is_per: bool = False
    rivals: tuple[tuple[Attribute, tuple[Attribute, ...]], ...] = ()
    is_at_end: bool = False

    def __or__(self, other: Group) -> Group:
        return Group(
            _union(self.terms, other.terms),
            _union(self.rows, other.rows),
            _union(self.grains, other.grains),
            _union(self.parts, other.parts),
            self.is_per or other.is_per,
            _union(self.rivals, other.rivals),
            self.is_at_end or other.is_at_end,
        )

    def __bool__(self) -> bool:
        return bool(self.terms or self.grains or self.parts)


@dataclass(frozen=True, slots=True)
class Best:
    """What has most or least of something; `rows` where it was said of what it is the best.

    Attributes:
        is_added: whether what several rows have is added up: who has the most points, not the highest score.
    """

    by: Columns | Amount | Number
    is_descending: bool
    rows: Rows | Columns | None = None
    is_added: bool = False


@dataclass(frozen=True, slots=True)
class Frequent:
    """What occurs most or least often."""

    of: Rows | Columns
    is_descending: bool


@dataclass(frozen=True, slots=True)
class Top:
    """The first so many of something, or of what is best; all of it where `limit` is None."""

    limit: int | None
    of: Rows | Columns | Frequent | Best
    is_descending: bool = True


@dataclass(frozen=True, slots=True)
class First:
    """The first so many of what is asked for in other words: "show the 10 highest"."""

    limit: int
    is_descending: bool


@dataclass(frozen=True, slots=True)
class TopColumns:
    """Columns of the first so many: the names of the top 3 restaurants."""

    columns: Columns
    top: Top


@dataclass(frozen=True, slots=True)
class Sorted:
    """The order of an answer.

    Attributes:
        by: None where that is not said.
        is_descending: None where that is not said.
        of: by what kind of thing, where nothing else is said: the newest first, the most common first.
        things: what is put in order, where that is said.
        after: what rows have alike that are put in this order: "where two share a price, sort them by name".
        said: what the number is called that it is put in order by: "the average".
    """

    by: Shown | None
    is_descending: bool | None = None
    of: Literal["", "time", "name", "frequency"] = ""
    things: Rows | None = None
    after: Shown | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Having:
    """A condition on a number of each group."""

    number: Number
    operator: Operator
    value: Term


@dataclass(frozen=True, slots=True)
class Whole:
    """What a percentage or ratio is of, whose part is not said yet."""

    kind: str
    number: Number

    @property
    def is_ratio(self) -> bool:
        """Whether it has two sides, rather than a part and a whole."""
        return self.kind in ("ratio", "between")


@dataclass(frozen=True, slots=True)
class Change:
    """Beside each number the one before it, what changed since, or the mean of it and those before.

    Attributes:
        grain: the length of time between two numbers, where that is said.
        steps: over how many of them a mean is.
    """

    kind: Literal["previous", "change", "relative_change", "moving_average"]
    grain: Grain | None = None
    steps: int = 1


@dataclass(frozen=True, slots=True)
class Ranking:
    """What is ranked.

    Attributes:
        by: None where that is said apart.
        is_ascending: whether rank 1 is the least.
        within: the groups inside of which it is ranked.
    """

    of: Rows | Columns
    by: Number | None = None
    is_ascending: bool = False
    within: Group = Group()


@dataclass(frozen=True, slots=True)
class Scoped:
    """What is asked for with the groups that belong to it: by its definition it is one of each month."""

    of: Number | TopColumns | Top
    group: Group


@dataclass(frozen=True, slots=True)
class Tail:
    """A number that was spoken of before and is asked for at the end: "and how many is that?".

    Attributes:
        kind: "many", "much", "often" or "any"; "" where the number is said.
        number: in the words of the tail; None where it has none.
        table: whose rows it has to be of, where a verb says so: "how many did they order".
        column: what it is a value of, where a verb says so: "how much does it cost".
        is_then: whether it is of a time that was named before: "in that year".
    """

    kind: str
    number: Number | None = None
    table: str = ""
    column: Attribute | None = None
    is_then: bool = False


@dataclass(frozen=True, slots=True)
class Filtered:
    """How many of the rows that were counted before a claim holds of, or how much of what was added up."""

    claim: Claim
    function: Function = "count"


@dataclass(frozen=True, slots=True)
class Nested:
    """An aggregate of a number that every group has: the average number of orders per customer."""

    function: Function
    number: Number
    group: Group = Group()


def _union(one: tuple[T, ...], two: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(dict.fromkeys((*one, *two)))
