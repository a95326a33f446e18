"""Pieces of the trees that a data diff's statements are made of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cache

import sqlglot
from sqlglot import exp

from aidbt.review.diff_columns import Kind, Pair
from aidbt.warehouse.rows import number

TEXT, DOUBLE = exp.DataType.build("text"), exp.DataType.build("double")
_LARGEST = "1e150"  # the distance of two such numbers is still a number
_MOST_TEXTS = 60


def balanced(join: Callable[..., exp.Expr], parts: Sequence[exp.Expr]) -> exp.Expr:
    """Many parts joined two by two, as a tree that is no deeper than it must be: parsers and generators
    take one level of a stack for each.
    """
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    left, right = balanced(join, parts[:middle]), balanced(join, parts[middle:])
    if join is exp.Or:
        left, right = (exp.Paren(this=side) for side in (left, right))
    return join(this=left, expression=right)


def concatenated(parts: Sequence[exp.Expr]) -> exp.Expr:
    """Texts one after the other. In brackets where there are many: on Trino each || in a row becomes an
    argument of CONCAT, which takes 127.
    """
    if len(parts) > _MOST_TEXTS:
        size = -(-len(parts) // _MOST_TEXTS)
        groups = [parts[place : place + size] for place in range(0, len(parts), size)]
        return concatenated([exp.Paren(this=concatenated(group)) for group in groups])
    return balanced(_concatenation, parts)


def _concatenation(this: exp.Expr, expression: exp.Expr) -> exp.Expr:
    return exp.DPipe(this=this, expression=expression, safe=True)


def all_of(*conditions: exp.Expr) -> exp.Expr:
    wrapped = [exp.Paren(this=c) if isinstance(c, exp.Or) else c for c in conditions]
    return balanced(exp.And, wrapped)


def case(condition: exp.Expr, value: exp.Expr) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=condition, true=value)])


def count() -> exp.Expr:
    return exp.Count(this=exp.Star())


def count_if(condition: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="count_if", expressions=[condition])


def more_than_one() -> exp.Expr:
    return exp.GT(this=count(), expression=number(1))


def is_null(value: exp.Expr) -> exp.Expr:
    return exp.Is(this=value, expression=exp.null())


def is_filled(value: exp.Expr) -> exp.Expr:
    return exp.Not(this=is_null(value))


def is_missing(alias: str) -> exp.Expr:
    """Whether a joined row has nothing on a side, by the first part of the key, which is never null."""
    return is_null(exp.column("k0", alias))


def is_matched() -> exp.Expr:
    return all_of(*(exp.Not(this=is_missing(alias)) for alias in "bh"))


def numbered(letters: str, pairs: Collection[Pair]) -> list[exp.Expr]:
    return [exp.column(f"{letters}{place}") for place in range(len(pairs))]


def is_small(double: exp.Expr) -> exp.Expr:
    """Whether it is a number of which a distance can be told: neither NaN nor infinite."""
    return exp.LT(this=exp.Abs(this=double), expression=exp.Literal.number(_LARGEST))


def seconds(value: exp.Expr, kind: Kind) -> exp.Expr:
    """Seconds since 1970 UTC; null for an infinite time."""
    typed = value.copy()
    typed.type = exp.DataType.build(kind)
    finite = exp.Anonymous(this="isfinite", expressions=[typed])
    return case(finite, exp.Anonymous(this="epoch", expressions=[typed]))


def squeezed(text: exp.Expr) -> exp.Expr:
    """A text without its white space, in lower case."""
    arguments = [text, *map(exp.Literal.string, (r"\s+", "", "g"))]
    return exp.Lower(this=exp.Anonymous(this="regexp_replace", expressions=arguments))


def text_of(value: exp.Expr, kind: Kind) -> exp.Expr:
    if kind == "boolean":  # Redshift casts none, and not all write it in the same way
        yes, no = exp.Literal.string("true"), exp.Literal.string("false")
        return exp.Case(ifs=[exp.If(this=value, true=yes), exp.If(this=exp.Not(this=value), true=no)])
    return exp.cast(value, TEXT)


def table_alias(name: str) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(name))


def filled_template(template: str, dialect: str, value: exp.Expr) -> exp.Expr:
    """The dialect's own SQL with a value in the place of its only column."""
    return _parsed(template, dialect).transform(lambda node: value if isinstance(node, exp.Column) else node)


@cache
def _parsed(template: str, dialect: str) -> exp.Expr:
    return sqlglot.parse_one(template, dialect=dialect)
