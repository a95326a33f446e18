"""Whether what came since fills a column as it was filled: in as many rows, of that size, sign and time."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from sqlglot import exp

from aidbt.core.healing import Checked, Claim
from aidbt.core.table_state import ColumnState
from aidbt.core.types import is_same_type, type_family
from aidbt.healing.evidence.table_changes import is_mark
from aidbt.healing.remedies.source_values import SourceNow
from aidbt.healing.remedies.value_figures import Size, size_of
from aidbt.sql.reads import Instead

_FEW_NULLS, _NULLER = 3, 0.5  # rows that came without a value; by how much their share may be larger
_FEW_ROWS, _OUT_OF_SCALE = 20, 10.0  # rows; times the largest, or of the smallest, there was
_FEW_CAME, _ALIKE, _TURNED = 8, 5.0, 0.5  # rows; times the usual size; share of the numbers below zero
_MOST_TIMES = 4  # columns that may say what is new
_BEYOND = timedelta(days=366)  # and as long again as all times then
_NUMBERS = ("integer", "number")


def goes_on(now: SourceNow, column: str, instead: Instead, data_type: str) -> Claim:
    """That what came since fills a column as it was filled: a copy that nobody writes any more has the values
    of then too, and so has a column that is loaded in another unit since.

    Args:
        instead: what is read in the column's place, which gives values of `data_type`.
    """

    def check() -> Checked:
        was, there = now.then.column(column), size_of(now, instead, data_type)
        if was is None:
            return Checked(False, "it is gone")
        came, without = now.now.rows - now.then.rows, there.nulls - was.nulls
        share = was.nulls / max(now.then.rows, 1)
        # Where rows are purged, too, how many came is not known: what chance makes of so many nulls.
        most = max(_FEW_NULLS - 1, (share + _NULLER) * came, 3 * math.sqrt(was.nulls))
        if without > most:
            of = f"of the {came:,} rows that came" if came >= without else "rows more"
            return Checked(
                False, f"{without:,} {of} have no value; {was.nulls:,} of {now.then.rows:,} had none"
            )
        is_key = now.then.keyed is not None and column in now.then.keyed.key
        if not is_key and now.then.rows >= _FEW_ROWS and is_beyond(was, there):
            lie, lay = f"{there.minimum} and {there.maximum}", f"{was.minimum} and {was.maximum}"
            return Checked(False, f"they lie between {lie}, and lay between {lay}")
        problem = "" if is_key else _other_size(now, instead, data_type)
        return Checked(not problem, problem or "as it was filled, as far as that can be seen")

    what = instead.form.format(*instead.columns)
    return Claim(f"what came since fills {what} as {column} was filled", check)


def is_beyond(was: ColumnState, there: Size) -> bool:
    """Whether numbers, or times, are far beyond the ends that they had, as in another unit."""
    if {type_family(was.data_type)} <= set(_NUMBERS):
        ends = (was.minimum, was.maximum, there.minimum, there.maximum)
        if not all(ends):
            return False
        low_then, high_then, low, high = (float(end or 0) for end in ends)
        return high > _OUT_OF_SCALE * high_then > 0 or 0 < low < low_then / _OUT_OF_SCALE
    if type_family(was.data_type) not in ("timestamp", "date"):
        return False
    times = [_time(end) for end in (was.minimum, was.maximum, there.minimum, there.maximum)]
    if None in times:
        return False
    first_then, last_then, first, last = (time for time in times if time is not None)
    far = last_then - first_then + _BEYOND
    return first_then - first > far or last - last_then > far


def _time(text: str | None) -> datetime | None:
    """A time as warehouses write it, without its zone."""
    try:
        return datetime.fromisoformat(text or "").replace(tzinfo=None)
    except ValueError:
        return None


def _other_size(now: SourceNow, instead: Instead, data_type: str) -> str:
    """What tells the numbers in rows that came since, by any of the table's times, from those before; "" for
    nothing, and where no column says what is new."""
    kinds = ("timestamp", "date")
    there = [(c, now.now.column(c.name)) for c in now.then.columns if c.maximum]
    kept = [c for c, other in there if other is not None and is_same_type(c.data_type, other.data_type)]
    times = [c for c in kept if is_mark(c.name) or type_family(c.data_type) in kinds]
    if type_family(data_type) not in _NUMBERS:
        return ""
    found = (_since(now, mark, instead, data_type) for mark in times[:_MOST_TIMES])
    return next((problem for problem in found if problem), "")


def _since(now: SourceNow, mark: ColumnState, instead: Instead, data_type: str) -> str:
    """What tells the numbers in rows after all times of then from the others; "" for nothing."""
    value = exp.column(mark.name, quoted=True)
    last = exp.cast(
        exp.Literal.string(mark.maximum), exp.DataType.build(mark.data_type, dialect=now.dialect or None)
    )
    before = size_of(now, instead, data_type, exp.LTE(this=value, expression=last))
    since = size_of(now, instead, data_type, exp.GT(this=value.copy(), expression=last.copy()))
    if min(before.filled, since.filled) < _FEW_CAME:
        return ""
    usual, lately = before.usual or 0.0, since.usual or 0.0
    if not usual / _ALIKE <= lately <= usual * _ALIKE:
        return f"they are about {lately:.4g} in rows loaded since, and {usual:.4g} before"
    if abs(before.below / before.filled - since.below / since.filled) > _TURNED:
        return "in rows loaded since they have another sign"
    return ""
