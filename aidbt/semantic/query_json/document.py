"""A query as JSON or YAML, as people write it in a file, models keep it and language models answer it.

    outputs:
      - customers.country
      - {name: revenue, term: {sum: orders.amount, where: {in: orders.status, values: [paid]}}}
    group_by: [customers.country]
    where: {period: orders.placed_at, from: {start_of: year, shift: -1, unit: year}, before: {start_of: year}}
    order_by: [{by: revenue, descending: true}]
    limit: 10

The keys of a query are the fields of `SemanticQuery`; what has its default is left out. A text in the place
of a term is a column ("table.column") or an output of the query (no dot); a text that is a value stands
behind `value`; the metrics' own time is `{column: metric_time, grain: month}`. Everything else is a mapping
with one key that says what it is: `form` lists them.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from aidbt.core.errors import UsageError
from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Calculation,
    Case,
    Clock,
    Compared,
    Comparison,
    Duration,
    Exists,
    Extreme,
    Grain,
    InPeriod,
    Length,
    Matches,
    Measure,
    MetricRef,
    Missing,
    Not,
    OneOf,
    Order,
    Output,
    OutputRef,
    Predicate,
    SemanticQuery,
    Term,
    TimePoint,
    Value,
)
from aidbt.semantic.query_json.form import (
    AGAINST_ALL,
    ARITHMETIC,
    COMPARISONS,
    COUNT_ROWS,
    EXTREMES,
    MATCHES,
    NOW,
    default_table,
    is_layer_item,
)
from aidbt.semantic.query_json.reader import query_from_json
from aidbt.semantic.query_json.schema import json_schema
from aidbt.semantic.query_json.values import WrongQuery

__all__ = ["WrongQuery", "json_schema", "query_from_json", "query_to_json"]

_CALCULATED = {sign: word for word, sign in ARITHMETIC.items()}
_COMPARED = {sign: word for word, sign in COMPARISONS.items()}
_MATCHED = {how: word for word, how in MATCHES.items()}
_EXTREME = {function: word for word, function in EXTREMES.items()}


def query_to_json(query: SemanticQuery) -> dict[str, Any]:
    """A query as JSON-like values, from which `query_from_json` makes the same query.

    Raises:
        UsageError: it holds a number that JSON has not (infinite, or none).

    Example:
        >>> query_to_json(SemanticQuery((Output(Measure("count", "orders"), "orders"),)))
        {'outputs': [{'name': 'orders', 'term': {'count_rows': 'orders'}}]}
    """
    written: dict[str, Any] = {"outputs": [_output(output) for output in query.outputs]}
    optional = {
        "base": query.base,
        "group_by": _terms(query.group_by),
        "where": _predicate(query.where) if query.where is not None else None,
        "having": _predicate(query.having) if query.having is not None else None,
        "order_by": [_order(order) for order in query.order_by],
        "limit": query.limit,
        "limit_within": _terms(query.limit_within),
        "has_ties": query.has_ties,
        "at_most": query.at_most,
        "distinct": query.distinct,
        "source": query_to_json(query.source) if query.source is not None else None,
        "clock": _clock(query.clock),
    }
    return written | _given(optional)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """Without what has its default."""
    return {key: value for key, value in values.items() if value or (value == 0 and value is not False)}


def _output(output: Output) -> Any:
    term = _term(output.term)
    is_column = isinstance(output.term, Attribute) and output.name == output.term.column
    if is_column and output.is_shown and isinstance(term, str):
        return term
    return {"name": output.name, "term": term, **_given({"hidden": not output.is_shown})}


def _order(order: Order) -> Any:
    term = _term(order.term)
    return {"by": term, "descending": True} if order.is_descending else term


def _clock(clock: Clock) -> dict[str, Any]:
    now = clock.now.isoformat() if clock.now is not None else None
    return _given({"now": now, "week_start": clock.week_start if clock.week_start != 1 else None})


def _terms(terms: tuple[Term, ...]) -> list[Any]:
    return [_term(term) for term in terms]


def _term(term: Term) -> Any:
    match term:
        case Attribute():
            return _attribute(term)
        case Value(value):
            return {"value": value} if isinstance(value, str) else _constant(value)
        case Calculation(operator, left, right):
            return {_CALCULATED[operator]: [_term(left), _term(right)]}
        case Duration(start, end, unit, is_whole):
            return {
                "duration": [_term(start), _term(end)],
                "unit": unit.value,
                **_given({"whole": is_whole}),
            }
        case Length(of):
            return {"length": _term(of)}
        case Case(when, then, otherwise):
            return {"if": _predicate(when), "then": _term(then), "else": _term(otherwise)}
        case Measure():
            return _measure(term)
        case MetricRef(name):
            return {"metric": name}
        case OutputRef(name):
            return {"output": name} if "." in name or not name else name
        case Compared():
            return _compared(term)


def _attribute(attribute: Attribute) -> Any:
    table, column = attribute.table, attribute.column
    further = _given(
        {
            "via": list(attribute.via),
            "grain": attribute.grain.value if attribute.grain is not None else None,
            "part": attribute.part,
        }
    )
    if not table and is_layer_item(column):
        return {"column": column, **further}
    if "." in table or "." in column:
        return {"table": table, "column": column, **further}
    name = f"{table}.{column}"
    return {"column": name, **further} if further else name


def _constant(value: Any) -> Any:
    """A value that is no text, or one in a list of values."""
    if isinstance(value, dt.datetime):
        return {"time": value.isoformat()}
    if isinstance(value, dt.date):
        return {"date": value.isoformat()}
    if isinstance(value, float) and not value - value == 0:
        raise UsageError(f"{value} is no number that a query can hold")
    return value


def _measure(measure: Measure) -> dict[str, Any]:
    further = {
        "where": _predicate(measure.where) if measure.where is not None else None,
        "at": _attribute(measure.at) if measure.at is not None else None,
    }
    if measure.of is None:
        return {COUNT_ROWS: measure.table, **_given(further)}
    is_told = measure.table == default_table(measure.of)
    table = {} if is_told else {"table": measure.table}
    return {measure.function: _term(measure.of), **table, **_given(further)}


def _compared(compared: Compared) -> dict[str, Any]:
    further = {
        "along": _term(compared.along) if compared.along is not None else None,
        "within": _terms(compared.within),
        "steps": compared.steps if compared.steps != 1 else None,
        "ascending": compared.is_ascending,
    }
    return {compared.kind: _term(compared.of), **_given(further)}


def _predicate(predicate: Predicate) -> dict[str, Any]:
    match predicate:
        case Comparison(operator, left, right):
            return {_COMPARED[operator]: [_term(left), _term(right)]}
        case OneOf(term, values, ignores_case):
            listed = [_constant(value.value) for value in values]
            return {"in": _term(term), "values": listed, **_given({"ignore_case": ignores_case})}
        case Matches(term, how, text, ignores_case):
            case = {} if ignores_case else {"ignore_case": False}
            return {_MATCHED[how]: _term(term), "text": text, **case}
        case Missing(term):
            return {"missing": _term(term)}
        case InPeriod(term, start, end):
            bounds = {"from": start, "before": end}
            return {"period": _term(term), **{k: _point(point) for k, point in bounds.items() if point}}
        case Exists():
            return _exists(predicate)
        case Extreme():
            return _extreme(predicate)
        case Not(inner):
            return {"not": _predicate(inner)}
        case All(predicates):
            return {"all": [_predicate(inner) for inner in predicates]}
        case AnyOf(predicates):
            return {"any": [_predicate(inner) for inner in predicates]}


def _exists(exists: Exists) -> dict[str, Any]:
    is_plain = (exists.operator, exists.count) == (">=", 1)
    further = {
        "via": list(exists.via),
        "where": _predicate(exists.where) if exists.where is not None else None,
        "number": None if is_plain else {_COMPARED[exists.operator]: exists.count},
    }
    return {"exists": exists.table, **_given(further)}


def _extreme(extreme: Extreme) -> dict[str, Any]:
    where = {"where": _predicate(extreme.where)} if extreme.where is not None else {}
    term = _attribute(extreme.term)
    if extreme.operator == "=" and extreme.function in _EXTREME:
        return {_EXTREME[extreme.function]: term, **where}
    return {AGAINST_ALL: term, "holds": {_COMPARED[extreme.operator]: extreme.function}, **where}


def _point(point: TimePoint) -> dict[str, Any] | str:
    if point == TimePoint(cut_to=None):
        return NOW
    return _given(
        {
            "at": point.at.isoformat() if point.at is not None else None,
            "start_of": point.cut_to.value if point.cut_to is not None else None,
            "shift": point.shift or None,
            "unit": point.unit.value if point.unit is not Grain.DAY else None,
        }
    )
