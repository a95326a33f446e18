"""Whether a table that a mend built is what the last good one lets expect. Pure: states in, doubts out."""

from __future__ import annotations

from collections.abc import Iterator

from aidbt.core.table_state import TableState

# How many times more or fewer rows a table may have than at the last good run.
_BAND = 1.5


def doubts(name: str, then: TableState, now: TableState, *, is_same_code: bool) -> Iterator[str]:
    """What speaks against a table, a sentence each; nothing when it is as before, or as before and more.

    Args:
        is_same_code: whether nothing but the mend changed it and what it is made of since the last good run:
            then the same keys must have the same values. Else people meant it to change.
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
    if not then.rows / _BAND <= now.rows <= max(then.rows * _BAND, then.rows + 10):
        yield f"{name} has {now.rows:,} rows, at the last good run {then.rows:,}"
    if then.keyed is not None and (now.keyed is None or now.keyed.key != then.keyed.key):
        yield f"{name} is not unique by {', '.join(then.keyed.key)} any more"
    elif is_same_code:
        yield from _other_values(name, then, now)


def _other_values(name: str, then: TableState, now: TableState) -> Iterator[str]:
    if then.keyed is None or now.keyed is None:
        return
    for column in then.keyed.columns:
        was, is_now = then.keyed.column(column), now.keyed.column(column)
        shared = was.keys() & is_now.keys()
        other = [key for key in shared if was[key] != is_now[key]]
        if other:
            yield f"{name}.{column} is another one in {len(other):,} of {len(shared):,} rows of the same key"
