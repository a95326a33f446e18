"""`aidbt impact`: what a change reaches, before it is made or before it is merged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from aidbt.cli.impact_text import WhatIf, branch_lines, broken_in, what_if_lines
from aidbt.cli.options import manifest_option, open_from, output_option, project_options
from aidbt.cli.render import emit
from aidbt.core.errors import ProfileError, UsageError

if TYPE_CHECKING:
    from aidbt.lineage.changes import ProjectChanges
    from aidbt.lineage.graph import ColumnRef
    from aidbt.lineage.impact import Effect, Impact
    from aidbt.lineage.project import ReadProject
    from aidbt.review.pull_request import BothSides
    from aidbt.session import Session

_CHANGES = ("removed", "retyped", "values", "rows", "grain")
_OF_COLUMNS = frozenset({"retyped", "values"})
_OF_ROWS = frozenset({"rows", "grain"})
_AT_LEAST = {
    "breaking": frozenset({"breaking"}),
    "data": frozenset({"breaking", "data"}),
    "none": frozenset(),
}


@click.command()
@click.argument("names", nargs=-1, metavar="[COLUMN|NODE]...")
@click.option("--change", type=click.Choice(_CHANGES), help="What would happen to it.")
@click.option("--to", "to_type", metavar="TYPE", help="The new type, with --change retyped.")
@click.option("--base", metavar="REF", help="What this branch changes, against where it left REF.")
@click.option(
    "--gate",
    type=click.Choice(list(_AT_LEAST)),
    default="breaking",
    show_default=True,
    help="With --base: exit 1 from this weight on.",
)
@manifest_option
@click.option("--no-warehouse", is_flag=True, help="Ask no warehouse for the columns of sources.")
@click.option("--all", "show_all", is_flag=True, help="List everything, with its path.")
@project_options
@output_option
def impact(
    names: tuple[str, ...],
    change: str | None,
    to_type: str | None,
    base: str | None,
    gate: str,
    manifest: Path | None,
    no_warehouse: bool,
    show_all: bool,
    output: str,
    **where: Any,
) -> None:
    """Say what a change reaches: columns, tests, contracts, exposures, metrics, and by which path.

    COLUMN is node.column, NODE a model, snapshot, seed or source.table: what would break if it were removed,
    and what would take on other values if it did. With --base REF: what this branch changes, by what its SQL
    means and not how it is written, and what that reaches. Nothing is built.
    """
    _refuse_contradictions(names, change=change, to_type=to_type, base=base, manifest=manifest)
    session = open_from(**where)
    warehouse = None if no_warehouse else _warehouse(session)
    if base is not None:
        sides = _both_sides(session, base, warehouse)
        changes, found = _of_branch(sides)
        emit(
            _branch_summary(sides, changes, found, gate) if output == "json" else None,
            output=output,
            text=lambda: branch_lines(sides, changes, found, show_all=show_all),
        )
        is_broken = gate != "none" and bool(broken_in(sides))
        raise SystemExit(1 if is_broken or found.weight in _AT_LEAST[gate] else 0)
    read = _read(session, manifest, warehouse)
    answers = [
        _what_if(read, ref, cast("Effect", effect), to_type)
        for ref in (read.lineage.find(name) for name in names)
        for effect in _effects(ref, change)
    ]
    emit(
        [_summary(answer) for answer in answers] if output == "json" else None,
        output=output,
        text=lambda: what_if_lines(read, answers, show_all=show_all),
    )


def _refuse_contradictions(
    names: Sequence[str],
    *,
    change: str | None,
    to_type: str | None,
    base: str | None,
    manifest: Path | None,
) -> None:
    if base is not None and (names or change or manifest):
        raise UsageError(
            "--base finds out what changes by itself", hint="leave out the names, --change and --manifest"
        )
    if base is None and not names:
        raise UsageError(
            "nothing is named that would change",
            hint="aidbt impact NODE.COLUMN, or --base main for what this branch changes",
        )
    if to_type is not None and change != "retyped":
        raise UsageError("--to says a type", hint="write --change retyped --to TYPE")


def _warehouse(session: Session) -> Any:
    """The project's warehouse, when its profile can be read."""
    try:
        return session.warehouse
    except ProfileError as error:
        click.echo(f"note: without the warehouse: {error.message}", err=True)
        return None


# --- what would happen --------------------------------------------------------------------------------


def _read(session: Session, manifest: Path | None, warehouse: Any) -> ReadProject:
    from rich.console import Console

    from aidbt.lineage.project import read_project

    with Console(stderr=True).status("reading the project"):
        return read_project(
            session.project,
            session.settings.values.dbt,
            warehouse=warehouse,
            cache=session.cache,
            manifest_path=manifest,
            as_written=True,
        )


def _effects(ref: ColumnRef, change: str | None) -> Sequence[str]:
    """What is asked of a column or of a node; the two most likely where nothing is said."""
    if change is None:
        return ("removed", "values") if ref.column else ("removed", "rows")
    if ref.column and change in _OF_ROWS:
        raise UsageError(f"--change {change} is about a node", hint="leave out the column")
    if not ref.column and change in _OF_COLUMNS:
        raise UsageError(f"--change {change} is about a column", hint="write NODE.COLUMN")
    return (change,)


def _what_if(read: ReadProject, ref: ColumnRef, effect: Effect, to_type: str | None) -> WhatIf:
    from aidbt.lineage.impact import Change, impact_of

    change = Change(ref.node, ref.column, effect, data_type=to_type or "")
    return WhatIf(read.lineage.title(ref), change, impact_of([change], read.lineage, read.manifest))


def _summary(answer: WhatIf) -> dict[str, Any]:
    return {"name": answer.name, **_impact_summary(answer.impact)}


# --- what a branch changes ----------------------------------------------------------------------------


def _both_sides(session: Session, base: str, warehouse: Any) -> BothSides:
    from rich.console import Console

    from aidbt.review.pull_request import read_both

    with Console(stderr=True).status(f"reading the project as it is and as it was at {base}"):
        return read_both(
            session.project, session.settings.values, base, warehouse=warehouse, cache=session.cache
        )


def _of_branch(sides: BothSides) -> tuple[ProjectChanges, Impact]:
    from aidbt.lineage.changes import project_changes
    from aidbt.lineage.impact import impact_of

    changes = project_changes(sides.base, sides.head)
    return changes, impact_of(changes.changes, changes.lineage, sides.head.manifest)


def _branch_summary(sides: BothSides, changes: ProjectChanges, found: Impact, gate: str) -> dict[str, Any]:
    return {
        "base": {"ref": sides.ref, "commit": sides.base.commit, "problem": sides.base.problem},
        "gate": gate,
        **_impact_summary(found),
        "added": changes.added,
        "removed": changes.removed,
        "renamed": changes.renamed,
        "reformatted": changes.reformatted,
        "unread": [{"node": node, "why": why} for node, why in changes.unread],
        "not_compiled": broken_in(sides),
        "tests_added": changes.tests_added,
        "tests_removed": changes.tests_removed,
    }


def _impact_summary(found: Impact) -> dict[str, Any]:
    return {
        "weight": found.weight,
        "changes": found.changes,
        "affected": found.affected,
        "unknown": [{"node": node, "why": why} for node, why in found.unknown],
    }
