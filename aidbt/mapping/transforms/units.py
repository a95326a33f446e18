"""Proposals about units: a number in another unit, and a number whose unit stands beside it.

Currencies are no units: what one is worth in another is not known from the columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median

from aidbt.core.schema import Column
from aidbt.core.types import type_family
from aidbt.mapping.transforms.ground import MIN_ALIGNED, Ground, related, stems
from aidbt.mapping.transforms.judge import Proposal
from aidbt.mapping.transforms.numbers import bounded, by_unit, read_number, scaled
from aidbt.mapping.transforms.value import Value, column_value
from aidbt.warehouse.words import words_of


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure: in the base of its dimension, a value is (x + offset) · factor."""

    name: str
    dimension: str
    factor: Fraction
    offset: int = 0


def _units(dimension: str, **factors: str) -> list[Unit]:
    return [Unit(name.replace("_", " "), dimension, Fraction(text)) for name, text in factors.items()]


# The international definitions: the yard and pound of 1959, the SI's second, metre, gram and degree.
_ALL = [
    *_units("money", amount="1", cents="1/100"),
    *_units("mass", g="1", mg="1/1000", kg="1000", t="1000000", lb="453.59237", oz="28.349523125"),
    *_units(
        "length",
        m="1",
        mm="1/1000",
        cm="1/100",
        km="1000",
        inch="0.0254",
        ft="0.3048",
        yd="0.9144",
        mi="1609.344",
    ),
    *_units("duration", s="1", ms="1/1000", us="1/1000000", min="60", h="3600", days="86400"),
    *_units(
        "data",
        bytes="1",
        kB="1000",
        MB="1000000",
        GB="1000000000",
        KiB="1024",
        MiB="1048576",
        GiB="1073741824",
    ),
    *_units("share", fraction="1", percent="1/100", bps="1/10000"),
    Unit("°C", "temperature", Fraction(1)),
    Unit("°F", "temperature", Fraction(5, 9), -32),
]
UNITS = {unit.name: unit for unit in _ALL}
_WORDS = {
    "cents": "cent cents pence minor",
    "g": "g gram grams", "mg": "mg milligram milligrams", "kg": "kg kgs kilo kilos kilogram kilograms",
    "t": "tonne tonnes", "lb": "lb lbs pound pounds", "oz": "oz ounce ounces",
    "m": "m meter meters metre metres", "mm": "mm millimeter millimeters millimetre millimetres",
    "cm": "cm centimeter centimeters centimetre centimetres",
    "km": "km kms kilometer kilometers kilometre kilometres", "inch": "in inch inches", "ft": "ft foot feet",
    "yd": "yd yard yards", "mi": "mi mile miles",
    "s": "s sec secs second seconds", "ms": "ms msec millis millisecond milliseconds",
    "us": "us micros microsecond microseconds", "min": "min mins minute minutes",
    "h": "h hr hrs hour hours", "days": "days",
    "bytes": "byte bytes", "kB": "kb kilobyte kilobytes", "MB": "mb megabyte megabytes",
    "GB": "gb gigabyte gigabytes", "KiB": "kib kibibyte kibibytes", "MiB": "mib mebibyte mebibytes",
    "GiB": "gib gibibyte gibibytes",
    "fraction": "fraction ratio rate share proportion", "percent": "pct percent percentage perc",
    "bps": "bps",
    "°C": "c celsius degc centigrade", "°F": "f fahrenheit degf",
}  # fmt: skip
_BY_WORD = {word: UNITS[name] for name, words in _WORDS.items() for word in words.split()} | {
    "°c": UNITS["°C"], "°f": UNITS["°F"], "%": UNITS["percent"],
}  # fmt: skip
_MONEY = frozenset(
    "amount amt price cost total revenue fee tax balance payment salary discount subtotal".split()
)
# Systems write kilobytes for 1024 bytes as well.
_BINARY = {"kB": "KiB", "MB": "MiB", "GB": "GiB"}
_UNIT_COLUMN = frozenset({"unit", "uom", "measure"})
_NEAR = 0.25
_RATIOS = 100  # rows that tell the ratio
# By names alone: both units are said, or the numbers suggest one.
_STATED, _SEEN = 0.5, 0.35


def unit_proposals(ground: Ground, target: Column, sources: Sequence[Column]) -> Iterator[Proposal]:
    """Every proposal of this module for one target column."""
    if type_family(target.data_type) not in ("integer", "number", "other"):
        return
    for source in sources:
        if type_family(source.data_type) in ("integer", "number"):
            yield from _conversions(ground, target, source)
    for source in sources:
        yield from _with_unit_column(ground, target, source, sources)


def unit_of(name: str) -> Unit | None:
    """The unit that a column's name ends in or, as in `price_cents_net`, has among its words."""
    words = words_of(name)
    if len(words) > 1 and words[-1] in _BY_WORD:
        return _BY_WORD[words[-1]]
    # Single letters and "in" mean a unit only where units stand: at the end.
    found = [_BY_WORD[word] for word in words if word in _BY_WORD and len(word) > 2]
    return found[0] if len(found) == 1 and len(words) > 1 else None


