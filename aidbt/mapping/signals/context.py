"""What stands around a column: its table, its place, and how many tables have one like it."""

from __future__ import annotations

from collections import Counter

import numpy as np

from aidbt.mapping.names import gram_matrix
from aidbt.mapping.sides import Side
from aidbt.mapping.signals import Evidence, Pairs, SchemaPair


def context_signal(task: SchemaPair, pairs: Pairs) -> Evidence:
    """Measures: `table` how alike the names of the
    tables are, where one side has several; `spread` how alike the shares of tables that have a column of
    that name are, where both sides have several tables (keys stand in many).
    """
    source, target = task.source, task.target
    i, j = pairs.source, pairs.target
    found = Evidence()
    several = len(source.tables) > 1 or len(target.tables) > 1
    mask = np.full(len(pairs), several)
    if several and len(pairs):
        found.add("table", table_names_alike(source, target)[source.table_of[i], target.table_of[j]], mask)
    else:
        found.add("table", np.zeros(len(pairs)), mask & False)
    both = len(source.tables) > 2 and len(target.tables) > 2
    a, b = _spread(source), _spread(target)
    found.add("spread", 1 - np.abs(a[i] - b[j]), np.full(len(pairs), both))
    return found


def table_names_alike(source: Side, target: Side) -> np.ndarray:
    """How alike the tables' names are, by their letters and words; shape (source tables, target tables)."""
    names = [["_".join(words) for words in side.table_words] for side in (source, target)]
    both = gram_matrix([*names[0], *names[1]], (2, 3, 4), rare=True)
    return np.asarray((both[: len(names[0])] @ both[len(names[0]) :].T).todense())


def _spread(side: Side) -> np.ndarray:
    """0..1 per column: the logarithm of the number of tables with that name, of all tables."""
    seen = Counter(column.name for column in side.columns)
    total = max(np.log(max(len(side.tables), 2)), 1e-9)
    return np.array([np.log(seen[column.name]) / total for column in side.columns], dtype=np.float32)
