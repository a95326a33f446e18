"""What a run of dbt left, and what of it is its own: results of an earlier, green run count for nothing.

Many failures (a locked database, a parse error, a missing variable) leave the previous `run_results.json` in
place; then the truth is only in dbt's log, or in what it printed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aidbt.core.errors import ArtifactError
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Stage
from aidbt.healing.evidence.what_failed import (
    ENDED_FROM_OUTSIDE,
    NOT_TOLD,
    failures_of,
    stage_of,
    told_failures,
    without_cut_off,
)
from aidbt.project.artifacts import (
    RunResults,
    Sources,
    read_run_results,
    read_sources,
)
from aidbt.project.dbt_log_tail import LastInvocation, last_invocation
from aidbt.project.dbt_report import FAILING
from aidbt.project.manifest import Manifest, read_manifest

_FUTURE = timedelta(minutes=10)
_FINE = frozenset(("success", "pass", "warn", "no-op", "reused"))


@dataclass(frozen=True, slots=True)
class FailedRun:
    """One run, as far as it can be known from what it left.

    Attributes:
        stage: how far dbt got.
        failures: what failed; with the unique_id "" what failed outside of any node.
        skipped: unique_ids that were left out because of the failures.
        succeeded: unique_ids that ended well.
        wrote_results: whether the results are this run's own, and all of it; False: an earlier run's were
            left in place, there are none, or they are of the tests alone that came after a failed run of
            whose nodes no log of events tells.
        manifest: as this run parsed the project; None where it got no manifest written.
        unknown: what could not be read, in sentences.
        is_held: whether what it built was put back as it had been, but for tables that grow, which alone are
            in `succeeded` then.
        went_on: that models were built although what came before them had failed, in a sentence; "" else.
    """

    stage: Stage
    failures: tuple[RunFailure, ...] = ()
    skipped: tuple[str, ...] = ()
    succeeded: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    wrote_results: bool = False
    invocation_id: str = ""
    command: str = ""
    dbt_version: str = ""
    ended_at: datetime | None = None
    manifest: Manifest | None = None
    unknown: tuple[str, ...] = ()
    went_on: str = ""
    is_held: bool = False

    @property
    def is_green(self) -> bool:
        """Whether nothing failed."""
        return not self.failures


def read_failed_run(
    folder: Path,
    *,
    project: str,
    known_good: Collection[str] = (),
    known: Manifest | None = None,
    scrub: Callable[[str], str] = str,
    now: datetime | None = None,
) -> FailedRun:
    """The run that left its artifacts in a folder: run_results.json or sources.json, manifest.json, dbt.log
    and stdout.txt, as far as they exist, there or in its `logs` and `target`.

    Args:
        project: the name of the dbt project; artifacts of another one do not count.
        known_good: invocation ids of runs that are known to have gone well, so that results which a failed
            run left in place are told from its own.
        known: the project as an earlier run knew it: where this one left no manifest, names that it only
            printed are looked up there.
        scrub: takes secrets out of what dbt said.
    """
    unknown: list[str] = []
    log = _log(folder, ("dbt.log", "logs/dbt.log", "../logs/dbt.log"), unknown)
    printed = _log(folder, ("stdout.txt", "stderr.txt"), unknown)
    if log is not None and printed is not None and _is_of_before(log, printed, known_good):
        unknown.append("the log tells of an earlier run only: nothing of this one was written to it")
        log = None
    told = log or printed
    results = _results(folder, project, told.invocation_id if told is not None else "", unknown)
    manifest = _manifest(folder, project, unknown)
    if results is not None and results.metadata.generated_at > (now or datetime.now(UTC)) + _FUTURE:
        unknown.append("the results are dated in the future: clocks differ, so times are not compared")
    is_own, doubt = _is_own(results, log, printed, known_good)
    if doubt:
        unknown.append(doubt)
    if manifest is not None and not _goes_with(manifest, results if is_own else None, log):
        manifest = None
    own = results if is_own else None
    failures, cut_off = without_cut_off(failures_of(own, log, printed, manifest or known))
    begun_by = _begun_by(log, manifest or known)
    before = log.before if log is not None and begun_by else None
    return FailedRun(
        stage=_stage(failures, isinstance(own, Sources), has_begun=_has_begun(log, printed)),
        failures=tuple(RunFailure(f.unique_id, f.status, scrub(f.message), f.path) for f in failures),
        skipped=(*_with_status(None, before, {"skipped"}), *_with_status(own, log, {"skipped"}), *cut_off),
        succeeded=(*_with_status(None, before, _FINE), *_with_status(own, log, _FINE)),
        warned=tuple(_with_status(own, log, {"warn"})),
        wrote_results=is_own and (before is None or _names_nodes(before)),
        invocation_id=own.metadata.invocation_id if own is not None else told.invocation_id if told else "",
        command=begun_by or _command(own, told),
        dbt_version=(own.metadata.dbt_version if own is not None else "")
        or (told.dbt_version if told else ""),
        ended_at=own.metadata.generated_at if own is not None else None,
        manifest=manifest,
        unknown=tuple(unknown),
        went_on=_went_on(before),
    )


def _went_on(before: LastInvocation | None) -> str:
    word = next((word for word in ("seed", "snapshot") if before and word in before.command.split()), "")
    return f"models were built after dbt {word} had failed, of what stood there before" if word else ""


def _is_of_before(log: LastInvocation, printed: LastInvocation, known_good: Collection[str]) -> bool:
    """Whether a log ends with a run that is known to have gone well, and what was printed with none that did:
    a full disk takes no log, and a project whose file cannot be read has none yet."""
    is_begun = bool(printed.dbt_version) or printed.succeeded is False
    is_another = is_begun and printed.invocation_id != log.invocation_id
    return is_another and printed.succeeded is not True and log.invocation_id in known_good


# --- reading ------------------------------------------------------------------------------------------


def _first(folder: Path, names: Iterable[str]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _log(folder: Path, names: Sequence[str], unknown: list[str]) -> LastInvocation | None:
    path = _first(folder, names)
    if path is None:
        return None
    try:
        found = last_invocation(path)
    except ArtifactError as error:
        unknown.append(error.message)
        return None
    if found is not None and not found.is_whole:
        unknown.append(f"{path.name} is so long that only its end was read")
    return found


def _results(folder: Path, project: str, ran: str, unknown: list[str]) -> RunResults | Sources | None:
    """The results of a run, or of a freshness check where that is what ran, or ran last."""
    there: list[RunResults | Sources] = []
    readers: tuple[tuple[str, Callable[[Path], RunResults | Sources]], ...] = (
        ("run_results.json", read_run_results),
        ("sources.json", read_sources),
    )
    for name, read in readers:
        path = _first(folder, (name, f"target/{name}"))
        try:
            there += [read(path)] if path is not None else []
        except ArtifactError as error:
            unknown.append(error.message)
    there.sort(key=lambda one: (one.metadata.invocation_id == ran, one.metadata.generated_at), reverse=True)
    found = there[0] if there else None
    packages = {result.unique_id.split(".")[1] for result in found.results} if found is not None else set()
    if packages and project not in packages:
        unknown.append(
            f"the results are of another project ({', '.join(sorted(packages)[:3])}), not {project}"
        )
        return None
    return found


def _manifest(folder: Path, project: str, unknown: list[str]) -> Manifest | None:
    path = _first(folder, ("manifest.json", "target/manifest.json"))
    if path is None:
        return None
    try:
        found = read_manifest(path)
    except ArtifactError as error:
        unknown.append(error.message)
        return None
    named = str(found.metadata.raw.get("project_name") or project)
    if named != project:
        unknown.append(f"the manifest is of another project ({named}), not {project}")
        return None
    return found


def _is_own(
    results: RunResults | Sources | None,
    log: LastInvocation | None,
    printed: LastInvocation | None,
    known_good: Collection[str],
) -> tuple[bool, str]:
    """Whether the results are of the run that the log tells of, and what is doubtful about it."""
    if results is None:
        return False, ""
    own_id = results.metadata.invocation_id
    failed = any(result.status in FAILING for result in results.results)
    if log is not None and log.invocation_id:
        is_elsewhere = own_id not in log.others and own_id not in known_good
        if failed and log.succeeded and is_elsewhere:
            return True, "the log does not tell of the run that left these results: it was written elsewhere"
        return own_id == log.invocation_id, ""
    if printed is not None and printed.invocation_id:
        return own_id == printed.invocation_id, ""
    if own_id in known_good and printed is not None:
        return printed.succeeded is True, ""
    if printed is not None and printed.succeeded is not None:
        return printed.succeeded is not failed, ""
    if printed is not None:  # killed, or it printed nothing that says how it ended
        return False, "what dbt printed does not say how it ended, so its results may be of an earlier run"
    if own_id in known_good:
        return True, ""
    return True, "there is no log, so whether the results are of the failed run is not known"


def _goes_with(manifest: Manifest, results: RunResults | Sources | None, log: LastInvocation | None) -> bool:
    """Whether a manifest is of the run; without anything that says so it is taken for an earlier one's."""
    own_id = manifest.metadata.invocation_id
    if results is not None:
        return own_id == results.metadata.invocation_id or results.metadata.invocation_id == ""
    return log is not None and bool(log.invocation_id) and own_id == log.invocation_id


