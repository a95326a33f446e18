"""The macros over change logs through a real dbt: on DuckDB, on PostgreSQL, on Spark."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from aidbt.generate.base_models import macro_files
from tests.dbt_shop import DBT_PROJECT, Shop
from tests.dbt_venvs import VenvMissing, dbt_venv
from tests.kit import PASSWORD, USER, PostgresServer, ServerMissing, postgres_server

MODELS = {
    "models/sources.yml": """
sources:
  - {name: crm, schema: raw_crm, tables: [{name: orders, identifier: "orders_{{ var('upto') }}"}]}
""",
    "models/orders.sql": """
{{ config(materialized='incremental', incremental_strategy='delete+insert',
          on_schema_change='sync_all_columns', unique_key=['"order"', '"Teil ö"']) }}
{{ aidbt_latest(source('crm', 'orders'), key=['order', 'Teil ö']) }}
""",
    "models/order_history.sql": """
{{ config(materialized='incremental', incremental_strategy='aidbt_history',
          on_schema_change='sync_all_columns', unique_key=['"order"', '"Teil ö"']) }}
{{ aidbt_history(source('crm', 'orders'), key=['order', 'Teil ö']) }}
""",
    "models/stg_orders.sql": "select * from {{ ref('orders') }} where not _aidbt_is_deleted\n",
}
CREATE = """
create schema raw_crm;
create table raw_crm.orders (
    "order" {integer}, "Teil ö" {text}, note {text}, price {decimal}, _aidbt_op {text},
    _aidbt_position bigint, _aidbt_sequence bigint, _aidbt_event_at {timestamp},
    _aidbt_committed_at {timestamp}, _aidbt_unchanged {texts}, _aidbt_loaded_at {timestamp},
    _aidbt_batch_id {text}
);
"""
# Rows as (order, note, price, op, position, sequence, unchanged column, batch).
FIRST = [
    (None, None, None, "t", 10, -1, None, 1),
    (1, "one", 1.5, "r", 10, 0, None, 1),
    (2, "two", 2.5, "r", 10, 0, None, 1),
    (3, "three", 3.5, "r", 10, 0, None, 1),
]
SECOND = [
    (1, "one", 9.5, "u", 21, 1, None, 2),  # behind a change that comes later
    (2, None, 7.5, "u", 22, 1, "note", 2),
    (3, None, None, "d", 23, 1, None, 2),
    (4, None, None, "d", 24, 2, None, 2),  # before the row that it deletes
    (5, "five", 5.5, "c", 25, 1, None, 3),
]
THIRD = [
    (1, "uno", 1.5, "u", 20, 1, None, 4),
    (4, "four", 4.5, "c", 24, 1, None, 4),
    (5, "five", 5.5, "c", 25, 1, None, 4),  # again
]
LATEST = [
    "1|one|9.50|u|21|false", "2|two|7.50|u|22|false", "3|NULL|NULL|d|23|true", "4|NULL|NULL|d|24|true",
    "5|five|5.50|c|25|false",
]  # fmt: skip
HISTORY = [
    "1|one|1.50|10|20", "1|uno|1.50|20|21", "1|one|9.50|21|NULL", "2|two|2.50|10|22", "2|two|7.50|22|NULL",
    "3|three|3.50|10|23", "3|NULL|NULL|23|23", "4|NULL|NULL|24|24", "5|five|5.50|25|NULL",
]  # fmt: skip
READ_LATEST = """
select concat_ws('|', cast("order" as {text}), coalesce(note, 'NULL'),
    coalesce(cast(price as {text}), 'NULL'),
    _aidbt_op, cast(_aidbt_position as {text}), case when _aidbt_is_deleted then 'true' else 'false' end)
from orders order by "order"
"""
READ_HISTORY = """
select concat_ws('|', cast("order" as {text}), coalesce(note, 'NULL'),
    coalesce(cast(price as {text}), 'NULL'),
    cast(extract(minute from _aidbt_valid_from) as {text}),
    coalesce(cast(extract(minute from _aidbt_valid_to) as {text}), 'NULL'))
