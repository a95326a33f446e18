"""`aidbt ingest replay`: dead letters, read again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from aidbt.cli.ingest_sources import configured, error_lines, table_name
from aidbt.cli.options import open_from, output_option, project_options
from aidbt.cli.render import bold, count, dim, emit, table


@click.command()
@click.argument("sources", nargs=-1)
@click.option("--cause", help="Only letters with this cause.")
@click.option("--table", "only", help="Only letters of this table.")
@project_options
@output_option
def replay(sources: tuple[str, ...], cause: str | None, only: str | None, output: str, **where: Any) -> None:
    """Read the dead letters of SOURCES again, after what they died of was mended, and land what are rows now.

    They land as a new batch, and are marked in the same transaction: none lands twice.
    """
    from aidbt.core.patch import state_dir
    from ingestion.dead_letters import replay as replay_letters

    session = open_from(**where)
    report = replay_letters(
        configured(session, sources),
        lambda: session.warehouse,
        session.store,
        state_dir(session.project.root),
        cause=cause,
        table=only,
        settings=session.settings.values.ingest,
    )
    for done in report.tables:
        if done.batch_id:
            session.cache.invalidate(f"{done.source}.{done.bronze_table}", "data_load")
    emit(report, output=output, text=lambda: _text(report))
    is_clean = not any(done.error or done.still_dead for done in report.tables)
    raise SystemExit(0 if is_clean else 1)


def _text(report: Any) -> Iterator[str]:
    read = sum(done.letters for done in report.tables)
    landed = sum(done.rows_landed for done in report.tables)
    if not report.tables and not report.of_loads:
        yield "no dead letter waits"
        return
    yield f"{bold('read again')} {count(read, 'dead letter')}: {count(landed, 'row')} landed"
    rows = [
        [
            f"{done.source}.{table_name(done.table)}",
            f"{done.bronze_schema}.{done.bronze_table}" if done.table else "",
            f"{done.letters:,}",
            f"{done.rows_landed:,}",
            f"{sum(dead.letters for dead in done.still_dead):,}",
        ]
        for done in report.tables
        if not done.error
    ]
    if rows:
        yield from table(rows, ["table", "bronze", "read", "landed", "still dead"])
    for done in report.tables:
        for dead in done.still_dead:
            words = click.style("still dead", fg="yellow")
            name = f"{done.source}.{table_name(done.table)}"
            yield f"  {words} {name}: {dead.letters:,} × {dead.cause}: {dead.reason}"
        if done.error:
            yield from error_lines("not replayed", f"{done.source}.{done.table}", done.error, done.hint)
    for group in report.of_loads:
        yield (
            f"  {click.style('left', fg='yellow')} {group.source}.{group.source_table}: "
            f"{count(group.waiting, 'letter')} of a table that is loaded in full; the next load reads its "
            f"records again: aidbt ingest run {group.source} --table {group.source_table}"
        )
    if any(done.still_dead for done in report.tables):
        yield dim("letters that are still no rows stay as they are: mend what they died of, and replay again")
    if any(done.rows_landed for done in report.tables):
        yield dim("letters that became rows are marked as replayed, in the transaction of the rows")
        yield f"{bold('next')}: aidbt build"
