"""The store in a schema of a PostgreSQL database, shared by a team."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from aidbt.core.errors import (
    AidbtError,
    MissingExtra,
    SettingsError,
    StoreBusy,
    StoreError,
    StoreUnavailable,
)
from aidbt.store.database import LOCK_WAIT_S

_CONNECT_TIMEOUT_S = 10
# A process that is paused inside a transaction keeps its locks: the server ends it after this long.
_IDLE_TIMEOUT_S = 30
_HIDDEN = "*****"


@dataclass(frozen=True, slots=True)
class StoreUrl:
    """A checked URL in libpq's form.

    Attributes:
        full: what the driver is given, password included; never shown.
        shown: user, host, port and database.
        secrets: the passwords, as they are and as a URL writes them.
    """

    full: str = field(repr=False)
    shown: str
    user: str
    secrets: tuple[str, ...] = field(repr=False)

    def scrub(self, message: str) -> str:
        """The message with the passwords hidden."""
        for secret in self.secrets:
            message = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", _HIDDEN, message)
        return message


def parse_url(url: str) -> StoreUrl:
    """The URL, refused where libpq would take a piece of a password for a host and print it.

    Raises:
        MissingExtra: the driver is not installed.
        SettingsError: it is no URL of PostgreSQL. The message repeats nothing of it.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise SettingsError(
            "store.url is not a URL of PostgreSQL", hint="postgresql://user@host:5432/database"
        )
    parts = _parts(url)
    host, port, database = parts.get("host", ""), parts.get("port", ""), parts.get("dbname", "")
    if not parts or "@" in host + database or "/" in database or not re.fullmatch(r"[\d,]*", port):
        raise SettingsError(
            "store.url cannot be read: maybe its password has a character that means something in a URL",
            hint="write @ as %40, / as %2F, : as %3A and % as %25; or leave the password out and set"
            " PGPASSWORD",
        )
    given = {parts.get("password", ""), parts.get("sslpassword", "")} - {""}
    user = parts.get("user", "")
    server = f"{host or 'localhost'}{f':{port}' if port else ''}/{database}"
    return StoreUrl(
        full=url,
        shown=f"{user}@{server}" if user else server,
        user=user,
        secrets=tuple(sorted(given | {quote(secret, safe="") for secret in given}, key=len, reverse=True)),
    )


def _parts(url: str) -> dict[str, str]:
    """What libpq reads in the URL; nothing where it cannot. Its words may repeat a piece of the password."""
    try:
        import psycopg2
        from psycopg2.extensions import parse_dsn
    except ImportError as error:
        raise MissingExtra("a store in PostgreSQL", "postgres-store") from error
    try:
        parts: dict[str, str] = parse_dsn(url)
    except (psycopg2.ProgrammingError, UnicodeError):
        return {}
    return parts


def schema_of(project: str) -> str:
    """The schema of a project's store where the settings name none: several projects share a database.

    Example:
        >>> schema_of("Jaffle Shop")
        'aidbt_jaffle_shop'
    """
    return f"aidbt_{re.sub(r'[^a-z0-9_]+', '_', project.lower())}"[:63]


