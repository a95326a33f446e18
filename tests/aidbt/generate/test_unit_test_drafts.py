"""Drafted unit tests: their rows tell a model from its faults, and their expected rows are what it gives."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.generate.unit_tests.drafts import Drafted, draft
from aidbt.generate.unit_tests.sandbox import Sandbox, orders
from aidbt.generate.unit_tests.subject import Input, InputColumn, Refusal, Subject
from aidbt.sql.parse import parse_sql

ORDERS = (("id", "INTEGER"), ("customer_id", "INTEGER"), ("status", "TEXT"), ("amount", "DECIMAL(18, 2)"),
          ("ordered_on", "DATE"), ("note", "TEXT"))  # fmt: skip
CUSTOMERS = (("id", "INTEGER"), ("name", "TEXT"))


def subject(sql: str, **tables: tuple[tuple[str, str], ...]) -> Subject:
    tree = parse_sql(sql, "duckdb").tree
    assert tree is not None
    tables = tables or {"orders": ORDERS, "customers": CUSTOMERS}
    inputs = tuple(
        Input(name, f"ref('{name}')", tuple(InputColumn(*column) for column in columns))
        for name, columns in tables.items()
    )
    return Subject("model", inputs, tree)


def drafted(sql: str, **tables: tuple[tuple[str, str], ...]) -> Drafted:
    found = draft(subject(sql, **tables))
    assert isinstance(found, Drafted), found
    return found


def missed(sql: str, **tables: tuple[tuple[str, str], ...]) -> list[str]:
    return [mutant.words for mutant in drafted(sql, **tables).survivors]


@pytest.mark.parametrize(
    "sql",
    [
        "select id, case when amount > 100 then 'big' when amount > 10 then 'small' else '-' end from orders",
        "select id from orders where status in ('paid', 'sent') and amount between 10 and 20",
        "select id from orders where status like 'paid%' or ordered_on >= '2024-03-01'",
        "select o.id, coalesce(c.name, '-') as n from orders o left join customers c on c.id = o.customer_id",
        "select customer_id, count(*) as n, sum(amount) as total from orders group by 1 having count(*) > 1",
        "select distinct lower(trim(status)) as status from orders",
        "select id from orders qualify row_number() over (partition by customer_id order by amount, id) = 1",
        "select id from orders union all select id from customers",
        "select id from orders o where not exists (select 1 from customers c where c.id = o.customer_id)",
        "select customer_id from orders except select id from customers",
        "select id from orders where ordered_on > date '2024-05-05' - interval 30 day",
    ],
)
def test_no_fault_of_a_plain_model_goes_unnoticed(sql: str):
    assert missed(sql) == []


@pytest.mark.parametrize(
    "sql",
    [
        "select id from orders where amount - 3 <= round(paid * 1.19, 2)",
        "select id from orders where cast(shipped_at as date) <= ordered_on + 3",
        "select id from orders where date_diff('day', ordered_on, shipped_at) >= id",
        "with recent as (select id, amount as gross, 1.2 * paid as net from orders)"
        " select r.id from (select * from recent) as r where gross between net and net + 5",
        "with totals as (select customer_id, sum(paid) as paid from orders group by 1)"
        " select o.id, t.paid > o.amount * 0.5 as mostly from orders o"
        " left join totals t on t.customer_id = o.id",
    ],
)
def test_the_boundary_between_a_column_and_an_expression_over_others_is_met(sql: str):
    assert missed(sql, orders=(*ORDERS, ("paid", "DECIMAL(18, 2)"), ("shipped_at", "TIMESTAMP"))) == []


def test_the_expected_rows_are_what_the_model_gives_in_any_order_of_the_rows():
    found = drafted("select customer_id, max(ordered_on) as last, avg(amount) as mean from orders group by 1")

    with Sandbox(found.subject.inputs, optimizes=True) as sandbox:
        sql = found.subject.tree.sql("duckdb")
        for test in found.tests:
            outcomes = {sandbox.outcome(sql, case) for case in (test.case, *orders(test.case))}
            assert len(outcomes) == 1
            assert sum(count for _, count in outcomes.pop()) == len(test.expected)


def test_every_test_fails_on_a_fault_that_no_test_before_it_shows():
    found = drafted(
        "select c.name, count(o.id) as n, sum(o.amount) as total from customers c"
        " left join orders o on o.customer_id = c.id where c.id > 10 group by 1"
    )

    with Sandbox(found.subject.inputs) as sandbox:
        for test in found.tests:
            own = sandbox.outcome(found.subject.tree.sql("duckdb"), test.case)
            assert test.first
            for number in test.kills:
                assert sandbox.outcome(found.mutants[number].tree.sql("duckdb"), test.case) != own
    seen = Counter(number for test in found.tests for number in test.first)
    assert set(seen.values()) == {1}


def test_a_model_whose_result_depends_on_the_order_of_its_rows_is_pinned_only_where_it_does_not():
    found = drafted("select customer_id, first(note) as note from orders group by 1")

    with Sandbox(found.subject.inputs) as sandbox:
        sql = found.subject.tree.sql("duckdb")
        for test in found.tests:
            own = sandbox.outcome(sql, test.case)
            assert all(sandbox.outcome(sql, order) == own for order in orders(test.case))


def test_the_same_model_gets_the_same_tests():
    sql = "select id, status from orders where amount > 5 and status <> 'void'"

    assert drafted(sql).tests == drafted(sql).tests


def test_columns_that_the_model_does_not_read_stay_null():
    found = drafted("select id from orders where amount > 5")

    used = [column.name for column in found.subject.inputs[0].columns if column.is_used]
    assert used == ["id", "amount"]
    assert all(row[5] is None for test in found.tests for row in test.case[0])


def test_values_that_yaml_cannot_hold_are_not_compared():
    box = "STRUCT(a INTEGER, b TEXT)"
    columns = (("id", "INTEGER"), ("picture", "BLOB"), ("tags", "TEXT[]"), ("box", box))

    found = drafted("select id, picture, tags, box.a as a, box from pictures where id > 3", pictures=columns)

    assert found.left_out == ("picture",)
    assert found.survivors == ()
    assert found.tests[0].columns == ("id", "tags", "a", "box")


@pytest.mark.parametrize(
    "sql",
    [
        "select id, at from t where at >= '2024-01-15 12:30:00+00'",
        "select date_trunc('month', at) as at, count(*) as n from t where id > 3 group by 1",
        "select id, cast(at as date) as day from t where at < timestamp '2024-02-01 00:00:00'",
    ],
)
def test_what_is_pinned_does_not_depend_on_the_time_zone_of_the_session(sql: str):
    columns = (("id", "INTEGER"), ("at", "TIMESTAMP WITH TIME ZONE"))

    found = drafted(sql, t=columns)

    assert found.survivors == ()
    own = found.subject.tree.sql("duckdb")
    for zone in ("UTC", "America/Lima", "Asia/Tokyo"):
        with Sandbox(found.subject.inputs, time_zone=zone) as sandbox:
            given = sandbox.columns(own)
            assert all(sandbox.reads_as(own, given, test.expected, test.case) for test in found.tests)


def test_quoted_and_unicode_names_are_kept():
    columns = (("Größe", "INTEGER"), ("order", "TEXT"), ("a b", "TEXT"))

    found = drafted('select "Größe", "order" as "sélect" from t where "a b" = \'x\'', t=columns)

    assert found.survivors == ()
    assert found.tests[0].columns == ("Größe", "sélect")


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("select nothing_like_it(id) as a from orders", "cannot run it: Catalog Error"),
        ("select id, amount as ID from orders", "several columns that are called 'id'"),
        ("select '\\xAA'::blob as b from orders", "no column of its result"),
    ],
)
def test_what_cannot_be_tested_is_refused_with_the_reason(sql: str, why: str):
    found = draft(subject(sql))

    assert isinstance(found, Refusal)
    assert why in found.why


def test_the_sandbox_reaches_nothing_outside(tmp_path):
    (tmp_path / "secret.csv").write_text("a\n1\n")

    found = draft(subject(f"select a from read_csv('{tmp_path}/secret.csv')"))

    assert isinstance(found, Refusal)
    assert "disabled" in found.why


@settings(deadline=None, max_examples=3)
@given(
    st.sampled_from(["amount > 10", "status = 'paid'", "ordered_on < '2024-02-02'", "note is not null"]),
    st.sampled_from(["amount <= 30", "id <> 3", "customer_id in (1, 2)"]),
    st.sampled_from(["and", "or"]),
)
def test_both_sides_of_two_conditions_are_met(one: str, other: str, word: str):
    assert missed(f"select id from orders where {one} {word} {other}") == []


def test_a_query_that_a_person_interrupts_stops_the_command() -> None:
    with pytest.raises(KeyboardInterrupt), Sandbox(()):
        raise RuntimeError("Query interrupted")  # what DuckDB makes of Ctrl-C


def test_a_type_that_duckdb_does_not_have_is_refused_only_where_the_model_reads_it():
    sales = (("id", "INTEGER"), ("price", "MONEY"))

    found = draft(subject("select price, count(*) as n from sales group by price", sales=sales))

    assert isinstance(found, Refusal)
    assert found.why.endswith("has no type of price (money)")
    assert missed("select id from sales where id > 3", sales=sales) == []


@pytest.mark.parametrize(
    "where",
    [
        "ordered_on = date '9999-12-31'",
        "ordered_on > date '0001-01-01'",
        "cast(ordered_on as timestamp) < timestamp '9999-12-31 23:59:59'",
        "ordered_on >= cast(note as timestamptz) + interval 9000 year",
        "amount > customer_id / 0",
        "customer_id >= id * 1e300 * 1e300",
    ],
)
def test_what_lies_beyond_all_days_and_numbers_is_no_boundary_to_be_met(where: str):
    assert isinstance(draft(subject(f"select id from orders where {where}")), Drafted)
