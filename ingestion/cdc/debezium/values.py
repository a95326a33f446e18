"""Columns as they stand in JSON, made the values they mean: whole columns at once, and exactly.

Decimals and bytes are base64 of big-endian two's complement, which is what an Arrow decimal holds too (in
little-endian, 16 bytes), so a column of them is decoded by moving bytes, without a number in between.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.cdc.debezium.types import ColumnType
from ingestion.cdc.debezium.windows import windows

_HIGHEST = 2**63 - 1  # what DuckDB stores for an infinite timestamp; its negative for -infinity
# The JDBC driver's infinite timestamps. Debezium passes them on so; of infinite dates it makes numbers that
# overflowed, a different one in snapshots and in streams, which land as they are.
_INFINITE = {9_223_372_036_825_200_000: _HIGHEST, -9_223_372_036_832_400_000: -_HIGHEST}
_INFINITE_TEXT = {"infinity": _HIGHEST, "-infinity": -_HIGHEST}
_DECIMAL_BYTES = 16
_ZONED = re.compile(
    r"(?P<year>[+-]?\d{4,})-(?P<month>\d\d)-(?P<day>\d\d)T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)"
    r"(?:\.(?P<fraction>\d{1,6})0*)?)?(?P<zone>Z|[+-]\d\d:?\d\d)?"
)
_DAY_US = 86_400_000_000
_FIRST_US = -9_223_372_022_400_000_000  # DuckDB's first timestamp
_400_YEARS_US = 146_097 * _DAY_US
_INSTANT = pa.timestamp("us", tz="UTC")


class NotExact(ValueError):
    """A value that is not of its column's type, or that the type in bronze cannot hold."""


def landed(array: pa.Array, of: ColumnType) -> pa.Array:
    """The values of a column of JSON (of the type `of.wire`) as what they land as; nothing is rounded or cut.

    Raises:
        NotExact: at least one value is not what its column should hold.
    """
    return _DECODERS[of.decoding](array, of)


def _as_it_is(array: pa.Array, of: ColumnType) -> pa.Array:
    return array


def _view(array: pa.Array, of: ColumnType) -> pa.Array:
    if pa.types.is_timestamp(of.lands_as) and of.lands_as.unit == "us":
        array = _with_infinities(array)
    return _checked(array, of.lands_as).view(of.lands_as)


def _checked(numbers: pa.Array, lands_as: pa.DataType) -> pa.Array:
    """The numbers, all of which are such times.

    Raises:
        NotExact: one is not; it would become another time in the warehouse, or none that it can print.
    """
    bounds = pc.min_max(numbers).as_py()
    if bounds["min"] is None:
        return numbers
    day = _DAY_US * (1000 if lands_as == pa.time64("ns") else 1)
    if pa.types.is_time(lands_as) and (bounds["min"] < 0 or bounds["max"] > day):
        # MySQL's TIME is a span too, of up to 838 hours either way.
        raise NotExact("no time of day: below 0 or beyond 24 hours (declare the column as an interval)")
    if lands_as == pa.timestamp("us") and bounds["min"] < _FIRST_US:
        finite = pc.if_else(pc.equal(numbers, -_HIGHEST), None, numbers)
        if (pc.min(finite).as_py() or 0) < _FIRST_US:
            raise NotExact("a time lies before the year 290,308 BC")
    return numbers


def _milliseconds(array: pa.Array, of: ColumnType) -> pa.Array:
    try:
        micros = pc.multiply_checked(array, 1000)
    except pa.ArrowInvalid as error:
        raise NotExact("a time lies beyond what microseconds can hold") from error
    return _checked(_with_infinities(micros), of.lands_as).view(of.lands_as)


def _with_infinities(micros: pa.Array) -> pa.Array:
    bounds = pc.min_max(micros).as_py()
    if bounds["max"] not in _INFINITE and bounds["min"] not in _INFINITE:
        return micros
    for given, wanted in _INFINITE.items():
        micros = pc.if_else(pc.equal(micros, given), pa.scalar(wanted, pa.int64()), micros)
    return micros


