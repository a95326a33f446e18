"""What monitors found to be badly wrong, as causes: where nothing says more, a person gets what they saw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from aidbt.core.failures import ErrorClass
from aidbt.core.findings import Severity
from aidbt.core.healing import Diagnosis, Evidence, Stage
from aidbt.core.incidents import Incident, ill_of, key_of, kind_of
from aidbt.core.measured import Anomaly, node_name
from aidbt.healing.diagnosis.finding import GUESS, WEAK

_CLASSES = {
    "row_count": ErrorClass.VOLUME,
    "rows_lost": ErrorClass.VOLUME,
    "freshness_minutes": ErrorClass.STALE,
    "load_age_minutes": ErrorClass.STALE,
    "null_rate": ErrorClass.NULL_VIOLATION,
    "table_gone": ErrorClass.TABLE_RENAMED,
    "schema": ErrorClass.COLUMN_REMOVED,
}
_SHOWN = 5


def causes_of_monitors(incidents: Iterable[Incident], known: Iterable[Diagnosis]) -> Iterator[Diagnosis]:
    """A cause for each incident of high severity that only monitors opened.

    What is less severe is told and not healed. An incident at the place of a cause that evidence has found is
    that cause, and one with a failed run is the run's.

    Args:
        incidents: those that are open.
        known: what evidence says of the same project now.
    """
    places = {cause.root for cause in known}
    for incident in incidents:
        is_of_monitors = incident.found is None or incident.found.key.startswith("monitors|")
        if incident.severity is not Severity.ERROR or not is_of_monitors or incident.root in places:
            continue
        ill = ill_of(incident)
        wrong = [one for one in incident.anomalies if key_of(one.monitor) in ill]
        if wrong and not ill & set(incident.failures):
            yield _cause(incident, wrong)


def _telling(one: Anomaly) -> tuple[bool, bool, datetime, float]:
    """How much a finding says of the cause: what is exact, then rows that are missing, then the newest."""
    metric = one.monitor.metric
    return kind_of(metric) != "data", metric == "row_count", one.start, one.score


def _cause(incident: Incident, wrong: list[Anomaly]) -> Diagnosis:
    here = [one for one in wrong if one.monitor.node == incident.root] or wrong
    lead = max(here, key=_telling)
    error_class = _CLASSES.get(lead.monitor.metric, ErrorClass.UNCLASSIFIED_ERROR)
    found = sorted(wrong, key=lambda one: (one.monitor.node != incident.root, -one.score))
    name = node_name(incident.root)
    return Diagnosis(
        key=f"monitors|{incident.root}|{lead.monitor.metric}|{lead.monitor.column}".rstrip("|"),
        error_class=error_class,
        confidence=GUESS if lead.monitor.metric in _CLASSES else WEAK,
        stage=Stage.DATA,
        root=incident.root,
        column=lead.monitor.column,
        blast_radius=incident.exposed,
        proof=tuple(Evidence("values", str(one.monitor), one.message) for one in found[:_SHOWN]),
        facts={"incident": incident.id},
        unknown=("why: monitors see what is wrong, and not what caused it",),
        next_step=f"ask the owner of {name}, {incident.owner}" if incident.owner else f"look at {name}",
    )
