"""What is known of each node without asking the warehouse: how many buckets, since when, what is watched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aidbt.core.config import MonitorSettings
from aidbt.core.findings import Finding
from aidbt.core.measured import Grain, is_of_runs, node_name
from aidbt.monitors.collection.standing import standing_findings
from aidbt.monitors.histories import monitors_of
from aidbt.monitors.judging.declared import monitor_tests
from aidbt.monitors.judging.due import Judged
from aidbt.monitors.judging.remembered import judged_before, most_late
from aidbt.monitors.judging.ripening import ripe_after
from aidbt.monitors.metrics import METRICS, USUAL
from aidbt.project.manifest import Manifest
from aidbt.project.selection import select_nodes
from aidbt.store import Store
from aidbt.store.buckets import Buckets

COLD = 14
# The newest bucket alone may be without rows, and so without most of what is watched.
_LATELY = timedelta(days=7)
_GRAINS: tuple[Grain, ...] = ("day", "hour", "run")


@dataclass(frozen=True, slots=True)
class KnownNode:
    """What is known of one node in one grain.

    Attributes:
        first, last: the starts of its oldest and newest bucket.
        monitors: how many metrics of it and of its columns are watched.
        others: buckets in other grains, of before `monitors.grain` or its event time was changed.
        tests: the monitors of it that are data tests of the project: "row_count", "amount mean".
        ripening: those that are judged later than the others → after how many further buckets.
    """

    unique_id: str
    grain: Grain
    buckets: int
    first: datetime
    last: datetime
    monitors: int
    others: int = 0
    tests: tuple[str, ...] = ()
    ripening: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a project's nodes.

    Attributes:
        unmeasured: models of the project that nothing is known of.
        gone: unique_ids of what is known and in the project no more.
        metrics, on_request: those that are watched, and those that could be.
        findings: what is odd about them since they were measured last.
    """

    nodes: tuple[KnownNode, ...]
    unmeasured: int
    gone: tuple[str, ...]
    metrics: tuple[str, ...]
    on_request: tuple[str, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def monitors(self) -> int:
        """How many there are of all nodes."""
        return sum(node.monitors for node in self.nodes)

    @property
    def tests(self) -> int:
        """How many of them are data tests."""
        return sum(len(node.tests) for node in self.nodes)

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
    spans = {grain: buckets.spans(grain) for grain in _GRAINS}
    tests: dict[str, list[str]] = defaultdict(list)
    for test in monitor_tests(manifest):
        of_test = test.monitor
        tests[of_test.node].append(f"{of_test.column} {of_test.metric}".strip())
    judged = {grain: judged_before(store, counts, grain) for grain in _GRAINS}
    nodes = []
    for node, grains in counts.items():
        if node not in wanted and (select or not _is_custom(node)):
            continue
        # Its rows are measured in the grain that is newest; what is of its runs comes on top.
        timed: list[Grain] = [each for each in grains if each != "run"]
        grain: Grain = max(timed, key=lambda each: spans[each][node][1]) if timed else "run"
        first, last = spans[grain][node]
        watched = 0
        for of in {grain, *grains} - (set(timed) - {grain}):
            newest = buckets.series(node, of, since=spans[of][node][1] - _LATELY)
            watched += len(monitors_of(newest, metrics)) if newest else 0
        others = sum(grains[of] for of in timed if of != grain)
        own = tuple(sorted(tests.get(node, ())))
        ripens = _ripening(judged[grain].get(node), grain, settings)
        nodes.append(KnownNode(node, grain, grains[grain], first, last, watched, others, own, ripens))
    measured = {node.unique_id for node in nodes}
    names = {node_name(name) for name in wanted} | (set() if select or exclude else {"project", "aidbt.yml"})
    models = [name for name, node in wanted.items() if node.resource_type == "model"]
    return Known(
        nodes=tuple(sorted(nodes, key=lambda node: (-node.monitors, node.unique_id, node.grain))),
        unmeasured=sum(name not in measured for name in models),
        gone=() if select else tuple(sorted(name for name in counts if _is_gone(manifest, name))),
        metrics=tuple(metrics),
        on_request=tuple(metric.name for metric in METRICS if metric.name not in metrics),
        findings=tuple(found for found in standing_findings(store) if found.where in names),
    )


def _ripening(judged: Judged | None, grain: Grain, settings: MonitorSettings) -> dict[str, int]:
    """Of "amount mean" and its like, after how many buckets it is judged."""
    if judged is None:
        return {}
    found = ripe_after(judged, grain, most_late(grain, settings))
    return {" ".join(filter(None, reversed(key.split("|", 1)))): age for key, age in sorted(found.items())}


def _is_custom(node: str) -> bool:
    """Whether it is a metric of a person's own, which no manifest has."""
    return node.startswith(("custom.", "metric."))


def _is_gone(manifest: Manifest, node: str) -> bool:
    return manifest.find(node) is None and not is_of_runs(node) and not _is_custom(node)
