"""A sentence's words as phrases of the data, of time, and of the closed list, each where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aidbt.core.words import singular_words
from aidbt.semantic.english.chart import Item
from aidbt.semantic.english.dimensions import Dimension, dimensions
from aidbt.semantic.english.lexicon import (
    ColumnName,
    Defined,
    Lexicon,
    Meaning,
    MetricName,
    RoleName,
    TableName,
    Trait,
    ValueName,
)
from aidbt.semantic.english.number_phrases import Number
from aidbt.semantic.english.periods import period_at
from aidbt.semantic.english.phrases import Columns, Condition, Recurring, Role, Rows
from aidbt.semantic.english.tokens import Token
from aidbt.semantic.english.verbs import VerbsOf
from aidbt.semantic.english.words import entries_at
from aidbt.semantic.query import Attribute, MetricRef, OneOf, Value

# A phrase of several words says more than its words one by one.
_LONGER = 1.1
# "Shipped later than" is said of the verb's time, not of the row's.
_THAN_TIMES = {"later", "earlier"}
# What a word says less for every other column that it may name.
_COMMON = 0.1


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
            if token.kind == "quoted":
                yield Item("Quo", token.text, start, start + 1, 1.0)
            if token.number is not None:
                yield Item("Num", token.number, start, start + 1, 1.0)
            period = period_at(sentence, start)
            if period:
                yield Item("Time", period, start, start + period.length, 1.1 * period.length**_LONGER)
            for length, category, verb, weight in self.verbs.at(texts, start):
                yield Item(category, verb, start, start + length, weight * length**_LONGER)
            yield from self._adjectives(texts, start)
            yield from self._closed(sentence, start)

    def _names(self, sentence: Sequence[Token], texts: Sequence[str], start: int) -> Iterator[Item]:
        """Phrases of the data."""
        for length, meanings in self.lexicon.found(sentence, start):
            columns = [m for m in meanings if isinstance(m, ColumnName) and m.weight > 0.7]
            alike = tuple(Attribute(m.table, m.column) for m in columns)
            is_verb = length == 1 and any(kind == "Verb" for _, kind, _, _ in self.verbs.at([texts[start]], 0))
            common = _COMMON * min(len(alike) - 1, 4) if alike else 0.0
            for meaning in meanings:
                if not (is_verb and self.verbs.is_linking(meaning)):
                    less = common if isinstance(meaning, ColumnName) else 0.0
                    yield _item(meaning, start, length, (meaning.weight - less) * length**_LONGER, alike)
                if isinstance(meaning, ValueName) and _is_plural(sentence[start + length - 1]):
                    value = _item(meaning, start, length, meaning.weight - 0.4).meaning
                    assert isinstance(value, Condition)
                    yield Item("Rows", Rows(value.table, value.predicate), start, start + length, 0.6 * length)
        token = sentence[start]
        if token.kind == "word" and "_" in token.text:
            for meaning in self.lexicon.meanings.get(singular_words(token.text), ()):
                yield _item(meaning, start, 1, 2 * meaning.weight)

    def _adjectives(self, texts: Sequence[str], start: int) -> Iterator[Item]:
        """`cheapest`, `most expensive`, `cheaper than`, beside every column that they may be said of."""
        word, following = texts[start], texts[start + 1 : start + 3]
        for said in dimensions(word):
            if said.degree == "superlative":
                yield from self._superlatives(said, said.is_more, start, start + 1)
            elif said.degree == "comparative" and following[:1] == ["than"] and word not in _THAN_TIMES:
                yield from self._comparatives(said, said.is_more, start, start + 2)
        if word in ("most", "least", "more", "less") and following:
            for said in dimensions(following[0]):
                is_more = said.is_more == (word in ("most", "more"))
                if said.degree == "base" and word in ("most", "least"):
                    yield from self._superlatives(said, is_more, start, start + 2)
                elif said.degree == "base" and following[1:] == ["than"]:
                    yield from self._comparatives(said, is_more, start, start + 3)

    def _superlatives(self, said: Dimension, is_more: bool, start: int, end: int) -> Iterator[Item]:
        for columns in self._dimension(said):
            yield Item("SupCol", (columns, is_more), start, end, 0.9 * (end - start) ** _LONGER)

    def _comparatives(self, said: Dimension, is_more: bool, start: int, end: int) -> Iterator[Item]:
        for columns in self._dimension(said):
            meaning = (columns, ">" if is_more else "<")
            yield Item("AdjCol", meaning, start, end, 0.9 * (end - start) ** _LONGER)

    def _dimension(self, said: Dimension) -> Iterator[Columns]:
        """The columns that hold what an adjective says much or little of, one of each table at most."""
        if not said.nouns:
            for table in self.lexicon.graph.tables:
                if table.time:
                    yield Columns((Attribute(table.name, table.time),))
        tables: set[str] = set()
        for noun in said.nouns:
            for meaning in self.lexicon.meanings.get(noun, ()):
                if isinstance(meaning, ColumnName) and meaning.table not in tables:
                    tables.add(meaning.table)
                    yield Columns((Attribute(meaning.table, meaning.column),))

    def _present(self, category: str, start: int, end: int) -> Iterator[Item]:
        """`still here`, `at the moment`: the rows that are current, where rows may have ended."""
        found = [m for m in self.lexicon.meanings.get(("current",), ()) if isinstance(m, Trait)]
        for meaning in found:
            yield Item("Cond", Condition(meaning.table, meaning.predicate), start, end, 0.8 * (end - start))
        if category == "Now" and not found:
            yield Item("Fill", None, start, end, 0.3)

    def _closed(self, sentence: Sequence[Token], start: int) -> Iterator[Item]:
        """Phrases of the closed list; what follows "starts with" may be a text without quotes."""
        for length, category, meaning in entries_at(sentence, start):
            end, weight = start + length, 0.3 if category == "Fill" else 0.9
            if category == "Recurring":
                category, meaning = "Claim", Recurring(tuple(map(int, str(meaning))))
            yield Item(category, meaning, start, end, weight * length**1.05)
            if category in ("Present", "Now"):
                yield from self._present(category, start, end)
            if category == "Who":
                for table in self.people:
                    yield Item("Rows", Rows(table), start, end, 0.5 * length)
            if category == "Like" and end < len(sentence) and sentence[end].kind == "word":
                yield Item("Quo", sentence[end].text, end, end + 1, 0.6)


def _is_plural(token: Token) -> bool:
    return token.kind == "word" and token.text.lower() not in (token.lemma, token.lemma.lower())


def _item(meaning: Meaning, start: int, length: int, score: float, alike: tuple[Attribute, ...] = ()) -> Item:
    end = start + length
    match meaning:
        case TableName():
            return Item("Rows", Rows(meaning.table), start, end, score)
        case ColumnName():
            columns = Columns((Attribute(meaning.table, meaning.column),), None, alike)
            return Item("Col", columns, start, end, score)
        case Trait():
            return Item("Cond", Condition(meaning.table, meaning.predicate), start, end, score)
        case RoleName():
            return Item("Role", Role(meaning.relationship), start, end, score)
        case MetricName():
            return Item("Number", Number(MetricRef(meaning.name), ""), start, end, score)
        case Defined():
            return Item(meaning.category, meaning.meaning, start, end, score)
    attribute = Attribute(meaning.table, meaning.column)
    condition = Condition(meaning.table, OneOf(attribute, (Value(meaning.value),)))
    return Item("Val", condition, start, end, score)
