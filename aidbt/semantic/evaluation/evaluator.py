"""A question answered over rows in memory, without SQL: the other path that generated SQL is held against.

It follows the meaning that `query` gives to every term, one row at a time, and shares no code with
`planning`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from aidbt.semantic.evaluation.groups import Groups
from aidbt.semantic.evaluation.joined_rows import Tables
from aidbt.semantic.evaluation.records import Record
from aidbt.semantic.evaluation.values import hashable
from aidbt.semantic.graph import Graph, Path
from aidbt.semantic.query import SemanticQuery, attributes, measures


def evaluate(query: SemanticQuery, graph: Graph, tables: Tables) -> list[tuple[Any, ...]]:
    """The rows of the answer, in order where the question gives one.

    Args:
        tables: rows by the tables' names in the graph.

    Raises:
        CannotEvaluate: a metric, or a time seen from the warehouse's clock.
    """
    return [tuple(row.values()) for row in _answer(query, graph, tables)]


def _answer(query: SemanticQuery, graph: Graph, tables: Tables) -> list[dict[str, Any]]:
    source = _answer(query.source, graph, tables) if query.source is not None else []
    return _Evaluation(query, graph, tables, source).answer()


class _Evaluation(Groups):
    """The answer of one question."""

    def answer(self) -> list[dict[str, Any]]:
        query = self.query
        found = measures((query.outputs, query.having, query.order_by))
        records = self._groups(found) if found or query.group_by else self._rows()
        if query.having is not None:
            having = query.having
            records = [r for r in records if self._holds(having, r) is True]
        shown = [output for output in query.outputs if output.is_shown]
        rows = [({output.name: record(output.term) for output in shown}, record) for record in records]
        if query.distinct:
            unique = {tuple(map(hashable, row.values())): (row, record) for row, record in reversed(rows)}
            rows = list(reversed(unique.values()))
        return [row for row, _ in self._cut(self._ordered(rows))]

    def _rows(self) -> list[Record]:
        query = self.query
        if query.source is not None and not query.base:
            records = [Record(self, partial(self._of_source, row=row)) for row in self.source]
            where = query.where
            return [r for r in records if where is None or self._holds(where, r) is True]
        base = query.base or {a.table for a in attributes(query.outputs)}.pop()
        paths: list[Path] = []
        if query.distinct:
            paths = [self.graph.path(base, a.table, a.via) for a in attributes(query.outputs)]
        found = []
        for joined in self._joined(base, paths, is_inner=query.distinct):
            if query.where is None or self.holds(query.where, joined) is True:
                found.append(Record(self, partial(self.term, joined=joined)))
        return found

    def _ordered(self, rows: list[tuple[dict[str, Any], Record]]) -> list[tuple[dict[str, Any], Record]]:
        for order in reversed(self.query.order_by):
            known = [each for each in rows if each[1](order.term) is not None]
            missing = [each for each in rows if each[1](order.term) is None]
            known.sort(key=lambda each: each[1](order.term), reverse=order.is_descending)
            rows = known + missing
        return rows

    def _cut(self, rows: list[tuple[dict[str, Any], Record]]) -> list[tuple[dict[str, Any], Record]]:
        query = self.query
        if query.limit is None:
            return rows[: query.at_most]
        kept, counts = [], dict[tuple[Any, ...], list[tuple[Any, ...]]]()
        for row, record in rows:
            within = tuple(record(term) for term in query.limit_within)
            before = counts.setdefault(within, [])
            rank = tuple(record(order.term) for order in query.order_by)
            is_tied = query.has_ties and len(before) >= query.limit and before[query.limit - 1] == rank
            if len(before) < query.limit or is_tied:
                kept.append((row, record))
            before.append(rank)
        return kept[: query.at_most]
