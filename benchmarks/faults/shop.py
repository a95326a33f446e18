"""The healthy shop on DuckDB: landed, built twice, and in production since."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.faults.duckdb_site import DuckDBSite, copy_in, make_tables
from benchmarks.faults.landing import TABLES, Calendar, of_load, rows, write_rates
from benchmarks.faults.slot import Slot

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
# What happens to rows that are there already, when the newest load comes.
_CHANGES = (
    "update raw_shop.orders set status = 'delivered', updated_at = ?::timestamp - interval 1 hour"
    " where status = 'shipped' and id % 7 = 3",
    "update raw_shop.products set price_cents = price_cents + 100, updated_at = ?::timestamp"
    " - interval 2 hour where sku in ('SKU-0007', 'SKU-0019', 'SKU-0030', 'SKU-0044', 'SKU-0071')",
)


class Shop(DuckDBSite):
    """How the project on DuckDB is made, landed and looked at."""

    # The last two come with a fault.
    raw_schemas = ("raw_shop", "raw_pay", "raw_crm", "raw_erp", "raw_web", "crm_cloud", "raw_crm_test")
    production_schemas = ("staging", "intermediate", "marts", "seeds", "snapshots")

    def __init__(self, calendar: Calendar) -> None:
        super().__init__(calendar)
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
        with self.connect(slot) as database:
            make_tables(database, TABLES)
        self._land(slot, 1)
        self.build(slot, "dbt deps")
        slot.commit("The shop's models")
        self.build(slot, "dbt build")
        with self.connect(slot) as database:
            purged = "delete from raw_web.sessions where started_at < ?::timestamp - interval 30 day"
            database.execute(purged, [self.calendar.now])
        self._land(slot, 2)
        slot.clear_log()
        self.build(slot, "dbt build")
        slot.collect(slot.last_good)

    def land(self, slot: Slot) -> None:
        """The newest load, as it should be."""
        self._land(slot, 3)
        with self.connect(slot) as database:
            for change in _CHANGES:
                database.execute(change, [self.calendar.now])

    def _land(self, slot: Slot, load: int) -> None:
        write_rates(slot.files / "fx_rates.csv", self.calendar, load)
        with self.connect(slot) as database:
            database.execute("delete from raw_erp.stock_levels")
            copy_in(database, of_load(self._rows, self.calendar, load))
