"""Noun phrases: rows, their columns, and what is claimed of them beside them."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.grounding.verbs import EMPTY
from aidbt.semantic.english.meanings.chart import LiftRule, Rule
from aidbt.semantic.english.meanings.number_phrases import Number
from aidbt.semantic.english.meanings.phrases import Columns, Compare, Found, Link, Recurring, Rows
from aidbt.semantic.english.row_rules.noun_claims import PLACES, category_of
from aidbt.semantic.english.row_rules.noun_columns import NounColumns
from aidbt.semantic.query import Extreme, Measure, both

CLAIMS = "Cond Link Claim Time"
"""Categories of what can be claimed of rows."""
Superlative = tuple[Columns, bool]


class NounRules(NounColumns):
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
        rule("CmpNum", "Agg", lambda compare, function: [("CmpTotal", compare, 0.0)] * (function == "sum"))
        rule("CmpTotal", "Rows", self.counted_in_total)
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
        rule("Cond", "Stranded", lambda condition, how: self.of_others(condition) if how in PLACES else [])
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
        lift("WhoClaim", lambda claim: [(category_of(claim), claim, 0.6)])
        rule("Verb", "Time", lambda _, period: [("Time", period, 0.1)])
        rule("Prep", "Time", lambda how, period: [("Time", period, 0.0)] if how != "as" else [])

    def extreme(self, superlative: Superlative, rows: Rows) -> Found:
        """`the most expensive product`, as one that other things are said of."""
        columns, is_descending = superlative
        if columns.terms[0].table == rows.table:
            found = Extreme(columns.terms[0], "max" if is_descending else "min", rows.where)
            yield "SupRows", replace(rows, where=both(rows.where, found)), 0.0

    def _lasts(self, rows: Rows) -> bool:
        """Whether rows never end: "currently without a club", where no club was one only until some day."""
        columns = self.graph.table(rows.table).columns
        return not any(column.kind in ("time", "date") and column.nullable for column in columns)

    def new_rows(self, _: object, rows: Rows) -> Found:
        """`new customers`, in a time that is spoken of: those that came to be in it."""
        time = rows.time or self.origin_of(rows.table)
        if time is not None:
            yield "Rows", replace(rows, time=time), 0.1

    def events_of(self, rows: Rows, number: Number) -> Found:
        """`customer registrations`, as many as there are."""
        if rows == Rows(number.table) and _is_event(number):
            yield "Number", number, -0.3


def _is_event(number: Number) -> bool:
    """Whether a number is of rows by a time that was named: of hires, and of registrations."""
    return isinstance(number.term, Measure) and number.term.at is not None
