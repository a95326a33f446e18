"""A second look at every pair: what the other pairs of its row, its column, its tables and its place say."""

from __future__ import annotations

from collections import Counter

import numpy as np

from aidbt.core.schema import Column
from aidbt.mapping.signals import Pairs, SchemaPair

# A logit outside of this is as certain as can be.
_LIMIT = 12.0
_NEIGHBOURS = (-2, -1, 1, 2)
# From this share on a pair counts as likely, and so many of them are half a proof that an order was kept.
_LIKELY, _PROOF = 0.3, 4.0


def log_shares(logits: np.ndarray, groups: np.ndarray, count: int, none: float) -> np.ndarray:
    """The logarithm of each pair's share of its group, "no match" being one more member of every group.

    Args:
        logits: shape (pairs,).
        groups: shape (pairs,), 0..count-1, such as the pairs' source columns.
        none: the logit of "no match".

    Returns:
        Array of shape (pairs,), each at most 0: a softmax over the group.
    """
    highest = np.full(count, none, dtype=np.float64)
    np.maximum.at(highest, groups, logits)
    total = np.bincount(groups, np.exp(logits - highest[groups]), count) + np.exp(none - highest)
    return np.asarray(logits - highest[groups] - np.log(total[groups]))


def best_other(scores: np.ndarray, groups: np.ndarray, count: int, least: float) -> np.ndarray:
    """The highest score among the other pairs of the same group; `least` where there is none better."""
    best = np.full(count, least, dtype=np.float64)
    np.maximum.at(best, groups, scores)
    is_best = scores >= best[groups]
    # The first of several equally good ones is the best, so that the others stay its rivals.
    order = np.flatnonzero(is_best)
    first = np.full(count, -1)
    first[groups[order][::-1]] = order[::-1]
    rest = scores.copy()
    rest[first[first >= 0]] = least
    second = np.full(count, least, dtype=np.float64)
    np.maximum.at(second, groups, rest)
    found = best[groups]
    chosen = first[first >= 0]
    found[chosen] = second[groups[chosen]]
    return np.asarray(found)


def second_look(task: SchemaPair, pairs: Pairs, logits: np.ndarray) -> dict[str, np.ndarray]:
    """What the first look at all pairs together says about each.

    Args:
        logits: shape (pairs,), of the first look; 0 is "no match".

    Returns:
        Feature → array of shape (pairs,).
    """
    source, target = task.source, task.target
    i, j = pairs.source, pairs.target
    scores = np.clip(logits, -_LIMIT, _LIMIT).astype(np.float64)
    by_source = log_shares(scores, i, len(source), 0.0)
    by_target = log_shares(scores, j, len(target), 0.0)
    odds = 1 / (1 + np.exp(-scores))
    shares = np.exp((by_source + by_target) / 2)
    order = _order_kept(task, pairs, shares)
    found = {
        "first": scores / _LIMIT,
        "share_of_source": np.maximum(by_source, -_LIMIT) / _LIMIT,
        "share_of_target": np.maximum(by_target, -_LIMIT) / _LIMIT,
        "share_of_both": shares,
        "ahead_of_source": np.clip(scores - best_other(scores, i, len(source), -_LIMIT), -6, 6) / 6,
        "ahead_of_target": np.clip(scores - best_other(scores, j, len(target), -_LIMIT), -6, 6) / 6,
        "neighbours": order * _neighbours(task, pairs, shares),
        "place": order * (1 - np.abs(source.position[i] - target.position[j])),
    }
    affinity = _affinity(task, pairs, odds)
    for name, shares in (
        ("tables", affinity),
        ("tables_of_source", affinity / np.maximum(affinity.max(axis=1, keepdims=True, initial=0), 1e-9)),
        ("tables_of_target", affinity / np.maximum(affinity.max(axis=0, keepdims=True, initial=0), 1e-9)),
    ):
        is_known = len(target.tables) > 1 if name == "tables_of_source" else len(source.tables) > 1
        several = len(source.tables) > 1 or len(target.tables) > 1
        wanted = several if name == "tables" else is_known
        found[name] = (
            shares[source.table_of[i], target.table_of[j]] if wanted and len(pairs) else np.zeros(len(pairs))
        )
    found["same_names"] = _same_names(task, pairs, odds, affinity)
    return found


