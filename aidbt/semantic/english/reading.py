"""A question read: grounded, put together and made one query, or refused with what was not understood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import pairwise
from math import inf
from typing import Any

from aidbt.core.errors import AidbtError
from aidbt.core.words import words_of
from aidbt.semantic.english.checks.doubts import check_doubts
from aidbt.semantic.english.checks.dropped import check_dropped
from aidbt.semantic.english.checks.misread import check_misread
from aidbt.semantic.english.grounding.lexicon import Lexicon
from aidbt.semantic.english.grounding.refusal import (
    Distant,
    Doubtful,
    Elsewhere,
    Rank,
    Refused,
    check_values,
    not_understood,
)
from aidbt.semantic.english.instructions.advice import advised
from aidbt.semantic.english.instructions.defined import glossed, with_instructions
from aidbt.semantic.english.instructions.parsed import without_advice
from aidbt.semantic.english.instructions.text_matching import TextMatching, matched
from aidbt.semantic.english.instructions.told_periods import with_told_periods
from aidbt.semantic.english.meanings.chart import Chart, Item, parse
from aidbt.semantic.english.meanings.likelihood import Cut, likelihood
from aidbt.semantic.english.meanings.number_phrases import Best, Group, Number
from aidbt.semantic.english.meanings.phrases import Columns, Rows
from aidbt.semantic.english.meanings.same_rows import is_contradiction
from aidbt.semantic.english.number_rules.asked import STANDING
from aidbt.semantic.english.number_rules.grammar import Rules
from aidbt.semantic.english.number_rules.grounded import Grounded
from aidbt.semantic.english.queries.assemble import assemble
from aidbt.semantic.english.queries.two_ways import certain
from aidbt.semantic.english.words.tokens import Token, tokens, with_average_last
from aidbt.semantic.graph import Graph, NoPath
from aidbt.semantic.query import (
    Attribute,
    Clock,
    Compared,
    Exists,
    Grain,
    Matches,
    Measure,
    Missing,
    Not,
    SemanticQuery,
    Term,
    attributes,
    both,
    measures,
    parts,
)
from aidbt.semantic.rewriting import rewritten

MOST_TOKENS = 100
"""Longer sentences are refused: the time that reading takes grows with the third power of their length."""
MOST_CUTS = 6
"""How many ways to cut a question into phrases are looked at."""
FARTHEST = 1.0
"""How much less likely than the best a reading may be that is taken since the best does not fit together."""
STANDING_COST = 0.7
"""What each phrase costs that is not joined with the others."""
_DISTINCT = {"distinct", "unique", "different", "duplicate"}


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
    question = with_told_periods(question, f"{instructions}\n{said}")
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
        chart = parse(len(sentence), grounded.items(sentence, tokens(question)), grammar)
        if chart.is_tangled:
            raise Refused("a sentence is too tangled to be read", hint="ask it in shorter sentences")
        cut.append([way for way in cuts(chart, sentence) if _is_whole(way, sentence)])
        if not cut[-1] and (other := with_average_last(sentence)):
            sentence[:] = other
            chart = parse(len(sentence), grounded.items(sentence, tokens(question)), grammar)
            cut[-1] = [way for way in cuts(chart, sentence) if _is_whole(way, sentence)]
        if not cut[-1]:
            unknown += uncovered(chart, sentence) or [" ".join(token.text for token in sentence)]
    if unknown:
        raise _Unknown("not understood", spans=unknown)
    if not cut:
        raise Refused("nothing is asked")
    found = certain(_readings(cut, said, rules, lexicon, clock), graph)
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
    ways = sorted(((likelihood(way), way) for way in _together(cut)), key=lambda way: -way[0])
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
                is_named = _is_of_somebody(error, phrases)
                is_other = isinstance(error, Distant) or is_named or _has_bare_grain(phrases)
                refused, failed = error, [] if is_other else shape
            continue
        held = [query.where, *(both(query.where, measure.where) for measure in measures(query))]
        if any(map(is_contradiction, held)):
            continue
        if isinstance(refused, Distant) and not _are_named(query.group_by, said):
            continue
        if is_distinct and query.base:
            query = _without_nothing(replace(query, distinct=True), rules)
        try:
            check_dropped(zip(said, phrases, strict=True), query, lexicon)
            check_doubts(zip(said, phrases, strict=True), query, lexicon)
            check_misread(zip(said, phrases, strict=True), query, lexicon)
        except Refused as error:
            # Another way to put the same words together may leave none of them out.
            refused = refused or error
            continue
        found = True
        flat = tuple(item for items in phrases for item in items)
        yield score, Reading(replace(_years(_timeless(query)), clock=clock), flat)
    if not found:
        raise refused or Refused("it is not said what is asked for")


def _without_nothing(query: SemanticQuery, rules: Rules) -> SemanticQuery:
    """The different values of one column, of which nothing is none: rows without a code have used none."""
    shown = [output.term for output in query.outputs if output.is_shown]
    term = shown[0]
    if len(shown) > 1 or not isinstance(term, Attribute) or not rules.column(term).nullable:
        return query
    missing = Not(Missing(term))
    return query if missing in parts(query.where) else replace(query, where=both(query.where, missing))


def _are_named(groups: Sequence[Term], said: Sequence[Sequence[Token]]) -> bool:
    """Whether every word of the columns that make groups is in a question, as of a namesake it has to be."""
    spoken = {word for sentence in said for token in sentence for word in (token.lemma, token.text.lower())}
    columns = [term.column for term in groups if isinstance(term, Attribute) and term.grain is None]
    return all(spoken >= set(words_of(column)) for column in columns)


def _is_of_somebody(error: Refused, phrases: Sequence[Sequence[Item]]) -> bool:
    """Whether what could not be said is of a name that no index holds: another table may have it."""
    said = (part for items in phrases for item in items for part in parts(item.meaning))
    return isinstance(error, Elsewhere) and any(isinstance(part, Matches) for part in said)


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


def _is_whole(way: Cut, sentence: Sequence[Token]) -> bool:
    """Whether a cut leaves together what is one: no definition in brackets, no "how many" before a column."""
    many = (
        one.category == "CountAll" and other.category == "Col" and sentence[one.start].lemma == "how"
        for one, other in pairwise(way[1])
    )
    return not any(many) and not _defines(way, sentence)


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


def _timeless(query: SemanticQuery) -> SemanticQuery:
    """A query without the times of its measures, where nothing is grouped by time: they say nothing then."""
    grouped = [a for a in attributes(query) if a.grain or a.part]
    timed = [m for m in measures(query) if m.at is not None]
    return query if grouped or not timed else _without_times(query)


def _years(query: SemanticQuery) -> SemanticQuery:
    """A query whose groups by year are numbers, as people write years, where none is held against others."""
    if any(isinstance(part, Compared) for part in parts(query)):
        return query
    grouped = {t for t in query.group_by if isinstance(t, Attribute) and t.grain is Grain.YEAR}

    def year(part: Any) -> Any | None:
        return replace(part, grain=None, part="year") if part in grouped else None

    return rewritten(query, year) if grouped else query


def _without_times(node: Any) -> Any:
    if isinstance(node, tuple):
        return tuple(map(_without_times, node))
    if not is_dataclass(node) or isinstance(node, type):
        return node
    changed = {field.name: _without_times(getattr(node, field.name)) for field in fields(node)}
    return replace(node, **(changed | {"at": None} if isinstance(node, Measure) else changed))


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
        if list(one.words())[-1].category == "SupCol":
            return _NOTHING_JOINS  # "products have the largest" stock
        return _NOTHING_JOINS if isinstance(one.meaning.by, Number) else 0.0
    if isinstance(one.meaning, Rows) and _is_best_of_others(one.meaning, other.meaning):
        return _NOTHING_JOINS
    if isinstance(one.meaning, Group) and isinstance(other.meaning, Best):
        if one.category == "AndGroup" and one.meaning.rows and other.meaning.rows is None:
            return _NOTHING_JOINS  # "for every genre, the title" with the most views
        return _NOTHING_JOINS if _holds_what_is_best(one.meaning, other.meaning) else 0.0
    if other.category in _CLAIMS and one.category in ("Rows", "Col") and _is_of_last_noun(one, other):
        return 0.3
    if other.category == "Cond" and one.category == "Show":
        return 0.5  # "list the clubs founded before 1940" asks for clubs
    if other.category == "WithCols" and one.category not in _SHOWN_WITH:
        return _NOTHING_JOINS
    if other.category in _THINGS:
        return 1.2 if one.category in _THINGS else 0.6 if one.category in _CLAIMS else 0.0
    return 0.0


def _is_best_of_others(rows: Rows, best: object) -> bool:
    """Whether what has most of something is no row of what is asked for: "which category has the most
    reviewed products" asks for their number.
    """
    if not isinstance(best, Best) or not isinstance(best.by, Number) or not isinstance(best.rows, Rows):
        return False
    return best.rows.table != rows.table


def _is_of_last_noun(rows: Item, claim: Item) -> bool:
    """Whether a claim is said of the noun before it, and not of what that noun says something of: "categories
    with 2 products that were ordered", "authors of books on history".
    """
    is_far = isinstance(rows.meaning, Rows) and isinstance(rows.meaning.where, Exists)
    return is_far or next(claim.words()).category == "Rel"


def _holds_what_is_best(group: Group, best: Best) -> bool:
    """Whether a group took in what is asked for: "for every genre, the title" with the most views."""
    # What rows are known by is a key and a name at most.
    is_several = len(group.rows) > 1 or (bool(group.rows) and len(group.terms) > 2)
    is_same = isinstance(best.rows, Rows) and best.rows.table in {rows.table for rows in group.rows}
    return is_several and (best.rows is None or is_same)


_NOTHING_JOINS = inf
# What columns may be seen with: "orders with customer name and total".
_SHOWN_WITH = {"Rows", "Col", "TopOf", "TopCols", "Best", "FrequentOf"}
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
