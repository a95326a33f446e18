"""The past as the store has it, judged again by every detector: which of them pay on this project."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from aidbt.core.config import MonitorSettings
from aidbt.core.errors import MissingExtra, require_known
from aidbt.core.measured import Grain
from aidbt.monitors.calendar import holidays_of
from aidbt.monitors.detectors.registry import DETECTORS, PRESETS, Detector, open_detector
from aidbt.monitors.feedback.replay import Replay, replay
from aidbt.monitors.feedback.verdicts import Feedback, judgements, resolved
from aidbt.monitors.histories import history_of
from aidbt.monitors.history import History, Scores
from aidbt.monitors.metrics import USUAL
from aidbt.project.manifest import Manifest
from aidbt.project.selection import select_nodes, upstream_of
from aidbt.store import Store
from aidbt.store.buckets import Buckets

_GRAINS: tuple[Grain, ...] = ("day", "hour", "run")


@dataclass(frozen=True, slots=True)
class Replayed:
    """Every grain that the store has buckets of, replayed.

    Attributes:
        used: the detector that `monitors.preset` stands for.
        false_alarms: the setting that is in use.
        judged: how many judgements of people there are.
        left_out: detector → why it could not be asked.
    """

    used: str
    false_alarms: float
    judged: int
    grains: dict[Grain, Replay]
    left_out: dict[str, str]


def replay_store(
    manifest: Manifest,
    store: Store,
    settings: MonitorSettings,
    *,
    detectors: Sequence[str] = (),
    false_alarms: Sequence[float] = (),
    feedback: Sequence[Feedback] = (),
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    now: datetime | None = None,
    on_step: Callable[[str], None] = lambda text: None,
) -> Replayed:
    """What each detector would have told of what the store holds; nothing is written.

    Args:
        detectors: all that are registered when empty; the one that is in use always comes first.
        false_alarms: other values of the knob, tried with the detector that is in use.
        feedback: what people said; of nodes that the project has not it is passed over.
        select, exclude: see `select_nodes`.
        on_step: told what comes next, since a year of hours takes minutes.

    Raises:
        UnknownName: a detector or a selector matches nothing.
        StoreError: the store cannot be read.
    """
    require_known(detectors, DETECTORS.names(), DETECTORS.family)
    used = PRESETS[settings.preset]
    names = [used, *(name for name in detectors or DETECTORS.names() if name != used)]
    wanted = [_Wanted(name, name, settings.false_alarms) for name in names]
    wanted += [_Wanted(f"{used} at {n:g}", used, n) for n in false_alarms if n != settings.false_alarms]
    opened, left_out = _opened(wanted)
    nodes = {node.unique_id for node in select_nodes(manifest, select, exclude)}
    said = judgements(resolved(feedback, [*manifest.nodes, *manifest.sources])[0])
    oldest = (now or datetime.now(UTC)) - timedelta(days=settings.history_days + 1)
    on_step("reading what was measured")
    found = {
        history.grain: replay(history, _members(history, opened, on_step), said)
        for history in _histories(manifest, store, settings, nodes, oldest.replace(tzinfo=None))
    }
    return Replayed(used, settings.false_alarms, len(said), found, left_out)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A detector with one setting of the knob, and how that is called."""

    shown: str
    name: str
    false_alarms: float


def _opened(wanted: Sequence[_Wanted]) -> tuple[dict[_Wanted, Detector], dict[str, str]]:
    """The detectors, and those that cannot be had with what would bring them."""
    opened: dict[_Wanted, Detector] = {}
    left_out: dict[str, str] = {}
    for one in wanted:
        try:
            opened[one] = open_detector(one.name, one.false_alarms)
        except MissingExtra as error:
            left_out[one.name] = error.hint or error.message
    return opened, left_out


def _members(
    history: History, opened: Mapping[_Wanted, Detector], on_step: Callable[[str], None]
) -> dict[str, tuple[Scores, float]]:
    scores: dict[str, Scores] = {}
    size = f"{len(history.monitors):,} monitors, {len(history.starts):,} {history.grain}s"
    for one, detector in opened.items():
        if one.name not in scores:  # the knob moves the threshold and no score
            on_step(f"{one.name}: {size}")
            scores[one.name] = detector.scores(history)
    return {
        one.shown: (scores[one.name], detector.threshold(one.false_alarms, history.grain))
        for one, detector in opened.items()
    }


def _histories(
    manifest: Manifest, store: Store, settings: MonitorSettings, nodes: Collection[str], oldest: datetime
) -> Iterator[History]:
    """One for each grain that there are buckets of."""
    buckets = Buckets(store)
    there = buckets.nodes()
    for grain in _GRAINS:
        wanted = [node for node, grains in there.items() if node in nodes and grain in grains]
        history = history_of(
            list(buckets.read(wanted, grain, since=oldest)) if wanted else [],
            upstream=upstream_of(manifest),
            metrics=settings.metrics or USUAL,
            holidays=partial(holidays_of, settings.country) if settings.country else None,
        )
        if history is not None:
            yield history
