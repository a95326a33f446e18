"""What protects the data, and no mend may change: tests and their settings, unit tests, contracts, how models
are kept. New ones are welcome. Pure: manifests in, sentences out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from aidbt.project.files import PROJECT_FILE
from aidbt.project.manifest import Manifest, Node

_OF_TESTS = ("severity", "warn_if", "error_if", "fail_calc", "limit", "where", "enabled", "store_failures")
_OF_MODELS = (
    "materialized", "unique_key", "incremental_strategy", "on_schema_change", "enabled", "full_refresh",
    "strategy", "check_cols", "updated_at", "access",
)  # fmt: skip
_OF_UNIT_TESTS = ("model", "given", "expect", "overrides")


def weakened(
    before: Manifest, after: Manifest, *, good: Manifest | None = None, only: Collection[str] | None = None
) -> Iterator[str]:
    """What a mend would change or take away of what protects the data, a sentence each.

    Args:
        good: of the last good run: what says how a model is kept may be again what it was there.
        only: paths of files; what is written elsewhere does not count. None for all.
    """
    yield from _tests(before, after, only)
    for unique_id, node in before.nodes.items():
        now = after.find(unique_id)
        if node.resource_type not in ("model", "snapshot") or now is None or not _counts(node, only):
            continue
        then = good.find(unique_id) if good is not None else None
        known = [_model(one) for one in (node, then) if one is not None]
        if any(all(value != one[name] for one in known) for name, value in _model(now).items()):
            yield f"it would change how {node.name} is kept, or its contract"
    for unique_id, test in before.others.items():
        if test.resource_type != "unit_test" or not _counts(test, only):
            continue
        there = after.others.get(unique_id)
        if there is None or _named(test.raw, _OF_UNIT_TESTS) != _named(there.raw, _OF_UNIT_TESTS):
            yield f"it would change the unit test {test.name}"


def lost(good: Manifest, failed: Manifest, after: Manifest) -> Iterator[str]:
    """What people added in the failed commit and a mend would take away, a sentence each; what comes back in
    place of one of the same kind only had a wrong name."""
    there = {name for part in (after.nodes, after.others) for name in part}
    known = {name for part in (good.nodes, good.others) for name in part}
    theirs = {**failed.nodes, **failed.others}
    back = Counter(
        _kind(node) for n, node in (*after.nodes.items(), *after.others.items()) if n not in theirs
    )
    for unique_id, node in theirs.items():
        if unique_id in known or unique_id in there:
            continue
        if back[_kind(node)]:
            back[_kind(node)] -= 1
        else:
            yield f"it would take away the new {node.resource_type.replace('_', ' ')} {node.name}"


def _kind(node: Node) -> tuple[str, str]:
    return node.resource_type, str((node.raw.get("test_metadata") or {}).get("name", ""))


def _tests(before: Manifest, after: Manifest, only: Collection[str] | None) -> Iterator[str]:
    for unique_id, node in before.nodes.items():
        if node.resource_type != "test" or not _counts(node, only):
            continue
        there = after.nodes.get(unique_id)
        if there is None:
            yield f"it would take away the test {node.name}"
        elif _test(node) != _test(there):
            yield f"it would change the test {node.name}"
    old, new = before.raw.get("macros") or {}, after.raw.get("macros") or {}
    for name, macro in old.items():
        is_test = str(macro.get("name")).startswith("test_") and macro.get("package_name") != "dbt"
        if not is_test or (only is not None and macro.get("original_file_path") not in only):
            continue
        if macro.get("macro_sql") != (new.get(name) or {}).get("macro_sql"):
            yield f"it would change the generic test {str(macro.get('name')).removeprefix('test_')}"


def _counts(node: Node, only: Collection[str] | None) -> bool:
    if only is None or PROJECT_FILE in only:
        return True
    described = str(node.raw.get("patch_path") or "").partition("://")[2]
    return node.path in only or described in only


def _test(node: Node) -> object:
    metadata = node.raw.get("test_metadata")
    return (
        _named(node.config, _OF_TESTS),
        metadata if metadata else node.raw.get("raw_code"),
        node.raw.get("column_name"),
    )  # fmt: skip


def _model(node: Node) -> dict[str, Any]:
    contract = bool((node.config.get("contract") or {}).get("enforced"))
    types = {name: c.get("data_type") for name, c in (node.raw.get("columns") or {}).items()}
    rules = {name: c.get("constraints") for name, c in (node.raw.get("columns") or {}).items()}
    promised = (types, rules, node.raw.get("constraints")) if contract else None
    return {**_named(node.config, _OF_MODELS), "contract": contract, "promised": promised}


def _named(values: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: values.get(name) for name in names}
