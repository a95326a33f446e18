"""What a dbt adapter raises, as our error: what happened and what to do, without a secret in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from aidbt.core.errors import AidbtError, MissingExtra, StatementRefused, WarehouseError

_CONNECT_HINT = "check host, port and network in profiles.yml; 'dbt debug' tries the same connection"
_LOGIN_HINT = "check user and password (or key, or token) of the target in profiles.yml"
# PostgreSQL says when CONNECT is what is missing; else somebody wanted to make a schema.
_RIGHTS = {"schema": "usage", "database": "create", "function": "execute"}
_LONGEST = 300
# Extras of aidbt that bring an adapter.
_EXTRAS = frozenset({"duckdb", "postgres", "spark"})


class AccessDenied(StatementRefused):
    """This user may not read that; the hint is the smallest grant that helps."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """A pattern of an adapter's message (case is ignored), and our error for it.

    Attributes:
        make: (the match, the message's first line, this user's role) → our error.
    """

    pattern: str
    make: Callable[[re.Match[str], str, str], WarehouseError]


# From the messages of PostgreSQL and Redshift, Snowflake, BigQuery, Databricks, Spark and Trino. The first
# that fits counts.
_RULES = (
    _Rule(
        r"password authentication failed|no password supplied|role \"[^\"]*\" does not exist"
        r"|no pg_hba\.conf entry|peer authentication failed|incorrect username or password"
        r"|is not permitted to log in"
        r"|invalid (access token|credentials|oauth)|could not automatically determine credentials"
        r"|\b401\b|\bunauthorized\b",
        lambda _, text, _role: WarehouseError(
            f"the warehouse does not let this user in: {text}", hint=_LOGIN_HINT
        ),
    ),
    _Rule(
        r"database \"(?P<database>[^\"]+)\" does not exist"
        r"|catalog '(?P<catalog>[^']+)' (does not exist|not found)",
        lambda found, *_: WarehouseError(
            f"there is no database called '{found['database'] or found['catalog']}'",
            hint="check the database of the target in profiles.yml",
        ),
    ),
    _Rule(
        r"permission denied for (?P<kind>[a-z ]*?) ?\"?(?P<name>[^\s\"]+)\"?\s*$"
        r"|permission denied|insufficient privileges|access denied|not authorized|\b403\b",
        lambda found, text, role: AccessDenied(
            f"this user may not do that: {text}",
            hint=_grant(found["kind"], found["name"], role, connects="CONNECT" in found.string),
        ),
    ),
    _Rule(
        r"(statement|lock) timeout|query (execution )?timed out|exceeded (the )?(maximum|time|deadline)"
        r"|deadline exceeded",
        lambda _, text, _role: StatementRefused(
            f"the warehouse gave up: {text}",
            hint="raise its timeout for this user, or select fewer tables with --select",
        ),
    ),
    _Rule(
        r"connection refused|could not connect|could not translate host name|name or service not known"
        r"|timeout expired|timed out|no route to host|network is unreachable|server closed the connection"
        r"|terminating connection|connection reset|failed to resolve|max retries exceeded"
        r"|connection has been closed|connection already closed",
        lambda _, text, _role: WarehouseError(f"the warehouse cannot be reached: {text}", hint=_CONNECT_HINT),
    ),
    _Rule(
        r"SessionHiveMetaStoreClient|Derby may have already booted",
        lambda *_: WarehouseError(
            "Spark's metastore cannot be opened; most likely another process holds it",
            hint="wait for it or close it (an open Spark shell or notebook is enough), then try again",
        ),
    ),
)
# dbt's headings, which say nothing, and Spark's lists of places it looked in.
_HEADING = re.compile(r"(Runtime|Database|Internal|Compilation) Error\Z|Search path:")


def translate(error: BaseException, kind: str, *, role: str) -> AidbtError:
    """Our error for one that a dbt adapter raised.

    Args:
        kind: the adapter type.
        role: whom a missing right is granted to.
    """
    text = str(getattr(error, "msg", None) or error).strip()
    if "requires additional dependencies" in " ".join(text.split()):
        return missing_adapter(kind)
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not _HEADING.match(line)] or ["it gave no reason"]
    first = lines[0] if len(lines[0]) <= _LONGEST else lines[0][: _LONGEST - 1] + "…"
    for rule in _RULES:
        found = re.search(rule.pattern, "\n".join(lines), re.IGNORECASE | re.MULTILINE)
        if found:
            return rule.make(found, first, role)
    return StatementRefused(f"{kind} refused: {first}")


def missing_adapter(kind: str) -> AidbtError:
    """The error for an adapter whose package, or whose driver, is not installed."""
    if kind in _EXTRAS:
        return MissingExtra(f"the warehouse '{kind}'", kind)
    return WarehouseError(
        f"the profile's warehouse is '{kind}', but dbt's adapter for it is not installed here",
        hint=f"pip install dbt-{kind}",
    )


def _grant(kind: str | None, name: str | None, role: str, *, connects: bool = False) -> str:
    if not name:
        return "ask for a grant of select on what it reads"
    right = "connect" if connects else _RIGHTS.get((kind or "").lower(), "select")
    what = f"{kind} {name}" if right != "select" else name
    return f"grant {right} on {what} to {role}"
