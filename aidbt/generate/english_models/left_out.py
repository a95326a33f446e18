"""How many rows a model leaves out because they refer to no row that is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from aidbt.generate.english_models.decisions import Rows
from aidbt.generate.english_models.steps import Steps
from aidbt.semantic.graph import Graph, GraphTable
from aidbt.semantic.planning.frames import table_sql


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows of a table that an inner join drops.

    Attributes:
        table, missing: names in the graph: of the rows, and of the table in which they have no row.
        number: how many there are now, more than 0, of the `total` of the table.
    """

    table: str
    missing: str
    number: int
    total: int


def left_out(steps: Steps, graph: Graph, rows: Rows) -> list[LeftOut]:
    """What the inner joins of a model leave out now, read from the warehouse: before any condition.

    Only joins of two parents are looked at; what a model worked out itself is not.

    Raises:
        WarehouseError: it cannot be read.
    """
    tables = {item.name: graph.table(item.table) for item in steps.imports}
    found = []
    for join in dict.fromkeys(join for step in steps.steps for join in _joins(step.select, tables)):
        total, matched = (int(rows(query)[0][0]) for query in _counts(join))
        if matched < total:
            found.append(LeftOut(join.child.name, join.parent.name, total - matched, total))
    return found


@dataclass(frozen=True, slots=True)
class _Join:
    """An inner join of two parents of the model, which are called so in its condition."""

    child: GraphTable
    child_alias: str
    parent: GraphTable
    parent_alias: str
    on: exp.Expr


def _joins(select: exp.Select, tables: Mapping[str, GraphTable]) -> Iterator[_Join]:
    read = [select.args["from_"].this, *(join.this for join in select.args.get("joins") or ())]
    aliases = {table.alias_or_name: table.name for table in read if isinstance(table, exp.Table)}
    for join in select.args.get("joins") or ():
        on, new = join.args.get("on"), join.this.alias_or_name
        if join.side or join.kind not in ("", "INNER") or on is None:
            continue
        others = {column.table for column in on.find_all(exp.Column)} - {new}
        other = others.pop() if len(others) == 1 else ""
        child, parent = tables.get(aliases.get(other, "")), tables.get(aliases.get(new, ""))
        if child is not None and parent is not None:
            yield _Join(child, other, parent, new, on)


def _counts(join: _Join) -> tuple[exp.Select, exp.Select]:
    """Queries for the number of all rows, and of those that the join keeps."""
    everything = exp.select(exp.alias_(exp.Count(this=exp.Star()), "n"))
    everything = everything.from_(table_sql(join.child, join.child_alias))
    partner = exp.select(exp.Literal.number(1)).from_(table_sql(join.parent, join.parent_alias))
    kept = everything.copy().where(exp.Exists(this=partner.where(join.on.copy())))
    return everything, kept
