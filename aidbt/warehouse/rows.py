"""The rows of a table that count, and whether a column tells them all apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlglot import exp

from aidbt.core.loads import BATCH_ID, LOADS_BATCH_ID, LOADS_TABLE, LOADS_TABLE_NAME
from aidbt.core.schema import Relation
from aidbt.warehouse.base import Connection

_HAS_TABLE = "select 1 from information_schema.tables where table_schema = ? and table_name = ?"
# Rows whose hashes are compared at once: about 300 MB.
_ROWS_PER_PART = 5_000_000
# So many equal hashes are no chance: a column that repeats.
_SUSPECTS = 100


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that are profiled: a table, or the latest batch of it, on an open connection."""

    connection: Connection
    relation: Relation
    where: exp.Expr | None

    def select(self, *expressions: exp.Expr) -> exp.Select:
        # copy=False: each builder step would copy a tree of a thousand nodes.
        query = exp.select(*expressions).from_(table_of(self.relation), copy=False)
        return query.where(self.where.copy(), copy=False) if self.where is not None else query

    def first(self, *expressions: exp.Expr) -> tuple[Any, ...]:
        return self.connection.rows(self.select(*expressions).sql("duckdb", copy=False))[0]


def latest_batch(connection: Connection, relation: Relation) -> str | None:
    """The id of the latest complete batch of an append-only bronze table; None for any other table."""
    if relation.column(BATCH_ID) is None:
        return None
    known = _BATCHES.setdefault(connection, {})
    if relation.schema not in known:
        known[relation.schema] = _latest_batches(connection, relation.schema)
    return known[relation.schema].get(relation.name)


# What a connection saw first: looking for a table costs 25 ms in a warehouse of 1,000 tables.
_BATCHES: WeakKeyDictionary[Connection, dict[str, dict[str, str]]] = WeakKeyDictionary()


def _latest_batches(connection: Connection, schema: str) -> dict[str, str]:
    """The latest complete batch of every table of a schema; empty for a copy of bronze somewhere else."""
    if not connection.rows(_HAS_TABLE, [schema, LOADS_TABLE]):
        return {}
    table, batch = exp.column(LOADS_TABLE_NAME), exp.column(LOADS_BATCH_ID)
    query = exp.select(table, exp.func("max", batch)).from_(exp.table_(LOADS_TABLE, db=schema, quoted=True))
    rows = connection.rows(query.group_by(table.copy()).sql("duckdb", copy=False))
    return {str(name): str(latest) for name, latest in rows if latest is not None}


def table_of(relation: Relation) -> exp.Table:
    return exp.table_(relation.name, db=relation.schema, quoted=True)


def is_unique(rows: Rows, name: str, row_count: int) -> bool:
    """Whether no two rows have the same value: every row is compared.

    Compared are 64-bit hashes, in parts that fit in memory: values with different hashes differ. Rows whose
    hashes are the same are compared by value.
    """
    c = exp.column(name, quoted=True)
    hashed = exp.Anonymous(this="hash", expressions=[c])
    parts = row_count // _ROWS_PER_PART + 1
    for part in range(parts):
        here = rows.select(hashed.copy())
        if parts > 1:
            here = here.where(exp.Mod(this=hashed.copy(), expression=number(parts)).eq(number(part)))
        repeated = here.group_by(hashed.copy()).having(_more_than_one()).limit(_SUSPECTS)
        suspects = [found for (found,) in rows.connection.rows(repeated.sql("duckdb", copy=False))]
        if suspects:
            same_hash = hashed.copy().isin(*[number(value) for value in suspects])
            again = rows.select(number(1)).where(same_hash).group_by(c).having(_more_than_one()).limit(1)
            if len(suspects) == _SUSPECTS or rows.connection.rows(again.sql("duckdb", copy=False)):
                return False
    return True


def number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def _more_than_one() -> exp.Expr:
    return exp.GT(this=exp.Count(this=exp.Star()), expression=number(1))
