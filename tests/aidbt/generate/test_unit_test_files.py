"""`aidbt generate --unit-tests` in a dbt project: which models, which files, and what dbt says of them."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from dbt_shop import DBT, Shop, new_shop

from aidbt.core.config import load_settings, parse_yaml
from aidbt.core.errors import EditConflict, UnknownName
from aidbt.generate.lock import read_lock
from aidbt.generate.unit_tests.plan import ModelTests, UnitTestPlan, run_unit_tests
from aidbt.lineage.columns import project_lineage
from aidbt.lineage.project import ReadProject, read_project
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node
from aidbt.warehouse.duckdb import DuckDBWarehouse

SCHEMA = """\
version: 2  # ours

models:
  - name: big_orders   # the ones that matter
    description: "Orders."
"""
ORDERS = {"id": "integer", "status": "varchar", "amount": "decimal(10,2)", "ordered_on": "date"}


def node(name: str, sql: str, parents: tuple[str, ...] = ("source.shop.raw.orders",), **more) -> Node:
    """A model as dbt's manifest has it after compiling."""
    config = more.pop("config", {"materialized": "view"})
    raw = {"raw_code": sql, "compiled_code": sql, "language": "sql", **more}
    return Node(
        f"model.shop.{name}", "model", name, f"models/{name}.sql", "shop", "db", "main", name,
        depends_on=parents, config=config, raw=raw,
    )  # fmt: skip


def source(name: str = "orders", columns: dict[str, str] = ORDERS) -> Node:
    from aidbt.core.schema import Column

    found = tuple(Column(column, kind) for column, kind in columns.items())
    return Node(
        f"source.shop.raw.{name}", "source", name, "models/sources.yml", "shop", "db", "raw", name,
        columns=found, source_name="raw", raw={"columns": {c.name: {"name": c.name} for c in found}},
    )  # fmt: skip


