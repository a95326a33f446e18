"""What only the verb in a column's name tells, such as hires and the most viewed; what is new in a time."""

from __future__ import annotations

from functools import cache

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of
from tests.aidbt.semantic.english.small_shop import refusal, rows

_VIDEOS = "video_id title uploaded_on:d views:n likes_count:n minutes:n"


@cache
def channel() -> World:
    return made_up({"members": "member_id full_name signup_date:d", "videos": _VIDEOS})


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        ("sign-ups per month", "number of members who signed up per month"),
        ("number of sign-ups in 2024", "how many members signed up in 2024"),
        ("new sign-ups in 2024", "how many members signed up in 2024"),
        ("new members per month", "number of members who signed up per month"),
        ("how many new members were there in 2024", "how many members signed up in 2024"),
    ],
)
def test_rows_are_spoken_of_by_when_they_came(question: str, plain: str) -> None:
    assert sql_of(channel(), question) == sql_of(channel(), plain)


def test_events_that_are_listed_are_rows() -> None:
    assert "full_name" in sql_of(channel(), "list the sign-ups of 2024")


@pytest.mark.parametrize(
    "question", ["new members", "how many new members are there", "list all new members"]
)
def test_what_is_new_since_no_time_is_refused(question: str) -> None:
    with pytest.raises(Refused):
        sql_of(channel(), question)


def test_what_was_done_in_a_time_by_new_people_says_not_when_they_were_new() -> None:
    refusal("how many new customers ordered in 2024")


@pytest.mark.parametrize(
    ("question", "order"),
    [
        ("most viewed video", "ORDER BY videos.views DESC LIMIT 1"),
        ("the 3 most liked videos", "ORDER BY videos.likes_count DESC LIMIT 3"),
        ("top 5 most viewed videos", "ORDER BY videos.views DESC LIMIT 5"),
        ("which member has been around the longest", "ORDER BY members.signup_date ASC LIMIT 1"),
        ("who has been with us the longest", "ORDER BY members.signup_date ASC LIMIT 1"),
    ],
)
def test_the_most_is_told_by_what_a_column_counts(question: str, order: str) -> None:
    assert order in sql_of(channel(), question)


@pytest.mark.parametrize("question", ["most watched video", "most shared video"])
def test_the_most_of_what_no_column_counts_is_refused(question: str) -> None:
    with pytest.raises(Refused):
        sql_of(channel(), question)


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        ("customers who do not have a single order", "customers without orders"),
        (
            "number of orders per status, cancelled orders excluded",
            "number of orders per status, not cancelled",
        ),
        ("highest number of orders of a single customer", "highest number of orders per customer"),
        ("total freight of those orders per status", "total freight of orders per status"),
        ("customers who are no longer active", "customers who are not active"),
        ("list the cities of the customers without duplicates", "list the distinct cities of the customers"),
        (
            "orders that were ordered in 2024 worth more than 5 freight",
            "orders of 2024 with more than 5 freight",
        ),
    ],
)
def test_common_turns_say_what_plainer_ones_do(question: str, plain: str) -> None:
    assert sorted(rows(question)) == sorted(rows(plain))


@pytest.mark.parametrize("question", ["customers with a single order", "orders excluded", "them"])
def test_turns_that_stand_for_something_unsaid_are_refused(question: str) -> None:
    refusal(question)


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("number of beans per roast category", "GROUP BY beans.roast_type"),
        ("number of beans per origin category", "GROUP BY beans.origin"),
        ("average caffeine content", "AVG(beans.caffeine)"),
        ("total weight per roast kind", "SUM(beans.weightg)"),
        ("how many visitors hold a gold membership", "visitors.membership_class = 'gold'"),
        ("total number of sacks", "SUM(beans.sackcount)"),
    ],
)
def test_names_are_met_in_other_words(question: str, part: str) -> None:
    beans = "bean_id name roast_type origin caffeine:n weightg:n sackcount:n"
    world = made_up(
        {"beans": beans, "visitors": "visitor_id full_name membership_class"},
        {("visitors", "membership_class"): ["gold", "silver"]},
    )

    assert part in sql_of(world, question)
