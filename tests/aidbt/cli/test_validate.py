"""`aidbt validate` tells what is wrong with the SQL of a project, a file or standard input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from aidbt.cli.main import cli
from aidbt.cli.validate import _RUNGS
from aidbt.core.errors import UnknownName, UsageError
from aidbt.core.patch import FileEdit, Patch, apply_patch
from aidbt.sql.validate import RUNGS

FILES = {
    "dbt_project.yml": "name: shop\nprofile: shop\nflags: {send_anonymous_usage_stats: false}\n",
    "profiles.yml": "shop: {target: dev, outputs: {dev: {type: duckdb, path: PATH, schema: analytics}}}\n",
    "models/sources.yml": """\
version: 2
sources:
  - name: shop
    schema: raw_shop
    tables: [{name: orders, columns: [{name: order_id, data_tests: [unique]}]}]
models:
  - name: stg_orders
    columns: [{name: order_id, data_tests: [unique]}, {name: day, data_tests: [unique]}]
""",
    "models/stg_orders.sql": """\
select order_id, amount, day
from {{ source('shop', 'orders') }}
""",
    "models/misspelt.sql": """\
{{ config(materialized='view') }}
select
    order_id,
    amout * 2 as twice
from {{ ref('stg_orders') }}
""",
    "models/attack.sql": "select content from read_text('/etc/passwd')\n",
    "models/undeclared.sql": "select name from raw_shop.people\n",
    "tests/no_negative.sql": "select order_id from {{ ref('stg_orders') }} where amount < 0\n",
    "scratch/query.sql": "select sum(amount) as total from raw_shop.orders;\n",
}
RAW = """
create schema raw_shop;
create table raw_shop.orders as
    select i as order_id, i * 1.5 as amount, i % 7 as day from range(100) as r (i);
