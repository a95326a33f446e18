"""Where the columns of a node's SQL and those of its contract, or of what was built, are not the same."""

from __future__ import annotations

import functools

from aidbt.core.findings import Finding, Severity
from aidbt.lineage.schemas import Schema
from aidbt.project.manifest import Node
from aidbt.sql.resolved import OutputColumn


def schema_differences(
    columns: tuple[OutputColumn, ...], schema: Schema, node: Node, dialect: str, *, is_complete: bool
) -> list[Finding]:
    """A finding for each kind of difference: columns that one side alone has, types that differ.

    Args:
        columns: of the SQL.
        schema: of the contract (then a difference fails the build) or of what the warehouse holds (then the
            node was not built since its SQL changed, or somebody changed the table).
        is_complete: whether the SQL has no other columns than these.
    """
    is_contract = schema.known_from == "contract"
    where, code = ("its contract", "contract.differs") if is_contract else ("the warehouse", "schema.differs")
    severity = Severity.ERROR if is_contract else Severity.WARN
    ours = {column.name.casefold(): column for column in columns}
    theirs = {column.name.casefold(): column for column in schema.columns}
    said: list[str] = []
    only_sql = [column.name for name, column in ours.items() if name not in theirs]
    only_there = [column.name for name, column in theirs.items() if name not in ours] if is_complete else []
    if only_sql:
        said.append(f"its SQL gives {_listed(only_sql)}, which {where} does not have")
    if only_there:
        said.append(f"{where} has {_listed(only_there)}, which its SQL does not give")
    for name, column in ours.items():
        known = theirs.get(name)
        if known is None or same_type(column.data_type, known.data_type, dialect):
            continue
        said.append(f"{column.name} is {column.data_type} in its SQL and {known.data_type} in {where}")
    if not said:
        return []
    hint = "" if is_contract else "; it was not built since its SQL changed, or was changed by hand"
    return [Finding(code, severity, node.path, f"{node.name}: {'; '.join(_cut(said))}{hint}")]


def same_type(one: str, other: str, dialect: str) -> bool:
    """Whether two type names mean one type; lengths and precisions that only one of them gives, and unknown
    types, make no difference.

    Example:
        >>> same_type("VARCHAR", "character varying(20)", "duckdb"), same_type("INT", "BIGINT", "duckdb")
        (True, False)
    """
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    if not one or not other or one.casefold() == other.casefold():
        return True
    try:
        first = exp.DataType.build(one, dialect=dialect or None)
        second = exp.DataType.build(other, dialect=dialect or None)
    except (SqlglotError, ValueError):
        return True  # a type that is not known cannot be said to differ
    if exp.DataType.Type.USERDEFINED in (first.this, second.this):
        return True
    if first.this != second.this:
        return any({first.this, second.this} <= group for group in _alike())
    return not (first.expressions and second.expressions) or first == second


@functools.cache
def _alike() -> tuple[frozenset[object], ...]:
    """Types that systems call by several names."""
    from sqlglot import exp

    kinds = exp.DataType.Type
    return (
        frozenset({kinds.TEXT, kinds.VARCHAR, kinds.NVARCHAR, kinds.CHAR, kinds.NCHAR, kinds.BPCHAR}),
        frozenset({kinds.TIMESTAMP, kinds.DATETIME, kinds.TIMESTAMPNTZ}),
        frozenset({kinds.TIMESTAMPTZ, kinds.TIMESTAMPLTZ}),
        frozenset({kinds.JSON, kinds.JSONB, kinds.VARIANT}),
    )


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def _cut(sentences: list[str]) -> list[str]:
    return (
        sentences if len(sentences) <= 6 else [*sentences[:6], f"and {len(sentences) - 6} more differences"]
    )
