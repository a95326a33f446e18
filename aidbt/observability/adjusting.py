"""What people said of alerts, as thresholds: worked out by each check, and kept for people to see."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from aidbt.core.findings import Finding
from aidbt.core.incidents import key_of
from aidbt.core.measured import Monitor
from aidbt.monitors.detectors.registry import Detector
from aidbt.monitors.feedback.file import FEEDBACK_FILE, load_feedback
from aidbt.monitors.feedback.verdicts import Adjustment, Alert, Feedback, adjustments, resolved
from aidbt.monitors.histories import history_of
from aidbt.monitors.history import History
from aidbt.project.manifest import Manifest
from aidbt.project.selection import select_nodes
from aidbt.store import Store
from aidbt.store.buckets import Buckets, Series

_KIND = "monitor_thresholds"


def project_feedback(
    root: Path, manifest: Manifest, store: Store
) -> tuple[tuple[Feedback, ...], tuple[Finding, ...]]:
    """What people said of the nodes that the project has; a finding for each node that it has not.

    Raises:
        SettingsError: the file is not as it should be.
        StoreError: the store cannot be read.
    """
    said = load_feedback(root)
    if not said:
        return (), ()
    nodes = {node.unique_id for node in select_nodes(manifest, ())} | Buckets(store).nodes().keys()
    return resolved(said, nodes, where=FEEDBACK_FILE)


def adjusted_thresholds(
    history: History,
    series: Sequence[Series],
    detector: Detector,
    threshold: float,
    feedback: Sequence[Feedback],
    alerts: Sequence[Alert],
    metrics: Collection[str],
) -> dict[Monitor, Adjustment]:
    """What the feedback changes for the monitors of a history, which is that of all that was measured."""
    here = set(history.monitors)
    said = [item for item in feedback if item.monitor in here]
    if not said:
        return {}
    missed = [item for item in said if item.verdict == "missed"]
    nodes = {item.monitor.node for item in missed}
    scores: dict[tuple[Monitor, datetime], float] = {}
    for one in (one for one in series if one.node in nodes):
        scores |= _missed_scores(one, [i for i in missed if i.monitor.node == one.node], detector, metrics)
    return adjustments(said, alerts, threshold=threshold, missed_scores=scores)


def _missed_scores(
    series: Series, missed: Sequence[Feedback], detector: Detector, metrics: Collection[str]
) -> dict[tuple[Monitor, datetime], float]:
    """How odd what was missed looks beside the past of its node."""
    own = history_of([series], metrics=metrics)
    if own is None:
        return {}
    scores, found = detector.scores(own).score, {}
    for item in missed:
        if item.monitor in own.monitors:
            row = scores[own.monitors.index(item.monitor)]
            odd = [score for start, score in zip(own.starts, row, strict=True) if item.covers(start)]
            found[item.monitor, item.first] = float(max(odd, default=0.0))
    return found


def limits_of(history: History, threshold: float, adjusted: Mapping[Monitor, Adjustment]) -> np.ndarray:
    """M, the score from which on each monitor alerts."""
    shifts = [adjusted[m].shift if m in adjusted else 0.0 for m in history.monitors]
    found: np.ndarray = threshold + np.array(shifts, float)
    return found


def remember_adjusted(store: Store, adjusted: Mapping[Monitor, Adjustment], nodes: Collection[str]) -> None:
    """Keep by how much which thresholds differ; of the nodes that were checked all others are as usual.

    Raises:
        StoreError: the store cannot be read or written.
    """
    now = {key_of(monitor): asdict(one) for monitor, one in adjusted.items()}
    before = (key for key, record in store.all(_KIND).items() if record.value["shift"])
    usual = {key: {"shift": 0.0, "why": ""} for key in before if key.partition("|")[0] in nodes}
    store.put_all(_KIND, usual | now)


def known_adjustments(store: Store) -> dict[Monitor, dict[str, Any]]:
    """The thresholds that differed at the last check: the fields of `Adjustment` by monitor.

    Raises:
        StoreError: the store cannot be read.
    """
    found = {}
    for key, record in store.all(_KIND).items():
        if record.value["shift"]:
            node, metric, column = key.split("|", 2)
            found[Monitor(node, metric, column)] = dict(record.value)
    return found
