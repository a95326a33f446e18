"""Taking one cause from "it failed" to where it rests, however often the healer is killed on the way.

Each step is saved before the next one begins, and whatever changes something outside of the store is
announced first (`Attempt.write`): whoever finds the attempt later looks what became of it instead of doing it
again. Only who holds the lease of the cause works on it, and right before anything is written the fault is
looked at once more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, cast

from aidbt.core.attempts import Attempt, AttemptState, Write
from aidbt.core.errors import AidbtError, LeaseLost, LeaseTaken, StoreError, VersionConflict
from aidbt.healing.controller.gate import Allowed
from aidbt.healing.controller.states import RESTING, Event, due, moved
from aidbt.store.attempts import Attempts
from aidbt.store.leases import DEFAULT_TTL_S, HeldLeases, Leases


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done next about a cause.

    Attributes:
        remedy: "" where none applies; then a person is needed.
        allowed: how far the gate lets it go.
        why: why this, or why nothing.
        base: the commit it is made on; "" where no file changes.
    """

    remedy: str
    allowed: Allowed
    why: str
    base: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a proof or a write.

    Attributes:
        is_good: whether it holds. Of a write: whether it is there and, where it was deployed, green.
        found: one sentence.
        was_undone: of a deployment: whether it was there and was taken back.
        commit, branch, pull_request: what it left.
    """

    is_good: bool
    found: str
    was_undone: bool = False
    commit: str = ""
    branch: str = ""
    pull_request: str = ""


class Hands(Protocol):
    """What a healer can do about one cause. Errors (`AidbtError`) of it are as good as "it did not work"."""

    def fault(self) -> str:
        """Digest of what the fault rests on now, files, tables and messages; "" when it is over."""
        ...

    def classified(self) -> dict[str, Any]:
        """Fields of the attempt that the diagnosis gives: title, error_class, root, form, confidence."""
        ...

    def plan(self, attempt: Attempt) -> Plan:
        """The next mend; never one of a remedy in `attempt.failed` unless trying it again makes sense."""
        ...

    def prove(self, attempt: Attempt) -> Tried:
        """Check every claim of the planned mend, and build it where nobody reads."""
        ...

    def propose(self, attempt: Attempt) -> Tried:
        """Make or bring up to date the cause's one branch. Doing it twice is as good as once."""
        ...

    def promote(self, attempt: Attempt) -> Tried:
        """Deploy the proved mend (`attempt.base` → `attempt.commit`); what is not green is taken back."""
        ...

    def settled(self, attempt: Attempt) -> Tried | None:
        """What became of a write that somebody began and did not finish, finished or undone now; None when
        nothing of it was ever there. What was deployed and taken back says so, however often it is asked."""
        ...

    def alert(self, attempt: Attempt) -> None:
        """Tell the people concerned. The same attempt and version may come twice and is told once."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where an attempt rests, and what stopped it there.

    Attributes:
        problem: why it does not go on now though it could: somebody else works on it, or the store is away.
    """

    attempt: Attempt
    problem: str = ""


def heal(
    attempt: Attempt, hands: Hands, attempts: Attempts, leases: Leases, *, holder: str,
    ttl_s: float = DEFAULT_TTL_S,
) -> Outcome:  # fmt: skip
    """Take an attempt as far as it gets. Safe to be called by several at once, and again after a kill.

    Raises:
        StoreError: the store cannot be read or written.
    """
    try:
        with leases.leased([resource_of(attempt)], holder, ttl_s=ttl_s) as held:
            now = attempts.get(attempt.id)  # it may have gone on while we asked for the lease
            return Outcome(_Worker(hands, attempts, held).work(now))
    except LeaseTaken as error:
        return Outcome(attempts.get(attempt.id), f"{error.holder} works on it")
    except (LeaseLost, VersionConflict) as error:
        return Outcome(attempts.get(attempt.id), error.message)
    except StoreError:
        raise
    except AidbtError as error:  # of the alert: the next healer sends it
        return Outcome(attempts.get(attempt.id), f"nobody could be told: {error.message}")


