"""Which source table each declared target is about."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from aidbt.core.config import MappingSettings
from aidbt.core.schema import Relation, Target
from aidbt.mapping.assign import assign
from aidbt.mapping.mapper import source_columns
from aidbt.mapping.schemas import score
from aidbt.mapping.sides import Side, TableSide
from aidbt.mapping.signals import Embed, SchemaPair

# From this probability on a column counts as one that has found a partner.
_PARTNER = 0.5


def tables_for_targets(
    tables: dict[str, Relation],
    targets: dict[str, Target],
    settings: MappingSettings,
    *,
    embed: Embed | None = None,
) -> dict[str, str]:
    """The source table of each target, one to one: target name → "source.table".

    A target that names tables (`sources:`) is taken at its word: it gets the first of them that is there. For
    the others the table counts whose columns fit the target's best, if they fit at all.

    Args:
        targets: no two of them name the same table.
    """
    chosen: dict[str, str] = {}
    for target in targets.values():
        there = next((key for key in target.sources if key in tables), None)
        if there is not None:
            chosen[target.name] = there
    keys = sorted(set(tables).difference(*(target.sources for target in targets.values())))
    open_targets = [target for target in targets.values() if not target.sources and target.columns]
    if not keys or not open_targets:
        return chosen
    own = [replace(tables[key], columns=tuple(source_columns(tables[key]))) for key in keys]
    wanted = [Relation("", t.name, t.columns, description=t.description) for t in open_targets]
    task = SchemaPair(Side([TableSide(r) for r in own]), Side([TableSide(r) for r in wanted]), embed)
    fits = _fits(task, settings)
    for j, i in assign(fits, least=settings.review / 2).items():
        chosen[open_targets[j].name] = keys[i]
    return chosen


def _fits(task: SchemaPair, settings: MappingSettings) -> np.ndarray:
    """The share of each target's columns that find a partner in each table, by probability.

    Returns:
        Array of shape (source tables, targets), each 0..1.
    """
    pairs, scores = score(task, settings)
    best = np.zeros((len(task.source.tables), len(task.target)))
    np.maximum.at(best, (task.source.table_of[pairs.source], pairs.target), scores.probability)
    fits = np.zeros((len(task.source.tables), len(task.target.tables)))
    # Many poor partners are no fit.
    np.add.at(fits.T, task.target.table_of, np.where(best >= _PARTNER, best, 0).T)
    sizes = np.bincount(task.target.table_of, minlength=len(task.target.tables))
    return np.asarray(fits / np.maximum(sizes, 1))
