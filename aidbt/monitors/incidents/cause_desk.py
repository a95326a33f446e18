"""Where the causes that diagnosis found become incidents, and what is done about them is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from aidbt.core.config import Settings
from aidbt.core.incidents import ALIVE, Incident, IncidentChange, What
from aidbt.monitors.incidents.desk import announcer
from aidbt.monitors.incidents.diagnosed import Seen, noted, with_causes
from aidbt.monitors.incidents.surroundings import Surroundings
from aidbt.store import Store
from aidbt.store.incidents import Incidents


def record_causes(
    store: Store, seen: Seen, around: Surroundings, settings: Settings, *, now: datetime | None = None
) -> tuple[IncidentChange, ...]:
    """What the causes of a run mean for the incidents, saved together with whom it is to be told to.

    Raises:
        StoreError: the store cannot be written; nothing was saved.
    """
    at = now or datetime.now(UTC)
    budget = settings.monitors.false_alarms
    return Incidents(store).change(
        lambda known: with_causes(known, seen, around, now=at, false_alarms=budget),
        announcer(settings, around.paths, at),
    )


def incidents_of_causes(store: Store, target: str) -> dict[str, Incident]:
    """Key of a cause → its incident, of those that are open.

    Raises:
        StoreError: the store cannot be read.
    """
    alive = Incidents(store).all(states=ALIVE)
    return {one.found.key: one for one in alive if one.found is not None and one.found.target == target}


def note_attempt(
    store: Store,
    id: str,
    what: What,
    text: str,
    around: Surroundings,
    settings: Settings,
    *,
    attempt: str,
    now: datetime | None = None,
) -> tuple[IncidentChange, ...]:
    """What became of the attempt to mend an incident's cause, noted and told; once, however often it is said.

    Raises:
        StoreError: the store cannot be written.
    """
    at = now or datetime.now(UTC)

    def decide(known: Sequence[Incident]) -> tuple[IncidentChange, ...]:
        of_it = next((one for one in known if one.id == id and not one.state.is_over), None)
        change = noted(of_it, what, text, now=at, attempt=attempt) if of_it is not None else None
        return () if change is None else (change,)

    return Incidents(store).change(decide, announcer(settings, around.paths, at))
