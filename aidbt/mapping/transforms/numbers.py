"""Numbers, units, codes and flags as SQL values (`transforms.value`)."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from collections.abc import Mapping as Dict
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING

from aidbt.core.types import Family
from aidbt.mapping.transforms.value import (
    Row,
    Value,
    cast_or_null,
    fits,
    literal,
    lower,
    mapped,
    string,
    text,
    trimmed,
    used,
    when,
)

if TYPE_CHECKING:
    from sqlglot import exp

TRUE_WORDS = frozenset({"true", "t", "yes", "y", "1", "on"})
FALSE_WORDS = frozenset({"false", "f", "no", "n", "0", "off"})

# What surely fits BIGINT and DECIMAL(38, 9), also times any factor here.
_WHOLE = "^[+-]?[0-9]{1,18}$"
_MOST_DIGITS = 310
_SAFE_DIGITS = 20
_SIZE = re.compile(r"\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)")
_DECIMAL = "^[+-]?[0-9]{1,15}([.][0-9]{1,9})?$"


def number(value: Value) -> Value:
    """The value as a number; null where it is none."""
    from sqlglot import exp

    if value.family in ("integer", "number"):
        return mapped(value, value.tree, _plain)
    value = trimmed(value)
    # BigQuery's NUMERIC has just this size, and sqlglot would leave it out.
    size = "decimal" if value.dialect == "bigquery" else "decimal(38, 9)"
    tree = when(fits(value, _DECIMAL), exp.cast(value.tree, size))

    def of(read: str) -> str | None:
        return _plain(read) if re.fullmatch(_DECIMAL, read) else None

    return mapped(replace(value, family="number"), tree, of)


def bounded(value: Value, data_type: str) -> Value:
    """A number that can be multiplied; null above 10^20 where its type holds more, which would overflow."""
    from sqlglot import exp

    size = _SIZE.search(data_type)
    digits = int(size[1]) - int(size[2] or 0) if size else 0
    if digits <= _SAFE_DIGITS and "huge" not in data_type.lower():
        return value
    highest = 10**_SAFE_DIGITS
    inside = exp.Between(this=value.tree, low=literal(-highest), high=literal(highest))

    def of(read: str) -> str | None:
        found = read_number(read)
        return read if found is not None and abs(found) <= highest else None

    return mapped(value, when(inside, value.tree), of)


def integer(value: Value) -> Value:
    """The value as a whole number; null where it is none."""
    from sqlglot import exp

    if value.family == "integer":
        return mapped(value, value.tree, _whole)
    if value.family == "number":
        return mapped(replace(value, family="integer"), cast_or_null(value, "double", "bigint"), _whole)
    value = trimmed(value)
    tree = when(fits(value, _WHOLE), exp.cast(value.tree, "bigint"))

    def of(read: str) -> str | None:
        return str(int(read)) if re.fullmatch(_WHOLE, read) else None

    return mapped(replace(value, family="integer"), tree, of)


def scaled(value: Value, factor: Fraction, *, before: int = 0, after: int = 0) -> Value:
    """The number (x + before) · factor + after, by product or quotient, whichever needs fewer digits."""
    from sqlglot import exp

    value = number(value)
    tree = exp.Paren(this=_shifted(value.tree, before)) if before else value.tree
    if (times := _as_decimal(factor)) is not None and factor.numerator != 1:
        tree = exp.Mul(this=tree, expression=_exact(times))
    elif (divisor := _as_decimal(1 / factor)) is not None:
        tree = exp.Div(this=tree, expression=_exact(divisor), typed=True)
    else:
        tree = exp.Mul(this=tree, expression=_exact(Decimal(factor.numerator)))
        tree = exp.Div(this=tree, expression=_exact(Decimal(factor.denominator)), typed=True)

    def of(read: str) -> str | None:
        return _written((Fraction(Decimal(read)) + before) * factor + after)

    return mapped(replace(value, family="number"), _shifted(tree, after), of)


def by_unit(amount: Value, unit: Value, factors: Dict[str, Fraction]) -> Value:
    """The number times the factor of its row's unit; null where the unit is another.

    Args:
        factors: by unit, in lower case.
    """
    from sqlglot import exp

    amount, unit = number(amount), lower(trimmed(unit))
    ifs = [
        exp.If(this=string(name), true=amount.tree if factor == 1 else scaled(amount, factor).tree)
        for name, factor in sorted(factors.items())
    ]

    def of(row: Row) -> str | None:
        read, name = amount.of(row), unit.of(row)
        return (
            None
            if read is None or name is None or name not in factors
            else _written(Fraction(Decimal(read)) * factors[name])
        )

    tree = exp.Case(this=unit.tree, ifs=ifs)
    return Value(tree, of, "number", used([amount, unit]), amount.dialect)


def choice(value: Value, labels: Dict[str, str]) -> Value:
    """The label of each code; null for every other."""
    from sqlglot import exp

    value = text(value)
    ifs = [exp.If(this=string(code), true=string(label)) for code, label in sorted(labels.items())]
    return mapped(value, exp.Case(this=value.tree, ifs=ifs), labels.get)


def truth(value: Value, true: Collection[str], false: Collection[str]) -> Value:
    """Whether the value is one of the words for true, whatever their case; null where it is of neither list.

    Args:
        true, false: in lower case.
    """
    from sqlglot import exp

    value = lower(value)
    ifs = [
        exp.If(this=value.tree.isin(*map(string, sorted(words))), true=exp.Boolean(this=said))
        for words, said in ((true, True), (false, False))
    ]
    answers = {**dict.fromkeys(true, "true"), **dict.fromkeys(false, "false")}
    return mapped(replace(value, family="boolean"), exp.Case(ifs=ifs), answers.get)


def truth_as(value: Value, true: str, false: str, family: Family) -> Value:
    """One of two literals for a boolean; null for null."""
    from sqlglot import exp

    write = string if family == "text" else literal
    ifs = [
        exp.If(this=value.tree, true=write(true)),
        exp.If(this=exp.Not(this=value.tree), true=write(false)),
    ]

    def of(read: str) -> str | None:
        return true if read.lower() in TRUE_WORDS else false

    return mapped(replace(value, family=family), exp.Case(ifs=ifs), of)


def negated(value: Value) -> Value:
    """The opposite of a boolean."""
    from sqlglot import exp

    def of(read: str) -> str | None:
        return "false" if read.lower() in TRUE_WORDS else "true"

    return mapped(value, exp.Not(this=value.tree), of)


def first_true(flags: Sequence[tuple[Value, str]]) -> Value:
    """The label of the first flag that is true; null where none is."""
    from sqlglot import exp

    def of(row: Row) -> str | None:
        return next((label for flag, label in flags if (flag.of(row) or "").lower() in TRUE_WORDS), None)

    tree = exp.Case(ifs=[exp.If(this=flag.tree, true=string(label)) for flag, label in flags])
    values = [flag for flag, _ in flags]
    return Value(tree, of, "text", used(values), values[0].dialect)


def read_number(read: str) -> Decimal | None:
    """The number that a text is, or None; what no column type holds is none either."""
    try:
        found = Decimal(read.strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found.adjusted()) <= _MOST_DIGITS else None


def _plain(read: str) -> str | None:
    found = read_number(read)
    return None if found is None else f"{found:f}"


def _whole(read: str) -> str | None:
    found = read_number(read)
    return str(int(found)) if found is not None and found == found.to_integral_value() else None


def _shifted(tree: exp.Expr, offset: int) -> exp.Expr:
    from sqlglot import exp

    if not offset:
        return tree
    shift = exp.Add if offset > 0 else exp.Sub
    return shift(this=tree, expression=_exact(Decimal(abs(offset))))


def _as_decimal(of: Fraction) -> Decimal | None:
    """The fraction as a decimal number of at most 9 places behind the point, or None."""
    found = Decimal(of.numerator) / Decimal(of.denominator)
    return found.normalize() if found == round(found, 9) else None


def _written(of: Fraction) -> str:
    return f"{Decimal(of.numerator) / Decimal(of.denominator):f}"


def _exact(of: Decimal) -> exp.Expr:
    """A literal with a point, so that a whole number times it cannot leave the range of whole numbers."""
    written = f"{of:f}"
    return literal(written if "." in written else f"{written}.0")
