"""Readings that fit together and still may not be what was meant: they are not answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aidbt.core.words import words_of
from aidbt.semantic.english.chart import Item
from aidbt.semantic.english.index import Lexicon, TableName
from aidbt.semantic.english.names import counted
from aidbt.semantic.english.refusal import Refused
from aidbt.semantic.english.same_rows import is_contradiction
from aidbt.semantic.english.tokens import Token, lemma
from aidbt.semantic.query import (
    All,
    Attribute,
    Calculation,
    InPeriod,
    Measure,
    SemanticQuery,
    TimePoint,
    measures,
    parts,
)

_DENIALS = {"no", "not", "never", "without", "none", "n't", "nor", "neither"}
_DONE = {"actual", "act"}


def check_doubts(
    said: Iterable[tuple[Sequence[Token], Sequence[Item]]], query: SemanticQuery, lexicon: Lexicon
) -> None:
    """That a query says nothing which its question hardly means.

    Raises:
        Refused: it may mean something else.
    """
    for sentence, items in said:
        if any(_denies_twice(item, sentence) for item in items):
            raise Refused("what is in brackets may be denied, or say once more what is denied before them")
    for measure in measures(query):
        conditions = tuple(one for one in (query.where, measure.where) if one is not None)
        if len(conditions) > 1 and is_contradiction(All(conditions)):
            raise Refused("it is not certain of which rows a condition is")
    for part in parts(query):
        if isinstance(part, Calculation) and _is_one_sided(part):
            raise Refused("it is not certain whether a condition is of a part or of the whole")
        if isinstance(part, InPeriod) and _is_to_come(part) and _is_done(part.term):
            raise Refused("the data holds what has been, not what will be")
    for measure, column in _stored(query, lexicon):
        raise Refused(
            "the question can be read in two ways",
            hint=f"say which is meant: {column.column} of {column.table}, or the rows of {measure.table}",
        )


def _denies_twice(item: Item, sentence: Sequence[Token]) -> bool:
    """Whether a phrase denies something, and again in brackets: "not deposited (no deposit date)"."""
    words = [token.lemma for token in sentence[item.start : item.end]]
    if "(" not in words:
        return False
    at = words.index("(")
    return bool(_DENIALS & set(words[:at])) and bool(_DENIALS & set(words[at:]))


def _is_one_sided(ratio: Calculation) -> bool:
    """Whether one sum is divided by that of another column of only some of the same rows: of "passengers per
    vehicle over all confirmed bookings" the passengers are of those, too.
    """
    over, under = ratio.left, ratio.right
    if ratio.operator != "/" or not isinstance(over, Measure) or not isinstance(under, Measure):
        return False
    is_of_columns = over.of is not None and under.of is not None and over.of != under.of
    return over.table == under.table and is_of_columns and over.where is None and under.where is not None


def _is_to_come(period: InPeriod) -> bool:
    """Whether a period lies behind the day on which the question is asked."""
    start, end = period.start, period.end
    if not isinstance(start, TimePoint) or not isinstance(end, TimePoint):
        return False
    return start.at is None and start.shift >= 0 and end.at is None and end.shift > 1


def _is_done(term: object) -> bool:
    """Whether a time is that at which something was really done, where another may say when it is due."""
    return isinstance(term, Attribute) and bool(_DONE & set(words_of(term.column)))


def _stored(query: SemanticQuery, lexicon: Lexicon) -> Iterator[tuple[Measure, Attribute]]:
    """Numbers of rows for each of other rows that hold such a number themselves: `language.speaker_num`."""
    owners = {term.table for term in query.group_by if isinstance(term, Attribute) and not term.grain}
    if len(owners) != 1:
        return
    for measure in measures(query):
        if measure.function != "count" or measure.of is not None or measure.where is not None:
            continue
        for owner in owners - {measure.table}:
            for column in lexicon.graph.table(owner).columns:
                noun = counted(tuple(map(lemma, words_of(column.name))))
                if any(_is_named(measure.table, m) for m in lexicon.meanings.get(noun, ())):
                    yield measure, Attribute(owner, column.name)


def _is_named(table: str, meaning: object) -> bool:
    return isinstance(meaning, TableName) and meaning.table == table
