"""Which type the values of a column without a declared one have, and how sure that is.

Nothing is read here. A number or truth value gets a type of its own only when every value seen agrees and
there were enough of them; everything else stays text, or JSON where values are nested.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import pyarrow as pa

from ingestion.connectors.base import CONFIDENCE

JSON = pa.json_(pa.string())
TEXT = pa.string()
_MAX_DIGITS = 38
_Z = 1.96  # of the normal distribution, for an interval of 95 %
_NUMBERS = ("BIGINT", "DOUBLE", "DECIMAL")
_LANDED = {"BIGINT": pa.int64(), "DOUBLE": pa.float64(), "BOOLEAN": pa.bool_(), "JSON": JSON}
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen of one column: how many values of each kind, and what its numbers need.

    Attributes:
        nested: objects and lists.
        whole_digits, scale: the most digits before and behind the point; exponents written out.
        fits_bigint: of all integers.
        fits_double: every number, integers too, is the same number as a double.
    """

    texts: int = 0
    booleans: int = 0
    integers: int = 0
    fractions: int = 0
    nested: int = 0
    whole_digits: int = 0
    scale: int = 0
    fits_bigint: bool = True
    fits_double: bool = True

    def __add__(self, other: Evidence) -> Evidence:
        return Evidence(
            self.texts + other.texts,
            self.booleans + other.booleans,
            self.integers + other.integers,
            self.fractions + other.fractions,
            self.nested + other.nested,
            max(self.whole_digits, other.whole_digits),
            max(self.scale, other.scale),
            self.fits_bigint and other.fits_bigint,
            self.fits_double and other.fits_double,
        )

    @property
    def numbers(self) -> int:
        """Values that are numbers."""
        return self.integers + self.fractions

    @property
    def seen(self) -> int:
        """Values that are not NULL."""
        return self.texts + self.booleans + self.numbers + self.nested


@dataclass(frozen=True, slots=True)
class Inferred:
    """The type that a column gets.

    Attributes:
        type: what it lands as; Arrow's null where nothing was ever seen.
        likely: the type that most values have, when it is not what they land as.
        agreeing, seen: values that have the (likely) type, of all that are not NULL.
        confidence: how sure that type is, 0..1; None where nothing was guessed: text and JSON hold anything.
    """

    type: pa.DataType
    likely: pa.DataType | None = None
    agreeing: int = 0
    seen: int = 0
    confidence: float | None = None


def said(kind: pa.DataType) -> str:
    """What people call a type that is inferred."""
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    return next((word for word, known in _LANDED.items() if known == kind), "VARCHAR")


def inferred_field(name: str, inferred: Inferred) -> pa.Field:
    """A field of the type; how sure that is travels with it."""
    found = pa.field(name, inferred.type)
    if inferred.confidence is None:
        return found
    return found.with_metadata({CONFIDENCE: f"{inferred.confidence:.6f}".encode()})


def landed_type(data_type: str) -> pa.DataType:
    """The Arrow type of a column that landed before, from DuckDB's words; text for those never inferred."""
    decimal = _DECIMAL.fullmatch(data_type)
    if decimal:
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    return _LANDED.get(data_type, TEXT)


def confidence(agreeing: int, seen: int) -> float:
    """The share of values that may be expected to agree, at the least: Wilson's lower bound (1927), at 95 %.

    Example:
        >>> [round(confidence(n, n), 3) for n in (0, 3, 30, 3_000_000)]
        [0.0, 0.438, 0.886, 1.0]
    """
    if not seen:
        return 0.0
    share, weight = agreeing / seen, _Z**2 / seen
    spread = _Z * math.sqrt((share * (1 - share) + weight / 4) / seen)
    return max(0.0, (share + weight / 2 - spread) / (1 + weight))


def infer(evidence: Evidence, *, enough: float, landed: str | None = None) -> Inferred:
    """The type of a column.

    Args:
        enough: below this confidence it stays text.
        landed: the column's type in bronze, in DuckDB's words, when it has landed before. Text and JSON stay
            what they are, and a type that was sure once is not asked again; numbers take one that it can
            follow.
    """
    if landed in ("VARCHAR", "JSON"):
        return _undecided(evidence, TEXT if landed == "VARCHAR" else JSON)
    if evidence.nested:
        return Inferred(JSON)
    if not evidence.seen:
        return Inferred(pa.null())
    agreeing, likely = _most(evidence, landed)
    sure = confidence(agreeing, evidence.seen)
    if likely == TEXT or agreeing < evidence.seen or (sure < enough and landed is None):
        return _undecided(evidence, TEXT)
    return Inferred(likely, None, agreeing, evidence.seen, sure)


def _undecided(evidence: Evidence, landing: pa.DataType) -> Inferred:
    """Text or JSON, and what it looks like."""
    agreeing, likely = _most(evidence, None)
    if landing == JSON or likely == TEXT or agreeing * 2 <= evidence.seen:
        return Inferred(landing)
    return Inferred(landing, likely, agreeing, evidence.seen, confidence(agreeing, evidence.seen))


def _most(evidence: Evidence, landed: str | None) -> tuple[int, pa.DataType]:
    """(how many values have the type that most of them have, that type)."""
    if evidence.numbers > max(evidence.texts, evidence.booleans):
        return evidence.numbers, _number(evidence, landed)
    if evidence.booleans > evidence.texts:
        return evidence.booleans, pa.bool_()
    return evidence.texts, TEXT


def _number(evidence: Evidence, landed: str | None) -> pa.DataType:
    """The type that holds all numbers as they are written; text when none does."""
    digits = max(evidence.whole_digits, 1) + evidence.scale
    has_fractions = evidence.fractions > 0
    exact = pa.decimal128(digits, evidence.scale) if digits <= _MAX_DIGITS else TEXT
    if landed is not None and landed.startswith(_NUMBERS):
        if landed == "DOUBLE":
            return pa.float64() if evidence.fits_double else exact
        # A column of whole numbers is widened to decimals in bronze, but never to doubles.
        return exact if has_fractions or not evidence.fits_bigint else pa.int64()
    if not has_fractions:
        return pa.int64() if evidence.fits_bigint else exact
    return pa.float64() if evidence.fits_double else exact
