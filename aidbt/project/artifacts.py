"""dbt's artifacts as typed values, read from their files without importing dbt.

Here are `run_results.json`, `sources.json` and `catalog.json`; the manifest has its own module. The
versions of dbt 1.8 on and of dbt 2 are read. A newer schema is read too as long as the fields needed here
are in it; everything else that stands in the file is kept in `raw`.
"""

from __future__ import annotations

import contextlib
import gc
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from aidbt.core.errors import ArtifactError
from aidbt.core.schema import Column, Relation

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of artifact: dbt's name in the schema's address, the oldest version read, what writes it."""

    name: str
    file: str
    oldest: int
    written_by: str


MANIFEST = Kind("manifest", "manifest.json", 12, "dbt parse")
RUN_RESULTS = Kind("run-results", "run_results.json", 6, "dbt build")
SOURCES = Kind("sources", "sources.json", 3, "dbt source freshness")
CATALOG = Kind("catalog", "catalog.json", 1, "dbt docs generate")


@dataclass(frozen=True, slots=True)
class ArtifactMetadata:
    """Who wrote an artifact, and when.

    Attributes:
        schema_version: the number in the schema's address, e.g. 12 for manifest v12.
        invocation_id: of the dbt run that wrote it; "" when it names none.
        adapter_type: e.g. "duckdb"; "" where dbt does not say (only the manifest does).
        raw: the whole metadata as it stands in the file.
    """

    schema_version: int
    dbt_version: str
    invocation_id: str
    generated_at: datetime
    adapter_type: str = ""
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class NodeResult:
    """How one node of a run ended.

    Attributes:
        status: dbt's word: success, error, skipped, partial success, no-op; for tests pass, warn, fail.
        execution_time: seconds.
        failures: rows a test found; None for everything else.
        relation_name: quoted as dbt wrote it; "" when nothing was built.
        rows_affected: what the warehouse reported; None when it did not.
        raw: everything dbt wrote about it (timing, compiled code, adapter response, …).
    """

    unique_id: str
    status: str
    message: str = ""
    execution_time: float = 0.0
    failures: int | None = None
    relation_name: str = ""
    rows_affected: int | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def resource_type(self) -> str:
        """dbt's word for what it is, e.g. "model" or "test"."""
        return self.unique_id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class RunResults:
    """`run_results.json`: the nodes of one invocation, in the order they ended."""

    metadata: ArtifactMetadata
    results: tuple[NodeResult, ...]
    elapsed_time: float = 0.0
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class SourceFreshness:
    """How old one source table was found.

    Attributes:
        status: pass, warn, error, or "runtime error" when it could not be asked.
        max_loaded_at: the newest row; None when it could not be asked.
        age_s: seconds between the newest row and the question.
        message: dbt's words when it could not be asked.
    """

    unique_id: str
    status: str
    max_loaded_at: datetime | None = None
    snapshotted_at: datetime | None = None
    age_s: float | None = None
    message: str = ""
    execution_time: float = 0.0
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Sources:
    """`sources.json`: the result of `dbt source freshness`."""

    metadata: ArtifactMetadata
    results: tuple[SourceFreshness, ...]
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Catalog:
    """`catalog.json`: what the warehouse held, by unique_id; columns in the order of the table."""

    metadata: ArtifactMetadata
    nodes: dict[str, Relation]
    sources: dict[str, Relation]
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


def read_run_results(path: Path) -> RunResults:
    """The results of the last run that wrote this file, which need not be the last run: compare
    `metadata.invocation_id`.

    Raises:
        ArtifactError: the file is missing, broken, another artifact, or of a version that is not read.
    """
    return read_artifact(path, RUN_RESULTS, _run_results)


def read_sources(path: Path) -> Sources:
    """The freshness of source tables as it was last asked.

    Raises:
        ArtifactError: the file is missing, broken, another artifact, or of a version that is not read.
    """
    return read_artifact(path, SOURCES, _sources)


def read_catalog(path: Path) -> Catalog:
    """The tables and columns that the warehouse held when `dbt docs generate` last ran.

    Raises:
        ArtifactError: the file is missing, broken, another artifact, or of a version that is not read.
    """
    return read_artifact(path, CATALOG, _catalog)


def read_artifact(path: Path, kind: Kind, build: Callable[[dict[str, Any], ArtifactMetadata], T]) -> T:
    """What `build` makes of the artifact's content, after its kind and version were checked.

    Raises:
        ArtifactError: see the functions that call this.
    """
    with _no_garbage_collection():
        return artifact_of(_load(path, kind), path, kind, build)


