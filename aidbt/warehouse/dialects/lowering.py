"""From DuckDB's words to those of each dialect: what is not in the tables here cannot be rendered.

sqlglot translates much of this, but drops or passes on what a dialect lacks without an error. So a tree is
rebuilt node by node from allow-lists: a node is plain (written right everywhere by sqlglot), or has a
lowering, or is refused.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from aidbt.warehouse.dialects.aggregates import AGGREGATES
from aidbt.warehouse.dialects.casts import DOUBLES, KNOWN_TYPES, NoLowering, try_cast
from aidbt.warehouse.dialects.comparisons import COMPARISONS
from aidbt.warehouse.dialects.templates import filled, rebuilt
from aidbt.warehouse.dialects.times import TIMES
from aidbt.warehouse.dialects.zones import local_time

DIALECTS = ("duckdb", "postgres", "spark", "snowflake", "bigquery", "redshift", "databricks", "trino")

# What sqlglot writes alike, or rightly, in every dialect.
_PLAIN: frozenset[type[exp.Expr]] = frozenset(
    {
        exp.Abs, exp.Alias, exp.And, exp.Array, exp.Between, exp.Boolean, exp.CTE, exp.Case, exp.Cast,
        exp.Column, exp.Count, exp.CurrentDate, exp.CurrentTimestamp, exp.DPipe, exp.DataTypeParam,
        exp.DenseRank, exp.Distinct, exp.Div, exp.Exists, exp.From, exp.Group, exp.Having, exp.Identifier,
        exp.If, exp.In, exp.Interval, exp.Is, exp.Lag, exp.Length, exp.Like, exp.Limit, exp.Literal,
        exp.Lower, exp.Max, exp.Min, exp.Mod, exp.Mul, exp.Neg, exp.Not, exp.Null, exp.Nullif, exp.Or,
        exp.Order, exp.Ordered, exp.Paren, exp.Rank, exp.RowNumber, exp.Select, exp.Star, exp.StddevSamp,
        exp.StrPosition, exp.Subquery, exp.Sum, exp.Table, exp.TableAlias, exp.Trim, exp.Tuple, exp.Union,
        exp.Upper, exp.Var, exp.Where, exp.WindowSpec, exp.With,
    }
)  # fmt: skip

# Functions by dialect; x, y are their arguments. What is missing here has no lowering there.
_COUNT_IF = {
    "postgres": "count(*) filter (where x)",
    "redshift": "sum(case when x then 1 else 0 end)",
    "bigquery": "countif(x)",
    **dict.fromkeys(("spark", "snowflake", "databricks", "trino"), "count_if(x)"),
}
_APPROX_COUNT_DISTINCT = {
    "postgres": "count(distinct x)",  # exact: PostgreSQL has no sketch
    "redshift": "approximate count(distinct x)",
    "trino": "approx_distinct(x)",
    **dict.fromkeys(("spark", "snowflake", "bigquery", "databricks"), "approx_count_distinct(x)"),
}
# Of the value as text, so that 1 is the same in an integer and in a text column.
_HASH = {
    "postgres": "hashtextextended(cast(x as text), 0)",
    "redshift": "farmfingerprint64(cast(x as varchar(max)))",
    "snowflake": "hash(cast(x as varchar))",
    "bigquery": "farm_fingerprint(cast(x as string))",
    "trino": "from_big_endian_64(xxhash64(to_utf8(cast(x as varchar))))",
    **dict.fromkeys(("spark", "databricks"), "xxhash64(cast(x as string))"),
}
_EPOCH = {
    **dict.fromkeys(("postgres", "redshift"), "cast(extract(epoch from x) as double precision)"),
    "snowflake": "date_part(epoch_second, x)",
    "bigquery": "unix_seconds(cast(x as timestamp))",
    "trino": "to_unixtime(cast(x as timestamp(6)))",
    # A date would be cast at midnight of the session's time zone.
    **dict.fromkeys(("spark", "databricks"), "unix_micros(cast(x as timestamp)) / 1e6"),
}
_EPOCH_OF_DATE = {**_EPOCH, **dict.fromkeys(("spark", "databricks"), "unix_date(x) * 86400")}
_TEMPLATES = {
    "count_if": _COUNT_IF,
    "approx_count_distinct": _APPROX_COUNT_DISTINCT,
    "hash": _HASH,
    "epoch": _EPOCH,
    "strlen": {"redshift": "octet_length(x)"},
    "epoch of a date": _EPOCH_OF_DATE,
    "random": {
        **dict.fromkeys(("postgres", "redshift"), "random()"),
        "snowflake": "uniform(0::float, 1::float, random())",
        **dict.fromkeys(("spark", "bigquery", "databricks", "trino"), "rand()"),
    },
}


def lowered(node: exp.Expr, dialect: str) -> exp.Expr:
    """A new tree in the words of `dialect`, from one in DuckDB's.

    Raises:
        NoLowering: see `render`.
    """
    if dialect not in DIALECTS:
        raise NoLowering("SQL", dialect)
    kind = type(node)
    name = str(node.this).lower() if kind is exp.Anonymous else ""
    lower = _WORDS.get(name) if name else _NODES.get(kind)
    if lower is None and kind not in _PLAIN:
        raise NoLowering(name or kind.__name__, dialect)
    new = rebuilt(node, lambda child: lowered(child, dialect))
    return new if lower is None else lower(new, dialect)


def _filled(name: str, dialect: str, *arguments: exp.Expr) -> exp.Expr:
    return filled(_TEMPLATES[name], name, dialect, *arguments)


def _count_if(node: exp.Expr, dialect: str) -> exp.Expr:
    return _filled("count_if", dialect, _arguments(node)[0])


def _approx_count_distinct(node: exp.Expr, dialect: str) -> exp.Expr:
    return _filled("approx_count_distinct", dialect, _arguments(node)[0])


def _hash(node: exp.Expr, dialect: str) -> exp.Expr:
    return _filled("hash", dialect, _arguments(node)[0])


def _random(node: exp.Expr, dialect: str) -> exp.Expr:
    return _filled("random", dialect)


def _epoch(node: exp.Expr, dialect: str) -> exp.Expr:
    value = _arguments(node)[0]
    is_date = value.type is not None and value.type.is_type("date")
    return _filled("epoch of a date" if is_date else "epoch", dialect, value)


def _isfinite(node: exp.Expr, dialect: str) -> exp.Expr:
    """Of doubles by their size: NaN is larger than all numbers, or not comparable, in each dialect."""
    value = _arguments(node)[0]
    data_type = value.to if isinstance(value, exp.Cast) else value.type
    if data_type is not None and data_type.this in DOUBLES:
        largest = exp.Literal.number("1.7976931348623157e308")
        return exp.LTE(this=exp.Abs(this=value), expression=largest)
    if dialect == "postgres":
        return exp.Anonymous(this="isfinite", expressions=[value])
    return exp.Not(this=exp.Is(this=value, expression=exp.null()))  # only PostgreSQL's dates can be infinite


def _approx_quantile(node: exp.Expr, dialect: str) -> exp.Expr:
    """A list of numbers; on Snowflake a text of them, on BigQuery a text of all twentieths."""
    value, points = _arguments(node)
    if not isinstance(points, exp.Array):
        raise NoLowering("approx_quantile of one point", dialect)
    if dialect in ("spark", "databricks"):
        return exp.Anonymous(this="percentile_approx", expressions=[value, points])
    if dialect == "trino":
        return exp.Anonymous(this="approx_percentile", expressions=[value, points])
    if dialect == "snowflake":
        return _joined(
            [exp.Anonymous(this="approx_percentile", expressions=[value, p]) for p in points.expressions]
        )
    if dialect == "bigquery":
        twentieths = exp.Anonymous(this="approx_quantiles", expressions=[value, exp.Literal.number(20)])
        return exp.Anonymous(this="to_json_string", expressions=[twentieths])
    # percentile_cont sorts all rows, and Redshift sorts by one column in a statement only.
    raise NoLowering("approx_quantile", dialect)


def _joined(values: list[exp.Expr]) -> exp.Expr:
    """The values as one text; null when any is."""
    texts: list[exp.Expr] = [exp.cast(value, "text") for value in values]
    joined = texts[0]
    for text in texts[1:]:
        for part in (exp.Literal.string(","), text):
            joined = exp.DPipe(this=joined, expression=part, safe=True)
    return joined


def _regexp_matches(node: exp.Expr, dialect: str) -> exp.Expr:
    text, pattern = _arguments(node)
    return matches(text, pattern.name, dialect)


def _regexp_full_match(node: exp.Expr, dialect: str) -> exp.Expr:
    text, pattern = _arguments(node)
    return matches(text, f"^({pattern.name})$", dialect)


def matches(text: exp.Expr, pattern: str, dialect: str) -> exp.Expr:
    """Whether some part of the text matches a regular expression in the words that all engines share."""
    anchored = pattern.endswith("$")
    if anchored and dialect in ("spark", "databricks", "trino"):
        pattern = rf"{pattern[:-1]}\z"  # Java's $ also stands before a last line break
    if dialect == "snowflake":  # its REGEXP_LIKE is a full match
        arguments = [text, exp.Literal.string(pattern)]
        place = exp.Anonymous(this="regexp_instr", expressions=arguments)
        found: exp.Expr = exp.GT(this=place, expression=exp.Literal.number(0))
        if anchored:
            found = exp.and_(found, exp.not_(exp.Contains(this=text, expression=exp.Literal.string("\n"))))
        return exp.Paren(this=found)
    return exp.RegexpLike(this=text, expression=exp.Literal.string(pattern))


def _regexp_replace(node: exp.Expr, dialect: str) -> exp.Expr:
    arguments = _arguments(node)
    flags = arguments[3].name if len(arguments) > 3 else ""
    if dialect == "postgres":
        return exp.Anonymous(this="regexp_replace", expressions=arguments)
    if flags != "g":  # all others replace every match
        raise NoLowering("regexp_replace of the first match", dialect)
    return exp.Anonymous(this="regexp_replace", expressions=arguments[:3])


def _stddev_samp(node: exp.Expr, dialect: str) -> exp.Expr:
    return exp.StddevSamp(this=_arguments(node)[0])


def _length(node: exp.Expr, dialect: str) -> exp.Expr:
    return exp.Length(this=_arguments(node)[0])


def _strlen(node: exp.Expr, dialect: str) -> exp.Expr:
    return _filled("strlen", dialect, _arguments(node)[0])


def _is_distinct(node: exp.Expr, dialect: str) -> exp.Expr:
    if dialect != "redshift":
        return node
    a, b = node.this, node.expression
    one_null = exp.NEQ(
        this=exp.Paren(this=exp.Is(this=a, expression=exp.null())),
        expression=exp.Paren(this=exp.Is(this=b, expression=exp.null())),
    )
    return exp.Paren(
        this=exp.or_(
            one_null, exp.Coalesce(this=exp.NEQ(this=a, expression=b), expressions=[exp.false()]), copy=False
        )
    )


def _filter(node: exp.Expr, dialect: str) -> exp.Expr:
    """An aggregate of some rows: where there is no FILTER, of an argument that is null elsewhere."""
    if dialect in ("postgres", "spark", "databricks", "trino"):
        return node
    aggregate, where = node.this, node.expression.this
    of = aggregate.this
    if type(aggregate) not in (exp.Count, exp.Min, exp.Max, exp.Sum, exp.Avg) or isinstance(of, exp.Distinct):
        raise NoLowering("FILTER of this aggregate", dialect)
    kept = exp.Literal.number(1) if isinstance(of, exp.Star) else of
    of_some: exp.Expr = type(aggregate)(this=exp.Case(ifs=[exp.If(this=where, true=kept)]))
    return of_some


def _tablesample(node: exp.Expr, dialect: str) -> exp.Expr:
    """A percentage of the table's blocks. Spark draws single rows instead, for which it reads them all."""
    percent, seed = node.args.get("percent"), node.args.get("seed")
    if percent is None or dialect == "redshift":
        raise NoLowering("TABLESAMPLE", dialect)
    if dialect in ("spark", "databricks"):
        return exp.TableSample(percent=percent, seed=seed)
    repeats = dialect in ("postgres", "snowflake")
    return exp.TableSample(method=node.args.get("method"), percent=percent, seed=seed if repeats else None)


