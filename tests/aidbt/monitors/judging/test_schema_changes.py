"""What changed of a table's columns."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidbt.monitors.judging.schema_changes import schema_anomalies, schema_changes

BEFORE = {"id": "BIGINT", "amount": "DECIMAL(10,2)", "note": "VARCHAR", "day": "DATE"}
DAY = datetime(2026, 11, 20)


def kinds(after: dict[str, str], **others) -> dict[str, str]:
    return {c.column: c.kind for c in schema_changes(BEFORE, after, dialect="duckdb", **others)}


def test_each_change_is_classified():
    after = {"amount": "DECIMAL(18,2)", "id": "INTEGER", "note": "BLOB", "total": "DOUBLE"}

    assert kinds(after) == {
        "day": "removed", "id": "narrower", "amount": "wider", "note": "retyped", "total": "added"
    }  # fmt: skip


def test_another_order_and_other_words_for_a_type_are_no_change():
    assert kinds({"day": "date", "note": "text", "amount": "numeric(10, 2)", "id": "int8"}) == {}


def test_a_rename_is_what_the_one_who_knows_says():
    after = {"id": "BIGINT", "amount": "DECIMAL(10,2)", "remark": "VARCHAR", "day": "DATE"}

    assert kinds(after) == {"note": "removed", "remark": "added"}
    assert kinds(after, renames=lambda gone, came: [("note", "remark")]) == {"note": "renamed"}


@pytest.mark.parametrize(("before", "after"), [({}, BEFORE), (BEFORE, {})])
def test_where_nothing_is_known_nothing_is_said(before: dict[str, str], after: dict[str, str]):
    assert schema_changes(before, after) == []


def test_a_new_column_is_no_anomaly_and_what_breaks_readers_is_the_worst():
    changes = schema_changes(BEFORE, {**BEFORE, "note": "BLOB", "new": "DATE", "id": "HUGEINT"})
    found = schema_anomalies("model.shop.orders", [*changes, *schema_changes(BEFORE, {"id": "BIGINT"})], DAY)

    assert [(a.monitor.column, a.evidence["change"], a.score >= 6) for a in found] == [
        ("id", "wider", False), ("note", "retyped", True), ("amount", "removed", True),
        ("note", "removed", True), ("day", "removed", True),
    ]  # fmt: skip
    assert found[0].message == "orders: column id is HUGEINT, was BIGINT (wider)"
    assert all(a.is_certain and a.start == DAY for a in found)


TYPES = st.sampled_from(["INTEGER", "BIGINT", "VARCHAR", "DATE", "DOUBLE"])
COLUMNS = st.dictionaries(st.sampled_from("abcdef"), TYPES, min_size=1)


@given(COLUMNS, COLUMNS)
def test_every_column_that_differs_is_told_once_and_no_other(before: dict[str, str], after: dict[str, str]):
    told = [change.column for change in schema_changes(before, after)]

    differs = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert sorted(told) == sorted(differs)
