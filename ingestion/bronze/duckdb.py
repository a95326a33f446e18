"""Bronze in DuckDB: a batch and its line in `_aidbt_loads` are one transaction."""

from __future__ import annotations

import contextlib
import functools
import json
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp

from aidbt.core.errors import AidbtError, SourceError, WarehouseError
from aidbt.core.loads import BATCH_ID, LOADED_AT, LOADS_TABLE, OWN_TABLES, REJECTS_TABLE
from aidbt.core.schema import Column
from aidbt.warehouse.duckdb import DuckDBConnection, translate
from ingestion.bronze.base import Batch, ColumnsChanged, Destination, WriteConflict
from ingestion.bronze.batch_ids import next_batch_id
from ingestion.bronze.names import distinct, own_names
from ingestion.connectors.base import Stream, description_of

# `_aidbt_loaded_at` is an instant, TIMESTAMPTZ: comparing it with now() is right in every session's time
# zone, Spark's TIMESTAMP is the same thing, and dbt's source freshness reads it as UTC. A plain TIMESTAMP
# in UTC is hours off as soon as a session with another zone compares it with now().
_LOADED_AT_TYPE = "timestamptz"

_LOADS = """
create table if not exists _aidbt_loads (
    table_name varchar not null, batch_id varchar not null, loaded_at timestamptz not null,
    source varchar not null, source_table varchar not null, connector varchar not null,
    rows_read bigint not null, rows_landed bigint not null, rows_rejected bigint not null,
    position varchar not null, columns varchar not null, aidbt_version varchar not null
)
"""
_REJECTS = """
create table if not exists _aidbt_rejects (
    table_name varchar not null, batch_id varchar not null,
    file varchar not null, line bigint not null, reason varchar not null, raw varchar not null
)
"""
_INSERT_LOAD = "insert into _aidbt_loads values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_REJECTS = """
insert into _aidbt_rejects select ?, ?, file, line, reason, raw from _aidbt_incoming_rejects
"""
_COUNT_REJECTS = "select count(*) from _aidbt_rejects where table_name = ? and batch_id = ?"
_LAST_LOAD = """
select batch_id, source, source_table from _aidbt_loads where table_name = ? order by batch_id desc limit 1
"""
_EXISTING_COLUMNS = """
select column_name, data_type from duckdb_columns()
where database_name = current_database() and schema_name = ? and table_name = ? order by column_index
"""
_IS_VIEW = """
select count(*) from duckdb_views()
where database_name = current_database() and schema_name = ? and view_name = ?
"""
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
            run(_in_schema(_LOADS, schema))
            run(_in_schema(_REJECTS, schema))

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
            with run.registered(
                "_aidbt_incoming", pa.RecordBatchReader.from_batches(reader.schema, iter(()))
            ):
                columns = [Column(name, data_type) for name, data_type, *_ in run(_DESCRIBE)]
                _make_table(run, to, columns, stream, names)

            batch_id = next_batch_id(now, last_batch_id)
            try:
                with run.registered("_aidbt_incoming", reader):
                    run(_insert(to, names), [now, batch_id])
            except AidbtError as error:
                raise (stream.failure or error) from error
            _insert_rejects(run, to, batch_id, stream)

            landed = int(run(_count(to), [batch_id])[0][0])
            rejected = int(run(_in_schema(_COUNT_REJECTS, to.schema), [to.table, batch_id])[0][0])
            if stream.rows_read != landed + rejected:
                raise WarehouseError(
                    f"{to}: {stream.rows_read} rows were read, but {landed} landed and {rejected} were "
                    "rejected; nothing was kept",
                    hint="this is a fault of aidbt or of a driver; please report it",
                )
            run(
                _in_schema(_INSERT_LOAD, to.schema),
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

    def __call__(self, sql: str | exp.Expr, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        text = sql if isinstance(sql, str) else sql.sql("duckdb")
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
    last = run(_in_schema(_LAST_LOAD, to.schema), [to.table])
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
    if run(_IS_VIEW, [to.schema, to.table])[0][0]:
        raise WarehouseError(f"{to} is a view in the warehouse", hint="choose another bronze_schema")
    existing = [Column(name, data_type) for name, data_type in run(_EXISTING_COLUMNS, [to.schema, to.table])]
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
    run(_create(to, columns))
    if stream.comment:
        run(_comment(_table(to), "TABLE", stream.comment))
    for field, name in zip(stream.schema, names, strict=True):
        if description_of(field):
            column = exp.column(name, table=to.table, db=to.schema, quoted=True)
            run(_comment(column, "COLUMN", description_of(field)))


def _insert_rejects(run: _Run, to: Destination, batch_id: str, stream: Stream) -> None:
    if not stream.rejected:
        return
    rows = [{"file": r.file, "line": r.line, "reason": r.reason, "raw": r.raw} for r in stream.rejected]
    with run.registered("_aidbt_incoming_rejects", pa.Table.from_pylist(rows, schema=_REJECT_SCHEMA)):
        run(_in_schema(_INSERT_REJECTS, to.schema), [to.table, batch_id])


# --- SQL --------------------------------------------------------------------------------------------------


def _table(to: Destination) -> exp.Table:
    return exp.table_(to.table, db=to.schema, quoted=True)


@functools.cache
def _in_schema(sql: str, schema: str) -> str:
    """A statement on one of our own tables, with that table in a schema."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    for table in tree.find_all(exp.Table):
        if table.name in (LOADS_TABLE, REJECTS_TABLE):
            table.set("db", exp.to_identifier(schema, quoted=True))
    return tree.sql("duckdb")


def _create(to: Destination, columns: Sequence[Column]) -> exp.Expr:
    """An empty table with the columns as they come in, and ours.

    Column by column, with the types in DuckDB's own words. With CREATE TABLE … AS SELECT in its place, rows
    that the same transaction inserts above one row group (122,880) are counted, but read by no query until
    the file is opened again (DuckDB 2.0.0).
    """
    own = [Column(LOADED_AT, _LOADED_AT_TYPE), Column(BATCH_ID, "varchar")]
    definitions: list[exp.Expr] = [
        exp.ColumnDef(this=exp.to_identifier(c.name, quoted=True), kind=exp.Var(this=c.data_type))
        for c in [*columns, *own]
    ]
    return exp.Create(this=exp.Schema(this=_table(to), expressions=definitions), kind="TABLE")


def _insert(to: Destination, names: Sequence[str]) -> exp.Expr:
    selected: list[exp.Expr] = [exp.column(name, quoted=True) for name in names]
    incoming = exp.select(*selected, exp.Placeholder(), exp.Placeholder()).from_("_aidbt_incoming")
    columns = [exp.to_identifier(name, quoted=True) for name in (*names, LOADED_AT, BATCH_ID)]
    return exp.insert(incoming, _table(to), columns=columns, dialect="duckdb")


def _count(to: Destination) -> exp.Expr:
    in_batch = exp.column(BATCH_ID, quoted=True).eq(exp.Placeholder())
    return exp.select(exp.Count(this=exp.Star())).from_(_table(to)).where(in_batch)


def _comment(on: exp.Expr, kind: str, text: str) -> exp.Expr:
    return exp.Comment(this=on, kind=kind, expression=exp.Literal.string(text))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _aidbt_version() -> str:
    try:
        return version("aidbt")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "unknown"
