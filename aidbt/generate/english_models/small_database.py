"""A database in memory that holds a few witness rows, and answers a query and its mutants over them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import duckdb
from sqlglot import exp

from aidbt.core.types import has_time_zone, type_family
from aidbt.generate.duckdb_types import has_type
from aidbt.generate.english_models.steps import Import
from aidbt.semantic.graph import Graph, GraphColumn
from aidbt.sql.dialect import sqlglot_dialect

Rows = dict[str, list[dict[str, Any]]]
"""Rows by the name of their table in the graph."""
Bag = Counter[tuple[Hashable, ...]]

_TYPES = {"number": "double", "text": "varchar", "time": "timestamp", "date": "date", "bool": "boolean"}
_FAMILY_OF = {
    "number": ("integer", "number"),
    "text": ("text",),
    "time": ("timestamp",),
    "date": ("date",),
    "bool": ("boolean",),
}
_PRECISION = 9


class SmallDatabase:
    """The tables of a model, with the columns that it reads.

    Args:
        dialect: in whose words the columns' types are.

    Attributes:
        answers: how many queries it has answered.
    """

    def __init__(self, graph: Graph, imports: Sequence[Import], dialect: str) -> None:
        config: dict[str, Any] = {"enable_external_access": "false", "threads": "1"}
        self._connection = duckdb.connect(":memory:", config=config)
        self._columns = {
            item.table: {
                name: column_type(graph.table(item.table).column(name), dialect) for name in item.columns
            }
            for item in imports
        }
        self._held: Rows = {}
        self._prepared = 0
        self.answers = 0
        for table, columns in self._columns.items():
            self._connection.execute(_statement(_create(table, columns)))
        # Of ten rows nothing is gained by a better plan, and planning is what takes the time.
        self._connection.execute("pragma disable_optimizer")

    def load(self, rows: Rows) -> bool:
        """Hold these rows and no others; False where a column has no room for one of its values."""
        for table, columns in self._columns.items():
            held = rows.get(table, [])
            if held == self._held.get(table):
                continue
            self._connection.execute(_statement(exp.delete(exp.to_table(table, quoted=True))))
            if held:
                values = [row.get(name) for row in held for name in columns]
                try:
                    self._connection.execute(_insert(table, len(columns), len(held)), values)
                except duckdb.ConversionException:
                    self._held.pop(table, None)
                    return False
            self._held[table] = held
        return True

    def prepare(self, sql: str) -> str | None:
        """A name by which a query is answered from then on; None when it is none that can be answered."""
        name = f"q{self._prepared}"
        self._prepared += 1
        try:
            self._connection.execute(f"prepare {name} as {sql}")
        except duckdb.Error:
            return None
        return name

    def answer(self, name: str) -> list[tuple[Any, ...]] | None:
        """The rows of a prepared query; None when it fails on what is held."""
        self.answers += 1
        try:
            return self._connection.execute(f"execute {name}").fetchall()
        except duckdb.Error:
            return None

    def bag(self, name: str) -> Bag | None:
        """The rows of a prepared query without their order; None when it fails."""
        rows = self.answer(name)
        return None if rows is None else bag_of(rows)

    def close(self) -> None:
        self._connection.close()


def column_type(column: GraphColumn, dialect: str) -> exp.DataType:
    """DuckDB's type for a column of a warehouse; that of its kind where its own is not known.

    An instant is a time as the clock of the session shows it, which is how questions and the rows of unit
    tests say it: in one session both read alike, in whatever zone it is. A UUID and a label are texts, too.
    """
    from sqlglot.errors import SqlglotError

    of_its_kind = exp.DataType.build(_TYPES.get(column.kind, "varchar"), dialect="duckdb")
    reads_as_its_kind = column.kind == "text" or has_time_zone(column.data_type, dialect)
    if reads_as_its_kind or type_family(column.data_type) not in _FAMILY_OF.get(column.kind, ()):
        return of_its_kind
    try:
        own = exp.DataType.build(column.data_type, dialect=sqlglot_dialect(dialect))
    except SqlglotError:
        return of_its_kind
    return own if has_type(own.sql("duckdb")) else of_its_kind


def _create(table: str, columns: Mapping[str, exp.DataType]) -> exp.Create:
    defined: list[exp.Expr] = [
        exp.ColumnDef(this=exp.to_identifier(name, quoted=True), kind=kind) for name, kind in columns.items()
    ]
    schema = exp.Schema(this=exp.to_table(table, quoted=True), expressions=defined)
    return exp.Create(this=schema, kind="TABLE")


@cache
def _insert(table: str, width: int, rows: int) -> str:
    marks = [exp.Tuple(expressions=[exp.Placeholder() for _ in range(width)]) for _ in range(rows)]
    return _statement(exp.insert(exp.Values(expressions=marks), exp.to_table(table, quoted=True)))


def _statement(tree: exp.Expr) -> str:
    return tree.sql("duckdb")


def bag_of(rows: Sequence[Sequence[Any]]) -> Bag:
    """Rows without their order, numbers rounded, so that ways of adding up do not matter."""
    return Counter(tuple(map(_plain, row)) for row in rows)


def _plain(value: Any) -> Hashable:
    if isinstance(value, bool):
        return value
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return dt.datetime(value.year, value.month, value.day)
    if isinstance(value, int | float | Decimal):
        return float(f"{float(value):.{_PRECISION}g}")
    return tuple(value) if isinstance(value, list) else value
