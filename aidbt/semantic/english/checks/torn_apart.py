"""Words that belong together and are read apart: a verb and its time, a number and what it counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from aidbt.core.words import words_of
from aidbt.semantic.english.checks.misjoined import said_of, table_of
from aidbt.semantic.english.grounding.index import Lexicon
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.number_phrases import Having
from aidbt.semantic.english.meanings.phrases import Rows
from aidbt.semantic.english.words.tokens import Token, verb_stem
from aidbt.semantic.query import Attribute, Comparison, InPeriod, SemanticQuery, Value, parts

# What is done to rows of any kind as they are written down.
_WRITTEN = set(map(verb_stem, "created made recorded added updated inserted loaded entered done".split()))
_YEARS = range(1900, 2101)
_BEFORE_TIMES = {"in", "of", "since", "from", "by", "until", "before", "after", "during", "for"}


def verbs_and_times(
    sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery, lexicon: Lexicon
) -> Iterator[Item]:
    """What was done at a time, where another one is held against it: "units of titles published in 2020" are
    not those that were sold then.
    """
    said = [word for word in words if word.category not in ("Fill", "Prep", "Is")]
    held = {part.term for part in parts(query) if isinstance(part, InPeriod)}
    for rows, verb, time in zip(said, said[1:], said[2:], strict=False):
        kinds = (rows.category, verb.category, time.category)
        if kinds != ("Rows", "Verb", "Time") or verb.end - verb.start != 1:
            continue
        stem = verb_stem(sentence[verb.start].text.lower())
        own = _times(stem, table_of(rows), lexicon)
        if stem not in _WRITTEN and own and not held & own:
            yield verb


def _times(stem: str, table: str, lexicon: Lexicon) -> set[Attribute]:
    """The times that say when it was done, of rows or of what belongs to them."""
    near = {r.source for r in lexicon.graph.relationships if r.target == table} | {table}
    return {
        Attribute(owner, column.name)
        for owner in near
        for column in lexicon.graph.table(owner).columns
        if column.kind in ("time", "date") and stem in map(verb_stem, words_of(column.name))
    }


def years(sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """A year that is taken for how many are wanted: "in 2020 have the most sales"."""
    for word in words:
        is_year = word.category == "Num" and word.meaning in _YEARS and query.limit == word.meaning
        if is_year and word.start and sentence[word.start - 1].text.lower() in _BEFORE_TIMES:
            yield word


def so_many(sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """How many there are that is taken for what a column holds: "the amount of the three dearest orders"."""
    held = {p.right for p in parts(query) if isinstance(p, Comparison) and p.operator == "="}
    for word in words:
        number = word.meaning if isinstance(word.meaning, int | float) else None
        is_known = word.category == "Num" and word.start > 0 and Value(number) in held
        if is_known and sentence[word.start - 1].text.lower() in ("the", "these", "those"):
            yield word


def ends(sentence: Sequence[Token], words: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """The least, or the most, that is read out of "at least one order"."""
    for word in words:
        is_end = word.category in ("Most", "Sup") and sentence[word.start].text.lower() in ("least", "most")
        if is_end and word.start and sentence[word.start - 1].text.lower() == "at":
            yield word


def counts(sentence: Sequence[Token], items: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """A number of rows that is read as one of something before it: "how many countries have 10 members"."""
    for before, after in pairwise(items):
        last = [word for word in before.words() if word.category != "Fill"][-1:]
        is_split = isinstance(before.meaning, Having) and isinstance(after.meaning, Rows)
        if is_split and last and last[0].category == "Num" and said_of(sentence, last[0])[-1:]:
            yield last[0]
