"""`aidbt ingest run`: loads, in full or by cursor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from aidbt.cli.ingest_sources import configured, error_lines, next_step, streamed_tables
from aidbt.cli.options import open_from, output_option, project_options
from aidbt.cli.render import bold, count, dim, emit, plain, table


@click.command()
@click.argument("connectors", nargs=-1)
@click.option("--table", "tables", multiple=True, help="Only these tables; * matches anything.")
@click.option("--from", "location", help="A database's URL, or CSV, JSON or Parquet files (also s3://).")
@click.option("--source", "name", help="The source's name, with --from.")
@click.option("--changed", is_flag=True, help="Leave out tables that are known to be as at their last load.")
@click.option("--full", is_flag=True, help="Read also tables that are loaded by cursor from the start.")
@click.option("--parallel", type=click.IntRange(1, 64), help="How many tables are read at once.")
@project_options
@output_option
def run(
    connectors: tuple[str, ...],
    tables: tuple[str, ...],
    location: str | None,
    name: str | None,
    changed: bool,
    full: bool,
    parallel: int | None,
    output: str,
    **where: Any,
) -> None:
    """Load the tables of CONNECTORS (aidbt/connectors/*.yml; all by default), in full or by cursor.

    Tables whose changes are streamed are left out: aidbt ingest cdc lands them.

    With --from and --source, load from one place without a connector file.
    """
    from aidbt.core.errors import UsageError
    from aidbt.core.patch import state_dir
    from aidbt.store.leases import Leases
    from ingestion.pipeline import run_loads
    from ingestion.settings import connector_from

    if (location is None) != (name is None):
        raise UsageError(
            "--from and --source go together", hint="aidbt ingest run --source crm --from crm.csv"
        )
    session = open_from(**where, flags={"ingest.parallel": parallel} if parallel else None)
    settings = session.settings.values.ingest
    prefix = settings.schema_prefix
    if location is not None and name is not None:
        enough = settings.type_confidence
        chosen = [
            connector_from(location, name, root=Path.cwd(), schema_prefix=prefix, type_confidence=enough)
        ]
    else:
        chosen = configured(session, connectors)
    streamed = streamed_tables(chosen)
    loaded = [connector for connector in chosen if not getattr(connector, "only_streams", False)]
    if not loaded:
        raise UsageError(
            f"nothing to load: {', '.join(streamed)} only streams changes",
            hint=f"aidbt ingest cdc {' '.join(streamed)}",
        )
    report = run_loads(
        loaded,
        lambda: session.warehouse,
        parallel=settings.parallel,
        tables=tables,
        leases=Leases(session.store),
        lease_s=settings.lease_seconds,
        changed_only=changed,
        full=full,
        scratch=state_dir(session.project.root),
        on_table=lambda load: click.echo(f"  {load.source}.{load.table}: {load.status}", err=True),
    )
    for load in report.landed:
        session.cache.invalidate(f"{load.source}.{load.bronze_table}", "data_load")
    result = {**plain(report), "streamed": streamed}
    emit(result, output=output, text=lambda: _text(report, streamed, session))
    tried = report.landed or report.failed or report.unchanged
    raise SystemExit(0 if report.is_complete else 1 if tried else 2)


def _text(report: Any, streamed: Mapping[str, Sequence[str]], session: Any) -> Iterator[str]:
    seconds = (report.finished_at - report.started_at).total_seconds()
    rows_landed = sum(load.rows_landed for load in report.landed)
    tables_landed = count(len(report.landed), "table")
    yield f"{bold('landed')} {count(rows_landed, 'row')} of {tables_landed} in {seconds:.1f} s"
    columns = ["table", "bronze", "read", "landed", "dead letters"]
    by_cursor = any(load.rows_skipped or load.rows_marked for load in report.landed)
    columns += ["known", "marked"] if by_cursor else []
    rows = [
        [
            f"{load.source}.{load.table}",
            f"{load.bronze_schema}.{load.bronze_table}",
            f"{load.rows_read:,}",
            f"{load.rows_landed:,}",
            f"{load.rows_rejected:,}",
            f"{load.rows_skipped:,}",
            f"{load.rows_marked:,}",
        ][: len(columns)]
        for load in report.landed
    ]
    if rows:
        yield from table(rows, columns)
    for load in report.landed:
        for old, new in load.renamed:
            renamed = click.style("renamed", fg="yellow")
            yield f"  {renamed} {load.source}.{load.table}: column {old!r} landed as {new}"
        for change in load.schema_changes:
            yield f"  {click.style('changed', fg='yellow')} {load.source}.{load.table}: {change}"
        for note in load.notes:
            yield f"  {click.style('note', fg='yellow')} {load.source}.{load.table}: {note}"
    for load in report.failed:
        yield from error_lines("not landed", f"{load.source}.{load.table}", load.error, load.hint)
    for failure in report.failures:
        yield from error_lines("not reached", failure.source, failure.error, failure.hint)
    if report.unchanged:
        named = ", ".join(report.unchanged[:5]) + (", …" if len(report.unchanged) > 5 else "")
        yield f"left out {count(len(report.unchanged), 'table')} as at the last load: {named}"
    for source, patterns in streamed.items():
        yield f"left out {source}: {', '.join(patterns)} (streamed: aidbt ingest cdc {source})"
    if report.landed:
        state = "every row read is accounted for" if report.reconciles else "ROWS ARE MISSING: see the counts"
        sum_of_parts = (
            "read + marked = landed + dead letters + known" if by_cursor else "read = landed + dead letters"
        )
        yield dim(f"{sum_of_parts}: {state}")
        names = [(load.bronze_schema, load.bronze_table) for load in report.landed]
        has_changed = any(load.schema_changes for load in report.landed)
        yield f"{bold('next')}: {next_step(session, names, has_changed=has_changed)}"
