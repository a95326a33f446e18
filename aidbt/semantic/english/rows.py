"""Noun phrases: which rows and columns are spoken of, and what is claimed of them."""

from __future__ import annotations

from dataclasses import replace

from aidbt.core.words import singular_words
from aidbt.semantic.english.conditions import ConditionRules, LiftRule, Rule
from aidbt.semantic.english.number_phrases import Best
from aidbt.semantic.english.periods import Period
from aidbt.semantic.english.phrases import (
    Claim,
    Claims,
    Columns,
    Compare,
    Condition,
    Found,
    Link,
    Opposite,
    Recurring,
    Role,
    Rows,
)
from aidbt.semantic.graph import Relationship, is_to_one
from aidbt.semantic.query import (
    Attribute,
    Exists,
    Extreme,
    Matches,
    Missing,
    Not,
    OneOf,
    Predicate,
    both,
    parts,
)

_CLAIMS = "Cond Link Claim Time"
_PLACES = ("by", "in", "to", "from", "at", "on", "under")
_LAST_NAMES = {("last", "name"), ("surname",), ("family", "name")}
Superlative = tuple[Columns, bool]


class RowRules(ConditionRules):
    """How noun phrases are put together, over one graph."""

    def row_rules(self, rule: Rule, lift: LiftRule) -> None:
        """Add the rules of noun phrases."""
        rule("Rows", _CLAIMS, self.rows_claim)
        rule("Cond", "Rows", lambda claim, rows: self.rows_claim(rows, claim))
        rule("Rows", "Texts", self.rows_texts)
        rule("Rows", "NameOf", self.rows_name)
        rule("Col", "NameOf", self.column_name)
        rule("Rows", "Col", self.rows_column)
        rule("Col", "Link", self.column_of)
        rule("Col", _CLAIMS, self.column_claim)
        rule("Col", "JCol", self.columns)
        rule("And Comma", "Col", lambda _, columns: [("JCol", columns, 0.05)])
        self._link_rules(rule)
        self._verb_rules(rule, lift)
        self._role_rules(rule, lift)
        rule("SupCol", "Rows", self.extreme)
        lift("SupRows", lambda rows: [("Rows", rows, 0.5)])
        rule("Prep Verb Agent", "SupRows", lambda _, rows: [("Link", Link(rows), -0.8)])
        rule("Act", "SupRows", self.act_object)
        rule("Now", "Cond Rows Link", lambda _, phrase: [(_category(phrase), phrase, 0.0)])
        rule("Cond Rows Link", "Now", lambda phrase, _: [(_category(phrase), phrase, 0.0)])

    def _link_rules(self, rule: Rule) -> None:
        rule("Verb Owning", "Rows", lambda _, rows: [("Link", Link(rows), 0.05)])
        rule("Prep", "Rows", self.of_rows)
        rule("Prep Owning", "Link Claim", self.keep_right)
        rule("Verb", "Prep", lambda _, how: [("Agent", how, 0.0)] if how == "by" else [])
        rule("Weak", "Prep", lambda _, how: [("Agent", how, 0.0)] if how in ("by", "with", "through") else [])
        rule("Agent", "Rows", lambda _, rows: [("Link", Link(rows), -0.5)])
        rule("Agent", "Cond", lambda _, condition: self.of_others(condition))
        rule("And Or", "Rows", lambda how, rows: [("JRows", (how, rows), 0.0)])
        rule("Link", "JRows", self.linked_too)
        rule("Owning", "Cond", self.keep_right)
        rule("Prep", "Cond", self.told_by)
        rule("Verb", "Cond", lambda _, condition: self.of_others(condition))
        rule("Verb", "Link Claim", self.keep_right)
        rule("Verb", "Time", lambda _, period: [("Time", period, 0.1)])
        rule("Prep", "Time", lambda _, period: [("Time", period, 0.0)])
        rule("Rel", "Cond Link Claim", self.keep_right)
        rule("CmpNum", "Rows", self.counted_rows)
        rule("Num", "Rows", lambda count, rows: self.counted_rows(Compare("=", count), rows, 0.3))
        rule("Neg No", "Rows", lambda _, rows: [("Link", Link(rows, "=", 0, is_plain=False), 0.2)])
        rule("Neg", "Link", self.no_link)

    def _verb_rules(self, rule: Rule, lift: LiftRule) -> None:
        rule("Act", _CLAIMS, self.act_claim)
        rule("Act", "Rows", self.act_object)
        rule("Act", "Texts", self.rows_texts_act)
        lift("Act", lambda rows: [("Link", Link(rows, is_act=True), 0.1)])
        rule("Act", "CmpTimes", self.act_times)
        rule("Act", "Link", self.act_counted)
        rule("Did", "Ordinal", self.did_first)
        rule("CmpNum", "Times", lambda compare, _: [("CmpTimes", compare, 0.0)])
        rule("Num", "Times", lambda count, _: [("CmpTimes", Compare("=", count), 0.0)])
        rule("Cmp", "Twice", lambda operator, count: [("CmpTimes", Compare(operator, count), 0.0)])
        lift("Twice", lambda count: [("CmpTimes", Compare("=", count), 0.1)])
        rule("Rows", "Did", self.rows_did)
        rule("Did", "Rows", lambda did, rows: self.rows_did(rows, did))
        rule("Did", "Link Cond", self.did_claim)
        lift("Did", self.did)

    def _role_rules(self, rule: Rule, lift: LiftRule) -> None:
        lift("Role", self.role_name)
        rule("Role", "Col", self.role_column)
        rule("Role", "NameOf", lambda role, _: self.role_name(role))
        rule("Role RoleBy", "Val", self.role_value)
        rule("Role RoleBy", "Texts", self.role_texts)
        rule("RoleVerb", "Prep", lambda role, how: [("RoleBy", role, 0.0)] if how in ("by", "to") else [])
        rule("And", "Role", lambda _, role: [("JRole", role, 0.0)])
        rule("Rows", "JRole", self.rows_and_role)
        rule("Neg No", "Role", lambda _, role: self.role_missing(role))
        rule("Owning", "Role", lambda _, role: self.role_present(role))

    # --- phrases that only go along -----------------------------------------------------------------------

    def keep_right(self, _: object, claim: Claim) -> Found:
        yield _category(claim), claim, 0.1

    def linked_too(self, link: Link, joined: tuple[str, Rows]) -> Found:
        """`in the domain "A" and the domain "B"`."""
        how, rows = joined
        if rows.table == link.rows.table and rows.where is not None and link.rows.where is not None:
            yield "Claim", Claims((link, replace(link, rows=rows)), is_any=how == "or"), -0.3

    def of_rows(self, how: str, rows: Rows) -> Found:
        """`of customers`; "by customers in Germany" says more likely who did it than how to group."""
        yield "Link", Link(rows), -0.15 if how == "by" and rows.where is not None else 0.05

    def told_by(self, how: str, condition: Condition) -> Found:
        """`from Germany`; of "employees in Ada" Ada is no employee that is looked for."""
        yield from self.of_others(condition) if how in _PLACES else self.keep_right(how, condition)

    def of_others(self, condition: Condition) -> Found:
        """`managed by Ada`: who is named is not one of the rows spoken of."""
        yield "Cond", replace(condition, is_other=True), 0.1

    # --- rows ---------------------------------------------------------------------------------------------

    def label(self, table: str) -> tuple[Attribute, ...]:
        """The columns that people know rows of a table by: the key, and the name when there is one."""
        found = self.graph.table(table)
        key = found.keys[0] if found.keys else ()
        names = (found.label, *self._last_name(table)) if found.label else ()
        listed = (*key, *names) if len(key) <= 1 else names or key
        return tuple(Attribute(table, name) for name in dict.fromkeys(listed))

    def _last_name(self, table: str) -> tuple[str, ...]:
        """The column that goes with a first name."""
        found = self.graph.table(table)
        if singular_words(found.label)[:1] != ("first",):
            return ()
        return tuple(c.name for c in found.columns if singular_words(c.name) in _LAST_NAMES)[:1]

    def rows_claim(self, rows: Rows, claim: Claim) -> Found:
        """`customers in Germany`; of "customers who ordered in May" the month is never the customers'."""
        found = self.claimed(rows, claim)
        is_far = any(isinstance(part, Exists) for part in parts(rows.where))
        if found and not (is_far and isinstance(claim, Period | Recurring)):
            yield "Rows", found[0], found[1] + (0.4 if is_far else 0.05)

    def rows_texts(self, rows: Rows, texts: tuple[str, ...]) -> Found:
        """`customer "Alfa"`."""
        label = self.graph.table(rows.table).label
        if label and len(texts) == 1:
            named = Matches(Attribute(rows.table, label), "is", texts[0])
            yield "Rows", replace(rows, where=both(rows.where, named)), 0.3

    def rows_texts_act(self, rows: Rows, texts: tuple[str, ...]) -> Found:
        for _, found, cost in self.rows_texts(rows, texts):
            yield "Act", found, cost

    def counted_rows(self, compare: Compare, rows: Rows, cost: float = 0.0) -> Found:
        """`more than 5 orders`."""
        if isinstance(compare.value, int):
            yield "Link", Link(rows, compare.operator, compare.value, is_plain=False), cost

    def no_link(self, _: object, link: Link) -> Found:
        """`never ordered`, `not in any team`."""
        if (link.operator, link.count) == (">=", 1):
            yield "Link", replace(link, operator="=", count=0, is_plain=False), -0.2

    def extreme(self, superlative: Superlative, rows: Rows) -> Found:
        """`the most expensive product`, as one that other things are said of."""
        columns, is_descending = superlative
        if columns.terms[0].table == rows.table:
            function = "max" if is_descending else "min"
            found = Extreme(columns.terms[0], function, rows.where)
            yield "SupRows", replace(rows, where=both(rows.where, found)), 0.0

    # --- columns ------------------------------------------------------------------------------------------

    def rows_name(self, rows: Rows, _: object) -> Found:
        """`customer name`."""
        label = self.graph.table(rows.table).label
        if label:
            yield "Col", Columns((Attribute(rows.table, label),), rows), 0.0

    def column_name(self, columns: Columns, _: object) -> Found:
        """`country name`: the column itself, where it is text."""
        if self.column(columns.terms[-1]).kind == "text":
            yield "Col", columns, -0.1

    def rows_column(self, rows: Rows, columns: Columns) -> Found:
        """`restaurant's rating`: the table before its column."""
        if len(columns.terms) == 1 and columns.rows is None:
            cost = self._column_cost(rows, columns)
            if cost is not None:
                yield "Col", Columns(columns.terms, rows), cost + 0.1

    def column_of(self, columns: Columns, link: Link) -> Found:
        """`names of the restaurants in …`, after the preposition."""
        if columns.rows is None and link.is_plain and not link.is_act:
            cost = self._column_cost(link.rows, columns)
            if cost is not None:
                yield "Col", Columns(columns.terms, link.rows), cost

    def _column_cost(self, rows: Rows, columns: Columns) -> float | None:
        costs = [self.distance(rows.table, term.table) for term in columns.terms]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if len(known) == len(costs) else None

    def column_claim(self, columns: Columns, claim: Claim) -> Found:
        """`prices of Drinks`."""
        rows = columns.rows or Rows(columns.terms[0].table)
        found = self.claimed(rows, claim)
        if found:
            yield "Col", replace(columns, rows=found[0]), found[1] + 0.2

    def columns(self, one: Columns, other: Columns) -> Found:
        """`name and city`."""
        if one.rows is None and other.rows is None and not set(one.terms) & set(other.terms):
            cost = self.distance(one.terms[0].table, other.terms[-1].table)
            if cost is not None:
                yield "Col", Columns((*one.terms, *other.terms)), cost + 0.1

    # --- verbs --------------------------------------------------------------------------------------------

    def act_claim(self, rows: Rows, claim: Claim) -> Found:
        """`ordered Cola in 2024`: what is said beside a verb is said of what happened."""
        found = self.claimed(rows, claim)
        if found:
            yield "Act", found[0], found[1]

    def act_object(self, rows: Rows, other: Rows) -> Found:
        """`bought a vehicle`, `placed an open order`."""
        if rows.table == other.table:
            yield "Act", replace(rows, where=both(rows.where, other.where)), 0.0
            return
        path = self.path(rows.table, other.table)
        if other.where is None and path and is_to_one(path):
            yield "Act", rows, 0.1
        else:
            yield from self.act_claim(rows, Link(other))

    def act_times(self, rows: Rows, compare: Compare) -> Found:
        """`ordered more than 5 times`."""
        if isinstance(compare.value, int):
            link = Link(rows, compare.operator, compare.value, is_plain=False, is_act=True)
            yield "Link", link, 0.0

    def act_counted(self, rows: Rows, link: Link) -> Found:
        """`bought at least 4 cars`, of a table with a row for each car bought."""
        path = self.path(rows.table, link.rows.table)
        if path and not link.is_plain and link.count > 0 and is_to_one(path):
            found = self.claimed(rows, Link(link.rows)) if link.rows.where is not None else (rows, 0.0)
            if found:
                counted = Link(found[0], link.operator, link.count, is_plain=False, is_act=True)
                yield "Link", counted, found[1] + 0.1

    def did_first(self, columns: Columns, is_last: bool) -> Found:
        """`hired first`, `joined most recently`."""
        yield "Best", Best(columns, bool(is_last)), -0.5

    def did(self, columns: Columns) -> Found:
        """`shipped`, alone: it has a time."""
        attribute = columns.terms[0]
        if self.column(attribute).nullable:
            yield "Cond", Condition(attribute.table, Not(Missing(attribute))), 0.4

    def rows_did(self, rows: Rows, columns: Columns) -> Found:
        """`employees hired`: rows seen at another of their times."""
        attribute = columns.terms[0]
        if attribute.table == rows.table:
            has = Not(Missing(attribute)) if self.column(attribute).nullable else None
            yield "Rows", replace(rows, where=both(rows.where, has), time=attribute), 0.1

    def did_claim(self, columns: Columns, claim: Claim) -> Found:
        """`shipped by Speedy`: what follows the verb is what is asked about."""
        table = columns.terms[0].table
        if isinstance(claim, Link | Condition) and (not isinstance(claim, Link) or not claim.is_act):
            found = self.holds(Rows(table), claim)
            if found and found[0] is not None:
                yield "Cond", Condition(table, found[0]), found[1] + 0.2

    # --- roles --------------------------------------------------------------------------------------------

    def relationship(self, role: Role) -> Relationship:
        """The relationship of a role."""
        return next(r for r in self.graph.relationships if r.name == role.relationship)

    def role_name(self, role: Role) -> Found:
        """`their manager`: by the name."""
        relationship = self.relationship(role)
        label = self.graph.table(relationship.target).label
        if label:
            attribute = Attribute(relationship.target, label, (relationship.name,))
            yield "Col", Columns((attribute,), None), 0.2

    def role_column(self, role: Role, columns: Columns) -> Found:
        """`manager's salary`."""
        relationship = self.relationship(role)
        if all(term.table == relationship.target and not term.via for term in columns.terms):
            seen = tuple(replace(term, via=(relationship.name,)) for term in columns.terms)
            yield "Col", Columns(seen, Rows(relationship.source)), 0.0

    def rows_and_role(self, rows: Rows, role: Role) -> Found:
        """`employees and their managers`."""
        if self.relationship(role).source == rows.table:
            for _, columns, cost in self.role_name(role):
                assert isinstance(columns, Columns)
                yield "Col", Columns((*self.label(rows.table), *columns.terms), rows), cost - 0.5

    def role_value(self, role: Role, value: Condition) -> Found:
        """`manager Ada`."""
        relationship, predicate = self.relationship(role), value.predicate
        if isinstance(predicate, OneOf) and isinstance(predicate.term, Attribute):
            if predicate.term.table == relationship.target:
                seen = replace(predicate, term=replace(predicate.term, via=(relationship.name,)))
                yield "Cond", Condition(relationship.source, seen), 0.0

    def role_texts(self, role: Role, texts: tuple[str, ...]) -> Found:
        """`manager "Ada"`."""
        for _, columns, cost in self.role_name(role):
            assert isinstance(columns, Columns)
            if len(texts) == 1:
                named = Matches(columns.terms[0], "is", texts[0])
                yield "Cond", Condition(self.relationship(role).source, named), cost

    def role_missing(self, role: Role) -> Found:
        """`without a manager`."""
        relationship = self.relationship(role)
        missing = Missing(Attribute(relationship.source, relationship.source_columns[0]))
        yield "Cond", Condition(relationship.source, missing), 0.1

    def role_present(self, role: Role) -> Found:
        """`with a manager`."""
        for _, condition, cost in self.role_missing(role):
            assert isinstance(condition, Condition)
            present: Predicate = Not(condition.predicate)
            yield "Cond", Condition(condition.table, present), cost


def _category(claim: Claim | Rows) -> str:
    if isinstance(claim, Rows):
        return "Rows"
    if isinstance(claim, Condition):
        return "Cond"
    if isinstance(claim, Link):
        return "Link"
    return "Claim" if isinstance(claim, Claims | Opposite | Recurring) else "Time"
