"""What a collection tells people besides what it measured. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from aidbt.core.errors import UsageError, WarehouseError
from aidbt.core.findings import Finding, Severity
from aidbt.monitors.collection.reading import Answer, future_rows
from aidbt.monitors.collection.targets import Target
from aidbt.monitors.collection.windows import Window


def not_measured(target: Target, error: WarehouseError) -> Finding:
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
    """There are no rows, or some of the future.

    Args:
        newest: the newest event of the table at all, where the window has none.
    """
    found = []
    rows = sum(facts.get(("rows", ""), 0.0) for facts in answer.facts.values())
    if rows == 0:
        message = "it has no rows" if window is None else f"it has no rows since {window.since:%Y-%m-%d}"
        if newest is not None:
            end = newest + timedelta(days=1)
            message += f"; its newest is of {newest:%Y-%m-%d} (--until {end:%Y-%m-%d} measures up to there)"
        found.append(Finding("monitor.no_rows", Severity.WARN, target.name, message))
    future = future_rows(answer)
    if future and target.event_time is not None:
        some = "1 row has" if future == 1 else f"{future:,.0f} rows have"
        message = (
            f"{some} a time in {target.event_time.name} that is still to come, and no bucket: a wrong date,"
            " a clock that is set wrong, or a time zone"
        )
        found.append(Finding("monitor.future_rows", Severity.WARN, target.name, message))
    return found


def parse_since(text: str) -> datetime:
    """A day, or a day and a time, as a person writes it.

    Raises:
        UsageError: it is none.
    """
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError as error:
        raise UsageError(f"'{text}' is no day", hint="write it as 2026-03-31") from error
