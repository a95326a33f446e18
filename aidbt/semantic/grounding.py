"""What questions about a database, or about a dbt project's tables, are grounded in."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from sqlglot import exp

from aidbt.core.schema import Column, Relation, TableProfile
from aidbt.core.types import type_family
from aidbt.project.manifest import Manifest
from aidbt.semantic.definitions import SemanticManifest
from aidbt.semantic.english.grounding.lexicon import Lexicon, lexicon
from aidbt.semantic.graph import Graph, Relationship
from aidbt.semantic.layer.named import named_metrics
from aidbt.semantic.tables.catalog import graph_of
from aidbt.semantic.tables.documentation import ColumnDocs, Documentation, documentation_of
from aidbt.semantic.tables.naming import named_tables
from aidbt.semantic.tables.references import Contained
from aidbt.warehouse.base import Connection
from aidbt.warehouse.dialects import render
from aidbt.warehouse.inclusion import Sketch, containment, sketch_columns
from aidbt.warehouse.rows import current_rows

# A column of more different texts than that is prose or names, not something that questions pick from.
MOST_VALUES = 2_000
_LONGEST_VALUE = 80

Values = Mapping[tuple[str, str], Sequence[str]]
"""By (table, column) the values that may be asked for."""


@dataclass(frozen=True)
class Grounding:
    """The tables that can be asked about, and what words name in them.

    Attributes:
        semantic: the project's semantic layer, whose metrics are among the names; None without one.
        fingerprint: changes when any of it does.
    """

    graph: Graph
    lexicon: Lexicon
    semantic: SemanticManifest | None
    fingerprint: str


def grounding_of(
    relations: Sequence[Relation],
    profiles: Sequence[TableProfile],
    contained: Contained,
    *,
    values: Values,
    declared: Sequence[Relationship] = (),
    semantic: SemanticManifest | None = None,
    synonyms: Mapping[str, Sequence[str]] | None = None,
    units: Mapping[tuple[str, str], str] | None = None,
    upstream: Mapping[str, Collection[str]] | None = None,
) -> Grounding:
    """The grounding of relations and their profiles.

    Args:
        values: those of personal data are left out, whatever is handed in.
        synonyms: other names of tables, by table; those of columns stand on the columns.
        units: by (table, column) what its numbers are in, where names do not say it.
        upstream: by table those that it is made of: what they both have is first theirs.
    """
    graph = graph_of(relations, profiles, contained, declared=declared, synonyms=synonyms, units=units)
    kept = {
        place: tuple(texts)
        for place, texts in values.items()
        if not graph.table(place[0]).column(place[1]).is_pii
    }
    found = lexicon(
        graph,
        named_tables(relations),
        kept,
        metrics=named_metrics(semantic) if semantic else (),
        upstream=upstream or {},
    )
    said = repr((graph.tables, graph.relationships, sorted(kept.items())))
    said += semantic.fingerprint if semantic else ""
    return Grounding(graph, found, semantic, hashlib.sha256(said.encode()).hexdigest()[:16])


def project_grounding(
    manifest: Manifest | None,
    relations: Sequence[Relation],
    profiles: Sequence[TableProfile],
    connection: Connection,
    *,
    semantic: SemanticManifest | None = None,
) -> Grounding:
    """The grounding of a dbt project's tables: names and data of the warehouse, and what the project says.

    Args:
        manifest: None where the project was not parsed: then all relations are asked about.
        profiles: of the relations; those without a profile are not asked about.

    Raises:
        WarehouseError: values could not be read.
    """
    docs = documentation_of(manifest) if manifest else Documentation()
    profiled = {(p.schema, p.name) for p in profiles}
    asked = [_documented(r, docs) for r in docs.asked(relations) if (r.schema, r.name) in profiled]
    places = {(relation.schema, relation.name) for relation in asked}
    kept = [_private(p, docs) for p in profiles if (p.schema, p.name) in places]
    return grounding_of(
        asked,
        kept,
        contained_in(connection, asked, kept),
        values=known_values(connection, asked, kept),
        declared=docs.relationships(asked),
        semantic=semantic,
        synonyms={relation.name: said.synonyms for relation in asked if (said := docs.of(relation))},
        units=_units(asked, docs),
        upstream=docs.upstream(asked),
    )


def known_values(
    connection: Connection, relations: Sequence[Relation], profiles: Sequence[TableProfile]
) -> Values:
    """The different texts of each column that has few, and no personal data.

    Raises:
        WarehouseError: they could not be read.
    """
    found: dict[tuple[str, str], Sequence[str]] = {}
    by_place = {(profile.schema, profile.name): profile for profile in profiles}
    for relation in relations:
        profile = by_place[relation.schema, relation.name]
        for column in relation.columns:
            if _has_values(column, profile):
                found[relation.name, column.name] = _texts(connection, relation, column.name)
    return found


def _has_values(column: Column, profile: TableProfile) -> bool:
    seen = profile.column(column.name)
    if seen is None or seen.pii or type_family(column.data_type) != "text":
        return False
    return seen.distinct_count <= MOST_VALUES and (seen.mean_length or 0) <= _LONGEST_VALUE


def _texts(connection: Connection, relation: Relation, name: str) -> list[str]:
    column = exp.column(name, quoted=True)
    present = exp.not_(exp.Is(this=column.copy(), expression=exp.null()))
    query = exp.select(column).distinct().from_(current_rows(connection, relation)).where(present)
    rows = connection.rows(render(query.order_by(column.copy()).limit(MOST_VALUES), connection.dialect))
    return [str(row[0]) for row in rows if len(str(row[0])) <= _LONGEST_VALUE]


def contained_in(
    connection: Connection, relations: Sequence[Relation], profiles: Sequence[TableProfile]
) -> Contained:
    """The share of a column's values that another holds, from sketches that are read once, when asked for."""
    by_name = {relation.name: relation for relation in relations}
    counts = {
        (profile.name, column.name): column.distinct_count
        for profile in profiles
        for column in profile.columns
    }

    @cache
    def sketch(table: str, column: str) -> Sketch:
        counted = {column: counts[table, column]}
        return sketch_columns(connection, by_name[table], counted)[column]

    def contained(child: tuple[str, str], parent: tuple[str, str]) -> float:
        return containment(sketch(*child), sketch(*parent)).share

    return contained


