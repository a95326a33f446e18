"""A sentence's words as phrases of the data, of time, and of the closed list, each where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aidbt.semantic.english.grounding.adjectives import adjectives
from aidbt.semantic.english.grounding.closed_phrases import ClosedPhrases
from aidbt.semantic.english.grounding.counts_said import numbers_at, one_unit
from aidbt.semantic.english.grounding.houses import houses
from aidbt.semantic.english.grounding.lexicon import Trait, ValueName
from aidbt.semantic.english.grounding.money_verbs import PAYING, amount_columns, amounts_done
from aidbt.semantic.english.grounding.months import months_of_years, those_times
from aidbt.semantic.english.grounding.noun_groups import (
    LONGER,
    compounds,
    is_plural,
    specialists,
    tables_named,
)
from aidbt.semantic.english.grounding.told_by_verbs import longest_around, most_counted
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.closed_words import FUNCTION_WORDS
from aidbt.semantic.english.meanings.phrases import Columns
from aidbt.semantic.english.number_rules.mail import mails_at
from aidbt.semantic.english.words.periods import period_at
from aidbt.semantic.english.words.tokens import Token
from aidbt.semantic.english.words.word_lists import are_people

# Of "tickets about billing" the last word is no verb but what they are about.
_ABOUT = {"about", "regarding", "concerning"}
_BEFORE_NOUNS = {"the", "a", "an", "on", "their", "its", "his", "her", "each", "every", "any", "no", "per"}
_BEFORE_MANY = {*_BEFORE_NOUNS, "many"}
# Verbs whose base form is a noun in nearly every question, but behind such words: "the lowest rate".
_NOUNS = {"rate"}
_BEFORE_VERBS = {"who", "that", "which", "they", "we", "to", "do", "not"}


class Grounded(ClosedPhrases):
    """What words may mean under one lexicon."""

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
            yield from specialists(self.lexicon, sentence, start)
            yield from self._denied(texts, start)
            yield from houses(sentence, start, self.lexicon)
            if token.kind == "quoted":
                yield Item("Quo", token.text, start, start + 1, 1.0)
            yield from numbers_at(token, start)
            period = period_at(sentence, start)
            if period and not _is_doubtful(texts, start, period.length):
                yield Item("Time", period, start, start + period.length, 1.1 * period.length**LONGER)
            is_topic = start > 0 and texts[start - 1] in _ABOUT and texts[start].endswith("ing")
            for length, category, verb, weight in self.verbs.at(texts, start) if not is_topic else ():
                if length == 1 and category == "Did" and texts[start] in FUNCTION_WORDS:
                    continue  # the noun of `to_date` is no verb
                is_bare = length > 1 or not texts[start].endswith(("ed", "ing"))
                is_noun = category == "Did" and is_bare and self._is_owner(sentence[start], verb)
                if category == "Did" and (is_noun or self._is_noun(sentence, start)):
                    category = "Event"  # "the return" is when it was returned
                if category == "Act" and _is_many(sentence, start):
                    continue  # "the three digs" are rows
                if category == "Rated" and texts[start] in _NOUNS and self._is_noun(sentence, start):
                    continue
                if category == "Act" and _is_participle(token):
                    yield Item("ActDone", verb, start, start + length, weight * length**LONGER)
                yield Item(category, verb, start, start + length, weight * length**LONGER)
                if category == "Act" and texts[start] in PAYING:
                    yield Item("Paid", verb, start, start + length, weight)
                done = amounts_done(texts[start], verb, self.lexicon.graph) if length == 1 else None
                if done is not None and category in ("Act", "Did"):
                    yield Item("MoneyDone", done, start, start + length, weight)
            for length, mail in mails_at(sentence, start) if not self._is_named_value(token) else ():
                yield Item("Mail", mail, start, start + length, 0.9 * length**LONGER)
            yield from one_unit(sentence, start)
            yield from months_of_years(sentence, start)
            yield from those_times(sentence, start)
            for columns in amount_columns(texts[start], self.lexicon.graph):
                yield Item("MoneyCol", columns, start, start + 1, 0.9)
            yield from _not_one(sentence, start)
            yield from most_counted(texts, start, self.lexicon)
            yield from longest_around(texts, start, self.lexicon)
            yield from adjectives(self.lexicon, texts, start, named)
            yield from self._closed(sentence, start)

    def _is_owner(self, token: Token, did: object) -> bool:
        """Whether a word names the rows whose time a phrase is: the verb of "hotels opened" is "opened"."""
        return isinstance(did, Columns) and did.terms[0].table in tables_named(self.lexicon, [token])

    def _is_noun(self, sentence: Sequence[Token], start: int) -> bool:
        """Whether a word in its base form is the noun and not the verb: "on approved leave"."""
        text, before = sentence[start].text.lower(), sentence[start - 1] if start else None
        if before is None or text.endswith(("ed", "ing")) or sentence[start].lemma != text:
            return False
        is_done = before.lemma in _BEFORE_VERBS or are_people((before.lemma,))
        if text in _NOUNS and not is_done:
            return True
        named = self.lexicon.meanings.get((before.lemma,), ())
        return before.lemma in _BEFORE_NOUNS or any(isinstance(m, ValueName | Trait) for m in named)

    def _is_named_value(self, token: Token) -> bool:
        """Whether a word is a value of the data by itself."""
        return any(isinstance(m, ValueName) for m in self.lexicon.meanings.get((token.lemma,), ()))


def _is_many(sentence: Sequence[Token], start: int) -> bool:
    """Whether a word is a noun for several, as its number or its article says."""
    before = sentence[start - 1] if start else None
    is_counted = before is not None and (before.number is not None or before.lemma in _BEFORE_MANY)
    return is_counted and is_plural(sentence[start])


def _is_participle(token: Token) -> bool:
    """Whether a word is what was done: claimed, paid."""
    text = token.text.lower()
    return text.endswith("ed") or (token.lemma != text and not text.endswith(("s", "ing")))


def _is_beside(item: Item, start: int, end: int) -> bool:
    """Whether a phrase has none of some words in it, or all of them and others."""
    is_around = item.start <= start and item.end >= end and item.end - item.start > end - start
    return is_around or item.end <= start or item.start >= end


def _not_one(sentence: Sequence[Token], start: int) -> Iterator[Item]:
    """`a single`, of what is denied: "do not buy a single product" denies any of them."""
    is_single = [token.lemma for token in sentence[start : start + 2]] in (["a", "single"], ["one", "single"])
    if is_single and any(token.lemma in ("not", "never") for token in sentence[:start]):
        yield Item("Fill", None, start, start + 2, 0.9)


def _is_doubtful(texts: Sequence[str], start: int, length: int) -> bool:
    """Whether a period may be the calendar's or one that ends now: "the last year"."""
    said = list(texts[max(start - 1, 0) : start + length])
    return "the" in said and said[said.index("the") :][1:2] == ["last"] and len(said) - said.index("the") == 3
