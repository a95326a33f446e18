"""DuckDB, natively: a file that is opened for each use and never held while dbt runs."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import duckdb

from aidbt.core.errors import StatementRefused, WarehouseError, WarehouseLocked
from aidbt.core.schema import Column, Relation, TableProfile
from aidbt.warehouse.base import OnRefused

_LOCK_HOLDER = re.compile(r"held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")

_SMALL_TABLE_ROWS = 1_000_000
# How long whoever was asked for the file may take to let it go: a commit of a snapshot is one transaction.
_PATIENCE_S = 60.0
_TRY_EVERY_S = 0.05

_RELATIONS = """
select table_name, 'table' as kind, coalesce(comment, ''), estimated_size, schema_name, database_name
from duckdb_tables() where not internal and not temporary and database_name = current_database()
union all
select view_name, 'view', coalesce(comment, ''), null, schema_name, database_name
from duckdb_views() where not internal and not temporary and database_name = current_database()
order by schema_name, 1
"""
_COLUMNS = """
select schema_name, table_name, column_name, data_type, is_nullable, coalesce(comment, '')
from duckdb_columns() where not internal and database_name = current_database()
order by schema_name, table_name, column_index
"""


class DuckDBConnection:
    """An open DuckDB connection. `raw` is the driver's own, for Arrow in and out."""

    dialect = "duckdb"

    def __init__(self, raw: duckdb.DuckDBPyConnection) -> None:
        self.raw = raw

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Every row of a query.

        Raises:
            WarehouseError: DuckDB refused it.
        """
        try:
            return self.raw.execute(sql, list(parameters)).fetchall()
        except duckdb.Error as error:
            raise translate(error) from error
        except RuntimeError as error:
            if "interrupted" in str(error).lower():  # DuckDB's word for Ctrl-C
                raise KeyboardInterrupt from error
            raise


class DuckDBWarehouse:
    """A DuckDB file that dbt builds into.

    Args:
        ask: asks those who use the file now to let it go while its block runs, and says whether somebody
            will; then the file is waited for. None waits for nobody.
    """

    dialect = "duckdb"

    def __init__(
        self,
        path: Path,
        *,
        schema: str = "main",
        memory_limit: str = "500MB",
        ask: Callable[[], AbstractContextManager[bool]] | None = None,
    ) -> None:
        self.path = path
        self.schema = schema
        self.memory_limit = memory_limit
        self._ask = ask

    @contextlib.contextmanager
    def connect(self, *, read_only: bool = True) -> Iterator[DuckDBConnection]:
        """An open connection; the file is released when the block ends.

        Raises:
            WarehouseLocked: another process holds the file (named by program and id where DuckDB knows).
            WarehouseError: the file does not exist (when reading), or is not a DuckDB database.
        """
        with contextlib.ExitStack() as asked:
            raw = self._opened(read_only, asked)
            try:
                raw.execute("set timezone = 'UTC'")
                raw.execute("set enable_progress_bar = false")
                yield DuckDBConnection(raw)
            finally:
                raw.close()

    def _opened(self, read_only: bool, asked: contextlib.ExitStack) -> duckdb.DuckDBPyConnection:
        """The file, waited for where somebody lets it go when asked; asked for until the stack ends."""
        try:
            return self._open(read_only)
        except WarehouseLocked:
            if self._ask is None or not asked.enter_context(self._ask()):
                raise
        ends_at = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return self._open(read_only)
            except WarehouseLocked:
                if time.monotonic() >= ends_at:
                    raise
            time.sleep(_TRY_EVERY_S)

    def _open(self, read_only: bool) -> duckdb.DuckDBPyConnection:
        if read_only and not self.path.exists():
            raise WarehouseError(
                f"the warehouse {self.path} does not exist yet",
                hint="land data with 'aidbt ingest run' or 'aidbt ingest cdc', or build something with dbt",
            )
        if not read_only:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        config: dict[str, Any] = {"memory_limit": self.memory_limit, "autoinstall_known_extensions": "false"}
        if not read_only:
            # A checkpoint of any process clears away deleted rows of every table of the file (1.2 s for one
            # of 2.5 M rows). We only append: what dbt deleted, dbt's own checkpoints clear away.
            config["max_vacuum_tasks"] = "0"
        try:
            return duckdb.connect(str(self.path), read_only=read_only, config=config)
        except duckdb.Error as error:
            raise translate(error, self.path) from error

    def relations(self) -> list[Relation]:
        """Every table and view with its columns, ordered by schema and name; system schemas left out."""
        with self.connect() as connection:
            columns: dict[tuple[str, str], list[Column]] = {}
            for schema, table, name, data_type, nullable, comment in connection.rows(_COLUMNS):
                column = Column(name, data_type, nullable=bool(nullable), description=comment)
                columns.setdefault((schema, table), []).append(column)
            return [
                Relation(
                    schema=schema,
                    name=name,
                    columns=tuple(columns.get((schema, name), ())),
                    database=database,
                    kind=kind,
                    description=comment,
                    row_count=size,
                )
                for name, kind, comment, size, schema, database in connection.rows(_RELATIONS)
            ]

    def profile(
        self, relations: Sequence[Relation], *, sample_rows: int, on_refused: OnRefused | None = None
    ) -> Iterator[TableProfile]:
        """What each table holds, one after the other, on one connection that ends with the iterator."""
        from aidbt.warehouse.profiling import profile_if_readable

        with self.connect() as connection:
            for relation in relations:
                # Two threads cost a third more CPU and save no time that anybody notices on a small table.
                is_small = relation.row_count is not None and relation.row_count < _SMALL_TABLE_ROWS
                connection.rows("set threads = 1" if is_small else "reset threads")
                found = profile_if_readable(connection, relation, sample_rows, on_refused)
                if found is not None:
                    yield found


def translate(error: duckdb.Error, path: Path | None = None) -> WarehouseError:
    """Our error for one of DuckDB's, with who holds the file when it is locked."""
    text = str(error).strip()
    if "Could not set lock on file" in text or "being used by another process" in text:
        holder = _LOCK_HOLDER.search(text)
        who = f"process {holder['pid']} ({holder['program']})" if holder else "another process"
        return WarehouseLocked(
            f"the warehouse {path or ''} is in use by {who}".replace("  ", " "),
            hint="wait for it or close it (an open DuckDB shell or notebook is enough), then try again",
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return WarehouseError(
            f"DuckDB ran out of memory: {_first_line(text)}", hint="raise profile.memory_limit in aidbt.yml"
        )
    if "No space left on device" in text:
        return WarehouseError(f"the disk is full: {_first_line(text)}", hint="free some space and try again")
    if path is not None and isinstance(error, duckdb.IOException | duckdb.InvalidInputException):
        return WarehouseError(
            f"{path} cannot be opened as a DuckDB database: {_first_line(text)}",
            hint="check the profile's path; a file made by a newer DuckDB needs that version",
        )
    return StatementRefused(f"DuckDB refused: {_first_line(text)}")


def _first_line(text: str) -> str:
    return text.split("\n", 1)[0]
