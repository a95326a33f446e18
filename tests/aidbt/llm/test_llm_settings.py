"""The settings of language models: who is asked, in which order, and what they must not hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aidbt.core.config import LlmSettings, load_settings, secret
from aidbt.core.errors import SettingsError

LOCAL = "{name: local, base_url: 'http://localhost:8000/v1', model: qwen3}"
CLOUD = "{name: cloud, base_url: 'https://llm.example/v1', model: big, api_key_env: CLOUD_KEY}"


def loaded(folder: Path, text: str, **env: str) -> LlmSettings:
    (folder / "aidbt.yml").write_text(f"llm: {text}\n")
    return load_settings(folder, env=env).values.llm


@pytest.mark.parametrize(
    ("provider", "asked"),
    [("", ["local", "cloud"]), ("auto", ["local", "cloud"]), ("cloud", ["cloud"]), ("none", [])],
)
def test_providers_are_asked_in_their_order_or_one_of_them_or_none(
    tmp_path: Path, provider: str, asked: list[str]
):
    env = {"AIDBT_LLM_PROVIDER": provider} if provider else {}

    settings = loaded(tmp_path, f"{{providers: [{LOCAL}, {CLOUD}]}}", **env)

    assert [item.name for item in settings.asked] == asked


def test_the_scripted_provider_needs_no_list(tmp_path: Path):
    (only,) = loaded(tmp_path, "{provider: scripted, script: a.yml}").asked

    assert (only.name, only.kind, only.script) == ("scripted", "scripted", "a.yml")


@pytest.mark.parametrize(
    ("value", "policy"),
    [("true", "raw"), ("false", "none"), ("none", "none"), ("masked", "masked"), ("raw", "raw")],
)
def test_values_are_sent_by_a_policy_that_was_a_boolean(tmp_path: Path, value: str, policy: str):
    assert loaded(tmp_path, f"{{send_values: {value}}}").send_values == policy
    assert loaded(tmp_path, "{}", AIDBT_LLM_SEND_VALUES=value).send_values == policy


@pytest.mark.parametrize(
    ("provider", "said"),
    [
        ("{name: a, api_key_env: sk-abc123}", "the name of an environment variable, not the key itself"),
        ("{name: a, base_url: 'https://me:sk-abc123@llm.example/v1'}", "without user, password or query"),
        ("{name: a, base_url: 'https://llm.example/v1?key=sk-abc123'}", "without user, password or query"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path: Path, provider: str, said: str):
    with pytest.raises(SettingsError, match=said) as caught:
        loaded(tmp_path, f"{{providers: [{provider}]}}")

    assert "sk-abc123" not in str(caught.value)
    assert caught.value.line == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{{providers: [{LOCAL}, {LOCAL}]}}", "'local' is taken"),
        ("{providers: [{name: none}]}", "'none' is taken"),
        ("{providers: [{name: a, modle: b}]}", "did you mean 'model'"),
        ("{providers: [{model: b}]}", "the key 'llm.providers.0.name' is missing"),
        ("{providers: [{name: a, prompt_price: -1}]}", "greater than or equal to 0"),
        ("{send_values: some}", "'llm.send_values'"),
        ("{max_cost: much}", "'llm.max_cost'"),
    ],
)
def test_wrong_settings_say_what_is_wrong(tmp_path: Path, text: str, said: str):
    with pytest.raises(SettingsError, match=said):
        loaded(tmp_path, text)


def test_a_secret_is_read_from_the_environment_and_not_shown():
    env: dict[str, Any] = {"A": " sk-1\n", "B": "  "}

    found = secret("A", env)

    assert found is not None and found.get_secret_value() == "sk-1"
    assert "sk-1" not in repr(found)
    assert secret("B", env) is secret("C", env) is None
