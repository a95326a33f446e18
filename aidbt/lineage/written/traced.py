"""Columns as they are followed through a query: what each is made of, and how sets of them combine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from aidbt.sql.jinja import JinjaTag

ColumnKind = Literal["direct", "cast", "expression", "constant", "star", "unknown"]
RuleKind = Literal["filter", "deduplication", "conditional filter", "limit"]
Shape = Literal["join", "union", "aggregate", "lateral", "recursive"]


@dataclass(frozen=True, slots=True)
class ReadRelation:
    """A relation that a model reads.

    Attributes:
        kind: "table" is written out as a name; "jinja" is an expression that only dbt can tell.
        name: the table, the model, the last part of the name, or the expression.
        parent: the source, the ref's package, or the table's schema; "" for none.
        version: of a versioned ref.
    """

    kind: Literal["source", "ref", "table", "jinja"]
    name: str
    parent: str = ""
    version: str = ""

    def __str__(self) -> str:
        return f"{self.parent}.{self.name}" if self.parent else self.name


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column of a relation, its name as the model writes it (not folded, not quoted)."""

    relation: ReadRelation
    name: str


@dataclass(frozen=True, slots=True)
class TracedColumn:
    """One output column.

    Attributes:
        name: its name; "*" for all columns of `relation` but the `excluded`; "" where only dbt can tell
            which columns stand there.
        kind: "direct" is one source column, maybe renamed; "cast" the same in another type; "expression"
            anything else over source columns; "unknown" what cannot be followed.
        sources: the source columns it uses, in order.
        text: its SQL over the source's columns, Jinja as written; for "unknown" what the model says.
        data_type: of a cast, as written.
        quiet: whether the cast gives NULL instead of failing (try_cast, safe_cast).
        jinja_names: words that a macro in it is given, which may be columns.
    """

    name: str
    kind: ColumnKind
    sources: tuple[SourceColumn, ...] = ()
    text: str = ""
    data_type: str = ""
    quiet: bool = False
    relation: ReadRelation | None = None
    excluded: tuple[str, ...] = ()
    jinja_names: tuple[str, ...] = ()

    @property
    def is_listed(self) -> bool:
        """Whether it is one column with a name."""
        return self.kind != "star" and bool(self.name)


@dataclass(frozen=True, slots=True)
class RowRule:
    """What a model does to rows: a filter, the choice of one row per key, a limit."""

    kind: RuleKind
    text: str


@dataclass(slots=True)
class TracedQuery:
    """The columns of a query and what it reads.

    Attributes:
        relations: those that rows come from, in the order they are met.
        shapes: what makes it more than one relation's rows.
    """

    columns: tuple[TracedColumn, ...] = ()
    relations: list[ReadRelation] = field(default_factory=list)
    rules: list[RowRule] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)


Columns = tuple[TracedColumn, ...]

OPAQUE: Columns = (TracedColumn("", "unknown"),)
"""What a query selects that cannot be followed at all."""


def relation_of(tag: JinjaTag) -> ReadRelation:
    """The relation that a tag in the place of a table names."""
    if tag.kind == "expression":
        return ReadRelation("jinja", tag.inner)
    parent = tag.names[0] if len(tag.names) == 2 else ""
    return ReadRelation(tag.kind, tag.names[-1], parent, tag.version)


def lists_name(columns: Columns, name: str) -> bool:
    return any(c.is_listed and c.name.casefold() == name.casefold() for c in columns)


def find_column(columns: Columns, name: str, written: str) -> TracedColumn | None:
    """The column of a relation by name; one that only a star can hold is a column of the star's relation."""
    folded = name.casefold()
    listed = [c for c in columns if c.is_listed and c.name.casefold() == folded]
    stars = [
        c
        for c in columns
        if c.kind == "star" and folded not in {excluded.casefold() for excluded in c.excluded}
    ]
    if len(listed) == 1:
        own = {source.name.casefold() for source in listed[0].sources}
        is_doubled = bool(stars) and folded in own and listed[0].kind != "direct"
        return None if is_doubled else listed[0]
    if listed or len(stars) != 1 or any(not c.name for c in columns):
        return None
    relation = stars[0].relation
    if relation is None:
        return None
    return TracedColumn(name, "direct", (SourceColumn(relation, name),), written)


def without(columns: Iterable[TracedColumn], names: Sequence[str]) -> list[TracedColumn]:
    """The columns but those of these names; a star then excludes them."""
    if "" in names:
        return list(OPAQUE)
    gone = {name.casefold() for name in names}
    kept = [c for c in columns if not (c.is_listed and c.name.casefold() in gone)]
    return [replace(c, excluded=(*c.excluded, *names)) if c.kind == "star" and names else c for c in kept]


def with_instead(columns: Iterable[TracedColumn], new: Mapping[str, TracedColumn]) -> list[TracedColumn]:
    """The columns with others in the place of those of the given names; what a star held comes at the end."""
    waiting = {name.casefold(): column for name, column in new.items()}
    gone = set(waiting)
    found: list[TracedColumn] = []
    for column in columns:
        folded = column.name.casefold()
        if column.kind == "star":
            found.append(replace(column, excluded=(*column.excluded, *new)) if new else column)
        elif folded not in gone:
            found.append(column)
        elif folded in waiting:
            found.append(waiting.pop(folded))
    return [*found, *waiting.values()]


def renamed(columns: Columns, names: Sequence[str]) -> Columns:
    """The columns under the names that a CTE or table alias gives them; the last may keep their own."""
    if not names:
        return columns
    if len(names) > len(columns) or not all(c.is_listed for c in columns):
        return tuple(TracedColumn(name, "unknown") for name in names)
    new = (replace(c, name=name) for c, name in zip(columns, names, strict=False))
    return (*new, *columns[len(names) :])


def numbered(columns: Columns) -> Columns:
    """The columns as DuckDB calls those of a CTE, subquery, table or view: a name that comes again gets
    `_1`, or the first number that is free.

    A star holds a name for certain where another column is made of it.
    """
    taken: set[str] = set()
    found: list[TracedColumn] = []
    for column in columns:
        if column.kind == "star":
            held = _held_for_certain(column, columns)
            again = [name for name in held if name in taken]
            found += without([column], again)
            found += [TracedColumn(_free_name(name, taken), "unknown", text=name) for name in again]
            taken.update(held)
        else:
            name = _free_name(column.name, taken) if column.is_listed else column.name
            found.append(column if name == column.name else replace(column, name=name))
    return tuple(found)


def _held_for_certain(star: TracedColumn, columns: Columns) -> list[str]:
    """Names (folded) that the relation of a star must have, without the excluded."""
    gone = {name.casefold() for name in star.excluded}
    used = (source for column in columns for source in column.sources if source.relation == star.relation)
    return [name for name in dict.fromkeys(source.name.casefold() for source in used) if name not in gone]


def _free_name(name: str, taken: set[str]) -> str:
    """The name, with a number when it is taken; it is taken from then on."""
    free, number = name, 0
    while free.casefold() in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free.casefold())
    return free


def united(branches: list[Columns]) -> Columns:
    """The columns of a union, by position: known where all branches agree."""
    first = branches[0]
    listed = all(column.is_listed for branch in branches for column in branch)
    if not listed or any(len(branch) != len(first) for branch in branches):
        return OPAQUE
    return tuple(
        same[0]
        if all(other.sources == same[0].sources and other.text == same[0].text for other in same)
        else TracedColumn(same[0].name, "unknown", text=same[0].text)
        for same in zip(*branches, strict=True)
    )
