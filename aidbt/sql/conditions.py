"""Conditions taken apart: what stands between their ANDs."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp


def conjuncts(condition: exp.Expr | None) -> Iterator[exp.Expr]:
    """The conditions that all must hold, from left to right, without brackets; nothing of none.

    Example:
        >>> from sqlglot import parse_one
        >>> [part.sql() for part in conjuncts(parse_one("a = 1 and (b or c) and (d and e)"))]
        ['a = 1', 'b OR c', 'd', 'e']
    """
    waiting = [condition] if condition is not None else []
    while waiting:
        part = without_brackets(waiting.pop())
        if isinstance(part, exp.And):
            waiting += [part.expression, part.this]
        else:
            yield part


def without_brackets(node: exp.Expr) -> exp.Expr:
    """What stands in brackets, however many."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node
