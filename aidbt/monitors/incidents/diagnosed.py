"""Causes that diagnosis found, and the incidents they are: one each, across runs and whoever saw it first.

Pure, as `changes` is: the incidents that are known and the causes of one run go in, the changes come out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aidbt.core.failures import ACT_FROM, ErrorClass
from aidbt.core.findings import Severity
from aidbt.core.healing import Diagnosis
from aidbt.core.incidents import (
    FoundCause,
    Incident,
    IncidentChange,
    IncidentEvent,
    IncidentState,
    What,
    cause_alone,
    ill_of,
    is_connector,
    key_of,
    kind_of,
)
from aidbt.core.measured import node_name
from aidbt.monitors.incidents.describing import RANK, described, kept
from aidbt.monitors.incidents.grouping import AGAIN_SPANS
from aidbt.monitors.incidents.surroundings import Surroundings
from aidbt.monitors.incidents.upstream import Upstream

# A cause that is over and comes back so soon is the same incident again.
_AGAIN = timedelta(days=AGAIN_SPANS)


@dataclass(frozen=True, slots=True)
class Seen:
    """The causes of one run.

    Attributes:
        run: invocation id; "" where no run showed them.
        looked: unique_ids of the sources that were looked at: a cause there that is not among these is over.
        since: when the state was taken that the run is compared with; None where there is none.
    """

    causes: Sequence[Diagnosis]
    target: str
    run: str = ""
    looked: frozenset[str] = frozenset()
    since: datetime | None = None


@dataclass(slots=True)
class _Story:
    """An incident as it was and is now, with what happened to it in a word, and what failed for its cause."""

    before: Incident | None
    now: Incident
    what: What | None = None
    failed: frozenset[str] = frozenset()

    def note(self, what: What, text: str, now: datetime) -> None:
        self.what = what
        event = IncidentEvent(now, what, note=text)
        self.now = replace(self.now, timeline=(*self.now.timeline, event), updated_at=now)


def with_causes(
    known: Sequence[Incident], seen: Seen, around: Surroundings, *, now: datetime, false_alarms: float = 0.5
) -> tuple[IncidentChange, ...]:
    """What becomes of the incidents when the causes of a run are known, at most one change for each.

    A cause belongs to the incident that has it already, or that holds what failed for it, or what monitors
    found at the same place; else it is a new one. What is only late below a connector that fails is of that
    one's incident, whichever was seen first. What failed for a cause is taken out of other incidents.
    What a person said is none is not brought up again. The same causes once more change nothing.
    """
    stories = [_Story(one, one) for one in sorted(known, key=lambda one: (one.opened_at, one.id))]
    upstream = Upstream(around.parents)
    taken: list[_Story] = []
    for cause in seen.causes:
        if said_to_be_none(known, cause, seen.target, seen.since):
            continue
        fed_by = next((story for story in stories if _is_fed_by(cause, story.now, upstream)), None)
        if fed_by is not None:
            _add_late(fed_by, cause, around, upstream, now, false_alarms)
            continue
        late = [story for story in stories if _is_late_for(story.now, cause, upstream)]
        free = [story for story in stories if all(story is not other for other in taken)]
        home = _home(free, cause, seen.target, now) or next(iter(late), None)
        if home is None:
            home = _Story(None, _blank(now))
            stories.append(home)
        taken.append(home)
        _put(home, cause, seen, around, upstream, now, false_alarms)
        _take_in(home, late, around, upstream, now, false_alarms)
    others = [story for story in stories if all(story is not other for other in taken)]
    for home in taken:
        _take_out(home, [story for story in stories if story is not home], now)
    _end_what_is_over(others, seen, now)
    return tuple(IncidentChange(story.what, story.now, story.before) for story in stories if story.what)


def noted(
    incident: Incident, what: What, text: str, *, now: datetime, attempt: str = "", by: str = "aidbt"
) -> IncidentChange | None:
    """The incident with what became of the attempt to mend it; None where that is the last thing it says."""
    last = next((event for event in reversed(incident.timeline) if event.what != "updated"), None)
    if last is not None and (last.what, last.note) == (what, text):
        return None
    found = incident.found
    if found is not None and attempt:
        found = replace(found, attempt=attempt)
    event = IncidentEvent(now, what, by, text)
    after = replace(incident, found=found, timeline=(*incident.timeline, event), updated_at=now)
    return IncidentChange(what, after, incident)


# --- which incident a cause is -------------------------------------------------------------------------


def _home(stories: Sequence[_Story], cause: Diagnosis, target: str, now: datetime) -> _Story | None:
    alive = [story for story in stories if not story.now.state.is_over]
    same = [story for story in alive if _has(story.now, cause.key, target)]
    failed = {failure.unique_id for failure in cause.failures}
    # Of another cause that failed the same way before is nothing left: that one ends, and this one is new.
    named = [story for story in alive if story.now.id and story.now.id == cause.facts.get("incident")]
    free = [story for story in alive if story.now.found is None]
    holding = [story for story in free if failed & ill_of(story.now)]
    holding.sort(key=lambda story: -len(failed & ill_of(story.now)))
    beside = [story for story in free if _is_at(story.now, cause)]
    over = [story for story in stories if _is_again(story.now, cause.key, target, now)]
    return next(iter((*same, *named, *holding, *beside, *over)), None)


# --- what is late because of a connector ---------------------------------------------------------------


_LATE = ("freshness_minutes", "load_age_minutes", "row_count")


def _is_fed_by(cause: Diagnosis, incident: Incident, upstream: Upstream) -> bool:
    """Whether a cause is but that a source is late, and an open incident is of its connector."""
    found = incident.found
    if found is None or incident.state.is_over or not is_connector(found.root):
        return False
    is_late = cause.error_class.value in (ErrorClass.STALE.value, found.error_class)
    return is_late and found.root in upstream.above(cause.root)


def _is_late_for(incident: Incident, cause: Diagnosis, upstream: Upstream) -> bool:
    """Whether all that is wrong of an open incident is that rows did not come, and a cause is the connector
    that lands them."""
    if incident.state.is_over or not is_connector(cause.root):
        return False
    if cause.root not in upstream.above(incident.root):
        return False
    if incident.found is not None:
        return incident.found.error_class in (ErrorClass.STALE.value, cause.error_class.value)
    late = {key_of(one.monitor) for one in incident.anomalies if one.monitor.metric in _LATE}
    late |= {failure for failure in incident.failures if failure.startswith("source.")}
    return bool(ill_of(incident)) and ill_of(incident) <= late


def _add_late(
    story: _Story, cause: Diagnosis, around: Surroundings, upstream: Upstream, now: datetime,
    false_alarms: float,
) -> None:  # fmt: skip
    """Put what failed for a late source into the incident of its connector."""
    failed = {failure.unique_id for failure in cause.failures}
    if failed <= ill_of(story.now):
        return
    failures = tuple(dict.fromkeys([*story.now.failures, *sorted(failed)]))
    after = replace(story.now, failures=failures, well=story.now.well - failed)
    story.now = described(after, around, upstream, false_alarms=false_alarms)
    story.note("updated", f"late for it: {_words_of(cause, '').title}", now)


def _take_in(
    home: _Story, late: Iterable[_Story], around: Surroundings, upstream: Upstream, now: datetime,
    false_alarms: float,
) -> None:  # fmt: skip
    """Put what is late into the incident of its connector; the others end."""
    others = [story for story in late if story is not home]
    for other in others:
        then, taken = home.now, other.now
        joined = replace(
            then,
            anomalies=kept([*then.anomalies, *taken.anomalies]),
            failures=tuple(dict.fromkeys([*then.failures, *taken.failures])),
            well=(then.well - ill_of(taken)) | (taken.well - ill_of(then)),
        )
        home.now = described(joined, around, upstream, false_alarms=false_alarms)
        title = home.now.title
        _end(other, IncidentState.TERMINATED, f"it is part of {then.id or 'another incident'}: {title}", now)
    if others:
        home.note(home.what or "updated", home.now.title, now)


def _has(incident: Incident, key: str, target: str) -> bool:
    found = incident.found
    return found is not None and (found.key, found.target) == (key, target)


def _is_at(incident: Incident, cause: Diagnosis) -> bool:
    """Whether monitors found something at the place of a cause that is of its kind, and goes on."""
    wanted, column = _words_of(cause, "").kind, cause.column.casefold()
    names = {column, cause.facts.get("old", "").casefold(), cause.facts.get("new", "").casefold(), ""}
    return any(
        one.monitor.node == cause.root
        and (kind_of(one.monitor.metric) == wanted or wanted == "table")
        and (one.monitor.column.casefold() in names or not column)
        for one in incident.anomalies
        if f"{one.monitor.node}|{one.monitor.metric}|{one.monitor.column}" in ill_of(incident)
    )


def _is_again(incident: Incident, key: str, target: str, now: datetime) -> bool:
    is_over = incident.state is IncidentState.RESOLVED and _has(incident, key, target)
    return is_over and now - incident.updated_at <= _AGAIN


def said_to_be_none(known: Iterable[Incident], cause: Diagnosis, target: str, since: datetime | None) -> bool:
    """Whether a person said last of this very cause that it is none, and nothing fails for it.

    Args:
        since: when the state was taken that the cause was seen beside. What was said before that is not
            meant: what was right then has changed again.
    """
    of_it = [one for one in known if _has(one, cause.key, target)]
    if not of_it or cause.failures:
        return False
    last = max(of_it, key=lambda one: one.updated_at)
    is_said = last.state is IncidentState.TERMINATED and last.timeline[-1].by != "aidbt"
    return is_said and (since is None or last.updated_at > since)


# --- what an incident becomes --------------------------------------------------------------------------


def _blank(now: datetime) -> Incident:
    return Incident("", IncidentState.OPEN, Severity.INFO, "", "", (), now, now)


def _put(
    story: _Story, cause: Diagnosis, seen: Seen, around: Surroundings, upstream: Upstream, now: datetime,
    false_alarms: float,
) -> None:  # fmt: skip
    """The incident with the cause and with all that failed for it."""
    old = story.now
    found = _words_of(cause, seen.target, run=seen.run)
    failed = [failure.unique_id for failure in cause.failures]
    story.failed = frozenset(failed)
    if old.found is not None and old.found.key == found.key and not old.state.is_over:
        found = replace(found, attempt=old.found.attempt, run=old.found.run)
        if found == old.found and set(failed) <= ill_of(old):
            return
    incident = replace(
        old,
        state=IncidentState.OPEN if old.state.is_over else old.state,
        severity=Severity.INFO if old.state.is_over else old.severity,
        failures=tuple(dict.fromkeys([*old.failures, *failed])),
        found=found,
        ended_at=None,
    )
    incident = replace(incident, well=incident.well - set(failed) - cause_alone(incident))
    after = described(incident, around, upstream, false_alarms=false_alarms)
    sure = Severity.ERROR if failed or cause.confidence >= ACT_FROM else Severity.WARN
    severity = max(incident.severity, after.severity, sure, key=RANK.__getitem__)
    story.now = replace(after, severity=severity, well=incident.well)
    if story.before is None:
        story.note("opened", story.now.title, now)
    elif story.before.state.is_over:
        story.note("reopened", story.now.title, now)
    else:
        story.note("updated", f"the cause: {found.title}", now)


def _words_of(cause: Diagnosis, target: str, *, run: str = "") -> FoundCause:
    first = cause.proof[0] if cause.proof else None
    where = ".".join(part for part in (node_name(cause.root), cause.column) if part)
    says = first.text if first is not None and first.kind != "message" else cause.error_class.meaning
    is_node, is_named = "." in cause.root, node_name(cause.root).casefold() in says.casefold()
    return FoundCause(
        cause.key, target, cause.error_class.value, cause.confidence, cause.root, cause.column,
        title=says if not is_node or is_named else f"{where}: {says}",
        proof=tuple(item.text for item in cause.proof),
        ruled_out=tuple(item.text for item in cause.ruled_out),
        unknown=cause.unknown, next_step=cause.next_step, run=run,
    )  # fmt: skip


def _take_out(home: _Story, others: Iterable[_Story], now: datetime) -> None:
    """Take what failed for a cause out of the other incidents; what they had only that of is over."""
    for other in others:
        shared = (home.failed - other.failed) & ill_of(other.now)
        if other.now.state.is_over or not shared:
            continue
        left = tuple(one for one in other.now.failures if one not in shared)
        after = replace(other.now, failures=left)
        if other.failed or ill_of(after) - cause_alone(after):
            other.now = after
            other.note("updated", f"another cause: {_listed(shared)}", now)
        elif other.now.found is not None:
            _end(other, IncidentState.RESOLVED, f"it fails for another cause by now: {home.now.title}", now)
        else:
            name = home.now.id or "another incident"
            _end(other, IncidentState.TERMINATED, f"it is part of {name}: {home.now.title}", now)


def _listed(failed: Collection[str]) -> str:
    names = sorted(node_name(one) or "the run as a whole" for one in failed)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _end_what_is_over(stories: Iterable[_Story], seen: Seen, now: datetime) -> None:
    """End what only diagnosis said, and does not say any more."""
    for story in stories:
        found = story.now.found
        if story.now.state.is_over or found is None or found.target != seen.target:
            continue
        if cause_alone(story.now) and ill_of(story.now) and found.root in seen.looked:
            _end(story, IncidentState.RESOLVED, "it has passed", now)


def _end(story: _Story, state: IncidentState, text: str, now: datetime) -> None:
    what: What = "resolved" if state is IncidentState.RESOLVED else "terminated"
    well = story.now.well | ill_of(story.now)
    story.now = replace(story.now, state=state, ended_at=now, well=well)
    story.note(what, text, now)
