"""Which attempts belong to the cause of an incident, and what is said of them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from aidbt.core.attempts import AttemptState
from aidbt.observability.report.causes_part import attempts_of, causes_heading, standing, sureness
from aidbt.store import open_store
from aidbt.store.attempts import Attempts
from tests.aidbt.observability.report import made

FAILING, SOURCE = made.mistyped().incident, made.halved().incident
assert FAILING.found is not None and SOURCE.found is not None


def test_an_incident_has_its_own_attempts_with_their_audit(tmp_path: Path):
    with closing(open_store(tmp_path / "state.db")) as store:
        attempts = Attempts(store, "ana")
        attempts.open(FAILING.found.key, "prod", incident="INC-14")  # type: ignore[union-attr]
        attempts.open("another", "prod", incident="INC-3")
        attempts.open(SOURCE.found.key, "prod")  # type: ignore[union-attr]
        notes: list[str] = []

        found = attempts_of(store, [FAILING, SOURCE, made.acknowledged().incident], notes)

        assert {id: [part.attempt.id for part in parts] for id, parts in found.items()} == {
            "INC-14": ["HEAL-1"], "INC-15": ["HEAL-3"], "INC-9": [],
        }  # fmt: skip
        (part,) = found["INC-14"]
        assert [(entry.subject, entry.who) for entry in part.audit] == [("HEAL-1", "ana")]
        assert notes == []


def test_an_audit_that_was_tampered_with_is_said(tmp_path: Path):
    with closing(open_store(tmp_path / "state.db")) as store:
        Attempts(store, "ana").open(FAILING.found.key, "prod")  # type: ignore[union-attr]
        with store.transaction() as connection:
            connection.execute(text("update heal_audit set who = 'eve'"))
        notes: list[str] = []

        attempts_of(store, [FAILING], notes)

        assert notes == ["The audit of healing was tampered with: entry 1 was changed after it was written."]


def test_without_a_cause_the_store_is_not_asked():
    assert attempts_of(None, [made.acknowledged().incident], []) == {}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("confidence", "state"), [(0.97, "good"), (0.75, "good"), (0.6, "warn"), (0.49, "none")]
)
def test_how_sure_a_cause_is_says_what_may_be_done(confidence: float, state: str):
    assert sureness(replace(FAILING.found, confidence=confidence))[0] == state  # type: ignore[type-var]


@pytest.mark.parametrize("state", AttemptState)
def test_every_state_of_an_attempt_has_a_word(state: AttemptState):
    attempt = replace(made.mistyped().attempts[0].attempt, state=state)

    assert standing(attempt)[1]


def test_a_run_that_got_to_no_node_is_told_so():
    part = made.mistyped()
    nowhere = replace(part, incident=replace(part.incident, failures=("",)))

    assert causes_heading(replace(made.shop(), incidents=(nowhere,))) == "A run that got to no node → 1 cause"
