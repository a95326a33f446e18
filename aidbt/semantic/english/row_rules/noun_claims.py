"""What is claimed of rows beside their noun: `customers in Germany`, `who never ordered`."""

from __future__ import annotations

from dataclasses import replace

from aidbt.core.words import singular_words
from aidbt.semantic.english.meanings.phrases import (
    Claim,
    Claims,
    Columns,
    Compare,
    Condition,
    Found,
    Link,
    Opposite,
    Recurring,
    Rows,
)
from aidbt.semantic.english.meanings.same_rows import is_contradiction
from aidbt.semantic.english.row_rules.lengths import LengthRules
from aidbt.semantic.english.words.additive import amount_of
from aidbt.semantic.english.words.periods import Period
from aidbt.semantic.query import Attribute, Exists, attributes, both, parts

PLACES = ("by", "in", "to", "from", "at", "on", "under")


class NounClaims(LengthRules):
    """Claims beside noun phrases, over one graph."""

    def keep_right(self, _: object, claim: Claim) -> Found:
        yield category_of(claim), claim, 0.1

    def of_whose(self, _: object, claim: Claim) -> Found:
        """`whose country is Spain`; "members whose name starts with M" are not those of plans called so."""
        yield category_of(claim), self._of_own_name(claim), 0.1

    def _of_own_name(self, claim: Claim) -> Claim:
        """A claim whose conditions on a name are of the rows' own."""
        if isinstance(claim, Claims):
            return replace(claim, parts=tuple(map(self._of_own_name, claim.parts)))
        if not isinstance(claim, Condition):
            return claim
        terms = attributes(claim.predicate)
        return replace(claim, is_own=True) if any(map(self._is_label, terms)) else claim

    def _is_label(self, term: Attribute) -> bool:
        return term.column == self.graph.table(term.table).label

    def of_whom(self, who: str | None, claim: Claim) -> Found:
        """`who ordered`, of people rather than of other rows that are nearer."""
        yield "WhoClaim" if who else category_of(claim), claim, 0.1

    def people_claim(self, rows: Rows, claim: Claim) -> Found:
        """`customers who ordered`."""
        if rows.table in self.people:
            yield from self.rows_claim(rows, claim)

    def told_by(self, how: str, condition: Condition) -> Found:
        """`from Germany`; of "employees in Ada" Ada is no employee that is looked for."""
        if how in ("in", "at") and any(_is_origin(term.column) for term in attributes(condition.predicate)):
            return  # "a hotel in Denmark" says nothing of who is a citizen of it
        yield from self.of_others(condition) if how in PLACES else self.keep_right(how, condition)

    def of_others(self, condition: Condition) -> Found:
        """`managed by Ada`: who is named is not one of the rows spoken of."""
        yield "Cond", replace(condition, is_other=True), 0.1

    def whose_rows(self, _: object, rows: Rows) -> Found:
        """`whose pets`; those whose pets never had an appointment have none that had."""
        match rows.where:
            case Exists(operator="=", count=0) as none:
                some = replace(rows, where=replace(none, operator=">=", count=1))
                yield "Link", Link(some, "=", 0, is_plain=False), 0.05
            case _:
                yield "Link", Link(rows), 0.05

    def of_rows(self, how: str, rows: Rows) -> Found:
        """`of customers`; "by customers in Germany" says who did it, a bare "by customer" how to group."""
        if how != "by":
            yield "Link", Link(rows), 0.05
        elif rows.where is not None:
            yield "Link", Link(rows), -0.15

    def linked_too(self, link: Link, joined: tuple[str, Rows]) -> Found:
        """`in the domain "A" and the domain "B"`."""
        how, rows = joined
        if rows.table == link.rows.table and rows.where is not None and link.rows.where is not None:
            yield "Claim", Claims((link, replace(link, rows=rows)), is_any=how == "or"), -0.3

    def no_link(self, _: object, link: Link) -> Found:
        """`never ordered`, `not in any team`."""
        if (link.operator, link.count) == (">=", 1):
            yield "Link", replace(link, operator="=", count=0, is_plain=False), -0.2

    def done_so_many(self, value: Condition, link: Link) -> Found:
        """`completed at least 8 appointments`: so many of those with that status."""
        if value.table == link.rows.table and not link.is_plain:
            where = both(link.rows.where, value.predicate)
            if not is_contradiction(where):
                yield "Link", replace(link, rows=replace(link.rows, where=where)), -0.5

    def counted_rows(self, compare: Compare, rows: Rows, cost: float = 0.0) -> Found:
        """`more than 5 orders`."""
        if isinstance(compare.value, int) and compare.unit != "percent":
            yield "Link", Link(rows, compare.operator, compare.value, is_plain=False), cost

    def counted_in_total(self, compare: Compare, rows: Rows) -> Found:
        """`at least 5 total orders`; of sales or payments rather what they amount to is meant."""
        if not amount_of(self.graph.table(rows.table)) or not _AMOUNTS & set(singular_words(rows.table)):
            yield from self.counted_rows(compare, rows)

    def rows_claim(self, rows: Rows, claim: Claim) -> Found:
        """`customers in Germany`; of "customers who ordered in May" the month is never the customers'."""
        found = self.claimed(rows, claim)
        is_far = any(isinstance(part, Exists) for part in parts(rows.where))
        if found and not (is_far and is_time(claim)):
            # "The Eastfield depot" is called so, before it is in a place of that name.
            of = claim.predicate if isinstance(claim, Condition) and claim.table == rows.table else ()
            own = attributes(of)
            named = 0.2 if own and all(map(self._is_label, own)) else 0.0
            yield "Rows", found[0], found[1] + (0.4 if is_far else 0.05) - named

    def undone_at(self, did: Columns, rows: Rows) -> Found:
        """`unshipped orders`."""
        for _, condition, cost in self.not_done(did):
            if isinstance(condition, Condition):
                for kind, found, more in self.rows_claim(rows, condition):
                    yield kind, found, cost + more


_AMOUNTS = frozenset(
    """sale payment spend spending revenue expense cost fee donation deposit refund charge income""".split()
)


def _is_origin(column: str) -> bool:
    """Whether a column says where somebody is from, and not where anything is."""
    return bool(_ORIGIN & set(singular_words(column)))


_ORIGIN = {"nationality", "citizenship", "origin", "ethnicity", "birthplace", "birthcountry", "hometown"}


def is_time(claim: Claim) -> bool:
    """Whether a claim is, or denies, nothing but a time."""
    return isinstance(claim.of if isinstance(claim, Opposite) else claim, Period | Recurring)


def category_of(claim: Claim) -> str:
    if isinstance(claim, Condition):
        return "Cond"
    if isinstance(claim, Link):
        return "Link"
    return "Claim" if isinstance(claim, Claims | Opposite | Recurring) else "Time"
