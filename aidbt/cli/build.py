"""`aidbt build`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import click

from aidbt.cli.options import ManyValues, open_from, output_option, project_options
from aidbt.cli.render import Progress, bold, count, dim, emit, plain, table


@click.command(cls=ManyValues)
@click.option("--select", "-s", multiple=True, help="dbt's own selection syntax, several too: -s one two.")
@click.option("--exclude", multiple=True, help="dbt's own selection syntax.")
@click.option("--threads", type=click.IntRange(1), help="How many nodes dbt runs at once.")
@click.option("--full-refresh", is_flag=True, help="Rebuild incremental models.")
@click.option("--count/--no-count", "count_rows_", default=True, help="Count rows in and out of staging.")
@click.option(
    "--monitor/--no-monitor",
    default=None,
    help="Then measure, check and tell; by default where the project has monitors, or was measured before.",
)
@click.option("--heal", is_flag=True, help="Then mend what failed, as aidbt heal run does.")
@project_options
@output_option
def build(
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    threads: int | None,
    full_refresh: bool,
    count_rows_: bool,
    monitor: bool | None,
    heal: bool,
    output: str,
    **where: Any,
) -> None:
    """Run dbt build on the project and record the run.

    Streams of changes make way meanwhile where the warehouse lets one process in. Afterwards the rows of the
    staging models that aidbt wrote are counted against their sources, and the models are monitored where the
    project has monitors. Of a run that went well the state of sources and tables is kept, so that
    `aidbt diagnose` can say what changed since; one of the whole project ends what was being healed.
    """
    from aidbt.cli import build_holding
    from aidbt.cli.build_healing import healed_after_build
    from aidbt.cli.good_state import for_programs, kept_after_build, kept_lines
    from aidbt.observability.runs import build_and_record, wait_until_free

    session = open_from(**where, as_committed=heal)
    with Progress(is_shown=output == "text") as progress, session.ask_for_warehouse():
        progress.show("waiting for the warehouse")
        wait_until_free(lambda: session.warehouse, tries=5 if heal else 1)
        holding = build_holding.begun(session)
        report = build_and_record(
            session.project,
            session.settings.values.dbt,
            session.store,
            session.cache,
            select=select,
            exclude=exclude,
            threads=threads,
            full_refresh=full_refresh,
            keep=timedelta(days=session.settings.values.store.runs_days),
            on_event=progress.show,
        )
        holding.end_anyway(report)
        rows, watched, problem = _looked_at(
            session, report, progress.show, counts=count_rows_, monitor=monitor
        )
        kept = None
        if report.succeeded:
            progress.show("the last good state")
            kept = kept_after_build(session)
    unkept = [dim(problem)] if problem else []
    is_whole = not (select or exclude)
    healing = healed_after_build(session, report, is_asked=heal, is_whole=is_whole)
    holding.end(report, is_mended=healing.mended_all)
    result = {**plain(report), "row_counts": rows, "monitors": watched.for_programs()}
    result["good_state"] = for_programs(kept)
    result["healing"] = healing.for_programs()
    result["holding"] = holding.for_programs()
    emit(
        result,
        output=output,
        text=lambda: [
            *_text(report),
            *_rows_text(rows),
            *watched.lines(),
            *unkept,
            *kept_lines(kept),
            *holding.lines(),
            *(healing.lines() if healing.is_done else _why(report)),
        ],
    )
    if healing.mended_all:
        raise SystemExit(0)
    raise SystemExit({"success": 0, "failed": 1, "nothing_selected": 1, "error": 2}[report.status])


def _looked_at(
    session: Any, report: Any, show: Callable[[str], None], *, counts: bool, monitor: bool | None
) -> tuple[Any, Any, str]:
    """(rows in and out, what monitors saw, why scores were not kept) of what a run built."""
    from aidbt.cli.monitor_check import Monitored, monitored_after_build
    from aidbt.cli.quality import kept_scores
    from aidbt.observability.row_counts import RowCounts, count_rows, remember_counts

    rows, watched = RowCounts(), Monitored()
    if counts and report.results:
        show("rows in and out")
        rows = count_rows(session.project, session.settings, session.warehouse, report.results)
        remember_counts(session.store, rows)
    if report.results and monitor is not False:
        show("monitors")
        watched = monitored_after_build(session, is_asked=bool(monitor), show=show)
    return rows, watched, kept_scores(session) if report.results else ""


def _why(report: Any) -> Iterator[str]:
    if report.status in ("failed", "error"):
        yield f"{bold('next')}: aidbt diagnose"


_WORDS = {
    "success": "built",
    "failed": "failed",
    "nothing_selected": "nothing was selected",
    "error": "dbt could not run",
}


def _rows_text(rows: Any) -> Iterator[str]:
    if rows.problem:
        yield dim(f"rows in and out were not counted: {rows.problem}")
    same = [count for count in rows.counted if not count.differs]
    if same:
        total = f"{sum(item.rows_in for item in same):,}"
        yield f"rows in = rows out: {total} = {total} in {count(len(same), 'staging model')}"
    for item in rows.differing:
        words = click.style("rows in ≠ rows out", fg="yellow")
        yield f"{words}: {item.source} {item.rows_in:,} → {bold(item.model)} {item.rows_out:,}"
    skipped = [item for item in rows.counts if item.reason]
    for item in skipped[:3]:
        yield dim(f"  not counted: {item.model}: {item.reason}")
    if len(skipped) > 3:
        yield dim(f"  … and {len(skipped) - 3} more (--output json shows all)")


def _said(lines: Sequence[str]) -> Iterator[str]:
    """What data tests of ours found: dbt itself says only how many results they got."""
    if lines:
        yield "monitors that dbt asked:"
        yield from (f"  {line}" for line in lines[:8])
    if len(lines) > 8:
        yield dim(f"  … and {len(lines) - 8} more (--output json shows all)")


def _text(report: Any) -> Iterator[str]:
    colour = "green" if report.status == "success" else "red"
    seconds = (report.finished_at - report.started_at).total_seconds()
    words = click.style(_WORDS[report.status], fg=colour, bold=True)
    yield f"{words} in {seconds:.1f} s with dbt {report.dbt_version}".removesuffix(" with dbt ")
    if report.results:
        rows = [
            [kind, ", ".join(f"{number} {status}" for status, number in counts.items())]
            for kind, counts in report.by_resource_type().items()
        ]
        yield from table(rows)
    for failure in report.failures:
        where = f" ({failure.path})" if failure.path else ""
        yield f"{click.style(failure.status, fg='red')} {bold(failure.unique_id or 'dbt')}{where}"
        yield from (f"    {line}" for line in failure.message.strip().split("\n")[:8])
    yield from _said(report.said)
    if report.warnings:
        yield f"{count(len(report.warnings), 'warning')}:"
        yield from (
            f"  {line}" for warning in report.warnings[:5] for line in warning.strip().split("\n")[:3]
        )
    if report.status == "nothing_selected":
        yield dim("  check --select and --exclude: dbt found no node for them")
