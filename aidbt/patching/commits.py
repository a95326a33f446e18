"""Commits made without touching what is checked out, and the two ways a clean checkout follows one.

A commit is put together from blobs in an index of its own, so neither files nor the stage of a person change,
and no hook runs. It has no branch until it is given one, and the same edits at the same time on the same
commit give the same commit: a process that was killed makes it again.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aidbt.core.config import environment
from aidbt.core.errors import EditConflict, ProjectError
from aidbt.core.patch import FileEdit, Patch
from aidbt.patching.checkout import TIMEOUT_S

_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true", "LC_ALL": "C"}
_AUTHOR, _MAIL = "aidbt", "aidbt@localhost"
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_NOBODY = "0" * 40


@dataclass(frozen=True, slots=True)
class Head:
    """What is checked out.

    Attributes:
        branch: "" for a detached head.
        dirty: paths that differ from the commit, those that git does not know left out.
    """

    commit: str
    branch: str
    dirty: tuple[str, ...] = ()


def head(root: Path) -> Head:
    """What is checked out in the repository around `root`.

    Raises:
        ProjectError: there is no git, no repository or no commit.
    """
    commit = _git(root, "rev-parse", "--verify", "HEAD^{commit}").strip()
    branch = _run(root, "symbolic-ref", "--quiet", "--short", "HEAD")
    listed = _git(root, "status", "--porcelain", "-z", "--untracked-files=no").split("\0")
    return Head(
        commit,
        branch.stdout.strip() if branch.returncode == 0 else "",
        tuple(line[3:] for line in listed if line[3:]),
    )


def untracked(root: Path, folders: Sequence[str]) -> tuple[str, ...]:
    """Files in some folders below `root` that git neither knows nor ignores; none where there is no git."""
    found = _run(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *folders)
    return tuple(name for name in found.stdout.split("\0") if name) if found.returncode == 0 else ()


def commit_patch(root: Path, patch: Patch, *, base: str, message: str, at: datetime) -> str:
    """A commit of the edits on top of `base`; what is checked out stays as it is.

    Args:
        root: the folder that the patch's paths start at; inside a repository.
        at: its date.

    Raises:
        EditConflict: a file of the patch is another one in `base` than the one that was edited.
        ProjectError: git cannot do it.
    """
    prefix = _git(root, "rev-parse", "--show-prefix").strip()
    with tempfile.TemporaryDirectory(prefix="aidbt-index-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        _git(root, "read-tree", base, more=index)
        for edit in patch.edits:
            _check(root, base, prefix, edit)
            _stage(root, prefix, edit, base, index)
        tree = _git(root, "write-tree", more=index).strip()
    return _commit(root, tree, base, message, at)


def commit_undoing(root: Path, commit: str, *, base: str, message: str, at: datetime) -> str:
    """A commit on top of `commit` with the files of `base`.

    Raises:
        ProjectError: git cannot do it.
    """
    tree = _git(root, "rev-parse", "--verify", f"{base}^{{tree}}").strip()
    return _commit(root, tree, commit, message, at)


def set_branch(root: Path, branch: str, commit: str, *, was: str | None = None) -> None:
    """Let a branch stand at a commit, made where it is not there; it must not be checked out.

    Args:
        was: the commit that it has stood at until now; "" when it was not there; None for any.

    Raises:
        ProjectError: it stands elsewhere, is checked out, or git cannot do it.
    """
    if not _BRANCH.fullmatch(branch):
        raise ProjectError(f"'{branch}' is no name for a branch")
    if any(f"branch refs/heads/{branch}" == line for line in _worktrees(root)):
        raise ProjectError(
            f"branch '{branch}' is checked out, so it is not moved", hint="check out another branch first"
        )
    old = [] if was is None else [was or _NOBODY]
    _git(root, "update-ref", "-m", "aidbt heal", f"refs/heads/{branch}", commit, *old)


def branch_commit(root: Path, branch: str) -> str:
    """The commit that a branch stands at; "" when there is no such branch."""
    found = _run(root, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}")
    return found.stdout.strip() if found.returncode == 0 else ""


def follow(root: Path, commit: str, *, branch: str, base: str) -> None:
    """Move the checked-out branch, and the files, from `base` on to a commit that descends from it.

    Raises:
        EditConflict: the branch, the commit or a file is no longer what it was; nothing was changed.
        ProjectError: git cannot do it.
    """
    now = head(root)
    if (now.branch, now.commit) != (branch, base):
        where = f"'{now.branch}' at {now.commit[:10]}" if now.branch else f"{now.commit[:10]}, detached"
        raise EditConflict(
            f"checked out is {where}, not '{branch}' at {base[:10]}; nothing was changed",
            hint="run the command again",
        )
    if now.dirty:
        raise EditConflict(
            f"{now.dirty[0]} has changes that are not committed; nothing was changed",
            hint="commit or stash them, then run the command again",
        )
    _git(root, "merge", "--ff-only", "--quiet", commit)


def user(root: Path) -> str:
    """git's `user.email` in that folder; "" where none is set, or git cannot be run."""
    try:
        return _run(root, "config", "user.email").stdout.strip()
    except ProjectError:
        return ""


def is_ours(root: Path, commit: str) -> bool:
    """Whether a commit was made by `commit_patch`, and so may be replaced by another one.

    Raises:
        ProjectError: git does not know it.
    """
    return _git(root, "log", "-1", "--format=%ae", commit).strip() == _MAIL


