"""The rows of a table that count, and whether a column tells them all apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlglot import exp

from aidbt.core.loads import BATCH_ID, LOADS_BATCH_ID, LOADS_TABLE, LOADS_TABLE_NAME
from aidbt.core.schema import Column, Relation
from aidbt.core.types import type_family
from aidbt.warehouse.base import Connection
from aidbt.warehouse.dialects import render

# Rows whose hashes are compared at once: about 300 MB.
_ROWS_PER_PART = 5_000_000
# So many equal hashes are no chance: a column that repeats.
_SUSPECTS = 100
# Where a table is named with its database: elsewhere a connection reaches one database only.
_NAMES_DATABASE = ("snowflake", "bigquery", "redshift", "databricks", "trino")
_NO_INFORMATION_SCHEMA = ("spark", "databricks")


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that are profiled: a table, or the latest batch of it, on an open connection.

    Attributes:
        where: what holds for these rows only; None for all.
    """

    connection: Connection
    relation: Relation
    where: exp.Expr | None

    @property
    def dialect(self) -> str:
        return self.connection.dialect

    def select(self, *expressions: exp.Expr) -> exp.Select:
        # Without the builder's copies: it would copy a tree of a thousand nodes.
        query = exp.Select(expressions=list(expressions))
        query = query.from_(table_of(self.relation, self.dialect), copy=False)
        return query.where(self.where.copy(), copy=False) if self.where is not None else query

    def first(self, *expressions: exp.Expr) -> tuple[Any, ...]:
        """The only row of a query of aggregates."""
        return self.fetch(self.select(*expressions))[0]

    def fetch(self, query: exp.Expr) -> list[tuple[Any, ...]]:
        return self.connection.rows(render(query, self.dialect))


def rows_of(connection: Connection, relation: Relation) -> Rows:
    """The rows of `relation` that count: the latest complete batch of append-only bronze, else all."""
    return Rows(connection, relation, condition(connection, relation))


def current_rows(connection: Connection, relation: Relation) -> exp.Expr:
    """The rows that count as a relation to select from."""
    rows = rows_of(connection, relation)
    if rows.where is None:
        return table_of(relation, connection.dialect)
    return rows.select(exp.Star()).subquery("latest")


def condition(connection: Connection, relation: Relation) -> exp.Expr | None:
    """What tells the rows that count from the others; None when all do."""
    batch = latest_batch(connection, relation)
    column = batch_column(relation)
    parts: list[exp.Expr] = []
    if batch is not None and column is not None:
        parts.append(exp.column(column.name, quoted=True).eq(exp.Literal.string(batch)))
    if relation.requires_partition_filter:
        parts.append(_any_partition(relation))
    return exp.and_(*parts, copy=False) if parts else None


def batch_column(relation: Relation) -> Column | None:
    """The column with the batch id of append-only bronze, however the warehouse folds names."""
    return next((c for c in relation.columns if c.name.lower() == BATCH_ID), None)


def latest_batch(connection: Connection, relation: Relation) -> str | None:
    """The id of the latest complete batch of an append-only bronze table; None for any other table."""
    column = batch_column(relation)
    if column is None:
        return None
    known = _BATCHES.setdefault(connection, {})
    place = (relation.database, relation.schema)
    if place not in known:
        known[place] = _latest_batches(connection, relation, column)
    # A loader wrote the name as it was given; the warehouse may have folded it since.
    batches = known[place]
    return batches.get(relation.name) or batches.get(relation.name.lower() if column.name.isupper() else "")


# What a connection saw first: looking for a table costs 25 ms in a warehouse of 1,000 tables.
_BATCHES: WeakKeyDictionary[Connection, dict[tuple[str, str], dict[str, str]]] = WeakKeyDictionary()


def _latest_batches(connection: Connection, relation: Relation, column: Column) -> dict[str, str]:
    """The latest complete batch of every table of a schema; empty for a copy of bronze somewhere else."""

    def folded(name: str) -> str:  # the loads were written by whoever wrote the batch column
        return name.upper() if column.name.isupper() else name

    dialect = connection.dialect
    loads = Relation(relation.schema, folded(LOADS_TABLE), database=relation.database)
    if not connection.rows(existence(loads, dialect)):
        return {}
    table = exp.column(folded(LOADS_TABLE_NAME), quoted=dialect != "duckdb")
    batch = exp.column(folded(LOADS_BATCH_ID), quoted=dialect != "duckdb")
    query = exp.select(table, exp.func("max", batch)).from_(table_of(loads, dialect))
    rows = connection.rows(render(query.group_by(table.copy()), dialect))
    return {str(name): str(latest) for name, latest in rows if latest is not None}


