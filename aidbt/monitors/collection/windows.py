"""Which buckets are to be measured now, and the hours and days that they are. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

# Clocks of two machines differ; what is dated later than this is from the future.
SKEW = timedelta(minutes=5)
_SPANS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class Window:
    """The buckets that begin at `since` and later, and end at `until` or before.

    Attributes:
        since, until: local times without an offset, at the start of a bucket.
        now: the moment of the scan, in UTC.
        zone: in which buckets begin: UTC of hours.
        is_first: whether nothing was measured before.
    """

    grain: Literal["hour", "day"]
    since: datetime
    until: datetime
    now: datetime
    zone: str = "UTC"
    is_first: bool = False

    @property
    def span(self) -> timedelta:
        """How long a bucket is, by the clock on the wall."""
        return _SPANS[self.grain]

    def starts(self) -> Iterator[datetime]:
        """Every bucket of it."""
        start = self.since
        while start < self.until:
            yield start
            start += self.span

    def instant(self, local: datetime) -> datetime:
        """A local time as an instant in UTC; of an hour that there are two of, the first."""
        return local.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)

    def reaching_back_to(self, start: datetime) -> Window:
        """The same with all buckets from an earlier one on."""
        return replace(self, since=min(start, self.since))


def window_of(
    last: datetime | None,
    now: datetime,
    *,
    grain: Literal["hour", "day"],
    zone: str,
    history_days: int,
    late_days: int,
    since: datetime | None = None,
) -> Window:
    """The buckets that are over and are not known, and those before them in which rows may still come.

    Args:
        last: the start of the newest bucket that is known; None for none.
        now: in UTC.
        since: measure from there on again, whatever is known.

    Example:
        >>> noon = datetime(2026, 3, 9, 12, tzinfo=UTC)
        >>> options = {"grain": "day", "zone": "UTC", "history_days": 90, "late_days": 1}
        >>> [start.day for start in window_of(datetime(2026, 3, 6), noon, **options).starts()]
        [6, 7, 8]
    """
    zone = "UTC" if grain == "hour" else zone
    local = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    until = _floor(local, grain)
    oldest = _floor(until - timedelta(days=history_days), grain)
    begin = oldest
    if since is not None:
        begin = max(_floor(since, grain), oldest)
    elif last is not None:
        begin = max(min(last + _SPANS[grain], until) - timedelta(days=late_days), oldest)
    return Window(grain, begin, until, now, zone, is_first=last is None)


def _floor(time: datetime, grain: Literal["hour", "day"]) -> datetime:
    time = time.replace(minute=0, second=0, microsecond=0)
    return time.replace(hour=0) if grain == "day" else time
