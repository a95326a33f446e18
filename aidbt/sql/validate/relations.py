"""Which relations a query reads that it may not read, from its tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from sqlglot import exp

from aidbt.sql.parse import Parsed
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolved import SqlProblem
from aidbt.sql.validate.allowed import NOTHING_MORE, Allowed
from aidbt.sql.validate.problems import problem_at

_PATH = re.compile(r"[/\\]|^[a-z0-9]+:", re.IGNORECASE)
# DuckDB opens a file when no table has the name.
_DUCKDB_FILE = re.compile(
    r"[*?/\\:]|\.(csv|tsv|txt|parquet|json|jsonl|ndjson|xlsx|arrow|ipc|avro|orc|db|duckdb|gz|zst)\Z",
    re.IGNORECASE,
)
# Spark reads `format`.`path`.
_SPARK_FORMATS = frozenset(
    "avro binaryfile csv delta hudi iceberg image json jdbc libsvm orc parquet sequencefile text xml".split()
)


def relation_problems(
    parsed: Parsed, relations: RelationIndex | None = None, allowed: Allowed = NOTHING_MORE
) -> list[SqlProblem]:
    """Every relation that is read and that is neither known nor allowed.

    "relation.outside" is a file, an address or a stage, or a name given as a text, which may be anything;
    "relation.unknown" and "relation.ambiguous" are as the index says, and are only found with one.

    Args:
        parsed: with a tree.
        relations: what may be read; without it any name of a relation is taken.

    Example:
        >>> from aidbt.sql.parse import parse_sql
        >>> [p.code for p in relation_problems(parse_sql("select * from 'people.csv'", "duckdb"))]
        ['relation.outside']
    """
    judged = (_judge(parsed, table, relations, allowed) for table in tables_of(parsed))
    return [*(problem for problem in judged if problem is not None), *_texts_as_names(parsed)]


def _texts_as_names(parsed: Parsed) -> Iterator[SqlProblem]:
    """Snowflake's `table('name')` and `table($name)`, DuckDB's `(summarize 'file')`."""
    if parsed.tree is None:
        return
    for node in parsed.tree.find_all(exp.TableFromRows, exp.Summarize):
        if isinstance(node.this, exp.Literal | exp.Parameter | exp.Placeholder):
            message = "a query may not name a relation by a text or a variable"
            yield problem_at(parsed, node, "relation.outside", message)


def tables_of(parsed: Parsed) -> Iterator[exp.Table]:
    """Each name of a relation that is no CTE's."""
    if parsed.tree is None:
        return
    for table in parsed.tree.find_all(exp.Table):
        # A hint names an alias; a function in place of a name is judged as one.
        if _is_name(table) and not isinstance(table.parent, exp.Hint) and not _is_cte(table):
            yield table


def _is_name(table: exp.Table) -> bool:
    return isinstance(table.this, exp.Identifier | exp.Dot | exp.Literal) or table.name.startswith("@")


def _is_cte(table: exp.Table) -> bool:
    """Whether a name means a CTE that is in scope: one of a WITH around it, and inside of a WITH only one
    that stands before, unless it is recursive.
    """
    if table.args.get("db") or not isinstance(table.this, exp.Identifier):
        return False
    name = table.name.lower()
    return any(cte.alias.lower() == name for cte in _ctes_around(table))


def _ctes_around(node: exp.Expr) -> Iterator[exp.CTE]:
    """The CTEs that a node can name."""
    below, above = node, node.parent
    while above is not None:
        if isinstance(above, exp.With):
            yield from _offered_within(above, below)
            above = above.parent  # whose WITH this is
            if above is None:
                return
        elif above.args.get("with_") is not None:
            yield from above.args["with_"].expressions
        below, above = above, above.parent


def _offered_within(clause: exp.With, cte: exp.Expr) -> Iterator[exp.CTE]:
    """The CTEs of a WITH that one of them can name: those before it; in a recursive one any, itself only
    when it is a set operation.
    """
    if not clause.recursive:
        yield from _before(clause.expressions, cte)
        return
    for other in clause.expressions:
        if other is not cte or isinstance(other.this, exp.SetOperation):
            yield other


def _before(ctes: list[exp.CTE], cte: exp.Expr) -> list[exp.CTE]:
    return ctes[: next(number for number, other in enumerate(ctes) if other is cte)]


def _judge(
    parsed: Parsed, table: exp.Table, relations: RelationIndex | None, allowed: Allowed
) -> SqlProblem | None:
    """What is wrong with reading a relation, or None."""
    if any(part.name.lower() in allowed.schemas for part in table.parts[:-1]):
        return None
    unknown = None
    if relations is not None:
        found = relations.find(table)
        if not isinstance(found, SqlProblem):
            return None
        unknown = found
    if _is_outside(table, parsed.dialect):
        message = f"a query may not read files or addresses: {table.name}"
        return problem_at(parsed, table, "relation.outside", message)
    if unknown is None or not unknown.end:
        return unknown
    line, column = parsed.places.at(unknown.start)
    return replace(unknown, line=line, column=column)


def _is_outside(table: exp.Table, dialect: str) -> bool:
    """Whether the name of a relation that is not known means a file, an address or a stage."""
    name = table.name
    if name.startswith("@"):
        return True  # Snowflake's stages
    if dialect == "duckdb" and not table.args.get("db"):
        return _DUCKDB_FILE.search(name) is not None
    if dialect in ("spark", "databricks", "spark2", "hive") and table.db.lower() in _SPARK_FORMATS:
        return _PATH.search(name) is not None or "." in name
    return _PATH.search(name) is not None
