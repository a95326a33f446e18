"""Measures aggregated at their own grain: one SELECT for those that can share it, one row per group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from aidbt.semantic.graph import NoPath
from aidbt.semantic.planning.errors import CannotPlan
from aidbt.semantic.planning.frames import Frame, column_sql
from aidbt.semantic.planning.limits import Limits
from aidbt.semantic.planning.shared_conditions import shared_by_all, without
from aidbt.semantic.planning.terms import RowTerms, Terms, count_rows, median_sql
from aidbt.semantic.query import Attribute, Measure, OutputRef, Predicate, Term, both, parts

_AGGREGATES: dict[str, Callable[[exp.Expr], exp.Expr]] = {
    "count": lambda of: exp.Count(this=of),
    "count_distinct": lambda of: exp.Count(this=exp.Distinct(expressions=[of])),
    "sum": lambda of: exp.Sum(this=of),
    "avg": lambda of: exp.Avg(this=of),
    "min": lambda of: exp.Min(this=of),
    "max": lambda of: exp.Max(this=of),
    "median": median_sql,
    "stddev": lambda of: exp.StddevSamp(this=of),
}
# What a repeated row does not change.
_IDEMPOTENT = {"count_distinct", "min", "max"}


@dataclass(frozen=True, slots=True)
class Part:
    """Measures that one SELECT serves.

    Attributes:
        table: whose rows; "" for the query's source.
        at: the time that stands in for a grouped one.
    """

    table: str
    at: Attribute | None
    measures: tuple[Measure, ...]


@dataclass(frozen=True)
class Grouped:
    """A SELECT with one row per group, its groups named g1, g2, …, its measures m1, m2, …"""

    select: exp.Select
    measures: Mapping[Measure, str]
    groups: int


class Aggregation(Limits):
    """The grouped SELECTs of one query."""

    def _parts(self, found: Sequence[Measure]) -> list[Part]:
        """Measures by the SELECT they can share."""
        if not found:  # groups alone: the distinct combinations that there are
            table = self.query.base or self._group_table()
            return [Part(table, None, ())]
        shared: dict[tuple[str, Attribute | None], list[Measure]] = {}
        for measure in found:
            shared.setdefault((measure.table, measure.at), []).append(measure)
        return [Part(table, at, tuple(of)) for (table, at), of in shared.items()]

    def _group_table(self) -> str:
        tables = {part.table for part in parts(self.query.group_by) if isinstance(part, Attribute)}
        if len(tables) != 1:
            raise CannotPlan("it is not said whose groups these are", hint="give `base`")
        return tables.pop()

    def _grouped(self, part: Part) -> Grouped:
        """One row per group for measures over rows of one table."""
        query = self.query
        if part.table == "":
            return self._grouped_source(part)
        self._check_times(part.at)
        frame = Frame(self.graph, part.table, self.aliases)
        rows = RowTerms(frame, query.clock)
        for measure in part.measures:
            if measure.function not in _IDEMPOTENT:
                rows.require_one(measure.of)
        groups = [rows.joined(_at(term, part.at)) for term in query.group_by]
        fans_out = frame.fans_out
        common = shared_by_all([measure.where for measure in part.measures])
        where = both(query.where, common)
        condition = rows.predicate(where) if where is not None else None
        rest = {m: without(m.where, common) for m in part.measures}
        if fans_out and not all(self._survives(m, frame) for m in part.measures):
            return self._deduplicated(part, frame, rows, groups, condition, rest)
        values: dict[Measure, exp.Expr] = {}
        for measure in part.measures:
            values[measure] = self._aggregate(measure, rows, rest[measure], repeats=fans_out)
        return _group_select(frame.select(), groups, values, condition)

    def _check_times(self, at: Attribute | None) -> None:
        """Return when one grouped time at most is what a measure's own time stands in for."""
        times = {
            (term.table, term.column, term.via)
            for term in self.query.group_by
            if isinstance(term, Attribute) and _at(term, at) is not term
        }
        if len(times) > 1:
            shown = " and ".join(sorted(f"{table}.{column}" for table, column, _ in times))
            raise CannotPlan(
                f"the groups are of different times, {shown}, and a measure has one of its own",
                hint="group by one of them",
            )

    def _survives(self, measure: Measure, frame: Frame) -> bool:
        """Whether a measure is right though rows are repeated."""
        if measure.function == "count" and measure.of is None:
            return len(frame.key()) == 1
        return measure.function in _IDEMPOTENT

    def _aggregate(
        self, measure: Measure, rows: Terms, where: Predicate | None, *, repeats: bool = False
    ) -> exp.Expr:
        condition = rows.predicate(where) if where is not None else None
        if measure.of is None and isinstance(rows, RowTerms):
            counted = count_rows(rows.frame, repeats=repeats)
            if condition is None:
                return counted
            of: exp.Expr = exp.Literal.number(1)
            function = "count"
            if repeats:
                of, function = column_sql(rows.frame.key()[0], rows.frame.alias), "count_distinct"
        elif measure.of is None:
            if condition is None:
                return exp.Count(this=exp.Star())
            of, function = exp.Literal.number(1), "count"
        else:
            of, function = rows.term(measure.of), measure.function
        if condition is not None:
            of = exp.Case().when(condition, of)
        return _AGGREGATES[function](of)

    def _deduplicated(
        self,
        part: Part,
        frame: Frame,
        rows: RowTerms,
        groups: Sequence[exp.Expr],
        condition: exp.Expr | None,
        rest: Mapping[Measure, Predicate | None],
    ) -> Grouped:
        """Each row of the table once per group, then aggregated."""
        key = frame.key()
        if not key:
            raise NoPath(
                f"rows of {part.table} would count more than once in a group, and nothing tells them apart",
                hint=f"declare the key of {part.table} with a unique test",
            )
        columns = [exp.alias_(group, f"g{n}") for n, group in enumerate(groups, 1)]
        columns += [exp.alias_(column_sql(name, frame.alias), f"k{n}") for n, name in enumerate(key, 1)]
        found: list[exp.Expr] = []
        for measure in part.measures:
            of = rows.term(measure.of) if measure.of is not None else exp.Literal.number(1)
            where = rest[measure]
            found.append(of if where is None else exp.Case().when(rows.predicate(where), of))
        is_grouped = len(found) > 1 and any(map(frame.varies, found))
        if is_grouped:
            # Where a row has several values for one measure, it would count as often for the others.
            pairs = zip(part.measures, found, strict=True)
            found = [_one_value(measure, of, rows) for measure, of in pairs]
        values_of_rows = [exp.alias_(of, f"v{number}") for number, of in enumerate(found, 1)]
        select = frame.select().select(*columns, *values_of_rows)
        if condition is not None:
            select = select.where(condition)
        if is_grouped:
            select = select.group_by(*(column.unalias().copy() for column in columns))
        else:
            select = select.distinct()
        name = self._cte("once", select)
        values = {
            measure: _AGGREGATES[measure.function](self._column(f"v{number}", name))
            for number, measure in enumerate(part.measures, 1)
        }
        outer = [self._column(f"g{n}", name) for n in range(1, len(groups) + 1)]
        return _group_select(exp.Select().from_(name), outer, values, None)

    def _grouped_source(self, part: Part) -> Grouped:
        terms = self._source_terms()
        groups = [terms.term(term) for term in self.query.group_by]
        condition = terms.predicate(self.query.where) if self.query.where is not None else None
        values = {m: self._aggregate(m, terms, m.where) for m in part.measures}
        return _group_select(exp.Select().from_(self.ctes[0][0]), groups, values, condition)

    def _source_terms(self) -> Terms:
        source = self.query.source
        assert source is not None
        name = self.ctes[0][0]
        known = {output.name for output in source.outputs if output.is_shown}

        def leaf(term: Term) -> exp.Expr:
            if not isinstance(term, OutputRef) or term.name not in known:
                raise CannotPlan(f"the inner question gives {', '.join(sorted(known))}, and nothing else")
            return self._column(term.name, name)

        return Terms(self.query.clock, leaf)


