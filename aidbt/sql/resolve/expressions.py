"""What the expressions of a SELECT are made of, bound to the columns that they name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from aidbt.sql.resolve.rows import Bound, Field, Rows, Source
from aidbt.sql.resolve.scope import Scope
from aidbt.sql.resolve.types import struct_fields
from aidbt.sql.resolve.values import Uses, Value, add_uses, combined, unknown
from aidbt.sql.resolved import How, Made

if TYPE_CHECKING:
    from aidbt.sql.resolve.mismatch import Mismatches
    from aidbt.sql.resolve.types import TypeRules

BOUND = "aidbt_bound"
"""Where a column of a tree keeps in `meta` what it is bound to."""

_UNKNOWN_TYPE = exp.DataType(this=exp.DType.UNKNOWN)
# What holds no value of its own: words of the grammar.
_WORDS = (
    exp.DataType, exp.Var, exp.Identifier, exp.JSONPath, exp.WindowSpec, exp.DataTypeParam, exp.ColumnDef,
)  # fmt: skip
_CONSTANTS = (exp.Literal, exp.Boolean, exp.Null, exp.HexString, exp.BitString, exp.ByteString, exp.RawString)
# What gives another value each time, or by who asks.
_GENERATORS = tuple(
    getattr(exp, name)
    for name in """
    CurrentDate CurrentTime CurrentTimestamp CurrentTimestampLTZ CurrentDatetime Localtime Localtimestamp
    Systimestamp UtcDate UtcTime UtcTimestamp CurrentUser SessionUser CurrentSchema CurrentCatalog CurrentRole
    CurrentVersion CurrentDatabase CurrentAccount CurrentWarehouse CurrentSession Rand Randn Randstr Uniform
    Normal Zipf Uuid NextValueFor Parameter SessionParameter Placeholder
    """.split()
    if hasattr(exp, name)
)
_GENERATOR_NAMES = frozenset(
    """
    random rand uuid gen_random_uuid uuidv4 uuidv7 generate_uuid uuid_string now today getdate sysdate
    getutcdate sysdatetime current_setting clock_timestamp statement_timestamp transaction_timestamp timeofday
    nextval currval seq1 seq2 seq4 seq8 monotonically_increasing_id spark_partition_id version pg_backend_pid
    txid_current newid rownumber unix_timestamp setseed current_query current_query_id current_database
    current_schema current_user get_current_time get_current_timestamp current_localtime
    current_localtimestamp
    """.split()
)
_GROUPING_NAMES = frozenset({"grouping", "grouping_id", "group_id"})
# Aggregates that the parser knows as functions only.
_AGGREGATE_NAMES = frozenset(
    """
    arbitrary arg_max_null arg_min_null argmax argmin bit_and bit_or bit_xor bitstring_agg bool_and bool_or
    count_star countif count_if entropy favg first fsum geomean geometric_mean histogram histogram_exact
    kahan_sum kurtosis kurtosis_pop last list list_agg mad mean mode product quantile quantile_cont
    quantile_disc regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy
    reservoir_quantile sem skewness string_agg sumkahan group_concat collect_list collect_set every some
    any_value approx_quantile approx_top_k max_by min_by corr covar_pop covar_samp sum_no_overflow json_agg
    jsonb_agg json_object_agg jsonb_object_agg array_agg xmlagg json_group_array json_group_object
    json_group_structure percentile percentile_approx approx_percentile numeric_histogram map_agg multimap_agg
    map_union set_agg checksum bitmap_construct_agg bitmap_or_agg hll hll_accumulate hll_combine booland_agg
    boolor_agg boolxor_agg object_agg ratio_to_report stddev_pop stddev_samp var_pop var_samp
    approximate_similarity minhash bit_count_agg listagg
    """.split()
)


class Expressions:
    """Evaluates expressions: what they use, how they are made, of what type they are.

    Args:
        rules: gives the types.
        mismatches: sees what is done with them.
        query: resolves a query inside of an expression.
    """

    def __init__(
        self, rules: TypeRules, mismatches: Mismatches, query: Callable[[exp.Expr, Scope], Rows]
    ) -> None:
        self._rules = rules
        self._look = mismatches.look
        self._query = query

    def value(self, node: exp.Expr, scope: Scope) -> Value:
        """The value of an expression; its columns are bound and its nodes typed on the way."""
        kind = type(node)
        handler = _HANDLERS.get(kind)
        if handler is not None:
            value = handler(self, node, scope)
        elif isinstance(node, _WORDS):
            return Value(nullable=False)
        elif isinstance(node, _CONSTANTS):
            value = Value(nullable=kind is exp.Null)
        elif isinstance(node, exp.AggFunc):
            value = self._aggregate(node, scope)
        elif isinstance(node, exp.Query):
            value = self._subquery(node, scope)
        elif isinstance(node, _GENERATORS):
            value = combined(self._parts(node, scope), "expression", generates=True)
        else:
            value = combined(self._parts(node, scope), "expression")
        return self._typed(node, value, scope)

    def values(self, nodes: list[exp.Expr], scope: Scope) -> list[Value]:
        return [self.value(node, scope) for node in nodes]

    def _typed(self, node: exp.Expr, value: Value, scope: Scope) -> Value:
        """The value with its type, which the node gets too."""
        if value.type is None:
            value.type = self._rules.type_of(node)
        node._type = value.type or _UNKNOWN_TYPE
        value.nullable = self._rules.is_nullable(node, value.nullable)
        self._look(node)
        return value

    def _parts(self, node: exp.Expr, scope: Scope) -> list[Value]:
        return [self.value(part, scope) for part in node.iter_expressions() if not isinstance(part, _WORDS)]

    # --- columns ------------------------------------------------------------------------------------------

    def _column(self, node: exp.Column, scope: Scope) -> Value:
        if isinstance(node.this, exp.Star):  # count(t.*)
            return self._row_of(node, scope)
        if not isinstance(node.this, exp.Identifier):  # $1 of a file
            return unknown(f"'{node.this.sql(scope.dialect)}' is a column by its position only")
        return self._path(list(node.parts), [], node, scope)

    def _dot(self, node: exp.Dot, scope: Scope) -> Value:
        fields: list[exp.Expr] = []
        base: exp.Expr = node
        while isinstance(base, exp.Dot):
            fields.append(base.expression)
            base = base.this
        fields.reverse()
        if isinstance(base, exp.Column) and isinstance(base.this, exp.Identifier):
            value = self._path(list(base.parts), fields, base, scope)
            base._type = base._type or _UNKNOWN_TYPE
            return value
        calls: list[exp.Expr] = [part for part in fields if isinstance(part, exp.Func)]
        if calls:  # schema.function(…)
            return combined(self.values(calls, scope), "expression")
        return self._inside(self.value(base, scope), fields, scope)

    def _path(self, parts: list[exp.Expr], fields: list[exp.Expr], node: exp.Column, scope: Scope) -> Value:
        """The value of a dotted name: a column with its qualifiers, or with the fields inside of it."""
        if len(parts) > 1:
            for size in range(1, min(len(parts), 4)):
                found = scope.source(tuple(scope.key(part) for part in parts[:size]))
                if found is None:
                    continue
                source, is_outer = found
                columns = source.find(scope.key(parts[size]))
                if columns:
                    inside = [*parts[size + 1 :], *fields]
                    bound = Bound(source, columns[0], is_outer, tuple(part.name for part in inside))
                    if len(columns) > 1 and scope.dialect != "duckdb":
                        scope.problems.add(
                            "column.ambiguous",
                            f"'{source.name}' has more than one column '{parts[size].name}'",
                            parts[size],
                        )
                    return self._inside(self._bind(node, bound), inside, scope)
                if scope.is_system_column(parts[size]):
                    return scope.of_rows([source])
                if not source.is_complete:
                    value = source.trusted(scope.stored(parts[size]), scope.key(parts[size]))
                    return self._inside(value, [*parts[size + 1 :], *fields], scope)
        single = scope.column(parts[0])
        if len(parts) > 1 and isinstance(single, Value):
            # The columns of a source are known here: what it does not have is no field of its row either.
            single = single if scope.source((scope.key(parts[0]),)) is None else None
        if single is None:
            return self._nothing(parts, scope)
        inside = [*parts[1:], *fields]
        if isinstance(single, Value):
            return self._inside(single, inside, scope)
        bound = replace(single, inside=tuple(part.name for part in inside)) if inside else single
        return self._inside(self._bind(node, bound), inside, scope)

    def _bind(self, node: exp.Column, bound: Bound) -> Value:
        node.meta[BOUND] = bound
        value = bound.column.value
        node._type = value.type or _UNKNOWN_TYPE
        return value.copy()

    def _inside(self, value: Value, fields: list[exp.Expr], scope: Scope) -> Value:
        """A field inside of a value, by its path."""
        if not fields:
            return value
        data_type = value.type
        apart = value
        for part in fields:
            apart = (apart.parts or {}).get(part.name.lower(), apart)
            names = [column.name for column in struct_fields(data_type)]
            data_type = self._rules.field_type(data_type, part.name)
            if names and data_type is None:
                scope.say_unknown(part, f"the struct has no field '{part.name}'", names)
                return unknown(f"there is no field '{part.name}'", apart.uses)
        inner = combined([apart], "expression")
        inner.nullable = True
        inner.type = data_type
        return inner

    def _nothing(self, parts: list[exp.Expr], scope: Scope) -> Value:
        """A name that refers to nothing: the problem is noted."""
        name = parts[-1].name
        if len(parts) == 1:
            message = f"no column is called '{name}' in {scope.known_sources()}"
            scope.say_unknown(parts[0], message, scope.visible_names())
            return unknown(f"there is no column '{name}'")
        for size in range(min(len(parts) - 1, 3), 0, -1):
            found = scope.source(tuple(scope.key(part) for part in parts[:size]))
            if found is not None:
                name = parts[size].name
                message = f"'{found[0].name}' has no column '{name}'"
                scope.say_unknown(parts[size], message, [column.name for column in found[0].fields])
                return unknown(f"there is no column '{name}' in '{found[0].name}'")
        qualifier = parts[-2]
        names = [source.name for source in scope.sources if source.name]
        message = f"nothing is called '{qualifier.name}' in FROM"
        scope.say_unknown(qualifier, message, names)
        return unknown(f"there is no '{qualifier.name}' to take '{name}' from")

    def _row_of(self, node: exp.Column, scope: Scope) -> Value:
        found = scope.source(tuple(scope.key(part) for part in node.parts[:-1]))
        return scope.of_rows([found[0]]) if found else unknown(f"nothing is called '{node.table}' in FROM")

    def _positional(self, node: exp.PositionalColumn, scope: Scope) -> Value:
        columns = [(source, column) for source in scope.sources for column in source.fields]
        at = int(node.name) - 1 if node.name.isdigit() else -1
        if not 0 <= at < len(columns) or not all(source.is_complete for source in scope.sources):
            return unknown(f"there is no column at position {node.name}")
        source, column = columns[at]
        node.meta[BOUND] = Bound(source, column)
        value = column.value
        return value.copy()

    def _columns(self, node: exp.Columns, scope: Scope) -> Value:
        found = scope.substitutes.get(id(node))
        if found is None:
            return unknown("COLUMNS(…) stands for columns that are not known here")
        if node.args.get("unpack"):  # all of them at once, as arguments
            return combined((column.value for column in found), "passthrough")
        value = found[0].value
        return value.copy()

    def _struct(self, node: exp.Struct, scope: Scope) -> Value:
        """A struct that is put together here: its fields are known apart."""
        parts: dict[str, Value] = {}
        for at, part in enumerate(node.expressions):
            named = part.this.name if isinstance(part, exp.PropertyEQ) else part.alias_or_name
            parts[(named or str(at)).lower()] = self.value(part, scope)
        value = combined(parts.values(), "expression")
        value.nullable, value.parts = False, parts
        return value

    def _item(self, node: exp.Bracket, scope: Scope) -> Value:
        """An item of a list, or a field of a struct by its name."""
        whole = self.value(node.this, scope)
        if len(node.expressions) == 1 and isinstance(node.expressions[0], exp.Literal):
            inner = (whole.parts or {}).get(node.expressions[0].name.lower(), whole)
            return combined([inner], "expression")
        return combined([whole, *self.values(node.expressions, scope)], "expression")

    def _listed(self, node: exp.ArrayAgg, scope: Scope) -> Value:
        """A list of the values of a group, with one item for each of its rows."""
        value = self._aggregate(node, scope)
        if node.find(exp.Distinct) is None:
            value.size = scope.of_rows(scope.sources, "aggregate")
        return value

    def size_of_item(self, node: exp.Expr, scope: Scope) -> Value | None:
        """What decides how long the list is that an expression unnests; None where that is not known."""
        return self.value(node.this, scope).size if isinstance(node.this, exp.Expr) else None

    def _array(self, node: exp.Array, scope: Scope) -> Value:
        """A list that is written out."""
        value = combined(self._parts(node, scope), "expression")
        if not any(isinstance(part, exp.Query | exp.Comprehension) for part in node.expressions):
            value.size = Value()
        return value

    def _length(self, node: exp.Expr, scope: Scope) -> Value:
        """How long a text or a list is."""
        parts = self._parts(node, scope)
        return combined([part.size or part for part in parts], "expression")

    def _chosen(self, node: exp.Expr, scope: Scope) -> Value:
        """An aggregate that gives one of its values, of a struct's fields each apart."""
        scope.saw_aggregate = True
        given = [part for part in node.iter_expressions() if not isinstance(part, _WORDS)]
        first, *others = self.values(given, scope)
        value = self._over_rows(node, [first, *others], scope, "aggregate")
        if first.parts:
            value.parts = {name: combined([part, *others], "aggregate") for name, part in first.parts.items()}
        return value

    # --- functions ----------------------------------------------------------------------------------------

    def _same(self, node: exp.Expr, scope: Scope) -> Value:
        return self.value(node.this, scope)

    def _cast(self, node: exp.Cast, scope: Scope) -> Value:
        value = self.value(node.this, scope).through("cast")
        value.type = None
        return value

    def _star(self, node: exp.Star, scope: Scope) -> Value:
        return scope.of_rows(scope.sources)

    def _aggregate(self, node: exp.Expr, scope: Scope) -> Value:
        """An aggregate function: of rows, where no column is among its arguments."""
        scope.saw_aggregate = True
        return self._over_rows(node, self._parts(node, scope), scope, "aggregate")

    def _over_rows(self, node: exp.Expr, parts: list[Value], scope: Scope, how: How) -> Value:
        value = combined(parts, how)
        if value.made == "constant":
            rows = scope.of_rows(scope.sources, how)
            value = Value(None, value.nullable, rows.made, {**rows.uses, **value.uses})
        return value

    def _anonymous(self, node: exp.Anonymous, scope: Scope) -> Value:
        name = node.name.lower()
        if name in _GROUPING_NAMES:
            return self._grouping(node, scope)
        if name in _AGGREGATE_NAMES:
            return self._aggregate(node, scope)
        generates = name in _GENERATOR_NAMES
        return combined(self._parts(node, scope), "expression", generates=generates)

    def _grouping(self, node: exp.Expr, scope: Scope) -> Value:
        """Which of the grouping sets a row is of, whatever is in the columns."""
        scope.saw_aggregate = True
        self._parts(node, scope)
        return Value(nullable=False, made="generated")

    def _filter(self, node: exp.Filter, scope: Scope) -> Value:
        value = self.value(node.this, scope)
        condition = self.value(node.expression.this, scope)
        return _with_more(value, condition, "aggregate")

    def _within_group(self, node: exp.WithinGroup, scope: Scope) -> Value:
        scope.saw_aggregate = True
        return self._over_rows(node, self._parts(node, scope), scope, "aggregate")

    def _window(self, node: exp.Window, scope: Scope) -> Value:
        """A function over a window. Its own aggregate is not one of the SELECT."""
        saw_aggregate, scope.saw_aggregate = scope.saw_aggregate, False
        function, condition = node.this, None
        if isinstance(function, exp.Filter):
            function, condition = function.this, function.expression.this
        parts = self._window_arguments(function, scope)
        inner_aggregate = scope.saw_aggregate
        if condition is not None:
            parts.append(self.value(condition, scope))
        parts += self._window_parts(node, scope, set())
        scope.saw_aggregate = saw_aggregate or inner_aggregate
        value = self._over_rows(node, parts, scope, "window")
        value.type = function.type if function.type and not function.is_type("unknown") else None
        return value

    def _window_arguments(self, function: exp.Expr, scope: Scope) -> list[Value]:
        """The values of a window function's arguments; the function's nodes are typed."""
        if isinstance(function, exp.IgnoreNulls | exp.RespectNulls | exp.WithinGroup):
            parts = self._window_arguments(function.this, scope)
            if isinstance(function, exp.WithinGroup):
                parts += self._parts(function.expression, scope)
            function._type = function.this._type
            return parts
        parts = [
            self.value(part, scope)
            for part in function.iter_expressions()
            if not isinstance(part, (*_WORDS, exp.Star))
        ]
        function._type = self._rules.type_of(function) or _UNKNOWN_TYPE
        self._look(function)
        return parts

    def _window_parts(self, node: exp.Window, scope: Scope, seen: set[str]) -> list[Value]:
        """The values that a window is divided and ordered by, through the named windows that it builds on."""
        nodes = [*(node.args.get("partition_by") or [])]
        order = node.args.get("order")
        nodes += [ordered.this for ordered in order.expressions] if order else []
        parts = self.values(nodes, scope)
        spec = node.args.get("spec")
        parts += self._parts(spec, scope) if spec is not None else []
        named = [name for name in (node.args.get("alias"), node.args.get("first")) if name]
        for name in named:
            key = scope.key(name) if isinstance(name, exp.Identifier) else ""
            if key in scope.windows and key not in seen:
                parts += self._window_parts(scope.windows[key], scope, seen | {key})
        return parts

    def _lambda(self, node: exp.Lambda, scope: Scope) -> Value:
        scope.local_names.append({scope.key(name) for name in node.expressions})
        value = self.value(node.this, scope)
        scope.local_names.pop()
        return value

    def _comprehension(self, node: exp.Comprehension, scope: Scope) -> Value:
        parts = [self.value(node.args["iterator"], scope)]
        names = [node.expression, node.args.get("position")]
        scope.local_names.append({scope.key(name) for name in names if isinstance(name, exp.Expr)})
        parts.append(self.value(node.this, scope))
        if condition := node.args.get("condition"):
            parts.append(self.value(condition, scope))
        scope.local_names.pop()
        return combined(parts, "expression")

    # --- queries inside of expressions --------------------------------------------------------------------

    def _subquery(self, node: exp.Expr, scope: Scope) -> Value:
        """A query that stands for one value, or for a list of them."""
        rows = self._query(node, scope)
        scope.rows.relations.update(rows.relations)
        value = combined((column.value for column in rows.fields), "expression")
        in_order = rows.order_uses if isinstance(node.parent, exp.Array) else {}
        value.uses = {**value.uses, **rows.row_uses, **in_order}
        if not rows.is_complete and value.made != "unknown":
            value = unknown(rows.why or "the columns of a subquery are not all known", value.uses)
        if len(rows.fields) == 1:
            value.type = rows.fields[0].value.type
        value.nullable = True
        return value

    def _exists(self, node: exp.Exists, scope: Scope) -> Value:
        """Whether a query has rows: what it selects does not matter."""
        if not isinstance(node.this, exp.Query):  # exists(list, x -> …)
            return combined(self._parts(node, scope), "expression")
        rows = self._query(node.this, scope)
        scope.rows.relations.update(rows.relations)
        uses: Uses = {(key, "", ""): "aggregate" for key in rows.scan}
        made: Made = "expression" if uses else "constant"
        return Value(nullable=False, made=made, uses={**uses, **rows.row_uses})


