"""What a dbt project says about its tables: descriptions, synonyms, values, and which rows refer to which."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aidbt.core.schema import Relation
from aidbt.core.words import singular_words
from aidbt.project.manifest import Manifest, Node
from aidbt.semantic.graph import Relationship

_ASKED = ("model", "seed", "snapshot", "source")
# Words of a model's name that say in which layer it is, not what its rows are.
_LAYERS = {
    "stg", "staging", "int", "intermediate", "base", "src", "raw", "dim", "fct", "fact", "mart", "snapshot",
}  # fmt: skip
_QUOTED = re.compile(r"""['"]([^'"]+)['"]""")


@dataclass(frozen=True, slots=True)
class ColumnDocs:
    """What a project says about a column; `values` are those that an accepted_values test allows."""

    description: str = ""
    synonyms: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    unit: str = ""
    is_pii: bool = False


@dataclass(frozen=True, slots=True)
class TableDocs:
    """What a project says about a table.

    Attributes:
        columns: by name in small letters.
        upstream: unique_ids of what it is made from, directly.
    """

    unique_id: str
    name: str
    description: str = ""
    synonyms: tuple[str, ...] = ()
    columns: Mapping[str, ColumnDocs] = field(default_factory=dict)
    upstream: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """Rows of a table refer to rows of another, by unique_id; `evidence` as of a `Relationship`."""

    source: str
    column: str
    target: str
    key: str
    evidence: str


@dataclass(frozen=True)
class Documentation:
    """What a project says, by the place of each table in the warehouse: (schema, name) in small letters."""

    tables: Mapping[tuple[str, str], TableDocs] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()

    def of(self, relation: Relation) -> TableDocs | None:
        """What is said about a relation; None when the project does not know it."""
        return self.tables.get((relation.schema.lower(), relation.name.lower()))

    def asked(self, relations: Sequence[Relation]) -> list[Relation]:
        """The relations that questions are about; all of them where the project knows none.

        Of those whose names mean the same rows, as `raw.customers`, `stg_shop__customers` and `dim_customer`
        do, only the last in the lineage.
        """
        known = {relation: docs for relation in relations if (docs := self.of(relation))}
        if not known:
            return list(relations)
        by_id = {docs.unique_id: docs for docs in self.tables.values()}
        nouns = {docs.unique_id: _noun(docs.name) for docs in known.values()}
        hidden: set[str] = set()
        for docs in known.values():
            hidden |= {up for up in _ancestors(docs, by_id) if nouns.get(up) == nouns[docs.unique_id]}
        return [relation for relation, docs in known.items() if docs.unique_id not in hidden]

    def upstream(self, relations: Sequence[Relation]) -> dict[str, set[str]]:
        """By name of a relation those among them that it is made of, directly or not."""
        known = {docs.unique_id: relation.name for relation in relations if (docs := self.of(relation))}
        by_id = {docs.unique_id: docs for docs in self.tables.values()}
        return {
            name: {known[up] for up in _ancestors(by_id[unique_id], by_id) if up in known}
            for unique_id, name in known.items()
        }

    def relationships(self, relations: Sequence[Relation]) -> list[Relationship]:
        """The relationships that are declared or tested between some relations."""
        by_id = {docs.unique_id: relation for relation in relations if (docs := self.of(relation))}
        found: dict[str, Relationship] = {}
        for ref in self.references:
            source, target = by_id.get(ref.source), by_id.get(ref.target)
            column = _column(source, ref.column) if source else ""
            key = _column(target, ref.key) if target else ""
            if source and target and column and key:
                name = f"{source.name}.{column}"
                found[name] = Relationship(
                    name, source.name, (column,), target.name, (key,), evidence=ref.evidence
                )
        return list(found.values())


def documentation_of(manifest: Manifest) -> Documentation:
    """What a project's manifest says about its tables."""
    tests = [node for node in manifest.of_type("test") if (node.raw.get("test_metadata") or {}).get("name")]
    accepted = _accepted_values(manifest, tests)
    tables = {}
    for kind in _ASKED:
        for node in manifest.of_type(kind):
            if node.identifier or node.name:
                place = (node.schema.lower(), (node.identifier or node.name).lower())
                tables[place] = _table(node, accepted)
    return Documentation(tables, tuple(_references(manifest, tests)))


def _table(node: Node, accepted: Mapping[tuple[str, str], tuple[str, ...]]) -> TableDocs:
    columns = {
        name.lower(): _column_docs(item, accepted.get((node.unique_id, name.lower()), ()))
        for name, item in (node.raw.get("columns") or {}).items()
    }
    return TableDocs(
        node.unique_id,
        node.name,
        node.description,
        _texts(_meta(node.raw).get("synonyms")),
        columns,
        node.depends_on,
    )


