"""One table in bronze while a batch lands in it: it follows the source's columns, takes rows, and counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from aidbt.core.errors import SourceError, WarehouseError
from aidbt.core.loads import BATCH_ID, CHANGE_COLUMNS, LOADED_AT, OPERATION, OWN_TABLES
from aidbt.core.schema import Column
from ingestion.bronze import duckdb_sql as sql
from ingestion.bronze.base import ColumnsChanged, Destination
from ingestion.bronze.batch_ids import next_batch_id
from ingestion.bronze.duckdb_records import LastLoad, last_load, source_names
from ingestion.bronze.duckdb_run import Run
from ingestion.bronze.evolution import NO_TYPE, Evolution, Incoming, described, evolve
from ingestion.bronze.names import OWN_PREFIX, distinct, own_names
from ingestion.connectors.base import confidence_of, description_of

_DESCRIBE = "describe select * from _aidbt_incoming"


@dataclass(frozen=True, slots=True)
class Fit:
    """How rows of one Arrow schema go into the table.

    Attributes:
        names: of the incoming columns, told apart as bronze tells them.
        taken: those of them that land; one without any type yet does not.
        targets: the column in bronze of each of these.
        columns: what `_aidbt_loads` says of them: name and type in bronze, and the source's name where it
            is another one.
    """

    names: tuple[str, ...]
    taken: tuple[str, ...]
    targets: tuple[str, ...]
    columns: tuple[dict[str, Any], ...]


@dataclass(slots=True)
class Known:
    """What is known of a table, so that the next batch need not ask again.

    Attributes:
        last: its last batch; None before the first.
        columns: the source's columns in bronze; None when there is no table yet.
        sent: bronze's names of the columns that came last.
        fits: for every schema that came since the columns last changed.
        sources: bronze's name → the source's, of columns that have another one; None until it is asked for.
    """

    last: LastLoad | None
    columns: list[Column] | None
    sent: tuple[str, ...]
    fits: dict[pa.Schema, Fit] = field(default_factory=dict)
    sources: dict[str, str] | None = None


class Landing:
    """A batch on its way into one table, in an open transaction.

    Attributes:
        batch_id, loaded_at: of the batch; neither is ever below those of the batch before.
        schema_changes: what was done to the table so far, in words.
    """

    def __init__(
        self, run: Run, to: Destination, *, now: datetime, is_change_log: bool, known: Known | None = None
    ) -> None:
        """Look at the table as it is.

        Args:
            known: what an earlier landing found (`known`), when nobody else has written since.

        Raises:
            SourceError: the table's name is one of ours.
            WarehouseError: it is a view, not ours, of the other kind, or holds another source's table.
        """
        if to.table.lower() in OWN_TABLES:
            raise SourceError(
                f"a table called {to.table!r} cannot be landed: loads are recorded under that name",
                hint="land a view of it under another name",
            )
        self.to = to
        self.schema_changes: list[str] = []
        self._run = run
        self._is_change_log = is_change_log
        self.known = known or _looked_up(run, to, is_change_log)
        last = self.known.last
        self.batch_id = next_batch_id(now, last.batch_id if last else None)
        self.loaded_at = max(now, last.loaded_at) if last else now

    def fit(self, schema: pa.Schema, *, comment: str = "") -> Fit:
        """Make the table take rows of a schema: it is created, gets columns, or gets wider ones.

        Args:
            schema: the source's columns only, by the source's names.
            comment: the description that a new table gets.

        Raises:
            ColumnsChanged: a column has a type that the table's cannot follow; only where it is no change
                log.
            SourceError: there are no columns, or names that are reserved.
        """
        fit = self.known.fits.get(schema)
        if fit is None:
            fit = self._followed(schema, comment)
            self.known.fits[schema] = fit
            self.known.sent = fit.targets
        return fit

    def insert(self, rows: pa.Table | pa.RecordBatchReader, fit: Fit) -> None:
        """Rows that have the names of the fit, and behind them those of a change."""
        own = CHANGE_COLUMNS if self._is_change_log else ()
        statement = sql.insert(self.to, (*fit.taken, *own), (*fit.targets, *own))
        self._run(statement, [self.loaded_at, self.batch_id], incoming=rows)

    def counted(self) -> int:
        """The rows of this batch, counted in the warehouse."""
        if self.known.columns is None:
            return 0
        return int(self._run(sql.count(self.to.schema, self.to.table), [self.loaded_at, self.batch_id])[0][0])

    def _followed(self, schema: pa.Schema, comment: str) -> Fit:
        _check_names(schema, self.to)
        if not schema.names and not self._is_change_log:
            raise SourceError(f"the table {self.to.source_table} has no columns")
        _check_nanoseconds(schema, self.to)
        names = distinct(schema.names)
        types = self._types(schema, names) if names else []
        incoming = [Incoming(*column) for column in zip(schema.names, names, types, strict=True)]
        before = self.known.columns or []
        # Which column of the source a column of bronze holds is asked only here, where something changes.
        if self.known.sources is None:
            self.known.sources = source_names(self._run, self.to)
        evolution = evolve(before, incoming, sources=self.known.sources, variants=self._is_change_log)
        if evolution.retyped:
            raise ColumnsChanged(self.to, evolution.retyped)
        if self.known.columns is None:
            self._create(evolution.added, comment)
        else:
            self._alter(evolution)
            self.schema_changes += described(evolution, before, self.known.sent)
        self._describe_columns(schema, evolution)
        self._remember(evolution)
        fit = self._fit(schema, incoming, evolution)
        self.known.sources |= {item["name"]: item["source"] for item in fit.columns if "source" in item}
        return fit

    def _types(self, schema: pa.Schema, names: Sequence[str]) -> list[str]:
        """DuckDB's words for the types of an Arrow schema."""
        fields = [field.with_name(name) for field, name in zip(schema, names, strict=True)]
        # Not schema.empty_table(), which cannot make lists of extension types (uuid[]).
        rows = self._run(_DESCRIBE, incoming=pa.Table.from_batches([], schema=pa.schema(fields)))
        # DuckDB before 2 calls a column of nothing but NULL an INTEGER.
        return [
            NO_TYPE if pa.types.is_null(of.type) else data_type
            for of, (_, data_type, *_) in zip(schema, rows, strict=True)
        ]

    def _create(self, columns: Sequence[Column], comment: str) -> None:
        own = (*(sql.CHANGE_COLUMNS if self._is_change_log else ()), *sql.LOAD_COLUMNS)
        self._run(sql.create(self.to, columns, own))
        if comment:
            self._run(sql.comment(sql.table(self.to), "TABLE", comment))

    def _alter(self, evolution: Evolution) -> None:
        for column in evolution.added:
            self._run(sql.add(self.to, column))
        for _, column in evolution.widened:
            self._run(sql.retype(self.to, column))

    def _describe_columns(self, schema: pa.Schema, evolution: Evolution) -> None:
        """The descriptions of new columns."""
        added = {column.name for column in evolution.added}
        for of, target in zip(schema, evolution.targets, strict=True):
            if target in added and description_of(of):
                column = exp.column(target, table=self.to.table, db=self.to.schema, quoted=True)
                self._run(sql.comment(column, "COLUMN", description_of(of)))

    def _remember(self, evolution: Evolution) -> None:
        wider = {column.name: column for _, column in evolution.widened}
        kept = [wider.get(column.name, column) for column in self.known.columns or ()]
        self.known.columns = [*kept, *evolution.added]
        self.known.fits.clear()

    def _fit(self, schema: pa.Schema, incoming: Sequence[Incoming], evolution: Evolution) -> Fit:
        types = {column.name: column.data_type for column in self.known.columns or ()}
        landed = [
            (column, target, confidence_of(of))
            for of, column, target in zip(schema, incoming, evolution.targets, strict=True)
            if target is not None
        ]
        return Fit(
            names=tuple(column.name for column in incoming),
            taken=tuple(column.name for column, _, _ in landed),
            targets=tuple(target for _, target, _ in landed),
            columns=tuple(
                {"name": target, "type": types[target]}
                | ({"source": column.source} if column.source != target else {})
                | ({"confidence": sure} if sure is not None else {})
                for column, target, sure in landed
            ),
        )


