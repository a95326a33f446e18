"""`aidbt ingest cdc`: streams of changes."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any

import click

from aidbt.cli.ingest_sources import error_lines, next_step, streaming, table_name
from aidbt.cli.options import open_from, output_option, project_options
from aidbt.cli.render import bold, count, dim, duration, emit, finding_lines, table
from aidbt.core.errors import UsageError

_LINE_EVERY_S = 10.0
_NOTABLE_BACKLOG_BYTES = 1 << 20
_SHOW_CURSOR = b"\x1b[?25h"
_STOPPING = (
    b"\nstopping after what is in hand (a snapshot that has begun is finished); "
    b"once more stops at once, and loses nothing\n"
)


@click.command()
@click.argument("sources", nargs=-1)
@click.option("--once", is_flag=True, help="End when everything that was committed until now has landed.")
@click.option(
    "--snapshot", "resnapshot", multiple=True, metavar="TABLE", help="Read this table in full again first."
)
@click.option("--max-seconds", type=click.FloatRange(min=0), help="Stop after so many seconds.")
@project_options
@output_option
def cdc(
    sources: tuple[str, ...],
    once: bool,
    resnapshot: tuple[str, ...],
    max_seconds: float | None,
    output: str,
    **where: Any,
) -> None:
    """Stream the changes of SOURCES (all that have a section cdc: by default) into bronze, exactly once.

    Tables that are new are read in full first. It goes on until it is stopped (Ctrl-C, or SIGTERM), which
    finishes what is in hand; the next run continues there, also after a crash. dbt can build meanwhile.
    """
    from aidbt.core.patch import state_dir
    from ingestion.stream import run_streams

    session = open_from(**where)
    connectors = streaming(session, sources)
    if resnapshot and len(connectors) > 1:
        raise UsageError(
            "--snapshot is of one source's tables",
            hint=f"aidbt ingest cdc {connectors[0].settings.name} --snapshot {resnapshot[0]}",
        )
    cache = session.cache
    with _graceful() as stop, _Display(stop) as display:
        report = run_streams(
            connectors,
            lambda: session.warehouse_at_once,
            session.store,
            state_dir(session.project.root),
            settings=session.settings.values.ingest,
            until_current=once,
            resnapshot=resnapshot,
            max_seconds=max_seconds,
            stop=stop,
            on_progress=display.show,
            on_landed=lambda source, name: cache.invalidate(f"{source}.{name}", "data_load"),
        )
    emit(report, output=output, text=lambda: _text(report, session))
    raise SystemExit(_exit_code(report))


def _exit_code(report: Any) -> int:
    if len(report.failed) == len(report.sources) and not report.events:
        return 2
    is_wrong = report.failed or any(
        finding.severity == "error" for result in report.sources for finding in result.findings
    )
    return 1 if is_wrong else 0


@contextlib.contextmanager
def _graceful() -> Iterator[threading.Event]:
    """An event that the first SIGINT or SIGTERM sets; the second one ends the process at once.

    That loses nothing: what has landed is durable, and what has not is read again.
    """
    stop = threading.Event()
    is_asked = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal is_asked
        # Written past the buffers: the handler may have interrupted somebody who writes to them.
        if is_asked:
            os.write(2, _SHOW_CURSOR + b"\nstopped at once\n")
            os._exit(130)
        is_asked = True
        os.write(2, _STOPPING)
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Display:
    """How the streams stand: one live line each on a terminal, else a plain one now and then; on stderr."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._status: Any = None
        self._next_line_at = time.monotonic() + _LINE_EVERY_S
        self._stood: dict[str, tuple[str, bool]] = {}
        self._told: set[tuple[str, str]] = set()

    def __enter__(self) -> _Display:
        from rich.console import Console

        console = Console(stderr=True)
        if console.is_terminal:
            self._status = console.status("starting")
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def show(self, streams: Sequence[Any]) -> None:
        for stream in streams:
            for what in stream.happened:
                if (stream.source, what) not in self._told:
                    self._told.add((stream.source, what))
                    click.echo(f"note: {stream.source}: {what}", err=True)
        if self._status is not None:
            from rich.markup import escape

            self._status.update(escape("\n".join(_line(stream) for stream in streams)))
            return
        # Also when something else begins: changes land, or have to wait.
        is_due = time.monotonic() >= self._next_line_at
        for stream in streams:
            stands = (str(stream.level), stream.events > 0)
            if is_due or stands != self._stood.get(stream.source, ("full", False)):
                self._stood[stream.source] = stands
                click.echo(_line(stream), err=True)
        if is_due:
            self._next_line_at = time.monotonic() + _LINE_EVERY_S


