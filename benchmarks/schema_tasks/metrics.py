"""How good predicted mappings are: ranking, assignment at one threshold, and what may be accepted unseen.

MRR: mean reciprocal rank of the best true target of each source column that has one; ties count against the
matcher by half. Hard: only over source columns whose true targets all have another name, compared by letters
and digits. Recall@GT: the share of the n true pairs of a task that are among its n highest scores (Koutras et
al., "Valentine", ICDE 2021), its expected value where the cut goes through a tie. F1: of the one-to-one
mapping at one threshold for all tasks. Auto@95: the largest share of all true pairs that can be accepted
unseen, most certain first over all tasks, while at least 95 % of what is accepted is right.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean
from typing import Any

import numpy as np

from benchmarks.schema_tasks import ColumnKey, Pair, Prediction, Task

AUTO_PRECISION = 0.95
_THRESHOLDS = 41  # quantiles of the scores that are tried


@dataclass(frozen=True, slots=True)
class Judged:
    """What one prediction is worth.

    Attributes:
        findable: how many true pairs a one-to-one mapping can hold at most.
        ranks: reciprocal rank (0..1) of each source column that has a true target.
        hard_ranks: those of the hard ones only.
        recall_at_truth: 0..1.
        assigned: score and whether it is true, for each pair of the mapping, highest score first.
    """

    task: Task
    findable: int
    ranks: tuple[float, ...]
    hard_ranks: tuple[float, ...]
    recall_at_truth: float
    assigned: tuple[tuple[float, bool], ...]


def judge(task: Task, prediction: Prediction) -> Judged:
    """What the prediction is worth on a task that has a truth."""
    targets = defaultdict(set)
    for source, target in task.truth:
        targets[source].add(target)
    candidates: dict[ColumnKey, dict[ColumnKey, float]] = defaultdict(dict)
    for (source, target), score in prediction.scored.items():
        candidates[source][target] = score
    ranks = {s: _reciprocal_rank(candidates.get(s, {}), true) for s, true in targets.items()}
    hard = [rank for s, rank in ranks.items() if all(_plain(s[1]) != _plain(t[1]) for t in targets[s])]
    said = ((score, pair in task.truth) for pair, score in prediction.assigned.items())
    return Judged(
        task,
        _most_pairs(task.truth),
        tuple(ranks.values()),
        tuple(hard),
        _recall_at_truth(prediction.scored, task.truth),
        tuple(sorted(said, key=lambda item: -item[0])),
    )


def _reciprocal_rank(scores: dict[ColumnKey, float], true: set[ColumnKey]) -> float:
    best = max((score for target, score in scores.items() if target in true), default=None)
    if best is None:
        return 0.0
    better = sum(score > best for score in scores.values())
    tied = sum(score == best and target not in true for target, score in scores.items())
    return 1 / (1 + better + tied / 2)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _recall_at_truth(scored: dict[Pair, float], truth: frozenset[Pair]) -> float:
    n = len(truth)
    found = 0.0
    for _, tied in groupby(sorted(scored, key=lambda pair: -scored[pair]), key=lambda pair: scored[pair]):
        group = list(tied)
        true = sum(pair in truth for pair in group)
        if len(group) >= n:  # the cut goes through this tie, or ends with it
            return (found + true * n / len(group)) / len(truth)
        found += true
        n -= len(group)
    return found / len(truth)


def _most_pairs(truth: frozenset[Pair]) -> int:
    """The size of the largest one-to-one part of the truth."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import maximum_bipartite_matching

    sources, targets = (sorted({pair[side] for pair in truth}) for side in (0, 1))
    true = [[(source, target) in truth for target in targets] for source in sources]
    return int((maximum_bipartite_matching(csr_matrix(np.array(true))) >= 0).sum())


def best_threshold(judged: Sequence[Judged]) -> float:
    """The threshold with the highest mean F1 on these tasks, out of quantiles of the scores; 0 for none."""
    scores = sorted({score for one in judged for score, _ in one.assigned})
    if not scores:
        return 0.0
    tried = np.unique(np.quantile(scores, np.linspace(0, 1, _THRESHOLDS)))
    return float(max(tried, key=lambda threshold: assignment(judged, threshold)["f1"]))


def assignment(judged: Sequence[Judged], threshold: float) -> dict[str, float]:
    """Mean precision, recall and F1 (0..1) of the mappings, taking pairs from the threshold on."""
    rows = [_assignment_of(one, threshold) for one in judged]
    return {name: fmean(row[i] for row in rows) for i, name in enumerate(("precision", "recall", "f1"))}


def _assignment_of(one: Judged, threshold: float) -> tuple[float, float, float]:
    taken = [true for score, true in one.assigned if score >= threshold]
    right = sum(taken)
    precision = right / len(taken) if taken else 0.0
    recall = min(right, one.findable) / one.findable
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return precision, recall, f1


def auto_accepted(judged: Sequence[Judged], precision: float = AUTO_PRECISION) -> float:
    """The share of all findable true pairs (0..1) that can be accepted unseen at that precision."""
    said = sorted((item for one in judged for item in one.assigned), key=lambda item: -item[0])
    taken = right = best = 0
    for _, tied in groupby(said, key=lambda item: item[0]):
        group = [true for _, true in tied]
        taken += len(group)
        right += sum(group)
        if right / taken >= precision:
            best = right
    return best / sum(one.findable for one in judged)


def figures(judged: Sequence[Judged], threshold: float) -> dict[str, Any]:
    """The figures over tasks, rounded; `f1` at the threshold, `f1_tuned` at the one that is best for them."""
    hard = [fmean(one.hard_ranks) for one in judged if one.hard_ranks]
    own = best_threshold(judged)
    values = {
        "mrr": fmean(fmean(one.ranks) for one in judged),
        "mrr_hard": fmean(hard) if hard else None,
        "recall_gt": fmean(one.recall_at_truth for one in judged),
        **assignment(judged, threshold),
        "f1_tuned": assignment(judged, own)["f1"],
        "auto95": auto_accepted(judged),
    }
    rounded = {name: None if value is None else round(value, 3) for name, value in values.items()}
    return {"tasks": len(judged), "pairs": sum(len(one.task.truth) for one in judged), **rounded}


def one_to_one(scored: dict[Pair, float]) -> dict[Pair, float]:
    """The one-to-one mapping with the highest total score, of a matcher that makes none itself."""
    if not scored:
        return {}
    from scipy.optimize import linear_sum_assignment

    sources, targets = (sorted({pair[side] for pair in scored}) for side in (0, 1))
    rows = {column: i for i, column in enumerate(sources)}
    columns = {column: j for j, column in enumerate(targets)}
    worth = np.zeros((len(sources), len(targets)))
    for (source, target), score in scored.items():
        worth[rows[source], columns[target]] = score
    chosen = ((sources[i], targets[j]) for i, j in zip(*linear_sum_assignment(-worth), strict=True))
    return {pair: scored[pair] for pair in chosen if pair in scored}
