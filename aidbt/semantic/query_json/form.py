"""The words of the written form of a query (`document`), and which of them go together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from aidbt.semantic.definitions import METRIC_TIME
from aidbt.semantic.query import Arithmetic, DatePart, Function, Grain, Operator, Term, attributes

ARITHMETIC: Mapping[str, Arithmetic] = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
COMPARISONS: Mapping[str, Operator] = {
    "is": "=",
    "is_not": "<>",
    "less_than": "<",
    "at_most": "<=",
    "more_than": ">",
    "at_least": ">=",
}
MATCHES: Mapping[str, str] = {
    "starts_with": "starts",
    "ends_with": "ends",
    "contains": "contains",
    "spelled": "is",
}
EXTREMES: Mapping[str, str] = {"greatest": "max", "least": "min"}
AGAINST_ALL = "against_all"
ALL_FUNCTIONS = ("min", "max", "avg", "median")
FUNCTIONS: tuple[Function, ...] = get_args(Function)
COMPARED = (
    "previous",
    "change",
    "relative_change",
    "share",
    "average",
    "running",
    "moving_average",
    "rank",
    "dense_rank",
)
GRAINS = tuple(grain.value for grain in Grain)
DATE_PARTS: tuple[DatePart, ...] = get_args(DatePart)

COUNT_ROWS = "count_rows"
NOW = "now"
_MEASURE = frozenset({"where", "at"})

TERMS: Mapping[str, frozenset[str]] = {
    "column": frozenset({"table", "via", "grain", "part"}),
    "value": frozenset(),
    "date": frozenset(),
    "time": frozenset(),
    **dict.fromkeys(ARITHMETIC, frozenset[str]()),
    "duration": frozenset({"unit", "whole"}),
    "length": frozenset(),
    "if": frozenset({"then", "else"}),
    COUNT_ROWS: _MEASURE,
    **dict.fromkeys(FUNCTIONS, _MEASURE | {"table"}),
    "metric": frozenset(),
    "output": frozenset(),
    **dict.fromkeys(COMPARED, frozenset({"along", "within", "steps", "ascending"})),
}
"""The key that says what a term is → the keys that may stand beside it."""

PREDICATES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(COMPARISONS, frozenset[str]()),
    "in": frozenset({"values", "ignore_case"}),
    **dict.fromkeys(MATCHES, frozenset({"text", "ignore_case"})),
    "missing": frozenset(),
    "period": frozenset({"from", "before"}),
    "exists": frozenset({"via", "where", "number"}),
    **dict.fromkeys(EXTREMES, frozenset({"where"})),
    AGAINST_ALL: frozenset({"holds", "where"}),
    "not": frozenset(),
    "all": frozenset(),
    "any": frozenset(),
}
"""The same for predicates."""

OUTPUT_KEYS = ("name", "term", "hidden")
ORDER_KEYS = ("by", "descending")
POINT_KEYS = ("at", "start_of", "shift", "unit")
CLOCK_KEYS = ("now", "week_start")
QUERY_KEYS = (
    "outputs",
    "base",
    "group_by",
    "where",
    "having",
    "order_by",
    "limit",
    "limit_within",
    "has_ties",
    "at_most",
    "distinct",
    "source",
    "clock",
)

MOST_PARTS = 5_000
MOST_DEPTH = 40
MOST_CHARACTERS = 200_000


def default_table(of: Term) -> str:
    """The table whose rows a measure is over where it does not say: that of the first column in it."""
    found = attributes(of)
    return found[0].table if found else ""


def is_layer_item(name: str) -> bool:
    """Whether a name without a table is that of an item of the semantic layer, as in "customer__tier"."""
    return name == METRIC_TIME or "__" in name.strip("_")
