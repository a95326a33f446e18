"""Changes into DuckDB: rows, dead letters, and the position behind them are one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from aidbt.core.errors import WarehouseError
from aidbt.warehouse.duckdb import DuckDBConnection
from ingestion.bronze import duckdb_records as records
from ingestion.bronze import duckdb_sql as sql
from ingestion.bronze.base import Destination, Fence, KeptLetter, LetterGroup
from ingestion.bronze.duckdb_change_landing import ChangeLanding
from ingestion.bronze.duckdb_run import Run, transaction
from ingestion.bronze.duckdb_table import Known
from ingestion.changes import Committed, MicroBatch, StreamState, TableCommit, TableState
from ingestion.connectors.base import DeadLetter


class DuckDBChangeSink:
    """Lands micro-batches in a DuckDB file, each in a transaction on a cursor of its own.

    What a commit finds out about a table is kept for the next one: while a sink is used, nobody else writes
    the tables of its sources.
    """

    def __init__(self, connection: DuckDBConnection, *, alone: bool = False) -> None:
        """Work on an open, writable connection.

        Args:
            alone: nobody else writes through this connection. Then DuckDB gets one thread: pieces of a
                micro-batch are too small to be shared (a row group is 122,880 rows), and what several threads
                do of them has to be put together again: 1.1 µs a row of 10 columns instead of 0.85, and
                a third more time (2 cores).

        Raises:
            WarehouseError: DuckDB refused.
        """
        self._raw = connection.raw
        self._known: dict[Destination, Known] = {}
        if alone:
            connection.rows(sql.ONE_THREAD)

    def prepare(self, schema: str) -> None:
        """Make the schema and its tables of loads, positions and dead letters, where they are missing.

        Raises:
            WarehouseError: DuckDB refused.
        """
        with transaction(self._raw) as run:
            records.prepare(run, schema)

    def claim(self, schema: str, fence: Fence) -> None:
        """Keep the token of a fence, so that lower ones are refused from now on; before `state` is asked.

        Raises:
            StaleFence: somebody with a later token has written; ours must stop.
        """
        with transaction(self._raw) as run:
            records.check_fence(run, schema, fence)
            records.keep_positions(run, schema, "", {}, fence=fence, now=datetime.now(UTC))

    def fence_token(self, schema: str, resource: str) -> int | None:
        """The highest token that was seen of a resource; None when it was never fenced."""
        with transaction(self._raw) as run:
            return records.fence_token(run, schema, resource)

    def state(self, schema: str, source: str) -> StreamState:
        """How far a stream has landed.

        A table that is no longer there has no state, whatever `_aidbt_loads` says of it. Batches that came
        from dead letters do not count: they go on nowhere.
        """
        with transaction(self._raw) as run:
            parts = records.positions(run, schema, source)
            tables = run(sql.in_schema(sql.LAST_LOADS, schema), [source, schema])
            logs = {name for (name,) in run(sql.CHANGE_LOGS, [schema])}
            missing = records.rows_missing(run, schema, source, logs)
        return StreamState(
            parts=parts,
            tables={
                table: TableState(batch_id, json.loads(position), missing.get(name, 0) if name in logs else 0)
                for table, name, batch_id, position in tables
            },
        )

    def parts(self, schema: str, source: str) -> dict[str, Any]:
        """Where each part of a stream stands; of its tables nothing is asked."""
        with transaction(self._raw) as run:
            return records.positions(run, schema, source)

    def commit(
        self,
        batch: MicroBatch,
        schema: str,
        *,
        now: datetime,
        fence: Fence | None = None,
        replayed: Sequence[str] = (),
    ) -> Committed:
        """Land the rows, dead letters and position of a micro-batch in one transaction, or nothing.

        The pieces are read once, one after the other; none is held. All pieces of a table are one batch.

        Args:
            replayed: the ids of the dead letters that the batch was read from; they are marked.

        Raises:
            StaleFence: somebody with a later token has written; ours must stop.
            RowsMissing: the last rows of a table of the stream are gone, and this is no snapshot of it.
            WriteConflict: another transaction was in the way (retryable).
            DiskFull: nothing landed.
            WarehouseInvalidated: open the warehouse anew and ask `state`: the batch may have landed.
            WarehouseError: DuckDB refused, a table is no change log, or what landed is not what was read.
        """
        try:
            with transaction(self._raw) as run:
                if fence is not None:
                    records.check_fence(run, schema, fence)
                tables = self._land(run, batch, now)
                loads = [table.finish(replayed=len(replayed)) for table in tables]
                records.record_loads(run, schema, loads)
                if replayed:
                    batch_ids = {load.to.table: load.batch_id for load in loads}
                    records.mark_replayed(run, schema, replayed, batch_ids)
                records.keep_positions(run, schema, batch.source, batch.position, fence=fence, now=now)
        except BaseException:
            self._known.clear()  # tables are again as they were before
            raise
        return Committed(
            max([now, *(load.loaded_at for load in loads)]),
            tuple(
                TableCommit(
                    load.to, load.batch_id, load.rows_landed, load.rows_rejected, tuple(table.schema_changes)
                )
                for table, load in zip(tables, loads, strict=True)
            ),
        )

    def _land(self, run: Run, batch: MicroBatch, now: datetime) -> list[ChangeLanding]:
        """Every piece in its table; nothing is counted yet."""
        tables: dict[str, ChangeLanding] = {}
        for changes in batch.changes:
            to = changes.to
            table = tables.get(str(to).lower())
            if table is None:
                known = self._known.get(to)
                table = ChangeLanding(run, to, batch, now=now, known=known)
                # A load by cursor, a stream with a name of its own, begins where the table itself stands.
                if known is None and batch.source == to.source:
                    table.check_rows(changes)
                tables[str(to).lower()] = table
                self._known[to] = table.known
            table.land(changes)
        events = sum(table.events for table in tables.values())
        if events != batch.events:
            raise WarehouseError(
                f"a batch of {batch.source} has {batch.events} events, but its tables have {events}; nothing "
                "was kept",
                hint="this is a fault of aidbt; please report it",
            )
        return list(tables.values())

    def letters(
        self,
        schema: str,
        source: str,
        *,
        table: str | None = None,
        cause: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[KeptLetter]:
        """The dead letters of a source that were not replayed, oldest first.

        Args:
            table: only of this table, by the source's name or by bronze's.
            limit, offset: only so many, after so many.
        """
        with transaction(self._raw) as run:
            rows = run(sql.in_schema(sql.LETTERS, schema), [source, table, cause, limit, offset])
        return [
            KeptLetter(
                letter_id,
                Destination(schema, bronze_table, source, source_table, connector),
                batch_id,
                DeadLetter(*letter),
            )
            for letter_id, bronze_table, source, source_table, connector, batch_id, *letter in rows
        ]

    def dead_letters(self, schema: str, source: str | None = None) -> list[LetterGroup]:
        """All dead letters, grouped by table and cause, those with the most waiting first."""
        with transaction(self._raw) as run:
            rows = run(sql.in_schema(sql.LETTER_GROUPS, schema), [source])
        return [LetterGroup(*[*group, DeadLetter(**example)]) for *group, example in rows]
