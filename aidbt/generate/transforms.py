"""Columns of a mapping that are made by a transform: proposed with what the rows of both sides say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from aidbt.core.schema import ColumnMatch, MappedColumn, Mapping, Relation
from aidbt.generate.held import Held, Rows
from aidbt.mapping.mapper import source_columns
from aidbt.mapping.signals import MatchTask
from aidbt.mapping.transforms import (
    BothRows,
    TransformCandidate,
    as_mapped_column,
    contradicted,
    propose_transforms,
)
from aidbt.mapping.transforms.both_sides import rows_of_both
from aidbt.mapping.transforms.value import Row

Readings = Callable[[Relation, Sequence[tuple[str, str]]], dict[tuple[str, str], int]]
"""(relation, [(expression, cast)]) → rows that would lose something, by pair."""


def with_transforms(
    mapping: Mapping,
    task: MatchTask,
    matches: Sequence[ColumnMatch],
    relation: Relation,
    *,
    dialect: str,
    held: Held | None,
    rows: Rows,
    readings: Readings,
) -> Mapping:
    """The mapping with a transform proposed for each column that is likelier made by one.

    It waits for a person like the match it takes the place of, which stays a candidate. A match that was
    accepted gives way only to a transform that the rows of both sides verify.

    Args:
        relation: the source with all of its columns.
        held: what the target holds already; None where nothing is known of it.
        rows: fetches some rows of a relation; they are compared here and forgotten.
        readings: tells for how many rows an expression and a cast would lose something.
    """
    has_values = held is not None or any(column.values for column in task.target.columns)
    if not has_values and not mapping.waiting():
        return mapping
    both = _both_rows(task, matches, relation, held, rows)
    candidates = propose_transforms(task, matches, dialect=dialect, rows=both)
    ways: dict[str, list[TransformCandidate]] = {}
    for candidate in candidates:
        ways.setdefault(candidate.target, []).append(candidate)
    wanted = {
        column.target: made
        for column in mapping.columns
        if column.target in ways and _is_better(made := _likeliest(ways[column.target], column), column)
    }
    mapping = _doubted(mapping, matches, contradicted(task, matches, rows=both))
    if not wanted:
        return mapping
    types = {column.name: column.data_type.lower() for column in task.target.columns}
    scores = {match.target: match.score for match in matches}
    casts = {name: (made.expression, types[name]) for name, made in wanted.items()}
    lost = readings(relation, [pair for pair in casts.values() if pair[1]])
    columns = [
        _made(column, wanted[name], scores.get(name, 0.0), types[name], lost.get(casts[name]))
        if (name := column.target) in wanted
        else column
        for column in mapping.columns
    ]
    used = {name for column in columns for name in column.sources}
    left = [c.name for c in source_columns(relation) if c.name not in used]
    return replace(mapping, columns=tuple(columns), unmapped=tuple(left))


def _both_rows(
    task: MatchTask, matches: Sequence[ColumnMatch], relation: Relation, held: Held | None, rows: Rows
) -> BothRows:
    """Some rows of the source and of the target, the same ones where both have a key."""
    asked = rows_of_both(task, matches)
    source: Sequence[Row] = ()
    target: Sequence[Row] = ()
    if asked.source is not None and task.profile is not None:
        source = rows(relation, task.profile, asked.source)
    if asked.target is not None and held is not None:
        target = held.rows(asked.target, rows)
    return BothRows(source, target, asked.key)


def _doubted(mapping: Mapping, matches: Sequence[ColumnMatch], reasons: dict[str, str]) -> Mapping:
    """The mapping in which accepted columns that the rows speak against wait for a person.

    Args:
        reasons: why, by target column.
    """
    found = {match.target: match for match in matches}
    columns = [
        replace(
            column,
            status="review",
            score=round(found[column.target].score, 2),
            alternatives=found[column.target].alternatives,
            note=reasons[column.target],
        )
        if column.status == "accepted" and column.target in reasons
        else column
        for column in mapping.columns
    ]
    return replace(mapping, columns=tuple(columns))


def _likeliest(candidates: Sequence[TransformCandidate], column: MappedColumn) -> TransformCandidate:
    """The first candidate, or one as likely that reads what the column was matched with."""
    as_likely = [c for c in candidates if c.probability == candidates[0].probability]
    return next((c for c in as_likely if set(column.sources) <= set(c.sources)), candidates[0])


def _is_better(made: TransformCandidate, column: MappedColumn) -> bool:
    """Whether a transform is likelier than the match, or makes of it what no cast can."""
    if column.status != "review":
        return made.verified  # by the rows or the values, which the match as it is does not give
    is_way_out = column.needs_expression and set(column.sources) <= set(made.sources)
    return is_way_out or made.probability > (column.score or 0.0)


def _made(
    column: MappedColumn, made: TransformCandidate, score: float, cast: str, lost: int | None
) -> MappedColumn:
    """The column as the transform makes it.

    Args:
        score: of the match it takes the place of.
        cast: to the declared type; "" where none is declared.
        lost: rows that would lose something by that cast; None where it could not be asked.
    """
    known = ((column.sources[0], round(score, 2)),) if len(column.sources) == 1 else ()
    # How to read a column does not make it less likely to be the one that is meant.
    is_same = set(made.sources) == set(column.sources)
    proposed = as_mapped_column(made, description=column.description)
    loss = f"; {lost:,} rows would lose their value by a cast to {cast}" if lost else ""
    return replace(
        proposed,
        score=round(max(made.probability, score * is_same), 2),
        cast=cast if lost == 0 else None,
        alternatives=(*known, *column.alternatives),
        note=proposed.note + loss,
        never=column.never,
    )
