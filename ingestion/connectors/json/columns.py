"""The values of one key as a column: what they look like, and as the type that was decided."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.connectors.inference import JSON, TEXT, Evidence
from ingestion.connectors.json.scan import cut

_QUOTE, _NULL, _TRUE = (ord(mark) for mark in '"nt')
_NUMBERS = np.isin(np.arange(256), list(b"-0123456789"))
_SURE_DIGITS = 15  # so many every double keeps


class DoesNotFit(ValueError):
    """A value that the column's type does not hold as it is written."""


def first_bytes(tokens: pa.LargeBinaryArray) -> np.ndarray:
    """Of each value; 0 where there is none."""
    offsets, data = _buffers(tokens)
    if not len(data):
        return np.zeros(len(tokens), np.uint8)
    found = data[np.minimum(offsets[:-1], len(data) - 1)]
    is_there = offsets[1:] > offsets[:-1]
    if tokens.null_count:  # whose offsets may span something
        is_there &= tokens.is_valid().to_numpy(zero_copy_only=False)
    return np.where(is_there, found, np.uint8(0))


def evidence_of(tokens: pa.LargeBinaryArray) -> Evidence:
    """What the values look like."""
    counts = np.bincount(first_bytes(tokens), minlength=256)
    numbers = int(counts[_NUMBERS].sum())
    seen = Evidence(
        texts=int(counts[_QUOTE]),
        booleans=int(counts[_TRUE] + counts[ord("f")]),
        nested=int(counts[ord("{")] + counts[ord("[")]),
    )
    if not numbers:
        return seen
    if numbers < len(tokens):
        tokens = tokens.filter(pa.array(_NUMBERS[first_bytes(tokens)]))
    return seen + _of_numbers(tokens.cast(pa.large_string()))


def _of_numbers(numbers: pa.LargeStringArray) -> Evidence:
    has_point = pc.match_substring(numbers, ".")
    has_exponent = pc.or_(pc.match_substring(numbers, "e"), pc.match_substring(numbers, "E"))
    plain = pc.and_(has_point, pc.invert(has_exponent))
    whole = pc.invert(pc.or_(has_point, has_exponent))
    return (
        _of_integers(numbers.filter(whole))
        + _of_fractions(numbers.filter(plain))
        + _of_exponents(numbers.filter(has_exponent))
    )


def _of_integers(numbers: pa.LargeStringArray) -> Evidence:
    if not len(numbers):
        return Evidence()
    digits = pc.subtract(pc.binary_length(numbers), pc.cast(pc.starts_with(numbers, "-"), pa.int64()))
    long = numbers.filter(pc.greater(digits, _SURE_DIGITS)).to_pylist()
    return Evidence(
        integers=len(numbers),
        whole_digits=pc.max(digits).as_py(),
        fits_bigint=all(-(1 << 63) <= int(text) < 1 << 63 for text in long),
        fits_double=all(_is_double(text) for text in long),
    )


def _of_fractions(numbers: pa.LargeStringArray) -> Evidence:
    if not len(numbers):
        return Evidence()
    lengths = pc.cast(pc.binary_length(numbers), pa.int64())
    point = pc.cast(pc.find_substring(numbers, "."), pa.int64())
    before = pc.subtract(point, pc.cast(pc.starts_with(numbers, "-"), pa.int64()))
    behind = pc.subtract(pc.subtract(lengths, point), 1)
    long = numbers.filter(pc.greater(pc.add(before, behind), _SURE_DIGITS))
    # Most long ones are doubles as a program printed them: then they are what a double is printed as.
    printed = pc.cast(pc.cast(long, pa.float64()), pa.large_string())
    others = long.filter(pc.not_equal(printed, long)).to_pylist()
    return Evidence(
        fractions=len(numbers),
        whole_digits=pc.max(before).as_py(),
        scale=pc.max(behind).as_py(),
        fits_double=all(_is_double(text) for text in others),
    )