# --- what it says of itself ----------------------------------------------------------------------------


def _command(results: RunResults | Sources | None, told: LastInvocation | None) -> str:
    if isinstance(results, RunResults):
        args = results.raw.get("args") or {}
        said, which = str(args.get("invocation_command") or ""), str(args.get("which") or "")
        if which and not set(which.split("-")) & set(re.split(r"[\s-]", said)):
            return _as_called(which, args)  # dbt ran within another program
        if said or which:
            return said or which
    return told.command if told is not None else ""


def _as_called(which: str, args: Mapping[str, Any]) -> str:
    """A command by the arguments that it was called with: what it was about."""
    words = ["dbt", which]
    for name in ("select", "exclude"):
        values = args.get(name)
        values = [values] if isinstance(values, str) else values or []
        words += [f"--{name}", *map(str, values)] if values else []
    if args.get("selector"):
        words += ["--selector", str(args["selector"])]
    return " ".join(words)


def _begun_by(log: LastInvocation | None, manifest: Manifest | None) -> str:
    """Where tests came after a run that failed: the command for both. Of that run no results are left."""
    before = log.before if log is not None else None
    if before is None or not told_failures(before, manifest):
        return ""
    words = before.command.split()
    if "run" not in words:
        return " ".join(words) or "dbt build"
    # Neither of the two builds seeds or snapshots.
    return " ".join(["build" if word == "run" else word for word in words] + list(_RUN_AND_TEST))


