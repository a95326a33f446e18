"""Whether a table that a mend built is what the last good one lets expect. Pure: states in, doubts out.

Between the last good run and now new data came, rows were updated, and a mend is built together with them. So
a table may differ as far as what its sources did can explain, and no further.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from aidbt.core.table_state import TableState
from aidbt.core.types import type_family
from aidbt.warehouse.profiling import is_load_time

# How many times more or fewer rows a table may have than at the last good run, beyond what its sources grew.
_BAND = 1.5
_FEW = 10  # so many rows more or fewer say nothing
_FEW_COMPARED = 8
_SLACK = 0.05  # 0..1 of the rows with the same key
# A changed row of a source changes rows below it: the one it leaves and the one it comes to.
_REACH = 2.0
_UNKNOWN = 0.3  # 0..1, how much a source may have changed that has no keys to compare by
_TIMELESS = ("text",)  # what a clock does not change


@dataclass(frozen=True, slots=True)
class Activity:
    """What happened to a source since the last good run.

    Attributes:
        growth: rows now by rows then.
        share: 0..1 of its rows that changed.
        touched: about how many rows came, went or changed.
        steady: hashed keys of rows that are as they were; empty where rows are not compared.
        known: hashed keys that were compared.
    """

    growth: float = 1.0
    share: float = 0.0
    touched: float = 0.0
    steady: frozenset[int] = frozenset()
    known: frozenset[int] = frozenset()


# Of a source that was not, or could not be, measured.
UNKNOWN = Activity(share=_UNKNOWN)


def activity(then: TableState | None, now: TableState | None) -> Activity:
    """What happened to one source."""
    if then is None or now is None or not then.is_measured or not now.is_measured:
        return UNKNOWN
    new = abs(now.rows - then.rows)
    growth = now.rows / then.rows if then.rows else 1.0
    if then.keyed is None or now.keyed is None or then.keyed.key != now.keyed.key:
        return Activity(growth, _UNKNOWN, new + _UNKNOWN * then.rows)
    shared = then.keyed.values.keys() & now.keyed.values.keys()
    if len(shared) < _FEW_COMPARED:
        return Activity(growth, 1.0 if then.rows >= _FEW_COMPARED else _UNKNOWN, max(then.rows, now.rows))
    pairs = _pairs(then, now)
    was, is_now = then.keyed.values, now.keyed.values
    steady = frozenset(key for key in shared if all(was[key][i] == is_now[key][j] for i, j in pairs))
    share = 1 - len(steady) / len(shared)
    return Activity(growth, share, new + share * then.rows, steady, frozenset(shared))


def doubts(
    name: str,
    then: TableState,
    now: TableState,
    *,
    is_same_code: bool,
    sources: Sequence[Activity] = (),
    reads_clock: bool = False,
    moved: int = 0,
    is_snapshot: bool = False,
    declared: Collection[str] = (),
) -> Iterator[str]:
    """What speaks against a table, a sentence each; nothing when its sources explain all that is otherwise.

    Args:
        is_same_code: whether nothing but the mend changed it and what it is made of since the last good run.
            Else people meant it to change.
        sources: what happened to the sources it is made of.
        reads_clock: whether its values depend on when it is built.
        moved: rows that the mend sets aside.
        is_snapshot: whether it keeps a row of each version: it loses none, and may get one for each there is.
        declared: columns, in lower case, whose values become others because a person declared so.
    """
    if not then.is_measured or not now.is_measured:
        yield f"{name} could not be measured"
        return
    gone = [column.name for column in then.columns if now.column(column.name) is None]
    if gone:
        yield f"{name} has no column {', '.join(gone[:3])} any more"
    retyped = [
        column.name
        for column in then.columns
        if (other := now.column(column.name)) is not None and other.data_type != column.data_type
    ]
    if retyped and is_same_code:
        yield f"{name} has columns of another type: {', '.join(retyped[:3])}"
    low, high = _band(then.rows, sources, moved)
    if is_snapshot:
        low, high = float(then.rows), high + then.rows
    if then.rows and not low <= now.rows <= high:
        yield f"{name} has {now.rows:,} rows, at the last good run {then.rows:,}"
    yield from _no_key(name, then, now)
    if is_same_code:
        columns = [c for c in _compared(then, now, reads_clock) if c.casefold() not in declared]
        yield from _other_values(name, then, now, sources, columns)


def _band(rows: int, sources: Sequence[Activity], moved: int) -> tuple[float, float]:
    """(fewest, most) rows that are believed; a table that had some must not be empty. One of few rows may
    have as many more as rows came to what it is made of, up to twice what it had."""
    growth = [source.growth for source in sources]
    came = min(float(rows), max((source.touched for source in sources), default=0.0))
    low = min([1.0, *growth]) / _BAND * rows - moved
    high = max([1.0, *growth]) * _BAND * rows
    return max(1.0, min(low, rows - moved - _FEW)), max(high, rows + _FEW, rows + came)


def _no_key(name: str, then: TableState, now: TableState) -> Iterator[str]:
    """Of a key of several columns nobody said that it is one: new rows may repeat it."""
    if then.keyed is None or len(then.keyed.key) > 1 or not now.rows:
        return
    if now.keyed is None or (now.keyed.key != then.keyed.key and now.column(then.keyed.key[0]) is None):
        yield f"{name} is not unique by {', '.join(then.keyed.key)} any more"


def _other_values(
    name: str, then: TableState, now: TableState, sources: Sequence[Activity], columns: Sequence[str]
) -> Iterator[str]:
    if then.keyed is None or now.keyed is None or then.keyed.key != now.keyed.key:
        return
    shared = then.keyed.values.keys() & now.keyed.values.keys()
    limit, compared = _expected(shared, then, sources)
    if not compared:
        return
    for column in columns:
        was, is_now = then.keyed.column(column), now.keyed.column(column)
        other = [key for key in compared if was[key] != is_now[key]]
        if len(other) > limit * len(compared):
            rows = f"{len(other):,} of {len(compared):,} rows"
            yield f"{name}.{column} is another one in {rows} of the same key"


def _expected(
    shared: Collection[int], then: TableState, sources: Sequence[Activity]
) -> tuple[float, Collection[int]]:
    """(share of rows that may differ, rows to compare) of a table.

    A table of one source, with its keys, is compared where the source's own rows are as they were. Otherwise
    each row that came or changed above may have changed a row here.
    """
    if not sources or all(not source.touched and not source.share for source in sources):
        return 0.0, shared
    if len(sources) == 1 and len(sources[0].known & set(shared)) >= 0.8 * len(shared):
        steady = sources[0].steady & set(shared)
        return (_SLACK, steady) if len(steady) >= _FEW_COMPARED else (1.0, ())
    touched = sum(max(source.share, source.touched / max(then.rows, 1)) for source in sources)
    limit = _SLACK + _REACH * touched
    return (limit, shared) if limit < 1 and len(shared) >= _FEW_COMPARED else (1.0, ())


def _compared(then: TableState, now: TableState, reads_clock: bool) -> Iterator[str]:
    if then.keyed is None or now.keyed is None:
        return
    for name in then.keyed.columns:
        column = then.column(name)
        if name not in now.keyed.columns or column is None or is_load_time(name):
            continue
        if not reads_clock or type_family(column.data_type) in _TIMELESS:
            yield name


def _pairs(then: TableState, now: TableState) -> list[tuple[int, int]]:
    """Where the columns stand that are there with the same type, and do not say when a row was loaded."""
    assert then.keyed is not None and now.keyed is not None
    places = {name: place for place, name in enumerate(now.keyed.columns)}
    found = []
    for place, name in enumerate(then.keyed.columns):
        was, is_now = then.column(name), now.column(name)
        if name in places and was and is_now and was.data_type == is_now.data_type and not is_load_time(name):
            found.append((place, places[name]))
    return found
