"""The columns of one table, as they are now, and how a value that does not fit changes them.

With a schema block the columns are what the block says. Without one they are what the settings declare, and
for all others what the first value that is not null turns out to be; a column that was null until now has
no type yet, and none is guessed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pyarrow as pa

from ingestion.cdc.debezium.types import NESTED, NUMBER, ColumnType, Connect, NotExact, column_type

_INT64 = range(-(2**63), 2**63)
_EXACT_INTEGERS = range(-(2**53), 2**53 + 1)  # those that a double holds, all of them
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")


class Number(str):
    """A number with a fraction or an exponent, as its text stands in the line."""

    __slots__ = ()


@dataclass(frozen=True)
class Columns:
    """The columns of a table.

    Attributes:
        version: counts up from 1 when they change.
        described: name → its type as `types.column_type` reads it.
        is_open: no schema block says what they are, so that they may change with a value.
    """

    version: int
    described: Mapping[str, Connect]
    is_open: bool

    @cached_property
    def types(self) -> Mapping[str, ColumnType]:
        """name → how it is read."""
        return {name: column_type(described) for name, described in self.described.items()}

    @property
    def is_plain(self) -> bool:
        """Whether all columns can be read at once from JSON."""
        return all(of.wire is not None for of in self.types.values())

    def with_column(self, name: str, described: Connect) -> Columns:
        """These, with one column more or of another type, still under the same version."""
        return replace(self, described={**self.described, name: described})

    def to_json(self) -> dict[str, Any]:
        """What is kept between runs."""
        return {"version": self.version, "columns": dict(self.described)}


def described_by(schema: Connect) -> dict[str, Connect]:
    """The columns that a value's schema block names.

    Raises:
        NotExact: it is no schema of an envelope.
    """
    fields = schema.get("fields")
    row = next((f for f in fields if f.get("field") == "after"), None) if isinstance(fields, list) else None
    if row is None or not isinstance(row.get("fields"), list):
        raise NotExact("its schema block does not describe an envelope")
    return {f["field"]: _without_names(f) for f in row["fields"]}


def under_schema(described: Mapping[str, Connect], before: Columns | None) -> Columns:
    """Columns that a schema block describes: those `before`, or a new version when they differ."""
    if before is None:
        return Columns(1, described, is_open=False)
    if before.described is described or (
        list(before.described) == list(described) and before.described == described
    ):
        return before
    return Columns(before.version + 1, described, is_open=False)


def under_settings(declared: Mapping[str, Connect], before: Columns) -> Columns:
    """Columns with the types that the settings declare for them: those `before`, or a new version when one
    of them changes.
    """
    described = {name: declared.get(name, known) for name, known in before.described.items()}
    return before if described == before.described else Columns(before.version + 1, described, before.is_open)


def _without_names(field: Connect) -> dict[str, Any]:
    """What matters of a field's schema: its type, not its name, default or whether it may be null."""
    kept = {key: field[key] for key in ("type", "name", "parameters") if key in field}
    if "items" in field:
        kept["items"] = _without_names(field["items"])
    kept.get("parameters", {}).pop("allowed", None)  # a new member of an enum changes no type
    return kept


def inferred(value: Any) -> dict[str, Any]:
    """The type that a JSON value has by itself."""
    if value is None:
        return {"type": "null"}
    if isinstance(value, bool):
        return {"type": "boolean", "inferred": True}
    if isinstance(value, int):
        return {"type": "int64" if value in _INT64 else NUMBER, "inferred": True}
    if isinstance(value, Number):
        return {"type": "double" if _is_double(value) else NUMBER, "inferred": True}
    if isinstance(value, str):
        return {"type": "string", "inferred": True}
    return {"type": NESTED, "inferred": True}


def _is_double(text: Number) -> bool:
    """Whether a double is this number, and not only near it: it is what the double prints as."""
    from decimal import Decimal

    number = float(text)
    return number not in (float("inf"), float("-inf")) and Decimal(repr(number)) == Decimal(text)


def fitted(value: Any, of: ColumnType) -> Any:
    """A JSON value as Arrow takes it for the column's wire type.

    Raises:
        NotExact: it is of another type.
    """
    if value is None:
        return None
    if of.wire is None:
        return _raw(value, of)
    return _fitted(value, of.wire, of)


def _raw(value: Any, of: ColumnType) -> str:
    if of.decoding == "json":
        return raw_json(value)
    if isinstance(value, bool) or not isinstance(value, int | Number):
        raise NotExact(f"not a number: {_shown(value)}")
    return str(value)


def _fitted(value: Any, wire: pa.DataType, of: ColumnType) -> Any:
    if value is None:
        return None
    if pa.types.is_boolean(wire):
        if isinstance(value, bool):
            return value
    elif pa.types.is_integer(wire):
        bits = wire.bit_width - 1
        if isinstance(value, int) and not isinstance(value, bool) and -(1 << bits) <= value < 1 << bits:
            return value
    elif pa.types.is_floating(wire):
        return _float(value, of)
    elif pa.types.is_string(wire):
        if of.decoding == "decimal" and isinstance(value, int | Number) and not isinstance(value, bool):
            return _encoded(value, of)
        if isinstance(value, str) and not isinstance(value, Number):
            return value
    elif pa.types.is_list(wire):
        if isinstance(value, list):
            assert of.item is not None
            return [_fitted(item, wire.value_type, of.item) for item in value]
    elif (
        pa.types.is_struct(wire) and isinstance(value, dict) and sorted(value) == sorted(f.name for f in wire)
    ):
        return {f.name: _fitted(value[f.name], f.type, of) for f in wire}
    raise NotExact(f"{_shown(value)} is not of the type {wire}")


def _float(value: Any, of: ColumnType) -> float:
    if isinstance(value, str) and not isinstance(value, Number) and value in _NOT_FINITE:
        if not of.is_inferred:  # else it may be a text
            return float(value)
    elif isinstance(value, Number):
        if not of.is_inferred or _is_double(value):
            return float(value)
    elif isinstance(value, int) and not isinstance(value, bool):  # noqa: SIM102 (one branch a type)
        if value in _EXACT_INTEGERS or not of.is_inferred:
            return float(value)
    raise NotExact(f"{_shown(value)} is not of the type double")


def _encoded(value: int | Number, of: ColumnType) -> str:
    """A decimal that came as a number (`decimal.format=NUMERIC`), as base64 like all others."""
    import base64
    from decimal import Context, Decimal, Inexact, InvalidOperation

    try:
        context = Context(prec=200, traps=[Inexact, InvalidOperation])
        unscaled = int(Decimal(value).scaleb(of.scale, context).to_integral_exact(context=context))
    except (Inexact, InvalidOperation) as error:
        raise NotExact(f"{_shown(value)} has more than {of.scale} digits behind the point") from error
    size = unscaled.bit_length() // 8 + 1
    return base64.b64encode(unscaled.to_bytes(size, "big", signed=True)).decode()


def _shown(value: Any) -> str:
    text = raw_json(value)
    return text if len(text) <= 60 else text[:57] + "…"


def raw_json(value: Any) -> str:
    """A JSON value as text again, numbers word for word."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        members = (f"{json.dumps(k, ensure_ascii=False)}:{raw_json(v)}" for k, v in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(raw_json(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def widened(was: Connect, value: Any) -> dict[str, Any]:
    """The type of an inferred column from a value on that its type so far cannot hold."""
    now = inferred(value)
    if was["type"] == "double" and now["type"] == "int64":
        return {"type": NUMBER, "inferred": True}  # beyond 2^53: a double would round it
    return now
