"""The tables that stood before a deployment: kept until its outcome is known, and put back when it fails."""

from __future__ import annotations

import contextlib
from pathlib import Path

from aidbt.core.attempts import Attempt
from aidbt.core.errors import AidbtError
from aidbt.core.patch import state_dir
from aidbt.healing.controller.means import Means
from aidbt.healing.controller.rerun import OF_COMMAND, Rerun
from aidbt.healing.held_build import keep_places
from aidbt.warehouse.kept_tables import forget_tables, put_back


def kept_file(root: Path, attempt: Attempt) -> Path:
    """Where the tables of before are kept; a new store counts from HEAL-1 again."""
    return state_dir(root) / "heal" / "kept" / f"{attempt.id}-{attempt.opened_at:%Y%m%d%H%M%S}.duckdb"


def run_file(root: Path, attempt: Attempt) -> Path:
    """Where the id of the run that replaced them is."""
    return kept_file(root, attempt).with_suffix(".run")


def forget(root: Path, attempt: Attempt) -> None:
    """Remove what was kept for an attempt."""
    forget_tables(kept_file(root, attempt))
    with contextlib.suppress(OSError):
        run_file(root, attempt).unlink(missing_ok=True)


class Standing:
    """The tables that one attempt's run will replace. What cannot be kept or put back is told, not raised."""

    def __init__(self, means: Means, attempt: Attempt) -> None:
        self._means = means
        self._root = means.project.root
        self._attempt = attempt

    def keep(self, run: Rerun) -> str:
        """Keep what stands where a run builds; why not, "" when it is kept, or it builds nothing."""
        places = run.places
        if not places:
            return "it is not known which tables it replaces" if run.command in OF_COMMAND else ""
        return keep_places(
            self._means.warehouse,
            places,
            kept_file(self._root, self._attempt),
            root=self._root,
            scan_bytes=self._means.settings.budget.scan_bytes,
        )

    def put_back(self, unkept: str) -> str:
        """Put them back; what to say of it after the reason, "" where all is as before."""
        if unkept:
            return f"; the tables stay as that run left them: {unkept}"
        file = kept_file(self._root, self._attempt)
        if not file.exists():
            return ""
        try:
            left = put_back(self._means.warehouse(), file)
        except AidbtError as error:
            return f"; the tables of before could not be put back: {error.message}"
        forget(self._root, self._attempt)
        return f"; {left[0]} could not be made again as it was" if left else ""

    def note_run(self, run: str) -> None:
        """Note which run replaced them, for whoever wants them back later."""
        with contextlib.suppress(OSError):
            run_file(self._root, self._attempt).write_text(run, encoding="utf-8")
