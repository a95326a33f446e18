"""Measurements over time: cheap to note, bounded in number, and added up rather than dropped as they age.

Each measurement is one row for two days; then those of an hour become one row that keeps how many there were,
their sum, the lowest and the highest, so that totals stay exact; after thirty days they go.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from aidbt.core.errors import UsageError
from aidbt.store.db import Store

# What a stream of changes notes; the entity is "source" or "source.table".
EVENTS = "ingest.events"  # landed by one commit: events of the source, or rows of one table
BATCH_EVENTS = "ingest.batch_events"  # events of one micro-batch
COMMIT_S = "ingest.commit_s"  # how long its commit took
LAG_S = "ingest.lag_s"  # between the source's commit and now
BACKLOG_BYTES = "ingest.backlog_bytes"  # of the source's log that are not acknowledged
DEAD_LETTERS = "ingest.dead_letters"  # records of one commit that could not become rows

KEEP = timedelta(days=30)
KEEP_EACH = timedelta(days=2)
_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement."""

    name: str
    entity: str
    value: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Point:
    """The measurements of a moment, or of the hour that begins at `at`.

    Attributes:
        count: how many there were, at least 1.
        total, low, high: their sum, the lowest and the highest.
    """

    at: datetime
    count: int
    total: float
    low: float
    high: float

    @property
    def mean(self) -> float:
        """Their average."""
        return self.total / self.count


class Metrics:
    """The measurements in a store.

    Args:
        clock: seconds since 1970; a test passes its own.
    """

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._tidied_until: int | None = None

    def record(self, name: str, entity: str, value: float, at: datetime | None = None) -> None:
        """Note one measurement, of now by default; see `record_all`."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        self.record_all([Sample(name, entity, value, at or now)])

    def record_all(self, samples: Iterable[Sample]) -> None:
        """Note measurements in one transaction; once an hour what is old is added up or dropped.

        Raises:
            UsageError: a value is no finite number.
            StoreError: the store cannot be written.
        """
        rows = [_row(sample) for sample in samples]
        if not rows:
            return
        now = self._clock()
        # Whole hours only, so that no hour is added up before it is complete.
        each_from = _hour(now - KEEP_EACH.total_seconds())
        with self._store.transaction() as connection:
            connection.execute(_INSERT, rows)
            if each_from != self._tidied_until:
                self._store.lock(connection, "metrics")
                connection.execute(_ADD_UP, {"before": each_from})
                connection.execute(_DROP_EACH, {"before": each_from})
                connection.execute(_DROP, {"before": _hour(now - KEEP.total_seconds())})
        self._tidied_until = each_from

    def series(self, name: str, entity: str, *, since: datetime | None = None) -> list[Point]:
        """What was measured, oldest first.

        Raises:
            StoreError: the store cannot be read.
        """
        parameters = {"name": name, "entity": entity, "since": since.timestamp() if since else 0.0}
        with self._store.transaction() as connection:
            return [_point(row) for row in connection.execute(_SERIES, parameters)]

    def latest(self, name: str, *, prefix: str = "") -> dict[str, Sample]:
        """The last measurement of each entity whose name begins with `prefix`, by entity.

        Of measurements that were added up it is their average.

        Raises:
            StoreError: the store cannot be read.
        """
        parameters = {"name": name, "prefix": prefix}
        with self._store.transaction() as connection:
            rows = connection.execute(_LATEST, parameters).all()
        points = {row.entity: _point(row) for row in rows}
        return {entity: Sample(name, entity, point.mean, point.at) for entity, point in points.items()}


def _row(sample: Sample) -> dict[str, object]:
    if not math.isfinite(sample.value):
        raise UsageError(f"{sample.name} of '{sample.entity}' is no finite number: {sample.value}")
    at = sample.at.timestamp()
    return {
        "name": sample.name,
        "entity": sample.entity,
        "value": float(sample.value),
        "at": at,
        "hour": _hour(at),
    }


def _hour(seconds: float) -> int:
    """Whole hours since 1970."""
    return int(seconds // _HOUR_S)


def _point(row: Row[Any]) -> Point:
    return Point(datetime.fromtimestamp(row.at, UTC), row.samples, row.total, row.low, row.high)


_INSERT = text(
    "insert into metrics (name, entity, at, hour, span_s, samples, total, low, high)"
    " values (:name, :entity, :at, :hour, 0, 1, :value, :value, :value)"
)
_ADD_UP = text(
    "insert into metrics (name, entity, at, hour, span_s, samples, total, low, high)"
    " select name, entity, hour * 3600, hour, 3600, sum(samples), sum(total), min(low), max(high)"
    " from metrics where span_s = 0 and hour < :before group by name, entity, hour"
)
_DROP_EACH = text("delete from metrics where span_s = 0 and hour < :before")
_DROP = text("delete from metrics where span_s = 3600 and hour < :before")
_SERIES = text(
    "select at, samples, total, low, high from metrics"
    " where name = :name and entity = :entity and at >= :since order by at, span_s"
)
_LATEST = text(
    "select entity, at, samples, total, low, high from metrics where name = :name"
    " and substr(entity, 1, length(:prefix)) = :prefix and at ="
    " (select max(at) from metrics as later where later.name = metrics.name"
    " and later.entity = metrics.entity)"
)
