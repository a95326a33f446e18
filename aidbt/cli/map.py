"""`aidbt map`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
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
from aidbt.core.errors import UsageError

_TABLES_SHOWN = 12


@click.command("map")
@click.option("--drift", is_flag=True, help="Compare what is there now with what was decided.")
@click.option(
    "--check-decisions", is_flag=True, help="Ask afresh about all that is decided, and say what agrees."
)
@click.option(
    "--embeddings",
    metavar="MODEL",
    help="With --check-decisions: what another embeddings.model would change.",
)
@select_option
@click.option(
    "--precision",
    type=click.FloatRange(0, 1, min_open=True),
    metavar="P",
    help="Probability from which a match is accepted without a person, for this run.",
)
@click.option("--dry-run", is_flag=True, help="Show the diff of the mapping files and write nothing.")
@click.option("--refresh", is_flag=True, help="Decide again what aidbt decided; people's decisions stay.")
@click.option("--strict", is_flag=True, help="Exit 1 while anything waits for review, or on any drift.")
@click.option("--all", "show_all", is_flag=True, help="List every table and every finding.")
@yes_option
@project_options
@output_option
def map_command(
    drift: bool,
    check_decisions: bool,
    embeddings: str | None,
    select: tuple[str, ...],
    precision: float | None,
    dry_run: bool,
    refresh: bool,
    strict: bool,
    show_all: bool,
    yes: bool,
    output: str,
    **where: Any,
) -> None:
    """Map source columns to target columns, and write no dbt file.

    Looks at the raw tables of the warehouse, decides what is certain, queues the rest for `aidbt review`, and
    saves both in aidbt/mappings/*.yml. With --drift it compares the tables and targets with what was decided:
    what was added, removed, renamed or retyped, and how the mapping has to follow. With --check-decisions it
    says how often the matcher agrees with what was decided, and writes nothing into the project.
    """
    if check_decisions and (drift or refresh or strict):
        raise UsageError(
            "--check-decisions only looks, and always at everything decided",
            hint="leave out --drift, --refresh and --strict",
        )
    if embeddings is not None and not check_decisions:
        raise UsageError(
            "--embeddings compares another model, it does not map with it",
            hint="add --check-decisions; to map with it, set embeddings.model in aidbt.yml",
        )
    if drift and refresh:
        raise UsageError("--drift keeps what was decided, --refresh decides it again", hint="leave one out")
    flags = {"mapping.precision": precision} if precision is not None else None
    session = open_from(**where, flags=flags)
    if check_decisions:
        from aidbt.cli.map_check import check

        code = check(
            session,
            embeddings=embeddings,
            select=select,
            approve=approver(yes),
            keep=not dry_run,
            show_all=show_all,
            output=output,
        )
        raise SystemExit(code)
    about = (session.project, session.settings, session.warehouse, session.profiles)
    if drift:
        from aidbt.generate.drift import run_drift

        found = run_drift(*about, select=select, write=not dry_run, approve=approver(yes))
        emit(
            _drift_summary(found),
            output=output,
            text=lambda: _drift_text(found, dry_run=dry_run, show_all=show_all),
        )
        raise SystemExit(1 if found.has_errors or found.proposals or (strict and found.is_drift) else 0)
    from aidbt.cli.map_check import note_changed_model
    from aidbt.generate.map import run_map

    plan = run_map(
        *about,
        select=select,
        write=not dry_run,
        refresh=refresh,
        approve=approver(yes),
        models=models_of(session),
    )
    emit(
        _summary(plan),
        output=output,
        text=lambda: _text(plan, dry_run=dry_run, show_all=show_all),
    )
    note_changed_model(session, plan.mappings.values())
    waits = plan.questions or any(m.waiting() or m.waiting_tests() for m in plan.mappings.values())
    raise SystemExit(1 if plan.has_errors or plan.proposals or (strict and waits) else 0)


# --- mapping ------------------------------------------------------------------------------------------


def _figures(mapping: Any) -> dict[str, int]:
    """How the columns of a mapping stand."""
    waiting = mapping.waiting()
    without = sum(not column.sources and not column.expression for column in waiting)
    return {
        "accepted": sum(column.status == "accepted" for column in mapping.columns),
        "waiting": len(waiting) - without,
        "no_match": without,
        "unmapped": len(mapping.unmapped),
    }


def _summary(plan: Any) -> dict[str, Any]:
    """What programs get: everything but the texts of the files."""
    return {
        "tables": {
            key: {"target": mapping.target, **_figures(mapping)}
            for key, mapping in sorted(plan.mappings.items())
        },
        "changed": sorted(plan.changed),
        "written": plan.patch.paths(),
        "proposals": {path: f".aidbt/proposals/{path}" for path in plan.proposals},
        "waiting": [
            f"{key}.{column.target}" for key, m in sorted(plan.mappings.items()) for column in m.waiting()
        ],
        "questions": plan.questions,
        "skipped": plan.skipped,
        "findings": plan.findings,
        "level": plan.level,
    }


def _text(plan: Any, *, dry_run: bool, show_all: bool) -> Iterator[str]:
    if dry_run:
        yield from diff_lines(plan.patch)
    total: Counter[str] = Counter()
    for mapping in plan.mappings.values():
        total.update(_figures(mapping))
    sources = Counter(mapping.source for mapping in plan.mappings.values())
    named = ", ".join(f"{name} ({tables})" for name, tables in sources.most_common(6))
    columns = sum(len(mapping.columns) for mapping in plan.mappings.values())
    if plan.mappings:
        tables = f"{count(len(plan.mappings), 'table')} in {count(len(sources), 'source')}: {named}"
        yield f"{bold('found')} {tables}; {count(columns, 'column')}"
        yield (
            f"  {total['accepted']:,} accepted · {total['waiting']:,} waiting for review ·"
            f" {total['no_match']:,} without a match · {count(total['unmapped'], 'source column')} left out"
        )
    else:
        yield f"{bold('found')} no raw tables"
    changed = {key: plan.mappings[key] for key in sorted(plan.changed & plan.mappings.keys())}
    if changed:
        yield from _table_lines(changed, show_all=show_all)
    yield from _files(plan, dry_run=dry_run, show_all=show_all)
    if plan.skipped:
        shown = ", ".join(item.table for item in plan.skipped[:3])
        more = f" and {len(plan.skipped) - 3} more" if len(plan.skipped) > 3 else ""
        yield f"left out {count(len(plan.skipped), 'table')}: {shown}{more} (--output json says why)"
    if plan.findings:
        yield f"{count(len(plan.findings), 'finding')}:"
        yield from finding_lines(plan.findings, at_most=len(plan.findings) if show_all else 10)
    yield _next_step(plan, total, dry_run=dry_run)


def _table_lines(mappings: dict[str, Any], *, show_all: bool) -> Iterator[str]:
    shown = list(mappings.items())[: None if show_all else _TABLES_SHOWN]
    rows = [
        [
            key,
            f"→ {mapping.target}" if mapping.target else "every column kept",
            *(f"{number:,}" for number in _figures(mapping).values()),
        ]
        for key, mapping in shown
    ]
    yield from table(rows, ["table", "target", "accepted", "waiting", "no match", "left out"])
    if len(shown) < len(mappings):
        yield dim(f"  … and {len(mappings) - len(shown)} more (--all)")


def _files(plan: Any, *, dry_run: bool, show_all: bool) -> Iterator[str]:
    """What was written, or would be, and what is only proposed."""
    verb = "would write" if dry_run else "wrote"
    if plan.patch.edits:
        paths = plan.patch.paths()
        shown = paths if show_all else paths[:3]
        more = f" and {len(paths) - len(shown)} more (--all)" if len(shown) < len(paths) else ""
        yield f"{verb} {count(len(paths), 'file')}: {', '.join(shown)}{more}"
    place = "a proposal would wait in" if dry_run else "the proposal is in"
    for path in plan.proposals:
        head = click.style("not written", fg="yellow")
        yield f"{head}: {path} is laid out by hand; {place} .aidbt/proposals/{path}"


def _next_step(plan: Any, total: Counter[str], *, dry_run: bool) -> str:
    """The last line: what to do now."""
    head = bold("next")
    if not plan.mappings:
        return f"{head}: aidbt ingest run, or -s source:NAME for a schema that no source names yet"
    if dry_run and plan.patch.edits:
        return f"{head}: aidbt map"
    if plan.questions or total["waiting"] or total["no_match"]:
        return f"{head}: aidbt review, then aidbt generate"
    if plan.has_errors:
        return f"{head}: settle what is marked as an error, then aidbt map"
    return f"{head}: aidbt generate"


# --- drift --------------------------------------------------------------------------------------------


def _drift_summary(found: Any) -> dict[str, Any]:
    """What programs get: every change, and the proposed text of every mapping file."""
    tables, columns = found.compared
    return {
        "drift": found.is_drift,
        "compared": {"tables": tables, "columns": columns},
        "tables": {
            key: {"source": drift.source, "target": drift.target, "is_target_gone": drift.is_target_gone}
            for key, drift in sorted(found.drifts.items())
        },
        "undecided": found.undecided,
        "written": found.patch.paths(),
        "proposals": {path: f".aidbt/proposals/{path}" for path in found.proposals},
        "findings": found.findings,
    }


def _drift_text(found: Any, *, dry_run: bool, show_all: bool) -> Iterator[str]:
    if dry_run:
        yield from diff_lines(found.patch)
    tables, columns = found.compared
    compared = f"compared {count(tables, 'mapped table')}, {count(columns, 'column')}"
    if not tables and not found.findings:
        yield f"{bold('nothing to compare')}: no table is mapped yet"
    elif not found.is_drift:
        yield f"{bold('no drift')}: {compared}; all are as they were decided"
    else:
        sides = [side for drift in found.drifts.values() for side in (drift.source, drift.target)]
        kinds = {
            kind: sum(len(getattr(side, kind)) for side in sides)
            for kind in ("added", "removed", "renamed", "retyped")
        }
        said = " · ".join(f"{number:,} {kind}" for kind, number in kinds.items() if number)
        about = f" in {count(len(found.drifts), 'table')}: {said}" if said else ""
        yield f"{bold('drift')}{about}; {compared}"
    yield from finding_lines(found.findings, at_most=len(found.findings) if show_all else 20)
    yield from _files(found, dry_run=dry_run, show_all=show_all)
    if found.undecided:
        yield f"not mapped yet: {count(len(found.undecided), 'table')}  →  aidbt map"
    yield from _after_drift(found, dry_run=dry_run)


def _after_drift(found: Any, *, dry_run: bool) -> Iterator[str]:
    """The last line: what to do now."""
    head = bold("next")
    if dry_run and found.patch.edits:
        yield f"{head}: aidbt map --drift writes this change of the mappings"
    elif any(mapping.waiting() for mapping in found.mappings.values()):
        yield f"{head}: aidbt review, then aidbt generate"
    elif found.has_errors:
        yield f"{head}: settle what is marked as an error"
    elif found.patch.edits:
        yield f"{head}: git diff, then aidbt generate"
