"""A query with one small fault put into it, and what an operator of faults gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sqlglot import exp

_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Mutant:
    """A query that differs from another in one place.

    Attributes:
        kind: what the fault is in, one word of a few: "filter", "join", "case", "null", "aggregate", "group",
            "window", "distinct", "union", "limit", "date", "arithmetic", "function".
        words: the fault in words, e.g. "without the condition status = 'paid'".
    """

    kind: str
    words: str
    tree: exp.Query


class Change(NamedTuple):
    """A node to stand in the place of another, of which it is a changed copy."""

    kind: str
    words: str
    node: exp.Expr


Operator = Callable[["exp.Expr"], Iterator[Change]]
"""The faults that one node can have, none of them for most nodes. The node itself stays as it is."""


def changed(node: exp.Expr, **args: object) -> exp.Expr:
    """A copy of a node with other arguments."""
    copy = node.copy()
    for name, value in args.items():
        copy.set(name, value)
    return copy


def all_but(nodes: Sequence[exp.Expr], number: int) -> list[exp.Expr]:
    """Copies of some nodes without one of them."""
    return [node.copy() for place, node in enumerate(nodes) if place != number]


def shown(node: exp.Expr) -> str:
    """A node's SQL in DuckDB's words, on one line and short enough for a sentence."""
    text = " ".join(node.sql("duckdb", comments=False).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
