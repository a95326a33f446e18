"""How phrases of a question are put together, and what the longer ones mean."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace

from aidbt.semantic.english.chart import Grammar, Item
from aidbt.semantic.english.periods import Period
from aidbt.semantic.graph import Graph, NoPath, Path, is_to_one
from aidbt.semantic.query import (
    All,
    Attribute,
    Calculation,
    Comparison,
    Exists,
    Function,
    Grain,
    InPeriod,
    Matches,
    Measure,
    Missing,
    Not,
    OneOf,
    Operator,
    Predicate,
    Term,
    Value,
    attributes,
    both,
)

Found = Iterator[tuple[str, Hashable, float]]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table; `where` as seen from it."""

    table: str
    where: Predicate | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns, the rows whose they are when that was said, and what else the same words may mean."""

    terms: tuple[Attribute, ...]
    rows: Rows | None = None
    alike: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Number:
    """An aggregate; `rows` are those it is made of."""

    term: Term
    table: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A predicate on a column of a table."""

    table: str
    predicate: Predicate


@dataclass(frozen=True, slots=True)
class Link:
    """Being related to rows of another table, so many of them."""

    rows: Rows
    operator: Operator = ">="
    count: int = 1
    is_plain: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """What makes a group."""

    terms: tuple[Attribute, ...]
    rows: Rows | None = None
    grain: Grain | None = None


@dataclass(frozen=True, slots=True)
class Best:
    """The first so many, by what they have most or least of."""

    by: Hashable
    is_descending: bool
    limit: int | None = 1
    rows: Hashable = None


@dataclass(frozen=True, slots=True)
class Listed:
    """Several things side by side."""

    items: tuple[Hashable, ...]


