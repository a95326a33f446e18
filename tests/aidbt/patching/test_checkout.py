"""The files of a real git repository as they were where a branch began."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from aidbt.core.errors import ProjectError
from aidbt.patching.checkout import checked_out, merge_base


def git(root: Path, *arguments: str) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    return subprocess.run(
        ["git", *who, *arguments], cwd=root, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """main with one commit more than the branch `work`, which has one of its own and an edit on top."""
    root = tmp_path / "repo"
    (root / "dbt" / "models").mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    (root / "dbt/models/a.sql").write_text("select 1")
    (root / "README.md").write_text("read me")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    git(root, "checkout", "-qb", "work")
    (root / "dbt/models/a.sql").write_text("select 2")
    git(root, "commit", "-qam", "second")
    git(root, "checkout", "-q", "main")
    (root / "dbt/models/b.sql").write_text("select 3")
    git(root, "add", ".")
    git(root, "commit", "-qm", "meanwhile")
    git(root, "checkout", "-q", "work")
    (root / "dbt/models/a.sql").write_text("select 4")
    return root


def test_a_project_in_a_subfolder_is_as_it_was_where_the_branch_began(repository: Path):
    commit = merge_base(repository / "dbt", "main")

    with checked_out(repository / "dbt", commit) as folder:
        assert (folder / "models/a.sql").read_text() == "select 1"
        assert not (folder / "models/b.sql").exists()
        assert not (folder.parent / "README.md").exists()

    assert not folder.exists()
    assert (repository / "dbt/models/a.sql").read_text() == "select 4"
    assert git(repository, "worktree", "list").count("\n") == 0


def test_the_whole_repository_can_be_had(repository: Path):
    with checked_out(repository / "dbt", merge_base(repository, "main"), whole=True) as folder:
        assert (folder.parent / "README.md").read_text() == "read me"


def test_an_unknown_branch_gets_the_nearest(repository: Path):
    with pytest.raises(ProjectError, match="no branch, tag or commit 'mian'") as raised:
        merge_base(repository, "mian")

    assert raised.value.hint == "did you mean 'main'?"


@pytest.mark.parametrize("ref", ["--help", "-x", "a b", "", "main:README.md", "HEAD^{tree}"])
def test_what_is_no_commit_is_refused(repository: Path, ref: str):
    with pytest.raises(ProjectError, match="no branch, tag or commit"):
        merge_base(repository, ref)


def test_a_branch_that_only_the_remote_has_is_found(repository: Path, tmp_path: Path):
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(repository), str(clone))

    assert merge_base(clone, "main") == merge_base(repository, "main")


def test_a_shallow_clone_says_what_to_fetch(repository: Path, tmp_path: Path):
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth", "1", "--no-single-branch", f"file://{repository}", str(clone))

    with pytest.raises(ProjectError, match="no common commit") as raised:
        merge_base(clone, "main")

    assert "fetch-depth: 0" in (raised.value.hint or "")


def test_no_repository_is_said(tmp_path: Path):
    with pytest.raises(ProjectError, match="in no git repository"):
        merge_base(tmp_path, "main")


def test_a_project_that_is_new_on_the_branch_is_said(repository: Path):
    (repository / "other").mkdir()
    (repository / "other/x.txt").write_text("x")

    with (
        pytest.raises(ProjectError, match="other did not exist at"),
        checked_out(repository / "other", merge_base(repository, "main")),
    ):
        pass
