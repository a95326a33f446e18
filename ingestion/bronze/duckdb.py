"""Bronze in DuckDB: a batch and its line in `_aidbt_loads` are one transaction."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from aidbt.core.errors import AidbtError, SourceError, WarehouseError
from aidbt.core.loads import BATCH_ID, LOADED_AT, OWN_TABLES
from aidbt.core.schema import Column
from aidbt.warehouse.duckdb import DuckDBConnection, translate
from ingestion.bronze import duckdb_sql as sql
from ingestion.bronze.base import Batch, ColumnsChanged, Destination, WriteConflict
from ingestion.bronze.batch_ids import next_batch_id
from ingestion.bronze.names import distinct, own_names
from ingestion.connectors.base import Stream, description_of

_DESCRIBE = "describe select * from _aidbt_incoming"
_REJECT_SCHEMA = pa.schema(
    [("file", pa.string()), ("line", pa.int64()), ("reason", pa.string()), ("raw", pa.string())]
)


class DuckDBWriter:
    """Lands streams in a DuckDB file: a cursor, and so a transaction, of its own for every batch."""

    def __init__(self, connection: DuckDBConnection) -> None:
        self._raw = connection.raw

    def prepare(self, schema: str) -> None:
        """Make the schema and its tables `_aidbt_loads` and `_aidbt_rejects`, where they are missing.

        Raises:
            WarehouseError: DuckDB refused.
        """
        create = exp.Create(this=exp.table_(None, db=schema, quoted=True), kind="SCHEMA", exists=True)
        with self._transaction() as run:
            run(create)
            run(sql.in_schema(sql.LOADS, schema))
            run(sql.in_schema(sql.REJECTS, schema))

    def write(
        self, stream: Stream, to: Destination, *, now: datetime, stop: threading.Event | None = None
    ) -> Batch:
        """Land all rows of the stream in one transaction, and list the batch in `_aidbt_loads`.

        Raises:
            WriteConflict: another transaction was in the way (retryable, with a new stream).
            SourceError: the stream failed (its own error), or uses a name that is reserved for loads.
            ColumnsChanged: the table in bronze has other columns than the stream.
            WarehouseError: DuckDB refused, or what landed is not what was read.
        """
        names = _column_names(stream, to)
        _check_nanoseconds(stream.schema, to)
        with self._transaction() as run:
            last_batch_id = _check_same_origin(run, to)
            reader = stream.reader(names, stop=stop)
            no_rows = pa.RecordBatchReader.from_batches(reader.schema, iter(()))
            with run.registered("_aidbt_incoming", no_rows):
                columns = [Column(name, data_type) for name, data_type, *_ in run(_DESCRIBE)]
                _make_table(run, to, columns, stream, names)

            batch_id = next_batch_id(now, last_batch_id)
            try:
                with run.registered("_aidbt_incoming", reader):
                    run(sql.insert(to, names), [now, batch_id])
            except AidbtError as error:
                raise (stream.failure or error) from error
            _insert_rejects(run, to, batch_id, stream)

            landed = int(run(sql.count(to), [batch_id])[0][0])
            rejected = int(run(sql.in_schema(sql.COUNT_REJECTS, to.schema), [to.table, batch_id])[0][0])
            if stream.rows_read != landed + rejected:
                raise WarehouseError(
                    f"{to}: {stream.rows_read} rows were read, but {landed} landed and {rejected} were "
                    "rejected; nothing was kept",
                    hint="this is a fault of aidbt or of a driver; please report it",
                )
            run(
                sql.in_schema(sql.INSERT_LOAD, to.schema),
                [
                    to.table, batch_id, now, to.source, to.source_table, to.connector,
                    stream.rows_read, landed, rejected, _json(stream.position),
                    _json([{"name": column.name, "type": column.data_type} for column in columns]),
                    _aidbt_version(),
                ],
            )  # fmt: skip
        return Batch(batch_id, now, landed, rejected, renamed=_renamed(stream, names))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[_Run]:
        """A transaction on a cursor of its own: committed when the block ends well, else rolled back."""
        cursor = self._raw.cursor()  # shares the database, not the transaction
        run = _Run(cursor)
        try:
            run("begin transaction")
            yield run
            run("commit")
        except BaseException:
            with contextlib.suppress(duckdb.Error):
                cursor.execute("rollback")
            raise
        finally:
            cursor.close()


class _Run:
    """Runs statements on a cursor, with DuckDB's errors as ours."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def __call__(self, statement: str | exp.Expr, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        text = statement if isinstance(statement, str) else statement.sql("duckdb")
        try:
            return self._cursor.execute(text, list(parameters)).fetchall()
        except duckdb.TransactionException as error:
            raise WriteConflict(
                f"another transaction was in the way: {str(error).splitlines()[0]}",
                hint="run this again when nothing else writes to the warehouse",
            ) from error
        except duckdb.Error as error:
            raise translate(error) from error

    @contextlib.contextmanager
    def registered(self, name: str, data: object) -> Iterator[None]:
        """Arrow data is readable under a name while the block runs, in this cursor only."""
        try:
            self._cursor.register(name, data)
        except duckdb.Error as error:
            raise translate(error) from error
        try:
            yield
        finally:
            with contextlib.suppress(duckdb.Error):  # after an error the transaction is aborted
                self._cursor.unregister(name)


