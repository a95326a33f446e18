"""More databases with the schema of a small one, so that a wrong query cannot pass by luck.

A query over a dozen rows is often right by accident: a join that drops nobody, a filter that cuts nothing, a
distinct without duplicates. Instances are drawn from the rows of the original, which keeps what columns of
one row say about each other; references point anywhere, numbers and times move, a part of what may be
missing is missing. The idea is that of test suites for semantic
accuracy (Zhong, Yu and Klein, "Semantic evaluation for text-to-SQL with distilled test suites", 2020).
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

# More rows than groups, so that groups have several, and few enough for joins of all tables.
LEAST_ROWS, MOST_ROWS = 50, 120
MISSING_SHARE = 0.04
MOVED_SHARE = 0.5
MOST_DAYS = 60


@dataclass(frozen=True, slots=True)
class Reference:
    """A column of one table that holds keys of another."""

    source: str
    source_column: str
    target: str
    target_column: str


@dataclass(frozen=True, slots=True)
class _Table:
    schema: str
    name: str
    columns: tuple[str, ...]
    unique: frozenset[str]
    nullable: frozenset[str]
    rows: tuple[tuple[Any, ...], ...]


def instances(
    connection: Any, references: Sequence[Reference], *, count: int, seed: int
) -> Iterator[tuple[Any, Any]]:
    """Databases in memory with the tables of a connection and other rows; the same ones for the same seed.

    Each comes twice, with its rows in different orders: what depends on their order is no answer.

    Args:
        connection: to the original, in DuckDB.
        references: which columns hold keys of which others.
    """
    tables = [_read(connection, schema, name, references) for schema, name in _names(connection)]
    statements = [_without_constraints(text) for (text,) in connection.execute(_STATEMENTS).fetchall()]
    for number in range(count):
        chance = random.Random(f"{seed}/{number}")
        rows = _rows(tables, references, chance)
        yield _filled(tables, statements, rows), _filled(tables, statements, _shuffled(rows, chance))


_STATEMENTS = "select sql from duckdb_tables() where not internal order by schema_name, table_name"
Rows = dict[str, list[dict[str, Any]]]


def _names(connection: Any) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = connection.execute(
        "select schema_name, table_name from duckdb_tables() where not internal order by all"
    ).fetchall()
    return found


def _read(connection: Any, schema: str, name: str, references: Sequence[Reference]) -> _Table:
    relation = connection.table(f'"{schema}"."{name}"')
    columns, rows = tuple(relation.columns), tuple(relation.fetchall())
    unique, nullable = set(), set()
    for place, column in enumerate(columns):
        values = [row[place] for row in rows]
        if None in values:
            nullable.add(column)
        elif _is_key_like(values):
            unique.add(column)
    # A reference of few rows is often to a different row each; a table's only key may be one, though.
    referring = {r.source_column for r in references if r.source == name}
    return _Table(schema, name, columns, frozenset(unique - referring or unique), frozenset(nullable), rows)


def _is_key_like(values: Sequence[Any]) -> bool:
    """Whether each row has a number or text of its own; times and amounts are different by chance."""
    whole = all(isinstance(value, int | str) and not isinstance(value, bool) for value in values)
    return whole and len(set(values)) == len(values) > 1


def _without_constraints(statement: str) -> str:
    """A CREATE TABLE with names and types only: the rows of an instance break rules on purpose."""
    import sqlglot
    from sqlglot import exp

    tree = sqlglot.parse_one(statement, read="duckdb")
    for column in tree.find_all(exp.ColumnDef):
        column.set("constraints", [])
    schema = tree.this
    schema.set("expressions", [part for part in schema.expressions if isinstance(part, exp.ColumnDef)])
    return tree.sql(dialect="duckdb")


def _rows(tables: Sequence[_Table], references: Sequence[Reference], chance: random.Random) -> Rows:
    drawn = {table.name: _drawn(table, chance) for table in tables}
    for table in tables:
        for reference in references:
            if reference.source == table.name and reference.source_column not in table.unique:
                _point(drawn[table.name], reference, drawn, chance)
        if not table.unique and len(set(map(repr, table.rows))) == len(table.rows):
            drawn[table.name] = list({repr(row): row for row in drawn[table.name]}.values())
    return drawn


def _shuffled(rows: Rows, chance: random.Random) -> Rows:
    return {name: chance.sample(found, len(found)) for name, found in rows.items()}


def _filled(tables: Sequence[_Table], statements: Sequence[str], rows: Rows) -> Any:
    import duckdb
    import pyarrow as pa

    connection = duckdb.connect()
    for schema in sorted({table.schema for table in tables} - {"main"}):
        connection.execute(f'create schema "{schema}"')
    for statement in statements:
        connection.execute(statement)
    for table in tables:
        values = {name: [row[name] for row in rows[table.name]] for name in table.columns}
        connection.register("drawn", pa.table(values))
        connection.execute(f'insert into "{table.schema}"."{table.name}" select * from drawn')
        connection.unregister("drawn")
    return connection


def _drawn(table: _Table, chance: random.Random) -> list[dict[str, Any]]:
    """Rows drawn from those of a table: each key once, numbers and times moved, some values missing."""
    if not table.rows:
        return []
    size = len(table.rows)
    wanted = chance.randint(max(LEAST_ROWS, size), max(MOST_ROWS, size))
    picked = [*table.rows, *(chance.choice(table.rows) for _ in range(wanted - size))]
    chance.shuffle(picked)
    found, taken = [], {column: {row[n] for row in table.rows} for n, column in enumerate(table.columns)}
    seen: dict[str, set[Any]] = {column: set() for column in table.unique}
    for values in picked:
        row = dict(zip(table.columns, values, strict=True))
        for column, value in row.items():
            if column in table.unique:
                row[column] = _fresh(value, seen[column], taken[column]) if value in seen[column] else value
                seen[column].add(row[column])
            elif chance.random() < MOVED_SHARE:
                row[column] = _moved(value, chance)
            if column in table.nullable and chance.random() < MISSING_SHARE:
                row[column] = None
        found.append(row)
    return found


def _fresh(value: Any, seen: set[Any], taken: set[Any]) -> Any:
    """A value like one that is taken already."""
    number = 2
    while True:
        if isinstance(value, int) and not isinstance(value, bool):
            other: Any = max(v for v in taken | seen if isinstance(v, int)) + number - 1
        else:
            # Nothing that a pattern for the old value would find.
            other = f"{str(value)[::-1]}{number}".casefold()
        if other not in seen and other not in taken:
            return other
        number += 1


def _moved(value: Any, chance: random.Random) -> Any:
    """A number or time near the one that was there; what is small and whole stays, since it may be a code."""
    if isinstance(value, float) and value != int(value):
        return round(value * chance.uniform(0.7, 1.4), 4)
    if isinstance(value, Decimal) and value != int(value):
        return round(
            value * Decimal(str(round(chance.uniform(0.7, 1.4), 3))), -int(value.as_tuple().exponent)
        )
    if isinstance(value, dt.date):
        # Back, and by whole days: what has not happened is in no table, and a date stays at midnight.
        return value - dt.timedelta(days=chance.randint(0, MOST_DAYS))
    return value


def _point(
    rows: list[dict[str, Any]],
    reference: Reference,
    drawn: dict[str, list[dict[str, Any]]],
    chance: random.Random,
) -> None:
    """Let a reference point to keys of its target; a fifth of the keys is pointed to by nobody."""
    keys = [row[reference.target_column] for row in drawn[reference.target]]
    keys = [key for key in keys if key is not None]
    if not keys:
        return
    known = chance.sample(keys, max(1, len(keys) * 4 // 5))
    for row in rows:
        if row[reference.source_column] is not None:
            row[reference.source_column] = chance.choice(known)
