"""A copy of a project that builds elsewhere: where dbt says that nodes go, and what hooks may do there."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from aidbt.healing.proof.building import Ways, _Builder
from aidbt.healing.proof.elsewhere import HARMLESS_HOOK, turn_elsewhere, writes_itself
from aidbt.project import Project
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.dbt import run_dbt
from aidbt.project.manifest import Manifest, Node, read_manifest
from tests.dbt_shop import DBT_PROJECT, new_shop

OURS, TABLE = "aidbt_ab12cd_1_ef34ab_", {"materialized": "table"}
RULE = "{%- macro generate_schema_name(name, node) -%}{{ (name or 'main') | trim }}_own{%- endmacro -%}"
FILES = {
    "dbt_project.yml": DBT_PROJECT.replace("name: shop", "name: {name}"),
    "models/orders.sql": "{{ config(schema='marts') }} select 1 as id",
    "snapshots/snap.sql": "{% snapshot snap %}{{ config(target_schema='history', unique_key='id',"
    " strategy='check', check_cols='all') }} select 1 as id{% endsnapshot %}",
}


def test_a_schema_whose_longer_name_would_be_cut_off_is_not_made_aside():
    warehouse = SimpleNamespace(dialect="postgres")
    builder = _Builder(
        cast(Ways, SimpleNamespace(warehouse=warehouse)), cast(Project, None), OURS, Path(), Path()
    )

    def problem(schema: str) -> str:
        model = Node("model.s.m", "model", "m", "m.sql", schema=f"{OURS}{schema}", config=TABLE)
        return builder._problem([model], [])

    assert problem("a" * 40) == ""
    assert problem("a" * 44).endswith("a longer name is too long")
    assert "too long" in problem("ü" * 25)
    warehouse.dialect = "duckdb"
    assert problem("a" * 44) == ""


@pytest.mark.long
@pytest.mark.parametrize(("rule", "marts"), [("", "p_main_marts"), (RULE, "p_marts_own")])
def test_every_node_goes_into_schemas_of_ours_whatever_the_rule_is(tmp_path: Path, rule: str, marts: str):
    files = {name: text.replace("{name}", "shop") for name, text in FILES.items()}
    shop = new_shop(tmp_path / "shop", {**files, "macros/rule.sql": rule})
    package = {name: text.replace("{name}", "other") for name, text in FILES.items() if "snap" not in name}
    package["models/others.sql"] = package.pop("models/orders.sql")
    package["macros/rule.sql"] = RULE.replace("_own", "_theirs")
    shop.write({f"dbt_packages/other/{name}": text for name, text in package.items()})
    shop.write({"dbt_project.yml": files["dbt_project.yml"] + 'on-run-start: ["insert into x select 1"]\n'})
    shop.write({"packages.yml": "packages: [{local: dbt_packages/other}]\n"})

    turn_elsewhere(shop.open(), "p_")

    assert run_dbt(shop.open(), "parse").succeeded
    manifest = read_manifest(shop.root / "target" / "manifest.json")
    schemas = {node.name: node.schema for node in manifest.nodes.values()}
    assert schemas["orders"] == marts
    assert schemas["snap"].startswith("p_") and "history" in schemas["snap"]
    assert schemas["others"] == "p_marts_theirs"
    assert set(schemas) == {"orders", "others", "snap"}  # the hook is no node any more


@pytest.mark.parametrize(
    ("hook", "is_run"),
    [
        ("delete from {{ this }} where id < 0", True),
        ("create index if not exists ix on {{ this }} (id);", True),
        ("set work_mem = '1GB'", True),
        ("insert into audit.log select '{{ this }}'", False),
        ("{{ log_end() }}", False),
        ("delete from {{ this }}; drop table x", False),
        ("update {{ this }} set x = {{ audit() }}", False),
        ("alter table {{ this }} set schema prod", False),
        ("grant select on {{ this }} to everybody", False),
    ],
)
def test_a_hook_runs_elsewhere_only_where_it_changes_nothing_but_its_own_table(hook: str, is_run: bool):
    assert bool(re.fullmatch(HARMLESS_HOOK, hook)) is is_run


@pytest.mark.parametrize(
    ("code", "writes"),
    [
        ("{% do run_query('insert into audit.log select 1') %} select 1", True),
        ("{% set days = run_query('select day from x') %} select 1", False),
        ("select 1 as id -- we insert into nothing", False),
    ],
)
def test_code_that_sends_statements_which_write_is_not_tried_out(code: str, writes: bool):
    node = Node("model.shop.a", "model", "a", "a.sql", raw={"raw_code": code})
    metadata = ArtifactMetadata("", "", None, {})  # type: ignore[arg-type]

    assert writes_itself(node, Manifest(metadata, {}, {}, {}, {})) is writes
