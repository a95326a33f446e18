"""Rows in memory by group, and what is aggregated of each."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from aidbt.semantic.evaluation.errors import CannotEvaluate
from aidbt.semantic.evaluation.joined_rows import Joined, Tables
from aidbt.semantic.evaluation.records import Conditions, Record
from aidbt.semantic.evaluation.values import hashable
from aidbt.semantic.graph import Graph, Path, is_to_one
from aidbt.semantic.query import (
    Attribute,
    Measure,
    OutputRef,
    Predicate,
    SemanticQuery,
    Term,
    attributes,
    conjuncts,
)

# Functions of all values that a row has in a group; the others are of one each.
_OF_ALL = ("count_distinct", "min", "max")


class Groups(Conditions):
    """The groups of one question."""

    def __init__(
        self, query: SemanticQuery, graph: Graph, tables: Tables, source: Sequence[Mapping[str, Any]]
    ) -> None:
        super().__init__(query, graph, tables)
        self.source = source

    def _of_source(self, term: Term, row: Mapping[str, Any]) -> Any:
        if isinstance(term, OutputRef):
            return row[term.name]
        raise CannotEvaluate(f"{type(term).__name__} over the rows of an inner question")

    def _groups(self, found: Sequence[Measure]) -> list[Record]:
        query = self.query
        values: dict[tuple[Any, ...], dict[Measure, Any]] = {}
        is_of_base = bool(query.base and query.group_by)
        if is_of_base:
            for joined in self._joined(query.base, self._group_paths(query.base), is_inner=False):
                if self._spine_holds(joined):
                    values.setdefault(self._key(joined, None), {})
        elif not query.group_by:
            values[()] = {}
        for measure in found:
            together = [other for other in found if (other.table, other.at) == (measure.table, measure.at)]
            for key, rows in self._by_group(measure, _shared(together)).items():
                if key in values or not is_of_base:
                    values.setdefault(key, {})[measure] = self._aggregated(measure, rows)
        if not found:
            table = query.base or {a.table for a in attributes(query.group_by)}.pop()
            for joined in self._joined(table, self._group_paths(table)):
                if query.where is None or self.holds(query.where, joined) is True:
                    values.setdefault(self._key(joined, None), {})
        several = len({(measure.table, measure.at) for measure in found}) > 1
        several |= is_of_base
        keys = {
            key: {m: self._or_nothing(m, of.get(m), several) for m in found} for key, of in values.items()
        }
        groups = {term: number for number, term in enumerate(query.group_by)}
        records = []
        everything: list[Record] = []
        for key, of in keys.items():
            record = Record(self, partial(self._of_group, key=key, of=of, groups=groups))
            record.key, record.everything = key, everything
            records.append(record)
        everything += records
        return records

    def _group_paths(self, table: str) -> list[Path]:
        return [self.graph.path(table, a.table, a.via) for a in attributes(self.query.group_by)]

    def _spine_holds(self, joined: Joined) -> bool:
        own = [
            c
            for c in conjuncts(self.query.where)
            if all(
                any(is_to_one(way) for way in self.graph.paths(joined.table, a.table, a.via))
                for a in attributes(c)
            )
        ]
        return all(self.holds(c, joined) is True for c in own)

    def _key(self, joined: Joined, at: Attribute | None) -> tuple[Any, ...]:
        return tuple(self.term(_at(term, at), joined) for term in self.query.group_by)

    def _by_group(
        self, measure: Measure, shared: Sequence[Predicate]
    ) -> dict[tuple[Any, ...], list[tuple[int, Any]]]:
        """By group the rows of a measure, each once, with the value that is aggregated of it.

        Args:
            shared: conditions of all measures of the table: rows of which they hold make groups.
        """
        query = self.query
        found: dict[tuple[Any, ...], dict[Any, Any]] = {}
        if measure.table == "":
            for number, row in enumerate(self.source):
                record = Record(self, partial(self._of_source, row=row))
                if any(p is not None and self._holds(p, record) is not True for p in (query.where, *shared)):
                    continue
                group = found.setdefault(tuple(record(term) for term in query.group_by), {})
                if measure.where is None or self._holds(measure.where, record) is True:
                    group[number] = 1 if measure.of is None else record(measure.of)
            return {key: list(rows.items()) for key, rows in found.items()}
        terms = tuple(_at(term, measure.at) for term in query.group_by)
        paths = [self.graph.path(measure.table, a.table, a.via) for a in attributes(terms)]
        numbers = {id(row): number for number, row in enumerate(self.tables[measure.table])}
        for joined in self._joined(measure.table, paths):
            if any(p is not None and self.holds(p, joined) is not True for p in (query.where, *shared)):
                continue
            group = found.setdefault(tuple(self.term(term, joined) for term in terms), {})
            if measure.where is None or self.holds(measure.where, joined) is True:
                value = 1 if measure.of is None else self.term(measure.of, joined)
                number = numbers[id(joined.rows[()])]
                group[(number, hashable(value)) if measure.function in _OF_ALL else number] = value
        return {key: list(rows.items()) for key, rows in found.items()}

    def _aggregated(self, measure: Measure, rows: Sequence[tuple[int, Any]]) -> Any:
        values = [value for _, value in rows if value is not None]
        match measure.function:
            case "count":
                return len(values)
            case "count_distinct":
                return len(set(values))
        if not values:
            return None
        match measure.function:
            case "sum":
                return sum(values)
            case "avg":
                return sum(map(float, values)) / len(values)
            case "min":
                return min(values)
            case "max":
                return max(values)
            case "median":
                return statistics.median(map(float, values))
            case _:
                return statistics.stdev(map(float, values)) if len(values) > 1 else None

    def _or_nothing(self, measure: Measure, value: Any, several: bool) -> Any:
        if value is None and measure.function in ("count", "count_distinct"):
            return 0
        return 0 if value is None and several and measure.function == "sum" else value

    def _of_group(
        self, term: Term, key: tuple[Any, ...], of: Mapping[Measure, Any], groups: Mapping[Term, int]
    ) -> Any:
        if isinstance(term, Measure):
            return of[term]
        if term in groups:
            return key[groups[term]]
        raise CannotEvaluate(f"{type(term).__name__} is neither grouped nor aggregated")


def _shared(found: Sequence[Measure]) -> list[Predicate]:
    """The conditions that every one of some measures has."""

    first, *others = [conjuncts(measure.where) for measure in found]
    return [condition for condition in first if all(condition in other for other in others)]


def _at(term: Term, at: Attribute | None) -> Term:
    if at is None or not isinstance(term, Attribute) or (term.grain is None and term.part is None):
        return term
    return Attribute(at.table, at.column, at.via, term.grain, term.part)
