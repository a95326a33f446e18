"""Pairs and triples of columns that tell all rows of a table apart, where no single column does.

Only what could be a key is compared on every row: columns that are named like parts of one and have enough
distinct values together. With many distinct values any two columns are unique by chance; then their names
have to say that they are a key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, islice
from math import prod

from sqlglot import exp

from aidbt.core.loads import BATCH_ID
from aidbt.core.schema import ColumnProfile, Relation
from aidbt.core.types import type_family
from aidbt.warehouse.base import Connection
from aidbt.warehouse.rows import Rows, number, rows_of
from aidbt.warehouse.words import words_of

# In fewer rows two columns are easily unique by chance.
_ROWS_THAT_PROVE_A_PAIR = 30
# Distinct counts are a few percent off.
_DISTINCT_TOLERANCE = 0.9
# Two independent columns are expected to repeat about n² / (2 · d1 · d2) pairs (the birthday problem). A pair
# that should repeat at least so often and never does is no chance.
_REPEATS_EXPECTED = 10
_PAIRS_VERIFIED, _TRIPLES_VERIFIED = 5, 2
_PARTS_COMPARED = 8
_KEY_MAX_LENGTH = 64

_COUNTERS = frozenset(
    """line lines lineno linenumber item seq sequence position pos version revision rev ordinal index
    idx step part attempt number num nr no""".split()
)
_IDENTIFIERS = frozenset("id ids key code cd uuid guid sku iata icao isin ref reference hash by".split())
_PERIODS = frozenset("date day month year week quarter period hour season term fiscal time".split())
_MEASURES = frozenset(
    """amount amt price qty quantity total count cost balance rate score sum discount tax duration distance
    delay age weight height width length size value percent pct ratio share lat lon lng latitude longitude
    temp temperature speed points stock salary volume""".split()
)


def composite_keys(
    rows: Rows,
    profiles: Sequence[ColumnProfile],
    row_count: int,
    *,
    repeats_in_sample: Callable[[Sequence[str]], bool] = lambda columns: False,
) -> tuple[tuple[str, ...], ...]:
    """The columns that together tell all rows apart and are never null: every row was compared.

    Asked only of tables without a single key. The first pair that holds is taken, the likeliest first;
    triples are looked at when no pair holds, and only when all three are named like parts of a key.

    Args:
        repeats_in_sample: whether columns repeat together in a sample: such are not asked of all rows.

    Returns:
        One combination in the order of the table's columns, or none.
    """
    parts = _parts(profiles)
    if row_count < _ROWS_THAT_PROVE_A_PAIR or len(parts) < 2:
        return ()
    for size, most in ((2, _PAIRS_VERIFIED), (3, _TRIPLES_VERIFIED)):
        likely = (names for names in _candidates(parts, row_count, size) if not repeats_in_sample(names))
        for names in islice(likely, most):
            if not _repeats(rows, names):
                return (names,)
    return ()


def is_composite_key(connection: Connection, relation: Relation, columns: Sequence[str]) -> bool:
    """Whether the columns are never null and together tell all rows apart: every row is compared."""
    rows = rows_of(connection, relation)
    is_null = exp.or_(*[exp.column(name, quoted=True).is_(exp.null()) for name in columns])
    if rows.fetch(rows.select(number(1)).where(is_null).limit(1)):
        return False
    return not _repeats(rows, columns)


def _parts(profiles: Sequence[ColumnProfile]) -> list[tuple[int, int, ColumnProfile]]:
    """The columns that may be part of a key as (rank of the name, place, profile), the best first."""
    found = []
    for place, profile in enumerate(profiles):
        rank = _rank(profile)
        if rank is not None and profile.null_rate == 0 and profile.distinct_count > 1:
            found.append((rank, place, profile))
    return sorted(found, key=lambda part: part[:2])[:_PARTS_COMPARED]


def _rank(profile: ColumnProfile) -> int | None:
    """How much a column is like a part of a key: 0 by its name, 1 a period, 2 a code; None when it is not."""
    words = words_of(profile.name)
    last = set(words[-1:])
    family = type_family(profile.data_type)
    if profile.role == "load_time" or profile.name == BATCH_ID:
        return None
    if family in ("date", "timestamp"):
        return 1
    is_identifier = bool(last & (_IDENTIFIERS | _COUNTERS))
    if family == "text":
        is_short = (profile.max_length or 0) <= _KEY_MAX_LENGTH
        return (0 if is_identifier else 2 if "code" in profile.formats else None) if is_short else None
    if not (family == "integer" or _is_whole_decimal(profile.data_type)):
        return None
    if is_identifier:
        return 0
    if last & _PERIODS:
        return 1
    return None if set(words) & _MEASURES else 2


def _is_whole_decimal(data_type: str) -> bool:
    return data_type.upper().startswith(("DECIMAL", "NUMERIC", "NUMBER")) and data_type.endswith(",0)")


def _candidates(
    parts: Sequence[tuple[int, int, ColumnProfile]], row_count: int, size: int
) -> list[tuple[str, ...]]:
    """Combinations that have enough distinct values, the likeliest first; each in the table's order."""
    found = []
    for chosen in combinations(parts, size):
        distinct = prod(profile.distinct_count for *_, profile in chosen)
        ranks = sum(rank for rank, *_ in chosen)
        if distinct < _DISTINCT_TOLERANCE * row_count:
            continue
        by_chance = row_count**2 < 2 * distinct * _REPEATS_EXPECTED
        if (by_chance or size == 3) and not _is_named_as_key([profile for *_, profile in chosen]):
            continue
        ordered = sorted(chosen, key=lambda part: part[1])
        found.append((ranks, distinct, [place for _, place, _ in ordered], ordered))
    found.sort(key=lambda item: item[:3])
    return [tuple(profile.name for *_, profile in ordered) for *_, ordered in found]


def _is_named_as_key(profiles: Sequence[ColumnProfile]) -> bool:
    """Whether the names are those of an entity and of what counts within it: order_id, line_number."""
    kinds = []
    for profile in profiles:
        last = words_of(profile.name)[-1:]
        kinds.append(
            "id" if set(last) & _IDENTIFIERS else "counter" if set(last) & (_COUNTERS | _PERIODS) else ""
        )
    return "id" in kinds and "counter" in kinds and "" not in kinds


def _repeats(rows: Rows, columns: Sequence[str]) -> bool:
    """Whether two of the rows have the same values in these columns."""
    keys = [exp.column(name, quoted=True) for name in columns]
    more_than_one = exp.GT(this=exp.Count(this=exp.Star()), expression=number(1))
    query = rows.select(number(1)).group_by(*keys).having(more_than_one).limit(1)
    return bool(rows.fetch(query))
