"""From which rows a query is spoken of: what need not be said there, and what is far from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from aidbt.core.errors import AidbtError
from aidbt.semantic.graph import Graph, Path, is_to_one
from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Clock,
    Compared,
    Exists,
    Extreme,
    Measure,
    MetricRef,
    Not,
    OutputRef,
    Predicate,
    SemanticQuery,
    Term,
    attributes,
    parts,
)
from aidbt.semantic.rewriting import of_far_rows
from aidbt.semantic.wording.names import name_words


@dataclass(frozen=True)
class Viewpoint:
    """What is seen of one query from the rows of one table.

    Attributes:
        nouns: of `table_nouns`.
        home: the table whose columns are said without it.
        joined: the ways on which each row was widened by many others already, because these make groups.
    """

    graph: Graph
    nouns: Mapping[str, str]
    query: SemanticQuery
    home: str
    joined: frozenset[Path] = frozenset()

    @property
    def clock(self) -> Clock:
        return self.query.clock

    def noun(self, table: str) -> str:
        """What a table's rows are called."""
        return name_words(self.nouns.get(table, table))

    def at(self, table: str) -> Self:
        """The same, seen from the rows of another table."""
        return replace(self, home=table, joined=frozenset())

    def seeing_groups(self, table: str) -> Self:
        """The same, seen from the rows of a table whose groups, or different rows, are asked for."""
        query = self.query
        shown = tuple(output.term for output in query.outputs) if query.distinct else ()
        ways = (self._way(table, column) for column in attributes((query.group_by, shown)))
        prefixes = (way[:n] for way in ways if way for n in range(1, len(way) + 1))
        return replace(self, home=table, joined=frozenset(prefixes))

    def _way(self, table: str, column: Attribute) -> Path | None:
        """The way to a column; None where there is none, or more than one."""
        if not table or not column.table:
            return None
        try:
            return self.graph.path(table, column.table, column.via)
        except AidbtError:  # then it is refused, which others say
            return None

    def _as_planned(self, predicate: Predicate) -> Predicate:
        """The same, where conditions on rows of which there may be many say that there is such a row."""
        several = predicate.predicates if isinstance(predicate, All) else (predicate,)
        near: list[Predicate] = []
        far: dict[Attribute, list[Predicate]] = {}
        for each in several:
            column = self._far(each)
            if column is None:
                near.append(each)
            else:
                far.setdefault(Attribute(column.table, "", column.via), []).append(each)
        if not far:
            return predicate
        found = (*near, *(of_far_rows(rows, inner) for rows, inner in far.items()))
        return All(found) if len(found) > 1 else found[0]

    def _far(self, predicate: Predicate) -> Attribute | None:
        """The first column in a condition on rows that each of them has many values of."""
        if isinstance(predicate, Exists | Extreme | Not | AnyOf | All):
            return None
        if any(isinstance(part, Measure | MetricRef | OutputRef | Compared) for part in parts(predicate)):
            return None
        ways = ((column, self._way(self.home, column)) for column in attributes(predicate))
        return next((c for c, way in ways if way and not is_to_one(way) and way not in self.joined), None)

    def _is_time(self, term: Term) -> bool:
        """Whether a term is a column of dates or times."""
        if not isinstance(term, Attribute) or term.part is not None:
            return False
        columns = (table.columns for table in self.graph.tables if table.name == term.table)
        return any(c.name == term.column and c.kind in ("time", "date") for found in columns for c in found)
