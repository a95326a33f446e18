"""In what order rows of the answer are, and which of them are the first so many."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from aidbt.semantic.planning.draft import Draft
from aidbt.semantic.planning.errors import CannotPlan
from aidbt.semantic.planning.frames import column_sql
from aidbt.semantic.planning.terms import Terms
from aidbt.semantic.query import Order, OutputRef, Term


class Limits(Draft):
    """Order and limit of one query."""

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
        if query.distinct or select.args.get("having"):
            orders = [
                exp.Ordered(this=_shown(o.this, select), desc=o.args.get("desc"), nulls_first=False)
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
        terms = [_shown(term, select) for term in (*(order.this for order in orders), *within)]
        rows = self._cte("distinct_rows", select)
        columns: list[exp.Expr] = [self._column(term.name, rows) for term in terms]
        ordered = [
            exp.Ordered(this=column, desc=order.args.get("desc"), nulls_first=False)
            for order, column in zip(orders, columns, strict=False)
        ]
        outer = exp.Select().from_(rows).select(*(self._column(name, rows) for name in names))
        return outer, ordered, columns[len(orders) :]

    def _shows_orders(self) -> bool:
        """Whether all that the answer is ordered by is among its columns."""
        shown = {output.term for output in self.query.outputs if output.is_shown}
        return all(self._meant(order.term) in shown for order in self.query.order_by)

    def _meant(self, term: Term) -> Term:
        if isinstance(term, OutputRef) and term not in self.query.group_by:
            return self._output(term.name).term
        return term

    def _ordered(self, order: Order, terms: Terms) -> exp.Ordered:
        term = terms.term(order.term)
        if _is_constant(term):  # in SQL `1` would be the first column
            raise CannotPlan("rows are ordered by a constant", hint="name an output or a column")
        return exp.Ordered(this=term, desc=order.is_descending, nulls_first=False)


def _is_constant(term: exp.Expr) -> bool:
    """Whether a term is written as a constant, of which a number in ORDER BY is a place."""
    inner = term.this if isinstance(term, exp.Neg) else term
    return isinstance(inner, exp.Literal | exp.Boolean | exp.Null)


def _shown(term: exp.Expr, select: exp.Select) -> exp.Column:
    """A shown column by its name: of distinct rows, and after HAVING, Spark knows nothing else to order by.

    Raises:
        CannotPlan: it is not shown; of distinct rows that are alike there may be several of it.
    """
    for shown in select.selects:
        if term in (shown.unalias(), column_sql(shown.alias_or_name)):
            return column_sql(shown.alias_or_name)
    raise CannotPlan(
        "distinct rows are ordered by what is not among their columns", hint="show it, or leave out the order"
    )
