"""The columns that a star, or DuckDB's COLUMNS(…), stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from sqlglot import exp

from aidbt.sql.resolve.expressions import Expressions, field_of
from aidbt.sql.resolve.rows import Field, Source
from aidbt.sql.resolve.scope import Scope
from aidbt.sql.resolve.types import struct_fields
from aidbt.sql.resolve.values import combined

# Where the merged columns of USING come first in a star, as the standard has it.
_MERGED_IN_PLACE = frozenset({"duckdb"})


@dataclass(slots=True)
class Expanded:
    """The columns of a star.

    Attributes:
        open_sources: those of which not all columns are known, so that the star has more columns.
    """

    fields: list[Field] = field(default_factory=list)
    open_sources: list[Source] = field(default_factory=list)
    why: str = ""


def star_of(node: exp.Expr) -> exp.Star | None:
    """The star that an item of a SELECT is, `*` or `t.*`."""
    if isinstance(node, exp.Star):
        return node
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
        return node.this
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Star):
        return node.expression
    return None


def expand(node: exp.Expr, star: exp.Star, scope: Scope, expressions: Expressions) -> Expanded:
    """The columns of `*`, `t.*` or `s.*` of a struct, with what is left out of it, replaced and renamed."""
    found = _starred(node, scope, expressions)
    if star.args.get("except_"):
        _exclude(star.args["except_"], found, scope)
    if star.args.get("replace"):
        _replace(star.args["replace"], found, scope, expressions)
    if star.args.get("rename"):
        _rename(star.args["rename"], found, scope)
    return found


def expand_columns(node: exp.Columns, scope: Scope, expressions: Expressions) -> Expanded:
    """The columns that COLUMNS(…) stands for; it is left open for what only running it tells."""
    inner = node.this
    star = star_of(inner) if isinstance(inner, exp.Expr) else None
    if star is not None:
        return expand(inner, star, scope, expressions)
    every = visible(scope)
    if isinstance(inner, exp.Literal) and inner.is_string:
        pattern = _pattern(inner.name)
        if pattern is not None:
            every.fields = [column for column in every.fields if pattern.search(column.name)]
            return every
    if isinstance(inner, exp.Lambda):
        chosen = [column for column in every.fields if _matches(inner.this, column.name) is True]
        unsure = any(_matches(inner.this, column.name) is None for column in every.fields)
        return (
            Expanded(why=f"which columns {inner.sql('duckdb')} takes is not known")
            if unsure
            else replace(every, fields=chosen)
        )
    if isinstance(inner, exp.Array) and all(isinstance(part, exp.Literal) for part in inner.expressions):
        keys = [scope.folding.stored_key(part.name) for part in inner.expressions]
        by_key = {column.key: column for column in every.fields}
        return Expanded([by_key[key] for key in keys if key in by_key])
    return Expanded(why=f"what {node.sql('duckdb')} stands for is not known", open_sources=[])


def renamed_by(node: exp.Columns, name: str, alias: str) -> str:
    """The alias of COLUMNS('pattern') for one of its columns: `\\1` in it is the first group of it."""
    pattern = _pattern(node.this.name) if isinstance(node.this, exp.Literal) else None
    found = pattern.search(name) if pattern is not None else None
    if found is None:
        return alias
    groups = [found[0], *found.groups()]
    return re.sub(
        r"\\(\d)", lambda one: groups[int(one[1])] or "" if int(one[1]) < len(groups) else "", alias
    )


def is_star_by_name(node: exp.Expr) -> bool:
    """Whether an item of a SELECT is DuckDB's `* like 'pattern'`."""
    inner = node.this if isinstance(node, exp.Not) else node
    return isinstance(inner, exp.Like | exp.ILike | exp.SimilarTo | exp.Glob) and isinstance(
        inner.this, exp.Star
    )


def expand_by_name(node: exp.Expr, scope: Scope) -> Expanded:
    """The columns of a star whose names are like a pattern."""
    every = visible(scope)
    holds = [_matches(node, column.name) for column in every.fields]
    if None in holds:
        return Expanded(why="which names are like the pattern is not known")
    return replace(every, fields=[column for column, kept in zip(every.fields, holds, strict=True) if kept])


def visible(scope: Scope) -> Expanded:
    """All columns of what a SELECT reads, merged ones once."""
    found = Expanded()
    merged_first = scope.dialect not in _MERGED_IN_PLACE
    if merged_first:
        found.fields += [field_of(None, column) for column in scope.merged.values()]
    done: set[str] = set(scope.merged) if merged_first else set()
    for source in scope.sources:
        if not source.is_complete:
            found.open_sources.append(source)
            found.why = found.why or source.why
        for column in source.fields:
            if column.key in scope.merged and (id(source), column.key) in scope.hidden:
                if column.key not in done:
                    done.add(column.key)
                    found.fields.append(field_of(None, scope.merged[column.key]))
                continue
            found.fields.append(field_of(source, column))
    return found


