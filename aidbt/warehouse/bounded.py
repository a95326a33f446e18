"""The rows of a statement that was checked before: read only, up to a number of them, and for so long."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import duckdb

from aidbt.core.errors import DeadlineExceeded, WarehouseError
from aidbt.warehouse.adapter import AdapterWarehouse
from aidbt.warehouse.base import Connection, Warehouse
from aidbt.warehouse.duckdb import DuckDBConnection, translate
from aidbt.warehouse.validating_adapter import deadlines, guards

# No statement reaches past the database that is open, nor changes that again.
_LOCK = ("set enable_external_access = false", "set lock_configuration = true")


_HINT = "ask for less, e.g. a shorter period, or raise semantic.timeout_s in aidbt.yml"


def bounded_rows(
    warehouse: Warehouse, sql: str, *, at_most: int, timeout_s: float, hint: str = _HINT
) -> list[tuple[Any, ...]]:
    """The first rows of a query, in its order, as whoever the profile says may see them.

    Args:
        hint: what to do where it takes too long.

    Raises:
        DeadlineExceeded: it did not end in time; it was stopped.
        WarehouseError: the warehouse refused it, or cannot be reached.
    """
    with warehouse.connect(read_only=True) as connection:
        if isinstance(connection, DuckDBConnection):
            for statement in _LOCK:
                connection.rows(statement)
            with in_time(connection, timeout_s, hint=hint):
                return _first_rows(connection, sql, at_most)
        with _guarded(connection, _kind(warehouse), timeout_s), in_time(connection, timeout_s, hint=hint):
            return connection.rows(sql)[:at_most]


@contextlib.contextmanager
def in_time(connection: Connection, timeout_s: float, *, hint: str = _HINT) -> Iterator[None]:
    """Say so where what runs inside is stopped for its deadline. On DuckDB, which has none of its own, all of
    it together has so long; elsewhere `guards` or `deadlines` set it.

    Raises:
        DeadlineExceeded: it was stopped.
    """
    alarm = None
    if isinstance(connection, DuckDBConnection):
        alarm = threading.Timer(timeout_s, connection.raw.interrupt)
        alarm.daemon = True
        alarm.start()
    try:
        yield
    except WarehouseError as error:
        if _is_stopped(error):
            raise DeadlineExceeded(
                f"the query did not end within {timeout_s:g} s, and was stopped", hint=hint
            ) from error
        raise
    finally:
        if alarm is not None:
            alarm.cancel()


def _is_stopped(error: WarehouseError) -> bool:
    if isinstance(error.__cause__, duckdb.Error):  # which says so by its class; a name may hold the word
        return isinstance(error.__cause__, duckdb.InterruptException)
    said = error.message.lower()
    return "timeout" in said or "timed out" in said or "gave up" in said


@contextlib.contextmanager
def with_deadline(warehouse: Warehouse, connection: Connection, timeout_s: float) -> Iterator[None]:
    """Inside, the warehouse itself stops each statement of the session that takes longer, where it can."""
    before, after = deadlines(_kind(warehouse), timeout_s)
    with _around(connection, before, after):
        yield


def _kind(warehouse: Warehouse) -> str:
    return warehouse.kind if isinstance(warehouse, AdapterWarehouse) else warehouse.dialect


def _first_rows(connection: DuckDBConnection, sql: str, at_most: int) -> list[Any]:
    try:
        return connection.raw.execute(sql).fetchmany(at_most)
    except duckdb.Error as error:
        raise translate(error) from error
    except RuntimeError as error:
        if "interrupted" in str(error).lower():  # DuckDB's word for Ctrl-C
            raise KeyboardInterrupt from error
        raise


def _guarded(connection: Connection, kind: str, timeout_s: float) -> AbstractContextManager[None]:
    """A transaction that only reads and a deadline, where the warehouse has such."""
    return _around(connection, *guards(kind, timeout_s))


@contextlib.contextmanager
def _around(connection: Connection, before: Sequence[str], after: Sequence[str]) -> Iterator[None]:
    for statement in before:
        connection.rows(statement)
    try:
        yield
    finally:
        with contextlib.suppress(WarehouseError):  # a session that is gone has no guards either
            for statement in after:
                connection.rows(statement)
