"""Words that say what holds of rows: of columns of yes and no, and of those of when something ended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aidbt.semantic.english.words.deadlines import running, todays
from aidbt.semantic.english.words.names import SYNONYM, TIMES
from aidbt.semantic.english.words.spellings import spellings
from aidbt.semantic.english.words.value_names import places
from aidbt.semantic.english.words.word_lists import Phrase, antonyms, synonyms
from aidbt.semantic.graph import GraphColumn, GraphTable
from aidbt.semantic.query import Attribute, Comparison, Missing, Not, OneOf, Predicate, Value
from aidbt.semantic.tables.naming import NamedTable

_TRUE = {"y", "yes", "t", "true", "1"}
_FALSE = {"n", "no", "f", "false", "0"}
# Words of a name that only say that the column answers yes or no.
_BEFORE = {"is", "has", "have", "was", "be", "do", "can", "flag"}
_AFTER = {"flag", "flg", "fl", "ind", "indicator", "yn", "bool"}
# Verbs of columns of time after which a row is over, and what rows are called that are not.
_ENDS = {
    "terminated termination left leave leaving resigned exit exited departure fired": "active current",
    "ended end en valid_to effective_to to expired expiry expiration": "current active ongoing",
    "closed close closing resolved resolution": "open unresolved",
    "deactivated deactivation churned churn unsubscribed cancelled canceled cancellation": "active current",
    "returned return": "outstanding",
    "deleted": "existing",
}
_STATUSES = {"status", "stat", "state", "stage"}
_PARTICIPLE = re.compile(r"(?:ed|id|nt|ad|ld|wn|ne)$")
_TIME_WORDS = TIMES - {"for"}


@dataclass(frozen=True, slots=True)
class NamedTrait:
    """A phrase, and what it says of rows."""

    phrase: Phrase
    predicate: Predicate
    weight: float


def traits(table: GraphTable, named: NamedTable) -> Iterator[NamedTrait]:
    """What words may say of the rows of a table."""
    taken = {value.lower() for column in table.columns for value in column.values}
    others = [column for column in table.columns if column.kind not in ("time", "date")]
    taken |= {word for column in others for word in named.columns[column.name]}
    # Where a status says it, that its end is not known says nothing.
    has_status = any(named.columns[column.name][-1] in _STATUSES for column in others)
    for column in table.columns:
        attribute = Attribute(table.name, column.name)
        truths = truths_of(column)
        if truths:
            yield from _of_truth(attribute, truths, named.columns[column.name], named)
        elif column.kind in ("time", "date") and column.nullable:
            words = tuple(w for w in named.columns[column.name] if w not in _TIME_WORDS)
            if len(words) == 1 and _PARTICIPLE.search(words[0]):
                yield NamedTrait(("un" + words[0],), Missing(attribute), 0.9)
            for word in () if has_status else _still("_".join(words) or "to"):
                if word not in taken:
                    yield NamedTrait((word,), Missing(attribute), 0.85)
        if column.nullable and _DEATHS & set(named.columns[column.name]):
            yield from _of_death(attribute)

    said = [*todays(table, named), *(() if has_status else running(table))]
    for phrase, predicate in said:
        if not taken & set(phrase):
            yield NamedTrait(phrase, predicate, 0.8)


_DEATHS = {"death", "died", "deceased"}


def _of_death(attribute: Attribute) -> Iterator[NamedTrait]:
    """`living composers`, "who have died": by whether a day or year of death is known."""
    for word in ("living", "alive"):
        yield NamedTrait((word,), Missing(attribute), 0.85)
    for word in ("dead", "deceased", "died"):
        yield NamedTrait((word,), Not(Missing(attribute)), 0.85)


# Kinds of things that everybody knows the names and codes of, by the last word of a column's name.
_KNOWN = {
    "sex": "sexes", "gender": "sexes", "state": "states", "province": "states", "country": "countries",
    "nation": "countries", "nationality": "countries",
}  # fmt: skip


def known_places(table: GraphTable, named: NamedTable) -> Iterator[NamedTrait]:
    """What "female", "Texas" and "German" say of rows of which that is personal, so that nobody looks at the
    values that are there: that it is one of its names and codes.
    """
    for column in table.columns:
        kind = _KNOWN.get(named.columns[column.name][-1], "")
        if not kind or column.kind != "text" or not column.is_pii:
            continue
        attribute = Attribute(table.name, column.name)
        for place in places(kind):
            is_one = OneOf(attribute, tuple(Value(name) for name in place.names), ignores_case=True)
            for phrase in place.phrases:
                yield NamedTrait(phrase, is_one, 0.9)


def truths_of(column: GraphColumn) -> tuple[Value, Value] | None:
    """What a column holds for true and for false; None when it does not answer yes or no."""
    if column.kind == "bool":
        return Value(True), Value(False)
    lower = {value.lower(): value for value in column.values}
    yes, no = (
        [lower[word] for word in lower if word in _TRUE],
        [lower[word] for word in lower if word in _FALSE],
    )
    if len(lower) < len(set(column.values)):
        return None  # of "Y" and "y" one alone is not all that is true
    if len(lower) > 2 or len(yes) != 1 or len(no) > 1 or (len(lower) == 2 and not no):
        return None
    if column.kind == "number":
        return Value(1), Value(0)
    return Value(yes[0]), Value(no[0] if no else "N" if yes[0] == "Y" else "no")


def _of_truth(
    attribute: Attribute, truths: tuple[Value, Value], words: Phrase, named: NamedTable
) -> Iterator[NamedTrait]:
    yes, no = (Comparison("=", attribute, value) for value in truths)
    bare = words
    while len(bare) > 1 and bare[0] in _BEFORE:
        bare = bare[1:]
    while len(bare) > 1 and bare[-1] in _AFTER:
        bare = bare[:-1]
    for form, factor in spellings(bare, named):
        yield NamedTrait(form, yes, factor)
        for opposite in _opposites(form):
            yield NamedTrait(opposite, no, factor * 0.95)
        for other in synonyms(form) if form[-1].endswith("ed") else ():
            yield NamedTrait(other, yes, factor * SYNONYM)
        if len(form) == 1 and form[0].endswith("ed"):
            continue
        for other in antonyms().get(form, ()):
            yield NamedTrait(other, no, factor * SYNONYM)


def _opposites(form: Phrase) -> Iterator[Phrase]:
    """`form` with what makes its opposite of a word in front of it."""
    yield from antonyms().get(form, ())
    yield ("non", *form)
    if len(form) == 1:
        yield from ((prefix + form[0],) for prefix in ("in", "un", "non", "dis", "im"))


def _still(ending: str) -> list[str]:
    for verbs, words in _ENDS.items():
        if ending in verbs.split():
            return words.split()
    return []
