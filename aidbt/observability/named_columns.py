"""Whether a project names a column: what nothing names can go without breaking anything that is known."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping

from aidbt.project.manifest import Manifest, Node

_WORD = re.compile(r"\w+")
# What of a node's configuration names columns.
_KEYS = ("unique_key", "event_time", "updated_at", "check_cols", "partition_by", "cluster_by", "sort", "dist")
_STAR = re.compile(r"(?:\bselect\s+(?:distinct\s+)?|\.|,\s*)\*", re.IGNORECASE)


class NamedColumns:
    """Looks a column up in the files of a project: in YAML, in data tests, and in the SQL of its readers.

    Args:
        columns_of: unique_id → the columns that its table has now, name → type; empty where nobody knows.
    """

    def __init__(self, manifest: Manifest, columns_of: Callable[[str], Mapping[str, str]]) -> None:
        self._manifest = manifest
        self._columns_of = columns_of
        self._words: dict[str, frozenset[str]] = {}
        self._readers: dict[str, list[Node]] = defaultdict(list)
        for node in (*manifest.nodes.values(), *manifest.others.values()):
            for above in node.depends_on:
                self._readers[above].append(node)

    def is_named(self, unique_id: str, column: str) -> bool:
        """Whether something depends on a node having that column, as far as the project's files tell."""
        node = self._manifest.find(unique_id)
        return node is not None and self._is_named(node, column.casefold(), set())

    def declared_type(self, unique_id: str, column: str) -> str:
        """The type that the node's YAML gives it; "" for none."""
        node = self._manifest.find(unique_id)
        mine = column.casefold()
        found = (c.data_type for c in (node.columns if node else ()) if c.name.casefold() == mine)
        return next(found, "")

    def _is_named(self, node: Node, column: str, seen: set[str]) -> bool:
        seen.add(node.unique_id)
        if any(one.name.casefold() == column for one in node.columns) or column in self._words_of(node):
            return True
        readers = [one for one in self._readers[node.unique_id] if one.unique_id not in seen]
        if any(column in self._words_of(reader) for reader in readers):
            return True
        # A reader that has a column of that name without writing it has it through "select *".
        through = [one for one in readers if self._passes_on(one, column)]
        if any(self._is_named(one, column, seen) for one in through):
            return True
        models = [one for one in readers if one.resource_type in ("model", "snapshot")]
        # At the end of the project people read everything there is.
        return not models and node.resource_type == "model" and _STAR.search(_code(node)) is not None

    def _passes_on(self, reader: Node, column: str) -> bool:
        known = self._columns_of(reader.unique_id)
        if known:
            return any(name.casefold() == column for name in known)
        return _STAR.search(_code(reader)) is not None

    def _words_of(self, node: Node) -> frozenset[str]:
        """Every word of its SQL and of what in its configuration names columns."""
        if node.unique_id not in self._words:
            words = _WORD.findall(_text_of(node))
            self._words[node.unique_id] = frozenset(word.casefold() for word in words)
        return self._words[node.unique_id]


def _text_of(node: Node) -> str:
    """What of a data test, or of a semantic model, is all that it is given."""
    about = node.raw.get("test_metadata")
    if about:
        return json.dumps([node.raw.get("column_name"), about], default=str)
    code = _code(node)
    if not code and node.resource_type not in ("model", "seed", "source", "snapshot"):
        return json.dumps(node.raw, default=str)
    config = [node.config.get(key) for key in _KEYS] + [node.raw.get("loaded_at_field")]
    return f"{code} {json.dumps(config, default=str)}"


def _code(node: Node) -> str:
    return str(node.raw.get("raw_code") or node.raw.get("compiled_code") or "")
