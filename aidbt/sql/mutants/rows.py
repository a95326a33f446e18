"""Faults in how rows are brought together: joins, groups, unions, duplicates, limits."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from aidbt.sql.mutants.mutant import Change, all_but, changed, shown

_OTHER_SIDES = {
    "": ("LEFT", "RIGHT"),
    "LEFT": ("", "FULL"),
    "RIGHT": ("", "FULL"),
    "FULL": ("LEFT", "RIGHT"),
}
_SIDE_WORDS = {"": "inner", "LEFT": "left", "RIGHT": "right", "FULL": "full"}


def other_joins(node: exp.Expr) -> Iterator[Change]:
    """A join that keeps other rows without a match."""
    if not isinstance(node, exp.Join) or node.args.get("method"):
        return
    if not (node.args.get("on") or node.args.get("using")):
        return
    kind = (node.args.get("kind") or "").upper()
    if kind in ("SEMI", "ANTI"):
        other = changed(node, kind="ANTI" if kind == "SEMI" else "SEMI")
        yield Change("join", f"the other rows of {_name(node)}", other)
        return
    if kind not in ("", "INNER", "OUTER"):
        return
    for side in _OTHER_SIDES.get((node.args.get("side") or "").upper(), ()):
        other = changed(node, side=side or None, kind=None if side else "INNER")
        yield Change("join", f"{_name(node)} by {_SIDE_WORDS[side]} join", other)


def _name(join: exp.Join) -> str:
    return join.alias_or_name or shown(join.this)


def fewer_using(node: exp.Expr) -> Iterator[Change]:
    """A join by USING without one of several columns."""
    names = node.args.get("using") or [] if isinstance(node, exp.Join) else []
    for number, name in enumerate(names if len(names) > 1 else []):
        yield Change("join", f"joined without {shown(name)}", changed(node, using=all_but(names, number)))


def kept_duplicates(node: exp.Expr) -> Iterator[Change]:
    """DISTINCT left out; UNION for UNION ALL, and the other way."""
    if isinstance(node, exp.Select) and node.args.get("distinct") is not None:
        yield Change("distinct", "without distinct", changed(node, distinct=None))
    elif isinstance(node, exp.SetOperation):
        is_distinct = bool(node.args.get("distinct"))
        word = "with all duplicates" if is_distinct else "without duplicates"
        yield Change("union", f"{node.key} {word}", changed(node, distinct=not is_distinct))


def dropped_branches(node: exp.Expr) -> Iterator[Change]:
    """A set operation with one of its two queries only."""
    if isinstance(node, exp.SetOperation):
        for side, words in ((node.this, "first"), (node.expression, "second")):
            query = side.copy()
            if node.args.get("with_") is not None and query.args.get("with_") is None:
                query.set("with_", node.args["with_"].copy())
            yield Change("union", f"the {words} query of the {node.key} alone", query)


def dropped_groups(node: exp.Expr) -> Iterator[Change]:
    """A GROUP BY without one of its keys; where that is selected, one of its values stands for it."""
    group = node.args.get("group") if isinstance(node, exp.Select) else None
    if not isinstance(node, exp.Select) or group is None:
        return
    if any(value for name, value in group.args.items() if name != "expressions"):
        return  # rollups and the like
    keys = group.expressions
    for number, key in enumerate(keys):
        selected = _selected_by(key, node)
        if selected is None:
            continue
        rest = all_but(keys, number)
        fewer = changed(node, group=exp.Group(expressions=rest) if rest else None)
        for place in selected:
            item = fewer.expressions[place]
            one = exp.Min(this=item.unalias().copy())
            item.replace(exp.alias_(one, item.alias_or_name, quoted=True))
        said = node.expressions[selected[0]].unalias() if isinstance(key, exp.Literal) else key
        yield Change("group", f"not grouped by {shown(said)}", fewer)


def _selected_by(key: exp.Expr, select: exp.Select) -> list[int] | None:
    """Where the key is selected; None where that cannot be told, or it is part of another expression."""
    if isinstance(key, exp.Literal):
        place = int(key.name) - 1 if key.is_int else -1
        return [place] if 0 <= place < len(select.expressions) else None
    found = [
        number
        for number, item in enumerate(select.expressions)
        if item.unalias() == key or (isinstance(key, exp.Column) and not key.table and item.alias == key.name)
    ]
    return found or None


def other_limits(node: exp.Expr) -> Iterator[Change]:
    """One row more, or none skipped."""
    if not isinstance(node, exp.Limit | exp.Offset) or not isinstance(node.expression, exp.Literal):
        return
    if isinstance(node, exp.Offset):
        yield Change("limit", "no rows skipped", changed(node, expression=exp.Literal.number(0)))
    elif node.expression.is_int:
        more = exp.Literal.number(int(node.expression.name) + 1)
        yield Change("limit", "one row more than the limit", changed(node, expression=more))
