"""Which rows of both sides are looked at: the same ones, where both have a key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aidbt.core.schema import ColumnMatch, TableProfile
from aidbt.mapping.signals import MatchTask
from aidbt.mapping.transforms.ground import MOST_ROWS, RELATED, related, stems

# So many values of a column that repeats are some of all of them.
_FEW_VALUES = 50


@dataclass(frozen=True, slots=True)
class RowsWanted:
    """Some rows of one side.

    Attributes:
        columns: those to be fetched.
        by: the column by whose hash the rows are chosen.
        one_in: of so many parts one is taken; 1 takes all.
        limit: the most rows.
    """

    columns: tuple[str, ...]
    by: str
    one_in: int
    limit: int = MOST_ROWS


@dataclass(frozen=True, slots=True)
class BothSides:
    """The rows of both sides that are worth fetching.

    Attributes:
        source, target: None for a side that has no rows, or whose rows are not known.
        key: the columns of the source and of the target that tell which rows are the same; None where no
            key of theirs is likely to be one.
    """

    source: RowsWanted | None = None
    target: RowsWanted | None = None
    key: tuple[str, str] | None = None


def rows_of_both(task: MatchTask, matches: Sequence[ColumnMatch]) -> BothSides:
    """Which rows of a table and its target to look at: where both have a key, the same ones.

    Args:
        task: with the profile of the source, and that of the target by its declared names.
        matches: what was found to match: the keys of both sides may have two names.
    """
    source, target = task.profile, task.target_profile
    if source is None or not source.row_count:
        return BothSides()
    own = tuple(column.name for column in task.source.columns)
    if target is None or not target.row_count:
        return BothSides(_alone(source, own))
    declared = tuple(column.name for column in target.columns)
    key = _shared_key(source, target, matches)
    if key is None:
        return BothSides(_alone(source, own), _alone(target, declared))
    # The same part of both: of the smaller one there are fewer rows then.
    one_in = _parts(max(source.row_count, target.row_count))
    with_key = tuple(dict.fromkeys((key[0], *own)))
    return BothSides(RowsWanted(with_key, key[0], one_in), RowsWanted(declared, key[1], one_in), key)


def _parts(row_count: int) -> int:
    return max(row_count // MOST_ROWS, 1)


def _shared_key(
    source: TableProfile, target: TableProfile, matches: Sequence[ColumnMatch]
) -> tuple[str, str] | None:
    """The keys of both sides that are most likely the same, as (source, target)."""
    scores = {(match.source, match.target): match.score for match in matches}
    ranked = sorted(
        (-max(scores.get((left, right), 0.0), related(stems(left), stems(right))), left, right)
        for left in source.keys
        for right in target.keys
    )
    return (ranked[0][1], ranked[0][2]) if ranked and -ranked[0][0] >= RELATED else None


def _alone(profile: TableProfile, columns: tuple[str, ...]) -> RowsWanted | None:
    """Rows of a side for itself, by its key or else by the column with the most values."""
    figures = [profile.column(name) for name in columns]
    counts = {found.name: found.distinct_count for found in figures if found is not None}
    if not counts:
        return None
    by = next((key for key in profile.keys if key in counts), max(counts, key=lambda name: counts[name]))
    few_values = max(counts[by] // _FEW_VALUES, 1)
    one_in = _parts(profile.row_count)
    return RowsWanted(columns, by, one_in if by in profile.keys else min(one_in, few_values))
