"""Made-up tables without rows, by their names alone: what words mean is told by names and values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from aidbt.core.schema import Column, ColumnProfile, Relation, TableProfile
from aidbt.semantic.english.grounding.lexicon import Lexicon, lexicon
from aidbt.semantic.english.reading import read
from aidbt.semantic.graph import Graph
from aidbt.semantic.planning.planner import plan
from aidbt.semantic.tables.catalog import graph_of
from aidbt.semantic.tables.naming import named_tables
from tests.aidbt.semantic.english.with_rows import CLOCK

World = tuple[Graph, Lexicon]
_KINDS = {"n": "INTEGER", "k": "INTEGER", "m": "DECIMAL(10,2)", "d": "DATE", "t": "TIMESTAMP", "b": "BOOLEAN"}


def made_up(
    tables: Mapping[str, str], values: Mapping[tuple[str, str], Sequence[str]] | None = None
) -> World:
    """Tables with their columns, each a name and, after a colon, its kind: `price:n`, with a question mark
    where rows have none, as in `paid_on:d?`; keys come first, but of parts as in `order_id:k product_id:k`.
    """
    relations = [Relation("main", name, tuple(map(_column, said.split()))) for name, said in tables.items()]
    missing = {said.partition(":")[0] for text in tables.values() for said in text.split() if said[-1] == "?"}
    profiles = [
        _profile(relation, missing, is_keyed=":k" not in tables[relation.name]) for relation in relations
    ]
    graph = graph_of(relations, profiles, lambda child, parent: 1.0)
    return graph, lexicon(graph, named_tables(relations), values or {})


def sql_of(world: World, question: str, instructions: str = "") -> str:
    """The SQL of a question in DuckDB, without its quotes and its schema."""
    graph, words = world
    query = read(question, graph, words, CLOCK, instructions=instructions).query
    return plan(query, graph).sql("duckdb", identify=True).replace('"', "").replace("main.", "")


def _column(text: str) -> Column:
    name, _, kind = text.partition(":")
    return Column(name, _KINDS.get(kind.rstrip("?"), "INTEGER" if name.endswith("_id") else "VARCHAR"))


def _profile(relation: Relation, missing: Collection[str], *, is_keyed: bool) -> TableProfile:
    columns = tuple(
        ColumnProfile(c.name, c.data_type, 0.4 * (c.name in missing), 5) for c in relation.columns
    )
    keys = (relation.columns[0].name,) if is_keyed else ()
    return TableProfile("main", relation.name, 9, 9, "", columns, keys=keys)
