"""A query in plain English: what a person reads to see whether they were understood.

The same query always gets the same words, and queries that mean different things get different ones: what
would be ambiguous stands in parentheses, and a column is said with its table unless only one is spoken of.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from aidbt.core.errors import AidbtError
from aidbt.semantic.definitions import METRIC_TIME
from aidbt.semantic.graph import Graph, Path, is_to_one
from aidbt.semantic.period_wording import period_words
from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Calculation,
    Case,
    Clock,
    Compared,
    Comparison,
    Duration,
    Exists,
    Extreme,
    Grain,
    InPeriod,
    Length,
    Matches,
    Measure,
    MetricRef,
    Missing,
    Not,
    OneOf,
    Order,
    OutputRef,
    Predicate,
    SemanticQuery,
    Term,
    TimePoint,
    Value,
    attributes,
    measures,
    parts,
)
from aidbt.semantic.rewriting import of_far_rows

_LAYERS = frozenset(
    {"stg", "staging", "int", "intermediate", "base", "src", "raw", "dim", "fct", "fact", "mart"}
)
_CALCULATED = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}
_COMPARED = {
    "=": "is",
    "<>": "is not",
    "<": "is less than",
    "<=": "is at most",
    ">": "is more than",
    ">=": "is at least",
}
_COMPARED_TIMES = {
    **_COMPARED,
    "<": "is before",
    "<=": "is at or before",
    ">": "is after",
    ">=": "is at or after",
}
_COUNTED = {
    "=": "exactly",
    "<>": "any number but",
    "<": "fewer than",
    "<=": "at most",
    ">": "more than",
    ">=": "at least",
}
_AGGREGATES = {
    "count_distinct": "the number of different",
    "sum": "the sum of",
    "avg": "the average of",
    "min": "the least",
    "max": "the greatest",
    "median": "the median of",
    "stddev": "the standard deviation of",
}
_WHOLE = {"min": "least", "max": "greatest", "avg": "average", "median": "median"}
_MATCHED = {"starts": "starts with", "ends": "ends with", "contains": "contains", "is": "is spelled"}
_PARTS = {
    "hour": "hour of the day",
    "day": "day of the month",
    "day_of_week": "day of the week",
    "day_of_year": "day of the year",
    "week": "number of the week",
    "month": "number of the month",
    "quarter": "number of the quarter",
    "year": "number of the year",
}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def describe(query: SemanticQuery, graph: Graph) -> str:
    """What a query asks for, as one sentence.

    Example:
        >>> paid = OneOf(Attribute("orders", "status"), (Value("paid"),))
        >>> from aidbt.semantic.query import Output
        >>> query = SemanticQuery((Output(Measure("count", "orders"), "n"),), where=paid, limit=1)
        >>> describe(query, Graph(()))
        "The number of orders, where status is 'paid'; only the first row."
    """
    words = _sentence(query, graph)
    return f"{words[:1].upper()}{words[1:]}."


def table_nouns(graph: Graph) -> dict[str, str]:
    """What the rows of each table are called: its name without its layer and source, where only it has that.

    Example:
        >>> from aidbt.semantic.graph import GraphTable
        >>> table_nouns(Graph((GraphTable("stg_shop__orders", ()), GraphTable("dim_customer", ()))))
        {'stg_shop__orders': 'orders', 'dim_customer': 'customer'}
    """
    short = {table.name: _without_layer(table.name) for table in graph.tables}
    taken = Counter([*short.values(), *(name for name in short if short[name] != name)])
    return {name: noun if taken[noun] == 1 else name for name, noun in short.items()}


def _without_layer(name: str) -> str:
    """A dbt model's name without the words that say in which layer it is, and without its source."""
    words = name.rpartition("__")[2].split("_")
    while len(words) > 1 and words[0].lower() in _LAYERS:
        words = words[1:]
    return "_".join(words) or name


