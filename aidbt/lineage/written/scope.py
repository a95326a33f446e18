"""Names in a query: what stands behind each, and where it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from aidbt.lineage.written.layout import Span
from aidbt.lineage.written.traced import (
    Columns,
    TracedColumn,
    find_column,
    lists_name,
    with_instead,
    without,
)
from aidbt.sql.jinja import JinjaTag, ModelSql


@dataclass(frozen=True, slots=True)
class ScopeEntry:
    """One relation in scope.

    Attributes:
        merged: the columns that its join has in common with what stands before (`using`): `*` gives them
            once, in the first place.
        may_fill: whether the values of those are its own where the others have none (right and full joins).
    """

    alias: str
    columns: Columns
    merged: tuple[str, ...] = ()
    may_fill: bool = False

    @property
    def is_base(self) -> bool:
        """Whether it is a relation as it stands, with every name in it its own."""
        return len(self.columns) == 1 and self.columns[0].kind == "star"


def star_columns(scope: Sequence[ScopeEntry]) -> list[TracedColumn]:
    """What `*` selects of all relations in scope."""
    columns: list[TracedColumn] = []
    for entry in scope:
        if entry.may_fill:
            columns = with_instead(columns, {n: TracedColumn(n, "unknown", text=n) for n in entry.merged})
        columns += without(entry.columns, entry.merged)
    return columns


class Names:
    """The names of one model, with their Jinja."""

    def __init__(self, model: ModelSql, dialect: str) -> None:
        self.model = model
        self.dialect = dialect

    def lookup(self, scope: Sequence[ScopeEntry], name: str, written: str) -> TracedColumn | None:
        """The column of that name in scope; None when there is none or it is not certain which."""
        if len(scope) == 1:
            return find_column(scope[0].columns, name, written)
        listing = [entry for entry in scope if lists_name(entry.columns, name)]
        others = [entry for entry in scope if entry not in listing]
        found = [find_column(entry.columns, name, written) for entry in listing]
        is_certain = len(found) == 1 and all(c.is_listed for entry in others for c in entry.columns)
        return found[0] if is_certain else None

    def tag_of(self, identifier: exp.Expr) -> JinjaTag | None:
        """The tag that an identifier is all of."""
        span = self.span_of(identifier)
        if span is None:
            placeholders = {tag.placeholder: tag for tag in self.model.tags}
            return placeholders.get(identifier.name)
        return self.model.tag_at(span.start, span.end)

    def name_of(self, identifier: exp.Expr) -> str:
        """The name, without quotes; "" when it holds Jinja that only dbt can tell."""
        span = self.span_of(identifier)
        if span is None:
            return (
                "" if any(tag.placeholder in identifier.name for tag in self.model.tags) else identifier.name
            )
        name = identifier.name
        for tag in self.model.tags_in(span.start, span.end):
            if tag.literal is None:
                return ""
            name = name.replace(tag.placeholder, tag.literal)
        return name

    def span_of(self, identifier: exp.Expr) -> Span | None:
        meta = identifier.meta
        return Span(meta["start"], meta["end"] + 1) if "start" in meta and "end" in meta else None

    def generated(self, node: exp.Expr) -> str:
        """The node as sqlglot writes it, its Jinja restored."""
        return self.model.restore(node.sql(dialect=self.dialect, comments=False))
