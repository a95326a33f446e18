"""The statements of a data diff, as trees in DuckDB's words and as text in each dialect.

A row is told from another by a hash of its values. Buckets are numbered by the hash of the key (without
keys: of the row), so that both sides put a key into the same one; rows with a null in the key are in none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from sqlglot import exp
from sqlglot.errors import ErrorLevel, UnsupportedError

from aidbt.core.schema import Column, Relation
from aidbt.review.diff_columns import Kind, Pair, kind_of, text_template
from aidbt.review.diff_trees import (
    DOUBLE,
    TEXT,
    all_of,
    balanced,
    case,
    concatenated,
    count,
    count_if,
    filled_template,
    is_filled,
    is_matched,
    is_missing,
    is_null,
    is_small,
    more_than_one,
    numbered,
    seconds,
    squeezed,
    table_alias,
    text_of,
)
from aidbt.warehouse.dialects import NoLowering
from aidbt.warehouse.dialects.lowering import lowered
from aidbt.warehouse.rows import number, table_of

Side = Literal["base", "head"]
SIDES: tuple[Side, Side] = ("base", "head")
Group = Literal["all", "with a key", "without a key", "repeated", "single"]
_T = TypeVar("_T")

MASKED = "•••"
_TABLE = "t"
# A column of this table is one whose value stands as text, by the dialect's own template for its type.
_AS_TEXT = "__as_text"
_HASH_NUMBER = exp.DataType.build("decimal(20, 0)")
# Where a timestamp cast to text has the digits that the session shows, by default milliseconds.
_TIMESTAMP_TEXT = {"snowflake": "to_varchar(x, 'YYYY-MM-DD HH24:MI:SS.FF9 TZHTZM')"}
# Of what every warehouse tells the least and the largest.
_ORDERED = ("integer", "decimal", "float", "text", "date", "timestamp")
# Where a sum of 64-bit numbers overflows.
_NARROW_SUMS = ("bigquery", "trino", "spark", "databricks")


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows of both sides a statement is about.

    Attributes:
        buckets: those alone; None for every bucket.
        group: "single" are the rows whose key is unique on both sides, "repeated" those of the other keys.
    """

    group: Group
    buckets: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements about one pair of relations.

    Attributes:
        keys: what rows are matched by; () to compare whole rows.
        pairs: what is compared, without the keys.
        wheres: what holds for the rows that count, by side; both sides may have none.
        bucket_count: how many buckets there are; twice as many where hashes have a sign.
        one_in: 1, or an odd number: keys whose hash it divides are looked at.
        tolerance: of floats, relative to the mean of the sizes of the two.
        pii: names of columns whose values are not shown.
    """

    dialect: str
    base: Relation
    head: Relation
    keys: tuple[Pair, ...]
    pairs: tuple[Pair, ...]
    wheres: dict[Side, exp.Expr | None] = field(default_factory=dict)
    bucket_count: int = 1
    one_in: int = 1
    tolerance: float = 0.0
    pii: frozenset[str] = frozenset()

    # --- whole tables --------------------------------------------------------------------------------

    def row_count(self, side: Side) -> str:
        """One row: (rows), whatever is sampled."""
        query = exp.select(count()).from_(self._table(side), copy=False)
        where = self.wheres.get(side)
        return self._written(query.where(where, copy=False) if where is not None else query)

    def fingerprint(self, side: Side) -> str:
        """A row for each bucket: (bucket or null, rows, the sum of the hashes of its rows)."""
        hashed = self._row_hash(side)
        bucket = self._bucket(side) if self.keys else self._modulo(hashed)
        if self.dialect == "duckdb":  # whose widest perfect hash table takes 16 bits, see `PERFECT_HASH`
            bucket = exp.cast(bucket, exp.DataType.build("usmallint", dialect="duckdb"))
        rows = self._rows(side, [exp.alias_(bucket, "q"), exp.alias_(hashed, "r")], Scope("all"))
        checked: exp.Expr = exp.column("r")
        if self.dialect in _NARROW_SUMS:
            checked = exp.cast(checked, _HASH_NUMBER)
        query = exp.select(exp.column("q"), count(), exp.Sum(this=checked))
        query = query.from_(rows.subquery("side", copy=False), copy=False)
        return self._written(query.group_by(exp.column("q"), copy=False))

    def repeated_keys(self, side: Side) -> str:
        """One row: (keys that occur more than once on the side, their rows or null)."""
        keys = self._key_values(side)
        query = self._rows(side, [exp.alias_(count(), "n")], Scope("with a key"))
        query = query.group_by(*keys, copy=False).having(more_than_one(), copy=False)
        outer = exp.select(count(), exp.Sum(this=exp.column("n")))
        return self._written(outer.from_(query.subquery("side", copy=False), copy=False))

    # --- rows without a key --------------------------------------------------------------------------

    def row_counts_of(self, side: Side, scope: Scope) -> str:
        """One row: (rows in the scope)."""
        return self._written(self._rows(side, [count()], scope))

    def rows_by_hash(self, scope: Scope) -> str:
        """One row: (rows that base alone has, rows that head alone has), each as often as it occurs."""

        def signed(side: Side, sign: int) -> exp.Select:
            selected = [exp.alias_(self._row_hash(side), "r"), exp.alias_(number(sign), "n")]
            return self._rows(side, selected, scope)

        n = exp.Sum(this=exp.column("n"))
        both = exp.union(signed("base", -1), signed("head", 1), distinct=False, copy=False)
        differing = exp.select(exp.alias_(n, "n")).from_(
            exp.Subquery(this=both, alias=table_alias("sides")), copy=False
        )
        differing = differing.group_by(exp.column("r"), copy=False).having(n.neq(number(0)), copy=False)
        extra, zero = exp.column("n"), number(0)
        only_base = exp.Sum(this=case(exp.LT(this=extra, expression=zero), exp.Neg(this=extra)))
        only_head = exp.Sum(this=case(exp.GT(this=extra, expression=zero), extra))
        query = exp.select(only_base, only_head)
        return self._written(query.from_(differing.subquery("differing", copy=False), copy=False))

    # --- the join ------------------------------------------------------------------------------------

    def joined(
        self, scope: Scope, *, compared: Sequence[Pair], detailed: Sequence[Pair], rest: Sequence[Pair] = ()
    ) -> str:
        """One row: the figures of `JOIN_FIGURES`, then those of `column_figures` for each detailed column.

        Args:
            compared: columns that are compared by value; a row with a difference in any is changed.
            detailed: those of them whose differences are told apart.
            rest: columns that are compared by one hash over all of them.
        """
        anywhere = [exp.column(f"d{place}") for place in range(len(compared))]
        anywhere += [exp.column("s")] if rest else []
        is_changed = balanced(exp.Or, anywhere) if anywhere else exp.false()
        added, removed = exp.column("is_added"), exp.column("is_removed")
        of_base, of_head = self._label("b"), self._label("h")
        figures = [
            count(),
            count_if(added),
            count_if(removed),
            count_if(is_changed),
            count_if(exp.column("s")) if rest else number(0),
            exp.Count(this=exp.Distinct(expressions=[case(added, self._hash(numbered("hk", self.keys)))])),
            exp.Count(this=exp.Distinct(expressions=[case(removed, self._hash(numbered("bk", self.keys)))])),
        ]
        for where, label in ((added, of_head), (removed, of_base), (is_changed, of_base)):
            figures += [aggregate(this=case(where, label)) for aggregate in (exp.Min, exp.Max)]
        for place, pair in enumerate(compared):
            if pair in detailed:
                figures += self._change_figures(pair, place, of_base)
        joined = self._join(scope, compared, rest)
        return self._written(
            exp.Select(expressions=figures).from_(joined.subquery("j", copy=False), copy=False)
        )

    def buckets_of_rest(self, scope: Scope, rest: Sequence[Pair], *, limit: int) -> str:
        """Up to `limit` rows: (bucket that holds a row in which any of the columns differ)."""
        query = exp.select(self._modulo(self._hash(numbered("bk", self.keys))))
        query = query.from_(self._join(scope, (), rest).subquery("j", copy=False), copy=False)
        return self._written(
            query.where(exp.column("s"), copy=False).distinct(copy=False).limit(limit, copy=False)
        )

    def _join(self, scope: Scope, compared: Sequence[Pair], rest: Sequence[Pair]) -> exp.Select:
        """The rows of both sides by key: is_added, is_removed; the keys bk0… and hk0…; for each compared
        column its values b0…, h0… and whether they differ, d0…; and s, whether the hash of the rest does.
        """
        sides: dict[str, exp.Expr] = {}
        for side in SIDES:
            values = [exp.alias_(value, f"k{j}") for j, value in enumerate(self._key_values(side))]
            values += [exp.alias_(self._value(pair, side), f"v{i}") for i, pair in enumerate(compared)]
            if rest:
                values.append(exp.alias_(self._hashed_values(rest, side), "r"))
            sides[side[0]] = self._rows(side, values, scope).subquery(side[0], copy=False)
        selected = [exp.alias_(is_missing("b"), "is_added"), exp.alias_(is_missing("h"), "is_removed")]
        for j in range(len(self.keys)):
            selected += [exp.alias_(exp.column(f"k{j}", alias), f"{alias}k{j}") for alias in sides]
        for i, pair in enumerate(compared):
            selected += [exp.alias_(exp.column(f"v{i}", alias), f"{alias}{i}") for alias in sides]
            selected.append(exp.alias_(all_of(is_matched(), self._differs(pair, i)), f"d{i}"))
        if rest:
            selected.append(
                exp.alias_(all_of(is_matched(), exp.column("r", "b").neq(exp.column("r", "h"))), "s")
            )
        same = [exp.column(f"k{j}", "b").eq(exp.column(f"k{j}", "h")) for j in range(len(self.keys))]
        query = exp.Select(expressions=selected).from_(sides["b"], copy=False)
        query.append("joins", exp.Join(this=sides["h"], side="FULL", on=all_of(*same)))
        return query

    def _differs(self, pair: Pair, place: int) -> exp.Expr:
        b, h = exp.column(f"v{place}", "b"), exp.column(f"v{place}", "h")
        differs = exp.NullSafeNEQ(this=b, expression=h)
        return all_of(differs, exp.Not(this=self._is_near(b, h))) if pair.kind == "float" else differs

    def _is_near(self, b: exp.Expr, h: exp.Expr) -> exp.Expr:
        """Whether two floats are within the tolerance; false of nulls."""
        # Only of numbers whose distance is one: infinities and NaN are the same as themselves alone.
        base, head = exp.cast(b, DOUBLE), exp.cast(h, DOUBLE)
        size = exp.Mul(
            this=exp.Literal.number(repr(self.tolerance / 2)),
            expression=exp.Paren(this=exp.Add(this=exp.Abs(this=base), expression=exp.Abs(this=head))),
        )
        near = exp.LTE(this=exp.Abs(this=exp.Sub(this=head, expression=base)), expression=size)
        return exp.Case(
            ifs=[exp.If(this=all_of(is_small(base), is_small(head)), true=near)], default=exp.false()
        )

    def _change_figures(self, pair: Pair, place: int, label: exp.Expr) -> list[exp.Expr]:
        b, h, changed = (exp.column(f"{letter}{place}") for letter in "bhd")
        figures: list[exp.Expr] = [
            count_if(changed),
            count_if(all_of(changed, is_null(b))),
            count_if(all_of(changed, is_null(h))),
            exp.Min(this=case(changed, label)),
            exp.Max(this=case(changed, label)),
        ]
        if pair.kind == "text":
            figures.append(count_if(case(changed, squeezed(b).eq(squeezed(h)))))
        elif pair.kind in ("integer", "decimal", "float"):
            larger, smaller = (kind(this=h, expression=b) for kind in (exp.GT, exp.LT))
            sizes = [exp.cast(value, DOUBLE) for value in (b, h)]
            both = all_of(changed, *(is_small(size) for size in sizes))
            move = exp.Sub(this=sizes[1], expression=sizes[0])
            figures += [
                count_if(all_of(both if pair.kind == "float" else changed, larger)),
                count_if(all_of(both if pair.kind == "float" else changed, smaller)),
                exp.Avg(this=case(both, move)),
                exp.Max(this=case(both, exp.Abs(this=move))),
            ]
            if pair.kind == "float":
                differs = all_of(exp.NullSafeNEQ(this=b, expression=h), exp.Not(this=changed))
                figures.append(count_if(all_of(is_filled(b), is_filled(h), differs)))
        elif pair.kind in ("date", "timestamp"):
            moved = exp.Sub(this=seconds(h, pair.kind), expression=seconds(b, pair.kind))
            figures += [aggregate(this=case(changed, moved)) for aggregate in (exp.Min, exp.Max)]
            figures.append(exp.Count(this=case(changed, moved)))
        return figures

    def _label(self, alias: str) -> exp.Expr:
        """The key of a joined row to show: its value, or text that is made of several."""
        if len(self.keys) == 1 and self.keys[0].kind in _ORDERED:
            return exp.column(f"{alias}k0")
        parts: list[exp.Expr] = []
        for j, pair in enumerate(self.keys):
            if parts:
                parts.append(exp.Literal.string(", "))
            hidden = bool({pair.name, pair.base.name} & self.pii)
            value = exp.column(f"{alias}k{j}")
            parts.append(exp.Literal.string(MASKED) if hidden else text_of(value, pair.kind))
        return self._joined_text(parts)

    # --- what columns hold ---------------------------------------------------------------------------

    def figures(self, side: Side, columns: Sequence[Column], scope: Scope) -> str:
        """One row: (rows), then the figures of `column_asked` for each column."""
        selected: list[exp.Expr] = [count()]
        for column in columns:
            value = exp.column(column.name, _TABLE, quoted=True)
            kind = kind_of(column.data_type, self.dialect)
            for name in column_asked(kind, is_pii=column.name in self.pii):
                selected.append(self._figure(name, value, kind))
        return self._written(self._rows(side, selected, scope))

    def _figure(self, name: str, value: exp.Expr, kind: Kind) -> exp.Expr:
        if name == "count":
            return exp.Count(this=value)
        if name == "distinct":
            return exp.ApproxDistinct(this=value)
        if name == "total":
            double = exp.cast(value, DOUBLE)
            return exp.Sum(this=case(is_small(double), double) if kind == "float" else double)
        return exp.cast((exp.Min if name == "minimum" else exp.Max)(this=value), TEXT)

    # --- the rows of a side --------------------------------------------------------------------------

    def _rows(self, side: Side, selected: Sequence[exp.Expr], scope: Scope) -> exp.Select:
        query = exp.Select(expressions=list(selected)).from_(self._table(side), copy=False)
        conditions = [self.wheres.get(side), *self._conditions(side, scope)]
        wanted = [condition for condition in conditions if condition is not None]
        return query.where(all_of(*wanted), copy=False) if wanted else query

    def _conditions(self, side: Side, scope: Scope) -> list[exp.Expr]:
        conditions: list[exp.Expr] = []
        if self.one_in > 1:
            row_hash = self._row_hash(side)
            identity = self._of_key(side, self._key_hash(side), row_hash) if self.keys else row_hash
            conditions.append(exp.Mod(this=identity, expression=number(self.one_in)).eq(number(0)))
        if scope.group == "without a key":
            conditions.append(exp.Not(this=exp.Paren(this=self._has_key(side))))
        elif scope.group != "all":
            conditions.append(self._has_key(side))
        if scope.buckets is not None:
            place = self._bucket(side) if self.keys else self._modulo(self._row_hash(side))
            conditions.append(exp.In(this=place, expressions=[number(bucket) for bucket in scope.buckets]))
        if scope.group in ("repeated", "single"):
            is_repeated = exp.Exists(this=self._same_repeated_key(side))
            conditions.append(is_repeated if scope.group == "repeated" else exp.Not(this=is_repeated))
        return conditions

    def _same_repeated_key(self, side: Side) -> exp.Select:
        """A row when the key of the row at hand occurs more than once on base or on head."""

        def repeated(of: Side) -> exp.Select:
            keys = self._key_values(of)
            query = self._rows(
                of, [exp.alias_(key, f"k{j}") for j, key in enumerate(keys)], Scope("with a key")
            )
            return query.group_by(*keys, copy=False).having(more_than_one(), copy=False)

        both = exp.union(repeated("base"), repeated("head"), distinct=False, copy=False)
        query = exp.select(number(1)).from_(
            exp.Subquery(this=both, alias=table_alias("repeated")), copy=False
        )
        keys = self._key_values(side)
        same = [exp.column(f"k{j}", "repeated").eq(key) for j, key in enumerate(keys)]
        return query.where(all_of(*same), copy=False)

    def _table(self, side: Side) -> exp.Expr:
        table = table_of(self.base if side == "base" else self.head, self.dialect)
        # Quoted, as in front of each column: Snowflake would fold it.
        table.set("alias", exp.TableAlias(this=exp.to_identifier(_TABLE, quoted=True)))
        return table

    def _key_values(self, side: Side) -> list[exp.Expr]:
        return [self._value(pair, side) for pair in self.keys]

    def _has_key(self, side: Side) -> exp.Expr:
        columns = [pair.base if side == "base" else pair.head for pair in self.keys]
        return all_of(*(is_filled(exp.column(c.name, _TABLE, quoted=True)) for c in columns))

    def _key_hash(self, side: Side) -> exp.Expr:
        return self._hash(self._key_values(side))

    def _bucket(self, side: Side) -> exp.Expr:
        return self._of_key(side, self._modulo(self._key_hash(side)), None)

    def _of_key(self, side: Side, value: exp.Expr, otherwise: exp.Expr | None) -> exp.Expr:
        return exp.Case(ifs=[exp.If(this=self._has_key(side), true=value)], default=otherwise)

    def _modulo(self, hashed: exp.Expr) -> exp.Expr:
        return exp.Mod(this=hashed, expression=number(self.bucket_count))

    def _row_hash(self, side: Side) -> exp.Expr:
        return self._hashed_values([*self.keys, *self.pairs], side)

    def _value(self, pair: Pair, side: Side) -> exp.Expr:
        """The column's value in the type in which both sides are compared."""
        own = pair.base if side == "base" else pair.head
        if pair.common:
            return exp.cast(exp.column(own.name, _TABLE, quoted=True), exp.DataType.build(pair.common))
        is_native = pair.kind != "other" or self.dialect == "duckdb"
        return exp.column(own.name, _TABLE if is_native else f"{_AS_TEXT}{side}", quoted=True)

    def _hash(self, values: Sequence[exp.Expr]) -> exp.Expr:
        """A hash of a key; not of values that may be null."""
        if self.dialect == "duckdb" or len(values) == 1:
            return exp.Anonymous(this="hash", expressions=list(values))
        parts = [self._part(value, pair.kind) for value, pair in zip(values, self.keys, strict=True)]
        return exp.Anonymous(this="hash", expressions=[self._joined_text(parts)])

    def _hashed_values(self, pairs: Sequence[Pair], side: Side) -> exp.Expr:
        """A hash of a row's values, nulls among them."""
        values = [self._value(pair, side) for pair in pairs]
        if self.dialect == "duckdb":
            return exp.Anonymous(this="hash", expressions=values)
        parts = [self._part(value, pair.kind) for value, pair in zip(values, pairs, strict=True)]
        return exp.Anonymous(this="hash", expressions=[self._joined_text(parts)])

    def _part(self, value: exp.Expr, kind: Kind) -> exp.Expr:
        """A value as text in a row of texts that no other row has: what may hold a separator says first how
        long it is.
        """
        text = text_of(value, kind)
        if kind == "timestamp" and self.dialect in _TIMESTAMP_TEXT:
            text = exp.Tuple(expressions=[value])  # `_own_words` writes it
        if kind in ("text", "other"):
            length = exp.cast(exp.Length(this=text), TEXT)
            text = self._joined_text([length, exp.Literal.string(":"), text])
        filled = exp.Coalesce(this=text, expressions=[exp.Literal.string("~")])
        return self._joined_text([filled, exp.Literal.string("|")])

    def _joined_text(self, parts: Sequence[exp.Expr]) -> exp.Expr:
        """The texts one after the other; null when any is."""
        if self.dialect == "duckdb":
            return concatenated(parts)
        return exp.Array(expressions=list(parts))  # `_own_words` joins them

    # --- as text -------------------------------------------------------------------------------------

    def _written(self, tree: exp.Expr) -> str:
        """The statement in the dialect.

        Raises:
            NoLowering: the dialect has nothing that means the same.
        """
        if self.dialect == "duckdb":
            return tree.sql("duckdb", copy=False)
        own = self._own_words(lowered(tree, self.dialect))
        try:
            return own.sql(self.dialect, copy=False, unsupported_level=ErrorLevel.RAISE)
        except UnsupportedError as error:
            raise NoLowering(str(error), self.dialect) from error

    def _own_words(self, node: exp.Expr) -> exp.Expr:
        """The tree with what the house's vocabulary has no word for: texts joined (an array of them),
        timestamps as text (a tuple), and unusual types as text.
        """
        for name, value in list(node.args.items()):
            if isinstance(value, list):
                node.set(name, [self._own_words(v) if isinstance(v, exp.Expr) else v for v in value])
            elif isinstance(value, exp.Expr):
                node.set(name, self._own_words(value))
        if isinstance(node, exp.Array):
            return concatenated(node.expressions)
        if isinstance(node, exp.Tuple):
            return filled_template(_TIMESTAMP_TEXT[self.dialect], self.dialect, node.expressions[0])
        if isinstance(node, exp.Column) and node.table.startswith(_AS_TEXT):
            relation = self.base if node.table.endswith("base") else self.head
            column = relation.column(node.name)
            template = text_template(column.data_type, self.dialect) if column is not None else None
            if template is None:
                raise NoLowering(f"the column {node.name} as text", self.dialect)
            return filled_template(template, self.dialect, exp.column(node.name, _TABLE, quoted=True))
        return node


