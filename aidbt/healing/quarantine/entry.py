"""Where a source enters the project: the one model that reads it, and what it makes of the columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from aidbt.core.measured import node_name
from aidbt.core.schema import Relation
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.tables_now import relation_of
from aidbt.healing.quarantine.standing import quarantines
from aidbt.healing.quarantine.tracing import IsIt, Traced, trace
from aidbt.project.manifest import Node

_KEEPS_ROWS_OF_BEFORE = ("incremental", "snapshot")


@dataclass(frozen=True, slots=True)
class Entry:
    """A source and the model that reads it.

    Attributes:
        relation: the source's.
        traced: what the model gives, in the source's columns.
        built: the model's relation, for the types of its columns; None where it is not known.
    """

    source: Node
    relation: Relation
    staging: Node
    traced: Traced
    built: Relation | None = None

    @property
    def name(self) -> str:
        """The source as people call it."""
        return node_name(self.source.unique_id)


def entry_of(source_id: str, case: Case) -> Entry | str:
    """Where the rows of a source can be left out, or in a sentence why they cannot."""
    manifest = case.best_manifest
    source = manifest.find(source_id) if manifest is not None else None
    if manifest is None or source is None or not source_id.startswith("source."):
        return "the rows are not those of a source"
    name = node_name(source_id)
    relation = relation_of(source, case.relations)
    if relation is None:
        return f"{name} is no table of the warehouse, so its rows cannot be counted"
    readers = [
        node
        for node in manifest.nodes.values()
        if source_id in node.depends_on and node.resource_type in ("model", "snapshot")
    ]
    set_aside = {one.model for one in quarantines(manifest)}
    readers = [node for node in readers if node.name not in set_aside]
    if len(readers) != 1:
        told = ", ".join(sorted(node.name for node in readers)[:4]) or "no model"
        return f"{name} is read by {told}: what each should do with the rows is a decision"
    staging = readers[0]
    problem = _problem(staging, case)
    if problem:
        return problem
    columns = [column.name for column in relation.columns]
    traced = trace(compiled(staging, case), case.dialect, columns, is_table(source))
    if traced is None:
        return f"the SQL of {staging.name} does not say how it reads {name}"
    return Entry(source, relation, staging, traced, relation_of(staging, case.relations))


def _problem(staging: Node, case: Case) -> str:
    kind = staging.config.get("materialized")
    if staging.package != case.project:
        return f"{staging.name} belongs to the package {staging.package}"
    if staging.resource_type != "model" or kind in _KEEPS_ROWS_OF_BEFORE:
        return f"{staging.name} keeps rows of earlier runs, so a filter does not take the rows out"
    if any(name.startswith(("model.", "snapshot.")) for name in staging.depends_on):
        return f"{staging.name} reads models too: it is no staging model, and only those are edited"
    return ""


def compiled(node: Node, case: Case) -> str:
    """A node's SQL as dbt ran it; that of the last good run where it is the same file; else ""."""
    good = case.good_manifest.find(node.unique_id) if case.good_manifest is not None else None
    found = str(node.raw.get("compiled_code") or "")
    if not found and good is not None and good.checksum == node.checksum:
        found = str(good.raw.get("compiled_code") or "")
    return found


def in_source(condition: exp.Expr, node_id: str, entry: Entry, case: Case) -> exp.Expr | None:
    """A condition over the columns of a model as one over the source's, through all models in between; None
    where a column is made of anything but one row of the source, or of several sources."""
    if node_id == entry.staging.unique_id:
        return entry.traced.put(condition.copy())
    node = case.node(node_id)
    if node is None or node.resource_type != "model":
        return None
    found = []
    for parent, traced in _reads(node, case):
        put = traced.put(condition.copy())
        below = in_source(put, parent.unique_id, entry, case) if put is not None else None
        if below is not None:
            found.append(below)
    return found[0] if len(found) == 1 else None


def _reads(node: Node, case: Case) -> Iterator[tuple[Node, Traced]]:
    """The models that a model's SQL names, with what it gives in the columns of each."""
    for name in case.ancestors(node.unique_id):
        parent = case.node(name)
        relation = relation_of(parent, case.relations) if parent is not None else None
        if parent is None or relation is None or parent.resource_type != "model":
            continue
        columns = [column.name for column in relation.columns]
        traced = trace(compiled(node, case), case.dialect, columns, is_table(parent))
        if traced is not None:
            yield parent, traced


def test_filter(test: Node, about: Node, case: Case) -> exp.Expr | None:
    """What a row of a model has to be like to fail a test that looks at one row after the other; None for
    other tests."""
    relation = relation_of(about, case.relations)
    columns = [column.name for column in relation.columns] if relation is not None else []
    traced = trace(compiled(test, case), case.dialect, columns, is_table(about))
    if traced is None or not traced.says_all or not traced.keeps_rows or not traced.filters:
        return None
    return exp.and_(*(item.copy() for item in traced.filters))


def is_table(node: Node) -> IsIt:
    """Whether a table in SQL is the relation of a node."""
    name, schema = (node.identifier or node.name).casefold(), node.schema.casefold()
    return lambda table: (table.name.casefold(), table.db.casefold()) == (name, schema)
