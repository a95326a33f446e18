"""What amounts are called: with and without their unit, as what was done, or by the noun of their table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aidbt.core.lexicon import expansions, is_word
from aidbt.core.words import singular, words_of
from aidbt.semantic.english.words.names import CLEAR, KEYS, KINDS, PART, SHORTER, SYNONYM, TIMES, Name
from aidbt.semantic.english.words.tokens import lemma
from aidbt.semantic.english.words.word_lists import Phrase
from aidbt.semantic.graph import GraphColumn, GraphTable
from aidbt.semantic.tables.naming import UNITS, NamedTable


def unit_of_name(words: Phrase) -> str:
    """The unit that a column's last word says; "" for none. An `m` is one of lengths alone."""
    if len(words) > 1 and words[-1] == "m" and words[-2] in _IN_METERS:
        return "meters"
    return UNITS.get(words[-1], "") if len(words) > 1 else ""


_IN_METERS = frozenset(
    "length width height depth distance altitude elevation drop diameter thickness".split()
)
_CENTS = re.compile(r",\s*2\)$")
_RATES = {"rate", "percent", "percentage", "pct", "ratio", "share", "score", "rating"}


def money_names(form: Phrase, column: GraphColumn) -> Iterator[Name]:
    """What is an amount by its type, called so: `appraised DECIMAL(10, 2)` is the appraised value."""
    is_money = column.kind == "number" and _CENTS.search(column.data_type) and not column.unit
    if not is_money or len(form) > 2 or form[-1] in UNITS or {*_RATES, "total", "amount"} & set(form):
        return
    nouns = ("amount",) if form[-1] in _MONEY_NOUNS else ("amount", "value", "price")
    yield from (Name((*form, noun), SYNONYM) for noun in nouns)


_MONEY_NOUNS = frozenset("price value cost fee tax discount tip charge salary wage revenue payment".split())


def done_names(form: Phrase, column: GraphColumn) -> Iterator[Name]:
    """What was done with as much as a column says: `amt_billed` is the billed amount."""
    if len(form) < 2 or column.kind != "number" or lemma(form[-1]) in TIMES:
        return
    is_done = form[-1].endswith("ed") or form[-1] in DONE_IRREGULARLY
    if is_done and form[0] in ("amount", "total"):
        yield Name((*form[1:], form[0]), CLEAR)
    elif is_done and is_plural_name(column.name.rpartition(form[-1])[0].rstrip("_")):
        yield Name(form[:-1], PART, counts=True)
        yield Name(("number", "of", *form[:-1]), PART, counts=True)


DONE_IRREGULARLY = {
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
_TIME_UNITS = {"seconds", "minutes", "hours", "days"}
_MONEY = {"usd", "eur", "gbp", "chf", "cents"}


def without_unit(form: Phrase, unit: str) -> Iterator[Name]:
    """The name without its unit, and with that said in words: `claimed_eur` is the claimed amount."""
    yield Name(form, CLEAR)
    yield Name((*form, "in", lemma(unit)), CLEAR)
    if unit in _MONEY:
        yield Name((*form, "amount"), SHORTER)
    if unit in _TIME_UNITS:
        yield Name((*form, "time"), CLEAR)
    if len(form) > 1 and form[-1] not in (*KINDS, *TIMES, *KEYS):
        yield Name(form[-1:], PART)


# Units that names run together with what is measured: `weightg`, `tempc`.
_RUN_ON = ("kg", "km", "cm", "mm", "eur", "usd", "min", "pct", "sqm", "c", "f", "g", "m")


def bare_of_unit(word: str) -> Iterator[Phrase]:
    """`weight`, of `weightg`: what is left, where that is a word and the whole is none."""
    for unit in _RUN_ON:
        bare = word.removesuffix(unit)
        if bare != word and len(bare) > 3 and not is_word(word):
            yield from [(bare,)] if is_word(bare) else expansions(bare)[:1]


# How names end that say where what is left of something is.
_LEFT_AT = {("on", "hand"), ("in", "stock"), ("in", "store"), ("on", "shelf")}


def is_of_what_is_left(words: Phrase) -> bool:
    """Whether a name says how much of something is there: `sheets_on_hand`, `units_in_stock`."""
    return len(words) > 2 and words[-2:] in _LEFT_AT


def left_names(form: Phrase) -> Iterator[Name]:
    """`sheets left on hand`, of `sheets_on_hand`: what is there is what is left."""
    if is_of_what_is_left(form):
        for left in ("left", "remaining", "still"):
            yield Name((*form[:-2], left, *form[-2:]), CLEAR)


# Tables of how many of something changed hands: the quantity of a ticket sale is that of tickets.
_ABOUT_QUANTITIES = frozenset("sale order purchase booking reservation transaction delivery shipment".split())


def quantity_names(named: NamedTable) -> Iterator[Name]:
    """`tickets`, of the quantity of ticket sales."""
    for noun in named.nouns:
        if len(noun) > 1 and noun[-1] in _ABOUT_QUANTITIES:
            yield Name(noun[:-1], 0.8, counts=True)
            yield Name(("number", "of", *noun[:-1]), CLEAR, counts=True)


# Tables about an amount, which goes by their name: a salary, but not a payment, for payments are counted.
AMOUNTS = {("amount",), ("value",), ("price",), ("total",), ("score",)}
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


def amount_names(table: GraphTable, named: NamedTable) -> Iterator[Name]:
    """The table's own noun for its one amount: `salaries.amount` is the salary."""
    amounts = [c for c in table.columns if c.kind == "number" and named.columns[c.name] in AMOUNTS]
    if len(amounts) == 1:
        for noun in named.nouns:
            if noun[-1] in _ABOUT_AMOUNTS:
                yield Name(noun, SHORTER)


def is_plural_name(name: str) -> bool:
    last = words_of(name)[-1:]
    return bool(last) and singular(last[0]) != last[0]
