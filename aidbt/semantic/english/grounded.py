"""A sentence's words as phrases of the data, of time, and of the closed list, each where it stands."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from aidbt.core.words import words_of
from aidbt.semantic.english.chart import Item
from aidbt.semantic.english.dimensions import Dimension, dimensions, year_begun
from aidbt.semantic.english.lexicon import (
    ColumnName,
    Defined,
    Lexicon,
    Literal,
    Meaning,
    MetricName,
    RoleName,
    TableName,
    Trait,
    ValueName,
)
from aidbt.semantic.english.number_phrases import Group, Number
from aidbt.semantic.english.periods import period_at
from aidbt.semantic.english.phrases import Columns, Condition, Link, Recurring, Role, Rows, Span
from aidbt.semantic.english.tokens import Token, lemma
from aidbt.semantic.english.units import unit_of, whole
from aidbt.semantic.english.verbs import VerbsOf
from aidbt.semantic.english.words import entries_at
from aidbt.semantic.query import Attribute, Grain, MetricRef, OneOf, TimePoint, Value, attributes

# A phrase of several words says more than its words one by one.
_LONGER = 1.1
# Words before a group, of which "by finished" is one and "is finished" is none.
_GROUPING = {"by", "per", "and"}
_PREPOSITIONS = {"in", "by", "from", "to", "with", "on", "at", "for", "into", "via"}
# What a value says less that is also the verb of what follows.
_VERB_OF = 0.8
_DEGREES = {
    "most": ("superlative", True),
    "least": ("superlative", False),
    "more": ("comparative", True),
    "less": ("comparative", False),
}
_SHORTEST_VERB = 5
# What an adjective says more of a table that the sentence names: with many tables others would crowd it out.
_NAMED = 0.02
# "Shipped later than" is said of the verb's time, not of the row's.
_THAN_TIMES = {"later", "earlier"}
# Words that begin the object of a verb: of "failed a quiz" nothing is "failed" itself.
_BEFORE_OBJECTS = {"a", "an", "any", "some", "another", "every", "each", "their", "his", "her", "its"}
# What asks at the head of a sentence, and only relates behind a noun.
_ASKING = {"who", "whom", "which", "where", "when"}
_BEFORE_NOUNS = {"the", "a", "an", "on", "their", "its", "his", "her", "each", "every", "any", "no", "per"}
# Words of a column's name without which it is not said: flights that were late are not all of them.
_RESTRICTING = frozenset(
    """late early cancelled canceled returned refunded failed rejected lost missing unpaid overdue expired
    pending planned scheduled expected estimated projected budgeted target previous prior""".split()
)
# What follows "ordered" where it is the answer that is.
_SORTED = (["by"], ["alphabetically"], ["chronologically"], ["descending"], ["ascending"], ["from"])
# What a name weighs at least that is said as a whole.
_WHOLE = 0.8
# What a word says less for every other column that it may name.
_COMMON = 0.1
_SHORT_NUMBER = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<scale>[kKmM])")
_SCALES = {"k": 1_000, "m": 1_000_000}
_SIGNS = "$€£%"


class Grounded:
    """What words may mean under one lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.verbs = VerbsOf(lexicon)
        self.people = [t.name for t in lexicon.graph.tables if lexicon.is_person(t.name)]

    def items(self, sentence: Sequence[Token]) -> Iterator[Item]:
        """Every phrase of one meaning."""
        texts = [token.text.lower() for token in sentence]
        for start, token in enumerate(sentence):
            yield from self._names(sentence, texts, start)
            yield from self._denied(texts, start)
            if token.kind == "quoted":
                yield Item("Quo", token.text, start, start + 1, 1.0)
            yield from _numbers(token, start)
            period = period_at(sentence, start)
            if period and not _is_doubtful(texts, start, period.length):
                yield Item("Time", period, start, start + period.length, 1.1 * period.length**_LONGER)
            for length, category, verb, weight in self.verbs.at(texts, start):
                is_noun = category == "Did" and (length > 1 and self._is_owner(sentence[start], verb))
                if category != "Did" or not (is_noun or self._is_noun(sentence, start)):
                    yield Item(category, verb, start, start + length, weight * length**_LONGER)
            yield from _one_unit(sentence, start)
            yield from self._adjectives(texts, start, self._tables_named(sentence))
            yield from self._closed(sentence, start)

    def _names(self, sentence: Sequence[Token], texts: Sequence[str], start: int) -> Iterator[Item]:
        """Phrases of the data."""
        for length, meanings in self.lexicon.found(sentence, start):
            columns = [m for m in meanings if isinstance(m, ColumnName) and m.weight > 0.7]
            alike = tuple(Attribute(m.table, m.column) for m in columns)
            for meaning in meanings:
                end = start + length
                if self._is_out_of_place(meaning, meanings, texts[start:end], texts[:start], texts[end:]):
                    yield from self._as_verb(meaning, texts[start:end], start)
                    continue
                less = _COMMON * min(max(len(alike) - 1, 0), 4) if isinstance(meaning, ColumnName) else 0.0
                if isinstance(meaning, ValueName) and length == 1 and self._is_verb_of(texts, start):
                    less = _VERB_OF
                yield _item(meaning, start, length, (meaning.weight - less) * length**_LONGER, alike)
                if isinstance(meaning, Trait) and _is_feature(meaning):
                    held = Condition(meaning.table, meaning.predicate, is_own=True)
                    yield Item("Feature", held, start, start + length, meaning.weight * length)
                if isinstance(meaning, ColumnName) and length == 1 and self._is_done(meaning, texts[start]):
                    done = Columns((Attribute(meaning.table, meaning.column),))
                    yield Item("Did", done, start, start + 1, meaning.weight)
                if isinstance(meaning, ValueName | Trait) and length == 1 and texts[start].endswith("ed"):
                    yield from self._act(meaning, start)
                if isinstance(meaning, ValueName) and _is_plural(sentence[start + length - 1]):
                    yield from self._kind(meaning, start, length)

    def _denied(self, texts: Sequence[str], start: int) -> Iterator[Item]:
        """`unreviewed`, `uninsured`, `unadvised`: that what the rest of the word says has not been done."""
        word = texts[start].removeprefix("un").removeprefix("non")
        if len(word) < _SHORTEST_VERB or word == texts[start] or self.lexicon.meanings.get((texts[start],)):
            return
        if not word.endswith("ed"):
            return
        for _, category, verb, weight in self.verbs.at([word], 0):
            if category == "Act" and isinstance(verb, Rows) and verb.where is None:
                yield Item(
                    "Undone", Link(verb, "=", 0, is_plain=False, is_act=True), start, start + 1, weight
                )
            elif category == "Did" and isinstance(verb, Columns):
                yield Item("UndoneAt", verb, start, start + 1, weight)
            elif category == "RoleVerb" and isinstance(verb, Role):
                yield Item("UndoneBy", verb, start, start + 1, weight)

    def _act(self, meaning: ValueName | Trait, start: int) -> Iterator[Item]:
        """`dropped`, of a course: rows of that status are what was done."""
        held = _item(meaning, start, 1, 0.0).meaning
        if isinstance(held, Condition) and held.table not in self.people:
            yield Item("ActOf", Rows(held.table, held.predicate), start, start + 1, 0.7)

    def _as_verb(self, meaning: Meaning, said: Sequence[str], start: int) -> Iterator[Item]:
        """What a word means that is only the verb of what it would be else: "delayed by an hour"."""
        if isinstance(meaning, ColumnName) and self._is_mere_form(meaning, said):
            columns = Columns((Attribute(meaning.table, meaning.column),))
            yield Item("Sized", columns, start, start + 1, 0.7)
        if isinstance(meaning, ValueName | Trait) and len(said) == 1:
            yield from self._act(meaning, start)

    def _is_out_of_place(
        self,
        meaning: Meaning,
        others: Sequence[Meaning],
        said: Sequence[str],
        before: Sequence[str],
        following: Sequence[str],
    ) -> bool:
        """Whether words that may mean something are used otherwise here."""
        if isinstance(meaning, TableName) and meaning.table in self.verbs.told:
            return True
        if len(said) == 1 and self.verbs.is_linking(meaning):
            return any(kind == "Verb" for _, kind, _, _ in self.verbs.at(said, 0))
        if isinstance(meaning, ValueName | Trait) and len(said) == 1 and said[0].endswith("ed"):
            return bool(following) and following[0] in _BEFORE_OBJECTS
        if not isinstance(meaning, ColumnName):
            return False
        if said[-1] == "ordered" and list(following[:1]) in _SORTED:
            return True
        # "No" is short for a number nowhere but in names.
        if list(said) == ["no"]:
            return True
        omitted = set(words_of(meaning.column)) - {lemma(word) for word in said} - set(said)
        if omitted & _RESTRICTING:
            return True
        if meaning.weight < _WHOLE and any(isinstance(other, TableName) for other in others):
            return True  # "flights" are rows, and not the date of a flight elsewhere
        is_grouped = bool(_GROUPING & set(before[-2:]))
        return self._is_mere_form(meaning, said) or (_is_flag(meaning, others) and not is_grouped)

    def _is_mere_form(self, name: ColumnName, said: Sequence[str]) -> bool:
        """Whether a word is only a verb's form of what a column counts: "enrolled" of target_enrolment."""
        if len(said) != 1 or name in self.lexicon.meanings.get((lemma(said[0]),), ()):
            return False
        is_number = self.lexicon.graph.table(name.table).column(name.column).kind == "number"
        is_measured = any(kind in ("Rated", "Sized") for _, kind, _, _ in self.verbs.at(said, 0))
        is_participle = said[0].endswith(("ed", "ing")) and not name.column.lower().endswith("year")
        return is_number and (is_participle or is_measured)

    def _is_owner(self, token: Token, did: object) -> bool:
        """Whether a word names the rows whose time a phrase is: the verb of "hotels opened" is "opened"."""
        named = self.lexicon.meanings.get((token.lemma,), ())
        tables = {meaning.table for meaning in named if isinstance(meaning, TableName)}
        return isinstance(did, Columns) and did.terms[0].table in tables

    def _is_noun(self, sentence: Sequence[Token], start: int) -> bool:
        """Whether a word in its base form is the noun and not the verb: "on approved leave"."""
        text, before = sentence[start].text.lower(), sentence[start - 1] if start else None
        if before is None or text.endswith(("ed", "ing")) or sentence[start].lemma != text:
            return False
        named = self.lexicon.meanings.get((before.lemma,), ())
        return before.lemma in _BEFORE_NOUNS or any(isinstance(m, ValueName | Trait) for m in named)

    def _is_verb_of(self, texts: Sequence[str], start: int) -> bool:
        """Whether a word is the verb of what follows rather than a value: "enrolled in 7 courses"."""
        is_followed = bool(_PREPOSITIONS & set(texts[start + 1 : start + 2]))
        return is_followed and any(True for _ in self.verbs.at(texts, start))

    def _is_done(self, name: ColumnName, text: str) -> bool:
        """Whether a word is a participle of what a column says when it was done."""
        kind = self.lexicon.graph.table(name.table).column(name.column).kind
        return kind in ("time", "date") and text.endswith(("ed", "ing"))

    def _kind(self, value: ValueName, start: int, length: int) -> Iterator[Item]:
        """`contractors`: rows by what kind they are of; by their own name they are not one of a kind."""
        if value.column != self.lexicon.graph.table(value.table).label:
            attribute = Attribute(value.table, value.column)
            rows = Rows(value.table, OneOf(attribute, (Value(value.value),)))
            yield Item("Rows", rows, start, start + length, 0.6 * length)

    def _tables_named(self, sentence: Sequence[Token]) -> set[str]:
        """The tables that single words of a sentence name."""
        named = (self.lexicon.meanings.get((token.lemma,), ()) for token in sentence)
        return {meaning.table for found in named for meaning in found if isinstance(meaning, TableName)}

    def _adjectives(self, texts: Sequence[str], start: int, named: Collection[str]) -> Iterator[Item]:
        """`cheapest`, `most expensive`, `cheaper than`, beside every column that they may be said of."""
        word, following = texts[start], list(texts[start + 1 : start + 3])
        is_said = word in _DEGREES and bool(following)
        degree, is_more = _DEGREES[word] if is_said else ("", True)
        adjective, rest = (following[0], following[1:]) if is_said else (word, following)
        end = start + 1 + is_said
        for said, columns in self._dimensions(adjective):
            is_much = said.is_more == is_more
            wanted = said.degree if not is_said else degree if said.degree == "base" else ""
            weight = 0.9 * (end - start) ** _LONGER + _NAMED * (columns.terms[0].table in named)
            if wanted == "superlative":
                yield Item("SupCol", (columns, is_much), start, end, weight)
            elif wanted == "comparative" and rest[:1] == ["than"] and adjective not in _THAN_TIMES:
                yield Item("AdjCol", (columns, ">" if is_much else "<"), start, end + 1, weight + 0.9)

    def _dimensions(self, adjective: str) -> Iterator[tuple[Dimension, Columns]]:
        """What an adjective says, with the columns that hold it, of each table one at most.

        The oldest employee is so by birth, where that is known, and else the first to come.
        """
        tables: set[str] = set()
        for said in sorted(dimensions(adjective), key=lambda said: not said.nouns):
            for noun in said.nouns:
                for meaning in self.lexicon.meanings.get(noun, ()):
                    if isinstance(meaning, ColumnName) and meaning.table not in tables:
                        tables.add(meaning.table)
                        yield said, Columns((Attribute(meaning.table, meaning.column),))
            if not said.nouns:
                for table in self.lexicon.graph.tables:
                    # A year of beginning is no length of time that another could be older than.
                    begun = table.time or ("" if said.degree == "comparative" else year_begun(table))
                    if begun and table.name not in tables:
                        yield said, Columns((Attribute(table.name, begun),))

    def _is_named(self, category: str, sentence: Sequence[Token], start: int) -> bool:
        """Whether "title" is no name of something but a table of titles."""
        meanings = self.lexicon.meanings.get((sentence[start].lemma,), ())
        return category == "NameOf" and any(isinstance(meaning, TableName) for meaning in meanings)

    def _present(self, start: int, end: int) -> Iterator[Item]:
        """`still here`, `at the moment`: the rows that are current, where rows may have ended."""
        found = [m for m in self.lexicon.meanings.get(("current",), ()) if isinstance(m, Trait)]
        for meaning in found:
            held = Condition(meaning.table, meaning.predicate, is_own=True)
            yield Item("Cond", held, start, end, 0.8 * (end - start))

    def _is_flag_only(self, sentence: Sequence[Token], start: int) -> bool:
        """Whether "every superhost" speaks of rows by a flag of theirs: they are no groups of two kinds."""
        if start >= len(sentence) or sentence[start - 1].lemma not in ("each", "every", "per"):
            return False
        found = [meaning for _, meanings in self.lexicon.found(sentence, start) for meaning in meanings]
        return bool(found) and all(isinstance(meaning, Trait) for meaning in found)

    def _closed(self, sentence: Sequence[Token], start: int) -> Iterator[Item]:
        """Phrases of the closed list; what follows "starts with" may be a text without quotes."""
        for length, category, meaning in entries_at(sentence, start):
            if start == 0 and category == "Rel" and sentence[0].text.lower() in _ASKING:
                continue
            end, weight = start + length, 0.3 if category == "Fill" else 0.9
            if self._is_named(category, sentence, start) or _is_plural_top(category, sentence, end):
                continue
            is_verb = category == "Order" or (category, meaning) == ("Show", "list")
            if is_verb and length == 1 and _is_plural(sentence[start]):
                continue  # "orders" are no order to sort
            if category == "Each" and self._is_flag_only(sentence, end):
                continue
            if category == "Recurring":
                category, meaning = "Claim", Recurring(tuple(map(int, str(meaning))))
            yield Item(category, meaning, start, end, weight * length**1.05)
            if category == "Each" and sentence[end - 1].lemma == "the":
                yield from _each_of(sentence, start, end)
            if category == "Only" and (start == 0 or sentence[start - 1].kind == "mark"):
                yield Item("Fill", None, start, end, 0.3)
            if category in ("Present", "Now", "Still"):
                yield from self._present(start, end)
            if category in ("Who", "Somebody"):
                for table in self.people:
                    yield Item("Rows", Rows(table), start, end, 0.5 * length)
            if category == "Like" and end < len(sentence) and _may_be_text(sentence[end]):
                yield Item("Quo", sentence[end].text, end, end + 1, 0.6)


