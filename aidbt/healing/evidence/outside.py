"""Sources that are files beside a DuckDB warehouse (dbt-duckdb's `external_location`): read where they stand,
as tables, for as long as a connection is open."""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from string import Template
from typing import Any

import sqlglot
from sqlglot import exp

from aidbt.core.errors import WarehouseError
from aidbt.core.schema import Column, Relation
from aidbt.core.table_state import TableState
from aidbt.project.manifest import Node
from aidbt.warehouse import Connection
from aidbt.warehouse.dialects import render

# What may be called for a source: functions that read files and do nothing else.
_READERS = frozenset(
    (
        "read_csv",
        "read_csv_auto",
        "read_parquet",
        "parquet_scan",
        "read_json",
        "read_json_auto",
        "read_ndjson",
    )
)
_BY_SUFFIX = {".csv": "read_csv_auto", ".tsv": "read_csv_auto", ".txt": "read_csv_auto",
              ".parquet": "read_parquet", ".json": "read_json_auto", ".jsonl": "read_json_auto",
              ".ndjson": "read_json_auto", ".gz": "read_csv_auto"}  # fmt: skip
_PREFIX = "aidbt_outside_"


def is_outside(node: Node) -> bool:
    """Whether a source is read from where it stands, such as a file, and is no table of the warehouse."""
    return node.resource_type == "source" and bool(
        _meta(node).get("external_location") or node.raw.get("external")
    )


def outside_relation(
    connection: Connection, node: Node, *, most_bytes: int, root: Path | None = None
) -> Relation | None:
    """The files of a source as a relation that this connection can read; None where it is no source of local
    files. The size in `size_bytes` is that of the files.

    Args:
        root: the project's folder, where dbt runs and paths begin.

    Raises:
        WarehouseError: its files are not there, cannot be read, or are larger than `most_bytes` together.
    """
    if connection.dialect != "duckdb" or not is_outside(node):
        return None
    reader = _reader(_location(node), root)
    paths = [literal.this for literal in _literals(reader)] if reader is not None else []
    if reader is None or not paths or any("://" in path for path in paths):
        return None
    size = sum(_size(path) for path in paths)
    if size > most_bytes:
        raise WarehouseError(f"the files of {node.source_name}.{node.name} are over budget.scan_bytes")
    name = _PREFIX + node.unique_id.replace(".", "_")
    view = exp.Create(
        this=exp.to_table(name),
        kind="VIEW",
        replace=True,
        properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
        expression=exp.select("*").from_(exp.Table(this=reader)),
    )
    connection.rows(render(view, "duckdb"))
    rows = connection.rows(render(exp.Describe(this=exp.to_table(name)), "duckdb"))
    columns = tuple(Column(str(row[0]), str(row[1])) for row in rows)
    return Relation("main", name, columns, kind="view", size_bytes=size)


def under_its_name(state: TableState, node: Node) -> TableState:
    """A state by the name that the project gives the source, where it was read by one of ours."""
    if not state.name.startswith(_PREFIX):
        return state
    return replace(state, schema=node.source_name or node.schema, name=node.name, database="")


def _meta(node: Node) -> dict[str, Any]:
    places = (node.raw.get("source_meta"), node.raw.get("meta"), node.config.get("meta"), node.config)
    return {key: value for place in places if isinstance(place, Mapping) for key, value in place.items()}


def _location(node: Node) -> str:
    """Where it stands, its names filled in as dbt-duckdb does; "" where that cannot be told."""
    meta = _meta(node)
    names = {"name": node.name, "identifier": node.identifier or node.name, "schema": node.schema,
             "database": node.database, **meta}  # fmt: skip
    text = str(meta.get("external_location") or "")
    try:
        match meta.get("formatter", "newstyle"):
            case "newstyle":
                return text.format_map(names)
            case "template":
                return Template(text).substitute(names)
            case _:
                return text % names
    except (KeyError, ValueError, IndexError, TypeError, AttributeError):
        return ""


def _reader(location: str, root: Path | None) -> exp.Expr | None:
    """The call that reads a location; None for one that does more than to read files."""
    if "(" not in location:
        path = location.strip("'")
        function = _BY_SUFFIX.get(Path(path).suffix.casefold())
        found: exp.Expr = exp.Anonymous(this=function or "", expressions=[exp.Literal.string(path)])
    else:
        try:
            found = sqlglot.parse_one(location, dialect="duckdb")
        except sqlglot.errors.SqlglotError:
            return None
    if not isinstance(found, exp.Func) or found.find(exp.Query) or _function(found) not in _READERS:
        return None
    for literal in _literals(found):
        if root is not None and "://" not in literal.this:
            literal.set("this", str(root / literal.this))
    return found


def _function(call: exp.Func) -> str:
    return (call.name if isinstance(call, exp.Anonymous) else call.sql_name()).casefold()


def _literals(reader: exp.Expr) -> list[exp.Literal]:
    """What a call reads: its first argument, a text or a list of texts."""
    first = reader.this if isinstance(reader.this, exp.Expr) else next(iter(reader.expressions), None)
    found: Sequence[exp.Literal] = list(first.find_all(exp.Literal)) if first is not None else []
    return [literal for literal in found if literal.is_string]


def _size(pattern: str) -> int:
    found = glob.glob(pattern, recursive=True)
    if not found:
        raise WarehouseError(f"there is no file {pattern}")
    try:
        return sum(Path(path).stat().st_size for path in found)
    except OSError as error:
        raise WarehouseError(f"{pattern} cannot be read: {error.strerror}") from error
