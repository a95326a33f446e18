"""The tables of a stream: as the catalog has them now, beside what has landed of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidbt.core.errors import SourceError, SourceUnavailable
from aidbt.core.findings import Finding, Severity
from ingestion.cdc.postgres.decoder import Decoder
from ingestion.cdc.postgres.mark import Mark
from ingestion.cdc.postgres.marks import Marks
from ingestion.cdc.postgres.slots import shown
from ingestion.cdc.postgres.streamed import StreamedTables
from ingestion.cdc.postgres.tables import Table
from ingestion.cdc.postgres.transactions import Gathering
from ingestion.changes import StreamState

_NEVER = 2**63 - 1  # beyond every position


class FollowedTables:
    """Which tables have to be read, which are streamed from where on, and whether none has a gap.

    Args:
        marks: what is kept of each table.
        anew: the full names of tables that are to be read anew whatever is kept of them.
    """

    def __init__(self, source: str, streamed: StreamedTables, marks: Marks, anew: set[str]) -> None:
        self.streamed = streamed
        self.marks = marks
        self._source = source
        self._anew = anew
        self._unreadable: set[str] = set()
        self._skip_before: dict[str, int] = {}

    @property
    def is_all_anew(self) -> bool:
        """Whether every table is to be read anew, so that nothing that was kept matters."""
        return self._anew == {str(table) for table in self.streamed.tables}

    def decoder(self) -> Decoder:
        """What decodes the stream of these tables from where they stand."""
        return self.streamed.decoder(
            start_versions={name: mark.table_version() for name, mark in self.marks.complete().items()},
            skip_before=self._skip_before,
        )

    # --- whether nothing is missing -------------------------------------------------------------------

    def check_membership(self) -> None:
        """Check that no table was out of the publication for a while.

        Raises:
            SourceUnavailable: a table was made again since the tables were looked at.
            SourceError: one was, or may have been.
        """
        for table in self.streamed.tables:
            name = str(table)
            is_other = self.marks[name].member != self.streamed.member(table)
            if is_other and self.marks.is_followed(table) and name not in self._anew:
                self.streamed.check_is_there(table)
                raise SourceError(
                    f"the publication of {table} is not the one from which it was streamed before, or the "
                    "table was taken out of it and put in again; changes between are lost",
                    hint=f"take the table anew: aidbt ingest cdc {self._source} --snapshot {table.name}",
                )

    def check_not_restored(self, state: StreamState) -> None:
        """Check that the tables in bronze are as late as the stream's position.

        Raises:
            SourceError: one of them is an older copy, or gone.
        """
        for table in self.streamed.tables:
            mark = self.marks[str(table)]
            if mark.snapshot is None or str(table) in self._anew:
                continue
            landed, to = state.tables.get(table.name), self.streamed.destination(table)
            last = landed.position.get("last") if landed else None
            hint = f"take the table anew: aidbt ingest cdc {self._source} --snapshot {table.name}"
            if last is None or last < mark.last:
                raise SourceError(
                    f"what has landed of {table} in {to.schema} ends at {shown(last)}, before what the "
                    f"stream had landed ({shown(mark.last)}): the table was restored from a copy or "
                    "dropped, and lacks changes",
                    hint=hint,
                )
            if landed is not None and landed.rows_missing:
                raise SourceError(
                    f"{landed.rows_missing:,} of the rows that landed last in {to} are not there any more: "
                    "the table was restored from a copy, and may lack more, or rows were deleted",
                    hint=hint,
                )

    # --- tables that have to be read ------------------------------------------------------------------

    def missing(self) -> list[Table]:
        """The tables that have to be read as a whole."""
        found = self.marks.without_snapshot(self.streamed.tables, self._anew)
        return [table for table in found if str(table) not in self._unreadable]

    def lacking(self, missing: Sequence[Table]) -> list[Table]:
        """The tables, besides those that are missing, of which columns that were added have to be read."""
        return [
            table
            for table in self.streamed.tables
            if table not in missing and str(table) not in self._unreadable and self.marks[str(table)].backfill
        ]

    def forget_all(self) -> list[str]:
        """From now on no table has landed; gives the names of all that are known."""
        names = sorted({*self.marks.complete(), *map(str, self.streamed.tables)})
        self.marks.forget(names)
        self._anew = set()
        return names

    def forget_left(self) -> list[str]:
        """From now on those have not landed that are not streamed any more, or are to be read anew.

        Once that is kept, somebody who is killed need not ask again for a table to be read anew.
        """
        left = set(self.marks.complete()) - set(map(str, self.streamed.tables))
        for name in sorted(left):
            self.marks.not_streamed(name)
        forgotten = sorted(left | self._anew)
        self.marks.forget(forgotten)
        self._anew = set()
        return forgotten

    def is_read(self, table: Table, mark: Mark) -> None:
        """The table, or what was added to it, is given out: the stream goes on from there."""
        self.marks[str(table)] = mark
        self._skip_before[str(table)] = mark.snapshot or 0

    def cannot_be_read(self, table: Table, error: SourceError, *, is_added: bool) -> Finding:
        """Leave out a table, or what was added to it, in this run."""
        name = str(table)
        self._unreadable.add(name)
        if not is_added:
            self.marks.forget([name])
            self._skip_before[name] = _NEVER
        what = "its older rows lack values" if is_added else "it has not landed and is not streamed"
        message = f"{what}: {error.message}" + (f" ({error.hint})" if error.hint else "")
        message += "; it is tried again at the next start"
        return Finding("cdc.not_readable", Severity.ERROR, f"{self._source}: {name}", message)

    # --- changes of the tables themselves -------------------------------------------------------------

    def start(self) -> None:
        """Begin to follow the tables that have landed."""
        self.check_membership()
        for name, mark in self.marks.complete().items():
            self._skip_before[name] = mark.snapshot or 0
        for table in self.streamed.tables:
            mark = self.marks[str(table)]
            if mark.snapshot is not None and mark.as_text != self.streamed.as_text:
                # The stream does not say that the setting is another one.
                columns = self.streamed.lands_otherwise(table, mark.columns, mark.as_text)
                self.marks.set_as_text(str(table), self.streamed.as_text, columns)

    def move_on(self, gathering: Gathering, end_lsn: int) -> set[str]:
        """Move on by what the stream said until `end_lsn`; gives the tables whose marks have changed.

        Raises:
            SourceUnavailable: the stream has to be opened anew.
            SourceError: a table has another name now, or was out of the publication for a while.
        """
        changed: set[str] = set()
        if gathering.relations:
            self._refresh()
            changed = self.marks.note(
                gathering.relations, gathering.schema_changes, end_lsn, self.streamed.numbers
            )
            changed |= self._see_storage()
        for table, last in gathering.last_of.items():
            name = self.streamed.full_name(table)
            if self.marks[name].snapshot is not None:
                # As the sink records it: of dead letters alone the range of the whole batch.
                last = gathering.last if last is None else last
                self.marks[name] = replace(self.marks[name], last=last)
                changed.add(name)
        return changed

    def see_catalog(self) -> set[str]:
        """Follow changes of tables in which no row has changed since, so that the stream says nothing.

        Returns:
            The tables whose marks have changed.

        Raises:
            SourceUnavailable, SourceError: as `move_on`.
        """
        self._refresh()
        changed = {
            str(table)
            for table in self.streamed.tables
            if self.marks.see(table, self.streamed.published(table, table.columns))
        }
        return changed | self._see_storage()

    def _see_storage(self) -> set[str]:
        """Follow rewritten values; gives the tables whose marks have changed."""
        return {
            str(table)
            for table in self.streamed.tables
            if self.marks.see_storage(table, self.streamed.published(table, table.columns))
        }

    def _refresh(self) -> None:
        """See the catalog again; the stream has to be opened anew when it is of other publications."""
        before = self.streamed.publications
        self.streamed.refresh()
        self.check_membership()
        if self.streamed.publications != before:
            raise SourceUnavailable(
                f"{self._source}: a table got or lost its key, so another publication sends it now",
                hint="run this again",
            )
