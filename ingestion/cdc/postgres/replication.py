"""The stream of one slot: messages as they come, and what has landed told to the server."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from psycopg2 import extensions

from aidbt.core.errors import SourceUnavailable
from ingestion.cdc.postgres.connection import Control, connect, translated
from ingestion.cdc.postgres.messages import COMMIT
from ingestion.connectors.postgres.url import ANY_BYTES, ServerUrl

HEARTBEAT = "aidbt"  # the prefix of the messages that we write into the server's log

_EMIT = "select (pg_catalog.pg_logical_emit_message(true, %s, '') - '0/0')::bigint"
_GRANT = "GRANT EXECUTE ON FUNCTION pg_logical_emit_message(boolean, text, text) TO the user of the url"

# psycopg2 may answer by itself with a position that nobody has landed (see `confirm`), so it never does.
_NEVER_S = 1e9


@dataclass
class Received:
    """Messages that have come and are not decoded yet.

    Attributes:
        whole: how many of them, from the first on, are whole transactions.
    """

    payloads: list[bytes] = field(default_factory=list)
    size_bytes: int = 0
    whole: int = 0
    _times: list[tuple[int, int]] = field(default_factory=list)  # (up to which message, when in µs)

    @property
    def end_lsn(self) -> int:
        """Behind the last commit; 0 without one."""
        return int.from_bytes(self.payloads[self.whole - 1][10:18], "big") if self.whole else 0

    def noted(self, now_us: int) -> None:
        """All messages since the last call came at this time."""
        self._times.append((len(self.payloads), now_us))

    def take(self, count: int) -> tuple[list[bytes], npt.NDArray[np.int64]]:
        """The first messages, and when each came (microseconds since 1970)."""
        ends = np.array([end for end, _ in self._times], np.int64)
        times = np.array([at for _, at in self._times], np.int64)
        came_at = np.repeat(times, np.diff(ends, prepend=0))[:count]
        taken, self.payloads = self.payloads[:count], self.payloads[count:]
        self._times = [(end - count, at) for end, at in self._times if end > count]
        self.whole = max(self.whole - count, 0)
        self.size_bytes = sum(map(len, self.payloads))
        return taken, came_at


class ReplicationStream:
    """Messages of pgoutput from a slot, from a position on.

    Positions are confirmed only by `confirm`. psycopg2 moves its own one on when a keepalive comes while all
    it has sent is confirmed to the last message; therefore the byte before is confirmed, which to the server
    is the same transaction. Keepalives that ask for an answer come only when the server shuts down
    (wal_sender_timeout is 0): then it waits for this side to have landed everything, which may take as long
    as the warehouse is away. So a second connection watches, which a server that shuts down ends first, and
    the stream is cut with it.

    Raises:
        SourceUnavailable: the server went away.
        SourceError: it does not start to send: somebody else reads the slot, or something is missing.
    """

    def __init__(self, url: ServerUrl, slot: str, publications: str, start_lsn: int) -> None:
        self._url = url
        self._what = f"the replication slot {slot}"
        self._connection = connect(url, replication=True)
        self._cursor = self._connection.cursor()
        try:
            with translated(url, self._what):
                if self._connection.info.parameter_status("server_encoding") == ANY_BYTES:
                    # Text that is no UTF-8 would end the stream; so it comes as it is, to be a dead letter.
                    self._connection.set_client_encoding(ANY_BYTES)
                self._cursor.start_replication(
                    slot_name=slot,
                    start_lsn=start_lsn,
                    options={"proto_version": "1", "publication_names": publications, "messages": "true"},
                    status_interval=_NEVER_S,
                )
            self._watch = _Watch(url, self._connection)
        except BaseException:
            self._connection.close()
            raise

    @property
    def wal_end(self) -> int:
        """The last position that the server has spoken of."""
        return int(self._cursor.wal_end or 0)

    def receive(self, into: Received, *, messages: int, size_bytes: int) -> bool:
        """Add what has come, without waiting, until there are so many messages or bytes.

        Returns:
            Whether there may be more right now.

        Raises:
            SourceUnavailable: the server went away.
            SourceError: it ended the stream.
        """
        read, payloads, size, whole = self._cursor.read_message, into.payloads, into.size_bytes, into.whole
        has_more = True
        with translated(self._url, self._what):
            while size < size_bytes and len(payloads) < messages:
                message = read()
                if message is None:
                    has_more = False
                    break
                payload = message.payload
                payloads.append(payload)
                size += len(payload)
                if payload[0] == COMMIT:
                    whole = len(payloads)
        into.size_bytes, into.whole = size, whole
        into.noted(time.time_ns() // 1000)
        return has_more

    def wait(self, seconds: float) -> None:
        """Until something comes, at most so long."""
        try:
            select.select([self._connection], [], [], seconds)
        except (OSError, ValueError, extensions.QueryCanceledError) as error:
            raise SourceUnavailable(f"{self._what}: the connection is gone") from error

    def confirm(self, lsn: int) -> None:
        """Tell the server that everything before this position, the end of a commit, has landed.

        Raises:
            SourceUnavailable: the server went away.
        """
        with translated(self._url, self._what):
            self._cursor.send_feedback(write_lsn=lsn, flush_lsn=lsn - 1, apply_lsn=lsn - 1, force=True)

    def close(self) -> None:
        """Let go of the slot."""
        self._watch.close()
        self._connection.close()


class _Watch:
    """A connection on which nothing is asked, and a thread that cuts the stream when the server ends it."""

    def __init__(self, url: ServerUrl, stream: extensions.connection) -> None:
        self._connection = connect(url)
        # A descriptor of its own: the number of the stream's might belong to somebody else by then.
        self._stream = socket.socket(fileno=os.dup(stream.fileno()))
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="aidbt-cdc-watch", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        readable, _, _ = select.select([self._connection.fileno(), self._woken], [], [])
        if self._woken not in readable:
            with contextlib.suppress(OSError):
                self._stream.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._wake.close()
        self._thread.join()
        self._woken.close()
        self._stream.close()
        self._connection.close()


def heartbeat(control: Control) -> int:
    """Write an empty transaction into the server's log, so that the stream goes at least so far.

    What is not in our tables gives no messages, so without this nobody could say how far the stream is: a
    quiet table would retain the log of all others. The transaction changes no table.

    Returns:
        The position of the message; its commit ends behind it.

    Raises:
        SourceUnavailable: the server went away.
        SourceError: the user may not.
    """
    ((lsn,),) = control.rows(_EMIT, (HEARTBEAT,), what=f"a mark in the server's log (see {_GRANT})")
    return int(lsn)
