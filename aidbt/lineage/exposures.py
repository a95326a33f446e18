"""Exposures at the end of a lineage: dashboards, notebooks and applications that the project declares."""

from __future__ import annotations

from aidbt.lineage.graph import Lineage, NodeLineage
from aidbt.project.manifest import Manifest


def with_exposures(lineage: Lineage, manifest: Manifest) -> Lineage:
    """The lineage with a node for every exposure, which reads the nodes that it is declared to depend on.

    Which of their columns it uses is declared nowhere, so it has none and no edge of a column leads to it.
    """
    exposures = {
        node.unique_id: NodeLineage(
            node.unique_id,
            node.name,
            "exposure",
            node.path,
            parents=tuple(name for name in node.depends_on if name in lineage.nodes),
            known_from="yaml",
        )
        for node in manifest.of_type("exposure")
    }
    return Lineage(
        {**lineage.nodes, **exposures}, lineage.findings, dialect=lineage.dialect, reread=lineage.reread
    )
