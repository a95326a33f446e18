"""What language models did cost: an account a day that nobody overdraws, and a row for every call.

Money is kept in whole billionths, rounded up, so that sums are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from uuid import uuid4

from sqlalchemy import Connection, text

from aidbt.core.errors import BudgetExceeded
from aidbt.core.llm_calls import Amount, Limits, ModelCall, Outcome, Reservation
from aidbt.core.resilience import Level
from aidbt.store.db import Store

KEEP = timedelta(days=400)  # a year's bill can be looked at
_NANOS = Decimal(10**9)
# More than any sum, and the sum of two of them still fits into 64 bits.
_UNLIMITED = 2**61


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A call and when it ended."""

    at: datetime
    call: ModelCall


class LlmLedger:
    """The account of language models in a store; see `core.llm_calls.Ledger`.

    The day and the time are those of the store's clock, which all who share it have in common. What a process
    set aside and did not settle, because it was killed, counts as spent.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def reserve(self, amount: Amount, limits: Limits) -> Reservation:
        """Set an amount aside, in one step for all processes.

        Raises:
            BudgetExceeded: that would be more than the day's limits; nothing was set aside.
            StoreError: the store cannot be written.
        """
        with self._store.transaction() as connection:
            day = _day(self._store.now(connection))
            connection.execute(_OPEN_DAY, {"day": day})
            taken = connection.execute(
                _RESERVE,
                {
                    "day": day,
                    "tokens": amount.tokens,
                    "nanos": _nanos(amount.cost),
                    "max_tokens": _UNLIMITED if limits.tokens is None else min(limits.tokens, _UNLIMITED),
                    "max_nanos": _UNLIMITED if limits.cost is None else min(_nanos(limits.cost), _UNLIMITED),
                },
            )
            if taken.rowcount == 0:
                raise _refusal(amount, limits, _spent(connection, day))
        return Reservation(day, amount)

    def settle(self, reservation: Reservation, call: ModelCall) -> str:
        """Put what the call did cost in the place of what was set aside for it, and record the call.

        Returns:
            The id of the record.

        Raises:
            StoreError: the store cannot be written; what was set aside stays spent.
        """
        tokens = call.prompt_tokens + call.answer_tokens
        nanos = None if call.cost is None else _nanos(call.cost)
        call_id = uuid4().hex
        with self._store.transaction() as connection:
            now = self._store.now(connection)
            connection.execute(
                _SETTLE,
                {
                    "day": reservation.day,
                    "tokens": tokens - reservation.amount.tokens,
                    "nanos": (nanos or 0) - _nanos(reservation.amount.cost),
                },
            )
            connection.execute(
                _RECORD,
                {
                    "id": call_id,
                    "at": now,
                    "feature": call.feature,
                    "provider": call.provider,
                    "model": call.model,
                    "prompt_hash": call.prompt_hash,
                    "prompt_tokens": call.prompt_tokens,
                    "answer_tokens": call.answer_tokens,
                    "nanos": nanos,
                    "outcome": call.outcome,
                    "level": call.level.value,
                },
            )
            connection.execute(_FORGET, {"before": now - KEEP.total_seconds()})
        return call_id

    def judge(self, call_id: str, outcome: Outcome) -> None:
        """Note what came of an answer after it was recorded.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._store.transaction() as connection:
            connection.execute(_JUDGE, {"id": call_id, "outcome": outcome})

    def spent_today(self) -> Amount:
        """What was spent, and is set aside, since midnight UTC.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._store.transaction() as connection:
            return _spent(connection, _day(self._store.now(connection)))

    def calls(self, limit: int = 100, *, since: datetime | None = None) -> list[RecordedCall]:
        """The latest calls, newest first.

        Args:
            since: only those that ended then or later; with a time zone.

        Raises:
            StoreError: the store cannot be read.
        """
        parameters = {"limit": limit, "since": since.timestamp() if since else 0.0}
        with self._store.transaction() as connection:
            rows = connection.execute(_CALLS, parameters).all()
        return [
            RecordedCall(
                datetime.fromtimestamp(row.at, UTC),
                ModelCall(
                    row.feature,
                    row.provider,
                    row.model,
                    row.prompt_hash,
                    row.prompt_tokens,
                    row.answer_tokens,
                    None if row.nanos is None else row.nanos / _NANOS,
                    row.outcome,
                    Level(row.level),
                ),
            )
            for row in rows
        ]


def _day(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).date().isoformat()


def _nanos(cost: Decimal) -> int:
    return int((cost * _NANOS).to_integral_value(ROUND_CEILING))


def _spent(connection: Connection, day: str) -> Amount:
    row = connection.execute(_SPENT, {"day": day}).first()
    return Amount(row.tokens, row.nanos / _NANOS) if row else Amount()


def _refusal(amount: Amount, limits: Limits, spent: Amount) -> BudgetExceeded:
    if limits.tokens is not None and spent.tokens + amount.tokens > limits.tokens:
        needs = f"about {amount.tokens:,} tokens needed, {max(0, limits.tokens - spent.tokens):,} left today"
        return BudgetExceeded(f"language model: {needs}", hint="raise llm.max_day_tokens, or go on tomorrow")
    left = max(Decimal(0), (limits.cost or Decimal(0)) - spent.cost)
    needs = f"about {amount.cost:f} needed, {left:f} left today"
    return BudgetExceeded(f"language model: {needs}", hint="raise llm.max_day_cost, or go on tomorrow (UTC)")


_OPEN_DAY = text("insert into llm_days (day, tokens, nanos) values (:day, 0, 0) on conflict (day) do nothing")
# One statement: whoever comes second sees what the first one took.
_RESERVE = text(
    "update llm_days set tokens = tokens + :tokens, nanos = nanos + :nanos where day = :day"
    " and tokens + :tokens <= :max_tokens and nanos + :nanos <= :max_nanos"
)
_SETTLE = text("update llm_days set tokens = tokens + :tokens, nanos = nanos + :nanos where day = :day")
_SPENT = text("select tokens, nanos from llm_days where day = :day")
_RECORD = text(
    "insert into llm_calls (id, at, feature, provider, model, prompt_hash, prompt_tokens, answer_tokens,"
    " nanos, outcome, level) values (:id, :at, :feature, :provider, :model, :prompt_hash, :prompt_tokens,"
    " :answer_tokens, :nanos, :outcome, :level)"
)
_JUDGE = text("update llm_calls set outcome = :outcome where id = :id")
_FORGET = text("delete from llm_calls where at < :before")
_CALLS = text(
    "select at, feature, provider, model, prompt_hash, prompt_tokens, answer_tokens, nanos, outcome, level"
    " from llm_calls where at >= :since order by at desc, id limit :limit"
)