def _with_more(value: Value, more: Value, how: How) -> Value:
    """A value on whose making another one bears as well."""
    uses = dict(value.uses)
    add_uses(uses, more.uses, how)
    if more.made == "unknown" and value.made != "unknown":
        return unknown(more.why, uses)
    return Value(value.type, value.nullable, value.made, uses, value.why)


_Handler = Callable[[Expressions, Any, Scope], Value]
_HANDLERS: dict[type, _Handler] = {
    exp.Column: Expressions._column,
    exp.Dot: Expressions._dot,
    exp.PositionalColumn: Expressions._positional,
    exp.Columns: Expressions._columns,
    exp.Paren: Expressions._same,
    exp.Alias: Expressions._same,
    exp.Ordered: Expressions._same,
    exp.Kwarg: lambda self, node, scope: self.value(node.expression, scope),
    exp.PropertyEQ: lambda self, node, scope: self.value(node.expression, scope),
    exp.Cast: Expressions._cast,
    exp.TryCast: Expressions._cast,
    exp.Star: Expressions._star,
    exp.Anonymous: Expressions._anonymous,
    exp.AnonymousAggFunc: Expressions._aggregate,
    exp.Struct: Expressions._struct,
    exp.Bracket: Expressions._item,
    exp.ArrayAgg: Expressions._listed,
    exp.Array: Expressions._array,
    exp.ArraySize: Expressions._length,
    exp.Length: Expressions._length,
    exp.ArgMax: Expressions._chosen,
    exp.ArgMin: Expressions._chosen,
    exp.First: Expressions._chosen,
    exp.Last: Expressions._chosen,
    exp.AnyValue: Expressions._chosen,
    exp.GroupingId: Expressions._grouping,
    exp.Filter: Expressions._filter,
    exp.Grouping: Expressions._grouping,
    exp.WithinGroup: Expressions._within_group,
    exp.Window: Expressions._window,
    exp.Lambda: Expressions._lambda,
    exp.Comprehension: Expressions._comprehension,
    exp.Exists: Expressions._exists,
    exp.Subquery: Expressions._subquery,
    exp.Select: Expressions._subquery,
    exp.Union: Expressions._subquery,
    exp.Intersect: Expressions._subquery,
    exp.Except: Expressions._subquery,
}


def passes_on(node: exp.Expr) -> Bound | None:
    """The column that an expression is, unchanged; None when it is anything else."""
    while isinstance(node, exp.Paren | exp.Alias):
        node = node.this
    if isinstance(node, exp.Column | exp.PositionalColumn) and node._meta:
        bound = node._meta.get(BOUND)
        return bound if bound is not None and not bound.inside else None
    return None


def field_of(source: Source | None, column: Field) -> Field:
    """A column of a source as a star passes it on."""
    return Field(column.name, column.key, column.value, Bound(source, column))
