"""The metrics: what each is made of, how it behaves, and how much chance alone may move it.

A scan leaves counts and sums (`Bucket.facts`); a metric is made of them when it is looked at, so that a new
metric has a history from its first day on. Of a mean and of a share the sampling variance is exact: it
follows from the sum of squares, or from the share itself.

Facts of a whole table, column "": `rows`; `event_age_s`, seconds from the newest event to the bucket's end;
`load_age_s`, the same of the loader's time; of the newest bucket of a scan also `future_rows`, rows dated
after its moment, and `untimed_rows`, all rows of the table without an event time.
Facts of a key, of the column or of several as "a, b": `keys`, distinct values counted exactly; `keyed`, the
rows that have all of it. Facts of a column: `nulls`, among them the `not_finite`; `distinct`; `sum`,
`squares` (of numbers, as doubles), `p05`, `p50`, `p95`, `low`, `high`, `zeros`, `negatives`; `trues`;
`lengths` (their sum, in characters), `empties`. A time's `low` and `high` are seconds since 1970.
Facts of runs and of connectors: see `aidbt.observability.run_metrics`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from aidbt.core.errors import UnknownName
from aidbt.monitors.history import Family

CUSTOM = "custom:"


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of C columns of one node over T buckets, side by side; of the table itself C is 1.

    Attributes:
        values: fact → T × C.
        rows: T × 1.
        span_s: how long a bucket is; 0 for runs.
    """

    values: Mapping[str, np.ndarray]
    rows: np.ndarray
    span_s: float

    def __getitem__(self, name: str) -> np.ndarray:
        return self.values[name]

    @property
    def filled(self) -> np.ndarray:
        """Rows that are not null, T × C."""
        found: np.ndarray = self.rows - self.values["nulls"]
        return found


