"""The same decisions in every dialect: SQL and YAML that people keep, as golden text that parses there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlglot
import yaml
from sqlglot import exp

from aidbt.core.config import load_settings
from aidbt.core.loads import BATCH_ID, LOADED_AT
from aidbt.core.schema import Column, MappedColumn, Mapping, Relation
from aidbt.generate.check_yaml import check_dbt_yaml
from aidbt.generate.discover import is_selected, source_name
from aidbt.generate.files import (
    StagedTable,
    property_entries,
    property_file,
)
from aidbt.generate.naming import source_table_names
from aidbt.generate.sql_style import learn_sql_style
from aidbt.generate.staging import staging_sql
from aidbt.generate.templates import render
from aidbt.lineage.written.staging import StagingModel, read_staging_model
from aidbt.mapping.mapper import keep_every_column
from aidbt.sql.expressions import is_type
from aidbt.warehouse.dialects import DIALECTS
from tests.aidbt.generate.kept import Decided, compiled

GOLDEN = Path(__file__).parents[2] / "golden" / "kept_sql"
SQLFLUFF = {"spark": "sparksql"}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_text_is_as_it_was_reviewed(dialect, update_golden):
    decided = Decided(dialect)
    written = {Path(model.path).name: model.text for model in decided.models()} | {"shop.yml": decided.yaml()}

    folder = GOLDEN / dialect
    if update_golden:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in written.items():
            (folder / name).write_text(text)

    assert written == {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_sql_is_that_dialect_s_and_gives_the_declared_columns(dialect):
    decided = Decided(dialect)
    declared = {model["name"]: model for model in yaml.safe_load(decided.yaml())["models"]}

    for table, model in zip(decided.tables, decided.models(), strict=True):
        [tree] = sqlglot.parse(compiled(model.text, "raw_shop.a_table"), dialect=dialect)
        renamed = next(cte.this for cte in tree.ctes if cte.alias == "renamed")
        names = [
            (item.alias_or_name, bool((item.args.get("alias") or item.this).args.get("quoted")))
            for item in renamed.selects
        ]
        columns = declared[table.model]["columns"]
        assert names == [(column["name"], column.get("quote", False)) for column in columns]
        types = {column.target: column.cast for column in table.mapping.columns if column.cast}
        for cast in renamed.find_all(exp.Cast):
            wanted = types[cast.parent.alias]
            assert cast.to == exp.DataType.build(wanted, dialect=dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_yaml_is_valid_for_dbt_and_names_the_types_that_the_sql_casts_to(dialect):
    decided = Decided(dialect)
    text = decided.yaml()

    assert check_dbt_yaml(text, nested_arguments=True) is None
    [orders, _] = yaml.safe_load(text)["models"]
    types = {
        column["name"].lower(): column["data_type"] for column in orders["columns"] if "data_type" in column
    }
    assert types.items() >= {c.target: c.cast for c in decided.orders.columns if c.cast}.items()
    assert all(is_type(data_type, dialect) for data_type in types.values())


@pytest.mark.long
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_sql_passes_sqlfluff(dialect, tmp_path):
    from sqlfluff.core import FluffConfig, Linter

    (tmp_path / ".sqlfluff").write_text(
        render("project/sqlfluff.jinja", dialect=SQLFLUFF.get(dialect, dialect))
    )
    linter = Linter(config=FluffConfig.from_path(str(tmp_path)))

    for model in Decided(dialect).models():
        linted = linter.lint_string(compiled(model.text, "raw_shop.a_table"))
        assert not linted.get_violations(), (model.path, linted.get_violations())


THEIRS = """\
with leads as (
    select * from {{ source('crm', 'leads') }}
)

select
    id as lead_id
    , mail as email
