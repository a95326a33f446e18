"""What stands in the way of streaming a PostgreSQL schema, or will. Nothing is changed on the server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aidbt.core.errors import SourceError
from aidbt.core.findings import Finding, Severity
from ingestion.cdc.postgres import slots
from ingestion.cdc.postgres.connection import Control, connect, quoted
from ingestion.cdc.postgres.publications import publication_of, read_publications
from ingestion.cdc.postgres.server import check_server, slot_name, wanted_tables
from ingestion.cdc.postgres.slots import Position
from ingestion.cdc.postgres.tables import Table
from ingestion.changes import NOTHING_LANDED, StreamState
from ingestion.connectors.postgres.settings import PostgresSettings
from ingestion.connectors.postgres.url import ServerUrl

_MUCH_BYTES = 1 << 30  # of log that one slot retains

_ROOM = """
select
    pg_catalog.current_setting('max_replication_slots')::int,
    (select count(*) from pg_catalog.pg_replication_slots),
    pg_catalog.current_setting('max_wal_senders')::int,
    (select count(*) from pg_catalog.pg_stat_replication),
    pg_catalog.current_setting('max_slot_wal_keep_size')
"""
_RETAINED = """
select (pg_catalog.pg_current_wal_lsn() - restart_lsn)::bigint from pg_catalog.pg_replication_slots
where slot_name = %s
"""
_RIGHTS = """
select
    c.oid::bigint, pg_catalog.has_table_privilege(c.oid, 'select'),
    pg_catalog.pg_has_role(c.relowner, 'USAGE')
from pg_catalog.pg_class c where c.oid = any (%s::oid[])
"""
_MAY_CREATE = "select pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create')"
_LONG_TRANSACTIONS = """
select pid, extract(epoch from pg_catalog.clock_timestamp() - xact_start)::int
from pg_catalog.pg_stat_activity
where backend_xid is not null and xact_start < pg_catalog.clock_timestamp() - interval '1 minute'
"""


def check_changes(
    settings: PostgresSettings, url: ServerUrl, state: StreamState = NOTHING_LANDED
) -> list[Finding]:
    """What a person should see to before, or while, the schema is streamed; errors first.

    Args:
        state: what has landed, of a stream that nobody reads meanwhile.

    Raises:
        SourceUnavailable: nothing answers, or not now.
        SourceError: it refused the connection.
    """
    assert settings.cdc is not None
    control = Control(url)
    try:
        found = list(_findings(settings, control, state))
    finally:
        control.close()
    order = [Severity.ERROR, Severity.WARN, Severity.INFO]
    return sorted(found, key=lambda finding: order.index(finding.severity))


def _findings(settings: PostgresSettings, control: Control, state: StreamState) -> Iterator[Finding]:
    assert settings.cdc is not None
    try:
        check_server(control)
        tables, _ = wanted_tables(control, settings)
    except SourceError as error:
        if error.retryable:
            raise
        yield _finding("cdc.not_possible", Severity.ERROR, settings.name, _with_hint(error))
        return
    slot = settings.cdc.slot or slot_name(settings.name)
    kept = Position.from_json(state.parts[""]) if "" in state.parts else None
    yield from _replication(settings.name, control, slot, kept)
    yield from _room(settings.name, control, slot)
    yield from _tables(settings.name, control, tables, settings.cdc.publication or slot)
    for pid, seconds in control.rows(_LONG_TRANSACTIONS):
        yield _finding(
            "cdc.long_transaction", Severity.WARN, settings.name,
            f"server process {pid} has been writing in one transaction for {seconds} s; a new snapshot waits "
            "until it ends",
        )  # fmt: skip


def _replication(source: str, control: Control, name: str, kept: Position | None) -> Iterator[Finding]:
    """Whether the server's log can be read, and still goes on behind what is kept."""
    try:
        connection = connect(control.url, replication=True)
    except SourceError as error:
        if error.retryable:
            raise
        yield _finding("cdc.no_right_to_replicate", Severity.ERROR, source, _with_hint(error))
        return
    slot = slots.find_slot(control, name)
    try:
        if kept is not None and kept.lsn is not None and not (slot is not None and slot.wal_status == "lost"):
            slots.check_system(kept, slots.identify(connection, control.url), connection, control.url)
            slots.check_slot(slot, kept, name, control.url, source)
    except SourceError as error:
        if error.retryable:
            raise
        yield _finding("cdc.cannot_go_on", Severity.ERROR, source, _with_hint(error))
    finally:
        connection.close()


