"""Streams: every change lands once, whoever breaks when, and the source is told only of what has landed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aidbt.core.config import IngestSettings
from aidbt.core.errors import SourceError, SourceUnavailable, StoreUnavailable, WarehouseLocked, WriteError
from aidbt.core.findings import Finding, Severity
from aidbt.core.resilience import Level
from aidbt.store import open_store
from aidbt.store.leases import Leases
from aidbt.store.metrics import BACKLOG_BYTES, COMMIT_S, EVENTS, Metrics
from aidbt.store.turns import asked_for
from aidbt.warehouse.duckdb import DuckDBWarehouse
from ingestion.bronze.base import DiskFull
from ingestion.bronze.duckdb_changes import DuckDBChangeSink
from ingestion.changes import MicroBatch
from ingestion.spool import Spool
from ingestion.stream import run_streams
from tests.ingestion.transactions import Log, LogConnector, LogSource


class Runs:
    """Streams logs into a warehouse, as often as wanted."""

    def __init__(self, folder):
        self.folder = folder
        self.warehouse = DuckDBWarehouse(folder / "warehouse.duckdb")
        self.store = open_store(folder / "state.db")
        self.settings = IngestSettings(batch_events=10, lease_seconds=1)

    def run(self, *logs, until_current=True, **options):
        connectors = [log if isinstance(log, LogConnector) else LogConnector(log) for log in logs]
        return run_streams(
            connectors,
            lambda: self.warehouse,
            self.store,
            self.folder / "state",
            settings=options.pop("settings", self.settings),
            until_current=until_current,
            **options,
        )

    @contextmanager
    def running(self, *logs, **options):
        """A stream that goes on while the block runs."""
        stop, seen = threading.Event(), []
        with ThreadPoolExecutor(1) as pool:
            run = pool.submit(
                self.run, *logs, until_current=False, stop=stop, on_progress=seen.append, **options
            )
            try:
                yield Watch(seen, run)
            finally:
                stop.set()

    def rows(self, sql):
        with self.warehouse.connect() as connection:
            return connection.rows(sql)

    def ids(self, table="bronze_shop.orders"):
        return [
            id_ for (id_,) in self.rows(f"select id from {table} order by _aidbt_position, _aidbt_sequence")
        ]

    @property
    def spool(self):
        return sorted((self.folder / "state" / "spool").glob("*/*"))


class Watch:
    def __init__(self, seen, run):
        self.seen = seen
        self._run = run

    @property
    def has_ended(self):
        return self._run.done()

    @property
    def report(self):
        return self._run.result(timeout=30)

    def wait(self, until, *, timeout_s=20):
        """Wait until a source's progress is as wanted."""
        ends_at = time.monotonic() + timeout_s
        while not (self.seen and until(self.seen[-1][0])):
            assert time.monotonic() < ends_at, self.seen[-1:]
            assert not self.has_ended, self.report
            time.sleep(0.01)


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path)


@contextmanager
def held(path):
    """Another process has the warehouse open while the block runs."""
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "1\n"
        try:
            yield
        finally:
            process.kill()


def test_a_stream_lands_everything_and_says_what_it_did(runs):
    log = Log()
    log.insert(25)
    log.write(("orders", "u", 1, "changed"), ("people", "c", 7, "new"))

    report = runs.run(log)

    (result,) = report.sources
    assert (result.status, result.error, report.events, report.level) == ("current", None, 27, Level.FULL)
    assert [(t.table, t.rows_landed, t.dead_letters) for t in result.at_end.tables] == [
        ("public.orders", 26, 0),
        ("public.people", 1, 0),
    ]
    assert runs.ids() == [*range(1, 26), 1] and log.acknowledged == 26
    assert result.at_end.commits == 3 and result.at_end.backlog_bytes == 0
    assert Leases(runs.store).held() == ()


def test_the_next_run_goes_on_where_the_warehouse_says(runs):
    log = Log()
    log.insert(3)
    runs.run(log)
    log.insert(3)

    report = runs.run(log)

    assert report.events == 3 and runs.ids() == [1, 2, 3, 4, 5, 6]
    assert runs.run(log).events == 0


