"""Asking a language model within a budget, and not twice for the same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aidbt.core.config import LlmSettings
from aidbt.core.errors import AidbtError, BudgetExceeded
from aidbt.core.resilience import Budget, Deadline
from aidbt.llm.model import Completion, LanguageModel, Request

_KIND = "completion"


class AnswerCache(Protocol):
    """Keeps JSON-like values; the store's one cache is such."""

    def get(self, kind: str, entity: str, key: str = "") -> Any | None: ...

    def put(self, kind: str, entity: str, value: Any, key: str = "") -> None: ...


@dataclass(frozen=True, slots=True)
class ModelBudget:
    """What one command may spend on language models: calls, and tokens of questions and answers."""

    calls: Budget
    tokens: Budget

    @classmethod
    def of(cls, settings: LlmSettings) -> ModelBudget:
        """The budget that the settings allow."""
        return cls(
            Budget("calls of the language model", settings.max_calls, "calls", hint="raise llm.max_calls"),
            Budget("language model", settings.max_tokens, "tokens", hint="raise llm.max_tokens"),
        )


def ask(
    requests: Sequence[Request],
    model: LanguageModel,
    *,
    budget: ModelBudget,
    cache: AnswerCache | None = None,
    is_worth_keeping: Callable[[str], bool] = lambda text: True,
    deadline: Deadline | None = None,
) -> list[Completion | AidbtError]:
    """One answer per request, in their order; in place of an answer the error that prevented it.

    Answers are kept by the request's content and the model's identity, so that a question that was answered
    costs nothing; those that were cut off or are not worth keeping are asked for again.

    A request is sent only while a call and its estimated tokens are left, else it gets `BudgetExceeded`.
    What is counted then are the tokens that the provider reports.

    Raises:
        StoreError: the cache cannot be read or written.
    """
    found: dict[int, Completion | AidbtError] = {}
    for number, request in enumerate(requests):
        kept = cache.get(_KIND, model.name, _key(model, request)) if cache else None
        if kept is not None:
            found[number] = Completion(kept)
    sent, refused = _affordable({n: r for n, r in enumerate(requests) if n not in found}, budget)
    found.update(refused)
    if sent:
        answers = model.complete([requests[n] for n in sent], deadline=deadline or Deadline.never())
        for number, answer in zip(sent, answers, strict=True):
            found[number] = answer
            if isinstance(answer, Completion):
                paid = answer.prompt_tokens + answer.answer_tokens
                budget.tokens.spend(min(paid, budget.tokens.remaining))
                if cache and answer.is_whole and is_worth_keeping(answer.text):
                    cache.put(_KIND, model.name, answer.text, _key(model, requests[number]))
    return [found[number] for number in range(len(requests))]


def _affordable(
    requests: dict[int, Request], budget: ModelBudget
) -> tuple[list[int], dict[int, BudgetExceeded]]:
    """The numbers of the requests that may be sent, their calls taken from the budget, and why the others
    may not.
    """
    reserved = 0
    sent: list[int] = []
    refused: dict[int, BudgetExceeded] = {}
    for number, request in requests.items():
        try:
            _require_tokens(budget.tokens, reserved + request.estimated_tokens)
            budget.calls.spend(1)
        except BudgetExceeded as error:
            refused[number] = error
            continue
        reserved += request.estimated_tokens
        sent.append(number)
    return sent, refused


def _require_tokens(tokens: Budget, needed: int) -> None:
    if needed > tokens.remaining:
        raise BudgetExceeded(
            f"{tokens.name}: about {needed:,} tokens needed, {tokens.remaining:,.0f} left",
            hint="raise llm.max_tokens",
        )


def _key(model: LanguageModel, request: Request) -> str:
    return hashlib.sha256(f"{model.identity}\n{request.digest}".encode()).hexdigest()
