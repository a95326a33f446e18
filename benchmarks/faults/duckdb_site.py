"""What the sites on DuckDB have in common: one database file, which one process at a time may write."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.faults.landing import Calendar
from benchmarks.faults.slot import Slot
from benchmarks.faults.state import Tables, duckdb_tables


class DuckDBSite:
    """How a database file is read, written and kept.

    Attributes:
        raw_schemas: that loaders write, those that come with a fault too.
        production_schemas: that dbt builds.
    """

    engine = "duckdb"
    raw_schemas: tuple[str, ...] = ()
    production_schemas: tuple[str, ...] = ()

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar

    @contextmanager
    def connect(self, slot: Slot) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that is closed when the block ends, so that dbt may open the file."""
        with duckdb.connect(slot.database) as database:
            yield database

    def execute(self, slot: Slot, statements: Iterable[str]) -> None:
        """Run SQL, as whoever owns the source does; `{now}` is when the newest load came."""
        with self.connect(slot) as database:
            for statement in statements:
                database.execute(statement.replace("{now}", str(self.calendar.now)))

    def raw(self, slot: Slot) -> Tables:
        """What the sources hold."""
        with self.connect(slot) as database:
            return duckdb_tables(database, self.raw_schemas)

    def production(self, slot: Slot) -> Tables:
        """What dbt has built."""
        with self.connect(slot) as database:
            return duckdb_tables(database, self.production_schemas)

    def quarantined(self, slot: Slot) -> dict[str, list[str]]:
        """Relations called `…quarantine…` that dbt has built → the texts of their rows."""
        with self.connect(slot) as database:
            names = [
                name for name in duckdb_tables(database, self.production_schemas) if "quarantine" in name
            ]
            queries = {name: f"select q::varchar from {name} as q" for name in names}
            return {name: [row[0] for row in database.execute(q).fetchall()] for name, q in queries.items()}

    def save(self, slot: Slot, name: str) -> None:
        """Keep what the slot is like."""
        slot.save(name)

    def restore(self, slot: Slot, name: str) -> None:
        """Make the slot what it was when it was kept as `name`."""
        slot.restore(name)

    def build(self, slot: Slot, command: str) -> None:
        """Run dbt on what is healthy.

        Raises:
            RuntimeError: it fails.
        """
        done = slot.dbt(command, slot.env())
        if done.returncode:
            raise RuntimeError(f"{command} failed on the healthy project:\n{done.stdout[-4000:]}")


def make_tables(database: duckdb.DuckDBPyConnection, tables: Mapping[str, str]) -> None:
    """Empty tables: name with schema → columns."""
    for table, columns in tables.items():
        database.execute(f"create schema if not exists {table.partition('.')[0]}")
        database.execute(f"create table {table} ({columns})")


def copy_in(database: duckdb.DuckDBPyConnection, found: Mapping[str, Sequence[Sequence[Any]]]) -> None:
    """Add rows to tables; an empty text is a null."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        for table, its in found.items():
            with path.open("w", newline="") as file:
                csv.writer(file).writerows(its)
            if its:
                database.execute(f"copy {table} from '{path}' (header false, nullstr '')")
