"""The causes of one run, together: a run is green only when every one of them is mended.

Their mends are made one upon the other in one chain of commits, which is proved once, deployed once and run
once. As long as one of them needs a person nothing is deployed: what is proved of the others is proposed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aidbt.core.attempts import Attempt, AttemptState
from aidbt.core.errors import AidbtError, StoreError
from aidbt.core.healing import Declined, Diagnosis, Mend
from aidbt.core.measured import node_name
from aidbt.core.patch import Patch
from aidbt.healing.controller.gate import Allowed, Gate
from aidbt.healing.proof.claims import check_claims

# Where an attempt waits for a person, and how far its mend goes meanwhile.
_WITH_A_PERSON = {
    AttemptState.PROPOSED: Allowed.PROPOSE, AttemptState.ROLLED_BACK: Allowed.HAND_OVER,
    AttemptState.ESCALATED: Allowed.HAND_OVER, AttemptState.WAITING: Allowed.HAND_OVER,
}  # fmt: skip

Ask = Callable[[str, Diagnosis, Mapping[str, str | None]], Mend | Declined]
Judge = Callable[[Diagnosis, Mend | None], Gate]


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be done about one cause.

    Attributes:
        mend: None where no remedy applies.
        declined: why the remedies before it do not apply.
        gate: how far this cause alone lets it go.
        found: what checking its claims found, where that was done beside another cause's.
        alike: key of an earlier cause whose edits mend this one too; "" for none.
        is_apart: whether neither the failed run nor the one that follows makes anything of what it is at, so
            that it keeps no other mend back.
    """

    diagnosis: Diagnosis
    mend: Mend | None
    declined: tuple[Declined, ...]
    gate: Gate
    found: tuple[str, ...] = ()
    alike: str = ""
    is_apart: bool = False

    @property
    def patch(self) -> Patch | None:
        """Its own edits, which no earlier cause makes."""
        return self.mend.patch if self.mend is not None and not self.alike else None


@dataclass(frozen=True, slots=True)
class Joint:
    """The plans of all causes of one run, in the order in which their edits are made."""

    plans: tuple[Planned, ...] = ()

    def of(self, key: str) -> Planned:
        """The plan of one cause."""
        return next(one for one in self.plans if one.diagnosis.key == key)

    def gate_of(self, key: str) -> Gate:
        """How far one mend may go, beside the others."""
        own = self.of(key)
        if own.gate.allowed < Allowed.PROMOTE:
            return own.gate
        open_ones = (one for one in self.plans if one.gate.allowed < Allowed.PROMOTE and not one.is_apart)
        other = next(open_ones, None)
        if other is None:
            return own.gate
        said = f"nothing is deployed while another cause of this run is open: {_why_open(other)}"
        return Gate(Allowed.PROPOSE, (said, *own.gate.reasons))

    @property
    def patched(self) -> tuple[Planned, ...]:
        """Those whose edits may at least be proposed."""
        return tuple(p for p in self.plans if p.patch is not None and p.gate.allowed >= Allowed.PROPOSE)

    @property
    def texts(self) -> dict[str, str | None]:
        """Path → text of the files, as all edits leave them."""
        patches = [one.patch for one in self.patched if one.patch is not None]
        return {edit.path: edit.after for patch in patches for edit in patch.edits}

    @property
    def unmended(self) -> frozenset[str]:
        """unique_ids of the failed nodes that nothing is done about."""
        return frozenset(
            failure.unique_id
            for one in self.plans
            if one.mend is None or one.gate.allowed < Allowed.PROPOSE
            for failure in one.diagnosis.failures
            if failure.unique_id
        )

    def stands_alone(self, key: str) -> bool:
        """Whether no other cause's edits are in the same files, so that it can be a branch of its own."""
        own = self.of(key).patch
        others = [one.patch for one in self.patched if one.diagnosis.key != key and one.patch is not None]
        return own is not None and not any(set(own.paths()) & set(patch.paths()) for patch in others)

    def titles_beside(self, key: str) -> list[str]:
        """Of the other mends in the commits of one that cannot be a branch of its own."""
        others = [] if self.stands_alone(key) else [p for p in self.patched if p.diagnosis.key != key]
        return [one.mend.title for one in others if one.mend is not None]


