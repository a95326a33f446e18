"""The kept SQL is run by PostgreSQL, DuckDB and Spark, which also say what their types are."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest

from aidbt.core.schema import Column, Relation
from aidbt.core.types import TYPE_NAMES
from aidbt.warehouse.checks import rows_lost_by_casts
from tests.aidbt.generate.kept import Decided, compiled
from tests.kit import PostgresServer, ServerMissing, postgres_server

COLUMNS = {
    "id": "bigint", "customer_ref": "text", "quantity": "text", '"unitPrice"': "text", "weight": "text",
    "is_gift": "text", "ordered_on": "text", '"Ordered At"': "text", "shipped_at": "text", '"order"': "text",
    '"Größe"': "text", '"Gift Note"': "text", "_fivetran_deleted": "boolean", "_fivetran_synced": "timestamp",
}  # fmt: skip
ROWS = """
    (1, 'a', '3', '1.50', '0.1', 'true', '2024-02-29', '2024-02-29 10:00:00.5', '2024-02-29 10:00:00+02',
     'x', 'L', ' Hi ', false, timestamp '2024-01-01 00:00:00'),
    (1, 'b', '4', '2.25', '1e3', 'false', '2024-03-01', '2024-03-01 10:00', '2024-03-01 10:00:00Z',
     'y', 'M', null, null, timestamp '2024-01-02 00:00:00'),
    (2, 'c', '5', '0', '2', 'true', '2024-03-02', '2024-03-02 10:00', '2024-03-02 10:00:00Z',
     'z', 'S', '', false, timestamp '2024-01-01 00:00:00'),
    (2, 'c', '5', '0', '2', 'true', '2024-03-02', '2024-03-02 10:00', '2024-03-02 10:00:00Z',
     'z', 'S', '', true, timestamp '2024-01-03 00:00:00')
