"""Why an observed run failed, and the incidents that its causes are; no observing fails by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aidbt.cli.render import bold, count, dim, plain

if TYPE_CHECKING:
    from aidbt.core.attempts import Attempt
    from aidbt.core.healing import Diagnosis
    from aidbt.observability.observing.observe import Observed
    from aidbt.observability.recorded import RecordedRun
    from aidbt.session import Session

# What the sources and the warehouse are now says nothing of a run that is older.
_FRESH = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Caused:
    """The causes of an observed run.

    Attributes:
        incidents: key of a cause → id of its incident.
        problem: why they could not be looked for; "" otherwise.
        over: attempts to mend something that what was observed shows to be over.
    """

    causes: tuple[Diagnosis, ...] = ()
    incidents: dict[str, str] | None = None
    problem: str = ""
    over: tuple[Attempt, ...] = ()

    def lines(self) -> Iterator[str]:
        """For people: a line for each cause."""
        if self.problem:
            yield dim(f"why it failed was not looked for: {self.problem}")
        for cause in self.causes:
            said = cause.proof[0].text if cause.proof else cause.error_class.meaning
            yield f"{bold((self.incidents or {}).get(cause.key, '-'))}  {cause.error_class}: {said}"
        if self.causes:
            yield f"{count(len(self.causes), 'cause')}; {bold('next')}: aidbt heal run, or aidbt diagnose"

    def for_programs(self) -> list[dict[str, Any]]:
        """For programs."""
        known = self.incidents or {}
        return [{**plain(cause), "incident": known.get(cause.key, "")} for cause in self.causes]


def caused(session: Session, observed: Observed, artifacts: Sequence[Path]) -> Caused:
    """The causes of the newest observed run where it failed, and their incidents.

    Only where one folder was named, and its run is new, of the last day and of the watched target: then the
    artifacts that lie there are its own. A good run ends what it shows to be over.
    """
    from aidbt.cli.classifying import by_project
    from aidbt.cli.diagnose import causes_of, read
    from aidbt.cli.heal_incidents import end_mended, keep_causes, tell_runs
    from aidbt.cli.healing_calls import actor
    from aidbt.cli.open_runs import require_open
    from aidbt.core.errors import AidbtError
    from aidbt.observability.targets import is_watched, watched_target

    last: RecordedRun | None = max(observed.runs, key=lambda run: run.finished_at, default=None)
    if last is None:
        return Caused()
    try:
        tell_runs(session)
        is_ours = is_watched(last, watched_target(session.project))
        over = tuple(end_mended(session, actor(session)))
        if last.status == "success" or len(artifacts) > 1 or not is_ours:
            return Caused(over=over)
        if datetime.now(UTC) - last.finished_at > _FRESH:
            return Caused(problem="it ended more than a day ago", over=over)
        place = artifacts[0] if artifacts else session.project.target_path
        case = read(session, place if place.is_dir() else place.parent)
        require_open(session, case)
        causes = causes_of(case, by_project(session))
        known = keep_causes(session, causes, case.best_manifest, run=case.run.invocation_id)
        return Caused(causes, {cause.key: known.get(cause.key, "") for cause in causes}, over=over)
    except AidbtError as error:
        return Caused(problem=error.message)
