"""Whose tables the buckets of a project are of, so that those of two targets never mix."""

from __future__ import annotations

from collections.abc import Iterable

from aidbt.core.errors import ArtifactError
from aidbt.project.manifest import Manifest, Node
from aidbt.store import Store

# One record of the store: unique_id → the database and the schema in which its table was measured.
_PLACES, _ALL = "monitor_places", "all"
_BUILT = ("model", "seed", "snapshot")


def require_same_places(manifest: Manifest, store: Store) -> None:
    """Return unless every model that was measured stands somewhere else in this manifest. Some of them may:
    those moved within their project, and keep their history.

    Raises:
        ArtifactError: it is of another target, whose numbers would mix with those that are known.
        StoreError: the store cannot be read.
    """
    known = _known(store)
    nodes = [node for kind in _BUILT for node in manifest.of_type(kind) if node.unique_id in known]
    if not nodes or any(_place(node) == known[node.unique_id] for node in nodes):
        return
    before = sorted({known[node.unique_id] for node in nodes})
    now = sorted({_place(node) for node in nodes})
    raise ArtifactError(
        f"what was measured is of the tables in {', '.join(before[:3])}, and those of this target stand in"
        f" {', '.join(now[:3])}: nothing is measured or judged, since the two would mix",
        hint="keep a store for each target that you watch (AIDBT_STORE_PATH=.aidbt/prod.db), or, where the"
        " tables moved for good: aidbt monitor collect --moved",
    )


def was_measured(store: Store) -> bool:
    """Whether any table of the project ever was.

    Raises:
        StoreError: the store cannot be read.
    """
    return store.get(_PLACES, _ALL) is not None


def remember_places(store: Store, nodes: Iterable[Node]) -> None:
    """Keep where the tables of these nodes stand.

    Raises:
        StoreError: the store cannot be written.
    """
    known = _known(store)
    now = known | {node.unique_id: _place(node) for node in nodes if node.resource_type in _BUILT}
    if now != known:
        store.put(_PLACES, _ALL, now)


def _known(store: Store) -> dict[str, str]:
    record = store.get(_PLACES, _ALL)
    return {} if record is None else dict(record.value)


def _place(node: Node) -> str:
    return ".".join(part for part in (node.database, node.schema) if part).lower()
