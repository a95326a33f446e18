"""Noun phrases: rows, their columns, and what is claimed of them beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidbt.core.words import singular_words
from aidbt.semantic.english.grounding.verbs import EMPTY
from aidbt.semantic.english.meanings.chart import LiftRule, Rule
from aidbt.semantic.english.meanings.number_phrases import Number
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
    Texts,
)
from aidbt.semantic.english.meanings.same_rows import is_contradiction
from aidbt.semantic.english.row_rules.conditions import YEARS, How, Likes
from aidbt.semantic.english.row_rules.lengths import LengthRules
from aidbt.semantic.english.words.additive import is_extra
from aidbt.semantic.english.words.periods import Period
from aidbt.semantic.graph import Relationship
from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Comparison,
    Exists,
    Extreme,
    Matches,
    Measure,
    Missing,
    Not,
    Predicate,
    Value,
    attributes,
    both,
    parts,
)

CLAIMS = "Cond Link Claim Time"
"""Categories of what can be claimed of rows."""
_PLACES = ("by", "in", "to", "from", "at", "on", "under")
_LAST_NAMES = {("last", "name"), ("lname",), ("surname",), ("family", "name")}
_NUMBERS = {"number", "num", "no", "nr", "code", "seq", "sequence"}
_BARE_NAMES = {"name", "title"}
Superlative = tuple[Columns, bool]


class NounRules(LengthRules):
    """How noun phrases are put together, over one graph."""

    def noun_rules(self, rule: Rule, lift: LiftRule) -> None:
        """Add the rules of noun phrases."""
        rule("Rows", CLAIMS, self.rows_claim)
        rule("Cond", "Rows", lambda claim, rows: self.rows_claim(rows, claim))
        rule("Claim", "Rows", lambda c, rows: self.rows_claim(rows, c) if isinstance(c, Recurring) else [])
        rule("Rows", "Texts Names", self.rows_texts)
        rule("Rows", "LikeText", self.rows_like)
        rule("Undone", "Rows", lambda link, rows: self.rows_claim(rows, link))
        rule("Is", "Undone", lambda _, link: [("Link", link, 0.0)])
        rule("UndoneAt", "Rows", self.undone_at)
        rule("Is", "UndoneAt", lambda _, did: self.not_done(did))
        rule("Rows", "NameOf", self.rows_name)
        rule("Rows", "Num", self.rows_number)
        rule("Col", "NameOf", self.column_name)
        rule("NameOf", "JCol", lambda _, columns: [("NameCols", columns, 0.0)])
        rule("Poss", "NameOf", lambda _, how: [("NameOf", how, 0.0)])
        rule("And Comma", "NameOf", lambda _, how: [("JNameOf", how, 0.05)])
        rule("Col", "JNameOf", self.name_too)
        rule("NameCols", "Link", self.names_of)
        rule("NameOf", "Link", self.name_of_rows)
        rule("Rows", "Col", self.rows_column)
        rule("Col", "Did", self.column_did)
        rule("Is", "DoneCol", lambda _, done: [("DoneCol", done, 0.0)])
        rule("Col", "DoneCol", self.column_done)
        rule("Col", "Link", self.column_of)
        rule("Col", CLAIMS, self.column_claim)
        rule("Col", "JCol", self.columns)
        rule("And Comma", "Col", lambda _, columns: [("JCol", columns, 0.05)])
        rule("SupCol", "Rows", self.extreme)
        rule("Sup", "Rated", lambda is_descending, columns: [("SupCol", (columns, bool(is_descending)), 0.0)])
        rule("Now Still", "Cond", lambda _, condition: [("Cond", condition, 0.0)])
        rule("Now Still", "Link", lambda _, link: [("Link", link, 0.0)] if self._lasts(link.rows) else [])
        rule("Now Still", "Number", lambda _, number: [("Number", number, 0.1)])
        rule("Cond", "Now", lambda condition, _: [("Cond", condition, 0.0)])
        self._link_rules(rule)
        self._told_rules(rule, lift)

    def _link_rules(self, rule: Rule) -> None:
        """Rows that others are related to."""
        rule("Using", "Rows", lambda _, rows: [("Link", Link(rows), 0.1)])
        rule("Rel", "Has", lambda *_: [("RelHas", None, 0.0)])
        rule("RelHas", "Rows", lambda _, rows: [("Link", Link(rows), 0.1)])
        rule("Verb Owning", "Rows", lambda _, rows: [("Link", Link(rows), 0.05)])
        rule("Whose", "Rows", self.whose_rows)
        rule("Prep", "Rows", self.of_rows)
        rule("Prep Verb Agent", "SupRows", lambda _, rows: [("Link", Link(rows), -0.8)])
        rule("Agent", "Rows", lambda _, rows: [("Link", Link(rows), -0.5)])
        rule("Agent", "Texts", self.by_name)
        rule("Prep", "Texts", lambda how, texts: self.by_name(how, texts) if how == "by" else [])
        rule("Texts", "Verb Stranded", lambda texts, _: [("NamedVerb", texts, 0.0)])
        rule("Is Rel", "NamedVerb", self.by_another)
        rule("Is", "Rows", lambda _, rows: [("Inverted", rows, 0.0)])
        rule("Inverted", "Verb Stranded", lambda rows, _: [("Link", Link(rows), 0.1)])
        rule("Rows", "Verb Stranded", lambda rows, _: [("RowsVerb", rows, 0.0)])
        rule("Is", "RowsVerb", lambda _, rows: [("RowsVerb", rows, 0.0)])
        rule("InWhich", "RowsVerb", lambda _, rows: [("Link", Link(rows), 0.1)])
        rule("And Or", "Rows", lambda how, rows: [("JRows", (how, rows), 0.0)])
        rule("Link", "JRows", self.linked_too)
        rule("CmpNum", "Rows OfWhole", self.counted_rows)
        rule("Num", "Rows", lambda count, rows: self.counted_rows(Compare("=", count), rows, 0.3))
        rule("Neg No", "Rows", lambda _, rows: [("Link", Link(rows, "=", 0, is_plain=False), 0.2)])
        rule("Neg", "Link", self.no_link)
        rule("CmpNum", "RowsVerb", self.counted_rows)
        rule("Neg No", "RowsVerb", lambda _, rows: [("Link", Link(rows, "=", 0, is_plain=False), 0.2)])
        rule("Owning", "RowsVerb", lambda _, rows: [("Link", Link(rows), 0.1)])
        rule("Cond", "Excluded", lambda condition, _: self.opposite(condition))
        rule("Rows", "Excluded", lambda rows, _: [("Link", Link(rows, "=", 0, is_plain=False), -0.2)])
        rule("Verb", "Them", lambda verb, _: [("VerbThem", verb, 0.0)])
        rule("Number", "VerbThem", lambda number, _: [("Number", number, 0.3)])
        rule("Prep", "Things", lambda how, rows: [("Link", Link(rows), 0.3)] if how == "of" else [])
        rule("Is", "Things", lambda _, rows: [("Link", Link(rows), 0.3)])
        rule("Those", "Rows", lambda _, rows: [("Rows", rows, 0.2)])
        rule("Those", "Cond", lambda _, condition: [("Cond", condition, 0.2)])
        rule("Regardless", "Col", lambda *_: [("Fill", None, -0.5)])
        rule("New", "Rows", self.new_rows)
        rule("New", "Number", lambda _, number: [("Number", number, 0.1)] if _is_event(number) else [])
        rule("Rows", "Number", self.events_of)
        rule("Val", "Link", self.done_so_many)

    def _told_rules(self, rule: Rule, lift: LiftRule) -> None:
        """Claims after prepositions and verbs that only relate."""
        rule("Verb", "Prep", lambda _, how: [("Agent" if how == "by" else "Stranded", how, 0.0)])
        rule("Weak", "Prep", lambda _, how: [("Agent", how, 0.0)] if how in ("by", "with", "through") else [])
        rule("Agent Verb", "Cond", lambda _, condition: self.of_others(condition))
        rule("Val", "Verb", lambda condition, _: self.of_others(condition))
        rule("Cond", "Verb", lambda condition, verb: self.of_others(condition) if verb == EMPTY else [])
        rule("Cond", "Stranded", lambda condition, how: self.of_others(condition) if how in _PLACES else [])
        rule("Prep", "Cond", self.told_by)
        rule("Owning", "Cond", self.keep_right)
        rule("Whose", "Cond Claim", self.of_whose)
        rule("NameOf", "LikeText", lambda how, like: [("NameLike", (how, ("or", (like,))), 0.0)])
        rule("NameOf", "LikeTexts", lambda how, likes: [("NameLike", (how, likes), 0.0)])
        rule("TextIn", "Fill", lambda texts, _: [("TextIn", texts, 0.0)])
        rule("TextIn", "NameOf", lambda part, how: [("NameLike", (how, ("or", (("contains", part),))), 0.0)])
        rule("ValIn", "NameOf", self.value_in_name)
        rule("Owning Whose Prep", "NameLike", lambda _, named: [("WhoseLike", named, 0.0)])
        rule("Rows", "WhoseLike", self.rows_named_like)
        rule("Prep Owning Verb", "Link Claim", self.keep_right)
        rule("Whose", "Link", self.keep_right)
        rule("Rel", "Cond Link Claim", self.of_whom)
        rule("Rows", "WhoClaim", self.people_claim)
        lift("WhoClaim", lambda claim: [(_category(claim), claim, 0.6)])
        rule("Verb", "Time", lambda _, period: [("Time", period, 0.1)])
        rule("Prep", "Time", lambda how, period: [("Time", period, 0.0)] if how != "as" else [])

    # --- claims beside them ---------------------------------------------------------------------------------

    def keep_right(self, _: object, claim: Claim) -> Found:
        yield _category(claim), claim, 0.1

    def of_whose(self, _: object, claim: Claim) -> Found:
        """`whose country is Spain`; "members whose name starts with M" are not those of plans called so."""
        yield _category(claim), self._of_own_name(claim), 0.1

    def _of_own_name(self, claim: Claim) -> Claim:
        """A claim whose conditions on a name are of the rows' own."""
        if isinstance(claim, Claims):
            return replace(claim, parts=tuple(map(self._of_own_name, claim.parts)))
        if not isinstance(claim, Condition):
            return claim
        terms = attributes(claim.predicate)
        return replace(claim, is_own=True) if any(map(self._is_label, terms)) else claim

    def rows_named_like(self, rows: Rows, named: tuple[str, Likes]) -> Found:
        """`members whose name starts with M or ends with "son"`; the title of somebody is no name."""
        names, (how, likes) = self.names(rows.table), named
        if len(names) == 1 and not (how == "title" and rows.table in self.people):
            for _, condition, cost in self.like_all(Columns(names), likes):
                if isinstance(condition, Condition):
                    # Of "who work for a company whose name contains" it is the company's.
                    far = 0.4 if any(isinstance(part, Exists) for part in parts(rows.where)) else 0.0
                    claimed = self.rows_claim(rows, condition)
                    yield from ((kind, found, cost + far) for kind, found, _ in claimed)

    def value_in_name(self, value: Condition, how: str) -> Found:
        """`with chicken in their name`: the value is one of a name, or a part of it."""
        terms = attributes(value.predicate)
        if all(singular_words(term.column)[-1] == how or self._is_label(term) for term in terms):
            yield "Val", value, -0.5

    def _is_label(self, term: Attribute) -> bool:
        return term.column == self.graph.table(term.table).label

    def of_whom(self, who: str | None, claim: Claim) -> Found:
        """`who ordered`, of people rather than of other rows that are nearer."""
        yield "WhoClaim" if who else _category(claim), claim, 0.1

    def people_claim(self, rows: Rows, claim: Claim) -> Found:
        """`customers who ordered`."""
        if rows.table in self.people:
            yield from self.rows_claim(rows, claim)

    def told_by(self, how: str, condition: Condition) -> Found:
        """`from Germany`; of "employees in Ada" Ada is no employee that is looked for."""
        if how in ("in", "at") and any(_is_origin(term.column) for term in attributes(condition.predicate)):
            return  # "a hotel in Denmark" says nothing of who is a citizen of it
        yield from self.of_others(condition) if how in _PLACES else self.keep_right(how, condition)

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

    # --- rows -----------------------------------------------------------------------------------------------

    def label(self, table: str) -> tuple[Attribute, ...]:
        """The columns that people know rows of a table by: the key, and the name when there is one."""
        key = next(iter(self.graph.table(table).keys), ())
        keys = tuple(Attribute(table, name) for name in key)
        names = self.names(table)
        return tuple(dict.fromkeys((*keys, *names))) if len(key) <= 1 else names or keys

    def names(self, table: str) -> tuple[Attribute, ...]:
        """The name of rows of a table, of people the last name too; () for none."""
        found = self.graph.table(table)
        if not found.label:
            return ()
        is_first = singular_words(found.label)[:1] in (("first",), ("fname",))
        last = [c.name for c in found.columns if is_first and singular_words(c.name) in _LAST_NAMES]
        return tuple(Attribute(table, name) for name in (found.label, *last[:1]))

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

    def rows_texts(self, rows: Rows, texts: Texts) -> Found:
        """`customers "Alfa" and "Beta"`."""
        names = self.names(rows.table)
        if names and not any(isinstance(part, Exists) for part in parts(rows.where)):
            named = tuple(is_named(names, text) for text in texts)
            where = both(rows.where, named[0] if len(named) == 1 else AnyOf(named))
            # Behind "students in the course" a name is the course's.
            yield "Rows", replace(rows, where=where), 0.3 if rows.where is None else 0.6

    def by_name(self, _: object, texts: Texts) -> Found:
        """`taught by Ann Lee`: somebody whose name is kept from the index."""
        for table in self.people:
            names = self.names(table)
            if names and self.column(names[0]).is_pii and len(texts) == 1 and " " in texts[0]:
                yield "Link", Link(Rows(table, is_named(names, texts[0]))), 0.0

    def by_another(self, _: object, texts: Texts) -> Found:
        """`that Ann Lee teaches`: somebody else than who is asked for."""
        for _, link, cost in self.by_name(None, texts):
            if isinstance(link, Link) and link.rows.where is not None:
                yield "Cond", Condition(link.rows.table, link.rows.where, is_other=True), cost + 0.1
                yield "Link", replace(link, is_act=True), cost + 0.2

    def rows_number(self, rows: Rows, number: float) -> Found:
        """`order 1003`: by its key, where it has no other number; not of "order in room 3"."""
        found = self.graph.table(rows.table)
        key = next(iter(found.keys), ())
        numbered = [c for c in found.columns if singular_words(c.name)[-1] in _NUMBERS and c.name not in key]
        is_number = len(key) == 1 and found.column(key[0]).kind == "number" and number not in YEARS
        if rows.where is None and is_number and not numbered:
            of_key = Comparison("=", Attribute(rows.table, key[0]), Value(number))
            yield "Rows", replace(rows, where=both(rows.where, of_key)), 0.4

    def rows_like(self, rows: Rows, like: tuple[How, Texts]) -> Found:
        """`products starting with C`: by their name."""
        label = self.graph.table(rows.table).label
        # "Who have an e-mail ending in .com": it is the e-mail that does.
        denied = [one.predicate for one in parts(rows.where) if isinstance(one, Not)]
        owned = [one.term for one in denied if isinstance(one, Missing)]
        is_of_other = any(isinstance(a, Attribute) and self.column(a).kind == "text" for a in owned)
        if label and not is_of_other:
            for condition in self.likes(Attribute(rows.table, label), like):
                yield from self.rows_claim(rows, condition)

    def extreme(self, superlative: Superlative, rows: Rows) -> Found:
        """`the most expensive product`, as one that other things are said of."""
        columns, is_descending = superlative
        if columns.terms[0].table == rows.table:
            found = Extreme(columns.terms[0], "max" if is_descending else "min", rows.where)
            yield "SupRows", replace(rows, where=both(rows.where, found)), 0.0

    # --- columns --------------------------------------------------------------------------------------------

    def rows_name(self, rows: Rows, how: str) -> Found:
        """`customer name`."""
        label = self.graph.table(rows.table).label
        if label and not (how == "title" and rows.table in self.people):
            cost = 0.0 if rows.where is None else 0.6
            yield "Col", Columns(self.names(rows.table), rows), cost

    def column_name(self, columns: Columns, how: str) -> Found:
        """`country name`: the column itself, where it is text; the name of a carrier is that of the row that
        its code refers to, and no code.
        """
        term = columns.terms[-1]
        target = self._referred(term)
        if target is not None:
            names = tuple(replace(name, via=(*term.via, target.name)) for name in self.names(target.target))
            if names and how == "name" and len(columns.terms) == 1:
                yield "Col", Columns(names, columns.rows), -0.1
        elif self.column(term).kind == "text" and not self._is_code(term):
            yield "Col", columns, -0.1

    def name_too(self, columns: Columns, how: str) -> Found:
        """`restaurant id and its name`: what the same row is called, whatever that column's name is."""
        table = columns.terms[-1].table
        names = tuple(name for name in self.names(table) if name not in columns.terms)
        if names and columns.rows is None and not (how == "title" and table in self.people):
            yield "Col", Columns((*columns.terms, *names)), 0.0

    def _referred(self, term: Attribute) -> Relationship | None:
        """The relationship of a column that refers to other rows by itself; None for others."""
        found = [
            relationship
            for relationship in self.graph.relationships
            if (relationship.source, relationship.source_columns) == (term.table, (term.column,))
        ]
        return found[0] if found else None

    def _is_code(self, term: Attribute) -> bool:
        """Whether a column is told to be no name: it is called a code, or is a key beside a name."""
        table = self.graph.table(term.table)
        is_key = (term.column,) in table.keys[:1] and table.label not in ("", term.column)
        return is_key or singular_words(term.column)[-1:] in (("code",), ("id",), ("number",), ("key",))

    def rows_column(self, rows: Rows, columns: Columns) -> Found:
        """`restaurant's rating`: the table before its column; what "shops in Berlin" have that is another
        table's is no column of theirs.
        """
        is_own = rows.where is None or columns.terms[0].table == rows.table
        if len(columns.terms) == 1 and columns.rows is None and is_own:
            cost = self._column_cost(rows, columns)
            if cost is not None:
                yield "Col", Columns(columns.terms, rows), cost + (0.1 if rows.where is None else 0.6)

    def column_of(self, columns: Columns, link: Link) -> Found:
        """`names of the restaurants in …`, after the preposition."""
        if columns.rows is None and link.is_plain and not link.is_act:
            cost = self._column_cost(link.rows, columns)
            if cost is not None:
                yield "Col", Columns(columns.terms, link.rows), cost

    def names_of(self, columns: Columns, link: Link) -> Found:
        """`names and emails of part-time teachers`: what rows are called, beside columns of their own."""
        names = self.names(link.rows.table)
        is_own = all(term.table == link.rows.table for term in columns.terms)
        if names and is_own and columns.rows is None and link.is_plain and not link.is_act:
            yield "Col", Columns((*names, *columns.terms), link.rows), 0.1

    def name_of_rows(self, how: str, link: Link) -> Found:
        """`names of all captains`: what they are called, whatever that column's name is."""
        names, is_title = self.names(link.rows.table), how == "title" and link.rows.table in self.people
        if names and link.is_plain and not link.is_act and not is_title:
            yield "Col", Columns(names, link.rows), -0.1

    def _lasts(self, rows: Rows) -> bool:
        """Whether rows never end: "currently without a club", where no club was one only until some day."""
        columns = self.graph.table(rows.table).columns
        return not any(column.kind in ("time", "date") and column.nullable for column in columns)

    def column_did(self, columns: Columns, did: Columns) -> Found:
        """`hours logged`, in a time that follows: of rows seen at the time when that was done."""
        when, own = did.terms[0], columns.terms[0]
        if columns.rows is None and len(columns.terms) == 1 and own.table == when.table and own != when:
            done = Not(Missing(when)) if self.column(when).nullable else None
            yield "Col", replace(columns, rows=Rows(own.table, done, when)), 0.1

    def column_done(self, columns: Columns, done: Columns) -> Found:
        """`the tickets that were sold`, as many as `tickets_sold` says."""
        if columns.terms == done.terms:
            yield "Col", columns, -0.4

    def new_rows(self, _: object, rows: Rows) -> Found:
        """`new customers`, in a time that is spoken of: those that came to be in it."""
        time = rows.time or self.origin_of(rows.table)
        if time is not None:
            yield "Rows", replace(rows, time=time), 0.1

    def events_of(self, rows: Rows, number: Number) -> Found:
        """`customer registrations`, as many as there are."""
        if rows == Rows(number.table) and _is_event(number):
            yield "Number", number, -0.3

    def _column_cost(self, rows: Rows, columns: Columns) -> float | None:
        """What it costs that columns are said of rows; None of those that have one so called themselves."""
        own = [term for term in columns.alike if term.table == rows.table]
        if own and not any(term in own for term in columns.terms):
            return None
        if any(self._is_others_name(rows.table, term) for term in columns.terms):
            return None
        if self._is_anothers(rows.table, columns):
            return None
        costs = [self.distance(rows.table, term.table) for term in columns.terms]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if len(known) == len(costs) else None

    def _is_anothers(self, table: str, columns: Columns) -> bool:
        """Whether rows of a table have a column of that very name too: the ids of learners are their own, and
        not those of what they viewed.
        """
        is_own = any(other.table == table and not other.via for other in columns.alike)
        return is_own and columns.terms[0].table != table

    def _is_others_name(self, table: str, term: Attribute) -> bool:
        """Whether a column is called just "name", or "title", and rows of another table have a name too: of
        "names of the teachers" no instrument's name is meant.
        """
        is_bare = term.column.lower() in _BARE_NAMES
        return is_bare and term.table != table and not term.via and bool(self.graph.table(table).label)

    def takes_away(self, of: object, claim: Claim) -> bool:
        """Whether a claim behind an amount says what is not in it: "the total amount without tax" is no
        amount of rows that are free of tax.
        """
        if not isinstance(claim, Condition) or not isinstance(of, Attribute):
            return False
        compared = [part for part in parts(claim.predicate) if isinstance(part, Comparison)]
        is_none = any(comparison.right == Value(0) for comparison in compared)
        columns = attributes(claim.predicate)
        is_other = columns != [of] and {column.table for column in columns} == {of.table}
        return is_none and is_other and all(is_extra(column.column) for column in columns)

    def column_claim(self, columns: Columns, claim: Claim) -> Found:
        """`prices of Drinks`."""
        if columns.rows is None and self.takes_away(columns.terms[0], claim):
            return
        rows = columns.rows or Rows(columns.terms[0].table)
        if columns.rows is None and isinstance(claim, Link) and self._is_anothers(claim.rows.table, columns):
            return
        if isinstance(claim, Link) and claim.is_act and claim.rows == Rows(rows.table):
            return  # "shipped orders" are no column that somebody orders
        found = self.claimed(rows, claim)
        if found and not (columns.rows is None and isinstance(claim, Link) and self._refers(columns)):
            yield "Col", replace(columns, rows=found[0]), found[1] + 0.2

    def _refers(self, columns: Columns) -> bool:
        """Whether a column stands for rows of another table: of "airports with flights" those are meant."""
        places = {(r.source, column) for r in self.graph.relationships for column in r.source_columns}
        return any((term.table, term.column) in places for term in columns.terms)

    def _are_more(self, rows: Rows, one: Columns, other: Columns) -> bool:
        """Whether columns are other ones of the same rows, and do not say of which: "and are active"."""
        is_own = all(term.table == rows.table and not term.via for term in other.terms)
        is_flag = any(self.column(term).kind == "bool" for term in other.terms)
        return is_own and not is_flag and not set(one.terms) & set(other.terms)

    def columns(self, one: Columns, other: Columns) -> Found:
        """`name and city`, of the same table where both may be."""
        other = _of_table(other, one.terms[-1].table)
        one = _of_table(one, other.terms[0].table) if one.rows is None else one
        if one.rows is None and other.rows is None and not set(one.terms) & set(other.terms):
            cost = self.distance(one.terms[0].table, other.terms[-1].table)
            if cost is not None:
                yield "Col", Columns((*one.terms, *other.terms)), cost + 0.1
        elif one.rows is not None and other.rows is None and self._are_more(one.rows, one, other):
            # "names of the sites and their number of beds"
            yield "Col", Columns((*one.terms, *other.terms), one.rows), 0.2


