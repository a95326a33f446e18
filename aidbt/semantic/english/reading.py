"""A question read: grounded, put together and made one query, or refused with what was not understood."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from aidbt.core.words import singular_words
from aidbt.semantic.english.assemble import Refused, assemble
from aidbt.semantic.english.chart import Chart, Item, parse
from aidbt.semantic.english.grammar import Rules
from aidbt.semantic.english.lexicon import ColumnName, Lexicon, Meaning, TableName, ValueName
from aidbt.semantic.english.periods import period_at
from aidbt.semantic.english.phrases import Columns, Condition, Rows
from aidbt.semantic.english.tokens import Token, tokens, verb_stem
from aidbt.semantic.english.words import entries_at
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import Attribute, Clock, OneOf, SemanticQuery, Value

# Phrases that mean something only beside others.
_LOOSE = {"Verb", "Prep", "And", "Comma", "Rel", "Each", "Cmp", "Agg", "Count", "Sup", "Num", "Quo", "Neg", "Top",
          "To", "ToNumber", "RatioOf", "AndCond", "EachGrain", "NameOf", "Like", "Or", "Order", "Dir", "Ratio", "Frequent", "TopN", "Grain", "CmpNum", "CountAll"}  # fmt: skip
_SUFFIX = re.compile(r"(?:fully|ful|ally|al|ly|ed|ing|d)$")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a question was understood as.

    Attributes:
        phrases: the question's phrases in order, as they were read.
    """

    query: SemanticQuery
    phrases: tuple[Item, ...]


def read(question: str, graph: Graph, lexicon: Lexicon, clock: Clock) -> Reading:
    """The query that a question asks for.

    Raises:
        Refused: a word is not understood, or the phrases do not fit together.
    """
    rules = Rules(graph)
    grammar = rules.grammar()
    stems = _stems(lexicon)
    cut: list[list[Item]] = []
    unknown: list[str] = []
    for sentence in sentences(tokens(question)):
        chart = parse(len(sentence), _words(sentence, lexicon, stems), grammar)
        phrases = _best_cut(chart)
        if phrases is None:
            unknown += _uncovered(chart, sentence)
        else:
            cut.append(phrases)
    if unknown or not cut:
        raise Refused(f"not understood: {', '.join(unknown) or 'nothing is asked'}")
    query = replace(assemble(cut, rules), clock=clock)
    if query.base and any(token.lemma in ("distinct", "unique") for token in tokens(question)):
        query = replace(query, distinct=True)
    return Reading(query, tuple(item for phrases in cut for item in phrases))


def sentences(sentence: Sequence[Token]) -> list[list[Token]]:
    """The sentences of a text."""
    found: list[list[Token]] = [[]]
    for token in sentence:
        found[-1].append(token)
        if token.kind == "mark" and token.text in ".?!;":
            found.append([])
    return [tokens_ for tokens_ in found if any(token.kind != "mark" for token in tokens_)]


def _words(sentence: Sequence[Token], lexicon: Lexicon, stems: dict[str, list[Meaning]]) -> Iterator[Item]:
    """Every phrase of the data, of time, and of the closed list, where it stands."""
    lemmas = [token.lemma.lower() for token in sentence]
    for start, token in enumerate(sentence):
        is_known = False
        for length, meanings in lexicon.at(lemmas, start):
            if any(t.kind in ("mark", "quoted") for t in sentence[start : start + length]):
                continue
            is_known = True
            alike = tuple(
                Attribute(m.table, m.column) for m in meanings if isinstance(m, ColumnName) and m.weight > 0.7
            )
            for meaning in meanings:
                yield _item(meaning, start, length, meaning.weight * length**1.1, alike)
        if token.kind == "word" and "_" in token.text:
            for meaning in lexicon.meanings.get(singular_words(token.text), ()):
                yield _item(meaning, start, 1, 2 * meaning.weight)
        if token.kind == "quoted":
            yield Item("Quo", token.text, start, start + 1, 1.0)
            inside = tuple(t.lemma.lower() for t in tokens(token.text) if t.kind != "mark")
            for meaning in lexicon.meanings.get(inside, ()):
                if isinstance(meaning, ValueName):
                    yield _item(meaning, start, 1, 1.2)
        if token.number is not None:
            yield Item("Num", token.number, start, start + 1, 1.0)
        period = period_at(sentence, start)
        if period:
            yield Item("Time", period, start, start + period.length, 1.1 * period.length**1.1)
        for length, category, meaning_ in entries_at(sentence, start):
            is_known = True
            weight = 0.3 if category == "Fill" else 0.9
            yield Item(category, meaning_, start, start + length, weight * length**1.05)
        if token.kind == "word" and not is_known:
            for meaning in stems.get(verb_stem(token.lemma.lower()), ()):
                yield _item(meaning, start, 1, 0.7)
            bare = _SUFFIX.sub("", token.lemma.lower())
            for meaning in lexicon.meanings.get((bare,), ()):
                if isinstance(meaning, ValueName):
                    yield _item(meaning, start, 1, 0.7)


def _item(meaning: Meaning, start: int, length: int, score: float, alike: tuple[Attribute, ...] = ()) -> Item:
    if isinstance(meaning, TableName):
        return Item("Rows", Rows(meaning.table), start, start + length, score)
    attribute = Attribute(meaning.table, meaning.column)
    if isinstance(meaning, ColumnName):
        return Item("Col", Columns((attribute,), None, alike), start, start + length, score)
    condition = Condition(meaning.table, OneOf(attribute, (Value(meaning.value),)))
    return Item("Val", condition, start, start + length, score)


def _stems(lexicon: Lexicon) -> dict[str, list[Meaning]]:
    """Columns of time by the stem of the verb in their names: `join_date` for "joined"."""
    found: dict[str, list[Meaning]] = {}
    for phrase, meanings in lexicon.meanings.items():
        for meaning in meanings:
            if isinstance(meaning, ColumnName):
                column = lexicon.graph.table(meaning.table).column(meaning.column)
                if column.kind in ("time", "date") and len(phrase) <= 2:
                    found.setdefault(verb_stem(phrase[0]), []).append(meaning)
    return found


def _best_cut(chart: Chart) -> list[Item] | None:
    """The phrases, side by side, that make the likeliest reading; None when words are left over."""
    best: list[tuple[float, list[Item]] | None] = [None] * (chart.size + 1)
    best[0] = (0.0, [])
    for end in range(1, chart.size + 1):
        for start in range(end):
            before = best[start]
            if before is None:
                continue
            for item in chart.items(start, end):
                score = before[0] + item.score - (1.7 if item.category in _LOOSE else 0.7)
                current = best[end]
                if current is None or score > current[0]:
                    best[end] = (score, [*before[1], item])
    found = best[chart.size]
    return found[1] if found else None


def _uncovered(chart: Chart, sentence: Sequence[Token]) -> list[str]:
    covered: set[int] = set()
    for start in range(chart.size):
        for end in range(start + 1, chart.size + 1):
            if any(True for _ in chart.items(start, end)):
                covered |= set(range(start, end))
    return [token.text for number, token in enumerate(sentence) if number not in covered]
