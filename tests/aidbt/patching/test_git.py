"""Texts found in git by their digest, and nothing when git cannot tell."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from aidbt.core.patch import digest
from aidbt.patching import blob_text, blobs
from aidbt.patching import git as git_module

TEXTS = ["select 1\n", "größe\r\n夏", "", "a\n\nb 12 blob 3\nc", "x" * 100_000]


def run(root: Path, *command: str) -> None:
    person = {
        f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    subprocess.run(["git", *command], cwd=root, check=True, capture_output=True, env={**os.environ, **person})


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    run(tmp_path, "init", "-q")
    for number, text in enumerate(TEXTS):
        (tmp_path / f"{number}.sql").write_bytes(text.encode())
    (tmp_path / "image.png").write_bytes(b"\x89PNG\xff\xfe")
    run(tmp_path, "add", ".")
    run(tmp_path, "commit", "-q", "-m", "all")
    return tmp_path


def test_a_text_is_found_by_its_digest_after_the_file_changed(repository: Path):
    (repository / "0.sql").write_text("select 2\n")
    folder = repository / "deep" / "er"
    folder.mkdir(parents=True)

    assert blob_text(repository, digest("select 1\n")) == "select 1\n"
    assert blob_text(folder, digest("select 1\n")) == "select 1\n"
    assert blob_text(repository, digest("select 2\n")) is None


def test_many_texts_are_read_at_once_and_missing_ones_left_out(repository: Path):
    wanted = [digest(text) for text in [*TEXTS, "never written", TEXTS[0]]]

    assert blobs(repository, wanted) == {digest(text): text for text in TEXTS}
    assert blobs(repository, []) == {}


def test_what_is_no_text_or_no_blob_is_not_given(repository: Path):
    ids = subprocess.run(
        ["git", "rev-parse", "HEAD", "HEAD^{tree}", "HEAD:image.png"],
        cwd=repository, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip

    assert len(ids) == 3
    assert blobs(repository, [*ids, digest(TEXTS[0])]) == {digest(TEXTS[0]): TEXTS[0]}


@pytest.mark.parametrize("name", ["HEAD:0.sql", "--help", "", "0" * 39, "0" * 40 + "\n", digest("a").upper()])
def test_only_a_digest_is_looked_up(repository: Path, name: str):
    assert blob_text(repository, name) is None


def test_without_a_repository_a_folder_or_git_there_is_no_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert blob_text(tmp_path, digest("a")) is None
    assert blob_text(tmp_path / "missing", digest("a")) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert blob_text(tmp_path, digest("a")) is None


def test_a_git_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    program = tmp_path / "git"
    program.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(git_module, "TIMEOUT_S", 0.2)

    assert blob_text(tmp_path, digest("a")) is None
