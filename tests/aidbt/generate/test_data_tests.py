"""What stands in YAML for a data test, in plain values, and that dbt runs what we wrote."""

from __future__ import annotations

from importlib.resources import files

import pytest
import yaml

from aidbt.core.schema import MappedTest
from aidbt.generate.data_tests import by_column, combination_test, test_value
from aidbt.project import open_project
from aidbt.project.dbt import run_dbt

test_value.__test__ = False  # a function of ours, no test of pytest's
MACRO = files("aidbt") / "templates" / "dbt" / "macros" / "unique_combination.sql"
PAIR = MappedTest("order_id", "unique_combination", columns=("order_id", "Line No"))


def value(test: MappedTest, *, nested: bool = True, **options):
    options = {"dialect": "duckdb", **options}
    return test_value(
        test, ref=lambda _: ("ref('stg_s__users')", "user_id"), nested_arguments=nested, **options
    )


def test_a_test_without_arguments_is_its_name():
    assert value(MappedTest("id", "unique")) == "unique"
    assert value(MappedTest("id", "not_null"), nested=False) == "not_null"


@pytest.mark.parametrize("nested", [True, False])
def test_arguments_stand_where_the_projects_dbt_wants_them(nested):
    given = {"to": "ref('stg_s__users')", "field": "user_id"}
    test = MappedTest("user_id", "relationships", to="s.users", field="id")

    assert value(test, nested=nested) == {
        "relationships": {**({"arguments": given} if nested else given), "config": {"severity": "warn"}}
    }


def test_a_reference_to_a_model_that_is_not_there_is_not_written():
    test = MappedTest("user_id", "relationships", to="s.users", field="id")

    assert test_value(test, ref=lambda _: None, nested_arguments=True, dialect="duckdb") is None


def test_values_with_jinja_are_printed_as_they_are():
    test = MappedTest("code", "accepted_values", values=("{{ x }}", "no"))

    assert value(test, nested=False) == {"accepted_values": {"values": ["{{ '{' }}{ x }}", "no"]}}


@pytest.mark.parametrize(
    ("packages", "macros", "name", "argument"),
    [
        ({"dbt_utils"}, False, "dbt_utils.unique_combination_of_columns", "combination_of_columns"),
        ({"dbt_utils"}, True, "dbt_utils.unique_combination_of_columns", "combination_of_columns"),
        ({"codegen"}, True, "aidbt_unique_combination", "columns"),
    ],
)
def test_a_combination_is_tested_by_what_the_project_has(packages, macros, name, argument):
    found = value(PAIR, nested=False, packages=frozenset(packages), macros=macros)

    assert found == {name: {argument: ["order_id", '"Line No"']}}


def test_a_combination_is_named_in_the_dialects_quotes():
    found = value(PAIR, nested=False, macros=True, dialect="spark")

    assert found == {"aidbt_unique_combination": {"columns": ["order_id", "`Line No`"]}}


def test_a_project_without_such_a_test_gets_none():
    assert combination_test(frozenset(), macros=False) is None
    assert value(PAIR) is None


def test_tests_of_a_column_have_their_order_and_those_of_the_model_their_own_place():
    tests = [PAIR, MappedTest("id", "unique"), MappedTest("id", "not_null")]

    assert by_column(tests) == {"id": [tests[2], tests[1]], "": [PAIR]}


def test_a_combination_needs_all_of_its_columns_in_the_model():
    assert by_column([PAIR], selected={"order_id", "Line No"}) == {"": [PAIR]}
    assert by_column([PAIR], selected={"order_id"}) == {}


@pytest.mark.long
def test_dbt_runs_our_test_of_a_combination(shop):
    once = 'select 1 as order_id, 1 as "Line No" union all select 1, 2'
    models = [
        {"name": name, "data_tests": [value(PAIR, nested=False, macros=True)]} for name in ("once", "twice")
    ]
    shop.write("macros/aidbt/unique_combination.sql", MACRO.read_text(encoding="utf-8"))
    shop.write("models/once.sql", once)
    shop.write("models/twice.sql", f"{once} union all select 1, 1")
    shop.write("models/models.yml", yaml.safe_dump({"models": models}))

    report = run_dbt(open_project(shop.root), "build")

    [failure] = report.failures
    assert "aidbt_unique_combination_twice" in str(failure)
