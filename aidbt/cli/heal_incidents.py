"""What healing has to do with incidents: one for each cause, told to people, ended by a green run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aidbt.core.attempts import Attempt
    from aidbt.core.healing import Diagnosis
    from aidbt.core.incidents import What
    from aidbt.core.table_state import GoodState
    from aidbt.healing.controller.healing import Healed
    from aidbt.monitors.incidents.surroundings import Surroundings
    from aidbt.project.manifest import Manifest
    from aidbt.session import Session

_TOLD: dict[str, What] = {
    "proposed": "proposed", "promoted": "mended", "resolved": "mended",
    "escalated": "handed over", "waiting": "handed over",
}  # fmt: skip

_CLASSIFICATION = "aidbt.classification"


def keep_causes(
    session: Session,
    causes: Sequence[Diagnosis],
    manifest: Manifest | None,
    *,
    run: str = "",
    looked: Collection[str] = (),
    since: datetime | None = None,
) -> dict[str, str]:
    """Key of a cause → id of its incident, each opened or brought up to date, and told to people.

    Args:
        manifest: of the run; it says what lies where, and who owns it.
        looked, since: see `Seen`.

    Raises:
        StoreError: the store cannot be read or written.
    """
    from aidbt.cli.telling import deliver_due
    from aidbt.monitors.incidents.cause_desk import incidents_of_causes, record_causes
    from aidbt.monitors.incidents.diagnosed import Seen
    from aidbt.observability.targets import watched_target

    target = watched_target(session.project)
    seen = Seen(causes, target, run, frozenset(looked), since)
    changes = record_causes(session.store, seen, _around(session, manifest, causes), session.settings.values)
    if changes:
        deliver_due(session)
    return {key: incident.id for key, incident in incidents_of_causes(session.store, target).items()}


def tell(session: Session, attempt: Attempt, diagnosis: Diagnosis) -> None:
    """Tell people what became of an attempt; the same is told once.

    Raises:
        StoreError: it cannot be noted, so nobody would be told.
    """
    from aidbt.cli.telling import around_of, deliver_due
    from aidbt.healing.runbooks import runbook_of
    from aidbt.monitors.incidents.cause_desk import incidents_of_causes, note_attempt
    from aidbt.observability.targets import watched_target

    of_it = incidents_of_causes(session.store, watched_target(session.project)).get(diagnosis.key)
    incident, what = of_it.id if of_it is not None else attempt.incident, _TOLD.get(attempt.state)
    if not incident or what is None:
        return
    settings, page = session.settings.values, ""
    if what == "handed over":
        page = runbook_of(session.project.root, settings.heal.runbooks, diagnosis.error_class)
    text = f"{attempt.id}: {attempt.why}" + (f"; runbook: {page}" if page else "")
    said = note_attempt(session.store, incident, what, text, around_of(session), settings, attempt=attempt.id)
    if said:
        deliver_due(session)


def tell_healed(session: Session, healed: Sequence[Healed]) -> None:
    """Tell people what became of causes, and end the incidents that the runs of healing ended.

    Raises:
        StoreError: the store cannot be read or written.
    """
    for one in healed:
        tell(session, one.attempt, one.diagnosis)
    tell_accuracy(session)
    if any(one.attempt.state in ("promoted", "resolved") for one in healed):
        tell_runs(session)


def tell_taken_back(session: Session, taken: Sequence[Attempt], who: str) -> list[Attempt]:
    """Tell people of mends that were taken back: their causes are there again. The attempts as they are now.

    Raises:
        StoreError: the store cannot be read or written.
    """
    from aidbt.core.failures import ErrorClass
    from aidbt.core.healing import Diagnosis, Evidence, Stage
    from aidbt.healing.controller.attempt import end
    from aidbt.healing.controller.states import Event
    from aidbt.store.attempts import Attempts
    from aidbt.store.leases import Leases, this_process

    causes = [
        Diagnosis(
            one.key, ErrorClass(one.error_class), one.confidence, Stage.NODE, one.root,
            proof=(Evidence("log", one.id, f"{one.title}: its mend was taken back"),), next_step=one.why,
        )
        for one in taken
    ]  # fmt: skip
    keep_causes(session, causes, None)
    attempts, leases = Attempts(session.store, who), Leases(session.store)
    now = []
    for attempt, cause in zip(taken, causes, strict=True):
        tell(session, attempt, cause)
        told = end(
            attempt, attempts, leases, holder=this_process("aidbt heal"), why=attempt.why, event=Event.ALERTED
        )
        now.append(told)
    return now


def tell_runs(session: Session) -> None:
    """Tell incidents what the runs say that they have not heard of. Where none is open nothing can end, and
    what failed is left to who asks for it.

    Raises:
        StoreError: the store cannot be read or written.
    """
    from aidbt.cli.telling import around_of, deliver_due
    from aidbt.core.incidents import ALIVE
    from aidbt.monitors.incidents.changes import News
    from aidbt.monitors.incidents.desk import record
    from aidbt.observability.failing_runs import remember_runs, run_news
    from aidbt.observability.targets import watched_target
    from aidbt.store.incidents import Incidents

    store = session.store
    if not Incidents(store).count(states=ALIVE):
        return
    runs = run_news(store, target=watched_target(session.project))
    news = News(failures=runs.failures, succeeded=runs.succeeded)
    changes = record(store, news, around_of(session), session.settings.values)
    remember_runs(store, runs)
    if changes:
        deliver_due(session)


def end_mended(session: Session, who: str) -> list[Attempt]:
    """End the attempts whose incident is resolved, whoever made the run that showed it: the deployed commit
    holds the mend, or a person mended it.

    Args:
        who: ends them, for the audit.

    Raises:
        StoreError: the store cannot be read or written.
    """
    from aidbt.core.incidents import IncidentState
    from aidbt.healing.controller.healing import end_what_is_over
    from aidbt.observability.targets import watched_target
    from aidbt.store.attempts import ALIVE, Attempts
    from aidbt.store.incidents import Incidents

    store = session.store
    if not Attempts(store, who).all(states=ALIVE):
        return []
    resolved = {one.id for one in Incidents(store).all(states=[IncidentState.RESOLVED])}
    return end_what_is_over(
        store, who=who, target=watched_target(session.project), root=session.project.root,
        why="its incident is resolved", passed=resolved,
    )  # fmt: skip


def tell_accuracy(session: Session) -> None:
    """Open an incident where classes were right less often lately than they claimed, and end it where not.

    Raises:
        StoreError: the store cannot be read or written.
    """
    from aidbt.cli.classifying import accuracy
    from aidbt.core.failures import ErrorClass
    from aidbt.core.healing import Diagnosis, Evidence, Stage

    found = accuracy(session)
    causes = []
    if found is not None:
        causes.append(
            Diagnosis(
                found.code,
                ErrorClass.UNCLASSIFIED_ERROR,
                0.6,
                Stage.DATA,
                _CLASSIFICATION,
                proof=(Evidence("log", found.where, found.message),),
                next_step="aidbt classify --retrain; until it is better set heal.classes to propose",
            )
        )
    keep_causes(session, causes, None, looked=[_CLASSIFICATION])


def goes_on(session: Session) -> frozenset[str]:
    """Keys of the causes that a green run does not end: where no failed run, but something else, shows them.

    Raises:
        StoreError: the store cannot be read.
    """
    from aidbt.monitors.incidents.cause_desk import incidents_of_causes
    from aidbt.observability.targets import watched_target

    open_ones = incidents_of_causes(session.store, watched_target(session.project))
    return frozenset(key for key, incident in open_ones.items() if not incident.failures)


def judge(session: Session) -> Callable[[GoodState, GoodState, Manifest], list[Diagnosis]]:
    """Says what is wrong with the sources of a green run, without what a person said is none."""
    from aidbt.healing.triggers.green_run import wrong_sources
    from aidbt.store.good_states import GoodStates

    project, store = session.project, session.store

    def wrong(was: GoodState, now: GoodState, manifest: Manifest) -> list[Diagnosis]:
        mask = GoodStates(store).mask()
        found = wrong_sources(was, now, manifest, project=project.name, root=project.root, mask=mask)
        return without_expected(session, found, since=was.taken_at)

    return wrong


def without_expected(
    session: Session, causes: Sequence[Diagnosis], *, since: datetime | None
) -> list[Diagnosis]:
    """The causes without those that fail nothing and of which a person said that they are none.

    Args:
        since: when the state was taken that they were seen beside.

    Raises:
        StoreError: the store cannot be read.
    """
    from aidbt.monitors.incidents.diagnosed import said_to_be_none
    from aidbt.observability.targets import watched_target
    from aidbt.store.incidents import Incidents

    known = Incidents(session.store).all() if any(not cause.failures for cause in causes) else ()
    target = watched_target(session.project)
    return [cause for cause in causes if not said_to_be_none(known, cause, target, since)]


def _around(session: Session, manifest: Manifest | None, causes: Sequence[Diagnosis]) -> Surroundings:
    from aidbt.cli.fed_sources import feeds_of, ill_connectors
    from aidbt.cli.telling import around_of
    from aidbt.core.incidents import is_connector
    from aidbt.monitors.incidents.surroundings import surroundings, with_feeds

    ill = frozenset(cause.root for cause in causes if is_connector(cause.root))
    if manifest is None:
        return around_of(session, ill=ill)
    connectors = ill | ill_connectors(session)
    return with_feeds(surroundings(manifest), feeds_of(session, manifest, connectors) if connectors else {})
