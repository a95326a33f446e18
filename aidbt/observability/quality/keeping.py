"""Keeping the scores of a project, day by day: after `aidbt quality`, a build, and a run of the monitors."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from aidbt.core.config import QualitySettings
from aidbt.observability.quality.gathering import gather
from aidbt.observability.quality.judging import Quality, points_of, quality_of
from aidbt.project.manifest import Manifest
from aidbt.store import Store
from aidbt.store.quality import QualityHistory, ScorePoint


def keep_scores(
    store: Store, result: Quality, settings: QualitySettings, *, target: str = "", now: datetime | None = None
) -> tuple[ScorePoint, ...]:
    """Keep the scores of the whole project as those of the day; what was known of the project's before.

    Nothing is kept where nothing was measured.

    Args:
        target: whose scores they are.

    Raises:
        StoreError: the store cannot be read or written.
    """
    history = QualityHistory(store, target)
    before = history.points()
    if result.is_whole and result.project.total.value is not None:
        history.put(points_of(result, now), keep=timedelta(days=settings.keep_days))
    return before


def score_and_keep(
    manifest: Manifest,
    store: Store,
    target_path: Path,
    settings: QualitySettings,
    *,
    target: str = "",
    now: datetime | None = None,
) -> Quality:
    """Score a project after something happened to it, and keep that.

    Args:
        target_path: where dbt's newest artifacts are.
        target: whose runs count; see `recorded_runs`.

    Raises:
        StoreError: the store cannot be read or written.
    """
    known = gather(manifest, store, target_path, max_age_days=settings.max_age_days, target=target, now=now)
    result = quality_of(manifest, known, settings)
    keep_scores(store, result, settings, target=target, now=now)
    return result
