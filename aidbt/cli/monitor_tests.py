"""What `aidbt generate --monitors` says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from aidbt.cli.options import approver
from aidbt.cli.render import bold, count, diff_lines, dim, emit, table

if TYPE_CHECKING:
    from aidbt.generate.monitors.plan import MonitorPlan, NodeMonitors
    from aidbt.session import Session

_MOST_LEFT_OUT = 5


def propose_monitors(
    session: Session,
    *,
    select: tuple[str, ...],
    dry_run: bool,
    refresh: bool,
    why: bool,
    yes: bool,
    output: str,
) -> int:
    """Propose monitors for sources and models that people wrote; gives the exit code."""
    from aidbt.generate.monitors.plan import run_monitors
    from aidbt.project.compiled import compiled_project

    manifest = compiled_project(session.project, session.settings.values.dbt, needed=()).manifest
    plan = run_monitors(
        session.project,
        session.settings,
        manifest,
        session.warehouse,
        session.profiles,
        select=select,
        refresh=refresh,
        write=not dry_run,
        approve=approver(yes),
    )
    emit(
        {"nodes": plan.nodes, "files": plan.patch.paths()},
        output=output,
        text=lambda: _text(plan, dry_run=dry_run, is_named=bool(select), why=why),
    )
    return 0


def _text(plan: MonitorPlan, *, dry_run: bool, is_named: bool, why: bool) -> Iterator[str]:
    if dry_run:
        yield from diff_lines(plan.patch)
    proposed = plan.in_state("proposed")
    tests = sum(len(node.tests) for node in proposed)
    would = "would write" if dry_run else "wrote"
    if proposed:
        yield f"{bold(would)} {count(tests, 'monitor')} of {count(len(proposed), 'table')}"
        yield from table([[n.node, ", ".join(n.tests), n.why, n.path] for n in proposed])
    else:
        yield f"{bold('nothing to propose')}{'' if is_named else _what_is_looked_for(plan)}"
    for node in plan.nodes:
        if node.removed:
            yield f"{node.node}: you removed {', '.join(node.removed)}, which stays away"
    yield from _left_out(plan.in_state("left_out"), why=why or is_named)
    unchanged = plan.in_state("unchanged")
    if unchanged:
        yield dim(f"as they were: {count(len(unchanged), 'table')} (--refresh looks at them again)")
    if proposed and not dry_run:
        yield f"{bold('next')}: git diff, then aidbt build, which learns what is usual"


def _what_is_looked_for(plan: MonitorPlan) -> str:
    if plan.nodes:
        return ""
    return (
        ": no source that models read, no table that an exposure reads or many models are built on;"
        " -s names others"
    )


def _left_out(nodes: tuple[NodeMonitors, ...], *, why: bool) -> Iterator[str]:
    if not nodes:
        return
    yield f"left out {count(len(nodes), 'table')}:"
    reasons: dict[str, list[str]] = {}
    for node in nodes:
        reasons.setdefault(node.why, []).append(node.node)
    for reason, names in reasons.items():
        shown = names if why else names[:_MOST_LEFT_OUT]
        more = f" and {len(names) - len(shown)} more (--why)" if len(shown) < len(names) else ""
        yield f"  {', '.join(shown)}{more}: {reason}"
