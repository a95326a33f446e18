"""Scores over time, in a SQLite file and in PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aidbt.store import Store
from aidbt.store.quality import QualityHistory, ScorePoint

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def point(
    score: float | None, *, days: float = 0, scope: str = "project", name: str = "", **more: str
) -> ScorePoint:
    return ScorePoint(scope, name, more.get("dimension", ""), NOON + timedelta(days=days), score, 60.0)


def test_the_last_score_of_a_day_counts(store: Store) -> None:
    history = QualityHistory(store)
    history.put([point(80.0)])
    history.put([point(90.5, days=0.1), point(70.0, days=1)])

    assert [(p.score, p.at) for p in history.points()] == [
        (90.5, NOON + timedelta(days=0.1)),
        (70.0, NOON + timedelta(days=1)),
    ]


def test_what_is_not_measured_is_kept_as_none(store: Store) -> None:
    QualityHistory(store).put([point(None)])

    assert QualityHistory(store).points() == (point(None),)


def test_dimensions_and_things_do_not_mix(store: Store) -> None:
    history = QualityHistory(store)
    orders, other = "model.shop.orders", "model.shop.other"
    validity = point(1.0, dimension="validity")
    history.put([point(90.0), validity, *(point(2.0, scope="model", name=name) for name in (orders, other))])

    assert history.points(dimension="validity") == (validity,)
    assert [p.score for p in history.points()] == [90.0]
    assert history.all("model").keys() == {orders, other}
    assert history.points("model", orders, since=NOON + timedelta(hours=1)) == ()


def test_what_is_too_old_goes(store: Store) -> None:
    history = QualityHistory(store)
    history.put([point(80.0)])
    history.put([point(90.0, days=31)], keep=timedelta(days=30))

    assert [p.score for p in history.points()] == [90.0]


def test_the_scores_of_each_target_are_kept_apart(store: Store) -> None:
    ours, theirs = QualityHistory(store, "prod"), QualityHistory(store, "dev")
    ours.put([point(90.0)])
    theirs.put([point(10.0)])

    assert (ours.points(), theirs.points()) == ((point(90.0),), (point(10.0),))
    assert QualityHistory(store).points() == ()
    assert ours.all("project") == {"": (point(90.0),)}
