"""Pieces of SQL in definitions: `COUNT(DISTINCT user_id)`, `SUM(CASE WHEN paid THEN 1 END) / COUNT(*)`.

They are never run: a piece becomes a term of the query's form, made of columns that the graph has, or is not
understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import ParseError, TokenError, exp, parse_one

from aidbt.semantic.english.meanings.number_phrases import Number
from aidbt.semantic.english.meanings.ways import leads_to_one
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import (
    All,
    AnyOf,
    Arithmetic,
    Attribute,
    Calculation,
    Case,
    Comparison,
    Function,
    Measure,
    Missing,
    Not,
    OneOf,
    Operator,
    Predicate,
    Term,
    Value,
    both,
)
from aidbt.sql.negations import with_nots

_LOOKS_LIKE_SQL = re.compile(r"\b(?:sum|count|avg|min|max|coalesce|nullif)\s*\(|\bcase\s+when\b", re.I)
_FRACTIONS = {*exp.DataType.FLOAT_TYPES, exp.DataType.Type.DECIMAL}
_FUNCTIONS: dict[type[exp.Expr], Function] = {
    exp.Sum: "sum", exp.Avg: "avg", exp.Min: "min", exp.Max: "max", exp.Median: "median",
    exp.Stddev: "stddev", exp.Count: "count",
}  # fmt: skip
_ARITHMETIC: dict[type[exp.Expr], Arithmetic] = {
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/",
}  # fmt: skip
_OPERATORS: dict[type[exp.Expr], Operator] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip


_KINDS: dict[str, tuple[type, ...]] = {"text": (str,), "number": (int, float), "bool": (bool,)}


# What is made of a longer piece would be too deep to be looked through.
_MOST_NODES = 400


class _NotUnderstood(Exception):
    """A piece holds what has no place in the form of a query."""


_OF_ROWS = re.compile(
    r"^(?P<sql>.*\)),? (?:(?:only )?(?:over|of|for|among|across)"
    r"|(?:counting|considering|including)(?: only)?)"
    r" (?:only )?(?:all |the )*(?!each\b|every\b)(?P<rest>[^()=/*+]+?)(?: only)?$",
    re.I,
)


def of_rows(text: str) -> tuple[str, str]:
    """A piece of SQL, and in words the rows that it is of; "" where none are said.

    Example:
        >>> of_rows("SUM(amount - discount) over paid invoices")
        ('SUM(amount - discount)', 'paid invoices')
    """
    match = _OF_ROWS.match(text) if _LOOKS_LIKE_SQL.search(text) else None
    return (match["sql"], match["rest"]) if match else (text, "")


def number_of_sql(text: str, graph: Graph) -> Number | None:
    """The number that a piece of SQL calculates; None for what is no SQL, or not understood."""
    if not _LOOKS_LIKE_SQL.search(text):
        return None
    statement = _parsed(text)
    if statement is None:
        return None
    try:
        return _Reader(statement, graph).number()
    except _NotUnderstood:
        return None


def condition_of_sql(text: str, graph: Graph, table: str = "") -> tuple[str, Predicate] | None:
    """The table and the predicate of `status = 'paid' AND amount > 0`; None where it is not understood.

    Args:
        table: the one whose columns are meant; "" for the only one that has them all.
    """
    statement = _parsed(text)
    if statement is None:
        return None
    try:
        reader = _Reader(statement, graph, table)
        return reader.home(), reader.predicate(statement.selects[0])
    except _NotUnderstood:
        return None


def _parsed(text: str) -> exp.Select | None:
    """A text as what a SELECT shows, with its FROM and WHERE where they are written."""
    bare = re.sub(r"^select\s+", "", text.strip().rstrip(";"), flags=re.I)
    try:
        statement = with_nots(parse_one("SELECT " + bare, dialect="postgres"))
    except (ParseError, TokenError, RecursionError):
        return None
    if sum(1 for _ in statement.walk()) > _MOST_NODES:
        return None
    is_plain = isinstance(statement, exp.Select) and len(statement.selects) == 1
    known = {"kind", "expressions", "from_", "where", "operation_modifiers"}
    extra = [name for name, value in statement.args.items() if value and name not in known]
    return statement if is_plain and isinstance(statement, exp.Select) and not extra else None


@dataclass
class _Reader:
    """Makes terms of one parsed piece.

    Attributes:
        table: whose columns are meant; "" for those that have them.
    """

    statement: exp.Select
    graph: Graph
    table: str = ""

    def number(self) -> Number:
        shown = self.statement.selects[0].unalias()
        if not any(shown.find_all(exp.AggFunc)):
            raise _NotUnderstood
        where = self.statement.args.get("where")
        term = self._aggregate_term(shown, self.predicate(where.this) if where else None)
        return Number(term, self.home())

    def home(self) -> str:
        """The table whose rows a piece is of: it has all columns itself, or the others are each row's."""
        named = self.statement.find(exp.Table)
        wanted = (
            [named.name] if named else [self.table] if self.table else [t.name for t in self.graph.tables]
        )
        columns = list(self._columns())
        homes = [name for name in wanted if all(self._seen_from(name, column) for column in columns)]
        own = [name for name in homes if columns and all(self._own(name, column) for column in columns)]
        if len(own or homes) != 1 or not columns:
            raise _NotUnderstood
        return (own or homes)[0]

    def _columns(self) -> Iterator[exp.Column]:
        yield from self.statement.find_all(exp.Column)

    def _own(self, table: str, column: exp.Column) -> Attribute | None:
        found = next((t for t in self.graph.tables if t.name.lower() == table.lower()), None)
        names = [c.name for c in found.columns if c.name.lower() == column.name.lower()] if found else []
        return Attribute(found.name, names[0]) if found and names else None

    def _seen_from(self, table: str, column: exp.Column) -> Attribute | None:
        """A column of a table's rows, or of the one row of another that each of them leads to."""
        own = self._own(table, column)
        if own is not None:
            return own
        found = [at for t in self.graph.tables if (at := self._own(t.name, column)) is not None]
        return found[0] if len(found) == 1 and leads_to_one(self.graph, table, found[0].table) else None

    def _attribute(self, column: exp.Column) -> Attribute:
        found = self._seen_from(self.home(), column)
        if found is None:
            raise _NotUnderstood
        return found

    # --- terms ----------------------------------------------------------------------------------------

    def _aggregate_term(self, node: exp.Expr, where: Predicate | None) -> Term:
        """What is calculated with aggregates."""
        node = _bare(node)
        if isinstance(node, exp.Filter):
            return self._aggregate_term(node.this, both(where, self.predicate(node.expression.this)))
        if type(node) in _FUNCTIONS:
            if node.this is None or node.expressions:
                raise _NotUnderstood  # `COUNT()`, and `MAX(a, b)`, which is the greater of two to some
            return self._measure(_FUNCTIONS[type(node)], node.this, where)
        if type(node) in _ARITHMETIC:
            left = self._aggregate_term(node.this, where)
            return Calculation(_ARITHMETIC[type(node)], left, self._aggregate_term(node.expression, where))
        return _literal(node)

    def _measure(self, function: Function, of: exp.Expr, where: Predicate | None) -> Term:
        home = self.home()
        of = _bare(of)
        if isinstance(of, exp.Distinct) and function == "count" and len(of.expressions) == 1:
            function, of = "count_distinct", _bare(of.expressions[0])
        if isinstance(of, exp.Case):
            when, then = self._only_case(of, function)
            counted = self._measure(function, then, both(where, when))
            if function != "avg":
                return counted
            return self._share(then, both(where, when), where)
        if function == "count":
            missing = None if isinstance(of, (exp.Star, exp.Literal)) else Not(Missing(self._term(of)))
            return Measure("count", home, None, both(where, missing))
        if function == "sum" and isinstance(of, exp.Literal) and of.name in ("1", "1.0"):
            return Measure("count", home, None, where)
        return Measure(function, home, self._term(of), where)

    def _share(self, then: exp.Expr, part: Predicate | None, where: Predicate | None) -> Term:
        """`AVG(CASE WHEN … THEN 1 ELSE 0 END)`: the share of rows of which it holds."""
        value = _literal(then).value
        if not isinstance(value, int | float):
            raise _NotUnderstood
        ratio = Calculation(
            "/", Measure("count", self.home(), None, part), Measure("count", self.home(), None, where)
        )
        return ratio if value == 1 else Calculation("*", ratio, Value(value))

    def _only_case(self, case: exp.Case, function: Function) -> tuple[Predicate, exp.Expr]:
        """The condition and the value of a CASE that has one, and adds nothing otherwise."""
        branches, default = case.args["ifs"], case.args.get("default")
        if len(branches) != 1 or case.this is not None:
            raise _NotUnderstood
        is_null = default is None or isinstance(default, exp.Null)
        is_zero = isinstance(default, exp.Literal) and _literal(default).value in (0, "0")
        if not (is_null if function not in ("sum", "avg") else is_zero or (is_null and function == "sum")):
            raise _NotUnderstood
        return self.predicate(branches[0].this), branches[0].args["true"]

    def _term(self, node: exp.Expr) -> Term:
        """A value of each row."""
        node = _bare(node)
        if isinstance(node, exp.Column):
            return self._attribute(node)
        if type(node) in _ARITHMETIC:
            left = self._term(node.this)
            return Calculation(_ARITHMETIC[type(node)], left, self._term(node.expression))
        if isinstance(node, exp.Case) and len(node.args["ifs"]) == 1 and node.args.get("default"):
            branch = node.args["ifs"][0]
            then, otherwise = self._term(branch.args["true"]), self._term(node.args["default"])
            return Case(self.predicate(branch.this), then, otherwise)
        return _literal(node)

    # --- predicates -----------------------------------------------------------------------------------

    def predicate(self, node: exp.Expr) -> Predicate:
        node = node.unnest().unalias()
        match node:
            case exp.And():
                found = both(self.predicate(node.this), self.predicate(node.expression))
                return found if found is not None else All(())
            case exp.Or():
                return AnyOf((self.predicate(node.this), self.predicate(node.expression)))
            case exp.Not():
                return Not(self.predicate(node.this))
            case exp.Is() if isinstance(node.expression, exp.Null):
                return Missing(self._term(node.this))
            case exp.In() if node.expressions:
                return OneOf(self._term(node.this), tuple(map(_literal, node.expressions)))
            case exp.Between():
                low = Comparison(">=", self._term(node.this), self._term(node.args["low"]))
                high = Comparison("<=", self._term(node.this), self._term(node.args["high"]))
                return All((low, high))
            case exp.Column():
                return self._flag(node)
        return self._comparison(node)

    def _comparison(self, node: exp.Expr) -> Predicate:
        if type(node) not in _OPERATORS:
            raise _NotUnderstood
        left, right = self._term(node.this), self._term(node.expression)
        if not any(isinstance(side, Attribute) for side in (left, right)):
            raise _NotUnderstood
        self._check_kinds(left, right)
        if isinstance(right, Value) and isinstance(right.value, str) and isinstance(node, exp.EQ):
            return OneOf(left, (right,))
        return Comparison(_OPERATORS[type(node)], left, right)

    def _check_kinds(self, left: Term, right: Term) -> None:
        """That a column is compared with a constant of its own kind."""
        for column, constant in ((left, right), (right, left)):
            if isinstance(column, Attribute) and isinstance(constant, Value):
                kind = self.graph.table(column.table).column(column.column).kind
                if not isinstance(constant.value, _KINDS.get(kind, ())):
                    raise _NotUnderstood

    def _flag(self, node: exp.Column) -> Predicate:
        attribute = self._attribute(node)
        if self.graph.table(attribute.table).column(attribute.column).kind != "bool":
            raise _NotUnderstood
        return Comparison("=", attribute, Value(True))


def _bare(node: exp.Expr) -> exp.Expr:
    """A node without brackets, and what only makes fractions of numbers or keeps from dividing by zero."""
    node = node.unnest()
    while isinstance(node, (exp.Cast, exp.Nullif)):
        inner = node.this.unnest()
        if isinstance(node, exp.Cast):
            is_plain = node.to.this in _FRACTIONS or isinstance(inner, exp.Literal)
        else:
            is_plain = isinstance(node.expression, exp.Literal) and _literal(node.expression).value == 0
        if not is_plain:
            raise _NotUnderstood
        node = inner
    return node


def _literal(node: exp.Expr) -> Value:
    """A constant as it is written."""
    node = _bare(node)
    if isinstance(node, exp.Neg):
        value = _literal(node.this).value
        if isinstance(value, int | float):
            return Value(-value)
    if isinstance(node, exp.Boolean):
        return Value(bool(node.this))
    if not isinstance(node, exp.Literal):
        raise _NotUnderstood
    if node.is_string:
        return Value(node.name)
    return Value(int(node.name) if node.name.isdecimal() else float(node.name))  # `1e3` too
