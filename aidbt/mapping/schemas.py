"""Matching whole schemas: every column of some source tables to every column of some target tables."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib.metadata import version
from operator import attrgetter

import numpy as np

from aidbt.core.config import MappingSettings
from aidbt.core.errors import SettingsError, require_known
from aidbt.mapping.assign import assigned_pairs
from aidbt.mapping.blocking import likely_pairs
from aidbt.mapping.combine import COMBINERS, Scores, weights_text
from aidbt.mapping.history import History
from aidbt.mapping.sides import Side, TableSide
from aidbt.mapping.signals import SIGNALS, Embed, Pairs, SchemaPair
from aidbt.store.cache import Cache


@dataclass(frozen=True, slots=True)
class PairScore:
    """One source column beside one target column.

    Attributes:
        source_table, target_table: by `TableSide.key`, so that two sources may have tables of one name.
        probability: 0..1, that a person would map the one to the other.
    """

    source_table: str
    source_column: str
    target_table: str
    target_column: str
    probability: float


# `astuple` copies every value: 0.1 s of 20,000 pairs.
_VALUES_OF = attrgetter(*(field.name for field in fields(PairScore)))


@dataclass(frozen=True)
class SchemaMatch:
    """What became of two schemas.

    Attributes:
        pairs: for every source column its likeliest targets, likeliest first.
        matches: the one-to-one assignment, in the order of the source columns; a source column or a target
            column that is in none of them has no match.
    """

    pairs: list[PairScore]
    matches: list[PairScore]


def match_schemas(
    sources: Sequence[TableSide],
    targets: Sequence[TableSide],
    settings: MappingSettings,
    *,
    embed: Embed | None = None,
    history: History | None = None,
    never: Collection[tuple[str, str, str, str]] = (),
    keep: int = 20,
    cache: Cache | None = None,
    model: str = "",
) -> SchemaMatch:
    """The likeliest targets of every source column, and the best one-to-one assignment of all.

    Args:
        embed: gives the meaning of texts; None compares letters, words and values only.
        never: (source table, source column, target table, target column) that a person ruled out, tables by
            `TableSide.key`.
        keep: how many targets are kept per source column.
        cache: where what was found is kept, so that the same question costs nothing twice.
        model: the name of the embedding model, which is part of the question.

    Raises:
        UnknownName: the settings name a signal or a combiner that does not exist.
    """
    task = SchemaPair(Side(list(sources)), Side(list(targets)), embed, history, frozenset(never))
    if cache is None:
        return _matched(task, settings, keep)
    question = _digest(task, settings, keep, model)
    known = cache.get("mapping", "schemas", question)
    if known is not None:
        return SchemaMatch(*([PairScore(*pair) for pair in part] for part in known))
    found = _matched(task, settings, keep)
    parts = [[_VALUES_OF(pair) for pair in part] for part in (found.pairs, found.matches)]
    cache.put("mapping", "schemas", parts, question)
    return found


def _digest(task: SchemaPair, settings: MappingSettings, keep: int, model: str) -> str:
    """What tells one question from another: all that the answer depends on."""
    found = hashlib.sha256(f"{version('aidbt')} {settings!r} {keep} {model}".encode())
    found.update(weights_text().encode())
    found.update(repr((task.embed is not None, task.history, sorted(task.never))).encode())
    for side in (task.source, task.target):
        for table in side.tables:
            asked = (table.relation, sorted(table.values.items()), table.profile, table.source_name)
            found.update(repr(asked).encode("utf-8", "surrogatepass"))
        found.update(b"|")
    return found.hexdigest()


def _matched(task: SchemaPair, settings: MappingSettings, keep: int) -> SchemaMatch:
    pairs, scores = score(task, settings)
    taken = assigned_pairs(pairs, scores.probability, task.shape, least=0.0)
    order = np.lexsort((pairs.target, -scores.probability, pairs.source))
    rank = np.arange(len(order)) - np.searchsorted(pairs.source[order], pairs.source[order])
    return SchemaMatch(
        [_pair(task, pairs, scores, int(k)) for k in order[rank < keep]],
        [_pair(task, pairs, scores, int(k)) for k in order[taken[order]]],
    )


def score(task: SchemaPair, settings: MappingSettings) -> tuple[Pairs, Scores]:
    """The pairs that may be right at all, and the probability of each.

    Raises:
        UnknownName: the settings name a signal or a combiner that does not exist.
        SettingsError: a factor is no number from 0, or every signal is left out.
    """
    _require_factors(settings.signals)
    pairs = likely_pairs(task)
    return pairs, COMBINERS.load(settings.combiner)(task, pairs, settings.signals)


def _require_factors(factors: Mapping[str, float]) -> None:
    """Raise unless the factors of `mapping.signals` leave something to match by."""
    require_known(list(factors), SIGNALS.names(), "matching signal")
    for name, factor in factors.items():
        if not 0 <= factor < math.inf:
            raise SettingsError(
                f"mapping.signals: the factor of {name} is {factor:g}",
                hint="write a number from 0; 0 leaves the signal out, 1 is what was fitted",
            )
    if all(factors.get(name, 1.0) == 0 for name in SIGNALS.names()):
        raise SettingsError(
            "mapping.signals leaves every signal out, so nothing can be matched",
            hint="remove a line there: a signal that is not named counts with 1",
        )


def _pair(task: SchemaPair, pairs: Pairs, scores: Scores, k: int) -> PairScore:
    i, j = pairs.source[k], pairs.target[k]
    source, target = task.source, task.target
    return PairScore(
        source.tables[source.table_of[i]].key,
        source.columns[i].name,
        target.tables[target.table_of[j]].key,
        target.columns[j].name,
        float(scores.probability[k]),
    )
