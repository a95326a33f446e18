"""Recognising results that a failed run left in place: they are green, and of an earlier run.

dbt writes run_results.json at its end. A run that cannot parse the project, read the profile or open the
warehouse ends before, and the file of the last good run stays. The log beside it, or dbt's exit code, tell.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from aidbt.core.findings import Finding, RunFailure, Severity
from aidbt.observability.observing.dbt_log import LoggedRun
from aidbt.observability.observing.handed_in import RUNNING, HandedIn
from aidbt.observability.recorded import Asked, RecordedRun

_UNKNOWN = "dbt left no results of this run, so what it did is not known"


@dataclass(frozen=True, slots=True)
class Unseen:
    """A run that left no results of its own.

    Attributes:
        run: what is known of it; None where that is not enough to record it.
    """

    finding: Finding
    run: RecordedRun | None = None


def unseen_run(
    handed_in: HandedIn | None,
    logged: LoggedRun | None,
    exit_code: int | None,
    *,
    known: Collection[str] = (),
    where: str = "",
    now: datetime,
) -> Unseen | None:
    """The run that came after the newest results and left none; None when there is no sign of one.

    Args:
        handed_in: the newest results; None when there are none at all.
        logged: the last invocation in the log beside them.
        exit_code: dbt's, where it was handed in.
        known: invocation ids of runs that are recorded.
        where: the file or folder, for people.
    """
    run = handed_in.run if handed_in is not None else None
    where = str(handed_in.path) if handed_in is not None else where
    is_later = logged is not None and (run is None or _is_later(logged, run))
    if is_later and logged is not None and logged.command in RUNNING:
        return _by_log(logged, run, exit_code, where)
    if exit_code in (None, 0) or (exit_code == 1 and run is not None and run.status == "failed"):
        return None
    if run is not None and run.invocation_id not in known and exit_code == 1:
        # They may be of this run: a hook that failed, or a warning that counts as an error.
        said = "dbt ended with exit code 1, and these results have no failure: see its log for what failed"
        return Unseen(Finding("observe.exit_code", Severity.WARN, where, said))
    at = logged.ended_at if logged is not None else now
    number = f"none-{exit_code}-{at:%Y%m%dT%H%M%S}" if logged is None else logged.invocation_id
    if run is not None and number == run.invocation_id:
        number = f"none-{exit_code}-{at:%Y%m%dT%H%M%S}"
    return _failed(number, "unknown", f"dbt ended with exit code {exit_code}: {_UNKNOWN}", at, run, where)


def _is_later(logged: LoggedRun, run: RecordedRun) -> bool:
    # The log goes on for a moment after the results are written; a copied one may have lost its time.
    is_other = logged.invocation_id != run.invocation_id
    return is_other and logged.ended_at >= run.finished_at - timedelta(seconds=1)


def _by_log(logged: LoggedRun, run: RecordedRun | None, exit_code: int | None, where: str) -> Unseen:
    if logged.succeeded is False or exit_code not in (None, 0):
        return _failed(
            logged.invocation_id, logged.command, logged.message or _UNKNOWN, logged.ended_at, run, where,
            memory_bytes=logged.memory_bytes, target=logged.target,
        )  # fmt: skip
    named = f"dbt {logged.command} of {_when(logged.ended_at)}"
    if logged.succeeded:
        said = f"{named} did nothing: it ended well and left no results"
    else:
        said = f"{named} still runs, or was killed; hand it in again later"
    return Unseen(Finding("observe.no_results", Severity.INFO, where, said))


def _failed(
    invocation_id: str,
    command: str,
    message: str,
    at: datetime,
    run: RecordedRun | None,
    where: str,
    *,
    memory_bytes: int | None = None,
    target: str = "",
) -> Unseen:
    # dbt's first line is only the kind: "Compilation Error", "Database Error".
    lines = [line.strip() for line in message.splitlines() if line.strip()] or [_UNKNOWN]
    first = ": ".join(lines[:2]) if lines[0].endswith("Error") else lines[0]
    named = "a run of dbt" if command == "unknown" else f"dbt {command}"
    old = f"the results are of an earlier run ({_when(run.finished_at)}); " if run is not None else ""
    said = f"{old}{named} of {_when(at)} failed before any node, and is recorded as failed: {first}"
    failed = RecordedRun(
        invocation_id=invocation_id,
        command=command,
        status="error",
        started_at=at,
        finished_at=at,
        origin="observed",
        asked=Asked(target=target),
        memory_bytes=memory_bytes,
        failures=(RunFailure("", "error", message),),
    )
    return Unseen(Finding("observe.stale", Severity.ERROR, where, said), failed)


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
