"""What changed in the files of a project since it last ran well, line by line."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aidbt.core.errors import ProjectError
from aidbt.patching.checkout import checked_out
from aidbt.project import Project

_SUFFIXES = frozenset((".sql", ".yml", ".yaml", ".py", ".csv", ".md", ".jinja"))
_LARGEST = 300_000  # bytes of a file whose text is kept
_LEFT_OUT = frozenset(("target", "dbt_packages", "dbt_modules", "logs", ".git", ".aidbt", "node_modules"))
_ROOT_FILES = ("dbt_project.yml", "packages.yml", "dependencies.yml", "package-lock.yml", "selectors.yml")


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines that were replaced by others; the first line of a file is 1.

    Attributes:
        old_start, new_start: where the lines stand; where there are none, the line they would follow + 1.
    """

    old_start: int
    old: tuple[str, ...]
    new_start: int
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileChange:
    """What changed in one file.

    Attributes:
        path: relative to the project.
        before, after: its texts; None where there was, or is, no file.
    """

    path: str
    kind: Literal["added", "modified", "deleted"]
    hunks: tuple[Hunk, ...]
    before: str | None
    after: str | None

    @property
    def lines(self) -> str:
        """Where the changed lines stand now, e.g. "4-6, 9"."""
        spans = [
            f"{h.new_start}-{h.new_start + len(h.new) - 1}" if len(h.new) > 1 else str(h.new_start)
            for h in self.hunks
        ]
        return ", ".join(spans[:4]) + (", …" if len(spans) > 4 else "")


@dataclass(frozen=True, slots=True)
class CodeChanges:
    """What changed in a project.

    Attributes:
        since: what it is compared with, in words; "" when it could be compared with nothing.
        is_since_good: whether that is the last good state, and not merely the commit before.
    """

    files: tuple[FileChange, ...] = ()
    since: str = ""
    is_since_good: bool = False

    def of(self, path: str) -> FileChange | None:
        """What changed in one file."""
        return next((change for change in self.files if change.path == path), None)


def project_texts(project: Project) -> dict[str, str]:
    """Path → text of the files that make a dbt project; of seeds the large ones are left out, and so are
    packages, artifacts and logs."""
    found = {}
    for path in _files(project):
        try:
            if path.stat().st_size <= _LARGEST:
                found[path.relative_to(project.root).as_posix()] = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
    return found


def _files(project: Project) -> Iterator[Path]:
    for name in _ROOT_FILES:
        if (project.root / name).is_file():
            yield project.root / name
    folders = [folder for key in ("model", "seed", "snapshot", "macro") for folder in project.paths(key)]
    folders += [project.root / str(name) for name in project.config.get("test-paths") or ("tests",)]
    folders += [project.root / str(name) for name in project.config.get("analysis-paths") or ("analyses",)]
    for folder in dict.fromkeys(folders):
        if not folder.is_relative_to(project.root):
            continue
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(project.root).parts
            if path.suffix in _SUFFIXES and path.is_file() and _LEFT_OUT.isdisjoint(inside):
                yield path


def changes_since_good(project: Project, texts: Mapping[str, str], commit: str) -> CodeChanges:
    """What changed since the last good state."""
    since = f"the last good state (commit {commit[:10]})" if commit else "the last good state"
    return CodeChanges(tuple(changed_files(texts, project_texts(project))), since, is_since_good=True)


def changes_of_last_commit(project: Project) -> CodeChanges:
    """What the last commit changed, and what was changed since without a commit; nothing without git."""
    try:
        with checked_out(project.root, "HEAD~1") as folder:
            before = Project(folder, project.name, project.config)
            texts = project_texts(before)
    except ProjectError:
        return CodeChanges()
    return CodeChanges(tuple(changed_files(texts, project_texts(project))), "the commit before the last")


def changed_files(before: Mapping[str, str], after: Mapping[str, str]) -> list[FileChange]:
    """What differs between two sets of files."""
    found = []
    for path in sorted({*before, *after}):
        old, new = before.get(path), after.get(path)
        if old == new:
            continue
        kind: Literal["added", "modified", "deleted"] = (
            "added" if old is None else "deleted" if new is None else "modified"
        )
        hunks = hunks_of((old or "").splitlines(), (new or "").splitlines())
        found.append(FileChange(path, kind, tuple(hunks), old, new))
    return found


def hunks_of(old: Sequence[str], new: Sequence[str]) -> list[Hunk]:
    """The replaced lines.

    Example:
        >>> hunks_of(["select a", "from t"], ["select b", "from t"])
        [Hunk(old_start=1, old=('select a',), new_start=1, new=('select b',))]
    """
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return [
        Hunk(i + 1, tuple(old[i:i_end]), j + 1, tuple(new[j:j_end]))
        for tag, i, i_end, j, j_end in matcher.get_opcodes()
        if tag != "equal"
    ]


def replaced_words(change: FileChange, words: Collection[str] = ()) -> list[tuple[str, str]]:
    """(old, new) of each single word that a change of a file replaced, what stands around it being the same.

    Args:
        words: only pairs whose new word is one of these, compared without case; all when empty.
    """
    wanted = {word.casefold() for word in words}
    found = []
    for hunk in change.hunks:
        for old, new in zip(hunk.old, hunk.new, strict=False):
            for pair in _word_changes(old, new):
                if not wanted or pair[1].casefold() in wanted:
                    found.append(pair)
    return list(dict.fromkeys(found))


def _word_changes(old: str, new: str) -> Iterator[tuple[str, str]]:
    a, b = _words(old), _words(new)
    for tag, i, i_end, j, j_end in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "replace" and i_end - i == 1 and j_end - j == 1:
            yield a[i], b[j]


def _words(line: str) -> list[str]:
    found, word = [], ""
    for letter in line:
        if letter.isalnum() or letter == "_":
            word += letter
            continue
        if word:
            found.append(word)
            word = ""
        if not letter.isspace():
            found.append(letter)
    return [*found, word] if word else found
