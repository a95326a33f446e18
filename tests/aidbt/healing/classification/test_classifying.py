"""Rules, text model, past cases and a language model together: what is said, and how sure."""

import json
from dataclasses import replace

import pytest

from aidbt.core.config import LlmSettings
from aidbt.core.failures import ACT_FROM, Classified
from aidbt.core.failures import ErrorClass as E
from aidbt.healing.classification.asking import asks
from aidbt.healing.classification.cases import by_cases, case_of, similar
from aidbt.healing.classification.classify import Classifier
from aidbt.healing.classification.confidence import Answer, Counted, answer, confidence
from aidbt.healing.classification.marks import Failed
from aidbt.healing.classification.rules import Ruling
from aidbt.llm.client import open_client
from aidbt.store import open_store
from aidbt.store.llm_ledger import LlmLedger
from tests.openai_server import OpenAIServer, good

DARK = "the frobnicator of stage 7 gave up"


def said(message: str, adapter: str = "", **given) -> Classified:
    return Classifier(**given).classify(Failed(message, adapter))


def unsure(message: str = DARK, **given) -> Classified:
    """The same where nothing was counted, so that nothing is sure."""
    return said(message, table={}, **given)


# --- how sure -----------------------------------------------------------------------------------------------


def test_what_both_agree_on_is_as_sure_as_it_was_right_before():
    found = answer(Ruling(E.NETWORK_TIMEOUT, "phrases", "x"), [(E.NETWORK_TIMEOUT, 0.9)])

    assert found.error_class is E.NETWORK_TIMEOUT and found.may_act
    assert confidence(found, {found.cell: Counted(98, 98)}) == pytest.approx(0.99)
    assert confidence(found, {}) == 0.5


@pytest.mark.parametrize(
    ("ruling", "likeliest"),
    [
        (Ruling(E.NETWORK_TIMEOUT, "phrases", "x"), (E.PERMISSION_DENIED, 0.4)),
        (Ruling(E.NETWORK_TIMEOUT, "phrases", "x"), (E.PERMISSION_DENIED, 0.9)),
        (Ruling(E.NETWORK_TIMEOUT, "words", "x"), (E.NETWORK_TIMEOUT, 0.9)),
        (Ruling(E.UNCLASSIFIED_ERROR, "code", "x"), (E.UNCLASSIFIED_ERROR, 0.9)),
        (None, (E.UNCLASSIFIED_ERROR, 0.99)),
    ],
)
def test_nothing_acts_on_a_quarrel_on_general_words_or_on_a_message_that_says_nothing(ruling, likeliest):
    found = answer(ruling, [likeliest])

    assert confidence(found, {found.cell: Counted(999, 999)}) < ACT_FROM


def test_a_code_stands_against_a_sure_text_model_and_words_do_not():
    guess = [(E.PERMISSION_DENIED, 0.95)]

    assert answer(Ruling(E.TABLE_RENAMED, "code", "x"), guess).error_class is E.TABLE_RENAMED
    assert answer(Ruling(E.TABLE_RENAMED, "phrases", "x"), guess).error_class is E.PERMISSION_DENIED


def test_few_answers_are_not_sure():
    assert confidence(Answer(E.STALE, True, "c", True), {"c": Counted(1, 1)}) < ACT_FROM


# --- as shipped ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "adapter", "error_class"),
    [
        ("Database Error in model a (models/a.sql)\n  relation \"raw.leads\" does not "
         "exist", "postgres", E.TABLE_RENAMED),
        ("Env var required but not provided: 'SHOP_DB'", "dbt", E.MISSING_SETTING),
        ("FATAL: password authentication failed for user \"etl\"", "postgres", E.CREDENTIAL_EXPIRED),
        ("IO Error: Could not set lock on file \"/x.duckdb\": Conflicting lock is "
         "held", "duckdb", E.CONCURRENCY_CONFLICT),
        ("502 Server Error: Bad Gateway for url: https://a.example/x", "http", E.TEMPORARY_UNAVAILABLE),
    ],
)  # fmt: skip
def test_what_is_plain_may_be_acted_on(message: str, adapter: str, error_class: E):
    found = said(message, adapter)

    assert found.error_class is error_class and found.confidence >= ACT_FROM
    assert found.gate == ("draft" if error_class.needs_person else "act")


