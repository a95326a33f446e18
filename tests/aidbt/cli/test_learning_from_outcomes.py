"""What people say of failures, and what became of mends, is learned by the project's classifier."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aidbt.cli.classifying import by_project
from aidbt.cli.main import cli
from aidbt.core.failures import ErrorClass as E
from aidbt.healing.classification.messages import normal_form
from aidbt.session import Session, open_session
from aidbt.store.attempts import Attempts
from aidbt.store.cases import Cases, PastCase
from aidbt.store.incidents import Incidents
from tests.dbt_shop import new_shop

SAID = 'glacier tier "cold_7": thawing was not asked for in time'


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setenv("USER", "ana")
    root = new_shop(tmp_path / "shop").root
    found = open_session(root, profiles_dir=root)
    yield found
    found.close()


def aidbt(session: Session, *words: str) -> Result:
    root = str(session.project.root)
    return CliRunner().invoke(cli, [*words, "--project-dir", root, "--profiles-dir", root])


def failed(session: Session, key: str, said: E = E.UNCLASSIFIED_ERROR) -> str:
    """An attempt that waits for a person; its id."""
    attempts = Attempts(session.store, "aidbt")
    opened = attempts.open(key, "dev")
    after = replace(opened, form=normal_form(SAID), error_class=said.value, confidence=0.9)
    return attempts.save(opened, after, token=1, what="classified").id


def test_what_a_person_says_of_a_failure_is_known_the_next_time(session: Session):
    before = by_project(session)(SAID, "duckdb")
    for number in range(3):
        id = failed(session, f"k{number}")
        said = aidbt(session, "heal", "resolve", id, "--class", str(E.STALE), "--why", "thawed it by hand")
        assert said.output == f"{id} is resolved; it was DATA_QUALITY/STALE, which is learned\n"

    after = by_project(session)(SAID.replace("cold_7", "cold_9"), "duckdb")

    assert before.error_class is not E.STALE
    assert (after.error_class, after.by, after.confidence) == (E.STALE, "cases", 0.8)
    assert "thawed it by hand" in after.why


def test_what_a_person_mended_without_a_word_teaches_no_class(session: Session):
    before = by_project(session)(SAID, "duckdb")
    for number in range(3):
        aidbt(session, "heal", "resolve", failed(session, f"k{number}", said=E.STALE))

    assert by_project(session)(SAID, "duckdb") == before


def test_a_class_that_there_is_not_ends_nothing(session: Session):
    id = failed(session, "k")
    refused = aidbt(session, "heal", "resolve", id, "--class", "DATA_QUALITY/STAIL")

    assert "did you mean 'DATA_QUALITY/STALE'" in str(refused.exception)
    assert not Attempts(session.store, "ana").get(id).state.is_over


def test_few_outcomes_leave_the_model_as_it_is(session: Session):
    assert aidbt(session, "classify", "--retrain").output == (
        "the text model stays as it is: 0 outcomes are too few to learn from; 30 are needed\n"
    )


def test_answers_that_are_right_less_often_than_they_claim_are_an_incident_until_they_are_not(
    session: Session,
):
    cases = Cases(session.store, "ana")
    for _ in range(40):
        cases.add(PastCase("f", E.STALE, "told", said=E.VOLUME, confidence=0.9))
    aidbt(session, "heal", "resolve", failed(session, "a"))
    [incident] = Incidents(session.store).all()
    assert "0 of the last 40 failures were of the class that was said" in incident.title
    assert "classify --retrain" in incident.found.next_step if incident.found else False

    for _ in range(100):
        cases.add(PastCase("f", E.STALE, "told", said=E.STALE, confidence=0.9))
    aidbt(session, "heal", "resolve", failed(session, "b"))
    [incident] = Incidents(session.store).all()
    assert incident.state.is_over


def test_a_language_model_is_asked_only_where_settings_or_people_allow_it(session: Session):
    root = session.project.root
    (root / "answers.yml").write_text(
        """answers: [{match: glacier, answer: '{"class": "DATA_QUALITY/STALE", "reason": "not thawed"}'}]\n"""
    )
    found = []
    for settings in ("llm: {provider: scripted, script: answers.yml}\n", "heal: {ask_llm: true}\n"):
        with (root / "aidbt.yml").open("a") as file:
            file.write(settings)
        with closing(open_session(root, profiles_dir=root)) as opened:
            found.append(by_project(opened)(SAID, "duckdb"))

    assert [one.by == "llm" for one in found] == [False, True]
    assert (found[1].error_class, found[1].gate) == (E.STALE, "draft")


@pytest.mark.long
def test_a_model_that_outcomes_make_surely_better_is_kept_and_used(session: Session):
    cases = Cases(session.store, "ana")
    words = (
        "amber birch cedar daisy ember fern grove hazel iris jade kelp lotus maple nova olive pine".split()
    )
    for word in words:
        form = normal_form(f"glacier tier thawing {word} retrieval")
        cases.add(PastCase(form, E.STALE, "told", said=E.NETWORK_TIMEOUT, confidence=0.6))
        form = normal_form(f"request {word} timed out")
        cases.add(PastCase(form, E.NETWORK_TIMEOUT, "right", said=E.NETWORK_TIMEOUT, confidence=0.9))

    assert aidbt(session, "classify", "--retrain").output.startswith(
        "a new text model is kept: on 32 held-out"
    )
    found = by_project(session)("glacier tier thawing quartz retrieval", "duckdb")
    assert (found.error_class, found.by) == (E.STALE, "learned")
