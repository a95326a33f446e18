"""What tables and columns may be called, by their names and by the project's words for them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aidbt.core.lexicon import expansions, is_word
from aidbt.core.words import singular, words_of
from aidbt.semantic.english.words.tokens import lemma
from aidbt.semantic.english.words.word_lists import Phrase, loose_synonyms, synonyms
from aidbt.semantic.graph import GraphColumn, GraphTable
from aidbt.semantic.tables.naming import UNITS, NamedTable

# How sure a name is: as it is written, in other words for the same, in a part of it, or in what may be meant.
EXACT, CLEAR, SHORTER, SYNONYM, PART, LOOSE = 1.0, 0.95, 0.85, 0.7, 0.6, 0.5
# Less than what verbs are made of: the date of an employee is no employing.
OWN_TIME = 0.72
_MOST_SPELLINGS = 12

_KEYS = {"id", "key", "uuid", "guid", "identifier", "no", "number", "code"}
# Words that say what kind of column it is, which people leave out.
_KINDS = {"type", "name", "kind", "category", "code", "title", "class"}
# Those of them that stand for each other: the ticket category is the type of the ticket.
_SORTS = ("type", "kind", "category", "class")
# In `related_to_treatment` the last word is not what the column holds.
_LINKS = {"to", "by", "of", "for", "in", "from", "with"}
# What is no name of a text without what stands before it.
_NO_HEADS = {
    "id", "key", "code", "name", "number", "title", "text", "date", "time", "value", "info", "data", "by",
    "to",
}  # fmt: skip
_TIMES = {"date", "at", "on", "for", "time", "ts", "timestamp", "datetime", "day", "dt"}
_DONE = {"edon", "edat", "edby", "edin"}
_SMALL = {"id", "by", "of", "at", "num", "no", "is", "to", "in", "on"}


@dataclass(frozen=True, slots=True)
class Name:
    """A phrase that names something.

    Attributes:
        weight: 0..1, how sure that is.
        counts: whether the column holds a number of what the phrase names.
    """

    phrase: Phrase
    weight: float
    counts: bool = False


# Nouns without a plural, whose rows are counted in pieces.
_MASS_NOUNS = frozenset(
    """equipment furniture luggage baggage art artwork jewelry clothing software hardware mail evidence
    machinery merchandise cargo gear kit property inventory music""".split()
)
# Nouns of two words run together: a callup, a pickup, a checkout.
_PARTICLES = ("up", "out", "off", "in")
# Of nouns in -in most are one word: a cabin, a margin.
_WITH_IN = {"check", "log", "sign", "clock", "punch", "walk", "opt", "trade", "plug"}


def particles(noun: str) -> Iterator[tuple[str, str]]:
    """The two words that a noun is made of, where the second is a particle: a callup, a checkin."""
    for particle in _PARTICLES:
        first = noun.removesuffix(particle)
        if first != noun and len(first) > 2 and (particle != "in" or first in _WITH_IN):
            yield first, particle


# --- tables -------------------------------------------------------------------------------------------


def table_names(table: GraphTable, named: NamedTable, heads: dict[str, set[str]]) -> Iterator[Name]:
    """What the rows of a table may be called.

    Args:
        heads: by the last word of each table's nouns the tables that have it.
    """
    for synonym in table.synonyms:
        yield Name(_lemmas(synonym), EXACT)
    for noun in named.nouns:
        for form, factor in spellings(noun, named):
            yield Name(form, EXACT * factor)
            if len(form) > 1 and len(heads.get(form[-1], {table.name})) == 1:
                yield Name(form[-1:], SHORTER * factor)
            if len(form) > 2:
                yield Name(form[-2:], SHORTER * factor)
            if len(form) > 1:
                yield Name((initials(form),), PART)
            if form[-1] in _MASS_NOUNS:
                for unit in ("piece", "item", "unit"):
                    yield Name((unit, "of", *form), EXACT * factor)
            for parted in particles(form[0]) if len(form) == 1 else ():
                yield Name(parted, CLEAR * factor)
            yield from _other_words(form, factor)


def _other_words(form: Phrase, factor: float) -> Iterator[Name]:
    """Synonyms of a whole phrase, and of its last word in it."""
    for other in synonyms(form):
        yield Name(other, SYNONYM * factor)
    for other in loose_synonyms(form):
        yield Name(other, LOOSE * factor)
    if len(form) > 1:
        for other in synonyms(form[-1:]):
            yield Name((*form[:-1], *other), SYNONYM * factor)


# --- columns ------------------------------------------------------------------------------------------


def column_names(table: GraphTable, column: GraphColumn, named: NamedTable) -> Iterator[Name]:
    """What a column may be called."""
    for synonym in column.synonyms:
        yield Name(_lemmas(synonym), EXACT)
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
    unit = _unit_of(words)
    if unit:
        # `age_years`, `weight_kg`: people leave the unit out.
        for form, factor in spellings(words[:-1], named):
            for name in (*_without_unit(form, unit), *_other_words(form, 1.0)):
                yield Name(name.phrase, name.weight * factor)
                yield from _with_table(name, factor, named)
    if column.kind == "number" and len(words) == 1:
        for form in _bare_of_unit(words[0]):
            for name in (Name(form, CLEAR), *_other_words(form, 1.0)):
                yield name
                yield from _with_table(name, 1.0, named)
    if column.kind == "number" and words[-1:] in (("quantity",), ("qty",)):
        yield from _of_quantity(named)
    if column.kind == "number" and len(table.columns) > 1 and words in _AMOUNTS:
        yield from _of_amount(table, named)
    if words[:1] == ("total",) and len(words) > 1 and column.kind == "number":
        # The booking amount is the `total_amount` of a booking.
        yield from (Name((*noun, *words[1:]), CLEAR) for noun in named.nouns)


def _is_id(words: Phrase, named: NamedTable) -> bool:
    """Whether a column is called the id of its table's rows, as a key may be that is not: `customer_key`."""
    return words[-1:] == ("id",) and (words[:-1] == () or words[:-1] in named.nouns)


