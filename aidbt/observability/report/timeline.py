"""The period at a glance: dbt's runs as dots, incidents as bars from when they opened to when they ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from markupsafe import Markup

from aidbt.core.incidents import Incident
from aidbt.observability.report.scales import TimeAxis, time_axis
from aidbt.observability.report.svg import element, percent
from aidbt.observability.report.values import Report, Run, State

_ROW, _BAR, _TOP = 26, 16, 8
_MOST_BARS = 12


def timeline(report: Report) -> Markup:
    """The drawing; empty where nothing happened in the period."""
    runs = [run for run in report.runs if run.started_at >= report.since]
    shown = shown_incidents(report)
    if not runs and not shown:
        return Markup("")
    axis = time_axis(report.since, report.made_at)
    height = _TOP + _ROW * (len(shown) + bool(runs)) + 22
    rows = [*_runs(runs, axis)] if runs else []
    for number, incident in enumerate(shown, start=bool(runs)):
        rows += _incident(incident, report, axis, _TOP + _ROW * number)
    return element(
        "svg",
        *_dates(axis, height),
        *rows,
        class_="timeline",
        role="group",
        aria_label=_said(runs, shown),
        width="100%",
        height=height,
    )


def shown_incidents(report: Report) -> list[Incident]:
    """Those that get a bar: the newest, in the order in which they opened."""
    newest = sorted((part.incident for part in report.incidents), key=lambda one: one.opened_at)
    return newest[-_MOST_BARS:]


def _said(runs: Sequence[Run], incidents: Sequence[Incident]) -> str:
    bad = sum(run.state == "bad" for run in runs)
    return (
        f"Runs and incidents over time: {len(runs)} runs, {bad} of them failed; {len(incidents)} incidents."
    )


def state_of(incident: Incident) -> State:
    """Its colour: grey when it is over."""
    if incident.state.is_over:
        return "none"
    return "bad" if incident.severity.value == "error" else "warn"


def _dates(axis: TimeAxis, height: float) -> Iterator[Markup]:
    for at, text in axis.ticks:
        share = axis.share(at)
        anchor = "start" if share < 0.06 else "end" if share > 0.94 else "middle"
        x = percent(share)
        yield element("line", x1=x, x2=x, y1=0, y2=height - 18, class_="grid")
        yield element("text", text, x=x, y=height - 4, text_anchor=anchor, class_="tick")


def _runs(runs: Sequence[Run], axis: TimeAxis) -> Iterator[Markup]:
    """A dot for each run, the failed ones on top."""
    for run in sorted(runs, key=lambda run: run.state == "bad"):
        title = f"{run.started_at:%Y-%m-%d %H:%M} UTC, {run.command}: {run.status.replace('_', ' ')}"
        yield element(
            "circle",
            element("title", title),
            cx=percent(axis.share(run.started_at)),
            cy=_TOP + _BAR / 2,
            r=5 if run.state == "bad" else 4,
            class_=f"dot {run.state}",
        )


def _incident(incident: Incident, report: Report, axis: TimeAxis, y: float) -> Iterator[Markup]:
    end = _end(incident, report)
    first = min(max(axis.share(incident.opened_at), 0.0), 0.995)
    last = min(max(axis.share(end), first + 0.005), 1.0)
    # The name stands where there is room: behind the bar, or before it.
    is_behind = last < 0.7
    text = element(
        "text",
        incident.id,
        x=percent(last if is_behind else first),
        dx=5 if is_behind else -5,
        y=y + _BAR / 2,
        text_anchor="start" if is_behind or first < 0.2 else "end",
        class_="name" if is_behind or first >= 0.2 else "name inside",
    )
    bar = element(
        "rect",
        x=percent(first),
        width=percent(last - first),
        y=y,
        height=_BAR,
        rx=3,
        class_=f"bar {state_of(incident)}",
    )
    yield element(
        "a", element("title", f"{incident.id}: {incident.title}"), bar, text, href=f"#{incident.id}"
    )


def _end(incident: Incident, report: Report) -> datetime:
    return incident.ended_at or (incident.updated_at if incident.state.is_over else report.made_at)
