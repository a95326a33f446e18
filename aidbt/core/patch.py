"""Changes to files as values, and writing them: all of them or none.

`apply_patch` takes a lock, checks that no file changed since it was read, stages every new text, notes
the whole write in a journal, then moves the staged files into place. A process killed before the journal
is there has changed nothing; one killed after it is finished by `recover`, which the next command calls.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aidbt.core.errors import EditConflict, StoreBusy, WriteError

STATE_DIR = ".aidbt"
_JOURNAL = "write.json"


@dataclass(frozen=True, slots=True)
class FileEdit:
    """One file's change.

    Attributes:
        path: relative to the project, with forward slashes.
        before: the digest of the text that was read; None when there was no file.
        after: the new text; None removes the file.
        reason: why, in a few words, for the person who reads the list.
        undo: the text that puts it back; None when undoing removes the file.
    """

    path: str
    before: str | None
    after: str | None
    reason: str = ""
    undo: str | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    """Edits that belong together: written whole or not at all."""

    edits: tuple[FileEdit, ...] = ()
    reason: str = ""

    def paths(self) -> list[str]:
        """The files it changes, in order."""
        return [edit.path for edit in self.edits]


def digest(text: str) -> str:
    """The name git gives to this text as a blob, so that the text can be found in git by its digest.

    Example:
        >>> digest("hello\\n")
        'ce013625030ba8dba906f756967f9e9ca394464a'
    """
    data = text.encode()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def read_or_none(path: Path) -> str | None:
    """The exact text of a file (line ends kept), or None when there is none.

    Raises:
        WriteError: it exists but cannot be read as UTF-8 text.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise WriteError(f"{path} cannot be read: {error}", hint="is it a text file you may read?") from error


def apply_patch(patch: Patch, root: Path) -> list[str]:
    """Write every edit of `patch` under `root`, or none of them.

    Returns:
        The paths written, in order.

    Raises:
        EditConflict: a file is no longer as it was read; nothing was written.
        WriteError: the disk is full, or a file may not be written; nothing was written.
        StoreBusy: another aidbt process is writing in this project.
    """
    if not patch.edits:
        return []
    with write_lock(root):
        recover(root)
        for edit in patch.edits:
            _check_unchanged(edit, root)
        stage = root / STATE_DIR / "staged" / uuid.uuid4().hex
        try:
            steps = _stage(patch, root, stage)
        except OSError as error:
            shutil.rmtree(stage, ignore_errors=True)
            raise _write_error(error) from error
        try:
            _move_into_place(steps, root)
        except OSError as error:
            _undo(patch, root)
            _forget(root, stage)
            raise _write_error(error) from error
        _forget(root, stage)
    return patch.paths()


def _check_unchanged(edit: FileEdit, root: Path) -> None:
    text = read_or_none(root / edit.path)
    now = None if text is None else digest(text)
    if now != edit.before:
        what = "was removed" if now is None else "appeared" if edit.before is None else "was changed"
        raise EditConflict(
            f"{edit.path} {what} while it was being worked on; nothing was written",
            hint="run the command again",
        )


def _stage(patch: Patch, root: Path, stage: Path) -> list[dict[str, str | None]]:
    """Write every new text beside the project and the journal last: until it is there, nothing happened."""
    stage.mkdir(parents=True)
    steps: list[dict[str, str | None]] = []
    for number, edit in enumerate(patch.edits):
        staged = None
        if edit.after is not None:
            staged = f"{stage.relative_to(root).as_posix()}/{number}"
            _write_through(root / staged, edit.after)
        steps.append({"path": edit.path, "staged": staged, "before": edit.before})
    for edit in patch.edits:
        (root / edit.path).parent.mkdir(parents=True, exist_ok=True)
    _write_through(stage / _JOURNAL, json.dumps(steps))
    os.replace(stage / _JOURNAL, root / STATE_DIR / _JOURNAL)
    _sync_folder(root / STATE_DIR)
    return steps


def _move_into_place(steps: list[dict[str, str | None]], root: Path) -> None:
    for step in steps:
        path = root / str(step["path"])
        if step["staged"] is None:
            path.unlink(missing_ok=True)
        else:
            os.replace(root / step["staged"], path)
    for folder in {(root / str(step["path"])).parent for step in steps}:
        _sync_folder(folder)


def _undo(patch: Patch, root: Path) -> None:
    """Put back what was already moved, as far as the disk allows."""
    for edit in patch.edits:
        path = root / edit.path
        text = read_or_none(path)
        if (None if text is None else digest(text)) == edit.before:
            continue
        if edit.before is None:
            path.unlink(missing_ok=True)
        elif edit.undo is not None:
            _write_through(path, edit.undo)


def _forget(root: Path, stage: Path) -> None:
    (root / STATE_DIR / _JOURNAL).unlink(missing_ok=True)
    shutil.rmtree(stage, ignore_errors=True)


def recover(root: Path) -> list[str]:
    """Finish the write of a process that was killed after its journal was complete.

    A file that a person changed since then is left as it is. Leftovers of a write that never got so far
    are removed. Call it with the write lock held, or through `recover_if_needed`.

    Returns:
        The paths that were finished now.
    """
    finished: list[str] = []
    journal = root / STATE_DIR / _JOURNAL
    text = read_or_none(journal)
    for step in json.loads(text) if text else []:
        path, staged = root / step["path"], step["staged"]
        current = read_or_none(path)
        if (None if current is None else digest(current)) != step["before"]:
            continue
        if staged is not None and (root / staged).exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(root / staged, path)
            finished.append(step["path"])
        elif staged is None and current is not None:
            path.unlink()
            finished.append(step["path"])
    journal.unlink(missing_ok=True)
    shutil.rmtree(root / STATE_DIR / "staged", ignore_errors=True)
    return finished


def recover_if_needed(root: Path) -> list[str]:
    """`recover` under the write lock, when a killed process left anything; else nothing, at no cost.

    Raises:
        StoreBusy: another aidbt process is writing right now.
    """
    state = root / STATE_DIR
    if not (state / _JOURNAL).exists() and not (state / "staged").exists():
        return []
    with write_lock(root):
        return recover(root)


@contextlib.contextmanager
def write_lock(root: Path) -> Iterator[None]:
    """Hold the project's write lock; the operating system frees it when the process dies.

    Raises:
        StoreBusy: another process holds it.
        WriteError: the project folder cannot be written to.
    """
    path = root / STATE_DIR / "write.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise _write_error(error) from error
    try:
        if not _try_lock(handle):
            raise StoreBusy(
                "another aidbt process is writing in this project",
                hint="wait for it to finish, then run this again",
            )
        yield
    finally:
        os.close(handle)  # frees the lock


def _try_lock(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows has no fcntl
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise
    return True


def _write_through(path: Path, text: str) -> None:
    with path.open("wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    if os.name == "nt":  # folders cannot be synced there
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_error(error: OSError) -> WriteError:
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return WriteError(
            f"the disk is full{where}; no file was changed", hint="free some space and run the command again"
        )
    if error.errno == errno.EXDEV:
        return WriteError(
            f"a file lies on another disk than the folder {STATE_DIR}{where}; no file was changed",
            hint="keep models and .aidbt on one file system",
        )
    return WriteError(
        f"a file cannot be written: {error.strerror}{where}; no file was changed",
        hint="check the permissions of the project folder",
    )
