"""The audit of healing: who did what to what, each entry holding the digest of the one before it.

Entries are only ever added. Whoever changes, removes or inserts one breaks the chain behind it; whoever cuts
its end off is found out by an export that was kept elsewhere (`checked`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from aidbt.core.errors import StoreError
from aidbt.store.db import Store

_LOCK = "heal audit"
_FIRST = "0" * 64  # what the first entry holds in place of a digest


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done.

    Attributes:
        number: from 1, without gaps.
        at: UTC, ISO 8601.
        who: a person or process, e.g. "ana@example.com" or "aidbt (host, process 12)".
        what: a verb, e.g. "planned", "paused".
        subject: what it was done to, e.g. "HEAL-3".
        before, after: what it was and what it became, short.
        evidence: digest of what the decision rests on; "" for none.
        previous: digest of the entry before.
        digest: of all the other fields.
    """

    number: int
    at: str
    who: str
    what: str
    subject: str
    before: str = ""
    after: str = ""
    evidence: str = ""
    previous: str = _FIRST
    digest: str = ""


def add_entry(
    store: Store,
    connection: Connection,
    *,
    who: str,
    what: str,
    subject: str,
    before: str = "",
    after: str = "",
    evidence: str = "",
) -> Entry:
    """Add an entry in a transaction that is open, so that it stands exactly when what it tells of does."""
    store.lock(connection, _LOCK)
    last = connection.execute(_LAST).first()
    at = datetime.fromtimestamp(store.now(connection), UTC).isoformat(timespec="microseconds")
    number, previous = (last.number + 1, last.digest) if last is not None else (1, _FIRST)
    made = Entry(number, at, who, what, subject, before, after, evidence, previous)
    entry = replace(made, digest=digest_of(made))
    connection.execute(_ADD, asdict(entry))
    return entry


class Audit:
    """The audit of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, *, who: str, what: str, subject: str, **facts: str) -> Entry:
        """Add an entry that stands for itself; `facts` are before, after and evidence.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._store.transaction() as connection:
            return add_entry(self._store, connection, who=who, what=what, subject=subject, **facts)

    def entries(self, *, after: int = 0) -> tuple[Entry, ...]:
        """The entries with a higher number, oldest first.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._store.transaction() as connection:
            return tuple(_entry(row) for row in connection.execute(_AFTER, {"number": after}))


def digest_of(entry: Entry) -> str:
    """SHA-256 of an entry without its digest, as 64 hexadecimal digits."""
    fields = {name: value for name, value in asdict(entry).items() if name != "digest"}
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def broken(entries: Sequence[Entry], *, known: Sequence[Entry] = ()) -> str:
    """What is wrong with a whole chain, in a sentence; "" when it is as it was written.

    Args:
        known: entries that were exported before; all of them must still be there.
    """
    previous = _FIRST
    for number, entry in enumerate(entries, 1):
        if entry.number != number:
            return f"entry {number} is missing"
        if entry.previous != previous:
            return f"entry {number} does not follow the one before it: one was changed, removed or inserted"
        if entry.digest != digest_of(entry):
            return f"entry {number} was changed after it was written"
        previous = entry.digest
    if len(known) > len(entries):
        return f"entries {len(entries) + 1} to {len(known)} were exported and are gone"
    for entry, exported in zip(entries, known, strict=False):
        if entry != exported:
            return f"entry {entry.number} is another than the one that was exported"
    return ""


def to_lines(entries: Iterable[Entry]) -> str:
    """Entries as JSON, one to a line."""
    return "".join(json.dumps(asdict(entry), ensure_ascii=False) + "\n" for entry in entries)


def from_lines(content: str) -> tuple[Entry, ...]:
    """The entries of `to_lines`.

    Raises:
        StoreError: a line is no entry.
    """
    found = []
    for number, line in enumerate(content.splitlines(), 1):
        try:
            found.append(Entry(**json.loads(line)))
        except (ValueError, TypeError) as error:
            raise StoreError(
                f"line {number} is no entry of an audit", hint="export to a new file, and keep the old one"
            ) from error
    return tuple(found)


def _entry(row: Row[Any]) -> Entry:
    return Entry(**row._mapping)


_LAST = text("select number, digest from heal_audit order by number desc limit 1")
_AFTER = text(
    "select number, at, who, what, subject, before, after, evidence, previous, digest"
    " from heal_audit where number > :number order by number"
)
_ADD = text(
    "insert into heal_audit (number, at, who, what, subject, before, after, evidence, previous, digest)"
    " values (:number, :at, :who, :what, :subject, :before, :after, :evidence, :previous, :digest)"
)
