"""What only the verb in a column's name tells: hires and sign-ups, the most viewed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aidbt.semantic.english.grounding.index import ColumnName, Lexicon, TableName
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.number_phrases import Number
from aidbt.semantic.english.meanings.phrases import Columns, Rows
from aidbt.semantic.english.words.dimensions import year_begun
from aidbt.semantic.english.words.tokens import Token, verb_stem
from aidbt.semantic.query import Attribute, Measure, Missing, Not

_WEIGHT = 0.9
_LENGTHENED = 1.1
# Nouns of days and not of what is done on them: birthdays, deadlines.
_TIMES = ("date", "day", "time", "line", "dob")
# What stands before "the longest" where it says who came first.
_AROUND = (["around"], ["here"], ["with", "us"], ["with", "the", "company"], ["in", "business"])


def events(
    name: ColumnName, lexicon: Lexicon, sentence: Sequence[Token], start: int, end: int
) -> Iterator[Item]:
    """`hires`, `registrations`: rows by the time at which that was done, whose number is meant alone."""
    column = lexicon.graph.table(name.table).column(name.column)
    is_event = column.kind in ("time", "date") and not column.name.lower().endswith("s")
    if not is_event or sentence[end - 1].lemma.endswith(_TIMES):
        return
    time = Attribute(name.table, name.column)
    rows = Rows(name.table, Not(Missing(time)) if column.nullable else None, time)
    weight = name.weight * (end - start) ** _LENGTHENED
    yield Item("Rows", rows, start, end, 0.65 * weight)
    if all(
        token.text.lower() in ("the", "new", "all") or _is_row(token, lexicon) for token in sentence[:start]
    ):
        counted = Number(Measure("count", rows.table, None, rows.where, time), rows.table)
        yield Item("Number", counted, start, end, 0.95 * weight)


def counted_things(name: ColumnName, start: int, end: int) -> Iterator[Item]:
    """`seeds`, of rows that say how many there are: "the weight of the seeds" is of those rows."""
    if name.counts:
        yield Item("Things", Rows(name.table), start, end, 0.7)


def _is_row(token: Token, lexicon: Lexicon) -> bool:
    return any(isinstance(meaning, TableName) for meaning in lexicon.meanings.get((token.lemma,), ()))


def most_counted(texts: Sequence[str], start: int, lexicon: Lexicon) -> Iterator[Item]:
    """`most viewed`, where a column counts views."""
    if (
        texts[start] not in ("most", "least")
        or not texts[start + 1 : start + 2]
        or texts[start + 1][-2:] != "ed"
    ):
        return
    stem = verb_stem(texts[start + 1])
    for phrase, meanings in lexicon.meanings.items():
        for meaning in meanings if len(phrase) == 1 and verb_stem(phrase[0]) == stem else ():
            if isinstance(meaning, ColumnName) and _counts(meaning, lexicon):
                columns = Columns((Attribute(meaning.table, meaning.column),))
                yield Item("SupCol", (columns, texts[start] == "most"), start, start + 2, 2 * _WEIGHT)


def _counts(name: ColumnName, lexicon: Lexicon) -> bool:
    """Whether a column is a number of what it is called by: views, likes, citations."""
    column = lexicon.graph.table(name.table).column(name.column)
    return column.kind == "number" and (name.counts or column.name.lower().endswith("s"))


def longest_around(texts: Sequence[str], start: int, lexicon: Lexicon) -> Iterator[Item]:
    """`has been around the longest`: who came first."""
    for words in _AROUND:
        said, end = [*words, "the", "longest"], start + len(words) + 2
        if list(texts[start:end]) == said:
            for table in lexicon.graph.tables:
                begun = table.time or year_begun(table)
                if begun:
                    first = (Columns((Attribute(table.name, begun),)), False)
                    yield Item("SupCol", first, start, end, _WEIGHT * (end - start) ** _LENGTHENED)
