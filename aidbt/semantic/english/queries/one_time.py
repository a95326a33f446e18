"""Times that nobody named: of the rows of one table the same one is meant in all of a question."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from aidbt.core.words import words_of
from aidbt.semantic.english.grounding.refusal import Doubtful, Refused
from aidbt.semantic.english.grounding.verbs import TIME_WORDS
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.phrases import Columns, Condition, Rows
from aidbt.semantic.english.meanings.relations import Relations
from aidbt.semantic.english.queries.related_rows import related_of
from aidbt.semantic.english.words.tokens import verb_stem
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import (
    Attribute,
    Comparison,
    Exists,
    Grain,
    InPeriod,
    Measure,
    SemanticQuery,
    attributes,
    conjuncts,
    measures,
    parts,
    queries_in,
)

Place = tuple[str, str]
_TIMES = ("time", "date")


def check_one_time(sentences: Sequence[Iterable[Item]], query: SemanticQuery, rules: Relations) -> None:
    """That rows are not grouped by one of their times and held against a period by another one.

    Of "visits scheduled in each of the last six weeks" the weeks are those of the time that is named.

    Raises:
        Doubtful: they are, and not every one of these times was named.
    """
    graph = rules.graph
    _check_whose(sentences, query)
    _check_doers(query)
    named = {place for sentence in sentences for item in sentence for place in _named(item)}
    for part in queries_in(query):
        _check_hours(part, graph)
        times = dict.fromkeys(_times(part, graph))
        _check_done(sentences, part, times, graph)
        acting = {m.table for m in measures(part) if m.table in rules.people and _acts(part, m, graph)}
        if any(table in acting and (table, column) not in named for table, column in times):
            raise Doubtful("it is not certain whether a time is of what was done or of who did it")
        for table, column in times:
            others = [other for other in times if other[0] == table and _event(other[1]) != _event(column)]
            if others and (table, column) not in named:
                raise Doubtful(f"it is not certain which time of {table} is meant")


def _check_done(
    sentences: Sequence[Iterable[Item]], query: SemanticQuery, times: Collection[Place], graph: Graph
) -> None:
    """That "visits scheduled in May" are those of the time that their verb names, and of no other one.

    Raises:
        Refused: a period or a group is of another one; the same words may be put together otherwise.
    """
    words = (word for sentence in sentences for item in sentence for word in item.words())
    done = [set(_named_by(word.meaning)) for word in words if word.category == "Did"]
    used = {(term.table, term.column) for term in attributes(query)}
    for places in done:
        timed = {place for place in places if graph.table(place[0]).column(place[1]).kind in _TIMES}
        if timed == places and not timed & used and {table for table, _ in timed} & {t for t, _ in times}:
            raise Refused("a verb names another time than the one that is asked for")


def _check_whose(sentences: Sequence[Iterable[Item]], query: SemanticQuery) -> None:
    """That "the month they signed up" is of something that is spoken of, not of what that refers to."""
    words = [word.meaning for sentence in sentences for item in sentence for word in item.words()]
    spoken = {meaning.table for meaning in words if isinstance(meaning, Rows)}
    spoken |= {measure.table for measure in measures(query)} | {query.base}
    for part in parts(query):
        if isinstance(part, Comparison) and part.operator == "=":
            ends = [end for end in (part.left, part.right) if isinstance(end, Attribute) and end.grain]
            if len(ends) == 2 and not {end.table for end in ends} <= spoken:
                raise Doubtful("it is not certain whose time is meant")


def _check_doers(query: SemanticQuery) -> None:
    """That who did something is counted of the time that what they did is measured in: of "revenue by members
    who made payments" in May or per month, both are of those payments.

    Raises:
        Refused: they are counted of all times, or by another time of theirs.
    """
    cut = {term.table for term in query.group_by if isinstance(term, Attribute) and (term.grain or term.part)}
    for output in query.outputs:
        found = list(measures(output.term))
        timed = {m.table for m in found if any(isinstance(part, InPeriod) for part in parts(m.where))} | cut
        for measure in found:
            doing = [p for p in conjuncts(measure.where) if isinstance(p, Exists)]
            done = {act.table for act in doing if act.table != measure.table} & timed
            periods = [part.term for part in parts(measure.where) if isinstance(part, InPeriod)]
            said = {term.table for term in periods if isinstance(term, Attribute)}
            if (done - said) & {m.table for m in found if m != measure}:
                raise Refused("it is not certain whether those who did something did it at that time")


def _acts(query: SemanticQuery, measure: Measure, graph: Graph) -> bool:
    """Whether rows are counted of which others are claimed: "members who sent a message"."""
    return any(one.is_some for one in related_of(query, measure, graph))


def _check_hours(query: SemanticQuery, graph: Graph) -> None:
    """That no hour is taken from a time of which only the day is known."""
    for attribute in attributes(query):
        is_hour = attribute.grain in (Grain.HOUR, Grain.MINUTE, Grain.SECOND) or attribute.part == "hour"
        if is_hour and attribute.table:
            column = graph.table(attribute.table).column(attribute.column)
            if column.kind == "date":
                raise Refused(f"{column.name} of {attribute.table} is a day, without an hour")


def _event(column: str) -> frozenset[str]:
    """What happened at a time: `order_date` and `ordered_at` are of the same."""
    return frozenset(verb_stem(word) for word in words_of(column) if word not in TIME_WORDS)


def _named(item: Item) -> Iterator[Place]:
    for word in item.words():
        yield from _named_by(word.meaning)


def _named_by(meaning: object) -> Iterator[Place]:
    if isinstance(meaning, Columns):
        yield from ((term.table, term.column) for term in (*meaning.terms, *meaning.alike))
    elif isinstance(meaning, Rows) and meaning.time is not None:
        yield meaning.time.table, meaning.time.column
    elif isinstance(meaning, Condition):
        yield from ((term.table, term.column) for term in attributes(meaning.predicate))


def _times(query: SemanticQuery, graph: Graph) -> Iterator[Place]:
    """The times that make groups, and that are held against periods or days."""
    held = {side for part in parts(query) if isinstance(part, Comparison) for side in (part.left, part.right)}
    for attribute in attributes(query):
        if attribute in held:
            continue  # two times of a row beside each other make no groups
        is_cut = attribute.grain is not None or attribute.part is not None
        is_time = attribute.table and graph.table(attribute.table).column(attribute.column).kind in _TIMES
        if is_cut or (is_time and attribute in query.group_by):
            yield attribute.table, attribute.column
    for part in parts(query):
        if isinstance(part, InPeriod) and isinstance(part.term, Attribute):
            yield part.term.table, part.term.column
