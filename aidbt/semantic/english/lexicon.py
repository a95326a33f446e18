"""Which words of a question name a table, a column, a value or a trait of rows: the grounding index."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aidbt.core.lexicon import is_word
from aidbt.core.words import singular_words
from aidbt.semantic.english.names import (
    CLEAR,
    LOOSE,
    PART,
    SHORTER,
    Name,
    column_names,
    spellings,
    table_names,
)
from aidbt.semantic.english.number_phrases import Number
from aidbt.semantic.english.phrases import Amount
from aidbt.semantic.english.tokens import Token, lemma, verb_stem
from aidbt.semantic.english.traits import known_places, traits
from aidbt.semantic.english.units import converted
from aidbt.semantic.english.value_names import phrase_of, plain, value_names
from aidbt.semantic.english.word_forms import capitalised, shortens
from aidbt.semantic.english.word_lists import Phrase, people, synonyms
from aidbt.semantic.english.words import PHRASES
from aidbt.semantic.graph import Graph, GraphTable
from aidbt.semantic.named import NamedMetric
from aidbt.semantic.naming import NamedTable
from aidbt.semantic.query import All, AnyOf, Attribute, Matches, Measure, Predicate

MOST_WORDS = 8
_COMPARED = {
    "above",
    "below",
    "over",
    "under",
    "between",
    "at",
    "more",
    "less",
    "higher",
    "lower",
    "exactly",
    "from",
}
# Verbs that help others are no names, also where a column is called "done".
_HELPERS = {("do",), ("be",), ("have",), ("get",)}
_MOST_OF_A_COLUMN = 4
_DATE_WORDS = {"date", "day", "time", "timestamp"}
# Codes such as IN and IT are words of the language, so they count only in capitals.
_MOST_LETTERS_OF_A_CODE = 2


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


@dataclass(frozen=True, slots=True)
class Trait:
    """A word says that something holds of rows of a table: "remote" of those where `is_remote` is true."""

    table: str
    predicate: Predicate
    weight: float


@dataclass(frozen=True, slots=True)
class RoleName:
    """A word says what a row of another table, or of the same, is to a row: its manager."""

    relationship: str
    weight: float


@dataclass(frozen=True, slots=True)
class MetricName:
    """A phrase names a metric of the project's semantic layer."""

    name: str
    weight: float


@dataclass(frozen=True, slots=True)
class Literal:
    """Capitalised words that nothing goes by: a text as it may be in the data, such as somebody's name."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Defined:
    """A phrase stands for what the question's instructions say that it is: a phrase of that category."""

    category: str
    meaning: Hashable
    weight: float


Meaning = TableName | ColumnName | ValueName | Trait | RoleName | MetricName | Literal | Defined


