"""Settings: which value wins, where it came from, and what is said of a file that is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aidbt.core.config import (
    SETTINGS_FILE,
    HealSettings,
    LoadedSettings,
    Settings,
    environment,
    fill_env_vars,
    load_settings,
    parse_yaml,
    read_text,
    read_yaml_mapping,
)
from aidbt.core.errors import SettingsError


def load(
    folder: Path,
    text: str | bytes = "",
    *,
    flags: dict[str, Any] | None = None,
    env: dict[str, str] | None = None,
) -> LoadedSettings:
    (folder / SETTINGS_FILE).write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_settings(folder, flags=flags, env=env or {})


def refused(folder: Path, text: str | bytes = "", **given: Any) -> str:
    """The message and hint of the error, with the file's name without its folder.

    Without the hint that every wrong value has: where the keys are listed.
    """
    with pytest.raises(SettingsError) as caught:
        load(folder, text, **given)
    said = str(caught.value).replace(f"{folder}/", "")
    return said.removesuffix("\nhint: aidbt doctor --all lists every setting with its value")


# --- which value wins ---------------------------------------------------------------------------------


def test_without_a_file_every_value_is_the_default(tmp_path: Path):
    loaded = load_settings(tmp_path, env={})

    assert loaded.values == Settings()
    assert set(loaded.origins.values()) == {"default"}
    assert loaded.path is None


def test_every_setting_has_an_origin(tmp_path: Path):
    origins = load_settings(tmp_path, env={}).origins

    assert {"generate.model_name", "mapping.precision", "profile.sample_rows", "dbt.runner"} <= origins.keys()
    assert origins.keys() == {
        f"{section}.{name}"
        for section, values in Settings().model_dump().items()
        for name in values
    }  # fmt: skip


FILE = "profile: {sample_rows: 2}"
VARIABLE = {"AIDBT_PROFILE_SAMPLE_ROWS": "3"}
FLAG = {"profile.sample_rows": 4}


@pytest.mark.parametrize(
    ("text", "env", "flags", "value", "origin"),
    [
        ("", {}, {}, 10_000, "default"),
        (FILE, {}, {}, 2, "file"),
        ("", VARIABLE, {}, 3, "environment"),
        (FILE, VARIABLE, {}, 3, "environment"),
        ("", {}, FLAG, 4, "flag"),
        (FILE, {}, FLAG, 4, "flag"),
        ("", VARIABLE, FLAG, 4, "flag"),
        (FILE, VARIABLE, FLAG, 4, "flag"),
    ],
)
def test_a_flag_wins_over_a_variable_over_the_file_over_the_default(
    tmp_path: Path, text: str, env: dict[str, str], flags: dict[str, Any], value: int, origin: str
):
    loaded = load(tmp_path, text, env=env, flags=flags)

    assert loaded.values.profile.sample_rows == value
    assert loaded.origins["profile.sample_rows"] == origin
    assert loaded.origins["profile.memory_limit"] == "default"
    assert loaded.path == tmp_path / SETTINGS_FILE


def test_the_process_environment_is_read_when_none_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AIDBT_DBT_EXECUTABLE", "stage")

    assert environment()["AIDBT_DBT_EXECUTABLE"] == "stage"
    assert load_settings(tmp_path).values.dbt.executable == "stage"


@pytest.mark.parametrize("text", ["2024", "no", "007", "null", "1e3", "stage: x", "#1", ""])
def test_a_variable_for_a_text_is_taken_as_it_stands(tmp_path: Path, text: str):
    assert load(tmp_path, env={"AIDBT_DBT_EXECUTABLE": text}).values.dbt.executable == text


def test_a_variable_for_a_mapping_is_yaml(tmp_path: Path):
    loaded = load(tmp_path, env={"AIDBT_GENERATE_SOURCES": "{raw_crm: crm, raw_erp: erp}"})

    assert loaded.values.generate.sources == {"raw_crm": "crm", "raw_erp": "erp"}


@pytest.mark.parametrize(
    "text", ["", "\n", "# nothing yet\n", "---\n", "generate:\nprofile:\n  # sample_rows: 1\n"]
)
def test_an_empty_file_or_section_changes_nothing(tmp_path: Path, text: str):
    loaded = load(tmp_path, text, env={"AIDBT_PROFILE_SAMPLE_ROWS": "3"}, flags={"dbt.executable": "stage"})

    assert loaded.values.dbt.executable == "stage"
    assert loaded.values.profile.sample_rows == 3
    assert loaded.origins["generate.tests"] == "default"


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path):
    loaded = load(tmp_path, b"\xef\xbb\xbf" + FILE.encode())

    assert loaded.values.profile.sample_rows == 2


def test_windows_line_ends_and_anchors_are_read(tmp_path: Path):
    loaded = load(tmp_path, "profile: &p\r\n  sample_rows: &n 7\r\ningest:\r\n  parallel: *n\r\n")

    assert (loaded.values.profile.sample_rows, loaded.values.ingest.parallel) == (7, 7)


# --- what is refused, and how -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "dbt:\n  runner: auto\n  executble: stage\n",
            "aidbt.yml:3: unknown key 'dbt.executble'\nhint: did you mean 'executable'?",
        ),
        ("\ngenerte:\n  prefix: a\n", "aidbt.yml:2: unknown key 'generte'\nhint: did you mean 'generate'?"),
        (
            "store:\n  url: postgresql://ann:hunter2@db/team",
            "aidbt.yml:2: store.url holds a password\nhint: leave it out here and set the variable"
            " AIDBT_STORE_URL, or PGPASSWORD; then change it, for git may have it",
        ),
        (
            "alerts:\n  channels:\n    team: {kind: slack, urlenv: X}",
            "aidbt.yml:3: unknown key 'alerts.channels.team.urlenv'\nhint: did you mean 'url_env'?",
        ),
        (
            "store: {zzz: 1}",
            "aidbt.yml:1: unknown key 'store.zzz'\nhint: known keys: path, runs_days, schema_name, url",
        ),
        (
            "\n\nprofile:\n  sample_rows: many\n",
            "aidbt.yml:4: 'profile.sample_rows': input should be a valid integer, unable to parse string as "
            "an integer, got 'many'",
        ),
        (
            "profile: {sample_rows: 0}",
            "aidbt.yml:1: 'profile.sample_rows': input should be greater than or equal to 1, got 0",
        ),
        (
            "generate: {tests: all}",
            "aidbt.yml:1: 'generate.tests': input should be 'keys' or 'none', got 'all'",
        ),
        (
            "dbt: {executable: [a]}",
            "aidbt.yml:1: 'dbt.executable': input should be a valid string, got a list",
        ),
        ("# x\ngenerate: 5", "aidbt.yml:2: 'generate': expected a mapping of names to values, got 5"),
        ("generate: [prefix]", "aidbt.yml:1: 'generate': expected a mapping of names to values, got a list"),
        ("1: 2", "aidbt.yml: '1': keys should be strings, got 1"),
        ("- a\n- b", "aidbt.yml:1: expected a mapping of names to values, found a list"),
        ("stage", "aidbt.yml:1: expected a mapping of names to values, found a str"),
        ("profile:\n  sample_rows: 1\n  sample_rows: 2", "aidbt.yml:3: the key 'sample_rows' stands twice"),
        ("generate:\nprofile:\ngenerate:", "aidbt.yml:3: the key 'generate' stands twice"),
        (b"profile: {memory_limit: '\xff'}", "aidbt.yml: the file is not UTF-8 text\nhint: save it as UTF-8"),
        ("a: 1\n---\nb: 2\n", "aidbt.yml:2: but found another document"),
    ],
)
def test_a_wrong_file_is_explained_with_its_line(tmp_path: Path, text: str | bytes, message: str):
    assert refused(tmp_path, text) == message


@pytest.mark.parametrize(
    "text",
    [
        "profile:\n  sample_rows: 1\n memory_limit: 2\nx",
        "generate: 1\nprofile: {sample_rows: 1\n\n",
        "profile: {}\ngenerate: 'no end\n",
        "generate: {}\nprofile: *nowhere\n",
        "generate: {}\nprofile: !!python/object/apply:os.system [ls]\n",
        "generate: {}\n? [a, b]\n: 1\n",
        "generate: {}\n? {a: b}\n: 1\n",
    ],
)
def test_what_is_not_yaml_is_reported_by_file_and_line(tmp_path: Path, text: str):
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)

    assert caught.value.path == str(tmp_path / SETTINGS_FILE)
    assert caught.value.line in (2, 3, 4)


@pytest.mark.parametrize(
    "text", ["profile:\n\tsample_rows: 1", "profile:\n  sample_rows: 1\n\tmemory_limit: x"]
)
def test_a_tab_is_called_a_tab(tmp_path: Path, text: str):
    message = refused(tmp_path, text)

    assert message.startswith(f"aidbt.yml:{text.count(chr(10), 0, text.index(chr(9))) + 1}: ")
    assert message.endswith("\nhint: indent with spaces, not tabs")


@pytest.mark.parametrize(
    ("given", "where"),
    [
        (
            {"env": {"AIDBT_PROFILE_SAMPLE_ROWS": "many"}},
            "AIDBT_PROFILE_SAMPLE_ROWS: 'profile.sample_rows': ",
        ),
        ({"flags": {"profile.sample_rows": "many"}}, "the command line: 'profile.sample_rows': "),
    ],
)
def test_a_wrong_value_is_blamed_on_where_it_came_from(tmp_path: Path, given: dict[str, Any], where: str):
    assert refused(tmp_path, FILE, **given).startswith(where)


@pytest.mark.parametrize(
    ("text", "given", "where"),
    [
        ("mapping:\n  precision: 0.8\n  review: 0.9", {}, "aidbt.yml:3: "),
        ("mapping: {precision: 0.1}", {}, "aidbt.yml:1: "),
        ("", {"flags": {"mapping.precision": 0.1}}, "the command line: "),
        ("mapping: {review: 0.5}", {"flags": {"mapping.precision": 0.1}}, "the command line: "),
        ("", {"env": {"AIDBT_MAPPING_REVIEW": "0.99"}}, "AIDBT_MAPPING_REVIEW: "),
    ],
)
def test_what_could_be_accepted_must_be_proposed(tmp_path: Path, text: str, given: Any, where: str):
    message = refused(tmp_path, text, **given)

    assert message.startswith(f"{where}mapping.review (")
    assert message.endswith("\nhint: lower mapping.review, or raise mapping.precision")


def test_review_and_precision_may_be_the_same(tmp_path: Path):
    loaded = load(tmp_path, "mapping: {precision: 0.7, review: 0.7}")

    assert loaded.values.mapping.review == 0.7


def test_a_wrong_key_of_the_file_is_not_blamed_on_a_wrong_variable(tmp_path: Path):
    message = refused(tmp_path, "profile: {sampl_rows: 1}", env={"AIDBT_GENERATE_TESTS": "all"})

    assert message.startswith("aidbt.yml:1: unknown key 'profile.sampl_rows'")


@pytest.mark.parametrize(
    "given", [{"flags": {"dbt.executable": "x"}}, {"env": {"AIDBT_DBT_EXECUTABLE": "x"}}]
)
def test_a_section_that_is_no_mapping_is_explained_whatever_else_is_given(
    tmp_path: Path, given: dict[str, Any]
):
    assert refused(tmp_path, "generate: 5", **given).endswith("expected a mapping of names to values, got 5")


def test_a_variable_that_is_not_yaml_is_named(tmp_path: Path):
    message = refused(tmp_path, env={"AIDBT_GENERATE_SOURCES": "{raw: crm"})

    assert message.startswith("the variable AIDBT_GENERATE_SOURCES cannot be read as a value")


def test_a_folder_in_place_of_the_file_is_an_error_and_not_a_crash(tmp_path: Path):
    (tmp_path / SETTINGS_FILE).mkdir()

    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        load_settings(tmp_path, env={})


def test_a_missing_file_is_said_where_one_is_needed(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"x\.yml: the file does not exist"):
        read_yaml_mapping(tmp_path / "x.yml")


@pytest.mark.parametrize("indent", ["", "  "])
def test_a_merge_conflict_is_called_that_wherever_git_left_it(indent: str):
    text = f"a:\n<<<<<<< HEAD\n{indent}- 1\n=======\n{indent}- 2\n>>>>>>> branch\n"

    with pytest.raises(SettingsError, match=r"^file\.yml:2: a merge conflict") as caught:
        parse_yaml(text, "file.yml")

    assert "both sides" in (caught.value.hint or "")


# --- hostile YAML -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["a: &x [*x]", "a: &x {b: *x}", "a: &x {b: {<<: *x}}", "&x ? *x\n: 1", "a: &x [1, &y [*x, *y]]"]
)
def test_an_alias_to_itself_is_refused(text: str):
    with pytest.raises(SettingsError, match=r"^file\.yml:1: "):
        parse_yaml(text, "file.yml")


BOMBS = {
    "lists": "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]\n" for i in range(30))
    + "dbt: {executable: *a30}",
    "merge keys": "a0: &a0 {x: 1, y: 2}\n"
    + "".join(f"a{i + 1}: &a{i + 1} {{<<: [{', '.join([f'*a{i}'] * 10)}]}}\n" for i in range(30))
    + "dbt: {executable: *a30}",
    "merge keys inside each other": "dbt: {executable: &a30 "
    + "".join(f"{{<<: [&a{i} " for i in reversed(range(30)))
    + "{x: 1}"
    + "".join(f"{f', *a{i}' * 10}]}}" for i in range(30))
    + "}",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_yaml_bomb_costs_nothing(tmp_path: Path, name: str):
    """10^30 values when written out. In a process of its own, which may use 1 GB and 20 s of CPU."""
    (tmp_path / SETTINGS_FILE).write_text(BOMBS[name])
    code = """\
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
from pathlib import Path
from aidbt.core.config import load_settings
from aidbt.core.errors import SettingsError
try:
    load_settings(Path(sys.argv[1]), env={})
