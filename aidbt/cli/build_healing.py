"""What a build has to do with healing: a green one ends what was mended, a failed one may begin it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aidbt.cli.render import dim, plain

if TYPE_CHECKING:
    from aidbt.core.attempts import Attempt
    from aidbt.healing.controller.healing import Healed
    from aidbt.project.dbt import RunReport
    from aidbt.session import Session


@dataclass(frozen=True, slots=True)
class Healing:
    """What was healed after a build.

    Attributes:
        healed: causes that were worked on.
        over: attempts that a green run ended.
        problem: why nothing could be looked at.
    """

    healed: tuple[Healed, ...] = ()
    over: tuple[Attempt, ...] = ()
    problem: str = ""

    @property
    def is_done(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.healed or self.over or self.problem)

    @property
    def mended_all(self) -> bool:
        """Whether there were causes and every one of them is mended now."""
        return bool(self.healed) and all(one.attempt.state in ("promoted", "resolved") for one in self.healed)

    def lines(self) -> Iterator[str]:
        """The screen."""
        from aidbt.cli.heal import healed_lines, over_lines

        if self.healed:
            yield from healed_lines(self.healed)
        if self.problem:
            yield dim(f"nothing was healed: {self.problem}")
        yield from over_lines(self.over)

    def for_programs(self) -> dict[str, Any]:
        """The same for `--output json`."""
        over = [one.id for one in self.over]
        return {"causes": [plain(one) for one in self.healed], "over": over, "problem": self.problem}


def healed_after_build(session: Session, report: RunReport, *, is_asked: bool, is_whole: bool) -> Healing:
    """After a green run what it ends, and if asked, after one of the whole project, what monitors found of
    high severity; after a failed one, if asked, its causes healed.

    No build fails by it.
    """
    from aidbt.cli.heal_from import healed_of_monitors
    from aidbt.cli.heal_incidents import end_mended, goes_on
    from aidbt.cli.healing_calls import actor
    from aidbt.core.errors import AidbtError
    from aidbt.healing.controller.healing import end_what_is_over

    try:
        if report.succeeded and is_whole:
            target, root = session.project.profile().target, session.project.root
            ended = end_what_is_over(
                session.store, who=actor(session), target=target, root=root, still=goes_on(session),
                why=f"run {report.invocation_id} is green",
            )  # fmt: skip
            healed = healed_of_monitors(session, None) if is_asked else []
            return Healing(healed=tuple(healed), over=tuple(ended))
        if report.succeeded:
            return Healing(over=tuple(end_mended(session, actor(session))))
        if is_asked and report.status in ("failed", "error"):
            return Healing(healed=tuple(_healed(session, report)))
    except AidbtError as error:
        return Healing(problem=error.message)
    return Healing()


def _healed(session: Session, report: RunReport) -> list[Healed]:
    """The causes of the run, healed; of one that did not get as far as writing anything by what dbt said."""
    from aidbt.cli.healing_calls import healed_causes

    if report.invocation_id:
        return healed_causes(session)
    said = "\n".join(failure.message for failure in report.failures)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "stdout.txt").write_text(f"Encountered an error:\n{said}\n", encoding="utf-8")
        return healed_causes(session, Path(folder))