create table raw_shop.people as select 'a' as name;
"""


class Shop:
    def __init__(self, root: Path) -> None:
        self.root = root
        for path, text in FILES.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text.replace("PATH", str(root / "w.duckdb")))
        with duckdb.connect(str(root / "w.duckdb")) as connection:
            connection.execute(RAW)

    def aidbt(self, *arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(cli, ["validate", *arguments, "--project-dir", str(self.root)], input=stdin)

    def json(self, *arguments: str, stdin: str = "") -> Any:
        return json.loads(self.aidbt(*arguments, "--output", "json", stdin=stdin).stdout)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("validate"))


def findings_of(result: Any, path: str) -> list[Any]:
    return [finding for query in result["queries"] if query["path"] == path for finding in query["findings"]]


@pytest.fixture(scope="module")
def whole(shop: Shop) -> Any:
    return shop.json()


def test_everything_that_the_project_runs_is_validated(whole):
    assert {query["path"]: query["is_valid"] for query in whole["queries"]} == {
        "models/stg_orders.sql": True,
        "models/misspelt.sql": False,
        "models/attack.sql": False,
        "models/undeclared.sql": True,
        "tests/no_negative.sql": True,
    }
    assert not whole["is_valid"]
    assert whole["upto"] == "sample"


def test_a_misspelt_column_is_told_at_the_line_of_the_model_with_its_patch(whole, shop, tmp_path):
    (finding,) = findings_of(whole, "models/misspelt.sql")

    assert finding["code"] == "column.unknown"
    assert finding["where"] == "models/misspelt.sql:4:5"
    assert finding["evidence"]["nearest"] == "amount"
    patch = Patch(tuple(FileEdit(**edit) for edit in finding["patch"]["edits"]))
    target = tmp_path / "models" / "misspelt.sql"
    target.parent.mkdir()
    target.write_text(FILES["models/misspelt.sql"])
    apply_patch(patch, tmp_path)
    assert target.read_text() == FILES["models/misspelt.sql"].replace("amout", "amount")


def test_an_attack_is_told_and_never_reaches_the_engine(whole):
    (finding,) = findings_of(whole, "models/attack.sql")

    assert (finding["code"], finding["where"]) == ("function.refused", "models/attack.sql:1:21")
    (query,) = [query for query in whole["queries"] if query["path"] == "models/attack.sql"]
    assert query["skipped"]["explain"] == "'allowed' failed"


def test_a_model_that_reads_an_unbuilt_one_is_asked_of_empty_tables(whole):
    (query,) = [query for query in whole["queries"] if query["path"] == "tests/no_negative.sql"]

    assert query["reached"] == "describe"
    assert [column["name"] for column in query["columns"]] == ["order_id"]
    assert "does not exist" in query["skipped"]["sample"]


def test_what_is_declared_unique_is_checked_when_it_is_asked_for(shop, whole):
    result = shop.json("-s", "stg_*", "--upto", "keys")

    (finding,) = findings_of(result, "models/stg_orders.sql")
    assert finding["code"] == "key.not_unique"
    assert "same day" in finding["message"]


def test_a_file_beside_the_models_is_validated_as_it_is(shop, whole):
    result = shop.json(str(shop.root / "scratch/query.sql"))

    (query,) = result["queries"]
    assert (query["path"], query["is_valid"], query["reached"]) == ("scratch/query.sql", True, "sample")
    assert [column["name"] for column in query["columns"]] == ["total"]


def test_the_file_of_a_model_is_validated_as_dbt_compiles_it(shop, whole):
    result = shop.aidbt(str(shop.root / "models/stg_orders.sql"))

    assert result.exit_code == 0
    assert result.stdout.startswith("1 of 1 query valid")


def test_standard_input_is_validated_and_has_no_patch(shop, whole):
    result = shop.json("-", stdin="select amout\nfrom raw_shop.orders")

    (finding,) = findings_of(result, "<stdin>")
    assert (finding["where"], finding["patch"]) == ("<stdin>:1:8", None)


@pytest.mark.long
def test_a_template_on_standard_input_is_compiled_by_dbt(shop, whole):
    good = shop.json("-", "--upto", "names", stdin="select amount\nfrom {{ ref('stg_orders') }}")
    bad = shop.json("-", "--upto", "names", stdin="select *\nfrom {{ ref('stg_order') }}")

    assert [column["name"] for column in good["queries"][0]["columns"]] == ["amount"]
    (finding,) = findings_of(bad, "<stdin>")
    assert finding["code"] == "sql.not_compiled"


def test_models_are_selected_by_their_folder_too(shop, whole):
    result = shop.json("-s", "path:tests", "--upto", "parse")

    assert [query["path"] for query in result["queries"]] == ["tests/no_negative.sql"]


def test_a_function_of_the_projects_own_is_allowed_by_name(shop, whole):
    text = "select cents(amount) as c from raw_shop.orders"

    assert shop.aidbt("-", "--upto", "names", stdin=text).exit_code == 1
    assert shop.aidbt("-", "--upto", "names", "--allow", "cents", stdin=text).exit_code == 0


def test_people_get_the_worst_first_and_what_would_settle_it(shop, whole):
    result = shop.aidbt()

    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == "3 of 5 queries valid"
    assert any("models/misspelt.sql:4:5" in line and "column.unknown" in line for line in lines)
    assert any("amout → amount would settle it" in line for line in lines)


def test_a_held_warehouse_leaves_everything_that_needs_no_rows(shop, whole):
    with duckdb.connect(str(shop.root / "w.duckdb")):
        result = shop.json("-s", "stg_orders")

    (query,) = result["queries"]
    assert query["is_valid"]
    assert result["warehouse_problem"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("models", "is a folder"),
        ("models/sources.yml", "is no file of SQL"),
        ("w.duckdb", "is no file of SQL"),
        ("none.sql", "cannot be read: No such file or directory"),
        ("latin.sql", "is not text in UTF-8"),
    ],
)
def test_what_is_no_file_of_sql_is_told_and_not_validated(shop, whole, path, message):
    (shop.root / "latin.sql").write_bytes("select 'ä'".encode("latin-1"))

    result = shop.aidbt(str(shop.root / path))

    assert isinstance(result.exception, UsageError)
    assert result.exception.message == f"{shop.root / path} {message}"


@pytest.mark.long
def test_a_project_without_sql_says_so(tmp_path):
    for name in ("dbt_project.yml", "profiles.yml"):
        (tmp_path / name).write_text(FILES[name].replace("PATH", str(tmp_path / "w.duckdb")))

    result = CliRunner().invoke(cli, ["validate", "--project-dir", str(tmp_path)])

    assert (result.exit_code, result.stdout.splitlines()[0]) == (
        0,
        "found nothing to validate: the project has no models, snapshots, analyses or tests in SQL",
    )


@pytest.mark.long
def test_a_model_that_dbt_cannot_render_has_dbts_reason_and_the_others_are_validated(tmp_path):
    shop = Shop(tmp_path)
    (tmp_path / "models/unknown_macro.sql").write_text("select {{ cents('amount') }} as c")

    result = shop.json("-s", "unknown_macro", "-s", "stg_orders", "--upto", "names")

    (finding,) = findings_of(result, "models/unknown_macro.sql")
    assert finding["code"] == "sql.not_compiled"
    assert "'cents' is undefined" in finding["message"]
    assert findings_of(result, "models/stg_orders.sql") == []


@pytest.mark.long
def test_a_second_model_of_one_name_is_an_error_and_the_others_are_validated(tmp_path):
    shop = Shop(tmp_path)
    (tmp_path / "models/x").mkdir()
    (tmp_path / "models/x/misspelt.sql").write_text("select 1 as a")

    result = shop.json("--upto", "names")

    (left_out,) = [query for query in result["queries"] if not query["unique_id"]]
    assert left_out["path"].endswith("misspelt.sql")
    assert 'two models with the name "misspelt"' in left_out["findings"][0]["message"]
    assert findings_of(result, "models/stg_orders.sql") == []


def test_bad_requests_are_one_error(shop, whole):
    missing = shop.aidbt(str(shop.root / "none.sql"))
    unknown = shop.aidbt("-s", "stg_order")
    both = shop.aidbt("-s", "stg_orders", "-")

    assert isinstance(missing.exception, UsageError)
    assert isinstance(unknown.exception, UnknownName)
    assert unknown.exception.hint == "did you mean 'stg_orders'?"
    assert isinstance(both.exception, UsageError)


def test_the_rungs_to_choose_from_are_those_that_there_are():
    assert _RUNGS == RUNGS
