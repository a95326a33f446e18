"""What is wrong as signs of trouble, on one line of time: days since 1970."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aidbt.core.incidents import FoundCause, kind_of, kind_of_failure
from aidbt.core.measured import Anomaly, Grain
from aidbt.monitors.incidents.describing import failed_node
from aidbt.monitors.incidents.explaining import Sign
from aidbt.monitors.incidents.surroundings import Surroundings

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_EPOCH = datetime(1970, 1, 1)


def span_of(grain: Grain) -> timedelta:
    """How long a bucket is; a run counts as a day."""
    return _HOUR if grain == "hour" else _DAY


def days_of(moment: datetime) -> float:
    """Since 1970, of times with and without a zone."""
    plain = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return (plain - _EPOCH) / _DAY


def sign_of(anomaly: Anomaly) -> Sign:
    """The sign that a finding is."""
    start, kind = anomaly.start, kind_of(anomaly.monitor.metric)
    # What a run finds, or is seen of a table now, is of the day before it, as what a day's bucket holds.
    if anomaly.grain == "run" or kind != "data":
        start = datetime.combine(start.date(), datetime.min.time()) - _DAY
    monitor, end = anomaly.monitor, start + span_of(anomaly.grain)
    return Sign(
        monitor.node,
        monitor,
        days_of(start),
        days_of(end),
        anomaly.score,
        kind,
        monitor.metric,
        monitor.column,
    )


def sign_of_failure(unique_id: str, around: Surroundings, at: datetime) -> Sign:
    """The sign that a node or a test is that failed: of the day before the run."""
    today = float(int(days_of(at)))
    kind = kind_of_failure(unique_id)
    return Sign(failed_node(unique_id, around), unique_id, today - 1, today, weight=10.0, kind=kind)


def sign_of_cause(found: FoundCause, at: datetime) -> Sign:
    """The sign that a cause is which diagnosis found: of the day before, as what failed for it."""
    today = float(int(days_of(at)))
    key = f"cause|{found.key}"
    return Sign(found.root, key, today - 1, today, weight=10.0, kind=found.kind, column=found.column)
