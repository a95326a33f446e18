"""Landing micro-batches in a warehouse that others use too: opened, written, let go."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

from aidbt.core.errors import AidbtError, LeaseTaken, StoreBusy, StoreUnavailable, WarehouseLocked
from aidbt.store.leases import HeldLeases, Leases
from aidbt.store.turns import Asked
from aidbt.warehouse import Warehouse
from ingestion.bronze import SINKS
from ingestion.bronze.base import Destination, Fence, StaleFence, WarehouseDown, WriteConflict
from ingestion.changes import ChangeSink, Committed, StreamState
from ingestion.spool import Pulled

# What ends by itself, or when somebody makes room: until then changes can wait elsewhere. Of the store only
# what is asked for a commit (the leases of its tables).
_DOWN = (WarehouseLocked, WarehouseDown, WriteConflict, LeaseTaken, StoreBusy, StoreUnavailable)


# While a backlog is landed: how long nobody else can open the warehouse, and then can. It is for those who
# try again by themselves; who asks for the warehouse (`aidbt.store.turns`) gets it after the commit in hand.
_LONGEST_HOLD_S = 2.0
_GAP_S = 0.25


def is_down(error: BaseException) -> bool:
    """Whether the warehouse cannot be written now, and nothing is wrong with what was to be written."""
    return isinstance(error, _DOWN)


class MakesWay(WarehouseLocked):
    """Somebody asks for the warehouse, and gets it first."""


class StreamMoved(AidbtError):
    """The warehouse says that the stream stands elsewhere than the changes in hand follow on."""


class Landing:
    """Lands the micro-batches of one stream.

    Opening the warehouse costs more than a small commit, so it stays open until `let_go`, which is called
    whenever there is nothing to land, so that dbt can build. Whenever it was let go somebody may have
    restored it: where the stream stands is then read again, and a batch lands only behind exactly the parts
    it follows on. It is not opened while somebody asks for it.

    Args:
        hold: keep the warehouse until `close`, or somebody asks for it.
        held: the right to write this stream, under its name `resource`.
        asked: tells who asks for the warehouse.
    """

    def __init__(
        self,
        open_warehouse: Callable[[], Warehouse],
        schema: str,
        source: str,
        *,
        hold: bool,
        held: HeldLeases,
        resource: str,
        asked: Asked,
    ) -> None:
        self._open_warehouse = open_warehouse
        self._schema = schema
        self._source = source
        self._hold = hold
        self._held = held
        self._resource = resource
        self._asked = asked
        self._path: Path | None = None  # of a warehouse that lets in one process at a time
        self._open = contextlib.ExitStack()
        self._opened_at = 0.0
        self._sink: ChangeSink | None = None
        self._is_known = False

    def start(self) -> StreamState:
        """Where the stream stands, once nobody with an older right can write it any more.

        Raises:
            LeaseLost: our right is somebody else's by now.
            WarehouseError: it cannot be opened or written; see `is_down`.
        """
        with self._opened() as sink:
            sink.prepare(self._schema)
            claim(sink, self._schema, self._held, self._resource)
            self._is_known = True
            return sink.state(self._schema, self._source)

    def land(self, pulled: Pulled, *, now: datetime) -> Committed | None:
        """What was committed; None when the batch had landed before.

        Raises:
            StreamMoved: the stream stands neither before nor behind the batch.
            StaleFence: somebody with a later right has written.
            WarehouseError: it was not landed; see `is_down`.
        """
        with self._opened() as sink:
            if not self._is_known:
                parts = sink.parts(self._schema, self._source)
                if parts == pulled.end:
                    return None
                _check_follows(pulled, parts, self._source)
                self._is_known = True
            return sink.commit(
                pulled.batch, self._schema, now=now, fence=fence_of(self._held, self._resource)
            )

    def let_go(self, *, is_busy: bool) -> None:
        """Let others at the warehouse: when somebody asks for it; and, unless it is to be held, when nothing
        is to be landed at once or it was open for long.
        """
        if self._sink is None:
            return
        is_done = not is_busy or time.monotonic() - self._opened_at > _LONGEST_HOLD_S
        if self._asked_by() is None and (self._hold or not is_done):
            return
        self.close()
        if is_busy:
            time.sleep(_GAP_S)

    def close(self) -> None:
        """Let the warehouse go."""
        self._sink, self._is_known = None, False
        self._open.close()

    def _asked_by(self) -> str | None:
        return None if self._path is None else self._asked.by(self._path)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[ChangeSink]:
        try:
            if self._sink is None:
                warehouse = self._open_warehouse()
                self._path = getattr(warehouse, "path", None)
                who = self._asked_by()
                if who is not None:
                    raise MakesWay(f"the warehouse {self._path} is asked for by {who}")
                connection = self._open.enter_context(warehouse.connect(read_only=False))
                self._sink = SINKS.load(warehouse.dialect)(connection, alone=True)
                self._opened_at = time.monotonic()
            yield self._sink
        except BaseException:
            # Whether it has landed is not known for sure, and the connection may be of no more use.
            self.close()
            raise


def fence_of(held: HeldLeases, resource: str) -> Fence:
    """The right to write a resource, as the warehouse is told of it."""
    return Fence(resource, held.token(resource))


def claim(sink: ChangeSink, schema: str, held: HeldLeases, resource: str) -> None:
    """Let the warehouse refuse everybody who had the right to write a resource before us.

    Raises:
        LeaseLost: the right is somebody else's by now.
        WarehouseError: it cannot be written.
    """
    try:
        sink.claim(schema, fence_of(held, resource))
    except StaleFence as stale:
        # The store was lost or moved, and its tokens began anew; or we are the one who is refused, which
        # shows when the token is raised.
        held.raise_token(resource, beyond=stale.seen)
        sink.claim(schema, fence_of(held, resource))


def table_lease(
    leases: Leases, sink: ChangeSink, holder: str, *, ttl_s: float
) -> Callable[[Destination], AbstractContextManager[Fence]]:
    """What takes the lease of a table while it is loaded, and gives the fence to load it under.

    Raises (what is given does):
        LeaseTaken: somebody else writes the table. Five tries outlast one who was killed.
        StoreError: the store cannot be written.
    """

    @contextlib.contextmanager
    def lease(to: Destination) -> Iterator[Fence]:
        resource = f"table:{to}"
        with leases.leased([resource], holder, ttl_s=ttl_s, wait_s=ttl_s / 3) as held:
            seen = sink.fence_token(to.schema, resource)
            if seen is not None and seen >= held.token(resource):  # from a store that was lost or moved
                held.raise_token(resource, beyond=seen)
            yield fence_of(held, resource)

    return lease


def _check_follows(pulled: Pulled, parts: Mapping[str, Any], source: str) -> None:
    if parts != pulled.start:
        raise StreamMoved(
            f"the stream of '{source}' was at {dict(parts)} in the warehouse, not at {dict(pulled.start)}",
            hint="somebody restored the warehouse, or wrote the stream from elsewhere",
        )
