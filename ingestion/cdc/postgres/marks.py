"""How what is known of the tables moves on, as they change in the source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from aidbt.core.errors import SourceError
from aidbt.core.findings import Finding, Severity
from ingestion.cdc.postgres.mark import Mark
from ingestion.cdc.postgres.tables import KnownColumn, Table, column_changes
from ingestion.cdc.postgres.versions import SchemaChange, SeenRelation

TABLE_PART = "table:"

_DROPPED = "it was dropped and made again"


class Landing(Protocol):
    """How columns land under the settings and the server's types of now."""

    def lands_differently(self, old: KnownColumn, new: KnownColumn) -> bool:
        """Whether the values of a column land as another type than those of an older one."""
        ...

    def unknown_types(self, table: str, columns: Sequence[KnownColumn]) -> Mapping[str, str]:
        """Which columns of a table (its name) have a type that is not known here, and its name."""
        ...


class Marks:
    """The marks of all tables of a stream, by full name.

    Args:
        parts: what the sink kept of the stream.
        say: takes what a person should know of the changes of tables.
    """

    def __init__(
        self, source: str, parts: Mapping[str, Any], landing: Landing, say: Callable[[Finding], None]
    ) -> None:
        self._source = source
        self._landing = landing
        self._say = say
        self._marks = {
            part.removeprefix(TABLE_PART): Mark.from_json(value)
            for part, value in parts.items()
            if part.startswith(TABLE_PART)
        }

    def __getitem__(self, name: str) -> Mark:
        """The mark of a table; an empty one when nothing is known of it."""
        return self._marks.get(name, Mark())

    def __setitem__(self, name: str, mark: Mark) -> None:
        self._marks[name] = mark

    def complete(self) -> dict[str, Mark]:
        """The marks of the tables that have a complete snapshot."""
        return {name: mark for name, mark in self._marks.items() if mark.snapshot is not None}

    def parts(self, names: Iterable[str]) -> dict[str, Any]:
        """What is to be kept of these tables."""
        return {f"{TABLE_PART}{name}": self[name].to_json() for name in sorted(set(names))}

    def forget(self, names: Iterable[str]) -> None:
        """From now on these tables have no complete snapshot."""
        for name in names:
            self._marks[name] = Mark(version=self[name].version)

    def is_followed(self, table: Table) -> bool:
        """Whether what has landed is of this very table, and the stream goes on from there."""
        mark = self[str(table)]
        return mark.snapshot is not None and (mark.oid, mark.key) == (table.oid, table.key)

    def without_snapshot(self, tables: Sequence[Table], asked_for: set[str]) -> list[Table]:
        """The tables that have to be read as a whole; it is said why when they had been read before."""
        found = [table for table in tables if str(table) in asked_for or not self.is_followed(table)]
        for table in found:
            name, mark = str(table), self[str(table)]
            if mark.snapshot is not None and name not in asked_for:
                self._read_anew(name, _DROPPED if mark.oid != table.oid else _other_key(table.key))
        return found

    def note(
        self,
        relations: Sequence[SeenRelation],
        changes: Sequence[SchemaChange],
        end_lsn: int,
        numbers: Callable[[str], Mapping[str, int]],
    ) -> set[str]:
        """Move the marks on by what the stream said of tables.

        Args:
            end_lsn: where what it said ends.
            numbers: a table's columns in the catalog of now, name → pg_attribute.attnum. A name that it does
                not have any more keeps the number by which it was known.

        Returns:
            The tables whose marks changed.

        Raises:
            SourceError: a table has another name now.
        """
        changed = self._note_identities(relations, end_lsn)
        for change in changes:
            name = f"{change.schema}.{change.table}"
            if name in self._marks:
                self._note_change(name, change, numbers(name))
                changed.add(name)
        return changed

    def see(self, table: Table, columns: Sequence[KnownColumn]) -> bool:
        """Move a mark on to the columns that are published now, while the stream has nothing to say.

        Returns:
            Whether they are others.
        """
        mark = self[str(table)]
        if mark.snapshot is None or mark.columns == tuple(columns):
            return False
        known = [(c.name, c.type_oid, c.typmod) for c in mark.columns]
        is_other = known != [(c.name, c.type_oid, c.typmod) for c in columns]
        self._move(str(table), mark, tuple(columns), mark.version + is_other)
        return True

    def see_storage(self, table: Table, columns: Sequence[KnownColumn]) -> bool:
        """See whether ALTER TABLE has rewritten values, of which no row of the stream says anything.

        While the stream is behind the catalog this waits, for the stream will say what became of the columns.

        Args:
            columns: those that are published now.

        Returns:
            Whether the mark has moved on.
        """
        name = str(table)
        mark = self[name]
        if mark.snapshot is None or mark.storage == table.storage or mark.columns != tuple(columns):
            return False
        numbers = table.storage.rewritten_since(mark.storage) if mark.storage else set()
        rewritten = [column.name for column in columns if column.number in numbers]
        self._marks[name] = replace(mark, storage=table.storage)
        if not set(rewritten).isdisjoint(mark.key):
            self._read_anew(name, "its key was rewritten")
            self.forget([name])
            return True
        # Those that have another type are fetched already.
        found = [column for column in rewritten if column not in mark.backfill]
        if found:
            self._marks[name] = replace(self[name], former=tuple(sorted({*mark.former, *found})))
            message = f"{name}: ALTER TABLE has rewritten {', '.join(found)}"
            self._find("cdc.columns_changed", Severity.INFO, name, message)
            self._fetch_later(name, found)
        return True

    def set_as_text(self, name: str, patterns: tuple[str, ...], columns: Sequence[str]) -> None:
        """Move a mark on to another setting of `as_text`.

        Args:
            columns: those that land otherwise by it. No row says so, and older values are fetched again.
        """
        mark = self[name]
        former = tuple(sorted({*mark.former, *columns}))
        self._marks[name] = replace(mark, as_text=patterns, former=former)
        if columns:
            message = f"{name}: by the setting as_text other values land in {', '.join(columns)}"
            self._find("cdc.columns_changed", Severity.INFO, name, message)
        self._fetch_later(name, columns)

    def _note_identities(self, relations: Sequence[SeenRelation], end_lsn: int) -> set[str]:
        """Tables that are other ones than before under their names, or have other names."""
        by_oid = {mark.oid: name for name, mark in self.complete().items()}
        anew = set()
        for seen in relations:
            name = f"{seen.schema}.{seen.table}"
            known_as = by_oid.get(seen.relation_oid, name)
            if known_as != name and (self[known_as].snapshot or 0) < end_lsn:
                raise SourceError(
                    f"the table {known_as} is called {name} now",
                    hint="run this again to stream it under that name (name it under cdc: tables if they are "
                    "listed); what has landed stays under the old one",
                )
            mark = self[name]
            if mark.snapshot is not None and mark.oid != seen.relation_oid and mark.snapshot < end_lsn:
                self._read_anew(name, _DROPPED)
                self.forget([name])
                anew.add(name)
        return anew

    def _note_change(self, name: str, change: SchemaChange, numbers: Mapping[str, int]) -> None:
        mark = self[name]
        if mark.snapshot is None or change.position < mark.snapshot:
            self._marks[name] = replace(mark, version=change.new.number)
            return
        if change.new.key != mark.key:
            self._read_anew(name, _other_key(change.new.key))
            self._marks[name] = Mark(version=change.new.number)
            return
        known = {column.name: column.number for column in mark.columns}
        columns = tuple(
            KnownColumn(numbers.get(c.name, known.get(c.name, 0)), c.name, c.type_oid, c.typmod)
            for c in change.new.columns
        )
        self._move(name, mark, columns, change.new.number)

    def _move(self, name: str, mark: Mark, columns: tuple[KnownColumn, ...], version: int) -> None:
        """The mark under other columns; what older rows have in them is fetched later."""
        changes = column_changes(mark.columns, columns, self._landing.lands_differently)
        if str(changes):
            self._find("cdc.columns_changed", Severity.INFO, name, f"{name}: {changes}")
        known = {column.name for column in mark.columns}
        made_again = (column for column in changes.added if column in known)
        self._marks[name] = replace(
            mark,
            columns=columns,
            version=version,
            former=tuple(sorted({*mark.former, *changes.dropped, *changes.retyped, *made_again})),
        )
        self._fetch_later(name, (*changes.added, *changes.retyped))
        self._tell_unknown_types(name, [c for c in columns if c.name in (*changes.added, *changes.retyped)])

    def _tell_unknown_types(self, name: str, columns: Sequence[KnownColumn]) -> None:
        """Say which columns land as text because nothing else is known of their types.

        Before anything of a table has landed such a type is refused. In mid-stream neither the table nor the
        column is left out: the server's own text has all of each value, and can be cast in silver.
        """
        table = name.partition(".")[2]
        for column, of_type in self._landing.unknown_types(table, columns).items():
            self._find(
                "cdc.unknown_type", Severity.WARN, name,
                f"{name}: {column} has the type {of_type}, which is not known here, and lands as "
                f"PostgreSQL's text; name '{table}.{column}' under as_text if that is right",
            )  # fmt: skip

    def _fetch_later(self, name: str, columns: Sequence[str]) -> None:
        """What older rows have in these columns is to be fetched; of a table without a key that cannot be."""
        mark = self[name]
        if columns and not mark.key:
            self._find(
                "cdc.not_backfilled", Severity.WARN, name,
                f"{name} has no key, so its older rows get no values in {', '.join(columns)}; 'aidbt ingest "
                f"cdc {self._source} --snapshot {name.partition('.')[2]}' reads it anew",
            )  # fmt: skip
            return
        self._marks[name] = replace(mark, backfill=tuple(dict.fromkeys((*mark.backfill, *columns))))

    def _read_anew(self, name: str, why: str) -> None:
        self._find("cdc.read_anew", Severity.WARN, name, f"{name} is read anew: {why}")

    def not_streamed(self, name: str) -> None:
        """Say that a table is left out from now on."""
        self._find("cdc.not_streamed", Severity.WARN, name, f"{name} is not streamed any more")

    def _find(self, code: str, severity: Severity, table: str, message: str) -> None:
        self._say(Finding(code, severity, f"{self._source}: {table}", message))


def _other_key(key: Sequence[str]) -> str:
    return f"its key is now {', '.join(key) or 'none'}"
