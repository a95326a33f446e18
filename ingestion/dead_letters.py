"""Dead letters, read again after what they died of was mended."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
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
from ingestion.bronze.base import KeptLetter, LetterGroup
from ingestion.changes import ChangeSink, ChangeSource, MicroBatch, StreamState, TableChanges, TableCommit
from ingestion.landing import claim, fence_of
from ingestion.pipeline import utc_now
from ingestion.spill import empty_folder

# As many as are read again at once: all of them are in memory.
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
        batch_id: the last new batch; None when nothing was landed: all are dead still, or `error` says why.
        letters: how many were read again.
        rows_landed: rows that came of them (a record may be more than one).
        still_dead: those that are no rows still. They stay as they are; one that dies of something else now
            is a dead letter of the new batch.
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
    Letters that die again of the same stay as they are. Of a table that cannot be replayed nothing changes;
    the others go on.

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
                one = _Replay(connector, sink, Leases(store), folder, cause, settings, now)
                replayed += one.run(groups)
    return ReplayReport(tuple(replayed), tuple(of_loads))


@dataclass(frozen=True, slots=True)
class TriedLetters:
    """What dead letters of one table and cause would become if they were replayed.

    Attributes:
        letters: how many there are.
        dead: how many of them still would be no rows; `reason` is that of the first.
        columns: those that letters of the group died in, as far as their reasons name them.
    """

    source: str
    table: str
    cause: str
    letters: int
    dead: int = 0
    reason: str = ""
    columns: tuple[str, ...] = ()


def try_again(
    connector: Any,
    open_warehouse: Callable[[], Warehouse],
    folder: Path,
    *,
    cause: str | None = None,
    table: str | None = None,
) -> list[TriedLetters]:
    """Read the dead letters of a source again under the connector's settings, all of them; nothing is landed.

    Those of tables that are loaded in full are left out: the next load reads their records anew.

    Args:
        folder: as for `replay`.
        cause, table: only these.

    Raises:
        SourceError: they cannot be read with this connector.
        WarehouseError: the warehouse cannot be opened.
    """
    if not getattr(connector, "is_streamed", False):
        return []
    scratch = folder / "scratch" / f"{quote(connector.settings.name, safe='')}.trial"
    found = []
    with _opened(open_warehouse) as sink:
        groups = _waiting(sink, connector, cause, table)
        if not groups:
            return []
        empty_folder(scratch)
        with contextlib.closing(connector.open_changes(scratch=scratch)) as source:
            state = sink.state(connector.settings.bronze_schema, connector.settings.name)
            for group in groups:
                found.append(_tried(sink, source, state, connector.settings.bronze_schema, group))
    return found


def _tried(
    sink: ChangeSink, source: ChangeSource, state: StreamState, schema: str, group: LetterGroup
) -> TriedLetters:
    dead, reason, columns = 0, "", dict[str, None]()
    for offset in range(0, group.waiting, _MOST_LETTERS):
        letters = sink.letters(
            schema, group.source, table=group.table, cause=group.cause, limit=_MOST_LETTERS, offset=offset
        )
        named = (_COLUMN.search(kept.letter.reason) for kept in letters)
        columns |= {match["quoted"] or match["plain"]: None for match in named if match is not None}
        for piece in source.replay([(kept.to, kept.letter) for kept in letters], state):
            dead += len(piece.dead_letters)
            reason = reason or next((letter.reason for letter in piece.dead_letters), "")
    return TriedLetters(
        group.source, group.source_table, group.cause, group.waiting, dead, reason, tuple(columns)
    )


_COLUMN = re.compile(r"column (?:'(?P<quoted>[^']+)'|(?P<plain>[^\s:]+)):")


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

    def run(self, groups: Sequence[LetterGroup]) -> list[ReplayedTable]:
        """What became of the letters of some groups, by table."""
        name, schema = self.connector.settings.name, self.connector.settings.bronze_schema
        scratch = self.folder / "scratch" / f"{quote(name, safe='')}.replay"
        empty_folder(scratch)
        waiting: Counter[str] = Counter()
        tables: dict[str, ReplayedTable] = {}
        for group in groups:
            waiting[group.source_table] += group.waiting
            tables[group.source_table] = ReplayedTable(name, group.source_table, schema, group.table, 0)
        with contextlib.closing(self.connector.open_changes(scratch=scratch)) as source:
            return [self._table(source, table, waiting[table.table]) for table in tables.values()]

    def _table(self, source: ChangeSource, done: ReplayedTable, waiting: int) -> ReplayedTable:
        """What became of so many letters, read some after the other; those that stay are passed over."""
        stay = 0
        for left in range(waiting, 0, -_MOST_LETTERS):
            letters = self.sink.letters(
                done.bronze_schema, done.source, table=done.table, cause=self.cause,
                limit=min(left, _MOST_LETTERS), offset=stay,
            )  # fmt: skip
            done = replace(done, letters=done.letters + len(letters))
            try:
                state = self.sink.state(done.bronze_schema, done.source)
                changes = list(source.replay([(kept.to, kept.letter) for kept in letters], state))
                new, replayed = _without_those_that_stay(changes, letters)
                if replayed:
                    landed = self._commit(new, replayed)
                    rows = sum(table.rows_landed for table in landed)
                    done = replace(done, batch_id=landed[0].batch_id, rows_landed=done.rows_landed + rows)
            except AidbtError as error:
                return replace(done, error=error.message, hint=error.hint)
            done = replace(done, still_dead=_still_dead(done.still_dead, changes))
            stay += len(letters) - len(replayed)
        return done

    def _commit(self, changes: list[TableChanges], replayed: Sequence[KeptLetter]) -> Sequence[TableCommit]:
        to = replayed[0].to
        resource, ttl_s = f"table:{to}", self.settings.lease_seconds
        holder = this_process("aidbt ingest replay")
        # A stream has the table's lease while it commits, and one that was killed for its time to live.
        with self.leases.leased([resource], holder, ttl_s=ttl_s, wait_s=ttl_s + 1) as held:
            claim(self.sink, to.schema, held, resource)
            return self.sink.commit(
                _batch(to.source, changes),
                to.schema,
                now=self.now(),
                fence=fence_of(held, resource),
                replayed=[kept.letter_id for kept in replayed],
            ).tables


def _without_those_that_stay(
    changes: Sequence[TableChanges], letters: Sequence[KeptLetter]
) -> tuple[list[TableChanges], list[KeptLetter]]:
    """What is new in the changes, and the letters that it came of: all but those that died of the same."""
    again = Counter((piece.to, letter) for piece in changes for letter in piece.dead_letters)
    replayed = []
    for kept in letters:
        if again[kept.to, kept.letter]:
            again[kept.to, kept.letter] -= 1
        else:
            replayed.append(kept)
    new = []
    for piece in changes:
        dead = []
        for letter in piece.dead_letters:
            if again[piece.to, letter]:
                again[piece.to, letter] -= 1
                dead.append(letter)
        events = piece.events - len(piece.dead_letters) + len(dead)
        new.append(replace(piece, events=events, dead_letters=tuple(dead)))
    return new, replayed


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


def _still_dead(before: Sequence[StillDead], changes: Sequence[TableChanges]) -> tuple[StillDead, ...]:
    found = {dead.cause: dead for dead in before}
    for letter in (letter for piece in changes for letter in piece.dead_letters):
        known = found.get(letter.cause, StillDead(letter.cause, letter.reason, 0))
        found[letter.cause] = replace(known, letters=known.letters + 1)
    return tuple(found.values())
