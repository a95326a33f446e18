"""Noun phrases: which rows and columns are spoken of, and what holds of them."""

from __future__ import annotations

from aidbt.semantic.english.chart import Item
from aidbt.semantic.english.periods import Period
from aidbt.semantic.english.phrases import Columns, Condition, Found, Link, Rows
from aidbt.semantic.graph import Graph, NoPath, Path, is_to_one
from aidbt.semantic.query import (
    All,
    Attribute,
    Comparison,
    Exists,
    InPeriod,
    Matches,
    Not,
    OneOf,
    Predicate,
    Value,
    both,
)


class RowRules:
    """How noun phrases are put together, over one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    # --- relations ------------------------------------------------------------------------------------

    def path(self, start: str, end: str) -> Path | None:
        try:
            return self.graph.path(start, end)
        except NoPath:
            return None

    def distance(self, start: str, end: str) -> float | None:
        """What it costs to speak of one table's rows beside another's; None when they are not related."""
        if start == end:
            return 0.0
        path = self.path(start, end)
        if path is None:
            return None
        links = sum(self.graph.is_link(step.end) for step in path[:-1])
        return 0.3 * (len(path) - links) + (0.0 if is_to_one(path) else 0.1)

    def restricted(self, rows: Rows, table: str, predicate: Predicate) -> tuple[Rows, float] | None:
        """Rows that a condition on a table holds of."""
        cost = self.distance(rows.table, table)
        if cost is None:
            return None
        if not isinstance(predicate, Exists) and rows.table != table:
            path = self.path(rows.table, table)
            if path is not None and not is_to_one(path):
                predicate = Exists(table, (), predicate)
        return Rows(rows.table, both(rows.where, predicate)), cost

    def linked(self, rows: Rows, link: Link) -> tuple[Rows, float] | None:
        """Rows that are related to others."""
        other = link.rows
        if other.table == rows.table:
            if link.is_plain and other.where is not None:
                return Rows(rows.table, both(rows.where, other.where)), 0.6
            return None
        path = self.path(rows.table, other.table)
        cost = self.distance(rows.table, other.table)
        if path is None or cost is None:
            return None
        if link.is_plain and is_to_one(path) and other.where is not None:
            return Rows(rows.table, both(rows.where, other.where)), cost
        exists = Exists(other.table, (), other.where, link.operator, link.count)
        return Rows(rows.table, both(rows.where, exists)), cost

    def label(self, table: str) -> tuple[Attribute, ...]:
        """The columns that people know rows of a table by."""
        found = self.graph.table(table)
        key = found.keys[0] if found.keys else ()
        names = (
            (*key, found.label) if found.label and len(key) <= 1 else (found.label,) if found.label else key
        )
        return tuple(Attribute(table, name) for name in dict.fromkeys(names))

    # --- noun phrases ---------------------------------------------------------------------------------

    def rows_condition(self, a: Item, b: Item) -> Found:
        rows, condition = a.meaning, b.meaning
        assert isinstance(rows, Rows) and isinstance(condition, Condition)
        found = self.restricted(rows, condition.table, condition.predicate)
        if found:
            yield "Rows", found[0], found[1]

    def condition_rows(self, a: Item, b: Item) -> Found:
        for category, meaning, cost in self.rows_condition(b, a):
            yield category, meaning, cost + 0.05

    def rows_link(self, a: Item, b: Item) -> Found:
        assert isinstance(a.meaning, Rows) and isinstance(b.meaning, Link)
        found = self.linked(a.meaning, b.meaning)
        if found:
            yield "Rows", found[0], found[1]

    def rows_period(self, a: Item, b: Item) -> Found:
        rows, period = a.meaning, b.meaning
        assert isinstance(rows, Rows) and isinstance(period, Period)
        predicate = self.in_default_period(rows.table, period)
        if predicate:
            yield "Rows", Rows(rows.table, both(rows.where, predicate)), 0.1

    def in_default_period(self, table: str, period: Period) -> Predicate | None:
        """That a row of a table happened in a period, where the table says when."""
        found = self.graph.table(table)
        if found.time:
            return InPeriod(Attribute(table, found.time), period.start, period.end)
        years = [c for c in found.columns if c.kind == "number" and c.name.lower() == "year"]
        if years:
            return self.in_year(Attribute(table, years[0].name), period)
        return None

    def in_year(self, attribute: Attribute, period: Period) -> Predicate | None:
        """A number that is a year, in a period of whole years."""
        bounds: list[Predicate] = []
        for operator, point in ((">=", period.start), ("<", period.end)):
            if point is None:
                continue
            if point.at is None or (point.at.month, point.at.day) != (1, 1):
                return None
            bounds.append(Comparison(operator, attribute, Value(point.at.year)))  # type: ignore[arg-type]
        if len(bounds) == 2 and period.start and period.end and period.start.at and period.end.at:
            if period.end.at.year - period.start.at.year == 1:
                return Comparison("=", attribute, Value(period.start.at.year))
        return both(*bounds)

    def column_period(self, a: Item, b: Item) -> Found:
        columns, period = a.meaning, b.meaning
        assert isinstance(columns, Columns) and isinstance(period, Period)
        if len(columns.terms) != 1:
            return
        attribute = columns.terms[0]
        column = self.graph.table(attribute.table).column(attribute.column)
        if column.kind in ("time", "date"):
            yield "Cond", Condition(attribute.table, InPeriod(attribute, period.start, period.end)), 0.0
        elif column.name.lower().endswith("year"):
            predicate = self.in_year(attribute, period)
            if predicate:
                yield "Cond", Condition(attribute.table, predicate), 0.0

    def prep_period(self, a: Item, b: Item) -> Found:
        yield "Time", b.meaning, 0.0

    def column_value(self, a: Item, b: Item) -> Found:
        columns, value = a.meaning, b.meaning
        assert isinstance(columns, Columns) and isinstance(value, Condition)
        if len(columns.terms) == 1 and isinstance(value.predicate, OneOf):
            if value.predicate.term == columns.terms[0]:
                yield "Cond", value, -0.5

    def value_column(self, a: Item, b: Item) -> Found:
        yield from self.column_value(b, a)

    def column_quoted(self, a: Item, b: Item) -> Found:
        columns, text = a.meaning, b.meaning
        assert isinstance(columns, Columns) and isinstance(text, str)
        if len(columns.terms) == 1:
            attribute = columns.terms[0]
            if self.graph.table(attribute.table).column(attribute.column).kind == "text":
                yield "Cond", Condition(attribute.table, Matches(attribute, "is", text)), 0.3

    def rows_quoted(self, a: Item, b: Item) -> Found:
        rows, text = a.meaning, b.meaning
        assert isinstance(rows, Rows) and isinstance(text, str)
        label = self.graph.table(rows.table).label
        if label:
            named = Matches(Attribute(rows.table, label), "is", text)
            yield "Rows", Rows(rows.table, both(rows.where, named)), 0.3

    def column_like(self, a: Item, b: Item) -> Found:
        columns, like = a.meaning, b.meaning
        assert isinstance(columns, Columns) and isinstance(like, tuple)
        how, text = like
        if len(columns.terms) == 1 and isinstance(text, str):
            attribute = columns.terms[0]
            if self.graph.table(attribute.table).column(attribute.column).kind == "text":
                yield "Cond", Condition(attribute.table, Matches(attribute, how, text)), 0.0

    def named_column(self, a: Item, b: Item) -> Found:
        """`country name`: the column itself, where it is text."""
        columns = a.meaning
        assert isinstance(columns, Columns)
        attribute = columns.terms[-1]
        if self.graph.table(attribute.table).column(attribute.column).kind == "text":
            yield "Col", columns, -0.1

    def named_rows(self, a: Item, b: Item) -> Found:
        rows = a.meaning
        assert isinstance(rows, Rows)
        label = self.graph.table(rows.table).label
        if label:
            yield "Col", Columns((Attribute(rows.table, label),), rows), 0.0

    def column_number(self, a: Item, b: Item) -> Found:
        columns, number = a.meaning, b.meaning
        assert isinstance(columns, Columns)
        if len(columns.terms) == 1 and isinstance(number, int | float):
            attribute = columns.terms[0]
            if self.graph.table(attribute.table).column(attribute.column).kind == "number":
                yield "Cond", Condition(attribute.table, Comparison("=", attribute, Value(number))), 0.2

    def column_compared(self, a: Item, b: Item) -> Found:
        columns, compared = a.meaning, b.meaning
        assert isinstance(columns, Columns) and isinstance(compared, tuple)
        operator, number = compared
        if len(columns.terms) == 1:
            attribute = columns.terms[0]
            if self.graph.table(attribute.table).column(attribute.column).kind == "number":
                predicate = Comparison(operator, attribute, Value(number))
                yield "Cond", Condition(attribute.table, predicate), 0.0

    def compared_rows(self, a: Item, b: Item) -> Found:
        compared, rows = a.meaning, b.meaning
        assert isinstance(compared, tuple) and isinstance(rows, Rows)
        operator, number = compared
        if isinstance(number, int):
            yield "Link", Link(rows, operator, number, is_plain=False), 0.0

    def number_rows(self, a: Item, b: Item) -> Found:
        if isinstance(a.meaning, int) and isinstance(b.meaning, Rows):
            yield "Link", Link(b.meaning, "=", a.meaning, is_plain=False), 0.3

    def prep_rows(self, a: Item, b: Item) -> Found:
        assert isinstance(b.meaning, Rows)
        yield "Link", Link(b.meaning), 0.05

    def verb_rows(self, a: Item, b: Item) -> Found:
        assert isinstance(b.meaning, Rows)
        yield "Link", Link(b.meaning), 0.1

    def verb_any(self, a: Item, b: Item) -> Found:
        yield b.category, b.meaning, 0.1

    def keep_right(self, a: Item, b: Item) -> Found:
        yield b.category, b.meaning, 0.0

    def keep_left(self, a: Item, b: Item) -> Found:
        yield a.category, a.meaning, 0.01

    def not_link(self, a: Item, b: Item) -> Found:
        link = b.meaning
        assert isinstance(link, Link)
        if (link.operator, link.count) == (">=", 1):
            yield "Link", Link(link.rows, "=", 0, is_plain=False), -0.2

    def not_rows(self, a: Item, b: Item) -> Found:
        assert isinstance(b.meaning, Rows)
        yield "Link", Link(b.meaning, "=", 0, is_plain=False), 0.2

    def not_condition(self, a: Item, b: Item) -> Found:
        condition = b.meaning
        assert isinstance(condition, Condition)
        yield "Cond", Condition(condition.table, Not(condition.predicate)), 0.0

    def condition_and(self, a: Item, b: Item) -> Found:
        yield "AndCond", b.meaning, 0.0

    def conditions(self, a: Item, b: Item) -> Found:
        one, two = a.meaning, b.meaning
        assert isinstance(one, Condition) and isinstance(two, Condition)
        if one.table == two.table:
            yield "Cond", Condition(one.table, All((one.predicate, two.predicate))), 0.1

    def rows_column(self, a: Item, b: Item) -> Found:
        """`customer name`, `restaurant's rating`: the table before its column."""
        rows, columns = a.meaning, b.meaning
        assert isinstance(rows, Rows) and isinstance(columns, Columns)
        if len(columns.terms) == 1 and columns.rows is None:
            cost = self.distance(rows.table, columns.terms[0].table)
            if cost is not None:
                yield "Col", Columns(columns.terms, rows), cost + 0.1

    def column_rows(self, a: Item, b: Item) -> Found:
        """`names of the restaurants in …`, after the preposition."""
        columns, link = a.meaning, b.meaning
        assert isinstance(columns, Columns) and isinstance(link, Link)
        if columns.rows is None and link.is_plain:
            costs = [self.distance(link.rows.table, term.table) for term in columns.terms]
            if all(cost is not None for cost in costs):
                yield "Col", Columns(columns.terms, link.rows), sum(costs) + 0.0  # type: ignore[arg-type]

    def column_condition(self, a: Item, b: Item) -> Found:
        columns, condition = a.meaning, b.meaning
        assert isinstance(columns, Columns) and isinstance(condition, Condition)
        rows = columns.rows or Rows(columns.terms[0].table)
        found = self.restricted(rows, condition.table, condition.predicate)
        if found:
            yield "Col", Columns(columns.terms, found[0]), found[1] + 0.15

    def column_link(self, a: Item, b: Item) -> Found:
        columns, link = a.meaning, b.meaning
        assert isinstance(columns, Columns) and isinstance(link, Link)
        rows = columns.rows or Rows(columns.terms[0].table)
        found = self.linked(rows, link)
        if found:
            yield "Col", Columns(columns.terms, found[0]), found[1] + 0.25
