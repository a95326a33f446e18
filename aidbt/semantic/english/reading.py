"""A question read: grounded, put together and made one query, or refused with what was not understood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from math import inf
from typing import Any

from aidbt.core.errors import AidbtError
from aidbt.core.words import words_of
from aidbt.semantic.english.advice import advised
from aidbt.semantic.english.asked import STANDING
from aidbt.semantic.english.assemble import assemble
from aidbt.semantic.english.chart import Chart, Item, parse
from aidbt.semantic.english.defined import TextMatching, glossed, matched, with_instructions
from aidbt.semantic.english.dropped import check_dropped
from aidbt.semantic.english.grammar import Rules
from aidbt.semantic.english.grounded import Grounded
from aidbt.semantic.english.instructions import without_advice
from aidbt.semantic.english.lexicon import Lexicon
from aidbt.semantic.english.nearness import is_nearer
from aidbt.semantic.english.number_phrases import Best, Group, Number, Sorted
from aidbt.semantic.english.phrases import Columns, Rows
from aidbt.semantic.english.refusal import Distant, Doubtful, Rank, Refused, check_values, not_understood
from aidbt.semantic.english.relations import is_contradiction
from aidbt.semantic.english.tokens import Token, tokens
from aidbt.semantic.graph import Graph, NoPath
from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Clock,
    Measure,
    Output,
    SemanticQuery,
    Term,
    Value,
    attributes,
    measures,
    parts,
)
from aidbt.semantic.wording import describe

MOST_TOKENS = 100
"""Longer sentences are refused: the time that reading takes grows with the third power of their length."""
MOST_CUTS = 6
"""How many ways to cut a question into phrases are looked at."""
FARTHEST = 1.0
"""How much less likely than the best a reading may be that is taken since the best does not fit together."""
MARGIN = 0.16
"""Readings whose scores are no farther apart are about as likely."""
STANDING_COST = 0.7
"""What each phrase costs that is not joined with the others."""
TIE = 0.02
"""Readings whose scores are no farther apart are as likely as each other."""
_DISTINCT = {"distinct", "unique", "different"}
Cut = tuple[float, tuple[Item, ...]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a question was understood as.

    Attributes:
        phrases: the question's phrases in order, as they were read.
        notes: what the reader ought to know of it.
    """

    query: SemanticQuery
    phrases: tuple[Item, ...]
    notes: tuple[str, ...] = ()


def read(
    question: str,
    graph: Graph,
    lexicon: Lexicon,
    clock: Clock,
    *,
    instructions: str = "",
    rank: Rank | None = None,
) -> Reading:
    """The query that a question asks for.

    Args:
        instructions: definitions and advice that belong to the question.
        rank: orders what a word that is not understood may have meant.

    Raises:
        Refused: a word is not understood, the phrases do not fit together, or two readings are about as
            likely and differ.
    """
    question, said = without_advice(question)
    lexicon, matching = with_instructions(f"{instructions}\n{said}", question, lexicon, graph)
    question, lexicon = glossed(question, lexicon, graph)
    try:
        found = _read(question, graph, lexicon, clock, matching)
        asked = advised(question, f"{instructions}\n{said}", found.query, lexicon, graph)
        return found if asked == question else _read(asked, graph, lexicon, clock, matching)
    except _Unknown as unknown:
        raise not_understood(
            unknown.spans,
            lexicon,
            question=question,
            answers=lambda other: _is_answered(other, graph, lexicon, clock, matching),
            rank=rank,
        ) from None


class _Unknown(Refused):
    """Words are not understood; what they may have meant is not looked for yet."""


def _is_answered(question: str, graph: Graph, lexicon: Lexicon, clock: Clock, matching: TextMatching) -> bool:
    try:
        _read(question, graph, lexicon, clock, matching)
    except AidbtError:
        return False
    return True


def _read(question: str, graph: Graph, lexicon: Lexicon, clock: Clock, matching: TextMatching) -> Reading:
    grounded = Grounded(lexicon)
    rules = Rules(graph, grounded.people)
    grammar = rules.grammar()
    said = sentences(tokens(question))
    cut: list[list[Cut]] = []
    unknown: list[str] = []
    for sentence in said:
        if len(sentence) > MOST_TOKENS:
            raise Refused(f"a sentence has {len(sentence)} words, more than {MOST_TOKENS}")
        chart = parse(len(sentence), grounded.items(sentence), grammar)
        if chart.is_tangled:
            raise Refused("a sentence is too tangled to be read", hint="ask it in shorter sentences")
        cut.append([way for way in cuts(chart, sentence) if not _defines(way, sentence)])
        if not cut[-1]:
            unknown += uncovered(chart, sentence) or [" ".join(token.text for token in sentence)]
    if unknown:
        raise _Unknown("not understood", spans=unknown)
    if not cut:
        raise Refused("nothing is asked")
    found = _certain(_readings(cut, said, rules, lexicon, clock), graph)
    _check_future(question, found.query, graph)
    query = matched(found.query, matching)
    if not matching:
        check_values(query, lexicon)
    return replace(found, query=query)


