"""Columns that hold several values: what is inside, columns of their own, models for the items of lists."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlfluff.core import FluffConfig, Linter

from aidbt.core.schema import MappedColumn, Mapping, RowRule
from aidbt.generate.questions.contents import MAX_COLUMNS, MAX_DEPTH, json_contents, struct_contents
from aidbt.generate.sql_style import SqlStyle
from aidbt.generate.staging import staging_sql, with_parent_s_rows
from aidbt.generate.templates import render
from aidbt.mapping.decisions import parse_selector
from aidbt.mapping.files import load_mappings, mapping_yaml, parse_mapping
from aidbt.mapping.question_files import answer, load_questions
from aidbt.project import open_project
from aidbt.project.dbt import run_dbt
from aidbt.warehouse.dialects import DIALECTS

ADDRESSES = {
    "duckdb": "STRUCT(city VARCHAR, geo STRUCT(lat DOUBLE, lon DOUBLE), tags VARCHAR[])",
    "spark": "struct<city:string,geo:struct<lat:double,lon:double>,tags:array<string>>",
    "databricks": "STRUCT<city: STRING, geo: STRUCT<lat: DOUBLE, lon: DOUBLE>, tags: ARRAY<STRING>>",
    "bigquery": "STRUCT<city STRING, geo STRUCT<lat FLOAT64, lon FLOAT64>, tags ARRAY<STRING>>",
    "trino": "row(city varchar, geo row(lat double, lon double), tags array(varchar))",
}


@pytest.mark.parametrize("dialect", ADDRESSES)
def test_the_fields_of_a_struct_are_known_from_its_type(dialect):
    found = struct_contents(ADDRESSES[dialect], dialect)

    assert found is not None
    assert [leaf.dotted for leaf in found.leaves] == ["city", "geo.lat", "geo.lon"]
    assert found.others == 1


@pytest.mark.parametrize("data_type", ["INTEGER", "VARCHAR[]", "MAP(VARCHAR, INTEGER)", "JSON", "no type"])
def test_other_types_have_no_fields(data_type):
    assert struct_contents(data_type, "duckdb") is None


def test_depth_and_number_of_columns_are_bounded():
    deep = "STRUCT(a STRUCT(b STRUCT(c STRUCT(d INTEGER))))"
    wide = f"STRUCT({', '.join(f'c{n} INTEGER' for n in range(MAX_COLUMNS + 5))})"

    assert [leaf.dotted for leaf in struct_contents(deep, "duckdb").leaves] == []
    assert struct_contents(deep, "duckdb").others == 1
    assert len(struct_contents(wide, "duckdb").leaves) == MAX_COLUMNS
    document = json.dumps({"a": {"b": {"c": {"d": 1}, "e": 2}}})
    assert [leaf.dotted for leaf in json_contents([document]).leaves] == ["a.b.e"]
    assert MAX_DEPTH == 3


def test_a_map_that_looks_like_an_object_stays_inside():
    documents = [json.dumps({"id": n, "by_user": {f"user{n}_{k}": 1 for k in range(3)}}) for n in range(100)]

    found = json_contents(documents)

    assert [leaf.dotted for leaf in found.leaves] == ["id"]
    assert found.others == 1


@pytest.mark.parametrize(
    "documents", [[], ["null"], ["1"], ["[1, 2]"], ['{"a": 1}', "[]"], ['{"a": 1}', "{"]]
)
def test_what_are_not_all_objects_is_not_flattened(documents):
    assert json_contents(documents) is None


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
)
keys = st.sampled_from(["a", "b", "id", "x y", "Ä", "c1"])
trees = st.dictionaries(
    keys,
    st.recursive(
        scalars, lambda inside: st.lists(inside, max_size=3) | st.dictionaries(keys, inside, max_size=3)
    ),
    max_size=4,
)


@given(st.lists(trees, min_size=1, max_size=6))
def test_every_value_that_is_flattened_is_a_single_one_of_its_type(values):
    found = json_contents([json.dumps(value) for value in values])

    assert found is not None
    for leaf in found.leaves:
        for value in values:
            inside = value
            for name in leaf.path:
                inside = inside.get(name) if isinstance(inside, dict) else None
            wanted = {"boolean": bool, "bigint": int, "double": (int, float), "": (str, int, float, bool)}
            assert inside is None or isinstance(inside, wanted[leaf.data_type])


# --- the items of a list ------------------------------------------------------------------------------

LINES = Mapping(
    "shop",
    "orders",
    (
        MappedColumn("order_id", ("id",), by="person"),
        MappedColumn("item_index", ("item_index",), by="person", source_type="bigint"),
        MappedColumn("sku", ("item",), by="person", expression="(item).sku"),
    ),
    schema="raw_shop",
    items="lines",
    list_sql="lines",
)
ORDERS = Mapping(
    "shop",
    "orders",
    (MappedColumn("order_id", ("id",)), MappedColumn("lines", ("lines",))),
    unmapped=("gone", "version"),
    row_rules=(
        RowRule("soft_delete", where="not gone"),
        RowRule("latest_row", keys=("id",), order_by="version"),
    ),
)
STYLE = SqlStyle(
    skeleton="with source as (\n    select * from {{ source('<source>', '<table>') }}\n),\n\n"
    "renamed as (\n    select\n        <columns>\n    from source\n)\n\nselect * from renamed\n",
    line_indent="        ",
)


def sql(mapping: Mapping = LINES, *, style: SqlStyle | None = None, dialect: str = "duckdb") -> str:
    return staging_sql(mapping, source_table="orders", loads=False, dialect=dialect, style=style)


def test_a_list_s_mapping_is_read_back_as_it_was_written():
    text = mapping_yaml(LINES)

    assert parse_mapping(text, Path("m.yml"), Path(".")) == LINES
    assert text.startswith("source: {name: shop, table: orders, schema: raw_shop, items: lines, list: lines}")


def test_a_column_of_a_list_is_told_from_one_of_its_table():
    selector = parse_selector("shop.orders.lines.sku", {ORDERS.key: ORDERS, LINES.key: LINES})

    assert (selector.key, selector.column) == ("shop.orders.lines", "sku")


@pytest.mark.parametrize("style", [None, STYLE], ids=["ours", "the team's"])
@pytest.mark.parametrize(
    ("parent", "rows"),
    [
        (None, [(1, 1, "old"), (2, 1, "a"), (2, 2, "b"), (3, 1, "c")]),
        (ORDERS, [(2, 1, "a"), (2, 2, "b")]),
    ],
    ids=["all rows", "the rows of the parent"],
)
def test_each_item_is_a_row_of_the_rows_that_its_table_keeps(parent, rows, style):
    text = sql(with_parent_s_rows(LINES, parent), style=style)
    with duckdb.connect() as connection:
        connection.execute(
            "create table orders (id int, version int, gone boolean, lines struct(sku varchar)[]);"
            "insert into orders values (1, 1, false, [{'sku': 'old'}]), (1, 2, false, []),"
            " (2, 1, false, [{'sku': 'a'}, {'sku': 'b'}]), (3, 1, true, [{'sku': 'c'}]), (4, 1, false, null)"
        )
        found = connection.execute(text.replace("{{ source('shop', 'orders') }}", "orders")).fetchall()

    assert sorted(found) == rows


@pytest.mark.parametrize("parent", [None, ORDERS], ids=["all rows", "the rows of the parent"])
def test_the_sql_of_a_list_passes_sqlfluff(parent, tmp_path):
    (tmp_path / ".sqlfluff").write_text(render("project/sqlfluff.jinja", dialect="duckdb"))
    text = sql(with_parent_s_rows(LINES, parent))

    linted = Linter(config=FluffConfig.from_path(str(tmp_path))).lint_string(text)

    assert not linted.get_violations()


@pytest.mark.parametrize("dialect", [name for name in DIALECTS if name != "redshift"])
def test_the_sql_of_a_list_is_sql_of_its_dialect(dialect):
    text = sql(with_parent_s_rows(LINES, ORDERS), dialect=dialect)

    sqlglot.parse_one(text.replace("{{ source('shop', 'orders') }}", "orders"), dialect=dialect)


# --- in a project -------------------------------------------------------------------------------------

TABLES = """
create schema raw_shop;
create table raw_shop.orders as select i as id,
    {'city': 'c' || i % 5, 'geo': {'lat': i / 10.0}} as ship_address,
    {'event': 'e' || (i % 3), 'user': {'id': i, 'isVip': i % 2 = 0},
     'items': [{'sku': 'x', 'qty': i}, {'sku': 'y', 'qty': 1}]}::json as payload,
    '{"a": ' || i || ', "b": ' || case when i = 77 then '"n"' else '5' end || '}' as extra,
    case when i > 1 then [{'note': 'n' || i}] else [] end as notes
