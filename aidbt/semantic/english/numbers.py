"""Aggregates, ratios, groups, and the first by something: how numbers are made of noun phrases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from aidbt.semantic.english.additive import is_additive, is_amount, is_duration
from aidbt.semantic.english.number_phrases import (
    Best,
    Frequent,
    Functions,
    Group,
    Having,
    Nested,
    Number,
    Numbers,
    Sorted,
    Top,
    Whole,
)
from aidbt.semantic.english.number_words import Direction
from aidbt.semantic.english.periods import Period
from aidbt.semantic.english.phrases import (
    Amount,
    Claim,
    Columns,
    Compare,
    Condition,
    Found,
    Rows,
)
from aidbt.semantic.english.rows import RowRules
from aidbt.semantic.query import (
    All,
    Attribute,
    Calculation,
    Compared,
    DatePart,
    Exists,
    Extreme,
    Function,
    Grain,
    InPeriod,
    Measure,
    Operator,
    Predicate,
    Term,
    Value,
    attributes,
    both,
    measures,
)

_PER_CENT = Value(100)


class NumberRules(RowRules):
    """How numbers are made of noun phrases, and what is done with them."""

    # --- aggregates -----------------------------------------------------------------------------------

    def count_rows(self, _: Function, rows: Rows) -> Found:
        """`number of orders`."""
        yield "Number", self.counted(rows), -0.2

    def total_rows(self, function: Function, rows: Rows) -> Found:
        """`total orders`."""
        if function == "sum" and not is_amount(self.graph.table(rows.table)):
            yield "Number", self.counted(rows), 0.3

    def count_column(self, function: Function, columns: Columns) -> Found:
        """`number of countries`: different ones; but of quantities ("number of units sold") their sum."""
        attribute = _only(columns)
        if attribute is None:
            return
        column = self.column(attribute)
        if column.kind not in ("text", "number") or is_duration(column.name):
            return
        where = self.measured(attribute, columns.rows)
        if where is None:
            return
        is_sum = function == "count" and is_additive(self.graph.table(attribute.table), attribute.column)
        measure = Measure("sum" if is_sum else "count_distinct", attribute.table, attribute, both(*where))
        yield "Number", Number(measure, attribute.table), 0.6
        if is_sum:
            yield "CountedCol", columns, 0.3

    def aggregate(self, function: Function, columns: Columns) -> Found:
        """`average price`."""
        attribute = _only(columns)
        if attribute is None or not self._can_aggregate(function, attribute):
            return
        where = self.measured(attribute, columns.rows)
        if where is not None:
            yield (
                "Number",
                Number(Measure(function, attribute.table, attribute, both(*where)), attribute.table),
                -0.1,
            )

    def aggregate_after(self, columns: Columns, function: Function) -> Found:
        """`freight total`."""
        for category, meaning, cost in self.aggregate(function, columns):
            yield category, meaning, cost - 0.3

    def aggregate_amount(self, function: Function, amount: Amount) -> Found:
        """`total quantity times price`, `average time from order to delivery`."""
        where = amount.rows.where if amount.rows is not None and amount.rows.table == amount.table else None
        if amount.rows is not None and amount.rows.table != amount.table:
            return
        yield "Number", Number(Measure(function, amount.table, amount.term, where), amount.table), -0.1

    def aggregate_time(self, function: Function, columns: Columns) -> Found:
        """`last order date`: of times alone, for the last order is no aggregate."""
        attribute = _only(columns)
        if attribute is None or not self.is_time(attribute):
            return
        where = self.measured(attribute, columns.rows)
        if where is not None:
            measure = Measure(function, attribute.table, attribute, both(*where))
            yield "Number", Number(measure, attribute.table), -0.1

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

    def _can_aggregate(self, function: Function, attribute: Attribute) -> bool:
        table = self.graph.table(attribute.table)
        if any(attribute.column in key for key in table.keys[:1]):
            return False
        return self.column(attribute).kind == "number"

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

    # --- what holds of the rows of a number -------------------------------------------------------------

    def number_claim(self, number: Number, claim: Claim) -> Found:
        """`average price of products in Toys`."""
        if number.is_settled and not isinstance(claim, Period):
            return
        found = self.claimed(Rows(number.table, time=_time(number)), claim)
        if found is not None:
            yield "Number", narrowed(number, found[0].where), found[1] + 0.05

    # --- ratios -----------------------------------------------------------------------------------------

    def whole_rows(self, kind: str, rows: Rows) -> Found:
        """`percentage of orders`, before it is said which."""
        yield "Whole", Whole(kind, self.counted(rows)), 0.0

    def whole_number(self, kind: str, number: Number) -> Found:
        """`share of the total revenue`, `ratio of the number of orders`."""
        yield "Whole", Whole(kind, number), 0.0

    def whole_column(self, kind: str, columns: Columns) -> Found:
        """`share of revenue`: of a number that adds up, its sum."""
        number = self.implied(columns)
        if number is not None:
            yield "Whole", Whole(kind, number), 0.1

    def part_of(self, whole: Whole, claim: Claim) -> Found:
        """`percentage of orders` and then `were returned`: the claim makes the part, all rows the whole."""
        if whole.kind == "ratio" or not isinstance(whole.number.term, Measure):
            return
        found = self.claimed(Rows(whole.number.table), claim)
        if found is not None and found[0].where is not None:
            part = narrowed(whole.number, found[0].where)
            yield "Number", self.ratio_of(whole.kind, part, whole.number), found[1] - 0.6

    def part_within(self, whole: Whole) -> Found:
        """`percentage of returned orders in 2024`: the one condition that is no time makes the part."""
        term = whole.number.term
        if whole.kind == "ratio" or not isinstance(term, Measure):
            return
        scope = [c for c in conjuncts(term.where) if isinstance(c, InPeriod)]
        if len(conjuncts(term.where)) - len(scope) == 1:
            every = Number(replace(term, where=both(*scope)), whole.number.table)
            yield "Number", self.ratio_of(whole.kind, whole.number, every), 0.4

    def ratio(self, whole: Whole, second: tuple[bool, Number]) -> Found:
        """`ratio of A to B`, `A out of B`."""
        is_part, two = second
        one = self.in_scope(whole.number, two, is_part=is_part)
        if one is not None:
            yield "Number", self.ratio_of(whole.kind, one, two), -1.5

    def second_rows(self, is_part: bool, rows: Rows) -> Found:
        yield "Second", (is_part, self.counted(rows)), 0.0

    def second_number(self, is_part: bool, number: Number) -> Found:
        yield "Second", (is_part, number), 0.0

    def rate(self, part: Claim, kind: str) -> Found:
        """`cancellation rate`: the share of rows that a value of theirs says so of."""
        table = getattr(part, "table", "")
        found = self.claimed(Rows(table), part) if table else None
        if found is not None and found[0].where is not None:
            every = self.counted(Rows(table))
            yield "Number", self.ratio_of(kind, narrowed(every, found[0].where), every), 0.1

    def ratio_of(self, kind: str, one: Number, two: Number) -> Number:
        """One number by another, per cent where that was asked for; what follows holds of both."""
        term: Term = Calculation("/", one.term, two.term)
        if kind == "percentage":
            term = Calculation("*", term, _PER_CENT)
        return Number(term, one.table, is_settled=True)

    def in_scope(self, one: Number, two: Number, *, is_part: bool) -> Number | None:
        """The first number of a ratio under the conditions that are said once, at the end, for both.

        Of "A to B in New York" the city is meant of both, when both are told apart by something else.
        """
        a, b = one.term, two.term
        if not isinstance(a, Measure) or not isinstance(b, Measure) or a.table != b.table:
            return one
        own = {subject for c in conjuncts(a.where) for subject in _subjects(c)}
        later = [c for c in conjuncts(b.where) if not _subjects(c) & own]
        is_parallel = len(later) < len(conjuncts(b.where))
        if not later or a.where is None:
            return one
        if not is_part and not is_parallel:
            return None
        return Number(replace(a, where=both(a.where, *later)), one.table)

    def difference(self, _: None, numbers: Numbers) -> Found:
        """`difference between the highest and the lowest price`."""
        if len(numbers.items) == 2:
            one, two = numbers.items
            yield "Number", Number(Calculation("-", one.term, two.term), one.table, is_settled=True), -0.5

    # --- numbers beside others --------------------------------------------------------------------------

    def running(self, _: None, number: Number) -> Found:
        """`cumulative revenue`; along which time is known when the groups are."""
        yield "Number", replace(number, term=Compared("running", number.term)), 0.0

    def running_column(self, _: None, columns: Columns) -> Found:
        number = self.implied(columns)
        if number is not None:
            yield from self.running(None, number)

    def running_rows(self, _: None, rows: Rows) -> Found:
        yield from self.running(None, self.counted(rows))

    def number_compared(self, number: Number, compare: Compare) -> Found:
        """`average rating above 4`, of each group."""
        if not isinstance(compare.value, Columns):
            yield "Having", Having(number, compare.operator, Value(compare.value)), 0.0

    def side_by_side(self, one: Number | Numbers, other: Number) -> Found:
        before = one.items if isinstance(one, Numbers) else (one,)
        yield "Numbers", Numbers((*before, other)), 0.3

    def implied(self, columns: Columns) -> Number | None:
        """The sum of a number that adds up, when it is said by what and not how."""
        attribute = _only(columns)
        if attribute is None or not is_additive(self.graph.table(attribute.table), attribute.column):
            return None
        where = self.measured(attribute, columns.rows)
        if where is None:
            return None
        return Number(Measure("sum", attribute.table, attribute, both(*where)), attribute.table)

    # --- beside an average ------------------------------------------------------------------------------

    def above_average(self, operator: Operator, nested: Nested) -> Found:
        """`more than the average number of orders`, of all that have any."""
        if nested.function == "avg" and not nested.group:
            average = Compared("average", nested.number.term)
            yield "Having", Having(nested.number, operator, average), 0.0

    def against(self, rows: Rows, compared: tuple[Operator, Number]) -> Found:
        """`products above the average price`: their own price is compared with it."""
        operator, number = compared
        extreme = _extreme(operator, number)
        if extreme is not None and number.table == rows.table:
            yield "Rows", replace(rows, where=both(rows.where, extreme)), 0.1

    def column_against(self, columns: Columns, compared: tuple[Operator, Number]) -> Found:
        """`price above the average price`."""
        operator, number = compared
        extreme = _extreme(operator, number)
        if extreme is not None and extreme.term in (columns.terms[0], *columns.alike):
            yield "Cond", Condition(number.table, extreme), 0.0

    def column_against_own(self, columns: Columns, compared: tuple[Operator, Function]) -> Found:
        """`price above average`."""
        operator, function = compared
        attribute = _only(columns)
        if (
            attribute is not None
            and function in ("avg", "median")
            and self.column(attribute).kind == "number"
        ):
            number = Number(Measure(function, attribute.table, attribute), attribute.table)
            extreme = _extreme(operator, number)
            if extreme is not None:
                yield "Cond", Condition(attribute.table, extreme), 0.0

    # --- arithmetic -------------------------------------------------------------------------------------

    def product(self, one: Columns, other: Columns) -> Found:
        """`quantity times unit price`, of one table's rows."""
        for a in (*one.terms[:1], *one.alike):
            for b in (*other.terms[:1], *other.alike):
                if a.table == b.table and {self.column(a).kind, self.column(b).kind} == {"number"}:
                    yield "Amount", Amount(a.table, Calculation("*", a, b)), -0.3
                    return

    def excess(self, more: tuple[int, Rows], than: Rows) -> Found:
        """`how many more delivered orders than returned ones`."""
        sign, rows = more
        one, two = self.counted(rows), self.counted(than)
        if sign < 0:
            one, two = two, one
        yield "Number", Number(Calculation("-", one.term, two.term), one.table, is_settled=True), -0.5

    def among(self, number: Number, rows: Rows) -> Found:
        """`how many different cities do customers live in`: the rows whose the column is."""
        term = number.term
        if isinstance(term, Measure) and term.function == "count_distinct" and term.table == rows.table:
            yield "Number", narrowed(number, rows.where), 0.2

    # --- groups -----------------------------------------------------------------------------------------

    def each_rows(self, is_per: bool, rows: Rows) -> Found:
        """`per customer`."""
        yield "Group", Group(self.label(rows.table), (rows,), is_per=is_per), -0.2

    def each_column(self, is_per: bool, columns: Columns) -> Found:
        """`by country`."""
        is_measured = self.is_measured(columns.terms[0])
        rows = (columns.rows,) if columns.rows else ()
        yield "Group", Group(columns.terms, rows, is_per=is_per), 0.8 if is_measured else -0.2

    def is_measured(self, attribute: Attribute) -> bool:
        """Whether a column is a number of something, and no code or year that names a group."""
        if attribute.column.lower().endswith(("id", "year", "type", "code")):
            return False
        if any(attribute.column in key for key in self.graph.table(attribute.table).keys[:1]):
            return False
        refers = {(r.source, name) for r in self.graph.relationships for name in r.source_columns}
        is_number = self.column(attribute).kind == "number"
        return is_number and (attribute.table, attribute.column) not in refers

    def each_grain(self, is_per: bool, grain: Grain) -> Found:
        """`per month`."""
        yield "Group", Group(grains=(grain,), is_per=is_per), -0.2

    def each_part(self, _: bool, part: DatePart) -> Found:
        """`by day of the week`."""
        yield "Group", Group(parts=(part,)), -0.2

    def grain_group(self, grain: Grain) -> Found:
        """`monthly`."""
        yield "Group", Group(grains=(grain,)), 0.0

    def groups(self, one: Group, two: Group) -> Found:
        """`by country` and then `and segment`."""
        yield "Group", one | two, -0.1

    def by_number(self, _: bool, number: Number) -> Found:
        """`by total amount`: an order, not a group."""
        yield "ByNumber", number, -0.3

    # --- the best, orders -------------------------------------------------------------------------------

    def top_number(self, is_descending: bool, number: int | float) -> Found:
        if isinstance(number, int) and number > 0:
            yield "TopN", (number, is_descending), -0.2

    def best_column(self, is_descending: bool, by: Columns | Amount) -> Found:
        """`highest price`; the greatest of times is the latest, and is called so."""
        if isinstance(by, Amount) or all(self.column(term).kind == "number" for term in by.terms):
            yield "Best", Best(by, is_descending), 0.0

    def best_number(self, is_descending: bool, number: Number) -> Found:
        """`highest average rating`."""
        yield "Best", Best(number, is_descending), -0.1

    def best_rows(self, is_descending: bool, rows: Rows) -> Found:
        """`most papers`: the greatest number of them."""
        yield "Best", Best(self.counted(rows), is_descending), 0.3

    def often(self, is_descending: bool, of: Rows | Columns) -> Found:
        yield "FrequentOf", Frequent(of, is_descending), 0.0

    def top_of(self, top: tuple[int, bool], of: Rows | Columns | Frequent | Best) -> Found:
        yield "TopOf", Top(top[0], of, top[1]), 0.0

    def number_of(self, limit: int | float, of: Frequent | Best) -> Found:
        """`3 most common cuisines`."""
        if isinstance(limit, int) and limit > 0:
            yield "TopOf", Top(limit, of), 0.0

    def several(self, limit: int | float, rows: Rows) -> Found:
        """`three customers`, before it is said which."""
        if isinstance(limit, int) and limit > 0:
            yield "NumRows", (limit, rows), 0.0

    def several_best(self, several: tuple[int, Rows], best: Best) -> Found:
        """`three customers with the most orders`."""
        limit, rows = several
        if best.rows is None:
            yield "TopOf", Top(limit, replace(best, rows=rows), best.is_descending), -0.3

    def several_times(self, function: Function, several: tuple[int, Rows]) -> Found:
        """`last 3 orders`, `first order`: by when they happened."""
        limit, rows = several
        time = rows.time or self.time_of(rows.table)
        if time is not None:
            best = Best(Columns((time,)), function == "max", rows)
            yield "TopOf", Top(limit, best, best.is_descending), 0.2

    def time_of_rows(self, rows: Rows, grain: Grain) -> Found:
        """`order month`."""
        time = self.time_of(rows.table)
        if time is not None and rows.where is None:
            yield "Col", Columns((replace(time, grain=grain),)), 0.1

    def ordered(self, _: None, by: Rows | Columns | Amount | Number) -> Found:
        yield "OrderBy", Sorted(by), -0.2

    def ordered_direction(self, order: Sorted, direction: Direction) -> Found:
        if order.is_descending is None:
            yield "OrderBy", replace(order, is_descending=direction.is_descending), 0.0

    def order_direction(self, _: None, direction: Direction) -> Found:
        yield "OrderBy", Sorted(None, direction.is_descending, direction.of), 0.0

    def direction(self, direction: Direction) -> Found:
        """`newest first`, with nothing that says to sort."""
        yield "OrderBy", Sorted(None, direction.is_descending, direction.of), 0.3

    def best_first(self, best: Best, _: None) -> Found:
        """`biggest freight first`."""
        if best.rows is None:
            yield "OrderBy", Sorted(best.by, best.is_descending), -0.1

    # --- aggregates of aggregates -----------------------------------------------------------------------

    def nested(self, function: Function, number: Number) -> Found:
        """`average number of orders`, before it is said of what; `total number of orders` is the number."""
        term = number.term
        if isinstance(term, Measure) and term.function in ("count", "count_distinct", "sum"):
            if function == "sum":
                yield "Number", number, 0.2
            elif function in ("avg", "median"):
                yield "Nested", Nested(function, number), 0.2
            else:
                yield "Peak", Nested(function, number), 0.4

    def nested_rows(self, function: Function, rows: Rows) -> Found:
        """`average orders per customer`."""
        if function in ("avg", "median") and not is_amount(self.graph.table(rows.table)):
            yield "Peak", Nested(function, self.counted(rows)), 0.4

    def nested_each(self, function: Function, group: Group) -> Found:
        """`average monthly`, before what."""
        yield "AggEach", (function, group), 0.0

    def nested_in(self, each: tuple[Function, Group], number: Number) -> Found:
        """`average monthly number of orders`."""
        for category, meaning, cost in self.nested(each[0], number):
            if isinstance(meaning, Nested) and category in ("Nested", "Peak"):
                yield "Nested", replace(meaning, group=each[1]), cost

    def nested_in_rows(self, each: tuple[Function, Group], rows: Rows) -> Found:
        yield from self.nested_in(each, self.counted(rows))

    def nested_in_column(self, each: tuple[Function, Group], columns: Columns) -> Found:
        number = self.implied(columns)
        if number is not None:
            yield from self.nested_in(each, number)

    def nested_group(self, nested: Nested, group: Group) -> Found:
        of = nested.number.term
        is_counted = isinstance(of, Measure) and of.function != "sum"
        if not nested.group and (group.is_per or is_counted):
            yield "Nested", replace(nested, group=group), 0.0

    def nested_claim(self, nested: Nested, claim: Claim) -> Found:
        for _, number, cost in self.number_claim(nested.number, claim):
            yield "Nested", replace(nested, number=number), cost  # type: ignore[arg-type]

    # --- shares -----------------------------------------------------------------------------------------

    def share(self, kind: str, number: Number) -> Found:
        """`as a percentage of total revenue`: of each group beside all of them."""
        term: Term = Compared("share", number.term)
        if kind == "percentage":
            term = Calculation("*", term, _PER_CENT)
        yield "Number", replace(number, term=term, is_settled=True), 0.0

    def share_column(self, kind: str, columns: Columns) -> Found:
        number = self.implied(columns)
        if number is not None:
            yield from self.share(kind, number)

    def share_rows(self, kind: str, rows: Rows) -> Found:
        yield from self.share(kind, self.counted(rows))

    def best_of_rows(self, best: tuple[Columns, bool], rows: Rows) -> Found:
        """`cheapest product`: a superlative that has a column of its own."""
        columns, is_descending = best
        if columns.rows is None and columns.terms[0].table == rows.table:
            yield "Best", Best(columns, is_descending, rows), 0.0

    def named(self, what: Rows | Columns | Amount | Number) -> tuple[Term, ...]:
        """The terms that show a thing: of rows what people know them by."""
        if isinstance(what, Rows):
            return self.label(what.table)
        return what.terms if isinstance(what, Columns) else (what.term,)