def _check_future(question: str, query: SemanticQuery, graph: Graph) -> None:
    """That what "will" be is a time that is recorded, such as when a contract ends.

    Of when rows happened, and of what has no time, nobody can know.
    """
    if not any(token.lemma == "will" for token in tokens(question)):
        return
    times = {(table.name, table.time) for table in graph.tables}
    planned = [a for a in attributes(query) if graph.table(a.table).column(a.column).kind in ("time", "date")]
    if not any((a.table, a.column) not in times and not _is_past(a.column) for a in planned):
        raise Refused("the data holds what has been, not what will be", spans=("will",))


def _is_past(column: str) -> bool:
    """Whether a time is of what was done: `churned_on`, and not the date on which something is due to end."""
    return any(word.endswith("ed") and word not in _PLANNED for word in words_of(column))


_PLANNED = {"planned", "expected", "scheduled", "estimated", "required", "projected"}


def _readings(
    cut: Sequence[Sequence[Cut]],
    said: Sequence[Sequence[Token]],
    rules: Rules,
    lexicon: Lexicon,
    clock: Clock,
) -> Iterator[tuple[float, Reading]]:
    """The readings that fit together, likeliest first.

    Raises:
        Refused: none does; said of the likeliest.
    """
    is_distinct = any(token.lemma in _DISTINCT for sentence in said for token in sentence)
    refused: Refused | None = None
    failed: list[tuple[str, int, int]] = []
    found = False
    ways = sorted(((_score(way), way) for way in _together(cut)), key=lambda way: -way[0])
    for score, way in ways[:MOST_CUTS]:
        if ways[0][0] - score > FARTHEST:
            break
        phrases = [items for _, items in way]
        shape = [(item.category, item.start, item.end) for items in phrases for item in items]
        if refused and shape == failed:
            break  # the same words, named otherwise, are no better than what cannot be said
        try:
            query = assemble(phrases, rules)
        except (NoPath, Doubtful):
            if not found:
                raise
            continue
        except Refused as error:
            if not refused:
                # What lies elsewhere may have a namesake here.
                is_other = isinstance(error, Distant) or _has_bare_grain(phrases)
                refused, failed = error, [] if is_other else shape
            continue
        if is_contradiction(query.where):
            continue
        if isinstance(refused, Distant) and not _are_named(query.group_by, said):
            continue
        query = replace(query, distinct=query.distinct or (is_distinct and bool(query.base)))
        try:
            check_dropped(zip(said, phrases, strict=True), query, lexicon)
        except Refused as error:
            # Another way to put the same words together may leave none of them out.
            refused = refused or error
            continue
        found = True
        flat = tuple(item for items in phrases for item in items)
        yield score, Reading(replace(_timeless(query), clock=clock), flat)
    if not found:
        raise refused or Refused("it is not said what is asked for")


def _are_named(groups: Sequence[Term], said: Sequence[Sequence[Token]]) -> bool:
    """Whether every word of the columns that make groups is in a question, as of a namesake it has to be."""
    spoken = {word for sentence in said for token in sentence for word in (token.lemma, token.text.lower())}
    columns = [term.column for term in groups if isinstance(term, Attribute) and term.grain is None]
    return all(spoken >= set(words_of(column)) for column in columns)


def _has_bare_grain(phrases: Sequence[Sequence[Item]]) -> bool:
    """Whether groups by a grain of time are asked for, which a column of years may be instead."""
    groups = [item.meaning for items in phrases for item in items if isinstance(item.meaning, Group)]
    return any(group.grains for group in groups)


def _together(cut: Sequence[Sequence[Cut]]) -> list[tuple[Cut, ...]]:
    """The likeliest ways to cut all sentences."""
    ways: list[tuple[Cut, ...]] = [()]
    for sentence in cut:
        longer = [(*before, way) for before in ways for way in sentence]
        ways = sorted(longer, key=lambda way: -sum(score for score, _ in way))[: MOST_CUTS**2]
    return ways


