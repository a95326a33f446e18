"""A question as one SELECT: every measure aggregated at its own grain before anything is joined to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from aidbt.core.errors import AidbtError
from aidbt.semantic.graph import Graph, NoPath, is_to_one
from aidbt.semantic.planning.frames import Aliases, Frame, column_sql
from aidbt.semantic.planning.terms import RowTerms, Terms, column_like, count_rows, median_sql
from aidbt.semantic.planning.windows import window_sql
from aidbt.semantic.query import (
    All,
    Attribute,
    Clock,
    Compared,
    Measure,
    MetricRef,
    Order,
    Output,
    OutputRef,
    Predicate,
    SemanticQuery,
    Term,
    attributes,
    both,
    measures,
    parts,
)

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
_SOURCE, _GROUPED, _ANSWER = "source_rows", "grouped", "answer"


class CannotPlan(AidbtError):
    """A question that is well formed and that this planner has no SQL for."""


def plan(query: SemanticQuery, graph: Graph) -> exp.Query:
    """The SELECT that answers a question.

    Names are quoted by whoever renders it, in the dialect it is rendered for.

    Raises:
        NoPath: tables of the question do not belong together, or in more ways than one.
        UnknownName: a table or column is not in the graph.
        CannotPlan: it cannot be said in this planner's SQL.
    """
    return _Plan(query, graph, Aliases()).select()


@dataclass(frozen=True, slots=True)
class _Part:
    """Measures that one SELECT serves.

    Attributes:
        table: whose rows; "" for the query's source.
        at: the time that stands in for a grouped one.
    """

    table: str
    at: Attribute | None
    measures: tuple[Measure, ...]


@dataclass(frozen=True)
class _Grouped:
    """A SELECT with one row per group, its groups named g1, g2, …, its measures m1, m2, …"""

    select: exp.Select
    measures: Mapping[Measure, str]
    groups: int


@dataclass
class _Plan:
    query: SemanticQuery
    graph: Graph
    aliases: Aliases
    ctes: list[tuple[str, exp.Query]] = field(default_factory=list)

    def select(self) -> exp.Query:
        query = self.query
        if any(isinstance(part, MetricRef) for part in parts(query)):
            raise CannotPlan("metrics of the semantic layer have to be written out first")
        self._check_names()
        if query.source is not None:
            self.ctes.append((self.aliases.new(_SOURCE), plan(query.source, self.graph)))
        found = measures((query.outputs, query.having, query.order_by))
        if found or query.group_by:
            answer = self._aggregated(found)
        else:
            answer = self._listed()
        for name, inner in self.ctes:
            answer = answer.with_(name, as_=inner)
        return answer

    def _check_names(self) -> None:
        """Raise when names of the answer are alike but for their case, of which engines take the first."""
        seen: dict[str, str] = {}
        for output in self.query.outputs:
            other = seen.get(output.name.lower())
            seen[output.name.lower()] = output.name
            if other is not None:
                raise CannotPlan(
                    f"two columns of the answer are called {other} and {output.name}",
                    hint="give them names that differ by more than their case",
                )

    @property
    def _prefix(self) -> str:
        """What names of columns that are not shown begin with, and no other."""
        prefix = "_"
        while any(output.name.startswith(prefix) for output in self.query.outputs):
            prefix += "_"
        return prefix

    # --- rows -------------------------------------------------------------------------------------------

    def _listed(self) -> exp.Query:
        """One row per row of the base, or of the source."""
        query = self.query
        terms, select, condition = self._rows()
        columns = [exp.alias_(terms.term(o.term), o.name) for o in query.outputs if o.is_shown]
        if query.having is not None:
            raise CannotPlan("a condition on groups, where nothing is grouped", hint="put it in `where`")
        if any(isinstance(part, Compared) for part in parts(query)):
            raise CannotPlan("rows are compared with each other only after they are grouped")
        if query.distinct:
            self._check_distinct_order()
        orders = [self._ordered(order, self._inlined(terms)) for order in query.order_by]
        built = select().select(*columns)
        if condition is not None:
            built = built.where(condition)
        if query.distinct:
            built = built.distinct()
        return self._limited(built, orders, self._inlined(terms))

    def _rows(self) -> tuple[Terms, Callable[[], exp.Select], exp.Expr | None]:
        """Terms over the listed rows, the SELECT of them once all terms were asked for, its condition."""
        query = self.query
        if query.source is not None and not query.base:
            terms = self._source_terms()
            name = self.ctes[0][0]
            condition = terms.predicate(query.where) if query.where else None
            return terms, lambda: exp.Select().from_(name), condition
        frame = Frame(self.graph, query.base or self._only_table(), self.aliases)
        rows = RowTerms(frame, query.clock)
        if query.distinct:
            for output in query.outputs:
                if any(isinstance(part, Attribute) for part in parts(output.term)):
                    rows.joined(output.term)
        condition = rows.predicate(query.where) if query.where else None
        return rows, frame.select, condition

    def _only_table(self) -> str:
        tables = {part.table for part in parts(self.query.outputs) if isinstance(part, Attribute)}
        if len(tables) != 1:
            raise CannotPlan("it is not said of which table the rows are listed", hint="give `base`")
        return tables.pop()

    def _check_distinct_order(self) -> None:
        shown = {output.term for output in self.query.outputs if output.is_shown}
        names = {output.name for output in self.query.outputs if output.is_shown}
        for order in self.query.order_by:
            is_shown = isinstance(order.term, OutputRef) and order.term.name in names
            if order.term not in shown and not is_shown:
                raise CannotPlan("distinct rows are ordered by what is not among their columns")

    # --- groups -----------------------------------------------------------------------------------------

    def _aggregated(self, found: Sequence[Measure]) -> exp.Query:
        """One row per group."""
        query = self.query
        pieces = [self._grouped(part) for part in self._parts(found)]
        is_plain = (
            len(pieces) == 1
            and not (query.base and query.group_by)
            and not query.limit_within
            and not query.has_ties
            and not any(isinstance(part, Compared) for part in parts(query))
        )
        if is_plain:
            return self._plain(pieces[0])
        groups, values, combined = self._combined(pieces)
        return self._answer(groups, values, combined)

    def _parts(self, found: Sequence[Measure]) -> list[_Part]:
        """Measures by the SELECT they can share."""
        if not found:  # groups alone: the distinct combinations that there are
            table = self.query.base or self._group_table()
            return [_Part(table, None, ())]
        shared: dict[tuple[str, Attribute | None], list[Measure]] = {}
        for measure in found:
            shared.setdefault((measure.table, measure.at), []).append(measure)
        return [_Part(table, at, tuple(of)) for (table, at), of in shared.items()]

    def _group_table(self) -> str:
        tables = {part.table for part in parts(self.query.group_by) if isinstance(part, Attribute)}
        if len(tables) != 1:
            raise CannotPlan("it is not said whose groups these are", hint="give `base`")
        return tables.pop()

    def _grouped(self, part: _Part) -> _Grouped:
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
        common = _common([measure.where for measure in part.measures])
        where = both(query.where, common)
        condition = rows.predicate(where) if where is not None else None
        rest = {m: _without(m.where, common) for m in part.measures}
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
        part: _Part,
        frame: Frame,
        rows: RowTerms,
        groups: Sequence[exp.Expr],
        condition: exp.Expr | None,
        rest: Mapping[Measure, Predicate | None],
    ) -> _Grouped:
        """Each row of the table once per group, then aggregated."""
        key = frame.key()
        if not key:
            raise NoPath(
                f"rows of {part.table} would count more than once in a group, and nothing tells them apart",
                hint=f"declare the key of {part.table} with a unique test",
            )
        columns = [exp.alias_(group, f"g{n}") for n, group in enumerate(groups, 1)]
        columns += [exp.alias_(column_sql(name, frame.alias), f"k{n}") for n, name in enumerate(key, 1)]
        for number, measure in enumerate(part.measures, 1):
            of = rows.term(measure.of) if measure.of is not None else exp.Literal.number(1)
            where = rest[measure]
            if where is not None:
                of = exp.Case().when(rows.predicate(where), of)
            columns.append(exp.alias_(of, f"v{number}"))
        select = frame.select().select(*columns).distinct()
        if condition is not None:
            select = select.where(condition)
        name = self._cte("once", select)
        values = {
            measure: _AGGREGATES[measure.function](self._column(f"v{number}", name))
            for number, measure in enumerate(part.measures, 1)
        }
        outer = [self._column(f"g{n}", name) for n in range(1, len(groups) + 1)]
        return _group_select(exp.Select().from_(name), outer, values, None)

    def _grouped_source(self, part: _Part) -> _Grouped:
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

    # --- the answer -------------------------------------------------------------------------------------

    def _plain(self, piece: _Grouped) -> exp.Query:
        """Groups, conditions, order and limit in the one SELECT of the measures."""
        query = self.query
        columns = {column.alias: column.this for column in piece.select.expressions}
        groups: dict[Term, exp.Expr] = {t: columns[f"g{n}"] for n, t in enumerate(query.group_by, 1)}
        leaf = self._leaf(groups, {measure: columns[name] for measure, name in piece.measures.items()})
        terms = _Known(query.clock, leaf, groups)
        select = piece.select
        shown = [exp.alias_(terms.term(o.term).copy(), o.name) for o in query.outputs if o.is_shown]
        select.set("expressions", shown)
        if query.having is not None:
            select = select.having(terms.predicate(query.having))
        if query.distinct:
            select = select.distinct()
        return self._limited(select, [self._ordered(o, terms) for o in query.order_by], terms)

    def _combined(
        self, pieces: Sequence[_Grouped]
    ) -> tuple[dict[Term, exp.Expr], dict[Measure, exp.Expr], exp.Select]:
        """All measures side by side: the SQL of groups and measures, and the FROM that they are of."""
        query = self.query
        names = [self._cte(_GROUPED, piece.select) for piece in pieces]
        values: dict[Measure, exp.Expr] = {}
        for piece, name in zip(pieces, names, strict=True):
            for measure, column in piece.measures.items():
                values[measure] = self._column(column, name)
        if query.base and query.group_by:
            spine = self._cte("groups", self._spine())
            is_full = False
            chain = [spine, *names]
        else:
            chain, is_full = list(names), True
        select = exp.Select().from_(chain[0])
        numbers = range(1, len(query.group_by) + 1)
        merged: dict[int, exp.Expr] = {n: self._column(f"g{n}", chain[0]) for n in numbers}
        for name in chain[1:]:
            if not query.group_by:
                select = select.join(exp.to_table(name), join_type="cross")
                continue
            on = exp.and_(*(_same(merged[n], self._column(f"g{n}", name)) for n in numbers))
            select = select.join(exp.to_table(name), on=on, join_type="full" if is_full else "left")
            if is_full:
                merged = {n: _coalesced(merged[n], self._column(f"g{n}", name)) for n in numbers}
        if len(chain) > 1:
            values = {m: _or_nothing(m, value) for m, value in values.items()}
        groups: dict[Term, exp.Expr] = {term: merged[n] for n, term in enumerate(query.group_by, 1)}
        return groups, values, select

    def _spine(self) -> exp.Select:
        """Every group that the base's rows make, whatever the measures have of it."""
        frame = Frame(self.graph, self.query.base, self.aliases)
        rows = RowTerms(frame, self.query.clock)
        for attribute in attributes(self.query.group_by):
            rows.term(attribute)  # refused where a row has many of it, also within a case
        groups = [exp.alias_(rows.term(term), f"g{n}") for n, term in enumerate(self.query.group_by, 1)]
        where = _seen_from(self.query.where, frame)
        condition = rows.predicate(where) if where is not None else None
        select = frame.select().select(*groups).distinct()
        return select.where(condition) if condition is not None else select

    def _answer(
        self, groups: Mapping[Term, exp.Expr], values: Mapping[Measure, exp.Expr], combined: exp.Select
    ) -> exp.Query:
        """Outputs computed over all groups in a CTE, then filtered, ordered and cut."""
        query = self.query
        terms = _Known(query.clock, self._leaf(groups, values), groups)
        columns = [exp.alias_(terms.term(output.term), output.name) for output in query.outputs]
        extra = self._hidden()
        columns += [exp.alias_(terms.term(term), name) for term, name in extra.items()]
        name = self._cte(_ANSWER, combined.select(*columns))
        known: dict[Term, exp.Expr] = {o.term: self._column(o.name, name) for o in query.outputs}
        known |= {term: self._column(column, name) for term, column in extra.items()}

        def leaf(term: Term) -> exp.Expr:
            if isinstance(term, OutputRef):
                return self._column(self._output(term.name).name, name)
            if term not in known:
                raise CannotPlan(f"{type(term).__name__} is no part of the answer")
            return known[term]

        outer = _Known(query.clock, leaf, known)
        select = exp.Select().from_(name)
        select = select.select(*(self._column(o.name, name) for o in query.outputs if o.is_shown))
        if query.having is not None:
            select = select.where(outer.predicate(query.having))
        if query.distinct:
            select = select.distinct()
        return self._limited(select, [self._ordered(o, outer) for o in query.order_by], outer)

    def _hidden(self) -> dict[Term, str]:
        """What conditions and orders need beside the outputs, and names for it."""
        query = self.query
        shown = {output.term for output in query.outputs}
        needed = [
            part
            for part in parts((query.having, tuple(o.term for o in query.order_by), query.limit_within))
            if isinstance(part, Measure | Compared) or part in query.group_by
        ]
        nested = {inner for part in needed if isinstance(part, Compared) for inner in measures(part)}
        wanted = [part for part in dict.fromkeys(needed) if part not in shown and part not in nested]
        return {part: f"{self._prefix}{number}" for number, part in enumerate(wanted, 1)}

    def _leaf(
        self, groups: Mapping[Term, exp.Expr], values: Mapping[Measure, exp.Expr]
    ) -> Callable[[Term], exp.Expr]:
        def leaf(term: Term) -> exp.Expr:
            if term in groups:
                return groups[term].copy()
            if isinstance(term, OutputRef):
                return terms.term(self._output(term.name).term)
            if isinstance(term, Measure):
                return values[term].copy()
            if isinstance(term, Compared):
                return self._window(term, terms)
            raise CannotPlan(
                "what is shown is neither grouped nor aggregated",
                hint="group by it, or ask for its sum, number, greatest or least",
            )

        terms = _Known(self.query.clock, leaf, groups)
        return leaf

    def _window(self, compared: Compared, terms: Terms) -> exp.Expr:
        try:
            return window_sql(compared, terms, self.query.group_by)
        except ValueError as error:
            raise CannotPlan(str(error)) from error

    # --- order and limit --------------------------------------------------------------------------------

    def _limited(self, select: exp.Select, orders: Sequence[exp.Ordered], terms: Terms) -> exp.Query:
        """Ordered, and cut to the limit and to the most rows."""
        first = self._firsts(select, orders, terms)
        most = self.query.at_most
        if most is None:
            return first
        limit = first.args.get("limit")
        return first.limit(most if limit is None else min(most, int(limit.expression.name)))

    def _firsts(self, select: exp.Select, orders: Sequence[exp.Ordered], terms: Terms) -> exp.Query:
        query = self.query
        if query.distinct:
            orders = [
                exp.Ordered(this=_by_name(o.this, select), desc=o.args.get("desc"), nulls_first=False)
                for o in orders
            ]
        if query.limit is None:
            return select.order_by(*orders) if orders else select
        if not query.limit_within and not query.has_ties:
            select = select.order_by(*orders) if orders else select
            return select.limit(query.limit)
        if not orders:
            raise CannotPlan("the first of what is in no order", hint="say by what")
        within = [terms.term(term) for term in query.limit_within]
        if query.distinct:
            select, orders, within = self._once(select, orders, within)
        ranked = exp.Rank() if query.has_ties else exp.RowNumber()
        rank_name = f"{self._prefix}rank"
        order = exp.Order(expressions=[order.copy() for order in orders])
        rank = exp.Window(this=ranked, partition_by=within, order=order)
        names = [output.name for output in query.outputs if output.is_shown]
        hidden = [
            exp.alias_(order.this.copy(), f"{self._prefix}order_{n}") for n, order in enumerate(orders, 1)
        ]
        ranks = self._cte("ranked", select.select(exp.alias_(rank, rank_name), *hidden))
        outer = exp.Select(expressions=[column_sql(name, ranks) for name in names]).from_(ranks)
        outer = outer.where(
            exp.LTE(this=column_sql(rank_name, ranks), expression=exp.Literal.number(query.limit))
        )
        return outer.order_by(
            *(
                exp.Ordered(
                    this=column_sql(f"{self._prefix}order_{n}", ranks),
                    desc=o.args.get("desc"),
                    nulls_first=False,
                )
                for n, o in enumerate(orders, 1)
            )
        )

    def _once(
        self, select: exp.Select, orders: Sequence[exp.Ordered], within: Sequence[exp.Expr]
    ) -> tuple[exp.Select, list[exp.Ordered], list[exp.Expr]]:
        """The different rows as a table, and what orders and divides them there: ranked first, rows that are
        alike would each take a place.
        """
        names = [shown.alias_or_name for shown in select.selects]
        terms = [_by_name(term, select) for term in (*(order.this for order in orders), *within)]
        if not all(isinstance(term, exp.Column) and term.name in names for term in terms):
            raise CannotPlan("distinct rows are ordered by what is not among their columns")
        rows = self._cte("distinct_rows", select)
        columns: list[exp.Expr] = [self._column(term.name, rows) for term in terms]
        ordered = [
            exp.Ordered(this=column, desc=order.args.get("desc"), nulls_first=False)
            for order, column in zip(orders, columns, strict=False)
        ]
        outer = exp.Select().from_(rows).select(*(self._column(name, rows) for name in names))
        return outer, ordered, columns[len(orders) :]

    def _ordered(self, order: Order, terms: Terms) -> exp.Ordered:
        return exp.Ordered(this=terms.term(order.term), desc=order.is_descending, nulls_first=False)

    def _inlined(self, terms: Terms) -> Terms:
        """Terms over listed rows that know outputs by name too."""

        def leaf(term: Term) -> exp.Expr:
            if isinstance(term, OutputRef) and self.query.source is None:
                return terms.term(self._output(term.name).term)
            return terms.term(term)

        return Terms(self.query.clock, leaf)

    def _output(self, name: str) -> Output:
        for output in self.query.outputs:
            if output.name == name:
                return output
        raise CannotPlan(f"no column of the answer is called {name}")

    def _column(self, name: str, cte: str) -> exp.Column:
        """A column of a CTE, of the type that stands there."""
        selects = dict(self.ctes)[cte].selects
        return column_like(name, cte, next(s.unalias() for s in selects if s.alias_or_name == name))

    def _cte(self, name: str, select: exp.Query) -> str:
        alias = self.aliases.new(name)
        self.ctes.append((alias, select))
        return alias