def _column_names(stream: Stream, to: Destination) -> list[str]:
    own = own_names(stream.schema.names)
    if own:
        raise SourceError(
            f"the table {to.source_table} has a column {own[0]!r}; names that begin with _aidbt_ are "
            "those of the columns that a load adds",
            hint="land a view without that column, or under another name",
        )
    if to.table.lower() in OWN_TABLES:
        raise SourceError(
            f"a table called {to.table!r} cannot be landed: loads are recorded under that name",
            hint="land a view of it under another name",
        )
    if not stream.schema.names:
        raise SourceError(f"the table {to.source_table} has no columns")
    return distinct(stream.schema.names)


def _check_nanoseconds(schema: pa.Schema, to: Destination) -> None:
    """DuckDB before 2 cuts instants and times of day to microseconds and says nothing."""
    if int(duckdb.__version__.split(".")[0]) >= 2:
        return
    for field in schema:
        if _has_nanoseconds(field.type):
            raise WarehouseError(
                f"the column {field.name} of {to.source_table} holds {field.type}, which DuckDB "
                f"{duckdb.__version__} would cut to microseconds",
                hint="pip install 'duckdb>=2'",
            )


def _has_nanoseconds(of: pa.DataType) -> bool:
    if pa.types.is_timestamp(of):
        return bool(of.unit == "ns" and of.tz is not None)
    if pa.types.is_time64(of):
        return bool(of.unit == "ns")
    return any(_has_nanoseconds(of.field(number).type) for number in range(of.num_fields))


def _renamed(stream: Stream, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    pairs = zip(stream.schema.names, names, strict=True)
    return tuple((old, new) for old, new in pairs if old != new)


def _check_same_origin(run: _Run, to: Destination) -> str | None:
    """The id of the table's last batch, once it is sure that it came from the same table."""
    last = run(sql.in_schema(sql.LAST_LOAD, to.schema), [to.table])
    if not last:
        return None
    batch_id, source, source_table = last[0]
    if (source, source_table) != (to.source, to.source_table):
        raise WarehouseError(
            f"{to} holds loads of {source}.{source_table}; those of {to.source}.{to.source_table} would be "
            "mixed into them",
            hint="give one of the sources another bronze_schema, or name its tables under 'tables'",
        )
    return str(batch_id)


def _make_table(
    run: _Run, to: Destination, columns: list[Column], stream: Stream, names: Sequence[str]
) -> None:
    """Create the table with its comments, or check that it has exactly these columns, in any order."""
    if run(sql.IS_VIEW, [to.schema, to.table])[0][0]:
        raise WarehouseError(f"{to} is a view in the warehouse", hint="choose another bronze_schema")
    existing = [
        Column(name, data_type) for name, data_type in run(sql.EXISTING_COLUMNS, [to.schema, to.table])
    ]
    if existing:
        own = {LOADED_AT, BATCH_ID}
        if not own <= {column.name for column in existing}:
            raise WarehouseError(
                f"{to} exists, and aidbt did not make it", hint="choose another bronze_schema, or rename it"
            )
        existing = [column for column in existing if column.name not in own]
        if {(c.name, c.data_type) for c in existing} != {(c.name, c.data_type) for c in columns}:
            raise ColumnsChanged(to, existing, columns)
        return
    run(sql.create(to, columns))
    if stream.comment:
        run(sql.comment(sql.table(to), "TABLE", stream.comment))
    for field, name in zip(stream.schema, names, strict=True):
        if description_of(field):
            column = exp.column(name, table=to.table, db=to.schema, quoted=True)
            run(sql.comment(column, "COLUMN", description_of(field)))


def _insert_rejects(run: _Run, to: Destination, batch_id: str, stream: Stream) -> None:
    if not stream.rejected:
        return
    rows = [{"file": r.file, "line": r.line, "reason": r.reason, "raw": r.raw} for r in stream.rejected]
    with run.registered("_aidbt_incoming_rejects", pa.Table.from_pylist(rows, schema=_REJECT_SCHEMA)):
        run(sql.in_schema(sql.INSERT_REJECTS, to.schema), [to.table, batch_id])


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _aidbt_version() -> str:
    try:
        return version("aidbt")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "unknown"
