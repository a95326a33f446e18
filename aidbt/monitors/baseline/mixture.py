"""A forecast that listens to each expert as much as it has been right lately.

The weights are exponentially forgotten likelihoods (dynamic model averaging: Raftery, Karny and Ettler,
Technometrics 52(1), 2010), under Student's t so that one odd bucket does not overthrow them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aidbt.monitors.baseline.experts import Expert, Learners, Moment, experts, steady
from aidbt.monitors.baseline.spread import Spread
from aidbt.monitors.baseline.tails import log_density

_FORGET = 0.95
# An expert's weight is never below e^−16 of the best one's, so that it can come back.
_WORST = -16.0
# Errors count up to so many standard errors; while young, up to twice as many.
_BOUND, _YOUNG_BOUND, _YOUNG = 3.0, 6.0, 21


@dataclass(frozen=True, slots=True)
class Forecast:
    """What E experts expect of M monitors, on their scales.

    Attributes:
        mean: E × M.
        sunday: E × M, what would be expected if it were a Sunday.
        known: E × M, of how many buckets that is made, at most 8.
        doubt: E × M, the variance that comes of not knowing the weekday yet.
        weight: E × M, each column adds up to 1.
    """

    mean: np.ndarray
    sunday: np.ndarray
    known: np.ndarray
    doubt: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True, slots=True)
class Steady:
    """The slowest level of M monitors with what each weekday and hour adds, as they were once."""

    level: np.ndarray
    weekday: np.ndarray
    hour: np.ndarray

    def expected(self, at: Moment) -> np.ndarray:
        """What was to be expected then of a later bucket."""
        found: np.ndarray = self.level + self.weekday[at.weekday]
        return found + self.hour[at.hour] if len(self.hour) > 1 else found


class Mixture:
    """The experts of M monitors with their weights and errors."""

    def __init__(self, prior: np.ndarray, floor: np.ndarray, *, hourly: bool) -> None:
        self.experts: list[Expert] = experts(len(prior), hourly=hourly)
        self.spread = Spread(len(self.experts), prior, floor)
        self._likelihood = np.zeros((len(self.experts), len(prior)))

    def forecast(self, at: Moment) -> Forecast:
        """What is expected of a bucket before it is seen."""
        weight = np.exp(self._likelihood)
        size = weight.shape[1]
        return Forecast(
            mean=np.array([expert.expected(at) for expert in self.experts]),
            sunday=np.array([expert.expected(at.on_sunday) for expert in self.experts]),
            known=np.array([expert.known(at) for expert in self.experts]),
            doubt=np.array([np.broadcast_to(expert.doubt(at), size) for expert in self.experts]),
            weight=weight / weight.sum(axis=0),
        )

    def deviation(self, forecast: Forecast, is_above: bool, noise: np.ndarray) -> np.ndarray:
        """E × M, one standard deviation of the forecast on one side of it."""
        own = self.spread.variance(is_above)
        variance: np.ndarray = own * (1 + 1 / np.maximum(forecast.known, 0.5)) + forecast.doubt + noise
        found: np.ndarray = np.sqrt(variance)
        return found

    def learn(
        self,
        at: Moment,
        value: np.ndarray,
        forecast: Forecast,
        deviation: np.ndarray,
        noise: np.ndarray,
        who: Learners,
        seen: np.ndarray,
    ) -> None:
        """Takes in a bucket: weights first, then levels, then errors."""
        off = np.where(np.isnan(value), 0, value - forecast.mean)
        standard = np.clip(off / deviation, -6, 6)
        gained = _FORGET * self._likelihood + log_density(standard) - np.log(deviation)
        self._likelihood = np.where(who.learns, gained, self._likelihood)
        self._likelihood = np.maximum(self._likelihood - self._likelihood.max(axis=0), _WORST)
        bound = np.where(seen < _YOUNG, _YOUNG_BOUND, _BOUND) * deviation
        error = np.where(who.accepts, off, np.clip(off, -bound, bound))
        for expert, own in zip(self.experts, error, strict=True):
            expert.learn(at, value, own, who)
        settled = who.learns & ~who.first & ~who.accepts
        self.spread.learn(error, forecast.known, noise + forecast.doubt, settled)

    def steady(self) -> Steady:
        """What was usual before the last days, to be compared with later."""
        expert = steady(self.experts)
        return Steady(expert.level.copy(), expert.weekday.copy(), expert.hour.copy())

    def steady_rhythm(self, at: Moment) -> np.ndarray:
        """What this weekday and hour add to what was usual, M."""
        expert = steady(self.experts)
        return expert.expected(at) - expert.level
