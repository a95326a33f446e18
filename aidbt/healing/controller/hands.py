"""The hands of a healer on a real project: git, dbt and the warehouse."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aidbt.core.attempts import Attempt
from aidbt.core.errors import AidbtError, ProjectError, WarehouseLocked
from aidbt.core.failures import ErrorClass
from aidbt.core.healing import Declined, Diagnosis, Mend, Wait
from aidbt.core.patch import Patch, read_or_none
from aidbt.core.resilience.retry import RetryPolicy
from aidbt.core.schema import Relation
from aidbt.healing.classification.messages import normal_form
from aidbt.healing.controller import writing
from aidbt.healing.controller.attempt import Plan, Tried
from aidbt.healing.controller.behind import behind, is_mended
from aidbt.healing.controller.gate import Allowed, Gate, Ground, gate
from aidbt.healing.controller.means import Means, Ran
from aidbt.healing.controller.proving import Proof, chain, final_run, not_again, proved
from aidbt.healing.controller.rerun import Rerun
from aidbt.healing.controller.standing import kept_file
from aidbt.healing.controller.throttling import throttled_s
from aidbt.healing.controller.together import Joint, Planner
from aidbt.healing.controller.wrong_sources import is_apart, wrong_after_waiting
from aidbt.healing.evidence.case import Case
from aidbt.healing.proof.claims import check_claims
from aidbt.healing.remedies import REMEDIES
from aidbt.healing.remedies.remedy import Tools
from aidbt.patching import commits
from aidbt.project import Project
from aidbt.store.attempts import Attempts
from aidbt.store.cache import Cache
from aidbt.store.good_states import GoodStates
from aidbt.store.profiles import ProfileCache

__all__ = ["Means", "ProjectHands", "Ran", "Shared", "hands_of"]

_NO_PATCH = Patch()
_PAUSES = RetryPolicy(tries=5, base_s=4, cap_s=60)


@dataclass(slots=True)
class Shared:
    """What the hands on one run's causes share: what one of them did is done for all.

    Attributes:
        planner: plans all causes.
        proofs: digest of base and edits → the proof.
        waited: what was waited for, and whether it passed.
        deployed: the attempt that deployed, what came of it, and the commit it was made on.
        joint: the plans that were deployed.
        behind: key → case of causes that showed only where the mends of the others were built aside.
        looked_behind: whether anybody looked for such.
    """

    planner: Planner
    proofs: dict[str, Proof] = field(default_factory=dict)
    waited: dict[str, bool] = field(default_factory=dict)
    deployed: tuple[str, Tried, str] | None = None
    joint: Joint = field(default_factory=Joint)
    behind: dict[str, Case] = field(default_factory=dict)
    looked_behind: bool = False


@dataclass(slots=True)
class ProjectHands:
    """Works on one cause in one project.

    Attributes:
        joint: the plans of this and all other causes of the run.
        found: what proving it found.
        commands: what a person may run to open the pull request.
        drafts: files that were written for a person, from the project's folder on.
        untried: the patch of a mend that nothing spoke against, and that could not be tried out or deployed.
    """

    case: Case
    diagnosis: Diagnosis
    means: Means
    shared: Shared
    joint: Joint = field(default_factory=Joint)
    found: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    drafts: tuple[str, ...] = ()
    untried: Patch | None = None

    @property
    def _root(self) -> Path:
        return self.means.project.root

    @property
    def gate(self) -> Gate:
        """How far its mend may go."""
        return self.joint.gate_of(self.diagnosis.key) if self.joint.plans else Gate(Allowed.HAND_OVER)

    @property
    def mend(self) -> Mend | None:
        """The one that is worked on."""
        return self.joint.of(self.diagnosis.key).mend if self.joint.plans else None

    @property
    def declined(self) -> tuple[Declined, ...]:
        """Why the remedies before it do not apply."""
        return self.joint.of(self.diagnosis.key).declined if self.joint.plans else ()

    # --- looking ------------------------------------------------------------------------------------------

    def fault(self) -> str:
        """Digest of the failures, the commit, the file and the table that they rest on."""
        facts = self.diagnosis.facts
        parts: list[object] = [self.diagnosis.key, self.diagnosis.error_class]
        parts += sorted((f.unique_id, normal_form(f.message)) for f in self.diagnosis.failures)
        parts.append(head_of(self._root).commit)
        if "new" in facts:
            parts.append(facts["new"])
        if "file" in facts:
            parts.append(read_or_none(self._root / facts["file"]))
        if "relation" in facts:
            relations = self._relations()
            parts += [[r.name, [(c.name, c.data_type) for c in r.columns]] for r in relations
                      if f"{r.schema}.{r.name}" == facts["relation"]]  # fmt: skip
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]

    def _relations(self) -> list[Relation]:
        """What stands in the warehouse; while somebody holds it, it is waited for."""
        for number in range(1, _PAUSES.tries):
            try:
                return self.means.warehouse().relations()
            except WarehouseLocked:
                self.means.clock.sleep(_PAUSES.wait_s(number, self.means.rng))
        return self.means.warehouse().relations()

    def classified(self) -> dict[str, Any]:
        """What the diagnosis says."""
        cause = self.diagnosis
        title = cause.proof[0].text if cause.proof else cause.error_class.meaning
        form = next((normal_form(failure.message) for failure in cause.failures if failure.message), "")
        fields = {"title": title, "error_class": cause.error_class.value, "root": cause.root}
        run = {"run": self.case.run.invocation_id}
        return {**fields, "form": form, "confidence": cause.confidence, "facts": run}

    def plan(self, attempt: Attempt) -> Plan:
        """The first remedy that applies and did not fail yet, as far as the gate lets it go."""
        if self._failed_again(attempt):
            self.shared.deployed = None  # it was but a second run, which another remedy may follow
        if self.shared.deployed is not None:
            self.joint = self.shared.joint
            return self._after_another()
        head = head_of(self._root)
        self.joint = self.shared.planner.plan(attempt)
        mend, limit = self.mend, self.gate
        if mend is None:
            why = attempt.why if attempt.failed else limit.reasons[0] if limit.reasons else ""
            return Plan("", Allowed.HAND_OVER, why or self.diagnosis.next_step or "no remedy applies")
        allowed = limit.allowed
        if self.joint.of(self.diagnosis.key).patch is None and allowed is Allowed.PROPOSE:
            allowed = Allowed.HAND_OVER  # there is nothing to propose: a person runs it again
        why = mend.title if allowed >= Allowed.PROPOSE else limit.reasons[0]
        is_edited = bool(self.joint.patched) and allowed >= Allowed.PROPOSE
        return Plan(mend.remedy, allowed, why, base=head.commit if is_edited else "")

    def _failed_again(self, attempt: Attempt) -> bool:
        whose, tried, _ = self.shared.deployed or ("", None, "")
        return tried is not None and whose == attempt.id and not (tried.is_good or tried.commit)

    def _after_another(self) -> Plan:
        """What is left to do once the mend of another cause was deployed, and this one's with it."""
        assert self.shared.deployed is not None
        whose, tried, base = self.shared.deployed
        if not tried.is_good:
            return Plan("", Allowed.HAND_OVER, f"with {whose}: {tried.found}")
        return Plan(self._the_mend().remedy, Allowed.PROMOTE, f"mended together with {whose}", base=base)

    # --- proving ------------------------------------------------------------------------------------------

    def prove(self, attempt: Attempt) -> Tried:
        """The claims; then, of mends that edit files, a build of their commit where nobody reads."""
        if self.shared.deployed is not None:
            whose, tried, _ = self.shared.deployed
            said = f"proved and deployed together with {whose}"
            self.found = (*self.joint.of(self.diagnosis.key).found, said)
            return Tried(True, said, commit=tried.commit)
        mend = self._the_mend()
        holds, self.found = check_claims(mend.claims)
        if not holds:
            return Tried(False, self.found[-1])
        late = next((wait for wait in self._waits() if not self._waited(wait)), None)
        if late is not None:
            return Tried(False, f"waited for {late.for_what} {late.tries} times, in vain")
        wrong = wrong_after_waiting(self.case, self.joint, self.means)
        if wrong:
            return Tried(False, wrong)
        if not self.joint.patched:
            if attempt.tries:
                self.means.clock.sleep(_PAUSES.wait_s(attempt.tries, self.means.rng))
            again = final_run(self.case, self.joint, self.case.run.manifest)
            problem = not_again(self.case, self.case.run.manifest, again)
            return Tried(not problem, problem or mend.title)
        proof = self._with_what_is_behind(attempt, self._proof(attempt))
        self.found += (proof.found, *proof.notes) if proof.is_good else ()
        self.untried = mend.patch if proof.aside is not None and proof.aside.is_denied else None
        return Tried(proof.is_good, proof.found, commit=self._commit(attempt))

    def _with_what_is_behind(self, attempt: Attempt, proof: Proof) -> Proof:
        """The proof of all mends with those of the causes that it failed of, where every one of them has one;
        looked for once."""
        shared, before = self.shared, self.joint
        may_be_deployed = self.gate.allowed is Allowed.PROMOTE
        if proof.is_good or proof.aside is None or shared.looked_behind or not may_be_deployed:
            return proof
        shared.looked_behind = True
        case, causes = behind(self.case, proof.aside, self.means)
        known = {cause.key for cause in shared.planner.causes}
        causes = tuple(cause for cause in causes if cause.failures or cause.key not in known)
        if not causes or any(cause.key in known for cause in causes):
            return proof
        causes_before = shared.planner.causes
        shared.behind = {cause.key: case for cause in causes}
        shared.planner.causes = (*causes_before, *causes)
        self.joint = shared.planner.plan(attempt)
        if is_mended(self.joint, causes, before) and self.gate.allowed is Allowed.PROMOTE:
            again = self._proof(attempt)
            if again.is_good:
                return again
        shared.planner.causes, shared.behind, self.joint = causes_before, {}, before
        return proof

    def _commit(self, attempt: Attempt) -> str:
        """The commit of all mends; of one that is only proposed, and alone in its files, its own."""
        plans = self.joint.patched
        key = self.diagnosis.key
        if self.gate.allowed < Allowed.PROMOTE and self.joint.stands_alone(key):
            plans = (self.joint.of(key),)
        return chain(self.means, plans, attempt)

    def _proof(self, attempt: Attempt) -> Proof:
        texts = json.dumps([attempt.base, sorted(self.joint.texts.items()), sorted(self.joint.unmended)])
        digest = hashlib.sha256(texts.encode()).hexdigest()
        if digest not in self.shared.proofs:
            commit = chain(self.means, self.joint.patched, attempt)
            number = attempt.id.rpartition("-")[2]
            self.shared.proofs[digest] = proved(self.means, self.case, self.joint, commit, number=number)
        return self.shared.proofs[digest]

    def _waits(self) -> list[Wait]:
        mends = [one.mend for one in self.joint.plans if one.mend is not None]
        return [mend.waits for mend in mends if mend.waits is not None]

    def _waited(self, wait: Wait) -> bool:
        if wait.for_what in self.shared.waited:
            return self.shared.waited[wait.for_what]
        for number in range(1, wait.tries + 1):
            if self._is_over(wait):
                self.shared.waited[wait.for_what] = True
                return True
            if number < wait.tries:
                self.means.clock.sleep(_PAUSES.wait_s(number, self.means.rng))
        return False

    def _is_over(self, wait: Wait) -> bool:
        if wait.is_over is not None:
            return wait.is_over()
        try:
            self.means.warehouse().relations()
        except AidbtError:
            return False
        return True

    # --- writing ------------------------------------------------------------------------------------------

    def propose(self, attempt: Attempt) -> Tried:
        """A branch at the mend's commit, and the text of its pull request in `.aidbt/heal`."""
        done, self.commands = writing.propose(
            self.means, attempt, self.diagnosis, self._the_mend(), found=self.found,
            reasons=self.gate.reasons, others=self.joint.titles_beside(self.diagnosis.key),
        )  # fmt: skip
        return done

    def promote(self, attempt: Attempt) -> Tried:
        """The checked-out branch follows the mends, and dbt builds what failed; else only the latter. Once
        for all causes of the run."""
        if self.shared.deployed is not None:
            return self.shared.deployed[1]
        before = [one.mend.before_run for one in self.joint.plans if one.mend is not None]
        done = writing.deploy(
            self.means, attempt, self._final(attempt), [check for check in before if check is not None]
        )
        self.shared.deployed, self.shared.joint = (attempt.id, done, attempt.base), self.joint
        self.untried = None if done.is_good or done.was_undone else self._the_mend().patch
        return done

    def settled(self, attempt: Attempt) -> Tried | None:
        """What became of a write that was begun."""
        if attempt.write == "propose":
            return writing.proposed_before(self.means, attempt, self.diagnosis)
        run = final_run(self.case, self.joint, None)
        # What a run that was broken off did is put back first where it is kept; elsewhere nobody knows it.
        is_kept = kept_file(self._root, attempt).exists()
        risk = not_again(self.case, None, run, is_broken_off=not is_kept)
        return writing.deployed_before(self.means, attempt, run, risk)

    def alert(self, attempt: Attempt) -> None:
        """Tell who is concerned, with a draft where there is one."""
        drafts = [item.draft for item in self.declined if item.draft is not None]
        patch = self.mend.patch if self.mend is not None else None
        for edit in (patch or self.untried or (drafts[0] if drafts else None) or _NO_PATCH).edits:
            name = f"{attempt.id}-{edit.path.replace('/', '-')}"
            self.drafts += (writing.write_note(self._root, name, edit.after or ""),)
        self.means.tell(attempt, self.diagnosis)

    def _final(self, attempt: Attempt) -> Rerun:
        if not self.joint.patched:
            return final_run(self.case, self.joint, self.case.run.manifest)
        known = self._proof(attempt).rerun
        return known if known is not None else final_run(self.case, self.joint, None)

    def _the_mend(self) -> Mend:
        assert self.mend is not None, "planned by this process"
        return self.mend


