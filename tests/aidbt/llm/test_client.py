"""Language models behind real HTTP, on a server that says what its script says: fallback, retries, spending.

Clocks are set, so that no test waits.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from aidbt.core.config import LlmSettings
from aidbt.core.errors import AidbtError, BudgetExceeded, StoreBusy, StoreError
from aidbt.core.llm_calls import ModelCall, Reservation
from aidbt.core.resilience import CircuitBreaker, Deadline, Level, ManualClock, Slots
from aidbt.llm.answers import Question, ask_json
from aidbt.llm.client import Client, Priced, Provider, open_client
from aidbt.llm.model import (
    Completion,
    LanguageModel,
    NoProviderAnswered,
    ProviderUnavailable,
    QuestionTooLong,
    Request,
)
from aidbt.llm.scripted import ScriptedModel
from aidbt.llm.spending import Spending
from aidbt.store import open_store
from aidbt.store.llm_ledger import LlmLedger
from tests.openai_server import (
    MODEL,
    OpenAIServer,
    Step,
    creeping,
    cut_stream,
    dripping,
    empty_choices,
    ended_early,
    endless,
    failing,
    good,
    picky,
    plain,
    raw,
    silent,
)

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
ASKED = Request("be brief", "why?", SCHEMA, feature="test")
ANSWER = '{"a": 1}'
ESTIMATE = ASKED.estimated_tokens


class Asking:
    """A client on a clock that is set, with the servers it asks and the account it keeps."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.clock = ManualClock()
        self._stack = stack
        self.store = stack.enter_context(closing(open_store(folder / "state.db")))
        self.ledger = LlmLedger(self.store)
        self.servers: list[OpenAIServer] = []

    def server(self, *script: Step, **how: Any) -> OpenAIServer:
        self.servers.append(self._stack.enter_context(OpenAIServer(*script, **how)))
        return self.servers[-1]

    def client(self, *scripts: Step | tuple[Step, ...], about: dict[str, Any] | None = None, **settings: Any):
        """A client of one provider for each script."""
        providers = []
        for number, script in enumerate(scripts):
            server = self.server(*(script if isinstance(script, tuple) else (script,)))
            providers.append({"name": f"p{number}", "base_url": server.url, "model": MODEL, **(about or {})})
        made = open_client(LlmSettings(providers=providers, **settings), self.ledger, clock=self.clock)
        assert isinstance(made, Client)
        return made

    def answer(self, client: Client, request: Request = ASKED, seconds: float = 600) -> Completion:
        (found,) = client.complete([request], deadline=Deadline.after(seconds, self.clock))
        assert isinstance(found, Completion), found
        return found

    def failure(self, client: Client, request: Request = ASKED, seconds: float = 600) -> AidbtError:
        (found,) = client.complete([request], deadline=Deadline.after(seconds, self.clock))
        assert isinstance(found, AidbtError), found
        return found

    @property
    def calls(self) -> list[int]:
        return [server.calls for server in self.servers]

    @property
    def outcomes(self) -> list[str]:
        return [row.call.outcome for row in reversed(self.ledger.calls())]


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Asking]:
    with ExitStack() as stack:
        yield Asking(tmp_path, stack)


# --- answers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [good(ANSWER), plain(ANSWER), good(ANSWER, pieces=9)])
def test_an_answer_says_who_gave_it_and_what_it_did_cost(asking: Asking, step: Step):
    found = asking.answer(asking.client(step))

    assert found.text == ANSWER
    assert (found.prompt_tokens, found.answer_tokens) == (100, 20)
    assert (found.provider, found.model, found.level, found.cost) == ("p0", MODEL, Level.FULL, None)
    assert (found.is_whole, found.is_small, found.warnings) == (True, False, ())


def test_a_server_is_sent_the_question_its_schema_and_nothing_about_this_computer(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
):
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "A_KEY"):
        monkeypatch.setenv(name, f"sk-of-{name}")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Secret: 1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    client = asking.client(good(ANSWER), about={"api_key_env": "A_KEY"})

    asking.answer(client)

    (server,) = asking.servers
    assert server.asked == [
        {
            "model": MODEL,
            "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "why?"}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": 1_000,
            "temperature": 0,
            "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}},
        }
    ]
    (headers,) = server.headers
    assert headers.pop("authorization") == "Bearer sk-of-A_KEY"
    assert set(headers) == {
        *("host", "connection", "accept", "accept-encoding", "content-type", "content-length", "user-agent")
    }


