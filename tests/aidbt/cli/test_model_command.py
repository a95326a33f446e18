"""`aidbt model` writes a model from a sentence, says what it did, and refuses what it does not understand."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from click.testing import CliRunner, Result

from aidbt.cli.main import cli
from aidbt.core.errors import UsageError
from aidbt.review import validation
from tests.aidbt.cli.asked_shop import FILES, build_without_dbt
from tests.dbt_shop import DBT, Shop, new_shop
from tests.dbt_venvs import VenvMissing, dbt_venv
from tests.openai_server import MODEL, OpenAIServer, good

SENTENCE = "number of orders by country"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = new_shop(tmp_path_factory.mktemp("built"), FILES)
    build_without_dbt(shop)
    return shop


@pytest.fixture
def shop(tmp_path: Path, built: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A built project; what dbt would compile is filled in here."""
    shop = new_shop(tmp_path, FILES)
    shutil.copy(built.database, shop.database)
    shutil.copytree(built.root / "target", shop.root / "target")
    parsed(shop)
    monkeypatch.setattr(validation, "inline_compiler", lambda project, settings: _compiled)
    return shop


def parsed(shop: Shop, **nodes: dict[str, Any]) -> None:
    """Let the manifest be newer than all that a test writes, as if dbt had parsed that; with more nodes."""
    path = shop.root / "target/manifest.json"
    manifest = json.loads(path.read_text())
    later = datetime.now(UTC) + timedelta(hours=1)
    manifest["metadata"]["generated_at"] = later.isoformat()
    manifest["nodes"] |= {node["unique_id"]: node for node in nodes.values()}
    path.write_text(json.dumps(manifest))
    os.utime(path, (later.timestamp(), later.timestamp()))


def _compiled(text: str) -> str:
    return re.sub(r"\{\{ ref\('(\w+)'\) \}\}", r'"shop"."main"."\1"', text)


def model(shop: Shop, *arguments: str) -> Result:
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root)]
    return CliRunner().invoke(cli, ["model", *arguments, *where])


def files(shop: Shop) -> set[str]:
    folders = (shop.root / "models/gold", shop.root / "aidbt")
    return {p.relative_to(shop.root).as_posix() for f in folders for p in f.rglob("*") if p.is_file()}


def test_it_says_how_the_sentence_was_read_what_was_checked_and_what_was_written(shop: Shop):
    result = model(shop, SENTENCE, "--name", "orders_by_country")

    assert result.exit_code == 0, result.exception
    assert "orders_by_country: view (" in result.stdout
    assert "read as: The number of orders per country of customers." in result.stdout
    assert "sample, keys" in result.stdout
    assert "one row per country" in result.stdout
    assert "wrote 4 files:" in result.stdout
    assert "next: git diff, then aidbt build -s orders_by_country" in result.stdout
    assert files(shop) == {
        "models/gold/orders_by_country.sql",
        "models/gold/orders_by_country.yml",
        "aidbt/models/orders_by_country.yml",
        "aidbt/generated.lock",
    }
    check = model(shop, "--check")
    assert (check.exit_code, check.stdout.splitlines()[0]) == (
        0,
        "kept readings and files agree: 1 model from English",
    )


def test_programs_get_the_reading_the_query_and_the_files(shop: Shop):
    result = json.loads(model(shop, SENTENCE, "--name", "m", "--dry-run", "--output", "json").stdout)

    assert result["by"] == "aidbt"
    assert result["query"]["group_by"] == ["customers.country"]
    assert result["written"] == ["models/gold/m.sql", "models/gold/m.yml"]
    assert result["unit_tests"] >= 1
    assert result["faults_found"] > len(result["faults_not_found"])
    assert files(shop) == set()


def test_a_sentence_that_is_not_understood_is_refused_as_a_question_is(shop: Shop):
    result = model(shop, "number of bananas by country", "--name", "m")

    assert result.exit_code == 1
    assert "not answered:" in result.stdout
    assert "bananas" in result.stdout
    told = json.loads(model(shop, "number of bananas by country", "--name", "m", "--output", "json").stdout)
    assert told["spans"] == ["bananas"]
    assert files(shop) == set()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((SENTENCE,), "needs a name"),
        ((SENTENCE, "--check"), "reads no sentence"),
        (("--name", "nothing"), "no model nothing yet"),
        (("--name", "nothing", "--check"), "no model from English is called 'nothing'"),
        (("", "--name", "m"), "no model m yet"),
        (("x" * 2_001, "--name", "m"), "2,000 are the most"),
        (("orders\x00by country", "--name", "m"), "no text"),
    ],
)
def test_a_command_that_cannot_be_run_says_why(shop: Shop, arguments: tuple[str, ...], why: str):
    error = model(shop, *arguments).exception

    assert isinstance(error, UsageError)
    assert why in error.message
    assert files(shop) == set()


