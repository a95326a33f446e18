"""The types of DuckDB's expressions, as its binder gives them (compared with DESCRIBE in the tests)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from aidbt.sql.resolve.duckdb_names import duckdb_identifier
from aidbt.sql.resolve.types import NULL, DType, TypeRules, bare, digits, item_type, struct_fields

_WORDS = {
    DType.TINYINT: "TINYINT", DType.SMALLINT: "SMALLINT", DType.INT: "INTEGER", DType.BIGINT: "BIGINT",
    DType.INT128: "HUGEINT", DType.UTINYINT: "UTINYINT", DType.USMALLINT: "USMALLINT",
    DType.UINT: "UINTEGER", DType.UBIGINT: "UBIGINT", DType.UINT128: "UHUGEINT", DType.FLOAT: "FLOAT",
    DType.DOUBLE: "DOUBLE", DType.BOOLEAN: "BOOLEAN", DType.TEXT: "VARCHAR", DType.VARCHAR: "VARCHAR",
    DType.CHAR: "VARCHAR", DType.NCHAR: "VARCHAR", DType.NVARCHAR: "VARCHAR", DType.BPCHAR: "VARCHAR",
    DType.DATE: "DATE", DType.TIMESTAMP: "TIMESTAMP", DType.TIMESTAMPNTZ: "TIMESTAMP",
    DType.DATETIME: "TIMESTAMP", DType.TIMESTAMPTZ: "TIMESTAMP WITH TIME ZONE",
    DType.TIMESTAMPLTZ: "TIMESTAMP WITH TIME ZONE", DType.TIMESTAMP_S: "TIMESTAMP_S",
    DType.TIMESTAMP_MS: "TIMESTAMP_MS", DType.TIMESTAMP_NS: "TIMESTAMP_NS", DType.TIME: "TIME",
    DType.TIMETZ: "TIME WITH TIME ZONE", DType.INTERVAL: "INTERVAL", DType.UUID: "UUID",
    DType.VARBINARY: "BLOB", DType.BINARY: "BLOB", DType.BLOB: "BLOB", DType.JSON: "JSON", DType.BIT: "BIT",
    DType.NULL: NULL,
}  # fmt: skip
# The digits that every value of an integer type has room in.
_DIGITS = {
    "UTINYINT": 3, "TINYINT": 3, "USMALLINT": 5, "SMALLINT": 5, "UINTEGER": 10, "INTEGER": 10,
    "BIGINT": 19, "UBIGINT": 20, "UHUGEINT": 38, "HUGEINT": 38,
}  # fmt: skip
_SIGNED = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_UNSIGNED = ("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT")
_RANGES = {name: 2 ** (8 * 2**at - 1) for at, name in enumerate(_SIGNED)}
_UNSIGNED_RANGES = {name: 2 ** (8 * 2**at) for at, name in enumerate(_UNSIGNED)}
_TEXT_BESIDE = ("VARCHAR", "BOOLEAN", "TIME", NULL)
_DATES = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")

# Functions whose type does not depend on their arguments, as DuckDB's own catalog lists them.
_BY_TYPE = {
    "BOOLEAN": """array_contains array_has array_has_all array_has_any bool_and bool_or contains ends_with
        isfinite isinf isnan json_contains json_valid list_contains list_has list_has_all list_has_any
        map_contains prefix regexp_full_match regexp_matches signbit starts_with suffix""",
    "HUGEINT": "count_if countif factorial",
    "DOUBLE": """acos acosh asin asinh atan atan2 atanh cbrt corr cos cosh cot covar_pop covar_samp cume_dist
        degrees entropy exp favg fsum gamma jaccard jaro_similarity jaro_winkler_similarity kahan_sum
        kurtosis kurtosis_pop lgamma ln log log10 log2 percent_rank pi pow power product radians random
        regr_avgx regr_avgy regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy sem sin sinh
        skewness sqrt stddev stddev_pop stddev_samp sumkahan tan tanh var_pop var_samp variance epoch""",
    "BIGINT": """approx_count_distinct array_length bit_length century char_length character_length
        damerau_levenshtein date_diff date_sub datediff datesub day dayofmonth dayofweek dayofyear decade
        dense_rank hamming hour instr isodow isoyear len length levenshtein microsecond millennium
        millisecond minute mismatches month ntile octet_length position quarter rank rank_dense row_number
        second strlen strpos week weekday weekofyear year yearweek count nanosecond era""",
    "UBIGINT": "hash list_unique array_unique cardinality",
    "VARCHAR": """array_to_string bar base64 bin chr concat_ws dayname format format_bytes
        group_concat hex initcap json_extract_string lcase left left_grapheme listagg lower lpad ltrim md5
        monthname nfc_normalize printf regexp_extract regexp_replace replace reverse right
        right_grapheme rpad rtrim sha1 sha256 split_part strftime string_agg strip_accents substr substring
        substring_grapheme to_base to_base64 to_hex translate trim typeof ucase upper url_decode url_encode
        version current_schema current_database current_user user""",
    "JSON": """array_to_json json_array json_merge_patch json_object json_quote json_structure row_to_json
        to_json json_group_array json_group_object""",
    "INTERVAL": """age to_centuries to_days to_decades to_hours to_microseconds to_millennia to_milliseconds
        to_minutes to_months to_quarters to_seconds to_weeks to_years""",
    "DATE": "current_date last_day make_date today",
    "TIME": "make_time current_localtime",
    "TIMESTAMP": "current_localtimestamp make_timestamp strptime try_strptime",
    "TIMESTAMP WITH TIME ZONE": """get_current_timestamp make_timestamptz now to_timestamp
        transaction_timestamp current_timestamp""",
    "VARCHAR[]": """regexp_extract_all regexp_split_to_array split str_split str_split_regex string_split
        string_split_regex string_to_array""",
    "UUID": "gen_random_uuid uuid uuidv4 uuidv7",
    "INTEGER": "ascii ord unicode array_position list_position list_indexof array_indexof",
    "TINYINT": "sign",
    "BLOB": "encode from_base64 from_hex unhex",
}
_FIXED = {name: words for words, names in _BY_TYPE.items() for name in names.split()}
# The type of the first argument.
_SAME = frozenset(
    """
    any_value arbitrary first first_value last last_value nth_value mode lag lead abs arg_max arg_min argmax
    argmin max_by min_by min max quantile_disc list_sort list_reverse_sort list_distinct list_reverse
    array_distinct list_filter array_filter filter list_slice array_slice bit_and bit_or bit_xor nullif
    list_resize list_select
    """.split()
)
_LISTS = frozenset({"list", "array_agg"})
# By the class where the tree does not keep the name that the query writes.
_BY_CLASS: dict[type[exp.Expr], str] = {
    exp.StrPosition: "BIGINT", exp.Trim: "VARCHAR", exp.RowNumber: "BIGINT",
    exp.Rank: "BIGINT", exp.DenseRank: "BIGINT", exp.Ntile: "BIGINT", exp.PercentRank: "DOUBLE",
    exp.CumeDist: "DOUBLE", exp.CurrentDate: "DATE", exp.CurrentTimestamp: "TIMESTAMP WITH TIME ZONE",
    exp.DPipe: "", exp.Pow: "DOUBLE", exp.Interval: "INTERVAL", exp.Count: "BIGINT",
    exp.Stddev: "DOUBLE", exp.StddevSamp: "DOUBLE", exp.StddevPop: "DOUBLE", exp.Variance: "DOUBLE",
    exp.GroupConcat: "VARCHAR", exp.ApproxDistinct: "BIGINT", exp.CountIf: "HUGEINT",
    exp.CurrentUser: "VARCHAR", exp.CurrentSchema: "VARCHAR", exp.Rand: "DOUBLE", exp.Corr: "DOUBLE",
    exp.Lower: "VARCHAR", exp.Upper: "VARCHAR", exp.DateDiff: "BIGINT", exp.Length: "BIGINT",
    exp.JSONExtractScalar: "VARCHAR",
}  # fmt: skip
_BY_CLASS_SAME = (exp.ArgMax, exp.ArgMin, exp.Mode, exp.Abs, exp.PercentileDisc, exp.BitwiseNot)
_ZONED = "TIMESTAMP WITH TIME ZONE"


class DuckDBRules(TypeRules):
    text_type, count = "VARCHAR", "BIGINT"

    def _words(self, data_type: exp.DataType) -> str:
        kind = data_type.this
        if kind in _WORDS:
            return _WORDS[kind]
        if kind is DType.DECIMAL:
            sizes = [part.name for part in data_type.expressions]
            return f"DECIMAL({sizes[0]},{sizes[1] if len(sizes) > 1 else 0})" if sizes else "DECIMAL(18,3)"
        if kind is DType.ARRAY and data_type.expressions:
            inner = self.words(item_type(data_type))
            size = "".join(part.name for part in data_type.args.get("values") or [])
            return f"{_quoted_null(inner)}[{size}]" if inner else ""
        if kind is DType.STRUCT:
            return self._struct_words(data_type)
        if kind is DType.MAP and len(data_type.expressions) == 2:
            key, value = (self.words(part) for part in data_type.expressions)
            return f"MAP({_quoted_null(key)}, {_quoted_null(value)})" if key and value else ""
        return str(data_type.meta.get("text", ""))

    def _struct_words(self, data_type: exp.DataType) -> str:
        parts = []
        for column in struct_fields(data_type):
            words = self.words(column.kind)
            if not words:
                return ""
            parts.append(f"{duckdb_identifier(column.name)} {_quoted_null(words)}")
        return f"STRUCT({', '.join(parts)})" if parts else ""

    def _cast(self, node: exp.Cast) -> exp.DataType | None:
        inner = node.this
        if isinstance(inner, exp.Cast) and isinstance(inner.this, exp.Literal) and inner.this.is_string:
            # The parser reads `date '…'::text` inside out.
            return None
        target = super()._cast(node)
        return self.tree(self.words(target)) if target is not None else None

    def united(self, types: Sequence[str]) -> str:
        # A set operation makes text of a number or a date beside a text; anything else does not.
        if "VARCHAR" in types:
            plain = all(_is_number(words) or words in (*_DATES, *_TEXT_BESIDE) for words in types)
            return "VARCHAR" if plain else ""
        return self.unified(types)

    def literal(self, node: exp.Literal) -> str:
        if node.is_string:
            return "VARCHAR"
        written = node.name.replace("_", "").lower()
        # The tree writes .5 as 0.5, which has another type; it alone has no place.
        if self.text and written.startswith("0.") and not self.written_name(node):
            written = written[1:]
        if "e" in written:
            return "DOUBLE"
        if "." in written:
            whole, _, part = written.partition(".")
            width = len(whole.lstrip("0")) + len(part) if whole.strip("0") else len(whole) + len(part)
            return f"DECIMAL({width},{len(part)})" if width <= 38 else "DOUBLE"
        return _integer_of(int(written)) if written.isdigit() else ""

    def function(self, node: exp.Expr) -> str:
        if isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Div | exp.IntDiv | exp.Mod):
            return self._arithmetic(node)
        if isinstance(node, exp.DPipe):
            return self._concatenated(node)
        if isinstance(node, exp.BitwiseAnd | exp.BitwiseOr):
            return self._of_bits(node)
        if isinstance(node, exp.Neg):
            return self._negated(node)
        if isinstance(node, exp.Struct):
            return self._struct(node)
        if isinstance(node, exp.Array):
            return self._list_of(node.expressions)
        if isinstance(node, exp.Bracket):
            return self._item(node)
        if isinstance(node, exp.Extract):
            return self._part_of_date(node.name, self.words(node.expression.type))
        named = self._named(self.written_name(node), node)
        if named is not None:
            return named
        by_class = _BY_CLASS.get(type(node))
        if by_class is not None:
            return by_class
        if isinstance(node, _BY_CLASS_SAME):
            return self._first(node)
        return super().function(node)

    def _named(self, name: str, node: exp.Expr) -> str | None:
        """By the name that the query writes; None when that does not tell."""
        if name in _FIXED:
            return _FIXED[name]
        if name in _SAME:
            # max(x, 3) is a list of the three greatest ones.
            takes_count = name in ("min", "max", "arg_max", "arg_min", "max_by", "min_by")
            return "" if takes_count and self._has_count(node, name) else self._first(node)
        if name in _LISTS:
            inner = self._first(node)
            return f"{inner}[]" if inner and inner != NULL else ""
        by_name = _RULES.get(name)
        return by_name(self, node) if by_name else None

    def _has_count(self, node: exp.Expr, name: str) -> bool:
        arguments = 1 + len(node.expressions) + (node.args.get("expression") is not None)
        return bool(node.args.get("count")) or arguments > (1 if name in ("min", "max") else 2)

    def _first(self, node: exp.Expr) -> str:
        """The type of the first argument, a literal's too; "" when there is none."""
        first = node.expressions[0] if isinstance(node, exp.Anonymous) and node.expressions else node.this
        if isinstance(first, exp.Distinct):
            first = first.expressions[0]
        while isinstance(first, exp.Order | exp.Ordered | exp.Limit):
            first = first.this
        if isinstance(first, exp.Distinct):
            first = first.expressions[0]
        return self.words(first.type) if isinstance(first, exp.Expr) else ""

    # --- unifying -----------------------------------------------------------------------------------------

    def unify(self, nodes: Sequence[exp.Expr | None]) -> str:
        """Two at a time, in their order: a number or a text that is written out takes the type of what it
        meets first, and has one of its own from then on.
        """
        words, literal = "", None
        for at, node in enumerate(nodes):
            other = self.words(node.type) if node is not None else NULL
            own = bare(node) if node is not None else None
            if at == 0:
                words, literal = other, own
                continue
            words = self._meet(words, literal, other, own)
            literal = None
            if not words:
                return ""
        return words

    def _meet(self, words: str, literal: exp.Expr | None, other: str, own: exp.Expr | None) -> str:
        """The type of two expressions, of which either may be written out."""
        one, two = _integer_literal(literal), _integer_literal(own)
        if (one is None) != (two is None) and "VARCHAR" not in (words, other):
            return _beside_integer(other, one) if one is not None else _beside_integer(words, two or 0)
        if _is_text(literal) and other not in ("VARCHAR", NULL):
            return other
        if _is_text(own) and words not in ("VARCHAR", NULL):
            return words
        return _pair(words, other)

    def unified(self, types: Sequence[str]) -> str:
        words = NULL
        for other in types:
            words = _pair(words, other)
            if not words:
                return ""
        return words

    # --- operators ----------------------------------------------------------------------------------------

    def _arithmetic(self, node: exp.Expr) -> str:
        left, right = self.words(node.this.type), self.words(node.expression.type)
        if isinstance(node, exp.Add | exp.Sub):
            dated = _dated(left, right, is_sub=isinstance(node, exp.Sub))
            if dated is not None:
                return dated
        if isinstance(node, exp.Mul | exp.Div) and "INTERVAL" in (left, right):
            return "INTERVAL" if _is_number(left) or _is_number(right) else ""
        if not _is_number(left) or not _is_number(right):
            return ""
        if isinstance(node, exp.Div):
            return _division(left, right)
        is_whole = left in _DIGITS and right in _DIGITS
        if isinstance(node, exp.IntDiv) and not is_whole:
            return _division(left, right)
        if is_whole or "DOUBLE" in (left, right) or "FLOAT" in (left, right):
            return self.unify([node.this, node.expression])
        if isinstance(node, exp.Mod):
            return "" if "HUGEINT" in (left, right) or "UHUGEINT" in (left, right) else _pair(left, right)
        return _product(left, right) if isinstance(node, exp.Mul) else _sum(left, right)

    def _concatenated(self, node: exp.Expr) -> str:
        types = (self.words(node.this.type), self.words(node.expression.type))
        if NULL in types:
            return ""
        if any(words.endswith("]") for words in types):
            return types[0] if types[0] == types[1] else ""
        return "BLOB" if "BLOB" in types and types[0] == types[1] else "VARCHAR" if all(types) else ""

    def _of_bits(self, node: exp.Expr) -> str:
        left, right = self.words(node.this.type), self.words(node.expression.type)
        literal = _integer_literal(node.expression)
        if left in _SIGNED and (
            left == right or (literal is not None and _beside_integer(left, literal) == left)
        ):
            return left
        return ""

    def _negated(self, node: exp.Expr) -> str:
        value = _integer_literal(node)
        return _integer_of(value) if value is not None else self.words(node.this.type)

    def _struct(self, node: exp.Struct) -> str:
        parts = []
        for part in node.expressions:
            if not isinstance(part, exp.PropertyEQ):
                return ""
            name = part.this.name
            words = self.words(part.expression.type)
            if not words:
                return ""
            parts.append(f"{duckdb_identifier(name)} {_quoted_null(words)}")
        return f"STRUCT({', '.join(parts)})"

    def _list_of(self, nodes: Sequence[exp.Expr]) -> str:
        if any(isinstance(node, exp.Query | exp.Comprehension) for node in nodes):
            return ""
        words = self.unify(nodes)
        return f"{words}[]" if words and words != NULL else ""

    def _item(self, node: exp.Bracket) -> str:
        whole = self.words(node.this.type)
        if isinstance(node.expressions[0], exp.Slice):
            return whole
        inner = item_type(node.this.type)
        if inner is not None:
            return self.words(inner)
        if whole == "VARCHAR":
            return "VARCHAR"
        if whole.startswith("MAP(") and node.this.type:
            return self.words(node.this.type.expressions[1])
        if whole.startswith("STRUCT(") and isinstance(node.expressions[0], exp.Literal):
            return self.words(self.field_type(node.this.type, node.expressions[0].name))
        return ""

    # --- functions ----------------------------------------------------------------------------------------

    def _summed(self, node: exp.Expr) -> str:
        words = self._first(node)
        if words in _DIGITS or words == "BOOLEAN":
            return "HUGEINT"
        if words in ("FLOAT", "DOUBLE"):
            return "DOUBLE"
        return f"DECIMAL(38,{digits(words)[1]})" if words.startswith("DECIMAL") else ""

    def _averaged(self, node: exp.Expr) -> str:
        words = self._first(node)
        if _is_number(words):
            return "DOUBLE"
        if words == "DATE":
            return "TIMESTAMP"
        return words if words in ("TIMESTAMP", _ZONED, "TIME", "INTERVAL") else ""

    def _middle(self, node: exp.Expr) -> str:
        words = self._first(node)
        if words in _DIGITS:
            return "DOUBLE"
        return "TIMESTAMP" if words == "DATE" else words

    def _rounded(self, node: exp.Expr) -> str:
        words = self._first(node)
        if words.startswith("DECIMAL"):
            width, scale = digits(words)
            places = node.args.get("decimals")
            if places is None:
                return f"DECIMAL({width},0)"
            kept = _integer_literal(places)
            return f"DECIMAL({width},{min(kept, scale)})" if kept is not None and kept >= 0 else ""
        if words in _DIGITS:
            return words if words in _SIGNED else ""
        return words if words in ("FLOAT", "DOUBLE") else ""

    def _floored(self, node: exp.Expr) -> str:
        words = self._first(node)
        if words.startswith("DECIMAL"):
            return f"DECIMAL({digits(words)[0]},0)"
        return "DOUBLE" if words in _DIGITS else words if words in ("FLOAT", "DOUBLE") else ""

    def _truncated_date(self, node: exp.Expr) -> str:
        # Of a DATE it is a DATE up to DuckDB 1.4 and a TIMESTAMP since 2.0.
        words = self._first(node)
        return words if words in ("TIMESTAMP", _ZONED, "INTERVAL") else ""

    def _chosen(self, node: exp.Expr) -> str:
        nodes = node.expressions if isinstance(node, exp.Anonymous) else [node.this, *node.expressions]
        return self.unify(nodes)

    def _concat(self, node: exp.Expr) -> str:
        types = [self.words(part.type) for part in node.expressions]
        return "VARCHAR" if types and all(types) and not any(w.endswith("]") for w in types) else ""

    def _series(self, node: exp.Expr) -> str:
        start = self.words(node.args["start"].type) if node.args.get("start") else ""
        return "BIGINT[]" if start in _DIGITS else ""

    def _date_part(self, node: exp.Expr) -> str:
        if len(node.expressions) != 2 or not isinstance(node.expressions[0], exp.Literal):
            return ""
        return self._part_of_date(node.expressions[0].name, self.words(node.expressions[1].type))

    def _part_of_date(self, part: str, words: str) -> str:
        if words not in (*_DATES, "TIME", "INTERVAL"):
            return ""
        return "DOUBLE" if part.lower() in ("epoch", "julian") else "BIGINT"

    def _keys(self, node: exp.Expr) -> str:
        whole = node.this.type if isinstance(node.this, exp.Expr) else None
        whole = node.expressions[0].type if isinstance(node, exp.Anonymous) else whole
        parts = whole.expressions if whole is not None and whole.this is DType.MAP else []
        return f"{self.words(parts[0])}[]" if len(parts) == 2 and self.words(parts[0]) else ""

    def _entries(self, node: exp.Expr) -> str:
        whole = node.this.type if isinstance(node.this, exp.Expr) else None
        whole = node.expressions[0].type if isinstance(node, exp.Anonymous) else whole
        parts = whole.expressions if whole is not None and whole.this is DType.MAP else []
        return f"{self.words(parts[1])}[]" if len(parts) == 2 and self.words(parts[1]) else ""

    def _extracted(self, node: exp.Expr) -> str:
        name = node.args.get("expression")
        return self.words(self.field_type(node.this.type, name.name)) if isinstance(name, exp.Expr) else ""

    def _date_added(self, node: exp.Expr) -> str:
        return _dated(self._first(node), "INTERVAL", is_sub=False) or ""

    def _repeated(self, node: exp.Expr) -> str:
        return "VARCHAR" if self._first(node) == "VARCHAR" else ""

    def _truncated(self, node: exp.Expr) -> str:
        words = self._first(node)
        if words.startswith("DECIMAL"):
            return f"DECIMAL({digits(words)[0]},0)" if node.args.get("decimals") is None else ""
        return words if words in _DIGITS or words in ("FLOAT", "DOUBLE") else ""

    def _counted(self, node: exp.Expr) -> str:
        words = self._first(node)
        return f"MAP({words}, UBIGINT)" if words and words != NULL else ""

    def _json(self, node: exp.Expr) -> str:
        return "JSON"


