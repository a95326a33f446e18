"""Verbs of what happened: of tables whose rows are such events, and of columns that say when one was done."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.grounding.verbs import EMPTY
from aidbt.semantic.english.meanings.chart import LiftRule, Rule
from aidbt.semantic.english.meanings.number_phrases import Best
from aidbt.semantic.english.meanings.phrases import (
    Claim,
    Claims,
    Columns,
    Compare,
    Condition,
    Found,
    Link,
    Opposite,
    Rows,
    Texts,
)
from aidbt.semantic.english.row_rules.noun_claims import is_time
from aidbt.semantic.english.row_rules.nouns import CLAIMS, NounRules
from aidbt.semantic.english.words.additive import is_additive
from aidbt.semantic.english.words.units import is_money
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import (
    Attribute,
    Comparison,
    Exists,
    Missing,
    Not,
    OneOf,
    Predicate,
    Value,
    both,
)

DoneBy = tuple[Columns, Claim]
"""When something was done, and what else is said of it."""


class ActRules(NounRules):
    """How verbs go with what is said beside them, over one graph."""

    def act_rules(self, rule: Rule, lift: LiftRule) -> None:
        """Add the rules of verbs."""
        lift("Act", lambda act: [("Link", Link(act, is_act=True), 0.1)])
        rule("Act", CLAIMS, self.act_claim)
        rule("Act", "Rows SupRows", self.act_object)
        rule("ActOf", "Rows SupRows", self.act_of)
        rule("Act", "Rows", self.rows_acted)
        rule("Act", "Them", lambda act, _: [("ActThem", act, 0.0)])
        rule("Rel", "ActThem", lambda _, act: [("RelThem", act, 0.0)])
        rule("Rows", "RelThem", lambda rows, act: self.rows_claim(rows, Link(act, is_act=True)))
        rule("Act", "Prep", lambda act, how: [("Act", act, 0.3)] if how not in ("by", "as") else [])
        self._object_rules(rule, lift)
        rule("Act", "Texts Names", self.act_texts)
        rule("No", "Rows", lambda _, rows: [("NoRows", rows, 0.0)])
        rule("Act", "NoRows", self.act_none)
        rule("Act", "CmpTimes", self.act_times)
        rule("Act", "Link", self.act_counted)
        rule("CmpNum", "Different", lambda compare, _: [("CmpDifferent", compare, 0.0)])
        rule("CmpDifferent", "Rows", self.counted_different)
        lift("LinkDifferent", lambda link: [("Link", link, 0.0)])
        rule("CmpNum", "Rows", self.counted_apart)
        rule("Prep", "LinkDifferent LinkApart", lambda _, link: [("LinkDifferent", link, 0.0)])
        rule("Act", "LinkDifferent", self.act_different)
        rule("Both", "Val", self.each_value)
        rule("Prep", "EachVal", lambda _, values: [("EachVal", values, 0.0)])
        rule("Act", "EachVal", self.act_each)
        rule("EachVal", "Rows", self.each_of_rows)
        rule("CmpNum", "Times", lambda compare, _: [("CmpTimes", compare, 0.0)])
        rule("Num", "Times", lambda count, _: [("CmpTimes", Compare("=", count), 0.0)])
        rule("Cmp", "Twice", lambda operator, count: [("CmpTimes", Compare(operator, count), 0.0)])
        lift("Twice", lambda count: [("CmpTimes", Compare("=", count), 0.1)])
        rule("Rows", "Act", lambda subject, act: self.clause(act, Link(subject)))
        rule("Cond", "Act", lambda subject, act: self.clause(act, subject))
        rule("Texts", "Act", self.clause_of_name)
        rule("Clause", CLAIMS, self.clause)
        rule("Rel", "Clause", lambda _, act: [("Clause", act, 0.0)])
        rule("Rows", "Clause", lambda rows, act: self.rows_claim(rows, Link(act, is_act=True)))
        lift("Did", self.did)
        lift("Did", self.did_act)
        rule("Rows", "Did", self.rows_did)
        rule("Did", "Rows", self.done_rows)
        rule("Did", "Link Cond", self.did_claim)
        rule("Did", "Link Cond", lambda did, claim: [("DidBy", (did, claim), 0.0)])
        rule("Rows", "DidBy", self.rows_did_by)
        rule("Rel", "Did DidBy", self.who_did)
        rule("Rows", "WhoDid", lambda rows, did: self.rows_did(rows, did))
        rule("Is", "DidBy", lambda _, did: [("DidBy", did, 0.0)])
        rule("Did", "Ordinal", self.did_first)
        rule("Who", "Best", self.who_best)
        rule("ActDone", "Col", self.column_acted)
        rule("Col", "ActDone", self.units_acted)
        rule("Weak", "Link", lambda verb, link: [("Link", link, 0.2)] if verb == EMPTY else [])
        rule("Weak", "Rows", lambda verb, rows: [("Link", Link(rows), 0.3)] if verb == EMPTY else [])

    def _object_rules(self, rule: Rule, lift: LiftRule) -> None:
        """Acts whose object is named, so that what follows is said of that one: "placed an order with …"."""
        lift("ActOn", lambda act: [("Link", Link(act, is_act=True), 0.1)])
        rule("ActOn", CLAIMS, self.act_on_claim)
        rule("Rows Cond", "ActOn", lambda subject, act: self.clause_on(act, subject))
        rule("ActOn", "CmpTimes", self.act_times)

    # --- what happened ------------------------------------------------------------------------------------

    def act_claim(self, rows: Rows, claim: Claim) -> Found:
        """`ordered Cola in 2024`; "ordered in 2024 but not in 2025" is no single order's."""
        found = self.claimed(rows, claim)
        are_several = self._is_of_several(rows, claim) or self.many_done(rows, claim) is not None
        if found and not self._is_of_others(rows, claim) and not are_several:
            yield "Act", found[0], found[1]

    def many_done(self, act: Rows, claim: Claim) -> Comparison | None:
        """What a claim says of how many things all that was done comes to: "sold more than 1000 units".

        None for other claims, and for amounts of money, which are paid at one time as well.
        """
        said = claim.predicate if isinstance(claim, Condition) and claim.is_own else None
        if not isinstance(said, Comparison) or not isinstance(said.left, Attribute):
            return None
        column, is_number = said.left, isinstance(said.right, Value)
        if column.table != act.table or not is_number or said.operator not in (">", ">=", "<", "<="):
            return None
        is_sum = is_additive(self.graph.table(act.table), column.column)
        return said if is_sum and not is_money(self.column(column)) else None

    def _is_of_several(self, rows: Rows, claim: Claim) -> bool:
        """Whether a claim is of how many things there are in all that was done: "ordered 3 products"."""
        if not isinstance(claim, Link) or claim.is_plain or claim.count < 1 or claim.is_act:
            return False
        path = self.path(rows.table, claim.rows.table)
        return path is not None and not is_to_one(path)

    def _is_of_others(self, rows: Rows, claim: Claim) -> bool:
        """Whether a claim denies what other rows would have: "ordered Cola but not Tea", "in none"."""
        if isinstance(claim, Claims):
            return any(self._is_of_others(rows, part) for part in claim.parts)
        if isinstance(claim, Link) and claim.count == 0:
            return True
        if isinstance(claim, Condition) and isinstance(claim.predicate, Not):
            path = self.path(rows.table, claim.table)
            return path is None or not is_to_one(path)
        return isinstance(claim, Opposite) and is_time(claim)

    def act_object(self, rows: Rows, other: Rows) -> Found:
        """`bought a vehicle`, `placed an open order`."""
        if rows.table == other.table:
            yield "ActOn", replace(rows, where=both(rows.where, other.where)), 0.0
            return
        path = self.path(rows.table, other.table)
        if other.where is None and path and is_to_one(path):
            yield "Act", rows, 0.1
        else:
            yield from self.act_claim(rows, Link(other))

    def column_acted(self, act: Rows, columns: Columns) -> Found:
        """`claimed amount`, of what was done; `ordered quantity`, of a part of it."""
        times = [self.time_of(term.table) for term in columns.terms]
        is_own = all(term.table == act.table for term in columns.terms)
        is_part = all(time is not None and time.table == act.table for time in times)
        if (is_own or is_part) and columns.rows is None and act.where is None:
            yield "Col", columns, 0.1 if is_own else 0.3

    def units_acted(self, columns: Columns, act: Rows) -> Found:
        """`hours logged`: so many of a unit, of what was done."""
        is_unit = all(self.column(term).unit for term in columns.terms)
        is_own = all(term.table == act.table for term in columns.terms)
        if is_unit and is_own and columns.rows is None and act.where is None:
            yield "Col", columns, -0.3

    def act_of(self, act: Rows, other: Rows) -> Found:
        """`dropped a course`: the rows of that status are of what is named, else of something else."""
        path = self.path(act.table, other.table)
        if path is not None and is_to_one(path):
            yield from self.act_object(act, other)

    def act_texts(self, rows: Rows, texts: Texts) -> Found:
        """`opened "Q-17"`."""
        for _, found, cost in self.rows_texts(rows, texts):
            yield "Act", found, cost

    def act_on_claim(self, rows: Rows, claim: Claim) -> Found:
        """`placed an order with more than one product`: of that one order."""
        found = self.claimed(rows, claim)
        if found and not self._is_of_others(rows, claim):
            yield "ActOn", found[0], found[1]

    def clause_on(self, act: Rows, subject: Rows | Condition) -> Found:
        """`that Alfa placed an order`."""
        yield from self.clause(act, Link(subject) if isinstance(subject, Rows) else subject)

    def rows_acted(self, act: Rows, rows: Rows) -> Found:
        """`reviewed products`: those to which it happened."""
        path = self.path(act.table, rows.table)
        is_object = path is not None and is_to_one(path)
        if act.where is None and is_object:
            for _, found, cost in self.rows_claim(rows, Link(act, is_act=True)):
                yield "Rows", found, cost + 0.3

    def each_value(self, _: object, value: Condition) -> Found:
        """`both "Ballet" and "Tap"`: two values of one column."""
        each = value.predicate
        if value.is_each and isinstance(each, OneOf) and len(each.values) == 2:
            ones = [replace(each, values=(one,)) for one in each.values]
            yield "EachVal", tuple(replace(value, predicate=one, is_each=False) for one in ones), 0.0

    def act_each(self, act: Rows, values: tuple[Condition, ...]) -> Found:
        """`enrolled in both "Ballet" and "Tap"`: in each of them by a row of its own."""
        found = [self.claimed(act, value) for value in values]
        done = [one[0] for one in found if one is not None]
        path = self.path(act.table, values[0].table)
        if len(done) == len(values) and path is not None and is_to_one(path):
            links = tuple(Link(rows, is_act=True) for rows in done)
            yield "Claim", Claims(links), -0.8

    def each_of_rows(self, values: tuple[Condition, ...], rows: Rows) -> Found:
        """`both open and delivered orders`: some of each."""
        if all(value.table == rows.table for value in values):
            held = [replace(rows, where=both(rows.where, value.predicate)) for value in values]
            yield "Claim", Claims(tuple(map(Link, held))), -0.8

    def act_none(self, rows: Rows, other: Rows) -> Found:
        """`bought no vehicles`: not one of what is done so."""
        path = self.path(rows.table, other.table)
        is_object = path is not None and is_to_one(path)
        for _, act, cost in self.act_object(rows, other) if is_object else ():
            if isinstance(act, Rows):
                yield "Link", Link(act, "=", 0, is_plain=False, is_act=True), cost - 0.5

    def act_times(self, rows: Rows, compare: Compare) -> Found:
        """`ordered more than 5 times`."""
        if isinstance(compare.value, int):
            link = Link(rows, compare.operator, compare.value, is_plain=False, is_act=True)
            yield "Link", link, 0.0

    def act_counted(self, rows: Rows, link: Link) -> Found:
        """`bought at least 4 cars`, of a table with a row for each car bought; what lies farther off, and
        people, are counted each once: "ordered products from more than one category".
        """
        path = self.path(rows.table, link.rows.table)
        if not path or link.is_plain or link.count < 1:
            return
        if is_to_one(path) and len(path) == 1 and link.rows.table not in self.people:
            found = self.claimed(rows, Link(link.rows)) if link.rows.where is not None else (rows, 0.0)
            if found:
                counted = Link(found[0], link.operator, link.count, is_plain=False, is_act=True)
                yield "Link", counted, found[1] + 0.1
        else:
            yield from self.act_different(rows, link)

    def act_different(self, rows: Rows, link: Link) -> Found:
        """`ordered at least 3 different products`: each of them counted once."""
        done = both(link.rows.where, Exists(rows.table, (), rows.where))
        things = replace(link.rows, where=done)
        yield "Link", replace(link, rows=things, is_act=True, by=rows.table), 0.1

    def counted_apart(self, compare: Compare, rows: Rows) -> Found:
        """`at least 3 rooms`, in which something was done: rooms, and not how often."""
        for _, link, cost in self.counted_rows(compare, rows):
            yield "LinkApart", link, cost - 0.1

    def counted_different(self, compare: Compare, rows: Rows) -> Found:
        """`at least 3 different products`."""
        for _, link, cost in self.counted_rows(compare, rows):
            yield "LinkDifferent", link, cost - 0.3

    def clause(self, rows: Rows, claim: Claim) -> Found:
        """`that German customers bought in 2024`, beside what they bought."""
        for _, act, cost in self.act_claim(rows, claim):
            yield "Clause", act, cost + 0.2

    def clause_of_name(self, texts: Texts, act: Rows) -> Found:
        """`that Ann Lee bought`: somebody whose name is kept from the index."""
        for _, link, cost in self.by_name(None, texts):
            if isinstance(link, Link):
                yield from ((kind, found, cost + more) for kind, found, more in self.clause(act, link))

    # --- what was done at a time --------------------------------------------------------------------------

    def was_done(self, columns: Columns) -> Predicate | None:
        """That it was done at all; None when it always is."""
        attribute = columns.terms[0]
        return Not(Missing(attribute)) if self.column(attribute).nullable else None

    def did(self, columns: Columns) -> Found:
        """`shipped`, alone."""
        done = self.was_done(columns)
        if done is not None:
            yield "Cond", Condition(columns.terms[0].table, done, is_own=True), 0.6

    def did_act(self, columns: Columns) -> Found:
        """`completed a course`: what happened at that time is what is spoken of."""
        attribute = columns.terms[0]
        if attribute.table not in self.people:
            yield "Act", Rows(attribute.table, self.was_done(columns), attribute), 0.5

    def rows_did(self, rows: Rows, columns: Columns) -> Found:
        """`employees hired`: rows seen at another of their times."""
        attribute = columns.terms[0]
        if attribute.table == rows.table:
            where = both(rows.where, self.was_done(columns))
            yield "Rows", replace(rows, where=where, time=attribute), 0.1

    def done_rows(self, columns: Columns, rows: Rows) -> Found:
        """`shipped orders`; of "paid invoices" a status says it sooner than the time when they were."""
        for kind, found, cost in self.rows_did(rows, columns):
            yield kind, found, cost + 0.6

    def did_claim(self, columns: Columns, claim: Claim) -> Found:
        """`shipped by Speedy`: what follows the verb is what is asked about."""
        table = columns.terms[0].table
        if isinstance(claim, Link | Condition) and (not isinstance(claim, Link) or not claim.is_act):
            found = self.holds(Rows(table), claim)
            if found and found[0] is not None:
                yield "Cond", Condition(table, found[0], is_own=True), found[1] + 0.2

    def who_did(self, _: object, did: Columns | DoneBy) -> Found:
        """`who signed up`, of the rows that are counted by when they did."""
        if isinstance(did, Columns):
            # Of "payments that are paid" a status of theirs says it sooner.
            yield "WhoDid", did, 0.5
        else:
            yield "DidBy", did, 0.1

    def rows_did_by(self, rows: Rows, done: DoneBy) -> Found:
        """`jobs posted by clients from Spain`, seen at the time when they were."""
        did, claim = done
        for _, timed, cost in self.rows_did(rows, did):
            found = self.claimed(timed, claim) if isinstance(timed, Rows) else None
            if found:
                yield "Rows", found[0], found[1] + cost

    def did_first(self, columns: Columns, is_last: bool) -> Found:
        """`hired first`, `joined most recently`."""
        yield "Best", Best(columns, bool(is_last)), -0.5

    def who_best(self, _: object, best: Best) -> Found:
        """`who was hired first`."""
        if isinstance(best.rows, Rows):
            asked = best.rows
        elif isinstance(best.by, Columns):
            asked = Rows(best.by.terms[0].table)
        else:
            return
        if asked.table in self.people:
            yield "Best", replace(best, rows=asked), 0.0
