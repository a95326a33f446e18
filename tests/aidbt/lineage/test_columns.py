"""The columns of a real dbt project, read from what dbt compiled."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from dbt_shop import Shop, new_shop

from aidbt.core.config import DbtSettings
from aidbt.core.schema import Column, Relation
from aidbt.lineage.columns import project_lineage
from aidbt.lineage.graph import ColumnRef, Lineage
from aidbt.lineage.project import read_project
from aidbt.lineage.reading import Reading
from aidbt.project.compiled import compiled_project
from aidbt.project.manifest import Manifest

FILES = {
    "models/sources.yml": """\
sources:
  - name: raw
    schema: raw
    tables:
      - name: orders
        columns:
          - {name: order_id, data_type: bigint, data_tests: [unique]}
          - {name: customer_id, data_type: bigint}
          - {name: amount, data_type: "decimal(18,2)"}
          - {name: Mail, data_type: varchar, config: {meta: {contains_pii: true}}}
          - {name: changed_at, data_type: timestamp}
""",
    "models/stg_orders.sql": """\
select order_id, customer_id, amount, "Mail" as mail, changed_at from {{ source('raw', 'orders') }}
""",
    "models/eph_paid.sql": """\
{{ config(materialized='ephemeral') }}
select order_id, customer_id, amount * 100 as cents from {{ ref('stg_orders') }} where amount > 0
""",
    "models/totals.sql": """\
with paid as (select * from {{ ref('eph_paid') }})
select c.name, c.country, sum(paid.cents) as cents, count(*) as orders
from paid join {{ ref('countries') }} as c on c.customer_id = paid.customer_id
group by all
""",
    "models/latest.sql": """\
{{ config(materialized='incremental') }}
select order_id, lower(mail) as mail, changed_at from {{ ref('stg_orders') }}
{% if is_incremental() %} where changed_at > (select max(changed_at) from {{ this }}) {% endif %}
""",
    "models/scored.py": "def model(dbt, session):\n    return dbt.ref('stg_orders').df()\n",
    "models/promised.sql": "select order_id, amount::double as amount from {{ ref('stg_orders') }}",
    "models/schema.yml": """\
models:
  - name: scored
    columns:
      - {name: order_id, data_type: bigint, config: {meta: {aidbt: {from: [stg_orders.order_id]}}}}
      - {name: score, data_type: double}
  - name: promised
    config: {contract: {enforced: true}}
    columns:
      - {name: order_id, data_type: bigint}
      - {name: amount, data_type: double}
""",
    "snapshots/orders.yml": """\
snapshots:
  - name: orders_snapshot
    relation: ref('stg_orders')
    config: {unique_key: order_id, strategy: timestamp, updated_at: changed_at}
""",
    "seeds/countries.csv": """\
