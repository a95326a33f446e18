"""Anomalies and failures become incidents: one for each cause, until it passes.

Pure: the incidents that are known and what is new go in, the changes come out. Which findings have one cause
is decided by `grouping`; this module keeps the incidents' story.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from aidbt.core.findings import RunFailure, Severity
from aidbt.core.incidents import (
    Incident,
    IncidentChange,
    IncidentEvent,
    IncidentState,
    What,
    ill_of,
    key_of,
    kind_of,
)
from aidbt.core.measured import Anomaly, Monitor
from aidbt.monitors.incidents.describing import RANK, described, kept, title_now
from aidbt.monitors.incidents.explaining import NEAR_SPANS, Links, Sign
from aidbt.monitors.incidents.going_on import Dismissed
from aidbt.monitors.incidents.grouping import Cause, assign
from aidbt.monitors.incidents.private_values import without_values
from aidbt.monitors.incidents.signs import sign_of, sign_of_cause, sign_of_failure, span_of
from aidbt.monitors.incidents.surroundings import Surroundings
from aidbt.monitors.incidents.upstream import Upstream

_MOST_EVENTS = 200


@dataclass(frozen=True, slots=True)
class News:
    """What was found since the last time.

    Attributes:
        passed: monitor → the start of the newest bucket that was judged and is as expected, be it a later one
            or one that was judged again.
        failures, succeeded: nodes and tests of runs, the last result of each.
        gone: nodes that the project has no more.
    """

    anomalies: tuple[Anomaly, ...] = ()
    failures: tuple[RunFailure, ...] = ()
    passed: Mapping[Monitor, datetime] = field(default_factory=dict)
    succeeded: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()


def update_incidents(
    known: Sequence[Incident],
    news: News,
    around: Surroundings,
    *,
    now: datetime,
    false_alarms: float = 0.5,
) -> tuple[IncidentChange, ...]:
    """What becomes of the incidents, at most one change for each.

    An anomaly in what an incident is about, or above or below it at about the same time, is part of it, also
    when it had passed not long before. Others become new ones. What a person called a false alarm or expected
    is not brought up again as long as it goes on and is not worse.

    Args:
        known: those that are open, and those that ended lately; in any order, with ids.
        now: with a time zone.
        false_alarms: the budget of `monitors.false_alarms`; an error is so much rarer than what it allows.
    """
    upstream = Upstream(around.parents)
    links = Links(upstream, around.columns_below)
    stories = [_Story(incident, incident) for incident in sorted(known, key=_number)]
    fresh = _note_what_goes_on(news.anomalies, stories, around, upstream, now)
    quiet = [story for story in stories if story.now.state is IncidentState.TERMINATED]
    stories = [story for story in stories if story.now.state is not IncidentState.TERMINATED]
    _gather(stories, fresh, news, around, links, now)
    for story in stories:
        if story.anomalies or story.failures:
            _tell_news(story, news, around, upstream, now, false_alarms)
    _merge(stories, around, links, now)
    for story in stories:
        if not story.now.state.is_over:
            _tell_end(story, news, around, upstream, now)
    told = [*stories, *quiet]
    return tuple(IncidentChange(story.what, story.now, story.before) for story in told if story.what)


@dataclass(slots=True)
class _Story:
    """An incident as it was and is now, with what is new of it, and in a word what happened."""

    before: Incident | None
    now: Incident
    anomalies: list[Anomaly] = field(default_factory=list)
    failures: list[RunFailure] = field(default_factory=list)
    what: What | None = None

    def note(self, what: What, text: str, now: datetime) -> None:
        """Write a line in the timeline; updates in a row are one line."""
        self.what = what
        events = list(self.now.timeline)
        if what == "updated" and events and events[-1].what == "updated":
            events.pop()
        events.append(IncidentEvent(now, what, note=text))
        if len(events) > _MOST_EVENTS:
            events = [*events[:1], *events[1 - _MOST_EVENTS :]]
        self.now = replace(self.now, timeline=tuple(events), updated_at=now)


def _number(incident: Incident) -> tuple[int, str]:
    return len(incident.id), incident.id


def _blank(now: datetime) -> Incident:
    return Incident("", IncidentState.OPEN, Severity.WARN, "", "", (), now, now)


# --- which finding belongs where ----------------------------------------------------------------------


def _gather(
    stories: list[_Story],
    anomalies: Sequence[Anomaly],
    news: News,
    around: Surroundings,
    links: Links,
    now: datetime,
) -> None:
    """Put what is new into the stories it belongs to, moment by moment; the rest begins new ones."""
    undone = {key_of(monitor) for monitor in news.passed if kind_of(monitor.metric) != "data"}
    undone |= news.succeeded
    findings: list[tuple[Sign, Anomaly | RunFailure]] = [(sign_of(anomaly), anomaly) for anomaly in anomalies]
    findings += [(sign_of_failure(failure.unique_id, around, now), failure) for failure in news.failures]
    moments: dict[float, list[tuple[Sign, Anomaly | RunFailure]]] = defaultdict(list)
    for found in sorted(findings, key=lambda found: (found[0].end, -found[0].span)):
        moments[found[0].end].append(found)
    # What has just been undone explains nothing that is found now.
    causes = [_cause(replace(one.now, well=one.now.well | undone), around, links) for one in stories]
    for moment in moments.values():
        places = assign([sign for sign, _ in moment], causes, links)
        stories += [_Story(None, _blank(now)) for _ in causes[len(stories) :]]
        for place, (_, item) in zip(places, moment, strict=True):
            if isinstance(item, Anomaly):
                stories[place].anomalies.append(item)
            else:
                stories[place].failures.append(item)


def _cause(incident: Incident, around: Surroundings, links: Links) -> Cause:
    """What grouping needs to know of an incident."""
    signs = [sign_of_failure(failure, around, incident.updated_at) for failure in incident.failures]
    signs += [sign_of(anomaly) for anomaly in incident.anomalies]
    if incident.found is not None and not incident.state.is_over:
        signs.append(sign_of_cause(incident.found, incident.updated_at))
    waits = {sign.key for sign in signs if _text_of(sign.key) not in incident.well}
    if incident.state.is_over:
        waits = set()
    undone = [sign for sign in signs if sign.is_exact and sign.key not in waits]
    cause = Cause()
    for sign in sorted(signs, key=lambda sign: not sign.is_exact):
        if sign.is_exact and sign.key in waits:  # it goes on until it is undone, and so does what follows
            cause.add(replace(sign, end=math.inf), links)
        elif sign.key not in waits and (sign.is_exact or any(links.explains(one, sign) for one in undone)):
            cause.note(sign)  # nothing new follows from it then, nor from what it did; but it may come back
        else:
            cause.add(sign, links)
    # What has not passed is still the same, however long ago it was seen.
    cause.keys.update(dict.fromkeys(waits, math.inf))
    return cause


def _text_of(key: Hashable) -> str:
    return key_of(key) if isinstance(key, Monitor) else str(key)


def _note_what_goes_on(
    anomalies: Iterable[Anomaly],
    stories: Sequence[_Story],
    around: Surroundings,
    upstream: Upstream,
    now: datetime,
) -> list[Anomaly]:
    """Those that are not only what a person has said is none; the others the incidents note in silence."""
    said = [(dismissed, story) for story in stories if (dismissed := Dismissed(story.now))]
    silent: list[list[Anomaly]] = [[] for _ in said]
    fresh = []
    for anomaly in anomalies:
        place = next((n for n, (one, _) in enumerate(said) if one.covers(anomaly, upstream)), None)
        if place is None:
            fresh.append(anomaly)
        else:
            found = without_values(anomaly, around)
            said[place][0].add(found)
            silent[place].append(found)
    for found_ones, (_, story) in zip(silent, said, strict=True):
        if found_ones:
            story.now = _with_silent(story.now, found_ones, now)
            story.what = story.what or "updated"
    return fresh


def _with_silent(incident: Incident, found: Sequence[Anomaly], now: datetime) -> Incident:
    keys = {key_of(anomaly.monitor) for anomaly in found}
    nodes = dict.fromkeys((*incident.affected, *(anomaly.monitor.node for anomaly in found)))
    return replace(
        incident,
        affected=tuple(nodes),
        exposed=tuple(node for node in incident.exposed if node not in nodes),
        anomalies=kept([*incident.anomalies, *found]),
        well=incident.well | keys,
        dismissed=incident.dismissed | keys if incident.dismissed else incident.dismissed,
        updated_at=now,
    )


# --- what an incident becomes -------------------------------------------------------------------------


def _tell_news(
    story: _Story, news: News, around: Surroundings, upstream: Upstream, now: datetime, false_alarms: float
) -> None:
    """Put what was found into an incident, and see anew what is its root and how bad it is."""
    old = story.now
    failed = [failure.unique_id for failure in story.failures]
    found = [without_values(anomaly, around) for anomaly in story.anomalies]
    again = {key_of(anomaly.monitor) for anomaly in story.anomalies}.union(failed)
    incident = replace(
        old,
        state=IncidentState.OPEN if old.state.is_over else old.state,
        severity=Severity.INFO if old.state.is_over else old.severity,
        anomalies=kept([*old.anomalies, *found]),
        failures=tuple(dict.fromkeys([*old.failures, *failed])),
        well=old.well - again,
        dismissed=old.dismissed - again,
        found=None if old.state.is_over else old.found,  # what comes back may have another cause
        ended_at=None,
    )
    left = replace(incident, well=incident.well | _passed(incident, news, around))
    after = described(left if ill_of(left) else incident, around, upstream, false_alarms=false_alarms)
    severity = max(incident.severity, after.severity, key=RANK.__getitem__)
    story.now = replace(after, severity=severity, well=incident.well)
    story.note(*_what_happened(story.before, story.now, upstream), now)


def _what_happened(before: Incident | None, after: Incident, upstream: Upstream) -> tuple[What, str]:
    """The word for the change, and what to note with it."""
    if before is None:
        return "opened", after.title
    if before.state.is_over:
        return "reopened", after.title
    if RANK[after.severity] > RANK[before.severity]:
        return "worse", f"{after.severity.value}: {after.title}"
    if after.root in upstream.above(before.root):
        return "worse", f"it begins further up: {after.title}"
    if len(after.affected) >= 2 * len(before.affected):
        return "worse", f"{len(after.affected)} nodes are affected"
    return "updated", after.title


def _merge(stories: Sequence[_Story], around: Surroundings, links: Links, now: datetime) -> None:
    """Two incidents become one where something new of the one lies above the root of the other, and may
    have caused it."""
    for upper in stories:
        if upper.before is None or upper.now.state.is_over or not upper.anomalies:
            continue
        fresh = [sign_of(anomaly) for anomaly in upper.anomalies]
        for lower in stories:
            if lower is upper or lower.before is None or lower.now.state.is_over:
                continue
            above = links.upstream.above(lower.now.root)
            signs = [sign for sign in fresh if sign.node in above]
            if not signs or not _is_now(lower, fresh):
                continue
            begun = _cause(upper.now, around, links).begun
            if _may_cause(signs, begun, _cause(lower.now, around, links), links):
                _join(upper, lower, now)


def _is_now(lower: _Story, fresh: Sequence[Sign]) -> bool:
    """Whether both were wrong at about the same time."""
    ends = [sign_of(anomaly).end for anomaly in lower.now.anomalies]
    return bool(ends) and max(sign.start for sign in fresh) - max(ends) <= NEAR_SPANS


def _may_cause(signs: Sequence[Sign], begun: Mapping[Hashable, float], lower: Cause, links: Links) -> bool:
    """Whether one of the signs, which began then, explains what is below, as far as that can be told."""
    if lower.exact:
        return any(links.are_linked(sign, other) for sign in signs for other in lower.exact.values())
    odd = lower.oddities(-math.inf)
    return any(
        any(links.explains(sign, other) for other in lower.odd.values())
        if sign.is_exact
        else odd.may_explain(sign, begun.get(sign.key))
        for sign in signs
    )


def _join(upper: _Story, lower: _Story, now: datetime) -> None:
    one, other = upper.now, lower.now
    nodes = (*one.affected, *(node for node in other.affected if node not in one.affected))
    upper.now = replace(
        one,
        severity=max(one.severity, other.severity, key=RANK.__getitem__),
        affected=nodes,
        exposed=tuple(n for n in dict.fromkeys((*one.exposed, *other.exposed)) if n not in nodes),
        anomalies=kept([*one.anomalies, *other.anomalies]),
        failures=tuple(dict.fromkeys((*one.failures, *other.failures))),
        # What is well in the one may be wrong again in the other.
        well=(one.well | other.well) - ill_of(one) - ill_of(other),
        dismissed=(one.dismissed | other.dismissed) - ill_of(one) - ill_of(other),
    )
    what = upper.what
    upper.note("updated", f"{other.id} is part of it", now)
    upper.what = what
    lower.now = replace(other, state=IncidentState.TERMINATED, ended_at=now)
    lower.note("terminated", f"it is part of {one.id}", now)


# --- when it is over ----------------------------------------------------------------------------------


def _tell_end(story: _Story, news: News, around: Surroundings, upstream: Upstream, now: datetime) -> None:
    """End an incident where everything that was wrong is well again, or gone from the project.

    Until then it is called after what is still wrong, and then after the most telling of it all.
    """
    incident = story.now
    if incident.affected and all(node in news.gone for node in incident.affected):
        story.now = replace(incident, state=IncidentState.TERMINATED, ended_at=now)
        story.note("terminated", "the project has it no more", now)
        return
    after = replace(incident, well=incident.well | _passed(incident, news, around))
    if not ill_of(after):
        came_back = any(event.what == "reopened" for event in incident.timeline)
        # What it was before it came back may have had another cause.
        whole = after if came_back else replace(after, well=after.dismissed)
        story.now = replace(
            after, title=title_now(whole, around, upstream), state=IncidentState.RESOLVED, ended_at=now
        )
        story.note("resolved", "it has passed", now)
    elif after != incident:
        story.now = replace(after, title=title_now(after, around, upstream))
        story.what = story.what or "updated"


def _passed(incident: Incident, news: News, around: Surroundings) -> set[str]:
    """What of an incident has passed by the news, as `Incident.well` has it."""
    again = sum(event.what == "reopened" for event in incident.timeline)
    last = {anomaly.monitor: anomaly for anomaly in incident.anomalies}
    passed = {
        key_of(monitor)
        for monitor, anomaly in last.items()
        if monitor.node in news.gone or _is_well(anomaly, news.passed.get(monitor), again)
    }
    return passed | {
        one
        for one in incident.failures
        if one in news.succeeded or one in news.gone or _is_unknown(one, around)
    }


def _is_unknown(failed: str, around: Surroundings) -> bool:
    """Whether what failed is not in the project any more, as far as that is known."""
    is_listed = failed.partition(".")[0] in ("model", "seed", "snapshot", "source", "test", "unit_test")
    return bool(around.parents) and is_listed and failed not in around.parents and failed not in around.tested


def _is_well(last: Anomaly, passed: datetime | None, again: int) -> bool:
    """Whether a monitor has passed since: one bucket is enough, one more for each time that it came back.

    What is exact is over when it is undone.
    """
    if passed is None or passed < last.start:
        return False
    if kind_of(last.monitor.metric) != "data":
        return True
    return passed == last.start or passed - last.start > again * span_of(last.grain)


def open_ones(incidents: Iterable[Incident]) -> Iterator[Incident]:
    """Those that are not over, the worst first, then the oldest."""
    alive = [incident for incident in incidents if not incident.state.is_over]
    yield from sorted(alive, key=lambda i: (-RANK[i.severity], i.opened_at, _number(i)))
