"""What each detector would have told of the past, beside what people said of it."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidbt.core.measured import Monitor
from aidbt.monitors.feedback.replay import ENOUGH, FIRST_JUDGED, Judgement, episodes, near, replay
from aidbt.monitors.history import Scores
from tests.aidbt.monitors.daily import MEAN, ROWS, START, history_of, shop

DAYS = 70
HISTORY = history_of({ROWS: shop(DAYS)[ROWS], MEAN: shop(DAYS)[MEAN]})


def told_on(*buckets: tuple[int, int]) -> tuple[Scores, float]:
    """A detector that tells of these (row, day)."""
    score = np.zeros(HISTORY.values.shape)
    for row, day in buckets:
        score[row, day] = 9
    unknown = np.full(score.shape, np.nan)
    seen = np.broadcast_to(np.arange(DAYS), score.shape)
    return Scores(score, np.sign(score), unknown, unknown, unknown, seen), 3.0


def said(monitor: Monitor, day: int, is_real: bool, *, days: int = 1) -> Judgement:
    first = START + timedelta(days=day)
    return Judgement(monitor, first, first + timedelta(days=days - 1), is_real)


def test_alerts_close_together_count_once():
    [member] = replay(HISTORY, {"one": told_on((0, 20), (0, 21), (0, 24), (0, 40), (1, 20))}).members

    assert member.alerts == 3
    assert member.per_week == pytest.approx(100 * 3 / (2 * (DAYS - FIRST_JUDGED) / 7), abs=1e-3)


def test_what_is_told_while_everything_is_new_does_not_count():
    [member] = replay(HISTORY, {"one": told_on((0, FIRST_JUDGED - 1), (0, FIRST_JUDGED + 5))}).members

    assert member.alerts == 1


def test_real_and_false_alarms_are_counted_by_what_people_said():
    judgements = [
        said(ROWS, 20, True, days=3),
        said(ROWS, 40, True),
        said(MEAN, 30, False),
        said(MEAN, 50, False),
    ]

    [member] = replay(HISTORY, {"one": told_on((0, 22), (1, 30))}, judgements).members

    assert (member.real_found, member.real, member.false_told, member.false) == (1, 2, 1, 2)


def test_what_was_said_of_other_monitors_or_times_is_passed_over():
    judgements = [said(Monitor("model.shop.gone", "row_count"), 20, True), said(ROWS, 5_000, True)]

    [member] = replay(HISTORY, {"one": told_on((0, 20))}, judgements).members

    assert member.real == 0


def test_what_only_one_member_tells_is_its_own():
    one, other = replay(HISTORY, {"one": told_on((0, 20), (0, 50)), "other": told_on((0, 22))}).members

    assert (one.alone, other.alone) == (1, 0)


REAL = [said(ROWS, day, True) for day in (20, 25, 30, 35)]
FALSE = [said(MEAN, day, False) for day in (20, 30)]


@pytest.mark.parametrize(
    ("tells", "verdict"),
    [
        (((0, 20), (0, 25), (1, 20)), "adds nothing here"),
        (((0, 20), (1, 20), (1, 40)), "does not pay here"),
        (((0, 20), (0, 25), (0, 30)), "pays: it finds more and tells no more"),
        (((0, 20), (0, 25), (1, 45)), "pays: it finds as much with fewer false alarms"),
        (((0, 20), (0, 25), (0, 30), (0, 50), (1, 50), (1, 60), (1, 20)), "finds 1 more, for"),
    ],
)
def test_the_verdict_says_what_follows(tells, verdict):
    used = told_on((0, 20), (0, 25), (1, 20))

    members = replay(HISTORY, {"used": used, "tried": told_on(*tells)}, [*REAL, *FALSE]).members

    assert members[0].verdict == "in use"
    assert members[1].verdict.startswith(verdict)


def test_of_few_judgements_nothing_follows():
    members = replay(HISTORY, {"used": told_on(), "tried": told_on((0, 20))}, REAL[: ENOUGH - 1]).members

    assert members[1].verdict.startswith("not to be said yet")


def test_the_same_threshold_that_is_in_use_decides():
    scores, _ = told_on((0, 20))

    assert replay(HISTORY, {"one": (scores, 9.5)}).members[0].alerts == 0


@given(st.lists(st.lists(st.booleans(), min_size=12, max_size=12), min_size=1, max_size=3))
def test_episodes_hold_every_alert_once_and_stand_apart(alerts):
    found = np.array(alerts)

    spans = episodes(found)

    covered = np.zeros_like(found)
    for row, span in spans:
        assert found[row, span.start] and found[row, span.stop - 1]
        assert not near(covered, 2)[row, span].any()
        covered[row, span] = True
    assert (covered >= found).all()
