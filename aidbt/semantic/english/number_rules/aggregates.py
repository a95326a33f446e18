"""Aggregates: how numbers are made of rows and columns, and of which rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from aidbt.core.words import singular_words
from aidbt.semantic.english.meanings.number_phrases import Functions, Number, Numbers
from aidbt.semantic.english.meanings.phrases import Amount, Claim, Columns, Compare, Found, Rows
from aidbt.semantic.english.meanings.same_rows import is_contradiction
from aidbt.semantic.english.row_rules.rows import RowRules
from aidbt.semantic.english.words.additive import (
    amount_of,
    is_additive,
    is_duration,
    is_key,
    is_percentage,
    money_of,
)
from aidbt.semantic.english.words.periods import Period
from aidbt.semantic.english.words.units import is_money
from aidbt.semantic.graph import GraphTable, is_to_one
from aidbt.semantic.query import (
    Attribute,
    Calculation,
    Compared,
    Function,
    Measure,
    Predicate,
    Term,
    Value,
    both,
    measures,
)

_MOST_COLUMNS = 12
PER_CENT = Value(100)
# Numbers that somebody gave, or did not: "number of ratings".
_GIVEN = frozenset({"rating", "score", "grade", "mark"})


class AggregateRules(RowRules):
    """How numbers are made of noun phrases."""

    def count_rows(self, _: Function, rows: Rows) -> Found:
        """`number of orders`."""
        yield "Number", self.counted(rows), -0.2

    def total_rows(self, function: Function, rows: Rows) -> Found:
        """`total orders`; of rows that are amounts themselves ("average salary") what they amount to."""
        amount = amount_of(self.graph.table(rows.table))
        if amount:
            of = Attribute(rows.table, amount)
            yield "Number", Number(Measure(function, rows.table, of, rows.where, rows.time), rows.table), 0.1
        elif function == "sum":
            yield "Number", self.counted(rows), 0.3

    def how_much(self, function: Function, rows: Rows) -> Found:
        """`total amount of payments`: what they amount to, and their number where they have no amounts."""
        table = self.graph.table(rows.table)
        amount = amounts_of(table)
        if amount:
            of = Attribute(rows.table, amount)
            yield "Number", Number(Measure(function, rows.table, of, rows.where, rows.time), rows.table), 0.1
        elif function == "sum" and not any(is_additive(table, column.name) for column in table.columns):
            yield "Number", self.counted(rows), 0.1

    def count_column(self, function: Function, columns: Columns) -> Found:
        """`number of countries`: different ones; but of quantities ("number of units sold") their sum."""
        attribute = only(columns)
        if attribute is None:
            return
        column = self.column(attribute)
        if column.kind not in ("text", "number") or is_duration(column.name):
            return
        where = self.measured(attribute, columns.rows)
        if where is None:
            return
        if function == "count" and _GIVEN & set(singular_words(attribute.column)[-1:]):
            given = Measure("count", attribute.table, attribute, both(*where))
            yield "Number", Number(given, attribute.table), 0.3
            return
        is_added = is_additive(self.graph.table(attribute.table), attribute.column)
        if self.is_measured(attribute) and not is_added:
            return  # `how many weigh more`: nobody counts different weights
        if function == "count_distinct" and self.is_measured(attribute):
            return  # nor different quantities: of "different items in stock" those are counted that have one
        is_sum = function == "count" and is_added
        measure = Measure("sum" if is_sum else "count_distinct", attribute.table, attribute, both(*where))
        yield "Number", Number(measure, attribute.table), 0.6
        if is_sum:
            yield "CountedCol", columns, 0.3

    def aggregate(self, function: Function, columns: Columns) -> Found:
        """`average price`."""
        attribute = only(columns)
        if attribute is None or not self._can_aggregate(function, attribute):
            return
        if columns.rows is not None and self._is_of_parent(attribute, columns.rows):
            yield from self._aggregate_parent(function, attribute, columns.rows)
            return
        where = self.measured(attribute, columns.rows)
        if where is not None:
            measure = Measure(function, attribute.table, attribute, both(*where))
            yield "Number", Number(measure, attribute.table), -0.1

    def _is_of_parent(self, attribute: Attribute, rows: Rows) -> bool:
        """Whether a column is of what named rows refer to: patients have the copay of their insurance."""
        path = self.path(rows.table, attribute.table)
        return path is not None and bool(path) and is_to_one(path)

    def _aggregate_parent(self, function: Function, attribute: Attribute, rows: Rows) -> Found:
        """Of what named rows refer to: once for each of them, which makes no sense of a sum."""
        if function != "sum":
            measure = Measure(function, rows.table, attribute, rows.where)
            yield "Number", Number(measure, rows.table), 0.0

    def aggregate_after(self, columns: Columns, function: Function) -> Found:
        """`freight total`; what is "highest" stands before what it is of."""
        if function in ("sum", "avg", "median"):
            for category, meaning, cost in self.aggregate(function, columns):
                yield category, meaning, cost - 0.3

    def aggregate_amount(self, function: Function, amount: Amount) -> Found:
        """`total quantity times price`, `average time from order to delivery`."""
        where = amount.rows.where if amount.rows is not None and amount.rows.table == amount.table else None
        if amount.rows is not None and amount.rows.table != amount.table:
            return
        yield "Number", Number(Measure(function, amount.table, amount.term, where), amount.table), -0.1

    def aggregate_time(self, function: Function, columns: Columns) -> Found:
        """`last order date`, `earliest debut year`: of times alone, for the last order is no aggregate."""
        attribute = only(columns)
        if attribute is None or not (self.is_time(attribute) or self.is_year(attribute)):
            return
        where = self.measured(attribute, columns.rows)
        if where is not None:
            measure = Measure(function, attribute.table, attribute, both(*where))
            yield "Number", Number(measure, attribute.table), -0.1

    def act_time(self, function: Function, rows: Rows) -> Found:
        """`last ordered`: the time of what was done."""
        time = rows.time or self.time_of(rows.table)
        if time is not None:
            yield "Number", Number(Measure(function, rows.table, time, rows.where), rows.table), 0.1

    def aggregates(self, one: Functions | Function, other: Functions | Function) -> Found:
        """`lowest and highest`, before what they are of."""
        yield "Aggs", Functions((*_functions(one), *_functions(other))), 0.0

    def aggregate_all(self, functions: Functions, columns: Columns) -> Found:
        """`lowest, average and highest price`."""
        found = []
        for function in functions.items:
            made = [*self.aggregate(function, columns), *self.aggregate_time(function, columns)]
            found += [meaning for _, meaning, _ in made]
        if len(found) == len(functions.items):
            yield "Numbers", Numbers(tuple(n for n in found if isinstance(n, Number))), -0.2

    def count_and(self, function: Function, number: Number) -> Found:
        """`the number and total amount of orders`: rows counted beside what is made of them."""
        if isinstance(number.term, Measure) and number.term.of is not None:
            counted = Number(Measure(function, number.table, None, number.term.where), number.table)
            yield "Numbers", Numbers((counted, number)), -0.3

    def side_by_side(self, one: Number | Numbers, other: Number) -> Found:
        before = one.items if isinstance(one, Numbers) else (one,)
        yield "Numbers", Numbers((*before, other)), 0.3

    def and_theirs(self, one: Number | Numbers, other: Number) -> Found:
        """`number of open orders and their total freight`: of the rows that were counted."""
        before = one.items if isinstance(one, Numbers) else (one,)
        term = before[-1].term
        if isinstance(term, Measure) and before[-1].table == other.table:
            yield "Numbers", Numbers((*before, narrowed(other, term.where))), -0.3

    def number_of_those(self, number: Number, rows: Rows) -> Found:
        """`total amount of those invoices`: of the ones that are spoken of, where nothing else is said."""
        if number.table == rows.table and all(measure.where is None for measure in measures(number.term)):
            yield "NumberOfThose", number, -0.6

    def number_claim(self, number: Number, claim: Claim) -> Found:
        """`average price of products in Toys`."""
        if not number.table or (number.is_settled and not isinstance(claim, Period)):
            # A metric's rows are known to the semantic layer alone: what holds of them stays beside it.
            return
        bare = [measure.of for measure in measures(number.term) if measure.where is None]
        if any(self.takes_away(of, claim) for of in bare):
            return
        found = self.claimed(Rows(number.table, time=time_of_number(number)), claim)
        narrower = narrowed(number, found[0].where) if found is not None else number
        # Of "orders in 2024 to orders in 2025" each year is one side's.
        if found is not None and not any(is_contradiction(m.where) for m in measures(narrower.term)):
            yield "Number", narrower, found[1] + 0.05

    def number_done(self, number: Number, done: Columns) -> Found:
        """`how many tickets were sold`: the number that the verb is of too."""
        if isinstance(number.term, Measure) and number.term.of in done.terms:
            yield "Number", number, -0.4

    def number_paid(self, number: Number, act: Rows) -> Found:
        """`total salary paid`, where payments are what customers made: nothing else is said of salaries."""
        of = number.term.of if isinstance(number.term, Measure) else None
        is_unrelated = self.distance(number.table, act.table, is_act=True) is None
        if isinstance(of, Attribute) and is_money(self.column(of)) and is_unrelated:
            yield "Number", number, 0.3

    def among(self, number: Number, rows: Rows) -> Found:
        """`how many different cities do customers live in`: the rows whose the column is."""
        term = number.term
        if isinstance(term, Measure) and term.function == "count_distinct" and term.table == rows.table:
            yield "Number", narrowed(number, rows.where), 0.2

    def product(self, one: Columns, other: Columns) -> Found:
        """`quantity times unit price`, of one table's rows."""
        told = [columns.rows for columns in (one, other) if columns.rows is not None and columns.rows.where]
        if len(told) > 1:
            return
        for a in (*one.terms[:1], *one.alike):
            for b in (*other.terms[:1], *other.alike):
                if a.table != b.table or {self.column(a).kind, self.column(b).kind} != {"number"}:
                    continue
                if all(rows.table == a.table for rows in told):
                    yield "Amount", Amount(a.table, Calculation("*", a, b), told[0] if told else None), -0.3
                return

    def implied(self, columns: Columns) -> Number | None:
        """The sum of a number that adds up, when it is said by what and not how."""
        attribute = only(columns)
        if attribute is None or not is_additive(self.graph.table(attribute.table), attribute.column):
            return None
        if columns.rows is not None and self._is_of_parent(attribute, columns.rows):
            return None
        where = self.measured(attribute, columns.rows)
        if where is None:
            return None
        return Number(Measure("sum", attribute.table, attribute, both(*where)), attribute.table)

    def so_many(self, compare: Compare, number: Number) -> Found:
        """`at least 5 total orders`, where a number of rows says no more than the rows."""
        term = number.term
        if isinstance(term, Measure) and term.function == "count" and term.of is None:
            yield from self.counted_rows(compare, Rows(number.table, term.where, term.at))

    def counted(self, rows: Rows) -> Number:
        """How many rows there are."""
        return Number(Measure("count", rows.table, None, rows.where, rows.time), rows.table)

    def measured(self, attribute: Attribute, rows: Rows | None) -> tuple[Predicate | None] | None:
        """The condition on a column's own rows that they belong to other ones; None when they do not."""
        if rows is None:
            return (None,)
        if attribute.table == rows.table or rows.where is None:
            return (rows.where,) if self.distance(attribute.table, rows.table) is not None else None
        found = self.restricted(Rows(attribute.table), rows.table, rows.where)
        return (found[0].where,) if found else None

    def is_measured(self, attribute: Attribute) -> bool:
        """Whether a column is a number of something, and no code or year that names a group."""
        if attribute.column.lower().endswith(("id", "year", "type", "code")):
            return False
        if is_key(self.graph.table(attribute.table), attribute.column):
            return False
        refers = {(r.source, name) for r in self.graph.relationships for name in r.source_columns}
        is_number = self.column(attribute).kind == "number"
        return is_number and (attribute.table, attribute.column) not in refers

    def named(self, what: Rows | Columns | Amount | Number) -> tuple[Term, ...]:
        """The terms that show a thing: of rows what people know them by."""
        if isinstance(what, Rows):
            return self.label(what.table) or self._telling(what.table)
        return what.terms if isinstance(what, Columns) else (what.term,)

    def _telling(self, table: str) -> tuple[Attribute, ...]:
        """The columns of rows that nothing tells apart: all that are not personal, up to a dozen."""
        columns = [column.name for column in self.graph.table(table).columns if not column.is_pii]
        return tuple(Attribute(table, name) for name in columns[:_MOST_COLUMNS])

    def count_too(self, number: Number | Numbers, rows: Rows) -> Found:
        """`number of customers and products`: both are counted; rows with conditions may restrict instead."""
        before = number.items if isinstance(number, Numbers) else (number,)
        if rows.where is not None or any(one.table == rows.table for one in before):
            return
        terms = [one.term for one in before]
        if all(isinstance(term, Measure) and term.of is None and term.function == "count" for term in terms):
            yield "Numbers", Numbers((*before, self.counted(rows))), 1.2

    def _can_aggregate(self, function: Function, attribute: Attribute) -> bool:
        if is_key(self.graph.table(attribute.table), attribute.column):
            return False
        found = self.column(attribute)
        # Nobody adds up percentages: "total fee" is of fees, and not of what they are a part of.
        return found.kind == "number" and not (function == "sum" and is_percentage(found))

    def dated(self, number: Number, time: Attribute) -> Number:
        """A number whose rows stand in time by another column than their usual one."""
        return replace(
            number,
            term=mapped(number.term, lambda m: replace(m, at=time) if m.table == time.table else m),
        )


