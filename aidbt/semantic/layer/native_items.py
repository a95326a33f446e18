"""What the rows of a semantic model can be grouped and filtered by, found without MetricFlow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from aidbt.core.errors import UnknownName
from aidbt.semantic.definitions import GRAINS, METRIC_TIME, Entity, SemanticManifest, SemanticModel
from aidbt.semantic.graph import Graph, GraphColumn, GraphTable, Relationship
from aidbt.semantic.metricflow.errors import AmbiguousItem, GroupByItem

# MetricFlow joins no further.
_MOST_HOPS = 2
_COLUMN = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class NativeItem:
    """A dimension or entity, seen from the rows of a semantic model.

    Attributes:
        item: as a query asks for it.
        model: the semantic model that it stands in.
        via: names of the relationships on the way to it.
        expr: the column or SQL expression that holds it.
    """

    item: GroupByItem
    model: str
    via: tuple[str, ...]
    expr: str


class NativeItems:
    """The items of one semantic model's rows, by name; those of a joined model whose key is no column, or
    whose rows are valid for a time only, are left out.
    """

    def __init__(self, manifest: SemanticManifest, model: SemanticModel, time_dimension: str) -> None:
        self._manifest, self._model, self._time = manifest, model, time_dimension

    def get(self, name: str) -> NativeItem:
        """The item of that name.

        Raises:
            UnknownName: there is none.
            AmbiguousItem: several ways lead to items of that name.
        """
        found = self._by_name.get(name, ())
        if not found:
            raise UnknownName("dimension or entity", name, list(self._by_name))
        if len(found) > 1:
            ways = [" > ".join((*each.via, each.model)) for each in found]
            raise AmbiguousItem(name, ways, hint=f"say which: {', '.join(ways)}")
        return found[0]

    @property
    def items(self) -> tuple[GroupByItem, ...]:
        """All that no two ways lead to, by name."""
        return tuple(found[0].item for _, found in sorted(self._by_name.items()) if len(found) == 1)

    @cached_property
    def _by_name(self) -> dict[str, tuple[NativeItem, ...]]:
        names: dict[str, list[NativeItem]] = {}
        for found in dict.fromkeys(self._all()):
            names.setdefault(found.item.name, []).append(found)
        return {name: tuple(found) for name, found in names.items()}

    def _all(self) -> Iterator[NativeItem]:
        model = self._model
        for dimension in model.dimensions:
            if dimension.name == self._time:
                item = GroupByItem(METRIC_TIME, "time", _grains(dimension.grain))
                yield NativeItem(item, model.name, (), dimension.expr)
        yield from (self._entity(model, entity, (), ()) for entity in model.entities)
        for prefix in model.prefixes:
            yield from self._under(model, (prefix,), ())
        yield from self._joined(model, (), (), (model.name,))

    def _joined(
        self, model: SemanticModel, links: tuple[str, ...], via: tuple[str, ...], above: tuple[str, ...]
    ) -> Iterator[NativeItem]:
        if len(links) == _MOST_HOPS:
            return
        for entity in model.entities:
            for relationship, other in joins(self._manifest, model, entity):
                if other.name not in above:
                    way = ((*links, entity.name), (*via, relationship.name))
                    yield from self._under(other, *way)
                    yield from self._joined(other, *way, (*above, other.name))

    def _under(
        self, model: SemanticModel, links: tuple[str, ...], via: tuple[str, ...]
    ) -> Iterator[NativeItem]:
        """The dimensions and the other entities of a model, under the entities on the way to it."""
        for dimension in model.dimensions:
            name = "__".join((*links, dimension.name))
            if dimension.grain:
                item = GroupByItem(name, "time", _grains(dimension.grain), (model.name,))
            else:
                item = GroupByItem(name, "dimension", (), (model.name,))
            yield NativeItem(item, model.name, via, dimension.expr)
        for entity in model.entities:
            if entity.name != links[-1]:
                yield self._entity(model, entity, links, via)

    def _entity(
        self, model: SemanticModel, entity: Entity, links: tuple[str, ...], via: tuple[str, ...]
    ) -> NativeItem:
        item = GroupByItem("__".join((*links, entity.name)), "entity", (), (model.name,))
        return NativeItem(item, model.name, via, entity.expr)


def joins(
    manifest: SemanticManifest, model: SemanticModel, entity: Entity
) -> Iterator[tuple[Relationship, SemanticModel]]:
    """The models of which each row of one has one row at most, by an entity of both."""
    if not is_column(entity.expr):
        return
    for other in manifest.semantic_models:
        is_dated = any(dimension.validity for dimension in other.dimensions)
        for key in other.entities:
            if other is model or is_dated or key.name != entity.name or not is_column(key.expr):
                continue
            if key.type in ("primary", "unique"):
                name = f"{model.name}.{entity.name}.{other.name}"
                yield Relationship(name, model.name, (entity.expr,), other.name, (key.expr,)), other


def native_graph(manifest: SemanticManifest) -> Graph:
    """The semantic models as tables, with the columns that their definitions name and their joins."""
    relationships = {
        relationship.name: relationship
        for model in manifest.semantic_models
        for entity in model.entities
        for relationship, _ in joins(manifest, model, entity)
    }
    return Graph(tuple(map(_table, manifest.semantic_models)), tuple(relationships.values()))


def _table(model: SemanticModel) -> GraphTable:
    keys = tuple((e.expr,) for e in model.entities if e.type in ("primary", "unique") and is_column(e.expr))
    relation = model.relation
    return GraphTable(
        model.name,
        (),
        identifier=relation.name,
        schema=relation.schema,
        database=relation.database,
        keys=keys,
        description=model.description,
    )


def is_column(expr: str) -> bool:
    """Whether an expression is the bare name of a column."""
    return _COLUMN.fullmatch(expr) is not None


def with_columns(graph: Graph, names: dict[str, set[str]]) -> Graph:
    """The graph with columns, by table: those that a question names."""
    tables = (
        GraphTable(
            table.name,
            tuple(GraphColumn(name, "other") for name in sorted(names.get(table.name, ()))),
            identifier=table.identifier,
            schema=table.schema,
            database=table.database,
            keys=table.keys,
            description=table.description,
        )
        for table in graph.tables
    )
    return Graph(tuple(tables), graph.relationships)


def _grains(finest: str) -> tuple[str, ...]:
    """The grains that a time can be cut to, of those that MetricFlow's times have by themselves."""
    start = GRAINS.index(finest)
    return GRAINS[start:]
