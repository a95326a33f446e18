"""Runs that happened elsewhere are taken in: each once, what cannot be read named, what is stale said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aidbt.core.errors import ArtifactError
from aidbt.core.findings import Finding, Severity
from aidbt.observability.observing.dbt_log import last_after, log_places, logged_runs
from aidbt.observability.observing.handed_in import RUNNING, HandedIn, read_handed_in, with_memory
from aidbt.observability.observing.places import Found, find_artifacts, manifest_head, unreadable
from aidbt.observability.observing.stale import unseen_run
from aidbt.observability.recorded import KEEP_RUNS, RecordedRun, keep_run, recorded_run, together
from aidbt.observability.run_metrics import run_buckets
from aidbt.observability.targets import is_watched, left_out
from aidbt.project.scrub import Scrub
from aidbt.store import Store
from aidbt.store.buckets import Buckets

_CLOCKS_DIFFER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Observed:
    """What was taken in.

    Attributes:
        runs: those that are new, oldest first; also such as failed before any node.
        known: how many were recorded before.
        buckets: how many were made of them.
    """

    runs: tuple[RecordedRun, ...] = ()
    known: int = 0
    buckets: int = 0
    findings: tuple[Finding, ...] = ()


def observe(
    places: Sequence[Path],
    store: Store,
    *,
    project: str,
    packages: Collection[str] = (),
    parents: Mapping[str, Collection[str]] | None = None,
    exit_code: int | None = None,
    scrub: Scrub = str,
    target: str = "",
    is_target_asked: bool = False,
    keep: timedelta = KEEP_RUNS,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Observed:
    """Take in the runs whose artifacts are in these files and folders; each is recorded once.

    Args:
        project: its name; artifacts of another one are left out.
        packages: that the project has installed.
        parents: node → what it reads, tests too; see `run_metrics.waits_of`.
        exit_code: dbt's own of the last run, where that is known: it tells results that a failed run left in
            place from its own.
        scrub: takes secrets out of what dbt said.
        target: whose runs are watched; those of others are recorded only. With `is_target_asked` runs that
            do not say theirs are of it.
        keep: runs that are older are not taken in, and forgotten.

    Raises:
        UsageError: a place does not exist.
        StoreError: the store cannot be read or written.
    """
    at = now()
    files, findings = find_artifacts(places)
    read, unread = _read(files, scrub)
    findings += unread
    mine, foreign = _of_project(read, {project, *packages}, project, at, keep)
    findings += foreign
    newest = max(mine, key=lambda item: item.run.finished_at, default=None)
    logs = logged_runs(_logs(places, newest))
    memory = {logged.invocation_id: logged.memory_bytes for logged in logs}
    mine = [replace(item, run=with_memory(item.run, memory.get(item.run.invocation_id))) for item in mine]
    known = _known(store, {item.run.invocation_id for item in mine} | memory.keys())
    logged = last_after(logs, newest.run.invocation_id if newest is not None else "", RUNNING)
    logged = None if logged is None else replace(logged, message=scrub(logged.message))
    where = str(places[0]) if places else ""
    unseen = unseen_run(newest, logged, exit_code, known=known, where=where, now=at)
    runs = _by_invocation(item.run for item in mine)
    if unseen is not None:
        if unseen.run is None or unseen.run.invocation_id not in known:
            findings.append(unseen.finding)
        runs += [unseen.run] if unseen.run is not None else []
    runs = [
        _with_target(run, known.get(run.invocation_id), target if is_target_asked else "") for run in runs
    ]
    new = [run for run in runs if _is_news(run, known.get(run.invocation_id))]
    new.sort(key=lambda run: (run.started_at, run.invocation_id))
    buckets = sum(take_in(run, store, project=project, parents=parents, target=target) for run in new)
    fresh = {run.invocation_id for run in new}
    _watch_too([run for run in runs if run.invocation_id not in fresh], store, project, parents, target)
    store.forget_runs(at - keep)
    said = left_out(Counter(run.asked.target for run in new), target)
    if said:
        findings.append(Finding("observe.other_target", Severity.INFO, "runs", said))
    return Observed(tuple(new), len(runs) - len(new), buckets, tuple(findings))


def take_in(
    run: RecordedRun,
    store: Store,
    *,
    project: str,
    parents: Mapping[str, Collection[str]] | None = None,
    target: str = "",
) -> int:
    """Record one run and, where its target is watched, what it tells of its nodes; how many buckets that are.

    Raises:
        StoreError: the store cannot be written.
    """
    found = run_buckets(run, project, parents) if is_watched(run, target) else []
    Buckets(store).put(found)
    keep_run(store, run)  # last: a run that is recorded is complete
    return len(found)


def _with_target(run: RecordedRun, before: RecordedRun | None, asked: str) -> RecordedRun:
    """The run with its target: what it says, else what it was recorded with, else what a person says."""
    found = run.asked.target or (before.asked.target if before is not None else "") or asked
    return replace(run, asked=replace(run.asked, target=found))


def _watch_too(
    known: Sequence[RecordedRun],
    store: Store,
    project: str,
    parents: Mapping[str, Collection[str]] | None,
    target: str,
) -> None:
    """What known runs tell of their nodes, which is not there where another target was watched then."""
    for run in known:
        if run.asked.target and is_watched(run, target):
            Buckets(store).put(run_buckets(run, project, parents))


def _read(files: Sequence[Found], scrub: Scrub) -> tuple[list[HandedIn], list[Finding]]:
    read, findings = [], []
    for file in files:
        try:
            read.append(read_handed_in(file, scrub))
        except ArtifactError as error:
            hint = f"; {error.hint}" if error.hint else ""
            said = error.message.removeprefix(str(file.path)).lstrip(": ")  # it is named already
            findings.append(unreadable(file.path, f"{said}{hint}"))
        except MemoryError:
            findings.append(
                unreadable(file.path, f"its {file.size_bytes / 1e6:,.0f} MB do not fit in memory")
            )
    return read, findings


def _of_project(
    read: Iterable[HandedIn], packages: Collection[str], project: str, now: datetime, keep: timedelta
) -> tuple[list[HandedIn], list[Finding]]:
    """The runs of this project; a finding for each file of no run, of another project, of the
    future, or of a time of which nothing is kept.
    """
    mine, findings = [], []
    for item in read:
        other = _other_project(item, packages, project)
        if not item.is_run:
            said = f"left out: dbt {item.run.command} builds nothing, so its times say nothing"
            findings.append(Finding("observe.not_a_run", Severity.INFO, str(item.path), said))
        elif other:
            said = f"left out: it is of the project '{other}', not of '{project}'"
            findings.append(Finding("observe.other_project", Severity.WARN, str(item.path), said))
        elif item.run.finished_at > now + _CLOCKS_DIFFER:
            ended = f"{item.run.finished_at:%Y-%m-%d %H:%M} UTC"
            said = f"left out: it says that it ended at {ended}, which is still to come"
            findings.append(Finding("observe.future", Severity.WARN, str(item.path), said))
        elif item.run.started_at < now - keep:
            said = f"left out: of {item.run.started_at:%Y-%m-%d}; runs are kept for {keep.days} days"
            findings.append(Finding("observe.too_old", Severity.INFO, str(item.path), said))
        else:
            mine.append(item)
    return mine, findings


def _other_project(item: HandedIn, packages: Collection[str], project: str) -> str:
    """The project that artifacts are of, when it is another one; "" else."""
    if item.packages and item.packages.isdisjoint(packages):
        return sorted(item.packages)[0]
    invocation, named = manifest_head(item.path.parent)
    is_its_own = invocation == item.run.invocation_id
    return named if is_its_own and named and named != project else ""


def _logs(places: Sequence[Path], newest: HandedIn | None) -> list[Path]:
    found = [path for path in places if path.is_file() and path.suffix == ".log"]
    if newest is not None:
        return [*found, *log_places(newest.path, newest.log_path)]
    for place in places:
        found += log_places(place / "run_results.json")
    return found


def _known(store: Store, invocation_ids: Collection[str]) -> dict[str, RecordedRun]:
    """Those of these invocations that are recorded."""
    found = {name: recorded_run(store, name) for name in sorted(invocation_ids)}
    return {name: run for name, run in found.items() if run is not None}


def _by_invocation(runs: Iterable[RecordedRun]) -> list[RecordedRun]:
    """Each invocation once: a copy of a file adds nothing, the other half of one does."""
    found: dict[str, RecordedRun] = {}
    for run in runs:
        before = found.get(run.invocation_id)
        found[run.invocation_id] = run if before is None else together(before, run)
    return list(found.values())


def _is_news(run: RecordedRun, before: RecordedRun | None) -> bool:
    """Whether it is not recorded, or says more than what is."""
    if before is None:
        return True
    is_richer = any(node.started_at for node in run.results) and not any(
        node.started_at for node in before.results
    )
    has_target = bool(run.asked.target) and not before.asked.target
    return len(run.results) > len(before.results) or is_richer or has_target
