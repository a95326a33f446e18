"""Rows that hold what the driver or a type of bronze may not be able to hold, told apart by the server.

They are few, if there are any. All others are read at full speed; these as PostgreSQL's own text, which says
what is wrong with each of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from sqlglot import exp

from ingestion.connectors.postgres.types import Reading
from ingestion.connectors.postgres.url import ANY_BYTES

# DuckDB's timestamps end in the January of this year, those of PostgreSQL in the year 294276.
_FIRST_DISTANT = "294247-01-01"
# Of a text seen as bytes: those that may be no UTF-8. Text that is does not take much longer this way.
_NO_ASCII = r"[\x80-\xFF]"


def odd_rows(names: Sequence[str], readings: Sequence[Reading], *, any_bytes: bool) -> exp.Expr | None:
    """Whether a row is odd, which is never NULL; None when no column can make it so.

    Every value that cannot land exactly makes its row odd. Some that can do so too.

    Args:
        any_bytes: whether text may be other bytes than UTF-8 (`ANY_BYTES`).
    """
    found = [each for name, how in zip(names, readings, strict=True) for each in _odd(name, how)]
    if any_bytes:
        found += [
            exp.RegexpLike(this=_concat(name), expression=exp.Literal.string(_NO_ASCII))
            for name, how in zip(names, readings, strict=True)
            if _is_written(how)
        ]
    return exp.func("coalesce", exp.or_(*found), exp.false()) if found else None


def is_plain(array: exp.Expr) -> exp.Expr:
    """Whether ADBC reads the array right: it flattens several dimensions, and loses or refuses a bound."""
    column = array.find(exp.Column) or array
    dimensions = exp.Anonymous(this="array_ndims", expressions=[column.copy()])
    first = exp.Anonymous(this="array_lower", expressions=[column.copy(), exp.Literal.number(1)])
    plain = exp.and_(dimensions.eq(1), first.eq(1))
    return exp.func("coalesce", plain, exp.true())  # NULL for an empty or absent array


def as_text(name: str, *, any_bytes: bool) -> exp.Expr:
    """A column as its type's output function writes it, which a cast to text does not do for every type.

    Args:
        any_bytes: whether that may be other bytes than UTF-8; then it is given as bytes.
    """
    column = exp.column(name, quoted=True)
    # IS NULL would be true of a composite of NULLs too.
    is_there = exp.Anonymous(this="num_nulls", expressions=[column]).eq(0)
    written = _concat(name)
    if any_bytes:
        written = exp.Anonymous(this="convert_to", expressions=[written, exp.Literal.string(ANY_BYTES)])
    return exp.alias_(exp.Case(ifs=[exp.If(this=is_there, true=written)]), name, quoted=True)


def _concat(name: str) -> exp.Expr:
    """What the output function of a column's type writes; nothing for NULL."""
    return exp.Anonymous(this="concat", expressions=[exp.column(name, quoted=True)])


def _is_written(how: Reading) -> bool:
    """Whether the values, or those in the list, land as what the server writes."""
    lands_as = how.lands_as.value_type if how.is_list else how.lands_as
    return lands_as in (pa.string(), pa.json_())


def _odd(name: str, how: Reading) -> list[exp.Expr]:
    column = exp.column(name, quoted=True)
    found: list[exp.Expr] = []
    value: exp.Expr = column
    lands_as = how.lands_as
    if how.is_list:
        found.append(exp.not_(is_plain(column)))
        value, lands_as = exp.Any(this=exp.paren(column.copy())), lands_as.value_type
    if pa.types.is_decimal(lands_as):
        found.append(exp.EQ(this=exp.Literal.string("NaN"), expression=value))
    if pa.types.is_timestamp(lands_as):
        distant = exp.LTE(this=exp.Literal.string(_FIRST_DISTANT), expression=value)
        finite = exp.GT(this=exp.Literal.string("infinity"), expression=value.copy())
        found.append(exp.and_(distant, finite))  # of a list perhaps two values, which is harmless
    return found
