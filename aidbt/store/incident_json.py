"""Incidents as plain JSON, and back."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from aidbt.core.findings import Severity
from aidbt.core.incidents import FoundCause, Incident, IncidentEvent, IncidentState
from aidbt.core.measured import Anomaly, Monitor


def incident_to_json(incident: Incident) -> dict[str, Any]:
    """All of an incident but its id and version, which the table has."""
    return {
        "state": incident.state.value,
        "severity": incident.severity.value,
        "title": incident.title,
        "root": incident.root,
        "affected": list(incident.affected),
        "opened_at": incident.opened_at.isoformat(),
        "updated_at": incident.updated_at.isoformat(),
        "exposed": list(incident.exposed),
        "anomalies": [_anomaly_to_json(anomaly) for anomaly in incident.anomalies],
        "failures": list(incident.failures),
        "owner": incident.owner,
        "ended_at": incident.ended_at.isoformat() if incident.ended_at else None,
        "timeline": [
            {"at": event.at.isoformat(), "what": event.what, "by": event.by, "note": event.note}
            for event in incident.timeline
        ],
        "well": sorted(incident.well),
        "dismissed": sorted(incident.dismissed),
        **({"found": asdict(incident.found)} if incident.found is not None else {}),
    }


def incident_from_json(id: str, version: int, value: dict[str, Any]) -> Incident:
    """The incident that `incident_to_json` made it of."""
    return Incident(
        id=id,
        state=IncidentState(value["state"]),
        severity=Severity(value["severity"]),
        title=value["title"],
        root=value["root"],
        affected=tuple(value["affected"]),
        opened_at=datetime.fromisoformat(value["opened_at"]),
        updated_at=datetime.fromisoformat(value["updated_at"]),
        exposed=tuple(value["exposed"]),
        anomalies=tuple(_anomaly_from_json(item) for item in value["anomalies"]),
        failures=tuple(value["failures"]),
        owner=value["owner"],
        ended_at=datetime.fromisoformat(value["ended_at"]) if value["ended_at"] else None,
        timeline=tuple(
            IncidentEvent(datetime.fromisoformat(event["at"]), event["what"], event["by"], event["note"])
            for event in value["timeline"]
        ),
        well=frozenset(value["well"]),
        dismissed=frozenset(value.get("dismissed", ())),  # which was not kept at first
        found=_found_from_json(value.get("found")),
        version=version,
    )


def _found_from_json(value: dict[str, Any] | None) -> FoundCause | None:
    if value is None:
        return None
    known: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in value.items()}
    return FoundCause(**known)


_PLAIN = ("grain", "score", "message", "value", "expected", "low", "high", "detector", "is_certain")


def _anomaly_to_json(anomaly: Anomaly) -> dict[str, Any]:
    monitor = anomaly.monitor
    return {
        "monitor": [monitor.node, monitor.metric, monitor.column],
        "start": anomaly.start.isoformat(),
        "evidence": dict(anomaly.evidence),
        **{name: getattr(anomaly, name) for name in _PLAIN},
    }


def _anomaly_from_json(value: dict[str, Any]) -> Anomaly:
    return Anomaly(
        monitor=Monitor(*value["monitor"]),
        start=datetime.fromisoformat(value["start"]),
        evidence=value["evidence"],
        **{name: value[name] for name in _PLAIN},
    )