def _numbers(token: Token, start: int) -> Iterator[Item]:
    """`50`, `50k`, `$50`, `50%`; the name of a unit, but those of times, which are grains."""
    number = token.number
    if short := _SHORT_NUMBER.fullmatch(token.text):
        number = whole(float(short["number"]) * _SCALES[short["scale"].lower()])
    sign = next((sign for sign in _SIGNS if sign in token.text and token.kind == "number"), "")
    if number is not None and sign:
        yield Item("Sum", (number, unit_of(sign)), start, start + 1, 1.0)
    elif number is not None:
        yield Item("Num", number, start, start + 1, 1.0)
    elif token.lemma not in set(Grain) and (unit := unit_of(token.lemma)):
        yield Item("Unit", unit, start, start + 1, 0.9)


def _one_unit(sentence: Sequence[Token], start: int) -> Iterator[Item]:
    """`an hour`, `half a year`, as a length of time."""
    words = [token.lemma for token in sentence[start : start + 3]]
    count = 0.5 if words[:1] == ["half"] else 1
    rest = words[1:] if count < 1 else words
    if len(rest) > 1 and rest[0] in ("a", "an") and rest[1] in set(Grain):
        length = 3 if count < 1 else 2
        yield Item("Span", Span(count, Grain(rest[1])), start, start + length, 0.9 * length**_LONGER)


