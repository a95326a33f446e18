"""A check of customers by the day they came, whose orders come later: no day is odd because it is new."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from aidbt.core.config import Settings
from aidbt.core.measured import Anomaly, Bucket
from aidbt.monitors.collection.known import known_of
from aidbt.observability.checked import Check
from aidbt.observability.monitoring import check_store, remember
from aidbt.project.manifest import Manifest
from aidbt.store import Store, open_store
from aidbt.store.buckets import Buckets
from tests.aidbt.monitors.measured_shop import manifest_of, model

FIRST = datetime(2026, 9, 1)
NODE = "model.shop.customers"
LATE_DAYS = 3
LEARNED = 40  # days that were there when the first check was made
# The share of customers without an order, by the age of their day.
WITHOUT = (1.0, 0.6, 0.3, 0.1)


class Customers:
    """One check each morning, of what was measured again then."""

    def __init__(self, store: Store, manifest: Manifest) -> None:
        self.store, self.manifest = store, manifest
        self.rows = np.random.default_rng(1).integers(150, 250, 200)

    def bucket(self, day: int, without: float) -> Bucket:
        # Without orders at random, as customers are; once a day has a share, it is always the same customers.
        drawn = np.random.default_rng([2, day]).random(self.rows[day])
        nulls = float((drawn < without).sum())
        facts = {("rows", ""): float(self.rows[day]), ("nulls", "lifetime_value"): nulls}
        return Bucket(NODE, "day", FIRST + timedelta(days=day), facts)

    def morning(self, today: int, broken_from: int = 1000) -> Check:
        oldest = 0 if today == LEARNED else today - LATE_DAYS
        days = range(oldest, today + 1)
        shares = [1.0 if day >= broken_from else WITHOUT[min(today - day, LATE_DAYS)] for day in days]
        Buckets(self.store).put(self.bucket(day, share) for day, share in zip(days, shares, strict=True))
        now = (FIRST + timedelta(days=today + 1, hours=6)).replace(tzinfo=UTC)
        check = check_store(self.manifest, self.store, Settings(), now=now)
        remember(self.store, check)
        return check


@pytest.fixture
def customers(tmp_path: Path) -> Iterator[Customers]:
    manifest = manifest_of(tmp_path / "manifest.json", [model("customers")])
    store = open_store(tmp_path / "aidbt.db")
    yield Customers(store, manifest)
    store.close()


def odd(check: Check) -> list[Anomaly]:
    return [a for a in check.found.anomalies if a.monitor.metric == "null_rate"]


def test_the_newest_day_of_a_column_that_ripens_is_judged_when_it_is_ripe(customers: Customers):
    before = [odd(customers.morning(today)) for today in range(LEARNED, LEARNED + 6)]
    after = [odd(customers.morning(today)) for today in range(LEARNED + 6, LEARNED + 18)]

    assert any(before), "without what is learned each day would be odd"
    assert not any(after)
    (known,) = known_of(customers.manifest, customers.store, Settings().monitors).nodes
    assert known.ripening == {"lifetime_value null_rate": LATE_DAYS}


def test_nulls_that_stay_are_told_once_they_should_have_gone(customers: Customers):
    for today in range(LEARNED, LEARNED + 10):
        customers.morning(today)
    broken = LEARNED + 10

    told = [odd(customers.morning(today, broken)) for today in range(broken, broken + LATE_DAYS + 1)]

    assert [bool(some) for some in told] == [False] * LATE_DAYS + [True]
    assert [a.start for a in told[-1]] == [FIRST + timedelta(days=broken)]
    assert odd(customers.morning(broken + LATE_DAYS, broken)) == []


def test_a_status_that_every_new_row_has_and_no_old_one_is_no_new_value_each_day(customers: Customers):
    def morning(today: int, strange: str = "") -> set[str]:
        days = range(0 if today == LEARNED else today - LATE_DAYS, today + 1)
        buckets = []
        for day in days:
            rows = float(customers.rows[day])
            new = {0: rows, 1: 40.0}.get(today - day, 0.0)
            shares = {"new": new, "active": rows - new, strange: 30.0 if day == today - 2 else 0.0}
            known = {value: count for value, count in shares.items() if value and count}
            start = FIRST + timedelta(days=day)
            buckets.append(Bucket(NODE, "day", start, {("rows", ""): rows}, {"status": known}))
        Buckets(customers.store).put(buckets)
        now = (FIRST + timedelta(days=today + 1, hours=6)).replace(tzinfo=UTC)
        check = check_store(customers.manifest, customers.store, Settings(), now=now)
        remember(customers.store, check)
        return {anomaly.monitor.metric for anomaly in check.found.anomalies}

    before = [morning(today) for today in range(LEARNED, LEARNED + 6)]
    after = [morning(today) for today in range(LEARNED + 6, LEARNED + 14)]

    assert {"distribution", "new_values"} <= set().union(*before)
    assert not set().union(*after)
    assert "new_values" in morning(LEARNED + 14, "blocked"), "of a day that is ripe"