class _Known(Terms):
    """Terms of which some stand for themselves, whatever they are made of."""

    def __init__(self, clock: Clock, leaf: Callable[[Term], exp.Expr], known: Mapping[Term, exp.Expr]):
        super().__init__(clock, leaf)
        self._known = known

    def term(self, term: Term) -> exp.Expr:
        return self._known[term].copy() if term in self._known else super().term(term)


def _group_select(
    select: exp.Select,
    groups: Sequence[exp.Expr],
    values: Mapping[Measure, exp.Expr],
    condition: exp.Expr | None,
) -> _Grouped:
    names = {measure: f"m{number}" for number, measure in enumerate(values, 1)}
    columns = [exp.alias_(group, f"g{n}") for n, group in enumerate(groups, 1)]
    columns += [exp.alias_(value, names[measure]) for measure, value in values.items()]
    select = select.select(*columns)
    if condition is not None:
        select = select.where(condition)
    if groups:
        select = select.group_by(*(group.copy() for group in groups))
    return _Grouped(select, names, len(groups))


def _at(term: Term, at: Attribute | None) -> Term:
    """A grouped time as the measure's own time at the same grain."""
    if at is None or not isinstance(term, Attribute) or (term.grain is None and term.part is None):
        return term
    return replace(at, grain=term.grain, part=term.part)


