"""What queries, and what they read from, give: named columns, and what decides which rows there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from aidbt.sql.resolve.values import Uses, Value, add_uses, unknown
from aidbt.sql.resolved import How, KnownRelation

if TYPE_CHECKING:
    from sqlglot import exp

SourceKind = Literal["relation", "cte", "subquery", "values", "unnest", "function", "pivot", "join"]


@dataclass(slots=True, eq=False)
class Field:
    """One named column of a query or of something that a query reads from.

    Attributes:
        name: as the system keeps it.
        key: what names compare by, see `Folding.key`.
        origin: the column of a source that it is unchanged, apart from its name; None for anything else.
        expression: what the query writes for it; None for a column that a star passes on.
        is_aggregate: whether it is made by an aggregate function of its own query.
    """

    name: str
    key: str
    value: Value
    origin: Bound | None = None
    expression: exp.Expr | None = None
    is_aggregate: bool = False

    def renamed(self, name: str, key: str) -> Field:
        """The same column under a name."""
        how: How = "passthrough" if key == self.key else "rename"
        return replace(self, name=name, key=key, value=self.value.through(how))


@dataclass(slots=True, eq=False)
class Source:
    """Something that a query reads from, as it stands in FROM.

    Attributes:
        name, key: its alias or name; "" for one that has none.
        path: the written parts of a relation's name, as keys, its own name last.
        relation: the relation that it is, for kind "relation".
        rows: the query that it is, for a CTE or a subquery.
        joined: the sources of which it is the join, for kind "join".
        is_complete: whether `fields` are all its columns; `why` says why not.
        scan: the relations whose rows it has, for counting them.
        grouped: of a PIVOT, the columns that it groups by, so that no two rows have the same values in them.
    """

    name: str
    key: str
    kind: SourceKind
    node: exp.Expr
    fields: list[Field] = field(default_factory=list)
    path: tuple[str, ...] = ()
    relation: KnownRelation | None = None
    rows: Rows | None = None
    joined: tuple[Source, ...] = ()
    is_complete: bool = True
    why: str = ""
    scan: tuple[str, ...] = ()
    trust: Callable[[str, str], Value] | None = None
    grouped: tuple[Field, ...] | None = None
    _by_key: dict[str, list[Field]] | None = None

    def find(self, key: str) -> list[Field]:
        """Its columns of that key, in order: more than one where it has a name twice."""
        if self._by_key is None:
            self._by_key = {}
            for column in self.fields:
                self._by_key.setdefault(column.key, []).append(column)
        return self._by_key.get(key, [])

    def trusted(self, name: str, key: str) -> Value:
        """The value of a column that it must have though it is not known to."""
        return self.trust(name, key) if self.trust else unknown(self.why or "its columns are not known")


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """What a column of a query refers to: a column of one of the sources in reach.

    Attributes:
        source: None for a merged column of USING and for an alias of the same SELECT.
        is_outer: whether the source belongs to a query around the one that refers to it.
        inside: the path of a field inside of the column, when that is what is meant.
    """

    source: Source | None
    column: Field
    is_outer: bool = False
    inside: tuple[str, ...] = ()

    def __deepcopy__(self, memo: dict[int, Any]) -> Bound:
        # It stands in `meta` of a tree's nodes: a copy of the tree speaks of the same sources.
        return self


@dataclass(slots=True, eq=False)
class Rows:
    """What a query gives.

    Attributes:
        row_uses: the columns that decide which rows there are.
        relations: the keys of what is read, in the order they are met; a dict for its order.
        scan: the relations whose rows are counted when these rows are; () for exactly one row.
        order_uses: the columns that the rows are ordered by, where that does not decide which there are.
        passed_on: the sources that a star passes on, of which not all columns are known.
        whole: what it reads, where it is all of that, unchanged, and no SELECT.
        is_one_row: whether it is always one row, for it aggregates without groups.
        is_correlated: whether it uses columns of a query around it.
        select: the SELECT that it is; None for a set operation.
        branches: the queries of a set operation.
        clauses: the set operation, and the brackets around a query, that say more of its rows: their order
            and how many are taken.
    """

    fields: list[Field] = field(default_factory=list)
    is_complete: bool = True
    why: str = ""
    row_uses: Uses = field(default_factory=dict)
    order_uses: Uses = field(default_factory=dict)
    relations: dict[str, None] = field(default_factory=dict)
    scan: tuple[str, ...] = ()
    passed_on: tuple[Source, ...] = ()
    select: Selected | None = None
    branches: tuple[Rows, ...] = ()
    operation: str = ""
    clauses: tuple[exp.Expr, ...] = ()
    whole: Source | None = None
    is_one_row: bool = False
    is_correlated: bool = False

    def reads(self, other: Rows) -> None:
        """Take over what another query, of which this one reads the rows, reads and filters."""
        self.relations.update(other.relations)
        self.row_uses.update(other.row_uses)

    def restrict(self, values: Iterable[Value], how: How) -> None:
        """Note that values decide which rows there are."""
        for value in values:
            add_uses(self.row_uses, value.uses, how)

    def trusted(self, name: str, key: str) -> Value:
        """The value of a column that a star must pass on though it is not known to exist."""
        if len(self.passed_on) == 1:
            return self.passed_on[0].trusted(name, key)
        return unknown(self.why or "its columns are not all known")


@dataclass(slots=True, eq=False)
class Joined:
    """An item of FROM as it is joined to those before it.

    Attributes:
        node: None for the first item.
        sources: what it is: several for a join in brackets.
        inner: how those are joined to each other.
        side: "", "LEFT", "RIGHT" or "FULL".
        kind: "", "SEMI", "ANTI", "ASOF", "POSITIONAL", "CROSS" and the like.
        equal: the pairs of columns of USING, that of an earlier item first, and the one that is made of both;
            none is made by a SEMI or ANTI join.
    """

    node: exp.Join | None
    sources: tuple[Source, ...]
    inner: tuple[Joined, ...] = ()
    side: str = ""
    kind: str = ""
    equal: tuple[tuple[Field, Field, Field | None], ...] = ()


@dataclass(slots=True, eq=False)
class Selected:
    """One SELECT of a query, as it was resolved, for what looks closer at it.

    Attributes:
        node: its place in the tree.
        sources: what it reads from, in order, but for those of SEMI and ANTI joins.
        joins: how it comes to them, in order, the first item of FROM first.
        fields: what it selects.
        group: what its rows are grouped by; None when they are not.
        is_aggregated: whether it aggregates at all, with groups or without.
        parent: the SELECT around it that it may refer to.
    """

    node: exp.Select
    sources: tuple[Source, ...] = ()
    joins: tuple[Joined, ...] = ()
    fields: tuple[Field, ...] = ()
    group: tuple[exp.Expr, ...] | None = None
    is_aggregated: bool = False
    parent: Selected | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Selected:
        return self
