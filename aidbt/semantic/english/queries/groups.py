"""What a question measures, and in which groups: the first half of its query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from aidbt.semantic.english.grounding.refusal import Distant, Refused
from aidbt.semantic.english.meanings.number_phrases import Best, Frequent, Group, Number
from aidbt.semantic.english.meanings.phrases import Amount, Columns, Rows
from aidbt.semantic.english.number_rules.aggregates import mapped, time_of_number
from aidbt.semantic.english.number_rules.asked import Asked
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.graph import Path, is_to_one
from aidbt.semantic.layer.items import metric_time
from aidbt.semantic.query import (
    Attribute,
    Calculation,
    Compared,
    Comparison,
    Exists,
    Grain,
    Measure,
    OneOf,
    Order,
    Predicate,
    Term,
    Value,
    attributes,
    both,
    conjuncts,
    measures,
    parts,
)

# What is compared with other groups in no order of time.
_OF_GROUPS = ("share", "average", "rank", "dense_rank")


class Groups:
    """The measures and groups of a question in the making."""

    def __init__(self, asked: Asked, rules: NumberRules) -> None:
        self.asked, self.rules = asked, rules
        self.table = ""
        # Whose rows each make a group, also those of which nothing is measured; "" where none do.
        self.base = ""
        self.where: Predicate | None = None
        self.having: Predicate | None = None
        self.groups: list[Term] = []
        # Those that were asked for as groups, before what is seen beside the numbers.
        self.outer: tuple[Term, ...] = ()
        self.numbers: list[Number] = asked.numbers()
        self.orders: list[Order] = []
        self.limit: int | None = None
        self.within: tuple[Term, ...] = ()
        # Groups that numbers are calculated with, and that are not seen.
        self.silent: set[Term] = set()
        # Numbers without the conditions that they share with all others.
        self.bare: dict[Number, Number] = {}

    # --- what is measured -------------------------------------------------------------------------------

    def _frequencies(self) -> None:
        """What is most frequent has the greatest number of rows, of those whose number is asked for."""
        for top in self.asked.tops:
            if isinstance(top.of, Frequent):
                of = top.of.of
                rows = of if isinstance(of, Rows) else of.rows or Rows(of.terms[0].table)
                counts = [n for n in self.numbers if isinstance(n.term, Measure) and n.term.of is None]
                if len(counts) > 1:
                    raise Refused("it is not certain which number says what is most frequent")
                counted = counts[0] if counts else self.rules.counted(replace(rows, where=None))
                self.numbers = list(dict.fromkeys((*self.numbers, counted)))
                self.orders.append(Order(counted.term, top.of.is_descending))

    def _table(self) -> str:
        """The table whose rows the first number is of."""
        if not self.numbers:
            raise Refused("it is not said what is counted or added up")
        return self.numbers[0].table

    def _share_conditions(self) -> None:
        """What the question's own number is of, every number that later sentences ask for is of too."""
        if not self.asked.returned:
            return
        bests = [*self.asked.best, *(top.of for top in self.asked.tops if isinstance(top.of, Best))]
        asked = dict.fromkeys((*self.asked.shown, *self.asked.by, *(best.by for best in bests)))
        first = [number for number in asked if isinstance(number, Number)]
        held = [conjuncts(n.term.where) for n in first if isinstance(n.term, Measure) and n.term.where]
        shared = [one for one in held[0] if all(one in other for other in held)] if held else []
        self.where = both(self.where, *shared)
        for number in first:
            if isinstance(number.term, Measure):
                rest = both(*(one for one in conjuncts(number.term.where) if one not in shared))
                self._replace(number, replace(number, term=replace(number.term, where=rest)))

    def _replace(self, number: Number, other: Number) -> None:
        self.bare[number] = other
        self.numbers = list(dict.fromkeys(other if one == number else one for one in self.numbers))

    def _same(self, number: Number) -> Number:
        """The number to be seen that is meant when it is spoken of again in fewer words."""
        number = self.bare.get(number, number)
        term = number.term
        if number in self.numbers or not isinstance(term, Measure) or term.where is not None:
            return number
        alike = [
            n
            for n in self.numbers
            if isinstance(n.term, Measure) and replace(n.term, where=None, at=None) == replace(term, at=None)
        ]
        return alike[0] if len(alike) == 1 else number

    # --- groups -----------------------------------------------------------------------------------------

    def _group(self, group: Group) -> None:
        for rows in group.rows:
            self._check_whose(rows)
            self._only(rows)
        owner = group.rows[0] if len(group.rows) == 1 else None
        terms = [term for term in group.terms if not self._is_each_row(group, term)]
        self._add_groups([self._seen(term, owner) for term in terms])
        year = self._year() if group.grains == (Grain.YEAR,) and not group.parts else None
        if year is not None:
            self._add_groups([year])
        elif group.grains or group.parts:
            self._group_times(group)

    def _check_whose(self, rows: Rows) -> None:
        """That nothing is said of groups which what is measured is of itself: "points per wine at tastings in
        London" are those that were given there.

        Raises:
            Refused: something is.
        """
        for held in conjuncts(rows.where):
            if not isinstance(held, Exists) or held.count < 1 or not self.table or held.via:
                continue
            path = self.rules.path(self.table, held.table)
            is_own = bool(path) and path is not None and is_to_one(path) and held.table != rows.table
            if is_own and path is not None and rows.table not in {step.end for step in path}:
                raise Refused("it is not certain whether it is said of the groups or of what is counted")

    def _is_each_row(self, group: Group, term: Attribute) -> bool:
        """`average amount per order`: of the orders' own amounts that is their mean, and no group.

        Also beside other numbers, where the groups are others: "top brands by total fare … average per trip".
        """
        means = [n.term for n in self.numbers if isinstance(n.term, Measure) and n.term.function == "avg"]
        own = self.rules.label(self.table) if self.table else ()
        is_apart = bool(self.asked.tops) or any(other not in own for other in group.terms)
        is_mean = bool(means) and (is_apart or len(means) == len(self.numbers))
        return group.is_per and term in own and is_mean

    def _year(self) -> Attribute | None:
        """The number that is the year of rows which have no time."""
        if not self.table or self.rules.time_of(self.table) is not None:
            return None
        columns = self.rules.graph.table(self.table).columns
        years = [column.name for column in columns if column.name.lower() == "year"]
        return Attribute(self.table, years[0]) if years else None

    def _group_times(self, group: Group) -> None:
        """Groups by time: every measure stands in the group of its own time."""
        time = self._time_of_table()
        for grain in group.grains:
            is_number = group.grains == (Grain.YEAR,) and not self._goes_on()
            self._add_groups([replace(time, part="year") if is_number else replace(time, grain=grain)])
        self._add_groups([replace(time, part=part) for part in group.parts])

        def timed(measure: Measure) -> Measure:
            if measure.at is not None or not measure.table:
                return measure
            own = self.rules.time_of(measure.table)
            if own is None:
                raise Refused(f"it is not known when rows of {measure.table} happened")
            return measure if own == time else replace(measure, at=own)

        changed = {n: replace(n, term=mapped(n.term, timed)) for n in self.numbers}
        self.numbers = list(changed.values())
        by_term = {old.term: new.term for old, new in changed.items()}
        self.orders = [replace(o, term=by_term.get(o.term, o.term)) for o in self.orders]

    def _goes_on(self) -> bool:
        """Whether years follow each other in what is asked; else they are numbers, as people write them."""
        numbers = tuple(number.term for number in self.numbers)
        compared = [part for part in parts(numbers) if isinstance(part, Compared)]
        return bool(self.asked.changes) or any(one.kind not in _OF_GROUPS for one in compared)

    def _check_whose_time(self) -> None:
        """That people who are told by what they did are not grouped by when they came themselves.

        Of "customers who ordered, per month" the months of their orders may be meant.
        """
        named = {time_of_number(number) for number in self.numbers}
        if not self.asked.group.grains or self.table not in self.rules.people or named - {None}:
            return
        wheres = [self.where, *(measure.where for n in self.numbers for measure in measures(n.term))]
        if any(isinstance(p, Exists) and p.count > 0 for where in wheres for p in conjuncts(where)):
            raise Refused(
                f"it is not certain whether {self.table} are grouped by their own time, or by what they did",
                hint="say by which time",
            )

    def _time_of_table(self) -> Attribute:
        if not self.table:
            return metric_time()
        named = [measure.at for number in self.numbers for measure in measures(number.term) if measure.at]
        time = named[0] if named else self.rules.time_of(self.table)
        if time is not None:
            return time
        raise Refused(
            f"it is not known when rows of {self.table} happened", hint="say by which of their dates"
        )

    def _add_groups(self, terms: Iterable[Term]) -> None:
        self.groups += [term for term in terms if term not in self.groups]

    def _entity(self, what: Rows | Columns | Amount) -> tuple[Term, ...]:
        """The terms of a thing that is seen beside numbers; rows come with the conditions on them."""
        rows = what if isinstance(what, Rows) else what.rows
        if rows is not None:
            self._only(rows)
        terms = tuple(self._grouped_as(self._seen(term, rows)) for term in self.rules.named(what))
        self._add_groups(terms)
        return terms

    def _seen(self, term: Term, rows: Rows | None) -> Term:
        """A column of what named rows refer to, as it is seen from those that are measured."""
        if rows is None or not self.table or not isinstance(term, Attribute):
            return term
        if term.table in (rows.table, self.table):
            return term
        seen = self.rules.seen_from(self.table, rows.table, term)
        if seen is None:
            raise Refused(f"{term.column} of {rows.table} cannot be told beside numbers of {self.table}")
        return seen

    def _each_ones(self) -> None:
        """`ratio of sales to the budget of each shop`: a column is the group's own, else it is added up."""
        for number in list(self.numbers):
            is_mean = any(measure.function == "avg" for measure in measures(number.term))
            found = {c: self._own_or_sum(c, is_own=is_mean) for c in unmade(number.term)}
            if found:
                made = replace(number, term=_remade(number.term, found))
                self._replace(number, made)
                orders = [replace(o, term=made.term) if o.term == number.term else o for o in self.orders]
                self.orders = orders
        if not any(measures(number.term) for number in self.numbers):
            self.base = self.base or self.table

    def _own_or_sum(self, column: Attribute, *, is_own: bool) -> Term:
        """A column that groups have one value of, as one more group; or the sum of what they have."""
        if self._is_own(column):
            return column
        if not self.groups and self._is_of_one(column.table):
            return Measure("max", column.table, column)
        number = None if is_own else self.rules.implied(Columns((column,)))
        if number is None:
            raise Refused(f"it is not said how {column.column} is added up", hint="say total or average")
        return number.term

    def _is_own(self, column: Attribute) -> bool:
        """Whether groups have one value of a column, which is one more group then, and not seen."""
        for group in self.groups:
            if isinstance(group, Attribute) and group in self.rules.label(group.table):
                path = self.rules.path(group.table, column.table)
                if path is not None and is_to_one(path):
                    self.silent |= {column}.difference(self.groups)
                    self._add_groups([column])
                    return True
        return False

    def _is_of_one(self, table: str) -> bool:
        """Whether one row of a table is named: "for the Globe, the ratio of visitors to its capacity"."""
        keys = {Attribute(table, key[0]) for key in self.rules.graph.table(table).keys if len(key) == 1}
        named = [c for c in conjuncts(self.where) if isinstance(c, OneOf) and len(c.values) == 1]
        return any(one.term in keys for one in named)

    def _grouped_as(self, term: Term) -> Term:
        """A column as it is grouped already: cut to a month where its month makes the groups."""
        for group in self.groups:
            if not isinstance(group, Attribute) or not isinstance(term, Attribute):
                continue
            if (group.table, group.column) == (term.table, term.column):
                return group
        return term

    def _only(self, rows: Rows) -> None:
        """Keep groups of those rows alone of which their conditions hold."""
        if not self.table:
            self.where = both(self.where, rows.where)
            return
        path = self.rules.path(self.table, rows.table)
        for predicate in conjuncts(rows.where):
            if isinstance(predicate, Exists) and predicate.table == self.table and predicate.count > 0:
                self._only_with(predicate)
            elif path is not None and isinstance(predicate, Exists) and self._lies_on(path, predicate):
                # What rows belong together by is there anyway, and is as it is said to be.
                self.where = both(self.where, predicate.where)
            elif path is not None and isinstance(predicate, Exists) and _counts_ways(path, predicate):
                counted = self._same(self.rules.counted(Rows(self.table)))
                self.having = both(
                    self.having, Comparison(predicate.operator, counted.term, Value(predicate.count))
                )
            elif path is not None and not is_to_one(path) and not isinstance(predicate, Exists):
                self.where = both(self.where, predicate)
            elif path is None or not is_to_one(path):
                raise Distant(f"a condition on {rows.table} cannot be held against numbers of {self.table}")
            else:
                found = self.rules.restricted(Rows(self.table), rows.table, predicate)
                if found is None:
                    raise Refused(f"rows of {rows.table} and {self.table} are not known to belong together")
                self.where = both(self.where, found[0].where)

    def _lies_on(self, path: Path, exists: Exists) -> bool:
        """Whether what there has to be is what rows belong together by."""
        is_some = (exists.operator, exists.count) == (">=", 1) and not exists.via
        is_own = {attribute.table for attribute in attributes(exists.where)} <= {exists.table}
        way = self.rules.path(self.table, exists.table)
        return is_some and is_own and bool(way) and way == path[: len(way or ())] != path

    def _only_with(self, exists: Exists) -> None:
        """`customers with at least 4 paid orders`, beside a number of orders: those are meant."""
        self.where = both(self.where, exists.where)
        if (exists.operator, exists.count) != (">=", 1):
            counted = Measure("count", exists.table)
            self.having = both(self.having, Comparison(exists.operator, counted, Value(exists.count)))


def unmade(term: Term) -> tuple[Attribute, ...]:
    """The columns in a calculation of which it is not said what is made of them."""
    match term:
        case Attribute():
            return (term,)
        case Calculation(_, left, right):
            return (*unmade(left), *unmade(right))
        case _:
            return ()


def _remade(term: Term, found: Mapping[Attribute, Term]) -> Term:
    match term:
        case Attribute():
            return found[term]
        case Calculation(_, left, right):
            return replace(term, left=_remade(left, found), right=_remade(right, found))
        case _:
            return term


def _counts_ways(path: Path, exists: Exists) -> bool:
    """Whether so many rows have to be there by which those that are counted belong to others: of students who
    are enrolled in 7 sections, the sections.
    """
    turns = [step.is_to_one for step in path]
    is_between = turns == [False, True] and path[0].end == exists.table
    return is_between and exists.where is None and exists.operator == ">=" and exists.count > 1
