"""`heal.hold`: the tables that a failed build replaced are put back: readers keep the last good ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from aidbt.cli.render import bold, dim

if TYPE_CHECKING:
    from aidbt.healing.held_build import HeldBuild
    from aidbt.project.dbt import RunReport
    from aidbt.project.manifest import Manifest
    from aidbt.session import Session


@dataclass(slots=True)
class Holding:
    """What holding the tables of before came to.

    Attributes:
        build: None where nothing is kept.
        problem: why nothing is kept, or it could not be put back; "" otherwise.
        is_held: whether the tables of before were put back.
        left: names of the tables that stay as the run left them.
    """

    build: HeldBuild | None = None
    problem: str = ""
    is_held: bool = False
    left: list[str] = field(default_factory=list)
    _before: tuple[Manifest, str] | None = None

    def end(self, report: RunReport, *, is_mended: bool) -> None:
        """Put the tables back after a run that failed and was not mended; else forget them. Once only."""
        build, self.build = self.build, None
        if build is None:
            return
        if is_mended or report.status in ("success", "nothing_selected") or not report.invocation_id:
            build.forget()
            return
        from aidbt.healing.held_build import left_as_built

        self.problem = build.put_back()
        self.is_held = not self.problem
        if self._before is not None:
            ran = {result.unique_id for result in report.results if result.status == "success"}
            self.left = left_as_built(self._before[0], ran, self._before[1])

    def end_anyway(self, report: RunReport) -> None:
        """Let the command end it, where what comes after the run ends by an error."""
        click.get_current_context().call_on_close(lambda: self.end(report, is_mended=False))

    def lines(self) -> Iterator[str]:
        """For people."""
        if self.is_held:
            but = f"; {', '.join(self.left)} as the run left it" if self.left else ""
            yield f"{bold('held')}: readers have the tables of before this run, until a build is green{but}"
        if self.problem:
            yield dim(f"tables are not held: {self.problem}")

    def for_programs(self) -> dict[str, Any]:
        """For `--output json`."""
        return {"is_held": self.is_held, "problem": self.problem, "left": self.left}


def begun(session: Session) -> Holding:
    """The tables kept before a build, where `heal.hold` asks for it. No build fails by it."""
    from aidbt.core.errors import AidbtError
    from aidbt.healing.held_build import HeldBuild, held_places, kept_build
    from aidbt.project.duckdb_path import resolve_duckdb_path
    from aidbt.project.manifest import manifest_of
    from aidbt.store.good_states import GoodStates
    from aidbt.store.leases import Leases, this_process

    settings, project = session.settings.values, session.project
    if not settings.heal.hold:
        return Holding()
    try:
        profile = project.profile()
        good = GoodStates(session.store).last(profile.target)
        text = good.artifacts.get("manifest.json") if good is not None else None
        if text is None:
            return Holding(problem="there is no last good state yet")
        database = resolve_duckdb_path(profile, project).stem if profile.type == "duckdb" else ""
        before = manifest_of(json.loads(text), "the kept manifest"), database
        file, results = kept_build(project.root, profile), project.target_path / "run_results.json"
        one_at_a_time = Leases(session.store).leased([f"build {file}"], this_process("build"))
        click.get_current_context().with_resource(one_at_a_time)
        build = HeldBuild(
            file, lambda: session.warehouse_at_once, results, scan_bytes=settings.budget.scan_bytes
        )
        problem = build.begin(held_places(*before))
    except AidbtError as error:
        return Holding(problem=error.message)
    return Holding(None if problem else build, problem, _before=before)
