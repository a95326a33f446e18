"""The URL of a PostgreSQL server: what of it may be shown, and what the driver is given."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from aidbt.core.errors import SettingsError
from aidbt.project.scrub import scrubber

ANY_BYTES = "SQL_ASCII"  # the encoding of a database whose text may be any bytes

_SCHEMES = ("postgres", "postgresql")
_HOST = re.compile(r"(?P<name>\[[^\[\]]*\]|[^:\[\]]*)(:\d*)?")
_SECRET_PARAMETERS = ("password", "sslpassword")

# Without a timeout a host that does not answer is waited for until the kernel gives up, two minutes later.
_DEFAULTS = {"application_name": "aidbt%20ingest", "connect_timeout": "10"}
# Whatever the url or PGCLIENTENCODING says (libpq takes the last): what arrives is read as UTF-8.
_ALWAYS = "client_encoding=UTF8"


@dataclass(frozen=True, slots=True)
class ServerUrl:
    """A checked URL.

    Attributes:
        full: what the driver is given, password included; never shown.
        shown: user, host, port and database.
        secrets: the passwords, as written in the URL and as they are.
    """

    full: str = field(repr=False)
    shown: str
    database: str
    user: str
    secrets: tuple[str, ...] = field(repr=False)

    def scrub(self, text: str) -> str:
        """The text with the passwords hidden."""
        return scrubber([{"password": secret} for secret in self.secrets], {})(text)


def server_url(text: str) -> ServerUrl:
    """The URL, checked so strictly that libpq cannot take a piece of a password for a host and report it.

    Raises:
        SettingsError: it is no URL of PostgreSQL, or has characters that have to be percent-encoded. The
            message repeats nothing of it.
    """
    scheme, _, rest = text.strip().partition("://")
    if scheme not in _SCHEMES or not rest:
        raise SettingsError("the url is not one of PostgreSQL", hint="postgresql://user@host:5432/database")
    before_query, _, query = rest.partition("?")
    authority, _, database = before_query.partition("/")
    login, _, hosts = authority.rpartition("@")
    matches = [_HOST.fullmatch(host) for host in hosts.split(",")]
    if rest.count("@") > bool(login) or re.search(r"[\s#\\]", rest) or not all(matches):
        raise SettingsError(
            "the url cannot be read: its user or password has a character that means something in a URL",
            hint="write @ as %40, / as %2F, : as %3A, # as %23, ? as %3F and a space as %20; or leave the "
            "password out and set the variable PGPASSWORD",
        )
    given = [pair.partition("=")[::2] for pair in query.split("&") if pair]
    parameters = {unquote(name): unquote(value) for name, value in given}
    defaults = [f"{name}={value}" for name, value in _DEFAULTS.items() if name not in parameters]
    user, _, password = login.partition(":")
    secrets = {password, unquote(password), *(parameters.get(name, "") for name in _SECRET_PARAMETERS)}
    database = unquote(database) or parameters.get("dbname", "")
    user = unquote(user) or parameters.get("user", "")
    server = hosts or parameters.get("host", "localhost")
    return ServerUrl(
        full=f"postgresql://{before_query}?{'&'.join([query] * bool(query) + [_ALWAYS, *defaults])}",
        shown=f"{user}@{server}/{database}" if user else f"{server}/{database}",
        database=database,
        user=user,
        secrets=tuple(sorted(secrets - {""})),
    )
