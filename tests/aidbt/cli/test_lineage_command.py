"""`aidbt lineage` says what columns are made of, and always how much is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from aidbt.cli.main import cli
from aidbt.core.errors import ArtifactError, UnknownName, UsageError, WriteError

MODELS = {
    "stg_orders": (
        "select id as order_id, user_id, cast(amt as decimal(10, 2)) as amount"
        " from w.raw.orders where not deleted",
        ["source.shop.raw.orders"],
    ),
    "stg_users": (
        "select id as user_id, lower(mail) as email from w.raw.users",
        ["source.shop.raw.users"],
    ),
    "totals": (
        "select u.email, sum(o.amount) as total, count(*) as orders"
        " from w.main.stg_orders as o join w.main.stg_users as u using (user_id) group by u.email",
        ["model.shop.stg_orders", "model.shop.stg_users"],
    ),
}
SOURCES: dict[str, dict[str, Any]] = {
    "orders": {"id": "bigint", "user_id": "bigint", "amt": "varchar", "deleted": "boolean"},
    "users": {"id": "bigint", "mail": "varchar"},
}


def manifest(**changed: str) -> dict[str, Any]:
    """A manifest as `dbt compile` leaves it, with some SQL changed."""

    def node(unique_id: str, name: str, resource_type: str, path: str, schema: str) -> dict[str, Any]:
        return {
            "unique_id": unique_id,
            "name": name,
            "resource_type": resource_type,
            "original_file_path": path,
            "package_name": "shop",
            "database": "w",
            "schema": schema,
            "columns": {},
            "config": {"materialized": "view"},
            "checksum": {"name": "sha256", "checksum": name},
        }

    nodes = {}
    for name, (sql, parents) in MODELS.items():
        made = node(f"model.shop.{name}", name, "model", f"models/{name}.sql", "main")
        made |= {
            "alias": name,
            "compiled_code": changed.get(name, sql),
            "depends_on": {"nodes": parents},
            "language": "sql",
        }
        nodes[made["unique_id"]] = made
    sources = {}
    for name, columns in SOURCES.items():
        made = node(f"source.shop.raw.{name}", name, "source", "models/raw.yml", "raw")
        made |= {"source_name": "raw", "identifier": name}
        made["columns"] = {
            column: {
                "name": column,
                "data_type": data_type,
                "meta": {},
                "tags": [],
                "config": {"tags": ["pii"] if column == "mail" else [], "meta": {}},
            }
            for column, data_type in columns.items()
        }
        sources[made["unique_id"]] = made
    return {
        "metadata": {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
            "dbt_version": "1.11.0",
            "generated_at": "2026-01-01T00:00:00Z",
            "invocation_id": "1",
            "adapter_type": "duckdb",
            "project_name": "shop",
        },
        "nodes": nodes,
        "sources": sources,
    }


class Shop:
    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "dbt_project.yml").write_text("name: shop\nversion: '1.0'\nprofile: shop\n")
        self.write(manifest())

    @property
    def manifest(self) -> Path:
        return self.root / "run" / "manifest.json"

    def write(self, manifest: dict[str, Any]) -> None:
        self.manifest.parent.mkdir(exist_ok=True)
        self.manifest.write_text(json.dumps(manifest))

    def lineage(self, *arguments: str) -> Result:
        options = ["--project-dir", str(self.root), "--manifest", str(self.manifest), "--no-warehouse"]
        return CliRunner().invoke(cli, ["lineage", *arguments, *options])


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


COVERAGE = """\
found 3 models, 3 read from SQL; 8 columns
  100 % resolved · 8 end in sources, seeds, constants or clocks · 8 with a type
  2 nodes may have more columns than are known
