"""What is known of the nodes of a project besides their data: lineage, owners, files, what needs them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aidbt.monitors.incidents.explaining import ColumnsBelow
from aidbt.project.manifest import Manifest, Node

_DATA = ("model", "seed", "snapshot", "source")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of nodes, by unique_id.

    Attributes:
        parents: what each reads; exposures are among the nodes, tests are not.
        owners: `meta.owner` or dbt's group; of a source that has neither, who owns all that is made of it.
        paths: of their files, relative to the project.
        critical: nodes that `meta.aidbt.criticality: high` or an exposure somewhere below makes important.
        minor: nodes of `criticality: low`.
        tested: test → the node it tests.
        private: (node, column) of columns that are tagged or described as personal data.
        columns_below: what is made of the columns that have changed, as far as that is known.
    """

    parents: Mapping[str, Collection[str]] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    critical: frozenset[str] = frozenset()
    minor: frozenset[str] = frozenset()
    tested: Mapping[str, str] = field(default_factory=dict)
    private: frozenset[tuple[str, str]] = frozenset()
    columns_below: ColumnsBelow = field(default_factory=dict)


def surroundings(manifest: Manifest) -> Surroundings:
    """What a manifest says of its nodes; hand-written metadata of other forms than expected is left out."""
    nodes = [node for kind in (*_DATA, "exposure") for node in manifest.of_type(kind)]
    known = {node.unique_id for node in nodes}
    parents = {node.unique_id: tuple(up for up in node.depends_on if up in known) for node in nodes}
    owners = {node.unique_id: owner for node in nodes if (owner := owner_of(node))}
    levels = {node.unique_id: criticality_of(node) for node in nodes}
    exposed = _above([node.unique_id for node in nodes if node.resource_type == "exposure"], parents)
    return Surroundings(
        parents=parents,
        owners={**owners, **dict(_owners_of_sources(nodes, parents, owners))},
        paths={node.unique_id: node.path for node in nodes},
        critical=frozenset(
            node for node, level in levels.items() if level == "high" or (node in exposed and level != "low")
        ),
        minor=frozenset(node for node, level in levels.items() if level == "low"),
        tested=dict(_tested(manifest, known)),
        private=frozenset(
            (node.unique_id, str(name).casefold())
            for node in nodes
            for name, column in _mapping(node.raw.get("columns")).items()
            if _is_private(_mapping(column))
        ),
    )


def with_feeds(around: Surroundings, feeds: Mapping[str, str]) -> Surroundings:
    """The surroundings in which some sources read what lands them.

    Args:
        feeds: source → connector.
    """
    more = {source: (*around.parents.get(source, ()), connector) for source, connector in feeds.items()}
    return replace(around, parents={**around.parents, **more}) if more else around


def _tested(manifest: Manifest, known: Collection[str]) -> Iterator[tuple[str, str]]:
    for kind in ("test", "unit_test"):
        for test in manifest.of_type(kind):
            attached = str(test.raw.get("attached_node"))
            of = [attached] if attached in known else [up for up in test.depends_on if up in known]
            if of:
                yield test.unique_id, of[0]


def _above(nodes: Collection[str], parents: Mapping[str, Collection[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(nodes)
    while waiting:
        for up in parents.get(waiting.pop(), ()):
            if up not in found:
                found.add(up)
                waiting.append(up)
    return found


def owner_of(node: Node) -> str:
    """`meta.owner` or dbt's group, of an exposure its owner; "" where nobody is named."""
    meta = _meta(node)
    owner: Any = meta.get("owner") or node.config.get("group") or node.raw.get("group")
    if not owner and node.resource_type == "exposure":
        owner = node.raw.get("owner")
    if isinstance(owner, Mapping):
        owner = owner.get("name") or owner.get("email")
    if isinstance(owner, list | tuple):
        owner = ", ".join(str(one) for one in owner)
    return " ".join(str(owner or "").lstrip("@").split())


def _owners_of_sources(
    nodes: Collection[Node], parents: Mapping[str, Collection[str]], owners: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Those of sources that name none: the owner that all of their readers share. A reader without one of its
    own is its readers'; exposures do not count, since who looks at data does not look after it."""
    readers: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        for up in parents[node.unique_id] if node.resource_type != "exposure" else ():
            readers[up].append(node.unique_id)
    for node in nodes:
        if node.resource_type == "source" and node.unique_id not in owners:
            owner = _shared_owner(node.unique_id, readers, owners)
            if owner:
                yield node.unique_id, owner


def _shared_owner(node: str, readers: Mapping[str, Collection[str]], owners: Mapping[str, str]) -> str:
    """The one owner next below a node on all ways; "" where there are several, or a way ends without one."""
    found, seen, waiting = "", {node}, [node]
    while waiting:
        below = readers.get(waiting.pop(), ())
        if not below:
            return ""
        for reader in below:
            owner = owners.get(reader, "")
            if owner and found not in ("", owner):
                return ""
            found = owner or found
            if not owner and reader not in seen:
                seen.add(reader)
                waiting.append(reader)
    return found


def criticality_of(node: Node) -> str:
    """What a node's `meta` says of how critical it is, in lower case; "" where it says nothing."""
    meta = _meta(node)
    level = _mapping(meta.get("aidbt")).get("criticality") or meta.get("criticality")
    return str(level or "").lower()


def _meta(node: Node) -> dict[str, Any]:
    """A node's `meta`, wherever its version of dbt has it; a table of a source has also its source's."""
    places = (node.raw.get("source_meta"), node.raw.get("meta"), node.config.get("meta"))
    return {key: value for place in places for key, value in _mapping(place).items()}


def _is_private(column: Mapping[str, Any]) -> bool:
    config = _mapping(column.get("config"))
    tags = [*_listed(column.get("tags")), *_listed(config.get("tags"))]
    meta = {**_mapping(column.get("meta")), **_mapping(config.get("meta"))}
    ours = _mapping(meta.get("aidbt"))
    return any(str(tag).casefold() == "pii" for tag in tags) or bool(
        meta.get("pii") or meta.get("contains_pii") or ours.get("pii")
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
