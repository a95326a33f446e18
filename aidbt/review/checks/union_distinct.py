"""UNION of branches that have no row in common: it sorts or hashes everything to find nothing, and drops rows
that a branch has twice."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from aidbt.review.checks.check import Check, Hit, Subject, hit_at
from aidbt.review.checks.trees import shown


def _find(subject: Subject) -> Iterator[Hit]:
    query = subject.query
    if query is None:
        return
    for union in query.tree.find_all(exp.Union):
        if not union.args.get("distinct"):
            continue
        for left, right in zip(_items(union.this), _items(union.expression), strict=False):
            if _are_apart(left, right):
                values = f"{shown(left, query.dialect)} and {shown(right, query.dialect)}"
                yield hit_at(
                    right,
                    f"union drops rows that occur twice, but the branches ({values}) have none in common",
                )
                break


def _items(query: exp.Expr) -> list[exp.Expr]:
    """What the last SELECT of a branch selects, without aliases."""
    while isinstance(query, exp.Subquery | exp.SetOperation):
        query = query.expression if isinstance(query, exp.SetOperation) else query.this
    if not isinstance(query, exp.Select) or query.is_star:
        return []
    return [item.unalias() for item in query.expressions]


def _are_apart(left: exp.Expr, right: exp.Expr) -> bool:
    """Whether both are constants, and not the same one."""
    if not (isinstance(left, exp.Literal) and isinstance(right, exp.Literal)):
        return False
    return left.is_string == right.is_string and left.name != right.name


CHECK = Check(
    "union_distinct",
    "UNION where UNION ALL is meant",
    "write union all; where rows of one branch repeat, deduplicate that branch and say why",
    _find,
)