def test_the_last_batch_is_acknowledged_though_nobody_writes_again(runs):
    log = Log()
    log.insert(35)

    with runs.running(log) as watch:
        watch.wait(lambda p: p.events == 35 and p.backlog_bytes == 0)
        assert log.acknowledged == 35


@pytest.mark.long
def test_a_source_that_goes_away_is_opened_anew(runs):
    log = Log()
    log.insert(50)
    breaks = [0, 1, 1, 0]

    def breaking(number):
        if breaks and number == breaks[0]:
            breaks.pop(0)
            raise SourceUnavailable("gone for a moment")

    log.on_batch = breaking
    report = runs.run(log)

    (result,) = report.sources
    assert result.status == "current" and log.opened == 5
    assert result.at_end.happened == ("gone for a moment",)
    assert runs.ids() == list(range(1, 51))


@pytest.mark.long
def test_a_source_that_stays_away_fails_and_the_others_go_on(runs):
    gone, well = Log(), Log()
    well.insert(3)

    def unavailable(number):
        raise SourceUnavailable("no answer", hint="is it running?")

    gone.insert(1)
    gone.on_batch = unavailable
    report = runs.run(LogConnector(gone, "gone"), LogConnector(well, "well"))

    assert [(r.source, r.status, r.error, r.hint) for r in report.sources] == [
        ("gone", "failed", "no answer", "is it running?"),
        ("well", "current", None, None),
    ]
    assert gone.opened == 5 and report.failed == report.sources[:1]
    assert runs.ids("bronze_well.orders") == [1, 2, 3]


def test_an_error_of_the_source_is_not_tried_again(runs):
    log = Log()
    log.insert(30)

    def refused(number):
        if number == 2:
            raise SourceError("the slot is gone", hint="snapshot again")

    log.on_batch = refused
    (result,) = runs.run(log).sources

    assert (result.status, result.error, log.opened) == ("failed", "the slot is gone", 1)
    assert runs.ids() == list(range(1, 21)) and log.acknowledged <= 20


def test_a_fault_of_ours_is_raised_in_the_caller(runs):
    log = Log()
    log.insert(1)
    log.on_batch = lambda number: 1 // 0

    with pytest.raises(ZeroDivisionError):
        runs.run(log)


def test_changes_wait_while_another_process_has_the_warehouse_and_land_in_order(runs):
    log = Log()
    log.insert(5)

    with runs.running(log) as watch:
        watch.wait(lambda p: p.events == 5)
        with held(runs.warehouse.path):
            for _ in range(3):
                waiting = watch.seen[-1][0].waiting
                log.insert(10)
                watch.wait(lambda p, waiting=waiting: p.waiting > waiting)
            assert watch.seen[-1][0].level is Level.BUFFER and "in use by process" in watch.seen[-1][0].note
            assert log.acknowledged == 5 and runs.spool
        watch.wait(lambda p: p.events == 35)
        watch.wait(lambda p: p.level is Level.FULL)

    assert runs.ids() == list(range(1, 36)) and log.acknowledged == 35
    assert watch.report.level is Level.FULL and not runs.spool


def test_a_stream_makes_way_for_who_asks_for_the_warehouse_and_goes_on_afterwards(runs):
    log = Log()
    log.insert(3)
    with runs.running(log) as watch:
        watch.wait(lambda now: now.events == 3)
        with asked_for(lambda: runs.store, runs.warehouse.path, "aidbt build"):
            log.insert(30)
            watch.wait(lambda now: now.level is Level.BUFFER and now.waiting > 0)
            for _ in range(3):  # and stays away, also from who comes and goes
                with held(runs.warehouse.path):
                    pass
            assert watch.seen[-1][0].events == 3
        watch.wait(lambda now: now.events == 33 and now.level == Level.FULL)

    assert runs.ids() == list(range(1, 34))


