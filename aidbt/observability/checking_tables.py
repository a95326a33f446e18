"""Tables that are gone, and days that lost their rows, as findings that stand until they are back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from aidbt.core.incidents import key_of
from aidbt.core.measured import Anomaly, Grain, Monitor, node_name, project_node
from aidbt.monitors.collection.missing import Missing, lost_buckets, missing_tables
from aidbt.observability.checked import Check, Checked, Remembered
from aidbt.store import Store
from aidbt.store.buckets import Series

# Records of the store, by `key_of`: what was told of a state, an empty list when it is over.
TOLD = "monitor_states"
# Above what values score, since it is certain; what is gone comes before what is empty.
_GONE, _LOST = 12.0, 11.0
# That many tables gone at once, and at least half of all, are one trouble: a schema, a target, rights.
_FEWEST_TOGETHER = 5
_NAMED = 5


def check_tables(
    store: Store, nodes: Collection[str], project: str, now: datetime, *, is_all: bool = True
) -> Check:
    """What is gone, as far as it was not told; and what is back.

    Args:
        nodes: unique_ids of what is watched.
        project: the name of the dbt project.
        is_all: whether the nodes are all that is watched; of some nothing is said of the project.

    Raises:
        StoreError: the store cannot be read.
    """
    today = datetime(now.year, now.month, now.day)
    gone = {node: one for node, one in missing_tables(store).items() if node in nodes}
    lost = {n: starts for n, starts in lost_buckets(store).items() if n in nodes and n not in gone}
    told = {key: record.value for key, record in store.all(TOLD).items() if record.value}
    of_project = key_of(_table_gone(project_node(project)))
    if not is_all:  # what is told of the project is not told again of each table
        gone = {node: one for node, one in gone.items() if node not in told.get(of_project, ())}
    states = {
        found.monitor: (found, what)
        for found, what in _states(gone, lost, nodes if is_all else (), project, today)
    }
    news = [
        found for monitor, (found, what) in states.items() if not _is_told(what, told.get(key_of(monitor)))
    ]
    mine = {*nodes, project_node(project)} if is_all else set(nodes)
    over = [Monitor(*key.split("|", 2)) for key in told if key.partition("|")[0] in mine]
    over = [monitor for monitor in over if monitor not in states]
    remembered = {key_of(monitor): list(what) for monitor, (_, what) in states.items()}
    return Check(
        Checked(anomalies=tuple(news), passed=dict.fromkeys(over, today)),
        Remembered(states={**remembered, **{key_of(monitor): [] for monitor in over}}),
    )


def _is_told(what: Sequence[str], told: Sequence[str] | None) -> bool:
    return told is not None and set(what) <= set(told)


def _states(
    gone: Mapping[str, Missing],
    lost: Mapping[str, Sequence[datetime]],
    nodes: Collection[str],
    project: str,
    today: datetime,
) -> Iterator[tuple[Anomaly, Sequence[str]]]:
    """Each state that stands, with what it is of: when more comes to that, it is news.

    Args:
        nodes: all that is watched; none where that is not known.
    """
    if len(gone) >= _FEWEST_TOGETHER and 2 * len(gone) >= len(nodes) > 0:
        yield _together(gone, len(nodes), project, today), sorted(gone)
    else:
        for node, one in gone.items():
            said = f"{node_name(node)}: there is no table {one.table} any more, or this user may not see it"
            yield _state(_table_gone(node), today, said), [one.since.isoformat()]
    for node, starts in lost.items():
        yield _lost(node, starts, today), [start.isoformat() for start in starts]


def _together(gone: Mapping[str, Missing], all_of_them: int, project: str, today: datetime) -> Anomaly:
    named = ", ".join(sorted(one.table for one in gone.values())[:_NAMED])
    said = (
        f"{project}: {len(gone):,} of {all_of_them:,} tables are not there any more ({named}, …): they were"
        " dropped, or it is another target or schema, or this user may not see them"
    )
    return _state(_table_gone(project_node(project)), today, said)


def _table_gone(node: str) -> Monitor:
    return Monitor(node, "table_gone")


def _lost(node: str, starts: Sequence[datetime], today: datetime) -> Anomaly:
    days = f"{starts[0]:%Y-%m-%d}"
    days += f" to {starts[-1]:%Y-%m-%d}" if len(starts) > 1 else ""
    some = "an older bucket" if len(starts) == 1 else f"{len(starts):,} older buckets"
    said = f"{node_name(node)}: most rows of {some} ({days}) are gone"
    return _state(Monitor(node, "rows_lost"), today, said, _LOST)


def _state(monitor: Monitor, today: datetime, said: str, score: float = _GONE) -> Anomaly:
    return Anomaly(monitor, today, "day", score, said, detector="rules", is_certain=True)


def explained(series: Sequence[Series], store: Store) -> frozenset[tuple[str, Grain, datetime]]:
    """(node, grain, bucket) of those without any row, of nodes that have lost older rows too: what the table
    has lost is told once, and not of each of its metrics.

    Raises:
        StoreError: the store cannot be read.
    """
    lost = lost_buckets(store)
    return frozenset(
        (one.node, one.grain, start)
        for one in series
        if one.node in lost
        for start, rows in zip(one.starts, one.fact("rows"), strict=True)
        if rows == 0 or start in lost[one.node]
    )
