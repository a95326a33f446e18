"""What is known of the tables: their columns, by what blocks, settings and values say, and their keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa

from ingestion.cdc.debezium.careful import Event, Unreadable
from ingestion.cdc.debezium.columns import Columns, described_by, fitted, inferred, under_schema, widened
from ingestion.cdc.debezium.schemas import Schemas
from ingestion.cdc.debezium.types import Connect, NotExact


@dataclass(slots=True)
class Table:
    """What is known of a table: its columns, and its key."""

    columns: Columns | None = None
    key: tuple[str, ...] = ()


class Tables:
    """The tables as they are now; events change them.

    Attributes:
        by_name: by `Order`'s names of them.
    """

    def __init__(
        self,
        schemas: Schemas,
        *,
        types: Callable[[str], Mapping[str, Connect]],
        key: Callable[[str], tuple[str, ...] | None],
        unavailable: str,
    ) -> None:
        """No table is known yet; the arguments are those of `EnvelopeReader`."""
        self.by_name: dict[str, Table] = {}
        self._schemas = schemas
        self._types = types
        self._key = key
        self._unavailable = unavailable
        self._descriptions: dict[tuple[int, str], Mapping[str, Connect] | None] = {}

    def table(self, table_name: str, key: bytes | None, names: tuple[str, ...] | None = None) -> Table:
        """A table, with its key.

        Args:
            key: as it stands beside an envelope; its columns are those of the key where none are declared.
            names: those columns, where they are known already.
        """
        table = self.by_name.setdefault(table_name, Table())
        if key is not None:
            names = _names_of_key(key)
        table.key = self._key(table_name) or names or table.key
        return table

    def under(self, schema: int, table_name: str, key: bytes | None) -> Table:
        """A table as a schema block describes it; -1 for none."""
        table = self.table(table_name, key)
        if schema >= 0 and (described := self._described(schema, table_name)) is not None:
            table.columns = under_schema(described, table.columns)
        return table

    def fit(self, event: Event) -> tuple[Table, dict[str, object]]:
        """The row with its values as Arrow takes them, under the table's columns as they are then."""
        table = self.table(event.table_name, None, event.key)
        is_new = table.columns is None
        if event.schema >= 0:
            described = self._described(event.schema, event.table_name)
            if described is None:
                raise Unreadable("not_an_envelope", "its schema block describes none", event.table_name)
            table.columns = under_schema(described, table.columns)
        elif table.columns is None:
            table.columns = Columns(1, dict(self._types(event.table_name)), is_open=True)
        elif not table.columns.is_open:
            # The schema blocks ended; what they said stays true until a value says otherwise.
            table.columns = Columns(table.columns.version, table.columns.described, is_open=True)
        columns = table.columns
        row: dict[str, object] = {}
        for name, value in event.row.items():
            if event.operation == "d" and table.key and name not in table.key:
                value = None
            columns, row[name] = self._fit_value(columns, name, value, event.table_name)
        if columns is not table.columns:  # however many of them changed, one event makes one version
            columns = replace(columns, version=table.columns.version + (not is_new))
        table.columns = columns
        return table, row

    def _fit_value(
        self, columns: Columns, name: str, value: object, table_name: str
    ) -> tuple[Columns, object]:
        of = columns.types.get(name)
        if of is None:
            if not columns.is_open:
                raise Unreadable("unknown_column", f"its schema has no column '{name}'", table_name)
            declared = self._types(table_name)
            columns = columns.with_column(name, declared[name] if name in declared else inferred(value))
            of = columns.types[name]
        if value == self._unavailable and of.wire is not None and of.wire != pa.null():
            return columns, [value] if pa.types.is_list(of.wire) else value
        try:
            return columns, fitted(value, of)
        except NotExact as error:
            if not (of.is_inferred or of.wire == pa.null()):
                raise Unreadable("wrong_type", f"column '{name}': {error}", table_name) from error
        columns = columns.with_column(name, widened(columns.described[name], value))
        return columns, fitted(value, columns.types[name])

    def _described(self, schema: int, table_name: str) -> Mapping[str, Connect] | None:
        """The columns of a schema block, as the settings declare them where they do; None when it describes
        no envelope.
        """
        if (schema, table_name) not in self._descriptions:
            try:
                found = described_by(self._schemas.found[schema])
                declared = self._types(table_name)
                described = {name: declared.get(name, described) for name, described in found.items()}
            except NotExact:
                described = None
            self._descriptions[schema, table_name] = described
        return self._descriptions[schema, table_name]


def _names_of_key(key: bytes) -> tuple[str, ...] | None:
    try:
        found = json.loads(key)
    except ValueError:
        return None
    if isinstance(found, dict) and set(found) == {"schema", "payload"}:
        found = found["payload"]
    return tuple(found) if isinstance(found, dict) else None
