"""The hands of a healer on what is wrong outside of dbt's runs: sources that are ill, dead letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aidbt.core.attempts import Attempt
from aidbt.core.errors import AidbtError
from aidbt.core.healing import Diagnosis, Mend
from aidbt.core.resilience.retry import RetryPolicy
from aidbt.healing.classification.messages import normal_form
from aidbt.healing.controller import writing
from aidbt.healing.controller.attempt import Plan, Tried
from aidbt.healing.controller.gate import Allowed, Gate, Ground, gate
from aidbt.healing.controller.hands import head_of
from aidbt.healing.controller.healing import Healed
from aidbt.healing.controller.means import Means
from aidbt.healing.proof.claims import check_claims
from aidbt.patching import commits

_SETTING = "a source's setting is a person's to decide; once it is merged, aidbt heal run does the rest"
_PAUSES = RetryPolicy(tries=5, base_s=4, cap_s=60)


@dataclass(frozen=True, slots=True)
class Offer:
    """A mend of what is wrong with a source, and how it is done.

    Attributes:
        do: does it, once its claims were checked and what it waits for has passed; None where a person merges
            its edits first.
        by_hand: the command that a person may run instead.
    """

    mend: Mend
    do: Callable[[], Tried] | None = None
    by_hand: str = ""


@dataclass(slots=True)
class SourceHands:
    """Works on one cause at a source.

    Attributes:
        still: digest of what is wrong now; "" when it is over.
        offers: the mends that may be tried, the best first.
        message: what the source said, for what is learned.
        offer: the one that is worked on.
    """

    diagnosis: Diagnosis
    means: Means
    still: Callable[[], str]
    offers: Callable[[], Sequence[Offer]]
    message: str = ""
    offer: Offer | None = None
    gate: Gate = field(default_factory=lambda: Gate(Allowed.HAND_OVER))
    found: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()

    def fault(self) -> str:
        """Digest of what is wrong now."""
        return self.still()

    def classified(self) -> dict[str, Any]:
        """What the diagnosis says."""
        cause = self.diagnosis
        title = cause.proof[0].text if cause.proof else cause.error_class.meaning
        fields = {"title": title, "error_class": cause.error_class.value, "root": cause.root}
        return {**fields, "form": normal_form(self.message), "confidence": cause.confidence}

    def plan(self, attempt: Attempt) -> Plan:
        """The first offer that did not fail yet, as far as the gate lets it go."""
        offers = [offer for offer in self.offers() if offer.mend.remedy not in attempt.failed]
        self.offer = offers[0] if offers else None
        head = head_of(self.means.project.root)
        patch = self.offer.mend.patch if self.offer is not None else None
        ground = Ground(
            patch is not None, commit=head.commit, branch=head.branch, is_clean=not head.dirty,
            actor=self.means.actor,
            # Nothing has to be decided about what is only done again.
            restores=self.offer is not None and patch is None,
        )  # fmt: skip
        self.gate = gate(self.diagnosis, self.means.rules, ground)
        if self.offer is None:
            held_back = self.gate.reasons[:1] if self.gate.allowed < Allowed.PROPOSE else ()
            self.gate = Gate(Allowed.HAND_OVER, held_back)
            why = attempt.why if attempt.failed else self.diagnosis.next_step
            return Plan("", Allowed.HAND_OVER, why or "no remedy applies")
        allowed, mend = self.gate.allowed, self.offer.mend
        self.commands = (self.offer.by_hand,) if self.offer.by_hand else ()
        if patch is not None:
            allowed = min(allowed, Allowed.PROPOSE)
            self.gate = Gate(allowed, (_SETTING,) if allowed is Allowed.PROPOSE else self.gate.reasons)
        elif allowed < Allowed.PROMOTE:
            allowed = Allowed.HAND_OVER  # there is nothing to propose: a person does it
        why = mend.title if allowed >= Allowed.PROPOSE else next(iter(self.gate.reasons), mend.title)
        return Plan(mend.remedy, allowed, why, base=head.commit if patch is not None else "")

    def prove(self, attempt: Attempt) -> Tried:
        """What is waited for, then the claims."""
        mend = self._the_offer().mend
        if mend.waits is not None and not self._waited():
            return Tried(False, f"waited for {mend.waits.for_what} {mend.waits.tries} times, in vain")
        holds, self.found = check_claims(mend.claims)
        if not holds:
            return Tried(False, self.found[-1])
        if mend.patch is None:
            return Tried(True, mend.title)
        message = f"{mend.title}\n\n{self.diagnosis.error_class} at {self.diagnosis.root} ({attempt.id}).\n"
        commit = commits.commit_patch(
            self.means.project.root, mend.patch, base=attempt.base, message=message, at=attempt.opened_at
        )
        return Tried(True, self.found[-1] if self.found else mend.title, commit=commit)

    def _waited(self) -> bool:
        waits = self._the_offer().mend.waits
        assert waits is not None and waits.is_over is not None
        for number in range(1, waits.tries + 1):
            if waits.is_over():
                return True
            if number < waits.tries:
                self.means.clock.sleep(_PAUSES.wait_s(number, self.means.rng))
        return False

    def propose(self, attempt: Attempt) -> Tried:
        """A branch with the edits, and the text of its pull request."""
        done, self.commands = writing.propose(
            self.means, attempt, self.diagnosis, self._the_offer().mend, found=self.found,
            reasons=self.gate.reasons,
        )  # fmt: skip
        return done

    def promote(self, attempt: Attempt) -> Tried:
        """What the offer does."""
        do = self._the_offer().do
        return do() if do is not None else Tried(True, self._the_offer().mend.title)

    def settled(self, attempt: Attempt) -> Tried | None:
        """What became of a write that was begun; what an offer does is done in one transaction, or not."""
        if attempt.write == "propose":
            return writing.proposed_before(self.means, attempt, self.diagnosis)
        return Tried(True, "it is done") if not self.still() else None

    def alert(self, attempt: Attempt) -> None:
        """Tell who is concerned."""
        self.means.tell(attempt, self.diagnosis)

    def healed(self, attempt: Attempt, problem: str) -> Healed:
        """What became of it."""
        return Healed(
            attempt, self.diagnosis, problem, self.found, (), self.gate.reasons, self.commands
        )  # fmt: skip

    def _the_offer(self) -> Offer:
        if self.offer is None:
            raise AidbtError("nothing was planned by this process")
        return self.offer
