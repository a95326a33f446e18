"""Where much depends on a node: entries of data, models that much is built on, marts that people look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from aidbt.project.manifest import Manifest, Node

Place = Literal["entry", "hub", "mart"]
# A model that fewer are built on is watched by them, or by what it reads.
_MANY = 5


@dataclass(frozen=True, slots=True)
class Position:
    """Why a node is worth watching.

    Attributes:
        place: an "entry" is a source that models read, a "mart" what an exposure reads, a "hub" a model that
            many are built on.
        below: models below it, directly or not.
        exposures: names of the exposures that read it themselves.
    """

    place: Place
    below: int
    exposures: tuple[str, ...] = ()


def positions(manifest: Manifest, package: str) -> dict[str, Position]:
    """The nodes of a project that much depends on, by unique_id, entries first."""
    below = _below(manifest)
    found: dict[str, Position] = {}
    for node in (*manifest.of_type("source"), *manifest.of_type("model")):
        if node.package == package:
            position = _position(node, manifest, below)
            if position is not None:
                found[node.unique_id] = position
    return found


def _position(node: Node, manifest: Manifest, below: Mapping[str, list[str]]) -> Position | None:
    models = _models_below(node.unique_id, manifest, below)
    if node.resource_type == "source":
        return Position("entry", models) if models else None
    readers = [manifest.get(name) for name in below.get(node.unique_id, ())]
    exposures = tuple(sorted({reader.name for reader in readers if reader.resource_type == "exposure"}))
    if exposures:
        return Position("mart", models, exposures)
    return Position("hub", models) if models >= _MANY else None


def _below(manifest: Manifest) -> dict[str, list[str]]:
    """unique_id → what reads it; tests are left out."""
    found: dict[str, list[str]] = defaultdict(list)
    for node in (*manifest.nodes.values(), *manifest.others.values()):
        if node.resource_type not in ("test", "unit_test"):
            for name in node.depends_on:
                found[name].append(node.unique_id)
    return found


def _models_below(name: str, manifest: Manifest, below: Mapping[str, list[str]]) -> int:
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        new = [reader for reader in below.get(waiting.pop(), ()) if reader not in seen]
        seen.update(new)
        waiting += new
    return sum(manifest.get(reader).resource_type == "model" for reader in seen)
