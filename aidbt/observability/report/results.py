"""What recorded runs say of tests and of the age of data; pure, of values that others read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from aidbt.core.incidents import Incident, key_of
from aidbt.observability.quality.known import Seen
from aidbt.observability.recorded import RecordedNode, RecordedRun
from aidbt.observability.report.values import Freshness, Run, State, TestResult
from aidbt.project.private_messages import without_values

_TESTS = ("test.", "unit_test.")
_AGES: Mapping[str, State] = {"pass": "good", "warn": "warn", "error": "bad", "runtime error": "bad"}


def runs_of(recorded: Iterable[RecordedRun], identifiers: Collection[str] = ()) -> tuple[Run, ...]:
    """The runs, newest first.

    Args:
        identifiers: names in lower case that may be shown of what dbt said.
    """
    found = [_run(run, identifiers) for run in recorded]
    return tuple(sorted(found, key=lambda run: run.started_at, reverse=True))


def _run(run: RecordedRun, identifiers: Collection[str]) -> Run:
    failed = sum(node.failed for node in run.results)
    skipped = sum(not node.is_run for node in run.results)
    return Run(
        id=run.invocation_id,
        command=f"dbt {run.job}",
        status=run.status,
        started_at=run.started_at,
        seconds=run.seconds,
        done=len(run.results) - failed - skipped,
        warned=sum(node.status == "warn" for node in run.results),
        failed=failed,
        skipped=skipped,
        target=run.asked.target,
        problems=tuple(
            (failure.unique_id, without_values(failure.message, identifiers)) for failure in run.failures
        ),
    )


def results_of(
    recorded: Sequence[RecordedRun],
    tested: Mapping[str, str],
    seen: Mapping[str, Seen],
    identifiers: Collection[str] = (),
) -> tuple[TestResult, ...]:
    """How each test ended when it was run last; of a test that does not pass also since when.

    Args:
        recorded: oldest first.
        tested: test → the node it tests. With any, tests that it does not name are gone, and left out.
        seen: newest results from elsewhere, e.g. of artifacts that nobody handed in.
        identifiers: names in lower case that may be shown of what dbt said.
    """
    found: dict[str, TestResult] = {}
    for run in recorded:
        for node in run.results:
            if node.unique_id.startswith(_TESTS) and node.is_run:
                found[node.unique_id] = _test(node, run.finished_at, tested, found.get(node.unique_id))
    for name, result in seen.items():
        known = found.get(name)
        if name.startswith(_TESTS) and result.status != "skipped" and (known is None or known.at < result.at):
            node = RecordedNode(name, result.status, failures=result.failures, message=result.message)
            found[name] = _test(node, result.at, tested, known)
    there = [one for name, one in sorted(found.items()) if not tested or name in tested]
    return tuple(replace(one, message=without_values(one.message, identifiers)) for one in there)


def _test(
    node: RecordedNode, at: datetime, tested: Mapping[str, str], before: TestResult | None
) -> TestResult:
    this = TestResult(
        node.unique_id, tested.get(node.unique_id, ""), node.status, at, node.failures, message=node.message
    )
    if this.state not in ("bad", "warn"):
        return this
    since = before.since if before is not None and before.since is not None else at
    return TestResult(
        this.unique_id, this.node, this.status, at, this.failures, since=since, message=this.message
    )


def freshness_of(
    newest: Mapping[str, datetime],
    judged: frozenset[str],
    declared: Mapping[str, Freshness],
    incidents: Iterable[Incident],
    now: datetime,
) -> tuple[Freshness, ...]:
    """How old the data of each node is, what is late first and then the oldest.

    Args:
        newest: node → the time (UTC) of its newest row, as monitors measured it.
        judged: nodes whose past is long enough to tell when they are late.
        declared: node → what dbt's own question for its freshness said.
        incidents: those that are open.
    """
    late = _late(incidents)
    found = []
    for node in newest.keys() | declared.keys() | late.keys():
        state: State = late.get(node) or ("good" if node in judged else "none")
        by = "monitor" if node in late else ""
        said = declared.get(node)
        if said is not None and _is_outdated(said, newest.get(node)):
            said = None
        if said is not None and _BADNESS[said.state] >= _BADNESS[state]:
            state, by = said.state, "declared"
        times = [at for at in (newest.get(node), said.newest_at if said else None) if at is not None]
        at = max(times, default=None)
        age = max((now - at).total_seconds(), 0.0) if at is not None else None
        found.append(Freshness(node, at, age, state, by))
    return tuple(sorted(found, key=lambda one: (-_BADNESS[one.state] // 2, -(one.age_s or 0.0), one.node)))


def _late(incidents: Iterable[Incident]) -> dict[str, State]:
    """What a monitor found late and is late still; a node of two incidents is as bad as in the worse."""
    late: dict[str, State] = {}
    for incident in incidents:
        for monitor in {anomaly.monitor for anomaly in incident.anomalies}:
            if monitor.metric != "freshness_minutes" or key_of(monitor) in incident.well:
                continue
            state: State = "bad" if incident.severity.value == "error" else "warn"
            late[monitor.node] = max(state, late.get(monitor.node, state), key=lambda one: _BADNESS[one])
    return late


def _is_outdated(said: Freshness, newest: datetime | None) -> bool:
    """Whether rows came after dbt asked and found it late."""
    is_late = said.state in ("warn", "bad")
    return is_late and newest is not None and said.newest_at is not None and newest > said.newest_at + _ALIKE


# dbt and the monitors do not read the same moment to the same digit.
_ALIKE = timedelta(minutes=1)
_BADNESS: Mapping[State, int] = {"none": 0, "good": 1, "warn": 2, "bad": 3}


def declared_of(recorded: Sequence[RecordedRun], seen: Mapping[str, Seen]) -> dict[str, Freshness]:
    """What dbt said of the age of sources when it was asked last.

    Args:
        recorded: oldest first.
        seen: newest results from elsewhere.
    """
    found: dict[str, tuple[datetime, Freshness]] = {}
    for run in recorded:
        for node in run.results:
            if node.age_s is not None and node.status in _AGES:
                found[node.unique_id] = (
                    run.finished_at,
                    _declared(node.unique_id, node.status, node.age_s, node.finished_at or run.finished_at),
                )
    for name, result in seen.items():
        known = found.get(name)
        is_newer = known is None or known[0] < result.at
        if name.startswith("source.") and result.age_s is not None and result.status in _AGES and is_newer:
            found[name] = result.at, _declared(name, result.status, result.age_s, result.at)
    return {name: freshness for name, (_, freshness) in found.items()}


def _declared(node: str, status: str, age_s: float, at: datetime) -> Freshness:
    return Freshness(node, at - timedelta(seconds=age_s), age_s, _AGES[status], "declared")