def _of_table(columns: Columns, table: str) -> Columns:
    """A column as that of a table, where its words may mean one of its columns too."""
    own = [term for term in columns.alike if term.table == table]
    is_others = len(columns.terms) == 1 and columns.terms[0].table != table
    return replace(columns, terms=(own[0],)) if is_others and own else columns


def _is_origin(column: str) -> bool:
    """Whether a column says where somebody is from, and not where anything is."""
    return bool(_ORIGIN & set(singular_words(column)))


_ORIGIN = {"nationality", "citizenship", "origin", "ethnicity", "birthplace", "birthcountry", "hometown"}


def is_named(names: Sequence[Attribute], text: str) -> Predicate:
    """That a name is a text; of a first and a last name, both or either is."""
    if len(names) == 1:
        return Matches(names[0], "is", text)
    first, _, last = text.partition(" ")
    if last:
        return All((Matches(names[0], "is", first), Matches(names[1], "is", last)))
    return AnyOf((Matches(names[0], "is", text), Matches(names[1], "is", text)))


def _is_event(number: Number) -> bool:
    """Whether a number is of rows by a time that was named: of hires, and of registrations."""
    return isinstance(number.term, Measure) and number.term.at is not None


def is_time(claim: Claim) -> bool:
    """Whether a claim is, or denies, nothing but a time."""
    return isinstance(claim.of if isinstance(claim, Opposite) else claim, Period | Recurring)


def _category(claim: Claim) -> str:
    if isinstance(claim, Condition):
        return "Cond"
    if isinstance(claim, Link):
        return "Link"
    return "Claim" if isinstance(claim, Claims | Opposite | Recurring) else "Time"
