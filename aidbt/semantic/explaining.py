"""What an answer rests on: the columns that are read, and how rows of several tables are joined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from aidbt.semantic.graph import Graph, GraphColumn, NoPath, Path
from aidbt.semantic.query import (
    Attribute,
    Exists,
    Extreme,
    Measure,
    Output,
    SemanticQuery,
    attributes,
    measures,
)

_COUNTS = ("count", "count_distinct")

_Way = tuple[str, str, tuple[str, ...]]
"""(from the rows of a table, to another, by way of these relationships)"""


@dataclass(frozen=True, slots=True)
class Explained:
    """What an answer rests on.

    Attributes:
        columns: "table.column", with its description behind a colon where it has one.
        joins: "orders.customer_id = customers.id (tested)".
    """

    columns: tuple[str, ...]
    joins: tuple[str, ...]


def explain_query(query: SemanticQuery, graph: Graph) -> Explained:
    """What a query that can be planned reads, that of its source among it."""
    read = [_column_words(attribute, graph) for attribute in attributes(query)]
    joins = [_join_words(path) for path in _paths(query, graph)]
    inner = explain_query(query.source, graph) if query.source is not None else Explained((), ())
    flat = (words for path in joins for words in path)
    return Explained(
        tuple(dict.fromkeys((*inner.columns, *filter(None, read)))),
        tuple(dict.fromkeys((*inner.joins, *flat))),
    )


def units_of(query: SemanticQuery, graph: Graph) -> dict[str, str]:
    """The unit of each output that has one: that of the column it adds up or picks from."""
    found = ((output.name, _unit(output, graph)) for output in query.outputs if output.is_shown)
    return {name: unit for name, unit in found if unit}


def _unit(output: Output, graph: Graph) -> str:
    term = output.term
    of = term.of if isinstance(term, Measure) and term.function not in _COUNTS else term
    column = _graph_column(of, graph) if isinstance(of, Attribute) else None
    return column.unit if column is not None else ""


def _column_words(attribute: Attribute, graph: Graph) -> str:
    column = _graph_column(attribute, graph)
    if column is None:
        return ""
    name = f"{attribute.table}.{attribute.column}"
    said = " ".join(column.description.split())
    return f"{name}: {said}" if said else name


def _graph_column(attribute: Attribute, graph: Graph) -> GraphColumn | None:
    columns = next((table.columns for table in graph.tables if table.name == attribute.table), ())
    return next((column for column in columns if column.name == attribute.column), None)


def _paths(query: SemanticQuery, graph: Graph) -> Iterator[Path]:
    counted = {measure.table for measure in measures((query.outputs, query.having, query.order_by))}
    counted |= {query.base} if query.base else set()
    everything = (query.outputs, query.group_by, query.where, query.having, query.order_by)
    known = {table.name for table in graph.tables}
    for start in sorted(counted & known):
        for begin, end, via in dict.fromkeys(_ways(everything, start)):
            if begin != end and {begin, end} <= known:
                try:
                    yield graph.path(begin, end, via)
                except NoPath:  # the group of one measure that another one has a time of its own for
                    continue


def _ways(node: Any, start: str) -> Iterator[_Way]:
    """The ways from the rows of a table that a part of a query takes."""
    if isinstance(node, tuple):
        for item in node:
            yield from _ways(item, start)
    elif isinstance(node, Attribute):
        yield start, node.table, node.via
    elif isinstance(node, Exists):
        yield start, node.table, node.via
        yield from _ways(node.where, node.table)
    elif isinstance(node, Extreme):
        yield from _ways(node.term, start)
        yield from _ways(node.where, node.term.table)
    elif isinstance(node, Measure):
        yield from _ways((node.of, node.where, node.at), node.table)
    elif is_dataclass(node):
        for field in fields(node):
            yield from _ways(getattr(node, field.name), start)


def _join_words(path: Path) -> list[str]:
    words = []
    for step in path:
        r = step.relationship
        pairs = zip(r.source_columns, r.target_columns, strict=True)
        equal = " and ".join(f"{r.source}.{one} = {r.target}.{other}" for one, other in pairs)
        words.append(f"{equal} ({r.evidence})")
    return words


def group_names(query: SemanticQuery) -> tuple[str, ...]:
    """The outputs that tell the rows of an answer apart."""
    return tuple(output.name for output in query.outputs if output.term in query.group_by)