def _iso(array: pa.Array, of: ColumnType) -> pa.Array:
    """Dates and times in ISO form. Debezium puts a Z behind those that have no time zone too."""
    if pa.types.is_date(of.lands_as):
        micros = _instants(pc.replace_substring_regex(array, "Z?$", "T00:00:00Z"))
        days = pc.divide(micros, _DAY_US)
        try:
            return days.cast(pa.int32()).view(pa.date32())
        except pa.ArrowInvalid as error:
            raise NotExact("a date lies beyond what can be held") from error
    if pa.types.is_time(of.lands_as):
        return _instants(pc.binary_join_element_wise("1970-01-01T", array, "")).view(of.lands_as)
    return _instants(array).view(of.lands_as)


def _zoned(array: pa.Array, of: ColumnType) -> pa.Array:
    return _instants(array).view(of.lands_as)


def _instants(array: pa.Array) -> pa.Array:
    """Microseconds since 1970 of time stamps in ISO form; one without a zone is taken as UTC."""
    try:
        return array.cast(_INSTANT).view(pa.int64())
    except pa.ArrowInvalid:  # infinity, years before 1 or after 9999, no zone, more than microseconds
        return _with_infinities(pa.array([_micros(text) for text in array.to_pylist()], pa.int64()))


def _micros(text: str | None) -> int | None:
    """Microseconds since 1970 of a time stamp in ISO form, in any year (0 is 1 BC), or infinite."""
    if text is None:
        return None
    if text in _INFINITE_TEXT:
        return _INFINITE_TEXT[text]
    match = _ZONED.fullmatch(text)
    if match is None:
        raise NotExact(f"not a timestamp of microseconds: {text!r}")
    eras, year = divmod(int(match["year"]) - 2000, 400)  # the calendar repeats itself every 400 years
    zone = "+00:00" if match["zone"] in (None, "Z") else match["zone"]
    try:
        moment = datetime.datetime.fromisoformat(
            f"{year + 2000:04}-{match['month']}-{match['day']}T{match['hour']}:{match['minute']}"
            f":{match['second'] or '00'}.{match['fraction'] or '0':0<6}{zone}"
        )
    except ValueError as error:
        raise NotExact(f"not a timestamp: {text!r} ({error})") from error
    since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    micros = since // datetime.timedelta(microseconds=1) + eras * _400_YEARS_US
    if abs(micros) > _HIGHEST:
        raise NotExact(f"a time beyond what microseconds can hold: {text!r}")
    return micros


def _base64(array: pa.Array, of: ColumnType) -> pa.Array:
    texts, rows = _present(array)
    # One after another they would be one text if no padding stood between; so lengths are handled together.
    lengths = np.zeros(len(array), np.int64)
    groups = [(rows[found], _decoded_bytes(matrix)) for found, matrix in _by_length(texts)]
    for which, (_, sizes) in groups:
        lengths[which] = sizes
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    data = np.zeros(int(offsets[-1]), np.uint8)
    for which, (matrix, sizes) in groups:
        columns = np.arange(matrix.shape[1])
        inside = columns < sizes[:, None]
        data[(offsets[which][:, None] + columns)[inside]] = matrix[inside]
    if offsets[-1] > 2**31 - 1:
        raise NotExact("more than 2 GB of bytes in one block")
    return pa.Array.from_buffers(
        pa.binary(),
        len(array),
        [_validity(array), pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(data)],
    )


def _decimals(array: pa.Array, of: ColumnType) -> pa.Array:
    if pa.types.is_string(of.lands_as):
        return pa.array([_decimal_text(text, of.scale) for text in array.to_pylist()], pa.string())
    result = pa.Array.from_buffers(
        of.lands_as, len(array), [_validity(array), pa.py_buffer(_int128(array))], null_count=array.null_count
    )
    try:
        result.validate(full=True)
    except pa.ArrowInvalid as error:
        raise NotExact(f"a number has more digits than its column: {error}") from error
    return result


