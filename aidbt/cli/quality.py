"""`aidbt quality`: how good the data is, why points are lost, what wins them back; a gate for CI."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aidbt.cli.options import (
    ManyValues,
    exclude_option,
    manifest_option,
    nodes_option,
    open_from,
    output_option,
    project_options,
)
from aidbt.cli.quality_text import DIMENSIONS, history_lines, score_lines, why_lines
from aidbt.cli.render import emit
from aidbt.core.errors import AidbtError, UsageError

if TYPE_CHECKING:
    from aidbt.observability.quality.judging import Below, Quality
    from aidbt.observability.quality.scores import Loss, Scope
    from aidbt.project.manifest import Manifest
    from aidbt.session import Session


@click.command(cls=ManyValues)
@nodes_option
@exclude_option
@click.option(
    "--by",
    type=click.Choice(["model", "column", "layer", "owner"]),
    default="model",
    show_default=True,
    help="What the scores are shown of, and what the gate judges.",
)
@click.option("--min", "min_score", type=click.FloatRange(0, 100), help="Exit 1 when a score is below.")
@click.option(
    "--min-coverage", type=click.FloatRange(0, 100), help="Exit 1 when less than that share is measured."
)
@click.option("--why", metavar="MODEL", help="Each point that a model lacks, and what wins it back.")
@click.option("--history", is_flag=True, help="The scores of the project, day by day.")
@click.option("--all", "show_all", is_flag=True, help="List everything.")
@manifest_option
@project_options
@output_option
def quality(
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    by: Scope,
    min_score: float | None,
    min_coverage: float | None,
    why: str | None,
    history: bool,
    show_all: bool,
    manifest: Path | None,
    output: str,
    **where: Any,
) -> None:
    """Score the data 0..100, from the results of tests and from what monitors measured.

    Nothing is run and the warehouse is not asked: the newest results that are known count. What nothing is
    known of has no score; how much is known stands beside each score as its coverage. Exits 1 when
    something is below --min or --min-coverage (or quality.min_score, quality.min_coverage).
    """
    if why is not None and (select or exclude or history):
        raise UsageError("--why is of one model", hint="leave out --select, --exclude and --history")
    session = open_from(**where)
    if history:
        points = _history(session)
        emit({"history": points}, output=output, text=lambda: history_lines(points, show_all=show_all))
        return
    found_manifest, target = _manifest(session, manifest)
    if why is not None:
        _why(session, found_manifest, target, why, output=output, show_all=show_all)
        return
    from aidbt.observability.quality.judging import below
    from aidbt.observability.quality.keeping import keep_scores
    from aidbt.observability.targets import watched_target

    result = _scored(session, found_manifest, target, select=select, exclude=exclude)
    settings = session.settings.values.quality
    failing = below(
        result,
        by,
        min_score=settings.min_score if min_score is None else min_score,
        min_coverage=settings.min_coverage if min_coverage is None else min_coverage,
    )
    of = watched_target(session.project)
    before = keep_scores(session.store, result, settings, target=of) if result.is_whole else ()
    emit(
        _plain(result, by, failing),
        output=output,
        text=lambda: score_lines(result, by, failing, before, show_all=show_all),
    )
    raise SystemExit(1 if failing else 0)


def _manifest(session: Session, path: Path | None) -> tuple[Manifest, Path]:
    """The manifest, and the folder of the artifacts that belong to it."""
    from aidbt.cli.monitor import manifest_of

    found = manifest_of(session, path)
    return found, path.parent if path is not None else session.project.target_path


def _scored(
    session: Session,
    manifest: Manifest,
    target: Path,
    *,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> Quality:
    from aidbt.observability.quality.gathering import gather
    from aidbt.observability.quality.judging import quality_of
    from aidbt.observability.targets import watched_target

    settings = session.settings.values.quality
    known = gather(
        manifest,
        session.store,
        target,
        max_age_days=settings.max_age_days,
        target=watched_target(session.project),
    )
    return quality_of(manifest, known, settings, select=select, exclude=exclude)


def kept_scores(session: Session, path: Path | None = None) -> str:
    """Keep today's scores, as the last step of another command; why that was not possible, "" where it was.

    Args:
        path: the manifest; None for dbt's newest.
    """
    from aidbt.observability.quality.keeping import score_and_keep
    from aidbt.observability.targets import watched_target

    try:
        manifest, folder = _manifest(session, path)
        score_and_keep(
            manifest,
            session.store,
            folder,
            session.settings.values.quality,
            target=watched_target(session.project),
        )
    except AidbtError as error:
        return f"today's quality is not kept: {error.message}"
    return ""


def _plain(result: Quality, by: Scope, failing: Sequence[Below]) -> dict[str, Any]:
    """What programs get."""
    return {
        "project": result.project,
        "by": by,
        "parts": result.parts(by),
        "below": [
            {"name": one.part.name, "what": one.what, "value": one.value, "asked": one.asked}
            for one in failing
        ],
        "lost": [_loss(loss) for loss in result.losses],
        "mend": result.mend,
        "measure": result.measure,
        "findings": result.findings,
        "runs": result.runs,
        "last_run_at": result.last_run_at,
    }


def _loss(loss: Loss) -> dict[str, Any]:
    return {
        "node": loss.node,
        "column": loss.column,
        "dimension": loss.dimension,
        "points": loss.points,
        "node_points": loss.node_points,
        "why": [{"cause": e.cause, "what": e.what, "said": e.said, "bad": e.bad} for e in loss.evidence],
    }


def _why(
    session: Session, manifest: Manifest, target: Path, name: str, *, output: str, show_all: bool
) -> None:
    from aidbt.project.selection import select_nodes

    nodes = select_nodes(manifest, [name])
    if len(nodes) != 1:
        names = ", ".join(node.unique_id for node in nodes[:5])
        raise UsageError(
            f"'{name}' is {len(nodes)} nodes: {names}", hint="--why is of one: give its unique_id"
        )
    result = _scored(session, manifest, target, select=[nodes[0].unique_id])
    if not result.nodes:
        raise UsageError(
            f"'{name}' has no data of its own", hint="ephemeral models are scored where they are read"
        )
    emit(
        {**_plain(result, "column", ()), "node": nodes[0].unique_id},
        output=output,
        text=lambda: why_lines(result, show_all=show_all),
    )


def _history(session: Session) -> list[dict[str, Any]]:
    """The project's scores of each day, oldest first."""
    from aidbt.observability.targets import watched_target
    from aidbt.store.quality import QualityHistory

    known = QualityHistory(session.store, watched_target(session.project))
    by_dimension = {
        name: {point.at.date(): point.score for point in known.points(dimension=name)} for name in DIMENSIONS
    }
    return [
        {
            "day": point.at.date(),
            "score": point.score,
            "coverage": point.coverage,
            "dimensions": {name: days.get(point.at.date()) for name, days in by_dimension.items()},
        }
        for point in known.points()
    ]
