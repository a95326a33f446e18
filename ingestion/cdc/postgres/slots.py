"""The replication slot: which there is, and whether it still stands where our warehouse does."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg2 import extensions, sql

from aidbt.core.errors import SourceError
from ingestion.cdc.postgres.connection import Control, translated
from ingestion.connectors.postgres.url import ServerUrl

_SLOT = """
select
    slot_type::text, plugin::text, database::text, temporary, active_pid, wal_status::text,
    (confirmed_flush_lsn - '0/0')::bigint, (restart_lsn - '0/0')::bigint
from pg_catalog.pg_replication_slots where slot_name = %s
"""
_DROP = "select pg_catalog.pg_drop_replication_slot(%s)"
_USER_OF = "select coalesce(nullif(application_name, ''), usename::text) from pg_stat_activity where pid = %s"

_PATIENCE_S = 10.0  # for a consumer that is gone, but whose end the server has not seen yet
_SWITCH = re.compile(r"^\s*(?P<timeline>\d+)\s+(?P<lsn>[0-9A-Fa-f]+/[0-9A-Fa-f]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class System:
    """Which server it is (IDENTIFY_SYSTEM).

    Attributes:
        identifier: made by initdb; the same on its standbys and in its backups.
        timeline: counts up when a standby is promoted or a backup is recovered.
        lsn: the end of its log now.
    """

    identifier: str
    timeline: int
    lsn: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A row of pg_replication_slots."""

    name: str
    kind: str
    plugin: str | None
    database: str | None
    is_temporary: bool
    active_pid: int | None
    wal_status: str | None
    confirmed_lsn: int | None
    restart_lsn: int | None


@dataclass(frozen=True, slots=True)
class Position:
    """Where the stream stands: what is kept under the part "".

    Attributes:
        lsn: behind the last commit that has landed; None while the slot is being made.
    """

    lsn: int | None
    system: str
    timeline: int
    slot: str

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Position:
        """What was kept."""
        return cls(value["lsn"], value["system"], value["timeline"], value["slot"])

    def to_json(self) -> dict[str, Any]:
        """What is kept."""
        return {"lsn": self.lsn, "system": self.system, "timeline": self.timeline, "slot": self.slot}


@dataclass(frozen=True, slots=True)
class NewSlot:
    """A slot with the snapshot of all that its stream leaves out.

    Attributes:
        lsn: commits below it are in the snapshot, all others in the stream.
        snapshot: can be read under as long as nothing else is done on the connection.
    """

    lsn: int
    snapshot: str
    connection: extensions.connection


def lsn_of(text: str) -> int:
    """16/B374D848 as a number."""
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) | int(low, 16)


def shown(lsn: int | None) -> str:
    """A number as 16/B374D848."""
    return "nowhere" if lsn is None else f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


def identify(connection: extensions.connection, url: ServerUrl) -> System:
    """Which server a replication connection leads to."""
    with translated(url, "the server"), connection.cursor() as cursor:
        cursor.execute("IDENTIFY_SYSTEM")
        identifier, timeline, lsn, _ = cursor.fetchone()
    return System(identifier, int(timeline), lsn_of(lsn))


def find_slot(control: Control, name: str) -> Slot | None:
    """The slot of this name, if there is one."""
    found = control.rows(_SLOT, (name,), what="the replication slots")
    return Slot(name, *found[0]) if found else None


def drop_slot(control: Control, name: str) -> None:
    """Drop a slot that nobody reads, if there is one.

    Raises:
        SourceError: somebody reads it.
    """
    if wait_until_free(control, name) is not None:
        control.rows(_DROP, (name,), what=f"the replication slot {name}")


def wait_until_free(control: Control, name: str) -> Slot | None:
    """The slot, if there is one; the server needs a moment to see that a consumer was killed.

    Raises:
        SourceError: somebody else reads it.
    """
    until = time.monotonic() + _PATIENCE_S
    while (slot := find_slot(control, name)) is not None and slot.active_pid is not None:
        if time.monotonic() > until:
            user = control.rows(_USER_OF, (slot.active_pid,))
            who = f" ({user[0][0]})" if user else ""
            raise SourceError(
                f"the replication slot {name} is read by somebody else: server process "
                f"{slot.active_pid}{who}",
                hint="one slot feeds one warehouse: stop the other consumer, or name another slot under "
                "cdc: slot in the connector's file",
            )
        time.sleep(0.1)
    return slot


