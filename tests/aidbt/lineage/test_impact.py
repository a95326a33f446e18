"""What a change reaches, and the path that proves it."""

from __future__ import annotations

from states import State, generic_test, state, thing

from aidbt.lineage.changes import project_changes
from aidbt.lineage.impact import Affected, Change, Effect, Impact, impact_of

ORDERS = "source.shop.raw.orders"
MODELS = {
    "stg": "select id as order_id, customer_id, amount, status from raw.orders where status <> 'test'",
    "every": "select * from main.stg",
    "fct": "select s.order_id, c.name, s.amount * 2 as double_amount from main.stg as s"
    " join raw.customers as c on c.id = s.customer_id",
    "totals": "select name, sum(double_amount) as total, count(*) as n from main.fct group by name",
    "counted": "select count(*) as n from main.stg",
}


def impact(effect: Effect, node: str, column: str, found: State | None = None, to: str = "") -> Impact:
    project = found or state(MODELS)
    return impact_of([Change(node, column, effect, data_type=to)], project.lineage, project.manifest)


def told(found: Impact) -> set[tuple[str, str]]:
    return {(thing.name, thing.effect) for thing in found.affected}


def one(found: Impact, name: str, effect: Effect) -> Affected:
    return next(thing for thing in found.affected if (thing.name, thing.effect) == (name, effect))


def test_a_removed_column_breaks_what_names_it_and_is_gone_where_a_star_passed_it_on():
    found = impact("removed", "model.shop.stg", "amount")

    assert told(found) == {("every.amount", "removed"), ("fct", "fails"), ("totals", "skipped")}
    assert one(found, "fct", "fails").path == (("stg.amount", ""), ("fct", "expression"))
    assert "'amount'" in one(found, "fct", "fails").why
    assert one(found, "totals", "skipped").path == (
        ("stg.amount", ""),
        ("fct", "expression"),
        ("totals", "reads"),
    )


def test_a_column_that_only_a_cte_names_breaks_its_query_too():
    project = state(
        {
            "stg": "select id as order_id, amount from raw.orders",
            "both": "with a as (select amount as x from main.stg) select * from a union all select 1.0",
        }
    )

    assert told(impact("removed", "model.shop.stg", "amount", project)) == {("both", "fails")}


def test_a_retyped_column_retypes_what_passes_it_on_and_what_is_computed_of_it():
    found = impact("retyped", ORDERS, "amount", to="DECIMAL(9, 2)")

    assert {("stg.amount", "retyped"), ("every.amount", "retyped"), ("fct.double_amount", "retyped")} <= told(
        found
    )
    assert "DOUBLE → DECIMAL(9, 2)" in one(found, "stg.amount", "retyped").why


def test_a_column_of_a_source_that_is_known_in_part_is_gone_all_the_same():
    project = state(
        {"stg": "select o.id, o.amount, o.extra from raw.orders as o", "wide": "select * from main.stg"},
        sources={"orders": {"id": "", "amount": ""}},
        complete=False,
    )

    assert told(impact("removed", ORDERS, "amount", project)) == {("stg", "fails"), ("wide", "skipped")}
    assert told(impact("retyped", ORDERS, "amount", project, to="VARCHAR")) == {
        ("stg.amount", "retyped"),
        ("wide.amount", "retyped"),
    }


def test_a_cast_stops_another_type_but_not_other_values():
    project = state({"stg": "select cast(amount as varchar) as amount from raw.orders"})

    assert told(impact("retyped", ORDERS, "amount", project, to="DECIMAL(9, 2)")) == {
        ("stg.amount", "values")
    }


def test_other_values_go_as_far_as_values_are_made_of_them_and_into_filters():
    found = impact("values", ORDERS, "amount")
    by_filter = impact("values", ORDERS, "status")

    assert told(found) == {
        ("stg.amount", "values"),
        ("every.amount", "values"),
        ("fct.double_amount", "values"),
        ("totals.total", "values"),
    }
    assert one(found, "totals.total", "values").path[-2:] == (
        ("fct.double_amount", "expression"),
        ("totals.total", "aggregate"),
    )
    assert {("stg", "rows"), ("counted", "rows"), ("counted.n", "values")} <= told(by_filter)
    assert found.weight == "data"


