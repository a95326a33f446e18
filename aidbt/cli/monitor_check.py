"""`aidbt monitor check` and `aidbt monitor run`: what is odd, what became of it, who was told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aidbt.cli.options import (
    ManyValues,
    exclude_option,
    manifest_option,
    nodes_option,
    open_from,
    output_option,
    project_options,
    yes_option,
)
from aidbt.cli.render import bold, count, dim, duration, emit, finding_lines
from aidbt.core.errors import AidbtError
from aidbt.core.findings import Severity
from aidbt.core.measured import node_name

if TYPE_CHECKING:
    from aidbt.core.incidents import IncidentChange
    from aidbt.monitors.collection.collect import Collection
    from aidbt.monitors.incidents.desk import Delivered
    from aidbt.observability.monitoring import Outcome
    from aidbt.session import Session

_FAIL_ON = click.option(
    "--fail-on",
    type=click.Choice(["error", "warn", "none"]),
    default="error",
    show_default=True,
    help="Exit 1 when something new is that bad.",
)
_ALL = click.option("--all", "show_all", is_flag=True, help="List every anomaly and every finding.")
_SHOWN = 10
_OF_AN_INCIDENT = 3


@dataclass(frozen=True, slots=True)
class MonitorRun:
    """What one run did, step by step; None for a step that was not made."""

    checked: Outcome
    collected: Collection | None = None
    delivered: Delivered | None = None


@click.command(cls=ManyValues)
@nodes_option
@exclude_option
@click.option("--since", metavar="DAY", help="Judge everything from that day on, whatever was judged.")
@click.option(
    "--until", metavar="DAY", help="Only what was before that day, told as it was then: data that ended."
)
@click.option("--dry-run", is_flag=True, help="Say what is odd and keep nothing of it.")
@_FAIL_ON
@_ALL
@manifest_option
@project_options
@output_option
def check(
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    since: str | None,
    until: str | None,
    dry_run: bool,
    fail_on: str,
    show_all: bool,
    manifest: Path | None,
    output: str,
    **where: Any,
) -> None:
    """Say what is odd in what was measured, open and close incidents, write bounds for data tests.

    Every bucket is judged once, and again when it changed. Nothing is measured and nobody is told: that is
    `aidbt monitor run`.
    """
    session = open_from(**where)
    outcome = checked(
        session, manifest, select=select, exclude=exclude, since=since, until=until, write=not dry_run
    )
    if until is not None and not dry_run:
        from aidbt.cli.monitor_past import finish_past

        finish_past(session, outcome, fail_on, manifest, output=output, show_all=show_all)
    _finish(MonitorRun(outcome), fail_on, output=output, show_all=show_all)


@click.command(cls=ManyValues)
@nodes_option
@exclude_option
@click.option("--alerts/--no-alerts", "with_alerts", default=True, help="Tell people, as aidbt.yml says.")
@_FAIL_ON
@_ALL
@manifest_option
@yes_option
@project_options
@output_option
def run(
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    with_alerts: bool,
    fail_on: str,
    show_all: bool,
    manifest: Path | None,
    yes: bool,
    output: str,
    **where: Any,
) -> None:
    """Measure what is new, say what is odd, and tell people: collect, check, and send, in one.

    For after each run of dbt, whoever made it.
    """
    from aidbt.cli.quality import kept_scores

    session = open_from(**where)
    done = monitored(session, manifest, select=select, exclude=exclude, yes=yes, with_alerts=with_alerts)
    problem = kept_scores(session, manifest)
    if problem:
        click.echo(problem, err=True)
    _finish(done, fail_on, output=output, show_all=show_all)


def monitored(
    session: Session,
    manifest: Path | None = None,
    *,
    select: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    yes: bool = False,
    with_alerts: bool = True,
    show: Callable[[str], None] | None = None,
) -> MonitorRun:
    """Collect, check and send for the session's project; `show` as in `collected`."""
    from aidbt.cli.monitor import collected
    from aidbt.monitors.incidents.desk import deliver, escalate

    collection = collected(session, manifest, select=select, exclude=exclude, yes=yes, show=show)
    outcome = checked(session, manifest, select=select, exclude=exclude)
    delivered = None
    settings = session.settings.values
    if with_alerts and settings.alerts.channels:
        escalate(session.store, settings)
        delivered = deliver(
            session.store,
            settings,
            root=session.project.root,
            project=session.project.name,
            say=lambda text: click.echo(text, err=True),
        )
    return MonitorRun(outcome, collection, delivered)


@dataclass(frozen=True, slots=True)
class Monitored:
    """What a build did besides building; `run` is None where nothing was to be monitored.

    Attributes:
        problem: why it could not be done; "" otherwise. A build does not fail for it.
    """

    run: MonitorRun | None = None
    problem: str = ""

    def lines(self) -> Iterator[str]:
        """For people: one line where nothing is new."""
        if self.problem:
            yield dim(f"not monitored: {self.problem}")
        if self.run is not None:
            yield from [_quiet_line(self.run)] if _is_quiet(self.run) else run_lines(self.run)

    def for_programs(self) -> dict[str, Any] | None:
        """For programs; None where nothing was monitored."""
        if self.problem:
            return {"problem": self.problem}
        return _plain(self.run) if self.run is not None else None


