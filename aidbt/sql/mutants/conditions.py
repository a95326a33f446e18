"""Faults in what decides which rows or arms are taken: conditions dropped, turned round, or moved."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from aidbt.sql.conditions import conjuncts
from aidbt.sql.mutants.mutant import Change, all_but, changed, shown

_CLAUSES = ("where", "having", "qualify")
_OTHER_COMPARISONS: dict[type[exp.Expr], tuple[type[exp.Binary], ...]] = {
    exp.EQ: (exp.NEQ,),
    exp.NEQ: (exp.EQ,),
    exp.LT: (exp.LTE, exp.GT),
    exp.LTE: (exp.LT, exp.GTE),
    exp.GT: (exp.GTE, exp.LT),
    exp.GTE: (exp.GT, exp.LTE),
    exp.NullSafeEQ: (exp.EQ,),
    exp.NullSafeNEQ: (exp.NEQ,),
}
_ATOMS = (exp.In, exp.Like, exp.ILike, exp.Is, exp.Between, exp.Exists, exp.RegexpLike)


def dropped_conditions(node: exp.Expr) -> Iterator[Change]:
    """A SELECT without one of the conditions of its WHERE, HAVING or QUALIFY, a join without one of ON, an
    aggregate without its FILTER.
    """
    if isinstance(node, exp.Select):
        for clause in _CLAUSES:
            held = node.args.get(clause)
            if held is None:
                continue
            for part, rest in _each_dropped(held.this):
                others = None if rest is None else changed(held, this=rest)
                yield Change(
                    "filter", f"without the condition {shown(part)}", changed(node, **{clause: others})
                )
    elif isinstance(node, exp.Join) and node.args.get("on") is not None:
        for part, rest in _each_dropped(node.args["on"]):
            on = exp.true() if rest is None else rest
            yield Change("join", f"joined without {shown(part)}", changed(node, on=on))
    elif isinstance(node, exp.Filter):
        yield Change("filter", f"without {shown(node.expression)}", node.this.copy())


def _each_dropped(condition: exp.Expr) -> Iterator[tuple[exp.Expr, exp.Expr | None]]:
    """(a condition, all the others; None for no others)."""
    parts = list(conjuncts(condition))
    for part in parts:
        others = [other for other in parts if other is not part]
        yield part, exp.and_(*others) if others else None


def other_comparisons(node: exp.Expr) -> Iterator[Change]:
    """A comparison with its boundary moved, or turned round."""
    for other in _OTHER_COMPARISONS.get(type(node), ()):
        moved = other(this=node.this.copy(), expression=node.expression.copy())
        yield Change(_kind(node), f"{shown(moved)} for {shown(node)}", moved)
    if isinstance(node, exp.Between):
        this, low, high = (node.args[name].copy() for name in ("this", "low", "high"))
        above = exp.and_(exp.GT(this=this, expression=low), exp.LTE(this=this.copy(), expression=high))
        below = exp.and_(
            exp.GTE(this=this.copy(), expression=low.copy()), exp.LT(this=this.copy(), expression=high.copy())
        )
        yield Change(_kind(node), f"{shown(node)} without {shown(low)} itself", exp.paren(above))
        yield Change(_kind(node), f"{shown(node)} without {shown(high)} itself", exp.paren(below))


def negated_conditions(node: exp.Expr) -> Iterator[Change]:
    """A condition that is no comparison, turned round; and one that is negated, without its NOT."""
    if isinstance(node, exp.Not):
        yield Change(_kind(node), f"{shown(node.this)} for {shown(node)}", node.this.copy())
    elif (isinstance(node, _ATOMS) and not isinstance(node.parent, exp.Not)) or _is_bare(node):
        turned = exp.not_(node.copy(), copy=False)
        yield Change(_kind(node), f"{shown(turned)} for {shown(node)}", turned)


def _is_bare(node: exp.Expr) -> bool:
    """Whether it is a column that is a condition by itself."""
    if not isinstance(node, exp.Column):
        return False
    parent, place = node.parent, node.arg_key
    return (
        isinstance(parent, exp.Where | exp.Having | exp.Qualify | exp.Connector)
        or (isinstance(parent, exp.Join) and place == "on")
        or (isinstance(parent, exp.If) and place == "this" and not _has_operand(parent))
    )


def _has_operand(arm: exp.If) -> bool:
    """Whether the arm belongs to `case x when …`, where it holds a value and no condition."""
    return isinstance(arm.parent, exp.Case) and arm.parent.this is not None


def other_connectors(node: exp.Expr) -> Iterator[Change]:
    """OR for AND, and the other way."""
    if isinstance(node, exp.And | exp.Or):
        other = exp.Or if isinstance(node, exp.And) else exp.And
        joined = other(this=node.this.copy(), expression=node.expression.copy())
        word = "or" if other is exp.Or else "and"
        yield Change(_kind(node), f"'{word}' before {shown(node.expression)}", exp.paren(joined))


def shorter_lists(node: exp.Expr) -> Iterator[Change]:
    """An IN list without one of its items."""
    items = node.expressions if isinstance(node, exp.In) else []
    for number, item in enumerate(items if len(items) > 1 else []):
        shorter = changed(node, expressions=all_but(items, number))
        yield Change(_kind(node), f"{shown(node.this)} without {shown(item)} in its list", shorter)


def narrower_patterns(node: exp.Expr) -> Iterator[Change]:
    """A LIKE without the wildcard at one of its ends."""
    if not isinstance(node, exp.Like | exp.ILike):
        return
    pattern = node.expression
    if not (isinstance(pattern, exp.Literal) and pattern.is_string):
        return
    text = pattern.this
    for shorter in dict.fromkeys([text.removeprefix("%"), text.removesuffix("%")]):
        if shorter != text:
            narrower = changed(node, expression=exp.Literal.string(shorter))
            yield Change(_kind(node), f"{shown(narrower)} for {shown(node)}", narrower)


def _kind(node: exp.Expr) -> str:
    """What a condition decides: "case", "join" or "filter"."""
    place: exp.Expr | None = node
    while place is not None:
        if isinstance(place, exp.If | exp.Case):
            return "case"
        if isinstance(place, exp.Join):
            return "join"
        if isinstance(place, exp.Where | exp.Having | exp.Qualify | exp.Filter | exp.Select):
            return "filter"
        place = place.parent
    return "filter"
