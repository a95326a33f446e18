"""What a comparison of two builds of one model found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

RowGroup = Literal["all rows", "rows without a key", "rows of repeated keys"]

_Z = 1.959964  # the normal quantile of a 95 % interval


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many.

    Attributes:
        count, of: as they were counted; of a sample, counts of the sample.
        is_sample: whether they were counted in a sample of the keys.
    """

    count: int
    of: int
    is_sample: bool = False

    @property
    def rate(self) -> float:
        """0..1; 0 of nothing."""
        return self.count / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Where the rate of all rows lies (0..1): the rate itself where all were counted, else Wilson's 95 %
        score interval (E. B. Wilson, "Probable inference", 1927), which holds for few and for no rows too.
        """
        if not self.is_sample:
            return self.rate, self.rate
        if not self.of:
            return 0.0, 1.0
        n, p = self.of, self.rate
        center = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        half = _Z / (1 + _Z**2 / n) * math.sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
        return max(center - half, 0.0), min(center + half, 1.0)


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys that stand on one side only, or whose rows differ.

    Attributes:
        share: added keys of those of head, removed ones of those of base, changed ones of those of both.
        examples: the first and the last of them in the order of their text, cut where they are long; parts
            that are personal data are masked. Empty where nothing but personal data is left.
    """

    share: Share
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Retyped:
    """A column whose type differs.

    Attributes:
        base, head: the types as the warehouse writes them.
        compared_as: the type in which both sides were compared; "" when they were not.
    """

    name: str
    base: str
    head: str
    compared_as: str


@dataclass(frozen=True, slots=True)
class SchemaDiff:
    """How the columns differ, by the names of head.

    Attributes:
        added, removed: columns that one side has, with their types.
        respelled: columns whose name is written otherwise where case makes no difference, as (base, head).
        is_reordered: whether the columns of both sides stand in another order.
    """

    added: tuple[tuple[str, str], ...] = ()
    removed: tuple[tuple[str, str], ...] = ()
    retyped: tuple[Retyped, ...] = ()
    respelled: tuple[tuple[str, str], ...] = ()
    is_reordered: bool = False

    @property
    def is_same(self) -> bool:
        return not (self.added or self.removed or self.retyped or self.respelled or self.is_reordered)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one column holds on one side.

    Attributes:
        rows: how many were looked at.
        nulls: of them.
        distinct: approximate, as good as the warehouse's own sketch; None of types that have none.
        minimum, maximum: as text, of numbers, dates and timestamps; None of others and of personal data.
        total: the sum of a number, as precise as a double; None of others and of personal data.
    """

    rows: int
    nulls: int
    distinct: int | None = None
    minimum: str | None = None
    maximum: str | None = None
    total: float | None = None


@dataclass(frozen=True, slots=True)
class ColumnDiff:
    """A column whose values differ.

    Attributes:
        changed: keys of both sides whose value differs; None where rows were not compared by key.
        filled: of them, from null to a value.
        emptied: of them, from a value to null.
        respaced: of them, a text that differs in case or white space only.
        raised, lowered: of them, a number that is larger, or smaller, than before; null, NaN and infinity are
            neither.
        mean_move, largest_move: of the numbers that differ, head minus base on average, and the largest
            distance; None without any, and of personal data.
        shift_s: the seconds by which every time that differs has moved, when it is the same for all of them
            (a whole number of quarters of an hour speaks for a time zone).
        examples: keys, as in `Keys`.
        base, head: what the column holds on each side; None where that was not asked.
    """

    name: str
    changed: Share | None
    filled: int = 0
    emptied: int = 0
    respaced: int = 0
    raised: int = 0
    lowered: int = 0
    mean_move: float | None = None
    largest_move: float | None = None
    shift_s: float | None = None
    examples: tuple[str, ...] = ()
    base: Figures | None = None
    head: Figures | None = None


@dataclass(frozen=True, slots=True)
class RowsDiff:
    """Rows that were compared as whole rows, each as often as it occurs, since no key tells them apart.

    Attributes:
        base, head: how many there are.
        only_base, only_head: how many of them the other side lacks. A changed row is one of each.
        keys: of repeated keys, how many there are on (base, head).
    """

    group: RowGroup
    base: int
    head: int
    only_base: int
    only_head: int
    keys: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class DataDiff:
    """How the data of a model differs between two builds of it.

    Attributes:
        base, head: the relations, as text.
        base_rows, head_rows: all rows, exact, also where the rest is from a sample.
        keys: the columns that rows were matched by; () when they were not.
        why_no_keys: why not, in a clause; "" when they were.
        one_in: rows of one key in so many were compared; 1 for all of them.
        added, removed, changed: None where rows were not compared by key. Keys that are null or repeated on
            a side are in none of them; `rows` has those.
        rows: what was compared as whole rows, where anything was.
        columns: those that differ, the most changed first, then those that one side lacks. Without keys,
            those whose figures differ.
        not_compared: (column, why) of those left out, but for those that were to be ignored.
        tolerance: how far floating-point numbers may be apart, relative to their size.
    """

    base: str
    head: str
    base_rows: int
    head_rows: int
    schema: SchemaDiff
    keys: tuple[str, ...] = ()
    why_no_keys: str = ""
    one_in: int = 1
    added: Keys | None = None
    removed: Keys | None = None
    changed: Keys | None = None
    rows: tuple[RowsDiff, ...] = ()
    columns: tuple[ColumnDiff, ...] = ()
    not_compared: tuple[tuple[str, str], ...] = ()
    tolerance: float = 0.0

    @property
    def is_same(self) -> bool:
        """Whether nothing was found to differ; `not_compared` and `one_in` say how much that covers."""
        keyed = any(
            keys is not None and keys.share.count for keys in (self.added, self.removed, self.changed)
        )
        unkeyed = any(rows.only_base or rows.only_head for rows in self.rows)
        return self.schema.is_same and self.base_rows == self.head_rows and not keyed and not unkeyed
