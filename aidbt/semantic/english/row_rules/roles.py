"""Roles: what a row is to another one, such as the manager of an employee, who is an employee too."""

from __future__ import annotations

from dataclasses import replace

from aidbt.core.words import words_of
from aidbt.semantic.english.meanings.chart import LiftRule, Rule
from aidbt.semantic.english.meanings.number_phrases import Group
from aidbt.semantic.english.meanings.phrases import Columns, Condition, Found, Link, Role, Rows, Texts
from aidbt.semantic.english.row_rules.noun_names import is_named
from aidbt.semantic.english.row_rules.nouns import NounRules
from aidbt.semantic.graph import Relationship, is_to_one
from aidbt.semantic.query import Attribute, Exists, Missing, OneOf, attributes

Owned = tuple[Role, Rows | None]
"""A role, and the rows whose it is where that was said."""


class RoleRules(NounRules):
    """How rows are spoken of by their role, over one graph."""

    def role_rules(self, rule: Rule, lift: LiftRule) -> None:
        """Add the rules of roles."""
        lift("Role", lambda role: self.role_named(role, None, 0.2))
        rule("Role", "NameOf", lambda role, _: self.role_named(role, None, 0.2))
        rule("Role", "Col", lambda role, columns: self.role_seen((role, None), columns))
        rule("Role RoleBy", "Val", self.role_value)
        rule("Role RoleBy", "Texts Names", self.role_texts)
        rule("No", "Role", lambda _, role: [("Cond", self.without(role), 0.1)])
        rule("Is", "UndoneBy", lambda _, role: [("Cond", self.without(role), 0.0)])
        rule("UndoneBy", "Rows", lambda role, rows: self.rows_claim(rows, self.without(role)))
        rule("Owning", "Role", self.with_role)
        rule("Agent", "Role", lambda _, role: [("ByRole", role, -0.5)] * self._is_person(role))
        rule("ByRole", "Group", self.groups_of_role)
        rule("RoleVerb", "Prep", lambda role, how: [("RoleBy", role, 0.0)] if how == "by" else [])
        rule("ReportVerb", "Prep", lambda role, how: [("RoleBy", role, 0.0)] if how == "to" else [])
        self._owned_rules(rule, lift)
        rule("Prep", "Val", self.at_end)
        rule("RoleVerb", "Rows", lambda role, rows: self.done_in_role(role, Link(rows)))
        rule("RoleVerb", "Link", self.done_in_role)
        rule("Who", "RoleVerb", lambda _, role: [("WhoRole", role, -0.3)])
        lift("WhoRole", lambda role: self.role_named(role, None, 0.0))
        rule("WhoRole", "Rows", self.who_role)
        rule("And", "Role", lambda _, role: [("JRole", role, 0.0)])
        rule("Rows", "JRole", self.rows_and_role)
        rule("Rows", "JCol", self.rows_and_seen)

    def _owned_rules(self, rule: Rule, lift: LiftRule) -> None:
        """`Ada's manager`, `the name of their manager`."""
        rule("Val", "Role", self.role_of)
        lift("RoleOf", lambda of: self.role_named(of[0], of[1], -0.1))
        rule("RoleOf", "Col", self.role_seen)
        rule("Prep", "RoleOf", lambda how, of: [("OfRole", of, 0.0)] if how == "of" else [])
        rule("Prep", "Role", lambda how, role: [("OfRole", (role, None), 0.0)] if how == "of" else [])
        rule("NameOf", "OfRole", lambda _, of: self.role_named(of[0], of[1], -0.1))
        rule("Col", "OfRole", lambda columns, of: self.role_seen(of, columns))

    def relationship(self, role: Role) -> Relationship:
        """The relationship of a role."""
        return next(r for r in self.graph.relationships if r.name == role.relationship)

    def name_columns(self, role: Role) -> tuple[Attribute, ...]:
        """The name of who has the role, as seen from the rows that refer to it; () without one."""
        names = self.names(self.relationship(role).target)
        return tuple(replace(name, via=(role.relationship,)) for name in names)

    # --- their columns ------------------------------------------------------------------------------------

    def role_named(self, role: Role, rows: Rows | None, cost: float) -> Found:
        """`their manager`: by the name; a destination by its code too, which people know it by."""
        columns, relationship = self.name_columns(role), self.relationship(role)
        code = Attribute(relationship.source, relationship.source_columns[0])
        if columns and self.column(code).kind == "text" and rows is None:
            yield "Col", Columns((code,)), cost + 0.3
            columns = (code, *columns)
        if columns:
            yield "Col", Columns(columns, rows), cost

    def role_seen(self, of: Owned, columns: Columns) -> Found:
        """`manager's salary`."""
        role, rows = of
        relationship = self.relationship(role)
        if all(term.table == relationship.target and not term.via for term in columns.terms):
            terms = tuple(replace(term, via=(relationship.name,)) for term in columns.terms)
            yield "Col", Columns(terms, rows or Rows(relationship.source)), -0.3

    def role_of(self, value: Condition, role: Role) -> Found:
        """`Ada's manager`."""
        found = self.claimed(Rows(self.relationship(role).source), value)
        if found:
            yield "RoleOf", (role, found[0]), -0.4

    def who_role(self, role: Role, rows: Rows) -> Found:
        """`who approved the leave requests in May`."""
        if self.relationship(role).source == rows.table:
            yield from self.role_named(role, rows, -0.1)

    def rows_and_role(self, rows: Rows, role: Role) -> Found:
        """`employees and their managers`."""
        if self.relationship(role).source == rows.table:
            yield "Col", Columns((*self.label(rows.table), *self.name_columns(role)), rows), -0.3

    def rows_and_seen(self, rows: Rows, columns: Columns) -> Found:
        """`everyone in Sales and the name of their manager`."""
        sources = {self.relationship(Role(name)).source for term in columns.terms for name in term.via}
        if sources == {rows.table} and all(term.via for term in columns.terms):
            yield "Col", Columns((*self.label(rows.table), *columns.terms), rows), -0.5

    # --- claims -------------------------------------------------------------------------------------------

    def role_value(self, role: Role, value: Condition) -> Found:
        """`manager Ada`."""
        relationship, held = self.relationship(role), value.predicate
        if not isinstance(held, OneOf) or not isinstance(held.term, Attribute):
            return
        if held.term.table == relationship.target:
            seen = replace(held, term=replace(held.term, via=(relationship.name,)))
            yield "Cond", Condition(relationship.source, seen), 0.0

    def done_in_role(self, role: Role, link: Link) -> Found:
        """`directed a dig in Spain`, `managed more than 2 projects`: those in whose role they are."""
        relationship, rows = self.relationship(role), link.rows
        if rows.table == relationship.source != relationship.target and rows.time is None:
            done = Exists(rows.table, (relationship.name,), rows.where, link.operator, link.count)
            yield "Cond", Condition(relationship.target, done, is_own=True), 0.0

    def at_end(self, how: str, value: Condition) -> Found:
        """`flights from Munich to Oslo`: of two references to airports the one that says where it begins."""
        terms = attributes(value.predicate)
        for relationship in self.graph.relationships if how in _ENDS and len(terms) == 1 else ():
            ends = [r for r in self.graph.relationships if r.source == relationship.source]
            begun = [r for r in ends if r.target == terms[0].table and _is_end(r, "from")]
            done = [r for r in ends if r.target == terms[0].table and _is_end(r, "to")]
            if len(begun) == len(done) == 1 and relationship in (begun if how == "from" else done):
                for _, condition, _ in self.role_value(Role(relationship.name), value):
                    yield "Cond", condition, -0.3

    def role_texts(self, role: Role, texts: Texts) -> Found:
        """`manager "Ada"`."""
        columns = self.name_columns(role)
        if columns and len(texts) == 1:
            yield "Cond", Condition(self.relationship(role).source, is_named(columns, texts[0])), 0.2

    def with_role(self, _: object, role: Role) -> Found:
        """`employees with a manager`; of "with a destination in Norway" the destination is not just there."""
        if self._is_person(role):
            yield from self.opposite(self.without(role))

    def groups_of_role(self, role: Role, group: Group) -> Found:
        """`led by directors from each country`: they did it, and what they are of makes the groups."""
        who = self.relationship(role).target
        tables = {term.table for term in group.terms if isinstance(term, Attribute) and not term.via}
        paths = [self.path(who, table) for table in tables if table]
        if paths and group.terms and all(path is not None and is_to_one(path) for path in paths):
            yield "Group", group, 0.0

    def _is_person(self, role: Role) -> bool:
        relationship = self.relationship(role)
        return relationship.target in self.people or relationship.target == relationship.source

    def without(self, role: Role) -> Condition:
        """That nobody has a role: "without a manager"."""
        relationship = self.relationship(role)
        return Condition(
            relationship.source, Missing(Attribute(relationship.source, relationship.source_columns[0]))
        )


_ENDS = {
    "from": ("orig", "dep", "start", "from", "src", "source", "pickup"),
    "to": ("dest", "arr", "end", "to", "dropoff", "target"),
}


def _is_end(relationship: Relationship, how: str) -> bool:
    """Whether rows refer to where something begins, or ends, as a column's name says."""
    words, starts = words_of(relationship.source_columns[0]), _ENDS[how]
    return any(word in starts or word.startswith(tuple(s for s in starts if len(s) > 2)) for word in words)
