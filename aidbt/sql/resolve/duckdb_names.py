"""What DuckDB calls a column that a query gives no name: the expression, as its parser writes it anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp

from aidbt.sql.resolve.scope import span
from aidbt.sql.resolve.types import TypeRules

# Every word of its grammar (duckdb_keywords()), reserved or not: a name that is one is written in quotes.
_KEYWORDS = frozenset(
    """
    abort absolute access action add admin after aggregate all also alter always analyse analyze and anti
    any approx array as asc asof assertion assignment asymmetric at attach attribute authorization backward
    before begin between bigint binary bit boolean both by cache call called cascade cascaded case cast
    catalog centuries century chain char character characteristics check checkpoint class close cluster
    coalesce collate collation column columns comment comments commit committed compression concurrently
    configuration conflict connect connection constraint constraints content continue conversion copy cost
    create cross csv cube current cursor cycle data database day days deallocate dec decade decades decimal
    declare default defaults deferrable deferred definer delete delimiter delimiters depends desc describe
    destroy detach dictionary disable discard disconnect distance distinct do document domain double drop
    each else enable encoding encrypted end enum error escape event exact except exclude excluding exclusive
    execute exists explain export export_state extension extensions external extract false family fetch
    filter first float following for force foreign forward freeze from full function functions generated
    glob global grant granted group grouping grouping_id groups handler having header hold hour hours
    identity if ignore ilike immediate immutable implicit import in include including increment index
    indexes inherit inherits initially inline inner inout input insensitive insert install instead int
    integer intersect interval into invoker is isnull isolation join json key label lambda language large
    last lateral leading leakproof left level like limit listen load local location lock locked logged macro
    map mapping match matched materialized maxvalue merge method microsecond microseconds millennia
    millennium millisecond milliseconds minute minutes minvalue mode month months move name names national
    natural nchar nearest new next no none not nothing notify notnull nowait null nullif nulls numeric
    object of off offset oids old on only operator option options or order ordinality others out outer over
    overlaps overlay overriding owned owner parallel parser partial partition partitioned passing password
    percent persistent pivot pivot_longer pivot_wider placing plans policy position positional pragma
    preceding precision prepare prepared preserve primary prior privileges procedural procedure program
    publication qualify quarter quarters quote range read real reassign recheck recursive ref references
    referencing refresh register reindex relative release rename repeatable replace replica reset resource
    resources respect restart restrict returning returns revoke right role rollback rollup row rows rule
    sample savepoint schema schemas scope scroll search second seconds secret secure security select semi
    sequence sequences serializable server session set setof sets share show similar similarity simple skip
    smallint snapshot some sorted source sql stable standalone start statement statistics stdin stdout
    storage stored strict strip struct subscription substring summarize symmetric sysid system table tables
    tablesample tablespace target temp template temporary text then ties time timestamp to trailing
    transaction transform treat trigger trim true truncate trusted try_cast tuple type types unbounded
    uncommitted unencrypted union unique unknown unlisten unlogged unpack unpivot until update use user
    using vacuum valid validate validator value values varchar variable variadic varying verbose version
    view views virtual volatile week weeks when where whitespace window with within without work wrapper
    write xml xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
    xmlserialize xmltable year years yes zone
    """.split()
)
_OPERATORS: dict[type[exp.Expr], str] = {
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.IntDiv: "//", exp.Mod: "%", exp.DPipe: "||",
    exp.EQ: "=", exp.NEQ: "!=", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=", exp.Like: "~~",
    exp.ILike: "~~*", exp.BitwiseAnd: "&", exp.BitwiseOr: "|",
}  # fmt: skip
_NEGATED = {exp.Like: "!~~", exp.ILike: "!~~*"}
# Types that are words of the grammar are written by their name, all others as the query writes them.
_GRAMMAR_TYPES = {
    "int": "INTEGER", "integer": "INTEGER", "smallint": "SMALLINT", "bigint": "BIGINT", "real": "FLOAT",
    "boolean": "BOOLEAN", "varchar": "VARCHAR", "timestamp": "TIMESTAMP", "time": "TIME",
    "interval": "INTERVAL", "bit": "BIT",
}  # fmt: skip
_CAST_TO = re.compile(
    r"\s*\)*\s*(?:::|as\b)\s*([a-z_]\w*)\s*(?=$|[^\w\s(\[]|\)|\s+(?!with\b|precision\b))", re.I
)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class DuckDBNames:
    """Writes expressions as DuckDB does; None for what is not known to be written just so.

    Args:
        text: the query.
    """

    def __init__(self, rules: TypeRules, text: str) -> None:
        self._rules = rules
        self._text = text

    def name(self, node: exp.Expr) -> str | None:
        """The name of a column that is this expression."""
        while isinstance(node, exp.Paren):
            node = node.this
        writer = _WRITERS.get(type(node))
        if writer is not None:
            return writer(self, node)
        if type(node) in _OPERATORS:
            return self._between(_OPERATORS[type(node)], [node.this, node.expression])
        return self._function(node) if isinstance(node, exp.Func) else None

    def _all(self, nodes: Sequence[exp.Expr]) -> list[str] | None:
        """The texts of several expressions; None when one is not known."""
        texts = [text for text in map(self.name, nodes) if text is not None]
        return texts if len(texts) == len(nodes) else None

    def _between(self, operator: str, nodes: Sequence[exp.Expr]) -> str | None:
        texts = self._all(nodes)
        return f"({f' {operator} '.join(texts)})" if texts else None

    def _around(self, before: str, node: exp.Expr, after: str) -> str | None:
        text = self.name(node)
        return None if text is None else f"{before}{text}{after}"

    def _column(self, node: exp.Column) -> str:
        return ".".join(duckdb_identifier(part.name) for part in node.parts)

    def _literal(self, node: exp.Literal) -> str | None:
        if node.is_string:
            return "'" + node.name.replace("'", "''") + "'"
        return self._rules.written_name(node) or node.name

    def _chain(self, node: exp.Connector) -> str | None:
        """AND and OR take all their parts in one pair of brackets."""
        return self._between(type(node).__name__.upper(), list(node.flatten()))

    def _negated(self, node: exp.Neg) -> str | None:
        if isinstance(node.this, exp.Literal):
            return self._around("-", node.this, "")
        return self._around("(-(", node.this, "))")

    def _not(self, node: exp.Not) -> str | None:
        inner = node.this
        if isinstance(inner, exp.Is) and isinstance(inner.expression, exp.Null):
            return self._around("(", inner.this, " IS NOT NULL)")
        operator = _NEGATED.get(type(inner))
        if operator is not None:
            return self._between(operator, [inner.this, inner.expression])
        return self._around("(NOT ", inner, ")")

    def _is(self, node: exp.Is) -> str | None:
        is_null = isinstance(node.expression, exp.Null)
        return self._around("(", node.this, " IS NULL)") if is_null else None

    def _in(self, node: exp.In) -> str | None:
        texts = self._all([node.this, *node.expressions]) if node.expressions else None
        return f"({texts[0]} IN ({', '.join(texts[1:])}))" if texts else None

    def _range(self, node: exp.Between) -> str | None:
        texts = self._all([node.this, node.args["low"], node.args["high"]])
        return f"({texts[0]} BETWEEN {texts[1]} AND {texts[2]})" if texts else None

    def _cast(self, node: exp.Cast) -> str | None:
        """A cast; its type in the words of the grammar, or as it is written where it is a name."""
        inner = self.name(node.this)
        _, end = span(node.this)
        found = _CAST_TO.match(self._text, end)
        if inner is None or found is None or node.args["to"].expressions:
            return None
        word = "TRY_CAST" if isinstance(node, exp.TryCast) else "CAST"
        written = found[1]
        # JSON is a type by that name only; all others are known to the parser.
        name = '"json"' if written.lower() == "json" else written
        target = _GRAMMAR_TYPES.get(written.lower(), name)
        return f"{word}({inner} AS {target})"

    def _case(self, node: exp.Case) -> str | None:
        parts = []
        for branch in node.args["ifs"]:
            condition: exp.Expr | None = branch.this
            if node.this is not None:
                left, right = self.name(node.this), self.name(branch.this)
                when = f"({left} = {right})" if left and right else None
            else:
                when = self.name(condition) if condition is not None else None
            then = self.name(branch.args["true"])
            if when is None or then is None:
                return None
            parts.append(f" WHEN ({when}) THEN ({then})")
        default = node.args.get("default")
        last = self.name(default) if default is not None else "NULL"
        return None if last is None else f"CASE {''.join(parts)} ELSE {last} END"

    def _coalesce(self, node: exp.Coalesce) -> str | None:
        texts = self._all([node.this, *node.expressions])
        return f"COALESCE({', '.join(texts)})" if texts else None

    def _count(self, node: exp.Count) -> str | None:
        return "count_star()" if isinstance(node.this, exp.Star) else self._function(node)

    def _filter(self, node: exp.Filter) -> str | None:
        function, condition = self.name(node.this), self.name(node.expression.this)
        return f"{function} FILTER (WHERE {condition})" if function and condition else None

    def _window(self, node: exp.Window) -> str | None:
        if node.args.get("alias") or node.args.get("spec"):
            return None
        counts_rows = isinstance(node.this, exp.Count) and isinstance(node.this.this, exp.Star)
        function = "count()" if counts_rows else self.name(node.this)
        parts = []
        if partition := node.args.get("partition_by"):
            texts = self._all(partition)
            if texts is None:
                return None
            parts.append(f"PARTITION BY {', '.join(texts)}")
        if order := node.args.get("order"):
            ordered = [self._ordered(item) for item in order.expressions]
            if None in ordered:
                return None
            parts.append(f"ORDER BY {', '.join(text for text in ordered if text)}")
        return None if function is None else f"{function} OVER ({' '.join(parts)})"

    def _ordered(self, node: exp.Ordered) -> str | None:
        text = self.name(node.this)
        return f"{text} DESC" if text and node.args.get("desc") else text

    def _function(self, node: exp.Expr) -> str | None:
        name = self._rules.written_name(node)
        if not name:
            return None
        if isinstance(node, exp.Anonymous):
            arguments: list[exp.Expr] = node.expressions
        elif {key for key, value in node.args.items() if value not in (None, [], False)} <= _ONE_ARGUMENT:
            arguments = [node.this] if isinstance(node.this, exp.Expr) else []
        else:
            return None  # the tree does not keep the order of its arguments
        if len(arguments) == 1 and isinstance(arguments[0], exp.Distinct):
            distinct = self._all(arguments[0].expressions)
            return f"{duckdb_identifier(name)}(DISTINCT {', '.join(distinct)})" if distinct else None
        texts = self._all(arguments)
        return None if texts is None else f"{duckdb_identifier(name)}({', '.join(texts)})"


_ONE_ARGUMENT = {"this", "big_int"}
_WRITERS: dict[type[exp.Expr], Callable[[DuckDBNames, Any], str | None]] = {
    exp.Column: DuckDBNames._column,
    exp.Literal: DuckDBNames._literal,
    exp.Boolean: lambda self, node: "true" if node.this else "false",
    exp.Null: lambda self, node: "NULL",
    exp.And: DuckDBNames._chain,
    exp.Or: DuckDBNames._chain,
    exp.Neg: DuckDBNames._negated,
    exp.Not: DuckDBNames._not,
    exp.Is: DuckDBNames._is,
    exp.In: DuckDBNames._in,
    exp.Between: DuckDBNames._range,
    exp.Cast: DuckDBNames._cast,
    exp.TryCast: DuckDBNames._cast,
    exp.Case: DuckDBNames._case,
    exp.Coalesce: DuckDBNames._coalesce,
    exp.Count: DuckDBNames._count,
    exp.Filter: DuckDBNames._filter,
    exp.Window: DuckDBNames._window,
}


def duckdb_identifier(name: str) -> str:
    """A name as DuckDB writes it: in quotes where it is a word of the grammar or no plain one."""
    if _PLAIN.match(name) and name.lower() not in _KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'
