"""The types of expressions, as the engines give them; none where it is not certain.

A rule works on canonical words, e.g. "DECIMAL(10,2)" or "INTEGER[]" on DuckDB; "" is a type that is not
known and "NULL" that of a bare NULL.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from sqlglot import exp
from sqlglot.errors import SqlglotError

DType = exp.DType
_SAME_AS_FIRST = (
    exp.Min, exp.Max, exp.AnyValue, exp.First, exp.Last, exp.FirstValue, exp.LastValue, exp.NthValue,
    exp.Lag, exp.Lead, exp.IgnoreNulls, exp.RespectNulls, exp.Filter, exp.Paren, exp.Alias, exp.Ordered,
    exp.Distinct, exp.HavingMax, exp.Collate,
)  # fmt: skip
_UNIFIED = (exp.Coalesce, exp.Greatest, exp.Least)
_BOOLEANS = (
    exp.Predicate, exp.Connector, exp.Not, exp.Exists, exp.LogicalAnd, exp.LogicalOr, exp.StartsWith,
    exp.EndsWith, exp.Contains, exp.RegexpLike, exp.Boolean, exp.IsNan, exp.IsInf, exp.ArrayContains,
)  # fmt: skip
NULL = "NULL"
# Functions of which the tree does not keep the place, under the only name that they have.
_NAMES: dict[type[exp.Expr], str] = {
    exp.Max: "max", exp.Min: "min", exp.Floor: "floor", exp.Ceil: "ceil", exp.PercentileCont: "quantile_cont",
    exp.PercentileDisc: "quantile_disc", exp.StructExtract: "struct_extract",
}  # fmt: skip


def declared(text: str, dialect: str) -> exp.DataType | None:
    """A type as it is declared, which keeps its words; None for no words."""
    return _declared(text, dialect) if text.strip() else None


@functools.lru_cache(maxsize=4096)
def _declared(text: str, dialect: str) -> exp.DataType:
    try:
        found = exp.DataType.build(text, dialect=dialect or None)
    except SqlglotError:
        found = None
    if not isinstance(found, exp.DataType):  # an enum or another type of the user's own
        found = exp.DataType(this=DType.USERDEFINED, kind=text)
    found.meta["text"] = text
    return found


class TypeRules:
    """What is the same in most dialects: casts, conditions, and functions that pass a type on.

    Attributes:
        text_type, boolean, date: the words for the types of texts, conditions and dates.
        count: the type of counts; "" where it is not certain.
        position: the type of the number of an item in a list.
        integer_literal: the type of a whole number that is written out.

    Args:
        text: the query, from which a function's name is read as it is written.
    """

    text_type = ""
    boolean = "BOOLEAN"
    date = "DATE"
    count = ""
    position = "BIGINT"
    integer_literal = ""

    def __init__(self, dialect: str, text: str) -> None:
        self.dialect = dialect
        self.text = text

    # --- between words and trees --------------------------------------------------------------------------

    def words(self, data_type: exp.DataType | None) -> str:
        """The canonical words of a type; "" when it is not known."""
        if data_type is None:
            return ""
        meta = data_type.meta
        known = meta.get("canonical")
        if known is None:
            known = meta["canonical"] = self._words(data_type)
        return str(known)

    def shown(self, data_type: exp.DataType | None) -> str:
        """The words for people: as declared where the type comes from a relation unchanged."""
        if data_type is None:
            return ""
        text = data_type.meta.get("text")
        words = str(text) if text else self.words(data_type)
        return "" if words == NULL or '"NULL"' in words else words

    def tree(self, words: str) -> exp.DataType | None:
        """The type of canonical words."""
        if not words:
            return None
        return _canonical(words, self.dialect)

    def _words(self, data_type: exp.DataType) -> str:
        if data_type.this in (DType.UNKNOWN, DType.USERDEFINED):
            return str(data_type.meta.get("text", ""))
        return NULL if data_type.this is DType.NULL else data_type.sql(self.dialect or None)

    def field_type(self, data_type: exp.DataType | None, name: str) -> exp.DataType | None:
        """The type of a field of a struct; None for anything that is not known to have it."""
        for column in struct_fields(data_type):
            if column.name.lower() == name.lower():
                return column.kind
        return None

    # --- of expressions -----------------------------------------------------------------------------------

    def type_of(self, node: exp.Expr) -> exp.DataType | None:
        """The type of an expression whose parts have theirs; None when it is not certain."""
        if isinstance(node, exp.Cast):
            return self._cast(node)
        return self.tree(self._type_of(node))

    def _cast(self, node: exp.Cast) -> exp.DataType | None:
        target = node.args["to"]
        return target if isinstance(target, exp.DataType) else None

    def _type_of(self, node: exp.Expr) -> str:
        if isinstance(node, exp.Null):
            return NULL
        if isinstance(node, exp.Literal):
            return self.literal(node)
        if isinstance(node, exp.Window | exp.WithinGroup):
            return ""
        if isinstance(node, exp.Case):
            results = [branch.args["true"] for branch in node.args["ifs"]]
            return self.unify([node.args.get("default"), *results])
        if isinstance(node, exp.If):
            return self.unify([node.args.get("false"), node.args["true"]])
        if isinstance(node, _UNIFIED):
            return self.unify([node.this, *node.expressions])
        return self.function(node)

    def literal(self, node: exp.Literal) -> str:
        if node.is_string:
            return self.text_type
        return self.integer_literal if node.is_int else ""

    def function(self, node: exp.Expr) -> str:
        """The type of what is no literal, no CASE and no cast."""
        if isinstance(node, _BOOLEANS):
            return self.boolean
        if isinstance(node, _SAME_AS_FIRST):
            return self.words(node.this.type) if isinstance(node.this, exp.Expr) else ""
        if isinstance(node, exp.Nullif):
            return self.words(node.this.type)
        if isinstance(node, exp.Count | exp.CountIf):
            return self.count
        if isinstance(node, exp.CurrentDate):
            return self.date
        return ""

    def unify(self, nodes: Sequence[exp.Expr | None]) -> str:
        """The one type of several expressions of which one is taken; None stands for a missing ELSE."""
        return self.unified([self.words(node.type) for node in nodes if node is not None])

    def unified(self, types: Sequence[str]) -> str:
        """The one type for values of several types, e.g. of the branches of a UNION."""
        own = {words for words in types if words != NULL}
        if not own:
            return NULL
        return own.pop() if len(own) == 1 else ""

    def united(self, types: Sequence[str]) -> str:
        """The one type of a column of a set operation."""
        return self.unified(types)

    def struct(self, fields: Sequence[tuple[str, exp.DataType | None]]) -> exp.DataType | None:
        """The type of a row with these fields; None where that of one is not known."""
        if not fields or any(not self.words(kind) for _, kind in fields):
            return None
        parts = [
            exp.ColumnDef(this=exp.to_identifier(name, quoted=True), kind=kind.copy())
            for name, kind in fields
            if kind is not None
        ]
        return exp.DataType(this=DType.STRUCT, expressions=parts, nested=True)

    def is_nullable(self, node: exp.Expr, any_part: bool) -> bool:
        """Whether an expression may be NULL, given whether any of its parts may be."""
        if isinstance(node, exp.Count | exp.CountIf | exp.RowNumber | exp.Rank | exp.DenseRank | exp.Exists):
            return False
        if isinstance(node, exp.Is):
            return False
        if isinstance(node, exp.Window):
            return self.is_nullable(node.this, True)
        if isinstance(node, exp.Coalesce):
            return any_part and not any(_is_never_null(part) for part in (node.this, *node.expressions))
        if isinstance(node, exp.TryCast):
            return True
        keeps = (
            exp.Column, exp.Literal, exp.Boolean, exp.Cast, exp.Paren, exp.Alias, exp.EQ, exp.NEQ, exp.GT,
            exp.GTE, exp.LT, exp.LTE, exp.And, exp.Or, exp.Not, exp.Add, exp.Sub, exp.Mul, exp.Lower,
            exp.Upper, exp.Trim, exp.Between, exp.Columns, exp.PositionalColumn, exp.Ordered, exp.Concat,
        )  # fmt: skip
        return any_part if isinstance(node, keeps) else True

    def written_name(self, node: exp.Expr) -> str:
        """The name of a function as the query writes it, in lower case; "" when the tree does not tell."""
        meta = node._meta
        if not meta or "start" not in meta:
            return node.name.lower() if isinstance(node, exp.Anonymous) else _NAMES.get(type(node), "")
        return self.text[meta["start"] : meta["end"] + 1].strip('"').lower()


@functools.lru_cache(maxsize=4096)
def _canonical(words: str, dialect: str) -> exp.DataType:
    if words == NULL:
        found = exp.DataType(this=DType.NULL)
    else:
        found = _declared(words, dialect).copy()
        found.meta.pop("text", None)
    found.meta["canonical"] = words
    return found


def struct_fields(data_type: exp.DataType | None) -> list[exp.ColumnDef]:
    """The fields of a struct type, in order; none for any other type."""
    if data_type is None or data_type.this not in (DType.STRUCT, DType.OBJECT):
        return []
    return [column for column in data_type.expressions if isinstance(column, exp.ColumnDef)]


def item_type(data_type: exp.DataType | None) -> exp.DataType | None:
    """The type of the items of a list type, or None."""
    if data_type is None or data_type.this not in (DType.ARRAY, DType.LIST) or not data_type.expressions:
        return None
    item = data_type.expressions[0]
    return item if isinstance(item, exp.DataType) else None


def bare(node: exp.Expr) -> exp.Expr:
    """An expression without the brackets around it."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _is_never_null(node: exp.Expr) -> bool:
    """Whether an expression is a constant that is not NULL, or a count."""
    if isinstance(node, exp.Paren | exp.Cast):
        return not isinstance(node, exp.TryCast) and _is_never_null(node.this)
    return isinstance(node, exp.Literal | exp.Boolean | exp.Count)


