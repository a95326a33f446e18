"""A warehouse that dbt has an adapter for, for queries that nobody trusts: guarded by its own means."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from aidbt.core.errors import StatementRefused, WarehouseError
from aidbt.core.schema import Relation
from aidbt.warehouse.base import Connection
from aidbt.warehouse.validating_queries import (
    DEFAULT_LIMITS,
    Answer,
    Limits,
    duplicates_query,
    first_rows_query,
    no_rows_query,
)

_EXPLAIN = "explain "
# Warehouses that have no EXPLAIN, and why nothing is lost.
_NO_EXPLAIN = {"bigquery": "BigQuery has no EXPLAIN; it checks a query when its columns are asked for"}


class GuardedAdapter:
    """A warehouse that dbt has an adapter for, for queries that nobody trusts.

    Args:
        connection: open for as long as this is used.
        kind: the adapter type of the profile.
    """

    stands_in = False

    def __init__(self, connection: Connection, kind: str, *, limits: Limits = DEFAULT_LIMITS) -> None:
        self.dialect = connection.dialect
        self._connection = connection
        self._kind = kind
        self._limits = limits

    def explain(self, query: str, stand_ins: Sequence[Relation] = ()) -> Answer:
        """Whether the warehouse would run the query; nothing is read."""
        why = _NO_EXPLAIN.get(self._kind)
        return Answer(failure="unavailable", message=why) if why else self._ask(_EXPLAIN + query)

    def describe(self, query: str, stand_ins: Sequence[Relation] = ()) -> Answer:
        """Whether the warehouse takes the query; no row is read, and the columns are not told."""
        return self._ask(no_rows_query(query, self.dialect))

    def sample(self, query: str, rows: int) -> Answer:
        """How many rows it gives, up to a number; the warehouse may have to read much more for it."""
        return self._ask(first_rows_query(query, rows, self.dialect))

    def duplicates(self, query: str, key: Sequence[str]) -> Answer:
        """Whether two rows have the same key, without NULLs in it: `row_count` is 1 then."""
        return self._ask(duplicates_query(query, key, self.dialect))

    def _ask(self, statement: str) -> Answer:
        before, after = guards(self._kind, self._limits.timeout_s)
        try:
            for guard in before:
                self._connection.rows(guard)
        except WarehouseError as error:
            return Answer(failure="unavailable", message=f"no query is tried unguarded: {error.message}")
        answer = self._answer(statement)
        with contextlib.suppress(WarehouseError):  # a session that is gone has no guards either
            for guard in after:
                self._connection.rows(guard)
        return answer

    def _answer(self, statement: str) -> Answer:
        try:
            rows = self._connection.rows(statement)
        except StatementRefused as error:
            return _refused(error.message)
        except WarehouseError as error:
            return Answer(failure="unavailable", message=error.message)
        return Answer(row_count=0 if statement.startswith(_EXPLAIN) else len(rows))


def guards(kind: str, timeout_s: float) -> tuple[list[str], list[str]]:
    """The statements before and after a query, by the adapter type: a transaction that only reads, where the
    warehouse has such, and a deadline.

    Example:
        >>> guards("postgres", 5)
        (['begin read only', 'set local statement_timeout = 5000'], ['rollback'])
    """
    milliseconds = str(round(timeout_s * 1000))
    if kind == "postgres":
        return ["begin read only", "set local statement_timeout = " + milliseconds], ["rollback"]
    if kind == "redshift":
        before = ["begin read only", "set statement_timeout to " + milliseconds]
        return before, ["rollback", "reset statement_timeout"]
    return deadlines(kind, timeout_s)


def deadlines(kind: str, timeout_s: float) -> tuple[list[str], list[str]]:
    """The statements that give every statement of a session a deadline, and take it away again, by the
    adapter type; none where a warehouse knows no such (BigQuery has one in its profile, Spark none).

    Example:
        >>> deadlines("postgres", 600)
        (['set statement_timeout = 600000'], ['reset statement_timeout'])
    """
    milliseconds, seconds = str(round(timeout_s * 1000)), str(max(round(timeout_s), 1))
    if kind == "postgres":
        return ["set statement_timeout = " + milliseconds], ["reset statement_timeout"]
    if kind == "redshift":
        return ["set statement_timeout to " + milliseconds], ["reset statement_timeout"]
    if kind == "snowflake":
        name = "statement_timeout_in_seconds"
        return ["alter session set " + name + " = " + seconds], ["alter session unset " + name]
    if kind == "databricks":
        return ["set statement_timeout = " + seconds], ["reset statement_timeout"]
    if kind == "trino":
        name = "query_max_run_time"
        return ["set session " + name + " = '" + seconds + "s'"], ["reset session " + name]
    return [], []


def _refused(message: str) -> Answer:
    """The answer for what the warehouse says of a statement."""
    low = message.lower()
    if "gave up" in low or "timeout" in low or "timed out" in low:
        return Answer(failure="deadline", message="it did not end in time")
    is_missing = ("relation" in low and "does not exist" in low) or "not found" in low
    if "may not do that" in low or is_missing:
        return Answer(failure="unavailable", message=message)
    return Answer(failure="refused", message=message)
