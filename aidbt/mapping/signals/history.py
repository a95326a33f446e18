"""What people decided about columns of the same name elsewhere."""

from __future__ import annotations

import numpy as np

from aidbt.mapping.signals import Evidence, Pairs, SchemaPair


def history_signal(task: SchemaPair, pairs: Pairs) -> Evidence:
    """Measure `history`: 1 for the target column that source columns of that name became elsewhere, 0 for the
    others. Abstains for names that nobody decided about, or that became different things.
    """
    scores, mask = np.zeros(len(pairs)), np.zeros(len(pairs), dtype=bool)
    found = Evidence()
    if task.history is not None and len(pairs):
        places: dict[str, list[int]] = {}
        for j, column in enumerate(task.target.columns):
            places.setdefault(column.name, []).append(j)
        decided = np.full(len(task.source), -1)
        names = sorted(places)
        for i, (table, column) in enumerate(task.source.with_tables()):
            known = task.history.name_of(table.source_name, column.name)
            if known is not None and known.name in places:
                decided[i] = names.index(known.name)
        of_target = np.zeros(len(task.target), dtype=int)
        for n, name in enumerate(names):
            of_target[places[name]] = n
        mask = decided[pairs.source] >= 0
        scores = (decided[pairs.source] == of_target[pairs.target]).astype(float)
    found.add("history", scores, mask)
    return found
