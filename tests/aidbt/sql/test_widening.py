"""Which types hold every value of another."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from aidbt.sql.widening import widens

SIGNED = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"]
INTEGERS = [*SIGNED, "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"]
NUMBERS = [*INTEGERS, "FLOAT", "DOUBLE", "DECIMAL(10,0)", "DECIMAL(18,4)", "DECIMAL(38,0)"]


def limits(integer: str) -> list[int]:
    """The smallest and the largest value."""
    sizes = {"TINYINT": 8, "SMALLINT": 16, "INTEGER": 32, "BIGINT": 64, "HUGEINT": 128}
    bits = sizes[integer.removeprefix("U")]
    return [0, 2**bits - 1] if integer.startswith("U") else [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


@pytest.mark.parametrize("old", INTEGERS)
def test_an_integer_type_is_widened_exactly_where_duckdb_keeps_its_limits(connection, old):
    low, high = limits(old)
    ends = [low, high - 1, high]

    def keeps(new: str) -> bool:
        there_and_back = f"try_cast(try_cast(?::{old} as {new}) as {old})"
        return all(
            connection.execute(f"values ({there_and_back})", [end]).fetchone() == (end,) for end in ends
        )

    assert {new: widens(old, new, "duckdb") for new in NUMBERS} == {new: keeps(new) for new in NUMBERS}


@pytest.mark.parametrize(
    ("old", "new", "dialect", "expected"),
    [
        ("DECIMAL(10,2)", "DECIMAL(18,2)", "duckdb", True),
        ("DECIMAL(10,2)", "DECIMAL(10,4)", "duckdb", False),
        ("DECIMAL", "DECIMAL(18,2)", "duckdb", False),
        ("NUMBER(10,0)", "NUMBER(38,0)", "snowflake", True),
        ("character varying(20)", "text", "postgres", True),
        ("VARCHAR(20)", "VARCHAR(10)", "postgres", False),
        ("VARCHAR", "VARCHAR(10)", "postgres", False),
        ("FLOAT", "DOUBLE", "duckdb", True),
        ("DOUBLE", "FLOAT", "duckdb", False),
        ("INTEGER", "VARCHAR", "duckdb", False),
        ("DATE", "TIMESTAMP", "duckdb", False),
        ("STRUCT(a INTEGER)", "STRUCT(a BIGINT)", "duckdb", False),
        ("no type at all", "BIGINT", "duckdb", False),
    ],
)
def test_other_types(old, new, dialect, expected):
    assert widens(old, new, dialect) is expected
