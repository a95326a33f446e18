"""`aidbt monitor feedback`: what people say of alerts, and what the monitors made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aidbt.cli.incident_verdicts import meant_monitors, only_option, whole_option
from aidbt.cli.options import manifest_option, open_from, output_option, project_options
from aidbt.cli.render import bold, count, dim, emit, finding_lines, table
from aidbt.core.errors import UsageError

if TYPE_CHECKING:
    from aidbt.core.findings import Finding
    from aidbt.core.measured import Monitor
    from aidbt.monitors.feedback.verdicts import Adjustment, Verdict
    from aidbt.observability.giving_feedback import Meant
    from aidbt.session import Session

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Given:
    """What was said, and what follows at the next check.

    Attributes:
        ended: the incident that is over with it; "" for none.
        left: the incident that goes on for the rest of what it holds; "" for none.
        builds: what becomes of builds that data tests stopped; "" where nothing does.
    """

    verdict: str
    of: tuple[str, ...]
    file: str
    adjusted: Mapping[str, Adjustment]
    ended: str = ""
    left: str = ""
    builds: str = ""


@click.command()
@click.argument("alert", required=False, metavar="[INC-12|MONITOR]")
@click.option("--bucket", metavar="DAY", help="Which: 2026-03-31, or '2026-03-31 14:00' of hours and runs.")
@click.option(
    "--as",
    "verdict",
    type=click.Choice(["false-alarm", "real", "expected", "missed"]),
    help="Nothing was wrong; something was; it is right so from now on; something was and nobody was told.",
)
@only_option
@whole_option
@click.option("--note", default="", help="What others should know.")
@click.option("--by", metavar="NAME", default="", help="Who says so; you by default.")
@manifest_option
@project_options
@output_option
def feedback(
    alert: str | None,
    bucket: str | None,
    verdict: Verdict | None,
    only: tuple[str, ...],
    whole: bool,
    note: str,
    by: str,
    manifest: Path | None,
    output: str,
    **where: Any,
) -> None:
    """Say of an alert whether it was one, so that the monitors learn; without an argument, what they learned.

    Of an incident, INC-12, or of one monitor in one bucket: "orders row_count", "orders.amount mean". It is
    written to aidbt/feedback.yml, to be committed; `aidbt monitor check` follows it.
    """
    session = open_from(**where)
    if alert is None:
        if bucket or verdict or note:
            raise UsageError("say of what: an incident or a monitor", hint="aidbt incidents list names them")
        _show(session, manifest, output)
        return
    if verdict is None:
        raise UsageError("say what it was", hint="--as false-alarm, real, expected or missed")
    meant = _meant(session, alert, bucket, verdict, only, whole=whole)
    given = _given(session, meant, verdict, note=note, by=by)
    emit(given, output=output, text=lambda: _given_lines(given))


def _meant(
    session: Session, alert: str, bucket: str | None, verdict: Verdict, only: Sequence[str], *, whole: bool
) -> Meant:
    """What something is said of, after it was asked where that is more than one thing."""
    from aidbt.observability.giving_feedback import is_incident, meant_incident, meant_monitor, named_monitor
    from aidbt.store.incidents import Incidents

    if not is_incident(alert):
        if only:
            raise UsageError("--only names what of an incident is meant", hint="aidbt incidents list")
        if bucket is None:
            monitor = named_monitor(session.store, alert)
            raise UsageError(f"say which bucket of '{monitor}'", hint="--bucket 2026-03-31")
        return meant_monitor(session.store, alert, verdict, bucket)
    if verdict not in ("false-alarm", "expected"):
        return meant_incident(session.store, alert, verdict, bucket)
    incident = Incidents(session.store).get(alert)
    monitors = meant_monitors(incident, verdict, only, whole=whole or bucket is not None)
    return meant_incident(session.store, alert, verdict, bucket, only=monitors)


def _given(session: Session, meant: Meant, verdict: Verdict, *, note: str, by: str) -> Given:
    from aidbt.cli.letting_through import let_builds_through
    from aidbt.cli.telling import me
    from aidbt.core.patch import apply_patch
    from aidbt.monitors.feedback.file import FEEDBACK_FILE, Said, feedback_patch

    who = by or me()
    said = Said(
        verdict=verdict,
        of=meant.of,
        by=who,
        at=datetime.now(UTC),
        note=note,
        incident=meant.incident.id if meant.incident else "",
    )
    if meant.of:
        apply_patch(feedback_patch(session.project.root, said), session.project.root)
    ended, left = _end(session, meant, verdict, who, note)
    adjusted = _adjusted(session, [monitor for monitor, _, _ in meant.of])
    of = tuple(f"{monitor} ({_told(starts)})" for monitor, _, starts in meant.of)
    builds = let_builds_through(session) if verdict in ("false-alarm", "expected") else ""
    file = FEEDBACK_FILE if meant.of else ""
    return Given(verdict, of or tuple(map(str, meant.monitors)), file, adjusted, ended, left, builds)


def _told(starts: Sequence[datetime]) -> str:
    first, last = f"{starts[0]:%Y-%m-%d %H:%M}", f"{starts[-1]:%Y-%m-%d %H:%M}"
    first, last = first.removesuffix(" 00:00"), last.removesuffix(" 00:00")
    return first if first == last else f"{first} to {last}"


def _end(session: Session, meant: Meant, verdict: Verdict, by: str, note: str) -> tuple[str, str]:
    """Take what is said to be none out of its incident: the incident that is over with it, and the one that
    goes on for the rest."""
    from aidbt.cli.telling import around_of
    from aidbt.monitors.incidents.desk import end

    incident = meant.incident
    if incident is None or incident.state.is_over or not meant.monitors:
        return "", ""
    if verdict not in ("false-alarm", "expected"):
        return "", ""
    change = end(
        session.store,
        incident.id,
        session.settings.values,
        around_of(session),
        by=by,
        verdict=verdict,  # type: ignore[arg-type]
        note=note,
        monitors=None if meant.is_whole else meant.monitors,
        seen=incident,
    )
    return (change.after.id, "") if change.after.state.is_over else ("", change.after.id)


def _adjusted(session: Session, monitors: Sequence[Monitor]) -> dict[str, Adjustment]:
    """The thresholds that the next check will have for these; of what was missed it is not known before."""
    from aidbt.monitors.detectors.registry import detector_of
    from aidbt.monitors.feedback.file import load_feedback
    from aidbt.monitors.feedback.verdicts import adjustments, alerts_of, resolved
    from aidbt.store.incidents import Incidents

    settings = session.settings.values.monitors
    nodes = {monitor.node for monitor in monitors}
    said, _ = resolved(load_feedback(session.project.root), nodes)
    threshold = detector_of(settings.preset).threshold(settings.false_alarms)
    found = adjustments(said, alerts_of(Incidents(session.store).all()), threshold=threshold)
    return {str(monitor): one for monitor, one in found.items() if monitor in monitors and one.shift}


_FOLLOWS = {
    "false-alarm": "its threshold stays: so few false alarms do not show that it is too low",
    "real": "nothing is learned from these buckets, so the same would be told again",
    "expected": "what was before counts no more; until 14 buckets are known it tells carefully",
    "missed": "the next check lowers the threshold as far as that would have told it",
}


def _given_lines(given: Given) -> Iterator[str]:
    yield f"{bold('noted')} as {given.verdict}: {', '.join(given.of[:3])}" + (
        f" and {len(given.of) - 3} more" if len(given.of) > 3 else ""
    )
    if given.ended:
        yield f"  {given.ended} is over with it"
    if given.left:
        yield f"  {given.left} stays open for the rest"
    if given.builds:
        yield f"  {given.builds}"
    for name, one in list(given.adjusted.items())[:_SHOWN]:
        yield f"  {name}: {_told_shift(one.shift)} ({one.why})"
    if not given.file:
        yield dim("  there is nothing to learn of that")
        return
    if not given.adjusted:
        yield dim(f"  {_FOLLOWS[given.verdict]}")
    yield f"{bold('next')}: commit {given.file}; aidbt monitor check follows it"


def _told_shift(shift: float) -> str:
    """What a shift of a threshold means."""
    times = 10 ** abs(shift)
    said = f"{times:,.0f}" if times >= 10 else f"{times:.1f}"
    return f"tells {said} times {'less' if shift > 0 else 'more'} readily"


def _show(session: Session, manifest: Path | None, output: str) -> None:
    """What was said so far, and by how much thresholds differ for it."""
    from aidbt.cli.monitor import manifest_of
    from aidbt.core.errors import ArtifactError
    from aidbt.monitors.feedback.file import load_feedback
    from aidbt.observability.adjusting import known_adjustments, project_feedback

    said = load_feedback(session.project.root)
    adjusted = known_adjustments(session.store)
    findings: Sequence[Finding] = ()
    if said:
        try:
            _, findings = project_feedback(
                session.project.root, manifest_of(session, manifest), session.store
            )
        except ArtifactError:  # without a manifest nobody knows which nodes there are
            findings = ()
    counts: dict[str, int] = dict(Counter(str(item.verdict) for item in said).most_common())
    result = {
        "said": counts,
        "thresholds": {str(m): one for m, one in adjusted.items()},
        "findings": findings,
    }
    emit(result, output=output, text=lambda: _show_lines(counts, adjusted, findings))


def _show_lines(
    counts: Mapping[str, int], adjusted: Mapping[Monitor, Mapping[str, Any]], findings: Sequence[Finding]
) -> Iterator[str]:
    if not counts:
        yield f"{bold('nothing was said yet')} of any alert"
        yield f"{bold('next')}: aidbt monitor feedback INC-1 --as false-alarm, real or expected"
        return
    yield f"{bold('said')}: " + ", ".join(f"{count(n, 'bucket')} {verdict}" for verdict, n in counts.items())
    rows = [[str(m), _told_shift(one["shift"]), one["why"]] for m, one in sorted(adjusted.items())]
    yield from table(rows, ["monitor", "since then", "why"]) if rows else ["no threshold differs for it"]
    yield from finding_lines(findings, at_most=_SHOWN)
