"""One row picked out of several by an order that leaves ties: which one it is may change from run to run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlglot import exp

from aidbt.core.findings import Severity
from aidbt.review.checks.check import Check, Hit, Side, Subject, hit_at
from aidbt.review.checks.trees import origin_of, shown
from aidbt.sql.resolve import binding, selects
from aidbt.sql.resolve.rows import Selected

_PICKING = (exp.RowNumber, exp.FirstValue, exp.LastValue, exp.NthValue)


def _find(subject: Subject) -> Iterator[Hit]:
    query = subject.query
    if query is None:
        return
    for select in selects(query.tree):
        for window, function in _windows(select):
            partition = window.args.get("partition_by") or []
            order = _terms(window.args.get("order"))
            what = f"{function} of '{_alias(window) or shown(window, query.dialect)}'"
            yield from _judge(window, what, partition, order, subject.side)
        distinct = select.node.args.get("distinct")
        on = distinct.args.get("on") if distinct is not None else None
        if on is not None and distinct is not None:
            keys = on.expressions or [on]
            yield from _judge(
                distinct, "distinct on", keys, _terms(select.node.args.get("order")), subject.side
            )


def _windows(select: Selected) -> Iterator[tuple[exp.Window, str]]:
    """The windows of one SELECT that pick a row, and the names of their functions."""
    for window in select.node.find_all(exp.Window):
        picks = window.this.find(*_PICKING)  # itself, or what IGNORE NULLS stands around
        if picks is not None and window.find_ancestor(exp.Select) is select.node and not window.alias:
            yield window, picks.sql_name().lower()


def _judge(
    node: exp.Expr, what: str, partition: Sequence[exp.Expr], order: Sequence[exp.Expr], side: Side
) -> Iterator[Hit]:
    ordered = {origin for origin in map(_origin, order) if origin is not None}
    divided = {origin for origin in map(_origin, partition) if origin is not None}
    if not order:
        yield hit_at(node, f"{what} has no order by: which row comes first is left to chance")
        return
    if all(isinstance(term, exp.Literal) or _origin(term) in divided for term in order):
        yield hit_at(node, f"{what} is ordered by what is the same in all rows of a group")
        return
    known, keys = _keys(ordered | divided, side)
    if known and not keys:
        yield hit_at(node, f"{what} leaves ties: {_words(order)} does not tell the rows of a group apart")
    elif not known:
        message = f"{what} may leave ties: whether {_words(order)} is unique in a group is not known"
        yield hit_at(node, message, severity=Severity.INFO)


def _keys(columns: set[tuple[str, str]], side: Side) -> tuple[bool, bool]:
    """(whether any key of the relations is declared, whether one is among the columns)."""
    declared = [
        {(name, column.casefold()) for column in key}
        for name in {name for name, _ in columns}
        for key in (side.lineage.nodes[name].unique if name in side.lineage.nodes else ())
    ]
    return bool(declared), any(key <= columns for key in declared)


def _origin(node: exp.Expr) -> tuple[str, str] | None:
    """The column of a relation that an expression is; one that is computed stands for none."""
    return origin_of(binding(node)) if isinstance(node, exp.Column) else None


def _terms(order: exp.Expr | None) -> list[exp.Expr]:
    return [term.this for term in order.expressions] if order is not None else []


def _words(order: Iterable[exp.Expr]) -> str:
    return ", ".join(term.name or term.sql() for term in order)


def _alias(window: exp.Window) -> str:
    return window.parent.alias if isinstance(window.parent, exp.Alias) else ""


CHECK = Check(
    "unstable_dedup",
    "One row is picked by an order that leaves ties",
    "end the order by with columns that tell the rows apart, such as the key",
    _find,
)
