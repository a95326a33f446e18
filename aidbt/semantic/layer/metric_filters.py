"""Conditions of a question as MetricFlow's filters."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from aidbt.core.errors import UsageError
from aidbt.semantic.metricflow.errors import GroupByItem
from aidbt.semantic.planning.errors import CannotPlan
from aidbt.semantic.planning.terms import Terms, dated
from aidbt.semantic.query import (
    Attribute,
    Clock,
    Grain,
    InPeriod,
    Predicate,
    Term,
    TimePoint,
    conjuncts,
)
from aidbt.semantic.times import cut, moment
from aidbt.sql.dialect import sqlglot_dialect
from aidbt.sql.identifiers import escape_jinja
from aidbt.warehouse.dialects import DIALECTS, NoLowering, render

ItemOf = Callable[[Attribute], GroupByItem]

# Dialects of MetricFlow that speak another one.
_SPOKEN = {"athena": "trino"}
_PLACE = "aidbt_item_{}"
_PLACES = re.compile(r"[\"`]?\baidbt_item_(\d+)\b[\"`]?")
_FINE = (Grain.SECOND, Grain.MINUTE, Grain.HOUR)
_DAYS = (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR)


def where_filters(where: Predicate | None, item_of: ItemOf, clock: Clock, dialect: str) -> tuple[str, ...]:
    """The filters that a condition is made of; all of them have to hold.

    Raises:
        UsageError: a column of it is no item, or is kept at too coarse a grain for the condition.
        NoPath: it asks about other rows than the metrics'.
    """
    return tuple(_filter(predicate, item_of, clock, dialect) for predicate in conjuncts(where))


def _filter(predicate: Predicate, item_of: ItemOf, clock: Clock, dialect: str) -> str:
    terms = _FilterTerms(item_of, clock)
    tree = terms.predicate(predicate)
    try:
        text = escape_jinja(render(tree, spoken(dialect)))
    except NoLowering as error:
        raise CannotPlan(error.message, hint=error.hint) from error
    return _PLACES.sub(lambda match: terms.calls[int(match[1])], text)


def spoken(dialect: str) -> str:
    """The dialect whose SQL a dialect of MetricFlow's speaks, of those that questions are written in.

    Raises:
        CannotPlan: none of them.
    """
    found = _SPOKEN.get(dialect, sqlglot_dialect(dialect))
    if found not in DIALECTS:
        raise CannotPlan(
            f"in the SQL of '{dialect}' only metrics and groups are written, and no filter, order or limit",
            hint="ask for those by MetricFlow's own names (--where, --order-by, --limit)",
        )
    return found


class _FilterTerms(Terms):
    """SQL of conditions in which each item is a name that stands for MetricFlow's call of it.

    Attributes:
        calls: the calls, by the number in the name.
    """

    def __init__(self, item_of: ItemOf, clock: Clock) -> None:
        super().__init__(clock, self._item)
        self._item_of = item_of
        self.calls: list[str] = []

    def predicate(self, predicate: Predicate) -> exp.Expr:
        if isinstance(predicate, InPeriod) and isinstance(predicate.term, Attribute):
            term = self._at_grain_of(predicate.term, predicate)
            return super().predicate(replace(predicate, term=term))
        return super().predicate(predicate)

    def _at_grain_of(self, term: Attribute, period: InPeriod) -> Attribute:
        """The time cut to a grain at which the period's bounds mean the same as of the time itself."""
        if term.grain is not None or term.part is not None:
            return term
        item = self._item_of(term)
        bounds = [bound for bound in (period.start, period.end) if bound is not None]
        for grain in (Grain.DAY, *_DAYS[1:]):
            if grain in item.grains and all(is_start(bound, grain, self.clock) for bound in bounds):
                return replace(term, grain=grain)
        for grain in _FINE:
            if grain in item.grains:
                return replace(term, grain=grain)
        raise UsageError(
            f"'{item.name}' is kept by the {item.grains[0] if item.grains else 'day'},"
            " and the period begins or ends within one",
            hint="ask for whole periods",
        )

    def _item(self, term: Term) -> exp.Expr:
        if not isinstance(term, Attribute):
            raise UsageError(f"a filter of metrics cannot hold a {type(term).__name__}")
        item = self._item_of(term)
        if item.kind != "time":
            kind = "Entity" if item.kind == "entity" else "Dimension"
            return dated(self._place(_call(kind, item.name)), term, self.clock)
        return dated(self._place(_time_call(item, term)), replace(term, grain=None), self.clock)

    def _place(self, call: str) -> exp.Column:
        self.calls.append(f"{{{{ {call} }}}}")
        return exp.column(_PLACE.format(len(self.calls) - 1))


def _time_call(item: GroupByItem, term: Attribute) -> str:
    wanted = term.grain or ("hour" if term.part == "hour" else None)
    if wanted is not None and wanted not in item.grains:
        raise UsageError(
            f"'{item.name}' has no grain '{wanted}' here", hint=f"it has {', '.join(item.grains)}"
        )
    return _call("TimeDimension", item.name, wanted or item.grains[0])


def _call(kind: str, name: str, *arguments: str) -> str:
    """MetricFlow's call of an item; the way to an entity stands beside its name."""
    # A dimension is named with the entity that it is of, an entity alone.
    own = 1 if kind == "Entity" else 2
    parts = name.split("__")
    links, named = parts[:-own], "__".join(parts[-own:])
    quoted = [f"'{text}'" for text in (named, *arguments)]
    if links:
        path = ", ".join(f"'{link}'" for link in links)
        quoted.append(f"entity_path=[{path}]")
    return f"{kind}({', '.join(quoted)})"


def is_start(point: TimePoint, grain: Grain, clock: Clock) -> bool:
    """Whether a point in time is the start of a period of a grain, weeks from Monday, whenever now is.

    Example:
        >>> is_start(TimePoint(cut_to=Grain.MONTH, shift=-1, unit=Grain.DAY), Grain.MONTH, Clock())
        False
    """
    found = moment(point, clock)
    if found is not None:
        return found == cut(found, grain)
    if point.cut_to is None or (grain is Grain.WEEK and clock.week_start != 1):
        return False
    return _holds(point.cut_to, grain) and (not point.shift or _holds(point.unit, grain))


def _holds(coarse: Grain, fine: Grain) -> bool:
    """Whether every start of a period of one grain is the start of one of the other."""
    if Grain.WEEK in (coarse, fine):
        return coarse is fine or (coarse is Grain.WEEK and fine in (*_FINE, Grain.DAY))
    order = (*_FINE, *_DAYS)
    return order.index(coarse) >= order.index(fine)
