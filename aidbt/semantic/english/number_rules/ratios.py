"""Numbers beside others: ratios, shares, running totals, averages, and averages of what groups have."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.meanings.number_phrases import (
    Group,
    Having,
    Nested,
    Number,
    Numbers,
    Scoped,
    Whole,
)
from aidbt.semantic.english.meanings.phrases import (
    Against,
    Claim,
    Columns,
    Compare,
    Condition,
    Found,
    Link,
    Rows,
)
from aidbt.semantic.english.number_rules.aggregates import conjuncts, mapped, narrowed, time_of_number
from aidbt.semantic.english.number_rules.ratio_sides import RatioSides, Second
from aidbt.semantic.english.words.additive import amount_of
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import (
    Attribute,
    Calculation,
    Compared,
    Exists,
    Extreme,
    Function,
    InPeriod,
    Measure,
    MetricRef,
    Operator,
    Predicate,
    Term,
    Value,
    attributes,
    both,
)

_PER_CENT = Value(100)


class RatioRules(RatioSides):
    """How numbers are put beside each other."""

    # --- ratios and differences -----------------------------------------------------------------------

    def part_of(self, whole: Whole, claim: Claim) -> Found:
        """`percentage of orders` and then `were returned`: the claim makes the part, all rows the whole."""
        if whole.is_ratio or not isinstance(whole.number.term, Measure):
            return
        found = self.claimed(Rows(whole.number.table), claim)
        if found is not None and found[0].where is not None:
            part = narrowed(whole.number, found[0].where)
            yield "Number", self.ratio_of(whole.kind, part, whole.number), found[1] - 0.6

    def cut_of(self, compare: Compare, rows: Rows) -> Found:
        """`more than 50% of orders`, before it is said which."""
        if compare.unit == "percent":
            yield "CutOf", (compare, rows), -0.5

    def cut_having(self, cut: tuple[Compare, Rows], claim: Claim) -> Found:
        """`more than 50% of orders were returned`, of each group."""
        compare, rows = cut
        for kind, number, cost in self.part_of(Whole("percentage", self.counted(rows)), claim):
            if isinstance(number, Number) and kind == "Number":
                yield "Having", Having(number, compare.operator, Value(compare.value)), cost

    def part_within(self, whole: Whole) -> Found:
        """`percentage of returned orders in 2024`: the one condition that is no time makes the part."""
        term = whole.number.term
        if whole.is_ratio or not isinstance(term, Measure):
            return
        scope = [c for c in conjuncts(term.where) if isinstance(c, InPeriod)]
        if len(conjuncts(term.where)) - len(scope) == 1:
            every = Number(replace(term, where=both(*scope)), whole.number.table)
            yield "Number", self.ratio_of(whole.kind, whole.number, every), 0.4

    def ratio(self, whole: Whole, second: Second) -> Found:
        """`ratio of A to B`, `A out of B`."""
        is_part, two = second
        one = self.in_scope(whole.number, two, is_part=is_part)
        if one is not None:
            # Sides of one table are meant sooner: the visitors that were counted, and no other visitors.
            yield "Number", self.ratio_of(whole.kind, one, two), -1.5 if one.table == two.table else -1.3

    def ratio_on_average(self, ratio: Number, _: object) -> Found:
        """`ratio of visitors to the capacity on average`: of what each row has of what is its group's."""
        match ratio.term:
            case Calculation("/", Measure("sum") as one, Attribute() as other) if ratio.is_settled:
                term = Calculation("/", replace(one, function="avg"), other)
                yield "Number", replace(ratio, term=term), -0.5

    def ratio_to_that(self, whole: Whole, claim: Condition | Link) -> Found:
        """`ratio of the sales of Porto to those of Lisbon`."""
        two = self.in_place(whole.number, claim) if whole.is_ratio else None
        if two is not None:
            yield "Number", self.ratio_of(whole.kind, whole.number, two), -2.5

    def ratio_between(self, whole: Whole, two: Number) -> Found:
        """`ratio between the orders and the customers`."""
        if whole.kind == "between":
            yield from self.ratio(whole, (False, two))

    def ratio_between_columns(self, whole: Whole, columns: Columns) -> Found:
        """`ratio between gross and budget`."""
        for _, second, cost in self.second_column(False, columns) if whole.kind == "between" else ():
            if isinstance(second, tuple):
                yield from ((kind, found, cost + more) for kind, found, more in self.ratio(whole, second))

    def ratios(self, said: tuple[str, Number, Number]) -> Found:
        """The sides of a ratio that were found together."""
        yield "Number", self.ratio_of(*said), 0.0

    def ratio_to_rest(self, whole: Whole, others: Number) -> Found:
        """`ratio of Sunday issues to all other issues`."""
        sides = self.rest_of(whole, others) if whole.is_ratio else None
        if sides is not None:
            yield "Number", self.ratio_of(whole.kind, *sides), -1.5

    def out_of(self, share: Number, second: Second) -> Found:
        """`share of orders that were late, out of all shipped orders`: what comes last is the whole."""
        is_part, whole = second
        factor, term = _PER_CENT, share.term
        is_percentage = isinstance(term, Calculation) and (term.operator, term.right) == ("*", factor)
        ratio = term.left if isinstance(term, Calculation) and is_percentage else term
        if not is_part or not share.is_settled or not isinstance(ratio, Calculation):
            return
        part, every = ratio.left, whole.term
        if not isinstance(part, Measure) or not isinstance(every, Measure) or ratio.operator != "/":
            return
        if (part.table, part.of) == (every.table, every.of):
            narrower = narrowed(Number(part, part.table), every.where)
            kind = "percentage" if is_percentage else "fraction"
            yield "Number", self.ratio_of(kind, narrower, whole), -1.5

    def rate_of(self, one: Number, two: Number) -> Found:
        """`fuel per kilometer`: what adds up, by what adds up, of the same rows."""
        if one.table != two.table or not isinstance(one.term, Measure):
            return
        if one.term.function in ("sum", "count"):
            yield "Number", self.ratio_of("ratio", one, two), 0.0
        elif one.term.function == "avg" and isinstance(one.term.of, Attribute):
            # The average amount per unit is that of all of them, whatever rows they stand in.
            total = self.implied(Columns((one.term.of,)))
            if total is not None:
                yield "Number", self.ratio_of("ratio", narrowed(total, one.term.where), two), 0.2

    def per_many_of(self, count: float, columns: Columns) -> Found:
        """`per 1,000 inhabitants`, of a column that says how many there are."""
        for _, second, cost in self.second_column(False, columns):
            if isinstance(second, tuple):
                yield "PerMany", (count, second[1]), cost

    def rate_per_many(self, one: Number, many: tuple[float, Number]) -> Found:
        """`complaints per 1,000 inhabitants`."""
        count, two = many
        if isinstance(one.term, Measure) and one.term.function in ("sum", "count", "count_distinct"):
            ratio = self.ratio_of("ratio", one, two)
            yield "Number", replace(ratio, term=Calculation("*", ratio.term, Value(count))), -0.5

    def rate_link(self, kind: str, link: Link) -> Found:
        """`rate of orders in 2024`, before it is said which rate."""
        if link.is_plain and not link.is_act:
            yield "RateLink", (kind, link.rows), 0.0

    def rate_of_rows(self, part: Claim, of: tuple[str, Rows]) -> Found:
        """`cancellation rate of bookings`, `of German orders`: the share of those rows."""
        kind, rows = of
        found = self.claimed(rows, part) if getattr(part, "table", "") == rows.table else None
        if found is not None and found[0].where != rows.where:
            every = self.counted(rows)
            yield "Number", self.ratio_of(kind, self.counted(found[0]), every), 0.1

    def rate_of_column(self, columns: Columns, two: Number) -> Found:
        one = self.implied(columns)
        if one is not None:
            yield from self.rate_of(one, two)

    def rate(self, part: Claim, kind: str) -> Found:
        """`cancellation rate`: the share of rows that a value of theirs says so of."""
        table = getattr(part, "table", "")
        found = self.claimed(Rows(table), part) if table else None
        if found is not None and found[0].where is not None:
            every = self.counted(Rows(table))
            yield "RateNumber", self.ratio_of(kind, narrowed(every, found[0].where), every), 0.1

    def rate_done(self, event: Columns, kind: str) -> Found:
        """`completion rate`: the share of rows of which it is known when they were completed."""
        done = self.was_done(event)
        if done is not None:
            yield from self.rate(Condition(event.terms[0].table, done), kind)

    def rate_done_of(self, event: Columns, of: tuple[str, Rows]) -> Found:
        """`completion rate of courses`."""
        done = self.was_done(event)
        if done is not None:
            yield from self.rate_of_rows(Condition(event.terms[0].table, done), of)

    def rate_of_those(self, rows: Rows, rate: Number) -> Found:
        """`order cancellation rate`: of what the rate is of already, all or those of a kind."""
        if rows.table == rate.table:
            yield "Number", narrowed(rate, rows.where), 0.1

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

    def excess(self, more: tuple[int, Number], than: Number) -> Found:
        """`how many more delivered orders than returned ones`."""
        sign, number = more
        one, two = (number, than) if sign > 0 else (than, number)
        yield "Number", Number(Calculation("-", one.term, two.term), one.table, is_settled=True), -0.5

    def excess_column(self, sign: int, columns: Columns) -> Found:
        """`how much more freight`."""
        number = self.implied(columns)
        if number is not None:
            yield "ExcessOf", (sign, number), 0.0

    def excess_elsewhere(self, more: tuple[int, Number], claim: Claim) -> Found:
        """`how many more orders in 2025 than in 2024`: the same number, of another value of one condition."""
        number = more[1]
        term = number.term
        bare = Rows(number.table, time=time_of_number(number))
        found = self.claimed(bare, claim) if isinstance(term, Measure) and number.table else None
        if found is None or not isinstance(term, Measure):
            return
        other = conjuncts(found[0].where)
        subjects = [_subjects(c) for c in other]
        kept = [c for c in conjuncts(term.where) if _subjects(c) not in subjects]
        if len(other) == 1 and len(kept) == len(conjuncts(term.where)) - 1:
            than = replace(number, term=replace(term, where=both(*kept, *other)))
            yield from self.excess(more, than)

    def of_all(self, _: None, rows: Rows) -> Found:
        """`across all customers`: no groups, but all of them together."""
        yield "Link", Link(rows), -1.0

    def for_all(self, _: None, rows: Rows) -> Found:
        """`for all customers`: each of them, also those without any of what is counted."""
        yield "ForAllOf", Link(rows, is_all=True), -2.2

    def including(self, _: None, of: Rows | Link | Condition) -> Found:
        """`including customers without orders`: each of them, those without any of what is counted too."""
        if isinstance(of, Condition):
            yield "Included", Rows(of.table, of.predicate), 0.0
        elif isinstance(of, Link):
            if (of.operator, of.count) == ("=", 0) and of.rows.where is None:
                yield "ForAllOf", replace(of, is_all=True), -2.2
        elif isinstance(of.where, Exists) and (of.where.operator, of.where.count) == ("=", 0):
            if of.where.where is None and not of.where.via:
                yield "ForAllOf", Link(Rows(of.table), is_all=True, by=of.where.table), -2.2
        elif of.where is not None:
            yield "Included", of, 0.0

    # --- shares and running totals, of all groups -----------------------------------------------------

    def share(self, kind: str, number: Number) -> Found:
        """`as a percentage of total revenue`: of each group beside all of them."""
        term: Term = Compared("share", number.term)
        if kind == "percentage":
            term = Calculation("*", term, _PER_CENT)
        yield "Number", replace(number, term=term, is_settled=True), 0.0

    def part_as_share(self, part: Number, share: tuple[str, Number]) -> Found:
        """`freight in 2024 as a percentage of total freight`: a part of what is named."""
        kind, whole = share
        one, two = part.term, whole.term
        if isinstance(one, Measure) and isinstance(two, Measure) and one.where is not None:
            is_part = set(conjuncts(two.where)) < set(conjuncts(one.where))
            if is_part and (one.table, one.function, one.of) == (two.table, two.function, two.of):
                yield "Number", self.ratio_of(kind, part, whole), -1.0

    def column_as_share(self, columns: Columns, share: tuple[str, Number]) -> Found:
        number = self.implied(columns)
        if number is not None:
            yield from self.part_as_share(number, share)

    def share_column(self, kind: str, columns: Columns) -> Found:
        number = self.implied(columns)
        if number is not None:
            yield from self.share(kind, number)

    def share_rows(self, kind: str, rows: Rows) -> Found:
        yield from self.share(kind, self.counted(rows))

    # --- by definition --------------------------------------------------------------------------------

    def dated(self, number: Number, time: Attribute) -> Number:
        """A number whose rows stand in time by another column than their usual one."""
        return replace(
            number,
            term=mapped(number.term, lambda m: replace(m, at=time) if m.table == time.table else m),
        )

    def nested_scoped(self, function: Function, scoped: Scoped) -> Found:
        """`average` of what is one number of each month by its definition."""
        found = self.nested(function, scoped.of) if isinstance(scoped.of, Number) else ()
        for _, meaning, cost in found:
            if isinstance(meaning, Nested):
                yield "Nested", replace(meaning, group=scoped.group), cost

    # --- beside a value, or an average ----------------------------------------------------------------

    def number_compared(self, number: Number, compare: Compare) -> Found:
        """`average rating above 4`, of each group."""
        if not isinstance(compare.value, Columns):
            yield "Having", Having(number, compare.operator, Value(compare.value)), 0.0

    def number_against(self, number: Number, against: Against) -> Found:
        """`total salary above the budget`, of each group: its own budget, or so many times that."""
        column = self.alone(against.columns)
        if column is not None and self.is_measured(column) and number.table:
            is_once = against.factor == 1
            value: Term = column if is_once else Calculation("*", Value(against.factor), column)
            yield "Having", Having(number, against.operator, value), 0.0

    def sum_against(self, columns: Columns, against: Against) -> Found:
        """`quantity sold above the stock`: of what adds up in other rows than the column's own."""
        number, column = self.implied(columns), self.alone(against.columns)
        if number is not None and column is not None and number.table != column.table:
            path = self.path(number.table, column.table)
            if path and is_to_one(path):
                yield from self.number_against(number, against)

    def above_average(self, operator: Operator, nested: Nested) -> Found:
        """`more than the average number of orders`, of all that have any."""
        if nested.function == "avg" and not nested.group:
            average = Compared("average", nested.number.term)
            yield "Having", Having(nested.number, operator, average), 0.0

    def more_than_average(self, more: tuple[Operator, Number], _: None) -> Found:
        """`more orders than average`, of all that have any."""
        operator, number = more
        yield "Having", Having(number, operator, Compared("average", number.term)), 0.0

    def against(self, rows: Rows, compared: tuple[Operator, Number]) -> Found:
        """`products above the average price`: their own price is compared with it."""
        operator, number = compared
        extreme = _extreme(operator, number)
        if extreme is not None and number.table == rows.table:
            yield "Rows", replace(rows, where=both(rows.where, extreme)), 0.1

    def column_against(self, columns: Columns, compared: tuple[Operator, Number]) -> Found:
        """`price above the average price`."""
        operator, number = compared
        extreme = _extreme(operator, number) if self.alone(columns) is not None else None
        if extreme is not None and extreme.term in (columns.terms[0], *columns.alike):
            yield "Cond", Condition(number.table, extreme), 0.0

    def column_against_own(self, columns: Columns, compared: tuple[Operator, Function]) -> Found:
        """`price above average`."""
        operator, function = compared
        attribute = self.alone(columns)
        if (
            attribute is not None
            and function in ("avg", "median")
            and self.column(attribute).kind == "number"
        ):
            number = Number(Measure(function, attribute.table, attribute), attribute.table)
            extreme = _extreme(operator, number)
            if extreme is not None:
                yield "Cond", Condition(attribute.table, extreme), 0.0

    # --- aggregates of aggregates ---------------------------------------------------------------------

    def nested(self, function: Function, number: Number) -> Found:
        """`average number of orders`, before it is said of what; `total number of orders` is the number."""
        term = number.term
        if isinstance(term, MetricRef) and function == "sum":
            yield "Number", number, 0.1
        if isinstance(term, Measure) and term.function in ("count", "count_distinct", "sum"):
            if function == "sum":
                yield "Number", number, 0.2
            elif function in ("avg", "median"):
                yield "Nested", Nested(function, number), 0.2
            else:
                yield "Peak", Nested(function, number), 0.4

    def nested_rows(self, function: Function, rows: Rows) -> Found:
        """`average orders per customer`."""
        if function in ("avg", "median") and not amount_of(self.graph.table(rows.table)):
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
            if isinstance(number, Number):
                yield "Nested", replace(nested, number=number), cost


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
