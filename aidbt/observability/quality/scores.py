"""From evidence to scores of 0..100, of columns, nodes, layers, owners and the project.

A *cell* is a column (or a node as a whole) in one dimension. It is as good as the worst that is known of it,
so that a further test can lower it and never hide what another found. A node's score in a dimension is the
weighted mean of its cells, its score the weighted mean of its dimensions, and that of many nodes the weighted
mean of theirs. What nothing is known of has no score and no part in any mean: how much that is stands beside
each score as its coverage.

So the points that a score lacks of 100 are a sum over cells, and each point has its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from aidbt.observability.quality.dimensions import Dimension
from aidbt.observability.quality.evidence import Evidence
from aidbt.observability.quality.weights import Subject

Scope = Literal["project", "layer", "owner", "model", "column"]
Weights = Mapping[Dimension, float]


@dataclass(frozen=True, slots=True)
class Score:
    """How good something is, and how much of it is known.

    Attributes:
        value: 0..100; None where nothing is known.
        coverage: 0..100.
    """

    value: float | None = None
    coverage: float = 0.0


@dataclass(frozen=True, slots=True)
class Cell:
    """A column of a node, or the node as a whole (column ""), in one dimension.

    Attributes:
        weight: beside the other cells of its node and dimension.
        evidence: the worst first; never empty.
    """

    column: str
    dimension: Dimension
    weight: float
    evidence: tuple[Evidence, ...]

    @property
    def lost(self) -> float:
        """0..1."""
        return self.evidence[0].lost


@dataclass(frozen=True, slots=True)
class NodeScore:
    """The scores of one node.

    Attributes:
        covered: dimension → 0..1, of those that something should be known of.
    """

    subject: Subject
    cells: tuple[Cell, ...]
    total: Score
    dimensions: Mapping[Dimension, Score]
    covered: Mapping[Dimension, float]


@dataclass(frozen=True, slots=True)
class Part:
    """The score of a group of nodes, of one node or of one column.

    Attributes:
        name: of a node its unique_id, of a column "unique_id.column"; "" for the project.
        label: as people read it.
        weight: of all its nodes together; of a column beside those of its node.
        nodes: how many there are, `measured` of them have a score.
    """

    scope: Scope
    name: str
    label: str
    total: Score
    dimensions: Mapping[Dimension, Score]
    weight: float = 1.0
    nodes: int = 1
    measured: int = 1


@dataclass(frozen=True, slots=True)
class Loss:
    """Points that a cell costs.

    Attributes:
        points: of the score of all nodes together; `node_points` of its own node's.
        evidence: what lost them, the worst first.
    """

    node: str
    column: str
    dimension: Dimension
    points: float
    node_points: float
    evidence: tuple[Evidence, ...]


def dimension_weights(said: Mapping[str, float]) -> dict[Dimension, float]:
    """What each dimension counts: 1, unless somebody said otherwise."""
    return {dimension: float(said.get(dimension.value, 1.0)) for dimension in Dimension}


def score_node(subject: Subject, evidence: Iterable[Evidence], weights: Weights) -> NodeScore:
    """What the evidence of one node makes of it."""
    cells = _cells(subject, evidence, weights)
    by_dimension: dict[Dimension, list[Cell]] = {}
    for cell in cells:
        by_dimension.setdefault(cell.dimension, []).append(cell)
    covered = covered_of(subject, cells, weights)
    dimensions = {
        dimension: Score(_cells_value(found), 100 * covered.get(dimension, 1.0))
        for dimension, found in sorted(by_dimension.items())
    }
    value = _mean((weights[d], score.value) for d, score in dimensions.items())
    return NodeScore(subject, cells, Score(value, coverage(covered, weights)), dimensions, covered)


def covered_of(
    subject: Subject,
    cells: Iterable[Cell],
    weights: Weights,
    *,
    more: Iterable[tuple[str, Dimension]] = (),
    fresh: Iterable[str] = (),
) -> dict[Dimension, float]:
    """How much is known of each dimension that something should be known of, 0..1.

    Of completeness the columns that are looked at, by weight, where the columns are known; of timeliness the
    sources whose freshness is known, where that of the node itself is not; of the rest whether there is
    anything at all.

    Args:
        more: (column, dimension) that would be known too.
        fresh: sources whose freshness would be known too.
    """
    known = {(cell.column, cell.dimension) for cell in cells} | set(more)
    asked = {
        item.cause
        for cell in cells
        if cell.dimension is Dimension.TIMELINESS
        for item in cell.evidence
        if item.source == "freshness"
    } | set(fresh)
    own = {
        cell.dimension for cell in cells if any(e.source not in ("freshness", "run") for e in cell.evidence)
    } | {dimension for _, dimension in more}
    found: dict[Dimension, float] = {}
    for dimension in subject.needs:
        if not weights[dimension]:
            continue
        if dimension is Dimension.COMPLETENESS and subject.columns:
            found[dimension] = _columns_covered(subject, {c for c, d in known if d is dimension})
        elif dimension is Dimension.TIMELINESS and dimension not in own:
            wanted = subject.sources or {subject.node}
            found[dimension] = len(asked & wanted) / len(wanted)
        else:
            found[dimension] = float(dimension in own)
    return found


def coverage(covered: Mapping[Dimension, float], weights: Weights) -> float:
    """How much of a node is known, 0..100."""
    return 100 * (_mean((weights[d], share) for d, share in covered.items()) or 0.0)


def _columns_covered(subject: Subject, columns: set[str]) -> float:
    total = sum(subject.column_weight(column) for column in subject.columns)
    return sum(subject.column_weight(c) for c in subject.columns if c in columns) / total


def _cells(subject: Subject, evidence: Iterable[Evidence], weights: Weights) -> tuple[Cell, ...]:
    found: dict[tuple[str, Dimension], list[Evidence]] = {}
    for item in evidence:
        if weights[item.dimension]:
            found.setdefault((item.column, item.dimension), []).append(item)
    return tuple(
        Cell(
            column,
            dimension,
            subject.column_weight(column),
            tuple(sorted(items, key=lambda e: (-e.lost, _FIRST.index(e.source), e.cause))),
        )
        for (column, dimension), items in sorted(found.items())
    )


# Of two that say the same, the one that is easier to act on comes first.
_FIRST = ("test", "unit test", "freshness", "run", "monitor")


def _cells_value(cells: Sequence[Cell]) -> float:
    return _mean((cell.weight, 100 * (1 - cell.lost)) for cell in cells) or 0.0


def _mean(pairs: Iterable[tuple[float, float | None]]) -> float | None:
    """The weighted mean of those that are known; None where none is."""
    known = [(weight, value) for weight, value in pairs if value is not None and weight > 0]
    total = sum(weight for weight, _ in known)
    return sum(weight * value for weight, value in known) / total if known else None


# --- together -----------------------------------------------------------------------------------------


def project_part(scores: Sequence[NodeScore]) -> Part:
    """All nodes together."""
    return _together("project", "", "project", scores)


def parts_by(scores: Sequence[NodeScore], scope: Scope) -> tuple[Part, ...]:
    """One part for each layer, owner, model or column, the lowest score first and what has none last."""
    if scope == "project":
        return (project_part(scores),)
    if scope == "model":
        found = [_of_node(score) for score in scores]
    elif scope == "column":
        found = [part for score in scores for part in columns_of(score)]
    else:
        groups: dict[str, list[NodeScore]] = {}
        for score in scores:
            name = score.subject.layer if scope == "layer" else score.subject.owner
            groups.setdefault(name, []).append(score)
        found = [_together(scope, name, name, some) for name, some in groups.items()]
    return tuple(sorted(found, key=_rank))


def _rank(part: Part) -> tuple[bool, float, float, str]:
    value = part.total.value
    return (value is None, value if value is not None else 0.0, -part.weight, part.label)


def _of_node(score: NodeScore) -> Part:
    subject = score.subject
    measured = int(score.total.value is not None)
    return Part(
        "model", subject.node, subject.name, score.total, score.dimensions, subject.weight, 1, measured
    )


def columns_of(score: NodeScore) -> list[Part]:
    """The columns of a node that something is known of."""
    subject = score.subject
    by_column: dict[str, list[Cell]] = {}
    for cell in score.cells:
        if cell.column:
            by_column.setdefault(cell.column, []).append(cell)
    found = []
    for column, cells in by_column.items():
        dimensions = {cell.dimension: Score(100 * (1 - cell.lost), 100.0) for cell in cells}
        value = _mean((1.0, one.value) for one in dimensions.values())
        spelled = subject.columns.get(column, column)
        found.append(
            Part(
                "column",
                f"{subject.node}.{spelled}",
                f"{subject.name}.{spelled}",
                Score(value, 100 * len(dimensions) / len(_OF_COLUMNS | dimensions.keys())),
                dimensions,
                subject.column_weight(column),
            )
        )
    return found


_OF_COLUMNS = {Dimension.COMPLETENESS, Dimension.VALIDITY}


def _together(scope: Scope, name: str, label: str, scores: Sequence[NodeScore]) -> Part:
    weighed = [(score.subject.weight, score) for score in scores]
    total = Score(
        _mean((weight, score.total.value) for weight, score in weighed),
        _mean((weight, score.total.coverage) for weight, score in weighed) or 0.0,
    )
    dimensions = {
        dimension: Score(
            _mean((w, s.dimensions[dimension].value) for w, s in weighed if dimension in s.dimensions),
            100 * (_mean((w, s.covered[dimension]) for w, s in weighed if dimension in s.covered) or 0.0),
        )
        for dimension in Dimension
        if any(dimension in score.dimensions for score in scores)
    }
    measured = sum(score.total.value is not None for score in scores)
    return Part(scope, name, label, total, dimensions, sum(w for w, _ in weighed), len(scores), measured)


def losses_of(scores: Sequence[NodeScore], weights: Weights) -> tuple[Loss, ...]:
    """Every point that the nodes together lack of 100, the dearest first; they add up to just that."""
    known = [score for score in scores if score.total.value is not None]
    total = sum(score.subject.weight for score in known)
    found = []
    for score in known:
        of_dimensions = sum(weights[dimension] for dimension in score.dimensions)
        of_cells = {
            dimension: sum(cell.weight for cell in score.cells if cell.dimension is dimension)
            for dimension in score.dimensions
        }
        for cell in score.cells:
            if not cell.lost:
                continue
            share = cell.weight / of_cells[cell.dimension] * weights[cell.dimension] / of_dimensions
            points = 100 * cell.lost * share
            found.append(
                Loss(
                    score.subject.node,
                    cell.column,
                    cell.dimension,
                    points * score.subject.weight / total,
                    points,
                    tuple(item for item in cell.evidence if item.lost),
                )
            )
    return tuple(sorted(found, key=lambda loss: (-loss.points, loss.node, loss.column, loss.dimension)))
