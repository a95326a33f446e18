"""Which sign of trouble explains which: what is exact explains only what follows from it.

Things that are odd in data are taken for one cause where they lie above and below one another at one time;
nobody can say more of them. Of a column that is gone, a table that is gone or a run that failed it is known
what follows, and nothing else is laid at its door: a mean that is a hundred times too high on the day after
another column went is another cause.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field

from aidbt.core.incidents import Kind
from aidbt.monitors.incidents.upstream import Upstream

# In spans of a bucket: how far apart two nodes of a lineage may be wrong for one cause.
NEAR_SPANS = 2.0
# What a node shows that was not built: no new rows, and those that there are get older.
_STANDS_STILL = frozenset({"row_count", "freshness_minutes", "load_age_minutes", "table_gone", "rows_lost"})

# (node, column in lower case) → the columns below that are made of it, written alike; "" for a column says
# that it decides the rows of that node. Where one has no entry, nothing is known of it.
ColumnsBelow = Mapping[tuple[str, str], Collection[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that is wrong with a node for one span of time.

    Attributes:
        key: what makes it the same thing when it is wrong again.
        start, end: in any unit that all have in common.
        weight: how sure it is; decides which of two equal causes is named first.
        kind: "data" and "test" are what is odd, the others are exact.
        metric, column: of its monitor, as far as it has one.
    """

    node: str
    key: Hashable
    start: float
    end: float
    weight: float = 1.0
    kind: Kind = "data"
    metric: str = ""
    column: str = ""

    @property
    def span(self) -> float:
        """How long it is."""
        return self.end - self.start

    @property
    def is_exact(self) -> bool:
        """Whether it is known what follows from it."""
        return self.kind not in ("data", "test")


@dataclass(frozen=True, slots=True)
class Links:
    """What lies below what: nodes, and columns as far as they are known."""

    upstream: Upstream
    columns: ColumnsBelow = field(default_factory=dict)

    def are_linked(self, one: Sign, other: Sign) -> bool:
        """Whether one of two signs, at least one of them exact, explains the other."""
        is_both = one.kind == other.kind and self.upstream.are_siblings(one.node, other.node)
        return is_both or self.explains(one, other) or self.explains(other, one)

    def explains(self, cause: Sign, other: Sign) -> bool:
        """Whether the other one follows from this one."""
        if cause.node != other.node and cause.node not in self.upstream.above(other.node):
            return False
        if cause.kind in ("data", "test"):  # bad data makes what reads it fail, not what made it
            return other.kind == "failure" and cause.node != other.node
        if cause.kind == "table":
            return True
        if cause.kind == "failure":
            return other.kind in ("failure", "test") or other.metric in _STANDS_STILL
        return other.kind != "data" or self._is_made_of(other, cause)

    def _is_made_of(self, other: Sign, change: Sign) -> bool:
        """Whether what a monitor looks at is made of the column that has changed."""
        column = other.column.casefold()
        if other.node == change.node:
            return column == change.column.casefold()
        known = self.columns.get((change.node, change.column.casefold()))
        if known is None:
            return other.start - change.start <= NEAR_SPANS * other.span
        if (other.node, column) in known:
            return True
        return any((node, "") in known for node in (other.node, *self.upstream.above(other.node)))