from order_history order by "order", _aidbt_position
"""
ON_DUCKDB = {
    "integer": "integer", "text": "varchar", "decimal": "decimal(6, 2)", "timestamp": "timestamptz",
    "texts": "varchar[]",
}  # fmt: skip
ON_POSTGRES = {**ON_DUCKDB, "text": "text", "decimal": "numeric(6, 2)", "texts": "text[]"}
PROFILES = """
shop:
  target: steps
  outputs:
    steps: {{schema: steps, {settings}}}
    anew: {{schema: anew, {settings}}}
"""
DUCKDB = 'type: duckdb, path: "{{ flags.PROFILES_DIR }}/shop.duckdb", threads: 1'
POSTGRES = (
    "type: postgres, host: 127.0.0.1, port: %s, user: %s, password: \"{{ env_var('SHOP_PASSWORD') }}\","
    " dbname: postgres, threads: 1"
)
# Runs dbt several times in one process; stops where it failed.
DBT = """
import json, sys
from dbt.cli.main import dbtRunner
for arguments in json.loads(sys.argv[1]):
    result = dbtRunner().invoke(arguments)
    if not result.success:
        sys.exit(f"failed: {arguments}: {result.exception}")
"""
RUN_SQL = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute(sys.argv[2])"


def log_sql(**types: str) -> str:
    """The whole log, and a view of each length that it had when dbt ran."""
    rows = ", ".join(map(row_sql, [*FIRST, *SECOND, *THIRD]))
    views = [
        f"create view raw_crm.orders_{batch} as"
        f" select * from raw_crm.orders where _aidbt_batch_id <= 'batch-{batch}';"
        for batch in (1, 3, 4)
    ]
    return CREATE.format(**types) + f"insert into raw_crm.orders values {rows};" + "".join(views)


def row_sql(row: tuple[Any, ...]) -> str:
    """One row of the log; its event happened as many minutes after midnight as its position says."""
    order, note, price, op, position, sequence, unchanged, batch = row
    part = None if order is None else "x"
    cells = [
        *(
            "null" if cell is None else repr(cell)
            for cell in (order, part, note, price, op, position, sequence)
        ),
        *[f"timestamp '2026-01-01 00:{position}:00'"] * 2,
        "null" if unchanged is None else f"array['{unchanged}']",
        f"timestamp '2026-01-01 01:0{batch}:00'",
        f"'batch-{batch}'",
    ]
    return f"({', '.join(cells)})"


def shop_at(root: Path, settings: str) -> Shop:
    profiles = {"profiles.yml": PROFILES.format(settings=settings)}
    return Shop(root).write({"dbt_project.yml": DBT_PROJECT, **profiles, **MODELS, **macro_files("macros")})


def run(shop: Shop, *runs: tuple[int, str], python: Path | str = sys.executable) -> None:
    """Run every model on the first batches of the log, into the schema named, as often as told."""
    options = ["--warn-error", "--no-use-colors", "--no-partial-parse", "run", "--vars"]
    places = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root), "--target"]
    arguments = [[*options, json.dumps({"upto": batch}), *places, target] for batch, target in runs]
    env = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")}
    command = [str(python), "-c", DBT, json.dumps(arguments)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**env, "SHOP_PASSWORD": PASSWORD},
        cwd=shop.root,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-3000:]


THREE_RUNS_AND_ONE = ((1, "steps"), (3, "steps"), (4, "steps"), (4, "anew"))


def in_duckdb(shop: Shop, schema: str, *queries: str) -> list[list[str]]:
    """The lines that each query gives."""
    with duckdb.connect(str(shop.database)) as connection:
        connection.execute(f"set timezone = 'UTC'; set schema = '{schema}'")
        return [
            [row[0] for row in connection.execute(sql.format(text="varchar")).fetchall()] for sql in queries
        ]


@pytest.fixture
def on_duckdb(tmp_path: Path) -> Shop:
    shop = shop_at(tmp_path / "shop", DUCKDB)
    with duckdb.connect(str(shop.database)) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(log_sql(**ON_DUCKDB))
    return shop


@pytest.mark.long
def test_three_runs_on_duckdb_are_one_full_build(on_duckdb: Shop):
    run(on_duckdb, *THREE_RUNS_AND_ONE)

    assert in_duckdb(on_duckdb, "steps", READ_LATEST, READ_HISTORY) == [LATEST, HISTORY]
    assert in_duckdb(on_duckdb, "anew", READ_LATEST, READ_HISTORY) == [LATEST, HISTORY]
    assert in_duckdb(on_duckdb, "steps", "select cast(count(*) as {text}) from stg_orders") == [["3"]]


@pytest.mark.long
def test_a_column_that_is_added_or_widened_in_the_log_is_so_in_the_tables(on_duckdb: Shop):
    run(on_duckdb, (1, "steps"))
    with duckdb.connect(str(on_duckdb.database)) as connection:
        connection.execute(
            "drop view raw_crm.orders_3; drop view raw_crm.orders_4;"
            "alter table raw_crm.orders alter price type decimal(12, 4);"
            "alter table raw_crm.orders add column discount integer;"
            "update raw_crm.orders set price = 1234567.1234, discount = 7 where _aidbt_position = 25;"
            "create view raw_crm.orders_3 as from raw_crm.orders where _aidbt_batch_id <= 'batch-3'"
        )
    run(on_duckdb, (3, "steps"), (3, "anew"))

    read = (
        """select concat_ws('|', price, discount) from {{}} where "order" in (2, 5) order by "order", price"""
    )
    tables = [read.replace("{{}}", table) for table in ("orders", "order_history")]
    steps = in_duckdb(on_duckdb, "steps", *tables)
    assert steps[0] == ["7.5000", "1234567.1234|7"]
    assert in_duckdb(on_duckdb, "anew", *tables) == steps


@pytest.mark.long
@pytest.mark.parametrize("version", ["1.10", "1.12"])
def test_other_versions_of_dbt_build_the_same(version: str, tmp_path: Path):
    try:
        venv = dbt_venv(version)
    except VenvMissing as error:
        pytest.skip(f"it cannot be installed here: {error}")
    shop = shop_at(tmp_path / "shop", DUCKDB)
    # The file is made and read by the duckdb that goes with that dbt.
    venv.run("python", "-c", RUN_SQL, str(shop.database), "set timezone = 'UTC';" + log_sql(**ON_DUCKDB))

    run(shop, *THREE_RUNS_AND_ONE, python=venv.bin / "python")

    expected = "select 'same' as same where {lines} = (select list(line) from ({query}) as r(line))"
    for schema in ("steps", "anew"):
        for query, wanted in ((READ_LATEST, LATEST), (READ_HISTORY, HISTORY)):
            sql = expected.format(lines=wanted, query=query.format(text="varchar"))
            check = f"set timezone = 'UTC'; set schema = '{schema}'; {sql}"
            read = RUN_SQL.replace("duckdb.connect", "rows = duckdb.connect") + "; print(rows.fetchall())"
            assert venv.run("python", "-c", read, str(shop.database), check).strip() == "[('same',)]"


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    pytest.importorskip("dbt.adapters.postgres", reason="dbt-postgres is not installed")
    try:
        with postgres_server() as server:
            yield server
    except ServerMissing as error:
        pytest.skip(str(error))


@pytest.mark.long
def test_three_runs_on_postgresql_are_one_full_build(postgres: PostgresServer, tmp_path: Path):
    shop = shop_at(tmp_path / "shop", POSTGRES % (postgres.port, USER))
    postgres.psql(log_sql(**ON_POSTGRES))

    run(shop, *THREE_RUNS_AND_ONE)

    for schema in ("steps", "anew"):
        settings = f"set search_path = {schema}; set timezone = 'UTC';"
        for query, lines in ((READ_LATEST, LATEST), (READ_HISTORY, HISTORY)):
            assert postgres.psql(settings + query.format(text="text")).splitlines() == lines


# The log as a model, so that one dbt makes all of it; its rows are read back by the same Spark.
SPARK_PROFILE = """
shop:
  target: spark
  outputs:
    spark:
      type: spark
      method: session
      host: NA
      schema: analytics
      threads: 1
      server_side_parameters:
        spark.sql.warehouse.dir: "{{ flags.PROFILES_DIR }}/warehouse"
        spark.hadoop.javax.jdo.option.ConnectionURL: >-
          jdbc:derby:;databaseName={{ flags.PROFILES_DIR }}/metastore;create=true
        spark.driver.extraJavaOptions: "-Dderby.stream.error.file={{ flags.PROFILES_DIR }}/derby.log"
        spark.ui.enabled: "false"
        spark.ui.showConsoleProgress: "false"
        spark.sql.shuffle.partitions: "2"
