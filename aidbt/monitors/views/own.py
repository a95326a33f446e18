"""A bucket against the monitor's own past."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aidbt.monitors.baseline.edges import MonthEdges
from aidbt.monitors.baseline.experts import Learners, Moment
from aidbt.monitors.baseline.mixture import Forecast, Mixture
from aidbt.monitors.baseline.sheet import Sheet
from aidbt.monitors.baseline.spread import Dispersion
from aidbt.monitors.baseline.tails import LearnedTails, mixed_tail, score_of
from aidbt.monitors.history import Family
from aidbt.monitors.views.allowed import Allowed
from aidbt.monitors.views.good_news import GoodNews

# Nothing is scored before so many buckets were learned from.
FEWEST = 5
# From so many on, buckets that score more than that are not learned from ...
_GUARDED, _SUSPICIOUS = 14, 2.5
# ... unless that goes on for more than so many: then it is the new normal.
_ACCEPTED_AFTER = {"day": 8, "hour": 30, "run": 10}
# or on the same weekday for so many weeks.
_ACCEPTED_WEEKS = 3
# On a holiday and beside it, errors are so much larger.
_SOFTER = 1.5


@dataclass(frozen=True, slots=True)
class Outlook:
    """What was expected of M monitors in a bucket, and how the bucket compares; on their scales.

    Attributes:
        mean, deviation: of the whole mixture, on the side where the value is.
        down, up: the deviation on either side.
        noise: the part of the variance that sampling is expected to have.
        residual: value − mean; NaN where nothing was measured.
        score: −log10 of two tails; 0 where nothing can be said.
        sign: −1 below, 1 above.
    """

    mean: np.ndarray
    deviation: np.ndarray
    down: np.ndarray
    up: np.ndarray
    noise: np.ndarray
    residual: np.ndarray
    score: np.ndarray
    sign: np.ndarray


class OwnPast:
    """Walks through the buckets of a sheet, forecasting each before it learns from it."""

    def __init__(self, sheet: Sheet, grain: str) -> None:
        self.sheet = sheet
        self.mixture = Mixture(sheet.prior, sheet.floor, hourly=grain == "hour")
        self.seen = np.zeros(len(sheet.place))
        self._accepted_after = _ACCEPTED_AFTER[grain]
        self._odd_for = np.zeros(len(sheet.place), int)
        self._odd_weeks = np.zeros((168 if grain == "hour" else 7, len(sheet.place)), int)
        self._edges = MonthEdges(len(sheet.place))
        self._is_volume = sheet.is_of(Family.COUNT, Family.MINUTES)
        self._good_news = GoodNews(sheet)
        self._allowed = Allowed(sheet, grain)
        self._tails = LearnedTails(len(sheet.place))
        self._has_tails = sheet.is_of(Family.COUNT, Family.RATE, Family.AMOUNT)
        self._dispersion = Dispersion(sheet.is_rows, sheet.is_of(Family.AMOUNT))

    def heavy(self) -> np.ndarray:
        """The share of heavy tails of each monitor's errors, M; counts, shares and amounts learn theirs."""
        found: np.ndarray = np.where(self._has_tails, self._tails.heavy(), 1.0)
        return found

    def step(self, bucket: int) -> Outlook:
        """Forecasts a bucket, compares, learns."""
        sheet = self.sheet
        at = sheet.moment(bucket)
        value = sheet.scaled[bucket]
        plain = self.mixture.forecast(at)
        predicted = sheet.noise(plain.mean, bucket)
        noise = predicted * self._dispersion.share()
        down = self.mixture.deviation(plain, False, noise)
        up = self.mixture.deviation(plain, True, noise)
        outlook = self._compare(bucket, value, plain, noise, down, up)
        deviation = np.where(value > plain.mean, up, down)
        learned = self._learn(bucket, at, value, plain, noise, deviation, outlook)
        settled = learned & (self.seen > _GUARDED)  # before, errors are those of weekdays not yet known
        z = np.where(np.isnan(value), 0, outlook.residual) / outlook.deviation
        self._tails.learn(z, ~np.isnan(value) & ~sheet.is_soft[bucket] & (self.seen > FEWEST))
        self._dispersion.learn(outlook.residual, (plain.weight * predicted).sum(axis=0), settled)
        return outlook

    def _compare(
        self,
        bucket: int,
        value: np.ndarray,
        plain: Forecast,
        noise: np.ndarray,
        down: np.ndarray,
        up: np.ndarray,
    ) -> Outlook:
        sheet, measured = self.sheet, ~np.isnan(value)
        mean, sunday = plain.mean, plain.sunday
        edge = int(sheet.edge[bucket])
        if edge:
            shift = self._edges.shift(edge) * self._is_volume
            mean, sunday = mean + shift, sunday + shift
            doubt = self._edges.doubt(edge) * self._is_volume
            down, up = np.sqrt(down**2 + doubt), np.sqrt(up**2 + doubt)
        softer = np.where(sheet.is_soft[bucket], _SOFTER, 1.0)
        down, up = softer * down, softer * up
        deviation = np.where(value > plain.mean, up, down)
        mean = self._allowed.nearest(bucket, mean, sunday)
        off = np.where(measured, (value - mean) / deviation, 0)
        heavy = self.heavy()
        below = (plain.weight * mixed_tail(-off, heavy)).sum(axis=0)
        above = (plain.weight * mixed_tail(off, heavy)).sum(axis=0)
        sign = np.where(below < above, -1, 1)
        score = score_of(2 * np.minimum(below, above))
        centre = (plain.weight * mean).sum(axis=0)
        among = (plain.weight * (mean - centre) ** 2).sum(axis=0)
        whole, below_it, above_it = (
            np.sqrt((plain.weight * side**2).sum(axis=0) + among) for side in (deviation, down, up)
        )
        score = self._good_news.left_of(score, bucket, sign > 0, centre)
        silent = ~measured | (self.seen < FEWEST) | sheet.refreshed[bucket]
        return Outlook(
            mean=centre,
            deviation=whole,
            down=below_it,
            up=above_it,
            noise=(plain.weight * noise).sum(axis=0),
            residual=value - centre,
            score=np.where(silent, 0, score),
            sign=sign,
        )

    def _learn(
        self,
        bucket: int,
        at: Moment,
        value: np.ndarray,
        plain: Forecast,
        noise: np.ndarray,
        deviation: np.ndarray,
        outlook: Outlook,
    ) -> np.ndarray:
        """Who learned, M."""
        soft, measured = self.sheet.is_soft[bucket], ~np.isnan(value)
        edge = int(self.sheet.edge[bucket])
        self._allowed.learn(bucket, value - (plain.weight * plain.mean).sum(axis=0))
        if edge:
            who = measured & ~soft & self._is_volume & (self.seen >= 10)
            beyond = np.where(who, outlook.residual + self._edges.shift(edge), 0)
            self._edges.learn(edge, beyond, who)
        odd = (outlook.score > _SUSPICIOUS) & (self.seen >= _GUARDED)
        self._odd_for = np.where(measured, np.where(odd, self._odd_for + 1, 0), self._odd_for)
        weeks = self._odd_weeks[at.weekday * 24 + at.hour if len(self._odd_weeks) > 7 else at.weekday]
        weeks[:] = np.where(measured & ~soft, np.where(odd, weeks + 1, 0), weeks)
        accepts = (self._odd_for > self._accepted_after) | (weeks >= _ACCEPTED_WEEKS)
        first = measured & (self.seen == 0)
        learns = (measured & ~soft & (~odd | accepts) & (edge == 0)) | first
        who = Learners(learns=learns, first=first, accepts=accepts)
        self.mixture.learn(at, value, plain, deviation, noise, who, self.seen)
        self.seen += measured
        learned: np.ndarray = learns & ~first
        return learned
