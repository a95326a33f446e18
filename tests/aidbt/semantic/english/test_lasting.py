"""What the time between the beginning and the end of a row is called."""

from __future__ import annotations

import pytest

from aidbt.semantic.english.lasting import lastings
from aidbt.semantic.english.lexicon import Defined, lexicon
from aidbt.semantic.graph import Graph, GraphColumn, GraphTable, Kind
from aidbt.semantic.naming import NamedTable
from aidbt.semantic.query import Attribute, Duration, Grain


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
