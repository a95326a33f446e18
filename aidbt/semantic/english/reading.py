"""A question read: grounded, put together and made one query, or refused with what was not understood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from aidbt.core.errors import AidbtError
from aidbt.core.words import words_of
from aidbt.semantic.english.checks.commands import check_command
from aidbt.semantic.english.checks.doubts import check_doubts
from aidbt.semantic.english.checks.dropped import check_dropped
from aidbt.semantic.english.checks.far_fetched import check_far_fetched
from aidbt.semantic.english.checks.handed_over import check_handed_over
from aidbt.semantic.english.checks.misread import check_misread
from aidbt.semantic.english.checks.strays import check_strays
from aidbt.semantic.english.checks.unsaid_roles import check_unsaid_roles
from aidbt.semantic.english.grounding.lexicon import ColumnName, Lexicon
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
from aidbt.semantic.english.instructions.parsed import FOLDED, without_advice
from aidbt.semantic.english.instructions.short_names import said_once
from aidbt.semantic.english.instructions.text_matching import TextMatching, check_folded_groups, matched
from aidbt.semantic.english.instructions.told_periods import with_told_periods
from aidbt.semantic.english.instructions.told_times import dated_as_told
from aidbt.semantic.english.meanings.chart import MOST_TOKENS, Item, parse
from aidbt.semantic.english.meanings.likelihood import Cut, likelihood
from aidbt.semantic.english.meanings.number_phrases import Group
from aidbt.semantic.english.meanings.same_rows import is_contradiction
from aidbt.semantic.english.number_rules.grammar import Rules
from aidbt.semantic.english.number_rules.grounded import Grounded
from aidbt.semantic.english.queries.assemble import assemble
from aidbt.semantic.english.queries.cuts import MOST_CUTS, cuts, is_whole, together, uncovered
from aidbt.semantic.english.queries.own_dates import with_own_dates
from aidbt.semantic.english.queries.plain_queries import (
    with_denied_times_apart,
    with_years_as_numbers,
    without_idle_times,
    without_nameless,
    without_nothing,
)
from aidbt.semantic.english.queries.two_ways import certain
from aidbt.semantic.english.queries.values_asked import of_values
from aidbt.semantic.english.words.tokens import Token, sentences, tokens, with_average_last
from aidbt.semantic.graph import Graph, NoPath
from aidbt.semantic.query import (
    Attribute,
    Clock,
    Matches,
    SemanticQuery,
    Term,
    attributes,
    both,
    measures,
    parts,
)

FARTHEST = 1.0
"""How much less likely than the best a reading may be that is taken since the best does not fit together."""
# Whether a reading that fits together may be answered: the first that refuses it says why not.
_CHECKS = (
    check_dropped,
    check_doubts,
    check_misread,
    check_strays,
    check_far_fetched,
    check_unsaid_roles,
    check_handed_over,
)
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
    question = said_once(question, f"{instructions}\n{said}")
    lexicon, matching = with_instructions(f"{instructions}\n{said}", question, lexicon, graph)
    question, lexicon = glossed(question, lexicon, graph)
    question = with_told_periods(question, f"{instructions}\n{said}")
    try:
        found = _read(question, graph, lexicon, clock, matching)
        dated = dated_as_told(f"{instructions}\n{said}", found.query, graph)
        if dated is not graph:
            graph, lexicon = dated, replace(lexicon, graph=dated)
            found = _read(question, graph, lexicon, clock, matching)
        if FOLDED in said:
            check_folded_groups(found.query, lexicon.values)
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
    check_command(said[0] if said else (), lexicon)
    cut: list[list[Cut]] = []
    unknown: list[str] = []
    for sentence in said:
        if len(sentence) > MOST_TOKENS:
            raise Refused(f"a sentence has {len(sentence)} words, more than {MOST_TOKENS}")
        chart = parse(len(sentence), grounded.items(sentence, tokens(question)), grammar)
        if chart.is_tangled:
            raise Refused("a sentence is too tangled to be read", hint="ask it in shorter sentences")
        cut.append([way for way in cuts(chart, sentence) if is_whole(way, sentence)])
        if not cut[-1] and (other := with_average_last(sentence)):
            sentence[:] = other
            chart = parse(len(sentence), grounded.items(sentence, tokens(question)), grammar)
            cut[-1] = [way for way in cuts(chart, sentence) if is_whole(way, sentence)]
        if not cut[-1]:
            unknown += uncovered(chart, sentence) or [" ".join(token.text for token in sentence)]
    if unknown:
        raise _Unknown("not understood", spans=unknown)
    if not cut:
        raise Refused("nothing is asked")
    found = certain(_readings(cut, said, rules, lexicon, clock), graph)
    _check_future(question, found.query, graph)
    query = matched(found.query, matching, lexicon.values)
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
    words = words_of(column)
    return any(word in _PASTS or (word.endswith("ed") and word not in _PLANNED) for word in words)


_PLANNED = {"planned", "expected", "scheduled", "estimated", "required", "projected"}
_PASTS = set("paid sent sold bought built made done left given taken seen lost won read".split())


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
    ways = sorted(((likelihood(way), way) for way in together(cut)), key=lambda way: -way[0])
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
        if isinstance(refused, Distant) and not _are_named(query.group_by, said, lexicon):
            continue
        if is_distinct and query.base:
            query = without_nothing(replace(query, distinct=True), rules)
        query = without_nameless(query, rules)
        query = with_own_dates(query, list(zip(said, phrases, strict=True)), rules)
        try:
            query = with_denied_times_apart(query)
            for check in _CHECKS:
                check(list(zip(said, phrases, strict=True)), query, lexicon)
            query = of_values(query, phrases[0], rules.graph)
        except Doubtful:
            if not found:
                raise
            continue
        except Refused as error:
            # Another way to put the same words together may leave none of them out.
            refused = refused or error
            continue
        found = True
        flat = tuple(item for items in phrases for item in items)
        plain = with_years_as_numbers(without_idle_times(query))
        yield score, Reading(replace(plain, clock=clock), flat)
    if not found:
        raise refused or Refused("it is not said what is asked for")


def _are_named(groups: Sequence[Term], said: Sequence[Sequence[Token]], lexicon: Lexicon) -> bool:
    """Whether the columns that make groups are in a question by their whole names, as of a namesake they have
    to be; a short name may be spelled out there.
    """
    spoken = {word for sentence in said for token in sentence for word in (token.lemma, token.text.lower())}
    columns = [term for term in groups if isinstance(term, Attribute) and term.grain is None]
    short = [(term.table, term.column) for term in columns if not spoken >= set(words_of(term.column))]
    named = {
        (meaning.table, meaning.column)
        for phrase, meanings in (lexicon.meanings.items() if short else ())
        for meaning in meanings
        if isinstance(meaning, ColumnName) and meaning.weight >= _WHOLE_NAME and spoken >= set(phrase)
    }
    return set(short) <= named


_WHOLE_NAME = 0.95


def _is_of_somebody(error: Refused, phrases: Sequence[Sequence[Item]]) -> bool:
    """Whether what could not be said is of a name that no index holds: another table may have it."""
    said = (part for items in phrases for item in items for part in parts(item.meaning))
    return isinstance(error, Elsewhere) and any(isinstance(part, Matches) for part in said)


def _has_bare_grain(phrases: Sequence[Sequence[Item]]) -> bool:
    """Whether groups by a grain of time are asked for, which a column of years may be instead."""
    groups = [item.meaning for items in phrases for item in items if isinstance(item.meaning, Group)]
    return any(group.grains for group in groups)
