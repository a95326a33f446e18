"""A question answered over rows in memory, without SQL: the other path that generated SQL is held against.

It follows the meaning that `query` gives to every term, one row at a time, and shares no code with `planner`.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

from aidbt.core.errors import AidbtError
from aidbt.semantic.graph import Graph, Path, Step, is_to_one
from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Calculation,
    Case,
    Clock,
    Compared,
    Comparison,
    Duration,
    Exists,
    Extreme,
    Grain,
    InPeriod,
    Length,
    Matches,
    Measure,
    Missing,
    Not,
    OneOf,
    OutputRef,
    Predicate,
    SemanticQuery,
    Term,
    Value,
    attributes,
    measures,
)
from aidbt.semantic.rewriting import of_far_rows
from aidbt.semantic.times import SECONDS, cut, moment, shifted

# Functions of all values that a row has in a group; the others are of one each.
_OF_ALL = ("count_distinct", "min", "max")
Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class CannotEvaluate(AidbtError):
    """A question that is not answered in memory."""


def evaluate(query: SemanticQuery, graph: Graph, tables: Tables) -> list[tuple[Any, ...]]:
    """The rows of the answer, in order where the question gives one.

    Args:
        tables: rows by the tables' names in the graph.

    Raises:
        CannotEvaluate: a metric, or a time seen from the warehouse's clock.
    """
    return [tuple(row.values()) for row in _Evaluation(query, graph, tables).answer()]


class _Joined:
    """A row of a table with the rows that were joined to it, and what it can see from there."""

    def __init__(self, context: _Evaluation, table: str, rows: Mapping[Path, Row | None]) -> None:
        self.context, self.table, self.rows = context, table, rows

    def value(self, attribute: Attribute) -> Any:
        path = self.path(attribute)
        row = self.rows[path] if path in self.rows else self.context.one(self.rows[()], path)
        found = None if row is None else row[attribute.column]
        return _dated(found, attribute, self.context.query.clock)

    def path(self, attribute: Attribute) -> Path:
        return self.context.graph.path(self.table, attribute.table, attribute.via)

    def sees_one(self, attribute: Attribute) -> bool:
        path = self.path(attribute)
        return path in self.rows or is_to_one(path)


class _Evaluation:
    def __init__(self, query: SemanticQuery, graph: Graph, tables: Tables) -> None:
        self.query, self.graph, self.tables = query, graph, tables
        self.source: list[dict[str, Any]] = []
        if query.source is not None:
            self.source = _Evaluation(query.source, graph, tables).answer()

    def answer(self) -> list[dict[str, Any]]:
        query = self.query
        found = measures((query.outputs, query.having, query.order_by))
        records = self._groups(found) if found or query.group_by else self._rows()
        if query.having is not None:
            having = query.having
            records = [r for r in records if self._holds(having, r) is True]
        shown = [output for output in query.outputs if output.is_shown]
        rows = [({output.name: record(output.term) for output in shown}, record) for record in records]
        if query.distinct:
            unique = {tuple(map(_hashable, row.values())): (row, record) for row, record in reversed(rows)}
            rows = list(reversed(unique.values()))
        return [row for row, _ in self._cut(self._ordered(rows))]

    # --- rows -------------------------------------------------------------------------------------------

    def _rows(self) -> list[_Record]:
        query = self.query
        if query.source is not None and not query.base:
            records = [_Record(self, partial(self._of_source, row=row)) for row in self.source]
            where = query.where
            return [r for r in records if where is None or self._holds(where, r) is True]
        base = query.base or {a.table for a in attributes(query.outputs)}.pop()
        paths: list[Path] = []
        if query.distinct:
            paths = [self.graph.path(base, a.table, a.via) for a in attributes(query.outputs)]
        found = []
        for joined in self._joined(base, paths, is_inner=query.distinct):
            if query.where is None or self.holds(query.where, joined) is True:
                found.append(_Record(self, partial(self.term, joined=joined)))
        return found

    def _of_source(self, term: Term, row: Mapping[str, Any]) -> Any:
        if isinstance(term, OutputRef):
            return row[term.name]
        raise CannotEvaluate(f"{type(term).__name__} over the rows of an inner question")

    def _joined(self, table: str, paths: Sequence[Path], *, is_inner: bool = True) -> Iterator[_Joined]:
        """Each row of a table with every choice of rows that the ways lead to."""
        prefixes = sorted({path[:n] for path in paths for n in range(1, len(path) + 1)}, key=len)
        for row in self.tables[table]:
            choices: list[dict[Path, Row | None]] = [{(): row}]
            for prefix in prefixes:
                longer = []
                for choice in choices:
                    before = choice[prefix[:-1]]
                    following = self.step(before, prefix[-1]) if before is not None else []
                    if not following and not is_inner:
                        longer.append({**choice, prefix: None})
                    longer += [{**choice, prefix: other} for other in following]
                choices = longer
            for choice in choices:
                yield _Joined(self, table, choice)

    def step(self, row: Row, step: Step) -> list[Row]:
        """The rows that a step leads to."""
        relationship = step.relationship
        pairs = list(zip(relationship.source_columns, relationship.target_columns, strict=True))
        found = []
        for other in self.tables[step.end]:
            source, target = (row, other) if step.is_forward else (other, row)
            if all(source[a] is not None and source[a] == target[b] for a, b in pairs) and all(
                source[column] == value for column, value in relationship.condition
            ):
                found.append(other)
        return found

    def many(self, row: Row | None, path: Path) -> list[Row]:
        """The rows at the end of a way, each as often as the way leads there."""
        rows = [] if row is None else [row]
        for step in path:
            rows = [other for one in rows for other in self.step(one, step)]
        return rows

    def one(self, row: Row | None, path: Path) -> Row | None:
        found = self.many(row, path)
        return found[0] if found else None

    # --- groups -----------------------------------------------------------------------------------------

    def _groups(self, found: Sequence[Measure]) -> list[_Record]:
        query = self.query
        values: dict[tuple[Any, ...], dict[Measure, Any]] = {}
        if query.base:
            for joined in self._joined(query.base, self._group_paths(query.base), is_inner=False):
                if self._spine_holds(joined):
                    values.setdefault(self._key(joined, None), {})
        elif not query.group_by:
            values[()] = {}
        for measure in found:
            together = [other for other in found if (other.table, other.at) == (measure.table, measure.at)]
            for key, rows in self._by_group(measure, _shared(together)).items():
                if key in values or not query.base:
                    values.setdefault(key, {})[measure] = self._aggregated(measure, rows)
        if not found:
            table = query.base or {a.table for a in attributes(query.group_by)}.pop()
            for joined in self._joined(table, self._group_paths(table)):
                if query.where is None or self.holds(query.where, joined) is True:
                    values.setdefault(self._key(joined, None), {})
        several = len({(measure.table, measure.at) for measure in found}) > 1
        several |= bool(query.base and query.group_by)
        if not query.group_by and not values:
            values[()] = {}
        keys = {
            key: {m: self._or_nothing(m, of.get(m), several) for m in found} for key, of in values.items()
        }
        groups = {term: number for number, term in enumerate(query.group_by)}
        records = []
        everything: list[_Record] = []
        for key, of in keys.items():
            record = _Record(self, partial(self._of_group, key=key, of=of, groups=groups))
            record.key, record.everything = key, everything
            records.append(record)
        everything += records
        return records

    def _group_paths(self, table: str) -> list[Path]:
        return [self.graph.path(table, a.table, a.via) for a in attributes(self.query.group_by)]

    def _spine_holds(self, joined: _Joined) -> bool:
        where = self.query.where
        conjuncts = where.predicates if isinstance(where, All) else (where,) if where else ()
        own = [
            c
            for c in conjuncts
            if all(
                any(is_to_one(way) for way in self.graph.paths(joined.table, a.table, a.via))
                for a in attributes(c)
            )
        ]
        return all(self.holds(c, joined) is True for c in own)

    def _key(self, joined: _Joined, at: Attribute | None) -> tuple[Any, ...]:
        return tuple(self.term(_at(term, at), joined) for term in self.query.group_by)

    def _by_group(
        self, measure: Measure, shared: Sequence[Predicate]
    ) -> dict[tuple[Any, ...], list[tuple[int, Any]]]:
        """By group the rows of a measure, each once, with the value that is aggregated of it.

        Args:
            shared: conditions of all measures of the table: rows of which they hold make groups.
        """
        query = self.query
        found: dict[tuple[Any, ...], dict[Any, Any]] = {}
        if measure.table == "":
            for number, row in enumerate(self.source):
                record = _Record(self, partial(self._of_source, row=row))
                if any(p is not None and self._holds(p, record) is not True for p in (query.where, *shared)):
                    continue
                group = found.setdefault(tuple(record(term) for term in query.group_by), {})
                if measure.where is None or self._holds(measure.where, record) is True:
                    group[number] = 1 if measure.of is None else record(measure.of)
            return {key: list(rows.items()) for key, rows in found.items()}
        terms = tuple(_at(term, measure.at) for term in query.group_by)
        paths = [self.graph.path(measure.table, a.table, a.via) for a in attributes(terms)]
        numbers = {id(row): number for number, row in enumerate(self.tables[measure.table])}
        for joined in self._joined(measure.table, paths):
            if any(p is not None and self.holds(p, joined) is not True for p in (query.where, *shared)):
                continue
            group = found.setdefault(tuple(self.term(term, joined) for term in terms), {})
            if measure.where is None or self.holds(measure.where, joined) is True:
                value = 1 if measure.of is None else self.term(measure.of, joined)
                number = numbers[id(joined.rows[()])]
                group[(number, _hashable(value)) if measure.function in _OF_ALL else number] = value
        return {key: list(rows.items()) for key, rows in found.items()}

    def _aggregated(self, measure: Measure, rows: Sequence[tuple[int, Any]]) -> Any:
        values = [value for _, value in rows if value is not None]
        match measure.function:
            case "count":
                return len(values)
            case "count_distinct":
                return len(set(values))
        if not values:
            return None
        match measure.function:
            case "sum":
                return sum(values)
            case "avg":
                return sum(map(float, values)) / len(values)
            case "min":
                return min(values)
            case "max":
                return max(values)
            case "median":
                return statistics.median(map(float, values))
            case _:
                return statistics.stdev(map(float, values)) if len(values) > 1 else None

    def _or_nothing(self, measure: Measure, value: Any, several: bool) -> Any:
        if value is None and measure.function in ("count", "count_distinct"):
            return 0
        return 0 if value is None and several and measure.function == "sum" else value

    def _of_group(
        self, term: Term, key: tuple[Any, ...], of: Mapping[Measure, Any], groups: Mapping[Term, int]
    ) -> Any:
        if isinstance(term, Measure):
            return of[term]
        if term in groups:
            return key[groups[term]]
        raise CannotEvaluate(f"{type(term).__name__} is neither grouped nor aggregated")

    # --- terms and predicates ---------------------------------------------------------------------------

    def term(self, term: Term, joined: _Joined) -> Any:
        return _Record(self, lambda leaf: joined.value(leaf), joined)(term)

    def holds(self, predicate: Predicate, joined: _Joined) -> bool | None:
        return self._holds(predicate, _Record(self, lambda leaf: joined.value(leaf), joined))

    def _holds(self, predicate: Predicate, record: _Record) -> bool | None:
        """Whether a predicate holds; None is not known, as in SQL."""
        joined = record.joined
        if isinstance(predicate, All) and joined is not None:
            return _all(self._holds(p, record) for p in self._gathered(predicate.predicates, joined))
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
                    else _COMPARE[operator](_as_time(b), shifted(_as_time(a), n, unit))
                )
            case Comparison(operator, left, right):
                a, b = record(left), record(right)
                return None if a is None or b is None else _COMPARE[operator](*_alike(a, b))
            case OneOf(term, values, ignores_case):
                found = record(term)
                known = [value.value for value in values]
                if ignores_case and found is not None:
                    found, known = str(found).lower(), [str(value).lower() for value in known]
                return None if found is None else found in known
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
                return _all(self._holds(p, record) for p in predicates)
            case AnyOf(predicates):
                held_ = [self._holds(p, record) for p in predicates]
                return True if True in held_ else None if None in held_ else False
        raise CannotEvaluate(f"{type(predicate).__name__} over groups")

    def _gathered(self, predicates: Sequence[Predicate], joined: _Joined) -> list[Predicate]:
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

    def _exists(self, predicate: Exists, joined: _Joined) -> bool:
        path = self.graph.path(joined.table, predicate.table, predicate.via)
        rows = {id(row): row for row in self.many(joined.rows[()], path)}
        found = [
            row
            for row in rows.values()
            if predicate.where is None
            or self.holds(predicate.where, _Joined(self, predicate.table, {(): row})) is True
        ]
        return _COMPARE[predicate.operator](len(found), predicate.count)

    def _extreme(self, predicate: Extreme, joined: _Joined) -> bool | None:
        term = predicate.term
        inner = Attribute(term.table, term.column, grain=term.grain, part=term.part)
        values = []
        for row in self.tables[term.table]:
            other = _Joined(self, term.table, {(): row})
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
        return _COMPARE[predicate.operator](*_alike(own, of_all[predicate.function](known)))

    def _in_period(self, time: Any, start: Any, end: Any) -> bool | None:
        if time is None:
            return None
        time = _as_time(time)
        bounds = [None if p is None else moment(p, self.query.clock) for p in (start, end)]
        if (start and bounds[0] is None) or (end and bounds[1] is None):
            raise CannotEvaluate("a time that only the warehouse's clock says")
        return (bounds[0] is None or time >= bounds[0]) and (bounds[1] is None or time < bounds[1])

    # --- order and limit --------------------------------------------------------------------------------

    def _ordered(self, rows: list[tuple[dict[str, Any], _Record]]) -> list[tuple[dict[str, Any], _Record]]:
        for order in reversed(self.query.order_by):
            known = [each for each in rows if each[1](order.term) is not None]
            missing = [each for each in rows if each[1](order.term) is None]
            known.sort(key=lambda each: each[1](order.term), reverse=order.is_descending)
            rows = known + missing
        return rows

    def _cut(self, rows: list[tuple[dict[str, Any], _Record]]) -> list[tuple[dict[str, Any], _Record]]:
        query = self.query
        if query.limit is None:
            return rows[: query.at_most]
        kept, counts = [], dict[tuple[Any, ...], list[tuple[Any, ...]]]()
        for row, record in rows:
            within = tuple(record(term) for term in query.limit_within)
            before = counts.setdefault(within, [])
            rank = tuple(record(order.term) for order in query.order_by)
            is_tied = query.has_ties and len(before) >= query.limit and before[query.limit - 1] == rank
            if len(before) < query.limit or is_tied:
                kept.append((row, record))
            before.append(rank)
        return kept[: query.at_most]


class _Record:
    """A row or group of an answer: called with a term it gives the term's value."""

    def __init__(
        self, context: _Evaluation, leaf: Callable[[Any], Any], joined: _Joined | None = None
    ) -> None:
        self.context, self.leaf, self.joined = context, leaf, joined
        self.key: tuple[Any, ...] = ()
        self.everything: list[_Record] = []

    def __call__(self, term: Term) -> Any:
        if term in self.context.query.group_by and self.everything:
            return self.leaf(term)
        match term:
            case Value(value):
                return value
            case Calculation(operator, left, right):
                return _calculated(operator, self(left), self(right))
            case Duration(start, end, unit, is_whole):
                return _duration(self(start), self(end), unit, is_whole)
            case Length(of):
                text = self(of)
                return None if text is None else len(text)
            case Case(when, then, otherwise):
                return self(then) if self.context._holds(when, self) is True else self(otherwise)
            case Compared():
                return self._compared(term)
            case OutputRef(name) if self.context.query.source is None:
                outputs = {output.name: output.term for output in self.context.query.outputs}
                return self(outputs[name])
            case _:
                return self.leaf(term)

    def _compared(self, term: Compared) -> Any:
        within = tuple(self(each) for each in term.within)
        peers = [r for r in self.everything if tuple(r(each) for each in term.within) == within]
        own = self(term.of)
        if term.kind == "share":
            known = [r(term.of) for r in peers if r(term.of) is not None]
            return _calculated("/", own, sum(known) if known else None)
        if term.kind == "average":
            known = [r(term.of) for r in peers if r(term.of) is not None]
            return _calculated("/", sum(known), len(known)) if known else None
        if term.kind in ("rank", "dense_rank"):
            values = [r(term.of) for r in peers]
            better = [v for v in values if _is_before(v, own, ascending=term.is_ascending)]
            return 1 + (len(set(better)) if term.kind == "dense_rank" else len(better))
        assert term.along is not None
        if term.kind == "running":
            here = self(term.along)
            upto = [r for r in peers if not _is_before(here, r(term.along), ascending=True)]
            known = [r(term.of) for r in upto if r(term.of) is not None]
            return sum(known) if known else None
        if term.kind == "moving_average":
            found = [self._back(term.along, steps) for steps in range(term.steps)]
            known = [r(term.of) for r in found if r is not None and r(term.of) is not None]
            return _calculated("/", sum(known), len(known)) if known else None
        previous = self._back(term.along, term.steps)
        before = previous(term.of) if previous is not None else None
        if term.kind == "previous":
            return before
        change = _calculated("-", own, before)
        return change if term.kind == "change" else _calculated("/", change, before)

    def _back(self, along: Term, steps: int) -> _Record | None:
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


