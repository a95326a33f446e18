"""What holds of rows: claims about them and about what they are related to, as predicates seen from them.

How far apart two tables may be for a few words to relate them is decided here. Rows may be spoken of by what
they refer to, however far ("orders from Germany"), and by what refers to them. Two tables that only meet in
a third one are related by words that say so ("customers who bought"), or when that is the only way.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TypeAlias

from aidbt.core.words import singular_words
from aidbt.semantic.definitions import METRIC_TIME
from aidbt.semantic.english.meanings.phrases import Claim, Claims, Condition, Link, Opposite, Recurring, Rows
from aidbt.semantic.english.meanings.same_rows import each_of_them, is_contradiction, negated, of_same_rows
from aidbt.semantic.english.meanings.ways import names_over, path_of, pivot
from aidbt.semantic.english.words.lasting import beginnings_and_ends
from aidbt.semantic.english.words.periods import Period
from aidbt.semantic.english.words.tokens import verb_stem
from aidbt.semantic.graph import Graph, GraphTable, NoPath, Path, Step, has_role, is_to_one
from aidbt.semantic.query import (
    AnyOf,
    Attribute,
    Comparison,
    Exists,
    Extreme,
    InPeriod,
    Not,
    OneOf,
    Operator,
    Predicate,
    TimePoint,
    Value,
    attributes,
    both,
    conjuncts,
    parts,
)

_STEP, _MANY = 0.3, 0.1
# Longer ways are no rivals of others.
_FARTHEST = 4
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
Held: TypeAlias = "tuple[Predicate | None, float]"
"""A predicate, None where it is of all rows, and what it costs to have meant it."""


class Relations:
    """What can be said of rows, over one graph.

    Attributes:
        people: the tables whose rows are people. "Customers in 2024" are those who came, who bought, or who
            were there: a period is said of people by what they did only.
    """

    def __init__(self, graph: Graph, people: Collection[str] = ()) -> None:
        self.graph = graph
        self.people = frozenset(people)
        self._paths: dict[tuple[str, str], Path | None] = {}

    # --- how far tables are from each other -------------------------------------------------------------

    def path(self, start: str, end: str) -> Path | None:
        """The way between two tables; None when there is none, or none that is best."""
        if (start, end) not in self._paths:
            self._paths[start, end] = path_of(self.graph, start, end)
        return self._paths[start, end]

    def distance(self, start: str, end: str, *, is_act: bool = False) -> float | None:
        """What it costs to speak of one table's rows beside another's; None when a few words cannot.

        A metric of the semantic layer is of no table ("") and stands beside all of them.
        """
        if start == end or not start:
            return 0.0
        path = self.path(start, end)
        if path is None or not self._is_clear(path, is_act=is_act):
            return None
        links = sum(self.graph.is_link(step.end) for step in path[:-1])
        return _STEP * (len(path) - links) + (0.0 if is_to_one(path) else _MANY)

    def _is_clear(self, path: Path, *, is_act: bool) -> bool:
        """Whether a way is the only one that can be meant."""
        if is_to_one(path):
            return True
        between = [step.end for step in path[:-1] if not self.graph.is_link(step.end)]
        if len(path) == 2 and self.graph.is_between(path[0].end, path[0].start, path[1].end):
            return True
        turns = [step.is_to_one for step in path]
        if not between or not any(turns):
            return True
        if turns != sorted(turns):  # from many to one and to many again: they only share what they refer to
            return False
        if is_act:
            return True
        # "Visitors of each park" are those who booked a site there: what they did lies next to them.
        is_next = [step.is_to_one for step in self._steps(path)].count(False) == 1
        is_near = len(path) == 2 or (is_next and len(self._steps(path)) <= 3)
        return is_near and not self._has_rival(path, between[0])

    def _steps(self, path: Path) -> list[Step]:
        """The steps of a way, without those to tables that only link two others."""
        return [step for step in path if not self.graph.is_link(step.end)]

    def _is_far(self, path: Path) -> bool:
        """Whether rows meet so far off that it says nothing that they do."""
        return not is_to_one(path) and len(self._steps(path)) > 2

    def _has_rival(self, path: Path, between: str) -> bool:
        """Whether the ends of a way meet in another table too."""
        for other in self.graph.paths(path[0].start, path[-1].end):
            turns = [step.is_to_one for step in other]
            is_apart = between not in {step.end for step in other}
            if turns == sorted(turns) and is_apart and len(other) <= _FARTHEST:
                return True
        return False

    # --- claims -----------------------------------------------------------------------------------------

    def holds(self, rows: Rows, claim: Claim) -> Held | None:
        """What a claim says of rows of a table; None when it can say nothing of them."""
        match claim:
            case Condition():
                return self._condition(rows.table, claim)
            case Link():
                return self._link(rows.table, claim)
            case Period() | Recurring():
                if rows.time is None and not self.happens(rows.table):
                    return None
                predicate = self._at(rows.table, claim, rows.time)
                return (predicate, 0.1) if predicate else None
            case Claims():
                return self._claims(rows, claim)
            case Opposite():
                return self._opposite(rows, claim.of)

    def claimed(self, rows: Rows, claim: Claim) -> tuple[Rows, float] | None:
        """The rows of which a claim holds besides."""
        found = self.holds(rows, claim)
        if found is None and isinstance(claim, Link):
            found = self._over_said(rows, claim)
        if found is None:
            return None
        where = self._at_one(rows, found[0], claim) or joined(rows.where, found[0], claim)
        return None if is_contradiction(where) else (Rows(rows.table, where, rows.time), found[1])

    def restricted(self, rows: Rows, table: str, predicate: Predicate) -> tuple[Rows, float] | None:
        """Rows that a condition on a table holds of."""
        return self.claimed(rows, Condition(table, predicate))

    def linked(self, rows: Rows, link: Link) -> tuple[Rows, float] | None:
        """Rows that are related to others."""
        return self.claimed(rows, link)

    def _condition(self, table: str, condition: Condition) -> Held | None:
        other, predicate = condition.table, condition.predicate
        if not table:
            return predicate, _MANY
        if table == other:
            own = set(map(self._of_label, attributes(predicate)))
            return None if condition.is_other and own == {True} else (predicate, 0.0)
        reached = self._reached(table, other)
        if reached is None or condition.is_own:
            return None
        cost, path, via = reached
        if is_to_one(path):
            return self._carried(table, other, predicate), cost
        if isinstance(predicate, Not):  # "not in Germany" says that none of them is
            return Exists(other, via, predicate.predicate, "=", 0), cost
        if condition.is_each and isinstance(predicate, OneOf):
            each = [Exists(other, via, OneOf(predicate.term, (value,))) for value in predicate.values]
            return both(*each), cost
        return Exists(other, via, predicate), cost

    def _reached(
        self, start: str, end: str, *, is_act: bool = False
    ) -> tuple[float, Path, tuple[str, ...]] | None:
        """What it costs to reach a table, the way there, and what has to be said of the way.

        Where rows only share what they refer to by the shortest way (a student and a course their
        department), another one is meant, by rows that refer to both.
        """
        cost, path = self.distance(start, end, is_act=is_act), self.path(start, end)
        if cost is not None and path is not None:
            return cost, path, ()
        meeting = [way for way in self.graph.paths(start, end) if self._is_clear(way, is_act=is_act)]
        if not meeting or (len(meeting) > 1 and len(meeting[0]) == len(meeting[1])):
            return None
        if path is not None and has_role(meeting[0]) and not has_role(path):
            return None  # the digs that somebody directed are not all that they were at
        via = tuple(step.relationship.name for step in meeting[0])
        return _STEP * len(meeting[0]) + _MANY, meeting[0], via

    def _of_label(self, attribute: Attribute) -> bool:
        return attribute.column == self.graph.table(attribute.table).label and not attribute.via

    def _carried(self, start: str, middle: str, predicate: Predicate) -> Predicate:
        """A predicate on the rows that others refer to, as seen from those others: by way of the former."""
        if any(isinstance(part, Exists | Extreme) for part in parts(predicate)):
            return Exists(middle, (), predicate)
        is_direct = all(
            self._way(start, middle, term) == self._default(start, term) for term in attributes(predicate)
        )
        return predicate if is_direct else Exists(middle, (), predicate)

    def seen_from(self, start: str, middle: str, term: Attribute) -> Attribute | None:
        """A column of what `middle` refers to, seen from rows that refer to `middle`.

        From enrolments the department of the course is another one than that of the student. None where no
        query can say which is meant.
        """
        way = self._way(start, middle, term)
        if way is None or way == self._default(start, term):
            return term if way is not None else None
        seen = replace(term, via=tuple(step.relationship.name for step in way))
        return seen if self._default(start, seen) == way else None

    def _way(self, start: str, middle: str, term: Attribute) -> Path | None:
        """The way to a column's table over another one."""
        first, last = self.path(start, middle), self._default(middle, term)
        return None if first is None or last is None else (*first, *last)

    def _default(self, start: str, term: Attribute) -> Path | None:
        """The way that a query takes from rows to a column."""
        try:
            return self.graph.path(start, term.table, term.via)
        except NoPath:
            return None

    def _link(self, table: str, link: Link) -> Held | None:
        other = link.rows
        if not table:
            return (other.where, 0.1) if link.is_plain and other.where is not None else None
        if other.table == table:
            return self._same_rows(link)
        reached = self._reached(table, other.table, is_act=link.is_act)
        if reached is None or link.by:
            return self._done_by(table, link)
        cost, path, via = reached
        if link.is_plain and other.where is None and self._is_far(path):
            return None
        own = {attribute.table for attribute in attributes(other.where)} == {table}
        if link.is_act and other.time is not None and (len(path) > 1 or is_to_one(path)):
            return None  # students who started are not those of terms that started
        is_several = link.count > 1 or (link.operator, link.count) == (">", 1)
        if (is_to_one(path) and is_several) or (link.is_act and own):
            return None
        if link.is_plain and other.where is not None and is_to_one(path):
            return self._carried(table, other.table, other.where), cost
        if (link.operator, link.count) != (">=", 1):
            return Exists(other.table, via, other.where, link.operator, link.count), cost
        return both(*(Exists(other.table, via, where) for where in each_of_them(other.where))), cost

    def _done_by(self, table: str, link: Link) -> Held | None:
        """Being related by what was done: courses with no students enrolled, which enrolments relate."""
        other, where = link.rows, link.rows.where
        said = conjuncts(where)
        acts = [one for one in said if isinstance(one, Exists) and link.by in ("", one.table) and not one.via]
        act = acts[0] if len(acts) == 1 and (acts[0].operator, acts[0].count) == (">=", 1) else None
        middle = pivot(self.graph, {table, other.table}, act.table) if act else ""
        if act is None or not middle:
            return None
        rest = [one for one in conjuncts(where) if one != act]
        if (link.operator, link.count) not in ((">=", 1), ("=", 0)):
            via = names_over(self.graph, table, middle, other.table)
            on_way = {r.target for r in self.graph.relationships if r.name in via}
            if self._is_said_by(act.where, on_way):
                return Exists(other.table, via, both(*rest), link.operator, link.count), _STEP
            return None
        held = [self._condition(middle, Condition(other.table, one)) for one in rest if one]
        held += [self._condition(middle, Condition(act.table, act.where))] if act.where else []
        if any(one is None for one in held):
            return None
        where = both(*(one[0] for one in held if one))
        return Exists(middle, (), where, link.operator, link.count), _STEP

    def _at_one(self, rows: Rows, held: Predicate | None, claim: Claim) -> Predicate | None:
        """`lead authors of titles in the crime genre`: of the row that says both; None where none does."""
        is_of = isinstance(claim, Link) and claim.is_plain and not claim.is_act and isinstance(held, Exists)
        said = conjuncts(rows.where) if is_of else ()
        for one in said:
            if not (isinstance(one, Exists) and isinstance(held, Exists)) or one.via or held.via:
                continue
            ends = [self.path(one.table, table) for table in (rows.table, held.table)]
            is_some = (one.operator, one.count) == (held.operator, held.count) == (">=", 1)
            is_own = {attribute.table for attribute in attributes(one.where)} == {one.table}
            is_timed = any(isinstance(part, InPeriod) for part in parts(one.where))
            if all(end and is_to_one(end) for end in ends) and is_some and is_own and not is_timed:
                told = self._carried(one.table, held.table, held.where) if held.where else None
                merged = replace(one, where=both(one.where, told))
                return both(*(merged if other == one else other for other in said))
        return None

    def _over_said(self, rows: Rows, link: Link) -> Held | None:
        """Being related by what was said before: "members of more than 4 clubs"."""
        others = {rows.table, link.rows.table}
        for held in conjuncts(rows.where):
            if not isinstance(held, Exists) or held.via or (held.operator, held.count) != (">=", 1):
                continue
            if pivot(self.graph, others, held.table) != held.table:
                continue
            if held.where is None and not link.is_plain and link.count > 0:
                via = names_over(self.graph, rows.table, held.table, link.rows.table)
                return Exists(link.rows.table, via, link.rows.where, link.operator, link.count), _STEP
        return None

    def _is_said_by(self, where: Predicate | None, tables: Collection[str]) -> bool:
        """Whether a condition says no more than that there are rows of tables that a way goes over."""
        if not isinstance(where, Exists):
            return where is None
        is_some = where.where is None and (where.operator, where.count) == (">=", 1)
        return is_some and where.table in tables

    def _same_rows(self, link: Link) -> Held | None:
        """Rows that are, or are not, such rows of their own table: "orders other than cancelled ones"."""
        if link.rows.where is None:
            return (None, 0.3) if link.is_plain else None
        if link.is_act and set(map(self._of_label, attributes(link.rows.where))) == {True}:
            return None  # "students Ann Lee taught" are not called so themselves
        if link.is_plain:
            return link.rows.where, 0.6
        return (Not(link.rows.where), 0.2) if (link.operator, link.count) == ("=", 0) else None

    def _claims(self, rows: Rows, claims: Claims) -> Held | None:
        found = [self.holds(rows, part) for part in claims.parts]
        held = [one for one in found if one is not None and one[0] is not None]
        if len(held) < len(found):
            return None
        predicates = tuple(one[0] for one in held if one[0] is not None)
        return (AnyOf(predicates) if claims.is_any else both(*predicates)), sum(one[1] for one in held)

    def _opposite(self, rows: Rows, claim: Claim) -> Held | None:
        found = self.holds(rows, claim)
        predicate, cost = found or (None, 0.0)
        if predicate is None:
            return None
        if isinstance(predicate, Exists) and (predicate.operator, predicate.count) == (">=", 1):
            return Exists(predicate.table, predicate.via, predicate.where, "=", 0), cost
        return negated(predicate), cost

    # --- times ------------------------------------------------------------------------------------------

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


def joined(said: Predicate | None, held: Predicate | None, claim: Claim) -> Predicate | None:
    """What held of rows before, and what a claim says of them besides: of the same related row, unless a verb
    of its own says of which.
    """
    is_of_same = isinstance(claim, Condition) or (isinstance(claim, Link) and claim.is_plain)
    return (of_same_rows(said, held) if is_of_same else None) or both(said, held)


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
