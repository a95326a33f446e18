"""Healing attempts in the store: one per cause, and nobody's step is overwritten."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aidbt.core.attempts import AttemptState
from aidbt.core.errors import LeaseLost, UnknownName, VersionConflict
from aidbt.store import Store
from aidbt.store.attempts import Attempts
from aidbt.store.audit import Audit, broken
from tests.aidbt.store.places import Place, together


def test_a_cause_has_one_attempt_until_that_is_over(store: Store):
    attempts = Attempts(store, "ana")
    first = attempts.open("renamed:orders.mail", "prod", title="mail was renamed")

    assert attempts.open("renamed:orders.mail", "prod") == first
    assert attempts.open("renamed:orders.mail", "dev").id == "HEAL-2"

    attempts.save(first, replace(first, state=AttemptState.RESOLVED), token=1, what="ended")
    again = attempts.open("renamed:orders.mail", "prod")

    assert (again.id, again.state, again.version) == ("HEAL-3", AttemptState.PENDING, 1)


def test_an_attempt_comes_back_as_it_was_saved(store: Store):
    attempts = Attempts(store, "ana")
    opened = attempts.open("k", "prod", incident="INC-4")
    after = replace(
        opened, state=AttemptState.PROPOSED, failed=("rename", "cast"), tries=2, branch="aidbt/heal/k",
        commit="c0ffee", why="ü", facts={"column": "mail"}, write="propose",
    )  # fmt: skip

    saved = attempts.save(opened, after, token=7, what="proposed")

    assert saved == replace(after, token=7, version=2)
    assert attempts.get("heal1") == saved
    assert attempts.all(states=(AttemptState.PROPOSED,)) == (saved,)
    with pytest.raises(UnknownName):
        attempts.get("HEAL-9")


def test_a_step_made_on_an_older_version_is_refused(store: Store):
    attempts = Attempts(store, "ana")
    read = attempts.open("k", "prod")
    attempts.save(read, replace(read, state=AttemptState.CLASSIFIED), token=1, what="classified")

    with pytest.raises(VersionConflict):
        attempts.save(read, replace(read, state=AttemptState.ESCALATED), token=1, what="handed over")

    assert attempts.get(read.id).state is AttemptState.CLASSIFIED


def test_a_healer_that_slept_through_its_lease_changes_nothing(store: Store):
    attempts = Attempts(store, "ana")
    opened = attempts.open("k", "prod")
    taken = attempts.save(opened, replace(opened, state=AttemptState.CLASSIFIED), token=5, what="classified")

    with pytest.raises(LeaseLost, match="taken over"):
        attempts.save(taken, replace(taken, state=AttemptState.RESOLVED), token=4, what="ended")

    assert attempts.get(opened.id) == taken


def test_a_step_and_its_entry_in_the_audit_are_saved_together_or_not_at_all(store: Store):
    attempts = Attempts(store, "ana")
    opened = attempts.open("k", "prod")
    attempts.save(opened, replace(opened, state=AttemptState.CLASSIFIED, fault="f1"), token=1, what="seen")
    with pytest.raises(VersionConflict):
        attempts.save(opened, replace(opened, state=AttemptState.RESOLVED), token=1, what="ended")

    entries = Audit(store).entries()

    assert [(e.who, e.what, e.subject, e.before, e.after, e.evidence) for e in entries] == [
        ("ana", "opened", "HEAL-1", "", "pending", ""),
        ("ana", "seen", "HEAL-1", "pending", "classified", "f1"),
    ]
    assert broken(entries) == ""


def test_of_processes_that_step_at_once_one_does_and_the_chain_of_the_audit_holds(place: Place):
    store = place.open()
    opened = Attempts(store, "ana").open("k", "prod")
    store.close()
    code = """
from dataclasses import replace
from aidbt.core.attempts import AttemptState
from aidbt.store.attempts import Attempts
from aidbt.store.audit import Audit
attempts = Attempts(here(), args[0])
attempts.open("k" + args[0], "prod")
read = attempts.get("1")
try:
    attempts.save(read, replace(read, state=AttemptState.CLASSIFIED), token=1, what="classified")
    print("done") if read.version == 1 else print("late")
except VersionConflict:
    print("refused")
"""
    printed = together(place, code, ("one",), ("two",), ("three",))

    with_store = place.open()
    entries = Audit(with_store).entries()
    assert printed.count("done") == 1
    assert len([e for e in entries if e.subject == opened.id and e.before == "pending"]) == 1
    assert broken(entries) == ""
    assert len(Attempts(with_store, "x").all()) == 4
    with_store.close()
