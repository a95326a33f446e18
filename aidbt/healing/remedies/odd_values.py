"""What tells values that moved to another column from those that stood in the old one."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from aidbt.core.types import type_family
from aidbt.healing.remedies.goes_on import is_beyond
from aidbt.healing.remedies.source_values import SourceNow
from aidbt.healing.remedies.value_figures import is_one_value, size_of
from aidbt.sql.reads import Instead

_FEWEST = 8  # rows on each side
_SEVERAL = 2  # different values: of more, not all rows that came hold one
_NEARLY_ALL, _FEW = 0.9, 0.5  # of the values
_MARKS = ("@", "-", " ", ".")


def odd_values(now: SourceNow, old: str, new: str, moved: Instead, data_type: str) -> str:
    """What tells the values that moved from those before; "" for nothing: one value where there were several,
    days without a time, a time far away, texts without the mark that all had.

    Args:
        moved: gives a value in the rows that moved alone.

    Raises:
        WarehouseError: the values cannot be read.
    """
    a, b = exp.column(old, quoted=True), exp.column(new, quoted=True)
    is_old = exp.not_(a.is_(exp.null()))
    is_moved = exp.and_(a.copy().is_(exp.null()), exp.not_(b.is_(exp.null())))
    before, since, was = now.count(is_old), now.count(is_moved), now.then.column(old)
    if min(since, before) < _FEWEST or was is None:
        return ""
    if (was.distinct or 0) > _SEVERAL and is_one_value(now, moved, data_type):
        return f"all {since:,} rows that moved hold one value, and {old} held {was.distinct:,}"
    there = size_of(now, moved, data_type, is_moved.copy())
    if is_beyond(was, there):
        lie, lay = f"{there.minimum} and {there.maximum}", f"{was.minimum} and {was.maximum}"
        return f"they lie between {lie}, and lay between {lay}"
    for (is_so, what), (is_so_now, _) in zip(_marked(a, data_type), _marked(b, data_type), strict=True):
        had, have = now.count(exp.and_(is_old.copy(), is_so)), now.count(exp.and_(is_moved.copy(), is_so_now))
        if had >= _NEARLY_ALL * before and have < _FEW * since:
            return f"{had:,} of {before:,} values had {what}, and {have:,} of {since:,} that moved have"
    return ""


def _marked(value: exp.Expr, data_type: str) -> Iterator[tuple[exp.Expr, str]]:
    """What nearly all values of a kind may have: (its condition, its name)."""
    if type_family(data_type) == "timestamp":
        stamp, day = exp.DataType.build("timestamp"), exp.DataType.build("date")
        whole = exp.cast(exp.cast(value.copy(), day), stamp)
        yield exp.NEQ(this=exp.cast(value.copy(), stamp), expression=whole), "a time of the day"
    for mark in _MARKS if type_family(data_type) == "text" else ():
        text = exp.cast(value.copy(), exp.DataType.build("text"))
        yield exp.Like(this=text, expression=exp.Literal.string(f"%{mark}%")), f"'{mark}' in them"
