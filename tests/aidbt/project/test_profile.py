"""profiles.yml is read as dbt reads it, and what is wrong with it is said with the file."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aidbt.core.errors import ProfileError
from aidbt.project import Profile, open_project
from aidbt.project.profile import load_profile, profiles_dir_for

PROFILES = """\
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: /data/dev.duckdb, schema: dev_schema, threads: 2}
    prod: {type: postgres, host: db.example, password: hunter2, dbname: shop}
crm:
  outputs:
    default: {type: duckdb, path: crm.duckdb}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with profiles.yml in it; the current folder is another, empty one, and so is home."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("HOME", str(elsewhere))
    for name in ("DBT_PROFILES_DIR", "DBT_PROFILE", "DBT_TARGET", "DBT_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)
    project = tmp_path / "project"
    project.mkdir()
    (project / "profiles.yml").write_text(PROFILES)
    return project


def load(folder: Path, text: str | None = None, *, name: str | None = "shop", **options: Any) -> Profile:
    if text is not None:
        (folder / "profiles.yml").write_text(text)
    return load_profile(name, project_dir=folder, **options)


def refused(folder: Path, text: str | None = None, **options: Any) -> str:
    """The message and hint of the error, with the file's name without its folder."""
    with pytest.raises(ProfileError) as caught:
        load(folder, text, **options)
    return str(caught.value).replace(f"{folder}/", "")


def rendered(folder: Path, value: str, **options: Any) -> Any:
    """What one setting of a target becomes."""
    settings = {"type": "duckdb", "value": value}
    text = json.dumps({"shop": {"target": "dev", "outputs": {"dev": settings}}})
    return load(folder, text, **options).settings["value"]


# --- which profile and target -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "target", "found"),
    [
        ("shop", None, ("dev", "duckdb", "dev_schema")),
        ("shop", "dev", ("dev", "duckdb", "dev_schema")),
        ("shop", "prod", ("prod", "postgres", "main")),
        ("crm", None, ("default", "duckdb", "main")),
    ],
)
def test_the_target_is_the_one_asked_for_else_the_profiles_own_else_default(
    folder: Path, name: str, target: str | None, found: tuple[str, str, str]
):
    profile = load(folder, name=name, target=target)

    assert (profile.target, profile.type, profile.schema) == found
    assert profile.name == name
    assert profile.profiles_dir == folder


def test_a_dataset_is_a_schema_too(folder: Path):
    text = "shop: {target: dev, outputs: {dev: {type: bigquery, dataset: raw}}}"

    assert load(folder, text).schema == "raw"


