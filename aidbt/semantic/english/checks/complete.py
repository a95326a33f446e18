"""Whether a query says all that its question said: nothing that was understood may be left out on the way.

What phrases mean is put together in many ways, and a query that lacks a condition or a number still answers
something. So the parts of every phrase are looked for in the query that was made of them, and what the words
themselves mean too: a rule that joins two phrases may have dropped one of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from itertools import pairwise
from typing import Any

from aidbt.core.words import words_of
from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.number_phrases import Change, Group, Having, Ranking, Sorted, Top
from aidbt.semantic.english.meanings.phrases import Columns, Rows
from aidbt.semantic.english.meanings.same_rows import negated
from aidbt.semantic.english.meanings.ways import tables_between
from aidbt.semantic.english.words.dimensions import is_year_begun
from aidbt.semantic.english.words.periods import Period
from aidbt.semantic.graph import Graph, is_to_one
from aidbt.semantic.query import (
    Attribute,
    Compared,
    Comparison,
    Duration,
    Exists,
    Extreme,
    Grain,
    InPeriod,
    Matches,
    Measure,
    MetricRef,
    Missing,
    Not,
    OneOf,
    SemanticQuery,
    TimePoint,
    Value,
    attributes,
    parts,
    queries_in,
)

# What makes a number one of a unit.
_UNITS = {"Grain", "Scale", "Unit", "InUnit"}
_LEAVES = (Comparison, OneOf, Matches, Missing, InPeriod, Extreme)
# Of "spent the most on bookings" it is said: of what those cost.
_SPENT = {"Much", "MuchIn", "Between"}


def check_complete(
    sentences: Sequence[Iterable[Item]], query: SemanticQuery, graph: Graph, *, counts: bool = False
) -> None:
    """That every part of the phrases is in the query.

    Args:
        counts: whether a number of rows was asked for without saying of which.

    Raises:
        Refused: one is not.
    """
    said = _Said(query, graph)
    for items in sentences:
        for item in items:
            if item.category == "ForAllOf":
                continue  # "including customers without orders" leaves nothing out
            for part in parts(item.meaning):
                if not said.has(part):
                    raise Refused("a part of the question has no place in its answer")
            again = _said_again(list(item.words()))
            words = [word for word in item.words() if word.category not in ("Fill", "Is")]
            if not _holds_values(item, [word for word in words if word not in again]):
                raise Refused("a value of the question has no place in its answer")
            kinds = ["", *(word.category for word in words), ""]
            if _leaves_out_of_what(words):
                raise Refused("of what there is most is not said", hint="say the most of what")
            for word, before, after in zip(words, kinds, kinds[2:], strict=False):
                if not said.keeps(word, {before, after}):
                    raise Refused("a word of the question has no place in its answer")
    if query.limit is not None and not query.base and not query.group_by and query.source is None:
        raise Refused("of what there is most is not said", hint="say the most of what")
    if counts and not any(m.function in ("count", "count_distinct") for m in said.measures):
        raise Refused("a count is asked for, and it is not said of what")


def _leaves_out_of_what(words: Sequence[Item]) -> bool:
    """Whether "the most" stands before a preposition, and it is not said of what there is most."""
    for number, (most, how) in enumerate(pairwise(words)):
        is_said = how.meaning == "of" or {one.category for one in words[max(number - 1, 0) : number]} & _SPENT
        if (most.category, how.category) == ("Most", "Prep") and not is_said:
            return True
    return False


@dataclass
class _Said:
    """What a query says, the questions inside of it too."""

    query: SemanticQuery
    graph: Graph

    def __post_init__(self) -> None:
        self.queries = list(queries_in(self.query))
        self.nodes = [node for query in self.queries for node in parts(query)]
        self.measures = [node for node in self.nodes if isinstance(node, Measure)]
        self.leaves = {_bare(node) for node in self.nodes if isinstance(node, _LEAVES)}
        self.columns = {(node.table, node.column) for node in self.nodes if isinstance(node, Attribute)}
        self.tables = {table for table, _ in self.columns} | {query.base for query in self.queries}
        self.tables |= {node.table for node in self.nodes if isinstance(node, Measure | Exists)}
        ways = {name for node in self.nodes if isinstance(node, Attribute | Exists) for name in node.via}
        over = [r for r in self.graph.relationships if r.name in ways]
        self.tables |= {r.source for r in over} | {r.target for r in over}
        numbers = [node.count for node in self.nodes if isinstance(node, Exists)]
        numbers += [node.steps for node in self.nodes if isinstance(node, Compared)]
        numbers += [abs(node.shift) for node in self.nodes if isinstance(node, TimePoint)]
        numbers += [query.limit for query in self.queries if query.limit is not None]
        self.values = {node for node in self.nodes if isinstance(node, Value)} | set(map(Value, numbers))
        self.values |= {Value(node.text) for node in self.nodes if isinstance(node, Matches)}

    def has(self, part: Any) -> bool:
        """Whether a part of a phrase is in the query, in one of the ways it may be."""
        match part:
            case Comparison() | OneOf() | Matches() | Missing() | InPeriod() | Extreme():
                return _bare(part) in self.leaves or self._takes_first(part)
            case Exists():
                return self._counts(part)
            case Period():
                return self._is_in(part)
            case Measure():
                return self._measures(part)
            case MetricRef():
                return part in self.nodes
            case Columns():
                return all(self._shows(term, (*part.alike, *part.namesakes(term))) for term in part.terms)
            case Rows():
                return self._speaks_of(part.table)
            case Compared():
                return any(node.kind == part.kind for node in self.nodes if isinstance(node, Compared))
            case _:
                return self._orders(part)

    def _measures(self, measure: Measure) -> bool:
        """A measure, or of rows that are counted how many of them belong to other ones."""
        if any((m.function, _bare(m.of)) == (measure.function, _bare(measure.of)) for m in self.measures):
            return True
        if measure.function == "sum" and any(self._ranks(query, measure) for query in self.queries):
            return True
        own = self.graph.table(measure.table).keys if measure.table else ()
        keys = [(measure.table, *key) for key in own]
        counted = [m.of for m in self.measures if m.function == "count_distinct"]
        if measure.function == "count_distinct" and any(
            measure.of in one.source.group_by for one in self.queries if one.source is not None
        ):
            return True  # different values are the groups that are counted
        is_count = measure.of is None and measure.function == "count"
        return is_count and any(isinstance(of, Attribute) and (of.table, of.column) in keys for of in counted)

    @staticmethod
    def _ranks(query: SemanticQuery, measure: Measure) -> bool:
        """Whether rows are listed by the column that is added up: of each of them its own is the sum."""
        is_listed = query.base == measure.table and not query.group_by and query.limit is not None
        return is_listed and measure.of in [order.term for order in query.order_by]

    def _is_unit(self, term: Attribute) -> bool:
        """Whether a column is in the name of another that the query speaks of: the unit of `unit_cost`."""
        unit = set(words_of(term.column))
        return any(table == term.table and unit < set(words_of(name)) for table, name in self.columns)

    def _takes_first(self, part: Any) -> bool:
        """Whether the greatest of all is that of each group, as the first of it."""
        if not isinstance(part, Extreme):
            return False
        within = [one for one in self.queries if one.limit == 1 and one.limit_within]
        firsts = [order for one in within for order in one.order_by]
        ends = [(_bare(order.term), order.is_descending) for order in firsts]
        return (_bare(part.term), part.function == "max") in ends

    def keeps(self, word: Item, beside: set[str]) -> bool:
        """Whether what a word means is in the query: a value, a number, a text, a column, that it is denied.

        Lengths of time and sums of money may be in another unit there.

        Args:
            beside: the categories of the words before and after it.
        """
        match word.category:
            case "Val" | "Cond":
                values = [part for part in parts(word.meaning) if isinstance(part, Value)]
                groups = {term for query in self.queries for term in query.group_by}
                return all(value in self.values for value in values) or groups >= set(
                    attributes(word.meaning)
                )
            case "Time" if isinstance(word.meaning, Period):
                return self._is_in(word.meaning)
            case "Num":
                is_of_unit = bool(beside & _UNITS)
                numbers = {value.value for value in self.values}
                return word.meaning == 1 or is_of_unit or word.meaning in numbers
            case "Quo":
                text = str(word.meaning).strip("%").casefold()
                said = {str(value.value).casefold() for value in self.values}
                # A first and a last name are two values.
                return any(text in value for value in said) or said >= set(text.split())
            case "Neg" | "No":
                return any(map(_is_negative, self.nodes))
            case "Col" if isinstance(word.meaning, Columns):
                is_unit = "Each" in beside and self._is_unit(word.meaning.terms[0])
                return "AllOf" in beside or is_unit or self.has(word.meaning)
            case "Grain":
                return "Num" in beside or any(_is_of_grain(node, word.meaning) for node in self.nodes)
            case "Rows" if isinstance(word.meaning, Rows):
                return self._speaks_of(word.meaning.table)
            case _:
                return True

    def _speaks_of(self, table: str) -> bool:
        """Whether rows of a table are in the query, or what others refer to: every sale is of a car."""
        if table in self.tables:
            return True
        ways = (self.graph.paths(other, table) for other in self.tables if other)
        return any(is_to_one(path) for found in ways for path in found)

    def _orders(self, part: Any) -> bool:
        match part:
            case Top(limit=limit):
                return any(query.limit == limit for query in self.queries)
            case Sorted():
                return any(query.order_by for query in self.queries)
            case Having(operator=operator):
                having = [node for query in self.queries for node in parts(query.having)]
                return any(node.operator == operator for node in having if isinstance(node, Comparison))
            case Change(kind=kind):
                return any(node.kind == kind for node in self.nodes if isinstance(node, Compared))
            case Ranking():
                return any(node.kind == "rank" for node in self.nodes if isinstance(node, Compared))
            case Group():
                return self._groups(part)
            case _:
                return True

    def _groups(self, group: Group) -> bool:
        means = {m.table for m in self.measures if m.function == "avg"}
        if group.is_per and any(rows.table in means for rows in group.rows):
            return True  # `average amount per order` is that of all of them
        if group.rows and not (group.is_per or group.grains) and self._is_ranked_by(group):
            return True
        terms = [term for query in self.queries for term in query.group_by if isinstance(term, Attribute)]
        are_years = (t.part == "year" or t.column.lower() == "year" for t in terms)
        grains = {term.grain for term in terms} | ({Grain.YEAR} if any(are_years) else set())
        has_grains = set(group.grains) <= grains
        has_parts = all(any(term.part == part for term in terms) for part in group.parts)
        rivals = dict(group.rivals)
        return has_grains and has_parts and all(self._shows(t, rivals.get(t, ())) for t in group.terms)

    def _is_ranked_by(self, group: Group) -> bool:
        """Whether rows "by" which there are first ones are counted: "top 3 trainers by bookings"."""
        limited = [query for query in self.queries if query.limit is not None]
        orders = tuple(query.order_by for query in limited)
        by = [one.table for one in parts(orders) if isinstance(one, Measure) and one.of is None]
        return all(rows.table in by for rows in group.rows)

    def _counts(self, exists: Exists) -> bool:
        """Related rows: there, or so many of them, as a condition on rows or on groups."""
        if (exists.operator, exists.count) == (">=", 1):
            is_bare = exists.where is None
            between = tables_between(self.tables - {""}, self.graph) if is_bare else ()
            return self._speaks_of(exists.table) or exists.table in between
        if any(
            (node.table, node.operator, node.count) == (exists.table, exists.operator, exists.count)
            for node in self.nodes
            if isinstance(node, Exists)
        ):
            return True
        if (exists.operator, exists.count) == ("=", 0) and exists.where is not None:
            # Of a share "of the orders of each customer is not paid" the part are those that are not.
            return negated(exists.where) in self.nodes
        having = [node for query in self.queries for node in parts(query.having)]
        return any(
            (node.operator, node.right) == (exists.operator, Value(exists.count))
            for node in having
            if isinstance(node, Comparison)
        )

    def _is_in(self, period: Period) -> bool:
        """A period as a range of times, or as years that are numbers."""
        ranges = [(n.start, n.end) for n in self.nodes if isinstance(n, InPeriod)]
        if (period.start, period.end) in ranges:
            return True
        years = {point.at.year for point in (period.start, period.end) if point is not None and point.at}
        numbers = {
            n.right.value for n in self.nodes if isinstance(n, Comparison) and isinstance(n.right, Value)
        }
        return bool(years & numbers)

    def _shows(self, term: Attribute, alike: Sequence[Attribute]) -> bool:
        """A column, another that its words may mean, or one that refers to it."""
        places = {(one.table, one.column) for one in (term, *alike)}
        places |= {
            (r.source, r.source_columns[0])
            for r in self.graph.relationships
            if (r.target, r.target_columns[0]) in places
        }
        return bool(places & self.columns)


def _said_again(words: Sequence[Item]) -> list[Item]:
    """The values in brackets that only say in another way what stands before these: "in Germany (DE)"."""
    return [
        word
        for before, opened, word, closed in zip(words, words[1:], words[2:], words[3:], strict=False)
        if (before.category, opened.category, word.category, closed.category)
        == ("Val", "Fill", "Val", "Fill")
        and before.meaning == word.meaning
    ]


def _holds_values(item: Item, words: Sequence[Item]) -> bool:
    """Whether a phrase holds each value as often as its words say it, as of what works and what does not."""
    said = Counter(value for word in words if word.category == "Val" for value in _values(word))
    held = Counter(_values(item))
    return all(held[value] >= count for value, count in said.items())


def _values(item: Item) -> list[Value]:
    return [part for part in parts(item.meaning) if isinstance(part, Value)]


def _is_of_grain(node: Any, grain: Any) -> bool:
    """Whether a part of a query counts in a length of time, or is a column of it: a year."""
    match node:
        case Attribute(grain=cut, part=part, column=column):
            is_named = str(grain) in column.lower() or (grain == Grain.YEAR and is_year_begun(column))
            return grain in (cut, part) or is_named
        case TimePoint(cut_to=cut, unit=unit):
            return grain in (cut, unit)
        case Duration(unit=unit):
            return bool(grain == unit)
        case _:
            return False


def _is_negative(node: Any) -> bool:
    """Whether a predicate denies something, or asks for what is empty, false, or less than a number."""
    match node:
        case Not() | Missing():
            return True
        case Exists(operator=operator) | Comparison(operator=operator):
            is_false = isinstance(node, Comparison) and node.right == Value(False)
            return is_false or operator not in (">=", "=") or getattr(node, "count", 1) == 0
        case _:
            return False


def _bare(node: Any) -> Any:
    """A node without the ways that its columns take, which depend on where they are seen from."""
    if isinstance(node, tuple):
        return tuple(map(_bare, node))
    if is_dataclass(node):
        kept = (field for field in fields(node) if field.name != "via")
        return (type(node).__name__, *(_bare(getattr(node, field.name)) for field in kept))
    return node
