"""Expressions that people write over source columns: one scalar value, nothing else."""

from __future__ import annotations

from collections.abc import Collection

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError

from aidbt.core.types import TYPE_NAMES, is_foreign_type


def expression_problem(text: str, columns: Collection[str], dialect: str) -> str | None:
    """What is wrong with an expression for a staging model, or None when it may stand there.

    Args:
        columns: the source columns it may use.

    Example:
        >>> expression_problem("lower(mail)", ["mail"], "duckdb") is None
        True
        >>> expression_problem("mail || name", ["mail"], "duckdb")
        "it uses 'name', which is not among its sources: mail"
    """
    if not text.strip():
        return "it is empty"
    try:
        # An adapter that sqlglot does not know is read in the words that most dialects share.
        statements = sqlglot.parse("select " + text, dialect=dialect if Dialect.get(dialect) else None)
    except SqlglotError as error:
        return f"it is not SQL: {str(error).splitlines()[0]}"
    select = statements[0] if len(statements) == 1 else None
    if not isinstance(select, exp.Select) or select.args.get("from_"):
        return "it is more than one value"
    if len(select.expressions) != 1 or isinstance(select.expressions[0], exp.Alias | exp.Star):
        return "it is more than one value"
    value = select.expressions[0]
    if "--" in text or "/*" in text:
        return "it holds a comment, which would swallow what follows it"
    if value.find(exp.Subquery, exp.Select, exp.Table):
        return "it reads another table"
    if any(not isinstance(f.parent, exp.Window) for f in value.find_all(exp.AggFunc)):
        return "it is an aggregate, but staging keeps one row per row of the source"
    known = {name.lower() for name in columns}
    for column in value.find_all(exp.Column):
        if column.name.lower() not in known:
            return f"it uses '{column.name}', which is not among its sources: {', '.join(columns) or 'none'}"
    return None


def condition_problem(text: str, dialect: str) -> str | None:
    """What is wrong with a condition on the rows of one table, or None when it may stand after `where`.

    Example:
        >>> condition_problem("not coalesce(_fivetran_deleted, false)", "duckdb") is None
        True
        >>> condition_problem("delete from x", "duckdb")
        'it is no condition'
    """
    reader = Dialect.get_or_raise(dialect if Dialect.get(dialect) else None)
    try:
        found = reader.parse_into(exp.Condition, text)
    except SqlglotError:
        return "it is no condition"
    condition = found[0] if len(found) == 1 else None
    if not isinstance(condition, exp.Condition):
        return "it is no condition"
    if "--" in text or "/*" in text:
        return "it holds a comment, which would swallow what follows it"
    if condition.find(exp.Select, exp.Table):
        return "it reads another table"
    return None


def is_type(text: str, dialect: str = "") -> bool:
    """Whether a text names a type of the dialect.

    Args:
        dialect: "", or one whose types are not known, takes what any of the known dialects takes.

    Example:
        >>> is_type("decimal(10,2)", "duckdb"), is_type("strng", "duckdb"), is_type("double", "postgres")
        (True, False, False)
    """
    if dialect not in TYPE_NAMES:
        return any(is_type(text, known) for known in TYPE_NAMES)
    # sqlglot reads the words of all dialects in each.
    if is_foreign_type(text, dialect):
        return False
    try:
        exp.DataType.build(text, dialect=dialect)
    except SqlglotError:
        return False
    return True