# DuckDB groups by up to 2^20 small numbers without hashing them, instead of 2^12: a quarter less time for
# `Statements.fingerprint` of 10 million rows, for 5 MB a thread.
PERFECT_HASH = "set perfect_ht_threshold = 20"
USUAL_HASH = "reset perfect_ht_threshold"

# The figures at the start of a row of `joined`.
JOIN_FIGURES = (
    "rows", "added", "removed", "changed", "rest", "added_keys", "removed_keys",
    "first_added", "last_added", "first_removed", "last_removed", "first_changed", "last_changed",
)  # fmt: skip
_CHANGE_FIGURES = ("changed", "filled", "emptied", "first", "last")
_MOVES = ("raised", "lowered", "mean_move", "largest_move")
_FIGURES_OF_KIND: dict[Kind, tuple[str, ...]] = {
    "text": ("respaced",),
    **dict.fromkeys(("integer", "decimal"), _MOVES),
    "float": (*_MOVES, "near"),
    **dict.fromkeys(("date", "timestamp"), ("least_shift_s", "most_shift_s", "shifted")),
}


def column_figures(pair: Pair) -> tuple[str, ...]:
    """The names of the figures of a detailed column of `joined`."""
    return (*_CHANGE_FIGURES, *_FIGURES_OF_KIND.get(pair.kind, ()))


def column_asked(kind: Kind, *, is_pii: bool) -> tuple[str, ...]:
    """The names of the figures of a column of `Statements.figures`."""
    if kind == "other":
        return ("count",)
    if is_pii or kind not in ("integer", "decimal", "float", "date", "timestamp"):
        return ("count", "distinct")
    totals = () if kind in ("date", "timestamp") else ("total",)
    return ("count", "distinct", "minimum", "maximum", *totals)
