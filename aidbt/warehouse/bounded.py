"""The rows of a statement that was checked before: read only, up to a number of them, and for so long."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import duckdb

from aidbt.core.errors import DeadlineExceeded, WarehouseError
from aidbt.warehouse.adapter import AdapterWarehouse
from aidbt.warehouse.base import Connection, Warehouse
from aidbt.warehouse.duckdb import DuckDBConnection, translate
from aidbt.warehouse.validating_adapter import guards

# No statement reaches past the database that is open, nor changes that again.
_LOCK = ("set enable_external_access = false", "set lock_configuration = true")


def bounded_rows(warehouse: Warehouse, sql: str, *, at_most: int, timeout_s: float) -> list[tuple[Any, ...]]:
    """The first rows of a query, in its order, as whoever the profile says may see them.

    Raises:
        DeadlineExceeded: it did not end in time; it was stopped.
        WarehouseError: the warehouse refused it, or cannot be reached.
    """
    with warehouse.connect(read_only=True) as connection:
        if isinstance(connection, DuckDBConnection):
            return _of_duckdb(connection, sql, at_most, timeout_s)
        kind = warehouse.kind if isinstance(warehouse, AdapterWarehouse) else warehouse.dialect
        with _guarded(connection, kind, timeout_s):
            return _in_time(connection, sql, timeout_s)[:at_most]


def _of_duckdb(connection: DuckDBConnection, sql: str, at_most: int, timeout_s: float) -> list[Any]:
    for statement in _LOCK:
        connection.rows(statement)
    alarm = threading.Timer(timeout_s, connection.raw.interrupt)
    alarm.daemon = True
    alarm.start()
    try:
        return connection.raw.execute(sql).fetchmany(at_most)
    except duckdb.InterruptException as error:
        raise _too_slow(timeout_s) from error
    except duckdb.Error as error:
        raise translate(error) from error
    except RuntimeError as error:
        if "interrupted" in str(error).lower():  # DuckDB's word for Ctrl-C
            raise KeyboardInterrupt from error
        raise
    finally:
        alarm.cancel()


@contextlib.contextmanager
def _guarded(connection: Connection, kind: str, timeout_s: float) -> Iterator[None]:
    """A transaction that only reads and a deadline, where the warehouse has such."""
    before, after = guards(kind, timeout_s)
    for statement in before:
        connection.rows(statement)
    try:
        yield
    finally:
        with contextlib.suppress(WarehouseError):  # a session that is gone has no guards either
            for statement in after:
                connection.rows(statement)


def _in_time(connection: Connection, sql: str, timeout_s: float) -> list[tuple[Any, ...]]:
    try:
        return connection.rows(sql)
    except WarehouseError as error:
        said = error.message.lower()
        if "timeout" in said or "timed out" in said or "gave up" in said:
            raise _too_slow(timeout_s) from error
        raise


def _too_slow(timeout_s: float) -> DeadlineExceeded:
    return DeadlineExceeded(
        f"the query did not end within {timeout_s:g} s, and was stopped",
        hint="ask for less, e.g. a shorter period, or raise semantic.timeout_s in aidbt.yml",
    )
