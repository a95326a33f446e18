"""The rows of a table that count, and whether a column tells them all apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

from sqlglot import exp

from aidbt.core.errors import StatementRefused
from aidbt.core.loads import (
    BATCH_ID,
    CHANGE_COLUMNS,
    LOAD_COLUMNS,
    LOADS_BATCH_ID,
    LOADS_COLUMNS,
    LOADS_CONNECTOR,
    LOADS_TABLE,
    LOADS_TABLE_NAME,
)
from aidbt.core.schema import Column, Relation
from aidbt.core.types import type_family
from aidbt.warehouse.base import Connection
from aidbt.warehouse.change_logs import (
    is_change_log,
    last_truncation,
    latest_rows,
    not_deleted,
    standing,
    unchanged_names,
    without_change_columns,
)
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
    """The rows that are profiled, on an open connection: those of a table, or those of it that count.

    Attributes:
        relation: their columns; of a change log without those that say what happened.
        where: what holds for these rows only; None for all.
        made: what they are selected from where that is not the relation itself: the latest rows of a
            change log.
    """

    connection: Connection
    relation: Relation
    where: exp.Expr | None
    made: exp.Expr | None = None

    @property
    def dialect(self) -> str:
        return self.connection.dialect

    def select(self, *expressions: exp.Expr) -> exp.Select:
        # Without the builder's copies: it would copy a tree of a thousand nodes.
        query = exp.Select(expressions=list(expressions))
        query = query.from_(self.source(), copy=False)
        return query.where(self.where.copy(), copy=False) if self.where is not None else query

    def source(self) -> exp.Expr:
        """What the rows stand in."""
        return self.made.copy() if self.made is not None else table_of(self.relation, self.dialect)

    def first(self, *expressions: exp.Expr) -> tuple[Any, ...]:
        """The only row of a query of aggregates."""
        return self.fetch(self.select(*expressions))[0]

    def fetch(self, query: exp.Expr) -> list[tuple[Any, ...]]:
        return self.connection.rows(render(query, self.dialect))


def rows_of(connection: Connection, relation: Relation) -> Rows:
    """The rows of `relation` that count: the latest complete batch of append-only bronze, the latest row of
    each key of a change log, else all.
    """
    key = change_key(connection, relation)
    if key is None:
        return Rows(connection, relation, condition(connection, relation))
    return _rows_of_log(connection, relation, key)


def current_rows(connection: Connection, relation: Relation) -> exp.Expr:
    """The rows that count as a relation to select from."""
    rows = rows_of(connection, relation)
    if rows.where is None:
        return rows.source()
    return rows.select(exp.Star()).subquery("latest")


def condition(connection: Connection, relation: Relation) -> exp.Expr | None:
    """What tells the rows of the latest batch from the others; None when all count."""
    column = batch_column(relation)
    batch = None if is_change_log(relation) else latest_batch(connection, relation)
    parts: list[exp.Expr] = []
    if batch is not None and column is not None:
        parts.append(exp.column(column.name, quoted=True).eq(exp.Literal.string(batch)))
    if relation.requires_partition_filter:
        parts.append(_any_partition(relation))
    return exp.and_(*parts, copy=False) if parts else None


# --- change logs --------------------------------------------------------------------------------------


def change_key(connection: Connection, relation: Relation) -> tuple[str, ...] | None:
    """The columns that identify a row of a change log, as the last load noted them; none when its rows have
    no key. None for any other table, and for a copy of a log that no load stands behind.
    """
    if not is_change_log(relation) or latest_batch(connection, relation) is None:
        return None
    columns = _last_landed(connection, relation).columns
    key = [_as_stored(relation, column) for column in columns if column.get("key")]
    return tuple(name for name in key if name is not None) if None not in key else ()


@dataclass(frozen=True, slots=True)
class _Latest:
    """What the rows of a change log as they are now are read from: see `Rows`."""

    relation: Relation
    where: exp.Expr | None
    made: exp.Expr | None


def _rows_of_log(connection: Connection, relation: Relation, key: tuple[str, ...]) -> Rows:
    """The rows of a change log as they are now. On DuckDB they are put into a temporary table once, which
    takes a second for 2 million changes; elsewhere they are a subquery of every statement, in which a value
    that was not sent is NULL.
    """
    known = _LATEST.setdefault(connection, {})
    if relation not in known:
        known[relation] = _latest_of_log(connection, relation, key, number_of_log=len(known))
    found = known[relation]
    return Rows(connection, found.relation, found.where, found.made)


_LATEST: WeakKeyDictionary[Connection, dict[Relation, _Latest]] = WeakKeyDictionary()


def _latest_of_log(
    connection: Connection, relation: Relation, key: tuple[str, ...], *, number_of_log: int
) -> _Latest:
    dialect = connection.dialect

    def table() -> exp.Table:
        return table_of(relation, dialect)

    every = [_any_partition(relation)] if relation.requires_partition_filter else []
    found = connection.rows(render(last_truncation(relation, table()).where(*every), dialect))
    truncated_at = (int(found[0][0]), int(found[0][1])) if found else None
    counted = exp.and_(standing(relation, truncated_at), *every)
    seen = replace(relation, columns=without_change_columns(relation.columns))
    if not key:
        return _Latest(seen, exp.and_(counted, not_deleted(relation)), None)
    if dialect != "duckdb":
        latest = latest_rows(relation, table(), key, counted).subquery("latest")
        return _Latest(replace(seen, kind="view", requires_partition_filter=False), None, latest)
    unchanged = [
        str(name) for (name,) in connection.rows(render(unchanged_names(relation, table()), dialect))
    ]
    latest_now = latest_rows(relation, table(), key, counted, unchanged=unchanged)
    name = f"_aidbt_latest_{number_of_log}"
    connection.rows(render(temporary_table(name, latest_now), dialect))
    return _Latest(seen, None, exp.to_table(name))


def temporary_table(name: str, query: exp.Select) -> exp.Create:
    """The statement that keeps the rows of a query for this connection."""
    return exp.Create(
        this=exp.to_table(name),
        kind="TABLE",
        replace=True,
        expression=query,
        properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
    )


# --- loads --------------------------------------------------------------------------------------------


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
        known[place] = _latest_batches(connection, relation)
    # A loader wrote the name as it was given; the warehouse may have folded it since.
    batches = known[place]
    return batches.get(relation.name) or batches.get(relation.name.lower() if column.name.isupper() else "")


# What a connection saw first: looking for a table costs 25 ms in a warehouse of 1,000 tables.
_BATCHES: WeakKeyDictionary[Connection, dict[tuple[str, str], dict[str, str]]] = WeakKeyDictionary()


def _latest_batches(connection: Connection, relation: Relation) -> dict[str, str]:
    """The latest complete batch of every table of a schema; empty for a copy of bronze somewhere else."""
    dialect = connection.dialect
    loads = _loads_beside(relation)
    if not connection.rows(existence(loads, dialect)):
        return {}
    table, batch = (_loads_column(relation, name, dialect) for name in (LOADS_TABLE_NAME, LOADS_BATCH_ID))
    query = exp.select(table, exp.func("max", batch)).from_(table_of(loads, dialect))
    rows = connection.rows(render(query.group_by(table.copy()), dialect))
    return {str(name): str(latest) for name, latest in rows if latest is not None}


def columns_now(connection: Connection, relation: Relation) -> Relation:
    """The relation without the columns of append-only bronze that its latest load did not have any more:
    they are NULL in every row that counts, or, in a change log, in every row since. Where events do not say
    which columns there are (Debezium's need not), none is left out.
    """
    if connection.dialect != "duckdb" or latest_batch(connection, relation) is None:
        return relation
    try:
        last = _last_landed(connection, relation)
    except StatementRefused:  # loads that somebody else listed, without their columns
        return relation
    if is_change_log(relation) and last.connector in _WITHOUT_COLUMNS:
        return relation
    landed = {_as_stored(relation, column) for column in last.columns}
    own = (*LOAD_COLUMNS, *CHANGE_COLUMNS)
    kept = tuple(c for c in relation.columns if c.name in landed or c.name.lower() in own)
    return replace(relation, columns=kept) if landed else relation


def _as_stored(relation: Relation, landed: dict[str, Any]) -> str | None:
    """The name of a column that a load noted, as the warehouse stores it; None when it is not there."""
    name = str(landed["name"])
    folded = (c.name for c in relation.columns if c.name.casefold() == name.casefold())
    return name if relation.column(name) is not None else next(folded, None)


@dataclass(frozen=True, slots=True)
class _Landed:
    """What the last load of a bronze table noted: its connector and columns; empty where none is listed."""

    connector: str = ""
    columns: Sequence[dict[str, Any]] = ()


# Connectors whose batches of changes may come without a column that is still there.
_WITHOUT_COLUMNS = ("debezium",)


def _last_landed(connection: Connection, relation: Relation) -> _Landed:
    known = _LANDED.setdefault(connection, {})
    if relation not in known:
        known[relation] = _noted_columns(connection, relation)
    return known[relation]


_LANDED: WeakKeyDictionary[Connection, dict[Relation, _Landed]] = WeakKeyDictionary()


def _noted_columns(connection: Connection, relation: Relation) -> _Landed:
    names = (LOADS_TABLE_NAME, LOADS_BATCH_ID, LOADS_CONNECTOR, LOADS_COLUMNS)
    table, batch, *noted_columns = (_loads_column(relation, name, connection.dialect) for name in names)
    is_last = batch.eq(exp.Literal.string(latest_batch(connection, relation) or ""))
    query = exp.select(table, *noted_columns).from_(table_of(_loads_beside(relation), connection.dialect))
    rows = connection.rows(render(query.where(is_last), connection.dialect))
    named = {str(name): _Landed(str(connector), json.loads(noted)) for name, connector, noted in rows}
    return named.get(relation.name) or named.get(relation.name.lower()) or _Landed()


def _loads_beside(relation: Relation) -> Relation:
    """The table of loads in the schema of a bronze table."""
    return Relation(relation.schema, _folded(relation, LOADS_TABLE), database=relation.database)


def _loads_column(relation: Relation, name: str, dialect: str) -> exp.Column:
    return exp.column(_folded(relation, name), quoted=dialect != "duckdb")


def _folded(relation: Relation, name: str) -> str:
    """A name of our own as the warehouse stores it: the loads were written by whoever wrote the batch
    column.
    """
    column = batch_column(relation)
    return name.upper() if column is not None and column.name.isupper() else name


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
