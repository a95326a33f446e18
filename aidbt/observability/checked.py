"""What a check of the store found, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from aidbt.core.findings import Finding
from aidbt.core.measured import Anomaly, Grain, Monitor
from aidbt.monitors.feedback.verdicts import Adjustment
from aidbt.monitors.judging.bounds import Bound
from aidbt.monitors.judging.due import Judged


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check found.

    Attributes:
        monitors: how many were looked at, `cold` of them with too short a past to be sure of.
        buckets: how many were judged, of all nodes.
        anomalies: those that nobody was told of yet, oldest first; `known` is how many of them were there.
        passed: monitor → the newest bucket that was judged and is as expected.
        well: (grain, monitor) of each anomaly → the buckets that were judged and are as expected.
        bounds: of the next buckets, for the data tests that ask for them.
        findings: what could not be done, and changes that break nothing.
    """

    monitors: int = 0
    cold: int = 0
    buckets: int = 0
    anomalies: tuple[Anomaly, ...] = ()
    known: int = 0
    passed: Mapping[Monitor, datetime] = field(default_factory=dict, repr=False)
    well: Mapping[tuple[Grain, Monitor], tuple[datetime, ...]] = field(default_factory=dict, repr=False)
    gone: frozenset[str] = frozenset()
    bounds: tuple[Bound, ...] = field(default=(), repr=False)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a check leaves in the store, by key of its kind of record."""

    judged: dict[str, Judged] = field(default_factory=dict)
    compared: dict[str, float] = field(default_factory=dict)
    states: dict[str, list[str]] = field(default_factory=dict)
    adjusted: dict[Monitor, Adjustment] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """A check that was made and is not remembered yet."""

    found: Checked
    remembered: Remembered = field(default_factory=Remembered, repr=False)

    def without(self, explained: Collection[tuple[str, Grain, datetime]]) -> Check:
        """The same, what is odd in these buckets (node, grain, start) counted as known."""
        if not explained:
            return self
        found = self.found
        news = [a for a in found.anomalies if (a.monitor.node, a.grain, a.start) not in explained]
        known = found.known + len(found.anomalies) - len(news)
        return replace(self, found=replace(found, anomalies=tuple(news), known=known))


def together(parts: Sequence[Check]) -> Check:
    found = [part.found for part in parts]
    return Check(
        Checked(
            monitors=sum(one.monitors for one in found),
            cold=sum(one.cold for one in found),
            buckets=sum(one.buckets for one in found),
            anomalies=tuple(sorted((a for one in found for a in one.anomalies), key=lambda a: a.start)),
            known=sum(one.known for one in found),
            passed={monitor: start for one in found for monitor, start in one.passed.items()},
            well={key: starts for one in found for key, starts in one.well.items()},
            bounds=tuple(bound for one in found for bound in one.bounds),
            findings=tuple(finding for one in found for finding in one.findings),
        ),
        Remembered(
            {key: judged for part in parts for key, judged in part.remembered.judged.items()},
            {key: at for part in parts for key, at in part.remembered.compared.items()},
            {key: what for part in parts for key, what in part.remembered.states.items()},
            {monitor: one for part in parts for monitor, one in part.remembered.adjusted.items()},
        ),
    )
