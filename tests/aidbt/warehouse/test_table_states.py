from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from aidbt.core.schema import Relation
from aidbt.core.table_state import TableState
from aidbt.warehouse.duckdb import DuckDBConnection, DuckDBWarehouse
from aidbt.warehouse.rows import rows_of
from aidbt.warehouse.table_states import keyed_rows, measured_table

MADE = """
create table people as
select i as id, 'p' || i || '@mail.example' as mail, ['de', 'fr'][1 + i % 2] as country,
    case when i % 4 = 0 then null else i * 1.5 end as score, [i] as tags, date '2026-01-01' + i::int as born
from range(1000) t(i)
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as database:
        database.execute(MADE)
    return DuckDBWarehouse(tmp_path / "w.duckdb")


@pytest.fixture
def connection(warehouse: DuckDBWarehouse) -> Iterator[DuckDBConnection]:
    with warehouse.connect() as opened:
        yield opened


@pytest.fixture
def people(warehouse: DuckDBWarehouse) -> Relation:
    return next(relation for relation in warehouse.relations() if relation.name == "people")


def measured(connection: DuckDBConnection, relation: Relation, **more: object) -> TableState:
    return measured_table(connection, relation, **more)  # type: ignore[arg-type]


def test_counts_are_exact_and_ends_are_kept_of_numbers_and_times_only(
    connection: DuckDBConnection, people: Relation
):
    found = measured(connection, people)
    score, mail, born = (found.column(name) for name in ("score", "mail", "born"))

    assert found.rows == 1000
    assert score is not None and (score.nulls, score.minimum, score.maximum) == (250, "1.5", "1498.5")
    assert born is not None and born.maximum == "2028-09-26"
    assert mail is not None and (mail.minimum, mail.maximum) == (None, None)


def test_no_value_of_a_text_is_kept(connection: DuckDBConnection, people: Relation):
    assert "mail.example" not in repr(measured(connection, people))


def test_the_key_is_found_by_its_values_and_some_rows_are_kept_as_hashes(
    connection: DuckDBConnection, people: Relation
):
    found = measured(connection, people)

    assert found.keyed is not None and found.keyed.key == ("id",)
    assert 400 < len(found.keyed.values) < 650
    assert found.keyed.columns == ("id", "mail", "country", "score", "tags", "born")
    assert len(set(found.keyed.column("country").values())) == 2


def test_the_same_rows_are_read_again_by_the_same_bound(connection: DuckDBConnection, people: Relation):
    first = measured(connection, people, mask=12345)
    assert first.keyed is not None

    again = keyed_rows(rows_of(connection, people), ["id"], bound=first.keyed.bound, mask=12345)
    unmasked = keyed_rows(rows_of(connection, people), ["id"], bound=first.keyed.bound)

    assert again.values == first.keyed.values
    assert not set(unmasked.values) & set(again.values)


def test_a_declared_key_comes_first_and_one_that_repeats_is_none(
    connection: DuckDBConnection, people: Relation
):
    by_mail, by_country = (measured(connection, people, keys=[name]) for name in ("mail", "country"))

    assert by_mail.keyed is not None and by_mail.keyed.key == ("mail",)
    assert by_country.keyed is not None and by_country.keyed.key == ("id",)


def test_an_empty_table_has_no_key(tmp_path: Path):
    with duckdb.connect(str(tmp_path / "e.duckdb")) as database:
        database.execute("create table nothing (id integer, mail varchar)")
    warehouse = DuckDBWarehouse(tmp_path / "e.duckdb")
    with warehouse.connect() as connection:
        found = measured_table(connection, warehouse.relations()[0])

    assert (found.rows, found.keyed, [column.nulls for column in found.columns]) == (0, None, [0, 0])


def test_several_columns_are_the_key_where_no_single_one_is(tmp_path: Path):
    with duckdb.connect(str(tmp_path / "s.duckdb")) as database:
        database.execute(
            "create table stock as select 'sku' || (i % 40) as sku, ['a', 'b'][1 + (i // 40) % 2] as place,"
            " date '2026-01-01' + (i // 80)::int as as_of, i % 7 as on_hand from range(240) t(i)"
        )
    warehouse = DuckDBWarehouse(tmp_path / "s.duckdb")
    with warehouse.connect() as connection:
        found = measured_table(connection, warehouse.relations()[0])

    assert found.keyed is not None
    assert found.keyed.key == ("sku", "place", "as_of")
    assert len(found.keyed.values) == 240


def test_rows_are_kept_with_their_documents_and_lists(connection: DuckDBConnection, people: Relation):
    kept = measured(connection, people, keys=["id"]).keyed

    assert kept is not None and len(set(kept.column("tags").values())) == len(kept.values) > 100


def test_the_id_that_a_loader_gives_each_row_is_found_behind_ids_of_others(warehouse: DuckDBWarehouse):
    with duckdb.connect(str(warehouse.path)) as database:
        database.execute(
            "create table versions as select i % 7 as id, i % 5 as owner_id, i % 3 as _dlt_load_id,"
            " 'x' || i as _dlt_id from range(40) t(i)"
        )
    versions = next(relation for relation in warehouse.relations() if relation.name == "versions")

    with warehouse.connect() as connection:
        kept = measured_table(connection, versions).keyed

    assert kept is not None and kept.key == ("_dlt_id",)


def test_a_sum_that_was_made_again_is_the_same_number(tmp_path: Path):
    sums = {
        "first": "0.1::double + 0.2::double", "again": "0.3::double", "other": "0.3000001::double",
        "id": "4100000000000001::double", "next": "4100000000000002::double",
    }  # fmt: skip
    with duckdb.connect(str(tmp_path / "d.duckdb")) as database:
        for name, total in sums.items():
            database.execute(
                f"create table {name}_ as select 1 as id, {total} as total, 10.0::double as whole"
            )
    warehouse = DuckDBWarehouse(tmp_path / "d.duckdb")
    with warehouse.connect() as connection:
        found = {
            relation.name: keyed_rows(rows_of(connection, relation), ["id"], bound=2**64 - 1).values
            for relation in warehouse.relations()
        }

    assert found["first_"] == found["again_"] != found["other_"]
    assert found["id_"] != found["next_"]