def existence(relation: Relation, dialect: str) -> str:
    """A statement that gives a row exactly when the relation exists (and this role may see it)."""
    if dialect in _NO_INFORMATION_SCHEMA:
        # sqlglot has no tree for Spark's SHOW. Hive's metastore folds names, and so does its search.
        schema = exp.table_(relation.schema, db=_database(relation, dialect), quoted=True)
        name = exp.Literal.string(relation.name)
        return " ".join(["SHOW TABLES IN", schema.sql(dialect), "LIKE", name.sql(dialect)])
    tables = exp.table_("tables", db="information_schema")
    database = exp.to_identifier(relation.database or None, quoted=True)
    if dialect == "bigquery":  # one information schema in each dataset
        place = [database] if database else []
        place += [exp.to_identifier(relation.schema, quoted=True), exp.to_identifier("INFORMATION_SCHEMA")]
        tables = exp.Table(this=exp.Dot.build([*place, exp.to_identifier("TABLES")]))
    elif database and dialect in ("snowflake", "trino"):
        tables.set("catalog", database)
    in_schema = exp.column("table_schema").eq(exp.Literal.string(relation.schema))
    named = exp.column("table_name").eq(exp.Literal.string(relation.name))
    return exp.select(number(1)).from_(tables).where(in_schema, named).sql(dialect)


def _any_partition(relation: Relation) -> exp.Expr:
    """A condition on the partitioning column that every row meets: BigQuery wants one, whatever it says."""
    partition = exp.column(relation.partitioned_by, quoted=True)
    column = relation.column(relation.partitioned_by)
    # The pseudo-column of tables partitioned by ingestion, _PARTITIONTIME, is not listed.
    data_type = column.data_type if column is not None else "timestamp"
    family = type_family(data_type)
    if family == "integer":
        lowest: exp.Expr = exp.Literal.number(-(2**63))
    else:
        text = "0001-01-01" if family == "date" else "0001-01-01 00:00:00"
        lowest = exp.cast(exp.Literal.string(text), exp.DataType.build(data_type, dialect="bigquery"))
    filled = exp.GTE(this=partition, expression=lowest)
    return exp.Paren(this=exp.or_(filled, partition.is_(exp.null())))


def table_of(relation: Relation, dialect: str) -> exp.Table:
    """The table by its name, quoted."""
    return exp.table_(relation.name, db=relation.schema, catalog=_database(relation, dialect), quoted=True)


def _database(relation: Relation, dialect: str) -> str | None:
    return (relation.database or None) if dialect in _NAMES_DATABASE else None


def as_text(relation: Relation, name: str, dialect: str) -> exp.Expr:
    """A column's values as text."""
    c = exp.column(name, quoted=True)
    column = relation.column(name)
    if dialect != "duckdb" and column is not None and type_family(column.data_type) == "boolean":
        # Redshift casts no boolean, and not all write it in the same way.
        yes, no = exp.Literal.string("true"), exp.Literal.string("false")
        return exp.Case(ifs=[exp.If(this=c, true=yes), exp.If(this=exp.not_(c), true=no)])
    return exp.cast(c, exp.DataType.build("text"))


def is_unique(rows: Rows, name: str, row_count: int) -> bool:
    """Whether no two rows have the same value: every row is compared.

    On DuckDB, 64-bit hashes are compared, in parts that fit in memory: values with different hashes differ.
    Rows whose hashes are the same are compared by value. Other warehouses compare values and spill.
    """
    c = exp.column(name, quoted=True)
    if rows.dialect != "duckdb":
        return not rows.fetch(_repeated(rows.select(number(1)), c))
    hashed = exp.Anonymous(this="hash", expressions=[c])
    parts = row_count // _ROWS_PER_PART + 1
    for part in range(parts):
        here = rows.select(hashed.copy())
        if parts > 1:
            here = here.where(exp.Mod(this=hashed.copy(), expression=number(parts)).eq(number(part)))
        repeated = here.group_by(hashed.copy()).having(_more_than_one()).limit(_SUSPECTS)
        suspects = [found for (found,) in rows.fetch(repeated)]
        if suspects:
            same_hash = hashed.copy().isin(*[number(value) for value in suspects])
            again = _repeated(rows.select(number(1)).where(same_hash), c)
            if len(suspects) == _SUSPECTS or rows.fetch(again):
                return False
    return True


def _repeated(query: exp.Select, column: exp.Expr) -> exp.Select:
    return query.group_by(column).having(_more_than_one()).limit(1)


def number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def _more_than_one() -> exp.Expr:
    return exp.GT(this=exp.Count(this=exp.Star()), expression=number(1))
