"""The methods of the preset `classic`: how far a value is from a fixed period before it, in deviations.

Each takes the baseline (M × W, the buckets before the judged one, newest last, NaN where unknown), the
judged values (M), the least deviation that counts (M) and how many buckets a week has, and gives M signed
deviations; NaN where it cannot tell.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Method = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]
# (baseline, least, buckets in a week) → what is expected and its standard deviation, M each.
Band = Callable[[np.ndarray, np.ndarray, int], tuple[np.ndarray, np.ndarray]]
FEWEST = 4  # values of a baseline that say something
# What a share is at least taken to be, and the smallest spread of divergences that is believed.
_TINY, _LEAST_DIVERGENCE = 1e-4, 1e-3
# A mean absolute deviation and a standard deviation of normal errors.
_TO_DEVIATION = np.sqrt(np.pi / 2)


def mean_of(values: np.ndarray) -> np.ndarray:
    """The mean of what is known in each row; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(1)
    total = np.where(known, values, 0).sum(1)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def deviation_of_rows(values: np.ndarray, least: np.ndarray) -> np.ndarray:
    """The standard deviation of each row, at least `least`; NaN where fewer than four values are known."""
    known = np.isfinite(values)
    count = known.sum(1)
    away = np.where(known, values - mean_of(values)[:, None], 0)
    found = np.sqrt((away**2).sum(1) / np.maximum(count - 1, 1))
    return np.asarray(np.where(count >= FEWEST, np.maximum(found, least), np.nan))


def z_score(baseline: np.ndarray, value: np.ndarray, least: np.ndarray, week: int) -> np.ndarray:
    """Standard deviations from the mean of the baseline."""
    return np.asarray((value - mean_of(baseline)) / deviation_of_rows(baseline, least))


def expected_arrival(baseline: np.ndarray, value: np.ndarray, least: np.ndarray, week: int) -> np.ndarray:
    """How much later than the latest arrival that was usual; what comes in time is 0."""
    latest = np.nan_to_num(baseline, nan=-np.inf).max(1)
    return np.asarray(np.maximum(value - latest, 0) / deviation_of_rows(baseline, least))


def seasonal(baseline: np.ndarray, value: np.ndarray, least: np.ndarray, week: int) -> np.ndarray:
    """What a level and a weekday leave over, against what they left over before."""
    expected, deviation = seasonal_band(baseline, least, week)
    return np.asarray((value - expected) / deviation)


def plain_band(baseline: np.ndarray, least: np.ndarray, week: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean of a baseline and its standard deviation, M each."""
    return mean_of(baseline), deviation_of_rows(baseline, least)


def seasonal_band(baseline: np.ndarray, least: np.ndarray, week: int) -> tuple[np.ndarray, np.ndarray]:
    """What the judged weekday is expected to be and the deviation of that, M each.

    Expects whole weeks; with fewer than two of the judged weekday, as without weekdays.
    """
    alike = baseline[:, ::-1][:, week - 1 :: week]
    weekly = baseline.reshape(len(baseline), -1, week)
    rests = (weekly - _column_means(weekly)).reshape(baseline.shape)
    weeks = np.isfinite(alike).sum(1)
    # The rests of the mean of few weeks are too small, and the judged value is not part of it.
    wider = np.sqrt(np.maximum(weeks, 2) / np.maximum(weeks - 1, 1) * (1 + 1 / np.maximum(weeks, 1)))
    enough = weeks >= 2
    level, spread = plain_band(baseline, least, week)
    expected = np.where(enough, mean_of(alike), level)
    return expected, np.where(enough, deviation_of_rows(rests, least) * wider, spread)


def _column_means(weekly: np.ndarray) -> np.ndarray:
    known = np.isfinite(weekly)
    total = np.where(known, weekly, 0).sum(1, keepdims=True)
    return np.asarray(total / np.maximum(known.sum(1, keepdims=True), 1))


def moving_average(baseline: np.ndarray, value: np.ndarray, least: np.ndarray, week: int) -> np.ndarray:
    """The distance from the mean of the last week, against how far values usually are from the mean."""
    usual = mean_of(np.abs(baseline - mean_of(baseline)[:, None])) * _TO_DEVIATION
    found = (value - mean_of(baseline[:, -week:])) / np.maximum(usual, least)
    return np.where(np.isfinite(baseline).sum(1) >= FEWEST, found, np.nan)


def percentage_change(baseline: np.ndarray, value: np.ndarray, least: np.ndarray, week: int) -> np.ndarray:
    """The change since the bucket before as a share, against the changes that were usual."""
    with np.errstate(divide="ignore", invalid="ignore"):
        changes = baseline[:, 1:] / baseline[:, :-1] - 1
        change = value / _last(baseline) - 1
        smallest = least / np.maximum(np.abs(mean_of(baseline)), least)
    changes[~np.isfinite(changes)] = np.nan
    usual = np.maximum(mean_of(np.abs(changes)) * _TO_DEVIATION, smallest)
    enough = np.isfinite(changes).sum(1) >= FEWEST
    return np.where(enough & np.isfinite(change), change / usual, np.nan)


def _last(values: np.ndarray) -> np.ndarray:
    """The newest known value of each row."""
    known = np.isfinite(values)
    place = values.shape[1] - 1 - known[:, ::-1].argmax(1)
    return np.asarray(np.where(known.any(1), values[np.arange(len(values)), place], np.nan))


def outside_range(baseline: np.ndarray, value: np.ndarray, least: np.ndarray, week: int) -> np.ndarray:
    """How far outside of what ever was, in deviations; 0 inside."""
    known = np.isfinite(baseline)
    low = np.where(known, baseline, np.inf).min(1)
    high = np.where(known, baseline, -np.inf).max(1)
    beyond = np.where(value > high, value - high, np.minimum(value - low, 0))
    edge = np.where(beyond != 0, np.sign(beyond) * 2, 0)
    return np.asarray(edge + beyond / deviation_of_rows(baseline, least))


def divergence_z(baseline: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """How far shares (M × K) diverge from the mean of their baseline (M × W × K), against how far the
    baseline's own shares do; 0 or more, NaN where fewer than four of them are known.
    """
    known = np.isfinite(baseline).all(axis=2)
    count = known.sum(1)
    filled = np.where(known[:, :, None], baseline, 0)
    reference = filled.sum(1) / np.maximum(count, 1)[:, None]
    usual = np.where(known, divergence(filled, reference[:, None]), 0)
    mean = usual.sum(1) / np.maximum(count, 1)
    away = np.where(known, usual - mean[:, None], 0)
    spread = np.sqrt((away**2).sum(1) / np.maximum(count - 1, 1))
    found = np.maximum(divergence(shares, reference) - mean, 0) / np.maximum(spread, _LEAST_DIVERGENCE)
    return np.asarray(np.where(count >= FEWEST, found, np.nan))


def divergence(shares: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Kullback and Leibler's divergence of shares (.. × K) from others (.. × K), in nats."""
    p, q = shares + _TINY, reference + _TINY
    p, q = p / p.sum(-1, keepdims=True), q / q.sum(-1, keepdims=True)
    return np.asarray((p * np.log(p / q)).sum(-1))