def _subject(name: str) -> tuple[str, ...]:
    """The words of a name without its unit."""
    return tuple(word for word in stems(name) if word not in _BY_WORD) or stems(name)


def _conversions(ground: Ground, target: Column, source: Column) -> Iterator[Proposal]:
    value = _amount(source, ground.dialect)
    have, want = unit_of(source.name), unit_of(target.name)
    is_money = bool(set(stems(target.name)) & _MONEY)
    is_same_thing = related(_subject(source.name), _subject(target.name)) >= 0.5
    # Where no name says a unit, the same ratio by chance is likelier than a conversion.
    is_said = have is not None or want is not None or is_money
    if not ground.pairs and not (is_same_thing and is_said):
        return
    observed = _observed_ratio(ground, source, target)
    seen: set[tuple[Fraction, int]] = set()
    for a, b in _unit_pairs(have, want, is_money=is_money):
        is_stated = have == a and (want == b or b.name == "amount")
        if not is_stated and (observed is None or not _is_near(a, b, observed)):
            continue
        if (a.factor / b.factor, a.offset or b.offset) in seen:  # a thousand is g of kg, m of km, …
            continue
        seen.add((a.factor / b.factor, a.offset or b.offset))
        prior = 0.0 if not (is_same_thing and is_said) else _STATED if is_stated else _SEEN
        how = "by their names" if have == a and want == b else "if the numbers are right"
        reason = f"{source.name} is in {a.name} and {target.name} in {b.name}, {how}"
        yield Proposal("unit", convert(value, a, b), target, prior, reason, "quantiles")


def convert(value: Value, a: Unit, b: Unit) -> Value:
    """A number in unit `a` as one in unit `b` of the same dimension."""
    return scaled(value, a.factor / b.factor, before=a.offset, after=-b.offset)


def _amount(column: Column, dialect: str) -> Value:
    value = column_value(column, dialect)
    return bounded(value, column.data_type) if value.family in ("integer", "number") else value


def _unit_pairs(have: Unit | None, want: Unit | None, *, is_money: bool) -> Iterator[tuple[Unit, Unit]]:
    """The pairs of different units that two names allow, the likeliest first."""
    if have is None and want is None and is_money:
        yield from ((UNITS["cents"], UNITS["amount"]), (UNITS["amount"], UNITS["cents"]))
        return
    for a in _ALL if have is None else _spellings(have):
        for b in _ALL if want is None else _spellings(want):
            if a.dimension == b.dimension and a.factor != b.factor:
                yield a, b


def _spellings(unit: Unit) -> list[Unit]:
    return [unit, UNITS[_BINARY[unit.name]]] if unit.name in _BINARY else [unit]


def _observed_ratio(ground: Ground, source: Column, target: Column) -> float | None:
    """How many times the source's numbers the target's are: in the same rows, else at the quantiles; None
    where that is not known.
    """
    rows = [
        (read_number(read), read_number(want))
        for row, want in ground.wanted(target.name)[:_RATIOS]
        if (read := row.get(source.name)) is not None
    ]
    ratios = [float(b / a) for a, b in rows if a and b]
    if len(ratios) < MIN_ALIGNED:
        quantiles = zip(
            ground.source.quantiles(source.name), ground.target.quantiles(target.name), strict=False
        )
        ratios = [b / a for a, b in quantiles if a and b]
    return median(ratios) if ratios else None


def _is_near(a: Unit, b: Unit, observed: float) -> bool:
    """Whether a ratio may be that of two units; that of °C and °F is none."""
    return a.dimension == "temperature" or abs(observed * float(b.factor / a.factor) - 1) <= _NEAR


def _with_unit_column(
    ground: Ground, target: Column, source: Column, sources: Sequence[Column]
) -> Iterator[Proposal]:
    """A number whose unit stands in another column, where all units that occur are known and of one kind."""
    if type_family(source.data_type) not in ("integer", "number", "text"):
        return
    for column in sources:
        words = set(stems(column.name))
        about = words - _UNIT_COLUMN
        if column == source or not words & _UNIT_COLUMN or type_family(column.data_type) != "text":
            continue
        if about and related(tuple(about), stems(source.name)) < 0.5:
            continue
        is_same_thing = related(_subject(source.name), _subject(target.name)) >= 0.5
        found = {name.strip().lower() for name in ground.source.value_set(column.name)}
        units = {name: _BY_WORD[name] for name in found if name in _BY_WORD}
        dimensions = {unit.dimension for unit in units.values()}
        if len(units) != len(found) or len(units) < 2 or len(dimensions) != 1 or "temperature" in dimensions:
            continue
        stated = unit_of(target.name)
        for unit in _ALL:
            if unit.dimension not in dimensions or (stated or unit) != unit:
                continue
            prior = _SEEN + 0.1 if is_same_thing and stated else 0.0
            factors = {name: other.factor / unit.factor for name, other in units.items()}
            value = by_unit(_amount(source, ground.dialect), column_value(column, ground.dialect), factors)
            listed = ", ".join(sorted(units))
            reason = (
                f"{column.name} says the unit of {source.name} ({listed}); other units than these become null"
            )
            yield Proposal("value and unit", value, target, prior, reason)
