"""`aidbt generate --monitors`: monitors in the property files of sources and models that people wrote."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import aidbt
from aidbt.cli.main import cli
from aidbt.core.errors import UsageError
from aidbt.core.patch import digest
from aidbt.generate.lock import Lock, Written, lock_text
from aidbt.generate.monitors.plan import MonitorPlan, run_monitors
from aidbt.project.manifest import Manifest, read_manifest
from tests.aidbt.generate.conftest import Shop

SOURCES = """\
version: 2
sources:
  - name: crm   # their CRM
    schema: raw
    tables:
      - name: orders
        loaded_at_field: ordered_at
      - name: invoices
        loaded_at_field: ordered_at
        config: {freshness: {warn_after: {count: 1, period: day}}}
      - name: customers
      - name: unread
"""
MARTS = """\
version: 2

models:
  # the heart of it
  - name: fct_orders
    description: 'One row per order.'
    columns:
      - name: order_id
        tests: [unique]
      - name: Customer_ID
        data_tests:
          - relationships: {arguments: {to: ref('stg_customers'), field: customer_id}}

  - name: m2   # a mart
exposures:
  - name: board
    type: dashboard
    owner: {email: a@example.org}
    depends_on: [ref('m2'), ref('daily')]
"""
FILES = {
    "models/_sources.yml": SOURCES,
    "models/_marts.yml": MARTS,
    "models/stg_orders.sql": "select * from {{ source('crm', 'orders') }}",
    "models/stg_invoices.sql": "select * from {{ source('crm', 'invoices') }}",
    "models/stg_customers.sql": "select * from {{ source('crm', 'customers') }}",
    "models/fct_orders.sql": "{{ config(materialized='table') }} select * from {{ ref('stg_orders') }}"
    " where customer_id is null or customer_id in (select customer_id from {{ ref('stg_customers') }})",
    "models/daily.sql": "{{ config(materialized='table') }} select ordered_at::date as day, count(*) as n"
    " from {{ ref('m1') }} group by 1",
    **{
        f"models/m{n}.sql": "{{ config(materialized='table') }} select * from {{ ref('fct_orders') }}"
        for n in range(1, 6)
    },
}  # fmt: skip
ROWS = """
create schema raw; create schema if not exists analytics;
create table raw.orders as select i as order_id, timestamp '2026-01-01' + to_hours(i::int) as ordered_at,
    case when i % 10 = 3 then null else i % 40 end as customer_id, i % 90 as amount from range(3000) r(i);
create table raw.invoices as from raw.orders;
create table raw.customers as select i as customer_id from range(40) r(i);
create table raw.unread as select 1 as a;
"""
TABLES = """
create or replace table analytics.{0} as from raw.orders;
"""
FLOW = "arguments: {event_time: ordered_at}"


@dataclass(frozen=True)
class Project:
    shop: Shop
    manifest: Manifest

    def propose(self, select: Sequence[str] = (), **options: bool) -> MonitorPlan:
        session = aidbt.open(self.shop.root)
        try:
            return run_monitors(
                session.project, session.settings, self.manifest, session.warehouse, session.profiles,
                select=select, **options,
            )  # fmt: skip
        finally:
            session.close()

    def without(self, path: str, text: str) -> None:
        before = self.shop.read(path)
        assert text in before
        self.shop.write(path, before.replace(text, "", 1))


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with its rows and the manifest of a real dbt, to be copied."""
    from aidbt.project.compiled import compiled_project

    shop = Shop(tmp_path_factory.mktemp("parsed") / "shop")
    for path, text in FILES.items():
        shop.write(path, text)
    with open(shop.root / "dbt_project.yml", "a") as file:
        file.write("  require_generic_test_arguments_property: true\n")
    shop.sql(ROWS + "".join(TABLES.format(name) for name in ("fct_orders", "m1", "m2", "m3", "m4", "m5")))
    shop.sql(
        "create table analytics.daily as select ordered_at::date as day, 1 as n from raw.orders group by 1"
    )
    session = aidbt.open(shop.root)
    found = compiled_project(session.project, session.settings.values.dbt, needed=())
    shutil.copy(found.path, shop.root / "manifest.json")
    session.close()
    return shop.root