@dataclass
class Lexicon:
    """Phrases of lemmas with what they may mean.

    Attributes:
        values: by (table, column) all values, where all are known.
        people_tables: the tables whose rows are people.
        dated: the columns of times and years by the stem of what happened then; whether each is a year.
        of_verbs: the columns of several words by the stem of the first: "shipping country" is `ship_country`.
        measured: the columns of numbers by the stem of their one word.
        stems: the values of one word by its stem, where it can be of one column only.
        short_words: the words of names that are no words of the language.
    """

    graph: Graph
    meanings: dict[Phrase, list[Meaning]] = field(default_factory=dict)
    values: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    people_tables: frozenset[str] = frozenset()
    dated: list[tuple[str, ColumnName, bool]] = field(default_factory=list)
    short_words: frozenset[str] = frozenset()
    stems: dict[str, list[Meaning]] = field(default_factory=dict)
    measured: dict[str, list[Meaning]] = field(default_factory=dict)
    of_verbs: dict[Phrase, list[ColumnName]] = field(default_factory=dict)
    _folded: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    _places: dict[tuple[Phrase, Meaning], int] = field(default_factory=dict)

    def found(self, sentence: Sequence[Token], start: int) -> Iterator[tuple[int, list[Meaning]]]:
        """The phrases of the data that begin at a token: how many tokens each has, and its meanings."""
        token = sentence[start]
        if token.kind == "quoted":
            known = self.meanings.get(phrase_of(token.text), ())
            quoted: list[Meaning] = [meaning for meaning in known if isinstance(meaning, ValueName)]
            if quoted:
                yield 1, quoted
            return
        named: dict[int, list[Meaning]] = {}
        lemmas = self._lemmas(sentence, start)
        for length in range(1, len(lemmas) + 1):
            found = self.meanings.get(tuple(lemmas[:length]), [])
            meanings = [
                m for m in found if not isinstance(m, ValueName) or length > 1 or _is_meant(m, token, start)
            ]
            if _is_counted_by_activity(sentence, start):
                meanings = [m for m in meanings if not isinstance(m, Trait)]
            if meanings:
                named[length] = meanings
        for length, meaning in self._in_other_forms(sentence, start, lemmas, named):
            named.setdefault(length, []).append(meaning)
        yield from named.items()

    def at(self, lemmas: Sequence[str], start: int) -> Iterator[tuple[int, list[Meaning]]]:
        """The phrases that begin at a word: how many words each has, and its meanings."""
        for length in range(1, min(MOST_WORDS, len(lemmas) - start) + 1):
            found = self.meanings.get(tuple(lemmas[start : start + length]))
            if found:
                yield length, found

    def is_person(self, table: str) -> bool:
        """Whether the rows of a table are people."""
        return table in self.people_tables

    def knows(self, table: str, column: str, text: str) -> bool | None:
        """Whether a column holds a text, whatever its case and accents; None when not all that it holds is
        known.
        """
        if (table, column) not in self.values:
            return None
        if (table, column) not in self._folded:
            self._folded[table, column] = {plain(value.strip()) for value in self.values[table, column]}
        return plain(text.strip()) in self._folded[table, column]

    def with_meanings(self, added: Mapping[Phrase, list[Meaning]]) -> Lexicon:
        """A lexicon in which some phrases mean something else, for the time of one question."""
        return replace(self, meanings={**self.meanings, **added})

    def named(self, table: str, text: str) -> Predicate | None:
        """That a row is called so, whatever the case: by its name or title, or by a person's two names; None
        where the table has no such column.
        """
        names = self._name_columns(table)
        found: list[Predicate] = [Matches(name, "is", text) for name in names]
        first, _, last = text.rpartition(" ")
        if first and len(names) > 1:
            found = [*found, All((Matches(names[0], "is", first), Matches(names[1], "is", last)))]
        return None if not found else found[0] if len(found) == 1 else AnyOf(tuple(found))

    def _name_columns(self, table: str) -> list[Attribute]:
        """First and last name of people, else the column that rows are called by."""
        for parts in (("first", "name"), ("last", "name")), (("given", "name"), ("family", "name")):
            found = [
                Attribute(m.table, m.column)
                for part in parts
                for m in self.meanings.get(part, ())
                if isinstance(m, ColumnName) and m.table == table
            ]
            if len(found) == 2:
                return found
        label = self.graph.table(table).label
        return [Attribute(table, label)] if label else []

    def add(self, phrase: Iterable[str], meaning: Meaning) -> None:
        """Let a phrase mean something too; of the same meaning twice the surer counts."""
        words = tuple(plain(lemma(word)) for word in phrase)
        if not words or len(words) > MOST_WORDS or words in _HELPERS:
            return
        known = self.meanings.setdefault(words, [])
        at = self._places.setdefault((words, _place(meaning)), len(known))
        if at == len(known):
            known.append(meaning)
        elif known[at].weight < meaning.weight:
            known[at] = meaning

    def _lemmas(self, sentence: Sequence[Token], start: int) -> list[str]:
        """The lemmas from a token on as far as a phrase may go; a name as code spells it is its words."""
        found: list[str] = []
        for token in sentence[start : start + MOST_WORDS]:
            if token.kind in ("mark", "quoted"):
                break
            found.append(plain(token.lemma))
        return found

    def _in_other_forms(
        self, sentence: Sequence[Token], start: int, lemmas: Sequence[str], named: Mapping[int, object]
    ) -> Iterator[tuple[int, Meaning]]:
        token = sentence[start]
        if token.kind != "word":
            return
        if "_" in token.text or (token.text[1:] != token.text[1:].lower() and not token.text.isupper()):
            for meaning in self.meanings.get(tuple(map(lemma, singular_words(token.text))), ()):
                yield 1, meaning
        for length in range(2, min(len(lemmas), _MOST_OF_A_COLUMN) + 1):
            if length not in named:
                of_verb = self.of_verbs.get((verb_stem(lemmas[0]), *lemmas[1:length]), ())
                yield from ((length, column) for column in of_verb)
        if len(lemmas) > 1 and lemmas[1] in (*_DATE_WORDS, "year") and 2 not in named:
            yield from ((2, column) for column in self._of_stem(lemmas[0], lemmas[1]))
        if len(lemmas) > 2 and lemmas[0] in (*_DATE_WORDS, "year") and lemmas[1] == "of" and 3 not in named:
            yield from ((3, column) for column in self._of_stem(lemmas[2], lemmas[0]))
        # A name whose definition is not understood means nothing, in no form.
        if 1 not in named and self.meanings.get(tuple(lemmas[:1])) != []:
            yield from ((1, meaning) for meaning in self.stems.get(verb_stem(lemmas[0]), ()))
            if len(lemmas) > 1 and lemmas[1] in _COMPARED:
                yield from ((1, meaning) for meaning in self.measured.get(verb_stem(lemmas[0]), ()))
            yield from self._spelled_out(lemmas)
            for length, text in capitalised(sentence, start):
                yield length, Literal(text, 0.5 + 0.05 * length)

    def _of_stem(self, word: str, unit: str) -> Iterator[ColumnName]:
        """The times, or years, whose names are of the same verb: `opened_on` for "opening" date."""
        stem = verb_stem(word)
        for known, column, is_year in self.dated:
            if is_year != (unit == "year"):
                continue
            shorter, longer = sorted((known, stem), key=len)
            if known == stem or (len(shorter) > 3 and longer.startswith(shorter)):
                yield column

    def _spelled_out(self, lemmas: Sequence[str]) -> Iterator[tuple[int, Meaning]]:
        """Names with a short form that nobody listed, where words spell it out: "concomitant" for `con`."""
        short = [s for s in self.short_words if shortens(s, lemmas[0])]
        if len(short) == 1:
            for length, meanings in self.at([*short, *lemmas[1:]], 0):
                for meaning in meanings:
                    if isinstance(meaning, TableName | ColumnName) and meaning.weight >= 0.75:
                        yield length, replace(meaning, weight=PART)