@pytest.mark.long
def test_a_run_until_all_is_landed_makes_way_too(runs):
    log = Log()
    log.insert(300)
    with ThreadPoolExecutor(1) as pool:
        with asked_for(lambda: runs.store, runs.warehouse.path, "aidbt build"):
            run = pool.submit(runs.run, log)
            time.sleep(1.5)  # longer than all tries of a warehouse that cannot be opened
            with held(runs.warehouse.path):
                assert not run.done()
        report = run.result(timeout=60)

    assert report.sources[0].status == "current"
    assert runs.ids() == list(range(1, 301))


def test_what_waits_when_a_stream_is_stopped_lands_first_in_the_next(runs):
    log = Log()
    log.insert(5)
    with runs.running(log) as watch:
        watch.wait(lambda p: p.events == 5)
        hold = held(runs.warehouse.path)
        hold.__enter__()
        log.insert(10)
        watch.wait(lambda p: p.waiting > 0)
    (result,) = watch.report.sources
    assert (result.status, result.at_end.level) == ("stopped", Level.BUFFER)
    waiting = len(runs.spool)
    assert result.at_end.waiting == waiting > 0 and log.acknowledged == 5
    hold.__exit__(None, None, None)

    report = runs.run(log)

    assert runs.ids() == list(range(1, 16)) and not runs.spool
    assert report.events == 10


@pytest.mark.long
def test_a_full_spool_stops_the_source(runs):
    log = Log()
    log.insert(1)
    small = IngestSettings(batch_events=1, lease_seconds=1, spool_bytes=2_000)
    with runs.running(log, settings=small) as watch:
        watch.wait(lambda p: p.events == 1)
        with held(runs.warehouse.path):
            log.insert(30)
            watch.wait(lambda p: p.waiting > 0)
            time.sleep(0.5)
            at_rest = watch.seen[-1][0].waiting_bytes
            time.sleep(0.5)
            assert watch.seen[-1][0].waiting_bytes == at_rest < 10_000
        watch.wait(lambda p: p.events == 31)

    assert runs.ids() == list(range(1, 32))


def test_a_warehouse_that_was_restored_is_followed(runs):
    log = Log(keeps_all=True)
    log.insert(5)
    backup = runs.folder / "backup"
    with runs.running(log) as watch:
        watch.wait(lambda p: p.events == 5)
        while not backup.exists():
            try:
                with duckdb.connect(str(runs.warehouse.path)):
                    backup.write_bytes(runs.warehouse.path.read_bytes())
            except duckdb.Error:
                time.sleep(0.01)
        log.insert(5)
        watch.wait(lambda p: p.events == 10)
        runs.warehouse.path.write_bytes(backup.read_bytes())
        log.insert(5)
        watch.wait(lambda p: p.events == 20)

    assert runs.ids() == list(range(1, 16))


@pytest.mark.parametrize("loss", ["truncate bronze_shop.orders", "drop table bronze_shop.orders"])
def test_rows_that_are_taken_away_while_a_stream_runs_stop_it(runs, loss):
    log = Log()
    log.insert(5)
    with runs.running(log) as watch:
        watch.wait(lambda now: now.events == 5)
        is_lost = False
        while not is_lost:
            try:
                with duckdb.connect(str(runs.warehouse.path)) as connection:
                    connection.execute(loss)
                    is_lost = True
            except duckdb.Error:  # the stream has it open
                time.sleep(0.01)
        log.insert(5)
        (result,) = watch.report.sources

    assert result.status == "failed"
    assert result.error.startswith(
        "5 of the rows that landed last in bronze_shop.orders are not there any more"
    )
    assert log.acknowledged == 5
    assert runs.rows("select sum(rows_landed) from bronze_shop._aidbt_loads") == [(5,)]


def test_one_process_at_a_time_streams_a_source(runs):
    log = Log()
    log.insert(3)
    with runs.running(log) as watch:
        watch.wait(lambda p: p.events == 3)
        (result,) = runs.run(log).sources
        assert result.status == "failed" and "shop is streamed already, by" in result.error
        log.insert(3)
        watch.wait(lambda p: p.events == 6)


@pytest.mark.long
def test_the_lease_of_a_process_that_was_killed_is_waited_for(runs):
    log = Log()
    log.insert(3)
    Leases(runs.store).acquire("stream:shop", "a process that was killed", ttl_s=1)

    assert runs.run(log).events == 3


