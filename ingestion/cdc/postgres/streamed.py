"""The tables of one stream: as the catalog has them now, published, and with where they land."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import pyarrow as pa

from ingestion.bronze.base import Destination
from ingestion.cdc.postgres.connection import Control, quoted
from ingestion.cdc.postgres.decoder import Decoder
from ingestion.cdc.postgres.publications import Member, ensure_published, publication_of
from ingestion.cdc.postgres.server import wanted_tables
from ingestion.cdc.postgres.tables import (
    KnownColumn,
    Table,
    check_is_there,
    published,
    read_fields,
    read_types,
)
from ingestion.cdc.postgres.versions import TableVersion
from ingestion.connectors.postgres.settings import PostgresSettings
from ingestion.connectors.postgres.types import PgType, reading, resolve

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
        self.publication = publication
        self._members: dict[str, Member] = {}
        self._types: Mapping[int, PgType] = {}
        self.tables, self._names = wanted_tables(control, settings)

    def publish(self) -> None:
        """See to it that every table is in a publication.

        Raises:
            SourceError: the user may not; the hint is what its owner has to run.
        """
        self._members = ensure_published(self._control, self.tables, self.publication)

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
        names = {self.publication_of(table) for table in self.tables}
        return ",".join(quoted(name) for name in sorted(names))

    def publication_of(self, table: Table) -> str:
        """The publication that a table is in, or is to be in."""
        return publication_of(table, self.publication)

    def member(self, table: Table) -> tuple[int, int]:
        """The publication and its entry for the table, by oid; another one when it was put in again."""
        member = self._members[str(table)]
        return member.publication, member.oid

    def check_is_there(self, table: Table) -> None:
        """Check that the catalog still has this very table.

        Raises:
            SourceUnavailable: it has another one under its name, or none.
        """
        check_is_there(self._control, table)

    def published(self, table: Table, columns: Sequence[KnownColumn]) -> tuple[KnownColumn, ...]:
        """Those of the columns that the stream sends."""
        names = published(columns, table.generated, self._members[str(table)].columns)
        return tuple(column for column in columns if column.name in names)

    def destination(self, table: Table) -> Destination:
        """Where the table lands."""
        settings = self._settings
        name = self._names[table.name]
        return Destination(settings.bronze_schema, name, settings.name, table.name, settings.connector)

    def full_name(self, table: str) -> str:
        """A table's name with that of the schema."""
        return f"{self._settings.schema}.{table}"

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
        always_text = _unknown_types(columns, self._types_of(columns))
        return [
            column.name
            for column in columns
            if _is_meant(table.name, column.name, before) != _is_meant(table.name, column.name, self.as_text)
            and column.name not in always_text
        ]

    def unknown_types(self, table: str, columns: Sequence[KnownColumn]) -> dict[str, str]:
        """Which columns of a table (its name) have a type that is not known here, and the type's name.

        Without those that land as text by the setting.
        """
        found = _unknown_types(columns, self._types_of(columns))
        return {name: of_type for name, of_type in found.items() if not self._as_text(table, name)}

    def lands_differently(self, old: KnownColumn, new: KnownColumn) -> bool:
        """Whether the values of a column land as another Arrow type than those of an older one."""
        if (old.type_oid, old.typmod) == (new.type_oid, new.typmod):
            return False
        types = self._types_of((old, new))
        return old.type_oid not in types or new.type_oid not in types or (
            _landing_type(old, types) != _landing_type(new, types)
        )  # fmt: skip

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

    def _types_of(self, columns: Sequence[KnownColumn]) -> Mapping[int, PgType]:
        """All of pg_type, asked again when the type of a column is not among them."""
        if any(column.type_oid not in self._types for column in columns):
            self._types = read_types(self._control)
        return self._types

    def _key(self, schema: str, name: str) -> tuple[str, ...]:
        return next((t.key for t in self.tables if (t.schema, t.name) == (schema, name)), ())


def _is_meant(table: str, column: str, patterns: Sequence[str]) -> bool:
    """Whether one of the names or patterns of table.column means the column."""
    dotted = f"{table}.{column}"
    return any(dotted == name or fnmatchcase(dotted, name) for name in patterns)


def _landing_type(column: KnownColumn, types: Mapping[int, PgType]) -> pa.DataType:
    found = reading(column.name, column.type_oid, column.typmod, types)
    return found.lands_as if found is not None else pa.string()


def _unknown_types(columns: Sequence[KnownColumn], types: Mapping[int, PgType]) -> dict[str, str]:
    """Columns of a type that no column can be read of but as text, and the name of that type."""
    return {
        column.name: _type_name(column, types)
        for column in columns
        if column.type_oid in types and reading(column.name, column.type_oid, column.typmod, types) is None
    }


def _type_name(column: KnownColumn, types: Mapping[int, PgType]) -> str:
    """The name of a column's type, under all domains."""
    pg_type, _ = resolve(column.type_oid, column.typmod, types)
    return f"{types[pg_type.element].full_name}[]" if pg_type.element else pg_type.full_name
