"""Bad rows in good tables: few, which can be set aside, and many; and bad loads that every test passes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.faults.fault import UPSTREAM, Edit, Fault, Quarantine

_PAYMENTS = "models/staging/stg_pay__payments.sql"
_FROM_PAYMENTS = "    select * from {{ source('pay', 'payments') }}\n"


def _quality(name: str, leaf: str, title: str, **more: object) -> Fault:
    settings: dict[str, object] = {"expects": "mend", "touches": UPSTREAM, **more}
    return Fault(name, f"DATA_QUALITY/{leaf}", title, **settings)  # type: ignore[arg-type]


def _set_aside(model: str, source: str, keep: str, reason: str) -> tuple[Edit, ...]:
    """A filter in staging, and a model that holds what it leaves out. `keep` is a condition on raw rows."""
    line = f"    select * from {{{{ source({source}) }}}}\n"
    aside = (
        "{{ config(materialized='table') }}\n\n"
        f"select *, '{reason}' as reason\nfrom {{{{ source({source}) }}}}\n"
        f"qualify not coalesce({keep}, false)\n"
    )
    return (
        Edit(f"models/staging/{model}.sql", line, line + f"    qualify {keep}\n"),
        Edit(f"models/staging/{model}__quarantine.sql", None, aside),
    )


# DuckDB's QUALIFY wants a window function somewhere; this one is always true.
_ALWAYS = "count(*) over () > 0"
_LATEST = "row_number() over (partition by {key} order by {order} desc) = 1"

FEW = (
    _quality(
        "few_null_emails", "NULL_VIOLATION", "six new customers have no email",
        land=(
            "insert into raw_shop.customers select 9000 + i, 'New', 'Customer' || i, null, 'DE', false,"
            " '{now}', '{now}', '{now}' from range(6) as r(i)",
        ),
        quarantine=Quarantine(("9000", "9003", "9005"), 6),
        mend=_set_aside(
            "stg_shop__customers", "'shop', 'customers'", f"email is not null and {_ALWAYS}", "no email"
        ),
    ),
    _quality(
        "few_bad_casts", "TYPE_COERCION_FAILURE", "four payments have the amount n/a",
        accept=("SCHEMA_DRIFT/TYPE_CHANGED",),
        land=(
            "insert into raw_pay.payments select 'pay_bad_' || id, id, 'card', 'n/a', 'EUR', 'failed',"
            " ordered_at, '{now}' from raw_shop.orders where status = 'placed' order by id desc limit 4",
        ),
        quarantine=Quarantine(("pay_bad_",), 4),
        mend=_set_aside(
            "stg_pay__payments", "'pay', 'payments'",
            f"try_cast(amount as decimal(12, 2)) is not null and {_ALWAYS}", "amount is no number",
        ),
    ),
    _quality(
        "few_exact_duplicates", "DUPLICATE_KEY", "five payments came twice in the same load",
        land=(
            "insert into raw_pay.payments select * from raw_pay.payments where _loaded_at = '{now}'"
            " and status = 'settled' order by id limit 5",
        ),
        quarantine=Quarantine(("pay_00",), 5),
        mend=_set_aside(
            "stg_pay__payments", "'pay', 'payments'", _LATEST.format(key="id", order="_loaded_at"),
            "came twice"
        ),
    ),
    _quality(
        "late_duplicates", "DUPLICATE_KEY", "eight payments of older loads came once more",
        land=(
            "insert into raw_pay.payments select * replace (timestamp '{now}' as _loaded_at) from"
            " raw_pay.payments where _loaded_at < '{now}' and status = 'settled' order by id limit 8",
        ),
        quarantine=Quarantine(("pay_00",), 8),
        mend=_set_aside(
            "stg_pay__payments", "'pay', 'payments'", _LATEST.format(key="id", order="_loaded_at"),
            "came twice"
        ),
    ),
    _quality(
        "differing_duplicates_in_order", "DUPLICATE_KEY",
        "four accounts stand there in their older form too; updated_at tells which is newer",
        land=(
            "insert into raw_crm.accounts select account_no, customer_id, segment, 'Former owner', phone,"
            " updated_at - interval 90 day, '{now}' from raw_crm.accounts order by account_no limit 4",
        ),
        quarantine=Quarantine(("Former owner",), 4),
        mend=_set_aside(
            "stg_crm__accounts", "'crm', 'accounts'",
            _LATEST.format(key="account_no", order="updated_at"), "an older form",
        ),
    ),
    _quality(
        "differing_duplicates_without_order", "DUPLICATE_KEY",
        "three refunds stand there twice with different amounts, and nothing tells which is right",
        expects="person",
        land=(
            "insert into raw_pay.refunds select id, payment_id, '1.00', reason, refunded_at, _loaded_at"
            " from raw_pay.refunds order by id limit 3",
        ),
    ),
    _quality(
        "few_orphans", "REFERENTIAL_INTEGRITY", "three payments belong to no order",
        land=(
            "insert into raw_pay.payments select 'pay_orphan_' || i, 900000 + i, 'card', '12.50', 'EUR',"
            " 'settled', '{now}', '{now}' from range(3) as r(i)",
        ),
        quarantine=Quarantine(("pay_orphan_0", "pay_orphan_1", "pay_orphan_2"), 3),
        mend=_set_aside(
            "stg_pay__payments", "'pay', 'payments'",
            f"order_id in (select id from {{{{ source('shop', 'orders') }}}}) and {_ALWAYS}", "no such order",
        ),
    ),
    _quality(
        "few_negative_quantities", "CONSTRAINT_VIOLATION", "two lines of orders have a quantity of minus one",
        expects="either",
        land=(
            "insert into raw_shop.order_items select 990000 + i, 100 + i, 'SKU-0001', -1, 1000, '{now}'"
            " from range(2) as r(i)",
        ),
        quarantine=Quarantine(("990000", "990001"), 2),
        mend=_set_aside(
            "stg_shop__order_items", "'shop', 'order_items'", f"quantity >= 0 and {_ALWAYS}", "negative"
        ),
    ),
    _quality(
        "duplicates_a_source_test_sees", "DUPLICATE_KEY",
        "two products came twice, and the test that notices stands on the source itself",
        expects="person",
        land=("insert into raw_shop.products select * from raw_shop.products order by sku limit 2",),
    ),
)  # fmt: skip

MANY = (
    _quality(
        "mass_null_emails", "NULL_VIOLATION", "three of ten customers have lost their email",
        expects="person", accept=("SCHEMA_DRIFT/COLUMN_RENAMED",),
        land=("update raw_shop.customers set email = null where id % 10 < 3",),
    ),
    _quality(
        "mass_duplicates", "DUPLICATE_KEY", "a fifth of all payments stands there twice",
        expects="person",
        land=("insert into raw_pay.payments select * from raw_pay.payments where order_id % 5 = 0",),
    ),
    _quality(
        "lost_orders", "REFERENTIAL_INTEGRITY", "the newest orders were not landed, what belongs to them was",
        expects="person", accept=("DATA_QUALITY/VOLUME", "DATA_QUALITY/STALE"),
        land=("delete from raw_shop.orders where _loaded_at = '{now}'",),
    ),
    _quality(
        "new_status", "CONSTRAINT_VIOLATION", "a dozen orders have the status returned, which nobody knew",
        expects="person",
        land=("update raw_shop.orders set status = 'returned' where _loaded_at = '{now}' and id % 3 = 0",),
    ),
    _quality(
        "new_country", "REFERENTIAL_INTEGRITY",
        "the first customers from Poland came, and the seed has no Poland",
        expects="person",
        land=(
            "insert into raw_shop.customers select 9100 + i, 'Ewa', 'Nowak', 'ewa' || i || '@example.org',"
            " 'PL', true, '{now}', '{now}', '{now}' from range(3) as r(i)",
        ),
    ),
    _quality(
        "mass_bad_casts", "TYPE_COERCION_FAILURE", "a quarter of all refunds has an amount like 12,50",
        expects="person", accept=("SCHEMA_DRIFT/TYPE_CHANGED", "DATA_CORRUPTION/CORRUPT_DATA"),
        land=("update raw_pay.refunds set amount = replace(amount, '.', ',') where right(id, 1) > '7'",),
    ),
)  # fmt: skip

GREEN = (
    _quality(
        "emptied_source", "VOLUME", "tickets is empty, and all tests pass",
        expects="person", green=True, accept=("DATA_QUALITY/STALE",), land=("delete from raw_crm.tickets",),
    ),
    _quality(
        "halved_source", "VOLUME", "every second account is missing, and all tests pass",
        expects="person", green=True,
        land=("delete from raw_crm.accounts where customer_id % 2 = 0",),
    ),
    _quality(
        "stale_copy", "STALE", "payments and refunds were restored from a copy of three weeks ago",
        expects="person", green=True, accept=("DATA_QUALITY/VOLUME",),
        land=(
            "delete from raw_pay.refunds where refunded_at > timestamp '{now}' - interval 21 day",
            "delete from raw_pay.payments where paid_at > timestamp '{now}' - interval 21 day",
        ),
    ),
    _quality(
        "swapped_sources", "CONSTRAINT_VIOLATION",
        "stock and safety stock were landed into each other's column",
        expects="person", green=True, accept=("DATA_CORRUPTION/CORRUPT_DATA", "SCHEMA_DRIFT/COLUMN_RENAMED"),
        land=("update raw_erp.stock_levels set on_hand = safety_stock, safety_stock = on_hand",),
    ),
    _quality(
        "zeroed_values", "CONSTRAINT_VIOLATION", "all stock levels are zero, and all tests pass",
        expects="person", green=True, accept=("DATA_CORRUPTION/CORRUPT_DATA", "DATA_QUALITY/VOLUME"),
        land=("update raw_erp.stock_levels set on_hand = 0",),
    ),
    Fault(
        "busy_day", "NONE/HEALTHY", "a fifth more sessions than usual: nothing is wrong", "none", green=True,
        land=(
            "insert into raw_web.sessions select 'x' || session_id, customer_id,"
            " timestamp '{now}' - interval 1 minute, pages, referrer, device, '{now}'"
            " from raw_web.sessions where _loaded_at = '{now}' limit 12",
        ),
    ),
)  # fmt: skip


# --- corruption ---


def _corrupt(name: str, title: str, **more: object) -> Fault:
    settings: dict[str, object] = {"expects": "person", **more}
    return Fault(name, "DATA_CORRUPTION/CORRUPT_DATA", title, **settings)  # type: ignore[arg-type]


def _rates(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / "fx_rates.csv"
        path.write_bytes(change(path.read_bytes()))

    return apply


CORRUPTION = (
    _corrupt(
        "mangled_names", "names read MÃ¼ller: UTF-8 was taken for Latin-1; all tests pass", green=True,
        land=(
            "update raw_shop.customers set last_name = replace(replace(last_name, 'ü', 'Ã¼'), 'Ö', 'Ã–'),"
            " first_name = replace(replace(first_name, 'ü', 'Ã¼'), 'ë', 'Ã«')",
        ),
    ),
    _corrupt(
        "bytes_that_are_no_text", "the file of rates holds bytes that are no UTF-8",
        files=(_rates(lambda text: text.replace(b"CHF", b"CH\xff\xfe", 40)),),
    ),
    _corrupt(
        "truncated_file", "the file of rates ends in the middle of a line",
        files=(_rates(lambda text: text[: len(text) * 2 // 3].rpartition(b",")[0] + b","),),
    ),
    _corrupt(
        "only_a_header", "the file of rates holds nothing but its header; all tests pass", green=True,
        accept=("DATA_QUALITY/VOLUME",), files=(_rates(lambda text: text.splitlines(keepends=True)[0]),),
    ),
    _corrupt(
        "decimal_commas", "the file of rates came with semicolons and decimal commas",
        accept=("SCHEMA_DRIFT/TYPE_CHANGED", "DATA_QUALITY/TYPE_COERCION_FAILURE"),
        files=(_rates(lambda text: text.replace(b",", b";").replace(b".", b",")),),
    ),
    _corrupt(
        "amounts_in_cents", "every third payment of this load is in cents",
        accept=("DATA_QUALITY/CONSTRAINT_VIOLATION",),
        land=(
            "update raw_pay.payments set amount = (cast(amount as decimal(12, 2)) * 100)::varchar"
            " where _loaded_at = '{now}' and order_id % 3 = 0",
        ),
    ),
    _corrupt(
        "weights_in_kilograms", "half of the products are weighed in kilograms; all tests pass",
        green=True,
        land=(
            "update raw_shop.products set weight_grams = weight_grams / 1000"
            " where right(sku, 1) in ('0', '2', '4', '6', '8')",
        ),
    ),
)  # fmt: skip

FAULTS = (*FEW, *MANY, *GREEN, *CORRUPTION)
