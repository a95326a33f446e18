"""The newest result of each node: of recorded runs, and of the artifacts that lie in dbt's target folder."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from aidbt.core.errors import ArtifactError
from aidbt.core.findings import Finding, Severity
from aidbt.core.measured import node_name
from aidbt.observability.quality.known import Seen
from aidbt.observability.recorded import recorded_run, recorded_runs
from aidbt.project.artifacts import RunResults, Sources, read_catalog, read_run_results, read_sources
from aidbt.project.manifest import Manifest, Node
from aidbt.store import Store

# Commands of dbt whose results say something about data; compile and docs write run_results.json too.
_TELLING = frozenset(("dbt", "build", "run", "test", "seed", "snapshot", "retry", "source", "freshness"))
_TESTS, _TESTED = ("test.", "unit_test."), ("pass", "warn", "fail", "error")
_BUILT = ("model.", "seed.", "snapshot.")
_NOT_DONE = ("no-op", "reused", "cancelled", "")
# Runs are read from the newest on until every test has a result; a page of large ones is about 10 MB.
_PAGE = 5
_NAMED = 3

T = TypeVar("T")


@dataclass(slots=True)
class Results:
    """What has been read so far; a newer result of a node replaces an older one.

    Attributes:
        rows: node → when it was built, and how many rows that wrote.
        runs: invocation → when it ended.
        columns: node → its columns, as the catalog has them.
        settled: nodes of which older runs have nothing to say any more.
    """

    newest: dict[str, Seen] = field(default_factory=dict)
    rows: dict[str, tuple[datetime, int]] = field(default_factory=dict)
    runs: dict[str, datetime] = field(default_factory=dict)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    settled: set[str] = field(default_factory=set)

    def add(self, node: str, seen: Seen, rows: int | None = None) -> bool:
        """Whether it is a result, of which a test that was skipped, or a node at which nothing was done, is
        none.
        """
        if seen.status in _NOT_DONE or (node.startswith(_TESTS) and seen.status not in _TESTED):
            return False
        before = self.newest.get(node)
        if before is None or seen.at >= before.at:
            self.newest[node] = seen
        if rows is not None and rows >= 0 and seen.status == "success":
            built = self.rows.get(node)
            if built is None or seen.at >= built[0]:
                self.rows[node] = seen.at, rows
        return True


def read_results(
    manifest: Manifest, store: Store, target_path: Path, since: datetime, *, target: str = ""
) -> Results:
    """The newest results of nodes and tests, those that are older or of something else included.

    An artifact that is missing is none; one that cannot be read is a finding.

    Args:
        target: whose runs count; see `recorded_runs`.

    Raises:
        StoreError: the store cannot be read.
    """
    found = Results()
    _read_artifacts(found, target_path, store, target)
    kinds = ("test", "unit_test", "model", "seed", "snapshot")
    asked = {node.unique_id for kind in kinds for node in manifest.of_type(kind)}
    asked |= {node.unique_id for node in manifest.sources.values() if has_freshness(node)}
    skip = 0
    while _read_recorded(found, store, since, skip, target) and not asked <= found.newest.keys():
        skip += _PAGE
    return found


def has_freshness(source: Node) -> bool:
    """Whether `dbt source freshness` asks it."""
    said = source.raw.get("freshness") or source.config.get("freshness")
    if not isinstance(said, Mapping):
        return False
    limits = (said.get("warn_after"), said.get("error_after"))
    return any(isinstance(limit, Mapping) and limit.get("count") for limit in limits)


def uncounted(found: Results, manifest: Manifest, since: datetime, days: int) -> Iterator[Finding]:
    """Results that do not count: of what the project has no more, and those that are too old."""
    gone = sorted(name for name in found.newest if "." in name and manifest.find(name) is None)
    old = sorted(name for name, seen in found.newest.items() if seen.at < since and name not in gone)
    if gone:
        said = f"not in the project any more (renamed, removed or disabled), not counted: {_some(gone)}"
        yield Finding("quality.gone", Severity.INFO, _count(gone), said)
    if old:
        said = f"older than {days} days, not counted: {_some(old)}"
        yield Finding("quality.old_results", Severity.WARN, _count(old), said)


def _read_recorded(found: Results, store: Store, since: datetime, skip: int, target: str) -> bool:
    """Whether there are more after these."""
    runs = recorded_runs(store, since=since, limit=_PAGE, skip=skip, target=target, without=found.settled)
    read: set[str] = set()
    for run in runs:
        if run.command.partition(" ")[0] not in _TELLING:
            continue
        found.runs[run.invocation_id] = run.finished_at
        said = {failure.unique_id: failure.message for failure in run.failures}
        for node in run.results:
            message = node.message or said.get(node.unique_id, "")
            seen = Seen(node.status, run.finished_at, node.failures, message, node.age_s)
            if found.add(node.unique_id, seen, node.rows_affected):
                read.add(node.unique_id)
    # Of what failed an older run may say how many rows it has.
    found.settled |= {
        name for name in read if not name.startswith(_BUILT) or found.newest[name].status == "success"
    }
    return len(runs) == _PAGE


def _read_artifacts(found: Results, target_path: Path, store: Store, target: str) -> None:
    results = _artifact(found, target_path / "run_results.json", read_run_results)
    if results is not None and _which(results.raw) in _TELLING and _is_of(results, store, target):
        at = results.metadata.generated_at
        found.runs[results.metadata.invocation_id or at.isoformat()] = at
        for result in results.results:
            seen = Seen(result.status, at, result.failures, result.message)
            found.add(result.unique_id, seen, result.rows_affected)
    sources = _artifact(found, target_path / "sources.json", read_sources)
    if sources is not None and _is_of(sources, store, target):
        at = sources.metadata.generated_at
        found.runs[sources.metadata.invocation_id or at.isoformat()] = at
        for source in sources.results:
            asked_at = source.snapshotted_at or at
            found.add(source.unique_id, Seen(source.status, asked_at, None, source.message, source.age_s))
    catalog = _artifact(found, target_path / "catalog.json", read_catalog)
    if catalog is not None:
        for name, relation in {**catalog.nodes, **catalog.sources}.items():
            found.columns[name] = tuple(column.name for column in relation.columns)


def _artifact(found: Results, path: Path, read: Callable[[Path], T]) -> T | None:
    """None where there is none, or none that can be read."""
    if not path.exists():
        return None
    try:
        return read(path)
    except ArtifactError as error:
        said = error.message.removeprefix(str(path)).removeprefix(":").strip()
        hint = f"; {error.hint}" if error.hint else ""
        found.findings.append(
            Finding("quality.unreadable_artifact", Severity.WARN, path.name, f"left out: {said}{hint}")
        )
        return None


def _which(raw: Mapping[str, Any]) -> str:
    args = raw.get("args")
    return str((args.get("which") if isinstance(args, Mapping) else "") or "build")


def _is_of(artifact: RunResults | Sources, store: Store, target: str) -> bool:
    """Whether an artifact is of that target, or nobody knows of which it is."""
    args = artifact.raw.get("args")
    said = args.get("target") if isinstance(args, Mapping) else None
    if not said and target:
        run = recorded_run(store, artifact.metadata.invocation_id)
        said = run.asked.target if run is not None else ""
    return not (said and target) or said == target


def _count(names: Collection[str]) -> str:
    return f"{len(names):,} result{'s' if len(names) > 1 else ''}"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(node_name(name) for name in names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED:,} more" if len(names) > _NAMED else shown


def failing_tests(results: Mapping[str, Seen]) -> Iterable[str]:
    """Those that found something, whether they failed or not."""
    return (name for name, seen in results.items() if seen.failures)
