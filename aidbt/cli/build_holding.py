"""`heal.hold`: the tables that a failed build replaced are put back: readers keep the last good ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aidbt.cli.render import bold, dim

if TYPE_CHECKING:
    from aidbt.healing.held_build import HeldBuild
    from aidbt.project.dbt import RunReport
    from aidbt.session import Session


@dataclass(slots=True)
class Holding:
    """What holding the tables of before came to.

    Attributes:
        build: None where nothing is kept.
        problem: why nothing is kept, or it could not be put back; "" otherwise.
        is_held: whether the tables of before were put back.
    """

    build: HeldBuild | None = None
    problem: str = ""
    is_held: bool = False

    def end(self, report: RunReport, *, is_mended: bool) -> None:
        """Put the tables back after a run that failed and was not mended; else forget them."""
        if self.build is None:
            return
        if is_mended or report.status in ("success", "nothing_selected") or not report.invocation_id:
            self.build.forget()
            return
        self.problem = self.build.put_back()
        self.is_held = not self.problem

    def lines(self) -> Iterator[str]:
        """For people."""
        if self.is_held:
            yield f"{bold('held')}: readers have the tables of before this run, until a build is green"
        if self.problem:
            yield dim(f"tables are not held: {self.problem}")

    def for_programs(self) -> dict[str, Any]:
        """For `--output json`."""
        return {"is_held": self.is_held, "problem": self.problem}


def begun(session: Session) -> Holding:
    """The tables kept before a build, where `heal.hold` asks for it. No build fails by it."""
    from aidbt.core.errors import AidbtError
    from aidbt.healing.held_build import HeldBuild, held_places
    from aidbt.project.manifest import manifest_of
    from aidbt.store.good_states import GoodStates

    settings, project = session.settings.values, session.project
    if not settings.heal.hold:
        return Holding()
    try:
        good = GoodStates(session.store).last(project.profile().target)
        text = good.artifacts.get("manifest.json") if good is not None else None
        if text is None:
            return Holding(problem="there is no last good state yet")
        places = held_places(manifest_of(json.loads(text), "the kept manifest"))
        results = project.target_path / "run_results.json"
        build = HeldBuild(
            project.root, lambda: session.warehouse_at_once, results, scan_bytes=settings.budget.scan_bytes
        )
        problem = build.begin(places)
    except AidbtError as error:
        return Holding(problem=error.message)
    return Holding(None if problem else build, problem)
