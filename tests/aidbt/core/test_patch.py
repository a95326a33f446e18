"""Writing files: all of them or none, whatever kills the process, fills the disk or edits meanwhile."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from aidbt.core.errors import EditConflict, StoreBusy, WriteError
from aidbt.core.patch import (
    FileEdit,
    Patch,
    apply_patch,
    digest,
    read_or_none,
    recover,
    recover_if_needed,
    write_lock,
)

Files = dict[str, bytes]

# A patch with everything in it: changes, a removal, new files in new folders, CRLF and other alphabets.
OLD: Files = {
    "models/a.sql": b"select 1\n",
    "models/b.yml": "models:\r\n  - name: größe # été\r\n".encode(),
    "models/old.sql": b"select 'gone'",
    "models/untouched.sql": b"select 2",
}
NEW: Files = {
    "models/a.sql": b"select 1, 2\n",
    "models/b.yml": "models:\r\n  - name: größe # 夏\r\n  - name: b\r\n".encode(),
    "models/new/deep/c.sql": b"",
    "models/untouched.sql": b"select 2",
    "aidbt/generated.lock": b"x\ny\n",
}


KEPT = ("write.lock", ".gitignore")


def write(root: Path, files: Files) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def content(root: Path) -> Files:
    """Every file below a folder, without aidbt's own state."""
    paths = (path for path in root.rglob("*") if path.is_file() and ".aidbt" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def leftovers(root: Path) -> list[str]:
    """What stands in the state folder besides the lock."""
    return sorted(path.name for path in (root / ".aidbt").glob("*") if path.name not in KEPT)


def the_patch(old: Files = OLD, new: Files = NEW) -> Patch:
    edits = []
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if before != after:
            edits.append(
                FileEdit(
                    name,
                    digest(before.decode()) if before is not None else None,
                    after.decode() if after is not None else None,
                )
            )
    return Patch(tuple(edits), "everything at once")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path / "project", OLD)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for hundreds of projects: in memory where there is such a disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


# --- a patch that goes well ---------------------------------------------------------------------------


def test_a_patch_changes_creates_and_removes_and_keeps_every_byte(project: Path):
    written = apply_patch(the_patch(), project)

    assert written == ["aidbt/generated.lock", "models/a.sql", "models/b.yml", "models/new/deep/c.sql",
                       "models/old.sql"]  # fmt: skip
    assert content(project) == NEW
    assert leftovers(project) == []


