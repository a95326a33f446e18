"""What rows are called: `the names of the captains`, `customers "Alfa" and "Beta"`, `order 1003`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidbt.core.words import singular_words
from aidbt.semantic.english.meanings.phrases import Columns, Condition, Found, Link, Rows, Texts
from aidbt.semantic.english.row_rules.noun_claims import NounClaims
from aidbt.semantic.english.row_rules.number_conditions import YEARS
from aidbt.semantic.english.row_rules.text_conditions import How, Likes
from aidbt.semantic.graph import Relationship
from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Comparison,
    Exists,
    Matches,
    Missing,
    Not,
    Predicate,
    Value,
    attributes,
    both,
    parts,
)

_LAST_NAMES = {("last", "name"), ("lname",), ("surname",), ("family", "name")}
_NUMBERS = {"number", "num", "no", "nr", "code", "seq", "sequence"}


class NounNames(NounClaims):
    """Names of rows, and rows by their names, over one graph."""

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
        if all(singular_words(term.column)[-1:] == (how,) or self._is_label(term) for term in terms):
            yield "Val", value, -0.5

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
        others = [column.name for column in found.columns if column.name not in key]
        numbered = [name for name in others if _NUMBERS & set(singular_words(name)[-1:])]
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


def is_named(names: Sequence[Attribute], text: str) -> Predicate:
    """That a name is a text; of a first and a last name, both or either is."""
    if len(names) == 1:
        return Matches(names[0], "is", text)
    first, _, last = text.partition(" ")
    if last:
        return All((Matches(names[0], "is", first), Matches(names[1], "is", last)))
    return AnyOf((Matches(names[0], "is", text), Matches(names[1], "is", text)))
