"""Tables that were measured and are not there any more, and days that lost their rows: what stands now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from aidbt.store import Store

# Records of the store, by node: since when its table is gone, and which buckets lost most of their rows.
_MISSING = "monitor_missing"
LOST = "monitor_lost"
# A record of the store: the nodes that are not measured, but whose table was there.
_SEEN = "monitor_seen"


@dataclass(frozen=True, slots=True)
class Missing:
    """A table that is gone.

    Attributes:
        table: as the warehouse called it.
        since: when that was first seen, in UTC.
    """

    table: str
    since: datetime


def note_missing(store: Store, gone: Mapping[str, str], looked_at: Collection[str], *, now: datetime) -> None:
    """Remember which tables are gone; those that are back are forgotten.

    Args:
        gone: unique_id → the table, of the nodes that were measured before.
        looked_at: unique_ids of all that was looked for.

    Raises:
        StoreError: the store cannot be read or written.
    """
    before = {node for node, record in store.all(_MISSING).items() if record.value}
    new = {
        node: {"table": table, "since": now.isoformat()} for node, table in gone.items() if node not in before
    }
    back: dict[str, dict[str, str]] = {node: {} for node in before & set(looked_at) if node not in gone}
    if new or back:
        store.put_all(_MISSING, {**new, **back})


def missing_tables(store: Store) -> dict[str, Missing]:
    """Unique_id → its table that is gone.

    Raises:
        StoreError: the store cannot be read.
    """
    return {
        node: Missing(record.value["table"], datetime.fromisoformat(record.value["since"]))
        for node, record in store.all(_MISSING).items()
        if record.value
    }


def note_seen(store: Store, seen: Collection[str]) -> None:
    """Remember nodes that are not measured and whose table is there, so that it is missed when it goes.

    Raises:
        StoreError: the store cannot be read or written.
    """
    before = seen_tables(store)
    if not before.issuperset(seen):
        store.put(_SEEN, "all", sorted(before.union(seen)))


def seen_tables(store: Store) -> frozenset[str]:
    """The unique_ids that `note_seen` was ever told.

    Raises:
        StoreError: the store cannot be read.
    """
    record = store.get(_SEEN, "all")
    return frozenset(record.value if record is not None else ())


def lost_buckets(store: Store) -> dict[str, tuple[datetime, ...]]:
    """Unique_id → the buckets that have lost most of their rows since they were measured, oldest first.

    Raises:
        StoreError: the store cannot be read.
    """
    found = {node: record.value for node, record in store.all(LOST).items()}
    return {
        node: tuple(sorted(datetime.fromisoformat(start) for start in starts))
        for node, starts in found.items()
        if starts
    }
