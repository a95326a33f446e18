"""Nouns beside nouns, and nouns for rows of one kind: "product category", "which defender has"."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from aidbt.core.words import words_of
from aidbt.semantic.english.grounding.lexicon import Lexicon, TableName, ValueName
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.phrases import Rows
from aidbt.semantic.english.words.tokens import Token
from aidbt.semantic.query import Attribute, OneOf, Value

# A phrase of several words says more than its words one by one.
LONGER = 1.1
# What an adjective or a name says more of a table that the sentence names: with many tables others would
# crowd it out.
NAMED = 0.02
# What two nouns of tables together say, where no column is called so.
_COMPOUND = 0.9
# Before one of something, whose verb may follow it.
_BEFORE_ONE = {"which", "what", "a", "an", "the", "each", "every", "that", "one", "no", "any"}
_ASKING_FOR_ONE = {"which", "what", "each", "every"}
_COMMANDS = {"count", "list", "show", "give", "get", "return", "display", "find", "sum"}
_VERBS_OF_ONE = {"have", "be", "do", "with", "who"}


def is_plural(token: Token) -> bool:
    """Whether a word is spelled as a plural."""
    return token.kind == "word" and token.text.lower().endswith("s")


def tables_named(lexicon: Lexicon, sentence: Sequence[Token]) -> set[str]:
    """The tables that single words of a sentence name."""
    named = (lexicon.meanings.get((token.lemma,), ()) for token in sentence)
    return {meaning.table for found in named for meaning in found if isinstance(meaning, TableName)}


def compounds(lexicon: Lexicon, sentence: Sequence[Token], start: int) -> Iterator[Item]:
    """`product category`, the one that products have; `customer orders`, but not "which customer orders"."""
    if start + 1 >= len(sentence) or is_plural(sentence[start]):
        return
    owners = tables_named(lexicon, sentence[start : start + 1])
    is_verb = start > 0 and sentence[start - 1].lemma in _BEFORE_ONE and not _is_object(sentence, start)
    for length, meanings in lexicon.found(sentence, start + 1) if owners else ():
        are_many = is_plural(sentence[start + length]) and not is_verb
        for meaning in meanings:
            if isinstance(meaning, TableName) and _refers_once(lexicon, owners, meaning.table, are_many):
                score = meaning.weight * _COMPOUND * (1 + length) ** LONGER
                yield Item("Rows", Rows(meaning.table), start, start + 1 + length, score)


def _is_object(sentence: Sequence[Token], start: int) -> bool:
    """Whether "the" noun does nothing itself: "count the customer orders", "sum of the customer orders"."""
    if start < 2 or sentence[start - 1].lemma != "the":
        return False
    before = sentence[start - 2].lemma
    return before == "of" or (start == 2 and before in _COMMANDS)


def _refers_once(lexicon: Lexicon, owners: Collection[str], table: str, are_many: bool) -> bool:
    """Whether rows refer to those of another table in one way; or, where there are many, those to them."""
    known = lexicon.graph.relationships
    found = [r for r in known if r.source in owners and r.target == table]
    if are_many and not found:
        found = [r for r in known if r.source == table and r.target in owners]
    return len(found) == 1 and table not in owners and found[0].is_to_one


def rows_of_kind(
    lexicon: Lexicon, value: ValueName, sentence: Sequence[Token], start: int, length: int
) -> Iterator[Item]:
    """`contractors`, `which contractor has`: rows by what kind they are of, and not by their own name."""
    end, weight = start + length, 0.0
    if _is_one(sentence, start, end):
        weight = 1.1
    elif is_plural(sentence[end - 1]):
        weight = 0.6
    if weight and value.column != lexicon.graph.table(value.table).label:
        rows = Rows(value.table, OneOf(Attribute(value.table, value.column), (Value(value.value),)))
        yield Item("Rows", rows, start, end, weight * length)


def specialists(lexicon: Lexicon, sentence: Sequence[Token], start: int) -> Iterator[Item]:
    """`ceramics specialists`: the rows that have such a specialty."""
    for length, meanings in lexicon.found(sentence, start):
        noun = sentence[start + length] if start + length < len(sentence) else None
        for value in meanings if noun is not None and noun.lemma == "specialist" else ():
            if isinstance(value, ValueName) and _SPECIALTIES & set(words_of(value.column)[-1:]):
                rows = Rows(value.table, OneOf(Attribute(value.table, value.column), (Value(value.value),)))
                end = start + length + 1
                yield Item("Rows", rows, start, end, value.weight * (length + 1) ** LONGER)


_SPECIALTIES = {"specialty", "speciality", "specialization", "specialisation", "specialism"}


def _is_one(sentence: Sequence[Token], start: int, end: int) -> bool:
    """Whether a word is a noun for one of a kind: "which defender has", but not "which open orders"."""
    is_asked = start > 0 and sentence[start - 1].lemma in _ASKING_FOR_ONE
    following = sentence[end].lemma if end < len(sentence) else ""
    return is_asked and following in _VERBS_OF_ONE
