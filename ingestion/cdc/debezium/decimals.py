"""Decimals and bytes out of base64, whole columns at once.

Both are base64 of big-endian two's complement, which is what an Arrow decimal holds too (in little-endian, 16
bytes), so a column of them is decoded by moving bytes, without a number in between.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa

from ingestion.cdc.debezium.texts import by_length, present, validity
from ingestion.cdc.debezium.types import ColumnType, NotExact

_DECIMAL_BYTES = 16


def binary(array: pa.Array, of: ColumnType) -> pa.Array:
    """The bytes of base64 texts."""
    texts, rows = present(array)
    # One after another they would be one text if no padding stood between; so lengths are handled together.
    lengths = np.zeros(len(array), np.int64)
    groups = [(rows[found], _decoded_bytes(matrix)) for found, matrix in by_length(texts)]
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
        [validity(array), pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(data)],
    )


def decimals(array: pa.Array, of: ColumnType) -> pa.Array:
    """The numbers of base64 texts, at the scale of their column; as text where no decimal type has room."""
    if pa.types.is_string(of.lands_as):
        return pa.array([_decimal_text(text, of.scale) for text in array.to_pylist()], pa.string())
    result = pa.Array.from_buffers(
        of.lands_as, len(array), [validity(array), pa.py_buffer(_int128(array))], null_count=array.null_count
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
    texts, rows = present(array)
    result = np.zeros((len(array), _DECIMAL_BYTES), np.uint8)
    for found, matrix in by_length(texts):
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


def variable_decimals(array: pa.Array, of: ColumnType) -> pa.Array:
    """Numbers that bring their scale, as text: no decimal type has room for every scale."""
    scales = array.field("scale").to_pylist()
    texts = array.field("value").to_pylist()
    are_there = array.is_valid().to_pylist()
    return pa.array(
        [
            _decimal_text(text, scale) if is_there else None
            for text, scale, is_there in zip(texts, scales, are_there, strict=True)
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