except SettingsError as error:
    print(len(str(error)) < 1000)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.stdout, done.stderr[-500:]) == ("True\n", "")


def test_a_long_value_is_not_repeated_whole(tmp_path: Path):
    assert len(refused(tmp_path, f"profile: {{sample_rows: {'x' * 100_000}}}")) < 400


def test_merge_keys_are_read_as_yaml_says():
    text = """\
base: &base {a: 1, b: 2}
other: &other {b: 3, c: 4}
one: {<<: *base, b: 5}
both: {<<: [*base, *other], d: 6}
twice: &twice {<<: *base, a: 7}
again: {<<: *twice, <<: *twice}
"""

    assert parse_yaml(text, "x") == {
        "base": {"a": 1, "b": 2},
        "other": {"b": 3, "c": 4},
        "one": {"a": 1, "b": 5},
        "both": {"a": 1, "b": 2, "c": 4, "d": 6},
        "twice": {"a": 7, "b": 2},
        "again": {"a": 7, "b": 2},
    }


# --- texts and variables ------------------------------------------------------------------------------


def test_a_text_is_read_with_its_line_ends_and_without_its_byte_order_mark(tmp_path: Path):
    path = tmp_path / "a.yml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\n# \xc3\xa9\n")

    assert read_text(path) == "a: 1\r\n# é\n"


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain", "plain"),
        ("{{ env_var('HOST') }}", "db.example"),
        ('{{env_var("HOST")}}:{{ env_var( "PORT" ) }}', "db.example:5432"),
        ("{{ env_var('MISSING', 'fallback') }}", "fallback"),
        ("{{ env_var('MISSING', '') }}", ""),
        ("{{ env_var('HOST', 'fallback') }}", "db.example"),
        ("{{ env_var('MISSING', \"it's\") }}", "it's"),
        ("{{ var('x') }} {{ HOST }}", "{{ var('x') }} {{ HOST }}"),
        ("{{ env_var('TRICKY') }}", "{{ env_var('HOST') }} \\1"),
    ],
)
def test_variables_are_filled_in_once(text: str, filled: str):
    env = {"HOST": "db.example", "PORT": "5432", "TRICKY": "{{ env_var('HOST') }} \\1"}

    assert fill_env_vars(text, where="connector.yml", env=env) == filled


def test_a_variable_that_is_not_set_is_named_with_the_file():
    with pytest.raises(SettingsError) as caught:
        fill_env_vars("a {{ env_var('TOKEN') }}", where="crm.yml", env={})

    assert str(caught.value) == "crm.yml: the environment variable TOKEN is not set\nhint: export TOKEN=…"


def test_naming_a_class_that_is_mended_does_not_take_waiting_away():
    told = HealSettings(classes={"CODE": "auto"}).classes
    assert told == {"TRANSIENT": "auto", "CODE": "auto"}
    assert HealSettings(classes={"TRANSIENT": "propose"}).classes == {"TRANSIENT": "propose"}
