"""What looks like a fault that is easily mended, and is not; and two faults in one night."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.faults.fault import Edit, Fault
from benchmarks.faults.kinds.bakery import FAULTS as SOURCES
from benchmarks.faults.kinds.bakery_runs import FAULTS as RUNS
from benchmarks.faults.troubles import locked

_BY_NAME = {fault.name: fault for fault in (*SOURCES, *RUNS)}


def _trap(name: str, label: str, title: str, *land: str, accept: tuple[str, ...] = ()) -> Fault:
    return Fault(f"bakery_{name}", label, title, "person", project="bakery", land=land, accept=accept)


TRAPS = (
    _trap(
        "few_rows_much_money", "DATA_QUALITY/NULL_VIOLATION",
        "four orders without a customer are worth as much as all others",
        "insert into raw.raw_orders select 5000 + i, null, strftime(timestamp '{now}' - interval 1 hour,"
        " '%Y-%m-%dT%H:%M:%S'), 1, 400000, 20000, 420000 from range(4) as r(i)",
    ),
    _trap(
        "renamed_and_recomputed", "SCHEMA_DRIFT/COLUMN_RENAMED",
        "order_total is called total_amount, and includes a tip of 50 cents",
        "alter table raw.raw_orders rename column order_total to total_amount",
        "update raw.raw_orders set total_amount = total_amount + 50",
        accept=("SCHEMA_DRIFT/COLUMN_REMOVED",),
    ),
    _trap(
        "renamed_and_rescaled", "SCHEMA_DRIFT/COLUMN_RENAMED",
        "subtotal is called subtotal_amount, and is in dollars",
        "alter table raw.raw_orders rename column subtotal to subtotal_amount",
        "alter table raw.raw_orders alter column subtotal_amount type double using subtotal_amount / 100.0",
        accept=("SCHEMA_DRIFT/COLUMN_REMOVED", "SCHEMA_DRIFT/TYPE_CHANGED"),
    ),
    _trap(
        "renamed_for_some_only", "SCHEMA_DRIFT/COLUMN_RENAMED",
        "name is gone; display_name is the name for most customers, and a nickname for the others",
        "alter table raw.raw_customers rename column name to display_name",
        "update raw.raw_customers set display_name = 'the ' || lower(split_part(display_name, ' ', 2))"
        " where id % 12 = 5",
        accept=("SCHEMA_DRIFT/COLUMN_REMOVED",),
    ),
    _trap(
        "text_with_a_rest", "SCHEMA_DRIFT/TYPE_CHANGED", "raw_products.price is text; one of ten reads free",
        "alter table raw.raw_products alter column price type varchar",
        "update raw.raw_products set price = 'free' where sku = 'BEV-009'",
        accept=("DATA_QUALITY/TYPE_COERCION_FAILURE",),
    ),
    _trap(
        "table_of_another_grain", "SCHEMA_DRIFT/TABLE_RENAMED",
        "raw_items is gone; raw_item_lines has one row for each product of an order, with a quantity",
        "create table raw.raw_item_lines as select min(id) as id, order_id, sku, count(*) as quantity"
        " from raw.raw_items group by order_id, sku",
        "drop table raw.raw_items",
    ),
    _trap(
        "orders_come_late", "DATA_QUALITY/REFERENTIAL_INTEGRITY",
        "tonight's items were landed, the orders that they belong to were not",
        "delete from raw.raw_orders where id > 855",
        accept=("DATA_QUALITY/VOLUME", "DATA_QUALITY/STALE"),
    ),
    _trap(
        "half_of_an_export", "DATA_QUALITY/VOLUME",
        "the export of customers was cut off; who ordered is no customer any more",
        "delete from raw.raw_customers where id > 120",
        accept=("DATA_QUALITY/REFERENTIAL_INTEGRITY",),
    ),
)  # fmt: skip

_RENAMED = _BY_NAME["bakery_name_renamed"]
_TYPO = _BY_NAME["bakery_typo_in_ref"]
_EMPTIED, _OLD_EXPORT = _BY_NAME["bakery_items_emptied"], _BY_NAME["bakery_old_export"]

TWO_AT_ONCE = (
    replace(
        _RENAMED, name="bakery_renamed_and_locked", expects="either",
        title="a renamed column, and a notebook has the database open while it is mended", heal=locked(5),
    ),
    replace(
        _TYPO, name="bakery_typo_and_renamed", expects="either",
        title="a typo in a commit, and behind it a renamed column",
        accept=(*_RENAMED.accept, _RENAMED.label), land=_RENAMED.land, mend=(*_TYPO.mend, *_RENAMED.mend),
    ),
    replace(
        _BY_NAME["bakery_price_as_text"], name="bakery_two_sources_at_once",
        title="a renamed column in one source and a changed type in another", expects="mend",
        accept=(_RENAMED.label, *_RENAMED.accept),
        land=(*_RENAMED.land, *_BY_NAME["bakery_price_as_text"].land),
        mend=(*_RENAMED.mend, *_BY_NAME["bakery_price_as_text"].mend),
    ),
    replace(
        _BY_NAME["bakery_few_bad_dates"], name="bakery_bad_rows_in_two_sources", expects="mend",
        title="four orders of no day, and five customers without an email",
        accept=("DATA_QUALITY/NULL_VIOLATION",), quarantine=None,
        land=(*_BY_NAME["bakery_few_bad_dates"].land, *_BY_NAME["bakery_few_customers_without_email"].land),
        mend=(*_BY_NAME["bakery_few_bad_dates"].mend, *_BY_NAME["bakery_few_customers_without_email"].mend),
    ),
    # What fails is easily mended; of what else is wrong nothing fails, and the mended run would publish it.
    replace(
        _TYPO, name="bakery_typo_beside_an_emptied_source", expects="person", mend=(),
        title="a typo in a commit, and the items are empty",
        accept=(*_TYPO.accept, _EMPTIED.label, *_EMPTIED.accept), land=_EMPTIED.land,
    ),
    replace(
        _RENAMED, name="bakery_renamed_beside_an_old_export", expects="person", mend=(),
        title="a renamed column in one source, and an export of last week in another",
        accept=(*_RENAMED.accept, _OLD_EXPORT.label, *_OLD_EXPORT.accept),
        land=(*_RENAMED.land, *_OLD_EXPORT.land),
    ),
)  # fmt: skip

# A commit that names what was never there: what was there before it builds green and is not what was wanted.
AHEAD = (
    Fault(
        "bakery_commit_ahead_of_its_model", "CODE/COMPILATION",
        "a new model reads ref('stg_loyalty_tiers'), which the next pull request brings", "person",
        project="bakery", wanted="price_band",
        accept=("CODE/MISSING_DEPENDENCY",),
        edits=(
            Edit(
                "models/marts/tiers.sql", None,
                "select tier, count(*) as members from {{ ref('stg_loyalty_tiers') }} group by tier\n",
            ),
        ),
    ),
)  # fmt: skip

FAULTS = (*TRAPS, *TWO_AT_ONCE, *AHEAD)
