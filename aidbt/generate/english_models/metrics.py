"""Metrics of the semantic layer in a model: written out over the rows that they are measured on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from aidbt.core.errors import UsageError
from aidbt.semantic.definitions import SemanticManifest
from aidbt.semantic.graph import Graph, GraphColumn, GraphTable
from aidbt.semantic.layer.native import native_query
from aidbt.semantic.planning.frames import Aliases
from aidbt.semantic.query import MetricRef, OutputRef, SemanticQuery, attributes, parts
from aidbt.semantic.rewriting import rewritten


@dataclass(frozen=True, slots=True)
class WrittenOut:
    """A query without metrics.

    Attributes:
        graph: over which it is planned: the tables of the project, or the semantic models over them.
        described: what a column holds that is a metric, by the column's name.
    """

    query: SemanticQuery
    graph: Graph
    described: Mapping[str, str]


def written_out(
    query: SemanticQuery, graph: Graph, semantic: SemanticManifest | None, dialect: str
) -> WrittenOut:
    """The query with its metrics written out; any other query as it is.

    Args:
        graph: of the project's tables, whose types and kinds are known.

    Raises:
        UsageError: the project has no semantic layer.
        CannotPlan: a metric is more than a model can be made of.
    """
    named = dict.fromkeys(part.name for part in parts(query) if isinstance(part, MetricRef))
    if not named:
        return WrittenOut(query, graph, {})
    if semantic is None:
        raise UsageError(
            f"the project has no metric {next(iter(named))}", hint="say it with the tables' columns"
        )
    found, models = native_query(query, list(named), semantic, dialect)
    described = {
        output.name: semantic.metric(output.term.name).description
        for output in query.outputs
        if isinstance(output.term, MetricRef)
    }
    return WrittenOut(_with_telling_names(found), _with_known_columns(models, graph), described)


def _with_telling_names(query: SemanticQuery) -> SemanticQuery:
    """The query with columns of its inner rows called as what they are made of, where nobody named them."""
    source = query.source
    if source is None:
        return query
    taken = Aliases()
    for output in source.outputs:
        if not output.name.startswith("_"):
            taken.new(output.name)
    names = {
        output.name: taken.new(next((a.column for a in attributes(output.term)), "value"))
        for output in source.outputs
        if output.name.startswith("_")
    }

    def renamed(part: object) -> OutputRef | None:
        return OutputRef(names.get(part.name, part.name)) if isinstance(part, OutputRef) else None

    inner = tuple(replace(output, name=names.get(output.name, output.name)) for output in source.outputs)
    return replace(rewritten(query, renamed), source=replace(source, outputs=inner))


def _with_known_columns(models: Graph, graph: Graph) -> Graph:
    """Semantic models with what is known of the columns of the tables they stand for."""
    by_place = {_place(table): table for table in graph.tables}

    def known(table: GraphTable) -> GraphTable:
        own = by_place.get(_place(table))
        if own is None:
            return table
        columns = {column.name.lower(): column for column in own.columns}

        def column(found: GraphColumn) -> GraphColumn:
            return replace(columns.get(found.name.lower(), found), name=found.name)

        return replace(table, columns=tuple(map(column, table.columns)), keys=table.keys or own.keys)

    return Graph(tuple(map(known, models.tables)), models.relationships)


def _place(table: GraphTable) -> tuple[str, str]:
    return table.schema.lower(), (table.identifier or table.name).lower()
