"""The same collection on PostgreSQL and on Spark as on DuckDB: the same facts of the same rows."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aidbt.core.config import MonitorSettings, Settings
from aidbt.monitors.collection.collect import collect
from aidbt.store import open_store
from aidbt.store.buckets import Buckets, Series
from tests.aidbt.monitors.measured_shop import column_test, combination_test, manifest_of, model
from tests.aidbt.warehouse.conftest import Target, open_target, postgres, postgres_target, spark_target
from tests.kit import PostgresServer

__all__ = ["postgres", "postgres_target", "spark_target"]

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
# Hours around the change of the clocks in Berlin, on 29 March 2026.
ROWS = [
    (
        n,
        f"2026-03-{27 + (22 + n) // 24:02} {(22 + n) % 24:02}:30:00",
        ["open", "paid"][n % 2],
        n * 1.5,
        n % 3 == 0,
    )
    for n in range(72)
]
ODD = [(900, "2027-01-01 00:00:00", "paid", 1.0, True), (901, "2026-03-31 01:00:00", "paid", 1.0, True)]
ODD += [(902, "1970-01-01 00:00:00", "paid", 1.0, True)]


def literals(timestamp: str) -> str:
    """The rows as SQL, the event time in the words of a dialect."""
    return ", ".join(
        f"({n}, {timestamp} '{at}', '{status}', {'null' if n % 10 == 5 else amount}, {str(gift).lower()})"
        for n, at, status, amount, gift in [*ROWS, *ODD]
    )


def measured(warehouse: Any, folder: Path, timezone: str) -> Series:
    store = open_store(folder / "state.db")
    nodes = [
        model("orders", schema="analytics", config={"event_time": "ordered_at"}),
        column_test("unique", "orders", "id"),
        combination_test("orders", "id", "status"),
    ]
    manifest = manifest_of(folder / "manifest.json", nodes)
    settings = Settings(monitors=MonitorSettings(timezone=timezone))
    first, again = (collect(manifest, warehouse, store, settings, now=lambda: NOW) for _ in range(2))
    odd = ["monitor.future_rows", "monitor.untimed_rows"]
    assert [finding.code for finding in first.findings] == odd
    assert (again.findings, [finding.code for finding in again.standing]) == ((), odd)
    series = Buckets(store).series("model.shop.orders", "day")
    store.close()
    assert series is not None
    return series


def holds(series: Series) -> None:
    """The facts that the rows have, counted by hand."""
    assert [start.day for start in series.starts] == [27, 28, 29, 30]
    assert series.fact("rows").tolist() == [1, 24, 23, 24]
    assert series.fact("keys", "id").tolist() == [1, 24, 23, 24]
    assert series.fact("distinct", "status").tolist() == [1, 2, 2, 2]
    assert series.fact("event_age_s").tolist() == [1800] * 4
    second = range(1, 25)
    filled = [n * 1.5 for n in second if n % 10 != 5]
    assert series.fact("nulls", "amount")[1] == 24 - len(filled)
    assert series.fact("sum", "amount")[1] == pytest.approx(sum(filled))
    assert series.fact("squares", "amount")[1] == pytest.approx(sum(x * x for x in filled))
    assert series.fact("trues", "is_gift")[1] == sum(n % 3 == 0 for n in second)
    assert series.fact("lengths", "status")[1] == 24 * 4
    assert series.shares[1] == {"status": {"open": 12, "paid": 12}}
    assert 12 < series.fact("p50", "amount")[1] < 24
    assert series.fact("future_rows")[-1] == 1
    assert series.fact("untimed_rows")[-1] == 1
    assert series.fact("keyed", "id, status").tolist() == [1, 24, 23, 24]
    assert series.fact("keys", "id, status").tolist() == [1, 24, 23, 24]


@pytest.mark.long
@pytest.mark.parametrize("kind", ["timestamp", "timestamptz"])
def test_postgres(
    postgres: PostgresServer, postgres_target: Callable[..., Target], tmp_path: Path, kind: str
) -> None:
    postgres.create_database(f"measured_{kind}")
    postgres.psql(
        "create schema analytics; set timezone = 'UTC'; create table analytics.orders"
        f" (id int, ordered_at {kind}, status text, amount numeric(12, 2), is_gift boolean);"
        f" insert into analytics.orders values {literals('timestamp')}",
        f"measured_{kind}",
    )
    holds(measured(open_target(postgres_target(f"measured_{kind}")), tmp_path, "Europe/Berlin"))


@pytest.mark.long
def test_a_view_that_fails_on_postgres_leaves_the_connection_to_the_others(
    postgres: PostgresServer, postgres_target: Callable[..., Target], tmp_path: Path
) -> None:
    postgres.create_database("closed")
    postgres.psql(
        "create schema analytics; create table analytics.orders as select 1 as id, now() as ordered_at;"
        " create view analytics.broken as select 1 / (id - 1) as x, ordered_at from analytics.orders",
        "closed",
    )
    nodes = [
        model("broken", schema="analytics", config={"event_time": "ordered_at", "materialized": "view"}),
        model("orders", schema="analytics", config={"event_time": "ordered_at"}),
    ]
    store = open_store(tmp_path / "state.db")
    result = collect(
        manifest_of(tmp_path / "manifest.json", nodes),
        open_target(postgres_target("closed")),
        store,
        Settings(),
        select=["*"],
        now=lambda: datetime.now(UTC) + timedelta(days=1),
    )
    store.close()

    assert "monitor.not_measured" in [finding.code for finding in result.findings]
    assert [each.unique_id for each in result.measured] == ["model.shop.orders"]


@pytest.mark.long
def test_a_table_of_400_columns_is_measured_on_postgres(
    postgres: PostgresServer, postgres_target: Callable[..., Target], tmp_path: Path
) -> None:
    columns = ", ".join(f"i + {n} as c{n}" for n in range(400))
    postgres.create_database("wide")
    postgres.psql(
        "create schema analytics; create table analytics.wide as"
        f" select timestamp '2026-03-30' as at, {columns} from generate_series(1, 20) s(i)",
        "wide",
    )
    store = open_store(tmp_path / "state.db")
    manifest = manifest_of(
        tmp_path / "manifest.json", [model("wide", schema="analytics", config={"event_time": "at"})]
    )
    result = collect(manifest, open_target(postgres_target("wide")), store, Settings(), now=lambda: NOW)
    series = Buckets(store).series("model.shop.wide", "day")
    store.close()

    assert result.findings == ()
    assert series is not None
    assert [series.fact("sum", f"c{n}")[0] for n in (0, 399)] == [210, 210 + 20 * 399]


@pytest.mark.long
def test_a_whole_table_that_did_not_change_is_not_read_again_on_postgres(
    postgres: PostgresServer, postgres_target: Callable[..., Target], tmp_path: Path
) -> None:
    postgres.create_database("still")
    postgres.psql(
        "create schema analytics; create table analytics.countries as select 1 as id, 'de' as code", "still"
    )
    manifest = manifest_of(tmp_path / "manifest.json", [model("countries", schema="analytics")])
    store = open_store(tmp_path / "state.db")
    warehouse = open_target(postgres_target("still"))

    def rows_at(hour: int) -> float:
        """Of the bucket of that hour; whoever reads the table would wait for the lock, and be refused."""
        at = datetime(2026, 3, 31, hour, tzinfo=UTC)
        result = collect(manifest, warehouse, store, Settings(), now=lambda: at)
        assert [finding.code for finding in result.findings] in (["monitor.no_event_time"], [])
        series = Buckets(store).series("model.shop.countries", "run")
        assert series is not None and series.starts[-1].hour == hour
        return float(series.fact("rows")[-1])

    assert rows_at(1) == 1
    before = scans(postgres)
    assert rows_at(2) == 1
    assert scans(postgres) == before
    postgres.psql("insert into analytics.countries values (2, 'fr')", "still")
    assert rows_at(3) == 2
    assert scans(postgres) > before
    store.close()


def scans(postgres: PostgresServer) -> int:
    """How many times the table was read from its first to its last row."""
    return int(postgres.psql("select seq_scan from pg_stat_user_tables where relname = 'countries'", "still"))


@pytest.fixture(scope="module")
def spark(spark_target: Target) -> Iterator[Any]:
    warehouse = open_target(spark_target)
    said = io.StringIO()
    with (
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
        warehouse.connect() as connection,
    ):
        connection.rows("create schema if not exists analytics")
        connection.rows(
            "create table analytics.orders (id int, ordered_at timestamp, status string,"
            " amount decimal(12, 2), is_gift boolean) using parquet"
        )
        connection.rows(f"insert into analytics.orders values {literals('timestamp')}")
        yield warehouse


@pytest.mark.long
def test_spark(spark: Any, tmp_path: Path) -> None:
    holds(measured(spark, tmp_path, "Europe/Berlin"))


@pytest.mark.long
def test_a_table_that_was_emptied_on_postgres_keeps_its_history_and_says_so_once(
    postgres: PostgresServer, postgres_target: Callable[..., Target], tmp_path: Path
) -> None:
    postgres.create_database("emptied")
    postgres.psql(
        "create schema analytics; create table analytics.orders as select 'NaN'::float8 as amount,"
        " timestamp '2026-03-01' + i * interval '1 day' as ordered_at from generate_series(0, 29) s(i)",
        "emptied",
    )
    manifest = manifest_of(
        tmp_path / "manifest.json", [model("orders", schema="analytics", config={"event_time": "ordered_at"})]
    )
    store = open_store(tmp_path / "state.db")

    def collected() -> list[str]:
        warehouse = open_target(postgres_target("emptied"))
        result = collect(manifest, warehouse, store, Settings(), now=lambda: NOW)
        return [finding.code for finding in result.findings]

    assert collected() == []
    postgres.psql("truncate analytics.orders", "emptied")
    assert collected() == ["monitor.rows_lost", "monitor.no_rows"]
    assert collected() == []
    series = Buckets(store).series("model.shop.orders", "day")
    store.close()

    assert series is not None
    assert series.fact("rows").tolist() == [1.0] * 27 + [0.0] * 3
    assert series.fact("not_finite", "amount")[0] == 1


@pytest.mark.long
def test_buckets_that_go_by_another_column_by_now_are_measured_anew(
    postgres: PostgresServer, postgres_target: Callable[..., Target], tmp_path: Path
) -> None:
    postgres.create_database("renewed")
    postgres.psql(
        "create schema analytics; create table analytics.orders as"
        " select timestamp '2026-03-01 23:30' + i * interval '1 day' as ordered_at,"
        " timestamp '2026-03-20 12:00' as loaded_at from generate_series(0, 29) s(i)",
        "renewed",
    )
    store = open_store(tmp_path / "state.db")
    warehouse = open_target(postgres_target("renewed"))

    def rows(event_time: str, timezone: str = "UTC") -> dict[int, float]:
        node = model("orders", schema="analytics", config={"event_time": event_time})
        settings = Settings(monitors=MonitorSettings(timezone=timezone))
        manifest = manifest_of(tmp_path / "manifest.json", [node])
        assert collect(manifest, warehouse, store, settings, now=lambda: NOW).findings == ()
        series = Buckets(store).series("model.shop.orders", "day")
        assert series is not None
        return {s.day: float(n) for s, n in zip(series.starts, series.fact("rows"), strict=True) if n}

    assert rows("loaded_at") == {20: 30}
    assert rows("ordered_at") == dict.fromkeys(range(1, 31), 1)
    assert rows("ordered_at", "Europe/Berlin") == dict.fromkeys(range(2, 31), 1)
    store.close()
