"""What is asked about a query that is tried, and how it is answered, whatever the warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from aidbt.core.schema import Column

_QUERY = "aidbt_query_to_check"

Failure = Literal["refused", "deadline", "memory", "unavailable"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one query may take.

    Attributes:
        timeout_s: of one statement.
        memory_limit: of DuckDB, in its words.
        threads: of DuckDB.
    """

    timeout_s: float = 5.0
    memory_limit: str = "512MB"
    threads: int = 2


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Answer:
    """How a query was answered (`aidbt.sql.validate.engine.Answer` says what each field means)."""

    columns: tuple[Column, ...] = ()
    row_count: int = 0
    failure: Failure | None = None
    message: str = ""
    offset: int | None = None
    note: str = ""


def duplicates_query(query: str, key: Sequence[str], dialect: str) -> str:
    """The query that gives a row when two rows of another one have the same key, without NULLs in it.

    Example:
        >>> print(duplicates_query("select 1 as id", ["id"], "duckdb").replace("\\n", " "))
        SELECT 1 AS is_twice FROM ( select 1 as id ) AS checked WHERE NOT "id" IS NULL GROUP BY "id" HAVING COUNT(*) > 1 LIMIT 1
    """  # noqa: E501
    columns = [exp.column(exp.to_identifier(name, quoted=True)) for name in key]
    found = exp.select(exp.alias_(exp.Literal.number(1), "is_twice")).from_(_checked())
    for column in columns:
        found = found.where(column.copy().is_(exp.null()).not_())
    found = found.group_by(*columns).having(exp.GT(this=exp.Count(this=exp.Star()), expression=_number(1)))
    return _holding(query, found.limit(1), dialect)


def first_rows_query(query: str, rows: int, dialect: str) -> str:
    """The first rows of a query, in any order."""
    return _holding(query, exp.select("*").from_(_checked()).limit(rows), dialect)


def no_rows_query(query: str, dialect: str) -> str:
    """A query without its rows; BigQuery would read, and bill, all of them for LIMIT 0 alone."""
    nothing = exp.EQ(this=_number(1), expression=_number(0))
    return _holding(query, exp.select("*").from_(_checked()).where(nothing).limit(0), dialect)


def _checked() -> exp.Table:
    return exp.Table(this=exp.to_identifier(_QUERY), alias=exp.TableAlias(this=exp.to_identifier("checked")))


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def _holding(query: str, outer: exp.Select, dialect: str) -> str:
    """The statement with the query's own text in its place: rendering it anew could change it."""
    return outer.sql(dialect).replace(_QUERY, "(\n" + query + "\n)", 1)