def _defines(way: Cut, sentence: Sequence[Token]) -> bool:
    """Whether parentheses hold a number of their own, as a definition does: "users (those with a play)"."""
    opened = [number for number, token in enumerate(sentence) if token.text == "("]
    closed = [number for number, token in enumerate(sentence) if token.text == ")"]
    asides = [(start, end) for start, end in zip(opened, closed, strict=False) if start < end]
    numbers = [item for item in way[1] if item.category in _MEASURED]
    return any(start <= item.start and item.end <= end + 1 for item in numbers for start, end in asides)


def _straddles(item: Item, sentence: Sequence[Token]) -> bool:
    """Whether a phrase goes on behind a bracket that it is not inside of: "(id and name) who have left"."""
    texts = [token.text for token in sentence[item.start : item.end]]
    inner = texts[1:-1]
    return ("(" in inner and ")" not in texts) or (")" in inner and "(" not in texts)


_MEASURED = {"Number", "Numbers", "AndNumber", "Whole", "Nested", "CountAll"}


def _score(parts: Sequence[Cut]) -> float:
    """How likely cuts of the sentences are together: columns are of rows that are spoken of."""
    phrases = [item.meaning for _, items in parts for item in items]
    tables = {phrase.table for phrase in phrases if isinstance(phrase, Rows | Number)}
    tables |= {p.rows.table for p in phrases if isinstance(p, Columns) and p.rows is not None}
    bare = [p for p in phrases if isinstance(p, Columns) and p.rows is None]
    bare += [p.by for p in phrases if isinstance(p, Sorted) and isinstance(p.by, Columns)]
    grouped = [term for p in phrases if isinstance(p, Group) for term in p.terms]
    strange = sum(not tables & {term.table for term in (*p.terms, *p.alike)} for p in bare)
    strange += sum(term.table not in tables and not term.via for term in grouped)
    elsewhere = sum(not tables & {term.table for term in p.terms} for p in bare) - strange
    return sum(score for score, _ in parts) - (0.3 * strange + 0.2 * elsewhere if tables else 0.0)


def _certain(readings: Iterator[tuple[float, Reading]], graph: Graph) -> Reading:
    """The likeliest reading, unless one that is about as likely speaks of other columns or values."""
    score, best = next(readings)
    said, meant = _spoken_of(best.query, graph), _normal(best.query, graph)
    for other_score, other in readings:
        if score - other_score >= MARGIN:
            break
        if is_nearer(best.query, other.query, graph):
            continue
        if is_nearer(other.query, best.query, graph):
            best = other
            said, meant = _spoken_of(best.query, graph), _normal(best.query, graph)
            continue
        is_tie = score - other_score < TIE and _normal(other.query, graph) != meant
        if is_tie or _spoken_of(other.query, graph) != said:
            shown = (describe(best.query, graph), describe(other.query, graph))
            raise Refused("the question can be read in two ways", readings=shown)
    return best


def _timeless(query: SemanticQuery) -> SemanticQuery:
    """A query without the times of its measures, where nothing is grouped by time: they say nothing then."""
    grouped = [a for a in attributes(query) if a.grain or a.part]
    timed = [m for m in measures(query) if m.at is not None]
    return query if grouped or not timed else _without_times(query)


def _without_times(node: Any) -> Any:
    if isinstance(node, tuple):
        return tuple(map(_without_times, node))
    if not is_dataclass(node) or isinstance(node, type):
        return node
    changed = {field.name: _without_times(getattr(node, field.name)) for field in fields(node)}
    return replace(node, **(changed | {"at": None} if isinstance(node, Measure) else changed))


def _normal(node: Any, graph: Graph) -> Any:
    """A query in which what has no order is sorted, and a column that refers to a key is that key."""
    if isinstance(node, tuple):
        return tuple(_normal(part, graph) for part in node)
    if not is_dataclass(node) or isinstance(node, type):
        return node
    if isinstance(node, Attribute):
        table, column = _keys_referred_to(graph).get((node.table, node.column), (node.table, node.column))
        return replace(node, table=table, column=column)
    if isinstance(node, Output):
        return _normal(node.term, graph)
    changed = {field.name: _normal(getattr(node, field.name), graph) for field in fields(node)}
    if isinstance(node, All | AnyOf):
        changed["predicates"] = tuple(sorted(changed["predicates"], key=repr))
    return replace(node, **changed)


