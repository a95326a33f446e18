"""Names in a written query: tables, columns, relationships, metrics and outputs, each of them known."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, cast

from aidbt.core.errors import UnknownName, nearest
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import Attribute, DatePart, MetricRef, OutputRef, Term
from aidbt.semantic.query_json.form import DATE_PARTS, is_layer_item
from aidbt.semantic.query_json.values import (
    WrongQuery,
    column_names,
    grain_of,
    has_column,
    items_of,
    one_of,
    placed,
    text_of,
)


@dataclass(frozen=True)
class NameReader:
    """Reads the names of one query.

    Attributes:
        root: the place of the query in the document.
        outputs: the names that an `OutputRef` may have.
        has_source: whether measures may be over the rows of a source.
    """

    graph: Graph
    metrics: frozenset[str]
    root: str
    outputs: frozenset[str] = frozenset()
    has_source: bool = False

    def _at(self, key: str) -> str:
        return f"{self.root}.{key}" if self.root else key

    def _named(self, text: str, at: str) -> Term:
        """A text in the place of a term: a column, or an output of the query."""
        if "." in text:
            return self._column(text, at)
        if text in self.outputs:
            return OutputRef(text)
        if self.metrics and is_layer_item(text):
            return Attribute("", text)
        columns = [f"{table.name}.{text}" for table in self.graph.tables if has_column(table.columns, text)]
        close = columns[:3] or [name for name in [nearest(text, self.outputs)] if name]
        quoted = f"{{value: {text[:60]}}}"
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        raise WrongQuery(
            at, f"no output is called '{text[:60]}'", hint=f"{hint}a text that is a value is written {quoted}"
        )

    def _column(self, text: str, at: str) -> Attribute:
        """The column that "table.column" means, whatever dots are in the two names."""
        dots = [place for place, char in enumerate(text) if char == "."]
        tables = {table.name: table for table in self.graph.tables}
        cuts = [(text[:dot], text[dot + 1 :]) for dot in dots if text[:dot] in tables]
        known = [(table, column) for table, column in cuts if has_column(tables[table].columns, column)]
        if len(known) == 1:
            return Attribute(*known[0])
        if known:
            hint = "write it as {table: …, column: …}"
            raise WrongQuery(at, f"'{text}' is the name of several columns", hint=hint)
        if not cuts:
            raise placed(at, UnknownName("table", text[: dots[0]], tables))
        table, column = cuts[0]
        raise placed(at, UnknownName(f"column of {table}", column, column_names(tables[table].columns)))

    def column(self, item: Mapping[str, Any], at: str) -> Attribute:
        """The column of a mapping with its way, grain and part."""
        name = text_of(item["column"], at)
        if "table" in item:
            table = self._table(text_of(item["table"], f"{at}.table"), at)
            plain = Attribute(
                table, self._checked(name, column_names(self.graph.table(table).columns), table, at)
            )
        elif self.metrics and is_layer_item(name) and "." not in name:
            plain = Attribute("", name)
        else:
            plain = self._column(name, at) if "." in name else only_column(self._named(name, at), at)
        grain = grain_of(item, "grain", at)
        part = one_of(item.get("part"), DATE_PARTS, "part of a time", f"{at}.part")
        via = self.via(item, at)
        return Attribute(plain.table, plain.column, via, grain, cast("DatePart | None", part))

    def via(self, item: Mapping[str, Any], at: str) -> tuple[str, ...]:
        """The relationships that a way has to take."""
        names = tuple(text_of(name, f"{at}.via") for name in items_of(item.get("via"), f"{at}.via"))
        known = [relationship.name for relationship in self.graph.relationships]
        for name in names:
            if name not in known:
                raise placed(f"{at}.via", UnknownName("relationship", name, known))
        return names

    def metric(self, name: str, at: str) -> MetricRef:
        """A metric of the semantic layer."""
        if name not in self.metrics:
            raise placed(at, UnknownName("metric", name, self.metrics))
        return MetricRef(name)

    def output(self, name: str, at: str) -> OutputRef:
        """An output of this query, or of its source."""
        if name not in self.outputs:
            raise placed(at, UnknownName("output", name, self.outputs))
        return OutputRef(name)

    def _table(self, name: str, at: str) -> str:
        if not any(table.name == name for table in self.graph.tables):
            raise placed(at, UnknownName("table", name, [table.name for table in self.graph.tables]))
        return name

    def _checked(self, column: str, known: Collection[str], table: str, at: str) -> str:
        if column not in known:
            raise placed(at, UnknownName(f"column of {table}", column, known))
        return column


def only_column(term: Term, at: str) -> Attribute:
    """A term that has to be a column."""
    if not isinstance(term, Attribute):
        raise WrongQuery(at, "only a column can stand here")
    return term
