"""Tails that are alike are ordered as if each had been parsed, and nothing else is taken for alike."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.cdc.debezium.alike import order_alike, place_of
from ingestion.cdc.debezium.blocks import Block
from ingestion.cdc.debezium.cutting import cut
from ingestion.cdc.debezium.positions import Orderer, log_of
from ingestion.cdc.debezium.schemas import Schemas
from tests.ingestion.debezium_landing import envelope, source_of, text

# Numbers of five digits, so that all tails are of one length.
EVENTS = st.tuples(st.sampled_from("rcud"), st.integers(10_000, 99_000), st.integers(10_000, 99_999))


@pytest.fixture(scope="module")
def orderer():
    found = Orderer()
    yield found
    found.close()


def alike(events):
    """(which, their order as bytes tell it, the lines) of events, the first of which is known."""
    lines = cut(Block(bytearray("".join(map(text, events)).encode())), Schemas())
    which = np.flatnonzero(lines.tails_at >= 0)
    lines.seam(which)
    first = lines.tails(which[:1])[0].as_py().encode()
    rows, order = order_alike(lines.block, *lines.tail_places(which), {place_of(first): "public.orders"})
    return rows, order, lines, which


@settings(max_examples=30, deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=4), st.booleans())
def test_they_are_ordered_as_if_parsed(orderer, kinds, is_first):
    events = [
        envelope(
            operation,
            position + number % 7,
            {"id": number},
            sequence=f'[null,"{position}"]' if is_first else f'["{before}","{position}"]',
        )
        for number in range(70)
        for operation, position, before in kinds
    ]

    rows, order, lines, which = alike(events)

    parsed = orderer.order(lines.tails(which), log_of(source_of(1))).take(rows)
    assert len(rows) == len(events)
    assert order.columns.to_pylist() == parsed.columns.to_pylist()


@pytest.mark.parametrize(
    "change",
    [
        {"table": "Orders"},
        {"name": "shoq"},
        {"lsn": "12345"},
        {"xmin": 1234},
        {"sequence": '["12x45","12345"]'},
    ],
    ids=str,
)
def test_what_differs_in_more_than_its_numbers_is_left_to_the_parser(change):
    events = [envelope("c", 12_345, {"id": number}) for number in range(100)]
    events[50] = {**events[50], "source": {**events[50]["source"], **change}}

    rows, _, _, _ = alike(events)

    assert 50 not in rows


def test_text_that_is_no_json_is_left_to_the_parser():
    line = text(envelope("c", 12_345, {"id": 1}))
    broken = line.replace('"transaction":null', '"transaction":nall')
    assert json.loads(line)

    block = Block(bytearray((broken * 100).encode()))
    lines = cut(block, Schemas())
    which = np.arange(100)
    lines.seam(which)
    first = lines.tails(which[:1])[0].as_py().encode()

    rows, order = order_alike(lines.block, *lines.tail_places(which), {place_of(first): "public.orders"})
    assert (len(rows), order) == (0, None)
