"""`aidbt heal undo` and `aidbt incidents undo`: taking back a mend, with the tables from before it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aidbt.cli.options import open_from, output_option, project_options
from aidbt.cli.render import emit, plain

if TYPE_CHECKING:
    from aidbt.core.attempts import Attempt
    from aidbt.session import Session


@click.command("undo")
@click.argument("id")
@click.option("--why", default="", metavar="TEXT", help="The reason, for those who see it.")
@project_options
@output_option
def undo_command(id: str, why: str, output: str, **where: Any) -> None:
    """Take back a mend that was deployed: the tables of before, and the commit.

    ID is that of an attempt (HEAL-3) or of its incident. Only while nobody has built or committed since, and
    where the tables of before are kept (DuckDB).
    """
    from aidbt.cli.heal_incidents import tell_taken_back
    from aidbt.cli.healing_calls import actor
    from aidbt.healing.controller.undoing import undo

    session = open_from(**where)
    who = actor(session)
    taken, left = undo(
        session.store, session.project.root, lambda: session.warehouse_at_once, _attempt_id(session, id),
        who=who, last_run=_last_run(session.project.target_path), why=why,
    )  # fmt: skip
    taken = tell_taken_back(session, taken, who)
    result = {"taken_back": [plain(one) for one in taken], "views_left": left}
    emit(result, output=output, text=lambda: _lines(taken, left))


def _attempt_id(session: Session, id: str) -> str:
    """The attempt of an incident, or what it is called itself."""
    from aidbt.store.attempts import Attempts

    wanted = id.strip().lstrip("#").upper()
    attempts = Attempts(session.store, "").all()
    return next((one.id for one in reversed(attempts) if one.incident.upper() == wanted), id)


def _last_run(target: Path) -> str:
    from aidbt.core.errors import ArtifactError
    from aidbt.project.artifacts import read_run_results

    try:
        return read_run_results(target / "run_results.json").metadata.invocation_id
    except ArtifactError:
        return ""


def _lines(taken: Sequence[Attempt], left: Sequence[str]) -> list[str]:
    lines = [f"{one.id} is taken back: {one.title}" for one in taken]
    lines += [f"the view {name} could not be made again as it was" for name in left]
    return [*lines, "the tables are those from before the mend; its cause is a person's now"]
