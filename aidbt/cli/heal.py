"""`aidbt heal`: mending causes with proof, and everything that was done about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aidbt.cli.heal_from import from_option, healed_from
from aidbt.cli.heal_undo import undo_command
from aidbt.cli.healing_calls import actor
from aidbt.cli.options import open_from, output_option, project_options
from aidbt.cli.render import bold, count, dim, emit, plain, table

if TYPE_CHECKING:
    from aidbt.core.attempts import Attempt
    from aidbt.core.failures import ErrorClass
    from aidbt.healing.controller.healing import Healed
    from aidbt.session import Session

_COLOURS = {
    "promoted": "green", "resolved": "green", "proposed": "yellow", "waiting": "red", "escalated": "red",
    "rolled_back": "red",
}  # fmt: skip
_WORDS = {
    "promoted": "mended", "proposed": "proposed", "waiting": "handed over", "escalated": "handed over",
    "resolved": "over", "terminated": "ended without an answer",
}  # fmt: skip


@click.group()
def heal() -> None:
    """Mend what failed where that can be proved; hand over the rest with the evidence."""


@heal.command("run")
@click.option(
    "--artifacts",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the failed run's artifacts are; the project's target by default.",
)
@from_option
@click.option(
    "--push", "pushes", is_flag=True,
    help="Push what is proposed, and open its pull request or bring it up to date with gh.",
)  # fmt: skip
@project_options
@output_option
def run_command(
    artifacts: Path | None, triggers: tuple[str, ...], pushes: bool, output: str, **where: Any
) -> None:
    """Diagnose what is wrong and take each cause as far as the settings and the proof let it go.

    That is what the last run of dbt failed of, what monitors found of high severity, sources that do not
    answer, and dead letters. A mend that edits files becomes a branch; it is deployed without a person only
    on heal.deployed_branch and for a class that is auto. Exits 0 when every cause is mended or over, 1 when a
    person is needed.
    """
    session = open_from(**where, as_committed=True)
    healed, over = healed_from(session, triggers, artifacts, pushes=pushes)
    result = {"causes": [plain(one) for one in healed], "over": [one.id for one in over]}
    emit(result, output=output, text=lambda: [*healed_lines(healed), *over_lines(over)])
    raise SystemExit(0 if all(one.attempt.state in ("promoted", "resolved") for one in healed) else 1)


@heal.command("status")
@click.option("--all", "show_all", is_flag=True, help="Those that are over, too.")
@project_options
@output_option
def status_command(show_all: bool, output: str, **where: Any) -> None:
    """Show where each attempt to mend a cause stands, and whether healing is paused."""
    from aidbt.healing.controller.healing import end_late_ones
    from aidbt.healing.controller.pausing import paused
    from aidbt.store.attempts import ALIVE, Attempts

    session = open_from(**where)
    end_late_ones(session.store, who="aidbt", settings=session.settings.values.heal)
    attempts = Attempts(session.store, "aidbt")
    found = attempts.all() if show_all else attempts.all(states=ALIVE)
    pause = paused(session.store)
    late = _late_quarantines(session)
    result = {"paused": pause, "attempts": [plain(one) for one in found], "late_quarantines": late}
    emit(result, output=output, text=lambda: [*_status_lines(found, pause), *late])


@heal.command("pause")
@click.option("--why", default="", metavar="TEXT", help="The reason, for those who see it.")
@project_options
def pause_command(why: str, **where: Any) -> None:
    """Mend nothing in this project until it is resumed."""
    from aidbt.healing.controller.pausing import pause

    session = open_from(**where)
    pause(session.store, who=actor(session), why=why)
    click.echo("healing is paused; aidbt heal resume ends it")


@heal.command("resume")
@project_options
def resume_command(**where: Any) -> None:
    """Let causes be mended again; only for heal.approvers where there are any."""
    from aidbt.healing.controller.pausing import resume

    session = open_from(**where)
    approvers = frozenset(session.settings.values.heal.approvers)
    resume(session.store, who=actor(session), approvers=approvers)
    click.echo("healing is resumed")


@heal.command("resolve")
@click.argument("attempt")
@click.option("--why", default="", metavar="TEXT", help="What was done: shown where it fails so again.")
@click.option("--class", "error_class", metavar="CLASS", help="Of which class it was; that is learned.")
@project_options
def resolve_command(attempt: str, why: str, error_class: str | None, **where: Any) -> None:
    """Say that a cause is over: ATTEMPT is an id such as HEAL-3.

    With --class it teaches: a failure that says the same is known by it from then on.
    """
    from aidbt.cli.heal_incidents import tell_accuracy
    from aidbt.healing.controller.healing import end_by_person

    session = open_from(**where)
    was = _class_named(error_class) if error_class is not None else None
    over = end_by_person(session.store, attempt, who=actor(session), why=why, error_class=was)
    learned = f"; it was {was}, which is learned" if was is not None else ""
    click.echo(f"{over.id} is resolved{learned}")
    tell_accuracy(session)


@heal.command("trust")
@click.argument("error_class", metavar="CLASS")
@project_options
def trust_command(error_class: str, **where: Any) -> None:
    """Trust a class again of which a mend proved wrong, e.g. SCHEMA_DRIFT/COLUMN_RENAMED."""
    from aidbt.core.errors import UsageError
    from aidbt.store.cases import Cases

    session = open_from(**where)
    trusted = _class_named(error_class)
    who, approvers = actor(session), session.settings.values.heal.approvers
    if approvers and who not in approvers:
        raise UsageError(f"'{who}' may not say so", hint=f"heal.approvers are {', '.join(approvers)}")
    Cases(session.store, who).trust(trusted)
    click.echo(f"{error_class} is trusted again")


def _class_named(name: str) -> ErrorClass:
    from aidbt.core.errors import UnknownName
    from aidbt.core.failures import ErrorClass

    known = {one.value: one for one in ErrorClass}
    if name not in known:
        raise UnknownName("class of failures", name, known)
    return known[name]


@heal.command("audit")
@click.option(
    "--export",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Add what is new to FILE, after checking that all it holds is still there unchanged.",
)
@project_options
@output_option
def audit_command(file: Path | None, output: str, **where: Any) -> None:
    """Check the audit of everything healing did, and show or export it. Exits 1 when it was tampered with."""
    from aidbt.store.audit import Audit, broken

    session = open_from(**where)
    entries = Audit(session.store).entries()
    known = _exported(file) if file is not None else ()
    problem = broken(entries, known=known)
    if file is not None and not problem:
        _export(file, entries[len(known) :])
    result = {"entries": [plain(entry) for entry in entries], "problem": problem}
    emit(result, output=output, text=lambda: _audit_lines(entries, problem, file, len(known)))
    raise SystemExit(1 if problem else 0)


heal.add_command(undo_command)


# --- the audit's file ---------------------------------------------------------------------------------


def _exported(file: Path) -> tuple[Any, ...]:
    from aidbt.core.errors import UsageError
    from aidbt.store.audit import from_lines

    try:
        return from_lines(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error


def _export(file: Path, entries: Sequence[Any]) -> None:
    from aidbt.core.errors import WriteError
    from aidbt.store.audit import to_lines

    try:
        with file.open("a", encoding="utf-8") as opened:
            opened.write(to_lines(entries))
    except OSError as error:
        raise WriteError(f"{file} cannot be written: {error.strerror}") from error


# --- the screens --------------------------------------------------------------------------------------


def _title(one: Healed) -> str:
    """The class and what is wrong; an attempt that ended before it was looked at has none of its own."""
    cause = one.diagnosis
    said = cause.proof[0].text if cause.proof else cause.error_class.meaning
    return f"{one.attempt.error_class or cause.error_class.value}: {one.attempt.title or said}"


def healed_lines(healed: Sequence[Healed]) -> Iterator[str]:
    if not healed:
        yield "nothing failed, and nothing is wrong with the sources"
    for one in healed:
        attempt = one.attempt
        word = _WORDS.get(attempt.state, attempt.state.replace("_", " "))
        label = click.style(word, fg=_COLOURS.get(attempt.state, "yellow"), bold=True)
        of_it = f" {dim(attempt.incident)}" if attempt.incident else ""
        yield f"{label}  {bold(attempt.id)}{of_it}  {_title(one)}"
        if attempt.why:
            yield f"   {dim('what'.ljust(10))} {attempt.why}"
        yield from _part("checked", one.found)
        is_done = attempt.state in ("promoted", "resolved")
        said = (attempt.why, one.diagnosis.next_step)  # what another line says
        yield from _part("not further", () if is_done else [why for why in one.reasons if why not in said])
        yield from _part("declined", () if is_done else [f"{name}: {why}" for name, why in one.declined])
        yield from _part("before", () if is_done else [one.diagnosis.before])
        yield from _part("draft", one.drafts)
        yield from _part("next", one.commands or (() if is_done else [_next(one)]))
        if attempt.state == "waiting":
            ended = "a green aidbt build ends it; " if one.diagnosis.failures else ""
            yield from _part("then", [f"{ended}aidbt heal resolve {attempt.id} lets it be tried again"])
        if one.problem:
            yield f"   {dim('stopped'.ljust(10))} {one.problem}"


def _next(one: Healed) -> str:
    """What a person may do."""
    attempt = one.attempt
    if attempt.state == "proposed" and attempt.branch:
        return f"review and merge {attempt.branch}: .aidbt/heal/{attempt.id}.md says why"
    return one.diagnosis.next_step


def over_lines(over: Sequence[Attempt]) -> Iterator[str]:
    """The attempts that a green run ended."""
    for one in over:
        yield f"{one.id} is over: {one.title}"


def _part(name: str, lines: Sequence[str]) -> Iterator[str]:
    for place, line in enumerate(line for line in lines if line):
        yield f"   {dim((name if place == 0 else '').ljust(10))} {line}"


def _status_lines(attempts: Sequence[Attempt], pause: str) -> Iterator[str]:
    if pause:
        yield f"{bold('healing is paused')} {pause}; aidbt heal resume ends it"
    if not attempts:
        yield "no cause is being mended"
        return
    rows = [
        [one.id, one.state.replace("_", " "), one.error_class, one.branch or one.title, _at(one)]
        for one in attempts
    ]
    yield from table(rows, head=["attempt", "state", "class", "what", "since (UTC)"])


def _late_quarantines(session: Session) -> list[str]:
    """What is said of rows that were set aside and that nobody looked at in time."""
    from datetime import UTC, datetime

    from aidbt.core.errors import ArtifactError
    from aidbt.healing.quarantine.standing import late_lines, quarantines
    from aidbt.project.manifest import read_manifest

    try:
        manifest = read_manifest(session.project.target_path / "manifest.json")
    except ArtifactError:  # dbt has not run here yet, or the file is damaged: other commands say so
        return []
    return late_lines(quarantines(manifest), datetime.now(UTC).date())


def _at(attempt: Attempt) -> str:
    return f"{attempt.since:%m-%d %H:%M}"


def _audit_lines(entries: Sequence[Any], problem: str, file: Path | None, known: int) -> Iterator[str]:
    if problem:
        yield f"{click.style('the audit was tampered with', fg='red', bold=True)}: {problem}"
        return
    if file is not None:
        yield f"{count(len(entries) - known, 'entry', 'entries')} added to {file}; the chain holds"
        return
    for entry in entries[-50:]:
        moved = " → ".join(part for part in (entry.before, entry.after) if part)
        yield f"{entry.at[:19]}  {entry.subject}  {entry.what}  {moved}  {dim(entry.who)}"
    yield f"{count(len(entries), 'entry', 'entries')}; the chain holds"