from leads
"""


@pytest.mark.parametrize("dialect", DIALECTS)
def test_in_a_team_s_own_style_every_column_is_the_same(dialect):
    model = read_staging_model(THEIRS, path="models/stg_crm__leads.sql", dialect=dialect)
    assert isinstance(model, StagingModel)
    style = learn_sql_style([model, model])
    decided = Decided(dialect)

    for plain, styled in zip(decided.models(), decided.models(style), strict=True):
        assert "\n    , " in styled.text
        assert renamed(plain.text, dialect) <= selected(styled.text, dialect)


def renamed(text: str, dialect: str) -> set[str]:
    """What a model of ours selects of its rows."""
    [tree] = sqlglot.parse(compiled(text, "raw_shop.a_table"), dialect=dialect)
    [columns] = [cte.this for cte in tree.ctes if cte.alias == "renamed"]
    return {item.sql(dialect) for item in columns.selects}


def selected(text: str, dialect: str) -> set[str]:
    """Everything that some query of a model selects."""
    [tree] = sqlglot.parse(compiled(text, "raw_shop.a_table"), dialect=dialect)
    return {item.sql(dialect) for select in tree.find_all(exp.Select) for item in select.selects}


def test_the_names_that_a_list_s_items_get_are_folded_like_any_alias():
    mapping = Mapping(
        "shop",
        "ORDERS",
        (
            MappedColumn("order_id", ("ID",)),
            MappedColumn("item_index", ("item_index",)),
            MappedColumn("sku", ("item",), expression="cast(get_path(item, 'sku') as varchar)"),
        ),
        items="LINES",
        list_sql="lines",
    )

    text = staging_sql(mapping, source_table="orders", loads=False, dialect="snowflake")

    assert '"' not in text
    assert "    id as order_id,\n        item_index,\n" in text


# --- names --------------------------------------------------------------------------------------------


def named(dialect: str, *tables: str) -> dict[str, str]:
    mappings = [Mapping("shop", table, ()) for table in tables]
    return {key.removeprefix("shop."): name for key, name in source_table_names(mappings, dialect).items()}


def test_a_table_in_capitals_is_written_in_lower_case_where_bare_names_are_raised():
    assert named("snowflake", "ORDERS", "Orders", "orders") == {
        "ORDERS": "orders",
        "Orders": "Orders_2",
        "orders": "orders_3",
    }
    assert named("duckdb", "ORDERS") == {"ORDERS": "ORDERS"}


def source_of(dialect: str, table: str, *, is_quoted: bool) -> tuple[str | None, dict[str, object]]:
    """The schema and the table of a source whose names the warehouse lists so."""
    options = replace(Decided(dialect).rendering(), quotes_schemas=is_quoted, quotes_tables=is_quoted)
    mapping = Mapping("shop", table, (MappedColumn("id", ("ID",)),), schema="RAW")
    [name] = named(dialect, table).values()
    staged = StagedTable(mapping, "RAW", table, name, "stg_shop__orders", loads=False)
    [source] = yaml.safe_load(property_file(property_entries([staged], {}, options, {}), options))["sources"]
    return source["schema"], source["tables"][0]


def test_snowflake_s_names_are_written_so_that_dbt_finds_them_with_and_without_quotes():
    assert source_of("snowflake", "ORDERS", is_quoted=False) == ("raw", {"name": "orders"})
    # The project says `quoting: {identifier: true}`.
    assert source_of("snowflake", "ORDERS", is_quoted=True) == (
        "RAW",
        {"name": "orders", "identifier": "ORDERS"},
    )
    quoted = {"identifier": True}
    assert source_of("snowflake", "orders", is_quoted=False)[1] == {"name": "orders", "quoting": quoted}
    assert source_of("snowflake", "ORDER", is_quoted=False)[1] == {
        "name": "order",
        "identifier": "ORDER",
        "quoting": quoted,
    }


def test_postgresql_s_mixed_case_stays_and_is_quoted_by_dbt():
    assert source_of("postgres", "Orders", is_quoted=True) == ("RAW", {"name": "Orders"})


def test_a_source_is_called_and_selected_as_people_write_it(tmp_path):
    settings = load_settings(tmp_path, env={})

    assert source_name("RAW_SHOP", ["raw_"], "snowflake") == "shop"
    assert source_name("Raw Shop", ["raw_"], "snowflake") == "Raw Shop"
    assert source_name("RAW_SHOP", ["raw_"], "duckdb") == "SHOP"
    for selector in ("source:shop", "source:shop.orders", "shop.ORDERS", "stg_shop__orders"):
        assert is_selected("shop", "ORDERS", (selector,), settings)
    assert not is_selected("shop", "Orders", ("source:shop.orders",), settings)


@pytest.mark.parametrize("dialect", ["duckdb", "snowflake", "bigquery"])
def test_the_latest_batch_of_bronze_is_read_however_its_names_were_folded(dialect):
    decided = Decided(dialect)
    names = [decided.stored(name) for name in ("id", BATCH_ID, LOADED_AT)]
    relation = Relation(decided.schema, decided.stored("orders"), tuple(Column(name) for name in names))

    mapping = keep_every_column("shop", relation, None, lost={}, dialect=dialect)
    text = staging_sql(mapping, source_table="orders", loads=mapping.rows == "latest_batch", dialect=dialect)

    assert mapping.rows == "latest_batch"
    assert [column.sources for column in mapping.columns] == [(decided.stored("id"),)]
    assert "where _aidbt_batch_id = (" in text
    assert "loads.table_name = 'orders'" in text
