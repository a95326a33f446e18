"""Which words of a question name a table, a column or a value: the grounding index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aidbt.core.lexicon import STRICT, expansions, is_word, partners
from aidbt.semantic.catalog import NamedTable
from aidbt.semantic.english.tokens import lemma, tokens
from aidbt.semantic.graph import Graph, GraphColumn, GraphTable

Phrase = tuple[str, ...]
MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class TableName:
    """A phrase names the rows of a table."""

    table: str
    weight: float


@dataclass(frozen=True, slots=True)
class ColumnName:
    """A phrase names a column; `counts` when it holds a number of what the phrase names."""

    table: str
    column: str
    weight: float
    counts: bool = False


@dataclass(frozen=True, slots=True)
class ValueName:
    """A phrase is a value of a column."""

    table: str
    column: str
    value: str
    weight: float


Meaning = TableName | ColumnName | ValueName


@dataclass
class Lexicon:
    """Phrases of lemmas with what they may mean."""

    graph: Graph
    meanings: dict[Phrase, list[Meaning]] = field(default_factory=dict)

    def at(self, lemmas: Sequence[str], start: int) -> Iterator[tuple[int, list[Meaning]]]:
        """The phrases that begin at a word: how many words each has, and its meanings."""
        for length in range(1, min(MOST_WORDS, len(lemmas) - start) + 1):
            found = self.meanings.get(tuple(lemmas[start : start + length]))
            if found:
                yield length, found

    def add(self, phrase: Iterable[str], meaning: Meaning) -> None:
        words = tuple(lemma(word) for word in phrase)
        if not words or len(words) > MOST_WORDS:
            return
        known = self.meanings.setdefault(words, [])
        same = [m for m in known if _place(m) == _place(meaning)]
        if same and same[0].weight >= meaning.weight:
            return
        self.meanings[words] = [m for m in known if m not in same] + [meaning]


_PEOPLE = ("customer", "user", "client", "member", "person", "people")


def _add_people(found: Lexicon) -> None:
    """Other words for the one table of people, where there is one."""
    known = {m.table for word in _PEOPLE for m in found.meanings.get((word,), ()) if isinstance(m, TableName)}
    if len(known) == 1:
        for word in _PEOPLE:
            if (word,) not in found.meanings:
                found.add((word,), TableName(next(iter(known)), 0.6))


def _place(meaning: Meaning) -> tuple[object, ...]:
    if isinstance(meaning, TableName):
        return (meaning.table,)
    if isinstance(meaning, ColumnName):
        return (meaning.table, meaning.column)
    return (meaning.table, meaning.column, meaning.value)


def lexicon(
    graph: Graph, named: Sequence[NamedTable], values: Mapping[tuple[str, str], Sequence[str]]
) -> Lexicon:
    """The index of a graph.

    Args:
        values: by (table, column) the values that may be asked for; never of personal data.
    """
    found = Lexicon(graph)
    names = {table.name: table for table in named}
    heads: dict[str, list[str]] = {}
    referring = {(r.source, r.source_columns[0]) for r in graph.relationships if len(r.source_columns) == 1}
    for table in graph.tables:
        for noun in names[table.name].nouns:
            heads.setdefault(noun[-1], []).append(table.name)
    for table in graph.tables:
        for phrase, weight in _table_phrases(table, names[table.name], heads):
            found.add(phrase, TableName(table.name, weight))
        for column in table.columns:
            refers = (table.name, column.name) in referring
            for phrase, weight, counts in _column_phrases(table, column, names[table.name]):
                # The key of what is referred to goes before the column that refers to it.
                weight = weight - 0.15 if refers else weight
                found.add(phrase, ColumnName(table.name, column.name, weight, counts))
    _add_people(found)
    for (table_name, column_name), texts in values.items():
        for text in texts:
            words = [token.lemma.lower() for token in tokens(text) if token.kind != "mark"]
            if words and text.strip():
                found.add(words, ValueName(table_name, column_name, text, 1.0))
    return found


def _table_phrases(
    table: GraphTable, named: NamedTable, heads: Mapping[str, list[str]]
) -> Iterator[tuple[Phrase, float]]:
    for noun in named.nouns:
        yield noun, 1.0
        if len(noun) > 1 and len(set(heads[noun[-1]])) == 1:
            yield noun[-1:], 0.9
        if len(noun) > 2:
            yield noun[-2:], 0.9
        for other in _synonyms(noun):
            yield other, 0.7
    for synonym in table.synonyms:
        yield tuple(synonym.lower().split()), 1.0


def _column_phrases(
    table: GraphTable, column: GraphColumn, named: NamedTable
) -> Iterator[tuple[Phrase, float, bool]]:
    words = _split_words(named.columns[column.name], named)
    spelled = tuple(part for word in words for part in _spelled(word))
    for synonym in column.synonyms:
        yield tuple(synonym.lower().split()), 1.0, False
    if table.keys and table.keys[0] == (column.name,) and (words[-1] in _KEYS or words[-1].endswith("id")):
        yield ("id",), 1.0, False
        for noun in named.nouns:
            yield (*noun, "id"), 1.0, False
            yield (*noun[-1:], "id"), 0.95, False
    for form in dict.fromkeys((words, spelled)):
        yield form, 1.0, False
        for noun in named.nouns:
            if form[: len(noun)] == noun and len(form) > len(noun):
                yield form[len(noun) :], 0.95, False
            else:
                yield (*noun, *form), 1.0, False
                yield (*noun[-1:], *form), 0.9, False
        if form[-1] in ("at", "ts", "timestamp", "datetime") and len(form) > 1:
            yield form[:-1], 0.9, False
            yield (*form[:-1], "date"), 0.9, False
            yield (*form[:-1], "time"), 0.9, False
        if form[-1] == "date" and len(form) > 1:
            yield form[:-1], 0.8, False
        counted = _counted(form)
        if counted:
            yield ("number", "of", *counted), 1.0, True
            yield (*counted, "count"), 1.0, True
            yield counted, 0.8, True
        if len(form) == 2 and form[-1] in _KINDS_OF:
            yield (form[-1], "of", form[0]), 0.95, False
            yield form[:-1], 0.75, False
        for other in _synonyms(form):
            yield other, 0.7, False


_KEYS = {"id", "key", "uuid", "guid", "identifier", "no", "number", "code"}
# Words that say what kind of column it is, which people leave out.
_KINDS_OF = {"type", "name", "kind", "category", "code", "status", "title"}


def _counted(words: Phrase) -> Phrase:
    """What a column's name says it holds the number of."""
    if len(words) > 1 and words[-1] in ("num", "count", "number", "cnt"):
        return words[:-1]
    if len(words) > 1 and words[0] in ("num", "n", "number", "count"):
        rest = words[1:]
        return rest[1:] if rest[0] == "of" and len(rest) > 1 else rest
    return ()


