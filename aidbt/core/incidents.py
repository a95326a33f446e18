"""Something that is wrong until it passes: one per cause, fed by monitors and by failing runs alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aidbt.core.findings import Severity
from aidbt.core.measured import Anomaly


class IncidentState(StrEnum):
    """Where an incident stands; the last two are its ends.

    `resolved`: it passed, or a person said so. `terminated`: it was no incident (a false alarm, expected from
    now on, a monitor that is gone).
    """

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    TERMINATED = "terminated"

    @property
    def is_over(self) -> bool:
        """Whether nothing more is expected of it."""
        return self in (IncidentState.RESOLVED, IncidentState.TERMINATED)


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """One line of an incident's timeline.

    Attributes:
        what: opened, updated, acknowledged, escalated, resolved, terminated, noted.
        by: a person, or "aidbt".
    """

    at: datetime
    what: str
    by: str = "aidbt"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """One cause with all that it did.

    Attributes:
        id: short and stable, e.g. "INC-12"; what people type.
        root: unique_id of the most upstream node that is affected: the probable place of the cause.
        affected: unique_ids of all nodes with an anomaly or a failure of it, the root first.
        exposed: unique_ids of what is downstream of them and may be wrong too (the blast radius).
        anomalies: what monitors found, oldest first.
        failures: unique_ids of nodes that failed in a run for the same cause.
        owner: dbt's group or `meta.owner` of the root; "" when nobody is named.
        version: changes with every save; 0 when it was never saved.
    """

    id: str
    state: IncidentState
    severity: Severity
    title: str
    root: str
    affected: tuple[str, ...]
    opened_at: datetime
    updated_at: datetime
    exposed: tuple[str, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()
    failures: tuple[str, ...] = ()
    owner: str = ""
    ended_at: datetime | None = None
    timeline: tuple[IncidentEvent, ...] = ()
    version: int = 0
