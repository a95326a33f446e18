"""Which tables keep rows of earlier runs, and which of them a second run adds rows to that they have."""

from __future__ import annotations

from collections.abc import Collection

from aidbt.project.manifest import Node

_REPLACES = ("insert_overwrite", "microbatch")  # strategies that need no key to replace what is there


def grows(node: Node) -> bool:
    """Whether a table keeps rows of earlier runs."""
    return node.resource_type == "snapshot" or node.config.get("materialized") == "incremental"


def replaces_nothing(node: Node) -> bool:
    """Whether rows that are there stay when a model runs again: without a key dbt's `merge` and
    `delete+insert` only add, and `append` looks at no key."""
    strategy = str(node.config.get("incremental_strategy") or "")
    if node.config.get("materialized") != "incremental" or strategy in _REPLACES:
        return False
    return not node.config.get("unique_key") or strategy == "append"


def only_tests(told: Collection[str]) -> bool:
    """Whether a run that tells of these unique_ids only tested: another one built before it, and nothing says
    what."""
    return bool(told) and all(name.startswith(("test.", "unit_test.")) for name in told)
