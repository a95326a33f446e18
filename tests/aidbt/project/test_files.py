"""Finding and opening a dbt project: which folder, and what is said when there is none or a broken one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from aidbt.core.errors import ProjectError
from aidbt.project import Project, find_project, open_project


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("DBT_")]:
        monkeypatch.delenv(name)


def project_in(folder: Path, text: str = "name: shop\nprofile: shop\n") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dbt_project.yml").write_text(text)
    return folder


def opened(folder: Path, text: str, **options: Any) -> Project:
    return open_project(project_in(folder, text), **options)


# --- which folder -------------------------------------------------------------------------------------


def test_the_folder_that_is_named_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    named, variable, here = (project_in(tmp_path / name) for name in ("named", "variable", "here"))
    monkeypatch.chdir(here)

    assert find_project() == here
    monkeypatch.setenv("DBT_PROJECT_DIR", str(variable))
    assert find_project() == variable
    assert find_project(named) == named


def test_a_named_folder_may_be_relative_or_in_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    project_in(tmp_path / "shop")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    assert find_project(Path("shop")) == tmp_path / "shop"
    assert find_project(Path("shop/../shop")) == tmp_path / "shop"
    assert find_project(Path("~/shop")) == tmp_path / "shop"


def test_a_named_folder_without_a_project_is_not_replaced_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(project_in(tmp_path / "here"))
    (tmp_path / "here/inside").mkdir()

    for named in (tmp_path, tmp_path / "here/inside", tmp_path / "nowhere"):
        with pytest.raises(ProjectError, match=f"{named} holds no dbt_project.yml") as caught:
            find_project(named)
        assert caught.value.hint == "name the folder of a dbt project with --project-dir"


def test_the_nearest_folder_upwards_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    outer = project_in(tmp_path / "outer")
    inner = project_in(outer / "inner")
    (inner / "models/silver").mkdir(parents=True)
    (outer / "models").mkdir()

    found = []
    for here in (inner / "models/silver", inner, outer / "models", outer):
        monkeypatch.chdir(here)
        found.append(find_project())

    assert found == [inner, inner, outer, outer]


def test_the_only_child_that_is_a_project_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    project_in(tmp_path / "deep/down")
    shop = project_in(tmp_path / "dbt_project")

    assert find_project() == shop


def test_of_several_children_none_is_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for name in ("shop", "crm", "erp"):
        project_in(tmp_path / name)

    with pytest.raises(ProjectError) as caught:
        find_project()
    assert str(caught.value) == (
        "several dbt projects here: crm, erp, shop\nhint: choose one with --project-dir"
    )


def test_where_there_is_none_the_ways_to_get_one_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ProjectError, match="no dbt project here, in a parent folder or in a child") as caught:
        find_project()
    assert "--project-dir" in (caught.value.hint or "")
    assert "aidbt init" in (caught.value.hint or "")


def test_a_folder_of_that_name_is_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "dbt_project.yml").mkdir()
    (tmp_path / "child/dbt_project.yml").mkdir(parents=True)
    shop = project_in(tmp_path / "shop")
    monkeypatch.chdir(tmp_path)

    assert find_project() == shop


# --- reading it ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: shop\nprofile: [a\nmodels: 1\n", "dbt_project.yml:3: did not find expected ',' or ']'"),
        ("name: shop\n\tprofile: a\n", "dbt_project.yml:2: "),
        ("name: shop\nname: crm\n", "dbt_project.yml:2: the key 'name' stands twice"),
        (b"name: \xff", "dbt_project.yml: the file is not UTF-8 text"),
        ("profile: shop\n", "dbt_project.yml: a dbt project needs a 'name:'"),
        ("name: 5\n", "dbt_project.yml: a dbt project needs a 'name:'"),
        ("", "dbt_project.yml: a dbt project needs a 'name:'"),
        ("- name: shop\n", "dbt_project.yml: a dbt project needs a 'name:'"),
    ],
)
def test_a_broken_dbt_project_yml_is_said_with_file_and_line(tmp_path: Path, text: str | bytes, message: str):
    project_in(tmp_path)
    (tmp_path / "dbt_project.yml").write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(ProjectError) as caught:
        open_project(tmp_path)
    assert caught.value.message.startswith(f"{tmp_path}/{message}")


def test_what_was_asked_for_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DBT_PROFILES_DIR", "~/profiles")
    monkeypatch.setenv("HOME", str(tmp_path))
    by_variable = opened(tmp_path / "a", "name: shop")
    by_option = opened(
        tmp_path / "b", "name: shop", profile="p", target="t", profiles_dir=tmp_path, vars={"x": 1}
    )

    assert (by_variable.profiles_dir, by_variable.target_name) == (tmp_path / "profiles", None)
    assert (by_option.profile_name, by_option.target_name, by_option.profiles_dir, by_option.vars) == (
        "p", "t", tmp_path, {"x": 1},
    )  # fmt: skip


def test_jinja_in_dbt_project_yml_is_kept_as_it_stands(tmp_path: Path):
    text = "name: shop\nmodels: {+schema: \"{{ env_var('SCHEMA') }}\"}"

    assert opened(tmp_path, text).config["models"] == {"+schema": "{{ env_var('SCHEMA') }}"}


@pytest.mark.parametrize(
    ("text", "key", "folders"),
    [
        ("name: shop", "model", ["models"]),
        ("name: shop", "seed", ["seeds"]),
        ("name: shop", "snapshot", ["snapshots"]),
        ("name: shop", "macro", ["macros"]),
        ("name: shop\nmodel-paths: [a, ../b]", "model", ["a", "../b"]),
        ("name: shop\nmodel-paths: []", "model", ["models"]),
    ],
)
def test_the_folders_are_those_of_the_project_else_dbts(
    tmp_path: Path, text: str, key: str, folders: list[str]
):
    assert opened(tmp_path, text).paths(key) == [tmp_path / folder for folder in folders]


def test_artifacts_are_where_dbt_writes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert opened(tmp_path, "name: shop").target_path == tmp_path / "target"
    assert opened(tmp_path, "name: shop\ntarget-path: out").target_path == tmp_path / "out"

    monkeypatch.setenv("DBT_TARGET_PATH", "elsewhere")
    assert opened(tmp_path, "name: shop\ntarget-path: out").target_path == tmp_path / "elsewhere"
    monkeypatch.setenv("DBT_TARGET_PATH", "/absolute")
    assert opened(tmp_path, "name: shop").target_path == Path("/absolute")


def test_a_flag_is_the_projects_else_the_default(tmp_path: Path):
    project = opened(tmp_path, "name: shop\nflags: {yes_flag: true, no_flag: false}")

    assert (project.flag("yes_flag", False), project.flag("no_flag", True)) == (True, False)
    assert (project.flag("absent", True), project.flag("absent", False)) == (True, False)
    assert opened(tmp_path, "name: shop\nflags:").flag("absent", True)


def test_files_of_aidbt_lie_beside_the_models(tmp_path: Path):
    assert opened(tmp_path, "name: shop").aidbt_dir == tmp_path / "aidbt"