class Project:
    """A shop whose manifest the test writes, so that no dbt is needed."""

    def __init__(self, root: Path, adapter: str = "duckdb") -> None:
        self.adapter = adapter
        self.shop = new_shop(root, {"models/schema.yml": SCHEMA})
        self.nodes: dict[str, Node] = {}
        self.others: dict[str, Node] = {}
        self.sources = {"source.shop.raw.orders": source()}

    def add(self, name: str, sql: str, **more) -> None:
        found = node(name, sql, **more)
        self.nodes[found.unique_id] = found

    def run(self, *select: str, **options) -> UnitTestPlan:
        project = self.shop.open()
        metadata = ArtifactMetadata(12, "1.11.0", "", datetime(2024, 1, 1, tzinfo=UTC), self.adapter)
        macros = {
            "macro.shop.columns": {"name": "columns", "depends_on": {"macros": ["macro.dbt.run_query"]}},
            "macro.dbt.run_query": {"name": "run_query"},
        }
        manifest = Manifest(metadata, self.nodes, self.sources, self.others, {"macros": macros})
        read = ReadProject(project_lineage(manifest), manifest)
        return run_unit_tests(project, load_settings(project.root), read, select=select, **options)

    def text(self, path: str) -> str:
        return (self.shop.root / path).read_text()

    def tests(self, path: str) -> list[dict]:
        return parse_yaml(self.text(path), path)["unit_tests"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = Project(tmp_path)
    found.add(
        "big_orders",
        "select id, status from db.raw.orders where amount > 100",
        patch_path="shop://models/schema.yml",
    )
    return found


def only(plan: UnitTestPlan) -> ModelTests:
    (model,) = plan.models
    return model


def test_tests_go_into_the_file_of_the_models_properties_and_nothing_else_in_it_changes(project: Project):
    found = only(project.run())

    assert (found.state, found.path, found.killed) == ("drafted", "models/schema.yml", found.mutants)
    assert project.text("models/schema.yml").startswith(SCHEMA)
    (test,) = project.tests("models/schema.yml")
    assert list(test) == ["name", "description", "model", "given", "expect"]
    assert test["model"] == "big_orders"
    assert test["given"][0]["input"] == "source('raw', 'orders')"
    assert {tuple(row) for row in test["given"][0]["rows"]} == {("id", "status", "amount")}
    assert "Pins what the model does today" in test["description"]


def test_a_second_run_changes_nothing(project: Project):
    project.run()
    before = project.text("models/schema.yml")

    again = project.run()

    assert only(again).state == "unchanged"
    assert again.patch.edits == ()
    assert project.text("models/schema.yml") == before


def test_the_same_model_gets_the_same_bytes(tmp_path: Path):
    texts = []
    for name in ("one", "two"):
        project = Project(tmp_path / name)
        project.add("m", "select id, coalesce(status, 'none') as s from db.raw.orders where amount > 5")
        project.run()
        texts.append((project.text("models/m.yml"), read_lock(project.shop.root).entries))

    assert texts[0] == texts[1]


def test_a_model_that_changed_keeps_its_tests_until_new_ones_are_asked_for(project: Project):
    project.run()
    before = project.text("models/schema.yml")
    project.add(
        "big_orders",
        "select id, status from db.raw.orders where amount > 200",
        patch_path="shop://models/schema.yml",
    )

    assert only(project.run()).state == "older"
    assert project.text("models/schema.yml") == before

    assert only(project.run(refresh=True)).state == "drafted"
    amounts = {row["amount"] for row in project.tests("models/schema.yml")[0]["given"][0]["rows"]}
    assert any(amount and amount >= 200 for amount in amounts)
    assert only(project.run()).state == "unchanged"


def test_a_test_that_a_person_edited_or_removed_stays_so(project: Project):
    name = only(project.run()).names[0]
    edited = project.text("models/schema.yml").replace("Pins what", "We pin what")
    (project.shop.root / "models/schema.yml").write_text(edited)

    found = only(project.run(refresh=True))

    assert (found.names, found.kept) == ((), (name,))
    assert project.text("models/schema.yml") == edited

    (project.shop.root / "models/schema.yml").write_text(SCHEMA)
    assert only(project.run(refresh=True)).kept == (name,)
    assert project.text("models/schema.yml") == SCHEMA
    assert only(project.run()).state == "unchanged"


def test_a_test_that_is_no_longer_needed_is_left_to_a_person(project: Project):
    name = only(project.run()).names[0]
    project.add("big_orders", "select distinct id from db.raw.orders", patch_path="shop://models/schema.yml")

    found = only(project.run(refresh=True))

    assert (found.names, found.left) == (("test_big_orders_distinct",), (name,))
    assert [test["name"] for test in project.tests("models/schema.yml")] == [name, *found.names]
    assert only(project.run()).state == "unchanged"


def test_a_persons_test_of_the_same_name_is_left_and_ours_gets_another(project: Project):
    name = only(project.run(write=False)).names[0]
    raw = {"model": "big_orders"}
    project.others["unit_test.shop.x"] = Node("unit_test.shop.x", "unit_test", name, "models/x.yml", raw=raw)

    assert only(project.run()).names == (f"{name}_2",)


def test_a_model_without_properties_gets_a_file_of_its_name(project: Project):
    project.add("lonely", "select id from db.raw.orders where status = 'paid'")

    found = only(project.run("lonely"))

    assert found.path == "models/lonely.yml"
    assert project.tests("models/lonely.yml")[0]["model"] == "lonely"


def test_nothing_is_written_when_only_asked(project: Project):
    plan = project.run(write=False)

    assert plan.patch.paths() == ["models/schema.yml", "aidbt/generated.lock"]
    assert project.text("models/schema.yml") == SCHEMA


def test_models_are_chosen_by_name_pattern_or_folder(project: Project):
    project.add("small_orders", "select id from db.raw.orders where amount < 5")

    assert [m.model for m in project.run("small_*", write=False).models] == ["small_orders"]
    assert len(project.run("models", write=False).models) == 2
    with pytest.raises(UnknownName, match="big_ordres") as error:
        project.run("big_ordres")
    assert error.value.hint == "did you mean 'big_orders'?"


def test_a_versioned_model_names_its_version(project: Project):
    project.add("v", "select id from db.raw.orders where amount < 5", version=2, latest_version=2)

    found = only(project.run("v"))

    test = project.tests("models/v.yml")[0]
    assert (found.model, test["versions"]) == ("v.v2", {"include": [2]})


def test_an_ephemeral_input_is_given_as_sql(project: Project):
    project.add("recent", "select id, amount from db.raw.orders", config={"materialized": "ephemeral"})
    project.add(
        "reader",
        "with __dbt__cte__recent as (select id, amount from db.raw.orders)"
        " select id from __dbt__cte__recent where amount > 1",
        parents=("model.shop.recent",),
    )

    project.run("reader")

    given = project.tests("models/reader.yml")[0]["given"][0]
    assert (given["input"], given["format"]) == ("ref('recent')", "sql")
    with duckdb.connect() as database:
        columns = [column[0] for column in database.execute(given["rows"]).description or ()]
        rows = database.execute(given["rows"]).fetchall()
    assert columns == ["id", "amount"]
    assert any(amount is not None and amount <= 1 for _, amount in rows)


@pytest.mark.parametrize(
    ("sql", "more", "why"),
    [
        ("select current_date as d, id from db.raw.orders", {}, "reads the clock outright (current_date)"),
        ("select random() as r from db.raw.orders", {}, "calls random()"),
        ("select id from db.other.orders", {}, "neither a ref nor a source"),
        ("select id from", {}, "its SQL cannot be read"),
        ("select 1", {"language": "python"}, "a Python model"),
        ("", {}, "dbt has not compiled it"),
        ("select uncle(id) as a from db.raw.orders", {}, "cannot run it"),
        (
            "with recursive n as (select 1 as i union all select i + 1 from n where i < 3) select i from n",
            {},
            "a recursive query",
        ),
        (
            "select id from db.raw.orders",
            {"depends_on": {"macros": ["macro.shop.columns"]}},
            "depends on what the warehouse holds (run_query)",
        ),
    ],
)
def test_what_cannot_be_pinned_is_refused_with_its_reason(project: Project, sql: str, more: dict, why: str):
    project.add("m", sql, **more)

    found = only(project.run("m"))

    assert found.state == "refused"
    assert why in found.why


def test_a_clock_that_is_read_through_dbt_is_overridden(project: Project):
    project.add(
        "recent",
        "select id from {{ source('raw', 'orders') }} where ordered_on > {{ dbt.current_timestamp() }}",
        compiled_code="select id from db.raw.orders where ordered_on > now()",
    )

    found = only(project.run("recent"))

    assert found.killed == found.mutants - 1  # no day begins at half past twelve: > is >=
    overrides = {"macros": {"dbt.current_timestamp": "cast('2024-01-15 12:30:00' as timestamp)"}}
    assert project.tests("models/recent.yml")[0]["overrides"] == overrides


def test_a_clock_behind_another_macro_is_refused(project: Project):
    project.add(
        "recent",
        "select id from {{ source('raw', 'orders') }} where ordered_on > {{ today_in('Berlin') }}",
        compiled_code="select id from db.raw.orders where ordered_on > now()",
    )

    assert "a macro that it calls reads the clock" in only(project.run("recent")).why


def test_what_is_no_list_of_tests_is_not_overwritten(project: Project):
    text = SCHEMA + "\nunit_tests: {mine: 1}\n"
    (project.shop.root / "models/schema.yml").write_text(text)

    with pytest.raises(EditConflict, match="is no list"):
        project.run()
    assert project.text("models/schema.yml") == text


def test_an_input_of_unknown_type_is_refused(project: Project):
    project.sources["source.shop.raw.orders"] = source(columns={"id": "", "amount": "integer"})

    found = only(project.run("big_orders"))

    assert found.state == "refused"
    assert "the type of raw.orders.id is not known" in found.why
    assert "data_type" in found.hint


def test_an_incremental_model_gets_tests_of_both_its_runs(project: Project):
    sql = (
        "select id, ordered_on from {{ source('raw', 'orders') }}"
        "{% if is_incremental() %} where ordered_on > (select max(ordered_on) from {{ this }}){% endif %}"
    )
    compiled = "select id, ordered_on from db.raw.orders"
    config = {"materialized": "incremental"}
    project.add("inc", sql, config=config, compiled_code=compiled)

    project.run("inc")

    tests = project.tests("models/inc.yml")
    assert {test["overrides"]["macros"]["is_incremental"] for test in tests} == {True}
    given = {given["input"]: given.get("format") for given in tests[0]["given"]}
    assert given == {"source('raw', 'orders')": None, "this": "sql"}  # it may not be built yet


def test_sql_of_another_system_is_carried_over_and_said_to_be(tmp_path: Path):
    project = Project(tmp_path, "postgres")
    columns = {"id": "bigint", "status": "character varying", "at": "timestamp without time zone"}
    project.sources["source.shop.raw.orders"] = source(columns=columns)
    project.add(
        "pg",
        "select distinct on (status) status, id::text as id, date_trunc('month', at) as month"
        " from db.raw.orders where at < '2024-03-01'::timestamp - interval '7 days'"
        " order by status, at desc, id",
    )

    found = only(project.run())

    assert found.killed >= found.mutants - 2  # the first key of the order decides nothing
    assert "(as DuckDB works it out)" in project.tests("models/pg.yml")[0]["description"]


def test_what_does_not_carry_over_is_refused(tmp_path: Path):
    project = Project(tmp_path, "postgres")
    project.add("pg", "select id, to_tsvector(status) @@ to_tsquery('paid') as is_paid from db.raw.orders")

    assert only(project.run()).state == "refused"


# --- with a real dbt ---

REAL = {
    "seeds/customers.csv": "id,name,country\n1,Ann,DE\n2,Bob,\n",
    "seeds/orders.csv": "id,customer_id,status,amount,ordered_on\n1,1,paid,10.5,2024-01-03\n",
    "models/stg_orders.sql": "select id as order_id, customer_id, lower(trim(status)) as status, amount,"
    " ordered_on from {{ ref('orders') }} where amount > 0",
    "models/eph.sql": "{{ config(materialized='ephemeral') }} select id as customer_id, name,"
    " coalesce(country, 'none') as country from {{ ref('customers') }}",
    "models/mart.sql": "select c.customer_id, c.name, count(o.order_id) as n,"
    " coalesce(sum(o.amount), 0) as t, case when sum(o.amount) >= 100 then 'big' else 'small' end as size"
    " from {{ ref('eph') }} as c"
    " left join {{ ref('stg_orders') }} as o on o.customer_id = c.customer_id and o.status = 'paid'"
    " group by 1, 2",
    "models/daily.sql": "{{ config(materialized='incremental') }} select ordered_on as day, count(*) as n"
    " from {{ ref('stg_orders') }}"
    " {% if is_incremental() %} where ordered_on > (select max(day) from {{ this }}) {% endif %} group by 1",
    "models/recent.sql": "select order_id from {{ ref('stg_orders') }} where ordered_on >="
    " cast({{ dbt.current_timestamp() }} as date) - interval 7 day",
    "models/schema.yml": SCHEMA.replace("big_orders", "mart"),
}


def dbt(shop: Shop, command: str) -> dict[str, str]:
    """What dbt made of each node, by its name."""
    words = [DBT, command, "--project-dir", shop.root, "--profiles-dir", shop.root]
    subprocess.run(words, capture_output=True, cwd=shop.root, timeout=300, check=False)
    found = json.loads((shop.root / "target" / "run_results.json").read_text())["results"]
    return {item["unique_id"].rpartition(".")[2]: item["status"] for item in found}


@pytest.mark.long
def test_dbt_passes_the_drafted_tests_and_fails_them_when_the_model_changes(tmp_path: Path):
    shop = new_shop(tmp_path, REAL)
    dbt(shop, "build")
    project = shop.open()
    settings = load_settings(project.root)
    read = read_project(project, settings.values.dbt, warehouse=DuckDBWarehouse(shop.database))

    plan = run_unit_tests(project, settings, read)

    assert {model.model: model.state for model in plan.models if model.state != "drafted"} == {}
    shop.database.unlink()  # as in a fresh environment, where nothing is built yet
    results = dbt(shop, "build")
    names = {name for model in plan.models for name in model.names}
    assert {results[name] for name in names} == {"pass"}
    mart = shop.root / "models" / "mart.sql"
    mart.write_text(mart.read_text().replace(">= 100", "> 100"))
    failed = {name for name, status in dbt(shop, "test").items() if status == "fail"}
    assert failed
    assert failed <= {name for model in plan.models if model.model == "mart" for name in model.names}
