"""A source's table that was renamed, or whose schema was: its source says where it stands now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aidbt.core.errors import EditConflict
from aidbt.core.failures import ErrorClass as E
from aidbt.core.healing import Checked, Claim, Declined, Diagnosis, Mend, Risk
from aidbt.core.patch import FileEdit, Patch, digest
from aidbt.core.schema import Relation
from aidbt.core.table_state import GoodState, TableState
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.tables_now import relation_of
from aidbt.healing.remedies.remedy import Tools
from aidbt.healing.remedies.tables.same_table import Likeness, likeness, the_one
from aidbt.healing.remedies.tables.source_yaml import changes_for, jinja_in
from aidbt.patching.yaml_edit import edit_yaml
from aidbt.project.manifest import Manifest, Node

NAME = "moved_table"


@dataclass(frozen=True, slots=True)
class _Gone:
    """A source's table that is gone."""

    node: Node
    was: TableState


class MovedTable:
    """For a table or a whole schema of a source that has another name."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """`identifier` or `schema` in the source's YAML, where one relation alone holds the table's rows."""
        manifest, good = case.good_manifest, case.good
        if diagnosis.error_class is not E.TABLE_RENAMED:
            return Declined(NAME, "no table of a source is gone", is_concerned=False)
        node = manifest.find(diagnosis.facts.get("source", "")) if manifest is not None else None
        was = good.tables.get(node.unique_id) if good is not None and node is not None else None
        if manifest is None or good is None or node is None or was is None or not was.is_measured:
            return Declined(NAME, "what the table held is not known, so no other can be told to be it")
        if node.package != case.project or not node.path.endswith((".yml", ".yaml")):
            return Declined(NAME, f"{node.name} is declared in another package")
        table = _Gone(node, was)
        relations = tools.warehouse().relations()
        if relation_of(node, relations) is not None:
            return Declined(
                NAME, f"{node.schema}.{node.identifier or node.name} is there", is_concerned=False
            )
        found, why = the_one(_looked_at(table, case, tools, relations), was)
        if found is None:
            return Declined(NAME, why)
        moved = _moved_siblings(node, found.relation, manifest, relations)
        return _mend(table, found, moved, case, tools)


def _looked_at(table: _Gone, case: Case, tools: Tools, relations: Sequence[Relation]) -> list[Likeness]:
    """How like each relation is that was not there at the last good run and is none of the project's."""
    good, manifest = case.good, case.good_manifest
    assert good is not None and manifest is not None
    with tools.warehouse().connect() as connection:
        mask = tools.mask()
        return [
            likeness(connection, relation, table.was, good, mask)
            for relation in _new_ones(relations, good, manifest)
            if _shares_columns(relation, table.was)
        ]


def _new_ones(relations: Sequence[Relation], good: GoodState, manifest: Manifest) -> list[Relation]:
    known = {_place(relation.schema, relation.name) for relation in good.relations}
    nodes = [*manifest.sources.values(), *manifest.nodes.values()]
    known |= {_place(node.schema, node.identifier or node.name) for node in nodes}
    return [relation for relation in relations if _place(relation.schema, relation.name) not in known]


def _shares_columns(relation: Relation, was: TableState) -> bool:
    names = {column.name.casefold() for column in relation.columns}
    return 2 * len(names & {name.casefold() for name in was.names}) >= len(was.names)


def _moved_siblings(
    node: Node, found: Relation, manifest: Manifest, relations: Sequence[Relation]
) -> dict[str, Relation]:
    """The other tables of a source that are gone too and stand, by their names, where this one stands now."""
    moved = {}
    for one in _siblings(node, manifest):
        if relation_of(one, relations) is not None:
            continue
        name = (one.identifier or one.name).casefold()
        there = [r for r in relations if _place(r.schema, r.name) == (found.schema.casefold(), name)]
        if len(there) == 1:
            moved[one.unique_id] = there[0]
    return moved