def _unit_of(words: Phrase) -> str:
    """The unit that a column's last word says; "" for none. An `m` is one of lengths alone."""
    if len(words) > 1 and words[-1] == "m" and words[-2] in _IN_METERS:
        return "meters"
    return UNITS.get(words[-1], "") if len(words) > 1 else ""


_IN_METERS = frozenset(
    "length width height depth distance altitude elevation drop diameter thickness".split()
)


def is_own_key(table: GraphTable, column: str, words: Phrase) -> bool:
    """Whether a column is what a table's rows are told apart by."""
    is_key = bool(table.keys) and table.keys[0] == (column,)
    return is_key and (words[-1] in _KEYS or words[-1].endswith("id"))


def _is_short_for(words: Phrase, named: NamedTable) -> bool:
    """Whether a column is the name of what its table's noun begins with: `rest_name` of restaurants."""
    is_name = len(words) == 2 and words[1] == "name" and len(words[0]) > 2
    return is_name and any(noun[-1].startswith(words[0]) for noun in named.nouns)


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


def initials(noun: Phrase) -> str:
    """What a noun of several words is shortened to: `ae` for an adverse event."""
    return "".join(word[0] for word in noun)


def _forms(form: Phrase, column: GraphColumn, named: NamedTable) -> Iterator[Name]:
    # A unit alone ("days") is a word of the language first, and "number" is one of counting.
    if form in _COUNT_WORDS:
        return
    yield Name(form, PART if len(form) == 1 and form[0] in UNITS else EXACT)
    if column.kind in ("time", "date"):
        yield from _times(form, named.nouns)
    of = counted(form)
    if of:
        yield Name(("number", "of", *of), EXACT, counts=True)
        yield Name((*of, "count"), EXACT, counts=True)
        yield Name(of, 0.8, counts=True)
    elif column.kind == "number" and _is_plural(column.name) and (len(form) == 1 or form[-1] not in UNITS):
        # A plural is a number of what it names: shares, votes, seats.
        yield Name(("number", "of", *form), CLEAR, counts=True)
    if len(form) > 1 and form[-1] in _KINDS:
        yield Name((form[-1], "of", *form[:-1]), CLEAR)
        rest = form[:-1]
        # Of `drug_name` and `drug_class` the name is the drug.
        is_class = form[-1] == "class" and any(
            (*rest, kind) in named.columns.values() for kind in _KINDS - {"class"}
        )
        if not (is_class or any(rest in (noun[: len(rest)], noun[-len(rest) :]) for noun in named.nouns)):
            yield Name(rest, 0.65)
    if column.kind == "text":
        yield from _sorts(form)
    yield from _done(form, column)
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
    yield from _with_amount(form, column)
    if len(form) == 1 and column.kind == "number" and form[0].endswith("ed"):
        # `injured`, of an incident, is a number of people.
        yield Name(("people", *form), CLEAR, counts=True)
        yield Name(("number", "of", "people", *form), CLEAR, counts=True)
    if len(form) == 2 and "year" in form and column.kind == "number":
        yield Name((form[1], form[0]), CLEAR)
    if len(form) == 2 and form[-1] not in (*_TIMES, *_KEYS):
        yield Name((form[-1], "of", form[0]), SHORTER)
    if (
        len(form) > 1
        and form[-1] not in (*_KINDS, *_TIMES, *_KEYS)
        and column.kind == "number"
        and not form[-1].endswith("ed")
        and (form[-1] not in _DONE_IRREGULARLY or "year" in form)
        and form[0] not in _BOUNDS
    ):
        yield Name(form[-1:], PART)
    for name in _other_words(form, 1.0):
        # Several words together, such as a job title, are hardly meant one by one.
        is_phrase = len(name.phrase) > 1 and name.weight == SYNONYM
        yield Name(name.phrase, SHORTER) if is_phrase else name


