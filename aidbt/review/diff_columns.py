"""Which columns of two builds of a model belong together, and in which type they can be compared."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from aidbt.core.schema import Column, Relation
from aidbt.core.types import has_time_zone, is_plain_text, is_same_type, type_family
from aidbt.review.diff_values import Retyped, SchemaDiff

Kind = Literal["integer", "decimal", "float", "text", "date", "timestamp", "boolean", "time", "other"]

# Where Id and ID are one column.
_IGNORES_CASE = ("duckdb", "bigquery", "spark", "databricks", "trino")
# Where numbers of different scale are compared as they are: PostgreSQL's have no limit, and sqlglot leaves
# out the size of BigQuery's.
_COMPARES_DECIMALS = ("postgres", "bigquery")
_SIZE = re.compile(r"\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)")
_DIGITS = {
    "tinyint": 3, "utinyint": 3, "smallint": 5, "usmallint": 5, "int2": 5, "integer": 10, "int": 10,
    "int4": 10, "uinteger": 10, "bigint": 19, "int8": 19, "int64": 20, "long": 19, "ubigint": 20,
}  # fmt: skip
_WIDEST = 38
_SINGLE = ("real", "float4", "float32")


@dataclass(frozen=True, slots=True)
class Pair:
    """A column of base and the column of head that is the same one.

    Attributes:
        name: what it is called on head.
        kind: what is asked about its changes; that of the type in which it is compared.
        common: the type that both are cast to, in DuckDB's words; "" when they are compared as they are.
        is_exact: whether two values are the same exactly when their texts are: then a hash of them tells.
    """

    base: Column
    head: Column
    kind: Kind
    common: str = ""
    is_exact: bool = True

    @property
    def name(self) -> str:
        return self.head.name


@dataclass(frozen=True, slots=True)
class Matched:
    """The columns of two relations.

    Attributes:
        pairs: what can be compared, in the order of head; ignored columns are left out.
        added, removed: columns of one side, ignored ones left out.
        not_compared: (name, why).
    """

    pairs: tuple[Pair, ...]
    added: tuple[Column, ...]
    removed: tuple[Column, ...]
    schema: SchemaDiff
    not_compared: tuple[tuple[str, str], ...]

    def pair(self, name: str, dialect: str) -> Pair | None:
        """The pair of that name, on either side."""
        wanted = folded(name, dialect)
        return next(
            (p for p in self.pairs if wanted in (folded(p.name, dialect), folded(p.base.name, dialect))), None
        )


def folded(name: str, dialect: str) -> str:
    """A column's name as the dialect compares it.

    Example:
        >>> folded("Id", "duckdb"), folded("Id", "postgres")
        ('id', 'Id')
    """
    return name.lower() if dialect in _IGNORES_CASE else name


def match_columns(base: Relation, head: Relation, *, dialect: str, ignore: Collection[str] = ()) -> Matched:
    """The columns of both sides by name, and how they differ as columns."""
    ignored = {folded(name, dialect) for name in ignore}
    old = {folded(c.name, dialect): c for c in base.columns}
    new = {folded(c.name, dialect): c for c in head.columns}
    both = [(old[key], new[key]) for key in new if key in old]
    pairs, retyped, left_out = [], [], []
    for b, h in both:
        pair = _pair(b, h, dialect)
        if not is_same_type(b.data_type, h.data_type, dialect):
            retyped.append(Retyped(h.name, b.data_type, h.data_type, _in_words(pair)))
        if folded(h.name, dialect) in ignored:
            continue
        if pair is None:
            left_out.append((h.name, _why(b, h, dialect)))
        else:
            pairs.append(pair)
    added = [c for key, c in new.items() if key not in old]
    removed = [c for key, c in old.items() if key not in new]
    schema = SchemaDiff(
        added=tuple((c.name, c.data_type) for c in added),
        removed=tuple((c.name, c.data_type) for c in removed),
        retyped=tuple(retyped),
        respelled=tuple((b.name, h.name) for b, h in both if b.name != h.name),
        is_reordered=[key for key in old if key in new] != [key for key in new if key in old],
    )
    return Matched(
        pairs=tuple(pairs),
        added=tuple(c for c in added if folded(c.name, dialect) not in ignored),
        removed=tuple(c for c in removed if folded(c.name, dialect) not in ignored),
        schema=schema,
        not_compared=tuple(left_out),
    )


def kind_of(data_type: str, dialect: str) -> Kind:
    """What is asked about a column of a type.

    Example:
        >>> kind_of("DECIMAL(9,2)", "duckdb"), kind_of("money", "postgres"), kind_of("FLOAT64", "bigquery")
        ('decimal', 'other', 'float')
    """
    family = type_family(data_type)
    if data_type.strip().lower() == "money":  # PostgreSQL's, which no other number is compared with
        return "other"
    if family == "number":
        return "float" if re.match(r"(double|float|real)", data_type.strip(), re.IGNORECASE) else "decimal"
    if family == "text":
        return "text" if is_plain_text(data_type) else "other"
    return family


def _pair(base: Column, head: Column, dialect: str) -> Pair | None:
    """None when they cannot be compared."""
    own, other = kind_of(base.data_type, dialect), kind_of(head.data_type, dialect)
    if is_same_type(base.data_type, head.data_type, dialect) or own == other == "text":
        if own == "other" and not can_be_text(head.data_type, dialect):
            return None
        return Pair(base, head, own, is_exact=_is_exact(own, head.data_type))
    found = _common(own, other, base.data_type, head.data_type, dialect)
    return Pair(base, head, found[0], found[1], is_exact=False) if found else None


def _is_exact(kind: Kind, data_type: str) -> bool:
    """A number without a scale may be written with more or fewer zeros; of floats, -0 is 0."""
    return kind not in ("float", "other") and (kind != "decimal" or "(" in data_type)


def _common(own: Kind, other: Kind, base: str, head: str, dialect: str) -> tuple[Kind, str] | None:
    """The kind and the type in which two types are compared without losing what they have in common."""
    kinds = {own, other}
    if kinds <= {"integer", "decimal", "float"}:
        return _common_number(kinds, base, head, dialect)
    if kinds <= {"date", "timestamp"}:
        if kinds == {"timestamp"} and has_time_zone(base, dialect) != has_time_zone(head, dialect):
            return "timestamp", "timestamptz"
        return "timestamp", "timestamp"
    if "text" in kinds and kinds & {"integer", "date"}:
        return "text", "text"
    coded = all(type_family(data_type) == "text" for data_type in (base, head))  # uuid, enum
    return ("text", "text") if coded else None


def _common_number(kinds: set[Kind], base: str, head: str, dialect: str) -> tuple[Kind, str] | None:
    if "float" in kinds:
        single = any(data_type.strip().lower() in _single(dialect) for data_type in (base, head))
        return "float", "float" if single else "double"
    kind: Kind = "decimal" if "decimal" in kinds else "integer"
    if dialect in _COMPARES_DECIMALS or (kind == "integer" and dialect != "duckdb"):
        return kind, ""
    sizes = [_digits(data_type) for data_type in (base, head)]
    scale = max(size[1] for size in sizes)
    digits = max(size[0] - size[1] for size in sizes) + scale
    if digits > _WIDEST:
        return "float", "double"
    return kind, f"decimal({digits}, {scale})"


def _single(dialect: str) -> Sequence[str]:
    """The names of single-precision floats."""
    if dialect in ("snowflake", "bigquery"):
        return ()
    return (*_SINGLE, "float") if dialect in ("duckdb", "spark", "databricks") else _SINGLE


def _digits(data_type: str) -> tuple[int, int]:
    """Precision and scale of a number; what names none holds anything up to the widest."""
    size = _SIZE.search(data_type)
    if size:
        return int(size[1]), int(size[2] or 0)
    family = type_family(data_type)
    return (_DIGITS.get(data_type.strip().lower(), _WIDEST), 0) if family == "integer" else (_WIDEST, 9)


def _in_words(pair: Pair | None) -> str:
    return "" if pair is None else pair.common or pair.head.data_type


def _why(base: Column, head: Column, dialect: str) -> str:
    if is_same_type(base.data_type, head.data_type, dialect):
        return f"values of type {head.data_type} cannot be compared"
    return f"{base.data_type} and {head.data_type} have nothing in common to compare"


# --- types that are compared as text -------------------------------------------------------------------

# What a value of a nested or unusual type is as text; x is the column. DuckDB compares all as they are.
_ANY_TEXT = {"postgres": "cast(x as text)"}
_NESTED_TEXT = {
    **dict.fromkeys(("spark", "databricks"), "cast(x as string)"),
    "snowflake": "cast(x as varchar)",
    "bigquery": "to_json_string(x)",
    "redshift": "json_serialize(x)",
    "trino": "json_format(cast(x as json))",
}
_BINARY_TEXT = {
    **dict.fromkeys(("spark", "databricks"), "base64(x)"),
    "snowflake": "base64_encode(x)",
    "bigquery": "to_base64(x)",
    "redshift": "from_varbyte(x, 'hex')",
    "trino": "to_base64(x)",
}
_NESTED = re.compile(r"(struct|array|map|row|json|variant|object|super)\b", re.IGNORECASE)
_BINARY = re.compile(r"(binary|varbinary|bytes|varbyte)\b", re.IGNORECASE)
_CODED_TEXT = {"trino": "cast(x as varchar)"}  # uuid


def text_template(data_type: str, dialect: str) -> str | None:
    """The dialect's own SQL for a value of an unusual type as text, of a column x; None when there is none.

    Example:
        >>> text_template("STRUCT<a INT64>", "bigquery"), text_template("GEOGRAPHY", "bigquery")
        ('to_json_string(x)', None)
    """
    if dialect in _ANY_TEXT:
        return _ANY_TEXT[dialect]
    data_type = data_type.strip()
    if _NESTED.match(data_type):
        return _NESTED_TEXT.get(dialect)
    if _BINARY.match(data_type):
        return _BINARY_TEXT.get(dialect)
    return _CODED_TEXT.get(dialect) if type_family(data_type) == "text" else None


def can_be_text(data_type: str, dialect: str) -> bool:
    """Whether values of an unusual type can be compared in a dialect."""
    return dialect == "duckdb" or text_template(data_type, dialect) is not None
