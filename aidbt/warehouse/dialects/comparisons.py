"""Comparisons in every dialect: of times of unlike types, of texts that hold wildcards, and of nulls."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from aidbt.warehouse.dialects.casts import DOUBLES, INSTANTS, NoLowering
from aidbt.warehouse.dialects.times import WALL_CLOCK, WALL_CLOCKS, value_type

_Lowering = Callable[[exp.Expr, str], exp.Expr]
_Type = exp.DataType.Type

# From the least to the most that a type of time says.
_TIME_TYPES = ({_Type.DATE}, WALL_CLOCKS, INSTANTS)
_TIME_NAMES = ("date", WALL_CLOCK, "timestamptz")
_NUMBERS = exp.DataType.NUMERIC_TYPES | DOUBLES
# Nothing but an equality joins rows of both sides by hashing, and a FULL JOIN not at all without one.
_HASHES_EQUALITY_ONLY = ("postgres", "redshift", "bigquery", "trino")


def _alike(node: exp.Expr, dialect: str) -> exp.Expr:
    """Two values as one type of time: BigQuery compares no date with a time."""
    if dialect == "bigquery":
        left, right = _of_one_type([node.this, node.expression])
        node.set("this", left)
        node.set("expression", right)
    return node


def _coalesced(node: exp.Expr, dialect: str) -> exp.Expr:
    if dialect == "bigquery":
        first, *others = _of_one_type([node.this, *node.expressions])
        node.set("this", first)
        node.set("expressions", others)
    return node


def _of_one_type(values: list[exp.Expr]) -> list[exp.Expr]:
    ranks = [_time_rank(value) for value in values]
    if None in ranks or len(set(ranks)) == 1:
        return values
    widest = max(rank for rank in ranks if rank is not None)
    name = _TIME_NAMES[widest]
    return [
        value if rank == widest else exp.cast(value.this if _is_constant(value) else value, name)
        for value, rank in zip(values, ranks, strict=True)
    ]


def _is_constant(value: exp.Expr) -> bool:
    return isinstance(value, exp.Cast) and isinstance(value.this, exp.Literal)


def _time_rank(value: exp.Expr) -> int | None:
    known = value_type(value)
    if known is None:
        return None
    return next((rank for rank, types in enumerate(_TIME_TYPES) if known.this in types), None)


def _same(node: exp.Expr, dialect: str) -> exp.Expr:
    """Whether two values are equal or both null, in equalities that a join can hash."""
    if dialect not in _HASHES_EQUALITY_ONLY:
        return node
    node = _alike(node, dialect)
    left, right = node.this, node.expression
    known = value_type(left) or value_type(right)
    stand_in = _stand_in(known)
    if stand_in is None:
        left, right = exp.cast(left, "text"), exp.cast(right, "text")
        stand_in = exp.Literal.string("")
    values = [exp.Coalesce(this=value, expressions=[stand_in]) for value in (left, right)]
    nulls = [exp.Paren(this=exp.Is(this=value, expression=exp.null())) for value in (left, right)]
    both = [exp.EQ(this=one, expression=two) for one, two in (values, nulls)]
    return exp.And(this=both[0], expression=both[1])


def _stand_in(known: exp.DataType | None) -> exp.Expr | None:
    """A value of the type that stands where null does; None when the type is not known."""
    if known is None:
        return None
    if known.this in exp.DataType.TEXT_TYPES:
        return exp.Literal.string("")
    if known.this in _NUMBERS:
        return exp.Literal.number(0)
    if known.this is _Type.BOOLEAN:
        return exp.false()
    if any(known.this in types for types in _TIME_TYPES):
        return exp.cast(exp.Literal.string("1970-01-01"), known)
    return None


def _escaped(node: exp.Expr, dialect: str) -> exp.Expr:
    """LIKE with an escape of its own: on BigQuery, which has none to choose, a backslash."""
    like, escape = node.this, node.expression.name
    if dialect != "bigquery":
        return node
    if not isinstance(like.expression, exp.Literal):
        raise NoLowering("LIKE of a pattern that is not known, with ESCAPE", dialect)
    written: exp.Expr = like.copy()  # with what else it holds: NOT LIKE is a flag of the node
    written.set("expression", exp.Literal.string(_backslashed(like.expression.name, escape)))
    return written


def _backslashed(pattern: str, escape: str) -> str:
    r"""A pattern of LIKE whose escape is a backslash.

    Example:
        >>> _backslashed(r"50!%\!!%", "!")
        '50\\%\\\\!%'
    """
    result, characters = "", iter(pattern)
    for character in characters:
        literal = next(characters) if character == escape else character
        is_special = literal == "\\" or (character == escape and literal in "%_")
        result += f"\\{literal}" if is_special else literal
    return result


COMPARISONS: Mapping[type[exp.Expr], _Lowering] = {
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), _alike),
    exp.Coalesce: _coalesced,
    exp.Escape: _escaped,
    exp.NullSafeEQ: _same,
}
