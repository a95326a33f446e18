"""Drafts of semantic models as files: written once, never over a person's edit, in the form of the dbt."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

import aidbt
from aidbt.core.config import parse_yaml
from aidbt.core.errors import AidbtError, UnknownName, WriteError
from aidbt.generate import semantic_draft, semantic_files
from aidbt.generate.bases import Bases
from aidbt.generate.lock import read_lock
from aidbt.generate.plan import run_generate
from aidbt.generate.semantic_draft import SemanticDraft, run_semantic_draft
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node
from aidbt.semantic.definitions import MeasureInput
from aidbt.semantic.drafting.models import Draft, draft
from aidbt.semantic.layer.project_layer import project_layer
from aidbt.semantic.metricflow.compiler import compile_query, validate

PROJECT = "name: shop\nversion: '1.0'\nprofile: shop\nflags: {send_anonymous_usage_stats: false}\n"
PROFILES = """\
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: "{{ flags.PROFILES_DIR }}/shop.duckdb", schema: main, threads: 2}
"""
MODELS = {
    "models/staging/stg_orders.sql": "select * from {{ source('raw', 'orders') }}\n",
    "models/staging/sources.yml": "sources:\n  - {name: raw, schema: raw, tables: [{name: orders}]}\n",
    "models/marts/fct_orders.sql": "select * from {{ ref('stg_orders') }}\n",
    "models/marts/dim_customers.sql": "select distinct customer_id, tier, since from raw.customers\n",
    "models/marts/marts.yml": """\
version: 2

models:
  - name: fct_orders  # the sales
    description: One row per order.
    columns:
      - name: order_id
        data_tests: [unique]
      - {name: amount, description: With tax.}
""",
}
ROWS = """
create schema raw;
create table raw.orders as
    select i as order_id, i % 7 as customer_id, timestamp '2024-01-01' + interval (i) hour as ordered_at,
        (i * 1.5)::decimal(10, 2) as amount, i % 2 = 0 as is_gift
    from range(1, 60) t(i);
create table raw.customers as
    select i as customer_id, case when i % 2 = 0 then 'gold' else 'basic' end as tier,
        date '2023-01-01' + i::int as since
    from range(7) t(i);
create table main.stg_orders as from raw.orders;
create table main.fct_orders as from raw.orders;
create table main.dim_customers as from raw.customers;
"""


def node(name: str, *parents: str, **raw: Any) -> Node:
    """A model as dbt parsed it, which reads parents by unique_id."""
    unique_id = f"model.shop.{name}"
    return Node(
        unique_id, "model", name, f"models/{name}.sql", "shop", "shop", "main", name,
        depends_on=parents, config={"materialized": "table"}, raw=raw,
    )  # fmt: skip


def manifest(*extra: Node) -> Manifest:
    nodes = (
        node("stg_orders", "source.shop.raw.orders"),
        node("fct_orders", "model.shop.stg_orders", description="One row per order."),
        node("dim_customers"),
        *extra,
    )
    metadata = ArtifactMetadata(12, "1.11.0", "", datetime(2026, 1, 1, tzinfo=UTC), "duckdb")
    return Manifest(metadata, {item.unique_id: item for item in nodes}, {})


ORDERS = "models/semantic_models/sem_fct_orders.yml"
SPINE = "models/semantic_models/metricflow_time_spine"


class Project:
    """A project in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def build(self) -> Project:
        """The files of the project, and its tables."""
        self.write({"dbt_project.yml": PROJECT, "profiles.yml": PROFILES, **MODELS})
        with duckdb.connect(str(self.root / "shop.duckdb")) as connection:
            connection.execute(ROWS)
        return self

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def rows(self, sql: str) -> list[Any]:
        with duckdb.connect(str(self.root / "shop.duckdb")) as connection:
            return sorted(connection.execute(sql).fetchall(), key=str)

    def texts(self) -> dict[str, str]:
        folders = (self.root / "models", self.root / "aidbt")
        found = (path for folder in folders for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(self.root).as_posix(): path.read_text() for path in found}

    def manifest(self, *extra: Node) -> Manifest:
        """The project as dbt parses it: with the time spine once it is there."""
        spine = [node("metricflow_time_spine")] if (self.root / f"{SPINE}.sql").exists() else []
        return manifest(*spine, *extra)

    def draft(self, *select: str, write: bool = True, nodes: Iterable[Node] = ()) -> SemanticDraft:
        session = aidbt.open(self.root)
        try:
            return run_semantic_draft(
                session.project,
                session.settings,
                self.manifest(*nodes),
                session.warehouse,
                session.profiles,
                Bases(lambda: session.store, self.root),
                select=select,
                write=write,
            )
        finally:
            session.close()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path).build()


