"""Lists, joined texts, first and last values made of rows in no order."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from aidbt.review.checks.check import Check, Hit, Subject, hit_at
from aidbt.review.checks.trees import shown

_ORDERED = (exp.ArrayAgg, exp.GroupConcat, exp.First, exp.Last)
_NAMES = frozenset({"json_agg", "jsonb_agg", "json_group_array", "array_concat_agg"})
# The parser forgets by which name texts were joined.
_JOINING = ("string_agg", "listagg", "group_concat")
# What stands between an aggregate and its order, its window, or what puts its list into an order.
_BETWEEN = (exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.Paren)
_ORDERING = (exp.WithinGroup, exp.Window, exp.ArraySort)


def _find(subject: Subject) -> Iterator[Hit]:
    query = subject.query
    if query is None:
        return
    for node in query.tree.find_all(*_ORDERED, exp.Anonymous):
        if isinstance(node, exp.Anonymous) and node.name.lower() not in _NAMES:
            continue
        if not _has_order(node):
            arguments = node.expressions if isinstance(node, exp.Anonymous) else [node.this]
            of = shown(arguments[0], query.dialect) if arguments else ""
            yield hit_at(node, f"{_name(node, query.text)}({of}) takes the rows in no order")


def _has_order(node: exp.Expr) -> bool:
    """Whether an order is written in the call, behind it, in its window, or made of it later."""
    parent = node.parent
    while isinstance(parent, _BETWEEN):
        parent = parent.parent
    return isinstance(parent, _ORDERING) or node.find(exp.Order) is not None


def _name(node: exp.Expr, text: str) -> str:
    """The function as the query calls it."""
    if isinstance(node, exp.GroupConcat):
        return next((name for name in _JOINING if name in text.lower()), _JOINING[0])
    meta = node.meta
    return text[meta["start"] : meta["end"] + 1].lower() if "start" in meta else node.key


CHECK = Check(
    "unordered_aggregate",
    "An aggregate depends on the order of rows that have none",
    "write the order into the call: string_agg(x, ',' order by y), array_agg(x order by y)",
    _find,
)
