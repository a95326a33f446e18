"""Batch ids: text that ascends per table, whatever the clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_FORMAT = "%Y%m%dT%H%M%S.%fZ"
_HIGHEST = 9999


def next_batch_id(now: datetime, last: str | None) -> str:
    """The id of a new batch of a table: UTC time and a number, of fixed width, above `last` as text.

    The latest batch of a table is therefore `max(batch_id)`. While the clock stands before the last batch
    (it was set back, or two loads fall on one microsecond), the last batch's time is kept and the number
    counts up.

    Example:
        >>> noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
        >>> next_batch_id(noon, None)
        '20261120T120000.000000Z-0001'
        >>> next_batch_id(noon, '20261120T130000.000000Z-0001')
        '20261120T130000.000000Z-0002'
    """
    fresh = _batch_id(now.astimezone(UTC), 1)
    if last is None or fresh > last:
        return fresh
    time, _, number = last.rpartition("-")
    moment = datetime.strptime(time, _FORMAT).replace(tzinfo=UTC)
    if int(number) < _HIGHEST:
        return _batch_id(moment, int(number) + 1)
    return _batch_id(moment + timedelta(microseconds=1), 1)


def _batch_id(moment: datetime, number: int) -> str:
    return f"{moment.strftime(_FORMAT)}-{number:04d}"
