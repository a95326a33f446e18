"""Which columns of a staging model are added up further down."""

from __future__ import annotations

from collections.abc import Iterator

import sqlglot
from sqlglot import exp

from aidbt.core.types import type_family
from aidbt.healing.evidence.case import Case
from aidbt.healing.quarantine.entry import Entry, compiled
from aidbt.project.manifest import Node


def models_below(unique_id: str, case: Case) -> list[Node]:
    """All models and snapshots that hang on a node, the nearest first."""
    manifest = case.best_manifest
    nodes = list(manifest.nodes.values()) if manifest is not None else []
    waiting, found = [unique_id], dict[str, Node]()
    while waiting:
        name = waiting.pop(0)
        for node in nodes:
            is_made = node.resource_type in ("model", "snapshot")
            if is_made and name in node.depends_on and node.unique_id not in found:
                found[node.unique_id] = node
                waiting.append(node.unique_id)
    return list(found.values())


def additive(entry: Entry, case: Case) -> dict[str, exp.Expr]:
    """Column of the staging model → its expression in the source's columns, of the numbers that models below
    add up, as they are or as part of another number. Names are followed, so it is rather one too many."""
    known = entry.built
    numbers = {
        column.name.casefold()
        for column in (known.columns if known is not None else entry.relation.columns)
        if type_family(column.data_type) in ("integer", "number")
    }
    wanted = {
        name: value
        for name, value in entry.traced.columns.items()
        if value is not None and name.casefold() in numbers
    }
    trees = [tree for node in models_below(entry.staging.unique_id, case) for tree in _tree(node, case)]
    return {name: value for name, value in wanted.items() if _is_summed(name, trees)}


def _tree(node: Node, case: Case) -> Iterator[exp.Expr]:
    if node.raw.get("language") == "python":
        return
    try:
        yield sqlglot.parse_one(compiled(node, case), dialect=case.dialect)
    except sqlglot.errors.SqlglotError:
        return


def _is_summed(name: str, trees: list[exp.Expr]) -> bool:
    called = {name.casefold()}
    for tree in trees:  # the nearest first
        for made in tree.find_all(exp.Alias):
            if called & _names(made.this):
                called.add(made.alias.casefold())
    sums = [found for tree in trees for found in tree.find_all(exp.Sum, exp.Avg)]
    return any(called & _names(found) for found in sums)


def _names(tree: exp.Expr) -> set[str]:
    return {column.name.casefold() for column in tree.find_all(exp.Column)}
