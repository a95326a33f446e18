"""`aidbt report`: how the project's data is, as one page that works anywhere."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aidbt.cli.options import manifest_option, open_from, output_option, project_options
from aidbt.cli.render import bold, count, dim, emit
from aidbt.core.errors import ArtifactError, SettingsError, UsageError, WriteError

if TYPE_CHECKING:
    from aidbt.monitors.feedback.verdicts import Feedback
    from aidbt.observability.report.values import Report
    from aidbt.project.manifest import Manifest
    from aidbt.session import Session

_FILE = "report.html"
_DAYS = 30


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=f"Where to write it; {_FILE} in dbt's target folder by default.",
)
@click.option(
    "--since", metavar="DATE|DAYS", default=f"{_DAYS}d", show_default=True, help="E.g. 2026-03-01, 14d."
)
@click.option("--open", "open_it", is_flag=True, help="Show it in the browser.")
@manifest_option
@project_options
@output_option
def report(
    out: Path | None, since: str, open_it: bool, manifest: Path | None, output: str, **where: Any
) -> None:
    """Write what is known of the data and its runs as one HTML page.

    Incidents with charts, quality, tests, freshness, runs, time and cost. The page needs no server and
    loads nothing; the warehouse is not asked. Exits 0 whatever there is.
    """
    session = open_from(**where)
    now = datetime.now(UTC)
    begin = since_of(since, now)
    found = _gathered(session, manifest, begin, now)
    path = out if out is not None else session.project.target_path / _FILE
    size = _write(found, path)
    emit(_plain(found, path, size), output=output, text=lambda: _lines(found, path, size))
    if open_it:
        click.launch(path.resolve().as_uri())


def since_of(said: str, now: datetime) -> datetime:
    """The beginning of the period that a person means by "14d" or a date (UTC).

    Raises:
        UsageError: it is neither, or lies ahead.
    """
    text = said.strip()
    days = text.removesuffix("d")
    try:
        if days.isdecimal() and int(days) > 0:
            return now - timedelta(days=int(days))
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        hint = "write a date, as in --since 2026-03-01, or days, as in --since 14d"
        raise UsageError(f"'{said}' is no date", hint=hint) from error
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    if found >= now:
        raise UsageError(f"--since {said} lies ahead", hint="write a day that is over")
    return found


def _gathered(session: Session, path: Path | None, since: datetime, now: datetime) -> Report:
    from aidbt.observability.report.gather import gather
    from aidbt.observability.targets import watched_target

    manifest, notes = _manifest(session, path)
    feedback = _feedback(session, manifest, notes)
    return gather(
        session.store,
        session.settings.values,
        project=session.project.name,
        manifest=manifest,
        target_path=path.parent if path is not None else session.project.target_path,
        since=since,
        now=now,
        feedback=feedback,
        notes=notes,
        target=watched_target(session.project),
    )


def _manifest(session: Session, path: Path | None) -> tuple[Manifest | None, list[str]]:
    """The given manifest, else the newest; without one the report says less, and why."""
    from aidbt.cli.monitor import manifest_of

    try:
        return manifest_of(session, path), []
    except ArtifactError as error:
        if path is not None:
            raise
        return None, [f"Names, owners, lineage and quality are left out: {error.message}."]


def _feedback(session: Session, manifest: Manifest | None, notes: list[str]) -> Sequence[Feedback]:
    """What people said of incidents; a note where that cannot be read."""
    from aidbt.observability.adjusting import project_feedback

    if manifest is None:
        return ()
    try:
        return project_feedback(session.project.root, manifest, session.store)[0]
    except SettingsError as error:
        notes.append(f"What people said of incidents is left out: {error.message}.")
        return ()


def _write(report: Report, path: Path) -> int:
    """Write the page, whole or not at all; its size in bytes.

    Raises:
        WriteError: the file cannot be written.
    """
    from aidbt.observability.report.page import report_page

    page = report_page(report).encode()
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(page)
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise WriteError(
            f"{path} cannot be written: {error.strerror}", hint="choose another --out"
        ) from error
    return len(page)


def _plain(report: Report, path: Path, size: int) -> dict[str, Any]:
    """What programs get of it; everything in it has a command of its own."""
    from aidbt.observability.report.summary import verdict

    state, said = verdict(report)
    return {
        "path": path,
        "size_bytes": size,
        "made_at": report.made_at,
        "since": report.since,
        "target": report.target,
        "state": state,
        "verdict": said,
        "open_incidents": [part.incident.id for part in report.open],
        "ended_incidents": [part.incident.id for part in report.over],
        "quality": report.quality.score if report.quality else None,
        "tests": len(report.tests),
        "tests_not_passing": sum(test.state in ("bad", "warn") for test in report.tests),
        "late": sum(one.state in ("bad", "warn") for one in report.freshness),
        "runs": len(report.runs),
        "watched": report.watched,
        "notes": report.notes,
    }


def _lines(report: Report, path: Path, size: int) -> Iterator[str]:
    from aidbt.observability.report.summary import verdict

    state, said = verdict(report)
    colour = {"good": "green", "warn": "yellow", "bad": "red"}.get(state)
    yield click.style(said, fg=colour, bold=True)
    yield (
        f"{bold('written')} {path} ({size / 1e6:.1f} MB): {count(len(report.incidents), 'incident')},"
        f" {count(len(report.tests), 'test')}, {count(len(report.runs), 'run')}"
        f" since {report.since:%Y-%m-%d}"
    )
    for note in report.notes:
        yield dim(f"  {note}")
    if report.is_empty:
        yield f"{bold('next')}: aidbt build (or aidbt observe), then aidbt monitor run"
    elif report.open:
        yield f"{bold('next')}: aidbt incidents show {report.open[0].incident.id}"
