"""What columns may be called, by their names, their tables and their types."""

from __future__ import annotations

from collections.abc import Iterator

from aidbt.core.lexicon import expansions
from aidbt.semantic.english.words.amount_names import (
    AMOUNTS,
    DONE_IRREGULARLY,
    amount_names,
    bare_of_unit,
    done_names,
    is_plural_name,
    left_names,
    money_names,
    quantity_names,
    unit_of_name,
    without_unit,
)
from aidbt.semantic.english.words.names import (
    CLEAR,
    EXACT,
    KEYS,
    KINDS,
    PART,
    SHORTER,
    SYNONYM,
    TIMES,
    Name,
    initials,
    lemmas,
    other_words,
)
from aidbt.semantic.english.words.spellings import spellings
from aidbt.semantic.english.words.time_names import time_names
from aidbt.semantic.english.words.word_lists import Phrase
from aidbt.semantic.graph import GraphColumn, GraphTable
from aidbt.semantic.tables.naming import UNITS, NamedTable

# Less than what verbs are made of: the date of an employee is no employing.
OWN_TIME = 0.72
# Those of them that stand for each other: the ticket category is the type of the ticket.
_SORTS = ("type", "kind", "category", "class")
# In `related_to_treatment` the last word is not what the column holds.
_LINKS = {"to", "by", "of", "for", "in", "from", "with"}
# What is no name of a text without what stands before it.
_NO_HEADS = {
    "id", "key", "code", "name", "number", "title", "text", "date", "time", "value", "info", "data", "by",
    "to",
}  # fmt: skip


def column_names(table: GraphTable, column: GraphColumn, named: NamedTable) -> Iterator[Name]:
    """What a column may be called."""
    for synonym in column.synonyms:
        yield Name(lemmas(synonym), EXACT)
    words = named.columns[column.name]
    if column.name == table.label and (words in _WHOLE_NAMES or _is_short_for(words, named)):
        yield Name(("name",), CLEAR)
    if column.name == table.time:
        for noun in named.nouns:
            yield Name((*noun, "date"), OWN_TIME)
    if column.kind in ("time", "date"):
        times = [c for c in table.columns if c.kind in ("time", "date")]
        if len(times) == 1 or [c for c in times if c.kind == "date"] == [column]:
            yield Name(("date",), PART)
    others = [named.columns[other.name] for other in table.columns if other.name != column.name]
    is_called_id = any(_is_id(other, named) for other in others)
    if is_own_key(table, column.name, words) and (words[-1] == "id" or not is_called_id):
        yield Name(("id",), EXACT)
        for noun in named.nouns:
            for form, factor in spellings(noun, named):
                yield Name((*form, "id"), EXACT * factor)
                yield Name((*form[-1:], "id"), CLEAR * factor)
    # A plural is a noun, and no short form: caps are no capital.
    is_plural = len(words) == 1 and column.name.lower() == f"{words[0]}s" and words[0] not in UNITS
    is_noun = is_plural and bool(expansions(words[0]))
    for form, factor in [(words, 1.0)] if is_noun else spellings(words, named):
        if form in _COUNT_WORDS:
            yield from _with_table(Name(form, EXACT), factor, named)
        for name in _forms(form, column, named):
            yield Name(name.phrase, name.weight * factor, name.counts)
            yield from _with_table(name, factor, named)
    unit = unit_of_name(words)
    if unit:
        # `age_years`, `weight_kg`: people leave the unit out.
        for form, factor in spellings(words[:-1], named):
            for name in (*without_unit(form, unit), *other_words(form, 1.0)):
                yield Name(name.phrase, name.weight * factor)
                yield from _with_table(name, factor, named)
    if column.kind == "number" and len(words) == 1:
        for form in bare_of_unit(words[0]):
            for name in (Name(form, CLEAR), *other_words(form, 1.0)):
                yield name
                yield from _with_table(name, 1.0, named)
    if column.kind == "number" and words[-1:] in (("quantity",), ("qty",)):
        yield from quantity_names(named)
    if column.kind == "number" and len(table.columns) > 1 and words in AMOUNTS:
        yield from amount_names(table, named)
    if column.kind == "number" and words in _SAID_OF_OTHERS:
        # Beside a `budget` what is `remaining` is the remaining budget.
        beside = [named.columns[o.name] for o in table.columns if o.kind == "number" and o != column]
        yield from (Name((*words, *of), CLEAR) for of in beside if len(of) == 1 and of not in _SAID_OF_OTHERS)
    if words[:1] == ("total",) and len(words) > 1 and column.kind == "number":
        # The booking amount is the `total_amount` of a booking.
        yield from (Name((*noun, *words[1:]), CLEAR) for noun in named.nouns)


