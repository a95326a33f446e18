"""A sentence's words as phrases of the data, of time, and of the closed list, each where it stands."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from aidbt.core.words import words_of
from aidbt.semantic.english.grounding.houses import houses
from aidbt.semantic.english.grounding.lexicon import (
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
from aidbt.semantic.english.grounding.months import months_of_years
from aidbt.semantic.english.grounding.noun_groups import (
    LONGER,
    compounds,
    is_plural,
    rows_of_kind,
    tables_named,
)
from aidbt.semantic.english.grounding.told_by_verbs import (
    counted_things,
    events,
    longest_around,
    most_counted,
)
from aidbt.semantic.english.grounding.verbs import VerbsOf
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.closed_words import PHRASES, entries_at
from aidbt.semantic.english.meanings.number_phrases import Group, Number
from aidbt.semantic.english.meanings.phrases import Columns, Condition, Link, Recurring, Role, Rows, Span
from aidbt.semantic.english.number_rules.mail import mails_at
from aidbt.semantic.english.words.dimensions import Dimension, dimensions, year_begun
from aidbt.semantic.english.words.periods import period_at
from aidbt.semantic.english.words.tokens import Token, lemma
from aidbt.semantic.english.words.units import unit_of, whole
from aidbt.semantic.query import (
    Attribute,
    Grain,
    MetricRef,
    OneOf,
    TimePoint,
    Value,
    attributes,
)

# Words before a group, of which "by finished" is one and "is finished" is none.
_GROUPING = {"by", "per", "and"}
# What stands around a word that is a part of a text: "with winter in its title", "have rice in their name".
_BEFORE_PARTS = {"with", "have", "word", "contain"}
_OWNERS = {"their", "its", "the", "his", "her"}
_PREPOSITIONS = {"in", "by", "from", "to", "with", "on", "at", "for", "into", "via"}
# What a value says less that is also the verb of what follows.
_VERB_OF = 0.8
_WITH_THEIR = {("with", owner) for owner in ("their", "its", "his", "her")}
_LASTING = {"serving", "standing", "tenured", "employed"}
_DEGREES = {
    "most": ("superlative", True),
    "least": ("superlative", False),
    "more": ("comparative", True),
    "less": ("comparative", False),
}
_SHORTEST_VERB = 5
# What an adjective or a name says more of a table that the sentence names: with many tables others would
# crowd it out.
_OF_OTHERS = 0.7
_OF_ANY = ("largest", "biggest", "smallest", "longest", "shortest", "highest", "lowest")
_NAMED = 0.02
# "Shipped later than" is said of the verb's time, not of the row's.
_THAN_TIMES = {"later", "earlier"}
# Of "within the first year after it opened" the year is a length of time.
_WITHIN_FIRST = tuple((how, "the", "first") for how in ("within", "in", "during"))
# Words before "weekday" that make it the day of the week.
_ASKING_PART = {"which", "what", "each", "every", "per", "by", "the"}
# Words that begin the object of a verb: of "failed a quiz" nothing is "failed" itself.
_BEFORE_OBJECTS = {"a", "an", "any", "some", "another", "every", "each", "their", "his", "her", "its"}
# What asks at the head of a sentence, and only relates behind a noun.
_ASKING = {"who", "whom", "which", "where", "when"}
# Of "tickets about billing" the last word is no verb but what they are about.
_ABOUT = {"about", "regarding", "concerning"}
# Words that have a thing behind them.
_HAVING = {"a", "an", "with", "without", "any", "no"}
_BEFORE_NOUNS = {"the", "a", "an", "on", "their", "its", "his", "her", "each", "every", "any", "no", "per"}
# Verbs whose base form is a noun in nearly every question, but behind such words: "the lowest rate".
_NOUNS = {"rate"}
_BEFORE_VERBS = {"who", "that", "which", "they", "we", "to", "do", "not", "user", "customer"}
# Words of a column's name without which it is not said: flights that were late are not all of them.
_RESTRICTING = frozenset(
    """late early cancelled canceled returned refunded failed rejected lost missing unpaid overdue expired
    pending planned scheduled expected estimated projected budgeted target previous prior""".split()
)
# What makes a pronoun of "each".
_PRONOUNS = (["of", "them"], ["of", "these"], ["of", "those"])
# What follows "ordered" where it is the answer that is.
_SORTED = (["by"], ["alphabetically"], ["chronologically"], ["descending"], ["ascending"], ["from"])
# What "by" says less as the word of a group where it says by whom something was done.
_BY_WHOM = 0.3
# What a synonym of a table says less that is also what some of its rows are: "professors", of instructors.
_KIND_OF = 0.3
# What is done with any money, which says nothing of payments where there are others.
_PAYING = {"paid", "earned", "spent", "charged", "billed", "collected", "received", "invoiced"}
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
        self.verbs = lexicon.made(VerbsOf)
        self.people = [t.name for t in lexicon.graph.tables if lexicon.is_person(t.name)]

    def items(self, sentence: Sequence[Token], question: Sequence[Token] = ()) -> Iterator[Item]:
        """Every phrase of one meaning, but for what belongs to a name whose definition is not understood."""
        taken = list(self.lexicon.taken(sentence))
        for item in self._items(sentence, question or sentence):
            if all(_is_beside(item, start, end) for start, end in taken):
                yield item

    def _items(self, sentence: Sequence[Token], question: Sequence[Token]) -> Iterator[Item]:
        texts = [token.text.lower() for token in sentence]
        named = tables_named(self.lexicon, question)
        for start, token in enumerate(sentence):
            yield from self._names(sentence, texts, start, named)
            yield from compounds(self.lexicon, sentence, start)
            yield from self._denied(texts, start)
            yield from houses(sentence, start, self.lexicon)
            if token.kind == "quoted":
                yield Item("Quo", token.text, start, start + 1, 1.0)
            yield from _numbers(token, start)
            period = period_at(sentence, start)
            if period and not _is_doubtful(texts, start, period.length):
                yield Item("Time", period, start, start + period.length, 1.1 * period.length**LONGER)
            is_topic = start > 0 and texts[start - 1] in _ABOUT and texts[start].endswith("ing")
            for length, category, verb, weight in self.verbs.at(texts, start) if not is_topic else ():
                is_bare = length > 1 or not texts[start].endswith(("ed", "ing"))
                is_noun = category == "Did" and is_bare and self._is_owner(sentence[start], verb)
                if category == "Did" and (is_noun or self._is_noun(sentence, start)):
                    category = "Event"  # "the return" is when it was returned
                if category == "Rated" and texts[start] in _NOUNS and self._is_noun(sentence, start):
                    continue
                if category == "Act" and _is_participle(token):
                    yield Item("ActDone", verb, start, start + length, weight * length**LONGER)
                yield Item(category, verb, start, start + length, weight * length**LONGER)
                if category == "Act" and texts[start] in _PAYING:
                    yield Item("Paid", verb, start, start + length, weight)
            for length, mail in mails_at(sentence, start) if not self._is_named_value(token) else ():
                yield Item("Mail", mail, start, start + length, 0.9 * length**LONGER)
            yield from _one_unit(sentence, start)
            yield from months_of_years(sentence, start)
            yield from _not_one(sentence, start)
            yield from most_counted(texts, start, self.lexicon)
            yield from longest_around(texts, start, self.lexicon)
            yield from self._adjectives(texts, start, named)
            yield from self._closed(sentence, start)

    def _names(
        self, sentence: Sequence[Token], texts: Sequence[str], start: int, named: Collection[str]
    ) -> Iterator[Item]:
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
                if isinstance(meaning, TableName) and meaning.weight < _WHOLE:
                    less = _KIND_OF * any(_is_of(meaning.table, other) for other in meanings)
                likely = _NAMED * (isinstance(meaning, ColumnName) and meaning.table in named)
                score = (meaning.weight - less) * length**LONGER + likely
                yield _item(meaning, start, length, score, alike)
                is_had = _is_had(sentence, start, end, self.lexicon)
                if isinstance(meaning, Trait) and (is_had or _is_feature(meaning)):
                    held = Condition(meaning.table, meaning.predicate, is_own=True)
                    yield Item("Feature", held, start, start + length, meaning.weight * length)
                if isinstance(meaning, ColumnName) and is_plural(sentence[start + length - 1]):
                    yield from events(meaning, self.lexicon, sentence, start, start + length)
                    yield from counted_things(meaning, start, start + length)
                if isinstance(meaning, ColumnName) and length == 1 and self._is_done(meaning, texts[start]):
                    done = Columns((Attribute(meaning.table, meaning.column),))
                    yield Item("Did", done, start, start + 1, meaning.weight)
                if isinstance(meaning, ValueName | Trait) and length == 1 and texts[start].endswith("ed"):
                    yield from self._act(meaning, start)
                # Of "professors", where rows are instructors, those of that kind are meant.
                is_table = any(isinstance(other, TableName) and other.weight > _WHOLE for other in meanings)
                if isinstance(meaning, ValueName) and not is_table:
                    yield from rows_of_kind(self.lexicon, meaning, sentence, start, length)

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
        if isinstance(meaning, ValueName) and len(said) == 1 and self._is_finite(meaning, said[0]):
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

    def _is_finite(self, value: ValueName, word: str) -> bool:
        """Whether a word is the verb of what is still to come: policies that "expire" are not expired."""
        is_done = value.value.lower().endswith("ed") and value.value.lower() not in (word, lemma(word))
        is_verb = not word.endswith(("ed", "ing"))
        return is_done and is_verb and any(kind == "Did" for _, kind, _, _ in self.verbs.at([word], 0))

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
        if text in _NOUNS and before.lemma not in _BEFORE_VERBS:
            return True
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

    def _adjectives(self, texts: Sequence[str], start: int, named: Collection[str]) -> Iterator[Item]:
        """`cheapest`, `most expensive`, `cheaper than`, beside every column that they may be said of."""
        word, following = texts[start], list(texts[start + 1 : start + 3])
        is_said = word in _DEGREES and bool(following)
        degree, is_more = _DEGREES[word] if is_said else ("", True)
        adjective, rest = (following[0], following[1:]) if is_said else (word, following)
        end = start + 1 + is_said
        if word in ("longest", "shortest") and following and following[0] in _LASTING:
            # "The longest serving" came first of all.
            adjective, rest, end = "earliest" if word == "longest" else "latest", following[1:], start + 2
        for said, columns in self._dimensions(adjective):
            is_much = said.is_more == is_more
            wanted = said.degree if not is_said else degree if said.degree == "base" else ""
            weight = 0.9 * (end - start) ** LONGER + _NAMED * (columns.terms[0].table in named)
            # "Largest first" is rather said of the number by which there is an order already.
            weight -= _OF_OTHERS * (word in _OF_ANY and rest[:1] == ["first"])
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
                    begun = ("" if said.degree == "comparative" else year_begun(table)) or table.time
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

    def _is_named_value(self, token: Token) -> bool:
        """Whether a word is a value of the data by itself."""
        return any(isinstance(m, ValueName) for m in self.lexicon.meanings.get((token.lemma,), ()))

    def _is_part(self, sentence: Sequence[Token], start: int) -> bool:
        """Whether "in" stands between a word that means nothing and a text: "with winter in their title"."""
        before, texts = sentence[start - 1], [token.lemma for token in sentence[start + 1 : start + 3]]
        is_known = any(True for _ in self.lexicon.found(sentence, start - 1)) or (before.lemma,) in PHRASES
        is_text = texts[:1] != [] and texts[0] in _OWNERS and before.kind == "word" and not is_known
        return is_text and start > 1 and sentence[start - 2].lemma in _BEFORE_PARTS

    def _is_by_whom(self, sentence: Sequence[Token], start: int, end: int) -> bool:
        """Whether "by" says who did something, and not how to group: "pickups made by trucks"."""
        if sentence[start].lemma != "by" or end - start > 1 or not 0 < start < len(sentence) - 1:
            return False
        before = sentence[start - 1].text.lower()
        is_done = any(kind in ("Verb", "Act") for _, kind, _, _ in self.verbs.at([before], 0))
        return is_done and before.endswith(("ed", "en", "made", "sold")) and is_plural(sentence[end])

    def _is_flag_only(self, sentence: Sequence[Token], start: int) -> bool:
        """Whether "every superhost" speaks of rows by a flag of theirs: they are no groups of two kinds."""
        if start >= len(sentence) or sentence[start - 1].lemma not in ("each", "every", "per"):
            return False
        found = [meaning for _, meanings in self.lexicon.found(sentence, start) for meaning in meanings]
        return bool(found) and all(isinstance(meaning, Trait) for meaning in found)

    def _is_bought(self, sentence: Sequence[Token], start: int) -> bool:
        """Whether "ordered products" are what somebody bought, and no order of an answer."""
        texts = [token.text.lower() for token in sentence]
        is_act = any(category == "Act" for _, category, _, _ in self.verbs.at(texts, start))
        is_before = start + 1 < len(sentence) and self._are_rows(sentence[start + 1])
        return texts[start] == "ordered" and is_act and is_before

    def _are_rows(self, token: Token) -> bool:
        """Whether a plural names a table: "categories that contain products" holds no text."""
        named = self.lexicon.meanings.get((token.lemma,), ())
        return is_plural(token) and any(isinstance(meaning, TableName) for meaning in named)

    def _is_agent(self, sentence: Sequence[Token], start: int) -> bool:
        """Whether "by" says who did it, as in "tickets opened by subscribers"; they are no groups then."""
        if not start or sentence[start].lemma != "by" or not sentence[start - 1].text.lower().endswith("ed"):
            return False
        kinds = {kind for _, kind, _, _ in self.verbs.at([sentence[start - 1].text.lower()], 0)}
        return bool(kinds & {"Did", "Act", "Verb"}) and any(
            map(self._are_people, sentence[start + 1 : start + 4])
        )

    def _are_people(self, token: Token) -> bool:
        """Whether a word names several of the people that a table holds."""
        named = self.lexicon.meanings.get((token.lemma,), ())
        is_named = any(isinstance(m, TableName) and m.table in self.people for m in named)
        return is_named and is_plural(token)

    def _closed(self, sentence: Sequence[Token], start: int) -> Iterator[Item]:
        """Phrases of the closed list; what follows "starts with" may be a text without quotes."""
        for length, category, meaning in entries_at(sentence, start):
            if start == 0 and category == "Rel" and sentence[0].text.lower() in _ASKING:
                continue
            end, weight = start + length, 0.3 if category == "Fill" else 0.9
            if self._is_named(category, sentence, start) or _is_plural_top(category, sentence, end):
                continue
            is_verb = category == "Order" or (category, meaning) == ("Show", "list")
            if is_verb and is_plural(sentence[start]):
                continue  # "orders" are no order to sort
            if category == "Each" and (self._is_flag_only(sentence, end) or self._is_agent(sentence, start)):
                continue
            if category == "Prep" and _texts(sentence, start, start + 2) in _WITH_THEIR:
                continue  # "with their category": that is to be seen
            if (category, length) == ("Order", 1) and self._is_bought(sentence, start):
                continue
            if category == "Each" and [token.lemma for token in sentence[end : end + 2]] in _PRONOUNS:
                continue
            if category == "Recurring":
                if _is_asked_for(sentence, start, end):
                    continue
                category, meaning = "Claim", Recurring(tuple(map(int, str(meaning))))
            less = _BY_WHOM * (category == "Each" and self._is_by_whom(sentence, start, end))
            yield Item(category, meaning, start, end, weight * length**1.05 - less)
            if category == "Each" and sentence[end - 1].lemma == "the":
                yield from _each_of(sentence, start, end)
            if category == "Only" and (start == 0 or sentence[start - 1].kind == "mark"):
                yield Item("Fill", None, start, end, 0.3)
            if category in ("Present", "Now", "Still"):
                yield from self._present(start, end)
            if category in ("Who", "Somebody"):
                for table in self.people:
                    yield Item("Rows", Rows(table), start, end, 0.5 * length)
            if (
                category == "Like"
                and end < len(sentence)
                and _may_be_text(sentence[end])
                and not self._are_rows(sentence[end])
            ):
                yield Item("Quo", sentence[end].text, end, end + 1, 0.6)
            if (category, meaning) == ("Prep", "in") and start and self._is_part(sentence, start):
                yield Item("Quo", sentence[start - 1].text, start - 1, start, 0.6)


def _texts(sentence: Sequence[Token], start: int, end: int) -> tuple[str, ...]:
    """The words of a part of a sentence, in small letters."""
    return tuple(token.text.lower() for token in sentence[start:end])


def _is_participle(token: Token) -> bool:
    """Whether a word is what was done: claimed, paid."""
    text = token.text.lower()
    return text.endswith("ed") or (token.lemma != text and not text.endswith(("s", "ing")))


def _is_beside(item: Item, start: int, end: int) -> bool:
    """Whether a phrase has none of some words in it, or all of them and others."""
    is_around = item.start <= start and item.end >= end and item.end - item.start > end - start
    return is_around or item.end <= start or item.start >= end


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
        yield Item("Span", Span(count, Grain(rest[1])), start, start + length, 0.9 * length**LONGER)
    before = tuple(token.lemma for token in sentence[max(start - 3, 0) : start])
    if words[:1] and words[0] in set(Grain) and before in _WITHIN_FIRST:
        yield Item("Span", Span(1, Grain(words[0])), start, start + 1, 0.9)


def _is_asked_for(sentence: Sequence[Token], start: int, end: int) -> bool:
    """Whether "weekday" is a part of a date that groups are of, and no day of five: "on which weekday"."""
    is_one = end == start + 1 and sentence[start].text.lower() == "weekday"
    return is_one and start > 0 and sentence[start - 1].lemma in _ASKING_PART


def _not_one(sentence: Sequence[Token], start: int) -> Iterator[Item]:
    """`a single`, of what is denied: "do not buy a single product" denies any of them."""
    is_single = [token.lemma for token in sentence[start : start + 2]] in (["a", "single"], ["one", "single"])
    if is_single and any(token.lemma in ("not", "never") for token in sentence[:start]):
        yield Item("Fill", None, start, start + 2, 0.9)


def _may_be_text(token: Token) -> bool:
    """Whether a word or number without quotes may be the text that a name is like, as no article is."""
    articles = ("the", "an", "any", "its", "their", "either", "at")
    return token.kind in ("word", "number") and token.text not in articles


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
    return is_first and end < len(sentence) and is_plural(sentence[end])


def _is_feature(trait: Trait) -> bool:
    """Whether what holds of a row is that it has something: "no projector", of has_projector."""
    columns = attributes(trait.predicate)
    return len(columns) == 1 and words_of(columns[0].column)[0] == "has"


def _is_had(sentence: Sequence[Token], start: int, end: int, lexicon: Lexicon) -> bool:
    """Whether a flag is a thing that rows have: "required a helicopter", "without snowmaking"."""
    if start == 0 or sentence[start - 1].text.lower() not in _HAVING:
        return False
    following = sentence[end] if end < len(sentence) else None
    return following is None or following.kind == "mark" or not lexicon.meanings.get((following.lemma,))


def _is_of(table: str, meaning: Meaning) -> bool:
    """Whether a meaning is a value of a table."""
    return isinstance(meaning, ValueName) and meaning.table == table


def _is_flag(name: ColumnName, meanings: Sequence[Meaning]) -> bool:
    """Whether the same words say that a column is true."""
    traits = [m.predicate for m in meanings if isinstance(m, Trait) and m.table == name.table]
    return any(term.column == name.column for trait in traits for term in attributes(trait))


def _is_doubtful(texts: Sequence[str], start: int, length: int) -> bool:
    """Whether a period may be the calendar's or one that ends now: "the last year"."""
    said = list(texts[max(start - 1, 0) : start + length])
    return "the" in said and said[said.index("the") :][1:2] == ["last"] and len(said) - said.index("the") == 3


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
