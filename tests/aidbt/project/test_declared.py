"""What a project's own files declare: its sources, its models, and which sources have a model already."""

from __future__ import annotations

from pathlib import Path

import pytest

from aidbt.core.errors import SettingsError
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


def test_a_source_is_found_by_its_schema_and_identifier_in_any_case(tmp_path: Path):
    found = read(tmp_path, {"models/bronze/crm.yml": SOURCES}).sources

    path = "models/bronze/crm.yml"
    assert found == {
        ("crm", "customers"): DeclaredSource("crm", "customers", "crm", "customers", path),
        ("crm", "tblorders"): DeclaredSource("crm", "orders", "crm", "tblOrders", path),
        ("raw_erp", "item_master"): DeclaredSource("erp", "items", "Raw_ERP", "item_master", path),
    }


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
    assert len(found.sources) == 3


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

    assert found.staged == {("crm", "orders")}


def test_several_sources_in_one_model_are_all_staged(tmp_path: Path):
    text = "select * from {{ source('crm', 'orders') }} join {{ source('crm', 'customers') }} using (id)"

    assert read(tmp_path, {"models/a.sql": text}).staged == {("crm", "orders"), ("crm", "customers")}


@pytest.mark.parametrize(
    "text", ["select data_source('a', 'b')", "select 1 as source, ('a', 'b')", "-- source()"]
)
def test_what_only_looks_like_a_source_is_none(tmp_path: Path, text: str):
    assert read(tmp_path, {"models/a.sql": text}).staged == frozenset()


def test_what_was_generated_is_left_out(tmp_path: Path):
    files = {
        "models/bronze/crm.yml": SOURCES,
        "models/silver/stg.sql": "select * from {{ source('crm', 'orders') }}",
        "models/gold/mine.sql": "select 1",
    }

    found = read(tmp_path, files, generated=("models/bronze/crm.yml", "models/silver/stg.sql"))

    assert found == Declared({}, {"mine": "models/gold/mine.sql"}, frozenset())


def test_every_model_path_of_the_project_is_read(tmp_path: Path):
    files = {"a/one.sql": "select 1", "b/two.sql": "select 1", "models/three.sql": "select 1"}

    assert read(tmp_path, files, config="model-paths: [a, b]").models.keys() == {"one", "two"}


def test_a_project_without_models_declares_nothing(tmp_path: Path):
    assert read(tmp_path, {}) == Declared({}, {}, frozenset())


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
    assert read(tmp_path, {"models/a.yml": text}).sources == {}


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

    assert [source.source for source in found.sources.values()] == ["b"]
