"""An answer as a chart: a line over time, else bars; what would not be readable is left out, and said."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from aidbt.cli.query_output import one_line
from aidbt.cli.render import count
from aidbt.core.errors import UsageError

MOST_BARS = 30
MOST_LINES = 6
_MISSING, _EMPTY = "(missing)", "(empty)"
_LONGEST_LABEL = 60
# Two points make no course.
_LEAST_ON_A_LINE = 3


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn.

    Attributes:
        places: the labels of the bars, or the times along a line, in order.
        series: name → one number for each place; NaN where there is none.
        is_line: whether the places are times.
        measure: the name of the numbers; "" where they are several.
        unit: of the numbers; "" where they have none or several.
        notes: what is left out.
    """

    title: str
    places_name: str
    places: tuple[Any, ...]
    series: Mapping[str, tuple[float, ...]]
    is_line: bool
    measure: str = ""
    unit: str = ""
    notes: tuple[str, ...] = ()

    @property
    def has_several_scales(self) -> bool:
        """Whether the series are measures that nothing says to be of one unit: orders and revenue."""
        return len(self.series) > 1 and not self.measure and not self.unit


@dataclass(frozen=True)
class _Answer:
    """The columns of an answer by name."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]

    def values(self, name: str) -> list[Any]:
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    def is_all(self, name: str, kinds: type | tuple[type, ...]) -> bool:
        held = [value for value in self.values(name) if value is not None]
        return bool(held) and all(isinstance(v, kinds) and not isinstance(v, bool) for v in held)

    def is_number(self, name: str) -> bool:
        """Whether a column holds numbers, one at least that has a place on a scale."""
        is_numeric = self.is_all(name, (int, float, Decimal))
        return is_numeric and not all(math.isnan(_number(value)) for value in self.values(name))


def chart_of(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    groups: Collection[str],
    title: str,
    units: Mapping[str, str] | None = None,
) -> Chart:
    """The chart of an answer.

    Args:
        groups: the columns that tell the rows apart; where there are none, those that hold no numbers.
        units: by column.

    Raises:
        UsageError: there is nothing in it that a chart could show.
    """
    answer = _Answer(columns, rows)
    numbers = [c for c in columns if c not in groups and answer.is_number(c)]
    along = [c for c in columns if c in groups] or [c for c in columns if c not in numbers]
    if not rows or not numbers or not along:
        raise _nothing_to_draw()
    times = [c for c in along if answer.is_all(c, (dt.date, dt.datetime))]
    found = {(units or {}).get(name, "") for name in numbers}
    unit = found.pop() if len(found) == 1 else ""
    if times:
        others = [c for c in along if c != times[0]]
        return replace(_lines(answer, times[0], others, numbers, title), unit=unit)
    return replace(_bars(answer, along, numbers, title), unit=unit)


def _nothing_to_draw() -> UsageError:
    return UsageError(
        "there is nothing to draw: a chart needs rows, a number, and what tells the rows apart",
        hint='ask by something, as in "orders by month"',
    )


def _lines(answer: _Answer, time: str, others: Sequence[str], numbers: Sequence[str], title: str) -> Chart:
    """Numbers along a time: one line for each, or for each of the other groups.

    Raises:
        UsageError: the rows with a number have no time.
    """
    whens = answer.values(time)
    places = tuple(sorted({when for when in whens if when is not None}, key=_as_time))
    lines: dict[str, dict[Any, float]] = {}
    measured = numbers if not others else numbers[:1]
    labels = _labels(answer, others)
    for number in measured:
        for when, label, value in zip(whens, labels, answer.values(number), strict=True):
            if when is not None:
                lines.setdefault(label or number, {})[when] = _number(value)
    lines = {name: line for name, line in lines.items() if not all(map(math.isnan, line.values()))}
    if not lines:
        raise _nothing_to_draw()
    notes = _left_out(numbers, measured) + _without_time(whens) + _endless(answer, measured)
    ranked = sorted(lines, key=lambda name: -_size(lines[name].values()))[:MOST_LINES]
    if len(ranked) < len(lines):
        notes.append(f"the {len(ranked)} largest of {len(lines):,} lines")
    shown = {name: lines[name] for name in lines if name in ranked}
    series = {name: tuple(line.get(p, math.nan) for p in places) for name, line in shown.items()}
    is_line = len(places) >= _LEAST_ON_A_LINE
    shown_places = places if is_line else tuple(map(_label, places))
    return Chart(title, time, shown_places, series, is_line, _only(measured), notes=tuple(notes))


def _bars(answer: _Answer, along: Sequence[str], numbers: Sequence[str], title: str) -> Chart:
    """A bar for each row, in their order."""
    labels = _labels(answer, along)
    notes = []
    if len(labels) > MOST_BARS:
        notes.append(f"the first {MOST_BARS} of {len(labels):,} rows")
    shown = numbers[:MOST_LINES]
    series = {name: tuple(map(_number, answer.values(name)[:MOST_BARS])) for name in shown}
    notes += _left_out(numbers, shown) + _endless(answer, shown)
    places = tuple(labels[:MOST_BARS])
    return Chart(title, ", ".join(along), places, series, False, _only(shown), notes=tuple(notes))


def _labels(answer: _Answer, columns: Sequence[str]) -> list[str]:
    """One label a row, of one or more columns; "" of none."""
    values = [answer.values(column) for column in columns]
    return [" · ".join(_label(v[row]) for v in values) for row in range(len(answer.rows))]


def _label(value: Any) -> str:
    """A value as people read it, on one line."""
    if value is None:
        return _MISSING
    if isinstance(value, bool):
        return str(value).lower()
    is_day = isinstance(value, dt.datetime) and value.time() == dt.time()
    text = str(value.date()) if is_day else str(value)
    return one_line(text, _LONGEST_LABEL) if text.strip() else _EMPTY


def _only(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ""


def _left_out(numbers: Sequence[str], shown: Sequence[str]) -> list[str]:
    return [f"without {', '.join(numbers[len(shown) :])}"] if len(shown) < len(numbers) else []


def _without_time(whens: Sequence[Any]) -> list[str]:
    missing = sum(when is None for when in whens)
    return [f"without {count(missing, 'row')} without a time"] if missing else []


def _endless(answer: _Answer, names: Sequence[str]) -> list[str]:
    """What is said of numbers that are there and have no place on a scale."""
    held = (float(value) for name in names for value in answer.values(name) if value is not None)
    found = sum(not math.isfinite(value) for value in held)
    return [f"without {found:,} that are infinite or no number"] if found else []


def _number(value: Any) -> float:
    """A number that can be drawn; NaN for none, and for what has no place on a scale."""
    number = math.nan if value is None else float(value)
    return number if math.isfinite(number) else math.nan


def _size(values: Iterable[float]) -> float:
    return sum(abs(value) for value in values if not math.isnan(value))


def _as_time(value: dt.date) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None)
    return dt.datetime.combine(value, dt.time())
