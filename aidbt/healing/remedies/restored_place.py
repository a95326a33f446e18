"""A commit made a source read another place, which is not there: the old one, which still is, comes back."""

from __future__ import annotations

from aidbt.core.errors import EditConflict
from aidbt.core.healing import Checked, Claim, Declined, Diagnosis, Mend, Risk
from aidbt.core.patch import FileEdit, Patch, digest
from aidbt.core.schema import Relation
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.tables_now import relation_of
from aidbt.healing.remedies.code.one_edit import OneEdit, replaced_by_slip
from aidbt.healing.remedies.code.slips import is_slip
from aidbt.healing.remedies.remedy import Tools
from aidbt.healing.remedies.tables.same_table import has_the_columns, likeness
from aidbt.healing.remedies.tables.source_yaml import entry_of
from aidbt.patching.yaml_edit import SetKey, edit_yaml
from aidbt.project.manifest import Node

NAME = "restored_place"
_KEYS = ("database", "schema")


class RestoredPlace:
    """For `schema`, `database` or `identifier` of a source that a commit changed to what is not there."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """What the YAML said at the last good run, where the table there is what it was then."""
        good = case.good_manifest
        node = _source(diagnosis, case)
        if node is None or good is None:
            return Declined(NAME, "no source was made to read another place", is_concerned=False)
        change = case.code.of(node.path)
        text = tools.text(node.path)
        if change is None or change.before is None or text is None or not case.code.is_since_good:
            return Declined(NAME, f"{node.path} did not change since the last good run", is_concerned=False)
        keys = _changed_keys(change.before, text, node)
        word = None if keys else _mistyped_key(change.before, text, node)
        if not keys and word is None:
            return Declined(
                NAME,
                f"{node.path} names the same place for {node.name} as at the last good run",
                is_concerned=False,
            )
        try:
            after = edit_yaml(text, keys, path=node.path) if word is None else word.applied(text)
        except EditConflict as error:
            return Declined(NAME, f"{node.path} cannot be edited: {error.message}")
        place = f"{node.schema}.{node.identifier or node.name}"
        edit = FileEdit(node.path, digest(text), after, f"{node.source_name} is where it was", undo=text)
        return Mend(
            NAME,
            f"Read the source {node.source_name} from {node.schema} again",
            patch=Patch((edit,), f"{node.path} names a place that is not there"),
            claims=(
                Claim(f"{place} is there, with the rows it had", lambda: _is_as_it_was(node, case, tools)),
                Claim("what the file names now is not there", lambda: _is_nowhere(node, text, tools)),
                Claim("no other table is what it may mean", lambda: _no_other(node, text, case, tools)),
            ),
            risk=Risk.LOW,
            restores=True,
        )


def _source(diagnosis: Diagnosis, case: Case) -> Node | None:
    """The source of the last good run that the failure is about."""
    good = case.good_manifest
    if good is None:
        return None
    named = good.sources.get(diagnosis.facts.get("source", ""))
    if named is not None:
        return named
    for failure in diagnosis.failures:
        for name in case.ancestors(failure.unique_id) if failure.unique_id else ():
            source = good.sources.get(name)
            if source is not None and case.code.of(source.path) is not None:
                return source
    return None


def _changed_keys(before: str, now: str, node: Node) -> list[SetKey]:
    """The keys of the source, and of its table, that name another place than before; none where they are
    Jinja, or a key came or went."""
    then, there = entry_of(before, node.path, node.source_name), entry_of(now, node.path, node.source_name)
    found = [
        SetKey(("sources", {"name": node.source_name}), key, then[key])
        for key in _KEYS
        if key in then and key in there and then[key] != there[key]
    ]
    tables = [_table(entry, node.name) for entry in (then, there)]
    old, new = (table.get("identifier") for table in tables)
    if old and new and old != new:
        at = ("sources", {"name": node.source_name}, "tables", {"name": node.name})
        found.append(SetKey(at, "identifier", old))
    return [] if any("{{" in str(item.value) for item in found) else found


def _mistyped_key(before: str, now: str, node: Node) -> OneEdit | None:
    """The one key that says where the table is and that was mistyped, so that dbt does not see it."""
    keys = (*_KEYS, "identifier")
    edits = [e for e in replaced_by_slip(before, now) if e.then in keys and e.now not in keys]
    if len(edits) != 1:
        return None
    then, after = (entry_of(text, node.path, node.source_name) for text in (before, edits[0].applied(now)))
    is_same = all(then.get(key) == after.get(key) for key in _KEYS)
    tables = [_table(entry, node.name).get("identifier") for entry in (then, after)]
    return edits[0] if then and is_same and tables[0] == tables[1] else None


def _table(entry: dict[str, object], name: str) -> dict[str, object]:
    tables = entry.get("tables")
    listed = tables if isinstance(tables, list) else []
    return next((t for t in listed if isinstance(t, dict) and t.get("name") == name), {})


def _is_as_it_was(node: Node, case: Case, tools: Tools) -> Checked:
    good = case.good
    was = good.tables.get(node.unique_id) if good is not None else None
    relation = relation_of(node, tools.warehouse().relations())
    if good is None or was is None or not was.is_measured:
        return Checked(False, "what it held is not known")
    if relation is None:
        return Checked(False, "it is not there")
    with tools.warehouse().connect() as connection:
        found = likeness(connection, relation, was, good, tools.mask())
    return Checked(not found.objection, found.objection or str(found))


def _is_nowhere(node: Node, text: str, tools: Tools) -> Checked:
    """Whether the table is not where the changed file says, nor is another table of a source that was made
    to read another schema: else they were meant to be read from there."""
    entry = entry_of(text, node.path, node.source_name)
    schema = str(entry.get("schema") or node.source_name)
    database = str(entry.get("database") or node.database)
    if database.casefold() != node.database.casefold():
        # Other databases are not listed; on PostgreSQL they cannot be read either.
        if tools.warehouse().dialect != "postgres" or not is_slip(database, node.database):
            return Checked(False, f"whether the database {database} was meant is not known")
        return Checked(True, f"no other database can be read from {node.database}")
    listed = entry.get("tables")
    tables = [table for table in listed if isinstance(table, dict)] if isinstance(listed, list) else []
    names = [str(_table(entry, node.name).get("identifier") or node.name)]
    if schema.casefold() != node.schema.casefold():
        names += [str(table.get("identifier") or table.get("name")) for table in tables]
    relations = tools.warehouse().relations()
    there = [name for name in dict.fromkeys(names) if any(_is_at(r, schema, name) for r in relations)]
    told = f"{schema}.{there[0]} is there" if there else f"there is no {schema}.{names[0]}"
    return Checked(not there, told)


def _no_other(node: Node, text: str, case: Case, tools: Tools) -> Checked:
    """Whether no table of those columns is called nearly as the file says now, or came since the last good
    run under its name: the loader may have moved, and who wrote the file slipped on the way."""
    good = case.good
    was = good.tables.get(node.unique_id) if good is not None else None
    if good is None or was is None:
        return Checked(False, "what it held is not known")
    entry = entry_of(text, node.path, node.source_name)
    schema = str(entry.get("schema") or node.source_name).casefold()
    name = str(_table(entry, node.name).get("identifier") or node.name).casefold()
    names = {name, (node.identifier or node.name).casefold()}
    known = {(relation.schema, relation.name) for relation in good.relations}
    for one in tools.warehouse().relations():
        if _is_at(one, node.schema, node.identifier or node.name) or not has_the_columns(one, was):
            continue
        in_schema, is_name = one.schema.casefold() == schema, one.name.casefold() in names
        is_near = (is_name and is_slip(schema, one.schema)) or (in_schema and is_slip(name, one.name))
        if is_near or (is_name and (one.schema, one.name) not in known):
            return Checked(False, f"{one.schema}.{one.name} may be meant")
    return Checked(True, "none is called so")


def _is_at(relation: Relation, schema: str, name: str) -> bool:
    return (relation.schema.casefold(), relation.name.casefold()) == (schema.casefold(), name.casefold())
