"""Witness rows as the project's own warehouse answers them, where that is not DuckDB.

dbt compares the rows of a unit test as text. Of a number, its digits are part of that: PostgreSQL's mean of
20 and 20 is 20.0000000000000000.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlglot import exp

from aidbt.generate.english_models.decisions import Rows as Ask
from aidbt.generate.english_models.likely_values import pinned
from aidbt.generate.english_models.small_database import bag_of
from aidbt.generate.english_models.steps import without_order
from aidbt.generate.english_models.witnesses import NotTheSame, Witnesses, WitnessRows
from aidbt.semantic.graph import Graph, GraphTable
from aidbt.semantic.planning.planner import plan
from aidbt.semantic.query import SemanticQuery
from aidbt.sql.dialect import sqlglot_dialect

# No table and no step of a plan is called so.
_GIVEN = "given_"


def as_answered(
    witnesses: Witnesses, query: SemanticQuery, graph: Graph, dialect: str, ask: Ask
) -> Witnesses:
    """The witness rows with their answers in the digits of the warehouse; no table of it is read.

    Args:
        ask: the rows of a query on the warehouse, of which `dialect` is.

    Raises:
        NotTheSame: the warehouse gives other rows than the evaluation without SQL.
        WarehouseError: it refused the query.
    """
    tables = [replace(t, identifier=_GIVEN + t.name, schema="", database="") for t in graph.tables]
    planned = plan(pinned(without_order(query)), Graph(tuple(tables), graph.relationships))
    sets = []
    for rows in witnesses.sets:
        given = [
            exp.CTE(this=_values(graph.table(table), held, dialect), alias=_alias(_GIVEN + table))
            for table, held in rows.rows.items()
        ]
        tree = planned.copy()
        with_ = tree.args.get("with_")
        own = with_.expressions if with_ is not None else []
        tree.set("with_", exp.With(expressions=[*given, *own]))
        sets.append(_in_its_digits(rows, [tuple(map(_plain, row)) for row in ask(tree)]))
    return replace(witnesses, sets=tuple(sets))


def _values(table: GraphTable, rows: Sequence[Mapping[str, Any]], dialect: str) -> exp.Query:
    """Rows as a query."""
    names = list(rows[0]) if rows else [column.name for column in table.columns]
    types = {
        # A type that people made has a name that nobody else knows.
        name: exp.DataType.build(table.column(name).data_type, dialect=sqlglot_dialect(dialect), udt=True)
        for name in names
    }
    selects = [_select(types, row) for row in rows]
    if not selects:
        return _select(types, {}).where(exp.false())
    return exp.union(*selects, distinct=False) if len(selects) > 1 else selects[0]


def _select(types: Mapping[str, exp.DataType], row: Mapping[str, Any]) -> exp.Select:
    cells = (exp.cast(_literal(row.get(name)), kind.copy()) for name, kind in types.items())
    return exp.select(*(exp.alias_(cell, name) for cell, name in zip(cells, types, strict=True)))


def _literal(value: Any) -> exp.Expr:
    return exp.Literal.string(value.isoformat(" ")) if isinstance(value, dt.datetime) else exp.convert(value)


def _alias(name: str) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(name, quoted=True))


def _plain(value: Any) -> Any:
    """A value of an adapter: an instant as the clock of the session shows it, a UUID as text."""
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None)
    return str(value) if isinstance(value, UUID) else value


def _in_its_digits(rows: WitnessRows, answered: Sequence[tuple[Any, ...]]) -> WitnessRows:
    if bag_of(answered) != bag_of(rows.expected):
        raise NotTheSame(
            "the warehouse and the evaluation without SQL give different rows; nothing was written",
            hint="this is a fault in aidbt; please report it with the sentence",
        )
    theirs = sorted(answered, key=_order)
    expected = [
        tuple(map(_with_digits, own, other))
        for own, other in zip(sorted(rows.expected, key=_order), theirs, strict=True)
    ]
    return replace(rows, expected=sorted(expected, key=repr))


def _order(row: Sequence[Any]) -> str:
    (plain,) = bag_of([row])
    return repr(plain)


def _with_digits(own: Any, answered: Any) -> Any:
    """A number in the digits of the warehouse, as text where YAML would read others; else the value."""
    if not isinstance(answered, Decimal):
        return own
    is_read_so = str(answered) in (str(int(answered)), str(float(answered)))
    return answered if is_read_so else str(answered)
