"""What a git branch changed since it left the main one: for the review text of a pull request."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aidbt.core.config import environment
from aidbt.patching.git import TIMEOUT_S, blobs

# The first that exists is what the branch goes back into.
_MAIN = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"}


@dataclass(frozen=True, slots=True)
class Branch:
    """The work of a branch, committed or not.

    Attributes:
        base: the commit where it began; on the main branch itself the last commit.
        changed: paths below the folder, relative to it, that differ from there; new ones included.
        texts: the files of the asked folder as they were there, by the same kind of path.
    """

    base: str
    changed: tuple[str, ...]
    texts: dict[str, str] = field(repr=False)


def branch_of(root: Path, folder: str) -> Branch | None:
    """What the branch around `root` changed below it, with what `folder` held before.

    None where there is no git, no repository or no commit, or git takes longer than 20 seconds.

    Args:
        folder: relative to `root`.
    """
    head = _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if head is None:
        return None
    bases = (_git(root, "merge-base", "HEAD", name) for name in _MAIN)
    base = next((found for found in bases if found is not None), head).strip()
    listed = _git(root, "ls-tree", "-r", "-z", base, "--", f"./{folder}")
    changed = _git(root, "diff", "--name-only", "--relative", "-z", base, "--", ".")
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", ".")
    if listed is None or changed is None or new is None:
        return None
    digests = dict(_entry(line) for line in listed.split("\0") if line)
    texts = blobs(root, digests.values())
    return Branch(
        base,
        tuple(sorted({path for path in (changed + new).split("\0") if path})),
        {path: texts[digest] for path, digest in digests.items() if digest in texts},
    )


def _entry(line: str) -> tuple[str, str]:
    """Path and blob of a line of `git ls-tree`."""
    facts, _, path = line.partition("\t")
    return path, facts.split(" ")[2]


def _git(root: Path, *arguments: str) -> str | None:
    """What git prints; None when it fails."""
    command: Sequence[str] = ["git", "-c", "protocol.allow=never", *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=root,
            capture_output=True,
            env={**environment(), **_QUIET},
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
