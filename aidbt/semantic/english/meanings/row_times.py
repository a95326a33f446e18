"""When rows happened: the time by which they are said to be in a period."""

from __future__ import annotations

from dataclasses import replace

from aidbt.core.words import singular_words
from aidbt.semantic.definitions import METRIC_TIME
from aidbt.semantic.english.meanings.distances import Distances
from aidbt.semantic.english.meanings.phrases import Recurring
from aidbt.semantic.english.words.lasting import beginnings_and_ends
from aidbt.semantic.english.words.periods import Period
from aidbt.semantic.english.words.tokens import verb_stem
from aidbt.semantic.graph import GraphTable
from aidbt.semantic.query import (
    Attribute,
    Comparison,
    InPeriod,
    OneOf,
    Operator,
    Predicate,
    TimePoint,
    Value,
    both,
)

_CALENDARS = {"date", "day", "calendar"}
# Words of a table's name that say of which kind of table it is.
_SCHEMES = {"fct", "fact", "dim", "stg", "tbl", "raw", "int", "mart"}
# Stems of the names of times at which something came to be, and did not happen.
ORIGINS = frozenset(
    map(
        verb_stem,
        """established founded opened opening hired hire joined registered registration signup signed created
        launched acquired built birth added incorporated activated onboarded installed""".split(),
    )
)


class RowTimes(Distances):
    """When the rows of the tables of one graph happened, or came to be."""

    def happens(self, table: str) -> bool:
        """Whether rows are said to be in a period by themselves: "orders in 2024".

        Of people, and of other named things to which something happens, it is not certain what was then:
        "parks in 2024" are those that were founded or those that were visited.
        """
        if not table:
            return True
        found = self.graph.table(table)
        if table in self.people or self._is_state(found):
            return False
        said = {verb_stem(word) for word in singular_words(found.time)} if found.time else set()
        if not found.label or not said & ORIGINS:
            return True
        events = {r.source for r in self.graph.relationships if r.target == table != r.source}
        return not any(map(self._is_timed, events))

    def origin_of(self, table: str) -> Attribute | None:
        """The time at which rows of a table came to be; None where there is none, or several."""
        found = self.graph.table(table)
        columns = [column.name for column in found.columns if column.kind in ("time", "date")]
        of_origin = [name for name in columns if ORIGINS & set(map(verb_stem, singular_words(name)))]
        names = [found.time] if found.time in of_origin else of_origin
        return Attribute(table, names[0]) if len(names) == 1 else None

    def _is_state(self, table: GraphTable) -> bool:
        """Whether rows last for days, so that one is in every period from its first day to its last."""
        starts = [start for start, end in beginnings_and_ends(table) if table.column(end).kind == "date"]
        return table.time in starts and table.column(table.time).kind == "date"

    def _is_timed(self, table: str) -> bool:
        columns = self.graph.table(table).columns
        return any(c.kind in ("time", "date") or c.name.lower() == "year" for c in columns)

    def time_of(self, table: str) -> Attribute | None:
        """When rows of a table happened: a column of theirs, or of the one thing that they are a part of."""
        if not table:
            return Attribute("", METRIC_TIME)
        found = self.graph.table(table)
        if found.time:
            return Attribute(table, found.time)
        if self._is_timed(table):
            return None
        owners = {r.target for r in self.graph.relationships if r.source == table and r.is_to_one}
        times = [
            Attribute(name, self.graph.table(name).time)
            for name in sorted(owners)
            if self.graph.table(name).time and self._is_part(found, self.graph.table(name))
        ]
        return times[0] if len(times) == 1 and self.path(table, times[0].table) else None

    def _is_part(self, table: GraphTable, owner: GraphTable) -> bool:
        """Whether rows happen when what they belong to does: the items of an order, and what refers to a day.

        A payment does not happen when the subscription did that it is for.
        """
        words, of = set(singular_words(table.name)), set(singular_words(owner.name)) - _SCHEMES
        if of & _CALENDARS:
            return True
        starts = {
            r.source_columns[0]
            for r in self.graph.relationships
            if (r.source, r.target) == (table.name, owner.name)
        }
        is_numbered = any(len(key) > 1 and key[0] in starts for key in table.keys)
        return self.happens(owner.name) and (of < words or is_numbered)

    def _at(self, table: str, when: Period | Recurring, time: Attribute | None) -> Predicate | None:
        if isinstance(when, Period):
            return self.in_default_period(table, when, time)
        time = time or self.time_of(table)
        return on_days(time, when) if time is not None else None

    def in_default_period(
        self, table: str, period: Period, time: Attribute | None = None
    ) -> Predicate | None:
        """That a row of a table happened in a period, where the table or its words say when."""
        time = time or self.time_of(table)
        if time is not None:
            return InPeriod(time, period.start, period.end)
        for column in self.graph.table(table).columns:
            if column.kind == "number" and column.name.lower() == "year":
                return in_year(Attribute(table, column.name), period)
        return None


def on_days(time: Attribute, when: Recurring) -> Predicate:
    """That a time is on certain days of the week, or in certain months of the year."""
    return OneOf(replace(time, part=when.part), tuple(map(Value, when.days)))


def in_year(attribute: Attribute, period: Period) -> Predicate | None:
    """A number that is a year, in a period of whole years."""
    first, after = _year(period.start), _year(period.end)
    if (period.start and first is None) or (period.end and after is None):
        return None
    if first is not None and after == first + 1:
        return Comparison("=", attribute, Value(first))
    bounds: list[tuple[Operator, int | None]] = [(">=", first), ("<", after)]
    return both(*(Comparison(op, attribute, Value(year)) for op, year in bounds if year is not None))


def _year(point: TimePoint | None) -> int | None:
    """The year that begins at a point."""
    at = point.at if point else None
    return at.year if at and (at.month, at.day) == (1, 1) else None
