"""`aidbt generate`."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import click

from aidbt.cli.options import open_from, output_option, project_options, select_option
from aidbt.cli.render import bold, count, dim, emit, finding_lines


@click.command()
@select_option
@click.option("--dry-run", is_flag=True, help="Show the diff and write nothing.")
@click.option("--check", is_flag=True, help="Compare decisions with files only; exit 1 when they differ.")
@click.option("--strict", is_flag=True, help="Exit 1 while anything waits for review.")
@click.option("--all", "show_all", is_flag=True, help="List every file and every table left out.")
@project_options
@output_option
def generate(
    select: tuple[str, ...],
    dry_run: bool,
    check: bool,
    strict: bool,
    show_all: bool,
    output: str,
    **where: Any,
) -> None:
    """Write the sources, staging models, tests and docs that are missing.

    Looks at the raw tables of the warehouse, maps what is new, decides what is certain, queues the rest
    for `aidbt review`, and writes ordinary dbt files. What a person changed is never overwritten.
    """
    from aidbt.generate.plan import run_generate

    session = open_from(**where)
    result = run_generate(
        session.project,
        session.settings,
        None if check else session.warehouse,
        None if check else session.profiles,
        select=select,
        write=not (dry_run or check),
    )
    emit(
        _summary(result),
        output=output,
        text=lambda: _text(result, dry_run=dry_run, check=check, show_all=show_all),
    )
    failed = result.has_errors or (result.is_drift if check else bool(result.proposals))
    raise SystemExit(1 if failed or (strict and (result.waiting or result.waiting_tests)) else 0)


def _summary(plan: Any) -> dict[str, Any]:
    """What programs get: everything but the texts of the files."""
    return {
        "tables": sorted(plan.mappings),
        "written": plan.written,
        "updated": plan.updated,
        "unchanged": len(plan.unchanged),
        "edited": plan.edited,
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
        "skipped": plan.skipped,
        "findings": plan.findings,
        "drift": plan.is_drift,
        "level": plan.level,
    }


def _text(result: Any, *, dry_run: bool, check: bool, show_all: bool) -> Iterator[str]:
    if dry_run:
        yield from _diff(result.patch)
    yield _headline(result, dry_run=dry_run, check=check)
    if not check:
        yield f"  {count(result.columns_accepted, 'column')} decided, {count(result.tests_accepted, 'test')}"
    verb = "would write" if dry_run or check else "wrote"
    files = [*result.written, *result.updated]
    if files:
        shown = files if show_all else files[:8]
        yield f"{verb} {count(len(files), 'file')}:"
        yield from (f"  {'new    ' if path in result.written else 'changed'} {path}" for path in shown)
        if len(shown) < len(files):
            yield dim(f"  … and {len(files) - len(shown)} more (--all)")
    if result.edited:
        yield f"kept {count(len(result.edited), 'file')} that you edited: {', '.join(result.edited[:5])}"
    for path in result.proposals:
        where = "a proposal would wait in" if dry_run or check else "the proposal is in"
        yield f"{click.style('not written', fg='yellow')}: {path} is yours; {where} .aidbt/proposals/{path}"
    if result.skipped:
        yield f"left out {count(len(result.skipped), 'table')}:"
        for reason, tables in _by_reason(result.skipped, show_all):
            yield f"  {tables}: {reason}"
    yield from finding_lines(result.findings)
    if result.waiting or result.waiting_tests:
        tests = f" and {count(result.waiting_tests, 'proposed test')}" if result.waiting_tests else ""
        yield f"{bold('waiting for you')}: {count(result.waiting, 'column')}{tests}  →  aidbt review"
    if not check and not dry_run:
        yield (
            f"{bold('next')}: git diff, then aidbt build"
            if files
            else "nothing to do: the files are up to date"
        )


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


def _diff(patch: Any) -> Iterator[str]:
    for edit in patch.edits:
        before = (edit.undo or "").splitlines(keepends=False)
        after = (edit.after or "").splitlines(keepends=False)
        old = f"a/{edit.path}" if edit.before is not None else "/dev/null"
        yield from difflib.unified_diff(before, after, old, f"b/{edit.path}", lineterm="")
