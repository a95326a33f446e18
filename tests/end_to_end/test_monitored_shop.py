"""A shop that is watched: from raw tables to a build that stops at a bad day, as a person sees it."""

from __future__ import annotations

import json

import pytest

from tests.end_to_end.conftest import User

# Hundred orders a day until yesterday; the times are those of the clock, as in every real shop.
ORDERS = """
create schema if not exists raw_shop;
create or replace table raw_shop.orders as
select row_number() over () as id, moment as ordered_at, 20 + (n * 7 % 11) as amount
from (
    select current_date::timestamp - to_days((90 - day)::int) + to_seconds((n * 864 + 10)::int) as moment, n
    from range(90) days(day), range(100) orders(n)
) where {}
"""
YESTERDAY = "ordered_at >= current_date - 1"


@pytest.mark.long
def test_from_raw_tables_to_a_build_that_stops_at_a_bad_day(nobody: User):
    assert nobody.aidbt("init", ".", "--name", "shop").code == 0
    nobody.sql(ORDERS.format("moment < current_date - 1"))

    generated = nobody.aidbt("generate")
    assert generated.code == 0, generated.err
    assert "macros/aidbt/monitors.sql" in generated.out
    written = nobody.read("models/silver/shop/_shop__models.yml")
    assert [f"aidbt_{test}" in written for test in ("volume", "freshness", "mean")] == [True] * 3
    assert nobody.aidbt("generate", "--check").code == 0

    # Nothing of yesterday has come: the first look says so, and nothing is compared yet.
    first = nobody.aidbt("build")
    assert first.code == 0, first.out + first.err
    assert "data tests written, good until" in first.out
    assert "INC-1 opened: stg_shop__orders" in first.out
    assert "stg_shop__orders: 0 rows on" in first.out

    nobody.sql(ORDERS.format("true"))
    mended = nobody.aidbt("monitor", "run", "--output", "json")
    assert mended.code == 0, mended.out + mended.err
    assert [change["what"] for change in json.loads(mended.out)["incidents"]] == ["resolved"]

    nobody.sql(ORDERS.format("moment < current_date - 1 or n % 5 = 0"))
    stopped = nobody.aidbt("build")
    assert stopped.code == 1
    assert "aidbt_volume_stg_shop__orders" in stopped.out
    assert "INC-1 reopened: stg_shop__orders" in stopped.out
    assert "stg_shop__orders: 20 rows on" in stopped.out
    again = nobody.aidbt("monitor", "run")
    assert (again.code, "nothing new" in again.out or "nothing odd" in again.out) == (0, True), again.out
    shown = nobody.aidbt("incidents", "show", "1")
    assert shown.code == 0
    assert "20 rows on" in shown.out

    # dbt alone stops as well, without aidbt.
    assert nobody.aidbt("build", "--no-monitor").code == 1


@pytest.mark.long
def test_bad_input_gets_one_clear_answer(builder: User):
    assert builder.aidbt("monitor", "check").code == 0

    builder.aidbt("monitor", "check", "-s", "stg_crm__usres").assert_one_clear_error()
    builder.aidbt("monitor", "check", "--since", "yesterday").assert_one_clear_error()
    builder.aidbt("monitor", "run", "--manifest", "nowhere.json").assert_one_clear_error()
    builder.write("aidbt.yml", builder.read("aidbt.yml") + "\nmonitors: {timezone: Europe/Berln}\n")
    builder.aidbt("monitor", "run").assert_one_clear_error()
