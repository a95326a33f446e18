"""Sources whose shape changed."""

from __future__ import annotations

from benchmarks.faults.fault import UPSTREAM, Edit, Fault

_CUSTOMERS = "models/staging/stg_shop__customers.sql"
_ORDERS = "models/staging/stg_shop__orders.sql"
_PAYMENTS = "models/staging/stg_pay__payments.sql"
_SOURCES = "models/sources.yml"


def _drift(name: str, leaf: str, title: str, **more: object) -> Fault:
    settings: dict[str, object] = {"expects": "mend", "touches": UPSTREAM, **more}
    return Fault(name, f"SCHEMA_DRIFT/{leaf}", title, **settings)  # type: ignore[arg-type]


def _identifier(table: str, new: str) -> Edit:
    line = f"      - name: {table}\n"
    return Edit(_SOURCES, line, f"{line}        identifier: {new}\n")


RENAMED = (
    _drift(
        "renamed_email", "COLUMN_RENAMED", "customers.email is called email_address",
        accept=("SCHEMA_DRIFT/COLUMN_REMOVED",),
        land=("alter table raw_shop.customers rename column email to email_address",),
        mend=(Edit(_CUSTOMERS, "lower(email) as", "lower(email_address) as"),),
    ),
    _drift(
        "renamed_and_used_twice", "COLUMN_RENAMED",
        "orders.ordered_at, which is read twice, is called placed_at",
        land=("alter table raw_shop.orders rename column ordered_at to placed_at",),
        mend=(
            Edit(
                _ORDERS, "    ordered_at,\n    cast(ordered_at as date)",
                "    placed_at as ordered_at,\n    cast(placed_at as date)",
            ),
        ),
    ),
    _drift(
        "renamed_to_camel_case", "COLUMN_RENAMED", "payments.order_id is called orderId",
        land=('alter table raw_pay.payments rename column order_id to "orderId"',),
        mend=(Edit(_PAYMENTS, "    order_id,\n", '    "orderId" as order_id,\n'),),
    ),
    _drift(
        "renamed_two_at_once", "COLUMN_RENAMED", "two columns of accounts have new names",
        land=(
            "alter table raw_crm.accounts rename column segment to customer_segment",
            "alter table raw_crm.accounts rename column owner to account_manager",
        ),
        mend=(
            Edit(
                "models/staging/stg_crm__accounts.sql", "    segment,\n    owner,\n",
                "    customer_segment as segment,\n    account_manager as owner,\n",
            ),
        ),
    ),
    _drift(
        "renamed_beside_a_decoy", "COLUMN_RENAMED",
        "tickets.priority is called urgency; a new priority_code looks more alike and holds other values",
        land=(
            "alter table raw_crm.tickets rename column priority to urgency",
            "alter table raw_crm.tickets add column priority_code varchar default 'P3'",
        ),
        mend=(Edit("models/staging/stg_crm__tickets.sql", "    priority,\n", "    urgency as priority,\n"),),
    ),
    _drift(
        "renamed_with_two_candidates", "COLUMN_RENAMED",
        "customers.email is gone; contact_email and billing_email hold as good addresses, not the same ones",
        expects="person", accept=("SCHEMA_DRIFT/COLUMN_REMOVED",),
        land=(
            "alter table raw_shop.customers add column contact_email varchar",
            "alter table raw_shop.customers add column billing_email varchar",
            "update raw_shop.customers set contact_email = case when id % 2 = 0 then email else 'c.' || email"
            " end, billing_email = case when id % 2 = 1 then email else 'b.' || email end",
            "alter table raw_shop.customers drop column email",
        ),
    ),
    _drift(
        "renamed_old_stays_null", "COLUMN_RENAMED",
        "from this load on email_address is filled, and the old email stays and is null",
        accept=("DATA_QUALITY/NULL_VIOLATION",),
        land=(
            "alter table raw_shop.customers add column email_address varchar",
            "update raw_shop.customers set email_address = email, email = null, _loaded_at = '{now}'"
            " where id % 15 = 1 or _loaded_at = '{now}'",
        ),
        mend=(Edit(_CUSTOMERS, "lower(email) as", "lower(coalesce(email_address, email)) as"),),
    ),
    _drift(
        "renamed_key_old_stays_null", "COLUMN_RENAMED",
        "from this load on orders have a buyer_id, and customer_id stays and is null",
        accept=("DATA_QUALITY/NULL_VIOLATION",),
        land=(
            "alter table raw_shop.orders add column buyer_id integer",
            "update raw_shop.orders set buyer_id = customer_id, customer_id = null"
            " where _loaded_at = '{now}'",
        ),
        mend=(Edit(_ORDERS, "    customer_id,\n", "    coalesce(buyer_id, customer_id) as customer_id,\n"),),
    ),
    _drift(
        "renamed_with_conflicts", "COLUMN_RENAMED",
        "email is null from this load on; a contact_email is filled, and differs from email where both are",
        expects="person", accept=("DATA_QUALITY/NULL_VIOLATION",),
        land=(
            "alter table raw_shop.customers add column contact_email varchar",
            "update raw_shop.customers set contact_email = case when id % 3 = 0 then email else"
            " 'info' || id || '@shop.example' end",
            "update raw_shop.customers set email = null, _loaded_at = '{now}' where id % 15 = 1",
        ),
    ),
    _drift(
        "renamed_and_retyped", "COLUMN_RENAMED", "order_items.quantity is called qty and is text",
        expects="either", accept=("SCHEMA_DRIFT/TYPE_CHANGED",),
        land=(
            "alter table raw_shop.order_items rename column quantity to qty",
            "alter table raw_shop.order_items alter column qty type varchar",
        ),
        mend=(
            Edit(
                "models/staging/stg_shop__order_items.sql", "    quantity,\n",
                "    cast(qty as integer) as quantity,\n",
            ),
        ),
    ),
)  # fmt: skip

