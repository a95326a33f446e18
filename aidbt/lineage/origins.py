"""Where the rows of a source were loaded from: the system above the warehouse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from aidbt.core.loads import CHANGE_COLUMNS, LOAD_COLUMNS
from aidbt.lineage.graph import NodeLineage
from aidbt.sql.resolved import ColumnUse, OutputColumn


@dataclass(frozen=True, slots=True)
class Origin:
    """The table of a source system that a load read.

    Attributes:
        system: how people know it, without secrets, e.g. "postgres db.example.com/shop".
        table: its name there.
        columns: column of the loaded table → the column of the system's table it came from; loader columns
            are left out. None where only the loader is known.
    """

    system: str
    table: str
    columns: dict[str, str]


_NOT_DECLARED = "its loader is declared, which columns it reads is not"


def with_origin(source: NodeLineage, origin: Origin) -> tuple[NodeLineage, NodeLineage]:
    """(the node of the system's table, the source made of it); the loader's own columns stay generated."""
    above = f"origin.{origin.system}.{origin.table}"
    columns, origin_columns = [], []
    for column in source.columns:
        name = origin.columns.get(column.name)
        if name is None or column.name in (*LOAD_COLUMNS, *CHANGE_COLUMNS):
            columns.append(column)
            continue
        how: Literal["passthrough", "rename"] = "passthrough" if name == column.name else "rename"
        columns.append(replace(column, made=how, uses=(ColumnUse(above, name, how),)))
        origin_columns.append(OutputColumn(name, "", made="generated"))
    node = NodeLineage(
        above,
        f"{origin.system}: {origin.table}",
        "origin",
        columns=tuple(origin_columns),
        is_complete=False,
        known_from="load",
        why="only the columns that were loaded are known" if origin.columns else _NOT_DECLARED,
    )
    return node, replace(source, columns=tuple(columns), parents=(above,))
