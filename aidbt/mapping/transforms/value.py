"""SQL values that also know in Python what they give for a row, so that a proposal can be tried on rows.

Each function makes both sides at once: a sqlglot tree in the dialect's own words, and a function from a row
of texts to a text. They agree on every row that Python can read, and no tree fails on any: what cannot be
read is null.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from aidbt.core.schema import Column
from aidbt.core.types import Family, has_time_zone, is_plain_text, type_family
from aidbt.sql.identifiers import quote_identifier

if TYPE_CHECKING:
    from sqlglot import exp

Row = Dict[str, str | None]

_STRPOS = {"spark": "instr", "databricks": "instr"}


@dataclass(frozen=True, slots=True)
class Value:
    """A scalar SQL expression.

    Attributes:
        tree: in the dialect's own words; not changed once made.
        of: what it gives for a row, as text; None for null.
        family: of its type; "other" for what cannot be read without knowing the session.
        columns: the source columns it uses, each once, in order.
    """

    tree: exp.Expr
    of: Callable[[Row], str | None]
    family: Family
    columns: tuple[str, ...]
    dialect: str


def column_value(column: Column, dialect: str) -> Value:
    """A column as it is; one of an unknown or coded type as its text."""
    from sqlglot import exp

    # Written by our own rules for names, which sqlglot's quoting does not know.
    tree: exp.Expr = exp.Column(this=exp.Var(this=quote_identifier(column.name, dialect)))
    family = type_family(column.data_type)
    if family == "timestamp" and has_time_zone(column.data_type, dialect):
        family = "other"
    elif family == "other" or (family == "text" and not is_plain_text(column.data_type)):
        tree, family = exp.cast(tree, "text"), "text"
    name = column.name
    return Value(tree, lambda row: row.get(name), family, (name,), dialect)


def text(value: Value) -> Value:
    """The value as text."""
    from sqlglot import exp

    if value.family == "text":
        return value
    return replace(value, tree=exp.cast(value.tree, "text"), family="text")


def lower(value: Value) -> Value:
    from sqlglot import exp

    value = text(value)
    return mapped(value, exp.Lower(this=value.tree), str.lower)


def upper(value: Value) -> Value:
    from sqlglot import exp

    value = text(value)
    return mapped(value, exp.Upper(this=value.tree), str.upper)


def trimmed(value: Value) -> Value:
    """The text without blanks around it."""
    from sqlglot import exp

    if value.family != "text":
        return text(value)
    return mapped(value, exp.Trim(this=value.tree), lambda read: read.strip(" "))


def filled(value: Value) -> Value:
    """The text without blanks around it; null where nothing is left."""
    from sqlglot import exp

    if value.family != "text":
        return text(value)
    value = trimmed(value)
    tree = exp.Nullif(this=value.tree, expression=string(""))
    return mapped(value, tree, lambda read: read or None)


def before(value: Value, separator: str) -> Value:
    """What stands before the first separator; all of it where there is none, null where it is empty."""
    from sqlglot import exp

    value = text(value)
    tree: exp.Expr
    if value.dialect == "bigquery":
        first = [call("safe_offset", literal(0))]
        tree = exp.Bracket(this=call("split", value.tree, string(separator)), expressions=first)
    elif value.dialect in ("spark", "databricks"):
        tree = call("substring_index", value.tree, string(separator), literal(1))
    else:
        tree = call("split_part", value.tree, string(separator), literal(1))
    return filled(mapped(value, tree, lambda read: read.split(separator, 1)[0]))


def after(value: Value, separator: str) -> Value:
    """What stands after the first separator; null where there is none, or nothing behind it."""
    from sqlglot import exp

    value = text(value)
    place = call(_STRPOS.get(value.dialect, "strpos"), value.tree, string(separator))
    if value.dialect == "snowflake":
        place = call("position", string(separator), value.tree)
    rest = call("substr", value.tree, exp.Add(this=place, expression=literal(len(separator))))
    tree = when(exp.GT(this=place, expression=literal(0)), rest)
    return filled(
        mapped(value, tree, lambda read: read.split(separator, 1)[1] if separator in read else None)
    )


def after_last(value: Value, separator: str) -> Value:
    """What stands after the last separator; all of it where there is none, null where it is empty."""
    return _mirrored(before(_mirrored(text(value)), separator[::-1]))


def before_last(value: Value, separator: str) -> Value:
    """What stands before the last separator; null where there is none, or nothing before it."""
    return _mirrored(after(_mirrored(text(value)), separator[::-1]))


def joined(values: Sequence[Value], separators: Sequence[str]) -> Value:
    """The values as one text. A part that is null or blank takes the separator before it along; where all
    are, the result is null.

    Args:
        separators: between each value and the next, one fewer than values.
    """
    from sqlglot import exp

    parts = [trimmed(values[0]), *(filled(value) for value in values[1:])]
    tree: exp.Expr = exp.Coalesce(this=parts[0].tree, expressions=[string("")])
    for part, separator in zip(parts[1:], separators, strict=True):
        behind = pipe(string(separator), part.tree) if separator else part.tree
        tree = pipe(tree, exp.Coalesce(this=behind, expressions=[string("")]))
    # Letters may be those of a value.
    edges = "".join(sorted({char for separator in separators for char in separator if not char.isalnum()}))
    if edges:  # what is left of a separator whose first value is missing
        tree = exp.Trim(this=tree, expression=string(edges)) if edges != " " else exp.Trim(this=tree)

    def of(row: Row) -> str | None:
        read = parts[0].of(row) or ""
        for part, separator in zip(parts[1:], separators, strict=True):
            found = part.of(row)
            read += separator + found if found is not None else ""
        return (read.strip(edges) if edges else read) or None

    return Value(exp.Nullif(this=tree, expression=string("")), of, "text", used(values), values[0].dialect)


def prefixed(value: Value, prefix: str) -> Value:
    """The text with something before it; null stays null."""
    value = text(value)
    return mapped(value, pipe(string(prefix), value.tree), lambda read: prefix + read)


def first_filled(values: Sequence[Value]) -> Value:
    """The first of the values that is not null; as text where their types differ."""
    from sqlglot import exp

    if len({value.family for value in values}) > 1:
        values = [text(value) for value in values]
    tree = exp.Coalesce(this=values[0].tree, expressions=[value.tree for value in values[1:]])

    def of(row: Row) -> str | None:
        return next((read for value in values if (read := value.of(row)) is not None), None)

    return Value(tree, of, values[0].family, used(values), values[0].dialect)


# --- what values are made of ----------------------------------------------------------------------------


def mapped(value: Value, tree: exp.Expr, read: Callable[[str], str | None]) -> Value:
    """The value with another tree, which gives `read` of what the value gave; null stays null."""
    of = value.of

    def changed(row: Row) -> str | None:
        found = of(row)
        return None if found is None else read(found)

    return replace(value, tree=tree, of=changed)


def spelled(left: Value, between: str, right: Value) -> Value:
    """Two texts with something between them; null when either is."""

    def of(row: Row) -> str | None:
        a, b = left.of(row), right.of(row)
        return None if a is None or b is None else a + between + b

    tree = pipe(pipe(left.tree, string(between)), right.tree)
    return Value(tree, of, "text", used([left, right]), left.dialect)


def piece(value: Value, start: int, length: int) -> Value:
    """Some characters of the text, the first of which is number 1."""
    tree = call("substr", value.tree, literal(start), literal(length))
    return mapped(value, tree, lambda read: read[start - 1 : start - 1 + length])


def cast_or_null(value: Value, source: str, to: str) -> exp.Expr:
    """The dialect's cast that gives null for what cannot be cast.

    Args:
        source: the value's type, in DuckDB's words as `to`.

    Raises:
        NoLowering: the dialect has no such cast.
    """
    from sqlglot import exp

    from aidbt.warehouse.dialects.casts import try_cast
    from aidbt.warehouse.dialects.lowering import matches

    # Guards put an operator behind it.
    operand = exp.Paren(this=value.tree) if isinstance(value.tree, exp.DPipe) else value.tree.copy()
    operand.type = exp.DataType.build(source)
    node = exp.TryCast(this=operand, to=exp.DataType.build(to))
    return node if value.dialect == "duckdb" else try_cast(node, value.dialect, matches)


def fits(value: Value, pattern: str) -> exp.Expr:
    """Whether the text matches a regular expression in the words that all engines share."""
    from aidbt.warehouse.dialects.lowering import matches

    return matches(value.tree, pattern, value.dialect)


def when(condition: exp.Expr, tree: exp.Expr) -> exp.Expr:
    """The tree where the condition holds, else null."""
    from sqlglot import exp

    return exp.Case(ifs=[exp.If(this=condition, true=tree)])


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """A function by its name: those that sqlglot knows it would write in words of its own."""
    from sqlglot import exp

    return exp.Anonymous(this=name, expressions=list(arguments))


def pipe(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    return exp.DPipe(this=left, expression=right, safe=True)


def literal(of: Any) -> exp.Expr:
    """A number."""
    from sqlglot import exp

    return exp.Literal.number(of)


def string(of: str) -> exp.Expr:
    from sqlglot import exp

    return exp.Literal.string(of)


def used(values: Sequence[Value]) -> tuple[str, ...]:
    """The columns of all the values, each once."""
    return tuple(dict.fromkeys(name for value in values for name in value.columns))


def _mirrored(value: Value) -> Value:
    return mapped(value, call("reverse", value.tree), lambda read: read[::-1])


def sql(value: Value, known: Sequence[str]) -> str:
    """The text of the value, its words in lower case as people write them.

    Args:
        known: names that keep their case where they stand bare.

    Raises:
        NoLowering: sqlglot would drop something in this dialect.
    """
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.errors import ErrorLevel, UnsupportedError
    from sqlglot.tokens import TokenType  # type: ignore[attr-defined]

    from aidbt.warehouse.dialects import NoLowering

    dialect = Dialect.get_or_raise(value.dialect)
    try:
        written = value.tree.sql(value.dialect, normalize_functions=False, unsupported_level=ErrorLevel.RAISE)
    except UnsupportedError as error:
        raise NoLowering(str(error), value.dialect) from error
    kept = {TokenType.STRING, TokenType.RAW_STRING, TokenType.IDENTIFIER}
    letters = list(written)
    for token in dialect.tokenize(written):
        word = written[token.start : token.end + 1]
        if token.token_type not in kept and word not in known:
            letters[token.start : token.end + 1] = word.lower()
    return "".join(letters)