_CENTS = re.compile(r",\s*2\)$")
_RATES = {"rate", "percent", "percentage", "pct", "ratio", "share", "score", "rating"}


def _with_amount(form: Phrase, column: GraphColumn) -> Iterator[Name]:
    """What is an amount by its type, called so: `appraised DECIMAL(10, 2)` is the appraised value."""
    is_money = column.kind == "number" and _CENTS.search(column.data_type) and not column.unit
    if not is_money or len(form) > 2 or form[-1] in UNITS or {*_RATES, "total", "amount"} & set(form):
        return
    nouns = ("amount",) if form[-1] in _MONEY_NOUNS else ("amount", "value", "price")
    yield from (Name((*form, noun), SYNONYM) for noun in nouns)


_MONEY_NOUNS = frozenset("price value cost fee tax discount tip charge salary wage revenue payment".split())


def _sorts(form: Phrase) -> Iterator[Name]:
    """`ticket category` of a ticket type, and `genre category` of a genre: that something is of a kind."""
    bare = form[:-1] if form[-1] in _SORTS and len(form) > 1 else form
    for sort in _SORTS if bare[-1] not in (*_NO_HEADS, *_SORTS) else ():
        yield Name((*bare, sort), SYNONYM if bare != form else 0.65)


def _done(form: Phrase, column: GraphColumn) -> Iterator[Name]:
    """What was done with as much as a column says: `amt_billed` is the billed amount."""
    if len(form) < 2 or column.kind != "number" or lemma(form[-1]) in _TIMES:
        return
    is_done = form[-1].endswith("ed") or form[-1] in _DONE_IRREGULARLY
    if is_done and form[0] in ("amount", "total"):
        yield Name((*form[1:], form[0]), CLEAR)
    elif is_done and _is_plural(column.name.rpartition(form[-1])[0].rstrip("_")):
        yield Name(form[:-1], PART, counts=True)
        yield Name(("number", "of", *form[:-1]), PART, counts=True)


