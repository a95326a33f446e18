"""A branch pushed to a real bare repository, and one pull request through a scripted `gh`."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aidbt.core.errors import EditConflict
from aidbt.core.patch import FileEdit, Patch, digest
from aidbt.patching import commits
from aidbt.patching.publishing import pull_request, push_branch

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BRANCH = "aidbt/heal/renamed-1"
# Remembers what it was asked, and whether there is a pull request.
GH = """#!/bin/sh
echo "$*" >> "$(dirname "$0")/asked"
case "$2" in
  view) cat "$(dirname "$0")/open" 2>/dev/null || exit 1 ;;
  create)
    echo '{"url": "https://x/pull/7", "state": "OPEN"}' > "$(dirname "$0")/open"
    echo https://x/pull/7 ;;
esac
"""


def git(root: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=ana", "-c", "user.email=ana@example.com", *words],
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    git(root, "init", "-q", "-b", "main")
    (root / "a.sql").write_text("one\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    git(root, "remote", "add", "origin", str(tmp_path / "remote.git"))
    return root


def proposed(root: Path, text: str) -> str:
    patch = Patch((FileEdit("a.sql", digest("one\n"), text),))
    base = git(root, "rev-parse", "main")
    commit = commits.commit_patch(root, patch, base=base, message="Mend\n", at=NOON)
    commits.set_branch(root, BRANCH, commit)
    return commit


def remote(root: Path) -> str:
    return git(root, "ls-remote", "origin", f"refs/heads/{BRANCH}").split("\t")[0]


def test_a_branch_is_pushed_and_brought_up_to_date(root: Path):
    first = proposed(root, "two\n")
    push_branch(root, BRANCH)
    assert remote(root) == first

    second = proposed(root, "three\n")
    push_branch(root, BRANCH)
    push_branch(root, BRANCH)

    assert remote(root) == second


def test_what_somebody_pushed_to_it_is_left_as_it_is(root: Path):
    proposed(root, "two\n")
    push_branch(root, BRANCH)
    other = root.parent / "other"
    git(root.parent, "clone", "-q", "-b", BRANCH, str(root.parent / "remote.git"), str(other))
    git(other, "commit", "-q", "--allow-empty", "-m", "mine")
    git(other, "push", "-q")
    theirs = remote(root)
    proposed(root, "three\n")

    with pytest.raises(EditConflict, match="somebody pushed"):
        push_branch(root, BRANCH)

    assert remote(root) == theirs


def test_there_is_one_pull_request_opened_once_and_then_updated(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "gh").write_text(GH)
    (tools / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", str(tools), prepend=":")
    body = tmp_path / "body.md"

    opened = pull_request(root, BRANCH, into="main", title="Mend it", body=body)
    updated = pull_request(root, BRANCH, into="main", title="Mend it", body=body)

    assert opened == updated == "https://x/pull/7"
    asked = [line.split()[1] for line in (tools / "asked").read_text().splitlines()]
    assert asked == ["view", "create", "view", "edit"]
