"""One change log in DuckDB while the changes of a micro-batch land in it, and what is recorded of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from aidbt.core.errors import SourceError, WarehouseError
from aidbt.core.loads import CHANGE_COLUMNS, CREATED, OPERATION, POSITION, TRUNCATED, UNCHANGED
from ingestion.bronze import duckdb_records as records
from ingestion.bronze.base import Destination, RowsMissing
from ingestion.bronze.duckdb_key_changes import fill_unchanged
from ingestion.bronze.duckdb_run import Run
from ingestion.bronze.duckdb_table import Known, Landing
from ingestion.changes import CHANGE_FIELDS, MicroBatch, TableChanges
from ingestion.connectors.base import DeadLetter

_OWN_FIELDS = len(CHANGE_FIELDS)


class ChangeLanding(Landing):
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

    def check_rows(self, changes: TableChanges) -> None:
        """Check that the table has the rows that landed last in it, unless these changes make them void.

        Raises:
            RowsMissing: it was restored alone, or dropped.
        """
        rows, to = changes.rows, self.to
        if rows.num_rows and OPERATION in rows.column_names and rows[OPERATION][0].as_py() == TRUNCATED:
            return
        logs = [to.table] if self.known.columns is not None else []
        missing = records.rows_missing(self._run, to.schema, to.source, logs, table=to.table)
        if missing:
            raise RowsMissing(to, missing[to.table])

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
            rows = _unchanged_as(rows, self._holding(in_bronze))
            self._has_key_changes |= _has_key_changes(rows)
        self._widen_range(rows.column(POSITION))
        self.insert(rows.rename_columns([*fit.names, *CHANGE_COLUMNS]), fit)

    def _holding(self, in_bronze: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        """By column of the source those of bronze that hold values of it: where it lands now, and where it
        landed before it was retyped. A value that was not sent may stand in any of them.
        """
        sent = set(in_bronze.values())
        left = [column.name for column in self.known.columns or () if column.name not in sent]
        return {
            source: (name, *(old for old in left if old == source or old.startswith(f"{source}__")))
            for source, name in in_bronze.items()
        }

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


def _unchanged_as(rows: pa.Table, holding: Mapping[str, tuple[str, ...]]) -> pa.Table:
    """The rows with the names in `_aidbt_unchanged` as they are in bronze."""
    if all(names == (source,) for source, names in holding.items()):
        return rows
    renamed = [
        None if names is None else [name for source in names for name in holding.get(source, (source,))]
        for names in rows.column(UNCHANGED).to_pylist()
    ]
    values = pa.array(renamed, CHANGE_FIELDS[-1].type)
    return rows.set_column(rows.schema.get_field_index(UNCHANGED), CHANGE_FIELDS[-1], values)
