"""What an incident holds, finding by finding: where each stands, since when, and whether it has passed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from aidbt.cli.render import bold, count, dim, table
from aidbt.core.measured import node_name

if TYPE_CHECKING:
    from aidbt.core.incidents import Incident
    from aidbt.core.measured import Anomaly, Monitor
    from aidbt.monitors.incidents.upstream import Upstream

_MOST_FINDINGS = 10


def found_lines(
    incident: Incident, parents: Mapping[str, Collection[str]], *, show_all: bool
) -> Iterator[str]:
    """One line for each monitor, by node: the place of the cause first, then what lies nearest to it."""
    from aidbt.monitors.incidents.upstream import Upstream

    upstream = Upstream(parents)
    by_node: dict[str, dict[Monitor, list[Anomaly]]] = defaultdict(lambda: defaultdict(list))
    for anomaly in incident.anomalies:
        by_node[anomaly.monitor.node][anomaly.monitor].append(anomaly)
    if not by_node:
        return
    yield bold("found")
    left = len(incident.anomalies) if show_all else _MOST_FINDINGS
    hidden = 0
    for node in sorted(by_node, key=lambda node: _place(incident.root, node, upstream)):
        monitors = sorted(by_node[node].items(), key=lambda item: -max(a.score for a in item[1]))
        shown, left = monitors[:left], max(left - len(monitors), 0)
        hidden += len(monitors) - len(shown)
        if shown:
            yield f"  {node_name(node)}{dim(_where(incident.root, node, upstream))}"
            rows = [_finding(incident, monitor, some) for monitor, some in shown]
            yield from (f"  {line}" for line in table(rows))
    if hidden:
        yield dim(f"  … and {hidden} more (--all shows them)")


def _finding(incident: Incident, monitor: Monitor, some: Sequence[Anomaly]) -> list[str]:
    from aidbt.core.incidents import key_of

    first, last = (f"{a.start:%Y-%m-%d %H:%M}".removesuffix(" 00:00") for a in (some[0], some[-1]))
    times = first if first == last else f"{first} to {last} ({count(len(some), 'bucket')})"
    key = key_of(monitor)
    state = "is none" if key in incident.dismissed else "has passed" if key in incident.well else ""
    return [times, f"{max(a.score for a in some):.1f}", state, some[-1].message]


def _place(root: str, node: str, upstream: Upstream) -> tuple[bool, int, str]:
    steps = upstream.steps(root, node)
    return node != root, 99 if steps is None else steps, node


def _where(root: str, node: str, upstream: Upstream) -> str:
    """How a node lies to the place of the cause."""
    if node == root:
        return ", where it begins"
    steps = upstream.steps(root, node)
    if steps is None:
        return ", beside it"
    return f", {count(steps, 'step')} {'below' if root in upstream.above(node) else 'above'}"