def _room(source: str, control: Control, name: str) -> Iterator[Finding]:
    """The slot: whether there is one or could be, and what it retains."""
    ((max_slots, used_slots, max_senders, used_senders, keep),) = control.rows(_ROOM)
    slot = slots.find_slot(control, name)
    if used_slots >= max_slots:
        yield _finding(
            "cdc.no_slot_left",
            Severity.ERROR if slot is None else Severity.WARN,
            source,
            f"all {max_slots} replication slots of the server are taken; streaming needs one, and one more "
            "while a snapshot is taken: drop one that nobody needs, or raise max_replication_slots",
        )
    if used_senders >= max_senders:
        yield _finding(
            "cdc.no_sender_left", Severity.ERROR, source,
            f"all {max_senders} WAL senders of the server are in use: raise max_wal_senders",
        )  # fmt: skip
    if slot is not None and slot.wal_status == "lost":
        yield _finding(
            "cdc.slot_lost", Severity.ERROR, source,
            f"the server has removed changes that the replication slot {name} had not sent; "
            f"{slots.start_anew(source)}",
        )  # fmt: skip
    elif slot is not None:
        retained = int(control.rows(_RETAINED, (name,))[0][0] or 0)
        if retained >= _MUCH_BYTES or slot.wal_status == "unreserved":
            yield _finding(
                "cdc.slot_retains_log", Severity.WARN, source,
                f"the replication slot {name} makes the server keep {retained >> 20:,} MiB of its log"
                + (", and will be given up soon" if slot.wal_status == "unreserved" else "")
                + f": run 'aidbt ingest cdc {source}', or drop the slot if nobody needs it",
                retained_bytes=str(retained),
            )  # fmt: skip
    if keep == "-1":
        yield _finding(
            "cdc.log_without_limit", Severity.INFO, source,
            "max_slot_wal_keep_size is not set: while the stream stands still, the server keeps its log "
            "until its disk is full",
        )  # fmt: skip


def _tables(source: str, control: Control, tables: Sequence[Table], name: str) -> Iterator[Finding]:
    rights = {oid: (may_read, is_owner) for oid, may_read, is_owner in control.rows(
        _RIGHTS, ([table.oid for table in tables],)
    )}  # fmt: skip
    publications, members = read_publications(
        control, sorted({publication_of(t, name) for t in tables} | {name})
    )
    may_create = bool(control.rows(_MAY_CREATE)[0][0])
    for table in tables:
        where = f"{source}: {table}"
        may_read, is_owner = rights[table.oid]
        if not may_read:
            yield _finding(
                "cdc.may_not_read", Severity.ERROR, where,
                f"{table} may not be read by '{control.url.user}': GRANT SELECT ON "
                f"{quoted(table.schema)}.{quoted(table.name)} TO {quoted(control.url.user)};",
            )  # fmt: skip
        its_publication = publication_of(table, name)
        member = members.get((its_publication, table.schema, table.name))
        known = publications.get(its_publication)
        if member is None and not (is_owner and (known.is_ours if known else may_create)):
            yield _finding(
                "cdc.not_published", Severity.ERROR, where,
                f"{table} is not in the publication {its_publication}, and '{control.url.user}' may not put "
                "it there: 'aidbt ingest cdc' says what its owner has to run",
            )  # fmt: skip
        yield from _keys(where, table, (name, table.schema, table.name) in members)
        unsent = [column for column in table.generated if member and column not in (member.columns or ())]
        if unsent:
            yield _finding(
                "cdc.generated_columns", Severity.INFO, where,
                f"{table}: generated columns are not streamed: {', '.join(unsent)}",
            )  # fmt: skip
        if table.kind == "p":
            yield _finding(
                "cdc.partitions", Severity.INFO, where,
                f"{table} is partitioned: when a partition is truncated, dropped or detached, the server "
                f"sends nothing; then 'aidbt ingest cdc {source} --snapshot {table.name}' reads it anew",
            )  # fmt: skip


def _keys(where: str, table: Table, sends_updates: bool) -> Iterator[Finding]:
    if table.key:
        return
    if sends_updates:
        yield _finding(
            "cdc.updates_fail", Severity.ERROR, where,
            f"{table} has no key, but its publication sends updates: the server refuses every UPDATE and "
            "DELETE on it; give it a primary key, or take it out of the publication",
        )  # fmt: skip
    yield _finding(
        "cdc.no_key", Severity.WARN, where,
        f"{table} has no primary key (or REPLICA IDENTITY NOTHING): only inserts and truncates are "
        "streamed, updates and deletes are not seen",
    )  # fmt: skip


def _with_hint(error: SourceError) -> str:
    return f"{error.message}: {error.hint}" if error.hint else error.message


def _finding(code: str, severity: Severity, where: str, message: str, **evidence: str) -> Finding:
    return Finding(code, severity, where, message, evidence)
