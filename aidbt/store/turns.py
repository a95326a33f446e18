"""Turns at a warehouse that lets in one process at a time: who asks for it, and who makes way.

A stream of changes opens the warehouse again and again, so somebody who comes once would find it in use most
of the time. Who asks holds a lease on it in the store; streams look there before they open it, and let
changes wait elsewhere until the lease is gone. Nobody is kept out by it: whether the warehouse is free is
said by the warehouse alone.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from aidbt.core.errors import StoreError
from aidbt.store.db import Store
from aidbt.store.leases import Leases, this_process

_STREAMS = "stream:"  # what streams hold leases on begins so
_LOOK_EVERY_S = 0.2


@contextlib.contextmanager
def asked_for(open_store: Callable[[], Store], path: Path, what: str) -> Iterator[bool]:
    """Ask for the warehouse while the block runs; several may at the same time.

    Yields whether a stream is at work, which will let it go. Without a store nobody can be asked.

    Args:
        path: of the warehouse's file.
        what: what it is asked for, e.g. "aidbt build"; those who make way tell it.
    """
    with contextlib.ExitStack() as stack:
        try:
            leases = Leases(open_store())
            stack.enter_context(leases.leased([_resource(path)], this_process(what), mode="shared"))
            is_heard = any(lease.resource.startswith(_STREAMS) for lease in leases.held())
            if is_heard:
                time.sleep(_LOOK_EVERY_S)  # until nobody goes by having looked before
        except StoreError:
            is_heard = False
        yield is_heard


class Asked:
    """Who asks for the warehouse that we use; the store is looked at a few times a second at most."""

    def __init__(self, store: Store) -> None:
        self._leases = Leases(store)
        self._looked_at: float | None = None
        self._by: str | None = None

    def by(self, path: Path) -> str | None:
        """Who asks for it; None when nobody does, or the store does not say."""
        now = time.monotonic()
        if self._looked_at is None or now - self._looked_at >= _LOOK_EVERY_S:
            try:
                held = self._leases.held(_resource(path))
            except StoreError:
                held = ()
            self._by = held[0].holder if held else None
            self._looked_at = now
        return self._by


def _resource(path: Path) -> str:
    return f"warehouse:{path}"