def test_without_a_key_none_is_sent(asking: Asking, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-somebody's")

    asking.answer(asking.client(good(ANSWER)))

    assert "authorization" not in asking.servers[0].headers[0]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "the variable A_KEY is not set"),
        ("sk-é", "the variable A_KEY holds characters that no key has"),
    ],
)
def test_a_missing_or_broken_key_costs_no_call_and_is_not_shown(
    asking: Asking, monkeypatch: pytest.MonkeyPatch, value: str | None, said: str
):
    if value:
        monkeypatch.setenv("A_KEY", value)

    error = asking.failure(asking.client(good(ANSWER), about={"api_key_env": "A_KEY"}))

    assert error.message == f"no answer from the language model p0: {said}"
    assert "sk-" not in str(error)
    assert asking.calls == [0]


def test_an_answer_without_usage_is_paid_at_its_estimate(asking: Asking):
    client = asking.client(good(ANSWER, usage=None))

    found = asking.answer(client)

    assert found.prompt_tokens + found.answer_tokens == ESTIMATE
    assert client.spending.tokens.spent == asking.ledger.spent_today().tokens == ESTIMATE


@pytest.mark.parametrize("name", ["tiny", f"{MODEL}-mini", "model", f"{MODEL}2"])
def test_another_model_than_was_asked_is_recorded_and_said(asking: Asking, name: str):
    found = asking.answer(asking.client(good(ANSWER, model=name)))

    assert found.warnings == (f"asked for {MODEL}, the server answered with {name}",)
    assert [row.call.model for row in asking.ledger.calls()] == [name]


@pytest.mark.parametrize("name", [f"{MODEL}-2026-01-01", f"models/{MODEL}", MODEL.upper(), ""])
def test_a_longer_name_of_the_same_model_is_nothing_strange(asking: Asking, name: str):
    assert asking.answer(asking.client(good(ANSWER, model=name))).warnings == ()


def test_an_answer_that_was_cut_off_says_so(asking: Asking):
    assert not asking.answer(asking.client(good(ANSWER, finish="length"))).is_whole
    assert asking.outcomes == ["cut_off"]


def test_a_stream_need_not_say_why_it_ended(asking: Asking):
    assert asking.answer(asking.client(good(ANSWER, finish=None))).is_whole


# --- servers that take less ---------------------------------------------------------------------------


def no_schema(body: dict[str, Any]) -> str | None:
    form = body.get("response_format", {}).get("type")
    return "response_format json_schema is not supported" if form == "json_schema" else None


def no_format(body: dict[str, Any]) -> str | None:
    return "unknown field" if "response_format" in body else None


def only_new_words(body: dict[str, Any]) -> str | None:
    if "max_tokens" in body:
        return "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    return "Unsupported value: 'temperature'" if "temperature" in body else None


def no_counting(body: dict[str, Any]) -> str | None:
    return "stream_options: extra fields not permitted" if "stream_options" in body else None


@pytest.mark.parametrize(
    ("refuses", "calls", "left"),
    [
        (no_schema, 2, {"response_format": {"type": "json_object"}}),
        (no_format, 3, {"response_format": None}),
        (only_new_words, 3, {"max_completion_tokens": 1_000, "max_tokens": None, "temperature": None}),
        (no_counting, 2, {"stream_options": None}),
    ],
)
def test_a_server_that_refuses_a_form_is_asked_in_a_simpler_one_and_that_is_remembered(
    asking: Asking, refuses: Any, calls: int, left: dict[str, Any]
):
    client = asking.client(picky(refuses, good(ANSWER)))

    assert asking.answer(client).text == asking.answer(client).text == ANSWER

    (server,) = asking.servers
    assert server.calls == calls + 1
    assert {name: server.asked[-1].get(name) for name in left} == left
    if "response_format" in left:
        assert json.dumps(SCHEMA) in server.asked[-1]["messages"][0]["content"]
    assert client.spending.tokens.spent == 240


