"""The store: versioned records and recorded runs, in a SQLite file or in PostgreSQL."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from aidbt.core.config import StoreSettings
from aidbt.core.errors import VersionConflict
from aidbt.store.database import LOCK_WAIT_S, Database, migrate
from aidbt.store.postgres import PostgresDatabase, parse_url, schema_of
from aidbt.store.sqlite import SqliteDatabase


@dataclass(frozen=True, slots=True)
class Record:
    """One saved value with its version, which starts at 1."""

    kind: str
    key: str
    version: int
    value: Any


class Store:
    """Versioned records, recorded runs, and the tables behind cache, vectors, leases and metrics.

    Safe to share between threads, not between processes.

    Attributes:
        location: where it is, for people.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.location = database.location

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction: committed when the block ends, rolled back when it raises.

        Raises:
            StoreBusy: another process kept the store locked for too long.
            StoreUnavailable: its server cannot be reached, or went away.
            StoreError: the store cannot be read or written.
        """
        try:
            with self._database.engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise self._database.translate(error) from error

    def now(self, connection: Connection) -> float:
        """Seconds since 1970 by the clock that all users of this store share."""
        return self._database.now(connection)

    def lock(self, connection: Connection, name: str) -> None:
        """Keep out everybody else who locks that name, until the transaction ends."""
        self._database.lock(connection, name)

    def check(self) -> None:
        """Try to write, and leave nothing behind.

        Raises:
            StoreError: the store cannot be written.
        """
        with contextlib.suppress(_Undone), self.transaction() as connection:
            connection.execute(_INSERT, {"kind": "check", "key": "check", "value": "null", "at": _now()})
            raise _Undone

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
                if connection.execute(_INSERT, body).rowcount == 0:
                    raise VersionConflict(kind, key, 0, self._version(connection, kind, key))
            else:
                version = expected_version + 1
                done = connection.execute(_UPDATE, body | {"expected": expected_version})
                if done.rowcount == 0:
                    raise VersionConflict(kind, key, expected_version, self._version(connection, kind, key))
        return Record(kind, key, version, value)

    def put_all(self, kind: str, values: dict[str, Any]) -> None:
        """Save many values of one kind in one transaction, each replacing what was there."""
        at = _now()
        # In the order of the keys, so that two processes that save the same ones do not wait for each other.
        rows = [{"kind": kind, "key": k, "value": json.dumps(values[k]), "at": at} for k in sorted(values)]
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
        target: str = "",
    ) -> None:
        """Note one dbt run; noting it twice keeps the last report.

        Args:
            target: of the profile that dbt used; "" where nobody knows it.
        """
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
                    "target": target,
                },
            )

    def runs(
        self, limit: int = 20, *, since: datetime | None = None, skip: int = 0, target: str = ""
    ) -> list[dict[str, Any]]:
        """The latest runs, newest first: invocation_id, command, status, times (ISO, UTC) and report.

        Args:
            since: only those that began then or later; in UTC.
            skip: how many of the latest to leave out, for who reads them page by page.
            target: only those of this target, and those whose target nobody knows; "" for all.
        """
        begin = since.isoformat() if since else ""
        parameters = {"limit": limit, "since": begin, "skip": skip, "target": target}
        with self.transaction() as connection:
            rows = connection.execute(_RUNS, parameters).mappings().all()
        return [{**row, "report": json.loads(row["report"])} for row in rows]

    def run(self, invocation_id: str) -> dict[str, Any] | None:
        """One run as `runs` has it; None when it was never recorded."""
        with self.transaction() as connection:
            row = connection.execute(_RUN, {"id": invocation_id}).mappings().first()
        return {**row, "report": json.loads(row["report"])} if row else None

    def run_ids(self, *, since: datetime, target: str = "") -> dict[str, datetime]:
        """Invocation id → when it ended (UTC), of the runs that began then or later, the newest first.

        Args:
            target: as in `runs`.
        """
        parameters = {"since": since.isoformat(), "target": target}
        with self.transaction() as connection:
            rows = connection.execute(_RUN_IDS, parameters).all()
        return {row.invocation_id: datetime.fromisoformat(row.finished_at) for row in rows}

    def run_targets(self, *, since: datetime | None = None) -> dict[str, int]:
        """How many runs there are of each target; "" are those whose target nobody knows."""
        with self.transaction() as connection:
            rows = connection.execute(_RUN_TARGETS, {"since": since.isoformat() if since else ""}).all()
        return {row.target: row.runs for row in rows}

    def forget_runs(self, before: datetime) -> int:
        """Drop the runs that began before a time (UTC); how many they were."""
        with self.transaction() as connection:
            return connection.execute(_FORGET_RUNS, {"before": before.isoformat()}).rowcount

    def close(self) -> None:
        """Release the file, or the connections."""
        self._database.engine.dispose()


class _Undone(Exception):
    """Rolls a transaction back on purpose."""


_INSERT = text(
    "insert into records (kind, key, version, value, saved_at) values (:kind, :key, 1, :value, :at)"
    " on conflict (kind, key) do nothing"
)
_UPDATE = text(
    "update records set value = :value, version = version + 1, saved_at = :at"
    " where kind = :kind and key = :key and version = :expected"
)
_REPLACE = text(
    "insert into records (kind, key, version, value, saved_at) values (:kind, :key, 1, :value, :at)"
    " on conflict (kind, key) do update set value = excluded.value, version = records.version + 1,"
    " saved_at = excluded.saved_at"
)
_UPSERT = text(_REPLACE.text + " returning version")
_RECORD_RUN = text(
    "insert into runs (invocation_id, command, status, started_at, finished_at, report, target)"
    " values (:id, :command, :status, :started, :finished, :report, :target)"
    " on conflict (invocation_id) do update set status = excluded.status,"
    " finished_at = excluded.finished_at, report = excluded.report, target = excluded.target"
)
_RUN = text(
    "select invocation_id, command, status, started_at, finished_at, report"
    " from runs where invocation_id = :id"
)
_RUNS = text(
    "select invocation_id, command, status, started_at, finished_at, report"
    " from runs where started_at >= :since and (cast(:target as text) = '' or target in ('', :target))"
    " order by started_at desc, invocation_id limit :limit offset :skip"
)
_RUN_IDS = text(
    "select invocation_id, finished_at from runs"
    " where started_at >= :since and (cast(:target as text) = '' or target in ('', :target))"
    " order by started_at desc, invocation_id"
)
_RUN_TARGETS = text(
    "select target, count(*) as runs from runs where started_at >= :since group by target order by target"
)
_FORGET_RUNS = text("delete from runs where started_at < :before")


def open_store(path: Path, *, lock_wait_s: float = LOCK_WAIT_S) -> Store:
    """The store in the SQLite file at `path`, made and migrated when needed.

    Raises:
        StoreError: the file is no SQLite database, cannot be written, or a newer aidbt made it.
        StoreBusy: another process kept it locked for too long.
    """
    return _opened(SqliteDatabase(path, lock_wait_s=lock_wait_s))


def open_shared_store(url: str, schema: str, *, lock_wait_s: float = LOCK_WAIT_S) -> Store:
    """The store in a schema of a PostgreSQL database, made and migrated when needed.

    Args:
        url: libpq's form, `postgresql://user:password@host:5432/database`.
        schema: lower-case letters, digits and underscores.

    Raises:
        MissingExtra: the driver is not installed.
        SettingsError: the URL cannot be read.
        StoreUnavailable: the server cannot be reached.
        StoreError: it refused, or a newer aidbt made the schema.
        StoreBusy: another process kept it locked for too long.
    """
    return _opened(PostgresDatabase(url, schema, lock_wait_s=lock_wait_s))


def open_configured_store(settings: StoreSettings, *, project: str, root: Path) -> Store:
    """The store that the settings of a project name: the team's database, else the project's own file.

    Args:
        project: its name, which names the schema where the settings do not.
        root: the folder that a relative path starts at.

    Raises:
        MissingExtra, SettingsError, StoreError: see `open_store` and `open_shared_store`.
    """
    url = settings.url.get_secret_value()
    if url:
        return open_shared_store(url, settings.schema_name or schema_of(project))
    return open_store(root / settings.path)


def store_location(settings: StoreSettings, *, project: str) -> str:
    """Where the store that the settings name is, for people; nothing is opened.

    Raises:
        MissingExtra, SettingsError: see `open_shared_store`.
    """
    url = settings.url.get_secret_value()
    if url:
        return f"schema {settings.schema_name or schema_of(project)} of {parse_url(url).shown}"
    return settings.path


def _opened(database: Database) -> Store:
    try:
        migrate(database)
    except BaseException:
        database.engine.dispose()
        raise
    return Store(database)


def _now() -> str:
    return datetime.now(UTC).isoformat()
