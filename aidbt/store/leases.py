"""Leases: who may write a resource now, with a token that only grows.

A lease that only times out is unsafe: a holder that was paused wakes and goes on writing. So every lease has
a *fencing token* (Kleppmann, "How to do distributed locking", 2016), and what is written to keeps the highest
token it has seen and refuses a lower one. Time decides here when somebody else may go on, never who is right.

A holder that ran on this host and is no more (`processes`) is not waited for: were that ever a mistake, its
token would be refused.

That is what makes clocks harmless. All holders share one: the server's in PostgreSQL, the host's for a SQLite
file. Set forward, leases end early: the next holder gets a higher token, and the one before finds its lease
lost or is refused. Set back, leases would last too long: whoever asks for one that ends later than its whole
time from now shortens it to that, so a dead holder is waited for at most once more.

A holder keeps a lease for as long as nobody took it, even when it renews too late. Tokens of one resource
grow within one store: after the store was deleted or moved, `raise_token` lifts them over those seen
before. A crash of PostgreSQL forgets none; after a power cut SQLite may forget the last one, but whoever had
it is as dead as the host.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, text

from aidbt.core.errors import LeaseLost, LeaseTaken, StoreError, UsageError
from aidbt.store.db import Store
from aidbt.store.processes import is_gone, process_mark

Mode = Literal["shared", "exclusive"]

DEFAULT_TTL_S = 30.0
_LONGEST_POLL_S = 0.5

# Where a store is → ids of leases of this process that were to be given back while it could not be written.
# They outlive the run that took them: the next one here would wait for a holder that is this very process.
_LEFT: defaultdict[str, set[str]] = defaultdict(set)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to use one resource until `expires_at`, and beyond until somebody takes it.

    Attributes:
        id: of this one lease; never used again.
        token: higher than that of every lease before, except of shared ones that are held at the same time.
        ttl_s: how long it lasts from each renewal.
    """

    id: str
    resource: str
    holder: str
    mode: Mode
    token: int
    ttl_s: float
    acquired_at: datetime
    expires_at: datetime


def this_process(what: str = "") -> str:
    """A holder's name that tells people where to look: host, process and what it does."""
    return f"{socket.gethostname()}, process {os.getpid()}" + (f" ({what})" if what else "")


