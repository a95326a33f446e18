"""Left joins whose unmatched rows a later condition drops again."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from aidbt.review.checks.check import Check, Hit, Subject, hit_at
from aidbt.review.checks.trees import shown
from aidbt.sql.conditions import conjuncts, without_brackets
from aidbt.sql.resolve import binding, selects
from aidbt.sql.resolve.rows import Joined, Selected, Source

# Comparisons that are not true of null.
_REJECTING = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Like, exp.ILike, exp.Between, exp.In,
)  # fmt: skip
# What gives null for null. Anything else may turn a missing row into a value.
_STRICT = (
    exp.Column, exp.Paren, exp.Cast, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.Lower, exp.Upper,
    exp.Trim, exp.Date, exp.DateTrunc, exp.TimestampTrunc, exp.Year, exp.Month,
)  # fmt: skip


def _find(subject: Subject) -> Iterator[Hit]:
    query = subject.query
    if query is None:
        return
    for select in selects(query.tree):
        for place, joined in enumerate(select.joins):
            if joined.side == "LEFT" and joined.kind not in ("SEMI", "ANTI"):
                yield from _undone(joined, select, select.joins[place + 1 :], query.dialect)


def _undone(joined: Joined, select: Selected, later: tuple[Joined, ...], dialect: str) -> Iterator[Hit]:
    """The first condition that drops the rows without a match."""
    where = select.node.args.get("where")
    conditions = [(part, "WHERE") for part in conjuncts(where.this if where is not None else None)]
    for other in later:
        if not other.side and other.node is not None:
            conditions += [(part, "a later inner join") for part in conjuncts(other.node.args.get("on"))]
    for part, what in conditions:
        source = _rejects(part, joined.sources)
        if source is not None:
            name = source.name or "the joined query"
            yield hit_at(
                part,
                f"{what} ({shown(part, dialect)}) drops the rows without a match in '{name}', "
                "so the left join is an inner join",
            )
            return


def _rejects(condition: exp.Expr, sources: tuple[Source, ...]) -> Source | None:
    """The source whose rows of nulls a condition drops, of those given."""
    compared = without_brackets(condition)
    if isinstance(compared, exp.Not):
        compared = without_brackets(compared.this)
    if isinstance(compared, exp.Column):
        parts: list[exp.Expr | None] = [compared]
    elif isinstance(compared, _REJECTING):
        parts = [compared.this, compared.args.get("expression")]
    else:
        return None
    for part in parts:
        if part is None or any(not isinstance(node, _STRICT) for node in _values(part)):
            continue
        for column in part.find_all(exp.Column):
            bound = binding(column)
            if bound is not None and not bound.is_outer and bound.source in sources:
                return bound.source
    return None


def _values(node: exp.Expr) -> Iterator[exp.Expr]:
    """The parts of an expression that make its value: no names, types and constants."""
    for inner in node.walk(prune=lambda one: isinstance(one, exp.Column)):
        if not isinstance(inner, exp.Identifier | exp.DataType | exp.Literal | exp.Var | exp.DataTypeParam):
            yield inner


CHECK = Check(
    "left_join_undone",
    "A left join that a later condition makes an inner join",
    "move the condition into the ON of the left join, or write an inner join",
    _find,
)
