"""Which part of each table is to be measured. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aidbt.core.config import MonitorSettings
from aidbt.monitors.collection.targets import Target
from aidbt.monitors.collection.windows import Window, window_of
from aidbt.warehouse.sampling import kind_of

# Grain → node → the starts of its oldest and its newest bucket.
Spans = Mapping[str, Mapping[str, tuple[datetime, datetime]]]


@dataclass(frozen=True, slots=True)
class Scan:
    """A target with the window that is to be measured of it; None for all of it.

    Attributes:
        oldest: the start of the oldest bucket that is known.
        is_told: whether a person said from when on; what is older is then left alone.
        share: what part of the table is read, about.
    """

    target: Target
    window: Window | None
    oldest: datetime | None = None
    share: float = 1.0
    is_told: bool = False


def scans_of(
    targets: Sequence[Target],
    spans: Spans,
    settings: MonitorSettings,
    now: datetime,
    as_of: datetime,
    since: datetime | None,
    told_by: Mapping[str, str],
) -> list[Scan]:
    """A scan for each target: all of a table without an event time, of others what is new or may change.

    Args:
        spans: of the buckets that are known.
        now, as_of: the moment of the scan, and that up to which is measured.
        since: a person's word, from when on.
        told_by: node → `told_apart_by` of its buckets: what goes by another column or time zone by now is
            measured anew as a whole.
    """
    found = []
    for target in targets:
        if target.event_time is None:
            found.append(Scan(target, None))
            continue
        # A date has no hours.
        grain = "day" if kind_of(target.event_time.data_type) == "date" else settings.grain
        oldest, last = spans[grain].get(target.unique_id, (None, None))
        if told_by.get(target.unique_id) not in (None, told_apart_by(target, settings)):
            last = None
        window = window_of(
            last,
            as_of,
            grain=grain,
            zone=settings.timezone,
            history_days=settings.history_days,
            late_days=settings.late_days,
            since=since,
        )
        window = replace(window, now=now)
        found.append(Scan(target, window, oldest, _share(window, oldest), since is not None))
    return found


def told_apart_by(target: Target, settings: MonitorSettings) -> str:
    """What the buckets of a target go by: "" where it is one as a whole."""
    return f"{target.event_time.name} in {settings.timezone}" if target.event_time is not None else ""


def _share(window: Window, oldest: datetime | None) -> float:
    """What part of a table a window is, if rows are spread evenly over the time that is known of."""
    known = window.until - min(oldest or window.since, window.since)
    return min((window.until - window.since) / known, 1.0) if known else 1.0
