"""On a guarded connection nothing can be changed, nothing outside be reached, and nothing runs for ever."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from aidbt.core.errors import StatementRefused, WarehouseError
from aidbt.core.schema import Column, Relation
from aidbt.warehouse.duckdb import DuckDBWarehouse
from aidbt.warehouse.validating import Answer, GuardedAdapter, GuardedDuckDB, Limits, guarded
from aidbt.warehouse.validating_adapter import guards
from aidbt.warehouse.validating_queries import duplicates_query, first_rows_query, no_rows_query
from tests.aidbt.warehouse.conftest import Target, open_target
from tests.kit import PostgresServer

QUICK = Limits(timeout_s=0.3, memory_limit="200MB")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "secret.csv").write_text("password\nhunter2\n")
    path = folder / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table orders as select i as id, i % 7 as day from range(1000) as r (i)")
        connection.execute(
            "create view outside as select * from read_csv('" + str(folder / "secret.csv") + "')"
        )
    return path


@pytest.fixture(scope="module")
def engine(file: Path) -> Iterator[GuardedDuckDB]:
    with GuardedDuckDB(file, limits=QUICK) as engine:
        yield engine


# --- DuckDB: harm ---


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_text('{folder}/secret.csv')",
        "select * from '{folder}/secret.csv'",
        "select * from glob('{folder}/*')",
        "select getenv('HOME')",
        "select * from query('select * from read_text(''{folder}/secret.csv'')')",
        "select * from file",  # a variable of the program that asks
        "drop table orders",
        "copy orders to '{folder}/stolen.csv'",
        "attach '{folder}/other.duckdb'",
        "install httpfs",
        "set enable_external_access = true",
        "reset lock_configuration",
        "select 1; drop table orders",
        "select 1) as x limit 1; drop table orders; select * from (select 1",
        "create table copied as select 1",
    ],
)
@pytest.mark.parametrize("action", ["explain", "describe", "sample"])
def test_nothing_can_be_read_from_outside_or_changed(
    engine: GuardedDuckDB, file: Path, query: str, action: str
) -> None:
    before = sorted(os.listdir(file.parent))
    query = query.format(folder=file.parent)

    answer = engine.sample(query, rows=5) if action == "sample" else getattr(engine, action)(query)

    assert answer.failure in ("refused", "unavailable")
    assert "hunter2" not in answer.message
    assert sorted(os.listdir(file.parent)) == before
    assert engine.sample("select * from orders", rows=5).row_count == 5


@pytest.mark.parametrize(
    "query", ["select * from sniff_csv('{folder}/secret.csv')", "select * from duckdb_secrets()"]
)
def test_what_opens_files_only_when_it_runs_does_not_run(
    engine: GuardedDuckDB, file: Path, query: str
) -> None:
    assert engine.sample(query.format(folder=file.parent), rows=5).failure == "unavailable"


def test_the_process_that_asks_has_nothing_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AIDBT_TEST_SECRET", "hunter2")
    with GuardedDuckDB(None) as engine:
        engine.explain("select 1")
        assert engine._worker is not None
        environment = Path(f"/proc/{engine._worker._process.pid}/environ")
        if not environment.exists():
            pytest.skip("this system does not show the environment of a process")
        assert b"hunter2" not in environment.read_bytes()


@pytest.mark.parametrize(
    "query",
    [
        "select count(*) from range(1000000000) as a, range(1000000) as b",
        "with recursive n as (select 1 as i union all select i + 1 from n) select max(i) from n",
        pytest.param(
            "select sum(length(repeat('x', (id * 4000000)::bigint))) from orders", marks=pytest.mark.long
        ),
        "select list_sum(range(1000000000 + id)) from orders",
        pytest.param(
            "select string_agg(repeat('x', 1000000 + id::integer), '') from orders", marks=pytest.mark.long
        ),
    ],
)
def test_what_does_not_end_or_grows_is_stopped_and_the_next_query_is_answered(
    engine: GuardedDuckDB, query: str
) -> None:
    started = time.monotonic()

    answer = engine.sample(query, rows=5)

    assert answer.failure in ("deadline", "memory")
    assert time.monotonic() - started < 20
    assert engine.sample("select 1 as a union all select 2", rows=5).row_count == 2


def test_a_worker_that_was_killed_is_replaced(engine: GuardedDuckDB) -> None:
    engine.explain("select 1")
    assert engine._worker is not None
    engine._worker._process.kill()

    first, second = engine.explain("select 1"), engine.explain("select 1")

    assert first.failure in ("deadline", None)
    assert second == Answer()


# --- DuckDB: answers ---


def test_a_query_is_explained_described_and_sampled(engine: GuardedDuckDB) -> None:
    query = "select id, id / 2 as half from orders -- of the shop"

    assert engine.explain(query) == Answer()
    assert engine.describe(query).columns == (Column("id", "BIGINT"), Column("half", "DOUBLE"))
    assert engine.sample(query, rows=10).row_count == 10


def test_a_refusal_says_at_which_character(engine: GuardedDuckDB) -> None:
    query = "select 'größer' as größe,\n  idd from orders"

    answer = engine.explain(query)

    assert (answer.failure, answer.offset) == ("refused", query.index("idd"))
    assert "idd" in answer.message


def test_what_a_view_reads_from_outside_makes_it_unavailable_not_wrong(engine: GuardedDuckDB) -> None:
    assert engine.sample("select * from outside", rows=5).failure == "unavailable"


def test_two_rows_with_one_key_are_found_and_nulls_are_none(engine: GuardedDuckDB) -> None:
    assert engine.duplicates("select * from orders", ["id"]).row_count == 0
    assert engine.duplicates("select * from orders", ["day"]).row_count == 1
    assert engine.duplicates("select null::integer as a from orders", ["a"]).row_count == 0


ORDERS = Relation("main", "orders", (Column("id", "BIGINT"), Column("new_column", "DECIMAL(10,2)")), "shop")
NOT_BUILT = Relation("marts", "not_built", (Column("id", "INTEGER"), Column("tags", "VARCHAR[]")), "shop")


def test_a_relation_that_is_not_built_is_stood_in_for(engine: GuardedDuckDB) -> None:
    query = 'select id, tags[1] as tag from "shop"."marts"."not_built"'

    answer = engine.describe(query, [NOT_BUILT])

    assert answer.columns == (Column("id", "INTEGER"), Column("tag", "VARCHAR"))
    assert answer.note.startswith("asked of empty tables")


def test_a_relation_that_was_built_from_older_sql_is_stood_in_for(engine: GuardedDuckDB) -> None:
    query = "select new_column from orders"

    assert engine.explain(query, [ORDERS]).failure is None
    assert engine.explain("select neither from orders", [ORDERS]).failure == "refused"


def test_no_stand_in_is_made_of_columns_whose_types_are_not_known(engine: GuardedDuckDB) -> None:
    untyped = Relation("main", "other", (Column("id"),), "shop")
    unreadable = Relation("main", "other", (Column("id", "no such type at all"),), "shop")
    unheard = Relation("main", "other", (Column("id", "geography"),), "shop")

    for relation in (untyped, unreadable, unheard):
        assert engine.explain("select id from other", [relation]).failure == "unavailable"


def test_a_file_that_is_held_leaves_stand_ins(tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)), GuardedDuckDB(path) as engine:
        assert engine.explain("select id from orders").failure == "unavailable"
        assert engine.explain("select new_column from shop.main.orders", [ORDERS]).failure is None


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with GuardedDuckDB(tmp_path / "none.duckdb") as engine:
        assert engine.explain("select 1").failure == "unavailable"
    assert os.listdir(tmp_path) == []


def test_other_files_of_the_target_can_be_read_and_nothing_else(tmp_path: Path, file: Path) -> None:
    other = tmp_path / "other.duckdb"
    with duckdb.connect(str(other)) as connection:
        connection.execute("create table t as select 1 as a")
    warehouse = DuckDBWarehouse(file)
    settings = {"attach": [{"path": str(other), "alias": "side"}], "extensions": ["json", "not_installed"]}

    with guarded(warehouse, settings) as engine:
        assert engine.sample("select * from side.main.t", rows=5).row_count == 1
        assert engine.sample("insert into side.main.t values (2)", rows=5).failure == "refused"


def test_questions_may_come_from_several_threads_one_after_the_other(file: Path) -> None:
    with GuardedDuckDB(file) as engine:
        found: list[int] = []
        for _ in range(3):
            thread = threading.Thread(
                target=lambda: found.append(engine.sample("select * from orders", rows=3).row_count)
            )
            thread.start()
            thread.join()
    assert found == [3, 3, 3]


# --- PostgreSQL ---


@pytest.fixture(scope="module")
def shop(postgres: PostgresServer, postgres_target: Callable[..., Target]) -> Iterator[GuardedAdapter]:
    postgres.create_database("guarded_shop")
    postgres.psql(
        "create schema analytics; create sequence analytics.s;"
        "create table analytics.orders as select i as id, i % 7 as day from generate_series(1, 1000) as i",
        "guarded_shop",
    )
    warehouse = open_target(postgres_target("guarded_shop"))
    with guarded(warehouse, limits=Limits(timeout_s=1)) as engine:
        yield engine


@pytest.mark.long
def test_postgres_explains_describes_and_samples(shop: GuardedAdapter) -> None:
    query = "select id, day from analytics.orders"

    assert shop.explain(query) == Answer()
    assert shop.describe(query) == Answer()
    assert shop.sample(query, rows=10).row_count == 10
    assert shop.duplicates(query, ["day"]).row_count == 1
    assert shop.duplicates(query, ["id"]).row_count == 0


@pytest.mark.parametrize(
    "query",
    [
        "with d as (delete from analytics.orders returning *) select * from d",
        "select nextval('analytics.s')",
        "select lo_creat(-1)",
        "select txid_current() from analytics.orders for update",
        "select setval('analytics.s', 100)",
    ],
)
def test_postgres_writes_nothing_whatever_gets_through(
    shop: GuardedAdapter, postgres: PostgresServer, query: str
) -> None:
    answer = shop.sample(query, rows=5)

    assert answer.failure == "refused"
    assert shop.sample("select 1", rows=1).row_count == 1
    assert (
        postgres.psql(
            "select count(*), (select last_value from analytics.s) from analytics.orders", "guarded_shop"
        )
        == "1000\t1"
    )


def test_postgres_stops_at_the_deadline(shop: GuardedAdapter) -> None:
    started = time.monotonic()

    answer = shop.sample("select pg_sleep(60)", rows=1)

    assert answer.failure == "deadline"
    assert time.monotonic() - started < 10


def test_postgres_tells_a_missing_relation_from_a_wrong_query(shop: GuardedAdapter) -> None:
    assert shop.explain("select * from analytics.not_built").failure == "unavailable"
    assert shop.explain("select idd from analytics.orders").failure == "refused"


# --- the statements for warehouses that are not here ---


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("postgres", ["begin read only", "set local statement_timeout = 5000"], ["rollback"]),
        (
            "redshift",
            ["begin read only", "set statement_timeout to 5000"],
            ["rollback", "reset statement_timeout"],
        ),
        (
            "snowflake",
            ["alter session set statement_timeout_in_seconds = 5"],
            ["alter session unset statement_timeout_in_seconds"],
        ),
        ("databricks", ["set statement_timeout = 5"], ["reset statement_timeout"]),
        ("trino", ["set session query_max_run_time = '5s'"], ["reset session query_max_run_time"]),
        ("bigquery", [], []),
    ],
)
def test_the_guards_of_each_warehouse(kind: str, before: list[str], after: list[str]) -> None:
    assert guards(kind, 5) == (before, after)


@pytest.mark.parametrize(
    ("dialect", "rows"),
    [
        ("snowflake", "SELECT * FROM (\nq\n) AS checked LIMIT 5"),
        ("bigquery", "SELECT * FROM (\nq\n) AS checked LIMIT 5"),
        ("databricks", "SELECT * FROM (\nq\n) AS checked LIMIT 5"),
        ("trino", "SELECT * FROM (\nq\n) AS checked LIMIT 5"),
        ("tsql", "SELECT TOP 5 * FROM (\nq\n) AS checked"),
        ("oracle", "SELECT * FROM (\nq\n) checked FETCH FIRST 5 ROWS ONLY"),
    ],
)
def test_the_first_rows_in_each_dialect(dialect: str, rows: str) -> None:
    assert first_rows_query("q", 5, dialect) == rows


def test_no_rows_and_doubles_in_the_dialects_quotes() -> None:
    assert no_rows_query("q", "bigquery") == "SELECT * FROM (\nq\n) AS checked WHERE 1 = 0 LIMIT 0"
    assert duplicates_query("q", ["a b", "c"], "bigquery") == (
        "SELECT 1 AS is_twice FROM (\nq\n) AS checked WHERE NOT `a b` IS NULL AND NOT `c` IS NULL "
        "GROUP BY `a b`, `c` HAVING COUNT(*) > 1 LIMIT 1"
    )


class Refusing:
    """A connection that refuses one statement."""

    dialect = "snowflake"

    def __init__(self, error: WarehouseError) -> None:
        self.error = error
        self.ran: list[str] = []

    def rows(self, sql: str, parameters: object = ()) -> list[tuple[object, ...]]:
        self.ran.append(sql)
        if sql.startswith(("explain", "SELECT")):
            raise self.error
        return []


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (StatementRefused("snowflake refused: SQL compilation error: invalid identifier 'X'"), "refused"),
        (StatementRefused("the warehouse gave up: statement timeout"), "deadline"),
        (StatementRefused("this user may not do that: permission denied"), "unavailable"),
        (StatementRefused("trino refused: Table 'a.b.c' not found"), "unavailable"),
        (WarehouseError("the warehouse cannot be reached: timed out"), "unavailable"),
    ],
)
def test_what_a_warehouse_says_and_the_guards_are_taken_off_all_the_same(
    error: WarehouseError, failure: str
) -> None:
    connection = Refusing(error)

    answer = GuardedAdapter(connection, "snowflake").explain("select 1")

    assert answer.failure == failure
    assert connection.ran[-1] == "alter session unset statement_timeout_in_seconds"


def test_bigquery_has_no_explain_and_is_not_asked() -> None:
    connection = Refusing(WarehouseError("never"))

    assert GuardedAdapter(connection, "bigquery").explain("select 1").failure == "unavailable"
    assert connection.ran == []