"""
SPARK_LOG = """
{{{{ config(materialized='table') }}}}
select cast(c1 as int) as `order`, cast(c2 as string) as note, cast(c3 as decimal(6, 2)) as price,
    c4 as _aidbt_op, cast(c5 as bigint) as _aidbt_position, cast(c6 as bigint) as _aidbt_sequence,
    timestamp '2026-01-01 00:00:00' + make_dt_interval(0, 0, c5) as _aidbt_event_at,
    timestamp '2026-01-01 00:00:00' + make_dt_interval(0, 0, c5) as _aidbt_committed_at,
    case when c7 is not null then array(c7) end as _aidbt_unchanged,
    timestamp '2026-01-01 01:00:00' + make_dt_interval(0, 0, c8) as _aidbt_loaded_at,
    concat('batch-', c8) as _aidbt_batch_id
from values {rows} as t (c1, c2, c3, c4, c5, c6, c7, c8)
"""
RUN_AND_READ = """
import sys
from dbt.cli.main import dbtRunner
from pyspark.sql import SparkSession
result = dbtRunner().invoke(["--quiet", "run"])
if not result.success:
    sys.exit(f"failed: {[(node.node.name, node.message) for node in result.result.results]}")
session = SparkSession.builder.enableHiveSupport().getOrCreate()
session.sql("use analytics")
for query in sys.argv[1:]:
    print(*("read " + row[0] for row in session.sql(query).collect()), sep="\\n")
