"""Publishing a branch of ours: pushing it, and its one pull request through GitHub's `gh`.

Nothing is overwritten that somebody else pushed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from aidbt.core.config import environment
from aidbt.core.errors import EditConflict, ProjectError
from aidbt.patching import commits
from aidbt.patching.checkout import TIMEOUT_S

_QUIET = {
    "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true", "LC_ALL": "C", "GH_PROMPT_DISABLED": "1",
    "NO_COLOR": "1",
}  # fmt: skip
# Hooks that a person set are for what he commits and pushes himself.
_NO_HOOKS = ("-c", "core.hooksPath=/dev/null")


def push_branch(root: Path, branch: str, *, remote: str = "origin") -> None:
    """Let a branch at the remote be the one here.

    Raises:
        EditConflict: somebody else pushed to it.
        ProjectError: there is no such remote, or git cannot push.
    """
    there = _there(root, branch, remote)
    here = commits.branch_commit(root, branch)
    if there == here:
        return
    if there and not _is_known_ours(root, there):
        raise EditConflict(
            f"somebody pushed to '{branch}' at {remote}, so it is left as it is",
            hint="look at the pull request; a new attempt begins when this one is resolved",
        )
    lease = f"--force-with-lease=refs/heads/{branch}:{there}"
    done = _run(root, "git", *_NO_HOOKS, "push", "--quiet", lease, remote, f"{here}:refs/heads/{branch}")
    if done.returncode != 0:
        raise ProjectError(f"git push to {remote} failed: {_said(done)}", hint="push the branch yourself")


def pull_request(root: Path, branch: str, *, into: str, title: str, body: Path) -> str:
    """The address of the branch's one pull request, opened or brought up to date; "" where `gh` is not
    installed.

    Raises:
        ProjectError: `gh` cannot do it.
    """
    if shutil.which("gh", path=environment().get("PATH")) is None:
        return ""
    known = _run(root, "gh", "pr", "view", branch, "--json", "url,state")
    found = json.loads(known.stdout) if known.returncode == 0 and known.stdout.startswith("{") else {}
    text = ("--title", title, "--body-file", str(body))
    if found.get("state") == "OPEN":
        _gh(root, "edit", branch, *text)
        return str(found.get("url", ""))
    return _gh(root, "create", "--head", branch, "--base", into, *text)


def _gh(root: Path, *words: str) -> str:
    done = _run(root, "gh", "pr", *words)
    if done.returncode != 0:
        raise ProjectError(f"gh pr {words[0]} failed: {_said(done)}", hint="the branch is pushed")
    return next((line.strip() for line in reversed(done.stdout.splitlines()) if "://" in line), "")


def _there(root: Path, branch: str, remote: str) -> str:
    """The commit that the remote's branch stands at; "" where it has none."""
    done = _run(root, "git", "ls-remote", "--heads", remote, f"refs/heads/{branch}")
    if done.returncode != 0:
        raise ProjectError(f"git cannot ask {remote}: {_said(done)}", hint="git remote -v lists the remotes")
    return done.stdout.split("\t")[0].strip()


def _is_known_ours(root: Path, commit: str) -> bool:
    try:
        return commits.is_ours(root, commit)
    except ProjectError:  # nobody here has it
        return False


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join((done.stderr or done.stdout).split())[:300] or "no reason"


def _run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            list(words), cwd=root, capture_output=True, text=True, encoding="utf-8", errors="replace",
            env={**environment(), **_QUIET}, timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise ProjectError(f"{words[0]} is not installed") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProjectError(f"{words[0]} could not be run: {error}") from error
