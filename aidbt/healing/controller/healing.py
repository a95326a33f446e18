"""All causes of one failed run, one after the other; and what a green run ends."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from aidbt.core.attempts import Attempt, AttemptState
from aidbt.core.config import HealSettings
from aidbt.core.errors import LeaseTaken, ProjectError
from aidbt.core.failures import ErrorClass
from aidbt.core.healing import Diagnosis
from aidbt.core.measured import node_name
from aidbt.healing.controller.attempt import Outcome, end, end_of_waiting, heal
from aidbt.healing.controller.gate import Rules
from aidbt.healing.controller.hands import Means, ProjectHands, hands_behind, hands_of
from aidbt.healing.controller.outcomes import past_case
from aidbt.healing.controller.pausing import paused
from aidbt.healing.controller.standing import forget
from aidbt.healing.evidence.case import Case
from aidbt.patching.commits import holds
from aidbt.project.manifest import Manifest, Node
from aidbt.project.own_settings import own_setting
from aidbt.store import Store
from aidbt.store.attempts import ALIVE, Attempts
from aidbt.store.cases import Cases
from aidbt.store.cases import Outcome as Became
from aidbt.store.leases import Leases, this_process

_SETTLED = (AttemptState.PROMOTED, AttemptState.PROPOSED)
_TO_BE_TOLD = (AttemptState.ROLLED_BACK, AttemptState.ESCALATED)
OF_NEW_COLUMNS = "columns|"  # before the keys of causes that columns are which came to sources
_OFF = (False, "off", "never")  # YAML reads a bare `off` as false


@dataclass(frozen=True, slots=True)
class Healed:
    """What became of one cause.

    Attributes:
        found: what was checked, a sentence each.
        declined: remedy and why it does not apply.
        reasons: why it did not go further without a person.
        commands: what a person may run next.
        drafts: files that show how it could be mended, from the project's folder on.
    """

    attempt: Attempt
    diagnosis: Diagnosis
    problem: str = ""
    found: tuple[str, ...] = ()
    declined: tuple[tuple[str, str], ...] = ()
    reasons: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    drafts: tuple[str, ...] = ()


def rules_of(settings: HealSettings, store: Store, who: str, manifest: Manifest | None) -> Rules:
    """What people decided, read together.

    Raises:
        StoreError: the store cannot be read.
    """
    nodes = [*manifest.nodes.values(), *manifest.sources.values()] if manifest is not None else []
    critical = {name.casefold() for name in settings.critical}
    return Rules(
        policies=settings.classes,
        deployed_branch=settings.deployed_branch,
        blast_radius=settings.blast_radius,
        off=frozenset(node.unique_id for node in nodes if is_off(node)),
        critical=frozenset(
            node.unique_id
            for node in nodes
            if own_setting(node.raw, "critical") is True or node_name(node.unique_id).casefold() in critical
        ),
        approvers=frozenset(settings.approvers),
        paused=paused(store),
        standings=Cases(store, who).standings(),
    )


def is_off(node: Node) -> bool:
    """Whether a person keeps healing away from a node or source."""
    return own_setting(node.raw, "heal") in _OFF


def heal_causes(
    case: Case,
    causes: Sequence[Diagnosis],
    means: Means,
    *,
    target: str,
    incidents: Mapping[str, str] | None = None,
) -> list[Healed]:
    """All causes of a run taken as far as they get, the widest first; deployed together or not at all.

    Args:
        incidents: key of a cause → id of its incident.

    Raises:
        StoreError: the store cannot be read or written.
    """
    attempts, leases = Attempts(means.store, means.actor), Leases(means.store)
    known = incidents or {}

    def alive() -> dict[str, Attempt]:
        return {one.key: one for one in attempts.all(states=ALIVE) if one.target == target}

    holder = this_process("aidbt heal")
    found: list[Healed] = []
    busy = ""  # who works on a cause of this run works on all of them
    waiting = hands_of(case, causes, means, alive)
    while waiting:
        hands = waiting.pop(0)
        attempt = _opened(case, hands.diagnosis, attempts, leases, target, known)
        outcome = Outcome(attempt, busy) if busy else heal(attempt, hands, attempts, leases, holder=holder)
        busy = busy or outcome.problem
        found.append(_healed(hands, outcome))
        if not waiting:
            done = {one.diagnosis.key for one in found}
            waiting = [one for one in hands_behind(hands) if one.diagnosis.key not in done]
    return found


def _opened(
    case: Case, cause: Diagnosis, attempts: Attempts, leases: Leases, target: str, known: Mapping[str, str]
) -> Attempt:
    """The attempt of a cause; a new one where it was mended and a later run failed of it again."""
    attempt = attempts.open(cause.key, target, incident=known.get(cause.key, ""))
    if attempt.state is not AttemptState.PROMOTED:
        return attempt
    then, now = attempt.facts.get("run", ""), case.run.invocation_id
    if attempt.commit and not _is_deployed(case.root, attempt):
        why = "it was mended, and somebody took the commit out again"
    elif now and then != now:
        why = f"it was mended; run {now} failed of it again"
    else:
        return attempt
    with contextlib.suppress(LeaseTaken):
        end(attempt, attempts, leases, holder="aidbt", why=why)
        attempt = attempts.open(cause.key, target, incident=known.get(cause.key, ""))
    return attempt


def _is_deployed(root: Path, attempt: Attempt) -> bool:
    try:
        return holds(root, attempt.base, attempt.commit)
    except ProjectError:  # git does not know the commit any more
        return False


def _healed(hands: ProjectHands, outcome: Outcome) -> Healed:
    return Healed(
        outcome.attempt,
        hands.diagnosis,
        outcome.problem,
        hands.found,
        tuple((item.remedy, item.why) for item in hands.declined if item.is_concerned),
        hands.gate.reasons,
        hands.commands,
        hands.drafts,
    )


def end_what_is_over(
    store: Store,
    *,
    who: str,
    target: str,
    root: Path,
    why: str,
    still: Collection[str] = (),
    passed: Collection[str] | None = None,
) -> list[Attempt]:
    """The attempts of a target that a green run of the whole project ends, each with its outcome noted.

    A proposal is over only when what is deployed holds it; a person who was told has mended it himself. What
    a healer left half way, and nobody took up, is over too.

    Args:
        why: in one sentence.
        still: keys of causes that go on although the run is green.
        passed: ids of the incidents that are over, where no such run says so; None is all.

    Raises:
        StoreError: the store cannot be read or written.
    """
    attempts, leases = Attempts(store, who), Leases(store)
    found = []
    for attempt in attempts.all(states=ALIVE):
        if attempt.target != target or attempt.state in _TO_BE_TOLD or attempt.key in still:
            continue
        if passed is not None and attempt.incident not in passed:
            continue
        if attempt.key.startswith(OF_NEW_COLUMNS) and attempt.state not in _SETTLED:
            continue  # nothing failed of it, so a green run says nothing
        if attempt.state is AttemptState.PROPOSED and not holds(root, attempt.base, attempt.commit):
            continue
        with contextlib.suppress(LeaseTaken):  # a healer is at work on it: the next green run ends it
            over = end(attempt, attempts, leases, holder=who, why=why)
            _remember(store, who, attempt)
            forget(root, attempt)
            found.append(over)
    return found


def end_what_passed(
    means: Means, prefixes: Sequence[str], keys: Collection[str], looked: Collection[str] | None = None
) -> None:
    """End the attempts whose cause outside of runs is not there any more.

    Args:
        prefixes: of the keys of such causes.
        keys: of the causes that are there.
        looked: the roots that were looked at; None is all.

    Raises:
        StoreError: the store cannot be read or written.
    """
    attempts, target = Attempts(means.store, means.actor), means.project.profile().target
    for one in attempts.all(states=ALIVE):
        is_mine = one.target == target and one.key.startswith(tuple(prefixes))
        if is_mine and (looked is None or one.root in looked) and one.key not in keys:
            with contextlib.suppress(LeaseTaken):
                end(one, attempts, Leases(means.store), holder=means.actor, why="it has passed")


def end_by_person(
    store: Store, id: str, *, who: str, why: str, error_class: ErrorClass | None = None
) -> Attempt:
    """An attempt that a person calls over.

    Args:
        error_class: of which class it was, where the person says so; that is learned.

    Raises:
        UnknownName: there is no such attempt.
        UsageError: it is over already.
        LeaseTaken: a healer is at work on it.
        StoreError: the store cannot be read or written.
    """
    attempts = Attempts(store, who)
    attempt = attempts.get(id)
    over = end(attempt, attempts, Leases(store), holder=who, why=why or f"{who} says so")
    if error_class is None:
        _remember(store, who, replace(attempt, state=AttemptState.WAITING))
    else:
        Cases(store, who).add(past_case(attempt, "told", why, was=error_class))
    return over


def end_late_ones(store: Store, *, who: str, settings: HealSettings) -> list[Attempt]:
    """The attempts that waited for a person for longer than `heal.wait_timeout`, one step further.

    Raises:
        StoreError: the store cannot be read or written.
    """
    timeout = timedelta(hours=settings.wait_timeout)
    return end_of_waiting(Attempts(store, who), Leases(store), holder=who, timeout=timeout)


def _remember(store: Store, who: str, attempt: Attempt) -> None:
    if not attempt.error_class:
        return
    became: Became = "right" if attempt.state in _SETTLED else "handed_over"
    Cases(store, who).add(past_case(attempt, became, attempt.why))
