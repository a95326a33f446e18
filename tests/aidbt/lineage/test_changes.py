"""What differs between two states of a project."""

from __future__ import annotations

import pytest
from states import RAW, State, generic_test, state

from aidbt.lineage.changes import ProjectChanges, project_changes
from aidbt.lineage.impact import Change

STG = "select id as order_id, amount, status from raw.orders where status <> 'test'"
FCT = "select order_id, sum(amount) as total from main.stg group by order_id"


def told(found: ProjectChanges) -> list[tuple[str, str, str]]:
    return [(change.node.split(".")[-1], change.column, change.effect) for change in found.changes]


def between(base: dict[str, str], head: dict[str, str]) -> ProjectChanges:
    return project_changes(state(base), state(head))


def test_the_same_project_has_no_changes():
    found = between({"stg": STG, "fct": FCT}, {"stg": STG, "fct": FCT})

    assert (found.changes, found.reformatted, found.added, found.removed) == ((), (), (), ())


@pytest.mark.parametrize(
    "written",
    [
        "SELECT o.id AS order_id, -- key\n o.amount, o.status FROM raw.orders o WHERE (o.status != 'test')",
        "with orders as (select * from raw.orders), final as (select id as order_id, amount, status"
        " from orders where 'test' <> status) select * from final",
        "with unused as (select 1 as one) select id as order_id, amount, status from raw.orders"
        " where status <> 'test' order by 1",
    ],
)
def test_a_reformatted_model_is_said_to_be_reformatted(written: str):
    found = between({"stg": STG, "fct": FCT}, {"stg": written, "fct": FCT})

    assert (found.changes, found.reformatted) == ((), ("model.shop.stg",))


def test_each_kind_of_change_of_a_query_is_told_once():
    sql = "select id, amount * 100 as amount, status::integer as status, at from raw.orders where id > 0"
    found = between({"stg": "select id as order_id, amount, status from raw.orders"}, {"stg": sql})

    assert told(found) == [
        ("stg", "order_id", "removed"),
        ("stg", "id", "added"),
        ("stg", "status", "retyped"),
        ("stg", "", "rows"),
        ("stg", "amount", "values"),
        ("stg", "status", "values"),
        ("stg", "at", "added"),
    ]
    details = {(c.column, c.effect): c.detail for c in found.changes}
    assert details["order_id", "removed"] == "it is called id now"
    assert details["status", "retyped"] == "VARCHAR → INTEGER"
    assert details["amount", "values"] == "amount → amount * 100"
    assert details["", "rows"] == "the filter decides otherwise which rows there are"


def test_another_grouping_changes_the_grain():
    sql = "select order_id, status, sum(amount) as total from main.stg group by 1, 2"
    found = between({"stg": STG, "fct": FCT}, {"stg": STG, "fct": sql})

    assert ("fct", "", "grain") in told(found)
    assert ("fct", "total", "values") in told(found)


def test_a_model_that_does_not_resolve_any_more_fails():
    found = between({"stg": STG, "fct": FCT}, {"stg": STG, "fct": FCT.replace("sum(amount)", "sum(amont)")})

    change = found.changes[0]
    assert (change.node, change.effect) == ("model.shop.fct", "fails")
    assert "'amont'" in change.detail and "amount" in change.detail


def test_models_come_and_go():
    found = between({"stg": STG, "old": "select 1 as a"}, {"stg": STG, "new": "select 2 as b"})

    assert (found.added, found.removed) == (("model.shop.new",), ("model.shop.old",))
    assert told(found) == [("old", "", "removed"), ("new", "", "added")]


def test_a_renamed_model_is_the_same_model_under_another_name():
    reader = "select order_id from main.{}"
    found = between({"stg": STG, "fct": reader.format("stg")}, {"stg_o": STG, "fct": reader.format("stg_o")})

    assert dict(found.renamed) == {"model.shop.stg": "model.shop.stg_o"}
    assert told(found) == [("stg_o", "", "moved")]
    assert found.reformatted == ("model.shop.fct",)


def test_configurations_that_decide_rows_are_changes_and_tags_are_none():
    base = state({"stg": STG, "fct": FCT}, configs={"fct": {"materialized": "view", "tags": ["a"]}})
    head = state(
        {"stg": STG, "fct": FCT},
        configs={
            "stg": {"materialized": "view", "tags": ["b"]},
            "fct": {"materialized": "incremental", "unique_key": "order_id", "tags": []},
        },
    )

    found = project_changes(base, head)

    assert told(found) == [("stg", "", "definition"), ("fct", "", "rows"), ("fct", "", "grain")]
    assert found.changes[2].detail == "unique_key: none → order_id"


def test_a_contract_that_promises_another_type_retypes():
    def promised(data_type: str) -> State:
        return state(
            {"stg": STG},
            configs={"stg": {"contract": {"enforced": True}}},
            columns={"stg": {"order_id": data_type, "amount": "DOUBLE", "status": "VARCHAR"}},
        )

    found = project_changes(promised("INTEGER"), promised("BIGINT"))

    assert found.changes == (Change("model.shop.stg", "order_id", "retyped", "INTEGER → BIGINT", "BIGINT"),)


def test_sources_change_by_their_columns_and_by_where_they_are():
    orders = {name: kind for name, kind in RAW["orders"].items() if name != "at"}
    changed = {**RAW, "orders": {**orders, "amount": "DECIMAL(9, 2)", "note": "VARCHAR"}}

    found = project_changes(state({"stg": STG}), state({"stg": STG}, sources=changed))

    assert told(found) == [
        ("orders", "amount", "retyped"),
        ("orders", "at", "removed"),
        ("orders", "note", "added"),
    ]


def test_python_that_has_changed_may_change_everything():
    def python(code: str) -> State:
        return state(
            {"py": ""},
            columns={"py": {"score": "DOUBLE"}},
            raw={"py": {"language": "python", "raw_code": code, "compiled_code": None}},
        )

    found = project_changes(python("a"), python("b"))

    assert told(found) == [("py", "", "rows"), ("py", "score", "values")]
    assert [name for name, _ in found.unread] == ["model.shop.py"]


def test_sql_that_cannot_be_read_is_said_and_never_the_same():
    found = between({"stg": STG}, {"stg": "select (id as order_id, amount, status from raw.orders"})

    assert [name for name, _ in found.unread] == ["model.shop.stg"]
    assert ("stg", "", "rows") in told(found)


def test_tests_that_come_and_go_are_listed():
    test = generic_test("unique", "stg", "order_id")
    base, head = state({"stg": STG}, others=[test]), state({"stg": STG})

    assert project_changes(base, head).tests_removed == (test.unique_id,)
    assert project_changes(head, base).tests_added == (test.unique_id,)
    assert project_changes(base, head).changes == ()


def test_a_node_is_spread_through_as_it_was_where_its_sql_stands():
    reader = "select * from main.stg"
    found = between({"stg": STG, "all_": reader}, {"stg": STG.replace("amount, ", ""), "all_": reader})

    assert [c.name for c in found.lineage.node("all_").columns] == ["order_id", "amount", "status"]
    assert [c.name for c in found.lineage.node("stg").columns] == ["order_id", "status"]


def test_a_reader_that_still_says_the_old_name_is_said_to_change_in_nothing_else():
    base = {
        "stg": STG,
        "fct": "select status, count(order_id) as n, max(amount) as top from main.stg group by 1",
    }
    head = {
        "stg": STG.replace("status from", "status as state from"),
        "fct": base["fct"].replace("count(", "count(distinct "),
    }

    found = between(base, head)

    assert [item for item in told(found) if item[0] == "fct"] == [("fct", "n", "values")]
