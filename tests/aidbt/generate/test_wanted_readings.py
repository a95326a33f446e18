"""Columns of a declared target whose cast loses values, read as what every row proves."""

from __future__ import annotations

import re

import duckdb
import pytest

import aidbt
from aidbt.core.schema import MappedColumn
from aidbt.mapping.files import load_mappings
from aidbt.mapping.queue import accept_all

TARGET = """\
name: person
sources: [crm.people]
columns:
  - {name: person_id, type: bigint}
  - {name: birth_date, type: date}
"""
PEOPLE = """
create schema raw_crm;
create table raw_crm.people as
    select i as id, WRITTEN as birth_dt from range(300) r(i), lateral (
        select date '1950-01-01' + cast((i * 37) % 18000 as int) as day
    );
"""


def decided(shop, written: str) -> MappedColumn:
    """What becomes of the birth date that is written by an expression over `day`."""
    shop.write("aidbt/targets/person.yml", TARGET)
    shop.sql(PEOPLE.replace("WRITTEN", written))
    shop.generate()
    return birth_date(shop)


def birth_date(shop) -> MappedColumn:
    columns = load_mappings(shop.root)["crm.people"].columns
    return next(column for column in columns if column.target == "birth_date")


def test_personal_dates_in_one_order_are_proposed_to_be_read_in_it(shop):
    found = decided(shop, "strftime(day, '%d.%m.%Y')")

    session = aidbt.open(shop.root)
    (profile,) = session.profiles.with_columns({"crm.people": ["birth_dt"]}).values()
    session.close()
    assert profile.column("birth_dt").pii and not profile.column("birth_dt").top_values
    assert found.expression == "cast(strptime(birth_dt, '%d.%m.%Y') as date)"
    assert (found.status, found.by, found.sources, found.cast) == ("review", "aidbt", ("birth_dt",), None)
    assert (found.score or 0) > 0.5
    assert found.note.startswith("300 of 300 can begin with the day, ")
    assert not re.search(r"\d\d\.\d\d\.\d{4}", shop.read("aidbt/mappings/crm__people.yml"))


def test_what_is_proposed_can_be_accepted_and_builds_a_date(shop):
    decided(shop, "strftime(day, '%d.%m.%Y')")
    accept_all(shop.root, ["crm.people.birth_date"])
    shop.generate()

    with duckdb.connect(str(shop.database)) as connection:
        sql = birth_date(shop).expression
        (lost,) = connection.sql(f"select count(*) - count({sql}) from raw_crm.people").fetchall()[0]
    assert (birth_date(shop).status, lost) == ("accepted", 0)


def test_dates_that_may_be_read_in_two_orders_wait_with_both_said(shop):
    found = decided(shop, "strftime(date '1950-01-05' + cast(i % 7 as int), '%d/%m/%Y')")

    assert found.expression is None
    assert found.needs_expression
    for form in ("'%d/%m/%Y'", "'%m/%d/%Y'"):
        assert f"strptime(birth_dt, {form})" in found.note


def test_what_is_no_date_stays_as_it_was_matched(shop):
    found = decided(shop, "'about ' || strftime(day, '%Y')")

    assert found.expression is None
    assert "strptime" not in found.note


@pytest.mark.parametrize("written", ["strftime(day, '%Y-%m-%d')", "day"])
def test_what_a_cast_carries_over_gets_no_expression(shop, written):
    assert decided(shop, written).expression is None


def test_a_second_run_asks_the_rows_nothing_again_and_changes_nothing(shop, monkeypatch):
    decided(shop, "strftime(date '1950-01-05' + cast(i % 7 as int), '%d/%m/%Y')")
    monkeypatch.setattr("aidbt.generate.questions.wanted.look", None)

    assert not shop.generate().patch.edits


def test_a_column_that_the_target_declares_later_is_read_so_too(shop):
    decided(shop, "strftime(day, '%d.%m.%Y')")
    shop.sql("alter table raw_crm.people add column hired_dt text")
    shop.sql("update raw_crm.people set hired_dt = birth_dt")
    shop.write("aidbt/targets/person.yml", f"{TARGET}  - {{name: hired_date, type: date}}\n")

    shop.generate()

    hired = load_mappings(shop.root)["crm.people"].columns[-1]
    assert (hired.target, hired.expression) == (
        "hired_date",
        "cast(strptime(hired_dt, '%d.%m.%Y') as date)",
    )
