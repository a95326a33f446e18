"""The text of values as PostgreSQL writes it, converted to what a full load of the same column lands as.

A column is converted at once by pyarrow or numpy. What those refuse (infinite and distant times, and what no
type of bronze can hold) is looked at value by value, each distinct value once.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.cdc.postgres.columns import bitmap
from ingestion.cdc.postgres.literals import Fields, Writer, array_items, delimiter, json_writer
from ingestion.cdc.postgres.messages import RelationColumn
from ingestion.cdc.postgres.times import DAY_US, days, microseconds
from ingestion.connectors.postgres.types import PgType, reading, resolve
from ingestion.connectors.postgres.values import NotExact

# What pyarrow reads of a type that has other values too.
_PLAIN_DATE = r"^\d{4}-\d\d-\d\d$"
_PLAIN_INSTANT = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?(\+00)?$"
_PLAIN_NUMBER = r"^-?[\d.]+$"
_UUID_DASHES = [8, 13, 18, 23]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a value could not land: a cause as in `DeadLetter`, and in words."""

    cause: str
    reason: str


@dataclass(frozen=True, slots=True)
class Converted:
    """A column.

    Attributes:
        array: NULL where the text is NULL, and where it failed.
        failures: by row.
    """

    array: pa.Array
    failures: Mapping[int, Failure] = field(default_factory=dict)


Conversion: TypeAlias = Callable[[pa.StringArray], Converted]


@dataclass(frozen=True, slots=True)
class ColumnReader:
    """How a column becomes what it lands as."""

    lands_as: pa.DataType
    convert: Conversion

    def read(self, column: pa.BinaryArray) -> Converted:
        """The column from the bytes of its values."""
        try:
            texts = column.cast(pa.string())
        except pa.ArrowInvalid:  # the values are looked at one by one: which are no text?
            return self._read_text_of(column)
        return self.convert(texts)

    def _read_text_of(self, column: pa.BinaryArray) -> Converted:
        failures = {}
        texts: list[str | None] = []
        for row, value in enumerate(column.to_pylist()):
            try:
                texts.append(None if value is None else value.decode("utf-8"))
            except UnicodeDecodeError as error:
                failures[row] = Failure("not_text", f"bytes that are not UTF-8: {error.reason}")
                texts.append(None)
        found = self.convert(pa.array(texts, pa.string()))
        return Converted(found.array, {**found.failures, **failures})


def column_reader(
    column: RelationColumn, types: Mapping[int, PgType], fields: Fields, *, as_text: bool
) -> ColumnReader:
    """How a column of a published table is read.

    Values of a type that is not known, or that was dropped since and is not among `types`, land as they are
    written: a stream cannot wait until somebody has chosen how. Before it begins such a type is refused.
    """
    try:
        pg_type, _ = resolve(column.type_oid, column.typmod, types)
        found = reading(column.name, column.type_oid, column.typmod, types)
    except KeyError:
        return ColumnReader(pa.string(), Converted)
    if as_text:
        return ColumnReader(pa.string(), _boolean_words if _is(pg_type, "bool") else Converted)
    if found is None:
        return ColumnReader(pa.string(), Converted)
    lands_as = found.lands_as
    if found.is_list:
        element, _ = resolve(pg_type.element, -1, types)
        separator = delimiter(element)
        return ColumnReader(lands_as, lambda texts: _lists(texts, lands_as, separator))
    if lands_as == pa.json_() and not _is(pg_type, "json", "jsonb"):
        write = json_writer(column.type_oid, types, fields)
        return ColumnReader(lands_as, lambda texts: _documents(texts, write))
    return ColumnReader(lands_as, lambda texts: scalars(texts, lands_as))


def scalars(texts: pa.StringArray, lands_as: pa.DataType) -> Converted:
    """The values of a type that is no list."""
    convert = _conversion(lands_as)
    try:
        return Converted(_typed(convert(texts), lands_as))
    except pa.ArrowInvalid:
        found = _with_odd_ones(texts, lands_as, convert)
        return Converted(_typed(found.array, lands_as), found.failures)


_Plain: TypeAlias = Callable[[pa.StringArray], pa.Array]


