"""Keeping the state of a run that went well, after `aidbt build` and `aidbt observe`; no run fails by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aidbt.cli.render import bold, count, dim, plain

if TYPE_CHECKING:
    from aidbt.healing.evidence.keeping import Kept
    from aidbt.session import Session

# What the sources hold now says nothing of a run that is older.
_FRESH = timedelta(hours=24)


def kept_after_build(session: Session) -> Kept:
    """The state after a build of ours that went well; reads the tables within `budget.scan_bytes`."""
    return _kept(session, None)


def kept_after_observing(session: Session, runs: Any, folder: Path | None) -> Kept | None:
    """The state after the newest of some observed runs; None where that did not go well, is older than a day,
    or is not the one whose results stand in the folder."""
    last = max(runs, key=lambda run: run.finished_at, default=None)
    if last is None or last.status != "success":
        return None
    if datetime.now(UTC) - last.finished_at > _FRESH:
        return None
    return _kept(session, folder, last.invocation_id)


def _kept(session: Session, folder: Path | None, invocation_id: str = "") -> Kept:
    from aidbt.cli.heal_incidents import judge, keep_causes, tell_runs
    from aidbt.core.errors import AidbtError
    from aidbt.healing.evidence.keeping import Kept, keep_good_state

    try:
        kept = keep_good_state(
            session.project,
            session.warehouse_at_once,
            session.store,
            artifacts=folder,
            scan_bytes=session.settings.values.budget.scan_bytes,
            only_run=invocation_id,
            judge=judge(session),
        )
        tell_runs(session)
        if kept.state is not None:
            state = kept.state  # what people said of it was heeded when it was judged
            keep_causes(
                session, kept.doubted, None, run=state.invocation_id, looked=kept.looked, since=state.taken_at
            )
        return kept
    except AidbtError as error:  # a profile or a driver that is missing
        return Kept(None, error.message)


def kept_lines(kept: Kept | None) -> Iterator[str]:
    """One line: what was kept, or why nothing was."""
    if kept is None:
        return
    if kept.state is None:
        yield dim(f"the state of this run was not kept: {kept.why}")
        return
    left = f"; {kept.unknown[0]}" if kept.unknown else ""
    what = (
        "kept beside the last right state of what is wrong" if kept.doubted else "kept as the last good state"
    )
    yield dim(f"{what}: {count(len(kept.state.tables), 'table')}{left}")
    for cause in kept.doubted:
        said = cause.proof[0].text if cause.proof else cause.error_class.meaning
        yield f"{click.style('green, and yet wrong', fg='yellow')}: {said}"
    if kept.doubted:
        told = "aidbt incidents list; when it is right so: aidbt incidents resolve ID --as expected"
        yield f"{bold('next')}: {told}"


def for_programs(kept: Kept | None) -> dict[str, Any]:
    """The same for `--output json`."""
    if kept is None or kept.state is None:
        return {"number": None, "why": kept.why if kept is not None else ""}
    return {
        "number": kept.state.number,
        "tables": len(kept.state.tables),
        "unknown": list(kept.unknown),
        "doubted": [plain(cause) for cause in kept.doubted],
    }
