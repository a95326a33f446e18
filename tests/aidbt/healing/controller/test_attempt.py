"""One attempt from start to rest: with kills at every point, with two healers, with a fault that changes.

The hands here work on real files: a "deployment" replaces a file, a proposal writes one; so what is done
twice, or not at all, is seen.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from aidbt.core.attempts import Attempt, AttemptState
from aidbt.core.errors import AidbtError, LeaseTaken, WarehouseError
from aidbt.healing.controller.attempt import Hands, Outcome, Plan, Tried, end, end_of_waiting, heal
from aidbt.healing.controller.gate import Allowed
from aidbt.store import Store, open_store
from aidbt.store.attempts import Attempts
from aidbt.store.audit import Audit, broken
from aidbt.store.leases import Leases

FINE = Tried(True, "all claims hold", commit="new")
UNDONE = Tried(False, "its run failed; taken back", was_undone=True)


class FileHands(Hands):
    """Works on the files of a folder: `fault` is what is wrong.

    `deployed` holds all that ever was, as git's history does: what is taken back is not forgotten.

    Args:
        at: called with the name of every point that is passed.
    """

    def __init__(self, folder: Path, at: Callable[[str], None] = lambda point: None) -> None:
        self.folder = folder
        self.at = at
        self.allowed = Allowed.PROMOTE
        self.remedies = ["rename", "cast", "wait", "retype", "requote", "reload"]
        self.proofs: dict[str, Tried | AidbtError] = {}
        self.is_green = True

    def read(self, name: str) -> str:
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def write(self, name: str, content: str) -> None:
        staged = self.folder / f".{name}"
        staged.write_text(content)
        staged.replace(self.folder / name)

    def log(self, word: str) -> None:
        with (self.folder / "done").open("a") as file:
            file.write(f"{word}\n")

    def done(self, word: str) -> int:
        return self.read("done").split("\n").count(word)

    def fault(self) -> str:
        self.at("fault")
        return self.read("fault")

    def classified(self) -> dict[str, str]:
        return {"title": "mail was renamed", "error_class": "SCHEMA_DRIFT/COLUMN_RENAMED", "root": "source.x"}

    def plan(self, attempt: Attempt) -> Plan:
        self.at("plan")
        left = [remedy for remedy in self.remedies if remedy not in attempt.failed]
        if not left:
            return Plan("", Allowed.HAND_OVER, "no remedy is left")
        return Plan(left[0], self.allowed, f"{left[0]} fits", base="old")

    def prove(self, attempt: Attempt) -> Tried:
        self.at("prove")
        found = self.proofs.get(attempt.remedy, FINE)
        if isinstance(found, AidbtError):
            raise found
        return found

    def propose(self, attempt: Attempt) -> Tried:
        self.at("propose before")
        self.write("branch", attempt.commit)
        self.log("proposed")
        self.at("propose after")
        return Tried(True, "proposed", branch="aidbt/heal/k", commit=attempt.commit)

    def promote(self, attempt: Attempt) -> Tried:
        self.at("promote before")
        self.write("deployed", f"{self.read('deployed')} {attempt.commit}")
        self.log("deployed")
        self.at("promote between")
        return self._built(attempt)

    def _built(self, attempt: Attempt) -> Tried:
        if self.is_green:
            self.log("built")
            self.at("promote after")
            return Tried(True, "deployed and green", commit=attempt.commit)
        self.write("deployed", f"{self.read('deployed')} {attempt.base}")
        self.log("undone")
        self.at("promote undone")
        return UNDONE

    def settled(self, attempt: Attempt) -> Tried | None:
        self.at("settled")
        if attempt.write == "propose":
            return self.propose(attempt) if self.read("branch") == attempt.commit else None
        *_, last = deployed = self.read("deployed").split()
        if attempt.commit not in deployed:
            return None
        return self._built(attempt) if last == attempt.commit else UNDONE

    def alert(self, attempt: Attempt) -> None:
        self.at("alert before")
        self.write(f"told {attempt.id} {attempt.version}", attempt.why)
        self.at("alert after")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(tmp_path / "state.db")) as opened:
        yield opened


@pytest.fixture
def hands(tmp_path: Path) -> FileHands:
    made = FileHands(tmp_path)
    made.write("fault", "f1")
    made.write("deployed", "old")
    return made


def healed(store: Store, hands: FileHands) -> Outcome:
    attempts = Attempts(store, "ana")
    return heal(attempts.open("k", "prod"), hands, attempts, Leases(store), holder="healer")


def steps(store: Store) -> list[str]:
    return [entry.what for entry in Audit(store).entries()]


def test_a_proved_mend_is_deployed_once_and_then_rests(store: Store, hands: FileHands):
    outcome = healed(store, hands)

    assert outcome.attempt.state is AttemptState.PROMOTED
    assert (outcome.attempt.error_class, outcome.attempt.commit) == ("SCHEMA_DRIFT/COLUMN_RENAMED", "new")
    assert steps(store) == ["opened", "classified", "planned", "begun", "writing", "promoted"]
    assert healed(store, hands) == outcome
    assert hands.done("deployed") == 1


def test_what_may_only_be_proposed_is_not_deployed(store: Store, hands: FileHands):
    hands.allowed = Allowed.PROPOSE

    attempt = healed(store, hands).attempt

    assert (attempt.state, attempt.branch) == (AttemptState.PROPOSED, "aidbt/heal/k")
    assert hands.read("deployed") == "old"


def test_one_proposal_is_kept_and_brought_up_to_date_when_the_fault_changes(store: Store, hands: FileHands):
    hands.allowed = Allowed.PROPOSE
    first = healed(store, hands).attempt
    same = healed(store, hands).attempt
    hands.write("fault", "f2")
    updated = healed(store, hands).attempt

    assert same == first
    assert (updated.id, updated.state, updated.fault) == (first.id, AttemptState.PROPOSED, "f2")
    assert hands.done("proposed") == 2


@pytest.mark.parametrize("allowed", [Allowed.HAND_OVER, Allowed.DRAFT])
def test_below_the_gate_a_person_is_told_and_nothing_is_proved(
    store: Store, hands: FileHands, allowed: Allowed
):
    hands.allowed = allowed

    attempt = healed(store, hands).attempt

    assert attempt.state is AttemptState.WAITING
    assert steps(store) == ["opened", "classified", "handed over", "alerted"]


def test_the_next_remedy_is_tried_when_one_does_not_hold_or_breaks(store: Store, hands: FileHands):
    hands.proofs = {"rename": Tried(False, "two candidates"), "cast": WarehouseError("away")}

    attempt = healed(store, hands).attempt

    assert (attempt.state, attempt.remedy) == (AttemptState.PROMOTED, "wait")
    assert (attempt.tries, attempt.failed) == (2, ("rename", "cast"))


def test_after_five_tries_a_person_is_told_with_the_last_reason(store: Store, hands: FileHands):
    hands.proofs = {name: Tried(False, f"{name} does not hold") for name in hands.remedies}

    attempt = healed(store, hands).attempt

    assert (attempt.state, attempt.tries) == (AttemptState.WAITING, 5)
    assert attempt.why == "requote does not hold"
    assert hands.read(f"told {attempt.id} {attempt.version - 1}") == "requote does not hold"


def test_what_is_not_green_when_deployed_is_taken_back_and_handed_over(store: Store, hands: FileHands):
    hands.is_green = False

    attempt = healed(store, hands).attempt

    assert attempt.state is AttemptState.WAITING
    assert steps(store)[-3:] == ["rolled back", "handed over", "alerted"]
    assert hands.read("deployed") == "old new old"


def test_a_fault_that_changes_while_a_mend_is_proved_is_not_mended_with_it(store: Store, hands: FileHands):
    def changes(point: str) -> None:
        if point == "prove" and hands.read("fault") == "f1":
            hands.write("fault", "f2")

    hands.at = changes

    attempt = healed(store, hands).attempt

    assert (attempt.state, attempt.fault, attempt.tries) == (AttemptState.PROMOTED, "f2", 1)
    assert attempt.remedy == "rename"  # the remedy itself did not fail
    assert hands.done("deployed") == 1


def test_a_fault_that_is_over_while_a_mend_is_proved_is_left_alone(store: Store, hands: FileHands):
    hands.at = lambda point: hands.write("fault", "") if point == "prove" else None

    attempt = healed(store, hands).attempt

    assert (attempt.state, attempt.why) == (AttemptState.RESOLVED, "the fault is over")
    assert hands.read("deployed") == "old"


def test_a_deployment_of_which_nobody_knows_how_it_ended_goes_to_a_person(store: Store, hands: FileHands):
    def fails(point: str) -> None:
        if point in ("promote between", "settled"):
            raise WarehouseError("git is gone")

    hands.at = fails

    attempt = healed(store, hands).attempt

    assert attempt.state is AttemptState.WAITING
    assert attempt.why == "git is gone; whether it was written is not known: git is gone"


def test_a_person_who_cannot_be_told_now_is_told_by_the_next_healer(store: Store, hands: FileHands):
    def fails(point: str) -> None:
        if point == "alert before":
            raise AidbtError("no channel answers")

    hands.allowed, hands.at = Allowed.HAND_OVER, fails
    outcome = healed(store, hands)
    hands.at = lambda point: None
    later = healed(store, hands).attempt

    assert outcome.attempt.state is AttemptState.ESCALATED
    assert outcome.problem == "nobody could be told: no channel answers"
    assert later.state is AttemptState.WAITING


# --- killed, and two at once ------------------------------------------------------------------------------


def in_a_child(store_path: Path, hands: FileHands, kill_at: int) -> bool:
    """Heal in another process that kills itself at its n-th point; whether it was killed."""
    pid = os.fork()
    if pid == 0:
        passed = 0

        def at(point: str) -> None:
            nonlocal passed
            passed += 1
            if passed == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            hands.at = at
            store = open_store(store_path)
            _kill_around_saves(at)
            healed(store, hands)
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def _kill_around_saves(at: Callable[[str], None]) -> None:
    save = Attempts.save

    def watched(self: Attempts, *args: object, **more: object) -> Attempt:
        at("save before")
        saved = save(self, *args, **more)  # type: ignore[arg-type]
        at("save after")
        return saved

    Attempts.save = watched  # type: ignore[method-assign,assignment]


ENDS = {
    "deployed": (Allowed.PROMOTE, True, AttemptState.PROMOTED, "old new"),
    "taken back": (Allowed.PROMOTE, False, AttemptState.WAITING, "old new old"),
    "proposed": (Allowed.PROPOSE, True, AttemptState.PROPOSED, "old"),
    "handed over": (Allowed.HAND_OVER, True, AttemptState.WAITING, "old"),
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.parametrize(
    "name", ["deployed", *(pytest.param(one, marks=pytest.mark.long) for one in ENDS if one != "deployed")]
)
def test_killed_at_any_point_the_next_healer_brings_it_to_the_same_end(tmp_path: Path, name: str):
    allowed, is_green, state, deployed = ENDS[name]
    open_store(tmp_path / "new.db").close()
    for kill_at in range(1, 100):
        folder = tmp_path / str(kill_at)
        folder.mkdir()
        shutil.copy(tmp_path / "new.db", folder / "state.db")
        hands = FileHands(folder)
        hands.write("fault", "f1")
        hands.write("deployed", "old")
        hands.allowed, hands.is_green = allowed, is_green

        was_killed = in_a_child(folder / "state.db", hands, kill_at)
        with closing(open_store(folder / "state.db")) as store:
            attempt = healed(store, hands).attempt
            assert (attempt.state, hands.read("deployed")) == (state, deployed), f"killed at {kill_at}"
            assert hands.done("deployed") <= 1
            assert len(Attempts(store, "x").all()) == 1
            assert broken(Audit(store).entries()) == ""
            told = [file for file in folder.iterdir() if file.name.startswith("told")]
            assert len(told) == (state is AttemptState.WAITING)
        if not was_killed:
            assert kill_at > 8
            return
    pytest.fail("it never ends")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_healer_that_is_killed_every_time_ends_with_a_person(tmp_path: Path):
    hands = FileHands(tmp_path)
    hands.write("fault", "f1")
    in_a_child(tmp_path / "state.db", hands, 1)

    def killed_while_proving() -> None:
        pid = os.fork()
        if pid == 0:
            hands.at = lambda point: os.kill(os.getpid(), signal.SIGKILL) if point == "prove" else None
            healed(open_store(tmp_path / "state.db"), hands)
            os._exit(0)
        os.waitpid(pid, 0)

    for _ in range(6):
        killed_while_proving()

    with closing(open_store(tmp_path / "state.db")) as store:
        (attempt,) = Attempts(store, "x").all()
    assert (attempt.state, attempt.tries) == (AttemptState.WAITING, 5)


def test_while_one_healer_works_another_one_leaves_it_alone(store: Store, hands: FileHands):
    seen: list[Outcome] = []

    def another(point: str) -> None:
        if point == "prove":
            hands.at = lambda point: None
            seen.append(healed(store, hands))

    hands.at = another

    outcome = healed(store, hands)

    assert seen[0].problem == "healer works on it"
    assert seen[0].attempt.state is AttemptState.VALIDATING
    assert outcome.attempt.state is AttemptState.PROMOTED
    assert hands.done("deployed") == 1


def test_a_healer_that_lost_its_lease_stops_before_it_writes(store: Store, hands: FileHands):
    def somebody_else_takes_it(point: str) -> None:
        if point == "prove":
            leases = Leases(store)
            for lease in leases.held():
                leases.release(lease)
            leases.acquire("heal:prod:k", "another")
            time.sleep(0.5)  # more than the lease lasts

    hands.at = somebody_else_takes_it
    attempts = Attempts(store, "ana")

    outcome = heal(attempts.open("k", "prod"), hands, attempts, Leases(store), holder="healer", ttl_s=0.2)

    assert hands.read("deployed") == "old"
    assert outcome.attempt.state is AttemptState.VALIDATING
    assert "another has it now" in outcome.problem


def test_a_healer_that_wakes_after_another_one_took_over_writes_nothing(store: Store, hands: FileHands):
    def taken_over_unnoticed(point: str) -> None:
        if point == "prove":
            hands.at = lambda point: None
            for lease in Leases(store).held():
                Leases(store).release(lease)
            healed(store, hands)

    hands.at = taken_over_unnoticed
    hands.remedies = ["rename", "cast"]

    outcome = healed(store, hands)

    assert outcome.problem
    assert outcome.attempt.state is AttemptState.PROMOTED
    assert hands.done("deployed") == 1
    assert broken(Audit(store).entries()) == ""


# --- from outside -----------------------------------------------------------------------------------------


def test_a_green_run_ends_it_and_the_same_cause_later_is_a_new_attempt(store: Store, hands: FileHands):
    attempts, leases = Attempts(store, "ana"), Leases(store)
    promoted = healed(store, hands).attempt

    over = end(promoted, attempts, leases, holder="ana", why="run r2 is green")

    assert (over.state, over.why) == (AttemptState.RESOLVED, "run r2 is green")
    assert attempts.open("k", "prod").id == "HEAL-2"


def test_nobody_ends_what_a_healer_is_working_on(store: Store, hands: FileHands):
    attempts, leases = Attempts(store, "ana"), Leases(store)
    attempt = attempts.open("k", "prod")
    leases.acquire("heal:prod:k", "healer")

    with pytest.raises(LeaseTaken):
        end(attempt, attempts, leases, holder="ana", why="over")


def test_who_is_told_and_does_nothing_lets_it_end_in_time(store: Store, hands: FileHands):
    hands.allowed = Allowed.HAND_OVER
    waiting = healed(store, hands).attempt
    attempts, leases = Attempts(store, "aidbt"), Leases(store)

    early = end_of_waiting(attempts, leases, holder="aidbt", timeout=timedelta(days=3))
    late = end_of_waiting(attempts, leases, holder="aidbt", timeout=timedelta(0))

    assert early == []
    assert [(one.id, one.state) for one in late] == [(waiting.id, AttemptState.TERMINATED)]


def test_a_proposal_that_nobody_takes_is_told_of_and_then_ends(store: Store, hands: FileHands):
    hands.allowed = Allowed.PROPOSE
    healed(store, hands)
    attempts, leases = Attempts(store, "aidbt"), Leases(store)

    (late,) = end_of_waiting(attempts, leases, holder="aidbt", timeout=timedelta(0))
    told = heal(late, hands, attempts, leases, holder="aidbt").attempt
    (over,) = end_of_waiting(attempts, leases, holder="aidbt", timeout=timedelta(0))

    assert (late.state, told.state, over.state) == (
        AttemptState.ESCALATED, AttemptState.WAITING, AttemptState.TERMINATED,
    )  # fmt: skip
