"""Saying in the source's own YAML where a table stands now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aidbt.core.config import parse_yaml
from aidbt.core.errors import SettingsError
from aidbt.core.schema import Relation
from aidbt.patching.yaml_edit import SetKey
from aidbt.project.manifest import Node


def changes_for(
    node: Node, relation: Relation, siblings: Sequence[Node], moved: Mapping[str, Relation]
) -> list[SetKey] | str:
    """The keys to set so that a source table is read from a relation, or why that cannot be said in YAML.

    Args:
        siblings: the other tables of the same source in the same file.
        moved: unique_id → where a sibling stands now, of those that are gone from where they were.
    """
    source = ("sources", {"name": node.source_name})
    identifier = node.identifier or node.name
    found = []
    if relation.database and node.database and relation.database.casefold() != node.database.casefold():
        return f"{relation} stands in another database"
    if relation.schema.casefold() != node.schema.casefold():
        staying = [one.name for one in siblings if one.unique_id not in moved]
        if staying:
            return (
                f"{node.name} moved to {relation.schema}, and {staying[0]} of the same source did not: "
                "a source has one schema, so it needs a source of its own"
            )
        elsewhere = [r for r in moved.values() if r.schema.casefold() != relation.schema.casefold()]
        if elsewhere:
            return f"the tables of {node.source_name} stand in several schemas now"
        found.append(SetKey(source, "schema", relation.schema, after=("name", "description", "database")))
        found += [_identifier(one, moved[one.unique_id]) for one in siblings
                  if moved[one.unique_id].name != (one.identifier or one.name)]  # fmt: skip
    if relation.name != identifier:
        found.append(_identifier(node, relation))
    return found


def _identifier(node: Node, relation: Relation) -> SetKey:
    table = ("sources", {"name": node.source_name}, "tables", {"name": node.name})
    return SetKey(table, "identifier", relation.name, after=("name",))


def jinja_in(text: str, path: str, node: Node) -> str:
    """The key of a source or table whose place is Jinja in this file; "" for none."""
    entry = entry_of(text, path, node.source_name)
    table = next(
        (t for t in entry.get("tables") or () if isinstance(t, dict) and t.get("name") == node.name), {}
    )
    for holder, keys in ((entry, ("schema", "database")), (table, ("identifier",))):
        for key in keys:
            if "{{" in str(holder.get(key, "")):
                return key
    return ""


def entry_of(text: str, path: str, source: str) -> dict[str, Any]:
    """What a YAML file says of a source; empty where it says nothing, or cannot be read."""
    try:
        value = parse_yaml(text, path, repeated_keys=True)
    except SettingsError:
        return {}
    entries = value.get("sources") if isinstance(value, dict) else None
    named = (e for e in entries or () if isinstance(e, dict) and e.get("name") == source)
    return next(named, {})
