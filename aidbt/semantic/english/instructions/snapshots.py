"""Tables that keep how things were, of which only the last row of each thing counts, as instructions say.

"To get any customer's settings, only select the latest snapshot of settings for each customer": then the
language of a customer is that of the last row of theirs, in which nothing but the latest is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aidbt.semantic.english.grounding.lexicon import ColumnName, Defined, Lexicon, Meaning, TableName
from aidbt.semantic.english.instructions.group_meanings import GroupMeanings
from aidbt.semantic.english.instructions.parsed import statements
from aidbt.semantic.english.instructions.written_conditions import WEIGHT
from aidbt.semantic.english.meanings.number_phrases import Best, Group, Scoped, Top, TopColumns
from aidbt.semantic.english.meanings.phrases import Columns, Rows
from aidbt.semantic.english.words.tokens import tokens
from aidbt.semantic.english.words.word_lists import Phrase
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import Attribute, SemanticQuery

_LATEST = r"(?:latest|most recent|newest|last)"
_ROW = r"(?:row|record|entry|snapshot|version|value|one|status)"
_OF_EACH = r"(?:for|of|per) (?:each|every|that|the|any|an?)? ?(?P<of>[A-Za-z]+)"
_BY_TIME = r"(?: \((?:the )?(?:highest|latest|largest|most recent|maximum|max) (?P<time>\w+)\))?"
_TAKE = r"(?:select|use|take|keep|consider|look at|pick)"
_JOINED = r"(?:,? (?:and|then) join (?:it|that|this|them|that row) (?:to|with|onto) [\w ,]+)?"
_FORMS = tuple(
    re.compile(form, re.I)
    for form in (
        rf"\b(?:only {_TAKE}|{_TAKE} only) the {_LATEST} {_ROW} (?:of|in|from) "
        rf"(?P<table>\w+)(?: {_OF_EACH})?{_BY_TIME}{_JOINED}$",
        rf"\b(?:only {_TAKE}|(?:select|use|take|keep|pick) only) the "
        rf"{_LATEST} (?P<table>\w+) {_ROW} {_OF_EACH}{_BY_TIME}$",
        rf"\b(?:select|use|take|keep|pick) the {_ROW} with the {_LATEST} (?P<time>\w+) (?:of|in|from) "
        rf"(?P<table>\w+) {_OF_EACH}$",
        rf"\bonly the {_LATEST} {_ROW} (?:of|in|from) (?P<table>\w+) {_OF_EACH} (?:matters|counts|is used)$",
    )
)


@dataclass(frozen=True, slots=True)
class Snapshots:
    """A table of which only the last row of each thing counts.

    Attributes:
        of: the thing, in words; "" where it is not said.
        time: the column by which rows come; "" for the time of the row.
    """

    table: str
    of: str
    time: str = ""


def snapshots_told(text: str, graph: Graph) -> Iterator[Snapshots]:
    """The tables of which a text says that only the last rows count."""
    names = {table.name.lower(): table.name for table in graph.tables}
    for statement in statements(text):
        match = next((found for form in _FORMS if (found := form.search(statement))), None)
        if match and match["table"].lower() in names:
            groups = match.groupdict()
            yield Snapshots(names[match["table"].lower()], groups.get("of") or "", groups.get("time") or "")


def is_of_last_rows(query: SemanticQuery, table: str) -> bool:
    """Whether a query takes the last row of each thing from a table."""
    return query.base == table and query.limit == 1 and bool(query.limit_within)


def last_values(text: str, question: str, lexicon: Lexicon, graph: Graph) -> dict[Phrase, list[Meaning]]:
    """What words of a question mean that name columns of such tables: those of the last row of each thing."""
    found: dict[Phrase, list[Meaning]] = {}
    for told in snapshots_told(text, graph):
        reader = GroupMeanings(lexicon, graph, question)
        for phrase, column in _named(question, lexicon, told.table):
            scoped = _last(reader, told, column)
            for name in (phrase, *((word, *phrase) for word in _NOW)) if scoped else ():
                found[name] = [Defined("Scoped", scoped, WEIGHT)]
        for phrase, table in _referred_to(question, lexicon, told.table):
            scoped = _last_referred_to(reader, told, table)
            for name in ((word, *phrase) for word in _NOW) if scoped else ():
                found[name] = [Defined("Scoped", scoped, WEIGHT)]
    return found


def _referred_to(question: str, lexicon: Lexicon, table: str) -> Iterator[tuple[Phrase, str]]:
    """The phrases of a question that name other tables to which each row of a table belongs."""
    sentence = tokens(question)
    targets = {r.target for r in lexicon.graph.relationships if r.source == table}
    for start in range(len(sentence)):
        for length, meanings in lexicon.found(sentence, start):
            owners = {m.table for m in meanings if isinstance(m, TableName) and m.weight >= _SURE}
            if len(owners) == 1 and owners <= targets:
                yield tuple(token.lemma for token in sentence[start : start + length]), owners.pop()


_NOW = ("current", "latest")


def _named(question: str, lexicon: Lexicon, table: str) -> Iterator[tuple[Phrase, str]]:
    """The phrases of a question that name columns of a table, and of none other, longest first."""
    sentence = tokens(question)
    for start in range(len(sentence)):
        for length, meanings in lexicon.found(sentence, start):
            columns = [m for m in meanings if isinstance(m, ColumnName) and m.weight >= _SURE]
            owners = {meaning.table for meaning in columns}
            if owners == {table} and len(columns) == 1:
                yield tuple(token.lemma for token in sentence[start : start + length]), columns[0].column


_SURE = 0.55


def _last_referred_to(reader: GroupMeanings, told: Snapshots, table: str) -> Scoped | None:
    """What the last row of each thing refers to: the tier of a member, as its last snapshot says."""
    found = _last_row(reader, told)
    if found is None or any(term.table == table for term in found[1].terms):
        return None
    return Scoped(TopColumns(Columns(reader.label_of(table), Rows(told.table)), found[0]), found[1])


def _last(reader: GroupMeanings, told: Snapshots, column: str) -> Scoped | None:
    """A column of the last row of each thing; None where the thing or the time is not certain."""
    key = {c for r in reader.graph.relationships if r.source == told.table for c in r.source_columns}
    found = _last_row(reader, told)
    if found is None or column in key or Attribute(told.table, column) in _terms_of(found[0]):
        return None
    columns = Columns((Attribute(told.table, column),), Rows(told.table))
    return Scoped(TopColumns(columns, found[0]), found[1])


def _terms_of(top: Top) -> tuple[Attribute, ...]:
    """The time by which rows are the last."""
    by = top.of.by if isinstance(top.of, Best) else None
    return by.terms if isinstance(by, Columns) else ()


def _last_row(reader: GroupMeanings, told: Snapshots) -> tuple[Top, Group] | None:
    """The last row of each thing, and the groups that those are; None where that is not certain."""
    table = reader.graph.table(told.table)
    of = told.of or next((r.target for r in reader.graph.relationships if r.source == told.table), "")
    group = reader.group_of(of)
    named = [c.name for c in table.columns if c.name.lower() == told.time.lower()]
    time = Attribute(table.name, named[0]) if named else reader.time_of_last(table.name)
    if not group or time is None or not reader.belong(table.name, group):
        return None
    best = Best(Columns((time,)), is_descending=True, rows=Rows(table.name))
    return Top(1, best, is_descending=True), group
