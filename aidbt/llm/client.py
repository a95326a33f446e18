"""The language models of the settings as one: asked in their order, within the budgets, every call recorded.

A provider is tried again where that may help (`core.resilience`, policy "llm"), and left alone for a while
when it fails too often. Where it does not answer, the next one is asked, and the answer's level is "reduced".
One whose key, model or quota is wrong is not asked again by this command.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random

from aidbt.core.config import LlmSettings, ProviderSettings
from aidbt.core.errors import AidbtError, BudgetExceeded, ResilienceError
from aidbt.core.llm_calls import Ledger, ModelCall, Outcome
from aidbt.core.resilience import (
    POLICIES,
    CircuitBreaker,
    Clock,
    Deadline,
    Level,
    Slots,
    SystemClock,
    retry,
)
from aidbt.llm.model import (
    PROVIDERS,
    Completion,
    LanguageModel,
    NoProviderAnswered,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    QuestionTooLong,
    Request,
)
from aidbt.llm.spending import Price, Spending


@dataclass(frozen=True, slots=True)
class Priced:
    """A model and its price; None where that is not known."""

    model: LanguageModel
    price: Price | None = None


@dataclass(frozen=True)
class Provider:
    """One entry of `llm.providers`.

    Attributes:
        small: what is asked first where a question is easy; None where it has no such model.
    """

    name: str
    large: Priced
    small: Priced | None
    breaker: CircuitBreaker
    slots: Slots

    def models_for(self, request: Request) -> list[Priced]:
        """Which of its models is asked, and the one in its place where that refuses everything."""
        return [self.small, self.large] if request.is_easy and self.small else [self.large]


class Client:
    """Asks the providers in their order; is a `LanguageModel` itself. Safe to share between threads.

    Attributes:
        spending: what was spent, and may be.
    """

    def __init__(
        self, providers: Sequence[Provider], spending: Spending, ledger: Ledger, *, clock: Clock, rng: Random
    ) -> None:
        self.spending = spending
        self._ledger = ledger
        self.name = providers[0].large.model.name
        self.identity = "\n".join(
            priced.model.identity for p in providers for priced in (p.large, p.small) if priced
        )
        first, *others = (provider.large.model for provider in providers)
        then = f"; then {', '.join(model.name for model in others)}" if others else ""
        self.about = f"{first.about}{then}"
        self._providers = tuple(providers)
        self._clock = clock
        self._rng = rng
        self._refused: dict[str, ProviderRefused] = {}

    def complete(self, requests: Sequence[Request], *, deadline: Deadline) -> list[Completion | AidbtError]:
        """One answer per request, in their order; in place of an answer the error that prevented it.

        As many are asked at once as the providers allow.

        Raises:
            StoreError: the account of the day cannot be kept.
        """
        ask = partial(self._answer, deadline=deadline)
        if len(requests) < 2:
            return [ask(request) for request in requests]
        at_once = max(provider.slots.limit for provider in self._providers)
        with ThreadPoolExecutor(min(len(requests), at_once), thread_name_prefix="aidbt-llm") as threads:
            return list(threads.map(ask, requests))

    def reject(self, answer: Completion) -> None:
        """Note in the audit that an answer could not be used.

        Raises:
            StoreError: the audit cannot be written.
        """
        self._ledger.judge(answer.call_id, "unusable")

    def _answer(self, request: Request, *, deadline: Deadline) -> Completion | AidbtError:
        failed: list[tuple[str, AidbtError]] = []
        for place, provider in enumerate(self._providers):
            level = Level.FULL if place == 0 else Level.REDUCED
            share = _share(deadline, len(self._providers) - place, self._clock)
            for asked in provider.models_for(request):
                try:
                    return self._tried(provider, asked, request, share, level)
                except (BudgetExceeded, QuestionTooLong) as error:
                    return error
                except (ProviderError, ResilienceError) as error:
                    failed.append((provider.name, error))
                    if not isinstance(error, ProviderRefused):
                        break
        return NoProviderAnswered(failed)

    def _tried(
        self, provider: Provider, asked: Priced, request: Request, deadline: Deadline, level: Level
    ) -> Completion:
        """The model's answer, asked for as often as its errors and the time allow."""
        identity = asked.model.identity
        if identity in self._refused:
            raise self._refused[identity]
        try:
            return retry(
                partial(self._paid, provider, asked, request, deadline, level),
                POLICIES["llm"],
                clock=self._clock,
                rng=self._rng,
                deadline=deadline,
                breaker=provider.breaker,
            )
        except ProviderRefused as error:
            self._refused[identity] = error
            raise

    def _paid(
        self, provider: Provider, asked: Priced, request: Request, deadline: Deadline, level: Level
    ) -> Completion:
        """The answer to one call, whose cost is on the account."""
        with provider.slots.taken(deadline):
            reservation = self.spending.reserve(request, asked.price)
            (found,) = asked.model.complete([request], deadline=deadline)
        tokens = _tokens(found, request)
        cost = asked.price.of(*tokens) if asked.price else None
        model = found.model if isinstance(found, Completion) and found.model else asked.model.name
        call = ModelCall(
            request.feature, provider.name, model, request.digest, *tokens, cost, _outcome(found), level
        )
        call_id = self.spending.settle(reservation, call)
        if isinstance(found, AidbtError):
            raise found
        return replace(
            found,
            prompt_tokens=tokens[0],
            answer_tokens=tokens[1],
            model=model,
            provider=provider.name,
            is_small=asked is provider.small,
            level=level,
            cost=cost,
            call_id=call_id,
        )


