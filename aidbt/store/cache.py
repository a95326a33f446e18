"""The one cache: values with a time to live, and invalidation that cascades and is logged."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from aidbt.core.errors import UnknownName
from aidbt.store.db import Store

HOUR_S = 3600.0

# Kind → seconds a value is good for.
TTL_S = {
    "profile": 24 * HOUR_S,
    "past_profile": 90 * 24 * HOUR_S,  # what a table once held stays true of that time
    "mapping": 24 * HOUR_S,
    "embedding": 7 * 24 * HOUR_S,
    "schema": 1 * HOUR_S,
    "sql": 24 * HOUR_S,
    "lineage": 1 * HOUR_S,
    "quality": 1 * HOUR_S,
    "response": 5 * 60.0,
    "completion": 7 * 24 * HOUR_S,
    "reading": 7 * 24 * HOUR_S,  # found by its content: time makes none of it untrue
}

# What happened to an entity → the kinds that are no longer true of it.
CASCADE = {
    "schema_update": ("schema", "profile", "mapping", "embedding", "sql", "lineage"),
    "data_load": ("profile", "quality", "response"),
    "mapping_decision": ("mapping", "sql"),
    "pipeline_run": ("lineage", "quality", "response"),
}


class Cache:
    """Values by (kind, entity, key).

    Args:
        clock: seconds since 1970; a test passes its own.
    """

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def get(self, kind: str, entity: str, key: str = "") -> Any | None:
        """The value, or None when there is none or it is too old."""
        _check(kind, TTL_S, "kind of cached value")
        with self._store.transaction() as connection:
            value = connection.execute(
                _GET, {"kind": kind, "entity": entity, "key": key, "now": self._clock()}
            ).scalar()
        return None if value is None else json.loads(value)

    def get_all(self, kind: str) -> dict[tuple[str, str], Any]:
        """Every value of a kind that is not too old, by (entity, key)."""
        _check(kind, TTL_S, "kind of cached value")
        with self._store.transaction() as connection:
            rows = connection.execute(_GET_ALL, {"kind": kind, "now": self._clock()}).all()
        return {(row.entity, row.key): json.loads(row.value) for row in rows}

    def put(self, kind: str, entity: str, value: Any, key: str = "") -> None:
        """Keep a JSON-like value for the time its kind allows."""
        self.put_all(kind, {(entity, key): value})

    def put_all(self, kind: str, values: dict[tuple[str, str], Any]) -> None:
        """Keep many values of one kind, in one transaction."""
        _check(kind, TTL_S, "kind of cached value")
        expires = self._clock() + TTL_S[kind]
        rows = [
            {"kind": kind, "entity": entity, "key": key, "value": json.dumps(value), "expires": expires}
            for (entity, key), value in sorted(values.items(), key=lambda item: item[0])
        ]
        if rows:
            with self._store.transaction() as connection:
                connection.execute(_PUT, rows)

    def invalidate(self, entity: str, change: str) -> dict[str, int]:
        """Drop what a change to `entity` (or to anything below it, "entity.…") makes untrue.

        Returns:
            Kind → how many values were dropped; also written to the invalidation log.

        Raises:
            UnknownName: no such change.
        """
        _check(change, CASCADE, "change")
        dropped: dict[str, int] = {}
        with self._store.transaction() as connection:
            for kind in CASCADE[change]:
                done = connection.execute(
                    _DROP, {"kind": kind, "entity": entity, "from": entity + ".", "to": entity + "/"}
                )
                dropped[kind] = done.rowcount
                connection.execute(
                    _LOG,
                    {
                        "at": datetime.fromtimestamp(self._clock(), UTC).isoformat(),
                        "entity": entity,
                        "change": change,
                        "kind": kind,
                        "removed": done.rowcount,
                    },
                )
            connection.execute(_EXPIRE, {"now": self._clock()})
        return dropped

    def invalidations(self) -> list[tuple[str, str, str, int]]:
        """The log: (entity, change, kind, values dropped), oldest first."""
        with self._store.transaction() as connection:
            rows = connection.execute(_INVALIDATIONS).all()
        return [(row.entity, row.change, row.kind, row.removed) for row in rows]


def _check(name: str, known: dict[str, Any], what: str) -> None:
    if name not in known:
        raise UnknownName(what, name, known)


_GET = text(
    "select value from cache where kind = :kind and entity = :entity and key = :key and expires_at > :now"
)
_GET_ALL = text("select entity, key, value from cache where kind = :kind and expires_at > :now")
_PUT = text(
    "insert into cache (kind, entity, key, value, expires_at) values (:kind, :entity, :key, :value, :expires)"
    " on conflict (kind, entity, key) do update set value = excluded.value, expires_at = excluded.expires_at"
)
# '/' is the character after '.': the range holds exactly the entities that start with "entity.".
_DROP = text(
    "delete from cache where kind = :kind and (entity = :entity or (entity >= :from and entity < :to))"
)
_LOG = text(
    "insert into cache_invalidations (at, entity, change, kind, removed)"
    " values (:at, :entity, :change, :kind, :removed)"
)
_EXPIRE = text("delete from cache where expires_at <= :now")
_INVALIDATIONS = text("select entity, change, kind, removed from cache_invalidations order by rowid")
