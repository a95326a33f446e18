"""Scores of quality over time, one for each day and thing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from aidbt.store.db import Store


@dataclass(frozen=True, slots=True)
class ScorePoint:
    """A score as it was at the end of a day (UTC), or last on it.

    Attributes:
        scope: "project", "layer", "owner" or "model".
        name: of what; "" for the project, a unique_id for a model.
        dimension: "" for all together.
        score: 0..100; None where nothing was measured.
        coverage: how much was measured, 0..100.
    """

    scope: str
    name: str
    dimension: str
    at: datetime
    score: float | None
    coverage: float


class QualityHistory:
    """The scores in a store, of one target of dbt.

    Args:
        target: whose tables were scored; "" where nobody knows it.
    """

    def __init__(self, store: Store, target: str = "") -> None:
        self._store = store
        self._of = f" of {target}" if target else ""  # stands behind the scope in the table

    def put(self, points: Iterable[ScorePoint], *, keep: timedelta = timedelta(days=400)) -> None:
        """Keep scores; those of the same day are replaced, those that are too old go.

        Raises:
            StoreError: the store cannot be written.
        """
        # In one order, so that two processes that keep the same ones do not wait for each other.
        ordered = sorted(points, key=lambda p: (p.scope, p.name, p.dimension, p.at))
        rows = [{**_row(point), "scope": f"{point.scope}{self._of}"} for point in ordered]
        if not rows:
            return
        oldest = min(row["at"] for row in rows) - keep.total_seconds()
        with self._store.transaction() as connection:
            connection.execute(_PUT, rows)
            connection.execute(_FORGET, {"before": oldest})

    def points(
        self, scope: str = "project", name: str = "", *, dimension: str = "", since: datetime | None = None
    ) -> tuple[ScorePoint, ...]:
        """The scores of one thing in one dimension, oldest first.

        Raises:
            StoreError: the store cannot be read.
        """
        asked = {
            "scope": f"{scope}{self._of}",
            "name": name,
            "dimension": dimension,
            "since": _seconds(since),
        }
        with self._store.transaction() as connection:
            rows = connection.execute(_POINTS, asked).all()
        return tuple(_point(row, scope) for row in rows)

    def all(self, scope: str, *, since: datetime | None = None) -> dict[str, tuple[ScorePoint, ...]]:
        """The scores of all things of a scope, all dimensions together: name → oldest first.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._store.transaction() as connection:
            rows = connection.execute(_ALL, {"scope": f"{scope}{self._of}", "since": _seconds(since)}).all()
        found: dict[str, list[ScorePoint]] = {}
        for row in rows:
            found.setdefault(row.name, []).append(_point(row, scope))
        return {name: tuple(points) for name, points in found.items()}


def _seconds(time: datetime | None) -> float:
    return 0.0 if time is None else time.timestamp()


def _row(point: ScorePoint) -> dict[str, Any]:
    return {
        "scope": point.scope,
        "name": point.name,
        "dimension": point.dimension,
        "day": point.at.astimezone(UTC).date().isoformat(),
        "at": point.at.timestamp(),
        "score": point.score,
        "coverage": point.coverage,
    }


def _point(row: Any, scope: str) -> ScorePoint:
    at = datetime.fromtimestamp(row.at, UTC)
    return ScorePoint(scope, row.name, row.dimension, at, row.score, row.coverage)


_PUT = text(
    "insert into quality_scores (scope, name, dimension, day, at, score, coverage)"
    " values (:scope, :name, :dimension, :day, :at, :score, :coverage)"
    " on conflict (scope, name, dimension, day) do update set at = excluded.at, score = excluded.score,"
    " coverage = excluded.coverage"
)
_FORGET = text("delete from quality_scores where at < :before")
_POINTS = text(
    "select name, dimension, at, score, coverage from quality_scores"
    " where scope = :scope and name = :name and dimension = :dimension and at >= :since order by at"
)
_ALL = text(
    "select name, dimension, at, score, coverage from quality_scores"
    " where scope = :scope and dimension = '' and at >= :since order by name, at"
)