"""


def test_a_column_is_shown_with_what_it_is_made_of_to_the_sources(shop: Shop):
    result = shop.lineage("totals.total", "--upstream")

    assert result.exit_code == 0, result.output
    head, _, tree = result.stdout.partition("\n\n")
    assert head + "\n" == COVERAGE
    lines = tree.splitlines()
    assert lines[0].startswith("totals.total  ")
    assert lines[1] == "made of"
    assert lines[2].startswith("└─ aggregate  stg_orders.amount  decimal(10,2)  = ")
    assert lines[3] == "   └─ cast  raw.orders.amt  varchar"
    assert "decide which rows totals has (--rows)" in lines[4]


def test_a_column_is_shown_with_what_is_made_of_it(shop: Shop):
    result = shop.lineage("raw.users.mail", "--downstream")

    lines = result.stdout.partition("\n\n")[2].splitlines()
    assert lines[:3] == ["raw.users.mail  varchar", "  pii declared here", "used by"]
    assert lines[3].startswith("└─ expression  stg_users.email  varchar")
    assert lines[4].startswith("   └─ passthrough  totals.email  varchar")


def test_the_exposures_that_may_show_a_column_stand_below_it(shop: Shop):
    made = manifest()
    made["exposures"] = {
        f"exposure.shop.{name}": {
            "unique_id": f"exposure.shop.{name}",
            "name": name,
            "resource_type": "exposure",
            "original_file_path": "models/raw.yml",
            "package_name": "shop",
            "type": "dashboard",
            "depends_on": {"nodes": [read]},
        }
        for name, read in (("sales", "model.shop.totals"), ("users", "model.shop.stg_users"))
    }
    shop.write(made)

    column = shop.lineage("raw.orders.amt").stdout
    node = shop.lineage("totals").stdout
    upstream = shop.lineage("raw.orders.amt", "--upstream").stdout
    (summary,) = json.loads(shop.lineage("raw.users.mail", "--output", "json").stdout)["columns"]

    assert column.splitlines()[-1] == "exposure sales (dashboard) may show it: it reads totals"
    assert node.splitlines()[-1] == "exposure sales (dashboard) reads it"
    assert "exposure" not in upstream
    assert [(e["name"], e["reads"]) for e in summary["exposures"]] == [
        ("sales", ["model.shop.totals"]),
        ("users", ["model.shop.stg_users"]),
    ]


def test_rows_are_shown_when_they_are_asked_for(shop: Shop):
    without = shop.lineage("totals.total").stdout
    with_rows = shop.lineage("totals.total", "--rows").stdout

    assert "raw.orders.deleted" not in without
    assert "filter  raw.orders.deleted  → rows of stg_orders  boolean" in with_rows
    assert "(--rows)" not in with_rows


def test_what_is_reached_twice_is_opened_once(shop: Shop):
    shop.write(
        manifest(
            stg_users="select user_id, amount + 1 as email from w.main.stg_orders",
            totals="select o.amount + u.email as x, o.amount as y"
            " from w.main.stg_orders as o join w.main.stg_users as u using (user_id)",
        )
    )

    text = shop.lineage("totals.x", "--upstream").stdout

    assert text.count("raw.orders.amt") == 1
    assert text.count("(see above)") == 1
    assert "stg_orders.amount" in next(line for line in text.splitlines() if "(see above)" in line)


def test_depth_is_the_number_of_steps(shop: Shop):
    assert "raw.orders.amt" not in shop.lineage("totals.total", "--depth", "1").stdout


def test_a_column_of_a_source_begins_there(shop: Shop):
    assert "made of nothing: it is where the project begins" in shop.lineage("raw.users.mail").stdout


def test_a_node_is_shown_with_its_columns_and_what_decides_its_rows(shop: Shop):
    text = shop.lineage("totals").stdout

    assert "totals  model  models/totals.sql" in text
    assert "3 columns, known from: compiled sql" in text
    [email] = [line for line in text.splitlines() if line.startswith("  email ")]
    assert email.split() == ["email", "varchar", "passthrough", "stg_users.email", "pii"]
    assert "which rows it has is decided by stg_orders.user_id, stg_users.email, stg_users.user_id" in text


def test_several_names_are_shown_one_after_the_other(shop: Shop):
    text = shop.lineage("totals.email", "stg_users").stdout

    assert text.index("totals.email") < text.index("stg_users  model")


def test_without_a_name_it_says_what_is_not_known_and_what_to_do(shop: Shop):
    shop.write(manifest(totals="select nothing_like_it as x from w.main.stg_orders"))

    result = shop.lineage()

    assert result.exit_code == 0
    assert "1 column not resolved" in result.stdout
    assert "totals: x" in result.stdout
    assert "error models/totals.sql: totals: " in result.stdout
    assert "next: aidbt lineage stg_users.user_id" in result.stdout


def test_strict_fails_only_where_something_is_not_known(shop: Shop):
    assert shop.lineage("--strict").exit_code == 0

    shop.write(manifest(totals="select nothing_like_it as x from w.main.stg_orders"))

    assert shop.lineage("--strict").exit_code == 1
    assert shop.lineage("stg_users", "--strict").exit_code == 1


def test_a_model_that_cannot_be_parsed_is_a_finding_and_the_rest_is_read(shop: Shop):
    shop.write(manifest(stg_users="selec 1"))

    result = shop.lineage("stg_orders.amount")

    assert result.exit_code == 0
    assert "3 models, 2 read from SQL" in result.stdout
    assert "cast  raw.orders.amt" in result.stdout


def test_a_tag_is_followed_to_every_column_that_carries_it(shop: Shop):
    lines = shop.lineage("--tag", "pii").stdout.splitlines()[3:]

    assert lines[0] == "pii is declared on 1 column and flows into 2 other columns"
    assert [line.split() for line in lines[1:]] == [
        ["raw.users.mail", "declared"],
        ["stg_users.email", "from", "raw.users.mail"],
        ["totals.email", "from", "raw.users.mail"],
    ]


# --- other forms --------------------------------------------------------------------------------------


def test_json_has_the_edges_of_a_column_and_the_coverage(shop: Shop):
    said = json.loads(shop.lineage("totals.total", "--output", "json").stdout)

    assert (said["coverage"]["columns"], said["coverage"]["is_complete"]) == (8, True)
    [column] = said["columns"]
    assert (column["column"], column["made"], column["downstream"]) == ("totals.total", "aggregate", [])
    assert [
        (edge["source"]["column"], edge["how"], edge["target"]["column"]) for edge in column["upstream"]
    ] == [
        ("amount", "aggregate", "total"),
        ("amt", "cast", "amount"),
    ]
    assert "amt" in column["upstream"][1]["text"]


def test_json_without_a_name_has_every_node(shop: Shop):
    said = json.loads(shop.lineage("--output", "json").stdout)

    nodes = {node["name"]: node for node in said["nodes"]}
    assert list(nodes) == ["raw.orders", "raw.users", "stg_orders", "stg_users", "totals"]
    [email] = [column for column in nodes["totals"]["columns"] if column["name"] == "email"]
    assert email["tags"] == {"pii": ["raw.users.mail"]}
    assert email["uses"] == [{"relation": "model.shop.stg_users", "column": "email", "how": "passthrough"}]
    assert json.loads(shop.lineage("totals", "--output", "json").stdout)["nodes"] == [nodes["totals"]]


def test_json_of_a_tag_has_where_each_column_has_it_from(shop: Shop):
    said = json.loads(shop.lineage("--tag", "pii", "--output", "json").stdout)

    assert said["tagged"][2] == {
        "unique_id": "model.shop.totals", "column": "totals.email", "from": ["raw.users.mail"]
    }  # fmt: skip


@pytest.mark.parametrize(("form", "start"), [("--mermaid", "flowchart LR"), ("--dot", "digraph lineage {")])
def test_a_picture_is_alone_on_stdout_and_the_coverage_beside_it(shop: Shop, form: str, start: str):
    result = shop.lineage("totals.total", form)

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(start)
    assert result.stderr == COVERAGE


def test_a_picture_of_the_project_needs_no_name(shop: Shop):
    assert shop.lineage("--mermaid").stdout.count("-->") == 4


def test_the_page_is_written_and_the_coverage_printed(shop: Shop):
    file = shop.root / "lineage.html"

    result = shop.lineage("--html", str(file))

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(COVERAGE)
    assert "<title>shop: column lineage</title>" in file.read_text()


def test_the_page_is_opened_at_what_is_named(shop: Shop):
    file = shop.root / "lineage.html"

    lines = shop.lineage("totals.total", "raw.users", "--html", str(file)).stdout.splitlines()

    assert lines[-2:] == [
        f"  {file.as_uri()}#node=model.shop.totals&column=total",
        f"  {file.as_uri()}#node=source.shop.raw.users",
    ]


# --- what cannot be ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (["totls.email"], UnknownName, "did you mean 'totals'?"),
        (["totals.emial"], UnknownName, "did you mean 'email'?"),
        (["--tag", "pi"], UnknownName, "did you mean 'pii'?"),
        (["--tag", "pii", "totals"], UsageError, "leave out the names, --mermaid and --dot"),
        (["totals", "stg_users", "--dot"], UsageError, "name one column, one node, or none for all"),
        (["--html", "x.html", "--mermaid"], UsageError, "run one after the other"),
        (["--dot", "--output", "json"], UsageError, "run one after the other"),
        (["--html", "no/such/folder/x.html"], WriteError, "name a file in a folder that exists"),
    ],
)
def test_what_cannot_be_is_one_error_with_a_hint(shop: Shop, arguments: list[str], error: type, hint: str):
    result = shop.lineage(*arguments)

    assert isinstance(result.exception, error)
    assert result.exception.hint == hint
    assert result.exception.exit_code == 2 or error is WriteError


def test_a_manifest_that_is_not_there_is_said(shop: Shop):
    shop.manifest.unlink()

    assert isinstance(shop.lineage().exception, ArtifactError)


def test_a_manifest_is_read_without_a_profile_and_that_is_said(shop: Shop):
    arguments = ["lineage", "--project-dir", str(shop.root), "--manifest", str(shop.manifest)]

    result = CliRunner().invoke(cli, arguments)

    assert result.exit_code == 0, result.output
    assert result.stderr.startswith("note: without the warehouse: ")