def _spoken_of(query: SemanticQuery, graph: Graph) -> frozenset[object]:
    """The columns and values of a query; a column that refers to another is that one."""
    refers = _keys_referred_to(graph)
    found: set[object] = {part for part in parts(query) if isinstance(part, Value)}
    for attribute in attributes(query):
        place = (attribute.table, attribute.column)
        found.add((refers.get(place, place), attribute.via))
    return frozenset(found)


def _keys_referred_to(graph: Graph) -> dict[tuple[str, str], tuple[str, str]]:
    """The key that a column refers to, as table and column."""
    return {
        (r.source, r.source_columns[0]): (r.target, r.target_columns[0])
        for r in graph.relationships
        if len(r.source_columns) == 1
    }


def sentences(sentence: Sequence[Token]) -> list[list[Token]]:
    """The sentences of a text."""
    found: list[list[Token]] = [[]]
    for token in sentence:
        found[-1].append(token)
        if token.kind == "mark" and token.text in ".?!;":
            found.append([])
    return [tokens_ for tokens_ in found if any(token.kind != "mark" for token in tokens_)]


def cuts(chart: Chart, sentence: Sequence[Token]) -> Iterator[Cut]:
    """The ways to cut a sentence into phrases, likeliest first; none when words are left over."""
    best: list[list[Cut]] = [[] for _ in range(chart.size + 1)]
    best[0] = [(0.0, ())]
    for end in range(1, chart.size + 1):
        ways: list[Cut] = []
        for start in range(end):
            if best[start]:
                standing = (item for item in chart.items(start, end) if item.category in STANDING)
                items = sorted((i for i in standing if not _straddles(i, sentence)), key=_likeliness)
                for item in items[: 2 * MOST_CUTS]:
                    for score, before in best[start]:
                        cost = STANDING_COST + (_beside(before[-1], item) if before else 0.0)
                        if cost < _NOTHING_JOINS:
                            ways.append((score + item.score - cost, (*before, item)))
        best[end] = _distinct(sorted(ways, key=lambda way: -way[0]))
    yield from best[chart.size]


def _beside(one: Item, other: Item) -> float:
    """What it costs that two phrases stand side by side and nothing joins them; some never do."""
    if other.category == "AndGroup" and one.category != "Group":
        return 1.2
    if one.category in ("Number", "Numbers") and other.category in ("Number", "Numbers", "Theirs"):
        return _NOTHING_JOINS
    is_ended = isinstance(one.meaning, Columns) and one.meaning.rows is not None
    if other.category == "Rows" and (is_ended or one.category in ("Rows", *_CLAIMS)):
        return _NOTHING_JOINS
    if other.category in _THINGS and isinstance(one.meaning, Best) and one.meaning.rows is not None:
        return _NOTHING_JOINS if isinstance(one.meaning.by, Number) else 0.0
    if isinstance(one.meaning, Group) and isinstance(other.meaning, Best):
        return _NOTHING_JOINS if _holds_what_is_best(one.meaning, other.meaning) else 0.0
    if other.category in _THINGS:
        return 1.2 if one.category in _THINGS else 0.6 if one.category in _CLAIMS else 0.0
    return 0.0


def _holds_what_is_best(group: Group, best: Best) -> bool:
    """Whether a group took in what is asked for: "for every genre, the title" with the most views."""
    # What rows are known by is a key and a name at most.
    is_several = len(group.rows) > 1 or (bool(group.rows) and len(group.terms) > 2)
    is_same = isinstance(best.rows, Rows) and best.rows.table in {rows.table for rows in group.rows}
    return is_several and (best.rows is None or is_same)


_NOTHING_JOINS = inf
_THINGS = {"Rows", "Col", "Amount", "Number", "Numbers"}
_CLAIMS = {"Cond", "Link", "Claim"}


def _distinct(ways: Sequence[Cut]) -> list[Cut]:
    """The likeliest ways that differ in more than where words that say nothing stand."""
    found: dict[object, Cut] = {}
    for way in ways:
        said = tuple((item.category, item.meaning) for item in way[1] if item.category != "Fill")
        found.setdefault(said, way)
        if len(found) == MOST_CUTS:
            break
    return list(found.values())


def _likeliness(item: Item) -> float:
    return -item.score


def uncovered(chart: Chart, sentence: Sequence[Token]) -> list[str]:
    """The words that no phrase holds, as they are written."""
    covered: set[int] = set()
    for start in range(chart.size):
        for end in range(start + 1, chart.size + 1):
            if any(True for _ in chart.items(start, end)):
                covered |= set(range(start, end))
    return [token.text for number, token in enumerate(sentence) if number not in covered]
