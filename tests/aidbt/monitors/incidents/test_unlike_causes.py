"""What is no cause of one another stays apart, though it is near in time and lineage."""

from __future__ import annotations

from aidbt.core.incidents import IncidentState
from tests.aidbt.monitors.findings import anomaly, failure, node, passed
from tests.aidbt.monitors.incidents.test_incidents import Shop, schema


def test_a_new_value_above_is_not_the_cause_of_nulls_that_began_days_before():
    shop = Shop()
    shop.check(anomaly("revenue", "null_rate", "lifetime_value"))
    shop.check(anomaly("revenue", "null_rate", "lifetime_value", day=1))
    assert shop.check(anomaly("stg_orders", "new_values", "channel", day=3)) == [("opened", "INC-2")]
    assert shop.known["INC-1"].root == node("revenue")


def test_nulls_below_are_not_of_a_column_that_has_been_odd_for_days():
    shop = Shop()
    for day in range(3):
        shop.check(anomaly("stg_orders", "mean_length", "channel", day=day))
    again = anomaly("stg_orders", "mean_length", "channel", day=3)
    nulls = anomaly("revenue", "null_rate", "lifetime_value", day=3)
    assert shop.check(again, nulls) == [("updated", "INC-1"), ("opened", "INC-2")]
    # The next day, too; and the incident of the column is not joined to that of the nulls.
    again, nulls = (
        anomaly("stg_orders", "mean_length", "channel", day=4),
        anomaly("revenue", "null_rate", "lifetime_value", day=4),
    )
    assert shop.check(again, nulls) == [("updated", "INC-1"), ("updated", "INC-2")]


def test_unlike_columns_that_begin_together_or_a_day_apart_are_one_and_so_is_the_same_column_later():
    shop = Shop()
    assert shop.check(anomaly("stg_orders", "mean", "amount"), anomaly("orders", "mean", "total")) == [
        ("opened", "INC-1")
    ]
    assert shop.check(anomaly("refunds", "mean", "sum", day=1)) == [("updated", "INC-1")]
    shop.check(anomaly("stg_orders", "mean", "amount", day=5))
    assert shop.check(anomaly("revenue", "mean", "Amount", day=6))[0][1] == "INC-1"
    # What is of the whole table may be the cause of everything in it.
    assert shop.check(anomaly("revenue", day=7))[0][1] == "INC-1"


def test_a_truncated_table_is_not_the_renamed_column_that_was_mended_before_it():
    shop = Shop()
    late = {"value": 1441.0, "expected": 10.0}
    renamed = schema("stg_orders", "device")
    stale = anomaly("orders", "freshness_minutes", day=-1, **late)
    assert shop.check(renamed, stale, failures=(failure(node("orders")),)) == [("opened", "INC-1")]
    mended = passed(renamed, day=1) | passed(stale, day=0)
    assert shop.check(passed=mended, succeeded=frozenset({node("orders")})) == [("resolved", "INC-1")]
    lost = anomaly("stg_orders", "rows_lost", day=2, score=11, is_certain=True)
    empty = [anomaly("orders", "freshness_minutes", day=1, **late), anomaly("orders", day=1, value=0)]
    assert shop.check(lost, *empty) == [("opened", "INC-2")]
    assert shop.known["INC-1"].state is IncidentState.RESOLVED
    assert len(shop.known["INC-2"].anomalies) == 3