def artifact_of(
    data: dict[str, Any], path: Path | str, kind: Kind, build: Callable[[dict[str, Any], ArtifactMetadata], T]
) -> T:
    """The same of a content that was read already; `path` names it in messages.

    Raises:
        ArtifactError: see the functions that call this.
    """
    metadata = _metadata(data, path, kind)
    try:
        return build(data, metadata)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        lack = f"has no {error}" if isinstance(error, KeyError) else f"cannot be understood: {error}"
        raise ArtifactError(
            f"{path}: {kind.name} v{metadata.schema_version} of dbt {metadata.dbt_version or '?'} {lack}",
            hint=f"write it again with: {kind.written_by}; if it stays, this version is not read",
        ) from error


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Pauses the cyclic collector: nothing read here is a cycle, and it would walk the growing tree again
    and again (a manifest of 31 MB takes 0.26 s instead of 0.9 s)."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def utc(text: str | None) -> datetime | None:
    """An artifact's time as UTC; dbt writes some with and some without a zone, all mean UTC."""
    if not text:
        return None
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _load(path: Path, kind: Kind) -> dict[str, Any]:
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ArtifactError(f"{path} does not exist", hint=f"write it with: {kind.written_by}") from error
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error.strerror}") from error
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ArtifactError(
            f"{path} is not complete JSON: {error}",
            hint=f"dbt may still be writing it, or was stopped; write it again with: {kind.written_by}",
        ) from error
    if not isinstance(data, dict) or not isinstance(data.get("metadata"), dict):
        raise ArtifactError(f"{path} is not an artifact of dbt", hint=f"{kind.name} is in {kind.file}")
    return data


_SCHEMA = re.compile(r"/(?P<name>[a-z-]+)/v(?P<version>\d+)\.json$")


def _metadata(data: dict[str, Any], path: Path | str, kind: Kind) -> ArtifactMetadata:
    raw = data["metadata"]
    found = _SCHEMA.search(str(raw.get("dbt_schema_version")))
    if not found:
        raise ArtifactError(f"{path} is not an artifact of dbt", hint=f"{kind.name} is in {kind.file}")
    if found["name"] != kind.name:
        raise ArtifactError(
            f"{path} is dbt's {found['name']}, not its {kind.name}", hint=f"{kind.name} is in {kind.file}"
        )
    version = int(found["version"])
    dbt_version = str(raw.get("dbt_version") or "")
    if version < kind.oldest:
        raise ArtifactError(
            f"{path}: {kind.name} v{version} (dbt {dbt_version or '?'}) is not read, "
            f"only v{kind.oldest} and newer",
            hint=f"write it again with dbt 1.8 or newer: {kind.written_by}",
        )
    try:
        generated_at = utc(raw["generated_at"])
    except (KeyError, TypeError, ValueError):
        generated_at = None
    if generated_at is None:
        raise ArtifactError(
            f"{path}: {kind.name} v{version} does not say when it was written (metadata.generated_at)",
            hint=f"write it again with: {kind.written_by}",
        )
    return ArtifactMetadata(
        schema_version=version,
        dbt_version=dbt_version,
        invocation_id=str(raw.get("invocation_id") or ""),
        generated_at=generated_at,
        adapter_type=str(raw.get("adapter_type") or ""),
        raw=raw,
    )


def _run_results(data: dict[str, Any], metadata: ArtifactMetadata) -> RunResults:
    results = tuple(_node_result(item) for item in data["results"])
    return RunResults(metadata, results, float(data.get("elapsed_time") or 0), data)


def _node_result(item: dict[str, Any]) -> NodeResult:
    rows = (item.get("adapter_response") or {}).get("rows_affected")
    failures = item.get("failures")
    return NodeResult(
        unique_id=item["unique_id"],
        status=item["status"],
        message=str(item.get("message") or ""),
        execution_time=float(item.get("execution_time") or 0),
        failures=None if failures is None else int(failures),
        relation_name=item.get("relation_name") or "",
        rows_affected=int(rows) if isinstance(rows, int) else None,
        raw=item,
    )


def _sources(data: dict[str, Any], metadata: ArtifactMetadata) -> Sources:
    return Sources(metadata, tuple(_freshness(item) for item in data["results"]), data)


def _freshness(item: dict[str, Any]) -> SourceFreshness:
    age = item.get("max_loaded_at_time_ago_in_s")
    return SourceFreshness(
        unique_id=item["unique_id"],
        status=item["status"],
        max_loaded_at=utc(item.get("max_loaded_at")),
        snapshotted_at=utc(item.get("snapshotted_at")),
        age_s=None if age is None else float(age),
        message=str(item.get("error") or ""),
        execution_time=float(item.get("execution_time") or 0),
        raw=item,
    )


def _catalog(data: dict[str, Any], metadata: ArtifactMetadata) -> Catalog:
    nodes = {unique_id: _relation(item) for unique_id, item in data["nodes"].items()}
    sources = {unique_id: _relation(item) for unique_id, item in data["sources"].items()}
    return Catalog(metadata, nodes, sources, data)


def _relation(item: dict[str, Any]) -> Relation:
    table = item["metadata"]
    columns = sorted(item["columns"].values(), key=lambda column: int(column["index"]))
    return Relation(
        schema=table["schema"],
        name=table["name"],
        database=table.get("database") or "",
        kind="view" if "view" in table["type"].lower() else "table",
        description=table.get("comment") or "",
        columns=tuple(
            Column(name=column["name"], data_type=column["type"], description=column.get("comment") or "")
            for column in columns
        ),
    )