def end(
    attempt: Attempt, attempts: Attempts, leases: Leases, *, holder: str, why: str,
    event: Event = Event.ENDED, **facts: Any,
) -> Attempt:  # fmt: skip
    """An attempt whose fault is over (a green run, or a person who says so), or to which something else
    happened from outside.

    Raises:
        LeaseTaken: a healer is at work on it right now.
        UsageError: that cannot happen to it as it stands.
        StoreError: the store cannot be written.
    """
    with leases.leased([resource_of(attempt)], holder) as held:
        now = attempts.get(attempt.id)
        after = moved(now, event, at=attempts.now(), why=why, **facts)
        return attempts.save(now, after, token=held.token(resource_of(attempt)), what=str(event))


def end_of_waiting(attempts: Attempts, leases: Leases, *, holder: str, timeout: timedelta) -> list[Attempt]:
    """The attempts that have waited for a person for too long, now one step further."""
    waiting = attempts.all(states=(AttemptState.WAITING, AttemptState.PROPOSED))
    now = attempts.now()
    late = [(one, event) for one in waiting if (event := due(one, now=now, timeout=timeout)) is not None]
    found = []
    for attempt, event in late:
        why = f"nobody answered within {_days(timeout)}"
        try:
            found.append(end(attempt, attempts, leases, holder=holder, why=why, event=event))
        except LeaseTaken:
            continue  # whoever has it may just be answering
    return found


def _days(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours / 24:g} days" if hours >= 48 else f"{hours:g} hours"


def resource_of(attempt: Attempt) -> str:
    """What a healer of this cause holds a lease of."""
    return f"heal:{attempt.target}:{attempt.key}"


