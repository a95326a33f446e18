"""What `aidbt generate --unit-tests` says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from aidbt.cli.render import bold, count, diff_lines, dim, emit, table


def draft_unit_tests(
    session: Any,
    *,
    select: tuple[str, ...],
    dry_run: bool,
    refresh: bool,
    strict: bool,
    why: bool,
    output: str,
) -> int:
    """Draft unit tests for hand-written models and say what came of it; gives the exit code."""
    from aidbt.generate.unit_tests.plan import run_unit_tests
    from aidbt.lineage.project import read_project

    read = read_project(
        session.project, session.settings.values.dbt, warehouse=session.warehouse, cache=session.cache
    )
    plan = run_unit_tests(
        session.project,
        session.settings,
        read,
        select=select,
        refresh=refresh,
        write=not dry_run,
        on_model=lambda name: click.echo(dim(f"drafting unit tests of {name}"), err=True),
        ask=None if read.warehouse_problem else lambda sql: _rows(session, sql),
    )
    dialect = session.warehouse.dialect
    problem = read.warehouse_problem
    emit(
        {**_summary(plan), "warehouse_problem": problem},
        output=output,
        text=lambda: _text(plan, dialect, problem, dry_run=dry_run, why=why),
    )
    return 1 if strict and plan.in_state("refused", "nothing", "older") else 0


def _rows(session: Any, sql: str) -> list[tuple[Any, ...]]:
    with session.warehouse.connect() as connection:
        rows: list[tuple[Any, ...]] = connection.rows(sql)
    return rows


def _summary(plan: Any) -> dict[str, Any]:
    return {"models": plan.models, "files": plan.patch.paths()}


def _text(plan: Any, dialect: str, problem: str, *, dry_run: bool, why: bool) -> Iterator[str]:
    if dry_run:
        yield from diff_lines(plan.patch)
    drafted = plan.in_state("drafted")
    tests = sum(len(model.names) for model in drafted)
    would = "would write" if dry_run else "wrote"
    yield f"{bold(would)} {count(tests, 'unit test')} for {count(len(drafted), 'model')}"
    yield from table(
        [
            [
                model.model,
                count(len(model.names), "test"),
                f"{model.killed} of {count(model.mutants, 'fault')} shown",
                model.path,
            ]
            for model in drafted
        ]
    )
    for model in drafted:
        yield from _notes(model, why=why)
    yield from _others(plan, problem)
    if drafted and dialect != "duckdb":
        digits = "" if problem else f", in {dialect}'s digits where it gives the same"
        yield f"the expected rows are DuckDB's{digits}; dbt test shows where {dialect} gives others"
    if drafted and not dry_run:
        yield f"{bold('next')}: read what they pin, it is what the models do today; then dbt test"


def _notes(model: Any, *, why: bool) -> Iterator[str]:
    if model.kept:
        yield f"{model.model}: kept as you have them: {', '.join(model.kept)}"
    if model.left:
        yield f"{model.model}: no longer needed, yours to remove: {', '.join(model.left)}"
    if model.left_out:
        yield f"{model.model}: not compared, for YAML cannot hold them: {', '.join(model.left_out)}"
    if why and model.survivors:
        yield f"{model.model}: faults that no test shows (some of them mean the same):"
        yield from (f"  {words}" for words in model.survivors)


def _others(plan: Any, problem: str) -> Iterator[str]:
    for model in plan.in_state("older"):
        yield (
            f"{click.style('changed', fg='yellow')}: {model.model}, since"
            f" {count(len(model.names), 'test')} of it were drafted; what fails now is what changed;"
            " --refresh drafts them anew"
        )
    for model in plan.in_state("nothing"):
        yield f"no test for {model.model}: no rows were found on which a fault in it would show"
    for model in plan.in_state("refused"):
        hint = f" ({model.hint})" if model.hint else ""
        yield f"no test for {model.model}: {model.why}{hint}"
    if problem and any(model.hint for model in plan.in_state("refused")):
        yield f"{click.style('note', fg='yellow')}: the warehouse was not asked for types: {problem}"
    unchanged = plan.in_state("unchanged")
    if unchanged:
        yield dim(f"unchanged: {count(len(unchanged), 'model')}")