def _siblings(node: Node, manifest: Manifest) -> list[Node]:
    return [
        one
        for one in manifest.sources.values()
        if one.source_name == node.source_name and one.package == node.package and one != node
    ]


def _mend(
    table: _Gone, found: Likeness, moved: Mapping[str, Relation], case: Case, tools: Tools
) -> Mend | Declined:
    node, relation, manifest = table.node, found.relation, case.good_manifest
    assert manifest is not None
    siblings = _siblings(node, manifest)
    if (
        any(one.path != node.path for one in siblings)
        and relation.schema.casefold() != node.schema.casefold()
    ):
        return Declined(NAME, f"the source {node.source_name} is declared in several files")
    text = tools.text(node.path)
    changes = changes_for(node, relation, siblings, moved)
    if text is None or isinstance(changes, str):
        return Declined(NAME, changes if isinstance(changes, str) else f"{node.path} is gone")
    try:
        after = edit_yaml(text, changes, path=node.path)
    except EditConflict as error:
        return Declined(NAME, f"{node.path} cannot be edited: {error.message}")
    if after == text:
        return Declined(NAME, f"{node.path} says so already")
    old, new = f"{node.schema}.{node.identifier or node.name}", f"{relation.schema}.{relation.name}"
    is_schema = relation.name == (node.identifier or node.name)
    said = f"{node.source_name} → {relation.schema}" if is_schema else f"{old} → {new}"
    patch = Patch((FileEdit(node.path, digest(text), after, said, undo=text),), f"{old} is {new} now")
    key = jinja_in(text, node.path, node)
    if key:
        why = f"{node.path} says its {key} in Jinja: what that should give elsewhere is a decision"
        return Declined(NAME, why, draft=patch)
    title = f"Read the source {node.source_name} from the schema {relation.schema}" if is_schema else (
        f"Read {node.source_name}.{node.name} from {new}"
    )  # fmt: skip
    return Mend(NAME, title, patch=patch, claims=_claims(table, found, moved, case, tools), risk=Risk.LOW)


def _claims(
    table: _Gone, found: Likeness, moved: Mapping[str, Relation], case: Case, tools: Tools
) -> tuple[Claim, ...]:
    old = f"{table.node.schema}.{table.node.identifier or table.node.name}"
    new = f"{found.relation.schema}.{found.relation.name}"

    def along(unique_id: str, relation: Relation) -> Claim:
        text = f"{relation.schema}.{relation.name} holds the rows of its table too"
        return Claim(text, lambda: _holds(unique_id, relation, case, tools))

    is_it = Claim(f"{new}, and no other relation, holds its rows", lambda: _is_still(table, new, case, tools))
    is_gone = Claim(f"{old} is gone", lambda: _is_gone(table.node, tools))
    return (is_gone, is_it, *(along(*one) for one in moved.items()))


def _is_gone(node: Node, tools: Tools) -> Checked:
    there = relation_of(node, tools.warehouse().relations())
    return Checked(there is None, "it is there" if there is not None else "the warehouse does not list it")


def _is_still(table: _Gone, name: str, case: Case, tools: Tools) -> Checked:
    found, why = the_one(_looked_at(table, case, tools, tools.warehouse().relations()), table.was)
    if found is None:
        return Checked(False, why)
    return Checked(f"{found.relation.schema}.{found.relation.name}" == name, str(found))


def _holds(unique_id: str, relation: Relation, case: Case, tools: Tools) -> Checked:
    """Of a sibling that moved along: its columns always, its rows where they were measured."""
    good = case.good
    was = good.tables.get(unique_id) if good is not None else None
    if good is None or was is None or not was.is_measured:
        return Checked(False, "what the table held is not known")
    with tools.warehouse().connect() as connection:
        found = likeness(connection, relation, was, good, tools.mask())
    return Checked(not found.objection, found.objection or str(found))


def _place(schema: str, name: str) -> tuple[str, str]:
    return schema.casefold(), name.casefold()