REMOVED_OR_ADDED = (
    _drift(
        "removed_with_default", "COLUMN_REMOVED", "customers.newsletter is gone; its default is declared",
        land=("alter table raw_shop.customers drop column newsletter",),
        right=("update raw_shop.customers set newsletter = false",),
        mend=(Edit(_CUSTOMERS, "    newsletter as wants_newsletter", "    false as wants_newsletter"),),
    ),
    _drift(
        "removed_text_with_default", "COLUMN_REMOVED", "orders.channel is gone; its default is declared",
        land=("alter table raw_shop.orders drop column channel",),
        right=("update raw_shop.orders set channel = 'web'",),
        mend=(Edit(_ORDERS, "    channel,\n", "    'web' as channel,\n"),),
    ),
    _drift(
        "removed_critical", "COLUMN_REMOVED", "customers.email, declared critical, is gone",
        expects="person", accept=("SCHEMA_DRIFT/COLUMN_RENAMED",),
        land=("alter table raw_shop.customers drop column email",),
    ),
    _drift(
        "removed_without_default", "COLUMN_REMOVED",
        "products.cost_cents is gone, and nothing stands in for it",
        expects="person", accept=("SCHEMA_DRIFT/COLUMN_RENAMED",),
        land=("alter table raw_shop.products drop column cost_cents",),
    ),
    _drift(
        "added_breaks_union", "COLUMN_ADDED", "one of two tables that staging unites has a column more",
        land=("alter table raw_web.sessions add column utm_campaign varchar default 'spring'",),
        extra_columns=True,
        mend=(
            Edit(
                "models/staging/stg_web__sessions.sql", "    select * from {{ source('web', 'sessions') }}",
                "    select * exclude (utm_campaign) from {{ source('web', 'sessions') }}",
            ),
        ),
    ),
    _drift(
        "added_harmless", "COLUMN_ADDED", "customers have a birthday, which nobody asked for",
        expects="none", green=True,
        land=("alter table raw_shop.customers add column birthday date",),
    ),
    _drift(
        "reordered_columns", "COLUMN_ADDED", "accounts was landed anew with its columns in another order",
        expects="none", green=True,
        land=(
            "create or replace table raw_crm.accounts as select phone, owner, account_no, segment,"
            " updated_at, customer_id, _loaded_at from raw_crm.accounts",
        ),
    ),
)  # fmt: skip

