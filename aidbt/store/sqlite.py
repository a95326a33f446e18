"""The store in a SQLite file: one host, several processes, write-ahead log."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from aidbt.core.errors import AidbtError, StoreBusy, StoreError, StoreUnavailable
from aidbt.core.resilience import POLICIES, SystemClock, retry
from aidbt.store.database import LOCK_WAIT_S


class SqliteDatabase:
    """The file at `path`; its folder is made, the file by the first transaction.

    Args:
        lock_wait_s: how long a transaction waits for one of another process.

    Raises:
        StoreError: the folder cannot be made.
    """

    variant = "sqlite"

    def __init__(self, path: Path, *, lock_wait_s: float = LOCK_WAIT_S) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"the folder {path.parent} cannot be made: {error.strerror}", hint="check its permissions"
            ) from error
        self.location = str(path)
        self.engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": lock_wait_s})
        event.listen(self.engine, "connect", _on_connect)
        # Read-then-write would fail where another process wrote in between, so every transaction may write.
        event.listen(self.engine, "begin", lambda connection: connection.exec_driver_sql("begin immediate"))

    def version(self, connection: Connection) -> int:
        number: int = connection.exec_driver_sql("pragma user_version").scalar_one()
        return number

    def set_version(self, connection: Connection, version: int) -> None:
        # A number of ours: pragma takes no parameters.
        connection.exec_driver_sql("pragma user_version = " + str(version))

    def lock(self, connection: Connection, name: str) -> None:
        """Nothing: a transaction is alone in the file."""

    def make_schema(self, connection: Connection) -> None:
        """Nothing: the file is there."""

    def now(self, connection: Connection) -> float:
        """The host's clock, which all users of the file share. It may be set back; see `leases`."""
        return time.time()

    def translate(self, error: DBAPIError) -> AidbtError:
        message = str(error.orig)
        where = f"the store {self.location}"
        if isinstance(error, OperationalError) and "locked" in message:
            return StoreBusy(f"{where} is in use by another process", hint="try again in a moment")
        if "not a database" in message or "malformed" in message:
            return StoreError(
                f"{where} is damaged: {message}",
                hint="it holds evidence only, no decision: move the file away and run the command again",
            )
        if "full" in message:
            return StoreUnavailable(f"the disk is full while writing {where}", hint="free some space")
        if "unable to open" in message or "readonly" in message:
            return StoreError(
                f"{where} cannot be used: {message}",
                hint="check its folder's permissions and that the disk is not read-only, or set store.path",
            )
        return StoreError(f"{where} cannot be used: {message}")


def _on_connect(raw: Any, _: Any) -> None:
    raw.isolation_level = None  # the driver's own, late BEGIN would let two writers collide
    # SQLite does not wait for a lock while it changes the mode, so two first users at once would collide.
    retry(
        lambda: raw.execute("pragma journal_mode = wal"),
        POLICIES["database"],
        clock=SystemClock(),
        rng=Random(),
    )
    raw.execute("pragma synchronous = normal")
