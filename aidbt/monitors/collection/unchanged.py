"""Tables without a time of their own that the warehouse says did not change: known without a scan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from aidbt.core.measured import Bucket, FactKey
from aidbt.monitors.collection.targets import Target
from aidbt.store import Store
from aidbt.store.buckets import Buckets

# Record of the store: the version at which a table was measured as a whole, and in which bucket.
_VERSION = "monitor_version"


def unchanged_bucket(store: Store, target: Target, now: datetime) -> Bucket | None:
    """The bucket of this moment of a table whose contents are those of its last bucket; None where they may
    have changed, or the warehouse does not say.
    """
    record = store.get(_VERSION, target.unique_id)
    if not target.relation.version or record is None or record.value["version"] != _mark(target):
        return None
    start = datetime.fromisoformat(record.value["start"])
    known = Buckets(store).buckets(target.unique_id, "run", since=start)
    before = next((bucket for bucket in known if bucket.start == start), None)
    if before is None or before.collected_at is None:
        return None
    passed = (now - before.collected_at).total_seconds()
    at = now.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    return replace(before, start=at, facts=_older(before.facts, passed), collected_at=now, run_id="")


def note_version(store: Store, target: Target, bucket: Bucket) -> None:
    """Remember which contents a bucket is of."""
    if target.relation.version:
        value = {"version": _mark(target), "start": bucket.start.isoformat()}
        store.put(_VERSION, target.unique_id, value)


def _mark(target: Target) -> list[str]:
    """Changes when the contents or what is measured of them may have changed."""
    measured = ",".join(f"{column.name} {column.data_type}" for column in target.columns)
    return [str(target.relation), target.relation.version, measured]


def _older(facts: Mapping[FactKey, float], seconds: float) -> dict[FactKey, float]:
    return {key: value + seconds if key[0].endswith("_age_s") else value for key, value in facts.items()}