class _Worker:
    """One healer at work on one attempt, under a lease."""

    def __init__(self, hands: Hands, attempts: Attempts, held: HeldLeases) -> None:
        self._hands = hands
        self._attempts = attempts
        self._held = held
        self._plan: Plan | None = None  # of this process; a plan of before is made again

    def work(self, attempt: Attempt) -> Attempt:
        if attempt.state is AttemptState.VALIDATING:
            attempt = self._after_a_kill(attempt)
        if attempt.state is AttemptState.PROPOSED:
            attempt = self._proposed_before(attempt)
        while attempt.state not in RESTING:
            attempt = _STEPS[attempt.state](self, attempt)
        return attempt

    def _saved(self, attempt: Attempt, event: Event, why: str = "", **facts: Any) -> Attempt:
        self._held.check()
        after = moved(attempt, event, at=self._attempts.now(), why=why, **facts)
        token = self._held.token(resource_of(attempt))
        return self._attempts.save(attempt, after, token=token, what=str(event))

    # --- a step each --------------------------------------------------------------------------------------

    def _classify(self, attempt: Attempt) -> Attempt:
        problem, fault = self._fault()
        if problem:
            return self._saved(attempt, Event.HANDED_OVER, problem, **self._hands.classified())
        if not fault:
            return self._saved(attempt, Event.ENDED, _OVER)
        return self._saved(attempt, Event.CLASSIFIED, fault=fault, **self._hands.classified())

    def _make_plan(self, attempt: Attempt) -> Attempt:
        plan = self._planned(attempt)
        if isinstance(plan, Attempt):
            return plan
        return self._saved(attempt, Event.PLANNED, plan.why, remedy=plan.remedy, base=plan.base)

    def _begin(self, attempt: Attempt) -> Attempt:
        problem, fault = self._fault()
        if problem:
            return self._saved(attempt, Event.HANDED_OVER, problem)
        if not fault:
            return self._saved(attempt, Event.ENDED, _OVER)
        plan: Plan | Attempt | None = self._plan
        if plan is None or fault != attempt.fault:  # planned by a process that is gone, or for another fault
            plan = self._planned(attempt)
        if isinstance(plan, Attempt):
            return plan
        facts = {"remedy": plan.remedy, "base": plan.base, "commit": "", "fault": fault}
        return self._saved(attempt, Event.BEGUN, plan.why, **facts)

    def _validate(self, attempt: Attempt) -> Attempt:
        plan, self._plan = self._plan, None
        assert plan is not None, "nothing is validated but what this process planned"
        problem, proved = self._safely(lambda: self._hands.prove(attempt))
        if problem or not proved.is_good:
            return self._saved(attempt, Event.FAILED, problem or proved.found)
        changed = self._changed(attempt)
        if changed is not None:
            return changed
        write: Write = "promote" if plan.allowed is Allowed.PROMOTE else "propose"
        attempt = self._saved(attempt, Event.WRITING, proved.found, write=write, commit=proved.commit)
        do = self._hands.promote if write == "promote" else self._hands.propose
        problem, done = self._safely(lambda: do(attempt))
        return self._settled(attempt, problem) if problem else self._written(attempt, done)

    def _escalate(self, attempt: Attempt) -> Attempt:
        return self._saved(attempt, Event.HANDED_OVER)

    def _alert(self, attempt: Attempt) -> Attempt:
        self._hands.alert(attempt)
        return self._saved(attempt, Event.ALERTED)

    def _planned(self, attempt: Attempt) -> Plan | Attempt:
        """The plan, which this process keeps; or the attempt, handed over for want of one."""
        problem, plan = self._safely(lambda: self._hands.plan(attempt))
        if problem:
            return self._saved(attempt, Event.HANDED_OVER, f"no mend could be planned: {problem}")
        if not plan.remedy or plan.allowed < Allowed.PROPOSE:
            return self._saved(attempt, Event.HANDED_OVER, plan.why, remedy=plan.remedy)
        self._plan = plan
        return cast(Plan, plan)

    # --- what may have happened meanwhile -----------------------------------------------------------------

    def _after_a_kill(self, attempt: Attempt) -> Attempt:
        gone = "the healer that worked on it is gone"
        # Should it only have slept: from here on its token is too low to begin a write.
        attempt = self._saved(attempt, Event.TAKEN_OVER, gone)
        if attempt.write:
            return self._settled(attempt, gone)
        return self._saved(attempt, Event.FAILED, gone, failed=attempt.failed)

    def _proposed_before(self, attempt: Attempt) -> Attempt:
        """A proposal whose fault is another one by now is made again, on the same branch."""
        problem, fault = self._fault()
        if problem or fault in ("", attempt.fault):
            return attempt  # what is over is ended by a green run, not by us
        return self._saved(attempt, Event.PLANNED, "the fault changed", fault=fault, tries=0, failed=())

    def _changed(self, attempt: Attempt) -> Attempt | None:
        """The attempt after the fault was found to be another one than was worked on; None when it is not."""
        problem, fault = self._fault()
        if problem:
            return self._saved(attempt, Event.FAILED, problem, failed=attempt.failed)
        if fault == attempt.fault:
            return None
        if not fault:
            return self._saved(attempt, Event.ENDED, _OVER)
        why = "the fault changed while it was worked on"
        return self._saved(attempt, Event.FAILED, why, fault=fault, failed=attempt.failed)

    def _settled(self, attempt: Attempt, problem: str) -> Attempt:
        """The attempt after a write that did not come to its end, whatever of it is there."""
        unknown, done = self._safely(lambda: self._hands.settled(attempt))
        if unknown:  # nobody may write over what nobody knows
            why = f"{problem}; whether it was written is not known: {unknown}"
            return self._saved(attempt, Event.HANDED_OVER, why)
        if done is None:
            return self._saved(attempt, Event.FAILED, problem, failed=attempt.failed)
        return self._written(attempt, done)

    def _written(self, attempt: Attempt, done: Tried) -> Attempt:
        if done.was_undone:
            return self._saved(attempt, Event.ROLLED_BACK, done.found)
        if not done.is_good:
            return self._saved(attempt, Event.FAILED, done.found)
        left = {"commit": done.commit or attempt.commit, "branch": done.branch}
        if attempt.write == "promote":
            return self._saved(attempt, Event.PROMOTED, done.found, **left)
        return self._saved(attempt, Event.PROPOSED, done.found, **left, pull_request=done.pull_request)

    def _fault(self) -> tuple[str, str]:
        problem, fault = self._safely(self._hands.fault)
        return (f"what is wrong could not be looked at: {problem}", "") if problem else ("", fault)

    def _safely(self, work: Callable[[], Any]) -> tuple[str, Any]:
        """("", what it gave), or (why it failed, None); what befalls the store itself is not for a try."""
        self._held.check()
        try:
            return "", work()
        except StoreError:
            raise
        except AidbtError as error:
            return error.message or "it failed without a reason", None


_OVER = "the fault is over"
_STEPS: dict[AttemptState, Callable[[_Worker, Attempt], Attempt]] = {
    AttemptState.PENDING: _Worker._classify,
    AttemptState.CLASSIFIED: _Worker._make_plan,
    AttemptState.PLANNED: _Worker._begin,
    AttemptState.VALIDATING: _Worker._validate,
    AttemptState.ROLLED_BACK: _Worker._escalate,
    AttemptState.ESCALATED: _Worker._alert,
}
