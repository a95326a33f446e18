"""What a check is, what it looks at, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from aidbt.core.findings import Severity
from aidbt.lineage.graph import Lineage, NodeLineage
from aidbt.lineage.schemas import tested_columns, tested_node
from aidbt.project.manifest import Manifest, Node
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolve.scope import span
from aidbt.sql.resolved import ResolvedQuery

if TYPE_CHECKING:
    from sqlglot import exp


@dataclass(frozen=True, slots=True)
class Hit:
    """One place that a check objects to.

    Attributes:
        message: what is wrong there, without lines, so that the same is recognised when the text moves.
        start, end: the characters of the compiled SQL; equal for the node as a whole.
        severity: None for the check's own.
    """

    message: str
    start: int = 0
    end: int = 0
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """The SQL of a node as dbt compiled it, with every name resolved; SQL of ephemeral models left out."""

    text: str
    tree: exp.Query
    resolved: ResolvedQuery
    dialect: str


@dataclass(frozen=True)
class Side:
    """The project at one end of a pull request.

    Attributes:
        relations: what its SQL may read.
    """

    manifest: Manifest
    lineage: Lineage
    relations: RelationIndex
    dialect: str

    @cached_property
    def tests_of(self) -> dict[str, list[Node]]:
        """unique_id → the generic tests on it."""
        found: dict[str, list[Node]] = {}
        for test in self.manifest.of_type("test"):
            if tested := tested_node(test):
                found.setdefault(tested, []).append(test)
        return found

    @cached_property
    def never_null(self) -> frozenset[tuple[str, str]]:
        """(unique_id, column in lower case) of the columns that the project says hold no null."""
        tested = {
            (node, name.casefold())
            for node, tests in self.tests_of.items()
            for test in tests
            if (test.raw.get("test_metadata") or {}).get("name") == "not_null"
            and not test.config.get("where")
            for name in tested_columns(test)
        }
        declared = {
            (node.unique_id, column.name.casefold())
            for node in self.lineage.nodes.values()
            for column in node.columns
            if not column.nullable
        }
        return frozenset(tested | declared)

    @cached_property
    def own_models(self) -> tuple[Node, ...]:
        """The models of the project itself, not of its packages."""
        name = self.manifest.metadata.raw.get("project_name")
        return tuple(
            node for node in self.manifest.of_type("model") if not name or node.package in ("", name)
        )


@dataclass(frozen=True)
class Subject:
    """One changed node, as checks look at it.

    Attributes:
        query: None where it has no SQL, or SQL that cannot be read.
        before: the same node where the branch began; None for a new one, and while the base is looked at.
    """

    node: Node
    side: Side
    query: Query | None = None
    before: Subject | None = field(default=None, repr=False)

    @property
    def lineage(self) -> NodeLineage | None:
        """The node's columns, where they were read."""
        return self.side.lineage.nodes.get(self.node.unique_id)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that reviewers look for.

    Attributes:
        title: what it finds, in a few words.
        mend: what to do about it, in a sentence.
        find: every place in a node that it objects to.
        compares: whether it looks at what the change did, rather than at the node as it now stands. What the
            others found before the change too is not the change's doing.
    """

    name: str
    title: str
    mend: str
    find: Callable[[Subject], Iterable[Hit]]
    severity: Severity = Severity.WARN
    compares: bool = False


def hit_at(node: exp.Expr, message: str, *, severity: Severity | None = None) -> Hit:
    """A hit at the place of a node of a query, or of the nearest one around it that has a place."""
    at: exp.Expr | None = node
    while at is not None:
        start, end = span(at)
        if end > start:
            return Hit(message, start, end, severity)
        at = at.parent
    return Hit(message, severity=severity)
