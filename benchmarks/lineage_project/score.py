"""Edges that a tool finds in a project, against what the project is known to be made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from benchmarks.lineage_peers import Edges
from benchmarks.lineage_project import Project
from benchmarks.lineage_project.made import ColumnOf, Truth


@dataclass(frozen=True, slots=True)
class Score:
    """How a tool's edges compare.

    Attributes:
        edges: that there are; `found` of them, `missed` the others.
        wrong: that a tool has and that are none.
        rows_as_values: that a tool has and that only decide which rows there are, counted apart.
        columns: that there are; `exact` of them have all their edges and no wrong one, `unanswered` are
            columns of which the tool says nothing.
        failing: case of the corpus → columns of its models that are not exact.
    """

    edges: int
    found: int
    wrong: int
    rows_as_values: int
    columns: int
    exact: int
    unanswered: int
    failing: Counter[str] = field(default_factory=Counter)

    def figures(self) -> dict[str, int | float]:
        """What a benchmark prints."""
        return {
            "edges": self.edges,
            "edges found": self.found,
            "edges missed": self.edges - self.found,
            "edges wrong": self.wrong,
            "row uses given as values": self.rows_as_values,
            "columns": self.columns,
            "columns exact": self.exact,
            "columns exact %": round(100 * self.exact / self.columns, 2),
            "columns unanswered": self.unanswered,
        }


def score(project: Project, claimed: Edges) -> Score:
    """Compare a tool's edges with the truth.

    An edge to an ephemeral model and the edges to what that model is made of are the same: dbt writes the
    ephemeral model into the SQL of those that read it, and tools differ in whether they stop there.
    """
    total: Counter[str] = Counter()
    failing: Counter[str] = Counter()
    for node, truth in project.truth.items():
        answered = claimed.get(node, {})
        for column in truth.edges:
            seen = _column(project, truth, column, answered.get(column.lower()))
            total.update(seen)
            if not seen["exact"]:
                failing[project.case_of(node, column)] += 1
    return Score(
        total["edges"],
        total["found"],
        total["wrong"],
        total["rows_as_values"],
        total["columns"],
        total["exact"],
        total["unanswered"],
        failing,
    )


def _column(project: Project, truth: Truth, column: str, uses: set[ColumnOf] | None) -> Counter[str]:
    needed = _beneath(project, truth.edges[column])
    groups = [
        group for some in truth.either.get(column, ()) if not (group := _beneath(project, some)) & needed
    ]
    said = _beneath(project, uses or ())
    allowed = needed.union(_beneath(project, truth.free.get(column, ())), *groups)
    beside = said - allowed
    rows = beside & _beneath(project, truth.rows)
    found = len(needed & said) + sum(bool(group & said) for group in groups)
    edges = len(needed) + len(groups)
    return Counter(
        edges=edges,
        found=found,
        wrong=len(beside - rows),
        rows_as_values=len(rows),
        columns=1,
        exact=int(uses is not None and found == edges and not beside),
        unanswered=int(uses is None),
    )


def _beneath(project: Project, columns: Iterable[ColumnOf]) -> set[ColumnOf]:
    """The columns in lower case, each of an ephemeral model replaced by what it is made of."""
    found: set[ColumnOf] = set()
    for node, column in columns:
        if node in project.ephemeral:
            found |= _beneath(project, _folded(project.truth[node].edges).get(column.lower(), frozenset()))
        else:
            found.add((node, column.lower()))
    return found


def _folded(edges: Mapping[str, frozenset[ColumnOf]]) -> dict[str, frozenset[ColumnOf]]:
    return {name.lower(): made_of for name, made_of in edges.items()}
