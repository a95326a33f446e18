"""Runs of dbt as the store keeps them, whoever made them: by `aidbt build`, or handed in afterwards."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from aidbt.core.findings import RunFailure
from aidbt.project.artifacts import NodeResult, utc
from aidbt.project.dbt_report import FAILING, RunReport, RunStatus
from aidbt.store import Store

Origin = Literal["build", "observed"]
# What dbt says of a node at which it did nothing; "reused" is dbt 2's word.
NOT_RUN = frozenset(("skipped", "no-op", "reused", "cancelled"))
# Where adapters say how much was read: bigquery; athena. Snowflake and the others say nothing of it.
_PROCESSED = ("bytes_processed", "data_scanned_in_bytes")
_BILLED = ("bytes_billed", "data_scanned_in_bytes")
_MOST_MESSAGE = 2_000
# How long runs are kept where the settings (`store.runs_days`) are not at hand.
KEEP_RUNS = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class RecordedNode:
    """How one node of a run ended; what dbt or the adapter did not say is None.

    Attributes:
        seconds: as dbt counts them.
        failures: rows that a test found.
        started_at: when dbt began with it; `executed_at`: when its statement was sent; `finished_at`. UTC.
        bytes_processed, bytes_billed: what the warehouse read, and what it charges for.
        slot_ms: milliseconds of BigQuery's slots.
        batches, failed_batches: of a microbatch model.
        age_s: of a source: how old its newest row was found.
        message: what dbt said of a node that failed or warned.
    """

    unique_id: str
    status: str
    seconds: float = 0.0
    failures: int | None = None
    started_at: datetime | None = None
    executed_at: datetime | None = None
    finished_at: datetime | None = None
    rows_affected: int | None = None
    bytes_processed: int | None = None
    bytes_billed: int | None = None
    slot_ms: int | None = None
    batches: int | None = None
    failed_batches: int | None = None
    age_s: float | None = None
    message: str = ""

    @property
    def resource_type(self) -> str:
        """dbt's word for what it is, e.g. "model" or "test"."""
        return self.unique_id.partition(".")[0]

    @property
    def is_run(self) -> bool:
        """Whether anything was done."""
        return self.status not in NOT_RUN

    @property
    def failed(self) -> bool:
        """Whether it counts as failed; a warning does not."""
        return self.status in FAILING


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run was asked to do.

    Attributes:
        full_refresh: of everything selected.
        event_time_start, event_time_end: of a backfill of microbatch models; "" for none.
        target: of the profile that dbt used, e.g. "prod"; "" where nobody knows it.
    """

    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    full_refresh: bool = False
    event_time_start: str = ""
    event_time_end: str = ""
    target: str = ""

    @property
    def is_refresh(self) -> bool:
        """Whether the volume of what it wrote says nothing about a usual run."""
        return self.full_refresh or bool(self.event_time_start or self.event_time_end)


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """One invocation of dbt.

    Attributes:
        command: "build", "test", "source freshness", ….
        status: as in `RunReport`.
        started_at, finished_at: UTC.
        origin: who saw it.
        memory_bytes: the most that dbt itself used, where its log says so.
        results: in the order they ended; empty when dbt could not run.
    """

    invocation_id: str
    command: str
    status: RunStatus
    started_at: datetime
    finished_at: datetime
    dbt_version: str = ""
    origin: Origin = "build"
    asked: Asked = Asked()
    memory_bytes: int | None = None
    results: tuple[RecordedNode, ...] = ()
    failures: tuple[RunFailure, ...] = ()
    warnings: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def job(self) -> str:
        """The command with its selection: runs of one job can be compared with each other."""
        words = [self.command]
        words += ["-s", *self.asked.select] if self.asked.select else []
        words += ["--exclude", *self.asked.exclude] if self.asked.exclude else []
        return " ".join(words)

    @property
    def seconds(self) -> float:
        """From beginning to end, never below 0."""
        return max((self.finished_at - self.started_at).total_seconds(), 0.0)


# --- from what dbt left -------------------------------------------------------------------------------


def recorded_report(report: RunReport) -> RecordedRun:
    """A run that aidbt made itself."""
    words = report.command[1:]
    return RecordedRun(
        invocation_id=report.invocation_id or f"none-{report.started_at.isoformat()}",
        command=_command(words),
        status=report.status,
        started_at=report.started_at,
        finished_at=report.finished_at,
        dbt_version=report.dbt_version,
        asked=asked_in(words),
        results=tuple(recorded_node(result) for result in report.results),
        failures=report.failures,
        warnings=report.warnings,
        extra={"runner": report.runner, "exit_code": report.exit_code},
    )


def _command(words: Sequence[str]) -> str:
    bare = [word for word in words[:2] if not word.startswith("-")]
    return " ".join(bare) if bare[:1] == ["source"] else (bare or ["dbt"])[0]


_OPTIONS = {
    "select": ("--select", "-s", "--models", "--model", "-m"),
    "exclude": ("--exclude",),
    "event_time_start": ("--event-time-start",),
    "event_time_end": ("--event-time-end",),
    "target": ("--target", "-t"),
}


def asked_in(words: Sequence[str]) -> Asked:
    """What the words of a command line ask for.

    Example:
        >>> asked_in(["build", "-s", "orders", "items+", "--full-refresh"]).select
        ('orders', 'items+')
    """
    values: dict[str, list[str]] = {name: [] for name in _OPTIONS}
    here: list[str] | None = None
    for word in words:
        option, equals, value = word.partition("=")
        if word.startswith("-"):
            here = next((values[name] for name, known in _OPTIONS.items() if option in known), None)
            if here is not None and equals:
                here.append(value)
                here = None
        elif here is not None:
            here.append(word)
    return Asked(
        tuple(values["select"]),
        tuple(values["exclude"]),
        any(word in ("--full-refresh", "-f") for word in words),
        *("".join(values[name][:1]) for name in ("event_time_start", "event_time_end", "target")),
    )


def recorded_node(result: NodeResult) -> RecordedNode:
    """What is kept of a result; odd values that dbt wrote are left out."""
    raw = result.raw
    response = raw.get("adapter_response")
    response = response if isinstance(response, dict) else {}
    timing = {str(item.get("name")): item for item in raw.get("timing") or () if isinstance(item, dict)}
    compiled, executed = timing.get("compile", {}), timing.get("execute", {})
    batches = raw.get("batch_results")
    batches = batches if isinstance(batches, dict) else {}
    succeeded, failed = (len(batches.get(name) or ()) for name in ("successful", "failed"))
    age = raw.get("max_loaded_at_time_ago_in_s")
    return RecordedNode(
        unique_id=result.unique_id,
        status=result.status,
        seconds=result.execution_time if 0 <= result.execution_time < math.inf else 0.0,
        failures=result.failures,
        started_at=_time(compiled.get("started_at")) or _time(executed.get("started_at")),
        executed_at=_time(executed.get("started_at")),
        finished_at=_time(executed.get("completed_at")) or _time(compiled.get("completed_at")),
        # Spark and some others say −1 where they do not know.
        rows_affected=_whole([result.rows_affected]),
        bytes_processed=_whole([response.get(name) for name in _PROCESSED]),
        bytes_billed=_whole([response.get(name) for name in _BILLED]),
        slot_ms=_whole([response.get("slot_ms")]),
        batches=succeeded + failed or None,
        failed_batches=failed if succeeded + failed else None,
        age_s=_finite(age),
        message=result.message[:_MOST_MESSAGE] if result.status in {*FAILING, "warn"} else "",
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _finite(value: Any) -> float | None:
    return float(value) if _is_number(value) and math.isfinite(value) else None


def _whole(values: Sequence[Any]) -> int | None:
    """The first that is a count."""
    return next((int(v) for v in values if _is_number(v) and math.isfinite(v) and v >= 0), None)


def _time(text: Any) -> datetime | None:
    try:
        return utc(text) if isinstance(text, str) else None
    except ValueError:
        return None


def status_of(results: Sequence[RecordedNode]) -> RunStatus:
    """How a run ended that left these results."""
    if any(result.failed for result in results):
        return "failed"
    return "success" if results else "nothing_selected"


# --- in the store -------------------------------------------------------------------------------------


def keep_run(store: Store, run: RecordedRun) -> None:
    """Keep a run under its invocation id; one that is there already is replaced.

    Raises:
        StoreError: the store cannot be written.
    """
    store.record_run(
        invocation_id=run.invocation_id,
        command=run.command,
        status=run.status,
        started_at=run.started_at,
        finished_at=run.finished_at,
        report=_to_json(run),
        target=run.asked.target,
    )


def recorded_runs(
    store: Store,
    *,
    since: datetime | None = None,
    limit: int = 1_000,
    skip: int = 0,
    target: str = "",
    without: Collection[str] = (),
) -> tuple[RecordedRun, ...]:
    """The latest runs, oldest first; those that an older aidbt recorded have no times of their nodes.

    Args:
        skip: how many of the latest to leave out, for who reads them page by page.
        target: only those of this target, and those whose target nobody knows; "" for all.
        without: nodes whose results are left out, which is most of the work of reading a run.

    Raises:
        StoreError: the store cannot be read.
    """
    rows = store.runs(limit, since=since, skip=skip, target=target)
    return tuple(_from_row(row, without) for row in reversed(rows))


def recorded_run(store: Store, invocation_id: str) -> RecordedRun | None:
    """One run; None when it is not recorded.

    Raises:
        StoreError: the store cannot be read.
    """
    row = store.run(invocation_id)
    return None if row is None else _from_row(row)


def _to_json(run: RecordedRun) -> dict[str, Any]:
    asked = {name: value for name, value in _fields(run.asked).items() if value}
    return {
        **run.extra,
        "dbt_version": run.dbt_version,
        "origin": run.origin,
        "asked": asked,
        "memory_bytes": run.memory_bytes,
        "warnings": list(run.warnings),
        "results": [_node_json(node) for node in run.results],
        "failures": [
            {
                "unique_id": f.unique_id,
                "status": f.status,
                "message": f.message[:_MOST_MESSAGE],
                "path": f.path,
            }
            for f in run.failures
        ],
    }


def _fields(asked: Asked) -> dict[str, Any]:
    return {
        "select": list(asked.select),
        "exclude": list(asked.exclude),
        "full_refresh": asked.full_refresh,
        "event_time_start": asked.event_time_start,
        "event_time_end": asked.event_time_end,
        "target": asked.target,
    }


_TIMES = ("started_at", "executed_at", "finished_at")
_NUMBERS = (
    "rows_affected",
    "bytes_processed",
    "bytes_billed",
    "slot_ms",
    "batches",
    "failed_batches",
    "age_s",
)


def _node_json(node: RecordedNode) -> dict[str, Any]:
    """The form that older versions wrote, and what is known besides."""
    times = ((name, getattr(node, name)) for name in _TIMES)
    numbers = ((name, getattr(node, name)) for name in _NUMBERS)
    return {
        "unique_id": node.unique_id,
        "status": node.status,
        "execution_time_s": node.seconds,
        "failures": node.failures,
        **{name: time.isoformat() for name, time in times if time is not None},
        **{name: number for name, number in numbers if number is not None},
        **({"message": node.message} if node.message else {}),
    }


def _from_row(row: Mapping[str, Any], without: Collection[str] = ()) -> RecordedRun:
    report = row["report"]
    asked = report.get("asked") or {}
    return RecordedRun(
        invocation_id=row["invocation_id"],
        command=row["command"],
        status=row["status"],
        started_at=datetime.fromisoformat(row["started_at"]),
        finished_at=datetime.fromisoformat(row["finished_at"]),
        dbt_version=report.get("dbt_version") or "",
        origin=report.get("origin") or "build",
        asked=_asked_from(asked),
        memory_bytes=report.get("memory_bytes"),
        results=tuple(
            _node_from(item) for item in report.get("results") or () if item["unique_id"] not in without
        ),
        failures=tuple(_failures(report.get("failures") or ())),
        warnings=tuple(report.get("warnings") or ()),
    )


def _asked_from(item: Mapping[str, Any]) -> Asked:
    known: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in item.items()}
    return Asked(**known)


def _node_from(item: Mapping[str, Any]) -> RecordedNode:
    known: dict[str, Any] = {name: datetime.fromisoformat(item[name]) for name in _TIMES if item.get(name)}
    known |= {name: item[name] for name in _NUMBERS if item.get(name) is not None}
    return RecordedNode(
        unique_id=item["unique_id"],
        status=item["status"],
        seconds=float(item.get("execution_time_s") or 0.0),
        failures=item.get("failures"),
        message=item.get("message") or "",
        **known,
    )


def _failures(items: Sequence[Mapping[str, Any]]) -> Iterator[RunFailure]:
    for item in items:
        yield RunFailure(item["unique_id"], item["status"], item["message"], item.get("path") or "")


def together(one: RecordedRun, other: RecordedRun) -> RecordedRun:
    """Two halves of one invocation, e.g. its models' results and the freshness it asked for."""
    known = {result.unique_id for result in one.results}
    results = (*one.results, *(result for result in other.results if result.unique_id not in known))
    failed = {failure.unique_id for failure in one.failures}
    status: RunStatus = "error" if "error" in (one.status, other.status) else status_of(results)
    return replace(
        one,
        status=status,
        started_at=min(one.started_at, other.started_at),
        finished_at=max(one.finished_at, other.finished_at),
        results=results,
        failures=(*one.failures, *(f for f in other.failures if f.unique_id not in failed)),
        memory_bytes=one.memory_bytes or other.memory_bytes,
    )
