"""How far a few words relate two tables, and by which way."""

from __future__ import annotations

import pytest

from aidbt.semantic.english.meanings.phrases import Condition, Link, Rows
from aidbt.semantic.english.meanings.relations import Relations
from aidbt.semantic.english.meanings.same_rows import is_contradiction
from aidbt.semantic.graph import Graph, GraphColumn, GraphTable, Relationship
from aidbt.semantic.query import (
    All,
    Attribute,
    Comparison,
    Exists,
    Missing,
    Not,
    OneOf,
    Predicate,
    Value,
)


def refers(source: str, target: str) -> Relationship:
    key = f"{target}_id"
    return Relationship(f"{source}.{key}", source, (key,), target, (key,))


def table(name: str, *columns: str) -> GraphTable:
    keys = (GraphColumn(f"{name}_id", "number"), *(GraphColumn(column, "text") for column in columns))
    return GraphTable(name, keys, keys=((f"{name}_id",),))


REFERENCES = [
    refers("student", "department"),
    refers("course", "department"),
    refers("enrolment", "student"),
    refers("enrolment", "course"),
    refers("review", "student"),
    refers("review", "course"),
    refers("room", "department"),
]
SCHOOL = Relations(
    Graph(
        (
            table("department", "name"),
            table("student", "department_id", "name"),
            table("course", "department_id", "title"),
            table("enrolment", "student_id", "course_id", "points"),
            table("review", "student_id", "course_id", "stars"),
            table("room", "department_id", "floor"),
        ),
        tuple(REFERENCES),
    )
)
NAME = Attribute("department", "name")
MATHS = OneOf(NAME, (Value("Mathematics"),))


def test_what_is_said_of_rows_goes_by_way_of_them():
    link = Link(Rows("course", MATHS))

    assert SCHOOL.claimed(Rows("enrolment"), link) == (
        Rows("enrolment", Exists("course", (), MATHS)),
        pytest.approx(0.3),
    )


def test_a_column_is_seen_by_the_way_that_was_said():
    seen = SCHOOL.seen_from("enrolment", "course", NAME)

    assert seen is not None
    assert set(seen.via) == {"enrolment.course_id", "course.department_id"}


def test_rows_that_only_share_what_they_refer_to_are_not_related():
    assert SCHOOL.distance("student", "room") is None
    assert SCHOOL.distance("room", "department") == pytest.approx(0.3)


def test_tables_that_meet_in_several_others_are_not_related_by_a_few_words():
    assert SCHOOL.distance("student", "course") is None


def test_no_row_has_two_of_what_it_refers_to():
    assert SCHOOL.claimed(Rows("enrolment"), Link(Rows("course"), ">=", 2, is_plain=False)) is None


def test_not_being_related_to_some_denies_all_of_them():
    found = SCHOOL.claimed(Rows("department"), Condition("course", Not(MATHS)))

    assert found is not None
    assert found[0].where == Exists("course", (), MATHS, "=", 0)


def compared(operator: str, number: int) -> Comparison:
    return Comparison(operator, NAME, Value(number))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("predicates", "expected"),
    [
        ((Missing(NAME), MATHS), True),
        ((MATHS, OneOf(NAME, (Value("Physics"),))), True),
        ((MATHS, OneOf(NAME, (Value("Physics"), Value("Mathematics")))), False),
        ((compared("<", 1), compared(">", 5)), True),
        ((compared(">", 1), compared("<", 5)), False),
        ((compared("=", 1), compared("=", 2)), True),
        ((MATHS, OneOf(Attribute("course", "title"), (Value("Algebra"),))), False),
    ],
)
def test_claims_that_no_row_can_meet_are_contradictions(predicates: tuple[Predicate, ...], expected: bool):
    assert is_contradiction(All(predicates)) is expected
