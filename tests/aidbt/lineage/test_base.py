"""The project where a branch began, compiled by a real dbt from a real repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from dbt_shop import Shop, new_shop

from aidbt.core.config import DbtSettings
from aidbt.core.errors import ProjectError
from aidbt.lineage.base import read_base
from aidbt.project.other_profile import other_profile
from aidbt.project.profile import load_profile


def commit(root: Path, message: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    for arguments in (["add", "."], ["commit", "-qm", message]):
        subprocess.run(["git", *who, *arguments], cwd=root, check=True)


def on_a_branch(root: Path, files: dict[str, str]) -> Shop:
    shop = new_shop(root, files).write({".gitignore": "target/\nlogs/\n.aidbt/\n*.duckdb\n"})
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=root, check=True)
    commit(root, "first")
    subprocess.run(["git", "checkout", "-qb", "work"], cwd=root, check=True)
    return shop


@pytest.mark.long
def test_the_base_has_the_columns_of_its_time_and_is_compiled_once(tmp_path: Path):
    shop = on_a_branch(
        tmp_path,
        {"models/a.sql": "select * from {{ ref('s') }}", "seeds/s.csv": "id,name\n1,x\n"},
    )
    shop.write({"models/a.sql": "select 1 as other", "seeds/s.csv": "id\n1\n"})

    base = read_base(shop.open(), DbtSettings(), "main")

    assert [c.name for c in base.lineage.node("a").columns] == ["id", "name"]
    assert base.problem == ""
    before = (base.folder / "manifest.json").stat().st_mtime_ns
    again = read_base(shop.open(), DbtSettings(), "main")
    assert [c.name for c in again.lineage.node("a").columns] == ["id", "name"]
    assert (base.folder / "manifest.json").stat().st_mtime_ns == before


@pytest.mark.long
def test_a_model_that_dbt_cannot_parse_in_the_base_is_said_and_the_rest_is_read(tmp_path: Path):
    files = {"models/a.sql": "select * from {{ ref('nowhere') }}", "models/b.sql": "select 1 as id"}
    shop = on_a_branch(tmp_path, files)

    base = read_base(shop.open(), DbtSettings(), "main")

    assert "model.shop.a" in base.problem
    assert [c.name for c in base.lineage.node("b").columns] == ["id"]


@pytest.mark.long
def test_a_base_whose_project_file_is_broken_is_one_clear_error(tmp_path: Path):
    shop = on_a_branch(tmp_path, {"models/a.sql": "select 1 as id", "models/a.yml": "models: [{name: a"})

    with pytest.raises(ProjectError, match=r"(?s)where the branch left main.*a\.yml"):
        read_base(shop.open(), DbtSettings(), "main")


def test_another_profile_means_the_same_warehouse_and_keeps_secrets_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shop = new_shop(tmp_path)
    (tmp_path / "profiles.yml").write_text(
        "shop:\n  target: dev\n  outputs:\n"
        '    dev: {type: duckdb, path: "{{ flags.PROFILES_DIR }}/shop.duckdb", schema: main,\n'
        "          settings: {token: \"{{ env_var('SHOP_TOKEN') }}\"}}\n"
        "    other: {type: duckdb, path: never.duckdb}\n"
    )
    monkeypatch.setenv("SHOP_TOKEN", "secret-value")

    with other_profile(shop.open(), schema="pr_7") as folder:
        text = (folder / "profiles.yml").read_text()
        mode = (folder / "profiles.yml").stat().st_mode & 0o777
        profile = load_profile("shop", project_dir=tmp_path, profiles_dir=folder)

    assert (profile.settings["path"], profile.schema) == (str(shop.database), "pr_7")
    assert profile.settings["settings"] == {"token": "secret-value"}
    assert "secret-value" not in text and "never.duckdb" not in text
    assert mode == 0o600
    assert not folder.exists()
