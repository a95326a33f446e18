"""What a transform is said to make of the source's rows, and that no personal value is ever said."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.schema import Column, ColumnMatch, ColumnProfile, Relation, TableProfile, Target
from aidbt.mapping.signals import MatchTask
from aidbt.mapping.transforms import (
    BothRows,
    TransformCandidate,
    as_mapped_column,
    contradicted,
    propose_transforms,
)
from aidbt.mapping.transforms.value import Row


def columns(spec: str) -> tuple[Column, ...]:
    """Columns written as "name type, name type"."""
    return tuple(Column(*part.split(maxsplit=1)) for part in spec.split(", "))


def private(relation: str, spec: str) -> TableProfile:
    """A profile that takes every column for personal data."""
    figures = (ColumnProfile(c.name, c.data_type, 0, 40, pii="name") for c in columns(spec))
    return TableProfile("raw", relation, 40, 40, "", tuple(figures))


def proposed(
    source: str, target: str, rows: BothRows, *, is_private: bool = False
) -> list[TransformCandidate]:
    profiles = (private("t", source), private("wanted", target)) if is_private else (None, None)
    task = MatchTask(Relation("raw", "t", columns(source)), Target("wanted", columns(target)), *profiles)
    return propose_transforms(task, (), dialect="duckdb", rows=rows)


def said(source: str, target: str, rows: list[Row]) -> str:
    (candidate,) = proposed(source, target, BothRows(rows))
    assert not candidate.verified
    return candidate.evidence[-1]


# --- the source's rows alone ------------------------------------------------------------------------------


def test_a_text_is_told_by_its_lengths_and_what_it_leaves_empty():
    rows: list[Row] = (
        [{"first_name": "Ann", "last_name": "Lee"}] * 8 + [{"last_name": "Miller"}] * 2 + [{}] * 2
    )

    assert said("first_name varchar, last_name varchar", "full_name varchar", rows) == (
        "not verified: the values of full_name were not seen; run on 12 rows of the source it gives 10 values"
        " of 6 to 7 characters and 2 nulls"
    )


def test_a_date_is_told_by_how_many_rows_read_as_one():
    parts = [{"year": "2024", "month": str(month), "day": "30"} for month in range(1, 13)]

    assert said("year integer, month integer, day integer", "start_date date", parts).endswith(
        "run on 12 rows of the source it gives 11 values, all of them a date, and 1 null,"
        " 1 of them where its columns have values"
    )


def test_a_transform_that_makes_nothing_of_the_values_is_not_proposed():
    rows = [{"year": "x", "month": "", "day": "99"}] * 20

    assert proposed("year integer, month integer, day integer", "start_date date", BothRows(rows)) == []


def test_a_transform_that_reads_few_of_the_values_is_less_likely():
    source, target = "contact_email varchar", "contact_domain varchar"
    good = [{"contact_email": f"a{i}@x.org"} for i in range(20)]
    poor = good[:4] + [{"contact_email": f"nothing {i}"} for i in range(16)]

    likely, unlikely = (proposed(source, target, BothRows(rows))[0] for rows in (good, poor))

    assert unlikely.probability == pytest.approx(0.8 * likely.probability, abs=0.001)


# --- both sides -------------------------------------------------------------------------------------------


def test_a_match_that_the_rows_speak_against_is_named_in_numbers():
    source, target = columns("id integer, sex varchar, city varchar"), columns("ref integer, gender varchar")
    task = MatchTask(Relation("raw", "t", source), Target("wanted", (*target, Column("city", "varchar"))))
    matches = [ColumnMatch("sex", "gender", 0.97, "accept"), ColumnMatch("city", "city", 0.99, "accept")]
    rows = [{"id": str(i), "sex": "MF"[i % 2], "city": f"c{i}"} for i in range(30)]
    others = [{"ref": str(i), "gender": ("male", "female")[i % 2], "city": f"c{i}"} for i in range(25)]

    found = contradicted(task, matches, rows=BothRows(rows, others, ("id", "ref")))

    assert found == {"gender": "only 0 of 25 rows aligned by id = ref have the same value"}
    assert contradicted(task, matches, rows=BothRows(rows, others[:7], ("id", "ref"))) == {}


def test_rows_are_aligned_by_a_key_that_is_no_column_of_the_task():
    rows = [{"id": str(i), "total_cents": str(i * 100 + 50)} for i in range(40)]
    others = [{"id": str(i), "total": f"{i + 0.5}"} for i in range(40)]

    (candidate,) = proposed("total_cents integer", "total double", BothRows(rows, others, ("id", "id")))

    assert candidate.verified
    assert "40 of 40 rows aligned by id are equal" in candidate.evidence[-1]


# --- personal data ----------------------------------------------------------------------------------------

FIRST, LAST, CODES = ("Mary", "Johnny", "Annelie"), ("Smithers", "Jonesson"), ("Qx", "Zy")


def people(seed: int, count: int) -> BothRows:
    """People of whom the target has other forms: joined, coded, prefixed, with a middle name."""
    source, target = [], []
    for i in range(count):
        n = seed + i
        first, last, code = FIRST[n % 3], f"{LAST[n % 2]}{n}", CODES[n % 5 > 2]
        quiet, loud = str(n % 2 == 0).lower(), str(n % 2 == 1).lower()
        source.append({
            "row_uuid": f"key-{i:05}", "first_name": first, "last_name": last, "seat": f"{n}", "code": code,
            "member": f"Kappa-{7 * n}", "is_quiet": quiet, "is_loud": loud,
        })  # fmt: skip
        target.append({
            "row_uuid": f"key-{i:05}", "full_name": f"{first} Wilhelmina {last}", "badge": f"Omega-{n}",
            "member_no": str(7 * n), "label": {"Qx": "Quixote", "Zy": "Zany"}[code],
            "status": ("Quiet", "Loud")[n % 2],
        })  # fmt: skip
    return BothRows(source, target)


SECRET = (*FIRST, *LAST, *CODES, "Wilhelmina", "Kappa", "Omega", "Quixote", "Zany", "Quiet", "Loud")
SOURCE = (
    "row_uuid varchar, first_name varchar, last_name varchar, seat varchar, code varchar, member varchar,"
    " is_quiet boolean, is_loud boolean"
)
TARGET = (
    "row_uuid varchar, full_name varchar, badge varchar, member_no varchar, label varchar, status varchar"
)


def secrets_in(candidates: list[TransformCandidate]) -> set[str]:
    texts = [f"{c.expression} {as_mapped_column(c).note}" for c in candidates]
    return {secret for secret in SECRET for text in texts if secret in text}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99), st.integers(0, 60), st.booleans())
def test_no_value_of_personal_data_stands_in_an_expression_or_a_note(seed: int, count: int, has_target: bool):
    rows = people(seed, count)
    rows = rows if has_target else BothRows(rows.source)

    assert secrets_in(proposed(SOURCE, TARGET, rows, is_private=True)) == set()


def test_what_is_kept_back_of_personal_data_is_said_of_other_data():
    found = proposed(SOURCE, TARGET, people(0, 60))

    assert secrets_in(found) >= {"Wilhelmina", "Kappa", "Omega", "Qx", "Quixote", "Quiet", "Loud"}
