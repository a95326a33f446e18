"""How far apart two tables may be for a few words to relate them, and the way that is meant.

Rows may be spoken of by what they refer to, however far ("orders from Germany"), and by what refers to them.
Two tables that only meet in a third one are related by words that say so ("customers who bought"), or when
that is the only way.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from aidbt.semantic.english.meanings.ways import path_of
from aidbt.semantic.graph import Graph, NoPath, Path, Step, has_role, is_to_one
from aidbt.semantic.query import Attribute, Exists, Extreme, Predicate, attributes, parts

STEP, MANY = 0.3, 0.1
"""What each step of a way costs, and what it costs that there are several rows at its end."""
# Longer ways are no rivals of others.
_FARTHEST = 4


class Distances:
    """The ways between the tables of one graph that words can mean.

    Attributes:
        people: the tables whose rows are people. "Customers in 2024" are those who came, who bought, or who
            were there: a period is said of people by what they did only.
    """

    def __init__(self, graph: Graph, people: Collection[str] = ()) -> None:
        self.graph = graph
        self.people = frozenset(people)
        self._paths: dict[tuple[str, str], Path | None] = {}

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
        return STEP * (len(path) - links) + (0.0 if is_to_one(path) else MANY)

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
        return STEP * len(meeting[0]) + MANY, meeting[0], via

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
