"""What the warehouse is asked about one target, and what it answers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from aidbt.core.measured import Grain
from aidbt.monitors.collection.codes import code_columns, known_codes, without_private
from aidbt.monitors.collection.late import Changed, changed_buckets
from aidbt.monitors.collection.reading import Answer, read_answer
from aidbt.monitors.collection.statement import counting, measuring, newest_event
from aidbt.monitors.collection.targets import Target
from aidbt.monitors.collection.windows import Window
from aidbt.store.buckets import Buckets
from aidbt.warehouse import Connection
from aidbt.warehouse.dialects import render

# Where the rows of older buckets are counted with each collection: one column, which costs next to nothing.
_COUNTS_ARE_CHEAP = ("duckdb",)
_CODES_OF_DAYS = 60
# PostgreSQL answers with 1,664 figures at most; there are up to ten of a column.
_COLUMNS_AT_ONCE = 150
_LAST_SECOND = datetime(9998, 1, 1, tzinfo=UTC).timestamp()


def measured_answer(
    connection: Connection, buckets: Buckets, target: Target, window: Window | None, now: datetime
) -> Answer:
    """The answer of one statement; of several for very wide tables, and of one more where it is not known yet
    which columns hold codes.
    """
    dialect = connection.dialect
    grain: Grain = "run" if window is None else window.grain
    recent = now.replace(tzinfo=None) - timedelta(days=_CODES_OF_DAYS)
    begin = recent if window is None else min(recent, window.since)
    seen = buckets.series(target.unique_id, grain, since=begin, with_shares=False)
    known = known_codes(target, seen or buckets.series(target.unique_id, grain, with_shares=False))

    def ends_at(start: datetime | None) -> float:
        if window is None or start is None:
            return now.timestamp()
        return window.instant(start + window.span).timestamp()

    def asked(part: Target, **options: Any) -> Answer:
        statement = measuring(part, window, dialect, **options)
        return read_answer(statement, connection.rows(render(statement.tree, dialect)), ends_at)

    first, *others = _parts(target)
    answer = asked(first, codes=known or ())
    for part in others:
        answer = answer.with_facts_of(asked(part))
    if known is None and (codes := code_columns(target, answer)):
        answer = answer.with_shares_of(asked(target, codes=codes, only_codes=True))
    return without_private(target, answer)


def _parts(target: Target) -> list[Target]:
    """The target with so many columns at once as every warehouse answers."""
    columns = target.columns
    parts = [columns[n : n + _COLUMNS_AT_ONCE] for n in range(0, len(columns), _COLUMNS_AT_ONCE)]
    first, *others = parts or [()]
    return [
        replace(target, columns=first),
        *(replace(target, columns=part, composite_keys=()) for part in others),
    ]


def changed_since(
    connection: Connection,
    buckets: Buckets,
    target: Target,
    window: Window | None,
    oldest: datetime | None,
    lost_before: Collection[datetime] = (),
) -> Changed:
    """Which older buckets have other rows by now: where that costs next to nothing to know, or some had lost
    theirs (`lost_before`), which may be back.
    """
    if window is None or oldest is None or oldest >= window.since:
        return Changed()
    if connection.dialect not in _COUNTS_ARE_CHEAP and not lost_before:
        return Changed()
    begin = max(oldest, window.until - timedelta(days=4000))
    series = buckets.series(target.unique_id, window.grain, since=begin, with_shares=False)
    if series is None:
        return Changed()
    rows = connection.rows(render(counting(target, begin, window, connection.dialect), connection.dialect))
    counted = {datetime(1970, 1, 1) + timedelta(seconds=round(float(at))): float(n) for at, n in rows}
    known = dict(zip(series.starts, series.fact("rows"), strict=True))
    return changed_buckets(
        {start: n for start, n in known.items() if start < window.since and n == n}, counted, lost_before
    )


def filled_before(buckets: Buckets, target: Target, window: Window) -> tuple[datetime, ...]:
    """The buckets before the window that had rows when they were measured."""
    series = buckets.series(target.unique_id, window.grain, with_shares=False)
    if series is None:
        return ()
    pairs = zip(series.starts, series.fact("rows"), strict=True)
    return tuple(start for start, rows in pairs if rows > 0 and start < window.since)


def newest_of(connection: Connection, target: Target) -> datetime | None:
    """When the newest event of a table was, of a table whose event time is known."""
    if target.event_time is None:
        return None
    tree = newest_event(target, connection.dialect)
    seconds = connection.rows(render(tree, connection.dialect))[0][0]
    # Neither infinity nor the year 9999 says when anything happened.
    if seconds is None or not abs(float(seconds)) < _LAST_SECOND:
        return None
    return datetime(1970, 1, 1) + timedelta(seconds=float(seconds))
