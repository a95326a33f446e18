"""What tells values that moved to another column from those that stood in the old one."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from aidbt.core.healing import Checked
from aidbt.core.table_state import ColumnState
from aidbt.core.types import type_family
from aidbt.healing.remedies.goes_on import is_beyond
from aidbt.healing.remedies.source_values import SourceNow
from aidbt.healing.remedies.value_figures import is_one_value, moved_apart, size_of
from aidbt.sql.reads import Instead

_FEWEST = 8  # rows on each side
_SEVERAL = 2  # different values: of more, not all rows that came hold one
_NEARLY_ALL, _FEW = 0.9, 0.5  # of the values
_ALIKE, _AS_LONG = 5.0, 2.0  # times the usual size of a number, and length of a text
_TURNED = 0.5  # by which the share of the numbers below zero may differ
APART = 0.3  # of the rows, by which a list of values may be spread in another way
_MARKS = ("@", "-", " ", ".")


def stands_for(now: SourceNow, was: ColumnState, columns: tuple[str, str], instead: Instead) -> Checked:
    """Whether a second column holds in the rows that came what a first one holds in the others.

    Args:
        was: of the column that the two are, at the last good run.
        columns: the first and the second; `instead` reads the second where it is filled, else the first.

    Raises:
        WarehouseError: the values cannot be read.
    """
    first, second = columns
    data_type, there = was.data_type, now.now.column(second)
    if there is None:
        return Checked(False, "it is gone")
    if (type_family(data_type), type_family(there.data_type)) == ("timestamp", "date"):
        return Checked(False, f"{first} holds times, and {second} holds days")
    moved = Instead(f"case when {{}} is null then {instead.form} end", (first, *instead.columns))
    odd = odd_values(now, was, columns, moved, data_type)
    if odd:
        return Checked(False, odd)
    apart = moved_apart(now, first, instead, data_type)
    if apart is not None and apart > APART:
        return Checked(False, f"its values are spread in another way ({apart:.0%} of them)")
    return of_its_kind(now, first, second, data_type, is_closed=False)


def odd_values(
    now: SourceNow, was: ColumnState, columns: tuple[str, str], moved: Instead, data_type: str
) -> str:
    """What tells the values that moved from those before; "" for nothing: one value where there were several,
    days without a time, a time far away, texts without the mark that all had.

    Args:
        was: at the last good run.
        columns: the old one and the new one.
        moved: gives a value in the rows that moved alone.

    Raises:
        WarehouseError: the values cannot be read.
    """
    old, new = columns
    a, b = exp.column(old, quoted=True), exp.column(new, quoted=True)
    is_old = exp.not_(a.is_(exp.null()))
    is_moved = exp.and_(a.copy().is_(exp.null()), exp.not_(b.is_(exp.null())))
    before, since = now.count(is_old), now.count(is_moved)
    if min(since, before) < _FEWEST:
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


def of_its_kind(now: SourceNow, old: str, new: str, data_type: str, *, is_closed: bool) -> Checked:
    """Whether values that nobody knew look as those did: not other words of a list, cents, or a hash."""
    if is_closed:
        return Checked(False, f"{old} held a few values, and {new} holds others")
    was, there = now.sizes(old, new, data_type)
    if was is None or there is None:
        return Checked(type_family(data_type) not in ("text", "number", "integer"), "its values are new ones")
    if type_family(data_type) != "text" and _turned(now, old, new):
        return Checked(False, f"most of the values of {new} have another sign than {old} had")
    told = f"by its name it is, and its values are about {there:,.4g} in size or length; {was:,.4g} was usual"
    most = _AS_LONG if type_family(data_type) == "text" else _ALIKE
    return Checked(was / most <= there <= was * most, told)


def _turned(now: SourceNow, old: str, new: str) -> bool:
    """Whether numbers that moved are mostly below zero where those of before are not, or the reverse."""
    a, b = exp.column(old, quoted=True), exp.column(new, quoted=True)
    is_old, is_new = exp.not_(a.is_(exp.null())), exp.not_(b.is_(exp.null()))
    moved = exp.and_(a.copy().is_(exp.null()), is_new)
    shares = []
    for column, there in ((a, is_old), (b, moved)):
        value = exp.cast(column.copy(), exp.DataType.build("double"))
        below = exp.and_(there.copy(), exp.LT(this=value, expression=exp.Literal.number(0)))
        shares.append(now.count(below) / max(now.count(there.copy()), 1))
    return abs(shares[0] - shares[1]) > _TURNED
