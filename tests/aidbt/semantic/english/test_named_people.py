"""People who are named and whose names no index holds: what they did, and what was done by them."""

from __future__ import annotations

from typing import Any

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from tests.aidbt.semantic.english.with_rows import Answer, database

SCHOOL = """
create table teacher(teacher_id integer primary key, first_name varchar, last_name varchar);
insert into teacher values (1, 'Ann', 'Lee'), (2, 'Bob', 'Ray');
create table style(style_id integer primary key, name varchar);
insert into style values (1, 'Tango'), (2, 'Salsa');
create table course(course_id integer primary key, title varchar,
    teacher_id integer references teacher(teacher_id), style_id integer references style(style_id));
insert into course values (1, 'Tango One', 1, 1), (2, 'Tango Two', 1, 1), (3, 'Salsa One', 2, 2);
create table student(student_id integer primary key, full_name varchar);
insert into student values (1, 'Cy Dow'), (2, 'Di Fox'), (3, 'Ed Gee');
create table enrollment(student_id integer references student(student_id),
    course_id integer references course(course_id), enrolled_on date, primary key (student_id, course_id));
insert into enrollment values (1, 1, '2025-01-01'), (1, 2, '2025-02-01'), (2, 3, '2025-03-01');
"""


@pytest.fixture(scope="module")
def school() -> Answer:
    """The answer to a question about a school, in its own order."""
    return database(SCHOOL, {("style", "name"): ["Tango", "Salsa"]}).answer


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Which courses does Ann Lee teach?", {"Tango One", "Tango Two"}),
        ("List the courses that Ann Lee teaches.", {"Tango One", "Tango Two"}),
        ("Which courses are taught by Ann Lee?", {"Tango One", "Tango Two"}),
        ("Which styles does Ann Lee teach?", {"Tango"}),
        ("How many courses does Ann Lee teach?", {2}),
        ("How many students has Ann Lee taught?", {1}),
        ("How many students are enrolled in each course?", {1}),
        ("Which courses have no students enrolled?", set()),
        ("Which students are enrolled in no course?", {"Ed Gee"}),
        ("Which student is enrolled in the most courses, and how many?", {2}),
    ],
)
def test_what_somebody_did_is_found_by_the_name(school: Answer, question: str, found: set[Any]) -> None:
    assert {row[-1] for row in school(question)} == found


def test_who_did_it_is_somebody_else_than_who_is_asked_for(school: Answer) -> None:
    assert school("Which students has Cy Dow seen?") == []


def test_two_people_one_of_whom_is_left_over_are_refused(school: Answer) -> None:
    with pytest.raises(Refused):
        school("Which styles does Ann Lee teach Bob Ray?")
