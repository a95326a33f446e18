"""Micro-batches that wait: in order, durable, and used again only as far as they follow."""

from __future__ import annotations

import errno
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aidbt.core.errors import WriteError
from ingestion import spill
from ingestion.changes import BatchLimits, StreamState
from ingestion.spool import Pulled, Spool
from tests.ingestion.transactions import Log, LogConnector


def batches(tmp_path, count, *, spilled=False):
    """So many micro-batches of one row each, with where the stream stood before each."""
    log = Log(spilled=spilled)
    log.insert(count)
    source = LogConnector(log).open_changes(scratch=tmp_path / "scratch")
    found = source.batches(StreamState(), BatchLimits(events=1), until_current=True, stop=threading.Event())
    pulled, parts = [], {}
    for batch in found:
        pulled.append(Pulled(batch, parts))
        parts = pulled[-1].end
    return pulled


def spool_of(tmp_path, *, limit_bytes=1 << 20):
    return Spool(tmp_path / "spool", limit_bytes=limit_bytes)


def ids(pulled):
    return [row["id"] for piece in pulled.batch.changes for row in piece.rows.to_pylist()]


@pytest.mark.parametrize("spilled", [False, True])
def test_batches_come_out_as_and_in_the_order_they_went_in(tmp_path, spilled):
    pulled = batches(tmp_path, 12, spilled=spilled)
    spool = spool_of(tmp_path)
    for one in pulled:
        spool.add(one)

    for again in (spool, spool_of(tmp_path)):
        assert len(again) == 12 and again.size_bytes > 0
    out = []
    while (first := again.first()) is not None:
        out.append((ids(first), first.start, first.end, first.batch.first, first.batch.events))
        again.remove_first()

    assert out == [(ids(p), p.start, p.end, p.batch.first, p.batch.events) for p in pulled]
    assert len(again) == 0 and list((tmp_path / "spool").iterdir()) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(landed=st.integers(0, 8), data=st.data())
def test_only_what_follows_on_what_has_landed_is_used(tmp_path_factory, landed, data):
    folder = tmp_path_factory.mktemp("spool")
    pulled = batches(folder, 8)
    gap = data.draw(st.integers(0, 8))
    spool = spool_of(folder)
    for number, one in enumerate(pulled):
        if number != gap:
            spool.add(one)

    dropped = spool.follow({"": {"at": landed}} if landed else {})

    expected = list(range(landed, 8)) if landed > gap else list(range(landed, gap))
    assert len(spool) == len(expected) and dropped == 8 - (gap < 8) - len(expected)
    if expected:
        assert ids(spool.first()) == [expected[0] + 1]


def test_a_stream_that_stands_elsewhere_uses_nothing(tmp_path):
    spool = spool_of(tmp_path)
    for one in batches(tmp_path, 3):
        spool.add(one)

    assert spool.follow({"": {"at": 1, "slot": "another"}}) == 3
    assert spool.first() is None


def test_a_damaged_file_ends_what_can_be_used(tmp_path):
    spool = spool_of(tmp_path)
    for one in batches(tmp_path, 3):
        spool.add(one)
    second = sorted((tmp_path / "spool").iterdir())[1]
    second.write_bytes(second.read_bytes()[:-9])
    (tmp_path / "spool" / "000000000004.changes.part").write_bytes(b"half")

    again = spool_of(tmp_path)

    assert len(again) == 1 and ids(again.first()) == [1]
    assert len(list((tmp_path / "spool").iterdir())) == 1


def test_a_batch_that_is_added_later_comes_later(tmp_path):
    first, second = batches(tmp_path, 2)
    spool_of(tmp_path).add(first)
    spool_of(tmp_path).add(second)

    spool = spool_of(tmp_path)

    assert ids(spool.first()) == [1]


def test_the_limit_is_of_all_files(tmp_path):
    pulled = batches(tmp_path, 2)
    spool = spool_of(tmp_path, limit_bytes=pulled[0].batch.size_bytes)

    assert spool.has_room_for(pulled[0].batch)
    spool.add(pulled[0])
    assert not spool.has_room_for(pulled[1].batch)
    assert not spool_of(tmp_path, limit_bytes=1).has_room_for(batches(tmp_path, 1, spilled=True)[0].batch)


def test_a_batch_that_cannot_be_written_is_not_there(tmp_path, monkeypatch):
    spool = spool_of(tmp_path)
    first, second = batches(tmp_path, 2)
    spool.add(first)

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(spill.os, "fsync", full)
    with pytest.raises(WriteError):
        spool.add(second)
    monkeypatch.undo()

    assert len(spool) == 1 and len(spool_of(tmp_path)) == 1
    spool.add(second)
    assert len(spool_of(tmp_path)) == 2
