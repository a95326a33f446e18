"""Rows that a table took before a mend, beside what stands built aside."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import sqlglot

from aidbt.healing.proof.taken import Built, taken_wrong
from aidbt.healing.proof.unfiltered import unfiltered
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node
from aidbt.warehouse import Warehouse, open_warehouse
from aidbt.warehouse.duckdb import DuckDBWarehouse
from tests.kit import PASSWORD, USER, ServerMissing, postgres_server

STG, FACTS = "model.shop.stg", "model.shop.facts"
PER_ORDER = "select id, ts, amount from {stg} where id > (select max(id) from {facts})"
PER_DAY = (
    "select ts::date as day, sum(amount) as amount from {stg}"
    " where ts::date >= (select max(day) from {facts}) group by 1"
)


def manifest(
    place: str, query: str = "", key: str = "id", kind: str = "incremental", adapter_type: str = "duckdb"
) -> Manifest:
    kind_of = "snapshot" if kind == "snapshot" else "model"
    code = query.format(stg=f"{place}.stg", facts=f"{place}.facts")
    raw = {"compiled_code": code, "fqn": ["shop", "facts"]}
    config = {"materialized": kind, "unique_key": key}
    facts = Node(FACTS, kind_of, "facts", "", depends_on=(STG,), schema=place, config=config, raw=raw)
    # Of another text where the mend edited it.
    stg = Node(STG, "model", "stg", "", schema=place, config={"materialized": "view"}, checksum=place)
    metadata = ArtifactMetadata(12, "", "", datetime(2026, 3, 1, tzinfo=UTC), adapter_type)
    return Manifest(metadata, {STG: stg, FACTS: facts}, {})


def found(tmp_path: Path, statements: str, query: str, key: str = "id", kind: str = "incremental") -> str:
    file = tmp_path / "shop.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema home; create schema aside")
        connection.execute(statements)
    return asked(DuckDBWarehouse(file), query, key, kind)


def asked(warehouse: Warehouse, query: str, key: str = "id", kind: str = "incremental") -> str:
    aside = manifest("aside", query, key, kind, warehouse.dialect)
    built = Built(warehouse, aside, warehouse.relations(), 10**9)
    return taken_wrong(FACTS, manifest("home", key=key, kind=kind), built)


ORDERS = """
create table raw as select i as id, timestamp '2026-03-01' + to_days(i // 10) as ts, i * 1.5::decimal(9, 2)
    as amount from range(30) as r(i);
"""


@pytest.mark.parametrize("kind", ["incremental", "snapshot"])
def test_what_never_came_there_is_right(tmp_path: Path, kind: str):
    """A bad row that staging's readers lose anyway."""
    statements = ORDERS + (
        "create view home.stg as from raw; create view aside.stg as from raw;"
        "create table aside.facts as select id, ts, amount + 1 as amount from raw"
    )
    assert found(tmp_path, statements, PER_ORDER, kind=kind) == ""


def test_a_snapshot_whose_rows_are_otherwise_is_not(tmp_path: Path):
    statements = ORDERS + (
        "create view home.stg as from raw; create view aside.stg as from raw where id <> 29;"
        "create table aside.facts as from raw"
    )
    assert "reads is otherwise" in found(tmp_path, statements, PER_ORDER, kind="snapshot")


@pytest.mark.parametrize(("later", "is_right"), [("0 days", True), ("1 day", False)])
def test_of_a_column_in_another_type_the_values_are_compared(tmp_path: Path, later: str, is_right: bool):
    """Rows are chosen by id alone; amounts of before may be others than they are now."""
    statements = ORDERS + (
        "create view home.stg as select * replace (strftime(ts, '%Y-%m-%dT%H:%M:%S') as ts) from raw;"
        "create view aside.stg as from raw;"
        f"create table aside.facts as select id, ts + if(id = 29, interval {later}, interval 0 days) as ts,"
        " case when id = 3 then 0 else amount end::decimal(9, 2) as amount from raw"
    )
    assert (found(tmp_path, statements, PER_ORDER) == "") is is_right


def test_a_column_that_decides_which_rows_are_taken_is_not_enough(tmp_path: Path):
    statements = ORDERS + (
        "create view home.stg as select * replace (ts::varchar as ts) from raw;"
        "create view aside.stg as from raw;"
        "create table aside.facts as select id, ts,"
        " case when id = 3 then 0 else amount end::decimal(9, 2) as amount from raw"
    )
    by_time = "select id, ts, amount from {stg} where ts > (select max(ts) from {facts})"
    assert found(tmp_path, statements, by_time) != ""


BAD = "select ts::date as day, sum(amount) as amount from"


@pytest.mark.parametrize(
    ("facts", "is_right"),
    [
        # The run aside read the newest day again, so the row that was set aside is not in it any more.
        (f"{BAD} aside.stg group by 1", True),
        (f"{BAD} home.stg group by 1", False),
        # A day of bad rows alone.
        (f"{BAD} aside.stg group by 1 union all select date '2030-01-01', 0", False),
        # A day that the mended code gives, and the table lacks.
        (f"{BAD} aside.stg where id < 20 group by 1", False),
    ],
)
def test_rows_set_aside_are_out_where_the_table_is_what_its_query_gives_from_nothing(
    tmp_path: Path, facts: str, is_right: bool
):
    statements = ORDERS + (
        "create view home.stg as from raw; create view aside.stg as from raw where id <> 29;"
        f"create table aside.facts as {facts}"
    )
    assert (found(tmp_path, statements, PER_DAY, key="day") == "") is is_right


def test_what_was_not_built_aside_is_not_right(tmp_path: Path):
    statements = ORDERS + "create view home.stg as from raw; create view aside.stg as from raw"
    assert found(tmp_path, statements, PER_ORDER) == "it was not built aside"


ON_SERVER = """
create schema home; create schema aside; create type mood as enum ('good', 'bad');
create table raw as select i as id, timestamp '2026-03-01' + (i / 10) * interval '1 day' as ts,
    (i * 1.5)::numeric(9, 2) as amount, 'good'::mood as mood, 'x'::varchar(20) as note
    from generate_series(0, 29) as r(i);
create view home.stg as select id, ts::text as ts, amount, mood, note from raw;
create view aside.stg as select * from raw;
create table aside.facts as select id, ts, case when id = 3 then 0 else amount end::numeric(9, 2) as amount,
    mood, note from raw;
"""


@pytest.mark.long
def test_on_postgresql_too():
    query = "select id, ts, amount, mood, note from {stg} where id > (select max(id) from {facts})"
    try:
        with postgres_server() as server:
            server.create_database("taken")
            server.psql(ON_SERVER, "taken")
            target = {
                "type": "postgres", "host": "127.0.0.1", "port": server.port, "user": USER,
                "password": PASSWORD, "dbname": "taken", "schema": "aside",
            }  # fmt: skip
            warehouse = open_warehouse("postgres", schema="aside", settings=target)
            assert asked(warehouse, query) == ""
            server.psql("update aside.facts set ts = ts + interval '1 day' where id = 29", "taken")
            assert asked(warehouse, query) != ""
            server.psql("drop table aside.facts; create table aside.facts as select * from raw", "taken")
            by_time = query.replace("id > (select max(id)", "ts > (select max(ts)")
            assert asked(warehouse, by_time) == ""  # row for row what its query gives
    except ServerMissing as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("with n as (select max(ts) as m from own) select a from p where ts > (select m from n)", "FROM p"),
        ("with o as (select * from p where ts > (select max(ts) from own)) select a from o", "FROM o"),
        ("select a from (select * from p where (b and ts > (select max(ts) from own))) as s", "WHERE b"),
        ("select a from p where a not in (select a from own) and b union all select a from q", "WHERE b"),
        ("select a from p left join own using (a)", None),
        ("select p.a from p, (select max(ts) as m from own) as n where p.ts > n.m", None),
        ("select a, (select max(ts) from own) as m from p", None),
        ("select a from p qualify a > (select max(a) from own)", None),
    ],
)
def test_a_query_loses_its_conditions_about_itself(query: str, left: str | None):
    found = unfiltered(query, lambda table: table.name == "own", "duckdb")

    assert (found is None) is (left is None)
    if found is not None and left is not None:
        assert left in found.sql("duckdb")
        body = sqlglot.parse_one(found.sql("duckdb"))
        body.set("with_", None)
        assert "own" not in body.sql()
