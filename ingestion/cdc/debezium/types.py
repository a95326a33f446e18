"""The types of Debezium's columns: how each stands in JSON, and the Arrow type it lands as.

A type is described as Kafka Connect does (`{"type": "int32", "name": "io.debezium.time.Date"}`), because that
is what the schema block of an event holds and what is remembered between runs. Types land as a full load of
the same column does (`connectors/postgres/types.py`). Names and encodings are those of Debezium's
documentation ("Data type mappings") and of Kafka Connect's JsonConverter.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

# How the JSON values of a column become those that land; see `values.landed`.
Decoding = Literal[
    "as_is", "view", "milliseconds", "iso", "zoned", "base64", "decimal", "variable_decimal", "uuid", "json",
    "list",
]  # fmt: skip

Connect = Mapping[str, Any]

_CONNECT = "org.apache.kafka.connect.data."
_TIME = "io.debezium.time."
_DATA = "io.debezium.data."
_MAX_DECIMAL = 38
_INSTANT = pa.timestamp("us", tz="UTC")
# How it is decoded, what it is in JSON, what it lands as. Milliseconds land as microseconds, as all times do.
_NAMED: dict[str, tuple[Decoding, pa.DataType, pa.DataType]] = {
    _CONNECT + "Date": ("view", pa.int32(), pa.date32()),
    _CONNECT + "Time": ("milliseconds", pa.int64(), pa.time64("us")),
    _CONNECT + "Timestamp": ("milliseconds", pa.int64(), pa.timestamp("us")),
    _TIME + "Date": ("view", pa.int32(), pa.date32()),
    _TIME + "Time": ("milliseconds", pa.int64(), pa.time64("us")),
    _TIME + "MicroTime": ("view", pa.int64(), pa.time64("us")),
    _TIME + "NanoTime": ("view", pa.int64(), pa.time64("ns")),
    _TIME + "Timestamp": ("milliseconds", pa.int64(), pa.timestamp("us")),
    _TIME + "MicroTimestamp": ("view", pa.int64(), pa.timestamp("us")),
    _TIME + "NanoTimestamp": ("view", pa.int64(), pa.timestamp("ns")),
    _TIME + "MicroDuration": ("view", pa.int64(), pa.duration("us")),
    _TIME + "ZonedTimestamp": ("zoned", pa.string(), _INSTANT),
    _TIME + "IsoDate": ("iso", pa.string(), pa.date32()),
    _TIME + "IsoTime": ("iso", pa.string(), pa.time64("us")),
    _TIME + "IsoTimestamp": ("iso", pa.string(), pa.timestamp("us")),
    _DATA + "Uuid": ("uuid", pa.string(), pa.uuid()),
    _DATA + "Json": ("json", pa.string(), pa.json_()),
    _DATA + "VariableScaleDecimal": (
        "variable_decimal", pa.struct([("scale", pa.int32()), ("value", pa.string())]), pa.string(),
    ),
}  # fmt: skip
_PLAIN: dict[str, pa.DataType] = {
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "string": pa.string(),
    "null": pa.null(),
}
# Ours, for events without a schema: a number that no double holds exactly, and what is nested. Both are
# taken word for word from the line.
NUMBER, NESTED = "number", "nested"
_SHORT = {
    "text": "string", "varchar": "string", "bool": "boolean", "smallint": "int16", "integer": "int32",
    "int": "int32", "bigint": "int64", "real": "float",
    "date": _TIME + "Date", "time": _TIME + "MicroTime", "timestamp": _TIME + "MicroTimestamp",
    "timestamptz": _TIME + "ZonedTimestamp", "interval": _TIME + "MicroDuration", "json": _DATA + "Json",
    "jsonb": _DATA + "Json", "uuid": _DATA + "Uuid",
}  # fmt: skip
_DECIMAL = re.compile(r"(?:decimal|numeric)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)", re.IGNORECASE)


class NotExact(ValueError):
    """A value that is not of its column's type, or that the type in bronze cannot hold."""


