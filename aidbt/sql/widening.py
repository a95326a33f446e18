"""Whether one type holds every value of another, so that nothing has to be asked of the rows."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError

_T = exp.DataType.Type
# Bits of a value without its sign; and the digits that every such integer needs.
_SIGNED = {_T.TINYINT: 7, _T.SMALLINT: 15, _T.MEDIUMINT: 23, _T.INT: 31, _T.BIGINT: 63, _T.INT128: 127}
_UNSIGNED = {_T.UTINYINT: 8, _T.USMALLINT: 16, _T.UINT: 32, _T.UBIGINT: 64, _T.UINT128: 128}
# Bits of the whole numbers that a floating-point number holds exactly (IEEE 754).
_FLOAT = {_T.FLOAT: 24, _T.DOUBLE: 53}
_TEXT = {_T.VARCHAR, _T.NVARCHAR, _T.TEXT}


def widens(old: str, new: str, dialect: str) -> bool:
    """Whether every value of the old type is the same value in the new one; False where that is not known.

    Example:
        >>> widens("INTEGER", "BIGINT", "duckdb"), widens("BIGINT", "DOUBLE", "duckdb")
        (True, False)
        >>> widens("DECIMAL(10,2)", "DECIMAL(18,2)", "duckdb"), widens("VARCHAR(20)", "VARCHAR", "postgres")
        (True, True)
    """
    a, b = _read(old, dialect), _read(new, dialect)
    if a is None or b is None:
        return False
    bits = _SIGNED.get(a.this) or _UNSIGNED.get(a.this)
    if bits is not None:
        return _holds_integers(bits, b, is_signed=a.this in _SIGNED)
    if a.this is _T.FLOAT:
        return b.this is _T.DOUBLE
    if a.this in _TEXT and b.this in _TEXT:
        (room, *_), (needed, *_) = (*_sizes(b), None), (*_sizes(a), None)
        return room is None or (needed is not None and room >= needed)
    if a.this is _T.DECIMAL and b.this is _T.DECIMAL:
        return _holds_decimals(_sizes(a), _sizes(b))
    return False


def _holds_integers(bits: int, new: exp.DataType, *, is_signed: bool) -> bool:
    """Whether a type holds all integers of so many bits."""
    if new.this in _SIGNED:
        return _SIGNED[new.this] >= bits
    if new.this in _UNSIGNED:
        return not is_signed and _UNSIGNED[new.this] >= bits
    if new.this in _FLOAT:
        return _FLOAT[new.this] >= bits
    if new.this is _T.DECIMAL and len(sizes := _sizes(new)) == 2:
        return sizes[0] - sizes[1] >= len(str(2**bits))
    return False


def _holds_decimals(old: list[int], new: list[int]) -> bool:
    """Whether a decimal has the digits of another before and behind the point; without sizes nobody knows."""
    if len(old) != 2 or len(new) != 2:
        return False
    return new[1] >= old[1] and new[0] - new[1] >= old[0] - old[1]


def _sizes(data_type: exp.DataType) -> list[int]:
    return [int(size.name) for size in data_type.expressions if size.name.isdigit()]


def _read(text: str, dialect: str) -> exp.DataType | None:
    try:
        return exp.DataType.build(text, dialect=dialect if Dialect.get(dialect) else None)
    except SqlglotError:
        return None