def _conversion(lands_as: pa.DataType) -> _Plain:
    """Converts a column to the storage of a type; ArrowInvalid when one value is not as most are."""
    if lands_as == pa.uuid():
        return _uuids
    if lands_as in (pa.json_(), pa.string()):
        return lambda texts: texts
    if pa.types.is_boolean(lands_as):
        return _booleans
    if pa.types.is_binary(lands_as):
        return _bytes
    if pa.types.is_time(lands_as):
        return _times
    return lambda texts: texts.cast(lands_as)


def _typed(storage: pa.Array, lands_as: pa.DataType) -> pa.Array:
    is_extension = isinstance(lands_as, pa.BaseExtensionType)
    return pa.ExtensionArray.from_storage(lands_as, storage) if is_extension else storage


def _with_odd_ones(texts: pa.StringArray, lands_as: pa.DataType, convert: _Plain) -> Converted:
    """A column in which some values need a closer look."""
    pattern = _pattern(lands_as)
    if pattern is None:
        return _one_by_one(texts, lands_as, convert)
    is_odd = pc.invert(pc.match_substring_regex(texts, pattern)).fill_null(False)
    try:
        plain = convert(pc.if_else(is_odd, None, texts))
    except pa.ArrowInvalid:
        return _one_by_one(texts, lands_as, convert)
    odd = _one_by_one(texts.filter(is_odd), lands_as, convert)
    rows = np.flatnonzero(is_odd.to_numpy(zero_copy_only=False))
    failures = {int(rows[row]): failure for row, failure in odd.failures.items()}
    return Converted(pc.replace_with_mask(plain, is_odd, odd.array), failures)


def _pattern(lands_as: pa.DataType) -> str | None:
    if pa.types.is_date(lands_as):
        return _PLAIN_DATE
    if pa.types.is_timestamp(lands_as):
        return _PLAIN_INSTANT
    return _PLAIN_NUMBER if pa.types.is_decimal(lands_as) else None


def _one_by_one(texts: pa.StringArray, lands_as: pa.DataType, convert: _Plain) -> Converted:
    encoded = texts.dictionary_encode()
    values = [convert(pa.array([None], pa.string()))]
    reasons: dict[int, str] = {}
    for number, text in enumerate(encoded.dictionary.to_pylist(), start=1):
        try:
            values.append(_odd(text, lands_as, convert))
        except NotExact as error:
            reasons[number] = str(error)
            values.append(values[0])
    # Number 0 is NULL.
    numbers = pc.add(encoded.indices, 1).fill_null(0)
    failures = {}
    if reasons:
        for row, number in enumerate(numbers.to_pylist()):
            if number in reasons:
                failures[row] = Failure("not_exact", reasons[number])
    return Converted(pa.concat_arrays(values).take(numbers), failures)


def _odd(text: str, lands_as: pa.DataType, convert: _Plain) -> pa.Array:
    """One value as an array.

    Raises:
        NotExact: it cannot land as this type.
    """
    try:
        return convert(pa.array([text], pa.string()))
    except pa.ArrowInvalid as error:
        if pa.types.is_date(lands_as):
            return _integers(days(text), lands_as)
        if pa.types.is_timestamp(lands_as):
            return _integers(microseconds(text), lands_as)
        if pa.types.is_time(lands_as) and text == "24:00:00":
            return _integers(DAY_US, lands_as)
        raise NotExact(f"{error} (it lands as {_shown(lands_as)})") from error


def _shown(lands_as: pa.DataType) -> str:
    is_decimal = pa.types.is_decimal(lands_as)
    return f"DECIMAL({lands_as.precision},{lands_as.scale})" if is_decimal else str(lands_as)


def _integers(value: int, lands_as: pa.DataType) -> pa.Array:
    storage = pa.int32() if pa.types.is_date32(lands_as) else pa.int64()
    return pa.array([value], storage).view(lands_as)


def _booleans(texts: pa.StringArray) -> pa.Array:
    is_true = pc.equal(texts, "t")
    if not pc.all(pc.or_(is_true, pc.equal(texts, "f")), min_count=0).as_py():
        raise pa.ArrowInvalid("a value is neither t nor f")
    return is_true


def _boolean_words(texts: pa.StringArray) -> Converted:
    """As the server's cast to text writes them, which is not what a column of booleans prints."""
    return Converted(pc.if_else(pc.equal(texts, "t"), "true", "false"))


def _times(texts: pa.StringArray) -> pa.Array:
    instants = pc.binary_join_element_wise("1970-01-01", texts, " ").cast(pa.timestamp("us"))
    return instants.view(pa.int64()).view(pa.time64("us"))