def test_an_empty_patch_touches_nothing(tmp_path: Path):
    assert apply_patch(Patch(), tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_the_edits_of_a_patch_can_be_applied_backwards(project: Path):
    apply_patch(the_patch(), project)
    apply_patch(the_patch(NEW, OLD), project)

    assert content(project) == OLD


def test_a_file_keeps_its_permissions(project: Path):
    for name, mode in (("models/a.sql", 0o755), ("models/b.yml", 0o640)):
        (project / name).chmod(mode)

    apply_patch(the_patch(), project)

    assert (project / "models/a.sql").stat().st_mode & 0o777 == 0o755
    assert (project / "models/b.yml").stat().st_mode & 0o777 == 0o640


def test_a_linked_file_stays_a_link(project: Path, tmp_path: Path):
    (project / "models/a.sql").rename(tmp_path / "shared.sql")
    (project / "models/a.sql").symlink_to("../../shared.sql")

    apply_patch(the_patch(), project)

    assert (project / "models/a.sql").is_symlink()
    assert (tmp_path / "shared.sql").read_bytes() == NEW["models/a.sql"]


# --- digests and reading ------------------------------------------------------------------------------


def test_a_digest_is_the_name_that_git_gives_the_text(tmp_path: Path):
    texts = ["", "\n", "a", "select 1\r\n", "größe 夏 \U0001f600\n", "\ufeffx", "a\0b", "x" * 100_000]
    for number, text in enumerate(texts):
        (tmp_path / f"{number}").write_bytes(text.encode())
    named = subprocess.run(
        ["git", "hash-object", "--no-filters", *(f"{number}" for number in range(len(texts)))],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert [digest(text) for text in texts] == named.stdout.split()


def test_a_text_is_read_with_its_line_ends_and_none_where_there_is_no_file(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfx\r\ny\r")

    assert read_or_none(tmp_path / "a") == "\ufeffx\r\ny\r"
    assert read_or_none(tmp_path / "b") is None


@pytest.mark.parametrize(
    "make", [lambda p: p.write_bytes(b"\xff\xfe"), lambda p: p.mkdir()], ids=["binary", "folder"]
)
def test_what_cannot_be_read_as_text_is_an_error(tmp_path: Path, make: Callable[[Path], object]):
    make(tmp_path / "a")

    with pytest.raises(WriteError, match="a cannot be read"):
        read_or_none(tmp_path / "a")


# --- somebody else's edit -----------------------------------------------------------------------------

CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "changed": (lambda root: (root / "models/b.yml").write_text("mine"), "models/b.yml was changed"),
    "line ends only": (
        lambda root: (root / "models/b.yml").write_bytes(OLD["models/b.yml"].replace(b"\r\n", b"\n")),
        "models/b.yml was changed",
    ),
    "no text any more": (
        lambda root: (root / "models/b.yml").write_bytes(b"\xff"),
        "models/b.yml was changed",
    ),
    "vanished": (lambda root: (root / "models/b.yml").unlink(), "models/b.yml was removed"),
    "removed already": (lambda root: (root / "models/old.sql").unlink(), "models/old.sql was removed"),
    "appeared": (
        lambda root: write(root, {"models/new/deep/c.sql": b"mine"}),
        "models/new/deep/c.sql appeared",
    ),
    "a folder appeared": (
        lambda root: (root / "models/new/deep/c.sql").mkdir(parents=True),
        "c.sql appeared",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_file_that_is_not_as_it_was_read_stops_the_whole_patch(project: Path, what: str):
    change, message = CHANGES[what]
    change(project)
    before = content(project)

    with pytest.raises(EditConflict, match=f"{message} while it was being worked on; nothing was written"):
        apply_patch(the_patch(), project)
    assert content(project) == before
    assert leftovers(project) == []


def test_a_file_that_stands_twice_in_a_patch_is_refused(project: Path):
    once = FileEdit("models/a.sql", digest("select 1\n"), "x")

    with pytest.raises(WriteError, match=r"models/a.sql stands twice in one patch; no file was changed"):
        apply_patch(Patch((once, FileEdit("models/a.sql", digest("select 1\n"), "y"))), project)
    assert content(project) == OLD


@pytest.mark.parametrize("name", ["models/a.sql", "models/old.sql", "models/new/deep/c.sql"])
@pytest.mark.parametrize("saves_by", ["writing in place", "replacing"])
def test_what_a_person_saves_during_the_write_is_never_lost(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, saves_by: str
):
    """Saved before every change of the disk in turn, but for the one change that is this very file's."""
    saved = False

    def save(*call: object) -> None:
        nonlocal saved
        saved = root / name not in call
        if not saved:
            return
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if saves_by == "replacing":
            (root / "swap").write_bytes(b"mine")
            (root / "swap").rename(root / name)
        else:
            (root / name).write_bytes(b"mine")

    conflicts = 0
    for step in range(1, 100):
        root = write(folder / f"{step}", OLD)
        with stopping_at(monkeypatch, step, save) as reached:
            try:
                apply_patch(the_patch(), root)
            except EditConflict:
                conflicts += 1
                assert content(root) == OLD | {name: b"mine"}
        if not reached():
            break
        assert not saved or content(root)[name] == b"mine"
        assert leftovers(root) == []
    assert step > 10
    assert conflicts > 3


# --- faults and full disks ----------------------------------------------------------------------------

# Every call by which a patch changes the disk.
SYSCALLS = ("chmod", "fsync", "link", "mkdir", "replace", "rmdir", "unlink")


@contextlib.contextmanager
def stopping_at(
    monkeypatch: pytest.MonkeyPatch, step: int, happens: Callable[..., object], *, ever_after: bool = False
) -> Iterator[Callable[[], bool]]:
    """Inside, `happens` runs just before the `step`th change of the disk, with the same arguments.

    Gives a function that says whether it came to that.

    Args:
        ever_after: whether it happens before every later change too.
    """
    calls = 0

    def counted(real):
        def call(*args, **kwargs):
            nonlocal calls
            calls += 1
            if calls == step or (ever_after and calls > step):
                happens(*args)
            return real(*args, **kwargs)

        return call

    with monkeypatch.context() as patched:
        for name in SYSCALLS:
            patched.setattr(os, name, counted(getattr(os, name)))
        yield lambda: calls >= step


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EXDEV])
def test_a_fault_at_any_step_leaves_no_half_written_patch(
    folder: Path, monkeypatch: pytest.MonkeyPatch, code: int
):
    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    failures = 0
    for step in range(1, 100):
        root = write(folder / f"{step}", OLD)
        with stopping_at(monkeypatch, step, fail) as reached:
            try:
                apply_patch(the_patch(), root)
            except WriteError as error:
                failures += 1
                assert "no file was changed" in error.message
                assert error.hint
                assert content(root) == OLD
            else:
                assert content(root) == NEW
        if not reached():
            break
        after = content(root)
        recover_if_needed(root)
        assert content(root) == after
        assert leftovers(root) == []
    assert failures > 10


def test_when_even_the_undoing_fails_the_next_command_finishes_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    """The disk goes away in the middle of moving the files, and comes back later."""

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    for step in range(1, 100):
        root = write(folder / f"{step}", OLD)
        with (
            stopping_at(monkeypatch, step, fail, ever_after=True) as reached,
            contextlib.suppress(WriteError),
        ):
            apply_patch(the_patch(), root)
        if not reached():
            break
        recover_if_needed(root)
        assert content(root) in (OLD, NEW)
        assert leftovers(root) == []
    assert step > 10


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 64 kB with room for 60 files."""
    disk = tmp_path / "disk"
    disk.mkdir()
    options = ["-t", "tmpfs", "-o", "size=64k,nr_inodes=60"]
    try:
        done = subprocess.run(["mount", *options, "tmpfs", disk], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no `mount` here")
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("filler", ["bytes", "files"])
def test_a_full_disk_leaves_everything_as_it_was(small_disk: Path, filler: str):
    full = 0
    for room in range(20):
        root = write(small_disk / "project", OLD)
        filled = small_disk / "filled"
        filled.mkdir()
        free = os.statvfs(small_disk)
        if filler == "bytes":
            (filled / "big").write_bytes(b"x" * ((free.f_bavail - room) * free.f_frsize))
        else:
            for number in range(free.f_favail - room):
                (filled / f"{number}").touch()
        try:
            apply_patch(the_patch(), root)
        except WriteError as error:
            full += 1
            assert error.message.startswith("the disk is full")
            assert content(root) == OLD
        else:
            assert content(root) == NEW
        assert leftovers(root) == []
        subprocess.run(["rm", "-rf", root, filled], check=True)
    assert 2 < full < 20


def test_a_file_larger_than_may_be_written_leaves_everything_as_it_was(project: Path):
    code = """\
import resource, sys
from pathlib import Path
from aidbt.core.errors import WriteError
from aidbt.core.patch import FileEdit, Patch, apply_patch
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
edits = (FileEdit("models/small.sql", None, "x"), FileEdit("models/large.sql", None, "x" * 20_000))
try:
    apply_patch(Patch(edits), Path(sys.argv[1]))
except WriteError as error:
    print(error.message)
"""

    assert "no file was changed" in in_python(code, project)
    assert content(project) == OLD
    assert leftovers(project) == []


def test_a_folder_that_may_not_be_written_to_is_named():
    code = """\
import fcntl, os, sys  # fcntl: the next user may not read Python's own folder
from pathlib import Path
from aidbt.core.errors import WriteError
from aidbt.core.patch import FileEdit, Patch, apply_patch
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
root = Path(sys.argv[1])
try:
    apply_patch(Patch((FileEdit("a.sql", None, "x"), FileEdit("locked/b.sql", None, "x"))), root)
except WriteError as error:
    print(error, (root / "a.sql").exists())
"""
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to other users
        root = Path(folder)
        root.chmod(0o777)
        (root / "locked").mkdir(mode=0o555)

        said = in_python(code, root)

    assert said.startswith("a file cannot be written: Permission denied")
    assert "no file was changed" in said
    assert said.endswith("check the permissions of the project folder False\n")


def in_python(code: str, *args: object) -> str:
    """What another Python process prints; it must end well."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- killed -------------------------------------------------------------------------------------------

# Works on copies of a project in forked processes. Each kills itself with SIGKILL just before its 1st, 2nd, …
# change of the disk, until one gets to its end. "recover" kills the write and then what recovers it, at
# every pair of steps; "fault" makes one change fail and kills what undoes the write.
KILLER = """\
import errno, json, os, shutil, signal, sys
from itertools import count
from pathlib import Path
from aidbt.core.errors import WriteError
from aidbt.core.patch import FileEdit, Patch, apply_patch, recover_if_needed

base, out, mode, edits, syscalls = Path(sys.argv[1]), Path(sys.argv[2]), *map(json.loads, sys.argv[3:])
patch = Patch(tuple(FileEdit(**edit) for edit in edits))
KILLED = -signal.SIGKILL

def forked(work, root, kill_at=None, fail_at=None):
    "How the process ended: KILLED, or with the number of changes it made."
    pid = os.fork()
    if pid == 0:
        calls = 0
        def counted(real):
            def call(*args, **kwargs):
                nonlocal calls
                calls += 1
                if calls == kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)
                if calls == fail_at:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return real(*args, **kwargs)
            return call
        os.fsync = lambda _: None  # a killed process loses nothing that the system has
        for name in syscalls:
            setattr(os, name, counted(getattr(os, name)))
        try:
            work(root)
        except WriteError:
            pass
        except BaseException as error:
            os._exit(255)
        os._exit(calls)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def copy(number):
    return shutil.copytree(base, out / number)

def apply(root):
    apply_patch(patch, root)

for first in count(1):
    if mode == "apply":
        end = forked(apply, copy(f"{first}"), kill_at=first)
        assert end != 255
        if end != KILLED:
            break
        continue
    for second in count(1):
        root = copy(f"{first}-{second}")
        if mode == "recover":
            end = forked(apply, root, kill_at=first)
            again = forked(recover_if_needed, root, kill_at=second)
        else:
            end = again = forked(apply, root, fail_at=first, kill_at=first + second)
        assert end != 255 and again != 255
        if again != KILLED:
            break
    if end != KILLED and end < first:
        break
"""


def killed_everywhere(folder: Path, mode: str, old: Files = OLD, new: Files = NEW) -> list[Path]:
    """The projects that killed processes left behind."""
    base = write(folder / "base", old)
    out = folder / "killed"
    out.mkdir()
    edits = [asdict(edit) for edit in the_patch(old, new).edits]
    in_python(KILLER, base, out, json.dumps(mode), json.dumps(edits), json.dumps(SYSCALLS))
    return sorted(out.iterdir())


SMALL_OLD: Files = {"a.sql": b"1", "b.sql": b"2"}
SMALL_NEW: Files = {"a.sql": b"1\n", "new/c.sql": b"3"}


@pytest.mark.parametrize(
    ("mode", "old", "new", "at_least"),
    [
        ("apply", OLD, NEW, 25),
        pytest.param("recover", SMALL_OLD, SMALL_NEW, 100, marks=pytest.mark.long),
        pytest.param("fault", SMALL_OLD, SMALL_NEW, 100, marks=pytest.mark.long),
    ],
    ids=["the write", "the write and its recovery", "the undoing"],
)
def test_a_process_killed_at_any_step_leaves_all_or_nothing(
    folder: Path, mode: str, old: Files, new: Files, at_least: int
):
    roots = killed_everywhere(folder, mode, old, new)

    ends = []
    for root in roots:
        finished = recover_if_needed(root)
        after = content(root)
        assert after in (old, new), root.name
        assert not finished or after == new
        assert leftovers(root) == []
        assert recover_if_needed(root) == []
        ends.append(after == new)
    assert len(roots) >= at_least
    assert True in ends
    assert False in ends


@pytest.fixture(scope="module")
def killed_once() -> Iterator[Path]:
    """The folder of what a patch left that was killed at each of its steps in turn."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        killed_everywhere(Path(name), "apply")
        yield Path(name) / "killed"


@pytest.fixture
def killed(killed_once: Path, folder: Path) -> list[Path]:
    """A copy of that for one test: the projects, each with what was left."""
    return sorted(shutil.copytree(killed_once, folder / "killed").iterdir())


def test_the_next_patch_finishes_the_killed_one_first(killed: list[Path]):
    for root in killed:
        path = root / "models/untouched.sql"
        apply_patch(Patch((FileEdit("models/untouched.sql", digest("select 2"), "select 3"),)), root)

        assert path.read_bytes() == b"select 3"
        path.write_bytes(OLD["models/untouched.sql"])
        assert content(root) in (OLD, NEW)
        assert leftovers(root) == []


@pytest.mark.parametrize("mine", [b"mine", b"\xff\xfe no text", None], ids=["text", "binary", "removed"])
@pytest.mark.parametrize("name", ["models/a.sql", "models/old.sql", "models/new/deep/c.sql"])
def test_what_a_person_did_between_the_kill_and_the_recovery_is_kept(
    killed: list[Path], name: str, mine: bytes | None
):
    for root in killed:
        if mine is None:
            (root / name).unlink(missing_ok=True)
        else:
            write(root, {name: mine})
        was_there = name in OLD

        recover_if_needed(root)

        after = content(root)
        # A new file that is not there may be one that was not written yet: then it is finished.
        if mine is not None or was_there:
            assert after.pop(name, None) == mine
        else:
            assert after.pop(name, None) in (None, NEW[name])
        assert after in [{n: c for n, c in files.items() if n != name} for files in (OLD, NEW)]
        assert leftovers(root) == []


def test_the_files_that_were_finished_are_named(killed: list[Path]):
    finished = [recover_if_needed(root) for root in killed]

    assert the_patch().paths() in finished
    assert ["models/old.sql"] in finished


def test_recovering_where_nothing_happened_makes_nothing(tmp_path: Path):
    assert recover_if_needed(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_broken_journal_is_explained(project: Path):
    write(project, {".aidbt/write.json": b"[{"})

    with pytest.raises(WriteError, match=r"\.aidbt/write\.json, cannot be read") as caught:
        recover_if_needed(project)
    assert "remove it" in (caught.value.hint or "")
    assert content(project) == OLD


# --- two processes ------------------------------------------------------------------------------------


@contextlib.contextmanager
def another_process_writing(root: Path) -> Iterator[subprocess.Popen[str]]:
    """Inside, another process holds the write lock of a project."""
    code = """\
import sys
from pathlib import Path
from aidbt.core.patch import write_lock
with write_lock(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield process
        process.communicate()


def test_a_second_writer_is_told_to_wait(project: Path):
    with another_process_writing(project):
        with pytest.raises(StoreBusy, match="another aidbt process is writing in this project") as caught:
            apply_patch(the_patch(), project)
        assert caught.value.retryable
        assert content(project) == OLD

    apply_patch(the_patch(), project)
    assert content(project) == NEW


def test_a_lock_dies_with_its_process(project: Path):
    with another_process_writing(project) as process:
        process.kill()
        process.wait()
        apply_patch(the_patch(), project)

    assert content(project) == NEW


def test_reading_while_another_process_writes_is_no_error_and_recovering_waits(project: Path):
    with another_process_writing(project):
        assert recover_if_needed(project) == []

        (project / ".aidbt/staged/abc").mkdir(parents=True)
        with pytest.raises(StoreBusy):
            recover_if_needed(project)
    assert recover_if_needed(project) == []
    assert leftovers(project) == []


def test_the_lock_is_not_reentrant_and_is_free_afterwards(tmp_path: Path):
    with write_lock(tmp_path), pytest.raises(StoreBusy), write_lock(tmp_path):
        pass
    with write_lock(tmp_path):
        assert recover(tmp_path) == []


def test_of_many_processes_that_change_one_file_at_once_exactly_one_does(project: Path):
    code = """\
import sys, time
from pathlib import Path
from aidbt.core.errors import EditConflict, StoreBusy
from aidbt.core.patch import FileEdit, Patch, apply_patch, digest
edit = FileEdit("models/a.sql", digest("select 1\\n"), sys.argv[2])
sys.stdin.readline()
while True:
    try:
        apply_patch(Patch((edit,)), Path(sys.argv[1]))
        print("wrote " + sys.argv[2])
    except StoreBusy:
        continue
    except EditConflict:
        print("conflict")
    break
"""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(project), f"select {number}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for number in range(4)
    ]  # fmt: skip
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0].strip() for process in processes]

    winners = [text.removeprefix("wrote ") for text in said if text != "conflict"]
    assert len(winners) == 1
    assert (project / "models/a.sql").read_text() == winners[0]
    assert leftovers(project) == []


def test_without_file_locks_of_the_operating_system_there_is_an_error_and_no_silence(
    project: Path, monkeypatch: pytest.MonkeyPatch
):
    """Some network file systems have no locks."""
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)

    with pytest.raises(WriteError, match="No locks available"):
        apply_patch(the_patch(), project)
    assert content(project) == OLD
