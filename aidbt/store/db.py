"""The database behind aidbt's state: SQLite in WAL mode, with numbered migrations."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from aidbt.core.errors import AidbtError, StoreBusy, StoreError, VersionConflict
from aidbt.core.resilience import POLICIES, SystemClock, retry

_LOCK_WAIT_S = 10


@dataclass(frozen=True, slots=True)
class Record:
    """One saved value with its version, which starts at 1."""

    kind: str
    key: str
    version: int
    value: Any


class Store:
    """Versioned records, recorded runs, and the tables behind the cache."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction: committed when the block ends, rolled back when it raises.

        Raises:
            StoreBusy: another process kept the store locked for too long.
            StoreError: the store cannot be read or written.
        """
        try:
            with self._engine.begin() as connection:
                yield connection
        except DatabaseError as error:
            raise _translate(error) from error

    def get(self, kind: str, key: str) -> Record | None:
        """The record of that kind and key, or None."""
        with self.transaction() as connection:
            row = connection.execute(
                text("select version, value from records where kind = :kind and key = :key"),
                {"kind": kind, "key": key},
            ).first()
        return Record(kind, key, row.version, json.loads(row.value)) if row else None

    def all(self, kind: str) -> dict[str, Record]:
        """Every record of a kind, by key."""
        with self.transaction() as connection:
            rows = connection.execute(
                text("select key, version, value from records where kind = :kind order by key"),
                {"kind": kind},
            ).all()
        return {row.key: Record(kind, row.key, row.version, json.loads(row.value)) for row in rows}

    def put(self, kind: str, key: str, value: Any, *, expected_version: int | None = None) -> Record:
        """Save a JSON-like value and return it with its new version.

        Args:
            expected_version: the version the change was made on; 0 for a new record. None overwrites
                whatever is there, which is right for evidence that only replaces itself.

        Raises:
            VersionConflict: the record has another version by now. Nothing was saved.
        """
        body = {"kind": kind, "key": key, "value": json.dumps(value), "at": _now()}
        with self.transaction() as connection:
            version: int
            if expected_version is None:
                version = connection.execute(_UPSERT, body).scalar_one()
            elif expected_version == 0:
                version = 1
                try:
                    connection.execute(_INSERT, body)
                except IntegrityError as error:
                    raise VersionConflict(kind, key, 0, self._version(connection, kind, key)) from error
            else:
                version = expected_version + 1
                done = connection.execute(_UPDATE, body | {"expected": expected_version})
                if done.rowcount == 0:
                    raise VersionConflict(kind, key, expected_version, self._version(connection, kind, key))
        return Record(kind, key, version, value)

    def put_all(self, kind: str, values: dict[str, Any]) -> None:
        """Save many values of one kind in one transaction, each replacing what was there."""
        rows = [{"kind": kind, "key": k, "value": json.dumps(v), "at": _now()} for k, v in values.items()]
        if rows:
            with self.transaction() as connection:
                connection.execute(_REPLACE, rows)

    def _version(self, connection: Connection, kind: str, key: str) -> int | None:
        found: int | None = connection.execute(
            text("select version from records where kind = :kind and key = :key"), {"kind": kind, "key": key}
        ).scalar()
        return found

    def record_run(
        self,
        *,
        invocation_id: str,
        command: str,
        status: str,
        started_at: datetime,
        finished_at: datetime,
        report: Any,
    ) -> None:
        """Note one dbt run; noting it twice keeps the last report."""
        with self.transaction() as connection:
            connection.execute(
                _RECORD_RUN,
                {
                    "id": invocation_id,
                    "command": command,
                    "status": status,
                    "started": started_at.isoformat(),
                    "finished": finished_at.isoformat(),
                    "report": json.dumps(report),
                },
            )

    def runs(self, limit: int = 20) -> list[dict[str, Any]]:
        """The latest runs, newest first: invocation_id, command, status, times (ISO, UTC) and report."""
        with self.transaction() as connection:
            rows = connection.execute(_RUNS, {"limit": limit}).mappings().all()
        return [{**row, "report": json.loads(row["report"])} for row in rows]

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()


_INSERT = text(
    "insert into records (kind, key, version, value, saved_at) values (:kind, :key, 1, :value, :at)"
)
_UPDATE = text(
    "update records set value = :value, version = version + 1, saved_at = :at"
    " where kind = :kind and key = :key and version = :expected"
)
_REPLACE = text(
    "insert into records (kind, key, version, value, saved_at) values (:kind, :key, 1, :value, :at)"
    " on conflict (kind, key) do update set value = excluded.value, version = version + 1,"
    " saved_at = excluded.saved_at"
)
_UPSERT = text(_REPLACE.text + " returning version")
_RECORD_RUN = text(
    "insert into runs (invocation_id, command, status, started_at, finished_at, report)"
    " values (:id, :command, :status, :started, :finished, :report)"
    " on conflict (invocation_id) do update set status = excluded.status,"
    " finished_at = excluded.finished_at, report = excluded.report"
)
_RUNS = text(
    "select invocation_id, command, status, started_at, finished_at, report"
    " from runs order by started_at desc, invocation_id limit :limit"
)


def open_store(path: Path) -> Store:
    """The store at `path`, made and migrated when needed.

    Raises:
        StoreError: the file is no SQLite database, cannot be written, or a newer aidbt made it.
        StoreBusy: another process kept it locked for too long.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"the folder {path.parent} cannot be made: {error.strerror}", hint="check its permissions"
        ) from error
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": _LOCK_WAIT_S})
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("begin immediate"))
    try:
        _migrate(engine, path)
    except DatabaseError as error:
        raise _translate(error, path) from error
    return Store(engine)


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


def _migrate(engine: Engine, path: Path) -> None:
    """Apply the migrations that this database has not seen, each with its number, in one transaction."""
    available = sorted(
        (int(item.name[:3]), item)
        for item in files("aidbt.store").joinpath("migrations").iterdir()
        if item.name.endswith(".sql")
    )
    with engine.connect() as connection:
        current: int = connection.exec_driver_sql("pragma user_version").scalar_one()
    if current == available[-1][0]:
        return
    with engine.begin() as connection:
        current = connection.exec_driver_sql("pragma user_version").scalar_one()
        if current > available[-1][0]:
            raise StoreError(
                f"{path} was written by a newer aidbt (schema {current})",
                hint="upgrade aidbt; the store holds evidence only, so it may also be moved away",
            )
        for number, item in available:
            if number > current:
                for statement in item.read_text(encoding="utf-8").split(";"):
                    if statement.strip():
                        connection.exec_driver_sql(statement)
                # The value is a number from the file's name: pragma takes no parameters.
                connection.exec_driver_sql("pragma user_version = " + str(number))


def _translate(error: DatabaseError, path: Path | None = None) -> AidbtError:
    message = str(error.orig)
    where = f" {path}" if path else ""
    if isinstance(error, OperationalError) and "locked" in message:
        return StoreBusy(f"the store{where} is in use by another process", hint="try again in a moment")
    if "not a database" in message or "malformed" in message:
        return StoreError(
            f"the store{where} is damaged: {message}",
            hint="it holds evidence only, no decision: move the file away and run the command again",
        )
    if "full" in message:
        return StoreError(f"the disk is full while writing the store{where}", hint="free some space")
    return StoreError(f"the store{where} cannot be used: {message}")


def _now() -> str:
    return datetime.now(UTC).isoformat()
