"""Which nodes a commit makes anew: those that differ from the last good run, and all that hangs on them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from aidbt.healing.proof.elsewhere import PUT_IN
from aidbt.project.manifest import Manifest, Node

_TOLD = ("alias", "identifier", "source_name", "unrendered_config", "contract", "access", "version")


def changed(good: Manifest, now: Manifest) -> set[str]:
    """unique_ids of nodes, sources left out, whose own text, settings, macros or sources differ."""
    macros = _changed_macros(good, now)
    found = set()
    for node in now.nodes.values():
        old = good.find(node.unique_id)
        uses = set((node.raw.get("depends_on") or {}).get("macros") or ())
        if old is None or _differs(old, node) or uses & macros:
            found.add(node.unique_id)
    sources = {s.unique_id for s in now.sources.values() if _source(good.find(s.unique_id)) != _source(s)}
    return found | {node.unique_id for node in now.nodes.values() if sources & set(node.depends_on)}


def with_below(unique_ids: set[str], manifest: Manifest) -> set[str]:
    """Those and every node that reads one of them, at whatever distance."""
    readers = defaultdict(set)
    for node in manifest.nodes.values():
        for parent in node.depends_on:
            readers[parent].add(node.unique_id)
    found, waiting = set(unique_ids), list(unique_ids)
    while waiting:
        new = readers[waiting.pop()] - found
        found |= new
        waiting.extend(new)
    return found


def _differs(old: Node, new: Node) -> bool:
    if sorted(old.depends_on) != sorted(new.depends_on) or _text(old) != _text(new):
        return True
    return any(_plain(old, name) != _plain(new, name) for name in _TOLD)


def _text(node: Node) -> str:
    """What tells one text from another; of a snapshot without the word that a turned copy has otherwise."""
    if node.resource_type != "snapshot":
        return node.checksum
    return str(node.raw.get("raw_code") or "").replace("target_schema", "schema")


def _plain(node: Node, name: str) -> Any:
    value = node.raw.get(name)
    if node.resource_type == "snapshot" and isinstance(value, dict):
        return {str(key).replace("target_schema", "schema"): said for key, said in value.items()}
    return value


def _source(node: Node | None) -> Any:
    return None if node is None else (node.database, node.schema, node.identifier or node.name)


def _changed_macros(good: Manifest, now: Manifest) -> set[str]:
    old, new = good.raw.get("macros") or {}, now.raw.get("macros") or {}
    own = {
        name
        for name, macro in new.items()
        if macro.get("name") not in PUT_IN and _sql(old.get(name)) != _sql(macro)
    }
    found: set[str] = set()
    while own - found:
        found |= own
        own = {
            name
            for name, macro in new.items()
            if found & set((macro.get("depends_on") or {}).get("macros") or ())
        }
    return found


def _sql(macro: dict[str, Any] | None) -> str:
    return str(macro.get("macro_sql")) if macro is not None else ""