_RULES = {
    "sum": DuckDBRules._summed,
    "avg": DuckDBRules._averaged,
    "mean": DuckDBRules._averaged,
    "median": DuckDBRules._middle,
    "quantile_cont": DuckDBRules._middle,
    "round": DuckDBRules._rounded,
    "floor": DuckDBRules._floored,
    "ceil": DuckDBRules._floored,
    "ceiling": DuckDBRules._floored,
    "date_trunc": DuckDBRules._truncated_date,
    "datetrunc": DuckDBRules._truncated_date,
    "greatest": DuckDBRules._chosen,
    "least": DuckDBRules._chosen,
    "concat": DuckDBRules._concat,
    "range": DuckDBRules._series,
    "generate_series": DuckDBRules._series,
    "date_part": DuckDBRules._date_part,
    "map_keys": DuckDBRules._keys,
    "map_values": DuckDBRules._entries,
    "struct_extract": DuckDBRules._extracted,
    "date_add": DuckDBRules._date_added,
    "json_extract": DuckDBRules._json,
    "repeat": DuckDBRules._repeated,
    "trunc": DuckDBRules._truncated,
    "histogram": DuckDBRules._counted,
}


def _quoted_null(words: str) -> str:
    return '"NULL"' if words == NULL else words


def _is_number(words: str) -> bool:
    return words in _DIGITS or words in ("FLOAT", "DOUBLE") or words.startswith("DECIMAL")


