"""`aidbt ingest status`: how far every source has landed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from aidbt.cli.ingest_sources import configured, table_name
from aidbt.cli.options import open_from, output_option, project_options
from aidbt.cli.render import bold, count, dim, duration, emit, finding_lines, table


@click.command()
@click.argument("sources", nargs=-1)
@project_options
@output_option
def status(sources: tuple[str, ...], output: str, **where: Any) -> None:
    """Show how far SOURCES have landed, what died on the way, who reads them, and what is wrong with them."""
    from ingestion.status import statuses

    session = open_from(**where)
    found = statuses(configured(session, sources), lambda: session.warehouse, lambda: session.store)
    emit(found, output=output, text=lambda: _text(found))
    raise SystemExit(0 if all(item.is_healthy for item in found) else 1)


def _text(found: Any) -> Iterator[str]:
    tables = sum(len(item.tables) for item in found)
    yield f"{bold('found')} {count(len(found), 'source')}, {count(tables, 'table')} in bronze"
    for item in found:
        yield from _source(item)
    letters = any(group.waiting for item in found for group in item.letters)
    if letters:
        yield f"{bold('next')}: mend what the letters died of, then aidbt ingest replay"


def _source(item: Any) -> Iterator[str]:
    yield f"{bold(item.source)} {item.connector}{', streamed' if item.is_streamed else ''}"
    for holder in item.holders:
        yield (
            f"  {holder.resource} is in use by {holder.holder}, since {_time(holder.since)}, "
            f"until {_time(holder.until)} unless it goes on"
        )
    if item.is_streamed and not item.holders:
        yield dim(f"  nobody reads it now: aidbt ingest cdc {item.source}")
    if item.measured_at is not None:
        yield f"  {_lag(item)} ({_time(item.measured_at)})"
    rows = [
        [
            table_name(known.table),
            f"{known.bronze_schema}.{known.bronze_table}" if known.table else "",
            count(known.rows, "change" if known.kind == "changes" else "row"),
            _time(known.last_loaded_at),
            _position(known),
        ]
        for known in item.tables
    ]
    if rows:
        yield from table(rows, ["table", "bronze", "landed", "last batch", "position"])
    elif not item.problems:
        yield dim("  nothing has landed yet")
    for group in item.letters:
        words = click.style(count(group.waiting, "dead letter"), fg="yellow" if group.waiting else None)
        again = f", {group.replayed:,} replayed" if group.replayed else ""
        latest = f"{group.example.reason} ({group.example.origin}, {group.example.place})"
        yield f"  {words} {table_name(group.source_table)}: {group.cause}{again}; the latest: {latest}"
    yield from finding_lines(item.findings)
    for problem in item.problems:
        yield f"  {click.style('not known', fg='yellow')}: {problem}"


def _lag(item: Any) -> str:
    from aidbt.warehouse.budget import human_bytes

    parts = []
    if item.lag_s is not None:
        parts.append(f"lag {duration(item.lag_s)}")
    if item.backlog_bytes is not None:
        parts.append(f"backlog {human_bytes(item.backlog_bytes)}")
    return ", ".join(parts)


def _position(known: Any) -> str:
    if known.kind == "changes":
        return str(known.position.get("last", ""))
    text = json.dumps(known.position, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _time(moment: Any) -> str:
    from datetime import UTC

    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
