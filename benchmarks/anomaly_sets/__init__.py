"""Sets of daily metrics with known faults: reading them, making them, judging what a detector says of them.

A set is a folder of parquet files:

- series: table, metric, day (from 0), value (NaN: could not be computed that day)
- labels: incident, table, metric, start, end (both inclusive), kind, subtle, root_table
- benign: pipeline, start, end, kind; unusual, and no fault
- context: pipeline, day, date, country, full_refresh, archetype; the last is for the analysis only
- lineage: child, parent
- hist: table, day, s0 … s7; shares of eight categories

A pipeline is the first four characters of a table's name. Only series has to be there; without labels what a
detector finds can be written (`--predict`) and not judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from aidbt.monitors.history import History
from benchmarks.anomaly_data import history_of, table_of

PIPELINE = 4  # characters of a table's name
Key = tuple[str, str]  # table, metric
_LABEL = ("incident", "table", "metric", "start", "end", "kind", "subtle", "root_table")


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """One set, read.

    Attributes:
        history: what a detector may see.
        keys: table and metric of each of its monitors.
        lineage: table → the tables that it reads.
        archetypes: pipeline → how it was made; for the analysis only.
        is_labelled: whether it says what is a fault.
    """

    name: str
    history: History
    keys: tuple[Key, ...]
    labels: pd.DataFrame
    benign: pd.DataFrame
    lineage: dict[str, tuple[str, ...]]
    archetypes: dict[str, str]
    is_labelled: bool = True

    @property
    def pipelines(self) -> list[str]:
        """The pipeline of each monitor."""
        return [table[:PIPELINE] for table, _ in self.keys]


def is_set(folder: Path) -> bool:
    """Whether a folder holds a set."""
    return (folder / "series.parquet").is_file()


def sets_in(folder: Path) -> list[Path]:
    """The set that a folder is, or those that it holds, in the order of their names."""
    if is_set(folder):
        return [folder]
    return (
        sorted(path for path in folder.iterdir() if path.is_dir() and is_set(path)) if folder.is_dir() else []
    )


def read_set(folder: Path) -> LabelledSet:
    """The set of a folder, named as the folder is."""
    history, keys = history_of(folder)
    parents: dict[str, tuple[str, ...]] = {}
    for edge in table_of(folder, "lineage", ("child", "parent")).itertuples():
        parents[str(edge.child)] = (*parents.get(str(edge.child), ()), str(edge.parent))
    context = table_of(folder, "context", ("pipeline",))
    archetypes = context.groupby("pipeline").archetype.first().to_dict() if "archetype" in context else {}
    return LabelledSet(
        folder.name,
        history,
        tuple(keys),
        table_of(folder, "labels", _LABEL),
        table_of(folder, "benign", ("pipeline", "start", "end", "kind")),
        parents,
        {str(name): str(archetype) for name, archetype in archetypes.items()},
        is_labelled=(folder / "labels.parquet").is_file(),
    )