@pytest.fixture
def project(parsed: Path, tmp_path: Path) -> Project:
    root = tmp_path / "shop"
    shutil.copytree(parsed, root, ignore=shutil.ignore_patterns(".aidbt", "target", "logs"))
    return Project(Shop(root, is_new=False), read_manifest(root / "manifest.json"))


def proposed(plan: MonitorPlan) -> dict[str, tuple[str, ...]]:
    return {node.node: node.tests for node in plan.in_state("proposed")}


@pytest.mark.long
def test_entries_hubs_and_what_exposures_read_get_few_and_nothing_else_changes(project: Project):
    plan = project.propose()

    assert proposed(plan) == {
        "crm.orders": ("volume", "freshness"),
        "crm.invoices": ("volume",),  # dbt looks at its age
        "fct_orders": ("volume", "mean of amount", "null rate of customer_id"),
        "m2": ("volume", "mean of amount"),
    }
    why = {node.node: node.why for node in plan.nodes}
    assert (why["fct_orders"], why["m2"]) == ("6 models below it", "read by board")
    assert "too few rows to learn from" in why["daily"]
    assert project.shop.read("models/_marts.yml") == MARTS.replace(
        "    columns:\n      - name: order_id",
        f"    data_tests:\n      - aidbt_volume:\n          {FLOW}\n    columns:\n      - name: order_id",
    ).replace(
        "field: customer_id}}\n",
        f"field: customer_id}}}}\n          - aidbt_null_rate:\n              {FLOW}\n"
        f"      - name: amount\n        data_tests:\n          - aidbt_mean:\n              {FLOW}\n",
    ).replace(
        "  - name: m2   # a mart\n",
        f"  - name: m2   # a mart\n    data_tests:\n      - aidbt_volume:\n          {FLOW}\n    columns:\n"
        f"      - name: amount\n        data_tests:\n          - aidbt_mean:\n              {FLOW}\n",
    )
    assert project.shop.read("models/_sources.yml").count("aidbt_") == 3
    assert (project.shop.root / "macros/aidbt/monitors.sql").exists()


@pytest.mark.long
def test_a_second_time_changes_nothing_and_what_a_person_removed_stays_away(project: Project):
    project.propose()
    assert project.propose().patch.edits == ()
    checked = project.shop.check()
    assert (checked.is_drift, checked.findings) == (False, ())

    project.without("models/_sources.yml", f"          - aidbt_freshness:\n              {FLOW}\n")
    again = project.propose(refresh=True)

    assert (proposed(again), again.patch.edits) == ({}, ())
    assert {n.node: n.removed for n in again.nodes if n.removed} == {"crm.orders": ("freshness",)}


def test_dry_run_writes_nothing(project: Project):
    before = project.shop.texts()

    assert project.propose(write=False).patch.paths() == [
        "models/_marts.yml", "models/_sources.yml", "macros/aidbt/monitors.sql",
        "macros/aidbt/monitors.yml", "aidbt/generated.lock",
    ]  # fmt: skip
    assert project.shop.texts() == before


def test_a_selected_model_gets_its_own_whatever_its_place(project: Project):
    plan = project.propose(["m4"])

    assert proposed(plan) == {"m4": ("volume", "freshness", "mean of amount")}
    text = project.shop.read("models/m4.yml")  # it had no entry
    assert text.startswith("version: 2\n\nmodels:\n  - name: m4\n    data_tests:\n      - aidbt_volume:\n")
    assert project.propose(["m4"]).patch.edits == ()


