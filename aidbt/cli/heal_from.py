"""What sets healing going, one entry for all: failed runs, monitors, new columns, checks of sources, dead
letters."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from aidbt.core.attempts import Attempt
    from aidbt.core.healing import Diagnosis
    from aidbt.healing.controller.healing import Healed
    from aidbt.healing.controller.means import Means
    from aidbt.healing.evidence.case import Case
    from aidbt.healing.triggers.source_hands import SourceHands
    from aidbt.session import Session

TRIGGERS = ("runs", "monitors", "new-columns", "connectors", "dead-letters")
from_option = click.option(
    "--from",
    "triggers",
    multiple=True,
    type=click.Choice(TRIGGERS),
    help="Only what these found: failed runs, monitors' incidents of high severity, columns that came to"
    " mapped tables, failed health checks of sources, dead letters; all of them by default.",
)
# Keys of causes that no run of dbt ends.
_OF_SOURCES = {"connectors": "connector|", "dead-letters": "letters|"}


def healed_from(
    session: Session, triggers: Collection[str], artifacts: Path | None, *, pushes: bool = False
) -> tuple[list[Healed], list[Attempt]]:
    """Every cause that the triggers found, taken as far as it gets, and the attempts that a green run ended;
    all triggers where none is named.

    Args:
        pushes: see `heal_case`.

    Raises:
        UsageError: healing is paused, or no run left anything and nothing else is wrong.
        StoreError: the store cannot be read or written.
    """
    from aidbt.cli.healing_calls import heal_case, require_not_paused
    from aidbt.cli.open_runs import require_open
    from aidbt.core.errors import UsageError

    require_not_paused(session)
    wanted = set(triggers or TRIGGERS)
    healed: list[Healed] = []
    over: list[Attempt] = []
    case: Case | None = None
    causes: Sequence[Diagnosis] = ()
    problem: UsageError | None = None
    if wanted & {"runs", "monitors", "new-columns"}:
        try:
            case, causes = _last_run(session, artifacts)
            require_open(session, case)
        except UsageError as error:
            problem, case, causes = error, None, ()
    if "runs" in wanted and case is not None:
        healed += heal_case(session, case, causes, pushes=pushes)
        if _is_new_and_green(case) and not causes:
            over = _over(session, artifacts)
    if "monitors" in wanted:
        healed += healed_of_monitors(session, case, causes)
    if "new-columns" in wanted and case is not None and case.run.is_green and not causes:
        from aidbt.cli.heal_columns import healed_of_new_columns

        healed += healed_of_new_columns(session, case, pushes=pushes)
    if wanted & _OF_SOURCES.keys():
        healed += _healed_of_sources(session, wanted & _OF_SOURCES.keys())
    if problem is not None and not healed and (not triggers or {"runs", "new-columns"} & set(triggers)):
        raise problem
    return healed, over


def _is_new_and_green(case: Case) -> bool:
    """Whether somebody made a run that went well after the last good state was kept."""
    return case.run.is_green and (case.good is None or case.run.invocation_id != case.good.invocation_id)


def _over(session: Session, artifacts: Path | None) -> list[Attempt]:
    """What that run ended; it is recorded first."""
    from aidbt.cli.heal_incidents import end_mended, tell_runs
    from aidbt.cli.healing_calls import actor
    from aidbt.cli.observe import taken_in

    taken_in(session, (artifacts,) if artifacts is not None else ())
    tell_runs(session)
    return end_mended(session, actor(session))


def _last_run(session: Session, artifacts: Path | None) -> tuple[Case, tuple[Diagnosis, ...]]:
    from aidbt.cli.classifying import by_project
    from aidbt.cli.diagnose import causes_of
    from aidbt.cli.healing_calls import read_to_heal

    case = read_to_heal(session, artifacts)
    return case, causes_of(case, by_project(session))


def healed_of_monitors(session: Session, case: Case | None, known: Sequence[Diagnosis] = ()) -> list[Healed]:
    """The incidents of high severity that only monitors found, taken as far as they get.

    Args:
        case: the last run, where one left anything; `known` are its causes.

    Raises:
        StoreError: the store cannot be read or written.
    """
    from aidbt.cli.healing_calls import heal_case
    from aidbt.core.healing import Stage
    from aidbt.core.incidents import ALIVE
    from aidbt.healing.evidence.case import Case
    from aidbt.healing.evidence.failed_run import FailedRun
    from aidbt.healing.triggers.monitors import causes_of_monitors
    from aidbt.store.incidents import Incidents

    causes = list(causes_of_monitors(Incidents(session.store).all(states=ALIVE), known))
    if not causes:
        return []
    project = session.project
    case = case or Case(project=project.name, root=project.root, run=FailedRun(Stage.DATA))
    return heal_case(session, case, causes)


# --- sources ------------------------------------------------------------------------------------------


def _healed_of_sources(session: Session, wanted: Collection[str]) -> list[Healed]:
    from aidbt.cli.heal_incidents import keep_causes, tell_healed
    from aidbt.cli.healing_calls import means_of
    from aidbt.cli.ingest_sources import has_connectors
    from aidbt.core.errors import MissingExtra
    from aidbt.healing.controller.healing import end_what_passed

    if not has_connectors(session):
        return []
    try:
        import ingestion  # noqa: F401
    except MissingExtra as error:
        click.echo(f"sources were not looked at: {error.message}; {error.hint}", err=True)
        return []
    means = means_of(session)
    works: list[SourceHands] = []
    looked: list[str] = []
    if "connectors" in wanted:
        works += _ill_sources(session, means, looked)
    if "dead-letters" in wanted:
        works += _dead_letters(session, means, looked)
    incidents = keep_causes(session, [hands.diagnosis for hands in works], None, looked=looked)
    healed = [_worked(hands, means, incidents) for hands in works]
    end_what_passed(means, [_OF_SOURCES[name] for name in wanted], {h.diagnosis.key for h in works}, looked)
    tell_healed(session, healed)
    return healed


def _ill_sources(session: Session, means: Means, looked: list[str]) -> Iterator[SourceHands]:
    from aidbt.cli.classifying import by_project
    from aidbt.cli.heal_sources import hands_of_source
    from aidbt.cli.ingest_sources import checked_sources
    from aidbt.healing.triggers.connectors import connector_of, ill_sources

    found = checked_sources(session)
    looked += [connector_of(source) for source in found]
    pairs = [(source, finding) for source, some in found.items() for finding in some]
    for cause in ill_sources(pairs, by_project(session)):
        yield hands_of_source(session, means, cause)


def _dead_letters(session: Session, means: Means, looked: list[str]) -> Iterator[SourceHands]:
    from aidbt.cli.heal_letters import dead_letters, hands_of_letters
    from aidbt.cli.ingest_sources import configured
    from aidbt.core.errors import AidbtError
    from aidbt.core.incidents import ALIVE
    from aidbt.store.incidents import Incidents

    try:
        connectors = configured(session, [])
        found = dead_letters(session, connectors)
    except (
        AidbtError
    ) as error:  # a file that is broken, or a warehouse that is away: the health check says it
        click.echo(f"dead letters were not looked at: {error.message}", err=True)
        return
    for one in Incidents(session.store).all(states=ALIVE):
        if one.found is not None and one.found.key.startswith(_OF_SOURCES["dead-letters"]):
            looked.append(one.found.root)
    for connector, letters in found:
        yield hands_of_letters(session, means, connector, letters)


def _worked(hands: SourceHands, means: Means, incidents: dict[str, str]) -> Healed:
    """What became of one cause; one that is over by the mend has its end at once."""
    from aidbt.core.attempts import AttemptState
    from aidbt.healing.controller.attempt import end, heal
    from aidbt.healing.controller.outcomes import past_case
    from aidbt.store.attempts import Attempts
    from aidbt.store.cases import Cases
    from aidbt.store.leases import Leases, this_process

    attempts, leases = Attempts(means.store, means.actor), Leases(means.store)
    key, target = hands.diagnosis.key, means.project.profile().target
    opened = attempts.open(key, target, incident=incidents.get(key, ""))
    outcome = heal(opened, hands, attempts, leases, holder=this_process("aidbt heal"))
    attempt = outcome.attempt
    if attempt.state is AttemptState.PROMOTED and not hands.still():
        Cases(means.store, means.actor).add(past_case(attempt, "right", attempt.why))
        attempt = end(attempt, attempts, leases, holder=means.actor, why=attempt.why)
    return hands.healed(attempt, outcome.problem)
