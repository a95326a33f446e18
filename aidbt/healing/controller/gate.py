"""How far a mend may go without a person: a pure function of what is known, which says why not further.

Every rule can only lower the answer, so their order does not matter, and no rule can be argued away by
another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from aidbt.core.failures import ACT_FROM, DRAFT_FROM, ErrorClass
from aidbt.core.healing import Diagnosis
from aidbt.core.measured import node_name
from aidbt.healing.controller.throttling import MOST_S
from aidbt.store.cases import FLAWLESS_NEEDED, Standing

Policy = Literal["auto", "propose", "never"]
_NAMED = 3  # nodes that a reason names


class Allowed(IntEnum):
    """What may be done with a mend; each includes the ones before it.

    `draft`: a person gets the patch as text. `propose`: a proved mend becomes a branch. `promote`: it is
    deployed.
    """

    HAND_OVER = 0
    DRAFT = 1
    PROPOSE = 2
    PROMOTE = 3


@dataclass(frozen=True, slots=True)
class Rules:
    """What people decided, from the settings, the project and the store.

    Attributes:
        policies: class ("SCHEMA_DRIFT/COLUMN_RENAMED") or family ("SCHEMA_DRIFT") → how far it may go; the
            class counts before its family. What stands nowhere is "propose".
        deployed_branch: the branch that is what is deployed; "" where nobody declared one.
        blast_radius: at most so many nodes may hang on a mend that changes files.
        off: unique_ids of nodes with `heal: off`.
        critical: unique_ids of nodes that only people change.
        approvers: who may let a mend be deployed; empty for everybody who can run the command.
        paused: who paused healing in this project, and why; "" where it is not paused.
        standings: what outcomes say of each class.
    """

    policies: Mapping[str, Policy]
    deployed_branch: str = ""
    blast_radius: int = 50
    off: frozenset[str] = frozenset()
    critical: frozenset[str] = frozenset()
    approvers: frozenset[str] = frozenset()
    paused: str = ""
    standings: Mapping[ErrorClass, Standing] | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the mend would be applied, and by whom.

    Attributes:
        changes_files: whether it edits the project; a wait and a second run do not.
        touches: unique_ids of the nodes whose files it edits.
        commit, branch: "" without git or a commit, and for a detached head.
        is_clean: whether git knows of no edit that is not committed.
        actor: who asked for it.
        restores: whether the mend only puts back what was there, or corrects a slip of the hand.
        asks: why a person has to agree to the mend; "" when nobody has to.
        throttled_s: for how long requests are limited; 0 where they are not.
    """

    changes_files: bool
    touches: frozenset[str] = frozenset()
    commit: str = ""
    branch: str = ""
    is_clean: bool = False
    actor: str = ""
    restores: bool = False
    asks: str = ""
    throttled_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Gate:
    """How far a mend may go, and every reason why not further, the strictest first."""

    allowed: Allowed
    reasons: tuple[str, ...] = ()


def gate(diagnosis: Diagnosis, rules: Rules, ground: Ground) -> Gate:
    """How far a mend for a diagnosis may go. Never says more than the strictest rule."""
    limits = [
        *_by_people(diagnosis, rules, ground),
        *_by_certainty(diagnosis, ground),
        *_by_class(diagnosis.error_class, rules),
        *(_by_files(diagnosis, rules, ground) if ground.changes_files else ()),
    ]
    limits.sort(key=lambda limit: limit[0])
    return Gate(min((at_most for at_most, _ in limits), default=Allowed.PROMOTE), tuple(w for _, w in limits))


_Limit = tuple[Allowed, str]


def _by_people(diagnosis: Diagnosis, rules: Rules, ground: Ground) -> Iterator[_Limit]:
    if rules.paused:
        yield Allowed.HAND_OVER, f"healing is paused: {rules.paused}"
    concerned = {diagnosis.root, *(failure.unique_id for failure in diagnosis.failures), *ground.touches}
    off = sorted(concerned & rules.off)
    if off:
        yield Allowed.HAND_OVER, f"healing is off for {_names(off)}"
    if ground.asks:
        yield Allowed.PROPOSE, ground.asks
    if rules.approvers and ground.actor not in rules.approvers:
        who = f"'{ground.actor}'" if ground.actor else "nobody known"
        yield Allowed.PROPOSE, f"asked for by {who}, who is not in heal.approvers"


