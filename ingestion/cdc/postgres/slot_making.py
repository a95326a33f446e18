"""A replication slot while the server makes it, which it may take hours for, and can be told to leave."""

from __future__ import annotations

import contextlib
import time

import psycopg2
from psycopg2 import sql

from ingestion.cdc.postgres.connection import Control, connect, is_done, translated
from ingestion.cdc.postgres.slots import NewSlot, lsn_of

_LOOK_EVERY_S = 3.0
_CANCELLED_S = 10.0  # for the server to say that it has stopped waiting

# What a session waits for: processes; 0 is a prepared transaction, which no process has any more.
_BLOCKERS = """
select b.pid, coalesce(nullif(a.application_name, ''), a.usename::text),
    pg_catalog.date_trunc('second', a.xact_start)::text
from unnest(pg_catalog.pg_blocking_pids(%s)) as b (pid)
left join pg_catalog.pg_stat_activity a on a.pid = b.pid
order by a.xact_start nulls last, b.pid
"""


class SlotInTheMaking:
    """A slot from now on, with its snapshot; the server waits until all transactions that write have ended.

    Raises:
        SourceUnavailable: the server went away.
        SourceError: it refused: no right, no slot left, or the name is taken.
    """

    def __init__(self, control: Control, name: str, *, temporary: bool) -> None:
        """Args:
        control: for looking at those that are waited for.
        """
        self._control = control
        self._told: tuple[str, ...] = ()
        self._look_at_s = time.monotonic() + _LOOK_EVERY_S
        self._what = f"the replication slot {name}"
        command = sql.SQL("CREATE_REPLICATION_SLOT {}{} LOGICAL pgoutput").format(
            sql.Identifier(name), sql.SQL(" TEMPORARY" if temporary else "")
        )
        self._connection = connect(control.url, replication=True, is_async=True)
        try:
            with translated(control.url, self._what):
                self._cursor = self._connection.cursor()
                self._cursor.execute(command)
        except BaseException:
            self._connection.close()
            raise

    def wait(self, seconds: float) -> NewSlot | None:
        """The slot, once it is there; None when it is not after so long.

        Raises:
            SourceUnavailable, SourceError: as the class.
        """
        try:
            with translated(self._control.url, self._what):
                if not is_done(self._connection, seconds):
                    return None
                _, lsn, snapshot, _ = self._cursor.fetchone()
        except BaseException:
            self._connection.close()
            raise
        return NewSlot(lsn_of(lsn), snapshot, self._connection)

    def news(self) -> tuple[str, ...]:
        """The transactions that are waited for, in words, the oldest first as far as we may see it.

        None for the first seconds, and while they are those that were given before.
        """
        if time.monotonic() < self._look_at_s:
            return ()
        self._look_at_s = time.monotonic() + _LOOK_EVERY_S
        rows = self._control.rows(_BLOCKERS, (self._connection.info.backend_pid,))
        blockers = tuple(_shown(*row) for row in rows)
        if blockers == self._told:
            return ()
        self._told = blockers
        return blockers

    def cancel(self) -> None:
        """Let the server stop waiting, and forget the slot. One that was made just now may be there."""
        with contextlib.suppress(psycopg2.Error):
            self._connection.cancel()
            is_done(self._connection, _CANCELLED_S)
        self._connection.close()


def _shown(pid: int, who: str | None, since: str | None) -> str:
    if pid == 0:
        return "a prepared transaction (see pg_prepared_xacts)"
    known = [each for each in (who, f"since {since}" if since else None) if each]
    return f"server process {pid}" + (f" ({', '.join(known)})" if known else "")
