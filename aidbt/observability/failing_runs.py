"""What the recorded runs of dbt say to incidents: which nodes and tests failed, and which succeeded since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aidbt.core.findings import RunFailure
from aidbt.observability.recorded import RecordedRun, recorded_run
from aidbt.store import Store

# Runs that make or test something. One that only parses says nothing of the data.
_COMMANDS = frozenset(("build", "run", "test", "seed", "snapshot", "retry", "source freshness", "clone"))
_TOLD = "incident_runs"  # a record of the store for each target: the runs that were told, by invocation id
# Of the runs that there were before incidents were kept, only those of the last day are news.
_FIRST = timedelta(days=1)
_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class RunNews:
    """What is new of runs.

    Attributes:
        failures: of the nodes and tests whose last result is a failure; of a run that failed before any node
            with the unique_id "".
        succeeded: unique_ids whose last result is none.
        told: invocation ids of the runs that were looked at, to be remembered; `target` is whose they are.
    """

    failures: tuple[RunFailure, ...] = ()
    succeeded: frozenset[str] = frozenset()
    told: tuple[str, ...] = ()
    target: str = ""


def run_news(store: Store, *, target: str = "", now: datetime | None = None) -> RunNews:
    """What the runs say that were recorded since this was remembered last; nothing is written.

    Args:
        target: whose runs count; see `Store.run_ids`.

    Raises:
        StoreError: the store cannot be read.
    """
    now = now or datetime.now(UTC)
    record = store.get(_TOLD, _key(target))
    recent = store.run_ids(since=now - _KEPT, target=target)
    if record is not None:
        known = set(record.value)
    else:
        known = {id for id, finished_at in recent.items() if finished_at < now - _FIRST}
    # Only what is new is read whole: a month of a busy project is some hundred megabytes.
    new = [run for id in recent if id not in known and (run := recorded_run(store, id)) is not None]
    return RunNews(*last_results(new), tuple(recent), target)


def _key(target: str) -> str:
    return f"told {target}".strip()


def remember_runs(store: Store, news: RunNews) -> None:
    """Keep which runs were told, so that they are not told again.

    Raises:
        StoreError: the store cannot be written.
    """
    store.put(_TOLD, _key(news.target), list(news.told))


def last_results(runs: Sequence[RecordedRun]) -> tuple[tuple[RunFailure, ...], frozenset[str]]:
    """The failures, and the unique_ids that succeeded, by the last result of each.

    What was skipped says nothing. A run that got as far as its nodes ends what stopped one before any.
    """
    last: dict[str, RunFailure | None] = {}
    for run in sorted(runs, key=lambda run: run.finished_at):
        if run.command not in _COMMANDS:
            continue
        messages = {failure.unique_id: failure for failure in run.failures}
        if run.results:
            last[""] = None
        elif run.status == "error":
            last[""] = messages.get("") or RunFailure("", "error", "dbt could not run")
        for result in run.results:
            if result.failed:
                failure = RunFailure(result.unique_id, result.status, "")
                last[result.unique_id] = messages.get(result.unique_id, failure)
            elif result.is_run:
                last[result.unique_id] = None
    failures = tuple(failure for failure in last.values() if failure is not None)
    return failures, frozenset(name for name, failure in last.items() if failure is None)
