"""What stands in the way of streaming a PostgreSQL schema, or will. Nothing is changed on the server."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from aidbt.core.errors import SourceError
from aidbt.core.findings import Finding, Severity
from ingestion.cdc.postgres import slots
from ingestion.cdc.postgres.connection import Control, connect, quoted
from ingestion.cdc.postgres.mark import Mark
from ingestion.cdc.postgres.marks import TABLE_PART
from ingestion.cdc.postgres.publications import (
    Member,
    check_member,
    check_publication,
    read_publications,
)
from ingestion.cdc.postgres.server import check_server, slot_name
from ingestion.cdc.postgres.slots import Position
from ingestion.cdc.postgres.streamed import StreamedTables
from ingestion.cdc.postgres.tables import Table, published
from ingestion.changes import NOTHING_LANDED, StreamState
from ingestion.connectors.postgres.catalog import RIGHTS
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
_MAY_CREATE = "select pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create')"
_LONG_TRANSACTIONS = """
select 'server process ' || pid, extract(epoch from pg_catalog.clock_timestamp() - xact_start)::int
from pg_catalog.pg_stat_activity
where backend_xid is not null and xact_start < pg_catalog.clock_timestamp() - interval '1 minute'
union all
select 'the prepared transaction ' || gid, extract(epoch from pg_catalog.clock_timestamp() - prepared)::int
from pg_catalog.pg_prepared_xacts where prepared < pg_catalog.clock_timestamp() - interval '1 minute'
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
    slot = settings.cdc.slot or slot_name(settings.name)
    try:
        check_server(control)
        streamed = StreamedTables(control, settings, settings.cdc.publication or slot)
    except SourceError as error:
        if error.retryable:
            raise
        yield _finding("cdc.not_possible", Severity.ERROR, settings.name, _with_hint(error))
        return
    kept = Position.from_json(state.parts[""]) if "" in state.parts else None
    yield from _replication(settings.name, control, slot, kept)
    yield from _room(settings.name, control, slot)
    yield from _publications(settings.name, control, streamed)
    yield from _tables(settings.name, control, streamed, _perhaps_landed(control, slot, streamed, state))
    for who, seconds in control.rows(_LONG_TRANSACTIONS):
        yield _finding(
            "cdc.long_transaction", Severity.WARN, settings.name,
            f"{who} has not ended for {seconds} s, and has written; a new snapshot waits until it does",
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


def _perhaps_landed(control: Control, slot: str, streamed: StreamedTables, state: StreamState) -> set[str]:
    """The tables that have landed; all of them while somebody reads, and `state` says too little."""
    found = slots.find_slot(control, slot)
    if found is not None and found.active_pid is not None:
        return {str(table) for table in streamed.tables}
    marks = {str(table): state.parts.get(f"{TABLE_PART}{table}") for table in streamed.tables}
    return {name for name, mark in marks.items() if mark and Mark.from_json(mark).snapshot is not None}


def _publications(source: str, control: Control, streamed: StreamedTables) -> Iterator[Finding]:
    """Whether those that exist send all changes of the tables."""
    by_name: dict[str, list[Table]] = {}
    for table in streamed.tables:
        by_name.setdefault(streamed.publication_of(table), []).append(table)
    publications, members = read_publications(control, sorted(by_name))
    for name, tables in by_name.items():
        try:
            if name in publications:
                check_publication(publications[name], tables, needs_updates=name == streamed.publication)
            for table in tables:
                member = members.get((name, table.schema, table.name))
                if member is not None:
                    check_member(member, name, table)
        except SourceError as error:
            yield _finding("cdc.publication", Severity.ERROR, source, _with_hint(error))


def _tables(
    source: str, control: Control, streamed: StreamedTables, landed: Collection[str]
) -> Iterator[Finding]:
    rights = {oid: row for oid, *row in control.rows(RIGHTS)}
    names = {streamed.publication_of(table) for table in streamed.tables} | {streamed.publication}
    publications, members = read_publications(control, sorted(names))
    may_create = bool(control.rows(_MAY_CREATE)[0][0])
    for table in streamed.tables:
        where = f"{source}: {table}"
        if table.oid not in rights:  # it was dropped just now
            continue
        may_read, hides_rows, is_ours = rights[table.oid]
        its_publication = streamed.publication_of(table)
        member = members.get((its_publication, table.schema, table.name))
        known = publications.get(its_publication)
        yield from _reading(where, control.url.user, table, may_read=may_read, hides_rows=hides_rows)
        if member is None and not (is_ours and (known.is_ours if known else may_create)):
            yield _finding(
                "cdc.not_published", Severity.ERROR, where,
                f"it is not in the publication {its_publication}, and '{control.url.user}' may not put "
                "it there: 'aidbt ingest cdc' says what its owner has to run",
            )  # fmt: skip
        yield from _keys(where, table, (streamed.publication, table.schema, table.name) in members)
        yield from _columns(where, streamed, table, member, has_landed=str(table) in landed)
        if table.kind == "p":
            yield _finding(
                "cdc.partitions", Severity.INFO, where,
                f"it is partitioned: when a partition is truncated, dropped or detached, the server "
                f"sends nothing; then 'aidbt ingest cdc {source} --snapshot {table.name}' reads it anew",
            )  # fmt: skip


def _reading(where: str, user: str, table: Table, *, may_read: bool, hides_rows: bool) -> Iterator[Finding]:
    """Whether a snapshot can be read."""
    if not may_read:
        yield _finding(
            "cdc.may_not_read", Severity.ERROR, where,
            f"it may not be read by '{user}': GRANT SELECT ON "
            f"{quoted(table.schema)}.{quoted(table.name)} TO {quoted(user)};",
        )  # fmt: skip
    if hides_rows:
        yield _finding(
            "cdc.rows_hidden", Severity.ERROR, where,
            f"row-level security would hide rows of {table} from '{user}', so no snapshot of it can be read "
            f"(the stream sends all of them): ALTER ROLE {quoted(user)} BYPASSRLS;",
        )  # fmt: skip


def _columns(
    where: str, streamed: StreamedTables, table: Table, member: Member | None, *, has_landed: bool
) -> Iterator[Finding]:
    """Columns that do not land, or not as what they are."""
    listed = member.columns if member else None
    sent = published(table.columns, table.generated, listed)
    unsent = [column for column in table.generated if column not in sent]
    if unsent:
        yield _finding(
            "cdc.generated_columns", Severity.INFO, where,
            f"generated columns are not streamed: {', '.join(unsent)}",
        )  # fmt: skip
    columns = [column for column in table.columns if column.name in sent]
    for column, of_type in streamed.unknown_types(table.name, columns).items():
        effect = "it lands as PostgreSQL's text" if has_landed else "it does not land"
        yield _finding(
            "cdc.unknown_type", Severity.WARN if has_landed else Severity.ERROR, where,
            f"{column} has the type {of_type}, which is not known here, and {effect}; name "
            f"'{table.name}.{column}' under as_text if it should be text",
        )  # fmt: skip


def _keys(where: str, table: Table, sends_updates: bool) -> Iterator[Finding]:
    if table.key:
        return
    if sends_updates:
        yield _finding(
            "cdc.updates_fail", Severity.ERROR, where,
            "it has no key, but its publication sends updates: the server refuses every UPDATE and "
            "DELETE on it; give it a primary key, or take it out of the publication",
        )  # fmt: skip
    yield _finding(
        "cdc.no_key", Severity.WARN, where,
        "it has no primary key (or REPLICA IDENTITY NOTHING): only inserts and truncates are "
        "streamed, updates and deletes are not seen",
    )  # fmt: skip


def _with_hint(error: SourceError) -> str:
    return f"{error.message}: {error.hint}" if error.hint else error.message


def _finding(code: str, severity: Severity, where: str, message: str, **evidence: str) -> Finding:
    return Finding(code, severity, where, message, evidence)
