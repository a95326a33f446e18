"""What was judged, as the store remembers it."""

from __future__ import annotations

from collections.abc import Iterable

from aidbt.core.config import MonitorSettings
from aidbt.core.measured import Grain
from aidbt.monitors.judging.due import Judged
from aidbt.store import Store

# Records of the store: what was judged of a node in one grain.
JUDGED = "monitor_judged"


def judged_key(node: str, grain: Grain) -> str:
    """Of the record of one node."""
    return f"{node}|{grain}"


def judged_before(store: Store, nodes: Iterable[str], grain: Grain) -> dict[str, Judged]:
    """What is remembered of these nodes, of those of which anything is.

    Raises:
        StoreError: the store cannot be read.
    """
    records = store.all(JUDGED)
    return {
        node: Judged.from_json(records[judged_key(node, grain)].value)
        for node in nodes
        if judged_key(node, grain) in records
    }


def most_late(grain: Grain, settings: MonitorSettings) -> int:
    """How many buckets back one may still be incomplete: for so many it is measured again."""
    return settings.late_days * {"day": 1, "hour": 24, "run": 0}[grain]
