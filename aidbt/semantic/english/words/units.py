"""Numbers asked for in another unit than the column's: a duration in seconds "in hours"."""

from __future__ import annotations

from collections.abc import Iterator
from math import isclose

from aidbt.core.words import words_of
from aidbt.semantic.graph import GraphColumn
from aidbt.semantic.query import Attribute, Calculation, Term, Value

# By kind how many of the smallest unit each has, and the words that ask for it beside its own name.
_KINDS: tuple[dict[str, int | float], ...] = (
    {"milliseconds": 1, "seconds": 1_000, "minutes": 60_000, "hours": 3_600_000, "days": 86_400_000,
     "weeks": 604_800_000},
    {"milligrams": 1, "grams": 1_000, "kilograms": 1_000_000, "pounds": 453_592.37, "tons": 1_000_000_000},
    {"millimeters": 1, "centimeters": 10, "meters": 1_000, "kilometers": 1_000_000, "miles": 1_609_344},
    {"cents": 1, "dollars": 100},
    {"percent": 1, "fraction": 100},
)  # fmt: skip
_WORDS = {
    "second": "seconds", "sec": "seconds", "minute": "minutes", "min": "minutes", "hour": "hours",
    "day": "days", "week": "weeks", "millisecond": "milliseconds", "gram": "grams", "kilogram": "kilograms",
    "kg": "kilograms", "kilo": "kilograms", "pound": "pounds", "lb": "pounds", "ton": "tons",
    "tonne": "tons", "meter": "meters",
    "kilometer": "kilometers", "km": "kilometers", "mile": "miles", "centimeter": "centimeters",
    "cm": "centimeters", "dollar": "dollars", "usd": "dollars",
}  # fmt: skip
_CURRENCIES = {"dollars": {"usd", "dollars"}, "euros": {"eur", "euros"}, "gbp": {"gbp"}}
_SPOKEN = _WORDS | {
    "$": "dollars", "euro": "euros", "eur": "euros", "€": "euros", "gbp": "gbp", "£": "gbp", "cent": "cents",
    "percent": "percent", "%": "percent", "pct": "percent", "mg": "milligrams", "mm": "millimeters",
    "foot": "feet", "ft": "feet", "lbs": "pounds", "sqm": "square meters",
}  # fmt: skip
_MONEY = {
    "price", "amount", "cost", "premium", "fee", "salary", "revenue", "total", "budget", "pay", "payment",
    "charge", "balance", "freight", "discount", "tax", "wage", "bonus", "paid", "sales", "spend", "rent",
    "fare", "prc", "amt", "income", "profit", "deposit", "refund", "limit", "value", "payout", "msrp",
    "gross", "net", "billed", "copay", "reserve", "debt", "loan", "credit", "turnover", "earnings",
    "commission", "fine", "grant", "donation", "expense", "sale", "wages", "claimed", "bill",
}  # fmt: skip
# What names of sizes in no unit are said in: the one that everybody who knows the data knows.
_SIZES = {
    "weight": {"kilograms", "pounds"}, "mass": {"kilograms"}, "height": {"centimeters"},
    "distance": {"kilometers", "miles"}, "mileage": {"kilometers", "miles"}, "elevation": {"feet"},
}  # fmt: skip


def factor(own: str, other: str) -> float | None:
    """How many of another unit one of a unit is; None when they are not of one kind.

    Example:
        >>> factor("hours", "minutes"), factor("cents", "dollars"), factor("hours", "dollars")
        (60.0, 0.01, None)
    """
    found = (kind[own] / kind[other] for kind in _KINDS if own in kind and other in kind)
    return next(found, None)


def unit_of(word: str) -> str:
    """The unit that a word or a sign says, by its lemma; "" for other words.

    Example:
        >>> unit_of("hour"), unit_of("$"), unit_of("house")
        ('hours', 'dollars', '')
    """
    return _SPOKEN.get(word, "")


def factor_of(column: GraphColumn, unit: str) -> float | None:
    """How many of a unit one of a column's is; None when nothing shows it.

    What says no unit is in the one that its readers know, where it can be in one of the kind at all.
    """
    words = words_of(column.name)
    # A column of years says when; only one "in years" says how long.
    own = "" if words[-1:] == ("year",) else column.unit
    if not own:
        is_size = any(unit in units for word, units in _SIZES.items() if word in words)
        return 1 if is_size or (unit in _CURRENCIES and _MONEY.intersection(words)) else None
    if own == unit or own in _CURRENCIES.get(unit, ()):
        return 1
    # Cents are those of the currency that is spoken of.
    return 0.01 if own == "cents" and unit in _CURRENCIES else factor(own, unit)


def is_money(column: GraphColumn) -> bool:
    """Whether a column's name says that it holds sums of money."""
    return bool(_MONEY.intersection(words_of(column.name)))


def whole(number: float) -> int | float:
    """A number, whole where it is but for what computers lose."""
    return round(number) if isclose(number, round(number)) else number


def converted(attribute: Attribute, unit: str) -> Iterator[tuple[str, Term]]:
    """The words for other units of the same kind, as lemmas, with the column in each.

    Example:
        >>> dict(converted(Attribute("calls", "seconds"), "seconds"))["minute"].right
        Value(value=60)
    """
    for kind in _KINDS:
        for word, other in _WORDS.items():
            if unit in kind and other in kind and other != unit:
                yield word, _times(attribute, kind[unit], kind[other])


def _times(attribute: Attribute, size: int | float, other: int | float) -> Term:
    """A column of units of one size in units of another; whole numbers stay whole where they can."""
    factor = max(other, size) / min(other, size)
    value = Value(int(factor) if factor == int(factor) else factor)
    return Calculation("/" if other > size else "*", attribute, value)