def _split_words(words: Phrase, named: NamedTable) -> Phrase:
    """Words with those taken apart that run together: `journalname`, `numcitedby`."""
    return tuple(part for word in words for part in _parts(word, named))


def _parts(word: str, named: NamedTable) -> Phrase:
    if len(word) < 5 or is_word(word):
        return (word,)
    nouns = {part for noun in named.nouns for part in noun}
    best: list[Phrase | None] = [None] * (len(word) + 1)
    best[0] = ()
    for end in range(2, len(word) + 1):
        for start in range(end - 1):
            before, part = best[start], word[start:end]
            is_known = part in nouns or (is_word(part) and len(part) > 2) or part in _SMALL
            if before is not None and is_known:
                longer = (*before, part)
                current = best[end]
                if current is None or len(longer) < len(current):
                    best[end] = longer
    return best[len(word)] or (word,)


_SMALL = {"id", "by", "of", "at", "num", "no", "is", "to", "in", "on"}


def _spelled(word: str) -> Phrase:
    meanings = () if is_word(word) and len(word) > 3 else expansions(word)
    return meanings[0] if meanings and word != "id" else (word,)


def _synonyms(words: Phrase) -> Iterator[Phrase]:
    for phrase, strength in partners(" ".join(words)).items():
        if strength == STRICT and phrase != " ".join(words):
            yield tuple(phrase.split())
