"""What is decided of a model besides its SQL: its materialization, grain, columns and their tests."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from aidbt.core.schema import Column, Relation
from aidbt.generate.english_models.kept import Materialized, ModelColumn, Test
from aidbt.generate.english_models.steps import Import, without_order
from aidbt.semantic.graph import Graph
from aidbt.semantic.planning.planner import plan
from aidbt.semantic.query import Attribute, Measure, Output, SemanticQuery, Term, measures, parts
from aidbt.semantic.wording.sentences import describe
from aidbt.warehouse.budget import estimated_size, human_bytes

# A parent of more than that is not read anew by everybody who asks.
_LARGE_BYTES = 1_000_000_000
_MANY_READERS = 3
# "Day of the order", cut to months, is the month of the order.
_OF = re.compile(
    r"\A(the )?(day|date|time|timestamp)( and time)? of\s+(?!(the )?(week|month|year))", re.IGNORECASE
)

Rows = Callable[[exp.Query], Sequence[Sequence[Any]]]
"""The rows of a query on the warehouse."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A materialization and why."""

    materialized: Materialized
    reason: str


def choose_materialized(
    imports: Sequence[Import], relations: Mapping[str, Relation], *, readers: int, in_folder: str
) -> Chosen:
    """How a model that nobody decided on is materialized.

    Args:
        relations: by the name of a table in the graph.
        readers: how many other models read it directly.
        in_folder: what the project says of the folder it stands in.
    """
    if in_folder == "table":
        return Chosen("table", "as the project has it in this folder")
    sizes = [estimated_size(relations[item.table]) for item in imports if item.table in relations]
    known = sum(size for size in sizes if size is not None)
    if known > _LARGE_BYTES:
        return Chosen("table", f"its parents hold about {human_bytes(known)}, too much to read each time")
    if readers >= _MANY_READERS:
        return Chosen("table", f"{readers} others read it, and would each work it out anew")
    is_known = sizes and None not in sizes
    size = f"its parents hold about {human_bytes(known)}" if is_known else "nothing speaks for another way"
    return Chosen("view", size)


def grain_of(query: SemanticQuery, graph: Graph) -> tuple[str, ...]:
    """The columns of which no two rows of the model are alike; () when it has one row, or none are known."""
    shown = {output.term: output.name for output in query.outputs if output.is_shown}
    if query.group_by:
        names = [shown.get(term) for term in _independent(query.group_by, graph)]
        return tuple(name for name in names if name is not None) if None not in names else ()
    if measures((query.outputs, query.having, query.order_by)):
        return ()
    if query.base and not query.source:
        for key in graph.table(query.base).keys[:1]:
            names = [shown.get(Attribute(query.base, column)) for column in key]
            if None not in names:
                return tuple(name for name in names if name is not None)
    return tuple(shown.values()) if query.distinct else ()


def _independent(groups: Sequence[Term], graph: Graph) -> list[Term]:
    """The groups without those that follow from others: other columns of rows whose key is grouped by."""
    keyed: set[tuple[str, tuple[str, ...]]] = set()
    kept: set[Term] = set()
    for group in groups:
        if isinstance(group, Attribute) and (group.table, group.via) not in keyed:
            own = {g.column: g for g in groups if isinstance(g, Attribute) and _is_beside(g, group)}
            # The first key is the table's own; others may be unique by chance.
            key = next(iter(graph.table(group.table).keys), ())
            if key and set(key) <= own.keys():
                keyed.add((group.table, group.via))
                kept |= {own[column] for column in key}
    return [
        group
        for group in groups
        if group in kept or not isinstance(group, Attribute) or (group.table, group.via) not in keyed
    ]


def _is_beside(term: Attribute, other: Attribute) -> bool:
    """Whether both are plain columns of the same row."""
    return (term.table, term.via, term.grain, term.part) == (other.table, other.via, None, None)


@dataclass(frozen=True, slots=True)
class Facts:
    """What holds of all rows of the model now.

    Attributes:
        complete: the columns that are never NULL.
        has_grain: whether no two rows have the same grain.
    """

    row_count: int
    complete: frozenset[str]
    has_grain: bool


def facts_of(query: SemanticQuery, graph: Graph, grain: Sequence[str], rows: Rows) -> Facts:
    """What holds of all rows of the model now, read from the warehouse.

    Raises:
        WarehouseError: it cannot be read.
    """
    planned = plan(without_order(query), graph)
    names = [output.name for output in query.outputs if output.is_shown]
    counts: list[exp.Expr] = [exp.Count(this=exp.Star())]
    counts += [exp.Count(this=exp.column(name)) for name in names]
    inner = planned.subquery("model")
    first = rows(exp.select(*(exp.alias_(c, f"n{i}") for i, c in enumerate(counts))).from_(inner))[0]
    total, *filled = (int(value) for value in first)
    complete = frozenset(name for name, number in zip(names, filled, strict=True) if number == total)
    if not grain:
        return Facts(total, complete, has_grain=False)
    keys = exp.select(*map(exp.column, grain)).distinct().from_(planned.copy().subquery("model"))
    different = rows(exp.select(exp.alias_(exp.Count(this=exp.Star()), "n")).from_(keys.subquery("keys")))
    return Facts(total, complete, has_grain=int(different[0][0]) == total)


def model_columns(
    query: SemanticQuery,
    graph: Graph,
    types: Sequence[Column],
    grain: Sequence[str],
    facts: Facts | None,
) -> tuple[ModelColumn, ...]:
    """The model's columns with their types, descriptions and the tests that hold.

    What identifies a row is tested, what is measured of it is not: that it is there today says nothing.

    Args:
        types: of the model, as the warehouse tells.
        facts: None where the rows were not read: then nothing is tested.
    """
    known = {column.name.casefold(): column.data_type for column in types}
    found = []
    for output in query.outputs:
        if output.is_shown:
            tests = _tests(output.name, grain, facts) if facts is not None else ()
            data_type = known.get(output.name.casefold(), "").lower()
            found.append(ModelColumn(output.name, data_type, column_words(output, query, graph), tests))
    return tuple(found)


def _tests(name: str, grain: Sequence[str], facts: Facts) -> tuple[Test, ...]:
    if name not in grain or not facts.has_grain:
        return ()
    tests: list[Test] = ["not_null"] if name in facts.complete else []
    return (*tests, "unique") if tuple(grain) == (name,) else tuple(tests)


def column_words(output: Output, query: SemanticQuery, graph: Graph) -> str:
    """What a column holds: what its parent says of it, else how it is made."""
    term = output.term
    if isinstance(term, Attribute):
        column = graph.table(term.table).column(term.column)
        own = _OF.sub("", column.description, count=1) or f"{term.column} of {term.table}"
        cut = term.grain or term.part
        if cut is None:
            return column.description
        # What begins with a name that is written in capitals keeps them.
        first = own[:1] if own[1:2].isupper() else own[:1].lower()
        return f"{str(cut).replace('_', ' ').capitalize()} of {first}{own[1:]}"
    if query.source is not None or not any(isinstance(part, Measure | Attribute) for part in parts(term)):
        return ""
    return describe(SemanticQuery((output,), clock=query.clock), graph)