def _may_be_text(token: Token) -> bool:
    """Whether a word without quotes may be the text that a name is like, as no article is."""
    return token.kind == "word" and token.text not in ("the", "an", "any", "its", "their", "either", "at")


def _each_of(sentence: Sequence[Token], start: int, end: int) -> Iterator[Item]:
    """`in each of the`, before "last 8 weeks, without this one": by week, of the time that follows.

    Days that begin and end within a week, as in "the last 8 weeks" until now, would be in 9 of them.
    """
    period = period_at(sentence, end) if end < len(sentence) else None
    first = period.start if period else None
    if isinstance(first, TimePoint) and first.unit == first.cut_to and first.shift < -1:
        yield Item("Group", Group(grains=(first.unit,)), start, end, 1.0 * (end - start))


def _is_plural_top(category: str, sentence: Sequence[Token], end: int) -> bool:
    """Whether "first orders" are spoken of, of which it is not said how many: those of each, or one kind."""
    is_first = category == "Top" or (category == "TimeAgg" and sentence[end - 1].lemma in ("first", "last"))
    return is_first and end < len(sentence) and _is_plural(sentence[end])


def _is_feature(trait: Trait) -> bool:
    """Whether what holds of a row is that it has something: "no projector", of has_projector."""
    columns = attributes(trait.predicate)
    return len(columns) == 1 and words_of(columns[0].column)[0] == "has"