def test_the_targets_own_choice_may_be_rendered(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WHERE", "prod")
    text = PROFILES.replace("target: dev", "target: \"{{ env_var('WHERE', 'dev') }}\"")

    assert load(folder, text).target == "prod"
    monkeypatch.delenv("WHERE")
    assert load(folder, text).target == "dev"


def test_the_old_config_block_is_no_profile(folder: Path):
    message = refused(folder, "config: {send_anonymous_usage_stats: false}\n" + PROFILES, name="config")

    assert message.startswith("profiles.yml: no profile is called 'config'")


def test_secrets_are_not_in_the_repr(folder: Path):
    assert "hunter2" not in repr(load(folder, target="prod"))


# --- which file ---------------------------------------------------------------------------------------


def test_profiles_yml_is_looked_for_where_dbt_looks_and_around_the_project(folder: Path):
    here, home = Path.cwd(), Path.cwd() / ".dbt"
    home.mkdir()
    places = [here, folder, folder.parent, home]  # the first that has the file wins
    for place in places:
        (place / "profiles.yml").write_text(PROFILES)
    found = []
    for place in places:
        found.append(profiles_dir_for(folder, None))
        (place / "profiles.yml").unlink()

    assert found == places


def test_a_named_folder_comes_first(folder: Path):
    (Path.cwd() / "profiles.yml").write_text(PROFILES)

    assert profiles_dir_for(folder.parent, folder) == folder


def test_the_first_file_that_knows_the_profile_counts_and_no_later_one_is_read(folder: Path):
    here, home = Path.cwd(), Path.cwd() / ".dbt"
    home.mkdir()
    (here / "profiles.yml").write_text("other: {outputs: {default: {type: duckdb}}}")
    (home / "profiles.yml").write_text("broken: [")

    assert load(folder).profiles_dir == folder
    with pytest.raises(ProfileError, match="no profile is called 'shop'"):
        load_profile("shop", project_dir=here, profiles_dir=here)


def test_a_named_folder_without_the_file_is_not_replaced_by_another(folder: Path, tmp_path: Path):
    with pytest.raises(
        ProfileError, match=re.escape(f"no profiles.yml found (looked in {tmp_path})")
    ) as caught:
        profiles_dir_for(folder, tmp_path)
    assert caught.value.hint == "name its folder with --profiles-dir"


def test_without_any_profiles_yml_every_place_is_listed_once(folder: Path):
    (folder / "profiles.yml").unlink()

    with pytest.raises(ProfileError) as caught:
        load_profile("shop", project_dir=folder)

    here = Path.cwd()
    assert caught.value.message == (
        f"no profiles.yml found (looked in {here}, {folder}, {folder.parent}, {here / '.dbt'})"
    )


# --- what is wrong ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (PROFILES, {"name": "shp"}, "profiles.yml: no profile is called 'shp'\nhint: did you mean 'shop'?"),
        (PROFILES, {"name": "xyz"}, "profiles.yml: no profile is called 'xyz'\nhint: known: crm, shop"),
        ("", {}, "profiles.yml: no profile is called 'shop'\nhint: there is no profile yet"),
        ("- a", {}, "profiles.yml: no profile is called 'shop'\nhint: there is no profile yet"),
        (
            PROFILES,
            {"target": "prd"},
            "profiles.yml: no target of profile 'shop' is called 'prd'\nhint: did you mean 'prod'?",
        ),
        (
            PROFILES.replace("target: dev", "target: staging"),
            {},
            "profiles.yml: no target of profile 'shop' is called 'staging'\nhint: known: dev, prod",
        ),
        (
            "shop: {target: dev}",
            {},
            "profiles.yml: profile 'shop' has no outputs\nhint: a profile needs 'outputs:' with a target",
        ),
        (
            "shop:",
            {},
            "profiles.yml: profile 'shop' has no outputs\nhint: a profile needs 'outputs:' with a target",
        ),
        (
            "shop: {outputs: [dev]}",
            {},
            "profiles.yml: profile 'shop' has no outputs\nhint: a profile needs 'outputs:' with a target",
        ),
        (
            "shop: {target: dev, outputs: {dev: {path: x}}}",
            {},
            "profiles.yml: target 'dev' of profile 'shop' has no 'type'\nhint: e.g. type: duckdb",
        ),
        (
            "shop: {target: dev, outputs: {dev: }}",
            {},
            "profiles.yml: target 'dev' of profile 'shop' has no 'type'\nhint: e.g. type: duckdb",
        ),
        (
            "shop: {target: dev, outputs: {dev: duckdb}}",
            {},
            "profiles.yml: target 'dev' of profile 'shop' has no 'type'\nhint: e.g. type: duckdb",
        ),
        (
            PROFILES,
            {"name": None},
            "dbt_project.yml names no profile\nhint: add 'profile: <name>', or pass --profile",
        ),
        (
            "shop:\n  outputs:\n    dev: {type: duckdb\n",
            {},
            "profiles.yml:4: did not find expected ',' or '}'\nhint: look at the indentation and the quotes "
            "there and in the lines before",
        ),
        ("shop: 1\nshop: 2\n", {}, "profiles.yml:2: the key 'shop' stands twice"),
    ],
)
def test_what_is_wrong_is_said_with_the_file_and_the_nearest_name(
    folder: Path, text: str, options: dict[str, Any], message: str
):
    assert refused(folder, text, **options) == message


# --- rendering ----------------------------------------------------------------------------------------


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PORT": "5432",
        "ZEROS": "0123",
        "YES": "True",
        "WORD": "a: b",
        "EMPTY": "",
        "canvas_pin": "0123",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MISSING", raising=False)


VARS = {"schema": "given", "number": 7, "ratio": "1.5"}
RENDERED = {
    "plain text": "plain text",
    "{ not jinja }": "{ not jinja }",
    "{{ env_var('PORT') }}": "5432",
    "{{ env_var('ZEROS') }}": "0123",
    "{{ env_var('YES') }}": "True",
    "{{ env_var('WORD') }}": "a: b",
    "{{ env_var('EMPTY') }}": "",
    "{{ env_var('MISSING', 'fallback') }}": "fallback",
    "{{ env_var('MISSING', '') }}": "",
    "{{ env_var('PORT', 'fallback') }}": "5432",
    "/has_data/{{ env_var('ZEROS') }}": "/has_data/0123",
    "{{ env_var('canvas_pin') }}": "0123",
    "{{ env_var('PORT') | as_number }}": 5432,
    "{{ env_var('PORT')|as_number }}": 5432,
    "{{ var('ratio') | as_number }}": 1.5,
    "{{ env_var('YES') | as_bool }}": True,
    "{{ env_var('ZEROS') | as_text }}": "0123",
    "{{ env_var('PORT') | as_native }}": 5432,
    "{{ env_var('PORT') | int + 1 }}": 5433,
    "{{ var('schema') }}": "given",
    "{{ var('other', 'fallback') }}": "fallback",
    "{{ var('number') }}": 7,
    "x{{ var('number') }}": "x7",
    "{% if env_var('PORT') == '5432' %}a{% else %}b{% endif %}": "a",
}


