"""What people said of alerts, and what follows for the monitors: pure functions of it.

Four things can be said of a monitor's bucket: `false-alarm`, nothing was wrong; `real`, something was, so
nothing is learned from that bucket; `expected`, it is right so from that bucket on, so what was before counts
no more; `missed`, something was wrong and nobody was told.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, get_args

import numpy as np

from aidbt.core.findings import Finding, Severity
from aidbt.core.incidents import Incident
from aidbt.core.measured import Monitor, node_name
from aidbt.monitors.feedback.replay import Judgement
from aidbt.monitors.history import History

Verdict = Literal["false-alarm", "real", "expected", "missed"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
# The share of alerts that may be false, and of incidents that may be missed.
PROMISE = 0.05
# What is believed of a monitor before anybody said anything counts as much as so many alerts: the fewest of
# which one may be false. It is believed that the promise holds.
_BELIEVED = round(1 / PROMISE)
_JUST = 0.01  # by which a threshold is put above or below a score


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a person said of the buckets of one monitor.

    Attributes:
        first, until: the buckets that begin in this span, `until` not included; times as those of buckets.
        by, at: who said it and when (UTC); "" and None where the file does not say.
        incident: the id of the alert it was said of; "" for none.
        line: where it stands in the file, from 1; 0 when it stands in none.
    """

    monitor: Monitor
    first: datetime
    until: datetime
    verdict: Verdict
    by: str = ""
    at: datetime | None = None
    note: str = ""
    incident: str = ""
    line: int = 0

    def covers(self, start: datetime) -> bool:
        """Whether a bucket is meant."""
        return self.first <= start < self.until


