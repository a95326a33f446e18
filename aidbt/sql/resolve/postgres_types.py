"""The types of PostgreSQL's expressions, by its manual's tables of operators and functions."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from aidbt.sql.resolve.types import NULL, DType, TypeRules, item_type

_WORDS = {
    DType.SMALLINT: "smallint", DType.INT: "integer", DType.BIGINT: "bigint", DType.FLOAT: "real",
    DType.DOUBLE: "double precision", DType.BOOLEAN: "boolean", DType.TEXT: "text", DType.DATE: "date",
    DType.INTERVAL: "interval", DType.UUID: "uuid", DType.VARBINARY: "bytea", DType.JSON: "json",
    DType.JSONB: "jsonb", DType.NAME: "name", DType.NULL: NULL,
}  # fmt: skip
_SIZED = {
    DType.VARCHAR: ("character varying", ""),
    DType.CHAR: ("character", ""),
    DType.BPCHAR: ("character", ""),
    DType.DECIMAL: ("numeric", ""),
    DType.TIMESTAMP: ("timestamp", " without time zone"),
    DType.TIMESTAMPTZ: ("timestamp", " with time zone"),
    DType.TIME: ("time", " without time zone"),
    DType.TIMETZ: ("time", " with time zone"),
}
_WHOLE = ("smallint", "integer", "bigint")
_NUMBERS = (*_WHOLE, "numeric", "real", "double precision")
_STAMP, _ZONED = "timestamp without time zone", "timestamp with time zone"
_BY_TYPE = {
    "text": """lower upper trim btrim ltrim rtrim substring substr replace concat concat_ws left right lpad
        rpad initcap reverse repeat split_part md5 to_char regexp_replace string_agg translate format
        quote_ident quote_literal chr overlay to_hex""",
    "integer": "length char_length character_length octet_length bit_length ascii strpos ntile array_length",
    "bigint": "count row_number rank dense_rank regr_count",
    "double precision": "percent_rank cume_dist random pi radians degrees sin cos tan asin acos atan atan2",
    "boolean": "bool_and bool_or every starts_with isfinite",
    "date": "to_date make_date current_date",
    _ZONED: """now to_timestamp transaction_timestamp statement_timestamp clock_timestamp
        current_timestamp make_timestamptz""",
    _STAMP: "make_timestamp localtimestamp",
    "interval": "age make_interval justify_days justify_hours justify_interval",
    "json": "to_json json_agg json_build_object json_build_array json_object_agg row_to_json",
    "jsonb": "to_jsonb jsonb_agg jsonb_build_object jsonb_build_array jsonb_object_agg jsonb_set",
    "uuid": "gen_random_uuid",
    "text[]": "string_to_array regexp_split_to_array",
}
_FIXED = {name: words for words, names in _BY_TYPE.items() for name in names.split()}
_BY_CLASS: dict[type[exp.Expr], str] = {
    exp.CurrentDate: "date", exp.CurrentTimestamp: _ZONED, exp.RowNumber: "bigint", exp.Rank: "bigint",
    exp.DenseRank: "bigint", exp.Ntile: "integer", exp.Trim: "text", exp.StrPosition: "integer",
    exp.GroupConcat: "text", exp.Lower: "text", exp.Upper: "text", exp.Length: "integer",
    exp.Substring: "text", exp.Initcap: "text",
    exp.Interval: "interval", exp.PercentRank: "double precision", exp.CumeDist: "double precision",
}  # fmt: skip
_TEXTS = ("text", "character varying", "character")
_SAME = frozenset("abs lag lead first_value last_value nth_value mode nullif".split())


class PostgresRules(TypeRules):
    text_type, boolean, date, count, position = "text", "boolean", "date", "bigint", "bigint"

    def _words(self, data_type: exp.DataType) -> str:
        kind = data_type.this
        if kind in _WORDS:
            return _WORDS[kind]
        if kind in _SIZED:
            name, end = _SIZED[kind]
            sizes = ",".join(part.name for part in data_type.expressions)
            return f"{name}({sizes}){end}" if sizes else f"{name}{end}"
        if kind is DType.ARRAY:
            inner = self.words(item_type(data_type))
            return f"{inner}[]" if inner else ""
        return str(data_type.meta.get("text", ""))

    def _cast(self, node: exp.Cast) -> exp.DataType | None:
        target = super()._cast(node)
        return self.tree(self.words(target)) if target is not None else None

    def literal(self, node: exp.Literal) -> str:
        if node.is_string:
            return "text"
        if not node.name.isdigit():
            return "numeric"
        value = int(node.name)
        return "integer" if value < 2**31 else "bigint" if value < 2**63 else "numeric"

    def unify(self, nodes: Sequence[exp.Expr | None]) -> str:
        given = [node for node in nodes if node is not None]
        is_text = [isinstance(node, exp.Literal) and bool(node.is_string) for node in given]
        others = [self.words(node.type) for node, text in zip(given, is_text, strict=True) if not text]
        words = self.unified(others) if others else NULL
        if any(is_text) and words == NULL:
            return "text"
        # A text that is written out takes the type of what stands beside it, and a size is only kept where
        # all of them have it.
        return words if len(given) == len(nodes) and not any(is_text) else _bare(words)

    def unified(self, types: Sequence[str]) -> str:
        words = NULL
        for other in types:
            words = _pair(words, other)
            if not words:
                return ""
        return words

    def function(self, node: exp.Expr) -> str:
        if isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Div | exp.Mod):
            return self._arithmetic(node)
        if isinstance(node, exp.DPipe):
            types = {self.words(node.this.type), self.words(node.expression.type)}
            texts = any(_bare(words) in _TEXTS for words in types)
            return "text" if texts and all(types) and not any(words.endswith("]") for words in types) else ""
        if isinstance(node, exp.Array):
            inner = _bare(self.unify(node.expressions)) if not node.find(exp.Query) else ""
            return f"{inner}[]" if inner and inner != NULL else ""
        if isinstance(node, exp.Neg):
            return _bare(self.words(node.this.type))
        if isinstance(node, exp.Min | exp.Max):
            return self._extreme(node)
        if isinstance(node, exp.Sum):
            return self._summed(node)
        if isinstance(node, exp.Avg):
            return self._averaged(node)
        name = self.written_name(node)
        if name in _FIXED:
            return _FIXED[name]
        if name in _SAME:
            words = self._first(node)
            # nullif() compares, and texts are compared as `text`.
            return ("text" if _bare(words) in _TEXTS else words) if name == "nullif" else _bare(words)
        if name == "date_trunc":
            return self._truncated(node)
        if name in ("round", "floor", "ceil", "ceiling", "trunc"):
            words = _bare(self._first(node))
            if node.args.get("decimals") is not None or words == "numeric":
                return "numeric"
            return "double precision" if words in (*_WHOLE, "double precision", "real") else ""
        if name == "array_agg":
            inner = _bare(self._first(node))
            return f"{inner}[]" if inner and inner != NULL else ""
        by_class = _BY_CLASS.get(type(node))
        return by_class if by_class is not None else super().function(node)

    def _first(self, node: exp.Expr) -> str:
        first = node.expressions[0] if isinstance(node, exp.Anonymous) and node.expressions else node.this
        while isinstance(first, exp.Order | exp.Ordered | exp.Distinct):
            first = first.expressions[0] if isinstance(first, exp.Distinct) else first.this
        return self.words(first.type) if isinstance(first, exp.Expr) else ""

    def _arithmetic(self, node: exp.Expr) -> str:
        left, right = _bare(self.words(node.this.type)), _bare(self.words(node.expression.type))
        if left in _NUMBERS and right in _NUMBERS:
            wider = max(left, right, key=_NUMBERS.index)
            # real with anything but real is computed in double precision.
            return "double precision" if wider == "real" and left != right else wider
        if isinstance(node, exp.Add | exp.Sub):
            return _dated(left, right, is_sub=isinstance(node, exp.Sub))
        return ""

    def _extreme(self, node: exp.Expr) -> str:
        words = self._first(node)
        if words.startswith("character varying"):
            return "text"  # there is no min(varchar)
        return _bare(words) if words else ""

    def _summed(self, node: exp.Expr) -> str:
        words = _bare(self._first(node))
        if words in ("smallint", "integer"):
            return "bigint"
        if words in ("bigint", "numeric"):
            return "numeric"
        return words if words in ("real", "double precision", "interval") else ""

    def _averaged(self, node: exp.Expr) -> str:
        words = _bare(self._first(node))
        if words in (*_WHOLE, "numeric"):
            return "numeric"
        return "double precision" if words in ("real", "double precision") else ""

    def _truncated(self, node: exp.Expr) -> str:
        words = self._first(node)
        if words in ("date", _ZONED):
            return _ZONED
        return words if words in (_STAMP, "interval") else ""


def _bare(words: str) -> str:
    """A type without its size, which no operator keeps."""
    head, bracket, rest = words.partition("(")
    return head + rest.partition(")")[2] if bracket else words


def _pair(a: str, b: str) -> str:
    if a == b or b == NULL:
        return a
    if a == NULL:
        return b
    a, b = _bare(a), _bare(b)
    if a in _NUMBERS and b in _NUMBERS:
        return max(a, b, key=_NUMBERS.index)
    if {a, b} == {"character varying", "text"}:
        return a  # each may stand for the other: the first one stays
    if a == b:
        return a
    stamps = ("date", _STAMP, _ZONED)
    return max(a, b, key=stamps.index) if a in stamps and b in stamps else ""


def _dated(a: str, b: str, *, is_sub: bool) -> str:
    stamps = (_STAMP, _ZONED)
    if b == "interval" or (a == "interval" and not is_sub):
        other = a if b == "interval" else b
        return _STAMP if other == "date" else other if other in (*stamps, "interval") else ""
    if is_sub and a == b == "date":
        return "integer"
    if is_sub and a in (*stamps, "date") and b in (*stamps, "date"):
        return "interval"
    return "date" if a == "date" and b in ("integer", "smallint") else ""
