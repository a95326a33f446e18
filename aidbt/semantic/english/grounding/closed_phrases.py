"""Phrases of the closed list where they stand, but for those that something else is said with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aidbt.core.words import singular_words
from aidbt.semantic.english.grounding.data_phrases import DataPhrases
from aidbt.semantic.english.grounding.lexicon import ColumnName, TableName, Trait, ValueName
from aidbt.semantic.english.grounding.noun_groups import is_plural
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.closed_words import FUNCTION_WORDS, PHRASES, entries_at
from aidbt.semantic.english.meanings.number_phrases import Group
from aidbt.semantic.english.meanings.phrases import Condition, Recurring, Rows
from aidbt.semantic.english.words.periods import period_at
from aidbt.semantic.english.words.tokens import Token
from aidbt.semantic.query import TimePoint

# What stands around a word that is a part of a text: "with winter in its title", "have rice in their name".
_BEFORE_PARTS = {"with", "have", "word", "contain"}
_OWNERS = {"their", "its", "the", "his", "her"}
_WITH_THEIR = {("with", owner) for owner in ("their", "its", "his", "her")}
# Words before "weekday" that make it the day of the week.
_ASKING_PART = {"which", "what", "each", "every", "per", "by", "the"}
_ASKING_PARTS = {"which", "what"}
# What asks at the head of a sentence, and only relates behind a noun.
_ASKING = {"who", "whom", "which", "where", "when"}
_BEFORE_ONE = {"which", "what", "each", "every", "per", "an", "any", "one"}
# What makes a pronoun of "each".
_PRONOUNS = (["of", "them"], ["of", "these"], ["of", "those"])
# What "by" says less as the word of a group where it says by whom something was done.
_BY_WHOM = 0.3


class ClosedPhrases(DataPhrases):
    """Phrases of the closed list under one lexicon."""

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

    def _is_one_of_rows(self, sentence: Sequence[Token], start: int) -> bool:
        """Whether a word names one row that is asked for: "which order has the latest date"."""
        is_asked = start > 0 and sentence[start - 1].lemma in _BEFORE_ONE
        named = self.lexicon.meanings.get((sentence[start].lemma,), ()) if is_asked else ()
        return any(isinstance(meaning, TableName) for meaning in named)

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

    def _are_of_that_name(self, token: Token) -> bool:
        """Whether a plural names a table by its own name, and no rows of any."""
        named = self.lexicon.meanings.get((token.lemma,), ())
        tables = [meaning.table for meaning in named if isinstance(meaning, TableName)]
        return is_plural(token) and any(singular_words(table)[-1:] == (token.lemma,) for table in tables)

    def _is_agent(self, sentence: Sequence[Token], start: int) -> bool:
        """Whether "by" says who did it, as in "tickets opened by subscribers"; they are no groups then."""
        if not start or sentence[start].lemma != "by" or not sentence[start - 1].text.lower().endswith("ed"):
            return False
        kinds = {kind for _, kind, _, _ in self.verbs.at([sentence[start - 1].text.lower()], 0)}
        done = self.lexicon.meanings.get((sentence[start - 1].lemma,), ())
        if not kinds & {"Did", "Act", "Verb"} and not any(isinstance(m, ValueName) for m in done):
            return False
        is_one = [token.text.lower() for token in sentence[start + 1 : start + 2]] == ["the"]
        return any(self._are_people(token, is_one=is_one) for token in sentence[start + 1 : start + 4])

    def _are_owned(self, sentence: Sequence[Token], start: int) -> bool:
        """Whether a unit is a column that somebody has so many of: "names with their hours"."""
        named = self.lexicon.meanings.get((sentence[start].lemma,), ())
        is_column = any(isinstance(meaning, ColumnName) for meaning in named)
        return is_column and start > 0 and sentence[start - 1].lemma in _OWNERS and is_plural(sentence[start])

    def _are_people(self, token: Token, *, is_one: bool = False) -> bool:
        """Whether a word names several of the people that a table holds, or one of them."""
        named = self.lexicon.meanings.get((token.lemma,), ())
        is_named = any(isinstance(m, TableName) and m.table in self.people for m in named)
        return is_named and (is_one or is_plural(token))

    def _is_code(self, sentence: Sequence[Token], start: int) -> bool:
        """Whether a word that sentences are made of is written as a value: "doctors (MD or DO)"."""
        text = sentence[start].text
        if len(text) == 1 or text.lower() not in FUNCTION_WORDS:
            return False
        found = [m for length, ms in self.lexicon.found(sentence, start) if length == 1 for m in ms]
        return any(isinstance(meaning, ValueName) for meaning in found)

    def _closed(self, sentence: Sequence[Token], start: int) -> Iterator[Item]:
        """Phrases of the closed list; what follows "starts with" may be a text without quotes."""
        if self._is_code(sentence, start):
            return
        for length, category, meaning in entries_at(sentence, start):
            if start == 0 and category == "Rel" and sentence[0].text.lower() in _ASKING:
                continue
            end, weight = start + length, 0.3 if category == "Fill" else 0.9
            if category == "Fill" and length == 1 and self._are_of_that_name(sentence[start]):
                continue  # "entries", where a table holds them
            if self._is_named(category, sentence, start) or _is_plural_top(category, sentence, start, end):
                continue
            is_verb = category == "Order" or (category, meaning) == ("Show", "list")
            if is_verb and (is_plural(sentence[start]) or self._is_one_of_rows(sentence, start)):
                continue  # "orders", and "which order", are no order to sort
            if category == "Each" and (self._is_flag_only(sentence, end) or self._is_agent(sentence, start)):
                continue
            if category == "Prep" and _texts(sentence, start, start + 2) in _WITH_THEIR:
                continue  # "with their category": that is to be seen
            if (category, length) == ("Order", 1) and self._is_bought(sentence, start):
                continue
            if category == "Each" and [token.lemma for token in sentence[end : end + 2]] in _PRONOUNS:
                continue
            if category == "Grain" and self._are_owned(sentence, start):
                continue  # "their hours" are what they have of them
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
                yield from (Item("Quo", sentence[n].text, n, n + 1, 0.9) for n in _letters(sentence, end))
            if (category, meaning) == ("Prep", "in") and start and self._is_part(sentence, start):
                yield Item("Quo", sentence[start - 1].text, start - 1, start, 0.6)


def _texts(sentence: Sequence[Token], start: int, end: int) -> tuple[str, ...]:
    """The words of a part of a sentence, in small letters."""
    return tuple(token.text.lower() for token in sentence[start:end])


def _is_asked_for(sentence: Sequence[Token], start: int, end: int) -> bool:
    """Whether "weekday" is a part of a date that groups are of, and no day of five: "on which weekday"."""
    before = sentence[start - 1].lemma if start > 0 and end == start + 1 else ""
    said = sentence[start].text.lower()
    return (said == "weekday" and before in _ASKING_PART) or (said == "weekdays" and before in _ASKING_PARTS)


def _may_be_text(token: Token) -> bool:
    """Whether a word or number without quotes may be the text that a name is like, as no article is."""
    articles = ("the", "an", "any", "its", "their", "either", "at")
    return token.kind in ("word", "number") and token.text not in articles


def _letters(sentence: Sequence[Token], start: int) -> Iterator[int]:
    """Where letters stand behind a first one: "A, E or G"."""
    between = False
    for place in range(start, len(sentence)):
        text = sentence[place].text
        if len(text) == 1 and text.isalpha() and text.isupper():
            if between:
                yield place
            between = False
        elif place > start and text in (",", "or"):
            between = True
        else:
            return


def _each_of(sentence: Sequence[Token], start: int, end: int) -> Iterator[Item]:
    """`in each of the`, before "last 8 weeks, without this one": by week, of the time that follows.

    Days that begin and end within a week, as in "the last 8 weeks" until now, would be in 9 of them.
    """
    period = period_at(sentence, end) if end < len(sentence) else None
    first = period.start if period else None
    if isinstance(first, TimePoint) and first.unit == first.cut_to and first.shift < -1:
        yield Item("Group", Group(grains=(first.unit,)), start, end, 1.0 * (end - start))


def _is_plural_top(category: str, sentence: Sequence[Token], start: int, end: int) -> bool:
    """Whether "first orders" are spoken of, of which it is not said how many: those of each, or one kind."""
    is_first = category == "Top" or (category == "TimeAgg" and sentence[end - 1].lemma in ("first", "last"))
    is_counted = category == "Top" and start > 0 and sentence[start - 1].number is not None
    return is_first and not is_counted and end < len(sentence) and is_plural(sentence[end])
