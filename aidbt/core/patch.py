"""Changes to files as values, and writing them: all of them or none.

`apply_patch` takes a lock, checks that no file changed since it was read, stages every new text beside a
link to the old one, notes the whole write in a journal, then moves the staged files into place. A process
killed before the journal is there has changed nothing; one killed after it is finished by `recover`, which
the next command calls. When a file cannot be moved, the journal is renamed, and from then on everything is
put back: by this process, or by `recover`.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import stat
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from aidbt.core.errors import EditConflict, StoreBusy, WriteError

STATE_DIR = ".aidbt"
_JOURNAL = "write.json"
_UNDO_JOURNAL = "undo.json"
_STAGED = "staged"
_LOCK_POLL_S = 0.1


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
    return _digest_of(text.encode())


def _digest_of(data: bytes) -> str:
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
        for number, edit in enumerate(patch.edits):
            if edit.path in patch.paths()[:number]:
                raise WriteError(f"{edit.path} stands twice in one patch; no file was changed")
        stage = root / STATE_DIR / _STAGED / uuid.uuid4().hex
        try:
            steps = _stage(patch, root, stage)
        except OSError as error:
            _forget(root)
            raise _write_error(error) from error
        except EditConflict:
            _forget(root)
            raise
        try:
            _move_into_place(steps, root)
        except (OSError, EditConflict) as error:
            _take_back(steps, root)
            if isinstance(error, OSError):
                raise _write_error(error) from error
            raise
        _forget(root)
    return patch.paths()


@dataclass(frozen=True, slots=True)
class _Step:
    """What the journal notes of one edit: digests, and where the new text and the old file are staged.

    `staged` is None when the file is removed, `kept` when there was none.
    """

    path: str
    before: str | None
    after: str | None
    staged: str | None
    kept: str | None


def _stage(patch: Patch, root: Path, stage: Path) -> list[_Step]:
    """Write every new text beside the project and the journal last: until it is there, nothing happened."""
    for edit in patch.edits:
        _check_unchanged(edit.path, edit.before, root)
    stage.mkdir(parents=True)
    folder = stage.relative_to(root).as_posix()
    steps: list[_Step] = []
    for number, edit in enumerate(patch.edits):
        path = _place(root, edit.path)
        kept = f"{folder}/{number}.old" if edit.before is not None else None
        staged = f"{folder}/{number}" if edit.after is not None else None
        if kept:
            _keep(path, root / kept)
        if staged and edit.after is not None:
            _write_through(root / staged, edit.after.encode())
            if kept:
                os.chmod(root / staged, stat.S_IMODE(path.stat().st_mode))
        after = None if edit.after is None else digest(edit.after)
        steps.append(_Step(edit.path, edit.before, after, staged, kept))
    for step in steps:
        _place(root, step.path).parent.mkdir(parents=True, exist_ok=True)
    _write_through(stage / _JOURNAL, json.dumps([asdict(step) for step in steps]).encode())
    _sync_folder(stage)
    os.replace(stage / _JOURNAL, root / STATE_DIR / _JOURNAL)
    _sync_folder(root / STATE_DIR)
    return steps


def _keep(path: Path, kept: Path) -> None:
    """The old file under a second name, so that putting it back needs no room on the disk."""
    try:
        os.link(path, kept)
    except OSError:  # a file system without hard links, or a file on another one
        _write_through(kept, path.read_bytes())


def _move_into_place(steps: list[_Step], root: Path) -> None:
    for step in steps:
        # Staging many files takes long enough for a person to save one of them.
        _check_unchanged(step.path, step.before, root)
        if step.staged is not None:
            os.replace(root / step.staged, _place(root, step.path))
        elif step.before is not None:
            (root / step.path).unlink()
    _sync_folders(steps, root)


def _take_back(steps: list[_Step], root: Path) -> None:
    """Undo a write that an error stopped.

    Raises:
        WriteError: that failed as well; the next command goes on with it.
    """
    try:
        os.replace(root / STATE_DIR / _JOURNAL, root / STATE_DIR / _UNDO_JOURNAL)
        _put_back(steps, root)
    except OSError as error:
        raise WriteError(
            f"files could not be written, and not all were put back: {error.strerror}",
            hint="when the disk can be written to again, the next aidbt command in this project completes it",
        ) from error
    _forget(root)


def _put_back(steps: list[_Step], root: Path) -> None:
    """Every file that is as the write left it becomes what it was; what a person wrote since then stays."""
    for step in steps:
        now = _digest_now(root / step.path)
        if now == step.before or now != step.after:
            continue
        if step.kept is None:
            (root / step.path).unlink()
        elif (root / step.kept).exists():
            os.replace(root / step.kept, _place(root, step.path))
    _sync_folders(steps, root)


def _finish(steps: list[_Step], root: Path) -> list[str]:
    """Every file that is as it was before the write becomes what was staged for it."""
    finished: list[str] = []
    for step in steps:
        now = _digest_now(root / step.path)
        if now != step.before:
            continue
        if step.staged is not None and (root / step.staged).exists():
            path = _place(root, step.path)
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(root / step.staged, path)
            finished.append(step.path)
        elif step.staged is None and now is not None:
            (root / step.path).unlink()
            finished.append(step.path)
    _sync_folders(steps, root)
    return finished


def _check_unchanged(path: str, before: str | None, root: Path) -> None:
    now = _digest_now(root / path)
    if now != before:
        what = "was removed" if now is None else "appeared" if before is None else "was changed"
        raise EditConflict(
            f"{path} {what} while it was being worked on; nothing was written",
            hint="run the command again",
        )


def _digest_now(path: Path) -> str | None:
    """The digest of what stands there now, whatever it is; None when there is nothing."""
    try:
        return _digest_of(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except IsADirectoryError:
        return "a folder"


def _place(root: Path, path: str) -> Path:
    """Where the file really is: a link stays a link."""
    full = root / path
    return full.resolve() if full.is_symlink() else full


def _forget(root: Path) -> None:
    """Remove every trace of a write that is over. What cannot be removed now is removed by the next one."""
    state = root / STATE_DIR
    with contextlib.suppress(OSError):
        (state / _JOURNAL).unlink(missing_ok=True)
        (state / _UNDO_JOURNAL).unlink(missing_ok=True)
        _sync_folder(state)
    shutil.rmtree(state / _STAGED, ignore_errors=True)


def recover(root: Path) -> list[str]:
    """Finish the write of a process that was killed after its journal was complete, or its undoing.

    A file that a person changed since then is left as it is. Leftovers of a write that never got so far
    are removed. Call it with the write lock held, or through `recover_if_needed`.

    Returns:
        The paths that were finished now; none when a write was undone.

    Raises:
        WriteError: the journal cannot be read, or a file cannot be written.
    """
    state = root / STATE_DIR
    finished: list[str] = []
    try:
        if (state / _UNDO_JOURNAL).exists():
            _put_back(_steps_in(state / _UNDO_JOURNAL), root)
        elif (state / _JOURNAL).exists():
            finished = _finish(_steps_in(state / _JOURNAL), root)
    except OSError as error:
        raise _write_error(error, "an interrupted write could not be completed") from error
    _forget(root)
    return finished


def _steps_in(journal: Path) -> list[_Step]:
    try:
        return [_Step(**step) for step in json.loads(journal.read_bytes())]
    except (ValueError, TypeError) as error:
        raise WriteError(
            f"the journal of an interrupted write, {journal}, cannot be read",
            hint="compare your files with git, then remove it",
        ) from error


def recover_if_needed(root: Path) -> list[str]:
    """`recover` under the write lock, when a killed process left anything; else nothing, at no cost.

    Raises:
        StoreBusy: another aidbt process is writing right now.
        WriteError: an interrupted write could not be completed.
    """
    state = root / STATE_DIR
    if not any((state / name).exists() for name in (_JOURNAL, _UNDO_JOURNAL, _STAGED)):
        return []
    with write_lock(root):
        return recover(root)


def state_dir(root: Path) -> Path:
    """The folder of what aidbt keeps for itself in a project, made when it is missing; git ignores it.

    Raises:
        OSError: it cannot be made.
    """
    folder = root / STATE_DIR
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)  # another process may have been faster
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    return folder


@contextlib.contextmanager
def write_lock(root: Path) -> Iterator[None]:
    """Hold the project's write lock; the operating system frees it when the process dies.

    Raises:
        StoreBusy: another process holds it.
        WriteError: the project folder cannot be written to.
    """
    with contextlib.ExitStack() as stack:
        try:
            free = stack.enter_context(file_lock(state_dir(root) / "write.lock"))
        except OSError as error:
            raise _write_error(error) from error
        if not free:
            raise StoreBusy(
                "another aidbt process is writing in this project",
                hint="wait for it to finish, then run this again",
            )
        yield


@contextlib.contextmanager
def file_lock(path: Path, *, wait_s: float = 0.0) -> Iterator[bool]:
    """Hold a lock on a file, which is made when it is missing; gives whether it was free within that time.

    The operating system frees it when the process dies.

    Raises:
        OSError: the file cannot be made or locked.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        deadline = time.monotonic() + wait_s
        while not (free := _try_lock(handle)) and time.monotonic() < deadline:
            time.sleep(_LOCK_POLL_S)
        yield free
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


def _write_through(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folders(steps: list[_Step], root: Path) -> None:
    for folder in {_place(root, step.path).parent for step in steps}:
        if folder.is_dir():
            _sync_folder(folder)


def _sync_folder(path: Path) -> None:
    if os.name == "nt":  # folders cannot be synced there
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_error(error: OSError, outcome: str = "no file was changed") -> WriteError:
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return WriteError(
            f"the disk is full{where}; {outcome}", hint="free some space and run the command again"
        )
    if error.errno == errno.EXDEV:
        return WriteError(
            f"a file lies on another disk than the folder {STATE_DIR}{where}; {outcome}",
            hint="keep models and .aidbt on one file system",
        )
    return WriteError(
        f"a file cannot be written: {error.strerror}{where}; {outcome}",
        hint="check the permissions of the project folder",
    )
