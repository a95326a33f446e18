"""A small shop with its staff in DuckDB, without a project: what English questions are read over in tests."""

from __future__ import annotations

from functools import cache
from typing import Any

import duckdb
import pytest

from aidbt.semantic.english.grounding.lexicon import Lexicon
from aidbt.semantic.english.queries.assemble import Refused
from aidbt.semantic.english.reading import Reading, read
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import Clock, SemanticQuery
from tests.aidbt.semantic.english.with_rows import CLOCK, Database, database

ROWS = """
create table departments(department_id integer primary key, name varchar, location varchar, budget integer);
insert into departments values
    (1, 'Sales', 'Lisbon', 90000), (2, 'Finance', 'Berlin', 50000), (3, 'Legal', 'Berlin', 20000);
create table employees(employee_id integer primary key, name varchar, title varchar, salary integer,
    hired_on date, left_on date, is_remote boolean, manager_id integer references employees(employee_id),
    department_id integer references departments(department_id));
-- One at a time, for DuckDB checks a manager against the rows that were there before.
insert into employees values (1, 'Ada', 'Director', 900, date '2015-03-01', null, false, null, 1);
insert into employees values (2, 'Bo', 'Clerk', 400, date '2023-02-10', null, true, 1, 1);
insert into employees values (3, 'Cy', 'Analyst', 600, date '2024-09-15', null, true, 1, 2);
insert into employees values (4, 'Di', 'Clerk', 450, date '2025-05-20', date '2025-06-01', false, 3, 2);
insert into employees values (5, 'Ed', 'Clerk', 300, date '2022-01-05', null, false, 3, null);
create table customers(customer_id integer primary key, name varchar, city varchar, country varchar,
    segment varchar, signed_up_at date, is_active boolean);
insert into customers values
    (10, 'Alfa', 'Porto', 'Portugal', 'retail', date '2023-11-02', true),
    (11, 'Beta', 'Berlin', 'Germany', 'retail', date '2024-01-20', true),
    (12, 'Gamma', 'Munich', 'Germany', 'wholesale', date '2024-05-05', false),
    (13, 'Delta', 'Berlin', 'Germany', 'wholesale', date '2025-06-02', true);
create table categories(category_id integer primary key, name varchar);
insert into categories values (1, 'Drinks'), (2, 'Snacks'), (3, 'Toys');
create table products(product_id integer primary key, name varchar, category_id integer
    references categories(category_id), price decimal(8, 2), stock integer, reorder_level integer,
    discontinued boolean);
insert into products values
    (100, 'Green Tea', 1, 4.50, 20, 5, false), (101, 'Cola', 1, 1.50, 3, 5, false),
    (102, 'Crisps', 2, 2.00, 0, 10, true), (103, 'Nut Bar', 2, 3.00, 50, 10, false),
    (104, 'Chess Set', 3, 25.00, 2, 1, false);
create table orders(order_id integer primary key, customer_id integer references customers(customer_id),
    employee_id integer references employees(employee_id), status varchar, ordered_on date,
    required_on date, shipped_on date, freight decimal(8, 2));
insert into orders values
    (1000, 10, 2, 'delivered', date '2024-02-03', date '2024-02-10', date '2024-02-08', 5.00),
    (1001, 10, 2, 'delivered', date '2024-11-29', date '2024-12-03', date '2024-12-09', 7.50),
    (1002, 11, 1, 'returned', date '2024-12-24', date '2025-01-02', date '2025-01-02', 4.00),
    (1003, 11, 2, 'delivered', date '2025-03-14', date '2025-03-20', date '2025-03-16', 12.00),
    (1004, 12, 5, 'cancelled', date '2025-05-30', date '2025-06-10', null, 3.00),
    (1005, 10, 1, 'open', date '2025-06-07', date '2025-06-20', null, 9.00),
    (1006, 11, 2, 'open', date '2025-06-14', date '2025-06-21', null, 6.00);
create table order_items(order_id integer references orders(order_id),
    product_id integer references products(product_id), quantity integer, unit_price decimal(8, 2),
    primary key (order_id, product_id));
insert into order_items values
    (1000, 100, 2, 4.50), (1000, 103, 1, 3.00), (1001, 101, 6, 1.50), (1002, 104, 1, 25.00),
    (1003, 100, 10, 4.00), (1003, 102, 3, 2.00), (1004, 104, 2, 25.00), (1005, 101, 4, 1.50),
    (1006, 103, 5, 3.00);
create table reviews(review_id integer primary key, product_id integer references products(product_id),
    customer_id integer references customers(customer_id), rating integer, comment varchar,
    written_at timestamp);
insert into reviews values
    (1, 100, 10, 5, 'Lovely tea', timestamp '2024-03-01 10:00:00'),
    (2, 100, 11, 3, null, timestamp '2025-04-01 21:15:00'),
    (3, 104, 11, 2, 'Pieces missing', timestamp '2025-01-12 08:30:00');
"""


@cache
def shop() -> Database:
    """The shop in memory; nobody looked at what its comments are."""
    return database(ROWS, unread={"comment"})


def connection() -> duckdb.DuckDBPyConnection:
    """The shop's rows, in memory."""
    return shop().connection


def world() -> tuple[Graph, Lexicon]:
    """What the shop's names, constraints and values show of it."""
    return shop().graph, shop().lexicon


def reading(question: str, *, clock: Clock = CLOCK) -> Reading:
    """What a question is understood as."""
    graph, words = world()
    return read(question, graph, words, clock)


def ask(question: str) -> SemanticQuery:
    """The query that a question is read as, without the clock."""
    return reading(question).query


def rows(question: str) -> list[tuple[Any, ...]]:
    """The answer to a question, in its own order."""
    return shop().answer(question)


def values(question: str) -> set[Any]:
    """The last column of an answer, which is all that tells one row from another when few are asked for."""
    return {row[-1] for row in rows(question)}


def refusal(question: str) -> Refused:
    """How a question is refused."""
    with pytest.raises(Refused) as caught:
        ask(question)
    return caught.value
