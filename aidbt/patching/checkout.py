"""The files of a repository as they were at a commit, in a folder that is gone afterwards."""

from __future__ import annotations

import contextlib
import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from aidbt.core.config import environment
from aidbt.core.errors import ProjectError, nearest

TIMEOUT_S = 120.0
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_ASKPASS": "true", "LC_ALL": "C"}
_DEEPEN = "fetch the history: git fetch --unshallow, or fetch-depth: 0 in a GitHub workflow"


def merge_base(root: Path, ref: str) -> str:
    """The commit where the work at HEAD left `ref`: what a pull request into it is compared with.

    Args:
        root: a folder of the repository.
        ref: a branch, tag or commit; a branch that only the remote "origin" has is found there.

    Raises:
        ProjectError: there is no git, no repository, no such ref, or no common commit (a shallow clone).
    """
    _git(root, "rev-parse", "--verify", "HEAD", what="the repository has no commit")
    commit = _commit(root, ref) or _commit(root, f"origin/{ref}")
    if commit is None:
        listed = _git(root, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes")
        names = listed.decode("utf-8", "replace").split()
        close = nearest(ref, names)
        is_shallow = _git(root, "rev-parse", "--is-shallow-repository").strip() == b"true"
        hint = f"did you mean '{close}'?" if close else _DEEPEN if is_shallow else "git branch -a lists them"
        raise ProjectError(f"git knows no branch, tag or commit '{ref}'", hint=hint)
    done = _run(root, "merge-base", commit, "HEAD")
    if done.returncode != 0:
        raise ProjectError(f"'{ref}' and HEAD have no common commit in this clone", hint=_DEEPEN)
    return done.stdout.decode().strip()


@contextlib.contextmanager
def checked_out(root: Path, commit: str, *, whole: bool = False) -> Iterator[Path]:
    """The folder `root` as it was at a commit; the folder is removed when the block ends.

    The repository itself stays as it is: nothing is checked out in it and no worktree is registered. Files
    that git keeps elsewhere (LFS, submodules) are not there.

    Args:
        whole: whether all of the repository is wanted, for a project that reaches outside of its folder.

    Raises:
        ProjectError: git cannot give the files, or `root` did not exist at that commit.
    """
    inside = _git(root, "rev-parse", "--show-prefix").decode().strip().rstrip("/")
    top = Path(_git(root, "rev-parse", "--show-toplevel").decode().strip())
    paths = [inside] if inside and not whole else []
    done = _run(top, "archive", "--format=tar", commit, "--", *paths)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        if said and "did not match any files" in said[-1]:
            raise ProjectError(f"{inside} did not exist at {commit[:10]}")
        raise ProjectError(f"git cannot give the files of {commit[:10]}: {' '.join(said) or 'no reason'}")
    with tempfile.TemporaryDirectory(prefix="aidbt-base-") as folder:
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            if hasattr(tarfile, "data_filter"):
                archive.extractall(folder, filter="data")
            else:  # Python before 3.11.4; git itself writes no path that leads out of the folder
                archive.extractall(folder)
        yield Path(folder) / inside


def _commit(root: Path, ref: str) -> str | None:
    # "--" and "^{commit}" keep a ref that begins with a dash, or names a file, from being anything else.
    done = _run(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    return done.stdout.decode().strip() if done.returncode == 0 else None


def _git(root: Path, *arguments: str, what: str = "") -> bytes:
    """What git prints.

    Raises:
        ProjectError: git is missing, this is no repository, or git fails.
    """
    done = _run(root, *arguments)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        if "not a git repository" in said:
            raise ProjectError(f"{root} is in no git repository", hint="a comparison with a branch needs one")
        raise ProjectError(what or f"git {arguments[0]} failed: {said}")
    return done.stdout


def _run(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", "-c", "protocol.allow=never", *arguments],
            cwd=root,
            capture_output=True,
            env={**environment(), **_QUIET},
            timeout=TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise ProjectError("git is not installed", hint="a comparison with a branch needs it") from error
    except subprocess.TimeoutExpired as error:
        raise ProjectError(f"git {arguments[0]} took longer than {TIMEOUT_S:.0f} seconds") from error
    except OSError as error:
        raise ProjectError(f"git cannot be run: {error.strerror}") from error
