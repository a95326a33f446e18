"""One file of results as a run: what it was asked, how it ended, how long each node took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aidbt.core.findings import RunFailure
from aidbt.observability.observing.dbt_log import command_in
from aidbt.observability.observing.places import Found
from aidbt.observability.recorded import Asked, RecordedNode, RecordedRun, recorded_node, status_of
from aidbt.project.artifacts import NodeResult, RunResults, Sources, read_run_results, read_sources, utc
from aidbt.project.scrub import Scrub

# Commands that build or test something; of the others (compile, docs, show, …) the results are no run's.
RUNNING = frozenset(
    ("build", "clone", "retry", "run", "run-operation", "seed", "snapshot", "test")
    + ("source freshness", "source snapshot-freshness")
)


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A file of results and the run it tells of.

    Attributes:
        log_path: where dbt says that its log is; "" when it does not, or when the file was copied from
            another place: then a log there would be of other runs.
    """

    path: Path
    run: RecordedRun
    log_path: str = ""

    @property
    def is_run(self) -> bool:
        """Whether it is of a command that builds or tests."""
        return self.run.command in RUNNING

    @property
    def packages(self) -> frozenset[str]:
        """The projects and packages that its nodes are of."""
        parts = (result.unique_id.split(".") for result in self.run.results)
        return frozenset(part[1] for part in parts if len(part) > 2)


def read_handed_in(found: Found, scrub: Scrub) -> HandedIn:
    """What a file says of its run.

    Raises:
        ArtifactError: it is broken, of another kind, or of a version that is not read.
    """
    artifact = read_sources(found.path) if found.kind == "sources" else read_run_results(found.path)
    results = [replace(r, message=scrub(r.message)) for r in map(_as_result, artifact.results)]
    nodes = tuple(recorded_node(result) for result in results)
    args = artifact.raw.get("args")
    args = args if isinstance(args, Mapping) else {}
    metadata = artifact.metadata
    finished_at = metadata.generated_at
    run = RecordedRun(
        invocation_id=metadata.invocation_id or f"none-{finished_at.isoformat()}",
        command="source freshness" if found.kind == "sources" else _command(args),
        status=status_of(nodes),
        started_at=min(_started_at(artifact, nodes), finished_at),
        finished_at=finished_at,
        dbt_version=metadata.dbt_version,
        origin="observed",
        asked=_asked(args),
        results=nodes,
        failures=tuple(
            RunFailure(result.unique_id, result.status, result.message)
            for result, node in zip(results, nodes, strict=True)
            if node.failed
        ),
        warnings=tuple(
            f"{result.unique_id}: {result.message or 'warn'}" for result in results if result.status == "warn"
        ),
    )
    home = Path(str(args.get("project_dir") or "/")).resolve()
    is_at_home = home != Path("/") and found.path.resolve().is_relative_to(home)
    return HandedIn(found.path, run, str(args.get("log_path") or "") if is_at_home else "")


def _as_result(item: Any) -> NodeResult:
    if isinstance(item, NodeResult):
        return item
    return NodeResult(item.unique_id, item.status, item.message, item.execution_time, raw=item.raw)


def _command(args: Mapping[str, Any]) -> str:
    """The command; dbt 1.8 to 2 say it in one of these two places."""
    which = str(args.get("which") or args.get("command") or "")
    return which or command_in(str(args.get("invocation_command") or "").split()) or "unknown"


def _started_at(artifact: RunResults | Sources, nodes: tuple[RecordedNode, ...]) -> datetime:
    """When the run began: dbt says it since 1.10; before, the first node did."""
    try:
        said = utc(artifact.metadata.raw.get("invocation_started_at"))
    except (TypeError, ValueError):
        said = None
    if said is not None:
        return said
    elapsed = float(artifact.raw.get("elapsed_time") or 0.0)
    before = artifact.metadata.generated_at - timedelta(seconds=elapsed if 0 <= elapsed < 1e7 else 0.0)
    return min([before, *(node.started_at for node in nodes if node.started_at is not None)])


def _asked(args: Mapping[str, Any]) -> Asked:
    select = _texts(args.get("select")) or _texts(args.get("models")) or _texts(args.get("selector"))
    return Asked(
        select,
        _texts(args.get("exclude")),
        args.get("full_refresh") in (True, "true", "True"),
        *(str(args.get(name) or "") for name in ("event_time_start", "event_time_end", "target")),
    )


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(value.split())
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else ()


def with_memory(run: RecordedRun, memory_bytes: int | None) -> RecordedRun:
    """The run with what dbt's log says it used."""
    return run if memory_bytes is None else replace(run, memory_bytes=memory_bytes)
