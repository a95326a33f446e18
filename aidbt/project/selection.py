"""Which nodes of a manifest a person means: by name, tag, folder or source, with what is above and below."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from aidbt.core.errors import UnknownName
from aidbt.project.manifest import Manifest, Node


def select_nodes(
    manifest: Manifest,
    select: Sequence[str],
    exclude: Sequence[str] = (),
    *,
    types: Collection[str] = ("model", "seed", "snapshot", "source"),
) -> list[Node]:
    """The nodes of some types that are selected and not excluded; all where nothing is selected.

    A selector is a part of dbt's own language: a name, `tag:NAME`, `path:FOLDER`, `source:NAME.TABLE`, a
    unique_id; * matches anything; a + before or behind adds everything above or below.

    Raises:
        UnknownName: a selector matches nothing.
    """
    nodes = [n for group in (manifest.nodes, manifest.sources) for n in group.values()]
    wanted = _matching(nodes, select) if select else {node.unique_id for node in nodes}
    unwanted = _matching(nodes, exclude) if exclude else set()
    return [n for n in nodes if n.resource_type in types and n.unique_id in wanted - unwanted]


def upstream_of(manifest: Manifest) -> dict[str, tuple[str, ...]]:
    """unique_id → the unique_ids that it reads, of models, seeds, snapshots and sources."""
    known = {
        n.unique_id: n
        for group in (manifest.nodes, manifest.sources)
        for n in group.values()
        if n.resource_type in ("model", "seed", "snapshot", "source")
    }
    return {name: tuple(up for up in node.depends_on if up in known) for name, node in known.items()}


def all_above(manifest: Manifest) -> dict[str, frozenset[str]]:
    """unique_id → the unique_ids of all that it is made of, of models, seeds, snapshots and sources."""
    edges = upstream_of(manifest)
    return {name: frozenset(_reached([name], edges)) for name in edges}


def _matching(nodes: Sequence[Node], selectors: Sequence[str]) -> set[str]:
    found: set[str] = set()
    above = {node.unique_id: node.depends_on for node in nodes}
    below: dict[str, list[str]] = {}
    for name, parents in above.items():
        for parent in parents:
            below.setdefault(parent, []).append(name)
    for selector in (part for said in selectors for part in said.split()):
        bare = selector.removeprefix("+").removesuffix("+")
        here = {node.unique_id for node in nodes if _matches(node, bare)}
        if not here:
            raise UnknownName("node", bare, {node.name for node in nodes if node.resource_type == "model"})
        found |= here
        if selector.startswith("+"):
            found |= _reached(here, above)
        if selector.endswith("+"):
            found |= _reached(here, below)
    return found


def _matches(node: Node, selector: str) -> bool:
    method, colon, value = selector.partition(":")
    if not colon:
        return fnmatchcase(node.name, selector) or fnmatchcase(node.unique_id, selector)
    if method == "source":
        wanted = value if "." in value else f"{value}.*"
        return bool(node.source_name) and fnmatchcase(f"{node.source_name}.{node.name}", wanted)
    if method == "tag":
        return any(fnmatchcase(str(tag), value) for tag in node.raw.get("tags") or ())
    if method == "path":
        folder = value.rstrip("/")
        return fnmatchcase(node.path, folder) or node.path.startswith(folder + "/")
    return False


def _reached(start: Iterable[str], edges: Mapping[str, Sequence[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(start)
    while waiting:
        for name in edges.get(waiting.pop(), ()):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return seen
