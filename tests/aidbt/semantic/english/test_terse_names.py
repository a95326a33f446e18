"""A small workshop whose tables and columns are called by a few letters, as many databases are."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from tests.aidbt.semantic.english.with_rows import Database, database

ROWS = """
create table fitter(fid integer primary key, fname varchar, dept varchar, hr_rate double, sup_fid integer);
insert into fitter values (1, 'Ada', 'body', 40, null), (2, 'Bo', 'body', 30, 1), (3, 'Cy', 'paint', 20, 1),
    (4, 'Di', 'paint', 25, 3);
create table client(cid integer primary key, cname varchar, city varchar, disc double);
insert into client values (10, 'Alfa', 'Porto', 0.05), (11, 'Beta', 'Porto', 0.2), (12, 'Gamma', 'Faro', 0.1);
create table wrk_ord(wno integer primary key, cid integer, wtype varchar, shade varchar, opn_dt date,
    cls_dt date, cst double, prio varchar);
insert into wrk_ord values
    (100, 10, 'repair', 'red', date '2024-03-02', date '2024-03-04', 100, 'high'),
    (101, 10, 'repair', 'red', date '2024-03-05', date '2024-03-09', 50, 'low'),
    (102, 11, 'check', 'blue', date '2024-03-10', null, 30, 'high'),
    (103, 12, 'check', null, date '2024-04-01', date '2024-04-07', 20, 'low'),
    (104, 12, 'check', null, date '2024-04-02', date '2024-04-04', 10, 'low'),
    (105, 12, 'paint', null, date '2024-05-04', null, 90, 'low');
create table equip(eq_id integer primary key, eq_nm varchar, elec_flg boolean, insrd_flg boolean,
    buy_cst double);
insert into equip values (1, 'lift', true, true, 30), (2, 'saw', false, true, 20),
    (3, 'jack', false, false, 10);
create table worklog(wid integer primary key, wno integer, fid integer, hrs double, wk_dt date);
insert into worklog values (1, 100, 1, 2.5, date '2024-03-02'), (2, 100, 2, 4, date '2024-03-03'),
    (3, 101, 2, 1, date '2024-03-06'), (4, 103, 3, 5, date '2024-04-02'), (5, 105, 3, 1.5, date '2024-05-06');
"""


@cache
def workshop() -> Database:
    return database(ROWS)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many work orders are there?", [(6,)]),
        ("number of work orders opened in March 2024", [(3,)]),
        ("How many work orders were closed in April 2024?", [(2,)]),
        ("What is the average number of days from opening to closing?", [(3.5,)]),
        ("What is the average turnaround in days from opening to closing?", [(3.5,)]),
        ("How long does it take on average to close a work order?", [(3.5,)]),
        ("On average, how long does it take to close a work order after it is opened?", [(3.5,)]),
        ("What is the average number of days it takes to close a repair work order after it is opened?",
         [(3.0,)]),
        ("What is the total purchase cost of the equipment?", [(60.0,)]),
        ("How many work orders were opened on a Saturday or Sunday in 2024?", [(3,)]),
        ("What share of the total cost of all work orders comes from those with high priority?",
         [(130 / 300,)]),
        ("How many clients have a discount of 10% or more?", [(2,)]),
        ("How many clients have a discount above 10 percent?", [(1,)]),
        ("total hours logged", [(14.0,)]),
        ("How many pieces of equipment are electrified?", [(1,)]),
        ("How many pieces of equipment are insured?", [(2,)]),
    ],
)  # fmt: skip
def test_short_forms_are_read_as_what_they_stand_for(question: str, expected: list[tuple[Any, ...]]) -> None:
    assert workshop().answer(question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many work orders are there of each work order type? Break it down by priority too.",
         {("repair", "high", 1), ("repair", "low", 1), ("check", "high", 1), ("check", "low", 2),
          ("paint", "low", 1)}),
        ("How many work orders did each city have? Break it down by type.",
         {("Porto", "repair", 2), ("Porto", "check", 1), ("Faro", "check", 2), ("Faro", "paint", 1)}),
        ("Which fitters from the body department worked on repair work orders? I only need distinct names.",
         {("Ada",), ("Bo",)}),
        ("Which fitters logged the most hours overall? Show the top 2 names with their hours.",
         {("Cy", 3, 6.5), ("Bo", 2, 5.0)}),
        ("hours logged per department", {("body", 7.5), ("paint", 6.5)}),
        ("fitters who have a supervisor", {(2, "Bo"), (3, "Cy"), (4, "Di")}),
        ("fitters without a supervisor", {(1, "Ada")}),
        ("Return each fitter who has a supervisor together with the supervisor's name.",
         {(2, "Bo", "Ada"), (3, "Cy", "Ada"), (4, "Di", "Cy")}),
        ("Show each client and the city",
         {(10, "Alfa", "Porto"), (11, "Beta", "Porto"), (12, "Gamma", "Faro")}),
        ("List each client's name and city", {("Alfa", "Porto"), ("Beta", "Porto"), ("Gamma", "Faro")}),
        ("Show each city", {("Porto",), ("Faro",)}),
        ("Show each repair work order and its client", {(100, 10, "Alfa"), (101, 10, "Alfa")}),
        ("Show the two clients with the highest total cost, along with the cost.",
         {(10, "Alfa", 150.0), (12, "Gamma", 120.0)}),
        # Nothing is no shade.
        ("Which shades have at least 2 work orders?", {("red", 2)}),
        ("Which shades were requested in at least 2 work orders?", {("red", 2)}),
        ("What is the most common shade?", {("red", 2)}),
        ("How many work orders per shade?", {("red", 2), ("blue", 1), (None, 3)}),
    ],
)  # fmt: skip
def test_rows_are_told_by_terse_names(question: str, expected: set[tuple[Any, ...]]) -> None:
    assert set(workshop().answer(question)) == expected


@pytest.mark.parametrize(
    ("question", "definition", "expected"),
    [
        ("What is the labor cost of each department?",
         "Labor cost = hours logged x hourly rate of the fitter.", {("body", 250.0), ("paint", 130.0)}),
        ("How many VIP clients are there?",
         "VIP clients are those with a discount (disc) of 10% or more; disc is stored as a fraction.",
         {(2,)}),
        ("How many work orders are slow?",
         "A work order is slow when its cost (cst) is above 60.", {(2,)}),
    ],
)  # fmt: skip
def test_definitions_may_write_the_column_behind_its_words(
    question: str, definition: str, expected: set[tuple[Any, ...]]
) -> None:
    assert set(workshop().answer(question, definition)) == expected


@pytest.mark.parametrize(
    "question",
    [
        "Show each fitter and the client",
        "Show each department and type",
        "List each client and their work orders",
        "Show each shade and the cost of a fitter",
        "What share of the total cost is the number of work orders with high priority?",
        "clients with a cost of more than 10%",
        "How long does it take to close a work order?",
        "the cost of the two work orders",
    ],
)
def test_what_does_not_belong_together_is_refused(question: str) -> None:
    with pytest.raises(Refused):
        workshop().answer(question)