def monitored_after_build(session: Session, *, is_asked: bool, show: Callable[[str], None]) -> Monitored:
    """The step after a build: what was built is measured and checked, where the project has monitors as data
    tests or was measured before, or a person asks for it. Before scans that are over the budget it asks, as
    `collect` does.
    """
    from aidbt.cli.monitor import manifest_of
    from aidbt.monitors.collection.places import was_measured
    from aidbt.monitors.judging.declared import monitor_tests
    from aidbt.project.packages import MONITOR_MACROS, has_our_macros

    try:
        is_watched = is_asked or was_measured(session.store)
        if not (is_watched or has_our_macros(session.project, MONITOR_MACROS)):
            return Monitored()  # and no manifest has to be read for it
        if not is_watched and not monitor_tests(manifest_of(session, None)):
            return Monitored()
        return Monitored(monitored(session, show=show))
    except AidbtError as error:
        return Monitored(problem=f"{error.message} ({error.hint})" if error.hint else error.message)


def _is_quiet(done: MonitorRun) -> bool:
    """Whether there is nothing new that a person would want to read."""
    findings = [*done.checked.findings, *(done.collected.findings if done.collected else ())]
    is_told = done.delivered is not None and (done.delivered.sent or done.delivered.problems)
    return bool(
        done.collected is not None
        and done.collected.buckets
        and not (done.checked.found.anomalies or done.checked.changes or is_told)
        and all(finding.severity is Severity.INFO for finding in findings)
    )


def _quiet_line(done: MonitorRun) -> str:
    assert done.collected is not None
    models = sum(1 for each in done.collected.measured if each.buckets)
    still = len(done.checked.still_open)
    said = f"; {count(still, 'incident')} still open (aidbt incidents list)" if still else ""
    return (
        f"{bold('monitored')} {count(models, 'model')} in {duration(done.collected.seconds)}:"
        f" {count(done.collected.new, 'new bucket')}, nothing odd{said}"
    )


def checked(
    session: Session,
    manifest: Path | None = None,
    *,
    select: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    since: str | None = None,
    until: str | None = None,
    write: bool = True,
) -> Outcome:
    """One check of what the session's project has in its store."""
    from aidbt.alerts.delivery import unready_channels
    from aidbt.alerts.writing import Templates
    from aidbt.cli.monitor import manifest_of
    from aidbt.monitors.collection.places import require_same_places
    from aidbt.monitors.collection.told import parse_since
    from aidbt.observability.adjusting import project_feedback
    from aidbt.observability.monitoring import check_project
    from aidbt.observability.targets import watched_target

    known = manifest_of(session, manifest)
    require_same_places(known, session.store)
    feedback, odd = project_feedback(session.project.root, known, session.store)
    outcome = check_project(
        known,
        session.store,
        session.settings.values,
        session.warehouse,
        select=select,
        exclude=exclude,
        since=None if since is None else parse_since(since),
        until=None if until is None else parse_since(until),
        feedback=feedback,
        target=watched_target(session.project),
        write=write,
    )
    # Before there is something to tell; of a past that is over nobody is told.
    alerts, templates = session.settings.values.alerts, Templates(session.project.root)
    unready = unready_channels(alerts, templates) if until is None else ()
    return replace(outcome, findings=(*unready, *outcome.findings, *odd))


def _finish(done: MonitorRun, gate: str, *, output: str, show_all: bool) -> None:
    emit(_plain(done), output=output, text=lambda: run_lines(done, show_all=show_all))
    unmeasured = done.collected is not None and any(
        finding.severity is Severity.ERROR for finding in done.collected.findings
    )
    raise SystemExit(1 if done.checked.is_at(gate) or (unmeasured and gate != "none") else 0)


def _plain(done: MonitorRun) -> dict[str, Any]:
    """What programs get."""
    found = done.checked.found
    return {
        "monitors": found.monitors,
        "cold": found.cold,
        "buckets": found.buckets,
        "anomalies": found.anomalies,
        "incidents": [{"what": change.what, "incident": change.after} for change in done.checked.changes],
        "bounds": {"rows": len(found.bounds), "until": done.checked.bounded_until or None},
        "findings": done.checked.findings,
        "collected": done.collected,
        "delivered": done.delivered,
    }


def run_lines(done: MonitorRun, *, show_all: bool = False) -> Iterator[str]:
    """What was found, what was done, what was not, and what to do next."""
    if done.collected is not None:
        from aidbt.cli.monitor import collected_lines

        lines = collected_lines(_without_told(done.collected, done.checked), show_all=show_all)
        yield from (line for line in lines if "aidbt monitor check" not in line)  # that comes now
    yield from check_lines(done.checked, show_all=show_all)
    if done.delivered is not None:
        yield from _delivered_lines(done.delivered)
    yield from _next_lines(done)


