"""The grounding index of a graph: what tables, columns, values and metrics go by, from names and data."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from aidbt.core.lexicon import is_word
from aidbt.core.words import singular_words, words_of
from aidbt.semantic.english.grounding.index import (
    DATE_WORDS,
    MOST_OF_A_COLUMN,
    ColumnName,
    Defined,
    Lexicon,
    Literal,
    Meaning,
    MetricName,
    RoleName,
    TableName,
    Trait,
    ValueName,
    place,
)
from aidbt.semantic.english.grounding.table_meanings import WAYS, TableMeanings
from aidbt.semantic.english.meanings.closed_words import FUNCTION_WORDS, PHRASES
from aidbt.semantic.english.meanings.number_phrases import Number
from aidbt.semantic.english.meanings.phrases import Amount
from aidbt.semantic.english.words.lasting import lastings
from aidbt.semantic.english.words.names import CLEAR, LOOSE, PART, SHORTER
from aidbt.semantic.english.words.revenue import revenues
from aidbt.semantic.english.words.spellings import spellings
from aidbt.semantic.english.words.tokens import lemma, verb_stem
from aidbt.semantic.english.words.value_names import phrase_of, value_names
from aidbt.semantic.english.words.word_lists import Phrase, are_people, synonyms
from aidbt.semantic.graph import Graph, Relationship
from aidbt.semantic.layer.named import NamedMetric
from aidbt.semantic.query import Measure, attributes
from aidbt.semantic.tables.naming import KEY_WORDS, NamedTable, with_key_nouns

# A role costs a little to be read as a column, which one that a name spells out is.
_REFERENCE = 1.15

__all__ = [
    "ColumnName",
    "Defined",
    "Lexicon",
    "Literal",
    "Meaning",
    "MetricName",
    "RoleName",
    "TableName",
    "Trait",
    "ValueName",
    "lexicon",
]


def lexicon(
    graph: Graph,
    named: Sequence[NamedTable],
    values: Mapping[tuple[str, str], Sequence[str]],
    *,
    metrics: Sequence[NamedMetric] = (),
    upstream: Mapping[str, Collection[str]] | None = None,
) -> Lexicon:
    """The index of a graph.

    Args:
        values: by (table, column) all the values that may be asked for; never of personal data.
        upstream: by table those that it is made of.
    """
    keys = {table.name: table.keys[0][0] for table in graph.tables if table.keys and len(table.keys[0]) == 1}
    named = with_key_nouns(named, keys)
    names = {table.name: table for table in named}
    found = Lexicon(
        graph,
        people_tables=_people_tables(graph, named),
    )
    loose: dict[Phrase, list[Meaning]] = {}
    heads: dict[str, set[str]] = {}
    for one in named:
        for noun in one.nouns:
            for form, _ in spellings(noun, one):
                heads.setdefault(form[-1], set()).add(one.name)
    for table in graph.tables:
        origins = (upstream or {}).get(table.name, ())
        copied = {column.name for origin in origins for column in graph.table(origin).columns}
        TableMeanings(found, loose, table, names[table.name], heads, copied).add_all()
    for phrase, meanings in loose.items():
        # A loose word is taken where nothing else goes by it, and one thing of each table at most is meant.
        surer = [m for m in found.meanings.get(phrase, ()) if m.weight > PART]
        if not surer and _is_certain({place(meaning) for meaning in meanings}):
            for meaning in meanings:
                found.add(phrase, meaning)
    _add_lastings(found, names)
    _add_revenue(found, names)
    _add_people(found)
    _add_roles(found, names)
    for metric in metrics:
        for text in (metric.name, metric.label, *metric.synonyms):
            found.add(map(lemma, singular_words(text)), MetricName(metric.name, 1.2))
    _add_values(found, values)
    found.dated = _dated(found)
    found.measured = _measured(found)
    found.of_verbs = _of_verbs(found)
    found.short_words = _short_words(named)
    return found


def _is_certain(places: Collection[Meaning]) -> bool:
    columns = [place for place in places if isinstance(place, ColumnName)]
    of_tables = {column.table for column in columns}
    return len(places) == 1 or len(columns) == len(places) == len(of_tables)


def _add_lastings(found: Lexicon, named: Mapping[str, NamedTable]) -> None:
    """How long rows last; a duration of nothing that is said is that of the one table whose rows last."""
    lasting = {table.name: list(lastings(table, named[table.name])) for table in found.graph.tables}
    is_one = sum(map(bool, lasting.values())) == 1
    for table, phrases in lasting.items():
        for said in phrases:
            if is_one or said.phrase[0] != "duration" or said.phrase[1:2] == ("of",):
                found.add(said.phrase, Defined("Amount", Amount(table, said.term), CLEAR))


def _add_revenue(found: Lexicon, named: Mapping[str, NamedTable]) -> None:
    """What was taken in, where nothing goes by such a word."""
    for phrase, term in revenues(found.graph, named):
        if phrase not in found.meanings:
            table = attributes(term)[0].table
            found.add(phrase, Defined("Number", Number(Measure("sum", table, term), table), 0.9))


def _people_tables(graph: Graph, named: Sequence[NamedTable]) -> frozenset[str]:
    """The tables of people: no members of something who are people of another table."""
    found = {table.name for table in named if _has_people(table) and not graph.is_link(table.name)}
    refers = {r.source for r in graph.relationships if r.target in found - {r.source}}
    own = {t.name for t in graph.tables if t.label or any(len(key) == 1 for key in t.keys)}
    return frozenset(found - (refers - own))


def _has_people(named: NamedTable) -> bool:
    return any(are_people(form) for noun in named.nouns for form, _ in spellings(noun, named))


def _add_people(found: Lexicon) -> None:
    """Other words for the one table of people, where there is one."""
    if len(found.people_tables) == 1:
        for word in ("person", "people", "individual", "somebody", "user", "member"):
            if (word,) not in found.meanings:
                found.add((word,), TableName(next(iter(found.people_tables)), PART))
    staff = [t for t in found.people_tables if _names(found, ("employee",), t)]
    if len(staff) == 1 and ("headcount",) not in found.meanings:
        counted = Number(Measure("count", staff[0]), staff[0])
        found.add(("headcount",), Defined("Number", counted, 0.9))


def _names(found: Lexicon, phrase: Phrase, table: str) -> bool:
    return any(isinstance(m, TableName) and m.table == table for m in found.meanings.get(phrase, ()))


def _add_roles(found: Lexicon, named: Mapping[str, NamedTable]) -> None:
    for relationship in found.graph.relationships:
        if relationship.role:
            words = tuple(relationship.role.split())
            found.add(words, RoleName(relationship.name, 1.0))
            for other in synonyms(words):
                found.add(other, RoleName(relationship.name, 0.9))
    for relationship in found.graph.relationships:
        for words in _said_of_others(relationship, named):
            taken = [m for m in found.meanings.get(words, ()) if not _leaves_role(m, relationship)]
            if not taken and words not in PHRASES:
                found.add(words, RoleName(relationship.name, _REFERENCE))


def _leaves_role(meaning: Meaning, relationship: Relationship) -> bool:
    """Whether a phrase may be a role too: it is the reference itself, or something of another table."""
    if isinstance(meaning, RoleName):
        return True
    if not isinstance(meaning, ColumnName):
        return False
    return meaning.table != relationship.source or (meaning.column,) == relationship.source_columns


def _said_of_others(relationship: Relationship, named: Mapping[str, NamedTable]) -> Iterator[Phrase]:
    """What a reference's name says that it is of: `destination_port_code` is of a destination port, and of a
    destination.
    """
    source, target = named[relationship.source], named[relationship.target]
    if len(relationship.source_columns) > 1:
        return
    for form, _ in spellings(source.columns[relationship.source_columns[0]], source):
        bare = form[:-1] if len(form) > 1 and form[-1] in (*KEY_WORDS, "identifier") else form
        for noun in target.nouns:
            before, last = bare[: -len(noun)], bare[-len(noun) :]
            is_said = before and last == noun and before not in source.nouns
            if is_said and before[0] not in WAYS:
                yield tuple(map(lemma, bare))
                yield tuple(map(lemma, before))


_LANGUAGES = {"language", "languages", "lang", "tongue"}


def _add_values(found: Lexicon, values: Mapping[tuple[str, str], Sequence[str]]) -> None:
    stems: dict[str, list[Meaning]] = {}
    for (table, column), texts in values.items():
        found.values[table, column] = tuple(texts)
        behind = found.graph.table(table).behind
        is_hidden = bool(behind) and any(c.name == column for c in found.graph.table(behind).columns)
        is_language = bool(_LANGUAGES & set(words_of(column)))
        for phrase, value, weight in () if is_hidden else value_names(texts):
            if is_language and phrase != phrase_of(value):
                continue  # "France" is no language
            # The name of a table, and a word of questions such as "month", is that first.
            is_table = any(
                isinstance(m, TableName) and m.weight >= SHORTER for m in found.meanings.get(phrase, ())
            )
            is_common = is_table or phrase in PHRASES
            meaning = ValueName(table, column, value, LOOSE if is_common else weight)
            found.add(phrase, meaning)
            is_stem = len(phrase) == 1 and len(phrase[0]) > 3 and phrase[0].isalpha()
            if is_stem and len(texts) <= 50 and phrase[0] not in FUNCTION_WORDS:
                stems.setdefault(verb_stem(phrase[0]), []).append(replace(meaning, weight=PART + 0.1))
    for phrase, meanings in found.meanings.items():
        for trait in meanings if len(phrase) == 1 and len(phrase[0]) > 3 else ():
            if isinstance(trait, Trait) and trait.weight > SHORTER:
                stems.setdefault(verb_stem(phrase[0]), []).append(replace(trait, weight=PART + 0.1))
    # A word of the same stem means a value, or a trait, where it can be of one column only.
    found.stems = {stem: m for stem, m in stems.items() if _is_one_of_each(m)}


def _is_one_of_each(meanings: Sequence[Meaning]) -> bool:
    """Whether meanings are the same, or one of each of several tables."""
    places = {place(meaning) for meaning in meanings}
    tables = {meaning.table for meaning in meanings if isinstance(meaning, ValueName | Trait)}
    return len(places) == len(tables)


def _measured(found: Lexicon) -> dict[str, list[Meaning]]:
    """The columns of numbers by the stem of their one word, for "priced above" and "scored below"."""
    stems: dict[str, list[Meaning]] = {}
    for phrase, meanings in found.meanings.items():
        for meaning in meanings:
            if len(phrase) == 1 and isinstance(meaning, ColumnName) and len(phrase[0]) > 4:
                column = found.graph.table(meaning.table).column(meaning.column)
                if column.kind == "number" and meaning.weight >= PART:
                    stems.setdefault(verb_stem(phrase[0]), []).append(replace(meaning, weight=PART))
    return stems


def _dated(found: Lexicon) -> list[tuple[str, ColumnName, bool]]:
    """The columns of time by the stem of what happened then, and whether they are years."""
    dated: dict[tuple[str, ColumnName, bool], None] = {}
    for phrase, meanings in found.meanings.items():
        for meaning in meanings:
            if not isinstance(meaning, ColumnName) or phrase[0] in DATE_WORDS:
                continue
            column = found.graph.table(meaning.table).column(meaning.column)
            is_time = len(phrase) == 1 and column.kind in ("time", "date")
            is_year = len(phrase) == 2 and phrase[1] == "year" and column.kind == "number"
            if is_time or is_year:
                dated[verb_stem(phrase[0]), replace(meaning, weight=SHORTER), is_year] = None
    return list(dated)


def _of_verbs(found: Lexicon) -> dict[Phrase, list[ColumnName]]:
    stems: dict[Phrase, list[ColumnName]] = {}
    for phrase, meanings in found.meanings.items():
        if 1 < len(phrase) <= MOST_OF_A_COLUMN and len(phrase[0]) > 2:
            columns = [m for m in meanings if isinstance(m, ColumnName) and m.weight >= CLEAR]
            for column in columns:
                stemmed = (verb_stem(phrase[0]), *phrase[1:])
                stems.setdefault(stemmed, []).append(replace(column, weight=SHORTER))
    return stems


def _short_words(named: Sequence[NamedTable]) -> frozenset[str]:
    """The words of names that are no words of the language, and no nouns in the plural: caps."""
    phrases = [words for table in named for words in (*table.nouns, *table.columns.values())]
    spelled = {word for table in named for name in (table.name, *table.columns) for word in words_of(name)}
    words = {word for phrase in phrases for word in phrase if f"{word}s" not in spelled}
    return frozenset(word for word in words if word.isalpha() and 2 < len(word) < 6 and not is_word(word))
