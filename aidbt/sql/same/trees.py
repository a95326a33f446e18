"""What can be told of an expression, or of a name in FROM, from the tree alone."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from aidbt.sql.conditions import without_brackets

SPREADS = (
    exp.Explode, exp.Posexplode, exp.Inline, exp.Unnest, exp.Stack, exp.GenerateSeries,
    exp.ExplodingGenerateSeries,
)  # fmt: skip
AGGREGATES = (exp.AggFunc, exp.AnonymousAggFunc, exp.Window, exp.WithinGroup, exp.Grouping)
# What gives another value each time that it is asked; a function that is not known may be one.
_VOLATILE = tuple(
    getattr(exp, name)
    for name in "Rand Randn Randstr Uniform Normal Zipf Uuid NextValueFor Anonymous".split()
    if hasattr(exp, name)
)
_NOT_PLAIN = (*SPREADS, *AGGREGATES, *_VOLATILE, exp.Query, exp.Columns, exp.Star)
# What takes rows as they come where no order is said, as every aggregate that is not named below may.
_TAKES_AS_COMES = (
    exp.AggFunc, exp.Window, exp.Limit, exp.Offset, exp.Fetch, exp.Anonymous, exp.AnonymousAggFunc,
    exp.TableSample,
)  # fmt: skip
_ORDERLESS = (
    exp.Sum, exp.Count, exp.CountIf, exp.Min, exp.Max, exp.Avg, exp.Median, exp.Stddev, exp.StddevPop,
    exp.StddevSamp, exp.Variance, exp.VariancePop, exp.LogicalAnd, exp.LogicalOr, exp.ApproxDistinct,
)  # fmt: skip


def is_plain(node: exp.Expr) -> bool:
    """Whether an expression is a function of one row that gives the same wherever it is written."""
    return node.find(*_NOT_PLAIN) is None


def is_volatile(node: exp.Expr) -> bool:
    """Whether an expression may give something else each time."""
    return node.find(*_VOLATILE) is not None


def depends_on_order(tree: exp.Expr) -> bool:
    """Whether a query has anything in it whose result may depend on the order of the rows that it reads."""
    return any(
        (isinstance(node, _TAKES_AS_COMES) and not isinstance(node, _ORDERLESS))
        or (isinstance(node, exp.Distinct) and node.args.get("on"))
        or (isinstance(node, exp.Array) and any(isinstance(part, exp.Query) for part in node.expressions))
        for node in tree.walk()
    )


def and_terms(node: exp.Expr, kind: type[exp.Expr]) -> list[exp.Expr]:
    """The terms of a chain of ANDs (or ORs), through its brackets, in order."""
    waiting, terms = [node], []
    while waiting:
        term = without_brackets(waiting.pop())
        if isinstance(term, kind):
            waiting += [term.args["expression"], term.args["this"]]
        else:
            terms.append(term)
    return terms


def cte_of(table: exp.Expr) -> exp.CTE | None:
    """The CTE that a name in FROM refers to, given that it refers to one."""
    name = table.name.casefold()
    inside: exp.Expr = table
    above = table.parent
    itself: exp.CTE | None = None
    while above is not None:
        if isinstance(above, exp.With):
            at = next(i for i, cte in enumerate(above.expressions) if cte is inside)
            for cte in above.expressions[:at][::-1]:
                if cte.alias.casefold() == name:
                    return _cte(cte)
            if above.expressions[at].alias.casefold() == name:
                if above.args.get("recursive"):
                    return _cte(above.expressions[at])
                itself = itself or _cte(above.expressions[at])
        elif (with_ := above.args.get("with_")) is not None and with_ is not inside:
            for cte in reversed(with_.expressions):
                if cte.alias.casefold() == name:
                    return _cte(cte)
        inside, above = above, above.parent
    return itself


def _cte(node: exp.Expr) -> exp.CTE | None:
    return node if isinstance(node, exp.CTE) else None


def is_recursive(cte: exp.CTE) -> bool:
    """Whether a CTE reads itself."""
    name = cte.alias.casefold()
    return any(
        table.name.casefold() == name and not table.args.get("db") and cte_of(table) is cte
        for table in cte.this.find_all(exp.Table)
    )


def ancestors(node: exp.Expr) -> Iterator[exp.Expr]:
    """The nodes around a node, the nearest first."""
    above = node.parent
    while above is not None:
        yield above
        above = above.parent
