"""What a server has to be for its changes to be streamed, and which of its tables are meant."""

from __future__ import annotations

import re

from aidbt.core.errors import SourceError, nearest
from aidbt.core.schema import Relation
from ingestion.cdc.postgres.connection import Control
from ingestion.cdc.postgres.tables import Table, read_tables
from ingestion.connectors.postgres.settings import PostgresSettings
from ingestion.discovery import chosen

OLDEST_VERSION = 14  # the first whose pgoutput sends logical messages, by which the stream finds its way

_SCHEMAS = """
select nspname::text from pg_catalog.pg_namespace
where nspname !~ '^pg_' and nspname <> 'information_schema' order by 1
"""
_STATE = "select pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('wal_level')"
_NOT_IN_A_SLOT = re.compile(r"[^a-z0-9_]+")
_STREAMABLE = ("r", "p")


def slot_name(source: str) -> str:
    """The slot of a source whose settings name none."""
    return f"aidbt_{_NOT_IN_A_SLOT.sub('_', source.lower())}"[:63]


def check_server(control: Control) -> None:
    """Check that the server can send its changes.

    Raises:
        SourceError: it is a standby, too old, or writes too little into its log.
    """
    where = control.url.shown
    if control.server_version < OLDEST_VERSION * 1_00_00:
        raise SourceError(
            f"{where} is PostgreSQL {control.server_version // 1_00_00}; changes can be streamed from "
            f"version {OLDEST_VERSION} on",
            hint="upgrade the server, or load the tables with 'aidbt ingest run'",
        )
    ((is_standby, wal_level),) = control.rows(_STATE)
    if is_standby:
        raise SourceError(
            f"{where} is a standby; changes are streamed from the primary",
            hint="put the primary into the url",
        )
    if wal_level != "logical":
        raise SourceError(
            f"{where} has wal_level = {wal_level}, which leaves out what streaming needs",
            hint="ALTER SYSTEM SET wal_level = 'logical'; and restart the server",
        )


def wanted_tables(control: Control, settings: PostgresSettings) -> tuple[list[Table], dict[str, str]]:
    """The tables to stream, and the name in bronze of each (by its name), as a full load would choose it.

    Raises:
        SourceError: there is no such schema or table, or one cannot be streamed.
    """
    assert settings.cdc is not None
    tables = {table.name: table for table in read_tables(control, settings.schema)}
    if not tables:
        _check_schema(control, settings.schema)
    relations = [
        Relation(
            schema=table.schema, name=table.name, columns=(),
            kind="table" if table.kind in _STREAMABLE else "view",
        )
        for table in tables.values()
    ]  # fmt: skip
    landed = {relation.name: name for relation, name in chosen(relations, settings.tables)}
    allowed = [relation for relation in relations if relation.name in landed]
    wanted = [tables[relation.name] for relation, _ in chosen(allowed, settings.cdc.tables)]
    named = {*(settings.cdc.tables or ()), *(settings.tables or ())}
    for table in wanted:
        if table.name in named and (table.kind not in _STREAMABLE or table.persistence != "p"):
            what = "is unlogged" if table.kind in _STREAMABLE else "is a view or a foreign table"
            raise SourceError(
                f"{table} {what}; the server's log holds no changes of it",
                hint="take it out of cdc: tables and load it with 'aidbt ingest run'",
            )
    wanted = [table for table in wanted if table.kind in _STREAMABLE and table.persistence == "p"]
    if not wanted:
        raise SourceError(
            f"the schema {settings.schema} has no table to stream", hint="name its tables under cdc: tables"
        )
    return wanted, landed


def _check_schema(control: Control, schema: str) -> None:
    schemas = [name for (name,) in control.rows(_SCHEMAS)]
    if schema not in schemas:
        close = nearest(schema, schemas)
        raise SourceError(
            f"{control.url.shown} has no schema '{schema}'",
            hint=f"did you mean '{close}'?" if close else f"it has: {', '.join(schemas)}",
        )