def _is_text(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string)


def _integer_literal(node: exp.Expr | None) -> int | None:
    """The number that an expression writes; DuckDB lets it take the type of what stands beside it."""
    inner = bare(node) if node is not None else None
    if isinstance(inner, exp.Neg):
        value = _integer_literal(inner.this)
        return None if value is None else -value
    if isinstance(inner, exp.Literal) and not inner.is_string:
        written = inner.name.replace("_", "")
        return int(written) if written.isdigit() else None
    return None


def _integer_of(value: int) -> str:
    """The type of an integer that is written out."""
    for name in ("INTEGER", "BIGINT", "HUGEINT"):
        if -_RANGES[name] <= value < _RANGES[name]:
            return name
    return "DOUBLE"


def _beside_integer(words: str, value: int) -> str:
    """The type of another one and of an integer that is written out: the other one where it has room."""
    if words == NULL:
        return _integer_of(value)
    if words in _RANGES and -_RANGES[words] <= value < _RANGES[words]:
        return words
    if words in _UNSIGNED_RANGES and 0 <= value < _UNSIGNED_RANGES[words]:
        return words
    return _pair(words, _integer_of(value))


def _pair(a: str, b: str) -> str:
    """The type that holds both; "" where there is none or it is not certain."""
    if a == b or b == NULL:
        return a
    if a == NULL:
        return b
    if not a or not b:
        return ""
    if a in _DIGITS and b in _DIGITS:
        return _wider_integer(a, b)
    if _is_number(a) and _is_number(b):
        if "DOUBLE" in (a, b):
            return "DOUBLE"
        return "FLOAT" if "FLOAT" in (a, b) else _wider_decimal(a, b)
    if "BOOLEAN" in (a, b):
        other = b if a == "BOOLEAN" else a
        return other if other in _DIGITS else ""
    if a in _DATES and b in _DATES:
        return max(a, b, key=_DATES.index)
    return ""


