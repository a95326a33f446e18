"""Faults in how values are made: arms of CASE, NULLs, aggregates, windows, dates, arithmetic."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from aidbt.sql.mutants.mutant import Change, all_but, changed, shown

_OTHER_AGGREGATES: dict[type[exp.Expr], tuple[type[exp.AggFunc], ...]] = {
    exp.Sum: (exp.Avg, exp.Max),
    exp.Avg: (exp.Sum, exp.Max),
    exp.Min: (exp.Max,),
    exp.Max: (exp.Min,),
    exp.AnyValue: (exp.Min,),
    exp.LogicalAnd: (exp.LogicalOr,),
    exp.LogicalOr: (exp.LogicalAnd,),
}
_OTHER_WINDOWS: dict[type[exp.Expr], type[exp.Func]] = {
    exp.RowNumber: exp.Rank,
    exp.Rank: exp.DenseRank,
    exp.DenseRank: exp.RowNumber,
    exp.Lag: exp.Lead,
    exp.Lead: exp.Lag,
    exp.FirstValue: exp.LastValue,
    exp.LastValue: exp.FirstValue,
}
_OTHER_ARITHMETIC: dict[type[exp.Expr], type[exp.Binary]] = {
    exp.Add: exp.Sub,
    exp.Sub: exp.Add,
    exp.Mul: exp.Div,
    exp.Div: exp.Mul,
    exp.Mod: exp.Mul,
}
_UNWRAPPED = (
    exp.Lower,
    exp.Upper,
    exp.Trim,
    exp.Round,
    exp.Abs,
    exp.Floor,
    exp.Ceil,
    exp.Initcap,
    exp.Nullif,
)
_OTHER_UNITS = {
    "YEAR": "MONTH", "QUARTER": "MONTH", "MONTH": "DAY", "WEEK": "MONTH", "DAY": "MONTH", "HOUR": "DAY",
    "MINUTE": "HOUR", "SECOND": "MINUTE",
}  # fmt: skip


def dropped_arms(node: exp.Expr) -> Iterator[Change]:
    """A CASE without one of its arms, or without its ELSE."""
    if not isinstance(node, exp.Case):
        return
    arms = node.args["ifs"]
    for number, arm in enumerate(arms):
        words = f"without the arm {shown(arm.this)}"
        if len(arms) == 1:
            yield Change("case", words, (node.args.get("default") or exp.null()).copy())
            continue
        yield Change("case", words, changed(node, ifs=all_but(arms, number)))
    if node.args.get("default") is not None and not isinstance(node.args["default"], exp.Null):
        words = f"without else {shown(node.args['default'])}"
        yield Change("case", words, changed(node, default=None))


def dropped_defaults(node: exp.Expr) -> Iterator[Change]:
    """A COALESCE without one of its arguments."""
    if not isinstance(node, exp.Coalesce):
        return
    arguments = [node.this, *node.expressions]
    for number, argument in enumerate(arguments):
        rest = all_but(arguments, number)
        fewer = rest[0] if len(rest) == 1 else exp.Coalesce(this=rest[0], expressions=rest[1:])
        yield Change("null", f"coalesce without {shown(argument)}", fewer)


def other_aggregates(node: exp.Expr) -> Iterator[Change]:
    """Another aggregate, duplicates counted otherwise, rows for values."""
    if not isinstance(node, exp.AggFunc):
        return
    found: list[tuple[str, exp.Expr]] = []
    if not node.args.get("expressions"):
        others = _OTHER_AGGREGATES.get(type(node), ())
        found += [("aggregate", other(this=node.this.copy())) for other in others]
    if isinstance(node.this, exp.Distinct) and len(node.this.expressions) == 1:
        found.append(("distinct", changed(node, this=node.this.expressions[0].copy())))
    elif isinstance(node, exp.Count) and not isinstance(node.this, exp.Star | exp.Literal):
        found.append(("aggregate", exp.Count(this=exp.Star())))
    if isinstance(node, exp.Count | exp.Sum) and isinstance(node.this, exp.Column):
        found.append(("distinct", changed(node, this=exp.Distinct(expressions=[node.this.copy()]))))
    for kind, other in found:
        yield Change(kind, f"{shown(other)} for {shown(node)}", other)


def other_windows(node: exp.Expr) -> Iterator[Change]:
    """A window over other rows, or another function over it."""
    if not isinstance(node, exp.Window):
        return
    keys = node.args.get("partition_by") or []
    for number, key in enumerate(keys):
        fewer = changed(node, partition_by=all_but(keys, number))
        yield Change("window", f"a window not by {shown(key)}", fewer)
    if node.args.get("spec") is not None:
        yield Change("window", f"{shown(node.this)} without its frame", changed(node, spec=None))
    kind = _OTHER_WINDOWS.get(type(node.this))
    if kind is not None:
        # The ranks take no arguments in the form that they are written in.
        arguments = {} if kind in (exp.Rank, exp.DenseRank, exp.RowNumber) else node.this.copy().args
        other = kind(**arguments)
        yield Change("window", f"{shown(other)} for {shown(node.this)}", changed(node, this=other))


def other_orders(node: exp.Expr) -> Iterator[Change]:
    """An order that decides on values or rows, with one of its keys turned round or left out."""
    if not isinstance(node, exp.Order) or not _order_matters(node):
        return
    for number, key in enumerate(node.expressions):
        if not isinstance(key, exp.Ordered):
            continue
        turned = node.copy()
        turned.expressions[number].set("desc", not key.args.get("desc"))
        yield Change("window", f"the other way round by {shown(key.this)}", turned)
        if len(node.expressions) > 1:
            fewer = changed(node, expressions=all_but(node.expressions, number))
            yield Change("window", f"not ordered by {shown(key.this)}", fewer)


def _order_matters(order: exp.Order) -> bool:
    holder = order.parent
    if isinstance(holder, exp.Query):
        is_first_of_each = isinstance(holder, exp.Select) and holder.args.get("distinct") is not None
        return is_first_of_each or holder.args.get("limit") is not None
    return True


def other_dates(node: exp.Expr) -> Iterator[Change]:
    """One more of an interval, a coarser or finer unit, one more between two dates."""
    found: list[exp.Expr] = []
    if isinstance(node, exp.Interval) and isinstance(node.this, exp.Literal):
        number = _number(node.this)
        if number is not None:
            found.append(changed(node, this=exp.Literal.string(str(number + 1))))
    elif isinstance(node, exp.DateTrunc | exp.TimestampTrunc | exp.DateDiff):
        unit = node.args.get("unit")
        other = _OTHER_UNITS.get(unit.name.upper()) if unit is not None else None
        if other is not None:
            as_text = isinstance(unit, exp.Literal)
            found.append(changed(node, unit=exp.Literal.string(other) if as_text else exp.var(other)))
    for one in found:
        yield Change("date", f"{shown(one)} for {shown(node)}", one)
    if isinstance(node, exp.DateDiff):
        more = exp.Add(this=node.copy(), expression=exp.Literal.number(1))
        yield Change("date", f"{shown(node)} and one more", exp.paren(more))


def _number(literal: exp.Literal) -> int | None:
    try:
        return int(literal.this)
    except ValueError:
        return None


def other_arithmetic(node: exp.Expr) -> Iterator[Change]:
    """The inverse operation."""
    other = _OTHER_ARITHMETIC.get(type(node))
    if other is not None:
        inverse = other(this=node.this.copy(), expression=node.expression.copy())
        yield Change("arithmetic", f"{shown(inverse)} for {shown(node)}", exp.paren(inverse))


def unwrapped_values(node: exp.Expr) -> Iterator[Change]:
    """A value without the function that changes it."""
    if isinstance(node, _UNWRAPPED):
        kind = "null" if isinstance(node, exp.Nullif) else "function"
        yield Change(kind, f"{shown(node.this)} for {shown(node)}", exp.paren(node.this.copy()))
