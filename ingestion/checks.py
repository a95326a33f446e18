"""What stands in the way of loading a source or of streaming its changes, found out without doing it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aidbt.core.errors import AidbtError, SourceUnavailable, nearest
from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import Relation
from ingestion.changes import NOTHING_LANDED, StreamState
from ingestion.connectors.base import Connector, Source
from ingestion.discovery import by_cursor, check_by_cursor, chosen, fits, streamed


def check_sources(
    connectors: Sequence[Any], states: Mapping[str, StreamState], *, within_s: float
) -> dict[str, list[Finding]]:
    """What `check_source` finds of each source, by name, all asked at the same time.

    Args:
        states: what has landed of streams, by source; of those that are not in it nothing is compared.
        within_s: who has not answered by then has a finding that says so; its thread is left to itself.
    """
    done: queue.SimpleQueue[tuple[str, list[Finding]]] = queue.SimpleQueue()

    def check(connector: Any, name: str) -> None:
        try:
            found = check_source(connector, states.get(name, NOTHING_LANDED))
        except AidbtError as error:
            found = [_finding("ingest.refused", name, error)]
        done.put((name, found))

    silent = AidbtError(f"it has not answered for {within_s:g} s", hint="is it up, and reachable from here?")
    found = {
        connector.settings.name: [_finding("ingest.no_answer", connector.settings.name, silent)]
        for connector in connectors
    }
    for connector in connectors:
        # Not a pool, whose threads are waited for when the process ends.
        arguments = (connector, connector.settings.name)
        threading.Thread(target=check, args=arguments, name="aidbt-check", daemon=True).start()
    ends_at = time.monotonic() + within_s
    for _ in connectors:
        try:
            name, findings = done.get(timeout=max(ends_at - time.monotonic(), 0))
        except queue.Empty:
            break
        found[name] = findings
    return found


def check_source(connector: Any, state: StreamState = NOTHING_LANDED) -> list[Finding]:
    """What a person should see to before a source is streamed or loaded.

    Args:
        state: what has landed of its stream; see `StreamingConnector.check_changes`.
    """
    found: list[Finding] = []
    if getattr(connector, "is_streamed", False):
        try:
            found += connector.check_changes(state)
        except AidbtError as error:
            return [_finding("ingest.source_unavailable", connector.settings.name, error)]
    return found if getattr(connector, "only_streams", False) else found + check_loads(connector)


def check_loads(connector: Connector) -> list[Finding]:
    """What a person should see to before the tables of a connector are loaded.

    Whether it answers and lets us in, has the tables and columns that its settings name, and lets us read
    each table. Tables whose changes are streamed are left out.
    """
    name = connector.settings.name
    try:
        source = connector.open()
    except AidbtError as error:
        code = "ingest.source_unavailable" if isinstance(error, SourceUnavailable) else "ingest.refused"
        return [_finding(code, name, error)]
    try:
        return list(_of_source(connector, source))
    except AidbtError as error:
        return [_finding("ingest.refused", name, error)]
    finally:
        source.close()


def _of_source(connector: Connector, source: Source) -> Iterator[Finding]:
    name = connector.settings.name
    relations = source.tables()
    patterns = streamed(connector)
    try:
        choice = chosen(relations, connector.settings.tables)
        check_by_cursor(relations, by_cursor(connector), patterns)
    except AidbtError as error:
        yield _finding("ingest.unknown_table", name, error)
        return
    tables = [relation for relation, _ in choice if not fits(relation, patterns)]
    if not tables and not patterns:
        yield Finding("ingest.no_tables", Severity.WARN, name, "it has no tables to load")
    yield from _of_cursors(connector, tables)
    check = getattr(source, "check", None)
    yield from check(tables) if check is not None else _each_opened(source, tables)


def _of_cursors(connector: Any, tables: Sequence[Relation]) -> Iterator[Finding]:
    """Columns that loads by cursor need and that are not there, of tables whose columns listing tells."""
    for table in tables:
        how = by_cursor(connector).get(table.name)
        names = [column.name for column in table.columns]
        for column in () if how is None or not names else (how.cursor, *how.key):
            if column not in names:
                close = nearest(column, names)
                yield Finding(
                    "ingest.unknown_column",
                    Severity.ERROR,
                    f"{connector.settings.name}.{table.name}",
                    f"it has no column '{column}', which its load by cursor needs"
                    + (f"; did you mean '{close}'?" if close else ""),
                )


def _each_opened(source: Source, tables: Sequence[Relation]) -> Iterator[Finding]:
    """Errors that opening a table for reading gives; no rows are taken."""
    for table in tables:
        try:
            source.read(table).close()
        except AidbtError as error:
            yield _finding("ingest.not_readable", table.name, error)


def _finding(code: str, where: str, error: AidbtError) -> Finding:
    message = f"{error.message}; {error.hint}" if error.hint else error.message
    return Finding(code, Severity.ERROR, where, message)
