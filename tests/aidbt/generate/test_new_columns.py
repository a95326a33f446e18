"""Columns that came to a table: mapped where it is sure, for the target that waited for one, and no more."""

from __future__ import annotations

import pytest

import aidbt
from aidbt.generate.new_columns import Extended, with_new_columns
from aidbt.mapping.files import load_mappings

TARGET = """\
name: customers
sources: [raw_crm.customers]
columns:
  - {name: customer_id, type: BIGINT}
  - {name: loyalty_tier, type: VARCHAR}
  - {name: birth_date, type: DATE}
"""
CUSTOMERS = """
create schema raw_crm;
create table raw_crm.customers as
    select i as customer_id, date '2024-01-01' + i::int as signed_up from range(60) r(i);
"""
TIER = """
alter table raw_crm.customers add column loyalty_tier varchar;
update raw_crm.customers set loyalty_tier = case customer_id % 2 when 0 then 'gold' else 'silver' end;
"""
KEY = "crm.customers"


@pytest.fixture
def with_target(shop):
    shop.write("aidbt/targets/customers.yml", TARGET.replace("raw_crm", "crm"))
    shop.sql(CUSTOMERS)
    shop.generate()
    return shop


def extended(shop, *keys: str) -> Extended:
    session = aidbt.open(shop.root)
    try:
        return with_new_columns(session.project, session.settings, session.warehouse, session.profiles, keys)
    finally:
        session.close()


def decided(shop) -> dict[str, tuple]:
    return {c.target: (c.sources, c.status) for c in load_mappings(shop.root)[KEY].columns}


def test_a_target_that_waited_for_a_source_gets_the_column_that_came(with_target):
    assert decided(with_target)["loyalty_tier"] == ((), "review")
    with_target.sql(TIER)

    found = extended(with_target, KEY)

    assert [(c.target, c.sources, c.status) for c in found.made[KEY]] == [
        ("loyalty_tier", ("loyalty_tier",), "accepted")
    ]
    assert not found.left and found.plan is not None
    texts = {edit.path: edit.after or "" for edit in found.plan.patch.edits}
    assert "loyalty_tier" in texts["models/silver/crm/stg_crm__customers.sql"]
    assert decided(with_target)["loyalty_tier"] == ((), "review")  # nothing is written


def test_generating_finds_it_as_well_and_decides_nothing_else_anew(with_target):
    before = decided(with_target)
    with_target.sql(TIER)

    with_target.generate()

    now = decided(with_target)
    assert now.pop("loyalty_tier") == (("loyalty_tier",), "accepted")
    assert now == {target: was for target, was in before.items() if target != "loyalty_tier"}


def test_a_column_that_fits_none_of_the_target_for_certain_is_left_to_a_person(with_target):
    with_target.sql("alter table raw_crm.customers add column zz_flag boolean")

    found = extended(with_target, KEY)

    assert (found.made, found.plan) == ({}, None)
    assert found.left == {KEY: "no column of its target is made of them for certain"}


def test_without_a_target_each_gets_its_name_by_rule_and_generating_adds_nothing(shop):
    shop.sql(CUSTOMERS)
    shop.generate()
    shop.sql('alter table raw_crm.customers add column "paidDate" date')

    found = extended(shop, KEY)
    (made,) = found.made[KEY]
    assert (made.target, made.sources) == ("paid_date", ("paidDate",))
    shop.generate()

    assert found.plan is not None
    written = {edit.path: edit.after for edit in found.plan.patch.edits}
    assert written == {path: shop.read(path) for path in written}


def test_a_table_of_which_more_changed_is_left_as_it_is(shop):
    shop.sql(CUSTOMERS)
    shop.generate()
    shop.sql(
        "alter table raw_crm.customers add column paid date;"
        "alter table raw_crm.customers alter signed_up type varchar"
    )

    found = extended(shop, KEY)

    assert found.plan is None and list(found.left) == [KEY]
