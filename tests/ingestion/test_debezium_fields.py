"""Rows that are alike, read without a parser: the same columns as with one, or none at all."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.cdc.debezium.fields import read_fields

TYPES = {
    "id": pa.int64(),
    "small": pa.int16(),
    "name": pa.string(),
    "größe": pa.int32(),
    "is_new": pa.bool_(),
    "nothing": pa.string(),
}


def texts(*rows: str) -> pa.LargeBinaryArray:
    return pa.array([row.encode() for row in rows], pa.large_binary())


def read(*rows: str, types: dict[str, pa.DataType] = TYPES) -> list[dict[str, object] | None]:
    """Each row as it is read; None for one that is left to the parser."""
    fields = read_fields(texts(*rows), types)
    found: list[dict[str, object] | None] = [None] * len(rows)
    if fields is not None:
        for number, row in zip(fields.which, pa.table(fields.columns).to_pylist(), strict=True):
            found[number] = row
    return found


def written(row: dict[str, object]) -> str:
    return json.dumps(row, separators=(",", ":"), ensure_ascii=False)


def integers(bits: int) -> st.SearchStrategy[int]:
    ends = [0, 9, 10, 99_999_999, 100_000_000, 10**16 - 1, 10**16, 2 ** (bits - 1) - 1]
    within = [sign * end for end in ends for sign in (1, -1) if end < 2 ** (bits - 1)]
    return st.sampled_from(within) | st.integers(1 - 2 ** (bits - 1), 2 ** (bits - 1) - 1)


plain_texts = st.text(st.characters(codec="utf-8", exclude_characters='"\\', exclude_categories=["Cc"])) | (
    st.sampled_from(["", "null", "true", "1", ',"name":', "}{", "{},:"]).filter(lambda text: '"' not in text)
)
rows = st.fixed_dictionaries(
    {
        "id": integers(64),
        "small": st.none() | integers(16),
        "name": st.none() | plain_texts,
        "größe": st.none() | integers(32),
        "is_new": st.none() | st.booleans(),
        "nothing": st.none(),
    }
).map(lambda row: {name: row[name] for name in TYPES})  # all in one order


@settings(max_examples=60, deadline=None)
@given(st.lists(rows, min_size=1, max_size=12))
def test_rows_that_are_alike_are_read_as_they_are(given_rows):
    assert read(*map(written, given_rows)) == given_rows


@settings(max_examples=120, deadline=None)
@given(st.lists(rows, min_size=2, max_size=4), st.data())
def test_a_byte_that_is_changed_is_read_as_a_parser_reads_it_or_not_at_all(given_rows, data):
    lines = [written(row) for row in given_rows] * 2
    number = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines[number]) - 1))
    letter = data.draw(st.sampled_from('"\\,:{}[]0189-+.eEntf x\n\t'))
    lines[number] = lines[number][:place] + letter + lines[number][place + 1 :]

    found = read(*lines)

    for line, row in zip(lines, found, strict=True):
        if row is not None:
            parsed = dict.fromkeys(TYPES) | json.loads(line)
            # By `repr`, in which 1 and True differ.
            assert repr({name: row[name] for name in TYPES}) == repr(parsed)


@pytest.mark.parametrize(
    "odd",
    [
        '{"id":2,"name":"b","id":3}',
        '{"name":"b","id":2}',
        '{"id":2}',
        '{"id":2,"name":"b","more":1}',
        '{"id":02,"name":"b"}',
        '{"id":0x2,"name":"b"}',
        '{"id":+2,"name":"b"}',
        '{"id":-,"name":"b"}',
        '{"id":,"name":"b"}',
        '{"id":2.0,"name":"b"}',
        '{"id":2e3,"name":"b"}',
        '{"id":"2","name":"b"}',
        '{"id":true,"name":"b"}',
        '{"id":9223372036854775808,"name":"b"}',
        '{"id":18446744073709551618,"name":"b"}',
        '{"id":2,"name":b}',
        '{"id":2,"name":nul}',
        '{"id":2,"name":nullnull}',
        '{"id":2,"name":1}',
        '{"id":2,"name":"b""}',
        '{"id":2,"name":"b"}}',
        '{"id":2,"name":"b"},{}',
        '{"id":2,"name":"b"',
        '{"id":2,"name":"b',
        '{"id":2,"name":"b\\n"}',
        '{"id":2,"name":"b\t"}',
        '{"id": 2,"name":"b"}',
        '{"id":2 ,"name":"b"}',
        "null",
        "{}",
        "",
    ],
)
@pytest.mark.parametrize("place", [0, 1, 4])
def test_a_row_that_looks_otherwise_is_left_to_the_parser_and_its_neighbours_are_not(odd, place):
    rows = [{"id": 1, "name": "a"}, {"id": 3, "name": None}, {"id": -5, "name": ",}{"}, {"id": 0, "name": ""}]
    given_rows = [written(row) for row in rows]
    given_rows.insert(place, odd)

    found = read(*given_rows, types={"id": pa.int64(), "name": pa.string()})

    assert found.pop(place) is None
    assert found == rows or (place == 0 and found == [None] * len(rows))  # the first row says the columns


@pytest.mark.parametrize("kind", [pa.float64(), pa.list_(pa.int64()), pa.struct([("a", pa.int64())])])
def test_columns_of_other_types_are_left_to_the_parser(kind):
    assert read('{"id":1,"other":null}', types={"id": pa.int64(), "other": kind}) == [None]


def test_a_number_that_its_type_cannot_hold_is_left_to_the_parser():
    assert read('{"id":32768}', types={"id": pa.int16()}) == [None]
    assert read('{"id":32767}', types={"id": pa.int16()}) == [{"id": 32767}]


def test_a_column_that_no_row_names_is_null():
    assert read('{"id":1}', '{"id":2}', types={"id": pa.int64(), "name": pa.string()}) == [
        {"name": None, "id": 1},
        {"name": None, "id": 2},
    ]
