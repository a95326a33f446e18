"""The preset `classic`: a fixed method and a fixed period for each kind of metric, and a weighted ensemble.

| metric | primary | secondary | baseline |
|---|---|---|---|
| freshness | later than expected | z-score | 7 days |
| volume | seasonal decomposition | isolation forest | 28 days |
| distribution | Kullback-Leibler divergence | population stability index | 90 days |
| null rate | z-score | moving average | 14 days |
| cardinality | percentage change | historical range | 30 days |

The judged bucket is never part of its baseline, nor is one written by a full refresh. The members weigh 0.35
(statistics), 0.30 (isolation forest), 0.25 (autoencoder, of which there is none) and 0.10 (rules); where one
is not there, the others share its weight. What the ensemble says is multiplied by 1.2 where another metric of
the node is odd too, by 0.8 where a monitor is noisy, and by 1.3 for nodes that were named critical.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from aidbt.core.measured import Grain
from aidbt.monitors.baseline.tails import deviation_of, score_of, upper_tail
from aidbt.monitors.detectors import classic_methods as methods
from aidbt.monitors.detectors.calibration import calibrated
from aidbt.monitors.detectors.classic_methods import Band, Method
from aidbt.monitors.detectors.isolation_forest import IsolationForestDetector, can_grow
from aidbt.monitors.detectors.rules import broken_rules
from aidbt.monitors.history import Family, History, Scores
from aidbt.monitors.thresholds import threshold_of

WEIGHTS = {"statistics": 0.35, "isolation_forest": 0.30, "autoencoder": 0.25, "rules": 0.10}
CORRELATED, NOISY, CRITICAL = 1.2, 0.8, 1.3
# The primary method's part of the statistical score, where there is a secondary one.
_PRIMARY = 2 / 3
_BUCKETS_A_DAY = {"day": 1, "hour": 24, "run": 1}
# A score that counts as odd, and how often a monitor may be odd in four weeks before it is noisy.
_ODD, _OFTEN, _NOISY_BUCKETS = 2.0, 0.1, 28
_HIGHEST = 12.0
# Larger numbers cannot be squared; they are passed over.
_TOO_LARGE = 1e150


class Kind(StrEnum):
    """What a metric is, as the table above has it."""

    FRESHNESS = "freshness"
    VOLUME = "volume"
    DISTRIBUTION = "distribution"
    NULL_RATE = "null rate"
    CARDINALITY = "cardinality"


@dataclass(frozen=True, slots=True)
class Plan:
    """How a kind is judged: `days` is the length of the baseline."""

    days: int
    primary: Method
    secondary: Method | None
    band: Band = methods.plain_band


PLANS = {
    Kind.FRESHNESS: Plan(7, methods.expected_arrival, methods.z_score),
    # The forest is a member of the ensemble, for all kinds.
    Kind.VOLUME: Plan(28, methods.seasonal, None, methods.seasonal_band),
    Kind.DISTRIBUTION: Plan(90, methods.z_score, None),  # of shares the divergence is judged, see below
    Kind.NULL_RATE: Plan(14, methods.z_score, methods.moving_average),
    Kind.CARDINALITY: Plan(30, methods.percentage_change, methods.outside_range),
}


def kind_of(family: Family, is_row_count: bool) -> Kind:
    """Which kind the metrics of a family are."""
    if family is Family.COUNT:
        return Kind.VOLUME if is_row_count else Kind.CARDINALITY
    if family is Family.MINUTES:
        return Kind.FRESHNESS
    if family in (Family.RATE, Family.EXCESS):
        return Kind.NULL_RATE
    return Kind.DISTRIBUTION


@dataclass(frozen=True, slots=True)
class ClassicDetector:
    """Fixed methods over fixed periods.

    Attributes:
        false_alarms: wished at most, per 100 monitors and week; only the bands depend on it.
        critical: nodes whose anomalies count for more.
        with_forest: None takes the isolation forest where scikit-learn is installed.
    """

    false_alarms: float = 0.5
    critical: Collection[str] = ()
    with_forest: bool | None = None

    def threshold(self, false_alarms: float | None = None, grain: Grain = "day") -> float:
        """The score above which a bucket is an anomaly."""
        return threshold_of(self.false_alarms if false_alarms is None else false_alarms, grain)

    def scores(self, history: History) -> Scores:
        """What is odd in each bucket, from that bucket and those before it alone.

        Raises:
            MissingExtra: the forest was asked for and scikit-learn is not installed.
        """
        deviations, expected, spread, seen = _statistics(history)
        members = {"statistics": np.clip(score_of(2 * upper_tail(np.abs(deviations))), 0, _HIGHEST)}
        members["rules"] = broken_rules(history)
        use_forest = can_grow() if self.with_forest is None else self.with_forest
        if use_forest:
            members["isolation_forest"] = IsolationForestDetector().scores(history).score
        whole = sum(WEIGHTS[name] for name in members)
        score = sum((WEIGHTS[name] / whole * of for name, of in members.items()), np.zeros_like(spread))
        score = _adjusted(calibrated(score, history.families), history, self.critical)
        reach = deviation_of(self.threshold(grain=history.grain)) * spread
        sign = np.where(score > 0, np.sign(deviations), 0).astype(np.int8)
        low, high = _in_unit(history, expected - reach), _in_unit(history, expected + reach)
        return Scores(score, sign, _in_unit(history, expected), low, high, seen)


# --- statistics -------------------------------------------------------------------------------------------


def _statistics(history: History) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Signed deviations, what was expected and its deviation (logarithms of volumes), buckets seen."""
    values = np.where(np.abs(history.values) < _TOO_LARGE, history.values, np.nan)
    is_volume = _is_row_count(history)
    values[is_volume] = np.log(np.maximum(values[is_volume], 0) + 0.5)
    deviations = np.zeros(values.shape)
    expected, spread = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    learned = np.where(history.refreshed, np.nan, values)
    kinds = np.array([kind_of(*pair).value for pair in zip(history.families, is_volume, strict=True)])
    a_day = _BUCKETS_A_DAY[history.grain]
    for kind, plan in PLANS.items():
        rows = np.flatnonzero(kinds == kind.value)
        if not len(rows):
            continue
        least_of = _Least.of(history, rows)
        for bucket in range(values.shape[1]):
            baseline = _baseline(learned[rows], bucket, plan.days * a_day)
            value = values[rows, bucket]
            mean = methods.mean_of(baseline)
            least = least_of.at(history, bucket, mean)
            deviations[rows, bucket] = _combined(plan, baseline, value, least, 7 * a_day)
            expected[rows, bucket], spread[rows, bucket] = plan.band(baseline, least, 7 * a_day)
    _judge_shares(history, deviations)
    deviations[history.refreshed & (kinds != Kind.NULL_RATE.value)[:, None]] = 0
    known = np.isfinite(learned)
    seen = np.hstack([np.zeros((len(known), 1), int), np.cumsum(known, axis=1)[:, :-1]])
    return np.nan_to_num(deviations), expected, spread, seen