def _without_told(collected: Collection, outcome: Outcome) -> Collection:
    """The collection without what the incidents of the same run say better."""
    from aidbt.core.incidents import kind_of

    gone = {
        node_name(anomaly.monitor.node)
        for anomaly in outcome.found.anomalies
        if kind_of(anomaly.monitor.metric) == "table"
    }
    told = ("monitor.table_gone", "monitor.rows_lost", "monitor.no_rows")
    findings = tuple(f for f in collected.findings if not (f.code in told and f.where in gone))
    return replace(collected, findings=findings)


def check_lines(outcome: Outcome, *, show_all: bool = False) -> Iterator[str]:
    """What is odd, by incident, and what the check could not do."""
    found = outcome.found
    if not found.monitors:
        yield f"{bold('nothing to check')}: nothing was measured yet"
        return
    if not found.buckets and not found.anomalies:
        yield f"{bold('nothing new')} to check in {count(found.monitors, 'monitor')}"
    else:
        said = count(len(found.anomalies), "anomaly", "anomalies") if found.anomalies else "nothing odd"
        yield (
            f"{bold('checked')} {count(found.monitors, 'monitor')}, {count(found.buckets, 'bucket')} new or"
            f" changed: {said}"
        )
    if outcome.still_open:
        named = ", ".join(outcome.still_open[:_SHOWN])
        more = len(outcome.still_open) - _SHOWN
        yield f"  still open: {named}{f' and {more} more' if more > 0 else ''} (aidbt incidents list)"
    # What goes on of which a person said that it is none is no news.
    shown = [change for change in outcome.changes if change.what != "updated" or _is_open(change)]
    for change in shown[: None if show_all else _SHOWN]:
        yield from _change_lines(change, outcome, show_all=show_all)
    if len(shown) > _SHOWN and not show_all:
        yield dim(f"  … and {len(shown) - _SHOWN} more (--all)")
    if found.anomalies and not outcome.changes:
        yield from (f"  {anomaly.message}" for anomaly in found.anomalies[: None if show_all else _SHOWN])
    yield from finding_lines(outcome.findings, at_most=len(outcome.findings) if show_all else _SHOWN)
    if found.cold:
        yield dim(
            f"{count(found.cold, 'monitor has', 'monitors have')} fewer than 14 buckets behind"
            f" {'it' if found.cold == 1 else 'them'}: only what is very odd is told, as a warning"
        )
    if outcome.bounded_until:
        tests = len({(b.node, b.metric, b.column_name) for b in found.bounds})
        until = outcome.bounded_until[:16]
        yield f"bounds for {count(tests, 'data test')} written, good until {until} UTC"


def _is_open(change: IncidentChange) -> bool:
    return not change.after.state.is_over


_COLOURS = {Severity.ERROR: "red", Severity.WARN: "yellow", Severity.INFO: "blue"}


def _change_lines(change: IncidentChange, outcome: Outcome, *, show_all: bool) -> Iterator[str]:
    """An incident with what is new of it."""
    incident = change.after
    if incident.state.is_over:
        said = incident.timeline[-1].note if incident.timeline else ""
        yield f"  {click.style(change.what, fg='green')} {bold(incident.id)} {incident.title}" + (
            dim(f" ({said})") if said else ""
        )
        return
    word = click.style(incident.severity.value, fg=_COLOURS[incident.severity])
    yield f"  {word} {bold(incident.id)} {change.what}: {incident.title}"
    mine = {(anomaly.monitor, anomaly.start) for anomaly in incident.anomalies}
    new = [anomaly for anomaly in outcome.found.anomalies if (anomaly.monitor, anomaly.start) in mine]
    new.sort(key=lambda anomaly: -anomaly.score)
    for anomaly in new[: None if show_all else _OF_AN_INCIDENT]:
        yield f"    {anomaly.message}"
    if len(new) > _OF_AN_INCIDENT and not show_all:
        yield dim(f"    … and {len(new) - _OF_AN_INCIDENT} more")


def _delivered_lines(delivered: Delivered) -> Iterator[str]:
    if delivered.sent:
        told = ", ".join(f"{count(n, 'message')} to {name}" for name, n in sorted(delivered.sent.items()))
        yield f"told: {told}"
    for channel, problem in sorted(delivered.problems.items()):
        yield f"{click.style('not told', fg='yellow')}: {channel}: {problem}; the next run tries again"


def _next_lines(done: MonitorRun) -> Iterator[str]:
    open_ones = [change.after for change in done.checked.changes if not change.after.state.is_over]
    if open_ones:
        yield f"{bold('next')}: aidbt incidents show {open_ones[0].id}"
    elif not done.checked.found.monitors and done.collected is None:
        yield f"{bold('next')}: aidbt monitor collect"