def _column_docs(item: dict[str, Any], values: tuple[str, ...]) -> ColumnDocs:
    meta = _meta(item)
    return ColumnDocs(
        item.get("description") or "",
        _texts(meta.get("synonyms")),
        values,
        str(meta.get("unit") or ""),
        is_pii=bool(meta.get("pii") or meta.get("contains_pii")),
    )


def _meta(item: dict[str, Any]) -> dict[str, Any]:
    """`meta` wherever dbt's versions put it; that of `config` counts where both are there."""
    older, config = item.get("meta"), item.get("config")
    newer = config.get("meta") if isinstance(config, dict) else None
    return {**(older if isinstance(older, dict) else {}), **(newer if isinstance(newer, dict) else {})}


def _texts(value: object) -> tuple[str, ...]:
    """A list of texts, or one text with commas."""
    items = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(text for item in items if (text := str(item).strip()))


def _accepted_values(manifest: Manifest, tests: Iterable[Node]) -> dict[tuple[str, str], tuple[str, ...]]:
    """By (unique_id, column) the values that an accepted_values test allows."""
    found = {}
    for test in tests:
        name, arguments, table = _test(manifest, test)
        values, column = arguments.get("values"), arguments.get("column_name")
        if name == "accepted_values" and isinstance(values, list) and column:
            found[table, str(column).lower()] = tuple(map(str, values))
    return found


def _test(manifest: Manifest, test: Node) -> tuple[str, dict[str, Any], str]:
    """A generic test's name, arguments, and the unique_id of what it stands on."""
    metadata = test.raw["test_metadata"]
    arguments = metadata.get("kwargs") or {}
    arguments = {**arguments, **(arguments.get("arguments") or {})}
    # dbt attaches tests to models alone; for a source, the call that the test is given names it.
    stands_on = test.raw.get("attached_node") or _named(
        manifest, str(arguments.get("model") or ""), test.depends_on
    )
    return metadata["name"], arguments, stands_on


def _references(manifest: Manifest, tests: Iterable[Node]) -> Iterator[Reference]:
    """What relationships tests and foreign key constraints say. A test of some rows only says nothing."""
    for test in tests:
        name, arguments, table = _test(manifest, test)
        column, key = arguments.get("column_name"), arguments.get("field")
        if name != "relationships" or not column or not key or test.config.get("where"):
            continue
        # A test of a table against itself depends on that table alone.
        target = _named(manifest, str(arguments.get("to") or ""), test.depends_on)
        if target:
            yield Reference(table, str(column), target, str(key), "tested")
    for node in (*manifest.nodes.values(), *manifest.sources.values()):
        for column, item in (node.raw.get("columns") or {}).items():
            for constraint in item.get("constraints") or ():
                keys: list[str] = constraint.get("to_columns") or []
                target = _named(manifest, constraint.get("to") or "", [*manifest.nodes, *manifest.sources])
                if constraint.get("type") == "foreign_key" and len(keys) == 1 and target:
                    yield Reference(node.unique_id, column, target, str(keys[0]), "declared")


def _named(manifest: Manifest, call: str, among: Iterable[str]) -> str:
    """The unique_id of what `ref('…')` or `source('…', '…')` names; "" when it is not among those."""
    said = _QUOTED.findall(call)
    # Constraints may hold the rendered relation in place of the call.
    name = said[-1] if said else call.rpartition(".")[2]
    for unique_id in among:
        node = manifest.find(unique_id)
        if node and node.resource_type in _ASKED and name in (node.name, node.identifier):
            return unique_id
    return ""


def _ancestors(docs: TableDocs, by_id: Mapping[str, TableDocs]) -> set[str]:
    found: set[str] = set()
    waiting = list(docs.upstream)
    while waiting:
        unique_id = waiting.pop()
        if unique_id not in found:
            found.add(unique_id)
            waiting += by_id[unique_id].upstream if unique_id in by_id else ()
    return found


def _noun(name: str) -> tuple[str, ...]:
    """What a model's rows are, without its layer and its source: `stg_shop__orders` is about orders."""
    words = singular_words(name.rpartition("__")[2])
    return tuple(word for word in words if word not in _LAYERS) or words


def _column(relation: Relation, name: str) -> str:
    """The relation's own spelling of a column; "" when it has none of that name."""
    return next((c.name for c in relation.columns if c.name.lower() == name.lower()), "")