def _is_counted_by_activity(sentence: Sequence[Token], start: int) -> bool:
    """Whether a word is that of "monthly active users", who are those that did something in each month."""
    before = sentence[start - 1].lemma if start else ""
    return sentence[start].lemma == "active" and before in ("daily", "weekly", "monthly")


def _is_meant(value: ValueName, token: Token, start: int) -> bool:
    """Whether a word means a value: of two letters only when it is written as a code, and of one only within
    a sentence, for "A" begins many.
    """
    if len(token.text) > _MOST_LETTERS_OF_A_CODE:
        return True
    if len(token.text) == 1:
        return start > 0 and (token.text.isupper() or token.kind == "number")
    return token.text in (value.value, value.value.upper()) or token.text.isupper()


def _place(meaning: Meaning) -> Meaning:
    """A meaning without how sure it is."""
    return replace(meaning, weight=0.0)


# --- building -----------------------------------------------------------------------------------------


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
    names = {table.name: table for table in named}
    found = Lexicon(
        graph,
        people_tables=frozenset(t.name for t in named if _has_people(t) and not graph.is_link(t.name)),
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
        _add_table(found, loose, table, names[table.name], heads, copied)
    for phrase, meanings in loose.items():
        # A loose word is taken where nothing else goes by it, and one thing of each table at most is meant.
        surer = [m for m in found.meanings.get(phrase, ()) if m.weight > PART]
        if not surer and _is_certain({_place(meaning) for meaning in meanings}):
            for meaning in meanings:
                found.add(phrase, meaning)
    _add_people(found)
    _add_roles(found)
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


def _add_table(
    found: Lexicon,
    loose: dict[Phrase, list[Meaning]],
    table: GraphTable,
    named: NamedTable,
    heads: dict[str, set[str]],
    copied: Collection[str],
) -> None:
    def add(name: Name, meaning: Meaning) -> None:
        if name.weight <= LOOSE:
            loose.setdefault(tuple(map(plain, name.phrase)), []).append(meaning)
        else:
            found.add(name.phrase, meaning)

    referring = {
        relationship.source_columns[0]
        for relationship in found.graph.relationships
        if relationship.source == table.name and len(relationship.source_columns) == 1
    }
    for name in table_names(table, named, heads):
        add(name, TableName(table.name, name.weight))
    parts: dict[Phrase, set[str]] = {}
    named_columns = [(column, list(column_names(table, column, named))) for column in table.columns]
    for column, listed in named_columns:
        for name in listed:
            if name.weight <= PART:
                parts.setdefault(name.phrase, set()).add(column.name)
    for column, listed in named_columns:
        for name in listed:
            # A part of a name is one where no other column of the table has it too.
            if name.weight <= PART and len(parts[name.phrase]) > 1:
                continue
            # The number of what is a table is that of its rows.
            if name.counts and name.phrase[-1] in heads:
                continue
            # The key of what is referred to goes before the column that refers to it.
            weight = name.weight - 0.15 if column.name in referring else name.weight
            # So does a column before those of tables that are made of its own.
            weight = weight - 0.15 if column.name in copied else weight
            add(name, ColumnName(table.name, column.name, weight, name.counts))
            if column.unit and name.weight >= SHORTER:
                _add_units(found, name.phrase, Attribute(table.name, column.name), column.unit)
    for trait in (*traits(table, named), *known_places(table, named)):
        found.add(trait.phrase, Trait(table.name, trait.predicate, trait.weight))


def _add_units(found: Lexicon, phrase: Phrase, attribute: Attribute, unit: str) -> None:
    """The column in other units than its own: "duration in hours"."""
    for word, term in converted(attribute, unit):
        found.add((*phrase, "in", word), Defined("Amount", Amount(attribute.table, term), CLEAR))


def _has_people(named: NamedTable) -> bool:
    return any(
        form in people() or form[-1:] in people()
        for noun in named.nouns
        for form, _ in spellings(noun, named)
    )


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


def _add_roles(found: Lexicon) -> None:
    for relationship in found.graph.relationships:
        if relationship.role:
            words = tuple(relationship.role.split())
            found.add(words, RoleName(relationship.name, 1.0))
            for other in synonyms(words):
                found.add(other, RoleName(relationship.name, 0.9))


def _add_values(found: Lexicon, values: Mapping[tuple[str, str], Sequence[str]]) -> None:
    stems: dict[str, list[Meaning]] = {}
    for (table, column), texts in values.items():
        found.values[table, column] = tuple(texts)
        for phrase, value, weight in value_names(texts):
            # The name of a table, and a word of questions such as "month", is that first.
            is_table = any(
                isinstance(m, TableName) and m.weight >= SHORTER for m in found.meanings.get(phrase, ())
            )
            is_common = is_table or phrase in PHRASES
            meaning = ValueName(table, column, value, LOOSE if is_common else weight)
            found.add(phrase, meaning)
            if len(phrase) == 1 and len(phrase[0]) > 3 and phrase[0].isalpha() and len(texts) <= 50:
                stems.setdefault(verb_stem(phrase[0]), []).append(replace(meaning, weight=PART + 0.1))
    for phrase, meanings in found.meanings.items():
        for trait in meanings if len(phrase) == 1 and len(phrase[0]) > 3 else ():
            if isinstance(trait, Trait) and trait.weight > SHORTER:
                stems.setdefault(verb_stem(phrase[0]), []).append(replace(trait, weight=PART + 0.1))
    # A word of the same stem means a value, or a trait, where it can be of one column only.
    found.stems = {stem: m for stem, m in stems.items() if len({_place(one) for one in m}) == 1}


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
            if not isinstance(meaning, ColumnName) or phrase[0] in _DATE_WORDS:
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
        if 1 < len(phrase) <= _MOST_OF_A_COLUMN and len(phrase[0]) > 2:
            columns = [m for m in meanings if isinstance(m, ColumnName) and m.weight >= CLEAR]
            for column in columns:
                stemmed = (verb_stem(phrase[0]), *phrase[1:])
                stems.setdefault(stemmed, []).append(replace(column, weight=SHORTER))
    return stems


def _short_words(named: Sequence[NamedTable]) -> frozenset[str]:
    """The words of names that are no words of the language."""
    phrases = [words for table in named for words in (*table.nouns, *table.columns.values())]
    words = {word for phrase in phrases for word in phrase}
    return frozenset(word for word in words if word.isalpha() and 2 < len(word) < 6 and not is_word(word))
