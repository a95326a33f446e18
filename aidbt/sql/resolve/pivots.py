"""What PIVOT and UNPIVOT make of a source."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from sqlglot import exp

from aidbt.sql.resolve.expressions import Expressions
from aidbt.sql.resolve.rows import Field, Source
from aidbt.sql.resolve.scope import Scope
from aidbt.sql.resolve.types import TypeRules
from aidbt.sql.resolve.values import Value, combined, unknown


def pivoted(
    source: Source, node: exp.Pivot, scope: Scope, expressions: Expressions, rules: TypeRules
) -> Source:
    """A source after PIVOT or UNPIVOT."""
    inner = Scope(scope.problems, scope.dialect, scope.parent, scope.ctes)
    inner.rows = scope.rows
    inner.sources = [source]
    made = _unpivot if node.args.get("unpivot") else _pivot
    found = made(source, node, inner, expressions, rules)
    alias = node.args.get("alias")
    named = alias.this if isinstance(alias, exp.TableAlias) and alias.this else None
    if named is not None:
        found.name, found.key = scope.stored(named), scope.key(named)
    names = list(alias.args.get("columns") or []) if isinstance(alias, exp.TableAlias) else []
    for column, name in zip(found.fields, names, strict=False):
        renamed = column.renamed(scope.stored(name), scope.key(name))
        column.name, column.key, column.value = renamed.name, renamed.key, renamed.value
    return found


def _pivot(
    source: Source, node: exp.Pivot, scope: Scope, expressions: Expressions, rules: TypeRules
) -> Source:
    is_statement = "using" in node.args
    aggregates = list((node.args.get("using") if is_statement else node.expressions) or [])
    fields = node.expressions if is_statement else node.args.get("fields") or []
    values = expressions.values(aggregates, scope)
    on = [expressions.value(part.this if isinstance(part, exp.In) else part, scope) for part in fields]
    used = {
        scope.key(column.this)
        for part in [*aggregates, *(f.this if isinstance(f, exp.In) else f for f in fields)]
        for column in part.find_all(exp.Column)
        if isinstance(column.this, exp.Identifier)
    }
    found = _after(source)
    group = node.args.get("group")
    if group is not None:
        keys = [scope.key(part.this) for part in group.expressions if isinstance(part, exp.Column)]
        expressions.values(group.expressions, scope)
        kept = [column for key in keys for column in source.find(key)]
    else:
        kept = [column for column in source.fields if column.key not in used]
    found.fields = [replace(column) for column in kept]
    found.grouped = tuple(found.fields)
    scope.rows.restrict((column.value for column in found.fields), "group")
    if not source.is_complete:
        found.is_complete, found.why = False, source.why
    names = _pivot_names(node, aggregates, fields, is_statement=is_statement)
    if names is None:
        found.is_complete = False
        found.why = "which columns PIVOT makes depends on the rows; list them after IN"
        found.trust = lambda column, key: unknown(found.why)
        return found
    if not aggregates:
        counted = scope.of_rows([source], "aggregate")
        values = [Value(rules.tree(rules.count), False, counted.made, counted.uses)]
    for at, name in enumerate(names):
        own = values[at % len(values)]
        value = combined([own, *on], "aggregate")
        value.type, value.nullable = own.type, True
        found.fields.append(Field(name, scope.folding.stored_key(name), value))
    return found


def _pivot_names(
    node: exp.Pivot, aggregates: list[exp.Expr], fields: list[exp.Expr], *, is_statement: bool
) -> list[str] | None:
    """The names of the columns that a PIVOT makes, values first, then aggregates; None when unknown."""
    if not is_statement and node.args.get("columns"):
        return [column.name for column in node.args["columns"]]
    lists: list[list[str]] = []
    for part in fields:
        if not isinstance(part, exp.In) or not part.expressions:
            return None
        cells = part.expressions
        if not all(isinstance(_plain(cell), exp.Literal | exp.Boolean) for cell in cells):
            return None
        lists.append([cell.alias or _cell_name(cell) for cell in cells])
    if not lists:
        return None
    endings = [""]
    if len(aggregates) > 1 or (aggregates and aggregates[0].alias):
        if not all(part.alias for part in aggregates):
            return None
        endings = [f"_{part.alias}" for part in aggregates]
    return [f"{'_'.join(cells)}{end}" for cells in product(*lists) for end in endings]


def _cell_name(cell: exp.Expr) -> str:
    plain = _plain(cell)
    return str(plain.this).lower() if isinstance(plain, exp.Boolean) else plain.name


def _plain(cell: exp.Expr) -> exp.Expr:
    return cell.this if isinstance(cell, exp.PivotAlias | exp.Alias) else cell


def _unpivot(
    source: Source, node: exp.Pivot, scope: Scope, expressions: Expressions, rules: TypeRules
) -> Source:
    into = node.args.get("into")
    if into is not None or not node.args.get("fields"):
        groups = node.expressions
        names = [into.this] if into is not None else [exp.to_identifier("name")]
        targets = into.expressions if into is not None else [exp.to_identifier("value")]
    else:
        field = node.args["fields"][0]
        groups, names = field.expressions, [field.this]
        targets = [part for given in node.expressions for part in _listed(given)]
    inputs = [_inputs(group, scope, expressions) for group in groups]
    spread = [columns for group in inputs for columns in group]
    found = _after(source)
    used = {column.key for columns in spread for column in columns}
    found.fields = [column for column in source.fields if column.key not in used]
    name_fields = [
        Field(scope.stored(_identifier(name)), scope.key(_identifier(name)), Value(_text(rules), False))
        for name in names
    ]
    value_fields = []
    for at, target in enumerate(targets):
        parts = [columns[at].value for columns in spread if at < len(columns)]
        value = combined(parts, "rename")
        value.type = rules.tree(rules.unified([rules.words(part.type) for part in parts]))
        identifier = _identifier(target)
        value_fields.append(Field(scope.stored(identifier), scope.key(identifier), value))
        if not node.args.get("include_nulls"):
            scope.rows.restrict(parts, "filter")
    first, second = (
        (value_fields, name_fields) if node.args.get("value_columns_first") else (name_fields, value_fields)
    )
    found.fields += [*first, *second]
    if not source.is_complete:
        found.is_complete, found.why = False, source.why
    return found


def _inputs(node: exp.Expr, scope: Scope, expressions: Expressions) -> list[list[Field]]:
    """The columns that an item of UNPIVOT's list names: one row each, several columns for a tuple."""
    from aidbt.sql.resolve.stars import expand_columns

    inner = node.this if isinstance(node, exp.PivotAlias | exp.Alias) else node
    if isinstance(inner, exp.Columns):
        return [[column] for column in expand_columns(inner, scope, expressions).fields]
    row = []
    for part in _listed(inner):
        value = expressions.value(part, scope)
        identifier = _identifier(part)
        row.append(Field(scope.stored(identifier), scope.key(identifier), value))
    return [row]


def _listed(node: exp.Expr) -> list[exp.Expr]:
    return list(node.expressions) if isinstance(node, exp.Tuple) else [node]


def _identifier(node: exp.Expr) -> exp.Expr:
    return node.this if isinstance(node, exp.Column) else node


def _text(rules: TypeRules) -> exp.DataType | None:
    return rules.tree(rules.text_type)


def _after(source: Source) -> Source:
    """A source that takes the place of another one."""
    return Source(
        source.name, source.key, "pivot", source.node, relation=source.relation, rows=source.rows,
        joined=(source,), is_complete=True, scan=source.scan, trust=source.trust,
    )  # fmt: skip
