"""The steps of an attempt: what the table promises whatever happens in whatever order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidbt.core.attempts import Attempt, AttemptState
from aidbt.core.errors import UsageError
from aidbt.healing.controller.states import MOST_TRIES, RESTING, TRANSITIONS, Event, due, moved

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NEW = Attempt("k", "prod", AttemptState.PENDING, NOON, NOON)


def walked(choices: list[int]) -> list[tuple[Event, Attempt]]:
    """A way through the table: each number picks one of the events that are possible there."""
    attempt, way = NEW, []
    for step, choice in enumerate(choices):
        possible = [event for state, event in TRANSITIONS if state is attempt.state]
        if not possible:
            break
        event = possible[choice % len(possible)]
        attempt = moved(attempt, event, at=NOON + timedelta(minutes=step), why=f"step {step}")
        way.append((event, attempt))
    return way


WAYS = st.lists(st.integers(0, 50), max_size=80).map(walked)


@given(WAYS)
def test_tries_are_counted_and_never_more_than_five(way: list[tuple[Event, Attempt]]):
    fails = [event for event, _ in way if event is Event.FAILED]
    last = way[-1][1] if way else NEW

    assert last.tries == len(fails) <= MOST_TRIES
    for event, attempt in way:
        if event is Event.FAILED:
            more = attempt.tries < MOST_TRIES
            assert attempt.state is (AttemptState.PLANNED if more else AttemptState.ESCALATED)


@given(WAYS)
def test_what_was_rolled_back_always_reaches_a_person(way: list[tuple[Event, Attempt]]):
    states = [attempt.state for _, attempt in way]
    for place, state in enumerate(states[:-1]):
        if state is AttemptState.ROLLED_BACK:
            assert states[place + 1] is AttemptState.ESCALATED
        if state is AttemptState.ESCALATED:
            assert states[place + 1] is AttemptState.WAITING


@given(WAYS)
def test_nothing_is_deployed_or_proposed_that_was_not_validated(way: list[tuple[Event, Attempt]]):
    before = AttemptState.PENDING
    for event, attempt in way:
        if event in (Event.PROMOTED, Event.PROPOSED):
            assert before is AttemptState.VALIDATING
        before = attempt.state


@given(WAYS)
def test_what_is_being_written_is_noted_only_while_it_may_be(way: list[tuple[Event, Attempt]]):
    attempt = NEW
    for _, attempt in way:
        assert attempt.write == ""  # the events of this walk note none; whatever was noted ends with a step
    busy = moved(NEW, Event.CLASSIFIED, at=NOON)
    for event in (Event.PLANNED, Event.BEGUN):
        busy = moved(busy, event, at=NOON)
    busy = moved(busy, Event.WRITING, at=NOON, write="promote")
    assert busy.write == "promote"
    for event in (Event.FAILED, Event.PROMOTED, Event.ROLLED_BACK, Event.ENDED, Event.HANDED_OVER):
        assert moved(busy, event, at=NOON).write == ""


def test_from_everywhere_an_end_can_be_reached_and_ends_are_left_by_nothing():
    ends = {state for state in AttemptState if state.is_over}
    reaches = set(ends)
    for _ in AttemptState:
        reaches |= {state for (state, _), after in TRANSITIONS.items() if after in reaches}

    assert reaches == set(AttemptState)
    assert not [state for state, _ in TRANSITIONS if state in ends]


def test_every_state_that_does_not_rest_has_a_step_for_a_healer():
    from aidbt.healing.controller.attempt import _STEPS

    assert set(_STEPS) == set(AttemptState) - RESTING


def test_what_cannot_happen_is_refused_with_the_state_it_stands_in():
    with pytest.raises(UsageError, match="is pending: it cannot be promoted"):
        moved(NEW, Event.PROMOTED, at=NOON)


def test_a_reason_stays_until_there_is_another_and_the_time_is_that_of_the_state():
    later = NOON + timedelta(hours=1)
    handed = moved(NEW, Event.HANDED_OVER, at=later, why="the password expired")
    told = moved(handed, Event.ALERTED, at=later + timedelta(hours=1))

    assert (told.why, told.since) == ("the password expired", later + timedelta(hours=1))


def test_time_ends_the_waiting_for_people_and_nothing_else():
    day = timedelta(days=1)
    for state in AttemptState:
        attempt = Attempt("k", "prod", state, NOON, NOON)
        waits = state in (AttemptState.WAITING, AttemptState.PROPOSED)
        assert due(attempt, now=NOON + day, timeout=day) is (Event.TIMED_OUT if waits else None)
        assert due(attempt, now=NOON + day / 2, timeout=day) is None
