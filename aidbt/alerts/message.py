"""What people are told, as values: templates make the words of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aidbt.core.incidents import FoundCause, Incident, What, ill_of, key_of
from aidbt.core.measured import node_name

_MOST_LINES = 5


@dataclass(frozen=True, slots=True)
class Item:
    """One incident in a message.

    Attributes:
        what: what happened to it; in a digest the last thing.
        lines: what was found, the newest first, each in one line.
        more_lines: how many further findings there are.
        affected, exposed: names of nodes, those of the incident's unique_ids.
    """

    incident: Incident
    what: What
    lines: tuple[str, ...]
    more_lines: int
    affected: tuple[str, ...]
    exposed: tuple[str, ...]

    @property
    def said(self) -> str:
        """The last note of what happened, e.g. who acknowledged it and why."""
        events = [event for event in self.incident.timeline if event.what == self.what]
        if not events or events[-1].note == self.incident.title:
            return ""
        by = events[-1].by
        return f"{events[-1].note} ({by})" if by != "aidbt" and events[-1].note else events[-1].note


@dataclass(frozen=True, slots=True)
class Message:
    """What one channel is told at once.

    Attributes:
        id: the same at every try.
        items: one, several that came together, or those of a digest.
        project: the name of the dbt project.
    """

    id: str
    items: tuple[Item, ...]
    project: str
    sent_at: datetime
    is_digest: bool = False

    @property
    def headline(self) -> str:
        """The message in one line."""
        if self.is_digest:
            return f"{self.project}: {_counted(self.items)} in this digest"
        if len(self.items) > 1:
            return f"{self.project}: {_counted(self.items)} at once"
        item = self.items[0]
        word = "" if item.what == "opened" else f"{_SAID.get(item.what, item.what)}: "
        return f"{word}{item.incident.title}"


_SAID = {
    "worse": "worse",
    "reopened": "back again",
    "escalated": "nobody has acknowledged",
    "proposed": "a mend waits for review",
    "handed over": "a person is needed",
    "mended": "mended",
    "resolved": "resolved",
    "terminated": "closed",
    "acknowledged": "acknowledged",
}


def item_of(incident: Incident, what: What) -> Item:
    """What is told of an incident."""
    # What has passed meanwhile is told only when all has. Of the newest bucket first, and there what is wrong
    # at the place of the cause.
    ill = ill_of(incident)
    findings = sorted(
        (a for a in incident.anomalies if not ill or key_of(a.monitor) in ill),
        key=lambda a: (a.start, a.monitor.node == incident.root, a.score),
        reverse=True,
    )
    lines = tuple(dict.fromkeys(" ".join(a.message.split()) for a in findings if a.message))
    failed = tuple(
        f"{node_name(unique_id)} failed in a run of dbt" if unique_id else "dbt's run failed before any node"
        for unique_id in incident.failures
        if not ill or unique_id in ill
    )
    lines = (*_of_cause(incident.found), *failed, *lines)
    return Item(
        incident=incident,
        what=what,
        lines=lines[:_MOST_LINES],
        more_lines=max(0, len(lines) - _MOST_LINES),
        affected=tuple(node_name(node) for node in incident.affected),
        exposed=tuple(node_name(node) for node in incident.exposed),
    )


def _of_cause(found: FoundCause | None) -> tuple[str, ...]:
    """What diagnosis says: the strongest proof, and what to do next."""
    if found is None:
        return ()
    return (*found.proof[:3], *([f"next: {found.next_step}"] if found.next_step else []))


def _counted(items: Sequence[Item]) -> str:
    return f"{len(items)} incident{'s' if len(items) != 1 else ''}"
