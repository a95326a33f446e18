"""What people say of a node, a source or a column to aidbt: `config.meta.aidbt` in their YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aidbt.project.manifest import Node


def own_setting(raw: Mapping[str, Any], name: str) -> Any:
    """A setting of a node, source table or column as the manifest holds it; None where nobody says it.

    Looked up in `meta.aidbt` and then in `meta` itself, of its `config`, of the entry, and of a table's
    source.

    Example:
        >>> own_setting({"config": {"meta": {"aidbt": {"heal": "off"}}}}, "heal")
        'off'
    """
    config = raw.get("config") or {}
    for meta in (config.get("meta"), raw.get("meta"), raw.get("source_meta")):
        if not isinstance(meta, Mapping):
            continue
        own = meta.get("aidbt")
        if isinstance(own, Mapping) and name in own:
            return own[name]
        if name in meta:
            return meta[name]
    return None


def column_setting(node: Node, column: str, name: str) -> Any:
    """The same of one of its columns, whatever the case of its name."""
    for raw in (node.raw.get("columns") or {}).values():
        if isinstance(raw, Mapping) and str(raw.get("name", "")).casefold() == column.casefold():
            return own_setting(raw, name)
    return None
