"""Mutants of a query: copies with one small fault each, such as people make.

A test of a query is worth what it tells apart: one that passes with a fault in the query does not test for
it. The operators follow the SQL mutation operators of Tuya, Suárez-Cabal and de la Riva ("Mutating database
queries", 2007): clauses, operators, NULLs, and identifiers, without those that replace a column by another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aidbt.sql.mutants.mutant import Mutant, Operator

if TYPE_CHECKING:
    from sqlglot import exp

__all__ = ["Mutant", "Operator", "mutants"]


def mutants(tree: exp.Query, operators: Sequence[Operator] = ()) -> list[Mutant]:
    """Every mutant of a query, each of another text, in the order of the places in the tree.

    Some mean the same as the query, or nothing at all: whether one can be told apart is for who runs it.
    Nothing is changed inside of a recursive CTE, whose mutants may never end.

    Args:
        tree: stays as it is.
        operators: which faults to make; all of this package by default.

    Example:
        >>> from aidbt.sql.parse import parse_sql
        >>> tree = parse_sql("select id from orders where paid and amount > 10", "duckdb").tree
        >>> [mutant.words for mutant in mutants(tree)][:3]
        ['without the condition paid', 'without the condition amount > 10', "'or' before amount > 10"]
    """
    own = tree.sql("duckdb")
    found: dict[str, Mutant] = {}
    for place, node in enumerate(tree.walk()):
        if _is_recursive(node):
            continue
        for operator in operators or _operators():
            for change in operator(node):
                mutated = _with(tree, place, change.node)
                text = mutated.sql("duckdb")
                if text != own:
                    found.setdefault(text, Mutant(change.kind, change.words, mutated))
    return list(found.values())


def _operators() -> tuple[Operator, ...]:
    from aidbt.sql.mutants import conditions, rows, values

    return (
        conditions.dropped_conditions,
        conditions.other_comparisons,
        conditions.negated_conditions,
        conditions.other_connectors,
        conditions.shorter_lists,
        conditions.narrower_patterns,
        rows.other_joins,
        rows.fewer_using,
        rows.kept_duplicates,
        rows.dropped_branches,
        rows.dropped_groups,
        rows.other_limits,
        values.dropped_arms,
        values.dropped_defaults,
        values.other_aggregates,
        values.other_windows,
        values.other_orders,
        values.other_dates,
        values.other_arithmetic,
        values.unwrapped_values,
    )


def _is_recursive(node: exp.Expr) -> bool:
    from sqlglot import exp

    with_ = node.find_ancestor(exp.With)
    while with_ is not None:
        if with_.args.get("recursive"):
            return True
        with_ = with_.find_ancestor(exp.With)
    return False


def _with(tree: exp.Query, place: int, changed: exp.Expr) -> exp.Query:
    """A copy of the tree with another node at a place, counted as `walk` does."""
    from sqlglot import exp

    copy = tree.copy()
    node = next(node for number, node in enumerate(copy.walk()) if number == place)
    if node is copy:
        assert isinstance(changed, exp.Query)
        return changed
    node.replace(changed)
    return copy
