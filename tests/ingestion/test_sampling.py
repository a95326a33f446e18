"""The quality sample: the same rows always, and findings only for what is there."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.findings import Severity
from aidbt.store import open_store
from ingestion import sampling
from ingestion.bronze.base import Destination
from ingestion.changes import CHANGE_FIELDS, TableChanges
from ingestion.sampling import QualitySample, in_sample, is_unusual

TO = Destination("bronze_shop", "orders", "shop", "orders", "log")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def changes(columns, *, key=("id",), op="c", committed_at=NOW, unchanged=None):
    table = pa.table(columns)
    height = table.num_rows
    own = [
        [op] * height,
        list(range(1, height + 1)),
        [1] * height,
        [NOW] * height,
        [committed_at] * height,
        [unchanged] * height,
    ]
    for field, values in zip(CHANGE_FIELDS, own, strict=True):
        table = table.append_column(field, pa.array(values, field.type))
    return TableChanges(TO, table, key, 1, height)


def sampled(changed, share):
    """The positions in the sample."""
    return changed.rows["_aidbt_position"].filter(in_sample(changed, share)).to_pylist()


def keys_of(*, kind, count=20_000):
    numbers = range(count)
    return {
        "int": pa.array(numbers, pa.int32()),
        "text": pa.array([f"order-{number}" for number in numbers]),
        "uuid": pa.array([number.to_bytes(16, "big") for number in numbers], pa.binary(16)),
        "date": pa.array(numbers, pa.date32()),
        "time": pa.array(numbers, pa.timestamp("us", tz="UTC")),
        "decimal": pa.array(numbers, pa.int64()).cast(pa.decimal128(38, 0)),
        "view": pa.array([f"order-{number}" for number in numbers], pa.string_view()),
    }[kind]


@pytest.mark.parametrize("kind", ["int", "text", "uuid", "date", "time", "decimal", "view"])
def test_about_as_many_rows_are_taken_as_asked_for(kind):
    rows = changes({"id": keys_of(kind=kind)})

    taken = len(sampled(rows, 0.01))

    assert 130 <= taken <= 280
    assert len(sampled(rows, 1)) == 20_000


@pytest.mark.parametrize(
    "key",
    [
        pa.array([[1, 2], None], pa.list_(pa.int64())),
        pa.array([{"a": 1}, {"a": None}]),
        pa.array([(1, 2, 3), None], pa.month_day_nano_interval()),
    ],
    ids=["list", "struct", "interval"],
)
def test_keys_of_any_type_can_be_sampled(key):
    assert sampled(changes({"id": key}), 1) == [1, 2]


def test_all_changes_of_a_key_are_taken_or_none():
    first, second = changes({"id": range(5000), "n": range(5000)}), changes({"id": range(0, 5000, 7)}, op="u")

    taken = {position - 1 for position in sampled(first, 0.1)}

    assert {(position - 1) * 7 for position in sampled(second, 0.1)} == taken & set(range(0, 5000, 7))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=8) | st.none(), min_size=1, max_size=50), st.data())
def test_a_row_is_taken_whatever_stands_beside_it(keys, data):
    whole = changes({"id": pa.array(keys, pa.string())})
    start = data.draw(st.integers(0, len(keys) - 1))
    part = TableChanges(TO, whole.rows.slice(start), ("id",), 1, len(keys) - start)

    assert sampled(part, 0.5) == [position for position in sampled(whole, 0.5) if position > start]


@pytest.mark.long
def test_the_same_rows_are_taken_in_every_process():
    code = (
        "from tests.ingestion.test_sampling import *;"
        "print(sampled(changes({'id': keys_of(kind='text', count=2000)}), 0.01))"
    )
    here = str(sampled(changes({"id": keys_of(kind="text", count=2000)}), 0.01))

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == here != "[]"


def test_a_table_without_a_key_is_sampled_by_position():
    rows = changes({"note": ["x"] * 20_000}, key=())

    assert 130 <= len(sampled(rows, 0.01)) <= 280


def looked_at(tmp_path, *offered, share=1.0):
    store = open_store(tmp_path / "state.db")
    with QualitySample(share, store, now=lambda: NOW) as sample:
        for one in offered:
            sample.offer(one)
    return [(f.code, f.where, f.severity) for f in sample.findings()]


def test_null_in_a_key_is_an_error(tmp_path):
    bad = changes({"id": pa.array([1, None, 3], pa.int64())})

    assert looked_at(tmp_path, bad) == [("ingest.key_null", "shop.orders.id", Severity.ERROR)]


def test_a_truncation_has_no_key(tmp_path):
    assert looked_at(tmp_path, changes({"id": pa.array([None], pa.int64())}, op="t")) == []


def test_a_commit_that_is_still_to_come_is_found(tmp_path):
    early = changes({"id": [1]}, committed_at=NOW + timedelta(seconds=30))
    late = changes({"id": [1]}, committed_at=NOW + timedelta(hours=1))

    assert looked_at(tmp_path, early) == []
    assert looked_at(tmp_path, late) == [("ingest.commit_in_future", "shop.orders", Severity.WARN)]


def test_a_share_of_null_is_compared_with_the_past_of_the_table(tmp_path):
    def day(nulls):
        return changes({"id": range(1000), "note": [None] * nulls + ["x"] * (1000 - nulls)})

    for nulls in (100, 120, 90):
        assert looked_at(tmp_path, day(nulls)) == []
    assert looked_at(tmp_path, day(150)) == []
    assert looked_at(tmp_path, day(600)) == [("ingest.null_share", "shop.orders.note", Severity.WARN)]


def test_rows_that_did_not_come_whole_say_nothing_about_null(tmp_path):
    whole = changes({"id": range(1000), "note": ["x"] * 1000})
    for _ in range(3):
        assert looked_at(tmp_path, whole) == []
    partly = changes({"id": range(1000), "note": [None] * 1000}, op="u", unchanged=["note"])
    gone = changes({"id": range(1000), "note": [None] * 1000}, op="d")

    assert looked_at(tmp_path, partly, gone) == []


@pytest.mark.parametrize(
    ("share", "past", "expected"),
    [
        (0.9, [0.1, 0.1], False),
        (0.9, [0.1, 0.1, 0.1], True),
        (0.15, [0.1, 0.1, 0.1], False),
        (0.9, [0.1, 0.9, 0.5], False),
        (0.0, [0.5, 0.5, 0.5], True),
    ],
)
def test_what_is_unusual(share, past, expected):
    assert is_unusual(share, 1000, past) is expected


def test_what_comes_too_fast_is_left_out_and_said(tmp_path, monkeypatch):
    monkeypatch.setattr(sampling, "_MOST_WAITING_BYTES", 10)

    assert looked_at(tmp_path, changes({"id": [1, 2]})) == [
        ("ingest.sample_left_out", "the stream", Severity.INFO)
    ]


def test_nothing_is_looked_at_when_nothing_is_asked_for(tmp_path):
    assert looked_at(tmp_path, changes({"id": pa.array([None], pa.int64())}), share=0.0) == []
