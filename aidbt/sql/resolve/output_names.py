"""What a system calls a column that a query gives no name."""

from __future__ import annotations

from sqlglot import exp

from aidbt.sql.folding import folding
from aidbt.sql.resolve.expressions import passes_on
from aidbt.sql.resolve.types import TypeRules

# Words of DuckDB's grammar that are functions too: it writes them in quotes.
_DUCKDB_QUOTES = frozenset(
    """
    abs any_value array columns day decade decode filter first format grouping hour last left map
    microsecond millennium millisecond minute mode month nth_value nullif overlay position quarter replace
    right row second substring trim try version week year century truncate
    """.split()
) - {"abs", "any_value", "nth_value", "decode"}
_OPERATORS: dict[type[exp.Expr], str] = {
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.IntDiv: "//", exp.Mod: "%", exp.DPipe: "||",
    exp.EQ: "=", exp.NEQ: "!=", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=", exp.And: "AND",
    exp.Or: "OR", exp.Like: "~~", exp.ILike: "~~*",
}  # fmt: skip


def output_name(node: exp.Expr, position: int, rules: TypeRules) -> str:
    """The name of a column without an alias; "" where that is not known.

    Args:
        position: of the column in the list, from 0.
    """
    bare = node
    while isinstance(bare, exp.Paren):
        bare = bare.this
    dialect = rules.dialect
    if isinstance(bare, exp.Column | exp.PositionalColumn):
        bound = passes_on(bare)
        if bound is not None and (dialect == "duckdb" or isinstance(bare, exp.PositionalColumn)):
            return bound.column.name
        return folding(dialect).stored(bare.name, quoted=bool(bare.this.args.get("quoted")))
    if isinstance(bare, exp.Dot) and isinstance(bare.expression, exp.Identifier):
        return folding(dialect).stored(bare.name, quoted=bool(bare.expression.args.get("quoted")))
    if dialect == "duckdb":
        return _duckdb_text(bare, rules) or ""
    if dialect in ("postgres", "redshift"):
        return _postgres_name(bare, rules)
    if dialect == "bigquery":
        return f"f{position}_"
    if dialect in ("trino", "presto", "athena"):
        return f"_col{position}"
    return ""


def _postgres_name(node: exp.Expr, rules: TypeRules) -> str:
    """The name of a function, a cast's column or its type, or PostgreSQL's "?column?"."""
    if isinstance(node, exp.Cast):
        inner = _postgres_name(node.this, rules) if not isinstance(node.this, exp.Column) else node.this.name
        if inner != "?column?":
            return inner
        target = rules.words(node.args["to"])
        return {"integer": "int4", "bigint": "int8", "boolean": "bool", "double precision": "float8"}.get(
            target, target if target.isidentifier() and target in ("text", "date", "numeric", "uuid") else ""
        )
    if isinstance(node, exp.Paren):
        return _postgres_name(node.this, rules)
    if isinstance(node, exp.Column):
        return node.name
    if isinstance(node, exp.Case):
        default = node.args.get("default")
        name = _postgres_name(default, rules) if isinstance(default, exp.Expr) else "?column?"
        return "case" if name == "?column?" else name
    if isinstance(node, exp.Window | exp.Filter | exp.WithinGroup | exp.IgnoreNulls):
        return _postgres_name(node.this, rules)
    if isinstance(node, exp.Exists):
        return "exists"
    if isinstance(node, exp.Subquery):
        selects = node.selects
        return selects[0].alias_or_name or _postgres_name(selects[0], rules) if selects else "?column?"
    if isinstance(node, exp.Func) and not isinstance(node, exp.Connector):
        return rules.written_name(node) or ""
    if isinstance(node, exp.Boolean):
        return "bool"
    return "?column?"


def _duckdb_text(node: exp.Expr, rules: TypeRules) -> str | None:
    """The expression as DuckDB writes it anew; None where that is not known."""
    if isinstance(node, exp.Paren):
        return _duckdb_text(node.this, rules)
    if isinstance(node, exp.Column):
        return ".".join(_duckdb_identifier(part.name) for part in node.parts)
    if isinstance(node, exp.Literal):
        return "'" + node.name.replace("'", "''") + "'" if node.is_string else node.name
    if isinstance(node, exp.Boolean):
        return "true" if node.this else "false"
    if isinstance(node, exp.Null):
        return "NULL"
    operator = _OPERATORS.get(type(node))
    if operator is not None:
        left, right = _duckdb_text(node.this, rules), _duckdb_text(node.expression, rules)
        return f"({left} {operator} {right})" if left and right else None
    if isinstance(node, exp.Neg):
        inner = _duckdb_text(node.this, rules)
        return f"-{inner}" if isinstance(node.this, exp.Literal) else f"(-({inner}))" if inner else None
    if isinstance(node, exp.Not):
        if isinstance(node.this, exp.Is) and isinstance(node.this.expression, exp.Null):
            inner = _duckdb_text(node.this.this, rules)
            return f"({inner} IS NOT NULL)" if inner else None
        inner = _duckdb_text(node.this, rules) if isinstance(node.this, exp.Column) else None
        return f"(NOT {inner})" if inner else None
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
        inner = _duckdb_text(node.this, rules)
        return f"({inner} IS NULL)" if inner else None
    if isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
        return "count_star()"
    return _duckdb_function(node, rules)


def _duckdb_function(node: exp.Expr, rules: TypeRules) -> str | None:
    name = rules.written_name(node)
    if not name or not isinstance(node, exp.Func) or isinstance(node, exp.Window | exp.Case):
        return None
    if isinstance(node, exp.Coalesce):
        if name != "coalesce":
            return None
        arguments: list[exp.Expr] = [node.this, *node.expressions]
        name = "COALESCE"
    elif isinstance(node, exp.Anonymous):
        arguments = node.expressions
    elif set(_given(node)) <= {"this", "big_int"}:
        arguments = [node.this] if isinstance(node.this, exp.Expr) else []
    else:
        return None
    texts = [_duckdb_argument(argument, rules) for argument in arguments]
    if not all(texts):
        return None
    quoted = f'"{name}"' if name in _DUCKDB_QUOTES else name
    return f"{quoted}({', '.join(text for text in texts if text)})"


def _duckdb_argument(node: exp.Expr, rules: TypeRules) -> str | None:
    if isinstance(node, exp.Distinct) and len(node.expressions) == 1:
        inner = _duckdb_text(node.expressions[0], rules)
        return f"DISTINCT {inner}" if inner else None
    return _duckdb_text(node, rules)


def _given(node: exp.Expr) -> list[str]:
    return [key for key, value in node.args.items() if value not in (None, [], False)]


def _duckdb_identifier(name: str) -> str:
    plain = name.isidentifier() and name.isascii()
    return name if plain else '"' + name.replace('"', '""') + '"'
