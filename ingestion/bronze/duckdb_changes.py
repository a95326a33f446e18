"""Changes into DuckDB: rows, dead letters, and the position behind them are one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from aidbt.core.errors import SourceError, WarehouseError
from aidbt.core.loads import CHANGE_COLUMNS, CREATED, OPERATION, POSITION, UNCHANGED
from aidbt.warehouse.duckdb import DuckDBConnection
from ingestion.bronze import duckdb_records as records
from ingestion.bronze import duckdb_sql as sql
from ingestion.bronze.base import Destination, Fence, KeptLetter, LetterGroup
from ingestion.bronze.duckdb_key_changes import fill_unchanged
from ingestion.bronze.duckdb_run import Run, transaction
from ingestion.bronze.duckdb_table import Known, Landing
from ingestion.changes import (
    CHANGE_FIELDS,
    Committed,
    MicroBatch,
    StreamState,
    TableChanges,
    TableCommit,
    TableState,
)
from ingestion.connectors.base import DeadLetter

_OWN_FIELDS = len(CHANGE_FIELDS)


class DuckDBChangeSink:
    """Lands micro-batches in a DuckDB file, each in a transaction on a cursor of its own.

    What a commit finds out about a table is kept for the next one: while a sink is used, nobody else writes
    the tables of its sources.
    """

    def __init__(self, connection: DuckDBConnection) -> None:
        self._raw = connection.raw
        self._known: dict[Destination, Known] = {}

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
            parts = run(sql.in_schema(sql.POSITIONS, schema), [source])
            tables = run(sql.in_schema(sql.LAST_LOADS, schema), [source, schema])
        return StreamState(
            parts={part: json.loads(position) for part, position in parts},
            tables={
                table: TableState(batch_id, json.loads(position)) for table, batch_id, position in tables
            },
        )

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

    def _land(self, run: Run, batch: MicroBatch, now: datetime) -> list[_ChangeLanding]:
        """Every piece in its table; nothing is counted yet."""
        tables: dict[str, _ChangeLanding] = {}
        for changes in batch.changes:
            to = changes.to
            table = tables.get(str(to).lower())
            if table is None:
                table = _ChangeLanding(run, to, batch, now=now, known=self._known.get(to))
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


class _ChangeLanding(Landing):
    """Changes on their way into one change log, of one schema or several.

    Attributes:
        events: what the source counted.
    """

    def __init__(
        self, run: Run, to: Destination, batch: MicroBatch, *, now: datetime, known: Known | None
    ) -> None:
        super().__init__(run, to, now=now, is_change_log=True, known=known)
        self.events = 0
        self._batch = batch
        self._letters: list[DeadLetter] = []
        self._range: tuple[int, int] | None = None
        self._columns: tuple[dict[str, Any], ...] = ()
        self._key: tuple[str, ...] = ()
        self._schema_version = 0
        self._has_key_changes = False

    def land(self, changes: TableChanges) -> None:
        """One piece more.

        Raises:
            SourceError: its rows have not the columns of changes.
            WarehouseError: it comes from another table, or its events are not its rows and dead letters.
        """
        rows = changes.rows
        self._check(changes)
        self._letters += changes.dead_letters
        self._schema_version = changes.schema_version
        self.events += changes.events
        columns = list(rows.schema)[:-_OWN_FIELDS]
        if not columns and not rows.num_rows:
            return  # dead letters of which not even the table is known
        fit = self.fit(pa.schema(columns))
        in_bronze = {item.get("source", item["name"]): item["name"] for item in fit.columns}
        self._key = tuple(in_bronze[name] for name in changes.key)
        sent = [{**item, "key": True} if item["name"] in self._key else item for item in fit.columns]
        # Under what names earlier pieces landed would be known from nowhere else.
        others = [item for item in self._columns if "source" in item and item["name"] not in fit.targets]
        self._columns = (*others, *sent)
        if not rows.num_rows:
            return
        if rows.column(UNCHANGED).null_count < rows.num_rows:
            rows = _unchanged_as(rows, in_bronze)
            self._has_key_changes |= _has_key_changes(rows)
        self._widen_range(rows.column(POSITION))
        self.insert(rows.rename_columns([*fit.names, *CHANGE_COLUMNS]), fit)

    def finish(self, *, replayed: int) -> records.Load:
        """Count what is there: what is to be recorded of it.

        Args:
            replayed: how many dead letters the whole batch was read from; 0 for changes as they come.

        Raises:
            WarehouseError: it is not what was read.
        """
        if self._has_key_changes and self._key and not self._hides_row_ids():
            existing = {column.name for column in self.known.columns or ()}
            fill_unchanged(self._run, self.to, self._key, self.loaded_at, self.batch_id, existing=existing)
        dead = records.keep_letters(self._run, self.to, self.batch_id, self._letters)
        landed = self.counted()
        if self.events != landed + dead:
            raise WarehouseError(
                f"{self.to}: {self.events} events were read, but {landed} landed and {dead} are dead "
                "letters; nothing was kept",
                hint="this is a fault of aidbt or of a driver; please report it",
            )
        first, last = self._range or (self._batch.first, self._batch.last)
        position = {"first": first, "last": last, "schema_version": self._schema_version}
        self.known.last = records.LastLoad(self.batch_id, self.loaded_at)
        return records.Load(
            self.to,
            self.batch_id,
            self.loaded_at,
            self.events,
            landed,
            dead,
            {**position, "replayed": replayed} if replayed else position,
            self._columns,
        )

    def _hides_row_ids(self) -> bool:
        """Whether a column of the source has the name of DuckDB's row ids; then nothing is filled in."""
        return any(column.name.lower() == "rowid" for column in self.known.columns or ())

    def _check(self, changes: TableChanges) -> None:
        rows = changes.rows
        if changes.to != self.to:
            raise WarehouseError(
                f"{self.to.source_table} and {changes.to.source_table} would both land in {self.to}",
                hint="give one of them another bronze_schema, or land a view of it under another name",
            )
        own = list(rows.schema)[-_OWN_FIELDS:]
        if [(of.name, of.type) for of in own] != [(of.name, of.type) for of in CHANGE_FIELDS]:
            raise SourceError(
                f"changes of {self.to.source_table} lack the columns of changes at their end",
                hint="this is a fault of the source's reader; please report it",
            )
        if changes.events != rows.num_rows + len(changes.dead_letters):
            raise WarehouseError(
                f"{self.to}: {changes.events} events were read, but they are {rows.num_rows} rows and "
                f"{len(changes.dead_letters)} dead letters; nothing was kept",
                hint="this is a fault of aidbt or of a driver; please report it",
            )

    def _widen_range(self, positions: pa.ChunkedArray) -> None:
        found = pc.min_max(positions).as_py()
        first, last = self._range or (found["min"], found["max"])
        self._range = (min(first, found["min"]), max(last, found["max"]))


def _has_key_changes(rows: pa.Table) -> bool:
    """Whether a new row came without all its values, because it is an old one under another key."""
    is_created = pc.equal(rows.column(OPERATION), CREATED)
    return bool(pc.any(pc.and_(is_created, pc.is_valid(rows.column(UNCHANGED)))).as_py())


def _unchanged_as(rows: pa.Table, in_bronze: Mapping[str, str]) -> pa.Table:
    """The rows with the names in `_aidbt_unchanged` as they are in bronze."""
    if all(source == name for source, name in in_bronze.items()):
        return rows
    lists = rows.column(UNCHANGED).combine_chunks()
    names = lists.flatten().dictionary_encode()
    words = pa.array([in_bronze.get(name, name) for name in names.dictionary.to_pylist()], pa.string())
    values = pa.DictionaryArray.from_arrays(names.indices, words).cast(pa.string())
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])
    renamed = pa.ListArray.from_arrays(offsets, values, mask=lists.is_null())
    return rows.set_column(rows.schema.get_field_index(UNCHANGED), CHANGE_FIELDS[-1], renamed)