def test_a_request_that_no_form_makes_right_is_an_error(asking: Asking):
    client = asking.client(failing(400, "invalid_request_error", "no"))

    assert "p0: it answered 400: no" in asking.failure(client).message
    assert asking.calls == [3]
    assert client.spending.tokens.spent == 0


# --- failures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_after_a_wait(asking: Asking, status: int):
    client = asking.client((failing(status), failing(status), good(ANSWER)))

    assert asking.answer(client).level == Level.FULL

    assert asking.calls == [3]
    assert [0 <= seconds <= limit for seconds, limit in zip(asking.clock.slept, (1, 2), strict=True)] == [
        True,
        True,
    ]
    assert asking.outcomes == ["unavailable", "unavailable", "answered"]
    assert asking.ledger.spent_today().tokens == 120


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_the_wait_that_a_server_asks_for_is_kept(asking: Asking, form: str):
    now = datetime.now(UTC).replace(microsecond=0)
    named = {"seconds": {"Retry_After": "7"}, "date": {
        "Retry_After": format_datetime(now + timedelta(seconds=7), usegmt=True),
    }}[form]  # fmt: skip
    client = asking.client((failing(429, "rate_limit_exceeded", **named), good(ANSWER)))

    asking.answer(client)

    assert len(asking.clock.slept) == 1 and 5 <= asking.clock.slept[0] <= 7


@pytest.mark.parametrize(("asks", "seconds"), [("20", 10), ("31", 600)])
def test_a_wait_longer_than_the_time_or_the_policy_is_not_waited(asking: Asking, asks: str, seconds: float):
    client = asking.client(failing(429, Retry_After=asks), good(ANSWER))

    found = asking.answer(client, seconds=seconds)

    assert (found.provider, found.level) == ("p1", Level.REDUCED)
    assert (asking.calls, asking.clock.slept) == ([1, 1], [])


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (failing(429, "insufficient_quota", "no money"), "its quota is used up (it answered 429: no money)"),
        (failing(401, "invalid_api_key", "wrong key"), "it answered 401: wrong key"),
        (failing(403), "it answered 403: scripted"),
        (failing(404, "model_not_found", "no such model"), "it answered 404: no such model"),
    ],
)
def test_who_refuses_everything_is_left_at_once_and_not_asked_again(asking: Asking, step: Step, said: str):
    client = asking.client(step, good(ANSWER))

    first, second = asking.answer(client), asking.answer(client)

    assert [found.provider for found in (first, second)] == ["p1", "p1"]
    assert (asking.calls, asking.clock.slept) == ([1, 2], [])
    alone = asking.failure(asking.client(step))
    assert alone.message == f"no answer from the language model p0: {said}"
    assert alone.hint


@pytest.mark.parametrize(
    "step",
    [
        failing(400, "context_length_exceeded", "This model's maximum context length is 10 tokens"),
        failing(413),
        raw(400, {"error": "the prompt is too long: it exceeds the context window"}),
    ],
)
def test_a_question_that_is_too_long_is_said_and_asked_of_nobody_else(asking: Asking, step: Step):
    error = asking.failure(asking.client(step, good(ANSWER)))

    assert isinstance(error, QuestionTooLong)
    assert error.message.startswith("the question is too long for the model")
    assert asking.calls == [1, 0]


@pytest.mark.parametrize(
    ("step", "said", "tries"),
    [
        (cut_stream(ANSWER), "it closed the connection before it had answered", 3),
        (ended_early(ANSWER), "the answer broke off in the middle", 3),
        (empty_choices, "it answered with no choices, so with nothing", 1),
        (good(ANSWER, finish="content_filter"), "its content filter withheld the answer", 1),
        (raw(200, "<html>login</html>"), "its answer cannot be read: it is no chat completion", 1),
        (raw(200, "{"), "its answer cannot be read: it is not JSON", 1),
        (raw(200, '{"choices": [{"message": 3}]}'), "its answer cannot be read: its message is no object", 1),
        (endless, "its answer is larger than 32 MB", 1),
    ],
)
def test_half_an_answer_is_none_and_may_have_cost_its_estimate(
    asking: Asking, step: Step, said: str, tries: int
):
    client = asking.client(step, good(ANSWER))

    assert asking.answer(client).provider == "p1"

    assert asking.calls == [tries, 1]
    assert client.spending.tokens.spent == tries * ESTIMATE + 120
    assert said in asking.failure(asking.client(step)).message


