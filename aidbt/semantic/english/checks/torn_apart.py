"""Words that belong together and are read apart: a verb and its time, a number and what it counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from aidbt.core.words import singular_words, words_of
from aidbt.semantic.english.checks.dropped import DONE_TO_ALL
from aidbt.semantic.english.checks.said import said_of, table_of
from aidbt.semantic.english.grounding.index import Lexicon
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.number_phrases import Having
from aidbt.semantic.english.meanings.phrases import Rows
from aidbt.semantic.english.words.tokens import Token, verb_stem
from aidbt.semantic.query import Attribute, Comparison, InPeriod, SemanticQuery, Value, attributes, parts

# What is done to rows of any kind as they are written down.
_WRITTEN = set(map(verb_stem, "created made recorded added updated inserted loaded entered done".split()))
_COMING_TO_BE = DONE_TO_ALL | set(
    """opened started launched founded begun raised entered born added acquired bought signed established
    introduced released happened occurred took arose came reported""".split()
)
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
        text, table = sentence[verb.start].text.lower(), table_of(rows)
        stem = verb_stem(text)
        own = _times(stem, table, lexicon)
        # Of things with a history the time of their own is when they came to be, and not when they were used.
        is_later = text not in _COMING_TO_BE and any(
            term.table == table for term in held if isinstance(term, Attribute)
        )
        is_done = bool(own and not held & own) or (is_later and not own and _has_history(table, lexicon))
        if stem not in _WRITTEN and is_done:
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


def _has_history(table: str, lexicon: Lexicon) -> bool:
    """Whether rows of others say when something was done with those of a table: the loans of a book."""
    near = {r.source for r in lexicon.graph.relationships if r.target == table} - {table}
    return any(lexicon.graph.table(one).time for one in near)


def years(sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """A year that is taken for how many are wanted: "in 2020 have the most sales"."""
    for word in words:
        is_year = word.category == "Num" and word.meaning in _YEARS and query.limit == word.meaning
        if is_year and word.start and sentence[word.start - 1].text.lower() in _BEFORE_TIMES:
            yield word


def so_many(sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """How many there are that is taken for what a column holds: "the amount of the three dearest orders"."""
    equal = [p for p in parts(query) if isinstance(p, Comparison) and p.operator == "="]
    held = {one.right for one in equal}
    units = {unit for one in equal for term in attributes(one.left) for unit in singular_words(term.column)}
    for word in words:
        number = word.meaning if isinstance(word.meaning, int | float) else None
        # "The five-star reviews" have five of them each.
        is_each = word.end < len(sentence) and sentence[word.end].lemma in units
        is_known = word.category == "Num" and word.start > 0 and Value(number) in held and not is_each
        if is_known and sentence[word.start - 1].text.lower() in ("the", "these", "those"):
            yield word


def ends(sentence: Sequence[Token], words: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """The least, or the most, that is read out of "at least one order"."""
    for word in words:
        is_end = word.category in ("Most", "Sup") and sentence[word.start].text.lower() in ("least", "most")
        if is_end and word.start and sentence[word.start - 1].text.lower() == "at":
            yield word


def of_last(sentence: Sequence[Token], items: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """Rows that the last of several numbers is of, and not the first with its own: "total fee of payments
    and average fee of late payments".
    """
    for numbers, link in pairwise(items):
        words = list(link.words()) if (numbers.category, link.category) == ("Numbers", "Link") else []
        if not words or said_of(sentence, words[0]) != ["of"]:
            continue
        own = {table_of(word) for word in numbers.words() if word.category == "Rows"}
        yield from [word for word in words if word.category == "Rows" and table_of(word) in own][:1]


def counts(_: Sequence[Token], items: Sequence[Item], __: SemanticQuery) -> Iterator[Item]:
    """A number of rows that is read as one of something before it: "how many countries have 10 members"."""
    for before, after in pairwise(items):
        last = [word for word in before.words() if word.category != "Fill"][-1:]
        is_split = isinstance(before.meaning, Having) and isinstance(after.meaning, Rows)
        if is_split and last and last[0].category == "Num":
            yield last[0]