_DONE_IRREGULARLY = {
    "sold",
    "sent",
    "made",
    "paid",
    "given",
    "won",
    "lost",
    "built",
    "bought",
    "held",
    "taken",
}
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
_TIME_UNITS = {"seconds", "minutes", "hours", "days"}
# The least age that is allowed is nobody's age.
_BOUNDS = {"min", "max", "minimum", "maximum", "minute"}  # short forms are spelled out by then
_MONEY = {"usd", "eur", "gbp", "chf", "cents"}


def _without_unit(form: Phrase, unit: str) -> Iterator[Name]:
    """The name without its unit, and with that said in words: `claimed_eur` is the claimed amount."""
    yield Name(form, CLEAR)
    yield Name((*form, "in", lemma(unit)), CLEAR)
    if unit in _MONEY:
        yield Name((*form, "amount"), SHORTER)
    if unit in _TIME_UNITS:
        yield Name((*form, "time"), CLEAR)
    if len(form) > 1 and form[-1] not in (*_KINDS, *_TIMES, *_KEYS):
        yield Name(form[-1:], PART)


# Units that names run together with what is measured: `weightg`, `tempc`.
_RUN_ON = ("kg", "km", "cm", "mm", "eur", "usd", "min", "pct", "sqm", "c", "f", "g", "m")


def _bare_of_unit(word: str) -> Iterator[Phrase]:
    """`weight`, of `weightg`: what is left, where that is a word and the whole is none."""
    for unit in _RUN_ON:
        bare = word.removesuffix(unit)
        if bare != word and len(bare) > 3 and not is_word(word):
            yield from [(bare,)] if is_word(bare) else expansions(bare)[:1]


# Tables of how many of something changed hands: the quantity of a ticket sale is that of tickets.
_ABOUT_QUANTITIES = frozenset("sale order purchase booking reservation transaction delivery shipment".split())


def _of_quantity(named: NamedTable) -> Iterator[Name]:
    """`tickets`, of the quantity of ticket sales."""
    for noun in named.nouns:
        if len(noun) > 1 and noun[-1] in _ABOUT_QUANTITIES:
            yield Name(noun[:-1], 0.8, counts=True)
            yield Name(("number", "of", *noun[:-1]), CLEAR, counts=True)


# Tables about an amount, which goes by their name: a salary, but not a payment, for payments are counted.
_AMOUNTS = {("amount",), ("value",), ("price",), ("total",), ("score",)}
_ABOUT_AMOUNTS = {
    "salary",
    "wage",
    "price",
    "fee",
    "cost",
    "budget",
    "score",
    "grade",
    "rate",
    "temperature",
    "balance",
}


def _of_amount(table: GraphTable, named: NamedTable) -> Iterator[Name]:
    """The table's own noun for its one amount: `salaries.amount` is the salary."""
    amounts = [c for c in table.columns if c.kind == "number" and named.columns[c.name] in _AMOUNTS]
    if len(amounts) == 1:
        for noun in named.nouns:
            if noun[-1] in _ABOUT_AMOUNTS:
                yield Name(noun, SHORTER)


# What is done at a time, as a noun; nothing that shares are said of too, such as cancellations.
_DEVERBAL = {
    "delivered": "delivery", "registered": "registration", "resolved": "resolution", "requested": "request",
    "submitted": "submission", "approved": "approval", "enrolled": "enrollment", "admitted": "admission",
    "discharged": "discharge", "arrived": "arrival", "departed": "departure", "published": "publication",
    "acquired": "acquisition", "diagnosed": "diagnosis", "graduated": "graduation", "shipped": "shipment",
    "installed": "installation", "purchased": "purchase", "released": "release", "launched": "launch",
}  # fmt: skip