def _by_certainty(diagnosis: Diagnosis, ground: Ground) -> Iterator[_Limit]:
    sure = diagnosis.confidence
    if not sure >= DRAFT_FROM:  # also NaN
        yield Allowed.HAND_OVER, f"the cause is known with confidence {sure:.2f}, below {DRAFT_FROM:.2f}"
    elif not sure >= ACT_FROM:
        yield Allowed.DRAFT, f"the cause is known with confidence {sure:.2f}, below {ACT_FROM:.2f}"
    if ground.throttled_s > MOST_S:
        yield Allowed.HAND_OVER, f"requests are limited for {ground.throttled_s / 3600:.1f} hours already"
    # A word that was mistyped is no question of what the SQL should mean.
    is_meant = ground.restores or bool(diagnosis.facts.get("replacement"))
    if diagnosis.error_class.needs_person and not is_meant:
        yield Allowed.DRAFT, f"{diagnosis.error_class} is always a person's: {diagnosis.error_class.meaning}"


def _by_class(error_class: ErrorClass, rules: Rules) -> Iterator[_Limit]:
    said = rules.policies.get(error_class.value) or rules.policies.get(error_class.family)
    if said == "never":
        yield Allowed.HAND_OVER, f"heal.classes says never for {error_class}"
        return
    standing = (rules.standings or {}).get(error_class, Standing())
    if standing.is_doubted:
        yield Allowed.PROPOSE, f"a mend of {error_class} proved wrong, and nobody trusts the class again yet"
    elif said == "propose":
        yield Allowed.PROPOSE, f"heal.classes says propose for {error_class}"
    elif said is None and not standing.has_risen:
        had = f"{standing.flawless} of the {FLAWLESS_NEEDED} flawless mends that earn it"
        yield Allowed.PROPOSE, f"{error_class} is not set to auto in heal.classes, and has {had}"


def _by_files(diagnosis: Diagnosis, rules: Rules, ground: Ground) -> Iterator[_Limit]:
    if not ground.commit:
        yield Allowed.HAND_OVER, "the project is in no git repository with a commit"
        return
    if not ground.is_clean:
        yield Allowed.HAND_OVER, "the project has changes that are not committed; they are not touched"
    if not ground.branch:
        yield Allowed.HAND_OVER, "git is at a detached head, so no branch says what is deployed"
    if len(diagnosis.blast_radius) > rules.blast_radius:
        hanging = len(diagnosis.blast_radius)
        found = f"{hanging:,} node{'s' if hanging > 1 else ''} hang{'' if hanging > 1 else 's'} on it"
        yield Allowed.DRAFT, f"{found}, more than heal.blast_radius = {rules.blast_radius:,}"
    failed = {failure.unique_id for failure in diagnosis.failures}
    critical = sorted(rules.critical & {diagnosis.root, *failed, *ground.touches})
    if critical:
        yield Allowed.DRAFT, f"only people change what is critical: {_names(critical)}"
    beneath = sorted((rules.critical | rules.off) & set(diagnosis.blast_radius))
    if beneath:
        yield Allowed.PROPOSE, f"people said of what hangs on it that they decide: {_names(beneath)}"
    if not rules.deployed_branch:
        yield Allowed.PROPOSE, "nobody declared which branch is deployed (heal.deployed_branch)"
    elif ground.branch and ground.branch != rules.deployed_branch:
        said = f"'{ground.branch}' is checked out, deployed is '{rules.deployed_branch}'"
        yield Allowed.PROPOSE, said


def _names(unique_ids: list[str]) -> str:
    shown = ", ".join(node_name(unique_id) for unique_id in unique_ids[:_NAMED])
    more = len(unique_ids) - _NAMED
    return shown + (f" and {more:,} more" if more > 0 else "")