def _sentence(query: SemanticQuery, graph: Graph, *, names: bool = False) -> str:
    words = _Words(graph, table_nouns(graph), query, "").seeing_groups(_home(query))
    pieces = [words.outputs(names=names)]
    if query.source is not None:
        pieces.append(f", from the rows of [{_sentence(query.source, graph, names=True)}]")
    if query.where is not None:
        pieces.append(f", where {words.predicate(query.where)}")
    if query.having is not None:
        pieces.append(f", keeping only groups where {words.predicate(query.having)}")
    if query.order_by:
        pieces.append(f", sorted by {', then by '.join(words.order(order) for order in query.order_by)}")
    pieces.append(words.limit())
    if query.clock.week_start != 1 and _speaks_of_weeks(query):
        pieces.append(f"; weeks begin on {_WEEKDAYS[query.clock.week_start - 1]}")
    return "".join(pieces)


def _home(query: SemanticQuery) -> str:
    """The one table whose columns need not be said to be its; "" where several are spoken of."""
    tables = {measure.table for measure in measures((query.outputs, query.having, query.order_by))}
    tables |= {query.base} if query.base else set()
    if not tables and query.source is None and not query.group_by:
        tables = {attribute.table for attribute in attributes(query.outputs)}
    return tables.pop() if len(tables) == 1 and query.source is None else ""


def _speaks_of_weeks(query: SemanticQuery) -> bool:
    found = [query.source] if query.source is not None else []
    return any(
        (isinstance(part, Attribute) and part.grain is Grain.WEEK)
        or (isinstance(part, TimePoint) and part.cut_to is Grain.WEEK)
        for part in parts((query, *found))
    )


