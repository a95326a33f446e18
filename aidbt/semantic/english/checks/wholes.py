"""What a share is a part of, and what is counted, read as something else than what the words say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aidbt.semantic.english.checks.said import TO_BE, said_of
from aidbt.semantic.english.grounding.index import Lexicon
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.phrases import Condition, Rows
from aidbt.semantic.english.words.tokens import Token
from aidbt.semantic.query import (
    Calculation,
    Measure,
    OneOf,
    Predicate,
    SemanticQuery,
    conjuncts,
    measures,
    parts,
)


def asserted_parts(sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """What a share is said to be makes the part: of "what share of digs are completed in Egypt" the whole are
    all digs in Egypt.
    """
    wholes = [p.right for p in parts(query) if isinstance(p, Calculation) and p.operator == "/"]
    held = [one for whole in wholes if isinstance(whole, Measure) for one in conjuncts(whole.where)]
    spoken = [word for word in words if word.category != "Fill"]
    is_share = False
    for rows, verb, word in zip(spoken, spoken[1:], spoken[2:], strict=False):
        is_share |= rows.category in ("Ratio", "WhatShare") and rows.meaning != "ratio"
        is_said = (rows.category, verb.category) == ("Rows", "Is") and verb.end == verb.start + 1
        said = word.meaning.predicate if isinstance(word.meaning, Condition) else None
        is_asserted = is_said and sentence[verb.start].text.lower() in TO_BE
        if is_share and is_asserted and said in (*held, *conjuncts(query.where)):
            yield word
    yield from _bare_parts(words, (*held, *conjuncts(query.where)))


def _bare_parts(words: Sequence[Item], held: Sequence[Predicate]) -> Iterator[Item]:
    """Of "the share of completed digs in Egypt" nobody knows which of the two makes the part."""
    at = next((n for n, w in enumerate(words) if w.category == "Ratio" and w.meaning != "ratio"), len(words))
    said = [word for word in words[at + 1 :] if word.category != "Fill"]
    kinds = [word.category for word in said]
    is_asserted = bool(set(kinds[4:5]) & {"Is", "Verb", "Weak", "Act", "Did", "Rel", "Val"})
    if kinds[:4] == ["Val", "Rows", "Prep", "Val"] and not is_asserted:
        first = said[0].meaning
        if isinstance(first, Condition) and first.predicate in held:
            yield said[0]


def counted_values(
    sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery, lexicon: Lexicon
) -> Iterator[Item]:
    """Who goes by a value is counted, and not what they are of: "how many supervisors of digs are there".

    Where the value is of rows that relate two others, one of them may be there many times.
    """
    spoken = [word for word in words if word.category != "Fill"]
    counted = {measure.table for measure in measures(query)}
    for count, word, prep in zip(spoken, spoken[1:], spoken[2:], strict=False):
        is_of = prep.category == "Prep" and said_of(sentence, prep) == ["of"]
        if count.category != "Count" or not is_of:
            continue
        told, table = word.meaning, ""
        if isinstance(told, Condition) or (isinstance(told, Rows) and isinstance(told.where, OneOf)):
            table = told.table
        is_between = table and not any(len(key) == 1 for key in lexicon.graph.table(table).keys)
        if table and (table not in counted or is_between):
            yield word