def _of_exponents(numbers: pa.LargeStringArray) -> Evidence:
    result = Evidence()
    for text in numbers.to_pylist():
        number = Decimal(text)
        _, digits, exponent = number.as_tuple()
        assert isinstance(exponent, int)
        result += Evidence(
            fractions=1,
            whole_digits=max(len(digits) + exponent, 0) if number else 0,
            scale=max(-exponent, 0) if number else 0,
            fits_double=_is_double(text),
        )
    return result


def _is_double(text: str) -> bool:
    """Whether a double is printed as this number."""
    return Decimal(repr(float(text))) == Decimal(text)  # an infinite one is no number that is written


def landed(tokens: pa.LargeBinaryArray, kind: pa.DataType) -> pa.Array:
    """The values as the type that was decided.

    Raises:
        DoesNotFit: a value is not of that type.
    """
    kinds = first_bytes(tokens)
    if (kinds == _NULL).any():
        tokens = pc.if_else(pa.array(kinds == _NULL), pa.scalar(None, pa.large_binary()), tokens)
        kinds = first_bytes(tokens)
    if kind == JSON:
        return pa.ExtensionArray.from_storage(JSON, tokens.cast(TEXT))
    if kind == TEXT:
        return _texts(tokens, kinds)
    if pa.types.is_null(kind):
        if tokens.null_count < len(tokens):
            raise DoesNotFit("there was no value in it when its type was decided")
        return pa.nulls(len(tokens))
    if pa.types.is_boolean(kind):
        return _booleans(tokens, kinds)
    if not (_NUMBERS[kinds] | (kinds == 0)).all():
        raise DoesNotFit("a value is not a number")
    return _numbers(tokens.cast(pa.large_string()), kind)


def _booleans(tokens: pa.LargeBinaryArray, kinds: np.ndarray) -> pa.Array:
    if not np.isin(kinds, (0, _TRUE, ord("f"))).all():
        raise DoesNotFit("a value is neither true nor false")
    return pa.array(kinds == _TRUE, mask=kinds == 0)


def _numbers(texts: pa.LargeStringArray, kind: pa.DataType) -> pa.Array:
    if pa.types.is_floating(kind):
        return texts.cast(kind)
    try:
        return texts.cast(kind)
    except pa.ArrowInvalid:  # exponents
        exact = [None if text is None else Decimal(text) for text in texts.to_pylist()]
    try:
        if pa.types.is_integer(kind) and any(number is not None and number % 1 for number in exact):
            raise DoesNotFit("a number is not whole")
        return pa.array(exact, pa.decimal128(38, 0) if pa.types.is_integer(kind) else kind).cast(kind)
    except pa.ArrowInvalid as error:
        raise DoesNotFit(str(error)) from error


def _texts(tokens: pa.LargeBinaryArray, kinds: np.ndarray) -> pa.Array:
    """Texts without quotes and escapes, other values as they are written."""
    is_text = kinds == _QUOTE
    if not is_text.any():
        return tokens.cast(TEXT)
    offsets, data = _buffers(tokens)
    bare = cut(data, offsets[:-1] + is_text, offsets[1:] - is_text).cast(pa.large_string())
    if tokens.null_count:
        bare = pc.if_else(tokens.is_valid(), bare, pa.scalar(None, pa.large_string()))
    is_escaped = pc.and_(pc.match_substring(tokens, b"\\"), pa.array(is_text))
    if pc.any(is_escaped).as_py():
        escaped = tokens.filter(is_escaped).to_pylist()
        decoded = pa.array(json.loads(b"[" + b",".join(escaped) + b"]"), pa.large_string())
        bare = pc.replace_with_mask(bare, pc.fill_null(is_escaped, False), decoded)
    return bare.cast(TEXT)


def _buffers(tokens: pa.LargeBinaryArray) -> tuple[np.ndarray, np.ndarray]:
    """(where each value begins and the last one ends, all bytes)."""
    _, offsets, data = tokens.buffers()
    places = np.frombuffer(offsets, np.int64)[tokens.offset : tokens.offset + len(tokens) + 1]
    return places, np.frombuffer(data, np.uint8) if data is not None else np.array([], np.uint8)