def test_an_error_in_the_middle_of_a_stream_is_an_error(asking: Asking):
    overloaded = raw(200, 'data: {"error": {"message": "busy", "type": "overloaded_error"}}\n\n')

    assert asking.answer(asking.client((overloaded, good(ANSWER)))).text == ANSWER
    assert asking.outcomes == ["unavailable", "answered"]


def test_an_answer_that_ignores_its_limit_is_none(asking: Asking):
    client = asking.client(good("x" * 200_000))

    assert "its answer is longer than was asked for" in asking.failure(client).message


def test_what_was_compressed_unasked_is_not_unpacked(asking: Asking):
    client = asking.client(raw(200, ANSWER, Content_Encoding="gzip"), raw(500, "{", Content_Encoding="gzip"))

    error = asking.failure(client)

    assert "p0: it answered with no choices, so with nothing" in error.message
    assert "p1: it answered 500" in error.message


@pytest.mark.parametrize("in_stream", [False, True])
def test_a_key_that_a_server_quotes_is_not_repeated(
    asking: Asking, monkeypatch: pytest.MonkeyPatch, in_stream: bool
):
    key = "sk-" + "k" * 300
    monkeypatch.setenv("A_KEY", key)
    said = {"error": {"message": f"wrong key {key}, {key}"}}
    step = raw(200, f"data: {json.dumps(said)}\n\n") if in_stream else raw(401, said)

    error = asking.failure(asking.client(step, about={"api_key_env": "A_KEY"}))

    assert "wrong key ***, ***" in error.message
    assert "sk-" not in str(error)


def test_nothing_follows_a_redirect(asking: Asking):
    elsewhere = asking.server(good(ANSWER))
    client = asking.client(raw(307, "", Location=f"{elsewhere.url}/chat/completions"))

    assert "it answered 307" in asking.failure(client).message
    assert elsewhere.calls == 0


def test_a_slow_drip_ends_with_the_time_of_one_answer(asking: Asking):
    client = asking.client(
        dripping(6, lambda: asking.clock.advance(10)), good(ANSWER), about={"timeout_s": 45}
    )

    assert asking.answer(client, seconds=10_000).provider == "p1"
    assert asking.outcomes == ["unavailable", "unavailable", "unavailable", "answered"]


@pytest.mark.parametrize("step", [silent, creeping(ANSWER)], ids=["silent", "creeping"])
def test_who_never_answers_leaves_time_for_the_next(asking: Asking, step: Step):
    client = asking.client(step, good(ANSWER), about={"timeout_s": 0.2})
    warm_up = asking.client(good(ANSWER))
    asking.answer(warm_up)

    found = asking.answer(client, seconds=600)

    assert (found.provider, found.level) == ("p1", Level.REDUCED)
    assert asking.calls[:2] == [3, 1]


class Hanging:
    """A model that uses all the time it is given."""

    name = identity = about = "hanging"

    def __init__(self, clock: ManualClock) -> None:
        self.given: list[float] = []
        self._clock = clock

    def complete(self, requests: Sequence[Request], *, deadline: Deadline) -> list[Completion | AidbtError]:
        self.given.append(deadline.remaining())
        self._clock.advance(deadline.remaining())
        return [ProviderUnavailable("nothing came")] * len(requests)


def by_hand(asking: Asking, *models: LanguageModel, at_once: int = 4, **settings: Any) -> Client:
    """A client of models that are no settings'."""
    providers = [
        Provider(model.name, Priced(model), None, CircuitBreaker("", clock=asking.clock), Slots("", at_once))
        for model in models
    ]
    account = Spending(LlmSettings(**settings), asking.ledger)
    return Client(providers, account, asking.ledger, clock=asking.clock, rng=Random(1))


def test_each_provider_gets_its_share_of_the_time_that_is_left(asking: Asking):
    models = [Hanging(asking.clock) for _ in range(3)]

    asking.failure(by_hand(asking, *models), seconds=90)

    assert [model.given for model in models] == [[30], [30], [30]]