"""


@pytest.mark.long
@pytest.mark.skipif(
    importlib.util.find_spec("pyspark") is None or importlib.util.find_spec("dbt.adapters.spark") is None,
    reason="dbt-spark[session] is not installed",
)
@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java, which is not installed")
def test_a_build_on_spark_is_the_same(tmp_path: Path):
    rows = ", ".join(
        f"({', '.join('null' if cell is None else repr(cell) for cell in row)})"
        for row in (*FIRST, *SECOND, *THIRD)
    )
    table = "{{{{ config(materialized='table') }}}}{{{{ {}(ref('log'), key='order') }}}}"
    shop = Shop(tmp_path / "shop").write(
        {
            "dbt_project.yml": DBT_PROJECT,
            "profiles.yml": SPARK_PROFILE,
            "models/log.sql": SPARK_LOG.format(rows=rows),
            "models/orders.sql": table.format("aidbt_latest"),
            "models/order_history.sql": table.format("aidbt_history"),
            **macro_files("macros"),
        }
    )
    queries = [sql.format(text="string").replace('"', "`") for sql in (READ_LATEST, READ_HISTORY)]

    env = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")}
    command = [sys.executable, "-c", RUN_AND_READ, *queries]
    done = subprocess.run(command, cwd=shop.root, env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    read = [line.removeprefix("read ") for line in done.stdout.splitlines() if line.startswith("read ")]
    assert read == [*LATEST, *HISTORY]
