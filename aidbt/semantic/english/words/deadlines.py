"""What words say of rows today: overdue by when they were due, running between their first and last day."""

from __future__ import annotations

from collections.abc import Iterator

from aidbt.semantic.english.words.lasting import beginnings_and_ends
from aidbt.semantic.english.words.word_lists import Phrase
from aidbt.semantic.graph import GraphTable
from aidbt.semantic.query import All, Attribute, InPeriod, Missing, Predicate, TimePoint, parts
from aidbt.semantic.tables.naming import NamedTable

# Words of columns that say until when something should be done, and of those that say when it was.
_DUE = {"due", "duedate", "deadline"}
_DONE = frozenset(
    """returned return returndate paid payment repaid completed completion closed resolved finished settled
    submitted delivered done cleared fulfilled""".split()
)
_RUNNING = ("running", "ongoing", "open", "current", "underway")


def todays(table: GraphTable, named: NamedTable) -> Iterator[tuple[Phrase, Predicate]]:
    """What phrases say of the rows of a table as of today."""
    times = [column for column in table.columns if column.kind in ("time", "date")]
    words = {column.name: set(named.columns[column.name]) for column in times}
    due = [c for c in times if words[c.name] & _DUE]
    done = [c for c in times if words[c.name] & _DONE and not words[c.name] & _DUE and c.nullable]
    ends = [end for _, end in beginnings_and_ends(table)]
    if not due and done and len(ends) == 1:
        due = [c for c in times if c.name == ends[0]]  # what is lent until a day is due then
    if len(due) == len(done) == 1:
        until = InPeriod(Attribute(table.name, due[0].name), None, TimePoint())
        overdue = All((Missing(Attribute(table.name, done[0].name)), until))
        yield from ((phrase, overdue) for phrase in (("overdue",), ("past", "due")))


def running(table: GraphTable) -> Iterator[tuple[Phrase, Predicate]]:
    """That today is one of the days of a row, which lasts to one that is known from the start."""
    pairs = [
        (table.column(start), table.column(end))
        for start, end in beginnings_and_ends(table)
        if table.column(start).kind == table.column(end).kind == "date"
    ]
    if len(pairs) != 1 or pairs[0][1].nullable:
        return
    first, last = pairs[0]
    begun = InPeriod(Attribute(table.name, first.name), None, TimePoint(shift=1))
    ended = InPeriod(Attribute(table.name, last.name), TimePoint())
    yield from (((word,), All((begun, ended))) for word in _RUNNING)


def is_of_today(predicate: Predicate) -> bool:
    """Whether it is seen from today that a predicate holds."""
    periods = [part for part in parts(predicate) if isinstance(part, InPeriod)]
    points = [point for period in periods for point in (period.start, period.end) if point is not None]
    return bool(points) and all(point in (TimePoint(), TimePoint(shift=1)) for point in points)
