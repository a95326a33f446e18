"""What the values of one column look like, from a sample of them or from the column's profile."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from aidbt.core.schema import Column, ColumnProfile
from aidbt.core.types import Family, type_family

# What is looked at: enough to tell columns apart, and bounded whatever a column holds.
MAX_VALUES = 1_000
MAX_LENGTH = 200
_SHAPED_VALUES = 120
CODE_LIST = 40
# Fewer values do not tell how often values repeat.
_TELLING = 20

_SHAPES: tuple[tuple[str, str], ...] = (
    ("integer", r"[-+]?\d{1,18}(\.0+)?"),
    ("decimal", r"[-+]?(\d+[.,]\d+|\d*\.\d+)([eE][-+]?\d+)?"),
    ("date", r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})"),
    ("timestamp", r"\d{4}-\d\d?-\d\d?[T ]\d\d?:\d\d.*"),
    ("time", r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"),
    ("boolean", r"(?i:true|false|t|f|yes|no|y|n)"),
    ("email", r"[^@\s]+@[^@\s]+\.\w+"),
    ("url", r"(?i:(https?|gid|ftp|s3)://\S+|www\.\S+)"),
    ("uuid", r"(?i:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12})"),
    ("document", r"(?s:\s*[\[{].*[\]}]\s*)"),
    ("code", r"[A-Z0-9][A-Z0-9_.\-/]{0,11}"),
    ("token", r"[\w.\-/+=:#]*\d[\w.\-/+=:#]*"),
    # An underscore is a letter here and no separator: a line of them could be cut in too many ways.
    ("word", r"[^\W\d]+([-'][^\W\d]+)*"),
    ("phrase", r"(?s:.{1,60})"),
    ("text", r"(?s:.*)"),
)
SHAPES = tuple(name for name, _ in _SHAPES)
# All of them at once; the first that the whole value fits is taken.
_SHAPE = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _SHAPES))
_FROM_PROFILE = {"integer": "integer", "decimal": "decimal", "date": "date", "timestamp": "timestamp"}
_FAMILY_SHAPE: dict[Family, str] = {
    "integer": "integer",
    "number": "decimal",
    "date": "date",
    "timestamp": "timestamp",
    "time": "time",
    "boolean": "boolean",
}
_YES, _NO = frozenset({"yes", "y", "true", "1"}), frozenset({"no", "n", "false", "0"})
# Where a column holds nothing else, these are yes and no too; beside M, F is not.
_LETTERS = {"t": "true", "f": "false"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a column's values; every part may be missing.

    Attributes:
        family: of the declared type; "other" when it is not known.
        shapes: share 0..1 of the values by how they are written (`SHAPES`); empty when none were seen.
        values: distinct values as they are compared (`normalized`), at most `MAX_VALUES`.
        is_code_list: whether there are so few values that they may be all that the column knows.
        quantiles: 5 numbers at 0.05, 0.25, 0.5, 0.75, 0.95; dates as seconds since 1970.
        null_rate, distinct_ratio: 0..1 of rows and of non-null rows; None when not known.
        length: mean number of characters; None when not known.
        pii: the kind of personal data that it holds (`warehouse.pii`); "" for none, or when not known.
    """

    family: Family = "other"
    shapes: dict[str, float] = field(default_factory=dict)
    values: frozenset[str] = frozenset()
    is_code_list: bool = False
    quantiles: tuple[float, ...] = ()
    null_rate: float | None = None
    distinct_ratio: float | None = None
    length: float | None = None
    pii: str = ""


def facts_of(
    column: Column,
    values: Sequence[str],
    profile: ColumnProfile | None,
    *,
    row_count: int = 0,
    pii: str = "",
) -> Facts:
    """What a sample of values and a profile together say; a column whose values are all null has none.

    Args:
        values: as text, without nulls; only the first `MAX_VALUES` count.
        row_count: of the profiled table.
        pii: the kind of personal data it holds.
    """
    family = type_family(column.data_type) if column.data_type else "other"
    seen = [value[:MAX_LENGTH] for value in values[:MAX_VALUES] if value.strip()]
    if not seen:
        return replace(_from_profile(family, profile, row_count), pii=pii)
    counted = Counter(seen)
    shapes = _shapes(list(counted)[:_SHAPED_VALUES])
    return Facts(
        family,
        shapes,
        _compared(counted),
        len(counted) <= CODE_LIST,
        _quantiles(seen, shapes),
        profile.null_rate if profile else None,
        len(counted) / len(seen) if len(seen) >= _TELLING else None,
        sum(map(len, seen)) / len(seen),
        pii,
    )


def _from_profile(family: Family, profile: ColumnProfile | None, row_count: int) -> Facts:
    if profile is None or profile.null_rate == 1:
        return Facts(family, null_rate=profile.null_rate if profile else None)
    shapes = {
        shape: profile.formats[name] for name, shape in _FROM_PROFILE.items() if profile.formats.get(name)
    }
    if not shapes and family in _FAMILY_SHAPE:
        shapes = {_FAMILY_SHAPE[family]: 1.0}
    rows = row_count * (1 - profile.null_rate)
    texts = [value for value, _ in profile.top_values]
    is_code_list = bool(profile.formats.get("code")) and profile.distinct_count <= CODE_LIST
    return Facts(
        family,
        shapes or _shapes(texts),
        _compared(value[:MAX_LENGTH] for value in texts) if is_code_list else frozenset(),
        is_code_list,
        profile.quantiles,
        profile.null_rate,
        min(profile.distinct_count / rows, 1.0) if rows and profile.distinct_count else None,
        profile.mean_length,
    )


def normalized(value: str) -> str:
    """A value as it is compared: case, outer blanks, punctuation and `.0` do not count, yes is true.

    Example:
        >>> normalized(" Stage IIA "), normalized("1.0"), normalized("YES")
        ('stage iia', 'true', 'true')
    """
    text = " ".join(re.findall(r"\w+(?:\.\d+)?", value.casefold().removesuffix(".0")))
    if text in _YES:
        return "true"
    return "false" if text in _NO else text


def _compared(values: Iterable[str]) -> frozenset[str]:
    """The distinct values as they are compared."""
    found = frozenset(normalized(value) for value in values)
    return frozenset(_LETTERS[value] for value in found) if found <= _LETTERS.keys() else found


def _shapes(values: Sequence[str]) -> dict[str, float]:
    if not values:
        return {}
    counted: Counter[str] = Counter()
    for value in values:
        found = _SHAPE.fullmatch(value.strip())
        counted[(found and found.lastgroup) or "text"] += 1
    return {name: count / len(values) for name, count in counted.items()}


def _quantiles(values: Sequence[str], shapes: dict[str, float]) -> tuple[float, ...]:
    """Five quantiles when nearly all values are numbers, or nearly all are dates; () otherwise."""
    if shapes.get("integer", 0) + shapes.get("decimal", 0) >= 0.9:
        read = _number
    elif shapes.get("date", 0) + shapes.get("timestamp", 0) >= 0.9:
        read = _seconds
    else:
        return ()
    numbers = sorted(number for value in values if (number := read(value.strip())) is not None)
    if not numbers:
        return ()
    last = len(numbers) - 1
    return tuple(numbers[round(share * last)] for share in (0.05, 0.25, 0.5, 0.75, 0.95))


def _number(text: str) -> float | None:
    try:
        number = float(text.replace(",", ".") if "." not in text else text.replace(",", ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _seconds(text: str) -> float | None:
    try:
        read = datetime.fromisoformat(text.replace("/", "-")[:19])
    except ValueError:
        return None
    return read.replace(tzinfo=UTC).timestamp()
