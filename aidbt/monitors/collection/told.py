"""What a collection tells people besides what it measured. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from aidbt.core.errors import DeadlineExceeded, UsageError, WarehouseError
from aidbt.core.findings import Finding, Severity
from aidbt.monitors.collection.reading import Answer, rows_of
from aidbt.monitors.collection.targets import Target
from aidbt.monitors.collection.windows import Window

TIMEOUT_HINT = "raise monitors.statement_timeout_s in aidbt.yml, or measure less: monitors.columns"


def not_measured(target: Target, error: WarehouseError | DeadlineExceeded) -> Finding:
    """The warehouse refused."""
    hint = f"; {error.hint}" if error.hint else ""
    message = f"it could not be measured: {error.message}{hint}; what is known of it is kept"
    return Finding("monitor.not_measured", Severity.ERROR, target.name, message)


def rows_lost(target: Target, lost: Sequence[datetime]) -> Finding:
    """Older buckets have lost most of their rows."""
    first, last = lost[0], lost[-1]
    days = f"{first:%Y-%m-%d}" if first == last else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
    some = "an older bucket" if len(lost) == 1 else f"{len(lost):,} older buckets"
    message = (
        f"most rows of {some} ({days}) are gone; what was measured of them is kept"
        " (--since DAY measures them as they are now)"
    )
    return Finding("monitor.rows_lost", Severity.ERROR, target.name, message)


def odd_rows(target: Target, window: Window | None, answer: Answer, newest: datetime | None) -> list[Finding]:
    """There are no rows, or some of the future, or without a time.

    Args:
        newest: the newest event of the table at all, where the window has none.
    """
    found = []
    untimed = rows_of(answer, "untimed_rows")
    rows = rows_of(answer, "rows") - untimed
    if rows == 0 and not untimed:
        message = "it has no rows" if window is None else f"it has no rows since {window.since:%Y-%m-%d}"
        if newest is not None:
            end = newest + timedelta(days=1)
            message += f"; its newest is of {newest:%Y-%m-%d} (--until {end:%Y-%m-%d} measures up to there)"
        found.append(_of_rows("no_rows", target, message, 0))
    if target.event_time is None:
        return found
    time, future = target.event_time.name, rows_of(answer, "future_rows")
    if future:
        message = (
            f"{_rows(future)} a time in {time} that is still to come, and no bucket: a wrong date, a clock"
            " that is set wrong, or a time zone"
        )
        found.append(_of_rows("future_rows", target, message, future))
    if untimed:
        message = (
            f"{_rows(untimed)} no time in {time} (null, or a date that stands for none, as 1970-01-01 does),"
            " and no bucket: no other monitor sees them"
        )
        found.append(_of_rows("untimed_rows", target, message, untimed))
    return found


def _rows(number: float) -> str:
    return "1 row has" if number == 1 else f"{number:,.0f} rows have"


def _of_rows(what: str, target: Target, message: str, rows: float) -> Finding:
    return Finding(f"monitor.{what}", Severity.WARN, target.name, message, {"rows": f"{rows:.0f}"})


def parse_since(text: str) -> datetime:
    """A day, or a day and a time, as a person writes it.

    Raises:
        UsageError: it is none.
    """
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError as error:
        raise UsageError(f"'{text}' is no day", hint="write it as 2026-03-31") from error
