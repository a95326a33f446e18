"""Transform candidates: target columns made of several source columns, of a part of one, or of one in
another unit, code or form. Each has its expression and its evidence, and waits for a person.

What both sides hold decides: rows that are the same in both (by a key that both have) prove a transform or
refuse it; else how values spread makes it likely; names and words alone make it a candidate, and it says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aidbt.core.schema import Column, ColumnMatch, MappedColumn
from aidbt.mapping.signals import MatchTask
from aidbt.mapping.transforms.codes import code_proposals, judged_codes
from aidbt.mapping.transforms.combining import combining_proposals
from aidbt.mapping.transforms.dates import date_proposals
from aidbt.mapping.transforms.ground import MIN_ALIGNED, Ground, related, stems
from aidbt.mapping.transforms.judge import Proposal, Verdict, equal_rows, is_there_already, judge
from aidbt.mapping.transforms.texts import text_proposals
from aidbt.mapping.transforms.units import unit_proposals
from aidbt.mapping.transforms.value import Row, sql
from aidbt.sql.expressions import expression_problem

# Above this a candidate is worth a person's look.
LEAST = 0.3
# Sources that are tried for one target; of more, those whose names or matches suggest it.
_MOST_SOURCES = 60
_MOST_PER_TARGET = 3
_COMPARED = 500
_PROPOSALS = (unit_proposals, text_proposals, combining_proposals, date_proposals, code_proposals)
_JINJA = ("{{", "{%", "{#")


@dataclass(frozen=True, slots=True)
class TransformCandidate:
    """One way to make a target column out of source columns.

    Attributes:
        kind: what it does, e.g. "concat", "split", "unit", "codes", "date parts".
        sources: the source columns that it reads, in the order of the expression.
        expression: SQL in the dialect it was asked for; null, and no error, for what it cannot read.
        probability: 0..1: 0.97 and more when rows prove it, 0.8 to 0.9 when values spread alike, 0.5 and less
            by names alone.
        evidence: sentences with numbers and without values of rows.
        verified: whether values of both sides say so.
    """

    kind: str
    sources: tuple[str, ...]
    target: str
    expression: str
    probability: float
    evidence: tuple[str, ...]
    verified: bool


@dataclass(frozen=True, slots=True)
class BothRows:
    """Some rows of both sides, as texts by column name; a name that is missing is null.

    They may hold personal data: they are compared in this process, and nothing keeps them.

    Attributes:
        key: the columns of the source and of the target that tell which rows are the same; None where that
            has to be found out. The rows have them even where they are no columns of the task.
    """

    source: Sequence[Row] = ()
    target: Sequence[Row] = ()
    key: tuple[str, str] | None = None


NO_ROWS = BothRows()


def propose_transforms(
    task: MatchTask, matches: Sequence[ColumnMatch], *, dialect: str, rows: BothRows = NO_ROWS
) -> list[TransformCandidate]:
    """Transforms that could make the task's target columns, those above `LEAST`.

    Args:
        matches: the one-to-one matches found so far. For an accepted one only conversions of the very source
            are looked at, and only those that values verify.
        dialect: of the expressions; one that `warehouse.dialects` does not know gets no candidates.
        rows: of both sides; better the same rows than many.

    Returns:
        In the order of the target's columns, up to three for each, the likeliest first.
    """
    from aidbt.warehouse.dialects import DIALECTS

    if dialect not in DIALECTS:
        return []
    ground = _ground(task, matches, dialect, rows)
    by_target = {match.target: match for match in matches}
    found = []
    for target in task.target.columns:
        if is_there_already(target, ground):
            continue
        match = by_target.get(target.name)
        accepted = match is not None and match.band == "accept"
        sources = _sources_for(ground, target, match)
        judged = [
            (proposal, verdict)
            for proposal, verdict in _judged(ground, target, sources)
            if verdict.probability > LEAST and (verdict.verified or not accepted)
        ]
        candidates = (
            _candidate(proposal, verdict, ground) for proposal, verdict in _different(judged, ground)
        )
        found += _best([candidate for candidate in candidates if candidate is not None])
    return found


def contradicted(task: MatchTask, matches: Sequence[ColumnMatch], *, rows: BothRows) -> dict[str, str]:
    """By target column why the rows of both sides speak against its match: most of those that are the same
    rows have other values. Told in numbers, without any value.
    """
    ground = _ground(task, matches, "", rows)
    found = {}
    for match in matches:
        wanted = ground.wanted(match.target)
        if match.source is None or len(wanted) < MIN_ALIGNED:
            continue
        equal = equal_rows(match.source, match.target, ground)
        if 2 * equal < len(wanted):
            found[match.target] = (
                f"only {equal:,} of {len(wanted):,} rows aligned by {ground.key} have the same value"
            )
    return found


def _ground(task: MatchTask, matches: Sequence[ColumnMatch], dialect: str, rows: BothRows) -> Ground:
    return Ground.of(
        task.source,
        task.target.columns,
        matches,
        dialect=dialect,
        profiles=(task.profile, task.target_profile),
        source_rows=rows.source,
        target_rows=rows.target,
        key=rows.key,
    )


def as_mapped_column(candidate: TransformCandidate, *, description: str = "") -> MappedColumn:
    """The candidate as a column that waits for a person: several sources, the expression, score and note."""
    return MappedColumn(
        target=candidate.target,
        sources=candidate.sources,
        status="review",
        expression=candidate.expression,
        score=round(candidate.probability, 2),
        note="; ".join(candidate.evidence),
        description=description,
    )


def _sources_for(ground: Ground, target: Column, match: ColumnMatch | None) -> list[Column]:
    """The source columns to try, in the order of the table."""
    columns = list(ground.source.columns)
    if match is not None and match.band == "accept":
        return [column for column in columns if column.name == match.source]
    if len(columns) <= _MOST_SOURCES:
        return columns
    named = {name for name, _ in match.alternatives} | {match.source} if match else set()
    wanted = stems(target.name)
    ranked = sorted(columns, key=lambda c: (c.name not in named, -related(stems(c.name), wanted)))
    chosen = {column.name for column in ranked[:_MOST_SOURCES]}
    return [column for column in columns if column.name in chosen]


def _judged(ground: Ground, target: Column, sources: Sequence[Column]) -> Iterator[tuple[Proposal, Verdict]]:
    yield from judged_codes(ground, target, sources)
    for proposals in _PROPOSALS:
        for proposal in proposals(ground, target, sources):
            verdict = judge(proposal, ground)
            if verdict is not None:
                yield proposal, verdict


def _candidate(proposal: Proposal, verdict: Verdict, ground: Ground) -> TransformCandidate | None:
    """The proposal as SQL; None where the dialect cannot say it."""
    from aidbt.warehouse.dialects import NoLowering

    value = proposal.value
    try:
        expression = sql(value, value.columns)
    except NoLowering:
        return None
    # A label out of somebody's rows must not be read as Jinja in the model.
    if any(tag in expression for tag in _JINJA) or expression_problem(
        expression, value.columns, ground.dialect
    ):
        return None
    return TransformCandidate(
        proposal.kind,
        value.columns,
        proposal.target.name,
        expression,
        round(verdict.probability, 3),
        verdict.evidence,
        verdict.verified,
    )


def _different(judged: Sequence[tuple[Proposal, Verdict]], ground: Ground) -> list[tuple[Proposal, Verdict]]:
    """Of proposals that give the same for every row the likeliest, named before guessed; all where there are
    no rows.
    """
    ranked = sorted(judged, key=lambda pair: (-pair[1].probability, -pair[0].prior))
    rows = ground.source.rows[:_COMPARED]
    if not rows:
        return ranked
    by_result: dict[tuple[str | None, ...], tuple[Proposal, Verdict]] = {}
    for proposal, verdict in ranked:
        by_result.setdefault(tuple(proposal.value.of(row) for row in rows), (proposal, verdict))
    return list(by_result.values())


def _best(candidates: Sequence[TransformCandidate]) -> list[TransformCandidate]:
    """The likeliest; what is proven leaves no room for what is only named so."""
    ranked = sorted(candidates, key=lambda c: (-c.probability, len(c.expression), c.expression))
    proven = [candidate for candidate in ranked if candidate.verified]
    return (proven or ranked)[:_MOST_PER_TARGET]