def test_what_says_nothing_is_never_acted_on():
    assert said("").gate == "hand_over"
    assert said("Task failed with exception").gate != "act"
    assert unsure().confidence == 0.5
    assert said("").confidence == 0 and said("").error_class is E.UNCLASSIFIED_ERROR


def test_a_missing_column_names_what_it_may_be_as_well():
    found = said('column "city" of relation "customers" does not exist', "postgres")

    assert found.error_class is E.COLUMN_REMOVED and E.COLUMN_RENAMED in found.alternatives


# --- past cases ---------------------------------------------------------------------------------------------


def test_cases_that_said_the_same_make_an_answer_surer_with_each_that_was_right():
    def sure(count: int) -> Classified:
        return unsure(cases=[case_of(DARK, E.RESOURCE_EXHAUSTION)] * count)

    assert sure(1).error_class is E.RESOURCE_EXHAUSTION and sure(1).by == "cases"
    assert sure(1).confidence < ACT_FROM <= sure(4).confidence
    assert "4 cases of before said the same" in sure(4).why


def test_what_a_person_said_stands_over_the_message_and_never_acts():
    guessed, case = Classified(E.COMPILATION, 0.72, "learned", "its words"), case_of(DARK, E.STALE)

    seen, _ = by_cases(guessed, DARK, [case])
    told, _ = by_cases(guessed, DARK, [replace(case, is_told=True)])

    assert seen == guessed
    assert told.error_class is E.STALE and told.gate == "draft"


def test_cases_that_proved_wrong_or_differ_change_nothing():
    wrong = [case_of(DARK, E.RESOURCE_EXHAUSTION, was_right=False)] * 9
    differ = [case_of(DARK, E.RESOURCE_EXHAUSTION), case_of(DARK, E.STALE)] * 9

    assert unsure(cases=wrong) == unsure(cases=differ) == unsure()


def test_cases_are_found_by_what_is_rare_in_them_and_hold_no_values():
    cases = [
        case_of(
            "loading of 'a' failed: frobnicator gave up for ann@example.com", E.STALE, runbook="turn it off"
        ),
        case_of("loading of 'b' failed: no space left", E.RESOURCE_EXHAUSTION),
    ]

    (first, *_) = similar("loading of 'z' failed: frobnicator gave up for bob@example.com", cases)

    assert first.case.runbook == "turn it off" and first.likeness > 0.9
    assert "ann" not in first.case.form


# --- a language model ---------------------------------------------------------------------------------------


@pytest.fixture
def model_at(tmp_path):
    def opened(server: OpenAIServer):
        settings = LlmSettings(
            providers=({"name": "local", "kind": "openai", "base_url": server.url, "model": "test-model"},)
        )
        return open_client(settings, LlmLedger(open_store(tmp_path / "state.db")))

    return opened


def test_a_language_model_is_asked_only_where_nothing_is_sure_and_its_word_is_a_draft(model_at):
    reply = json.dumps({"class": "TRANSIENT/RESOURCE_EXHAUSTION", "reason": "a stage gave up"})
    with OpenAIServer(good(reply)) as server:
        ask = asks(model_at(server))
        plain = said('relation "raw.leads" does not exist', "postgres", ask=ask)
        assert plain.by == "rules" and server.calls == 0

        dark = unsure(f"{DARK} for ann@example.com, password=hunter2", ask=ask)
        question = server.questions()[0]

    assert (dark.error_class, dark.by, dark.why) == (E.RESOURCE_EXHAUSTION, "llm", "a stage gave up")
    assert dark.gate == "draft"
    assert "ann@example.com" not in question and "hunter2" not in question


def test_an_answer_that_is_no_class_is_asked_again_and_then_given_up(model_at):
    with OpenAIServer(good('{"class": "BROKEN", "reason": "x"}')) as server:
        found = unsure(ask=asks(model_at(server)))

        assert server.calls > 1
    assert found.error_class is unsure().error_class and "could not say" in found.why


def test_a_model_that_cannot_be_reached_changes_nothing_but_why(model_at):
    with OpenAIServer(good("{}")) as server:
        client = model_at(server)

    found = unsure(ask=asks(client, timeout_s=3))

    assert found.confidence == unsure().confidence and "could not say" in found.why