def _check_names(schema: pa.Schema, to: Destination) -> None:
    """Refuse a column with a name that is reserved.

    Raises:
        SourceError: there is one.
    """
    own = own_names(schema.names)
    if own:
        raise SourceError(
            f"the table {to.source_table} has a column {own[0]!r}; names that begin with _aidbt_ are "
            "those of the columns that a load adds",
            hint="land a view without that column, or under another name",
        )


def _check_nanoseconds(schema: pa.Schema, to: Destination) -> None:
    """DuckDB before 2 cuts instants and times of day to microseconds and says nothing.

    Raises:
        WarehouseError: a column would be cut.
    """
    if int(duckdb.__version__.split(".")[0]) >= 2:
        return
    for of in schema:
        if _has_nanoseconds(of.type):
            raise WarehouseError(
                f"the column {of.name} of {to.source_table} holds {of.type}, which DuckDB "
                f"{duckdb.__version__} would cut to microseconds",
                hint="pip install 'duckdb>=2'",
            )


def _has_nanoseconds(of: pa.DataType) -> bool:
    if pa.types.is_timestamp(of):
        return bool(of.unit == "ns" and of.tz is not None)
    if pa.types.is_time64(of):
        return bool(of.unit == "ns")
    return any(_has_nanoseconds(of.field(number).type) for number in range(of.num_fields))


def _looked_up(run: Run, to: Destination, is_change_log: bool) -> Known:
    last = last_load(run, to)
    return Known(last, _existing(run, to, is_change_log), last.sent if last else ())


def _existing(run: Run, to: Destination, is_change_log: bool) -> list[Column] | None:
    """The source's columns in the table; None when there is no table.

    Raises:
        WarehouseError: it is a view, not ours, or of the other kind.
    """
    if run(sql.IS_VIEW, [to.schema, to.table])[0][0]:
        raise WarehouseError(f"{to} is a view in the warehouse", hint="choose another bronze_schema")
    columns = [Column(name, kind) for name, kind in run(sql.EXISTING_COLUMNS, [to.schema, to.table])]
    if not columns:
        return None
    names = {column.name for column in columns}
    if not {LOADED_AT, BATCH_ID} <= names:
        raise WarehouseError(
            f"{to} exists, and aidbt did not make it", hint="choose another bronze_schema, or rename it"
        )
    if (OPERATION in names) != is_change_log:
        raise _of_the_other_kind(to, is_change_log)
    return [column for column in columns if not column.name.startswith(OWN_PREFIX)]


def _of_the_other_kind(to: Destination, is_change_log: bool) -> WarehouseError:
    if is_change_log:
        return WarehouseError(
            f"{to} holds complete batches of full loads; changes cannot be landed beside them",
            hint="stream it into another bronze_schema, or export and drop the table, and stream it anew",
        )
    return WarehouseError(
        f"{to} is a change log; a complete batch cannot be landed in it",
        hint="load it into another bronze_schema, or leave the table to 'aidbt ingest cdc'",
    )