def check_slot(slot: Slot | None, kept: Position, name: str, url: ServerUrl, source: str) -> None:
    """Check that the stream can go on in a slot from what is kept.

    Args:
        name: of the slot that the settings say.

    Raises:
        SourceError: changes that have not landed are gone, or may be; or the slot is another thing.
    """
    anew = start_anew(source)
    if kept.slot != name:
        raise SourceError(
            f"what has landed came through the replication slot {kept.slot}, the settings say {name}; a slot "
            "holds only what it has been there for",
            hint=f"name {kept.slot} under cdc: slot in the connector's file; or {anew}",
        )
    if slot is None:
        raise SourceError(
            f"the replication slot {kept.slot} is gone: it was dropped, or the server was replaced; changes "
            f"since {shown(kept.lsn)} are lost",
            hint=anew,
        )
    if (slot.kind, slot.plugin) != ("logical", "pgoutput"):
        raise SourceError(
            f"the replication slot {slot.name} is a {slot.kind} one of {slot.plugin or 'no plugin'}, not one "
            "of pgoutput",
            hint="name another slot under cdc: slot in the connector's file",
        )
    if url.database and slot.database != url.database:
        raise SourceError(
            f"the replication slot {slot.name} belongs to the database {slot.database}",
            hint="slots belong to one database: name another slot under cdc: slot in the connector's file",
        )
    if slot.wal_status == "lost" or slot.confirmed_lsn is None:
        raise SourceError(
            f"the server has removed changes that the replication slot {slot.name} had not sent yet "
            f"(since {shown(kept.lsn)}): they took more than max_slot_wal_keep_size, or the slot was idle "
            "for too long",
            hint=f"raise max_slot_wal_keep_size; {anew}",
        )
    assert kept.lsn is not None
    if slot.confirmed_lsn > kept.lsn:
        raise SourceError(
            f"the replication slot {slot.name} stands at {shown(slot.confirmed_lsn)}, beyond what has landed "
            f"({shown(kept.lsn)}): it was advanced or made again by somebody else, or the warehouse was "
            "restored from a copy; the changes between are lost",
            hint=f"if another warehouse reads it, first name a slot of your own under cdc: slot; {anew}",
        )


def check_system(kept: Position, now: System, connection: extensions.connection, url: ServerUrl) -> None:
    """Check that the server's log is the one that was read before, and still holds what has landed.

    Raises:
        SourceError: it is another server, or it has forgotten what has landed.
    """
    where = f"the server behind {url.shown}"
    hint = (
        "if it is right that it is this server: give the source another bronze_schema, drop the slot "
        f"{kept.slot}, and stream again; positions of two logs cannot be compared"
    )
    if kept.system != now.identifier:
        raise SourceError(
            f"{where} is another one than before: its system identifier is {now.identifier}, that of what "
            f"has landed is {kept.system}",
            hint=hint,
        )
    assert kept.lsn is not None
    if kept.timeline != now.timeline and _left_at(connection, url, kept.timeline, now.timeline) < kept.lsn:
        raise SourceError(
            f"{where} was promoted or recovered from a backup (timeline {now.timeline}, before "
            f"{kept.timeline}), and lacks changes that have landed already ({shown(kept.lsn)})",
            hint=hint,
        )
    if now.lsn < kept.lsn:
        raise SourceError(
            f"{where} was restored from a backup: its log ends at {shown(now.lsn)}, before what has landed "
            f"({shown(kept.lsn)})",
            hint=hint,
        )


def start_anew(source: str) -> str:
    """What to do when the stream cannot be followed any more."""
    return (
        f"take all tables anew: aidbt ingest cdc {source} --snapshot '*' (it makes the slot again; rows that "
        "are in bronze stay there as history)"
    )


def _left_at(connection: extensions.connection, url: ServerUrl, old: int, new: int) -> int:
    """Where the server's log left an old timeline; 0 when it has never been on it."""
    if new < old:
        return 0
    command = sql.SQL("TIMELINE_HISTORY {}").format(sql.Literal(new))
    with translated(url, "the server's timelines"), connection.cursor() as cursor:
        cursor.execute(command)
        content = bytes(cursor.fetchone()[1])
    switches = {int(m["timeline"]): m["lsn"] for m in _SWITCH.finditer(content.decode("utf-8", "replace"))}
    return lsn_of(switches[old]) if old in switches else 0
