"""Names of drafted entities, measures and metrics: what rows are called, each unique where it has to be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from aidbt.core.schema import Column, Relation
from aidbt.core.types import type_family
from aidbt.core.words import singular_words
from aidbt.semantic.definitions import GRAINS, METRIC_TIME, SemanticManifest
from aidbt.semantic.graph import Graph, GraphColumn, GraphTable, Relationship
from aidbt.semantic.tables.column_roles import role_of
from aidbt.semantic.tables.naming import NamedTable, named_tables

# What a query means the time by.
RESERVED = (*GRAINS, METRIC_TIME)
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_KEY_WORDS = frozenset({"id", "key", "code", "identifier", "uuid", "guid", "number", "no", "fk", "sk"})


class DraftNames:
    """The names of entities, measures and metrics, each unique where it has to be.

    Attributes:
        named: the words of each table.
        repeated: the columns that more than one table has.
        aliases: names under which a table's key is referred to besides its own, by table.
    """

    def __init__(self, graph: Graph, models: Mapping[str, str], existing: SemanticManifest) -> None:
        self._graph, self._existing = graph, existing
        tables = named_tables(list(map(_relation, graph.tables)))
        self.named = {named.name: named for named in tables}
        self._nouns = _nouns(tables)
        columns = Counter(
            c.name.lower() for table in graph.tables if table.name in models for c in table.columns
        )
        self.repeated = {name for name, times in columns.items() if times > 1}
        self._taken = {metric.name for metric in existing.metrics}
        self._taken |= {measure.name for model in existing.semantic_models for measure in model.measures}
        self._entities = {table.name: self._entity_of(table) for table in graph.tables}
        self.aliases: dict[str, list[str]] = {}
        self._foreign: dict[str, str] = {}
        for table in graph.tables:
            if table.name in models:
                self._name_references(table, models)

    def noun(self, table: str) -> tuple[str, ...]:
        """What one row is called, as words: without words of layers, short forms spelled out."""
        return self._nouns[table]

    def entity(self, table: str) -> str:
        """The entity that a table's key is."""
        return self._entities[table]

    def foreign(self, relationship: Relationship) -> str:
        """The entity that a reference is; "" where it cannot be one."""
        return self._foreign.get(relationship.name, "")

    def unique(self, name: str) -> str:
        """The name, with a number where it is taken, for a measure and its metrics."""
        found, number = name, 2
        while found in self._taken:
            found, number = f"{name}_{number}", number + 1
        self._taken.add(found)
        return found

    def is_taken(self, name: str) -> bool:
        """Whether a measure or a metric has the name."""
        return name in self._taken

    def _entity_of(self, table: GraphTable) -> str:
        for model in self._existing.semantic_models:
            if table.name in (model.model, model.relation.name):
                keys = [entity.name for entity in model.entities if entity.type == "primary"]
                if keys or model.primary_entity:
                    return (*keys, model.primary_entity)[0]
        name = safe_name("_".join(self.noun(table.name)))
        same = [t.name for t in self._graph.tables if self.noun(t.name) == self.noun(table.name)]
        found = name if same[0] == table.name else safe_name(table.name)
        return f"{found}_key" if found in RESERVED else found

    def _name_references(self, table: GraphTable, models: Mapping[str, str]) -> None:
        """The entities of a table's references: the target's own, or one for each of several roles."""
        references = [
            r for r in self._graph.relationships if r.source == table.name and _is_joined(r, self._graph)
        ]
        for reference in references:
            to_same = [r for r in references if r.target == reference.target]
            role = self._role(reference)
            if len(to_same) == 1 or not role or role == self.entity(reference.target):
                is_first = all(self._foreign.get(r.name) != self.entity(reference.target) for r in to_same)
                self._foreign[reference.name] = self.entity(reference.target) if is_first else ""
            elif reference.target in models:
                self._foreign[reference.name] = role
                aliases = self.aliases.setdefault(reference.target, [])
                if role not in aliases:
                    aliases.append(role)

    def _role(self, reference: Relationship) -> str:
        """What a column calls the row that it refers to: `origin_airport` of `origin_airport_id`."""
        words = list(singular_words(reference.source_columns[0]))
        while len(words) > 1 and words[-1] in _KEY_WORDS:
            words.pop()
        name = safe_name("_".join(words))
        return name if name not in (*RESERVED, *self._entities.values()) else ""


def _is_joined(reference: Relationship, graph: Graph) -> bool:
    """Whether a reference is one column to the key of another table, for all rows."""
    key = entity_key(graph.table(reference.target))
    return (
        reference.source != reference.target
        and reference.is_to_one
        and not reference.condition
        and len(reference.source_columns) == 1
        and (key,) == reference.target_columns
    )


def entity_key(table: GraphTable) -> str:
    """The column that tells a table's rows apart; "" where none does alone.

    Of a few rows no two have the same price or the same time either: such a column is no key.
    """
    columns = (table.column(key[0]) for key in table.keys if len(key) == 1)
    return next((column.name for column in columns if _is_key(column)), "")


def _is_key(column: GraphColumn) -> bool:
    if column.kind == "number":
        role = role_of(column.name)
        return role == "neither" or (role == "unknown" and type_family(column.data_type) == "integer")
    return column.kind in ("text", "other")


def _nouns(tables: Sequence[NamedTable]) -> dict[str, tuple[str, ...]]:
    """What a row of each table is called: without the source of `stg_shop__orders` where no other is so."""
    whole = {table.name: table.nouns[-1] for table in tables}
    short = {name: _without_source(name) or noun for name, noun in whole.items()}
    taken = Counter(short.values())
    return {name: noun if taken[noun] == 1 else whole[name] for name, noun in short.items()}


def _without_source(name: str) -> tuple[str, ...]:
    source, _, rest = name.rpartition("__")
    return named_tables([Relation("", rest)])[0].nouns[-1] if source and rest else ()


def _relation(table: GraphTable) -> Relation:
    return Relation(table.schema, table.name, tuple(Column(column.name) for column in table.columns))


def safe_name(name: str) -> str:
    """A name as definitions may have it: small letters, digits and single underscores."""
    found = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]+", "_", name.lower())).strip("_")
    return found if _NAME.fullmatch(found) else f"t_{found}"
