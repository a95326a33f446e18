"""The one knob: how many false alarms a person puts up with, as a score."""

from __future__ import annotations

import math

from aidbt.core.measured import Grain

BUCKETS_A_WEEK = {"day": 7, "hour": 168, "run": 7}


def threshold_of(false_alarms: float, grain: Grain) -> float:
    """The score above which a bucket is an anomaly, where scores are −log10 of a probability.

    Args:
        false_alarms: wished at most, per 100 monitors and week.
    """
    return math.log10(100 * BUCKETS_A_WEEK[grain] / false_alarms)