@dataclass(frozen=True, slots=True)
class Alert:
    """That people were told of a monitor in one incident, in one bucket or in several.

    Attributes:
        score: the highest of its buckets.
        values: what was told of each bucket, with its start; a bucket may be measured otherwise later.
    """

    monitor: Monitor
    first: datetime
    last: datetime
    score: float
    incident: str = ""
    values: tuple[tuple[datetime, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Adjustment:
    """By how much the threshold of one monitor differs from that of the others.

    Attributes:
        shift: added to the score from which on it alerts: 1 is ten times fewer alerts of chance.
        alerts: that there were, `false` and `real` of them by what people said, and `missed` besides.
        why: in one line.
    """

    shift: float
    alerts: int
    false: int
    real: int
    missed: int
    why: str


# --- what stands in the file, made to fit the project --------------------------------------------------


def resolved(
    feedback: Iterable[Feedback], nodes: Collection[str], *, where: str = ""
) -> tuple[tuple[Feedback, ...], tuple[Finding, ...]]:
    """The feedback with each node's unique_id in place of its name; of one monitor and bucket what was said
    last. A finding for each node that the project has not, or has several of.

    Args:
        nodes: unique_ids that there are.
        where: the file, for the findings.
    """
    by_name: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        for name in {node_name(node), node.rpartition(".")[2]}:
            by_name[name].append(node)
    latest: dict[tuple[Monitor, datetime], Feedback] = {}
    findings = []
    for item in feedback:
        name = item.monitor.node
        found = [name] if name in nodes else by_name.get(name, [])
        if len(found) != 1:
            what = "the project has no" if not found else f"the project has {len(found)} nodes called"
            said = f"left out: {what} '{name}'" + ("; write its unique_id" if found else "")
            findings.append(Finding("feedback.unknown_node", Severity.INFO, f"{where}:{item.line}", said))
            continue
        monitor = replace(item.monitor, node=found[0])
        latest.pop((monitor, item.first), None)
        latest[monitor, item.first] = replace(item, monitor=monitor)
    return tuple(latest.values()), tuple(findings)


def is_said_fine(
    feedback: Iterable[Feedback],
    above: Mapping[str, Collection[str]],
    settles: timedelta,
    monitor: Monitor,
    start: datetime,
) -> bool:
    """Whether people said of a bucket that nothing is wrong with it, or of the same one further up.

    What is right in a table is not wrong for the same reason in the models below it. What is expected from
    some bucket on is new to those for a while, too.

    Args:
        above: node → all nodes that it is made of.
        settles: for how long something new is not judged below.
    """
    name = (monitor.metric, monitor.column.casefold())
    for item in feedback:
        of = item.monitor
        if item.verdict not in ("false-alarm", "expected") or (of.metric, of.column.casefold()) != name:
            continue
        is_above = of.node in above.get(monitor.node, ())
        if (of.node == monitor.node or is_above) and item.covers(start):
            return True
        if is_above and item.verdict == "expected" and item.first <= start < item.first + settles:
            return True
    return False


# --- what is learned from -------------------------------------------------------------------------------


def excluded_buckets(feedback: Iterable[Feedback]) -> tuple[Feedback, ...]:
    """What nothing is learned from: the buckets in which something was wrong."""
    return tuple(item for item in feedback if item.verdict in ("real", "missed"))


def accepted_from(feedback: Iterable[Feedback]) -> dict[Monitor, datetime]:
    """Monitor → the bucket from which on it is as it should be; what was before counts no more."""
    found: dict[Monitor, datetime] = {}
    for item in feedback:
        if item.verdict == "expected":
            found[item.monitor] = max(item.first, found.get(item.monitor, item.first))
    return found


def learned_from(history: History, feedback: Iterable[Feedback]) -> History:
    """The history without what nothing is to be learned from, as if it had not been measured."""
    said = list(feedback)
    hidden = np.zeros(history.values.shape, bool)
    starts = np.array(history.starts, "datetime64[us]")
    accepted = accepted_from(said)
    odd: dict[Monitor, list[Feedback]] = defaultdict(list)
    for item in excluded_buckets(said):
        odd[item.monitor].append(item)
    for row, monitor in enumerate(history.monitors):
        if monitor in accepted:
            hidden[row] |= starts < np.datetime64(accepted[monitor], "us")
        for item in odd.get(monitor, ()):
            first, until = (np.datetime64(time, "us") for time in (item.first, item.until))
            hidden[row] |= (starts >= first) & (starts < until)
    if not hidden.any():
        return history
    shares = dict(history.shares)
    for row in shares.keys() & set(np.flatnonzero(hidden.any(axis=1)).tolist()):
        shares[row] = np.where(hidden[row][:, None], np.nan, shares[row])
    return replace(history, values=np.where(hidden, np.nan, history.values), shares=shares)


def judgements(feedback: Iterable[Feedback]) -> list[Judgement]:
    """What people said, as a replay of the past is compared with; what is expected from now on is neither."""
    return [
        Judgement(
            item.monitor, item.first, item.until - timedelta(microseconds=1), item.verdict != "false-alarm"
        )
        for item in feedback
        if item.verdict != "expected"
    ]


# --- thresholds ----------------------------------------------------------------------------------------


def alerts_of(incidents: Iterable[Incident]) -> tuple[Alert, ...]:
    """What people were told, once for each monitor of an incident however long it went on."""
    found = []
    for incident in incidents:
        by_monitor = defaultdict(list)
        for anomaly in incident.anomalies:
            if not anomaly.is_certain:
                by_monitor[anomaly.monitor].append(anomaly)
        for monitor, some in by_monitor.items():
            starts, score = [anomaly.start for anomaly in some], max(anomaly.score for anomaly in some)
            values = tuple((anomaly.start, anomaly.value) for anomaly in some if anomaly.value is not None)
            found.append(Alert(monitor, min(starts), max(starts), score, incident.id, values))
    return tuple(found)


def adjustments(
    feedback: Sequence[Feedback],
    alerts: Iterable[Alert],
    *,
    threshold: float,
    missed_scores: Mapping[tuple[Monitor, datetime], float] | None = None,
) -> dict[Monitor, Adjustment]:
    """The thresholds that what people said changes; never by more than it shows.

    Of n alerts k were false. Before them it was believed that the promise of 5 % holds, as firmly as 20
    alerts of which one was false would show it; so the share of false ones is (k + 1) / (n + 20), the mean of
    a Beta distribution with that prior. It is above 5 % exactly where k / n is. The odds of a false alarm are
    then by so many decimal places above the promised ones,

        log10( (k + 1) / (n − k + 19) · 19 ),

    and by no more is a threshold raised, since alerts of chance become ten times fewer with each and real
    ones stay: one false alarm of one makes a monitor half as ready, three of three a quarter, one of twenty
    nothing. Nor is it put higher than just above the false alarms that show it, nor above what was real. For
    what was missed it is lowered by the same rule, with k missed of n missed and found, as far as that would
    have told it.

    Args:
        feedback: as `resolved` gives it.
        alerts: all that people were told, whatever they said of it: silence is no complaint.
        threshold: the score from which on a monitor alerts that nobody said anything of.
        missed_scores: (monitor, bucket as `Feedback.first`) → how odd it looked; without one nothing follows.
    """
    said: dict[Monitor, list[Feedback]] = defaultdict(list)
    for item in feedback:
        if item.verdict != "expected":
            said[item.monitor].append(item)
    told: dict[Monitor, list[Alert]] = defaultdict(list)
    for alert in alerts:
        if alert.monitor in said:
            told[alert.monitor].append(alert)
    found = {}
    for monitor, items in said.items():
        missed = [i for i in items if i.verdict == "missed"]
        scores = [(missed_scores or {}).get((monitor, item.first), 0.0) for item in missed]
        adjustment = _adjusted(told[monitor], items, scores, threshold)
        if adjustment is not None:
            found[monitor] = adjustment
    return found


def _adjusted(
    alerts: Sequence[Alert], said: Sequence[Feedback], missed: Sequence[float], threshold: float
) -> Adjustment | None:
    false = [alert for alert in alerts if _is(alert, said, "false-alarm")]
    real = [alert for alert in alerts if _is(alert, said, "real")]
    up = _raised(alerts, false, real, threshold)
    down = _lowered(missed, len(real), threshold)
    parts = []
    if up:
        parts.append(f"{len(false)} of {len(alerts)} alerts were false")
    if down:
        parts.append(f"{len(missed)} missed, {len(real)} found")
    elif missed:
        parts.append(f"{len(missed)} missed that no reasonable threshold would have told")
    if not parts:
        return None
    return Adjustment(round(up - down, 3), len(alerts), len(false), len(real), len(missed), "; ".join(parts))


def _is(alert: Alert, said: Iterable[Feedback], verdict: Verdict) -> bool:
    return any(
        item.verdict == verdict and (item.first <= alert.last and alert.first < item.until) for item in said
    )


def _raised(
    alerts: Sequence[Alert], false: Sequence[Alert], real: Sequence[Alert], threshold: float
) -> float:
    """How far up the threshold has to be for the alerts above it not to be shown to be too often false."""
    above = list(alerts)
    wrong = sorted(alert.score for alert in false)
    most = _evidence(len(wrong), len(above))
    lowest_real = min((alert.score for alert in real), default=math.inf)
    shift = 0.0
    while wrong and _evidence(len(wrong), len(above)) > 0:
        up_to = wrong[0] + _JUST
        shift = up_to - threshold
        above = [alert for alert in above if alert.score > up_to]
        wrong = [score for score in wrong if score > up_to]
    return max(min(shift, most, lowest_real - _JUST - threshold), 0.0)


def _lowered(missed: Sequence[float], found: int, threshold: float) -> float:
    """How far down it has to be to tell as much as may be of what was missed."""
    most = _evidence(len(missed), len(missed) + found)
    needed = [threshold - score + _JUST for score in missed if score > 0]
    return max([need for need in needed if 0 < need <= most], default=0.0)


def _evidence(bad: int, of: int) -> float:
    """By how many decimal places the odds of being bad are above the promised ones, or 0."""
    odds = (bad + PROMISE * _BELIEVED) / (of - bad + (1 - PROMISE) * _BELIEVED)
    return max(math.log10(odds * (1 - PROMISE) / PROMISE), 0.0) if bad else 0.0
