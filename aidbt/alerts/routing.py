"""Who is told what: routes by severity, owner and path; digests; and who else when nobody reacts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from aidbt.alerts.channel import EDITABLE
from aidbt.core.config import AlertSettings, RouteSettings
from aidbt.core.findings import Severity
from aidbt.core.incidents import Incident, IncidentChange, IncidentEvent, IncidentState, Notice

_RANK = {Severity.INFO: 0, Severity.WARN: 1, Severity.ERROR: 2}
# What is told where a message cannot be changed any more.
_NEWS = frozenset(
    ("opened", "worse", "reopened", "escalated", "proposed", "handed over", "mended")
    + ("resolved", "terminated")
)
# Since when nobody has reacted.
_ALARMS = ("opened", "worse", "reopened")


def notices_of(
    change: IncidentChange,
    settings: AlertSettings,
    *,
    path: str,
    now: datetime,
    timezone: str,
    aware: Collection[str] = (),
) -> tuple[Notice, ...]:
    """Whom a change is told to, each channel once; nobody what had passed before it was found, or what goes
    on of which a person said that it is none.

    Args:
        aware: channels that were told of it before: they are told what becomes of it, whoever it belongs to
            by now and however bad it still is.
        path: of the file of the incident's root; "" when unknown.
        timezone: in which `digest_at` is.
    """
    incident = change.after
    if incident.state.is_over and (change.before is None or change.what == "updated"):
        return ()
    due: dict[tuple[str, bool], datetime] = {}
    for route in _routes(settings):
        if _fits(route, incident, path):
            at = next_digest(route.digest, settings.digest_at, now, timezone) if route.digest else now
            for channel in route.to:
                key = channel, bool(route.digest)
                due[key] = min(at, due.get(key, at))
    due |= {(channel, False): now for channel in aware if channel in settings.channels}
    if change.what == "escalated":
        due = {(channel, False): now for channel in settings.escalation.to}
    elif any(event.what == "escalated" for event in incident.timeline):
        due |= {(channel, False): now for channel in settings.escalation.to}
    return tuple(
        Notice(channel, incident.id, change.what, at, is_digest)
        for (channel, is_digest), at in due.items()
        # Who is told at once needs no digest of the same.
        if not (is_digest and (channel, False) in due) and _is_told(change, channel, is_digest, settings)
    )


def _routes(settings: AlertSettings) -> Iterable[RouteSettings]:
    if settings.routes or not settings.channels:
        return settings.routes
    return (RouteSettings(to=tuple(settings.channels), severity="info"),)


def _fits(route: RouteSettings, incident: Incident, path: str) -> bool:
    owner, wanted = incident.owner.casefold(), route.owner.casefold()
    return (
        _RANK[incident.severity] >= _RANK[Severity(route.severity)]
        and (not wanted or fnmatchcase(owner, wanted))
        and (not route.path or _is_within(path, route.path))
    )


def _is_within(path: str, pattern: str) -> bool:
    """Whether a file fits a pattern, or lies in the folder of that name.

    Example:
        >>> _is_within("models/a/b/c.sql", "models/*/b"), _is_within("models/a/c.sql", "models/**/c.sql")
        (True, True)
    """
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.strip("/").removeprefix("./"))
    means = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    regex = "".join(means.get(part) or re.escape(part) for part in parts)
    return re.fullmatch(f"{regex}(?:/.*)?", path) is not None


def _is_told(change: IncidentChange, channel: str, is_digest: bool, settings: AlertSettings) -> bool:
    return is_digest or change.what in _NEWS or settings.channels[channel].kind in EDITABLE


def next_digest(every: str, at: str, now: datetime, timezone: str) -> datetime:
    """When the next digest is due, in UTC.

    Args:
        every: "daily", or "weekly" for Mondays.
        at: HH:MM in the time zone.

    Example:
        >>> str(next_digest("weekly", "08:00", datetime(2026, 11, 21, 12, tzinfo=UTC), "Europe/Berlin"))
        '2026-11-23 07:00:00+00:00'
    """
    here = now.astimezone(ZoneInfo(timezone))
    hour, minute = (int(part) for part in at.split(":"))
    due = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
    while due <= here or (every == "weekly" and due.weekday() != 0):
        due += timedelta(days=1)  # on the wall clock, so that it stays at its hour when that changes
    return due.astimezone(UTC)


def escalations(
    incidents: Iterable[Incident], settings: AlertSettings, *, now: datetime
) -> Iterator[IncidentChange]:
    """Open incidents that nobody has acknowledged for too long, each once for each time that it got worse."""
    escalation = settings.escalation
    if not escalation.to:
        return
    for incident in incidents:
        if (
            incident.state is not IncidentState.OPEN
            or _RANK[incident.severity] < _RANK[Severity(escalation.severity)]
        ):
            continue
        alarms = [event.at for event in incident.timeline if event.what in _ALARMS]
        since = max(alarms, default=incident.opened_at)
        told = any(event.what == "escalated" and event.at >= since for event in incident.timeline)
        if not told and now - since >= timedelta(minutes=escalation.after_minutes):
            minutes = int((now - since).total_seconds() // 60)
            event = IncidentEvent(now, "escalated", note=f"not acknowledged for {_spent(minutes)}")
            after = replace(incident, timeline=(*incident.timeline, event), updated_at=now)
            yield IncidentChange("escalated", after, incident)


def _spent(minutes: int) -> str:
    return f"{minutes // 60} hours" if minutes >= 120 else f"{minutes} minutes"
