"""`aidbt impact` says what a change reaches, and stops a branch that breaks something."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from dbt_shop import Shop, new_shop

from aidbt.cli.main import cli
from aidbt.core.errors import UnknownName, UsageError

FILES = {
    ".gitignore": "target/\nlogs/\n.aidbt/\n*.duckdb\n",
    "seeds/raw_orders.csv": "id,customer,amount,status\n1,a,10.5,paid\n2,b,20.0,open\n",
    "models/stg.sql": (
        "select id as order_id, customer, amount from {{ ref('raw_orders') }} where status = 'paid'"
    ),
    "models/fct.sql": "select customer, sum(amount) as total from {{ ref('stg') }} group by customer",
    "models/every.sql": "select * from {{ ref('stg') }}",
    "models/models.yml": """\
models:
  - name: fct
    columns:
      - {name: customer, data_tests: [unique]}
exposures:
  - {name: board, type: dashboard, owner: {name: Bo}, depends_on: [ref('fct')]}
""",
}


def impact(shop: Shop, *arguments: str) -> Result:
    options = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root), "--no-warehouse"]
    return CliRunner().invoke(cli, ["impact", *arguments, *options])


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(["git", *who, *arguments], cwd=root, check=True)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = new_shop(tmp_path_factory.mktemp("shop"), FILES)
    git(shop.root, "init", "-q", "-b", "main")
    git(shop.root, "add", ".")
    git(shop.root, "commit", "-qm", "first")
    git(shop.root, "checkout", "-qb", "work")
    return shop


@pytest.mark.long
def test_a_column_is_asked_for_what_breaks_without_it_and_what_follows_its_values(shop: Shop):
    result = impact(shop, "stg.amount")

    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "stg.amount, if it were removed: 4 breaking"
    assert lines[2].startswith("  fails      fct: ") and "'amount'" in lines[2]
    assert lines[3].split() == ["stg.amount", "→", "fct"]
    assert "stg.amount, if it took on other values: 3 data" in lines
    assert any("exposure board: total has other values" in line for line in lines)


@pytest.mark.long
def test_a_what_if_is_told_to_programs(shop: Shop):
    result = impact(shop, "stg.amount", "--change", "retyped", "--to", "VARCHAR", "--output", "json")

    assert result.exit_code == 0, result.output
    (answer,) = json.loads(result.stdout)
    assert answer["weight"] == "breaking"
    fails = [thing for thing in answer["affected"] if thing["effect"] == "fails"]
    assert [thing["name"] for thing in fails] == ["fct"]
    assert fails[0]["path"] == [["stg.amount", ""], ["fct", "aggregate"]]


def test_what_is_asked_for_wrongly_is_told_what_to_write(shop: Shop):
    for arguments, error in (
        ([], UsageError),
        (["--base", "main", "stg"], UsageError),
        (["stg", "--to", "VARCHAR"], UsageError),
        (["stg", "--change", "values"], UsageError),
        (["stg.amount", "--change", "rows"], UsageError),
        (["stg.amont"], UnknownName),
    ):
        result = impact(shop, *arguments)
        assert isinstance(result.exception, error), (arguments, result.output)
        assert result.exception.hint


@pytest.mark.long
def test_a_branch_is_followed_from_what_its_sql_means(shop: Shop):
    fct, stg = shop.root / "models" / "fct.sql", shop.root / "models" / "stg.sql"
    fct.write_text(
        "-- per customer\nSELECT s.customer, SUM(s.amount) AS total FROM {{ ref('stg') }} s GROUP BY 1"
    )

    same = impact(shop, "--base", "main")

    assert same.exit_code == 0, same.output
    assert same.stdout.splitlines()[0].endswith(": it reaches nothing")
    assert "reformatted, with the same result: fct" in same.stdout

    stg.write_text(FILES["models/stg.sql"].replace(" where status = 'paid'", "").replace(", amount", ""))
    breaks = impact(shop, "--base", "main")

    assert breaks.exit_code == 1, breaks.output
    assert breaks.stdout.startswith("found 1 changed node since this branch left main (")
    assert "  removed    stg.amount  its SQL gives it no more" in breaks.stdout
    assert "  rows       stg  the filter decides otherwise which rows there are" in breaks.stdout
    assert "  fails      fct: " in breaks.stdout
    assert impact(shop, "--base", "main", "--gate", "none").exit_code == 0
    told = json.loads(impact(shop, "--base", "main", "--output", "json").stdout)
    assert told["weight"] == "breaking"
    assert told["reformatted"] == ["model.shop.fct"]
    assert ("every.amount", "removed") in {(thing["name"], thing["effect"]) for thing in told["affected"]}

    stg.write_text(FILES["models/stg.sql"])
    fct.write_text("select {{ ref('stg' }} as x")
    unreadable = impact(shop, "--base", "main")

    assert unreadable.exit_code == 1, unreadable.output
    assert "1 that dbt cannot compile" in unreadable.stdout.splitlines()[0]
    assert "  fails fct: " in unreadable.stdout