def _int128(array: pa.Array) -> np.ndarray:
    """The numbers of base64 texts as little-endian integers of 16 bytes; 0 for nulls. Shape (n, 16).

    Raises:
        NotExact: not base64, or a number of more than 128 bits.
    """
    texts, rows = _present(array)
    result = np.zeros((len(array), _DECIMAL_BYTES), np.uint8)
    for found, matrix in _by_length(texts):
        numbers = _short_numbers(matrix)
        if numbers is not None:
            result.view(np.int64)[rows[found]] = np.stack((numbers, numbers >> 63), axis=1)
            continue
        decoded, sizes = _decoded_bytes(matrix)
        for size in np.unique(sizes):
            which = np.flatnonzero(sizes == size)
            digits = decoded[which, :size]
            if size == 0:
                raise NotExact("an empty text where a number should be")
            sign = np.where(digits[:, :1] & 0x80, 0xFF, 0).astype(np.uint8)
            if size > _DECIMAL_BYTES:
                kept = digits[:, size - _DECIMAL_BYTES :]
                beyond = digits[:, : size - _DECIMAL_BYTES]
                if (beyond != sign).any() or ((kept[:, :1] ^ sign) & 0x80).any():
                    raise NotExact("a number of more than 38 digits")
                digits = kept
            number = np.empty((len(which), _DECIMAL_BYTES), np.uint8)
            number[:] = sign
            number[:, _DECIMAL_BYTES - digits.shape[1] :] = digits
            result[rows[found[which]]] = number[:, ::-1]
    return result


def _short_numbers(matrix: np.ndarray) -> np.ndarray | None:
    """The numbers of base64 texts of four or eight characters, two of them looked up at a time.

    None where they are longer, or not base64. Shape of `matrix`: (n, length).
    """
    if matrix.shape[1] not in (4, 8):
        return None
    pairs = _PAIRS[np.ascontiguousarray(matrix).view("<u2")]
    if (pairs[:, :-1] >= _PADDED).any() or (pairs[:, -1] == _NO_PAIR).any():
        return None
    numbers = np.zeros(len(matrix), np.int64)
    for pair in pairs.T:
        numbers <<= 12
        numbers |= pair & (_PADDED - 1)
    padding = 8 * (pairs[:, -1].astype(np.int64) // _PADDED)
    unused = 64 - 6 * matrix.shape[1]
    # The sign is the first bit of the first byte; it is pulled along on the way back.
    return np.asarray(numbers << unused >> unused + padding)


def _variable_decimals(array: pa.Array, of: ColumnType) -> pa.Array:
    """Numbers that bring their scale, as text: no decimal type has room for every scale."""
    scales = array.field("scale").to_pylist()
    texts = array.field("value").to_pylist()
    present = array.is_valid().to_pylist()
    return pa.array(
        [
            _decimal_text(text, scale) if is_there else None
            for text, scale, is_there in zip(texts, scales, present, strict=True)
        ],
        pa.string(),
    )


def _decimal_text(text: str | None, scale: int | None) -> str | None:
    """The number of a base64 text, with `scale` digits behind the point."""
    import base64
    import binascii

    if text is None:
        return None
    try:
        unscaled = int.from_bytes(base64.b64decode(text, validate=True), "big", signed=True)
    except binascii.Error as error:
        raise NotExact(f"not base64: {text!r}") from error
    if not isinstance(scale, int) or not -1000 <= scale <= 20_000:
        raise NotExact(f"not a scale: {scale!r}")
    sign, digits = (1, -unscaled) if unscaled < 0 else (0, unscaled)
    number = Decimal((sign, tuple(map(int, str(digits))), -scale))
    return format(number, "f")


def _uuids(array: pa.Array, of: ColumnType) -> pa.Array:
    texts, rows = _present(array)
    result = np.zeros((len(array), 16), np.uint8)
    for found, matrix in _by_length(texts):
        if matrix.shape[1] != 36 or (matrix[:, [8, 13, 18, 23]] != ord("-")).any():
            raise NotExact(f"not a uuid: {bytes(matrix[0]).decode(errors='replace')!r}")
        nibbles = _HEX[matrix[:, _UUID_DIGITS]]
        if (nibbles == _NO_DIGIT).any():
            raise NotExact("not a uuid: a digit is not hexadecimal")
        result[rows[found]] = nibbles[:, 0::2] << 4 | nibbles[:, 1::2]
    storage = pa.Array.from_buffers(pa.binary(16), len(array), [_validity(array), pa.py_buffer(result)])
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
    "view": _view,
    "milliseconds": _milliseconds,
    "iso": _iso,
    "zoned": _zoned,
    "base64": _base64,
    "decimal": _decimals,
    "variable_decimal": _variable_decimals,
    "uuid": _uuids,
    "json": _json,
    "list": _lists,
}


