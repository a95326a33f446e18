"""Which source table each declared target is about."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from aidbt.core.config import MappingSettings
from aidbt.core.schema import Relation, Target
from aidbt.mapping.assign import assign
from aidbt.mapping.mapper import source_columns
from aidbt.mapping.signals import MatchTask
from aidbt.mapping.signals.name import name_signal, words_of

# Tables compared column by column for one target; the others share too few words with it.
_CANDIDATES = 8


def tables_for_targets(
    tables: dict[str, Relation], targets: dict[str, Target], settings: MappingSettings
) -> dict[str, str]:
    """The source table of each target, one to one: target name → "source.table".

    A target that names its tables (`sources:`) is taken at its word. For the others the table counts
    whose columns' names fit the target's best, if they fit at all.
    """
    named = {target.sources[0]: target.name for target in targets.values() if target.sources}
    chosen = {name: key for key, name in named.items() if key in tables}
    keys = sorted(set(tables) - set(named))
    open_targets = [target for target in targets.values() if not target.sources]
    if not keys or not open_targets:
        return chosen
    scores = np.zeros((len(keys), len(open_targets)))
    words = [_column_words(relation.column_names) for relation in tables.values()]
    by_key = dict(zip(tables, words, strict=True))
    for j, target in enumerate(open_targets):
        wanted = _column_words([n for c in target.columns for n in (c.name, *c.synonyms)])
        likely = sorted(range(len(keys)), key=lambda i: (-len(by_key[keys[i]] & wanted), i))[:_CANDIDATES]
        for i in likely:
            table = replace(tables[keys[i]], columns=tuple(source_columns(tables[keys[i]])))
            fit = name_signal(MatchTask(table, target)).scores
            pairs = assign(fit, least=settings.review)
            scores[i, j] = sum(fit[s, t] for t, s in pairs.items()) / len(target.columns)
    for j, i in assign(scores, least=settings.review / 2).items():
        chosen[open_targets[j].name] = keys[i]
    return chosen


def _column_words(names: list[str]) -> set[str]:
    # Two letters of each word: enough that "dep" meets "departure" and "num" meets "number".
    return {word[:2] for name in names for word in words_of(name)}
