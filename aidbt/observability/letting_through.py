"""What a person said is right lets a build go on: at once, not after the next check."""

from __future__ import annotations

from collections.abc import Sequence

from aidbt.core.measured import Grain
from aidbt.monitors.feedback.verdicts import Feedback
from aidbt.monitors.judging.bounds import Bound, opened, read_bounds, write_bounds
from aidbt.observability.checking_buckets import said_fine
from aidbt.project.manifest import Manifest
from aidbt.warehouse import Warehouse


def let_through(manifest: Manifest, warehouse: Warehouse, feedback: Sequence[Feedback]) -> int:
    """Open the bounds of the buckets that people said nothing is wrong with, and of the same ones below.

    Args:
        feedback: nodes by unique_id.

    Returns:
        How many monitors of data tests a build is not stopped by any more.

    Raises:
        WarehouseError: the warehouse cannot be reached, or this user may not write there.
    """
    fine = [item for item in feedback if item.verdict in ("false-alarm", "expected")]
    before = read_bounds(warehouse) if fine else []
    now: list[Bound] = []
    for grain in ("day", "hour"):
        some = [bound for bound in before if _grain(bound) == grain]
        now += opened(some, said_fine(manifest, fine, grain))
    changed = {b for b in now if b not in set(before)}
    if not changed:
        return 0
    nodes = {bound.node for bound in changed}
    rest = [bound for bound in before if _grain(bound) == "run"]
    write_bounds(warehouse, [b for b in (*now, *rest) if b.node in nodes], nodes=nodes)
    return len({(bound.node, bound.metric, bound.column_name) for bound in changed})


def _grain(bound: Bound) -> Grain:
    if not bound.bucket[:1].isdigit():
        return "run"
    return "day" if len(bound.bucket) == len("2026-03-31") else "hour"
