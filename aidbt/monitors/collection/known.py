"""What is known of each node without asking the warehouse: how many buckets, since when, what is watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aidbt.core.config import MonitorSettings
from aidbt.core.measured import Grain, is_of_runs
from aidbt.monitors.histories import monitors_of
from aidbt.monitors.metrics import METRICS, USUAL
from aidbt.project.manifest import Manifest
from aidbt.project.selection import select_nodes
from aidbt.store import Store
from aidbt.store.buckets import Buckets

COLD = 14
_GRAINS: tuple[Grain, ...] = ("day", "hour", "run")


@dataclass(frozen=True, slots=True)
class KnownNode:
    """What is known of one node in one grain.

    Attributes:
        first, last: the starts of its oldest and newest bucket.
        monitors: how many metrics of it and of its columns are watched.
    """

    unique_id: str
    grain: Grain
    buckets: int
    first: datetime
    last: datetime
    monitors: int


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a project's nodes.

    Attributes:
        unmeasured: models of the project that nothing is known of.
        gone: unique_ids of what is known and in the project no more.
        metrics, on_request: those that are watched, and those that could be.
    """

    nodes: tuple[KnownNode, ...]
    unmeasured: int
    gone: tuple[str, ...]
    metrics: tuple[str, ...]
    on_request: tuple[str, ...]

    @property
    def monitors(self) -> int:
        """How many there are of all nodes."""
        return sum(node.monitors for node in self.nodes)

    @property
    def buckets(self) -> int:
        """How many were measured of all nodes."""
        return sum(node.buckets for node in self.nodes)

    @property
    def cold(self) -> int:
        """How many nodes are new to us."""
        return sum(node.buckets < COLD for node in self.nodes)


def known_of(
    manifest: Manifest,
    store: Store,
    settings: MonitorSettings,
    *,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> Known:
    """What the store knows of the selected nodes, those with most monitors first.

    Raises:
        UnknownName: a selector matches nothing, or the settings name a metric that does not exist.
        StoreError: the store cannot be read.
    """
    wanted = {node.unique_id: node for node in select_nodes(manifest, select, exclude)}
    buckets = Buckets(store)
    metrics = settings.metrics or USUAL
    counts = buckets.nodes()
    nodes = []
    for grain in _GRAINS:
        for node, (first, last) in buckets.spans(grain).items():
            if node in wanted:
                newest = buckets.series(node, grain, since=last)
                watched = len(monitors_of(newest, metrics)) if newest else 0
                nodes.append(KnownNode(node, grain, counts[node][grain], first, last, watched))
    measured = {node.unique_id for node in nodes}
    models = [name for name, node in wanted.items() if node.resource_type == "model"]
    return Known(
        nodes=tuple(sorted(nodes, key=lambda node: (-node.monitors, node.unique_id, node.grain))),
        unmeasured=sum(name not in measured for name in models),
        gone=tuple(sorted(name for name in counts if manifest.find(name) is None and not is_of_runs(name)))
        if not select
        else (),
        metrics=tuple(metrics),
        on_request=tuple(metric.name for metric in METRICS if metric.name not in metrics),
    )
