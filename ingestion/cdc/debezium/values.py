"""Columns as they stand in JSON, made the values they mean: whole columns at once, and exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.cdc.debezium.decimals import binary, decimals, variable_decimals
from ingestion.cdc.debezium.texts import by_length, present, validity
from ingestion.cdc.debezium.times import iso, milliseconds, view, zoned
from ingestion.cdc.debezium.types import ColumnType, NotExact

_NO_DIGIT = 0xFF
_HEX = np.full(256, _NO_DIGIT, np.uint8)
_HEX[np.frombuffer(b"0123456789", np.uint8)] = np.arange(10, dtype=np.uint8)
for _letters in (b"abcdef", b"ABCDEF"):
    _HEX[np.frombuffer(_letters, np.uint8)] = np.arange(10, 16, dtype=np.uint8)
_UUID_DIGITS = np.array([place for place in range(36) if place not in (8, 13, 18, 23)])


def landed(array: pa.Array, of: ColumnType) -> pa.Array:
    """The values of a column of JSON (of the type `of.wire`) as what they land as; nothing is rounded or cut.

    Raises:
        NotExact: at least one value is not what its column should hold.
    """
    return _DECODERS[of.decoding](array, of)


def _as_it_is(array: pa.Array, of: ColumnType) -> pa.Array:
    return array


def _uuids(array: pa.Array, of: ColumnType) -> pa.Array:
    texts, rows = present(array)
    result = np.zeros((len(array), 16), np.uint8)
    for found, matrix in by_length(texts):
        if matrix.shape[1] != 36 or (matrix[:, [8, 13, 18, 23]] != ord("-")).any():
            raise NotExact(f"not a uuid: {bytes(matrix[0]).decode(errors='replace')!r}")
        nibbles = _HEX[matrix[:, _UUID_DIGITS]]
        if (nibbles == _NO_DIGIT).any():
            raise NotExact("not a uuid: a digit is not hexadecimal")
        result[rows[found]] = nibbles[:, 0::2] << 4 | nibbles[:, 1::2]
    storage = pa.Array.from_buffers(pa.binary(16), len(array), [validity(array), pa.py_buffer(result)])
    return pa.ExtensionArray.from_storage(pa.uuid(), storage)


def _json(array: pa.Array, of: ColumnType) -> pa.Array:
    return pa.ExtensionArray.from_storage(pa.json_(), array)


def _lists(array: pa.Array, of: ColumnType) -> pa.Array:
    assert of.item is not None
    lengths = pc.fill_null(pc.list_value_length(array), 0)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])
    mask = array.is_null() if array.null_count else None
    return pa.ListArray.from_arrays(offsets, landed(array.flatten(), of.item), type=of.lands_as, mask=mask)


_DECODERS: dict[str, Callable[[Any, ColumnType], pa.Array]] = {
    "as_is": _as_it_is,
    "view": view,
    "milliseconds": milliseconds,
    "iso": iso,
    "zoned": zoned,
    "base64": binary,
    "decimal": decimals,
    "variable_decimal": variable_decimals,
    "uuid": _uuids,
    "json": _json,
    "list": _lists,
}