def contains(root: Path, commit: str, *, ref: str = "HEAD") -> bool:
    """Whether a commit is `ref` or one of its ancestors; also False when git does not know it.

    Raises:
        ProjectError: git cannot be run.
    """
    return _run(root, "merge-base", "--is-ancestor", commit, ref).returncode == 0


def changed_paths(root: Path, base: str, commit: str) -> list[str]:
    """The files below `root`, relative to it, that differ between two commits.

    Raises:
        ProjectError: git cannot say it.
    """
    listed = _git(root, "diff", "--name-only", "--no-renames", "--relative", "-z", base, commit)
    return [path for path in listed.split("\0") if path]


def holds(root: Path, base: str, commit: str, *, ref: str = "HEAD") -> bool:
    """Whether `ref` holds what changed from `base` to `commit`: the commit itself, or the same files, as a
    squashed merge leaves them.

    Raises:
        ProjectError: git cannot be run, or does not know the commits any more.
    """
    if contains(root, commit, ref=ref):
        return True
    paths = [path for path in _git(root, "diff", "--name-only", "-z", base, commit).split("\0") if path]
    top = Path(_git(root, "rev-parse", "--show-toplevel").rstrip("\n"))
    return bool(paths) and _run(top, "diff", "--quiet", commit, ref, "--", *paths).returncode == 0


def committed_texts(root: Path, path: str, *, most: int = 20) -> Iterator[str]:
    """The texts that a file had in the last commits that changed it, the newest first; none where git cannot
    give them.

    Args:
        path: relative to `root`.
    """
    try:
        commits = _git(root, "log", f"-{most}", "--format=%H", "--", path).split()
        for commit in commits:
            found = _run(root, "show", f"{commit}:./{path}")
            if found.returncode == 0:
                yield found.stdout
    except ProjectError:
        return


def patch_text(root: Path, base: str, commit: str) -> str:
    """The difference of two commits as a patch.

    Raises:
        ProjectError: git cannot give it.
    """
    return _git(root, "diff", "--no-color", "--no-ext-diff", base, commit)


# --- git ----------------------------------------------------------------------------------------------


def _check(root: Path, base: str, prefix: str, edit: FileEdit) -> None:
    found = _run(root, "rev-parse", "--verify", "--quiet", f"{base}:{prefix}{edit.path}")
    now = found.stdout.strip() if found.returncode == 0 else None
    if now != edit.before:
        raise EditConflict(
            f"{edit.path} is not what was edited in commit {base[:10]}; nothing was committed",
            hint="commit your changes, then run the command again",
        )


def _stage(root: Path, prefix: str, edit: FileEdit, base: str, index: Mapping[str, str]) -> None:
    path = f"{prefix}{edit.path}"
    if edit.after is None:
        _git(root, "update-index", "--force-remove", "--", path, more=index, at_top=True)
        return
    blob = _git(root, "hash-object", "-w", "--stdin", "--no-filters", given=edit.after).strip()
    listed = _git(root, "ls-tree", base, "--", path, at_top=True)
    mode = listed.split(" ")[0] if listed else "100644"
    _git(root, "update-index", "--add", "--cacheinfo", f"{mode},{blob},{path}", more=index, at_top=True)


def _commit(root: Path, tree: str, parent: str, message: str, at: datetime) -> str:
    date = f"@{int(at.astimezone(UTC).timestamp())} +0000"
    who = {
        "GIT_AUTHOR_NAME": _AUTHOR, "GIT_AUTHOR_EMAIL": _MAIL, "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_NAME": _AUTHOR, "GIT_COMMITTER_EMAIL": _MAIL, "GIT_COMMITTER_DATE": date,
    }  # fmt: skip
    return _git(root, "commit-tree", tree, "-p", parent, "-F", "-", more=who, given=message).strip()


def _worktrees(root: Path) -> Sequence[str]:
    return _git(root, "worktree", "list", "--porcelain").splitlines()


def _git(
    root: Path, *arguments: str, more: Mapping[str, str] | None = None, given: str = "", at_top: bool = False
) -> str:
    if at_top:
        root = Path(_git(root, "rev-parse", "--show-toplevel").rstrip("\n"))
    done = _run(root, *arguments, more=more, given=given)
    if done.returncode != 0:
        said = " ".join(done.stderr.split())
        if "not a git repository" in said:
            raise ProjectError(f"{root} is in no git repository", hint="healing files needs one: git init")
        raise ProjectError(f"git {arguments[0]} failed: {said or 'no reason'}")
    return done.stdout


def _run(
    root: Path, *arguments: str, more: Mapping[str, str] | None = None, given: str = ""
) -> subprocess.CompletedProcess[str]:
    # No hook, signature or rewritten line end: what is committed is what was proved.
    fixed = ("-c", "protocol.allow=never", "-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false")
    try:
        return subprocess.run(
            ["git", *fixed, *arguments],
            cwd=root,
            capture_output=True,
            input=given,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
            env={**environment(), **_QUIET, **(more or {})},
            timeout=TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise ProjectError("git is not installed", hint="healing files needs it") from error
    except subprocess.TimeoutExpired as error:
        raise ProjectError(f"git {arguments[0]} took longer than {TIMEOUT_S:.0f} seconds") from error
    except OSError as error:
        raise ProjectError(f"git cannot be run: {error.strerror}") from error
