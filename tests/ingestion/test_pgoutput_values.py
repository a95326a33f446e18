"""PostgreSQL's text, read: times of all years, arrays and composites of any text."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.cdc.postgres import values as pgoutput_values
from ingestion.cdc.postgres.literals import array_items, json_writer, nested_items, record_fields
from ingestion.cdc.postgres.messages import RelationColumn
from ingestion.cdc.postgres.values import scalars
from ingestion.connectors.postgres.types import PgType
from ingestion.connectors.postgres.values import NotExact

TEXTS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12
) | st.sampled_from(
    [
        "",
        "NULL",
        "null",
        '"',
        "\\",
        '\\"',
        "{",
        "}",
        "(",
        ")",
        ",",
        ";",
        " ",
        "{1,2}",
        '("",)',
        "a\nb",
        "[1:2]={a,b}",
    ]
)
# The first call of pyarrow's functions takes longer than all others.
UNTIMED = settings(deadline=None)
CYCLE = 146_097  # days of 400 years


def array_text(items: list[str | list | None], separator: str) -> str:
    """As array_out of PostgreSQL writes them: it quotes what could be misread, and escapes by backslashes."""
    return "{" + separator.join(array_item(item, separator) for item in items) + "}"


def array_item(item: str | list | None, separator: str) -> str:
    if item is None:
        return "NULL"
    if isinstance(item, list):
        return array_text(item, separator)
    if item == "" or item.upper() == "NULL" or re.search(r'["\\{}\s]', item) or separator in item:
        return '"' + re.sub(r'(["\\])', r"\\\1", item) + '"'
    return item


def record_text(values: list[str | None]) -> str:
    """As record_out writes them: it doubles quotes and backslashes."""
    return "(" + ",".join(map(record_value, values)) + ")"


def record_value(value: str | None) -> str:
    if value is None:
        return ""
    if value == "" or re.search(r'["\\(),\s]', value):
        return '"' + re.sub(r'(["\\])', r"\1\1", value) + '"'
    return value


@UNTIMED
@given(st.lists(st.none() | TEXTS, max_size=6), st.sampled_from([",", ";"]))
def test_an_array_is_taken_apart_as_it_was_written(items, separator):
    text = array_text(items, separator)

    assert array_items(text, separator) == items
    assert nested_items(text, separator) == items


@UNTIMED
@given(
    st.lists(
        st.lists(st.lists(st.none() | TEXTS, min_size=1, max_size=3), min_size=1, max_size=3), max_size=3
    )
)
def test_an_array_of_several_dimensions_is_no_list_and_nests(items):
    text = array_text(items, ",")

    assert nested_items(text) == items
    assert nested_items("[0:1][2:3]=" + text) == items
    if items:
        with pytest.raises(NotExact, match="several dimensions"):
            array_items(text)


@UNTIMED
@given(st.lists(st.none() | TEXTS, min_size=1, max_size=5))
def test_a_composite_is_taken_apart_as_it_was_written(values):
    text = record_text(values)

    assert record_fields(text, len(values)) == values
    with pytest.raises(NotExact, match="attributes, its type has"):
        record_fields(text, len(values) + 1)


@UNTIMED
@given(st.text(st.sampled_from('{}(),"\\; ax'), max_size=12))
def test_what_is_no_array_and_no_composite_is_refused_or_read(text):
    for read in (array_items, nested_items, lambda text: record_fields(text, 2)):
        try:
            assert isinstance(read(text), list)
        except NotExact as error:
            assert str(error)


@UNTIMED
@given(st.lists(st.lists(st.none() | TEXTS, min_size=2, max_size=2), max_size=3))
def test_composites_within_arrays_become_json_with_the_names_of_their_fields(rows):
    types = {
        1: PgType(1, "public", "pair", "c", 0, 0, -1),
        2: PgType(2, "public", "_pair", "b", 1, 0, -1),
        25: PgType(25, "pg_catalog", "text", "b", 0, 0, -1),
    }
    write = json_writer(2, types, lambda oid: [RelationColumn("a", 25, -1), RelationColumn('"é"', 25, -1)])

    written = write(array_text([record_text(row) for row in rows], ","))

    assert json.loads(written) == [{"a": a, '"é"': b} for a, b in rows]


def test_a_composite_whose_type_got_another_attribute_is_read_by_its_type_of_now():
    types = {
        1: PgType(1, "public", "pair", "c", 0, 0, -1),
        16: PgType(16, "pg_catalog", "bool", "b", 0, 0, -1),
    }
    attributes = [RelationColumn("a", 16, -1)]
    write = json_writer(1, types, lambda oid: attributes)

    assert write("(t)") == '{"a":true}'
    attributes.append(RelationColumn("b", 16, -1))
    assert write("(t,f)") == '{"a":true,"b":false}'
    with pytest.raises(NotExact):
        write("(t,f,f)")
    attributes.append(RelationColumn("of a type that is newer than the rest", 17, -1))
    assert write("(t,f,)").endswith('"of a type that is newer than the rest":null}')
    with pytest.raises(NotExact, match="is of a type that is not known here"):
        write("(t,f,x)")


@UNTIMED
@given(st.dates(), st.integers(-10, 13_000))
def test_a_date_of_any_year_is_as_many_days_away_as_the_calendar_says(day, cycles):
    year = day.year + 400 * cycles
    if not -4712 < year < 5_874_897:
        return
    # There is no year 0: 1 BC comes before 1.
    shown = f"{year:04}-{day:%m-%d}" if year > 0 else f"{1 - year:04}-{day:%m-%d} BC"
    wanted = (day - date(1970, 1, 1)).days + cycles * CYCLE

    found = scalars(pa.array([None, shown]), pa.date32())

    assert found.failures == {}
    assert found.array.view(pa.int32()).to_pylist() == [None, wanted]


@UNTIMED
@given(st.datetimes(min_value=datetime(1, 1, 1)), st.integers(-10, 700), st.sampled_from(["", "+00"]))
def test_a_timestamp_of_any_year_is_as_many_microseconds_away(instant, cycles, zone):
    year = instant.year + 400 * cycles
    if not -4712 < year < 294_246:
        return
    fraction = f".{instant.microsecond:06}".rstrip("0").rstrip(".")
    clock = f"{instant:%m-%d %H:%M:%S}{fraction}{zone}"
    shown = f"{year:04}-{clock}" if year > 0 else f"{1 - year:04}-{clock} BC"
    wanted = (instant - datetime(1970, 1, 1)) // timedelta(microseconds=1) + cycles * CYCLE * 86_400_000_000

    found = scalars(pa.array([shown]), pa.timestamp("us", "UTC" if zone else None))

    assert found.failures == {}
    assert found.array.view(pa.int64()).to_pylist() == [wanted]


PLAIN = {
    pa.bool_(): ["t", "f"],
    pa.int16(): ["-1", "7"],
    pa.int64(): ["-9223372036854775808"],
    pa.float32(): ["1e-45", "NaN", "-Infinity"],
    pa.float64(): ["0.1", "Infinity", "-0"],
    pa.decimal128(10, 2): ["1.50", "-0.01"],
    pa.binary(): ["\\x00ff", "\\x"],
    pa.date32(): ["0001-01-01", "9999-12-31"],
    pa.timestamp("us"): ["2026-11-20 13:45:12.5", "0001-01-01 00:00:00"],
    pa.timestamp("us", "UTC"): ["2026-11-20 13:45:12.5+00", "9999-12-31 23:59:59+00"],
    pa.time64("us"): ["00:00:00", "23:59:59.999999"],
    pa.uuid(): ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
    pa.json_(): ["{}"],
    pa.string(): ["", "x"],
}


@pytest.mark.parametrize("lands_as", PLAIN)
@pytest.mark.parametrize("shape", ["full", "with NULL", "only NULL", "empty"])
def test_plain_values_are_converted_all_at_once(shape, lands_as, monkeypatch):
    def one_by_one(*_: object) -> None:
        raise AssertionError("a value was looked at by itself")

    texts = {
        "full": PLAIN[lands_as],
        "with NULL": [None, *PLAIN[lands_as], None],
        "only NULL": [None],
        "empty": [],
    }
    wanted = scalars(pa.array(PLAIN[lands_as]), lands_as).array
    monkeypatch.setattr(pgoutput_values, "_one_by_one", one_by_one)

    found = scalars(pa.array(texts[shape], pa.string()), lands_as)

    found.array.validate(full=True)
    assert found.array.type == lands_as
    assert found.array.is_valid().to_pylist() == [text is not None for text in texts[shape]]
    if shape in ("full", "with NULL"):
        assert found.array.drop_null().equals(wanted) or pa.types.is_floating(lands_as)


@pytest.mark.parametrize("lands_as", [each for each in PLAIN if each not in (pa.string(), pa.json_())])
def test_a_value_of_another_form_fails_alone(lands_as):
    good = PLAIN[lands_as][0]

    found = scalars(pa.array([good, "?", None, good, "?"]), lands_as)

    assert sorted(found.failures) == [1, 4]
    assert {failure.cause for failure in found.failures.values()} == {"not_exact"}
    assert found.array.is_valid().to_pylist() == [True, False, False, True, False]
    assert found.array[0].equals(found.array[3])


@pytest.mark.parametrize(
    ("lands_as", "text"),
    [
        (pa.date32(), "5900000-01-01"),
        (pa.date32(), "2026-02-30"),
        (pa.date32(), "0004-02-29 BC"),
        (pa.timestamp("us"), "294247-01-10 04:00:54.775807"),
        (pa.timestamp("us"), "2026-13-20 00:00:00"),
        (pa.timestamp("us", "UTC"), "99999999-01-01 00:00:00+00"),
    ],
)
def test_a_time_that_is_none_or_lies_too_far_away_is_refused(lands_as, text):
    assert list(scalars(pa.array([text]), lands_as).failures) == [0]
