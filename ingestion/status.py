"""How far every source has landed, what died on the way, who works on it, and what stands in its way."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlglot import exp

from aidbt.core.errors import AidbtError, ProfileError, StoreError, WarehouseError
from aidbt.core.findings import Finding, Severity
from aidbt.core.loads import DEAD_LETTERS_TABLE, LOADS_TABLE, SEQUENCE, STREAMS_TABLE
from aidbt.store import Store
from aidbt.store.leases import Leases
from aidbt.store.metrics import BACKLOG_BYTES, LAG_S, Metrics
from aidbt.warehouse import Connection, Warehouse
from ingestion.bronze import SINKS
from ingestion.bronze.base import LetterGroup
from ingestion.bronze.duckdb_sql import in_schema
from ingestion.changes import StreamState
from ingestion.checks import check_sources

_TABLES_THERE = "select table_name from information_schema.tables where table_schema = ?"
_TABLES = """
select source_table, table_name, max(batch_id), max(loaded_at), sum(rows_landed),
    arg_max(rows_landed, batch_id), arg_max(position, batch_id)
from _aidbt_loads where source = ? group by source_table, table_name order by source_table
"""


@dataclass(frozen=True, slots=True)
class TableStatus:
    """How far one table has landed.

    Attributes:
        table: as the source calls it.
        kind: "changes" for a change log, "loads" for complete batches.
        rows: of the whole change log, but for those that begin snapshots; or of the latest complete batch.
        position: what was kept with the last batch.
    """

    table: str
    bronze_schema: str
    bronze_table: str
    kind: Literal["changes", "loads"]
    last_batch_id: str
    last_loaded_at: datetime
    rows: int
    position: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who works on a source or a table now."""

    resource: str
    holder: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How one source stands.

    Attributes:
        parts: of its stream, where each stands; empty when nothing was streamed.
        lag_s, backlog_bytes: when they were last known, at `measured_at`.
        letters: dead letters, grouped.
        holders: of its stream and its tables.
        findings: what stands in the way of reading it, or will.
        problems: what could not be asked, e.g. because dbt has the warehouse.
    """

    source: str
    connector: str
    is_streamed: bool
    tables: tuple[TableStatus, ...] = ()
    parts: Mapping[str, Any] | None = None
    lag_s: float | None = None
    backlog_bytes: int | None = None
    measured_at: datetime | None = None
    letters: tuple[LetterGroup, ...] = ()
    holders: tuple[Holder, ...] = ()
    findings: tuple[Finding, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def is_healthy(self) -> bool:
        """Whether no finding is an error."""
        return not any(finding.severity is Severity.ERROR for finding in self.findings)


def statuses(
    connectors: Sequence[Any],
    open_warehouse: Callable[[], Warehouse],
    open_store: Callable[[], Store],
    *,
    within_s: float = 60.0,
) -> list[SourceStatus]:
    """How each source stands; what cannot be asked is said, and the rest is given all the same.

    Args:
        within_s: how long sources have to answer what may stand in their way.
    """
    found = [
        SourceStatus(
            source=connector.settings.name,
            connector=connector.settings.connector,
            is_streamed=getattr(connector, "is_streamed", False),
        )
        for connector in connectors
    ]
    # Who reads a source is asked before what has landed of it: see `_checked`.
    found = [
        _in_store(status, connector, open_store) for status, connector in zip(found, connectors, strict=True)
    ]
    found = _in_warehouse(found, connectors, open_warehouse)
    return _checked(found, connectors, within_s)


def _in_warehouse(
    found: list[SourceStatus], connectors: Sequence[Any], open_warehouse: Callable[[], Warehouse]
) -> list[SourceStatus]:
    try:
        warehouse = open_warehouse()
        with warehouse.connect() as connection:
            return [
                _landed(status, connector.settings.bronze_schema, connection, warehouse.dialect)
                for status, connector in zip(found, connectors, strict=True)
            ]
    except (ProfileError, WarehouseError) as error:
        return [_with_problem(status, error) for status in found]


def _landed(status: SourceStatus, schema: str, connection: Connection, dialect: str) -> SourceStatus:
    there = {name for (name,) in connection.rows(_TABLES_THERE, [schema])}
    if LOADS_TABLE not in there:
        return status
    sink = SINKS.load(dialect)(connection)
    tables = []
    for row in connection.rows(in_schema(_TABLES, schema), [status.source]):
        table, name, batch_id, loaded_at, rows, last_rows, position = row
        kept = json.loads(position)
        is_log = "schema_version" in kept
        tables.append(
            TableStatus(
                table=table,
                bronze_schema=schema,
                bronze_table=name,
                kind="changes" if is_log else "loads",
                last_batch_id=batch_id,
                last_loaded_at=loaded_at,
                rows=int(rows) - _marks(connection, schema, name, there) if is_log else int(last_rows),
                position=kept,
            )
        )
    state = sink.state(schema, status.source) if STREAMS_TABLE in there else None
    return replace(
        status,
        tables=tuple(tables),
        parts=None if state is None else state.parts,
        findings=() if state is None else tuple(_missing(status.source, state)),
        letters=tuple(sink.dead_letters(schema, status.source)) if DEAD_LETTERS_TABLE in there else (),
    )


def _missing(source: str, state: StreamState) -> Iterator[Finding]:
    """Change logs that have lost rows which the stream does not send again."""
    for table, landed in state.tables.items():
        if landed.rows_missing:
            yield Finding(
                "ingest.rows_missing",
                Severity.ERROR,
                f"{source}: {table}",
                f"{landed.rows_missing:,} of the rows that landed last are not there any more: it was "
                "restored alone, or rows were deleted; take it anew (aidbt ingest cdc "
                f"{source} --snapshot {table}), or put back the whole warehouse",
            )


def _marks(connection: Connection, schema: str, table: str, there: Collection[str]) -> int:
    """How many rows of a change log say that a snapshot begins; nobody wrote them in the source."""
    if table not in there:
        return 0
    query = exp.select(exp.Count(this=exp.Star())).from_(exp.table_(table, db=schema, quoted=True))
    query = query.where(exp.column(SEQUENCE) < 0)
    return int(connection.rows(query.sql("duckdb"))[0][0])


def _in_store(status: SourceStatus, connector: Any, open_store: Callable[[], Store]) -> SourceStatus:
    resources = (f"stream:{status.source}", f"table:{connector.settings.bronze_schema}.")
    try:
        store = open_store()
        holders = tuple(
            Holder(lease.resource, lease.holder, lease.acquired_at, lease.expires_at)
            for lease in Leases(store).held()
            if lease.resource == resources[0] or lease.resource.startswith(resources[1])
        )
        metrics = Metrics(store)
        lag = metrics.latest(LAG_S, prefix=status.source).get(status.source)
        backlog = metrics.latest(BACKLOG_BYTES, prefix=status.source).get(status.source)
    except StoreError as error:
        return _with_problem(status, error)
    measured = [sample.at for sample in (lag, backlog) if sample is not None]
    return replace(
        status,
        holders=holders,
        lag_s=lag.value if lag else None,
        backlog_bytes=int(backlog.value) if backlog else None,
        measured_at=max(measured, default=None),
    )


def _checked(found: Sequence[SourceStatus], connectors: Sequence[Any], within_s: float) -> list[SourceStatus]:
    states = {
        status.source: StreamState(parts=status.parts or {})
        for status in found
        # While somebody reads it, the stream moves on between our two looks, and checks itself.
        if not any(holder.resource.startswith("stream:") for holder in status.holders)
    }
    findings = check_sources(connectors, states, within_s=within_s)
    return [replace(status, findings=(*status.findings, *findings[status.source])) for status in found]


def _with_problem(status: SourceStatus, error: AidbtError) -> SourceStatus:
    message = f"{error.message}; {error.hint}" if error.hint else error.message
    return replace(status, problems=(*status.problems, message))
