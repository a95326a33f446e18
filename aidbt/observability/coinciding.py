"""What the store and the calendar say of the days of incidents besides what was found."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from aidbt.core.config import MonitorSettings
from aidbt.core.errors import AidbtError
from aidbt.core.incidents import Incident
from aidbt.monitors.calendar import holiday_names
from aidbt.monitors.histories import history_of
from aidbt.monitors.incidents.coincidences import (
    Coincidence,
    coincidences,
    near_holidays,
    odd_days,
    outside,
    strongest,
)
from aidbt.monitors.metrics import USUAL
from aidbt.store import Store
from aidbt.store.buckets import Buckets

# So many days are looked back, so many days of an incident at, and tables at.
_BACK = timedelta(days=120)
_MOST_DAYS = 14
_MOST_NODES = 200


def coinciding(
    incidents: Sequence[Incident],
    store: Store,
    settings: MonitorSettings,
    parents: Mapping[str, Collection[str]],
) -> dict[str, tuple[str, ...]]:
    """By the incident's id, what happened at the same time outside its lineage: lines for people.

    In projects of more tables than a few hundred nothing is looked for: too much coincides there.

    Raises:
        StoreError: the store cannot be read.
    """
    days = {one.id: odd_days(one.anomalies)[:_MOST_DAYS] for one in incidents if one.anomalies}
    if not days:
        return {}
    found = {id: list(_of_calendar(some, settings)) for id, some in days.items()}
    buckets = Buckets(store)
    nodes = buckets.spans("day").keys()
    if len(nodes) <= _MOST_NODES:
        since = min(some[0] for some in days.values()) - _BACK
        wanted = {one.id: outside(one, parents, nodes) for one in incidents if one.id in days}
        odd: dict[str, list[Coincidence]] = {id: [] for id in days}
        for series in buckets.read(set().union(*wanted.values()), "day", since=since, with_shares=False):
            history = history_of([series], metrics=settings.metrics or USUAL)
            if history is None:
                continue
            for id, others in wanted.items():
                odd[id] += coincidences(history, others, days[id])
        for id, some in odd.items():
            found[id] += [str(one) for one in strongest(some, parents)]
    return {id: tuple(said) for id, said in found.items() if said}


def _of_calendar(days: Sequence[datetime], settings: MonitorSettings) -> tuple[str, ...]:
    """Holidays of the country; none where they are not to be had, which a check says."""
    if not settings.country:
        return ()
    try:
        names = holiday_names(settings.country, [day.date() for day in days])
    except AidbtError:
        return ()
    return near_holidays(days, names)
