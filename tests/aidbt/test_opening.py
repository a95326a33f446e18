"""Opening a project whose own file cannot be read any more."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from aidbt.core.errors import ProjectError
from aidbt.session import open_session
from tests.dbt_shop import new_shop

BROKEN = "name: shop\nmodels:\n\tshop: {}\n"


def git(root: Path, *words: str) -> None:
    named = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
    subprocess.run(named, cwd=root, capture_output=True, check=True)


def test_a_project_that_a_commit_made_unreadable_is_opened_as_it_was(tmp_path: Path):
    git(tmp_path, "init", "-q")
    shop = new_shop(tmp_path / "dbt")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "good")
    good = open_session(shop.root).project.config
    shop.write({"dbt_project.yml": BROKEN})
    git(tmp_path, "commit", "-qam", "bad")

    assert open_session(shop.root, as_committed=True).project.config == good
    with pytest.raises(ProjectError, match=r"dbt_project\.yml:3"):
        open_session(shop.root)


def test_without_git_it_cannot_be_opened(tmp_path: Path):
    shop = new_shop(tmp_path).write({"dbt_project.yml": BROKEN})

    with pytest.raises(ProjectError, match=r"dbt_project\.yml:3"):
        open_session(shop.root, as_committed=True)