_RUN_AND_TEST = ("--resource-type", "model", "test", "unit_test")


def _names_nodes(told: LastInvocation) -> bool:
    """Whether a log says of each node how it ended: one of events does, from its beginning to its end."""
    names = any(line.unique_id and line.status for line in told.lines)
    return names and told.ended and bool(told.dbt_version)


_NODE_BEGUN = re.compile(r"^\d+ of \d+ (START|OK|ERROR|PASS|FAIL|SKIP)\b|^Began running node ")


def _has_begun(*logs: LastInvocation | None) -> bool:
    """Whether a run, or the one that its tests came after, tells of nodes that it began."""
    told = [one for log in logs if log is not None for one in (log, log.before) if one is not None]
    return any(_NODE_BEGUN.match(line.text) for one in told for line in one.lines)


def _stage(failures: Sequence[RunFailure], is_freshness: bool, *, has_begun: bool = False) -> Stage:
    """How far a run with these failures got."""
    if not failures:
        return Stage.DATA
    if is_freshness:
        return Stage.FRESHNESS
    is_cut = any(failure.message in (*ENDED_FROM_OUTSIDE, NOT_TOLD) for failure in failures)
    if (has_begun or is_cut) and all(not failure.unique_id for failure in failures):
        return Stage.NODE
    return min((stage_of(failure) for failure in failures), key=list(Stage).index)


def _with_status(
    results: RunResults | Sources | None, log: LastInvocation | None, wanted: Collection[str]
) -> list[str]:
    if results is not None:
        return [result.unique_id for result in results.results if result.status in wanted]
    lines = log.lines if log is not None else ()
    return list(dict.fromkeys(line.unique_id for line in lines if line.unique_id and line.status in wanted))