def test_where_our_english_refuses_a_language_model_may_read_it(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    query = {"outputs": [{"name": "n", "term": {"count_rows": "orders"}}]}
    with OpenAIServer(good(json.dumps({"query": query}))) as server:
        providers = [{"name": "only", "base_url": server.url, "model": MODEL}]
        monkeypatch.setenv("AIDBT_LLM_PROVIDERS", json.dumps(providers))
        result = model(shop, "splendiferous gizmology", "--name", "m")

    assert result.exit_code == 0, result.exception
    assert f"read by {MODEL} (only), not by aidbt's own English" in result.stdout
    texts = "".join((shop.root / path).read_text() for path in files(shop))
    assert MODEL not in texts
    assert "count(*) as n" in texts


def test_a_metric_is_written_out_over_the_rows_it_is_measured_on(shop: Shop):
    result = model(shop, "turnover by status", "--name", "m")

    assert result.exit_code == 0, (result.stdout, result.exception)
    assert "unit test" in result.stdout
    assert "sum(amount) as turnover" in (shop.root / "models/gold/m.sql").read_text()
    kept = yaml.safe_load((shop.root / "aidbt/models/m.yml").read_text())
    assert {"metric": "turnover"} in [
        output["term"] for output in kept["reading"]["outputs"] if isinstance(output, dict)
    ]
    assert model(shop, "--name", "m").stdout.splitlines()[-1].startswith("nothing to do")


# --- with dbt ------------------------------------------------------------------------------------------


@pytest.mark.long
def test_what_it_writes_is_built_and_tested_by_dbt_and_its_faults_are_found(tmp_path: Path):
    shop = new_shop(tmp_path, FILES)
    assert dbt(shop, "build") == 0
    for name, arguments in {
        "by_country": (SENTENCE, "--contract", "--materialized", "table"),
        "by_month": ("total amount by month", "--materialized", "incremental"),
        "recent": ("customers with orders in the past 30 days",),
        "without": ("customers without orders",),
    }.items():
        written = model(shop, *arguments, "--name", name)
        assert written.exit_code == 0, (name, written.stdout, written.exception)
        assert "unit test" in written.stdout, written.stdout

    shop.database.unlink()  # a warehouse that has nothing yet
    assert dbt(shop, "build") == 0
    assert dbt(shop, "build") == 0
    with duckdb.connect(str(shop.database)) as connection:
        by_month = connection.execute("select sum(total_amount) from by_month").fetchall()
        assert by_month == connection.execute("select sum(amount) from orders").fetchall()
    for name, right, wrong in (
        ("by_country", "inner join", "left join"),
        ("by_month", "'month'", "'quarter'"),
        ("by_month", ">= (", "< ("),
        ("recent", "'30'", "'31'"),
        ("without", "not exists", "exists"),
    ):
        path = shop.root / f"models/gold/{name}.sql"
        text = path.read_text()
        assert right in text, text
        path.write_text(text.replace(right, wrong))
        assert dbt(shop, "test", "-s", f"{name},test_type:unit") == 1, (name, right)
        path.write_text(text)


@pytest.mark.long
@pytest.mark.parametrize("version", ["1.10", "1.12"])
def test_other_versions_of_dbt_build_and_test_what_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
):
    try:
        program = dbt_venv(version).bin / "dbt"
    except VenvMissing as error:
        pytest.skip(str(error))
    shop = new_shop(tmp_path, FILES)
    monkeypatch.setenv("AIDBT_DBT_RUNNER", "executable")
    monkeypatch.setenv("AIDBT_DBT_EXECUTABLE", str(program))
    assert dbt(shop, "build", program=program) == 0

    written = model(shop, "total amount by country and month", "--name", "m", "--contract")

    assert written.exit_code == 0, (written.stdout, written.exception)
    assert "macros/aidbt/unique_combination.sql" in written.stdout
    assert dbt(shop, "build", "-s", "m", program=program) == 0
    assert model(shop, "--name", "m").stdout.splitlines()[-1].startswith("nothing to do")
    path = shop.root / "models/gold/m.sql"
    path.write_text(path.read_text().replace("'month'", "'quarter'"))
    assert dbt(shop, "test", "-s", "m,test_type:unit", program=program) == 1


def dbt(shop: Shop, *arguments: str, program: Path = DBT) -> int:
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root)]
    command = [program, *arguments, *where]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode


@pytest.mark.long
def test_what_a_sentence_replaces_is_said_and_asked_for(shop: Shop):
    assert model(shop, SENTENCE, "--name", "m").exit_code == 0
    other = "number of orders by status"

    refused = model(shop, other, "--name", "m")
    shown = model(shop, other, "--name", "m", "--dry-run")
    replaced = model(shop, other, "--name", "m", "--replace", "--output", "json")

    assert isinstance(refused.exception, UsageError)
    assert refused.exception.exit_code == 1
    assert f"in the place of: {SENTENCE} (this needs --replace)" in shown.stdout
    assert json.loads(replaced.stdout)["replaced"] == SENTENCE
    assert "orders.status" in (shop.root / "aidbt/models/m.yml").read_text()


def test_the_kept_reading_is_a_query_that_can_be_asked(shop: Shop):
    model(shop, SENTENCE, "--name", "m")
    kept: Any = yaml.safe_load((shop.root / "aidbt/models/m.yml").read_text())
    (shop.root / "question.yml").write_text(yaml.safe_dump(kept["reading"]))
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root)]

    asked = CliRunner().invoke(
        cli, ["query", "--file", str(shop.root / "question.yml"), "--output", "json", *where]
    )

    assert asked.exit_code == 0, asked.exception
    assert len(json.loads(asked.stdout)["rows"]) == 3


def test_generate_knows_that_a_sentence_stands_behind_it(shop: Shop):
    assert model(shop, SENTENCE, "--name", "orders_by_country").exit_code == 0
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root), "--output", "json"]
    generated = CliRunner().invoke(cli, ["generate", "--dry-run", *where])

    assert generated.exit_code == 0, generated.output
    assert "generated.orphan" not in generated.stdout
    (shop.root / "aidbt/models/orders_by_country.yml").unlink()
    again = CliRunner().invoke(cli, ["generate", "--dry-run", *where])
    assert "generated.orphan" in again.stdout
