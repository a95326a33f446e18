"""What the time between the beginning and the end of a row is called."""

from __future__ import annotations

import pytest

from aidbt.semantic.english.grounding.lexicon import Defined, lexicon
from aidbt.semantic.english.words.deadlines import is_of_today, running, todays
from aidbt.semantic.english.words.lasting import beginnings_and_ends, lastings
from aidbt.semantic.graph import Graph, GraphColumn, GraphTable, Kind
from aidbt.semantic.query import All, Attribute, Duration, Grain, InPeriod, Missing, TimePoint
from aidbt.semantic.tables.naming import NamedTable


def table(name: str, *columns: str, kind: Kind = "time") -> GraphTable:
    return GraphTable(name, tuple(GraphColumn(column, kind) for column in columns))


def named(one: GraphTable, *noun: str) -> NamedTable:
    words = {column.name: tuple(column.name.split("_")) for column in one.columns}
    return NamedTable(one.name, (noun,), words)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("session_start_ts", "session_end_ts"),
        ("started_at", "ended_at"),
        ("start_date", "end_date"),
        ("begin_time", "end_time"),
        ("check_in_at", "check_out_at"),
        ("opened_at", "closed_at"),
        ("admitted_on", "discharged_on"),
        ("start_at", "stop_at"),
    ],
)
def test_a_row_lasts_from_its_beginning_to_its_end(start: str, end: str) -> None:
    stays = table("stays", start, "created_at", end)

    found = {each.phrase: each.term for each in lastings(stays, named(stays, "stay"))}

    hours = Duration(Attribute("stays", start), Attribute("stays", end), Grain.HOUR)
    assert (
        found["stay", "duration", "in", "hour"] == found["length", "of", "the", "stay", "in", "hour"] == hours
    )
    assert ("stay", "duration") not in found


def test_between_two_dates_are_days_unless_it_is_said() -> None:
    courses = table("courses", "start_date", "end_date", kind="date")

    found = {each.phrase: each.term.unit for each in lastings(courses, named(courses, "course"))}

    assert found["course", "duration"] == found[("duration",)] == Grain.DAY
    assert found["course", "length", "in", "week"] == Grain.WEEK
    assert ("duration", "in", "hour") not in found


@pytest.mark.parametrize(
    "columns",
    [
        ("start_date", "ended_at"),
        ("trial_start", "trial_end", "plan_start", "plan_end"),
        ("start_at", "end_at", "duration"),
        ("created_at", "updated_at"),
        (),
    ],
)
def test_what_is_not_certain_lasts_no_time(columns: tuple[str, ...]) -> None:
    one = table("things", *columns)

    assert list(lastings(one, named(one, "thing"))) == []


@pytest.mark.parametrize(("second", "is_known"), [("noted_at", True), ("end_at", False)])
def test_a_duration_of_nothing_is_that_of_the_only_table_that_lasts(second: str, is_known: bool) -> None:
    visits, calls = table("visits", "start_at", "end_at"), table("calls", "start_at", second)

    found = lexicon(Graph((visits, calls)), [named(visits, "visit"), named(calls, "call")], {}).meanings

    assert any(isinstance(m, Defined) for m in found.get(("duration", "in", "hour"), ())) == is_known
    assert any(isinstance(m, Defined) for m in found["visit", "duration", "in", "hour"])


@pytest.mark.parametrize(
    ("columns", "is_ended", "is_done"),
    [
        (("startsat", "endsat"), True, True),
        (("started_on", "completed_on"), False, True),
        (("departure_time", "arrival_time"), False, True),
        (("closed_on", "reopened_on"), False, True),
        (("ordered_on", "completed_on"), False, False),
    ],
)
def test_what_was_completed_lasted_too(columns: tuple[str, str], is_ended: bool, is_done: bool) -> None:
    one = table("things", *columns)

    assert (list(beginnings_and_ends(one)) == [columns]) == is_ended
    assert (list(beginnings_and_ends(one, is_done=True)) == [columns]) == is_done


def test_what_was_due_and_is_not_returned_is_overdue() -> None:
    loans = table("loans", "lent_on", "due_on", "returned_on", kind="date")

    said = dict(todays(loans, named(loans, "loan")))

    is_late = InPeriod(Attribute("loans", "due_on"), None, TimePoint())
    assert said["overdue",] == All((Missing(Attribute("loans", "returned_on")), is_late))
    assert is_of_today(said["overdue",])


@pytest.mark.parametrize(
    "columns", [("lent_on", "due_on"), ("lent_on", "returned_on"), ("due_on", "returned_on", "paid_on")]
)
def test_nothing_is_overdue_where_it_is_not_certain(columns: tuple[str, ...]) -> None:
    one = table("things", *columns, kind="date")

    assert not list(todays(one, named(one, "thing")))


def test_what_lasts_to_a_known_day_runs_until_then() -> None:
    days = (
        GraphColumn("start_date", "date", nullable=False),
        GraphColumn("end_date", "date", nullable=False),
    )
    fairs = GraphTable("fairs", days)

    assert ("ongoing",) in dict(running(fairs))
    assert not list(running(table("fairs", "start_date", "end_date", kind="date")))
