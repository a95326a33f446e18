"""The healthy shop on DuckDB: landed, built twice, and in production since."""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from benchmarks.faults.landing import TABLES, Calendar, Row, of_load, rows, write_rates
from benchmarks.faults.slot import Slot
from benchmarks.faults.state import Tables, duckdb_tables

PROJECT = Path(__file__).parent / "project"
PROFILES = """\
shop:
  target: prod
  outputs:
    prod:
      type: duckdb
      path: "{{ env_var('SHOP_DATABASE') }}"
      schema: marts
      threads: 2
"""
# Schemas that the loader writes; the last two come with a fault.
RAW = ("raw_shop", "raw_pay", "raw_crm", "raw_erp", "raw_web", "crm_cloud", "raw_crm_test")
PRODUCTION = ("staging", "intermediate", "marts", "seeds", "snapshots")

# What happens to rows that are there already, when the newest load comes.
_CHANGES = (
    "update raw_shop.orders set status = 'delivered', updated_at = ?::timestamp - interval 1 hour"
    " where status = 'shipped' and id % 7 = 3",
    "update raw_shop.products set price_cents = price_cents + 100, updated_at = ?::timestamp"
    " - interval 2 hour where sku in ('SKU-0007', 'SKU-0019', 'SKU-0030', 'SKU-0044', 'SKU-0071')",
)


class Shop:
    """How the project on DuckDB is made, landed and looked at."""

    engine = "duckdb"

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self._rows = rows(calendar)

    def make(self, slot: Slot) -> None:
        """The project in production: two loads landed and built, old sessions purged since.

        Raises:
            RuntimeError: the healthy project does not build.
        """
        shutil.rmtree(slot.work, ignore_errors=True)
        shutil.copytree(PROJECT, slot.project)
        for folder in (slot.profiles, slot.files, slot.database.parent):
            folder.mkdir(parents=True)
        (slot.profiles / "profiles.yml").write_text(PROFILES)
        slot.git("init", "--quiet", "-b", "main")
        with duckdb.connect(slot.database) as database:
            for table, columns in TABLES.items():
                database.execute(f"create schema if not exists {table.partition('.')[0]}")
                database.execute(f"create table {table} ({columns})")
        self._land(slot, 1)
        self._build(slot, "dbt deps")
        slot.commit("The shop's models")
        self._build(slot, "dbt build")
        with self.connect(slot) as database:
            purged = "delete from raw_web.sessions where started_at < ?::timestamp - interval 30 day"
            database.execute(purged, [self.calendar.now])
        self._land(slot, 2)
        slot.clear_log()
        self._build(slot, "dbt build")
        slot.collect(slot.last_good)

    def land(self, slot: Slot) -> None:
        """The newest load, as it should be."""
        self._land(slot, 3)
        with self.connect(slot) as database:
            for change in _CHANGES:
                database.execute(change, [self.calendar.now])

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
            return duckdb_tables(database, RAW)

    def production(self, slot: Slot) -> Tables:
        """What dbt has built."""
        with self.connect(slot) as database:
            return duckdb_tables(database, PRODUCTION)

    def quarantined(self, slot: Slot) -> dict[str, list[str]]:
        """Relations called `…quarantine…` that dbt has built → the texts of their rows."""
        with self.connect(slot) as database:
            names = [name for name in duckdb_tables(database, PRODUCTION) if "quarantine" in name]
            queries = {name: f"select q::varchar from {name} as q" for name in names}
            return {name: [row[0] for row in database.execute(q).fetchall()] for name, q in queries.items()}

    def save(self, slot: Slot, name: str) -> None:
        """Keep what the slot is like."""
        slot.save(name)

    def restore(self, slot: Slot, name: str) -> None:
        """Make the slot what it was when it was kept as `name`."""
        slot.restore(name)

    def _build(self, slot: Slot, command: str) -> None:
        done = slot.dbt(command, slot.env())
        if done.returncode:
            raise RuntimeError(f"{command} failed on the healthy project:\n{done.stdout[-4000:]}")

    def _land(self, slot: Slot, load: int) -> None:
        write_rates(slot.files / "fx_rates.csv", self.calendar, load)
        with self.connect(slot) as database, tempfile.TemporaryDirectory() as folder:
            database.execute("delete from raw_erp.stock_levels")
            for table, found in of_load(self._rows, self.calendar, load).items():
                _copy_in(database, table, found, Path(folder) / "rows.csv")


def _copy_in(database: duckdb.DuckDBPyConnection, table: str, found: list[Row], path: Path) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(found)
    if found:
        database.execute(f"copy {table} from '{path}' (header false, nullstr '')")
