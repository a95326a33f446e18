"""Which nodes of a dbt project differ between two of its manifests, and in what."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aidbt.project.manifest import Manifest, Node

ChangeKind = Literal["added", "removed", "modified"]

# Hooks, analyses and operations build nothing that anybody reads.
_TYPES = frozenset(
    """
    model seed snapshot source test unit_test exposure metric semantic_model saved_query function
    """.split()
)
# Settings that say nothing of what is built.
_QUIET_CONFIG = frozenset({"tags", "meta", "docs", "group", "access", "packages", "query_tag", "freshness"})
_EMPTY: tuple[Any, ...] = (None, "", [], {}, False)
# What differs between two compilations of the same text: times, ids of invocations.
_PASSING = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(\+\d{2}:?\d{2}|Z)?"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)


@dataclass(frozen=True, slots=True)
class ChangedNode:
    """A node that a pull request adds, removes or modifies.

    Attributes:
        what: what of it is modified, in words, the weightiest first; () for others.
        readers: how many nodes stand downstream of it.
    """

    unique_id: str
    name: str
    resource_type: str
    path: str
    kind: ChangeKind
    what: tuple[str, ...] = ()
    readers: int = 0


def changed_nodes(
    base: Manifest,
    head: Manifest,
    *,
    reformatted: Collection[str] = (),
    renamed: Mapping[str, str] | None = None,
) -> list[ChangedNode]:
    """The nodes that differ, the ones with most readers first.

    Args:
        reformatted: unique_ids of nodes whose SQL is written otherwise and gives the same.
        renamed: unique_id at the base → at the head, of nodes that are otherwise the same.
    """
    names = renamed or {}
    old = {names.get(unique_id, unique_id): node for unique_id, node in _nodes(base).items()}
    new = _nodes(head)
    children = children_of([*old.values(), *new.values()])
    found = []
    for unique_id in old.keys() | new.keys():
        node = new.get(unique_id) or old[unique_id]
        what: tuple[str, ...] = ()
        kind: ChangeKind = "modified"
        if unique_id not in old:
            kind = "added"
        elif unique_id not in new:
            kind = "removed"
        else:
            what = tuple(_differences(old[unique_id], new[unique_id]))
            if unique_id in reformatted:
                what = tuple("SQL, reformatted" if part == "SQL" else part for part in what)
            if unique_id in names.values():
                what = (f"name, was {old[unique_id].name}", *what)
            if not what:
                continue
        name = f"{node.source_name}.{node.name}" if node.resource_type == "source" else node.name
        readers = len(below([unique_id], children) - {unique_id})
        found.append(ChangedNode(unique_id, name, node.resource_type, node.path, kind, what, readers))
    return sorted(found, key=lambda node: (-node.readers, node.resource_type, node.name))


def _nodes(manifest: Manifest) -> dict[str, Node]:
    groups = (manifest.nodes, manifest.sources, manifest.others)
    return {
        unique_id: node
        for group in groups
        for unique_id, node in group.items()
        if node.resource_type in _TYPES
    }


def _differences(old: Node, new: Node) -> Iterator[str]:
    before, after = old.raw, new.raw
    is_text_other = before.get("raw_code") != after.get("raw_code")
    if is_text_other:
        yield "SQL" if after.get("language", "sql") == "sql" else "code"
    elif _compiled(before) != _compiled(after):
        yield "SQL, through a macro or variable"
    if old.resource_type == "seed" and old.checksum != new.checksum:
        yield "rows"
    keys = sorted(_config(old).items() ^ _config(new).items())
    if keys:
        yield f"configuration ({', '.join(dict.fromkeys(key for key, _ in keys))})"
    if _shape(before) != _shape(after):
        yield "declared columns"
    if old.resource_type not in ("test", "model", "seed", "snapshot", "source") and _rest(before) != _rest(
        after
    ):
        yield "definition"
    if old.resource_type == "source" and (old.schema, old.identifier) != (new.schema, new.identifier):
        yield "relation"
    if _words(old) != _words(new):
        yield "descriptions"


def _compiled(raw: Mapping[str, Any]) -> str:
    """The compiled SQL without the ephemeral models that dbt put into it: they are nodes of their own."""
    text = str(raw.get("compiled_code") or "")
    for cte in raw.get("extra_ctes") or ():
        text = text.replace(str(cte.get("sql") or ""), "")
    return _PASSING.sub("", text)


def _config(node: Node) -> dict[str, str]:
    """The configuration that matters, as text; what is empty is as if it were not there."""
    return {
        key: repr(value)
        for key, value in node.config.items()
        if key not in _QUIET_CONFIG and value not in _EMPTY
    }


def _shape(raw: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    columns = (raw.get("columns") or {}).values()
    return sorted(
        (str(c.get("name")), str(c.get("data_type") or ""), repr(c.get("constraints") or [])) for c in columns
    )


def _words(node: Node) -> tuple[str, list[tuple[str, str]]]:
    return node.description, sorted((column.name, column.description) for column in node.columns)


# Of unit tests, metrics and the like: everything but where it stands and when it was parsed.
_PLACES = frozenset(
    {"created_at", "original_file_path", "path", "patch_path", "checksum", "config", "unrendered_config",
     "description", "columns", "fqn", "refs", "sources", "build_path", "compiled_path", "meta", "tags"}
)  # fmt: skip


def _rest(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if key not in _PLACES}


def children_of(nodes: Iterable[Node]) -> dict[str, set[str]]:
    """unique_id → what reads it, tests left out."""
    found: dict[str, set[str]] = {}
    for node in nodes:
        if node.resource_type not in ("test", "unit_test"):
            for parent in node.depends_on:
                found.setdefault(parent, set()).add(node.unique_id)
    return found


def below(unique_ids: Iterable[str], children: Mapping[str, set[str]]) -> set[str]:
    """Everything downstream of some nodes, through any number of steps."""
    found: set[str] = set()
    waiting = list(unique_ids)
    while waiting:
        new = children.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found
