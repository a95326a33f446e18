"""Sketches, keys of several columns and the guess at personal data, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from aidbt.core.schema import Relation, TableProfile
from aidbt.warehouse.adapter import AdapterConnection, AdapterWarehouse
from aidbt.warehouse.inclusion import containment, sketch_columns
from aidbt.warehouse.keys import is_composite_key
from tests.aidbt.warehouse.conftest import Target, open_target
from tests.kit import PostgresServer

pytestmark = pytest.mark.long

TABLES = """
create schema raw;
create table raw.people as select i * 7919::bigint as id, 'p' || i || '@example.com' as c1,
    'Person ' || i as note, (1000 + i % 50)::bigint as salary from generate_series(1, 2000) i;
create table raw.lines as select i / 3 as order_id, i % 3 as "Line No", (1 + i % 900) * 7919::bigint as who,
    case when i % 10 = 0 then -i else (1 + i % 900) * 7919::bigint end as half
    from generate_series(3, 3002) i
"""


@pytest.fixture(scope="module")
def warehouse(postgres: PostgresServer, postgres_target: Callable[..., Target]) -> AdapterWarehouse:
    postgres.create_database("evidence")
    postgres.psql(TABLES, "evidence")
    return open_target(postgres_target("evidence"))


@pytest.fixture(scope="module")
def relations(warehouse: AdapterWarehouse) -> dict[str, Relation]:
    return {relation.name: relation for relation in warehouse.relations()}


@pytest.fixture(scope="module")
def profiles(warehouse: AdapterWarehouse, relations: dict[str, Relation]) -> dict[str, TableProfile]:
    return {p.name: p for p in warehouse.profile(list(relations.values()), sample_rows=10_000)}


@pytest.fixture
def connection(warehouse: AdapterWarehouse) -> Iterator[AdapterConnection]:
    with warehouse.connect() as opened:
        yield opened


def test_sketches_estimate_what_is_contained(connection, relations, profiles):
    people, lines = relations["people"], relations["lines"]
    counts = {c.name: c.distinct_count for c in profiles["lines"].columns if c.name in ("who", "half")}

    keys = sketch_columns(connection, people, {"id": 2000})["id"]
    found = sketch_columns(connection, lines, counts)

    assert containment(found["who"], keys).share == 1
    assert containment(found["half"], keys).share == pytest.approx(0.75, abs=0.1)


def test_columns_that_are_a_key_together_are_proven(connection, relations, profiles):
    assert profiles["lines"].keys == ()
    assert profiles["lines"].composite_keys == (("order_id", "Line No"),)
    assert is_composite_key(connection, relations["lines"], ["order_id", "Line No"])


def test_personal_columns_are_known_and_keep_no_values(profiles):
    columns = {column.name: column for column in profiles["people"].columns}

    assert {name: column.pii for name, column in columns.items()} == {
        "id": "",
        "c1": "email",
        "note": "",
        "salary": "salary",
    }
    salary = columns["salary"]
    assert (salary.minimum, salary.maximum, salary.mean, salary.top_values) == (None, None, None, ())
    assert (salary.quantiles, salary.distinct_count) == ((), 50)
