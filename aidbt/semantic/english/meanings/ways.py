"""Which table relates rows of others, where a verb says what happened."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import combinations

from aidbt.semantic.graph import Graph, NoPath, Path, is_to_one


def path_of(graph: Graph, start: str, end: str) -> Path | None:
    """The way between two tables; None when there is none, or none that is best."""
    try:
        return graph.path(start, end)
    except NoPath:
        return None


def leads_to_one(graph: Graph, start: str, end: str) -> bool:
    """Whether each row of a table belongs to one row of another at most, by the way that is best."""
    path = path_of(graph, start, end)
    return path is not None and is_to_one(path)


def pivot(graph: Graph, ends: Collection[str], act: str) -> str:
    """The table each of whose rows belongs to one row of every end, by what happened; "" for none.

    It is that of the act, or one with several rows for it: items of orders relate products and customers.
    """
    tables = [act]
    for end in sorted(ends):
        tables += [step.end for step in path_of(graph, act, end) or () if not step.is_to_one]
    for table in dict.fromkeys(tables):
        paths = [path_of(graph, table, end) for end in ends]
        if table not in ends and all(path is not None and is_to_one(path) for path in paths):
            return table
    return ""


def names_over(graph: Graph, start: str, middle: str, end: str) -> tuple[str, ...]:
    """The relationships of the way from one table to another over a third."""
    steps = (*(path_of(graph, start, middle) or ()), *(path_of(graph, middle, end) or ()))
    return tuple(step.relationship.name for step in steps)


def tables_between(tables: Iterable[str], graph: Graph) -> Iterator[str]:
    """The tables that only lie on the ways between others."""
    for one, other in combinations(sorted(tables), 2):
        for way in graph.paths(one, other)[:1]:
            yield from (step.end for step in way[:-1])
