"""Copies of the projects in `tests/projects`, each a git repository with its warehouse."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import duckdb

PROJECTS = Path(__file__).parent / "projects"
COMPLETE = ("leading_commas", "dbt_labs_style")
BROKEN = tuple(
    sorted(path.relative_to(PROJECTS).as_posix() for path in (PROJECTS / "broken").iterdir() if path.is_dir())
)

# Nothing of the person who runs the tests may show, and a commit has to be the same commit every time.
_GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "Team",
    "GIT_AUTHOR_EMAIL": "team@example.com",
    "GIT_AUTHOR_DATE": "2026-03-02T08:00:00Z",
    "GIT_COMMITTER_NAME": "Team",
    "GIT_COMMITTER_EMAIL": "team@example.com",
    "GIT_COMMITTER_DATE": "2026-03-02T08:00:00Z",
}
_EXPECTED = re.compile(
    r"^### (?P<how>new|append) `(?P<path>[^`]+)`\n\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Adopted:
    """Somebody's project in `root`, all of it committed; `warehouse.duckdb` stands beside and is ignored."""

    name: str
    root: Path

    @property
    def database(self) -> Path:
        return self.root / "warehouse.duckdb"

    def git(self, *arguments: str) -> str:
        """What git prints.

        Raises:
            subprocess.CalledProcessError: git refused.
        """
        done = subprocess.run(
            ["git", "-c", "core.autocrlf=false", "-c", "core.quotepath=false", *arguments],
            cwd=self.root,
            env={**os.environ, **_GIT},
            capture_output=True,
            check=True,
        )
        return done.stdout.decode()

    def changed(self) -> dict[str, str]:
        """Every path that differs from the commit, with git's two letters (`??` new, ` M` changed)."""
        entries = self.git("status", "--porcelain", "--untracked-files=all", "-z").split("\0")
        return {entry[3:]: entry[:2] for entry in entries if entry}

    def removed_lines(self) -> list[str]:
        """The lines of the commit that are no longer there, without their `-`; a change is one as well."""
        removed, in_hunk = [], False
        for line in self.git("diff", "--unified=0", "HEAD").split("\n"):
            in_hunk = line.startswith("@@") or (in_hunk and not line.startswith("diff --git "))
            # Only outside of a hunk is "--- " a header: a removed SQL comment looks just like it.
            if in_hunk and line.startswith("-"):
                removed.append(line[1:])
        return removed


def adopt(name: str, folder: Path) -> Adopted:
    """A copy of a project of `tests/projects` in `folder`, which must not exist, with its warehouse if any.

    What stands beside the project's own files (EXPECTED.md, warehouse.sql) is not copied.

    Example:
        >>> adopt("dbt_labs_style", tmp_path / "theirs").changed()  # doctest: +SKIP
        {}
    """
    home = PROJECTS / name
    shutil.copytree(home / "project", folder)
    seed = home / "warehouse.sql"
    if seed.exists():
        with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
            connection.execute(seed.read_text(encoding="utf-8"))
    return committed(name, folder)


def committed(name: str, folder: Path) -> Adopted:
    """A folder made into a git repository of one commit."""
    project = Adopted(name, folder)
    project.git("init", "--quiet", "--initial-branch=main")
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message", "Everything so far")
    return project


def expected_files(name: str) -> dict[str, str]:
    """Path to text, as the team's lead would have written them: the files of EXPECTED.md.

    A file that exists already is given whole, with what is added to it, in its own line ends.
    """
    home = PROJECTS / name
    files = {}
    for found in _EXPECTED.finditer((home / "EXPECTED.md").read_text(encoding="utf-8")):
        text = found["text"]
        if found["how"] == "append":
            before = (home / "project" / found["path"]).read_bytes().decode()
            text = before + (text.replace("\n", "\r\n") if "\r\n" in before else text)
        files[found["path"]] = text
    return files


def write_expected(project: Adopted) -> None:
    """Do by hand what the tool is asked to do."""
    for path, text in expected_files(project.name).items():
        where = project.root / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(text.encode())