def _shared(found: Sequence[Measure]) -> list[Predicate]:
    """The conditions that every one of some measures has."""

    def conjuncts(where: Predicate | None) -> tuple[Predicate, ...]:
        return where.predicates if isinstance(where, All) else (where,) if where is not None else ()

    first, *others = [conjuncts(measure.where) for measure in found]
    return [condition for condition in first if all(condition in other for other in others)]


def _is_before(value: Any, own: Any, *, ascending: bool) -> bool:
    if value is None:
        return False
    if own is None:
        return True
    return bool(value < own if ascending else value > own)


def _all(held: Iterator[bool | None]) -> bool | None:
    found = list(held)
    return False if False in found else None if None in found else True


def _calculated(operator: str, left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    if operator == "/":
        return None if right == 0 else float(left) / float(right)
    if isinstance(left, float) or isinstance(right, float):
        left, right = float(left), float(right)
    return {"+": left + right, "-": left - right, "*": left * right}[operator]


def _duration(start: Any, end: Any, unit: Any, is_whole: bool) -> Any:
    if start is None or end is None:
        return None
    one, two = _as_time(start), _as_time(end)
    if unit in SECONDS and not is_whole:
        seconds = int((cut(two, Grain.SECOND) - cut(one, Grain.SECOND)).total_seconds())
        return seconds if unit == Grain.SECOND else seconds / SECONDS[unit]
    if unit == Grain.WEEK:
        return int((cut(two, Grain.DAY) - cut(one, Grain.DAY)).days / 7)
    first, last = cut(one, unit), cut(two, unit)
    if unit in SECONDS:
        return int((last - first).total_seconds()) // SECONDS[unit]
    months = (last.year - first.year) * 12 + last.month - first.month
    return months // {"month": 1, "quarter": 3, "year": 12}[unit]


def _at(term: Term, at: Attribute | None) -> Term:
    if at is None or not isinstance(term, Attribute) or (term.grain is None and term.part is None):
        return term
    return Attribute(at.table, at.column, at.via, term.grain, term.part)


def _dated(value: Any, attribute: Attribute, clock: Clock) -> Any:
    if value is None or (attribute.grain is None and attribute.part is None):
        return value
    time = _as_time(value)
    if attribute.grain is not None:
        return cut(time, attribute.grain, clock.week_start)
    match attribute.part:
        case "hour" | "day" | "month" | "year":
            return getattr(time, attribute.part)
        case "day_of_week":
            return time.isoweekday()
        case "day_of_year":
            return time.timetuple().tm_yday
        case "week":
            return time.isocalendar().week
        case _:
            return (time.month + 2) // 3


def _as_time(value: Any) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)
    raise CannotEvaluate(f"{value!r} is no time")


def _alike(a: Any, b: Any) -> tuple[Any, Any]:
    if isinstance(a, dt.date) and isinstance(b, dt.date):
        return _as_time(a), _as_time(b)
    if isinstance(a, Decimal) and isinstance(b, float):
        return float(a), b
    if isinstance(b, Decimal) and isinstance(a, float):
        return a, float(b)
    return a, b


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
