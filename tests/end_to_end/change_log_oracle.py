"""The latest rows and the histories of a change log, event by event in plain Python. Free of pytest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """One row of a change log.

    Attributes:
        key: the values of the key; () of a truncate.
        values: of the other columns, by name; None of a column in `unchanged`.
        at: the second at which the source committed it.
        batch: the number of the batch it came in.
    """

    key: tuple[Any, ...]
    op: str
    position: int
    sequence: int
    values: Mapping[str, Any]
    unchanged: tuple[str, ...] | None = None
    at: int = 0
    batch: int = 0

    @property
    def place(self) -> tuple[int, int]:
        return self.position, self.sequence

    @property
    def is_deleted(self) -> bool:
        return self.op in ("d", "t")


@dataclass(frozen=True)
class Version:
    """What a key's row was, from the event that made it so.

    Attributes:
        batch: the last one that brought anything about the key; of a version that another follows, the one
            that began or ended it, whichever is later.
        valid_to: None while it is valid.
    """

    key: tuple[Any, ...]
    event: Event
    values: Mapping[str, Any]
    batch: int
    valid_to: int | None = None

    @property
    def is_current(self) -> bool:
        return self.valid_to is None


def latest_rows(events: Sequence[Event]) -> dict[tuple[Any, ...], Version]:
    """The newest row of every key that ever was, deleted ones included."""
    truncate = max((event for event in events if event.op == "t"), key=_newest, default=None)
    rows = {}
    for key, own in _by_key(events):
        batch = max(event.batch for event in own)
        if truncate is not None:
            own = [event for event in own if event.place > truncate.place]
        if own:
            (*_, (newest, values)) = _states(own)
        else:
            assert truncate is not None
            newest, values, batch = truncate, {}, max(batch, truncate.batch)
        rows[key] = Version(key, newest, values, batch)
    return rows


def histories(events: Sequence[Event]) -> list[Version]:
    """Every version of every key, deletions as versions that are valid at no time."""
    truncates = [event for event in events if event.op == "t"]
    return [
        version
        for key, own in _by_key(events)
        for version in _versions(key, [*own, *(t for t in truncates if _matters(t, own))])
    ]


def _matters(truncate: Event, own: Sequence[Event]) -> bool:
    """Whether the key was there before: one in front of a snapshot (sequence -1) is before its rows."""
    first = min(event.position for event in own)
    return first < truncate.position or (first == truncate.position and truncate.sequence > 0)


def _versions(key: tuple[Any, ...], events: Sequence[Event]) -> Iterator[Version]:
    version = None
    for _, same_position in groupby(_states(events), key=lambda state: state[0].position):
        *_, (event, values) = same_position
        batch = max(other.batch for other in events if other.place == event.place)
        if version is None or (version.event.is_deleted, version.values) != (event.is_deleted, values):
            if version is not None:
                yield _ended(version, event.at, batch)
            version = Version(key, event, values, batch)
    if version is not None:
        yield _ended(version, None, max(event.batch for event in events))


def _ended(version: Version, at: int | None, batch: int) -> Version:
    valid_to = version.event.at if version.event.is_deleted else at
    return replace(version, valid_to=valid_to, batch=max(version.batch, batch))


def _states(events: Iterable[Event]) -> Iterator[tuple[Event, Row]]:
    """Each event once, in the order of the source, with the whole row behind it."""
    row: Row = {}
    for _, duplicates in groupby(
        sorted(events, key=lambda event: event.place), key=lambda event: event.place
    ):
        event = next(duplicates)
        left_out = event.unchanged or ()
        row = {name: row.get(name) if name in left_out else value for name, value in event.values.items()}
        yield event, row


def _by_key(events: Sequence[Event]) -> list[tuple[tuple[Any, ...], list[Event]]]:
    keys = dict.fromkeys(event.key for event in events if event.op != "t")
    return [(key, [event for event in events if event.key == key and event.op != "t"]) for key in keys]


def _newest(event: Event) -> tuple[tuple[int, int], int]:
    return event.place, event.batch
