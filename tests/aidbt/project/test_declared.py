"""What a project's own files declare: its sources, its models, and which sources have a model already."""

from __future__ import annotations

from pathlib import Path

import pytest

from aidbt.core.errors import SettingsError
from aidbt.core.schema import Relation
from aidbt.project import open_project
from aidbt.project.declared import Declared, DeclaredSource, declared


def read(root: Path, files: dict[str, str], *, generated: tuple[str, ...] = (), config: str = "") -> Declared:
    for name, text in {"dbt_project.yml": f"name: shop\n{config}", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return declared(open_project(root), generated=generated)


SOURCES = """\
version: 2
sources:
  - name: crm
    tables:
      - name: customers
      - {name: orders, identifier: "tblOrders"}
  - name: erp
    schema: Raw_ERP
    database: prod
    tables:
      - name: items
        identifier: item_master
        columns: [{name: id, data_tests: [unique]}]
"""


def table(schema: str, name: str, database: str = "") -> Relation:
    return Relation(schema, name, database=database)


def test_a_source_is_found_by_its_schema_and_identifier_in_any_case(tmp_path: Path):
    found = read(tmp_path, {"models/bronze/crm.yml": SOURCES})

    path = "models/bronze/crm.yml"
    assert found.find(table("CRM", "Customers")) == DeclaredSource(
        "crm", "customers", "crm", "customers", path
    )
    orders = DeclaredSource("crm", "orders", "crm", "tblOrders", path)
    assert found.find(table("crm", "tblorders")) == orders
    items = DeclaredSource("erp", "items", "Raw_ERP", "item_master", path, "prod")
    assert found.find(table("raw_erp", "item_master")) == items
    assert found.find(table("crm", "orders")) is None
    assert found.source_of("RAW_erp") == "erp"
    assert found.source_file("erp") == path
    assert found.has_sources


def test_the_same_schema_of_another_database_is_another_table(tmp_path: Path):
    found = read(tmp_path, {"models/crm.yml": SOURCES})

    assert found.find(table("raw_erp", "item_master", "PROD"))
    assert found.find(table("raw_erp", "item_master", "dev")) is None


def test_a_database_that_the_profile_leaves_to_the_adapter_is_any(tmp_path: Path):
    profiles = "shop: {target: dev, outputs: {dev: {type: duckdb, path: w.duckdb}}}"
    sources = "sources: [{name: a, database: '{{ target.database }}', tables: [{name: t}]}]"

    found = read(tmp_path, {"profiles.yml": profiles, "models/s.yml": sources}, config="profile: shop\n")

    assert found.find(table("a", "t", "w")).source == "a"


def test_what_the_project_turns_off_is_known_as_that(tmp_path: Path):
    profiles = "shop: {target: dev, outputs: {dev: {type: duckdb, path: w.duckdb}}}"
    sources = """\
sources:
  - {name: a, config: {enabled: "{{ var('with_a') }}"}, tables: [{name: t}]}
  - name: b
    config: {enabled: false}
    tables: [{name: t}, {name: u, config: {enabled: true}}]
  - {name: c, tables: [{name: t}, {name: u}]}
  - {name: d, tables: [{name: t}]}
"""
    config = """\
profile: shop
vars: {with_a: false}
sources:
  shop:
    crm: {c: {t: {+enabled: false}}, d: {enabled: "{{ target.name == 'prod' }}"}}
"""

    found = read(tmp_path, {"profiles.yml": profiles, "models/crm/s.yml": sources}, config=config)

    assert [(item.source, item.table) for item in found.tables] == [("b", "u"), ("c", "u")]
    assert [(item.source, item.table) for item in found.disabled] == [
        ("a", "t"),
        ("b", "t"),
        ("c", "t"),
        ("d", "t"),
    ]
    assert found.find_disabled(table("C", "T")).path == "models/crm/s.yml"
    assert found.find_disabled(table("c", "u")) is None


def test_jinja_in_a_schema_is_read_as_dbt_would_and_else_the_name_alone_counts(tmp_path: Path):
    profiles = "shop: {target: dev, outputs: {dev: {type: duckdb, path: w.duckdb, schema: dwh}}}"
    sources = """\
sources:
  - {name: a, schema: "{{ target.schema }}_raw", tables: [{name: t}]}
  - {name: b, schema: "{{ var('where') }}", tables: [{name: u}]}
  - {name: c, schema: "{{ my_macro() }}", tables: [{name: v}]}
"""
    config = "profile: shop\nvars: {shop: {where: landing}}\n"

    found = read(tmp_path, {"profiles.yml": profiles, "models/s.yml": sources}, config=config)

    assert found.find(table("dwh_raw", "t")).source == "a"
    assert found.find(table("landing", "u")).source == "b"
    assert found.find(table("anywhere", "v")).source == "c"
    assert found.find(table("anywhere", "t")) is None


def test_a_source_that_is_switched_off_is_not_declared(tmp_path: Path):
    sources = """\
sources:
  - {name: a, config: {enabled: false}, tables: [{name: t}]}
  - {name: b, tables: [{name: u, config: {enabled: false}}, {name: v}]}
"""

    found = read(tmp_path, {"models/s.yml": sources})

    assert [item.table for item in found.tables] == ["v"]


def test_sources_and_models_of_installed_packages_are_known(tmp_path: Path):
    files = {
        "dbt_packages/hubspot/dbt_project.yml": "name: hubspot",
        "dbt_packages/hubspot/models/src.yml": "sources: [{name: hubspot, tables: [{name: deal}]}]",
        "dbt_packages/hubspot/models/stg_deal.sql": "select * from {{ source('hubspot', 'deal') }}",
    }

    found = read(tmp_path, files)

    assert found.find(table("hubspot", "deal")).package == "hubspot"
    assert found.staged == {("hubspot", "deal"): "stg_deal"}
    assert not found.has_sources
    assert found.source_file("hubspot") is None


def test_the_entries_of_a_model_are_found_in_every_file(tmp_path: Path):
    files = {
        "models/a.yml": "models: [{name: stg_a}, {name: stg_b}]",
        "models/b.yml": "models:\n- name: stg_a\n",
    }

    found = read(tmp_path, files).properties

    assert found == {"stg_a": ("models/a.yml", "models/b.yml"), "stg_b": ("models/a.yml",)}


def test_our_own_sources_are_left_out_wherever_they_stand(tmp_path: Path):
    (tmp_path / "dbt_project.yml").write_text("name: shop")
    (tmp_path / "models").mkdir()
    (tmp_path / "models/crm.yml").write_text(SOURCES)

    found = declared(open_project(tmp_path), generated=(), own_sources=["crm.orders"])

    assert sorted(item.table for item in found.tables) == ["customers", "items"]


def test_a_file_that_cannot_be_read_is_noted_when_that_is_asked_for(tmp_path: Path):
    (tmp_path / "dbt_project.yml").write_text("name: shop")
    (tmp_path / "models").mkdir()
    (tmp_path / "models/a.yml").write_text("sources: [")
    (tmp_path / "models/b.yml").write_text(SOURCES)

    found = declared(open_project(tmp_path), generated=(), lenient=True)

    assert [path for path, _ in found.problems] == ["models/a.yml"]
    assert len(found.tables) == 3


def test_every_model_file_is_a_model_wherever_it_lies(tmp_path: Path):
    found = read(
        tmp_path,
        {
            "models/gold/deep/dim_customer.sql": "select 1",
            "models/scored.py": "def model(dbt, session): ...",
            "models/readme.md": "no model",
            "models/a.yaml": SOURCES,
            "analyses/b.sql": "select 1",
            "other/c.sql": "select 1",
        },
    )

    assert found.models == {"dim_customer": "models/gold/deep/dim_customer.sql", "scored": "models/scored.py"}
    assert len(found.tables) == 3


@pytest.mark.parametrize(
    "call",
    [
        "{{ source('crm', 'orders') }}",
        '{{source("crm","orders")}}',
        "{{ source( 'crm' , \"orders\" ) }}",
        "{{ dbt_utils.star(source('crm', 'orders')) }}",
        "{% set x = source('crm',\n 'orders') %}",
        "df = dbt.source('crm', 'orders')",
    ],
)
def test_a_source_that_a_model_reads_is_staged(tmp_path: Path, call: str):
    found = read(tmp_path, {"models/stg.sql": f"select * from {call}\n -- {{{{ ref('x') }}}}"})

    assert found.staged == {("crm", "orders"): "stg"}


def test_several_sources_in_one_model_are_all_staged(tmp_path: Path):
    text = "select * from {{ source('crm', 'orders') }} join {{ source('crm', 'customers') }} using (id)"

    assert read(tmp_path, {"models/a.sql": text}).staged.keys() == {("crm", "orders"), ("crm", "customers")}


@pytest.mark.parametrize(
    "text", ["select data_source('a', 'b')", "select 1 as source, ('a', 'b')", "-- source()"]
)
def test_what_only_looks_like_a_source_is_none(tmp_path: Path, text: str):
    assert read(tmp_path, {"models/a.sql": text}).staged == {}


def test_what_was_generated_is_left_out(tmp_path: Path):
    files = {
        "models/bronze/crm.yml": SOURCES,
        "models/silver/stg.sql": "select * from {{ source('crm', 'orders') }}",
        "models/gold/mine.sql": "select 1",
    }

    found = read(tmp_path, files, generated=("models/bronze/crm.yml", "models/silver/stg.sql"))

    assert (found.tables, found.models, found.staged) == ((), {"mine": "models/gold/mine.sql"}, {})


def test_every_model_path_of_the_project_is_read(tmp_path: Path):
    files = {"a/one.sql": "select 1", "b/two.sql": "select 1", "models/three.sql": "select 1"}

    assert read(tmp_path, files, config="model-paths: [a, b]").models.keys() == {"one", "two"}


def test_a_project_without_models_declares_nothing(tmp_path: Path):
    assert read(tmp_path, {}) == Declared((), {}, {}, {})


@pytest.mark.parametrize(
    "text",
    [
        "sources:",
        "sources: []",
        "sources: [crm]",
        "sources: {name: crm}",
        "sources: [{name: crm}]",
        "sources: [{name: crm, tables: }]",
        "sources: [{name: crm, tables: [orders]}]",
        "# sources:\nmodels: []",
        "",
    ],
)
def test_a_file_that_declares_no_table_is_no_error(tmp_path: Path, text: str):
    assert read(tmp_path, {"models/a.yml": text}).tables == ()


def test_a_broken_file_is_said_with_its_line(tmp_path: Path):
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, {"models/bronze/crm.yml": "sources:\n  - name: crm\n   tables: []\n"})

    assert caught.value.message.startswith("models/bronze/crm.yml:3: ")


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models/a.sql").write_bytes(b"select '\xff'")

    with pytest.raises(SettingsError, match=r"models/a\.sql: the file is not UTF-8 text"):
        read(tmp_path, {})


def test_a_key_given_twice_is_dbts_business(tmp_path: Path):
    found = read(tmp_path, {"models/a.yml": "sources:\n  - name: a\n    name: b\n    tables: [{name: t}]\n"})

    assert [item.source for item in found.tables] == ["b"]