def _times(form: Phrase, nouns: Sequence[Phrase]) -> Iterator[Name]:
    """The name of a time with and without the words that say that it is one."""
    bare = form
    while len(bare) > 1 and bare[-1] in (*_TIMES, "utc"):
        bare = bare[:-1]
    if bare == form and form[-1] not in _TIMES:
        yield Name((*form, "date"), CLEAR)
        return
    if bare[-1] in _TIMES:
        return
    yield Name((*bare, "date"), CLEAR)
    yield Name((*bare, "time"), SHORTER)
    yield Name(("date", "of", *bare), CLEAR)
    if bare not in nouns:
        yield Name(bare, 0.8)
        for particle in _PARTICLES if len(bare) == 1 else ():
            if bare[0].endswith(particle) and len(bare[0]) > len(particle) + 2:
                yield Name((bare[0].removesuffix(particle), particle), 0.8)
        for noun in _DEVERBAL.get(bare[0], "").split() if len(bare) == 1 else ():
            if (noun,) not in nouns:
                yield Name((noun,), SYNONYM)
    yield from _other_words((*bare, "date"), 1.0)


def _is_plural(name: str) -> bool:
    last = words_of(name)[-1:]
    return bool(last) and singular(last[0]) != last[0]


def counted(words: Phrase) -> Phrase:
    """What a column's name says it holds the number of; () when it says no such thing."""
    # A flight number is no number of flights.
    if len(words) > 1 and words[-1] in ("num", "count", "cnt"):
        return words[:-1]
    if len(words) > 1 and words[0] in ("num", "n", "number", "count"):
        rest = words[1:]
        return rest[1:] if rest[0] == "of" and len(rest) > 1 else rest
    return ()


# --- spelling -----------------------------------------------------------------------------------------


def spellings(words: Phrase, named: NamedTable) -> list[tuple[Phrase, float]]:
    """A name as it is written and with its short forms spelled out, each with a factor for its weight."""
    parted = tuple(part for word in words for part in _parts(word, named))
    choices = [_spelled(word) for word in parted]
    found: dict[Phrase, float] = {words: 1.0, parted: 1.0}
    for combination in itertools.islice(itertools.product(*choices), _MOST_SPELLINGS):
        phrase = tuple(word for part, _ in combination for word in part)
        factor = min((factor for _, factor in combination), default=1.0)
        found[phrase] = max(factor, found.get(phrase, 0.0))
    return list(found.items())


def _spelled(word: str) -> Sequence[tuple[Phrase, float]]:
    """What a word may stand for; a word of the language stands for itself."""
    if word == "id" or (is_word(word) and len(word) > 3):
        return [((word,), 1.0)]
    known = [(meaning, 1.0 if rank == 0 else 0.92) for rank, meaning in enumerate(expansions(word))]
    return [*known, ((word,), 1.0)] if is_word(word) or not known else known


def _parts(word: str, named: NamedTable) -> Phrase:
    """A word taken apart where words run together: `journalname`, `numcitedby`, `certifiedon`."""
    if len(word) < 5 or is_word(word):
        return (word,)
    if word[-4:] in _DONE and len(word) > 6:
        return word[:-2], word[-2:]
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
    return best[len(word)] or _by_ending(word)


# How names end whose words run together, behind a word that no list has: `seedcount`, `weightg`.
_ENDINGS = (
    "count",
    "name",
    "type",
    "date",
    "code",
    "number",
    "price",
    "amount",
    "sent",
    "sold",
    "paid",
    "used",
)


def _by_ending(word: str) -> Phrase:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) >= len(ending) + 4:
            return word.removesuffix(ending), ending
    return (word,)


def _lemmas(text: str) -> Phrase:
    return tuple(lemma(word) for word in text.lower().replace("-", " ").replace("_", " ").split())
