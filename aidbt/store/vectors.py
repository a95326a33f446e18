"""Vectors of texts, kept by model and text: bounded, and the least recently used go first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

from sqlalchemy import Float, LargeBinary, bindparam, text

from aidbt.store.db import Store

if TYPE_CHECKING:
    import numpy as np

_KEYS_AT_ONCE = 5_000  # parameters of one statement; SQLite allows 32,766
_USE_NOTED_EVERY_S = 3_600.0


class VectorTable:
    """Vectors in the store.

    Neither a text nor the name of its model is kept, only a hash of both: what is embedded may come from
    the values of a column. A use is noted once an hour, so that reading writes little; within the hour the
    one that was kept first goes first.

    Args:
        limit: how many vectors are kept, of all models together.
        clock: seconds since 1970; a test passes its own.
    """

    def __init__(self, store: Store, *, limit: int = 100_000, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._limit = limit
        self._clock = clock

    def get_many(self, model: str, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """The vectors that are kept, by text: float32, one axis, not to be written to.

        Raises:
            StoreError: the store cannot be read.
        """
        import numpy as np

        by_key = {_key(model, item): item for item in texts}
        if not by_key:
            return {}
        now = self._clock()
        found: dict[str, np.ndarray] = {}
        stale: list[bytes] = []
        with self._store.transaction() as connection:
            for keys in _parts(list(by_key), _KEYS_AT_ONCE):
                for row in connection.execute(_GET, {"keys": keys}):
                    found[by_key[row.key]] = np.frombuffer(row.vector, dtype="<f4")
                    if abs(now - row.used_at) >= _USE_NOTED_EVERY_S:  # also when the clock was set back
                        stale.append(row.key)
            for keys in _parts(stale, _KEYS_AT_ONCE):
                connection.execute(_USE, {"keys": keys, "now": now})
        return found

    def put_many(self, model: str, vectors: Mapping[str, np.ndarray]) -> None:
        """Keep vectors by text, replacing what was kept; then the oldest beyond the limit are dropped.

        Raises:
            StoreError: the store cannot be written.
        """
        import numpy as np

        now = self._clock()
        rows = [
            {"key": _key(model, item), "vector": np.asarray(vector, dtype="<f4").tobytes(), "now": now}
            for item, vector in vectors.items()
        ]
        if rows:
            with self._store.transaction() as connection:
                connection.execute(_PUT, rows)
                beyond = connection.execute(_COUNT).scalar_one() - self._limit
                if beyond > 0:
                    connection.execute(_DROP, {"count": beyond})


def _key(model: str, item: str) -> bytes:
    """16 bytes: among a billion texts two collide with a probability of 10^-21."""
    return blake2b(f"{len(model)} {model} {item}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _parts(items: list[bytes], size: int) -> Iterator[list[bytes]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


_GET = (
    text("select key, vector, used_at from vectors where key in :keys")
    .bindparams(bindparam("keys", expanding=True))
    .columns(key=LargeBinary, vector=LargeBinary, used_at=Float)
)
_USE = text("update vectors set used_at = :now where key in :keys").bindparams(
    bindparam("keys", expanding=True)
)
_PUT = text(
    "insert into vectors (key, vector, used_at) values (:key, :vector, :now)"
    " on conflict (key) do update set vector = excluded.vector, used_at = excluded.used_at"
)
_COUNT = text("select count(*) from vectors")
_DROP = text(
    "delete from vectors where rowid in (select rowid from vectors order by used_at, rowid limit :count)"
)
