"""What a shop lands every night: three loads of rows that belong together, the same for the same day.

The first two loads are what the healthy project was built on, the third arrives with the fault.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

LOADS = 3
_SEED = 20260301
_DAYS = 60
# How many days before the newest load each load ends.
_AGE_DAYS = {1: 10, 2: 1, 3: 0}

TABLES = {
    "raw_shop.customers": (
        "id integer, first_name varchar, last_name varchar, email varchar, country varchar,"
        " newsletter boolean, created_at timestamp, updated_at timestamp, _loaded_at timestamp"
    ),
    "raw_shop.products": (
        "sku varchar, name varchar, category varchar, price_cents integer, cost_cents integer,"
        " weight_grams integer, active boolean, updated_at timestamp, _loaded_at timestamp"
    ),
    "raw_shop.orders": (
        "id integer, customer_id integer, status varchar, channel varchar, shipping_cents integer,"
        " discount_cents integer, ordered_at timestamp, updated_at timestamp, _loaded_at timestamp"
    ),
    "raw_shop.order_items": (
        "id integer, order_id integer, sku varchar, quantity integer, unit_price_cents integer,"
        " _loaded_at timestamp"
    ),
    "raw_pay.payments": (
        "id varchar, order_id integer, method varchar, amount varchar, currency varchar, status varchar,"
        " paid_at timestamp, _loaded_at timestamp"
    ),
    "raw_pay.refunds": (
        "id varchar, payment_id varchar, amount varchar, reason varchar, refunded_at timestamp,"
        " _loaded_at timestamp"
    ),
    "raw_crm.accounts": (
        "account_no varchar, customer_id integer, segment varchar, owner varchar, phone varchar,"
        " updated_at timestamp, _loaded_at timestamp"
    ),
    "raw_crm.tickets": (
        "id integer, customer_id integer, subject varchar, priority varchar, opened_at timestamp,"
        " closed_at timestamp, _loaded_at timestamp"
    ),
    "raw_erp.stock_levels": (
        "sku varchar, warehouse varchar, on_hand integer, safety_stock integer, as_of date,"
        " _loaded_at timestamp"
    ),
    "raw_web.sessions": (
        "session_id varchar, customer_id integer, started_at timestamp, pages integer, referrer varchar,"
        " device varchar, _loaded_at timestamp"
    ),
    "raw_web.app_sessions": (
        "session_id varchar, customer_id integer, started_at timestamp, pages integer, referrer varchar,"
        " device varchar, _loaded_at timestamp"
    ),
}

_FIRST = ("Anna Ben Carla David Elif Farid Greta Hugo Ines Jonas Katrin Luca Maja Noah Olga Paul Rosa Sami"
          " Theo Ute Vera Wim Yara Zoë Jürgen Łukasz").split()  # fmt: skip
_LAST = ("Müller Schmidt Novak Rossi Dubois Jansen Smith Okafor Yilmaz Kowalski Meier Fischer Weber Brown"
         " Garcia Silva Nielsen Larsson Haas Öztürk").split()  # fmt: skip
_COUNTRIES = ("DE",) * 8 + ("AT", "CH", "FR", "FR", "NL", "GB", "US")
_CATEGORIES = ("lamps", "chairs", "tables", "rugs", "kitchen")
_NOUNS = ("Lamp", "Chair", "Table", "Rug", "Pan", "Shelf", "Clock", "Vase")


@dataclass(frozen=True, slots=True)
class Calendar:
    """When the loads came.

    Attributes:
        now: when the newest load arrived (UTC, naive, whole hours).
    """

    now: datetime

    def loaded_at(self, load: int) -> datetime:
        """When a load arrived; `load` is 1, 2 or 3."""
        return self.now - timedelta(days=_AGE_DAYS[load])

    def load_of(self, moment: datetime) -> int:
        """The first load that can hold something that happened then."""
        return next(load for load in range(1, LOADS + 1) if moment <= self.loaded_at(load))

    @property
    def first_day(self) -> datetime:
        return self.now - timedelta(days=_DAYS)


Row = tuple[Any, ...]


def rows(calendar: Calendar) -> dict[str, list[Row]]:
    """Every row of all loads, by table; the last cell says when it was loaded."""
    draw = random.Random(_SEED)
    customers = list(_customers(draw, calendar))
    products = list(_products(draw, calendar))
    orders, items, payments, refunds = _orders(draw, calendar, customers, products)
    web, app = _sessions(draw, calendar, customers)
    return {
        "raw_shop.customers": customers,
        "raw_shop.products": products,
        "raw_shop.orders": orders,
        "raw_shop.order_items": items,
        "raw_pay.payments": payments,
        "raw_pay.refunds": refunds,
        "raw_crm.accounts": list(_accounts(draw, calendar, customers)),
        "raw_crm.tickets": list(_tickets(draw, calendar, customers)),
        "raw_erp.stock_levels": list(_stock(draw, calendar, products)),
        "raw_web.sessions": web,
        "raw_web.app_sessions": app,
    }


def of_load(all_rows: dict[str, list[Row]], calendar: Calendar, load: int) -> dict[str, list[Row]]:
    """The rows of one load."""
    moment = calendar.loaded_at(load)
    return {table: [row for row in found if row[-1] == moment] for table, found in all_rows.items()}


def write_rates(path: Path, calendar: Calendar, load: int) -> None:
    """The file of exchange rates as it stands after a load: one line per day and currency."""
    draw = random.Random(_SEED + 1)
    until = calendar.loaded_at(load).date()
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["rate_date", "currency", "rate"])
        for day in range(_DAYS + 1):
            for currency, middle in (("USD", 0.92), ("GBP", 1.17), ("CHF", 1.05)):
                rate = f"{middle * draw.uniform(0.98, 1.02):.6f}"
                when: date = (calendar.first_day + timedelta(days=day)).date()
                if when <= until:
                    out.writerow([when, currency, rate])


def _moment(draw: random.Random, calendar: Calendar, since: datetime | None = None) -> datetime:
    start = since or calendar.first_day
    seconds = int((calendar.now - start).total_seconds())
    return start + timedelta(seconds=draw.randrange(max(seconds, 1)))


def _customers(draw: random.Random, calendar: Calendar) -> Iterator[Row]:
    for number in range(1, 601):
        first, last = draw.choice(_FIRST), draw.choice(_LAST)
        # The first five hundred were there before the sixty days.
        created = (
            calendar.first_day - timedelta(hours=700 - number) if number <= 500 else _moment(draw, calendar)
        )
        mail = f"{first}.{last}.{number}@example.org".lower()
        load = calendar.load_of(created)
        yield (
            number, first, last, mail, draw.choice(_COUNTRIES), draw.random() < 0.4, created, created,
            calendar.loaded_at(load),
        )  # fmt: skip


def _products(draw: random.Random, calendar: Calendar) -> Iterator[Row]:
    for number in range(1, 81):
        price = draw.randrange(900, 25000)
        name = f"{draw.choice(_NOUNS)} {draw.choice(_LAST)}"
        updated = calendar.first_day - timedelta(hours=number)
        yield (
            f"SKU-{number:04d}", name, draw.choice(_CATEGORIES), price, int(price * draw.uniform(0.4, 0.8)),
            draw.randrange(50, 9000), number % 13 != 0, updated, calendar.loaded_at(1),
        )  # fmt: skip


def _orders(
    draw: random.Random, calendar: Calendar, customers: list[Row], products: list[Row]
) -> tuple[list[Row], list[Row], list[Row], list[Row]]:
    orders: list[Row] = []
    items: list[Row] = []
    payments: list[Row] = []
    refunds: list[Row] = []
    moments = sorted(_moment(draw, calendar) for _ in range(2400))
    for number, moment in enumerate(moments, start=1):
        known = [row for row in (draw.choice(customers) for _ in range(20)) if row[6] <= moment]
        load = calendar.loaded_at(calendar.load_of(moment))
        status = draw.choices(("placed", "shipped", "delivered", "cancelled"), (2, 3, 12, 1))[0]
        shipping, total = draw.choice((0, 490, 490, 990)), 0
        for _ in range(draw.choice((1, 1, 2, 2, 3, 5))):
            product, quantity = draw.choice(products), draw.choice((1, 1, 1, 2, 4))
            items.append((len(items) + 1, number, product[0], quantity, product[3], load))
            total += product[3] * quantity
        discount = total // 10 if draw.random() < 0.15 else 0
        channel = draw.choice(("web", "web", "app", "phone"))
        orders.append((number, known[0][0], status, channel, shipping, discount, moment, moment, load))
        if status == "placed":
            continue
        paid = f"{(total + shipping - discount) / 100:.2f}"
        pay_id, country = f"pay_{number:06d}", known[0][4]
        currency = {"US": "USD", "GB": "GBP", "CH": "CHF"}.get(country, "EUR")
        method = draw.choice(("card", "card", "paypal", "transfer", "voucher"))
        if draw.random() < 0.05:
            payments.append((f"{pay_id}_0", number, method, paid, currency, "failed", moment, load))
        payments.append((pay_id, number, method, paid, currency, "settled", moment, load))
        if status == "delivered" and draw.random() < 0.08:
            reason = draw.choice(("damaged", "late", "changed_mind", "wrong_item"))
            back = f"{max(total // 2, 100) / 100:.2f}"
            refunds.append((f"re_{number:06d}", pay_id, back, reason, moment, load))
    return orders, items, payments, refunds


def _accounts(draw: random.Random, calendar: Calendar, customers: list[Row]) -> Iterator[Row]:
    for row in customers:
        if row[0] % 3 == 0:
            segment = draw.choice(("consumer", "business", "reseller"))
            phone = f"+49 {draw.randrange(100, 999)} {draw.randrange(100000, 999999)}"
            owner = draw.choice(_FIRST)
            yield (f"AC{row[0]:05d}", row[0], segment, owner, phone, row[7], row[-1])


def _tickets(draw: random.Random, calendar: Calendar, customers: list[Row]) -> Iterator[Row]:
    for number in range(1, 301):
        customer = draw.choice(customers[:500])
        opened = _moment(draw, calendar)
        closed = opened + timedelta(hours=draw.randrange(1, 90)) if draw.random() < 0.85 else None
        subject = draw.choice(("Where is my parcel?", "Wrong colour", "Invoice, please", "It broke"))
        priority = draw.choice(("low", "normal", "normal", "high"))
        load = calendar.loaded_at(calendar.load_of(opened))
        yield (number, customer[0], subject, priority, opened, closed, load)


def _stock(draw: random.Random, calendar: Calendar, products: list[Row]) -> Iterator[Row]:
    for load in range(1, LOADS + 1):
        for product in products:
            for warehouse in ("north", "south"):
                day = calendar.loaded_at(load)
                yield (product[0], warehouse, draw.randrange(0, 120), 20, day.date(), day)


def _sessions(draw: random.Random, calendar: Calendar, customers: list[Row]) -> tuple[list[Row], list[Row]]:
    web: list[Row] = []
    app: list[Row] = []
    for number, moment in enumerate(sorted(_moment(draw, calendar) for _ in range(3000)), start=1):
        customer = draw.choice(customers)[0] if draw.random() < 0.3 else None
        load = calendar.loaded_at(calendar.load_of(moment))
        on_app = draw.random() < 0.2
        device = "phone" if on_app else draw.choice(("desktop", "phone", "tablet"))
        referrer = "app" if on_app else draw.choice(("search", "direct", "mail", "partner"))
        row = (f"s{number:06d}", customer, moment, draw.randrange(1, 15), referrer, device, load)
        (app if on_app else web).append(row)
    return web, app
