"""One run over several sources: what fails is reported, the rest lands."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aidbt.core.errors import SettingsError, SourceUnavailable, UnknownName, WarehouseLocked
from aidbt.core.resilience import Level, ManualClock
from aidbt.store.processes import process_mark
from ingestion.records import LoadReport, TableLoad
from ingestion.settings import connector_from
from tests.ingestion.helpers import Watched


def files(tmp_path, name, **tables):
    """A source of CSV files, one per table."""
    folder = tmp_path / name
    folder.mkdir(exist_ok=True)
    for table, text in tables.items():
        (folder / f"{table}.csv").write_text(text)
    return connector_from(f"{name}/*.csv", name, root=tmp_path)


def test_a_report_says_what_landed_and_what_did_not(tmp_path, bronze):
    shop = files(tmp_path, "shop", orders="id\n1\n2\n", broken="")
    gone = connector_from("gone.csv", "gone", root=tmp_path)
    told = []

    report = bronze.land(shop, gone, clock=ManualClock(), on_table=told.append)

    assert [(load.source, load.table, load.status) for load in report.tables] == [
        ("shop", "broken", "failed"),
        ("shop", "orders", "landed"),
    ]
    assert [(failure.source, failure.error) for failure in report.failures] == [
        ("gone", "there is nothing at gone.csv")
    ]
    assert (len(report.landed), len(report.failed), report.is_complete) == (1, 1, False)
    assert report.reconciles and report.level is Level.FULL
    assert sorted(load.table for load in told) == ["broken", "orders"]
    (orders,) = report.landed
    assert (orders.bronze_schema, orders.bronze_table, orders.rows_landed) == ("bronze_shop", "orders", 2)
    assert orders.size_bytes > 0 and orders.started_at <= orders.finished_at


def test_many_tables_land_at_once(tmp_path, bronze):
    tables = {f"t{number}": "id\n" + "x\n" * number for number in range(20)}

    report = bronze.land(files(tmp_path, "shop", **tables), parallel=8)

    assert {load.table: load.rows_landed for load in report.landed} == {f"t{n}": n for n in range(20)}
    assert bronze.value("select count(*) from bronze_shop._aidbt_loads") == 20


def test_tables_that_were_asked_for_have_to_exist(tmp_path, bronze):
    shop, crm = files(tmp_path, "shop", orders="id\n1\n"), files(tmp_path, "crm", people="id\n1\n")

    report = bronze.land(shop, crm, tables=["people"])
    assert [load.bronze_schema for load in report.tables] == ["bronze_crm"]
    with pytest.raises(UnknownName) as caught:
        bronze.land(shop, crm, tables=["people", "order"])
    assert caught.value.hint == "did you mean 'orders'?"


def test_two_sources_do_not_land_in_one_table(tmp_path, bronze):
    shop, crm = files(tmp_path, "shop", t="id\n1\n"), files(tmp_path, "crm", T="id\n1\n")
    same = {"bronze_schema": "raw"}
    shop.settings = shop.settings.model_copy(update=same)
    crm.settings = crm.settings.model_copy(update=same)

    with pytest.raises(SettingsError, match="would both land in raw"):
        bronze.land(shop, crm)


def test_a_warehouse_that_another_process_holds_is_an_error_and_not_a_report(tmp_path, bronze):
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", hold, str(bronze.warehouse.path)]
    clock = ManualClock()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "1\n"
        with pytest.raises(WarehouseLocked):
            bronze.land(files(tmp_path, "shop", t="id\n1\n"), clock=clock)
        holder.kill()
    assert len(clock.slept) == 4


def test_times_come_from_the_clock_that_is_handed_in(tmp_path, bronze):
    moment = datetime(2026, 1, 1, tzinfo=UTC)

    report = bronze.land(files(tmp_path, "shop", t="id\n1\n"), now=lambda: moment)

    assert report.landed[0].batch_id == "20260101T000000.000000Z-0001"
    assert report.started_at == report.finished_at == moment
    assert bronze.value("select max(_aidbt_loaded_at) from bronze_shop.t") == moment


def test_a_fault_in_the_caller_stops_the_run_and_keeps_what_is_committed(tmp_path, bronze):
    shop = files(tmp_path, "shop", **{f"t{number}": "id\n" + "x\n" * 100 for number in range(6)})

    def interrupt(load):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bronze.land(shop, parallel=1, on_table=interrupt)

    loads = dict(bronze.rows("select table_name, rows_landed from bronze_shop._aidbt_loads"))
    assert 1 <= len(loads) < 6 and set(loads.values()) == {100}
    tables = bronze.rows("select table_name from duckdb_tables() where table_name like 't%'")
    assert {name for (name,) in tables} == set(loads)


def test_rows_that_are_not_accounted_for_do_not_reconcile():
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    load = TableLoad("shop", "t", "bronze", "t", "landed", moment, moment, rows_read=3, rows_landed=2)

    assert not load.reconciles
    assert replace(load, rows_rejected=1).reconciles
    assert not replace(load, status="failed").reconciles
    assert not LoadReport((load,), (), moment, moment).reconciles


def test_freshness_can_be_asked_in_any_time_zone(tmp_path, bronze):
    bronze.land(files(tmp_path, "shop", t="id\n1\n"))

    for zone in ("UTC", "America/Los_Angeles", "Asia/Tokyo"):
        with bronze.warehouse.connect() as connection:
            connection.rows(f"set timezone = '{zone}'")
            ((age,),) = connection.rows("select now() - max(_aidbt_loaded_at) from bronze_shop.t")
        assert timedelta(0) <= age < timedelta(minutes=10)


def test_a_source_that_is_down_is_not_asked_for_every_table(tmp_path, bronze):
    asked = []

    def down():
        asked.append(1)
        raise SourceUnavailable("gone")

    tables = {f"t{number}": "id\n1\n" for number in range(30)}
    report = bronze.land(Watched(files(tmp_path, "shop", **tables), down), parallel=1, clock=ManualClock())

    assert len(report.failed) == 30
    assert len(asked) < 30
    assert any("failed too often lately" in load.error for load in report.failed)


def test_what_a_run_that_was_killed_left_behind_goes_at_the_next(tmp_path, bronze):
    code = "from aidbt.store.processes import process_mark; print(process_mark())"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    scratch = tmp_path / "scratch"
    for name, mark in (
        ("aidbt-load-dead", ended),
        ("aidbt-load-alive", process_mark() or ""),
        ("other", ended),
    ):
        (scratch / name).mkdir(parents=True)
        (scratch / name / "process").write_text(mark)

    bronze.land(files(tmp_path, "shop", orders="id\n1\n"), scratch=scratch)

    left = sorted(folder.name for folder in scratch.iterdir())
    assert left == ["aidbt-load-alive", "other"] or process_mark() is None
