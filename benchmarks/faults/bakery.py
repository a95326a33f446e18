"""A second healthy project on DuckDB, in another style: CTEs that import, staging as tables, dbt's own schema
names, `select *` in marts, tests on marts only, sources without tests, freshness or a time of loading, one of
them a spreadsheet with names like "Store No".
"""

from __future__ import annotations

import random
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.faults.duckdb_site import DuckDBSite, copy_in, make_tables
from benchmarks.faults.landing import Calendar
from benchmarks.faults.slot import Slot

PROJECT = Path(__file__).parent / "project_bakery"
PROFILES = """\
bakery:
  target: prod
  outputs:
    prod:
      type: duckdb
      path: "{{ env_var('SHOP_DATABASE') }}"
      schema: analytics
      threads: 2
"""
TABLES = {
    "raw.raw_customers": "id integer, name varchar, email varchar, loyalty_tier varchar, joined varchar",
    "raw.raw_orders": (
        "id integer, customer integer, ordered_at varchar, store_id integer, subtotal integer,"
        " tax_paid integer, order_total integer"
    ),
    "raw.raw_items": "id integer, order_id integer, sku varchar",
    "raw.raw_products": "sku varchar, name varchar, type varchar, price integer, description varchar",
    "raw.raw_supplies": "id varchar, name varchar, cost integer, perishable boolean, sku varchar",
    "sheets.store_list": '"Store No" integer, "Store Name" varchar, "Opened At" varchar, "Tax Rate" double',
}
_SEED = 20250707
_DAYS = 40
_ORDERS, _CUSTOMERS = 900, 240
# The share of orders and customers that each load ends with; the third arrives with the fault.
_UNTIL = {1: 0.80, 2: 0.95, 3: 1.0}
_TOWNS = ("Aarhus", "Bergen", "Cádiz", "Dresden", "Évora", "Firenze")
_NAMES = ("Ada Bo Cy Dot Eve Fay Gus Hal Ivy Jo Kit Lou Mae Ned Oz Pia Quin Ray Sue Tess Uma Vic Wes Xia Yan"
          " Zed").split()  # fmt: skip
_PRODUCTS = (
    ("nutella who knew?", "jaffle", 1100), ("for richer or pourover", "beverage", 700),
    ("doctor stew", "jaffle", 1100), ("tangaroo", "beverage", 600), ("chai and mighty", "beverage", 500),
    ("the krautback", "jaffle", 1200), ("mel-bun", "jaffle", 1200), ("vanilla ice", "beverage", 600),
    ("flame impala", "jaffle", 1400), ("adele-ade", "beverage", 400),
)  # fmt: skip


class Bakery(DuckDBSite):
    """How the project is made, landed and looked at."""

    raw_schemas = ("raw", "sheets", "landing", "sheets_2019")
    production_schemas = ("analytics_staging", "analytics")

    def __init__(self, calendar: Calendar) -> None:
        super().__init__(calendar)
        self._rows = rows(calendar)

    def make(self, slot: Slot) -> None:
        """The project in production: two loads landed and built.

        Raises:
            RuntimeError: the healthy project does not build.
        """
        shutil.rmtree(slot.work, ignore_errors=True)
        shutil.copytree(PROJECT, slot.project)
        for folder in (slot.profiles, slot.files, slot.database.parent):
            folder.mkdir(parents=True)
        (slot.profiles / "profiles.yml").write_text(PROFILES)
        slot.git("init", "--quiet", "-b", "main")
        slot.commit("The bakery's models")
        with self.connect(slot) as database:
            make_tables(database, TABLES)
        for load in (1, 2):
            self._land(slot, load)
            slot.clear_log()
            self.build(slot, "dbt build")
        slot.collect(slot.last_good)

    def land(self, slot: Slot) -> None:
        """The newest load, as it should be; some customers have another tier by now."""
        self._land(slot, 3)
        self.execute(slot, ["update raw.raw_customers set loyalty_tier = 'gold' where id % 50 = 7"])

    def _land(self, slot: Slot, load: int) -> None:
        with self.connect(slot) as database:
            copy_in(database, of_load(self._rows, load))


Row = tuple[Any, ...]


def of_load(all_rows: dict[str, list[Row]], load: int) -> dict[str, list[Row]]:
    """The rows that come with a load, 1, 2 or 3; small tables come with the first."""
    orders, customers = all_rows["raw.raw_orders"], all_rows["raw.raw_customers"]
    since, until = _UNTIL.get(load - 1, 0.0), _UNTIL[load]
    wanted = {row[0] for row in orders[int(since * len(orders)) : int(until * len(orders))]}
    found = {
        "raw.raw_customers": customers[int(since * len(customers)) : int(until * len(customers))],
        "raw.raw_orders": [row for row in orders if row[0] in wanted],
        "raw.raw_items": [row for row in all_rows["raw.raw_items"] if row[1] in wanted],
    }
    return {**all_rows, **found} if load == 1 else found


def rows(calendar: Calendar) -> dict[str, list[Row]]:
    """Every row of all loads, by table, in the order in which they came."""
    draw = random.Random(_SEED)
    products = [(f"{kind[:3].upper()}-{n:03d}", name, kind, price, f"{name}, as ever")
                for n, (name, kind, price) in enumerate(_PRODUCTS)]  # fmt: skip
    supplies = [(f"SUP-{n:03d}", f"supply {n}", draw.randrange(5, 120), draw.random() < 0.5,
                 products[n % len(products)][0]) for n in range(35)]  # fmt: skip
    stores = [(n, f"{town} ", f"{3 + n:02d}/{1 + n:02d}/20{16 + n}", 0.04 + n / 100)
              for n, town in enumerate(_TOWNS, 1)]  # fmt: skip
    orders, items = _orders(draw, calendar, products)
    return {
        "raw.raw_customers": list(_customers(draw, calendar)),
        "raw.raw_orders": orders,
        "raw.raw_items": items,
        "raw.raw_products": products,
        "raw.raw_supplies": supplies,
        "sheets.store_list": stores,
    }


def _customers(draw: random.Random, calendar: Calendar) -> list[Row]:
    found: list[Row] = []
    for number in range(1, _CUSTOMERS + 1):
        name = f"{draw.choice(_NAMES)} {draw.choice(_NAMES)}son"
        joined = calendar.now - timedelta(days=_DAYS + 2 * (_CUSTOMERS - number))
        tier = draw.choice(("none", "none", "bronze", "silver", "gold"))
        mail = f"{name.replace(' ', '.').lower()}{number}@mail.example"
        found.append((number, name, mail, tier, f"{joined:%Y-%m-%d}"))
    return found


def _orders(draw: random.Random, calendar: Calendar, products: list[Row]) -> tuple[list[Row], list[Row]]:
    """Orders, oldest first, each with its items; a customer orders once he is there."""
    orders: list[Row] = []
    items: list[Row] = []
    first = calendar.now - timedelta(days=_DAYS)
    for number in range(1, _ORDERS + 1):
        share = number / _ORDERS
        when = first + timedelta(days=_DAYS * share)
        customer = draw.randrange(1, max(int(_CUSTOMERS * share * 0.9), 2))
        subtotal = 0
        for _ in range(draw.choice((1, 1, 2, 3))):
            product = draw.choice(products)
            items.append((len(items) + 1, number, product[0]))
            subtotal += product[3]
        store = draw.randrange(1, len(_TOWNS) + 1)
        tax = subtotal * (4 + store) // 100
        text = f"{when:%Y-%m-%dT%H:%M:%S}"
        orders.append((number, customer, text, store, subtotal, tax, subtotal + tax))
    return orders, items
