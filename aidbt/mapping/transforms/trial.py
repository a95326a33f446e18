"""What a transform makes of the source's own rows, told in numbers and without any value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aidbt.core.types import Family
from aidbt.mapping.transforms.numbers import FALSE_WORDS, TRUE_WORDS, read_number
from aidbt.mapping.transforms.times import iso_date, iso_timestamp
from aidbt.mapping.transforms.value import Row, Value


@dataclass(frozen=True, slots=True)
class Trial:
    """What came out of a transform that was run on rows.

    Attributes:
        family: the type that its values should have.
        rows: how many it was run on.
        filled: those in which any of its columns has a value.
        given: those for which it gives a value.
        read: those whose value reads as the type; a text always does.
        lengths: of the shortest and the longest value in characters; (0, 0) without any.
    """

    family: Family
    rows: int
    filled: int
    given: int
    read: int
    lengths: tuple[int, int]

    def sentence(self) -> str:
        """The trial in words.

        Example:
            >>> Trial("date", 100, 98, 90, 90, (10, 10)).sentence()
            'run on 100 rows of the source it gives 90 values, all of them a date, and 10 nulls, 8 of them \
where its columns have values'
        """
        nulls, lost = self.rows - self.given, self.filled - self.given
        where = f", {lost:,} of them where its columns have values" if lost > 0 else ""
        return (
            f"run on {_count(self.rows, 'row')} of the source it gives {_count(self.given, 'value')}"
            f"{self._form()} and {_count(nulls, 'null')}{where}"
        )

    def _form(self) -> str:
        if not self.given:
            return ""
        if self.family in ("text", "other"):
            low, high = self.lengths
            return f" of {low:,} characters" if low == high else f" of {low:,} to {high:,} characters"
        share = "all" if self.read == self.given else f"{self.read:,}"
        return f", {share} of them {_NAMES[self.family]},"


def tried(value: Value, rows: Sequence[Row], family: Family) -> Trial:
    """What a value gives for rows of its own side.

    Args:
        family: of the target, or of the value where the target declares none.
    """
    filled = sum(any(row.get(name) is not None for name in value.columns) for row in rows)
    given = [found for row in rows if (found := value.of(row)) is not None]
    is_read = _READS.get(family)
    read = len(given) if is_read is None else sum(map(is_read, given))
    lengths = [len(found) for found in given] or [0]
    return Trial(family, len(rows), filled, len(given), read, (min(lengths), max(lengths)))


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def _is_whole(text: str) -> bool:
    found = read_number(text)
    return found is not None and found == found.to_integral_value()


_READS: dict[Family, Callable[[str], bool]] = {
    "integer": _is_whole,
    "number": lambda text: read_number(text) is not None,
    "date": lambda text: iso_date(text) is not None,
    "timestamp": lambda text: iso_timestamp(text) is not None,
    "time": lambda text: iso_timestamp(f"2000-01-01 {text}") is not None,
    "boolean": lambda text: text.strip().lower() in TRUE_WORDS | FALSE_WORDS,
}
_NAMES: dict[Family, str] = {
    "integer": "a whole number",
    "number": "a number",
    "date": "a date",
    "timestamp": "a timestamp",
    "time": "a time of day",
    "boolean": "true or false",
}