RETYPED = (
    _drift(
        "type_integer_as_text", "TYPE_CHANGED", "products.price_cents is text, all of it whole numbers",
        land=("alter table raw_shop.products alter column price_cents type varchar",),
        mend=(
            Edit(
                "models/staging/stg_shop__products.sql", "cents_to_amount('price_cents')",
                "cents_to_amount('cast(price_cents as integer)')",
            ),
        ),
    ),
    _drift(
        "type_with_currency", "TYPE_CHANGED", "payments.amount reads EUR 10.00 instead of 10.00",
        expects="person", accept=("DATA_QUALITY/TYPE_COERCION_FAILURE", "DATA_CORRUPTION/CORRUPT_DATA"),
        land=("update raw_pay.payments set amount = 'EUR ' || amount",),
    ),
    _drift(
        "type_timestamp_as_text", "TYPE_CHANGED",
        "orders.ordered_at is ISO text; the contract far below notices",
        land=(
            "alter table raw_shop.orders alter column ordered_at type varchar"
            " using strftime(ordered_at, '%Y-%m-%dT%H:%M:%S')",
        ),
        mend=(Edit(_ORDERS, "    ordered_at,\n", "    cast(ordered_at as timestamp) as ordered_at,\n"),),
    ),
    _drift(
        "type_timestamp_as_epoch", "TYPE_CHANGED", "sessions.started_at is in milliseconds since 1970",
        expects="either",
        land=(
            "alter table raw_web.sessions alter column started_at type bigint using epoch_ms(started_at)",
            "alter table raw_web.app_sessions alter column started_at type bigint using epoch_ms(started_at)",
        ),
        mend=(
            Edit(
                "models/staging/stg_web__sessions.sql",
                "    started_at,\n    cast(started_at as date)",
                "    epoch_ms(started_at) as started_at,\n    cast(epoch_ms(started_at) as date)",
            ),
        ),
    ),
    _drift(
        "type_of_a_key", "TYPE_CHANGED", "accounts.customer_id reads C000123, which joins with nothing",
        expects="person",
        land=(
            "alter table raw_crm.accounts alter column customer_id type varchar"
            " using format('C{:06d}', customer_id)",
        ),
    ),
    _drift(
        "type_widened", "TYPE_CHANGED", "sessions.pages is a bigint, which changes nothing",
        expects="none", green=True,
        land=(
            "alter table raw_web.sessions alter column pages type bigint",
            "alter table raw_web.app_sessions alter column pages type bigint",
        ),
    ),
)  # fmt: skip

TABLES = (
    _drift(
        "table_renamed", "TABLE_RENAMED", "raw_shop.orders is called sales_orders",
        land=("alter table raw_shop.orders rename to sales_orders",),
        mend=(_identifier("orders", "sales_orders"),),
    ),
    _drift(
        "table_renamed_beside_a_backup", "TABLE_RENAMED",
        "payments is called payments_v2; a stale payments_backup stands beside it",
        land=(
            "create table raw_pay.payments_backup as select * from raw_pay.payments"
            " where paid_at < timestamp '{now}' - interval 21 day",
            "alter table raw_pay.payments rename to payments_v2",
        ),
        mend=(_identifier("payments", "payments_v2"),),
    ),
    _drift(
        "table_gone_but_a_backup", "TABLE_RENAMED", "refunds is gone, and only a stale refunds_old is left",
        expects="person",
        land=(
            "create table raw_pay.refunds_old as select * from raw_pay.refunds"
            " where refunded_at < timestamp '{now}' - interval 21 day",
            "drop table raw_pay.refunds",
        ),
    ),
    _drift(
        "schema_renamed", "TABLE_RENAMED",
        "raw_crm is called crm_cloud; raw_crm_test holds a few rows of a test",
        land=(
            "create schema crm_cloud",
            "create table crm_cloud.accounts as from raw_crm.accounts",
            "create table crm_cloud.tickets as from raw_crm.tickets",
            "create schema raw_crm_test",
            "create table raw_crm_test.accounts as from raw_crm.accounts limit 10",
            "create table raw_crm_test.tickets as from raw_crm.tickets limit 10",
            "drop schema raw_crm cascade",
        ),
        mend=(Edit(_SOURCES, "    schema: raw_crm\n", "    schema: crm_cloud\n"),),
    ),
    _drift(
        "swapped_columns", "COLUMN_RENAMED",
        "price_cents and cost_cents of products hold each other's values",
        expects="person", accept=("DATA_CORRUPTION/CORRUPT_DATA", "DATA_QUALITY/CONSTRAINT_VIOLATION"),
        land=("update raw_shop.products set price_cents = cost_cents, cost_cents = price_cents",),
    ),
    _drift(
        "swapped_names", "COLUMN_RENAMED",
        "first_name and last_name hold each other's values; all tests pass",
        expects="person", green=True, accept=("DATA_CORRUPTION/CORRUPT_DATA",),
        land=("update raw_shop.customers set first_name = last_name, last_name = first_name",),
    ),
)  # fmt: skip

FAULTS = (*RENAMED, *REMOVED_OR_ADDED, *RETYPED, *TABLES)
