"""Rows in memory, and the rows that they are joined to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aidbt.semantic.evaluation.values import dated
from aidbt.semantic.graph import Graph, Path, Step, is_to_one
from aidbt.semantic.query import Attribute, SemanticQuery

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]


class Joined:
    """A row of a table with the rows that were joined to it, and what it can see from there."""

    def __init__(self, context: JoinedRows, table: str, rows: Mapping[Path, Row | None]) -> None:
        self.context, self.table, self.rows = context, table, rows

    def value(self, attribute: Attribute) -> Any:
        path = self.path(attribute)
        row = self.rows[path] if path in self.rows else self.context.one(self.rows[()], path)
        found = None if row is None else row[attribute.column]
        return dated(found, attribute, self.context.query.clock)

    def path(self, attribute: Attribute) -> Path:
        return self.context.graph.path(self.table, attribute.table, attribute.via)

    def sees_one(self, attribute: Attribute) -> bool:
        path = self.path(attribute)
        return path in self.rows or is_to_one(path)


class JoinedRows:
    """The tables that one question is asked of."""

    def __init__(self, query: SemanticQuery, graph: Graph, tables: Tables) -> None:
        self.query, self.graph, self.tables = query, graph, tables

    def _joined(self, table: str, paths: Sequence[Path], *, is_inner: bool = True) -> Iterator[Joined]:
        """Each row of a table with every choice of rows that the ways lead to."""
        prefixes = sorted({path[:n] for path in paths for n in range(1, len(path) + 1)}, key=len)
        for row in self.tables[table]:
            choices: list[dict[Path, Row | None]] = [{(): row}]
            for prefix in prefixes:
                longer = []
                for choice in choices:
                    before = choice[prefix[:-1]]
                    following = self.step(before, prefix[-1]) if before is not None else []
                    if not following and not is_inner:
                        longer.append({**choice, prefix: None})
                    longer += [{**choice, prefix: other} for other in following]
                choices = longer
            for choice in choices:
                yield Joined(self, table, choice)

    def step(self, row: Row, step: Step) -> list[Row]:
        """The rows that a step leads to."""
        relationship = step.relationship
        pairs = list(zip(relationship.source_columns, relationship.target_columns, strict=True))
        found = []
        for other in self.tables[step.end]:
            source, target = (row, other) if step.is_forward else (other, row)
            if all(source[a] is not None and source[a] == target[b] for a, b in pairs) and all(
                source[column] == value for column, value in relationship.condition
            ):
                found.append(other)
        return found

    def many(self, row: Row | None, path: Path) -> list[Row]:
        """The rows at the end of a way, each as often as the way leads there."""
        rows = [] if row is None else [row]
        for step in path:
            rows = [other for one in rows for other in self.step(one, step)]
        return rows

    def one(self, row: Row | None, path: Path) -> Row | None:
        found = self.many(row, path)
        return found[0] if found else None
