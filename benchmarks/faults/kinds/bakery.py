"""Sources of the bakery that changed, and bad rows in them."""

from __future__ import annotations

from benchmarks.faults.fault import UPSTREAM, Edit, Fault, Quarantine

_CUSTOMERS = "models/staging/stg_customers.sql"
_ORDERS = "models/staging/stg_orders.sql"
_ITEMS = "models/staging/stg_order_items.sql"
_PRODUCTS = "models/staging/stg_products.sql"
_STORES = "models/staging/stg_stores.sql"
_SUPPLIES = "models/staging/stg_supplies.sql"
_SOURCES = "models/staging/__sources.yml"
_ALL_SUPPLIES = "\nselect * from source\n"


def _bakery(name: str, label: str, title: str, expects: str, **more: object) -> Fault:
    settings: dict[str, object] = {"touches": UPSTREAM, **more}
    return Fault(f"bakery_{name}", label, title, expects, project="bakery", **settings)  # type: ignore[arg-type]


def _drift(name: str, leaf: str, title: str, expects: str = "mend", **more: object) -> Fault:
    return _bakery(name, f"SCHEMA_DRIFT/{leaf}", title, expects, **more)


def _quality(name: str, leaf: str, title: str, expects: str = "mend", **more: object) -> Fault:
    return _bakery(name, f"DATA_QUALITY/{leaf}", title, expects, **more)


RENAMED = (
    _drift(
        "name_renamed", "COLUMN_RENAMED", "raw_customers.name is called full_name",
        accept=("SCHEMA_DRIFT/COLUMN_REMOVED",),
        land=("alter table raw.raw_customers rename column name to full_name",),
        mend=(Edit(_CUSTOMERS, "        name as", "        full_name as"),),
    ),
    _drift(
        "spreadsheet_column_renamed", "COLUMN_RENAMED", 'somebody renamed "Store Name" in a spreadsheet',
        land=('alter table sheets.store_list rename column "Store Name" to "Location Name"',),
        mend=(Edit(_STORES, 's."Store Name"', 's."Location Name"'),),
    ),
    _drift(
        "renamed_below_a_star", "COLUMN_RENAMED",
        "raw_supplies.cost is called unit_cost; staging reads *, and marts fail",
        accept=("SCHEMA_DRIFT/COLUMN_REMOVED",), extra_columns=True,
        land=("alter table raw.raw_supplies rename column cost to unit_cost",),
        mend=(Edit(_SUPPLIES, _ALL_SUPPLIES, "\nselect * rename (unit_cost as cost) from source\n"),),
    ),
    _drift(
        "renamed_beside_a_net_total", "COLUMN_RENAMED",
        "order_total, read twice, is called total_amount; a new order_total_net holds other values",
        land=(
            "alter table raw.raw_orders rename column order_total to total_amount",
            "alter table raw.raw_orders add column order_total_net integer",
            "update raw.raw_orders set order_total_net = subtotal",
        ),
        mend=(
            Edit(_ORDERS, "        order_total as", "        total_amount as"),
            Edit(_ORDERS, "cents_to_dollars('order_total')", "cents_to_dollars('total_amount')"),
        ),
    ),
    _drift(
        "renamed_to_a_keyword", "COLUMN_RENAMED", 'raw_items.order_id is called "order", a word of SQL',
        land=('alter table raw.raw_items rename column order_id to "order"',),
        mend=(Edit(_ITEMS, "        order_id,\n", '        "order" as order_id,\n'),),
    ),
    _drift(
        "renamed_for_new_rows", "COLUMN_RENAMED",
        "from this load on the email comes as email_address, and email stays null",
        accept=("DATA_QUALITY/NULL_VIOLATION",),
        land=(
            "alter table raw.raw_customers add column email_address varchar",
            "update raw.raw_customers set email_address = email, email = null where id > 228",
        ),
        mend=(Edit(_CUSTOMERS, "        email as", "        coalesce(email_address, email) as"),),
    ),
    _drift(
        "versioned_by_type", "TYPE_CHANGED",
        "from this load on order_total comes as order_total__v_bigint, and order_total stays null", "either",
        accept=("SCHEMA_DRIFT/COLUMN_RENAMED", "DATA_QUALITY/NULL_VIOLATION"),
        land=(
            "alter table raw.raw_orders add column order_total__v_bigint bigint",
            "update raw.raw_orders set order_total__v_bigint = order_total, order_total = null"
            " where id > 855",
        ),
        mend=(
            Edit(
                _ORDERS, "        order_total as",
                "        cast(coalesce(order_total__v_bigint, order_total) as integer) as",
            ),
            Edit(
                _ORDERS, "cents_to_dollars('order_total')",
                "cents_to_dollars('coalesce(order_total__v_bigint, order_total)')",
            ),
        ),
    ),
    _drift(
        "renamed_without_a_trace", "COLUMN_REMOVED",
        "raw_items.sku is gone; product_code holds other codes than any product has", "person",
        accept=("SCHEMA_DRIFT/COLUMN_RENAMED",),
        land=(
            "alter table raw.raw_items add column product_code varchar",
            "update raw.raw_items set product_code = 'P' || right(sku, 3)",
            "alter table raw.raw_items drop column sku",
        ),
    ),
)  # fmt: skip

