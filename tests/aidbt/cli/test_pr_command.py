"""`aidbt pr` as people and workflows call it: a real repository and a real dbt."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from dbt_shop import Shop, new_shop

from aidbt.cli.main import cli
from aidbt.core.errors import UsageError

FILES = {
    ".gitignore": "target/\nlogs/\n.aidbt/\n*.duckdb\n.user.yml\n",
    "models/orders.sql": "select 1 as id, 2.5 as amount\n",
    "models/totals.sql": "select id, amount from {{ ref('orders') }}\n",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A project in a folder of its repository, whose branch takes a column away that is still read."""
    top = tmp_path_factory.mktemp("repository")
    shop = new_shop(top / "dbt", {}).write(FILES)
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    for arguments in (
        ["init", "-qb", "main"],
        ["add", "."],
        ["commit", "-qm", "x"],
        ["checkout", "-qb", "work"],
    ):
        subprocess.run(["git", *who, *arguments], cwd=top, check=True)
    return shop.write(
        {
            "models/orders.sql": "select 1 as id\n",
            "models/totals.sql": "select\n    id,\n    amount\nfrom {{ ref('orders') }}\n",
        }
    )


def pr(shop: Shop, *arguments: str) -> Result:
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root), "--no-warehouse"]
    return CliRunner().invoke(cli, ["pr", *where, *arguments])


def test_the_first_lines_are_the_verdict_and_what_changed_and_it_exits_1(shop: Shop):
    done = pr(shop)

    assert done.exit_code == 1, done.output
    first, second = done.output.splitlines()[:2]
    assert first.startswith("blocks: ")
    assert second.startswith("  2 models changed, since main (")
    assert "amount" in done.output


def test_the_program_itself_exits_1_when_it_blocks(shop: Shop):
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root), "--no-warehouse"]
    done = subprocess.run([sys.executable, "-m", "aidbt", "pr", *where], capture_output=True, text=True)

    assert (done.returncode, done.stdout.partition(":")[0], done.stderr) == (1, "blocks", "")


@pytest.mark.parametrize(("gate", "exit_code"), [("blocks", 1), ("look", 1), ("none", 0)])
def test_the_gate_says_what_it_exits_1_for(shop: Shop, gate: str, exit_code: int):
    assert pr(shop, "--gate", gate).exit_code == exit_code


def test_json_holds_the_whole_review(shop: Shop):
    found = json.loads(pr(shop, "--output", "json").output)

    assert found["verdict"]["word"] == "blocks"
    assert [finding["code"] for finding in found["wrong"]] == ["column.unknown"]
    assert {"changed", "impact", "checked", "data", "not_done", "coverage"} <= found.keys()


def test_paths_begin_at_the_root_of_the_repository(shop: Shop):
    annotated = pr(shop, "--output", "github").output
    sarif = json.loads(pr(shop, "--output", "sarif").output)

    assert annotated.startswith("::error file=dbt/models/totals.sql,line=3,title=column.unknown::")
    place = sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "dbt/models/totals.sql"


def test_one_run_writes_files_of_several_forms(shop: Shop, tmp_path: Path):
    names = ("review.xml", "review.md", "review.sarif", "review.txt")

    pr(shop, *(word for name in names for word in ("--write", str(tmp_path / name))))

    assert ElementTree.parse(tmp_path / "review.xml").getroot().tag == "testsuites"
    assert (tmp_path / "review.md").read_text().startswith("<!-- aidbt-pr-review -->")
    assert json.loads((tmp_path / "review.sarif").read_text())["version"] == "2.1.0"
    assert (tmp_path / "review.txt").read_text().startswith("blocks: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--keep"],
        ["--write", "review.doc"],
        ["--base-schema", "x"],
        ["--build", "--base-schema", "x", "--head-schema", "y"],
    ],
    ids=lambda arguments: " ".join(arguments),
)
def test_options_that_contradict_each_other_are_refused(shop: Shop, arguments: list[str]):
    assert isinstance(pr(shop, *arguments).exception, UsageError)