def test_a_server_that_is_not_there_costs_nothing(asking: Asking):
    client = asking.client(good(ANSWER))
    asking.servers[0].__exit__()

    error = asking.failure(client)

    assert isinstance(error, NoProviderAnswered) and error.is_down
    assert "it cannot be reached (tried 3 times)" in error.message
    assert asking.ledger.spent_today().tokens == client.spending.tokens.spent == 0
    asking.servers.clear()


def test_when_all_fail_each_has_its_line_in_the_order_they_were_asked(asking: Asking):
    client = asking.client(failing(500), failing(401, message="wrong\nkey"), empty_choices)

    error = asking.failure(client)

    assert isinstance(error, NoProviderAnswered) and not error.is_down
    assert error.message.splitlines() == [
        "no language model answered",
        "  p0: it answered 500: scripted (tried 3 times)",
        "  p1: it answered 401: wrong key",
        "  p2: it answered with no choices, so with nothing",
    ]


def test_a_provider_that_keeps_failing_is_left_alone_for_a_while(asking: Asking):
    client = asking.client(failing(500), good(ANSWER), max_calls=100)
    for _ in range(4):
        asking.answer(client)

    assert asking.calls == [5, 4]
    asking.clock.advance(30)
    asking.answer(client)
    assert asking.calls == [6, 5]


# --- several at once ----------------------------------------------------------------------------------


def test_as_many_are_asked_at_once_as_allowed_and_answered_in_order(asking: Asking):
    inside: set[int] = set()
    at_once: list[int] = []

    def step(handler: Any) -> None:
        inside.add(threading.get_ident())
        at_once.append(len(inside))
        threading.Event().wait(0.02)
        inside.discard(threading.get_ident())
        good(handler.body["messages"][-1]["content"])(handler)

    client = asking.client(step, about={"max_concurrent": 2}, max_tokens=10**6)
    questions = [f"q{number}" for number in range(6)]

    found = client.complete([Request("", q) for q in questions], deadline=Deadline.never())

    assert [item.text for item in found if isinstance(item, Completion)] == questions
    assert max(at_once) == 2