def hands_of(
    case: Case, causes: Sequence[Diagnosis], means: Means, attempts: Callable[[], Mapping[str, Attempt]]
) -> list[ProjectHands]:
    """The hands for each cause of a run, which know of each other.

    Args:
        attempts: key → the attempt that is alive for a cause.
    """

    def ask(name: str, cause: Diagnosis, texts: Mapping[str, str | None]) -> Mend | Declined:
        mask = GoodStates(means.store).mask
        tools = Tools(means.project, means.settings, means.warehouse, mask, texts, profiles=profiles)
        its = shared.behind.get(cause.key, case)
        found: Mend | Declined = REMEDIES.load(name)().propose(cause, its, tools)
        return found

    def profiles() -> ProfileCache:
        return ProfileCache(Cache(means.store))

    def judge(cause: Diagnosis, mend: Mend | None) -> Gate:
        ground = _ground(shared.behind.get(cause.key, case), means, mend)
        limited = cause.error_class is ErrorClass.RATE_LIMIT_EXCEEDED
        return gate(cause, means.rules, replace(ground, throttled_s=limit_s(cause)) if limited else ground)

    def limit_s(cause: Diagnosis) -> float:
        there, known = attempts().get(cause.key), Attempts(means.store, means.actor)
        return throttled_s(cause, known.all(), there.target if there is not None else "", known.now())

    def apart(cause: Diagnosis, joint: Joint) -> bool:
        return is_apart(case, cause, joint)

    shared = Shared(Planner(causes, REMEDIES.names(), ask, judge, attempts, apart))
    return [ProjectHands(case, cause, means, shared) for cause in causes]