def _share(deadline: Deadline, providers_left: int, clock: Clock) -> Deadline:
    """The time that a provider may use, so that each of those after it has as much."""
    left = deadline.remaining()
    if providers_left == 1 or left == float("inf"):
        return deadline
    return Deadline.after(left / providers_left, clock)


def _tokens(found: Completion | AidbtError, request: Request) -> tuple[int, int]:
    """The tokens of question and answer that are paid for; where nobody counted, the most they can be."""
    if isinstance(found, Completion) and found.is_counted:
        return found.prompt_tokens, found.answer_tokens
    if isinstance(found, ProviderError) and not found.may_have_cost:
        return 0, 0
    if isinstance(found, ResilienceError):  # it was not even sent
        return 0, 0
    return request.estimated_prompt_tokens, request.max_answer_tokens


def _outcome(found: Completion | AidbtError) -> Outcome:
    if isinstance(found, Completion):
        return "answered" if found.is_whole else "cut_off"
    if isinstance(found, ProviderUnavailable | ResilienceError):
        return "unavailable"
    return "refused" if isinstance(found, ProviderRefused) else "failed"


# --- opening ------------------------------------------------------------------------------------------


def open_client(
    settings: LlmSettings, ledger: Ledger, *, base: Path = Path(), clock: Clock | None = None
) -> Client | None:
    """The language models that the settings name; None where they name none.

    Args:
        ledger: where the day's spending and every call are kept.
        base: where relative paths in the settings start: the dbt project.

    Raises:
        UnknownName: there is no such kind of provider.
        AidbtError: one cannot be opened; what that is depends on its kind.
    """
    if not settings.asked:
        return None
    time = clock or SystemClock()
    providers = [_open_provider(provider, base, time) for provider in settings.asked]
    return Client(providers, Spending(settings, ledger), ledger, clock=time, rng=Random())


def _open_provider(settings: ProviderSettings, base: Path, clock: Clock) -> Provider:
    open_model = PROVIDERS.load(settings.kind)
    large = Priced(
        open_model(settings, settings.model, base, clock),
        _price(settings.prompt_price, settings.answer_price),
    )
    small = None
    if settings.small_model:
        price = _price(settings.small_prompt_price, settings.small_answer_price)
        small = Priced(open_model(settings, settings.small_model, base, clock), price)
    name = f"the provider '{settings.name}'"
    return Provider(
        settings.name,
        large,
        small,
        CircuitBreaker(name, clock=clock),
        Slots(name, settings.max_concurrent),
    )


def _price(prompt: Decimal | None, answer: Decimal | None) -> Price | None:
    return None if prompt is None or answer is None else Price(prompt, answer)