def _line(stream: Any) -> str:
    from aidbt.warehouse.budget import human_bytes

    parts = [count(stream.events, "event"), f"{stream.events_per_s:,.0f}/s"]
    if stream.lag_s is not None:
        parts.append(f"lag {duration(stream.lag_s)}")
    if stream.backlog_bytes is not None:
        parts.append(f"backlog {human_bytes(stream.backlog_bytes)}")
    if stream.dead_letters:
        parts.append(count(stream.dead_letters, "dead letter"))
    if stream.waiting:
        batches = count(stream.waiting, "micro-batch", "micro-batches")
        parts.append(f"{batches} ({human_bytes(stream.waiting_bytes)}) wait")
    if stream.level != "full":
        parts.append(f"level {stream.level}")
    line = f"{stream.source}: {' · '.join(parts)}"
    return f"{line} · {stream.note}" if stream.note else line


_STATES = {
    "current": "everything that was committed before the start has landed",
    "stopped": "stopped as asked; the next run goes on there",
    "failed": "failed",
}


def _text(report: Any, session: Any) -> Iterator[str]:
    from aidbt.warehouse.budget import human_bytes

    seconds = (report.finished_at - report.started_at).total_seconds()
    ends = [(result, result.at_end) for result in report.sources]
    tables = sum(len(end.tables) for _, end in ends)
    if tables or any(result.status != "failed" for result, _ in ends):
        what = f"{count(report.events, 'event')} of {count(tables, 'table')}"
        yield f"{bold('landed')} {what} in {seconds:.1f} s"
    rows = [
        [
            f"{result.source}.{table_name(landed.table)}",
            f"{landed.bronze_schema}.{landed.bronze_table}" if landed.table else "",
            f"{landed.rows_landed:,}",
            f"{landed.dead_letters:,}",
        ]
        for result, end in ends
        for landed in end.tables
    ]
    if rows:
        yield from table(rows, ["table", "bronze", "rows", "dead letters"])
    for result, end in ends:
        for landed in end.tables:
            for change in landed.schema_changes:
                yield f"  {click.style('changed', fg='yellow')} {result.source}.{landed.table}: {change}"
        if result.status == "failed":
            yield from error_lines("failed", result.source, result.error, result.hint)
        else:
            yield dim(f"{result.source}: {_STATES[result.status]}{_behind(end)}")
        if end.waiting:
            batches = count(end.waiting, "micro-batch", "micro-batches")
            yield (
                f"{click.style('waiting', fg='yellow')} {result.source}: {batches} "
                f"({human_bytes(end.waiting_bytes)}) in the spool; they land first in the next run"
            )
        yield from finding_lines(result.findings)
    letters = sum(end.dead_letters for _, end in ends)
    if letters:
        words = click.style(count(letters, "dead letter"), fg="yellow")
        yield f"{words}: records that are no rows are kept with their reason (aidbt ingest status)"
    landed = [landed for _, end in ends for landed in end.tables if landed.table]
    if landed:
        names = [(table.bronze_schema, table.bronze_table) for table in landed]
        has_changed = any(table.schema_changes for table in landed)
        yield f"{bold('next')}: {next_step(session, names, has_changed=has_changed)}"


def _behind(end: Any) -> str:
    from aidbt.warehouse.budget import human_bytes

    if (end.backlog_bytes or 0) < _NOTABLE_BACKLOG_BYTES:
        return ""
    return f" ({human_bytes(end.backlog_bytes)} of its log are not read yet)"
