"""What other tools would have alerted on the same values: their rules, written anew from their documentation.

Each gives a score per monitor and day and the score above which it alerts. None of them knows the lineage or
the calendar; a day without a value is passed over, as it is by them.

- Elementary (docs.elementary-data.com, `training_period` 14 days, `anomaly_sensitivity` 3): how many standard
  deviations a value is from the average of its training period, which the judged bucket is part of. With
  `seasonality: day_of_week` the training set are the same days of 14 weeks. `excluding` is
  `exclude_detection_period_from_training: true`: the two days of the detection period are no part of it.
- Deequ's OnlineNormalStrategy (the reference's defaults): mean and deviation of all values so far, the judged
  one included, 3 deviations; over a whole series, and as a check of each new value.
- re_data (`modified_z_score`, threshold 3, look back 30 days): 0.6745 · (value − median) / MAD, the judged
  value included; where the MAD is 0, the mean absolute deviation × 1.2533 in its place.
- padded fixed bounds: the range of the first 60 days, widened by one and a half of it on both sides, never
  changed: a rule that a person writes once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

TRAINING_BUCKETS = 14
DETECTION_BUCKETS = 2
SENSITIVITY = 3.0
SMALLEST_TRAINING = 7
DEEQU_IGNORED_START = 0.1
RE_DATA_DAYS = 30
FIXED_DAYS = 60
PADDING = 1.5


@dataclass(frozen=True, slots=True)
class Peer:
    """A rule: values M × T → scores M × T, and the score above which it alerts."""

    scores: Callable[[np.ndarray], np.ndarray]
    threshold: float


def elementary(values: np.ndarray) -> np.ndarray:
    """The z-score of each value within its own training period of 14 days."""
    return _window_scores(values, step=1)


def elementary_by_weekday(values: np.ndarray) -> np.ndarray:
    """The z-score of each value within the same weekdays of 14 weeks."""
    return _window_scores(values, step=7)


def elementary_excluding(values: np.ndarray) -> np.ndarray:
    """The z-score of each value against the training period without the two days of the detection period."""
    scores = np.zeros(values.shape)
    for day in range(DETECTION_BUCKETS, values.shape[1]):
        first = max(0, day - TRAINING_BUCKETS + 1)
        scores[:, day] = _z(values[:, day], values[:, first : day - DETECTION_BUCKETS + 1])
    return scores


def _window_scores(values: np.ndarray, *, step: int) -> np.ndarray:
    """Against every `step`-th day back to the start of the training period, the judged day among them."""
    scores = np.zeros(values.shape)
    for day in range(values.shape[1]):
        first = max(day - step * (TRAINING_BUCKETS - 1), day % step)
        scores[:, day] = _z(values[:, day], values[:, first : day + 1 : step])
    return scores


def _z(value: np.ndarray, training: np.ndarray) -> np.ndarray:
    """Standard deviations from the average; 0 where there is too little to train on, or nothing varies."""
    known = ~np.isnan(training)
    size = known.sum(1)
    count = np.maximum(size, 1)
    mean = np.where(known, training, 0).sum(1) / count
    spread = np.where(known, training - mean[:, None], 0)
    deviation = np.sqrt((spread**2).sum(1) / np.maximum(size - 1, 1))
    usable = (size >= SMALLEST_TRAINING) & (deviation > 0) & ~np.isnan(value)
    return np.where(usable, np.abs(value - mean) / np.where(deviation > 0, deviation, 1), 0)


def deequ_online_normal(values: np.ndarray) -> np.ndarray:
    """Over a whole series: what was flagged is not learned; the first tenth of the days gets 0."""
    return _online_normal(values, ignored=DEEQU_IGNORED_START * values.shape[1], learns_flagged=False)


def deequ_newest_value(values: np.ndarray) -> np.ndarray:
    """As a check of each new value: only that one is searched, so that all before it were learned."""
    return _online_normal(values, ignored=0, learns_flagged=True)


def _online_normal(values: np.ndarray, *, ignored: float, learns_flagged: bool) -> np.ndarray:
    mean, squares, position = (np.zeros(len(values)) for _ in range(3))
    scores = np.zeros(values.shape)
    for day in range(values.shape[1]):
        known = ~np.isnan(values[:, day])
        value = np.where(known, values[:, day], mean)
        # The place in the series counts, not how many values were learned: so does the reference.
        new_mean = mean + (value - mean) / (position + 1)
        new_squares = squares + (value - mean) * (value - new_mean)
        deviation = np.sqrt(new_squares / (position + 1))
        score = np.abs(value - new_mean) / np.where(deviation > 0, deviation, 1)
        scores[:, day] = np.where(known & (deviation > 0) & (day >= ignored), score, 0)
        learned = known & (learns_flagged | (scores[:, day] <= SENSITIVITY))
        mean, squares = np.where(learned, new_mean, mean), np.where(learned, new_squares, squares)
        position = position + known
    return scores


def re_data(values: np.ndarray) -> np.ndarray:
    """The modified z-score within the last 30 days, the judged one included."""
    scores = np.zeros(values.shape)
    for day in range(1, values.shape[1]):
        window = values[:, max(0, day - RE_DATA_DAYS + 1) : day + 1]
        judged = np.flatnonzero(~np.isnan(values[:, day]) & ((~np.isnan(window)).sum(1) >= 2))
        window, value = window[judged], values[judged, day]
        middle = np.nanmedian(window, axis=1)
        away = np.abs(window - middle[:, None])
        median_away, mean_away = np.nanmedian(away, axis=1), np.nanmean(away, axis=1)
        scale = np.where(median_away == 0, 1.253314 * mean_away, median_away / 0.6745)
        scores[judged, day] = np.abs(value - middle) / (scale + 1e-10)
    return scores


def fixed_bounds(values: np.ndarray) -> np.ndarray:
    """How far outside the padded range of the first 60 days, in parts of that range; 0 inside and before."""
    first = values[:, :FIXED_DAYS]
    known = (~np.isnan(first)).any(1)
    low = np.where(known, np.nanmin(np.where(known[:, None], first, 0), axis=1), -np.inf)
    high = np.where(known, np.nanmax(np.where(known[:, None], first, 0), axis=1), np.inf)
    width = np.where(known & (high > low), high - low, np.maximum(np.abs(high), 1) * 0.01)
    outside = np.maximum(low[:, None] - values, values - high[:, None]) / width[:, None]
    scores = np.nan_to_num(np.maximum(outside, 0))
    scores[:, :FIXED_DAYS] = 0
    return scores


PEERS = {
    "elementary": Peer(elementary, SENSITIVITY),
    "elementary day of week": Peer(elementary_by_weekday, SENSITIVITY),
    "elementary excluding": Peer(elementary_excluding, SENSITIVITY),
    "deequ online normal": Peer(deequ_online_normal, SENSITIVITY),
    "deequ online normal, newest value": Peer(deequ_newest_value, SENSITIVITY),
    "re_data modified z": Peer(re_data, SENSITIVITY),
    "padded fixed bounds": Peer(fixed_bounds, PADDING),
}
