"""Scripted answers in place of a model's, and how the model of the settings is opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aidbt
from aidbt.core.config import LlmSettings, ProviderSettings
from aidbt.core.errors import SettingsError, UnknownName
from aidbt.core.resilience import Deadline, ManualClock
from aidbt.llm.client import Client, open_client
from aidbt.llm.model import PROVIDERS, Completion, ProviderError, Request, about_model
from aidbt.llm.prompts import cut, data
from aidbt.llm.scripted import ScriptedModel, open_scripted
from aidbt.store import open_store
from aidbt.store.llm_ledger import LlmLedger
from tests.openai_server import OpenAIServer, good

FOREVER = Deadline.never()


def scripted(folder: Path, text: str, name: str = "answers.yml") -> ScriptedModel:
    (folder / name).write_text(text, encoding="utf-8")
    return open_scripted(ProviderSettings(name="rehearsal", script=name), "", folder, ManualClock())


def client(folder: Path, **settings: object) -> Client | None:
    ledger = LlmLedger(open_store(folder / "state.db"))
    return open_client(LlmSettings.model_validate(settings), ledger, base=folder)


def answer(model: ScriptedModel | Client, question: str) -> str:
    (found,) = model.complete([Request("be brief", question)], deadline=FOREVER)
    assert isinstance(found, Completion), found
    return found.text


def failure(model: ScriptedModel, question: str) -> str:
    (found,) = model.complete([Request("be brief", question)], deadline=FOREVER)
    assert isinstance(found, ProviderError)
    return str(found)


# --- opening ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", ["auto", "none"])
def test_no_model_is_the_default(tmp_path: Path, provider: str):
    assert client(tmp_path, provider=provider) is None
    assert about_model(None) == (
        "none is asked (no llm.providers, or llm.provider: none); what is doubtful waits for a person"
    )


def test_a_session_opens_the_model_of_its_settings(tmp_path: Path):
    (tmp_path / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    (tmp_path / "aidbt.yml").write_text("llm: {provider: scripted, script: answers.yml}\n")
    (tmp_path / "answers.yml").write_text("answers: [{match: 'why', answer: because}]")

    session = aidbt.open(tmp_path)

    assert session.llm is not None
    assert answer(session.llm, "why?") == "because"
    assert [row.call.provider for row in LlmLedger(session.store).calls()] == ["scripted"]
    session.close()


def test_an_unknown_kind_of_provider_is_answered_with_the_nearest(tmp_path: Path):
    with pytest.raises(UnknownName, match="did you mean 'scripted'"):
        client(tmp_path, provider="scripte")


@pytest.mark.parametrize("kind", PROVIDERS.names())
def test_every_kind_of_provider_says_what_it_is_and_answers_each_request_in_turn(kind: str, tmp_path: Path):
    (tmp_path / "answers.yml").write_text("answers: [{match: 'a', answer: A}]")
    with OpenAIServer(good("A")) as server:
        provider = ProviderSettings(
            name="p", kind=kind, base_url=server.url, model="test-model", script="answers.yml"
        )
        model = PROVIDERS.load(kind)(provider, provider.model, tmp_path, ManualClock())

        found = model.complete([Request("", "a"), Request("", "a")], deadline=FOREVER)

    assert model.name and model.identity and model.about
    assert [item.text for item in found if isinstance(item, Completion)] == ["A", "A"]
    assert model.complete([], deadline=FOREVER) == []


def test_a_script_says_that_it_is_a_rehearsal(tmp_path: Path):
    model = scripted(tmp_path, "answers: []")

    assert about_model(model) == (
        "the script answers.yml: answers.yml answers, for tests and rehearsals; no model is asked"
    )


# --- files --------------------------------------------------------------------------------------------


def test_the_first_rule_whose_pattern_is_found_answers(tmp_path: Path):
    model = scripted(
        tmp_path,
        """
        answers:
          - {match: 'colou?r', answer: red}
          - {match: '.', answer: anything}
        """,
    )

    assert [answer(model, q) for q in ("its color?", "its size?")] == ["red", "anything"]
    assert [request.question for request in model.asked] == ["its color?", "its size?"]


def test_a_structured_answer_becomes_json_with_the_groups_of_the_pattern_in_it(tmp_path: Path):
    model = scripted(
        tmp_path,
        r"""
        answers:
          - match: '(?P<id>q\d+): (\w+)'
            answer: {answers: [{column: '\g<id>', choice: '\2', sure: true}]}
        """,
    )

    assert answer(model, "q7: mail") == '{"answers": [{"column": "q7", "choice": "mail", "sure": true}]}'


def test_a_request_is_found_by_its_hash(tmp_path: Path):
    wanted = Request("be brief", "why?").digest

    model = scripted(tmp_path, f"answers: [{{request: '{wanted[:12]}', answer: '\\1 as it stands'}}]")

    assert answer(model, "why?") == r"\1 as it stands"
    assert wanted[:12] not in failure(model, "why not?")


def test_json_is_read_too(tmp_path: Path):
    model = scripted(tmp_path, '{"answers": [{"match": "a", "answer": "b"}]}', "answers.json")

    assert answer(model, "a") == "b"


def test_a_request_without_an_answer_says_how_to_add_one(tmp_path: Path):
    digest = Request("be brief", "why?").digest[:12]

    said = failure(scripted(tmp_path, "answers: []"), "why?")

    assert said.startswith(f"answers.yml has no answer to request {digest}\nhint: add a rule")


def test_a_group_that_the_pattern_lacks_is_named(tmp_path: Path):
    said = failure(scripted(tmp_path, r"answers: [{match: 'a', answer: '\3'}]"), "a")

    assert said.startswith("answers.yml: answer 1 names a group its pattern does not have")


def test_another_script_is_another_model_to_the_cache(tmp_path: Path):
    one = scripted(tmp_path, "answers: [{match: a, answer: b}]")
    other = scripted(tmp_path, "answers: [{match: a, answer: c}]")

    assert (one.name, one.identity != other.identity) == (other.name, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "answers: [{match: '(', answer: x}]",
            "answers.yml:1: 'answers.0.match': not a regular expression: ",
        ),
        ("answers: [{match: 3, answer: x}]", "not a regular expression in quotes, got 3"),
        ("answers: [{answer: x}]", "'answers.0': a rule has either `match` or `request`"),
        ("answers: [{match: a, request: '12345678', answer: x}]", "a rule has either `match` or `request`"),
        ("answers: [{request: 12345678, answer: x}]", "'answers.0.request': not how a request's hash begins"),
        ("answers: [{request: xyz, answer: x}]", "'answers.0.request': not how a request's hash begins"),
        ("answers: [{match: a}]", "the key 'answers.0.answer' is missing"),
        ("answers:\n  - {match: a, answer: 3}", "answers.yml:2: 'answers.0.answer"),
        ("answer: []", "answers.yml:1: unknown key 'answer'"),
        ("- a", "expected a mapping"),
        ("answers: [", "answers.yml:2: did not find"),
    ],
)
def test_a_wrong_script_is_refused_with_its_place(tmp_path: Path, text: str, message: str):
    with pytest.raises(SettingsError) as caught:
        scripted(tmp_path, text)

    assert message in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(("script", "message"), [("", "set llm.script"), ("gone.yml", "does not exist")])
def test_a_missing_script_is_said(tmp_path: Path, script: str, message: str):
    with pytest.raises(SettingsError, match=message):
        client(tmp_path, provider="scripted", script=script)


# --- functions, requests, prompts ---------------------------------------------------------------------


def test_a_function_answers_with_text_a_completion_or_an_error():
    refusal = ProviderError("not today")
    said = iter(["yes", Completion("cut", is_whole=False, answer_tokens=9), refusal])
    model = ScriptedModel(lambda request: next(said))

    found = model.complete([Request("s", "q")] * 3, deadline=FOREVER)

    assert isinstance(found[0], Completion) and found[0].prompt_tokens == found[0].answer_tokens == 1
    assert found[1:] == [Completion("cut", is_whole=False, answer_tokens=9), refusal]


def test_requests_have_one_hash_exactly_when_they_are_the_same():
    requests = [
        Request("ab", "c", {"type": "object"}, 10),
        Request("a", "bc", {"type": "object"}, 10),
        Request("ab", "cd", {"type": "object"}, 10),
        Request("ab", "c", {}, 10),
        Request("ab", "c", {"type": "object"}, 11),
        Request("ab", "\ud800", {"type": "object"}, 10),
    ]

    assert len({request.digest for request in requests}) == len(requests)
    assert requests[0].digest == Request("ab", "c", {"type": "object"}, 10).digest


def test_a_request_is_estimated_at_more_tokens_than_its_words():
    assert Request("", "the date on which the order was paid", max_answer_tokens=10).estimated_tokens == 22


@given(st.text())
def test_text_from_outside_is_one_line_of_json_without_angle_brackets(text: str):
    import json

    shown = data({"name": text})

    assert json.loads(shown) == {"name": text}
    assert not set("<>&\n") & set(shown)


@given(st.text(), st.integers(2, 40))
def test_a_text_is_cut_to_one_printable_line(text: str, size: int):
    shown = cut(text, size)

    assert len(shown) <= size
    assert shown == "" or shown.isprintable()
    if text.isprintable() and text == " ".join(text.split()) and len(text) <= size:
        assert shown == text


def test_what_was_cut_says_so():
    assert [cut(text, 5) for text in ("abcde", "abcdef", "a" + " " * 99 + "b")] == ["abcde", "abcd…", "a…"]