RESHAPED = (
    _drift(
        "tier_removed", "COLUMN_REMOVED", "raw_customers.loyalty_tier is gone; its default is declared",
        land=("alter table raw.raw_customers drop column loyalty_tier",),
        right=("update raw.raw_customers set loyalty_tier = 'none'",),
        mend=(Edit(_CUSTOMERS, "        loyalty_tier,\n", "        'none' as loyalty_tier,\n"),),
    ),
    _drift(
        "email_removed", "COLUMN_REMOVED", "raw_customers.email is gone", "person",
        accept=("SCHEMA_DRIFT/COLUMN_RENAMED",), land=("alter table raw.raw_customers drop column email",),
    ),
    _drift(
        "added_and_ambiguous", "COLUMN_ADDED",
        "raw_supplies has a product_price too, and a mart reads product_price without saying whose", "either",
        accept=("CODE/SQL_SEMANTIC",),
        land=("alter table raw.raw_supplies add column product_price integer default 100",),
        mend=(Edit(_SUPPLIES, _ALL_SUPPLIES, "\nselect * exclude (product_price) from source\n"),),
    ),
    _drift(
        "added_harmless", "COLUMN_ADDED", "raw_supplies names its supplier, which nobody asked for", "none",
        green=True, land=("alter table raw.raw_supplies add column supplier varchar default 'Mill & Sons'",),
    ),
    _drift(
        "price_as_text", "TYPE_CHANGED", "raw_products.price is text, all of it whole numbers",
        land=("alter table raw.raw_products alter column price type varchar",),
        mend=(
            Edit(
                _PRODUCTS, "cents_to_dollars('price')", "cents_to_dollars('cast(price as integer)')",
            ),
        ),
    ),
    _drift(
        "rate_in_percent", "TYPE_CHANGED", '"Tax Rate" reads 5 % instead of 0.05; all tests pass', "person",
        green=True, accept=("DATA_CORRUPTION/CORRUPT_DATA",),
        land=(
            'alter table sheets.store_list alter column "Tax Rate" type varchar'
            ' using (round("Tax Rate" * 100)::integer || \' %\')',
        ),
    ),
    _drift(
        "dates_written_otherwise", "TYPE_CHANGED", "joined reads 31.01.2026 instead of 2026-01-31", "either",
        accept=("DATA_QUALITY/TYPE_COERCION_FAILURE", "DATA_CORRUPTION/CORRUPT_DATA"),
        land=("update raw.raw_customers set joined = strftime(joined::date, '%d.%m.%Y')",),
        mend=(Edit(_CUSTOMERS, "cast(joined as date)", "cast(strptime(joined, '%d.%m.%Y') as date)"),),
    ),
    _drift(
        "seconds_since_1970", "TYPE_CHANGED", "ordered_at is a number of seconds", "either",
        land=(
            "alter table raw.raw_orders alter column ordered_at type bigint"
            " using epoch(ordered_at::timestamp)::bigint",
        ),
        mend=(
            Edit(_ORDERS, "cast(ordered_at as timestamp)", "make_timestamp(ordered_at * 1000000)"),
        ),
    ),
    _drift(
        "items_table_versioned", "TABLE_RENAMED",
        "raw_items is called raw_items_v2; a copy of last year stands beside it",
        land=(
            "create table raw.raw_items_2025 as from raw.raw_items where id % 2 = 0",
            "alter table raw.raw_items rename to raw_items_v2",
        ),
        mend=(
            Edit(
                _SOURCES, "      - name: raw_items\n",
                "      - name: raw_items\n        identifier: raw_items_v2\n",
            ),
        ),
    ),
    _drift(
        "items_gone", "TABLE_RENAMED", "raw_items is gone; an empty one of the same shape is left", "person",
        land=(
            "create table raw.raw_items_new as from raw.raw_items limit 0",
            "drop table raw.raw_items",
        ),
    ),
    _drift(
        "schema_moved", "TABLE_RENAMED", "the exports land in the schema landing, not in raw",
        land=(
            "create schema landing",
            *(f"create table landing.raw_{name} as from raw.raw_{name}"
              for name in ("customers", "orders", "items", "products", "supplies")),
            "drop schema raw cascade",
        ),
        mend=(Edit(_SOURCES, "    schema: raw\n", "    schema: landing\n"),),
    ),
    _drift(
        "schema_that_was_not_written", "TABLE_RENAMED",
        "a source that names no schema has moved; a copy of an old year looks like it",
        land=(
            "create schema landing", "create table landing.store_list as from sheets.store_list",
            "create schema sheets_2019",
            'create table sheets_2019.store_list as from sheets.store_list where "Store No" < 4',
            "drop schema sheets cascade",
        ),
        mend=(Edit(_SOURCES, "  - name: sheets\n", "  - name: sheets\n    schema: landing\n"),),
    ),
)  # fmt: skip


