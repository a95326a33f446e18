"""Incidents in the store: one decision at a time, and saved together with whom it is to be told to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, text

from aidbt.core.errors import UnknownName, VersionConflict
from aidbt.core.incidents import Incident, IncidentChange, IncidentState, Notice
from aidbt.store.db import Store
from aidbt.store.incident_json import incident_from_json, incident_to_json
from aidbt.store.outbox import add_notices, told_channels

# For how long one that is over is looked at when something is wrong again.
RECENT = timedelta(days=30)
_ID = re.compile(r"(?:INC-?|#)?0*(\d{1,9})", re.IGNORECASE)

Decide = Callable[[tuple[Incident, ...]], Sequence[IncidentChange]]
# A change, and the channels that know of the incident and not of its end → whom it is told to.
Announce = Callable[[IncidentChange, frozenset[str]], Iterable[Notice]]


class Incidents:
    """The incidents of a project. Safe to share between threads.

    Args:
        clock: seconds since 1970; the store's by default, a test passes its own.
    """

    def __init__(self, store: Store, *, clock: Callable[[], float] | None = None) -> None:
        self._store = store
        self._clock = clock

    def all(
        self, *, states: Iterable[IncidentState] = tuple(IncidentState), limit: int | None = None
    ) -> tuple[Incident, ...]:
        """Those in some states, oldest first.

        Args:
            limit: at most so many, the newest; None for all.

        Raises:
            StoreError: the store cannot be read.
        """
        wanted = {"states": [state.value for state in states], "limit": 1 << 31 if limit is None else limit}
        with self._store.transaction() as connection:
            rows = connection.execute(_ALL, wanted).all()
        return tuple(_incident(row) for row in reversed(rows))

    def count(self, *, states: Iterable[IncidentState]) -> int:
        """How many there are in some states.

        Raises:
            StoreError: the store cannot be read.
        """
        wanted = {"states": [state.value for state in states]}
        with self._store.transaction() as connection:
            found: int = connection.execute(_COUNT, wanted).scalar_one()
        return found

    def some(self, ids: Iterable[str]) -> dict[str, Incident]:
        """The incidents of these ids, by id; those that there are not are left out.

        Raises:
            StoreError: the store cannot be read.
        """
        numbers = sorted({number for id in ids if (number := _number(id)) is not None})
        if not numbers:
            return {}
        with self._store.transaction() as connection:
            rows = connection.execute(_SOME, {"numbers": numbers}).all()
        return {incident.id: incident for incident in map(_incident, rows)}

    def get(self, id: str) -> Incident:
        """The incident that a person means by "INC-12", "inc12" or "12".

        Raises:
            UnknownName: there is none; the hint says which is meant, or which are open.
            StoreError: the store cannot be read.
        """
        number = _number(id)
        with self._store.transaction() as connection:
            row = connection.execute(_GET, {"number": number}).first() if number else None
            ids = [] if row else [_id(other.number) for other in connection.execute(_NUMBERS)]
        if row is None:
            raise UnknownName("incident", id, ids)
        return _incident(row)

    def change(self, decide: Decide, announce: Announce) -> tuple[IncidentChange, ...]:
        """What `decide` made of the incidents that are open or ended lately, saved with the notices of it.

        All in one transaction, in which nobody else decides: two runs at once do not open one cause twice.

        Args:
            decide: pure, given the incidents by number; it may be called only once.
            announce: who is to be told of a change, whose incident has its id by then; see `Announce`.

        Raises:
            VersionConflict: a change was made on an older version. Nothing was saved.
            StoreError: the store cannot be written.
        """
        with self._store.transaction() as connection:
            self._store.lock(connection, "incidents")
            now = self._now(connection)
            since = {"since": now - RECENT.total_seconds()}
            known = tuple(_incident(row) for row in connection.execute(_LIVE, since))
            return _saved(connection, decide(known), announce, now)

    def save(self, changes: Sequence[IncidentChange], announce: Announce) -> tuple[IncidentChange, ...]:
        """Changes that were decided before, e.g. by a person who looked at them.

        Raises:
            VersionConflict: somebody changed one of them meanwhile. Nothing was saved.
            StoreError: the store cannot be written.
        """
        with self._store.transaction() as connection:
            self._store.lock(connection, "incidents")
            return _saved(connection, changes, announce, self._now(connection))

    def _now(self, connection: Connection) -> float:
        # That of the outbox too: whether a message is being sent is told by one clock.
        return self._store.now(connection) if self._clock is None else self._clock()


def _saved(
    connection: Connection, changes: Sequence[IncidentChange], announce: Announce, now: float
) -> tuple[IncidentChange, ...]:
    saved = []
    for change in changes:
        after = _insert(connection, change.after) if change.before is None else _update(connection, change)
        done = replace(change, after=after)
        aware = told_channels(connection, after.id) if change.before is not None else frozenset()
        add_notices(connection, announce(done, aware), datetime.fromtimestamp(now, UTC))
        saved.append(done)
    return tuple(saved)


def _insert(connection: Connection, incident: Incident) -> Incident:
    number: int = connection.execute(_NEXT).scalar_one()
    after = replace(incident, id=_id(number), version=1)
    connection.execute(_INSERT, _row(number, after))
    return after


def _update(connection: Connection, change: IncidentChange) -> Incident:
    number = _number(change.after.id)
    assert number is not None
    after = replace(change.after, version=change.after.version + 1)
    done = connection.execute(_UPDATE, {**_row(number, after), "expected": change.after.version})
    if done.rowcount == 0:
        actual = connection.execute(_VERSION, {"number": number}).scalar()
        raise VersionConflict("incident", change.after.id, change.after.version, actual)
    return after


def _row(number: int, incident: Incident) -> dict[str, Any]:
    return {
        "number": number,
        "state": incident.state.value,
        "updated_at": incident.updated_at.timestamp(),
        "version": incident.version,
        "body": json.dumps(incident_to_json(incident), ensure_ascii=False),
    }


def _incident(row: Row[Any]) -> Incident:
    return incident_from_json(_id(row.number), row.version, json.loads(row.body))


def _id(number: int) -> str:
    return f"INC-{number}"


def _number(id: str) -> int | None:
    match = _ID.fullmatch(id.strip())
    return int(match[1]) if match else None


_ALL = text(
    "select number, state, version, body from incidents where state in :states"
    " order by number desc limit :limit"
).bindparams(bindparam("states", expanding=True))
_COUNT = text("select count(*) from incidents where state in :states").bindparams(
    bindparam("states", expanding=True)
)
_SOME = text("select number, state, version, body from incidents where number in :numbers").bindparams(
    bindparam("numbers", expanding=True)
)
_GET = text("select number, state, version, body from incidents where number = :number")
_NUMBERS = text("select number from incidents order by number desc limit 1000")
_LIVE = text(
    "select number, state, version, body from incidents"
    " where state in ('open', 'acknowledged') or updated_at >= :since order by number"
)
_NEXT = text("select coalesce(max(number), 0) + 1 from incidents")
_INSERT = text(
    "insert into incidents (number, state, updated_at, version, body)"
    " values (:number, :state, :updated_at, :version, :body)"
)
_UPDATE = text(
    "update incidents set state = :state, updated_at = :updated_at, version = :version, body = :body"
    " where number = :number and version = :expected"
)
_VERSION = text("select version from incidents where number = :number")
