"""What holds of rows: claims about them and about what they are related to, as predicates seen from them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TypeAlias

from aidbt.semantic.english.meanings.distances import MANY, STEP
from aidbt.semantic.english.meanings.phrases import Claim, Claims, Condition, Link, Opposite, Recurring, Rows
from aidbt.semantic.english.meanings.row_times import RowTimes
from aidbt.semantic.english.meanings.same_rows import each_of_them, is_contradiction, negated, of_same_rows
from aidbt.semantic.english.meanings.ways import names_over, pivot
from aidbt.semantic.english.words.periods import Period
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import (
    AnyOf,
    Exists,
    InPeriod,
    Not,
    OneOf,
    Predicate,
    attributes,
    both,
    conjuncts,
    parts,
)

Held: TypeAlias = "tuple[Predicate | None, float]"
"""A predicate, None where it is of all rows, and what it costs to have meant it."""


class Relations(RowTimes):
    """What can be said of rows, over one graph."""

    def holds(self, rows: Rows, claim: Claim) -> Held | None:
        """What a claim says of rows of a table; None when it can say nothing of them."""
        match claim:
            case Condition():
                return self._condition(rows.table, claim)
            case Link():
                return self._link(rows.table, claim)
            case Period() | Recurring():
                if rows.time is None and not self.happens(rows.table):
                    return None
                predicate = self._at(rows.table, claim, rows.time)
                return (predicate, 0.1) if predicate else None
            case Claims():
                return self._claims(rows, claim)
            case Opposite():
                return self._opposite(rows, claim.of)

    def claimed(self, rows: Rows, claim: Claim) -> tuple[Rows, float] | None:
        """The rows of which a claim holds besides."""
        found = self.holds(rows, claim)
        if found is None and isinstance(claim, Link):
            found = self._over_said(rows, claim)
        if found is None:
            return None
        where = self._at_one(rows, found[0], claim) or joined(rows.where, found[0], claim)
        return None if is_contradiction(where) else (Rows(rows.table, where, rows.time), found[1])

    def restricted(self, rows: Rows, table: str, predicate: Predicate) -> tuple[Rows, float] | None:
        """Rows that a condition on a table holds of."""
        return self.claimed(rows, Condition(table, predicate))

    def linked(self, rows: Rows, link: Link) -> tuple[Rows, float] | None:
        """Rows that are related to others."""
        return self.claimed(rows, link)

    def _condition(self, table: str, condition: Condition) -> Held | None:
        other, predicate = condition.table, condition.predicate
        if not table:
            return predicate, MANY
        if table == other:
            own = set(map(self._of_label, attributes(predicate)))
            return None if condition.is_other and own == {True} else (predicate, 0.0)
        reached = self._reached(table, other)
        if reached is None or condition.is_own:
            return None
        cost, path, via = reached
        if is_to_one(path):
            return self._carried(table, other, predicate), cost
        if isinstance(predicate, Not):  # "not in Germany" says that none of them is
            return Exists(other, via, predicate.predicate, "=", 0), cost
        if condition.is_each and isinstance(predicate, OneOf):
            each = [Exists(other, via, OneOf(predicate.term, (value,))) for value in predicate.values]
            return both(*each), cost
        return Exists(other, via, predicate), cost

    def _link(self, table: str, link: Link) -> Held | None:
        other = link.rows
        if not table:
            return (other.where, 0.1) if link.is_plain and other.where is not None else None
        if other.table == table:
            return self._same_rows(link)
        reached = self._reached(table, other.table, is_act=link.is_act)
        if reached is None or link.by:
            return self._done_by(table, link)
        cost, path, via = reached
        if link.is_plain and other.where is None and self._is_far(path):
            return None
        own = {attribute.table for attribute in attributes(other.where)} == {table}
        if link.is_act and other.time is not None and (len(path) > 1 or is_to_one(path)):
            return None  # students who started are not those of terms that started
        is_several = link.count > 1 or (link.operator, link.count) == (">", 1)
        if (is_to_one(path) and is_several) or (link.is_act and own):
            return None
        if link.is_plain and other.where is not None and is_to_one(path):
            return self._carried(table, other.table, other.where), cost
        if (link.operator, link.count) != (">=", 1):
            return Exists(other.table, via, other.where, link.operator, link.count), cost
        return both(*(Exists(other.table, via, where) for where in each_of_them(other.where))), cost

    def _done_by(self, table: str, link: Link) -> Held | None:
        """Being related by what was done: courses with no students enrolled, which enrolments relate."""
        other, where = link.rows, link.rows.where
        said = conjuncts(where)
        acts = [one for one in said if isinstance(one, Exists) and link.by in ("", one.table) and not one.via]
        act = acts[0] if len(acts) == 1 and (acts[0].operator, acts[0].count) == (">=", 1) else None
        middle = pivot(self.graph, {table, other.table}, act.table) if act else ""
        if act is None or not middle:
            return None
        rest = [one for one in conjuncts(where) if one != act]
        if (link.operator, link.count) not in ((">=", 1), ("=", 0)):
            via = names_over(self.graph, table, middle, other.table)
            on_way = {r.target for r in self.graph.relationships if r.name in via}
            if self._is_said_by(act.where, on_way):
                return Exists(other.table, via, both(*rest), link.operator, link.count), STEP
            return None
        held = [self._condition(middle, Condition(other.table, one)) for one in rest if one]
        held += [self._condition(middle, Condition(act.table, act.where))] if act.where else []
        if any(one is None for one in held):
            return None
        where = both(*(one[0] for one in held if one))
        return Exists(middle, (), where, link.operator, link.count), STEP

    def _at_one(self, rows: Rows, held: Predicate | None, claim: Claim) -> Predicate | None:
        """`lead authors of titles in the crime genre`: of the row that says both; None where none does."""
        is_of = isinstance(claim, Link) and claim.is_plain and not claim.is_act and isinstance(held, Exists)
        said = conjuncts(rows.where) if is_of else ()
        for one in said:
            if not (isinstance(one, Exists) and isinstance(held, Exists)) or one.via or held.via:
                continue
            ends = [self.path(one.table, table) for table in (rows.table, held.table)]
            is_some = (one.operator, one.count) == (held.operator, held.count) == (">=", 1)
            is_own = {attribute.table for attribute in attributes(one.where)} == {one.table}
            is_timed = any(isinstance(part, InPeriod) for part in parts(one.where))
            if all(end and is_to_one(end) for end in ends) and is_some and is_own and not is_timed:
                told = self._carried(one.table, held.table, held.where) if held.where else None
                merged = replace(one, where=both(one.where, told))
                return both(*(merged if other == one else other for other in said))
        return None

    def _over_said(self, rows: Rows, link: Link) -> Held | None:
        """Being related by what was said before: "members of more than 4 clubs"."""
        others = {rows.table, link.rows.table}
        for held in conjuncts(rows.where):
            if not isinstance(held, Exists) or held.via or (held.operator, held.count) != (">=", 1):
                continue
            if pivot(self.graph, others, held.table) != held.table:
                continue
            if held.where is None and not link.is_plain and link.count > 0:
                via = names_over(self.graph, rows.table, held.table, link.rows.table)
                return Exists(link.rows.table, via, link.rows.where, link.operator, link.count), STEP
        return None

    def _is_said_by(self, where: Predicate | None, tables: Collection[str]) -> bool:
        """Whether a condition says no more than that there are rows of tables that a way goes over."""
        if not isinstance(where, Exists):
            return where is None
        is_some = where.where is None and (where.operator, where.count) == (">=", 1)
        return is_some and where.table in tables

    def _same_rows(self, link: Link) -> Held | None:
        """Rows that are, or are not, such rows of their own table: "orders other than cancelled ones"."""
        if link.rows.where is None:
            return (None, 0.3) if link.is_plain else None
        if link.is_act and set(map(self._of_label, attributes(link.rows.where))) == {True}:
            return None  # "students Ann Lee taught" are not called so themselves
        if link.is_plain:
            return link.rows.where, 0.6
        return (Not(link.rows.where), 0.2) if (link.operator, link.count) == ("=", 0) else None

    def _claims(self, rows: Rows, claims: Claims) -> Held | None:
        found = [self.holds(rows, part) for part in claims.parts]
        held = [one for one in found if one is not None and one[0] is not None]
        if len(held) < len(found):
            return None
        predicates = tuple(one[0] for one in held if one[0] is not None)
        return (AnyOf(predicates) if claims.is_any else both(*predicates)), sum(one[1] for one in held)

    def _opposite(self, rows: Rows, claim: Claim) -> Held | None:
        found = self.holds(rows, claim)
        predicate, cost = found or (None, 0.0)
        if predicate is None:
            return None
        if isinstance(predicate, Exists) and (predicate.operator, predicate.count) == (">=", 1):
            return Exists(predicate.table, predicate.via, predicate.where, "=", 0), cost
        return negated(predicate), cost


def joined(said: Predicate | None, held: Predicate | None, claim: Claim) -> Predicate | None:
    """What held of rows before, and what a claim says of them besides: of the same related row, unless a verb
    of its own says of which.
    """
    is_of_same = isinstance(claim, Condition) or (isinstance(claim, Link) and claim.is_plain)
    return (of_same_rows(said, held) if is_of_same else None) or both(said, held)
