"""What alerts and scores are worth, against the labels of a set.

Of every monitor and day one of three things is true: it is *faulty* (inside a label of that monitor),
*neutral* (inside a label of another monitor of its pipeline or the day after, or up to three days after a
label of its own), or *normal*. Alerts of one monitor with at most two days between them are one episode. An
episode that touches a fault is right, one that else touches a neutral day does not count, every other is a
false alarm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.anomaly_sets import LabelledSet

SHADOW = 3  # days after its own label on which a monitor may still alert
GAP = 3  # alerts this many days apart are one episode
FIRST_DAY = 60  # before it, detectors only learn
COLD_START = (14, 59)  # the days of which the false alarms are counted apart


@dataclass(frozen=True, slots=True)
class Truth:
    """Which days are faulty, over the days `first` to `last`.

    Attributes:
        faulty, neutral, observed: M × T; `observed` where there is a value.
        judged: T, the days that count.
        labels: those that begin on a judged day; `rows` are their monitors.
    """

    faulty: np.ndarray
    neutral: np.ndarray
    observed: np.ndarray
    judged: np.ndarray
    labels: pd.DataFrame
    rows: np.ndarray

    @property
    def monitor_weeks(self) -> float:
        """How many weeks of one monitor were judged."""
        return float(self.observed[:, self.judged].sum()) / 7


def truth_of(data: LabelledSet, *, first: int = FIRST_DAY, last: int | None = None) -> Truth:
    """The truth of a set; a label counts as a whole when it begins on one of the days."""
    days = data.history.values.shape[1]
    row_of = {key: row for row, key in enumerate(data.keys)}
    pipelines = np.array(data.pipelines)
    of_pipeline = {name: np.flatnonzero(pipelines == name) for name in np.unique(pipelines)}
    faulty = np.zeros(data.history.values.shape, bool)
    neutral = np.zeros_like(faulty)
    for label in data.labels.itertuples():
        row = row_of[label.table, label.metric]
        faulty[row, label.start : label.end + 1] = True
        neutral[of_pipeline[pipelines[row]], label.start : label.end + 2] = True
        neutral[row, label.end + 1 : label.end + 1 + SHADOW] = True
    last = min(days - 1 if last is None else last, days - 1)
    judged = np.zeros(days, bool)
    judged[first : last + 1] = True
    begins = (data.labels.start >= first) & (data.labels.start <= last)
    labels = data.labels[begins].reset_index(drop=True)
    rows = np.array([row_of[key] for key in zip(labels.table, labels.metric, strict=True)], int)
    return Truth(faulty, neutral & ~faulty, ~np.isnan(data.history.values), judged, labels, rows)


@dataclass(frozen=True, slots=True)
class Episodes:
    """Alerts of one monitor that belong together; arrays with one place for each.

    Attributes:
        monitor, first: the row, and the day of the first alert.
        right, wrong: what they are; an episode may be neither.
    """

    monitor: np.ndarray
    first: np.ndarray
    right: np.ndarray
    wrong: np.ndarray


def episodes_of(truth: Truth, alerts: np.ndarray) -> Episodes:
    """The episodes among the alerts (M × T bool) on judged days."""
    monitor, day = np.nonzero(alerts & truth.judged)
    if not len(monitor):
        none = np.zeros(0, int)
        return Episodes(none, none, none.astype(bool), none.astype(bool))
    begins = np.r_[True, (np.diff(monitor) != 0) | (np.diff(day) > GAP)]
    at = np.flatnonzero(begins)
    right = np.logical_or.reduceat(truth.faulty[monitor, day], at)
    excused = np.logical_or.reduceat(truth.neutral[monitor, day], at)
    return Episodes(monitor[at], day[at], right, ~right & ~excused)


def false_alarms(truth: Truth, alerts: np.ndarray) -> float:
    """Episodes that are wrong, per 100 monitors and week."""
    return 100 * int(episodes_of(truth, alerts).wrong.sum()) / truth.monitor_weeks


def labels_hit(truth: Truth, alerts: np.ndarray) -> np.ndarray:
    """Of each label, the day of its first alert; −1 where there is none."""
    spans = zip(truth.rows, truth.labels.start, truth.labels.end, strict=True)
    found = [(start, alerts[row, start : end + 1]) for row, start, end in spans]
    return np.array([start + int(days.argmax()) if days.any() else -1 for start, days in found], int)


def incidents_hit(truth: Truth, hit: np.ndarray) -> pd.DataFrame:
    """One row for each true incident: `hit`, and after how many days where it was."""
    frame = truth.labels.assign(hit=hit >= 0, at=np.where(hit >= 0, hit, np.iinfo(int).max))
    found = frame.groupby("incident").agg(hit=("hit", "max"), at=("at", "min"), start=("start", "min"))
    return found.assign(delay=(found["at"] - found["start"]).where(found["hit"]))


def average_precision(truth: Truth, scores: np.ndarray) -> float:
    """The area under precision over recall of single days, neutral ones left out; ties count as one step."""
    counted = truth.judged & truth.observed & ~truth.neutral
    faulty, score = truth.faulty[counted], scores[counted]
    if not faulty.any():
        return float("nan")
    order = np.argsort(-score, kind="stable")
    score, right = score[order], np.cumsum(faulty[order])
    steps = np.r_[np.flatnonzero(np.diff(score)), len(score) - 1]
    precision, recall = right[steps] / (steps + 1), right[steps] / right[-1]
    return float(np.sum(np.diff(np.r_[0.0, recall]) * precision))


def recall_within(truth: Truth, scores: np.ndarray, budget: float) -> tuple[float, float]:
    """The largest share of incidents found with at most `budget` false alarms, and the threshold for it."""
    positive = scores[:, truth.judged]
    positive = positive[positive > 0]
    candidates = np.array([1.0])
    if len(positive):
        candidates = np.unique(np.quantile(positive, np.linspace(0.5, 0.99999, 400)))
    low, high = 0, len(candidates) - 1
    while low < high:
        middle = (low + high) // 2
        if false_alarms(truth, scores > candidates[middle]) <= budget:
            high = middle
        else:
            low = middle + 1
    threshold = float(candidates[high])
    found = incidents_hit(truth, labels_hit(truth, scores > threshold))
    return (float(found.hit.mean()) if len(found) else float("nan")), threshold


def figures(
    data: LabelledSet, scores: np.ndarray, alerts: np.ndarray, incidents: np.ndarray | None = None
) -> dict[str, Any]:
    """The figures of a set; `false_alarms…` are per 100 monitors and week.

    Args:
        scores: M × T, higher is odder.
        alerts: M × T bool.
        incidents: M × T, the id of the incident that an alert belongs to; −1 for none.
    """
    truth = truth_of(data)
    cold = truth_of(data, first=COLD_START[0], last=COLD_START[1])
    scores = np.nan_to_num(scores)
    episodes = episodes_of(truth, alerts)
    hit = labels_hit(truth, alerts)
    found = incidents_hit(truth, hit)
    right, wrong = int(episodes.right.sum()), int(episodes.wrong.sum())
    precision = right / max(1, right + wrong)
    recall = float((hit >= 0).mean()) if len(hit) else 0.0
    return {
        "f1_mon": _rounded(2 * precision * recall / max(1e-9, precision + recall)),
        "precision": _rounded(precision),
        "recall_mon": _rounded(recall),
        "recall_inc": _rounded(found.hit.mean()),
        "ap": _rounded(average_precision(truth, scores)),
        "recall_inc_at_1": _rounded(recall_within(truth, scores, 1.0)[0]),
        "recall_inc_at_0.5": _rounded(recall_within(truth, scores, 0.5)[0]),
        "false_alarms": _rounded(false_alarms(truth, alerts)),
        "false_alarms_cold": _rounded(false_alarms(cold, alerts)),
        "alert_incidents_per_hit": _rounded(_incidents_per_hit(truth, alerts, incidents)),
        "delay_days": _rounded(found.delay.mean()),
        "incidents": len(found),
        "kinds": _by(truth.labels.kind, truth.labels.incident, hit),
        "archetypes": _by(truth.labels.table.str[:4].map(data.archetypes), truth.labels.incident, hit),
        "false_by_metric": _counts(np.array([key[1] for key in data.keys])[episodes.monitor[episodes.wrong]]),
        "false_by_cause": _counts(_causes(data, episodes)),
    }


def _incidents_per_hit(truth: Truth, alerts: np.ndarray, incidents: np.ndarray | None) -> float | None:
    """How many incidents of alerts one true incident that is found at all was given on average."""
    if incidents is None:
        return None
    given: dict[str, set[int]] = {}
    for row, label in zip(truth.rows, truth.labels.itertuples(), strict=True):
        span = slice(label.start, label.end + 1)
        ids = set(incidents[row, span][alerts[row, span]].tolist())
        given.setdefault(str(label.incident), set()).update(ids)
    counts = [len(ids) for ids in given.values() if ids]
    return float(np.mean(counts)) if counts else None


def _by(group: pd.Series, incident: pd.Series, hit: np.ndarray) -> dict[str, str]:
    """Group → incidents found of those there are."""
    frame = pd.DataFrame({"group": group.to_numpy(), "incident": incident.to_numpy(), "hit": hit >= 0})
    each = frame.groupby(["group", "incident"]).hit.max().groupby("group").agg(["sum", "size"])
    return {str(name): f"{int(row['sum'])}/{int(row['size'])}" for name, row in each.iterrows()}


def _causes(data: LabelledSet, episodes: Episodes) -> np.ndarray:
    """What was going on, harmlessly, where a false alarm was given; "none" where nothing was."""
    benign: dict[tuple[str, int], str] = {}
    for event in data.benign.itertuples():
        for day in range(event.start, event.end + 1):
            benign.setdefault((event.pipeline, day), str(event.kind).partition(":")[0])
    pipelines = data.pipelines
    wrong = zip(episodes.monitor[episodes.wrong], episodes.first[episodes.wrong], strict=True)
    return np.array([benign.get((pipelines[row], day), "none") for row, day in wrong])


def _counts(names: np.ndarray) -> dict[str, int]:
    found, numbers = np.unique(names, return_counts=True) if len(names) else ((), ())
    return {str(name): int(number) for name, number in zip(found, numbers, strict=True)}


def _rounded(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else round(float(value), 3)
