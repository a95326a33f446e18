"""How large the values are that a source's rows give, and how often each stands there: counted when asked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from aidbt.core.types import type_family
from aidbt.healing.remedies.source_values import VALUE, SourceNow, log_size
from aidbt.sql.reads import Instead
from aidbt.warehouse.rows import Rows

_ORDERED = ("integer", "number", "date", "timestamp")
_MOST_LISTED = 100  # pairs of a value and where it stands
_TEXT = exp.DataType.build("text")


@dataclass(frozen=True, slots=True)
class Size:
    """How large an expression's values are.

    Attributes:
        filled, nulls: rows with a value, and without one.
        minimum, maximum: as text, of numbers and times only.
        usual: about the geometric mean of the numbers' sizes, so that few large ones do not count.
        below: numbers below zero.
    """

    filled: int
    nulls: int
    minimum: str | None = None
    maximum: str | None = None
    usual: float | None = None
    below: int = 0


def size_of(now: SourceNow, instead: Instead, data_type: str, where: exp.Expr | None = None) -> Size:
    """How large an expression's values are now, in the rows for which `where` holds.

    Raises:
        WarehouseError: the expression cannot be run.
    """
    family = type_family(data_type)
    value = exp.column(VALUE, quoted=True)
    asked: list[exp.Expr] = [exp.Count(this=exp.Star()), exp.Count(this=value)]
    if family in _ORDERED:
        asked += [exp.cast(kind(this=value.copy()), _TEXT) for kind in (exp.Min, exp.Max)]
    if family in ("number", "integer"):
        asked += [exp.Avg(this=log_size(value)), exp.Sum(this=_one_if_below(value))]

    def query(rows: Rows) -> exp.Expr:
        found = rows.select(*asked)
        return found.where(where, copy=False) if where is not None else found

    count, filled, *more = now.fetched(instead, data_type, query)[0]
    ends = [None if end is None else str(end) for end in more[:2]] or [None, None]
    usual = math.exp(more[2]) if len(more) > 2 and more[2] is not None else None
    return Size(filled, count - filled, ends[0], ends[1], usual, int(more[3] or 0) if more[3:] else 0)


def is_one_value(now: SourceNow, instead: Instead, data_type: str) -> bool:
    """Whether an expression gives one value only, rows without one left out.

    Raises:
        WarehouseError: the expression cannot be run.
    """
    value = exp.cast(exp.column(VALUE, quoted=True), _TEXT)
    distinct = exp.Count(this=exp.Distinct(expressions=[value]))
    return int(now.fetched(instead, data_type, lambda rows: rows.select(distinct))[0][0]) == 1


def moved_apart(now: SourceNow, old: str, instead: Instead, data_type: str) -> float | None:
    """0..1, how differently often the values that an expression gives stand in the rows with `old` filled and
    in the others, less what chance makes of so few rows; None of more than a list of values.

    Raises:
        WarehouseError: the expression cannot be run.
    """
    value = exp.cast(exp.column(VALUE, quoted=True), _TEXT)
    is_old = exp.not_(exp.column(old, quoted=True).is_(exp.null()))

    def query(rows: Rows) -> exp.Expr:
        return (
            rows.select(value, is_old, exp.Count(this=exp.Star())).group_by("1", "2").limit(_MOST_LISTED + 1)
        )

    found = now.fetched(instead, data_type, query)
    if len(found) > _MOST_LISTED:
        return None
    before, since = ({v: n for v, there, n in found if v is not None and there is k} for k in (True, False))
    return apart(before, since)


def apart(before: Mapping[str, int], since: Mapping[str, int]) -> float:
    """How differently often values stand in two groups of rows, 0..1, less what chance makes of so few.

    Example:
        >>> apart({"yes": 80, "no": 20}, {"yes": 80, "no": 20}), apart({"a": 900, "b": 100}, {"b": 900})
        (0.0, 0.85)
    """
    first, second = sum(before.values()), sum(since.values())
    values = before.keys() | since.keys()
    if not first or not second:
        return 0.0
    differ = sum(abs(before.get(v, 0) / first - since.get(v, 0) / second) for v in values) / 2
    by_chance = math.sqrt(len(values) / first) / 2 + math.sqrt(len(values) / second) / 2
    return round(max(0.0, differ - by_chance), 2)


def _one_if_below(value: exp.Expr) -> exp.Expr:
    below = exp.LT(this=value.copy(), expression=exp.Literal.number(0))
    one, none = exp.Literal.number(1), exp.Literal.number(0)
    return exp.Case(ifs=[exp.If(this=below, true=one)], default=none)
