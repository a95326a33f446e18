"""Type names of every warehouse fall in the right family, and nothing nested passes for a value."""

from __future__ import annotations

import pytest

from aidbt.core.types import has_time_zone, is_plain_text, is_same_type, type_family

FAMILIES = {
    "integer": "INT64, BYTEINT, bigserial, smallint, HUGEINT, int(11), long, NUMBER(38,0), number(9)",
    "number": "NUMBER(12,2), numeric(9,2), numeric(18,0), BIGNUMERIC, double precision, FLOAT64, DEC(5,2)",
    "text": "STRING, STRING(10), character varying(20), bpchar(3), VARCHAR(MAX), NVARCHAR(50), citext,"
    " uuid, ENUM('a', 'b')",
    "date": "date, DATE",
    "timestamp": "TIMESTAMP_NTZ(9), TIMESTAMP_LTZ, TIMESTAMP_TZ(3), timestamp(6) without time zone, DATETIME,"
    " timestamp(3) with time zone, timestamptz, DATETIME2(7), timestamp with local time zone",
    "time": "TIME, time(6) without time zone, TIME_NS",
    "boolean": "BOOL, boolean",
    "other": "VARIANT, OBJECT, ARRAY, ARRAY<STRING>, STRUCT<a INT64>, struct<a:int>, map<string,int>, SUPER,"
    " row(a integer, b timestamp), integer[], VARCHAR[3], json, jsonb, RECORD, GEOGRAPHY,"
    " geometry(Point,4326),"
    " hstore, bytea, BINARY, interval, inet, USER-DEFINED, order_status, MAP(VARCHAR, INTEGER), ",
}


def names(text: str) -> list[str]:
    """The type names of a list, split at commas that stand in no bracket."""
    found, depth = [""], 0
    for character in text:
        depth += (character in "(<[") - (character in ")>]")
        if character == "," and depth == 0:
            found.append("")
        else:
            found[-1] += character
    return [name.strip() for name in found]


@pytest.mark.parametrize("family", FAMILIES)
def test_type_names_of_every_warehouse_have_their_family(family: str):
    assert {name: type_family(name) for name in names(FAMILIES[family])} == dict.fromkeys(
        names(FAMILIES[family]), family
    )


def test_free_text_is_told_from_text_of_a_form():
    plain = ["text", "VARCHAR", "STRING", "character varying(20)", "citext", "bpchar(3)"]

    assert [name for name in plain if not is_plain_text(name)] == []
    assert not any(
        map(is_plain_text, ["UUID", "uniqueidentifier", "ENUM('a')", "INTEGER", "json", "VARCHAR[]"])
    )


def test_an_instant_is_told_from_a_time_on_the_wall():
    instants = [
        "timestamptz", "TIMESTAMPTZ(6)", "timestamp with time zone", "timestamp(3) with time zone",
        "TIMESTAMP WITH LOCAL TIME ZONE", "TIMESTAMP_TZ(9)", "TIMESTAMP_LTZ", "datetimeoffset(7)",
    ]  # fmt: skip
    walls = [
        "timestamp",
        "TIMESTAMP_NTZ(9)",
        "datetime",
        "timestamp without time zone",
        "date",
        "time with time zone",
    ]

    assert [name for name in instants if not has_time_zone(name)] == []
    assert [name for name in walls if has_time_zone(name)] == []


def test_two_words_for_one_type_are_the_same_type():
    assert is_same_type("int8", "BIGINT")
    assert is_same_type("numeric(9, 2)", "DECIMAL(9,2)")
    assert not is_same_type("numeric(9,2)", "numeric(9,3)")
