"""DuckDB files: what is in them, who holds them, and that they are never held longer than needed."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from aidbt.core.errors import StoreBusy, WarehouseError, WarehouseLocked
from aidbt.core.schema import Column, Relation
from aidbt.warehouse import WAREHOUSES, open_warehouse
from aidbt.warehouse.duckdb import DuckDBWarehouse


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.duckdb"


def make(path: Path, *statements: str) -> DuckDBWarehouse:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    return DuckDBWarehouse(path)


@contextlib.contextmanager
def held_by_another_process(path: Path, *, read_only: bool = False) -> Iterator[subprocess.Popen[str]]:
    """Inside, another process has the file open."""
    code = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == 'True');"
        "print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path), str(read_only)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
        process.communicate()


# --- what is in it ------------------------------------------------------------------------------------


def test_tables_and_views_are_listed_with_their_columns_and_comments(path: Path):
    warehouse = make(
        path,
        "create schema raw_crm",
        "create table raw_crm.orders (id bigint not null, amount decimal(18,3), tags varchar[])",
        "insert into raw_crm.orders values (1, 2.5, []), (2, null, null)",
        "comment on table raw_crm.orders is 'All orders'",
        "comment on column raw_crm.orders.amount is 'In €'",
        "create view raw_crm.big as select id from raw_crm.orders where amount > 100",
        "comment on view raw_crm.big is 'The big ones'",
        "create table main.a as select 1 as x",
    )

    assert warehouse.relations() == [
        Relation("main", "a", (Column("x", "INTEGER"),), "shop", "table", "", 1),
        Relation("raw_crm", "big", (Column("id", "BIGINT"),), "shop", "view", "The big ones", None),
        Relation(
            "raw_crm",
            "orders",
            (
                Column("id", "BIGINT", nullable=False),
                Column("amount", "DECIMAL(18,3)", description="In €"),
                Column("tags", "VARCHAR[]"),
            ),
            "shop",
            "table",
            "All orders",
            2,
        ),
    ]


def test_names_come_back_exactly_as_they_are_stored(path: Path):
    names = [
        "Mixed Case",
        'quo"te',
        "größe 夏",
        "order",
        "{{ x }}",
        "semi;colon",
        "new\nline",
        "a.b",
        "%s",
        "'",
    ]
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    columns = ", ".join(f"{name} int" for name in quoted)
    warehouse = make(
        path,
        *(f"create schema if not exists {name}" for name in quoted),
        *(f"create table {name}.{name} ({columns})" for name in quoted),
    )

    found = warehouse.relations()

    assert sorted((r.schema, r.name) for r in found) == sorted((name, name) for name in names)
    assert all(relation.column_names == names for relation in found)


def test_an_empty_database_has_no_relations(path: Path):
    assert make(path).relations() == []


def test_temporary_tables_and_system_schemas_are_left_out(path: Path):
    warehouse = make(path, "create temp table t (x int)", "create table kept (x int)")

    assert [str(relation) for relation in warehouse.relations()] == ["main.kept"]


def test_a_view_that_no_longer_works_does_not_stop_the_listing(path: Path):
    warehouse = make(
        path,
        "create table base as select 1 as x",
        "create view broken as select x from base",
        "create table other (y int)",
        "drop table base",
    )

    assert [str(relation) for relation in warehouse.relations()] == ["main.broken", "main.other"]


def test_every_type_has_duckdbs_own_words(path: Path):
    types = [
        "HUGEINT", "UBIGINT", "FLOAT", "DOUBLE", "DECIMAL(38,10)", "VARCHAR", "BLOB", "BIT", "UUID", "DATE",
        "TIME", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NS", "INTERVAL", "BOOLEAN", "JSON",
        "INTEGER[]", "INTEGER[3]", "STRUCT(a INTEGER, b VARCHAR[])", "MAP(VARCHAR, INTEGER)",
        "UNION(n INTEGER, s VARCHAR)", "ENUM('a', 'b (c)')",
    ]  # fmt: skip
    warehouse = make(
        path, f"create table t ({', '.join(f'c{number} {type_}' for number, type_ in enumerate(types))})"
    )

    [relation] = warehouse.relations()
    assert [column.data_type for column in relation.columns] == types


def test_2000_columns_are_in_the_order_of_the_table(path: Path):
    names = [f"c{number}" for number in reversed(range(2000))]
    warehouse = make(path, f"create table wide ({', '.join(f'{name} int' for name in names)})")

    [relation] = warehouse.relations()
    assert relation.column_names == names


# --- connections --------------------------------------------------------------------------------------


def test_rows_are_read_with_parameters(path: Path):
    with make(path, "create table t as select range as x from range(5)").connect() as connection:
        assert connection.rows("select x from t where x > ? order by x", [2]) == [(3,), (4,)]
        assert connection.rows("select x from t where false") == []


def test_times_are_utc_whatever_the_machine_says(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", "America/New_York")

    with make(path).connect() as connection:
        assert connection.rows("select timestamptz '2026-03-01 12:00:00+00'::varchar") == [
            ("2026-03-01 12:00:00+00",)
        ]


def test_what_duckdb_refuses_is_our_error_in_one_line(path: Path):
    with (
        make(path).connect() as connection,
        pytest.raises(WarehouseError, match=r"DuckDB refused: .*no_such_table") as caught,
    ):
        connection.rows("select * from no_such_table")
    assert "\n" not in caught.value.message
    assert not caught.value.retryable


def test_reading_cannot_write(path: Path):
    with make(path).connect() as connection, pytest.raises(WarehouseError, match="read-only"):
        connection.rows("create table t (x int)")


def test_a_file_that_does_not_exist_is_not_made_by_reading(path: Path):
    for read in (DuckDBWarehouse(path).relations, DuckDBWarehouse(path).connect().__enter__):
        with pytest.raises(WarehouseError, match=rf"the warehouse {path} does not exist yet") as caught:
            read()
        assert "aidbt ingest run" in (caught.value.hint or "")
    assert not path.exists()


def test_writing_makes_the_file_and_its_folders(tmp_path: Path):
    path = tmp_path / "new/folder/shop.duckdb"

    with DuckDBWarehouse(path).connect(read_only=False) as connection:
        connection.rows("create table t (x int)")

    assert [relation.name for relation in DuckDBWarehouse(path).relations()] == ["t"]


@pytest.mark.parametrize("content", [b"this is no database", b"\0" * 10_000])
def test_a_file_that_is_no_database_is_named_and_kept(path: Path, content: bytes):
    path.write_bytes(content)

    for read_only in (True, False):
        with (
            pytest.raises(WarehouseError, match=f"{path} cannot be opened as a DuckDB database") as caught,
            DuckDBWarehouse(path).connect(read_only=read_only),
        ):
            pass
        assert caught.value.hint
    assert path.read_bytes() == content


def test_a_folder_is_no_database(tmp_path: Path):
    with pytest.raises(WarehouseError, match=f"{tmp_path} cannot be opened as a DuckDB database"):
        DuckDBWarehouse(tmp_path).relations()


def test_too_little_memory_names_the_setting(path: Path):
    make(path, "create table t as select range as x, random()::varchar as y from range(1_000_000)")
    warehouse = DuckDBWarehouse(path, memory_limit="10MB")

    with (
        warehouse.connect() as connection,
        pytest.raises(WarehouseError, match="DuckDB ran out of memory") as caught,
    ):
        connection.rows("set max_temp_directory_size = '0KB'")
        connection.rows("select count(*) from (select y, list(x) from t group by y)")
    assert caught.value.hint == "raise profile.memory_limit in aidbt.yml"


# --- several processes --------------------------------------------------------------------------------


@pytest.mark.parametrize("read_only", [True, False])
def test_a_file_that_another_process_writes_is_locked_by_its_number(path: Path, read_only: bool):
    warehouse = make(path)
    with (
        held_by_another_process(path) as holder,
        pytest.raises(WarehouseLocked) as caught,
        warehouse.connect(read_only=read_only),
    ):
        pass

    assert caught.value.message.startswith(f"the warehouse {path} is in use by process {holder.pid} (")
    assert "python" in caught.value.message
    assert "close it" in (caught.value.hint or "")
    assert caught.value.retryable
    assert not isinstance(caught.value, StoreBusy)


def test_many_may_read_at_once_and_none_may_write_meanwhile(path: Path):
    warehouse = make(path, "create table t (x int)")
    with held_by_another_process(path, read_only=True):
        assert len(warehouse.relations()) == 1
        with pytest.raises(WarehouseLocked), warehouse.connect(read_only=False):
            pass


def test_the_file_is_free_after_every_use(path: Path):
    warehouse = make(path, "create table t as select 1 as x")
    write = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('create or replace table u (y int)')"

    def use() -> None:
        relations = warehouse.relations()
        list(warehouse.profile(relations, sample_rows=10))
        unfinished = warehouse.profile(relations, sample_rows=10)
        next(unfinished)
        unfinished.close()
        with contextlib.suppress(ZeroDivisionError), warehouse.connect(read_only=False):
            _ = 1 / 0
        with warehouse.connect() as connection, contextlib.suppress(WarehouseError):
            connection.rows("select nonsense")

    use()

    done = subprocess.run(
        [sys.executable, "-c", write, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_lock_that_was_released_is_no_longer_in_the_way(path: Path):
    warehouse = make(path, "create table t (x int)")
    with held_by_another_process(path) as holder:
        with pytest.raises(WarehouseLocked):
            warehouse.relations()
        holder.kill()
        holder.wait()
        assert len(warehouse.relations()) == 1


# --- by kind ------------------------------------------------------------------------------------------


def test_a_warehouse_is_opened_by_the_kind_of_the_profile(path: Path):
    warehouse = open_warehouse("duckdb", path=path, schema="dev")

    assert isinstance(warehouse, DuckDBWarehouse)
    assert (warehouse.dialect, warehouse.schema) == ("duckdb", "dev")
    assert not path.exists()


@pytest.mark.parametrize("name", WAREHOUSES.names())
def test_every_warehouse_has_what_the_protocol_asks_for(name: str):
    loaded = WAREHOUSES.load(name)

    assert all(callable(getattr(loaded, method)) for method in ("connect", "relations", "profile"))
    assert loaded.dialect
