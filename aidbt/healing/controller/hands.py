"""The hands of a healer on a real project: git, dbt and the warehouse."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from aidbt.core.attempts import Attempt
from aidbt.core.config import Settings
from aidbt.core.errors import AidbtError, EditConflict, ProjectError, StoreError
from aidbt.core.healing import Declined, Diagnosis, Mend, Wait
from aidbt.core.patch import Patch, read_or_none, state_dir
from aidbt.core.resilience.clock import Clock
from aidbt.core.resilience.retry import RetryPolicy
from aidbt.healing.classification.messages import normal_form
from aidbt.healing.controller.attempt import Plan, Tried
from aidbt.healing.controller.gate import Allowed, Gate, Ground, Rules, gate
from aidbt.healing.controller.propose import branch_of, proposal
from aidbt.healing.controller.rerun import Rerun, rerun
from aidbt.healing.evidence.case import Case
from aidbt.healing.proof.building import Aside, Ways, build_aside
from aidbt.healing.proof.changed import with_below
from aidbt.healing.proof.claims import check_claims
from aidbt.healing.proof.tables import doubts
from aidbt.healing.remedies import REMEDIES
from aidbt.healing.remedies.remedy import Tools
from aidbt.patching import commits
from aidbt.project import Project
from aidbt.store import Store
from aidbt.store.cases import Cases, PastCase
from aidbt.store.good_states import GoodStates
from aidbt.warehouse import Warehouse

_NO_PATCH = Patch()
_PAUSES = RetryPolicy(tries=5, base_s=2, cap_s=60)


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a run of dbt; `said` is why it is not green."""

    is_green: bool
    said: str = ""


@dataclass(frozen=True, slots=True)
class Means:
    """What a healer has to work with.

    Attributes:
        warehouse: opens it; raises while it cannot be had.
        run: lets dbt run on the project as it is checked out, and records the run.
        tell: tells the people concerned of an attempt that needs one of them.
        actor: who asked for it.
    """

    project: Project
    settings: Settings
    store: Store
    warehouse: Callable[[], Warehouse]
    run: Callable[[Rerun], Ran]
    tell: Callable[[Attempt, Diagnosis], None]
    rules: Rules
    actor: str
    clock: Clock
    rng: Random