def test_a_filter_that_lets_others_through_changes_what_is_counted_behind_it():
    project = state({"paid": "select count(*) as n from raw.orders where status = 'paid'"})

    found = impact("values", ORDERS, "status", project)

    assert told(found) == {("paid", "rows"), ("paid.n", "values")}
    assert one(found, "paid.n", "values").path == (
        ("raw.orders.status", ""),
        ("paid", "filter"),
        ("paid.n", "aggregate"),
    )


def test_another_grain_gives_its_readers_other_rows():
    found = impact("grain", "model.shop.fct", "")

    assert {("totals", "rows"), ("totals.n", "values")} <= told(found)


def test_an_added_column_reaches_nothing():
    found = impact("added", "model.shop.stg", "new")

    assert (found.affected, found.weight) == ((), "safe")


def test_a_removed_node_takes_its_readers_along():
    found = impact("removed", "model.shop.fct", "")

    assert ("totals", "fails") in told(found)


def test_generic_tests_fail_without_their_column_and_judge_otherwise_of_others():
    tests = [
        generic_test("not_null", "stg", "amount"),
        generic_test("unique", "stg", "order_id"),
        generic_test("relationships", "fct", "order_id", to="model.shop.stg", field="order_id"),
        generic_test("expression_is_true", "stg", "status", expression="amount > 0"),
    ]
    project = state(MODELS, others=tests)

    removed = told(impact("removed", "model.shop.stg", "amount", project))
    assert ("not_null_stg_amount", "fails") in removed
    assert ("expression_is_true_stg_status", "fails") in removed
    assert not any(name == "unique_stg_order_id" for name, _ in removed)
    assert ("relationships_fct_order_id", "fails") in told(
        impact("removed", "model.shop.stg", "order_id", project)
    )
    assert ("unique_stg_order_id", "values") in told(impact("grain", "model.shop.stg", "", project))


def test_a_singular_test_is_read_again():
    test = thing("test", "no_refunds", "stg", compiled_code="select * from main.stg where amount < 0")
    project = state(MODELS, others=[test])

    found = impact("removed", "model.shop.stg", "amount", project)

    assert "'amount'" in one(found, "no_refunds", "fails").why
    assert ("no_refunds", "fails") not in told(impact("removed", "model.shop.stg", "customer_id", project))


def test_a_unit_test_fails_when_a_column_of_its_rows_is_gone_or_its_model_fails():
    test = thing(
        "unit_test",
        "doubles",
        "stg",
        "fct",
        model="fct",
        given=[{"input": "ref('stg')", "rows": [{"order_id": 1, "amount": 2}]}],
        expect={"rows": [{"double_amount": 4}]},
    )
    project = state(MODELS, others=[test])

    assert ("doubles", "fails") in told(impact("removed", "model.shop.stg", "order_id", project))
    assert ("doubles", "fails") in told(impact("removed", "model.shop.fct", "double_amount", project))
    assert not any(n == "doubles" for n, _ in told(impact("values", "model.shop.stg", "amount", project)))


def test_contracts_and_keys_need_their_columns():
    project = state(
        {"stg": "select id as order_id, amount from raw.orders", "every": "select * from main.stg"},
        configs={"every": {"contract": {"enforced": True}, "unique_key": ["order_id"]}},
        columns={"every": {"order_id": "INTEGER", "amount": "DOUBLE"}},
    )
    found = impact("removed", "model.shop.stg", "order_id", project)

    assert {(a.kind, a.effect, a.why) for a in found.affected if a.name == "every"} == {
        ("contract", "fails", "it promises order_id"),
        ("node", "fails", "its unique_key names order_id, which is gone"),
    }


def test_a_snapshot_passes_on_what_it_keeps_and_needs_its_key():
    project = state(
        {"stg": "select id as order_id, amount from raw.orders", "kept": "select * from main.stg"},
        snapshots=["kept"],
        configs={"kept": {"strategy": "check", "check_cols": ["amount"], "unique_key": "order_id"}},
    )

    assert {("kept.amount", "values")} <= told(impact("values", ORDERS, "amount", project))
    removed = impact("removed", "model.shop.stg", "amount", project)
    assert one(removed, "kept.amount", "removed").path == (("stg.amount", ""), ("kept.amount", "passthrough"))
    assert one(removed, "kept", "fails").why == "its check_cols names amount, which is gone"


