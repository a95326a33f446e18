"""`aidbt diagnose`: why a run failed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aidbt.cli.classifying import by_project
from aidbt.cli.options import open_from, output_option, project_options
from aidbt.cli.render import bold, count, dim, emit

if TYPE_CHECKING:
    from aidbt.core.failures import Classified
    from aidbt.core.healing import Diagnosis
    from aidbt.healing.evidence.case import Case
    from aidbt.session import Session

# What a run leaves; one of these is enough to begin with.
_LEFT = ("run_results.json", "sources.json", "dbt.log", "stdout.txt", "logs/dbt.log", "../logs/dbt.log",
         "target/run_results.json")  # fmt: skip
_SHOWN = 6  # names of nodes, and facts of a kind, without --all


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """What programs get.

    Attributes:
        failing: how many nodes (or runs as a whole) failed.
        wrote_results: whether the failed run left results of its own.
        compared_with: when the last good state was taken, ISO; "" without one.
        unknown: what could not be read.
    """

    failing: int
    causes: tuple[Diagnosis, ...]
    invocation_id: str
    command: str
    wrote_results: bool
    compared_with: str
    unknown: tuple[str, ...]


@click.command()
@click.option(
    "--artifacts",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the failed run's run_results.json, manifest.json, dbt.log and stdout.txt are, as far as they"
    " exist; the project's target by default.",
)
@click.option("--files-only", is_flag=True, help="Ask the warehouse nothing.")
@click.option("--ask", is_flag=True, help="Ask the language model of the settings where nothing is sure.")
@click.option("--all", "show_all", is_flag=True, help="Show every name, fact and doubt.")
@project_options
@output_option
def diagnose(
    artifacts: Path | None, files_only: bool, ask: bool, show_all: bool, output: str, **where: Any
) -> None:
    """Say why the last run failed: each cause with its proof, what was ruled out, and one next step.

    Compares what the run left, the sources as they are, and the files of the project with the last good run
    that `aidbt build` or `aidbt observe` saw. Of a run in which nothing failed it says whether a source was
    emptied, halved, put back, swapped or rewritten. Reads only. Exits 1 when there is a cause.
    """
    session = open_from(**where, as_committed=True)
    case = read(session, artifacts, asks_warehouse=not files_only)
    causes = _with_memory(session, case, causes_of(case, by_project(session, ask=ask)))
    good = case.good
    result = Diagnosed(
        failing=len(case.run.failures),
        causes=causes,
        invocation_id=case.run.invocation_id,
        command=case.run.command,
        wrote_results=case.run.wrote_results,
        compared_with=good.taken_at.isoformat() if good is not None else "",
        unknown=case.unknown,
    )
    mending = mending_of(session) if causes else {}
    emit(result, output=output, text=lambda: lines(case, causes, mending, show_all=show_all))
    raise SystemExit(1 if causes else 0)


def _with_memory(session: Session, case: Case, causes: Sequence[Diagnosis]) -> tuple[Diagnosis, ...]:
    """The causes without what a person said is none, each with what is known of those that said the same."""
    from aidbt.cli.classifying import with_past
    from aidbt.cli.heal_incidents import without_expected
    from aidbt.core.errors import StoreError

    with contextlib.suppress(StoreError):
        since = case.good.taken_at if case.good is not None else None
        causes = without_expected(session, causes, since=since)
    return with_past(session, causes)


def read(session: Session, artifacts: Path | None, *, asks_warehouse: bool = True) -> Case:
    """All that is known of the run whose artifacts are in a folder.

    Raises:
        UsageError: there is nothing in the folder.
    """
    from aidbt.core.config import environment
    from aidbt.core.errors import ProfileError, UsageError
    from aidbt.healing.evidence.reading import Readers, read_case
    from aidbt.project.scrub import scrubber

    folder = artifacts or session.project.target_path
    if not any((folder / name).is_file() for name in _LEFT):
        raise UsageError(
            f"{folder} holds nothing that a run of dbt left",
            hint="name the folder of run_results.json or dbt.log with --artifacts",
        )
    try:
        settings = [session.project.profile().settings]
    except ProfileError:
        settings = []
    readers = Readers(
        (lambda: session.warehouse_at_once) if asks_warehouse else None,
        lambda: session.store,
        scrubber(settings, environment()),
        session.settings.values.budget.scan_bytes,
    )
    return read_case(session.project, folder, readers)


def causes_of(case: Case, classify: Callable[[str, str], Classified] | None = None) -> tuple[Diagnosis, ...]:
    """The causes, the message of what evidence does not settle classified.

    Args:
        classify: (message, adapter) → its class, as `by_project` gives it; as shipped by default.
    """
    from aidbt.healing.diagnosis.causes import diagnose as causes

    return causes(case, classify or _classified)


def _classified(message: str, adapter: str) -> Classified:
    from aidbt.healing.classification.classify import classify

    return classify(message, adapter)


def mending_of(session: Session) -> dict[str, str]:
    """Key of a cause → how far healing it got; empty where the store cannot be read."""
    from aidbt.core.errors import AidbtError
    from aidbt.store.attempts import ALIVE, Attempts

    try:
        target = session.project.profile().target
        found = Attempts(session.store, "aidbt").all(states=ALIVE)
    except AidbtError:
        return {}
    return {
        one.key: f"{one.id} {_STANDS.get(one.state, 'is at work on it').format(one=one)}"
        for one in found
        if one.target == target
    }


_STANDS = {
    "proposed": "waits for a person on the branch {one.branch}",
    "promoted": "deployed a mend; the next green run ends it",
    "waiting": "was handed over: {one.why}",
    "escalated": "is handed over: {one.why}",
    "rolled_back": "was deployed and taken back: {one.why}",
}


# --- the screen ---------------------------------------------------------------------------------------


def lines(
    case: Case,
    causes: Sequence[Diagnosis],
    mending: Mapping[str, str] | None = None,
    *,
    show_all: bool = False,
) -> Iterator[str]:
    """The screen.

    Args:
        mending: key of a cause → what became of mending it.
    """
    yield _heading(case, causes)
    for number, cause in enumerate(causes, 1):
        yield ""
        yield from _cause(number, cause, show_all)
        yield from _part("mending", [text for text in [(mending or {}).get(cause.key, "")] if text], show_all)
    unknown = list(dict.fromkeys(case.unknown))
    if unknown:
        yield ""
        yield f"{bold('not known')}: {unknown[0]}"
        yield from (f"           {line}" for line in unknown[1 : None if show_all else _SHOWN])


def _heading(case: Case, causes: Sequence[Diagnosis]) -> str:
    failing = len(case.run.failures)
    command = _job(case.run.command)
    against = f"; compared with the good run of {case.good.taken_at:%Y-%m-%d %H:%M} UTC" if case.good else ""
    ended = case.run.ended_at
    of_then = f"{command} of {ended.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if ended is not None else command
    if not failing and not causes:
        return f"{bold('nothing failed')} in {of_then}, and nothing is wrong with its sources{against}"
    if not failing:
        return f"{bold('nothing failed')} in {of_then}, yet {_causes(causes)} found in its sources{against}"
    nodes = [failure for failure in case.run.failures if failure.unique_id]
    begun = f"{command} did not get {'to its end' if case.run.succeeded else 'as far as any node'}"
    what = f"{count(len(nodes), 'failed node')} in {command}" if nodes else begun
    stale = "" if case.run.wrote_results or nodes else " (it left no results of its own)"
    return f"{bold(what)} → {_causes(causes)}{stale}{against}"


_COMMANDS = frozenset(
    (
        "build",
        "clone",
        "compile",
        "deps",
        "docs",
        "parse",
        "retry",
        "run",
        "run-operation",
        "seed",
        "snapshot",
    )
    + ("source", "test")
)


def _job(command: str) -> str:
    """The command without its options."""
    return next((f"dbt {word}" for word in command.split() if word in _COMMANDS), "dbt")


def _causes(causes: Sequence[Diagnosis]) -> str:
    return count(len(causes), "cause")


def _cause(number: int, cause: Diagnosis, show_all: bool) -> Iterator[str]:
    where = ".".join(part for part in (_name(cause.root), cause.column) if part)
    colour = "red" if cause.confidence >= 0.75 else "yellow"
    label = click.style(f"{cause.error_class}", fg=colour, bold=True)
    yield f"{number}  {label}  {bold(where)}  {dim(f'confidence {cause.confidence:.2f}, at {cause.stage}')}"
    yield from _part("proof", [_said(e) for e in cause.proof], show_all)
    yield from _part("ruled out", [_said(e) for e in cause.ruled_out], show_all)
    failed = [_name(failure.unique_id) or "the run as a whole" for failure in cause.failures]
    yield from _part("fails", [_listed(failed, show_all)] if failed else [], show_all)
    below = [_name(name) for name in cause.blast_radius]
    if below:
        yield from _part("below", [f"{len(below):,} more: {_listed(below, show_all)}"], show_all)
    yield from _part("not known", list(cause.unknown), show_all)
    yield from _part("before", [cause.before] if cause.before else [], show_all)
    yield from _part("next", [cause.next_step], show_all)


def _said(evidence: Any) -> str:
    if evidence.kind == "message" and evidence.where not in ("classification", "dbt"):
        return f"{evidence.where}: {evidence.text}"
    return str(evidence.text)


def _part(name: str, texts: Sequence[str], show_all: bool) -> Iterator[str]:
    shown = texts if show_all else texts[:_SHOWN]
    for place, text in enumerate(shown):
        yield f"   {dim((name if place == 0 else '').ljust(10))} {text}"
    if len(shown) < len(texts):
        yield dim(f"   {'':10} … {len(texts) - len(shown)} more (--all)")


def _listed(names: Sequence[str], show_all: bool) -> str:
    shown = names if show_all else names[:_SHOWN]
    return ", ".join(shown) + (f", … {len(names) - len(shown)} more" if len(shown) < len(names) else "")


def _name(unique_id: str) -> str:
    from aidbt.healing.diagnosis.finding import shown_name

    return shown_name(unique_id) if "." in unique_id else unique_id
