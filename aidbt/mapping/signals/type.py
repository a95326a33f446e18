"""Whether a source column's values can become the target's type."""

from __future__ import annotations

import numpy as np

from aidbt.core.schema import ColumnProfile
from aidbt.core.types import Family, type_family
from aidbt.mapping.signals import Evidence, MatchTask

# (source, target) → how well values carry over. 1: the same kind. Below 0.5: a plain cast loses or
# invents something, so a person writes an expression.
_CARRIES: dict[tuple[Family, Family], float] = {
    ("integer", "number"): 0.95,
    ("number", "integer"): 0.6,
    ("integer", "text"): 0.7,
    ("number", "text"): 0.5,
    ("date", "timestamp"): 0.8,
    ("timestamp", "date"): 0.6,
    ("date", "text"): 0.5,
    ("timestamp", "text"): 0.5,
    ("boolean", "text"): 0.5,
    ("boolean", "integer"): 0.6,
    ("boolean", "number"): 0.4,
    ("integer", "boolean"): 0.5,
    ("integer", "timestamp"): 0.2,
    ("integer", "date"): 0.2,
    ("integer", "time"): 0.2,
    ("timestamp", "time"): 0.4,
}
_TEXT_READS: dict[Family, tuple[str, ...]] = {
    "integer": ("integer",),
    "number": ("integer", "decimal"),
    "date": ("date",),
    "timestamp": ("timestamp", "date"),
    "boolean": ("boolean",),
}


def type_signal(task: MatchTask) -> Evidence:
    """How well each source type carries over to each target type; no evidence where a type is unknown."""
    sources = [type_family(column.data_type) for column in task.source.columns]
    targets = [type_family(column.data_type) for column in task.target.columns]
    scores, mask = np.zeros(task.shape), np.zeros(task.shape, dtype=bool)
    for i, (column, source) in enumerate(zip(task.source.columns, sources, strict=True)):
        profile = task.profile.column(column.name) if task.profile else None
        for j, target in enumerate(targets):
            known = column.data_type != "" and task.target.columns[j].data_type != ""
            mask[i, j] = known and "other" not in (source, target)
            if mask[i, j]:
                scores[i, j] = carries_over(source, target, profile)
    return Evidence(scores, mask)


def carries_over(source: Family, target: Family, profile: ColumnProfile | None) -> float:
    """How well values of one family become the other, 0..1; text counts as what it is seen to hold."""
    if source == target:
        return 1.0
    if source == "text" and target in _TEXT_READS:
        if profile is None or not profile.formats:
            return 0.4
        return 0.9 * min(sum(profile.formats.get(name, 0.0) for name in _TEXT_READS[target]), 1.0)
    return _CARRIES.get((source, target), 0.0)
