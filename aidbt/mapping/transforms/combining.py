"""Proposals of several columns for one: the parts of a text, and the first that is filled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise, permutations

from aidbt.core.schema import Column
from aidbt.core.types import type_family
from aidbt.mapping.transforms.ground import Ground, Side, stems
from aidbt.mapping.transforms.judge import Proposal, agreement
from aidbt.mapping.transforms.value import Row, column_value, first_filled, joined
from aidbt.warehouse.words import words_of

FIRST_NAME = frozenset({"first", "given", "forename", "fname"})
MIDDLE_NAME = frozenset({"middle", "second"})
LAST_NAME = frozenset({"last", "family", "surname", "lname"})
_ADDRESS = frozenset({"address", "addr", "location"})
# The parts of a postal address in the order in which they are written.
_ADDRESS_PARTS = (
    frozenset({"street", "line"}),
    frozenset({"city", "town", "locality"}),
    frozenset({"state", "province", "region", "county"}),
    frozenset({"zip", "postal", "postcode", "zipcode", "plz"}),
    frozenset({"country"}),
)
_ADDRESS_ENDINGS = {(word,) for word in _ADDRESS}
_POSTCODE = _ADDRESS_PARTS[3]
_LIKELY = 0.45
_MOST = 0.9
_TRIED_ROWS = 60
_SHORT = 3


def combining_proposals(ground: Ground, target: Column, sources: Sequence[Column]) -> Iterator[Proposal]:
    """Every proposal of this module for one target column."""
    if type_family(target.data_type) in ("text", "other"):
        yield from _named_concats(ground, target, sources)
        yield from _seen_concats(ground, target, sources)
    yield from _coalesces(ground, target, sources)


def _named_concats(ground: Ground, target: Column, sources: Sequence[Column]) -> Iterator[Proposal]:
    words = stems(target.name)
    want = set(words)
    if words[-1:] == ("name",) and not want & (FIRST_NAME | LAST_NAME | MIDDLE_NAME):
        for parts in _name_parts(sources, want - {"name", "full"}):
            reason = f"{' and '.join(c.name for c in parts)} are the parts of a name"
            yield _concat(ground, target, parts, [" "] * (len(parts) - 1), _LIKELY, reason)
            if len(parts) == 2:
                yield _concat(ground, target, parts[::-1], [", "], 0.0, reason)
    if words_of(target.name)[-1:] in _ADDRESS_ENDINGS:  # not address_1, not location_id
        parts = _address_parts(sources, target)
        if len(parts) >= 2:
            reason = f"{', '.join(c.name for c in parts)} are the parts of an address"
            usual = [" " if set(stems(c.name)) & _POSTCODE else ", " for c in parts[1:]]
            for separators, likely in (
                (usual, _LIKELY),
                ([", "] * len(usual), 0.0),
                ([" "] * len(usual), 0.0),
            ):
                yield _concat(ground, target, parts, separators, likely, reason)


def _concat(
    ground: Ground,
    target: Column,
    parts: Sequence[Column],
    separators: Sequence[str],
    prior: float,
    reason: str,
) -> Proposal:
    value = joined([column_value(column, ground.dialect) for column in parts], separators)
    return Proposal("concat", value, target, prior, reason, "parts", tuple(separators))


def _name_parts(sources: Sequence[Column], about: set[str]) -> Iterator[list[Column]]:
    """First [middle] last of one person by the other words of the names, unless the target is of another."""
    by_role: dict[str, dict[frozenset[str], Column]] = {"first": {}, "middle": {}, "last": {}}
    for column in sources:
        words = set(stems(column.name))
        for role, roles in (("first", FIRST_NAME), ("middle", MIDDLE_NAME), ("last", LAST_NAME)):
            if words & roles:
                by_role[role][frozenset(words - roles - {"name"})] = column
    for person, first in by_role["first"].items():
        last, middle = by_role["last"].get(person), by_role["middle"].get(person)
        is_other = bool(person and about and not person & about)
        if last is not None and not is_other:
            yield [first, last]
            if middle is not None:
                yield [first, middle, last]


def _address_parts(sources: Sequence[Column], target: Column) -> list[Column]:
    """The columns that are parts of one address, in the order of writing."""
    about = set(stems(target.name)) - _ADDRESS
    parts: list[Column] = []
    for words in _ADDRESS_PARTS:
        fits = [c for c in sources if set(stems(c.name)) & words and c not in parts]
        own = [c for c in fits if set(stems(c.name)) & about] or [
            c for c in fits if not set(stems(c.name)) - words - _ADDRESS
        ]
        parts += own[: 2 if words is _ADDRESS_PARTS[0] else 1]
    return parts


def _seen_concats(ground: Ground, target: Column, sources: Sequence[Column]) -> Iterator[Proposal]:
    """Columns whose values stand in the target's value of the same row, one after the other."""
    rows = [(row, want) for row, want in ground.wanted(target.name)[:_TRIED_ROWS] if want]
    inside = [c for c in sources if rows and _stands_inside(c.name, rows) >= _MOST]
    long = [c for c in inside if _mean_length(c.name, rows) >= _SHORT]
    for columns in {tuple(c.name for c in tried): tried for tried in (inside, long)}.values():
        parts = _in_line(columns, rows)
        gaps = _gaps(parts, rows)
        # What stands between them may be one more value of the target, such as a middle name.
        is_told = ground.target.is_pii(target.name) and any(char.isalnum() for gap in gaps for char in gap)
        if len(parts) >= 2 and not is_told:
            reason = (
                f"the values of {' and '.join(c.name for c in parts)} stand in {target.name}, in this order"
            )
            yield _concat(ground, target, parts, gaps, 0.0, reason)


