"""Flags that are things, who is alive, rates of what was done, and halls with a capacity of their own."""

from __future__ import annotations

from typing import Any

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from tests.aidbt.semantic.english.with_rows import Answer, database

FEST = """
create table poet(poet_id integer primary key, name varchar, born_year integer not null, death_year integer);
insert into poet values (1, 'Ines', 1950, null), (2, 'Otto', 1890, 1960), (3, 'Pia', 1920, 2001);
create table hall(hall_id integer primary key, name varchar, capacity integer, is_outdoor boolean,
    sound_system boolean);
insert into hall values (1, 'Globe', 100, true, false), (2, 'Forum', 50, false, true),
    (3, 'Barn', 40, true, true);
create table recital(recital_id integer primary key, hall_id integer references hall(hall_id),
    poet_id integer references poet(poet_id), visitors integer, interpreter boolean, voucher_code varchar,
    filmed_on date, income integer);
insert into recital values (1, 1, 1, 60, true, null, null, 600),
    (2, 1, 2, 80, false, 'A1', date '2024-05-01', 500),
    (3, 2, 3, 50, false, null, date '2024-06-01', 700),
    (4, 2, 3, 30, true, 'B2', null, 400);
"""


@pytest.fixture(scope="module")
def fest() -> Answer:
    """The answer to a question about some recitals, in its own order; numbers to four places."""
    made = database(FEST, {("hall", "name"): ["Globe", "Forum", "Barn"]})

    def answer(question: str) -> list[tuple[Any, ...]]:
        found = made.answer(question)
        return [tuple(round(v, 4) if isinstance(v, float) else v for v in row) for row in found]

    return answer


ONE = [
    ("What is the ratio of halls with a sound system to halls without one?", 2.0),
    ("How many halls are there without sound system?", 1),
    ("What is the ratio of outdoor halls to indoor halls?", 2.0),
    ("What proportion of the recitals required an interpreter?", 0.5),
    ("What share of recitals used a voucher?", 0.5),
    ("How many living poets are there?", 1),
    ("How many poets have died?", 2),
    ("What is the ratio of living poets to dead poets?", 0.5),
    ("What is the ratio of recitals by living poets to recitals by poets who have died?", 0.3333),
    # Of all of them, and not the mean of what each recital had.
    ("What is the average income per visitor?", 10.0),
    ("For the Globe, what is the ratio of average visitors to the capacity of the hall?", 0.7),
]


@pytest.mark.parametrize(("question", "expected"), ONE)
def test_flags_and_ends_are_conditions(fest: Answer, question: str, expected: float) -> None:
    ((found,),) = fest(question)
    assert float(found) == expected


def test_a_capacity_is_that_of_each_hall(fest: Answer) -> None:
    found = fest("For each hall, what is the ratio of the number of visitors to its capacity on average?")
    assert sorted(row[1:] for row in found) == [("Forum", 0.8), ("Globe", 0.7)]


def test_a_rate_is_of_rows_of_which_something_was_done(fest: Answer) -> None:
    assert sorted(fest("filming rate by hall"))[0][1:] == ("Globe", 50.0)


@pytest.mark.parametrize(
    "question",
    [
        # Whether a hall without the people that a flag speaks of is meant, or people without it.
        "How many recitals used an elephant?",
        "What share of recitals required visitors?",
        "What is the ratio of living halls to dead halls?",
    ],
)
def test_what_is_no_flag_is_none(fest: Answer, question: str) -> None:
    with pytest.raises(Refused):
        fest(question)
