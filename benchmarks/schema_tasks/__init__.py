"""Schema-mapping tasks: folders with a source, a target and what people say is the truth; and predictions.

A task is a folder with `source.json` and `target.json` ({"tables": [{"name", "description", "columns": [{
"name", "type", "description"}]}]}), where there are values `source/<table>.csv` and `target/<table>.csv`, and
where the answer is known `ground_truth.csv`. Its family is its name before `__`.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SAMPLE_VALUES = 1_000  # of each column
PAIR_FIELDS = ("source_table", "source_column", "target_table", "target_column")
# Families whose tasks are tables of one package of dbt models name them so; every other family is a kind.
_PACKAGE_TABLE = "__stg_"
_PACKAGE_POOL = "__POOL"

ColumnKey = tuple[str, str]  # table, column
Pair = tuple[ColumnKey, ColumnKey]  # source, target

csv.field_size_limit(sys.maxsize)  # a value may have megabytes


@dataclass(frozen=True, slots=True)
class ColumnEntry:
    """One column of a task's schema; `type` and `description` are "" where they are not given."""

    name: str
    type: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class TableEntry:
    """One table of a task's schema.

    Attributes:
        values: sample values of the columns that have any, as text in the file's order, "" left out.
        path: the file the values were read from; None when there is none.
    """

    name: str
    columns: tuple[ColumnEntry, ...]
    description: str = ""
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One mapping task; `truth` is empty when the answer is not there."""

    name: str
    sources: tuple[TableEntry, ...]
    targets: tuple[TableEntry, ...]
    truth: frozenset[Pair] = frozenset()

    @property
    def family(self) -> str:
        return self.name.partition("__")[0]

    @property
    def kind(self) -> str:
        """What sort of task it is: "package tables", "package pools", or its family."""
        if self.name.endswith(_PACKAGE_POOL):
            return "package pools"
        return "package tables" if _PACKAGE_TABLE in self.name else self.family


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a matcher says about one task.

    Attributes:
        scored: candidate pairs with their scores; the scores of one matcher can be compared between tasks.
        assigned: the matcher's final one-to-one mapping, with scores.
        wall_s, cpu_s: what it took, reading the files left out.
        failure: why there is no answer; "" when there is one.
    """

    scored: dict[Pair, float]
    assigned: dict[Pair, float]
    wall_s: float = 0.0
    cpu_s: float = 0.0
    failure: str = ""


def read_tasks(folder: Path, *, match: str = "", descriptions: bool = False) -> list[Task]:
    """The tasks below a folder by name; a folder that is no task is skipped with a word on stderr.

    Args:
        match: a regular expression that the names of the tasks must contain.
        descriptions: whether the source's descriptions are given; a raw table has none.

    Raises:
        SystemExit: there is no such folder or no task in it, or a task's files cannot be read.
    """
    if not folder.is_dir():
        raise SystemExit(f"no tasks: the folder {folder} does not exist")
    tasks = []
    for path in sorted(child for child in folder.iterdir() if child.is_dir()):
        if not re.search(match, path.name):
            continue
        if (path / "source.json").exists() and (path / "target.json").exists():
            tasks.append(read_task(path, descriptions=descriptions))
        else:
            print(f"{path.name}: skipped, no source.json or no target.json", file=sys.stderr)
    if not tasks:
        which = f" whose name matches {match!r}" if match else ""
        raise SystemExit(f"no tasks: {folder} has no folder{which} with a source.json and a target.json")
    return tasks


def read_task(path: Path, *, descriptions: bool = False) -> Task:
    """The task in one folder.

    Raises:
        SystemExit: one of its files cannot be read, with its name.
    """
    sources = _tables(path / "source.json", path / "source", descriptions=descriptions)
    targets = _tables(path / "target.json", path / "target", descriptions=True)
    truth = path / "ground_truth.csv"
    return Task(path.name, sources, targets, frozenset(_truth(truth) if truth.exists() else ()))


def _tables(path: Path, values: Path, *, descriptions: bool) -> tuple[TableEntry, ...]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return tuple(
            _table(table, values / f"{table['name']}.csv", descriptions) for table in found["tables"]
        )
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise SystemExit(f"{path}: not the schema of a task ({type(error).__name__}: {error})") from error


def _table(entry: dict[str, Any], path: Path, descriptions: bool) -> TableEntry:
    columns = tuple(
        ColumnEntry(c["name"], c.get("type") or "", (c.get("description") or "") if descriptions else "")
        for c in entry["columns"]
    )
    there = path if path.exists() else None
    return TableEntry(
        entry["name"],
        columns,
        (entry.get("description") or "") if descriptions else "",
        _values(path, {column.name for column in columns}) if there else {},
        there,
    )


def _values(path: Path, known: set[str]) -> dict[str, tuple[str, ...]]:
    """The first values of each known column; a file may hold fewer or other columns than the schema."""
    found: dict[str, list[str]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        for row in reader:
            for name, value in zip(header, row, strict=False):
                if name in known and value and len(found.setdefault(name, [])) < SAMPLE_VALUES:
                    found[name].append(value)
    return {name: tuple(values) for name, values in found.items()}


def _truth(path: Path) -> Iterator[Pair]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                source_table, source_column, target_table, target_column = (row[f] for f in PAIR_FIELDS)
                yield (source_table, source_column), (target_table, target_column)
    except (ValueError, KeyError, csv.Error) as error:
        raise SystemExit(f"{path}: not the truth of a task ({type(error).__name__}: {error})") from error


def write_predictions(folder: Path, predictions: dict[str, Prediction]) -> None:
    """Write predictions by task name: `<task>.csv`, `<task>.assign.csv` and `_times.csv`.

    A task without an answer has no files, which a scorer counts as nothing found.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, prediction in predictions.items():
        if not prediction.failure:
            _write_pairs(folder / f"{name}.csv", prediction.scored)
            _write_pairs(folder / f"{name}.assign.csv", prediction.assigned)
    times = ((name, p.wall_s, p.cpu_s) for name, p in predictions.items())
    _write_rows(folder / "_times.csv", ("task", "wall_s", "cpu_s"), times)


def _write_pairs(path: Path, scored: dict[Pair, float]) -> None:
    best_first = sorted(scored.items(), key=lambda item: (-item[1], item[0]))
    _write_rows(path, (*PAIR_FIELDS, "score"), ((*s, *t, repr(float(score))) for (s, t), score in best_first))


def _write_rows(path: Path, header: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def read_predictions(folder: Path) -> dict[str, Prediction]:
    """What `write_predictions` wrote; a task without files has no answer."""
    with (folder / "_times.csv").open(newline="", encoding="utf-8") as file:
        times = list(csv.DictReader(file))
    found = {}
    for row in times:
        name, wall_s, cpu_s = row["task"], float(row["wall_s"]), float(row["cpu_s"])
        if (folder / f"{name}.csv").exists():
            scored, assigned = (_read_pairs(folder / f"{name}{end}") for end in (".csv", ".assign.csv"))
            found[name] = Prediction(scored, assigned, wall_s, cpu_s)
        else:
            found[name] = Prediction({}, {}, wall_s, cpu_s, failure="no answer")
    return found


def _read_pairs(path: Path) -> dict[Pair, float]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {((r[a], r[b]), (r[c], r[d])): float(r["score"]) for r in rows for a, b, c, d in [PAIR_FIELDS]}
