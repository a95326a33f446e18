"""A query in plain English: what a person reads to see whether they were understood.

The same query always gets the same words, and queries that mean different things get different ones: what
would be ambiguous stands in parentheses, and a column is said with its table unless only one is spoken of.
"""

from __future__ import annotations

from collections.abc import Sequence

from aidbt.semantic.graph import Graph
from aidbt.semantic.query import (
    Attribute,
    Compared,
    Grain,
    MetricRef,
    Order,
    SemanticQuery,
    Term,
    TimePoint,
    attributes,
    measures,
    parts,
)
from aidbt.semantic.wording.names import listed, table_nouns
from aidbt.semantic.wording.terms import TermWords

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def describe(query: SemanticQuery, graph: Graph) -> str:
    """What a query asks for, as one sentence.

    Example:
        >>> from aidbt.semantic.query import Measure, OneOf, Output, Value
        >>> paid = OneOf(Attribute("orders", "status"), (Value("paid"),))
        >>> query = SemanticQuery((Output(Measure("count", "orders"), "n"),), where=paid, limit=1)
        >>> describe(query, Graph(()))
        "The number of orders, where status is 'paid'; only the first row."
    """
    words = _sentence(query, graph)
    return f"{words[:1].upper()}{words[1:]}."


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


class _Words(TermWords):
    """Words for the answer of one query."""

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
