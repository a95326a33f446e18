"""The past told as if each of its buckets had just come: incidents as they would have opened and ended then.

What is told of a bucket rests on it and on those before it alone, so that one check of a year, told day by
day, says what a year of checks would have said. People are told nothing of it: it is over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from aidbt.core.config import Settings
from aidbt.core.incidents import Incident, IncidentChange
from aidbt.core.measured import Anomaly, Grain, Monitor
from aidbt.monitors.histories import SPANS
from aidbt.monitors.incidents.changes import News, update_incidents
from aidbt.monitors.incidents.surroundings import Surroundings
from aidbt.observability.checked import Checked
from aidbt.store import Store
from aidbt.store.incidents import RECENT, Incidents


def retell(
    store: Store, found: Checked, around: Surroundings, settings: Settings
) -> tuple[IncidentChange, ...]:
    """What would have become of incidents, bucket by bucket; one change for each, as it is in the end.

    Raises:
        StoreError: the store cannot be read or written.
    """
    latest: dict[str, Incident] = {}
    for end, news in moments(found, settings.monitors.timezone):
        # Those that had ended shortly before count too, which by the clock of today ended long ago.
        lately = [one for one in latest.values() if one.ended_at and end - one.ended_at <= RECENT]
        decide = partial(_decided, lately, news, around, end, settings.monitors.false_alarms)
        changes = Incidents(store).change(decide, lambda change, aware: ())
        latest |= {change.after.id: change.after for change in changes}
    told = sorted(latest.values(), key=lambda one: (one.opened_at, len(one.id), one.id))
    return tuple(IncidentChange("resolved" if one.state.is_over else "opened", one) for one in told)


def _decided(
    lately: Sequence[Incident],
    news: News,
    around: Surroundings,
    now: datetime,
    false_alarms: float,
    known: Sequence[Incident],
) -> tuple[IncidentChange, ...]:
    there = {one.id for one in known}
    # What has opened since has nothing to do with what was before it.
    so_far = [one for one in known if one.opened_at <= now]
    all_known = [*so_far, *(one for one in lately if one.id not in there)]
    return update_incidents(all_known, news, around, now=now, false_alarms=false_alarms)


def moments(found: Checked, timezone: str) -> Iterator[tuple[datetime, News]]:
    """The end (UTC) of each bucket in which something was odd or had passed, with what was new then."""
    odd: dict[tuple[Grain, datetime], list[Anomaly]] = defaultdict(list)
    well: dict[tuple[Grain, datetime], list[Monitor]] = defaultdict(list)
    for anomaly in found.anomalies:
        odd[anomaly.grain, anomaly.start].append(anomaly)
    for (grain, monitor), starts in found.well.items():
        for start in starts:
            well[grain, start].append(monitor)
    zones = {"day": ZoneInfo(timezone)}
    ends = {
        (grain, start): (start + SPANS.get(grain, timedelta(0))).replace(tzinfo=zones.get(grain, UTC))
        for grain, start in odd.keys() | well.keys()
    }
    for key in sorted(ends, key=lambda key: (ends[key], key[0])):
        passed = dict.fromkeys(well[key], key[1])
        yield ends[key].astimezone(UTC), News(tuple(_by_score(odd[key])), passed=passed)


def _by_score(anomalies: Sequence[Anomaly]) -> list[Anomaly]:
    return sorted(anomalies, key=lambda anomaly: -anomaly.score)
