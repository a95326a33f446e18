"""Where incidents are kept: what was found becomes changes, changes are saved, and people are told."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal

from aidbt.alerts.channel import Delivery
from aidbt.alerts.delivery import send_all
from aidbt.alerts.message import Message, item_of
from aidbt.alerts.parcels import Parcel, parcels
from aidbt.alerts.routing import escalations, notices_of
from aidbt.alerts.writing import Templates
from aidbt.core.config import Settings
from aidbt.core.errors import UsageError, VersionConflict, require_known
from aidbt.core.findings import Severity
from aidbt.core.incidents import (
    Incident,
    IncidentChange,
    IncidentEvent,
    IncidentState,
    Notice,
    What,
    ill_of,
)
from aidbt.core.measured import Monitor
from aidbt.core.resilience import SystemClock
from aidbt.monitors.incidents.changes import News, update_incidents
from aidbt.monitors.incidents.dismissing import dismissed, require_seen
from aidbt.monitors.incidents.surroundings import Surroundings
from aidbt.store import Store
from aidbt.store.incidents import Announce, Incidents
from aidbt.store.outbox import Outbox

# As what a person may end an incident: the first means that it was one.
Verdict = Literal["resolved", "false-alarm", "expected"]
_TRIES = 5
ACKNOWLEDGED, RESOLVED = IncidentState.ACKNOWLEDGED, IncidentState.RESOLVED
_CLAIM_S = 60.0  # beyond the deadline, for who was killed while sending


def record(
    store: Store, news: News, around: Surroundings, settings: Settings, *, now: datetime | None = None
) -> tuple[IncidentChange, ...]:
    """What news means for the incidents, saved together with whom it is to be told to.

    Raises:
        StoreError: the store cannot be written; nothing was saved.
    """
    at = now or datetime.now(UTC)
    budget = settings.monitors.false_alarms
    return Incidents(store).change(
        lambda known: update_incidents(known, news, around, now=at, false_alarms=budget),
        announcer(settings, around.paths, at),
    )


def escalate(store: Store, settings: Settings, *, now: datetime | None = None) -> tuple[IncidentChange, ...]:
    """Incidents that nobody has acknowledged in time, noted so, and to be told to others.

    Raises:
        StoreError: the store cannot be written.
    """
    at = now or datetime.now(UTC)
    return Incidents(store).change(
        lambda known: tuple(escalations(known, settings.alerts, now=at)), announcer(settings, {}, at)
    )


def announcer(settings: Settings, paths: Mapping[str, str], now: datetime) -> Announce:
    """Who is told of a change, as the settings say; `paths` are those of the nodes' files."""

    def announce(change: IncidentChange, aware: frozenset[str]) -> Iterable[Notice]:
        path, timezone = paths.get(change.after.root, ""), settings.monitors.timezone
        return notices_of(change, settings.alerts, path=path, now=now, timezone=timezone, aware=aware)

    return announce


# --- what people do -----------------------------------------------------------------------------------


def acknowledge(
    store: Store, id: str, settings: Settings, around: Surroundings, *, by: str, note: str = ""
) -> IncidentChange:
    """Note that somebody looks after an incident, so that nobody else is called.

    Raises:
        UnknownName: there is none of that id.
        UsageError: it is over.
        StoreError: the store cannot be written.
    """
    event = partial(IncidentEvent, what="acknowledged", by=by, note=note)
    return _act(store, id, settings, around, partial(_moved, "acknowledged", ACKNOWLEDGED, event))


def end(
    store: Store,
    id: str,
    settings: Settings,
    around: Surroundings,
    *,
    by: str,
    verdict: Verdict = "resolved",
    note: str = "",
    monitors: Collection[Monitor] | None = None,
    seen: Incident | None = None,
) -> IncidentChange:
    """End an incident by hand: it is mended, or it was none; or part of it was none, and the rest goes on.

    Args:
        monitors: of which it is said that it was none; None for all of it.
        seen: the incident as the person knows it: what has come since is not meant.

    Raises:
        UnknownName: there is none of that id.
        UsageError: it is over, or more has come to it than the person has seen.
        StoreError: the store cannot be written.
    """
    if verdict == "resolved":
        event = partial(IncidentEvent, what="resolved", by=by, note=note)
        return _act(store, id, settings, around, partial(_moved, "resolved", RESOLVED, event))
    words = {"false-alarm": "a false alarm", "expected": "expected from now on"}[verdict]
    said = f"{words}: {note}" if note else words

    def without(before: Incident, now: datetime) -> tuple[What, Incident]:
        if seen is not None and monitors is None:
            require_seen(before, seen)
        budget = settings.monitors.false_alarms
        return dismissed(before, monitors, said, around, by=by, now=now, false_alarms=budget)

    return _act(store, id, settings, around, without)


def _moved(
    what: What,
    state: IncidentState,
    event: Callable[[datetime], IncidentEvent],
    before: Incident,
    now: datetime,
) -> tuple[What, Incident]:
    after = replace(before, state=state, updated_at=now, timeline=(*before.timeline, event(now)))
    if state.is_over:  # what is mended is not told as still wrong where something else comes back
        after = replace(after, ended_at=now, well=before.well | ill_of(before))
    return what, after


