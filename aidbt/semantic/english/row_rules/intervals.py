"""How long it was between two things that happened: the days between an order and its delivery."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.grounding.verbs import EMPTY
from aidbt.semantic.english.meanings.chart import Rule
from aidbt.semantic.english.meanings.phrases import Amount, Columns, Condition, Found, Link, Rows
from aidbt.semantic.english.row_rules.durations import DurationRules
from aidbt.semantic.english.words.lasting import beginnings_and_ends
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import Attribute, Duration, Grain, both

_MOMENTS = "Col Did Event EventOf Rows"
"""Categories of what may have happened at a time: its column, its verb or noun, and rows themselves."""
Begun = tuple[Grain | None, Rows | None]
"""The unit that is said, and the rows seen at the time of the first event; None for when they came to be."""
Open = tuple[Attribute, Attribute, Rows]
"""Two times that nothing says a unit of, and the rows that have them."""


class IntervalRules(DurationRules):
    """How the time between two events is said, over one graph."""

    def interval_rules(self, rule: Rule) -> None:
        """Add the rules of what lies between."""
        rule("Elapsed", "Comma", lambda *_: [("Elapsed", None, 0.0)])
        rule("Elapsed", "InUnit", lambda _, unit: self.in_unit(unit))
        rule("Grain", "Passed", lambda unit, _: [("LapseIn", Grain(unit), 0.0)])
        rule("LapseIn", "Comma", lambda unit, _: [("LapseIn", unit, 0.0)])
        rule("Grain LapseIn", "Between", lambda unit, _: [("UnitBetween", Grain(unit), 0.0)])
        rule("Elapsed", "Between", lambda *_: [("UnitBetween", None, 0.0)])
        rule("Edge", "Rows", self.edge_of)
        rule("Cond", "Did", self.kind_done)
        rule("UnitBetween", _MOMENTS, self.begun)
        rule("UnitBetween", "Verb", lambda unit, verb: [("UnitFrom", (unit, None), 0.2)] * (verb == EMPTY))
        rule("And", _MOMENTS, lambda _, event: self.moment("JMoment", event))
        rule("Prep", _MOMENTS, lambda how, event: self.moment("JMoment", event) if how == "to" else [])
        rule("JMoment", "They", lambda event, _: [("JMoment", event, 0.1)])
        rule("UnitFrom", "JMoment", self.between_moments)
        rule("OpenAmount", "InUnit", self.open_in_unit)
        rule("Amount", "Link", self.of_linked)
        rule("Count", "Grain", lambda _, unit: [("SaidSpan", Grain(unit), 0.45)])
        rule("Agg", "SaidSpan", lambda function, unit: [("SaidSpan", unit, 0.0)] * (function == "avg"))
        rule("SaidSpan", "BetweenThem", lambda unit, _: [("SaidSpan", unit, -0.3)])
        rule("SaidSpan", "TheyTook", lambda unit, _: [("SaidSpan", unit, 0.0)])

    def moment(self, category: str, event: Columns | Rows) -> Found:
        """Rows seen at the time of an event: `its delivery`, `the order`."""
        if isinstance(event, Columns):
            for time in self.only(event, "time", "date"):
                yield category, Rows(time.table, None, time), 0.0
        elif event.time is not None or event.table not in self.people:
            time_of_rows = event.time or self.time_of(event.table)
            if time_of_rows is not None and time_of_rows.table == event.table:
                yield category, replace(event, time=time_of_rows), 0.1

    def begun(self, unit: Grain | None, event: Columns | Rows) -> Found:
        """`days between the order`."""
        for _, rows, cost in self.moment("", event):
            yield "UnitFrom", (unit, rows), cost

    def edge_of(self, edge: str, rows: Rows) -> Found:
        """`the start of the appointment`, `the end of the shift`."""
        pairs = list(beginnings_and_ends(self.graph.table(rows.table), is_done=True))
        own = self.time_of(rows.table)
        if len(pairs) == 1:
            time = Attribute(rows.table, pairs[0][edge == "end"])
            yield "EventOf", replace(rows, time=time), 0.0
        elif not pairs and edge == "start" and own is not None and own.table == rows.table:
            yield "EventOf", replace(rows, time=own), 0.2

    def kind_done(self, condition: Condition, did: Columns) -> Found:
        """`a breakdown being reported`."""
        for time in self.only(did, "time", "date"):
            if time.table == condition.table:
                yield "EventOf", Rows(time.table, condition.predicate, time), 0.1

    def between_moments(self, begun: Begun, last: Rows) -> Found:
        """`days between the order date and the ship date`, of the rows that have both."""
        unit, first = begun
        made = self.time_of(last.table) if first is None else None
        first = Rows(last.table, None, made) if made is not None and made.table == last.table else first
        if first is None or first.time is None or last.time is None or first.time == last.time:
            return
        for base, other in ((last, first), (first, last)):
            path = self.path(base.table, other.table)
            if path is None or not is_to_one(path):
                continue
            seen = self.restricted(base, other.table, other.where) if other.where is not None else (base, 0.0)
            if seen is None:
                return
            rows = Rows(base.table, both(seen[0].where))
            cost = 0.3 * len(path) - 0.3
            yield from self._between(first.time, last.time, unit, rows, cost)
            return

    def _between(
        self, start: Attribute, end: Attribute, unit: Grain | None, rows: Rows, cost: float
    ) -> Found:
        are_days = self.column(start).kind == self.column(end).kind == "date"
        if unit is None:
            yield "OpenAmount", (start, end, rows), cost
        if unit is not None or are_days:
            yield (
                "Amount",
                self._amount(start, end, unit or Grain.DAY, rows),
                cost + (0.2 if unit is None else 0.0),
            )

    def of_linked(self, amount: Amount, link: Link) -> Found:
        """`days between the request and the return of garden rentals`."""
        if link == Link(link.rows) and link.rows.table == amount.table and amount.rows is None:
            yield "Amount", replace(amount, rows=link.rows), -0.1

    def in_unit(self, unit: str) -> list[tuple[str, Grain, float]]:
        """`in hours`, as a length of time; nothing for other units."""
        grain = unit.removesuffix("s")
        return [("LapseIn", Grain(grain), 0.0)] if grain in set(Grain) else []

    def open_in_unit(self, between: Open, unit: str) -> Found:
        """`time between order and delivery in hours`."""
        for _, grain, cost in self.in_unit(unit):
            yield "Amount", self._amount(between[0], between[1], grain, between[2]), cost

    def _amount(self, start: Attribute, end: Attribute, unit: Grain, rows: Rows) -> Amount:
        lasts = Duration(start, end, unit, self.are_days_counted(start, end, unit))
        return Amount(rows.table, lasts, rows if rows.where is not None else None)
