"""A problem at the place of a node of the tree."""

from __future__ import annotations

from sqlglot import exp

from aidbt.core.findings import Severity
from aidbt.sql.parse import Parsed
from aidbt.sql.resolved import SqlProblem


def problem_at(
    parsed: Parsed,
    node: exp.Expr,
    code: str,
    message: str,
    *,
    nearest: tuple[str, ...] = (),
    replacement: str = "",
    severity: Severity = Severity.ERROR,
) -> SqlProblem:
    """A problem about a node; the parser keeps the places of names, literals and calls, so that any other
    node is placed by the first of them in it, or around it.
    """
    start, end = _span(node)
    line, column = parsed.places.at(start) if end else (0, 0)
    return SqlProblem(code, message, line, column, start, end, nearest, replacement, severity)


def _span(node: exp.Expr) -> tuple[int, int]:
    """The characters that a node is told to stand at; (0, 0) when nothing in it or around it has a place."""
    around: exp.Expr | None = node
    while around is not None:
        placed = [found.meta for found in around.walk() if found.meta.get("end") is not None]
        if placed:
            first = node.meta if node.meta.get("end") is not None else min(placed, key=lambda m: m["start"])
            return int(first["start"]), int(first["end"]) + 1
        around = around.parent
    return 0, 0
