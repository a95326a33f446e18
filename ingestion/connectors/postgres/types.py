"""How each type of PostgreSQL is read: the expression in the SELECT, and the Arrow type it lands as.

ADBC gives much as raw bytes or wrongly (measured with 1.13): numeric as text, money times 100, enums, inet,
ranges, bits and timetz as bytes, oids above 2^31 as negative, arrays of several dimensions flattened. So
only what is listed in `_AS_IT_IS` is taken from it, all else is cast to text by the server, and what is not
known is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
from sqlglot import exp

_AS_IT_IS: dict[str, pa.DataType] = {
    "bool": pa.bool_(),
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "text": pa.string(),
    "varchar": pa.string(),
    "bpchar": pa.string(),  # with its padding: a cast to text would drop it
    "name": pa.string(),
    "bytea": pa.binary(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "time": pa.time64("us"),
    "uuid": pa.uuid(),
}
_JSON = ("json", "jsonb")
# Types of extensions whose text is their value. Everything else that is not PostgreSQL's own is refused.
_TEXT_OF_EXTENSIONS = frozenset(
    ("hstore", "citext", "ltree", "lquery", "ltxtquery", "cube", "seg", "isbn", "isbn13", "issn", "issn13",
     "ismn", "ismn13", "ean13", "upc", "semver", "vector", "halfvec", "sparsevec")
)  # fmt: skip
_MAX_DECIMAL = 38
_TYPMOD_HEADER = 4


@dataclass(frozen=True, slots=True)
class PgType:
    """A row of pg_type.

    Attributes:
        kind: pg_type.typtype: b base, c composite, d domain, e enum, m multirange, p pseudo, r range.
        element: of an array: the type of what it holds; 0 for all others, int2vector and point too.
        base, base_typmod: of a domain: what it is made from.
    """

    oid: int
    schema: str
    name: str
    kind: str
    element: int
    base: int
    base_typmod: int

    @property
    def is_own(self) -> bool:
        """Whether it is PostgreSQL's own."""
        return self.schema == "pg_catalog"

    @property
    def full_name(self) -> str:
        """Its name, with its schema where it is not PostgreSQL's own."""
        return self.name if self.is_own else f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a column is read.

    Attributes:
        select: what is selected.
        lands_as: the Arrow type it has in the stream; what ADBC gives is converted to it, exactly.
        is_list: whether it is an array that has to be checked: a list holds one dimension, from 1.
    """

    select: exp.Expr
    lands_as: pa.DataType
    is_list: bool = False


def reading(column: str, oid: int, typmod: int, types: Mapping[int, PgType]) -> Reading | None:
    """How a column of a type is read; None when the type is not known."""
    c = exp.column(column, quoted=True)
    pg_type, typmod = resolve(oid, typmod, types)
    if pg_type.element:
        return _array(c, pg_type, typmod, types)
    if pg_type.kind == "c":
        return _composite(c)
    scalar = _scalar(pg_type, typmod)
    if scalar is None:
        return None
    lands_as, cast = scalar
    return Reading(_cast(c, cast, pg_type), lands_as)


def text_reading(column: str, oid: int, types: Mapping[int, PgType]) -> Reading:
    """A column as PostgreSQL writes it, whatever its type."""
    c = exp.column(column, quoted=True)
    pg_type, _ = resolve(oid, -1, types)
    return Reading(_cast(c, None if pg_type.name == "bpchar" else "text", pg_type), pa.string())


def resolve(oid: int, typmod: int, types: Mapping[int, PgType]) -> tuple[PgType, int]:
    """The type under all domains, with the modifier that counts: the outermost that has one."""
    pg_type = types[oid]
    while pg_type.kind == "d":
        typmod = pg_type.base_typmod if typmod == -1 else typmod
        pg_type = types[pg_type.base]
    return pg_type, typmod


def _array(c: exp.Column, array: PgType, typmod: int, types: Mapping[int, PgType]) -> Reading | None:
    element, typmod = resolve(array.element, typmod, types)
    if element.kind == "c" or element.element:  # of composites, or of domains over arrays
        return _composite(c)
    scalar = _scalar(element, typmod)
    if scalar is None:
        return None
    lands_as, cast = scalar
    # An array of a domain is no array of its base type for ADBC either.
    is_domain = types[array.element].kind == "d"
    if cast is None and is_domain:
        cast = element.name
    # Through the text of the whole array, for the same reason as in _cast.
    values = exp.cast(c, "text") if element.name == "inet" else c
    select = exp.cast(values, cast + "[]", dialect="postgres") if cast else c
    return Reading(select, pa.list_(pa.field("item", lands_as)), is_list=True)


def _cast(c: exp.Column, to: str | None, pg_type: PgType) -> exp.Expr:
    if to == "text" and pg_type.name == "inet":
        # A cast writes 10.0.0.1 as 10.0.0.1/32, "for historical reasons"; abbrev is what psql prints.
        return exp.Anonymous(this="abbrev", expressions=[c])
    return exp.cast(c, to, dialect="postgres") if to else c


def _composite(c: exp.Column) -> Reading:
    """Kept whole as JSON, with the names of its fields."""
    as_json = exp.Anonymous(this="to_json", expressions=[c])
    return Reading(exp.cast(as_json, "text"), pa.json_())


def _scalar(pg_type: PgType, typmod: int) -> tuple[pa.DataType, str | None] | None:
    """What a type lands as, and what the server casts it to first; None when it is not known."""
    if pg_type.is_own and pg_type.name in _AS_IT_IS:
        return _AS_IT_IS[pg_type.name], None
    if pg_type.is_own and pg_type.name == "oid":
        return pa.int64(), "bigint"
    if pg_type.is_own and pg_type.name in _JSON:
        return pa.json_(), "text"
    if pg_type.is_own and pg_type.name == "numeric":
        return _decimal(typmod) or pa.string(), "text"
    if pg_type.is_own or pg_type.kind in ("e", "r", "m") or pg_type.name in _TEXT_OF_EXTENSIONS:
        return pa.string(), "text"
    return None


def _decimal(typmod: int) -> pa.DataType | None:
    """numeric(p, s) as a decimal that holds all its values; None without p and s, or beyond 38 digits."""
    if typmod < _TYPMOD_HEADER:
        return None
    precision = (typmod - _TYPMOD_HEADER) >> 16 & 0xFFFF
    scale = (typmod - _TYPMOD_HEADER) & 0x7FF
    if scale >= 0x400:  # eleven bits with a sign, since PostgreSQL 15: numeric(3, -2) holds 12300
        scale -= 0x800
    digits = max(precision, scale) if scale >= 0 else precision - scale
    return pa.decimal128(digits, max(scale, 0)) if digits <= _MAX_DECIMAL else None
