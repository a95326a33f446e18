"""How columns, models and casts are named and chosen: one table per rule."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.schema import Column, ColumnProfile
from aidbt.project.conventions import (
    Name,
    column_name,
    fill,
    singular,
    snake_case,
    unique_names,
    wanted_casts,
)

SNAKE_CASE = {
    "id": "id",
    "Id": "id",
    "ID": "id",
    "customerId": "customer_id",
    "CustomerID": "customer_id",
    "customerID2": "customer_id2",
    "HTTPServer": "http_server",
    "getHTTPResponseCode": "get_http_response_code",
    "SCREAMING_CASE": "screaming_case",
    "kebab-case": "kebab_case",
    "with space": "with_space",
    "  padded  ": "padded",
    "dots.and/slashes": "dots_and_slashes",
    "Cust-Name (old)": "cust_name_old",
    "a__b": "a_b",
    "_private_": "private",
    "__": "unnamed",
    "": "unnamed",
    "***": "unnamed",
    "%": "unnamed",
    "2nd": "_2nd",
    "_1": "_1",
    "Größe": "grosse",
    "STRAẞE": "strasse",
    "naïve café": "naive_cafe",
    "Ærø": "ærø",
    "İstanbul": "istanbul",
    "ﬁnal": "final",
    "x²": "x2",
    "名前": "名前",
    "顧客ID": "顧客id",
    "order": "order",
    "{{ x }}": "x",
    'quo"te': "quo_te",
    "new\nline": "new_line",
    "tab\there": "tab_here",
    "€uro": "uro",
    "a\u200bb": "a_b",
}


@pytest.mark.parametrize("name", SNAKE_CASE)
def test_a_name_in_snake_case(name: str):
    assert snake_case(name) == SNAKE_CASE[name]


@settings(deadline=None)
@given(st.text())
def test_snake_case_of_anything_is_a_name_and_stays_itself(name: str):
    made = snake_case(name)

    assert made
    assert not made[0].isdigit()
    assert not any(char.isspace() or char in "\"'`.{}%#;()-" for char in made)
    assert "__" not in made
    assert snake_case(made) == made


SINGULAR = {
    "flights": "flight", "orders": "order", "companies": "company", "cities": "city", "addresses": "address",
    "boxes": "box", "branches": "branch", "dishes": "dish", "status": "status", "news": "news",
    "analysis": "analysis", "bus": "bus", "gas": "gas", "address": "address", "data": "data",
    "series": "series", "ties": "tie", "s": "s", "": "", "order": "order",
}  # fmt: skip


@pytest.mark.parametrize("noun", SINGULAR)
def test_the_singular_of_a_table(noun: str):
    assert singular(noun) == SINGULAR[noun]


COLUMN_NAMES = {
    # a column named id carries its entity
    ("id", "BIGINT", "orders"): "order_id",
    ("ID", "VARCHAR", "Customers"): "customer_id",
    ("id", "UUID", "order_items"): "order_item_id",
    ("order_id", "BIGINT", "orders"): "order_id",
    ("customerId", "BIGINT", "orders"): "customer_id",
    # booleans
    ("active", "BOOLEAN", "users"): "is_active",
    ("active_flag", "BOOLEAN", "users"): "is_active",
    ("deleted_ind", "bool", "users"): "is_deleted",
    ("IsActive", "BOOLEAN", "users"): "is_active",
    ("has_paid", "BOOLEAN", "users"): "has_paid",
    ("wasOpened", "BOOLEAN", "users"): "was_opened",
    ("allows_email", "BOOLEAN", "users"): "allows_email",
    ("in_stock", "BOOLEAN", "users"): "in_stock",
    ("island", "BOOLEAN", "users"): "is_island",
    ("active_flag", "INTEGER", "users"): "active_flag",
    # times
    ("createdAt", "TIMESTAMP", "orders"): "created_at",
    ("createdDate", "TIMESTAMP", "orders"): "created_at",
    ("created_on", "TIMESTAMP WITH TIME ZONE", "orders"): "created_at",
    ("created", "TIMESTAMP", "orders"): "created_at",
    ("order_shipped_ts", "TIMESTAMP", "orders"): "order_shipped_at",
    ("signed_up_datetime", "TIMESTAMP_NS", "orders"): "signed_up_at",
    ("time_hour", "TIMESTAMP", "orders"): "time_hour",
    ("departure_time", "TIMESTAMP", "orders"): "departure_time",
    # dates
    ("ordered", "DATE", "orders"): "ordered_date",
    ("order_dt", "DATE", "orders"): "order_date",
    ("created_on", "DATE", "orders"): "created_date",
    ("birthday", "DATE", "orders"): "birthday",
    ("birth_day", "DATE", "orders"): "birth_date",
    ("order_date", "DATE", "orders"): "order_date",
    ("created_at", "DATE", "orders"): "created_at",
    # all else
    ("Amount (EUR)", "DECIMAL(18,2)", "orders"): "amount_eur",
    ("dep_delay", "INTEGER", "flights"): "dep_delay",
    ("payload", "JSON", "events"): "payload",
    ("tags", "VARCHAR[]", "events"): "tags",
}


@pytest.mark.parametrize(("name", "data_type", "entity"), COLUMN_NAMES)
def test_a_column_is_named_by_dbts_usual_ways(name: str, data_type: str, entity: str):
    made = column_name(Column(name, data_type), entity=entity)

    assert made.name == COLUMN_NAMES[name, data_type, entity]
    assert made.rule


def test_the_rule_behind_a_name_is_said():
    rules = {
        column_name(Column(name, data_type), entity="orders").rule
        for name, data_type in [
            ("id", "BIGINT"), ("active", "BOOLEAN"), ("created", "TIMESTAMP"), ("created", "DATE"),
            ("Amount", "DOUBLE"), ("amount", "DOUBLE"),
        ]
    }  # fmt: skip

    assert rules == {
        "key: {entity}_id",
        "boolean: is_{name}",
        "timestamp: {name}_at",
        "date: {name}_date",
        "snake case",
        "kept",
    }


@settings(deadline=None)
@given(st.text(), st.sampled_from(["BIGINT", "BOOLEAN", "TIMESTAMP", "DATE", "VARCHAR", ""]))
def test_a_column_name_stays_itself(name: str, data_type: str):
    made = column_name(Column(name, data_type), entity="orders").name

    assert column_name(Column(made, data_type), entity="orders").name == made


@pytest.mark.parametrize(
    ("names", "settled"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "a", "a"], ["a", "a_2", "a_3"]),
        (["a", "A"], ["a", "A_2"]),
        (["a", "a", "a_2"], ["a", "a_2", "a_2_2"]),
        (["a_2", "a", "a"], ["a_2", "a", "a_3"]),
        (["straße", "STRASSE"], ["straße", "STRASSE_2"]),
        ([], []),
    ],
)
def test_names_that_clash_are_numbered_and_the_first_keeps_its_own(names: list[str], settled: list[str]):
    made = unique_names(Name(name, "rule") for name in names)

    assert [item.name for item in made] == settled
    assert [item.rule == "rule" for item in made] == [a == b for a, b in zip(names, settled, strict=True)]


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "A", "a_2", "a_3", "b", "a_2_2"])))
def test_settled_names_never_clash(names: list[str]):
    made = [item.name.casefold() for item in unique_names(Name(name, "") for name in names)]

    assert len(set(made)) == len(made)


@pytest.mark.parametrize(
    ("source", "table", "model"),
    [
        ("crm", "orders", "stg_crm__orders"),
        ("Sales Force", "Account", "stg_sales_force__account"),
        ("crm", "Order__Items", "stg_crm__order_items"),
        ("2crm", "1st", "stg_2crm__1st"),
    ],
)
def test_a_staging_model_is_named_after_its_source_and_table(source: str, table: str, model: str):
    assert fill("stg_{source}__{table}", source, table) == model


# --- casts --------------------------------------------------------------------------------------------


def profile(formats: dict[str, float], **given) -> ColumnProfile:
    return ColumnProfile("c", "VARCHAR", **{"null_rate": 0.1, "distinct_count": 50, "max_length": 10} | given,
                         formats=formats)  # fmt: skip


CASTS = [
    ("amount", {"integer": 1.0}, {}, "bigint"),
    ("amount", {"decimal": 1.0}, {}, "decimal(18, 2)"),
    ("amount", {"integer": 0.25, "decimal": 0.75}, {}, "decimal(18, 2)"),
    ("amount", {"integer": 0.99}, {}, None),
    ("amount", {"decimal": 0.5}, {}, None),
    ("amount", {}, {}, None),
    ("amount", {"integer": 1.0}, {"null_rate": 1.0}, None),
    ("ordered", {"date": 1.0}, {}, "date"),
    ("ordered", {"date": 0.99}, {}, None),
    ("ordered", {"timestamp": 1.0}, {}, "timestamp"),
    ("active", {"boolean": 1.0}, {"distinct_count": 2, "max_length": 5}, "boolean"),
    ("active", {"boolean": 1.0}, {"distinct_count": 2, "max_length": 1}, None),
    ("active", {"boolean": 1.0}, {"distinct_count": 4, "max_length": 5}, None),
    ("zip", {"integer": 1.0}, {}, None),
    ("postalCode", {"integer": 1.0}, {}, None),
    ("customer_id", {"integer": 1.0}, {}, None),
    ("CustomerNumber", {"integer": 1.0}, {}, None),
    ("phone", {"integer": 1.0}, {}, None),
    ("sku", {"decimal": 1.0}, {}, None),
    ("valid", {"integer": 1.0}, {}, "bigint"),
    ("period", {"integer": 1.0}, {}, "bigint"),
    ("payload", {"json": 1.0}, {}, None),
]


@pytest.mark.parametrize(("name", "formats", "given", "cast"), CASTS)
def test_a_text_column_is_cast_to_what_all_its_values_look_like(
    name: str, formats: dict[str, float], given: dict, cast: str | None
):
    assert (
        next(iter(wanted_casts(Column(name, "VARCHAR"), profile(formats, **given), dialect="duckdb")), None)
        == cast
    )


def test_only_text_is_cast_and_only_when_it_was_profiled():
    assert wanted_casts(Column("amount", "DOUBLE"), profile({"integer": 1.0}), dialect="duckdb") == ()
    assert wanted_casts(Column("amount", "VARCHAR"), None, dialect="duckdb") == ()
