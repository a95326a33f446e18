"""Words that name something in the data: a table, a column, a value, or what holds of a row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from aidbt.core.words import words_of
from aidbt.semantic.english.grounding.deeds import tells
from aidbt.semantic.english.grounding.lexicon import (
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
)
from aidbt.semantic.english.grounding.noun_groups import LONGER, NAMED, is_plural, rows_of_kind
from aidbt.semantic.english.grounding.told_by_verbs import counted_things, events
from aidbt.semantic.english.grounding.verbs import VerbsOf
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.number_phrases import Number
from aidbt.semantic.english.meanings.phrases import Columns, Condition, Link, Role, Rows
from aidbt.semantic.english.words.tokens import Token, lemma
from aidbt.semantic.query import Attribute, MetricRef, OneOf, Value, attributes

# Words before a group, of which "by finished" is one and "is finished" is none.
_GROUPING = {"by", "per", "and"}
_PREPOSITIONS = {"in", "by", "from", "to", "with", "on", "at", "for", "into", "via"}
# What a value says less that is also the verb of what follows.
_VERB_OF = 0.8
# What a value of rows that nobody speaks of says less where those spoken of say when it was done.
_ELSEWHERE = 0.5
_SHORTEST_VERB = 5
# Words that begin the object of a verb: of "failed a quiz" nothing is "failed" itself.
_BEFORE_OBJECTS = {"a", "an", "any", "some", "another", "every", "each", "their", "his", "her", "its"}
# What is said of somebody, "are part time", and names no column then.
_TO_BE = {"is", "are", "was", "were"}
# Words that have a thing behind them.
_HAVING = {"a", "an", "with", "without", "any", "no"}
# Words of a column's name without which it is not said: flights that were late are not all of them.
_RESTRICTING = frozenset(
    """late early cancelled canceled returned refunded failed rejected lost missing unpaid overdue expired
    pending planned scheduled expected estimated projected budgeted target previous prior""".split()
)
# What follows "ordered" where it is the answer that is.
_SORTED = (["by"], ["alphabetically"], ["chronologically"], ["descending"], ["ascending"], ["from"])
# What a synonym of a table says less that is also what some of its rows are: "professors", of instructors.
_KIND_OF = 0.3
# What a name weighs at least that is said as a whole.
_WHOLE = 0.8
# What a word says less for every other column that it may name.
_COMMON = 0.1


class DataPhrases:
    """Phrases of the data under one lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.verbs = lexicon.made(VerbsOf)
        self.people = [t.name for t in lexicon.graph.tables if lexicon.is_person(t.name)]

    def _names(
        self, sentence: Sequence[Token], texts: Sequence[str], start: int, named: Collection[str]
    ) -> Iterator[Item]:
        """Phrases of the data."""
        for length, meanings in self.lexicon.found(sentence, start):
            columns = [m for m in meanings if isinstance(m, ColumnName) and m.weight > 0.7]
            alike = tuple(Attribute(m.table, m.column) for m in columns)
            for meaning in meanings:
                end = start + length
                if self._is_out_of_place(meaning, meanings, texts[start:end], texts[:start], texts[end:]):
                    yield from self._as_verb(meaning, texts[start:end], start)
                    continue
                less = _COMMON * min(max(len(alike) - 1, 0), 4) if isinstance(meaning, ColumnName) else 0.0
                if isinstance(meaning, ValueName) and length == 1 and self._is_verb_of(texts, start):
                    less = _VERB_OF
                if isinstance(meaning, ValueName) and length == 1 and meaning.table not in named:
                    less += _ELSEWHERE * tells(named, texts[start], self.lexicon.graph)
                if isinstance(meaning, TableName) and meaning.weight < _WHOLE:
                    less = _KIND_OF * any(_is_of(meaning.table, other) for other in meanings)
                likely = NAMED * (isinstance(meaning, ColumnName) and meaning.table in named)
                score = (meaning.weight - less) * length**LONGER + likely
                yield _item(meaning, start, length, score, alike)
                is_had = _is_had(sentence, start, end, self.lexicon)
                if isinstance(meaning, Trait) and (is_had or _is_feature(meaning)):
                    held = Condition(meaning.table, meaning.predicate, is_own=True)
                    yield Item("Feature", held, start, start + length, meaning.weight * length)
                if isinstance(meaning, ColumnName) and is_plural(sentence[start + length - 1]):
                    yield from events(meaning, self.lexicon, sentence, start, start + length)
                    yield from counted_things(meaning, start, start + length)
                if isinstance(meaning, ColumnName) and length == 1 and self._is_done(meaning, texts[start]):
                    done = Columns((Attribute(meaning.table, meaning.column),))
                    yield Item("Did", done, start, start + 1, meaning.weight)
                if isinstance(meaning, ValueName | Trait) and length == 1 and texts[start].endswith("ed"):
                    yield from self._act(meaning, start)
                # Of "professors", where rows are instructors, those of that kind are meant.
                is_table = any(isinstance(other, TableName) and other.weight > _WHOLE for other in meanings)
                if isinstance(meaning, ValueName) and not is_table:
                    yield from rows_of_kind(self.lexicon, meaning, sentence, start, length)

    def _denied(self, texts: Sequence[str], start: int) -> Iterator[Item]:
        """`unreviewed`, `uninsured`, `unadvised`: that what the rest of the word says has not been done."""
        word = texts[start].removeprefix("un").removeprefix("non")
        if len(word) < _SHORTEST_VERB or word == texts[start] or self.lexicon.meanings.get((texts[start],)):
            return
        if not word.endswith("ed"):
            return
        for _, category, verb, weight in self.verbs.at([word], 0):
            if category == "Act" and isinstance(verb, Rows) and verb.where is None:
                yield Item(
                    "Undone", Link(verb, "=", 0, is_plain=False, is_act=True), start, start + 1, weight
                )
            elif category == "Did" and isinstance(verb, Columns):
                yield Item("UndoneAt", verb, start, start + 1, weight)
            elif category == "RoleVerb" and isinstance(verb, Role):
                yield Item("UndoneBy", verb, start, start + 1, weight)

    def _act(self, meaning: ValueName | Trait, start: int) -> Iterator[Item]:
        """`dropped`, of a course: rows of that status are what was done."""
        held = _item(meaning, start, 1, 0.0).meaning
        if isinstance(held, Condition) and held.table not in self.people:
            yield Item("ActOf", Rows(held.table, held.predicate), start, start + 1, 0.7)

    def _as_verb(self, meaning: Meaning, said: Sequence[str], start: int) -> Iterator[Item]:
        """What a word means that is only the verb of what it would be else: "delayed by an hour"."""
        if isinstance(meaning, ColumnName) and self._is_mere_form(meaning, said):
            columns = Columns((Attribute(meaning.table, meaning.column),))
            yield Item("Sized", columns, start, start + 1, 0.7)
        if isinstance(meaning, ValueName | Trait) and len(said) == 1:
            yield from self._act(meaning, start)

    def _is_out_of_place(
        self,
        meaning: Meaning,
        others: Sequence[Meaning],
        said: Sequence[str],
        before: Sequence[str],
        following: Sequence[str],
    ) -> bool:
        """Whether words that may mean something are used otherwise here."""
        if isinstance(meaning, TableName) and meaning.table in self.verbs.told:
            return True
        if isinstance(meaning, ValueName) and len(said) == 1 and self._is_finite(meaning, said[0]):
            return True
        if len(said) == 1 and self.verbs.is_linking(meaning):
            return any(kind == "Verb" for _, kind, _, _ in self.verbs.at(said, 0))
        if isinstance(meaning, ValueName | Trait) and len(said) == 1 and said[0].endswith("ed"):
            return bool(following) and following[0] in _BEFORE_OBJECTS
        if not isinstance(meaning, ColumnName):
            return False
        if said[-1] == "ordered" and list(following[:1]) in _SORTED:
            return True
        # "No" is short for a number nowhere but in names.
        if list(said) == ["no"]:
            return True
        omitted = set(words_of(meaning.column)) - {lemma(word) for word in said} - set(said)
        if omitted & _RESTRICTING:
            return True
        if meaning.weight < _WHOLE and any(isinstance(other, TableName) for other in others):
            return True  # "flights" are rows, and not the date of a flight elsewhere
        if len(said) > 1 and _TO_BE & set(said) and not _GROUPING & set(before[-1:]):
            return True
        is_grouped = bool(_GROUPING & set(before[-2:]))
        return self._is_mere_form(meaning, said) or (_is_flag(meaning, others) and not is_grouped)

    def _is_finite(self, value: ValueName, word: str) -> bool:
        """Whether a word is the verb of what is still to come: policies that "expire" are not expired."""
        is_done = value.value.lower().endswith("ed") and value.value.lower() not in (word, lemma(word))
        is_verb = not word.endswith(("ed", "ing"))
        return is_done and is_verb and any(kind == "Did" for _, kind, _, _ in self.verbs.at([word], 0))

    def _is_mere_form(self, name: ColumnName, said: Sequence[str]) -> bool:
        """Whether a word is only a verb's form of what a column counts: "enrolled" of target_enrolment."""
        if len(said) != 1 or name in self.lexicon.meanings.get((lemma(said[0]),), ()):
            return False
        is_number = self.lexicon.graph.table(name.table).column(name.column).kind == "number"
        is_measured = any(kind in ("Rated", "Sized") for _, kind, _, _ in self.verbs.at(said, 0))
        is_participle = said[0].endswith(("ed", "ing")) and not name.column.lower().endswith("year")
        return is_number and (is_participle or is_measured)

    def _is_verb_of(self, texts: Sequence[str], start: int) -> bool:
        """Whether a word is the verb of what follows rather than a value: "enrolled in 7 courses"."""
        is_followed = bool(_PREPOSITIONS & set(texts[start + 1 : start + 2]))
        return is_followed and any(True for _ in self.verbs.at(texts, start))

    def _is_done(self, name: ColumnName, text: str) -> bool:
        """Whether a word is a participle of what a column says when it was done."""
        kind = self.lexicon.graph.table(name.table).column(name.column).kind
        return kind in ("time", "date") and text.endswith(("ed", "ing"))


