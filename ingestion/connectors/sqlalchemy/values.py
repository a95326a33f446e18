"""What a driver gives as the column's declared type, exactly, or not at all."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d\d:\d\d(:\d\d(\.\d{1,6})?)?")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(?P<zone>Z|[+-]\d\d(:?\d\d)?)?")


class DoesNotFit(ValueError):
    """A value that the declared type does not hold."""


@dataclass(frozen=True, slots=True)
class Landing:
    """How the values of a column land.

    Attributes:
        type: Arrow's.
        word: the declared type, for errors.
        exact: Python types whose values Arrow takes as they are.
        convert: any other value, as one of those; None refuses it.
        is_utc: date and times without a time zone are UTC.
    """

    type: pa.DataType
    word: str
    exact: tuple[type, ...]
    convert: Callable[[Any], Any] | None = None
    is_utc: bool = False

    def array(self, values: Sequence[Any]) -> pa.Array:
        """The values as Arrow has them.

        Raises:
            DoesNotFit: one of them is not of the declared type.
        """
        if not set(map(type, values)) <= {*self.exact, type(None)}:
            values = [self._one(value) for value in values]
        if pa.types.is_timestamp(self.type) and not self.is_utc:
            self._check_zones(values)
        try:
            if isinstance(self.type, pa.BaseExtensionType):
                return pa.ExtensionArray.from_storage(self.type, pa.array(values, self.type.storage_type))
            return pa.array(values, self.type)
        except (pa.ArrowException, OverflowError, UnicodeError, TypeError) as error:
            raise DoesNotFit(str(error).splitlines()[0]) from error

    def _check_zones(self, values: Sequence[Any]) -> None:
        # Arrow takes one without a zone for UTC, and one with a zone for a text of its UTC.
        for value in values:
            if value is not None and (value.tzinfo is None) != (self.type.tz is None):
                raise DoesNotFit(f"{value.isoformat(' ')} is no {self.word}")

    def _one(self, value: Any) -> Any:
        if value is None or type(value) in self.exact:
            return value
        if self.convert is None:
            raise DoesNotFit(f"{value!r:.80} is no {self.word}")
        try:
            return self.convert(value)
        except (ValueError, TypeError, ArithmeticError) as error:
            raise DoesNotFit(f"{value!r:.80} is no {self.word}") from error


def _is(condition: bool) -> None:
    if not condition:
        raise ValueError("it does not fit")


def truth(value: Any) -> bool:
    """0 and 1, which databases without truth values keep."""
    _is(type(value) is int and value in (0, 1))
    return bool(value)


def double(value: Any) -> float:
    """A whole or decimal number that a double holds."""
    _is(type(value) in (int, Decimal) and Decimal(repr(float(value))) == value)
    return float(value)


def decimal(value: Any) -> Decimal:
    """The number as a database without decimals prints it."""
    _is(type(value) in (int, float) and math.isfinite(value))
    return Decimal(repr(value))


def day(value: Any) -> date:
    """A day that is kept as text."""
    _is(type(value) is str and _DATE.fullmatch(value) is not None)
    return date.fromisoformat(value)


def moment(value: Any) -> datetime:
    """A date and time that is kept as text, without a time zone."""
    found = _INSTANT.fullmatch(value) if type(value) is str else None
    _is(found is not None and found["zone"] is None)
    return datetime.fromisoformat(value)


def instant(value: Any) -> datetime:
    """A date and time that is kept as text, with a time zone."""
    found = _INSTANT.fullmatch(value) if type(value) is str else None
    _is(found is not None and found["zone"] is not None)
    return datetime.fromisoformat(value).astimezone(UTC)


def time_of_day(value: Any) -> time:
    """A time of day that is kept as text."""
    _is(type(value) is str and _TIME.fullmatch(value) is not None)
    return time.fromisoformat(value)


def octets(value: Any) -> bytes:
    """Bytes in another form."""
    _is(isinstance(value, memoryview | bytearray))
    return bytes(value)


def identity(value: Any) -> bytes:
    """A UUID."""
    return (value if isinstance(value, uuid.UUID) else uuid.UUID(value)).bytes


def words(value: Any) -> str:
    """Anything but bytes as text, nothing of it lost."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime):
        return value.isoformat(" ")
    _is(isinstance(value, int | Decimal | date | time | timedelta | uuid.UUID))
    return str(value)


def since_of(since: int | Decimal | date | datetime, dialect: str) -> Any:
    """Where a load by cursor begins, as the database compares it; earlier rather than later."""
    if isinstance(since, datetime) and dialect in ("mysql", "mariadb"):  # whose session is in UTC
        return since.astimezone(UTC).replace(tzinfo=None) if since.tzinfo else since
    if dialect != "sqlite":
        return since
    if isinstance(since, datetime):  # is text there, with or without fractions of a second
        return since.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(since, date):
        return since.isoformat()
    return math.floor(since)