class Leases:
    """The leases of one store.

    Args:
        clock: seconds since 1970; the store's own by default. A test passes its own.
    """

    def __init__(self, store: Store, *, clock: Callable[[], float] | None = None) -> None:
        self._store = store
        self._clock = clock
        self._left = _LEFT[store.location]

    def acquire(
        self, resource: str, holder: str, *, mode: Mode = "exclusive", ttl_s: float = DEFAULT_TTL_S
    ) -> Lease:
        """A lease on one resource; see `acquire_all`."""
        return self.acquire_all([resource], holder, mode=mode, ttl_s=ttl_s)[0]

    def acquire_all(
        self,
        resources: Iterable[str],
        holder: str,
        *,
        mode: Mode = "exclusive",
        ttl_s: float = DEFAULT_TTL_S,
    ) -> tuple[Lease, ...]:
        """Leases on several resources, sorted by name: all of them, or none.

        A shared lease stands beside other shared ones, an exclusive one alone. The holder's name is for
        people: it may not take again what it has.

        Args:
            ttl_s: how long they last unless they are renewed.

        Raises:
            LeaseTaken: somebody holds one of them.
            StoreError: the store cannot be written.
        """
        names = sorted(set(resources))
        if not names or not ttl_s > 0:
            raise UsageError(f"not a lease: {len(names)} resources for {ttl_s:g} s")
        left = tuple(self._left)
        with self._store.transaction() as connection:
            for lease_id in left:
                connection.execute(_RELEASE, {"id": lease_id})
            # Everybody locks in the order of the names, so nobody waits for somebody who waits for him.
            for name in names:
                connection.execute(_KNOW, {"resource": name})
                connection.execute(_LOCK, {"resource": name})
            now = self._now(connection)
            taken = [row for name in names for row in _in_the_way(connection, name, mode, now)]
            granted = [] if taken else [_grant(connection, name, holder, mode, ttl_s, now) for name in names]
        self._left.difference_update(left)
        if taken:  # said after the commit, which keeps what was found about time
            raise _taken(taken[0])
        return tuple(granted)

    def renew(self, lease: Lease) -> Lease:
        """The lease, lasting its whole time from now. Its token may have been raised meanwhile.

        Raises:
            LeaseLost: it ended, and somebody else has or had the resource.
            StoreError: the store cannot be written.
        """
        with self._store.transaction() as connection:
            now = self._now(connection)
            until = {"id": lease.id, "until": now + lease.ttl_s}
            is_held = connection.execute(_RENEW, until).rowcount == 1
            rows = connection.execute(_HELD, {"resource": lease.resource, "now": now}).all()
        if not is_held:
            raise _lost(lease, rows)
        return next(_lease(row) for row in rows if row.id == lease.id)

    def release(self, lease: Lease) -> None:
        """Give a lease back; nothing happens when it is gone already.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._store.transaction() as connection:
            connection.execute(_RELEASE, {"id": lease.id})

    def release_later(self, lease: Lease) -> None:
        """Give a lease back as soon as the store can be written again: before this process takes another."""
        self._left.add(lease.id)

    def held(self, resource: str | None = None) -> tuple[Lease, ...]:
        """The leases that have not ended and whose holders are not gone, by resource and age.

        Args:
            resource: only of this one.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._store.transaction() as connection:
            parameters = {"resource": resource, "now": self._now(connection)}
            rows = connection.execute(_HELD if resource is not None else _ALL_HELD, parameters).all()
        return tuple(_lease(row) for row in rows if not is_gone(row.process))

    def raise_token(self, lease: Lease, *, beyond: int) -> Lease:
        """The lease with a token above `beyond`, which what is written to has seen from another store.

        Those who share the lease learn the token when they renew.

        Raises:
            LeaseLost: it ended, and somebody else has or had the resource.
            StoreError: the store cannot be written.
        """
        with self._store.transaction() as connection:
            connection.execute(_LOCK, {"resource": lease.resource})
            if connection.execute(_IS_HELD, {"id": lease.id}).first():
                connection.execute(_RAISE, {"resource": lease.resource, "beyond": beyond})
        return self.renew(lease)

    @contextlib.contextmanager
    def leased(
        self,
        resources: Iterable[str],
        holder: str,
        *,
        mode: Mode = "exclusive",
        ttl_s: float = DEFAULT_TTL_S,
        wait_s: float = 0.0,
        stop: threading.Event | None = None,
    ) -> Iterator[HeldLeases]:
        """Leases on several resources while the block runs: renewed by a thread, given back at the end.

        Args:
            wait_s: how long to wait for somebody else's; a little more than their time to live outlasts a
                holder that was killed. Nothing is held meanwhile.
            stop: ends the wait.

        Raises:
            LeaseTaken: somebody still holds one of them.
            StoreError: the store cannot be written.
        """
        names = sorted(set(resources))
        leases = self._wait_for(names, holder, mode, ttl_s, wait_s, stop or threading.Event())
        held = HeldLeases(self, leases)
        try:
            yield held
        finally:
            held.close()

    def _wait_for(
        self, names: list[str], holder: str, mode: Mode, ttl_s: float, wait_s: float, stop: threading.Event
    ) -> tuple[Lease, ...]:
        give_up_at = time.monotonic() + wait_s
        while True:
            try:
                return self.acquire_all(names, holder, mode=mode, ttl_s=ttl_s)
            except LeaseTaken:
                left_s = give_up_at - time.monotonic()
                if left_s <= 0 or stop.wait(min(left_s, _LONGEST_POLL_S)):
                    raise

    def _now(self, connection: Connection) -> float:
        return self._store.now(connection) if self._clock is None else self._clock()


class HeldLeases:
    """Leases that a thread keeps renewing. Made by `Leases.leased`.

    Attributes:
        lost: set as soon as one of them is known to be lost, or could not be renewed for its whole time.
    """

    def __init__(self, leases: Leases, held: tuple[Lease, ...]) -> None:
        self.lost = threading.Event()
        self._leases = leases
        self._held = {lease.resource: lease for lease in held}
        self._ttl_s = held[0].ttl_s
        self._reason: LeaseLost | None = None
        # Counted by our own clock, from before the store was asked, so never too late.
        self._renewed_at = time.monotonic()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep_renewing, name="aidbt leases", daemon=True)
        self._thread.start()

    def token(self, resource: str) -> int:
        """The fencing token that goes with everything that is written to the resource."""
        return self._held[resource].token

    def check(self) -> None:
        """Return while all leases are ours, as far as can be known; asks the store only after a pause.

        Raises:
            LeaseLost: one is not. Stop; what is written to would refuse it anyway.
        """
        if not self.lost.is_set() and time.monotonic() - self._renewed_at >= self._ttl_s:
            self._renew()
        if self._reason is not None:
            raise self._reason

    def raise_token(self, resource: str, *, beyond: int) -> int:
        """The new token of a resource, above `beyond`; see `Leases.raise_token`.

        Raises:
            LeaseLost: the lease is not ours any more.
            StoreError: the store cannot be written.
        """
        with self._lock:
            lease = self._leases.raise_token(self._held[resource], beyond=beyond)
            self._held[resource] = lease
        return lease.token

    def close(self) -> None:
        """Stop renewing, and give the leases back."""
        self._closing.set()
        self._thread.join()
        for lease in self._held.values():
            try:
                self._leases.release(lease)
            except StoreError:
                self._leases.release_later(lease)  # or it ends by itself

    def _keep_renewing(self) -> None:
        pause_s = self._ttl_s / 3
        while not self._closing.wait(pause_s) and not self.lost.is_set():
            pause_s = self._ttl_s / 3 if self._renew() else self._ttl_s / 10

    def _renew(self) -> bool:
        """Renew all once; whether it was done. What cannot be done for the whole time to live is lost."""
        with self._lock:
            begun_at = time.monotonic()
            try:
                for resource, lease in self._held.items():
                    self._held[resource] = self._leases.renew(lease)
            except LeaseLost as error:
                self._lose(error)
            except StoreError as error:
                if time.monotonic() - self._renewed_at >= self._ttl_s:
                    self._lose(_not_renewed(lease, error))
            else:
                self._renewed_at = begun_at
                return True
        return False

    def _lose(self, reason: LeaseLost) -> None:
        self._reason = self._reason or reason
        self.lost.set()


