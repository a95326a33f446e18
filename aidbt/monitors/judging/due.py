"""Which buckets are to be judged: those that are new or changed since they were judged, and are complete.

A table that is loaded late has a newest bucket that is never whole when it is looked at first. How late that
is, is learned: each bucket's rows are noted at the age at which they were seen, and compared with what the
bucket has in the end.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from aidbt.core.measured import Anomaly, Grain
from aidbt.store.buckets import Series

_SPANS: Mapping[Grain, timedelta] = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
# What can be said of a bucket without rows.
_OF_NO_ROWS = ("row_count", "freshness_minutes")
# Buckets that are remembered of a node.
_KEPT = 200
# A bucket counts as complete when it has this share of its final rows, in the middle of so many buckets.
_COMPLETE = 0.95
_FEWEST_ARRIVALS = 3
_ARRIVALS = 14


# What `Judged.firsts` holds.
Firsts = Mapping[str, Mapping[datetime, tuple[float, float, int]]]


@dataclass(frozen=True, slots=True)
class Judged:
    """What is remembered of the buckets of one node in one grain.

    Attributes:
        digests: start → of what it held when it was judged.
        told: "metric|column|start" of each anomaly that was told → its value.
        arrivals: start → the rows it had at each age: the first when it was the newest bucket, the second one
            bucket later; None where nobody looked.
        firsts: "metric|column" → start → the value it had when it was the newest bucket, the one that it has
            now, and the age at which it moved there; of buckets that stand still the newest only.
        unripe: buckets in which some monitors wait to be judged; see `judging.ripening`.
    """

    digests: Mapping[datetime, str] = field(default_factory=dict)
    told: Mapping[str, float | None] = field(default_factory=dict)
    arrivals: Mapping[datetime, tuple[float | None, ...]] = field(default_factory=dict)
    firsts: Firsts = field(default_factory=dict)
    unripe: tuple[datetime, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As the store keeps it."""
        return {
            "digests": {start.isoformat(): digest for start, digest in self.digests.items()},
            "told": dict(self.told),
            "arrivals": {start.isoformat(): list(rows) for start, rows in self.arrivals.items()},
            "firsts": _packed(self.firsts),
            "unripe": [start.isoformat() for start in self.unripe],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Judged:
        """What `to_json` gave."""
        return cls(
            {datetime.fromisoformat(start): digest for start, digest in value["digests"].items()},
            dict(value["told"]),
            {datetime.fromisoformat(start): tuple(rows) for start, rows in value["arrivals"].items()},
            _unpacked(value.get("firsts", {})),  # stores of before do not have it
            tuple(datetime.fromisoformat(start) for start in value.get("unripe", ())),
        )


def _packed(firsts: Firsts) -> dict[str, Any]:
    """Each start once, and of what stands still one number: of hours there are many."""
    starts = sorted({start for seen in firsts.values() for start in seen})
    number = {start: place for place, start in enumerate(starts)}
    of = {
        key: [[number[start], *(found if found[2] else found[:1])] for start, found in seen.items()]
        for key, seen in firsts.items()
    }
    return {"starts": [start.isoformat() for start in starts], "of": of}


def _unpacked(packed: Mapping[str, Any]) -> Firsts:
    starts = [datetime.fromisoformat(start) for start in packed.get("starts", ())]
    return {
        key: {
            starts[place]: tuple(found) if len(found) > 1 else (*found, *found, 0) for place, *found in seen
        }
        for key, seen in packed.get("of", {}).items()
    }


def digests_of(series: Series, since: datetime) -> dict[datetime, str]:
    """Of each bucket from a time on, a short text that changes with what it holds."""
    keys = sorted(series.keys)
    places = [place for place, start in enumerate(series.starts) if start >= since]
    values = series.values[np.ix_(places, [series.keys[key] for key in keys])]
    known = np.isfinite(values)
    names: dict[bytes, bytes] = {}  # of the facts that a bucket has, which most have in common
    found = {}
    for place, row, has in zip(places, values, known, strict=True):
        mask = has.tobytes()
        if mask not in names:
            names[mask] = json.dumps([keys[number] for number in np.flatnonzero(has)]).encode()
        rest = json.dumps([series.shares[place], bool(series.refreshed[place])], sort_keys=True).encode()
        said = hashlib.blake2b(names[mask], digest_size=8)
        said.update(row[has].tobytes())
        said.update(rest)
        found[series.starts[place]] = said.hexdigest()
    return found


def buckets_late(judged: Judged, series: Series, most: int) -> int:
    """After how many further buckets one of this node is usually complete; 0 where nothing is known.

    Args:
        most: as far as one looks; a table that is never complete by then is judged then.
    """
    final = dict(zip(series.starts, series.fact("rows"), strict=True))
    newest = series.starts[-1] if series.starts else None
    span = _SPANS.get(series.grain)
    if span is None or newest is None:
        return 0
    for age in range(most):
        shares = [
            rows[age] / final[start]
            for start, rows in sorted(judged.arrivals.items())[-_ARRIVALS:]
            # What it has in the end is known when it was measured for the last time.
            if len(rows) > age
            and rows[age] is not None
            and final.get(start, 0) > 0
            and newest - start >= span * (age + 1)
        ]
        if len(shares) < _FEWEST_ARRIVALS or float(np.median(shares)) >= _COMPLETE:
            return age
    return most


def with_arrivals(judged: Judged, series: Series, most: int) -> Judged:
    """The same with how many rows the newest buckets have at their ages now."""
    span = _SPANS.get(series.grain)
    if span is None or not series.starts:
        return judged
    arrivals = dict(judged.arrivals)
    rows = series.fact("rows")
    newest = series.starts[-1]
    for place in range(max(0, len(series.starts) - most - 1), len(series.starts)):
        start = series.starts[place]
        age = (newest - start) // span
        seen = list(arrivals.get(start, ()))
        if len(seen) > age or (not seen and age > 0):
            continue  # it was seen at that age, or was there before anybody looked
        seen += [None] * (age - len(seen))
        arrivals[start] = (*seen, float(rows[place]) if np.isfinite(rows[place]) else None)
    return replace(judged, arrivals=dict(sorted(arrivals.items())[-_KEPT:]))


def due(
    judged: Judged | None, series: Series, *, late: int, late_days: int, since: datetime | None = None
) -> dict[datetime, str]:
    """The buckets to judge, with their digests: those that are complete, and new or changed.

    The first time only the newest are judged: what was odd long ago nobody wants to be told now.

    Args:
        late: how many of the newest are not complete yet.
        since: judge everything from then on, whatever was judged.
    """
    if not series.starts:
        return {}
    complete = series.starts[: max(len(series.starts) - late, 0)]
    if since is not None:
        known = digests_of(series, since)
        return {start: known[start] for start in complete if start >= since}
    span = _SPANS.get(series.grain, timedelta(0))
    window = series.starts[-1] - max(timedelta(days=late_days), span * late)
    before = judged.digests if judged is not None else {}
    # What is older than all that is remembered may have been measured again: it is history all the same.
    known = digests_of(series, min(before, default=window))
    is_complete = set(complete)
    return {s: digest for s, digest in known.items() if s in is_complete and before.get(s) != digest}


def unripe_since(series: Series, age: int) -> datetime:
    """From which bucket on a monitor is not judged that is ripe after so many further ones; 0 is none."""
    if not series.starts or not age:
        return datetime.max
    return series.starts[-1] - _SPANS.get(series.grain, timedelta(0)) * (age - 1)


def told_key(anomaly: Anomaly) -> str:
    """By which an anomaly is remembered."""
    return f"{anomaly.monitor.metric}|{anomaly.monitor.column}|{anomaly.start.isoformat()}"


def is_news(judged: Judged | None, anomaly: Anomaly) -> bool:
    """Whether nobody was told of it yet: the same bucket with the same value is none."""
    if judged is None or told_key(anomaly) not in judged.told:
        return True
    before = judged.told[told_key(anomaly)]
    return before != anomaly.value


def after_judging(
    judged: Judged | None,
    series: Series,
    digests: Mapping[datetime, str],
    anomalies: Sequence[Anomaly],
    *,
    most: int,
    ripe: Mapping[str, int] | None = None,
) -> Judged:
    """What is remembered from now on.

    Args:
        digests: of the buckets that were judged, `anomalies` all that is odd in them, told before or not.
        ripe: "metric|column" of monitors that were not judged in so many of the newest buckets.
    """
    before = judged or Judged()
    kept = dict(sorted({**before.digests, **digests}.items())[-_KEPT:])
    odd = {told_key(anomaly): anomaly.value for anomaly in anomalies}
    oldest = min(kept, default=None)
    told = {}
    ripe = ripe or {}
    rows = dict(zip(series.starts, series.fact("rows"), strict=True))
    for key, value in before.told.items():
        monitor, _, day = key.rpartition("|")
        metric, start = monitor.partition("|")[0], datetime.fromisoformat(day)
        # What was judged again and is not odd any more was repaired: broken anew, it is news. Where there are
        # no rows nothing else was judged.
        is_judged = start in digests and (rows[start] > 0 or metric in _OF_NO_ROWS)
        is_judged &= start < unripe_since(series, ripe.get(monitor, 0))
        if not is_judged and (oldest is None or start >= oldest):
            told[key] = value
    told |= odd
    waits = unripe_since(series, max(ripe.values(), default=0))
    unripe = tuple(sorted(start for start in {*before.unripe, *digests} if start >= waits))
    return replace(with_arrivals(before, series, most), digests=kept, told=told, unripe=unripe)