def _order_kept(task: SchemaPair, pairs: Pairs, shares: np.ndarray) -> float:
    """0..1, how far the targets stand in the order of their sources, as the likeliest pairs show it.

    The correlation of the places of both columns within their two tables, over all pairs of tables together;
    near 0 as long as few pairs are likely. Somebody who renamed columns kept their order, a standard did not.
    """
    likely = shares >= _LIKELY
    if likely.sum() < 2:
        return 0.0
    i, j, weights = pairs.source[likely], pairs.target[likely], shares[likely]
    tables = task.source.table_of[i] * len(task.target.tables) + task.target.table_of[j]
    _, group = np.unique(tables, return_inverse=True)
    total = np.bincount(group, weights)
    places = []
    for position in (task.source.position[i], task.target.position[j]):
        mean = np.bincount(group, weights * position) / total
        places.append(position - mean[group])
    spread = np.sqrt(weights @ places[0] ** 2) * np.sqrt(weights @ places[1] ** 2)
    if spread <= 0:
        return 0.0
    # Each pair of tables uses up one place: two likely pairs are no proof of an order.
    seen = max(float(weights.sum()) - len(total), 0.0)
    return float(max(weights @ (places[0] * places[1]) / spread, 0.0) * seen / (seen + _PROOF))


def _neighbours(task: SchemaPair, pairs: Pairs, shares: np.ndarray) -> np.ndarray:
    """The mean share of the pairs that stand the same few places before and after in both tables."""
    width = len(task.target)
    keys = pairs.source * width + pairs.target
    order = np.argsort(keys)
    known = keys[order]
    total, seen = np.zeros(len(pairs)), np.zeros(len(pairs))
    if not len(pairs):
        return total
    for step in _NEIGHBOURS:
        i, j = pairs.source + step, pairs.target + step
        inside = (i >= 0) & (i < len(task.source)) & (j >= 0) & (j < width)
        i, j = np.where(inside, i, 0), np.where(inside, j, 0)
        inside &= task.source.table_of[i] == task.source.table_of[pairs.source]
        inside &= task.target.table_of[j] == task.target.table_of[pairs.target]
        place = np.minimum(np.searchsorted(known, i * width + j), len(known) - 1)
        there = inside & (known[place] == i * width + j)
        total += np.where(there, shares[order[place]], 0.0)
        seen += inside
    return total / np.maximum(seen, 1)


def _affinity(task: SchemaPair, pairs: Pairs, odds: np.ndarray) -> np.ndarray:
    """How much of two tables finds a partner in each other, columns that many tables have counting less.

    Returns:
        Array of shape (source tables, target tables), each 0..1: the harmonic mean of both shares.
    """
    source, target = task.source, task.target
    shape = len(source.tables), len(target.tables)
    shares = []
    for side, other, own, others in (
        (source, target, pairs.source, pairs.target),
        (target, source, pairs.target, pairs.source),
    ):
        best = np.zeros((len(side), len(other.tables)))
        np.maximum.at(best, (own, other.table_of[others]), odds)
        seen = Counter(column.name for column in side.columns)
        weights = np.array([1 / seen[column.name] ** 0.5 for column in side.columns])
        total = np.zeros((len(side.tables), len(other.tables)))
        np.add.at(total, side.table_of, best * weights[:, None])
        weight = np.bincount(side.table_of, weights, len(side.tables))
        shares.append(total / np.maximum(weight, 1e-9)[:, None])
    forth, back = shares[0], shares[1].T
    return np.divide(2 * forth * back, forth + back, where=forth + back > 0, out=np.zeros(shape))


def _same_names(task: SchemaPair, pairs: Pairs, odds: np.ndarray, affinity: np.ndarray) -> np.ndarray:
    """How well a source column's name and a target column's name fit in all the tables that have them.

    The mean odds over those pairs of tables, the likelier ones counting more: what `customer_id` became in
    one table it became in the others too. 0 where each name stands in one table only.
    """
    source, target = task.source, task.target
    if not len(pairs) or (len(source.tables) == 1 and len(target.tables) == 1):
        return np.zeros(len(pairs))
    left, right = _numbers(source.columns), _numbers(target.columns)
    keys = left[pairs.source] * (right.max() + 1) + right[pairs.target]
    _, group, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    weights = affinity[source.table_of[pairs.source], target.table_of[pairs.target]] ** 2 + 1e-6
    total = np.bincount(group, odds * weights)
    mean = total / np.bincount(group, weights)
    return np.where(sizes[group] > 1, mean[group], 0.0)


def _numbers(columns: list[Column]) -> np.ndarray:
    places: dict[str, int] = {}
    return np.array([places.setdefault(column.name, len(places)) for column in columns])
