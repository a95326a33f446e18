"""Databases with rows, in DuckDB and without a project: what a test's script makes, and answers over it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from aidbt.semantic.english.grounding.lexicon import Lexicon, lexicon
from aidbt.semantic.english.reading import read
from aidbt.semantic.graph import Graph
from aidbt.semantic.planning.planner import plan
from aidbt.semantic.query import Clock
from aidbt.semantic.tables.catalog import graph_of
from aidbt.semantic.tables.naming import named_tables
from aidbt.warehouse.duckdb import DuckDBWarehouse

CLOCK = Clock(dt.datetime(2025, 6, 15, 12))
Answer = Callable[..., list[tuple[Any, ...]]]
"""The rows that answer a question, and its instructions where there are any, in their own order."""


@dataclass(frozen=True)
class Database:
    """Tables with their rows, in memory, and what names, constraints and values show of them."""

    connection: duckdb.DuckDBPyConnection
    graph: Graph
    lexicon: Lexicon

    def answer(self, question: str, instructions: str = "") -> list[tuple[Any, ...]]:
        """The answer to a question, in its own order."""
        query = read(question, self.graph, self.lexicon, CLOCK, instructions=instructions).query
        return self.connection.execute(plan(query, self.graph).sql("duckdb", identify=True)).fetchall()


def database(
    script: str,
    values: Mapping[tuple[str, str], Sequence[str]] | None = None,
    *,
    unread: Collection[str] = (),
) -> Database:
    """What a script of SQL makes.

    Args:
        values: the values that are known, by table and column; without it those of every text.
        unread: names of columns of which no values are known nevertheless.
    """
    connection = duckdb.connect()
    connection.execute(script)

    def contained(source: tuple[str, str], target: tuple[str, str]) -> float:
        (table, column), (other, key) = source, target
        counted = f'select avg(case when "{column}" in (select "{key}" from "{other}") then 1 else 0 end) '
        found = connection.execute(f'{counted} from "{table}" where "{column}" is not null').fetchone()
        return float(found[0] or 0) if found else 0.0

    def texts(table: str, column: str) -> list[str]:
        query = f'select distinct "{column}" from "{table}" where "{column}" is not null order by 1'
        return [row[0] for row in connection.execute(query).fetchall()]

    with TemporaryDirectory() as folder:
        path = Path(folder) / "made.duckdb"
        with duckdb.connect(str(path)) as made:
            made.execute(script)
        warehouse = DuckDBWarehouse(path)
        relations = warehouse.relations()
        profiles = list(warehouse.profile(relations, sample_rows=1000))
    graph = graph_of(relations, profiles, contained)
    known = values or {
        (table.name, column.name): texts(table.name, column.name)
        for table in graph.tables
        for column in table.columns
        if column.kind == "text" and column.name not in unread
    }
    return Database(connection, graph, lexicon(graph, named_tables(relations), known))