@pytest.mark.parametrize("value", RENDERED)
@pytest.mark.usefixtures("variables")
def test_a_setting_is_rendered(folder: Path, value: str):
    found = rendered(folder, value, vars=VARS)

    assert (found, type(found)) == (RENDERED[value], type(RENDERED[value]))


@pytest.mark.usefixtures("variables")
def test_settings_are_rendered_as_dbt_renders_them():
    """The same table, asked of dbt's own renderer."""
    code = """\
import json, sys
from dbt.config.renderer import ProfileRenderer
from dbt.flags import set_from_args
from argparse import Namespace
from dbt_common.context import set_invocation_context
import os
set_from_args(Namespace(), None)
set_invocation_context(os.environ)
renderer = ProfileRenderer(json.loads(sys.argv[1]))
print(json.dumps([renderer.render_value(value) for value in json.loads(sys.stdin.read())]))
"""
    pytest.importorskip("dbt.version")
    asked = list(RENDERED)

    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(VARS)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert dict(zip(asked, json.loads(done.stdout), strict=True)) == {
        value: RENDERED[value] for value in asked
    }


def test_nested_settings_are_rendered_and_other_values_kept(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EXTENSION", "icu")
    text = """\
shop:
  target: dev
  outputs:
    dev:
      type: duckdb
      extensions: ["{{ env_var('EXTENSION') }}", json]
      settings: {a: {b: "{{ env_var('EXTENSION') }}"}, n: 1, f: 1.5, t: true, z: null}
"""

    settings = load(folder, text).settings

    assert settings["extensions"] == ["icu", "json"]
    assert settings["settings"] == {"a": {"b": "icu"}, "n": 1, "f": 1.5, "t": True, "z": None}


def test_the_folder_of_profiles_yml_is_a_flag(folder: Path):
    assert rendered(folder, "{{ flags.PROFILES_DIR }}/shop.duckdb") == f"{folder}/shop.duckdb"


def test_only_the_target_that_is_used_is_rendered(folder: Path):
    text = PROFILES.replace("password: hunter2", "password: \"{{ env_var('NOT_SET_ANYWHERE') }}\"")

    assert load(folder, text, target="dev").type == "duckdb"
    assert refused(folder, text, target="prod") == (
        "profiles.yml: the environment variable NOT_SET_ANYWHERE is not set\nhint: export NOT_SET_ANYWHERE=…"
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{{ env_var('PORT' }}", "cannot be rendered: unexpected '}'"),
        ("{{ nothing }}", "cannot be rendered: 'nothing' is undefined"),
        ("{{ nothing.inside }}", "cannot be rendered: 'nothing' is undefined"),
        ("{% if %}", "cannot be rendered: Expected an expression"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "is unsafe"),
        ("{{ var('not_given') }}", "the variable 'not_given' is not given"),
        ("{{ env_var('WORD') | as_number }}", "cannot be rendered: ValueError"),
        ("{{ 1 / 0 }}", "cannot be rendered: ZeroDivisionError"),
        ("{{ env_var('PORT') + 1 }}", "cannot be rendered: TypeError"),
        ("{{ env_var() }}", "cannot be rendered: TypeError"),
    ],
)
@pytest.mark.usefixtures("variables")
def test_what_cannot_be_rendered_is_an_error_of_the_profile(folder: Path, value: str, message: str):
    with pytest.raises(ProfileError) as caught:
        rendered(folder, value)

    assert caught.value.message.startswith(f"{folder}/profiles.yml: ")
    assert message in caught.value.message
    assert "a: b" not in caught.value.message  # the variable's value may be a secret


# --- through the project ------------------------------------------------------------------------------


def test_a_project_asks_for_its_profile_as_dbt_would(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")

    assert open_project(folder).profile().target == "dev"
    assert open_project(folder, target="prod").profile().target == "prod"
    assert open_project(folder, profile="crm").profile().name == "crm"

    monkeypatch.setenv("DBT_TARGET", "prod")
    monkeypatch.setenv("DBT_PROFILE", "crm")
    assert open_project(folder, target="default").profile().name == "crm"
    assert open_project(folder, profile="shop").profile().target == "prod"


def test_the_name_of_the_profile_may_be_rendered(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder / "dbt_project.yml").write_text("name: shop\nprofile: \"{{ env_var('WHICH', 'shop') }}\"\n")

    assert open_project(folder).profile().name == "shop"
    monkeypatch.setenv("WHICH", "crm")
    assert open_project(folder).profile().name == "crm"


def test_variables_of_the_command_line_reach_the_profile(folder: Path):
    (folder / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    (folder / "profiles.yml").write_text(PROFILES.replace("dev_schema", "\"{{ var('who') }}_dev\""))

    assert open_project(folder, vars={"who": "ann"}).profile().schema == "ann_dev"