class BigQueryRules(TypeRules):
    text_type, boolean, count, integer_literal = "STRING", "BOOL", "INT64", "INT64"
    position = "INT64"
    _TEXT = (exp.Lower, exp.Upper, exp.Trim, exp.Concat, exp.Substring, exp.Replace, exp.GroupConcat)

    def function(self, node: exp.Expr) -> str:
        if isinstance(node, exp.RowNumber | exp.Rank | exp.DenseRank | exp.Ntile):
            return "INT64"
        if isinstance(node, exp.Sum):
            words = self.words(node.this.type)
            return words if words in ("INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC") else ""
        if isinstance(node, self._TEXT):
            return "STRING" if self._all_text(node) else ""
        return super().function(node)

    def _all_text(self, node: exp.Expr) -> bool:
        return isinstance(node.this, exp.Expr) and self.words(node.this.type) == "STRING"


class SparkRules(TypeRules):
    text_type, count, integer_literal, position = "STRING", "BIGINT", "INT", "INT"
    _TEXT = (exp.Lower, exp.Upper, exp.Trim, exp.Concat, exp.Replace)
    _WHOLE = frozenset({"TINYINT", "SMALLINT", "INT", "BIGINT"})

    def function(self, node: exp.Expr) -> str:
        if isinstance(node, exp.RowNumber | exp.Rank | exp.DenseRank | exp.Ntile):
            return "INT"
        if isinstance(node, exp.Sum):
            words = self.words(node.this.type)
            return "BIGINT" if words in self._WHOLE else "DOUBLE" if words in ("FLOAT", "DOUBLE") else ""
        if isinstance(node, exp.Avg):
            return "DOUBLE" if self.words(node.this.type) in {*self._WHOLE, "FLOAT", "DOUBLE"} else ""
        if isinstance(node, self._TEXT) and isinstance(node.this, exp.Expr):
            return "STRING" if self.words(node.this.type) == "STRING" else ""
        return super().function(node)


class BigintCountRules(TypeRules):
    """Dialects that count in BIGINT: Redshift, Trino and their kin."""

    count = "BIGINT"

    def function(self, node: exp.Expr) -> str:
        if isinstance(node, exp.RowNumber | exp.Rank | exp.DenseRank):
            return "BIGINT"
        return super().function(node)


_DIGITS = re.compile(r"\d+")


def digits(words: str) -> list[int]:
    """The numbers in the brackets of a type."""
    return [int(number) for number in _DIGITS.findall(words.partition("(")[2])]
