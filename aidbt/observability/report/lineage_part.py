"""Which nodes of an incident are shown, and where: what is upstream on the left."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from aidbt.core.incidents import Incident
from aidbt.observability.report.values import LineageNode, LineagePart, Role

MOST_NODES = 24
_MOST_ROWS = 8


def lineage_part(
    incident: Incident, parents: Mapping[str, Collection[str]], *, most: int = MOST_NODES
) -> LineagePart | None:
    """The root, what is affected and what may be wrong too, as far as there is room; None for a node alone.

    Args:
        parents: node → what it reads, of the whole project.
    """
    roles: dict[str, Role] = {incident.root: "root"} if incident.root else {}
    roles |= {node: "affected" for node in incident.affected if node not in roles}
    roles |= {node: "exposed" for node in incident.exposed if node not in roles}
    if len(roles) < 2:
        return None
    shown = dict(list(roles.items())[:most])
    edges = tuple(sorted(_edges(shown, parents)))
    columns = _columns(shown, edges)
    placed = _placed(shown, columns, edges)
    # A column that is too long to be read is cut at its end, where what is merely exposed stands.
    nodes = tuple(node for node in placed if node.row < _MOST_ROWS)
    kept = {node.unique_id for node in nodes}
    return LineagePart(
        nodes, tuple(edge for edge in edges if kept.issuperset(edge)), left_out=len(roles) - len(nodes)
    )


def _edges(shown: Collection[str], parents: Mapping[str, Collection[str]]) -> set[tuple[str, str]]:
    """Between what is shown: direct, or over nodes that are not."""
    found = set()
    for child in shown:
        seen: set[str] = set()
        waiting = list(parents.get(child, ()))
        while waiting:
            above = waiting.pop()
            if above in seen or above == child:
                continue
            seen.add(above)
            if above in shown:
                found.add((above, child))
            else:
                waiting += parents.get(above, ())
    return found


def _columns(nodes: Collection[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """The length of the longest way to each node; what lies on a circle stays where it is."""
    column = dict.fromkeys(nodes, 0)
    pairs = list(edges)
    for _ in range(len(column)):
        is_settled = True
        for above, below in pairs:
            if column[below] <= column[above] < len(column):
                column[below] = column[above] + 1
                is_settled = False
        if is_settled:
            break
    used = {old: new for new, old in enumerate(sorted(set(column.values())))}
    return {node: used[at] for node, at in column.items()}


def _placed(
    roles: Mapping[str, Role], columns: Mapping[str, int], edges: Collection[tuple[str, str]]
) -> list[LineageNode]:
    """Rows by what lies left of a node, so that few edges cross (the barycentre of Sugiyama et al., 1981)."""
    rows: dict[str, int] = {}
    placed = []
    order = {"root": 0, "affected": 1, "exposed": 2}
    for column in range(max(columns.values()) + 1):
        here = [node for node in roles if columns[node] == column]

        def key(node: str) -> tuple[int, float, str]:
            above = [rows[up] for up, down in edges if down == node and up in rows]
            return order[roles[node]], sum(above) / len(above) if above else 0.0, node

        for row, node in enumerate(sorted(here, key=key)):
            rows[node] = row
            placed.append(LineageNode(node, roles[node], column, row))
    return placed
