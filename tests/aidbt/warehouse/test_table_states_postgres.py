"""What a table held, measured and asked for again on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aidbt.warehouse.adapter import AdapterWarehouse
from aidbt.warehouse.rows import rows_of
from aidbt.warehouse.table_states import keyed_rows, measured_table
from tests.aidbt.warehouse.conftest import Target, open_target
from tests.kit import PostgresServer

TABLES = """
create schema crm;
create table crm.people as select i as id, 'p' || i || '@mail.example' as mail,
    case when i % 4 = 0 then null else i * 1.5 end as score, '{}'::json as extra,
    timestamp '2026-01-01' + i * interval '1 hour' as loaded_at from generate_series(1, 1000) i;
create table crm.visits as select 'p' || i / 10 as person, date '2026-01-01' + i % 10 as day, i % 3 as pages
    from generate_series(0, 999) i
"""


@pytest.fixture(scope="module")
def warehouse(postgres: PostgresServer, postgres_target: Callable[..., Target]) -> AdapterWarehouse:
    postgres.create_database("states")
    postgres.psql(TABLES, "states")
    return open_target(postgres_target("states"))


@pytest.mark.long
def test_a_table_is_measured_and_its_rows_are_found_again(warehouse: AdapterWarehouse):
    people = next(relation for relation in warehouse.relations() if relation.name == "people")
    with warehouse.connect() as connection:
        found = measured_table(connection, people, mask=77)
        assert found.keyed is not None
        again = keyed_rows(rows_of(connection, people), ["id"], bound=found.keyed.bound, mask=77)
    score, loaded = found.column("score"), found.column("loaded_at")

    assert (found.rows, found.keyed.key) == (1000, ("id",))
    assert score is not None and (score.nulls, score.minimum) == (250, "1.5")
    assert loaded is not None and loaded.maximum == "2026-02-11 16:00:00"
    assert 400 < len(again.values) < 650
    assert again.values == found.keyed.values
    assert "mail.example" not in repr(found)


@pytest.mark.long
def test_rows_that_several_columns_tell_apart_are_found_again(warehouse: AdapterWarehouse):
    visits = next(relation for relation in warehouse.relations() if relation.name == "visits")
    with warehouse.connect() as connection:
        found = measured_table(connection, visits, mask=77)
        assert found.keyed is not None
        again = keyed_rows(rows_of(connection, visits), ["person", "day"], bound=found.keyed.bound, mask=77)

    assert found.keyed.key == ("person", "day")
    assert again.values == found.keyed.values and len(again.values) > 400
