"""Arrow arrays as ADBC gives them, converted exactly to what they land as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

_DAY = "date"
_TIME = "timestamp"
_HIGHEST = {_DAY: 2**31 - 1, _TIME: 2**63 - 1}  # what DuckDB stores for infinity; its negative for -infinity
# The Julian day 0, 4714-11-24 BC, is the first that PostgreSQL knows.
_FIRST = {_DAY: -2_440_588, _TIME: -2_440_588 * 86_400_000_000}


class NotExact(ValueError):
    """A value that its type in bronze cannot hold."""


@dataclass(frozen=True, slots=True)
class Infinities:
    """The numbers that this ADBC driver gives for infinite dates and timestamps.

    It shifts PostgreSQL's own (the largest and the smallest integer) from 2000 to 1970 and lets them
    overflow, which makes finite values of them, some 290,000 years BC. They are asked for once per
    connection, so that a driver which does otherwise is understood too.

    Attributes:
        days, microseconds: the driver's number → DuckDB's.
    """

    days: Mapping[int, int]
    microseconds: Mapping[int, int]

    @classmethod
    def learned(cls, row: pa.RecordBatch) -> Infinities:
        """From the answer to `select 'infinity'::date, '-infinity'::date, 'infinity'::timestamp, …`."""
        numbers = [column.view(_integer(column.type))[0].as_py() for column in row.columns]
        day, time = _HIGHEST[_DAY], _HIGHEST[_TIME]
        return cls({numbers[0]: day, numbers[1]: -day}, {numbers[2]: time, numbers[3]: -time})


def landed(array: pa.Array, lands_as: pa.DataType, infinities: Infinities) -> pa.Array:
    """The array as the type it lands as; no value is rounded, cut or lost.

    Raises:
        NotExact: a value that the type cannot hold.
    """
    if pa.types.is_list(lands_as):
        if not pa.types.is_list(array.type):
            raise NotExact(f"the driver gave {array.type} for an array")
        values = landed(array.flatten(), lands_as.value_type, infinities)
        return pa.ListArray.from_arrays(_offsets(array), values, type=lands_as, mask=_mask(array))
    if pa.types.is_date(lands_as):
        _expect(array, pa.types.is_date32(array.type))
        return _with_infinities(array, _DAY, infinities.days)
    if pa.types.is_timestamp(lands_as):
        _expect(array, array.type == lands_as)
        return _with_infinities(array, _TIME, infinities.microseconds)
    if pa.types.is_decimal(lands_as):
        return _decimals(array, lands_as)
    if lands_as == pa.json_():
        _expect(array, pa.types.is_string(array.type))
        return pa.ExtensionArray.from_storage(lands_as, array)
    _expect(array, array.type == lands_as)
    return array


def _expect(array: pa.Array, is_known: bool) -> None:
    if not is_known:
        raise NotExact(f"the driver gave values of the type {array.type}, which this version does not know")


def _decimals(array: pa.Array, lands_as: pa.DataType) -> pa.Array:
    try:
        return array.cast(lands_as)  # safe: digits that do not fit are an error
    except pa.ArrowInvalid as error:
        raise NotExact(f"{error} (it lands as {_sql(lands_as)})") from error


def _with_infinities(array: pa.Array, unit: str, infinities: Mapping[int, int]) -> pa.Array:
    numbers = array.view(_integer(array.type))
    bounds = pc.min_max(numbers).as_py()
    if bounds["min"] is None or (bounds["min"] >= _FIRST[unit] and bounds["max"] < _HIGHEST[unit]):
        return array
    is_infinite = pc.is_in(numbers, value_set=pa.array(list(infinities), numbers.type))
    finite = pc.min_max(pc.if_else(is_infinite, None, numbers)).as_py()
    if finite["min"] is not None and not (finite["min"] >= _FIRST[unit] and finite["max"] < _HIGHEST[unit]):
        raise NotExact(f"a {unit} lies beyond what DuckDB can hold (the year 294247)")
    for given, wanted in infinities.items():
        numbers = pc.if_else(pc.equal(numbers, given), pa.scalar(wanted, numbers.type), numbers)
    return numbers.view(array.type)


def _integer(of: pa.DataType) -> pa.DataType:
    return pa.int32() if pa.types.is_date32(of) else pa.int64()


def _offsets(array: pa.ListArray) -> pa.Array:
    """Where each list begins in the flattened values; a null list holds none."""
    lengths = pc.fill_null(pc.list_value_length(array), 0)
    return pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])


def _mask(array: pa.ListArray) -> pa.Array | None:
    return array.is_null() if array.null_count else None


def _sql(decimal: pa.DataType) -> str:
    return f"DECIMAL({decimal.precision},{decimal.scale})"
