"""SQL expressions and filters of a semantic layer as terms of a question, as far as those can say them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, cast

from sqlglot import exp, parse_one
from sqlglot.errors import ParseError, TokenError

from aidbt.semantic.planning.errors import CannotPlan
from aidbt.semantic.query import (
    All,
    AnyOf,
    Arithmetic,
    Attribute,
    Calculation,
    Case,
    Comparison,
    Grain,
    Length,
    Matches,
    Missing,
    Not,
    OneOf,
    Operator,
    Predicate,
    Term,
    Value,
)
from aidbt.sql.dialect import sqlglot_dialect
from aidbt.sql.negations import with_nots

ColumnTerm = Callable[[str], Term]
"""The term that a column's name stands for."""

_ARITHMETIC: dict[type[exp.Expr], Arithmetic] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
_COMPARISONS: dict[type[exp.Expr], Operator] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip


def term_of(sql: str, column: ColumnTerm, dialect: str) -> Term:
    """The term that an expression is.

    Raises:
        CannotPlan: it holds something that terms cannot say.

    Example:
        >>> term_of("price * 2", lambda name: Attribute("orders", name), "duckdb")
        ... # doctest: +NORMALIZE_WHITESPACE
        Calculation(operator='*', left=Attribute(table='orders', column='price', via=(), grain=None,
                    part=None), right=Value(value=2))
    """
    return _Reader(sql, column).term(_parsed(sql, dialect))


def predicate_of(sql: str, column: ColumnTerm, dialect: str) -> Predicate:
    """The predicate that a condition is.

    Raises:
        CannotPlan: it holds something that predicates cannot say.
    """
    return _Reader(sql, column).predicate(_parsed(sql, dialect))


def _parsed(sql: str, dialect: str) -> exp.Expr:
    try:
        return with_nots(parse_one(sql, dialect=sqlglot_dialect(dialect)))
    except (ParseError, TokenError) as error:
        raise CannotPlan(f"`{sql}` cannot be read as SQL") from error


class _Reader:
    def __init__(self, sql: str, column: ColumnTerm) -> None:
        self._sql, self._column = sql, column

    def term(self, node: exp.Expr) -> Term:
        """The term that an expression is."""
        match node:
            case exp.Paren():
                return self.term(node.this)
            case exp.Column() if not node.args.get("table"):
                return self._column(node.name)
            case exp.Literal() | exp.Boolean() | exp.Null():
                return Value(self._constant(node))
            case exp.Neg():
                return Calculation("-", Value(0), self.term(node.this))
            case exp.Cast() if isinstance(node.this, exp.Literal):
                return Value(self._time(node))
            case exp.Coalesce() if len(node.expressions) == 1:
                this = self.term(node.this)
                return Case(Missing(this), self.term(node.expressions[0]), this)
            case exp.Nullif():
                this = self.term(node.this)
                return Case(Comparison("=", this, self.term(node.expression)), Value(None), this)
            case exp.Length():
                return Length(self.term(node.this))
            case exp.Case() if node.this is None:
                return self._case(node)
            case exp.TimestampTrunc() | exp.DateTrunc():
                return self._cut(node)
        operator = _ARITHMETIC.get(type(node))
        if operator is None:
            raise self._refusal(node)
        return Calculation(operator, self.term(node.this), self.term(node.expression))

    def predicate(self, node: exp.Expr) -> Predicate:
        """The predicate that a condition is."""
        match node:
            case exp.Paren():
                return self.predicate(node.this)
            case exp.And():
                return All((self.predicate(node.left), self.predicate(node.right)))
            case exp.Or():
                return AnyOf((self.predicate(node.left), self.predicate(node.right)))
            case exp.Not():
                return Not(self.predicate(node.this))
            case exp.Is() if isinstance(node.expression, exp.Null):
                return Missing(self.term(node.this))
            case exp.In() if node.expressions and not node.args.get("query"):
                values = tuple(Value(self._constant(item)) for item in node.expressions)
                return OneOf(self.term(node.this), values)
            case exp.Between():
                this, low, high = self.term(node.this), node.args["low"], node.args["high"]
                least, most = self.term(low), self.term(high)
                return All((Comparison(">=", this, least), Comparison("<=", this, most)))
            case exp.Like():
                return self._like(node)
            case exp.Column():
                return Comparison("=", self.term(node), Value(True))
        operator = _COMPARISONS.get(type(node))
        if operator is None:
            raise self._refusal(node)
        return Comparison(operator, self.term(node.this), self.term(node.expression))

    def _case(self, node: exp.Case) -> Term:
        default = node.args.get("default")
        found = self.term(default) if default is not None else Value(None)
        for branch in reversed(node.args["ifs"]):
            found = Case(self.predicate(branch.this), self.term(branch.args["true"]), found)
        return found

    def _cut(self, node: exp.Expr) -> Term:
        """A time cut to a grain."""
        time = self.term(node.this)
        unit = node.args["unit"].name.lower()
        is_whole = isinstance(time, Attribute) and time.grain is None and time.part is None
        if not is_whole or unit not in set(Grain):
            raise self._refusal(node)
        return replace(cast(Attribute, time), grain=Grain(unit))

    def _like(self, node: exp.Like) -> Predicate:
        """A comparison with a pattern whose only wildcards are at its ends."""
        pattern = node.expression
        if not isinstance(pattern, exp.Literal) or not pattern.is_string:
            raise self._refusal(node)
        text = pattern.name.strip("%")
        if set("%_\\") & set(text):
            raise self._refusal(node)
        raw = pattern.name
        if not raw.startswith("%"):
            how: Literal["starts", "ends", "contains", "is"] = "starts" if raw.endswith("%") else "is"
        else:
            how = "contains" if raw.endswith("%") else "ends"
        return Matches(self.term(node.this), how, text, ignores_case=False)

    def _constant(self, node: exp.Expr) -> str | int | float | bool | dt.date | dt.datetime | None:
        match node:
            case exp.Literal() if node.is_string:
                return node.name
            case exp.Literal():
                return int(node.name) if node.name.isdigit() else float(node.name)
            case exp.Boolean():
                return bool(node.this)
            case exp.Null():
                return None
            case exp.Neg():
                number = self._constant(node.this)
                if isinstance(number, int | float):
                    return -number
            case exp.Cast():
                return self._time(node)
        raise self._refusal(node)

    def _time(self, node: exp.Cast) -> dt.date | dt.datetime:
        """A constant date or time."""
        try:
            if node.to.this is exp.DataType.Type.DATE:
                return dt.date.fromisoformat(node.this.name)
            if node.to.this in (exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPNTZ):
                return dt.datetime.fromisoformat(node.this.name)
        except ValueError:
            pass
        raise self._refusal(node)

    def _refusal(self, node: exp.Expr) -> CannotPlan:
        return CannotPlan(f"`{node.sql()}` in `{self._sql}` cannot be said in a plan")
