"""What each declared type of a database lands as."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from ingestion.connectors.inference import JSON, TEXT
from ingestion.connectors.sqlalchemy import values
from ingestion.connectors.sqlalchemy.values import Landing

_MAX_DIGITS = 38
_MICROSECONDS = pa.timestamp("us")
_UTC = pa.timestamp("us", tz="UTC")
# bits → the Arrow types without and with a sign
_MYSQL_INTEGERS = (
    (mysql.TINYINT, pa.int8(), pa.uint8()),
    (mysql.MEDIUMINT, pa.int32(), pa.uint32()),
    (sa.SmallInteger, pa.int16(), pa.uint16()),
    (sa.BigInteger, pa.int64(), pa.uint64()),
    (sa.Integer, pa.int32(), pa.uint32()),
)


def landing(declared: sa.types.TypeEngine[Any], dialect: str) -> Landing:
    """How values of a declared type land; as text where no type of Arrow holds them all as they are."""
    word = _word(declared)
    if isinstance(declared, sa.ARRAY):
        element = landing(declared.item_type, dialect)
        return Landing(pa.list_(element.type), word, (list,), None)
    if isinstance(declared, sa.Integer):
        return Landing(_integer(declared, dialect), word, (int,))
    if isinstance(declared, mysql.YEAR):
        return Landing(pa.int16(), word, (int,))
    if isinstance(declared, sa.Boolean):
        return Landing(pa.bool_(), word, (bool,), values.truth)
    if isinstance(declared, sa.Float):
        return Landing(pa.float64(), word, (float,), values.double)
    if isinstance(declared, sa.Numeric):
        return _decimal(declared, word)
    if isinstance(declared, sa.Uuid):
        return Landing(pa.uuid(), word, (), values.identity)
    if isinstance(declared, sa.JSON):
        return Landing(JSON, word, (str,))
    if isinstance(declared, sa.String | mysql.SET):  # sa.Enum is a String
        return Landing(TEXT, word, (str,))
    if isinstance(declared, sa.LargeBinary | sa.types._Binary | mysql.BIT):
        return Landing(pa.binary(), word, (bytes,), values.octets)
    return _of_time(declared, dialect, word)


def as_text(declared: sa.types.TypeEngine[Any]) -> Landing:
    """Values of any type as text."""
    return Landing(TEXT, _word(declared), (str,), values.words)


def is_read_as_text(declared: sa.types.TypeEngine[Any]) -> bool:
    """Whether the server has to write values of a type as text, because the driver would change them."""
    # psycopg2 makes a month 30 days, and parses JSON.
    return isinstance(declared, sa.Interval | sa.JSON) or _word(declared).startswith("INTERVAL")


def _of_time(declared: sa.types.TypeEngine[Any], dialect: str, word: str) -> Landing:
    if isinstance(declared, sa.Date):
        return Landing(pa.date32(), word, (date,), values.day)
    if isinstance(declared, sa.DateTime):
        if dialect in ("mysql", "mariadb") and isinstance(declared, sa.TIMESTAMP):
            return Landing(_UTC, word, (datetime,), is_utc=True)  # an instant, in the session's zone
        if declared.timezone:
            return Landing(_UTC, word, (datetime,), values.instant)
        return Landing(_MICROSECONDS, word, (datetime,), values.moment)
    if isinstance(declared, sa.Time) and not declared.timezone:
        if dialect in ("mysql", "mariadb"):  # -838 to 838 hours
            return Landing(pa.duration("us"), word, (timedelta,))
        return Landing(pa.time64("us"), word, (time,), values.time_of_day)
    return as_text(declared)


def _integer(declared: sa.Integer, dialect: str) -> pa.DataType:
    if dialect == "sqlite":  # any integer type holds 64 bits there
        return pa.int64()
    is_unsigned = bool(getattr(declared, "unsigned", False))
    signed, unsigned = next(types for kind, *types in _MYSQL_INTEGERS if isinstance(declared, kind))
    return unsigned if is_unsigned else signed


def _decimal(declared: sa.Numeric[Any], word: str) -> Landing:
    precision, scale = declared.precision, declared.scale or 0
    if precision is None or precision > _MAX_DIGITS or not 0 <= scale <= precision:
        return as_text(declared)
    return Landing(pa.decimal128(precision, scale), word, (Decimal,), values.decimal)


def _word(declared: sa.types.TypeEngine[Any]) -> str:
    try:
        return str(declared)
    except sa.exc.CompileError:
        return type(declared).__name__
