"""Values and periods that a question compares: they make the groups."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.aggregates import conjuncts
from aidbt.semantic.english.asked import Asked
from aidbt.semantic.english.number_phrases import (
    Group,
    Number,
    Shown,
)
from aidbt.semantic.english.periods import Period
from aidbt.semantic.english.phrases import Claims, Columns, Rows
from aidbt.semantic.english.refusal import Refused
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
    parts,
)
from aidbt.semantic.times import cut, shifted


def side_by_side(asked: Asked) -> None:
    """`compare the average salary of Berlin and Lisbon`: values or periods that are named make the groups."""
    if not asked.compares:
        return
    periods = tuple(claim for claim in asked.claims if isinstance(claim, Period))
    if len(periods) > 1:
        others = [claim for claim in asked.claims if claim not in periods]
        asked.claims = [*others, Claims(periods, is_any=True)]
    asked.shown = [_either_period(shown) for shown in asked.shown]
    said = (*(number.term for number in asked.numbers()), *asked.shown, *asked.claims)
    terms = [part.term for part in parts(said) if isinstance(part, OneOf) and len(part.values) > 1]
    grains = {_grain_of(part.start, part.end) for part in parts(said) if isinstance(part, InPeriod | Period)}
    is_of_values = len(terms) == 1 and isinstance(terms[0], Attribute)
    if is_of_values and isinstance(terms[0], Attribute):
        asked.group |= Group((terms[0],))
    if is_of_values and len(periods) < 2:
        return
    if len(grains) == 1 and not asked.group.grains and None not in grains:
        asked.group |= Group(grains=tuple(grain for grain in grains if grain))
    elif not asked.group and len(asked.numbers()) < 2:
        raise Refused("it is not said what is compared with what")


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
