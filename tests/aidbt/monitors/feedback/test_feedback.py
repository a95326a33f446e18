"""What people say of alerts, and what follows for thresholds and for what is learned."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidbt.core.measured import Monitor
from aidbt.monitors.feedback.verdicts import (
    Adjustment,
    Alert,
    Feedback,
    Verdict,
    accepted_from,
    adjustments,
    judgements,
    learned_from,
    resolved,
)
from aidbt.monitors.history import Family, History

ORDERS = Monitor("model.shop.orders", "row_count")
MEAN = Monitor("model.shop.orders", "mean", "amount")
FIRST = datetime(2026, 3, 1)
DAY = timedelta(days=1)
THRESHOLD = 3.0


def day(number: int) -> datetime:
    return FIRST + number * DAY


def said(verdict: Verdict, number: int, monitor: Monitor = ORDERS) -> Feedback:
    return Feedback(monitor, day(number), day(number + 1), verdict)


def alert(number: int, score: float = 3.5, monitor: Monitor = ORDERS, days: int = 1) -> Alert:
    return Alert(monitor, day(number), day(number + days - 1), score)


def adjusted(
    feedback: list[Feedback], alerts: list[Alert], missed: dict[int, float] | None = None
) -> Adjustment | None:
    scores = {(ORDERS, day(number)): score for number, score in (missed or {}).items()}
    return adjustments(feedback, alerts, threshold=THRESHOLD, missed_scores=scores).get(ORDERS)


# --- thresholds -----------------------------------------------------------------------------------------


def test_a_false_alarm_raises_its_own_threshold_just_above_it_and_no_other():
    found = adjustments(
        [said("false-alarm", 1)], [alert(1, 3.2), alert(2, monitor=MEAN)], threshold=THRESHOLD
    )

    assert list(found) == [ORDERS]
    assert found[ORDERS].shift == pytest.approx(0.21)
    assert found[ORDERS].why == "1 of 1 alerts were false"


@pytest.mark.parametrize(
    ("false", "alerts", "times"),
    # Odds of (k + 1) / (n - k + 19), where 1 / 19 is promised: more than 5 % false, and only then, raises.
    [(1, 1, 2), (2, 2, 3), (3, 3, 4), (1, 11, 19 / 14.5), (1, 19, 38 / 37), (1, 20, 1), (2, 40, 1)],
)
def test_false_alarms_make_a_monitor_as_much_less_ready_as_they_show(false: int, alerts: int, times: float):
    feedback = [said("false-alarm", number) for number in range(false)]

    found = adjusted(feedback, [alert(number, 30.0) for number in range(alerts)])

    assert 10 ** (found.shift if found else 0.0) == pytest.approx(times, rel=0.01)


def test_it_is_not_raised_further_than_the_remaining_alerts_call_for():
    # Nine low ones were false; the twenty above them were not.
    low, high = [alert(n, 3.1 + n / 100) for n in range(9)], [alert(n, 8.0) for n in range(10, 30)]

    found = adjusted([said("false-alarm", n) for n in range(9)], [*low, *high])

    assert found is not None and 0 < found.shift <= 0.19
    assert (found.alerts, found.false) == (29, 9)


def test_what_was_real_would_be_told_again():
    feedback = [said("false-alarm", 1), said("false-alarm", 2), said("real", 3)]

    found = adjusted(feedback, [alert(1, 9.0), alert(2, 9.0), alert(3, 3.2)])

    assert found is not None and THRESHOLD + found.shift < 3.2


def test_an_alert_that_went_on_for_days_counts_once():
    feedback = [said("false-alarm", number) for number in range(5)]

    found = adjusted(feedback, [alert(0, 3.5, days=5), *(alert(n) for n in range(10, 29))])

    assert found is None


def test_what_was_missed_lowers_the_threshold_as_far_as_it_would_have_told():
    found = adjusted([said("missed", 4)], [], {4: 2.8})

    assert found is not None and found.shift == pytest.approx(-0.21)


def test_what_no_reasonable_threshold_would_have_told_lowers_nothing():
    found = adjusted([said("missed", 4)], [], {4: 0.5})

    assert found is not None and found.shift == 0
    assert "no reasonable threshold" in found.why


def test_one_missed_among_many_found_lowers_nothing():
    feedback = [said("missed", 40), *(said("real", number) for number in range(20))]

    found = adjusted(feedback, [alert(number) for number in range(20)], {40: 2.9})

    assert found is not None and found.shift == 0


def test_silence_and_what_is_expected_change_no_threshold():
    assert adjusted([said("expected", 1)], [alert(1), alert(2)]) is None
    assert adjusted([], [alert(1)]) is None


@given(
    st.lists(st.tuples(st.floats(3.0, 40.0), st.sampled_from(["false-alarm", "real", None])), max_size=25),
    st.lists(st.floats(0.0, 2.99), max_size=4),
)
def test_a_threshold_never_hides_what_was_real_and_never_moves_more_than_two_and_a_half_places(
    told: list[tuple[float, Verdict | None]], missed: list[float]
):
    alerts = [alert(number, score) for number, (score, _) in enumerate(told)]
    feedback = [said(verdict, number) for number, (_, verdict) in enumerate(told) if verdict]
    feedback += [said("missed", 100 + number) for number in range(len(missed))]

    found = adjusted(feedback, alerts, {100 + number: score for number, score in enumerate(missed)})

    shift = found.shift if found is not None else 0.0
    assert -2.5 < shift < 2.5
    assert all(THRESHOLD + shift <= score for score, verdict in told if verdict == "real")


@given(st.integers(1, 12), st.integers(0, 12))
def test_more_false_alarms_never_lower_a_threshold(false: int, others: int):
    alerts = [alert(number, 3.1 + number / 10) for number in range(false + 1 + others)]

    fewer, more = (
        adjusted([said("false-alarm", number) for number in range(count)], alerts)
        for count in (false, false + 1)
    )

    assert (fewer.shift if fewer else 0.0) <= (more.shift if more else 0.0)


# --- what is learned from -------------------------------------------------------------------------------


def history(values: list[list[float]]) -> History:
    array = np.array(values, float)
    unknown = np.full(array.shape, np.nan)
    return History(
        monitors=(ORDERS, MEAN),
        families=(Family.COUNT, Family.AMOUNT),
        grain="day",
        starts=tuple(day(number) for number in range(array.shape[1])),
        values=array,
        rows=unknown,
        variances=unknown,
        refreshed=np.zeros(array.shape, bool),
        holidays=np.zeros(array.shape),
        parents=np.array([-1, -1]),
        volumes=np.array([-1, 0]),
    )


def test_nothing_is_learned_from_what_was_wrong():
    before = history([[1, 2, 3, 4], [5, 6, 7, 8]])

    after = learned_from(before, [said("real", 1), said("missed", 2), said("false-alarm", 3)])

    assert np.isnan(after.values).tolist() == [[False, True, True, False], [False] * 4]
    assert before.values[0, 1] == 2


def test_what_was_before_the_expected_counts_no_more():
    after = learned_from(history([[1, 2, 3, 4], [5, 6, 7, 8]]), [said("expected", 2, MEAN)])

    assert np.isnan(after.values).tolist() == [[False] * 4, [True, True, False, False]]
    assert accepted_from([said("expected", 2), said("expected", 1)]) == {ORDERS: day(2)}


def test_without_feedback_the_history_is_the_same():
    before = history([[1, 2], [3, 4]])

    assert learned_from(before, [said("false-alarm", 1)]) is before


# --- from names to nodes --------------------------------------------------------------------------------


def test_a_name_is_enough_and_the_last_word_counts():
    short = Monitor("orders", "row_count")

    found, findings = resolved([said("real", 1, short), said("false-alarm", 1)], ["model.shop.orders"])

    assert ([item.verdict for item in found], findings) == (["false-alarm"], ())


def test_nodes_that_are_gone_or_not_the_only_ones_are_said_and_left_out():
    nodes = ["model.shop.orders", "source.shop.raw.orders"]
    feedback = [said("real", 1, Monitor(name, "mean")) for name in ("orders", "gone", "model.shop.orders")]

    found, findings = resolved(feedback, nodes, where="aidbt/feedback.yml")

    assert [item.monitor.node for item in found] == ["model.shop.orders"]
    assert [finding.message for finding in findings] == [
        "left out: the project has 2 nodes called 'orders'; write its unique_id",
        "left out: the project has no 'gone'",
    ]


def test_a_replay_is_told_what_was_real():
    found = judgements([said("real", 1), said("missed", 2), said("false-alarm", 3), said("expected", 4)])

    assert [one.is_real for one in found] == [True, True, False]
    assert found[0].first == day(1) and day(1) < found[0].last < day(2)
