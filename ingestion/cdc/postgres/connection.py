"""Connections to PostgreSQL through psycopg2, which speaks the replication protocol; its errors as ours."""

from __future__ import annotations

import contextlib
import re
import select
import time
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg2
from psycopg2 import extensions, sql
from psycopg2.extras import LogicalReplicationConnection

from aidbt.core.errors import SourceError, SourceUnavailable
from ingestion.connectors.postgres.errors import (
    NAMES_HINT,
    connection_error,
    is_transient_state,
    state_of,
)
from ingestion.connectors.postgres.url import ServerUrl

# One form of text whatever the server's defaults are. Nothing ends a session that waits, for a commit of ours
# may take minutes; that this side is gone the server sees by TCP's own keepalives.
_OPTIONS = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "TimeZone": "UTC",
        "DateStyle": "ISO",
        "IntervalStyle": "postgres",
        "extra_float_digits": "3",
        "bytea_output": "hex",
        "synchronous_commit": "local",
        "statement_timeout": "0",
        "idle_session_timeout": "0",
        "wal_sender_timeout": "0",
        "tcp_keepalives_idle": "60",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "6",
    }.items()
)
_KEEPALIVES = {"keepalives_idle": "60", "keepalives_interval": "10", "keepalives_count": "6"}

_CONNECT_S = 30.0
_NO_RIGHT = re.compile(r"to start wal ?sender", re.IGNORECASE)
# What a query of the catalog says of a table that was dropped while it ran.
_JUST_DROPPED = re.compile(r"could not open relation with OID|cache lookup failed for")
_NO_WORDS = "no message from the libpq"  # psycopg2's, when the server closed the connection
_NOT_PERMITTED, _NOT_READY, _IN_USE, _UNDEFINED = "42501", "55000", "55006", "42704"
_INTERNAL = "XX000"
_NO_SLOT_LEFT, _FILE_GONE, _NO_UTF8, _NOT_IN_UNICODE = "53400", "58P01", "22021", "22P05"


def connect(url: ServerUrl, *, replication: bool = False, is_async: bool = False) -> extensions.connection:
    """A connection whose statements are each a transaction of its own.

    Args:
        replication: one that takes replication commands, for logical replication.
        is_async: one that does not wait for what it was asked (see `is_done`).

    Raises:
        SourceUnavailable: nothing answers, or not now.
        SourceError: the server refused.
    """
    given = extensions.parse_dsn(url.full)
    options = " ".join(filter(None, (given.get("options"), _OPTIONS)))
    factory = LogicalReplicationConnection if replication else None
    try:
        connection = psycopg2.connect(
            url.full, connection_factory=factory, options=options, async_=is_async, **_KEEPALIVES
        )
        if is_async and not is_done(connection, _CONNECT_S):
            connection.close()
            raise SourceUnavailable(f"{url.shown} does not answer", hint="try again when it is up")
    except psycopg2.Error as error:
        if replication and _NO_RIGHT.search(str(error)):
            raise SourceError(
                f"{url.shown}: '{url.user}' may not read the server's log of changes",
                hint=f"as a superuser: {alter_role(url)}",
            ) from None
        raise connection_error(error, url) from None  # the driver's text may hold the password
    if not (replication or is_async):  # those are always so
        connection.autocommit = True
    return connection


def is_done(connection: extensions.connection, seconds: float) -> bool:
    """Whether what was asked of an asynchronous connection is done, after waiting at most so long."""
    until = time.monotonic() + seconds
    while (state := connection.poll()) != extensions.POLL_OK:
        left_s = until - time.monotonic()
        if left_s <= 0:
            return False
        reads, writes = state == extensions.POLL_READ, state == extensions.POLL_WRITE
        select.select([connection] * reads, [connection] * writes, [], left_s)
    return True


def alter_role(url: ServerUrl) -> str:
    """What gives the user the right to replicate."""
    return f"ALTER ROLE {quoted(url.user or 'the user of the url')} REPLICATION;"


def quoted(name: str) -> str:
    """An identifier as SQL has it."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


@contextlib.contextmanager
def translated(url: ServerUrl, what: str) -> Iterator[None]:
    """The driver's errors as ours.

    Args:
        what: what is being done or read, with which the message begins.
    """
    try:
        yield
    except psycopg2.Error as error:
        raise refused(error, url, what) from None  # the driver's text may hold the password


def refused(error: psycopg2.Error, url: ServerUrl, what: str) -> SourceError:
    """Why a statement or the stream ended."""
    state = state_of(error)
    words = url.scrub(error.diag.message_primary or str(error).strip().partition("\n")[0])
    if _NO_WORDS in words:
        words = "the connection was cut"
    if state is None or is_transient_state(state):  # without a state it is the connection that broke
        return SourceUnavailable(
            f"{what}: the server went away: {words}", hint="run this again when it is up"
        )
    if state == _INTERNAL and _JUST_DROPPED.search(words):
        return SourceUnavailable(
            f"{what}: a table was dropped or made again just now: {words}", hint="run this again"
        )
    hints = {
        _NOT_PERMITTED: f"'{url.user}' lacks a right: see 'aidbt ingest status' for what streaming needs",
        _NOT_READY: "set wal_level = logical in postgresql.conf and restart the server"
        if "wal_level" in words
        else None,
        _IN_USE: "stop the other consumer, or give this source a slot of its own under cdc: slot",
        _UNDEFINED: "it was dropped, or did not exist yet at this point of the log; "
        "see 'aidbt ingest status'",
        _NO_SLOT_LEFT: "drop a slot that nobody needs, or raise max_replication_slots",
        _NO_UTF8: NAMES_HINT,
        _NOT_IN_UNICODE: "the database's own encoding has a character that Unicode has not, which a stream "
        "cannot leave out: load the table with 'aidbt ingest run', from a view that replaces it",
    }
    if state == _FILE_GONE:
        words = f"the server has removed a part of its log that has not landed: {words}"
    return SourceError(f"{what}: {words}", hint=hints.get(state))


class Control:
    """A connection for the catalog, beside the stream."""

    def __init__(self, url: ServerUrl) -> None:
        self.url = url
        self._connection = connect(url)

    @property
    def server_version(self) -> int:
        """180001 is 18.1."""
        return int(self._connection.server_version)

    def rows(
        self, query: str | sql.Composable, parameters: Sequence[Any] = (), *, what: str = "the catalog"
    ) -> list[tuple[Any, ...]]:
        """Every row of a query; none for a command.

        Raises:
            SourceUnavailable: the server went away.
            SourceError: it refused.
        """
        with translated(self.url, what), self._connection.cursor() as cursor:
            cursor.execute(query, tuple(parameters) or None)
            return cursor.fetchall() if cursor.description else []

    def text(self, command: sql.Composable) -> str:
        """A command as it is sent."""
        return str(command.as_string(self._connection))

    def close(self) -> None:
        """Drop the connection."""
        self._connection.close()