class Rules:
    """The grammar over one graph."""

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

    # --- numbers --------------------------------------------------------------------------------------

    def count_rows(self, a: Item, b: Item) -> Found:
        rows = b.meaning
        assert isinstance(rows, Rows)
        yield "Number", Number(Measure("count", rows.table, None, rows.where), rows.table), -0.2

    def count_column(self, a: Item, b: Item) -> Found:
        columns = b.meaning
        assert isinstance(columns, Columns)
        if len(columns.terms) != 1:
            return
        attribute = columns.terms[0]
        column = self.graph.table(attribute.table).column(attribute.column)
        if column.kind in ("text", "number") and columns.rows is None:
            measure = Measure("count_distinct", attribute.table, attribute)
            yield "Number", Number(measure, attribute.table), 0.6

    def aggregate(self, a: Item, b: Item) -> Found:
        function, columns = a.meaning, b.meaning
        assert isinstance(columns, Columns)
        if len(columns.terms) != 1:
            return
        attribute = columns.terms[0]
        kind = self.graph.table(attribute.table).column(attribute.column).kind
        is_key = any(attribute.column in key for key in self.graph.table(attribute.table).keys[:1])
        if is_key or (kind != "number" and not (kind in ("time", "date") and function in ("min", "max"))):
            return
        if columns.rows is None:
            measure = Measure(_function(function), attribute.table, attribute)
        else:
            found = self.measured(attribute, columns.rows)
            if found is None:
                return
            measure = Measure(_function(function), attribute.table, attribute, found)
            if found == _TRUE:
                measure = replace(measure, where=None)
        yield "Number", Number(measure, attribute.table), -0.1

    def measured(self, attribute: Attribute, rows: Rows) -> Predicate | None:
        """The condition on a column's own rows that they belong to other ones; `_TRUE` when there is none."""
        if attribute.table == rows.table or rows.where is None:
            return rows.where or _TRUE
        found = self.linked(Rows(attribute.table), Link(rows))
        return (found[0].where or _TRUE) if found else None

    def number_link(self, a: Item, b: Item) -> Found:
        number, link = a.meaning, b.meaning
        assert isinstance(number, Number) and isinstance(link, Link)
        found = self.linked(Rows(number.table), link)
        if found and isinstance(number.term, Measure):
            where = both(number.term.where, found[0].where)
            if link.is_plain and link.rows.where is None:
                where = number.term.where
            yield "Number", Number(replace(number.term, where=where), number.table), found[1] + 0.05

    def number_condition(self, a: Item, b: Item) -> Found:
        number, condition = a.meaning, b.meaning
        assert isinstance(number, Number) and isinstance(condition, Condition)
        found = self.restricted(Rows(number.table), condition.table, condition.predicate)
        if found and isinstance(number.term, Measure):
            where = both(number.term.where, found[0].where)
            yield "Number", Number(replace(number.term, where=where), number.table), found[1] + 0.05

    def number_period(self, a: Item, b: Item) -> Found:
        number, period = a.meaning, b.meaning
        assert isinstance(number, Number) and isinstance(period, Period)
        predicate = self.in_default_period(number.table, period)
        if predicate and isinstance(number.term, Measure):
            where = both(number.term.where, predicate)
            yield "Number", Number(replace(number.term, where=where), number.table), 0.0

    def ratio_left(self, a: Item, b: Item) -> Found:
        yield "RatioOf", (a.meaning, self.as_number(b.meaning)), 0.0

    def ratio(self, a: Item, b: Item) -> Found:
        kind, one = a.meaning  # type: ignore[misc]
        is_part, two = b.meaning  # type: ignore[misc]
        two = self.as_number(two)
        one = self.in_scope(one, two, is_part=bool(is_part))
        if one is None:
            return
        term: Term = Calculation("/", one.term, two.term)
        if kind == "percentage":
            term = Calculation("*", term, Value(100))
        yield "Number", Number(term, one.table), -1.5

    def in_scope(self, one: Number, two: Number, *, is_part: bool) -> Number | None:
        """The first number of a ratio under the conditions that are said once, at the end, for both.

        Of "A to B in New York" the city is meant of both, when both are told apart by something else.
        """
        a, b = one.term, two.term
        if not isinstance(a, Measure) or not isinstance(b, Measure) or a.table != b.table:
            return one
        own = {subject for c in _conjuncts(a.where) for subject in _subjects(c)}
        later = [c for c in _conjuncts(b.where) if not _subjects(c) & own]
        is_parallel = len(later) < len(_conjuncts(b.where))
        if not later or a.where is None:
            return one
        if not is_part and not is_parallel:
            return None
        return Number(replace(a, where=both(a.where, *later)), one.table)

    def as_number(self, meaning: Hashable) -> Number:
        if isinstance(meaning, Rows):
            return Number(Measure("count", meaning.table, None, meaning.where), meaning.table)
        assert isinstance(meaning, Number)
        return meaning

    # --- groups, the best, orders ---------------------------------------------------------------------

    def each_rows(self, a: Item, b: Item) -> Found:
        rows = b.meaning
        assert isinstance(rows, Rows)
        yield "Group", Group(self.label(rows.table), rows), -0.2

    def each_column(self, a: Item, b: Item) -> Found:
        columns = b.meaning
        assert isinstance(columns, Columns)
        attribute = columns.terms[0]
        column = self.graph.table(attribute.table).column(attribute.column)
        is_key = attribute.column.lower().endswith(("id", "year", "type", "code"))
        yield (
            "Group",
            Group(columns.terms, columns.rows),
            0.8 if column.kind == "number" and not is_key else -0.2,
        )

    def by_number(self, a: Item, b: Item) -> Found:
        yield "ByNumber", b.meaning, -0.3

    def each_grain(self, a: Item, b: Item) -> Found:
        assert isinstance(b.meaning, Grain)
        yield "Group", Group((), None, b.meaning), -0.2

    def grouped_number(self, a: Item, b: Item) -> Found:
        yield "Grouped", (a.meaning, b.meaning), 0.0

    def top_number(self, a: Item, b: Item) -> Found:
        if isinstance(b.meaning, int):
            yield "TopN", b.meaning, -0.2

    def best_column(self, a: Item, b: Item) -> Found:
        assert isinstance(b.meaning, Columns)
        yield "Best", Best(b.meaning, bool(a.meaning)), 0.0

    def best_number(self, a: Item, b: Item) -> Found:
        yield "Best", Best(b.meaning, bool(a.meaning)), -0.1

    def best_rows(self, a: Item, b: Item) -> Found:
        """`most papers`: the greatest number of them."""
        yield "Best", Best(self.as_number(b.meaning), bool(a.meaning)), 0.3

    def frequent(self, a: Item, b: Item) -> Found:
        yield "FrequentOf", (bool(a.meaning), b.meaning), 0.0

    def show_list(self, a: Item, b: Item) -> Found:
        yield "Shown", Listed((b.meaning,)), 0.0

    def listed(self, a: Item, b: Item) -> Found:
        yield "List", Listed((b.meaning,)), 0.0

    def ordered(self, a: Item, b: Item) -> Found:
        yield "OrderBy", (b.meaning, None), -0.2

    def ordered_direction(self, a: Item, b: Item) -> Found:
        by, _ = a.meaning  # type: ignore[misc]
        yield "OrderBy", (by, b.meaning), 0.0

    def order_direction(self, a: Item, b: Item) -> Found:
        yield "OrderBy", (None, b.meaning), 0.0

    def top_of(self, a: Item, b: Item) -> Found:
        yield "TopOf", (a.meaning, b.meaning), 0.0

    def grammar(self) -> Grammar:
        binary: dict[tuple[str, str], list[object]] = {}

        def rule(left: str, right: str, function: object) -> None:
            for a in left.split():
                for b in right.split():
                    binary.setdefault((a, b), []).append(function)

        phrases = "Rows Col Val Cond Quo Num Time Number Group Link Best TopN TopOf CmpNum Grain FrequentOf"
        rule(
            "Fill",
            phrases + " Count Agg Sup Cmp Each Neg Prep Verb Order Top Ratio Rel OrderBy Frequent",
            self.keep_right,
        )
        rule("Rel", "Cond Link Best", self.keep_right)
        rule(phrases + " Cmp Neg Order Verb Prep Rel", "Fill", self.keep_left)
        rule("Rows", "Cond Val", self.rows_condition)
        rule("Cond Val", "Rows", self.condition_rows)
        rule("Rows", "Link", self.rows_link)
        rule("Rows", "Time", self.rows_period)
        rule("Col", "Time", self.column_period)
        rule("Prep", "Time", self.prep_period)
        rule("Col", "Val", self.column_value)
        rule("Val", "Col", self.value_column)
        rule("Col", "Quo", self.column_quoted)
        rule("Rows", "Quo", self.rows_quoted)
        rule("Col", "Num", self.column_number)
        rule("Like", "Quo", lambda a, b: [("LikeText", (a.meaning, b.meaning), 0.0)])
        rule("Col", "LikeText", self.column_like)
        rule("Fill Rel", "LikeText", self.keep_right)
        rule("Col", "NameOf", self.named_column)
        rule("Rows", "NameOf", self.named_rows)
        rule("Verb", "Group Best", self.verb_any)
        rule("EachGrain", "Number", lambda a, b: [("Grouped", (a.meaning, b.meaning), 0.0)])
        rule("Number Rows Col", "Verb", lambda a, b: [(a.category, a.meaning, 0.9)])
        rule("To", "Rows Number", lambda a, b: [("ToNumber", (a.meaning, b.meaning), 0.0)])
        rule("Col", "CmpNum", self.column_compared)
        rule("Cmp", "Num", lambda a, b: [("CmpNum", (a.meaning, b.meaning), 0.0)])
        rule("Num", "CmpAfter", lambda a, b: [("CmpNum", (b.meaning, a.meaning), 0.0)])
        rule("CmpNum", "Rows", self.compared_rows)
        rule("Num", "Rows", self.number_rows)
        rule("Prep", "Rows", self.prep_rows)
        rule("Verb", "Rows", self.verb_rows)
        rule("Verb Prep", "Cond Val", lambda a, b: [("Cond", b.meaning, 0.1)])
        rule("Verb", "Link Time", self.verb_any)
        rule("Prep", "Link", self.verb_any)
        rule("Neg", "Link", self.not_link)
        rule("Neg", "Rows", self.not_rows)
        rule("Neg", "Cond Val", self.not_condition)
        rule("And", "Cond Val", self.condition_and)
        rule("And", "Rows Col Number Group Link Best Time", lambda a, b: [(b.category, b.meaning, 0.1)])
        rule("Cond", "AndCond", self.conditions)
        rule("Rows", "Col", self.rows_column)
        rule("Col", "Link", self.column_rows)
        rule("Col", "Link", self.column_link)
        rule("Col", "Cond Val", self.column_condition)
        rule("Count", "Rows", self.count_rows)
        rule("Count", "Col", self.count_column)
        rule("Agg", "Col", self.aggregate)
        rule("Number", "Link", self.number_link)
        rule("Number", "Cond Val", self.number_condition)
        rule("Number", "Time", self.number_period)
        rule("Ratio", "Rows Number", self.ratio_left)
        rule("Each", "Rows", self.each_rows)
        rule("Each", "Col", self.each_column)
        rule("Each", "Grain", self.each_grain)
        rule("Each", "Number", self.by_number)
        rule("Prep", "Group", self.keep_right)
        rule("Top", "Num", self.top_number)
        rule("Sup", "Col", self.best_column)
        rule("Sup", "Number", self.best_number)
        rule("Sup", "Rows", self.best_rows)
        rule("Prep Verb", "Best", self.keep_right)
        rule("Frequent", "Col Rows", self.frequent)
        rule("TopN", "Rows Col FrequentOf Best", self.top_of)
        rule("Num", "FrequentOf Best", self.top_of)
        rule("Order", "Rows Col Number", self.ordered)
        rule("Order", "Dir", self.order_direction)
        rule("OrderBy", "Dir", self.ordered_direction)
        rule("RatioOf", "ToNumber", self.ratio)
        return Grammar(
            {key: tuple(found) for key, found in binary.items()},
            {  # type: ignore[arg-type]
                "EachGrain": (lambda item: [("Group", Group((), None, item.meaning), 0.0)],),  # type: ignore[arg-type]
            },
        )


_TRUE = Missing(Value(None))


def _conjuncts(predicate: Predicate | None) -> tuple[Predicate, ...]:
    if predicate is None:
        return ()
    return predicate.predicates if isinstance(predicate, All) else (predicate,)


def _subjects(predicate: Predicate) -> set[object]:
    """What a condition is about: the table whose rows it counts, or its columns."""
    return {predicate.table} if isinstance(predicate, Exists) else set(attributes(predicate))


def _function(word: Hashable) -> Function:
    return word  # type: ignore[return-value]
