"""Statements and transactions on DuckDB, with its errors as ours."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from aidbt.core.errors import WarehouseError
from aidbt.warehouse.duckdb import translate
from ingestion.bronze.base import DiskFull, WarehouseDown, WarehouseInvalidated, WriteConflict

# What DuckDB says when a checkpoint fails behind a commit that is already on disk.
_IS_DURABLE = "COMMIT succeeded and is durable"
# ENOSPC, EDQUOT and EFBIG: the disk, the user's share of it, or the largest file allowed is full.
_NO_ROOM = re.compile("No space left on device|Disk quota exceeded|File too large")
_FILE_FAILED = re.compile(r"Could not (write|sync|fsync|truncate|read from) file")


class Run:
    """Runs statements on a cursor."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def __call__(
        self,
        statement: str | exp.Expr,
        parameters: Sequence[Any] = (),
        *,
        incoming: pa.Table | pa.RecordBatchReader | None = None,
    ) -> list[tuple[Any, ...]]:
        """All rows of a statement.

        Args:
            incoming: Arrow data that the statement reads as the table `_aidbt_incoming`.

        Raises:
            WriteConflict, DiskFull, WarehouseInvalidated: as they say.
            WarehouseError: DuckDB refused.
        """
        # DuckDB finds it among the variables of its caller. Registered under that name, it would be held
        # until the transaction ends: all pieces of a large one at once.
        _aidbt_incoming = incoming
        text = statement if isinstance(statement, str) else statement.sql("duckdb")
        try:
            return self._cursor.execute(text, list(parameters)).fetchall()
        except duckdb.Error as error:
            raise _translated(error) from error

    def table(self, query: exp.Expr, *, incoming: pa.RecordBatchReader | None = None) -> pa.Table:
        """The rows of a query as Arrow has them, for answers with many.

        Raises:
            As a call does.
        """
        _aidbt_incoming = incoming
        try:
            return self._cursor.sql(query.sql("duckdb")).to_arrow_table()
        except duckdb.Error as error:
            raise _translated(error) from error


@contextlib.contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[Run]:
    """A transaction on a cursor of its own: committed when the block ends well, else rolled back.

    Raises:
        WarehouseError: also for the commit itself; nothing was kept then, but for `WarehouseInvalidated`.
    """
    try:
        cursor = connection.cursor()  # shares the database, not the transaction
    except duckdb.Error as error:
        raise _translated(error) from error
    run = Run(cursor)
    try:
        run("begin transaction")
        yield run
        _commit(cursor)
    except BaseException:
        with contextlib.suppress(duckdb.Error):
            cursor.execute("rollback")
        raise
    finally:
        cursor.close()


def _commit(cursor: duckdb.DuckDBPyConnection) -> None:
    try:
        cursor.execute("commit")
    except duckdb.Error as error:
        # Then everything is kept, and it is the next statement that finds the database invalidated.
        if _IS_DURABLE not in str(error):
            raise _translated(error) from error


def _translated(error: duckdb.Error) -> WarehouseError:
    line = str(error).strip().splitlines()[0]
    if isinstance(error, duckdb.FatalException):
        return WarehouseInvalidated(
            f"DuckDB closed the warehouse after a fatal error: {line}",
            hint="open it anew; if the disk is full, free some space first",
        )
    # At commit a full disk is reported as a failed transaction.
    if _NO_ROOM.search(line):
        return DiskFull(f"the disk of the warehouse is full: {line}", hint="free some space and try again")
    if isinstance(error, duckdb.IOException) or _FILE_FAILED.search(line):
        return WarehouseDown(
            f"the warehouse cannot be written: {line}", hint="check its disk, then try again"
        )
    if isinstance(error, duckdb.TransactionException):
        return WriteConflict(
            f"another transaction was in the way: {line}",
            hint="run this again when nothing else writes to the warehouse",
        )
    return translate(error)
