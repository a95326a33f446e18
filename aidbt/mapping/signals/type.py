"""Whether a source column's values can become the target's type."""

from __future__ import annotations

import numpy as np

from aidbt.core.schema import ColumnProfile
from aidbt.core.types import Family
from aidbt.mapping.facts import Facts
from aidbt.mapping.signals import Evidence, Pairs, SchemaPair

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
    "date": ("date", "timestamp"),
    "timestamp": ("timestamp", "date"),
    "boolean": ("boolean",),
    "time": ("time", "timestamp"),
}
_FAMILIES: tuple[Family, ...] = ("integer", "number", "text", "date", "timestamp", "time", "boolean", "other")
# A pair that carries over worse than this can never be one column: it is not looked at.
BLOCKED = 0.05


def type_signal(task: SchemaPair, pairs: Pairs) -> Evidence:
    """Measure `type`: how well each source type carries over to each target type, text counting as what its
    values read as; no evidence where a type is unknown.
    """
    sources, targets = task.source.facts, task.target.facts
    codes = {family: n for n, family in enumerate(_FAMILIES)}
    wanted = np.array([codes[facts.family] for facts in targets], dtype=int)
    scores = np.array([[_fit(facts, family) for family in _FAMILIES] for facts in sources], dtype=np.float32)
    known = np.array([facts.family != "other" for facts in sources], dtype=bool)
    mask = known[pairs.source] & (wanted[pairs.target] != codes["other"])
    found = Evidence()
    if len(pairs):
        found.add("type", scores[pairs.source, wanted[pairs.target]], mask)
    else:
        found.add("type", np.zeros(0), mask)
    return found


def _fit(facts: Facts, target: Family) -> float:
    if facts.family == target:
        return 1.0
    if facts.family == "text" and target in _TEXT_READS:
        if not facts.shapes:
            return 0.4
        # Never blocked: a text may hold a date in a form of its own, which an expression can read.
        read = sum(facts.shapes.get(shape, 0.0) for shape in _TEXT_READS[target])
        return max(0.9 * min(read, 1.0), BLOCKED)
    return _CARRIES.get((facts.family, target), 0.0)


def carries_over(source: Family, target: Family, profile: ColumnProfile | None) -> float:
    """How well values of one family become the other, 0..1; text counts as what it is seen to hold."""
    if source == target:
        return 1.0
    if source == "text" and target in _TEXT_READS:
        if profile is None or not profile.formats:
            return 0.4
        return 0.9 * min(sum(profile.formats.get(name, 0.0) for name in _TEXT_READS[target]), 1.0)
    return _CARRIES.get((source, target), 0.0)
