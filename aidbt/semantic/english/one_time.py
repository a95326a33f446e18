"""Times that nobody named: of the rows of one table the same one is meant in all of a question."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aidbt.semantic.english.chart import Item
from aidbt.semantic.english.phrases import Columns, Rows
from aidbt.semantic.english.refusal import Refused
from aidbt.semantic.english.related_rows import queries_in
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import Attribute, InPeriod, SemanticQuery, attributes, parts

Place = tuple[str, str]
_TIMES = ("time", "date")


def check_one_time(sentences: Sequence[Iterable[Item]], query: SemanticQuery, graph: Graph) -> None:
    """That rows are not grouped by one of their times and held against a period by another one.

    Of "visits scheduled in each of the last six weeks" the weeks are those of the time that is named.

    Raises:
        Refused: they are, and not every one of these times was named.
    """
    named = {place for sentence in sentences for item in sentence for place in _named(item)}
    for part in queries_in(query):
        times = dict.fromkeys(_times(part, graph))
        for table, column in times:
            others = [other for other in times if other[0] == table and other[1] != column]
            if others and (table, column) not in named:
                raise Refused(f"it is not certain which time of {table} is meant")


def _named(item: Item) -> Iterator[Place]:
    for word in item.words():
        if isinstance(word.meaning, Columns):
            yield from ((term.table, term.column) for term in (*word.meaning.terms, *word.meaning.alike))
        elif isinstance(word.meaning, Rows) and word.meaning.time is not None:
            yield word.meaning.time.table, word.meaning.time.column


def _times(query: SemanticQuery, graph: Graph) -> Iterator[Place]:
    """The times that make groups, and that are held against periods or days."""
    for attribute in attributes(query):
        is_cut = attribute.grain is not None or attribute.part is not None
        is_time = attribute.table and graph.table(attribute.table).column(attribute.column).kind in _TIMES
        if is_cut or (is_time and attribute in query.group_by):
            yield attribute.table, attribute.column
    for part in parts(query):
        if isinstance(part, InPeriod) and isinstance(part.term, Attribute):
            yield part.term.table, part.term.column