@dataclass(slots=True)
class ProjectHands:
    """Works on one cause in one project.

    Attributes:
        mend: the one that is worked on.
        declined: why the remedies before it do not apply.
        gate: how far it may go.
        found: what proving it found.
        commands: what a person may run to open the pull request.
    """

    case: Case
    diagnosis: Diagnosis
    means: Means
    mend: Mend | None = None
    declined: list[Declined] = field(default_factory=list)
    gate: Gate = field(default_factory=lambda: Gate(Allowed.HAND_OVER))
    found: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()

    @property
    def _root(self) -> Path:
        return self.means.project.root

    # --- looking ------------------------------------------------------------------------------------------

    def fault(self) -> str:
        """Digest of the failures, the commit, the file and the table that they rest on."""
        facts = self.diagnosis.facts
        parts: list[object] = [self.diagnosis.key, self.diagnosis.error_class]
        parts += sorted((f.unique_id, normal_form(f.message)) for f in self.diagnosis.failures)
        parts.append(self._head().commit)
        if "file" in facts:
            parts.append(read_or_none(self._root / facts["file"]))
        if "relation" in facts:
            relations = self.means.warehouse().relations()
            parts += [[r.name, [(c.name, c.data_type) for c in r.columns]] for r in relations
                      if f"{r.schema}.{r.name}" == facts["relation"]]  # fmt: skip
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]

    def classified(self) -> dict[str, str]:
        """What the diagnosis says."""
        told = [*self.diagnosis.proof[:1]]
        title = told[0].text if told else self.diagnosis.error_class.meaning
        return {"title": title, "error_class": self.diagnosis.error_class.value, "root": self.diagnosis.root}

    def plan(self, attempt: Attempt) -> Plan:
        """The first remedy that applies and did not fail yet, as far as the gate lets it go."""
        self.mend, self.declined = None, []
        for name in REMEDIES.names():
            if name in attempt.failed:
                continue
            found = self._asked(name)
            if isinstance(found, Mend):
                self.mend = found
                break
            self.declined.append(found)
        return self._planned(attempt)

    def _asked(self, remedy: str) -> Mend | Declined:
        means = self.means
        mask = GoodStates(means.store).mask
        tools = Tools(means.project, means.settings, means.warehouse, mask)
        try:
            found: Mend | Declined = REMEDIES.load(remedy)().propose(self.diagnosis, self.case, tools)
        except StoreError:
            raise
        except AidbtError as error:
            return Declined(remedy, error.message)
        return found

    def _planned(self, attempt: Attempt) -> Plan:
        mend, head = self.mend, self._head()
        if mend is None:
            if attempt.failed:
                return Plan("", Allowed.HAND_OVER, attempt.why)
            self.gate = gate(self.diagnosis, self.means.rules, self._ground(None, head))
            why = self.gate.reasons[0] if self.gate.allowed is Allowed.HAND_OVER else ""
            return Plan("", Allowed.HAND_OVER, why or self.diagnosis.next_step or "no remedy applies")
        self.gate = gate(self.diagnosis, self.means.rules, self._ground(mend, head))
        allowed = self.gate.allowed
        if mend.patch is None and allowed is Allowed.PROPOSE:
            allowed = Allowed.HAND_OVER  # there is nothing to propose: a person runs it again
        why = mend.title if allowed >= Allowed.PROPOSE else self.gate.reasons[0]
        return Plan(mend.remedy, allowed, why, base=head.commit if mend.patch is not None else "")

    def _ground(self, mend: Mend | None, head: commits.Head) -> Ground:
        patch = mend.patch if mend is not None else None
        manifest = self.case.best_manifest
        paths = set(patch.paths()) if patch is not None else set()
        nodes = manifest.nodes.values() if manifest is not None else ()
        touches = frozenset(node.unique_id for node in nodes if node.path in paths)
        return Ground(patch is not None, touches, head.commit, head.branch, not head.dirty, self.means.actor)

    def _head(self) -> commits.Head:
        try:
            return commits.head(self._root)
        except ProjectError:  # no git, no repository, no commit: the gate says what that means
            return commits.Head("", "")

    # --- proving ------------------------------------------------------------------------------------------

    def prove(self, attempt: Attempt) -> Tried:
        """The claims; then, of a mend that edits files, a build of its commit where nobody reads."""
        mend = self._the_mend()
        holds, self.found = check_claims(mend.claims)
        if not holds:
            return Tried(False, self.found[-1])
        if mend.waits is not None and not self._waited(mend.waits):
            return Tried(False, f"waited for {mend.waits.for_what} {mend.waits.tries} times, in vain")
        if mend.patch is None:
            return Tried(True, mend.title)
        commit = commits.commit_patch(
            self._root, mend.patch, base=attempt.base, message=self._message(attempt), at=attempt.opened_at
        )
        return replace(self._built_aside(commit), commit=commit)

    def _built_aside(self, commit: str) -> Tried:
        means, good = self.means, self.case.good
        if good is None:
            return Tried(False, "there is no last good state to compare with")
        mask = GoodStates(means.store).mask()
        scan_bytes = means.settings.budget.scan_bytes
        ways = Ways(means.project, means.settings.dbt, means.warehouse(), mask, scan_bytes)
        aside = build_aside(ways, commit, good)
        if aside.problem:
            return Tried(False, aside.problem)
        found = list(self._doubts(aside))
        if found:
            return Tried(False, found[0])
        tables = aside.tables or {}
        built = f"{len(tables):,} table{'s' if len(tables) != 1 else ''} built aside"
        self.found += (f"{built} as at the last good run, {aside.tests:,} tests passed",)
        return Tried(True, self.found[-1])

    def _doubts(self, aside: Aside) -> list[str]:
        good = self.case.good
        manifest = self.case.best_manifest
        assert good is not None and self.mend is not None and self.mend.patch is not None
        own = {change.path for change in self.case.code.files} - set(self.mend.patch.paths())
        # Files that hold the mend may hold wanted changes too: then values may differ as well.
        is_only_mend = all(self._is_as_good(path) for path in self.mend.patch.paths())
        meant = {
            unique_id
            for unique_id in aside.changed
            if not is_only_mend or (manifest and (n := manifest.find(unique_id)) and n.path in own)
        }
        reached = with_below(meant, manifest) if manifest is not None else meant
        return [
            doubt
            for unique_id, now in (aside.tables or {}).items()
            if (then := good.tables.get(unique_id)) is not None
            for doubt in doubts(now.name, then, now, is_same_code=unique_id not in reached)
        ]

    def _is_as_good(self, path: str) -> bool:
        """Whether a mended file is what it was at the last good run."""
        mend, good = self.mend, self.case.good
        edits = mend.patch.edits if mend is not None and mend.patch is not None else ()
        after = next((edit.after for edit in edits if edit.path == path), None)
        return good is not None and after == good.texts.get(path)

    def _waited(self, wait: Wait) -> bool:
        for number in range(1, wait.tries + 1):
            if self._is_over(wait):
                return True
            if number < wait.tries:
                self.means.clock.sleep(_PAUSES.delay_s(number, self.means.rng))
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
        mend = self._the_mend()
        branch = branch_of(self.diagnosis.key, attempt.id)
        was = commits.branch_commit(self._root, branch)
        if was and was != attempt.commit and not commits.is_ours(self._root, was):
            raise EditConflict(f"somebody committed to '{branch}', so it is left as it is")
        text = proposal(
            attempt.id, self.diagnosis, mend,
            into=self.means.rules.deployed_branch or self._head().branch or "main",
            found=self.found, reasons=self.gate.reasons,
            diff=commits.patch_text(self._root, attempt.base, attempt.commit),
        )  # fmt: skip
        self._write(f"{attempt.id}.md", text.body)
        self.commands = text.commands
        if was != attempt.commit:
            commits.set_branch(self._root, branch, attempt.commit, was=was)
        return Tried(True, f"proposed on the branch {branch}", branch=branch, commit=attempt.commit)

    def promote(self, attempt: Attempt) -> Tried:
        """The checked-out branch follows the mend, and dbt builds what failed; else only the latter."""
        if attempt.commit:
            branch = self.means.rules.deployed_branch
            commits.follow(self._root, attempt.commit, branch=branch, base=attempt.base)
        return self._run_again(attempt)

    def settled(self, attempt: Attempt) -> Tried | None:
        """What became of a write that was begun."""
        if attempt.write == "propose":
            branch = branch_of(self.diagnosis.key, attempt.id)
            stands = commits.branch_commit(self._root, branch) == attempt.commit
            return Tried(True, f"proposed on the branch {branch}", branch=branch) if stands else None
        if not attempt.commit:
            return None  # a run that ended half way is run again
        if commits.contains(self._root, self._undoing(attempt)):
            return Tried(False, "it was taken back, since its run failed", was_undone=True)
        if commits.contains(self._root, attempt.commit):
            return self._run_again(attempt)
        if self._head().dirty:
            raise ProjectError("the checkout is half way between two commits, or somebody works in it")
        return None

    def alert(self, attempt: Attempt) -> None:
        """Tell who is concerned, with a draft where there is one."""
        drafts = [item.draft for item in self.declined if item.draft is not None]
        patch = self.mend.patch if self.mend is not None else None
        for edit in (patch or (drafts[0] if drafts else None) or _NO_PATCH).edits:
            name = f"{attempt.id}-{Path(edit.path).name}"
            self._write(name, edit.after or "")
        self.means.tell(attempt, self.diagnosis)

    def _run_again(self, attempt: Attempt) -> Tried:
        run = replace(
            self.case.run,
            failures=self.diagnosis.failures,
            skipped=tuple(n for n in self.case.run.skipped if n in self.diagnosis.blast_radius),
        )
        edited = commits.changed_paths(self._root, attempt.base, attempt.commit) if attempt.commit else []
        # The manifest is of before the mend, which changes no name that is selected by.
        ran = self.means.run(rerun(run, self.case.run.manifest, edited=edited))
        if ran.is_green:
            return Tried(True, "deployed, and its run is green" if attempt.commit else "its run is green",
                         commit=attempt.commit)  # fmt: skip
        if not attempt.commit:
            return Tried(False, f"it failed again: {ran.said}")
        undoing = self._undoing(attempt)
        commits.follow(self._root, undoing, branch=self.means.rules.deployed_branch, base=attempt.commit)
        case = PastCase("", self.diagnosis.error_class, "wrong", attempt.remedy, attempt.id, ran.said)
        Cases(self.means.store, self.means.actor).add(case)
        return Tried(False, f"taken back, since its run failed: {ran.said}", was_undone=True)

    def _undoing(self, attempt: Attempt) -> str:
        message = f"Take back {attempt.id}: its run failed\n"
        return commits.commit_undoing(
            self._root, attempt.commit, base=attempt.base, message=message, at=attempt.opened_at
        )

    def _message(self, attempt: Attempt) -> str:
        mend = self._the_mend()
        return f"{mend.title}\n\n{self.diagnosis.error_class} at {self.diagnosis.root} ({attempt.id}).\n"

    def _the_mend(self) -> Mend:
        assert self.mend is not None, "planned by this process"
        return self.mend

    def _write(self, name: str, content: str) -> None:
        try:
            folder = state_dir(self._root) / "heal"
            folder.mkdir(exist_ok=True)
            (folder / name).write_text(content, encoding="utf-8")
        except OSError as error:
            raise ProjectError(f"{name} cannot be written: {error.strerror}") from error
