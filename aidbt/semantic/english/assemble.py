"""The phrases of a question, from first to last, as one query."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from aidbt.core.errors import AidbtError
from aidbt.semantic.english.chart import Item
from aidbt.semantic.english.grammar import Rules
from aidbt.semantic.english.periods import Period
from aidbt.semantic.english.phrases import (
    Best,
    Columns,
    Condition,
    Group,
    Link,
    Number,
    Rows,
)
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import (
    Attribute,
    Calculation,
    Measure,
    Order,
    Output,
    OutputRef,
    Predicate,
    SemanticQuery,
    Term,
    attributes,
    both,
    measures,
)


class Refused(AidbtError):
    """A question that is not answered, because its meaning is not certain."""


@dataclass
class _Parts:
    shown: list[Hashable] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    wheres: list[Hashable] = field(default_factory=list)
    orders: list[tuple[Hashable, object]] = field(default_factory=list)
    best: list[Best] = field(default_factory=list)
    tops: list[tuple[int, Hashable]] = field(default_factory=list)
    by: list[Number] = field(default_factory=list)
    counts_all: bool = False


_SKIPPED = {"Show", "Comma", "And", "Fill"}


def assemble(sentences: Sequence[Sequence[Item]], rules: Rules) -> SemanticQuery:
    """The query of a question's sentences, each cut into phrases.

    Raises:
        Refused: phrases do not fit together.
    """
    main, later = _collected(sentences[0]), [_collected(sentence) for sentence in sentences[1:]]
    asked = main
    shown: list[Hashable] = []
    for parts in later:
        if parts.shown:
            shown += parts.shown
        asked.groups += parts.groups
        asked.wheres += parts.wheres
        asked.orders += parts.orders
        asked.tops += parts.tops
        asked.by += parts.by
        asked.best += parts.best
    return _Assembly(rules, asked, shown).query()


def _collected(items: Iterable[Item]) -> _Parts:
    parts = _Parts()
    for item in items:
        meaning = item.meaning
        match item.category:
            case "Rows" | "Col" | "Number":
                parts.shown.append(meaning)
            case "Group":
                parts.groups.append(meaning)  # type: ignore[arg-type]
            case "Cond" | "Val" | "Link" | "Time":
                parts.wheres.append(meaning)
            case "OrderBy":
                parts.orders.append(meaning)  # type: ignore[arg-type]
            case "Best":
                parts.best.append(meaning)  # type: ignore[arg-type]
            case "TopOf":
                parts.tops.append(meaning)  # type: ignore[arg-type]
            case "CountAll":
                parts.counts_all = True
            case "Grouped":
                grain, number = meaning  # type: ignore[misc]
                parts.groups.append(Group((), None, grain))
                parts.shown.append(number)
            case "FrequentOf":
                parts.tops.append((1, meaning))
            case "ByNumber":
                parts.by.append(meaning)  # type: ignore[arg-type]
            case category if category not in _SKIPPED:
                raise Refused(f"a {category} stands alone: {meaning}")
    return parts


class _Assembly:
    def __init__(self, rules: Rules, parts: _Parts, shown: list[Hashable]) -> None:
        self.rules = rules
        self.graph = rules.graph
        self.parts = parts
        self.explicit = shown
        self.where: Predicate | None = None
        self.groups: list[Term] = []
        self.outputs: list[Output] = []
        self.orders: list[Order] = []
        self.limit: int | None = None

    def query(self) -> SemanticQuery:
        parts = self.parts
        self._settle()
        if self.explicit:
            self._lift()
        for group in parts.groups:
            self._group(group)
        for number, what in parts.tops:
            self._top(number, what)
        for best in parts.best:
            self._best(best)
        numbers = [shown for shown in parts.shown if isinstance(shown, Number)]
        is_grouped = bool(numbers or parts.tops or parts.best or parts.by or parts.groups)
        if not is_grouped and any(isinstance(s, Number) for s in self.explicit):
            is_grouped = True
        return self._grouped() if is_grouped else self._listed()

    def _settle(self) -> None:
        """Of a column that several tables have, take the one of the table that is spoken of."""
        spoken = [r.table for r in self._rows()] + [n.table for n in self._numbers()]

        def settled(shown: Hashable) -> Hashable:
            if not isinstance(shown, Columns) or shown.rows is not None or len(shown.terms) != 1:
                return shown
            term = shown.terms[0]
            others = shown.alike
            for table in spoken:
                for other in others:
                    if other.table == table and term.table != table:
                        return Columns((other,))
                if term.table == table:
                    return shown
            return shown

        self.explicit = [settled(shown) for shown in self.explicit]
        self.parts.shown = [settled(shown) for shown in self.parts.shown]

    def _rows(self) -> list[Rows]:
        found = []
        for shown in [*self.parts.shown, *(what for _, what in self.parts.tops)]:
            if isinstance(shown, Rows):
                found.append(shown)
            elif isinstance(shown, Columns) and shown.rows is not None:
                found.append(shown.rows)
        return found

    def _lift(self) -> None:
        """What the question's own number is of, every number that is asked for besides is of too."""
        lifted: list[Hashable] = []
        for shown in self.parts.shown:
            if isinstance(shown, Number) and isinstance(shown.term, Measure) and shown.term.where is not None:
                self.where = both(self.where, shown.term.where)
                shown = Number(replace(shown.term, where=None), shown.table)
            lifted.append(shown)
        self.parts.shown = lifted
        self.parts.by = [self._lifted(number) for number in self.parts.by]

    def _lifted(self, number: Number) -> Number:
        if not isinstance(number.term, Measure) or number.term.where is None:
            return number
        self.where = both(self.where, number.term.where)
        return Number(replace(number.term, where=None), number.table)

    # --- groups ---------------------------------------------------------------------------------------

    def _group(self, group: Group) -> None:
        if group.grain is not None:
            self._by_grain(group)
            return
        if group.rows is not None and group.rows.where is not None:
            self.where = both(self.where, self._seen(group.rows))
        self.groups += [term for term in group.terms if term not in self.groups]

    def _by_grain(self, group: Group) -> None:
        tables = {n.table for n in self._numbers()}
        for table in tables:
            time = self.graph.table(table).time
            if not time:
                raise Refused(f"{table} has no time to group by {group.grain}")
            term = Attribute(table, time, grain=group.grain)
            if term not in self.groups:
                self.groups.append(term)

    def _seen(self, rows: Rows) -> Predicate | None:
        """The condition on rows, as it stands beside a measure of others."""
        return rows.where

    def _numbers(self) -> list[Number]:
        found = [s for s in [*self.parts.shown, *self.explicit] if isinstance(s, Number)]
        return [*found, *self.parts.by, *(b.by for b in self.parts.best if isinstance(b.by, Number))]

    def _top(self, number: int, what: Hashable) -> None:
        self.limit = number
        if isinstance(what, tuple):  # the most frequent
            is_descending, of = what
            terms = self._named(of)
            table = of.table if isinstance(of, Rows) else of.terms[0].table
            rows = of.rows if isinstance(of, Columns) else of
            counted = rows.table if isinstance(rows, Rows) else table
            where = rows.where if isinstance(rows, Rows) else None
            self._add_groups(terms)
            measure = Measure("count", counted, None, where)
            self._add(Number(measure, counted))
            self.orders.append(Order(measure, bool(is_descending)))
            return
        if isinstance(what, Best):
            self._best(replace(what, limit=number))
            return
        self._entity(what)
        if self.parts.by:
            for by in self.parts.by:
                self.orders.append(Order(by.term, True))
        elif not self.parts.best:
            raise Refused("the top of what is in no order")

    def _best(self, best: Best) -> None:
        if self.limit is None and not (best.limit == 1 and self.parts.orders):
            self.limit = best.limit
        for shown in self.parts.shown:
            if isinstance(shown, Rows | Columns):
                self._entity(shown)
        if isinstance(best.by, Number):
            self.orders.append(Order(best.by.term, best.is_descending))
        elif isinstance(best.by, Columns):
            self.orders.append(Order(best.by.terms[0], best.is_descending))

    def _entity(self, what: Hashable) -> None:
        rows = what if isinstance(what, Rows) else what.rows if isinstance(what, Columns) else None
        if rows is not None and rows.where is not None:
            self.where = both(self.where, rows.where)
        self._add_groups(self._named(what))

    def _named(self, what: Hashable) -> tuple[Attribute, ...]:
        if isinstance(what, Rows):
            return self.rules.label(what.table)
        assert isinstance(what, Columns)
        return what.terms

    def _add_groups(self, terms: Sequence[Term]) -> None:
        self.groups += [term for term in terms if term not in self.groups]

    # --- the query ------------------------------------------------------------------------------------

    def _grouped(self) -> SemanticQuery:
        measured = [self._m(order.term) for order in self.orders]
        aggregates = [n for n in self._numbers()] or [m for m in measured if m]
        if not aggregates:
            return self._listed()
        for shown in self.parts.shown:
            if isinstance(shown, Rows | Columns) and not self.explicit and not self.parts.best:
                self._entity(shown)
            elif isinstance(shown, Rows | Columns):
                self._entity(shown) if not self.groups else None
        explicit = self.explicit or []
        for shown in explicit:
            if isinstance(shown, Columns):
                self._add_groups([self._same(term) for term in shown.terms])
            elif isinstance(shown, Rows):
                self._add_groups(self.rules.label(shown.table))
        counted = {n.table for n in self._numbers()}
        if any(
            isinstance(g, Attribute) and g.table in counted and g in self.rules.label(g.table)
            for g in self.groups
        ):
            if not all(isinstance(n.term, Measure) and n.term.of is not None for n in self._numbers()):
                raise Refused("rows are counted by what tells each of them apart")
        self._conditions(self._numbers()[0].table if self._numbers() else "")
        for group in self.groups:
            self.outputs.append(Output(group, self._name(group)))
        numbers = [s for s in [*self.parts.shown, *explicit] if isinstance(s, Number)] + self.parts.by
        numbers += [best.by for best in self.parts.best if isinstance(best.by, Number)]
        for number in numbers:
            self._add(number)
        for order in self.orders:
            if not any(order.term == output.term for output in self.outputs) and measures(order.term):
                self.outputs.append(Output(order.term, self._name(order.term)))
        self._ordered()
        for group in self.groups:
            if not any(group == output.term for output in self.outputs):
                self.outputs.append(Output(group, self._name(group)))
        return SemanticQuery(
            tuple(self._unique()),
            group_by=tuple(self.groups),
            where=self.where,
            order_by=tuple(self.orders),
            limit=self.limit,
        )

    def _same(self, term: Attribute) -> Attribute:
        for group in self.groups:
            if isinstance(group, Attribute) and (group.table, group.column) == (term.table, term.column):
                return group
        return term

    def _m(self, term: Term) -> Measure | None:
        found = measures(term)
        return found[0] if found else None

    def _add(self, number: Number) -> None:
        if not any(output.term == number.term for output in self.outputs):
            self.outputs.append(Output(number.term, self._name(number.term)))

    def _conditions(self, table: str) -> None:
        for where in self.parts.wheres:
            self.where = both(self.where, self._condition(where, table))

    def _condition(self, where: Hashable, table: str) -> Predicate | None:
        if isinstance(where, Condition):
            found = self.rules.restricted(Rows(table), where.table, where.predicate)
        elif isinstance(where, Link):
            if where.is_plain and where.rows.where is None:
                return None
            found = self.rules.linked(Rows(table), where)
        elif isinstance(where, Period):
            predicate = self.rules.in_default_period(table, where)
            if predicate is None:
                raise Refused(f"{table} has no time")
            return predicate
        else:
            raise Refused(f"{where} is no condition")
        if found is None:
            raise Refused(f"{where} is not related to {table}")
        return found[0].where

    def _ordered(self) -> None:
        for by, direction in self.parts.orders:
            is_descending = bool(direction)
            if by is None:
                if not self.outputs:
                    raise Refused("ordered by what is not said")
                self.orders.append(Order(OutputRef(self.outputs[0].name), is_descending))
            elif isinstance(by, Number):
                self.orders.append(Order(by.term, is_descending))
            elif isinstance(by, Columns):
                term = self._same(by.terms[0])
                if self.groups and term not in self.groups:
                    self.groups.append(term)
                self.orders.append(Order(term, is_descending))
            elif isinstance(by, Rows):
                for term in self.rules.label(by.table):
                    self.orders.append(Order(term, is_descending))

    def _listed(self) -> SemanticQuery:
        things = [shown for shown in self.parts.shown if isinstance(shown, Rows | Columns)]
        things += [t for _, t in self.parts.tops if isinstance(t, Rows | Columns)]
        if not things:
            raise Refused("it is not said what is asked for")
        rows = [t if isinstance(t, Rows) else t.rows for t in things]
        known = [r for r in rows if r is not None]
        base = known[0].table if known else things[0].terms[0].table  # type: ignore[union-attr]
        for r in known:
            if r.where is not None:
                found = self.rules.linked(Rows(base), Link(r)) if r.table != base else (r, 0.0)
                if found is None:
                    raise Refused(f"{r.table} and {base} are not related")
                self.where = both(self.where, found[0].where)
        self._conditions(base)
        terms: list[Term] = []
        wanted = [s for s in self.explicit if isinstance(s, Rows | Columns)] or things
        for thing in wanted:
            for term in self._named(thing):
                if term not in terms:
                    terms.append(term)
        terms += [o.term for o in self.orders if isinstance(o.term, Attribute) and o.term not in terms]
        for term in terms:
            self.outputs.append(Output(term, self._name(term)))
        self._ordered()
        is_distinct = not known or any(
            not is_to_one(self.graph.path(base, a.table)) for t in terms for a in attributes(t)
        )
        return SemanticQuery(
            tuple(self._unique()), base=base, where=self.where, order_by=tuple(self.orders),
            limit=self.limit, distinct=is_distinct,
        )  # fmt: skip

    def _unique(self) -> list[Output]:
        seen: dict[str, int] = {}
        found = []
        for output in self.outputs:
            number = seen.get(output.name, 0) + 1
            seen[output.name] = number
            found.append(output if number == 1 else replace(output, name=f"{output.name}_{number}"))
        return found

    def _name(self, term: Term) -> str:
        if isinstance(term, Attribute):
            return term.column if term.grain is None else str(term.grain)
        if isinstance(term, Measure):
            if term.of is None:
                return f"number_of_{term.table}"
            of = attributes(term.of)
            return f"{term.function}_{of[0].column}" if of else term.function
        return "ratio" if isinstance(term, Calculation) else "value"
