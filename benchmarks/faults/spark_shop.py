"""The smaller shop on a Spark inside of dbt's own process, with its tables as Parquet files in a folder."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import duckdb

from benchmarks.common import ROOT
from benchmarks.faults.landing import TABLES, Calendar, of_load, rows
from benchmarks.faults.slot import Slot
from benchmarks.faults.small_shop import LANDED, PRODUCTION, PROJECT, RAW
from benchmarks.faults.state import Table, Tables, duckdb_tables


class SparkShop:
    """How the project on Spark is made, landed and looked at."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self._rows = {table: found for table, found in rows(calendar).items() if table in LANDED}

    def make(self, slot: Slot) -> None:
        """The project in production: two loads landed, and built.

        Raises:
            RuntimeError: the healthy project does not build.
        """
        shutil.rmtree(slot.work, ignore_errors=True)
        shutil.copytree(PROJECT, slot.project)
        slot.profiles.mkdir(parents=True)
        slot.files.mkdir()
        target = {
            "type": "spark", "method": "session", "host": "NA", "schema": "marts", "threads": 1,
            "server_side_parameters": _settings(slot),
        }  # fmt: skip
        profiles = {"small_shop": {"target": "prod", "outputs": {"prod": target}}}
        (slot.profiles / "profiles.yml").write_text(json.dumps(profiles, indent=2))
        slot.git("init", "--quiet", "-b", "main")
        slot.commit("The shop's models")
        self._job(slot, (1, 2), ())
        done = slot.dbt("dbt build", slot.env(), timeout_s=900)
        if done.returncode:
            raise RuntimeError(f"dbt build failed on the healthy project:\n{done.stdout[-4000:]}")
        slot.collect(slot.last_good)

    def land(self, slot: Slot) -> None:
        """The newest load, as it should be."""
        self._job(slot, (3,), ())

    def execute(self, slot: Slot, statements: Iterable[str]) -> None:
        """Run SQL, as whoever owns the sources does; `{now}` is when the newest load came."""
        if found := [statement.replace("{now}", str(self.calendar.now)) for statement in statements]:
            self._job(slot, (), found)

    def raw(self, slot: Slot) -> Tables:
        """What the sources hold."""
        return _tables(slot, RAW)

    def production(self, slot: Slot) -> Tables:
        """What dbt has built, but for views."""
        return _tables(slot, PRODUCTION)

    def quarantined(self, slot: Slot) -> dict[str, list[str]]:
        """Relations called `…quarantine…` that dbt has built → the texts of their rows."""
        names = [name for name in self.production(slot) if "quarantine" in name]
        with duckdb.connect() as database:
            queries = {name: f"select q::varchar from {_files(slot, name)} as q" for name in names}
            return {name: [row[0] for row in database.execute(q).fetchall()] for name, q in queries.items()}

    def save(self, slot: Slot, name: str) -> None:
        """Keep what the slot is like."""
        slot.save(name)

    def restore(self, slot: Slot, name: str) -> None:
        """Make the slot what it was when it was kept as `name`."""
        slot.restore(name)

    def _job(self, slot: Slot, loads: tuple[int, ...], statements: Iterable[str]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            copy = {}
            for table in LANDED if loads else ():
                path = Path(folder) / f"{table}.csv"
                with path.open("w", newline="") as file:
                    for load in loads:
                        csv.writer(file).writerows(of_load(self._rows, self.calendar, load)[table])
                copy[table] = [str(path), TABLES[table]]
            job = {"settings": _settings(slot), "copy": copy, "run": list(statements)}
            command = [sys.executable, "-m", "benchmarks.faults.spark_session"]
            env = {**slot.env(), "PYTHONPATH": str(ROOT)}
            done = subprocess.run(
                command, input=json.dumps(job), cwd=slot.work, env=env, capture_output=True, text=True,
                check=False
            )  # fmt: skip
            if done.returncode:
                raise RuntimeError(f"Spark refused: {done.stderr[-3000:]}")


def _settings(slot: Slot) -> dict[str, str]:
    folder = slot.work / "warehouse"
    folder.mkdir(exist_ok=True)
    return {
        "spark.sql.warehouse.dir": str(folder / "spark"),
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:{folder}/metastore;create=true",
        "spark.driver.extraJavaOptions": f"-Dderby.stream.error.file={folder}/derby.log"
        " -XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.master": "local[1]",
        "spark.sql.shuffle.partitions": "1",
    }


def _files(slot: Slot, name: str) -> str:
    schema, _, table = name.partition(".")
    return f"read_parquet('{slot.work}/warehouse/spark/{schema}.db/{table}/*.parquet')"


def _tables(slot: Slot, schemas: tuple[str, ...]) -> dict[str, Table]:
    """Read by DuckDB, which needs no second Spark."""
    found: dict[str, Table] = {}
    with duckdb.connect() as database:
        for schema in schemas:
            database.execute(f"create schema {schema}")
            for folder in sorted((slot.work / "warehouse" / "spark" / f"{schema}.db").glob("*/")):
                if any(folder.glob("*.parquet")):
                    name = f"{schema}.{folder.name}"
                    database.execute(f"create table {name} as from {_files(slot, name)}")
        found |= duckdb_tables(database, schemas)
    return found