def hands_behind(made: ProjectHands) -> list[ProjectHands]:
    """The hands for the causes that showed on the way, and were mended together with that one."""
    shared = made.shared
    if shared.deployed is None or not shared.deployed[1].is_good:
        return []
    causes = (cause for cause in shared.planner.causes if cause.key in shared.behind)
    return [ProjectHands(shared.behind[cause.key], cause, made.means, shared) for cause in causes]


def head_of(root: Path) -> commits.Head:
    """What is checked out; an empty one without git or a commit: the gate says what that means."""
    try:
        return commits.head(root)
    except ProjectError:
        return commits.Head("", "")


# Where dbt looks for files, by the settings of dbt_project.yml, and what it reads there.
_FOLDERS = {"model": "models", "macro": "macros", "seed": "seeds", "snapshot": "snapshots", "test": "tests"}
_READ = (".sql", ".py", ".yml", ".yaml", ".csv")


def _read_by_dbt(project: Project) -> list[str]:
    """Files that nobody committed and dbt reads all the same: what is proved is the commit without them."""
    config = project.config
    folders = [name for kind, usual in _FOLDERS.items() for name in config.get(f"{kind}-paths") or [usual]]
    return [name for name in commits.untracked(project.root, folders) if name.endswith(_READ)]


def _ground(case: Case, means: Means, mend: Mend | None) -> Ground:
    patch = mend.patch if mend is not None else None
    manifest, head = case.best_manifest, head_of(means.project.root)
    paths = set(patch.paths()) if patch is not None else set()
    nodes = manifest.nodes.values() if manifest is not None else ()
    return Ground(
        changes_files=patch is not None,
        touches=frozenset(node.unique_id for node in nodes if node.path in paths),
        commit=head.commit,
        branch=head.branch,
        is_clean=not (head.dirty or _read_by_dbt(means.project)),
        actor=means.actor,
        restores=mend is not None and mend.restores,
        asks=mend.asks if mend is not None else "",
    )
