"""Proposing a match for every column of a declared target, with the reasons in words."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from aidbt.core.config import MappingSettings
from aidbt.core.schema import Band, ColumnMatch
from aidbt.core.types import is_same_type, type_family
from aidbt.mapping.assign import assigned_pairs
from aidbt.mapping.reasons import reasons
from aidbt.mapping.schemas import score
from aidbt.mapping.signals import Evidence, MatchTask
from aidbt.mapping.signals.type import carries_over

ALTERNATIVES = 3
# Below this a plain cast loses or invents something: never decided without a person.
CASTABLE = 0.5


def match(task: MatchTask, settings: MappingSettings) -> list[ColumnMatch]:
    """The best one-to-one match of every target column, in the target's order.

    A match is accepted from the probability on that `accepted_from` gives, if a plain cast can carry its
    values over and some evidence tells it from every rival; it is reviewed from `settings.review` on.

    Raises:
        UnknownName: the settings name a signal or a combiner that does not exist.
    """
    schemas = task.schemas()
    pairs, scores = score(schemas, settings)
    likely = np.zeros(task.shape)
    likely[pairs.source, pairs.target] = scores.probability
    places = np.full(task.shape, -1)
    places[pairs.source, pairs.target] = np.arange(len(pairs))
    seen = _seen(scores.evidence, len(pairs))
    taken = assigned_pairs(pairs, scores.probability, task.shape, least=settings.review)
    least = accepted_from(scores.probability[taken], settings.precision)
    chosen = dict(zip(pairs.target[taken].tolist(), pairs.source[taken].tolist(), strict=True))
    found = []
    for j, target in enumerate(task.target.columns):
        i = chosen.get(j)
        others = _alternatives(task, likely, i, j, settings)
        if i is None:
            found.append(ColumnMatch(None, target.name, 0.0, "none", alternatives=others))
            continue
        probability = float(likely[i, j])
        said = _said(scores.evidence, int(places[i, j]))
        rival, best = _rival(task, likely, i, j)
        why = reasons(schemas, i, j, said)
        band: Band = "accept" if probability >= least and is_castable(task, i, j) else "review"
        if _has_twin(seen, places, i, j):
            band, why = "review", (*why, "but nothing tells it from another pair")
        found.append(
            ColumnMatch(
                task.source.columns[i].name,
                target.name,
                _floor(probability),
                band,
                said,
                others,
                margin=_floor(probability - best),
                rival=rival,
                reasons=why,
            )
        )
    return found


def _said(evidence: Mapping[str, Evidence], k: int) -> dict[str, float]:
    """What was said about one pair; measures that abstain are absent."""
    return {
        measure: round(float(found.scores[measure][k]), 2)
        for found in evidence.values()
        for measure in found.scores
        if found.masks[measure][k]
    }


def _seen(evidence: Mapping[str, Evidence], count: int) -> np.ndarray:
    """What was said about each pair, shape (pairs, measures); -1 where a measure abstains."""
    said = [
        np.where(found.masks[measure], found.scores[measure], -1.0)
        for found in evidence.values()
        for measure in found.scores
    ]
    return np.stack(said, axis=1) if said else np.zeros((count, 0))


def _has_twin(seen: np.ndarray, places: np.ndarray, i: int, j: int) -> bool:
    """Whether another source of this target, or another target of this source, has the very same evidence.

    The assignment then took one of them by its position, which is no answer.

    Args:
        places: shape (sources, targets), the index of each pair; -1 for those that are not looked at.
    """
    rivals = np.concatenate([np.delete(places[:, j], i), np.delete(places[i], j)])
    rivals = rivals[rivals >= 0]
    return bool(np.isclose(seen[rivals], seen[places[i, j]], atol=1e-6).all(axis=1).any())


def accepted_from(probabilities: np.ndarray, precision: float) -> float:
    """The lowest probability that is accepted, so that the share `precision` of what is accepted is right.

    The mean of the accepted probabilities is at least `precision`, and no accepted match is more than twice
    as doubtful as that: at 0.95 a match of 0.92 is accepted beside enough of 0.99, one of 0.89 never.

    Returns:
        0..1; 1 or more where nothing is accepted.
    """
    ranked = np.sort(probabilities)[::-1]
    means = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
    kept = ranked[(means >= precision) & (ranked >= 1 - 2 * (1 - precision))]
    return float(kept[-1]) if len(kept) else np.inf


def _floor(share: float) -> float:
    """Two digits, never more than it is: 0.948 does not read as the 0.95 that would have been accepted."""
    return math.floor(share * 100) / 100


def _alternatives(
    task: MatchTask, likely: np.ndarray, i: int | None, j: int, settings: MappingSettings
) -> tuple[tuple[str, float], ...]:
    """The next likeliest sources of a target, as far as they are worth a look."""
    ranked = [int(k) for k in np.argsort(-likely[:, j], kind="stable") if k != i]
    return tuple(
        (task.source.columns[k].name, _floor(float(likely[k, j])))
        for k in ranked[:ALTERNATIVES]
        if likely[k, j] >= settings.review / 4
    )


def _rival(task: MatchTask, likely: np.ndarray, i: int, j: int) -> tuple[str, float]:
    """The nearest rival in words, and its probability: another source of this target, or the reverse."""
    column, row = likely[:, j].copy(), likely[i, :].copy()
    column[i] = row[j] = -1.0
    best_source = int(column.argmax()) if len(column) > 1 else -1
    best_target = int(row.argmax()) if len(row) > 1 else -1
    of_source = float(column[best_source]) if best_source >= 0 else 0.0
    of_target = float(row[best_target]) if best_target >= 0 else 0.0
    if max(of_source, of_target) <= 0:
        return "", 0.0
    if of_source >= of_target:
        return f"{task.source.columns[best_source].name} for {task.target.columns[j].name}", of_source
    return f"{task.source.columns[i].name} for {task.target.columns[best_target].name}", of_target


def is_castable(task: MatchTask, i: int, j: int) -> bool:
    """Whether a plain cast may carry the source's values over to the target's type."""
    source, target = task.source.columns[i], task.target.columns[j]
    if not target.data_type or not source.data_type:
        return True
    profile = task.profile.column(source.name) if task.profile else None
    families = type_family(source.data_type), type_family(target.data_type)
    if "other" in families:
        return is_same_type(source.data_type, target.data_type)
    return carries_over(*families, profile) >= CASTABLE
