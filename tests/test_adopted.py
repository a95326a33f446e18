"""The projects to be adopted are what they claim to be: they build, or fail with the words of dbt."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from benchmarks.adopt_corpus import STYLES, write_project
from tests.adopted import BROKEN, COMPLETE, adopt, expected_files, write_expected

DBT_SAYS = {
    "broken/bad_yaml": "mapping values are not allowed in this context",
    "broken/bad_jinja": "Unexpected end of template",
    "broken/missing_ref": "depends on a node named 'stg_till__sale' which was not found",
    "broken/split_entries": "dbt found two schema.yml entries for the same resource named stg_till__sales",
}


def dbt(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).parent / "dbt", "--warn-error", *arguments, "--no-use-colors"],
        cwd=root,
        env={**os.environ, "DO_NOT_TRACK": "1", "DBT_PROFILES_DIR": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", COMPLETE)
def test_what_the_lead_would_write_takes_no_line_away(name: str, tmp_path: Path):
    project = adopt(name, tmp_path / "theirs")
    assert project.changed() == {}

    write_expected(project)

    assert set(project.changed()) == set(expected_files(name))
    assert project.removed_lines() == []


def test_a_removed_comment_and_a_changed_line_end_are_seen(tmp_path: Path):
    project = adopt("leading_commas", tmp_path / "theirs")
    model = project.root / "models/base/stripe/base_stripe__charge.sql"
    crlf = project.root / "models/base/shop_db/schema.yml"
    model.write_text(model.read_text().replace("-- grain: one row per attempt to take money\n", ""))
    crlf.write_bytes(crlf.read_bytes().replace(b"version: 2\r\n", b"version: 2\n"))

    assert project.removed_lines() == ["version: 2\r", "-- grain: one row per attempt to take money"]


def test_the_file_in_crlf_is_still_in_crlf():
    text = expected_files("leading_commas")["models/base/shop_db/schema.yml"]

    assert "base_shop_db__gift_card" in text
    assert re.search(r"(?<!\r)\n", text) is None


@pytest.mark.parametrize("style", STYLES)
def test_a_seed_gives_the_same_project_again(style: str, tmp_path: Path):
    first = write_project(tmp_path / "first", style, 7, scale=0.1)
    again = write_project(tmp_path / "again", style, 7, scale=0.1)
    other = write_project(tmp_path / "other", style, 8, scale=0.1)

    assert first == again
    assert texts(tmp_path / "first") == texts(tmp_path / "again") != texts(tmp_path / "other")
    assert other["staged"] != first["staged"]
    assert json.loads(json.dumps(first)) == first


@pytest.mark.parametrize("style", STYLES)
def test_the_truth_names_every_raw_column(style: str, tmp_path: Path):
    truth = write_project(tmp_path / "theirs", style, scale=0.1)
    tables = [(f"raw_{one['source']}", one["table"], one["columns"]) for one in truth["staging"].values()]
    tables += [(one["schema"], one["table"], one["columns"]) for one in truth["unstaged"]]

    with duckdb.connect(str(tmp_path / "theirs/warehouse.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select schema_name, table_name, list(column_name order by column_index) from duckdb_columns()"
            " where not internal group by all"
        ).fetchall()

    in_warehouse = {(schema, table): columns for schema, table, columns in found}
    told = {(schema, table): list(columns) for schema, table, columns in tables}
    ignored = {(schema, table) for schema, table in truth["ignored"]}
    assert told == {name: columns for name, columns in in_warehouse.items() if name not in ignored}
    assert ignored < in_warehouse.keys()


@pytest.mark.long
@pytest.mark.parametrize("name", COMPLETE)
def test_a_complete_project_builds_as_it_is_and_with_what_the_lead_would_write(name: str, tmp_path: Path):
    project = adopt(name, tmp_path / "theirs")
    before = dbt(project.root, "build")
    write_expected(project)
    after = dbt(project.root, "build")

    assert before.returncode == 0, before.stdout
    assert after.returncode == 0, after.stdout
    assert set(project.changed()) == set(expected_files(name))


@pytest.mark.long
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_project_gets_the_answer_of_dbt_that_the_readme_quotes(name: str, tmp_path: Path):
    ran = dbt(adopt(name, tmp_path / "theirs").root, "build")

    assert ran.returncode == (2 if name in DBT_SAYS else 0), ran.stdout
    assert DBT_SAYS.get(name, "Completed successfully") in ran.stdout


@pytest.mark.long
@pytest.mark.parametrize("style", STYLES)
def test_the_staging_models_of_a_synthetic_project_have_the_columns_of_the_truth(style: str, tmp_path: Path):
    truth = write_project(tmp_path / "theirs", style, scale=0.2)
    ran = dbt(tmp_path / "theirs", "build")
    assert ran.returncode == 0, ran.stdout

    with duckdb.connect(str(tmp_path / "theirs/warehouse.duckdb"), read_only=True) as connection:
        for model, told in truth["staging"].items():
            rows = connection.execute(f'describe analytics."{model}"').fetchall()
            assert {row[0] for row in rows} == {name for name in told["columns"].values() if name}


def texts(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".duckdb"
    }
