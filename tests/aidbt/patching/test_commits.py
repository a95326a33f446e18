"""Commits beside what is checked out, and a clean checkout that follows one: with a real git."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aidbt.core.errors import EditConflict, ProjectError
from aidbt.core.patch import FileEdit, Patch, digest
from aidbt.patching.commits import (
    branch_commit,
    changed_paths,
    commit_patch,
    commit_undoing,
    contains,
    follow,
    head,
    holds,
    patch_text,
    set_branch,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD, NEW = "select mail from x\n", "select e_mail as mail from x\n"
MEND = Patch((
    FileEdit("models/a.sql", digest(OLD), NEW),
    FileEdit("models/ü b.sql", None, "select 1\r\n"),
    FileEdit("models/gone.sql", digest("x"), None),
))  # fmt: skip


def git(root: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words],
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A dbt project in a folder of a repository, with one commit."""
    root = tmp_path / "dbt"
    (root / "models").mkdir(parents=True)
    (root / "models" / "a.sql").write_text(OLD)
    (root / "models" / "gone.sql").write_text("x")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return root


def made(project: Path) -> str:
    return commit_patch(project, MEND, base=head(project).commit, message="Remap mail", at=NOON)


def test_a_commit_is_made_and_what_is_checked_out_stays(project: Path):
    (project / "models" / "a.sql").write_text("a person is at work\n")
    before = head(project)

    commit = made(project)

    assert head(project) == before
    paths = ["models/a.sql", "models/gone.sql", "models/ü b.sql"]
    assert changed_paths(project, before.commit, commit) == paths
    assert before.dirty == ("dbt/models/a.sql",)
    assert (project / "models" / "a.sql").read_text() == "a person is at work\n"
    changed = git(project, "-c", "core.quotePath=false", "show", "--format=%s", "--name-status", commit)
    assert changed.splitlines() == [
        "Remap mail", "", "M\tdbt/models/a.sql", "D\tdbt/models/gone.sql", "A\tdbt/models/ü b.sql",
    ]  # fmt: skip
    assert "+select e_mail as mail from x" in patch_text(project, before.commit, commit)


def test_the_same_edits_make_the_same_commit(project: Path):
    assert made(project) == made(project)


def test_a_file_that_is_another_one_in_the_commit_is_not_edited(project: Path):
    (project / "models" / "a.sql").write_text("changed\n")
    git(project, "commit", "-q", "-am", "second")

    with pytest.raises(EditConflict, match=r"models/a\.sql is not what was edited"):
        made(project)


def test_a_clean_checkout_follows_and_goes_back_by_a_commit_of_its_own(project: Path):
    base, commit = head(project).commit, made(project)
    hook = project.parent / ".git" / "hooks" / "post-merge"
    hook.write_text("#!/bin/sh\ntouch hook_ran\n")
    hook.chmod(0o755)

    follow(project, commit, branch="main", base=base)
    followed = (project / "models" / "a.sql").read_text(), (project / "models" / "gone.sql").exists()
    back = commit_undoing(project, commit, base=base, message="Take it back", at=NOON)
    follow(project, back, branch="main", base=commit)

    assert followed == (NEW, False)
    assert (project / "models" / "a.sql").read_text() == OLD
    assert contains(project, commit) and head(project).commit == back
    assert git(project, "diff", base, back) == ""
    assert not (project.parent / "hook_ran").exists()


@pytest.mark.parametrize("trouble", ["dirty", "staged", "other branch", "another commit", "detached"])
def test_what_is_not_as_it_was_is_not_followed(project: Path, trouble: str):
    base, commit = head(project).commit, made(project)
    file = project / "models" / "a.sql"
    if trouble in ("dirty", "staged"):
        file.write_text("mine\n")
    if trouble == "staged":
        git(project, "add", "-u")
    if trouble == "other branch":
        git(project, "checkout", "-q", "-b", "dev")
    if trouble == "another commit":
        git(project, "commit", "-q", "--allow-empty", "-m", "more")
    if trouble == "detached":
        git(project, "checkout", "-q", "--detach")
    before, content = head(project), file.read_text()

    with pytest.raises(EditConflict, match="nothing was changed"):
        follow(project, commit, branch="main", base=base)

    assert (head(project), file.read_text()) == (before, content)


def test_a_branch_is_made_moved_and_kept_from_being_moved_by_two(project: Path):
    base, commit = head(project).commit, made(project)
    set_branch(project, "aidbt/heal/k", base, was="")

    with pytest.raises(ProjectError):
        set_branch(project, "aidbt/heal/k", commit, was="")
    set_branch(project, "aidbt/heal/k", commit, was=base)

    assert branch_commit(project, "aidbt/heal/k") == commit
    assert branch_commit(project, "aidbt/heal/other") == ""


def test_a_branch_that_is_checked_out_is_not_moved(project: Path):
    with pytest.raises(ProjectError, match="checked out"):
        set_branch(project, "main", made(project))


def test_a_squashed_merge_holds_what_was_proposed(project: Path):
    base, commit = head(project).commit, made(project)
    before = holds(project, base, commit)
    git(project, "merge", "-q", "--squash", commit)
    git(project, "commit", "-q", "-m", "Remap mail (#12)")

    assert (before, contains(project, commit), holds(project, base, commit)) == (False, False, True)


def test_without_a_repository_it_says_so(tmp_path: Path):
    with pytest.raises(ProjectError, match="no git repository"):
        head(tmp_path)
