"""The store in a SQLite file: made in place, honest when it is broken or locked."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import pytest

from aidbt.core.errors import StoreBusy, StoreError, StoreUnavailable
from aidbt.store import open_store
from tests.aidbt.store.places import SqlitePlace, together


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "project" / ".aidbt" / "state.db"


def migrations() -> int:
    return max(int(item.name[:3]) for item in (files("aidbt.store") / "migrations").iterdir())


def test_a_new_store_is_made_with_its_folders_in_wal_mode(path: Path):
    open_store(path).close()

    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("pragma user_version").fetchone() == (migrations(),)
        assert raw.execute("pragma journal_mode").fetchone() == ("wal",)


def test_a_full_disk_is_said_and_may_end(tmp_path):
    store = open_store(tmp_path / "state.db")
    with store.transaction() as connection:
        pages = connection.exec_driver_sql("pragma page_count").scalar_one()
        connection.exec_driver_sql("pragma max_page_count = " + str(pages))

    with pytest.raises(StoreUnavailable, match="the disk is full while writing the store"):
        store.put("kind", "key", "x" * 100_000)


def test_migrations_are_numbered_without_a_gap():
    names = [item.name for item in (files("aidbt.store") / "migrations").iterdir()]
    common = sorted(int(name[:3]) for name in names if name.count(".") == 1)

    assert common == list(range(1, len(common) + 1))


def test_a_reopened_store_is_not_migrated_again(path: Path):
    open_store(path).close()
    before = schema(path)

    open_store(path).close()

    assert schema(path) == before


def schema(path: Path) -> list[tuple[str]]:
    with closing(sqlite3.connect(path)) as raw:
        return raw.execute("select sql from sqlite_master order by name").fetchall()


def test_a_store_that_a_newer_aidbt_wrote_is_left_alone(path: Path):
    open_store(path).close()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("pragma user_version = 999")

    with pytest.raises(StoreError, match=r"state\.db was written by a newer aidbt \(schema 999\)") as caught:
        open_store(path)
    assert "upgrade aidbt" in (caught.value.hint or "")
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("pragma user_version").fetchone() == (999,)


def test_a_migration_that_was_killed_is_begun_again(path: Path):
    """The tables and the number are one transaction: what has the number 0 has no tables."""
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("pragma journal_mode = wal")
        raw.execute("begin immediate")
        raw.execute("create table records (half text)")  # never committed
    with closing(open_store(path)) as store:
        assert store.put("mapping", "a", 1).version == 1


@pytest.mark.parametrize("content", [b"this is no database at all", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_named_with_what_to_do(path: Path, content: bytes):
    path.parent.mkdir(parents=True)
    path.write_bytes(content)

    with pytest.raises(StoreError, match=r"the store .*state\.db is damaged") as caught:
        open_store(path)
    assert "move the file away" in (caught.value.hint or "")
    assert path.read_bytes() == content


def test_a_store_that_is_damaged_inside_is_an_error_and_not_a_crash(path: Path):
    with closing(open_store(path)) as store:
        store.put_all("mapping", {f"table_{n}": "x" * 500 for n in range(200)})
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xab" * (len(content) - 8192)
    path.write_bytes(content)

    with pytest.raises(StoreError, match="is damaged"), closing(open_store(path)) as store:
        store.all("mapping")


def test_a_store_may_be_empty_as_a_file(path: Path):
    path.parent.mkdir(parents=True)
    path.touch()

    with closing(open_store(path)) as store:
        assert store.put("mapping", "a", 1).version == 1


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "project").write_text("a file")

    with pytest.raises(StoreError, match=r"the folder .*project/\.aidbt cannot be made"):
        open_store(tmp_path / "project/.aidbt/state.db")


@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_may_not_be_written_is_an_error_that_names_it(what: str):
    code = """\
import os, tempfile
with tempfile.TemporaryDirectory() as elsewhere:  # the next user may not read what Python imports for this
    open_store(Path(elsewhere, "state.db")).close()
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    here().put("mapping", "a", 1)
except AidbtError as error:
    print(type(error).__name__, error.message)
"""
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        folder = Path(name)
        if what == "file":
            open_store(folder / "state.db").close()
            (folder / "state.db").chmod(0o444)
        folder.chmod(0o555)

        [said] = together(SqlitePlace(folder / "state.db"), code, ())

        folder.chmod(0o755)
    assert said.startswith("StoreError the store")
    assert f"{folder}/state.db cannot be used: " in said


@pytest.mark.long
def test_many_processes_may_open_a_new_store_at_once(tmp_path: Path):
    """SQLite does not wait for a lock while it switches a new file to WAL mode."""
    code = """\
for number in range(15):
    open_store(Path(where, f"{number}.db")).put("mapping", args[0], 1)
"""
    names = ("a", "b", "c", "d")

    together(SqlitePlace(tmp_path), code, *[(name,) for name in names])

    for number in range(15):
        with closing(open_store(tmp_path / f"{number}.db")) as store:
            assert tuple(store.all("mapping")) == names


def test_a_store_that_another_process_keeps_locked_is_busy(path: Path):
    with (
        closing(open_store(path, lock_wait_s=0.05)) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("begin immediate")

        with pytest.raises(StoreBusy, match="in use by another process") as caught:
            store.put("mapping", "a", 1)
        assert caught.value.retryable

        other.execute("rollback")
        assert store.put("mapping", "a", 1).version == 1