def _is_id(words: Phrase, named: NamedTable) -> bool:
    """Whether a column is called the id of its table's rows, as a key may be that is not: `customer_key`."""
    return words[-1:] == ("id",) and (words[:-1] == () or words[:-1] in named.nouns)


def is_own_key(table: GraphTable, column: str, words: Phrase) -> bool:
    """Whether a column is what a table's rows are told apart by."""
    is_key = bool(table.keys) and table.keys[0] == (column,)
    return is_key and (words[-1] in KEYS or words[-1].endswith("id"))


def _is_short_for(words: Phrase, named: NamedTable) -> bool:
    """Whether a column is the name of what its table's noun begins with: `rest_name` of restaurants."""
    is_name = len(words) == 2 and words[1] == "name" and len(words[0]) > 2
    return is_name and any(noun[-1].startswith(words[0]) for noun in named.nouns)


# What says of an amount which part of it a column holds.
_SAID_OF_OTHERS = {
    (word,)
    for word in """remaining used available spent outstanding allocated reserved planned actual initial unused
    opening committed consumed""".split()
}
# Who has such a name has no other.
_WHOLE_NAMES = {("full", "name"), ("display", "name"), ("legal", "name"), ("complete", "name")}
_COUNT_WORDS = {("number",), ("no",), ("num",), ("count",), ("cnt",)}
# What is left of a name without its table, and is a word of the language rather than the name of a column.
_SAY_NOTHING = {(word,) for word in ("number", "count", "total", "date", "time", "value", "day")}
_SAY_LITTLE = {(word,) for word in ("amount", "type", "code", "status", "level", "description")}


def _with_table(name: Name, factor: float, named: NamedTable) -> Iterator[Name]:
    """A column's name without that of its table where it repeats it, else also with it."""
    form, weight = name.phrase, name.weight * factor
    for noun in named.nouns:
        if form[: len(noun)] == noun and len(form) > len(noun):
            rest = form[len(noun) :]
            if rest not in _SAY_NOTHING:
                yield Name(rest, (0.75 if rest in _SAY_LITTLE else CLEAR) * weight, name.counts)
        elif len(noun) > 1 and form[0] == initials(noun) and len(form) > 1:
            yield Name(form[1:], CLEAR * weight, name.counts)
            yield Name((*noun, *form[1:]), CLEAR * weight, name.counts)
        elif name.weight >= CLEAR or (len(form) == 1 and form[0] in UNITS):
            yield Name((*noun, *form), EXACT * weight, name.counts)
            yield Name((*noun[-1:], *form), SHORTER * weight, name.counts)
            yield Name((*noun[:1], *form), SHORTER * weight, name.counts)
            if len(form) == 1:
                yield Name((_ing(form[0]), *noun[-1:]), SHORTER * weight, name.counts)


def _ing(word: str) -> str:
    """The word before the table's noun: the close of a daily price is its closing price."""
    return word.removesuffix("e") + "ing"


