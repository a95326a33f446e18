"""What benchmarks of queries share: the databases of a folder, and whether two answers are the same."""

from __future__ import annotations

import datetime as dt
import decimal
import itertools
import math
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from aidbt.semantic.grounding import Grounding, project_grounding
from aidbt.warehouse.duckdb import DuckDBWarehouse

MOST_EXTRA_COLUMNS = 6
TOLERANCE = 1e-4
MOST_ASSIGNMENTS = 5000
SAMPLE_ROWS = 10_000


def open_database(data: Path, name: str) -> Any:
    """A connection to one of the folder's databases."""
    import duckdb

    ready = data / f"{name}.duckdb"
    if ready.is_file():
        return duckdb.connect(str(ready), read_only=True)
    connection = duckdb.connect()
    _load(connection, data / "db" / name)
    return connection


def same_rows(gold: Sequence[Sequence[Any]], ours: Sequence[Sequence[Any]], *, ordered: bool = False) -> bool:
    """Whether rows carry those of the gold, as bags unless the order counts; extra columns are allowed."""
    if len(gold) != len(ours):
        return False
    if not gold:
        return True
    want, have = [list(map(_plain, column)) for column in zip(*gold, strict=True)], _columns(ours)
    if not len(want) <= len(have) <= len(want) + MOST_EXTRA_COLUMNS:
        return False
    candidates = [
        [
            n
            for n, column in enumerate(have)
            if _same_bag([(v,) for v in target], [(v,) for v in column], ordered)
        ]
        for target in want
    ]
    return any(
        _same_bag(list(zip(*want, strict=True)), list(zip(*(have[n] for n in chosen), strict=True)), ordered)
        for chosen in itertools.islice(_assignments(candidates, ()), MOST_ASSIGNMENTS)
    )


def _columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(map(_plain, column)) for column in zip(*rows, strict=True)]


def _assignments(candidates: Sequence[Sequence[int]], taken: tuple[int, ...]) -> Iterable[tuple[int, ...]]:
    """Every way to give each column of the gold one of ours that no other has."""
    if len(taken) == len(candidates):
        yield taken
        return
    for column in candidates[len(taken)]:
        if column not in taken:
            yield from _assignments(candidates, (*taken, column))


def _plain(value: Any) -> Any:
    """A value of the warehouse as one that compares across types: numbers as float, times as text."""
    if isinstance(value, bool | int | float | decimal.Decimal):
        number = float(value)
        return None if math.isnan(number) else number
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None).isoformat()
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time()).isoformat()
    return None if value is None else str(value).strip()


def _same_bag(want: list[tuple[Any, ...]], have: list[tuple[Any, ...]], ordered: bool) -> bool:
    if not ordered:
        want, have = sorted(want, key=_sort_key), sorted(have, key=_sort_key)
    return all(
        _same(left, right)
        for one, other in zip(want, have, strict=True)
        for left, right in zip(one, other, strict=True)
    )


def _sort_key(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Rows that are the same within the tolerance stand at the same place: numbers count six digits."""
    return tuple(
        (0, "", 0.0)
        if value is None
        else (1, "", float(f"{value:.5e}"))
        if isinstance(value, float)
        else (2, value, 0.0)
        for value in row
    )


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=TOLERANCE, abs_tol=1e-6)
    return bool(left == right)


def ground_database(data: Path, name: str) -> Grounding:
    """What questions about one of the folder's databases are grounded in: its catalog and its rows."""
    with tempfile.TemporaryDirectory(prefix="aidbt-nl2sql-") as scratch:
        ready = data / f"{name}.duckdb"
        warehouse = DuckDBWarehouse(ready if ready.is_file() else _built(data / "db" / name, Path(scratch)))
        relations = warehouse.relations()
        profiles = list(warehouse.profile(relations, sample_rows=SAMPLE_ROWS))
        with warehouse.connect() as connection:
            return project_grounding(None, relations, profiles, connection)


def _built(folder: Path, scratch: Path) -> Path:
    import duckdb

    path = scratch / "built.duckdb"
    with duckdb.connect(str(path)) as connection:
        _load(connection, folder)
    return path


def _load(connection: Any, folder: Path) -> None:
    connection.execute("SET file_search_path = ?", [str(folder)])
    for script in ("schema.sql", "load.sql"):
        connection.execute((folder / script).read_text(encoding="utf-8"))
