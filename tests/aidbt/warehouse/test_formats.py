"""How a text reads is the same whether DuckDB or Python reads it."""

from __future__ import annotations

import json

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from aidbt.warehouse.formats import FORMATS, format_test

EXAMPLES = {
    "integer": (["0", "-7", "+12", "9" * 40], ["", "1.0", "1e3", "١", "7\n", " 7", "--1"]),
    "decimal": (["1.5", ".5", "1.", "-2.5e-3", "+1.0E10"], ["1", ".", "1,5", "1.5\n", "e5", "1.5e"]),
    "date": (["2024-01-31", "2024/1/3", "31.12.2024", "1-1-2024"], ["24-01-31", "2024-01-31 ", "2024-01-3x"]),
    "timestamp": (
        ["2024-01-31T10:00", "2024-01-31 10:00:00.5+02:00"],
        ["2024-01-31", "2024-01-31 10:00\n", "2024-1-31 10:00"],
    ),
    "boolean": (["true", "T", "No", "y"], ["", "1", "on", "wahr", "true "]),
    "json": (
        ["{}", "[1, 2]", '  {"a": [null, 1.5e3, "\\u00e9"]}', "[]"],
        ["1", '"text"', "{", "{'a': 1}", "null", "\n[]", "[" * 5000],
    ),
}


def read_by_duckdb(names: list[str], texts: list[str]) -> list[list[bool]]:
    """Whether each text reads as a format, by format."""
    tests = [exp.replace_placeholders(format_test(name), c=exp.column("c")) for name in names]
    query = exp.select(*tests).from_("t")
    with duckdb.connect() as connection:
        connection.execute("create table t as select unnest($1::varchar[]) as c", [texts])
        rows = connection.execute(query.sql("duckdb")).fetchall()
    return [[bool(row[place]) for row in rows] for place in range(len(names))]


@pytest.mark.parametrize("name", FORMATS)
def test_both_read_the_same(name: str):
    reads, does_not = EXAMPLES[name]

    for texts, expected in ((reads, True), (does_not, False)):
        assert list(map(FORMATS[name].reads, texts)) == [expected] * len(texts)
        assert read_by_duckdb([name], texts) == [[expected] * len(texts)]


def test_nan_is_no_json():
    """DuckDB is lax with NaN and with commas at the end; the warehouses whose texts are read here are not."""
    assert not FORMATS["json"].reads("[NaN]")
    assert not FORMATS["json"].reads("[1,]")
    assert not FORMATS["json"].reads('{"a": -Infinity}')


PLAIN = st.text(st.sampled_from("0123456789+-.:/TZe truefalsnoy,"), max_size=24)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="ascii"), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=30, deadline=None)
@given(texts=st.lists(PLAIN | VALUES.map(json.dumps), min_size=1, max_size=40))
def test_both_read_any_text_the_same(texts: list[str]):
    found = read_by_duckdb(list(FORMATS), texts)

    for (name, form), by_duckdb in zip(FORMATS.items(), found, strict=True):
        assert list(map(form.reads, texts)) == by_duckdb, name
