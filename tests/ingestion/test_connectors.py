"""What every connector does, run over all of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.connectors import CONNECTORS
from ingestion.settings import connector_from

ROWS = [("1", "Åse", None), ("2", "", "b"), ("3", 'quote " and, comma', "line\nbreak")]


class Files:
    """A folder of files, one per table."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.folder, self.kind = folder, kind

    def table(self, name: str, columns: list[str], rows: list[tuple[str | None, ...]]) -> None:
        path = self.folder / f"{name}.{self.kind}"
        if self.kind == "parquet":
            arrays = [pa.array([row[i] for row in rows], pa.string()) for i in range(len(columns))]
            pq.write_table(pa.Table.from_arrays(arrays, names=columns), path)
            return
        if self.kind == "json":
            records = [json.dumps(dict(zip(columns, row, strict=True))) for row in rows]
            path.write_text("".join(f"{record}\n" for record in records))
            return
        lines = [",".join(_quoted(value) for value in row) for row in [columns, *rows]]
        path.write_text("\n".join(lines) + "\n")

    def connector(self, **options: Any) -> Any:
        return connector_from(str(self.folder / f"*.{self.kind}"), "shop", root=self.folder, options=options)


class Postgres:
    """A database, one table per table."""

    def __init__(self, database: Any, kind: str) -> None:
        self.database, self.kind = database, kind

    def table(self, name: str, columns: list[str], rows: list[tuple[str | None, ...]]) -> None:
        target = _identifier(name)
        defined = ", ".join(f"{_identifier(column)} text" for column in columns)
        inserts = [f"insert into {target} values ({', '.join(map(_literal, row))})" for row in rows]
        made = [f"drop table if exists {target}", f"create table {target} ({defined})", *inserts]
        self.database.psql(";\n".join(made))

    def connector(self, **options: Any) -> Any:
        if self.kind == "postgres":
            return self.database.connector(**options)
        url = self.database.url.replace("postgresql://", "postgresql+psycopg2://")
        return connector_from(url, "shop", root=Path(), options={**options, "schema": "public"})


def _quoted(value: str | None) -> str:
    return "" if value is None else '"' + value.replace('"', '""') + '"'


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str | None) -> str:
    return "null" if value is None else "'" + value.replace("'", "''") + "'"


# Those that are read as tables; what only streams has its own tests.
TABULAR = [name for name in CONNECTORS.names() if not getattr(CONNECTORS.load(name), "only_streams", False)]


@pytest.fixture(params=TABULAR)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param in ("postgres", "sqlalchemy"):
        return Postgres(request.getfixturevalue("database"), request.param)
    folder = tmp_path / "source"
    folder.mkdir()
    return Files(folder, request.param)


def test_the_same_table_lands_the_same_from_every_connector(source, bronze):
    source.table("people", ["id", "name", "note"], ROWS)

    load = bronze.land_one(source.connector())

    assert (load.status, load.rows_read, load.rows_landed, load.rows_rejected) == ("landed", 3, 3, 0)
    assert load.reconciles
    assert bronze.rows("select id, name, note from bronze_shop.people order by id") == ROWS


def test_each_load_appends_a_complete_batch_and_the_first_stays(source, bronze):
    source.table("people", ["id", "name", "note"], ROWS)
    first = bronze.land_one(source.connector())
    source.table("people", ["id", "name", "note"], ROWS[:2])
    second = bronze.land_one(source.connector())

    per_batch = bronze.rows(
        "select _aidbt_batch_id, count(*), count(distinct _aidbt_loaded_at) from bronze_shop.people "
        "group by 1 order by 1"
    )
    assert per_batch == [(first.batch_id, 3, 1), (second.batch_id, 2, 1)]
    assert bronze.value("select max(batch_id) from bronze_shop._aidbt_loads") == second.batch_id