"""
# The last row of order 1; that of order 2 is deleted.
STAGED = (1, "b", 4, 2.25, 1000.0, False, "2024-03-01", "2024-03-01 10:00:00", "y", "M")
SELECTED = (
    'order_id, customer_ref, quantity, price, weight, is_gift, ordered_on, ordered_at, "order", "größe"'
)


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    try:
        with postgres_server() as server:
            yield server
    except ServerMissing as error:
        pytest.skip(str(error))


def setup(types: dict[str, str]) -> str:
    listed = ", ".join(f"{name} {types.get(kind, kind)}" for name, kind in COLUMNS.items())
    lines = 'create table raw_shop."order lines" (order_id bigint, "select" text, gone_at timestamp);'
    return (
        f"create schema raw_shop; create table raw_shop.orders ({listed});"
        f"insert into raw_shop.orders values {ROWS}; {lines}"
        "insert into raw_shop.\"order lines\" values (1, 'a', null), (1, 'b', '2024-01-01');"
    )


def views(dialect: str) -> str:
    """The staging models as views of their own names."""
    decided = Decided(dialect)
    return "".join(
        f'create view {table.model} as {compiled(model.text, f"""raw_shop."{table.identifier}" """)};'
        for table, model in zip(decided.tables, decided.models(), strict=True)
    )


def test_postgresql_takes_the_models_and_gives_the_rows_that_count(postgres):
    postgres.psql(setup({}) + views("postgres"))

    found = postgres.psql(f"select {SELECTED} from stg_shop__orders")
    types = postgres.psql(
        "select column_name, data_type from information_schema.columns"
        " where table_name = 'stg_shop__orders' order by ordinal_position"
    )

    values = "1\tb\t4\t2.25\t1000\tf\t2024-03-01\t2024-03-01 10:00:00\ty\tM"
    assert found == values
    assert dict(line.split("\t") for line in types.splitlines()) == {
        "order_id": "bigint",
        "customer_ref": "text",
        "quantity": "bigint",
        "price": "numeric",
        "weight": "double precision",
        "is_gift": "boolean",
        "ordered_on": "date",
        "ordered_at": "timestamp without time zone",
        "shipped_at": "timestamp with time zone",
        "order": "text",
        "größe": "text",
        "gift_note": "text",
    }
    assert postgres.psql("select * from stg_shop__order_lines") == "1\ta"


class Psql:
    dialect = "postgres"

    def __init__(self, server: PostgresServer) -> None:
        self.server = server

    def rows(self, sql: str, parameters: object = ()) -> list[tuple[int, ...]]:
        lines = self.server.psql(f"set timezone = 'UTC'; {sql}").splitlines()
        return [tuple(int(value) for value in line.split("\t")) for line in lines]


def test_postgresql_proves_the_casts_that_are_kept(postgres):
    postgres.psql(
        "create schema proven; create table proven.orders (quantity text, price text, ordered_at text)"
    )
    postgres.psql(
        "insert into proven.orders values"
        " ('1', '1.50', '2024-02-29 10:00'), ('12', '0.125', '2024-02-29 10:00:00Z')"
    )
    names = ("quantity", "price", "ordered_at")
    relation = Relation("proven", "orders", tuple(Column(name, "text") for name in names))
    casts = [(name, cast) for name in names for cast in Decided("postgres").casts(name)]

    assert rows_lost_by_casts(Psql(postgres), relation, casts) == {
        ("quantity", "bigint"): 0,
        ("price", "numeric(18, 2)"): 1,
        ("price", "numeric(18, 4)"): 0,
        ("price", "numeric(28, 9)"): 0,
        ("price", "double precision"): 0,
        ("ordered_at", "timestamp"): 0,
        ("ordered_at", "timestamp with time zone"): 1,
    }


def test_postgresql_has_every_type_that_is_called_its_own(postgres):
    for name in TYPE_NAMES["postgres"]:
        postgres.psql(f"select cast(null as {name})")


def test_postgresql_has_no_type_that_is_called_foreign(postgres):
    for name in ("double", "string", "float64", "timestamp_tz", "number"):
        with pytest.raises(subprocess.CalledProcessError):
            postgres.psql(f"select cast(null as {name})")


def test_duckdb_takes_the_models_and_its_own_types():
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(setup({"text": "varchar"}) + views("duckdb"))
        found = connection.execute(f"select {SELECTED} from stg_shop__orders").fetchall()
        for name in TYPE_NAMES["duckdb"]:
            connection.execute(f"select cast(null as {name})")

    assert [(*map(_plain, found[0]),)] == [STAGED]
    assert len(found) == 1


def _plain(value: object) -> object:
    if isinstance(value, str | bool | int | float):
        return value
    text = str(value)
    return float(text) if re.fullmatch(r"-?[\d.]+", text) else text


@pytest.mark.long
def test_spark_takes_the_models_and_its_own_types(tmp_path):
    pyspark = pytest.importorskip("pyspark.sql")
    builder = pyspark.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = builder.config("spark.sql.warehouse.dir", str(tmp_path)).getOrCreate()
    backticks = {name.strip('"'): kind.replace("text", "string") for name, kind in COLUMNS.items()}
    decided = Decided("spark")
    try:
        names = ", ".join(f"`{name}`" for name in backticks)
        session.sql(f"select * from values {ROWS.strip()} as t({names})").createOrReplaceTempView("orders")
        [model, _] = decided.models()
        [row] = session.sql(compiled(model.text, "orders")).collect()
        types = dict(session.sql(compiled(model.text, "orders")).dtypes)
        for name in TYPE_NAMES["spark"]:
            sized = f"{name}(9)" if name in ("char", "character", "varchar") else name
            if name not in ("interval", "timestamp without time zone"):
                session.sql(f"select cast(null as {sized})")
    finally:
        session.stop()

    assert (row["order_id"], row["customer_ref"], row["quantity"], row["weight"]) == (1, "b", 4, 1000.0)
    assert {name: types[name] for name in ("quantity", "price", "weight", "ordered_at", "is_gift")} == {
        "quantity": "bigint",
        "price": "decimal(18,2)",
        "weight": "double",
        "ordered_at": "timestamp",
        "is_gift": "boolean",
    }
