"""Readings that fit together and still may not be what was meant: they are not answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from aidbt.core.words import words_of
from aidbt.semantic.english.checks.said import Said
from aidbt.semantic.english.grounding.index import Lexicon, TableName
from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.same_rows import is_contradiction
from aidbt.semantic.english.words.additive import is_additive
from aidbt.semantic.english.words.column_names import counted
from aidbt.semantic.english.words.tokens import Token, lemma
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import (
    All,
    Attribute,
    Calculation,
    Compared,
    Comparison,
    Exists,
    InPeriod,
    Measure,
    OneOf,
    SemanticQuery,
    TimePoint,
    Value,
    conjuncts,
    measures,
    parts,
)

_DENIALS = {"no", "not", "never", "without", "none", "n't", "nor", "neither"}
_DENIED_ASIDE = {*_DENIALS, "missing", "null", "empty", "blank"}
_DONE = {"actual", "act"}


def check_doubts(said: Said, query: SemanticQuery, lexicon: Lexicon) -> None:
    """That a query says nothing which its question hardly means.

    Raises:
        Refused: it may mean something else.
    """
    for sentence, items in said:
        check_different(sentence, query, lexicon)
        aside = next((word for item in items if (word := _aside(item, sentence))), "")
        if aside:
            raise Refused("it is not certain what is said of the groups", spans=(aside,))
        if any(_denies_twice(item, sentence) for item in items):
            raise Refused("what is in brackets may be denied, or say once more what is denied before them")
    for measure in measures(query):
        conditions = tuple(one for one in (query.where, measure.where) if one is not None)
        if len(conditions) > 1 and is_contradiction(All(conditions)):
            raise Refused("it is not certain of which rows a condition is")
    for part in parts(query):
        if isinstance(part, Calculation) and _is_one_sided(part):
            raise Refused("it is not certain whether a condition is of a part or of the whole")
        if isinstance(part, Calculation) and part.operator in "/-" and part.left == part.right:
            raise Refused("a number would be held against itself")
        if isinstance(part, InPeriod) and _is_to_come(part) and _is_done(part.term):
            raise Refused("the data holds what has been, not what will be")
    _check_groups(query, lexicon.graph)
    _check_one(query, lexicon.graph)
    for measure, column in _stored(query, lexicon):
        raise Refused(
            "the question can be read in two ways",
            hint=f"say which is meant: {column.column} of {column.table}, or the rows of {measure.table}",
        )


def _check_groups(query: SemanticQuery, graph: Graph) -> None:
    """That nothing is grouped by what is added up itself, nor by the very rows beside what they belong to.

    Raises:
        Refused: of "top 3 countries by order value" the values would be groups, of "the 3 materials with the
            largest weight over all weighings" each weighing.
    """
    groups = [term for term in query.group_by if isinstance(term, Attribute) and term.table]
    for term in query.limit_within:
        if isinstance(term, Attribute) and is_additive(graph.table(term.table), term.column):
            raise Refused(f"it is not certain whether {term.column} is added up, or makes the groups")
    is_ranked = any(isinstance(part, Compared) for part in parts(query))
    summed = {measure.table for measure in measures(query) if measure.table and measure.of is not None}
    for table in summed if not is_ranked else ():
        keys = {key[0] for key in graph.table(table).keys if len(key) == 1}
        own = [term for term in groups if term.table == table and term.column in keys]
        others = [t for t in groups if t.table != table and (t.column,) in graph.table(t.table).keys]
        if own and others:
            raise Refused(f"it is not certain whether {table} are added up, or shown one by one")


def _check_one(query: SemanticQuery, graph: Graph) -> None:
    """That not the one row of a key is counted: of "the venue of paper 2, and how many it has" all are.

    Raises:
        Refused: it is.
    """
    for measure in measures(query):
        if measure.function != "count" or not measure.table:
            continue
        keys = {key[0] for key in graph.table(measure.table).keys[:1] if len(key) == 1}
        for said in conjuncts(query.where, measure.where):
            term = said.term if isinstance(said, OneOf) and len(said.values) == 1 else None
            if isinstance(said, Comparison) and said.operator == "=" and isinstance(said.right, Value):
                term = said.left
            if not isinstance(term, Attribute) or term.via:
                continue
            if term.table == measure.table and term.column in keys:
                raise Refused(f"a single row of {measure.table} would be counted")


def check_different(sentence: Sequence[Token], query: SemanticQuery, lexicon: Lexicon) -> None:
    """That things which have to be so many different ones are counted, and not what happened to them: with
    "pledges to at least 3 different campaigns" campaigns are.

    Raises:
        Refused: others are counted.
    """
    counted_of = {one.table for one in parts(query) if isinstance(one, Exists) and one.count > 1}
    others = {measure.table for measure in measures(query)}
    for number, (token, noun) in enumerate(pairwise(sentence[1:])):
        if token.lemma not in ("different", "distinct") or sentence[number].number is None:
            continue
        tables = _tables((noun.lemma,), lexicon)
        is_other = tables and counted_of - others and not tables & counted_of
        done = _tables((_done_before(sentence, number),), lexicon)
        # "Collected pledges to 3 different campaigns": each of these by a pledge that was collected.
        chosen = {one.table for one in parts(query) if isinstance(one, Exists) and one.where is not None}
        if is_other or (tables & counted_of and done & chosen):
            raise Refused(f"it cannot be said that {token.text} {noun.text} are counted", spans=(token.text,))


_COMPARED = {"at", "least", "most", "more", "than", "few", "fewer", "less", "exactly", "over", "a", "of"}
_TO = {"to", "of", "for", "in", "from", "on", "at", "with"}


def _done_before(sentence: Sequence[Token], number: int) -> str:
    """The noun before a preposition and a number: the pledges of "pledges to at least 3"."""
    place = number - 1
    while place > 0 and sentence[place].lemma in _COMPARED and sentence[place - 1].lemma in _COMPARED | _TO:
        place -= 1
    return sentence[place - 1].lemma if place > 0 and sentence[place].lemma in _TO else ""


def _tables(noun: tuple[str, ...], lexicon: Lexicon) -> set[str]:
    """The tables whose rows go by a noun."""
    return {m.table for m in lexicon.meanings.get(noun, ()) if isinstance(m, TableName)}


def _aside(item: Item, sentence: Sequence[Token]) -> str:
    """The word within groups that says how to come to them: "per region, taking each member's home club"."""
    if item.category not in ("Group", "AndGroup"):
        return ""
    texts = [token.text.lower() for token in sentence[item.start : item.end]]
    return next((word for word in texts if word in ("taking", "using", "considering")), "")


def _denies_twice(item: Item, sentence: Sequence[Token]) -> bool:
    """Whether a phrase denies something, and again in brackets: "not deposited (no deposit date)"."""
    words = [token.lemma for token in sentence[item.start : item.end]]
    if "(" not in words:
        return False
    at = words.index("(")
    return bool(_DENIALS & set(words[:at])) and bool(_DENIED_ASIDE & set(words[at:]))


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
                if measure.table in _tables(noun, lexicon):
                    yield measure, Attribute(owner, column.name)
