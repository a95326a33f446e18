"""Small matching tasks, and a model of meaning small enough to read: one dimension per word."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from aidbt.core.schema import Column, ColumnProfile, MappedColumn, Mapping, Relation, TableProfile, Target
from aidbt.mapping.history import History, history_of
from aidbt.mapping.sides import Side, TableSide
from aidbt.mapping.signals import SIGNALS, Evidence, MatchTask, SchemaPair

Named = str | tuple[str, str] | Column
_DIMENSIONS = 256
# Words that the model takes for the same thing, and that no dictionary of ours knows.
_SAME_MEANING = {"flurble": "grommet"}


def columns(*named: Named) -> tuple[Column, ...]:
    """Columns from names, from (name, type), or as they are."""
    return tuple(
        item if isinstance(item, Column) else Column(*((item,) if isinstance(item, str) else item))
        for item in named
    )


def table(*named: Named, name: str = "t", **known) -> TableSide:
    """A table of one side; `known` are the other attributes of `TableSide`."""
    return TableSide(Relation("raw", name, columns(*named)), **known)


def schemas(source: Sequence[TableSide], target: Sequence[TableSide], **known) -> SchemaPair:
    """Two schemas; `known` are the other attributes of `SchemaPair`."""
    return SchemaPair(Side(list(source)), Side(list(target)), **known)


def task(source: Sequence[Named], target: Sequence[Named], *, name: str = "t", **known) -> MatchTask:
    """One table to one target of the same name; `known` are the other attributes of `MatchTask`."""
    return MatchTask(Relation("raw", name, columns(*source)), Target(name, columns(*target)), **known)


def profiled(*held: ColumnProfile, rows: int = 100) -> TableProfile:
    return TableProfile("raw", "t", rows, rows, "x", held)


def says(signal: str, pair: SchemaPair) -> Evidence:
    """What a signal says of every pair."""
    return SIGNALS.load(signal)(pair, pair.every_pair)


def said(signal: str, measure: str, pair: SchemaPair) -> np.ndarray:
    """One measure as an array of shape (sources, targets), NaN where it abstains."""
    found = says(signal, pair)
    return np.where(found.masks[measure], found.scores[measure], np.nan).reshape(pair.shape)


def embed(texts: Sequence[str]) -> np.ndarray:
    """Bags of words as vectors of length 1."""
    vectors = np.zeros((len(texts), _DIMENSIONS), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in text.split() or ["?"]:
            known = _SAME_MEANING.get(word, word)
            vectors[row, zlib.crc32(known.encode()) % _DIMENSIONS] += 1
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def decided(*renames: tuple[str, str], tables: Sequence[str] = ("deals", "tickets")) -> History:
    """What is known when a person gave these columns these names in each of some tables of `crm`."""
    named = tuple(MappedColumn(target, (source,), by="person") for source, target in renames)
    return history_of(Mapping("crm", name, named) for name in tables)
