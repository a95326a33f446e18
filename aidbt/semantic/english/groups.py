"""What a question measures, and in which groups: the first half of its query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from aidbt.semantic.english.aggregates import conjuncts, mapped, time_of_number
from aidbt.semantic.english.asked import Asked
from aidbt.semantic.english.number_phrases import (
    Best,
    Frequent,
    Group,
    Number,
)
from aidbt.semantic.english.numbers import NumberRules
from aidbt.semantic.english.phrases import Amount, Columns, Rows
from aidbt.semantic.english.refusal import Distant, Refused
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.items import metric_time
from aidbt.semantic.query import (
    Attribute,
    Comparison,
    Exists,
    Grain,
    Measure,
    Order,
    Predicate,
    Term,
    Value,
    both,
    measures,
)


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
            self._only(rows)
        owner = group.rows[0] if len(group.rows) == 1 else None
        terms = [term for term in group.terms if not self._is_each_row(group, term)]
        self._add_groups([self._seen(term, owner) for term in terms])
        year = self._year() if group.grains == (Grain.YEAR,) and not group.parts else None
        if year is not None:
            self._add_groups([year])
        elif group.grains or group.parts:
            self._group_times(group)

    def _is_each_row(self, group: Group, term: Attribute) -> bool:
        """`average amount per order`: of the orders' own amounts that is their mean, and no group."""
        means = [n.term for n in self.numbers if isinstance(n.term, Measure) and n.term.function == "avg"]
        is_own = self.table and term in self.rules.label(self.table)
        return bool(group.is_per and is_own and len(means) == len(self.numbers))

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
        self._add_groups([replace(time, grain=grain) for grain in group.grains])
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
            elif path is not None and not is_to_one(path) and not isinstance(predicate, Exists):
                self.where = both(self.where, predicate)
            elif path is None or not is_to_one(path):
                raise Distant(f"a condition on {rows.table} cannot be held against numbers of {self.table}")
            else:
                found = self.rules.restricted(Rows(self.table), rows.table, predicate)
                if found is None:
                    raise Refused(f"rows of {rows.table} and {self.table} are not known to belong together")
                self.where = both(self.where, found[0].where)

    def _only_with(self, exists: Exists) -> None:
        """`customers with at least 4 paid orders`, beside a number of orders: those are meant."""
        self.where = both(self.where, exists.where)
        if (exists.operator, exists.count) != (">=", 1):
            counted = Measure("count", exists.table)
            self.having = both(self.having, Comparison(exists.operator, counted, Value(exists.count)))
