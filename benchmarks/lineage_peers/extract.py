"""Runs in a peer's venv: `extract.py METHOD MANIFEST CATALOG ANSWER` writes the column edges a peer finds.

Only the standard library and what the peer brings is imported. The answer is JSON: unique_id of a node →
output column → list of [unique_id, column] that it is made of. A node or column that a peer gives nothing for
is left out; a column that it says is made of nothing has an empty list.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Edges = dict[str, dict[str, list[tuple[str, str]]]]
# What dbt-colibri keeps beside the columns: what decides the rows.
_STRUCTURAL = "__colibri_"


def colibri(manifest: Path, catalog: Path) -> Edges:
    """dbt-colibri, as its command line calls it."""
    from dbt_colibri.lineage_extractor.extractor import DbtColumnLineageExtractor

    found = DbtColumnLineageExtractor(str(manifest), str(catalog)).extract_project_lineage()
    return {
        node: {
            column: [(parent["dbt_node"], parent["column"]) for parent in parents]
            for column, parents in columns.items()
            if not column.startswith(_STRUCTURAL)
        }
        for node, columns in found["lineage"]["parents"].items()
    }


def recce(manifest: Path, catalog: Path) -> Edges:
    """Recce's extractor, called for each node with the schema of its parents as Recce makes it: by alias."""
    from recce.exceptions import RecceException
    from recce.util.cll import cll

    nodes, known = _read(manifest, catalog)
    found: Edges = {}
    for unique_id, node in _queries(nodes):
        by_alias = {_alias(nodes[parent]).lower(): parent for parent in node["depends_on"]["nodes"]}
        schema = {_alias(nodes[p]): known[p] for p in node["depends_on"]["nodes"] if p in known}
        try:
            _, columns = cll(node["compiled_code"], schema=schema, dialect="duckdb")
        except (RecceException, RecursionError, KeyError, ValueError, AttributeError):
            continue
        found[unique_id] = {
            name: [
                (by_alias[use.node.lower()], use.column)
                for use in column.depends_on
                if use.node.lower() in by_alias
            ]
            for name, column in columns.items()
        }
    return found


def sqlglot(manifest: Path, catalog: Path) -> Edges:
    """sqlglot's own `lineage` of each whole query, with the schema of its parents."""
    from sqlglot import exp
    from sqlglot.errors import SqlglotError
    from sqlglot.lineage import lineage

    nodes, known = _read(manifest, catalog)
    by_name = {_relation(node): unique_id for unique_id, node in nodes.items()}
    found: Edges = {}
    for unique_id, node in _queries(nodes):
        schema: dict[str, Any] = {}
        for read in (*node["depends_on"]["nodes"], unique_id):  # an incremental model reads itself
            if read in known:
                database, within, name = _relation(nodes[read])
                schema.setdefault(database, {}).setdefault(within, {})[name] = known[read]
        try:
            columns = lineage(None, node["compiled_code"], schema=schema, dialect="duckdb")
        except (SqlglotError, RecursionError, KeyError, ValueError, AttributeError):
            continue
        found[unique_id] = {}
        for name, root in columns.items():
            uses = set()
            for leaf in root.walk():
                table = leaf.source
                if isinstance(table, exp.Table) and not leaf.downstream:
                    parent = by_name.get((table.catalog.lower(), table.db.lower(), table.name.lower()))
                    uses |= {(parent, leaf.name.rpartition(".")[2].strip('"'))} if parent else set()
            found[unique_id][name] = sorted(uses)
    return found


def _read(manifest: Path, catalog: Path) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """All nodes by unique_id, and the columns with their types of those that the catalog has."""
    read, known = json.loads(manifest.read_text()), json.loads(catalog.read_text())
    columns = {
        unique_id: {name: column["type"] for name, column in entry["columns"].items()}
        for unique_id, entry in {**known["nodes"], **known["sources"]}.items()
    }
    return {**read["nodes"], **read["sources"]}, columns


def _queries(nodes: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for unique_id, node in nodes.items():
        is_sql = node["resource_type"] in ("model", "snapshot") and node.get("language", "sql") == "sql"
        if is_sql and node.get("compiled_code"):
            yield unique_id, node


def _alias(node: dict[str, Any]) -> str:
    return str(node.get("alias") or node.get("identifier") or node["name"])


def _relation(node: dict[str, Any]) -> tuple[str, str, str]:
    return str(node["database"]).lower(), node["schema"].lower(), _alias(node).lower()


METHODS = {"colibri": colibri, "recce": recce, "sqlglot": sqlglot}


def main(method: str, manifest: str, catalog: str, answer: str) -> None:
    logging.disable(logging.CRITICAL)
    edges = METHODS[method](Path(manifest), Path(catalog))
    Path(answer).write_text(json.dumps(edges), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
