"""Whether what is measured and what makes the groups belong together, and no row is counted twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aidbt.semantic.english.checks.group_sense import check_apart, check_denied, check_finer
from aidbt.semantic.english.grounding.refusal import Distant, Refused
from aidbt.semantic.english.queries.group_conditions import GroupConditions
from aidbt.semantic.graph import NoPath, is_to_one
from aidbt.semantic.query import (
    Attribute,
    Compared,
    Exists,
    Extreme,
    Measure,
    Predicate,
    Term,
    attributes,
    conjuncts,
    measures,
    parts,
)

# Aggregates that a row must not enter twice; counts are of different rows, and the least stays the least.
_ADDED = ("sum", "avg", "median", "stddev")


class GroupChecks(GroupConditions):
    """What has to hold of the measures and groups of a question."""

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

    def _check_shares(self) -> None:
        """That shares of all groups are of several groups: of one number alone all of it is its share.

        Raises:
            Refused: there are no groups.
        """
        compared = [p for n in self.numbers for p in parts(n.term) if isinstance(p, Compared)]
        if any(part.kind == "share" for part in compared) and not self.groups:
            raise Refused("it is not said which part of them is meant")


def _is_timed(measure: Measure) -> bool:
    """Whether rows that are counted or added up have a time of their own, and stand in the group of that."""
    is_own = measure.at is not None and measure.at.table == measure.table
    return is_own and measure.function in ("count", "count_distinct", "sum")


def _is_bare(predicate: Predicate) -> bool:
    """Whether it says of rows no more than that they belong to others: "by customer"."""
    return isinstance(predicate, Exists) and predicate.where is None
