"""What may be spent on language models by one call, one command and one day, in tokens and in money.

Before a call its estimate is taken from all of them, or it is not made; afterwards what it did cost is put in
its place. An estimate is the question and the longest answer, so that no budget is overdrawn by a call.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from aidbt.core.config import LlmSettings
from aidbt.core.errors import BudgetExceeded, StoreError
from aidbt.core.llm_calls import Amount, Ledger, Limits, ModelCall, Reservation
from aidbt.core.resilience import Budget
from aidbt.llm.model import ProviderRefused, Request

_MILLION = Decimal(10**6)


@dataclass(frozen=True, slots=True)
class Price:
    """Of a million tokens of questions and of answers."""

    prompt: Decimal
    answer: Decimal

    def of(self, prompt_tokens: int, answer_tokens: int) -> Decimal:
        """What so many tokens cost."""
        return (self.prompt * prompt_tokens + self.answer * answer_tokens) / _MILLION


class Spending:
    """The budgets of one command, which share a day's account with other commands. Safe between threads.

    Attributes:
        calls, tokens, cost: what this command may spend; `cost` is None where money is not limited.
    """

    def __init__(self, settings: LlmSettings, ledger: Ledger) -> None:
        self.calls = Budget(
            "calls of the language model", settings.max_calls, "calls", hint="raise llm.max_calls"
        )
        self.tokens = Budget("language model", settings.max_tokens, "tokens", hint="raise llm.max_tokens")
        self.cost = (
            None
            if settings.max_cost is None
            else Budget("language model", settings.max_cost, "of money", hint="raise llm.max_cost")
        )
        self._of_a_call = Limits(settings.max_call_tokens, settings.max_call_cost)
        self._of_a_day = Limits(settings.max_day_tokens, settings.max_day_cost)
        self._ledger = ledger

    def reserve(self, request: Request, price: Price | None) -> Reservation:
        """Take what a call may cost at most from every budget.

        Raises:
            BudgetExceeded: one has less than that left; nothing was taken.
            ProviderRefused: money is limited, and the price is not known.
            StoreError: the day's account cannot be written.
        """
        if price is None and self._counts_money:
            raise ProviderRefused(
                "its price is not known, so that a budget of money cannot be kept",
                hint="set prompt_price and answer_price of the provider, or no llm.max_…cost",
            )
        prompt, answer = request.estimated_prompt_tokens, request.max_answer_tokens
        amount = Amount(prompt + answer, price.of(prompt, answer) if price else Decimal(0))
        _require(amount, self._of_a_call)
        with contextlib.ExitStack() as undo:
            for budget, needed in ((self.calls, 1), (self.tokens, amount.tokens), (self.cost, amount.cost)):
                if budget is not None:
                    budget.spend(needed)
                    undo.callback(budget.settle, needed, 0)
            with _final():
                reservation = self._ledger.reserve(amount, self._of_a_day)
            undo.pop_all()
        return reservation

    def settle(self, reservation: Reservation, call: ModelCall) -> str:
        """Put what a call did cost in the place of what was reserved for it; the id of its record.

        Raises:
            StoreError: the day's account cannot be written; there the whole reservation stays spent.
        """
        self.tokens.settle(reservation.amount.tokens, call.prompt_tokens + call.answer_tokens)
        if self.cost is not None:
            self.cost.settle(reservation.amount.cost, call.cost or 0)
        with _final():
            return self._ledger.settle(reservation, call)

    @property
    def _counts_money(self) -> bool:
        return not (self.cost is None and self._of_a_call.cost is None and self._of_a_day.cost is None)


@contextlib.contextmanager
def _final() -> Iterator[None]:
    """A store that is busy or away is no reason to ask, and to pay, the provider again."""
    try:
        yield
    except StoreError as error:
        raise StoreError(f"the account of the language model: {error.message}", hint=error.hint) from error


def _require(amount: Amount, limits: Limits) -> None:
    """Raise where one call is over the limits of one."""
    if limits.tokens is not None and amount.tokens > limits.tokens:
        raise BudgetExceeded(
            f"language model: about {amount.tokens:,} tokens needed, {limits.tokens:,} allowed for one call",
            hint="raise llm.max_call_tokens",
        )
    if limits.cost is not None and amount.cost > limits.cost:
        raise BudgetExceeded(
            f"language model: about {amount.cost:f} needed, {limits.cost:f} allowed for one call",
            hint="raise llm.max_call_cost",
        )