def _collate(node: exp.Expr, dialect: str) -> exp.Expr:
    """The order of bytes, which is everybody else's own."""
    this: exp.Expr = node.this
    return node if dialect == "postgres" else this


def _data_type(node: exp.Expr, dialect: str) -> exp.Expr:
    if node.this not in KNOWN_TYPES:
        raise NoLowering(f"the type {node.sql()}", dialect)
    return node


def _join(node: exp.Expr, dialect: str) -> exp.Expr:
    if node.args.get("method"):
        raise NoLowering(f"{node.args['method']} JOIN", dialect)
    return node


def _try_cast(node: exp.Expr, dialect: str) -> exp.Expr:
    return try_cast(node, dialect, matches)


def _arguments(node: exp.Expr) -> list[exp.Expr]:
    """A function's arguments in order, whether sqlglot has a class for it or not."""
    if isinstance(node, exp.Anonymous):
        return list(node.expressions)
    return [node.args[name] for name in node.arg_types if isinstance(node.args.get(name), exp.Expr)]


_Lowering = Callable[[exp.Expr, str], exp.Expr]
_WORDS: dict[str, _Lowering] = {
    "approx_count_distinct": _approx_count_distinct,
    "approx_quantile": _approx_quantile,
    "count_if": _count_if,
    "epoch": _epoch,
    "hash": _hash,
    "isfinite": _isfinite,
    "length": _length,
    "random": _random,
    "regexp_full_match": _regexp_full_match,
    "regexp_matches": _regexp_matches,
    "regexp_replace": _regexp_replace,
    "stddev_samp": _stddev_samp,
    "strlen": _strlen,
    "timezone": local_time,
}
_NODES: dict[type[exp.Expr], _Lowering] = {
    **AGGREGATES,
    **COMPARISONS,
    **TIMES,
    exp.ApproxDistinct: _approx_count_distinct,
    exp.ApproxQuantile: _approx_quantile,
    exp.Collate: _collate,
    exp.CountIf: _count_if,
    exp.DataType: _data_type,
    exp.Filter: _filter,
    exp.Join: _join,
    exp.NullSafeNEQ: _is_distinct,
    exp.Rand: _random,
    exp.RegexpFullMatch: _regexp_full_match,
    exp.RegexpLike: _regexp_matches,
    exp.RegexpReplace: _regexp_replace,
    exp.TableSample: _tablesample,
    exp.TimeToUnix: _epoch,
    exp.TryCast: _try_cast,
}
