"""Conventions are learned from how staging models name and cast the columns of their sources."""

from __future__ import annotations

from aidbt.core.config import ConventionSettings
from aidbt.core.schema import Column
from aidbt.generate.adoption.names import NamedColumn, learn_names
from aidbt.project.conventions import column_name

ORDERS = [
    ("id", "order_key"),
    ("customer_id", "customer_key"),
    ("status", "order_status"),
    ("created_at", "created_ts"),
    ("ship_date", "ship_dt"),
    ("total_amount", "total_eur"),
    ("is_gift", "flag_gift"),
    ("qty", "quantity"),
    ("_fivetran_synced", "loaded_ts"),
]
CUSTOMERS = [
    ("id", "customer_key"),
    ("account_id", "account_key"),
    ("status", "customer_status"),
    ("updated_at", "updated_ts"),
    ("birth_date", "birth_dt"),
    ("credit_amount", "credit_eur"),
    ("has_newsletter", "flag_newsletter"),
    ("login_qty", "login_quantity"),
    ("_fivetran_synced", "loaded_ts"),
    ("weird", "strange"),
]


def columns(table: str, pairs: list[tuple[str, str]], **more: str) -> list[NamedColumn]:
    return [
        NamedColumn("shop", table, raw, staged, model=f"stg_{table}.sql", **more) for raw, staged in pairs
    ]


def test_the_form_of_every_kind_of_column_is_found():
    learned = learn_names([*columns("orders", ORDERS), *columns("customers", CUSTOMERS)])

    assert learned.rules.model_dump(exclude_defaults=True) == {
        "key": "{entity}_key",
        "foreign_key": "{name}_key",
        "timestamp": "{name}_ts",
        "date": "{name}_dt",
        "boolean": "flag_{name}",
        "amount": "{name}_eur",
        "entity_words": ["status"],
        "words": {"qty": "quantity"},
        "renames": {"_fivetran_synced": "loaded_ts"},
    }


def test_what_no_rule_explains_is_odd_and_the_rest_is_counted_by_rule():
    learned = learn_names([*columns("orders", ORDERS), *columns("customers", CUSTOMERS)])

    assert [(c.column, c.target) for c in learned.odd] == [("weird", "strange")]
    assert learned.columns == len(ORDERS) + len(CUSTOMERS)
    assert learned.explained["timestamp: {name}_ts"] == 2


def test_a_new_table_is_named_by_what_was_learned():
    rules = learn_names([*columns("orders", ORDERS), *columns("customers", CUSTOMERS)]).rules

    raw = [("id", "BIGINT"), ("order_id", "BIGINT"), ("paid_at", "TIMESTAMP"), ("open", "BOOLEAN")]
    named = [column_name(Column(n, t), entity="invoices", rules=rules).name for n, t in raw]

    assert named == ["invoice_key", "order_key", "paid_ts", "flag_open"]


def test_columns_named_by_dbts_usual_ways_teach_nothing_new():
    pairs = [
        ("id", "order_id"),
        ("createdDate", "created_at"),
        ("customerId", "customer_id"),
        ("note", "note"),
    ]

    assert learn_names(columns("orders", pairs)).rules == ConventionSettings()


def test_no_columns_teach_nothing():
    learned = learn_names([])

    assert learned.rules == ConventionSettings()
    assert learned.columns == 0


def test_a_single_exception_does_not_become_a_rule():
    pairs = [("created_at", "created_at"), ("updated_at", "updated_at"), ("closed_at", "closed_ts")]

    learned = learn_names(columns("orders", pairs))

    assert learned.rules.timestamp == "{name}_at"
    assert [c.target for c in learned.odd] == ["closed_ts"]


def test_a_team_that_does_it_both_ways_is_told_so():
    ours = [pair for i in range(5) for pair in columns(f"alpha{i}s", [("id", f"alpha{i}_key")])]
    theirs = [pair for i in range(5) for pair in columns(f"beta{i}s", [("id", f"beta{i}_id")])]

    learned = learn_names([*ours, *theirs])

    (finding,) = learned.contested
    assert finding.code == "conventions.contested"
    assert "5 of 10" in finding.message


def test_casts_are_learned_by_kind_where_most_of_a_kind_is_cast():
    cast = columns("orders", [("a_at", "a_at"), ("b_at", "b_at")], cast="TIMESTAMP", data_type="TIMESTAMP")

    assert learn_names([*cast, *columns("orders", [("note", "note")])]).rules.casts == {
        "timestamp": "TIMESTAMP"
    }


def test_an_expression_that_a_whole_kind_shares_is_learned_for_the_kind():
    text = "{{ cents_to_dollars('<column>') }}"
    money = columns("orders", [("tax_cents", "tax"), ("fee_cents", "fee")], expression=text)

    rules = learn_names(money).rules

    assert rules.cents == "{name}"
    assert rules.expressions == {"cents": text}


def test_an_expression_of_some_columns_is_learned_by_their_names():
    upper = columns(
        "orders", [("country", "country_code"), ("currency", "currency_code")], expression="upper(<column>)"
    )
    plain = columns("orders", [("note", "note"), ("city", "city"), ("street", "street")])

    rules = learn_names([*upper, *plain]).rules

    assert rules.expressions == {"country": "upper(<column>)", "currency": "upper(<column>)"}
    assert rules.renames == {"country": "country_code", "currency": "currency_code"}


def test_prefixes_of_a_sources_columns_are_stripped():
    pairs = [("c_name", "name"), ("c_phone", "phone"), ("c_address", "address"), ("c_comment", "comment")]

    rules = learn_names(columns("customer", pairs)).rules

    assert rules.strip_prefixes == ["c_"]


def test_the_order_of_kinds_is_learned_where_most_models_keep_it():
    def model(table: str) -> list[NamedColumn]:
        staged = ["note", "size", "is_new", "created_at"]
        key = [("id", f"{table[:-1]}_id"), ("user_id", "user_id")]
        return columns(table, [*key, *((name, name) for name in staged)])

    rules = learn_names([*model("orders"), *model("visits"), *model("sales")]).rules

    assert rules.order == ["key", "foreign_key", "other", "boolean", "timestamp"]