@pytest.fixture(scope="module")
def drafted_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = Project(tmp_path_factory.mktemp("drafted")).build()
    project.draft()
    return project.root


@pytest.fixture
def drafted(drafted_once: Path, tmp_path: Path) -> Project:
    """A project whose models were drafted."""
    shutil.copytree(drafted_once, tmp_path, dirs_exist_ok=True)
    return Project(tmp_path)


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The project runs on dbt 1.12."""
    monkeypatch.setattr(semantic_files, "dbt_version", lambda *_: (1, 12, 0))


def test_models_above_staging_get_a_file_each_and_the_project_a_time_spine(project: Project) -> None:
    result = project.draft()

    assert result.plan.written == (
        f"{SPINE}.sql",
        f"{SPINE}.yml",
        "models/semantic_models/sem_dim_customers.yml",
        ORDERS,
    )
    content = parse_yaml(project.read(ORDERS), ORDERS)
    assert content["semantic_models"][0]["model"] == "ref('fct_orders')"
    assert [metric["name"] for metric in content["metrics"]][:2] == ["order_count", "total_amount"]
    assert "cast('2023-01-01' as date)" in project.read(f"{SPINE}.sql")
    assert "With tax" not in project.read(ORDERS)  # the manifest of this test does not say it


def test_what_was_drafted_can_be_asked(drafted: Project) -> None:
    reading = project_layer(aidbt.open(drafted.root).project, drafted.manifest())

    assert reading.findings == ()
    assert validate(reading.manifest) == ()
    sql = compile_query(reading.manifest, metrics=["total_amount"], group_by=["customer__tier"]).sql
    by_hand = "select tier, sum(amount) from raw.orders join raw.customers using (customer_id) group by tier"
    assert drafted.rows(sql) == drafted.rows(by_hand) != []
    ratios = ["average_amount_per_order", "gift_order_share"]
    by_hand = "select avg(amount)::double, avg(is_gift::int) from raw.orders"
    assert drafted.rows(compile_query(reading.manifest, metrics=ratios).sql) == drafted.rows(by_hand)


def test_a_second_run_changes_nothing_and_says_what_is_there(drafted: Project) -> None:
    before = drafted.texts()
    result = drafted.draft()

    assert drafted.texts() == before
    assert not result.plan.is_drift
    assert [name for name, _ in result.kept] == ["dim_customers", "fct_orders"]


def test_a_dry_run_writes_nothing(project: Project) -> None:
    before = project.texts()
    result = project.draft(write=False)

    assert project.texts() == before
    assert ORDERS in result.plan.patch.paths()


def test_an_edit_of_a_person_stays_when_the_model_is_drafted_again(drafted: Project) -> None:
    edited = drafted.read(ORDERS).replace("Order count", "Orders")
    drafted.write({ORDERS: edited})
    result = drafted.draft("fct_orders")

    assert drafted.read(ORDERS) == edited
    assert result.plan.edited == (ORDERS,)


def test_what_is_new_goes_in_beside_an_edit(drafted: Project) -> None:
    drafted.write({ORDERS: drafted.read(ORDERS).replace("Order count", "Orders")})
    with duckdb.connect(str(drafted.root / "shop.duckdb")) as connection:
        connection.execute("alter table main.fct_orders add column shipping_cost double")
        connection.execute("update main.fct_orders set shipping_cost = 1.0")
    result = drafted.draft("fct_orders")

    assert result.plan.merged == (ORDERS,)
    assert "Orders" in drafted.read(ORDERS)
    assert "total_shipping_cost" in drafted.read(ORDERS)


def test_a_file_of_a_person_in_the_way_is_not_overwritten(project: Project) -> None:
    project.write({ORDERS: "# mine\n"})
    result = project.draft()

    assert project.read(ORDERS) == "# mine\n"
    assert ORDERS in result.plan.proposals
    assert "total_amount" in project.read(f".aidbt/proposals/{ORDERS}")


def test_a_semantic_model_of_a_person_is_kept_and_its_folder_is_taken(project: Project) -> None:
    theirs = """\