from range(1, 201) t(i);
"""


@pytest.fixture
def nested(shop):
    shop.sql(TABLES)
    shop.generate()
    return shop


def test_one_question_is_asked_per_column_and_per_list(nested):
    asked = load_questions(nested.root)

    assert set(asked) == {
        "nested:shop.orders.ship_address",
        "nested:shop.orders.payload",
        "nested:shop.orders.extra",
        "items:shop.orders.payload.items",
        "items:shop.orders.notes",
    }
    assert asked["nested:shop.orders.payload"].recommended == "flatten"
    assert asked["nested:shop.orders.extra"].recommended == "flatten_and_drop"
    before = nested.texts()
    assert not nested.generate().is_drift
    assert nested.texts() == before


@pytest.mark.long
def test_answers_become_columns_and_models_that_dbt_builds(nested):
    for question in load_questions(nested.root).values():
        answer(nested.root, question.id, question.recommended)

    nested.generate()

    before = nested.texts()
    assert not nested.generate().is_drift
    assert nested.texts() == before
    report = run_dbt(open_project(nested.root), "build")
    assert report.status == "success", report.failures
    assert nested.rows(
        "select ship_address_city, ship_address_geo_lat::double, event, user_id, user_is_vip, extra_a,"
        " extra_b from analytics.stg_shop__orders where order_id = 77"
    ) == [("c2", 7.7, "e2", 77, False, 77, "n")]
    items = "analytics.stg_shop__orders_payload_items"
    assert nested.rows(f"select * from {items} where order_id = 7 order by item_index") == [
        (7, 1, "x", 7), (7, 2, "y", 1),
    ]  # fmt: skip
    assert nested.rows("select count(*), min(order_id) from analytics.stg_shop__orders_notes") == [(199, 2)]
    # One key does not become a column of numbers because most of its values are.
    types = dict(nested.rows("select column_name, data_type from information_schema.columns"
                             " where table_name = 'stg_shop__orders'"))  # fmt: skip
    assert (types["extra_a"], types["extra_b"]) == ("BIGINT", "VARCHAR")
    assert "extra" not in types
    assert "payload" in types


def test_keep_leaves_a_column_and_its_list_alone(nested):
    for question in load_questions(nested.root):
        answer(nested.root, question, "keep")
    before = nested.texts()

    nested.generate()

    assert nested.texts() == before
    assert set(load_mappings(nested.root)) == {"shop.orders"}


def test_a_list_without_a_key_to_relate_it_by_is_told(shop):
    shop.sql(
        "create schema raw_shop; create table raw_shop.logs as"
        " select 'l' || i % 3 as level, [{'a': i}] as items from range(100) t(i)"
    )

    plan = shop.generate()

    found = next(f for f in plan.findings if f.code == "nested.list_of_objects")
    assert "the table has no key" in found.message
    assert not load_questions(shop.root)


def test_text_that_is_not_all_json_is_not_read_as_json(shop):
    shop.sql(
        "create schema raw_shop; create table raw_shop.logs as select i as id,"
        " case when i = 19999 then '{oops' else '{\"a\": 1, \"n\": ' || i || '}' end as body"
        " from range(20000) t(i)"
    )

    plan = shop.generate()

    assert not load_questions(shop.root)
    assert all("json" not in (c.expression or "") for c in plan.mappings["shop.logs"].columns)
