"""What a system calls a column that a query gives no name."""

from __future__ import annotations

from sqlglot import exp

from aidbt.sql.folding import folding
from aidbt.sql.resolve.duckdb_names import DuckDBNames
from aidbt.sql.resolve.expressions import passes_on
from aidbt.sql.resolve.types import TypeRules

# Functions without brackets, of which the tree does not keep the place.
_POSTGRES_NAMES: dict[type[exp.Expr], str] = {
    exp.CurrentDate: "current_date", exp.CurrentTimestamp: "current_timestamp",
    exp.CurrentTime: "current_time", exp.Localtime: "localtime", exp.Localtimestamp: "localtimestamp",
    exp.CurrentUser: "current_user", exp.Min: "min", exp.Max: "max",
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
        return DuckDBNames(rules, rules.text).name(bare) or ""
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
        return rules.written_name(node) or _POSTGRES_NAMES.get(type(node), "")
    return "?column?"
