"""The JSON schema of the written form of a query, with the names that a graph has.

It says of each key what stands behind it, not which keys go together: that is what `query_from_json` checks,
whose messages name a place and a remedy where those of alternatives in a schema name neither.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from aidbt.semantic.graph import Graph
from aidbt.semantic.query_json.form import (
    AGAINST_ALL,
    ALL_FUNCTIONS,
    ARITHMETIC,
    COMPARED,
    COMPARISONS,
    COUNT_ROWS,
    DATE_PARTS,
    EXTREMES,
    FUNCTIONS,
    GRAINS,
    MATCHES,
)

# A term is a name, a constant or a mapping.
_ANY = ["string", "number", "boolean", "null", "object"]
_TERM, _PREDICATE, _POINT = ({"$ref": f"#/$defs/{name}"} for name in ("term", "predicate", "point"))
_TEXT, _FLAG, _NUMBER = {"type": "string"}, {"type": "boolean"}, {"type": "integer", "minimum": 0}
_TERMS = {"type": "array", "items": _TERM}
_PAIR = {"type": "array", "items": _TERM, "minItems": 2, "maxItems": 2}
_LITERAL = {"type": ["string", "number", "boolean", "null"]}
_GRAIN = {"enum": list(GRAINS)}


def json_schema(graph: Graph, *, metrics: Collection[str] = ()) -> dict[str, Any]:
    """The schema (draft 2020-12) that every query over a graph's tables fits.

    Example:
        >>> sorted(json_schema(Graph(()))["$defs"])
        ['order', 'output', 'point', 'predicate', 'query', 'table', 'term', 'via']
    """
    tables = [table.name for table in graph.tables]
    via = [relationship.name for relationship in graph.relationships]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": "#/$defs/query",
        "$defs": {
            "query": _query(),
            "output": _output(),
            "order": {"type": _ANY, "properties": {**_term(metrics), "by": _TERM, "descending": _FLAG}},
            "term": _object(_term(metrics), type_=_ANY),
            "predicate": _object(_predicate()),
            "point": _object({"at": _TEXT, "start_of": _GRAIN, "shift": {"type": "integer"}, "unit": _GRAIN})
            | {"type": ["object", "string"]},
            "table": {"enum": tables} if tables else _TEXT,
            "via": {"type": "array", "items": {"enum": via} if via else _TEXT},
        },
    }


def _object(properties: dict[str, Any], *, type_: Any = "object") -> dict[str, Any]:
    return {"type": type_, "properties": properties, "minProperties": 1, "additionalProperties": False}


def _query() -> dict[str, Any]:
    properties = {
        "outputs": {"type": "array", "items": {"$ref": "#/$defs/output"}, "minItems": 1},
        "base": {"$ref": "#/$defs/table"},
        "group_by": _TERMS,
        "where": _PREDICATE,
        "having": _PREDICATE,
        "order_by": {"type": "array", "items": {"$ref": "#/$defs/order"}},
        "limit": {"type": "integer", "minimum": 1},
        "limit_within": _TERMS,
        "has_ties": _FLAG,
        "at_most": {"type": "integer", "minimum": 1},
        "distinct": _FLAG,
        "source": {"$ref": "#/$defs/query"},
        "clock": _object({"now": _TEXT, "week_start": {"type": "integer", "minimum": 1, "maximum": 7}}),
    }
    return _object(properties) | {"required": ["outputs"]}


def _output() -> dict[str, Any]:
    properties = {"name": _TEXT, "term": _TERM, "hidden": _FLAG}
    return _object(properties) | {"type": ["object", "string"], "required": ["name", "term"]}


def _term(metrics: Collection[str]) -> dict[str, Any]:
    table, via = {"$ref": "#/$defs/table"}, {"$ref": "#/$defs/via"}
    return {
        "column": _TEXT,
        "table": table,
        "via": via,
        "grain": _GRAIN,
        "part": {"enum": list(DATE_PARTS)},
        "value": _LITERAL,
        "date": _TEXT,
        "time": _TEXT,
        **dict.fromkeys(ARITHMETIC, _PAIR),
        "duration": _PAIR,
        "unit": _GRAIN,
        "whole": _FLAG,
        "length": _TERM,
        "if": _PREDICATE,
        "then": _TERM,
        "else": _TERM,
        COUNT_ROWS: _TEXT,
        **dict.fromkeys(FUNCTIONS, _TERM),
        "where": _PREDICATE,
        "at": _TERM,
        "metric": {"enum": sorted(metrics)} if metrics else _TEXT,
        "output": _TEXT,
        **dict.fromkeys(COMPARED, _TERM),
        "along": _TERM,
        "within": _TERMS,
        "steps": {"type": "integer", "minimum": 1},
        "ascending": _FLAG,
    }


def _predicate() -> dict[str, Any]:
    counted = {"type": "object", "properties": dict.fromkeys(COMPARISONS, _NUMBER), "maxProperties": 1}
    functions = {"enum": list(ALL_FUNCTIONS)}
    against = {"type": "object", "properties": dict.fromkeys(COMPARISONS, functions), "maxProperties": 1}
    some = {"type": "array", "items": _PREDICATE, "minItems": 1}
    return {
        **dict.fromkeys(COMPARISONS, _PAIR),
        "in": _TERM,
        "values": {"type": "array", "minItems": 1},
        "ignore_case": _FLAG,
        **dict.fromkeys(MATCHES, _TERM),
        "text": _TEXT,
        "missing": _TERM,
        "period": _TERM,
        "from": _POINT,
        "before": _POINT,
        "exists": {"$ref": "#/$defs/table"},
        "via": {"$ref": "#/$defs/via"},
        "number": counted,
        **dict.fromkeys(EXTREMES, _TERM),
        AGAINST_ALL: _TERM,
        "holds": against,
        "where": _PREDICATE,
        "not": _PREDICATE,
        "all": some,
        "any": some,
    }
