"""What phrases name, and which of them begin at a word of a question: the grounding index."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from aidbt.core.words import singular_words, words_of
from aidbt.semantic.english.meanings.closed_words import FUNCTION_WORDS
from aidbt.semantic.english.words.names import PART
from aidbt.semantic.english.words.tokens import Token, lemma, verb_stem
from aidbt.semantic.english.words.value_names import phrase_of, plain
from aidbt.semantic.english.words.word_forms import bones, capitalised, shortens
from aidbt.semantic.english.words.word_lists import Phrase
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import All, AnyOf, Attribute, Matches, Predicate

T = TypeVar("T")
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
MOST_OF_A_COLUMN = 4
DATE_WORDS = {"date", "day", "time", "timestamp"}
# Words of sentences that are values behind their column in any letters: "payment method none".
_SAID_ALONE = {"no", "none", "never", "all", "any", "both"}
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
    _made: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

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
                m
                for m in found
                if not isinstance(m, ValueName) or length > 1 or _is_meant(m, sentence, start)
            ]
            if length == 1 and is_begun(sentence, start):
                meanings = [m for m in meanings if not isinstance(m, ValueName)]
            if _is_counted_by_activity(sentence, start):
                meanings = [m for m in meanings if not isinstance(m, Trait)]
            if meanings:
                named[length] = meanings
        for length, meaning in self._in_other_forms(sentence, start, lemmas, named):
            if not (isinstance(meaning, ValueName) and is_begun(sentence, start)):
                named.setdefault(length, []).append(meaning)
        yield from named.items()

    def taken(self, sentence: Sequence[Token]) -> Iterator[tuple[int, int]]:
        """Where names stand whose definition is not understood, so that they mean nothing, word by word."""
        for start in range(len(sentence)):
            lemmas = self._lemmas(sentence, start)
            for length in range(1, len(lemmas) + 1):
                if self.meanings.get(tuple(lemmas[:length])) == []:
                    yield start, start + length

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

    def made(self, kind: Callable[[Lexicon], T]) -> T:
        """What is made of a lexicon that stays as it is, once for all questions."""
        if kind not in self._made:
            self._made[kind] = kind(self)
        found: T = self._made[kind]
        return found

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
        self._made.clear()
        words = tuple(plain(lemma(word)) for word in phrase)
        # Of "each station did" no column `did` is spoken of.
        said = words[-1:] if isinstance(meaning, ColumnName) else words
        is_helper = said in _HELPERS and not isinstance(meaning, ValueName)
        if not words or len(words) > MOST_WORDS or is_helper:
            return
        known = self.meanings.setdefault(words, [])
        at = self._places.setdefault((words, place(meaning)), len(known))
        if at == len(known):
            known.append(meaning)
        elif known[at].weight < meaning.weight:
            known[at] = meaning

    def _lemmas(self, sentence: Sequence[Token], start: int) -> list[str]:
        """The lemmas from a token on as far as a phrase may go, without accents."""
        found: list[str] = []
        for token in sentence[start : start + MOST_WORDS]:
            if token.kind in ("mark", "quoted"):
                break
            found.append(plain(token.lemma))
        return found

    def _in_other_forms(
        self,
        sentence: Sequence[Token],
        start: int,
        lemmas: Sequence[str],
        named: Mapping[int, Sequence[Meaning]],
    ) -> Iterator[tuple[int, Meaning]]:
        token = sentence[start]
        if token.kind != "word":
            return
        if "_" in token.text or (token.text[1:] != token.text[1:].lower() and not token.text.isupper()):
            for meaning in self.meanings.get(tuple(map(lemma, singular_words(token.text))), ()):
                yield 1, meaning
        for length in range(2, min(len(lemmas), MOST_OF_A_COLUMN) + 1):
            if length not in named:
                of_verb = self.of_verbs.get((verb_stem(lemmas[0]), *lemmas[1:length]), ())
                yield from ((length, column) for column in of_verb)
        is_sure = any(meaning.weight > PART for meaning in named.get(2, ()))
        if len(lemmas) > 1 and lemmas[1] in (*DATE_WORDS, "year") and not is_sure:
            yield from ((2, column) for column in self._of_stem(lemmas[0], lemmas[1]))
        if len(lemmas) > 2 and lemmas[0] in (*DATE_WORDS, "year") and lemmas[1] == "of" and 3 not in named:
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
        # `elctn` has all that is heard of an election, and `elect` has not.
        short = [s for s in short if bones(s) == bones(lemmas[0])] or short
        if len(short) == 1:
            for length, meanings in self.at([*short, *lemmas[1:]], 0):
                for meaning in meanings:
                    if isinstance(meaning, TableName | ColumnName | Trait) and meaning.weight >= 0.75:
                        yield length, replace(meaning, weight=PART)


# Verbs of what begins something, which each of the things has behind it whatever its status is now.
_BEGUN = frozenset(
    "placed made created submitted filed issued recorded opened booked requested registered posted".split()
)
_HAVING = {"have", "has", "had", "having"}
_BEHIND_VERBS = frozenset(
    """in on at by for from to with since before after during between within of and or but as via through
    last this next yet so far already ever also recently online""".split()
)
_BEFORE_OBJECTS = frozenset(
    """a an any the at more less few fewer exactly no their its some several over under up between only
    another both each every""".split()
)


def is_begun(sentence: Sequence[Token], start: int) -> bool:
    """Whether a verb of a beginning has its object behind it: of "customers who placed any order" the orders'
    status is no matter, though one is called "placed".
    """
    following = sentence[start + 1] if start + 1 < len(sentence) else None
    if following is None or sentence[start].text.lower() not in _BEGUN:
        return False
    if following.text.lower() in _BEFORE_OBJECTS or following.number is not None:
        return True
    # "Have opened urgent tickets" has an object too, and "have been opened" has none.
    is_active = start > 0 and sentence[start - 1].text.lower() in _HAVING
    return is_active and following.kind == "word" and following.text.lower() not in _BEHIND_VERBS


def _is_counted_by_activity(sentence: Sequence[Token], start: int) -> bool:
    """Whether a word is that of "monthly active users", who are those that did something in each month."""
    before = sentence[start - 1].lemma if start else ""
    return sentence[start].lemma == "active" and before in ("daily", "weekly", "monthly")


def _is_meant(value: ValueName, sentence: Sequence[Token], start: int) -> bool:
    """Whether a word means a value: of two letters only when it is written as a code, and of one only within
    a sentence, for "A" begins many.
    """
    token = sentence[start]
    if len(token.text) > 1 and FUNCTION_WORDS & {token.lemma, token.text.lower()}:
        return _is_written_as(value, sentence, start)
    if len(token.text) > _MOST_LETTERS_OF_A_CODE:
        # What is seen is no "saw".
        return token.text[:2].lower() == value.value.strip()[:2].lower() or not value.value.isalpha()
    if len(token.text) == 1:
        return start > 0 and (token.text.isupper() or token.kind == "number")
    return token.text in (value.value, value.value.upper()) or token.text.isupper()


def _is_written_as(value: ValueName, sentence: Sequence[Token], start: int) -> bool:
    """Whether a word that sentences are made of is a value here: "boats of HAS" belong to a port, and those
    that "have landed" do not; behind its column, as in "payment method none", it is one in any letters.
    """
    text, before = sentence[start].text, [token.lemma for token in sentence[max(start - 2, 0) : start]]
    if before and before[-1] in ("be", "="):
        before.pop()
    if text.lower() in _SAID_ALONE and before and before[-1] in words_of(value.column)[-1:]:
        return plain(text) == plain(value.value)
    others = [token.text for token in sentence if token.kind == "word" and token.text != text]
    is_loud = bool(others) and all(other.isupper() for other in others)
    is_code = text.isupper() and (text == value.value or len(text) == _MOST_LETTERS_OF_A_CODE)
    is_name = start > 0 and text == value.value and text != text.lower()
    return not is_loud and (is_code or is_name)


def place(meaning: Meaning) -> Meaning:
    """A meaning without how sure it is."""
    return replace(meaning, weight=0.0)
