"""Grouped SELECTs put side by side, and the answer made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp

from aidbt.semantic.planning.aggregation import Aggregation, Grouped
from aidbt.semantic.planning.errors import CannotPlan
from aidbt.semantic.planning.frames import Frame
from aidbt.semantic.planning.shared_conditions import seen_from
from aidbt.semantic.planning.terms import RowTerms, Terms
from aidbt.semantic.planning.windows import window_sql
from aidbt.semantic.query import (
    Clock,
    Compared,
    Measure,
    OutputRef,
    Term,
    Value,
    attributes,
    measures,
    parts,
)
from aidbt.semantic.rewriting import rewritten


class Answers(Aggregation):
    """The answer of one query, over its grouped SELECTs."""

    def _plain(self, piece: Grouped) -> exp.Query:
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
        orders = [self._ordered(order, terms) for order in query.order_by]
        # One row is in order; Spark does not find what a total is of after HAVING.
        return self._limited(select, orders if groups else [], terms)

    def _combined(
        self, pieces: Sequence[Grouped]
    ) -> tuple[dict[Term, exp.Expr], dict[Measure, exp.Expr], exp.Select]:
        """All measures side by side: the SQL of groups and measures, and the FROM that they are of."""
        query = self.query
        names = [self._cte("grouped", piece.select) for piece in pieces]
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
        where = seen_from(self.query.where, frame)
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
        name = self._cte("answer", combined.select(*columns))
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
        asked = (query.having, tuple(order.term for order in query.order_by), query.limit_within)
        needed = [
            part for part in parts(asked) if isinstance(part, Measure | Compared) or part in query.group_by
        ]
        # What is only compared is no column, but what is asked for by itself too is one.
        alone = measures(rewritten(asked, lambda part: Value(None) if isinstance(part, Compared) else None))
        nested = {inner for part in needed if isinstance(part, Compared) for inner in measures(part)}
        nested -= {*alone}
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


class _Known(Terms):
    """Terms of which some stand for themselves, whatever they are made of."""

    def __init__(self, clock: Clock, leaf: Callable[[Term], exp.Expr], known: Mapping[Term, exp.Expr]):
        super().__init__(clock, leaf)
        self._known = known

    def term(self, term: Term) -> exp.Expr:
        return self._known[term].copy() if term in self._known else super().term(term)


def _same(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.NullSafeEQ(this=left.copy(), expression=right)


def _coalesced(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.Coalesce(this=left.copy(), expressions=[right])


def _or_nothing(measure: Measure, value: exp.Expr) -> exp.Expr:
    """The measure of a group without rows: none of them are 0 together, and have no mean."""
    if measure.function in ("count", "count_distinct", "sum"):
        return exp.Coalesce(this=value, expressions=[exp.Literal.number(0)])
    return value