def _wider_integer(a: str, b: str) -> str:
    if a in _SIGNED and b in _SIGNED:
        return max(a, b, key=_SIGNED.index)
    if a in _UNSIGNED and b in _UNSIGNED:
        return max(a, b, key=_UNSIGNED.index)
    signed, unsigned = (a, b) if a in _SIGNED else (b, a)
    at = _UNSIGNED.index(unsigned) + 1
    return _SIGNED[max(at, _SIGNED.index(signed))] if at < len(_SIGNED) else "DOUBLE"


def _sizes(words: str) -> tuple[int, int]:
    """(width, scale) of a decimal, or of the one that holds an integer type."""
    if words in _DIGITS:
        return _DIGITS[words], 0
    width, scale = digits(words)
    return width, scale


def _wider_decimal(a: str, b: str) -> str:
    (width_a, scale_a), (width_b, scale_b) = _sizes(a), _sizes(b)
    scale = max(scale_a, scale_b)
    width = max(width_a - scale_a, width_b - scale_b) + scale
    if width > 38 and a not in _DIGITS and b not in _DIGITS:
        return ""  # how the digits are shared out then is not followed
    return f"DECIMAL({min(width, 38)},{scale})"


def _sum(a: str, b: str) -> str:
    wider = _wider_decimal(a, b)
    if not wider:
        return ""
    width, scale = _sizes(wider)
    return f"DECIMAL({min(width + 1, 38)},{scale})"


