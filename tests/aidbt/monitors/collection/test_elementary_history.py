"""Elementary's own measurements as a history to begin with: from its table, in its columns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from aidbt.core.config import MonitorSettings
from aidbt.core.errors import UnknownName, WarehouseError
from aidbt.monitors.collection.elementary import Taken, hand_history, take_history
from aidbt.monitors.collection.elementary_rows import Written
from aidbt.store.buckets import Buckets
from tests.aidbt.monitors.measured_shop import ORDERS, Measured, manifest_of, measured_shop, model

# As `empty_data_monitoring_metrics` of its dbt package makes it.
TABLE = """
create schema elementary;
create table elementary.data_monitoring_metrics (
    id varchar, full_table_name varchar, column_name varchar, metric_name varchar, metric_type varchar,
    metric_value float8, source_value varchar, bucket_start timestamp, bucket_end timestamp,
    bucket_duration_hours int, updated_at timestamp, dimension varchar, dimension_value varchar,
    metric_properties varchar, created_at timestamp
)
"""
# What its monitors compute of our orders, in SQL of ours.
MEASURED = """
insert into elementary.data_monitoring_metrics
    (id, full_table_name, column_name, metric_name, metric_type, metric_value, bucket_start, bucket_end,
     bucket_duration_hours, updated_at, dimension)
with days as (
    select date_trunc('day', ordered_at) as day, * from orders where ordered_at < timestamp '2026-03-11'
),
found as (
    select day, null as col, 'row_count' as metric, count(*)::float8 as value from days group by 1
    union all select day, null, 'freshness', 33000 from days group by 1
    union all select day, 'amount', 'null_percent', 100.0 * (count(*) - count(amount)) / count(*)
        from days group by 1
    union all select day, 'amount', 'average', avg(amount) from days group by 1
    union all select day, 'amount', 'standard_deviation', stddev_samp(amount) from days group by 1
    union all select day, 'amount', 'zero_count', count_if(amount = 0) from days group by 1
    union all select day, 'amount', 'max', max(amount) from days group by 1
    union all select day, 'status', 'null_count', count_if(status is null) from days group by 1
    union all select day, 'status', 'average_length', avg(length(status)) from days group by 1
)
select md5(day::varchar || metric || coalesce(col, '')), 'SHOP.MAIN.ORDERS', col, 'orders ' || metric, metric,
    value, day, day + interval 1 day, 24, now()::timestamp, null
from found
"""
OTHERS = """
insert into elementary.data_monitoring_metrics
    (full_table_name, metric_name, metric_type, metric_value, bucket_start, bucket_end, updated_at, dimension)
values
    ('SHOP.MAIN.GONE', 'row_count', 'row_count', 1, '2026-03-01', '2026-03-02', now(), null),
    ('SHOP.MAIN.ORDERS', 'dimension', 'dimension', 1, '2026-03-01', '2026-03-02', now(), 'status'),
    ('SHOP.MAIN.ORDERS', 'row_count', 'row_count', 1, '2026-03-01', '2026-03-08', now(), null),
    ('SHOP.MAIN.ORDERS', 'row_count', 'row_count', 'nan', '2026-03-01', '2026-03-02', now(), null),
    ('SHOP.MAIN.ORDERS', 'row_count', 'row_count', 5, null, '2026-03-02', now(), null)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Measured]:
    with measured_shop(tmp_path) as made:
        made.run(TABLE, MEASURED)
        yield made


def taken(shop: Measured, schema: str = "Elementary") -> Taken:
    manifest = manifest_of(shop.folder / "manifest.json", shop.nodes)
    return take_history(manifest, shop.warehouse, shop.store, schema, grain="day")


def test_its_metrics_become_the_facts_that_we_would_have_measured(shop: Measured) -> None:
    result = taken(shop)
    theirs = shop.series()
    Buckets(shop.store).forget(ORDERS)
    shop.collect()
    ours = shop.series()

    assert (result.buckets, result.nodes) == (9, (ORDERS,))
    days = [ours.starts.index(start) for start in theirs.starts]  # it has none of the empty day
    for fact, column in theirs.keys:
        assert theirs.fact(fact, column) == pytest.approx(ours.fact(fact, column)[days]), (fact, column)
    assert {fact for fact, column in theirs.keys if column == "amount"} == {
        "nulls", "sum", "squares", "zeros", "high",
    }  # fmt: skip


