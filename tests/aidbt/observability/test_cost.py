"""What runs took, in seconds, bytes and money, checked by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidbt.core.config import CostSettings
from aidbt.core.llm_calls import ModelCall
from aidbt.core.resilience import Level
from aidbt.observability.cost import Costs, busy_seconds, costs_of
from aidbt.observability.recorded import Asked, RecordedNode, RecordedRun
from aidbt.store.llm_ledger import RecordedCall

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PERIOD = {"since": NOON - timedelta(days=1), "until": NOON + timedelta(days=30)}


def node(name: str, begun_s: float, seconds: float, **more: object) -> RecordedNode:
    begun = NOON + timedelta(seconds=begun_s)
    known = {"started_at": begun, "finished_at": begun + timedelta(seconds=seconds), **more}
    return RecordedNode(f"model.shop.{name}", "success", seconds, **known)  # type: ignore[arg-type]


def run(*nodes: RecordedNode, day: int = 0, asked: Asked = Asked()) -> RecordedRun:  # noqa: B008
    at = NOON + timedelta(days=day)
    late = timedelta(days=day)
    moved = [
        replace(n, started_at=n.started_at + late, finished_at=n.finished_at + late)
        if n.started_at and n.finished_at
        else n
        for n in nodes
    ]
    return RecordedRun(
        f"run-{day}", "build", "success", at, at + timedelta(hours=1), asked=asked, results=tuple(moved)
    )


def costs(*runs: RecordedRun, **prices: object) -> Costs:
    return costs_of(runs, [], CostSettings(**prices), **PERIOD)  # type: ignore[arg-type]


def test_nodes_at_once_are_one_time_of_the_warehouse_shared_by_their_seconds():
    # Half an hour together, then a quarter alone: 45 minutes at 4 an hour are 3.
    found = costs(run(node("a", 0, 1800), node("b", 0, 1800), node("c", 1800, 900)), per_hour=4)

    assert (found.seconds, found.busy_s, found.money) == (4500, 2700, pytest.approx(3.0))
    assert {n.unique_id[-1]: n.money for n in found.nodes} == {
        "a": pytest.approx(1.2),
        "b": pytest.approx(1.2),
        "c": pytest.approx(0.6),
    }
    assert sum(n.share for n in found.nodes) == pytest.approx(1)


def test_bytes_cost_what_is_charged_for_and_at_least_the_least():
    big = node("big", 0, 1, bytes_processed=10**11, bytes_billed=2 * 10**12)
    small, none = node("small", 0, 1, bytes_billed=100), node("cached", 0, 1, bytes_billed=0)

    found = costs(run(big, small, none), per_tb=5, min_bytes=10**7)

    assert {n.unique_id.rpartition(".")[2]: n.money for n in found.nodes} == {
        "big": pytest.approx(10),
        "small": pytest.approx(0.00005),
        "cached": 0,
    }
    assert found.nodes[0].unique_id == "model.shop.big" and found.bytes_billed == 2 * 10**12 + 100


def test_without_prices_there_are_seconds_and_no_money():
    found = costs(run(node("a", 0, 30), node("b", 30, 90)))

    assert (found.money, found.money_by_day, found.bytes_billed) == (None, {}, None)
    assert [(n.unique_id[-1], n.share) for n in found.nodes] == [("b", 0.75), ("a", 0.25)]


def test_a_slot_hour_has_its_price():
    assert costs(run(node("a", 0, 1, slot_ms=7_200_000)), per_slot_hour=0.04).money == pytest.approx(0.08)


def test_the_trend_is_by_day_and_one_slow_run_or_a_full_refresh_is_no_change():
    seconds = [10, 10, 10, 10, 20, 300, 20, 20]
    runs = [run(node("a", 0, s), day=4 * number) for number, s in enumerate(seconds)]
    refresh = run(node("a", 0, 900), day=29, asked=Asked(full_refresh=True))

    [found] = costs(*runs, refresh).nodes

    assert found.change == pytest.approx(1.0)  # from 10 to 20
    assert [value for _, value in found.trend] == [*seconds, 900]
    assert (found.runs, found.slowest_s) == (9, 900)


def test_skipped_nodes_sources_and_runs_outside_of_the_period_cost_nothing():
    skipped = RecordedNode("model.shop.b", "skipped")
    source = RecordedNode("source.shop.raw.x", "pass", 3.0)

    found = costs(run(node("a", 0, 5), skipped, source), run(node("a", 0, 5), day=60))

    assert ([n.unique_id for n in found.nodes], found.seconds, found.runs) == (["model.shop.a"], 5, 1)


def test_an_empty_period_is_empty():
    assert (costs().nodes, costs(per_hour=3).money, costs().seconds) == ((), None, 0)


@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(0.1, 1e3)), min_size=1, max_size=8))
def test_the_busy_time_is_never_more_than_the_sum_nor_less_than_the_longest(spans: list[tuple[float, float]]):
    busy = busy_seconds(run(*(node(str(n), begun, took) for n, (begun, took) in enumerate(spans))))

    assert max(took for _, took in spans) - 1e-3 <= busy <= sum(took for _, took in spans) + 1e-3


def call(cost: str | None, *, day: int = 0, feature: str = "mapping") -> RecordedCall:
    price = None if cost is None else Decimal(cost)
    made = ModelCall(feature, "p", "m", "0" * 64, 10, 5, price, "accepted", Level.FULL)
    return RecordedCall(NOON + timedelta(days=day), made)


def test_language_models_are_summed_by_purpose_and_day():
    calls = [
        call("0.10"),
        call("0.20", day=1),
        call(None, day=1),
        call("0.50", feature="query"),
        call("9", day=99),
    ]

    found = costs_of([], calls, CostSettings(), **PERIOD)

    assert [(s.feature, s.calls, s.tokens, s.cost, s.unpriced) for s in found.llm] == [
        ("query", 1, 15, Decimal("0.50"), 0),
        ("mapping", 3, 45, Decimal("0.30"), 1),
    ]
    assert list(found.llm_by_day.values()) == [Decimal("0.60"), Decimal("0.20")]
    assert found.llm_cost == Decimal("0.80")
