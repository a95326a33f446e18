"""How a table in bronze follows the columns of its source: what is added, widened, kept apart or refused.

Nothing is ever coerced: a column gets a wider type only where every value it holds, and every value that may
come, is the same value in it. Nothing is decided here by looking at rows, and nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from aidbt.core.schema import Column

# A column without any value says nothing about its type; DuckDB calls it so.
NO_TYPE = '"NULL"'

_INTEGERS = {
    **{name: (-(1 << bits - 1), (1 << bits - 1) - 1) for name, bits in (
        ("TINYINT", 8), ("SMALLINT", 16), ("INTEGER", 32), ("BIGINT", 64), ("HUGEINT", 128),
    )},
    **{name: (0, (1 << bits) - 1) for name, bits in (
        ("UTINYINT", 8), ("USMALLINT", 16), ("UINTEGER", 32), ("UBIGINT", 64), ("UHUGEINT", 128),
    )},
}  # fmt: skip
# Each holds those before it, every value as it is. TIMESTAMP_NS is not among them: its range is smaller.
_LADDERS = (("FLOAT", "DOUBLE"), ("TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP"))
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_MAX_DIGITS = 38
_NESTED = re.compile(r"(STRUCT|MAP|UNION|ENUM)\(")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A column as it comes in.

    Attributes:
        source: the source's name of it.
        name: the name it gets in bronze when it lands for the first time.
        data_type: DuckDB's words for its type; `NO_TYPE` when it holds nothing but NULL.
    """

    source: str
    name: str
    data_type: str


@dataclass(frozen=True, slots=True)
class Evolution:
    """What has to be done to a table, and where the incoming columns then go.

    Attributes:
        targets: the column in bronze of each incoming column; None for one that has no type yet, and so no
            column.
        added: new columns.
        widened: (as it was, as it will be).
        varied: (as it is, its new neighbour): values that do not fit go to a column of their own.
        retyped: (as it is, as it comes in): these cannot be followed.
    """

    targets: tuple[str | None, ...] = ()
    added: tuple[Column, ...] = ()
    widened: tuple[tuple[Column, Column], ...] = ()
    varied: tuple[tuple[Column, Column], ...] = ()
    retyped: tuple[tuple[Column, Column], ...] = ()


def evolve(
    existing: Sequence[Column],
    incoming: Sequence[Incoming],
    *,
    sources: Mapping[str, str] | None = None,
    variants: bool,
) -> Evolution:
    """What a table with the columns `existing` needs so that `incoming` can land in it, losing nothing.

    A column that no longer comes stays, and is NULL from now on. Of several columns that one column of the
    source has landed in (variants), the one with its type is taken, else one that has room, else the first
    that can be widened.

    Args:
        sources: bronze's name → the source's, for columns where they differ.
        variants: a type that does not fit gets a column `<name>__<type>`; else it is `retyped`.
    """
    sources = sources or {}
    coming = {column.source for column in incoming}
    current = {column.name: column for column in existing}
    taken = {name.lower() for name in current} | {column.name.lower() for column in incoming}
    used: set[str] = set()
    result = Evolution()

    def target_of(column: Incoming) -> str | None:
        nonlocal result
        own = _own_columns(column, current.values(), sources, coming, used)
        if column.data_type == NO_TYPE:
            return own[0].name if own else None
        if not own:
            # Its name may belong to another column of the source, of another time.
            name = _free(column.name, {known.lower() for known in current})
            return add(Column(name, column.data_type)).name
        best = _best(own, column.data_type)
        if best is not None:
            was, data_type = best
            if data_type != was.data_type:
                current[was.name] = replace(was, data_type=data_type)
                result = replace(result, widened=(*result.widened, (was, current[was.name])))
            return was.name
        was = own[0]
        if not variants:
            result = replace(result, retyped=(*result.retyped, (was, Column(was.name, column.data_type))))
            return was.name
        variant = Column(_free(f"{column.name}__{type_word(column.data_type)}", taken), column.data_type)
        result = replace(result, varied=(*result.varied, (was, variant)))
        taken.add(variant.name.lower())
        return add(variant).name

    def add(column: Column) -> Column:
        nonlocal result
        current[column.name] = column
        result = replace(result, added=(*result.added, column))
        return column

    targets = []
    for column in incoming:
        target = target_of(column)
        targets.append(target)
        if target is not None:
            used.add(target)
    return replace(result, targets=tuple(targets))


def _own_columns(
    column: Incoming,
    existing: Iterable[Column],
    sources: Mapping[str, str],
    coming: set[str],
    used: set[str],
) -> list[Column]:
    """The columns of bronze that hold values of a column of the source; itself before its variants."""
    free = [known for known in existing if known.name not in used]
    own = [known for known in free if sources.get(known.name, known.name) == column.source]
    if own:
        return sorted(own, key=lambda known: known.name.lower() != column.name.lower())
    # The name with other capitals is the same column, unless that one still comes as well.
    return [
        known
        for known in free
        if known.name.lower() == column.name.lower() and sources.get(known.name, known.name) not in coming
    ]