semantic_models:
  - name: people
    model: ref('dim_customers')
    entities: [{name: person, type: primary, expr: customer_id}]
    dimensions: [{name: tier, type: categorical}]
"""
    project.write({"models/marts/people.yml": theirs})
    result = project.draft()

    assert result.kept == (("dim_customers", "models/marts/people.yml:2"),)
    assert project.read("models/marts/people.yml") == theirs
    content = parse_yaml(project.read("models/marts/fct_orders.yml"), "")
    entities = [entity["name"] for entity in content["semantic_models"][0]["entities"]]
    assert entities == ["order", "person"]


def test_a_time_spine_that_is_there_is_enough(project: Project) -> None:
    spine = "models:\n  - name: days\n    time_spine: {standard_granularity_column: day}\n"
    spine += "    columns: [{name: day, granularity: day}]\n"
    project.write({"models/days.sql": "select 1 as day\n", "models/days.yml": spine})
    result = project.draft(nodes=[node("days", time_spine={"standard_granularity_column": "day"})])

    assert result.time_spine == ""
    assert "days" not in [drafted.model.model for drafted in result.drafted]


def test_a_model_that_is_not_built_is_named_and_left_out(project: Project) -> None:
    result = project.draft(nodes=[node("fct_returns")])

    assert [item.reason for item in result.left_out if item.table == "fct_returns"] == [
        "it is not built yet; run dbt build first"
    ]


def test_a_selection_without_a_model_is_refused(project: Project) -> None:
    with pytest.raises(UnknownName, match="fct_order"):
        project.draft("fct_order")


def test_a_semantic_layer_with_errors_is_not_added_to(project: Project) -> None:
    project.write({"models/bad.yml": "semantic_models:\n  - {name: x, model: ref('nothing')}\n"})
    before = project.texts()

    with pytest.raises(AidbtError, match=r"models/bad.yml:2"):
        project.draft()
    assert project.texts() == before


def test_a_draft_that_is_not_valid_is_not_written(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(semantic_draft, "draft", _with_an_unknown_measure)
    before = project.texts()

    with pytest.raises(WriteError, match="nothing was written"):
        project.draft()
    assert project.texts() == before


def _with_an_unknown_measure(*arguments: Any) -> Draft:
    found = draft(*arguments)
    broken = [
        replace(table, metrics=tuple(replace(m, measure=MeasureInput("no_such")) for m in table.metrics[:1]))
        for table in found.tables
    ]
    return Draft(tuple(broken))


def test_generate_does_not_take_the_drafts_for_what_it_wrote_itself(drafted: Project) -> None:
    session = aidbt.open(drafted.root)
    bases = Bases(lambda: session.store, drafted.root)
    plan = run_generate(session.project, session.settings, None, None, bases, write=False)
    session.close()

    assert plan.findings == ()
    assert not plan.is_drift


# --- the form of dbt 1.12 ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("newer")
def test_newer_dbt_gets_the_semantic_model_beside_the_columns_of_the_model(project: Project) -> None:
    project.draft()
    after = project.read("models/marts/marts.yml")
    entry = yaml.safe_load(after)["models"][0]

    assert "- name: fct_orders  # the sales\n    description: One row per order." in after
    assert "- {name: amount, description: With tax.}" in after
    assert entry["semantic_model"] is True
    assert entry["columns"][0]["entity"] == {"name": "order", "type": "primary"}
    assert {"name": "ordered_at", "granularity": "day", "dimension": {"type": "time"}} in entry["columns"]
    assert [metric["name"] for metric in entry["metrics"]][:2] == ["order_count", "total_amount"]


@pytest.mark.usefixtures("newer")
def test_what_a_person_writes_while_tables_are_profiled_stays(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "models/marts/marts.yml"
    profiled = semantic_draft.profiled

    def slowly(*args: Any, **more: Any) -> Any:
        project.write({path: project.read(path) + "# mind the gap\n"})
        return profiled(*args, **more)

    monkeypatch.setattr(semantic_draft, "profiled", slowly)
    project.draft()

    assert "# mind the gap" in project.read(path)
    assert "semantic_model: true" in project.read(path)


@pytest.mark.usefixtures("newer")
def test_newer_dbt_gets_a_file_for_a_model_without_an_entry(project: Project) -> None:
    project.draft()
    content = parse_yaml(project.read("models/semantic_models/sem_dim_customers.yml"), "")

    assert content["models"][0]["name"] == "dim_customers"
    assert content["models"][0]["agg_time_dimension"] == "since"


@pytest.mark.usefixtures("newer")
def test_both_forms_say_the_same(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project.draft()
    newer = project_layer(aidbt.open(project.root).project, project.manifest()).manifest
    monkeypatch.setattr(semantic_files, "dbt_version", lambda *_: (1, 11, 0))
    (tmp_path / "other").mkdir()
    other = Project(tmp_path / "other").build()
    other.draft()
    legacy = project_layer(aidbt.open(other.root).project, other.manifest()).manifest

    assert validate(newer) == validate(legacy) == ()
    assert set(newer.metric_names()) == set(legacy.metric_names())
    metrics = [name for name in legacy.metric_names() if name != "customer_count"]
    for group in ("metric_time__month", "customer__tier", "order__is_gift"):
        sql = [compile_query(layer, metrics=metrics, group_by=[group]).sql for layer in (newer, legacy)]
        rows = [project.rows(text) for text in sql]
        assert rows[0] == rows[1] != []


@pytest.mark.usefixtures("newer")
def test_a_second_run_of_the_newer_form_changes_nothing(project: Project) -> None:
    project.draft()
    before = project.texts()
    for select in ((), ("fct_orders",)):
        project.draft(*select)
        assert project.texts() == before
    assert "semantic model fct_orders" in read_lock(project.root).entries["models/marts/marts.yml"]


@pytest.mark.usefixtures("newer")
def test_a_draft_that_a_person_took_out_of_a_file_comes_back_only_when_it_is_asked_for(
    project: Project,
) -> None:
    before = project.read("models/marts/marts.yml")
    project.draft()
    drafted = project.read("models/marts/marts.yml")
    project.write({"models/marts/marts.yml": before})
    result = project.draft()

    assert project.read("models/marts/marts.yml") == before
    assert [item.reason for item in result.left_out if item.table == "fct_orders"] == [
        "you took its draft out; -s fct_orders drafts it again"
    ]
    project.draft("fct_orders")
    assert project.read("models/marts/marts.yml") == drafted


def test_a_file_that_a_person_removed_comes_back_only_when_it_is_asked_for(drafted: Project) -> None:
    text = drafted.read(ORDERS)
    (drafted.root / ORDERS).unlink()

    assert drafted.draft().plan.deleted == (ORDERS,)
    assert not (drafted.root / ORDERS).exists()
    drafted.draft("fct_orders")
    assert drafted.read(ORDERS) == text


def test_a_draft_stays_in_its_file_when_dbt_is_upgraded(
    drafted: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = drafted.texts()
    monkeypatch.setattr(semantic_files, "dbt_version", lambda *_: (1, 12, 0))
    drafted.draft("fct_orders")

    assert drafted.texts() == before
