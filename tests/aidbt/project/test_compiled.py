"""The manifest with compiled SQL: when dbt's own is taken, and what there is where dbt cannot compile."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from aidbt.core.config import DbtSettings
from aidbt.core.errors import DbtError
from aidbt.core.patch import file_lock, state_dir
from aidbt.project.compiled import compiled_project
from aidbt.project.dbt import run_dbt
from tests.dbt_shop import held_by_another_process, new_shop

TESTED = {
    "models/a.sql": "select 1 as id",
    "models/a.yml": "models: [{name: a, columns: [{name: id, data_tests: [unique]}]}]",
    "analyses/counted.sql": "select count(*) as n from {{ ref('a') }}",
}


@pytest.mark.long
def test_what_a_run_of_the_models_left_serves_for_models_and_not_for_tests(tmp_path: Path):
    project = new_shop(tmp_path, TESTED).open()
    run_dbt(project, "run")

    of_models = compiled_project(project, DbtSettings())
    of_all = compiled_project(project, DbtSettings(), needed=("model", "test", "analysis"))

    assert of_models.path == project.target_path / "manifest.json" and not of_models.was_compiled
    assert of_all.was_compiled
    uncompiled = [node.name for node in of_all.manifest.nodes.values() if not node.raw.get("compiled_code")]
    assert uncompiled == []


@pytest.mark.long
@pytest.mark.parametrize("changed", ["profiles.yml", "../local/macros/cents.sql"])
def test_a_changed_profile_or_local_package_is_compiled_anew(tmp_path: Path, changed: str):
    files = {
        "models/a.sql": "select {{ local.cents('1') }} as {{ target.schema }}",
        "packages.yml": "packages: [{local: ../local}]",
        "../local/dbt_project.yml": "name: local",
        "../local/macros/cents.sql": "{% macro cents(of) %}{{ of }} * 100{% endmacro %}",
    }
    shop = new_shop(tmp_path / "shop", files)
    run_dbt(shop.open(), "deps")
    before = compiled_project(shop.open(), DbtSettings()).manifest.get("model.shop.a").raw["compiled_code"]

    path = shop.root / changed
    path.write_text(path.read_text().replace("100", "1000").replace("threads: 2", "threads: 2, schema: mart"))
    after = compiled_project(shop.open(), DbtSettings())

    assert before == "select 1 * 100 as main"
    assert after.was_compiled
    assert after.manifest.get("model.shop.a").raw["compiled_code"] in (
        "select 1 * 1000 as main",
        "select 1 * 100 as mart",
    )


@pytest.mark.long
def test_models_in_a_circle_are_parsed_and_the_circle_is_the_problem(tmp_path: Path):
    files = {"models/a.sql": "select * from {{ ref('b') }}", "models/b.sql": "select * from {{ ref('a') }}"}
    project = new_shop(tmp_path, files).open()

    compiled = compiled_project(project, DbtSettings())

    assert {node.name for node in compiled.manifest.of_type("model")} == {"a", "b"}
    assert "Found a cycle" in compiled.problem
    with pytest.raises(DbtError, match="Found a cycle"):
        compiled.require_compiled()


@pytest.mark.long
def test_a_locked_warehouse_leaves_the_project_as_it_was_parsed(tmp_path: Path):
    shop = new_shop(tmp_path)

    with held_by_another_process(shop.database):
        compiled = compiled_project(shop.open(), DbtSettings())

    assert "lock" in compiled.problem
    assert {node.name for node in compiled.manifest.of_type("model")} == {"orders", "totals"}


@pytest.mark.long
def test_one_waits_for_another_that_compiles_and_takes_what_it_made(tmp_path: Path):
    project = new_shop(tmp_path, {"models/a.sql": "select 1 as id"}).open()
    found = []
    with file_lock(state_dir(project.root) / "compile.lock") as is_free:
        assert is_free
        waiting = threading.Thread(target=lambda: found.append(compiled_project(project, DbtSettings())))
        waiting.start()
        waiting.join(timeout=0.5)
        assert waiting.is_alive()
    waiting.join()

    assert found[0].was_compiled
    assert not compiled_project(project, DbtSettings()).was_compiled


def test_a_project_that_cannot_be_written_to_is_told(tmp_path: Path):
    project = new_shop(tmp_path, {"models/a.sql": "select 1 as id"}).open()
    (project.root / ".aidbt").write_text("in the way")

    with pytest.raises(DbtError, match=r"cannot compile the project: .*aidbt"):
        compiled_project(project, DbtSettings())


@pytest.mark.long
def test_why_an_inline_query_cannot_be_compiled_is_dbts_own_reason(tmp_path: Path):
    project = new_shop(tmp_path, {"models/a.sql": "select 1 as id"}).open()

    report = run_dbt(project, "compile", extra_args=["--inline", "select * from {{ ref('missing') }}"])

    assert "'missing' which was not found" in report.failures[0].message


@pytest.mark.long
def test_a_model_that_cannot_be_parsed_is_a_failure_and_what_reads_it_is_compiled(tmp_path: Path):
    files = {
        "models/good.sql": "select 1 as id",
        "models/bad.sql": "select id from {{ ref('good') }} join {{ ref(\"missing\") }} join {{ x }",
        "models/worse.sql": "select id from {{ ref( 'good' }}",
        "models/reads_bad.sql": "select id from {{ ref('bad') }}",
        "seeds/countries.csv": "code\nde\n",
    }
    shop = new_shop(tmp_path, files)

    compiled = compiled_project(shop.open(), DbtSettings())

    failures = {failure.path: failure for failure in compiled.failures}
    assert failures.keys() == {"models/bad.sql", "models/worse.sql"}
    assert failures["models/bad.sql"].unique_id == "model.shop.bad"
    assert "unexpected '}'" in failures["models/bad.sql"].message
    assert compiled.manifest.get("model.shop.worse").depends_on == ("model.shop.good",)
    bad = compiled.manifest.get("model.shop.bad").raw
    assert (bad["raw_code"], bad["compiled_code"]) == (files["models/bad.sql"], "")
    assert compiled.manifest.get("model.shop.reads_bad").raw["compiled_code"].startswith("select id from ")
    assert compiled.manifest.get("seed.shop.countries").raw["root_path"] == str(shop.root)
    for name in ("bad", "worse"):
        (shop.root / f"models/{name}.sql").write_text("select 2 as id")
    assert compiled_project(shop.open(), DbtSettings()).failures == ()


@pytest.mark.long
def test_one_of_two_models_with_one_name_is_left_out(tmp_path: Path):
    files = dict.fromkeys(("models/a.sql", "models/x/a.sql", "models/b.sql"), "select 1 as id")
    shop = new_shop(tmp_path, files)

    compiled = compiled_project(shop.open(), DbtSettings())

    (failure,) = compiled.failures
    assert 'two models with the name "a"' in failure.message
    left = {node.path for node in compiled.manifest.of_type("model")}
    assert left == files.keys() - {failure.path}
    assert all((shop.root / path).is_file() for path in files)


@pytest.mark.long
def test_a_broken_file_of_properties_stops_everything_and_is_named(tmp_path: Path):
    shop = new_shop(tmp_path, {"models/a.sql": "select 1 as id", "models/a.yml": "models: [{name: a"})

    with pytest.raises(DbtError, match=r"a\.yml"):
        compiled_project(shop.open(), DbtSettings())