def test_all_who_share_a_client_share_its_slots(asking: Asking):
    inside: list[int] = []
    at_once: list[int] = []

    def answer(request: Request) -> str:
        inside.append(1)
        at_once.append(len(inside))
        threading.Event().wait(0.02)
        inside.pop()
        return ANSWER

    client = by_hand(asking, ScriptedModel(answer), at_once=1)
    threads = [threading.Thread(target=asking.answer, args=(client,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert at_once == [1, 1, 1, 1]


def test_an_easy_question_goes_to_the_small_model(asking: Asking):
    client = asking.client(
        good(ANSWER, model=""),
        about={"small_model": "small", "small_prompt_price": 1, "small_answer_price": 2},
    )

    easy = asking.answer(client, Request("", "easy", is_easy=True))
    hard = asking.answer(client, Request("", "hard"))

    assert (easy.model, easy.is_small, easy.cost) == ("small", True, Decimal("0.00014"))
    assert (hard.model, hard.is_small, hard.cost) == (MODEL, False, None)


def test_a_small_model_that_is_not_there_leaves_the_large_one_of_the_same_provider(asking: Asking):
    client = asking.client((failing(404), good(ANSWER)), good(ANSWER), about={"small_model": "small"})

    found = asking.answer(client, Request("", "easy", is_easy=True))

    assert (found.provider, found.model, found.is_small) == ("p0", MODEL, False)


# --- spending -----------------------------------------------------------------------------------------

PRICES = {"prompt_price": 2, "answer_price": 10}  # per million: 100 and 20 tokens are 0.0004


@pytest.mark.parametrize(
    ("limits", "hint"),
    [
        ({"max_calls": 0}, "raise llm.max_calls"),
        ({"max_tokens": 0}, "raise llm.max_tokens"),
        ({"max_tokens": ESTIMATE - 1}, "raise llm.max_tokens"),
        ({"max_cost": 0}, "raise llm.max_cost"),
        ({"max_call_tokens": ESTIMATE - 1}, "raise llm.max_call_tokens"),
        ({"max_call_cost": "0.01"}, "raise llm.max_call_cost"),
        ({"max_day_tokens": 0}, "raise llm.max_day_tokens, or go on tomorrow"),
        ({"max_day_cost": 0}, "raise llm.max_day_cost, or go on tomorrow"),
    ],
)
def test_nothing_is_asked_that_may_cost_more_than_is_allowed(asking: Asking, limits: Any, hint: str):
    client = asking.client(good(ANSWER), good(ANSWER), about=PRICES, **limits)

    error = asking.failure(client)

    assert isinstance(error, BudgetExceeded)
    assert (error.hint or "").startswith(hint)
    assert asking.calls == [0, 0]
    assert (client.spending.calls.spent, client.spending.tokens.spent) == (0, 0)
    assert asking.ledger.spent_today().tokens == 0


def test_what_was_reserved_and_not_used_is_there_for_the_next(asking: Asking):
    client = asking.client(
        good(ANSWER), about=PRICES, max_tokens=ESTIMATE + 120, max_cost="0.011", max_day_tokens=ESTIMATE + 120
    )

    assert asking.answer(client).cost == Decimal("0.0004")
    asking.answer(client)

    assert isinstance(asking.failure(client), BudgetExceeded)
    assert asking.calls == [2]
    assert client.spending.cost is not None and client.spending.cost.spent == 0.0008
    assert asking.ledger.spent_today().cost == Decimal("0.0008")


def test_a_second_command_goes_on_where_the_day_stands(asking: Asking):
    limit = {"max_day_tokens": ESTIMATE + 119}
    asking.answer(asking.client(good(ANSWER), **limit))

    error = asking.failure(asking.client(good(ANSWER), **limit))

    assert f"{ESTIMATE - 1:,} left today" in error.message
    assert asking.calls == [1, 0]


def test_more_than_the_estimate_is_counted_as_it_was(asking: Asking):
    usage = {"prompt_tokens": 100, "completion_tokens": 5_000}
    client = asking.client(good(ANSWER, usage=usage), max_tokens=2_000)

    asking.answer(client)

    assert (client.spending.tokens.spent, client.spending.tokens.remaining) == (5_100, 0)
    assert isinstance(asking.failure(client), BudgetExceeded)


def test_a_budget_ends_the_trying_again_too(asking: Asking):
    client = asking.client(failing(500), max_calls=2)

    assert isinstance(asking.failure(client), BudgetExceeded)
    assert asking.calls == [2]


def test_where_money_is_limited_a_model_without_a_price_is_not_asked(asking: Asking):
    client = asking.client(good(ANSWER), max_day_cost=1)

    error = asking.failure(client)

    assert "its price is not known, so that a budget of money cannot be kept" in error.message
    assert "set prompt_price and answer_price" in (error.hint or "")
    assert asking.calls == [0]


def test_every_call_is_recorded_without_a_word_of_what_was_said(asking: Asking, tmp_path: Path):
    question = Request("a secret system text", "a secret question", feature="query")

    asking.answer(asking.client((failing(503), good("a secret answer")), about=PRICES), question)

    last, first = asking.ledger.calls()
    assert (first.call.outcome, first.call.prompt_tokens, first.call.cost) == ("unavailable", 0, Decimal(0))
    assert (last.call.outcome, last.call.feature, last.call.provider) == ("answered", "query", "p0")
    assert (last.call.prompt_hash, last.call.cost) == (question.digest, Decimal("0.0004"))
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("state.db*"))
    assert b"secret" not in kept


def test_an_answer_that_passes_no_check_is_unusable_in_the_audit(asking: Asking):
    client = asking.client((good("no JSON"), good(ANSWER)))

    ask_json(Question(ASKED), client)

    assert asking.outcomes == ["unusable", "answered"]


def test_a_store_that_is_busy_after_the_answer_does_not_ask_the_provider_again(asking: Asking):
    class Busy(LlmLedger):
        def settle(self, reservation: Reservation, call: ModelCall) -> str:
            raise StoreBusy("in use")

    asking.ledger = Busy(asking.store)
    client = asking.client(good(ANSWER))

    with pytest.raises(StoreError, match="the account of the language model: in use"):
        client.complete([ASKED], deadline=Deadline.never())
    assert asking.calls == [1]
