"""`aidbt ingest`: landing data in bronze."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from aidbt.cli.options import open_from, output_option, project_options
from aidbt.cli.render import bold, count, dim, emit, table


@click.group()
def ingest() -> None:
    """Land tables and files in bronze, append-only, each load complete or not at all."""


@ingest.command()
@click.argument("connectors", nargs=-1)
@click.option("--table", "tables", multiple=True, help="Only these tables; * matches anything.")
@click.option("--from", "location", help="A postgresql:// URL, or CSV or Parquet files (also s3://, gs://).")
@click.option("--source", "name", help="The source's name, with --from.")
@click.option("--parallel", type=click.IntRange(1, 64), help="How many tables are read at once.")
@project_options
@output_option
def run(
    connectors: tuple[str, ...],
    tables: tuple[str, ...],
    location: str | None,
    name: str | None,
    parallel: int | None,
    output: str,
    **where: Any,
) -> None:
    """Load the tables of CONNECTORS (aidbt/connectors/*.yml; all by default) in full.

    With --from and --source, load from one place without a connector file.
    """
    from aidbt.core.errors import UsageError
    from ingestion.pipeline import run_loads
    from ingestion.settings import connector_from, load_connectors

    if (location is None) != (name is None):
        raise UsageError(
            "--from and --source go together", hint="aidbt ingest run --source crm --from crm.csv"
        )
    session = open_from(**where, flags={"ingest.parallel": parallel} if parallel else None)
    settings = session.settings.values.ingest
    prefix = settings.schema_prefix
    if location is not None and name is not None:
        chosen = [connector_from(location, name, root=Path.cwd(), schema_prefix=prefix)]
    else:
        chosen = load_connectors(session.project.root, connectors, schema_prefix=prefix)
    if not chosen:
        raise UsageError(
            f"no connector in {session.project.aidbt_dir / 'connectors'}",
            hint="write one (see docs/reference.md), or: aidbt ingest run --source NAME --from FILE_OR_URL",
        )
    report = run_loads(
        chosen,
        lambda: session.warehouse,
        parallel=settings.parallel,
        tables=tables,
        on_table=lambda load: click.echo(f"  {load.source}.{load.table}: {load.status}", err=True),
    )
    for load in report.landed:
        session.cache.invalidate(f"{load.source}.{load.bronze_table}", "data_load")
    emit(report, output=output, text=lambda: _text(report))
    raise SystemExit(0 if report.is_complete else 1 if report.landed or report.failed else 2)


def _text(report: Any) -> Iterator[str]:
    seconds = (report.finished_at - report.started_at).total_seconds()
    rows_landed = sum(load.rows_landed for load in report.landed)
    tables_landed = count(len(report.landed), "table")
    yield f"{bold('landed')} {count(rows_landed, 'row')} of {tables_landed} in {seconds:.1f} s"
    rows = [
        [
            f"{load.source}.{load.table}",
            f"{load.bronze_schema}.{load.bronze_table}",
            f"{load.rows_read:,}",
            f"{load.rows_landed:,}",
            f"{load.rows_rejected:,}",
        ]
        for load in report.landed
    ]
    if rows:
        yield from table(rows, ["table", "bronze", "read", "landed", "rejected"])
    for load in report.landed:
        for old, new in load.renamed:
            renamed = click.style("renamed", fg="yellow")
            yield f"  {renamed} {load.source}.{load.table}: column {old!r} landed as {new}"
    for load in report.failed:
        yield f"{click.style('not landed', fg='red')} {load.source}.{load.table}: {load.error}"
        if load.hint:
            yield f"  {click.style('hint:', fg='cyan')} {load.hint}"
    for failure in report.failures:
        yield f"{click.style('not reached', fg='red')} {failure.source}: {failure.error}"
        if failure.hint:
            yield f"  {click.style('hint:', fg='cyan')} {failure.hint}"
    if report.landed:
        state = "every row read is accounted for" if report.reconciles else "ROWS ARE MISSING: see the counts"
        yield dim(f"read = landed + rejected: {state}")
        yield f"{bold('next')}: aidbt generate"
