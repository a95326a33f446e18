"""Something that is wrong until it passes: one per cause, fed by monitors and by failing runs alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, get_args

from aidbt.core.findings import Severity
from aidbt.core.measured import Anomaly, Monitor, node_name


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
        return self in OVER


# Of what kind a cause is. All but "data" are exact: a column or a table that is not as it was, a run that
# failed.
Kind = Literal["table", "schema", "failure", "test", "data"]
# The metrics that are states of a table and no numbers: what they say is so until it is undone.
STATES: dict[str, Kind] = {"schema": "schema", "table_gone": "table", "rows_lost": "table"}

ALIVE = (IncidentState.OPEN, IncidentState.ACKNOWLEDGED)
OVER = (IncidentState.RESOLVED, IncidentState.TERMINATED)


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """One line of an incident's timeline.

    Attributes:
        what: opened, updated, acknowledged, escalated, proposed, handed over, mended, resolved, terminated,
            noted.
        by: a person, or "aidbt".
    """

    at: datetime
    what: str
    by: str = "aidbt"
    note: str = ""


def is_connector(node: str) -> bool:
    """Whether what an incident begins at is a connector ("connector.crm"), and no node of dbt's."""
    return node.startswith("connector.")


@dataclass(frozen=True, slots=True)
class FoundCause:
    """What diagnosis says of an incident, in words.

    Attributes:
        key: of the cause, the same in every run (`Diagnosis.key`).
        target: dbt's target whose run it was seen in.
        error_class: e.g. "SCHEMA_DRIFT/COLUMN_RENAMED".
        confidence: 0..1.
        root, column: where it is: a unique_id, "project" or the like; "" for no column.
        title: in one line.
        proof, ruled_out, unknown: sentences.
        attempt: id of the attempt to mend it; "" for none.
        run: invocation id of the run in which it was found; "" where no run showed it.
    """

    key: str
    target: str
    error_class: str
    confidence: float
    root: str
    column: str = ""
    title: str = ""
    proof: tuple[str, ...] = ()
    ruled_out: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    next_step: str = ""
    attempt: str = ""
    run: str = ""

    @property
    def kind(self) -> Kind:
        """Of what kind the cause is, in the words of incidents."""
        return _KINDS.get(self.error_class) or _FAMILIES.get(self.error_class.partition("/")[0], "failure")


_KINDS: dict[str, Kind] = {"SCHEMA_DRIFT/TABLE_RENAMED": "table"}
_FAMILIES: dict[str, Kind] = {"SCHEMA_DRIFT": "schema", "DATA_QUALITY": "data", "DATA_CORRUPTION": "data"}


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
        well: of what was wrong, what has passed since: names of `key_of`, and unique_ids of `failures`.
        dismissed: of what was wrong, what a person said is none: names of `key_of`; all of it in `well` too.
        found: the cause, where diagnosis found it.
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
    well: frozenset[str] = frozenset()
    dismissed: frozenset[str] = frozenset()
    found: FoundCause | None = None
    version: int = 0

    @property
    def cause(self) -> tuple[Kind, str]:
        """Of what kind the cause is, and the column that it is in ("" for none or several).

        What diagnosis found comes first, then what is exact before what is odd; of several the surest at the
        root counts.
        """
        if self.found is not None:
            return self.found.kind, self.found.column
        if self.failures and not any(kind_of(one.monitor.metric) != "data" for one in self.anomalies):
            return kind_of_failure(self.failures[0]), ""
        here = [one for one in self.anomalies if one.monitor.node == self.root] or list(self.anomalies)
        if not here:
            return "data", ""
        kind = min((kind_of(one.monitor.metric) for one in here), key=get_args(Kind).index)
        columns = {one.monitor.column for one in here if kind_of(one.monitor.metric) == kind}
        return kind, columns.pop() if len(columns) == 1 else ""


def kind_of(metric: str) -> Kind:
    """Of what kind that is which a monitor of this metric finds.

    Example:
        >>> kind_of("schema"), kind_of("row_count")
        ('schema', 'data')
    """
    return STATES.get(metric, "data")


def kind_of_failure(unique_id: str) -> Kind:
    """Of what kind the failure of a node or a test is: a test that fails says that data is wrong."""
    return "test" if unique_id.startswith(("test.", "unit_test.")) else "failure"


def ill_of(incident: Incident) -> set[str]:
    """What of an incident has not passed: names of `key_of`, and unique_ids of failures."""
    keys = {key_of(anomaly.monitor) for anomaly in incident.anomalies}
    return keys.union(incident.failures, cause_alone(incident)) - incident.well


def cause_alone(incident: Incident) -> frozenset[str]:
    """The name of the cause in `well`, where nothing but diagnosis says that something is wrong."""
    found = incident.found
    if found is None or incident.anomalies or incident.failures:
        return frozenset()
    return frozenset((f"cause|{found.key}",))


def is_own_test(unique_id: str) -> bool:
    """Whether it is one of our data tests, which fails for what its monitor finds."""
    return kind_of_failure(unique_id) == "test" and "aidbt_" in node_name(unique_id)


def key_of(monitor: Monitor) -> str:
    """A monitor as one text, in an incident."""
    return "|".join((monitor.node, monitor.metric, monitor.column))


# What happened to an incident. People are told of all of it but "updated", which changes what they were told.
# A mend of its cause was "proposed" as a branch, or deployed: "mended"; or a person is needed: "handed over".
What = Literal[
    "opened", "updated", "worse", "reopened", "acknowledged", "escalated", "proposed", "handed over",
    "mended", "resolved", "terminated",
]  # fmt: skip
ENDS: tuple[What, ...] = ("resolved", "terminated")


@dataclass(frozen=True, slots=True)
class IncidentChange:
    """What happened to one incident.

    Attributes:
        before: None for one that is new; the `id` of `after` is "" until that is saved.
    """

    what: What
    after: Incident
    before: Incident | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """That a channel is to be told what happened to an incident.

    Attributes:
        channel: its name in the settings.
        due_at: not before then; digests wait.
        is_digest: whether it goes into a message with others.
    """

    channel: str
    incident: str
    what: What
    due_at: datetime
    is_digest: bool = False
