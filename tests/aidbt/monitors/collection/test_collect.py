"""Collecting on a real DuckDB: what is measured, what is measured again, what is only said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aidbt.core.config import BudgetSettings, Settings
from aidbt.core.errors import (
    ArtifactError,
    BudgetExceeded,
    LeaseTaken,
    SettingsError,
    UnknownName,
    UsageError,
)
from aidbt.monitors.collection.collect import LEASE, collect
from aidbt.monitors.collection.measuring import WrittenBy
from aidbt.monitors.collection.missing import lost_buckets
from aidbt.monitors.collection.places import require_same_places
from aidbt.monitors.histories import history_of
from aidbt.store.buckets import Buckets
from aidbt.store.leases import Leases
from tests.aidbt.monitors.measured_shop import (
    ORDERS,
    Measured,
    combination_test,
    manifest_of,
    measured_shop,
    model,
)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Measured]:
    with measured_shop(tmp_path) as made:
        yield made


def codes(result: object) -> list[str]:
    return [finding.code for finding in result.findings]  # type: ignore[attr-defined]


def test_every_day_that_is_over_is_a_bucket_and_an_empty_one_has_no_rows(shop: Measured) -> None:
    result = shop.collect()

    series = shop.series()
    assert [start.day for start in series.starts] == list(range(1, 11))
    assert series.fact("rows").tolist() == [100, 100, 0, *[100] * 7]
    assert result.buckets == 10


def test_facts_are_those_that_plain_sql_gives(shop: Measured) -> None:
    shop.collect()

    series = shop.series()
    day = 4
    assert series.fact("nulls", "amount")[day] == 10
    filled = [i * 1.25 for i in range(100) if i % 10]
    assert series.fact("sum", "amount")[day] == sum(filled)
    assert series.fact("squares", "amount")[day] == pytest.approx(sum(x * x for x in filled))
    assert series.fact("zeros", "amount")[day] == 0
    assert series.fact("trues", "is_gift")[day] == 50
    assert series.fact("keys", "id")[day] == 100
    assert series.fact("lengths", "status")[day] == 25 * 4 + 25 * 10 + 50 * 4
    assert series.fact("low", "amount")[day] == 1.25
    assert 50 < series.fact("p50", "amount")[day] < 75
    # From 09:39 on, until midnight.
    assert series.fact("event_age_s")[day] == 14 * 3600 + 21 * 60


def test_the_means_of_what_only_refers_and_the_values_of_people_are_not_taken(shop: Measured) -> None:
    shop.collect()

    series = shop.series()
    assert ("sum", "id") not in series.keys
    assert {fact for fact, column in series.keys if column == "email"} == {
        "nulls", "distinct", "lengths", "empties",
    }  # fmt: skip
    assert all("email" not in shares for shares in series.shares)


def test_values_of_codes_are_counted_from_the_first_collection_on(shop: Measured) -> None:
    shop.collect()
    shop.run(
        "insert into orders select 500000 + i, timestamp '2026-03-11 10:00:00', 'lost', 1, true, 'q', now()"
        " from range(7) t(i)"
    )
    shop.later(days=1).collect()

    shares = shop.series().shares
    assert shares[4] == {"status": {"open": 25, "in transit": 25, "paid": 50}}
    assert shares[2] == {}
    assert shares[-1] == {"status": {"paid": 3, "lost": 7}}


def test_free_text_is_no_code_even_where_it_repeats(shop: Measured) -> None:
    shop.run("update orders set status = 'Please call Mr Smith before noon, thanks'")
    shop.collect()

    assert not any(shop.series().shares)


def test_columns_and_types_are_kept_with_each_collection(shop: Measured) -> None:
    shop.collect()
    shop.run("alter table orders alter column id type varchar", "alter table orders drop column is_gift")
    shop.later(days=1).collect()

    (_, before), (_, after) = Buckets(shop.store).columns_seen(ORDERS)
    assert (before["id"], after["id"]) == ("BIGINT", "VARCHAR")
    assert "is_gift" in before and "is_gift" not in after


def test_a_second_collection_measures_what_is_new_and_the_last_days_again(shop: Measured) -> None:
    shop.collect()
    shop.run("insert into orders select 7, timestamp '2026-03-09 23:00:00', 'paid', 1, true, 'q', now()")
    again = shop.later(days=1).collect(settings={"late_days": 3})

    assert again.buckets == 4  # the 11th, which is over by now, and three days before it
    rows = dict(zip([start.day for start in shop.series().starts], shop.series().fact("rows"), strict=True))
    assert (rows[9], rows[10], rows[11]) == (101, 100, 3)


def test_rows_that_come_very_late_open_their_bucket_again(shop: Measured) -> None:
    shop.collect()
    shop.run("insert into orders select 7, timestamp '2026-03-02 23:00:00', 'paid', 1, true, 'q', now()")
    again = shop.later(days=1).collect(settings={"late_days": 1})

    assert again.measured[0].reopened == 1
    assert shop.series().fact("rows")[1] == 101


def test_a_table_that_was_emptied_keeps_its_history_and_says_so(shop: Measured) -> None:
    shop.collect()
    shop.run("truncate orders")
    again = shop.later(days=1).collect(settings={"late_days": 1})

    assert codes(again) == ["monitor.rows_lost", "monitor.no_rows"]
    assert shop.series().fact("rows").tolist() == [100, 100, 0, *[100] * 6, 0, 0]


@pytest.mark.parametrize("counts_are_cheap", [True, False])
def test_rows_that_are_gone_stay_so_until_they_are_back_or_a_person_says_so(
    shop: Measured, monkeypatch: pytest.MonkeyPatch, counts_are_cheap: bool
) -> None:
    if not counts_are_cheap:  # as on all other warehouses
        monkeypatch.setattr("aidbt.monitors.collection.asking._COUNTS_ARE_CHEAP", ())
    shop.collect()
    shop.run("create table before as from orders", "truncate orders")
    shop.later(days=1).collect(settings={"late_days": 1})
    lost = lost_buckets(shop.store)[ORDERS]
    assert len(lost) == 8
    for _ in range(4):  # it goes on with new days
        shop.run(f"insert into orders by name select timestamp '{shop.now:%Y-%m-%d}' as ordered_at")
        shop.later(days=1).collect(settings={"late_days": 1})
        assert lost_buckets(shop.store)[ORDERS] == lost

    shop.run("insert into orders from before")
    shop.collect()
    assert lost_buckets(shop.store) == {}


def test_a_table_that_keeps_some_days_only_loses_no_history_and_nobody_is_told(shop: Measured) -> None:
    shop.collect()
    shop.run("delete from orders where ordered_at < timestamp '2026-03-05'")
    again = shop.later(days=1).collect(settings={"late_days": 1})

    assert "monitor.rows_lost" not in codes(again)
    assert shop.series().fact("rows").tolist()[:5] == [100, 100, 0, 100, 100]


def test_days_can_be_measured_again_from_a_day_on(shop: Measured) -> None:
    shop.collect()
    shop.run("delete from orders where ordered_at < timestamp '2026-03-05' and id % 2 = 0")
    shop.collect(since=datetime(2026, 3, 4))

    assert shop.series().fact("rows").tolist() == [100, 100, 0, 50, *[100] * 6]


def test_rows_of_the_future_are_told_and_in_no_bucket(shop: Measured) -> None:
    result = shop.collect()

    assert codes(result) == ["monitor.future_rows"]
    assert result.findings[0].message.startswith("1 row has a time in ordered_at")
    assert shop.series().starts[-1] == datetime(2026, 3, 10)
    assert shop.series().fact("future_rows")[-1] == 1


def test_a_clock_that_is_a_little_fast_is_no_future(shop: Measured) -> None:
    shop.run("delete from orders where ordered_at > timestamp '2026-06-01'")
    shop.run("insert into orders select 7, timestamp '2026-03-11 09:33:00', 'paid', 1, true, 'q', now()")

    assert codes(shop.collect()) == []


def test_days_begin_in_the_time_zone_and_are_as_long_as_they_are_there(shop: Measured) -> None:
    # 29 March 2026 has 23 hours in Berlin: from 23:00 UTC of the 28th to 22:00 UTC of the 29th.
    shop.run(
        "create or replace table orders as select i as id,"
        " timestamp '2026-03-27 22:30:00' + to_hours(i::int) as ordered_at from range(72) t(i)"
    )
    shop.now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    shop.collect(settings={"timezone": "Europe/Berlin"})

    series = shop.series()
    rows = dict(zip([start.day for start in series.starts], series.fact("rows"), strict=True))
    assert rows == {27: 1, 28: 24, 29: 23, 30: 24}
    assert series.fact("event_age_s").tolist() == [1800] * 4


def test_instants_and_times_in_utc_without_an_offset_are_one(shop: Measured) -> None:
    def days(event_time: str) -> list[float]:
        Buckets(shop.store).forget(ORDERS)
        shop.run(
            "create or replace table orders as select i as id,"
            f" {event_time} '2026-03-08 22:30:00' + to_hours(i::int) as ordered_at from range(30) t(i)"
        )
        shop.collect(settings={"timezone": "Asia/Tokyo"})
        return shop.series().fact("rows").tolist()

    assert days("timestamp") == days("timestamptz") == [17, 13]


def test_hours_are_in_utc_and_a_date_has_none(shop: Measured) -> None:
    shop.run("create or replace table days as select ordered_at::date as day, amount from orders")
    shop.nodes.append(model("days", config={"event_time": "day"}))
    shop.collect(settings={"grain": "hour", "timezone": "Europe/Berlin"})

    hours = shop.series(grain="hour")
    assert hours.starts[0] == datetime(2026, 3, 1, 8)
    assert hours.starts[-1] == datetime(2026, 3, 11, 8)
    assert hours.fact("rows")[:3].tolist() == [60, 40, 0]
    assert shop.series("model.shop.days").fact("rows")[0] == 100


def test_a_model_without_an_event_time_is_measured_as_a_whole_and_said(shop: Measured) -> None:
    shop.nodes = [model("orders", config={"materialized": "incremental"})]
    shop.run("alter table orders drop column _loaded_at")
    result = shop.collect()
    shop.later(hours=6).collect()

    assert codes(result) == ["monitor.no_event_time"]
    assert "ordered_at" in result.findings[0].message
    runs = shop.series(grain="run")
    assert runs.starts == (datetime(2026, 3, 11, 9, 30), datetime(2026, 3, 11, 15, 30))
    assert runs.fact("rows").tolist() == [904, 904]
    assert runs.shares[0]["status"]["open"] == 225


def test_the_loaders_column_serves_where_nothing_else_says_when(shop: Measured) -> None:
    shop.nodes = [model("orders")]
    shop.now = datetime.now(UTC) + timedelta(days=1)
    result = shop.collect()

    assert result.measured[0].why == "the loader's column"
    assert shop.series().fact("rows").tolist() == [904]


@pytest.mark.parametrize(
    ("column", "code"),
    [("orderd_at", "monitor.no_such_event_time"), ("status", "monitor.event_time_is_no_time")],
)
def test_an_event_time_that_is_none_is_said_and_the_model_still_measured(
    shop: Measured, column: str, code: str
) -> None:
    shop.nodes = [model("orders", config={"event_time": column})]
    result = shop.collect()

    assert codes(result) == [code]
    assert result.measured[0].grain == "run"


def test_settings_of_a_model_that_is_no_more_are_told_with_the_nearest(shop: Measured) -> None:
    result = shop.collect(settings={"event_time": {"ordrs": "ordered_at"}})

    assert "did you mean orders?" in result.findings[0].message


def test_a_table_that_is_gone_is_a_finding_and_the_others_go_on(shop: Measured) -> None:
    shop.nodes.append(model("payments", config={"event_time": "ordered_at"}))
    shop.run("create table payments as from orders")
    shop.collect()
    shop.run("drop table payments")
    result = shop.later(days=1).collect()

    assert codes(result) == ["monitor.table_gone"]
    assert [each.unique_id for each in result.measured] == [ORDERS]


def test_tables_that_nobody_has_built_yet_are_one_finding_and_no_error(shop: Measured) -> None:
    shop.nodes += [model("payments"), model("refunds")]
    result = shop.collect()

    (finding,) = (found for found in result.findings if found.code == "monitor.not_built")
    assert finding.severity == "info"
    assert finding.message.startswith(
        "2 models have no table here yet, or this user may not see them: payments, refunds"
    )


def test_a_view_that_fails_is_a_finding_and_the_others_go_on(shop: Measured) -> None:
    shop.run(
        "create table raw_paid as select 'soon' as amount, timestamp '2026-03-01' as paid_at",
        "create view bad as select amount::int as amount, paid_at from raw_paid",
    )
    shop.nodes.insert(0, model("bad", config={"materialized": "view", "event_time": "paid_at"}))
    result = shop.collect(select=["bad", "orders"])

    assert "monitor.not_measured" in codes(result)
    assert [each.unique_id for each in result.measured] == [ORDERS]


def test_views_are_measured_only_where_they_are_named(shop: Measured) -> None:
    shop.run("create view paid as select * from orders where status = 'paid'")
    shop.nodes.append(model("paid", config={"materialized": "view", "event_time": "ordered_at"}))

    assert [each.unique_id for each in shop.collect().measured] == [ORDERS]
    assert [each.unique_id for each in shop.collect(select=["paid"]).measured] == ["model.shop.paid"]


def test_sources_are_measured_by_the_time_that_they_name(shop: Measured) -> None:
    shop.sources = [
        {**model("orders", config={}), "unique_id": "source.shop.raw.orders", "resource_type": "source",
         "source_name": "raw", "identifier": "orders", "loaded_at_field": "ordered_at"},
    ]  # fmt: skip
    result = shop.collect(select=["source:raw"])

    assert [(each.unique_id, each.why) for each in result.measured] == [
        ("source.shop.raw.orders", "loaded_at_field")
    ]


def test_a_source_that_is_left_out_for_its_time_is_told_with_the_line_to_add(shop: Measured) -> None:
    shop.run(
        "create table payments as select timestamp '2026-03-05' as paid_at",
        "create table codes as select 1 as id",
    )
    shop.sources = [
        {**model(name, config={}), "unique_id": f"source.shop.raw.{name}", "resource_type": "source",
         "source_name": "raw", "identifier": name} for name in ("payments", "codes", "gone")
    ]  # fmt: skip
    shop.nodes.append(model("paid", reads=[source["unique_id"] for source in shop.sources]))

    [found] = [f for f in shop.collect().findings if f.code == "monitor.sources_without_time"]

    assert found.message == (
        "1 source is not measured, since nothing says which time its rows go by (raw.payments has paid_at);"
        " to measure one, set loaded_at_field in its YAML, or in aidbt.yml:"
        " monitors: {event_time: {raw.payments: paid_at}}"
    )
    line = {"event_time": {"raw.payments": "paid_at"}}
    assert "source.shop.raw.payments" in {each.unique_id for each in shop.collect(settings=line).measured}


def test_the_columns_that_are_measured_can_be_chosen(shop: Measured) -> None:
    shop.nodes[0]["columns"] = {"AMOUNT": {"name": "AMOUNT"}}
    shop.collect(settings={"columns": "described"})
    assert {column for _, column in shop.series().keys} == {"", "amount"}

    Buckets(shop.store).forget(ORDERS)
    shop.collect(settings={"columns": "none"})
    assert {column for _, column in shop.series().keys} == {""}


def test_numbers_that_are_not_finite_count_as_nulls_and_harm_nobody(shop: Measured) -> None:
    shop.run(
        "create or replace table orders as select timestamp '2026-03-05' as ordered_at, x::double as amount"
        " from (values (1.0), ('nan'::double), ('inf'::double), ('-inf'::double), (1e300), (3.0)) v(x)"
    )
    shop.collect()

    series = shop.series()
    assert series.fact("rows")[0] == 6
    assert series.fact("nulls", "amount")[0] == 4
    assert series.fact("sum", "amount")[0] == 4
    assert series.fact("squares", "amount")[0] == 10


def test_a_full_refresh_marks_what_is_new_only(shop: Measured) -> None:
    shop.collect()
    shop.later(days=1).collect(written_by=lambda node: WrittenBy("run-7", True))

    series = shop.series()
    assert series.refreshed.tolist() == [False] * 10 + [True]
    assert series.run_ids[-1] == "run-7"


def test_nothing_is_read_over_the_budget(shop: Measured) -> None:
    manifest = manifest_of(shop.folder / "manifest.json", shop.nodes)
    settings = Settings(budget=BudgetSettings(scan_bytes=0))

    with pytest.raises(BudgetExceeded, match="over the budget"):
        collect(manifest, shop.warehouse, shop.store, settings)
    assert Buckets(shop.store).nodes() == {}


def test_an_increment_is_planned_as_the_part_of_the_table_that_it_is(shop: Measured) -> None:
    first = shop.collect()
    again = shop.later(days=1).collect(settings={"late_days": 1})

    assert first.plan.scan_bytes > 5 * again.plan.scan_bytes > 0


def test_two_collections_at_once_are_one(shop: Measured) -> None:
    with Leases(shop.store).leased([LEASE], "somebody"), pytest.raises(LeaseTaken, match="somebody"):
        shop.collect()


def test_what_is_older_than_the_history_goes(shop: Measured) -> None:
    shop.collect()
    shop.later(days=40).collect(settings={"history_days": 14})

    assert shop.series().starts[0] >= datetime(2026, 4, 4)


def test_a_selector_that_matches_nothing_is_an_error_with_the_nearest_name(shop: Measured) -> None:
    with pytest.raises(UnknownName, match="did you mean 'orders'"):
        shop.collect(select=["order"])


def test_a_time_zone_that_is_none_is_refused(tmp_path: Path) -> None:
    from aidbt.core.config import load_settings

    (tmp_path / "aidbt.yml").write_text("monitors: {timezone: Europe/Brelin}\n")
    with pytest.raises(SettingsError, match="no time zone"):
        load_settings(tmp_path)


def test_code_columns_are_found_by_their_distinct_values(shop: Measured) -> None:
    shop.run("alter table orders add column quantity integer", "update orders set quantity = id % 3")
    shop.collect()

    assert set(shop.series().shares[4]) == {"status", "quantity"}


def test_lost_rows_are_told_once(shop: Measured) -> None:
    shop.collect()
    shop.run("truncate orders")
    settings = {"late_days": 1}

    assert "monitor.rows_lost" in codes(shop.later(days=1).collect(settings=settings))
    assert "monitor.rows_lost" not in codes(shop.later(days=1).collect(settings=settings))


def test_what_is_older_than_was_known_can_be_measured_later(shop: Measured) -> None:
    shop.collect(settings={"history_days": 14, "late_days": 0}, since=datetime(2026, 3, 8))
    assert shop.series().starts[0] == datetime(2026, 3, 8)
    shop.collect(since=datetime(2026, 1, 1))

    assert shop.series().starts[0] == datetime(2026, 3, 1)


def test_data_that_ended_is_measured_as_of_its_end(shop: Measured) -> None:
    shop.now = datetime(2035, 6, 1, 12, tzinfo=UTC)
    result = shop.collect()
    assert (
        "its newest is of 2027-01-01 (--until 2027-01-02 measures up to there)" in result.findings[0].message
    )

    again = shop.collect(until=datetime(2026, 3, 11))
    assert codes(again) == []
    assert shop.series().starts[-1] == datetime(2026, 3, 10)
    assert shop.series().fact("rows")[0] == 100


def test_what_stays_as_it_was_is_told_once_and_again_when_it_is_twice_as_much(shop: Measured) -> None:
    def of_next_year(number: int) -> None:
        shop.run(
            "insert into orders select i, timestamp '2027-01-01', 'paid', 1, true, 'q', now()"
            f" from range({number}) t(i)"
        )

    shop.collect()
    again = shop.later(days=1).collect()
    assert (codes(again), [finding.code for finding in again.standing]) == ([], ["monitor.future_rows"])

    of_next_year(1)
    assert codes(shop.later(days=1).collect()) == []
    of_next_year(1)
    assert codes(shop.later(days=1).collect()) == ["monitor.future_rows"]
    shop.run("delete from orders where ordered_at > timestamp '2026-06-01'")
    assert shop.later(days=1).collect().standing == ()
    of_next_year(1)
    assert codes(shop.later(days=1).collect()) == ["monitor.future_rows"]


def test_rows_without_a_time_are_counted_told_once_and_watched(shop: Measured) -> None:
    shop.collect()
    shop.run(
        "insert into orders select i, case when i % 2 = 0 then timestamp '1970-01-01' end, 'paid', 1, true,"
        " 'q', now() from range(6) t(i)"
    )
    result = shop.later(days=1).collect()

    assert codes(result) == ["monitor.untimed_rows"]
    assert result.findings[0].message.startswith("6 rows have no time in ordered_at (null, or a date that")
    assert shop.series().starts[0] == datetime(2026, 3, 1)
    assert shop.series().fact("untimed_rows")[-2:].tolist() == [0, 6]
    history = history_of([shop.series()], metrics=["untimed_rate"])
    assert history is not None
    assert history.values[0, -1] == 6 / 9  # three rows of the day have one


@pytest.mark.parametrize("time", ["timestamp '9999-12-31'", "'infinity'::timestamp", "null::timestamp"])
def test_a_table_whose_times_are_all_impossible_is_a_finding(shop: Measured, time: str) -> None:
    shop.run(f"create or replace table orders as select {time} as ordered_at, 1 as x")
    (finding,) = shop.collect().findings

    assert finding.code == ("monitor.untimed_rows" if "null" in time else "monitor.future_rows")
    assert Buckets(shop.store).nodes() == {}


def test_a_newest_day_that_was_measured_again_keeps_what_its_scan_counted(shop: Measured) -> None:
    shop.collect()
    shop.later(days=1).collect(settings={"late_days": 3})

    assert shop.series().fact("future_rows")[-2:].tolist() == [1, 1]


@pytest.mark.parametrize("way", ["test", "unique_key", "constraint"])
def test_keys_of_several_columns_are_counted_together(shop: Measured, way: str) -> None:
    shop.run(
        "create or replace table orders as select timestamp '2026-03-05' as ordered_at, i // 2 as id,"
        " case when i <> 9 then i % 2 end as line from range(10) t(i)"
        " union all select timestamp '2026-03-05', 1, 1"
    )
    shop.nodes = [model("orders", config={"event_time": "ordered_at"})]
    if way == "test":
        shop.nodes.append(combination_test("orders", "ID", "line"))
    elif way == "unique_key":
        shop.nodes[0]["config"]["unique_key"] = ["id", "line"]
    else:
        shop.nodes[0]["constraints"] = [{"type": "primary_key", "columns": ["id", "line"]}]
    shop.collect()

    series = shop.series()
    assert series.fact("keyed", "id, line")[0] == 10
    assert series.fact("keys", "id, line")[0] == 9
    history = history_of([series], metrics=["rows_per_key", "null_rate"])
    assert history is not None
    assert [monitor.column for monitor in history.monitors if monitor.metric == "rows_per_key"] == [
        "id, line"
    ]
    assert "id, line" not in {m.column for m in history.monitors if m.metric == "null_rate"}


def test_an_all_views_project_is_told_how_to_have_them_watched(shop: Measured) -> None:
    shop.run("create view paid as select * from orders")
    shop.nodes = [model("paid", config={"materialized": "view"})]
    (finding,) = shop.collect().findings

    assert finding.message.startswith(
        "1 view is not watched, since each scan would run its query anew: paid;"
    )
    assert codes(shop.collect(settings={"event_time": {"paid": "ordered_at"}})) == ["monitor.future_rows"]


def test_a_scan_that_takes_too_long_is_stopped_and_the_others_go_on(shop: Measured) -> None:
    shop.run(
        "create view slow as select a.i as x, timestamp '2026-03-05' as at"
        " from range(100000) a(i), range(100000) b(i) where hash(a.i, b.i) % 7 <> 0"
    )
    shop.nodes.insert(0, model("a_slow_one", alias="slow", config={"materialized": "view"}))
    result = shop.collect(settings={"statement_timeout_s": 0.5, "event_time": {"a_slow_one": "at"}})

    (finding,) = (found for found in result.findings if found.code == "monitor.not_measured")
    assert "did not end within 0.5 s, and was stopped; raise monitors.statement_timeout_s" in finding.message
    assert [each.unique_id for each in result.measured] == [ORDERS]


def test_what_was_measured_of_one_target_does_not_mix_with_another(shop: Measured) -> None:
    shop.nodes[0]["database"] = "shop"
    shop.collect()
    manifest = manifest_of(shop.folder / "prod.json", [{**shop.nodes[0], "schema": "prod"}])

    with pytest.raises(
        ArtifactError, match=r"tables in shop\.main, and those of this target stand in shop\.prod"
    ):
        require_same_places(manifest, shop.store)
    moved = manifest_of(
        shop.folder / "moved.json", [shop.nodes[0], {**model("new"), "schema": "marts", "database": "shop"}]
    )
    require_same_places(moved, shop.store)


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        (datetime(2030, 1, 1), None, "since 2030-01-01: that is still to come"),
        (datetime(2026, 3, 5), datetime(2026, 3, 5), r"that is not before 2026-03-05 \(--until\)"),
        (None, datetime(2030, 1, 1), "until 2030-01-01: that is still to come"),
    ],
)
def test_a_time_that_cannot_be_measured_is_refused(
    shop: Measured, since: datetime | None, until: datetime | None, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        shop.collect(since=since, until=until)
    assert Buckets(shop.store).nodes() == {}


@pytest.mark.parametrize("kind", ["timestamp_ns", "timestamp_ms", "timestamp_s", "timestamptz", "date"])
def test_times_of_every_kind_are_told_apart_and_those_that_stand_for_none_counted(
    shop: Measured, kind: str
) -> None:
    shop.run(
        f"create or replace table orders as select ordered_at::{kind} as ordered_at from orders"
        f" union all select timestamp '1970-01-01'::{kind} union all select null"
    )
    result = shop.collect()

    assert codes(result) == ["monitor.future_rows", "monitor.untimed_rows"]
    assert shop.series().fact("rows").tolist() == [100, 100, 0, *[100] * 7]
    assert shop.series().fact("untimed_rows")[-1] == 2