def _documented(relation: Relation, docs: Documentation) -> Relation:
    """A relation with what the project says about it in place of the warehouse's comments."""
    said = docs.of(relation)
    if said is None:
        return relation
    columns = tuple(_column(column, said.columns.get(column.name.lower())) for column in relation.columns)
    return replace(relation, columns=columns, description=said.description or relation.description)


def _column(column: Column, said: ColumnDocs | None) -> Column:
    if said is None:
        return column
    return replace(
        column,
        description=said.description or column.description,
        synonyms=(*column.synonyms, *said.synonyms),
        values=said.values or column.values,
    )


def _private(profile: TableProfile, docs: Documentation) -> TableProfile:
    """A profile with the columns marked as personal that the project says are."""
    said = docs.tables.get((profile.schema.lower(), profile.name.lower()))
    personal = {name for name, column in said.columns.items() if column.is_pii} if said else set()
    columns = tuple(
        replace(column, pii=column.pii or "declared", top_values=())
        if column.name.lower() in personal
        else column
        for column in profile.columns
    )
    return replace(profile, columns=columns)


def _units(relations: Sequence[Relation], docs: Documentation) -> dict[tuple[str, str], str]:
    found = {}
    for relation in relations:
        said = docs.of(relation)
        for column in relation.columns if said else ():
            known = said.columns.get(column.name.lower()) if said else None
            if known and known.unit:
                found[relation.name, column.name] = known.unit
    return found
