"""What an incident is called while it goes on: after what is still wrong, the most telling of it first."""

from __future__ import annotations

from dataclasses import replace

from aidbt.core.measured import Anomaly
from tests.aidbt.monitors.findings import anomaly, failure, node, passed
from tests.aidbt.monitors.incidents.test_incidents import Shop


def new_value(name: str, column: str, *, day: int = 0) -> Anomaly:
    found = anomaly(name, "new_values", column, day=day, score=4.6, is_certain=True)
    message = f"{name}.{column} has the new value 'marketplace' in 31 rows"
    return replace(found, value=None, expected=None, message=message)


def title(shop: Shop, id: str = "INC-1") -> str:
    return shop.known[id].title.partition(";")[0]


def test_a_run_that_has_succeeded_since_is_not_what_it_is_called_after():
    shop = Shop()
    empty = anomaly("revenue", value=0)
    shop.check(empty, failures=(failure(node("orders")),))
    assert title(shop) == "orders failed in a run of dbt"
    stale = anomaly("orders", "freshness_minutes", day=1, value=900, expected=60)
    assert shop.check(stale, succeeded=frozenset({node("orders")})) == [("updated", "INC-1")]
    assert title(shop) == "orders is 14 hours later than expected"
    shop.check(passed=passed(stale, day=2))
    assert title(shop) == "revenue has no rows of Friday 20 November, 1,000 were expected"
    # In the end it is called after what it was.
    assert shop.check(passed=passed(empty, day=3)) == [("resolved", "INC-1")]
    assert title(shop) == "orders failed in a run of dbt"


def test_rows_that_are_back_are_not_said_to_be_gone():
    shop = Shop()
    lost = anomaly("stg_orders", "rows_lost", score=11, is_certain=True)
    lost = replace(lost, value=None, message="stg_orders: most rows of 135 older buckets are gone")
    empty = anomaly("orders", value=0)
    shop.check(lost, empty)
    assert title(shop) == "stg_orders: most rows of 135 older buckets are gone"
    assert shop.check(passed=passed(lost, day=1)) == [("updated", "INC-1")]
    assert title(shop) == "orders has no rows of Friday 20 November, 1,000 were expected"
    shop.check(passed=passed(empty, day=1))
    assert title(shop) == "stg_orders: most rows of 135 older buckets are gone"


def test_a_new_value_stays_the_name_of_what_it_does_to_its_column():
    shop = Shop()
    value, length = new_value("orders", "channel"), anomaly("orders", "mean_length", "channel", score=7.3)
    shop.check(value, length)
    assert title(shop) == "orders.channel has the new value 'marketplace' in 31 rows"
    longer = anomaly("orders", "mean_length", "channel", day=1, score=7.3)
    shop.check(longer, passed=passed(value, day=1))
    assert title(shop) == "orders.channel has the new value 'marketplace' in 31 rows"
    # Another column's is not.
    cents = anomaly("orders", "mean", "amount", day=2, score=9, value=70_000)
    shop.check(cents, passed=passed(length, day=2))
    assert title(shop) == "orders.amount: mean 70.0 times what was expected on a Sunday"


def test_what_is_exact_comes_before_what_scores_higher_and_is_newer():
    shop = Shop()
    gone = anomaly("orders", "schema", "device", score=4, is_certain=True)
    shop.check(replace(gone, value=None, message="orders: column device is gone"))
    shop.check(anomaly("orders", "null_rate", "device", day=1, score=9, value=1.0, expected=0.0))
    assert title(shop) == "orders: column device is gone"


def test_what_came_back_for_another_reason_ends_under_the_name_of_that():
    shop = Shop()
    late = anomaly("orders", "freshness_minutes", value=900, expected=60)
    shop.check(late, failures=(failure(node("orders")),))
    shop.check(passed=passed(late, day=1), succeeded=frozenset({node("orders")}))
    assert title(shop) == "orders failed in a run of dbt"
    again = anomaly("orders", "freshness_minutes", day=3, value=900, expected=60)
    assert shop.check(again) == [("reopened", "INC-1")]
    assert shop.check(passed=passed(again, day=5)) == [("resolved", "INC-1")]
    assert title(shop) == "orders is 14 hours later than expected"
