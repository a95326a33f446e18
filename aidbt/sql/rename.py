"""New names for the columns that a piece of SQL reads, every other character as it was."""

from __future__ import annotations

import re
from collections.abc import Mapping

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError

from aidbt.sql.identifiers import quote_identifier

# What a value or a condition is parsed behind, so that it may be anything that stands in a select list.
_SELECT = "select "
# Here a quoted name means the column whatever its case.
_MIND_NO_CASE = frozenset({"duckdb", "bigquery", "spark", "databricks"})


def rename_columns(text: str, names: Mapping[str, str], dialect: str) -> str | None:
    """A value or a condition over one table with some of its columns called by their new names.

    The text is spliced where the parser saw a column, and parsed again: it must then be the old tree with
    the new names.

    Args:
        names: old name → new name, as the system stores them; no two old names differ in case only.

    Returns:
        The new text; the same text when it reads none of the columns; None when that cannot be done exactly,
        because it is not SQL (Jinja, for example) or speaks of a name in a way that is not understood.

    Example:
        >>> rename_columns("lower(trim( mail ))", {"mail": "e-mail"}, "duckdb")
        'lower(trim( "e-mail" ))'
    """
    wanted = {old.lower(): new for old, new in names.items()}
    tree = _parsed(text, dialect)
    if tree is None:
        return None if any(_mentions(text, old) for old in names) else text
    found = [part for part in _first_parts(tree) if _is_meant(part, names, dialect)]
    if not found:
        return text
    new_text = _SELECT + text
    for part in sorted(found, key=lambda part: -int(part.meta["start"])):
        new = quote_identifier(wanted[part.name.lower()], dialect)
        new_text = new_text[: part.meta["start"]] + new + new_text[part.meta["end"] + 1 :]
    new_text = new_text.removeprefix(_SELECT)
    for part in found:
        part.replace(exp.to_identifier(wanted[part.name.lower()], quoted=True))
    after = _parsed(new_text, dialect)
    is_exact = after is not None and after.sql(dialect="duckdb", identify=True) == tree.sql(
        dialect="duckdb", identify=True
    )
    return new_text if is_exact else None


def _parsed(text: str, dialect: str) -> exp.Select | None:
    """The text as what a select lists, or None when it is not that."""
    if "{{" in text or "{%" in text:
        return None
    try:
        # An adapter that sqlglot does not know is read in the words that most dialects share.
        statements = sqlglot.parse(_SELECT + text, dialect=dialect if Dialect.get(dialect) else None)
    except SqlglotError:
        return None
    return statements[0] if len(statements) == 1 and isinstance(statements[0], exp.Select) else None


def _first_parts(tree: exp.Select) -> list[exp.Identifier]:
    """The name of each column that is read; of `payload.city` that is `payload`."""
    parts = [column.parts[0] for column in tree.find_all(exp.Column)]
    return [part for part in parts if isinstance(part, exp.Identifier) and "start" in part.meta]


def _is_meant(part: exp.Identifier, names: Mapping[str, str], dialect: str) -> bool:
    """Whether an identifier is one of the names: in quotes by its very letters, where the dialect minds."""
    if part.quoted and dialect not in _MIND_NO_CASE:
        return part.name in names
    return part.name.lower() in {old.lower() for old in names}


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None
