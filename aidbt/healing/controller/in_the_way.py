"""Who holds what a run is about to replace: it is waited for before anything is deployed, and not after."""

from __future__ import annotations

from aidbt.core.errors import AidbtError
from aidbt.healing.controller.means import Means
from aidbt.healing.controller.rerun import Rerun
from aidbt.warehouse.holders import TELLS, Holder, holders

PAUSES_S = (5.0, 20.0)  # in which whoever holds the warehouse, or a table of it, may let go


def in_the_way(means: Means, run: Rerun) -> str:
    """Which table of those that a run replaces is held by whom, all the time for half a minute; "" where none
    is, and where the warehouse does not tell."""
    found = _held(means, run)
    for pause_s in PAUSES_S:
        if not found:
            return ""
        means.clock.sleep(pause_s)
        found &= _held(means, run)
    first = min(found, key=lambda one: (one.schema, one.table, one.pid), default=None)
    return f"{first.schema}.{first.table} is held by {first}" if first is not None else ""


def _held(means: Means, run: Rerun) -> set[Holder]:
    places = {(schema.casefold(), name.casefold()) for schema, name in run.places}
    if not places:
        return set()
    try:
        warehouse = means.warehouse()
        if warehouse.dialect not in TELLS:
            return set()
        with warehouse.connect() as connection:
            held = holders(connection)
    except AidbtError:  # the run will say so
        return set()
    return {one for one in held if (one.schema.casefold(), one.table.casefold()) in places}
