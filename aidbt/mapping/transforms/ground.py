"""What both sides of a mapping hold, and which of their rows are the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import takewhile
from typing import Any, TypeVar

from aidbt.core.schema import Column, ColumnMatch, Relation, TableProfile
from aidbt.core.types import Family, type_family
from aidbt.mapping.transforms.numbers import FALSE_WORDS, TRUE_WORDS, read_number
from aidbt.mapping.transforms.times import iso_date, iso_timestamp
from aidbt.mapping.transforms.value import Row
from aidbt.warehouse.words import singular_word, words_of

_T = TypeVar("_T")

# Of each side: what a proposal is tried on.
MOST_ROWS = 2000
# Rows that both sides must share before a column of theirs is taken for one key.
MIN_ALIGNED = 8
_SHARED = 0.3
RELATED = 0.5
_SPECIFIC = 6
_LONGEST_PREFIX = 12
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
# Words that say how a value is written or what kind it is, not what it is about.
_PLAIN_WORDS = frozenset(
    "at on in is has the of col column field value val id key code cd flag txt text str num nbr no".split()
)


@dataclass(frozen=True)
class Side:
    """The columns of one side with what they are seen to hold.

    Attributes:
        rows: texts by column name; a name that is missing is null.
    """

    columns: tuple[Column, ...]
    rows: Sequence[Row] = ()
    profile: TableProfile | None = None
    _seen: dict[tuple[str, ...], Any] = field(default_factory=dict, repr=False)

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    def values(self, name: str) -> tuple[str, ...]:
        """The values of a column's rows that are not null, as many times as they occur."""
        return self._once(
            ("values", name), lambda: tuple(v for row in self.rows if (v := row.get(name)) is not None)
        )

    def value_set(self, name: str) -> frozenset[str]:
        """The distinct values of a column: of its rows, else those that are declared or that the profile
        keeps.
        """
        return self._once(("set", name), lambda: self._value_set(name))

    def _value_set(self, name: str) -> frozenset[str]:
        figures = self.profile.column(name) if self.profile else None
        profiled = tuple(value for value, _ in figures.top_values) if figures else ()
        return frozenset(self.values(name) or self.by_name[name].values or profiled)

    def canonical_set(self, name: str, family: Family) -> frozenset[str]:
        """The distinct values of a column, each written in the one way of a type."""
        return self._once(
            ("canonical", name, family),
            lambda: frozenset(canonical(value, family) for value in self.value_set(name)),
        )

    def quantiles(self, name: str) -> tuple[float, ...]:
        """The quantiles of a column's numbers, as in a profile; empty where it has none, or too few."""
        return self._once(
            ("quantiles", name), lambda: quantiles_of(self.values(name)) or self._profiled_quantiles(name)
        )

    def _profiled_quantiles(self, name: str) -> tuple[float, ...]:
        figures = self.profile.column(name) if self.profile else None
        return figures.quantiles if figures and len(figures.quantiles) == len(_QUANTILES) else ()

    def prefix(self, name: str) -> str:
        """What every value of a column begins with, as far as it has no digits and is short; "" for fewer
        than three different values, and for personal data, none of which may be written down.
        """
        if self.is_pii(name):
            return ""
        return self._once(("prefix", name), lambda: _shared_prefix(self.value_set(name)))

    def is_pii(self, name: str) -> bool:
        """Whether the profile takes a column for personal data: then no expression and no evidence may hold
        any of its values.
        """
        figures = self.profile.column(name) if self.profile else None
        return bool(figures and figures.pii)

    def _once(self, key: tuple[str, ...], make: Callable[[], _T]) -> _T:
        if key not in self._seen:
            self._seen[key] = make()
        found: _T = self._seen[key]
        return found


@dataclass(frozen=True)
class Ground:
    """What proposals are made and judged on.

    Attributes:
        pairs: rows of the source and of the target that are the same, one to one.
        key: what they are the same by, in words.
        matched: (source, target) columns that were found to match one to one.
    """

    source: Side
    target: Side
    dialect: str
    pairs: tuple[tuple[Row, Row], ...] = ()
    key: str = ""
    matched: frozenset[tuple[str, str]] = frozenset()
    _wanted: dict[str, list[tuple[Row, str]]] = field(default_factory=dict, repr=False)

    def wanted(self, target: str) -> list[tuple[Row, str]]:
        """The source's rows whose row of the target has a value, with that value."""
        if target not in self._wanted:
            rows = ((s, t.get(target)) for s, t in self.pairs)
            self._wanted[target] = [(row, want) for row, want in rows if want is not None]
        return self._wanted[target]

    @classmethod
    def of(
        cls,
        source: Relation,
        target: Sequence[Column],
        matches: Sequence[ColumnMatch],
        *,
        dialect: str,
        profiles: tuple[TableProfile | None, TableProfile | None],
        source_rows: Sequence[Row],
        target_rows: Sequence[Row],
        key: tuple[str, str] | None = None,
    ) -> Ground:
        """The ground of one table and one target.

        Args:
            key: the columns of both sides that tell which rows are the same; None looks for them.
        """
        left = Side(source.columns, source_rows[:MOST_ROWS], profiles[0])
        right = Side(tuple(target), target_rows[:MOST_ROWS], profiles[1])
        scores = {(m.source, m.target): m.score for m in matches if m.source}
        found = _joined(left, right, *key) if key is not None else ((), "")
        pairs, by = found if len(found[0]) >= MIN_ALIGNED else _aligned(left, right, scores)
        return cls(left, right, dialect, pairs, by, frozenset(scores))


