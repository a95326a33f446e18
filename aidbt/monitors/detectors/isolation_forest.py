"""An isolation forest over how values differ from their own past.

Liu, Ting and Zhou, "Isolation Forest" (ICDM 2008): what few random cuts set apart is odd. Each value is
described by how far it is from its level, from the same weekday, from the value before, and by how far the
last three are from their level, in robust deviations of its own past, so that all monitors of a family can
be learned from together. A forest is grown again every four weeks, of what was before.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from aidbt.core.errors import MissingExtra
from aidbt.core.measured import Grain
from aidbt.monitors.baseline.sheet import Sheet, sheet_of
from aidbt.monitors.baseline.tails import deviation_of
from aidbt.monitors.history import Family, History, Scores
from aidbt.monitors.thresholds import threshold_of

_LEVEL = 28  # buckets that a level and a spread are of
_SMALLEST_PAST = 8
_LATELY = 3
_WEEKS = 4
_WEEK = {"day": 7, "hour": 168, "run": 7}
_AGAIN = 28  # buckets between two forests
_FIRST = 21  # before so many buckets there is no forest
_SAMPLES, _FEWEST_SAMPLES = 20_000, 100
_TREES, _SEED = 60, 8


def can_grow() -> bool:
    """Whether scikit-learn is installed."""
    return find_spec("sklearn") is not None


@dataclass(frozen=True, slots=True)
class IsolationForestDetector:
    """The same features for every monitor, one forest for each family.

    Attributes:
        false_alarms: wished at most, per 100 monitors and week; only the bands depend on it.

    Raises:
        MissingExtra: scikit-learn is not installed.
    """

    false_alarms: float = 0.5

    def __post_init__(self) -> None:
        if not can_grow():
            raise MissingExtra("the detector 'isolation_forest'", "monitors")

    def threshold(self, false_alarms: float | None = None, grain: Grain = "day") -> float:
        """The score above which a bucket is an anomaly."""
        return threshold_of(self.false_alarms if false_alarms is None else false_alarms, grain)

    def scores(self, history: History) -> Scores:
        """What is odd in each bucket, from that bucket and those before it alone."""
        sheet = sheet_of(history, np.arange(len(history.monitors)))
        learned = np.where(sheet.is_soft, np.nan, sheet.scaled)
        level, spread, seen = _past(learned, sheet.floor)
        features = _features(sheet.scaled, learned, level, spread, _WEEK[history.grain])
        score = np.zeros(sheet.scaled.shape)
        for family in sheet.spans:
            span = sheet.spans[family]
            score[:, span] = _family_scores(features[:, span], sheet.is_soft[:, span])
        score = np.where(sheet.refreshed & sheet.is_of(Family.COUNT, Family.MINUTES)[None], 0.0, score)
        sign = np.where(score > 0, np.sign(np.nan_to_num(sheet.scaled - level)), 0)
        reach = deviation_of(self.threshold(grain=history.grain)) * spread
        return _in_order(sheet, score, sign, (level, level - reach, level + reach), seen)


def _in_order(
    sheet: Sheet, score: np.ndarray, sign: np.ndarray, bands: tuple[np.ndarray, ...], seen: np.ndarray
) -> Scores:
    """Arrays T × M of a sheet as scores in the order of the history."""
    back = np.argsort(sheet.place)
    expected, low, high = (sheet.back(band).T[back] for band in bands)
    return Scores(score.T[back], sign.T[back].astype(np.int8), expected, low, high, seen.T[back])


def _past(learned: np.ndarray, floor: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Level, spread and number of the values before each bucket, T × M; NaN where there are too few."""
    level, spread = (np.full(learned.shape, np.nan) for _ in range(2))
    known = np.isfinite(learned)
    seen = np.vstack([np.zeros((1, learned.shape[1]), int), np.cumsum(known, axis=0)[:-1]])
    for bucket in range(_SMALLEST_PAST, len(learned)):
        window = learned[max(0, bucket - _LEVEL) : bucket]
        enough = np.flatnonzero(np.isfinite(window).sum(0) >= _SMALLEST_PAST)
        middle = np.nanmedian(window[:, enough], axis=0)
        away = np.nanmedian(np.abs(window[:, enough] - middle), axis=0) * 1.4826
        level[bucket, enough], spread[bucket, enough] = middle, np.maximum(away, floor[enough])
    return level, spread, seen


def _features(
    scaled: np.ndarray, learned: np.ndarray, level: np.ndarray, spread: np.ndarray, week: int
) -> np.ndarray:
    """T × M × 4, in deviations; NaN where a value or its past is not known."""
    found = np.full((*scaled.shape, 4), np.nan)
    for bucket in range(_SMALLEST_PAST, len(scaled)):
        now = scaled[bucket]
        alike = learned[max(0, bucket - _WEEKS * week) : bucket][::-1][week - 1 :: week]
        lately = learned[bucket - _LATELY + 1 : bucket]
        weekday, before = _mean(alike, level[bucket]), _mean(learned[bucket - 1 : bucket], level[bucket])
        recent = _mean(np.vstack([lately, now[None]]), now)
        differences = (now - level[bucket], now - weekday, now - before, recent - level[bucket])
        found[bucket] = np.stack(differences, axis=1) / spread[bucket][:, None]
    return np.clip(found, -50, 50)


def _mean(values: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """Of what is known in each column."""
    known = np.isfinite(values)
    count = known.sum(0)
    mean = np.where(known, values, 0).sum(0) / np.maximum(count, 1)
    return np.asarray(np.where(count > 0, mean, otherwise))


def _family_scores(features: np.ndarray, is_soft: np.ndarray) -> np.ndarray:
    """T × M scores of the monitors of one family; 0 where nothing can be said."""
    from sklearn.ensemble import IsolationForest

    usable = np.isfinite(features).all(axis=2)
    found = np.zeros(usable.shape)
    rng = np.random.default_rng(_SEED)
    for first in range(_FIRST, len(features), _AGAIN):
        past = features[:first][usable[:first] & ~is_soft[:first]]
        if len(past) < _FEWEST_SAMPLES:
            continue
        if len(past) > _SAMPLES:
            past = past[np.sort(rng.choice(len(past), _SAMPLES, replace=False))]
        forest = IsolationForest(n_estimators=_TREES, random_state=_SEED).fit(past)
        usual = -forest.score_samples(past)
        part = slice(first, first + _AGAIN)
        judged = usable[part]
        if judged.any():
            isolation = -forest.score_samples(features[part][judged])
            found[part][judged] = _rank_scores(isolation, usual)
    return found


def _rank_scores(isolation: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """−log10 of the share of what was learned from that is at least as isolated.

    How isolated something can be is bounded, so that no tail can be taken to go on beyond what was seen.
    """
    ranked = np.sort(usual)
    above = len(ranked) - np.searchsorted(ranked, isolation, side="left")
    return np.asarray(-np.log10((above + 0.5) / (len(ranked) + 1)))