def narrowed(number: Number, where: Predicate | None) -> Number:
    """A number of fewer rows: each of its measures over its table only of those of which `where` holds."""

    def narrower(measure: Measure) -> Measure:
        return (
            replace(measure, where=both(measure.where, where)) if measure.table == number.table else measure
        )

    return replace(number, term=mapped(number.term, narrower))


def mapped(term: Term, change: Callable[[Measure], Term]) -> Term:
    """A term with each of its measures changed."""
    if isinstance(term, Measure):
        return change(term)
    if isinstance(term, Calculation):
        return replace(term, left=mapped(term.left, change), right=mapped(term.right, change))
    if isinstance(term, Compared):
        return replace(term, of=mapped(term.of, change))
    return term


def per_cent(term: Term) -> Calculation:
    """A share, or a change that is one, as so many of a hundred."""
    return Calculation("*", term, PER_CENT)


def amounts_of(table: GraphTable) -> str:
    """The column that says what a table's rows amount to, or cost; "" where it is not certain."""
    return amount_of(table) or money_of(table)


def only(columns: Columns) -> Attribute | None:
    """The column that is named, where it is one."""
    return columns.terms[0] if len(columns.terms) == 1 else None


def time_of_number(number: Number) -> Attribute | None:
    """When the rows of a number happened, where its words say so."""
    return next((measure.at for measure in measures(number.term) if measure.at is not None), None)


def _functions(found: Functions | Function) -> tuple[Function, ...]:
    return found.items if isinstance(found, Functions) else (found,)
