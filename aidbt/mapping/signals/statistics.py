"""Whether what a source column holds fits what the target declares or holds."""

from __future__ import annotations

import numpy as np

from aidbt.core.schema import Column, ColumnProfile
from aidbt.mapping.signals import Evidence, MatchTask


def statistics_signal(task: MatchTask) -> Evidence:
    """Fit of the source's figures: to the target's constraints, and to its figures where it has rows."""
    scores, mask = np.zeros(task.shape), np.zeros(task.shape, dtype=bool)
    if task.profile is None or not task.profile.row_count:
        return Evidence(scores, mask)
    for i, column in enumerate(task.source.columns):
        profile = task.profile.column(column.name)
        if profile is None:
            continue
        for j, target in enumerate(task.target.columns):
            there = task.target_profile.column(target.name) if task.target_profile else None
            parts = [*_constraint_fit(profile, target), *(_figures_fit(profile, there) if there else ())]
            if parts:
                scores[i, j], mask[i, j] = float(np.mean(parts)), True
    return Evidence(scores, mask)


def _constraint_fit(profile: ColumnProfile, target: Column) -> list[float]:
    """0..1 per declared constraint that the figures speak about."""
    parts: list[float] = []
    wants = set(target.constraints)
    if wants & {"not_null", "primary_key"}:
        parts.append(1.0 if profile.null_rate == 0 else 0.3 * (1 - profile.null_rate))
    if wants & {"unique", "primary_key"}:
        parts.append(1.0 if profile.is_unique else 0.0)
    return parts


def _figures_fit(a: ColumnProfile, b: ColumnProfile) -> list[float]:
    """0..1 per figure that both sides have: nulls, lengths, range, values, formats."""
    parts = [1 - abs(a.null_rate - b.null_rate)]
    if a.mean_length is not None and b.mean_length is not None:
        parts.append(min(a.mean_length, b.mean_length) / max(a.mean_length, b.mean_length, 1e-9))
    if a.quantiles and b.quantiles:
        parts.append(_range_overlap(a.quantiles, b.quantiles))
    left, right = {value for value, _ in a.top_values}, {value for value, _ in b.top_values}
    if left and right:
        parts.append(len(left & right) / min(len(left), len(right)))
    if a.formats and b.formats:
        parts.append(sum(min(a.formats.get(k, 0.0), b.formats.get(k, 0.0)) for k in a.formats | b.formats))
    return [min(part, 1.0) for part in parts]


def _range_overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """The shared part of the middle 90 % of two distributions, as a share of their union."""
    low, high = max(a[0], b[0]), min(a[-1], b[-1])
    union = max(a[-1], b[-1]) - min(a[0], b[0])
    if union <= 0:
        return 1.0
    return max(high - low, 0.0) / union