def _stands_inside(name: str, rows: Sequence[tuple[Row, str]]) -> float:
    """The share of rows whose target has the column's value in it, and more."""
    filled = [(read.strip(), want) for row, want in rows if (read := row.get(name)) and read.strip()]
    inside = sum(read in want and read != want for read, want in filled)
    return inside / len(filled) if len(filled) >= len(rows) / 2 else 0.0


def _mean_length(name: str, rows: Sequence[tuple[Row, str]]) -> float:
    return sum(len((row.get(name) or "").strip()) for row, _ in rows) / len(rows)


def _in_line(columns: Sequence[Column], rows: Sequence[tuple[Row, str]]) -> list[Column]:
    """The columns that do not overlap in the target's values, in the order in which they stand there."""
    chosen: list[Column] = []
    for column in sorted(columns, key=lambda c: -_mean_length(c.name, rows)):
        apart = sum(
            all(not _overlap(row, want, column.name, other.name) for other in chosen) for row, want in rows
        )
        if apart >= _MOST * len(rows):
            chosen.append(column)
    return sorted(chosen, key=lambda c: sum(_span(row, want, c.name)[0] for row, want in rows))


def _span(row: Row, want: str, name: str) -> tuple[int, int]:
    read = (row.get(name) or "").strip()
    start = want.find(read) if read else -1
    return start, start + len(read)


def _overlap(row: Row, want: str, a: str, b: str) -> bool:
    (start_a, end_a), (start_b, end_b) = _span(row, want, a), _span(row, want, b)
    return min(start_a, start_b) >= 0 and start_a < end_b and start_b < end_a


def _gaps(parts: Sequence[Column], rows: Sequence[tuple[Row, str]]) -> list[str]:
    """What most often stands between each column's value and the next."""
    gaps = []
    for left, right in pairwise(parts):
        seen = Counter(
            want[_span(row, want, left.name)[1] : _span(row, want, right.name)[0]]
            for row, want in rows
            if min(_span(row, want, left.name)[0], _span(row, want, right.name)[0]) >= 0
        )
        gaps.append(seen.most_common(1)[0][0] if seen else " ")
    return gaps


def _coalesces(ground: Ground, target: Column, sources: Sequence[Column]) -> Iterator[Proposal]:
    """Columns that are all a kind of the target, as mobile_phone and home_phone are of phone."""
    want, kind = set(stems(target.name)), type_family(target.data_type)
    fitting = [
        c
        for c in sources
        if want < set(stems(c.name)) and kind in ("other", "text", type_family(c.data_type))
    ]
    families = {type_family(c.data_type) for c in fitting}
    if not 2 <= len(fitting) <= 4 or len(families) > 1:
        return
    if any(set(stems(c.name)) & (FIRST_NAME | MIDDLE_NAME | LAST_NAME) for c in fitting):
        return  # parts of one name, not a choice of names
    ordered = sorted(fitting, key=lambda c: -len(ground.source.values(c.name)))
    values = [column_value(column, ground.dialect) for column in ordered]
    if ground.pairs:
        orders = [list(order) for order in permutations(values)]
        values = max(orders, key=lambda order: agreement(first_filled(order), target, ground))
    filled = _filled_together(ground.source, [c.name for c in ordered])
    names = ", ".join(value.columns[0] for value in values)
    reason = f"{names} are each a kind of {target.name}{filled}; which comes first is a person's to say"
    # Two dates or two amounts of one row are most often two things.
    likely = 0.4 if families == {"text"} else 0.0
    yield Proposal("coalesce", first_filled(values), target, likely, reason, "cover")


def _filled_together(side: Side, names: Sequence[str]) -> str:
    """How rows fill several columns, in words."""
    if not side.rows:
        return ""
    filled = [sum(row.get(name) is not None for name in names) for row in side.rows]
    some, several = sum(n > 0 for n in filled) / len(filled), sum(n > 1 for n in filled) / len(filled)
    return f": one of them is there in {some:.0%} of rows, more than one in {several:.0%}"