class PostgresDatabase:
    """One schema of the database that a URL names; the schema is made with the first migration.

    Every transaction sets its schema and its time limits itself, so that a pooler between us and the server
    may hand out another session each time.

    Args:
        schema: lower-case letters, digits and underscores, so that it needs no quotes.
        lock_wait_s: how long a statement waits for a lock of another process.

    Raises:
        MissingExtra: the driver is not installed.
        SettingsError: the URL cannot be read.
    """

    variant = "postgresql"

    def __init__(self, url: str, schema: str, *, lock_wait_s: float = LOCK_WAIT_S) -> None:
        self._url = parse_url(url)
        self._schema = schema
        self.location = f"schema {schema} of {self._url.shown}"
        self.engine = create_engine(
            "postgresql+psycopg2://",
            creator=self._connect,
            isolation_level="READ COMMITTED",
            executemany_mode="values_plus_batch",
            pool_pre_ping=True,
        )
        limits = {
            "schema": schema,
            "lock": f"{int(lock_wait_s * 1000)}ms",
            "idle": f"{_IDLE_TIMEOUT_S}s",
        }
        event.listen(self.engine, "begin", lambda connection: connection.execute(_BEGIN, limits))

    def _connect(self) -> Any:
        import psycopg2

        return psycopg2.connect(
            self._url.full,
            connect_timeout=_CONNECT_TIMEOUT_S,
            application_name="aidbt store",
            client_encoding="UTF8",
            keepalives_idle=30,
        )

    def version(self, connection: Connection) -> int:
        if connection.execute(_HAS_VERSION, {"name": f"{self._schema}.schema_version"}).scalar():
            number: int = connection.execute(_VERSION).scalar_one()
            return number
        return 0

    def set_version(self, connection: Connection, version: int) -> None:
        connection.execute(_SET_VERSION, {"version": version})

    def lock(self, connection: Connection, name: str) -> None:
        connection.execute(_LOCK, {"name": f"aidbt store {self._schema} {name}"})

    def make_schema(self, connection: Connection) -> None:
        # Asked for first: `create schema if not exists` needs the right to make schemas even where it is.
        if not connection.execute(_HAS_SCHEMA, {"name": self._schema}).scalar():
            from sqlalchemy.schema import CreateSchema

            connection.execute(CreateSchema(self._schema))
        if self.version(connection) == 0:
            connection.execute(_MAKE_VERSION)
            connection.execute(_FIRST_VERSION)

    def now(self, connection: Connection) -> float:
        """The server's clock now, not at the transaction's begin: it may have waited for a lock."""
        return float(connection.execute(_NOW).scalar_one())

    def translate(self, error: DBAPIError) -> AidbtError:
        where = f"the store in {self.location}"
        state = getattr(error.orig, "pgcode", None)
        said = self._url.scrub(str(error.orig)).strip().split("\n")[0]
        if state in _BUSY:
            return StoreBusy(f"{where} is in use by another process", hint="try again in a moment")
        if state == "42501":
            return StoreError(f"{where}: {self._who()} may not do this: {said}", hint=self._grant_hint(said))
        if state == "25006":
            return StoreError(
                f"{where} is read only", hint="store.url has to name the primary, not a standby"
            )
        if state in ("53100", "53200"):
            return StoreError(f"{where}: the server is out of space: {said}", hint="free some there")
        if state is not None and not state.startswith(_GONE):
            return StoreError(f"{where} cannot be used: {said}")
        if refused := next((hint for words, hint in _REFUSED.items() if re.search(words, said)), None):
            return StoreError(f"{where} cannot be opened: {said}", hint=refused)
        return StoreUnavailable(
            f"{where} cannot be reached: {said}",
            hint="check that the server runs, and host and port of store.url; then try again",
        )

    def _grant_hint(self, said: str) -> str:
        """What gives our user the rights that the server says it lacks."""
        schema, user = self._schema, f'"{self._url.user}"' if self._url.user else "<user>"
        if "for database" in said:
            return f"let its owner run: CREATE SCHEMA {schema} AUTHORIZATION {user}"
        return (
            f"let its owner run: GRANT USAGE ON SCHEMA {schema} TO {user};"
            f" GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {user}"
        )

    def _who(self) -> str:
        return f"user '{self._url.user}'" if self._url.user else "its user"


# lock_not_available, deadlock_detected, serialization_failure
_BUSY = ("55P03", "40P01", "40001")
# connection exceptions, shutdown and crash, too many connections, idle for too long in a transaction
_GONE = ("08", "57P", "53300", "25P03")
# What the server says while a connection is made; psycopg2 has no code for it.
_REFUSED = {
    "password authentication failed|no password supplied": "check the password in AIDBT_STORE_URL (or "
    "PGPASSWORD)",
    'database ".*" does not exist': "create that database, or check store.url",
    'role ".*" does not exist': "check the user in store.url",
    "no pg_hba.conf entry": "add a line to the server's pg_hba.conf, or ?sslmode=require to store.url",
    "invalid connection option|invalid .* value": "check store.url",
}

# synchronous_commit: a fencing token that a crash of the server forgets would be given twice.
_BEGIN = text(
    "select set_config('search_path', :schema, true), set_config('lock_timeout', :lock, true),"
    " set_config('idle_in_transaction_session_timeout', :idle, true),"
    " set_config('synchronous_commit', 'on', true)"
)
_HAS_VERSION = text("select to_regclass(:name) is not null")
_HAS_SCHEMA = text("select to_regnamespace(:name) is not null")
_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")
_MAKE_VERSION = text("create table schema_version (version integer not null)")
_FIRST_VERSION = text("insert into schema_version (version) values (0)")
_VERSION = text("select version from schema_version")
_SET_VERSION = text("update schema_version set version = :version")
_NOW = text("select extract(epoch from clock_timestamp())")
