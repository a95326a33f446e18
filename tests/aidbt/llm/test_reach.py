"""What doctor says of the language models; no token is spent."""

from __future__ import annotations

import pytest

from aidbt.core.config import ProviderSettings
from aidbt.core.resilience import SystemClock
from aidbt.llm.reach import reach
from tests.openai_server import MODEL, OpenAIServer, good


def looked_at(server: OpenAIServer, **about: object):
    settings = {"name": "p", "base_url": server.url, "model": MODEL, **about}
    return reach(ProviderSettings.model_validate(settings), SystemClock())


def test_a_server_that_lists_the_model_is_ready_and_no_token_is_spent(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("A_KEY", "sk-secret")
    with OpenAIServer(good("x"), models=[f"{MODEL}-2026-01-01", "tiny:latest"]) as server:
        found = looked_at(server, api_key_env="A_KEY", small_model="tiny")

    assert found.is_ready
    assert found.detail.endswith(f"(p), key in A_KEY, has {MODEL} and tiny")
    assert "sk-secret" not in str(found)
    assert (server.calls, server.headers[0]["authorization"]) == (0, "Bearer sk-secret")


def test_a_server_without_the_model_says_which_it_has():
    with OpenAIServer(good("x"), models=list("gfedcba")) as server:
        found = looked_at(server)

    assert not found.is_ready
    assert found.detail.endswith(f", no key; it does not list {MODEL}")
    assert found.hint == "its models: a, b, c, d, e, …"


def test_a_server_that_lists_nothing_may_be_ready():
    with OpenAIServer(good("x"), models=None) as server:
        found = looked_at(server)

    assert found.is_ready
    assert found.detail.endswith("it does not list its models")


@pytest.mark.parametrize("page", ["<html>hello</html>", "[]", '{"data": 3}', "", "{"])
def test_a_page_that_is_no_list_of_models_is_said(page: str):
    with OpenAIServer(good("x"), models=page) as server:
        found = looked_at(server)

    assert not found.is_ready
    assert found.detail.endswith("it answered with no list of models; is base_url right?")


def test_a_list_may_hold_anything():
    with OpenAIServer(good("x"), models='{"data": [3, {"id": 4}, {}, {"id": "test-model"}]}') as server:
        assert looked_at(server).is_ready


def test_a_server_that_is_not_there_is_said():
    with OpenAIServer(good("x")) as server:
        pass
    found = looked_at(server)

    assert not found.is_ready
    assert found.detail.endswith(", no key: it cannot be reached")
    assert found.hint


def test_a_missing_key_is_said_before_anything_is_sent():
    with OpenAIServer(good("x")) as server:
        found = looked_at(server, api_key_env="NOT_THERE")

    assert not found.is_ready
    assert found.detail.endswith("key not set: the variable NOT_THERE is not set")
    assert server.headers == []


def test_a_provider_without_an_address_is_said():
    found = reach(ProviderSettings(name="p", model="m"), SystemClock())

    assert (found.is_ready, "has no base_url" in found.detail) == (False, True)


def test_a_script_needs_no_server():
    assert reach(ProviderSettings(name="p", kind="scripted"), SystemClock()).is_ready
