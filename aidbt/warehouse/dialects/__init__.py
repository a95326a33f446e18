"""The SQL that we run, in each warehouse's dialect: trees are written in DuckDB's words and lowered here."""

from __future__ import annotations

from functools import cache

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ErrorLevel, UnsupportedError
from sqlglot.generator import Generator

from aidbt.warehouse.dialects.casts import NoLowering
from aidbt.warehouse.dialects.lowering import DIALECTS, lowered

__all__ = ["DIALECTS", "NoLowering", "can_render", "generator_class", "render"]


def render(tree: exp.Expr, dialect: str) -> str:
    """The text of a statement, or of an expression, that is written in DuckDB's vocabulary.

    The tree is left as it is. `TRY_CAST` needs to know what it casts: the operand is itself a cast, or has
    its `type` set (`column.type = exp.DataType.build("bigint")`).

    Raises:
        NoLowering: the dialect has nothing that means the same, or the vocabulary has no such word.

    Example:
        >>> render(exp.Anonymous(this="count_if", expressions=[exp.column("ok")]), "bigquery")
        'COUNTIF(ok)'
    """
    if dialect == "duckdb":
        return tree.sql("duckdb", copy=False)
    tree = lowered(tree, dialect)
    generator = generator_class(dialect)(dialect=dialect, unsupported_level=ErrorLevel.RAISE)
    try:
        return generator.generate(tree, copy=False)
    except UnsupportedError as error:  # what sqlglot itself knows it would drop
        raise NoLowering(str(error), dialect) from error


@cache
def generator_class(dialect: str) -> type[Generator]:
    """What writes a lowered tree."""
    known = Dialect.get_or_raise(dialect).generator_class
    if dialect != "spark":
        return known
    # sqlglot writes SEED, which Spark does not know.
    return type("SparkGenerator", (known,), {"TABLESAMPLE_SEED_KEYWORD": "REPEATABLE"})


def can_render(tree: exp.Expr, dialect: str) -> bool:
    """Whether `render` would give a text."""
    if dialect == "duckdb":
        return True
    try:
        lowered(tree, dialect)
    except NoLowering:
        return False
    return True