def _common(wheres: Sequence[Predicate | None]) -> Predicate | None:
    """What all conditions ask, so that it may stand in WHERE."""
    sets = [list(_conjuncts(where)) for where in wheres]
    if not sets:
        return None
    shared = [predicate for predicate in sets[0] if all(predicate in other for other in sets[1:])]
    return both(*shared)


def _without(where: Predicate | None, common: Predicate | None) -> Predicate | None:
    taken = _conjuncts(common)
    return both(*(predicate for predicate in _conjuncts(where) if predicate not in taken))


def _conjuncts(predicate: Predicate | None) -> tuple[Predicate, ...]:
    if predicate is None:
        return ()
    return predicate.predicates if isinstance(predicate, All) else (predicate,)


def _seen_from(where: Predicate | None, frame: Frame) -> Predicate | None:
    """The conditions that are about the frame's own rows or those they refer to."""

    def is_own(predicate: Predicate) -> bool:
        return all(
            any(is_to_one(way) for way in frame.graph.paths(frame.table, a.table, a.via))
            for a in attributes(predicate)
        )

    return both(*(predicate for predicate in _conjuncts(where) if is_own(predicate)))


def _same(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.NullSafeEQ(this=left.copy(), expression=right)


def _by_name(term: exp.Expr, select: exp.Select) -> exp.Expr:
    """A shown column by its name: to order distinct rows by Spark knows nothing else."""
    for shown in select.selects:
        if shown.unalias() == term:
            return column_sql(shown.alias_or_name)
    return term


def _coalesced(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.Coalesce(this=left.copy(), expressions=[right])


def _or_nothing(measure: Measure, value: exp.Expr) -> exp.Expr:
    """The measure of a group without rows: none of them are 0 together, and have no mean."""
    if measure.function in ("count", "count_distinct", "sum"):
        return exp.Coalesce(this=value, expressions=[exp.Literal.number(0)])
    return value
