"""Values and periods that a question compares: they make the groups."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.number_phrases import Group, Number, Shown
from aidbt.semantic.english.meanings.phrases import Claims, Columns, Rows
from aidbt.semantic.english.number_rules.aggregates import mapped
from aidbt.semantic.english.number_rules.asked import Asked
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.english.words.periods import Period
from aidbt.semantic.query import (
    AnyOf,
    Attribute,
    Grain,
    InPeriod,
    Measure,
    OneOf,
    Predicate,
    TimePoint,
    both,
    conjuncts,
    parts,
)
from aidbt.semantic.times import cut, shifted


def side_by_side(asked: Asked, rules: NumberRules) -> None:
    """`compare the average salary of Berlin and Lisbon`: values or periods that are named make the groups."""
    if not asked.compares and not _by_times(asked):
        return
    _join_periods(asked)
    asked.shown = [_either_period(shown) for shown in asked.shown]
    asked.returned = [_either_period(shown) for shown in asked.returned]
    said = (*(number.term for number in asked.numbers()), *asked.shown, *asked.claims)
    spans = {(part.start, part.end) for part in parts(said) if isinstance(part, InPeriod | Period)}
    values = [part.term for part in parts(said) if isinstance(part, OneOf) and len(part.values) > 1]
    grains = {_grain_of(start, end) for start, end in spans}
    value = values[0] if len(values) == 1 else None
    if isinstance(value, Attribute):
        asked.group |= Group((value,))
    if isinstance(value, Attribute) and len(spans) < 2:
        return
    if len(grains) == 1 and not asked.group.grains and None not in grains:
        asked.group |= Group(grains=tuple(grain for grain in grains if grain))
    elif not asked.group and len(asked.numbers()) < 2:
        raise Refused("it is not said what is compared with what")
    elif asked.group.terms and all(map(rules.is_measured, asked.group.terms)):
        raise Refused("it is not said which number is compared")


def _by_times(asked: Asked) -> bool:
    """Whether groups of time are asked for in several periods: "per year, for 2023 and 2024"."""
    if not (asked.group.grains or asked.times.grains) or asked.group.parts:
        return False
    said = (*(number.term for number in asked.numbers()), *asked.claims)
    spans = {(part.start, part.end) for part in parts(said) if isinstance(part, InPeriod | Period)}
    return len(spans) > 1 and None not in {_grain_of(start, end) for start, end in spans}


def _join_periods(asked: Asked) -> None:
    """`in 2024 and in 2025`: rows of either, for none are in both."""
    _spread_periods(asked)
    periods = tuple(claim for claim in asked.claims if isinstance(claim, Period))
    if len(periods) > 1:
        others = [claim for claim in asked.claims if claim not in periods]
        asked.claims = [*others, Claims(periods, is_any=True)]


def _spread_periods(asked: Asked) -> None:
    """`orders in 2024 and in 2025`: the second period stands alone, and is one of the same rows."""
    later = [claim for claim in asked.claims if isinstance(claim, Period)]
    held = {part for part in parts(tuple(asked.shown)) if isinstance(part, InPeriod)}
    if len(later) != 1 or len(held) != 1:
        return
    first = held.pop()
    both_of_them = AnyOf((first, InPeriod(first.term, later[0].start, later[0].end)))
    asked.claims.remove(later[0])
    asked.shown = [_with(shown, first, both_of_them) for shown in asked.shown]
    asked.returned = [_with(shown, first, both_of_them) for shown in asked.returned]


def _with(shown: Shown, old: InPeriod, new: Predicate) -> Shown:
    """A thing of whose rows another predicate holds in place of one."""

    def changed(where: Predicate | None) -> Predicate | None:
        return both(*(new if c == old else c for c in conjuncts(where)))

    if isinstance(shown, Rows):
        return replace(shown, where=changed(shown.where))
    if isinstance(shown, Columns) and shown.rows is not None:
        return replace(shown, rows=replace(shown.rows, where=changed(shown.rows.where)))
    if isinstance(shown, Number):
        return replace(shown, term=mapped(shown.term, lambda m: replace(m, where=changed(m.where))))
    return shown


def _either_period(shown: Shown) -> Shown:
    """A thing of two periods that are compared: its rows are in either, for none are in both."""
    if isinstance(shown, Rows):
        return replace(shown, where=_either(shown.where))
    if isinstance(shown, Columns) and shown.rows is not None:
        return replace(shown, rows=replace(shown.rows, where=_either(shown.rows.where)))
    if isinstance(shown, Number) and isinstance(shown.term, Measure):
        return replace(shown, term=replace(shown.term, where=_either(shown.term.where)))
    return shown


def _either(where: Predicate | None) -> Predicate | None:
    periods = tuple(c for c in conjuncts(where) if isinstance(c, InPeriod))
    if len(periods) < 2 or len({period.term for period in periods}) > 1:
        return where
    return both(*(c for c in conjuncts(where) if c not in periods), AnyOf(periods))


def _grain_of(start: TimePoint | None, end: TimePoint | None) -> Grain | None:
    """The length of time from one point to the next of its kind; None for another one."""
    if start is None or end is None:
        return None
    if start.at is None or end.at is None:
        return start.cut_to
    for grain in (Grain.YEAR, Grain.QUARTER, Grain.MONTH, Grain.DAY):
        if cut(start.at, grain) == start.at and shifted(start.at, 1, grain) == end.at:
            return grain
    return None
