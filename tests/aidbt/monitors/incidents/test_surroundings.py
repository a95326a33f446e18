"""What a manifest of a real dbt says of nodes: lineage, owners, what matters, personal data."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from aidbt.monitors.incidents.surroundings import Surroundings, surroundings
from aidbt.project.manifest import read_manifest
from tests.dbt_shop import DBT, new_shop

FILES = {
    "models/sources.yml": """
sources:
  - name: crm
    config: {meta: {owner: {name: Ann, email: ann@shop.example}}}
    tables: [{name: orders}, {name: people}]
  - name: raw
    tables:
      - {name: payments}
      - {name: visits}
      - {name: rates}
      - {name: logs, config: {meta: {owner: dan}}}
      - {name: unread}
""",
    "models/models.yml": """
groups: [{name: finance, owner: {name: Money, email: money@shop.example}}]
models:
  - name: stg_orders
    config: {group: finance}
    columns:
      - {name: id, data_tests: [not_null]}
      - {name: Email, config: {tags: [pii]}}
      - {name: note, config: {meta: {contains_pii: true}}}
  - name: stg_people
    config: {meta: {owner: ["@bob", carl], aidbt: {criticality: high}}}
  - name: scratch
    config: {meta: {aidbt: {criticality: low}, owner: 7}}
  - {name: paid, config: {group: finance}}
  - {name: refunds, config: {group: finance}}
exposures:
  - {name: weekly, type: dashboard, owner: {email: boss@shop.example}, depends_on: [ref('revenue')]}
""",
    "models/stg_orders.sql": "select 1 as id, '' as email, '' as note from {{ source('crm', 'orders') }}",
    "models/stg_people.sql": "select 1 as id from {{ source('crm', 'people') }}",
    "models/revenue.sql": "select * from {{ ref('stg_orders') }}",
    "models/scratch.sql": "select 1 as id from {{ ref('stg_people') }}",
    # Two marts of finance, by way of a model that nobody owns; visits also end in one that nobody owns.
    "models/stg_payments.sql": "select 1 as id from {{ source('raw', 'payments') }}",
    "models/paid.sql": "select id from {{ ref('stg_payments') }}",
    "models/refunds.sql": "select id from {{ ref('stg_payments') }} "
    "-- {{ source('raw', 'visits') }} {{ source('raw', 'rates') }} {{ source('raw', 'logs') }}",
    "models/loose.sql": "select 1 as id from {{ source('raw', 'visits') }}",
    "models/stg_more.sql": "select 1 as id from {{ source('raw', 'rates') }} -- {{ ref('stg_people') }}",
}


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Surroundings:
    shop = new_shop(tmp_path_factory.mktemp("shop"), FILES)
    subprocess.run(
        [DBT, "parse", "--profiles-dir", shop.root], cwd=shop.root, check=True, capture_output=True
    )
    return surroundings(read_manifest(Path(shop.root) / "target" / "manifest.json"))


@pytest.mark.long
def test_lineage_is_that_of_data_with_exposures_and_without_tests(around: Surroundings):
    assert around.parents["model.shop.revenue"] == ("model.shop.stg_orders",)
    assert around.parents["exposure.shop.weekly"] == ("model.shop.revenue",)
    assert not any(node.startswith("test.") for node in around.parents)
    (test,) = around.tested
    assert test.startswith("test.shop.not_null_stg_orders_id")
    assert around.tested[test] == "model.shop.stg_orders"


def test_owners_are_those_of_meta_else_the_group(around: Surroundings):
    assert around.owners == {
        "source.shop.crm.orders": "Ann",
        "source.shop.crm.people": "Ann",
        "model.shop.stg_orders": "finance",
        "model.shop.stg_people": "bob, carl",
        "model.shop.scratch": "7",
        "exposure.shop.weekly": "boss@shop.example",
        "model.shop.paid": "finance",
        "model.shop.refunds": "finance",
        "source.shop.raw.logs": "dan",
        "source.shop.raw.payments": "finance",
    }


def test_a_source_that_names_nobody_is_whose_all_is_that_is_made_of_it(around: Surroundings):
    owned = {node.removeprefix("source.shop.raw.") for node in around.owners if ".raw." in node}

    assert owned == {"logs", "payments"}  # visits and rates are also read by what nobody owns


def test_what_an_exposure_needs_matters_and_what_is_said_to_counts(around: Surroundings):
    assert around.critical == {
        "source.shop.crm.orders",
        "model.shop.stg_orders",
        "model.shop.revenue",
        "model.shop.stg_people",
    }
    assert around.minor == {"model.shop.scratch"}


def test_columns_with_personal_data_are_known_by_tag_and_meta(around: Surroundings):
    assert around.private == {("model.shop.stg_orders", "email"), ("model.shop.stg_orders", "note")}


def test_paths_are_those_of_the_files(around: Surroundings):
    assert around.paths["model.shop.revenue"] == "models/revenue.sql"
