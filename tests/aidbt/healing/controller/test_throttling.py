"""How long requests are limited, across attempts and runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aidbt.core.attempts import Attempt, AttemptState
from aidbt.core.failures import ErrorClass
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Diagnosis, Stage
from aidbt.healing.controller.throttling import asked_s, throttled_s

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def limited(
    message: str = "429 Too Many Requests", kind: ErrorClass = ErrorClass.RATE_LIMIT_EXCEEDED
) -> Diagnosis:
    return Diagnosis("limit", kind, 0.97, Stage.NODE, "project", failures=(RunFailure("", "error", message),))


def attempts(*minutes_ago: int) -> list[Attempt]:
    """Each was over ten minutes after it was opened."""
    began = [NOON - timedelta(minutes=minutes) for minutes in minutes_ago]
    over = AttemptState.RESOLVED
    return [Attempt("limit", "dev", over, at, at + timedelta(minutes=10)) for at in began]


def test_a_limit_that_comes_again_within_the_hour_is_the_same_one():
    assert throttled_s(limited(), attempts(110, 60, 0), "dev", NOON) == 110 * 60


def test_a_limit_of_last_night_is_another_one():
    assert throttled_s(limited(), attempts(24 * 60, 5), "dev", NOON) == 5 * 60
    assert throttled_s(limited(), attempts(), "dev", NOON) == 0


def test_only_limits_of_this_target_count():
    assert throttled_s(limited(), attempts(110, 60, 0), "prod", NOON) == 0
    assert throttled_s(limited(kind=ErrorClass.CONNECTION_RESET), attempts(110, 60, 0), "dev", NOON) == 0


def test_a_server_that_asks_for_more_than_an_hour_is_believed():
    assert throttled_s(limited("slow down (Retry-After: 5400)"), [], "dev", NOON) == 5400


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("retry after 30 seconds", 30), ("retry_after=90", 90), ("Try again in 5 minutes.", 300),
        ("try again in 250ms", 0.25), ("retry the query", 0),
    ],
)  # fmt: skip
def test_what_a_server_asks_for(message: str, seconds: float):
    assert asked_s(message) == seconds
