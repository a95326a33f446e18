"""What FROM names: relations, CTEs, subqueries, lists of values, functions and their joins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sqlglot import exp

from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolve.expressions import Expressions
from aidbt.sql.resolve.pivots import pivoted
from aidbt.sql.resolve.rows import Field, Joined, Rows, Source
from aidbt.sql.resolve.scope import Scope
from aidbt.sql.resolve.types import TypeRules, declared, item_type, struct_fields
from aidbt.sql.resolve.values import Value, combined, unknown
from aidbt.sql.resolved import KnownRelation, SqlProblem

Query = Callable[[exp.Expr, Scope], Rows]

# What columns of VALUES are called: a prefix and the number of the first.
_VALUES_NAMES = {
    "duckdb": ("col", 0), "postgres": ("column", 1), "redshift": ("column", 1), "snowflake": ("COLUMN", 1),
    "spark": ("col", 1), "databricks": ("col", 1), "trino": ("_col", 0), "presto": ("_col", 0),
    "athena": ("_col", 0), "sqlite": ("column", 1), "mysql": ("column_", 0),
}  # fmt: skip
# Dialects in which a subquery in FROM may use what stands before it without saying LATERAL.
_ALWAYS_LATERAL = frozenset({"duckdb"})
# Dialects in which UNNEST gives a column for each field of the rows in a list.
_SPREADS_ROWS = frozenset({"trino", "presto", "athena", "postgres"})
_FLATTENED = ("SEQ", "KEY", "PATH", "INDEX", "VALUE", "THIS")
_JSON_ITEMS = {
    "key": "VARCHAR", "value": "JSON", "type": "VARCHAR", "atom": "JSON", "id": "UBIGINT",
    "parent": "UBIGINT", "fullkey": "VARCHAR", "path": "VARCHAR",
}  # fmt: skip
# Functions in FROM with columns of their own: (dialect, name) → column → type.
_TABLE_FUNCTIONS: dict[tuple[str, str], dict[str, str]] = {
    ("duckdb", "json_each"): _JSON_ITEMS,
    ("duckdb", "json_tree"): _JSON_ITEMS,
    ("postgres", "json_each"): {"key": "text", "value": "json"},
    ("postgres", "jsonb_each"): {"key": "text", "value": "jsonb"},
    ("postgres", "json_each_text"): {"key": "text", "value": "text"},
    ("postgres", "jsonb_each_text"): {"key": "text", "value": "text"},
    ("postgres", "json_array_elements"): {"value": "json"},
    ("postgres", "jsonb_array_elements"): {"value": "jsonb"},
    ("postgres", "json_array_elements_text"): {"value": "text"},
    ("postgres", "jsonb_array_elements_text"): {"value": "text"},
    ("snowflake", "split_to_table"): {"SEQ": "", "INDEX": "", "VALUE": ""},
}
_SERIES = (exp.GenerateSeries, exp.ExplodingGenerateSeries)


class Sources:
    """Reads FROM, with its joins, into a scope.

    Args:
        query: resolves a query that may use the names of a scope.
    """

    def __init__(
        self, expressions: Expressions, rules: TypeRules, relations: RelationIndex, query: Query
    ) -> None:
        self._expressions = expressions
        self._rules = rules
        self._relations = relations
        self._query = query

    def read(self, node: exp.Expr, scope: Scope, *, lateral: bool = False) -> list[Source]:
        """The sources that an item of FROM is: several for a join in brackets without a name."""
        found = self._read(node, scope, lateral=lateral)
        for pivot in node.args.get("pivots") or []:
            found = [pivoted(found[0], pivot, scope, self._expressions, self._rules)]
        return found

    def pivot(self, node: exp.Pivot, scope: Scope) -> list[Source]:
        """What DuckDB's statements PIVOT and UNPIVOT give."""
        found = self.read(node.this, scope)
        return [pivoted(found[0], node, scope, self._expressions, self._rules)]

    def _read(self, node: exp.Expr, scope: Scope, *, lateral: bool) -> list[Source]:
        if isinstance(node, exp.Table):
            sources = [self._table(node, scope)]
        elif isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table):
            return self._bracketed(node, scope)
        elif isinstance(node, exp.Subquery | exp.Query):
            sources = [self._subquery(node, scope, lateral=lateral)]
        elif isinstance(node, exp.Values):
            sources = [self._values(node, scope)]
        elif isinstance(node, exp.Unnest):
            sources = [self._unnest(node, node, scope)]
        elif isinstance(node, exp.Lateral | exp.TableFromRows):
            sources = self._lateral(node, scope)
        else:
            sources = [self._open(node, node, "a source that is not understood")]
        return sources

    # --- relations and CTEs -------------------------------------------------------------------------------

    def _table(self, node: exp.Table, scope: Scope) -> Source:
        if isinstance(node.this, exp.Func):
            return self._function(node, node.this, scope)
        if not isinstance(node.this, exp.Identifier):
            message = f"'{node.this.sql(scope.dialect)}' is no relation of the project"
            scope.problems.add("relation.unknown", message, node.this)
            return self._open(node, node, message)
        key = scope.key(node.this)
        if not node.args.get("db") and key in scope.ctes:
            return self._named_rows(node, scope.ctes[key], "cte", node.name, key, scope)
        found = self._relations.find(node)
        if isinstance(found, SqlProblem):
            if self._relations.is_system(node):
                return self._open(node, node, f"'{node.name}' is a table of the system")
            scope.problems.add_at(found)
            return self._open(node, node, found.message)
        return self._relation(node, found, scope)

    def _relation(self, node: exp.Table, relation: KnownRelation, scope: Scope) -> Source:
        scope.rows.relations[relation.key] = None
        alias = _alias(node)
        path = tuple(
            scope.folding.table_key(part.name, quoted=bool(part.args.get("quoted"))) for part in node.parts
        )
        name = alias.name if alias is not None else node.name
        source = Source(
            scope.stored(alias) if alias is not None else name,
            scope.key(alias if alias is not None else node.this),
            "relation",
            node,
            path=() if alias is not None else path,
            relation=relation,
            is_complete=relation.is_complete,
            why="" if relation.is_complete else f"not all columns of '{name}' are known",
            scan=(relation.key,),
        )
        for column in relation.columns:
            value = Value(
                declared(column.data_type, scope.dialect),
                column.nullable and "not_null" not in column.constraints,
                "passthrough",
                {(relation.key, column.name, ""): "passthrough"},
            )
            source.fields.append(Field(column.name, scope.folding.stored_key(column.name), value))
        if not relation.is_complete:
            source.trust = lambda column, key: Value(
                None,
                True,
                "passthrough",
                {(relation.key, column, ""): "passthrough"},
                f"taken on trust: not all columns of '{name}' are known",
            )
        return self._with_columns(source, node, scope)

    def _named_rows(self, node: exp.Expr, rows: Rows, kind: str, name: str, key: str, scope: Scope) -> Source:
        """A CTE or a subquery under its alias."""
        alias = _alias(node)
        # One row for each row beside it: what it filters by decides on its values.
        is_value = rows.is_one_row and rows.is_correlated
        if is_value:
            scope.rows.relations.update(rows.relations)
        else:
            scope.rows.reads(rows)
        source = Source(
            scope.stored(alias) if alias is not None else name,
            scope.key(alias) if alias is not None else key,
            "cte" if kind == "cte" else "subquery",
            node,
            rows=rows,
            is_complete=rows.is_complete,
            why=rows.why,
            scan=rows.scan,
            trust=rows.trusted,
        )
        source.fields = [
            Field(column.name, column.key, column.value.copy())
            for column in distinct_names(rows.fields, scope.dialect)
        ]
        for column in source.fields if is_value else ():
            column.value.uses = {**column.value.uses, **rows.row_uses}
        return self._with_columns(source, node, scope)

    def _subquery(self, node: exp.Expr, scope: Scope, *, lateral: bool) -> Source:
        sees = lateral or scope.dialect in _ALWAYS_LATERAL
        rows = self._query(node, scope if sees else outer_scope(scope))
        return self._named_rows(node, rows, "subquery", "", "", scope)

    def _bracketed(self, node: exp.Subquery, scope: Scope) -> list[Source]:
        """A join in brackets: with an alias it is one source, without one its parts keep their names."""
        from aidbt.sql.resolve.stars import visible

        alias = _alias(node)
        inner = self._inner_scope(scope)
        self.join_all(node.this, node.this.args.get("joins") or [], inner)
        added = inner.sources
        if alias is None:
            scope.merged.update(inner.merged)
            scope.hidden |= inner.hidden
            scope.bracketed = tuple(inner.joins)
            return added
        star = visible(inner)
        source = Source(scope.stored(alias), scope.key(alias), "join", node, joined=tuple(added))
        source.fields = [Field(column.name, column.key, column.value.copy()) for column in star.fields]
        source.is_complete, source.why = not star.open_sources, star.why
        source.scan = tuple(dict.fromkeys(key for part in added for key in part.scan))
        return [self._with_columns(source, node, scope)]

    def _inner_scope(self, scope: Scope) -> Scope:
        inner = Scope(scope.problems, scope.dialect, scope.parent, scope.ctes)
        inner.rows = scope.rows
        return inner

    # --- what is written out or computed ------------------------------------------------------------------

    def _values(self, node: exp.Values, scope: Scope) -> Source:
        rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions]
        width = max((len(row) for row in rows), default=0)
        columns: list[list[tuple[exp.Expr, Value]]] = [[] for _ in range(width)]
        for row in rows:
            for at, cell in enumerate(row):
                columns[at].append((cell, self._expressions.value(cell, scope)))
        prefix, first = _VALUES_NAMES.get(scope.dialect, ("col", 1))
        source = self._computed(node, "values", "", scope)
        for at, cells in enumerate(columns):
            value = combined((value for _, value in cells), "expression")
            value.type = self._rules.tree(self._rules.unify([cell for cell, _ in cells]))
            name = f"{prefix}{first + at}"
            source.fields.append(Field(name, scope.folding.stored_key(name), value))
        return self._with_columns(source, node, scope)

    def _function(self, node: exp.Expr, call: exp.Expr, scope: Scope) -> Source:
        """A function in FROM: a series, or one whose columns are declared beside its name."""
        parts = [
            self._expressions.value(part, scope)
            for part in call.iter_expressions()
            if not isinstance(part, exp.Identifier)
        ]
        name = self._rules.written_name(call) or call.name.lower() or call.key
        source = self._computed(node, "function", name, scope)
        self._adds_rows(parts, scope)
        if isinstance(call, _SERIES):
            value = combined(parts, "expression", generates=True)
            start = call.args.get("start")
            words = self._rules.words(start.type) if isinstance(start, exp.Expr) else ""
            value.type = self._rules.tree(_series_type(words, scope.dialect))
            column = source.name or name
            source.fields = [Field(column, scope.folding.stored_key(column), value)]
            if node.args.get("ordinality"):
                source.fields.append(self._ordinality("ordinality", scope))
            return self._with_columns(source, node, scope)
        value = combined(parts, "expression", generates=True)
        defined = [part for part in _alias_columns(node) if isinstance(part, exp.ColumnDef)]
        if defined:
            for part in defined:
                own = Value(part.kind, True, value.made, value.uses, value.why)
                source.fields.append(Field(scope.stored(part.this), scope.key(part.this), own))
            return source
        known = _TABLE_FUNCTIONS.get((scope.dialect, name))
        if known is not None:
            for column, words in known.items():
                own = Value(self._rules.tree(words), True, value.made, value.uses, value.why)
                source.fields.append(Field(column, scope.folding.stored_key(column), own))
            return self._with_columns(source, node, scope)
        why = f"the columns of the function {name}() are not known"
        source.is_complete, source.why = False, why
        uses = value.uses
        source.trust = lambda column, key: unknown(why, uses)
        for alias in _alias_columns(node):
            field_value = unknown(f"what the function {name}() gives is not known", uses)
            source.fields.append(Field(scope.stored(alias), scope.key(alias), field_value))
        if source.fields:
            source.is_complete, source.why = True, ""
        return source

    def _unnest(self, node: exp.Unnest, named: exp.Expr, scope: Scope) -> Source:
        """The items of lists as rows."""
        lists = self._expressions.values(node.expressions, scope)
        self._adds_rows([value.size or value for value in lists], scope)
        source = self._computed(named, "unnest", "unnest", scope)
        names = _alias_columns(named)
        is_bigquery = scope.dialect == "bigquery"
        for value in lists:
            items = combined([value], "expression")
            items.nullable = True
            item = item_type(value.type)
            if scope.dialect in _SPREADS_ROWS and (spread := _spread(value.type)):
                source.fields += [self._part(name, items, kind, scope) for name, kind in spread]
                continue
            items.type = item
            name = source.name or "unnest"
            if is_bigquery and names:
                name = names[0].name
            source.fields.append(Field(name, scope.folding.stored_key(name), items))
        if is_bigquery and names:
            self._as_bigquery(source, names[0], lists, scope)
        offset = node.args.get("offset") or named.args.get("offset")
        if offset:
            name = offset.name if isinstance(offset, exp.Identifier) else _offset_name(scope.dialect)
            source.fields.append(self._ordinality(name, scope))
        if is_bigquery:
            return source
        if any(value.type is None for value in lists):
            # Of what type the items are is not known, nor how many columns they give then.
            spare = combined(lists, "expression")
            source.fields += [
                self._part(name.name, spare, None, scope) for name in names[len(source.fields) :]
            ]
        return self._with_columns(source, named, scope)

    def _as_bigquery(self, source: Source, alias: exp.Expr, lists: list[Value], scope: Scope) -> None:
        """There the alias names an item; the fields of an item that is a struct are columns too."""
        source.name, source.key = scope.stored(alias), scope.key(alias)
        item = item_type(lists[0].type) if lists else None
        inner = combined(lists, "expression")
        fields = struct_fields(item)
        if fields:
            source.fields = [self._part(column.name, inner, column.kind, scope) for column in fields]
        elif item is None:
            source.is_complete = False
            source.why = "the type of the items is not known"
            uses, made = inner.uses, inner.made
            note = "taken on trust: the type of the items is not known"
            source.trust = lambda column, key: Value(None, True, made, uses, note)

    def _lateral(self, node: exp.Expr, scope: Scope) -> list[Source]:
        """LATERAL before a query or a function, and LATERAL VIEW."""
        inner = node.this
        if isinstance(inner, exp.Unnest):
            return [self._unnest(inner, node, scope)]
        if isinstance(inner, exp.Subquery | exp.Query):
            return [self._subquery_as(inner, node, scope)]
        if isinstance(inner, exp.Explode | exp.Posexplode | exp.Inline):
            return [self._exploded(node, inner, scope)]
        return [self._function(node, inner, scope)]

    def _subquery_as(self, inner: exp.Expr, node: exp.Expr, scope: Scope) -> Source:
        rows = self._query(inner, scope)
        named = node if node.args.get("alias") else inner
        return self._named_rows(named, rows, "subquery", "", "", scope)

    def _exploded(self, node: exp.Expr, call: exp.Expr, scope: Scope) -> Source:
        """`explode(list)`, `explode(map)`, `posexplode(…)`, `inline(…)` and Snowflake's `flatten(…)`."""
        value = self._expressions.value(call.this, scope)
        self._adds_rows([value], scope)
        items = combined([value], "expression")
        items.nullable = True
        source = self._computed(node, "unnest", "", scope)
        names = [part.name for part in _alias_columns(node)]
        if scope.dialect == "snowflake":
            names = names or list(_FLATTENED)
        if not names:
            names = ["pos", "col"] if isinstance(call, exp.Posexplode) else ["col"]
        item = item_type(value.type)
        for at, name in enumerate(names):
            is_position = isinstance(call, exp.Posexplode) and at == 0
            if is_position:
                source.fields.append(self._ordinality(name, scope))
                continue
            own = combined([items], "expression")
            own.nullable = True
            if isinstance(call, exp.Inline):
                fields = struct_fields(item)
                own.type = fields[at].kind if at < len(fields) else None
            elif len(names) - isinstance(call, exp.Posexplode) == 1:
                own.type = item
            stored = scope.folding.stored(name, quoted=False)
            source.fields.append(Field(stored, scope.folding.stored_key(stored), own))
        return source

    # --- parts --------------------------------------------------------------------------------------------

    def _computed(self, node: exp.Expr, kind: str, name: str, scope: Scope) -> Source:
        """A source that is no query, under its alias; a function is called by its own name."""
        alias = _alias(node)
        stored = scope.stored(alias) if alias is not None else ""
        key = scope.key(alias) if alias is not None else scope.folding.stored_key(name)
        return Source(stored, key, kind, node)  # type: ignore[arg-type]

    def _open(self, node: exp.Expr, named: exp.Expr, why: str) -> Source:
        """A source of which nothing is known."""
        alias = _alias(named)
        name = alias.name if alias is not None else named.name
        source = Source(name, name.lower(), "relation", node, is_complete=False, why=why)
        source.trust = lambda column, key: unknown(why)
        return source

    def _part(self, name: str, whole: Value, kind: exp.DataType | None, scope: Scope) -> Field:
        value = combined([whole], "expression")
        value.type, value.nullable = kind, True
        return Field(name, scope.folding.stored_key(name), value)

    def _ordinality(self, name: str, scope: Scope) -> Field:
        value = Value(self._rules.tree(self._rules.position), False, "generated")
        return Field(name, scope.folding.stored_key(name), value)

    def _adds_rows(self, values: Sequence[Value], scope: Scope) -> None:
        """Lists and numbers that are turned into rows decide how many there are."""
        scope.rows.restrict(values, "join")

    def _with_columns(self, source: Source, node: exp.Expr, scope: Scope) -> Source:
        """The source with its columns called as its alias says."""
        names = [part.this if isinstance(part, exp.ColumnDef) else part for part in _alias_columns(node)]
        if not names:
            return source
        if not source.is_complete:
            source.fields, source.is_complete = [], True
            why = source.why
            source.fields = [Field(scope.stored(name), scope.key(name), unknown(why)) for name in names]
            return source
        if len(names) > len(source.fields):
            scope.problems.add(
                "alias.too_long",
                f"{len(names)} columns are named, but there are only {len(source.fields)}",
                names[len(source.fields)],
            )
        source.fields = [
            *(
                column.renamed(scope.stored(name), scope.key(name))
                for column, name in zip(source.fields, names, strict=False)
            ),
            *source.fields[len(names) :],
        ]
        return source

    # --- joins --------------------------------------------------------------------------------------------

    def join_all(self, first: exp.Expr, joins: Sequence[exp.Expr], scope: Scope) -> None:
        """Read an item of FROM and what is joined to it into the scope."""
        added = self.read(first, scope)
        scope.sources += added
        scope.joins.append(Joined(None, tuple(added), scope.take_bracketed()))
        for join in joins:
            self._join(join, scope)

    def _join(self, join: exp.Expr, scope: Scope) -> None:
        side = str(join.args.get("side") or "").upper()
        kind = str(join.args.get("kind") or "").upper()
        method = str(join.args.get("method") or "").upper()
        before = list(scope.sources)
        added = self.read(join.this, scope, lateral=isinstance(join.this, exp.Lateral))
        joined = Joined(join, tuple(added), scope.take_bracketed(), side, method or kind)  # type: ignore[arg-type]
        scope.joins.append(joined)
        hides = kind in ("SEMI", "ANTI")
        if join.args.get("using") or method == "NATURAL":
            scope.sources = [*before, *added]
            names = join.args.get("using") or self._shared(before, added, scope)
            joined.equal = tuple(self._merge(names, before, added, side, scope, hides=hides))
        else:
            scope.sources = [*before, *added]
        if condition := join.args.get("on"):
            scope.rows.restrict([self._expressions.value(condition, scope)], "join")
        if condition := join.args.get("match_condition"):
            scope.rows.restrict([self._expressions.value(condition, scope)], "join")
        for source in added if side in ("LEFT", "FULL") or method == "POSITIONAL" else ():
            _make_nullable(source)
        for source in before if side in ("RIGHT", "FULL") or method == "POSITIONAL" else ():
            _make_nullable(source)
        if side == "RIGHT" and hides:
            scope.sources = added
        elif hides:
            scope.sources = before

    def _shared(self, before: list[Source], added: list[Source], scope: Scope) -> list[exp.Expr]:
        """The names that both sides of a NATURAL join have."""
        if not all(source.is_complete for source in [*before, *added]):
            scope.problems.add(
                "join.columns_unknown",
                "which columns the NATURAL join compares is not known, as not all columns of both sides are",
            )
            return []
        left = {column.key: column for source in before for column in source.fields}
        keys = dict.fromkeys(column.key for source in added for column in source.fields)
        return [exp.to_identifier(left[key].name, quoted=True) for key in keys if key in left]

    def _merge(
        self,
        names: Sequence[exp.Expr],
        before: list[Source],
        added: list[Source],
        side: str,
        scope: Scope,
        *,
        hides: bool,
    ) -> Iterator[tuple[Field, Field, Field | None]]:
        """Make the columns of USING one; gives those that must be equal, and the one made of them."""
        for name in names:
            identifier = name.this if isinstance(name, exp.Column) else name
            key = scope.key(identifier)
            left = scope.merged.get(key) or self._side(identifier, key, before, scope)
            right = self._side(identifier, key, added, scope)
            if left is None or right is None:
                continue
            scope.rows.restrict([left.value, right.value], "join")
            if hides:
                yield left, right, None
                continue
            scope.merged[key] = self._merged(left, right, side)
            yield left, right, scope.merged[key]
            scope.hidden |= {(id(source), key) for source in (*before, *added) if source.find(key)}

    def _side(self, name: exp.Expr, key: str, sources: list[Source], scope: Scope) -> Field | None:
        """The column of one side of USING; its absence is a problem."""
        for source in sources:
            if columns := source.find(key):
                return columns[0]
        open_ones = [source for source in sources if not source.is_complete]
        if open_ones:
            return Field(scope.stored(name), key, open_ones[0].trusted(scope.stored(name), key))
        names = ", ".join(f"'{source.name}'" for source in sources if source.name) or "one side of the join"
        known = [column.name for source in sources for column in source.fields]
        scope.say_unknown(name, f"no column is called '{name.name}' in {names}, which USING needs", known)
        return None

    def _merged(self, left: Field, right: Field, side: str) -> Field:
        if side == "RIGHT":
            return Field(left.name, left.key, right.value.copy())
        if side == "FULL":
            value = combined([left.value, right.value], "expression")
            value.nullable = left.value.nullable and right.value.nullable
            words = self._rules.unified([self._rules.words(part.value.type) for part in (left, right)])
            value.type = self._rules.tree(words)
            return Field(left.name, left.key, value)
        return Field(left.name, left.key, left.value.copy())


