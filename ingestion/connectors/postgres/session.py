"""A connection to PostgreSQL in a read-only transaction under a snapshot."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import adbc_driver_manager
import pyarrow as pa
from sqlglot import exp

from aidbt.core.errors import SourceError
from ingestion.connectors.postgres.errors import connection_error, query_error
from ingestion.connectors.postgres.url import ServerUrl

if TYPE_CHECKING:
    from adbc_driver_postgresql import dbapi

_BATCH_BYTES = "4194304"
_READ_ONLY = "set transaction isolation level repeatable read, read only"

# One form of text whatever the server's defaults are; an error instead of rows that row-level security
# hides; and no timeout on the connection that only holds the snapshot. lc_monetary stays: it says how many
# of money's digits are cents.
_SESSION = """
select pg_catalog.set_config(s.name, v.value, true)
from (values
    ('TimeZone', 'UTC'), ('DateStyle', 'ISO, YMD'), ('IntervalStyle', 'postgres'),
    ('extra_float_digits', '3'), ('bytea_output', 'hex'), ('row_security', 'off'),
    ('idle_in_transaction_session_timeout', '0'), ('transaction_timeout', '0')
) as v (name, value) join pg_catalog.pg_settings s on s.name = v.name
"""


class Session:
    """A connection in a read-only transaction; the driver's errors come out as ours."""

    def __init__(self, url: ServerUrl, connection: dbapi.Connection) -> None:
        self._url = url
        self._connection = connection
        self._cursor = connection.cursor()
        self._cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": _BATCH_BYTES})
        self._has_begun = False
        self._is_at_end = False  # of what it streamed, so that it can be used again

    @classmethod
    def connected(cls, url: ServerUrl) -> Session:
        """A first connection."""
        from adbc_driver_postgresql import dbapi  # brings pandas: 0.4 s, which most starts of a stream save

        try:
            return cls(url, dbapi.connect(url.full))
        except adbc_driver_manager.Error as error:
            raise connection_error(error, url) from None  # the driver's text may hold the password

    def another(self) -> Session:
        """One more connection; it shares what the driver has learned of the server's types."""
        try:
            return Session(self._url, self._connection.adbc_clone())
        except adbc_driver_manager.Error as error:
            raise connection_error(error, self._url) from None

    def begin(self, *, snapshot: str | None = None) -> None:
        """Begin the transaction, under an exported snapshot if one is given; nothing if it has begun."""
        if self._has_begun:
            return
        self.rows(_READ_ONLY)
        if snapshot is not None:
            literal = exp.Literal.string(snapshot).sql("postgres")
            self.rows(exp.Command(this="SET TRANSACTION SNAPSHOT", expression=literal).sql("postgres"))
        self.rows(_SESSION)
        self._has_begun = True

    def rows(self, sql: str, *parameters: str, what: str = "the catalog") -> list[tuple[Any, ...]]:
        """Every row of a query; none for a command."""
        with self._translated(what):
            self._cursor.execute(sql, parameters or None)
            return self._cursor.fetchall() if self._cursor.description else []

    def batch(self, sql: str) -> pa.RecordBatch:
        """A small answer as Arrow has it."""
        with self._translated("the catalog"):
            self._cursor.execute(sql)
            return self._cursor.fetch_record_batch().read_next_batch()

    def stream(self, query: exp.Expr, what: str) -> Iterator[pa.RecordBatch]:
        """The rows of a query, as they arrive; it is sent at once."""
        self.mark()
        with self._translated(what):
            self._cursor.execute(query.sql("postgres"))
            reader = self._cursor.fetch_record_batch()
        self._is_at_end = False
        return self._batches(reader, what)

    def mark(self) -> None:
        """Remember this point of the transaction."""
        self.rows("savepoint aidbt")

    def back_to_mark(self) -> None:
        """Release the locks taken since the mark, and keep the snapshot.

        Nobody's ALTER or TRUNCATE has to wait for a table that has been read.
        """
        self.rows("rollback to savepoint aidbt")

    def forget_table(self) -> bool:
        """Release the locks of what was read, and keep the snapshot; False when it cannot be used again."""
        if not self._is_at_end:
            return False
        try:
            self.back_to_mark()
        except SourceError:
            return False
        return True

    def _batches(self, reader: pa.RecordBatchReader, what: str) -> Iterator[pa.RecordBatch]:
        with self._translated(what):
            yield from reader
        self._is_at_end = True

    @contextlib.contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            yield
        # While rows arrive, the driver's errors come through Arrow, as OSError.
        except (adbc_driver_manager.Error, OSError, pa.ArrowException) as error:
            raise query_error(error, self._url, what) from None  # the driver's text may hold the password

    def close(self) -> None:
        """Drop the connection; the server rolls back."""
        with contextlib.suppress(adbc_driver_manager.Error):
            self._cursor.close()
        with contextlib.suppress(adbc_driver_manager.Error):
            self._connection.close()