def _one_value(measure: Measure, value: exp.Expr, rows: RowTerms) -> exp.Expr:
    """What a row that is repeated within a group gives a measure: its value, where some repeat of it has one.

    Raises:
        NoPath: the different values that a row has many of are counted.
    """
    match measure.function:
        case "min":
            return exp.Min(this=value)
        case "count" if measure.of is not None:
            is_there = exp.Not(this=exp.Is(this=value, expression=exp.null()))
            return exp.Max(this=exp.Case().when(is_there, exp.Literal.number(1)))
        case "count_distinct":
            rows.require_one(measure.of)
    return exp.Max(this=value)


def _group_select(
    select: exp.Select,
    groups: Sequence[exp.Expr],
    values: Mapping[Measure, exp.Expr],
    condition: exp.Expr | None,
) -> Grouped:
    names = {measure: f"m{number}" for number, measure in enumerate(values, 1)}
    columns = [exp.alias_(group, f"g{n}") for n, group in enumerate(groups, 1)]
    columns += [exp.alias_(value, names[measure]) for measure, value in values.items()]
    select = select.select(*columns)
    if condition is not None:
        select = select.where(condition)
    if groups:
        select = select.group_by(*(group.copy() for group in groups))
    return Grouped(select, names, len(groups))


def _at(term: Term, at: Attribute | None) -> Term:
    """A grouped time as the measure's own time at the same grain."""
    if at is None or not isinstance(term, Attribute) or (term.grain is None and term.part is None):
        return term
    return replace(at, grain=term.grain, part=term.part)