def _starred(node: exp.Expr, scope: Scope, expressions: Expressions) -> Expanded:
    if isinstance(node, exp.Star):
        return visible(scope)
    if isinstance(node, exp.Dot):
        base = node.this
        while isinstance(base, exp.Paren):
            base = base.this
        parts = list(base.parts) if isinstance(base, exp.Column) else []
    else:
        base, parts = node, list(node.parts[:-1])  # type: ignore[attr-defined]
    found = scope.source(tuple(scope.key(part) for part in parts)) if parts else None
    if found is not None:
        source = found[0]
        fields = [field_of(source, column) for column in source.fields]
        return Expanded(fields, [] if source.is_complete else [source], source.why)
    return _struct_star(base, parts, scope, expressions)


def _struct_star(base: exp.Expr, parts: list[exp.Expr], scope: Scope, expressions: Expressions) -> Expanded:
    """The fields of a column that is a struct."""
    if parts:
        names = dict(zip(("this", "table", "db", "catalog"), reversed(parts), strict=False))
        reached = scope.column(parts[0]) if len(parts) == 1 else None
        if reached is None and len(parts) == 1:
            known = [source.name for source in scope.sources if source.name]
            scope.say_unknown(parts[0], f"nothing is called '{parts[0].name}' in FROM", known)
            return Expanded(why=f"there is no '{parts[0].name}'")
        # A copy: the tree stays as it is.
        base = exp.Column(**{key: part.copy() for key, part in names.items()})
    value = expressions.value(base, scope)
    fields = struct_fields(value.type)
    if not fields:
        return Expanded(why=value.why or "the fields of the struct are not known")
    inner = combined([value], "expression")
    found = Expanded()
    for column in fields:
        part = combined([inner], "expression")
        part.type, part.nullable = column.kind, True
        found.fields.append(Field(column.name, scope.folding.stored_key(column.name), part))
    return found


def _exclude(names: list[exp.Expr], found: Expanded, scope: Scope) -> None:
    for name in names:
        identifier = name.this if isinstance(name, exp.Column) else name
        key = scope.key(identifier)
        kept = [column for column in found.fields if column.key != key or not _is_of(name, column, scope)]
        if len(kept) == len(found.fields) and not found.open_sources and not found.why:
            known = [column.name for column in found.fields]
            scope.say_unknown(
                identifier, f"no column '{identifier.name}' is there to be left out of the star", known
            )
        found.fields = kept


def _is_of(name: exp.Expr, column: Field, scope: Scope) -> bool:
    """Whether a column is of the source that a qualified name says."""
    if not isinstance(name, exp.Column) or not name.table or column.origin is None:
        return True
    source = column.origin.source
    return source is None or source.key == scope.key(name.args["table"])


def _replace(items: list[exp.Expr], found: Expanded, scope: Scope, expressions: Expressions) -> None:
    for item in items:
        if not isinstance(item, exp.Alias):
            continue
        value = expressions.value(item.this, scope)
        key = scope.key(item.args["alias"])
        at = [place for place, column in enumerate(found.fields) if column.key == key]
        if not at and not found.open_sources and not found.why:
            known = [column.name for column in found.fields]
            name = item.args["alias"]
            scope.say_unknown(name, f"no column '{name.name}' is there to be replaced in the star", known)
        for place in at:
            old = found.fields[place]
            found.fields[place] = Field(old.name, old.key, value, expression=item.this)


def _rename(items: list[exp.Expr], found: Expanded, scope: Scope) -> None:
    for item in items:
        if not isinstance(item, exp.Alias):
            continue
        old, new = item.this, item.args["alias"]
        key = scope.key(old.this if isinstance(old, exp.Column) else old)
        found.fields = [
            column.renamed(scope.stored(new), scope.key(new)) if column.key == key else column
            for column in found.fields
        ]


def _matches(node: exp.Expr, name: str) -> bool | None:
    """Whether a condition on a column's name holds; None where that is not known."""
    if isinstance(node, exp.Paren):
        return _matches(node.this, name)
    if isinstance(node, exp.Not):
        found = _matches(node.this, name)
        return None if found is None else not found
    if isinstance(node, exp.And | exp.Or):
        both = (_matches(node.this, name), _matches(node.expression, name))
        return None if None in both else all(both) if isinstance(node, exp.And) else any(both)
    if isinstance(node, exp.In) and isinstance(node.this, exp.Identifier) and node.expressions:
        listed = [part.name for part in node.expressions if isinstance(part, exp.Literal)]
        return name in listed if len(listed) == len(node.expressions) else None
    other = node.expression if isinstance(node, exp.Binary) else None
    if not isinstance(other, exp.Literal) or not isinstance(node.this, exp.Identifier | exp.Star):
        return None
    if isinstance(node, exp.EQ | exp.NEQ):
        return (name == other.name) is isinstance(node, exp.EQ)
    if isinstance(node, exp.Like | exp.ILike):
        pattern = re.escape(other.name).replace("%", ".*").replace("_", ".")
        flags = re.DOTALL | (re.IGNORECASE if isinstance(node, exp.ILike) else 0)
        return re.fullmatch(pattern, name, flags) is not None
    return None


def _pattern(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text)
    except re.error:  # RE2 and re differ
        return None
