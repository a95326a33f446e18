"""The mapper's questions on a real server: what it is told, and what a failing one leaves to a person."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from aidbt.core.config import LlmSettings
from aidbt.core.resilience import ManualClock
from aidbt.llm.client import open_client
from aidbt.mapping.disambiguate import Disambiguator
from aidbt.store import open_store
from aidbt.store.llm_ledger import LlmLedger
from tests.aidbt.mapping.test_disambiguate import MAPPING, MATCHES, TASK
from tests.openai_server import MODEL, OpenAIServer, failing, good


def choosing_the_second(handler: Any) -> None:
    """Answers every question with its second candidate."""
    asked = re.findall(r'"id":"(q\d+)"', handler.body["messages"][-1]["content"])
    entries = [{"column": name, "choice": f"{name}.2", "reason": "it is the same"} for name in asked]
    good(json.dumps({"answers": entries}))(handler)


def test_the_mapper_asks_the_next_provider_and_its_call_is_on_the_account(tmp_path: Path):
    store = open_store(tmp_path / "state.db")
    ledger = LlmLedger(store)
    with OpenAIServer(failing(401)) as first, OpenAIServer(choosing_the_second) as second:
        settings = LlmSettings.model_validate(
            {
                "providers": [
                    {"name": name, "base_url": server.url, "model": MODEL}
                    for name, server in (("first", first), ("second", second))
                ]
            }
        )
        client = open_client(settings, ledger, clock=ManualClock())
        assert client is not None
        asking = Disambiguator(client, settings, MAPPING)
        found = asking(TASK, MATCHES)

    assert [match.source for match in found.matches] != [match.source for match in MATCHES]
    assert asking.findings() == []
    assert asking.level == "reduced"
    assert [row.call.provider for row in ledger.calls()] == ["second", "first"]
    assert {row.call.feature for row in ledger.calls()} == {"mapping"}
    store.close()


def test_when_no_provider_answers_the_columns_wait_and_the_next_table_is_not_asked_about(tmp_path: Path):
    store = open_store(tmp_path / "state.db")
    with OpenAIServer(failing(403)) as server:
        settings = LlmSettings.model_validate(
            {"providers": [{"name": "only", "base_url": server.url, "model": MODEL}]}
        )
        client = open_client(settings, LlmLedger(store), clock=ManualClock())
        assert client is not None
        asking = Disambiguator(client, settings, MAPPING)
        found = [asking(TASK, MATCHES) for _ in range(2)]

    assert [item.matches for item in found] == [list(MATCHES)] * 2
    assert server.calls == 1
    assert asking.level == "reduced"
    (finding,) = asking.findings()
    assert (finding.code, "it answered 403" in finding.message) == ("llm.failed", True)
    store.close()


def test_what_the_first_provider_answers_is_all_that_was_wanted(tmp_path: Path):
    store = open_store(tmp_path / "state.db")
    with OpenAIServer(choosing_the_second) as server:
        settings = LlmSettings.model_validate(
            {"providers": [{"name": "only", "base_url": server.url, "model": MODEL}]}
        )
        client = open_client(settings, LlmLedger(store), clock=ManualClock())
        assert client is not None
        asking = Disambiguator(client, settings, MAPPING)
        asking(TASK, MATCHES)

    assert (server.calls, asking.level) == (1, "full")
    store.close()