def test_an_ephemeral_model_is_a_node_like_others():
    project = state(
        {
            "eph": "select id, amount from raw.orders",
            "reader": "with __dbt__cte__eph as (select id, amount from raw.orders)"
            " select amount from __dbt__cte__eph /* main.eph */",
        },
        configs={"eph": {"materialized": "ephemeral"}},
    )

    assert told(impact("values", ORDERS, "amount", project)) == {
        ("eph.amount", "values"),
        ("reader.amount", "values"),
    }
    assert told(impact("removed", "model.shop.eph", "amount", project)) == {("reader", "fails")}


SEMANTIC = thing(
    "semantic_model",
    "sales",
    "fct",
    entities=[{"name": "sale", "expr": "order_id"}],
    dimensions=[{"name": "name"}],
    measures=[{"name": "revenue", "expr": "double_amount"}, {"name": "sales", "expr": "1"}],
)
METRICS = [
    thing("metric", "revenue", "semantic_model.shop.sales", type_params={"measure": {"name": "revenue"}}),
    thing("metric", "sales", "semantic_model.shop.sales", type_params={"measure": {"name": "sales"}}),
    thing("metric", "share", "metric.shop.revenue", type_params={"metrics": [{"name": "revenue"}]}),
    thing("saved_query", "weekly", "metric.shop.share", query_params={"metrics": ["share"]}),
]


def test_metrics_and_what_is_made_of_them_follow_the_columns_of_their_measures():
    project = state(MODELS, others=[SEMANTIC, *METRICS])

    found = told(impact("removed", "model.shop.fct", "double_amount", project))

    assert {("sales", "fails"), ("revenue", "fails"), ("share", "fails"), ("weekly", "fails")} <= found
    things = impact("removed", "model.shop.fct", "double_amount", project).affected
    assert not any(a.kind == "metric" and a.name == "sales" for a in things)


def test_metrics_that_stand_on_a_model_alone_are_followed_too():
    metric = thing(
        "metric",
        "amounts",
        "semantic_model.shop.sales",
        type_params={"metric_aggregation_params": {"semantic_model": "sales", "expr": "double_amount"}},
    )
    bare = thing("semantic_model", "sales", "fct", entities=[{"name": "order_id"}], dimensions=[])
    project = state(MODELS, others=[bare, metric])

    assert ("amounts", "values") in told(impact("values", "model.shop.fct", "double_amount", project))
    assert ("sales", "values") not in told(impact("values", "model.shop.fct", "double_amount", project))


def test_an_exposure_may_use_any_column():
    project = state(MODELS, others=[thing("exposure", "dashboard", "every")])

    found = impact("removed", "model.shop.stg", "amount", project)

    affected = one(found, "dashboard", "removed")
    assert affected.path == (("stg.amount", ""), ("every.amount", "passthrough"), ("dashboard", "exposure"))
    assert "not known" in affected.why


def test_a_node_that_cannot_be_read_is_unknown_and_never_safe():
    project = state(
        {**MODELS, "py": "-- main.stg"},
        columns={"py": {"score": "DOUBLE"}},
        raw={"py": {"language": "python", "compiled_code": None, "raw_code": "dbt.ref('stg')"}},
    )

    assert [name for name, _ in impact("values", ORDERS, "amount", project).unknown] == ["model.shop.py"]


def test_names_are_found_in_another_case():
    assert told(impact("removed", "model.shop.stg", "AMOUNT")) == told(
        impact("removed", "model.shop.stg", "amount")
    )


def branch(head: dict[str, str]) -> Impact:
    base, now = state(MODELS), state({**MODELS, **head})
    found = project_changes(base, now)
    return impact_of(found.changes, found.lineage, now.manifest)


def test_a_removed_column_that_a_reader_still_names_breaks_it():
    found = branch({"stg": MODELS["stg"].replace("amount, ", "")})

    assert ("fct", "fails") in told(found)
    assert ("every.amount", "removed") in told(found)
    assert found.weight == "breaking"


def test_a_renamed_column_is_safe_where_its_readers_were_mended_in_the_same_change():
    found = branch(
        {
            "stg": MODELS["stg"].replace("amount", "amount as amt"),
            "fct": MODELS["fct"].replace("s.amount", "s.amt"),
        }
    )

    assert told(found) == {("every.amount", "removed")}


def test_a_reformatted_branch_reaches_nothing():
    found = branch(
        {"stg": "with o as (select * from raw.orders) " + MODELS["stg"].replace("raw.orders", "o")}
    )

    assert (found.changes, found.affected) == ((), ())
