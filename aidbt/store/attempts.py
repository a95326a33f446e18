"""Healing attempts in the store: one alive per cause and target, each step a compare-and-swap.

A step is saved only when nobody saved one since it was read (`version`), and nobody took the attempt over
(`token`, see `leases`): a healer that was paused, and wakes, changes nothing. Its entry in the audit is
written with it, or neither is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, text

from aidbt.core.attempts import Attempt, AttemptState
from aidbt.core.errors import LeaseLost, UnknownName, VersionConflict
from aidbt.store.audit import add_entry
from aidbt.store.db import Store

_ID = re.compile(r"(?:HEAL-?|#)?0*(\d{1,9})", re.IGNORECASE)
ALIVE = tuple(state for state in AttemptState if not state.is_over)


class Attempts:
    """The healing attempts of a project. Safe to share between threads.

    Args:
        who: whoever acts, for the audit.
        clock: seconds since 1970; the store's by default, a test passes its own.
    """

    def __init__(self, store: Store, who: str, *, clock: Callable[[], float] | None = None) -> None:
        self._store = store
        self._who = who
        self._clock = clock

    def now(self) -> datetime:
        """The time, by the clock that all healers share."""
        with self._store.transaction() as connection:
            return self._now(connection)

    def open(self, key: str, target: str, *, title: str = "", incident: str = "") -> Attempt:
        """The attempt that is alive for a cause, or a new one; never a second one.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._store.transaction() as connection:
            self._store.lock(connection, "attempts")
            row = connection.execute(_ALIVE, {"target": target, "key": key}).first()
            if row is not None:
                return _attempt(row)
            now = self._now(connection)
            number: int = connection.execute(_NEXT).scalar_one()
            attempt = Attempt(
                key, target, AttemptState.PENDING, now, now, f"HEAL-{number}", title,
                incident=incident, version=1,
            )  # fmt: skip
            connection.execute(_INSERT, _row(number, attempt, now))
            self._note(connection, "opened", attempt, before="")
        return attempt

    def save(self, before: Attempt, after: Attempt, *, token: int, what: str) -> Attempt:
        """A step, saved; the attempt has a new version then.

        Args:
            before: as it was read; what `after` was made from.
            token: of the lease under which the step was made.
            what: a verb for the audit.

        Raises:
            VersionConflict: somebody made a step meanwhile. Nothing was saved.
            LeaseLost: somebody with a higher token took it over. Nothing was saved.
            StoreError: the store cannot be written.
        """
        number = _number(before.id)
        assert number is not None, "an attempt is opened before it is saved"
        with self._store.transaction() as connection:
            now = self._now(connection)
            saved = replace(after, token=token, version=before.version + 1)
            done = connection.execute(_UPDATE, {**_row(number, saved, now), "expected": before.version})
            if done.rowcount == 0:
                row = connection.execute(_GET, {"number": number}).first()
                if row is not None and row.token > token:
                    raise LeaseLost(
                        f"{before.id} was taken over by another healer (token {row.token} after {token})",
                        hint="nothing was lost: that one goes on with it",
                    )
                raise VersionConflict(
                    "healing attempt", before.id, before.version, row.version if row is not None else None
                )
            self._note(connection, what, saved, before=before.state)
        return saved

    def get(self, id: str) -> Attempt:
        """The attempt that a person means by "HEAL-12", "heal12" or "12".

        Raises:
            UnknownName: there is none.
            StoreError: the store cannot be read.
        """
        number = _number(id)
        with self._store.transaction() as connection:
            row = connection.execute(_GET, {"number": number}).first() if number else None
            known = [] if row else [f"HEAL-{found.number}" for found in connection.execute(_NUMBERS)]
        if row is None:
            raise UnknownName("healing attempt", id, known)
        return _attempt(row)

    def all(
        self, *, states: Iterable[AttemptState] = tuple(AttemptState), limit: int = 1000
    ) -> tuple[Attempt, ...]:
        """Those in some states, oldest first; of more than `limit` the newest.

        Raises:
            StoreError: the store cannot be read.
        """
        wanted = {"states": [state.value for state in states], "limit": limit}
        with self._store.transaction() as connection:
            rows = connection.execute(_ALL, wanted).all()
        return tuple(_attempt(row) for row in reversed(rows))

    def _now(self, connection: Connection) -> datetime:
        seconds = self._store.now(connection) if self._clock is None else self._clock()
        return datetime.fromtimestamp(seconds, UTC)

    def _note(self, connection: Connection, what: str, attempt: Attempt, *, before: str) -> None:
        after = f"{attempt.state}: {attempt.why}" if attempt.why else str(attempt.state)
        add_entry(
            self._store, connection, who=self._who, what=what, subject=attempt.id,
            before=before, after=after, evidence=attempt.fault,
        )  # fmt: skip


def _row(number: int, attempt: Attempt, now: datetime) -> dict[str, Any]:
    body = asdict(attempt)
    for name in _COLUMNS:
        del body[name]
    times = {name: body[name].isoformat() for name in ("opened_at", "since")}
    return {
        "number": number,
        "target": attempt.target,
        "key": attempt.key,
        "state": attempt.state.value,
        "is_over": int(attempt.state.is_over),
        "token": attempt.token,
        "version": attempt.version,
        "updated_at": now.timestamp(),
        "body": json.dumps(body | times, ensure_ascii=False),
    }


def _attempt(row: Row[Any]) -> Attempt:
    body = json.loads(row.body)
    for name in ("opened_at", "since"):
        body[name] = datetime.fromisoformat(body[name])
    body["failed"] = tuple(body["failed"])
    return Attempt(
        key=row.key, target=row.target, state=AttemptState(row.state), id=f"HEAL-{row.number}",
        token=row.token, version=row.version, **body,
    )  # fmt: skip


def _number(id: str) -> int | None:
    match = _ID.fullmatch(id.strip())
    return int(match[1]) if match else None


_COLUMNS = ("key", "target", "state", "id", "token", "version")
_ALIVE = text(
    "select number, target, key, state, token, version, body from attempts"
    " where target = :target and key = :key and is_over = 0"
)
_GET = text("select number, target, key, state, token, version, body from attempts where number = :number")
_ALL = text(
    "select number, target, key, state, token, version, body from attempts where state in :states"
    " order by number desc limit :limit"
).bindparams(bindparam("states", expanding=True))
_NUMBERS = text("select number from attempts order by number desc limit 1000")
_NEXT = text("select coalesce(max(number), 0) + 1 from attempts")
_INSERT = text(
    "insert into attempts (number, target, key, state, is_over, token, version, updated_at, body)"
    " values (:number, :target, :key, :state, :is_over, :token, :version, :updated_at, :body)"
)
_UPDATE = text(
    "update attempts set state = :state, is_over = :is_over, token = :token, version = :version,"
    " updated_at = :updated_at, body = :body"
    " where number = :number and version = :expected and token <= :token"
)
