"""Exposures stand at the end of a lineage, by the nodes that they read."""

from __future__ import annotations

from aidbt.lineage.exports import mermaid
from aidbt.lineage.exposures import with_exposures
from aidbt.lineage.graph import Lineage, NodeLineage
from aidbt.lineage.page import lineage_page
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node


def test_an_exposure_reads_the_nodes_that_it_names_and_counts_as_no_model():
    model = NodeLineage("model.shop.fct", "fct", "model")
    board = Node(
        "exposure.shop.board", "exposure", "board", "models/e.yml", depends_on=("model.shop.fct", "macro.x")
    )
    metadata = ArtifactMetadata(12, "1.11.0", "", None, "duckdb", {})  # type: ignore[arg-type]
    manifest = Manifest(metadata, {}, {}, {board.unique_id: board})
    lineage = Lineage({model.unique_id: model})

    found = with_exposures(lineage, manifest)

    assert found.node("board").parents == ("model.shop.fct",)
    assert found.coverage == lineage.coverage
    assert "board" in lineage_page(found, project="shop")
    assert "board" in mermaid(found)
