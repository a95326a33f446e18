"""Decimals that came without a schema block: said once, with what to do, and never of other texts."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.cdc.debezium.encoded import FEWEST, looks_encoded
from ingestion.changes import BatchLimits
from tests.ingestion.debezium_landing import envelope, read, text


def encoded(number: int, length: int = 1) -> str:
    """A number as Java's BigInteger gives its bytes, or in `length` bytes where that is more, in base64."""
    size = max((number if number >= 0 else -number - 1).bit_length() // 8 + 1, length)
    return base64.b64encode(number.to_bytes(size, "big", signed=True)).decode()


@settings(max_examples=40, deadline=None)
@given(st.sets(st.integers(-30_000, 30_000), min_size=FEWEST, max_size=60))
def test_numbers_of_one_or_two_bytes_look_encoded(numbers):
    assert looks_encoded([encoded(number) for number in numbers])


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([2, 4, 5, 8]), st.sets(st.integers(-30_000, 30_000), min_size=5, max_size=60))
def test_numbers_of_one_length_look_encoded_also_when_they_are_few(length, numbers):
    assert looks_encoded([encoded(number, length) for number in numbers])


@pytest.mark.parametrize(
    "values",
    [
        ["true", "null", "abcd", "paid", "sent", "open"] * 10,
        [f"{number:08}" for number in range(100)],
        [f"AB{number:02}" for number in range(100)],
        [hashlib.md5(str(number).encode()).hexdigest()[:16] for number in range(100)],
        [base64.b64encode(hashlib.md5(str(number).encode()).digest()).decode() for number in range(100)],
        [encoded(number) for number in range(-100, 100)] + ["n/a"],
        [encoded(number) for number in range(4)],
        ["a/bc", "paid", "sent", "open", "done", "void"],
        ["/w=="] * 100,
        [base64.b64encode(hashlib.md5(str(n).encode()).digest()[:8]).decode() for n in range(300)],
    ],
    ids=[
        "words",
        "numbers",
        "codes",
        "hex",
        "digests",
        "one that is none",
        "few",
        "few words",
        "one value",
        "identifiers",
    ],
)
def test_other_texts_do_not(values):
    assert not looks_encoded(values)


def lines(amounts, *, first=1):
    return "".join(
        text(envelope("c", n, {"id": n, "amount": amount, "note": f"n{n}"}))
        for n, amount in enumerate(amounts, start=first)
    )


def test_a_column_that_looks_encoded_is_said_once_with_the_setting_that_mends_it(tmp_path):
    file = tmp_path / "orders.ndjson"
    file.write_text(lines(encoded(number) for number in range(300)))

    batches = read(file, limits=BatchLimits(events=50))

    (finding,) = [finding for batch in batches for finding in batch.findings]
    assert (finding.code, finding.severity) == ("debezium.looks_encoded", "warn")
    assert finding.where == "shop: public.orders.amount"
    assert 'types: {public.orders: {amount: "decimal(12, 2)"}}' in finding.message


def test_a_column_whose_type_is_declared_is_not_looked_at(tmp_path):
    file = tmp_path / "orders.ndjson"
    file.write_text(lines(encoded(number) for number in range(300)))

    for declared in ("decimal(12, 2)", "text"):
        batches = read(file, types={"orders": {"amount": declared}})
        assert not [finding for batch in batches for finding in batch.findings]
