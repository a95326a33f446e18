"""Running totals, moving averages and changes: numbers that follow the time of their groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.number_phrases import Change, Group, Number
from aidbt.semantic.english.number_rules.aggregates import per_cent
from aidbt.semantic.english.queries.group_checks import GroupChecks
from aidbt.semantic.layer.items import metric_time
from aidbt.semantic.query import Attribute, Compared, Term, parts
from aidbt.semantic.rewriting import rewritten

_FOLLOWS_TIME = ("running", "moving_average", "previous", "change", "relative_change")


class GroupTimes(GroupChecks):
    """The numbers of a question that follow time."""

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

    def _is_time(self, term: Attribute) -> bool:
        if not term.table:
            return term.column == metric_time().column
        is_year = term.column.lower().endswith("year") or term.part == "year"
        return is_year or (term.part is None and self.rules.column(term).kind in ("time", "date"))


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
    return per_cent(compared) if change.kind == "relative_change" else compared
