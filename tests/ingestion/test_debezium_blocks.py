"""What is cut off from lines as they are read is constant, and each line can be had back byte for byte."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.cdc.debezium import blocks as module
from ingestion.cdc.debezium.blocks import blocks
from ingestion.cdc.debezium.cutting import cut
from ingestion.cdc.debezium.schemas import Schemas
from tests.ingestion.debezium_landing import envelope, text

SCHEMAS = [json.dumps({"type": "struct", "fields": [], "name": name}) for name in ("a", "b", "é" * 70)]
PAYLOADS = st.sampled_from(
    [
        text(envelope("c", 50, {"id": 1, "note": "}\\n"})).rstrip("\n"),
        text(envelope("d", 51, {"id": 1}, before={"id": 1})).rstrip("\n"),
        *("null", "", "{}", "[]", '{"before":', "}", '{"before":null,"after":{"id":7}}'),
    ]
)
WRAPPED = st.builds(
    lambda schema, payload, end: f'{{"schema":{schema},"payload":{payload}{end}',
    st.sampled_from([*SCHEMAS, "null", "{", "7"]),
    PAYLOADS,
    st.sampled_from(["}"] * 5 + ["} ", "}\r", "", ',"x":1}', "}}"]),
)
KEYED = st.builds(lambda value: f'{{"key":{{"id":1}},"value":{value}}}', WRAPPED)
LINES = st.lists(WRAPPED | WRAPPED | PAYLOADS | KEYED, min_size=1, max_size=60)


@pytest.fixture(scope="module", autouse=True)
def small_pieces():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_PIECE_BYTES", 700)
        patch.setattr(module, "_BLOCK_BYTES", 2000)
        patch.setattr(module, "_LARGEST_BLOCK_BYTES", 4000)
        yield


def read_again(content: bytes) -> tuple[list[bytes], int, list[tuple[int, int]]]:
    """The lines put together again, the bytes they say they were, and (lines, cut ones) of each block."""
    schemas, found, size_bytes, counts = Schemas(), [], 0, []
    for block in blocks(io.BytesIO(content), "f", schemas):
        size_bytes += block.size_bytes
        lines = cut(block, schemas)
        lines.seam((lines.tails_at >= 0).nonzero()[0])
        found += [lines.raw(number) for number in range(len(lines))]
        counts.append((len(lines), len(block.places)))
    return found, size_bytes, counts


@settings(max_examples=60, deadline=None)
@given(LINES, st.booleans())
def test_every_line_comes_back_as_it_was(lines, is_complete):
    content = "\n".join(lines).encode() + b"\n" * is_complete
    complete = content[: content.rfind(b"\n") + 1]

    found, size_bytes, _ = read_again(content)

    assert (found, size_bytes) == (complete.split(b"\n")[:-1], len(complete))


def test_only_the_schema_block_in_front_of_a_whole_envelope_is_cut_off():
    event = text(envelope("c", 50, {"id": 1})).rstrip("\n")
    lines = [f'{{"schema":{SCHEMAS[n % 2]},"payload":{event}}}' for n in range(40)]
    lines[7] += " "
    lines[8] = lines[8].replace('"schema":', '"schema": ')

    found, _, counts = read_again("".join(f"{line}\n" for line in lines).encode())

    assert [line.decode() for line in found] == lines
    assert (sum(count for count, _ in counts), sum(cut_ones for _, cut_ones in counts)) == (40, 38)
    assert len(counts) > 3


def test_deletes_wait_for_what_follows_them_when_their_schema_block_is_cut_off_too():
    def wrapped(operation: str, number: int) -> str:
        event = text(envelope(operation, number, {"id": number})).rstrip("\n")
        return f'{{"schema":{SCHEMAS[0]},"payload":{event}}}\n'

    content = "".join(wrapped("d", n) + wrapped("c", n) for n in range(50)).encode()

    found, size_bytes, counts = read_again(content)

    assert (b"".join(line + b"\n" for line in found), size_bytes) == (content, len(content))
    assert len(counts) > 5
    assert all(count % 2 == 0 for count, _ in counts)