def _product(a: str, b: str) -> str:
    (width_a, scale_a), (width_b, scale_b) = _sizes(a), _sizes(b)
    width, scale = width_a + width_b, scale_a + scale_b
    if scale > 38:
        return ""
    # What is kept in 64 bits stays in 64 bits.
    if width > 18 and max(width_a, width_b) <= 18 and scale < 18:
        width = 18
    return f"DECIMAL({min(width, 38)},{scale})"


def _division(a: str, b: str) -> str:
    return "FLOAT" if "FLOAT" in (a, b) and "DOUBLE" not in (a, b) else "DOUBLE"


def _dated(a: str, b: str, *, is_sub: bool) -> str | None:
    """The type of a sum or a difference with a date, a time or an interval in it; None without one."""
    stamps = ("TIMESTAMP", _ZONED)
    if b == "INTERVAL" or (a == "INTERVAL" and not is_sub):
        other = a if b == "INTERVAL" else b
        if other == "DATE":
            return "TIMESTAMP"
        return other if other in (*stamps, "TIME", "INTERVAL") else ""
    if is_sub and a in _DATES and b in _DATES:
        return "BIGINT" if a == b == "DATE" else "INTERVAL"
    small = ("TINYINT", "SMALLINT", "INTEGER")
    if a == "DATE" and b in small:
        return "DATE"
    if b == "DATE" and a in small and not is_sub:
        return "DATE"
    if {a, b} == {"DATE", "TIME"} and not is_sub:
        return "TIMESTAMP"
    dated = {*_DATES, "TIME", "INTERVAL"}
    return "" if a in dated or b in dated else None