def test_an_empty_table_lands_as_an_empty_batch(source, bronze):
    if source.kind == "json":
        pytest.skip("without records there are no columns: see test_json_files.py")
    source.table("people", ["id", "name"], [])

    load = bronze.land_one(source.connector())

    assert (load.status, load.rows_read, load.rows_landed) == ("landed", 0, 0)
    assert bronze.rows("select id, name from bronze_shop.people") == []
    assert bronze.rows("select table_name, batch_id, rows_landed from bronze_shop._aidbt_loads") == [
        ("people", load.batch_id, 0)
    ]


def test_odd_names_land_word_for_word(source, bronze):
    columns = ["order", "two words", 'qu"ote', "ünïcode", "{{ jinja }}", "semi;colon", "back\\slash"]
    source.table("odd {{ näme }}", columns, [tuple("abcdefg")])

    load = bronze.land_one(source.connector())

    assert load.status == "landed", load.error
    assert bronze.value('select count(*) from bronze_shop."odd {{ näme }}" where "qu""ote" = \'c\'') == 1
    found = bronze.rows(
        "select column_name from duckdb_columns() where table_name like 'odd%' order by column_index"
    )
    assert [name for (name,) in found][:7] == columns


def test_columns_that_differ_only_by_case_land_under_names_of_their_own(source, bronze):
    source.table("people", ["id", "Id", "id_2", "ID"], [("1", "2", "3", "4")])

    load = bronze.land_one(source.connector())

    assert load.renamed == (("Id", "Id_3"), ("ID", "ID_4"))
    assert bronze.rows('select id, "Id_3", id_2, "ID_4" from bronze_shop.people') == [("1", "2", "3", "4")]


def test_tables_that_differ_only_by_case_land_under_names_of_their_own(source, bronze):
    source.table("People", ["id"], [("upper",)])
    source.table("people", ["id"], [("lower",)])

    report = bronze.land(source.connector())

    landed = {load.table: load.bronze_table for load in report.landed}
    assert landed == {"People": "People", "people": "people_2"}
    assert bronze.value("select id from bronze_shop.people_2") == "lower"
    assert bronze.land(source.connector(), tables=["people"]).tables[0].bronze_table == "people_2"


def test_a_column_that_is_named_like_ours_is_refused(source, bronze):
    source.table("people", ["id", "_AIDBT_batch_id"], [("1", "2")])

    load = bronze.land_one(source.connector())

    assert load.status == "failed"
    assert "names that begin with _aidbt_" in load.error
    assert bronze.rows("select * from bronze_shop._aidbt_loads") == []


def test_a_table_whose_columns_changed_is_followed(source, bronze):
    source.table("people", ["id", "name"], [("1", "Ann")])
    bronze.land(source.connector())
    source.table("people", ["id", "nickname"], [("2", "Bo")])

    load = bronze.land_one(source.connector())

    assert load.schema_changes == (
        "added nickname (VARCHAR)",
        "no longer sent: name (VARCHAR), NULL from now on",
        "maybe renamed: name → nickname",
    )
    assert bronze.rows("select id, name, nickname from bronze_shop.people order by id") == [
        ("1", "Ann", None),
        ("2", None, "Bo"),
    ]


def test_columns_in_another_order_land_by_name(source, bronze):
    source.table("people", ["id", "name"], [("1", "Ann")])
    bronze.land(source.connector())
    source.table("people", ["name", "id"], [("Bob", "2")])

    assert bronze.land_one(source.connector()).status == "landed"
    assert bronze.rows("select id, name from bronze_shop.people order by id") == [("1", "Ann"), ("2", "Bob")]


def test_tables_are_chosen_by_name_and_pattern(source, bronze):
    for name in ("orders", "order_items", "people"):
        source.table(name, ["id"], [("1",)])

    report = bronze.land(source.connector(tables=["order*"]))
    assert [load.table for load in report.tables] == ["order_items", "orders"]

    report = bronze.land(source.connector(tables=["order*"]), tables=["orders"])
    assert [load.table for load in report.tables] == ["orders"]


def test_a_table_that_does_not_exist_is_named_with_the_nearest(source, bronze):
    source.table("orders", ["id"], [("1",)])

    (failure,) = bronze.land(source.connector(tables=["order"])).failures
    assert (failure.error, failure.hint) == ("the source has no table 'order'", "did you mean 'orders'?")