def test_a_stream_whose_lease_was_taken_stops(runs):
    log = Log()
    log.insert(3)
    stop = threading.Event()
    with runs.running(log) as watch:
        watch.wait(lambda p: p.events == 3)
        leases = Leases(runs.store)
        (ours,) = leases.held("stream:shop")
        leases.release(ours)
        leases.acquire("stream:shop", "somebody else", ttl_s=30)
        while not watch.has_ended:
            log.insert(1)
            assert not stop.wait(0.05)
    (result,) = watch.report.sources

    assert result.status == "failed" and "somebody else has it now" in result.error
    assert log.acknowledged == len(runs.ids())


def test_a_stream_whose_lease_was_taken_leaves_the_spool_alone(runs):
    log = Log()
    log.insert(3)
    runs.run(log)
    leases = Leases(runs.store)
    looked = []

    class Taken(DuckDBWarehouse):
        """In use by whoever took the lease while we waited for it."""

        def connect(self, *, read_only=True):
            looked.append(1)
            if len(looked) > 1:
                (ours,) = leases.held("stream:shop")
                leases.release(ours)
                leases.acquire("stream:shop", "somebody else", ttl_s=30)
                time.sleep(0.8)
                raise WarehouseLocked("the warehouse is in use")
            return super().connect(read_only=read_only)

    runs.warehouse = Taken(runs.warehouse.path)
    log.insert(1)
    (result,) = runs.run(log, until_current=False, max_seconds=20).sources

    assert result.status == "failed" and "somebody else has it now" in result.error
    assert not runs.spool and log.acknowledged == 3


def test_a_token_from_a_lost_store_does_not_stop_the_stream(runs):
    log = Log()
    log.insert(3)
    for _ in range(3):
        runs.run(log)
    runs.store.close()
    runs.store = open_store(runs.folder / "another.db")
    log.insert(3)

    assert runs.run(log).events == 3


def test_a_table_that_somebody_loads_is_waited_for(runs):
    log = Log()
    log.insert(3)
    with runs.running(log) as watch:
        watch.wait(lambda p: p.events == 3)
        with Leases(runs.store).leased(["table:bronze_shop.orders"], "a backfill"):
            log.insert(3)
            watch.wait(lambda p: p.waiting > 0)
            assert "a backfill" in watch.seen[-1][0].note
        watch.wait(lambda p: p.events == 6)


@pytest.mark.long
def test_a_run_until_current_outlasts_the_lease_of_a_table_whose_holder_was_killed(runs):
    log = Log()
    log.insert(3)
    patient = IngestSettings(lease_seconds=4)
    Leases(runs.store).acquire("table:bronze_shop.orders", "one that was killed", ttl_s=4)

    (result,) = runs.run(log, settings=patient).sources

    assert result.error is None and runs.ids() == [1, 2, 3]


def test_what_was_found_is_said_even_when_the_stream_stands_there_already(runs):
    log = Log()
    log.insert(1)
    runs.run(log)
    finding = Finding("cdc.not_streamed", Severity.WARN, "shop", "people is not streamed any more")

    class Standing(LogSource):
        def batches(self, state, limits, **options):
            yield MicroBatch(self.name, (), 0, 0, dict(state.parts), 0, is_idle=True, findings=(finding,))

    class Connector(LogConnector):
        def open_changes(self, *, scratch, resnapshot=()):
            return Standing(self.log, self.settings, scratch, resnapshot)

    assert runs.run(Connector(log)).sources[0].findings == (finding,)


@pytest.mark.long
def test_a_full_disk_lets_changes_wait(runs, monkeypatch):
    log = Log()
    log.insert(3)
    is_full = threading.Event()
    commit = DuckDBChangeSink.commit

    def commit_or_full(self, *args, **options):
        if is_full.is_set():
            raise DiskFull("the disk is full")
        return commit(self, *args, **options)

    monkeypatch.setattr(DuckDBChangeSink, "commit", commit_or_full)
    with runs.running(log) as watch:
        watch.wait(lambda p: p.events == 3)
        is_full.set()
        log.insert(3)
        watch.wait(lambda p: p.waiting > 0)
        assert watch.seen[-1][0].note == "the disk is full" and log.acknowledged == 3
        is_full.clear()
        watch.wait(lambda p: p.events == 6)
    assert runs.ids() == [1, 2, 3, 4, 5, 6]

    is_full.set()
    log.insert(1)
    (result,) = runs.run(log).sources
    assert (result.status, result.error) == ("failed", "the disk is full") and not runs.spool