def quantiles_of(values: Sequence[str]) -> tuple[float, ...]:
    """The values at 0.05, 0.25, 0.5, 0.75 and 0.95 of the texts that are numbers (the nearest ranks); empty
    for fewer than ten, or where a tenth of the texts are none.
    """
    numbers = sorted(float(found) for value in values if (found := read_number(value)) is not None)
    if len(numbers) < 10 or len(numbers) < 0.9 * len(values):
        return ()
    return tuple(numbers[round(place * (len(numbers) - 1))] for place in _QUANTILES)


def _shared_prefix(values: frozenset[str]) -> str:
    if len(values) < 3:
        return ""
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*values, strict=False))
    shared = "".join(letters[0] for letters in alike)
    return shared.rstrip("0123456789") if len(shared) <= _LONGEST_PREFIX else ""


def canonical(value: str, family: Family) -> str:
    """The one way to write a value of a type, so that equal values are equal texts."""
    if family in ("integer", "number"):
        found = read_number(value)
        return value if found is None else f"{round(found, 6).normalize():f}"
    if family == "date":
        return iso_date(value) or value
    if family == "timestamp":
        return iso_timestamp(value) or value
    if family == "time":
        found_at = iso_timestamp(f"2000-01-01 {value}")
        return found_at.split(" ")[1] if found_at else value
    if family == "boolean":
        folded = value.strip().lower()
        return "true" if folded in TRUE_WORDS else "false" if folded in FALSE_WORDS else folded
    return value


def is_equal(found: str, wanted: str, family: Family) -> bool:
    """Whether a value is the wanted one; a number as far as the wanted one is written."""
    if family not in ("integer", "number"):
        return canonical(found, family) == canonical(wanted, family)
    a, b = read_number(found), read_number(wanted)
    if a is None or b is None:
        return found == wanted
    places = max(-int(b.as_tuple().exponent), 0)
    return abs(float(a) - float(b)) <= 0.5001 * 10.0**-places + 1e-9 * abs(float(b))


@lru_cache(maxsize=10_000)
def stems(name: str) -> tuple[str, ...]:
    """The words of a name in the singular, without those that say nothing about what it is; all of them where
    nothing else is left.
    """
    words = tuple(singular_word(word) for word in words_of(name))
    return tuple(word for word in words if word not in _PLAIN_WORDS and not word.isdigit()) or words


def related(left: Sequence[str], right: Sequence[str]) -> float:
    """How much of two lists of words is the same or shortened, 0..1 (the Dice coefficient).

    Example:
        >>> related(("temp", "outside"), ("temperature",))
        0.6666666666666666
    """
    if not left or not right:
        return 0.0
    found_left = sum(any(is_short_for(a, b) for b in right) for a in left)
    found_right = sum(any(is_short_for(a, b) for a in left) for b in right)
    return (found_left + found_right) / (len(left) + len(right))


def is_short_for(a: str, b: str) -> bool:
    """Whether two words are the same, or one is the beginning or a contraction of the other."""
    short, long = sorted((a, b), key=len)
    if short == long:
        return True
    if len(short) < 3 or short[0] != long[0]:
        return False
    letters = iter(long)
    return long.startswith(short) or (len(long) >= len(short) + 2 and all(c in letters for c in short))


def _aligned(
    source: Side, target: Side, scores: Dict[tuple[str, str], float]
) -> tuple[tuple[tuple[Row, Row], ...], str]:
    """The rows that are the same by the best key that both sides share; none where there is no such key.

    Whole numbers tell rows apart in every table, so they count only where the names agree too.
    """
    keys = {name: _key_values(target, name) for name in target.by_name}
    best: tuple[float, str, str] | None = None
    for left in source.by_name:
        own = _key_values(source, left)
        for right, others in keys.items():
            common = len(own.keys() & others.keys())
            if common < max(MIN_ALIGNED, _SHARED * min(len(own), len(others))):
                continue
            likeness = max(scores.get((left, right), 0.0), related(stems(left), stems(right)))
            if likeness < RELATED and not _is_specific(list(own)):
                continue
            if best is None or (common + likeness) > best[0]:
                best = common + likeness, left, right
    return ((), "") if best is None else _joined(source, target, best[1], best[2])


def _joined(source: Side, target: Side, left: str, right: str) -> tuple[tuple[tuple[Row, Row], ...], str]:
    """The rows with the same value of two keys, and the keys in words."""
    own, others = _by_value(source, left), _by_value(target, right)
    pairs = tuple((own[value], others[value]) for value in own if value in others)
    return pairs, left if left == right else f"{left} = {right}"


def _by_value(side: Side, name: str) -> dict[str, Row]:
    """The row of each value of a column."""
    return {value: row for row in side.rows if (value := row.get(name)) is not None}


def _key_values(side: Side, name: str) -> dict[str, Row]:
    """The row of each value of a column; empty where a value occurs twice, or it is no key by its type."""
    family = type_family(side.by_name[name].data_type)
    if family in ("number", "boolean", "date", "timestamp", "time"):
        return {}
    found = _by_value(side, name)
    return found if len(found) == len(side.values(name)) >= MIN_ALIGNED else {}


def _is_specific(values: Sequence[str]) -> bool:
    """Whether the same values in two tables can hardly be chance."""
    lettered = sum(bool(re.search(r"[^\W\d]", value)) for value in values)
    return lettered > len(values) / 2 and sum(map(len, values)) / len(values) >= _SPECIFIC
