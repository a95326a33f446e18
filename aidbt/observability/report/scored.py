"""The quality of a project in the report's form: the scores, over time, and why points are lost."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from pathlib import Path

from aidbt.core.config import QualitySettings
from aidbt.observability.quality import judging
from aidbt.observability.quality.advice import Way
from aidbt.observability.quality.gathering import gather
from aidbt.observability.quality.known import Known
from aidbt.observability.quality.scores import Loss, Part, Scope
from aidbt.observability.report.values import LostPoints, ModelQuality, Quality
from aidbt.project.manifest import Manifest
from aidbt.store import Store
from aidbt.store.quality import QualityHistory

_MOST_WAYS = 6
_MOST_CAUSES = 2
_MOST_GROUPS = 50
_GROUPS: tuple[Scope, ...] = ("layer", "owner")


def scored(
    manifest: Manifest,
    store: Store,
    target_path: Path,
    settings: QualitySettings,
    *,
    since: datetime,
    now: datetime,
    target: str = "",
) -> tuple[Known, Quality]:
    """What quality is judged by, and what came of it; nothing is kept.

    Args:
        target: whose runs count; see `recorded_runs`.

    Raises:
        StoreError: the store cannot be read.
    """
    known = gather(manifest, store, target_path, max_age_days=settings.max_age_days, target=target, now=now)
    found = judging.quality_of(manifest, known, settings)
    history = tuple(
        (point.at, point.score)
        for point in QualityHistory(store, target).points(since=since)
        if point.score is not None
    )
    value = found.project.total.value
    if value is not None and (not history or history[-1][0].date() != now.date()):
        history = (*history, (now, value))
    return known, quality_part(found, history, minimum=settings.min_score or None)


def quality_part(
    found: judging.Quality, history: tuple[tuple[datetime, float], ...] = (), *, minimum: float | None = None
) -> Quality:
    """Scores in the report's form; models in the order of their score, those that are not measured last."""
    lost: dict[str, list[Loss]] = defaultdict(list)
    for loss in found.losses:
        lost[loss.node].append(loss)
    ways = {way.cause: way for way in reversed(found.mend) if way.cause}
    owners = {score.subject.node: score.subject.owner for score in found.nodes}
    project = found.project
    return Quality(
        score=project.total.value,
        dimensions={dimension.value: score.value for dimension, score in project.dimensions.items()},
        coverage=project.total.coverage / 100,
        history=history,
        models=tuple(
            _model(part, owners.get(part.name, ""), lost.get(part.name, []), ways)
            for part in found.parts("model")
        ),
        minimum=minimum,
        groups=tuple(
            (scope, part.label, part.total.value, part.total.coverage / 100)
            for scope in _GROUPS
            for part in found.parts(scope)[:_MOST_GROUPS]
        ),
        ways=tuple((way.action, way.points) for way in (*found.mend, *found.measure)[:_MOST_WAYS]),
    )


def _model(part: Part, owner: str, losses: list[Loss], ways: dict[str, Way]) -> ModelQuality:
    ordered = sorted(losses, key=lambda loss: -loss.node_points)
    return ModelQuality(
        node=part.name,
        score=part.total.value,
        dimensions={dimension.value: score.value for dimension, score in part.dimensions.items()},
        coverage=part.total.coverage / 100,
        owner=owner,
        lost=tuple(_lost(loss, ways) for loss in ordered),
    )


def _lost(loss: Loss, ways: dict[str, Way]) -> LostPoints:
    first = loss.evidence[0]
    # What a monitor or a run says begins with the name of the node, or stands in its row.
    reason = first.said if first.source in ("monitor", "run") else f"{first.what}: {first.said}"
    causes = dict.fromkeys(item.cause for item in loss.evidence if item.lost == first.lost)
    short = [ways[cause].short for cause in causes if cause in ways][:_MOST_CAUSES]
    return LostPoints(loss.node_points, reason.removesuffix(f" ({first.cause})"), "; ".join(short))