def test_a_source_whose_staging_model_is_watched_is_not_watched_twice(project: Project):
    path = project.shop.root / "manifest.json"
    manifest = json.loads(path.read_text())
    test = next(node for node in manifest["nodes"].values() if node["resource_type"] == "test")
    test |= {"test_metadata": {"name": "aidbt_volume"}, "depends_on": {"nodes": ["model.shop.stg_orders"]}}
    path.write_text(json.dumps(manifest))

    assert set(proposed(Project(project.shop, read_manifest(path)).propose())) & {
        "crm.orders", "crm.invoices"
    } == {"crm.invoices"}  # fmt: skip


def test_monitors_that_a_person_wrote_are_left_as_they_are(project: Project):
    theirs = MARTS.replace("  - name: m2   # a mart\n", "  - name: m2\n    tests: [aidbt_freshness]\n")
    project.shop.write("models/_marts.yml", theirs)

    plan = project.propose()

    assert "m2" not in proposed(plan)
    assert "    tests: [aidbt_freshness]\n" in project.shop.read("models/_marts.yml")


def test_generated_staging_models_are_decided_in_their_mappings(project: Project):
    written = Written(digest(project.shop.read("models/m2.sql")))
    project.shop.write("aidbt/generated.lock", lock_text(Lock(files={"models/m2.sql": written})))

    assert "m2" not in {node.node for node in project.propose(write=False).nodes}

    project.shop.write("aidbt/models/m2.yml", "")  # one that `aidbt model` wrote has no mapping
    assert "m2" in proposed(project.propose())


def test_a_file_that_cannot_be_added_to_is_named_and_the_others_go_on(project: Project):
    project.shop.write(
        "models/_sources.yml",
        SOURCES.replace("  - name: crm   # their CRM", "  - &crm\n    name: crm") + "also: *crm\n",
    )

    plan = project.propose()

    (left,) = [node for node in plan.in_state("left_out") if node.node == "crm.orders"]
    assert "docs/monitor_tests.md" in left.why
    assert "m2" in proposed(plan)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            "alter table raw.orders rename ordered_at to paid_at",
            "nothing says when its rows happened; add `config: {event_time: paid_at}` to its YAML",
        ),
        ("alter table raw.orders drop ordered_at", "it has no time that its rows could go by"),
        (
            "delete from raw.orders where order_id > 9",
            "there are too few rows to learn from, or too few days",
        ),
    ],
)
def test_a_table_without_monitors_is_told_with_the_line_to_add(project: Project, change: str, why: str):
    project.shop.sql(change)

    [left] = project.propose(["source:crm.orders"]).in_state("left_out")

    assert left.why.startswith(why)


def run(root: Path, *arguments: str) -> Result:
    where = ["--project-dir", str(root), "--profiles-dir", str(root)]
    return CliRunner().invoke(cli, ["generate", "--monitors", *arguments, *where])


@pytest.mark.long
def test_what_a_person_reads(parsed: Path, tmp_path: Path):
    root = tmp_path / "shop"
    shutil.copytree(parsed, root)  # with what dbt compiled

    tried = run(root, "--dry-run")
    done = run(root)

    assert tried.output.startswith("--- a/models/_marts.yml")
    assert "would write 8 monitors of 4 tables" in tried.output
    lines = [" ".join(line.split()) for line in done.output.splitlines()]
    assert lines[:6] == [
        "wrote 8 monitors of 4 tables",
        "fct_orders volume, mean of amount, null rate of customer_id 6 models below it models/_marts.yml",
        "m2 volume, mean of amount read by board models/_marts.yml",
        "crm.invoices volume 1 model below it models/_sources.yml",
        "crm.orders volume, freshness 8 models below it models/_sources.yml",
        "left out 4 tables:",
    ]


def test_flags_that_do_not_go_together_are_one_error(parsed: Path):
    done = run(parsed, "--check")

    assert isinstance(done.exception, UsageError)
    assert done.exception.message.startswith("--monitors goes with none of --check")
