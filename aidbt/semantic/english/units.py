"""Numbers asked for in another unit than the column's: a duration in seconds "in hours"."""

from __future__ import annotations

from collections.abc import Iterator

from aidbt.semantic.query import Attribute, Calculation, Term, Value

# By kind how many of the smallest unit each has, and the words that ask for it beside its own name.
_KINDS: tuple[dict[str, int | float], ...] = (
    {"milliseconds": 1, "seconds": 1_000, "minutes": 60_000, "hours": 3_600_000, "days": 86_400_000,
     "weeks": 604_800_000},
    {"milligrams": 1, "grams": 1_000, "kilograms": 1_000_000, "pounds": 453_592.37, "tons": 1_000_000_000},
    {"millimeters": 1, "centimeters": 10, "meters": 1_000, "kilometers": 1_000_000, "miles": 1_609_344},
    {"cents": 1, "dollars": 100},
)  # fmt: skip
_WORDS = {
    "second": "seconds", "sec": "seconds", "minute": "minutes", "min": "minutes", "hour": "hours",
    "day": "days", "week": "weeks", "millisecond": "milliseconds", "gram": "grams", "kilogram": "kilograms",
    "kg": "kilograms", "kilo": "kilograms", "pound": "pounds", "lb": "pounds", "ton": "tons",
    "tonne": "tons", "meter": "meters",
    "kilometer": "kilometers", "km": "kilometers", "mile": "miles", "centimeter": "centimeters",
    "cm": "centimeters", "dollar": "dollars", "usd": "dollars",
}  # fmt: skip


def factor(own: str, other: str) -> float | None:
    """How many of another unit one of a unit is; None when they are not of one kind.

    Example:
        >>> factor("hours", "minutes"), factor("cents", "dollars"), factor("hours", "dollars")
        (60.0, 0.01, None)
    """
    found = (kind[own] / kind[other] for kind in _KINDS if own in kind and other in kind)
    return next(found, None)


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
