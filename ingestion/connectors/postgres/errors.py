"""The driver's errors as ours. ADBC gives an SQLSTATE for some, and only libpq's words for the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aidbt.core.errors import SourceError, SourceUnavailable
from ingestion.connectors.postgres.url import ServerUrl

NAMES_HINT = "the name of a schema, table, column or type of the database is no UTF-8: rename it"
AS_TEXT_HINT = "name the column under as_text, as table.column, to land it as PostgreSQL's own text"

_SQLSTATE = re.compile(r"SQLSTATE: (\w{5})")
_NOISE = re.compile(r"^(\w+: )?(\[libpq\] )?")
_SERVER_WORDS = re.compile(r"(?:FATAL|ERROR|PANIC): +(?P<message>[^\n]+)")

# What libpq says of a connection that may work a moment later. Its own words are English as installed;
# a server's may be in its language, which is why SQLSTATEs are looked at first.
_TRANSIENT = re.compile(
    r"connection refused|timed? ?out|timeout expired|no route to host|network is unreachable|"
    r"could not receive data|could not send data|connection reset|closed the connection unexpectedly|"
    r"terminating connection|no connection to the server|starting up|shutting down|in recovery mode|"
    r"not yet accepting connections|too many clients|remaining connection slots|"
    r"temporary failure in name resolution|ssl syscall error|server terminated abnormally|"
    r"connection not open",
    re.IGNORECASE,
)
# Class 08 connection exception, 57P01-57P05 shutdown and crash, 53300 too many connections,
# 40001 and 40P01 serialization failure and deadlock, 55P03 lock not available.
_TRANSIENT_STATES = re.compile(r"08\w{3}|57P0\d|53300|40001|40P01|55P03")


class TableChanged(SourceError):
    """A table is another one than when the snapshot was taken, under which it cannot be read any more."""


class RowsGone(TableChanged):
    """A table was truncated or rewritten after the snapshot was taken, under which it is empty now."""


def connection_error(error: Exception, url: ServerUrl) -> SourceError:
    """Why no connection could be made, from what libpq says."""
    text = url.scrub(str(error))
    server = url.shown
    words = server_words(text)
    if "password authentication failed" in text or "no password supplied" in text:
        return SourceError(
            f"{server}: the server refused the password of user '{url.user}'",
            hint="check the variable that holds the password",
        )
    if re.search(r'database ".*" does not exist', text):
        return SourceError(f"{server}: there is no database '{url.database}'", hint="check the url")
    if re.search(r'role ".*" does not exist', text):
        return SourceError(f"{server}: there is no user '{url.user}'", hint="check the url")
    if "no pg_hba.conf entry" in text:
        return SourceError(
            f"{server}: the server does not let this user in from here: {words}",
            hint="add a line to its pg_hba.conf, or add ?sslmode=require to the url",
        )
    if "invalid byte sequence" in text:  # the driver reads the catalog of types
        return SourceError(f"{server}: the catalog: {words}", hint=NAMES_HINT)
    if "could not translate host name" in text and "Temporary failure" not in text:
        return SourceError(f"{server}: no such host", hint="check the url")
    if "Connection refused" in text:
        return SourceUnavailable(
            f"{server}: nothing answers there (connection refused)",
            hint="check that the server runs, and host and port of the url",
        )
    if _TRANSIENT.search(text):
        return SourceUnavailable(f"{server} cannot be reached: {words}", hint="try again when it is up")
    return SourceError(f"{server}: no connection: {words}", hint="check the url")


def query_error(error: Exception, url: ServerUrl, what: str) -> SourceError:
    """Why a query or the reading of its rows failed.

    Args:
        what: what was read, e.g. "the table public.orders".
    """
    text = url.scrub(str(error))
    state = state_of(error)
    words = server_words(text)
    if state == "42501" or "permission denied" in text:
        if "row-level security" in text:
            return SourceError(
                f"{what}: row-level security would hide rows from '{url.user}'",
                hint="read as a user with BYPASSRLS, or land a view that says which rows are meant",
            )
        return SourceError(
            f"{what} may not be read by '{url.user}': {words}",
            hint=f'GRANT SELECT ON it TO "{url.user}", and USAGE on its schema',
        )
    if state in ("42704", "22023") and "snapshot" in text:
        return SourceError(
            f"{what}: the snapshot under which this run reads is gone; the server was restarted or ended it",
            hint="run this again: all tables of a source are read as of one moment",
        )
    if state == "22021" or "invalid byte sequence" in text:
        return SourceError(
            f"{what} holds bytes that are not text: {words}",
            hint="land a view that converts them, with convert_from(column::bytea, 'latin1')",
        )
    if state == "42P01":
        return TableChanged(f"{what} does not exist any more", hint="run this again")
    if state == "42703":
        return TableChanged(f"{what} was changed while it was read: {words}", hint="run this again")
    if "lower bound not in" in text:
        return not_plain_array(what)
    if state == "57014" or "statement timeout" in text:
        return SourceError(
            f"{what}: the server ended the query: {words}",
            hint="allow more time: add ?options=-c%20statement_timeout%3D0 to the url",
        )
    if (state and is_transient_state(state)) or (not state and _TRANSIENT.search(text)):
        return SourceUnavailable(
            f"{what}: the server went away: {words}", hint="run this again when it is up"
        )
    return SourceError(f"{what} cannot be read: {words}")


def not_plain_array(what: str, columns: Sequence[str] = ()) -> SourceError:
    """An array that no list can hold as it is.

    Args:
        columns: those one of which has it, as far as that is known.
    """
    where = f"{what}, column {' or '.join(columns)}" if columns else what
    return SourceError(
        f"{where} has an array of several dimensions, or one that does not begin at 1",
        hint=AS_TEXT_HINT,
    )


def server_words(text: str) -> str:
    """What the server or libpq said, in one line, without our query."""
    said = _SERVER_WORDS.search(text)
    if said:
        return said["message"].strip()
    return _NOISE.sub("", text.split("Query was:")[0].strip()).split("\n")[0]


def is_transient_state(state: str) -> bool:
    """Whether the same thing may work a moment later."""
    return _TRANSIENT_STATES.fullmatch(state) is not None


def state_of(error: Exception) -> str | None:
    """The SQLSTATE that an error of ADBC or psycopg2 has; None where the driver gives none."""
    given = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    return given or _first(_SQLSTATE, str(error))


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None