def _is_row_count(history: History) -> np.ndarray:
    return np.array([family is Family.COUNT for family in history.families]) & (history.volumes < 0)


def _baseline(learned: np.ndarray, bucket: int, length: int) -> np.ndarray:
    """The `length` buckets before, M × length; NaN where the history begins later."""
    found = np.full((len(learned), length), np.nan)
    part = learned[:, max(0, bucket - length) : bucket]
    if part.shape[1]:
        found[:, -part.shape[1] :] = part
    return found


def _combined(
    plan: Plan, baseline: np.ndarray, value: np.ndarray, least: np.ndarray, week: int
) -> np.ndarray:
    primary = plan.primary(baseline, value, least, week)
    if plan.secondary is None:
        return primary
    secondary = plan.secondary(baseline, value, least, week)
    both = _PRIMARY * primary + (1 - _PRIMARY) * secondary
    return np.where(np.isnan(primary), secondary, np.where(np.isnan(secondary), primary, both))


@dataclass(frozen=True, slots=True)
class _Least:
    """The smallest standard deviation that baselines of some monitors are believed to have.

    Attributes:
        rows: the monitors.
        share: what counts at least, of the mean where `is_relative`.
    """

    rows: np.ndarray
    share: np.ndarray
    is_relative: np.ndarray
    is_rate: np.ndarray

    @classmethod
    def of(cls, history: History, rows: np.ndarray) -> _Least:
        """Those of the monitors in these rows."""
        families = [history.families[row] for row in rows]
        # Of row counts the logarithm is judged, of which the same number is a share as it is.
        is_relative = np.array([family in _RELATIVE for family in families]) & ~_is_row_count(history)[rows]
        is_rate = np.array([family is Family.RATE for family in families])
        return cls(rows, np.array([_LEAST[family] for family in families]), is_relative, is_rate)

    def at(self, history: History, bucket: int, mean: np.ndarray) -> np.ndarray:
        """In each monitor's own unit; never less than what chance alone does to a share or a mean."""
        size = np.where(self.is_relative, np.maximum(np.abs(np.nan_to_num(mean)), 1e-9), 1.0)
        count = np.maximum(np.nan_to_num(history.rows[self.rows, bucket], nan=1.0), 1.0)
        share = np.clip(np.nan_to_num(mean), 0.5 / count, 1 - 0.5 / count)
        sampling = np.where(self.is_rate, np.sqrt(share * (1 - share) / count), 0)
        known = np.sqrt(np.nan_to_num(history.variances[self.rows, bucket]))
        return np.asarray(np.maximum.reduce([self.share * size, sampling, known]))


