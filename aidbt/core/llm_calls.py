"""A call of a language model as it is accounted for: what it cost and what came of it, not what was said."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

from aidbt.core.resilience import Level

# "cut_off" is an answer that ended too early, "unusable" one that passed no check; "refused" is a provider
# that answers nothing (key, model, quota).
Outcome = Literal["answered", "cut_off", "unusable", "unavailable", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call, made or tried.

    Attributes:
        feature: what asked, e.g. "mapping".
        model: what the server says that answered; what was asked for, where it did not say.
        prompt_hash: 64 hexadecimal digits; the same question has the same.
        prompt_tokens, answer_tokens: as the provider counts, else estimated.
        cost: None where the price is not known.
        level: "full" for the first provider of the settings, "reduced" for another.
    """

    feature: str
    provider: str
    model: str
    prompt_hash: str
    prompt_tokens: int
    answer_tokens: int
    cost: Decimal | None
    outcome: Outcome
    level: Level


@dataclass(frozen=True, slots=True)
class Amount:
    """Tokens, and the money they cost."""

    tokens: int = 0
    cost: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that may be spent; None is no limit."""

    tokens: int | None = None
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Reservation:
    """What was set aside for a call, on the account of a day (ISO date, UTC)."""

    day: str
    amount: Amount


class Ledger(Protocol):
    """Keeps the account of a day for all who share it, and a record of every call."""

    def reserve(self, amount: Amount, limits: Limits) -> Reservation:
        """Set an amount aside, in one step for everybody.

        Raises:
            BudgetExceeded: that would be more than the day's limits; nothing was set aside.
        """
        ...

    def settle(self, reservation: Reservation, call: ModelCall) -> str:
        """Put what the call did cost in the place of what was set aside for it, and record the call.

        Returns:
            The id of the record.
        """
        ...

    def judge(self, call_id: str, outcome: Outcome) -> None:
        """Note what came of an answer after it was recorded."""
        ...
