"""Words of a question that are parts of values, where instructions say that texts are matched so.

"Match media with wildcards" makes `oil` a value of the column that holds "Oil on canvas". Which column is
meant the data tells; of columns whose values are not known, as of names, only words are taken that stand as
names do.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from aidbt.core.words import words_of
from aidbt.semantic.english.grounding.index import ColumnName, Defined, Lexicon, Meaning, ValueName
from aidbt.semantic.english.instructions.parsed import is_of_parts
from aidbt.semantic.english.instructions.text_matching import TextMatching
from aidbt.semantic.english.meanings.closed_words import PHRASES
from aidbt.semantic.english.meanings.phrases import Condition
from aidbt.semantic.english.number_rules.grounded import Grounded
from aidbt.semantic.english.words.tokens import Token, lemma, tokens
from aidbt.semantic.english.words.value_names import plain
from aidbt.semantic.english.words.word_lists import Phrase

Place = tuple[str, str]
"""A column: its table and its name."""
_LONGEST = 4
_KNOWN, _UNKNOWN = 0.85, 0.7
# A shorter word is one by itself, and no beginning of another.
_SHORTEST_BEGINNING = 4
_BEFORE_NAMES = {"by", "called", "named", "titled"}
# Before the name of a place, and of nobody.
_AT = {"on", "at", "in", "near"}
_TOPIC = {"about", "mention", "regarding", "concerning"}
_BEFORE_CONTENT = _TOPIC | {"contain", "include", "say", "involve"}
_THE = [["the"], ["their"], ["its"], ["his"], ["her"]]
_ARTICLES = {"a", "an", "the"}
# What columns are called in which nothing is written about anything.
_NAMING = {"email", "mail", "name", "phone", "url", "website", "code", "address", "city", "country", "town"}
_WORDS = re.compile(r"[^\W\d_]+|\d+")


def partial_values(question: str, lexicon: Lexicon, matching: TextMatching) -> dict[Phrase, list[Meaning]]:
    """The phrases of a question that mean nothing else, with the values that they may be a part of.

    A value that stands in a column twice, in capitals and not, is one where its case is no matter.
    """
    sentence = tokens(question)
    if not matching and not any(matching.columns.values()):
        return {}
    texts = _Texts(lexicon, matching)
    items = [item for item in Grounded(lexicon).items(sentence) if item.category != "Quo"]
    known = {place for item in items for place in range(item.start, item.end)}
    found: dict[Phrase, list[Meaning]] = {}
    for start, token in enumerate(sentence):
        for length, meanings in lexicon.found(sentence, start):
            once = texts.once(meanings)
            if len(once) < len(meanings):
                found[_phrase(sentence, start, length)] = once
        runs = [(start, 1)] if start in known else _runs(sentence, start)
        is_small = token.kind != "word" or (token.lemma,) in PHRASES
        for first, length in () if is_small else runs:
            meanings = texts.holding(sentence, first, length)
            if start in known:
                told = _columns_told(sentence, start, lexicon, matching)
                meanings = [m for m in meanings if isinstance(m, ValueName) and (m.table, m.column) in told]
            if meanings:
                found[_phrase(sentence, first, length)] = meanings
                break
    return found


def _columns_told(
    sentence: Sequence[Token], start: int, lexicon: Lexicon, matching: TextMatching
) -> Collection[Place]:
    """The columns that are said to hold a word that may mean something else: "something dental as the
    reason", "with bar in its name"; what tickets are about is in those that instructions name.
    """
    if _content_word(sentence, start) in _TOPIC:
        return [place for place, how in matching.columns.items() if is_of_parts(how)]
    behind = [token.lemma for token in sentence[start + 1 : start + 3]]
    if behind[:1] not in (["as"], ["in"]) or behind[1:] not in _THE or start + 3 >= len(sentence):
        return ()
    named = [m for _, found in lexicon.found(sentence, start + 3) for m in found]
    return {(m.table, m.column) for m in named if isinstance(m, ColumnName)}


def _content_word(sentence: Sequence[Token], start: int) -> str:
    """The word before a phrase and its article, or before another one that it is joined with."""
    before = [token.lemma for token in sentence[max(start - 5, 0) : start] if token.lemma not in _ARTICLES]
    if before[-1:] in (["or"], ["and"]):
        before = before[:-2]
    return before[-1] if before else ""


def _runs(sentence: Sequence[Token], place: int) -> Iterator[tuple[int, int]]:
    """The phrases that a word that means nothing may be a part of, longest first: start and length.

    Small words begin and end none.
    """
    for length in range(_LONGEST, 0, -1):
        for start in range(max(place - length + 1, 0), place + 1):
            run = sentence[start : start + length]
            is_whole = len(run) == length and all(token.kind == "word" for token in run)
            is_framed = any((end.lemma,) in PHRASES for end in (run[0], run[-1]))
            if is_whole and (not is_framed or _is_name(sentence, start, length)):
                yield start, length


def _is_name(sentence: Sequence[Token], start: int, length: int) -> bool:
    """Whether words are written as a name of several is: "Mill Lane", "Park Row"."""
    run = sentence[start : start + length]
    return start > 0 and length > 1 and all(token.text[0].isupper() for token in run)


def _phrase(sentence: Sequence[Token], start: int, length: int) -> Phrase:
    return tuple(plain(token.lemma) for token in sentence[start : start + length])


class _Texts:
    """The columns that are matched by parts of their values, and what they hold."""

    def __init__(self, lexicon: Lexicon, matching: TextMatching) -> None:
        self._lexicon = lexicon
        self._matching = matching
        places = [(table.name, c.name) for table in lexicon.graph.tables for c in table.columns
                  if c.kind == "text"]  # fmt: skip
        keys = {(r.source, column) for r in lexicon.graph.relationships for column in r.source_columns}
        self._places = [place for place in places if is_of_parts(matching.at(*place)) and place not in keys]
        self._words = {
            place: [_words_of(value) for value in lexicon.values[place]]
            for place in self._places
            if place in lexicon.values
        }

    def once(self, meanings: Sequence[Meaning]) -> list[Meaning]:
        """Meanings without the values that differ from another of their column in case alone."""
        seen: set[tuple[str, str, str]] = set()
        found: list[Meaning] = []
        for meaning in meanings:
            if isinstance(meaning, ValueName) and self._matching.at(meaning.table, meaning.column):
                place = (meaning.table, meaning.column, plain(meaning.value))
                if place in seen:
                    continue
                seen.add(place)
            found.append(meaning)
        return found

    def holding(self, sentence: Sequence[Token], start: int, length: int) -> list[Meaning]:
        """The columns that hold a phrase as a part of a value, or else may hold it."""
        run = sentence[start : start + length]
        said = " ".join(token.text for token in run)
        texts = dict.fromkeys([said, *([lemma(said.lower())] if length == 1 else [])])
        found: list[Meaning] = []
        for (table, column), values in self._words.items():
            held = (text for text in texts if any(_holds(words, _words_of(text)) for words in values))
            found += [ValueName(table, column, text, _KNOWN) for text in list(held)[:1]]
        places = self._matching.columns
        found = [m for m in found if isinstance(m, ValueName) and (m.table, m.column) in places] or found
        # What is written about may stand in prose that instructions name, whatever else holds the word.
        is_topic = _content_word(sentence, start) in _TOPIC
        is_one = length == 1 or _is_name(sentence, start, length)
        if not is_one or (found and not is_topic):
            return found
        return [*found, *self._possible(sentence, start, said)]

    def _possible(self, sentence: Sequence[Token], start: int, text: str) -> Iterator[Meaning]:
        """The columns whose values are not known that a text may be a part of, where it stands as one."""
        last = sentence[start - 1].text.lower() if start else ""
        is_name = last in _BEFORE_NAMES or (start > 0 and text[0].isupper())
        is_content = _content_word(sentence, start) in _BEFORE_CONTENT
        for table, column in self._places:
            is_told = (table, column) in self._matching.columns
            is_label = self._lexicon.graph.table(table).label == column
            is_label &= last not in _AT or not self._lexicon.is_person(table)
            if (table, column) in self._words:
                continue
            if is_content and is_told and not _NAMING & set(words_of(column)):
                yield ValueName(table, column, text, _KNOWN)
            elif is_name and is_label and (named := self._lexicon.named(table, text)):
                yield Defined("Cond", Condition(table, named), _UNKNOWN)
            elif is_name and is_told:
                yield ValueName(table, column, text, _UNKNOWN)


def _words_of(text: str) -> list[str]:
    return _WORDS.findall(plain(text))


def _holds(words: Sequence[str], said: Sequence[str]) -> bool:
    """Whether words stand among others one after the other; the last may go on, as in "owls"."""
    if not said:
        return False
    for start in range(len(words) - len(said) + 1):
        *firsts, last = words[start : start + len(said)]
        is_last = last == said[-1] or (len(said[-1]) >= _SHORTEST_BEGINNING and last.startswith(said[-1]))
        if firsts == list(said[:-1]) and is_last:
            return True
    return False