def _set_aside(model: str, source: str, keep: str, reason: str) -> tuple[Edit, ...]:
    """A filter in staging, and a model that holds what it leaves out. `keep` is a condition on raw rows."""
    read = f"    select * from {{{{ source({source}) }}}}\n"
    aside = (
        f"select *, '{reason}' as reason\nfrom {{{{ source({source}) }}}}\n"
        f"qualify not coalesce({keep}, false)\n"
    )
    return (
        Edit(f"models/staging/{model}.sql", read, read + f"    qualify {keep}\n"),
        Edit(f"models/staging/{model}__quarantine.sql", None, aside),
    )


# DuckDB's QUALIFY wants a window function somewhere; this one is always true.
_ALWAYS = "count(*) over () > 0"
_NEW_ORDERS = (
    "insert into raw.raw_orders select 5000 + i, {customer}, {ordered_at}, 1, 700, 35, 735"
    " from range(4) as r(i)"
)
_ORDERED_AT = "strftime(timestamp '{now}' - interval 1 hour, '%Y-%m-%dT%H:%M:%S')"

ROWS = (
    _quality(
        "few_orders_of_nobody", "NULL_VIOLATION", "four orders have no customer; the test stands on a mart",
        land=(_NEW_ORDERS.format(customer="null", ordered_at=_ORDERED_AT),),
        quarantine=Quarantine(("5000", "5001", "5002", "5003"), 4),
        mend=_set_aside(
            "stg_orders", "'ecom', 'raw_orders'", f"customer is not null and {_ALWAYS}", "no customer"
        ),
    ),
    _quality(
        "few_bad_dates", "TYPE_COERCION_FAILURE", "four orders are of the day 0000-00-00",
        accept=("DATA_CORRUPTION/CORRUPT_DATA",),
        land=(_NEW_ORDERS.format(customer="7 + i", ordered_at="'0000-00-00T00:00:00'"),),
        quarantine=Quarantine(("5000", "5001", "5002", "5003"), 4),
        mend=_set_aside(
            "stg_orders", "'ecom', 'raw_orders'",
            f"try_cast(ordered_at as timestamp) is not null and {_ALWAYS}", "no such day",
        ),
    ),
    _quality(
        "few_customers_twice", "DUPLICATE_KEY", "three customers came twice, alike in every column",
        land=("insert into raw.raw_customers select * from raw.raw_customers where id in (11, 60, 233)",),
        quarantine=Quarantine(("son11@", "son60@", "son233@"), 3),
        mend=_set_aside(
            "stg_customers", "'ecom', 'raw_customers'",
            "row_number() over (partition by id order by id) = 1", "came twice",
        ),
    ),
    _quality(
        "few_items_of_no_order", "REFERENTIAL_INTEGRITY", "three items belong to no order",
        land=(
            "insert into raw.raw_items select 770000 + i, 880000 + i, 'JAF-000' from range(3) as r(i)",
        ),
        quarantine=Quarantine(("770000", "770001", "770002"), 3),
        mend=_set_aside(
            "stg_order_items", "'ecom', 'raw_items'",
            f"order_id in (select id from {{{{ source('ecom', 'raw_orders') }}}}) and {_ALWAYS}",
            "no such order",
        ),
    ),
    _quality(
        "few_customers_without_email", "NULL_VIOLATION", "five new customers have no email",
        land=(
            "insert into raw.raw_customers select 9000 + i, 'New ' || i, null, 'none', '2026-01-01'"
            " from range(5) as r(i)",
        ),
        quarantine=Quarantine(("9000", "9002", "9004"), 5),
        mend=_set_aside(
            "stg_customers", "'ecom', 'raw_customers'", f"email is not null and {_ALWAYS}", "no email"
        ),
    ),
    _quality(
        "most_emails_gone", "NULL_VIOLATION", "every second customer has lost the email", "person",
        accept=("SCHEMA_DRIFT/COLUMN_RENAMED",),
        land=("update raw.raw_customers set email = null where id % 2 = 0",),
    ),
    _quality(
        "one_store_of_six", "NULL_VIOLATION", "one store of six has no tax rate", "person",
        land=('update sheets.store_list set "Tax Rate" = null where "Store No" = 2',),
    ),
    _quality(
        "orders_that_contradict", "DUPLICATE_KEY", "three orders came twice with different totals", "person",
        land=(
            "insert into raw.raw_orders select id, customer, ordered_at, store_id, subtotal, tax_paid,"
            " order_total + 100 from raw.raw_orders where id in (20, 500, 880)",
        ),
    ),
    _quality(
        "totals_that_do_not_add_up", "CONSTRAINT_VIOLATION",
        "five orders are worth more than their items; a singular test notices", "person",
        accept=("CODE/TEST_LOGIC", "DATA_CORRUPTION/CORRUPT_DATA"),
        land=("update raw.raw_orders set subtotal = subtotal + 1 where id > 895",),
    ),
    _quality(
        "prices_in_dollars", "CONSTRAINT_VIOLATION", "prices of products came in dollars, not in cents",
        "person",
        accept=("CODE/TEST_LOGIC", "DATA_CORRUPTION/CORRUPT_DATA", "SCHEMA_DRIFT/TYPE_CHANGED"),
        land=("update raw.raw_products set price = price // 100",),
    ),
    _quality(
        "items_emptied", "VOLUME", "raw_items is empty, and all tests pass", "person", green=True,
        accept=("DATA_QUALITY/STALE",), land=("delete from raw.raw_items",),
    ),
    _quality(
        "stores_lost", "VOLUME", "the spreadsheet of six stores has one left; all tests pass", "person",
        green=True, land=('delete from sheets.store_list where "Store No" > 1',),
    ),
    _quality(
        "old_export", "STALE", "the till's export is the one of ten days ago; all tests pass", "person",
        green=True, accept=("DATA_QUALITY/VOLUME",),
        land=(
            "delete from raw.raw_items where order_id in (select id from raw.raw_orders where"
            " ordered_at::timestamp > timestamp '{now}' - interval 10 day)",
            "delete from raw.raw_orders where ordered_at::timestamp > timestamp '{now}' - interval 10 day",
        ),
    ),
    _bakery(
        "new_kind_of_product", "NONE/HEALTHY", "there are aprons for sale now: nothing is wrong", "none",
        green=True,
        land=("insert into raw.raw_products values ('MER-100', 'an apron', 'merch', 2500, 'white')",),
    ),
    _bakery(
        "empty_line_in_a_sheet", "NONE/HEALTHY", "an empty line in the spreadsheet, which staging leaves out",
        "none", green=True, land=("insert into sheets.store_list values (null, null, null, null)",),
    ),
)  # fmt: skip

FAULTS = (*RENAMED, *RESHAPED, *ROWS)
