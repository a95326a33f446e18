"""The hand-written mapping tasks are well-formed: the truth and the values name columns that exist."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

TASKS = Path(__file__).parents[2] / "benchmarks" / "mapping_tasks"
FOLDERS = sorted(path for path in TASKS.iterdir() if path.is_dir())
TRUTH_HEADER = ["source_table", "source_column", "target_table", "target_column", "kind"]
KINDS = {"direct", "single", "semantic"}

Name = tuple[str, str]  # table, column


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def columns(task: Path, side: str) -> list[Name]:
    """Each column of one side as (table, column), in the order of the file."""
    schema = json.loads((task / f"{side}.json").read_text(encoding="utf-8"))
    return [(table["name"], column["name"]) for table in schema["tables"] for column in table["columns"]]


def truth(task: Path) -> list[tuple[Name, Name]]:
    """The true pairs of a task, source first."""
    return [((row[0], row[1]), (row[2], row[3])) for row in rows(task / "ground_truth.csv")[1:]]


def repeated(values: list) -> list:
    return [value for value, count in Counter(values).items() if count > 1]


def schema_problems(task: Path, side: str) -> list[str]:
    """What is wrong with the tables of one side and with their values."""
    names = columns(task, side)
    problems = [f"{side}: {name} is declared twice" for name in repeated(names)]
    tables = {table for table, _ in names}
    for path in sorted((task / side).glob("*")):
        if path.suffix != ".csv" or path.stem not in tables:
            problems.append(f"{side}/{path.name}: no such table")
            continue
        header, *values = rows(path)
        unknown = [column for column in header if (path.stem, column) not in names]
        problems += [f"{side}/{path.name}: no column {column!r}" for column in unknown]
        problems += [f"{side}/{path.name}: {column!r} stands twice" for column in repeated(header)]
        problems += [
            f"{side}/{path.name}: row {number} has {len(row)} values, the header {len(header)}"
            for number, row in enumerate(values, 1)
            if len(row) != len(header)
        ]
        if not values:
            problems.append(f"{side}/{path.name}: no rows")
    return problems


def truth_problems(task: Path) -> list[str]:
    """What is wrong with the truth: its form, a name that does not exist, a pair given twice."""
    header, *body = rows(task / "ground_truth.csv")
    if header != TRUTH_HEADER:
        return [f"ground_truth.csv: the header is {header}"]
    ragged = [f"ground_truth.csv: {row} has {len(row)} values" for row in body if len(row) != len(header)]
    if ragged or not body:
        return ragged or ["ground_truth.csv: no pairs"]
    pairs = truth(task)
    sources, targets = set(columns(task, "source")), set(columns(task, "target"))
    return (
        [f"ground_truth.csv: no source column {source}" for source, _ in pairs if source not in sources]
        + [f"ground_truth.csv: no target column {target}" for _, target in pairs if target not in targets]
        + [f"ground_truth.csv: {pair} stands twice" for pair in repeated(pairs)]
        + [
            f"ground_truth.csv: kind {row[4]!r} is not one of {sorted(KINDS)}"
            for row in body
            if row[4] not in KINDS
        ]
    )


def agreement_in_order(task: Path) -> float:
    """How much the order of the source columns tells about that of their partners.

    Returns:
        The share of two true pairs of one source and one target table that stand in the same order on
        both sides, 0..1; one half says nothing.
    """
    source_at = {name: place for place, name in enumerate(columns(task, "source"))}
    target_at = {name: place for place, name in enumerate(columns(task, "target"))}
    pairs = [(source_at[source], target_at[target], source[0], target[0]) for source, target in truth(task)]
    same = [
        (a[0] < b[0]) == (a[1] < b[1])
        for number, a in enumerate(pairs)
        for b in pairs[:number]
        if a[2:] == b[2:] and a[0] != b[0] and a[1] != b[1]
    ]
    return sum(same) / len(same) if same else 0.5


@pytest.mark.parametrize("task", FOLDERS, ids=lambda task: task.name)
def test_a_task_is_well_formed(task):
    assert schema_problems(task, "source") + schema_problems(task, "target") + truth_problems(task) == []


@pytest.mark.parametrize("task", FOLDERS, ids=lambda task: task.name)
def test_some_columns_of_each_side_have_no_partner(task):
    pairs = truth(task)

    assert set(columns(task, "source")) - {source for source, _ in pairs}
    assert set(columns(task, "target")) - {target for _, target in pairs}


@pytest.mark.parametrize("task", FOLDERS, ids=lambda task: task.name)
def test_the_order_of_columns_does_not_give_the_truth_away(task):
    assert 0.2 < agreement_in_order(task) < 0.8


@pytest.mark.parametrize("task", sorted(TASKS.glob("legacy__*")), ids=lambda task: task.name)
def test_a_legacy_source_comes_without_descriptions(task):
    schema = json.loads((task / "source.json").read_text(encoding="utf-8"))

    assert not any(
        table["description"] or column["description"]
        for table in schema["tables"]
        for column in table["columns"]
    )


def test_what_is_wrong_with_a_task_is_named(tmp_path):
    def schema(*names: str) -> str:
        named = [{"name": name, "type": "", "description": ""} for name in names]
        return json.dumps({"tables": [{"name": "t", "description": "", "columns": named}]})

    (tmp_path / "source.json").write_text(schema("a", "a", "b"))
    (tmp_path / "target.json").write_text(schema("x", "y"))
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "t.csv").write_text("a,c\n1\n")
    (tmp_path / "source" / "u.csv").write_text("a\n1\n")
    (tmp_path / "ground_truth.csv").write_text(
        ",".join(TRUTH_HEADER) + "\nt,a,t,x,direct\nt,a,t,x,direct\nt,d,t,z,guess\n"
    )

    assert schema_problems(tmp_path, "source") == [
        "source: ('t', 'a') is declared twice",
        "source/t.csv: no column 'c'",
        "source/t.csv: row 1 has 1 values, the header 2",
        "source/u.csv: no such table",
    ]
    assert schema_problems(tmp_path, "target") == []
    assert truth_problems(tmp_path) == [
        "ground_truth.csv: no source column ('t', 'd')",
        "ground_truth.csv: no target column ('t', 'z')",
        "ground_truth.csv: (('t', 'a'), ('t', 'x')) stands twice",
        "ground_truth.csv: kind 'guess' is not one of ['direct', 'semantic', 'single']",
    ]
