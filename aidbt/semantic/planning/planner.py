"""A question as one SELECT: every measure aggregated at its own grain before anything is joined to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from aidbt.semantic.graph import Graph
from aidbt.semantic.planning.answers import Answers
from aidbt.semantic.planning.errors import CannotPlan
from aidbt.semantic.planning.frames import Aliases, Frame
from aidbt.semantic.planning.terms import RowTerms, Terms
from aidbt.semantic.query import (
    Attribute,
    Compared,
    Measure,
    MetricRef,
    OutputRef,
    SemanticQuery,
    Term,
    Value,
    attributes,
    measures,
    parts,
    source_names,
)


def plan(query: SemanticQuery, graph: Graph) -> exp.Query:
    """The SELECT that answers a question.

    Names are quoted by whoever renders it, in the dialect it is rendered for.

    Raises:
        NoPath: tables of the question do not belong together, or in more ways than one.
        UnknownName: a table or column is not in the graph.
        CannotPlan: it cannot be said in this planner's SQL.
    """
    return _Plan(query, graph, Aliases()).select()


class _Plan(Answers):
    """The SELECT of one query."""

    def select(self) -> exp.Query:
        query = self.query
        if any(isinstance(part, MetricRef) for part in parts(query)):
            raise CannotPlan("metrics of the semantic layer have to be written out first")
        self._check_names()
        self._check_layer_items()
        if query.source is not None:
            self.ctes.append((self.aliases.new("source_rows"), plan(query.source, self.graph)))
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

    def _check_layer_items(self) -> None:
        """Raise when an item of the semantic layer is asked for without a metric that it could be of."""
        for attribute in attributes(self.query):
            if not attribute.table:
                raise CannotPlan(
                    f"'{attribute.column}' is an item of the semantic layer, and no metric is asked for",
                    hint="ask for a metric with it, or name a table's column",
                )

    def _listed(self) -> exp.Query:
        """One row per row of the base, or of the source."""
        query = self.query
        terms, select, condition = self._rows()
        columns = [exp.alias_(terms.term(o.term), o.name) for o in query.outputs if o.is_shown]
        if query.having is not None:
            raise CannotPlan("a condition on groups, where nothing is grouped", hint="put it in `where`")
        if any(isinstance(part, Compared) for part in parts(query)):
            raise CannotPlan("rows are compared with each other only after they are grouped")
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

    def _aggregated(self, found: Sequence[Measure]) -> exp.Query:
        """One row per group."""
        query = self.query
        if any(isinstance(term, Value) for term in query.group_by):
            raise CannotPlan("rows are grouped by a constant", hint="group by a column, or not at all")
        pieces = [self._grouped(part) for part in self._parts(found)]
        is_plain = (
            len(pieces) == 1
            and not (query.base and query.group_by)
            and not query.limit_within
            and not query.has_ties
            and not any(isinstance(part, Compared) for part in parts(query))
            and (query.having is None or not query.group_by or self._shows_orders())
        )
        if is_plain:
            return self._plain(pieces[0])
        groups, values, combined = self._combined(pieces)
        return self._answer(groups, values, combined)

    def _inlined(self, terms: Terms) -> Terms:
        """Terms over listed rows that know outputs by name too, where they are not those of the source."""
        inner = source_names(self.query)

        def leaf(term: Term) -> exp.Expr:
            if isinstance(term, OutputRef) and term.name not in inner:
                return terms.term(self._output(term.name).term)
            return terms.term(term)

        return Terms(self.query.clock, leaf)
