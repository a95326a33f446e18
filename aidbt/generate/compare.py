"""What becomes of one generated file: written, updated, merged with a person's edit, proposed or left alone.

Three texts are compared: what was written last (the base), what stands there now, and what the decisions
make of it. The base is known by its hash from the lock; its text comes from the store or from git.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aidbt.core.patch import FileEdit, digest, read_or_none
from aidbt.generate.lock import Written
from aidbt.patching.merge import Conflict, merge_texts

State = Literal[
    "written",  # it was not there
    "updated",  # untouched since we wrote it, and the decisions changed
    "merged",  # edited by a person, and what is new went in beside the edit
    "unchanged",
    "edited",  # edited by a person, and there is nothing new
    "older",  # written by another version of aidbt; the decisions are the same
    "deleted",  # removed by hand
    "conflict",  # the person's edit and what is new touch the same lines
    "proposal",  # it is a person's file, or its base is not known
]
REASONS: dict[State, str] = {
    "written": "generated",
    "updated": "decisions changed",
    "merged": "decisions changed; your edit stays",
}
WRITES: tuple[State, ...] = ("written", "updated", "merged")


@dataclass(frozen=True, slots=True)
class Desired:
    """A file as the decisions make it.

    Attributes:
        path: relative to the project, forward slashes.
        decided: the hash of the decisions behind it.
    """

    path: str
    text: str
    decided: str


@dataclass(frozen=True, slots=True)
class Compared:
    """What becomes of a file.

    Attributes:
        path: where it stands; not where it was written when somebody moved it.
        text: what to write or to propose; None when there is nothing.
        edit: the change, for the states that write.
        lock: what the lock is to say of it; None takes it out.
    """

    path: str
    state: State
    text: str | None = None
    edit: FileEdit | None = None
    lock: Written | None = None
    conflicts: tuple[Conflict, ...] = ()


def compare(
    desired: Desired,
    root: Path,
    known: Written | None,
    base: Callable[[str], str | None],
    *,
    upgrade: bool = False,
    restore: bool = False,
) -> Compared:
    """What becomes of a generated file.

    Args:
        known: what the lock says of it.
        base: the text behind a digest, None where nobody has it any more.
        upgrade: whether what only another version of aidbt writes differently may change.
        restore: whether a file that was removed by hand is written again.
    """
    path, text = desired.path, desired.text
    new = Written(digest(text), desired.decided)
    before = read_or_none(root / path)
    if before is None:
        if known is not None and not restore:
            return Compared(path, "deleted", text, lock=known)
        return _writing(path, "written", None, text, new)
    content = _with_plain_line_ends(before)
    if content == text:
        return Compared(path, "unchanged", lock=new)
    if known is None:
        return Compared(path, "proposal", text)
    is_same_decision = bool(known.decided) and known.decided == desired.decided
    if known.text == digest(content):
        if is_same_decision and not upgrade:
            return Compared(path, "older", text, lock=known)
        return _writing(path, "updated", before, _with_line_ends_of(before, text), new)
    if known.text == new.text or (is_same_decision and not upgrade):
        return Compared(path, "edited", lock=known)
    written = base(known.text)
    if written is None:
        return Compared(path, "proposal", text, lock=known)
    merged = merge_texts(written, before, text)
    if merged.text is None:
        return Compared(path, "conflict", merged.marked, lock=known, conflicts=merged.conflicts)
    if merged.text == before:  # the person made the same change
        return Compared(path, "edited", lock=new)
    return _writing(path, "merged", before, merged.text, new)


def _writing(path: str, state: State, before: str | None, text: str, lock: Written) -> Compared:
    read = digest(before) if before is not None else None
    return Compared(path, state, text, FileEdit(path, read, text, REASONS[state], before), lock)


def _with_plain_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n")  # git may have changed them


def _with_line_ends_of(before: str, text: str) -> str:
    return text.replace("\n", "\r\n") if "\r\n" in before else text


def place_of(path: str, root: Path, lock: Iterable[str], files: Iterable[str]) -> str:
    """Where a generated model stands: where it is written, else where somebody moved it. Models are found by
    their names, which are unique in a project.

    Args:
        lock: the paths that the lock lists.
        files: the project's other files.
    """
    if (root / path).exists() or not path.endswith(".sql"):
        return path
    name = path.rpartition("/")[2]
    known = [other for other in lock if other.rpartition("/")[2] == name]
    if not known:
        return path
    found = [p for p in (*known, *files) if p.rpartition("/")[2] == name and (root / p).exists()]
    return found[0] if found else path