def test_a_disk_that_is_full_for_the_store_too_is_what_the_stream_fails_of(runs, monkeypatch):
    """Not the lease of its own that it could not give back."""
    log = Log()
    log.insert(3)
    release = Leases.release

    def full(*_, **__):
        raise DiskFull("the disk is full")

    def refused(self, lease):
        if lease.resource.startswith("table:"):
            raise StoreUnavailable("the disk of the store is full")
        release(self, lease)

    monkeypatch.setattr(DuckDBChangeSink, "commit", full)
    monkeypatch.setattr(Leases, "release", refused)
    (result,) = runs.run(log, settings=IngestSettings(lease_seconds=60)).sources

    assert (result.status, result.error) == ("failed", "the disk is full")


def test_a_full_disk_of_the_spool_too_stops_the_source_and_loses_nothing(runs, monkeypatch):
    log = Log()
    log.insert(3)

    def full(self, pulled):
        raise WriteError("the spool cannot be written")

    monkeypatch.setattr(Spool, "add", full)
    with runs.running(log) as watch:
        watch.wait(lambda p: p.events == 3)
        with held(runs.warehouse.path):
            log.insert(50)
            watch.wait(lambda p: p.level is Level.BUFFER)
            assert watch.seen[-1][0].waiting == 0
            watch.wait(lambda p: "the spool cannot be written" in p.happened)
        watch.wait(lambda p: p.events == 53)

    assert runs.ids() == list(range(1, 54))


def test_a_store_that_is_lost_ends_the_stream_before_the_next_commit(runs):
    log = Log()
    log.insert(3)
    with runs.running(log) as watch:
        watch.wait(lambda p: p.events == 3)
        with closing(sqlite3.connect(runs.folder / "state.db")) as store:
            store.execute("drop table leases")
        while not watch.has_ended:
            log.insert(1)
            time.sleep(0.05)
    (result,) = watch.report.sources

    assert result.status == "failed" and "leases" in result.error
    assert log.acknowledged <= len(runs.ids()) < len(log.transactions)


def test_what_the_source_found_is_in_the_report_once(runs):
    log = Log()
    log.insert(25)
    log.found = [Finding("cdc.column_renamed", Severity.INFO, "shop.orders", "note was called remark")]

    (result,) = runs.run(log).sources

    assert result.findings == tuple(log.found)


@pytest.mark.long
def test_a_snapshot_that_is_read_in_place_is_never_kept_elsewhere(runs):
    log = Log(in_place=True)
    log.insert(3)
    with runs.running(log) as watch:
        watch.wait(lambda p: p.events == 3)
        with held(runs.warehouse.path):
            log.insert(30)
            watch.wait(lambda p: p.level is Level.BUFFER)
            time.sleep(0.5)
            assert watch.seen[-1][0].waiting == 0
        watch.wait(lambda p: p.events == 33)

    assert runs.ids() == list(range(1, 34)) and log.overlaps == 0


def test_large_transactions_come_in_files_that_are_gone_afterwards(runs):
    log = Log(spilled=True)
    log.insert(30)

    runs.run(log)

    assert runs.ids() == list(range(1, 31))
    assert list((runs.folder / "state" / "scratch" / "shop").iterdir()) == []


def test_figures_are_kept_in_the_store(runs):
    log = Log()
    log.insert(25)
    told = []

    runs.run(log, on_landed=lambda *names: told.append(names))

    metrics = Metrics(runs.store)
    assert [sum(p.total for p in metrics.series(EVENTS, "shop.public.orders"))] == [25]
    assert metrics.latest(COMMIT_S)["shop"].value > 0 and "shop" in metrics.latest(BACKLOG_BYTES)
    assert told == [("shop", "orders")]


