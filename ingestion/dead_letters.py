"""Dead letters, read again after what they died of was mended."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import pyarrow.compute as pc

from aidbt.core.config import IngestSettings
from aidbt.core.errors import AidbtError
from aidbt.core.loads import POSITION
from aidbt.core.resilience import POLICIES, SystemClock, retry
from aidbt.store import Store
from aidbt.store.leases import Leases, this_process
from aidbt.warehouse import Connection, Warehouse
from ingestion.bronze import SINKS
from ingestion.bronze.base import Destination, KeptLetter, LetterGroup
from ingestion.changes import ChangeSink, ChangeSource, MicroBatch, TableChanges, TableCommit
from ingestion.landing import claim, fence_of
from ingestion.pipeline import utc_now
from ingestion.spill import empty_folder

# As many as are read again of one table at once: all of them are in memory.
_MOST_LETTERS = 100_000


@dataclass(frozen=True, slots=True)
class StillDead:
    """Records of one table that still are no rows, for one cause; `reason` is that of the first."""

    cause: str
    reason: str
    letters: int


@dataclass(frozen=True, slots=True)
class ReplayedTable:
    """What became of the dead letters of one table.

    Attributes:
        table: as the source calls it.
        batch_id: the new batch; None when nothing was landed, `error` says why.
        letters: how many were read again.
        rows_landed: rows that came of them (a record may be more than one).
        still_dead: those that are no rows still; they are dead letters of the new batch.
    """

    source: str
    table: str
    bronze_schema: str
    bronze_table: str
    letters: int
    batch_id: str | None = None
    rows_landed: int = 0
    still_dead: tuple[StillDead, ...] = ()
    error: str | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What one replay did.

    Attributes:
        of_loads: dead letters of tables that are loaded in full: the next load reads those records anew.
    """

    tables: tuple[ReplayedTable, ...]
    of_loads: tuple[LetterGroup, ...]


def replay(
    connectors: Sequence[Any],
    open_warehouse: Callable[[], Warehouse],
    store: Store,
    folder: Path,
    *,
    cause: str | None = None,
    table: str | None = None,
    settings: IngestSettings | None = None,
    now: Callable[[], datetime] = utc_now,
) -> ReplayReport:
    """Read dead letters again under the settings of now, and land what has become rows.

    The rows are a new batch of their table, and the letters are marked as replayed in the same transaction.
    Of a table that cannot be replayed nothing changes; the others go on.

    Args:
        cause, table: only these; a table by its name in the source or in bronze.
        store, folder: as for `run_streams`.

    Raises:
        WarehouseError: it cannot be opened, or written to at all.
        StoreError: the leases cannot be taken.
    """
    settings = settings or IngestSettings()
    replayed: list[ReplayedTable] = []
    of_loads: list[LetterGroup] = []
    with _opened(open_warehouse) as sink:
        for connector in connectors:
            groups = _waiting(sink, connector, cause, table)
            if not getattr(connector, "is_streamed", False):
                of_loads += groups
            elif groups:
                tables = dict.fromkeys(group.source_table for group in groups)
                one = _Replay(connector, sink, Leases(store), folder, cause, settings, now)
                replayed += one.run(tuple(tables))
    return ReplayReport(tuple(replayed), tuple(of_loads))


@contextlib.contextmanager
def _opened(open_warehouse: Callable[[], Warehouse]) -> Iterator[ChangeSink]:
    with contextlib.ExitStack() as stack:
        warehouse = open_warehouse()

        def connect() -> Connection:
            return stack.enter_context(warehouse.connect(read_only=False))

        # A stream has it for a moment only.
        connection = retry(connect, POLICIES["database"], clock=SystemClock(), rng=Random())
        yield SINKS.load(warehouse.dialect)(connection)


def _waiting(sink: ChangeSink, connector: Any, cause: str | None, table: str | None) -> list[LetterGroup]:
    """The dead letters of a source that are asked for and were not replayed yet."""
    schema = connector.settings.bronze_schema
    sink.prepare(schema)
    return [
        group
        for group in sink.dead_letters(schema, connector.settings.name)
        if group.waiting and cause in (None, group.cause) and table in (None, group.source_table, group.table)
    ]


@dataclass(frozen=True, slots=True)
class _Replay:
    """The replay of one source."""

    connector: Any
    sink: ChangeSink
    leases: Leases
    folder: Path
    cause: str | None
    settings: IngestSettings
    now: Callable[[], datetime]

    def run(self, tables: Sequence[str]) -> list[ReplayedTable]:
        """What became of the letters of the tables, by the source's names."""
        name, schema = self.connector.settings.name, self.connector.settings.bronze_schema
        scratch = self.folder / "scratch" / f"{quote(name, safe='')}.replay"
        empty_folder(scratch)
        with contextlib.closing(self.connector.open_changes(scratch=scratch)) as source:
            done = []
            for table in tables:
                letters = self.sink.letters(schema, name, table=table, cause=self.cause, limit=_MOST_LETTERS)
                done.append(self._table(source, letters))
            return done

    def _table(self, source: ChangeSource, letters: Sequence[KeptLetter]) -> ReplayedTable:
        to = letters[0].to
        result = ReplayedTable(to.source, to.source_table, to.schema, to.table, len(letters))
        try:
            state = self.sink.state(to.schema, to.source)
            changes = list(source.replay([(kept.to, kept.letter) for kept in letters], state))
            done = self._commit(to, changes, [kept.letter_id for kept in letters])
        except AidbtError as error:
            return replace(result, error=error.message, hint=error.hint)
        return replace(
            result,
            batch_id=done.batch_id,
            rows_landed=done.rows_landed,
            still_dead=_still_dead(changes),
        )

    def _commit(self, to: Destination, changes: list[TableChanges], letter_ids: Sequence[str]) -> TableCommit:
        resource, ttl_s = f"table:{to}", self.settings.lease_seconds
        holder = this_process("aidbt ingest replay")
        # A stream has the table's lease while it commits, and one that was killed for its time to live.
        with self.leases.leased([resource], holder, ttl_s=ttl_s, wait_s=ttl_s + 1) as held:
            claim(self.sink, to.schema, held, resource)
            done = self.sink.commit(
                _batch(to.source, changes),
                to.schema,
                now=self.now(),
                fence=fence_of(held, resource),
                replayed=letter_ids,
            )
        (table,) = done.tables
        return table


def _batch(source: str, changes: list[TableChanges]) -> MicroBatch:
    """The changes as one micro-batch that leaves the stream where it is."""
    ranges = [pc.min_max(piece.rows[POSITION]).as_py() for piece in changes if piece.rows.num_rows]
    return MicroBatch(
        source=source,
        changes=changes,
        first=min((found["min"] for found in ranges), default=0),
        last=max((found["max"] for found in ranges), default=0),
        position={},
        events=sum(piece.events for piece in changes),
    )


def _still_dead(changes: Sequence[TableChanges]) -> tuple[StillDead, ...]:
    found: dict[str, StillDead] = {}
    for letter in (letter for piece in changes for letter in piece.dead_letters):
        before = found.get(letter.cause, StillDead(letter.cause, letter.reason, 0))
        found[letter.cause] = replace(before, letters=before.letters + 1)
    return tuple(found.values())
