"""What a failed test asks, as the manifest declares it: its message says only how many rows there were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aidbt.project.manifest import Manifest, Node

Kind = Literal["not_null", "unique", "relationships", "accepted_values", "other", "singular", "unit"]
_KINDS: tuple[Kind, ...] = ("not_null", "unique", "relationships", "accepted_values")


@dataclass(frozen=True, slots=True)
class TestMeaning:
    """What one test asks.

    Attributes:
        node: unique_id of what it is about; "" for a test that reads several nodes.
        reads: unique_ids of all that it reads.
        to, to_column: of a relationship: unique_id of the parent, and its column.
        values: of accepted values.
        name: of the test's macro, e.g. "unique_combination_of_columns".
    """

    __test__ = False  # no test case, whatever its name says to pytest

    unique_id: str
    kind: Kind
    node: str
    column: str = ""
    name: str = ""
    reads: tuple[str, ...] = ()
    to: str = ""
    to_column: str = ""
    values: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""


def meaning_of(unique_id: str, manifest: Manifest) -> TestMeaning | None:
    """What a test asks; None when the manifest does not know it."""
    node = manifest.find(unique_id)
    if node is None:
        return None
    reads = node.depends_on
    if node.resource_type == "unit_test":
        model = next((name for name in reads if name.startswith("model.")), "")
        return TestMeaning(unique_id, "unit", model, name=node.name, reads=reads, path=node.path)
    metadata = node.raw.get("test_metadata")
    if not isinstance(metadata, dict):
        about = reads[0] if len(reads) == 1 else ""
        return TestMeaning(unique_id, "singular", about, name=node.name, reads=reads, path=node.path)
    return _generic(unique_id, node, metadata, manifest)


def _generic(unique_id: str, node: Node, metadata: Mapping[str, Any], manifest: Manifest) -> TestMeaning:
    name = str(metadata.get("name") or "")
    arguments = metadata.get("kwargs") or {}
    about = str(node.raw.get("attached_node") or "") or next(iter(reversed(node.depends_on)), "")
    to = next((other for other in node.depends_on if other != about), "")
    if name == "relationships" and not to:
        to = about
    kind: Kind = next((known for known in _KINDS if known == name), "other")
    values = arguments.get("values")
    return TestMeaning(
        unique_id,
        kind,
        about,
        str(arguments.get("column_name") or node.raw.get("column_name") or "").strip('"`'),
        name,
        node.depends_on,
        to if kind == "relationships" else "",
        str(arguments.get("field") or "").strip('"`'),
        tuple(str(value) for value in values) if isinstance(values, list) else (),
        arguments,
        node.path,
    )
