"""Questions that ask for numbers: what is measured, in which groups, in what order, and how many groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from aidbt.semantic.english.checks.group_sense import check_agents, check_apart, check_denied, check_finer
from aidbt.semantic.english.grounding.refusal import Distant, Elsewhere, Refused
from aidbt.semantic.english.meanings.number_phrases import (
    Best,
    Change,
    Frequent,
    Group,
    Number,
    Sorted,
    Top,
)
from aidbt.semantic.english.meanings.phrases import Amount, Claim, Columns, Condition, Link, Rows
from aidbt.semantic.english.meanings.relations import joined
from aidbt.semantic.english.number_rules.aggregates import conjuncts, mapped, narrowed, time_of_number
from aidbt.semantic.english.queries.again import called
from aidbt.semantic.english.queries.groups import Groups, unmade
from aidbt.semantic.english.words.naming import name_of
from aidbt.semantic.english.words.periods import Period
from aidbt.semantic.graph import NoPath, is_to_one
from aidbt.semantic.layer.items import metric_time
from aidbt.semantic.query import (
    Attribute,
    Calculation,
    Compared,
    Comparison,
    Exists,
    Extreme,
    InPeriod,
    Measure,
    Order,
    Output,
    Predicate,
    SemanticQuery,
    Term,
    Value,
    attributes,
    both,
    measures,
    parts,
)
from aidbt.semantic.rewriting import rewritten

# Aggregates that a row must not enter twice; counts are of different rows, and the least stays the least.
_ADDED = ("sum", "avg", "median", "stddev")
_FOLLOWS_TIME = ("running", "moving_average", "previous", "change", "relative_change")


class Grouping(Groups):
    """The query of a question in the making."""

    def query(self) -> SemanticQuery:
        """One row for each group, or one alone.

        Raises:
            Refused: what is measured and what makes the groups do not belong together.
        """
        self._frequencies()
        self.table = self._table()
        self._share_conditions()
        self._group(self.asked.group)
        self.outer = tuple(self.groups)
        self._firsts()
        self._things()
        self._claims()
        self._check_counted()
        self._check_measured()
        self._each_ones()
        self._check_near()
        self._check_extremes()
        self._check_shares()
        self._beside()
        self._ranks()
        self._sorts()
        self._havings()
        self._check_whose_time()
        return SemanticQuery(
            tuple(Output(term, name_of(term)) for term in self._terms()),
            base=self.base,
            group_by=tuple(self.groups),
            where=self.where,
            having=self.having,
            order_by=tuple(dict.fromkeys((*map(Order, self.within), *self.orders))),
            limit=self.limit,
            limit_within=self.within,
            has_ties=self.asked.has_ties or (bool(self.within) and self.limit == 1),
        )

    # --- the first so many ------------------------------------------------------------------------------

    def _firsts(self) -> None:
        asked = self.asked
        if len(asked.tops) + len(asked.best) > 1 and not (len(asked.tops) == len(asked.best) == 1):
            raise Refused("it is not certain which of two greatest or least is meant")
        for top in asked.tops:
            self._top(top)
        for best in asked.best:
            self._best(best)
        inner = [term for term in self.groups if term not in self.outer]
        if self.outer and inner and self.limit is not None:
            check_agents(self.outer, inner, self.rules)
            self.within = self.outer

    def _top(self, top: Top) -> None:
        self.limit = top.limit
        match top.of:
            case Frequent(of, _):
                self._entity(of)
            case Best():
                self._best(top.of)
            case Rows() | Columns():
                self._entity(top.of)
                self._top_order(top)

    def _top_order(self, top: Top) -> None:
        """By what the first are the first: said with "by" or "most", an order, or the one number seen."""
        asked = self.asked
        by = asked.by or [n for n in asked.shown if isinstance(n, Number)]
        if asked.best or asked.orders:
            return
        if asked.by or len(by) == 1:
            self.orders += [Order(self._same(number).term, top.is_descending) for number in by]
        else:
            raise Refused("the first of what is in no order", hint="say by what")

    def _best(self, best: Best) -> None:
        if self.limit is None and not self.asked.orders:
            self.limit = 1
        things = [best.rows] if best.rows is not None else []
        things += [s for s in self.asked.shown if isinstance(s, Rows | Columns)]
        for thing in things:
            self._entity(thing)
        if isinstance(best.by, Number) and not things and self.asked.group.is_per and _adds_up(best.by.term):
            raise Refused("the greatest of what groups have, or the group that has it, may be meant")
        if isinstance(best.by, Number):
            self.orders.append(Order(self._same(best.by).term, best.is_descending))
        elif isinstance(best.by, Columns):
            self.orders.append(Order(self._grouped_as(best.by.terms[0]), best.is_descending))
            self._add_groups([self.orders[-1].term])
        else:
            self.orders.append(Order(best.by.term, best.is_descending))

    # --- things and conditions --------------------------------------------------------------------------

    def _things(self) -> None:
        """What is seen beside the numbers makes the groups, or belongs to what makes them."""
        is_known = bool(self.groups and self.asked.returned) or bool(self.asked.best)
        for place, shown in enumerate(self.asked.shown):
            is_after = any(isinstance(one, Number) for one in self.asked.shown[:place])
            if not isinstance(shown, Number) and not is_known:
                if is_after and (isinstance(shown, Rows) or not self.asked.shows):
                    raise Refused("something is named after a number, and it is not said what is asked of it")
                self._entity(shown)
                is_known = bool(self.asked.returned)
        known = list(self.groups)
        for shown in self.asked.returned:
            if isinstance(shown, Columns | Amount):
                named = [term for term in self.rules.named(shown) if not self._is_added_up(term)]
                self._add_groups([self._grouped_as(term) for term in named])
            elif isinstance(shown, Rows):
                self._add_groups(self.rules.named(shown))
        self._check_belonging(known)

    def _is_added_up(self, term: Term) -> bool:
        """Whether a column is called again by a number of it: "by quantity sold. Show the quantity"."""
        sums = [n for n in self.numbers if isinstance(n.term, Measure) and n.term.function == "sum"]
        return sum(isinstance(n.term, Measure) and n.term.of == term for n in sums) == 1

    def _check_belonging(self, known: Sequence[Term]) -> None:
        """That what is shown besides belongs to what makes the groups, and makes no other ones.

        Raises:
            Refused: beside the countries of the sellers those of the buyers are shown.
        """
        makers = [group for group in known if isinstance(group, Attribute) and group.table]
        others = [group for group in self.groups if group not in known] if makers else []
        for column in attributes(tuple(others)):
            paths = [self.rules.path(maker.table, column.table) for maker in makers if column.table]
            if paths and not any(path is not None and is_to_one(path) for path in paths):
                where = f"{column.column} of {column.table}"
                raise Refused(f"{where} is shown, and the groups are of other things")

    def _claims(self) -> None:
        if self.asked.has_all:
            self._all_groups()
        for claim in self.asked.claims:
            if isinstance(claim, Link) and claim.is_all and self._included(claim):
                continue
            if isinstance(claim, Link) and claim.is_all and claim.rows == Rows(self.table):
                continue  # `total freight for all orders`
            if isinstance(claim, Link) and claim.is_all and self._are_groups(claim.rows):
                self.base = claim.rows.table
            elif isinstance(claim, Link) and _is_without(claim.rows, self.table):
                raise Refused("rows are counted of what has none of them")
            elif isinstance(claim, Link) and claim.is_plain and self._is_group(claim.rows.table):
                self._only(claim.rows)
            elif isinstance(claim, Link) and not claim.is_plain and claim.count > 1:
                self._counted(claim)
            elif isinstance(claim, Link) and claim.is_plain and claim.rows == Rows(self.table):
                raise Refused("rows are named beside a number, and it is not said what is asked of them")
            elif self._is_of_either(claim):
                raise Refused("it is not certain whether a condition is of the part or of the whole")
            elif any(self.rules.takes_away(m.of, claim) for n in self.numbers for m in measures(n.term)):
                raise Refused(
                    "it is not certain whether an amount is meant without a part, or rows without it"
                )
            elif isinstance(claim, Period) and self._are_apart():
                self._each_in(claim)
            elif claim in self.asked.general and self._is_of_several():
                self._narrow_each(claim)
            else:
                self.where = joined(self.where, self._holds(claim), claim)

    def _is_of_either(self, claim: Claim) -> bool:
        """Whether a claim may be of the part or of the whole of a number, of which both are said already."""
        is_told = isinstance(claim, Condition) or (isinstance(claim, Link) and claim.count == 0)
        is_settled = any(number.is_settled for number in self.numbers)
        return is_told and is_settled and claim not in self.asked.general

    def _is_of_several(self) -> bool:
        """Whether numbers of several tables are held against each other."""
        tables = {m.table for number in self.numbers for m in measures(number.term)}
        return len(tables) > 1 and any(number.is_settled for number in self.numbers)

    def _narrow_each(self, claim: Claim) -> None:
        """`leave out owners without a city`, of pets per owner: numbers of owners, and of what is theirs."""
        target = claim.rows.table if isinstance(claim, Link) else getattr(claim, "table", "")

        def narrower(measure: Measure) -> Measure:
            path = self.rules.path(measure.table, target) if target else ()
            if path is None or not is_to_one(path):
                return measure  # without cancelled orders customers are as many as before
            found = self.rules.claimed(Rows(measure.table), claim)
            if found is None:
                raise Refused("a condition is not about everything that is measured")
            return replace(measure, where=both(measure.where, found[0].where))

        before = list(self.numbers)
        for number in before:
            self._replace(number, replace(number, term=mapped(number.term, narrower)))
        if self.numbers == before:
            raise Refused("a condition is about nothing that is measured")

    def _are_apart(self) -> bool:
        """Whether numbers of several tables stand in groups by time, each by its own."""
        return bool(self.asked.group.grains) and len({number.table for number in self.numbers}) > 1

    def _each_in(self, period: Period) -> None:
        """Keep each number to a period by its own time, which the groups are of too."""
        for number in list(self.numbers):
            time = time_of_number(number) or self.rules.time_of(number.table)
            if time is None:
                raise Refused(f"it is not known when rows of {number.table} happened")
            within = InPeriod(time, period.start, period.end)
            self._replace(number, narrowed(number, within))

    def _holds(self, claim: Claim) -> Predicate | None:
        """What a claim says of the rows that are measured; None when the groups say it already."""
        if not self.table:
            return self._holds_of_metric(claim)
        times = {time_of_number(number) for number in self.numbers if number.table == self.table}
        times = times - {None} or {
            replace(group, grain=None, part=None)
            for group in self.groups
            if isinstance(group, Attribute) and group.table == self.table and (group.grain or group.part)
        }
        found = self.rules.claimed(Rows(self.table, time=times.pop() if len(times) == 1 else None), claim)
        if found is None:
            raise Elsewhere(f"a condition is not about {self.table}, nor about what its rows belong to")
        where = found[0].where
        is_named = isinstance(where, Exists) and where.where is None and self._is_named(where)
        return None if is_named else where

    def _holds_of_metric(self, claim: Claim) -> Predicate | None:
        """A condition on a metric's rows, which the semantic layer knows: as it was said."""
        match claim:
            case Period(start, end):
                return InPeriod(metric_time(), start, end)
            case Condition(_, predicate):
                return predicate
            case Link(rows) if claim.is_plain and rows.where is not None:
                return rows.where
            case _:
                raise Refused("a condition cannot be held against a metric of the semantic layer")

    def _counted(self, link: Link) -> None:
        """`customers with at least 4 orders` beside a number of orders: a condition on the groups."""
        is_itself = bool(set(self.rules.label(link.rows.table)) & set(self.groups))
        if link.rows.table != self.table or not self.groups or is_itself:
            raise Refused(f"it is not certain whose rows of {link.rows.table} are counted")
        number = self._same(self.rules.counted(link.rows))
        self.having = both(self.having, Comparison(link.operator, number.term, Value(link.count)))

    def _included(self, claim: Link) -> bool:
        """Whether `including customers without orders` says that all groups are meant, or all rows.

        Raises:
            Refused: others are meant than those without any of what is counted.
        """
        if claim.rows.where is not None:
            held = [m.where for n in self.numbers for m in measures(n.term) if m.where is not None]
            if claim.rows.table != self.table or self.where is not None or held:
                raise Refused("it is not certain what is to be counted besides")
            return True  # `total freight, including cancelled orders`
        denied = claim.by if claim.count else claim.rows.table
        if not denied:
            return False
        self._all_groups(denied, claim.rows.table if claim.count else "")
        return True

    def _all_groups(self, denied: str = "", owner: str = "") -> None:
        """Let groups be there that have nothing in them.

        Raises:
            Refused: it is not certain which.
        """
        tables = {group.table for group in self.groups if isinstance(group, Attribute)}
        is_counted = denied in ("", self.table) and self.table not in tables
        if len(tables) != 1 or owner not in ("", *tables) or not is_counted:
            raise Refused("it is not certain which groups are to be seen besides")
        self.base = tables.pop()

    def _are_groups(self, rows: Rows) -> bool:
        """Whether rows, all of them, make the groups, and nothing else does."""
        groups = [group for group in self.groups if isinstance(group, Attribute)]
        are_own = all((group.table, group.via) == (rows.table, ()) for group in groups)
        return bool(groups) and are_own and len(groups) == len(self.groups) and rows.where is None

    def _is_group(self, table: str) -> bool:
        return any(isinstance(group, Attribute) and group.table == table for group in self.groups)

    def _is_named(self, exists: Exists) -> bool:
        """Whether related rows are there anyway, since they make the groups."""
        is_some = (exists.operator, exists.count) == (">=", 1)
        tables = {group.table for group in self.groups if isinstance(group, Attribute)}
        return is_some and exists.table in tables

    def _check_counted(self) -> None:
        """Rows that are counted one by one are no answer that anyone asks for."""
        keys = {
            term
            for number in self.numbers
            for measure in measures(number.term)
            if measure.of is None and measure.table
            for term in self._telling(measure.table)
        }
        if keys & set(self.groups):
            raise Refused("rows are counted by what tells each of them apart")
        for measure in (m for number in self.numbers for m in measures(number.term)):
            own = set(self.rules.label(measure.table)) if measure.table and measure.of else set()
            if own & set(self.groups) - set(self.outer) and any(map(_is_bare, conjuncts(measure.where))):
                raise Refused(f"it is not certain whether {measure.table} are groups or are counted")

    def _telling(self, table: str) -> Iterable[Term]:
        """What tells rows of a table apart: their key; a name, which rows may share, where they have none."""
        label, keys = (
            self.rules.label(table),
            {name for key in self.rules.graph.table(table).keys for name in key},
        )
        return [term for term in label if term.column in keys] or label

    def _check_measured(self) -> None:
        """A number of other rows than those that make the groups is no part of them."""
        columns = [group for group in self.groups if isinstance(group, Attribute) and group.table]
        known = {column.table for column in columns if column in self.rules.label(column.table)}
        plain = [n.term for n in self.numbers if not any(isinstance(p, Compared) for p in parts(n.term))]
        made = {m.of for term in plain for m in measures(term) if m.function != "count_distinct"}
        for column in columns:
            if column in made and column not in self.asked.group.terms:
                raise Refused(f"{column.column} is asked for of each row, and of several together")
            is_cut = column.grain is not None or column.part is not None
            if is_cut or column in self.asked.group.terms:
                continue
            if column.table not in known and self.rules.is_measured(column):
                raise Refused(f"{column.column} is a number, and neither grouped by nor added up")
            if column.table not in known and self.rules.column(column).kind == "bool":
                raise Refused(f"{column.column} is true or false, and not said to be grouped by")

    def _check_extremes(self) -> None:
        """`the latest order of each customer` is the last one of all by its words alone.

        Raises:
            Refused: a group asks for the greatest of its own rows.
        """
        wheres = (self.where, *(m.where for number in self.numbers for m in measures(number.term)))
        extremes = [part for part in parts(wheres) if isinstance(part, Extreme) and part.operator == "="]
        if self.outer and any(extreme.term.table == self.table for extreme in extremes):
            raise Refused("it is not certain whether the greatest or least of all or of each group is meant")

    def _check_near(self) -> None:
        """Groups are of what is measured, or of what that belongs to, in a way that a few words can mean."""
        every = [m for number in self.numbers for m in measures(number.term) if m.table]
        shown = [group for group in self.groups if group not in self.outer]
        check_finer(shown, every, self.rules)
        held = [*conjuncts(self.where), *(one for m in every for one in conjuncts(m.where))]
        check_denied(held, shown, self.rules)
        check_apart(conjuncts(self.where), every, self.rules)
        for group in self.groups:
            if not isinstance(group, Attribute) or not group.table:
                continue
            is_cut = group.grain is not None or group.part is not None
            measured = [m for m in every if not (is_cut and _is_timed(m))]
            added = {measure.table for measure in measured if measure.function in _ADDED}
            if group.via:
                if not all(self._is_seen(measure.table, group) for measure in measured):
                    raise Refused(f"{group.table} in that role is not known of everything that is measured")
                continue
            if any(self.rules.distance(measure.table, group.table) is None for measure in measured):
                raise Distant(f"rows of {group.table} and what is measured are only distantly related")
            for table in sorted(added):
                if self._repeats(table, group.table):
                    raise Distant(f"each row of {table} would be counted in several groups of {group.table}")

    def _is_seen(self, table: str, group: Attribute) -> bool:
        """Whether each row of a table leads to one of the group by the way that is named."""
        try:
            return is_to_one(self.rules.graph.path(table, group.table, group.via))
        except NoPath:
            return False

    def _repeats(self, table: str, group: str) -> bool:
        """Whether a row is in several groups for another reason than that it is linked to several of them."""
        path = self.rules.path(table, group) or ()
        return any(not step.is_to_one and not self.rules.graph.is_link(step.end) for step in path)

    # --- numbers beside others --------------------------------------------------------------------------

    def _check_shares(self) -> None:
        """That shares of all groups are of several groups: of one number alone all of it is its share.

        Raises:
            Refused: there are no groups.
        """
        compared = [p for n in self.numbers for p in parts(n.term) if isinstance(p, Compared)]
        if any(part.kind == "share" for part in compared) and not self.groups:
            raise Refused("it is not said which part of them is meant")

    def _beside(self) -> None:
        """Running totals, moving averages and changes follow the grouped time, inside of the other groups."""
        if self.asked.group.is_at_end and not all(map(_runs, self.numbers)):
            raise Refused("what there is at the end of each is asked for, and not what came about in it")
        if not self.asked.changes and not any(map(_follows_time, parts(tuple(n.term for n in self.numbers)))):
            return
        along = self._along()
        within = tuple(group for group in self.groups if group != along)
        self.numbers = [replace(n, term=_run(n.term, along, within)) for n in self.numbers]
        for change in self.asked.changes:
            self.numbers += [
                replace(number, term=_changed(change, number.term, along, within))
                for number in list(self.numbers)
                if not any(isinstance(part, Compared) for part in parts(number.term))
            ]

    def _along(self) -> Attribute:
        times = [g for g in self.groups if isinstance(g, Attribute) and self._is_time(g)]
        wanted = {change.grain for change in self.asked.changes if change.grain}
        moving = [part.along for n in self.numbers for part in parts(n.term) if isinstance(part, Compared)]
        wanted |= {along.grain for along in moving if isinstance(along, Attribute) and along.grain}
        if not times and len(wanted) == 1:
            self._group_times(Group(grains=tuple(wanted)))
            return self._along()
        if len(times) != 1:
            raise Refused(
                "it is not said along which time", hint="say by which: per day, per month, per year"
            )
        if wanted and times[0].grain not in wanted:
            raise Refused("the groups are of another length of time than what they are compared with")
        return times[0]

    def _ranks(self) -> None:
        """Ranks count inside of the groups that were asked for besides what is ranked, and sort them."""
        for number in list(self.numbers):
            term = number.term
            if isinstance(term, Compared) and term.kind == "rank":
                self._add_groups(term.within)
                within = (*self.outer, *(group for group in term.within if group not in self.outer))
                ranked = replace(term, within=within)
                self._replace(number, replace(number, term=ranked))
                self.orders += [*map(Order, within), Order(ranked)]

    def _is_time(self, term: Attribute) -> bool:
        if not term.table:
            return term.column == metric_time().column
        is_year = term.column.lower().endswith("year") or term.part == "year"
        return is_year or (term.part is None and self.rules.column(term).kind in ("time", "date"))

    # --- outputs, orders, conditions on groups ----------------------------------------------------------

    def _terms(self) -> list[Term]:
        seen = [group for group in self.groups if group not in self.silent]
        return list(dict.fromkeys([*seen, *(number.term for number in self.numbers)]))

    def _sorts(self) -> None:
        for order in self.asked.orders:
            self.orders += self._sorted(order)
        times = [g for g in self.groups if isinstance(g, Attribute) and (g.grain or g.part)]
        if not self.orders:
            self.orders += [Order(time) for time in times]

    def _sorted(self, order: Sorted) -> list[Order]:
        is_descending = bool(order.is_descending)
        match order.by:
            case Number() as number:
                same = self._same(number)
                if same not in self.numbers:
                    self.numbers.append(same)
                return [Order(same.term, is_descending)]
            case Rows() as rows if any(rows.table == n.table for n in self.numbers) and not rows.where:
                return [Order(self._same(self.rules.counted(rows)).term, is_descending)]
            case Columns() as columns:
                return [Order(self._sorted_column(columns), is_descending)]
            case Rows() | Amount():
                return [Order(term, is_descending) for term in self.rules.named(order.by)[-1:]]
            case _:
                return [Order(self._first(order), is_descending)]

    def _sorted_column(self, columns: Columns) -> Term:
        """A column of the groups; or the number that was made of it."""
        term = self._grouped_as(columns.terms[0])
        if term in self.groups:
            return term
        made = [n.term for n in self.numbers if isinstance(n.term, Measure) and n.term.of == columns.terms[0]]
        if len(made) == 1:
            return made[0]
        if not isinstance(term, Attribute) or not self._is_group(term.table):
            raise Distant("the answer is sorted by what it does not hold")
        self._add_groups([term])
        return term

    def _first(self, order: Sorted) -> Term:
        """What a direction alone is of: the first number, or the time or name that it speaks of."""
        if order.of == "time":
            times = [g for g in self.groups if isinstance(g, Attribute) and self._is_time(g)]
            if len(times) != 1:
                raise Refused("it is not said which time the answer is sorted by")
            return times[0]
        if order.of == "name" and self.groups:
            return next((group for group in self.groups if self._is_text(group)), self.groups[0])
        return called(order.said, self.numbers).term

    def _is_text(self, term: Term) -> bool:
        return isinstance(term, Attribute) and bool(term.table) and self.rules.column(term).kind == "text"

    def _havings(self) -> None:
        if self.asked.havings and not self.groups:
            raise Refused("it is not said in which groups a number is held against another")
        for having in self.asked.havings:
            for column in unmade(having.value):
                if not self._is_own(column):
                    raise Refused(f"each group may have several values of {column.column}")
            condition = Comparison(having.operator, self._same(having.number).term, having.value)
            self.having = both(self.having, condition)


