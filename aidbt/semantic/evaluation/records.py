"""The terms and conditions of a question, for one row or group of it at a time."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from aidbt.semantic.evaluation.errors import CannotEvaluate
from aidbt.semantic.evaluation.joined_rows import Joined, JoinedRows
from aidbt.semantic.evaluation.values import (
    all_of,
    as_time,
    calculated,
    duration,
    holds_between,
    is_before,
)
from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Calculation,
    Case,
    Compared,
    Comparison,
    Duration,
    Exists,
    Extreme,
    InPeriod,
    Length,
    Matches,
    Missing,
    Not,
    OneOf,
    OutputRef,
    Predicate,
    Term,
    Value,
    attributes,
    source_names,
)
from aidbt.semantic.rewriting import of_far_rows
from aidbt.semantic.times import SECONDS, moment, shifted


class Conditions(JoinedRows):
    """What holds of the rows and groups of one question."""

    @cached_property
    def own_outputs(self) -> dict[str, Term]:
        """The outputs that go by their names, which those of the source come before."""
        inner = source_names(self.query)
        return {output.name: output.term for output in self.query.outputs if output.name not in inner}

    def term(self, term: Term, joined: Joined) -> Any:
        return Record(self, lambda leaf: joined.value(leaf), joined)(term)

    def holds(self, predicate: Predicate, joined: Joined) -> bool | None:
        return self._holds(predicate, Record(self, lambda leaf: joined.value(leaf), joined))

    def _holds(self, predicate: Predicate, record: Record) -> bool | None:
        """Whether a predicate holds; None is not known, as in SQL."""
        joined = record.joined
        if isinstance(predicate, All) and joined is not None:
            return all_of(self._holds(p, record) for p in self._gathered(predicate.predicates, joined))
        if joined is not None and not isinstance(predicate, All | AnyOf | Not | Exists | Extreme):
            far = [a for a in attributes(predicate) if not joined.sees_one(a)]
            if far:
                return self._exists(of_far_rows(far[0], [predicate]), joined)
        match predicate:
            case Comparison(
                "<" | "<=" | ">" | ">=" as operator, Duration(start, end, unit, False), Value(int(n))
            ) if unit not in SECONDS:
                a, b = record(start), record(end)
                return (
                    None
                    if a is None or b is None
                    else holds_between(operator, as_time(b), shifted(as_time(a), n, unit))
                )
            case Comparison(operator, left, right):
                a, b = record(left), record(right)
                return None if a is None or b is None else holds_between(operator, a, b)
            case OneOf(term, values, ignores_case):
                found = record(term)
                known = [value.value for value in values]
                if ignores_case and found is not None:
                    found, known = str(found).lower(), [str(value).lower() for value in known]
                return None if found is None else any(holds_between("=", found, value) for value in known)
            case Matches(term, how, text, ignores_case):
                found = record(term)
                if found is None:
                    return None
                one, two = (str(found).lower(), text.lower()) if ignores_case else (str(found), text)
                return {
                    "starts": one.startswith(two),
                    "ends": one.endswith(two),
                    "contains": two in one,
                    "is": one == two,
                }[how]
            case Missing(term):
                return record(term) is None
            case InPeriod(term, start, end):
                return self._in_period(record(term), start, end)
            case Exists() if joined is not None:
                return self._exists(predicate, joined)
            case Extreme() if joined is not None:
                return self._extreme(predicate, joined)
            case Not(inner):
                held = self._holds(inner, record)
                return None if held is None else not held
            case All(predicates):
                return all_of(self._holds(p, record) for p in predicates)
            case AnyOf(predicates):
                held_ = [self._holds(p, record) for p in predicates]
                return True if True in held_ else None if None in held_ else False
        raise CannotEvaluate(f"{type(predicate).__name__} over groups")

    def _gathered(self, predicates: Sequence[Predicate], joined: Joined) -> list[Predicate]:
        near: list[Predicate] = []
        far: dict[Attribute, list[Predicate]] = {}
        for predicate in predicates:
            own = [] if isinstance(predicate, All | AnyOf | Not | Exists | Extreme) else attributes(predicate)
            unseen = [a for a in own if not joined.sees_one(a)]
            if unseen:
                far.setdefault(replace(unseen[0], column="", grain=None, part=None), []).append(predicate)
            else:
                near.append(predicate)
        return near + [of_far_rows(rows, inner) for rows, inner in far.items()]

    def _exists(self, predicate: Exists, joined: Joined) -> bool:
        path = self.graph.path(joined.table, predicate.table, predicate.via)
        rows = {id(row): row for row in self.many(joined.rows[()], path)}
        found = [
            row
            for row in rows.values()
            if predicate.where is None
            or self.holds(predicate.where, Joined(self, predicate.table, {(): row})) is True
        ]
        return holds_between(predicate.operator, len(found), predicate.count)

    def _extreme(self, predicate: Extreme, joined: Joined) -> bool | None:
        term = predicate.term
        inner = Attribute(term.table, term.column, grain=term.grain, part=term.part)
        values = []
        for row in self.tables[term.table]:
            other = Joined(self, term.table, {(): row})
            if predicate.where is None or self.holds(predicate.where, other) is True:
                values.append(other.value(inner))
        known = [value for value in values if value is not None]
        own = joined.value(term)
        if own is None or not known:
            return None
        of_all: dict[str, Callable[[Sequence[Any]], Any]] = {
            "min": min,
            "max": max,
            "avg": lambda found: sum(map(float, found)) / len(found),
            "median": lambda found: statistics.median(map(float, found)),
        }
        return holds_between(predicate.operator, own, of_all[predicate.function](known))

    def _in_period(self, time: Any, start: Any, end: Any) -> bool | None:
        if time is None:
            return None
        time = as_time(time)
        bounds = [None if p is None else moment(p, self.query.clock) for p in (start, end)]
        if (start and bounds[0] is None) or (end and bounds[1] is None):
            raise CannotEvaluate("a time that only the warehouse's clock says")
        return (bounds[0] is None or time >= bounds[0]) and (bounds[1] is None or time < bounds[1])


class Record:
    """A row or group of an answer: called with a term it gives the term's value."""

    def __init__(self, context: Conditions, leaf: Callable[[Any], Any], joined: Joined | None = None) -> None:
        self.context, self.leaf, self.joined = context, leaf, joined
        self.key: tuple[Any, ...] = ()
        self.everything: list[Record] = []

    def __call__(self, term: Term) -> Any:
        if term in self.context.query.group_by and self.everything:
            return self.leaf(term)
        match term:
            case Value(value):
                return value
            case Calculation(operator, left, right):
                return calculated(operator, self(left), self(right))
            case Duration(start, end, unit, is_whole):
                return duration(self(start), self(end), unit, is_whole)
            case Length(of):
                text = self(of)
                return None if text is None else len(text)
            case Case(when, then, otherwise):
                return self(then) if self.context._holds(when, self) is True else self(otherwise)
            case Compared():
                return self._compared(term)
            case OutputRef(name) if name in self.context.own_outputs:
                return self(self.context.own_outputs[name])
            case _:
                return self.leaf(term)

    def _compared(self, term: Compared) -> Any:
        within = tuple(self(each) for each in term.within)
        peers = [r for r in self.everything if tuple(r(each) for each in term.within) == within]
        own = self(term.of)
        if term.kind == "share":
            known = [r(term.of) for r in peers if r(term.of) is not None]
            return calculated("/", own, sum(known) if known else None)
        if term.kind == "average":
            known = [r(term.of) for r in peers if r(term.of) is not None]
            return calculated("/", sum(known), len(known)) if known else None
        if term.kind in ("rank", "dense_rank"):
            values = [r(term.of) for r in peers]
            better = [v for v in values if is_before(v, own, ascending=term.is_ascending)]
            return 1 + (len(set(better)) if term.kind == "dense_rank" else len(better))
        assert term.along is not None
        if term.kind == "running":
            here = self(term.along)
            upto = [r for r in peers if not is_before(here, r(term.along), ascending=True)]
            known = [r(term.of) for r in upto if r(term.of) is not None]
            return sum(known) if known else None
        if term.kind == "moving_average":
            found = [self._back(term.along, steps) for steps in range(term.steps)]
            known = [r(term.of) for r in found if r is not None and r(term.of) is not None]
            return calculated("/", sum(known), len(known)) if known else None
        previous = self._back(term.along, term.steps)
        before = previous(term.of) if previous is not None else None
        if term.kind == "previous":
            return before
        change = calculated("-", own, before)
        return change if term.kind == "change" else calculated("/", change, before)

    def _back(self, along: Term, steps: int) -> Record | None:
        """The group so many units before, alike in all but the time; without a unit so many groups."""
        here = self(along)
        others = [term for term in self.context.query.group_by if term != along]
        alike = [r for r in self.everything if all(r(term) == self(term) for term in others)]
        if not isinstance(along, Attribute) or along.grain is None:
            ordered = sorted(alike, key=lambda r: (r(along) is None, r(along)))
            place = ordered.index(self)
            return ordered[place - steps] if place >= steps else None
        wanted = None if here is None else shifted(here, -steps, along.grain)
        return next((r for r in alike if wanted is not None and r(along) == wanted), None)