customer_id,name,country,since,share,open
1,Ann,DE,2024-01-01,0.5,true
2,Bo,,,1,
""",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return new_shop(tmp_path_factory.mktemp("shop"), FILES)


@pytest.fixture(scope="module")
def manifest(shop: Shop) -> Manifest:
    """The project as dbt compiled it; nothing of it was ever built."""
    return compiled_project(shop.open(), DbtSettings()).manifest


@pytest.fixture(scope="module")
def lineage(manifest: Manifest, shop: Shop) -> Lineage:
    return project_lineage(manifest, project_root=shop.root)


def made_of(lineage: Lineage, text: str) -> dict[str, str]:
    """What a column is made of directly: title → how."""
    edges = lineage.edges_into(lineage.find(text))
    return {lineage.title(edge.source): edge.how for edge in edges}


@pytest.mark.long
def test_an_unbuilt_project_is_known_to_its_last_column(lineage: Lineage):
    columns = {node.name: [c.name for c in node.columns] for node in lineage.nodes.values()}

    assert columns["stg_orders"] == ["order_id", "customer_id", "amount", "mail", "changed_at"]
    assert columns["eph_paid"] == ["order_id", "customer_id", "cents"]
    assert columns["totals"] == ["name", "country", "cents", "orders"]
    assert columns["countries"] == ["customer_id", "name", "country", "since", "share", "open"]
    assert columns["orders_snapshot"] == [
        *columns["stg_orders"], "dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to",
    ]  # fmt: skip
    assert [f for f in lineage.findings if f.severity == "error"] == []


def test_an_ephemeral_model_is_a_node_of_its_own(lineage: Lineage):
    assert made_of(lineage, "totals.cents") == {"eph_paid.cents": "aggregate"}
    assert made_of(lineage, "eph_paid.cents") == {"stg_orders.amount": "expression"}


def test_a_column_is_followed_to_its_source(lineage: Lineage):
    edges = lineage.upstream(lineage.find("totals.cents"))

    assert [lineage.title(edge.source) for edge in edges] == [
        "eph_paid.cents", "stg_orders.amount", "raw.orders.amount",
    ]  # fmt: skip


def test_rows_depend_on_filters_and_joins(lineage: Lineage):
    assert made_of(lineage, "totals") == {
        "eph_paid.customer_id": "join", "countries.customer_id": "join",
        "countries.name": "group", "countries.country": "group",
    }  # fmt: skip
    assert made_of(lineage, "eph_paid") == {"stg_orders.amount": "filter"}


def test_personal_data_is_carried_along(lineage: Lineage):
    source = lineage.find("raw.orders.Mail")
    carried = {lineage.title(ref) for ref, tags in lineage.carried_tags.items() if "pii" in tags}

    assert carried == {"raw.orders.Mail", "stg_orders.mail", "latest.mail", "orders_snapshot.mail"}
    assert lineage.carried_tags[lineage.find("latest.mail")]["pii"] == (source,)


def test_a_snapshots_dates_come_from_its_updated_at(lineage: Lineage):
    assert made_of(lineage, "orders_snapshot.dbt_valid_from") == {"stg_orders.changed_at": "expression"}
    assert made_of(lineage, "orders_snapshot.dbt_scd_id") == {
        "stg_orders.changed_at": "expression", "stg_orders.order_id": "expression",
    }  # fmt: skip


def test_a_python_models_columns_are_those_it_declares_and_the_rest_is_said(lineage: Lineage):
    assert made_of(lineage, "scored.order_id") == {"stg_orders.order_id": "expression"}
    unresolved = {u.node: (u.columns, u.why) for u in lineage.coverage.unresolved}
    assert unresolved["model.shop.scored"][0] == ("score",)
    assert "Python model" in unresolved["model.shop.scored"][1]


def test_coverage_counts_what_is_resolved_and_what_ends_in_a_source(lineage: Lineage):
    coverage = lineage.coverage

    assert (coverage.models, coverage.parsed) == (7, 6)
    assert coverage.columns - coverage.resolved == 1
    assert coverage.columns - coverage.grounded == 1


@pytest.mark.long
def test_types_of_an_unbuilt_seed_are_those_that_dbt_gives_it(shop: Shop, manifest: Manifest, tmp_path: Path):
    from aidbt.lineage.schemas import seed_schema
    from aidbt.project.dbt import run_dbt

    copy = new_shop(tmp_path, {"seeds/countries.csv": FILES["seeds/countries.csv"]})
    assert run_dbt(copy.open(), "seed").succeeded
    with duckdb.connect(str(copy.database), read_only=True) as connection:
        built = [(name, kind) for name, kind, *_ in connection.execute("describe main.countries").fetchall()]

    schema = seed_schema(manifest.nodes["seed.shop.countries"], shop.root / "seeds/countries.csv", "duckdb")

    assert [(c.name, c.data_type.upper()) for c in schema.columns] == built


# --- what changes and what does not ---


def test_an_unchanged_project_is_not_read_again(manifest: Manifest, shop: Shop):
    kept: dict[str, Reading] = {}
    project_lineage(manifest, project_root=shop.root, on_read=kept.update)

    again = project_lineage(manifest, project_root=shop.root, earlier=kept)

    assert again.reread == ()


def test_a_changed_source_is_read_again_with_what_it_touches_only(manifest: Manifest, shop: Shop):
    kept: dict[str, Reading] = {}
    project_lineage(manifest, project_root=shop.root, on_read=kept.update)
    grown = Relation("main", "countries", (Column("customer_id", "BIGINT"), Column("name", "VARCHAR")))

    again = project_lineage(
        manifest, project_root=shop.root, earlier=kept, seen={"seed.shop.countries": grown}
    )

    assert set(again.reread) == {"seed.shop.countries", "model.shop.totals"}


def test_readings_survive_the_store(manifest: Manifest, shop: Shop, tmp_path: Path):
    from aidbt.lineage.kept import keep_readings, kept_readings
    from aidbt.store import Cache, open_store

    cache = Cache(open_store(tmp_path / "state.db"))
    kept: dict[str, Reading] = {}
    first = project_lineage(manifest, project_root=shop.root, on_read=kept.update)
    keep_readings(cache, kept, first.reread, "dev")

    assert kept_readings(cache, "dev") == {name: kept[name] for name in first.reread}
    assert kept_readings(cache, "prod") == {}


# --- what is wrong ---


def test_a_column_that_does_not_exist_is_a_finding_and_the_rest_is_read(tmp_path: Path):
    files = {
        "models/a.sql": "select 1 as order_id, 'x' as state",
        "models/b.sql": "select order_id, stat from {{ ref('a') }}",
        "models/c.sql": "select order_id from {{ ref('b') }}",
    }
    manifest = compiled_project(new_shop(tmp_path, files).open(), DbtSettings()).manifest

    lineage = project_lineage(manifest)

    (finding,) = lineage.findings
    assert (finding.code, finding.where) == ("column.unknown", "models/b.sql")
    assert finding.evidence == {"nearest": "state"}
    assert made_of(lineage, "c.order_id") == {"b.order_id": "passthrough"}


@pytest.mark.long
def test_a_relation_that_is_named_outright_is_found_in_the_warehouse(tmp_path: Path):
    files = {
        "models/a.sql": "select id, main.b.n from main.b, other.things",
        "models/b.sql": "select 1 as n",
    }
    manifest = compiled_project(new_shop(tmp_path, files).open(), DbtSettings()).manifest

    lineage = project_lineage(manifest, others=[Relation("other", "things", (Column("id", "INTEGER"),))])

    assert made_of(lineage, "a.n") == {"b.n": "passthrough"}
    assert made_of(lineage, "a.id") == {"other.things.id": "passthrough"}


@pytest.mark.long
def test_a_relation_nobody_knows_is_a_finding_and_its_columns_are_taken_on_trust(tmp_path: Path):
    files = {"models/a.sql": "select id from elsewhere.things"}
    manifest = compiled_project(new_shop(tmp_path, files).open(), DbtSettings()).manifest

    lineage = project_lineage(manifest)

    assert [f.code for f in lineage.findings] == ["relation.unknown"]
    assert made_of(lineage, "a.id") == {"elsewhere.things.id": "passthrough"}


@pytest.mark.long
def test_a_broken_model_keeps_the_columns_that_its_yaml_lists(tmp_path: Path):
    files = {
        "models/a.sql": "select 1 as id frm nowhere",
        "models/b.sql": "select id from {{ ref('a') }}",
        "models/a.yml": "models:\n  - name: a\n    columns: [{name: id, data_type: integer}]\n",
    }
    manifest = compiled_project(new_shop(tmp_path, files).open(), DbtSettings()).manifest

    lineage = project_lineage(manifest)

    assert [f.code for f in lineage.findings] == ["sql.syntax"]
    assert [c.name for c in lineage.node("a").columns] == ["id"]
    assert made_of(lineage, "b.id") == {"a.id": "passthrough"}
    assert lineage.coverage.unresolved[0].node == "model.shop.a"


@pytest.mark.long
def test_a_model_that_dbt_cannot_compile_is_read_as_it_is_written_and_that_is_said(tmp_path: Path):
    # The macro asks the warehouse for a table that was never built.
    query = "{% if execute %}{% do run_query('select * from nowhere') %}{% endif %}"
    ask = "{% macro ask() %}" + query + "{% endmacro %}"
    files = {
        "macros/ask.sql": ask,
        "models/a.sql": "select 1 as id, {{ ask() }} 2 as n",
        "models/b.sql": "-- {{ ref('a') }}\nselect id from {{ ref('a') }} {% do ask() %}",
    }
    project = new_shop(tmp_path, files).open()

    read = read_project(project, DbtSettings())

    said = [(f.code, f.where, f.message.split(":")[0]) for f in read.lineage.findings]
    assert said == [
        ("lineage.not_compiled", "models/a.sql", "a"), ("lineage.not_compiled", "models/b.sql", "b"),
    ]  # fmt: skip
    assert read.lineage.node("b").known_from == "written sql"
    assert "only dbt can render" in read.lineage.node("a").why


def test_nodes_that_read_each_other_are_a_finding(manifest: Manifest):
    import copy
    from dataclasses import replace

    nodes = copy.copy(manifest.nodes)
    stg = nodes["model.shop.stg_orders"]
    nodes[stg.unique_id] = replace(stg, depends_on=(*stg.depends_on, "model.shop.promised"))

    lineage = project_lineage(replace(manifest, nodes=nodes))

    assert "lineage.cycle" in [f.code for f in lineage.findings]
    assert len(lineage.nodes) == len(project_lineage(manifest).nodes)


@pytest.mark.long
def test_a_contract_that_the_sql_does_not_keep_is_a_finding(tmp_path: Path):
    files = {
        "models/a.sql": "select 1::integer as id, 'x' as extra",
        "models/a.yml": "models:\n  - name: a\n    config: {contract: {enforced: true}}\n"
        "    columns: [{name: id, data_type: varchar}, {name: gone, data_type: integer}]\n",
    }
    project = new_shop(tmp_path, files).open()
    manifest = compiled_project(project, DbtSettings()).manifest

    (finding,) = project_lineage(manifest).findings

    assert finding.code == "contract.differs"
    for word in ("extra", "gone", "id is INTEGER in its SQL and varchar in its contract"):
        assert word.lower() in finding.message.lower()


def test_a_table_that_was_changed_by_hand_is_a_finding(manifest: Manifest, shop: Shop):
    table = Relation("main", "totals", (Column("name", "VARCHAR"), Column("total", "BIGINT")))

    lineage = project_lineage(manifest, project_root=shop.root, seen={"model.shop.totals": table})

    (finding,) = [f for f in lineage.findings if f.code == "schema.differs"]
    assert "total" in finding.message and "country" in finding.message


# --- an opened project ---


@pytest.mark.long
def test_a_compiled_manifest_is_used_until_a_file_changes(tmp_path: Path):
    shop = new_shop(tmp_path, {"models/a.sql": "select 1 as id", "models/b.sql": "select 2 as id"})
    project = shop.open()

    assert compiled_project(project, DbtSettings()).was_compiled
    assert not compiled_project(project, DbtSettings()).was_compiled
    (shop.root / "models/b.sql").unlink()
    assert compiled_project(project, DbtSettings()).was_compiled
    assert not (shop.root / "target/run_results.json").exists()


def test_names_that_do_not_exist_get_the_nearest(lineage: Lineage):
    from aidbt.core.errors import UnknownName

    with pytest.raises(UnknownName) as raised:
        lineage.find("totals.cent")

    assert "cents" in (raised.value.hint or "")
    assert lineage.find("totals") == ColumnRef("model.shop.totals", "")


def test_names_are_those_that_snowflake_stores():
    from aidbt.project.artifacts import ArtifactMetadata
    from aidbt.project.manifest import Node

    source = Node(
        "source.shop.raw.orders", "source", "orders", "models/s.yml", database="DB", schema="RAW",
        identifier="ORDERS", source_name="raw", config={"contract": {"enforced": True}},
        columns=(Column("order_id", "NUMBER"), Column("Note", "VARCHAR")),
        raw={"columns": {"Note": {"name": "Note", "quote": True}}},
    )  # fmt: skip
    sql = 'select order_id, "Note" as note, ORDER_ID as again from db.raw.orders'
    model = Node(
        "model.shop.stg", "model", "stg", "models/stg.sql", database="DB", schema="S", identifier="stg",
        depends_on=("source.shop.raw.orders",), raw={"compiled_code": sql},
    )  # fmt: skip
    metadata = ArtifactMetadata(12, "1.11.0", "", None, "snowflake", {})  # type: ignore[arg-type]
    manifest = Manifest(metadata, {model.unique_id: model}, {source.unique_id: source})

    lineage = project_lineage(manifest)

    assert lineage.findings == ()
    assert [c.name for c in lineage.node("stg").columns] == ["ORDER_ID", "NOTE", "AGAIN"]
    assert made_of(lineage, "stg.note") == {"raw.orders.Note": "rename"}


@pytest.mark.long
def test_a_declared_loader_stands_above_its_sources_without_columns(tmp_path: Path):
    files = {
        "models/s.yml": "sources:\n  - name: crm\n    loader: fivetran\n    tables: [{name: users}]\n",
        "models/a.sql": "select id from {{ source('crm', 'users') }}",
    }

    read = read_project(new_shop(tmp_path, files).open(), DbtSettings())

    above = read.lineage.node("fivetran: crm.users")
    assert (above.resource_type, above.columns) == ("origin", ())
    assert read.lineage.node("crm.users").parents == (above.unique_id,)
    assert read.lineage.coverage.resolved == 1
