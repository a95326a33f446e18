"""An answer as a chart: a line over time, else bars; what would not be readable is left out, and said."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from aidbt.core.errors import UsageError

MOST_BARS = 30
MOST_LINES = 6
_MISSING = "(missing)"


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
    numbers = [c for c in columns if c not in groups and answer.is_all(c, (int, float, Decimal))]
    along = [c for c in columns if c in groups] or [c for c in columns if c not in numbers]
    if not rows or not numbers or not along:
        raise UsageError(
            "there is nothing to draw: a chart needs rows, a number, and what tells the rows apart",
            hint='ask by something, as in "orders by month"',
        )
    times = [c for c in along if answer.is_all(c, (dt.date, dt.datetime))]
    found = {(units or {}).get(name, "") for name in numbers}
    unit = found.pop() if len(found) == 1 else ""
    if times:
        others = [c for c in along if c != times[0]]
        return replace(_lines(answer, times[0], others, numbers, title), unit=unit)
    return replace(_bars(answer, along, numbers, title), unit=unit)


def _lines(answer: _Answer, time: str, others: Sequence[str], numbers: Sequence[str], title: str) -> Chart:
    """Numbers along a time: one line for each, or for each of the other groups."""
    whens = answer.values(time)
    places = tuple(sorted({when for when in whens if when is not None}, key=_as_time))
    lines: dict[str, dict[Any, float]] = {}
    measured = numbers if not others else numbers[:1]
    labels = _labels(answer, others)
    for number in measured:
        for when, label, value in zip(whens, labels, answer.values(number), strict=True):
            if when is not None:
                lines.setdefault(label or number, {})[when] = _number(value)
    notes = _left_out(numbers, measured) + _without_time(whens)
    ranked = sorted(lines, key=lambda name: -_size(lines[name].values()))[:MOST_LINES]
    if len(ranked) < len(lines):
        notes.append(f"the {len(ranked)} largest of {len(lines):,} lines")
    shown = {name: lines[name] for name in lines if name in ranked}
    series = {name: tuple(line.get(p, math.nan) for p in places) for name, line in shown.items()}
    return Chart(title, time, places, series, True, _only(measured), notes=tuple(notes))


def _bars(answer: _Answer, along: Sequence[str], numbers: Sequence[str], title: str) -> Chart:
    """A bar for each row, in their order."""
    labels = _labels(answer, along)
    notes = []
    if len(labels) > MOST_BARS:
        notes.append(f"the first {MOST_BARS} of {len(labels):,} rows")
    shown = numbers[:MOST_LINES]
    series = {name: tuple(map(_number, answer.values(name)[:MOST_BARS])) for name in shown}
    notes += _left_out(numbers, shown)
    places = tuple(labels[:MOST_BARS])
    return Chart(title, ", ".join(along), places, series, False, _only(shown), notes=tuple(notes))


def _labels(answer: _Answer, columns: Sequence[str]) -> list[str]:
    """One label a row, of one or more columns; "" of none."""
    values = [answer.values(column) for column in columns]
    return [
        " · ".join(_MISSING if v[row] is None else str(v[row]) for v in values)
        for row in range(len(answer.rows))
    ]


def _only(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ""


def _left_out(numbers: Sequence[str], shown: Sequence[str]) -> list[str]:
    return [f"without {', '.join(numbers[len(shown) :])}"] if len(shown) < len(numbers) else []


def _without_time(whens: Sequence[Any]) -> list[str]:
    missing = sum(when is None for when in whens)
    return [f"without {missing:,} rows that have no time"] if missing else []


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _size(values: Iterable[float]) -> float:
    return sum(abs(value) for value in values if not math.isnan(value))


def _as_time(value: dt.date) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None)
    return dt.datetime.combine(value, dt.time())