def _is_feature(trait: Trait) -> bool:
    """Whether what holds of a row is that it has something: "no projector", of has_projector."""
    columns = attributes(trait.predicate)
    return len(columns) == 1 and words_of(columns[0].column)[:1] == ("has",)


def _is_had(sentence: Sequence[Token], start: int, end: int, lexicon: Lexicon) -> bool:
    """Whether a flag is a thing that rows have: "required a helicopter", "without snowmaking"."""
    if start == 0 or sentence[start - 1].text.lower() not in _HAVING:
        return False
    following = sentence[end] if end < len(sentence) else None
    return following is None or following.kind == "mark" or not lexicon.meanings.get((following.lemma,))


def _is_of(table: str, meaning: Meaning) -> bool:
    """Whether a meaning is a value of a table."""
    return isinstance(meaning, ValueName) and meaning.table == table


def _is_flag(name: ColumnName, meanings: Sequence[Meaning]) -> bool:
    """Whether the same words say that a column is true."""
    traits = [m.predicate for m in meanings if isinstance(m, Trait) and m.table == name.table]
    return any(term.column == name.column for trait in traits for term in attributes(trait))


def _item(meaning: Meaning, start: int, length: int, score: float, alike: tuple[Attribute, ...] = ()) -> Item:
    end = start + length
    match meaning:
        case TableName():
            return Item("Rows", Rows(meaning.table), start, end, score)
        case ColumnName():
            columns = Columns((Attribute(meaning.table, meaning.column),), None, alike)
            return Item("Col", columns, start, end, score)
        case Trait():
            return Item("Cond", Condition(meaning.table, meaning.predicate, is_own=True), start, end, score)
        case RoleName():
            return Item("Role", Role(meaning.relationship), start, end, score)
        case MetricName():
            return Item("Number", Number(MetricRef(meaning.name), ""), start, end, score)
        case Defined():
            return Item(meaning.category, meaning.meaning, start, end, score)
        case Literal():
            return Item("Quo", meaning.text, start, end, score)
    attribute = Attribute(meaning.table, meaning.column)
    condition = Condition(meaning.table, OneOf(attribute, (Value(meaning.value),)))
    return Item("Val", condition, start, end, score)
