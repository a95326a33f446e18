"""Commands as a user runs them: a process of their own, their exit code, what they print."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest


@dataclass(frozen=True)
class Ran:
    """What one command did."""

    code: int
    out: str
    err: str

    def assert_one_clear_error(self, *, code: int = 2) -> Ran:
        """One error with a hint, the right exit code, and never a traceback."""
        everything = self.out + self.err
        assert self.code == code, everything
        assert "Traceback" not in everything, everything
        assert "failed unexpectedly" not in everything, everything
        assert everything.count("error:") == 1, everything
        assert "hint:" in everything, everything
        return self


class User:
    """Somebody at a shell, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # The model as in every test, also of users who live longer than one.
        self.env = {"AIDBT_EMBEDDINGS_MODEL": "none", **os.environ, "COLUMNS": "200", "HOME": str(folder)}
        for name in ("DBT_PROFILES_DIR", "DBT_PROJECT_DIR", "DBT_TARGET", "DBT_PROFILE"):
            self.env.pop(name, None)

    def aidbt(self, *arguments: str, cwd: Path | None = None, **env: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "aidbt", *arguments],
            cwd=cwd or self.folder,
            env={**self.env, **env},
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def write(self, path: str, text: str | bytes) -> Path:
        where = self.folder / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(text.encode() if isinstance(text, str) else text)
        return where

    def read(self, path: str) -> str:
        return (self.folder / path).read_text()

    def sql(self, text: str) -> None:
        with duckdb.connect(str(self.folder / "warehouse.duckdb")) as connection:
            connection.execute(text)

    def files(self) -> dict[str, bytes]:
        """Everything in models/ and aidbt/."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for folder in ("models", "aidbt")
            for path in (self.folder / folder).rglob("*")
            if path.is_file()
        }


@pytest.fixture
def nobody(tmp_path: Path) -> User:
    """A user in an empty folder."""
    folder = tmp_path / "shop"
    folder.mkdir()
    return User(folder)


@pytest.fixture(scope="session")
def _new_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new project with two raw tables, to be copied."""
    first = User(tmp_path_factory.mktemp("new") / "shop")
    first.folder.mkdir()
    assert first.aidbt("init", ".").code == 0
    first.sql(
        "create schema raw_crm;"
        "create table raw_crm.users as select i as id, 'u' || i as login from range(200) r(i);"
        "create table raw_crm.visits as select i as visit_id, i % 200 as user_id from range(500) r(i);"
    )
    return first.folder


@pytest.fixture
def user(nobody: User, _new_project: Path) -> User:
    """A user whose new project has two raw tables."""
    shutil.copytree(_new_project, nobody.folder, dirs_exist_ok=True)
    return nobody


@pytest.fixture(scope="session")
def _built_project(_new_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The new project, generated and built, to be copied."""
    first = User(tmp_path_factory.mktemp("built") / "shop")
    shutil.copytree(_new_project, first.folder)
    assert first.aidbt("generate").code == 0
    assert first.aidbt("build").code == 0
    return first.folder


@pytest.fixture
def builder(nobody: User, _built_project: Path) -> User:
    """The user after `generate` and a green `build`."""
    shutil.copytree(_built_project, nobody.folder, dirs_exist_ok=True)
    return nobody
