"""The messages of pgoutput, PostgreSQL's own output plugin, in version 1 of its protocol and text mode.

Rows (Insert, Update, Delete) are decoded by the column in `columns.py`; the few others are read here one by
one. Layouts: PostgreSQL's documentation, "Logical Replication Message Formats". Integers are big-endian,
strings end in a zero byte.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from aidbt.core.errors import SourceError

BEGIN, COMMIT, ORIGIN, RELATION, TYPE, MESSAGE = b"BCORYM"
INSERT, UPDATE, DELETE, TRUNCATE = b"IUDT"
KINDS = bytes((BEGIN, COMMIT, ORIGIN, RELATION, TYPE, MESSAGE, INSERT, UPDATE, DELETE, TRUNCATE))
NEW_TUPLE, OLD_KEY, OLD_ROW = b"NKO"
NULL, UNCHANGED, TEXT = b"nut"

BEGIN_BYTES = 21  # kind, final LSN, time of the commit, transaction id
COMMIT_BYTES = 26  # kind, flags, LSN of the commit, LSN behind it, time of the commit
EPOCH = 946_684_800_000_000  # 2000-01-01, from which PostgreSQL counts, in microseconds since 1970


@dataclass(frozen=True, slots=True)
class RelationColumn:
    """A published column.

    Attributes:
        is_identity: whether it is part of the replica identity; two columns that differ only in this are
            equal.
    """

    name: str
    type_oid: int
    typmod: int
    is_identity: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Relation:
    """A table as it is for the rows that follow.

    Attributes:
        replica_identity: pg_class.relreplident: d default, n nothing, f full, i index.
    """

    oid: int
    schema: str
    table: str
    replica_identity: str
    columns: tuple[RelationColumn, ...]


def malformed(what: str) -> SourceError:
    """A stream that is not what version 1 of the protocol says."""
    return SourceError(
        f"the replication stream cannot be read: {what}",
        hint="the slot must be one of pgoutput, read with proto_version 1 and without binary or streaming",
    )


def relation(message: bytes) -> Relation:
    """A Relation message.

    Raises:
        SourceError: it is malformed.
    """
    try:
        (oid,) = struct.unpack_from(">I", message, 1)
        schema, at = _string(message, 5)
        table, at = _string(message, at)
        identity, count = struct.unpack_from(">cH", message, at)
        at += 3
        columns = []
        for _ in range(count):
            flags = message[at]
            name, at = _string(message, at + 1)
            type_oid, typmod = struct.unpack_from(">Ii", message, at)
            at += 8
            columns.append(RelationColumn(name, type_oid, typmod, bool(flags & 1)))
        # An empty schema stands for pg_catalog.
        found = Relation(oid, schema or "pg_catalog", table, identity.decode("ascii"), tuple(columns))
    except (struct.error, IndexError, ValueError) as error:
        raise malformed(f"a Relation message of {len(message)} bytes is malformed") from error
    if at != len(message):
        raise malformed(f"a Relation message has {len(message) - at} bytes too many")
    return found


def truncated_relations(message: bytes) -> tuple[int, ...]:
    """The oids of the relations that a Truncate message empties.

    Raises:
        SourceError: it is malformed.
    """
    try:
        count, _options = struct.unpack_from(">IB", message, 1)
        if len(message) != 6 + 4 * count:
            raise malformed(f"a Truncate message of {count} tables has {len(message)} bytes")
        return struct.unpack_from(f">{count}I", message, 6)
    except struct.error as error:
        raise malformed(f"a Truncate message has {len(message)} bytes") from error


def _string(message: bytes, at: int) -> tuple[str, int]:
    """The string that begins at a byte, and where the next thing begins."""
    end = message.index(b"\0", at)
    return message[at:end].decode("utf-8"), end + 1
