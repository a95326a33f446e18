"""What a change reaches: columns, nodes, tests, contracts, exposures and metrics, each with the path that
proves it."""

from __future__ import annotations

from collections.abc import Sequence

from aidbt.lineage.consumers import reached_things
from aidbt.lineage.effects import EFFECTS, Affected, Change, Effect, Impact, Weight
from aidbt.lineage.graph import Lineage
from aidbt.lineage.spread import Spread
from aidbt.project.manifest import Manifest

__all__ = ["EFFECTS", "Affected", "Change", "Effect", "Impact", "Weight", "impact_of"]


def impact_of(changes: Sequence[Change], lineage: Lineage, manifest: Manifest) -> Impact:
    """What changes reach in a project.

    Where columns go or change their type, the SQL that reads them is resolved again without them: so a
    reader is said to fail only when it does, and a sum of a column to take on the type that it does.

    Args:
        lineage: of the project as it is without the changes; for a branch, `project_changes` gives it.
        manifest: where the SQL and the things that read columns stand: tests, contracts, exposures, metrics.

    Example:
        impact_of([Change("source.shop.raw.orders", "amount", "removed")], lineage, manifest)
    """
    spread = Spread(lineage, manifest)
    for change in changes:
        spread.start(change)
    for node in lineage.nodes.values():
        spread.read(node)
    affected = [*spread.columns_and_nodes(), *reached_things(spread)]
    affected = [thing for thing in affected if thing.steps]
    rank = {effect: place for place, effect in enumerate(EFFECTS)}
    affected.sort(key=lambda a: (rank[a.effect], a.steps, a.kind, a.name))
    return Impact(tuple(changes), tuple(affected), tuple(spread.unknown))
