"""A model's SQL with its names resolved against the columns that a source has, or had."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aidbt.core.schema import Column
from aidbt.sql.folding import folding
from aidbt.sql.jinja import ModelSql, NotPlain, read_jinja
from aidbt.sql.parse import parse_sql
from aidbt.sql.reads.change import ReadChange
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolve import binding, resolve, selects
from aidbt.sql.resolved import KnownRelation, ResolvedQuery

if TYPE_CHECKING:
    from sqlglot import exp

    from aidbt.sql.resolve.rows import Field, Source

THE_SOURCE = "the source"


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """A model whose names were resolved.

    Attributes:
        model: its text, with tags as placeholders.
        tree: its nodes know what they are bound to.
    """

    model: ModelSql
    tree: exp.Query
    query: ResolvedQuery

    @property
    def names(self) -> list[str]:
        """The columns that it gives, in order."""
        return [column.name for column in self.query.columns]

    @property
    def problems(self) -> Counter[str]:
        """What is wrong with it, by code; that the parser knows no macro is no problem."""
        spans = {(tag.start, tag.end) for tag in self.model.tags}
        return Counter(p.code for p in self.query.problems if (p.start, p.end) not in spans)

    def uses(self) -> list[set[tuple[str, str]]]:
        """(relation, column) of what each column is made of; last, of what decides which rows there are."""
        found = [{(use.relation, use.column) for use in column.uses} for column in self.query.columns]
        return [*found, {(use.relation, use.column) for use in self.query.row_uses}]

    def reads_source(self) -> bool:
        return THE_SOURCE in self.query.relations


def resolved_model(
    text: str,
    change: ReadChange,
    columns: Sequence[Column],
    others: Mapping[tuple[str, ...], tuple[Column, ...]],
) -> ResolvedModel | str:
    """The text's SQL over a source with these columns, or why it cannot be read."""
    model = read_jinja(text)
    if isinstance(model, NotPlain):
        return f"line {model.line}: {model.reason}"
    parsed = parse_sql(model.sql, change.dialect)
    if parsed.tree is None:
        return parsed.problems[0].message
    entries, aliases = [], {}
    for tag in model.tags:
        if tag.kind == "source" and tag.names == change.source:
            known, name = KnownRelation(THE_SOURCE, tuple(columns)), change.relation
        elif tag.kind in ("source", "ref"):
            there = others.get(tag.names) or others.get(tag.names[-1:]) or ()
            known = KnownRelation(".".join(tag.names), there, is_complete=bool(there))
            name = tag.names[-1]
        else:
            continue
        entries.append(("", "", tag.placeholder, known))
        aliases[tag.placeholder] = name
    _name_tables(parsed.tree, aliases)
    query = resolve(parsed.tree, RelationIndex(entries, change.dialect), change.dialect, text=model.sql)
    return ResolvedModel(model, parsed.tree, query)


def _name_tables(tree: exp.Query, names: Mapping[str, str]) -> None:
    """Give tables that stand without an alias the name by which SQL may qualify their columns."""
    from sqlglot import exp

    for table in tree.find_all(exp.Table):
        if table.name in names and not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(names[table.name])))


def unknown_reads(found: ResolvedModel, column: str, *, by_schema: bool = False) -> bool:
    """Whether the column's name stands somewhere and nothing tells what it is bound to.

    Args:
        by_schema: only where it is written with its table's schema, which no alias can stand in for.
    """
    from sqlglot import exp

    return any(
        binding(node) is None and (bool(node.args.get("db")) or not by_schema)
        for node in found.tree.find_all(exp.Column)
        if node.name.casefold() == column.casefold()
    )


def reads_whole_rows(found: ResolvedModel) -> bool:
    """Whether a table's name, or a star in a call, stands as a value: what is made of it shows the names or
    the order of all columns."""
    from sqlglot import exp

    if any(_is_value(star) for star in found.tree.find_all(exp.Star)):
        return True
    for one in selects(found.tree):
        names = {source.name.casefold() for source in one.sources if source.name}
        for node in one.node.find_all(exp.Column):
            if binding(node) is None and not node.table and node.name.casefold() in names:
                return True
    return False


def _is_value(star: exp.Star) -> bool:
    """Whether a star is an argument: of anything but `count(*)`."""
    from sqlglot import exp

    node: exp.Expr | None = star.parent
    if isinstance(node, exp.Count | exp.Select):
        return False
    while isinstance(node, exp.Column | exp.Columns | exp.Paren):
        node = node.parent
    return not isinstance(node, exp.Select)


def named_reads(found: ResolvedModel, column: str, dialect: str) -> Iterator[exp.Column]:
    """The places where a column of the source is named first: behind stars, never behind another name."""
    from sqlglot import exp

    for node in found.tree.find_all(exp.Column):
        bound = binding(node)
        if bound is None or bound.source is None or isinstance(node.this, exp.Star):
            continue
        if is_column_of_source(bound.source, bound.column, column, dialect):
            yield node


def is_column_of_source(source: Source, field: Field, column: str, dialect: str) -> bool:
    """Whether what a name is bound to is a column of the source itself, which stars alone passed on."""
    key = folding(dialect).stored_key(column)
    while field.key == key:
        if source.kind == "relation":
            return source.relation is not None and source.relation.key == THE_SOURCE
        inner = source.rows
        if inner is None or inner.select is None or len(inner.fields) != len(source.fields):
            return False
        place = next((i for i, given in enumerate(source.fields) if given is field), None)
        given = inner.fields[place] if place is not None else None
        if given is None or given.expression is not None or given.origin is None:
            return False
        if given.origin.source is None or given.key != key:
            return False
        source, field = given.origin.source, given.origin.column
    return False
