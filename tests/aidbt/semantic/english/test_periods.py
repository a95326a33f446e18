"""What phrases of time mean, seen from noon of Sunday the 15th of June 2025."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.semantic.english.words.periods import period_at
from aidbt.semantic.english.words.tokens import tokens
from aidbt.semantic.query import Clock, TimePoint
from aidbt.semantic.times import moment

CLOCK = Clock(dt.datetime(2025, 6, 15, 12))
TODAY_ON = "2025-06-16"

PERIODS = {
    "today": ("2025-06-15", TODAY_ON),
    "yesterday": ("2025-06-14", "2025-06-15"),
    "3 days ago": ("2025-06-12", "2025-06-13"),
    "on 2025-05-30": ("2025-05-30", "2025-05-31"),
    "May 3, 2025": ("2025-05-03", "2025-05-04"),
    "3rd of May 2025": ("2025-05-03", "2025-05-04"),
    "in May 2025": ("2025-05-01", "2025-06-01"),
    "in 2024": ("2024-01-01", "2025-01-01"),
    "in the 1990s": ("1990-01-01", "2000-01-01"),
    "Q4 2024": ("2024-10-01", "2025-01-01"),
    "the fourth quarter of 2024": ("2024-10-01", "2025-01-01"),
    "first half of 2024": ("2024-01-01", "2024-07-01"),
    "in the first three months of 2025": ("2025-01-01", "2025-04-01"),
    "the last two weeks of May 2025": ("2025-05-18", "2025-06-01"),
    "last month": ("2025-05-01", "2025-06-01"),
    "last month's": ("2025-05-01", "2025-06-01"),
    "last quarter": ("2025-01-01", "2025-04-01"),
    "last year": ("2024-01-01", "2025-01-01"),
    "this week": ("2025-06-09", "2025-06-16"),
    "in the current quarter": ("2025-04-01", "2025-07-01"),
    "next month": ("2025-07-01", "2025-08-01"),
    "past 30 days": ("2025-05-16", TODAY_ON),
    "over the past 12 months": ("2024-06-15", TODAY_ON),
    "within the last 6 months": ("2024-12-15", TODAY_ON),
    "over the last year": ("2024-06-15", TODAY_ON),
    "past 30 days, inclusive of today": ("2025-05-17", TODAY_ON),
    "last 2 months excluding the current month": ("2025-04-01", "2025-06-01"),
    "next 7 days": ("2025-06-15", "2025-06-23"),
    "year to date": ("2025-01-01", TODAY_ON),
    "YTD": ("2025-01-01", TODAY_ON),
    "so far this month": ("2025-06-01", TODAY_ON),
    "this year so far": ("2025-01-01", TODAY_ON),
    "since 2023": ("2023-01-01", None),
    "since the start of 2025": ("2025-01-01", None),
    "since the beginning of the year": ("2025-01-01", None),
    "since last month": ("2025-05-01", None),
    "after March 2024": ("2024-04-01", None),
    "on or after 2024-03-01": ("2024-03-01", None),
    "before this year": (None, "2025-01-01"),
    "by the end of 2023": (None, "2024-01-01"),
    "until yesterday": (None, "2025-06-15"),
    "more than two weeks ago": (None, "2025-06-01"),
    "less than 3 days ago": ("2025-06-12", None),
    "older than 6 months": (None, "2024-12-15"),
    "between 2024-11-01 and 2024-12-31": ("2024-11-01", "2025-01-01"),
    "from Jan 1, 2023 to Mar 31, 2023": ("2023-01-01", "2023-04-01"),
    "between January and March 2024": ("2024-01-01", "2024-04-01"),
    "Jan-May 2025": ("2025-01-01", "2025-06-01"),
    "in March or April 2025": ("2025-03-01", "2025-05-01"),
    "between January 1 and March 31, 2025": ("2025-01-01", "2025-04-01"),
    "between 1 January and 30 June 2025": ("2025-01-01", "2025-07-01"),
    "from the 1st to the 15th of May 2025": ("2025-05-01", "2025-05-16"),
    "between 2000 and 2010, both years included": ("2000-01-01", "2011-01-01"),
    "between Jan 1, 2025 and Mar 31, 2025 (inclusive of both dates)": ("2025-01-01", "2025-04-01"),
    "last calendar month": ("2025-05-01", "2025-06-01"),
    "this calendar year": ("2025-01-01", "2026-01-01"),
}


def bounds(phrase: str) -> tuple[str | None, str | None] | None:
    """The days at which a phrase's period begins and ends; None when not all of its words are one."""
    sentence = tokens(phrase)
    period = period_at(sentence, 0)
    return (_day(period.start), _day(period.end)) if period and period.length == len(sentence) else None


def _day(point: TimePoint | None) -> str | None:
    time = moment(point, CLOCK) if point else None
    return time.isoformat().removesuffix("T00:00:00") if time else None


@pytest.mark.parametrize("phrase", PERIODS)
def test_a_phrase_of_time_means_its_period(phrase):
    assert bounds(phrase) == PERIODS[phrase]


@pytest.mark.parametrize(
    "phrase",
    [
        "in March",
        "in March or May 2025",
        "between Dec 1 and Jan 31, 2025",
        "2 months ago",
        "on 2025-02-30",
        "from March to January 2024",
        "soon",
    ],
)
def test_what_is_no_certain_period_is_none(phrase):
    assert bounds(phrase) is None


@settings(deadline=None)
@given(st.dates(dt.date(1990, 1, 1), dt.date(2039, 12, 30)), st.integers(0, 400))
def test_a_range_of_days_ends_after_its_last_day(first, days):
    last = min(first + dt.timedelta(days), dt.date(2039, 12, 30))

    assert bounds(f"from {first} to {last}") == (str(first), str(last + dt.timedelta(1)))
