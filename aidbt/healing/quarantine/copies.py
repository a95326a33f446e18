"""Which of several rows with the same key stays: a pure decision over the rows themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aidbt.core.types import type_family
from aidbt.project.conventions import LOADER_COLUMNS
from aidbt.warehouse.profiling import is_load_time
from aidbt.warehouse.words import words_of

_UPDATED = frozenset(("updated", "modified", "changed", "version", "revision"))
_LOADING = frozenset(("batch", "etl", "ingest", "ingested", "ingestion", "loaded", "synced", "extracted"))
_CREATED = frozenset(("created", "ordered", "placed", "born", "registered", "joined", "signup", "opened"))
_MANY = 3  # columns; versions of one thing rarely differ in as many, and in most of all
_ORDERED = ("timestamp", "date", "integer")


@dataclass(frozen=True, slots=True)
class Order:
    """By what the rows of a key are put in order; the first one stays.

    Attributes:
        newest: the column whose largest value stays; "" where all copies are the same.
        earliest: columns a loader wrote, whose smallest values stay.
        keys: how many keys stand there more than once.
    """

    newest: str = ""
    earliest: tuple[str, ...] = ()
    keys: int = 0


def is_loaders(name: str, declared: str = "") -> bool:
    """Whether a column says how a row was loaded, and not what it says."""
    own = declared.strip('"`').casefold()
    if is_load_time(name) or LOADER_COLUMNS.match(name) is not None or name.casefold() == own:
        return True
    return name.startswith("_") or not _LOADING.isdisjoint(words_of(name))


def order_of(
    rows: Sequence[tuple[Any, ...]], names: Sequence[str], types: Mapping[str, str], *, loaded_at: str = ""
) -> Order | str:
    """What puts the rows of each key in order, or in a sentence why nothing does.

    Args:
        rows: of keys that stand there more than once; the key first, then the columns as in `names`.
        loaded_at: the column that is declared to say when a row was loaded.

    Example:
        >>> order_of([(1, 1, "a"), (1, 1, "a")], ["id", "x"], {})
        Order(newest='', earliest=(), keys=1)
    """
    groups: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for key, *values in rows:
        groups[repr(key)].append(dict(zip(names, values, strict=True)))
    loaders = [name for name in names if is_loaders(name, loaded_at)]
    said = [name for name in names if name not in loaders]
    earliest = [
        name for name in loaders if _orders(groups, name) and type_family(types.get(name, "")) in _ORDERED
    ]
    differing = {key: group for key, group in groups.items() if len(_said(group, said)) > 1}
    if not differing:
        return Order("", tuple(earliest), len(groups))
    why = _other_thing(differing, said, types)
    if why:
        return why
    candidates = [name for name in said if _is_update(name, types) and _tells_newest(differing, name, said)]
    if len(candidates) == 1:
        return Order(candidates[0], tuple(earliest), len(groups))
    first = next(iter(differing.values()))
    other = [name for name in said if len({repr(row[name]) for row in first}) > 1]
    told = f"{len(differing):,} of {len(groups):,} keys have rows that differ, e.g. in {', '.join(other[:3])}"
    if candidates:
        return f"{told}; {' and '.join(candidates)} both say which is newer"
    return f"{told}, and no column says which is newer"


def _other_thing(
    groups: Mapping[str, list[dict[str, Any]]], said: Sequence[str], types: Mapping[str, str]
) -> str:
    """Why the rows of a key may be no versions of one thing: a key that was used again. "" for no reason."""
    for group in groups.values():
        differ = [name for name in said if len({repr(row[name]) for row in group}) > 1]
        differ = [name for name in differ if not _is_update(name, types)]
        created = next((name for name in differ if not _CREATED.isdisjoint(words_of(name))), "")
        if created:
            return f"rows of the same key differ in {created}: they may be two things"
        if len(differ) >= _MANY and 2 * len(differ) > len(said):
            return f"rows of the same key differ in {', '.join(differ[:3])} and more: they may be two things"
    return ""


def _orders(groups: Mapping[str, list[dict[str, Any]]], name: str) -> bool:
    """Whether a column differs within any key."""
    return any(len({repr(row[name]) for row in group}) > 1 for group in groups.values())


def _said(group: list[dict[str, Any]], said: Sequence[str]) -> set[str]:
    return {repr([row[name] for name in said]) for row in group}


def _is_update(name: str, types: Mapping[str, str]) -> bool:
    return type_family(types.get(name, "")) in _ORDERED and not _UPDATED.isdisjoint(words_of(name))


def _tells_newest(groups: Mapping[str, list[dict[str, Any]]], name: str, said: Sequence[str]) -> bool:
    """Whether in each key the largest value stands in one row, or in copies of one."""
    for group in groups.values():
        values = [row[name] for row in group]
        if any(value is None for value in values):
            return False
        newest = [row for row in group if row[name] == max(values)]
        if len(_said(newest, said)) > 1 or len(newest) == len(group):
            return False
    return True
