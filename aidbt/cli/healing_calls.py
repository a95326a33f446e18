"""Healing as the commands call it: with the session's project, store, warehouse and people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aidbt.core.healing import Diagnosis
    from aidbt.core.resilience import Clock
    from aidbt.healing.controller.hands import Means, Ran
    from aidbt.healing.controller.healing import Healed
    from aidbt.healing.controller.rerun import Rerun
    from aidbt.healing.evidence.case import Case
    from aidbt.project import Project
    from aidbt.session import Session


def healed_causes(session: Session, artifacts: Path | None = None) -> list[Healed]:
    """Every cause of the last run, taken as far as it gets.

    Raises:
        UsageError: no run left anything, or healing is paused.
        StoreError: the store cannot be read or written.
    """
    from aidbt.cli.classifying import by_project
    from aidbt.cli.diagnose import causes_of

    require_not_paused(session)
    case = read_to_heal(session, artifacts)
    return heal_case(session, case, causes_of(case, by_project(session)))


def read_to_heal(session: Session, artifacts: Path | None = None, *, clock: Clock | None = None) -> Case:
    """All that is known of a failed run. Where somebody just holds the warehouse, and that is not why it
    failed, it is waited for: without it little is known.

    Raises:
        UsageError: there is nothing in the folder.
    """
    from random import Random

    from aidbt.cli.diagnose import read
    from aidbt.core.healing import Stage
    from aidbt.core.resilience import RetryPolicy, SystemClock

    pauses, rng, watch = RetryPolicy(tries=5, base_s=2, cap_s=30), Random(), clock or SystemClock()
    case = read(session, artifacts)
    for number in range(1, pauses.tries):
        is_away = case.reached is not None and case.reached.is_locked
        if not is_away or case.run.stage in (Stage.CONNECT, Stage.DATA):
            break
        watch.sleep(pauses.base_s + pauses.delay_s(number, rng))
        case = read(session, artifacts)
    return case


def require_not_paused(session: Session) -> None:
    """Refuse while somebody has paused healing.

    Raises:
        UsageError: somebody has.
        StoreError: the store cannot be read.
    """
    from aidbt.core.errors import UsageError
    from aidbt.healing.controller.pausing import paused

    pause = paused(session.store)
    if pause:
        raise UsageError(f"healing is paused {pause}", hint="aidbt heal resume ends it")


def means_of(session: Session) -> Means:
    """What a healer has to work with where no run of dbt is healed."""
    return _means(session, session.project, None, [])


def heal_case(
    session: Session,
    case: Case,
    causes: Sequence[Diagnosis],
    *,
    pushes: bool = False,
    tells: bool = True,
) -> list[Healed]:
    """The causes of one failed run, taken as far as they get.

    Args:
        tells: whether each is an incident, of which people hear.
        pushes: whether what is proposed is pushed, and its pull request opened or brought up to date.

    Raises:
        StoreError: the store cannot be read or written.
    """
    from aidbt.cli.classifying import with_past
    from aidbt.cli.good_state import kept_after_build
    from aidbt.cli.heal_incidents import keep_causes, tell_healed, without_expected
    from aidbt.healing.controller.healing import heal_causes

    manifest, run = case.best_manifest, case.run
    looked = case.tables if run.is_green else ()
    since = case.good.taken_at if case.good is not None else None
    causes = with_past(session, without_expected(session, causes, since=since))
    incidents: dict[str, str] = {}
    if tells:
        incidents = keep_causes(session, causes, manifest, run=run.invocation_id, looked=looked, since=since)
    target = _target_of(session.project, case)
    project = _as_asked(session.project, run.command, target)
    ran: list[Ran] = []
    means = _means(session, project, manifest, ran, pushes=pushes)
    healed = heal_causes(case, causes, means, target=target, incidents=incidents)
    if ran and ran[-1].is_green:
        kept_after_build(session)
    tell_healed(session, healed)
    return healed


def _target_of(project: Project, case: Case) -> str:
    """The target of the project, also where its profile is what is wrong: that of the last good run then."""
    from aidbt.core.errors import ProjectError

    try:
        return project.profile().target
    except ProjectError:
        return project.target_name or (case.good.target if case.good is not None else "")


def _as_asked(project: Project, command: str, own: str) -> Project:
    """The project with the variables of the failed command.

    Raises:
        UsageError: that command was about another target, or set other variables.
    """
    from dataclasses import replace

    from aidbt.core.errors import UsageError
    from aidbt.healing.controller.asked import asked_of

    asked = asked_of(command)
    target = asked.value("target")
    if target and own and target != own:
        raise UsageError(
            f"what failed was about the target '{target}', and this is '{own}'",
            hint=f"say so: --target {target}",
        )
    if project.vars and asked.vars and project.vars != asked.vars:
        raise UsageError(
            "what failed was run with other --vars than these", hint=f"its command was: {command}"
        )
    return replace(project, vars=asked.vars) if asked.vars else project


def actor(session: Session) -> str:
    """Who runs the command, for the audit: git's user.email, else the name of the user."""
    from aidbt.cli.telling import me
    from aidbt.patching.commits import user

    return user(session.project.root) or me()


def _means(
    session: Session, project: Project, manifest: Any, ran: list[Ran], *, pushes: bool = False
) -> Means:
    from random import Random

    from aidbt.cli.classifying import by_project
    from aidbt.cli.diagnose import causes_of
    from aidbt.cli.heal_incidents import tell
    from aidbt.core.resilience.clock import SystemClock
    from aidbt.healing.controller.hands import Means
    from aidbt.healing.controller.healing import rules_of

    who = actor(session)

    def run(rerun: Rerun) -> Ran:
        ran.append(_run(session, project, rerun))
        return ran[-1]

    return Means(
        project=project,
        settings=session.settings.values,
        store=session.store,
        warehouse=lambda: session.warehouse_at_once,
        run=run,
        tell=lambda attempt, diagnosis: tell(session, attempt, diagnosis),
        rules=rules_of(session.settings.values.heal, session.store, who, manifest),
        actor=who,
        clock=SystemClock(),
        rng=Random(),
        diagnose=lambda case: causes_of(case, by_project(session)),
        pushes=pushes,
    )


def _run(session: Session, project: Project, rerun: Rerun) -> Ran:
    from aidbt.healing.controller.hands import Ran
    from aidbt.observability.runs import build_and_record

    report = build_and_record(
        project, session.settings.values.dbt, session.store, session.cache, command=rerun.command,
        select=rerun.select, options=rerun.options,
    )  # fmt: skip
    said = next((failure.in_a_line() for failure in report.failures), report.status)
    return Ran(report.succeeded, "" if report.succeeded else said[:300], report.invocation_id)
