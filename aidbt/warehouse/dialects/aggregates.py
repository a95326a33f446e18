"""Means, medians and windows in every dialect, with the digits and the order that DuckDB gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from aidbt.warehouse.dialects.casts import DOUBLES, NoLowering
from aidbt.warehouse.dialects.templates import filled
from aidbt.warehouse.dialects.times import value_type

_Lowering = Callable[[exp.Expr, str], exp.Expr]

# The middle two of the sorted values, where there is no exact median; without values null, as is NULL[1].
_MEDIAN = {
    "postgres": "percentile_cont(0.5) within group (order by x)",
    **dict.fromkeys(("spark", "databricks", "snowflake", "redshift"), "median(x)"),
    "bigquery": (
        "((array_agg(x ignore nulls order by x)[safe_offset(div(count(x) - 1, 2))]"
        " + array_agg(x ignore nulls order by x)[safe_offset(div(count(x), 2))]) / 2)"
    ),
    "trino": (
        "((cast(element_at(array_sort(array_agg(x) filter (where not x is null)),"
        " (count(x) + 1) / 2) as double)"
        " + element_at(array_sort(array_agg(x) filter (where not x is null)), count(x) / 2 + 1)) / 2)"
    ),
}
# Their mean of whole numbers, or of decimals, is cut to few digits.
_SHORT_MEANS = ("redshift", "snowflake", "spark", "databricks", "trino")
_FRAMED = (exp.Avg, exp.Count, exp.Max, exp.Min, exp.Sum)


def _median(node: exp.Expr, dialect: str) -> exp.Expr:
    return filled(_MEDIAN, "a median", dialect, node.this)


def _mean(node: exp.Expr, dialect: str) -> exp.Expr:
    known = value_type(node.this)
    if dialect not in _SHORT_MEANS or (known is not None and known.this in DOUBLES):
        return node
    return exp.Avg(this=exp.cast(node.this, "double"))


def _window(node: exp.Expr, dialect: str) -> exp.Expr:
    """A window over the same rows, in an order in which null is the last."""
    frame, order = node.args.get("spec"), node.args.get("order")
    # Without a frame it is over a range too.
    is_ranged = order is not None and (frame is None or frame.text("kind").upper() == "RANGE")
    if dialect == "redshift" and is_ranged and isinstance(node.this, _FRAMED):
        raise NoLowering("a window over a range of values", dialect)
    if dialect == "bigquery" and order is not None:
        is_near = frame is not None and isinstance(frame.args.get("start"), exp.Literal)
        keys = [key for ordered in order.expressions for key in _nulls_last(ordered, is_near=is_near)]
        node.set("order", exp.Order(expressions=keys))
    return node


def _nulls_last(ordered: exp.Expr, *, is_near: bool) -> list[exp.Expr]:
    """The keys of an order without NULLS LAST, which BigQuery's windows know in few places.

    Args:
        is_near: whether a frame reaches so far by number, where null is beside no other value anyhow.
    """
    if ordered.args.get("desc") or ordered.args.get("nulls_first"):
        return [ordered]  # null is the least, so it is there already
    key = exp.Ordered(this=ordered.this, nulls_first=True)
    if is_near:
        return [key]
    is_null = exp.Ordered(this=exp.Is(this=ordered.this, expression=exp.null()), nulls_first=True)
    return [is_null, key]


AGGREGATES: Mapping[type[exp.Expr], _Lowering] = {
    exp.Avg: _mean,
    exp.Median: _median,
    exp.Window: _window,
}
