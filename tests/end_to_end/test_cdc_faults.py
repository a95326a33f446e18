"""Streams of changes survive what happens to machines: `aidbt ingest cdc` as a process that is really killed,
PostgreSQL as one that is really stopped. In the end everything that was committed has landed exactly once.

What is random comes from a seed, which is a parameter of the test or stands in it.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingestion.cdc.postgres import slots
from tests.cdc_faults import Shop, Source, Writers
from tests.kit import PostgresServer, ServerMissing, postgres_server

NUMBERS = itertools.count(1)

# `python -m aidbt` on a host whose clock was set back by a day.
CLOCK_SET_BACK = """
import time
from datetime import timedelta
from ingestion import pipeline
utc_now, seconds = pipeline.utc_now, time.time
pipeline.utc_now = lambda: utc_now() - timedelta(days=1)
time.time = lambda: seconds() - 86_400
from aidbt.cli.main import main
main()
"""
_GOES_BACK = """
select count(*) filter (loaded_at < before) from (
    select _aidbt_loaded_at as loaded_at,
        lag(_aidbt_loaded_at) over (order by _aidbt_position, _aidbt_sequence) as before
    from bronze_shop.{table}
)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server that tests may stop, if they start it again."""
    try:
        with postgres_server() as server:
            yield server
    except ServerMissing as error:
        pytest.skip(str(error))


@pytest.fixture
def source(server: PostgresServer) -> Iterator[Source]:
    """A database with a few rows."""
    source = Source(server, f"faults{next(NUMBERS)}")
    source.fill(30)
    yield source
    source.drop()


@pytest.fixture
def shop(source: Source, tmp_path: Path) -> Shop:
    return Shop(tmp_path, source)


@pytest.mark.parametrize(
    ("kills", "seed"),
    [(5, 1), *(pytest.param(25, seed, marks=pytest.mark.long) for seed in (2, 3, 4, 5))],
)
@pytest.mark.long
def test_killed_at_random_moments_while_two_write_nothing_is_lost_or_doubled(source, shop, kills, seed):
    rng = random.Random(seed)
    with Writers(source, seed):
        for number in range(kills):
            with shop.stream() as running:
                running.until(source.slot if number == 0 else source.is_read, "the stream begins")
                with shop.warehouse_in_use() if rng.random() < 0.3 else contextlib.nullcontext():
                    time.sleep(rng.random())  # any moment: in a snapshot, between a commit and its answer
                    running.kill()
    shop.catch_up()

    assert source.check(shop.warehouse) > 20 * kills


@pytest.mark.long
def test_killed_while_tables_are_read_for_the_first_time(source, shop):
    source.fill_more(20_000)
    with Writers(source, 11), shop.stream() as running:
        running.until(source.slot, "the snapshot begins")
        running.kill()
    shop.catch_up()

    source.check(shop.warehouse)


@pytest.mark.long
def test_killed_while_a_transaction_larger_than_memory_is_spilled(source, shop):
    shop.configure(batch_bytes=1 << 20)
    with shop.stream() as running:
        running.until(source.is_read, "the stream is read")
        with Writers(source, 12):
            source.fill_more(4_000)
        running.until(lambda: list(shop.scratch.glob("*.part")), "changes are spilled")
        running.kill()
    assert list(shop.scratch.iterdir())
    shop.catch_up()

    assert source.check(shop.warehouse) >= 8_000
    assert not list(shop.scratch.iterdir())


@pytest.mark.long
def test_a_server_that_crashes_and_comes_back_is_waited_for(source, shop):
    with shop.stream() as running, Writers(source, 13):
        running.until(source.is_read, "the stream is read")
        source.server.stop("immediate")
        source.server.start(same_port=True)
        running.says("the server went away")
        running.until(source.is_read, "the stream is read again")
        running.terminate()
        assert "stopped as asked" in running.ended(0)
    shop.catch_up()

    source.check(shop.warehouse)


@pytest.mark.long
@pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="limits of another process are set on Linux only"
)
def test_a_disk_that_is_full_lets_changes_wait_until_there_is_room(source, shop):
    """A file that may not grow: as on a full disk, but for the number of the error."""
    with shop.stream() as running:
        running.until(source.is_read, "the stream is read")
        unlimited = resource.prlimit(running.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (1 << 20, unlimited[1]))
        with Writers(source, 14):
            source.fill_more(4_000)
            running.says("level buffer")
            resource.prlimit(running.pid, resource.RLIMIT_FSIZE, unlimited)
            running.until(lambda: "level buffer" not in running.stands, "changes land again")
        running.terminate()
        running.ended(0)
    shop.catch_up()

    assert source.check(shop.warehouse) >= 8_000


@pytest.mark.long
def test_poison_records_are_dead_letters_and_everything_else_lands(source, shop):
    shop.catch_up()
    with Writers(source, 15):
        for number in range(3):
            source.psql(f"insert into orders (id, tags) values ({1001 + number}, '{{{{a}},{{b}}}}')")
        said = shop.catch_up()
    assert "3 dead letters" in said
    shop.catch_up()
    poison = [row["stamp"] for row in source.rows("select stamp from orders where id > 1000")]
    source.check(shop.warehouse, dead=poison)

    shop.connect(as_text=["orders.tags"])
    shop.run("replay", "shop")

    found = "select count(*) from bronze_shop.orders where tags__varchar = '{{a},{b}}' and id > 1000"
    assert shop.value(found) == 3
    assert shop.value("select count(*) from bronze_shop._aidbt_dead_letters where replayed_in is null") == 0


@pytest.mark.long
def test_a_second_consumer_is_refused_and_the_first_is_undisturbed(source, shop, tmp_path, monkeypatch):
    monkeypatch.setattr(slots, "_PATIENCE_S", 1.0)
    shop.catch_up()
    copy = Shop(tmp_path / "copy", source)  # another machine, whose warehouse knows the slot
    shutil.copy(shop.warehouse, copy.warehouse)
    with shop.stream() as first, Writers(source, 16):
        first.until(source.is_read, "the stream is read")
        reader = source.slot()["active_pid"]
        assert "is streamed already, by" in shop.run("cdc", code=2)
        assert "is read by somebody else: server process" in copy.run("cdc", code=2)
        assert source.slot()["active_pid"] == reader
        first.terminate()
        first.ended(0)
    shop.catch_up()

    source.check(shop.warehouse)


@pytest.mark.long
def test_a_load_by_another_connector_into_a_table_that_is_streamed_is_refused(source, shop):
    shop.configure(batch_seconds=1, batch_events=100_000)  # so that it gets in between two commits
    shop.connect("copy", cdc=None, bronze_schema="bronze_shop", tables=["orders"])
    with shop.stream() as running, Writers(source, 17):
        running.until(source.is_read, "the stream is read")
        assert "not landed copy.orders: " in shop.run("run", "copy", code=1)
        running.terminate()
        running.ended(0)
    shop.catch_up()

    source.check(shop.warehouse)


@pytest.mark.long
def test_a_clock_that_was_set_back_changes_nothing(source, shop):
    with Writers(source, 18):
        with shop.stream() as running:  # holds its lease until a time that does not come for a day
            running.until(source.is_read, "the stream is read")
            running.kill()
        with shop.stream(python=("-c", CLOCK_SET_BACK)) as running:
            running.until(source.is_read, "the stream is read")
            running.terminate()
            running.ended(0)
    shop.stream("--once", python=("-c", CLOCK_SET_BACK)).ended(0)

    source.check(shop.warehouse)
    for table in ("orders", "lines"):
        assert shop.value(_GOES_BACK.format(table=table)) == 0


@pytest.mark.long
def test_changes_wait_while_the_warehouse_is_in_use_also_for_one_who_is_killed_with_a_full_spool(
    source, shop
):
    shop.configure(spool_bytes=2_000_000, batch_events=50)
    with Writers(source, 19):
        with shop.stream() as running:
            running.until(source.is_read, "the stream is read")
            with shop.warehouse_in_use():
                running.says("level buffer")
                running.until(lambda: shop.spooled_bytes() > 1_000_000, "changes wait")
                running.until(lambda: stays(shop.spooled_bytes), "the spool is full")
                running.kill()
        waiting = len(list(shop.spool.glob("*.changes")))
        assert waiting > 1
        with shop.stream() as running:
            running.until(lambda: len(list(shop.spool.glob("*.changes"))) < waiting, "the spool is drained")
            running.kill()
    shop.catch_up()

    source.check(shop.warehouse)


def stays(value: Callable[[], int], *, seconds: float = 1.0) -> bool:
    """Whether a value does not change for so long."""
    before = value()
    time.sleep(seconds)
    return value() == before
