"""`aidbt observe`: runs of dbt that happened elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aidbt.cli.good_state import for_programs, kept_after_observing, kept_lines
from aidbt.cli.observed_causes import Caused, caused
from aidbt.cli.options import open_from, output_option, project_options
from aidbt.cli.render import bold, count, dim, duration, emit, finding_lines, plain, table
from aidbt.core.findings import Severity

if TYPE_CHECKING:
    from aidbt.healing.evidence.keeping import Kept
    from aidbt.observability.observing.observe import Observed
    from aidbt.observability.recorded import RecordedRun

_SHOWN = 10


@click.command()
@click.argument("artifacts", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--artifacts",
    "more",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The same as an argument.",
)
@click.option(
    "--diagnose/--no-diagnose",
    "finds_causes",
    default=True,
    show_default=True,
    help="Of a newest run that failed say why, and open an incident for each cause.",
)
@click.option("--exit-code", type=int, metavar="N", help="dbt's own, of the last run: what $? was.")
@click.option("--all", "show_all", is_flag=True, help="List every run and every finding.")
@project_options
@output_option
def observe(
    artifacts: tuple[Path, ...],
    more: tuple[Path, ...],
    finds_causes: bool,
    exit_code: int | None,
    show_all: bool,
    output: str,
    **where: Any,
) -> None:
    """Take in the runs whose artifacts are in these files and folders, the project's target by default.

    For runs of dbt platform, Airflow, cron or CI: run_results.json and sources.json, of one run or of many,
    each recorded once. With --exit-code, or with dbt's log beside them, results that a failed run left in
    place are told from its own. After a good run of the last day, whose manifest lies beside its results, the
    state of sources and tables is kept for `aidbt diagnose`. Of a run of the last day that failed each cause
    becomes an incident, with its proof. Exits 1 when results that are not a run's own are found, or a file
    cannot be read.
    """
    session = open_from(**where)
    artifacts = (*artifacts, *more)
    observed = taken_in(session, artifacts, exit_code)
    kept = _kept(session, observed, artifacts)
    failed = caused(session, observed, artifacts) if finds_causes else Caused()
    ended = [f"{one.id} is over: {one.title}" for one in failed.over]
    emit(
        {**plain(observed), "good_state": for_programs(kept), "causes": failed.for_programs(), "over": ended},
        output=output,
        text=lambda: [*_lines(observed, show_all=show_all), *kept_lines(kept), *failed.lines(), *ended],
    )
    bad = (Severity.ERROR, Severity.WARN)
    raise SystemExit(1 if any(finding.severity in bad for finding in observed.findings) else 0)


def taken_in(session: Any, artifacts: tuple[Path, ...], exit_code: int | None = None) -> Observed:
    """The runs whose artifacts are in some places, recorded; the project's target by default.

    Raises:
        StoreError: the store cannot be written.
    """
    from aidbt.core.config import environment
    from aidbt.core.errors import ProfileError
    from aidbt.observability.observing.observe import observe as take_in
    from aidbt.observability.runs import installed_packages, parents_in
    from aidbt.observability.targets import watched_target
    from aidbt.project.scrub import scrubber

    project = session.project
    try:
        settings = [project.profile().settings]
    except ProfileError:
        settings = []
    return take_in(
        artifacts or (_near(project.target_path),),
        session.store,
        project=project.name,
        packages=installed_packages(project),
        parents=parents_in(project),
        exit_code=exit_code,
        scrub=scrubber(settings, environment()),
        target=watched_target(project),
        is_target_asked=bool(project.target_name),
        keep=timedelta(days=session.settings.values.store.runs_days),
    )


def _kept(session: Any, observed: Observed, artifacts: tuple[Path, ...]) -> Kept | None:
    """The state after the newest run, where the results of just one folder say that it went well."""
    if any(finding.severity == Severity.ERROR for finding in observed.findings) or len(artifacts) > 1:
        return None
    place = artifacts[0] if artifacts else session.project.target_path
    folder = place if place.is_dir() else place.parent
    if not (folder / "manifest.json").is_file():
        return None
    return kept_after_observing(session, observed.runs, folder)


def _near(path: Path) -> Path:
    """The path as a person would write it from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _lines(observed: Observed, *, show_all: bool) -> Iterator[str]:
    if observed.runs:
        known = f", {observed.known:,} known before" if observed.known else ""
        yield f"{bold('recorded')} {count(len(observed.runs), 'run')}{known}"
    elif observed.known:
        yield f"{bold('nothing new')}: {count(observed.known, 'run')} known before"
    else:
        yield f"{bold('no run was found')}"
    shown = observed.runs if show_all else observed.runs[-_SHOWN:]
    if len(shown) < len(observed.runs):
        yield dim(f"  … {len(observed.runs) - len(shown):,} older ones (--all)")
    if shown:
        head = ["began (UTC)", "what", "ended", "took", "nodes"]
        rows = [_row(run) for run in shown]
        if any(run.asked.target for run in shown):
            head = [*head[:2], "target", *head[2:]]
            rows = [[*row[:2], run.asked.target, *row[2:]] for row, run in zip(rows, shown, strict=True)]
        yield from table(rows, head)
    yield from finding_lines(observed.findings, at_most=len(observed.findings) if show_all else _SHOWN)
    if observed.runs:
        yield f"{bold('next')}: aidbt monitor run"
    elif not observed.known:
        yield "give the folder with run_results.json in it; for a run that left none, --exit-code too"


def _row(run: RecordedRun) -> list[str]:
    counts = Counter(result.status for result in run.results).most_common()
    return [
        f"{run.started_at:%Y-%m-%d %H:%M}",
        f"dbt {run.job}"[:60],
        run.status.replace("_", " "),
        duration(run.seconds) if run.results else "",
        ", ".join(f"{number} {status}" for status, number in counts),
    ]
