"""`aidbt generate`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from aidbt.cli.options import (
    approver,
    models_of,
    open_from,
    output_option,
    project_options,
    select_option,
    yes_option,
)
from aidbt.cli.render import bold, count, diff_lines, dim, emit, finding_lines, table
from aidbt.core.errors import UsageError, WriteError


@click.command()
@select_option
@click.option("--dry-run", is_flag=True, help="Show the diff and write nothing.")
@click.option("--check", is_flag=True, help="Compare decisions with files only; exit 1 when they differ.")
@click.option(
    "--upgrade", is_flag=True, help="Change files that only this version of aidbt writes otherwise."
)
@click.option(
    "--refresh", is_flag=True, help="Decide again what aidbt decided; what people decided stays as it is."
)
@click.option("--strict", is_flag=True, help="Exit 1 while anything waits for review.")
@click.option("--all", "show_all", is_flag=True, help="List every file and every table left out.")
@click.option("--why", is_flag=True, help="List every table left out, and the rule behind every name.")
@click.option(
    "--pr-body",
    metavar="[FILE]",
    is_flag=False,
    flag_value="-",
    help="Print the review text of a pull request (Markdown), or write it to FILE.",
)
@click.option(
    "--unit-tests",
    is_flag=True,
    help="Draft dbt unit tests for hand-written models instead; -s names models.",
)
@click.option(
    "--monitors/--no-monitors",
    default=None,
    help="Propose data tests that learn what is usual for sources and hand-written models instead; -s names"
    " them. With --no-: none for new staging models.",
)
@yes_option
@project_options
@output_option
def generate(
    select: tuple[str, ...],
    dry_run: bool,
    check: bool,
    upgrade: bool,
    refresh: bool,
    strict: bool,
    show_all: bool,
    why: bool,
    pr_body: str | None,
    unit_tests: bool,
    monitors: bool | None,
    yes: bool,
    output: str,
    **where: Any,
) -> None:
    """Write the sources, staging models, tests and docs that are missing.

    Looks at the raw tables of the warehouse, maps what is new, decides what is certain, queues the rest
    for `aidbt review`, and writes ordinary dbt files. What a person changed is never overwritten: what is
    new is merged into it, or proposed where both touch the same lines.
    """
    from aidbt.cli.map_check import note_changed_model
    from aidbt.generate.bases import Bases
    from aidbt.generate.plan import run_generate
    from aidbt.generate.pull_request.branch import remember_findings, run_summary

    if pr_body is not None and (check or output == "json"):
        raise UsageError("--pr-body goes with neither --check nor --output json", hint="leave one out")
    if refresh and check:
        raise UsageError("--refresh asks the warehouse, --check does not", hint="leave one out")
    if unit_tests and (check or upgrade or pr_body is not None):
        raise UsageError("--unit-tests goes with none of --check, --upgrade, --pr-body", hint="leave it out")
    if monitors and (check or upgrade or unit_tests or pr_body is not None):
        raise UsageError(
            "--monitors goes with none of --check, --upgrade, --unit-tests, --pr-body", hint="leave it out"
        )
    session = open_from(**where, flags={"generate.monitors": False} if monitors is False else None)
    if monitors:
        from aidbt.cli.monitor_tests import propose_monitors

        raise SystemExit(
            propose_monitors(
                session, select=select, dry_run=dry_run, refresh=refresh, why=why, yes=yes, output=output
            )
        )
    if unit_tests:
        from aidbt.cli.unit_tests import draft_unit_tests

        raise SystemExit(
            draft_unit_tests(
                session,
                select=select,
                dry_run=dry_run,
                refresh=refresh,
                strict=strict,
                why=why,
                output=output,
            )
        )
    if pr_body is not None:
        _refuse_in_models(session.project, pr_body)
    result = run_generate(
        session.project,
        session.settings,
        None if check else session.warehouse,
        None if check else session.profiles,
        Bases(lambda: session.store, session.project.root),
        select=select,
        write=not (dry_run or check),
        upgrade=upgrade,
        refresh=refresh,
        approve=approver(yes),
        models=models_of(session),
    )
    if not check:
        remember_findings(session.store, result)
    if pr_body is not None:
        _write_pr_body(session, result, pr_body)
    if pr_body != "-":
        changes = run_summary(session.project, session.settings, result)
        emit(
            {**_summary(result), "summary": _figures(changes)},
            output=output,
            text=lambda: _text(
                result, changes, dry_run=dry_run, check=check, show_all=show_all or why, why=why
            ),
        )
    if not check:
        note_changed_model(session, result.mappings.values())
    failed = result.has_errors or (result.is_drift if check else bool(result.proposals))
    waits = result.questions or result.waiting or result.waiting_tests
    raise SystemExit(1 if failed or (strict and waits) else 0)


def _summary(plan: Any) -> dict[str, Any]:
    """What programs get: everything but the texts of the files."""
    return {
        "tables": sorted(plan.mappings),
        "written": plan.written,
        "updated": plan.updated,
        "merged": plan.merged,
        "unchanged": len(plan.unchanged),
        "edited": plan.edited,
        "deleted": plan.deleted,
        "older": plan.older,
        "proposals": {path: f".aidbt/proposals/{path}" for path in plan.proposals},
        "columns_decided": plan.columns_accepted,
        "tests": plan.tests_accepted,
        "waiting": [
            f"{key}.{column.target}" for key, m in sorted(plan.mappings.items()) for column in m.waiting()
        ],
        "waiting_tests": [
            f"{key}.{test.column}:{test.test}"
            for key, m in sorted(plan.mappings.items())
            for test in m.waiting_tests()
        ],
        "questions": plan.questions,
        "skipped": plan.skipped,
        "findings": plan.findings,
        "drift": plan.is_drift,
        "level": plan.level,
    }


def _figures(changes: Any) -> dict[str, Any]:
    """What this run decided, in numbers."""
    return {
        "tables_staged": changes.staged,
        "columns": changes.columns,
        "tests_added": changes.tests_added,
        "rows_in": changes.rows_in,
        "test_bytes": changes.test_bytes,
    }


def _refuse_in_models(project: Any, file: str) -> None:
    """dbt reads every Markdown file of its model paths as documentation."""
    where = Path(file).resolve()
    if any(where.is_relative_to(folder.resolve()) for folder in project.paths("model")):
        raise UsageError(
            f"the review text cannot stand in {file}: dbt would read it as documentation",
            hint="write it outside of the model paths, or leave FILE out to print it",
        )


def _write_pr_body(session: Any, plan: Any, file: str) -> None:
    from aidbt.generate.pull_request.body import pr_body
    from aidbt.generate.pull_request.branch import branch_review

    text = pr_body(branch_review(session.project, session.settings, plan, session.store))
    if file == "-":
        click.echo(text, nl=False)
        return
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise WriteError(
            f"{file} cannot be written: {error.strerror}", hint="leave FILE out to print it"
        ) from error


_WAYS = {
    "rule": "by rule",
    "history": "by history",
    "person": "by a person",
    "match": "by score",
    "question": "in question",
}


def _changes(changes: Any) -> str:
    """One line: what this run staged, and how its columns were decided."""
    from aidbt.warehouse.budget import human_bytes

    columns = changes.columns
    ways = ", ".join(f"{number:,} {_WAYS[how]}" for how, number in columns.items() if number)
    parts = [f"staged {count(len(changes.staged), 'new table')}"] if changes.staged else []
    parts += [f"{count(sum(columns.values()), 'column')}: {ways}"] if ways else []
    parts.append(f"{count(changes.tests_added, 'test')} added")
    if changes.rows_in is not None:
        parts.append(f"{count(changes.rows_in, 'row')} in")
    if changes.test_bytes:
        parts.append(f"their tests read about {human_bytes(changes.test_bytes)} a build")
    return "  " + " · ".join(parts)


def _rules(changes: Any) -> Iterator[str]:
    """The rule behind every name that this run gave."""
    for change in changes.tables:
        yield bold(change.mapping.key)
        yield from table(
            [
                [" + ".join(item.column.sources) or "-", "→ " + item.column.target, item.how, item.rule]
                for item in change.columns
            ]
        )


def _text(
    result: Any, changes: Any, *, dry_run: bool, check: bool, show_all: bool, why: bool
) -> Iterator[str]:
    if dry_run:
        yield from diff_lines(result.patch)
    yield _headline(result, dry_run=dry_run, check=check)
    if not check:
        decided = f"{count(result.columns_accepted, 'column')} decided"
        known = f"  {decided}, {count(result.tests_accepted, 'test')}"
        yield _changes(changes) if changes.tables else known
    if why:
        yield from _rules(changes)
    verb = "would write" if dry_run or check else "wrote"
    marks = {
        **dict.fromkeys(result.written, "new    "),
        **dict.fromkeys(result.updated, "changed"),
        **dict.fromkeys(result.merged, "merged "),
    }
    if marks:
        shown = list(marks.items())[: None if show_all else 8]
        yield f"{verb} {count(len(marks), 'file')}:"
        yield from (f"  {mark} {path}" for path, mark in shown)
        if len(shown) < len(marks):
            yield dim(f"  … and {len(marks) - len(shown)} more (--all)")
    if result.edited:
        yield f"kept {count(len(result.edited), 'file')} that you edited: {_some(result.edited)}"
    if result.deleted:
        yield (
            f"not written again: {count(len(result.deleted), 'file')} that you deleted:"
            f" {_some(result.deleted)}; -s NAME writes it"
        )
    if result.older:
        by = f"aidbt {result.wrote_with} wrote" if result.wrote_with else "another version of aidbt wrote"
        yield (
            f"{count(len(result.older), 'file')} as {by} {'it' if len(result.older) == 1 else 'them'}:"
            f" {_some(result.older)}; --upgrade --dry-run shows what this version would change"
        )
    for path in result.proposals:
        yield from _proposal(result, path, dry_run=dry_run or check)
    if result.skipped:
        yield f"left out {count(len(result.skipped), 'table')}:"
        for reason, tables in _by_reason(result.skipped, show_all):
            yield f"  {tables}: {reason}"
    if result.findings:
        yield f"{count(len(result.findings), 'finding')}:"
        yield from finding_lines(result.findings)
    if result.questions:
        asked = sum(len(question.about) for question in result.questions)
        yield (
            f"{bold('in question')}: {count(asked, 'column')} in"
            f" {count(len(result.questions), 'question')}  →  aidbt review"
        )
        yield from (dim(f"  {question.sentence}") for question in result.questions[:_QUESTIONS_SHOWN])
        if len(result.questions) > _QUESTIONS_SHOWN:
            yield dim(f"  … and {len(result.questions) - _QUESTIONS_SHOWN} more")
    if result.waiting or result.waiting_tests:
        tests = f" and {count(result.waiting_tests, 'proposed test')}" if result.waiting_tests else ""
        yield f"{bold('waiting for you')}: {count(result.waiting, 'column')}{tests}  →  aidbt review"
    if not check and not dry_run:
        if result.has_errors:
            yield f"{bold('next')}: settle what is marked as an error, then aidbt generate"
        elif result.proposals:
            yield f"{bold('next')}: take over what you want of .aidbt/proposals by hand, then aidbt generate"
        elif marks:
            yield f"{bold('next')}: git diff, then aidbt build"
        else:
            yield "nothing to do: the files are up to date"


_QUESTIONS_SHOWN = 5


def _some(paths: Any) -> str:
    shown = ", ".join(paths[:5])
    return f"{shown} and {len(paths) - 5} more" if len(paths) > 5 else shown


def _proposal(result: Any, path: str, *, dry_run: bool) -> Iterator[str]:
    where = "a proposal would wait in" if dry_run else "the proposal is in"
    found = result.files.get(path)
    conflicts = found.conflicts if found is not None else ()
    head = click.style("conflict" if conflicts else "not written", fg="yellow")
    why = "your edit and what is new touch the same lines" if conflicts else "it is yours"
    yield f"{head}: {path}: {result.reasons.get(path, why)}; {where} .aidbt/proposals/{path}"
    for conflict in conflicts[:2]:
        yield dim(f"  line {conflict.yours_line}, yours:")
        yield from (f"    {line}" for line in conflict.yours[:5] or ("(removed)",))
        yield dim("  aidbt:")
        yield from (f"    {line}" for line in conflict.aidbt[:5] or ("(removed)",))


def _headline(result: Any, *, dry_run: bool, check: bool) -> str:
    sources = Counter(mapping.source for mapping in result.mappings.values())
    named = ", ".join(f"{name} ({tables})" for name, tables in sources.most_common(6))
    found = (
        f"{count(len(result.mappings), 'table')} in {count(len(sources), 'source')}: {named}"
        if sources
        else "no raw tables"
    )
    if check:
        state = "differ" if result.is_drift else "agree"
        return f"{bold('decisions and files ' + state)}: {found}"
    return f"{bold('found')} {found}"


def _by_reason(skipped: Any, show_all: bool) -> Iterator[tuple[str, str]]:
    reasons: dict[str, list[str]] = {}
    for item in skipped:
        reasons.setdefault(item.reason, []).append(item.table)
    for reason, tables in reasons.items():
        shown = tables if show_all else tables[:3]
        more = f" and {len(tables) - len(shown)} more" if len(shown) < len(tables) else ""
        yield reason, ", ".join(shown) + more