def distinct_names(fields: list[Field], dialect: str) -> list[Field]:
    """The columns of a query as something else reads them: DuckDB numbers a name that comes again."""
    if dialect != "duckdb":
        return fields
    taken: set[str] = set()
    counts: dict[str, int] = {}
    found = []
    for column in fields:
        name, key = column.name, column.key
        while name and key in taken:
            counts[column.key] = counts.get(column.key, 0) + 1
            name = f"{column.name}_{counts[column.key]}"
            key = name.lower()
        taken.add(key)
        found.append(column if name == column.name else Field(name, key, column.value, column.origin))
    return found


def outer_scope(scope: Scope) -> Scope:
    """What a subquery in FROM may use: the CTEs, and the queries around the one that it stands in."""
    outer = Scope(scope.problems, scope.dialect, scope.parent, scope.ctes)
    outer.local_names = scope.local_names
    return outer


def _alias(node: exp.Expr) -> exp.Identifier | None:
    alias = node.args.get("alias")
    if isinstance(alias, exp.TableAlias):
        alias = alias.this
    return alias if isinstance(alias, exp.Identifier) else None


def _alias_columns(node: exp.Expr) -> list[exp.Expr]:
    alias = node.args.get("alias")
    return list(alias.args.get("columns") or []) if isinstance(alias, exp.TableAlias) else []


def _spread(kind: exp.DataType | None) -> list[tuple[str, exp.DataType | None]]:
    """The columns that the items of a list of rows, or the entries of a map, give each."""
    if kind is not None and kind.this is exp.DType.MAP and len(kind.expressions) == 2:
        return list(zip(("key", "value"), kind.expressions, strict=True))
    return [(column.name, column.kind) for column in struct_fields(item_type(kind))]


def _offset_name(dialect: str) -> str:
    return "offset" if dialect == "bigquery" else "ordinality"


def _series_type(words: str, dialect: str) -> str:
    """The type of the numbers or times of a series."""
    if dialect == "duckdb":
        return "BIGINT" if words.endswith("INT") or words == "INTEGER" else ""
    return words if dialect == "postgres" and words in ("integer", "bigint", "numeric") else ""


def _make_nullable(source: Source) -> None:
    for column in source.fields:
        column.value.nullable = True
