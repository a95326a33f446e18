"""A database behind SQLAlchemy as a source: tables by its inspector, rows as they arrive.

A column lands as the type it is declared as. A value that is none of these (SQLite takes any) is never
changed to fit: its row is kept as a dead letter, or the load is refused.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import sqlalchemy as sa
from pydantic import Field, SecretStr

from aidbt.core.errors import SourceError, nearest
from aidbt.core.resilience import Operation
from aidbt.core.schema import Relation
from ingestion.connectors.base import Cursor, DeadLetter, KnownLoad, Stream, described
from ingestion.connectors.sqlalchemy.server import Server, server
from ingestion.connectors.sqlalchemy.types import as_text, is_read_as_text, landing
from ingestion.connectors.sqlalchemy.values import DoesNotFit, Landing, since_of
from ingestion.records import ConnectorSettings, CursorSettings

with warnings.catch_warnings():
    # pydantic's BaseModel has a deprecated method of this name; people call it `schema`.
    warnings.filterwarnings("ignore", message='Field name "schema"')

    class SqlSettings(ConnectorSettings):
        """`connector: sqlalchemy`.

        Attributes:
            url: dialect+driver://user:password@host:port/database, as SQLAlchemy has it.
            schema: None for the one that the user is in.
            as_text: columns, as table.column (patterns allowed), that land as text.
            batch_rows: how many rows are in memory at once.
            max_rejected_rows: how many rows a table's load may have with values that are not of their
                column's declared type; they are kept beside it.
            incremental: the tables that are loaded by cursor, by name.
        """

        url: SecretStr
        schema: str | None = None  # type: ignore[assignment]
        as_text: tuple[str, ...] = ()
        batch_rows: int = Field(default=20_000, ge=1)
        max_rejected_rows: int = Field(default=0, ge=0)
        incremental: dict[str, CursorSettings] = Field(default_factory=dict)


# What makes a transaction of a connection see one state only, and write nothing.
_BEGINNINGS: dict[str, tuple[str, ...]] = {
    "mysql": (
        "set session transaction isolation level repeatable read, read only",
        "set time_zone = '+00:00'",
    ),
    "postgresql": ("set session characteristics as transaction isolation level repeatable read, read only",),
    "sqlite": ("pragma query_only = 1",),
}
_BEGINNINGS["mariadb"] = _BEGINNINGS["mysql"]


class SqlSource:
    """The tables of one schema. Each is read in one transaction of its own."""

    def __init__(self, settings: SqlSettings, at: Server) -> None:
        self.last_loads: Mapping[str, KnownLoad] = {}
        self._settings = settings
        self._server = at
        self._dialect = at.engine.dialect.name
        with at.translated("connecting"), at.engine.connect():
            pass

    def tables(self) -> Sequence[Relation]:
        """Every table and view; their columns are known when they are read.

        Raises:
            SourceUnavailable: it went away.
            SourceError: the server refused, or has no such schema.
        """
        schema = self._settings.schema
        with self._server.translated("the list of tables"):
            inspector = sa.inspect(self._server.engine)
            if schema is not None and schema not in inspector.get_schema_names():
                raise SourceError(f"{self._server.shown} has no schema '{schema}'")
            found = [Relation(schema or "", name) for name in inspector.get_table_names(schema)]
            views = [Relation(schema or "", name, kind="view") for name in inspector.get_view_names(schema)]
        return sorted([*found, *views], key=lambda relation: relation.name)

    def standing(self, table: Relation) -> Mapping[str, Any] | None:
        """Of SQLite, how its file and what waits beside it are; other databases do not tell."""
        if self._server.file is None:
            return None
        parts = [self._server.file, self._server.file.with_name(self._server.file.name + "-wal")]
        stats = [(part.name, part.stat()) for part in parts if part.exists() and part.stat().st_size]
        return {"files": [{"path": name, "size": s.st_size, "modified": s.st_mtime_ns} for name, s in stats]}

    def read(
        self, table: Relation, *, names: Sequence[str] | None = None, where: Cursor | None = None
    ) -> Stream:
        """All rows of a table, or those that a cursor asks for.

        Args:
            names: only these columns, in this order.

        Raises:
            SourceUnavailable: it cannot be reached now.
            SourceError: the server refused, or the table has no such column.
        """
        position = self.standing(table)
        what = f"the table {table.name}"
        with self._server.translated(what):
            inspector = sa.inspect(self._server.engine)
            declared = {
                column["name"]: column for column in inspector.get_columns(table.name, table.schema or None)
            }
            comment = self._comment(inspector, table)
        for name in [*(names or ()), *([where.column] if where else ())]:
            _check_has(table, name, declared)
        columns = [declared[name] for name in (declared if names is None else names)]
        landings = [self._landing(table, column) for column in columns]
        fields = [
            described(pa.field(column["name"], to.type), column.get("comment") or "")
            for column, to in zip(columns, landings, strict=True)
        ]
        query = self._query(table, columns, where)
        rejected: list[DeadLetter] = []
        rows = self._rows(table, query, pa.schema(fields), landings, rejected)
        return Stream(
            pa.schema(fields),
            rows,
            comment=comment,
            position=position or {"read_at": datetime.now(UTC).isoformat()},
            rejected=rejected,
        )

    def close(self) -> None:
        """Close every connection."""
        self._server.engine.dispose()

    def _comment(self, inspector: sa.Inspector, table: Relation) -> str:
        if not self._server.engine.dialect.supports_comments:
            return ""
        return inspector.get_table_comment(table.name, table.schema or None)["text"] or ""

    def _is_as_text(self, table: Relation, column: Any) -> bool:
        name = f"{table.name}.{column['name']}"
        return any(fnmatchcase(name, pattern) for pattern in self._settings.as_text)

    def _landing(self, table: Relation, column: Any) -> Landing:
        return (
            as_text(column["type"])
            if self._is_as_text(table, column)
            else landing(column["type"], self._dialect)
        )

    def _query(self, table: Relation, columns: Sequence[Any], where: Cursor | None) -> sa.Select[Any]:
        # Columns without a type: SQLAlchemy then gives the driver's own values, and changes none.
        selected: list[Any] = []
        for column in columns:
            plain: sa.ColumnClause[Any] = sa.column(column["name"])
            is_text = is_read_as_text(column["type"]) or self._is_as_text(table, column)
            if is_text and self._dialect == "postgresql":
                selected.append(
                    sa.type_coerce(sa.cast(plain, sa.Text), sa.types.NullType()).label(column["name"])
                )
            else:
                selected.append(plain)
        query = sa.select(*selected).select_from(sa.table(table.name, schema=table.schema or None))
        if where is None or where.since is None:
            return query
        cursor: sa.ColumnClause[Any] = sa.column(where.column)
        return query.where(sa.or_(cursor >= since_of(where.since, self._dialect), cursor.is_(None)))

    def _rows(
        self,
        table: Relation,
        query: sa.Select[Any],
        schema: pa.Schema,
        landings: Sequence[Landing],
        rejected: list[DeadLetter],
    ) -> Iterator[pa.RecordBatch]:
        size = self._settings.batch_rows
        with self._server.translated(f"the table {table.name}"), self._server.engine.connect() as connection:
            for statement in _BEGINNINGS.get(self._dialect, ()):
                connection.exec_driver_sql(statement)
            connection.commit()  # what follows is a transaction under these
            streamed = connection.execution_options(stream_results=True, yield_per=size)
            result = streamed.execute(query)
            first = 1
            for rows in result.partitions(size):
                yield self._batch(table, rows, schema, landings, rejected, first)
                first += len(rows)

    def _batch(
        self,
        table: Relation,
        rows: Sequence[Sequence[Any]],
        schema: pa.Schema,
        landings: Sequence[Landing],
        rejected: list[DeadLetter],
        first: int,
    ) -> pa.RecordBatch:
        try:
            return _landed(rows, schema, landings)
        except DoesNotFit:
            good = []
            for number, row in enumerate(rows, start=first):
                reason = _misfit(row, schema, landings)
                if reason is None:
                    good.append(row)
                else:
                    self._reject(table, number, reason, dict(zip(schema.names, row, strict=True)), rejected)
            return _landed(good, schema, landings)

    def _reject(
        self, table: Relation, number: int, reason: str, row: Mapping[str, Any], rejected: list[DeadLetter]
    ) -> None:
        raw = json.dumps(row, ensure_ascii=False, default=repr)
        rejected.append(DeadLetter(table.name, number, "wrong_type", reason, raw))
        if len(rejected) > self._settings.max_rejected_rows:
            column = f"{table.name}.{reason.split(':')[0]}"
            raise SourceError(
                f"row {number} of the table {table.name}: {reason}",
                hint=f"correct it, land the column as text (as_text: [{column}]), or allow some such rows "
                "with max_rejected_rows; they are then kept in _aidbt_dead_letters",
            )


class SqlConnector:
    """A schema of a database behind SQLAlchemy."""

    settings_class: ClassVar[type[ConnectorSettings]] = SqlSettings
    operation: ClassVar[Operation] = "database"

    def __init__(self, settings: SqlSettings, root: Path) -> None:
        self.settings = settings
        self._root = root

    def open(self) -> SqlSource:
        """The schema, connected once to see that it answers.

        Raises:
            SettingsError: the URL cannot be read, or its driver is not installed.
            SourceUnavailable: nothing answers, or not now.
            SourceError: the server refused.
        """
        return SqlSource(self.settings, server(self.settings.url.get_secret_value(), self._root))


def _landed(rows: Sequence[Sequence[Any]], schema: pa.Schema, landings: Sequence[Landing]) -> pa.RecordBatch:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(landings)
    arrays = [to.array(values) for to, values in zip(landings, columns, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _misfit(row: Sequence[Any], schema: pa.Schema, landings: Sequence[Landing]) -> str | None:
    """Which column of a row does not fit, and why; None when all do."""
    for name, to, value in zip(schema.names, landings, row, strict=True):
        try:
            to.array([value])
        except DoesNotFit as error:
            return f"{name}: {error}"
    return None


def _check_has(table: Relation, name: str, columns: Collection[str]) -> None:
    if name not in columns:
        close = nearest(name, columns)
        raise SourceError(
            f"the table {table.name} has no column '{name}'",
            hint=f"did you mean '{close}'?" if close else f"it has: {', '.join(columns)}",
        )
