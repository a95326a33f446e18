"""What is claimed of the rows that a question measures, and of the groups they are in."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.grounding.refusal import Elsewhere, Refused
from aidbt.semantic.english.meanings.phrases import Claim, Condition, Link, Rows
from aidbt.semantic.english.meanings.relations import joined
from aidbt.semantic.english.number_rules.aggregates import mapped, narrowed, time_of_number
from aidbt.semantic.english.queries.groups import Groups, unmade
from aidbt.semantic.english.words.periods import Period
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.layer.items import metric_time
from aidbt.semantic.query import (
    Attribute,
    Comparison,
    Exists,
    InPeriod,
    Measure,
    Predicate,
    Value,
    both,
    measures,
    parts,
)


class GroupConditions(Groups):
    """The conditions of a question in the making."""

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
        self._check_months_of_others()

    def _check_months_of_others(self) -> None:
        """That no rows are held to the time of others beside them in the same groups.

        Of "sign-ups and the average order per month, for customers who signed up this year" the month may be
        that of either.
        """
        if not self._are_apart():
            return
        own = {time_of_number(number) or self.rules.time_of(number.table) for number in self.numbers}
        of_others = {claim.rows.time for claim in self.asked.claims if isinstance(claim, Link)} - {None}
        held = [part.term for part in parts(self.where) if isinstance(part, InPeriod)]
        of_others |= {term for term in held if isinstance(term, Attribute)}
        if of_others & own:
            raise Refused("it is not certain whether a period is of everything that is measured")

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
