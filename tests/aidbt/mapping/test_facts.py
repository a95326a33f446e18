"""What a sample of values and a profile say about a column."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.schema import Column, ColumnProfile
from aidbt.mapping.facts import CODE_LIST, MAX_VALUES, SHAPES, Facts, facts_of, normalized

TEXT = Column("a", "VARCHAR")


def of_values(*values: str) -> Facts:
    return facts_of(TEXT, values, None)


def of_profile(column: Column = TEXT, *, rows: int = 100, **figures) -> Facts:
    figures = {"null_rate": 0.0, "distinct_count": 50, **figures}
    return facts_of(column, (), ColumnProfile("a", column.data_type, **figures), row_count=rows)


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("42", "integer"),
        ("-3.0", "integer"),
        ("3.25", "decimal"),
        ("1,5", "decimal"),
        ("2024-01-31", "date"),
        ("31.12.2024", "date"),
        ("2024-01-31T10:00:00Z", "timestamp"),
        ("10:30", "time"),
        ("yes", "boolean"),
        ("ann@example.com", "email"),
        ("https://example.com/a?b=1", "url"),
        ("0b0f7e2c-9d3f-4a52-8f5b-2f3d1f8f4a11", "uuid"),
        ('{"a": 1}', "document"),
        ("EUR", "code"),
        ("cus_9s6XKzkNRiz8i3", "token"),
        ("Jean-Luc", "word"),
        ("snake_case_word", "word"),
        ("two words", "phrase"),
        ("long text " * 10, "text"),
    ],
)
def test_a_value_has_the_shape_in_which_it_is_written(value, shape):
    assert of_values(value).shapes == {shape: 1.0}


def test_a_line_to_write_on_is_read_in_no_time():
    # Two hundred underscores could be cut into words in more ways than can be tried.
    assert of_values("name" + "_" * 190 + ":").shapes == {"text": 1.0}


@settings(deadline=2_000)
@given(st.text(alphabet="ab1_-' .,:/@[]{}+é\n", max_size=200))
def test_every_value_has_one_shape(value):
    shapes = of_values(value).shapes

    assert set(shapes) <= set(SHAPES)
    assert sum(shapes.values()) == (1 if value.strip() else 0)


@pytest.mark.parametrize("values", [(), ("",), ("  ", "\n", "\t")])
def test_a_column_of_blanks_has_no_values(values):
    assert of_values(*values) == Facts("text")


def test_only_so_many_values_are_looked_at():
    many = of_values(*[str(n) for n in range(5 * MAX_VALUES)])

    assert len(many.values) == MAX_VALUES
    assert many.quantiles[-1] < MAX_VALUES


def test_a_huge_value_is_cut():
    assert max(map(len, of_values("x" * 5_000_000).values)) < 1_000


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (" Stage IIA ", "stage iia"),
        ("YES", "true"),
        ("0", "false"),
        ("1.0", "1"),
        ("7.0", "7"),
        ("a-b", "A b"),
        ("ÉTÉ", "été"),
    ],
)
def test_values_that_a_person_takes_for_the_same_are_equal(left, right):
    assert normalized(left) == normalized(right)


@pytest.mark.parametrize(("left", "right"), [("10", "1"), ("1.5", "15"), ("north", "n"), ("7.01", "7")])
def test_values_that_differ_stay_different(left, right):
    assert normalized(left) != normalized(right)


def test_quantiles_are_those_of_the_numbers():
    facts = of_values(*[str(n) for n in range(101)])

    assert facts.quantiles == (5, 25, 50, 75, 95)


def test_quantiles_of_dates_are_seconds_since_1970():
    facts = of_values("2024-01-31", "2024/01/31")

    assert facts.quantiles == (datetime(2024, 1, 31, tzinfo=UTC).timestamp(),) * 5


def test_dates_that_cannot_be_have_no_quantiles():
    assert of_values("2024-13-45", "9999-99-99").quantiles == ()


def test_numbers_too_large_to_be_told_are_left_out():
    facts = of_values(*["1.0e999"] * 10, "2.5")

    assert facts.quantiles == (2.5,) * 5
    assert all(map(math.isfinite, facts.quantiles))


def test_words_among_numbers_have_no_quantiles():
    assert of_values("1", "2", "red").quantiles == ()


def test_few_values_do_not_tell_how_often_they_repeat():
    assert of_values("a", "b").distinct_ratio is None
    assert of_values(*["a", "b"] * 50).distinct_ratio == pytest.approx(0.02)


def test_few_distinct_values_may_be_all_that_there_are():
    assert of_values("open", "closed").is_code_list
    assert not of_values(*[f"word {n}" for n in range(CODE_LIST + 1)]).is_code_list


def test_a_profile_of_nulls_tells_no_more_than_that():
    assert of_profile(null_rate=1.0, distinct_count=0, mean_length=3.0) == Facts("text", null_rate=1.0)


def test_a_profile_tells_shapes_from_formats_then_from_the_type_then_from_the_commonest_values():
    amount = Column("a", "DECIMAL(10,2)")

    assert of_profile(formats={"date": 0.9}).shapes == {"date": 0.9}
    assert of_profile(amount).shapes == {"decimal": 1.0}
    assert of_profile(top_values=(("EUR", 0.5), ("two words", 0.5))).shapes == {"code": 0.5, "phrase": 0.5}
    assert of_profile().shapes == {}


def test_a_profile_gives_values_only_where_they_are_codes():
    values = (("EUR", 0.6), ("USD", 0.4))

    assert of_profile(distinct_count=2, formats={"code": 1.0}, top_values=values).values == {"eur", "usd"}
    assert of_profile(distinct_count=2, top_values=values).values == frozenset()


def test_the_share_of_distinct_values_is_one_of_the_rows_that_have_one():
    assert of_profile(null_rate=0.5, distinct_count=25, rows=100).distinct_ratio == pytest.approx(0.5)
    # A sketch may count a few more than there are rows.
    assert of_profile(distinct_count=103, rows=100).distinct_ratio == 1
    assert of_profile(distinct_count=0, rows=0).distinct_ratio is None


def test_a_letter_is_yes_or_no_only_where_the_column_knows_nothing_else():
    flags = facts_of(Column("is_paid", "varchar"), ("t", "f", "t"), None)
    codes = facts_of(Column("sex", "varchar"), ("M", "F", "M"), None)

    assert flags.values == {"true", "false"}
    assert codes.values == {"m", "f"}