def test_what_we_measured_ourselves_stays(shop: Measured) -> None:
    shop.collect()
    shop.run("update elementary.data_monitoring_metrics set metric_value = 0")
    result = taken(shop)

    assert (result.buckets, result.kept) == (0, 9)
    assert shop.series().fact("rows")[0] == 100


def test_what_is_no_count_or_sum_is_left_out_and_told(shop: Measured) -> None:
    shop.run(OTHERS)

    assert taken(shop).left_out == {
        "no finite number": 1,
        "of a dimension": 1,
        "of a table that is no node of this project": 1,
        "of buckets that are no day": 1,
        "the metric freshness, which says no count or sum": 9,
    }


def test_the_latest_of_two_measurements_counts(shop: Measured) -> None:
    shop.run(
        "insert into elementary.data_monitoring_metrics (full_table_name, metric_name, metric_type,"
        " metric_value, bucket_start, bucket_end, updated_at) values ('SHOP.MAIN.ORDERS', 'row_count',"
        " 'row_count', 77, '2026-03-01', '2026-03-02', '2099-01-01')"
    )
    taken(shop)

    assert shop.series().fact("rows")[0] == 77


def test_a_schema_without_its_table_is_an_error_with_the_nearest(shop: Measured) -> None:
    with pytest.raises(UnknownName, match="did you mean 'elementary'"):
        taken(shop, "elementry")


def test_another_table_of_that_name_is_refused(shop: Measured) -> None:
    shop.run("create schema other", "create table other.data_monitoring_metrics as select 1 as id")

    with pytest.raises(WarehouseError, match="is not Elementary's table: it has no full_table_name"):
        taken(shop, "other")


def test_nodes_are_found_by_schema_and_table_whatever_their_case(shop: Measured) -> None:
    shop.nodes = [model("ord", alias="Orders", schema="Main")]

    assert taken(shop).nodes == ("model.shop.ord",)


def handed(shop: Measured, schema: str = "elementary") -> Written:
    manifest = manifest_of(shop.folder / "manifest.json", shop.nodes)
    return hand_history(manifest, shop.warehouse, shop.store, MonitorSettings(), schema, now=shop.now)


def test_what_we_measured_becomes_what_its_monitors_would_have_written(shop: Measured) -> None:
    shop.collect()
    shop.run(
        "create table theirs as from elementary.data_monitoring_metrics",
        "truncate elementary.data_monitoring_metrics",
    )
    written = handed(shop)

    with shop.warehouse.connect() as connection:
        differing = connection.rows(
            "select t.metric_type, t.column_name, t.metric_value, o.metric_value from theirs t"
            " left join elementary.data_monitoring_metrics o on o.metric_type = t.metric_type"
            " and o.column_name is not distinct from t.column_name and o.bucket_start = t.bucket_start"
            " and o.bucket_end = t.bucket_end and o.bucket_duration_hours = t.bucket_duration_hours"
            " where t.metric_type not in ('freshness', 'standard_deviation')"
            " and (o.metric_value is null or abs(o.metric_value - t.metric_value) > 1e-9)"
        )
        properties = connection.rows(
            "select distinct metric_properties from elementary.data_monitoring_metrics"
        )
    assert differing == []
    assert written.kept == 0
    assert json.loads(properties[0][0])["time_bucket"] == {"period": "day", "count": 1}


@pytest.mark.long
def test_rows_of_its_own_stay_the_only_ones_and_ours_are_replaced(shop: Measured) -> None:
    shop.collect()
    first, second = handed(shop), handed(shop)

    assert first == second
    assert first.kept == 9 * 7  # all but the age and the spread, which we do not write
    with shop.warehouse.connect() as connection:
        twice = connection.rows(
            "select 1 from elementary.data_monitoring_metrics group by column_name, metric_type, bucket_start"
            " having count(*) > 1"
        )
    assert twice == []


def test_its_table_is_made_where_it_is_missing_and_left_alone_where_it_is_another(shop: Measured) -> None:
    shop.collect()
    assert handed(shop, "edr").rows > 50
    Buckets(shop.store).forget(ORDERS)
    assert taken(shop, "edr").buckets == 10  # and can be read again

    shop.run("create schema other", "create table other.data_monitoring_metrics as select 'x' as id")
    shop.collect()
    with pytest.raises(WarehouseError, match=r"other.data_monitoring_metrics cannot be written"):
        handed(shop, "other")