def narrowed(number: Number, where: Predicate | None) -> Number:
    """A number of fewer rows: of each of its measures over the same table only those of which `where` holds."""

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


def conjuncts(predicate: Predicate | None) -> tuple[Predicate, ...]:
    """The conditions that all have to hold for one to hold."""
    if predicate is None:
        return ()
    return predicate.predicates if isinstance(predicate, All) else (predicate,)


def _subjects(predicate: Predicate) -> set[object]:
    """What a condition is about: the table whose rows it counts, or its columns."""
    return {predicate.table} if isinstance(predicate, Exists) else set(attributes(predicate))


def _extreme(operator: Operator, number: Number) -> Extreme | None:
    """That a column compares so with the mean or another value of all its table's rows."""
    term = number.term
    if not isinstance(term, Measure) or not isinstance(term.of, Attribute) or term.at is not None:
        return None
    match term.function:
        case "avg" | "median" | "min" | "max":
            return Extreme(term.of, term.function, term.where, operator)
        case _:
            return None


def _time(number: Number) -> Attribute | None:
    """When the rows of a number happened, where its words say so."""
    return next((measure.at for measure in measures(number.term) if measure.at is not None), None)


def _only(columns: Columns) -> Attribute | None:
    return columns.terms[0] if len(columns.terms) == 1 else None


def _functions(found: Functions | Function) -> tuple[Function, ...]:
    return found.items if isinstance(found, Functions) else (found,)