def _forms(form: Phrase, column: GraphColumn, named: NamedTable) -> Iterator[Name]:
    # A unit alone ("days") is a word of the language first, and "number" is one of counting.
    if form in _COUNT_WORDS:
        return
    yield Name(form, PART if len(form) == 1 and form[0] in UNITS else EXACT)
    if column.kind in ("time", "date"):
        yield from time_names(form, named.nouns)
    of = counted(form)
    if of:
        yield Name(("number", "of", *of), EXACT, counts=True)
        yield Name((*of, "count"), EXACT, counts=True)
        yield Name(of, 0.8, counts=True)
    elif (
        column.kind == "number" and is_plural_name(column.name) and (len(form) == 1 or form[-1] not in UNITS)
    ):
        # A plural is a number of what it names: shares, votes, seats.
        yield Name(("number", "of", *form), CLEAR, counts=True)
    yield from _bounds(form, column)
    yield from _without_kind(form, named)
    if column.kind == "text":
        yield from _sorts(form)
    yield from done_names(form, column)
    if len(form) > 1 and column.kind == "text" and form[-1] not in _NO_HEADS and not _LINKS & set(form):
        yield Name(form[-1:], PART)
        # "left footed" is said of a preferred foot.
        yield Name((form[-1].removesuffix("e") + "ed",), PART)
    if len(form) == 1 and (column.kind == "number" or form[0] in _IN_LEVELS):
        yield Name((*form, "level"), SYNONYM)
        yield Name(("level", "of", *form), SYNONYM)
        yield Name((*form, "content"), SYNONYM)
    if len(form) > 1 and form[-1] == "amount" and form[:-1] not in named.nouns:
        yield Name(form[:-1], 0.75)
    yield from money_names(form, column)
    if column.kind == "number":
        yield from left_names(form)
    if len(form) == 1 and column.kind == "number" and form[0].endswith("ed"):
        # `injured`, of an incident, is a number of people.
        yield Name(("people", *form), CLEAR, counts=True)
        yield Name(("number", "of", "people", *form), CLEAR, counts=True)
    if len(form) == 2 and "year" in form and column.kind == "number":
        yield Name((form[1], form[0]), CLEAR)
    if len(form) == 2 and form[-1] not in (*TIMES, *KEYS):
        yield Name((form[-1], "of", form[0]), SHORTER)
    if (
        len(form) > 1
        and form[-1] not in (*KINDS, *TIMES, *KEYS)
        and column.kind == "number"
        and "per" not in form
        and not form[-1].endswith("ed")
        and (form[-1] not in DONE_IRREGULARLY or "year" in form)
        and form[0] not in _BOUNDS
    ):
        yield Name(form[-1:], PART)
    for name in other_words(form, 1.0):
        if column.kind == "number" and form[-1] == "place" and name.phrase[-1] == "location":
            continue  # the place of somebody in a race is no location
        # Several words together, such as a job title, are hardly meant one by one.
        is_phrase = len(name.phrase) > 1 and name.weight == SYNONYM
        yield Name(name.phrase, SHORTER) if is_phrase else name


def _bounds(form: Phrase, column: GraphColumn) -> Iterator[Name]:
    """`maximum number of places`, of `max_places` and of `places_max`."""
    words = form if form[0] in _BOUNDS else (form[-1], *form[:-1])
    if column.kind != "number" or len(form) == 1 or words[0] not in _BOUNDS - {"minute"}:
        return
    if words != form:
        yield Name(words, CLEAR)
    if words[-1] not in UNITS:
        yield Name((words[0], "number", "of", *words[1:]), EXACT)


def _without_kind(form: Phrase, named: NamedTable) -> Iterator[Name]:
    """`drug`, of a drug name: what a column is of, without the word for what kind of column it is."""
    if len(form) > 1 and form[-1] in KINDS:
        yield Name((form[-1], "of", *form[:-1]), CLEAR)
        rest = form[:-1]
        # Of `drug_name` and `drug_class` the name is the drug.
        is_class = form[-1] == "class" and any(
            (*rest, kind) in named.columns.values() for kind in KINDS - {"class"}
        )
        if not (is_class or any(rest in (noun[: len(rest)], noun[-len(rest) :]) for noun in named.nouns)):
            yield Name(rest, 0.65)


def _sorts(form: Phrase) -> Iterator[Name]:
    """`ticket category` of a ticket type, and `genre category` of a genre: that something is of a kind."""
    bare = form[:-1] if form[-1] in _SORTS and len(form) > 1 else form
    for sort in _SORTS if bare[-1] not in (*_NO_HEADS, *_SORTS) else ():
        yield Name((*bare, sort), SYNONYM if bare != form else 0.65)


# What texts say how much there is of.
_IN_LEVELS = {
    "difficulty",
    "severity",
    "priority",
    "urgency",
    "experience",
    "risk",
    "seniority",
    "skill",
    "licence",
    "license",
    "membership",
    "education",
    "access",
    "clearance",
    "subscription",
}
# The least age that is allowed is nobody's age.
_BOUNDS = {"min", "max", "minimum", "maximum", "minute"}  # short forms are spelled out by then


def counted(words: Phrase) -> Phrase:
    """What a column's name says it holds the number of; () when it says no such thing."""
    # A flight number is no number of flights.
    if len(words) > 1 and words[-1] in ("num", "count", "cnt"):
        return words[:-1]
    if len(words) > 1 and words[0] in ("num", "n", "number", "count"):
        rest = words[1:]
        return rest[1:] if rest[0] == "of" and len(rest) > 1 else rest
    return ()
