"""TRY_CAST in every dialect: its own where it is total, else a cast behind a guard that lets only those
values through that surely can be cast. A guard may be too strict (the value counts as not castable) but
never too lax (the statement would fail).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sqlglot import exp

from aidbt.core.errors import WarehouseError

_Type = exp.DataType.Type
_Matches = Callable[[exp.Expr, str, str], exp.Expr]


class NoLowering(WarehouseError):
    """A dialect has nothing that means the same as what was asked for."""

    def __init__(self, what: str, dialect: str) -> None:
        super().__init__(
            f"{what} has no equivalent in the SQL of '{dialect}' that aidbt knows",
            hint="this is a gap in aidbt; the question cannot be asked on this warehouse",
        )


_INTEGERS = {_Type.TINYINT: 8, _Type.SMALLINT: 16, _Type.INT: 32, _Type.BIGINT: 64}
DOUBLES = {_Type.DOUBLE, _Type.FLOAT}
_DECIMALS = {_Type.DECIMAL, _Type.BIGDECIMAL}
_TEXTS = {_Type.TEXT, _Type.VARCHAR, _Type.CHAR, _Type.NVARCHAR, _Type.NCHAR, _Type.BPCHAR, _Type.NAME}
_TIMESTAMPS = {_Type.TIMESTAMP, _Type.TIMESTAMPNTZ, _Type.DATETIME}
INSTANTS = {_Type.TIMESTAMPTZ, _Type.TIMESTAMPLTZ}
# Precision and scale of a DECIMAL that names none.
_DEFAULT_DECIMAL = {"redshift": (18, 0), "snowflake": (38, 0)}
_DOUBLE_DIGITS = 15  # a decimal number with no more of them comes back from a double as it was

# ISO dates that exist, and times of day on them.
_MONTHS_AND_DAYS = (
    "((0?[13578]|1[02])-(0?[1-9]|[12][0-9]|3[01])|(0?[469]|11)-(0?[1-9]|[12][0-9]|30)"
    "|0?2-(0?[1-9]|1[0-9]|2[0-8]))"
)
_LEAP_YEARS = (
    "([0-9][0-9](0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)"  # 0000 is no year
)
_YEARS = "([1-9][0-9][0-9][0-9]|0[1-9][0-9][0-9]|00[1-9][0-9]|000[1-9])"
_DATE = f"({_YEARS}-{_MONTHS_AND_DAYS}|{_LEAP_YEARS}-0?2-29)"
_SECONDS = "(:[0-5][0-9]([.][0-9]{1,9})?)?"
_TIME = f"([01][0-9]|2[0-3]):[0-5][0-9]{_SECONDS}"
_OFFSET = "(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)"
DATE_FORM = f"^{_DATE}$"
TIMESTAMP_FORM = f"^{_DATE}([T ]{_TIME}{_OFFSET}?)?$"
# What stays the same when the engine forgets the offset, or moves the time to UTC; what keeps its instant
# whatever the session's time zone is; what stays the same without its time of day.
UTC_FORM = f"^{_DATE}([T ]{_TIME}(Z|[+-]00(:?00)?)?)?$"
INSTANT_FORM = f"^{_DATE}[T ]{_TIME}{_OFFSET}$"
MIDNIGHT_FORM = f"^{_DATE}([T ]00:00(:00([.]0+)?)?(Z|[+-]00(:?00)?)?)?$"
_UUID_FORM = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"

_BOOLEAN_WORDS = ("t", "true", "y", "yes", "on", "1", "f", "false", "n", "no", "off", "0")


class _Cast(NamedTuple):
    """A cast that is asked for: of a value (lowered already) from one type to another."""

    value: exp.Expr
    source: exp.DataType
    to: exp.DataType
    dialect: str
    matches: _Matches

    def none(self) -> NoLowering:
        return NoLowering(f"TRY_CAST from {self.source.sql()} to {self.to.sql()}", self.dialect)

    def fits(self, pattern: str) -> exp.Expr:
        return self.matches(self.value, pattern, self.dialect)


def try_cast(node: exp.Expr, dialect: str, matches: _Matches) -> exp.Expr:
    """The value cast, or null where it cannot be. The source's type must be known.

    Raises:
        NoLowering: the dialect has no such cast, or none that can be guarded.
    """
    value, to = node.this, node.args["to"]
    source = value.to if isinstance(value, exp.Cast) else value.type
    if not isinstance(source, exp.DataType):
        raise NoLowering("TRY_CAST of a value of unknown type", dialect)
    cast = _Cast(value, source, to, dialect, matches)
    if (_group(cast.source), _group(cast.to)) not in _CASTS:
        raise cast.none()
    result: exp.Expr
    if dialect in ("postgres", "redshift") or (dialect == "snowflake" and source.this not in _TEXTS):
        result = exp.cast(value, to)
        for guard in reversed(_GUARDS[_group(cast.source), _group(cast.to)](cast)):
            result = exp.Case(ifs=[exp.If(this=guard, true=result)])
    elif dialect == "bigquery" and to.this in _DECIMALS and to.expressions:
        return _bigquery_decimal(cast)
    else:
        result = exp.TryCast(this=value, to=to, safe=True)
    result.type = to
    return result


def _group(data_type: exp.DataType) -> str:
    kind = data_type.this
    for name, kinds in _GROUPS.items():
        if kind in kinds:
            return name
    return str(kind)


_GROUPS: dict[str, set[exp.DType]] = {
    "integer": set(_INTEGERS),
    "decimal": _DECIMALS,
    "double": DOUBLES,
    "text": _TEXTS,
    "date": {_Type.DATE},
    "timestamp": _TIMESTAMPS | INSTANTS,
    "boolean": {_Type.BOOLEAN},
    "uuid": {_Type.UUID},
}


# --- guards: conditions in turn, each asked only when those before it hold ----------------------------


def _never_fails(cast: _Cast) -> list[exp.Expr]:
    return []


def _text_to_integer(cast: _Cast) -> list[exp.Expr]:
    lowest, highest = integer_range(cast.to, cast.dialect)
    wide = exp.cast(cast.value, "decimal(38, 0)")
    digits = min(len(str(highest)), 38)
    return [cast.fits(f"^[+-]?[0-9]{{1,{digits}}}$"), _between(wide, lowest, highest)]


def _text_to_decimal(cast: _Cast) -> list[exp.Expr]:
    size = _decimal_size(cast.to, cast.dialect)
    if size is None:
        return [_at_most(cast.value, 250), cast.fits("^[+-]?[0-9]+([.][0-9]*)?$")]
    precision, scale = size
    whole = f"(0|[1-9][0-9]{{0,{precision - scale - 1}}})" if precision > scale else "0"
    return [cast.fits(f"^-?{whole}([.][0-9]{{0,{scale}}}0*)?$")]


def _text_to_double(cast: _Cast) -> list[exp.Expr]:
    """By the form alone, since casting is what may overflow: up to 10^307, of a single float to 10^37."""
    is_double = cast.to.this == _Type.DOUBLE
    exponent = "([0-9]{1,2}|[12][0-9]{2}|30[0-7])" if is_double else "([0-9]|[12][0-9]|3[0-7])"
    plain, scientific = "[0-9]+([.][0-9]*)?", f"[0-9]([.][0-9]+)?[eE][+-]?0?{exponent}"
    return [_at_most(cast.value, 250 if is_double else 37), cast.fits(f"^[+-]?({plain}|{scientific})$")]


def _text_to_boolean(cast: _Cast) -> list[exp.Expr]:
    if cast.dialect != "postgres":
        raise cast.none()
    return [exp.Lower(this=cast.value).isin(*_BOOLEAN_WORDS)]


def _text_to_date(cast: _Cast) -> list[exp.Expr]:
    return [cast.fits(TIMESTAMP_FORM)]


def _text_to_uuid(cast: _Cast) -> list[exp.Expr]:
    return [cast.fits(_UUID_FORM)]


def _number_to_integer(cast: _Cast) -> list[exp.Expr]:
    lowest, highest = integer_range(cast.to, cast.dialect)
    if cast.source.this in _INTEGERS:
        own = integer_range(cast.source, cast.dialect)
        if lowest <= own[0] and own[1] <= highest:
            return []
    if cast.source.this not in DOUBLES:
        return [_between(cast.value, lowest, highest)]
    # The highest integers have no double of their own: the next power of two is the first that is too large.
    below = exp.LT(this=cast.value, expression=exp.Literal.number(highest + 1))
    return [exp.GTE(this=cast.value, expression=exp.Literal.number(lowest)), below]


def _number_to_decimal(cast: _Cast) -> list[exp.Expr]:
    size = _decimal_size(cast.to, cast.dialect)
    if size is None:
        return [_is_finite(cast.value)] if cast.source.this in DOUBLES else []
    precision, scale = size
    # Above the largest value, rounding up would overflow. Of more than 15 digits it has no double of its own.
    digits = "9" * precision
    if cast.source.this in DOUBLES and precision > _DOUBLE_DIGITS:
        digits = "9" * _DOUBLE_DIGITS + "0" * (precision - _DOUBLE_DIGITS)
    limit = f"{digits[: precision - scale] or '0'}.{digits[precision - scale :]}".rstrip(".")
    # Not by ABS, which the lowest integer has none of.
    low, high = exp.Literal.number(f"-{limit}"), exp.Literal.number(limit)
    return [exp.Between(this=cast.value, low=low, high=high)]


def _number_to_double(cast: _Cast) -> list[exp.Expr]:
    if cast.source.this in _INTEGERS or (cast.to.this == _Type.DOUBLE and cast.source.this in DOUBLES):
        return []
    largest, least = ("1e307", "1e-307") if cast.to.this == _Type.DOUBLE else ("3e38", "1.2e-38")
    size = exp.Abs(this=cast.value)
    inside = exp.Between(this=size, low=exp.Literal.number(least), high=exp.Literal.number(largest))
    return [exp.or_(cast.value.eq(exp.Literal.number(0)), inside)]


def _integer_to_boolean(cast: _Cast) -> list[exp.Expr]:
    if cast.source.this != _Type.INT and cast.dialect == "postgres":
        raise cast.none()  # PostgreSQL casts no other integer
    return []


def _boolean_to_integer(cast: _Cast) -> list[exp.Expr]:
    if cast.to.this != _Type.INT and cast.dialect == "postgres":
        raise cast.none()
    return []


def _boolean_to_text(cast: _Cast) -> list[exp.Expr]:
    if cast.dialect == "redshift":
        raise cast.none()
    return []


def _date_to_timestamp(cast: _Cast) -> list[exp.Expr]:
    if cast.dialect != "postgres":
        return []
    # PostgreSQL's dates reach further than its timestamps; both know infinity.
    last = exp.cast(exp.Literal.string("9999-12-31"), "date")
    infinite = exp.not_(exp.Anonymous(this="isfinite", expressions=[cast.value]))
    return [exp.or_(exp.LTE(this=cast.value, expression=last), infinite)]


_Guard = Callable[[_Cast], list[exp.Expr]]
_GUARDS: dict[tuple[str, str], _Guard] = {
    ("text", "text"): _never_fails,
    ("text", "integer"): _text_to_integer,
    ("text", "decimal"): _text_to_decimal,
    ("text", "double"): _text_to_double,
    ("text", "boolean"): _text_to_boolean,
    ("text", "date"): _text_to_date,
    ("text", "timestamp"): _text_to_date,
    ("text", "uuid"): _text_to_uuid,
    ("integer", "integer"): _number_to_integer,
    ("integer", "decimal"): _number_to_decimal,
    ("integer", "double"): _number_to_double,
    ("integer", "boolean"): _integer_to_boolean,
    ("integer", "text"): _never_fails,
    ("decimal", "integer"): _number_to_integer,
    ("decimal", "decimal"): _number_to_decimal,
    ("decimal", "double"): _number_to_double,
    ("decimal", "text"): _never_fails,
    ("double", "integer"): _number_to_integer,
    ("double", "decimal"): _number_to_decimal,
    ("double", "double"): _number_to_double,
    ("double", "text"): _never_fails,
    ("boolean", "boolean"): _never_fails,
    ("boolean", "integer"): _boolean_to_integer,
    ("boolean", "text"): _boolean_to_text,
    ("date", "date"): _never_fails,
    ("date", "timestamp"): _date_to_timestamp,
    ("date", "text"): _never_fails,
    ("timestamp", "date"): _never_fails,
    ("timestamp", "timestamp"): _never_fails,
    ("timestamp", "text"): _never_fails,
    ("uuid", "uuid"): _never_fails,
    ("uuid", "text"): _never_fails,
}
KNOWN_TYPES = frozenset(kind for kinds in _GROUPS.values() for kind in kinds)
# The casts that every dialect has. A pair that an engine refuses would fail the whole statement.
_CASTS = frozenset(_GUARDS)


def integer_range(data_type: exp.DataType, dialect: str) -> tuple[int, int]:
    """The lowest and highest value of an integer type."""
    if dialect == "snowflake":  # every integer type is a name for NUMBER(38, 0)
        return -(10**38 - 1), 10**38 - 1
    bits = _INTEGERS[data_type.this]
    if dialect in ("postgres", "redshift"):
        bits = max(bits, 16)  # they have no TINYINT, which is written as SMALLINT
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def _decimal_size(data_type: exp.DataType, dialect: str) -> tuple[int, int] | None:
    """Precision and scale; None when there is no limit."""
    sizes = [int(size.name) for size in data_type.expressions]
    if not sizes:
        return _DEFAULT_DECIMAL.get(dialect)
    return sizes[0], sizes[1] if len(sizes) > 1 else 0


def _bigquery_decimal(cast: _Cast) -> exp.Expr:
    """sqlglot leaves out the size, so it is kept by rounding and by comparing with the largest value."""
    precision, scale = _decimal_size(cast.to, cast.dialect) or (38, 9)
    plain = exp.DataType(this=cast.to.this if precision - scale <= 29 and scale <= 9 else _Type.BIGDECIMAL)
    number = exp.TryCast(this=cast.value, to=plain, safe=True)
    rounded = exp.Anonymous(this="round", expressions=[number, exp.Literal.number(scale)])
    size = exp.Abs(this=rounded)
    limit = exp.TryCast(this=exp.Literal.string(f"1e{precision - scale}"), to=exp.DataType.build("double"))
    fits = exp.LT(this=exp.cast(size, "double"), expression=limit)
    result = exp.Case(ifs=[exp.If(this=fits, true=rounded)])
    result.type = plain
    return result


def _between(value: exp.Expr, lowest: int, highest: int) -> exp.Expr:
    return exp.Between(this=value, low=exp.Literal.number(lowest), high=exp.Literal.number(highest))


def _at_most(text: exp.Expr, characters: int) -> exp.Expr:
    return exp.LTE(this=exp.Length(this=text), expression=exp.Literal.number(characters))


def _is_finite(value: exp.Expr) -> exp.Expr:
    largest = exp.Literal.number("1.7976931348623157e308")
    return exp.LTE(this=exp.Abs(this=value), expression=largest)