def _best(own: Sequence[Column], data_type: str) -> tuple[Column, str] | None:
    """The column that takes values of a type, and the type it has to have for that."""
    wider = [(known, widest(known.data_type, data_type)) for known in own]
    fitting = [(known, common) for known, common in wider if common is not None]
    exact = [pair for pair in fitting if pair[0].data_type == data_type]
    roomy = [pair for pair in fitting if pair[1] == pair[0].data_type]
    return next(iter([*exact, *roomy, *fitting]), None)


def _free(name: str, taken: set[str]) -> str:
    if name.lower() not in taken:
        return name
    number = 2
    while f"{name}_{number}".lower() in taken:
        number += 1
    return f"{name}_{number}"


def type_word(data_type: str) -> str:
    """A type as a part of a column's name.

    Example:
        >>> [type_word(name) for name in ("DECIMAL(10,2)", "INTEGER[]", "STRUCT(a INTEGER)")]
        ['decimal_10_2', 'integer_list', 'struct']
    """
    nested = _NESTED.match(data_type)
    if nested:
        depth = len(data_type) - len(data_type.rstrip("[]"))
        data_type = nested[1] + data_type[len(data_type) - depth :]
    return re.sub(r"\W+", "_", data_type.lower().replace("[]", " list")).strip("_")


def widest(one: str, other: str) -> str | None:
    """The smallest type that holds every value of both types as it is; None when there is none.

    Integers grow to larger integers and to decimals that have their digits, decimals to more digits, FLOAT
    to DOUBLE, coarser timestamps to finer ones, and lists with their elements. An integer is not held by
    DOUBLE (2^53 + 1 is not), a date is no timestamp, and nothing but text is text.

    Example:
        >>> widest("INTEGER", "BIGINT"), widest("DECIMAL(10,2)", "INTEGER"), widest("BIGINT", "DOUBLE")
        ('BIGINT', 'DECIMAL(12,2)', None)
    """
    if one == other or other == NO_TYPE:
        return one
    if one == NO_TYPE:
        return other
    if one.endswith("[]") and other.endswith("[]"):
        element = widest(one[:-2], other[:-2])
        return None if element is None else f"{element}[]"
    if one in _INTEGERS and other in _INTEGERS:
        return _widest_integer(one, other)
    for ladder in _LADDERS:
        if one in ladder and other in ladder:
            return max(one, other, key=ladder.index)
    return _widest_decimal(one, other)


def _widest_integer(one: str, other: str) -> str | None:
    low = min(_INTEGERS[one][0], _INTEGERS[other][0])
    high = max(_INTEGERS[one][1], _INTEGERS[other][1])
    holding = [name for name, (least, most) in _INTEGERS.items() if least <= low and high <= most]
    return min(holding, key=lambda name: _INTEGERS[name][1] - _INTEGERS[name][0], default=None)


def _widest_decimal(one: str, other: str) -> str | None:
    first, second = _digits(one), _digits(other)
    if first is None or second is None:
        return None
    whole, scale = max(first[0], second[0]), max(first[1], second[1])
    return f"DECIMAL({whole + scale},{scale})" if whole + scale <= _MAX_DIGITS else None


def _digits(data_type: str) -> tuple[int, int] | None:
    """Digits before and behind the point."""
    if data_type in _INTEGERS:
        return len(str(_INTEGERS[data_type][1])), 0
    decimal = _DECIMAL.fullmatch(data_type)
    return (int(decimal[1]) - int(decimal[2]), int(decimal[2])) if decimal else None


def described(evolution: Evolution, existing: Sequence[Column], sent_before: Iterable[str]) -> list[str]:
    """What changed, in words for people, one sentence each.

    Args:
        existing: the table's columns before.
        sent_before: bronze's names of the columns that the batch before this one had.
    """
    types = {column.name: column.data_type for column in existing}
    targets = {target for target in evolution.targets if target is not None}
    variants = {variant.name for _, variant in evolution.varied}
    sent_before = set(sent_before)
    added = [column for column in evolution.added if column.name not in variants]
    gone = [Column(name, types[name]) for name in types if name in sent_before - targets]
    replaced = {was.name for was, _ in evolution.varied}
    return [
        *(f"added {column.name} ({column.data_type})" for column in added),
        *(f"widened {was.name} ({was.data_type} → {now.data_type})" for was, now in evolution.widened),
        *(
            f"retyped {was.name} ({was.data_type} → {variant.data_type}): its values now go to {variant.name}"
            for was, variant in evolution.varied
        ),
        *(
            f"no longer sent: {column.name} ({column.data_type}), NULL from now on"
            for column in gone
            if column.name not in replaced
        ),
        *(f"sent again: {name}" for name in types if name in targets - sent_before),
        *(f"maybe renamed: {old} → {new}" for old, new in _maybe_renamed(gone, added)),
    ]


def _maybe_renamed(gone: Sequence[Column], added: Sequence[Column]) -> list[tuple[str, str]]:
    """Pairs of a column that went and one that came, where they are the only ones of their type."""
    pairs = []
    for data_type in dict.fromkeys(column.data_type for column in gone):
        old = [column.name for column in gone if column.data_type == data_type]
        new = [column.name for column in added if column.data_type == data_type]
        if len(old) == len(new) == 1:
            pairs.append((old[0], new[0]))
    return pairs
