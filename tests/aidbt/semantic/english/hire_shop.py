"""A small tool hire in DuckDB: rows that last, are due, and have several times each."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from tests.aidbt.semantic.english.with_rows import Database, database

ROWS = """
create table clients(client_id integer primary key, name varchar, birth_date date, joined_on date);
insert into clients values
    (1, 'Ana', date '1980-05-01', date '2023-01-10'), (2, 'Ben', date '2006-02-01', date '2023-06-20'),
    (3, 'Cid', date '1999-12-31', date '2024-03-03'), (4, 'Dot', date '2008-07-07', date '2025-01-01');
create table rentals(rental_id integer primary key, client_id integer references clients(client_id),
    tool varchar, kind varchar, requested_at timestamp, handed_out_at timestamp, due_on date,
    returned_on date, price decimal(8, 2));
insert into rentals values
    (10, 1, 'Drill', 'power', timestamp '2023-01-12 09:00:00', timestamp '2023-01-12 12:00:00',
        date '2023-01-20', date '2023-01-15', 20.00),
    (11, 1, 'Saw', 'power', timestamp '2024-02-01 08:00:00', timestamp '2024-02-01 09:00:00',
        date '2024-02-05', date '2024-02-09', 10.00),
    (12, 2, 'Rake', 'garden', timestamp '2023-06-24 10:00:00', timestamp '2023-06-24 11:30:00',
        date '2023-07-01', date '2023-06-30', 5.00),
    (13, 3, 'Drill', 'power', timestamp '2025-06-01 10:00:00', timestamp '2025-06-02 10:00:00',
        date '2025-06-10', null, 20.00),
    (14, 3, 'Mower', 'garden', timestamp '2025-06-14 10:00:00', null, date '2025-06-20', null, 30.00);
create table fairs(fair_id integer primary key, title varchar, hall varchar, start_date date, end_date date);
insert into fairs values
    (1, 'Spring Tools', 'North', date '2025-03-01', date '2025-03-10'),
    (2, 'Garden Days', 'South', date '2025-06-10', date '2025-07-20'),
    (3, 'Old Saws', 'North', date '2024-01-31', date '2024-03-30');
create table shifts(shift_id integer primary key, hall varchar, startsat timestamp, endsat timestamp);
insert into shifts values
    (1, 'North', timestamp '2025-06-07 08:00:00', timestamp '2025-06-07 12:00:00'),
    (2, 'South', timestamp '2025-06-09 08:00:00', timestamp '2025-06-09 17:30:00'),
    (3, 'South', timestamp '2025-06-10 08:00:00', null);
"""


@cache
def hire() -> Database:
    """The tool hire, in memory."""
    return database(ROWS)


def hired(question: str, instructions: str = "") -> list[tuple[Any, ...]]:
    """The answer to a question, in its own order."""
    return hire().answer(question, instructions)


def not_hired(question: str) -> Refused:
    """How a question is refused."""
    with pytest.raises(Refused) as caught:
        hired(question)
    return caught.value
