"""Tables that are put back as they were, on a real DuckDB file."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from aidbt.core.errors import WarehouseError
from aidbt.warehouse.duckdb import DuckDBWarehouse
from aidbt.warehouse.kept_tables import forget_tables, keep_tables, put_back

PLACES = [("my marts", "Or ders"), ("main", "totals"), ("main", "raised"), ("main", "new")]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shop.duckdb"
    run(
        path,
        'create schema "my marts"',
        'create table "my marts"."Or ders" (id integer primary key, "A b" decimal(12, 2) check ("A b" > 0))',
        'insert into "my marts"."Or ders" values (1, 2.5), (2, 4)',
        'create index ix on "my marts"."Or ders" ("A b")',
        'create view raised as select id, 2 * "A b" as twice from "my marts"."Or ders"',
        "create view totals as select sum(twice) as total from raised",
    )
    return path


def run(path: Path, *statements: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path)) as database:
        for statement in statements:
            database.execute(statement)
        return database.fetchall()


def kept(file: Path) -> tuple[DuckDBWarehouse, Path]:
    warehouse, place = DuckDBWarehouse(file), file.parent / "kept" / "HEAL-1.duckdb"
    keep_tables(warehouse, PLACES, place)
    return warehouse, place


def test_tables_views_and_what_was_not_there_are_put_back_with_their_constraints(file: Path):
    warehouse, place = kept(file)
    run(
        file,
        "create or replace view raised as select 0 as id, 0 as twice",
        "drop view totals",
        "create table totals as select 7 as total",
        'drop table "my marts"."Or ders"',
        'create view "my marts"."Or ders" as select 1 as x',
        "create table new as select 1 as x",
    )

    assert put_back(warehouse, place) == []

    assert run(file, "select total from totals") == [(13,)]
    assert run(file, "select table_name from information_schema.tables order by 1") == [
        ("Or ders",), ("raised",), ("totals",),
    ]  # fmt: skip
    assert run(file, "select index_name from duckdb_indexes()") == [("ix",)]
    with pytest.raises(duckdb.ConstraintException):
        run(file, 'insert into "my marts"."Or ders" values (1, 1)')


def test_the_first_state_stays_kept_however_often_it_is_asked_for(file: Path):
    warehouse, place = kept(file)
    run(file, 'delete from "my marts"."Or ders"')

    keep_tables(warehouse, PLACES, place)
    put_back(warehouse, place)

    assert run(file, "select total from totals") == [(13,)]


def test_views_that_are_written_alike_but_were_made_upon_other_columns_read_those_of_before(file: Path):
    """DuckDB before 2.0 binds a star when a view is made."""
    run(
        file,
        "create or replace table new as select 1 as id",
        "create or replace view totals as select * from new",
        "create or replace view a_first as select * from totals",
    )
    warehouse, place = DuckDBWarehouse(file), file.parent / "kept" / "HEAL-1.duckdb"
    keep_tables(warehouse, [("main", "a_first"), *PLACES], place)
    run(
        file,
        "create or replace table new as select 'x' as more, 7 as other",
        "create or replace view totals as select * from new",
        "create or replace view a_first as select * from totals",
    )

    assert put_back(warehouse, place) == []

    assert run(file, "select id from a_first") == [(1,)]


def test_a_view_that_could_not_be_read_before_is_as_before(file: Path):
    run(file, "create table raw as select 1 as mail", "create or replace view raised as select mail from raw")
    run(file, "drop table raw", "drop view totals")
    warehouse, place = kept(file)

    assert put_back(warehouse, place) == []

    assert run(file, "select view_name from duckdb_views() where not internal") == [("raised",)]


def test_a_table_written_in_other_letters_is_the_same_table(file: Path):
    run(file, "create table RAISED_TOO as select 1 as id")
    warehouse, place = DuckDBWarehouse(file), file.parent / "kept" / "HEAL-1.duckdb"
    keep_tables(warehouse, [("Main", "raised_too")], place)
    run(file, "drop table raised_too", "create table raised_too as select 7 as id")

    put_back(warehouse, place)

    assert run(file, "select id from raised_too") == [(1,)]


def test_a_view_whose_ground_is_gone_is_told(file: Path):
    run(file, "create table raw as select 1 as mail", "create or replace view raised as select mail from raw")
    warehouse, place = kept(file)
    run(
        file, "alter table raw rename mail to email", "create or replace view raised as select email from raw"
    )

    assert put_back(warehouse, place) == ["raised"]
    assert run(file, "select * from raised") == [(1,)]


def test_what_was_forgotten_cannot_be_put_back(file: Path):
    warehouse, place = kept(file)
    forget_tables(place)

    with pytest.raises(WarehouseError, match="not kept any more"):
        put_back(warehouse, place)
