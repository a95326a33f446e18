"""Models that read a clock or a random number: what dbt can fix by an override is fixed, the rest refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aidbt.project.manifest import Node

if TYPE_CHECKING:
    from sqlglot import exp

# The moment that tests run at.
MOMENT = "2024-01-15 12:30:00"
_CLOCK_NAMES = frozenset(
    """now today get_current_timestamp get_current_time current_localtimestamp current_localtime
    transaction_timestamp statement_timestamp clock_timestamp getdate getutcdate sysdate systimestamp
    sysdatetime current_timestamp current_date current_time localtimestamp localtime""".split()
)
_RANDOM_NAMES = frozenset("random rand uuid gen_random_uuid uuid_string nextval setseed newid".split())
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_WRITTEN_CLOCK = re.compile(
    r"\b(current_date|current_timestamp|current_time|localtimestamp|localtime|sysdate|systimestamp)\b"
    r"|\b(now|today|getdate|getutcdate|sysdatetime|get_current_timestamp)\s*\(",
    re.IGNORECASE,
)
# Macros of dbt itself whose whole text is the moment, by their names in Jinja.
_CLOCK_CALL = re.compile(r"\b(?:dbt\.)?current_timestamp\s*\(\s*\)")
_OTHER_CALL = re.compile(r"\b(?!current_timestamp\b)(\w+(?:\.\w+)?)\s*\(")
_NO_CLOCK = frozenset({"ref", "source", "config", "is_incremental", "var", "dbt.current_timestamp"})


def clock_overrides(tree: exp.Query, node: Node) -> dict[str, str] | str:
    """The macros that have to be overridden so that the model reads no clock, by name; or why that cannot be.

    Args:
        tree: the model's query as dbt compiled it.
    """
    random_call = _random_call(tree)
    if random_call:
        return f"it calls {random_call}, so it gives something else each time"
    if not any(is_clock(item) for item in tree.walk()):
        return {}
    written = str(node.raw.get("raw_code") or "")
    direct = _WRITTEN_CLOCK.search(_JINJA.sub(" ", _without_comments(written)))
    if direct:
        return f"it reads the clock outright ({direct[0].rstrip('( ')}), so it gives something else each day"
    jinja = " ".join(_JINJA.findall(written))
    others = {found for found in _OTHER_CALL.findall(jinja) if found not in _NO_CLOCK}
    if not _CLOCK_CALL.search(jinja) or others:
        return (
            "a macro that it calls reads the clock, and only dbt's own current_timestamp() can be fixed here"
        )
    return {"dbt.current_timestamp": f"cast('{MOMENT}' as timestamp)"}


def fix_clock(tree: exp.Query) -> None:
    """Put the moment of the tests in the place of every clock that a query reads."""
    from sqlglot import exp

    for item in list(tree.find_all(exp.Func)):
        if is_clock(item):
            item.replace(exp.cast(exp.Literal.string(MOMENT), "TIMESTAMP"))


def is_clock(node: exp.Expr) -> bool:
    """Whether an expression gives the present date or time.

    Example:
        >>> from sqlglot import parse_one
        >>> [is_clock(parse_one(text, dialect="duckdb")) for text in ("now()", "current_date", "max(a)")]
        [True, True, False]
    """
    from sqlglot import exp

    if isinstance(node, exp.CurrentDate | exp.CurrentTimestamp | exp.CurrentTime | exp.CurrentDatetime):
        return True
    return isinstance(node, exp.Func) and _name(node) in _CLOCK_NAMES


def _random_call(tree: exp.Query) -> str:
    from sqlglot import exp

    calls = (node for node in tree.find_all(exp.Func) if _name(node) in _RANDOM_NAMES)
    return next((node.sql("duckdb").lower() for node in calls), "")


def _name(node: exp.Func) -> str:
    from sqlglot import exp

    return (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()


def _without_comments(text: str) -> str:
    return re.sub(r"--[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL)
