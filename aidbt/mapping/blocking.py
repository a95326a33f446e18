"""Which pairs are looked at: all of them while they are few, the likely ones when they are many."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from aidbt.mapping.names import gram_matrix
from aidbt.mapping.sides import Side
from aidbt.mapping.signals import Pairs, SchemaPair

# So many pairs are compared in full: the largest standard beside a wide table, or a source with its models.
FULL = 500_000
# Of more, each column keeps its likeliest partners, and each table all columns of its likeliest tables.
_TARGETS, _SOURCES, _TABLES = 30, 8, 2
_ROWS = 1_000
_TABLE_WEIGHT = 0.4


def likely_pairs(task: SchemaPair) -> Pairs:
    """The pairs that may be right at all, without those that a person ruled out, source by source.

    Memory grows with the number of columns, not with that of all pairs.
    """
    sources, targets = task.shape
    pairs = task.every_pair if sources * targets <= FULL else _nearest(task)
    if not task.never:
        return pairs
    names = [
        [(table.key, column.name) for table, column in side.with_tables()]
        for side in (task.source, task.target)
    ]
    both = zip(pairs.source, pairs.target, strict=True)
    kept = np.array(
        [(*names[0][i], *names[1][j]) not in task.never for i, j in both],
        dtype=bool,
    )
    return Pairs(pairs.source[kept], pairs.target[kept])


def _nearest(task: SchemaPair) -> Pairs:
    """The pairs whose names are nearest by letters and meaning, and all pairs of the nearest tables."""
    source, target = task.source, task.target
    width = len(target)
    found: list[np.ndarray] = []
    best_scores = np.full((_SOURCES, width), -1.0, dtype=np.float32)
    best_rows = np.zeros((_SOURCES, width), dtype=np.int64)
    near_tables = np.zeros((len(source.tables), len(target.tables)))
    # Tables without columns are near nothing, and `reduceat` has no empty groups.
    filled, starts = np.unique(target.table_of, return_index=True)
    for start, rough in _rough_scores(task):
        rows = np.arange(start, start + len(rough))
        top = np.argpartition(-rough, min(_TARGETS, width - 1), axis=1)[:, :_TARGETS]
        found.append((rows[:, None] * width + top).ravel())
        # The best sources of each target so far, beside those of this block.
        together = np.concatenate([best_scores, rough])
        numbers = np.concatenate([best_rows, np.broadcast_to(rows[:, None], rough.shape)])
        order = np.argpartition(-together, _SOURCES - 1, axis=0)[:_SOURCES]
        best_scores = np.take_along_axis(together, order, axis=0)
        best_rows = np.take_along_axis(numbers, order, axis=0)
        per_table = np.zeros((len(rough), len(target.tables)))
        per_table[:, filled] = np.maximum.reduceat(rough, starts, axis=1)
        np.add.at(near_tables, source.table_of[rows], per_table)
    found.append((best_rows * width + np.arange(width)).ravel())
    if len(source.tables) > 1 or len(target.tables) > 1:
        near_tables /= np.maximum(np.bincount(source.table_of, minlength=len(source.tables)), 1)[:, None]
        found += _blocks(source, target, near_tables)
    keys = np.unique(np.concatenate(found))
    return Pairs(keys // width, keys % width)


def _rough_scores(task: SchemaPair) -> Iterator[tuple[int, np.ndarray]]:
    """How near names are, block by block: (first source column, array of shape (block, target columns))."""
    sides = task.source, task.target
    names = [[" ".join(words) for words in phrase.words] for phrase in (task.names.source, task.names.target)]
    grams = gram_matrix([*names[0], *names[1]], (3,), rare=True)
    tables = [[" ".join(words) for words in side.table_words] for side in sides]
    table_grams = gram_matrix([*tables[0], *tables[1]], (3,), rare=True)
    count, table_count = len(names[0]), len(tables[0])
    tables_alike = np.asarray((table_grams[:table_count] @ table_grams[table_count:].T).todense())
    vectors = [task.embed(texts) for texts in names] if task.embed is not None else None
    right = grams[count:].T.tocsc()
    for start in range(0, count, _ROWS):
        rows = slice(start, min(start + _ROWS, count))
        rough = np.asarray((grams[:count][rows] @ right).todense(), dtype=np.float32)
        if vectors is not None:
            rough += vectors[0][rows] @ vectors[1].T
        of_source, of_target = task.source.table_of[rows], task.target.table_of
        yield start, rough + _TABLE_WEIGHT * tables_alike[of_source][:, of_target].astype(np.float32)


def _blocks(source: Side, target: Side, near: np.ndarray) -> list[np.ndarray]:
    """All pairs of columns of the tables that are near each other, as source × width + target."""
    wanted = set()
    for axis, count in ((1, near.shape[0]), (0, near.shape[1])):
        top = np.argsort(-near, axis=axis, kind="stable").take(
            range(min(_TABLES, near.shape[axis])), axis=axis
        )
        for n in range(count):
            wanted |= {(n, int(m)) if axis else (int(m), n) for m in (top[n] if axis else top[:, n])}
    width = len(target)
    found = []
    for a, b in sorted(wanted):
        rows, columns = source.rows_of(a), target.rows_of(b)
        block = np.arange(rows.start, rows.stop)[:, None] * width + np.arange(columns.start, columns.stop)
        found.append(block.ravel())
    return found
