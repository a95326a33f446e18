"""The account of language models: exact, shared, and never overdrawn."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from aidbt.core.errors import BudgetExceeded
from aidbt.core.llm_calls import Amount, Limits, ModelCall
from aidbt.core.resilience import Level
from aidbt.store import Store
from aidbt.store.llm_ledger import LlmLedger
from tests.aidbt.store.places import Place, together

LIMITS = Limits(1_000, Decimal("0.5"))


def call(tokens: int = 0, cost: str | None = "0") -> ModelCall:
    price = None if cost is None else Decimal(cost)
    return ModelCall("query", "local", "m", "ab" * 32, tokens, 0, price, "answered", Level.FULL)


def test_what_is_reserved_counts_until_it_is_settled(store: Store):
    ledger = LlmLedger(store)

    reserved = ledger.reserve(Amount(900, Decimal("0.4")), LIMITS)
    assert ledger.spent_today() == Amount(900, Decimal("0.4"))
    with pytest.raises(BudgetExceeded, match="about 200 tokens needed, 100 left today"):
        ledger.reserve(Amount(200), LIMITS)
    with pytest.raises(BudgetExceeded, match=r"about 0\.2 needed, 0\.1 left today"):
        ledger.reserve(Amount(0, Decimal("0.2")), LIMITS)

    ledger.settle(reserved, call(300, "0.1234567891"))
    assert ledger.spent_today() == Amount(300, Decimal("0.123456790"))  # rounded up
    ledger.reserve(Amount(700), LIMITS)


def test_without_limits_everything_fits(store: Store):
    ledger = LlmLedger(store)

    ledger.reserve(Amount(10**12, Decimal(10**6)), Limits())

    assert ledger.spent_today() == Amount(10**12, Decimal(10**6))


def test_a_call_comes_back_as_it_was_recorded(store: Store):
    ledger = LlmLedger(store)
    calls = [call(1, "0.000000001"), call(2, None)]

    for made in calls:
        ledger.settle(ledger.reserve(Amount(), Limits()), made)

    assert {row.call for row in ledger.calls()} == set(calls)
    assert len(ledger.calls(limit=1)) == 1


@pytest.mark.long
def test_two_processes_together_never_reserve_more_than_the_day_has(place: Place):
    place.open().close()
    code = """
from decimal import Decimal
from aidbt.core.errors import BudgetExceeded
from aidbt.core.llm_calls import Amount, Limits
from aidbt.store.llm_ledger import LlmLedger
ledger, got = LlmLedger(here()), 0
for _ in range(40):
    try:
        ledger.reserve(Amount(10, Decimal("0.1")), Limits(505, None))
        got += 1
    except BudgetExceeded:
        pass
print(json.dumps(got))
"""
    got = [json.loads(said) for said in together(place, code, (), ())]

    assert sum(got) == 50
    store = place.open()
    assert LlmLedger(store).spent_today().tokens == 500
    store.close()
