"""Lines that are read many at once are what each of them is when it is read alone, however odd they are."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.cdc.debezium.blocks import Block, blocks
from ingestion.cdc.debezium.columns import Columns
from ingestion.cdc.debezium.outcome import Read, Record
from ingestion.cdc.debezium.reader import EnvelopeReader
from ingestion.cdc.debezium.tables import Table
from ingestion.cdc.debezium.types import declared
from tests.ingestion.debezium_landing import envelope, text

TABLE = "public.orders"
TYPES = {
    name: declared(type_name) or {}
    for name, type_name in {
        "id": "int64", "small": "int16", "note": "text", "is_new": "boolean", "price": "decimal(10, 2)",
        "at": "MicroTimestamp",
    }.items()
}  # fmt: skip
# What may stand for a value: plain forms first, then odd ones and such that are of another type.
NUMBERS = ["7", "-12", "0", "null", "12345678", "123456789", "-0", "1e2", "1.0", "01", "-", "true", '"5"']
FORMS = {
    "id": [*NUMBERS, "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1" * 25],
    "small": [*NUMBERS, "32767", "32768", "-32768", "18446744073709551623"],
    "note": [
        '"a"', '"a longer text, with: signs"', "null", '""', '"é"', '",a"', '"}"', '"},{"', '"a\\nb"',
        '"\\u00e9"', '"\\ud83d\\ude00"', '"\\"source\\":{"', '"\\\\"', '"\\ud800"', '"\t"', "5", '"b"x',
        '"__debezium_unavailable_value"',
    ],
    "is_new": ["true", "false", "null", "0", '"true"', "tru", "nullx"],
    "price": ['"AeJA"', '"ASc="', "null", '"/w=="', '"AAAAAAAAAAE="', "1.25", "1.255", '"x"', '""', '"A==="'],
    "at": ["1700000000000000", "null", "-1", '"x"', "9223372036825200000"],
}  # fmt: skip
PLAIN = {name: st.sampled_from(forms[:4]) for name, forms in FORMS.items()}
ODD = {name: st.sampled_from(forms) for name, forms in FORMS.items()}


def row_of(values: Mapping[str, str], space: str = "") -> str:
    return "{" + f",{space}".join(f'"{name}":{space}{value}' for name, value in values.items()) + "}"


@st.composite
def odd_rows(draw):
    values = {name: draw(form) for name, form in ODD.items()}
    kind = draw(st.sampled_from(["as it is", "shuffled", "spaced", "short", "twice", "nested"]))
    if kind == "shuffled":
        values = {name: values[name] for name in draw(st.permutations(list(values)))}
    if kind == "short":
        del values[draw(st.sampled_from(list(values)[1:]))]
    if kind == "nested":
        values["note"] = '{"source":{"a":1}}'
    row = row_of(values, " " if kind == "spaced" else "")
    return row[:-1] + ',"id":7}' if kind == "twice" else row


plain_rows = st.fixed_dictionaries(PLAIN).map(row_of)
events = st.tuples(
    st.sampled_from("cccuudr"),
    plain_rows | plain_rows | odd_rows(),
    st.none() | plain_rows | odd_rows(),
    st.sampled_from(["\n"] * 6 + ["\r\n", " \n"]),
)


def line_of(number: int, operation: str, row: str, before: str | None, end: str) -> str:
    event = text(
        envelope(operation, 10_000 + number, {"it": "row"}, before={"it": "before"} if before else None)
    )
    if operation == "d":
        return event.replace('"before":{"it":"row"}', f'"before":{row}')[:-1] + end
    event = event.replace('"after":{"it":"row"}', f'"after":{row}')[:-1] + end
    return event.replace('"before":{"it":"before"}', f'"before":{before}')


def with_schema(line: str) -> str:
    schema = json.dumps({"type": "struct", "fields": [{"field": "after", "fields": SCHEMA}]})
    end = line[len(line.rstrip("\r\n ")) :]
    return f'{{"schema":{schema},"payload":{line.rstrip()}}}{end}'


SCHEMA = [{**described, "field": name} for name, described in TYPES.items()]


def reader() -> EnvelopeReader:
    found = EnvelopeReader(
        types=lambda _: TYPES, key=lambda _: ("id",), is_chosen=lambda _: True,
        unavailable="__debezium_unavailable_value",
    )  # fmt: skip
    found.tables.by_name[TABLE] = Table(Columns(1, TYPES, is_open=True), ("id",))
    return found


@pytest.fixture(scope="module")
def readers():
    both = reader(), reader()
    yield both
    for each in both:
        each.close()


def numbered(rows: pa.Table) -> pa.Table:
    """The rows, with numbers for times: Python has no infinite ones."""
    return pa.table(
        {
            name: column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
            for name, column in zip(rows.column_names, rows.columns, strict=True)
        }
    )


def told(reads: list[Read]) -> tuple[list[str], list[tuple[int, str]]]:
    """The rows by their position, and the place and cause of each dead letter."""
    rows = [row for read in reads for piece in read.pieces for row in numbered(piece.rows).to_pylist()]
    letters = [
        (letter.place, letter.cause) for read in reads for found in read.letters.values() for letter in found
    ]
    return [repr(row) for row in sorted(rows, key=lambda row: row["_aidbt_position"])], sorted(letters)


def read_in_blocks(by: EnvelopeReader, text: bytes) -> tuple[list[str], list[tuple[int, str]]]:
    """What lines are that come as those of a file do."""
    reads, size_bytes = [], 0
    for block in blocks(io.BytesIO(text), "f", by.schemas):
        size_bytes += block.size_bytes
        reads.append(by.read(block, "f", sum(read.lines for read in reads) + 1))
    assert size_bytes == len(text)
    return told(reads)


def check(readers, lines: list[str]) -> None:
    many, alone = readers
    text = "".join(lines).encode()

    at_once = told([many.read(Block(bytearray(text)), "f", 1)])
    with_schemas_cut_off = read_in_blocks(many, text)

    records = [
        Record("f", place, line.encode().removesuffix(b"\n")) for place, line in enumerate(lines, start=1)
    ]
    assert at_once == with_schemas_cut_off == told([alone.read_records(records)])


@settings(max_examples=15, deadline=None)
@given(st.lists(events, min_size=1, max_size=40), st.booleans())
def test_odd_lines_among_plain_ones(readers, given_events, has_schema):
    lines = [line_of(number, *event) for number, event in enumerate(given_events)]
    check(readers, [*map(with_schema, lines)] if has_schema else lines)


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@given(st.lists(events, min_size=1, max_size=300), st.booleans())
def test_many_odd_lines_among_plain_ones(readers, given_events, has_schema):
    lines = [line_of(number, *event) for number, event in enumerate(given_events)]
    check(readers, [*map(with_schema, lines)] if has_schema else lines)


def test_a_few_odd_lines_in_a_long_block_leave_the_others_alike(readers):
    plain = row_of({name: forms[0] for name, forms in FORMS.items()})
    lines = [
        line_of(number, "cu"[number % 2], plain, plain if number % 2 else None, "\n") for number in range(400)
    ]
    for number in (0, 100, 257, 300, 399):
        odd = row_of({name: forms[number % len(forms)] for name, forms in FORMS.items()})
        lines[number] = line_of(number, "u", odd, plain, "\n")

    check(readers, lines)


def test_a_line_with_two_sources_is_none_wherever_they_stand(readers):
    plain = row_of({name: forms[0] for name, forms in FORMS.items()})
    lines = [line_of(number, "c", plain, None, "\n") for number in range(400)]
    twice = '"transaction":null,"source":{"lsn":1}'
    for number in range(200):  # so many that tails of their length are looked for
        lines[2 * number] = lines[2 * number].replace('"transaction":null', twice)
    lines[301] = lines[301].replace(',"source":{', ',"source":{"lsn":2},"source":{', 1)

    check(readers, lines)


def test_bytes_that_are_no_text_spoil_their_own_line_only(readers):
    plain = row_of({name: forms[0] for name, forms in FORMS.items()})
    lines = [line_of(number, "c", plain, None, "\n").encode() for number in range(300)]
    lines[70] = lines[70].replace(b'"note":"a"', b'"note":"\xff"')
    lines[299] = lines[299].replace(b'"name":"shop"', b'"name":"sh\xc3"')

    rows, letters = told([readers[0].read(Block(bytearray(b"".join(lines))), "f", 1)])

    assert (len(rows), letters) == (298, [(71, "invalid_utf8"), (300, "invalid_utf8")])