@dataclass(slots=True)
class Planner:
    """Plans all causes of a run.

    Attributes:
        names: the remedies in the order in which they are asked.
        ask: asks one, with the texts that earlier mends leave; errors are as good as declining.
        judge: the gate of a cause with its mend.
        attempts: key → the attempt that is alive for a cause.
        apart: whether a cause that fails nothing is at what no run here makes anything of.
    """

    causes: Sequence[Diagnosis]
    names: Sequence[str]
    ask: Ask
    judge: Judge
    attempts: Callable[[], Mapping[str, Attempt]]
    apart: Callable[[Diagnosis, Joint], bool] = lambda cause, joint: False
    _asked: dict[tuple[str, str], Mend | Declined] = field(default_factory=dict)

    def plan(self, attempt: Attempt) -> Joint:
        """What is done about each cause, for the one whose attempt it is and the others beside it."""
        alive = self.attempts()
        found: list[Planned] = []
        texts: dict[str, str | None] = {}
        for cause in self.causes:
            is_own = cause.key == attempt.key
            there = attempt if is_own else alive.get(cause.key)
            failed = there.failed if there is not None else ()
            one = self._planned(cause, failed, texts, found, claims=not is_own and len(self.causes) > 1)
            if not is_own and there is not None and there.state in _WITH_A_PERSON:
                limit, why = _WITH_A_PERSON[there.state], f"{there.id} waits for a person"
                one = replace(one, gate=Gate(min(one.gate.allowed, limit), (why, *one.gate.reasons)))
            found.append(one)
            if one.patch is not None and one.gate.allowed >= Allowed.PROPOSE:
                texts |= {edit.path: edit.after for edit in one.patch.edits}
        joint = Joint(tuple(found))
        return Joint(tuple(replace(one, is_apart=self.apart(one.diagnosis, joint)) for one in found))

    def _planned(
        self, cause: Diagnosis, failed: Collection[str], texts: Mapping[str, str | None],
        before: Sequence[Planned], *, claims: bool,
    ) -> Planned:  # fmt: skip
        declined: list[Declined] = []
        for name in self.names:
            if name in failed:
                continue
            found = self._safely(name, cause, texts)
            if isinstance(found, Declined):
                declined.append(found)
                continue
            holds, said = check_claims(found.claims) if claims else (True, ())
            if not holds:
                declined.append(Declined(name, said[-1], draft=found.patch))
                continue
            return Planned(cause, found, tuple(declined), self.judge(cause, found), said)
        alike = self._alike(cause, failed, before)
        if alike is not None:
            return replace(alike, declined=tuple(declined))
        gate = self.judge(cause, None)
        concerned = tuple(one.why for one in declined if one.is_concerned)
        held_back = gate.reasons[:1] if gate.allowed < Allowed.PROPOSE else ()
        why = held_back or concerned[:1] or ("no remedy applies",)
        return Planned(cause, None, tuple(declined), Gate(Allowed.HAND_OVER, why))

    def _alike(self, cause: Diagnosis, failed: Collection[str], before: Sequence[Planned]) -> Planned | None:
        """The same mend as an earlier cause's: two traces of one mistake."""
        edits = {one.diagnosis.key: one.patch.edits for one in before if one.patch is not None}
        for name in self.names if edits else ():
            found = self._safely(name, cause, {}) if name not in failed else Declined(name, "")
            if isinstance(found, Mend) and found.patch is not None:
                holds, said = check_claims(found.claims)
                for key, theirs in edits.items() if holds else ():
                    if all(edit in theirs for edit in found.patch.edits):
                        return Planned(cause, found, (), self.judge(cause, found), said, alike=key)
        return None

    def _safely(self, name: str, cause: Diagnosis, texts: Mapping[str, str | None]) -> Mend | Declined:
        try:
            return self.ask(name, cause, texts)
        except StoreError:
            raise
        except AidbtError as error:
            return Declined(name, error.message)


def _why_open(planned: Planned) -> str:
    cause = planned.diagnosis
    if not cause.failures and cause.proof:  # nothing fails of it: what is wrong says more than whose it is
        return f"{cause.proof[0].text}, and tables are made of it"
    why = planned.gate.reasons[0] if planned.gate.reasons else "it needs a person"
    return f"{_named(planned)}: {why}"


def _named(planned: Planned) -> str:
    root = planned.diagnosis.root
    return f"{planned.diagnosis.error_class} at {node_name(root) if '.' in root else root}"