@dataclass(frozen=True)
class _Words:
    """Words for the parts of one query.

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
        return _name(self.nouns.get(table, table))

    def at(self, table: str) -> _Words:
        """The same, seen from the rows of another table."""
        return replace(self, home=table, joined=frozenset())

    def seeing_groups(self, table: str) -> _Words:
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

    # --- the answer -----------------------------------------------------------------------------------

    def outputs(self, *, names: bool) -> str:
        """What is shown, and of what."""
        query = self.query
        shown = [output for output in query.outputs if output.is_shown]
        is_grouped = bool(
            query.group_by
            or measures((query.outputs, query.having, query.order_by))
            or any(isinstance(part, MetricRef | Compared) for part in parts(query.outputs))
        )

        def named(terms: Sequence[tuple[Term, str]]) -> str:
            return listed([f"{self.term(t)} as “{name}”" if names else self.term(t) for t, name in terms])

        if not is_grouped:
            rows = f"row of {self.noun(self.home)}" if self.home else "row"
            once = ", without repeats" if query.distinct else ""
            return f"for each {rows}{once}: {named([(o.term, o.name) for o in shown])}"
        numbers = [(o.term, o.name) for o in shown if o.term not in query.group_by]
        groups = {o.term: o.name for o in shown if o.term in query.group_by}
        per = listed([self._group(term, groups.get(term), names=names) for term in query.group_by])
        once = ", without repeats" if query.distinct else ""
        base = f", also for {self.noun(query.base)} without any" if query.base else ""
        if not numbers:
            return f"each {per} that there is{base}{once}"
        return f"{named(numbers)}{f' per {per}' if per else ''}{base}{once}"

    def _group(self, term: Term, name: str | None, *, names: bool) -> str:
        if name is None:
            return f"{self.term(term)} (not shown)"
        return f"{self.term(term)} as “{name}”" if names else self.term(term)

    def order(self, order: Order) -> str:
        """What is sorted by, and which way."""
        return f"{self.term(order.term)} {'descending' if order.is_descending else 'ascending'}"

    def limit(self) -> str:
        """How many rows there are at most."""
        query = self.query
        most = f"; at most {query.at_most:,} rows in all" if query.at_most is not None else ""
        if query.limit is None:
            return most
        rows = "row" if query.limit == 1 else f"{query.limit:,} rows"
        within = f" in each {listed([self.term(term) for term in query.limit_within])}"
        ties = ", and those equal to the last" if query.has_ties else ""
        return f"; only the first {rows}{within if query.limit_within else ''}{ties}{most}"

    # --- terms ----------------------------------------------------------------------------------------

    def term(self, term: Term) -> str:
        """A term in words."""
        match term:
            case Attribute():
                return self.attribute(term)
            case Value(value):
                return _value(value)
            case Calculation(operator, left, right):
                return f"{self.inner(left)} {_CALCULATED[operator]} {self.inner(right)}"
            case Duration(start, end, unit, is_whole):
                whole = "whole " if is_whole else ""
                return f"the {whole}{unit}s from {self.inner(start)} to {self.inner(end)}"
            case Length(of):
                return f"the number of characters of {self.inner(of)}"
            case Case(when, then, otherwise):
                chosen = f"{self.inner(then)} if {self.inner_predicate(when)}"
                return f"{chosen}, else {self.inner(otherwise)}"
            case Measure():
                return self.measure(term)
            case MetricRef(name):
                return f"the metric {_name(name)}"
            case OutputRef(name):
                return self._output(name)
            case Compared():
                return self.compared(term)

    def inner(self, term: Term) -> str:
        """A term inside of another one."""
        words = self.term(term)
        return f"({words})" if isinstance(term, Calculation | Duration | Case | Compared) else words

    def attribute(self, attribute: Attribute) -> str:
        """A column, with its table and the way to it where they have to be said."""
        is_metrics_own = (attribute.table, attribute.column) == ("", METRIC_TIME)
        words = "the metrics' own time" if is_metrics_own else _name(attribute.column)
        if attribute.grain is not None:
            words = f"{attribute.grain} of {words}"
        if attribute.part is not None:
            words = f"{_PARTS[attribute.part]} of {words}"
        if attribute.table not in ("", self.home) or attribute.via:
            words = f"{words} of {self.noun(attribute.table)}"
        return f"{words}{_by_way_of(attribute.via)}"

    def measure(self, measure: Measure) -> str:
        """An aggregate, of what, and of which rows."""
        rows = self.noun(measure.table) if measure.table else "rows"
        inside = self.seeing_groups(measure.table)
        of = measure.of
        if of is None:
            words = f"the number of {rows}"
        elif measure.function == "count":
            words = f"the number of {rows} that have {inside.inner(of)}"
        else:
            is_own = isinstance(of, Attribute) and of.table == measure.table and not of.via
            over = f" {'of' if is_own else 'over'} {rows}" if measure.table else ""
            words = f"{_AGGREGATES[measure.function]} {inside.inner(of)}{over}"
        if measure.at is not None:
            words += f" (counted at {inside.attribute(measure.at)})"
        if measure.where is not None:
            words += f" (only those where {inside.predicate(measure.where)})"
        return words

    def compared(self, compared: Compared) -> str:
        """A measure beside those of other groups."""
        of = self.inner(compared.of)
        along, steps = compared.along, compared.steps
        unit = str(along.grain) if isinstance(along, Attribute) and along.grain is not None else "group"
        before = f"the {unit} before" if steps == 1 else f"{steps:,} {unit}s before"
        words = {
            "previous": f"the value of {of} in {before}",
            "change": f"the change of {of} since {before}",
            "relative_change": f"the relative change of {of} since {before}",
            "share": f"the share of {of} in the total",
            "average": f"the average of {of} over all groups",
            "running": f"the running total of {of}",
            "moving_average": f"the moving average of {of} over {steps:,} {unit}s",
            "rank": f"the rank by {of}",
            "dense_rank": f"the rank without gaps by {of}",
        }[compared.kind]
        if compared.kind in ("rank", "dense_rank"):
            words += " (1 is the least)" if compared.is_ascending else " (1 is the greatest)"
        if compared.along is not None:
            words += f" along {self.inner(compared.along)}"
        if compared.within:
            words += f" within each {listed([self.inner(term) for term in compared.within])}"
        return words

    def _output(self, name: str) -> str:
        """An output by name: this query's own in its words, the source's by its name."""
        for output in self.query.outputs:
            if output.name == name and output.term != OutputRef(name):
                return self.term(output.term)
        return f"“{_printable(name)}”"

    # --- predicates -----------------------------------------------------------------------------------

    def predicate(self, predicate: Predicate) -> str:
        """A condition in words."""
        predicate = self._as_planned(predicate)
        match predicate:
            case Comparison(operator, left, right):
                verb = (_COMPARED_TIMES if self._is_time(left) else _COMPARED)[operator]
                return f"{self.inner(left)} {verb} {self.inner(right)}"
            case OneOf():
                return self._one_of(predicate, is_negated=False)
            case Matches(term, how, text, ignores_case):
                case_ = "" if ignores_case else " (with this case)"
                return f"{self.inner(term)} {_MATCHED[how]} {_value(text)}{case_}"
            case Missing(term):
                return f"{self.inner(term)} is missing"
            case InPeriod(term):
                return f"{self.inner(term)} is {period_words(predicate, self.clock)}"
            case Exists():
                return self._exists(predicate)
            case Extreme(term, function, where, operator):
                among = f" among those where {self.at(term.table).inner_predicate(where)}" if where else ""
                return f"{self.inner(term)} {_COMPARED[operator]} the {_WHOLE[function]} there is{among}"
            case Not(inner):
                return self._not(inner)
            case All(predicates):
                return " and ".join(map(self.inner_predicate, predicates))
            case AnyOf(predicates):
                return " or ".join(map(self.inner_predicate, predicates))

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

    def inner_predicate(self, predicate: Predicate) -> str:
        """A condition inside of another one."""
        words = self.predicate(predicate)
        is_list = isinstance(predicate, All | AnyOf) and len(predicate.predicates) > 1
        has_where = isinstance(predicate, Exists | Extreme) and predicate.where is not None
        return f"({words})" if is_list or has_where else words

    def _is_time(self, term: Term) -> bool:
        """Whether a term is a column of dates or times."""
        if not isinstance(term, Attribute) or term.part is not None:
            return False
        columns = (table.columns for table in self.graph.tables if table.name == term.table)
        return any(c.name == term.column and c.kind in ("time", "date") for found in columns for c in found)

    def _one_of(self, predicate: OneOf, *, is_negated: bool) -> str:
        values = ", ".join(_value(value.value) for value in predicate.values)
        is_one = len(predicate.values) == 1
        verb = ("is not" if is_one else "is none of") if is_negated else "is" if is_one else "is one of"
        case_ = " (in any case)" if predicate.ignores_case else ""
        return f"{self.inner(predicate.term)} {verb} {values}{case_}"

    def _exists(self, exists: Exists) -> str:
        where = f" where {self.at(exists.table).inner_predicate(exists.where)}" if exists.where else ""
        is_plain = (exists.operator, exists.count) == (">=", 1)
        if (exists.operator, exists.count) == ("=", 0):
            return f"there are no {self.noun(exists.table)}{_by_way_of(exists.via)}{where}"
        number = "any" if is_plain else f"{_COUNTED[exists.operator]} {exists.count:,}"
        return f"there are {number} {self.noun(exists.table)}{_by_way_of(exists.via)}{where}"

    def _not(self, inner: Predicate) -> str:
        inner = self._as_planned(inner)
        match inner:
            case OneOf() if self.home:
                return self._one_of(inner, is_negated=True)
            case Missing(term):
                return f"{self.inner(term)} is not missing"
            case Exists(table, via, where, ">=", 1):
                seen = f" where {self.at(table).inner_predicate(where)}" if where else ""
                return f"there are no {self.noun(table)}{_by_way_of(via)}{seen}"
        return f"not ({self.predicate(inner)})"


def listed(words: Sequence[str]) -> str:
    """Things side by side: "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _by_way_of(via: Sequence[str]) -> str:
    return f" (by way of {', '.join(map(_name, via))})" if via else ""


def _name(name: str) -> str:
    """A table's or column's name, in quotes where it does not read as one."""
    is_plain = all(part.isidentifier() for part in name.split("."))
    return name if is_plain else '"' + _printable(name).replace('"', '""') + '"'


def _value(value: str | float | bool | dt.date | None) -> str:
    """A constant; a text in quotes, with nothing in it that a terminal would obey."""
    if isinstance(value, str):
        return "'" + _printable(value).replace("'", "''") + "'"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else str(value)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() and c != "\\" else c.encode("unicode_escape").decode() for c in text)
