"""The quality of a project: what `aidbt quality` shows, keeps over time and judges by a gate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aidbt.core.config import QualitySettings
from aidbt.core.errors import UsageError, nearest
from aidbt.core.findings import Finding, Severity
from aidbt.core.measured import node_name
from aidbt.monitors.incidents.surroundings import surroundings
from aidbt.observability.quality.advice import Way, mending
from aidbt.observability.quality.dimensions import Dimension, odd_dimension
from aidbt.observability.quality.evidence import Evidence, evidence_of
from aidbt.observability.quality.known import Known
from aidbt.observability.quality.measuring import measuring, unrun
from aidbt.observability.quality.scores import (
    Loss,
    NodeScore,
    Part,
    Scope,
    dimension_weights,
    losses_of,
    parts_by,
    project_part,
    score_node,
)
from aidbt.observability.quality.weights import sources_above, subjects_of
from aidbt.project.manifest import Manifest
from aidbt.project.selection import select_nodes
from aidbt.store.quality import ScorePoint

_KINDS = ("model", "seed", "snapshot", "source")


@dataclass(frozen=True, slots=True)
class Quality:
    """How good the data of the selected nodes is.

    Attributes:
        project: all of them together.
        nodes: each of them, in the order of the manifest.
        losses: every point that the whole lacks of 100, the dearest first.
        mend: ways to win points back; `measure`: ways to know more. The cheapest for what they bring first.
        is_whole: whether nothing was left out by a selection.
        runs: how many were read; `last_run_at` is the newest.
    """

    project: Part
    nodes: tuple[NodeScore, ...]
    losses: tuple[Loss, ...]
    mend: tuple[Way, ...]
    measure: tuple[Way, ...]
    findings: tuple[Finding, ...] = ()
    is_whole: bool = True
    runs: int = 0
    last_run_at: datetime | None = field(default=None)

    def parts(self, scope: Scope) -> tuple[Part, ...]:
        """The scores of each layer, owner, model or column, the lowest first."""
        return parts_by(self.nodes, scope)

    def losses_of(self, node: str) -> tuple[Loss, ...]:
        """What one node lacks, the dearest first."""
        found = [loss for loss in self.losses if loss.node == node]
        return tuple(sorted(found, key=lambda loss: -loss.node_points))


@dataclass(frozen=True, slots=True)
class Below:
    """Something that the gate does not let pass.

    Attributes:
        what: "score" or "coverage"; `value` and `asked`: what it has and what it should have.
    """

    part: Part
    what: str
    value: float
    asked: float


def quality_of(
    manifest: Manifest,
    known: Known,
    settings: QualitySettings,
    *,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> Quality:
    """The quality of the selected nodes; of all of the project's own without a selection.

    Raises:
        UnknownName: a selector matches nothing.
    """
    nodes = select_nodes(manifest, select, exclude, types=_KINDS)
    own = str(manifest.metadata.raw.get("project_name") or "")
    if not select and own:
        nodes = [node for node in nodes if node.package in (own, "")]
    around = surroundings(manifest)
    weights = dimension_weights({str(name): weight for name, weight in settings.weights.items()})
    subjects = subjects_of(manifest, known, around, nodes)
    evidence: dict[str, list[Evidence]] = {name: [] for name in subjects}
    above = sources_above(around.parents, manifest)
    for item in evidence_of(manifest, known, around.tested, above, settings.dimensions):
        if item.node in evidence:
            evidence[item.node].append(item)
    scores = tuple(score_node(subject, evidence[name], weights) for name, subject in subjects.items())
    losses = losses_of(scores, weights)
    missing = unrun(manifest, known, around.tested, subjects)
    return Quality(
        project=project_part(scores),
        nodes=scores,
        losses=losses,
        mend=mending(losses),
        measure=measuring(manifest, known, scores, around.tested, weights, settings.dimensions),
        findings=(
            *known.findings,
            *_odd(manifest, around.tested),
            *_unrun(missing, known),
            *_uncounted(known, losses),
            *_columns_unknown(scores),
        ),
        is_whole=not (select or exclude),
        runs=known.runs,
        last_run_at=known.last_run_at,
    )


def _odd(manifest: Manifest, tests: Iterable[str]) -> Iterator[Finding]:
    for name in tests:
        wanted = odd_dimension(manifest.get(name))
        if wanted:
            close = nearest(wanted, list(Dimension))
            meant = f"did you mean '{close}'?" if close else f"known: {', '.join(Dimension)}"
            said = f"meta.aidbt.dimension is '{wanted}', which is none; {meant}"
            yield Finding("quality.unknown_dimension", Severity.WARN, node_name(name), said)


def _columns_unknown(scores: Sequence[NodeScore]) -> Iterator[Finding]:
    """Models of which nobody has said or seen what columns they have: nothing can be proposed for them."""
    bare = [score.subject.name for score in scores if not score.subject.columns]
    if bare and any(score.cells for score in scores):
        names = ", ".join(bare[:3]) + (f" and {len(bare) - 3:,} more" if len(bare) > 3 else "")
        said = f"nobody knows their columns, so no test is proposed; dbt docs generate tells them: {names}"
        where = f"{len(bare):,} model{'s' if len(bare) > 1 else ''}"
        yield Finding("quality.columns_unknown", Severity.INFO, where, said)


def _unrun(missing: Sequence[str], known: Known) -> Iterator[Finding]:
    if missing and known.runs:
        names = ", ".join(node_name(name) for name in missing[:3])
        more = f" and {len(missing) - 3:,} more" if len(missing) > 3 else ""
        said = f"no result is known of {names}{more}: new, renamed, not selected, or run elsewhere"
        where = f"{len(missing):,} test{'s' if len(missing) > 1 else ''}"
        yield Finding("quality.no_result", Severity.INFO, where, said)


def _uncounted(known: Known, losses: Sequence[Loss]) -> Iterator[Finding]:
    """Failing tests that count as failed as a whole, since nobody knows of how many rows."""
    tests = {
        item.cause
        for loss in losses
        for item in loss.evidence
        if item.source == "test" and item.bad is None and item.node not in known.rows
    }
    if tests:
        where = f"{len(tests):,} failing test{'s' if len(tests) > 1 else ''}"
        said = "of how many rows is not known, so all points are lost; aidbt monitor collect counts them"
        yield Finding("quality.rows_unknown", Severity.INFO, where, said)


def below(quality: Quality, scope: Scope, *, min_score: float, min_coverage: float) -> tuple[Below, ...]:
    """What is below a gate, the worst first; 0 asks for nothing. What has no score is judged by its coverage
    alone.

    Raises:
        UsageError: a score is asked for, and nothing at all is measured.
    """
    if min_score and quality.project.total.value is None:
        raise UsageError(
            "nothing is measured, so no gate can be passed",
            hint="run the tests (aidbt build), or hand in the artifacts of a run: aidbt observe FOLDER",
        )
    found = []
    for part in quality.parts(scope):
        value, covered = part.total.value, part.total.coverage
        if value is not None and value < min_score:
            found.append(Below(part, "score", value, min_score))
        if covered < min_coverage:
            found.append(Below(part, "coverage", covered, min_coverage))
    return tuple(found)


def points_of(quality: Quality, now: datetime | None = None) -> list[ScorePoint]:
    """What is kept of today's scores: of project, layers and owners each dimension, of nodes the total."""
    at = now or datetime.now(UTC)
    scopes: tuple[Scope, ...] = ("project", "layer", "owner")
    found = []
    for part in (part for scope in scopes for part in quality.parts(scope)):
        total = part.total
        found.append(ScorePoint(part.scope, part.name, "", at, total.value, total.coverage))
        for dimension, score in part.dimensions.items():
            found.append(ScorePoint(part.scope, part.name, dimension, at, score.value, score.coverage))
    for part in quality.parts("model"):
        found.append(ScorePoint("model", part.name, "", at, part.total.value, part.total.coverage))
    return found
