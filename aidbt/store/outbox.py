"""What people are still to be told, kept until a channel has taken it: one that is down loses nothing.

A message is not kept, only that there is one: it is written from the incident as it is when it is sent. So
nothing is told twice that could be told once, and no address, token or text of a message is in the store.

Each message is claimed for a while by who sends it. Whoever is killed meanwhile leaves it to the next, with
the same id: it may arrive twice (the id tells), but it does arrive.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, text

from aidbt.core.incidents import ENDS, Notice, What
from aidbt.store.db import Store

_FIRST_WAIT_S = 60.0
_LONGEST_WAIT_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Posting:
    """One thing that one channel is to be told.

    Attributes:
        id: the same at every try; a receiver knows by it what it has got already.
        channel, incident: the channel's name, and the incident's id.
        noted_at: when it happened, due_at: not before then.
        tries: how often it was tried, this time included once it is claimed.
        problem: why it was not sent the last time; "" when it was not tried.
        reference: what the channel gave for the last message about the incident; "" when there was none.
        told: what it was told last; "" for nothing.
    """

    id: str
    channel: str
    incident: str
    what: What
    is_digest: bool
    noted_at: datetime
    due_at: datetime
    tries: int = 0
    problem: str = ""
    reference: str = ""
    told: str = ""


class Outbox:
    """What is waiting to be sent. Safe to share between threads.

    Args:
        clock: seconds since 1970; the store's by default, a test passes its own.
    """

    def __init__(self, store: Store, *, clock: Callable[[], float] | None = None) -> None:
        self._store = store
        self._clock = clock

    def claim(self, *, for_s: float, now_too: bool = False) -> tuple[Posting, ...]:
        """What is due and nobody else sends, oldest first; it is ours for so many seconds.

        Args:
            now_too: also what waits after a failure or for a digest.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._store.transaction() as connection:
            self._store.lock(connection, "outbox")
            now = self._now(connection)
            due = {"now": now, "due": float("1e15") if now_too else now}
            rows = connection.execute(_DUE, due).all()
            # What it is of now: a check that was just saved may have made more of it since it was read.
            whats = [
                connection.execute(_CLAIM, {"id": row.id, "until": now + for_s}).scalar() for row in rows
            ]
        found = zip(rows, whats, strict=True)
        return tuple(replace(_posting(row, tries=row.tries + 1), what=what) for row, what in found if what)

    def waiting(self) -> tuple[Posting, ...]:
        """All that has not been sent, oldest first.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._store.transaction() as connection:
            return tuple(_posting(row, tries=row.tries) for row in connection.execute(_WAITING))

    def sent(self, postings: Sequence[Posting], reference: str = "") -> None:
        """Note that a channel has taken them, and what it calls the message.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._store.transaction() as connection:
            now = self._now(connection)
            for posting in postings:
                connection.execute(_DONE, {"id": posting.id})
                if not posting.is_digest:
                    told = {"channel": posting.channel, "incident": posting.incident, "what": posting.what}
                    connection.execute(_TOLD, {**told, "reference": reference, "at": now})

    def failed(self, postings: Sequence[Posting], problem: str, *, wait_s: float | None = None) -> None:
        """Note why they were not sent; they are due again later, the longer the more often it was tried.

        Args:
            problem: one line, without secrets.
            wait_s: at least so long, when the receiver asked for it.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._store.transaction() as connection:
            now = self._now(connection)
            for posting in postings:
                pause_s = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 4.0 ** min(posting.tries - 1, 20))
                again = {"id": posting.id, "due": now + max(pause_s, wait_s or 0.0), "problem": problem}
                connection.execute(_FAILED, again)

    def release(self, postings: Sequence[Posting]) -> None:
        """Give back what was claimed and not tried: it is due at once.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._store.transaction() as connection:
            for posting in postings:
                connection.execute(_RELEASE, {"id": posting.id})

    def drop(self, postings: Sequence[Posting]) -> None:
        """Forget what nobody is to be told any more, e.g. by a channel that is not in the settings.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._store.transaction() as connection:
            for posting in postings:
                connection.execute(_DONE, {"id": posting.id})

    def _now(self, connection: Connection) -> float:
        return self._store.now(connection) if self._clock is None else self._clock()


def add_notices(connection: Connection, notices: Iterable[Notice], now: datetime) -> None:
    """Keep notices in a transaction of somebody else's.

    One that a channel has not been told yet is replaced by what happened to the same incident since.
    """
    for notice in notices:
        row = {
            "channel": notice.channel,
            "incident": notice.incident,
            "what": notice.what,
            "digest": int(notice.is_digest),
            "due": notice.due_at.timestamp(),
            "now": now.timestamp(),
        }
        pending = connection.execute(_PENDING, row).first()
        if pending is not None:
            row["what"] = _worth_telling(pending.what, notice.what)
            if connection.execute(_REPLACE, {**row, "id": pending.id}).rowcount:
                continue
        connection.execute(_ADD, {**row, "id": uuid.uuid4().hex})


def told_channels(connection: Connection, incident: str) -> frozenset[str]:
    """The channels that were told of an incident, or are about to be, and not that it is over."""
    over = {"over": list(ENDS), "incident": incident}
    return frozenset(row.channel for row in connection.execute(_AWARE, over))


def _worth_telling(before: str, after: str) -> str:
    """What a channel is told that knows of neither: the later, unless that only adds to what came before."""
    return before if after in _ADDING else after


_ADDING = ("updated", "worse", "acknowledged", "proposed", "handed over", "mended")


def _posting(row: Row[Any], *, tries: int) -> Posting:
    return Posting(
        id=row.id,
        channel=row.channel,
        incident=row.incident,
        what=row.what,
        is_digest=bool(row.is_digest),
        noted_at=datetime.fromtimestamp(row.noted_at, UTC),
        due_at=datetime.fromtimestamp(row.due_at, UTC),
        tries=tries,
        problem=row.problem,
        reference=row.reference or "",
        told=row.told or "",
    )


_WAITING = text("select * from postings order by noted_at, id")
# Nothing overtakes what is just being sent about the same incident.
_DUE = text(
    "select * from postings p where p.due_at <= :due and not exists (select 1 from outbox o"
    " where o.channel = p.channel and o.incident = p.incident and o.claimed_until > :now)"
    " order by p.noted_at, p.id"
)
_CLAIM = text("update outbox set claimed_until = :until, tries = tries + 1 where id = :id returning what")
_DONE = text("delete from outbox where id = :id")
_FAILED = text("update outbox set claimed_until = 0, due_at = :due, problem = :problem where id = :id")
_RELEASE = text("update outbox set claimed_until = 0, tries = tries - 1 where id = :id")
_PENDING = text(
    "select id, what from outbox where channel = :channel and incident = :incident"
    " and is_digest = :digest and claimed_until <= :now order by noted_at desc limit 1"
)
_AWARE = text(
    "select channel from told where incident = :incident and what not in :over"
    " union select channel from outbox where incident = :incident and is_digest = 0 and what not in :over"
).bindparams(bindparam("over", expanding=True))
_REPLACE = text("update outbox set what = :what where id = :id and claimed_until <= :now")
_ADD = text(
    "insert into outbox (id, channel, incident, what, is_digest, noted_at, due_at, tries, claimed_until,"
    " problem) values (:id, :channel, :incident, :what, :digest, :now, :due, 0, 0, '')"
)
_TOLD = text(
    "insert into told (channel, incident, reference, what, told_at)"
    " values (:channel, :incident, :reference, :what, :at)"
    " on conflict (channel, incident) do update set reference = excluded.reference, what = excluded.what,"
    " told_at = excluded.told_at"
)
