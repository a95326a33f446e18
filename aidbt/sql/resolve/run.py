"""One resolution of one query, and its answer as the caller is given it."""

from __future__ import annotations

from sqlglot import exp

from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolve.duckdb_types import DuckDBRules
from aidbt.sql.resolve.postgres_types import PostgresRules
from aidbt.sql.resolve.queries import Queries
from aidbt.sql.resolve.rows import Field, Rows
from aidbt.sql.resolve.scope import Problems
from aidbt.sql.resolve.sources import distinct_names
from aidbt.sql.resolve.types import BigintCountRules, BigQueryRules, SparkRules, TypeRules
from aidbt.sql.resolve.values import column_uses
from aidbt.sql.resolve.written import written_expressions
from aidbt.sql.resolved import OutputColumn, ResolvedQuery

_RULES: dict[str, type[TypeRules]] = {
    "duckdb": DuckDBRules, "postgres": PostgresRules, "bigquery": BigQueryRules, "spark": SparkRules,
    "databricks": SparkRules, "redshift": BigintCountRules, "trino": BigintCountRules,
    "presto": BigintCountRules, "athena": BigintCountRules,
}  # fmt: skip
_ROWS = "aidbt_rows"


def type_rules(dialect: str, text: str) -> TypeRules:
    """The rules for types of a dialect."""
    return _RULES.get(dialect, TypeRules)(dialect, text)


def run(tree: exp.Expr, relations: RelationIndex, dialect: str, text: str) -> ResolvedQuery:
    """Resolve a query once."""
    problems = Problems(text)
    rules = type_rules(dialect, text)
    rows = Queries(relations, rules, problems).root(tree)
    tree.meta[_ROWS] = _Kept(rows)
    texts = _texts(rows, text)
    fields = distinct_names(rows.fields, dialect)
    definitions = _definitions(rows, text)
    columns = tuple(
        _output(column, rules, written, defined)
        for column, written, defined in zip(fields, texts, definitions, strict=True)
    )
    return ResolvedQuery(
        columns=columns,
        is_complete=rows.is_complete,
        row_uses=column_uses(rows.row_uses),
        relations=tuple(rows.relations),
        problems=problems.all(),
    )


def rows_of(tree: exp.Expr) -> Rows | None:
    """What the whole of a resolved tree gives, as the resolver knows it."""
    kept = tree.meta_get(_ROWS)
    return kept.rows if isinstance(kept, _Kept) else None


class _Kept:
    """The rows of a query in the `meta` of its tree, which copies of the tree share."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def __deepcopy__(self, memo: dict[int, object]) -> _Kept:
        return self


def _texts(rows: Rows, text: str) -> list[str]:
    """What the query writes for each column; "" for those that a star passes on."""
    nodes = [column.expression for column in rows.fields]
    written = _written(rows, text) if any(node is not None for node in nodes) else {}
    return [written.get(id(node), "") if node is not None else "" for node in nodes]


def _written(rows: Rows, text: str) -> dict[int, str]:
    """What a SELECT writes for each of its expressions, by the `id` of the expression."""
    select = rows.select.node if rows.select is not None else None
    if not text or select is None:
        return {}
    items = [item.this if isinstance(item, exp.Alias) else item for item in select.expressions]
    found = written_expressions(select, text) or [""] * len(items)
    return {id(item): part for item, part in zip(items, found, strict=True)}


def _definitions(rows: Rows, text: str) -> list[str]:
    """The expressions of columns that the query only passes on, from where they are made inside of it."""
    written: dict[int, dict[int, str]] = {}
    found = []
    for column in rows.fields:
        made, at = _maker(column, rows)
        if at is rows or made.expression is None or isinstance(made.expression, exp.Column):
            found.append("")
            continue
        if id(at) not in written:
            written[id(at)] = _written(at, text)
        found.append(written[id(at)].get(id(made.expression), ""))
    return found


def _maker(column: Field, rows: Rows) -> tuple[Field, Rows]:
    """(the column of a CTE or subquery that this one is, unchanged; the rows that it is a column of)."""
    while column.origin is not None and column.origin.source is not None:
        source = column.origin.source
        inner = source.rows
        if inner is None or inner.select is None or len(inner.fields) != len(source.fields):
            break
        passed = column.origin.column
        place = next((place for place, given in enumerate(source.fields) if given is passed), None)
        if place is None:
            break
        column, rows = inner.fields[place], inner
    return column, rows


def _output(column: Field, rules: TypeRules, written: str, defined: str) -> OutputColumn:
    value = column.value
    return OutputColumn(
        name=column.name,
        data_type=rules.shown(value.type),
        nullable=value.nullable,
        made=value.made,
        uses=column_uses(value.uses),
        text=written,
        why=value.why,
        defined=defined,
    )
