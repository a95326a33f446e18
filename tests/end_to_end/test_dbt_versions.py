"""What aidbt writes is taken by dbt 1.10, 1.11 and 1.12 without a warning, each in an environment of its own.

aidbt runs in the environment of the tests, which holds another dbt; the project names the dbt that runs it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from tests.adopted import PROJECTS, Adopted, adopt
from tests.dbt_venvs import Venv, VenvMissing, dbt_venv, light_venv
from tests.end_to_end.conftest import Ran, User

pytestmark = pytest.mark.long

FLAG = "require_generic_test_arguments_property"
CSV = {
    "people": "id,fullName,kind\n" + "".join(f"{i},Name {i},{'ab'[i % 2]}\n" for i in range(1, 301)),
    "visits": "visit_id,person_id\n" + "".join(f"{i},{1 + i % 300}\n" for i in range(1, 601)),
}
RAW = """
create schema "raw_läden";
create table "raw_läden"."Group" as
    select i as id, i % 5 as "Order", 'é' || i as "größe {{x}}", i as "select" from range(200) r(i);
comment on table "raw_läden"."Group" is 'Says {{ more }} than "it" should: #1.';
create table "raw_läden"."order lines" as
    select i // 4 as order_id, i % 4 as "Line No", i % 200 as group_id, i % 7 / 2 as amount
    from range(800) r(i)
"""
RUN_SQL = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute(sys.argv[2])"


@pytest.fixture(scope="module", params=["1.10", "1.11", "1.12"])
def venv(request: pytest.FixtureRequest) -> Venv:
    return or_skip(dbt_venv, request.param)


def or_skip(make: Callable[..., Venv], *version: str) -> Venv:
    try:
        return make(*version)
    except VenvMissing as error:
        pytest.skip(f"it cannot be installed here: {error}")


@pytest.fixture(scope="module")
def base(venv: Venv, tmp_path_factory: pytest.TempPathFactory) -> User:
    """A project generated where nothing is said about test arguments, with a test of every kind."""
    user = User(tmp_path_factory.mktemp("base"))
    succeeds(user.aidbt("init", ".", "--name", "shop", "--macros"))
    use_dbt_of(venv, user.folder)
    # The file is made by the duckdb that goes with the project's dbt: it reads none that a newer one made.
    venv.run("python", "-c", RUN_SQL, str(user.folder / "warehouse.duckdb"), RAW)
    for table, text in CSV.items():
        user.write(f"exports/{table}.csv", text)
    succeeds(user.aidbt("ingest", "run", "--source", "crm", "--from", "exports/*.csv"))
    succeeds(user.aidbt("generate"))
    succeeds(user.aidbt("review", "accept", "crm.people.kind:accepted_values"))
    succeeds(user.aidbt("generate"))
    return user


@pytest.mark.parametrize("flag", [True, False, None], ids=["flag on", "flag off", "flag not set"])
def test_a_generated_project_is_green_and_free_of_warnings(
    base: User, venv: Venv, flag: bool | None, tmp_path: Path
):
    user = User(tmp_path / "shop")
    shutil.copytree(base.folder, user.folder)
    if flag is not None:
        set_flag(user.folder, flag)
        succeeds(user.aidbt("generate"))

    assert forms_of_arguments(user.folder) == {flag is not False}
    assert kinds_of_tests(user.folder) == {
        "accepted_values",
        "aidbt_unique_combination",
        "not_null",
        "relationships",
        "unique",
    }
    assert_no_warning(venv, user.folder, "build")
    succeeds(user.aidbt("generate", "--check"))


def test_the_sources_of_a_generated_project_are_fresh_without_a_warning(base: User, venv: Venv):
    assert_no_warning(venv, base.folder, "source", "freshness")


def test_the_other_form_of_arguments_would_warn(base: User, venv: Venv, tmp_path: Path):
    user = User(tmp_path / "shop")
    shutil.copytree(base.folder, user.folder)
    as_it_was = (user.folder / "dbt_project.yml").read_text()
    set_flag(user.folder, False)
    succeeds(user.aidbt("generate"))
    user.write("dbt_project.yml", as_it_was)

    assert forms_of_arguments(user.folder) == {False}
    parsed = dbt(venv, user.folder, "parse")

    assert parsed.code != 0
    assert "`arguments`" in parsed.out


NEW_SOURCE = {"leading_commas": "freightcom", "dbt_labs_style": "loyalty"}


@pytest.mark.parametrize("name", NEW_SOURCE)
def test_a_new_source_of_somebody_s_project_is_green_and_free_of_warnings(
    name: str, venv: Venv, tmp_path: Path
):
    project = adopted_for(venv, name, tmp_path / "theirs")
    user = User(project.root)
    succeeds(user.aidbt("init"))
    use_dbt_of(venv, project.root)
    succeeds(user.aidbt("generate", "-s", f"source:{NEW_SOURCE[name]}"))

    assert any(path.endswith(".sql") for path, how in project.changed().items() if how == "??")
    assert_no_warning(venv, project.root, "build")


def test_with_no_dbt_beside_aidbt_the_files_are_for_the_dbt_on_the_path(tmp_path: Path):
    """dbt 1.10.7 is older than what is promised, and the only way to see whose version counts."""
    light, older = or_skip(light_venv), or_skip(dbt_venv, "1.10.7")
    root = tmp_path / "shop"
    root.mkdir()
    path = os.pathsep.join([str(older.bin), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "HOME": str(tmp_path)}

    def aidbt(*arguments: str) -> str:
        command = [light.bin / "python", "-m", "aidbt", *arguments]
        return subprocess.run(command, cwd=root, env=env, check=True, capture_output=True, text=True).stdout

    aidbt("init", ".", "--macros")
    older.run("python", "-c", RUN_SQL, str(root / "warehouse.duckdb"), RAW)
    aidbt("generate")

    assert f"{older.bin}/dbt" in aidbt("doctor")
    assert forms_of_arguments(root) == {False}
    assert_no_warning(older, root, "build")
    aidbt("build")
    assert "nothing failed" in aidbt("heal", "run")


@pytest.mark.parametrize("venv", ["1.12"], indirect=True)
def test_what_is_written_is_valid_by_the_newest_schema_that_dbt_brings(base: User, venv: Venv):
    """dbt 2 cannot be run here; its authors generate this schema from its code, and dbt 1.12 brings it along.

    It shows that every key we write is known there, in its place and with a value of the right kind; even
    small letters in `severity`, which the schema in dbt 1.11 refuses. It does not show that dbt 2 builds the
    project: how it renders our SQL and Jinja, what its adapters do, and what it refuses beyond the schema.
    """
    (schema,) = venv.root.glob("lib/python3*/site-packages/dbt/jsonschemas/resources/latest.json")
    validator = jsonschema_rs.validator_for(json.loads(schema.read_text(encoding="utf-8")))
    files = sorted((base.folder / "models").rglob("*.yml"))
    wrong = [
        (path.name, list(error.instance_path), error.message)
        for path in files
        for error in validator.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))
    ]

    assert len(files) == 4
    assert wrong == []


def adopted_for(venv: Venv, name: str, folder: Path) -> Adopted:
    """Somebody's project with the warehouse that the duckdb of its dbt can read."""
    project = adopt(name, folder)
    project.database.unlink()
    seed = (PROJECTS / name / "warehouse.sql").read_text(encoding="utf-8")
    venv.run("python", "-c", RUN_SQL, str(project.database), seed)
    return project


