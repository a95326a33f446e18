"""Questions that ask for numbers: what is measured, in which groups, in what order, and how many groups."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.number_phrases import Best, Number, Shown
from aidbt.semantic.english.meanings.phrases import Amount, Columns, Rows
from aidbt.semantic.english.queries.group_order import GroupOrder
from aidbt.semantic.english.words.naming import name_of
from aidbt.semantic.query import Attribute, Measure, Order, Output, SemanticQuery, Term, measures


class Grouping(GroupOrder):
    """The query of a question in the making."""

    def query(self) -> SemanticQuery:
        """One row for each group, or one alone.

        Raises:
            Refused: what is measured and what makes the groups do not belong together.
        """
        self.asked.shown = [shown for shown in self.asked.shown if not self._is_said_again(shown)]
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
        self._tell_apart()
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

    def _tell_apart(self) -> None:
        """People who have one name are several: what is seen by their names is theirs one by one."""
        measured = {measure.table for number in self.numbers for measure in measures(number.term)}
        for table in sorted(self.rules.people - measured):
            key = self.rules.label(table)[:1]
            names = self.rules.names(table)
            seen = [group for group in self.groups if isinstance(group, Attribute) and group.table == table]
            if not names or key == names[:1] or not set(names) <= {replace(one, via=()) for one in seen}:
                continue
            keys = [replace(key[0], via=via) for via in dict.fromkeys(one.via for one in seen)]
            is_unique = any(
                set(unique) <= {name.column for name in names}
                for unique in self.rules.graph.table(table).keys
            )
            if len(keys) == 1 and not is_unique and not any(one.column == key[0].column for one in seen):
                self.silent |= set(keys)
                self._add_groups(keys)

    def _is_said_again(self, shown: Shown) -> bool:
        """Whether the sum that things are the first by is named again: "the highest total, and the total"."""
        if not isinstance(shown, Columns) or shown.rows is not None or len(shown.terms) != 1:
            return False
        by = [top.of.by for top in self.asked.tops if isinstance(top.of, Best)]
        sums = [n.term for n in by if isinstance(n, Number) and isinstance(n.term, Measure)]
        return len(by) == 1 and any(s.function == "sum" and s.of == shown.terms[0] for s in sums)

    def _is_added_up(self, term: Term) -> bool:
        """Whether a column is called again by a number of it: "by quantity sold. Show the quantity"."""
        sums = [n for n in self.numbers if isinstance(n.term, Measure) and n.term.function == "sum"]
        return sum(isinstance(n.term, Measure) and n.term.of == term for n in sums) == 1

    def _terms(self) -> list[Term]:
        seen = [group for group in self.groups if group not in self.silent]
        return list(dict.fromkeys([*seen, *(number.term for number in self.numbers)]))
