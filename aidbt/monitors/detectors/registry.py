"""Who judges: one table of detectors, each imported when it is asked for."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from aidbt.core.config import MonitorSettings
from aidbt.core.measured import Grain
from aidbt.core.registry import Registry
from aidbt.monitors.history import History, Scores

# Each is called with `false_alarms`, which its bands are drawn for, and then is a `Detector`; another package
# adds its own through the entry point group "aidbt.detectors".
DETECTORS = Registry(
    "detector",
    {
        "statistical": "aidbt.monitors.detectors.statistical:StatisticalDetector",
        "classic": "aidbt.monitors.detectors.classic:ClassicDetector",
        "isolation_forest": "aidbt.monitors.detectors.isolation_forest:IsolationForestDetector",
        "distribution": "aidbt.monitors.detectors.distribution:DistributionDetector",
        "rules": "aidbt.monitors.detectors.rules:RulesDetector",
    },
    extras={"isolation_forest": "monitors"},
)
# `monitors.preset` → the detector that judges.
PRESETS = {"default": "statistical", "classic": "classic"}
DEFAULT_FALSE_ALARMS = MonitorSettings().false_alarms


@runtime_checkable
class Detector(Protocol):
    """Scores every bucket of every monitor by what came before it."""

    def scores(self, history: History) -> Scores:
        """How odd each value is: column t from the buckets up to t only, the same for the same history."""
        ...

    def threshold(self, false_alarms: float, grain: Grain = "day") -> float:
        """The score above which a bucket is an anomaly.

        Args:
            false_alarms: wished at most, per 100 monitors and week.
        """
        ...


def open_detector(name: str, false_alarms: float = DEFAULT_FALSE_ALARMS) -> Detector:
    """The detector of that name.

    Args:
        false_alarms: wished at most, per 100 monitors and week.

    Raises:
        UnknownName: nobody registered it.
        MissingExtra: it needs a package that is not installed.
    """
    detector: Detector = DETECTORS.load(name)(false_alarms=false_alarms)
    return detector


def detector_of(preset: str, false_alarms: float = DEFAULT_FALSE_ALARMS) -> Detector:
    """The detector that a preset of `monitors.preset` stands for.

    Raises:
        MissingExtra: it needs a package that is not installed.
    """
    return open_detector(PRESETS[preset], false_alarms)
