"""What a branch changed since it left the main one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from aidbt.patching.branch import Branch, branch_of


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    return subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(folder: Path, **files: str) -> str:
    for name, text in files.items():
        path = folder / "decided" / f"{name}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "work")
    return git(folder, "rev-parse", "HEAD")


def test_a_branch_is_compared_with_where_it_began(repository: Path):
    start = commit(repository, a="1", b="1")
    git(repository, "checkout", "-qb", "work")
    commit(repository, a="2", c="2")
    git(repository, "checkout", "-q", "main")
    commit(repository, e="4")  # main goes on meanwhile
    git(repository, "checkout", "-q", "work")
    (repository / "decided" / "dé.yml").write_text("3")

    found = branch_of(repository, "decided")

    assert found == Branch(
        start,
        ("decided/a.yml", "decided/c.yml", "decided/dé.yml"),
        {"decided/a.yml": "1", "decided/b.yml": "1"},
    )


def test_on_the_main_branch_it_is_what_is_not_committed(repository: Path):
    commit(repository, a="1")
    last = commit(repository, a="2")
    (repository / "decided" / "a.yml").write_text("3")

    found = branch_of(repository, "decided")

    assert found == Branch(last, ("decided/a.yml",), {"decided/a.yml": "2"})


def test_paths_are_those_of_the_folder_inside_a_larger_repository(repository: Path):
    project = repository / "warehouse" / "dbt"
    project.mkdir(parents=True)
    commit(project, a="1")
    (repository / "elsewhere.txt").write_text("x")
    (project / "decided" / "a.yml").write_text("2")

    found = branch_of(project, "decided")

    assert found is not None
    assert (found.changed, found.texts) == (("decided/a.yml",), {"decided/a.yml": "1"})


def test_a_folder_that_was_not_there_held_nothing(repository: Path):
    commit(repository, a="1")

    found = branch_of(repository, "other")

    assert found is not None and found.texts == {}


def test_without_a_repository_or_a_commit_there_is_no_branch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert branch_of(tmp_path, "decided") is None
    git(tmp_path, "init", "-q")
    assert branch_of(tmp_path, "decided") is None
    monkeypatch.setenv("PATH", "")
    assert branch_of(tmp_path, "decided") is None
