"""Times, brackets and columns that are read as parts of something else than what they were said of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, zip_longest

from aidbt.semantic.english.checks.said import said_of, table_of
from aidbt.semantic.english.grounding.index import Lexicon
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.number_phrases import Group
from aidbt.semantic.english.meanings.phrases import Columns, Condition
from aidbt.semantic.english.words.tokens import Token
from aidbt.semantic.query import (
    Attribute,
    Calculation,
    InPeriod,
    Measure,
    SemanticQuery,
    attributes,
    conjuncts,
    measures,
    parts,
)

_EDGES = {"end", "start", "beginning", "close", "ending", "middle"}
_JOINS = {"And", "Comma"}
_DATE = {"date", "day", "time"}
_PLACES = [[word] for word in "by of in on for at with from to across over among".split()]
_TIMES = {"Col", "Did", "Event", "EventOf"}


def edges(sentence: Sequence[Token], words: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """The end of a year, which is no column: "how many contracts were there at the end of 2024"."""
    spoken = [word for word in words if word.category != "Fill"]
    for word, after in pairwise(spoken):
        before = [token.text.lower() for token in sentence[: word.start]]
        is_edge = word.category in _TIMES and set(said_of(sentence, word)) <= _EDGES
        is_of = sentence[word.end].text.lower() == "of" if word.end < len(sentence) else False
        if is_edge and is_of and after.category == "Time" and before[-1:] == ["the"]:
            yield word


def bare_dates(sentence: Sequence[Token], words: Sequence[Item]) -> Iterator[Columns]:
    """The columns that are called a date and no more: not "the date the analysis was completed"."""
    spoken = [word for word in words if word.category != "Fill"]
    for word, after in zip_longest(spoken, spoken[1:]):
        is_last = after is None or after.category in (*_JOINS, "Show")
        is_bare = word.category == "Col" and is_last and set(said_of(sentence, word)) <= _DATE
        if is_bare and isinstance(word.meaning, Columns):
            yield word.meaning


def dates(
    sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery, lexicon: Lexicon
) -> Iterator[Item]:
    """The date of rows that have some is none of others: "orders shipped in May, with the date"."""
    base = lexicon.graph.table(query.base).columns if query.base else ()
    shown = {output.term for output in query.outputs}
    is_dated = any(column.kind in ("time", "date") for column in base)
    bare = [columns for columns in bare_dates(sentence, words) if is_dated]
    for columns in bare:
        if any(term.table != query.base and term in shown for term in columns.terms):
            yield from (word for word in words if word.meaning == columns)


def kinds_of_groups(_: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """A kind before an amount, of rows that are named besides: "the bar revenue of each venue" may be what
    was earned at its bar, and not that of the bars among them.
    """
    measured = {measure.table for measure in measures(query) if measure.of is not None}
    terms = {term for term in query.group_by if isinstance(term, Attribute)}
    terms |= set(attributes((query.where, *(measure.where for measure in measures(query)))))
    for word, after in pairwise(words) if measured else ():
        kind = word.meaning
        is_before = after.start == word.end and after.category in ("Col", "Number", "Rows")
        if word.category not in ("Val", "Cond") or not isinstance(kind, Condition) or not is_before:
            continue
        own = set(attributes(kind.predicate))
        is_far = kind.table not in measured and table_of(after) != kind.table
        if is_far and any(term.table == kind.table and term not in own for term in terms):
            yield word


def going_by(sentence: Sequence[Token], items: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """By what something is told makes no groups: "tickets about login (going by the subject)"."""
    for item in items:
        words = list(item.words()) if item.category in ("Group", "AndGroup") else []
        yield from (word for word in words if said_of(sentence, word) in (["going"], ["judging"]))


def per_on_average(_: Sequence[Token], items: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """One number for all is asked for: of "the fees per show on average" no show has one of its own."""
    for group, average in pairwise(items):
        is_mean = any(measure.function == "avg" for measure in measures(query)) and query.source is None
        is_per = isinstance(group.meaning, Group) and group.meaning.is_per and bool(group.meaning.rows)
        if is_per and is_mean and average.category == "OnAverage" and query.group_by:
            yield average


def in_how_many(sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """Among how many it was is said of the number before: "the total sold, and in how many orders"; what
    holds of those is not said of that number, and who they were is none.
    """
    spoken = [word for word in words if word.category != "Fill"]
    for joined, prep, word in zip(spoken, spoken[1:], spoken[2:], strict=False):
        is_counted = word.category in ("Count", "CountAll") and said_of(sentence, word)[0] == "how"
        is_tail = prep.category == "HowMuch" and word.category in ("Rows", "Col")
        is_after = joined.category in _JOINS and said_of(sentence, prep) in _PLACES
        if (is_after and is_counted) or (is_tail and said_of(sentence, prep)[0] != "how"):
            yield word
    for among, _things, word in zip(spoken, spoken[1:], spoken[2:], strict=False):
        if among.category == "InMany" and word.category not in (*_JOINS, "Each", "Time", "Show"):
            yield word
    is_counted_alone = not query.base and not query.group_by
    for word in spoken:
        before = [token.lemma for token in sentence[max(word.start - 3, 0) : word.start]]
        is_asked = before[-1:] in (["which"], ["what"]) and before[:1] == ["and"]
        if is_asked and (word.category == "Val" or (word.category == "Rows" and is_counted_alone)):
            yield word


def bracketed_parts(sentence: Sequence[Token], items: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """Brackets behind what makes a part only say it again, or more of it: of "the percentage of tickets that
    are open (no closing date)" the whole are all tickets.
    """
    wholes = [p.right for p in parts(query) if isinstance(p, Calculation) and p.operator == "/"]
    held = [one for whole in wholes if isinstance(whole, Measure) for one in conjuncts(whole.where)]
    held += conjuncts(query.where)
    is_some = any(not isinstance(one, InPeriod) for one in held)
    for item in items if is_some else ():
        words = list(item.words())
        marks = [sentence[at].text for at in range(item.start, item.end) if sentence[at].kind == "mark"]
        if item.category == "Number" and words[0].category in ("Ratio", "WhatShare") and "(" in marks:
            yield words[-1]


def articles(sentence: Sequence[Token], words: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """What "the" stands before is no verb: shows that are "on the books" need not be booked."""
    for word in words:
        text = sentence[word.start].text.lower()
        is_verb = word.category in ("Did", "Verb") and word.end == word.start + 1 and text.endswith("s")
        is_time = isinstance(word.meaning, Columns) or word.category == "Verb"
        if is_verb and is_time and word.start and sentence[word.start - 1].text.lower() in ("the", "our"):
            yield word