_LEAST = {
    Family.COUNT: 0.02,
    Family.MINUTES: 15.0,
    Family.RATE: 0.002,
    Family.AMOUNT: 0.01,
    Family.DISTANCE: 0.005,
    Family.EXCESS: 0.002,
}
_RELATIVE = (Family.COUNT, Family.AMOUNT)


def _judge_shares(history: History, deviations: np.ndarray) -> None:
    """Put the divergence of shares from those of their baseline beside the stability index."""
    days = PLANS[Kind.DISTRIBUTION].days * _BUCKETS_A_DAY[history.grain]
    widths: dict[int, list[int]] = {}
    for row, shares in history.shares.items():
        widths.setdefault(shares.shape[1], []).append(row)
    for rows in widths.values():
        shares = np.stack([history.shares[row] for row in rows])
        judged = np.isfinite(shares).all(axis=2)
        learned = np.where((judged & ~history.refreshed[rows])[:, :, None], shares, np.nan)
        for bucket in range(1, shares.shape[1]):
            away = methods.divergence_z(learned[:, max(0, bucket - days) : bucket], shares[:, bucket])
            index = np.maximum(np.nan_to_num(deviations[rows, bucket]), 0)
            both = _PRIMARY * away + (1 - _PRIMARY) * index
            deviations[rows, bucket] = np.where(np.isfinite(away), both, deviations[rows, bucket])


# --- adjustments ------------------------------------------------------------------------------------------


def _adjusted(score: np.ndarray, history: History, critical: Collection[str]) -> np.ndarray:
    """The ensemble's score, with what else is odd, how noisy a monitor is, how much its node matters."""
    is_odd = score >= _ODD
    nodes = {node: place for place, node in enumerate(sorted({monitor.node for monitor in history.monitors}))}
    node = np.array([nodes[monitor.node] for monitor in history.monitors], int)
    together = np.zeros((len(nodes), score.shape[1]), int)
    np.add.at(together, node, is_odd)
    correlated = is_odd & (together[node] >= 2)
    counted = np.cumsum(np.pad(is_odd, ((0, 0), (1, 0))), axis=1)[:, :-1]
    earlier = np.pad(counted, ((0, 0), (_NOISY_BUCKETS, 0)))[:, : counted.shape[1]]
    noisy = (counted - earlier) / _NOISY_BUCKETS > _OFTEN
    factor = np.where(correlated, CORRELATED, 1.0) * np.where(noisy, NOISY, 1.0)
    matters = np.array([monitor.node in critical for monitor in history.monitors])
    return np.asarray(score * factor * np.where(matters, CRITICAL, 1.0)[:, None])


def _in_unit(history: History, values: np.ndarray) -> np.ndarray:
    """Back from logarithms where volumes are, and within what a metric can be."""
    found = values.copy()
    is_volume = _is_row_count(history)
    found[is_volume] = np.exp(np.clip(found[is_volume], -1, 50)) - 0.5
    is_rate = np.array([family is Family.RATE for family in history.families])
    at_least_0 = np.array([family is not Family.AMOUNT for family in history.families])
    found[at_least_0] = np.maximum(found[at_least_0], 0)
    found[is_rate] = np.minimum(found[is_rate], 1)
    return found
