"""In what order groups are, and which of them are the first so many."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.checks.group_sense import check_agents
from aidbt.semantic.english.grounding.refusal import Distant, Refused
from aidbt.semantic.english.meanings.number_phrases import Best, Frequent, Number, Sorted, Top
from aidbt.semantic.english.meanings.phrases import Amount, Columns, Rows
from aidbt.semantic.english.queries.again import called
from aidbt.semantic.english.queries.group_times import GroupTimes
from aidbt.semantic.query import Attribute, Compared, Measure, Order, Term


class GroupOrder(GroupTimes):
    """The order and the limit of a question in the making."""

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


def _adds_up(term: Term) -> bool:
    return isinstance(term, Measure) and term.function in ("count", "sum")
