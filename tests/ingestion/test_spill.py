"""Changes in a file: whole or not there, and read back as they were written."""

from __future__ import annotations

import dataclasses
import errno
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aidbt.core.errors import SourceError, WriteError
from ingestion import spill
from ingestion.bronze.base import Destination
from ingestion.changes import DeadLetter, TableChanges
from ingestion.spill import ChangeFile, remove_unfinished

TO = Destination("bronze_shop", "orders", "shop", "public.orders", "postgres")
ROWS = pa.table({"id": [1, 2], "note": ["a", None]})

texts = st.text(st.characters(codec="utf-8"), max_size=20)
columns = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.string(): texts,
    pa.string_view(): texts,
    pa.binary_view(): st.binary(max_size=20),
    pa.decimal128(38, 4): st.decimals(min_value=-(10**20), max_value=10**20, places=4),
    pa.timestamp("us", tz="UTC"): st.integers(0, 10**9).map(
        lambda us: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
    ),
    pa.list_(pa.string_view()): st.lists(texts | st.none(), max_size=3),
}


@st.composite
def changes(draw):
    types = draw(st.lists(st.sampled_from(list(columns)), min_size=1, max_size=5))
    height = draw(st.integers(0, 12))
    arrays = [
        pa.array(draw(st.lists(columns[of] | st.none(), min_size=height, max_size=height)), of)
        for of in types
    ]
    rows = pa.table(arrays, names=[f"c{number}" for number in range(len(types))])
    rows = rows.slice(draw(st.integers(0, height)))
    letter = st.builds(DeadLetter, texts, st.integers(0, 2**62), texts, texts, st.text(max_size=9))
    letters = tuple(draw(st.lists(letter, max_size=2)))
    key = tuple(draw(st.lists(texts, max_size=2)))
    version = draw(st.integers(1, 9))
    return TableChanges(TO, rows, key, version, rows.num_rows + len(letters), letters)


def plain(piece):
    return dataclasses.replace(piece, rows=None), piece.rows.column_names, piece.rows.to_pylist()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(pieces=st.lists(changes(), max_size=4))
def test_what_was_appended_is_read_again_and_again(tmp_path, pieces):
    file = ChangeFile.create(tmp_path / "folder" / "changes")
    for piece in pieces:
        file.append(piece)
    file.finish(sync=True, note={"first": 1})

    for again in (file, file, ChangeFile.open(file.path)):
        assert list(map(plain, again)) == list(map(plain, pieces))
        assert again.events == sum(piece.events for piece in pieces)
        assert again.note == {"first": 1}
    assert [path.name for path in file.path.parent.iterdir()] == ["changes"]


def test_types_that_arrow_does_not_know_by_itself_come_back(tmp_path):
    documents = pa.ExtensionArray.from_storage(pa.json_(pa.string_view()), pa.array(["{}"], pa.string_view()))
    ids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16], pa.binary(16)))
    prices = pa.array([Decimal("1.5")])
    rows = pa.table({"document": documents, "id": ids, "price": prices})
    file = ChangeFile.create(tmp_path / "changes")
    file.append(TableChanges(TO, rows, (), 1, 1))
    file.finish()

    (piece,) = file

    assert [field.type for field in piece.rows.schema] == [pa.json_(), pa.uuid(), prices.type]
    assert piece.rows.to_pylist() == rows.to_pylist()


def test_views_over_one_large_buffer_are_written_once(tmp_path):
    text = pa.array(["x" * 100] * 10_000, pa.string_view())
    rows = pa.table({f"c{number}": text.slice(number * 100, 100) for number in range(20)})
    file = ChangeFile.create(tmp_path / "changes")
    file.append(TableChanges(TO, rows, (), 1, 100))
    file.finish()

    assert file.size_bytes < 1_000_000 < rows.get_total_buffer_size()


def test_a_file_that_was_not_finished_is_not_there(tmp_path):
    file = ChangeFile.create(tmp_path / "changes")
    file.append(TableChanges(TO, ROWS, (), 1, 2))

    assert not file.path.exists()
    with pytest.raises(ValueError, match="finished before it is read"):
        next(iter(file))
    remove_unfinished(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cut", [0, 3, 8, 40, 200, -1])
def test_a_file_that_was_cut_off_is_an_error(tmp_path, cut):
    file = ChangeFile.create(tmp_path / "changes")
    file.append(TableChanges(TO, ROWS, (), 1, 2))
    file.finish()
    file.path.write_bytes(file.path.read_bytes()[:cut])

    with pytest.raises(SourceError, match="cannot be read as a file of changes"):
        ChangeFile.open(file.path)


def test_pieces_that_were_taken_outlive_the_file(tmp_path):
    file = ChangeFile.create(tmp_path / "changes")
    file.append(TableChanges(TO, ROWS, (), 1, 2))
    file.finish()

    (piece,) = file
    file.delete()

    assert piece.rows.equals(ROWS)
    with pytest.raises(SourceError, match="cannot be read"):
        list(file)


def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path, monkeypatch):
    file = ChangeFile.create(tmp_path / "changes")
    file.append(TableChanges(TO, ROWS, (), 1, 2))

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(spill.os, "fsync", full)
    with pytest.raises(WriteError, match="No space left on device") as caught:
        file.finish(sync=True)

    assert caught.value.hint and list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "taken").write_text("")

    with pytest.raises(WriteError, match="cannot be written"):
        ChangeFile.create(tmp_path / "taken" / "changes")


def test_a_real_full_device_is_an_error(tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    (tmp_path / "changes.part").symlink_to("/dev/full")
    file = ChangeFile.create(tmp_path / "changes")
    wide = pa.table({"note": ["x" * 1000] * 1000})

    with pytest.raises(WriteError, match="No space left"):
        file.append(TableChanges(TO, wide, (), 1, 1000))
