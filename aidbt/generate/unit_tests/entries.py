"""Drafted tests as dbt's YAML says them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from aidbt.generate.files import one_line
from aidbt.generate.unit_tests.drafts import Draft, Drafted
from aidbt.generate.unit_tests.sandbox import read_type
from aidbt.generate.unit_tests.subject import Input, InputColumn, Row, Subject, Value
from aidbt.patching import Flow
from aidbt.patching.yaml_write import plain

if TYPE_CHECKING:
    from sqlglot import exp

_FAULTS_SAID = 3


def unit_tests(
    drafted: Sequence[Drafted], dialect: str, *, taken: Collection[str] = ()
) -> list[dict[str, Any]]:
    """The items of `unit_tests:` for the queries of one model, in dbt's key order.

    Args:
        dialect: of sqlglot, that the project writes SQL in.
        taken: names that other unit tests of the model have.
    """
    found: list[dict[str, Any]] = []
    for item in drafted:
        for test in item.tests:
            name = _free(_name(item, test), {*taken, *(entry["name"] for entry in found)})
            found.append(_entry(name, item, test, dialect))
    return found


def _name(drafted: Drafted, test: Draft) -> str:
    """What the test is called: its model, the query of it, and what most of its faults are in."""
    kinds = Counter(drafted.mutants[number].kind for number in sorted(test.first))
    subject = drafted.subject
    version = "" if subject.version is None else f"v{subject.version}"
    parts = ("test", subject.model, version, subject.variant, kinds.most_common(1)[0][0])
    return "_".join(part for part in parts if part)


def _free(name: str, taken: Collection[str]) -> str:
    """The name, with the first number behind it that makes it a new one."""
    if name not in taken:
        return name
    return next(wanted for n in count(2) if (wanted := f"{name}_{n}") not in taken)


def _entry(name: str, drafted: Drafted, test: Draft, dialect: str) -> dict[str, Any]:
    subject = drafted.subject
    entry: dict[str, Any] = {
        "name": name,
        "description": one_line(_description(drafted, test, dialect)),
        "model": subject.model,
    }
    if subject.version is not None:
        entry["versions"] = {"include": Flow([subject.version])}
    if subject.overrides:
        entry["overrides"] = {key: dict(value) for key, value in subject.overrides.items()}
    given = zip(subject.inputs, test.case, strict=True)
    entry["given"] = [_given(item, rows, dialect) for item, rows in given]
    entry["expect"] = {"rows": [Flow(dict(zip(test.columns, row, strict=True))) for row in test.expected]}
    return entry


def _description(drafted: Drafted, test: Draft, dialect: str) -> str:
    faults = [drafted.mutants[number].words for number in sorted(test.first)]
    said = "; ".join(faults[:_FAULTS_SAID])
    more = f"; and {len(faults) - _FAULTS_SAID} more" if len(faults) > _FAULTS_SAID else ""
    by = "" if dialect == "duckdb" else " (as DuckDB works it out)"
    return f"Pins what the model does today{by}, for review. Fails with, for example: {said}{more}."


def _given(item: Input, rows: Sequence[Row], dialect: str) -> dict[str, Any]:
    shown = [number for number, column in enumerate(item.columns) if column.is_used] or [0]
    columns = [item.columns[number] for number in shown]
    cells = [tuple(row[number] for number in shown) for row in rows]
    if item.needs_sql:
        return {"input": item.given, "format": "sql", "rows": _as_sql(columns, cells, dialect)}
    names = [column.name for column in columns]
    return {"input": item.given, "rows": [Flow(dict(zip(names, row, strict=True))) for row in cells]}


def _as_sql(columns: Sequence[InputColumn], rows: Sequence[Row], dialect: str) -> str:
    """The rows as a query, where dbt cannot ask the warehouse which columns they have."""
    from sqlglot import exp

    if rows:
        return "\nunion all\n".join(row_select(columns, row).sql(dialect or None) for row in rows)
    nothing = row_select(columns, [None for _ in columns])
    return nothing.where(exp.false()).sql(dialect or None)


def row_select(columns: Sequence[InputColumn], row: Sequence[Value]) -> exp.Select:
    """One row as a query, in DuckDB's types."""
    from sqlglot import exp

    cells = []
    for column, value in zip(columns, row, strict=True):
        cell = exp.cast(exp.convert(value), read_type(column.data_type))
        cells.append(exp.alias_(cell, column.name, quoted=True))
    return exp.select(*cells)


def as_written(entry: dict[str, Any]) -> dict[str, Any]:
    """The item as YAML reads it, without marks of style."""
    written: dict[str, Any] = plain(entry)
    return written


def subject_title(subject: Subject) -> str:
    """What a query is called when people are told of it."""
    version = "" if subject.version is None else f".v{subject.version}"
    variant = f" ({subject.variant.replace('_', ' ')})" if subject.variant else ""
    return f"{subject.model}{version}{variant}"