def _pairs() -> np.ndarray:
    """The twelve bits of two characters of base64, by their bytes as a number of 16 bits.

    With one padding character or two it is that many times `_PADDED` more; `_NO_PAIR` for what is none.
    """
    digits = _BASE64.astype(np.uint16)
    first, second = digits[None, :], digits[:, None]
    pairs = first << 6 | second
    pairs[(first == _NO_DIGIT) | (second == _NO_DIGIT)] = _NO_PAIR
    padding = ord("=")
    pairs[:, padding] = _NO_PAIR
    pairs[padding] = np.where(digits == _NO_DIGIT, _NO_PAIR, (digits << 6) + _PADDED)
    pairs[padding, padding] = 2 * _PADDED
    return pairs.ravel()


_NO_DIGIT = 0xFF
_BASE64 = np.full(256, _NO_DIGIT, np.uint8)
_BASE64[np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", np.uint8)] = (
    np.arange(64, dtype=np.uint8)
)
_BASE64[ord("=")] = 0
_PADDED, _NO_PAIR = 1 << 12, 0xFFFF
_PAIRS = _pairs()
_HEX = np.full(256, _NO_DIGIT, np.uint8)
_HEX[np.frombuffer(b"0123456789", np.uint8)] = np.arange(10, dtype=np.uint8)
for _letters in (b"abcdef", b"ABCDEF"):
    _HEX[np.frombuffer(_letters, np.uint8)] = np.arange(10, 16, dtype=np.uint8)
_UUID_DIGITS = np.array([place for place in range(36) if place not in (8, 13, 18, 23)])


def _present(array: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """The values that are not null, and their rows."""
    if not array.null_count:
        return array, np.arange(len(array))
    rows = np.flatnonzero(array.is_valid().to_numpy(zero_copy_only=False))
    return array.drop_null(), rows


def _by_length(texts: pa.Array) -> list[tuple[np.ndarray, np.ndarray]]:
    """Texts of one length at a time: (their rows, their bytes as a matrix of shape (rows, length))."""
    if not len(texts):
        return []
    _, offset_buffer, data_buffer = texts.buffers()
    offsets = np.frombuffer(offset_buffer, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer is not None else np.empty(0, np.uint8)
    lengths = np.diff(offsets)
    found = []
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        found.append((rows, _parts(data, offsets[rows], int(length))))
    return found


def _parts(data: np.ndarray, places: np.ndarray, length: int) -> np.ndarray:
    """The bytes from each place on; shape (places, length)."""
    return windows(data, places, length) if length else np.empty((len(places), 0), np.uint8)


def _decoded_bytes(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Base64 texts of one length, decoded: bytes of shape (n, length / 4 * 3), and how many of each count.

    Raises:
        NotExact: one is not base64.
    """
    count, length = matrix.shape
    if length == 0:
        return np.empty((count, 0), np.uint8), np.zeros(count, np.int64)
    padding = (matrix[:, -2:] == ord("=")).sum(axis=1)
    digits = _BASE64[matrix]
    misplaced = (matrix == ord("=")).sum(axis=1) != padding
    if (
        length % 4
        or (digits == _NO_DIGIT).any()
        or misplaced.any()
        or (matrix[:, -2] == ord("="))[padding == 1].any()
    ):
        raise NotExact(f"not base64: {bytes(matrix[0]).decode(errors='replace')!r}, or one of its length")
    quads = digits.reshape(count, length // 4, 4).astype(np.uint8)
    decoded = np.empty((count, length // 4, 3), np.uint8)
    decoded[:, :, 0] = quads[:, :, 0] << 2 | quads[:, :, 1] >> 4
    decoded[:, :, 1] = quads[:, :, 1] << 4 | quads[:, :, 2] >> 2
    decoded[:, :, 2] = quads[:, :, 2] << 6 | quads[:, :, 3]
    return decoded.reshape(count, -1), length // 4 * 3 - padding


def _validity(array: pa.Array) -> pa.Buffer | None:
    """The bitmap of which values are there, from bit 0 on."""
    if not array.null_count:
        return None
    is_there = array.is_valid().to_numpy(zero_copy_only=False)
    return pa.py_buffer(np.packbits(is_there, bitorder="little"))
