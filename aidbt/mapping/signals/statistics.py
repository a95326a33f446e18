"""Whether what a source column holds looks like what the target declares or holds."""

from __future__ import annotations

import numpy as np

from aidbt.core.schema import Column, ColumnProfile
from aidbt.mapping.facts import SHAPES, Facts
from aidbt.mapping.sides import Side
from aidbt.mapping.signals import Evidence, Pairs, SchemaPair


def statistics_signal(task: SchemaPair, pairs: Pairs) -> Evidence:
    """Measures: `shapes` how alike the values are written (numbers, dates, codes, phrases, …); `range` how
    much two distributions of numbers or dates share; `figures` the likeness of null rate, share of distinct
    values and length; `constraints` whether the source's rows keep what the target declares; `personal` is 1
    where both hold the same kind of personal data, and abstains where the source holds none.
    """
    left, right = task.source.facts, task.target.facts
    i, j = pairs.source, pairs.target
    found = Evidence()
    shapes = [_shape_rows(facts) for facts in (left, right)]
    lengths = [np.linalg.norm(rows, axis=1) for rows in shapes]
    norm = lengths[0][i] * lengths[1][j]
    cosine = np.einsum("kd,kd->k", shapes[0][i], shapes[1][j]) / np.maximum(norm, 1e-9)
    found.add("shapes", cosine, norm > 0)
    found.add("range", *_ranges(left, right, pairs))
    found.add("figures", *_figures(left, right, pairs))
    found.add("constraints", *_constraints(task.source, task.target, pairs))
    found.add("personal", *_personal(left, right, pairs))
    return found


def _shape_rows(facts: list[Facts]) -> np.ndarray:
    return np.array([[f.shapes.get(name, 0.0) for name in SHAPES] for f in facts], dtype=np.float32).reshape(
        len(facts), len(SHAPES)
    )


def _personal(left: list[Facts], right: list[Facts], pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    kinds = {kind: n for n, kind in enumerate(sorted({f.pii for f in (*left, *right)} - {""}))}
    a, b = (np.array([kinds.get(f.pii, -1) for f in facts], dtype=int) for facts in (left, right))
    return (a[pairs.source] == b[pairs.target]).astype(float), a[pairs.source] >= 0


def _ranges(left: list[Facts], right: list[Facts], pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """1 less the mean distance of the quantiles (an earth mover's distance), as a share of both's range."""
    a, b = (
        np.array([f.quantiles or (np.nan,) * 5 for f in facts], dtype=np.float64).reshape(len(facts), 5)
        for facts in (left, right)
    )
    low, high = (np.stack([a[pairs.source], b[pairs.target]]) for _ in range(2))
    # A double may be infinite, or so large that a difference is: such ranges are no evidence.
    with np.errstate(over="ignore", invalid="ignore"):
        span = high.max(axis=(0, 2)) - low.min(axis=(0, 2)) if len(pairs) else np.zeros(0)
        apart = np.abs(a[pairs.source] - b[pairs.target]).mean(axis=1)
    mask = np.isfinite(apart) & np.isfinite(span)
    shares = np.divide(apart, span, where=mask & (span > 0), out=np.zeros(len(pairs)))
    return 1 - shares, mask


def _figures(left: list[Facts], right: list[Facts], pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    total, seen = np.zeros(len(pairs)), np.zeros(len(pairs))
    for name in ("null_rate", "distinct_ratio", "length"):
        a, b = (
            np.array([np.nan if (v := getattr(f, name)) is None else v for f in facts], dtype=np.float64)
            for facts in (left, right)
        )
        x, y = a[pairs.source], b[pairs.target]
        if name == "length":
            x, y = np.log1p(x), np.log1p(y)
            alike = 1 - np.abs(x - y) / 3
        else:
            alike = 1 - np.abs(x - y)
        known = np.isfinite(alike)
        total += np.where(known, np.clip(alike, 0, 1), 0)
        seen += known
    return np.divide(total, seen, where=seen > 0, out=np.zeros(len(pairs))), seen > 0


def _constraints(source: Side, target: Side, pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    profiles = [t.profile.column(c.name) if t.profile else None for t, c in source.with_tables()]
    scores, mask = np.zeros(len(pairs)), np.zeros(len(pairs), dtype=bool)
    declared = np.array([bool(column.constraints) for column in target.columns], dtype=bool)
    for k in np.flatnonzero(declared[pairs.target]):
        profile = profiles[pairs.source[k]]
        parts = _kept(profile, target.columns[pairs.target[k]]) if profile else []
        if parts:
            scores[k], mask[k] = float(np.mean(parts)), True
    return scores, mask


def _kept(profile: ColumnProfile, target: Column) -> list[float]:
    """0..1 per declared constraint that the figures speak about."""
    parts: list[float] = []
    wants = set(target.constraints)
    if wants & {"not_null", "primary_key"}:
        parts.append(1.0 if profile.null_rate == 0 else 0.3 * (1 - profile.null_rate))
    if wants & {"unique", "primary_key"}:
        parts.append(1.0 if profile.is_unique else 0.0)
    return parts
