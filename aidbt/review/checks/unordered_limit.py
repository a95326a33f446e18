"""LIMIT without ORDER BY: which rows are kept is left to chance."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from aidbt.review.checks.check import Check, Hit, Subject, hit_at

# A limit that only development targets get.
_TEMPLATED = re.compile(r"\{%-?\s*if\b(?:(?!endif).)*\blimit\b(?:(?!\{%-?\s*if\b).)*endif", re.I | re.S)


def _find(subject: Subject) -> Iterator[Hit]:
    query = subject.query
    if query is None or _TEMPLATED.search(str(subject.node.raw.get("raw_code") or "")):
        return
    for node in query.tree.find_all(exp.Select, exp.SetOperation):
        limit = node.args.get("limit")
        if limit is None or node.args.get("order") is not None or _is_harmless(node, limit):
            continue
        yield hit_at(limit, f"limit {_number(limit) or '…'} without an order by keeps rows by chance")


def _is_harmless(node: exp.Expr, limit: exp.Expr) -> bool:
    """Whether any rows will do: none at all, those of EXISTS, the one row of an aggregate."""
    if _number(limit) == "0" or node.find_ancestor(exp.Exists) is not None:
        return True
    is_aggregate = any(item.find(exp.AggFunc) for item in node.expressions) and not node.find(exp.Window)
    return is_aggregate and node.args.get("group") is None


def _number(limit: exp.Expr) -> str:
    count = limit.args.get("count") if isinstance(limit, exp.Fetch) else limit.args.get("expression")
    return count.name if isinstance(count, exp.Literal) else ""


CHECK = Check(
    "unordered_limit",
    "LIMIT without ORDER BY",
    "order by something unique first, or take the limit out",
    _find,
)
