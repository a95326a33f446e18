"""The causes of one run planned together: edits made one upon the other, and deployed all or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from aidbt.core.attempts import Attempt, AttemptState
from aidbt.core.failures import ErrorClass
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Checked, Claim, Declined, Diagnosis, Evidence, Mend, Stage
from aidbt.core.patch import FileEdit, Patch, digest
from aidbt.healing.controller.gate import Allowed, Gate, Ground, Rules, gate
from aidbt.healing.controller.together import Joint, Planner

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FILES = {"stg.sql": "select mail, fone from x\n", "other.sql": "select nmae from y\n"}
GROUND = Ground(True, commit="c", branch="main", is_clean=True)


def cause(old: str, new: str, path: str, error_class: ErrorClass = ErrorClass.COLUMN_RENAMED) -> Diagnosis:
    facts = {"old": old, "new": new, "file": path}
    failed = (RunFailure(f"model.shop.{old}", "error", "no"),)
    return Diagnosis(
        f"renamed:{old}", error_class, 0.97, Stage.NODE, "model.shop.stg", failures=failed, facts=facts
    )


MAIL, FONE = cause("mail", "email", "stg.sql"), cause("fone", "phone", "stg.sql")
NAME = cause("nmae", "name", "other.sql")
AGAIN = Diagnosis("trace", ErrorClass.COLUMN_RENAMED, 0.97, Stage.NODE, "model.shop.mart", facts=MAIL.facts)
EXPIRED = Diagnosis("login", ErrorClass.CREDENTIAL_EXPIRED, 0.97, Stage.CONNECT, "project")
WRONG = Diagnosis(
    "wrong", ErrorClass.COLUMN_RENAMED, 0.97, Stage.NODE, "model.shop.z", facts={**NAME.facts, "so": "no"}
)


def replaced(name: str, cause: Diagnosis, texts: Mapping[str, str | None]) -> Mend | Declined:
    """A remedy: one word of one file, as earlier edits leave it."""
    path = cause.facts.get("file", "")
    text = texts.get(path) or FILES.get(path, "")
    word = re.compile(rf"\b{cause.facts.get('old', '-')}\b")
    if not word.search(text):
        return Declined(name, "the word is not there")
    after = word.sub(cause.facts["new"], text)
    claim = Claim("it is so", lambda: Checked("so" not in cause.facts, "looked at"))
    return Mend(name, "Rename", Patch((FileEdit(path, digest(text), after),)), claims=(claim,))


def planned(
    *causes: Diagnosis,
    alive: Mapping[str, Attempt] | None = None,
    apart: Callable[[Diagnosis, Joint], bool] = lambda cause, joint: False,
) -> Joint:
    rules = Rules({one.family: "auto" for one in ErrorClass}, deployed_branch="main")
    planner = Planner(
        causes,
        ["rename"],
        replaced,
        lambda cause, mend: gate(cause, rules, GROUND),
        lambda: alive or {},
        apart,
    )
    return planner.plan(Attempt(causes[0].key, "prod", AttemptState.CLASSIFIED, NOON, NOON, "HEAL-1"))


def test_edits_of_one_file_are_made_one_upon_the_other_and_both_are_deployed():
    joint = planned(MAIL, FONE)

    assert joint.texts == {"stg.sql": "select email, phone from x\n"}
    assert [edit.before for p in joint.patched for edit in p.patch.edits] == [  # type: ignore[union-attr]
        digest(FILES["stg.sql"]), digest("select email, fone from x\n"),
    ]  # fmt: skip
    assert joint.gate_of(MAIL.key).allowed is joint.gate_of(FONE.key).allowed is Allowed.PROMOTE
    assert not joint.stands_alone(MAIL.key)
    assert joint.titles_beside(MAIL.key) == [joint.of(FONE.key).mend.title]  # type: ignore[union-attr]


def test_two_traces_of_one_mistake_are_one_edit():
    joint = planned(MAIL, AGAIN)

    assert (len(joint.patched), joint.of(AGAIN.key).alike) == (1, MAIL.key)
    assert joint.gate_of(AGAIN.key).allowed is Allowed.PROMOTE


@pytest.mark.parametrize("other", [EXPIRED, WRONG])
def test_nothing_is_deployed_while_another_cause_needs_a_person(other: Diagnosis):
    joint = planned(MAIL, other)

    assert joint.gate_of(MAIL.key).allowed is Allowed.PROPOSE
    assert "nothing is deployed while another cause" in joint.gate_of(MAIL.key).reasons[0]
    assert joint.texts == {"stg.sql": "select email, fone from x\n"}
    assert joint.unmended == {failure.unique_id for failure in other.failures}


HALVED = Diagnosis(
    "volume", ErrorClass.VOLUME, 0.9, Stage.DATA, "source.shop.crm.orders",
    proof=(Evidence("source_profile", "crm.orders", "crm.orders has 50% fewer rows"),),
)  # fmt: skip


def test_nothing_is_deployed_that_is_made_of_a_wrong_source_though_nothing_fails_of_it():
    joint = planned(MAIL, HALVED)

    assert joint.gate_of(MAIL.key).allowed is Allowed.PROPOSE
    assert joint.gate_of(MAIL.key).reasons[0] == (
        "nothing is deployed while another cause of this run is open:"
        " crm.orders has 50% fewer rows, and tables are made of it"
    )


def test_a_wrong_source_of_which_the_runs_make_nothing_keeps_nothing_back():
    joint = planned(MAIL, HALVED, apart=lambda cause, _: cause is HALVED)

    assert joint.gate_of(MAIL.key).allowed is Allowed.PROMOTE
    assert joint.gate_of(HALVED.key).allowed is Allowed.HAND_OVER


@pytest.mark.parametrize(
    ("state", "edited"),
    [(AttemptState.WAITING, {"stg.sql"}), (AttemptState.PROPOSED, {"stg.sql", "other.sql"})],
)
def test_a_cause_that_waits_for_a_person_already_keeps_the_others_back(state: AttemptState, edited: set[str]):
    waiting = Attempt(NAME.key, "prod", state, NOON, NOON, "HEAL-7")

    joint = planned(MAIL, NAME, alive={NAME.key: waiting})

    assert joint.gate_of(MAIL.key).allowed is Allowed.PROPOSE
    assert "HEAL-7 waits for a person" in joint.gate_of(MAIL.key).reasons[0]
    assert set(joint.texts) == edited


def test_a_remedy_that_failed_is_not_tried_again_and_its_cause_needs_a_person():
    tried = Attempt(NAME.key, "prod", AttemptState.PLANNED, NOON, NOON, "HEAL-7", failed=("rename",))

    joint = planned(MAIL, NAME, alive={NAME.key: tried})

    assert joint.of(NAME.key).mend is None
    assert joint.gate_of(NAME.key) == Gate(Allowed.HAND_OVER, ("no remedy applies",))
