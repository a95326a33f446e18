"""What forms are made from: their numbers, the frames in which names are read, queries inside of others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from aidbt.sql.resolve.queries import SELECTED
from aidbt.sql.resolve.rows import Field, Joined, Rows, Selected, Source

CUTS = ("limit", "offset", "fetch", "sample")
"""Clauses that take a part of the rows."""


class Numbers:
    """Numbers for forms, the same for the same parts: shared by the queries that are compared."""

    def __init__(self) -> None:
        self._known: dict[tuple[str | int, ...], int] = {}
        self._unlike = 0

    def of(self, *parts: str | int) -> int:
        return self._known.setdefault(parts, len(self._known))

    def unlike(self) -> int:
        """A form like no other: of what is not understood."""
        self._unlike += 1
        return self.of("unlike", self._unlike)


@dataclass(slots=True, eq=False)
class Frame:
    """What the expressions of one SELECT may name.

    Attributes:
        places: id of a source → how one row of it is addressed. None is the row itself: of the first source,
            so that neither a layer that passes it on nor a join behind it changes what is made of it alone.
        bases: how often each base stands in FROM, here and in what the first source is.
        is_fixed: whether addresses hold as they are, not counted from the SELECT that uses them.
        missing: id of a source that an outer join may leave empty → the join.
        merged: id of a column that USING makes of two → its form.
        over: the rows that aggregates and windows of the SELECT go over; None while those are described.
        own: columns by themselves, for ORDER BY behind a set operation.
    """

    select: Selected | None = None
    own: Rows | None = None
    sources: dict[int, Source] = field(default_factory=dict)
    places: dict[int, int | None] = field(default_factory=dict)
    bases: Counter[int] = field(default_factory=Counter)
    is_fixed: bool = False
    missing: dict[int, int] = field(default_factory=dict)
    merged: dict[int, int] = field(default_factory=dict)
    over: int | None = None


Frames = tuple[Frame, ...]


def leaves(joins: Sequence[Joined]) -> Iterator[Source]:
    """Everything that FROM names, in order."""
    for joined in joins:
        if joined.inner:
            yield from leaves(joined.inner)
        else:
            yield from joined.sources


def seen_from(rows: Rows, frames: Frames) -> Frames:
    """The frames that a query in FROM may refer to: none, for nearly all."""
    return frames if is_correlated(rows) else ()


def is_correlated(rows: Rows) -> bool:
    """Whether a query uses columns of a query around it."""
    return rows.is_correlated or any(is_correlated(branch) for branch in rows.branches)


def nested_rows(node: exp.Expr) -> Rows | None:
    """A query inside of an expression, as it was resolved."""
    if isinstance(node, exp.Subquery) and not node.args.get("joins") and isinstance(node.this, exp.Query):
        rows = nested_rows(node.this)
        has_clause = any(node.args.get(key) for key in ("order", *CUTS))
        if rows is None or not has_clause:
            return rows
        return Rows(
            fields=rows.fields, is_complete=rows.is_complete, select=rows.select, branches=rows.branches,
            operation=rows.operation, clauses=(*rows.clauses, node), is_correlated=True,
        )  # fmt: skip
    if isinstance(node, exp.Select):
        selected = node.meta_get(SELECTED)
        if selected is None:
            return None
        complete = all(source.is_complete for source in leaves(selected.joins))
        return Rows(fields=list(selected.fields), is_complete=complete, select=selected, is_correlated=True)
    if isinstance(node, exp.SetOperation):
        branches = (nested_rows(node.this), nested_rows(node.expression))
        if branches[0] is None or branches[1] is None:
            return None
        return Rows(
            fields=branches[0].fields,
            is_complete=branches[0].is_complete and branches[1].is_complete,
            branches=(branches[0], branches[1]),
            operation=node.key,
            clauses=(node,),
            is_correlated=True,
        )
    return None


def place_of(fields: Sequence[Field], column: Field) -> int | None:
    """Where a column is among others: itself, else the first of its name."""
    for at, known in enumerate(fields):
        if known is column:
            return at
    return next((at for at, known in enumerate(fields) if known.key == column.key), None)
