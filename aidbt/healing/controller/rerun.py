"""The smallest run that makes good what a failed one left undone.

`dbt retry` runs a failed test again on the table that made it fail. Here the models that such a test reads
are built again, with all that hangs on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.project.manifest import Manifest, Node

_BUILT = ("model", "seed", "snapshot")
_TESTS = ("test", "unit_test")


@dataclass(frozen=True, slots=True)
class Rerun:
    """What dbt is to do.

    Attributes:
        select: dbt's selection; empty for the whole project.
    """

    command: str
    select: tuple[str, ...] = ()


def rerun(run: FailedRun, manifest: Manifest | None, *, edited: Iterable[str] = ()) -> Rerun:
    """What has to run again after a failed run.

    Args:
        manifest: of the project as it is now; without one everything runs again.
        edited: paths of the files that a mend changed; what is made of them, and all that hangs on it, is
            built too. One that no node is made of (a macro, YAML) may reach anything.
    """
    reached = [failure.unique_id for failure in run.failures if failure.unique_id]
    if manifest is None or len(reached) < len(run.failures) or not reached:
        return Rerun("build")  # dbt got to no node, or not to all of them
    chosen: set[str] = set()
    for unique_id in (*reached, *run.skipped):
        node = manifest.find(unique_id)
        if node is None:
            return Rerun("build")
        chosen |= set(_chosen(node, manifest))
    for path in edited:
        made = [
            node for node in manifest.nodes.values() if node.path == path and node.resource_type in _BUILT
        ]
        if not made:
            return Rerun("build")
        chosen |= {f"{_selector(node)}+" for node in made}
    return Rerun("build", tuple(sorted(chosen)))


def _chosen(node: Node, manifest: Manifest) -> Iterator[str]:
    if node.resource_type not in _TESTS:
        yield _selector(node)
        return
    yield _selector(node)
    for parent in (manifest.find(name) for name in node.depends_on):
        if parent is not None and parent.resource_type in _BUILT:
            yield f"{_selector(parent)}+"


def _selector(node: Node) -> str:
    return "fqn:" + ".".join(str(part) for part in node.raw.get("fqn") or (node.name,))