def _in_the_way(connection: Connection, resource: str, mode: Mode, now: float) -> list[Row[Any]]:
    """Leases beside which one of that mode cannot stand; those that ended, or whose holders did, go."""
    at = {"resource": resource, "now": now}
    connection.execute(_SHORTEN, at)
    connection.execute(_FORGET, at)
    held = []
    for row in connection.execute(_HELD, at).all():
        if is_gone(row.process):
            connection.execute(_RELEASE, {"id": row.id})
        elif "exclusive" in (mode, row.mode):
            held.append(row)
    return held


def _grant(connection: Connection, resource: str, holder: str, mode: Mode, ttl_s: float, now: float) -> Lease:
    # Nobody is in the way: whoever is left shares the resource, and the token with it.
    connection.execute(_NEXT_TOKEN, {"resource": resource})
    row = {
        "id": uuid.uuid4().hex,
        "resource": resource,
        "holder": holder,
        "mode": mode,
        "ttl_s": ttl_s,
        "acquired_at": now,
        "expires_at": now + ttl_s,
        "process": process_mark(),
    }
    connection.execute(_INSERT, row)
    return _lease(connection.execute(_HELD_BY_ID, {"id": row["id"]}).one())


def _lease(row: Row[Any]) -> Lease:
    return Lease(
        id=row.id,
        resource=row.resource,
        holder=row.holder,
        mode=row.mode,
        token=row.token,
        ttl_s=row.ttl_s,
        acquired_at=_time(row.acquired_at),
        expires_at=_time(row.expires_at),
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _taken(row: Row[Any]) -> LeaseTaken:
    since, until = _time(row.acquired_at), _time(row.expires_at)
    return LeaseTaken(row.resource, row.holder, row.mode, since=since, until=until)


def _lost(lease: Lease, rows: Iterable[Row[Any]]) -> LeaseLost:
    now_held_by = ", ".join(row.holder for row in rows)
    by = f"{now_held_by} has it now" if now_held_by else "somebody else had it meanwhile"
    return LeaseLost(
        f"the lease on '{lease.resource}' (token {lease.token}) was not renewed in time: {by}",
        hint="nothing was lost: run the command again when nobody else works on it",
    )


def _not_renewed(lease: Lease, error: StoreError) -> LeaseLost:
    return LeaseLost(
        f"the lease on '{lease.resource}' could not be renewed for {lease.ttl_s:g} s: {error.message}",
        hint=error.hint,
    )


_COLUMNS = (
    "select id, leases.resource, holder, mode, token, ttl_s, acquired_at, expires_at, process"
    " from leases join lease_tokens on lease_tokens.resource = leases.resource"
)
_KNOW = text(
    "insert into lease_tokens (resource, token) values (:resource, 0) on conflict (resource) do nothing"
)
# Locks the row in PostgreSQL; in SQLite the whole file is locked already.
_LOCK = text("update lease_tokens set token = token where resource = :resource")
_SHORTEN = text(
    "update leases set expires_at = :now + ttl_s where resource = :resource and expires_at > :now + ttl_s"
)
_FORGET = text("delete from leases where resource = :resource and expires_at <= :now")
_NEXT_TOKEN = text(
    "update lease_tokens set token = token + 1 where resource = :resource"
    " and not exists (select 1 from leases where leases.resource = lease_tokens.resource)"
)
_INSERT = text(
    "insert into leases (id, resource, holder, mode, ttl_s, acquired_at, expires_at, process)"
    " values (:id, :resource, :holder, :mode, :ttl_s, :acquired_at, :expires_at, :process)"
)
_RENEW = text("update leases set expires_at = :until where id = :id")
_RELEASE = text("delete from leases where id = :id")
_IS_HELD = text("select 1 from leases where id = :id")
_RAISE = text("update lease_tokens set token = :beyond + 1 where resource = :resource and token <= :beyond")
_HELD_BY_ID = text(_COLUMNS + " where id = :id")
_HELD = text(
    _COLUMNS + " where leases.resource = :resource and expires_at > :now order by acquired_at, holder, id"
)
_ALL_HELD = text(_COLUMNS + " where expires_at > :now order by leases.resource, acquired_at, holder, id")