def test_a_snapshot_is_asked_for_until_it_has_landed(runs):
    log = Log()
    log.insert(3)
    runs.run(log)
    breaks = [True]

    def breaking(number):
        if breaks:
            breaks.pop()
            raise SourceUnavailable("gone for a moment")

    log.on_batch = breaking
    log.insert(1)
    runs.run(log, resnapshot=("orders",))

    assert runs.rows("select count(*) from bronze_shop.orders where _aidbt_op = 'r'") == [(1,)]


def test_a_snapshot_that_waited_from_an_earlier_run_is_not_the_one_that_is_asked_for(runs):
    log = Log()
    log.insert(3)
    runs.run(log)
    hold = held(runs.warehouse.path)

    class Connector(LogConnector):
        def open_changes(self, **options):
            hold.__enter__()
            return super().open_changes(**options)

    with runs.running(Connector(log), resnapshot=("orders",)) as watch:
        watch.wait(lambda p: p.waiting > 0)
    hold.__exit__(None, None, None)
    log.insert(1)

    runs.run(log, resnapshot=("orders",))

    assert runs.rows("select _aidbt_position from bronze_shop.orders where _aidbt_op = 'r'") == [(3,), (3,)]
    assert not runs.spool


@pytest.mark.long
def test_what_waits_for_a_table_that_lost_its_rows_does_not_keep_it_from_being_taken_anew(runs):
    log = Log(keeps_all=True)  # a snapshot's position names another part
    log.insert(5)
    with runs.running(log) as watch:
        watch.wait(lambda p: p.events == 5)
        hold = held(runs.warehouse.path)
        hold.__enter__()
        log.insert(10)
        watch.wait(lambda p: p.waiting > 0)
    assert watch.report.sources[0].at_end.waiting > 0
    hold.__exit__(None, None, None)
    with duckdb.connect(str(runs.warehouse.path)) as connection:
        connection.execute("truncate bronze_shop.orders")

    (refused,) = runs.run(log).sources
    assert refused.status == "failed" and runs.spool  # nothing is dropped unless it is asked to read anew

    runs.run(log, resnapshot=("orders",))

    assert runs.ids() == [None, 1, *range(6, 16)] and not runs.spool
    assert log.acknowledged == 15


def test_what_was_asked_for_by_a_pattern_is_not_read_at_every_reconnection(runs):
    log = Log()
    log.insert(3)
    asked, breaks = [], [True]

    class Connector(LogConnector):
        def open_changes(self, *, scratch, resnapshot=()):
            asked.append(resnapshot)
            return super().open_changes(scratch=scratch, resnapshot=("orders",) if resnapshot else ())

    def breaking(number):
        if breaks:
            breaks.pop()
            raise SourceUnavailable("gone for a moment")

    log.on_batch = breaking
    runs.run(Connector(log), resnapshot=("*",))

    assert asked == [("*",), ()] and runs.ids()[-3:] == [1, 2, 3]


def test_it_ends_after_the_time_that_was_allowed(runs):
    log = Log()
    log.insert(3)

    (result,) = runs.run(log, until_current=False, max_seconds=1).sources

    assert result.status == "stopped" and runs.ids() == [1, 2, 3]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=4)
@given(data=st.data())
def test_whatever_breaks_every_change_lands_once(tmp_path_factory, data):
    runs = Runs(tmp_path_factory.mktemp("runs"))
    log = Log(spilled=data.draw(st.booleans()))
    breaks = data.draw(st.lists(st.integers(0, 3), max_size=3))

    def breaking(number):
        if breaks and number >= breaks[0]:
            breaks.pop(0)
            raise SourceUnavailable("gone for a moment")

    log.on_batch = breaking
    written = 0
    for _ in range(data.draw(st.integers(1, 3))):
        count = data.draw(st.integers(0, 30))
        log.insert(count)
        written += count
        runs.run(log, settings=IngestSettings(batch_events=data.draw(st.integers(1, 12)), lease_seconds=1))

    if written:
        assert runs.ids() == list(range(1, written + 1))
    assert log.acknowledged == written