def _is_flag(name: ColumnName, meanings: Sequence[Meaning]) -> bool:
    """Whether the same words say that a column is true."""
    traits = [m.predicate for m in meanings if isinstance(m, Trait) and m.table == name.table]
    return any(term.column == name.column for trait in traits for term in attributes(trait))


def _is_doubtful(texts: Sequence[str], start: int, length: int) -> bool:
    """Whether a period may be the calendar's or one that ends now: "the last year"."""
    said = list(texts[max(start - 1, 0) : start + length])
    return "the" in said and said[said.index("the") :][1:2] == ["last"] and len(said) - said.index("the") == 3


def _is_plural(token: Token) -> bool:
    return token.kind == "word" and token.text.lower().endswith("s")


def _item(meaning: Meaning, start: int, length: int, score: float, alike: tuple[Attribute, ...] = ()) -> Item:
    end = start + length
    match meaning:
        case TableName():
            return Item("Rows", Rows(meaning.table), start, end, score)
        case ColumnName():
            columns = Columns((Attribute(meaning.table, meaning.column),), None, alike)
            return Item("Col", columns, start, end, score)
        case Trait():
            return Item("Cond", Condition(meaning.table, meaning.predicate, is_own=True), start, end, score)
        case RoleName():
            return Item("Role", Role(meaning.relationship), start, end, score)
        case MetricName():
            return Item("Number", Number(MetricRef(meaning.name), ""), start, end, score)
        case Defined():
            return Item(meaning.category, meaning.meaning, start, end, score)
        case Literal():
            return Item("Quo", meaning.text, start, end, score)
    attribute = Attribute(meaning.table, meaning.column)
    condition = Condition(meaning.table, OneOf(attribute, (Value(meaning.value),)))
    return Item("Val", condition, start, end, score)
