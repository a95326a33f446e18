"""The benchmark of unit tests judges as dbt would: by the rows of the YAML and the compiled SQL alone."""

from __future__ import annotations

from aidbt.sql.mutants import mutants
from aidbt.sql.parse import parse_sql
from benchmarks.unit_test_judge.held_out import HELD_OUT
from benchmarks.unit_test_judge.judge import Judged, Runner, judge

COLUMNS = {"raw.orders": [("id", "INTEGER"), ("amount", "DECIMAL(10,2)")]}
PLACES = {"shop.orders": "raw.orders", "big": "main.big"}
SQL = 'select id, amount from "w"."raw"."orders" where amount > 10'


def judged(*tests: dict) -> Judged:
    found = Judged()
    with Runner({**COLUMNS, "main.big": [("id", "INTEGER")]}, PLACES) as runner:
        judge("big", SQL, tests, runner, found)
    return found


def unit_test(given: list[dict], expected: list[dict]) -> dict:
    source = {"input": "source('shop', 'orders')", "rows": given}
    return {"name": "t", "given": [source], "expect": {"rows": expected}}


def test_rows_on_both_sides_of_a_boundary_notice_every_known_fault():
    rows = [{"id": 1, "amount": 10}, {"id": 2, "amount": 10.5}]

    found = judged(unit_test(rows, [{"id": 2, "amount": 10.5}]))

    assert found.wrong == []
    assert found.score("known") == 1
    assert found.score("held out") > 0.5


def test_one_happy_row_misses_the_boundary():
    found = judged(unit_test([{"id": 1, "amount": 99}], [{"id": 1, "amount": 99}]))

    assert 0 < found.score("known") < 1
    assert any("amount >= 10" in fault for fault in found.missed)


def test_a_test_that_does_not_hold_on_the_model_itself_counts_for_nothing():
    found = judged(unit_test([{"id": 1, "amount": 99}], []))

    assert found.wrong == ["t"]
    assert found.noticed.total() == 0


def test_the_faults_held_out_are_none_that_the_drafter_makes():
    tree = parse_sql(
        "select a - b as c, case when a > 1 then 'x' when b > 2 then 'y' else 'z' end as d from t", "duckdb"
    ).tree
    assert tree is not None

    ours = {mutant.tree.sql() for mutant in mutants(tree)}
    others = {mutant.tree.sql() for mutant in mutants(tree, HELD_OUT)}

    assert len(others) > 8
    assert not ours & others