def _is_without(rows: Rows, table: str) -> bool:
    """Whether rows are those without any row of a table, which then cannot be counted by them."""
    denied = [part for part in parts(rows.where) if isinstance(part, Exists) and part.count == 0]
    return rows.table != table and any(one.table == table and one.operator == "=" for one in denied)


def _is_timed(measure: Measure) -> bool:
    """Whether rows that are counted or added up have a time of their own, and stand in the group of that."""
    is_own = measure.at is not None and measure.at.table == measure.table
    return is_own and measure.function in ("count", "count_distinct", "sum")


def _is_bare(predicate: Predicate) -> bool:
    """Whether it says of rows no more than that they belong to others: "by customer"."""
    return isinstance(predicate, Exists) and predicate.where is None


def _adds_up(term: Term) -> bool:
    return isinstance(term, Measure) and term.function in ("count", "sum")


def _runs(number: Number) -> bool:
    """Whether a number adds up all that came before it."""
    return any(isinstance(part, Compared) and part.kind == "running" for part in parts(number.term))


def _follows_time(term: object) -> bool:
    return isinstance(term, Compared) and term.kind in _FOLLOWS_TIME


def _run(term: Term, along: Attribute, within: Sequence[Term]) -> Term:
    """A term in which what follows time does so along the grouped one, inside of the other groups."""

    def followed(part: object) -> Compared | None:
        if isinstance(part, Compared) and _follows_time(part):
            return replace(part, along=along, within=tuple(within))
        return None

    return rewritten(term, followed)


def _changed(change: Change, of: Term, along: Attribute, within: Sequence[Term]) -> Term:
    compared = Compared(change.kind, of, along, tuple(within), change.steps)
    return Calculation("*", compared, Value(100)) if change.kind == "relative_change" else compared
