"""The engine of a database: made from a URL, with its errors as ours and without its password in them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from aidbt.core.errors import SettingsError, SourceError, SourceUnavailable
from aidbt.project.scrub import scrubber

_CONNECT_S = 10
_PACKAGES = {"MySQLdb": "mysqlclient", "psycopg2": "psycopg2-binary", "psycopg": "psycopg[binary]"}
_TRANSIENT = re.compile(
    r"can't connect|could not connect|connection refused|timed? ?out|timeout expired|no route to host|"
    r"network is unreachable|connection reset|server has gone away|lost connection|"
    r"closed the connection unexpectedly|terminating connection|starting up|shutting down|"
    r"not yet accepting connections|too many (clients|connections)|remaining connection slots|"
    r"database is locked|deadlock|try restarting",
    re.IGNORECASE,
)
_REFUSED = re.compile(r"access denied|authentication failed|permission denied|login failed", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Server:
    """A database, not connected yet.

    Attributes:
        engine: with a pool of connections.
        shown: the URL without its password.
        secrets: what is hidden in every error.
        file: the database's file, for SQLite.
    """

    engine: sa.Engine
    shown: str
    secrets: tuple[str, ...] = field(repr=False)
    file: Path | None = None

    @contextlib.contextmanager
    def translated(self, what: str) -> Iterator[None]:
        """The errors of SQLAlchemy and of the driver as ours.

        Args:
            what: what was done, e.g. "the table orders".
        """
        try:
            yield
        except (sa.exc.SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error) as error:
            raise self._error(error, what) from None  # the driver's text may hold the password

    def _error(self, error: Exception, what: str) -> SourceError:
        driver = getattr(error, "orig", None) or error
        words = self._scrubbed(" ".join(str(part) for part in driver.args if str(part))).strip()
        words = words.splitlines()[0] if words else type(driver).__name__
        if _TRANSIENT.search(words) or getattr(error, "connection_invalidated", False):
            return SourceUnavailable(
                f"{self.shown}, {what}: cannot be reached now: {words}",
                hint="check that the server runs, and host and port of the url",
            )
        if _REFUSED.search(words):
            return SourceError(
                f"{self.shown}, {what}: the server refused: {words}",
                hint="check the user, the variable that holds the password, and what the user may read",
            )
        return SourceError(f"{self.shown}, {what}: cannot be read: {words}")

    def _scrubbed(self, text: str) -> str:
        return scrubber([{"password": secret} for secret in self.secrets], {})(text)


def server(text: str, root: Path) -> Server:
    """The database at a URL; nothing is connected.

    Args:
        root: what the path of a SQLite file is relative to.

    Raises:
        SettingsError: it is no URL, or its dialect or driver is not installed.
        SourceError: a SQLite file is not there.
    """
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError:
        raise SettingsError(
            "the url is not one that SQLAlchemy reads", hint="dialect+driver://user@host:port/database"
        ) from None
    shown = url.set(query={}, password=None).render_as_string()
    secrets = tuple(filter(None, (str(url.password or ""), *_secret_parameters(url))))
    file = None
    arguments: dict[str, Any] = {}
    try:
        name = url.get_backend_name()
        if name == "sqlite":
            file = _existing(url, root)
            # Read-only, and never made when it is missing.
            url = url.set(database=f"file:{quote(str(file))}", query={"mode": "ro", "uri": "true"})
        elif name in ("mysql", "mariadb", "postgresql"):
            arguments["connect_timeout"] = _CONNECT_S
        engine = sa.create_engine(url, connect_args=arguments, hide_parameters=True, pool_pre_ping=True)
    except sa.exc.NoSuchModuleError:
        raise SettingsError(
            f"SQLAlchemy has no dialect called '{url.drivername}'",
            hint="pip install the package that brings it (docs.sqlalchemy.org, 'External Dialects')",
        ) from None
    except ImportError as error:
        package = _PACKAGES.get(error.name or "", error.name)
        raise SettingsError(
            f"the driver of {shown} is not installed", hint=f"pip install '{package}'"
        ) from error
    return Server(engine, shown, secrets, file)


def _secret_parameters(url: sa.URL) -> Iterator[str]:
    for key, value in url.query.items():
        if re.search("pass|pwd|token|secret", key, re.IGNORECASE):
            yield from (value,) if isinstance(value, str) else value


def _existing(url: sa.URL, root: Path) -> Path:
    path = root / (url.database or "")
    if not url.database or not path.is_file():
        raise SourceError(
            f"there is no SQLite file at {url.database or 'the url'}",
            hint="sqlite:///folder/file.db is relative to the dbt project, sqlite:////… is absolute",
        )
    return path.absolute()
