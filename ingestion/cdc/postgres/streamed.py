"""The tables of one stream: as the catalog has them now, published, and with where they land."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ingestion.bronze.base import Destination
from ingestion.cdc.postgres.connection import Control, quoted
from ingestion.cdc.postgres.decoder import Decoder
from ingestion.cdc.postgres.publications import Member, ensure_published, publication_of
from ingestion.cdc.postgres.server import wanted_tables
from ingestion.cdc.postgres.tables import KnownColumn, Table, published, read_fields, read_types
from ingestion.cdc.postgres.versions import TableVersion
from ingestion.connectors.postgres.settings import PostgresSettings
from ingestion.connectors.postgres.types import reading

_NOTHING: Mapping[str, Any] = {}


class StreamedTables:
    """The tables that the settings choose.

    Raises:
        SourceUnavailable: the server went away.
        SourceError: there is no such schema or table, or one cannot be streamed.
    """

    def __init__(self, control: Control, settings: PostgresSettings, publication: str) -> None:
        self._control = control
        self._settings = settings
        self._publication = publication
        self._members: dict[str, Member] = {}
        self.tables, self._names = wanted_tables(control, settings)

    def publish(self) -> None:
        """See to it that every table is in a publication.

        Raises:
            SourceError: the user may not; the hint is what its owner has to run.
        """
        self._members = ensure_published(self._control, self.tables, self._publication)

    def refresh(self) -> None:
        """See the catalog again. Tables that are new in it wait for the next start.

        Raises:
            SourceError: as at the beginning, and as `publish`.
        """
        known = {str(table) for table in self.tables}
        tables, self._names = wanted_tables(self._control, self._settings)
        self.tables = [table for table in tables if str(table) in known]
        self.publish()

    @property
    def publications(self) -> str:
        """The publications that the tables are in, as START_REPLICATION takes them."""
        names = {publication_of(table, self._publication) for table in self.tables}
        return ",".join(quoted(name) for name in sorted(names))

    def member(self, table: Table) -> tuple[int, int]:
        """The publication and its entry for the table, by oid; another one when it was put in again."""
        member = self._members[str(table)]
        return member.publication, member.oid

    def published(self, table: Table, columns: Sequence[KnownColumn]) -> tuple[KnownColumn, ...]:
        """Those of the columns that the stream sends."""
        names = published(columns, table.generated, self._members[str(table)].columns)
        return tuple(column for column in columns if column.name in names)

    def destination(self, table: Table) -> Destination:
        """Where the table lands."""
        settings = self._settings
        name = self._names[table.name]
        return Destination(settings.bronze_schema, name, settings.name, table.name, settings.connector)

    def numbers(self, name: str) -> dict[str, int]:
        """The columns of a table by name, with their numbers."""
        return {c.name: c.number for table in self.tables if str(table) == name for c in table.columns}

    @property
    def as_text(self) -> tuple[str, ...]:
        """Columns that land as text, as patterns of table.column."""
        return self._settings.as_text

    def lands_otherwise(
        self, table: Table, columns: Sequence[KnownColumn], before: Sequence[str]
    ) -> list[str]:
        """Which columns the setting `as_text` of now makes land otherwise than `before`."""
        return [
            column.name
            for column in columns
            if _is_meant(table.name, column.name, before) != _is_meant(table.name, column.name, self.as_text)
        ]

    def lands_differently(self, old: KnownColumn, new: KnownColumn) -> bool:
        """Whether the values of a column land as another Arrow type than those of an older one."""
        if (old.type_oid, old.typmod) == (new.type_oid, new.typmod):
            return False
        types = read_types(self._control)
        if old.type_oid not in types or new.type_oid not in types:
            return True
        before = reading(old.name, old.type_oid, old.typmod, types)
        now = reading(new.name, new.type_oid, new.typmod, types)
        return before is None or now is None or before.lands_as != now.lands_as

    def decoder(
        self,
        *,
        start_versions: Mapping[str, TableVersion] = _NOTHING,
        skip_before: Mapping[str, int] = _NOTHING,
    ) -> Decoder:
        """A decoder for the tables of now.

        Args:
            start_versions, skip_before: as `Decoder` takes them.
        """
        wanted = {(table.schema, table.name): self.destination(table) for table in self.tables}
        return Decoder(
            source=self._settings.name,
            destinations=lambda schema, table: wanted.get((schema, table)),
            types=lambda: read_types(self._control),
            fields=lambda oid: read_fields(self._control, oid),
            as_text=self._as_text,
            primary_key=self._key,
            start_versions=start_versions,
            skip_before=skip_before,
        )

    def _as_text(self, table: str, column: str) -> bool:
        return _is_meant(table, column, self._settings.as_text)

    def _key(self, schema: str, name: str) -> tuple[str, ...]:
        return next((t.key for t in self.tables if (t.schema, t.name) == (schema, name)), ())


def _is_meant(table: str, column: str, patterns: Sequence[str]) -> bool:
    """Whether one of the names or patterns of table.column means the column."""
    dotted = f"{table}.{column}"
    return any(dotted == name or fnmatchcase(dotted, name) for name in patterns)