@dataclass(frozen=True, slots=True)
class ColumnType:
    """How a column is read.

    Attributes:
        wire: what its values are in JSON; None when only a line read with care can tell them.
        lands_as: the Arrow type in bronze.
        decoding: what is done between the two.
        scale: of a decimal.
        item: of a list, the type of what it holds.
        is_inferred: nobody declared it; it follows from the first value that was seen.
    """

    wire: pa.DataType | None
    lands_as: pa.DataType
    decoding: Decoding = "as_is"
    scale: int = 0
    item: ColumnType | None = None
    is_inferred: bool = False


def column_type(described: Connect) -> ColumnType:
    """The type that a description means; what is not known lands as the JSON value it is.

    Example:
        >>> column_type({"type": "int32", "name": "io.debezium.time.Date"}).lands_as
        DataType(date32[day])
    """
    return _column_type(json.dumps(described, sort_keys=True))


@functools.lru_cache(maxsize=4096)
def _column_type(text: str) -> ColumnType:
    described = json.loads(text)
    kind, name = described["type"], described.get("name", "")
    is_inferred = bool(described.get("inferred"))
    if name == _CONNECT + "Decimal":
        return _decimal(described.get("parameters", {}))
    if name in _NAMED:
        decoding, wire, lands_as = _NAMED[name]
        return ColumnType(wire, lands_as, decoding)
    if kind == "bytes":
        return ColumnType(pa.string(), pa.binary(), "base64")
    if kind == "array":
        return _list(column_type(described["items"]))
    if kind == NUMBER:
        return ColumnType(None, pa.string(), is_inferred=is_inferred)
    if kind in _PLAIN:
        return ColumnType(_PLAIN[kind], _PLAIN[kind], is_inferred=is_inferred)
    return ColumnType(None, pa.json_(), "json", is_inferred=is_inferred)  # struct, map, nested


def _decimal(parameters: Mapping[str, str]) -> ColumnType:
    scale = int(parameters.get("scale", 0))
    precision = int(parameters.get("connect.decimal.precision", _MAX_DECIMAL))
    if precision > _MAX_DECIMAL or not 0 <= scale <= _MAX_DECIMAL:
        # No type of the warehouse holds all of its values; text does, as for a number without a precision.
        return ColumnType(pa.string(), pa.string(), "decimal", scale)
    return ColumnType(pa.string(), pa.decimal128(max(precision, scale, 1), scale), "decimal", scale)


def _list(item: ColumnType) -> ColumnType:
    if item.wire is None:  # of nested values: kept whole
        return ColumnType(None, pa.json_(), "json")
    return ColumnType(pa.list_(item.wire), pa.list_(item.lands_as), "list", item=item)


def declared(text: str) -> dict[str, Any] | None:
    """The description of a type that a person wrote; None when it is not known.

    Known are Debezium's and Kafka Connect's names, with or without their package (`MicroTimestamp`), the
    plain types of Kafka Connect (`int64`), a few words of SQL (`timestamptz`), `decimal(p, s)`, and `[]`
    behind any of these. Debezium's names are told from SQL's words by their capitals.

    Example:
        >>> declared("Timestamp")
        {'type': 'int64', 'name': 'io.debezium.time.Timestamp'}
        >>> declared("timestamp")
        {'type': 'int64', 'name': 'io.debezium.time.MicroTimestamp'}
    """
    text = text.strip()
    if text.endswith("[]"):
        items = declared(text[:-2])
        return items and {"type": "array", "items": items}
    if match := _DECIMAL.fullmatch(text):
        parameters = {"scale": match[2] or "0", "connect.decimal.precision": match[1]}
        return {"type": "bytes", "name": _CONNECT + "Decimal", "parameters": parameters}
    if name := _name(text):  # before SQL's words: Debezium's `Timestamp` is milliseconds
        return {"type": _connect_type(_NAMED[name][1]), "name": name}
    word = _SHORT.get(text.lower(), text)
    if word in _NAMED:
        return {"type": _connect_type(_NAMED[word][1]), "name": word}
    return {"type": word} if word in _PLAIN or word == "bytes" else None


def _name(text: str) -> str | None:
    """The full name of a type of Debezium's or Kafka Connect's."""
    names = (text, _TIME + text, _DATA + text, _CONNECT + text)
    return next((name for name in names if name in _NAMED), None)


def _connect_type(wire: pa.DataType) -> str:
    if pa.types.is_struct(wire):
        return "struct"
    return next(word for word, plain in _PLAIN.items() if plain == wire)
