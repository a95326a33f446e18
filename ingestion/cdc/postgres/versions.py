"""The tables of a stream, each in the version that is valid for the rows that follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ingestion.cdc.postgres.messages import Relation, RelationColumn


@dataclass(frozen=True, slots=True)
class TableVersion:
    """A table as it was published for a while.

    Attributes:
        number: `TableChanges.schema_version`.
        columns: what is published, in the order of the table.
        key: the columns that identify a row; none when the table has no key.
    """

    number: int
    columns: tuple[RelationColumn, ...]
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """A table whose published columns, or whose key, are others than before.

    Attributes:
        position: of the transaction in which that was seen.
    """

    schema: str
    table: str
    relation_oid: int
    position: int
    old: TableVersion
    new: TableVersion


@dataclass(frozen=True, slots=True)
class SeenRelation:
    """A table that the stream has described.

    Attributes:
        replica_identity: d default, n nothing, f full, i index.
        changed: whether this is another version than the one before.
    """

    relation_oid: int
    schema: str
    table: str
    replica_identity: str
    version: TableVersion
    changed: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A relation in one version."""

    relation: Relation
    version: TableVersion

    @property
    def name(self) -> str:
        """schema.table"""
        return f"{self.relation.schema}.{self.relation.table}"

    @property
    def is_full(self) -> bool:
        """Whether updates and deletes carry the whole old row."""
        return self.relation.replica_identity == "f"

    @property
    def identity(self) -> frozenset[int]:
        """The columns whose values say which row is meant: the key, or all of them in a table without."""
        key, columns = self.version.key, self.version.columns
        if not key and self.is_full:
            return frozenset(range(len(columns)))
        return frozenset(number for number, column in enumerate(columns) if column.name in key)


class Versions:
    """What is known of the tables, which Relation messages add to.

    Args:
        start: "schema.table" → its version before the stream.
        primary_key: schema and table → the columns of its primary key, as they are now.
    """

    def __init__(
        self, start: Mapping[str, TableVersion], primary_key: Callable[[str, str], tuple[str, ...]]
    ) -> None:
        self._versions = dict(start)
        self._primary_key = primary_key
        self.tables: dict[int, Table] = {}

    def see(self, relation: Relation, position: int) -> tuple[SeenRelation, SchemaChange | None]:
        """A relation is described, in the transaction at a position."""
        table = f"{relation.schema}.{relation.table}"
        old = self._versions.get(table)
        new = self._next(relation, old)
        self._versions[table] = new
        self.tables[relation.oid] = Table(relation, new)
        name = (relation.schema, relation.table)
        seen = SeenRelation(relation.oid, *name, relation.replica_identity, new, new is not old)
        is_change = old is not None and new is not old
        return seen, SchemaChange(*name, relation.oid, position, old, new) if old and is_change else None

    def _next(self, relation: Relation, old: TableVersion | None) -> TableVersion:
        """The version that a relation has now: the one before when it is the same."""
        key = self._key(relation, old)
        if old is not None and (old.columns, old.key) == (relation.columns, key):
            return old
        return TableVersion(old.number + 1 if old else 1, relation.columns, key)

    def _key(self, relation: Relation, old: TableVersion | None) -> tuple[str, ...]:
        if relation.replica_identity != "f":
            return tuple(column.name for column in relation.columns if column.is_identity)
        key = self._primary_key(relation.schema, relation.table)
        names = {column.name for column in relation.columns}
        if names.issuperset(key):
            return key
        # The catalog is ahead of the stream, and calls the columns otherwise.
        return old.key if old is not None and names.issuperset(old.key) else ()