def _bytes(texts: pa.StringArray) -> pa.Array:
    if not pc.all(pc.starts_with(texts, "\\x"), min_count=0).as_py():
        raise pa.ArrowInvalid("a value of bytea is not in hex")
    offsets, text = _joined(texts)
    is_there = texts.is_valid().to_numpy(zero_copy_only=False)
    characters = np.frombuffer(text, np.uint8)
    is_digit = np.ones(len(characters), bool)
    for prefix in (0, 1):
        is_digit[offsets[:-1][is_there] + prefix] = False
    digits = np.diff(offsets) - 2 * is_there
    if (digits & 1).any():
        raise pa.ArrowInvalid("a value of bytea has half a byte")
    ends = np.zeros(len(texts) + 1, np.int32)
    np.cumsum(digits >> 1, out=ends[1:])
    values = pa.py_buffer(_unhex(characters[is_digit].tobytes()))
    return pa.Array.from_buffers(pa.binary(), len(texts), [_validity(texts), pa.py_buffer(ends), values])


def _uuids(texts: pa.StringArray) -> pa.Array:
    there = texts.drop_null()
    offsets, text = _joined(there)
    if (np.diff(offsets) != 36).any():
        raise pa.ArrowInvalid("a value of uuid has not 36 characters")
    characters = np.frombuffer(text, np.uint8).reshape(len(there), 36)
    if (characters[:, _UUID_DASHES] != ord("-")).any():
        raise pa.ArrowInvalid("a value of uuid is not grouped by dashes")
    values = np.zeros((len(texts), 16), np.uint8)
    is_there = texts.is_valid().to_numpy(zero_copy_only=False)
    digits = np.delete(characters, _UUID_DASHES, axis=1).tobytes()
    values[is_there] = np.frombuffer(_unhex(digits), np.uint8).reshape(len(there), 16)
    return pa.Array.from_buffers(pa.binary(16), len(texts), [_validity(texts), pa.py_buffer(values)])


def _unhex(digits: bytes) -> bytes:
    try:
        return binascii.unhexlify(digits)
    except binascii.Error as error:
        raise pa.ArrowInvalid(f"hex digits: {error}") from error


def _joined(texts: pa.Array) -> tuple[np.ndarray, memoryview]:
    """Where each value begins (and the last ends), and all of them in one."""
    _, offset_buffer, data = texts.buffers()
    if not len(texts) or offset_buffer is None:
        return np.zeros(1, np.int32), memoryview(b"")
    offsets = np.frombuffer(offset_buffer, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    whole = memoryview(data or b"")
    return offsets - offsets[0], whole[offsets[0] : offsets[-1]]


def _validity(texts: pa.Array) -> pa.Buffer | None:
    return bitmap(texts.is_valid().to_numpy(zero_copy_only=False)) if texts.null_count else None


def _documents(texts: pa.StringArray, write: Writer) -> Converted:
    """Composites, as JSON."""
    failures = {}
    documents: list[str | None] = []
    for row, text in enumerate(texts.to_pylist()):
        try:
            documents.append(None if text is None else write(text))
        except NotExact as error:
            failures[row] = Failure("not_exact", str(error))
            documents.append(None)
    return Converted(_typed(pa.array(documents, pa.string()), pa.json_()), failures)


def _lists(texts: pa.StringArray, lands_as: pa.ListType, separator: str) -> Converted:
    """Arrays of one dimension."""
    failures: dict[int, Failure] = {}
    items: list[str | None] = []
    ends = [0]
    for row, text in enumerate(texts.to_pylist()):
        try:
            items += array_items(text, separator) if text is not None else ()
        except NotExact as error:
            failures[row] = Failure("not_exact", str(error))
        ends.append(len(items))
    values = scalars(pa.array(items, pa.string()), lands_as.value_type)
    offsets = np.array(ends, np.int32)
    for item, failure in values.failures.items():
        failures[int(np.searchsorted(offsets, item, side="right")) - 1] = failure
    is_null = texts.is_null().to_numpy(zero_copy_only=False).copy()
    is_null[list(failures)] = True
    mask = pa.array(is_null) if is_null.any() else None
    return Converted(pa.ListArray.from_arrays(offsets, values.array, type=lands_as, mask=mask), failures)


def _is(pg_type: PgType, *names: str) -> bool:
    return pg_type.is_own and pg_type.name in names
