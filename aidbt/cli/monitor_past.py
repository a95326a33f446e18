"""What `aidbt monitor check --until` prints: the incidents of a time that is over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from aidbt.cli.render import bold, count, dim, emit, finding_lines

if TYPE_CHECKING:
    from aidbt.core.incidents import Incident
    from aidbt.observability.monitoring import Outcome
    from aidbt.session import Session

_SHOWN = 40


def finish_past(
    session: Session, outcome: Outcome, gate: str, manifest: Path | None, *, output: str, show_all: bool
) -> NoReturn:
    """Print what was odd, with what was odd at the same time; exits 1 where the gate is passed."""
    from aidbt.cli.monitor import manifest_of
    from aidbt.monitors.incidents.surroundings import surroundings
    from aidbt.observability.coinciding import coinciding

    incidents = [change.after for change in outcome.changes]
    around = surroundings(manifest_of(session, manifest))
    said = coinciding(incidents, session.store, session.settings.values.monitors, around.parents)
    found = outcome.found
    emit(
        {
            "monitors": found.monitors,
            "buckets": found.buckets,
            "anomalies": found.anomalies,
            "incidents": [{"incident": one, "at_the_same_time": said.get(one.id, ())} for one in incidents],
            "findings": outcome.findings,
        },
        output=output,
        text=lambda: _lines(outcome, said, show_all=show_all),
    )
    bad = {"error": ("error",), "warn": ("error", "warn")}.get(gate, ())
    raise SystemExit(1 if any(one.severity.value in bad for one in incidents) else 0)


def _lines(outcome: Outcome, said: Mapping[str, tuple[str, ...]], *, show_all: bool) -> Iterator[str]:
    found, incidents = outcome.found, [change.after for change in outcome.changes]
    if not found.monitors:
        yield f"{bold('nothing to check')}: nothing was measured yet"
        return
    odd = count(len(found.anomalies), "anomaly", "anomalies") if found.anomalies else "nothing odd"
    some = f"{count(found.monitors, 'monitor')}, {count(found.buckets, 'bucket')}"
    of = f" in {count(len(incidents), 'incident')}" if incidents else ""
    yield f"{bold('checked')} {some}, each by what was known before it: {odd}{of}"
    for incident in incidents if show_all else incidents[:_SHOWN]:
        yield from _incident_lines(incident, said.get(incident.id, ()))
    if len(incidents) > _SHOWN and not show_all:
        yield dim(f"  … and {len(incidents) - _SHOWN} more (--all)")
    yield from finding_lines(outcome.findings)
    if incidents:
        yield f"{bold('next')}: aidbt incidents show {incidents[0].id}"


def _incident_lines(incident: Incident, said: tuple[str, ...]) -> Iterator[str]:
    colour = {"error": "red", "warn": "yellow"}.get(incident.severity.value)
    starts = sorted({anomaly.start for anomaly in incident.anomalies})
    when = f"{starts[0]:%a %Y-%m-%d}" if starts else f"{incident.opened_at:%a %Y-%m-%d}"
    if starts and starts[-1].date() != starts[0].date():
        when += f" to {starts[-1]:%m-%d}"
    word = click.style(incident.severity.value, fg=colour)
    still = "" if incident.state.is_over else ", still open"
    yield f"  {bold(when)} {word} {incident.id}{still}: {incident.title}"
    for line in said:
        yield dim(f"    at the same time: {line}")