def use_dbt_of(venv: Venv, root: Path) -> None:
    """Have the project say which dbt runs it."""
    with (root / "aidbt.yml").open("a") as file:
        file.write(f"dbt:\n  runner: executable\n  executable: {venv.bin / 'dbt'}\n")


def set_flag(root: Path, value: bool) -> None:
    path = root / "dbt_project.yml"
    content = yaml.safe_load(path.read_text())
    content.setdefault("flags", {})[FLAG] = value
    path.write_text(yaml.safe_dump(content))


def succeeds(ran: Ran) -> Ran:
    assert ran.code == 0, ran.out + ran.err
    return ran


def assert_no_warning(venv: Venv, root: Path, *command: str) -> None:
    done = dbt(venv, root, *command)
    assert done.code == 0, done.out[-4000:] + done.err[-1000:]


def dbt(venv: Venv, root: Path, *command: str) -> Ran:
    """What dbt does when every warning and deprecation is an error."""
    options = ["--warn-error", "--no-partial-parse", "--no-use-colors", "--no-send-anonymous-usage-stats"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")}
    done = subprocess.run(
        [venv.bin / "dbt", *options, *command, "--profiles-dir", "."],
        cwd=root,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def written_tests(root: Path) -> list[tuple[str, dict]]:
    """Every data test in the YAML of the models, as its name and what stands below it."""
    found = []
    for path in (root / "models").rglob("*.yml"):
        for model in (yaml.safe_load(path.read_text()) or {}).get("models", ()):
            for holder in (model, *model.get("columns", ())):
                for test in holder.get("data_tests", ()):
                    found += [(test, {})] if isinstance(test, str) else test.items()
    return found


def kinds_of_tests(root: Path) -> set[str]:
    return {name for name, _ in written_tests(root)}


def forms_of_arguments(root: Path) -> set[bool]:
    """Whether arguments stand under `arguments:`; one value when it is the same everywhere."""
    return {"arguments" in below for _, below in written_tests(root) if below}
