"""What a person means who says something of an alert: which monitors, which buckets."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from aidbt.core.errors import UnknownName, UsageError
from aidbt.core.incidents import Incident, is_own_test, key_of, kind_of
from aidbt.core.measured import Anomaly, Grain, Monitor
from aidbt.monitors.feedback.verdicts import Verdict
from aidbt.monitors.histories import monitors_of
from aidbt.monitors.incidents.dismissing import held_monitors
from aidbt.monitors.metrics import METRICS
from aidbt.store import Store
from aidbt.store.buckets import Buckets
from aidbt.store.incidents import Incidents

_INCIDENT = re.compile(r"(?:INC-?|#)?0*\d{1,9}", re.IGNORECASE)
_GRAINS: tuple[Grain, ...] = ("day", "hour", "run")
_SHOWN = 5

Of = tuple[Monitor, Grain, tuple[datetime, ...]]


@dataclass(frozen=True, slots=True)
class Meant:
    """What is said something of.

    Attributes:
        of: each monitor with the grain and the starts of its buckets; without states of tables, of which
            nothing can be learned.
        incident: the alert; None where it is a monitor that was named, and nobody was told of it.
        is_whole: whether it is all that the incident found.
        monitors: of which it is all that the incident found.
    """

    of: tuple[Of, ...]
    incident: Incident | None = None
    is_whole: bool = False
    monitors: tuple[Monitor, ...] = ()


def is_incident(text: str) -> bool:
    """Whether a person names an incident and not a monitor."""
    return _INCIDENT.fullmatch(text.strip()) is not None


def meant_incident(
    store: Store,
    id: str,
    verdict: Verdict,
    bucket: str | None = None,
    *,
    only: Collection[Monitor] | None = None,
) -> Meant:
    """All findings of an incident, or those of one bucket, or of some monitors.

    Raises:
        UnknownName: there is no such incident.
        UsageError: the verdict cannot be said of it, or it has nothing in that bucket.
        StoreError: the store cannot be read.
    """
    incident = Incidents(store).get(id)
    if verdict == "missed":
        raise UsageError(
            f"{incident.id} was told, so it was not missed",
            hint="say --as real of it, or name the monitor that should have told: --as missed --bucket DAY",
        )
    if not incident.anomalies:
        raise UsageError(
            f"{incident.id} is of a failed run, and no monitor found it: there is nothing to learn",
            hint=f"aidbt incidents resolve {incident.id}",
        )
    span = None if bucket is None else parse_bucket(bucket)
    if only is not None:
        mine = [anomaly for anomaly in incident.anomalies if anomaly.monitor in only]
    else:  # of what was said before nothing is said again, unless it is named
        held = held_monitors(incident)
        mine = [a for a in incident.anomalies if not held or a.monitor in held]
    some = [a for a in mine if span is None or span[0] <= a.start < span[1]]
    if not some:
        days = ", ".join(sorted({f"{a.start:%Y-%m-%d}" for a in mine})[:_SHOWN])
        raise UsageError(f"{incident.id} has nothing in {bucket}", hint=f"it has findings of {days}")
    return _meant(some, incident, verdict)


def _meant(some: Sequence[Anomaly], incident: Incident, verdict: Verdict) -> Meant:
    """What is expected from a bucket on is said of the later ones too."""
    firsts = {anomaly.monitor: anomaly for anomaly in reversed(incident.anomalies)}
    left = {a.monitor for a in incident.anomalies if a not in some}
    if verdict == "expected":
        left -= {monitor for monitor, first in firsts.items() if first in some}
    covered = tuple(sorted({anomaly.monitor for anomaly in some} - left))
    is_held = set(held_monitors(incident)) <= set(covered)
    is_whole = is_held and all(is_own_test(one) for one in incident.failures)
    return Meant(_by_monitor(some, verdict), incident, is_whole, covered)


def monitors_named(incident: Incident, names: Iterable[str]) -> tuple[Monitor, ...]:
    """The monitors of an incident that a person names: "orders row_count", or for all of a column or a table
    "orders.amount" and "orders".

    Raises:
        UnknownName: it has none of that name; the hint says which it has.
    """
    mine = sorted({anomaly.monitor for anomaly in incident.anomalies})
    found: dict[Monitor, None] = {}
    for name in names:
        wanted = " ".join(name.split()).casefold()
        some = [monitor for monitor in mine if wanted in _names_of(monitor)]
        if not some:
            raise UnknownName("finding of the incident", name, [str(monitor) for monitor in mine])
        found |= dict.fromkeys(some)
    return tuple(found)


def _names_of(monitor: Monitor) -> set[str]:
    node = str(monitor).removesuffix(f" {monitor.metric}")
    names = {str(monitor), key_of(monitor), node, monitor.node}
    if monitor.column:
        names.add(node.removesuffix(f".{monitor.column}"))
    return {name.casefold() for name in names}


def meant_monitor(store: Store, text: str, verdict: Verdict, bucket: str) -> Meant:
    """The buckets of one monitor.

    Raises:
        UnknownName: there is no such monitor.
        UsageError: nothing was measured then, several are called so, or the verdict cannot be said of it.
        StoreError: the store cannot be read.
    """
    incidents = Incidents(store).all()
    monitor = find_monitor(text, known_monitors(store, incidents))
    first, until = parse_bucket(bucket)
    told = [
        (i, a) for i in incidents for a in i.anomalies if a.monitor == monitor and first <= a.start < until
    ]
    if verdict == "missed" and told:
        raise UsageError(f"{told[-1][0].id} told of it", hint="say --as real of it, or --as false-alarm")
    if verdict in ("false-alarm", "real") and not told:
        raise UsageError(
            f"nobody was told of '{monitor}' in {bucket}",
            hint="if something was wrong, say --as missed; if not, nothing needs to be said",
        )
    if told:
        last = told[-1][0]
        meant = _meant([a for incident, a in told if incident is last], last, verdict)
        return replace(meant, of=_by_monitor([anomaly for _, anomaly in told], verdict))
    for grain in _GRAINS:
        series = Buckets(store).series(monitor.node, grain)
        starts = [start for start in series.starts if first <= start < until] if series else []
        if starts:
            return Meant(((monitor, grain, tuple(starts[:1] if verdict == "expected" else starts)),))
    raise _not_measured(store, monitor, bucket)


def _not_measured(store: Store, monitor: Monitor, bucket: str) -> UsageError:
    ends = [ends for grain in _GRAINS if (ends := Buckets(store).spans(grain).get(monitor.node))]
    known = f"it was measured from {ends[0][0]:%Y-%m-%d} to {ends[0][1]:%Y-%m-%d}" if ends else None
    return UsageError(f"nothing was measured of '{monitor}' in {bucket}", hint=known)


def _by_monitor(anomalies: Iterable[Anomaly], verdict: Verdict) -> tuple[Of, ...]:
    """The buckets of each monitor; of what is expected from now on the first, which says it all."""
    found: dict[tuple[Monitor, Grain], list[datetime]] = defaultdict(list)
    for anomaly in anomalies:
        if kind_of(anomaly.monitor.metric) == "data":
            found[anomaly.monitor, anomaly.grain].append(anomaly.start)
    return tuple(
        (monitor, grain, tuple([min(starts)] if verdict == "expected" else sorted(set(starts))))
        for (monitor, grain), starts in sorted(found.items())
    )


def known_monitors(store: Store, incidents: Sequence[Incident]) -> set[Monitor]:
    """Every monitor that has a bucket, whatever is watched, and every one that ever told something.

    Raises:
        StoreError: the store cannot be read.
    """
    metrics = [metric.name for metric in METRICS]
    buckets = Buckets(store)
    found = {anomaly.monitor for incident in incidents for anomaly in incident.anomalies}
    for grain in _GRAINS:
        for node, (_, newest) in buckets.spans(grain).items():
            recent = buckets.series(node, grain, since=newest - timedelta(days=30))
            found |= set(monitors_of(recent, metrics)) if recent is not None else set()
    return found


def named_monitor(store: Store, text: str) -> Monitor:
    """The monitor that a person names; see `find_monitor`.

    Raises:
        UnknownName, UsageError: see there.
        StoreError: the store cannot be read.
    """
    return find_monitor(text, known_monitors(store, Incidents(store).all()))


def find_monitor(text: str, known: Collection[Monitor]) -> Monitor:
    """The monitor that is called so: "orders row_count", "orders.amount mean", or as incidents have it,
    "model.shop.orders|mean|amount".

    Raises:
        UnknownName: none is.
        UsageError: several are.
    """
    wanted = " ".join(text.split()).casefold()
    by_key = [monitor for monitor in known if key_of(monitor).casefold() == wanted]
    found = by_key or sorted(monitor for monitor in known if str(monitor).casefold() == wanted)
    if len(found) > 1:
        keys = ", ".join(f"'{key_of(monitor)}'" for monitor in found[:_SHOWN])
        raise UsageError(f"several monitors are called '{text}'", hint=f"write one of {keys}")
    if not found:
        raise UnknownName("monitor", text, sorted({str(monitor) for monitor in known}))
    return found[0]


def parse_bucket(text: str) -> tuple[datetime, datetime]:
    """The day, or the minute, that a person writes: when it begins, and when it is over.

    Raises:
        UsageError: it is none.
    """
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            start = datetime(day.year, day.month, day.day)
            return start, start + timedelta(days=1)
        start = datetime.fromisoformat(text).replace(tzinfo=None, second=0, microsecond=0)
    except (ValueError, OverflowError) as error:
        hint = "write a day as 2026-03-31, an hour or a run as '2026-03-31 14:00'"
        raise UsageError(f"'{text}' is no bucket", hint=hint) from error
    return start, start + timedelta(minutes=1)