def _act(
    store: Store,
    id: str,
    settings: Settings,
    around: Surroundings,
    make: Callable[[Incident, datetime], tuple[What, Incident]],
) -> IncidentChange:
    """Save what a person makes of an incident that is open."""
    incidents = Incidents(store)
    for attempt in range(_TRIES):
        before = incidents.get(id)
        now = datetime.now(UTC)
        _require_open(before)
        what, after = make(before, now)
        try:
            saved = incidents.save(
                [IncidentChange(what, after, before)], announcer(settings, around.paths, now)
            )
        except VersionConflict:  # a check found something meanwhile; what the person means still holds
            if attempt == _TRIES - 1:
                raise
        else:
            return saved[0]
    raise AssertionError("unreachable")


def _require_open(incident: Incident) -> None:
    if incident.state.is_over:
        at = f" on {incident.ended_at:%Y-%m-%d %H:%M} UTC" if incident.ended_at else ""
        raise UsageError(
            f"{incident.id} is over: {incident.state.value}{at}",
            hint=f"aidbt incidents show {incident.id} says what happened",
        )


# --- telling people -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of what was to be sent.

    Attributes:
        sent: channel → messages that it took.
        problems: channel → why the rest waits, in one line.
        waiting: notices that are still to be sent, those of digests and of later too.
    """

    sent: Mapping[str, int]
    problems: Mapping[str, str]
    waiting: int


def deliver(
    store: Store,
    settings: Settings,
    *,
    root: Path,
    project: str,
    say: Callable[[str], None],
    now_too: bool = False,
) -> Delivered:
    """Send what is due. What cannot be sent waits for the next time; no channel's failure is an error here.

    Args:
        root: of the dbt project, where templates of its own are.
        say: shows a text to who runs the command, for the channel "console".
        now_too: also what waits after a failure, and what waits for a digest.

    Raises:
        StoreError: the store cannot be read or written.
    """
    outbox, alerts = Outbox(store), settings.alerts
    claimed = outbox.claim(for_s=alerts.deadline_s + _CLAIM_S, now_too=now_too)
    # Read after the messages: an incident may have changed since, and is told as it is.
    incidents = Incidents(store).some(posting.incident for posting in claimed)
    wanted = [p for p in claimed if p.channel in alerts.channels and p.incident in incidents]
    outbox.drop([p for p in claimed if p.channel not in alerts.channels or p.incident not in incidents])
    ready = parcels(wanted, incidents, alerts, project=project, now=datetime.now(UTC))
    by_id = {posting.id: posting for posting in wanted}
    unfinished = {parcel.postings[0].id: parcel.channel for parcel in ready}
    sent: Counter[str] = Counter()
    problems: dict[str, str] = {}
    for done in send_all(
        ready, alerts, Templates(root), say=say, clock=SystemClock(), deadline_s=alerts.deadline_s
    ):
        mine = [by_id[posting.id] for posting in done.parcel.postings]
        channel = unfinished.pop(mine[0].id)
        if done.error is None:
            sent[channel] += 1
            outbox.sent(mine, done.reference)
        elif done.is_tried:
            problems[channel] = _in_a_line(done.error.message, done.error.hint)
            outbox.failed(mine, problems[channel], wait_s=done.error.retry_after)
        else:
            outbox.release(mine)
    # These stay claimed for a while, so that nobody sends what may just be arriving.
    for channel in unfinished.values():
        problems.setdefault(channel, _not_done(alerts.deadline_s))
    return Delivered(dict(sent), problems, len(outbox.waiting()))


def try_channel(
    name: str, settings: Settings, *, root: Path, project: str, say: Callable[[str], None]
) -> str:
    """Send a message that says that it is a test; why it could not be sent, "" when it was.

    Raises:
        UnknownName: no channel is called so.
    """
    channels = settings.alerts.channels
    require_known([name], channels, "channel")
    now, title = datetime.now(UTC), f"this is a test of the channel '{name}'; nothing is wrong"
    happened = (IncidentEvent(now, "opened", note=title), IncidentEvent(now, "resolved"))
    test = Incident(
        "INC-0",
        IncidentState.RESOLVED,
        Severity.INFO,
        title,
        "",
        (),
        now,
        now,
        ended_at=now,
        timeline=happened,
    )
    message = Message(uuid.uuid4().hex, (item_of(test, "resolved"),), project, now)
    parcel = Parcel(name, (), Delivery(message))
    for done in send_all(
        [parcel],
        settings.alerts,
        Templates(root),
        say=say,
        clock=SystemClock(),
        deadline_s=settings.alerts.deadline_s,
    ):
        return _in_a_line(done.error.message, done.error.hint) if done.error else ""
    return _not_done(settings.alerts.deadline_s)


def _not_done(deadline_s: float) -> str:
    return f"not done within {deadline_s:g} s (alerts.deadline_s in aidbt.yml allows so much)"


def _in_a_line(message: str, hint: str | None) -> str:
    return " ".join((f"{message} ({hint})" if hint else message).split())
