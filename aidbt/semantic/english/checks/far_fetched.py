"""Readings that fit the words of a question only from afar: nobody would ask for that in these words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise, product

from aidbt.core.words import singular_words, words_of
from aidbt.semantic.english.checks.said import Said, said_of
from aidbt.semantic.english.checks.strays import named_tables, way_to_one
from aidbt.semantic.english.grounding.index import Lexicon
from aidbt.semantic.english.grounding.refusal import Doubtful, Refused
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.number_phrases import Group, Sorted
from aidbt.semantic.english.meanings.phrases import Columns, Condition, Rows
from aidbt.semantic.english.meanings.ways import path_of
from aidbt.semantic.english.words.tokens import Token, lemma, verb_stem
from aidbt.semantic.graph import Graph, is_to_one
from aidbt.semantic.query import (
    Attribute,
    Exists,
    InPeriod,
    Not,
    SemanticQuery,
    attributes,
    conjuncts,
    measures,
    parts,
)
from aidbt.semantic.tables.naming import spelled_out


def check_far_fetched(said: Said, query: SemanticQuery, lexicon: Lexicon) -> None:
    """That no name is taken for something far from it, nor what is denied shown.

    Raises:
        Refused: one is. The price of a book is no amount of the fines for its loans.
    """
    words = [(sentence, word) for sentence, items in said for item in items for word in item.words()]
    spoken = {table for sentence, word in words for table in named_tables(sentence, word, lexicon)}
    for sentence, items in said:
        of_each = _one_of_many(sentence, items, query, lexicon.graph)
        for item in (*_amounts(sentence, items, query, lexicon.graph), *of_each):
            raise Refused("it is not certain what is asked for", spans=(" ".join(said_of(sentence, item)),))
        for item in _ends_of_two(sentence, items):
            text = " ".join(said_of(sentence, item))
            raise Refused("it is not certain whether both columns descend", spans=(text,))
    for sentence, word in words:
        if word.category == "Col" and _is_of_others(sentence, word, spoken, query, lexicon.graph):
            text = " ".join(said_of(sentence, word))
            raise Refused(f"nothing that is spoken of has a column called '{text}'", spans=(text,))
    for (_, rows), (_, is_), (sentence, word) in zip(words, words[1:], words[2:], strict=False):
        is_claimed = rows.category == "Rows" and is_.category == "Is" and word.category == "Val"
        if is_claimed and _is_value_of_others(word, spoken, query, lexicon.graph):
            text = " ".join(said_of(sentence, word))
            raise Refused(f"'{text}' is said of other rows than those that are asked for", spans=(text,))
    for sentence, _ in said:
        for text, time in _other_times(sentence, query, lexicon.graph):
            raise Doubtful(f"'{text}' may be said of {time.column} of {time.table}", spans=(text,))
        for text in _in_every(sentence, query):
            raise Refused("those of each time may be meant, or those of all of them", spans=(text,))
    for term in _half_denied(query, lexicon.graph):
        raise Refused(f"it is not certain what holds where {term.column} is not known")
    for term in _counted_without(query, spoken):
        raise Refused(f"it is not certain whether no row with a {term.column} has any, or some of them")
    for table in _shown_though_denied(query):
        raise Refused(f"rows without any {table} have nothing of it to be shown")


def _amounts(
    sentence: Sequence[Token], items: Sequence[Item], query: SemanticQuery, graph: Graph
) -> Iterator[Item]:
    """Texts and numbers of rows where "how much" asks for an amount: how much fuel was used is not told by
    the type of fuel, nor how much revenue was made by how many sales there were.
    """
    for show, item in pairwise(items):
        asks = said_of(sentence, show) == ["how", "much"]
        if asks and item.category == "Col" and isinstance(item.meaning, Columns):
            kinds = {graph.table(term.table).column(term.column).kind for term in item.meaning.terms}
            if "number" not in kinds:
                yield item
    counts = [measure for measure in measures(query) if measure.function.startswith("count")]
    counted = {measure.table for measure in counts} | {term.table for term in attributes(tuple(counts))}
    for much, word in pairwise(word for item in items for word in item.words()):
        asks = said_of(sentence, much) == ["how", "much"]
        if asks and isinstance(word.meaning, Rows) and word.meaning.table in counted:
            yield word


def _one_of_many(
    sentence: Sequence[Token], items: Sequence[Item], query: SemanticQuery, graph: Graph
) -> Iterator[Item]:
    """Rows in the singular that are shown of each of others which have many: the "rating" of each producer is
    none of the scores that people gave its wines.
    """
    if not query.base:
        return
    for item, group in pairwise(items):
        rows, of = item.meaning, group.meaning
        if not isinstance(rows, Rows) or not isinstance(of, Group) or query.base == rows.table:
            continue
        last = sentence[item.end - 1]
        is_of_base = any(one.table == query.base for one in of.rows) and last.text.lower() == last.lemma
        if is_of_base and not way_to_one(query.base, rows.table, graph):
            yield item


def _ends_of_two(sentence: Sequence[Token], items: Sequence[Item]) -> Iterator[Item]:
    """Two columns with one direction behind them, which may be of both: "by type and price descending"."""
    for item in items:
        order = item.meaning
        if isinstance(order, Sorted) and order.is_descending and isinstance(order.by, Columns):
            joins = [word for word in item.words() if word.category in ("And", "Comma")]
            if joins and len(order.by.terms) > 1 and "then" not in said_of(sentence, item):
                yield item


def _is_of_others(
    sentence: Sequence[Token], word: Item, spoken: Collection[str], query: SemanticQuery, graph: Graph
) -> bool:
    """Whether a word is a looser name for a column of rows that nobody speaks of, many of which belong to
    each of those that are spoken of.
    """
    if not isinstance(word.meaning, Columns) or len(word.meaning.terms) != 1 or not spoken:
        return False
    term = word.meaning.terms[0]
    if term.table in spoken or term.via or not _is_measured(term, query):
        return False
    if _says(sentence, word, term.column):
        return False
    return all(_is_far(table, term.table, graph) for table in spoken)


def _is_measured(term: Attribute, query: SemanticQuery) -> bool:
    return any(term in attributes(measure.of) for measure in measures(query) if measure.of is not None)


def _says(sentence: Sequence[Token], word: Item, column: str) -> bool:
    """Whether a word is one of those that a column is called by."""
    names = {*singular_words(column), *spelled_out(singular_words(column)), *words_of(column)}
    stems = {verb_stem(name) for name in names} | {lemma(name) for name in names} | names
    return any(
        {token.lemma, token.text.lower(), verb_stem(token.text.lower())} & stems
        for token in sentence[word.start : word.end]
    )


def _is_far(table: str, other: str, graph: Graph) -> bool:
    """Whether rows have many of another table, with others between them."""
    path = path_of(graph, table, other)
    return path is None or (len(path) > 1 and not is_to_one(path))


def _shown_though_denied(query: SemanticQuery) -> Iterator[str]:
    """Tables of which something is shown for rows that have none of theirs."""
    denied = {one.table for one in map(_denied, conjuncts(query.where)) if one is not None}
    for term in attributes(query.outputs):
        if term.table in denied - {query.base} and not term.via:
            yield term.table


def _counted_without(query: SemanticQuery, spoken: Collection[str]) -> Iterator[Attribute]:
    """Values that are counted though some of the rows that have them, which nobody names, do have what is
    denied: of "how many breeds have no appointments" no pet may have any.
    """
    for measure in measures(query):
        of = measure.of if measure.function == "count_distinct" and measure.table not in spoken else None
        held = conjuncts(query.where, measure.where)
        if isinstance(of, Attribute) and any(_denied(one) for one in held):
            yield of


def _denied(said: object) -> Exists | None:
    """The rows, whichever they are, that something has none of."""
    one = said.predicate if isinstance(said, Not) else said
    if not isinstance(one, Exists) or one.where is not None or one.via:
        return None
    return one if isinstance(said, Not) or (one.operator, one.count) == ("=", 0) else None


def _is_value_of_others(word: Item, spoken: Collection[str], query: SemanticQuery, graph: Graph) -> bool:
    """Whether a value is of rows that nobody speaks of, in a column that those asked for have, too: bookings
    that are "cancelled" are none of cancelled concerts where they have a status of their own.
    """
    if not isinstance(word.meaning, Condition) or word.meaning.table in spoken:
        return False
    asked = {measure.table for measure in measures(query)} | {query.base}
    said = [term for term in attributes(word.meaning.predicate) if not term.via]
    columns = {term.column for term in said if "name" not in words_of(term.column)}
    return any(column.name in columns for table in asked - {""} for column in graph.table(table).columns)


_SAME_DEEDS = (
    {"send", "ship", "dispatch", "mail"},
    {"complete", "finish", "end"},
    {"start", "begin", "launch"},
    {"resolve", "solve", "close", "settle"},
    {"cancel", "terminate"},
    {"join", "register", "enroll"},
)


def _other_times(
    sentence: Sequence[Token], query: SemanticQuery, graph: Graph
) -> Iterator[tuple[str, Attribute]]:
    """Times at which something else was done than is said: what was "sent in May" was shipped then, and need
    not have been requested in May.
    """
    kept = {one.term for one in parts(query) if isinstance(one, InPeriod) and isinstance(one.term, Attribute)}
    done = [token for token in sentence if token.text.lower().endswith(_PAST)]
    for token, deeds in product(done, _SAME_DEEDS):
        for term in kept if token.lemma in deeds else ():
            if set(words_of(term.column)) & {token.text.lower() for token in sentence} - _ANY_TIME:
                continue
            for column in graph.table(term.table).columns:
                is_time = column.kind in ("time", "date") and column.name != term.column
                if is_time and _does(column.name, deeds) and not _does(term.column, {token.lemma}):
                    yield token.text, Attribute(term.table, column.name)


_ANY_TIME = {"date", "day", "time", "on", "at", "in"}
_PAST = ("ed", "sent", "begun")


def _does(column: str, deeds: Collection[str]) -> bool:
    """Whether the name of a time is of one of these verbs: `shipped_at` and `ship_date` of to ship."""
    stems = {verb_stem(deed) for deed in deeds} | {lemma(deed) for deed in deeds}
    # Names may be written as one word: `shippedon`.
    names = {part for word in words_of(column) for part in (word, word.removesuffix("on").removesuffix("at"))}
    return any(verb_stem(name) in stems or lemma(name) in stems for name in names)


def _in_every(sentence: Sequence[Token], query: SemanticQuery) -> Iterator[str]:
    """Times that all of those counted may have to be of: "customers who ordered in every month of 2024"."""
    is_of_things = any(measure.function == "count_distinct" for measure in measures(query))
    is_by_time = any(isinstance(term, Attribute) and term.grain for term in query.group_by)
    for before, word in pairwise(sentence):
        if is_of_things and is_by_time and (before.lemma, word.lemma) == ("in", "every"):
            yield word.text


def _half_denied(query: SemanticQuery, graph: Graph) -> Iterator[Attribute]:
    """Times that rows need not have, of which a period is denied: what was "not paid in 2024" may have been
    paid at another time, or never.
    """
    for one in parts(query):
        period = one.predicate if isinstance(one, Not) else None
        term = period.term if isinstance(period, InPeriod) else None
        if isinstance(term, Attribute) and graph.table(term.table).column(term.column).nullable:
            yield term
