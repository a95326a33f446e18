"""What the tables of a query hold that the query does not speak of, and that a word may name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aidbt.core.words import words_of
from aidbt.semantic.english.grounding.index import Lexicon, Trait, ValueName
from aidbt.semantic.english.meanings.phrases import Columns
from aidbt.semantic.english.meanings.ways import tables_between
from aidbt.semantic.english.words.tokens import lemma, verb_stem
from aidbt.semantic.english.words.word_forms import shortens
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import (
    Attribute,
    Exists,
    InPeriod,
    Measure,
    SemanticQuery,
    attributes,
    parts,
    queries_in,
)

_ALIVE = {"living", "alive", "dead", "deceased", "late"}
_DEATHS = ("death", "died", "deceased", "dod", "date_of_death", "year_of_death")
# Shorter stems are those of words that have nothing to do with each other.
_SHORTEST = 4


class Unused:
    """What the tables of a query hold that the query does not speak of."""

    def __init__(self, query: SemanticQuery, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        queries = list(queries_in(query))
        self._used = {(a.table, a.column) for a in attributes(tuple(queries))}
        nodes = list(parts(tuple(queries)))
        self._times = {(a.table, a.column) for a in _times(nodes, lexicon)}
        self._tables = {table for table, _ in self._used} | {one.base for one in queries}
        self._tables |= {node.table for node in nodes if isinstance(node, Measure | Exists)}
        kept = [term for n in nodes if isinstance(n, InPeriod) for term in attributes(n.term)]
        cut = [n for n in nodes if isinstance(n, Attribute) and (n.grain or n.part)]
        self.timed = {term.table for term in (*kept, *cut)}
        self._tables.discard("")
        self._tables |= set(tables_between(self._tables, lexicon.graph))
        self._stems = {stem for _, column in self._used for stem in _stems(column)}

    def named(self, text: str, *, is_verb: bool) -> str:
        """What a word names among it; "" for nothing."""
        stem = verb_stem(text)
        value = next(self._values(text, stem), "") or (self._death() if text in _ALIVE else "")
        value = value or (self._done(stem) if is_verb else "")
        if value or not is_verb or len(stem) < _SHORTEST or stem in self._stems:
            return value
        return next(self._columns(text, stem), "")

    def _done(self, stem: str) -> str:
        """The rows of what was done, where others are asked for that it was done with; "" for none."""
        for table in self._lexicon.graph.tables if len(stem) >= _SHORTEST else ():
            is_done = [verb_stem(word) for word in words_of(table.name)] == [stem]
            if is_done and table.name not in self._tables:
                return f"rows of {table.name}"
        return ""

    def _death(self) -> str:
        """The column that says when somebody died, which "living" speaks of; "" for none."""
        for name in sorted(self._tables):
            for column in self._lexicon.graph.table(name).columns:
                if column.name.lower().startswith(_DEATHS) and (name, column.name) not in self._used:
                    return f"{column.name} of {name}"
        return ""

    def time_named(self, text: str, columns: object) -> str:
        """The time that a participle behind a column names, of its own rows or of what they belong to: "hours
        logged"; "" for none.
        """
        stem, graph = verb_stem(text), self._lexicon.graph
        starts = {term.table for term in columns.terms} if isinstance(columns, Columns) else set()
        for table in graph.tables:
            near = any(is_to_one(way) for start in starts for way in graph.paths(start, table.name)[:1])
            for column in table.columns if near or table.name in self._tables else ():
                if column.kind in ("time", "date") and stem in _stems(column.name):
                    return "" if (table.name, column.name) in self._used else f"{column.name} of {table.name}"
        return ""

    def _values(self, text: str, stem: str) -> Iterator[str]:
        meanings = (*self._lexicon.meanings.get((lemma(text),), ()), *self._lexicon.stems.get(stem, ()))
        for meaning in meanings:
            if isinstance(meaning, ValueName) and meaning.table in self._tables:
                # Of "working ones and those not working" the second may be lost.
                yield f"{meaning.column} of {meaning.table}"
            elif isinstance(meaning, Trait) and meaning.table in self._tables:
                for term in attributes(meaning.predicate):
                    if (term.table, term.column) not in self._used:
                        yield f"{term.column} of {term.table}"

    def _columns(self, text: str, stem: str) -> Iterator[str]:
        """Columns with a word of that stem; a time that rows always have only where another one is said."""
        graph = self._lexicon.graph
        for name in sorted(self._tables):
            table = graph.table(name)
            keys = {column for key in table.keys for column in key}
            keys |= {c for r in graph.relationships if r.source == name for c in r.source_columns}
            for column in table.columns:
                is_always = column.kind in ("time", "date") and not column.nullable
                is_harmless = is_always and not any(other == name for other, _ in self._times)
                is_named = stem in _stems(column.name) or _is_year_of(column.name, text)
                if column.name not in keys and is_named and not is_harmless:
                    yield f"{column.name} of {name}"


def _times(nodes: Iterable[object], lexicon: Lexicon) -> Iterator[Attribute]:
    """The times that a query reads."""
    for node in nodes:
        if not isinstance(node, Attribute) or not node.table:
            continue
        if lexicon.graph.table(node.table).column(node.column).kind in ("time", "date"):
            yield node


def _is_year_of(column: str, text: str) -> bool:
    """Whether a column says in short in which year something happened: `fnd_yr`, of "founded"."""
    words = words_of(column)
    return words[-1:] in (("yr",), ("year",)) and any(shortens(word, text) for word in words)


def _stems(column: str) -> set[str]:
    return {verb_stem(word) for word in words_of(column)}