@dataclass(frozen=True, slots=True)
class Metric:
    """One way of looking at a table or at a column.

    Attributes:
        name: as in `Monitor.metric`.
        needs: the facts it is made of, besides the rows; those of shares have none.
        derive: facts → T × C values; NaN where there are none.
        variance: facts → T × C sampling variances in the metric's own unit squared; None where unknown.
        least: the smallest change that is worth a person's time: of shares in points (0.01 is one percent),
            of everything else relative to what was expected (0.05 is five percent); of ages in minutes.
        is_usual: watched unless the settings name others.
        words: what people call it.
    """

    name: str
    family: Family
    needs: tuple[str, ...]
    derive: Callable[[Facts], np.ndarray]
    variance: Callable[[Facts], np.ndarray] | None = None
    least: float = 0.0
    is_usual: bool = True
    words: str = ""

    @property
    def is_of_table(self) -> bool:
        """Whether it is of the whole table."""
        return self.name in _OF_TABLE


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """One through the other; NaN where there is nothing to divide by."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


def _mean(facts: Facts) -> np.ndarray:
    return _ratio(facts["sum"], facts.filled)


def _spread(facts: Facts) -> np.ndarray:
    """The sample variance; NaN of fewer than two values."""
    n = facts.filled
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        centred = facts["squares"] - facts["sum"] ** 2 / n
        # Of nearly constant numbers the difference of two large sums is rounding: never below 0.
        return np.where(n > 1, np.maximum(centred, 0) / (n - 1), np.nan)


# As many values as count as much as the bucket's own for how far its values spread.
_SPREAD_BEFORE = 10.0


def _mean_variance(facts: Facts) -> np.ndarray:
    """Of few values, which may be the same by chance, the spread is also that of the buckets before."""
    spread = _spread(facts)
    free = np.where(np.isfinite(spread), np.maximum(facts.filled - 1, 0), 0)
    own = np.where(np.isfinite(spread), spread, 0) * free
    pooled = _ratio(np.cumsum(own, axis=0), np.cumsum(free, axis=0))
    return _ratio((own + _SPREAD_BEFORE * pooled) / (free + _SPREAD_BEFORE), facts.filled)


_Derive = Callable[[Facts], np.ndarray]


def _share_of(fact: str, *, of_filled: bool) -> tuple[_Derive, _Derive]:
    """A share of the rows, and its variance (binomial)."""

    def whole(facts: Facts) -> np.ndarray:
        return facts.filled if of_filled else facts.rows

    def derive(facts: Facts) -> np.ndarray:
        share: np.ndarray = np.clip(_ratio(facts[fact], whole(facts)), 0, 1)
        return share

    def variance(facts: Facts) -> np.ndarray:
        share = derive(facts)
        return _ratio(share * (1 - share), whole(facts))

    return derive, variance


def _freshness(facts: Facts) -> np.ndarray:
    """Minutes from the newest event there had ever been to the end of each bucket: while nothing comes, the
    age grows.
    """
    age = facts["event_age_s"]
    ends = np.arange(1, len(age) + 1)[:, None] * facts.span_s
    newest = np.fmax.accumulate(ends - age, axis=0)
    minutes: np.ndarray = np.maximum(ends - newest, 0) / 60
    return minutes


def _rows(facts: Facts) -> np.ndarray:
    return facts.rows


def _fact(name: str) -> Callable[[Facts], np.ndarray]:
    return lambda facts: facts[name]


def _positive(name: str) -> Callable[[Facts], np.ndarray]:
    """A count that nothing is known of where there are no rows."""
    return lambda facts: np.where(facts.rows > 0, facts[name], np.nan)


def _rows_per_key(facts: Facts) -> np.ndarray:
    keyed = facts["keyed"]
    found: np.ndarray = np.fmax(_ratio(keyed, facts["keys"]), 1)
    return np.where(keyed > 0, found, np.nan)


def _untimed(facts: Facts) -> tuple[np.ndarray, np.ndarray]:
    """The rows without an event time that came since that was last counted, and all rows that did."""
    counted = facts["untimed_rows"]
    places = np.arange(len(counted))[:, None]
    newest = np.maximum.accumulate(np.where(np.isfinite(counted), places, -1), axis=0)
    before = np.vstack([np.full((1, counted.shape[1]), -1), newest[:-1]])
    has_before = before >= 0
    before = np.maximum(before, 0)
    rows = np.cumsum(facts.rows, axis=0)
    new = np.maximum(counted - np.take_along_axis(counted, before, axis=0), 0)
    new = np.where(has_before, new, np.nan)
    return new, new + rows - np.take_along_axis(rows, before, axis=0)


def _untimed_rate(facts: Facts) -> np.ndarray:
    return _ratio(*_untimed(facts))


def _untimed_variance(facts: Facts) -> np.ndarray:
    new, came = _untimed(facts)
    share = _ratio(new, came)
    return _ratio(share * (1 - share), came)


def _mean_length(facts: Facts) -> np.ndarray:
    return _ratio(facts["lengths"], facts.filled)


def _deviation(facts: Facts) -> np.ndarray:
    found: np.ndarray = np.sqrt(_spread(facts))
    return found


def _of_runs(
    name: str, fact: str, derive: _Derive | None, least: float, words: str, *, is_usual: bool = True
) -> Metric:
    derived = derive or _fact(fact)
    return Metric(name, Family.AMOUNT, (fact,), derived, least=least, is_usual=is_usual, words=words)


def _on_request(name: str, fact: str, least: float, words: str) -> Metric:
    return Metric(name, Family.AMOUNT, (fact,), _fact(fact), least=least, is_usual=False, words=words)


def _at_least(name: str, floor: float) -> Callable[[Facts], np.ndarray]:
    """A duration; below the floor all are alike, since nobody acts on them."""
    return lambda facts: np.fmax(facts[name], np.where(np.isnan(facts[name]), np.nan, floor))


def _rows_per_second(facts: Facts) -> np.ndarray:
    """Of what took long enough to tell."""
    long = facts["seconds"] >= _SHORT_S
    return np.where(long, _ratio(facts["rows_affected"], facts["seconds"]), np.nan)


def _success_rate(facts: Facts) -> np.ndarray:
    """The share of the last runs of a node that went well."""
    ok = facts["ok"]
    known = np.isfinite(ok)
    good, runs = (np.cumsum(part, axis=0) for part in (np.where(known, ok, 0.0), known.astype(float)))
    before = [np.vstack([np.zeros((_LAST_RUNS, ok.shape[1])), sums])[: len(ok)] for sums in (good, runs)]
    return np.where(known, _ratio(good - before[0], runs - before[1]), np.nan)


def _minutes(name: str) -> Callable[[Facts], np.ndarray]:
    return lambda facts: facts[name] / 60


_SHORT_S = 10.0
_LAST_RUNS = 20
_OF_RUNS = (
    *("build_seconds", "wait_seconds", "rows_per_second", "rows_written", "bytes_read", "success_rate"),
    *("load_age_minutes", "events", "lag_seconds", "backlog_bytes", "commit_seconds", "dead_letters"),
)
_OF_TABLE = ("row_count", "freshness_minutes", "untimed_rate", "future_rows", *_OF_RUNS)
DISTRIBUTION = "distribution"
_NULLS, _ZEROS, _NEGATIVES, _TRUES, _EMPTIES = (
    _share_of(fact, of_filled=fact != "nulls") for fact in ("nulls", "zeros", "negatives", "trues", "empties")
)

METRICS: tuple[Metric, ...] = (
    Metric("row_count", Family.COUNT, (), _rows, least=0.05, words="rows"),
    Metric(
        "freshness_minutes",
        Family.MINUTES,
        ("event_age_s",),
        _freshness,
        least=60,
        words="age of the newest row",
    ),
    Metric(
        "untimed_rate",
        Family.RATE,
        ("untimed_rows",),
        _untimed_rate,
        _untimed_variance,
        least=0.005,
        words="share of rows without an event time",
    ),
    Metric("null_rate", Family.RATE, ("nulls",), *_NULLS, least=0.005, words="share of nulls"),
    Metric(
        "distinct_count",
        Family.COUNT,
        ("distinct",),
        _positive("distinct"),
        least=0.05,
        words="distinct values",
    ),
    Metric(
        "rows_per_key", Family.EXCESS, ("keyed", "keys"), _rows_per_key, least=0.001, words="rows per key"
    ),
    Metric(
        "mean", Family.AMOUNT, ("nulls", "sum", "squares"), _mean, _mean_variance, least=0.02, words="mean"
    ),
    Metric("zero_rate", Family.RATE, ("nulls", "zeros"), *_ZEROS, least=0.01, words="share of zeros"),
    Metric(
        "negative_rate",
        Family.RATE,
        ("nulls", "negatives"),
        *_NEGATIVES,
        least=0.005,
        is_usual=False,
        words="share of negative numbers",
    ),
    Metric("true_rate", Family.RATE, ("nulls", "trues"), *_TRUES, least=0.01, words="share that is true"),
    Metric("mean_length", Family.AMOUNT, ("nulls", "lengths"), _mean_length, least=0.05, words="mean length"),
    Metric(
        "empty_rate",
        Family.RATE,
        ("nulls", "empties"),
        *_EMPTIES,
        least=0.005,
        is_usual=False,
        words="share of empty texts",
    ),
    Metric(DISTRIBUTION, Family.DISTANCE, (), _rows, least=0.02, words="distance of the shares from before"),
    # Looked at where the settings ask for them: mostly they say what the mean says, with more noise.
    _on_request("median", "p50", 0.02, "median"),
    _on_request("low_values", "p05", 0.05, "5 % quantile"),
    _on_request("high_values", "p95", 0.05, "95 % quantile"),
    _on_request("minimum", "low", 0.1, "minimum"),
    _on_request("maximum", "high", 0.1, "maximum"),
    Metric(
        "standard_deviation",
        Family.AMOUNT,
        ("nulls", "sum", "squares"),
        _deviation,
        least=0.1,
        is_usual=False,
        words="standard deviation",
    ),
    Metric(
        "future_rows",
        Family.COUNT,
        ("future_rows",),
        _fact("future_rows"),
        is_usual=False,
        words="rows dated in the future",
    ),
    # Of runs: twice as long is what a person looks at, and only that; faster is never as far away.
    _of_runs("build_seconds", "seconds", _at_least("seconds", _SHORT_S), 1.0, "seconds to build"),
    _of_runs("wait_seconds", "wait_s", _at_least("wait_s", 60.0), 1.0, "seconds of waiting"),
    Metric(
        "rows_per_second",
        Family.AMOUNT,
        ("seconds", "rows_affected"),
        _rows_per_second,
        least=0.5,
        words="rows per second",
    ),
    _of_runs("bytes_read", "bytes_processed", None, 1.0, "bytes read"),
    Metric(
        "rows_written",
        Family.COUNT,
        ("rows_affected",),
        _fact("rows_affected"),
        least=0.1,
        is_usual=False,
        words="rows written",
    ),
    Metric(
        "success_rate",
        Family.RATE,
        ("ok",),
        _success_rate,
        least=0.1,
        is_usual=False,
        words="share of the last 20 runs that went well",
    ),
    Metric(
        "load_age_minutes",
        Family.MINUTES,
        ("loaded_age_s",),
        _minutes("loaded_age_s"),
        least=30,
        words="age of the newest row when dbt looked",
    ),
    # Of the project, by job.
    _of_runs("job_seconds", "run_seconds", _at_least("run_seconds", 60.0), 1.0, "seconds that a job took"),
    _of_runs("job_memory_bytes", "run_memory_bytes", None, 1.0, "memory that dbt itself used"),
    # Of connectors.
    Metric("events", Family.COUNT, ("events",), _fact("events"), least=0.2, words="events landed"),
    _of_runs("lag_seconds", "lag_s", _at_least("lag_s", 60.0), 1.0, "seconds behind the source"),
    _of_runs("backlog_bytes", "backlog_bytes", None, 1.0, "bytes not acknowledged", is_usual=False),
    _of_runs(
        "commit_seconds", "commit_s", _at_least("commit_s", 1.0), 1.0, "seconds to commit", is_usual=False
    ),
    Metric(
        "dead_letters",
        Family.COUNT,
        ("dead_letters",),
        _fact("dead_letters"),
        is_usual=False,
        words="records that could not become rows",
    ),
)
USUAL = tuple(metric.name for metric in METRICS if metric.is_usual)
_BY_NAME = {metric.name: metric for metric in METRICS}


def metric_of(name: str) -> Metric:
    """The metric of that name; a custom one is an amount that is watched as it is.

    Raises:
        UnknownName: there is none.
    """
    if name.startswith(CUSTOM):
        said = name.removeprefix(CUSTOM)
        return Metric(name, Family.AMOUNT, (name,), _fact(name), least=0.02, words=said)
    if name not in _BY_NAME:
        raise UnknownName("metric", name, _BY_NAME)
    return _BY_NAME[name]
